/* SPDX-License-Identifier: GPL-3.0-or-later */
/* cut.c - power loss for processes: kills a command with all its descendants right before one chosen system call. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <linux/filter.h>
#include <linux/fs.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/banned.h"

#define TROUBLE 125
#define UNEXPLAINED 124
#define MAX_WATCH 64
#define MAX_PIDS 4194304 /* of the kernel, PID_MAX_LIMIT */

static const char usage[] =
	"usage: cut [-o FILE] [--only COMM] [--changing] [--watch DIR|--state DIR]... [--each FD] [--leave] COUNT -- COMMAND [ARG...]\n"
	"\n"
	"Runs COMMAND and kills it and all its descendants right before the COUNT-th system call of them all;\n"
	"0 lets it run to its end. Exit status: the command's, 137 when it was cut, 124 see --watch, 125 on trouble.\n"
	"\n"
	"  -o FILE         write 'cut N CALL COMM' or 'done N exit STATUS' there\n"
	"  --only COMM     count the calls of processes with this name only\n"
	"  --changing      count only calls that change what others can see\n"
	"  --watch DIR     look at the tree below DIR at every call; exit 124 when it changed though no call that\n"
	"                  --changing counts was under way\n"
	"  --state DIR     count only calls before which something has changed in the trees below DIR, since the last one\n"
	"                  that was counted; with --changing\n"
	"  --each FD       tell the socket FD each call that is counted, as 'N CALL COMM', and go on when it answers a line:\n"
	"                  nothing changes meanwhile, since whoever begins a call that could waits, too\n"
	"  --leave         when COMMAND itself has ended, let the others go on\n";

struct settings {
	unsigned long count;
	const char *only, *report;
	const char *watch[MAX_WATCH];
	size_t nwatch;
	bool states; /* watch[] is of --state */
	int each;    /* -1: nobody is told */
	bool changing, leave;
	bool filtered; /* only calls that may change something stop their process at all */
	char **command;
};

struct tree {
	pid_t first; /* COMMAND itself */
	pid_t *pids; /* all that are followed, threads too */
	size_t n, size;
	bool started; /* COMMAND has been executed; what came before is ours */
	int told;     /* with --leave: where the end of COMMAND is told */
	bool ended;   /* COMMAND; what goes on is none of ours */
	int status;   /* of COMMAND, as a shell has it */
	unsigned long counted;
	struct watch {
		uint64_t seen; /* what the trees looked like at the last stop */
		bool *inside;  /* by pid: in a call that may change something */
		unsigned long under_way, calls, changes;
		bool touched;	 /* files, perhaps, since they were looked at */
		char wrong[192]; /* the first change that no such call explains */
	} watch;
};

/*
 * A system call that can change what others see. Where the number alone does not say it, 'flags' is the argument that has open(2)'s,
 * counted from 1, or 'decides' looks at them all.
 */
struct call {
	const char *name;
	long number;
	unsigned flags;
	bool (*decides)(pid_t pid, const uint64_t args[6]);
};

#define OPENS (O_CREAT | O_TRUNC) /* to open a file for writing changes nothing yet */

static bool openat2_changes(pid_t pid, const uint64_t args[6])
{
	uint64_t flags;
	struct iovec here = { &flags, sizeof flags };
	struct iovec there = { (void *)(uintptr_t)args[2], sizeof flags }; /* struct open_how begins with them */

	return process_vm_readv(pid, &here, 1, &there, 1, 0) != sizeof flags || (flags & OPENS);
}

static bool ioctl_changes(pid_t pid, const uint64_t args[6])
{
	return args[1] == FICLONE || args[1] == FICLONERANGE || args[1] == FS_IOC_SETFLAGS ||
	       args[1] == FS_IOC_FSSETXATTR;
}

#define CALL(call) #call, SYS_##call, 0, NULL

