/* SPDX-License-Identifier: GPL-3.0-or-later */
/* cut.c - power loss for processes: kills a command with all its descendants right before one chosen system call. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <getopt.h>
#include <linux/fs.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/banned.h"

#define TROUBLE 125
#define UNEXPLAINED 124
#define MAX_LET 16
#define MAX_WATCH 16
#define MAX_PIDS 4194304 /* of the kernel, PID_MAX_LIMIT */

static const char usage[] =
	"usage: cut [-o FILE] [--only COMM] [--changing] [--let PATTERN]... [--watch DIR]... [--leave] COUNT -- COMMAND [ARG...]\n"
	"\n"
	"Runs COMMAND and kills it and all its descendants right before the COUNT-th system call of them all;\n"
	"0 lets it run to its end. Exit status: the command's, 137 when it was cut, 124 see --watch, 125 on trouble.\n"
	"\n"
	"  -o FILE         write 'cut N CALL COMM' or 'done N exit STATUS' there\n"
	"  --only COMM     count the calls of processes with this name only\n"
	"  --changing      count only calls that change what others can see\n"
	"  --watch DIR     look at the tree below DIR at every call; exit 124 when it changed though no call that\n"
	"                  --changing counts was under way\n"
	"  --let PATTERN   do not follow programs whose name or command line is like this\n"
	"  --leave         when COMMAND itself has ended, let the others go on\n";

struct settings {
	unsigned long count;
	const char *only, *report;
	const char *let[MAX_LET];
	size_t nlet;
	const char *watch[MAX_WATCH];
	size_t nwatch;
	bool changing, leave;
	char **command;
};

struct tree {
	pid_t first; /* COMMAND itself */
	pid_t *pids; /* all that are followed, threads too */
	size_t n, size;
	bool started; /* COMMAND has been executed; what came before is ours */
	bool leaving;
	int status; /* of COMMAND, as a shell has it */
	unsigned long counted;
	struct watch {
		uint64_t seen; /* what the trees looked like at the last stop */
		bool *inside;  /* by pid: in a call that may change something */
		unsigned long under_way, calls, changes;
		char wrong[192]; /* the first change that no such call explains */
	} watch;
};

/* A system call that can change what others see; 'decides' looks at its arguments where the number alone does not say. */
struct call {
	const char *name;
	long number;
	bool (*decides)(pid_t pid, const uint64_t args[6]);
};

static bool opens_to_write(uint64_t flags)
{
	return (flags & (O_CREAT | O_TRUNC)) || (flags & O_ACCMODE) != O_RDONLY;
}

static bool open_writes(pid_t pid, const uint64_t args[6])
{
	return opens_to_write(args[1]);
}

static bool openat_writes(pid_t pid, const uint64_t args[6])
{
	return opens_to_write(args[2]);
}

static bool openat2_writes(pid_t pid, const uint64_t args[6])
{
	uint64_t flags;
	struct iovec here = { &flags, sizeof flags };
	struct iovec there = { (void *)(uintptr_t)args[2], sizeof flags }; /* struct open_how begins with them */

	return process_vm_readv(pid, &here, 1, &there, 1, 0) != sizeof flags || opens_to_write(flags);
}

static bool ioctl_writes(pid_t pid, const uint64_t args[6])
{
	return args[1] == FICLONE || args[1] == FICLONERANGE || args[1] == FS_IOC_SETFLAGS ||
	       args[1] == FS_IOC_FSSETXATTR;
}

#define CALL(call) #call, SYS_##call, NULL

