/* SPDX-License-Identifier: GPL-3.0-or-later */
/* sessions.c - who is logged in, as a program, for tests: "USER ADDR LADDR PORT ours|other" a line, then "complete" or not. */
#include "audit/session.h"

#include <stdio.h>

#include "base/banned.h"

int main(void)
{
	struct sessions s;

	if (sessions_read(&s))
		return 2;
	for (size_t i = 0; i < s.n; i++)
		(void)printf("%s %s %s %u %s\n", s.v[i].user, s.v[i].addr, s.v[i].laddr, s.v[i].lport,
			     s.v[i].ours ? "ours" : "other");
	(void)puts(s.complete ? "complete" : "incomplete");
	sessions_free(&s);
	return 0;
}
