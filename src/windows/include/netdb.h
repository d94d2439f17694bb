/* SPDX-License-Identifier: GPL-3.0-or-later */
/* netdb.h - names of hosts: all of it is in windows/posix.h. */
#include "windows/posix.h"
