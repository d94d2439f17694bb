/* SPDX-License-Identifier: GPL-3.0-or-later */
/* past_journal.c - accepted logins from systemd's journal, by what the journal itself knows of the writer. */
#include "audit/past_log.h"

#include "base/child.h"
#include "base/number.h"

#include <ctype.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

#define JOURNAL_MS 20000
#define JOURNAL_MAX (256u << 20)
#define MESSAGE_MAX 2048
#define LINE_MAX_BYTES (1u << 16)
#define DAY 86400

/* Only these are of interest: with millions of refused logins in it the journal answers in a fraction of the time. */
#define WANTED \
	"^(Accepted |User child is on pid |Starting session: |error: connect_to |" \
	"error: channel_setup_fwd|Disconnected from user )"

static bool is_program(const char *path, const char *name)
{
	size_t len = strlen(name);

	return strncmp(path, name, len) == 0 && (!path[len] || strcmp(path + len, " (deleted)") == 0);
}

/* sshd by what the journal asked the kernel; a program that is gone too soon has no path. */
static bool is_sshd(const json_t *entry)
{
	const char *exe = json_string_value(json_object_get(entry, "_EXE"));
	const char *comm = json_string_value(json_object_get(entry, "_COMM"));

	if (!comm || (strcmp(comm, "sshd") != 0 && strcmp(comm, "sshd-session") != 0))
		return false;
	if (!exe)
		return true;
	exe = strrchr(exe, '/') ? strrchr(exe, '/') + 1 : exe;
	return is_program(exe, "sshd") || is_program(exe, "sshd-session");
}

static bool number_of(const json_t *entry, const char *field, uint64_t *out)
{
	const char *s = json_string_value(json_object_get(entry, field));

	return s && number_parse(s, 0, UINT64_MAX / 2, out) == ERR_NONE;
}

/* A string, or where it is no UTF-8 an array of bytes. False: neither, or longer than any of sshd's. */
static bool message_of(const json_t *entry, char *buf, size_t *len)
{
	const json_t *m = json_object_get(entry, "MESSAGE");
	size_t n = json_is_string(m) ? json_string_length(m) : json_array_size(m);

	if (!n || n > MESSAGE_MAX)
		return false;
	if (json_is_string(m)) {
		memcpy(buf, json_string_value(m), n);
		*len = n;
		return true;
	}
	for (size_t i = 0; i < n; i++) {
		const json_t *byte = json_array_get(m, i);
		json_int_t value = json_integer_value(byte);

		if (!json_is_integer(byte) || value < 0 || value > 255)
			return false;
		buf[i] = (char)value;
	}
	*len = n;
	return true;
}

static enum err take_entry(struct past_log *p, const json_t *entry)
{
	uint64_t usec, pid, uid;
	char message[MESSAGE_MAX];
	size_t len;

	if (!is_sshd(entry) || !number_of(entry, "__REALTIME_TIMESTAMP", &usec) || !number_of(entry, "_PID", &pid) ||
	    !number_of(entry, "_UID", &uid) || !message_of(entry, message, &len))
		return ERR_NONE;
	past_log_reaches(p, (time_t)(usec / 1000000));
	return past_log_say(p, (time_t)(usec / 1000000), pid, message, len, uid == 0);
}

enum err past_log_journal(struct past_log *p, const char *content, size_t len)
{
	enum err e = ERR_NONE;

	while (len && e == ERR_NONE) {
		const char *end = memchr(content, '\n', len);
		size_t n = end ? (size_t)(end - content) : len;
		json_t *entry = n <= LINE_MAX_BYTES ? json_loadb(content, n, JSON_ALLOW_NUL, NULL) : NULL;

		e = entry ? take_entry(p, entry) : ERR_NONE;
		json_decref(entry);
		content += n + (end != NULL);
		len -= n + (end != NULL);
	}
	return e;
}

