/* SPDX-License-Identifier: GPL-3.0-or-later */
/* jail_account.c - whose jail it is: accounts that administer are none for one, and one can be made for it. */
#include "base/child.h"
#include "base/clock.h"
#include "base/message.h"
#include "cmd/access.h"
#include "cmd/jail.h"
#include "sshd/account.h"
#include "sshd/group.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/banned.h"

#define TOOL_MS 60000
#define USERDEL_BUSY 8 /* its exit status while processes of the account run */
#define LEAVE_MS 30000
#define OUTPUT_MAX (1u << 16)
#define SHADOW "/etc/shadow"
#define SHADOW_BYTES ((size_t)16 << 20)

/* ---- who is no one for a jail ---- */

static const char *keyboard(const struct facts *f, const char *user)
{
	const char *sudo = getenv("SUDO_USER");

	if (sudo && strcmp(sudo, user) == 0)
		return "it is the one that runs this, by sudo";
	for (size_t i = 0; i < f->sessions.n; i++)
		if (f->sessions.v[i].ours && strcmp(f->sessions.v[i].user, user) == 0)
			return "it is the one that runs this, in this session";
	return NULL;
}

bool jail_account_is_plain(const struct facts *f, const struct account *a, struct text *why)
{
	static const char *const groups[] = { "sudo", "wheel", "admin", "root" };
	const char *here = keyboard(f, a->name);

	if (here)
		text_add_string(why, here);
	for (size_t i = 0; i < ARRAY_SIZE(groups) && !why->len; i++)
		if (strings_has(&a->groups, groups[i]))
			text_add(why, "it is in the group %s, which administers this system", groups[i]);
	return why->len == 0;
}

/* ---- who cannot use it ---- */

static enum err say_if_kept_out(const struct scene *s, const struct person *p)
{
	struct access_login l = { .user = p->name, .account = p->account, .lport = s->lport };
	struct access_decision d = { 0 };
	struct networks networks = { 0 };
	struct text detail = { 0 };
	char addr[NETWORK_TEXT], *why = NULL;
	enum err e = person_decide_anywhere(s, p, &l, addr, &d, &networks, &why);

	/* that there is no key was said before */
	if (!e && d.verdict == ACCESS_DENIED && !networks.n &&
	    !(d.reason == REASON_KEY && d.obstacle == OBSTACLE_NO_KEYS) && !(e = person_detail(s, p, &l, &d, &detail)))
		warn("%s cannot log in as things are: %s", p->name, text_string(&detail));
	access_decision_clear(&d);
	networks_free(&networks);
	text_free(&detail);
	free(why);
	return e;
}

void jail_account_warn(const struct common_args *common, const char *user)
{
	struct scene s = { 0 };
	struct person p = { 0 };
	int status = scene_open(common, &s);

	if (!status && (person_find(&s, user, &p) || say_if_kept_out(&s, &p)))
		warn("whether %s can log in by now could not be told", user);
	person_clear(&p);
	scene_close(&s);
}

/* ---- made and taken away ---- */

static enum err run_tool(const char *const argv[], int *status, struct text *said)
{
	struct child_result r = { 0 };
	enum err e = child_run(argv, NULL, TOOL_MS, OUTPUT_MAX, &r);

	*status = r.status;
	if (e)
		text_add(said, "%s: %s", argv[0], err_text(e));
	else if (r.status)
		text_add_escaped(said, text_string(&r.err), strcspn(text_string(&r.err), "\n"));
	child_result_free(&r);
	return e == ERR_MEMORY ? e : text_check(said);
}

#define ID_FIRST 1000
#define ID_END 60000
#define GROUP_BYTES ((size_t)16 << 20)

/* The third field of a line of /etc/group. */
static bool id_is_taken(const char *content, unsigned long id)
{
	for (const char *line = content; *line; line += strcspn(line, "\n"), line += *line == '\n') {
		const char *at = line;

		for (unsigned field = 0; field < 2 && *at && *at != '\n'; field++) {
			at += strcspn(at, ":\n");
			at += *at == ':';
		}
		if (*at >= '0' && *at <= '9' && strtoul(at, NULL, 10) == id)
			return true;
	}
	return false;
}

enum err jail_account_choose(const struct root *r, struct jail *j)
{
	struct accounts all = { 0 };
	char *groups = NULL;
	unsigned long id = ID_FIRST;
	size_t len;
	enum err e = accounts_read(r, &all);

	if (!e)
		e = root_read(r, "/etc/group", GROUP_BYTES, &groups, &len);
	for (size_t i = 0; i < all.n && !e; i++)
		if (all.v[i]->uid >= id && all.v[i]->uid < ID_END)
			id = all.v[i]->uid + 1;
	while (!e && id < ID_END && id_is_taken(groups, id))
		id++;
	if (!e && id >= ID_END)
		e = ERR_RANGE;
	if (!e)
		j->uid = j->gid = (uid_t)id;
	accounts_free(&all);
	free(groups);
	return e;
}

