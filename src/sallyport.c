/* SPDX-License-Identifier: GPL-3.0-or-later */
/* sallyport.c - the table of commands, nothing else. */
#include "audit/unpack.h"
#include "cmd/front.h"
#include "cmd/program.h"
#include "cmd/status.h"
#include "cmd/unfinished.h"
#include "cmd/who.h"
#include "fetch/https.h"

#include "base/banned.h"

static const struct command *const commands[] = {
	&cmd_audit,  &cmd_accept,  &cmd_harden, &cmd_confirm, &cmd_rollback, &cmd_recover, &cmd_history, &cmd_status,
	&cmd_access, &cmd_revoke,  &cmd_jail,	&cmd_banner,  &cmd_key,	     &cmd_hide,	   &cmd_reveal,	 &cmd_prove,
	&cmd_knock,  &cmd_connect, &cmd_enroll, &cmd_who,     &cmd_grant,    &cmd_close,   NULL,
};

const struct program program = {
	.commands = commands,
	.claim = "harden a server's SSH front door, prove it, undo it",
	.examples = "  sudo sallyport audit              # where do I stand? changes nothing\n"
		    "  sudo sallyport harden --dry-run   # what would change, with every diff\n"
		    "  sudo sallyport harden             # do it, prove it, keep a way back\n",
	.alone = &cmd_short_status,
	.begin = unfinished_handle,
	.versions = { unpack_versions, who_screen_version, https_version },
};

int main(int argc, char **argv)
{
	return front_main(argc, argv);
}
