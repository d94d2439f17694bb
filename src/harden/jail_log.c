/* SPDX-License-Identifier: GPL-3.0-or-later */
/* jail_log.c - a mount unit for the /dev/log of a jail. */
#include "harden/jail_log.h"

#include "base/child.h"
#include "base/file.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "base/banned.h"

#define UNITS "/etc/systemd/system"
#define SOCKET "/run/systemd/journal/dev-log"
#define SYSTEMCTL_MS 60000
#define OUTPUT_MAX (1u << 16)

enum err jail_log_unit(const struct jail *j, struct text *out)
{
	for (const char *at = j->dir + 1; *at; at++) {
		if (*at == '/')
			text_add_string(out, "-");
		else if (isalnum((unsigned char)*at) || *at == '_' || (*at == '.' && at != j->dir + 1))
			text_add(out, "%c", *at);
		else
			text_add(out, "\\x%02x", (unsigned char)*at);
	}
	text_add_string(out, "-dev-log.mount");
	return text_check(out);
}

static enum err unit_path(const struct jail *j, struct text *out)
{
	text_add_string(out, UNITS "/");
	return jail_log_unit(j, out);
}

static enum err unit_content(const struct jail *j, struct text *out)
{
	text_add(out,
		 "# The log of what %s does by sftp. Made by sallyport jail create, taken away by jail remove.\n"
		 "[Unit]\n"
		 "Description=/dev/log in the jail of %s\n"
		 "Documentation=man:sallyport-jail(8)\n"
		 "After=systemd-journald-dev-log.socket\n"
		 "BindsTo=systemd-journald-dev-log.socket\n"
		 "ConditionPathExists=%s/dev/log\n\n"
		 "[Mount]\n"
		 "What=" SOCKET "\n"
		 "Where=%s/dev/log\n"
		 "Type=none\n"
		 "Options=bind\n\n"
		 "[Install]\n"
		 "WantedBy=systemd-journald-dev-log.socket multi-user.target\n",
		 j->user, j->user, j->dir, j->dir);
	return text_check(out);
}

static enum err systemctl(const char *a, const char *b, const char *c, struct text *why)
{
	const char *argv[] = { "systemctl", a, b, c, NULL };
	struct child_result r = { 0 };
	enum err e = child_run(argv, NULL, SYSTEMCTL_MS, OUTPUT_MAX, &r);
	const bool failed = e || r.status;

	if (failed && why->len)
		text_add_string(why, "; ");
	if (e && e != ERR_MEMORY)
		text_add(why, "systemctl %s: %s", a, err_text(e));
	else if (!e && r.status) {
		text_add(why, "systemctl %s: ", a);
		text_add_escaped(why, text_string(&r.err), strcspn(text_string(&r.err), "\n"));
	}
	child_result_free(&r);
	return e == ERR_MEMORY ? e : text_check(why);
}

static bool has_journal(const struct root *r)
{
	struct stat st;

	return root_is_live(r) && root_stat(r, "/run/systemd/system", &st) == ERR_NONE &&
	       root_stat(r, SOCKET, &st) == ERR_NONE && S_ISSOCK(st.st_mode);
}

static bool has_socket(const struct root *r, const struct jail *j)
{
	struct text path = { 0 };
	struct stat st;
	bool has;

	text_add(&path, "%s/dev/log", j->dir);
	has = text_check(&path) == ERR_NONE && root_lstat(r, path.s, &st) == ERR_NONE && S_ISSOCK(st.st_mode);
	text_free(&path);
	return has;
}

static void say_by_hand(const struct root *r, const struct jail *j, struct text *why)
{
	if (has_socket(r, j))
		return;
	text_add(why,
		 "no systemd journal listens here: have syslog listen at %s/dev/log, too "
		 "(rsyslog: input(type=\"imuxsock\" Socket=\"%s/dev/log\"))",
		 j->dir, j->dir);
}

enum err jail_log_install(const struct root *r, const struct jail *j, struct text *why)
{
	struct text path = { 0 }, content = { 0 }, unit = { 0 };
	char *there = NULL;
	size_t len = 0;
	enum err e;

	if (!j->sftp_only)
		return ERR_NONE;
	if (!has_journal(r)) {
		say_by_hand(r, j, why);
		return text_check(why);
	}
	if ((e = unit_path(j, &path)) || (e = jail_log_unit(j, &unit)) || (e = unit_content(j, &content)))
		goto out;
	if (root_read(r, path.s, OUTPUT_MAX, &there, &len) || len != content.len ||
	    memcmp(there, content.s, len) != 0) {
		if ((e = file_make_dirs(r, UNITS, 0755)) ||
		    (e = file_replace(r, path.s, content.s, content.len, NULL, "jail")) ||
		    (e = systemctl("daemon-reload", NULL, NULL, why)))
			goto out;
	}
	if (!why->len && !has_socket(r, j))
		e = systemctl("enable", "--now", unit.s, why);
	if (!e && !why->len && !has_socket(r, j))
		text_add(why, "%s is enabled, but %s/dev/log is no socket", unit.s, j->dir);
out:
	free(there);
	text_free(&path);
	text_free(&content);
	text_free(&unit);
	return e ? e : text_check(why);
}

/* By whomever it was mounted: it is in the way. */
static enum err unmount(const struct root *r, const struct jail *j)
{
	struct text path = { 0 };
	enum err e;

	text_add(&path, "%s/dev/log", j->dir);
	if (!(e = text_check(&path)) && has_socket(r, j) && root_is_live(r) && umount2(path.s, UMOUNT_NOFOLLOW) &&
	    errno != EINVAL && errno != ENOENT)
		e = ERR_SYSTEM;
	text_free(&path);
	return e;
}

enum err jail_log_remove(const struct root *r, const struct jail *j, struct text *why)
{
	struct text path = { 0 }, unit = { 0 };
	struct stat st;
	enum err e;

	if (!j->sftp_only)
		return ERR_NONE;
	if ((e = unit_path(j, &path)) || (e = jail_log_unit(j, &unit)))
		goto out;
	if (root_lstat(r, path.s, &st) == ERR_NONE) {
		if (has_journal(r))
			e = systemctl("disable", "--now", unit.s, why);
		if (!e && !(e = file_remove(r, path.s)) && has_journal(r))
			e = systemctl("daemon-reload", NULL, NULL, why);
	}
	if (!e)
		e = unmount(r, j); /* what systemctl has not */
out:
	text_free(&path);
	text_free(&unit);
	return e;
}
