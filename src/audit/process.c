/* SPDX-License-Identifier: GPL-3.0-or-later */
/* process.c - read /proc/PID and the titles that sshd gives its processes. */
#include "audit/process.h"

#include "base/file.h"

#include <ctype.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/banned.h"

enum err proc_read(const char *path, size_t max, char **out, size_t *len)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t n;
	enum err e;

	if (fd < 0)
		return ERR_SYSTEM;
	e = file_read_all(fd, max, out, len ? len : &n);
	file_close(fd);
	return e;
}

/* "123 (name) S 1 ...": the name may hold blanks and brackets, so the last bracket counts. */
enum err process_stat_parse(const char *stat, pid_t *parent, uint64_t *started_ticks)
{
	const char *end = strrchr(stat, ')');
	unsigned long long started;
	int ppid;

	if (!end || sscanf(end + 1, " %*c %d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d %*d %llu",
			   &ppid, &started) != 2)
		return ERR_SYNTAX;
	*parent = ppid;
	*started_ticks = started;
	return ERR_NONE;
}

static enum err read_stat(pid_t pid, pid_t *parent, uint64_t *started_ms)
{
	char path[64], *stat = NULL;
	long hz = sysconf(_SC_CLK_TCK);
	uint64_t ticks;
	enum err e;

	snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
	if ((e = proc_read(path, 8192, &stat, NULL)))
		return e;
	e = process_stat_parse(stat, parent, &ticks);
	free(stat);
	if (!e)
		*started_ms = ticks * 1000 / (uint64_t)(hz > 0 ? hz : 100);
	return e;
}

static enum err read_exe(pid_t pid, char **exe)
{
	char path[64], target[PATH_MAX];
	char *cut;
	ssize_t n;

	snprintf(path, sizeof path, "/proc/%d/exe", (int)pid);
	n = readlink(path, target, sizeof target - 1);
	if (n < 0)
		return ERR_NONE; /* a kernel thread, or not ours to see */
	target[n] = '\0';
	if ((cut = strstr(target, " (deleted)"))) /* an upgrade replaced it */
		*cut = '\0';
	*exe = strdup(target);
	return *exe ? ERR_NONE : ERR_MEMORY;
}

/* The owner of /proc/PID is no help: it is root for every process that changed its user. */
static enum err read_uid(pid_t pid, uid_t *uid)
{
	char path[64], *status = NULL;
	const char *line;
	unsigned effective;
	enum err e;

	snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
	if ((e = proc_read(path, 65536, &status, NULL)))
		return e;
	line = strstr(status, "\nUid:");
	if (line && sscanf(line, "\nUid: %*u %u", &effective) == 1)
		*uid = effective;
	else
		e = ERR_SYNTAX;
	free(status);
	return e;
}

enum err process_read(pid_t pid, struct process *out)
{
	struct process p = { .pid = pid };
	char path[64];
	enum err e;

	/* Most processes are none of sshd's: find out by one call and leave the rest of their files alone. */
	if ((e = read_exe(pid, &p.exe)))
		return e;
	if (!process_is_sshd(&p)) {
		*out = p;
		return ERR_NONE;
	}
	if ((e = read_uid(pid, &p.uid)) || (e = read_stat(pid, &p.parent, &p.started_ms)))
		goto out;
	snprintf(path, sizeof path, "/proc/%d/cmdline", (int)pid);
	if ((e = proc_read(path, 65536, &p.title, NULL)))
		goto out;
	*out = p;
	return ERR_NONE;
out:
	process_clear(&p);
	return e;
}

void process_clear(struct process *p)
{
	free(p->exe);
	free(p->title);
	*p = (struct process){ 0 };
}

bool process_runs(pid_t pid, const char *path)
{
	struct stat running, installed;
	char link[64];

	snprintf(link, sizeof link, "/proc/%d/exe", (int)pid);
	return stat(link, &running) == 0 && stat(path, &installed) == 0 && running.st_dev == installed.st_dev &&
	       running.st_ino == installed.st_ino;
}

bool process_is_sshd(const struct process *p)
{
	const char *slash = p->exe ? strrchr(p->exe, '/') : NULL;

	return slash && (strcmp(slash + 1, "sshd") == 0 || strcmp(slash + 1, "sshd-session") == 0);
}

/* "notty", or the terminals of a session: "pts/0,pts/3". */
static bool is_terminals(const char *s)
{
	if (strcmp(s, "notty") == 0)
		return true;
	if (*s == '\0')
		return false;
	while (*s) {
		size_t n = strcspn(s, ",");

		if (!((n > 4 && strncmp(s, "pts/", 4) == 0) || (n > 3 && strncmp(s, "tty", 3) == 0)))
			return false;
		s += n;
		s += *s == ',' && s[1] != '\0';
		if (*s == ',')
			return false;
	}
	return true;
}

static bool ends_with(const char *s, size_t len, const char *end)
{
	size_t n = strlen(end);

	return len > n && memcmp(s + len - n, end, n) == 0;
}

enum err process_title_parse(const char *title, struct process_title *out)
{
	static const char *const programs[] = { "sshd: ", "sshd-session: " };
	struct process_title t = { .kind = TITLE_USER };
	const char *at;
	size_t len;

	for (size_t i = 0; i < ARRAY_SIZE(programs); i++)
		if (strncmp(title, programs[i], strlen(programs[i])) == 0)
			t.user = title + strlen(programs[i]);
	if (!t.user)
		return ERR_SYNTAX;
	/* setproctitle() may leave blanks at the end */
	for (len = strlen(t.user); len > 0 && t.user[len - 1] == ' '; len--)
		;
	t.user_len = len;
	if (ends_with(t.user, len, " [priv]")) {
		t.kind = TITLE_MONITOR;
		t.user_len = len - strlen(" [priv]");
	} else if ((len > 0 && t.user[len - 1] == ']') || ends_with(t.user, len, " startups") || t.user[0] == '/') {
		t.kind =
			TITLE_OTHER; /* [net], [preauth], [accepted], [pam], "PATH -D [listener] 0 of 10-100 startups" */
	} else if ((at = memrchr(t.user, '@', len))) {
		char tail[256];

		snprintf(tail, sizeof tail, "%.*s", (int)(len - (size_t)(at + 1 - t.user)), at + 1);
		if (is_terminals(tail))
			t.user_len = (size_t)(at - t.user);
	}
	if (t.user_len == 0)
		t.kind = TITLE_OTHER;
	*out = t;
	return ERR_NONE;
}

size_t process_ancestors(pid_t *out, size_t max)
{
	pid_t pid = getpid();
	size_t n = 0;

	while (n < max && pid > 0) {
		pid_t parent = 0;
		uint64_t started;

		out[n++] = pid;
		if (read_stat(pid, &parent, &started))
			break;
		pid = parent;
	}
	return n;
}
