/* SPDX-License-Identifier: GPL-3.0-or-later */
/* sallyport_client.c - the table of commands of the client alone, for who logs in from elsewhere; nothing else. */
#include "cmd/front.h"
#include "cmd/program.h"

#include "base/banned.h"

static const struct command *const commands[] = { &cmd_knock, &cmd_connect, &cmd_enroll, NULL };

const struct program program = {
	.commands = commands,
	.claim = "the way of ssh to servers that hide their port",
	.examples = "  sallyport enroll anna@server      # from then on 'ssh server' knocks by itself\n"
		    "  sallyport knock server --check    # does it open to us?\n",
};

int main(int argc, char **argv)
{
	return front_main(argc, argv);
}
