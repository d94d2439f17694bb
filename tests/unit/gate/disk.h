/* SPDX-License-Identifier: GPL-3.0-or-later */
/* disk.h - a disk whose power is cut and whose writes fail when a test says so; link with -Wl,--wrap of every call below. */
#ifndef TESTS_UNIT_GATE_DISK_H
#define TESTS_UNIT_GATE_DISK_H

#include "base/scratch.h"

#include "gate/replay_file.h"

#include <errno.h>

enum disk_call { DISK_WRITE, DISK_PWRITE, DISK_SYNC, DISK_DATASYNC, DISK_RENAME, DISK_UNLINK };

#define DISK_FAILS(call) (1U << (call))
#define DISK_ALL 0xffU

/* One of the test; zeros: a disk that does what it should. */
struct disk {
	bool off;	      /* the power is cut: nothing has an effect any more */
	unsigned until_off;   /* calls until it is, 0: never */
	unsigned fail;	      /* of DISK_FAILS */
	unsigned one_in;      /* each call but unlinking fails by chance, 0: none */
	unsigned failed, cut; /* how often that was */
	uint64_t state;	      /* of the random numbers */
	int spoiled[32];      /* descriptors of the files whose fdatasync(2) failed last, 0: none */
	unsigned nspoiled;    /* how many that were */
	/* What was written in place and not synced yet, and what was there before. */
	int fd;
	off_t at;
	size_t len;
	uint8_t before[REPLAY_BATCH * REPLAY_RECORD], after[REPLAY_BATCH * REPLAY_RECORD];
};
static struct disk disk;

