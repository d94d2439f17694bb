/* SPDX-License-Identifier: GPL-3.0-or-later */
/* stage.c - the copy of the configuration, and the private world in which it is the real one. */
#include "harden/stage.h"

#include "base/file.h"
#include "base/interrupt.h"
#include "base/mounts.h"
#include "base/tree.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/banned.h"

#define FILE_MAX (64u << 20)
#define ANSWER_MAX (16u << 20)
#define LOOK_MS 200 /* between two looks whether somebody wants it to end */

struct stage {
	const struct root *real; /* borrowed from the facts */
	struct root *copy;
	char *dir;    /* the folder on this system */
	char *folder; /* of the main file, inside the root */
	struct staged_file **files;
	size_t n;
};

static char *parent_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	if (!slash || slash == path)
		return strdup("/");
	return strndup(path, (size_t)(slash - path));
}

static void staged_file_free(struct staged_file *f)
{
	if (!f)
		return;
	free(f->path);
	free(f->real);
	free(f->old);
	text_free(&f->now);
	strings_free(&f->why);
	free(f);
}

/* Where the folder of a run lies; its pid follows. */
static const char *stage_prefix(const struct root *r)
{
	return root_is_live(r) ? "/run/sallyport/stage-" : "/.sallyport-stage-";
}

static enum err make_folder_at(const char *prefix, char **out)
{
	struct text t = { 0 };
	enum err e;

	text_add(&t, "%s%ld-XXXXXX", prefix, (long)getpid());
	if ((e = text_check(&t)) == ERR_NONE && !mkdtemp(t.s))
		e = ERR_SYSTEM;
	if (e)
		text_free(&t);
	else
		*out = text_take(&t);
	return e;
}

/* Inside the root that is worked on, since nothing outside it is written; where it cannot be written, in memory or /tmp. */
static enum err make_folder(const struct root *r, char **out)
{
	char *prefix = NULL;
	enum err e;

	if (geteuid() != 0)
		return make_folder_at("/tmp/sallyport-stage-", out);
	if (root_is_live(r) && (e = file_make_dirs(r, "/run/sallyport", 0755)))
		return e;
	if ((e = root_outside(r, stage_prefix(r), &prefix)) == ERR_NONE)
		e = make_folder_at(prefix, out);
	free(prefix);
	if (e == ERR_SYSTEM && errno == EROFS)
		e = make_folder_at("/tmp/sallyport-stage-", out);
	return e;
}

void stage_sweep(const struct root *r)
{
	const char *prefix = stage_prefix(r), *slash = strrchr(prefix, '/');
	char dir[32];
	struct strings names = { 0 };

	snprintf(dir, sizeof dir, "%.*s", slash == prefix ? 1 : (int)(slash - prefix), prefix);
	if (root_list(r, dir, &names))
		return;
	for (size_t i = 0; i < names.n; i++) {
		struct text path = { 0 };
		char *outside = NULL;
		long pid;

		/* a folder carries the pid of the run that made it */
		if (strncmp(names.v[i], slash + 1, strlen(slash + 1)) != 0 ||
		    sscanf(names.v[i] + strlen(slash + 1), "%ld-", &pid) != 1 || pid <= 0 || kill((pid_t)pid, 0) == 0 ||
		    errno != ESRCH)
			continue;
		text_add(&path, "%s/%s", slash == prefix ? "" : dir, names.v[i]);
		if (text_check(&path) == ERR_NONE && root_outside(r, path.s, &outside) == ERR_NONE)
			tree_remove(outside);
		free(outside);
		text_free(&path);
	}
	strings_free(&names);
}

/* The real path of a file that may not exist. */
static enum err resolve(const struct root *r, const char *path, char **out)
{
	enum err e = root_resolve(r, path, out);

	if (e != ERR_SYSTEM || errno != ENOENT)
		return e;
	*out = strdup(path);
	return *out ? ERR_NONE : ERR_MEMORY;
}

static enum err write_copy(const struct stage *s, const struct staged_file *f)
{
	char *dir = parent_of(f->path);
	enum err e;

	if (!dir)
		return ERR_MEMORY;
	if ((e = file_make_dirs(s->copy, dir, 0755)) == ERR_NONE)
		e = file_replace(s->copy, f->path, text_string(&f->now), f->now.len, NULL, "stage");
	free(dir);
	return e;
}

