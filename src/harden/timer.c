/* SPDX-License-Identifier: GPL-3.0-or-later */
/* timer.c - the way back that needs nobody. */
#include "harden/timer.h"

#include "base/child.h"
#include "base/clock.h"
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/banned.h"

#define MARK_DIR "/run/sallyport"
#define MARK_UNIT "unit"

/* What stands in /run/sallyport/timer-ID: "unit", or the pid and start time of the process. */
struct mark {
	bool unit;
	long pid;
	unsigned long long start;
};

static void mark_path(const struct tx *t, char *out, size_t size)
{
	snprintf(out, size, MARK_DIR "/timer-%u", t->id);
}

static void unit_name(const struct tx *t, char *out, size_t size)
{
	snprintf(out, size, "sallyport-rollback-%u", t->id);
}

/* Field 22 of /proc/PID/stat (proc(5)): with it a pid that was given away again is noticed. 0: it has ended, also where nobody has taken notice yet. */
static unsigned long long start_time(long pid)
{
	char path[64], line[1024], state, *p;
	unsigned long long start = 0;
	FILE *f;

	snprintf(path, sizeof path, "/proc/%ld/stat", pid);
	f = fopen(path, "re");
	if (!f)
		return 0;
	if (fgets(line, sizeof line, f) && (p = strrchr(line, ')')) &&
	    (sscanf(p + 1, " %c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d %*d %llu", &state,
		    &start) != 2 ||
	     state == 'Z'))
		start = 0;
	fclose(f);
	return start;
}

static bool mark_read(const struct tx *t, struct mark *out)
{
	char path[64], line[64] = "";
	FILE *f;

	mark_path(t, path, sizeof path);
	f = fopen(path, "re");
	if (!f)
		return false;
	if (!fgets(line, sizeof line, f))
		line[0] = '\0';
	fclose(f);
	*out = (struct mark){ .unit = strcmp(line, MARK_UNIT "\n") == 0 };
	return out->unit || sscanf(line, "%ld %llu", &out->pid, &out->start) == 2;
}

static enum err mark_write(const struct tx *t, const char *text)
{
	char path[64];
	struct root *live = NULL;
	enum err e;

	mark_path(t, path, sizeof path);
	if ((e = root_open("/", &live)) == ERR_NONE && (e = file_make_dirs(live, MARK_DIR, 0755)) == ERR_NONE)
		e = file_replace(live, path, text, strlen(text), NULL, "timer");
	root_close(live);
	return e;
}

static enum err own_path(char *out, size_t size)
{
	static const char gone[] = " (deleted)";
	ssize_t n = readlink("/proc/self/exe", out, size - 1);

	if (n < 0)
		return ERR_SYSTEM;
	out[n] = '\0';
	/* after an upgrade the new program stands under the old name */
	if ((size_t)n > strlen(gone) && strcmp(out + n - strlen(gone), gone) == 0)
		out[(size_t)n - strlen(gone)] = '\0';
	return ERR_NONE;
}

static bool systemd_runs(void)
{
	struct stat st;

	return stat("/run/systemd/system", &st) == 0;
}

static enum err arm_unit(const struct tx *t, const char *self)
{
	char unit[64], after[64], id[16];
	const char *argv[] = { "systemd-run",
			       "--quiet",
			       "--collect",
			       "--unit",
			       unit,
			       "--timer-property=AccuracySec=1s",
			       "--description=put back what sallyport changed unless it is confirmed",
			       after,
			       "--",
			       self,
			       "rollback",
			       "--when-due",
			       id,
			       NULL };
	struct child_result r = { 0 };
	enum err e;

	unit_name(t, unit, sizeof unit);
	snprintf(after, sizeof after, "--on-active=%lus", timer_left(t) ? timer_left(t) : 1ul);
	snprintf(id, sizeof id, "%u", t->id);
	e = child_run(argv, NULL, 15000, 1u << 16, &r);
	if (e == ERR_NONE && r.status != 0)
		e = ERR_CHILD;
	child_result_free(&r);
	return e ? e : mark_write(t, MARK_UNIT "\n");
}

