/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * escape.c - tries to get out of a jail, one way at a time: escape WAY [ARGUMENT]. Linked statically, as a jail need not have libraries.
 *
 * Prints one line and exits with 0 where the jail held, 1 where it did not, 2 where it could not be tried. What counts is the file
 * /etc/host-mark, which the test has put outside. Some ways are open in every chroot, and then the test says so.
 */
#include "base/macros.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#define MARK "etc/host-mark"

static const char *self; /* argv[0]: a path */
static char said[4096];	 /* what was tried, with each answer */

FORMAT(1, 2) static void say(const char *format, ...)
{
	const size_t len = strlen(said);
	va_list ap;

	va_start(ap, format);
	vsnprintf(said + len, sizeof said - len, format, ap);
	va_end(ap);
}

/* Notes how a call went; true: it was allowed. */
static bool allowed(const char *what, long result)
{
	const int number = errno;

	if (result < 0)
		say(" %s: %s;", what, strerrorname_np(number));
	else
		say(" %s: ALLOWED;", what);
	return result >= 0;
}

static bool can_read(int dir, const char *path)
{
	char byte;
	int fd = openat(dir, path, O_RDONLY | O_CLOEXEC);
	bool yes = fd >= 0 && read(fd, &byte, 1) == 1;

	if (fd >= 0)
		close(fd);
	return yes;
}

/* From where we are, upwards as far as it goes. */
static bool reached(void)
{
	for (int i = 0; i < 64; i++) {
		if (can_read(AT_FDCWD, MARK))
			return true;
		if (chdir(".."))
			return false;
	}
	return can_read(AT_FDCWD, MARK);
}

/* The oldest one: a root below the working directory does not hold it. */
static bool break_out(void)
{
	int here = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	char dir[] = "escape-XXXXXX";
	bool out;

	if (here < 0 || !mkdtemp(dir))
		return allowed("a folder", -1);
	out = allowed("chroot", chroot(dir)) && allowed("fchdir", fchdir(here)) && reached();
	if (fchdir(here) == 0)
		rmdir(dir);
	close(here);
	return out;
}

/* ---- privileges ---- */

static bool way_setuid(const char *argument)
{
	/* cap_setuid,cap_dac_override=ep, as setcap(8) writes it */
	const struct vfs_cap_data caps = { .magic_etc = VFS_CAP_REVISION_2 | VFS_CAP_FLAGS_EFFECTIVE,
					   .data[0].permitted = 1u << CAP_SETUID | 1u << CAP_DAC_OVERRIDE };
	int status = 0;
	bool out = allowed("chown to root", chown(self, 0, 0));
	pid_t pid;

	out |= allowed("a capability", setxattr(self, "security.capability", &caps, sizeof caps, 0));
	if (!allowed("chmod u+s", chmod(self, 04755)))
		return out;
	pid = fork();
	if (pid == 0) {
		execl(self, self, "am-i-root", (char *)NULL);
		_exit(2);
	}
	if (pid < 0 || waitpid(pid, &status, 0) < 0 || !WIFEXITED(status))
		return true;
	say(" run: %s;", WEXITSTATUS(status) ? "ROOT" : "still the user");
	chmod(self, 0755);
	out |= WEXITSTATUS(status) != 0;
	out |= allowed("setuid(0)", setresuid(0, 0, 0));
	return out | allowed("setgid(0)", setresgid(0, 0, 0));
}

/* Asked by the above; says nothing. */
NORETURN static bool way_am_i_root(const char *argument)
{
	_exit(geteuid() == 0 || getegid() == 0);
}

static bool way_device(const char *argument)
{
	static const struct {
		const char *name;
		mode_t kind;
		unsigned major, minor;
	} devices[] = {
		{ "sda", S_IFBLK, 8, 0 },  { "vda", S_IFBLK, 254, 0 },	{ "loop0", S_IFBLK, 7, 0 },
		{ "mem", S_IFCHR, 1, 1 },  { "kmsg", S_IFCHR, 1, 11 },	{ "null", S_IFCHR, 1, 3 },
		{ "tty1", S_IFCHR, 4, 1 }, { "tun", S_IFCHR, 10, 200 }, { "fuse", S_IFCHR, 10, 229 },
	};
	bool out = false;

	for (size_t i = 0; i < ARRAY_SIZE(devices); i++) {
		out |= allowed(devices[i].name, mknod("escape-device", devices[i].kind | 0666,
						      makedev(devices[i].major, devices[i].minor)));
		unlink("escape-device");
	}
	return out;
}

/* ---- another root ---- */

static bool way_chroot(const char *argument)
{
	return break_out();
}

