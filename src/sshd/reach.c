/* SPDX-License-Identifier: GPL-3.0-or-later */
/* reach.c - a process goes first, and is left behind where it does not come back. */
#include "sshd/reach.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/banned.h"

#define WAIT_MS 5000
#define IMPATIENT_MS 200
#define MOUNT_MS 1000
#define IN_VAIN 2

/* ---- whether there is need of one ---- */

/* Which the kernel serves by itself, from disks, from memory or from what it knows. All others may wait for somebody. */
static const char *const local_types[] = {
	"bcachefs", "binfmt_misc", "bpf",      "btrfs",	     "cgroup",	   "cgroup2",	"configfs",
	"debugfs",  "devpts",	   "devtmpfs", "efivarfs",   "erofs",	   "exfat",	"ext2",
	"ext3",	    "ext4",	   "f2fs",     "fusectl",    "hugetlbfs",  "iso9660",	"jfs",
	"mqueue",   "nilfs2",	   "nsfs",     "ntfs3",	     "overlay",	   "proc",	"pstore",
	"ramfs",    "reiserfs",	   "rootfs",   "rpc_pipefs", "securityfs", "selinuxfs", "squashfs",
	"sysfs",    "tmpfs",	   "tracefs",  "udf",	     "vfat",	   "xfs",	"zfs",
};

/* What this program knows of the mounts, as they were when it first asked. */
static struct {
	bool known;
	struct strings foreign; /* mount points that are not of this machine alone */
	struct strings dead;	/* of those the ones that did not answer, and paths that did not */
	unsigned vain;		/* paths from which no process came back */
} mounts;

static bool type_is_local(const char *type)
{
	for (size_t i = 0; i < ARRAY_SIZE(local_types); i++)
		if (!strcmp(type, local_types[i]))
			return true;
	return false;
}

/* "36 35 98:0 / /mnt rw,noatime shared:1 - ext3 /dev/root rw", proc_pid_mountinfo(5). NULL: not in that form. */
static const char *line_split(char *line, const char **type)
{
	char *word = NULL, *point = NULL;

	for (int i = 0; i < 5; i++)
		point = strsep(&line, " ");
	if (!point)
		return NULL;
	while ((word = strsep(&line, " ")) && strcmp(word, "-") != 0)
		continue;
	*type = word ? strsep(&line, " ") : NULL;
	return *type ? point : NULL;
}

/* systemd mounts this one on every machine, and answers for it; nobody's files are there. */
static bool is_binfmt(const char *point, const char *type)
{
	return !strcmp(point, "/proc/sys/fs/binfmt_misc") && !strcmp(type, "autofs");
}

static enum err mounts_know(void)
{
	FILE *f = mounts.known ? NULL : fopen("/proc/self/mountinfo", "re");
	const char *point, *type;
	char *line = NULL;
	size_t size = 0;
	enum err e = ERR_NONE;

	if (mounts.known)
		return ERR_NONE;
	if (!f)
		e = strings_add(&mounts.foreign, "/"); /* nothing is known of them */
	while (f && !e && getline(&line, &size, f) > 0)
		if ((point = line_split(line, &type)) && !type_is_local(type) && !is_binfmt(point, type))
			e = strings_add(&mounts.foreign, point);
	free(line);
	if (f)
		fclose(f);
	mounts.known = !e;
	return e;
}

static bool lies_in(const char *path, const char *folder)
{
	const size_t len = strlen(folder);

	return !strncmp(path, folder, len) && (len == 1 || path[len] == '/' || !path[len]);
}

static bool is_dead(const char *path)
{
	for (size_t i = 0; i < mounts.dead.n; i++)
		if (lies_in(path, mounts.dead.v[i]))
			return true;
	return false;
}

/* The mount point that the path is under as it is written; NULL: none. */
static const char *foreign_above(const char *path)
{
	const char *above = NULL;

	for (size_t i = 0; i < mounts.foreign.n; i++)
		if (lies_in(path, mounts.foreign.v[i]) && strcmp(mounts.foreign.v[i], "/") != 0 &&
		    (!above || strlen(above) < strlen(mounts.foreign.v[i])))
			above = mounts.foreign.v[i];
	return above;
}

