/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gate_service.c - find, start, reload and end the daemon of the gate. */
#include "harden/gate_service.h"

#include "audit/process.h"
#include "base/child.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/text.h"
#include "gate/control.h"
#include "harden/gate_settings.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/banned.h"

#define UNIT "sallyportd.service"
#define TABLE_UNIT "sallyport-firewall.service"
#define MANAGER_MS 40000
#define SERVE_MS 20000
#define END_MS 15000
#define LOOK_MS 50

const char gate_program[] = SALLYPORT_SBINDIR "/sallyportd";

static void rest(void)
{
	nanosleep(&(struct timespec){ .tv_nsec = LOOK_MS * 1000000L }, NULL);
}

/* Runs it; what it said first goes to *complaint where it fails. */
static enum err run(const char *const argv[], char **complaint)
{
	struct child_result r = { 0 };
	enum err e = child_run(argv, NULL, MANAGER_MS, 1u << 16, &r);

	if (e == ERR_NONE && r.status != 0) {
		const char *said = r.err.len ? text_string(&r.err) : text_string(&r.out);
		struct text t = { 0 };

		text_add(&t, "%s: ", argv[0]);
		text_add_escaped(&t, said, strcspn(said, "\n"));
		free(*complaint);
		*complaint = text_take(&t);
		e = ERR_CHILD;
	}
	child_result_free(&r);
	return e;
}

static bool answers_yes(const char *const argv[])
{
	struct child_result r = { 0 };
	bool yes = child_run(argv, NULL, MANAGER_MS, 1u << 16, &r) == ERR_NONE && r.status == 0;

	child_result_free(&r);
	return yes;
}

static bool systemd_runs(void)
{
	struct stat st;

	return stat("/run/systemd/system", &st) == 0;
}

/* The kernel tells who began to listen on that socket: the parent of the roles. */
static enum err find_process(struct gate_service *out)
{
	struct ucred peer = { 0 };
	socklen_t len = sizeof peer;
	int fd = -1;
	enum err e = control_open(CONTROL_PATH, &fd);

	if (e)
		return e == ERR_NOT_FOUND ? ERR_NONE : e;
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) == 0 && peer.pid > 1) {
		out->runs = true;
		out->pid = peer.pid;
	}
	file_close(fd);
	return ERR_NONE;
}

enum err gate_service_find(struct gate_service *out)
{
	static const char *const installed[] = { "systemctl", "cat", UNIT, NULL };
	static const char *const enabled[] = { "systemctl", "is-enabled", "--quiet", UNIT, NULL };
	struct gate_service s = { 0 };
	enum err e = find_process(&s);

	if (systemd_runs()) {
		s.managed = answers_yes(installed);
		s.enabled = s.managed && answers_yes(enabled);
	}
	*out = s;
	return e;
}

bool gate_service_has_table(void)
{
	static const char *const argv[] = { "nft", "list", "table", "inet", "sallyport", NULL };
	struct child_result r = { 0 };
	const bool ran = child_run(argv, NULL, MANAGER_MS, 1u << 24, &r) == ERR_NONE;
	/* whatever else it says is no answer */
	const bool hasnt = ran && r.status != 0 && strstr(text_string(&r.err), "No such file");

	child_result_free(&r);
	return !hasnt;
}

/* ---- start ---- */

NORETURN static void daemon_process(void)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	sigset_t none;

	setsid();
	if (null < 0 || dup2(null, 0) < 0 || dup2(null, 1) < 0 || dup2(null, 2) < 0 || chdir("/"))
		_exit(1);
	close_range(3, ~0u, 0); /* the lock above all */
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	execl(gate_program, "sallyportd", (char *)NULL);
	_exit(127);
}

/* Twice forked: it outlives us and is nobody's child. */
static enum err start_process(char **complaint)
{
	int status;
	pid_t middle;

	if (access(gate_program, X_OK)) {
		*complaint = strdup(SALLYPORT_SBINDIR "/sallyportd is not there");
		return ERR_NOT_FOUND;
	}
	middle = fork();
	if (middle < 0)
		return ERR_SYSTEM;
	if (middle == 0) {
		pid_t pid = fork();

		if (pid == 0)
			daemon_process();
		_exit(pid > 0 ? 0 : 1);
	}
	while (waitpid(middle, &status, 0) < 0 && errno == EINTR)
		;
	return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? ERR_NONE : ERR_SYSTEM;
}

static enum err start(const struct gate_service *s, char **complaint)
{
	static const char *const argv[] = { "systemctl", "start", TABLE_UNIT, UNIT, NULL };

	return s->managed ? run(argv, complaint) : start_process(complaint);
}

/* As its unit does it; also for one that somebody has started beside that. */
static enum err reload(const struct gate_service *s)
{
	return kill(s->pid, SIGHUP) ? ERR_SYSTEM : ERR_NONE;
}

/* What it says of itself; false: it does not answer. */
static bool ask_status(struct control_status *out)
{
	struct control_entry *entries = NULL;
	size_t n = 0;
	int fd = -1;
	enum err e = control_open(CONTROL_PATH, &fd);

	if (e == ERR_NONE)
		e = control_who(fd, &entries, &n, out);
	free(entries);
	file_close(fd);
	return e == ERR_NONE;
}

static char *does_not_serve(const struct gate_service *s)
{
	return strdup(s->managed ? "it does not serve by these settings: journalctl -u sallyportd"
				 : "it does not serve by these settings: its log says why (syslog, auth)");
}

enum err gate_service_serve(bool open, char **complaint)
{
	const uint64_t end = clock_boot_ms() + SERVE_MS;
	struct control_status before = { 0 }, now = { 0 };
	struct gate_service s;
	enum err e = gate_service_find(&s);

