/* SPDX-License-Identifier: GPL-3.0-or-later */
/* front.h - sallyport without a command: the state of the host, the list of commands, what completion asks. */
#ifndef CMD_FRONT_H
#define CMD_FRONT_H

#include "cmd/command.h"

/* `sallyport` alone or with options only. commands ends with NULL. Returns an exit status. */
int front_main(const struct command *const *commands, int argc, char **argv);
/* A first word that is no command: help, completion, or a mistake. */
int front_other(const struct command *const *commands, int argc, char **argv);

#endif