static bool way_user_namespace(const char *argument)
{
	return allowed("CLONE_NEWUSER", unshare(CLONE_NEWUSER)) |
	       allowed("with mounts", unshare(CLONE_NEWUSER | CLONE_NEWNS));
}

static bool way_namespace(const char *argument)
{
	int init;
	bool out = allowed("mounts", unshare(CLONE_NEWNS));

	out |= allowed("pids", unshare(CLONE_NEWPID)) | allowed("network", unshare(CLONE_NEWNET));
	out |= allowed("ipc", unshare(CLONE_NEWIPC)) | allowed("names", unshare(CLONE_NEWUTS));
	init = (int)syscall(SYS_pidfd_open, 1, 0);
	if (init >= 0)
		out |= allowed("those of process 1", setns(init, CLONE_NEWNS));
	return out;
}

static bool way_mount(const char *argument)
{
	bool out = allowed("proc", mount("proc", ".", "proc", 0, NULL)) |
		   allowed("tmpfs", mount("x", ".", "tmpfs", 0, NULL));

	out |= allowed("bind", mount("/", ".", NULL, MS_BIND, NULL)) |
	       allowed("move", mount("/", ".", NULL, MS_MOVE, NULL));
	out |= allowed("remount", mount(NULL, "/", NULL, MS_REMOUNT | MS_BIND, NULL));
	out |= allowed("umount", umount2("/", MNT_DETACH)) | allowed("pivot_root", syscall(SYS_pivot_root, ".", "."));
	out |= allowed("open_tree", syscall(SYS_open_tree, AT_FDCWD, "/", OPEN_TREE_CLONE));
	return out | allowed("fsopen", syscall(SYS_fsopen, "proc", 0));
}

/* ---- what is there already ---- */

static bool way_proc(const char *argument)
{
	static const char *const paths[] = { "/proc/self",
					     "/proc/1",
					     "/proc/1/root/etc/host-mark",
					     "/proc/self/root",
					     "/proc/mounts",
					     "/sys/kernel",
					     "/dev/mem",
					     "/dev/kmsg",
					     "/dev/shm",
					     "/run",
					     "/etc/host-mark" };
	struct stat st;
	bool out = false;

	for (size_t i = 0; i < ARRAY_SIZE(paths); i++)
		out |= allowed(paths[i], stat(paths[i], &st));
	return out;
}

static bool way_descriptors(const char *argument)
{
	bool out = false;

	for (int fd = 0; fd < 4096; fd++) {
		struct stat st;

		if (fstat(fd, &st))
			continue;
		say(" %d: 0%o;", fd, st.st_mode);
		if (fd > 2 || S_ISDIR(st.st_mode) || S_ISBLK(st.st_mode))
			out = true;
		if (S_ISDIR(st.st_mode) && fchdir(fd) == 0 && reached())
			say(" and the host behind it;");
	}
	return out;
}

static bool way_upwards(const char *argument)
{
	static const char *const from[] = { "/", ".", "/..", "../../../../../../../..", "/dev/..", "/dev/../.." };
	bool out = false;

	for (size_t i = 0; i < ARRAY_SIZE(from); i++) {
		int fd = open(from[i], O_PATH | O_DIRECTORY | O_CLOEXEC);

		if (fd < 0)
			continue;
		out |= can_read(fd, "../../../../../../../../../" MARK);
		if (fchdir(fd) == 0 && reached())
			out = true;
		close(fd);
	}
	say(" %s;", out ? "reached the host" : "ended at the jail's root");
	return out;
}

static bool is_writable(const char *path)
{
	return faccessat(AT_FDCWD, path, W_OK, AT_EACCESS) == 0;
}

static const char *home;
static size_t seen, wrong;

static bool is_known_device(dev_t device)
{
	static const unsigned known[][2] = { { 1, 3 }, { 1, 5 }, { 1, 7 }, { 1, 8 }, { 1, 9 }, { 5, 0 } };

	for (size_t i = 0; i < ARRAY_SIZE(known); i++)
		if (device == makedev(known[i][0], known[i][1]))
			return true;
	return false;
}

static int look(const char *path, const struct stat *st, int kind, struct FTW *where)
{
	const bool his = strncmp(path, home, strlen(home)) == 0;
	const char *what = NULL;
	char value[64];

	seen++;
	if (S_ISREG(st->st_mode) && (st->st_mode & 06000))
		what = "setuid or setgid";
	else if (S_ISREG(st->st_mode) && lgetxattr(path, "security.capability", value, sizeof value) > 0)
		what = "has a capability";
	else if (S_ISBLK(st->st_mode) || (S_ISCHR(st->st_mode) && !is_known_device(st->st_rdev)))
		what = "a device";
	else if (!his && (S_ISFIFO(st->st_mode) || (S_ISSOCK(st->st_mode) && strcmp(path, "/dev/log") != 0)))
		what = "a socket or FIFO";
	else if (!his && (S_ISREG(st->st_mode) || S_ISDIR(st->st_mode)) && is_writable(path))
		what = "writable";
	else if (!his && st->st_uid != 0)
		what = "not root's";
	if (what) {
		say(" %s is %s;", path, what);
		wrong++;
	}
	return 0;
}

