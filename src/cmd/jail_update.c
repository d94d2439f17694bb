/* SPDX-License-Identifier: GPL-3.0-or-later */
/* jail_update.c - jail update: what the host has by now, file by file, under whoever is logged in there. */
#include "base/file.h"
#include "base/interrupt.h"
#include "base/json.h"
#include "base/message.h"
#include "base/progress.h"
#include "cmd/jail.h"
#include "harden/jail_log.h"
#include "jail/contents.h"
#include "jail/upkeep.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/banned.h"

/* Two package managers may call at once, and one has a hundred jails: the other waits, and finds nothing to do. */
#define LOCK_SECONDS 600

struct update_args {
	bool all;
};

static const struct option_row options[] = {
	{ "all", 'a', OPTION_FLAG, OPTION_AT(struct update_args, all), NULL, "every jail there is" },
	{ 0 },
};

struct update {
	const struct common_args *common;
	const struct root *root;
	struct text out;
	json_t *jails;
	bool changed;
};

static bool changes(const struct build_told *told)
{
	return told->added.n || told->replaced.n || told->removed.n;
}

static void add_json(struct update *u, const char *user, const struct build_told *told, const char *error)
{
	json_t *paths = json_pack("{s:o,s:o,s:o}", "added", json_safe_strings(&told->added), "replaced",
				  json_safe_strings(&told->replaced), "removed", json_safe_strings(&told->removed));

	json_array_append_new(u->jails,
			      json_pack("{s:s,s:b,s:I,s:I,s:I,s:I,s:I,s:o,s:o}", "user", user, "changed", changes(told),
					"added", (json_int_t)told->added.n, "replaced", (json_int_t)told->replaced.n,
					"removed", (json_int_t)told->removed.n, "bytes_linked",
					(json_int_t)told->bytes_linked, "bytes_copied", (json_int_t)told->bytes_copied,
					"error", error ? json_safe_string(error) : json_null(), "paths", paths));
}

static void add_text(struct update *u, const char *user, const struct build_told *told)
{
	if (!changes(told)) {
		text_add(&u->out, "%s: nothing to change\n", user);
		return;
	}
	text_add(&u->out, "%s: %zu %sadded, %zu replaced, %zu removed\n", user, told->added.n,
		 u->common->dry_run ? "would be " : "", told->replaced.n, told->removed.n);
	jail_add_paths(&told->added, '+', &u->out);
	jail_add_paths(&told->replaced, '~', &u->out);
	jail_add_paths(&told->removed, '-', &u->out);
}

static int say_failed(struct update *u, const char *user, enum err e, const struct diags *problems)
{
	struct build_told none = { 0 };
	size_t first = 0;

	jail_say_problems(problems);
	while (first < problems->n && problems->v[first].warning)
		first++;
	add_json(u, user, &none, first < problems->n ? problems->v[first].text : err_text(e));
	if (e == ERR_CONFIG && first < problems->n) /* that was said */
		complain("the jail of '%s' is not brought up to date", user);
	else
		fail(e, "the jail of '%s' is not brought up to date", user);
	command_hint(u->common, "what to do: sudo sallyport jail check %s", user);
	return EXIT_TROUBLE;
}

static int update_one(struct update *u, const char *user)
{
	struct manifest m = { 0 };
	struct entries wanted = { 0 };
	struct diags problems = { 0 };
	struct build_told told = { 0 };
	struct text why = { 0 };
	int status = jail_read(u->common, u->root, user, &m);
	enum err e;

	if (status)
		goto out;
	if (!(e = contents_find(u->root, &m.jail, &wanted, &problems)))
		e = (u->common->dry_run ? build_look_update : build_update)(
			u->root, &m, &wanted, m.jail.copies ? BUILD_COPY : BUILD_SHARE, &told, &problems);
	if (!e && !u->common->dry_run)
		e = jail_log_install(u->root, &m.jail, &why); /* it may have been lost since */
	if (e) {
		status = say_failed(u, user, e, &problems);
		goto out;
	}
	jail_say_problems(&problems);
	if (why.len)
		warn("what %s does by sftp is not logged: %s", user, text_string(&why));
	add_json(u, user, &told, NULL);
	add_text(u, user, &told);
	u->changed = u->changed || changes(&told);
out:
	build_told_clear(&told);
	manifest_clear(&m);
	entries_clear(&wanted);
	diags_free(&problems);
	text_free(&why);
	return status;
}