/* Not fsync() and the like: what is not on the disk yet is seen all the same. */
static const struct call calls[] = {
#ifdef SYS_open /* the calls that newer architectures do without */
	{ "open", SYS_open, 2, NULL },
	{ CALL(creat) },
	{ CALL(rename) },
	{ CALL(unlink) },
	{ CALL(rmdir) },
	{ CALL(mkdir) },
	{ CALL(mknod) },
	{ CALL(link) },
	{ CALL(symlink) },
	{ CALL(chmod) },
	{ CALL(chown) },
	{ CALL(lchown) },
	{ CALL(utime) },
	{ CALL(utimes) },
	{ CALL(futimesat) },
#endif
	{ "openat", SYS_openat, 3, NULL },
	{ "openat2", SYS_openat2, 0, openat2_changes },
	{ "ioctl", SYS_ioctl, 0, ioctl_changes },
	{ CALL(write) },
	{ CALL(writev) },
	{ CALL(pwrite64) },
	{ CALL(pwritev) },
	{ CALL(pwritev2) },
	{ CALL(sendfile) },
	{ CALL(splice) },
	{ CALL(copy_file_range) },
	{ CALL(sendto) },
	{ CALL(sendmsg) },
	{ CALL(sendmmsg) },
	{ CALL(renameat) },
	{ CALL(renameat2) },
	{ CALL(unlinkat) },
	{ CALL(mkdirat) },
	{ CALL(mknodat) },
	{ CALL(linkat) },
	{ CALL(symlinkat) },
	{ CALL(fchmod) },
	{ CALL(fchmodat) },
	{ CALL(fchown) },
	{ CALL(fchownat) },
	{ CALL(setxattr) },
	{ CALL(lsetxattr) },
	{ CALL(fsetxattr) },
	{ CALL(removexattr) },
	{ CALL(lremovexattr) },
	{ CALL(fremovexattr) },
	{ CALL(utimensat) },
	{ CALL(truncate) },
	{ CALL(ftruncate) },
	{ CALL(fallocate) },
	{ CALL(msync) },
	{ CALL(kill) },
	{ CALL(tkill) },
	{ CALL(tgkill) },
	{ CALL(rt_sigqueueinfo) },
	{ CALL(pidfd_send_signal) },
	{ CALL(mount) },
	{ CALL(umount2) },
	{ CALL(move_mount) },
	{ CALL(pivot_root) },
	{ CALL(sethostname) },
};

/* Where the lower half of that argument is, for a filter. */
static uint32_t flags_at(unsigned argument)
{
	const uint32_t at = offsetof(struct seccomp_data, args) + (argument - 1) * 8;

	return __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ ? at + 4 : at;
}

static const struct call *call_find(uint64_t number)
{
	for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++) {
		if ((uint64_t)calls[i].number == number)
			return &calls[i];
	}
	return NULL;
}

/* Reads a file of /proc/PID, NULs become blanks; an empty text when the process is gone. */
static void proc_read(pid_t pid, const char *file, char *out, size_t size)
{
	char path[64];
	ssize_t n = -1;
	int fd;

	snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, file);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0) {
		n = read(fd, out, size - 1);
		close(fd);
	}
	n = n < 0 ? 0 : n;
	while (n && (out[n - 1] == '\n' || !out[n - 1]))
		n--;
	out[n] = '\0';
	for (ssize_t i = 0; i < n; i++)
		out[i] = out[i] ? out[i] : ' ';
}

static void tree_add(struct tree *t, pid_t pid)
{
	for (size_t i = 0; i < t->n; i++) {
		if (t->pids[i] == pid)
			return;
	}
	if (t->n == t->size) {
		t->size = t->size ? 2 * t->size : 64;
		t->pids = realloc(t->pids, t->size * sizeof t->pids[0]);
		if (!t->pids)
			exit(TROUBLE); /* PTRACE_O_EXITKILL takes the tree along */
	}
	t->pids[t->n++] = pid;
}

static void tree_remove(struct tree *t, pid_t pid)
{
	for (size_t i = 0; i < t->n; i++) {
		if (t->pids[i] == pid)
			t->pids[i--] = t->pids[--t->n];
	}
}

/*
 * Nobody gets any further: those that run are stopped at their next call by us, who never
 * answer. A child that was just born is not known yet; it shows up by its first stop.
 */
static void tree_kill(const struct tree *t)
{
	int status;
	pid_t pid;

	for (size_t i = 0; i < t->n; i++)
		kill(t->pids[i], SIGKILL);
	while ((pid = waitpid(-1, &status, __WALL)) > 0 || errno == EINTR) {
		if (pid > 0 && WIFSTOPPED(status))
			kill(pid, SIGKILL);
	}
}