static enum err add_file(struct stage *s, const char *path, const char *content, size_t len, bool existed, mode_t mode,
			 struct staged_file **out)
{
	struct staged_file **files, *f = calloc(1, sizeof *f);
	enum err e;

	if (!f)
		return ERR_MEMORY;
	files = realloc(s->files, (s->n + 1) * sizeof *files);
	if (!files) {
		free(f);
		return ERR_MEMORY;
	}
	s->files = files;
	f->existed = existed;
	f->mode = mode;
	f->path = strdup(path);
	f->old = malloc(len + 1);
	f->old_len = len;
	if (!f->path || !f->old) {
		staged_file_free(f);
		return ERR_MEMORY;
	}
	memcpy(f->old, content, len);
	f->old[len] = '\0';
	text_add_bytes(&f->now, content, len);
	if ((e = text_check(&f->now)) || (e = resolve(s->real, path, &f->real)) ||
	    (existed && (e = write_copy(s, f)))) {
		staged_file_free(f);
		return e;
	}
	s->files[s->n++] = f;
	*out = f;
	return ERR_NONE;
}

static struct staged_file *find_file(const struct stage *s, const char *path)
{
	for (size_t i = 0; i < s->n; i++)
		if (strcmp(s->files[i]->path, path) == 0)
			return s->files[i];
	return NULL;
}

enum err stage_open(const struct facts *f, struct stage **out)
{
	struct stage *s = calloc(1, sizeof *s);
	struct staged_file *unused;
	enum err e = ERR_NONE;

	if (!s)
		return ERR_MEMORY;
	if (geteuid() == 0)
		stage_sweep(f->root); /* what an interrupt at the question left */
	s->real = f->root;
	s->folder = parent_of(f->config_path);
	if (!s->folder)
		e = ERR_MEMORY;
	if (e || (e = make_folder(s->real, &s->dir)) || (e = root_open(s->dir, &s->copy)) ||
	    (e = file_make_dirs(s->copy, s->folder, 0755)))
		goto fail;
	for (size_t i = 0; i < f->config->nfiles; i++) {
		const struct sshd_file *c = &f->config->files[i];

		if (!find_file(s, c->path) && (e = add_file(s, c->path, c->content, c->len, true, 0, &unused)))
			goto fail;
	}
	*out = s;
	return ERR_NONE;
fail:
	stage_close(s);
	return e;
}

void stage_close(struct stage *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < s->n; i++)
		staged_file_free(s->files[i]);
	free(s->files);
	root_close(s->copy);
	if (s->dir)
		tree_remove(s->dir);
	free(s->dir);
	free(s->folder);
	free(s);
}

const struct root *stage_root(const struct stage *s)
{
	return s->copy;
}

const char *stage_folder(const struct stage *s)
{
	return s->folder;
}

size_t stage_count(const struct stage *s)
{
	return s->n;
}

struct staged_file *stage_at(const struct stage *s, size_t i)
{
	return s->files[i];
}

enum err stage_file(struct stage *s, const char *path, mode_t mode, struct staged_file **out)
{
	char *content = NULL;
	size_t len = 0;
	enum err e;

	*out = find_file(s, path);
	if (*out)
		return ERR_NONE;
	e = root_read(s->real, path, FILE_MAX, &content, &len);
	if (e == ERR_NONE)
		e = add_file(s, path, content, len, true, mode, out);
	else if (e == ERR_NOT_FOUND || (e == ERR_SYSTEM && errno == ENOENT))
		e = add_file(s, path, "", 0, false, mode, out);
	free(content);
	return e;
}

enum err stage_put(struct stage *s, struct staged_file *f)
{
	enum err e = text_check(&f->now);

	if (e || (e = write_copy(s, f)))
		return e;
	for (size_t i = 0; i < s->n; i++) {
		struct staged_file *other = s->files[i];

		if (other == f || strcmp(other->real, f->real) != 0)
			continue;
		text_reset(&other->now);
		text_add_bytes(&other->now, text_string(&f->now), f->now.len);
		if ((e = text_check(&other->now)) || (e = write_copy(s, other)))
			return e;
	}
	return ERR_NONE;
}

bool staged_file_changed(const struct staged_file *f)
{
	return !f->existed || f->goes || f->old_len != f->now.len ||
	       memcmp(f->old, text_string(&f->now), f->now.len) != 0;
}

/* ---- the private world ---- */

