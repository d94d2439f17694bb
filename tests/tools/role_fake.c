/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * role_fake.c - stands in for a role of sallyportd: tells what it was given, then does what it is told.
 *
 * Runs under the name of a role. STATE/NAME.json, STATE being the StateDirectory of the settings, is what it finds; the first word
 * of STATE/NAME.do is what it does: stay (or no such file), die (once it has said that it serves), early (die before), silent
 * (never say it), stubborn (heed neither a signal nor a closed socket), wrong (say something else), quiet (say nothing to the peers,
 * who may be real).
 */
#include "base/macros.h"
#include "gate/role.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/banned.h"

extern char **environ;

struct fake {
	const char *name;
	char settings[16384], state[256], word[16];
};

static void die(const char *what)
{
	perror(what);
	exit(70);
}

static void settings_take(struct fake *f)
{
	ssize_t n = read(ROLE_SETTINGS, f->settings, sizeof f->settings - 1);
	const char *at;

	if (n <= 0)
		die("settings");
	at = strstr(f->settings, "StateDirectory ");
	if (!at || sscanf(at, "StateDirectory %255s", f->state) != 1)
		die("StateDirectory");
}

static void word_take(struct fake *f)
{
	char path[512];
	FILE *file;

	snprintf(path, sizeof path, "%s/%s.do", f->state, f->name);
	snprintf(f->word, sizeof f->word, "stay");
	if ((file = fopen(path, "re"))) {
		if (fscanf(file, "%15s", f->word) != 1)
			die(path);
		fclose(file);
	}
}

static json_t *socket_option(int fd, int option)
{
	int value = -1;
	socklen_t len = sizeof value;

	return getsockopt(fd, SOL_SOCKET, option, &value, &len) ? json_null() : json_integer(value);
}

static json_t *descriptor(int fd)
{
	char path[64], target[512] = "";
	struct stat st = { 0 };

	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	(void)!readlink(path, target, sizeof target - 1);
	fstat(fd, &st);
	return json_pack("{ss si si si so so so}", "target", target, "mode", (int)(st.st_mode & S_IFMT), "flags",
			 fcntl(fd, F_GETFL), "seals", fcntl(fd, F_GET_SEALS), "domain", socket_option(fd, SO_DOMAIN),
			 "type", socket_option(fd, SO_TYPE), "listens", socket_option(fd, SO_ACCEPTCONN));
}

static json_t *descriptors(void)
{
	json_t *all = json_object();
	DIR *dir = opendir("/proc/self/fd");
	const struct dirent *d;

	if (!dir)
		die("/proc/self/fd");
	while ((d = readdir(dir)))
		if (d->d_name[0] != '.' && strtol(d->d_name, NULL, 10) != dirfd(dir))
			json_object_set_new(all, d->d_name, descriptor((int)strtol(d->d_name, NULL, 10)));
	closedir(dir);
	return all;
}

/* Who is at the other end: each says its name and the number of its descriptor. */
static json_t *peers(const struct fake *f)
{
	json_t *all = json_object();
	const int end = strcmp(f->word, "quiet") == 0 ? ROLE_A : ROLE_D;

	for (int fd = ROLE_A; fd < end; fd++) {
		char text[64], key[16];
		struct pollfd p = { .fd = fd, .events = POLLIN };
		ssize_t n;

		snprintf(text, sizeof text, "%s %d", f->name, fd);
		if (send(fd, text, strlen(text), MSG_NOSIGNAL | MSG_DONTWAIT) < 0 || poll(&p, 1, 2000) != 1)
			continue;
		n = recv(fd, text, sizeof text - 1, MSG_DONTWAIT);
		text[n > 0 ? n : 0] = '\0';
		snprintf(key, sizeof key, "%d", fd);
		json_object_set_new(all, key, json_string(text));
	}
	return all;
}

static json_t *status_lines(void)
{
	json_t *all = json_object();
	FILE *file = fopen("/proc/self/status", "re");
	char line[4096], name[64], value[256];

	while (file && fgets(line, sizeof line, file))
		if (sscanf(line, "%63[^:]: %255[^\n]", name, value) == 2)
			json_object_set_new(all, name, json_string(value));
	if (file)
		fclose(file);
	return all;
}

static json_t *strings_of(char **v)
{
	json_t *all = json_array();

	for (; *v; v++)
		json_array_append_new(all, json_string(*v));
	return all;
}

/* All at once, so that whoever waits for the file finds it whole. */
static void report_write(const struct fake *f, char **argv)
{
	char path[512], new[516], cwd[256] = "";
	int death = 0;
	json_t *report;

	prctl(PR_GET_PDEATHSIG, &death);
	report = json_pack("{si si si so so so so so ss ss}", "pid", (int)getpid(), "group", (int)getpgrp(), "death",
			   death, "argv", strings_of(argv), "environ", strings_of(environ), "fds", descriptors(),
			   "peers", peers(f), "status", status_lines(), "settings", f->settings, "cwd",
			   getcwd(cwd, sizeof cwd) ? cwd : "");
	snprintf(path, sizeof path, "%s/%s.json", f->state, f->name);
	snprintf(new, sizeof new, "%s.new", path);
	if (!report || json_dump_file(report, new, 0) || rename(new, path))
		die(path);
	json_decref(report);
}

/* Until the parent or a peer closes, as a real one. */
static NORETURN void stay(bool stubborn)
{
	struct pollfd p[ROLE_D];
	int gone = 0;

	if (stubborn)
		for (;;)
			pause();
	for (int fd = 0; fd < ROLE_D; fd++)
		p[fd] = (struct pollfd){ .fd = fd >= ROLE_PARENT && fcntl(fd, F_GETFL) >= 0 ? fd : -1 };
	while (!gone && poll(p, ROLE_D, -1) >= 0)
		for (int fd = 0; fd < ROLE_D; fd++)
			gone |= p[fd].revents & POLLHUP;
	exit(0);
}

int main(int argc, char **argv)
{
	const char *dash = strchr(argv[0], '-');
	struct fake f = { .name = dash ? dash + 1 : argv[0] };

	settings_take(&f);
	word_take(&f);
	if (strcmp(f.word, "early") == 0)
		return 3;
	report_write(&f, argv);
	if (strcmp(f.word, "stubborn") == 0)
		(void)signal(SIGTERM, SIG_IGN);
	if (strcmp(f.word, "silent") != 0)
		(void)!write(ROLE_PARENT, strcmp(f.word, "wrong") == 0 ? "X" : "R", 1);
	if (strcmp(f.word, "die") == 0)
		return 3;
	stay(strcmp(f.word, "stubborn") == 0);
}
