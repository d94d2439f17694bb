/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_sandbox.c - whoever has locked himself in can do what he was left and nothing else; tried in children. */
#include "base/scratch.h"

#include "base/macros.h"
#include "gate/sandbox.h"

#include <errno.h>
#include <poll.h>
#include <pwd.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <sys/capability.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "base/banned.h"

#define USER "nobody" /* there is one everywhere */

static void need_root(void)
{
	if (geteuid() != 0) {
		print_message("# skipped: only root changes users\n");
		skip();
	}
}

/* ---- what is tried: 0, or the reason ---- */

static int result(long got)
{
	return got < 0 ? errno : 0;
}

static int try_open(void)
{
	return result(open("/etc/passwd", O_RDONLY | O_CLOEXEC));
}

static int try_create(void)
{
	return result(open("/tmp", O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600));
}

static int try_socket(void)
{
	return result(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
}

static int try_connect(void)
{
	const struct sockaddr_un a = { .sun_family = AF_UNIX, .sun_path = "/run/nobody" };

	return result(connect(STDIN_FILENO, (const struct sockaddr *)&a, sizeof a));
}

static int try_execute(void)
{
	char *const argv[] = { (char *)"true", NULL }, *const none[] = { NULL };

	return result(execve("/bin/true", argv, none));
}

static int try_fork(void)
{
	return result(syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL));
}

static int try_ptrace(void)
{
	return result(ptrace(PTRACE_TRACEME, 0, NULL, NULL));
}

static int try_kill_parent(void)
{
	return result(kill(getppid(), 0));
}

static int try_root(void)
{
	return result(setresuid(0, 0, 0));
}

static int try_chroot(void)
{
	return result(chroot("/"));
}

static int try_unshare(void)
{
	return result(unshare(CLONE_NEWUSER));
}

static int try_map_file(void)
{
	return mmap(NULL, 1, PROT_READ, MAP_PRIVATE, STDIN_FILENO, 0) == MAP_FAILED ? errno : 0;
}

