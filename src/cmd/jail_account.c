/* SPDX-License-Identifier: GPL-3.0-or-later */
/* jail_account.c - whose jail it is: accounts that administer are none for one, and one can be made for it. */
#include "base/child.h"
#include "base/clock.h"
#include "base/message.h"
#include "base/number.h"
#include "cmd/access.h"
#include "cmd/jail.h"
#include "sshd/account.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/banned.h"

#define TOOL_MS 60000
/* exit statuses of useradd(8): nothing was written; and of userdel(8): while processes of the account run */
#define USERADD_ID_TAKEN 4
#define USERADD_NAME_TAKEN 9
#define USERDEL_BUSY 8
#define LEAVE_MS 30000
#define OUTPUT_MAX (1u << 16)
#define FILE_BYTES ((size_t)64 << 20)
#define PASSWD "/etc/passwd"
#define SHADOW "/etc/shadow"
#define GROUP "/etc/group"
#define GSHADOW "/etc/gshadow"
#define SWEPT_HOME "/nonexistent" /* of one that is there only to be removed */

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
		e = root_read(r, GROUP, FILE_BYTES, &groups, &len);
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

enum err jail_account_make(const struct root *r, const struct jail *j, bool *made, struct text *wrong)
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
	/* where that is somebody else's by now nothing was begun, after any other failure there may be a part of it */
	*made = status != USERADD_NAME_TAKEN && status != USERADD_ID_TAKEN;
	if (!e && (status || said.len))
		text_add(wrong, "the account '%s' cannot be made: %s", j->user, text_string(&said));
	else if (!e)
		e = check_ids(r, j, wrong);
	text_free(&said);
	return e ? e : text_check(wrong);
}

/* ---- whose it is ---- */

#define FIELDS_MAX 5

/* The line of one name in a file such as passwd. Start with { 0 }. */
struct line {
	char *content; /* of the whole file */
	size_t len;
	char *fields[FIELDS_MAX];
};

/* What was read may be of shadow. */
static void line_clear(struct line *l)
{
	if (l->content)
		explicit_bzero(l->content, l->len);
	free(l->content);
	*l = (struct line){ 0 };
}

/* With so many fields at least; the rest is cut off. ERR_NOT_FOUND: no such line, or no such file. */
static enum err line_find(const struct root *r, const char *path, const char *name, size_t fields, struct line *out)
{
	enum err e = root_read(r, path, FILE_BYTES, &out->content, &out->len);
	char *rest = out->content, *line;
	bool found = false;

	if (e)
		return e == ERR_SYSTEM && errno == ENOENT ? ERR_NOT_FOUND : e;
	while (!found && (line = strsep(&rest, "\n"))) {
		size_t i = 0;

		while (i < fields && line)
			out->fields[i++] = strsep(&line, ":");
		found = i == fields && strcmp(out->fields[0], name) == 0;
	}
	return found ? ERR_NONE : ERR_NOT_FOUND;
}

static bool is_there(const struct root *r, const char *path, const char *name)
{
	struct line l = { 0 };
	const bool yes = line_find(r, path, name, 1, &l) == ERR_NONE;

	line_clear(&l);
	return yes;
}

/*
 * Whether it is the one that was made for this jail; where it is not, why gets half a sentence. Its administrator may have changed whatever he
 * likes since: the uid remains, which also tells whose the home in the jail is. Where a command was cut off, what has that uid may also
 * have been made by hand since, as the next that is free: that one lacks our comment, and whoever has changed that is rather left. While the jail was
 * being made nobody has had time to change the home either. The gid tells nothing: where somebody has taken the group's number meanwhile, useradd
 * takes another.
 */
static enum err compare(const struct root *r, const struct manifest *m, const struct account *a, bool cut, bool *swept,
			struct text *why)
{
	const struct jail *j = &m->jail;
	struct line l = { 0 };
	const enum err e = line_find(r, PASSWD, j->user, 5, &l);
	const char *comment = e ? "" : l.fields[4];
	const bool marked = !e && strcmp(comment, JAIL_ABOUT) == 0;

	*swept = marked && strcmp(a->home, SWEPT_HOME) == 0;
	if (e && e != ERR_NOT_FOUND) {
		line_clear(&l);
		return e;
	}
	if (a->uid != j->uid && !*swept) {
		text_add(why, "it has the uid %lu, and that one %lu", (unsigned long)a->uid, (unsigned long)j->uid);
	} else if (cut && !marked) {
		text_add_string(why, "its comment is '");
		text_add_escaped(why, comment, strlen(comment));
		text_add_string(why, "', and that one's '" JAIL_ABOUT "'");
	} else if (cut && m->state == MANIFEST_MAKING && strcmp(a->home, j->home) != 0 && !*swept) {
		text_add_string(why, "its home is '");
		text_add_escaped(why, a->home, strlen(a->home));
		text_add(why, "', and that one's '%s'", j->home);
	}
	line_clear(&l);
	return text_check(why);
}

