/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * start.c - three processes: the guard makes the namespaces, the keeper is their first process and has the jail as its root, and each
 * program is begun by one that has become the user for good. When the keeper ends, all that is left in there ends with it.
 */
#include "jail/start.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/mounts.h"
#include "base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <linux/capability.h>
#include <linux/keyctl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/banned.h"

#define ALL_MS 120000
#define ONE_MS 10000
#define END_MS 2000	/* for the guard to end, which it does at once */
#define LOOK_EVERY_MS 5 /* whether it did */
#define SAID_MAX 32768	/* of one loader: it names every library */
#define WHY_MAX 600
#define MEMORY ((rlim_t)1 << 31)
#define PROCESSOR_SECONDS 5
#define PATH_OF_JAIL "/usr/local/bin:/usr/bin:/bin"

/* What the keeper tells us of each program, followed by the text. */
struct answer {
	uint32_t at, verdict, len;
};

/* Errors of a child before its program was executed. */
struct hitch {
	int step, number;
};
enum { STEP_BECOME, STEP_HOLD, STEP_EXECUTE };

/* ---- the program's process ---- */

static void close_others(int keep)
{
	/* keep is marked to be closed when the program is executed; all others go now */
	if (syscall(SYS_dup3, keep, 3, O_CLOEXEC) < 0 && keep != 3)
		_exit(127);
	if (syscall(SYS_close_range, 4u, ~0u, 0u))
		for (int fd = 4; fd < 1024; fd++)
			close(fd);
}

static void limit(int what, rlim_t most)
{
	const struct rlimit l = { most, most };

	(void)setrlimit(what, &l);
}

/* For good: another user, no capability, and none to be had by executing anything. */
static bool become(uid_t uid, gid_t gid)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct none[2] = { { 0 } };

	limit(RLIMIT_AS, MEMORY);
	limit(RLIMIT_CPU, PROCESSOR_SECONDS);
	limit(RLIMIT_CORE, 0);
	limit(RLIMIT_FSIZE, 0);
	limit(RLIMIT_NOFILE, 64);
	/* not dumpable: until the program is executed the user must not trace it, who would see what it has of our memory */
	return setsid() >= 0 && !setgroups(0, NULL) && !setresgid(gid, gid, gid) &&
	       !prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) && !setresuid(uid, uid, uid) &&
	       !prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) && !syscall(SYS_capset, &head, none);
}

static void hitch_say(int step)
{
	const struct hitch h = { step, errno };

	if (write(3, &h, sizeof h) != sizeof h)
		_exit(126);
	_exit(127);
}

/* Never returns. out: standard output and error of the program. held: it stops before its first instruction. */
static void NORETURN program_begin(const char *const argv[], uid_t uid, gid_t gid, int null, int out, int report,
				   bool held)
{
	static const char *const env[] = { "PATH=" PATH_OF_JAIL, "LC_ALL=C", NULL };

	if (dup2(null, 0) < 0 || dup2(out, 1) < 0 || dup2(out, 2) < 0)
		_exit(127);
	close_others(report);
	if (!become(uid, gid))
		hitch_say(STEP_BECOME);
	if (held && ptrace(PTRACE_TRACEME, 0, NULL, NULL))
		hitch_say(STEP_HOLD);
	execve(argv[0], (char *const *)argv, (char *const *)env);
	hitch_say(STEP_EXECUTE);
	_exit(127);
}

/* ---- the keeper ---- */

struct keeper {
	uid_t uid;
	gid_t gid;
	int null, report;
};

static void tell(const struct keeper *k, size_t at, enum start_verdict verdict, const char *format, ...) FORMAT(4, 5);

static void tell(const struct keeper *k, size_t at, enum start_verdict verdict, const char *format, ...)
{
	char why[WHY_MAX];
	struct answer a = { (uint32_t)at, verdict, 0 };
	va_list ap;
	int n;

	va_start(ap, format);
	n = vsnprintf(why, sizeof why, format, ap);
	va_end(ap);
	a.len = n < 0 ? 0 : (size_t)n < sizeof why ? (uint32_t)n : sizeof why - 1;
	if (file_write_all(k->report, &a, sizeof a) || file_write_all(k->report, why, a.len))
		_exit(1);
}

