/* SPDX-License-Identifier: GPL-3.0-or-later */
/* jail_scratch.h - a small host below a folder of its own, and jails in it. */
#ifndef TESTS_UNIT_JAIL_JAIL_SCRATCH_H
#define TESTS_UNIT_JAIL_JAIL_SCRATCH_H

#include "base/scratch.h"
#include "jail/build.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define JAIL_DIR JAIL_FOLDER "/anna"

struct host {
	char dir[SCRATCH_DIR];
	struct root *r;
	struct diags problems;
	struct build_told told;
};

static inline void host_write(const struct host *h, const char *path, const char *content, mode_t mode)
{
	const char *full = scratch_path(h->dir, path + 1);

	scratch_write(full, content);
	assert_int_equal(chmod(full, mode), 0);
}

static inline void host_start(struct host *h)
{
	static const char *const folders[] = { "usr", "usr/bin", "usr/lib", "etc", "home", "var", "var/lib" };

	*h = (struct host){ 0 };
	umask(022);
	scratch_make(h->dir);
	assert_int_equal(chmod(h->dir, 0755), 0);
	for (size_t i = 0; i < ARRAY_SIZE(folders); i++)
		assert_int_equal(mkdir(scratch_path(h->dir, folders[i]), 0755), 0);
	assert_int_equal(root_open(h->dir, &h->r), ERR_NONE);
	host_write(h, "/usr/bin/sh", "shell", 0755);
	host_write(h, "/usr/lib/lib.so.1", "library 1", 0644);
	host_write(h, "/etc/hosts", "127.0.0.1 localhost", 0644);
}

static inline void host_end(struct host *h)
{
	diags_free(&h->problems);
	build_told_clear(&h->told);
	root_close(h->r);
	scratch_remove(h->dir);
}

/* In the jail, or beside it by "../name". */
static inline const char *in_jail(const struct host *h, const char *path)
{
	char full[PATH_MAX];

	assert_true(snprintf(full, sizeof full, "%s/%s", JAIL_DIR + 1, path) < PATH_MAX);
	return scratch_path(h->dir, full);
}

static inline bool has_problem(const struct host *h, const char *part)
{
	for (size_t i = 0; i < h->problems.n; i++) {
		const struct diag *d = &h->problems.v[i];

		if (strstr(d->text, part) || (d->file && strstr(d->file, part)))
			return true;
	}
	return false;
}

static inline void entries_usual(struct entries *all)
{
	const struct entry home = { .kind = ENTRY_FOLDER, .path = (char *)"/home/anna", .mode = 0700, .his = true };

	assert_int_equal(entries_add_file(all, "/usr/bin/sh", "/usr/bin/sh", 0755), ERR_NONE);
	assert_int_equal(entries_add_file(all, "/usr/lib/lib.so.1", "/usr/lib/lib.so.1", 0644), ERR_NONE);
	assert_int_equal(entries_add_file(all, "/etc/hosts", "/etc/hosts", 0644), ERR_NONE);
	assert_int_equal(entries_add_content(all, "/etc/passwd", "root\nanna\n", 10, 0644), ERR_NONE);
	assert_int_equal(entries_add_link(all, "/bin", "usr/bin"), ERR_NONE);
	assert_int_equal(entries_add(all, &home), ERR_NONE);
}

static inline void manifest_usual(struct manifest *m)
{
	*m = (struct manifest){ 0 };
	m->jail.user = strdup("anna");
	m->jail.uid = getuid() ? getuid() : 1001;
	m->jail.gid = getuid() ? getgid() : 1001;
	m->jail.dir = strdup(JAIL_DIR);
	m->jail.home = strdup("/home/anna");
	m->jail.shell = strdup("/usr/bin/sh");
	assert_int_equal(strings_add(&m->jail.with, "basic"), ERR_NONE);
	entries_usual(&m->entries);
}

/* A jail that is ready; m is the caller's. */
static inline void jail_usual(struct host *h, struct manifest *m)
{
	manifest_usual(m);
	assert_int_equal(build_create(h->r, m, BUILD_SHARE, NULL, &h->told, &h->problems), ERR_NONE);
	m->state = MANIFEST_READY;
	assert_int_equal(manifest_write(h->r, m), ERR_NONE);
}

/* As chattr +i and -i; false where that is not allowed, or the file system has no such thing. */
static inline bool set_immutable(const char *path, bool on)
{
	const int fd = open(path, O_RDONLY);
	int flags = 0;
	bool done;

	assert_true(fd >= 0);
	done = !ioctl(fd, FS_IOC_GETFLAGS, &flags);
	flags = on ? flags | FS_IMMUTABLE_FL : flags & ~FS_IMMUTABLE_FL;
	done = done && !ioctl(fd, FS_IOC_SETFLAGS, &flags);
	close(fd);
	return done;
}

static inline bool is_immutable(const char *path)
{
	const int fd = open(path, O_RDONLY);
	int flags = 0;

	assert_true(fd >= 0);
	assert_int_equal(ioctl(fd, FS_IOC_GETFLAGS, &flags), 0);
	close(fd);
	return flags & FS_IMMUTABLE_FL;
}

static inline bool has_state(const struct host *h)
{
	return scratch_exists(scratch_path(h->dir, "var/lib/sallyport/jails/anna"));
}

#endif