int jail_account_check(const struct root *r, const struct manifest *m)
{
	const char *user = m->jail.user;
	struct account *a = NULL;
	struct text why = { 0 };
	bool swept;
	int status = 0;
	enum err e;

	if (!root_is_live(r)) { /* userdel would take the running system's */
		status = complain("no account can be removed in another system's files");
		hint("nothing was changed; leave --remove-account out; afterwards, there: userdel %s", user);
		return status;
	}
	if (!(e = account_find(r, user, &a)))
		e = compare(r, m, a, false, &swept, &why);
	if (e && e != ERR_NOT_FOUND) {
		status = fail(e, "cannot tell whether the account '%s' is the one that was made for its jail", user);
	} else if (why.len) {
		complain("the account '%s' is not the one that was made for its jail: %s", user, why.s);
		hint("nothing was changed; leave --remove-account out; afterwards, if it is to go: sudo userdel %s",
		     user);
		status = EXIT_NO;
	}
	account_free(a);
	text_free(&why);
	return status;
}

/* ---- taken away ---- */

/* Our own group, by its number; one that others are in userdel leaves, too. */
static bool is_our_group(const struct root *r, const struct jail *j)
{
	struct line l = { 0 };
	uint64_t gid;
	const bool yes = !line_find(r, GROUP, j->user, 4, &l) && !number_parse(l.fields[2], 0, UINT32_MAX, &gid) &&
			 gid == j->gid && !l.fields[3][0];

	line_clear(&l);
	return yes;
}

static enum err sweep_group(const struct root *r, const struct jail *j, struct text *said)
{
	char gid[24];
	const char *again[] = { "groupadd", "-o", "-g", gid, "--", j->user, NULL };
	const char *away[] = { "groupdel", "--", j->user, NULL };
	int status;
	enum err e = ERR_NONE;

	snprintf(gid, sizeof gid, "%lu", (unsigned long)j->gid);
	if (!is_there(r, GROUP, j->user) && is_there(r, GSHADOW, j->user))
		e = run_tool(again, &status, said);
	if (!e && !said->len && is_our_group(r, j))
		e = run_tool(away, &status, said);
	return e;
}

/* useradd and userdel write one file after the other: one that was killed leaves a line in some of them. */
static enum err sweep_up(const struct root *r, const struct jail *j, struct text *said)
{
	static const char *const files[] = { SHADOW, "/etc/subuid", "/etc/subgid" };
	const char *again[] = { "useradd",  "-M", "-N", "-d", SWEPT_HOME, "-c",
				JAIL_ABOUT, "-p", "*",	"--", j->user,	  NULL };
	const char *away[] = { "userdel", "--", j->user, NULL };
	bool any = false;
	int status;
	enum err e = ERR_NONE;

	for (size_t i = 0; i < ARRAY_SIZE(files) && !any; i++)
		any = is_there(r, files[i], j->user);
	if (any && !(e = run_tool(again, &status, said)) && !said->len)
		e = run_tool(away, &status, said);
	return e || said->len ? e : sweep_group(r, j, said);
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

static enum err remove_account(const struct root *r, const struct manifest *m, bool cut)
{
	const char *user = m->jail.user;
	struct account *a = NULL;
	struct text said = { 0 }, why = { 0 };
	bool swept = true;
	int status = 0;
	enum err e = account_find(r, user, &a);

	if (!e && !(e = compare(r, m, a, cut, &swept, &why)) && !why.len)
		e = delete_account(user, &status, &said);
	else if (e == ERR_NOT_FOUND)
		e = ERR_NONE;
	if (why.len) {
		warn("the account '%s' stays: it is not the one that was made for its jail: %s", user, why.s);
		if (m->state == MANIFEST_REMOVING)
			hint("if it is to go, too: sudo userdel %s", user);
	}
	/* userdel leaves the group of an account that a sweep was cut off with: that one has another */
	if (!e && !why.len && swept && !said.len)
		e = sweep_up(r, &m->jail, &said);
	if (!e && said.len) {
		complain("the account '%s' cannot be removed: %s", user, said.s);
		e = ERR_CHILD;
	}
	account_free(a);
	text_free(&said);
	text_free(&why);
	return e;
}

enum err jail_account_remove(const struct root *r, const struct manifest *m)
{
	return remove_account(r, m, false);
}

enum err jail_account_undo(const struct root *r, const struct manifest *m)
{
	return remove_account(r, m, true);
}
