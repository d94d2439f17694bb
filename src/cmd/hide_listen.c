/* SPDX-License-Identifier: GPL-3.0-or-later */
/* hide_listen.c - nothing is shut before a knock has come in from outside; why none did, as far as this side can tell. */
#include "cmd/hide.h"

#include "audit/host.h"
#include "base/clock.h"
#include "base/interrupt.h"
#include "base/message.h"
#include "cmd/gate.h"
#include "harden/transaction.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/banned.h"

#define LOOK_MS 300
#define GONE_MS 20000 /* roles are started anew sooner */

/* The values of a setting in a row: "22, 443". */
static void join(const struct hide *h, const char *keyword, struct text *out)
{
	struct strings values = { 0 };

	if (gate_settings_values(h->settings, keyword, &values) == ERR_NONE)
		strings_join(&values, ", ", out);
	strings_free(&values);
}

/* Who sits at the keyboard, as far as it is known. */
static const char *somebody(const struct facts *f)
{
	const char *sudo = getenv("SUDO_USER");

	for (size_t i = 0; i < f->sessions.n; i++)
		if (f->sessions.v[i].ours)
			return f->sessions.v[i].user;
	return sudo && sudo[0] ? sudo : "USER";
}

static void say_begin(const struct hide_wait *w)
{
	const struct facts *f = w->hide->facts;
	const char *cloud = host_cloud(f->root);
	struct text ports = { 0 }, knocks = { 0 }, who = { 0 };

	join(w->hide, "Port", &ports);
	join(w->hide, "KnockPort", &knocks);
	/* those who log in know the first port of SSH, and knock there unless they are told */
	if (strcmp(text_string(&ports), text_string(&knocks)) != 0)
		text_add(&who, "--knock-port %.*s ", (int)strcspn(text_string(&knocks), ","), text_string(&knocks));
	text_add_escaped(&who, somebody(f), strlen(somebody(f)));
	text_add_string(&who, "@");
	text_add_escaped(&who, f->hostname, strlen(f->hostname));
	inform("Listening for knocks on UDP %s; TCP %s is still open. On your laptop: sallyport enroll %s (where that was done: "
	       "sallyport knock)",
	       text_string(&knocks), text_string(&ports), text_string(&who));
	if (cloud)
		inform("This host is in %s: its security group must let UDP %s in, too.", cloud, text_string(&knocks));
	text_free(&ports);
	text_free(&knocks);
	text_free(&who);
}

static void say_heard(struct hide_wait *w, const struct hide_heard *heard)
{
	struct text user = { 0 };

	if (heard->by.address.family) {
		char address[CLAIM_TEXT];

		gate_address_print(&heard->by.address, address);
		text_add_escaped(&user, heard->by.user, strlen(heard->by.user));
		snprintf(w->user, sizeof w->user, "%s", text_string(&user));
		snprintf(w->address, sizeof w->address, "%s", address);
	}
	text_free(&user);
	if (!w->quiet)
		inform("A knock%s%s%s%s arrived.", w->user[0] ? " by " : "", w->user, w->address[0] ? " from " : "",
		       w->address);
}

/* They show that datagrams arrive, and let in nobody who could open the port again. */
static void say_jailed(struct hide_wait *w, const struct control_entry *by)
{
	struct text user = { 0 };

	if (w->jailed[0])
		return;
	text_add_escaped(&user, by->user, strlen(by->user));
	snprintf(w->jailed, sizeof w->jailed, "%s", text_string(&user));
	text_free(&user);
	if (!w->quiet)
		inform("A knock by %s arrived, who lives in a jail and could not open the port again; waiting for one of somebody else.",
		       w->jailed);
}

/* Packets that are no knocks at all come to any port of the internet: they show that datagrams arrive. */
static void say_nothing_heard(const struct hide_wait *w, const struct control_status *s, struct text *wrong)
{
	const char *cloud = host_cloud(w->hide->facts->root);
	struct text knocks = { 0 };
	bool any = false;

	join(w->hide, "KnockPort", &knocks);
	if (w->jailed[0]) {
		text_add(wrong,
			 "in %llu s no knock arrived but of %s, who lives in a jail and could not open the port again",
			 (unsigned long long)w->seconds, w->jailed);
		text_free(&knocks);
		return;
	}
	text_add(wrong, "no knock arrived in %llu s; ", (unsigned long long)w->seconds);
	for (size_t i = 1; i < STAGE_COUNT; i++)
		if (s->ended[i]) {
			text_add(wrong, "%s%s %llu",
				 any ? ", " : "what came ended at: ", knock_stage_text((enum knock_stage)i),
				 (unsigned long long)s->ended[i]);
			any = true;
		}
	if (any)
		text_add_string(wrong, " (what that means: man sallyport-who)");
	else
		text_add(
			wrong,
			"no datagram at all came to UDP %s: something on the way drops them (%s%s%sa firewall of the provider or of "
			"the network where you are); let them in, or try another port with --knock-port 443",
			text_string(&knocks), cloud ? "the security group of " : "", cloud ? cloud : "",
			cloud ? ", " : "");
	text_free(&knocks);
}

static bool hung_up(void)
{
	sigset_t pending;

	sigpending(&pending);
	return sigismember(&pending, SIGHUP) == 1;
}

enum err hide_wait_for_knock(struct hide_wait *w, struct text *wrong)
{
	const uint64_t end = clock_boot_ms() + w->seconds * 1000;
	struct hide_heard heard = { 0 };
	uint64_t answered = clock_boot_ms();
	enum err e = ERR_NONE;

	if (!w->quiet)
		say_begin(w);
	while (!heard.knocked || (w->jailed[0] && !heard.by.address.family)) {
		/* also where the terminal is gone: nobody would see what is shut */
		if (interrupt_pending() || hung_up()) {
			text_add_string(wrong, "it was interrupted");
			return ERR_NONE;
		}
		if (clock_boot_ms() >= end) {
			say_nothing_heard(w, &heard.status, wrong);
			return ERR_NONE;
		}
		nanosleep(&(struct timespec){ .tv_nsec = LOOK_MS * 1000000L }, NULL);
		e = hide_look(w->hide->facts, &heard);
		if (!e && heard.jailed.address.family)
			say_jailed(w, &heard.jailed);
		if (!e)
			answered = clock_boot_ms();
		else if (e != ERR_NOT_FOUND && e != ERR_CLOSED && e != ERR_TIMEOUT)
			return e;
		if (clock_boot_ms() - answered > GONE_MS) {
			text_add_string(wrong, "sallyportd does not answer any more");
			return ERR_NONE;
		}
	}
	say_heard(w, &heard);
	return ERR_NONE;
}