static enum err bind_over(const char *from, const char *to)
{
	return mount(from, to, NULL, MS_BIND | MS_REC, NULL) ? ERR_SYSTEM : ERR_NONE;
}

static bool has_staged_below(const struct stage *s, const char *dir)
{
	size_t len = strlen(dir);

	for (size_t i = 0; i < s->n; i++)
		if (strncmp(s->files[i]->path, dir, len) == 0 && s->files[i]->path[len] == '/')
			return true;
	return false;
}

static enum err mirror_folder(const struct stage *s, const char *folder);

/* Makes what is not part of the copy (host keys, moduli) visible inside it, without copying it. */
static enum err mirror_entry(const struct stage *s, const char *path)
{
	char *outside = NULL, *inside = NULL, target[4096];
	struct stat st;
	ssize_t len;
	int fd;
	enum err e;

	if (find_file(s, path))
		return ERR_NONE;
	if ((e = root_lstat(s->real, path, &st)) || (e = root_outside(s->real, path, &outside)) ||
	    (e = root_outside(s->copy, path, &inside)))
		goto out;
	if (S_ISDIR(st.st_mode) && has_staged_below(s, path)) {
		e = mirror_folder(s, path);
	} else if (S_ISDIR(st.st_mode)) {
		e = mkdir(inside, 0700) && errno != EEXIST ? ERR_SYSTEM : bind_over(outside, inside);
	} else if (S_ISLNK(st.st_mode)) {
		len = readlink(outside, target, sizeof target - 1);
		target[len < 0 ? 0 : len] = '\0';
		e = len < 0 || (symlink(target, inside) && errno != EEXIST) ? ERR_SYSTEM : ERR_NONE;
	} else if (S_ISREG(st.st_mode)) {
		fd = open(inside, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
		file_close(fd);
		e = fd < 0 ? ERR_SYSTEM : bind_over(outside, inside);
	}
out:
	free(outside);
	free(inside);
	return e;
}

static enum err mirror_folder(const struct stage *s, const char *folder)
{
	struct strings names = { 0 };
	enum err e = root_list(s->real, folder, &names);

	for (size_t i = 0; e == ERR_NONE && i < names.n; i++) {
		struct text path = { 0 };

		text_add(&path, "%s/%s", strcmp(folder, "/") == 0 ? "" : folder, names.v[i]);
		if ((e = text_check(&path)) == ERR_NONE)
			e = mirror_entry(s, path.s);
		text_free(&path);
	}
	strings_free(&names);
	return e;
}

/* Lays one path of the copy over the same path of the real system. */
static enum err lay_over(const struct stage *s, const char *from, const char *to)
{
	char *inside = NULL, *outside = NULL;
	enum err e;

	if ((e = root_outside(s->copy, from, &inside)) == ERR_NONE &&
	    (e = root_outside(s->real, to, &outside)) == ERR_NONE)
		e = bind_over(inside, outside);
	free(inside);
	free(outside);
	return e;
}

static bool below_folder(const struct stage *s, const char *path)
{
	size_t len = strlen(s->folder);

	return strcmp(s->folder, "/") == 0 || (strncmp(path, s->folder, len) == 0 && path[len] == '/');
}

/* A new file elsewhere, in a folder that is there: a copy of the folder is laid over it, with all that it has. */
static enum err show_new(const struct stage *s, const struct staged_file *f)
{
	char *dir = parent_of(f->path);
	struct stat st;
	enum err e = ERR_NONE;

	if (!dir)
		return ERR_MEMORY;
	if (strcmp(dir, "/") != 0 && root_stat(s->real, dir, &st) == ERR_NONE && root_stat(s->real, f->path, &st) &&
	    (e = mirror_folder(s, dir)) == ERR_NONE)
		e = lay_over(s, dir, dir);
	free(dir);
	return e;
}

static enum err loopback_up(void)
{
	struct ifreq r = { .ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	enum err e = fd < 0 || ioctl(fd, SIOCSIFFLAGS, &r) ? ERR_SYSTEM : ERR_NONE;

	file_close(fd);
	return e;
}

static enum err privsep_folder(void)
{
	struct stat st;

	/* Where sshd is not running yet its folder is missing, and every check of it would fail for that alone. */
	if (stat("/run/sshd", &st) == 0)
		return ERR_NONE;
	if (mount("tmpfs", "/run", "tmpfs", MS_NOSUID | MS_NODEV, "mode=0755") || mkdir("/run/sshd", 0755))
		return ERR_SYSTEM;
	return ERR_NONE;
}

static enum err build_world(const struct stage *s)
{
	enum err e;

