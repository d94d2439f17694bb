/* SPDX-License-Identifier: GPL-3.0-or-later */
/* inet.h - addresses as text: all of it is in windows/posix.h. */
#include "windows/posix.h"
