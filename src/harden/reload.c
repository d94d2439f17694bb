/* SPDX-License-Identifier: GPL-3.0-or-later */
/* reload.c - the reload of sshd, by its manager or by signal. */
#include "harden/reload.h"

#include "base/child.h"
#include "base/clock.h"
#include "base/text.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "base/banned.h"

#define RELOAD_MS 30000
#define RESTART_MS 5000

static bool by_manager(const struct service *s)
{
	return s->manager == SERVICE_SYSTEMD && s->unit && s->pid > 0;
}

enum err sshd_reload_describe(const struct service *s, char **out)
{
	struct text t = { 0 };

	*out = NULL;
	if (s->pid <= 0)
		return ERR_NONE;
	if (by_manager(s))
		text_add(&t, "systemctl reload %s", s->unit);
	else
		text_add(&t, "kill -HUP %ld", (long)s->pid);
	if (text_check(&t)) {
		text_free(&t);
		return ERR_MEMORY;
	}
	*out = text_take(&t);
	return ERR_NONE;
}

static enum err manager_ask(const char *verb, const struct service *s, char **complaint)
{
	const char *argv[] = { "systemctl", verb, s->unit, NULL };
	struct child_result r = { 0 };
	enum err e = child_run(argv, NULL, RELOAD_MS, 1u << 16, &r);

	if (e == ERR_NONE && r.status != 0) {
		struct text t = { 0 };
		const char *said = text_string(&r.err);

		text_add_escaped(&t, said, strcspn(said, "\n"));
		*complaint = text_take(&t);
		e = ERR_CHILD;
	}
	child_result_free(&r);
	return e;
}

enum err sshd_start(const struct service *s, char **complaint)
{
	*complaint = NULL;
	return s->manager == SERVICE_SYSTEMD && s->unit ? manager_ask("start", s, complaint) : ERR_NOT_FOUND;
}

/* sshd removes its PidFile when it begins to read its configuration anew, and writes it when it listens again. */
static void wait_for_pid_file(const char *path, const struct stat *before)
{
	struct timespec pause = { .tv_nsec = 5 * 1000000L };
	uint64_t end = clock_boot_ms() + RESTART_MS;
	struct stat now;

	while (clock_boot_ms() < end) {
		if (stat(path, &now) == 0 &&
		    (now.st_ino != before->st_ino || now.st_mtim.tv_sec != before->st_mtim.tv_sec ||
		     now.st_mtim.tv_nsec != before->st_mtim.tv_nsec))
			return;
		nanosleep(&pause, NULL);
	}
}

enum err sshd_reload(const struct service *s, char **complaint)
{
	struct stat before;
	bool watched = s->pid_file && stat(s->pid_file, &before) == 0;
	enum err e;

	*complaint = NULL;
	if (s->pid <= 0)
		return ERR_NOT_FOUND;
	if (by_manager(s))
		e = manager_ask("reload", s, complaint);
	else
		e = kill(s->pid, SIGHUP) ? ERR_SYSTEM : ERR_NONE;
	if (e == ERR_NONE && watched)
		wait_for_pid_file(s->pid_file, &before);
	return e;
}