	if ((e = mounts_make_private()) || (e = mirror_folder(s, s->folder)) || (e = lay_over(s, s->folder, s->folder)))
		return e;
	for (size_t i = 0; i < s->n; i++) {
		const struct staged_file *f = s->files[i];

		if (!below_folder(s, f->path) && (e = f->existed ? lay_over(s, f->path, f->real) : show_new(s, f)))
			return e;
	}
	if ((e = loopback_up()))
		return e;
	return root_is_live(s->real) ? privsep_folder() : ERR_NONE;
}

static json_t *world_trouble(enum err e)
{
	return json_pack("{s:s}", "trouble", err_text(e));
}

/* The first process of the world: what it starts dies with it. */
NORETURN static void world_first(const struct stage *s, json_t *(*task)(void *), void *arg, int fd)
{
	enum err e;
	json_t *answer;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	e = build_world(s);
	answer = e ? world_trouble(e) : task(arg);
	if (!answer || json_dumpfd(answer, fd, JSON_COMPACT))
		_exit(1);
	_exit(0);
}

NORETURN static void world_outer(const struct stage *s, json_t *(*task)(void *), void *arg, int fd)
{
	pid_t pid;
	int status;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	signal(SIGINT, SIG_IGN); /* the parent decides, and kills us */
	if (unshare(CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWPID) || (pid = fork()) < 0) {
		json_t *trouble = world_trouble(ERR_SYSTEM);

		json_dumpfd(trouble, fd, JSON_COMPACT);
		_exit(1);
	}
	if (pid == 0)
		world_first(s, task, arg, fd);
	close(fd);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	_exit(WIFEXITED(status) ? WEXITSTATUS(status) : 1);
}

static int ms_left(const struct timespec *end)
{
	struct timespec now;
	long long ms;

	clock_gettime(CLOCK_MONOTONIC, &now);
	ms = (end->tv_sec - now.tv_sec) * 1000LL + (end->tv_nsec - now.tv_nsec) / 1000000;
	return ms < 0 ? 0 : (int)ms;
}

static enum err read_answer(int fd, int timeout_ms, struct text *out)
{
	struct timespec end;
	char buf[8192];

	clock_gettime(CLOCK_MONOTONIC, &end);
	end.tv_sec += timeout_ms / 1000;
	for (;;) {
		struct pollfd p = { .fd = fd, .events = POLLIN };
		const int left = ms_left(&end);
		int ready = poll(&p, 1, left < LOOK_MS ? left : LOOK_MS);
		ssize_t n;

		if ((ready < 0 && errno == EINTR) || interrupt_pending())
			return ERR_INTERRUPTED;
		if (ready == 0 && left > LOOK_MS)
			continue;
		if (ready <= 0)
			return ready ? ERR_SYSTEM : ERR_TIMEOUT;
		n = read(fd, buf, sizeof buf);
		if (n < 0)
			return ERR_SYSTEM;
		if (n == 0)
			return text_check(out);
		text_add_bytes(out, buf, (size_t)n);
		if (out->len > ANSWER_MAX)
			return ERR_TOO_BIG;
	}
}

enum err stage_world(const struct stage *s, json_t *(*task)(void *arg), void *arg, int timeout_ms, json_t **answer)
{
	struct text t = { 0 };
	int fds[2], status;
	pid_t pid;
	enum err e;
	json_t *parsed = NULL;

	if (pipe2(fds, O_CLOEXEC))
		return ERR_SYSTEM;
	fflush(NULL);
	pid = fork();
	if (pid == 0) {
		close(fds[0]);
		world_outer(s, task, arg, fds[1]);
	}
	close(fds[1]);
	if (pid < 0) {
		file_close(fds[0]);
		return ERR_SYSTEM;
	}
	e = read_answer(fds[0], timeout_ms, &t);
	file_close(fds[0]);
	kill(pid, SIGKILL);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (e == ERR_NONE) {
		parsed = json_loadb(text_string(&t), t.len, JSON_REJECT_DUPLICATES, NULL);
		e = parsed ? ERR_NONE : ERR_CHILD;
	}
	text_free(&t);
	if (e == ERR_NONE)
		*answer = parsed;
	return e;
}