NORETURN static void timer_process(const struct tx *t)
{
	char id[16];
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	sigset_t none;

	snprintf(id, sizeof id, "%u", t->id);
	setsid();
	if (null < 0 || dup2(null, 0) < 0 || dup2(null, 1) < 0 || dup2(null, 2) < 0 || chdir("/"))
		_exit(1);
	close_range(3, ~0u, 0); /* the lock above all */
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGHUP, SIG_IGN);
	/* this very program, also where an upgrade has put another one in its place */
	execl("/proc/self/exe", "sallyport", "rollback", "--when-due", id, (char *)NULL);
	_exit(1);
}

/* Twice forked, so that nobody has to wait for it; the pid comes back through a pipe. */
static enum err start_process(const struct tx *t, pid_t *pid)
{
	int fds[2], status;
	pid_t middle, timer = -1;
	ssize_t n;

	if (pipe2(fds, O_CLOEXEC))
		return ERR_SYSTEM;
	middle = fork();
	if (middle == 0) {
		timer = fork();
		if (timer == 0)
			timer_process(t);
		n = write(fds[1], &timer, sizeof timer);
		_exit(n == sizeof timer ? 0 : 1);
	}
	file_close(fds[1]);
	if (middle < 0) {
		file_close(fds[0]);
		return ERR_SYSTEM;
	}
	n = read(fds[0], &timer, sizeof timer);
	file_close(fds[0]);
	while (waitpid(middle, &status, 0) < 0 && errno == EINTR)
		;
	if (n != sizeof timer || timer <= 0)
		return ERR_CHILD;
	*pid = timer;
	return ERR_NONE;
}

enum err timer_arm(const struct tx *t)
{
	char self[4096], line[64];
	unsigned long long start;
	pid_t pid;
	enum err e;

	if ((e = own_path(self, sizeof self)))
		return e;
	if (systemd_runs() && arm_unit(t, self) == ERR_NONE)
		return ERR_NONE;
	if ((e = start_process(t, &pid)))
		return e;
	start = start_time(pid);
	if (start == 0)
		return ERR_CHILD; /* dead already */
	snprintf(line, sizeof line, "%ld %llu\n", (long)pid, start);
	return mark_write(t, line);
}

static bool unit_alive(const struct tx *t)
{
	char unit[64], timer[72];
	const char *argv[] = { "systemctl", "is-active", "--quiet", timer, NULL };
	struct child_result r = { 0 };
	bool alive;

	unit_name(t, unit, sizeof unit);
	snprintf(timer, sizeof timer, "%s.timer", unit);
	alive = child_run(argv, NULL, 10000, 1u << 12, &r) == ERR_NONE && r.status == 0;
	child_result_free(&r);
	return alive;
}

bool timer_alive(const struct tx *t)
{
	struct mark m;

	if (!mark_read(t, &m))
		return false;
	if (m.unit)
		return unit_alive(t);
	return m.start != 0 && start_time(m.pid) == m.start;
}

void timer_disarm(const struct tx *t)
{
	char path[64], unit[64], timer[72];
	const char *argv[] = { "systemctl", "stop", timer, NULL };
	struct child_result r = { 0 };
	struct mark m = { 0 };

	if (mark_read(t, &m) && m.unit) {
		unit_name(t, unit, sizeof unit);
		snprintf(timer, sizeof timer, "%s.timer", unit);
		if (child_run(argv, NULL, 10000, 1u << 12, &r) == ERR_NONE)
			child_result_free(&r);
	} else if (m.pid > 1 && m.pid != getpid() && m.start != 0 && start_time(m.pid) == m.start) {
		kill((pid_t)m.pid, SIGTERM);
	}
	mark_path(t, path, sizeof path);
	unlink(path);
}

bool timer_due(const struct tx *t)
{
	char boot[37];

	if (t->confirm_seconds == 0)
		return false;
	clock_boot_id(boot);
	return strcmp(boot, t->boot_id) != 0 || clock_boot_ms() >= t->deadline_boot_ms;
}

unsigned long timer_left(const struct tx *t)
{
	uint64_t now = clock_boot_ms();

	if (timer_due(t) || t->deadline_boot_ms <= now)
		return 0;
	return (unsigned long)((t->deadline_boot_ms - now + 999) / 1000);
}

void timer_sleep(const struct tx *t)
{
	struct timespec until = { .tv_sec = (time_t)(t->deadline_boot_ms / 1000),
				  .tv_nsec = (long)(t->deadline_boot_ms % 1000) * 1000000L };

	if (timer_due(t))
		return;
	while (clock_nanosleep(CLOCK_BOOTTIME, TIMER_ABSTIME, &until, NULL) == EINTR)
		;
}
