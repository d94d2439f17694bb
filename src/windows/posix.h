/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * posix.h - what of POSIX the client uses and Windows lacks or has otherwise, under POSIX's names; included before everything else.
 *
 * A socket is a descriptor like any other here: file_close() closes it. Only the calls below take one.
 */
#ifndef WINDOWS_POSIX_H
#define WINDOWS_POSIX_H

#define WIN32_LEAN_AND_MEAN
#include <winsock2.h>
#include <ws2tcpip.h>

#include <errno.h>
#include <fcntl.h>
#include <io.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

/* windows.h takes these words from everybody. */
#undef near
#undef far
#undef small
#undef interface
#undef popen
#define bind bind_of_posix /* no socket is bound here, and the word is free */

/* ---- files ---- */

#define O_CLOEXEC O_NOINHERIT
#define O_NOCTTY 0
#define O_NONBLOCK 0x1000000
#define O_DIRECTORY 0x2000000
#define F_GETFL 1
#define F_SETFD 2
#define F_SETFL 3
#define FD_CLOEXEC 1
#define LOCK_EX 2
#define LOCK_NB 4
#define LOCK_UN 8
#define S_IFLNK 0120000
#define S_ISLNK(mode) (((mode)&S_IFMT) == S_IFLNK)
#define S_ISVTX 0
#define UTIME_NOW 0x3fffffffL
#ifndef S_IWOTH
#define S_IWOTH 0002
#endif

typedef short uid_t, gid_t; /* as in struct stat */

/* The folder that OpenSSH calls "__PROGRAMDATA__" is %ProgramData%. */
int windows_open(const char *path, int flags, ...);
int windows_access(const char *path, int mode);
int windows_fcntl(int fd, int command, ...); /* F_SETFL: of sockets, O_NONBLOCK or not */
int flock(int fd, int operation);
ssize_t pread(int fd, void *bytes, size_t len, long long at);
ssize_t pwrite(int fd, const void *bytes, size_t len, long long at);
char *realpath(const char *path, char *out); /* out is NULL */
#define open(...) windows_open(__VA_ARGS__)
#define access(path, mode) windows_access(path, mode)
#define fcntl(...) windows_fcntl(__VA_ARGS__)
#define lstat(path, st) stat(path, st)

/* ---- sockets ---- */

typedef unsigned long nfds_t;

#define EAI_SYSTEM 0x7fff /* never comes */

int windows_socket(int family, int type, int protocol);
int windows_connect(int fd, const struct sockaddr *to, socklen_t len);
int windows_getsockname(int fd, struct sockaddr *name, socklen_t *len);
int windows_getsockopt(int fd, int level, int option, void *value, socklen_t *len);
int windows_setsockopt(int fd, int level, int option, const void *value, socklen_t len);
ssize_t windows_sendto(int fd, const void *bytes, size_t len, int flags, const struct sockaddr *to, socklen_t to_len);
ssize_t windows_recv(int fd, void *bytes, size_t len, int flags);
int windows_poll(struct pollfd *fds, nfds_t n, int ms); /* of sockets, or of none, which waits */
const char *windows_strerror(int number);		/* also for numbers that sockets alone give */
#define socket(...) windows_socket(__VA_ARGS__)
#define connect(...) windows_connect(__VA_ARGS__)
#define getsockname(...) windows_getsockname(__VA_ARGS__)
#define getsockopt(...) windows_getsockopt(__VA_ARGS__)
#define setsockopt(...) windows_setsockopt(__VA_ARGS__)
#define sendto(...) windows_sendto(__VA_ARGS__)
#define recv(...) windows_recv(__VA_ARGS__)
#define poll(...) windows_poll(__VA_ARGS__)
#define strerror(number) windows_strerror(number)

/* ---- accounts: whoever runs us, and nobody else ---- */

struct passwd {
	char *pw_name, *pw_dir;
};

struct passwd *getpwuid(uid_t uid);
struct passwd *getpwnam(const char *name); /* NULL */

static inline uid_t getuid(void)
{
	return 0;
}
static inline uid_t geteuid(void)
{
	return 0;
}
static inline gid_t getegid(void)
{
	return 0;
}

/* ---- clocks and texts ---- */

int windows_clock_gettime(int clock, struct timespec *out);
#define clock_gettime(clock, out) windows_clock_gettime(clock, out)
#define timegm(tm) _mkgmtime(tm)
struct tm *gmtime_r(const time_t *t, struct tm *out);

void *memmem(const void *bytes, size_t len, const void *wanted, size_t wanted_len);
char *strndup(const char *s, size_t max);
char *strsep(char **at, const char *ends);
void *reallocarray(void *old, size_t n, size_t size);

#endif
