/* SPDX-License-Identifier: GPL-3.0-or-later */
/* child.c - run a program, collect what it says, and end it when it takes too long. */
#include "base/child.h"
#include "base/file.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "base/banned.h"

#define SEARCH_PATH "/usr/sbin:/usr/bin:/sbin:/bin"
#define SSHD_PATH "/usr/bin:/bin:/usr/sbin:/sbin" /* _PATH_STDPATH, which sshd's helpers get */
#define LOOK_EVERY_MS 20			  /* for the end of a child where the kernel has no pidfd */

/* A terminal of the child's own, what it was asked there, and what it may be told. */
struct talk {
	int ours, theirs; /* both stay open: without a reader on the other side there is no terminal */
	const struct child_answer *answers;
	size_t nanswers;
	uint64_t given; /* bit i: answer i */
	struct text asked;
};

/* A running child and our ends of its pipes; -1 is closed. */
struct child {
	pid_t pid;
	int pidfd;
	int out, err;
	struct talk *talk; /* NULL: it has no terminal of ours */
};

/* The child's ends. */
struct ends {
	int in, out, err;
	int report; /* takes errno when it could not be executed */
};

/* What to execute and as whom. */
struct job {
	const char *program;
	const char *const *argv;
	char *const *env;
	const char *input;
	const struct child_user *user; /* NULL: as we are */
	struct talk *talk;	       /* NULL: it has no terminal of ours */
	int keep;		       /* a descriptor that it inherits; -1: none */
};

static uint64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static bool is_program(const char *path)
{
	struct stat st;

	return !stat(path, &st) && S_ISREG(st.st_mode) && !access(path, X_OK);
}

enum err child_find(const char *name, char **out)
{
	struct strings dirs = { 0 };
	struct text path = { 0 };
	enum err e;

	if (!name[0] || strchr(name, '/'))
		return ERR_NOT_FOUND;
	e = strings_split(&dirs, SEARCH_PATH, ":");
	if (e)
		return e;
	e = ERR_NOT_FOUND;
	for (size_t i = 0; e == ERR_NOT_FOUND && i < dirs.n; i++) {
		text_reset(&path);
		text_add(&path, "%s/%s", dirs.v[i], name);
		if (text_check(&path))
			e = ERR_MEMORY;
		else if (is_program(path.s))
			e = ERR_NONE;
	}
	if (!e)
		*out = text_take(&path);
	text_free(&path);
	strings_free(&dirs);
	return e;
}

static enum err find_program(const char *name, char **out)
{
	char *copy;

	if (name[0] != '/')
		return child_find(name, out);
	copy = strdup(name);
	if (!copy)
		return ERR_MEMORY;
	*out = copy;
	return ERR_NONE;
}

static enum err make_environment(struct strings *env)
{
	const char *zone = getenv("TZ");
	enum err e;

	if ((e = strings_add(env, "PATH=" SEARCH_PATH)) || (e = strings_add(env, "LC_ALL=C")))
		return e;
	return zone ? strings_add_format(env, "TZ=%s", zone) : ERR_NONE;
}

/* Moves fd out of the way of 0, 1 and 2, which are not ours to use where we were started without them. */
static enum err lift(int *fd)
{
	int high;

	if (*fd > STDERR_FILENO)
		return ERR_NONE;
	high = fcntl(*fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	if (high < 0)
		return ERR_SYSTEM;
	close(*fd);
	*fd = high;
	return ERR_NONE;
}

static enum err make_pipe(int *reads, int *writes)
{
	int ends[2];
	enum err e;

	if (pipe2(ends, O_CLOEXEC))
		return ERR_SYSTEM;
	*reads = ends[0];
	*writes = ends[1];
	if ((e = lift(reads)) || (e = lift(writes)))
		return e;
	return ERR_NONE;
}

/* The input lies in memory as a file: nothing to feed, nobody to wait for. */
static enum err make_input(const char *input, int *fd)
{
	enum err e;

