/* SPDX-License-Identifier: GPL-3.0-or-later */
/* in.h - addresses of the internet: all of it is in windows/posix.h. */
#include "windows/posix.h"
