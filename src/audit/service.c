/* SPDX-License-Identifier: GPL-3.0-or-later */
/* service.c - find the listening sshd: systemd knows, or the PidFile and /proc do. */
#include "audit/service.h"

#include "audit/process.h"
#include "base/child.h"
#include "base/number.h"
#include "base/root.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/banned.h"

#define SYSTEMCTL_TIMEOUT_MS 5000

/* One paragraph of `systemctl show`. Strings are borrowed from its output. */
struct unit {
	const char *id, *load, *active, *exec;
	pid_t pid;
};

static const char *const unit_names[] = { "ssh.service", "sshd.service", "ssh.socket", "sshd.socket" };

static const char *basename_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* The program that pid runs, if it is an sshd; *path is yours, without the " (deleted)" of a replaced binary. */
static enum err sshd_of_pid(pid_t pid, char **path)
{
	char link[64], target[PATH_MAX];
	ssize_t n;
	char *cut;

	snprintf(link, sizeof link, "/proc/%d/exe", (int)pid);
	n = readlink(link, target, sizeof target - 1);
	if (n < 0)
		return ERR_SYSTEM;
	target[n] = '\0';
	if ((cut = strstr(target, " (deleted)")))
		*cut = '\0';
	if (strcmp(basename_of(target), "sshd") != 0)
		return ERR_NOT_FOUND;
	*path = strdup(target);
	return *path ? ERR_NONE : ERR_MEMORY;
}

/* Without root /proc hides the program of root's processes; the name that the kernel shows has to do. */
static bool named_sshd(pid_t pid)
{
	char path[64], name[32] = "";
	FILE *f;

	snprintf(path, sizeof path, "/proc/%d/comm", (int)pid);
	f = fopen(path, "re");
	if (!f)
		return false;
	if (!fgets(name, sizeof name, f))
		name[0] = '\0';
	fclose(f);
	return strcmp(name, "sshd\n") == 0;
}

static void take_pid(struct service *s, pid_t pid)
{
	char *path = NULL;
	enum err e;

	if (pid <= 1)
		return;
	e = sshd_of_pid(pid, &path);
	if (e == ERR_SYSTEM ? named_sshd(pid) : e == ERR_NONE)
		s->pid = pid;
	if (path && access(path, X_OK) == 0) {
		free(s->sshd);
		s->sshd = path;
		return;
	}
	free(path);
}

static void take_pid_text(const char *text, pid_t *pid)
{
	uint64_t n;

	if (number_parse(text, 0, INT_MAX, &n) == ERR_NONE)
		*pid = (pid_t)n;
}

/* "{ path=/usr/sbin/sshd ; argv[]=/usr/sbin/sshd -D $SSHD_OPTS ; ..." */
static char *exec_path(const char *exec)
{
	const char *at = exec ? strstr(exec, "path=/") : NULL;
	size_t len;

	if (!at)
		return NULL;
	at += strlen("path=");
	len = strcspn(at, " ;");
	return strcmp(basename_of(at), "") != 0 ? strndup(at, len) : NULL;
}

static void unit_line(struct unit *u, char *line)
{
	char *value = strchr(line, '=');

	if (!value)
		return;
	*value++ = '\0';
	if (strcmp(line, "Id") == 0)
		u->id = value;
	else if (strcmp(line, "LoadState") == 0)
		u->load = value;
	else if (strcmp(line, "ActiveState") == 0)
		u->active = value;
	else if (strcmp(line, "ExecStart") == 0)
		u->exec = value;
	else if (strcmp(line, "MainPID") == 0)
		take_pid_text(value, &u->pid);
}

static bool is(const char *s, const char *word)
{
	return s && strcmp(s, word) == 0;
}

static enum err unit_take(struct service *s, const struct unit *u)
{
	size_t len = u->id ? strlen(u->id) : 0;

	if (!is(u->load, "loaded"))
		return ERR_NONE;
	if (len > 7 && strcmp(u->id + len - 7, ".socket") == 0) {
		s->socket = s->socket || is(u->active, "active");
		return ERR_NONE;
	}
	/* sshd.service is an alias of ssh.service on Debian, so both paragraphs have the same Id. */
	if (s->unit)
		return ERR_NONE;
	s->unit = strdup(u->id ? u->id : "ssh.service");
	if (!s->unit)
		return ERR_MEMORY;
	s->sshd = exec_path(u->exec);
	take_pid(s, u->pid);
	return ERR_NONE;
}