static int answer(struct update *u, int status)
{
	json_t *whole = json_pack("{s:s,s:b,s:O}", "schema", "sallyport.jail-update.v1", "changed", u->changed, "jails",
				  u->jails);

	if (!status && u->common->dry_run && u->changed)
		status = EXIT_NO;
	if (!status && !u->out.len && !json_array_size(u->jails))
		text_add_string(&u->out, "There is no jail.\n");
	if (u->common->format == FORMAT_JSON)
		status = command_print_json(u->common, whole, status);
	else if (!u->common->quiet || u->common->dry_run)
		status = command_print(u->common, &u->out, status);
	json_decref(whole);
	return status;
}

/* The hooks may have been lost since, or fit only now. Of what there is none for create has told; audit does. */
static void keep_current(const struct update *u)
{
	struct diags ignored = { 0 };
	const enum err e = upkeep_install(u->root, &ignored);

	if (e)
		warn("what keeps jails current could not be looked at: %s", err_text(e));
	diags_free(&ignored);
}

static int find_users(const struct update *u, const struct strings *named, bool all, struct strings *out)
{
	struct strings there = { 0 };
	enum err e = manifest_list(u->root, &there);
	int status = e ? jail_list_failed(e) : jail_users(u->common, &there, named, all, out);

	strings_free(&there);
	return status;
}

/* Each as a whole, or not at all. */
static int update_each(struct update *u, const struct strings *users)
{
	struct progress *bar = progress_start("jail update", users->n, u->common->progress);
	int status = 0, one;
	sigset_t before;
	size_t i;

	interrupt_hold(&before);
	for (i = 0; i < users->n; i++) {
		progress_step(bar, i);
		if (interrupt_pending()) {
			status = complain("interrupted before the jail of '%s'; run it again", users->v[i]);
			break;
		}
		if ((one = update_one(u, users->v[i])))
			status = one;
	}
	interrupt_release(&before);
	if (i == users->n)
		progress_step(bar, i);
	progress_end(bar);
	return status;
}

static int update(struct update *u, const struct strings *named, bool all)
{
	struct strings users = { 0 };
	int lock = -1, status;
	enum err e;

	if ((status = find_users(u, named, all, &users)))
		goto out;
	if (users.n && !u->common->dry_run && (e = jail_lock(u->root, LOCK_SECONDS, &lock))) {
		status = e == ERR_BUSY
				 ? complain("another sallyport is at work on the jails; try again when it is done")
				 : fail(e, "cannot take the lock of the jails");
		goto out;
	}
	if (lock >= 0) { /* meanwhile some may have gone */
		strings_free(&users);
		if ((status = find_users(u, named, all, &users)))
			goto out;
	}
	status = update_each(u, &users);
	if (users.n && !u->common->dry_run)
		keep_current(u);
	status = answer(u, status);
out:
	strings_free(&users);
	file_close(lock);
	return status;
}

static int run(const struct common_args *common, void *args, const struct strings *rest)
{
	const struct update_args *a = args;
	struct update u = { .common = common };
	struct root *r = NULL;
	int status;
	enum err e;

	if (!common->dry_run && geteuid() != 0) {
		complain("only root can bring jails up to date");
		hint("run it with sudo, or look first with --dry-run");
		return EXIT_TROUBLE;
	}
	if ((e = root_open(common->root, &r)))
		return fail(e, "cannot open the root '%s'", common->root ? common->root : "/");
	u.root = r;
	u.jails = json_array();
	status = update(&u, rest, a->all);
	json_decref(u.jails);
	text_free(&u.out);
	root_close(r);
	return status;
}

const struct command cmd_jail_update = {
	.name = "jail update",
	.summary = "bring in what the host has by now, while people are logged in",
	.arguments = "USER...|--all",
	.common = COMMON_REPORT | COMMON_HOST | COMMON_CHANGE | COMMON_PROGRESS,
	.options = options,
	.args_size = sizeof(struct update_args),
	.examples = "  sudo sallyport jail update anna\n"
		    "  sudo sallyport jail update --all --dry-run   # exit 1 when something would change\n",
	.run = run,
};