/* As it was planned: the jail has these ids already. */
static enum err check_ids(const struct root *r, const struct jail *j, struct text *wrong)
{
	struct account *a = NULL;
	enum err e = account_find(r, j->user, &a);

	if (e == ERR_MEMORY)
		return e;
	if (e)
		text_add(wrong, "the account '%s' was made, but is not found: %s", j->user, err_text(e));
	else if (a->uid != j->uid || a->gid != j->gid)
		text_add(wrong, "the account '%s' was made with the ids %lu and %lu instead of %lu", j->user,
			 (unsigned long)a->uid, (unsigned long)a->gid, (unsigned long)j->uid);
	account_free(a);
	return text_check(wrong);
}

enum err jail_account_make(const struct root *r, const struct jail *j, struct text *wrong)
{
	char uid[24];
	/* "*" matches no password; a locked account ("!") sshd would not let in where UsePAM is no */
	const char *argv[] = { "useradd", "-M",	      "-U",
			       "-u",	  uid,	      "-d",
			       j->home,	  "-s",	      j->shell ? j->shell : "/usr/sbin/nologin",
			       "-c",	  JAIL_ABOUT, "-p",
			       "*",	  "--",	      j->user,
			       NULL };
	struct text said = { 0 };
	int status;
	enum err e;

	snprintf(uid, sizeof uid, "%lu", (unsigned long)j->uid);
	e = run_tool(argv, &status, &said);
	if (!e && (status || said.len))
		text_add(wrong, "the account '%s' cannot be made: %s", j->user, text_string(&said));
	else if (!e)
		e = check_ids(r, j, wrong);
	text_free(&said);
	return e ? e : text_check(wrong);
}

static bool has_shadow_line(const struct root *r, const char *user)
{
	const size_t n = strlen(user);
	char *content = NULL, *line, *rest = NULL;
	size_t len;
	bool found = false;

	if (root_read(r, SHADOW, SHADOW_BYTES, &content, &len))
		return false;
	for (line = strtok_r(content, "\n", &rest); line && !found; line = strtok_r(NULL, "\n", &rest))
		found = strncmp(line, user, n) == 0 && line[n] == ':';
	explicit_bzero(content, len);
	free(content);
	return found;
}

#define SWEPT_HOME "/nonexistent" /* of an account that is there only to be removed */

/* useradd and userdel write one file after the other: one that was killed leaves a line in some of them. */
static enum err sweep_up(const struct root *r, const char *user, struct text *said)
{
	const char *again[] = { "useradd", "-M", "-N", "-d", SWEPT_HOME, "-p", "*", "--", user, NULL };
	const char *away[] = { "userdel", "--", user, NULL }, *group[] = { "groupdel", "--", user, NULL };
	int status;
	enum err e = ERR_NONE;

	if (has_shadow_line(r, user) && !(e = run_tool(again, &status, said)))
		e = run_tool(away, &status, said);
	if (!e && group_find(user) == ERR_NONE)
		e = run_tool(group, &status, said);
	return e;
}

/* A user manager of systemd's outlives the last login of an account by ten seconds. */
static enum err delete_account(const char *user, int *status, struct text *said)
{
	const char *argv[] = { "userdel", "--", user, NULL };
	const struct timespec pause = { .tv_nsec = 100 * 1000000L };
	const uint64_t end = clock_boot_ms() + LEAVE_MS;
	bool told = false;
	enum err e;

	while (!(e = run_tool(argv, status, said)) && *status == USERDEL_BUSY && clock_boot_ms() < end) {
		if (!told)
			inform("%s; waiting until it has ended", text_string(said));
		told = true;
		text_reset(said);
		nanosleep(&pause, NULL);
	}
	return e;
}

enum err jail_account_remove(const struct root *r, const char *user)
{
	struct account *a = NULL;
	struct text said = { 0 };
	bool rest;
	int status = 0;
	enum err e = account_find(r, user, &a);

	if (e && e != ERR_NOT_FOUND)
		return e;
	/* userdel leaves the group of an account that a sweep was cut off with: that one has another */
	rest = e || strcmp(a->home, SWEPT_HOME) == 0;
	e = e ? ERR_NONE : delete_account(user, &status, &said);
	if (!e && rest && !said.len)
		e = sweep_up(r, user, &said);
	if (!e && said.len) {
		complain("the account '%s' cannot be removed: %s", user, said.s);
		e = ERR_CHILD;
	}
	account_free(a);
	text_free(&said);
	return e;
}