static const struct call calls[] = {
#ifdef SYS_open /* the calls that newer architectures do without */
	{ "open", SYS_open, open_writes },
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
	{ "openat", SYS_openat, openat_writes },
	{ "openat2", SYS_openat2, openat2_writes },
	{ "ioctl", SYS_ioctl, ioctl_writes },
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
	{ CALL(fsync) },
	{ CALL(fdatasync) },
	{ CALL(sync) },
	{ CALL(syncfs) },
	{ CALL(sync_file_range) },
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

static bool let_go(const struct settings *s, pid_t pid)
{
	char comm[64], line[4096];

	proc_read(pid, "comm", comm, sizeof comm);
	proc_read(pid, "cmdline", line, sizeof line);
	for (size_t i = 0; i < s->nlet; i++) {
		if (fnmatch(s->let[i], comm, 0) == 0 || fnmatch(s->let[i], line, 0) == 0)
			return true;
	}
	return false;
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

static void report(const struct settings *s, const char *text)
{
	FILE *f;

	if (!s->report)
		return;
	f = fopen(s->report, "we");
	if (!f || fputs(text, f) == EOF || fclose(f) == EOF) {
		fprintf(stderr, "cut: cannot write '%s': %s\n", s->report, strerror(errno));
		exit(TROUBLE);
	}
}

static bool may_change(pid_t pid, const struct __ptrace_syscall_info *info)
{
	const struct call *c = call_find(info->entry.nr);

	return c && (!c->decides || c->decides(pid, info->entry.args));
}

static bool counts(const struct settings *s, pid_t pid, const struct __ptrace_syscall_info *info)
{
	char comm[64];

	if (s->changing && !may_change(pid, info))
		return false;
	if (!s->only)
		return true;
	proc_read(pid, "comm", comm, sizeof comm);
	return strcmp(comm, s->only) == 0;
}

/* FNV-1a. */
static uint64_t mix(uint64_t h, const void *bytes, size_t n)
{
	const unsigned char *p = bytes;

	for (size_t i = 0; i < n; i++)
		h = (h ^ p[i]) * 1099511628211u;
	return h;
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
	h = mix(above, (const uint64_t[]){ st.st_mode, st.st_uid, st.st_gid, (uint64_t)st.st_size, st.st_ino },
		5 * sizeof(uint64_t));
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

static void watch_look(const struct settings *s, struct watch *w, const char *when)
{
	uint64_t now = 0;

	for (size_t i = 0; i < s->nwatch; i++)
		now += tree_look(AT_FDCWD, s->watch[i], 14695981039346656037u);
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

	if (!s->nwatch)
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

/* A process is about to do a system call, or has done one. */
static void at_call(const struct settings *s, struct tree *t, pid_t pid)
{
	struct __ptrace_syscall_info info = { 0 };
	const struct call *c;
	char comm[64], line[192], number[32];

	if (!t->started || ptrace(PTRACE_GET_SYSCALL_INFO, pid, sizeof info, &info) <= 0)
		return;
	watch_call(s, &t->watch, pid, &info);
	if (info.op != PTRACE_SYSCALL_INFO_ENTRY || !counts(s, pid, &info))
		return;
	if (++t->counted != s->count)
		return;
	c = call_find(info.entry.nr);
	proc_read(pid, "comm", comm, sizeof comm);
	snprintf(number, sizeof number, "%llu", (unsigned long long)info.entry.nr);
	snprintf(line, sizeof line, "cut %lu %s %s\n", t->counted, c ? c->name : number, comm);
	tree_kill(t);
	report(s, line);
	exit(128 + SIGKILL);
}

static void detach(struct tree *t, pid_t pid, int signal)
{
	ptrace(PTRACE_DETACH, pid, 0, (void *)(intptr_t)signal);
	tree_remove(t, pid);
}

/* A process executed another program: its other threads are gone, and it may be one not to follow. */
static bool at_exec(const struct settings *s, struct tree *t, pid_t pid)
{
	unsigned long former = 0;

	if (ptrace(PTRACE_GETEVENTMSG, pid, 0, &former) == 0 && (pid_t)former != pid)
		tree_remove(t, (pid_t)former);
	if (pid == t->first)
		t->started = true;
	if (!let_go(s, pid))
		return true;
	detach(t, pid, 0);
	return false;
}

/* One stop of one process. What it needs is done, and it goes on. */
static void at_stop(const struct settings *s, struct tree *t, pid_t pid, int status)
{
	int signal = WSTOPSIG(status), event = status >> 16;
	bool stays = event == PTRACE_EVENT_STOP && signal != SIGTRAP;

	tree_add(t, pid);
	if (signal == (SIGTRAP | 0x80)) {
		at_call(s, t, pid);
		signal = 0;
	} else if (event) {
		if (event == PTRACE_EVENT_EXEC && !at_exec(s, t, pid))
			return;
		signal = 0;
	}
	if (t->leaving)
		detach(t, pid, signal);
	else
		ptrace(stays ? PTRACE_LISTEN : PTRACE_SYSCALL, pid, 0, (void *)(intptr_t)signal);
}

static void at_end(const struct settings *s, struct tree *t, pid_t pid, int status)
{
	tree_remove(t, pid);
	if (s->nwatch) {
		watch_look(s, &t->watch, "seen by the end of a process");
		watch_leave(&t->watch, pid);
	}
	if (pid != t->first)
		return;
	t->status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	t->leaving = s->leave;
	for (size_t i = 0; t->leaving && i < t->n; i++)
		ptrace(PTRACE_INTERRUPT, t->pids[i], 0, 0);
}

/* Starts the command, stopped until it is followed. */
static pid_t start(char **command)
{
	long options = PTRACE_O_EXITKILL | PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK |
		       PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXEC;
	int gate[2];
	char byte = 0;
	pid_t pid;

	if (pipe2(gate, O_CLOEXEC) || (pid = fork()) < 0)
		return -1;
	if (pid == 0) {
		close(gate[1]);
		if (read(gate[0], &byte, 1) != 1)
			_exit(TROUBLE);
		execvp(command[0], command);
		fprintf(stderr, "cut: cannot run '%s': %s\n", command[0], strerror(errno));
		_exit(TROUBLE);
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

static int follow(const struct settings *s)
{
	struct tree t = { .status = TROUBLE };
	char line[320];
	int status;
	pid_t pid;

	if (s->nwatch && !(t.watch.inside = calloc(MAX_PIDS + 1, sizeof *t.watch.inside)))
		return TROUBLE;
	t.first = start(s->command);
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
	if (s->nwatch)
		snprintf(line, sizeof line, "done %lu exit %d watched %lu changes %lu %s\n", t.counted, t.status,
			 t.watch.calls, t.watch.changes, t.watch.wrong);
	else
		snprintf(line, sizeof line, "done %lu exit %d\n", t.counted, t.status);
	report(s, line);
	free(t.watch.inside);
	free(t.pids);
	return *t.watch.wrong ? UNEXPLAINED : t.status;
}

static bool settings_read(struct settings *s, int argc, char **argv)
{
	static const struct option options[] = {
		{ "only", required_argument, NULL, 'c' }, { "changing", no_argument, NULL, 'w' },
		{ "let", required_argument, NULL, 'l' },  { "watch", required_argument, NULL, 'W' },
		{ "leave", no_argument, NULL, 'd' },	  { 0 },
	};
	char *end;
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
		else if (o == 'W' && s->nwatch < MAX_WATCH)
			s->watch[s->nwatch++] = optarg;
		else if (o == 'l' && s->nlet < MAX_LET)
			s->let[s->nlet++] = optarg;
		else
			return false;
	}
	if (argc - optind < 3 || strcmp(argv[optind + 1], "--") != 0)
		return false;
	errno = 0;
	s->count = strtoul(argv[optind], &end, 10);
	s->command = argv + optind + 2;
	return !errno && !*end && end != argv[optind];
}

int main(int argc, char **argv)
{
	struct settings s = { 0 };

	if (!settings_read(&s, argc, argv)) {
		fputs(usage, stderr);
		return TROUBLE;
	}
	return follow(&s);
}