/* Reads at most size bytes until the other side closes, or for so long. *len: how many. false: it took too long. */
static bool read_until_end(int fd, char *to, size_t size, size_t *len)
{
	const uint64_t until = clock_boot_ms() + ONE_MS;
	char scrap[4096];

	*len = 0;
	for (;;) {
		const uint64_t now = clock_boot_ms();
		struct pollfd p = { .fd = fd, .events = POLLIN };
		const bool full = *len == size;
		ssize_t n;

		if (now >= until || poll(&p, 1, (int)(until - now)) == 0)
			return false;
		n = full ? read(fd, scrap, sizeof scrap) : read(fd, to + *len, size - *len);
		if (n == 0 || (n < 0 && errno != EINTR && errno != EAGAIN))
			return true;
		*len += n > 0 && !full ? (size_t)n : 0;
	}
}

/* Its exit status, or 128 and the signal; what it left behind ends with the namespace. */
static int reap(pid_t child)
{
	int status = 0;

	while (waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	if (WIFSTOPPED(status)) {
		kill(child, SIGKILL);
		while (waitpid(child, &status, 0) < 0 && errno == EINTR)
			;
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* Begins it; *report and *out are what can be read from it. */
static pid_t spawn(const struct keeper *k, const char *const argv[], bool held, int *report, int *out)
{
	int hitches[2], said[2];
	pid_t child;

	if (pipe2(hitches, O_CLOEXEC))
		return -1;
	if (pipe2(said, O_CLOEXEC)) {
		file_close(hitches[0]);
		file_close(hitches[1]);
		return -1;
	}
	child = fork();
	if (child == 0)
		program_begin(argv, k->uid, k->gid, k->null, held ? k->null : said[1], hitches[1], held);
	file_close(hitches[1]);
	file_close(said[1]);
	*report = hitches[0];
	*out = said[0];
	return child;
}

static void say_hitch(const struct keeper *k, size_t at, const struct hitch *h, const char *program)
{
	if (h->step == STEP_EXECUTE)
		tell(k, at, START_NOT,
		     h->number == ENOENT ? "%s or the interpreter it names is not there: %s" : "%s: %s", program,
		     strerror(h->number));
	else
		tell(k, at, START_UNSURE, "it was not tried: %s", strerror(h->number));
}

/* Whether the kernel executes it; says so if not. */
static bool is_executed(const struct keeper *k, size_t at, const struct start *s)
{
	const char *const argv[] = { s->path, NULL };
	struct hitch h;
	size_t len = 0;
	int report = -1, out = -1, status = 0;
	pid_t child = spawn(k, argv, true, &report, &out);
	bool well = child > 0 && read_until_end(report, (char *)&h, sizeof h, &len);

	file_close(report);
	file_close(out);
	if (child < 0) {
		tell(k, at, START_UNSURE, "it was not tried: %s", strerror(errno));
		return false;
	}
	if (well && !len) {
		/* held at the first instruction, or dead: the kernel gave up half way */
		while (waitpid(child, &status, 0) < 0 && errno == EINTR)
			;
		well = WIFSTOPPED(status) && WSTOPSIG(status) == SIGTRAP;
		if (!WIFSTOPPED(status)) {
			tell(k, at, START_NOT, "the kernel ends it while it is loaded");
			return false;
		}
	}
	kill(child, SIGKILL);
	(void)reap(child);
	if (len == sizeof h)
		say_hitch(k, at, &h, s->path);
	else if (!well)
		tell(k, at, START_NOT, "it does not come to its first instruction");
	return well && !len;
}

/* The first line in which a loader complains, made a string; NULL: none. */
static char *complaint(char *said, size_t len)
{
	char *line, *rest = said;

	said[len] = '\0';
	while ((line = strsep(&rest, "\n"))) {
		const size_t n = strlen(line);

		if ((n > 12 && strcmp(line + n - 12, "=> not found") == 0) ||
		    strstr(line, " not found (required by ") || strncmp(line, "Error loading ", 14) == 0 ||
		    strncmp(line, "Error relocating ", 17) == 0 || strstr(line, "error while loading "))
			return line + strspn(line, " \t");
	}
	return NULL;
}

static bool has_libraries(const struct keeper *k, size_t at, const struct start *s)
{
	const char *const argv[] = { s->loader, "--list", s->path, NULL };
	static char said[SAID_MAX + 1];
	struct hitch h;
	size_t len = 0, hitched = 0;
	int report = -1, out = -1, status;
	pid_t child = spawn(k, argv, false, &report, &out);
	bool ended = child > 0 && read_until_end(report, (char *)&h, sizeof h, &hitched) && !hitched &&
		     read_until_end(out, said, SAID_MAX, &len);
	const char *says;

	file_close(report);
	file_close(out);
	if (child < 0) {
		tell(k, at, START_UNSURE, "it was not tried: %s", strerror(errno));
		return false;
	}
	if (!ended)
		kill(child, SIGKILL);
	status = reap(child);
	if (hitched == sizeof h) {
		say_hitch(k, at, &h, s->loader);
		return false;
	}
	says = complaint(said, len);
	if (says || !ended || status) {
		if (says)
			tell(k, at, START_NOT, "%s", says);
		else if (ended)
			tell(k, at, START_NOT, "%s ends with %d: %.300s", s->loader, status, said);
		else
			tell(k, at, START_NOT, "%s takes too long to find its libraries", s->loader);
		return false;
	}
	return true;
}

/* As env(1) looks it up. */
static bool is_in_path(const char *name)
{
	static const char *const folders[] = { "/usr/local/bin", "/usr/bin", "/bin" };
	char path[PATH_MAX];

	if (strchr(name, '/'))
		return access(name, X_OK) == 0;
	for (size_t i = 0; i < ARRAY_SIZE(folders); i++) {
		const int n = snprintf(path, sizeof path, "%s/%s", folders[i], name);

		if (n > 0 && (size_t)n < sizeof path && access(path, X_OK) == 0)
			return true;
	}
	return false;
}

/*
 * The user, who has the same uid as the programs, may take one over while its loader runs (ptrace(2), from the jail). Only his uid may read
 * and execute all that he may, so there must be nothing in it for him: no descriptor, no key and no mount of the host's.
 */
static bool enter(const char *dir)
{
	/* a kernel without keys has none to take */
	(void)syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL);
	if (chdir(dir))
		return false;
	/* on a root that is no mount of its own, as in a chroot or on an initramfs, there is only chroot(2) */
	if (!syscall(SYS_pivot_root, ".", "."))
		return !umount2(".", MNT_DETACH) && !chdir("/");
	return errno == EINVAL && !chroot(".") && !chdir("/");
}

static void NORETURN keeper_run(const struct keeper *k, const char *dir, const struct start *all, size_t n)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (!enter(dir))
		_exit(1);
	for (size_t i = 0; i < n; i++) {
		if (!is_executed(k, i, &all[i]) || (all[i].loader && !has_libraries(k, i, &all[i])))
			continue;
		if (all[i].found && !is_in_path(all[i].found))
			tell(k, i, START_NOT, "%s, which it is a script of, is not in the jail", all[i].found);
		else
			tell(k, i, START_WELL, "%s", "");
	}
	_exit(0);
}

/* ---- the guard ---- */

/* Read-only, and as it was with regard to what may be executed in it. */
static bool show(const char *dir)
{
	struct statvfs v;
	unsigned long flags = MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID;

	if (mounts_make_private() || mount(dir, dir, NULL, MS_BIND, NULL) || statvfs(dir, &v))
		return false;
	flags |= v.f_flag & ST_NOEXEC ? MS_NOEXEC : 0;
	flags |= v.f_flag & ST_NODEV ? MS_NODEV : 0;
	return !mount(NULL, dir, NULL, flags, NULL);
}

static void NORETURN guard_run(const struct keeper *k, const char *dir, const struct start *all, size_t n)
{
	struct answer none = { UINT32_MAX, 0, 0 };
	pid_t keeper;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (unshare(CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS) || !show(dir) ||
	    (keeper = fork()) < 0) {
		none.verdict = (uint32_t)errno;
		_exit(file_write_all(k->report, &none, sizeof none) ? 2 : 1);
	}
	if (keeper == 0)
		keeper_run(k, dir, all, n);
	file_close(k->report);
	_exit(reap(keeper));
}

/* ---- this process ---- */

/* Exactly so many bytes, or not: the keeper ended, or time is up. */
static enum err take(int fd, void *to, size_t len, uint64_t until)
{
	for (size_t got = 0; got < len;) {
		const uint64_t now = clock_boot_ms();
		struct pollfd p = { .fd = fd, .events = POLLIN };
		ssize_t n;

		if (now >= until || poll(&p, 1, (int)(until - now)) == 0)
			return ERR_TIMEOUT;
		n = read(fd, (char *)to + got, len - got);
		if (n == 0)
			return ERR_SHORT;
		if (n < 0 && errno != EINTR && errno != EAGAIN)
			return ERR_SYSTEM;
		got += n > 0 ? (size_t)n : 0;
	}
	return ERR_NONE;
}

static enum err take_answer(int fd, struct start *all, size_t n, uint64_t until)
{
	char why[WHY_MAX];
	struct answer a;
	enum err e = take(fd, &a, sizeof a, until);

	if (e)
		return e;
	if (a.at == UINT32_MAX) {
		errno = (int)a.verdict;
		return ERR_SYSTEM;
	}
	if (a.at >= n || a.verdict > START_NOT || a.len >= sizeof why)
		return ERR_SYNTAX;
	if ((e = take(fd, why, a.len, until)))
		return e;
	why[a.len] = '\0';
	free(all[a.at].why);
	all[a.at].verdict = (enum start_verdict)a.verdict;
	all[a.at].why = strdup(why);
	return all[a.at].why ? ERR_NONE : ERR_MEMORY;
}

static enum err take_answers(int fd, struct start *all, size_t n)
{
	const uint64_t until = clock_boot_ms() + ALL_MS;
	enum err e = ERR_NONE;

	while (!e)
		e = take_answer(fd, all, n, until);
	return e == ERR_SHORT ? ERR_NONE : e;
}

static bool ends(pid_t child, uint64_t milliseconds)
{
	const struct timespec pause = { .tv_nsec = LOOK_EVERY_MS * 1000000L };
	const uint64_t until = clock_boot_ms() + milliseconds;

	for (;;) {
		const pid_t got = waitpid(child, NULL, WNOHANG);

		if (got == child || (got < 0 && errno != EINTR))
			return true;
		if (clock_boot_ms() >= until)
			return false;
		nanosleep(&pause, NULL);
	}
}

/*
 * The keeper is the init of its namespace and ends after all in it: not while the user holds one of them, a fork of a loader that he took
 * over by ptrace(2), say, and no signal gets through to it then. The guard can be killed, and the keeper becomes the host's init's to
 * reap. It has no files, memory and mounts any more, only its number, until the user lets go. What hangs in a file system goes the same way.
 */
static void guard_end(pid_t guard)
{
	if (ends(guard, END_MS))
		return;
	kill(guard, SIGKILL);
	(void)ends(guard, END_MS);
}

enum err starts_try(const char *dir, uid_t uid, gid_t gid, struct start *all, size_t n)
{
	struct keeper k = { .uid = uid, .gid = gid };
	int ends[2] = { -1, -1 }, number;
	pid_t guard = -1;
	enum err e = ERR_SYSTEM;

	k.null = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (k.null < 0 || pipe2(ends, O_CLOEXEC))
		goto out;
	k.report = ends[1];
	guard = fork();
	if (guard == 0)
		guard_run(&k, dir, all, n);
	if (guard < 0)
		goto out;
	file_close(ends[1]);
	ends[1] = -1;
	e = take_answers(ends[0], all, n);
	number = errno;
	if (e)
		kill(guard, SIGKILL);
	guard_end(guard);
	errno = number;
out:
	file_close(k.null);
	file_close(ends[0]);
	file_close(ends[1]);
	return e;
}
