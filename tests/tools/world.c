/* SPDX-License-Identifier: GPL-3.0-or-later */
/* world.c - runs a command as root in a private world, which it may change as it likes: nothing of the host is touched. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <getopt.h>
#include <limits.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/banned.h"

#define CANNOT 77
#define MAX_KEPT 32

/* Hundreds of worlds are made in one test run: no process more than it takes, and no file that nobody there changes is copied. */
static const char usage[] =
	"usage: world [--keep DIR]... [--] [COMMAND ARG...]      (without a command: a shell to look around in)\n"
	"\n"
	"Own mount, network, PID, UTS and IPC namespaces. /etc is a private copy with Debian's stock /etc/ssh and without the\n"
	"host's accounts; /run, /var, /tmp, /home, /root, /srv, /mnt and /dev are new and empty, all else is read-only. The\n"
	"checkout ($LAB_SOURCE), the build folder ($SALLYPORT_BUILD) and each --keep DIR stay reachable and writable where they\n"
	"are. Whatever runs in the world ends with it, also when this program is killed. Exit status: the command's; 77 where\n"
	"such a world cannot be had, with the reason on stderr.\n";

/* A folder that stays reachable through an open descriptor when its place is covered. */
struct kept {
	char path[PATH_MAX];
	int fd;
	unsigned long flags;
};

struct kept_list {
	struct kept v[MAX_KEPT];
	size_t n;
};

static void __attribute__((noreturn, format(printf, 1, 2))) cannot(const char *format, ...)
{
	const int wrong = errno;
	va_list ap;

	va_start(ap, format);
	fprintf(stderr, "lab: no private world here: ");
	vfprintf(stderr, format, ap);
	fprintf(stderr, wrong ? ": %s\n" : "\n", strerror(wrong));
	va_end(ap);
	_exit(CANNOT);
}

static void check(int result, const char *what)
{
	if (result < 0)
		cannot("%s", what);
}

static void mount_at(const char *source, const char *target, const char *kind, unsigned long flags, const char *options)
{
	if (mount(source, target, kind, flags, options))
		cannot("mount %s", target);
}

/* What the mount there does not allow, to be said again when it is remounted. */
static unsigned long restrictions(const char *path)
{
	struct statvfs s;

	if (statvfs(path, &s))
		cannot("%s", path);
	return (s.f_flag & ST_NOSUID ? MS_NOSUID : 0) | (s.f_flag & ST_NODEV ? MS_NODEV : 0) |
	       (s.f_flag & ST_NOEXEC ? MS_NOEXEC : 0);
}

/* ---- the host's side ---- */

static pid_t child;

static void stop(int number)
{
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	_exit(128 + number);
}

static int shell_status(int status)
{
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

static int wait_for_child(void)
{
	const int numbers[] = { SIGINT, SIGTERM, SIGHUP };
	int status;

	for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
		signal(numbers[i], stop);
	while (waitpid(child, &status, 0) < 0)
		check(errno == EINTR ? 0 : -1, "wait");
	return shell_status(status);
}

/* The first process of the world; it dies with this one. Returns there only. */
static void enter_namespaces(void)
{
	int begin[2];
	char word;

	check(pipe2(begin, O_CLOEXEC), "pipe");
	check(unshare(CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWPID | CLONE_NEWNET),
	      "namespaces are not permitted here");
	check(child = fork(), "fork");
	if (child) {
		close(begin[0]);
		if (write(begin[1], "x", 1) != 1)
			cannot("its first process died");
		_exit(wait_for_child());
	}
	close(begin[1]);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (read(begin[0], &word, 1) != 1)
		_exit(CANNOT); /* it was killed before we asked */
	close(begin[0]);
}

/* ---- inside: mounts ---- */

/*
 * In a plain chroot "/" is no mount point, so its propagation cannot be changed there: join our own mount namespace from its real
 * root, make that private, and come back in over a mount of its own.
 */
static void make_private(void)
{
	char link[64], path[PATH_MAX];
	int top, own;
	ssize_t n;

	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0)
		return;
	check(top = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC), "/");
	check(own = open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC), "/proc/self/ns/mnt");
	check(setns(own, CLONE_NEWNS), "join the mount namespace");
	mount_at(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL);
	snprintf(link, sizeof link, "/proc/self/fd/%d", top);
	check((int)(n = readlink(link, path, sizeof path - 1)), "the root's path");
	path[n] = '\0';
	mount_at(path, path, NULL, MS_BIND | MS_REC, NULL);
	check(chroot(path), path);
	check(chdir("/"), "/");
	close(own);
	close(top);
}