static void report(const struct settings *s, const char *word, const char *text)
{
	FILE *f;

	if (!s->report)
		return;
	f = fopen(s->report, "we");
	if (!f || fputs(word, f) == EOF || fputs(text, f) == EOF || fclose(f) == EOF) {
		fprintf(stderr, "cut: cannot write '%s': %s\n", s->report, strerror(errno));
		exit(TROUBLE);
	}
}

static bool may_change(pid_t pid, const struct __ptrace_syscall_info *info)
{
	const struct call *c = call_find(info->entry.nr);

	if (!c)
		return false;
	if (c->flags)
		return info->entry.args[c->flags - 1] & OPENS;
	return !c->decides || c->decides(pid, info->entry.args);
}

/* FNV-1a. */
static uint64_t mix(uint64_t h, const void *bytes, size_t n)
{
	const unsigned char *p = bytes;

	for (size_t i = 0; i < n; i++)
		h = (h ^ p[i]) * 1099511628211u;
	return h;
}

static uint64_t mix_number(uint64_t h, uint64_t number)
{
	return mix(h, &number, sizeof number);
}

/*
 * What a tree looks like: names, kinds, modes, owners, sizes, inodes and times (the change time
 * moves with content and attributes). A sum, so that the order of reading does not matter.
 */
static uint64_t tree_look(int at, const char *name, uint64_t above)
{
	struct stat st;
	uint64_t h, sum;
	DIR *d;
	int fd;

	if (fstatat(at, name, &st, AT_SYMLINK_NOFOLLOW))
		return 0;
	above = mix(above, name, strlen(name) + 1);
	h = mix_number(mix_number(mix_number(above, st.st_mode), st.st_uid), st.st_gid);
	h = mix_number(mix_number(h, (uint64_t)st.st_size), st.st_ino);
	h = mix(mix(h, &st.st_mtim, sizeof st.st_mtim), &st.st_ctim, sizeof st.st_ctim);
	if (!S_ISDIR(st.st_mode) || (fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)) < 0)
		return h;
	d = fdopendir(fd);
	if (!d)
		exit(TROUBLE);
	sum = h;
	for (struct dirent *e; (e = readdir(d));) {
		if (strcmp(e->d_name, ".") && strcmp(e->d_name, ".."))
			sum += tree_look(dirfd(d), e->d_name, above);
	}
	closedir(d);
	return sum;
}

static uint64_t trees_look(const struct settings *s)
{
	uint64_t now = 0;

	for (size_t i = 0; i < s->nwatch; i++)
		now += tree_look(AT_FDCWD, s->watch[i], 14695981039346656037u);
	return now;
}

static void watch_look(const struct settings *s, struct watch *w, const char *when)
{
	const uint64_t now = trees_look(s);

	if (now == w->seen)
		return;
	w->seen = now;
	if (w->calls)
		w->changes++;
	if (w->calls && !w->under_way && !*w->wrong)
		snprintf(w->wrong, sizeof w->wrong, "a change before call %lu, %s", w->calls + 1, when);
}

/* Who is in a call that may change something is known from its entry to its exit, or its end. */
static void watch_leave(struct watch *w, pid_t pid)
{
	if (!w->inside[pid])
		return;
	w->inside[pid] = false;
	w->under_way--;
}

static void watch_call(const struct settings *s, struct watch *w, pid_t pid, const struct __ptrace_syscall_info *info)
{
	char when[64];

	/* what a call changed that could not, is seen when the next one begins */
	if (!s->nwatch || s->states || (info->op != PTRACE_SYSCALL_INFO_ENTRY && !w->inside[pid]))
		return;
	snprintf(when, sizeof when, "seen by pid %d", (int)pid);
	watch_look(s, w, when);
	watch_leave(w, pid);
	if (info->op != PTRACE_SYSCALL_INFO_ENTRY)
		return;
	w->calls++;
	w->inside[pid] = may_change(pid, info);
	w->under_way += w->inside[pid];
}

static bool is_watched(const struct settings *s, const char *path)
{
	for (size_t i = 0; i < s->nwatch; i++)
		if (strncmp(path, s->watch[i], strlen(s->watch[i])) == 0)
			return true;
	return false;
}