static inline uint64_t disk_random(void)
{
	uint64_t z = disk.state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

enum disk_fate { DISK_GOES, DISK_FAILED, DISK_CUT };

static inline enum disk_fate disk_fate(enum disk_call call)
{
	if (disk.off) {
		errno = EIO;
		return DISK_FAILED;
	}
	if (disk.until_off && !--disk.until_off) {
		disk.off = true;
		disk.cut++;
		errno = EIO;
		return DISK_CUT;
	}
	if (!(disk.fail & DISK_FAILS(call)) && (!disk.one_in || call == DISK_UNLINK || disk_random() % disk.one_in))
		return DISK_GOES;
	disk.failed++;
	errno = disk_random() % 2 ? ENOSPC : EIO;
	return DISK_FAILED;
}

ssize_t __real_write(int fd, const void *bytes, size_t len);
ssize_t __wrap_write(int fd, const void *bytes, size_t len);
ssize_t __real_pwrite64(int fd, const void *bytes, size_t len, off_t at);
ssize_t __wrap_pwrite64(int fd, const void *bytes, size_t len, off_t at);
int __wrap_fsync(int fd);
int __wrap_fdatasync(int fd);
int __real_renameat2(int from_fd, const char *from, int to_fd, const char *to, unsigned flags);
int __wrap_renameat2(int from_fd, const char *from, int to_fd, const char *to, unsigned flags);
int __real_renameat(int from_fd, const char *from, int to_fd, const char *to);
int __wrap_renameat(int from_fd, const char *from, int to_fd, const char *to);
int __real_unlinkat(int fd, const char *name, int flags);
int __wrap_unlinkat(int fd, const char *name, int flags);

/* Sectors, records, halves of them and single bytes arrive or do not, in no order. */
static inline void disk_tear(void)
{
	static const size_t pieces[] = { 512, 32, 16, 8, 1 };
	const size_t piece = pieces[disk_random() % (sizeof pieces / sizeof pieces[0])];

	for (size_t i = 0; i < disk.len; i += piece)
		if (disk_random() % 2)
			memcpy(disk.after + i, disk.before + i, disk.len - i < piece ? disk.len - i : piece);
	if (disk.len)
		assert_int_equal(__real_pwrite64(disk.fd, disk.after, disk.len, disk.at), disk.len);
	disk.len = 0;
}

ssize_t __wrap_write(int fd, const void *bytes, size_t len)
{
	const enum disk_fate fate = disk_fate(DISK_WRITE);

	if (fate == DISK_GOES)
		return __real_write(fd, bytes, len);
	if (fate == DISK_CUT) {
		(void)!__real_write(fd, bytes, disk_random() % (len + 1));
		errno = EIO;
	}
	return -1;
}

ssize_t __wrap_pwrite64(int fd, const void *bytes, size_t len, off_t at)
{
	const bool was_off = disk.off;
	const enum disk_fate fate = disk_fate(DISK_PWRITE);
	const int error = errno;

	assert_true(len <= sizeof disk.after);
	if (was_off)
		return -1;
	memset(disk.before, 0, sizeof disk.before);
	assert_true(pread(fd, disk.before, len, at) >= 0);
	memcpy(disk.after, bytes, len);
	disk.fd = fd;
	disk.at = at;
	disk.len = len;
	if (fate == DISK_GOES)
		return __real_pwrite64(fd, bytes, len, at);
	disk_tear();
	errno = error;
	return -1;
}

/* It reports a failure once, and the next time success, though the pages are gone. */
static inline void disk_not_spoiled(int fd)
{
	struct stat bad, now;

	for (size_t i = 0; i < sizeof disk.spoiled / sizeof disk.spoiled[0] && !disk.off; i++) {
		if (!disk.spoiled[i])
			continue;
		assert_int_equal(fstat(disk.spoiled[i], &bad) | fstat(fd, &now), 0);
		assert_false(bad.st_dev == now.st_dev && bad.st_ino == now.st_ino);
	}
}

/* Kept open, so that no other file gets its number. */
static inline void disk_spoil(int fd)
{
	int *place = &disk.spoiled[disk.nspoiled++ % (sizeof disk.spoiled / sizeof disk.spoiled[0])];

	if (*place)
		close(*place);
	*place = dup(fd);
	assert_true(*place > 0);
}

/* A start knows nothing of failures before it. */
static inline void disk_spoiled_forget(void)
{
	for (size_t i = 0; i < sizeof disk.spoiled / sizeof disk.spoiled[0]; i++) {
		if (disk.spoiled[i])
			close(disk.spoiled[i]);
		disk.spoiled[i] = 0;
	}
}

int __wrap_fsync(int fd)
{
	disk_not_spoiled(fd);
	return disk_fate(DISK_SYNC) == DISK_GOES ? 0 : -1;
}

int __wrap_fdatasync(int fd)
{
	const bool was_off = disk.off;
	enum disk_fate fate;
	int error;

	disk_not_spoiled(fd);
	fate = disk_fate(DISK_DATASYNC);
	error = errno;
	if (fate != DISK_GOES && !was_off)
		disk_tear();
	if (fate == DISK_FAILED && !was_off)
		disk_spoil(fd);
	disk.len = 0;
	errno = error;
	return fate == DISK_GOES ? 0 : -1;
}

int __wrap_renameat2(int from_fd, const char *from, int to_fd, const char *to, unsigned flags)
{
	const enum disk_fate fate = disk_fate(DISK_RENAME);
	const int error = errno;

	if (fate == DISK_GOES)
		return __real_renameat2(from_fd, from, to_fd, to, flags);
	if (fate == DISK_CUT && disk_random() % 2)
		(void)!__real_renameat2(from_fd, from, to_fd, to, flags);
	errno = error;
	return -1;
}

int __wrap_renameat(int from_fd, const char *from, int to_fd, const char *to)
{
	const enum disk_fate fate = disk_fate(DISK_RENAME);
	const int error = errno;

	if (fate == DISK_GOES)
		return __real_renameat(from_fd, from, to_fd, to);
	if (fate == DISK_CUT && disk_random() % 2)
		(void)!__real_renameat(from_fd, from, to_fd, to);
	errno = error;
	return -1;
}

int __wrap_unlinkat(int fd, const char *name, int flags)
{
	const enum disk_fate fate = disk_fate(DISK_UNLINK);
	const int error = errno;

	if (fate == DISK_GOES)
		return __real_unlinkat(fd, name, flags);
	if (fate == DISK_CUT && disk_random() % 2)
		(void)!__real_unlinkat(fd, name, flags);
	errno = error;
	return -1;
}

#endif
