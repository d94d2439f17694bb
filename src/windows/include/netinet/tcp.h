/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tcp.h - options of TCP: all of it is in windows/posix.h. */
#include "windows/posix.h"
