/* SPDX-License-Identifier: GPL-3.0-or-later */
/* inject.c - has a running process make system calls, to see what its sandbox leaves: attached to from outside, as root. */
#include <errno.h>
#include <seccomp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/banned.h"

/*
 * usage: inject PID
 * Each line of stdin is a call: its name, and up to six arguments: a number, s:TEXT (a pointer to that), x:HEX (to those bytes), m
 * (to room for 256 zero bytes), p (the page of the stack) or $ (what the call before returned). x32:N instead of a name is a call of
 * another architecture. A line is printed for each: what it returned, the name of an error, or "signal N", which
 * is the last. The process goes on as if nothing had been. Exit status 0, 2: trouble, 77: not this architecture.
 */

static void die(const char *what)
{
	fprintf(stderr, "inject: %s: %s\n", what, strerror(errno));
	exit(2);
}

#ifdef __x86_64__

#define ARGUMENTS 6
#define ROOM 2048 /* below the stack's red zone: nobody's */
#define RED_ZONE 128
#define X32 0x40000000l
#define PATIENCE 20 /* seconds, for everything */
#define EVENTS \
	(PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEEXEC | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE)

struct prisoner {
	pid_t pid;
	struct user_regs_struct was; /* in a system call that waits */
	unsigned long here;	     /* the instruction that made it */
	long last;
};

struct order {
	long call;
	unsigned long argument[ARGUMENTS];
	uint8_t room[ROOM];
	size_t used;
};

static void do_ptrace(int request, pid_t pid, unsigned long data)
{
	if (ptrace((enum __ptrace_request)request, pid, NULL, (void *)data))
		die("ptrace");
}

/* Its next stop; false: it has ended, as 'status' tells. Children that it made are of no use to anybody. */
static bool stop_next(const struct prisoner *p, int *status)
{
	for (;;) {
		pid_t pid = waitpid(-1, status, __WALL);

		if (pid < 0)
			die("waitpid");
		if (pid == p->pid)
			return WIFSTOPPED(*status);
		if (WIFSTOPPED(*status))
			kill(pid, SIGKILL);
	}
}

/* Most of the time a role waits for something; while it computes there is no place to begin at. */
static void stop_waiting(struct prisoner *p)
{
	const struct timespec moment = { .tv_nsec = 10000000 };
	int status;

	for (;;) {
		if (ptrace(PTRACE_SEIZE, p->pid, NULL, (void *)EVENTS))
			die("cannot attach");
		do_ptrace(PTRACE_INTERRUPT, p->pid, 0);
		if (!stop_next(p, &status))
			die("it has ended");
		do_ptrace(PTRACE_GETREGS, p->pid, (unsigned long)&p->was);
		p->here = p->was.rip - 2;
		errno = 0;
		if ((long)p->was.orig_rax >= 0 &&
		    (ptrace(PTRACE_PEEKTEXT, p->pid, (void *)p->here, NULL) & 0xffff) == 0x050f)
			return;
		do_ptrace(PTRACE_DETACH, p->pid, 0);
		nanosleep(&moment, NULL);
	}
}

/* The call that waited is made once more, from its beginning. */
static void let_go(struct prisoner *p)
{
	struct user_regs_struct r = p->was;

	r.rax = r.orig_rax;
	r.rip = p->here;
	r.orig_rax = (unsigned long)-1;
	do_ptrace(PTRACE_SETREGS, p->pid, (unsigned long)&r);
	do_ptrace(PTRACE_DETACH, p->pid, 0);
}

static unsigned long room_at(const struct prisoner *p)
{
	return (p->was.rsp - RED_ZONE - ROOM) & ~15ul;
}

static unsigned long room_take(const struct prisoner *p, struct order *o, const void *bytes, size_t len)
{
	const size_t at = o->used;

	if (len > ROOM - at)
		die("too much for its stack");
	memcpy(o->room + at, bytes, len);
	o->used += (len + 15) & ~(size_t)15;
	return room_at(p) + at;
}