	*complaint = NULL;
	/* until others have taken over, those that served before answer, by the old settings */
	while (e == ERR_NONE && s.runs && !ask_status(&before)) {
		if (clock_boot_ms() > end) {
			*complaint = strdup("it does not answer");
			return ERR_TIMEOUT;
		}
		rest();
	}
	if (e == ERR_NONE)
		e = s.runs ? reload(&s) : start(&s, complaint);
	while (e == ERR_NONE &&
	       !(ask_status(&now) && now.started_boot_ms != before.started_boot_ms && now.held_open == open)) {
		if (clock_boot_ms() > end) {
			*complaint = does_not_serve(&s);
			return ERR_TIMEOUT;
		}
		rest();
	}
	return e;
}

enum err gate_service_enable(char **complaint)
{
	static const char *const argv[] = { "systemctl", "enable", "--quiet", TABLE_UNIT, UNIT, NULL };
	struct gate_service s;
	enum err e = gate_service_find(&s);

	*complaint = NULL;
	return e || !s.managed || s.enabled ? e : run(argv, complaint);
}

/* ---- end ---- */

/* SIGTERM, and where that does not help SIGKILL: its roles end with it. */
static enum err end_process(pid_t pid, char **complaint)
{
	static const int signals[] = { SIGTERM, SIGKILL };

	for (size_t i = 0; i < ARRAY_SIZE(signals); i++) {
		const uint64_t end = clock_boot_ms() + END_MS;

		if (kill(pid, signals[i]) && errno != ESRCH)
			return ERR_SYSTEM;
		while (clock_boot_ms() <= end) {
			if (kill(pid, 0))
				return ERR_NONE;
			rest();
		}
	}
	free(*complaint);
	*complaint = strdup("sallyportd does not end");
	return ERR_TIMEOUT;
}

/* By its manager, also one that does not answer; and whatever answers then: the manager may be ill, or not have started it. */
static enum err stop(const struct gate_service *s, char **complaint)
{
	static const char *const argv[] = { "systemctl", "stop", UNIT, TABLE_UNIT, NULL };
	struct gate_service left = { 0 };
	enum err managed = s->managed ? run(argv, complaint) : ERR_NONE, e = find_process(&left);

	if (e || !left.runs)
		return managed;
	e = end_process(left.pid, complaint);
	return managed ? managed : e;
}

static enum err disable(const struct gate_service *s, char **complaint)
{
	static const char *const argv[] = { "systemctl", "disable", "--quiet", TABLE_UNIT, UNIT, NULL };

	return s->enabled ? run(argv, complaint) : ERR_NONE;
}

/* ---- an upgrade ---- */

bool gate_service_current(const struct gate_service *s)
{
	return process_runs(s->pid, gate_program);
}

static enum err start_anew(const struct gate_service *s, char **complaint)
{
	static const char *const argv[] = { "systemctl", "restart", UNIT, NULL };
	enum err e;

	/* in one: the manager keeps the socket that the table belongs to */
	if (s->managed && s->runs)
		return run(argv, complaint);
	e = stop(s, complaint);
	return e ? e : start(s, complaint);
}

enum err gate_service_renew(bool *renewed, char **complaint)
{
	struct gate_service s;
	struct control_status status;
	uint64_t end;
	enum err e = gate_service_find(&s);

	*complaint = NULL;
	*renewed = false;
	if (e || (s.runs && gate_service_current(&s)) ||
	    (!s.runs && (access(GATE_SETTINGS, F_OK) || !gate_service_has_table())))
		return e;
	if ((e = start_anew(&s, complaint)))
		return e;
	end = clock_boot_ms() + SERVE_MS;
	while (!ask_status(&status)) {
		if (clock_boot_ms() > end) {
			*complaint = does_not_serve(&s);
			return ERR_TIMEOUT;
		}
		rest();
	}
	*renewed = true;
	return ERR_NONE;
}

/* Our program may be in the middle of an upgrade: then by nft(8). */
static enum err remove_table(char **complaint)
{
	const char *const ours[] = { gate_program, "-R", NULL };
	static const char *const table[] = { "nft", "delete", "table", "inet", "sallyport", NULL };
	static const char *const guard[] = { "nft", "delete", "table", "inet", "sallyport-guard", NULL };
	enum err e = run(ours, complaint);

	if (!e)
		return e;
	(void)!answers_yes(table);
	(void)!answers_yes(guard);
	return gate_service_has_table() ? e : ERR_NONE;
}

/* All that can be done is done, whatever fails: each step brings somebody nearer to getting in. */
enum err gate_service_end(char **complaint)
{
	struct gate_service s = { 0 };
	enum err e = gate_service_find(&s), stopped, disabled, removed;

	*complaint = NULL;
	disabled = disable(&s, complaint);
	stopped = stop(&s, complaint);
	removed = remove_table(complaint);
	if (!e)
		e = removed ? removed : stopped ? stopped : disabled;
	return e;
}

enum err gate_service_return(const struct tx_gate *was, char **complaint)
{
	/* at boot a start that is waited for would wait for us */
	static const char *const argv[] = { "systemctl", "start", "--no-block", TABLE_UNIT, UNIT, NULL };
	struct gate_service s;
	enum err e;

	if (!was->ran)
		return gate_service_end(complaint);
	*complaint = NULL;
	if ((e = gate_service_find(&s)))
		return e;
	if (s.runs)
		e = reload(&s);
	else
		e = s.managed ? run(argv, complaint) : start_process(complaint);
	return e || was->enabled ? e : disable(&s, complaint);
}
