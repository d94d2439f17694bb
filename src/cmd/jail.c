/* SPDX-License-Identifier: GPL-3.0-or-later */
/* jail.c - accounts that see only a folder of their own: the table of sub-commands, and what they share. */
#include "cmd/jail.h"

#include "base/clock.h"
#include "base/json.h"
#include "base/message.h"
#include "harden/jail_block.h"
#include "jail/build.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/banned.h"

#define PATHS_SHOWN 20 /* of each kind */

static const struct command *const subs[] = { &cmd_jail_create, &cmd_jail_update, &cmd_jail_check,
					      &cmd_jail_list,	&cmd_jail_remove, NULL };

const struct command cmd_jail = {
	.name = "jail",
	.summary = "accounts that see only a folder of their own: make, keep current, check",
	.examples =
		"  sudo sallyport jail create anna --with basic,git    # a shell, and what those programs need\n"
		"  sudo sallyport jail create bert --sftp-only --create-account --key bert.pub\n"
		"  sudo sallyport jail check                           # does it hold, is it current, does it start?\n",
	.subs = subs,
};

int jail_check_name(const char *user)
{
	struct text why = { 0 }, name = { 0 };
	int status = 0;
	enum err e = jail_block_check_name(user, &why);

	text_add_escaped(&name, user, strlen(user));
	if (e == ERR_SYNTAX)
		status = complain("the user name '%s' cannot have a jail: %s", text_string(&name), text_string(&why));
	else if (e)
		status = fail(e, "cannot look at the user name");
	else if (strcmp(user, "root") == 0)
		status = complain("'root' cannot have a jail: root in a chroot is no jail, it walks out");
	text_free(&why);
	text_free(&name);
	return status;
}

int jail_facts(const struct common_args *common, struct facts **out)
{
	const struct facts_options o = {
		.root = common->root, .config = common->config, .sshd = common->sshd, .only_config = true
	};
	struct facts *f = NULL;
	enum err e = facts_gather(&o, &f);

	if (e)
		return fail(e, "cannot look at '%s'", common->root ? common->root : "/");
	if (!f->config) {
		int status = command_unreadable(f->root, f->config_path, f->config_err);

		facts_free(f);
		return status;
	}
	*out = f;
	return 0;
}

int jail_read(const struct common_args *common, const struct root *r, const char *user, struct manifest *out)
{
	struct text problem = { 0 };
	int status = 0;
	enum err e = manifest_read(r, user, out, &problem);

	if (e == ERR_NOT_FOUND) {
		complain("there is no jail of '%s'", user);
		command_hint(common, "which there are: sudo sallyport jail list");
		status = EXIT_NO;
	} else if (e == ERR_SYNTAX) {
		status = complain("what is written down of the jail of '%s' cannot be read: %s", user,
				  text_string(&problem));
		command_hint(common, "what to do: sudo sallyport jail check %s", user);
	} else if (e) {
		status = fail(e, "cannot read what is written down of the jail of '%s'", user);
	}
	text_free(&problem);
	return status;
}

enum err jail_lock(const struct root *r, unsigned seconds, int *lock)
{
	const struct timespec pause = { .tv_nsec = 100 * 1000000L };
	const uint64_t end = clock_boot_ms() + seconds * 1000ull;
	enum err e = build_lock(r, lock);

	if (e == ERR_BUSY)
		inform("Another sallyport is at work on the jails; this one waits for it.");
	while (e == ERR_BUSY && clock_boot_ms() < end) {
		nanosleep(&pause, NULL);
		e = build_lock(r, lock);
	}
	return e;
}

int jail_list_failed(enum err e)
{
	const bool denied = e == ERR_SYSTEM && errno == EACCES;
	const int status = fail(e, "cannot tell which jails there are");

	if (denied)
		hint("only root may look there: run it with sudo");
	return status;
}

int jail_users(const struct common_args *common, const struct strings *there, const struct strings *named, bool all,
	       struct strings *out)
{
	int status = 0;

	if (named->n && all)
		status = complain("wants the name of a user or --all, not both");
	else if (!named->n && !all)
		status = complain("wants the name of a user who has a jail, or --all");
	for (size_t i = 0; i < named->n && !status; i++) {
		if ((status = jail_check_name(named->v[i])))
			break;
		if (!strings_has(there, named->v[i])) {
			complain("there is no jail of '%s'", named->v[i]);
			command_hint(common, "which there are: sudo sallyport jail list");
			status = EXIT_NO;
		} else if (strings_add(out, named->v[i])) {
			status = fail(ERR_MEMORY, "cannot look at the jails");
		}
	}
	if (!status && !named->n && strings_copy(out, there))
		status = fail(ERR_MEMORY, "cannot look at the jails");
	return status;
}

void jail_say_problems(const struct diags *problems)
{
	for (size_t i = 0; i < problems->n; i++) {
		const struct diag *d = &problems->v[i];
		struct text where = { 0 };

		if (d->file && d->line)
			text_add(&where, "%s:%u: ", d->file, d->line);
		else if (d->file)
			text_add(&where, "%s: ", d->file);
		if (d->warning)
			warn("%s%s", text_string(&where), d->text);
		else
			complain("%s%s", text_string(&where), d->text);
		text_free(&where);
	}
}

json_t *jail_json(const struct jail *j)
{
	return json_pack("{s:o,s:o,s:o,s:o,s:b,s:o}", "user", json_safe_string(j->user), "dir",
			 json_safe_string(j->dir), "home", json_safe_string(j->home), "shell",
			 j->shell ? json_safe_string(j->shell) : json_null(), "sftp_only", j->sftp_only, "with",
			 json_safe_strings(&j->with));
}

void jail_add_paths(const struct strings *paths, char mark, struct text *out)
{
	for (size_t i = 0; i < paths->n && i < PATHS_SHOWN; i++) {
		text_add(out, "  %c ", mark);
		text_add_escaped(out, paths->v[i], strlen(paths->v[i]));
		text_add_string(out, "\n");
	}
	if (paths->n > PATHS_SHOWN)
		text_add(out, "  %c and %zu more: --format json shows all\n", mark, paths->n - PATHS_SHOWN);
}

void jail_add_size(unsigned long long bytes, struct text *out)
{
	if (bytes < 1000)
		text_add(out, "%llu bytes", bytes);
	else if (bytes < 1000 * 1000)
		text_add(out, "%.1f kB", (double)bytes / 1e3);
	else
		text_add(out, "%.1f MB", (double)bytes / 1e6);
}

void jail_add_kind(const struct jail *j, struct text *out)
{
	if (j->sftp_only) {
		text_add_string(out, "sftp only");
		return;
	}
	text_add_escaped(out, j->shell, strlen(j->shell));
	text_add_string(out, j->with.n ? " with " : "");
	for (size_t i = 0; i < j->with.n; i++) {
		text_add_string(out, i ? ", " : "");
		text_add_escaped(out, j->with.v[i], strlen(j->with.v[i]));
	}
}