static unsigned long argument_read(const struct prisoner *p, struct order *o, const char *word)
{
	uint8_t bytes[256] = { 0 };
	size_t n = 0;

	if (!strncmp(word, "s:", 2))
		return room_take(p, o, word + 2, strlen(word + 2) + 1);
	if (!strcmp(word, "m"))
		return room_take(p, o, bytes, sizeof bytes);
	if (!strcmp(word, "p"))
		return room_at(p) & ~4095ul;
	if (!strcmp(word, "$"))
		return (unsigned long)p->last;
	if (strncmp(word, "x:", 2) != 0)
		return strtoul(word, NULL, 0) /* also of negative ones */;
	for (const char *at = word + 2; n < sizeof bytes && at[0] && at[1]; at += 2)
		bytes[n++] = (uint8_t)strtoul((const char[]){ at[0], at[1], '\0' }, NULL, 16);
	return room_take(p, o, bytes, n);
}

static void order_read(const struct prisoner *p, char *line, struct order *o)
{
	char *rest, *word = strtok_r(line, " \n", &rest);

	*o = (struct order){ 0 };
	errno = EINVAL;
	if (!word)
		die("an empty line");
	if (!strncmp(word, "x32:", 4))
		o->call = X32 | strtol(word + 4, NULL, 0);
	else if ((o->call = seccomp_syscall_resolve_name(word)) < 0)
		die(word);
	for (int i = 0; i < ARGUMENTS && (word = strtok_r(NULL, " \n", &rest)); i++)
		o->argument[i] = argument_read(p, o, word);
}

static void order_place(const struct prisoner *p, const struct order *o)
{
	const struct iovec from = { (void *)o->room, ROOM }, to = { (void *)room_at(p), ROOM };
	struct user_regs_struct r = p->was;

	if (process_vm_writev(p->pid, &from, 1, &to, 1, 0) != ROOM)
		die("cannot write its memory");
	r.rip = p->here;
	r.rax = (unsigned long)o->call;
	r.orig_rax = (unsigned long)-1;
	r.rdi = o->argument[0];
	r.rsi = o->argument[1];
	r.rdx = o->argument[2];
	r.r10 = o->argument[3];
	r.r8 = o->argument[4];
	r.r9 = o->argument[5];
	do_ptrace(PTRACE_SETREGS, p->pid, (unsigned long)&r);
}

/* Into the call and out of it; false: it has ended. */
static bool order_do(struct prisoner *p, const struct order *o, int *status)
{
	struct user_regs_struct r;
	int stops = 0, signal = 0;

	order_place(p, o);
	while (stops < 2) {
		do_ptrace(PTRACE_SYSCALL, p->pid, (unsigned long)signal);
		if (!stop_next(p, status))
			return false;
		stops += WSTOPSIG(*status) == (SIGTRAP | 0x80);
		/* a signal of its own goes on to it; our events, and its being stopped, do not */
		signal = *status >> 16 || WSTOPSIG(*status) == (SIGTRAP | 0x80) ? 0 : WSTOPSIG(*status);
	}
	do_ptrace(PTRACE_GETREGS, p->pid, (unsigned long)&r);
	p->last = (long)r.rax;
	return true;
}

static int serve(pid_t pid)
{
	struct prisoner p = { .pid = pid };
	struct order o;
	char line[4096];
	int status = 0;

	alarm(PATIENCE);
	stop_waiting(&p);
	while (fgets(line, sizeof line, stdin)) {
		order_read(&p, line, &o);
		if (!order_do(&p, &o, &status)) {
			printf("signal %d\n", WIFSIGNALED(status) ? WTERMSIG(status) : 0);
			return 0;
		}
		if (p.last < 0 && p.last > -4096)
			printf("%s\n", strerrorname_np((int)-p.last));
		else
			printf("%ld\n", p.last);
	}
	let_go(&p);
	return 0;
}

#else

static int serve(pid_t pid)
{
	(void)pid;
	(void)die;
	fprintf(stderr, "inject: knows the registers of x86-64 only\n");
	return 77;
}

#endif

int main(int argc, char **argv)
{
	if (argc != 2) {
		errno = EINVAL;
		die("usage: inject PID");
	}
	return serve((pid_t)strtol(argv[1], NULL, 10));
}