static bool is_one_of(const char *path, const char *const *patterns)
{
	for (; *patterns; patterns++)
		if (fnmatch(*patterns, path, 0) == 0)
			return true;
	return false;
}

/* mountinfo has blanks and such as \040. */
static void unescape(char *s)
{
	char *to = s;
	unsigned c;

	for (; *s; s++) {
		if (*s == '\\' && sscanf(s, "\\%3o", &c) == 1) {
			*to++ = (char)c;
			s += 3;
		} else
			*to++ = *s;
	}
	*to = '\0';
}

static void make_read_only(void)
{
	/* What is laid over anew, or is the kernel's. */
	static const char *const not_disk[] = { "/proc*", "/sys*", "/dev*", "/etc/*",  "/run*",	 "/var/*", "/home*",
						"/srv*",  "/mnt*", "/tmp*", "/media*", "/root*", NULL };
	FILE *f = fopen("/proc/self/mountinfo", "re");
	char *line = NULL, target[PATH_MAX], kind[64];
	const char *dash;
	size_t size = 0;

	if (!f)
		cannot("/proc/self/mountinfo");
	while (getline(&line, &size, f) > 0) {
		dash = strstr(line, " - ");
		if (!dash || sscanf(line, "%*s %*s %*s %*s %4095s", target) != 1 || sscanf(dash, " - %63s", kind) != 1)
			continue;
		unescape(target);
		if (!is_one_of(target, not_disk) && strcmp(kind, "nsfs") != 0 && strcmp(kind, "autofs") != 0)
			mount_at(NULL, target, NULL, MS_REMOUNT | MS_BIND | MS_RDONLY | restrictions(target), NULL);
	}
	free(line);
	fclose(f);
}

static void keep(struct kept_list *list, const char *path, unsigned long flags)
{
	struct kept *k = &list->v[list->n];
	struct stat st;

	if (!realpath(path, k->path) || stat(k->path, &st) || !S_ISDIR(st.st_mode))
		return;
	for (size_t i = 0; i < list->n; i++)
		if (strcmp(list->v[i].path, k->path) == 0)
			return;
	k->flags = flags;
	if (++list->n == MAX_KEPT)
		cannot("at most %d folders stay reachable", MAX_KEPT - 1);
}

static void make_folders(char *path)
{
	for (char *p = path + 1; *p; p++) {
		if (*p != '/')
			continue;
		*p = '\0';
		mkdir(path, 0755);
		*p = '/';
	}
	mkdir(path, 0755);
}

/* In the world's mount namespace, before the place is covered. */
static void hold(struct kept *k)
{
	check(k->fd = open(k->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), k->path);
}

static void put_back(struct kept *k)
{
	char from[64];

	make_folders(k->path);
	snprintf(from, sizeof from, "/proc/self/fd/%d", k->fd);
	mount_at(from, k->path, NULL, MS_BIND | MS_REC, NULL);
	mount_at(NULL, k->path, NULL, MS_REMOUNT | MS_BIND | k->flags | restrictions(k->path), NULL);
	close(k->fd);
}

/* ---- inside: /etc ---- */