enum err past_journal_parse(const char *content, size_t len, time_t since, time_t now, struct past_logins *out)
{
	struct past_log *p = NULL;
	enum err e = past_log_new(since, now, &p);

	if (e)
		return e;
	e = past_log_adopt(p, out);
	if (e == ERR_NONE)
		e = past_log_journal(p, content, len);
	past_log_take(p, out);
	past_log_free(p);
	return e;
}

/* ---- journalctl ---- */

static enum err ask(time_t since, const char *grep, struct child_result *out)
{
	char from[64];
	const char *argv[] = { "journalctl",
			       "--output=json",
			       "--no-pager",
			       "--quiet",
			       from,
			       "--output-fields=MESSAGE,_PID,_UID,_COMM,_EXE",
			       "_COMM=sshd",
			       "+",
			       "_COMM=sshd-session",
			       grep,
			       NULL };

	snprintf(from, sizeof from, "--since=@%lld", (long long)since);
	return child_run(argv, NULL, JOURNAL_MS, JOURNAL_MAX, out);
}

/* What cannot be had of 90 days may be had of a week. */
static enum err ask_bounded(struct past_log *p, struct child_result *out, struct past_logins *notes)
{
	time_t since = past_log_since(p), week = past_log_now(p) - 7 * DAY;
	enum err e = ask(since, "--grep=" WANTED, out);

	if (e == ERR_NONE && out->status != 0 && out->err.len) { /* built without regular expressions */
		child_result_free(out);
		e = ask(since, NULL, out);
	}
	if ((e == ERR_TOO_BIG || e == ERR_TIMEOUT) && since < week) {
		past_incomplete(notes, "the journal is too large: only its last 7 days are looked at");
		e = ask(week, "--grep=" WANTED, out);
	}
	return e;
}

/* When the first boot in the journal begins: "  0 b0f2... Sat 2026-11-21 08:04:52 UTC Sat ..." */
static void note_reach(struct past_log *p)
{
	const char *argv[] = { "journalctl", "--list-boots", "--utc", "--quiet", "--no-pager", NULL };
	struct child_result r = { 0 };
	const char *s;
	char stamp[32];
	time_t when;

	if (child_run(argv, NULL, JOURNAL_MS, 1 << 20, &r) == ERR_NONE && r.status == 0) {
		for (s = text_string(&r.out); *s; s++) {
			if (!isdigit((unsigned char)*s) || strlen(s) < 19 || s[4] != '-' || s[10] != ' ')
				continue;
			snprintf(stamp, sizeof stamp, "%.10sT%.8sZ", s, s + 11);
			if (date_parse(stamp, &when) == ERR_NONE) {
				past_log_reaches(p, when);
				break;
			}
		}
	}
	child_result_free(&r);
}

/* Where journald writes, journald.conf(5). What cannot be looked into may be one. */
static bool there_is_one(const struct root *r)
{
	static const char *const patterns[] = { "/run/log/journal/*", "/var/log/journal/*" };
	struct strings found = { 0 };
	bool one = false;

	for (size_t i = 0; i < ARRAY_SIZE(patterns) && !one; i++)
		one = root_glob(r, patterns[i], &found) || found.n;
	strings_free(&found);
	return one;
}

enum err past_journal_read(const struct root *root, struct past_log *p, struct past_logins *notes, bool *any)
{
	struct child_result r = { 0 };
	enum err e;

	if (!there_is_one(root))
		return ERR_NONE;
	if ((e = ask_bounded(p, &r, notes)) == ERR_MEMORY)
		return e;
	if (e == ERR_NONE) {
		e = past_log_journal(p, text_string(&r.out), r.out.len);
		if (e == ERR_NONE)
			note_reach(p);
		*any = past_log_reach(p) != 0;
	} else {
		if (e != ERR_NOT_FOUND)
			past_incomplete(notes, "journal: %s", err_text(e));
		e = ERR_NONE;
	}
	child_result_free(&r);
	return e;
}
