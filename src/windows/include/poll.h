/* SPDX-License-Identifier: GPL-3.0-or-later */
/* poll.h - poll(): all of it is in windows/posix.h. */
#include "windows/posix.h"
