/* SPDX-License-Identifier: GPL-3.0-or-later */
/* enroll_answer.c - what the server tells about itself within the login: its clock, and the secret of its site. */
#include "cmd/enroll.h"

#include "base/message.h"
#include "client/site_secret.h"

#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/banned.h"

#define CLOCK_OFF_S 240 /* a server takes five minutes; what is close to that will be over it one day */

static void say_clock(const struct enroll *e)
{
	const int64_t off = e->clock_ahead < 0 ? -e->clock_ahead : e->clock_ahead;

	if (off < CLOCK_OFF_S)
		return;
	warn("the clock of '%s' is %lld min %lld s %s ours: it takes no knock that is five minutes off", e->host,
	     (long long)off / 60, (long long)off % 60, e->clock_ahead < 0 ? "behind" : "ahead of");
	hint("one of the two is wrong: timedatectl, here and there, says whether a clock is synchronised");
}

static void say_unreadable(const struct enroll *e)
{
	struct text path = { 0 };

	text_add_escaped(&path, e->server.path, strlen(e->server.path));
	warn("the site of '%s' has a secret, '%s', which '%s' may not read there: where it is required no knock is taken without it",
	     e->host, text_string(&path), e->k->ssh.user);
	hint("whoever administers it can let a group read it: sudo chgrp GROUP %s && sudo chmod 640 %s",
	     text_string(&path), text_string(&path));
	hint("or bring you a copy: sallyport enroll --site-secret FILE %s", e->typed);
	text_free(&path);
}

static enum err keep(struct enroll *e, const char *name)
{
	char line[SERVER_SECRET_DIGITS + 2] = "", *path = NULL;
	enum err err;

	memcpy(line, e->server.digits, SERVER_SECRET_DIGITS);
	line[SERVER_SECRET_DIGITS] = '\n';
	err = user_config_keep(&e->files, name, line, &path);
	sodium_memzero(line, sizeof line);
	free(path);
	return err;
}

static bool is_kept(const struct enroll *e)
{
	uint8_t told[NATIVE_SECRET], kept[NATIVE_SECRET] = { 0 };
	struct text path = { 0 };
	bool same = !site_secret_find(e->host, &path) && !site_secret_read(text_string(&path), kept) &&
		    !sodium_hex2bin(told, sizeof told, e->server.digits, SERVER_SECRET_DIGITS, NULL, NULL, NULL) &&
		    !sodium_memcmp(told, kept, sizeof told);

	sodium_memzero(told, sizeof told);
	sodium_memzero(kept, sizeof kept);
	text_free(&path);
	return same;
}

/* A knock with a secret is nothing to a server that has none. */
static enum err drop(const struct enroll *e, const char *name, bool dry, bool *dropped)
{
	struct text path = { 0 };
	enum err err;

	text_add(&path, "%s/%s", e->files.folder, name);
	err = text_check(&path);
	*dropped = !err && !access(text_string(&path), F_OK);
	if (*dropped && !dry && unlink(text_string(&path)))
		err = ERR_SYSTEM;
	text_free(&path);
	return err;
}

/* What ssh has not verified could be anybody's word. */
bool enroll_take_answer(struct enroll *e, bool dry)
{
	const enum server_secret told = e->login.host_known ? e->server.secret : SERVER_SECRET_UNTOLD;
	struct text name = { 0 };
	enum err err;

	say_clock(e);
	if (e->secret)
		return true;
	text_add(&name, "%s" STANZA_SECRET, e->host);
	err = text_check(&name);
	if (!err && told == SERVER_SECRET_TOLD) {
		e->secret_taken = !is_kept(e);
		err = dry || !e->secret_taken ? ERR_NONE : keep(e, text_string(&name));
	} else if (!err && told == SERVER_SECRET_NONE) {
		err = drop(e, text_string(&name), dry, &e->secret_dropped);
	} else if (!err && told == SERVER_SECRET_UNREADABLE) {
		say_unreadable(e);
	}
	if (err)
		fail(err, "cannot write to '%s'", e->files.folder);
	text_free(&name);
	return !err;
}