	*fd = input ? memfd_create("input", MFD_CLOEXEC) : open("/dev/null", O_RDONLY | O_CLOEXEC);
	if (*fd < 0)
		return ERR_SYSTEM;
	e = lift(fd);
	if (e || !input)
		return e;
	e = file_write_all(*fd, input, strlen(input));
	if (!e && lseek(*fd, 0, SEEK_SET) < 0)
		e = ERR_SYSTEM;
	return e;
}

static void close_ends(struct ends *ends)
{
	file_close(ends->in);
	file_close(ends->out);
	file_close(ends->err);
	file_close(ends->report);
	*ends = (struct ends){ -1, -1, -1, -1 };
}

static void reset_signals(void)
{
	const struct sigaction by_default = { .sa_handler = SIG_DFL };
	sigset_t none;

	for (int s = 1; s < NSIG; s++)
		sigaction(s, &by_default, NULL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

/* What somebody opened without O_CLOEXEC is not the child's either. */
static void close_others(void)
{
#ifdef SYS_close_range
	if (!syscall(SYS_close_range, 3U, ~0U, 4U /* CLOSE_RANGE_CLOEXEC */))
		return;
#endif
	for (int fd = 3; fd < 1024; fd++)
		fcntl(fd, F_SETFD, FD_CLOEXEC);
}

/* A group of its own, to be ended as one; with a terminal also a session of its own. */
static bool stand_alone(const struct job *job)
{
	if (!job->talk)
		return !setpgid(0, 0);
	return setsid() >= 0 && !ioctl(job->talk->theirs, TIOCSCTTY, 0);
}

/* All ids at once, so that nothing leads back. */
static bool change_user(const struct job *job)
{
	const struct child_user *u = job->user;

	return !u || (!setgroups(u->ngroups, u->groups) && !setresgid(u->gid, u->gid, u->gid) &&
		      !setresuid(u->uid, u->uid, u->uid) && !chdir("/"));
}

/* In the child: nothing but calls that are safe after fork(). */
static void become(const struct job *job, const struct ends *ends, pid_t parent)
{
	int number;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	/* it may have died before the line above */
	if (getppid() != parent)
		_exit(127);
	reset_signals();
	if (stand_alone(job) && dup2(ends->in, STDIN_FILENO) >= 0 && dup2(ends->out, STDOUT_FILENO) >= 0 &&
	    dup2(ends->err, STDERR_FILENO) >= 0 && change_user(job)) {
		/* changing the user cleared it */
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		close_others();
		if (job->keep >= 0)
			fcntl(job->keep, F_SETFD, 0);
		execve(job->program, (char *const *)job->argv, job->env);
	}
	number = errno;
	while (write(ends->report, &number, sizeof number) < 0 && errno == EINTR)
		;
	_exit(127);
}

/* fork() with all signals held, so that no handler of ours runs in the child. */
static pid_t fork_child(const struct job *job, const struct ends *ends)
{
	sigset_t all, before;
	pid_t parent = getpid(), pid;
	int kept;

	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &before);
	pid = fork();
	if (!pid)
		become(job, ends, parent);
	kept = errno;
	sigprocmask(SIG_SETMASK, &before, NULL);
	errno = kept;
	return pid;
}

static int wait_for(pid_t pid, int options, int *status)
{
	int got;

	do
		got = waitpid(pid, status, options);
	while (got < 0 && errno == EINTR);
	return got;
}

/* Reads what the child reports; nothing but the end of the pipe when it was executed. */
static enum err check_executed(int report)
{
	int number = 0;
	ssize_t n;

	do
		n = read(report, &number, sizeof number);
	while (n < 0 && errno == EINTR);
	if (n != sizeof number)
		return ERR_NONE;
	if (number == ENOENT || number == ENOTDIR)
		return ERR_NOT_FOUND;
	errno = number;
	return ERR_SYSTEM;
}

static enum err start(const struct job *job, struct child *c)
{
	struct ends ends = { -1, -1, -1, -1 };
	int report = -1;
	enum err e;

	if ((e = make_input(job->input, &ends.in)) || (e = make_pipe(&c->out, &ends.out)) ||
	    (e = make_pipe(&c->err, &ends.err)) || (e = make_pipe(&report, &ends.report)))
		goto out;
	c->pid = fork_child(job, &ends);
	if (c->pid < 0) {
		e = ERR_SYSTEM;
		goto out;
	}
	close_ends(&ends);
	e = check_executed(report);
	if (e) {
		int kept = errno;

		wait_for(c->pid, 0, NULL);
		c->pid = -1;
		errno = kept;
		goto out;
	}
#ifdef SYS_pidfd_open
	c->pidfd = (int)syscall(SYS_pidfd_open, c->pid, 0);
#endif
out:
	close_ends(&ends);
	file_close(report);
	return e;
}

/* Takes what is in the pipe now; closes it at its end. */
static enum err drain(int *fd, struct text *to, size_t max)
{
	char block[16 * 1024];
	ssize_t n;

	while (*fd >= 0) {
		n = read(*fd, block, sizeof block);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			return ERR_NONE;
		if (n < 0)
			return ERR_SYSTEM;
		if (!n) {
			file_close(*fd);
			*fd = -1;
		}
		if ((size_t)n > max - to->len)
			return ERR_TOO_BIG;
		text_add_bytes(to, block, (size_t)n);
		if (text_check(to))
			return ERR_MEMORY;
	}
	return ERR_NONE;
}

static enum err drain_both(struct child *c, size_t max, struct child_result *r)
{
	enum err e = drain(&c->out, &r->out, max);

	return e ? e : drain(&c->err, &r->err, max);
}

/* The first answer to what was asked that was not given yet; NULL. */
static const char *find_answer(struct talk *t)
{
	for (size_t i = 0; i < t->nanswers; i++)
		if (!(t->given >> i & 1) && strstr(text_string(&t->asked), t->answers[i].asks)) {
			t->given |= UINT64_C(1) << i;
			return t->answers[i].answer;
		}
	return NULL;
}

/* Answers where a prompt is complete. Nothing is sent before the echo is off: it would be seen, and then thrown away. */
static enum err answer(struct talk *t)
{
	struct termios now;
	const char *told;
	enum err e;

	if (t->asked.len < 2 || strcmp(t->asked.s + t->asked.len - 2, ": ") != 0)
		return ERR_NONE;
	if (tcgetattr(t->ours, &now))
		return ERR_SYSTEM;
	if (now.c_lflag & ECHO)
		return ERR_NONE;
	if (!(told = find_answer(t)))
		return ERR_UNSUPPORTED;
	text_reset(&t->asked);
	if ((e = file_write_all(t->ours, told, strlen(told))))
		return e;
	return file_write_all(t->ours, "\n", 1);
}

/* Takes what the child wrote to its terminal, and answers. */
static enum err converse(struct talk *t, size_t max)
{
	char block[1024];
	ssize_t n;

	while ((n = read(t->ours, block, sizeof block)) > 0) {
		enum err e;

		if ((size_t)n > max - t->asked.len)
			return ERR_TOO_BIG;
		text_add_bytes(&t->asked, block, (size_t)n);
		if ((e = text_check(&t->asked)))
			return e;
	}
	if (n < 0 && errno != EAGAIN && errno != EINTR)
		return ERR_SYSTEM;
	return answer(t);
}

static void wait_a_while(const struct child *c, uint64_t left_ms)
{
	struct pollfd fds[] = {
		{ .fd = c->out, .events = POLLIN },
		{ .fd = c->err, .events = POLLIN },
		{ .fd = c->pidfd, .events = POLLIN },
		{ .fd = c->talk ? c->talk->ours : -1, .events = POLLIN },
	};

	if (c->pidfd < 0 && left_ms > LOOK_EVERY_MS)
		left_ms = LOOK_EVERY_MS;
	/* interrupted or not: the caller looks at everything again */
	poll(fds, ARRAY_SIZE(fds), left_ms > INT_MAX ? INT_MAX : (int)left_ms);
}

static int exit_status(int status)
{
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

/*
 * Until the child has ended. What it left running may hold the pipes for ever (a
 * service that it started does), so their end is not what is waited for.
 */
static enum err attend(struct child *c, uint64_t deadline, size_t max, struct child_result *r)
{
	int status, ended;
	uint64_t now;
	enum err e;

	for (;;) {
		ended = wait_for(c->pid, WNOHANG, &status);
		if (ended < 0)
			return ERR_SYSTEM;
		if (ended)
			c->pid = -1;
		e = drain_both(c, max, r);
		if (e)
			return e;
		if (ended) {
			r->status = exit_status(status);
			return ERR_NONE;
		}
		if (c->talk && (e = converse(c->talk, max)))
			return e;
		now = now_ms();
		if (now >= deadline)
			return ERR_TIMEOUT;
		wait_a_while(c, deadline - now);
	}
}

/* Ends the child and all that it started, if it still runs, and closes our ends. */
static void finish(struct child *c)
{
	int kept = errno;

	if (c->pid > 0) {
		kill(-c->pid, SIGKILL);
		kill(c->pid, SIGKILL);
		wait_for(c->pid, 0, NULL);
	}
	file_close(c->out);
	file_close(c->err);
	file_close(c->pidfd);
	errno = kept;
}

static enum err set_nonblocking(int fd)
{
	return fcntl(fd, F_SETFL, O_NONBLOCK) ? ERR_SYSTEM : ERR_NONE;
}

static enum err job_run(const struct job *job, int timeout_ms, size_t max_output, struct child_result *out)
{
	uint64_t deadline = now_ms() + (uint64_t)(timeout_ms > 0 ? timeout_ms : 0);
	struct child c = { .pid = -1, .pidfd = -1, .out = -1, .err = -1, .talk = job->talk };
	struct child_result r = { 0 };
	enum err e;

	if ((e = start(job, &c)) || (e = set_nonblocking(c.out)) || (e = set_nonblocking(c.err)))
		goto out;
	e = attend(&c, deadline, max_output, &r);
out:
	finish(&c);
	if (e)
		child_result_free(&r);
	else
		*out = r;
	return e;
}

/* As we are, with the environment that is usual. */
static enum err run_usual(struct job *job, int timeout_ms, size_t max_output, struct child_result *out)
{
	struct strings env = { 0 };
	char *program = NULL;
	enum err e;

	if ((e = find_program(job->argv[0], &program)) || (e = make_environment(&env)))
		goto out;
	job->program = program;
	job->env = env.v;
	e = job_run(job, timeout_ms, max_output, out);
out:
	free(program);
	strings_free(&env);
	return e;
}

enum err child_run(const char *const argv[], const char *input, int timeout_ms, size_t max_output,
		   struct child_result *out)
{
	struct job job = { .argv = argv, .input = input, .keep = -1 };

	return run_usual(&job, timeout_ms, max_output, out);
}

static enum err talk_open(struct talk *t)
{
	char name[64];
	enum err e;

	t->ours = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (t->ours < 0 || grantpt(t->ours) || unlockpt(t->ours) || ptsname_r(t->ours, name, sizeof name))
		return ERR_SYSTEM;
	t->theirs = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (t->theirs < 0)
		return ERR_SYSTEM;
	if ((e = lift(&t->ours)) || (e = lift(&t->theirs)))
		return e;
	return set_nonblocking(t->ours);
}

enum err child_run_asked(const char *const argv[], const struct child_answer *answers, size_t nanswers, int keep,
			 int timeout_ms, size_t max_output, struct child_result *out)
{
	struct talk t = { .ours = -1, .theirs = -1, .answers = answers, .nanswers = nanswers };
	struct job job = { .argv = argv, .talk = &t, .keep = keep };
	enum err e;

	assert(nanswers <= 64 && (keep < 0 || keep > STDERR_FILENO));
	e = talk_open(&t);
	if (!e)
		e = run_usual(&job, timeout_ms, max_output, out);
	file_close(t.ours);
	file_close(t.theirs);
	text_free(&t.asked);
	return e;
}

static enum err make_user_environment(const struct child_user *user, struct strings *env)
{
	const char *language = getenv("LANG");
	enum err e;

	if ((e = strings_add(env, "PATH=" SSHD_PATH)) || (e = strings_add_format(env, "USER=%s", user->name)) ||
	    (e = strings_add_format(env, "LOGNAME=%s", user->name)) ||
	    (e = strings_add_format(env, "HOME=%s", user->home)))
		return e;
	return language ? strings_add_format(env, "LANG=%s", language) : ERR_NONE;
}

enum err child_run_as(const struct child_user *user, const char *const argv[], int timeout_ms, size_t max_output,
		      struct child_result *out)
{
	struct job job = { .program = argv[0], .argv = argv, .user = user, .keep = -1 };
	struct strings env = { 0 };
	enum err e;

	if ((e = make_user_environment(user, &env)))
		goto out;
	job.env = env.v;
	e = job_run(&job, timeout_ms, max_output, out);
out:
	strings_free(&env);
	return e;
}

void child_result_free(struct child_result *r)
{
	text_free(&r->out);
	text_free(&r->err);
	*r = (struct child_result){ 0 };
}