static bool way_walk(const char *argument)
{
	home = argument;
	if (nftw("/", look, 64, FTW_PHYS))
		return allowed("walk", -1);
	say(" %zu files, %zu wrong;", seen, wrong);
	return wrong > 0 || seen < 10;
}

/* ---- files ---- */

static bool way_write(const char *argument)
{
	static const char *const files[] = { "/etc/passwd",	 "/etc/group", "/etc/nsswitch.conf",
					     "/etc/ld.so.cache", "/bin/sh",    "/usr/bin/id" };
	static const char *const new[] = { "/new",     "/etc/ld.so.preload", "/usr/bin/new",
					   "/lib/new", "/dev/new",	     "/home/new" };
	bool out = false;

	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		out |= allowed(files[i], open(files[i], O_WRONLY | O_CLOEXEC));
		out |= allowed("unlink", unlink(files[i])) | allowed("chmod", chmod(files[i], 0777));
	}
	for (size_t i = 0; i < ARRAY_SIZE(new); i++)
		out |= allowed(new[i], open(new[i], O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
	out |= allowed("move /etc", rename("/etc", "/etc2")) | allowed("move /dev", rename("/dev", "escape-dev"));
	return out | allowed("chmod /", chmod("/", 0777)) | allowed("unlink /dev/null", unlink("/dev/null"));
}

static bool way_link(const char *argument)
{
	static const char *const from[] = { "/etc/host-mark", "../../../../../../../etc/host-mark", "/../etc/host-mark",
					    "/proc/1/root/etc/host-mark" };
	bool out = false;
	int root = open("/", O_PATH | O_CLOEXEC);

	for (size_t i = 0; i < ARRAY_SIZE(from); i++) {
		out |= allowed(from[i], link(from[i], "escape-link"));
		unlink("escape-link");
		(void)!symlink(from[i], "escape-link");
		if (can_read(AT_FDCWD, "escape-link"))
			out |= allowed("through a symbolic link", 0);
		unlink("escape-link");
	}
	out |= allowed("from the root's descriptor", linkat(root, "../" MARK, AT_FDCWD, "escape-link", 0));
	/* a name more for a file of root's is no harm unless it can be changed by that */
	if (link("/etc/passwd", "escape-link") == 0)
		out |= allowed("write through a hard link", open("escape-link", O_WRONLY | O_CLOEXEC));
	unlink("escape-link");
	close(root);
	return out;
}

static bool way_rename(const char *argument)
{
	static const char *const to[] = { "/../escape-moved", "../../../../../../../../tmp/escape-moved",
					  "/tmp/escape-moved" };
	bool out = false;
	int dir;

	if (mkdir("escape-dir", 0700) && errno != EEXIST)
		return allowed("mkdir", -1);
	dir = open("escape-dir", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	for (size_t i = 0; i < ARRAY_SIZE(to); i++)
		if (allowed(to[i], rename("escape-dir", to[i])))
			out |= fchdir(dir) == 0 && reached();
	out |= allowed("exchange",
		       syscall(SYS_renameat2, AT_FDCWD, "escape-dir", AT_FDCWD, "/etc", 2u /* RENAME_EXCHANGE */));
	rmdir("escape-dir");
	close(dir);
	return out;
}

static bool way_handle(const char *argument)
{
	union {
		struct file_handle handle;
		char room[sizeof(struct file_handle) + MAX_HANDLE_SZ];
	} h = { .handle.handle_bytes = MAX_HANDLE_SZ };
	int mount_id, root = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (name_to_handle_at(AT_FDCWD, "/", &h.handle, &mount_id, 0)) {
		say(" name_to_handle_at: %s;", strerrorname_np(errno));
		if (errno == EOPNOTSUPP)
			h.handle = (struct file_handle){ .handle_bytes = 8, .handle_type = 1 };
	}
	return allowed("open_by_handle_at", open_by_handle_at(root, &h.handle, O_RDONLY));
}

/* ---- other processes ---- */

static bool way_ptrace(const char *argument)
{
	const pid_t pid = (pid_t)strtol(argument, NULL, 10);
	char byte;
	struct iovec to = { &byte, 1 }, from = { (void *)(uintptr_t)0x400000, 1 };
	int fd, status;
	bool out = false;

	if (allowed("attach", ptrace(PTRACE_ATTACH, pid, NULL, NULL))) {
		out = true;
		waitpid(pid, &status, __WALL);
		ptrace(PTRACE_DETACH, pid, NULL, NULL);
	}
	/* EFAULT: it may, there is nothing at that address */
	if (process_vm_readv(pid, &to, 1, &from, 1, 0) >= 0 || errno == EFAULT)
		out |= allowed("its memory", 0);
	else
		allowed("its memory", -1);
	fd = (int)syscall(SYS_pidfd_open, pid, 0);
	if (fd >= 0)
		out |= allowed("its descriptors", syscall(SYS_pidfd_getfd, fd, 1, 0));
	return out;
}

static bool way_signal(const char *argument)
{
	return allowed("signal", kill((pid_t)strtol(argument, NULL, 10), 0));
}

static bool way_abstract(const char *argument)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	const size_t len = strnlen(argument, sizeof to.sun_path - 1);

	memcpy(to.sun_path + 1, argument, len);
	return allowed("connect", connect(fd, (struct sockaddr *)&to,
					  (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + len)));
}

static bool way_shm(const char *argument)
{
	const int id = shmget((key_t)strtol(argument, NULL, 0), 0, 0);
	bool out = false;

	if (!allowed("shmget", id))
		return false;
	out = allowed("read", shmat(id, NULL, SHM_RDONLY) == (void *)-1 ? -1 : 0);
	return out | allowed("remove", shmctl(id, IPC_RMID, NULL));
}

/* Terminals of others, and of the system: his own is his. */
static bool way_terminal(const char *argument)
{
	static const char *const paths[] = { "/dev/console", "/dev/tty0",  "/dev/tty1",	 "/dev/ptmx", "/dev/pts/ptmx",
					     "/dev/pts/0",   "/dev/pts/1", "/dev/pts/2", "/dev/ttyS0" };
	bool out = false;

	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		int fd = open(paths[i], O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);

		out |= allowed(paths[i], fd);
		if (fd >= 0)
			out |= allowed("TIOCSTI", ioctl(fd, TIOCSTI, "x"));
	}
	return out;
}

