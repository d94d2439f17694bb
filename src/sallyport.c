/* SPDX-License-Identifier: GPL-3.0-or-later */
/* sallyport.c - the table of commands, nothing else. */
#include "base/message.h"
#include "cmd/command.h"
#include "cmd/front.h"

#include <signal.h>
#include <string.h>

#include "base/banned.h"

static const struct command *const commands[] = {
	&cmd_audit,   &cmd_accept, &cmd_harden, &cmd_confirm, &cmd_rollback, &cmd_recover,
	&cmd_history, &cmd_status, &cmd_access, &cmd_banner,  &cmd_hide, &cmd_reveal, &cmd_knock,    &cmd_connect,
	&cmd_enroll,  &cmd_who,	   &cmd_grant,	&cmd_close,   NULL,
};

int main(int argc, char **argv)
{
	signal(SIGCHLD, SIG_DFL); /* ignored by whoever started us, no exit status would be seen */
	signal(SIGPIPE, SIG_IGN); /* a closed pipe must not cut a change in two */
	if (argc < 2 || argv[1][0] == '-')
		return front_main(commands, argc, argv);
	for (size_t i = 0; commands[i]; i++)
		if (strcmp(commands[i]->name, argv[1]) == 0)
			return command_main(commands[i], argc - 1, argv + 1);
	return front_other(commands, argc, argv);
}
