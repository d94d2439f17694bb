/* SPDX-License-Identifier: GPL-3.0-or-later */
/* jail_account.c - whose jail it is: accounts that administer are none for one, and one can be made for it. */
#include "base/child.h"
#include "base/message.h"
#include "cmd/jail.h"
#include "sshd/account.h"
#include "sshd/group.h"

#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

#define TOOL_MS 60000
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

static enum err take_ids(const struct root *r, struct jail *j, struct text *wrong)
{
	struct account *a = NULL;
	enum err e = account_find(r, j->user, &a);

	if (e == ERR_MEMORY)
		return e;
	if (e) {
		text_add(wrong, "the account '%s' was made, but is not found: %s", j->user, err_text(e));
	} else {
		j->uid = a->uid;
		j->gid = a->gid;
	}
	account_free(a);
	return text_check(wrong);
}

enum err jail_account_make(const struct root *r, struct jail *j, struct text *wrong)
{
	/* "*" matches no password; a locked account ("!") sshd would not let in where UsePAM is no */
	const char *argv[] = { "useradd", "-M",	   "-U", "-d", j->home,	  "-s", j->shell ? j->shell : "/usr/sbin/nologin",
			       "-c",	  "jail",  "-p", "*",  "--",	  j->user, NULL };
	struct text said = { 0 };
	int status;
	enum err e = run_tool(argv, &status, &said);

	if (!e && (status || said.len))
		text_add(wrong, "the account '%s' cannot be made: %s", j->user, text_string(&said));
	else if (!e)
		e = take_ids(r, j, wrong);
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

/* useradd and userdel write one file after the other: one that was killed leaves a line in some of them. */
static enum err sweep_up(const struct root *r, const char *user, struct text *said)
{
	const char *again[] = { "useradd", "-M", "-N", "-d", "/nonexistent", "-p", "*", "--", user, NULL };
	const char *away[] = { "userdel", "--", user, NULL }, *group[] = { "groupdel", "--", user, NULL };
	int status;
	enum err e = ERR_NONE;

	if (has_shadow_line(r, user) && !(e = run_tool(again, &status, said)))
		e = run_tool(away, &status, said);
	if (!e && group_find(user) == ERR_NONE)
		e = run_tool(group, &status, said);
	return e;
}

enum err jail_account_remove(const struct root *r, const char *user)
{
	const char *argv[] = { "userdel", "--", user, NULL };
	struct account *a = NULL;
	struct text said = { 0 };
	int status = 0;
	enum err e = account_find(r, user, &a);

	if (e && e != ERR_NOT_FOUND)
		return e;
	if (!e)
		e = run_tool(argv, &status, &said);
	else
		e = sweep_up(r, user, &said);
	if (!e && said.len) {
		complain("the account '%s' cannot be removed: %s", user, said.s);
		e = ERR_CHILD;
	}
	account_free(a);
	text_free(&said);
	return e;
}