/* What a process may ask of the kernel only as root. Nothing here does harm, should it be granted. */
static bool way_kernel(const char *argument)
{
	char names[64] = "";
	bool out = allowed("sethostname", gethostname(names, sizeof names) ? -1 : sethostname(names, strlen(names)));

	out |= allowed("init_module", syscall(SYS_init_module, "", 0, ""));
	out |= allowed("the kernel's log, cleared", syscall(SYS_syslog, 5 /* SYSLOG_ACTION_CLEAR */, NULL, 0));
	out |= allowed("acct", syscall(SYS_acct, "escape-account")) | allowed("swapon", syscall(SYS_swapon, self, 0));
	out |= allowed("ambient capability", prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_SYS_ADMIN, 0, 0));
#ifdef SYS_iopl
	out |= allowed("iopl", syscall(SYS_iopl, 3));
#endif
	return out;
}

static const struct {
	const char *name;
	bool (*tries)(const char *argument); /* true: it got out */
	bool wants;			     /* an argument */
} ways[] = {
	{ "setuid", way_setuid, false },
	{ "am-i-root", way_am_i_root, false },
	{ "device", way_device, false },
	{ "chroot", way_chroot, false },
	{ "user-namespace", way_user_namespace, false },
	{ "namespace", way_namespace, false },
	{ "mount", way_mount, false },
	{ "proc", way_proc, false },
	{ "descriptors", way_descriptors, false },
	{ "upwards", way_upwards, false },
	{ "walk", way_walk, true },
	{ "write", way_write, false },
	{ "link", way_link, false },
	{ "rename", way_rename, false },
	{ "handle", way_handle, false },
	{ "ptrace", way_ptrace, true },
	{ "signal", way_signal, true },
	{ "abstract", way_abstract, true },
	{ "shm", way_shm, true },
	{ "terminal", way_terminal, false },
	{ "kernel", way_kernel, false },
};

int main(int argc, char **argv)
{
	self = argv[0];
	for (size_t i = 0; argc > 1 && i < ARRAY_SIZE(ways); i++) {
		bool out;

		if (strcmp(argv[1], ways[i].name) != 0 || (argc == 3) != ways[i].wants)
			continue;
		out = ways[i].tries(argc > 2 ? argv[2] : NULL);
		printf("%s %s:%s\n", out ? "OUT" : "held", ways[i].name, said);
		return out;
	}
	fprintf(stderr, "usage: escape WAY [ARGUMENT]\n");
	return 2;
}