/* Of the calls that may change something: whether it may be a file of the trees. Most are writes to sockets, pipes and logs. */
static bool may_touch_files(const struct settings *s, pid_t pid, const struct __ptrace_syscall_info *info)
{
	char link[64], target[1024];
	ssize_t n;

	switch (info->entry.nr) {
	case SYS_sendto:
	case SYS_sendmsg:
	case SYS_sendmmsg:
	case SYS_kill:
	case SYS_tkill:
	case SYS_tgkill: return false;
	case SYS_write:
	case SYS_writev:
		snprintf(link, sizeof link, "/proc/%d/fd/%d", (int)pid, (int)info->entry.args[0]);
		n = readlink(link, target, sizeof target - 1);
		if (n <= 0)
			return true;
		target[n] = '\0';
		return is_watched(s, target);
	default: return true;
	}
}

/* Whether something has changed in the trees since it was asked last; 'info' is the call that the process is about to do. */
static bool state_is_new(const struct settings *s, struct watch *w, pid_t pid, const struct __ptrace_syscall_info *info)
{
	uint64_t now = w->seen;
	bool is_new;

	watch_leave(w, pid);
	if (w->touched)
		now = trees_look(s);
	is_new = now != w->seen;
	w->seen = now;
	w->inside[pid] = may_touch_files(s, pid, info);
	w->under_way += w->inside[pid];
	w->touched = w->under_way > 0;
	return is_new;
}

static bool counts(const struct settings *s, struct tree *t, pid_t pid, const struct __ptrace_syscall_info *info)
{
	char comm[64];

	if (s->changing && !may_change(pid, info))
		return false;
	if (s->states && !state_is_new(s, &t->watch, pid, info))
		return false;
	if (!s->only)
		return true;
	proc_read(pid, "comm", comm, sizeof comm);
	return strcmp(comm, s->only) == 0;
}

/* Whoever listens looks at what is there. */
static void tell_each(const struct settings *s, const char *line)
{
	char byte = 0;

	if (write(s->each, line, strlen(line)) != (ssize_t)strlen(line))
		exit(TROUBLE);
	while (byte != '\n') {
		if (read(s->each, &byte, 1) != 1)
			exit(TROUBLE); /* nobody is there any more; PTRACE_O_EXITKILL takes the tree along */
	}
}

/* A process is about to do a system call, or has done one. */
static void at_call(const struct settings *s, struct tree *t, pid_t pid)
{
	struct __ptrace_syscall_info info = { 0 };
	const struct call *c;
	char comm[64], line[192], number[32];

	if (!t->started || t->ended || ptrace(PTRACE_GET_SYSCALL_INFO, pid, sizeof info, &info) <= 0)
		return;
	watch_call(s, &t->watch, pid, &info);
	if (s->states && info.op == PTRACE_SYSCALL_INFO_EXIT)
		watch_leave(&t->watch, pid);
	if (info.op == PTRACE_SYSCALL_INFO_EXIT || info.op == PTRACE_SYSCALL_INFO_NONE || !counts(s, t, pid, &info))
		return;
	if (++t->counted != s->count && s->each < 0)
		return;
	c = call_find(info.entry.nr);
	proc_read(pid, "comm", comm, sizeof comm);
	snprintf(number, sizeof number, "%llu", (unsigned long long)info.entry.nr);
	snprintf(line, sizeof line, "%lu %s %s\n", t->counted, c ? c->name : number, comm);
	if (s->each >= 0)
		tell_each(s, line);
	if (t->counted != s->count)
		return;
	tree_kill(t);
	report(s, "cut ", line);
	exit(128 + SIGKILL);
}

/* A process executed another program: its other threads are gone. */
static void at_exec(struct tree *t, pid_t pid)
{
	unsigned long former = 0;

	if (ptrace(PTRACE_GETEVENTMSG, pid, 0, &former) == 0 && (pid_t)former != pid)
		tree_remove(t, (pid_t)former);
	if (pid == t->first)
		t->started = true;
}

/* Also where a filter stops it: the end of a call that may touch the trees is of interest, too. */
static bool stops_at_calls(const struct settings *s, const struct tree *t, pid_t pid)
{
	return !s->filtered || (s->states && t->watch.inside[pid]);
}