/* ---- the process ---- */

static void look(const char *path)
{
	struct stat st;
	char byte;
	int fd;

	if (stat(path, &st) || !S_ISREG(st.st_mode))
		return;
	fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd >= 0 && read(fd, &byte, 1) < 0)
		errno = 0; /* that it came back is all that counts */
	file_close(fd);
}

/* Keeps nothing of its parent open: a lock would outlive that. */
NORETURN static void serve(int fd)
{
	char path[PATH_MAX];
	ssize_t n;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (dup2(fd, 0) < 0 || close_range(1, ~0u, 0))
		_exit(1);
	while ((n = recv(0, path, sizeof path - 1, 0)) > 0) {
		path[n] = '\0';
		look(path);
		if (send(0, "", 1, MSG_NOSIGNAL) != 1)
			break;
	}
	_exit(0);
}

/* ---- whoever asks ---- */

static enum err start(struct reach *r)
{
	int ends[2];
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends))
		return ERR_SYSTEM;
	pid = fork();
	if (pid == 0)
		serve(ends[1]);
	file_close(ends[1]);
	if (pid < 0) {
		file_close(ends[0]);
		return ERR_SYSTEM;
	}
	r->pid = pid;
	r->asker = getpid();
	r->fd = ends[0];
	return ERR_NONE;
}

/* Not waited for: what hangs in the kernel may not even die. */
void reach_end(struct reach *r)
{
	if (!r->pid)
		return;
	file_close(r->fd);
	if (r->asker == getpid())
		kill(r->pid, SIGKILL);
	for (int tries = 0; tries < 50 && waitpid(r->pid, NULL, WNOHANG) == 0; tries++)
		poll(NULL, 0, 2);
	r->pid = 0;
	r->fd = -1;
}

static bool comes_back(const struct reach *r, unsigned ms)
{
	const uint64_t end = clock_boot_ms() + ms;
	struct pollfd p = { .fd = r->fd, .events = POLLIN };
	uint64_t now;
	char byte;
	int ready = -1;

	while (ready < 0 && (now = clock_boot_ms()) < end)
		if ((ready = poll(&p, 1, (int)(end - now))) < 0 && errno != EINTR)
			return false;
	return ready > 0 && recv(r->fd, &byte, 1, MSG_DONTWAIT) == 1;
}

/* A process that does not come back is given up. */
static enum err ask(struct reach *r, const char *path, unsigned ms, bool *answers)
{
	const size_t len = strlen(path);
	enum err e;

	if (r->pid && r->asker != getpid())
		reach_end(r);
	if (!r->pid && (e = start(r)))
		return e;
	*answers = send(r->fd, path, len, MSG_NOSIGNAL) == (ssize_t)len && comes_back(r, ms);
	if (!*answers)
		reach_end(r);
	return ERR_NONE;
}

/* The whole mount, unless it is only a link on it that leads to what hangs: anybody may have made that one. */
static enum err dead_add(struct reach *r, const char *path)
{
	const char *mount = foreign_above(path);
	bool answers = true;
	enum err e = mount ? ask(r, mount, MOUNT_MS, &answers) : ERR_NONE;

	return e ? e : strings_add(&mounts.dead, answers ? path : mount);
}

enum err reach_ask(struct reach *r, const char *path, bool *answers)
{
	const size_t len = strlen(path);
	enum err e;

	if ((e = mounts_know()))
		return e;
	/* of what is no path the kernel says so itself, at once */
	*answers = !is_dead(path);
	if (!*answers || !mounts.foreign.n || !len || len >= PATH_MAX)
		return ERR_NONE;
	if ((e = ask(r, path, mounts.vain < IN_VAIN ? WAIT_MS : IMPATIENT_MS, answers)) || *answers)
		return e;
	mounts.vain++;
	return dead_add(r, path);
}
