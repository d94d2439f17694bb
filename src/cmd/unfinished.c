/* SPDX-License-Identifier: GPL-3.0-or-later */
/* unfinished.c - every command that runs as root brings the system to exactly the old or the new state first. */
#include "cmd/unfinished.h"

#include "base/file.h"
#include "base/message.h"
#include "cmd/jail.h"
#include "harden/transaction.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/banned.h"

static void tell(const struct recovery *d)
{
	errno = d->number;
	if (d->err)
		fail(d->err, "transaction %u could not be finished", d->id);
	else if (d->from == d->to)
		warn("transaction %u had lost its timer; it is armed again", d->id);
	else
		warn("transaction %u was %s and is now %s", d->id, tx_state_text(d->from), tx_state_text(d->to));
}

static void tell_jail(const struct build_recovery *d)
{
	errno = d->number;
	if (d->lost)
		warn("the jail of '%s' was %s: %s", d->user, d->what, d->why ? d->why : err_text(d->err));
	else if (d->err)
		complain("the jail of '%s' was %s, which failed: %s", d->user, d->what,
			 d->why ? d->why : err_text(d->err));
	else
		warn("the jail of '%s' was %s", d->user, d->what);
}

static void finish_jails(const struct root *r)
{
	struct build_recovery *done = NULL;
	struct text why = { 0 };
	size_t n = 0;

	/* ERR_BUSY: another run is at it; of other trouble recover tells */
	if (jail_recover(r, NULL, &done, &n, &why) && why.len)
		warn("of the jails something was left unfinished, and is left as it is: %s", why.s);
	text_free(&why);
	for (size_t i = 0; i < n; i++)
		tell_jail(&done[i]);
	build_recoveries_free(done, n);
}

static void finish(const struct root *r)
{
	struct recovery *done = NULL;
	size_t n = 0;
	int lock = -1;

	if (journal_lock(r, &lock))
		return; /* another run is at it */
	if (transactions_recover(r, false, &done, &n) == ERR_NONE)
		for (size_t i = 0; i < n; i++)
			tell(&done[i]);
	finish_jails(r);
	free(done);
	file_close(lock);
}

/* The journal is root's to read; that a timer was armed is for all to see. */
static bool timer_is_set(const struct root *r)
{
	struct strings found = { 0 };
	const bool set = root_is_live(r) && !root_glob(r, "/run/sallyport/timer-*", &found) && found.n;

	strings_free(&found);
	return set;
}

void unfinished_handle(const char *dir)
{
	struct root *r = NULL;

	if (root_open(dir, &r))
		return; /* the command itself will say so */
	if (transactions_unfinished(r) || build_unfinished(r)) {
		if (geteuid() == 0)
			finish(r);
		else
			warn("a change was cut off: sudo sallyport recover");
	} else if (geteuid() != 0 && timer_is_set(r)) {
		warn("a change waits for its confirm, or was cut off: sudo sallyport status");
	}
	root_close(r);
}