static enum err ask_systemd(struct service *s)
{
	const char *argv[3 + ARRAY_SIZE(unit_names) + 1] = { "systemctl", "show",
							     "-pId,LoadState,ActiveState,MainPID,ExecStart" };
	struct child_result r = { 0 };
	struct unit u = { 0 };
	char *line, *next;
	enum err e;

	for (size_t i = 0; i < ARRAY_SIZE(unit_names); i++)
		argv[3 + i] = unit_names[i];
	if ((e = child_run(argv, NULL, SYSTEMCTL_TIMEOUT_MS, 1024 * 1024, &r)))
		return e == ERR_MEMORY ? e : ERR_NONE; /* a systemd that does not answer is none for us */
	for (line = r.out.s; line && !e; line = next) {
		next = strchr(line, '\n');
		if (next)
			*next++ = '\0';
		if (*line) {
			unit_line(&u, line);
			continue;
		}
		e = unit_take(s, &u);
		u = (struct unit){ 0 };
	}
	if (!e)
		e = unit_take(s, &u);
	child_result_free(&r);
	return e;
}

static void ask_pid_file(const struct sshd_effective *e, struct service *s)
{
	const char *path = e ? sshd_value(e, KW_PIDFILE) : "";
	struct root *live = NULL;
	char *content = NULL;
	pid_t pid = 0;
	size_t len;

	if (path[0] != '/')
		path = "/run/sshd.pid";
	if (root_open("/", &live))
		return;
	if (root_read(live, path, 64, &content, &len) == ERR_NONE) {
		content[strcspn(content, "\r\n ")] = '\0';
		take_pid_text(content, &pid);
		if (s->pid == 0)
			take_pid(s, pid);
		if (s->pid != 0 && s->pid == pid)
			s->pid_file = strdup(path); /* without it a reload is only not waited for */
	}
	free(content);
	root_close(live);
}

static bool same_namespace(pid_t pid)
{
	struct stat ours, theirs;
	char path[64];

	snprintf(path, sizeof path, "/proc/%d/ns/mnt", (int)pid);
	return stat("/proc/self/ns/mnt", &ours) == 0 && stat(path, &theirs) == 0 && ours.st_ino == theirs.st_ino;
}

static bool is_listener(pid_t pid)
{
	struct process p = { 0 }, parent = { 0 };
	struct process_title title;
	bool found = false;

	/* a session outlives its listener, and must not be taken for it */
	if (process_read(pid, &p) == ERR_NONE && p.exe && process_is_sshd(&p) && same_namespace(pid) &&
	    (process_title_parse(p.title, &title) || title.kind == TITLE_OTHER)) {
		found = process_read(p.parent, &parent) != ERR_NONE || !parent.exe || !process_is_sshd(&parent);
		process_clear(&parent);
	}
	process_clear(&p);
	return found;
}

/* Of several nobody can tell which one serves this configuration. */
static void ask_processes(struct service *s)
{
	struct root *live = NULL;
	struct strings names = { 0 };
	pid_t only = 0;
	unsigned found = 0;

	if (root_open("/", &live) == ERR_NONE && root_list(live, "/proc", &names) == ERR_NONE)
		for (size_t i = 0; i < names.n; i++) {
			pid_t pid = 0;

			take_pid_text(names.v[i], &pid);
			if (pid > 0 && is_listener(pid)) {
				only = pid;
				found++;
			}
		}
	if (found == 1)
		take_pid(s, only);
	strings_free(&names);
	root_close(live);
}

static enum err default_sshd(struct service *s)
{
	static const char *const paths[] = { "/usr/sbin/sshd", "/usr/local/sbin/sshd", "/sbin/sshd" };

	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		if (access(paths[i], X_OK) != 0)
			continue;
		s->sshd = strdup(paths[i]);
		return s->sshd ? ERR_NONE : ERR_MEMORY;
	}
	return ERR_NONE;
}

enum err service_find(const struct sshd_effective *e, struct service *out)
{
	struct service s = { 0 };
	enum err err = ERR_NONE;

	if (access("/run/systemd/system", F_OK) == 0) {
		s.manager = SERVICE_SYSTEMD;
		err = ask_systemd(&s);
	}
	if (!err)
		ask_pid_file(e, &s);
	if (!err && s.pid == 0)
		ask_processes(&s);
	if (!err && !s.sshd)
		err = default_sshd(&s);
	if (err) {
		service_clear(&s);
		return err;
	}
	*out = s;
	return ERR_NONE;
}

void service_clear(struct service *s)
{
	free(s->unit);
	free(s->pid_file);
	free(s->sshd);
	*s = (struct service){ 0 };
}
