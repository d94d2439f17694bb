/* SPDX-License-Identifier: GPL-3.0-or-later */
/* status.h - the short form of `sallyport status`, which `sallyport` alone shows. */
#ifndef CMD_STATUS_H
#define CMD_STATUS_H

#include "cmd/command.h"

extern const struct command cmd_short_status;

#endif