/* One stop of one process. What it needs is done, and it goes on. */
static void at_stop(const struct settings *s, struct tree *t, pid_t pid, int status)
{
	int signal = WSTOPSIG(status), event = status >> 16;
	bool stays = event == PTRACE_EVENT_STOP && signal != SIGTRAP;

	tree_add(t, pid);
	if (signal == (SIGTRAP | 0x80) || event == PTRACE_EVENT_SECCOMP)
		at_call(s, t, pid);
	else if (event == PTRACE_EVENT_EXEC)
		at_exec(t, pid);
	if (event || signal == (SIGTRAP | 0x80))
		signal = 0;
	ptrace(stays			   ? PTRACE_LISTEN
	       : stops_at_calls(s, t, pid) ? PTRACE_SYSCALL
					   : PTRACE_CONT,
	       pid, 0, (void *)(intptr_t)signal);
}

static void report_end(const struct settings *s, const struct tree *t)
{
	char line[320];

	if (s->nwatch && !s->states)
		snprintf(line, sizeof line, "%lu exit %d watched %lu changes %lu %s\n", t->counted, t->status,
			 t->watch.calls, t->watch.changes, t->watch.wrong);
	else
		snprintf(line, sizeof line, "%lu exit %d\n", t->counted, t->status);
	report(s, "done ", line);
}

/* COMMAND has ended, and what goes on is followed, but not counted: its calls would fail without us. */
static void leave(const struct settings *s, struct tree *t)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	report_end(s, t);
	t->ended = true;
	prctl(PR_SET_PDEATHSIG, 0);
	if (null < 0 || write(t->told, &t->status, sizeof t->status) != sizeof t->status)
		exit(TROUBLE);
	close(t->told);
	if (s->each >= 0)
		close(s->each);
	for (int fd = 0; fd <= 2; fd++)
		dup2(null, fd);
	close(null);
}

static void at_end(const struct settings *s, struct tree *t, pid_t pid, int status)
{
	tree_remove(t, pid);
	if (s->nwatch && !t->ended) {
		if (!s->states)
			watch_look(s, &t->watch, "seen by the end of a process");
		watch_leave(&t->watch, pid);
	}
	if (pid != t->first)
		return;
	t->status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	if (s->leave)
		leave(s, t);
}