static int try_map_code(void)
{
	return mmap(NULL, 1, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED ? errno : 0;
}

static int try_make_code(void)
{
	static uint8_t page[8192];

	return result(mprotect((void *)(((uintptr_t)page + 4095) & ~(uintptr_t)4095), 4096, PROT_READ | PROT_EXEC));
}

static int try_map_memory(void)
{
	return mmap(NULL, 1, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED ? errno : 0;
}

/* ---- in a child ---- */

/* By the bare call: sanitizers do more at _exit(2), which no sandbox lets them. */
static void leave(int status)
{
	syscall(SYS_exit_group, status);
}

/* Locks a child in and tells what 'attempt' came to there; -1: it could not be locked in, -N: signal N ended it. */
static int tried(const struct sandbox *s, int (*attempt)(void))
{
	int status = 0;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (!pid) {
		const int in = open("/dev/null", O_RDONLY | O_CLOEXEC);

		(void)dup2(in, STDIN_FILENO);
		leave(sandbox_enter(s, NULL, NULL) ? 255 : attempt());
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (WIFSIGNALED(status))
		return -WTERMSIG(status);
	return WEXITSTATUS(status) == 255 ? -1 : WEXITSTATUS(status);
}

static const int few[] = { SCMP_SYS(write),    SCMP_SYS(exit_group), SCMP_SYS(mmap),
			   SCMP_SYS(mprotect), SCMP_SYS(getppid),    -1 };

/* All that is tried here, so that the other locks must hold alone. */
static const int many[] = {
	SCMP_SYS(write),
	SCMP_SYS(read),
	SCMP_SYS(close),
	SCMP_SYS(exit_group),
	SCMP_SYS(openat),
	SCMP_SYS(open),
	SCMP_SYS(execve),
	SCMP_SYS(kill),
	SCMP_SYS(getppid),
	SCMP_SYS(setresuid),
	SCMP_SYS(chroot),
	SCMP_SYS(newfstatat),
	SCMP_SYS(fstat),
	SCMP_SYS(lseek),
	SCMP_SYS(mmap),
	SCMP_SYS(munmap),
	SCMP_SYS(mprotect),
	SCMP_SYS(getresuid),
	SCMP_SYS(poll),
	SCMP_SYS(ppoll),
	SCMP_SYS(chmod),
	SCMP_SYS(fchmodat),
	-1,
};

static void forbidden_calls_fail(void **state)
{
	static const struct {
		const char *name;
		int (*attempt)(void);
	} cases[] = {
		{ "open", try_open },	      { "create", try_create },	      { "socket", try_socket },
		{ "connect", try_connect },   { "execute", try_execute },     { "fork", try_fork },
		{ "ptrace", try_ptrace },     { "kill", try_kill_parent },    { "setresuid", try_root },
		{ "chroot", try_chroot },     { "unshare", try_unshare },     { "map a file", try_map_file },
		{ "map code", try_map_code }, { "make code", try_make_code },
	};
	const struct sandbox box = { .user = USER, .calls = few };

	need_root();
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const int got = tried(&box, cases[i].attempt);

		if (got != EPERM)
			fail_msg("%s: %d", cases[i].name, got);
	}
	assert_int_equal(tried(&box, try_map_memory), 0);
}

static bool has_landlock(void)
{
	return syscall(SYS_landlock_create_ruleset, NULL, 0, 1u) >= 1;
}

static void the_other_locks_hold_where_seccomp_would_not(void **state)
{
	const struct sandbox box = { .user = USER, .calls = many };

	need_root();
	assert_int_equal(tried(&box, try_kill_parent), EPERM);
	assert_int_equal(tried(&box, try_root), EPERM);
	assert_int_equal(tried(&box, try_chroot), EPERM);
	if (!has_landlock()) {
		print_message("# skipped: this kernel has no Landlock\n");
		skip();
	}
	assert_int_equal(tried(&box, try_open), EACCES);
	assert_int_equal(tried(&box, try_create), EACCES);
	assert_int_equal(tried(&box, try_execute), EACCES);
}

static void who_stays_root_has_no_power_left(void **state)
{
	const struct sandbox box = { .calls = many };

	need_root();
	assert_int_equal(tried(&box, try_chroot), EPERM);
	if (has_landlock())
		assert_int_equal(tried(&box, try_open), EACCES);
}

/* ---- paths ---- */

static char inside[SCRATCH_DIR + 16];

static int try_read_inside(void)
{
	return result(open(inside, O_RDONLY | O_CLOEXEC));
}

static int try_write_inside(void)
{
	return result(open(inside, O_WRONLY | O_TRUNC | O_CLOEXEC));
}

static int try_open_to_others(void)
{
	return chmod(inside, 0755) ? -1 : result(chmod(inside, 0775));
}

static int try_run_as_owner(void)
{
	return result(chmod(inside, 04755));
}

static int try_run_inside(void)
{
	char *const argv[] = { inside, NULL }, *const none[] = { NULL };

	return result(execve(inside, argv, none));
}

static void paths_are_open_as_far_as_they_are_given(void **state)
{
	char dir[SCRATCH_DIR];
	const struct {
		bool write, execute;
		int reads, writes, runs;
	} cases[] = {
		{ false, false, 0, EACCES, EACCES },
		{ true, false, 0, 0, EACCES },
		{ false, true, 0, EACCES, 0 },
	};

	need_root();
	if (!has_landlock()) {
		print_message("# skipped: this kernel has no Landlock\n");
		skip();
	}
	scratch_make(dir);
	snprintf(inside, sizeof inside, "%s/file", dir);
	scratch_write(inside, "");
	assert_int_equal(chmod(dir, 0755), 0);
	assert_int_equal(chown(inside, getpwnam(USER)->pw_uid, (gid_t)-1) | chmod(inside, 0777), 0);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct sandbox_path paths[] = { { "/nonexistent/path", true, cases[i].execute },
						      { dir, cases[i].write, cases[i].execute },
						      { 0 } };
		const struct sandbox box = { .user = USER, .paths = paths, .calls = many };

		assert_int_equal(tried(&box, try_read_inside), cases[i].reads);
		assert_int_equal(tried(&box, try_write_inside), cases[i].writes);
		/* an empty file gets past the locks and is no program */
		assert_int_equal(tried(&box, try_run_inside), cases[i].runs ? cases[i].runs : ENOEXEC);
		assert_int_equal(tried(&box, try_open), EACCES);
		assert_int_equal(tried(&box, try_open_to_others), EPERM);
		assert_int_equal(tried(&box, try_run_as_owner), EPERM);
		assert_int_equal(tried(&box, try_map_code), cases[i].runs ? EPERM : 0);
		assert_int_equal(tried(&box, try_map_file), ENODEV); /* of /dev/null's driver: it may be tried */
	}
	scratch_remove(dir);
}

/* ---- what the kernel says of one who is locked in ---- */

/* The line NAME of /proc/self/status of a child that is locked in. */
static void status_of(const struct sandbox *s, const char *name, char *out, size_t size)
{
	char all[4096];
	int ends[2], status;
	pid_t pid;
	ssize_t n;
	char *line;

	assert_int_equal(pipe(ends), 0);
	assert_true((pid = fork()) >= 0);
	if (!pid) {
		const int fd = open("/proc/self/status", O_RDONLY | O_CLOEXEC);

		if (sandbox_enter(s, NULL, NULL) || (n = read(fd, all, sizeof all)) <= 0 ||
		    write(ends[1], all, (size_t)n) != n)
			leave(1);
		leave(0);
	}
	close(ends[1]);
	n = read(ends[0], all, sizeof all - 1);
	close(ends[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_true(n > 0);
	all[n] = '\0';
	assert_non_null(line = strstr(all, name));
	line += strlen(name);
	snprintf(out, size, "%.*s", (int)strcspn(line, "\n"), line);
}

static void nothing_of_root_is_left(void **state)
{
	static const struct {
		const char *name, *value;
	} cases[] = {
		{ "\nCapInh:\t", "0000000000000000" },
		{ "\nCapPrm:\t", "0000000000001000" },
		{ "\nCapEff:\t", "0000000000001000" },
		{ "\nCapBnd:\t", "0000000000001000" },
		{ "\nCapAmb:\t", "0000000000000000" },
		{ "\nNoNewPrivs:\t", "1" },
		{ "\nSeccomp:\t", "2" },
	};
	const struct sandbox box = { .user = USER, .capabilities = 1ULL << CAP_NET_ADMIN, .calls = many };
	char got[256];

	need_root();
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		status_of(&box, cases[i].name, got, sizeof got);
		assert_string_equal(got, cases[i].value);
	}
	status_of(&box, "\nGroups:", got, sizeof got);
	assert_int_equal(strspn(got, "\t "), strlen(got));
	status_of(&box, "\nUid:", got, sizeof got);
	assert_null(strstr(got, "\t0"));
}

static void a_user_that_is_not_there_is_no_way_in(void **state)
{
	const struct sandbox box = { .user = "sallyport no such user", .calls = few };
	int status;
	pid_t pid;

	need_root();
	assert_true((pid = fork()) >= 0);
	if (!pid) {
		const char *what = NULL;

		if (sandbox_enter(&box, &what, NULL) != ERR_NOT_FOUND || !what || strcmp(what, "account") != 0)
			leave(1);
		leave(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

/* The parent has asked for it, but a change of user takes it back. */
static void it_dies_with_its_parent(void **state)
{
	const struct sandbox box = { .user = USER, .calls = many };
	struct pollfd alive;
	int life[2], ready[2], forever[2];
	pid_t parent;
	char byte;

	need_root();
	assert_int_equal(pipe(life) | pipe(ready) | pipe(forever), 0);
	assert_true((parent = fork()) >= 0);
	if (!parent) {
		if (!fork()) {
			close(life[0]);
			if (!sandbox_enter(&box, NULL, NULL) && write(ready[1], "R", 1) == 1)
				(void)!read(forever[0], &byte, 1);
			leave(0);
		}
		(void)!read(forever[0], &byte, 1);
		leave(0);
	}
	close(life[1]);
	close(ready[1]);
	assert_int_equal(read(ready[0], &byte, 1), 1);
	assert_int_equal(kill(parent, SIGKILL), 0);
	assert_int_equal(waitpid(parent, NULL, 0), parent);
	alive = (struct pollfd){ .fd = life[0], .events = POLLIN };
	assert_int_equal(poll(&alive, 1, 10000), 1);
	assert_true(alive.revents & POLLHUP);
	close(life[0]);
	close(ready[0]);
	close(forever[0]);
	close(forever[1]);
}

#ifdef __x86_64__
/* getpid(2) of the 32-bit kind, whose numbers mean other calls. */
static int try_other_architecture(void)
{
	long got = 20;

	(void)signal(SIGSEGV, SIG_DFL); /* what comes of it where there are none */
	__asm__ volatile("int $0x80" : "+a"(got) : : "memory", "r8", "r9", "r10", "r11");
	return got > 0 ? 0 : ENOSYS;
}

static void calls_of_another_architecture_kill(void **state)
{
	const struct sandbox box = { .user = USER, .calls = many };
	int status;
	pid_t pid;

	need_root();
	assert_true((pid = fork()) >= 0);
	if (!pid)
		leave(try_other_architecture());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (status != 0) {
		print_message("# skipped: this kernel runs no 32-bit programs\n");
		skip();
	}
	assert_int_equal(tried(&box, try_other_architecture), -SIGSYS);
}
#endif

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(forbidden_calls_fail),
		cmocka_unit_test(the_other_locks_hold_where_seccomp_would_not),
		cmocka_unit_test(who_stays_root_has_no_power_left),
		cmocka_unit_test(paths_are_open_as_far_as_they_are_given),
		cmocka_unit_test(nothing_of_root_is_left),
		cmocka_unit_test(a_user_that_is_not_there_is_no_way_in),
		cmocka_unit_test(it_dies_with_its_parent),
#ifdef __x86_64__
		cmocka_unit_test(calls_of_another_architecture_kill),
#endif
	};

	return cmocka_run_group_tests_name("gate/sandbox", tests, NULL, NULL);
}
