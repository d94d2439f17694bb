/* SPDX-License-Identifier: GPL-3.0-or-later */
/* posix.c - files, accounts, clocks and texts as POSIX has them. */
#undef open
#undef access

#include "base/macros.h"

#include <stdint.h>
#include <stdio.h>

#include "base/banned.h"

#define PATH_MOST 1024
#define PROGRAM_DATA "__PROGRAMDATA__"
#define FAR_BEHIND 0x40000000		/* what is locked: no byte that anybody reads */
#define TICKS_1970 116444736000000000LL /* between the first day of Windows and that of POSIX, of 100 ns */

/* ---- files ---- */

/* The path as Windows has it; NULL: too long. */
static const char *resolved(const char *path, char room[PATH_MOST])
{
	const char *data = getenv("ProgramData");
	int n;

	if (!data || strncmp(path, PROGRAM_DATA, strlen(PROGRAM_DATA)) != 0)
		return path;
	n = snprintf(room, PATH_MOST, "%s%s", data, path + strlen(PROGRAM_DATA));
	errno = ENAMETOOLONG;
	return n < 0 || n >= PATH_MOST ? NULL : room;
}

int windows_open(const char *path, int flags, ...)
{
	char room[PATH_MOST];
	const char *at = resolved(path, room);

	return at ? open(at, (flags & ~(O_NONBLOCK | O_DIRECTORY)) | O_BINARY | O_NOINHERIT, _S_IREAD | _S_IWRITE) : -1;
}

int windows_access(const char *path, int mode)
{
	char room[PATH_MOST];
	const char *at = resolved(path, room);

	return at ? access(at, mode) : -1;
}

int windows_fcntl(int fd, int command, ...)
{
	u_long on;
	va_list ap;

	if (command != F_SETFL)
		return 0; /* nothing that we open is inherited */
	va_start(ap, command);
	on = (va_arg(ap, int) & O_NONBLOCK) != 0;
	va_end(ap);
	if (ioctlsocket((SOCKET)_get_osfhandle(fd), (long)FIONBIO, &on)) {
		errno = ENOTSOCK;
		return -1;
	}
	return 0;
}

int flock(int fd, int operation)
{
	HANDLE file = (HANDLE)_get_osfhandle(fd);
	OVERLAPPED at = { .Offset = FAR_BEHIND };
	const DWORD how = LOCKFILE_EXCLUSIVE_LOCK | (operation & LOCK_NB ? LOCKFILE_FAIL_IMMEDIATELY : 0);

	if (operation & LOCK_UN ? UnlockFileEx(file, 0, 1, 0, &at) : LockFileEx(file, how, 0, 1, 0, &at))
		return 0;
	errno = GetLastError() == ERROR_LOCK_VIOLATION || GetLastError() == ERROR_IO_PENDING ? EWOULDBLOCK : EIO;
	return -1;
}

ssize_t pread(int fd, void *bytes, size_t len, long long at)
{
	return _lseeki64(fd, at, SEEK_SET) < 0 ? -1 : read(fd, bytes, (unsigned)len);
}

ssize_t pwrite(int fd, const void *bytes, size_t len, long long at)
{
	return _lseeki64(fd, at, SEEK_SET) < 0 ? -1 : write(fd, bytes, (unsigned)len);
}

char *realpath(const char *path, char *out)
{
	char *whole = access(path, F_OK) ? NULL : _fullpath(out, path, 0);

	/* ssh and we write them so; Windows takes both */
	for (char *c = whole; c && *c; c++)
		if (*c == '\\')
			*c = '/';
	return whole;
}

/* ---- accounts ---- */

/* With slashes, as ssh and we write paths. NULL: it is not set, or too long. */
static char *taken(const char *variable, char room[PATH_MOST])
{
	const char *value = getenv(variable);

	if (!value || !value[0] || strlen(value) >= PATH_MOST)
		return NULL;
	memcpy(room, value, strlen(value) + 1);
	for (char *c = room; *c; c++)
		if (*c == '\\')
			*c = '/';
	return room;
}

struct passwd *getpwuid(uid_t uid)
{
	static char name[PATH_MOST], home[PATH_MOST];
	static struct passwd me;

	me = (struct passwd){ taken("USERNAME", name), taken("USERPROFILE", home) };
	return me.pw_name && me.pw_dir ? &me : NULL;
}

struct passwd *getpwnam(const char *name)
{
	return NULL;
}

/* ---- clocks and texts ---- */

int windows_clock_gettime(int clock, struct timespec *out)
{
	FILETIME now;
	long long ticks;

	if (clock == CLOCK_REALTIME) {
		GetSystemTimeAsFileTime(&now);
		ticks = ((long long)now.dwHighDateTime << 32 | now.dwLowDateTime) - TICKS_1970;
	} else {
		ticks = (long long)GetTickCount64() * 10000; /* suspended time included */
	}
	*out = (struct timespec){ .tv_sec = ticks / 10000000, .tv_nsec = (long)(ticks % 10000000) * 100 };
	return 0;
}

struct tm *gmtime_r(const time_t *t, struct tm *out)
{
	return gmtime_s(out, t) ? NULL : out;
}

void *memmem(const void *bytes, size_t len, const void *wanted, size_t wanted_len)
{
	const char *at = bytes;

	for (; len >= wanted_len; at++, len--)
		if (!memcmp(at, wanted, wanted_len))
			return (void *)at;
	return NULL;
}

char *strndup(const char *s, size_t max)
{
	const size_t len = strnlen(s, max);
	char *copy = malloc(len + 1);

	if (copy) {
		memcpy(copy, s, len);
		copy[len] = '\0';
	}
	return copy;
}

char *strsep(char **at, const char *ends)
{
	char *word = *at, *end = word ? strpbrk(word, ends) : NULL;

	if (end)
		*end++ = '\0';
	*at = end;
	return word;
}

void *reallocarray(void *old, size_t n, size_t size)
{
	if (size && n > SIZE_MAX / size) {
		errno = ENOMEM;
		return NULL;
	}
	return realloc(old, n * size);
}