/* From now on the process and its children stop at these calls alone; all others run at full speed. */
static bool filter(void)
{
	enum { PER_CALL = 5, CALLS = sizeof calls / sizeof calls[0] };
	struct sock_filter code[PER_CALL * CALLS + 1];
	struct sock_fprog program = { .filter = code };

	for (size_t i = 0; i < CALLS; i++) {
		const struct call *c = &calls[i];
		const struct sock_filter all[] = {
			BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
			BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)c->number, 0, c->flags ? 3 : 1),
			BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRACE),
		};
		const struct sock_filter some[] = {
			all[0],
			all[1],
			BPF_STMT(BPF_LD | BPF_W | BPF_ABS, flags_at(c->flags)),
			BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, OPENS, 0, 1),
			all[2],
		};
		const size_t n = c->flags ? PER_CALL : 3;

		memcpy(code + program.len, c->flags ? some : all, n * sizeof code[0]);
		program.len += (unsigned short)n;
	}
	code[program.len++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	if (geteuid() != 0 && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return false;
	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

static void execute(const struct settings *s, int gate)
{
	char byte;

	if (read(gate, &byte, 1) != 1)
		_exit(TROUBLE);
	if (s->filtered && !filter())
		fprintf(stderr, "cut: cannot filter its calls: %s\n", strerror(errno));
	else if (execvp(s->command[0], s->command))
		fprintf(stderr, "cut: cannot run '%s': %s\n", s->command[0], strerror(errno));
	_exit(TROUBLE);
}

/* Starts the command, stopped until it is followed. */
static pid_t start(const struct settings *s)
{
	long options = PTRACE_O_EXITKILL | PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK |
		       PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXEC | PTRACE_O_TRACESECCOMP;
	int gate[2];
	char byte = 0;
	pid_t pid;

	if (pipe2(gate, O_CLOEXEC) || (pid = fork()) < 0)
		return -1;
	if (pid == 0) {
		close(gate[1]);
		execute(s, gate[0]);
	}
	if (ptrace(PTRACE_SEIZE, pid, 0, (void *)options) || ptrace(PTRACE_INTERRUPT, pid, 0, 0) ||
	    write(gate[1], &byte, 1) != 1) {
		kill(pid, SIGKILL);
		return -1;
	}
	close(gate[0]);
	close(gate[1]);
	return pid;
}

static int follow(const struct settings *s, int told)
{
	struct tree t = { .status = TROUBLE, .told = told };
	int status;
	pid_t pid;

	if (s->nwatch && !(t.watch.inside = calloc(MAX_PIDS + 1, sizeof *t.watch.inside)))
		return TROUBLE;
	if (s->states)
		t.watch.seen = trees_look(s);
	t.first = start(s);
	if (t.first < 0) {
		fprintf(stderr, "cut: cannot follow '%s': %s\n", s->command[0], strerror(errno));
		free(t.watch.inside);
		return TROUBLE;
	}
	while ((pid = waitpid(-1, &status, __WALL)) > 0 || errno == EINTR) {
		if (pid > 0 && WIFSTOPPED(status))
			at_stop(s, &t, pid, status);
		else if (pid > 0)
			at_end(s, &t, pid, status);
	}
	if (!t.ended)
		report_end(s, &t);
	free(t.watch.inside);
	free(t.pids);
	return *t.watch.wrong ? UNEXPLAINED : t.status;
}

/* In a process of its own, which stays with those that are left. */
static int follow_aside(const struct settings *s)
{
	const pid_t caller = getpid();
	int told[2], status;
	pid_t pid;

	if (pipe2(told, O_CLOEXEC) || (pid = fork()) < 0)
		return TROUBLE;
	if (pid == 0) {
		close(told[0]);
		if (prctl(PR_SET_PDEATHSIG, SIGKILL) || getppid() != caller)
			exit(TROUBLE);
		exit(follow(s, told[1]));
	}
	close(told[1]);
	if (read(told[0], &status, sizeof status) == sizeof status)
		return status;
	/* it was cut, or there was trouble */
	return waitpid(pid, &status, 0) == pid && WIFEXITED(status) ? WEXITSTATUS(status) : TROUBLE;
}

static bool number_read(const char *text, unsigned long *out)
{
	char *end;

	errno = 0;
	*out = strtoul(text, &end, 10);
	return !errno && !*end && end != text;
}

static bool settings_read(struct settings *s, int argc, char **argv)
{
	static const struct option options[] = {
		{ "only", required_argument, NULL, 'c' },
		{ "changing", no_argument, NULL, 'w' },
		{ "watch", required_argument, NULL, 'W' },
		{ "state", required_argument, NULL, 'S' },
		{ "each", required_argument, NULL, 'e' },
		{ "leave", no_argument, NULL, 'd' },
		{ 0 },
	};
	unsigned long each;
	bool watches = false;
	int o;

	while ((o = getopt_long(argc, argv, "+o:", options, NULL)) != -1) {
		if (o == 'o')
			s->report = optarg;
		else if (o == 'c')
			s->only = optarg;
		else if (o == 'w')
			s->changing = true;
		else if (o == 'd')
			s->leave = true;
		else if (o == 'e' && number_read(optarg, &each) && fcntl((int)each, F_SETFD, FD_CLOEXEC) == 0)
			s->each = (int)each;
		else if ((o == 'W' || o == 'S') && s->nwatch < MAX_WATCH)
			s->watch[s->nwatch++] = optarg;
		else
			return false;
		watches = watches || o == 'W';
		s->states = s->states || o == 'S';
	}
	if (argc - optind < 3 || strcmp(argv[optind + 1], "--") != 0 ||
	    (s->states && (watches || s->only || !s->changing)))
		return false;
	s->filtered = s->changing && !watches;
	s->command = argv + optind + 2;
	return number_read(argv[optind], &s->count);
}

int main(int argc, char **argv)
{
	struct settings s = { .each = -1 };

	if (!settings_read(&s, argc, argv)) {
		fputs(usage, stderr);
		return TROUBLE;
	}
	return s.leave ? follow_aside(&s) : follow(&s, -1);
}
