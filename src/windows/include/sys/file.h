/* SPDX-License-Identifier: GPL-3.0-or-later */
/* file.h - flock(): all of it is in windows/posix.h. */
#include "windows/posix.h"
