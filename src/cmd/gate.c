/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gate.c - reach the daemon, and say it well where that fails. */
#include "cmd/gate.h"

#include "base/message.h"
#include "base/text.h"
#include "cmd/command.h"

#include <errno.h>
#include <string.h>

#include "base/banned.h"

static bool is_forbidden(enum err e)
{
	return e == ERR_SYSTEM && (errno == EACCES || errno == EPERM);
}

const char *gate_why(enum err e, bool reached)
{
	if (is_forbidden(e))
		return "only root can ask sallyportd";
	if (e == ERR_NOT_FOUND)
		return "sallyportd does not run here";
	if (e == ERR_CLOSED)
		return "sallyportd closed the connection";
	if (e == ERR_SYNTAX)
		return "sallyportd is of another version";
	return reached ? "sallyportd gives no answer" : "sallyportd cannot be reached";
}

int gate_connect(const char *path, int *fd)
{
	enum err e = control_open(path ? path : CONTROL_PATH, fd);

	return e ? gate_unreachable(path, e) : 0;
}

int gate_unreachable(const char *path, enum err e)
{
	if (is_forbidden(e)) {
		complain("only root can ask the daemon");
		hint("the same command with sudo in front");
		return EXIT_TROUBLE;
	}
	if (e != ERR_NOT_FOUND)
		return fail(e, "cannot reach sallyportd at '%s'", path ? path : CONTROL_PATH);
	complain("sallyportd does not run here: nobody listens at '%s'", path ? path : CONTROL_PATH);
	hint("start it with: sudo systemctl start sallyportd");
	return EXIT_TROUBLE;
}

int gate_fail(enum err e)
{
	if (e == ERR_CLOSED) {
		complain("sallyportd closed the connection: it serves root only, and a few at a time");
		return EXIT_TROUBLE;
	}
	if (e == ERR_SYNTAX) {
		complain("sallyportd answers in a way that is not understood here: is it of another version?");
		hint("after an upgrade: sudo systemctl restart sallyportd");
		return EXIT_TROUBLE;
	}
	return fail(e, "no answer from sallyportd");
}

int gate_address(const char *text, struct message_address *out)
{
	struct address_claim c;
	struct text shown = { 0 };
	enum err e = address_claim_parse(text, &c);

	if (!e) {
		*out = (struct message_address){ .family = c.type };
		memcpy(out->bytes, c.bytes, sizeof out->bytes);
		return 0;
	}
	text_add_escaped(&shown, text, strlen(text));
	if (e == ERR_RANGE)
		complain("'%s' is an address that nobody can come from", text_string(&shown));
	else
		complain("'%s' is no address: wants one such as 192.0.2.7 or 2001:db8::7", text_string(&shown));
	if (e == ERR_SYNTAX && strchr(text, '/'))
		hint("for a whole network, for good: a line Except in sallyportd.conf(5)");
	text_free(&shown);
	return EXIT_TROUBLE;
}

void gate_address_print(const struct message_address *a, char out[CLAIM_TEXT])
{
	struct address_claim c = { .type = a->family };

	memcpy(c.bytes, a->bytes, sizeof c.bytes);
	address_claim_print(&c, out);
}