/* Folders that nobody in a world changes: they are the host's, read-only. */
static const char *const etc_shared[] = { "alternatives", "fonts", "ssl/certs", NULL };
/* The host's own, which is not copied at all. What is in update-motd.d a login would run: five processes each time. */
static const char *const etc_left_out[] = {
	"passwd-",
	"group-",
	"shadow-",
	"gshadow",
	"gshadow-",
	"subuid",
	"subgid",
	"nologin",
	"hosts.*",
	"resolv.conf",
	"sallyport",
	"update-motd.d",
	"ssh/sshd_config*",
	"ssh/ssh_host_*",
	"ssh/revoked_keys",
	"ssh/ssh_config.d/*",
	NULL,
};

static void copy_attributes(int to, const char *path, const struct stat *st)
{
	if (fchown(to, st->st_uid, st->st_gid) || fchmod(to, st->st_mode & 07777) ||
	    futimens(to, (const struct timespec[]){ st->st_atim, st->st_mtim }))
		cannot("copy /etc/%s", path);
}

static void copy_file(int from, int to, const char *name, const struct stat *st)
{
	const int in = openat(from, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	const int out = openat(to, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	ssize_t n;

	if (in < 0 || out < 0)
		cannot("copy %s of /etc", name);
	while ((n = sendfile(out, in, NULL, 1 << 20)) > 0)
		;
	check((int)n, "copy /etc");
	copy_attributes(out, name, st);
	close(in);
	close(out);
}

static void copy_link(int from, int to, const char *name)
{
	char target[PATH_MAX];
	const ssize_t n = readlinkat(from, name, target, sizeof target - 1);

	if (n < 0)
		cannot("copy %s of /etc", name);
	target[n] = '\0';
	if (symlinkat(target, to, name))
		cannot("copy %s of /etc", name);
}

static void share_folder(int from, const char *path)
{
	char source[64], target[PATH_MAX + 8];

	snprintf(source, sizeof source, "/proc/self/fd/%d", from);
	snprintf(target, sizeof target, "/etc/%s", path);
	mount_at(source, target, NULL, MS_BIND, NULL);
	mount_at(NULL, target, NULL, MS_REMOUNT | MS_BIND | MS_RDONLY | restrictions(target), NULL);
}

static void copy_below(int from, int to, const char *path);

static void copy_folder(int from, int to, const char *name, const char *path, const struct stat *st)
{
	const int in = openat(from, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	const int out = mkdirat(to, name, 0700) ? -1 : openat(to, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (in < 0 || out < 0)
		cannot("copy /etc/%s", path);
	if (is_one_of(path, etc_shared))
		share_folder(in, path);
	else
		copy_below(in, out, path);
	copy_attributes(out, path, st);
	close(in);
	close(out);
}

/* 'path' is the folder's below /etc. */
static void copy_below(int from, int to, const char *path) /* NOLINT(misc-no-recursion): as deep as /etc */
{
	DIR *d = fdopendir(dup(from));
	char below[PATH_MAX];
	struct dirent *e;
	struct stat st;

	if (!d)
		cannot("copy /etc/%s", path);
	while ((e = readdir(d))) {
		const char *name = e->d_name;

		if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
			continue;
		snprintf(below, sizeof below, "%s%s%s", path, *path ? "/" : "", name);
		if (is_one_of(below, etc_left_out) || fstatat(from, name, &st, AT_SYMLINK_NOFOLLOW))
			continue;
		if (S_ISREG(st.st_mode))
			copy_file(from, to, name, &st);
		else if (S_ISLNK(st.st_mode))
			copy_link(from, to, name);
		else if (S_ISDIR(st.st_mode))
			copy_folder(from, to, name, below, &st);
	}
	closedir(d);
}

/* ---- inside: what is in the folders ---- */

static void fill(const char *path, const char *text, mode_t mode, gid_t group)
{
	FILE *f = fopen(path, "we");

	if (!f || fputs(text, f) < 0 || fclose(f) || chmod(path, mode) || chown(path, 0, group))
		cannot("%s", path);
}

static void folder(const char *path, mode_t mode, gid_t group)
{
	if (mkdir(path, 0755) || chown(path, 0, group) || chmod(path, mode))
		cannot("%s", path);
}

static void fill_dev(void)
{
	static const struct {
		const char *name;
		unsigned major, minor;
	} devices[] = { { "null", 1, 3 },    { "zero", 1, 5 }, { "full", 1, 7 },      { "random", 1, 8 },
			{ "urandom", 1, 9 }, { "tty", 5, 0 },  { "net/tun", 10, 200 } };
	static const char *const links[][2] = { { "pts/ptmx", "/dev/ptmx" },
						{ "/proc/self/fd", "/dev/fd" },
						{ "/proc/self/fd/0", "/dev/stdin" },
						{ "/proc/self/fd/1", "/dev/stdout" },
						{ "/proc/self/fd/2", "/dev/stderr" } };
	char path[64];

	folder("/dev/pts", 0755, 0);
	folder("/dev/shm", 0755, 0);
	folder("/dev/net", 0755, 0);
	mount_at("devpts", "/dev/pts", "devpts", 0, "newinstance,ptmxmode=0666,mode=0620,gid=5");
	mount_at("lab", "/dev/shm", "tmpfs", 0, "mode=1777,size=256m");
	for (size_t i = 0; i < sizeof devices / sizeof *devices; i++) {
		snprintf(path, sizeof path, "/dev/%s", devices[i].name);
		check(mknod(path, S_IFCHR | 0666, makedev(devices[i].major, devices[i].minor)), path);
		check(chmod(path, 0666), path);
	}
	for (size_t i = 0; i < sizeof links / sizeof *links; i++)
		check(symlink(links[i][0], links[i][1]), links[i][1]);
	/* lib.sh: nothing ever comes out of it */
	check(mkfifo("/dev/lab-never", 0600), "/dev/lab-never");
}

/* The file's text, to be freed. */
static char *text_of(const char *path)
{
	FILE *f = fopen(path, "re");
	char *text = NULL;
	size_t size = 0;

	if (!f || getdelim(&text, &size, '\0', f) < 0)
		cannot("%s", path);
	fclose(f);
	return text;
}

/* The file keeps its owner and mode. */
static void rewrite(const char *path, const char *text)
{
	FILE *f = fopen(path, "we");

	if (!f || fputs(text, f) < 0 || fclose(f))
		cannot("%s", path);
}

/* The number in the third field of a line of /etc/passwd or /etc/group. */
static unsigned long number_of(const char *line)
{
	const char *first = strchr(line, ':'), *second = first ? strchr(first + 1, ':') : NULL;

	return second ? strtoul(second + 1, NULL, 10) : 0;
}

/* The line of that name in such a file's text; NULL if there is none. */
static const char *line_of(const char *text, const char *name, size_t n)
{
	for (const char *line = text; *line; line = strchr(line, '\n') + 1) {
		if (strncmp(line, name, n) == 0 && line[n] == ':')
			return line;
		if (!strchr(line, '\n'))
			break;
	}
	return NULL;
}

/* Leaves the lines that the filter wants; 'arg' is for it. */
static void filter_lines(const char *path, bool (*wanted)(char *line, const void *arg), const void *arg)
{
	char *text = text_of(path), *rest = text, *kept = NULL, *line;
	size_t n;
	FILE *out = open_memstream(&kept, &n);

	while ((line = strsep(&rest, "\n")))
		if (*line && wanted(line, arg))
			fprintf(out, "%s\n", line);
	fclose(out);
	rewrite(path, kept);
	free(kept);
	free(text);
}

static bool is_systems(char *line, const void *arg)
{
	const unsigned long number = number_of(line);

	(void)arg;
	return number < 1000 || number == 65534;
}

/* Those that 'passwd' has; root has a line of its own. */
static bool has_account(char *line, const void *passwd)
{
	const size_t n = strcspn(line, ":");

	return line_of(passwd, line, n) && !(n == 4 && strncmp(line, "root", n) == 0);
}

/* Those that Debian brings, none of the host's people, no password for root. */
static void fill_accounts(void)
{
	char *passwd, *shadow, *all = NULL;

	filter_lines("/etc/passwd", is_systems, NULL);
	filter_lines("/etc/group", is_systems, NULL);
	passwd = text_of("/etc/passwd");
	filter_lines("/etc/shadow", has_account, passwd);
	shadow = text_of("/etc/shadow");
	if (asprintf(&all, "root:*:19000:0:99999:7:::\n%s", shadow) < 0)
		cannot("/etc/shadow");
	rewrite("/etc/shadow", all);
	free(all);
	free(shadow);
	free(passwd);
}

static gid_t group_of(const char *name)
{
	char *text = text_of("/etc/group");
	const char *line = line_of(text, name, strlen(name));
	const gid_t found = line ? (gid_t)number_of(line) : 0;

	free(text);
	return found;
}

static void fill_var(void)
{
	const gid_t utmp = group_of("utmp");

	folder("/run/sshd", 0755, 0);
	folder("/run/user", 0755, 0);
	folder("/run/lock", 01777, 0);
	folder("/var/lib", 0755, 0);
	folder("/var/log", 0755, 0);
	folder("/var/cache", 0755, 0);
	folder("/var/spool", 0755, 0);
	folder("/var/tmp", 01777, 0);
	folder("/var/mail", 02775, group_of("mail"));
	check(symlink("/run", "/var/run"), "/var/run");
	check(symlink("/run/lock", "/var/lock"), "/var/lock");
	fill("/var/log/wtmp", "", 0664, utmp);
	fill("/var/log/btmp", "", 0660, utmp);
	fill("/var/log/lastlog", "", 0664, utmp);
	fill("/run/utmp", "", 0664, utmp);
}

/* The stock SSH server. Only the moduli have no pristine copy elsewhere. */
static void fill_ssh(void)
{
	static const char stock[] = "/usr/share/openssh/sshd_config";
	char *text;

	if (access("/etc/ssh", F_OK))
		return;
	folder("/etc/ssh/sshd_config.d", 0755, 0);
	if (access(stock, F_OK))
		return;
	text = text_of(stock);
	fill("/etc/ssh/sshd_config", text, 0644, 0);
	free(text);
}

static void fill_names(void)
{
	check(sethostname("lab", 3), "set the host name");
	rewrite("/etc/hostname", "lab\n");
	rewrite("/etc/hosts", "127.0.0.1 localhost\n127.0.1.1 lab\n::1 localhost ip6-localhost ip6-loopback\n");
}

static void raise_loopback(void)
{
	struct ifreq lo = { .ifr_name = "lo", .ifr_flags = IFF_UP };
	const int s = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	check(s, "socket");
	check(ioctl(s, SIOCSIFFLAGS, &lo), "raise lo");
	close(s);
}

static void fill_etc(int host)
{
	const int etc = open("/etc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	check(etc, "/etc");
	copy_below(host, etc, "");
	close(etc);
	fill_accounts();
	fill_ssh();
	fill_names();
}

static void build(struct kept_list *kept)
{
	static const char *const covered[] = { "/etc", "/run", "/var", "/home", "/srv", "/mnt", "/media", "/dev" };
	struct stat st;
	bool in_roots_home = false;
	int etc;

	umask(022);
	make_private();
	mount_at("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
	check(etc = open("/etc", O_RDONLY | O_DIRECTORY | O_CLOEXEC), "/etc");
	keep(kept, "/var/lib/dpkg", MS_RDONLY);
	keep(kept, "/var/lib/apt", MS_RDONLY);
	for (size_t i = 0; i < kept->n; i++)
		hold(&kept->v[i]);
	make_read_only();
	for (size_t i = 0; i < sizeof covered / sizeof *covered; i++)
		if (stat(covered[i], &st) == 0)
			mount_at("lab", covered[i], "tmpfs", 0, "mode=755,size=1g");
	mount_at("lab", "/tmp", "tmpfs", 0, "mode=1777,size=1g");
	mount_at("lab", "/root", "tmpfs", 0, "mode=700,size=1g");
	mount_at("sysfs", "/sys", "sysfs", MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
	fill_etc(etc);
	close(etc);
	fill_dev();
	fill_var();
	for (size_t i = 0; i < kept->n; i++) {
		in_roots_home |= strncmp(kept->v[i].path, "/root/", 6) == 0;
		put_back(&kept->v[i]);
	}
	/* Accounts of the tests run programs of the build, also of one in root's home. */
	if (in_roots_home)
		check(chmod("/root", 0711), "/root");
	raise_loopback();
}

/* ---- the command ---- */

/* A known environment: what describes the host or the caller's login stays outside. */
static void set_environment(char *const *outer, const char *source)
{
	static const char *const passed[] = { "TERM=*",	     "COLUMNS=*", "NO_COLOR=*", "CI=*",	  "LAB_*",
					      "SALLYPORT_*", "ASAN_*",	  "UBSAN_*",	"LSAN_*", NULL };
	static const char *const own[][2] = { { "PATH", "/usr/sbin:/usr/bin:/sbin:/bin" },
					      { "HOME", "/root" },
					      { "USER", "root" },
					      { "LOGNAME", "root" },
					      { "SHELL", "/bin/bash" },
					      { "LANG", "C.UTF-8" },
					      { "LAB_WORLD", "1" } };

	clearenv();
	for (; *outer; outer++) {
		const char *value = strchr(*outer, '=');

		if (value && value[1] && is_one_of(*outer, passed))
			putenv(*outer);
	}
	for (size_t i = 0; i < sizeof own / sizeof *own; i++)
		setenv(own[i][0], own[i][1], true);
	setenv("LAB_SOURCE", source, true);
}

/* Stays as the first process: it takes in orphans, and its end is the end of the world. */
static int serve(char **command)
{
	pid_t pid;
	int status;

	check(child = fork(), "fork");
	if (child == 0) {
		execvp(command[0], command);
		fprintf(stderr, "lab: %s: %s\n", command[0], strerror(errno));
		_exit(127);
	}
	while ((pid = wait(&status)) != child)
		check(pid, "wait");
	return shell_status(status);
}

int main(int argc, char **argv)
{
	static const struct option options[] = { { "keep", required_argument, NULL, 'k' }, { 0 } };
	char *shell[] = { (char[]){ "/bin/bash" }, (char[]){ "-i" }, NULL };
	const char *source = getenv("LAB_SOURCE"), *build_folder = getenv("SALLYPORT_BUILD");
	struct kept_list kept = { 0 };
	char cwd[PATH_MAX];
	int word;

	if (!source) {
		fprintf(stderr, "world: LAB_SOURCE is not set: call tests/lab/world\n");
		return 2;
	}
	keep(&kept, source, 0);
	if (build_folder)
		keep(&kept, build_folder, 0);
	while ((word = getopt_long(argc, argv, "+", options, NULL)) != -1) {
		if (word != 'k') {
			fputs(usage, stderr);
			return 2;
		}
		keep(&kept, optarg, 0);
	}
	errno = 0;
	if (geteuid() != 0)
		cannot("it needs root");
	if (access("/proc/self/ns/mnt", F_OK))
		cannot("/proc is not mounted (mount -t proc proc /proc)");
	if (!getcwd(cwd, sizeof cwd))
		snprintf(cwd, sizeof cwd, "/");
	enter_namespaces();
	build(&kept);
	if (chdir(cwd))
		check(chdir(source), source);
	set_environment(environ, source);
	_exit(serve(argv[optind] ? argv + optind : shell));
}
