/* SPDX-License-Identifier: GPL-3.0-or-later */
/* net.c - Winsock as POSIX has it. */
#undef socket
#undef connect
#undef getsockname
#undef getsockopt
#undef setsockopt
#undef sendto
#undef recv
#undef poll
#undef strerror

#include "base/macros.h"

#include "base/banned.h"

#define POLL_MAX 64

/* What Winsock calls an error, errno, and words where the C library has none. */
static const struct row {
	int winsock, number;
	const char *text;
} rows[] = {
	{ WSAEWOULDBLOCK, EAGAIN, NULL },
	{ WSAEINTR, EINTR, NULL },
	{ WSAEACCES, EACCES, NULL },
	{ WSAEMFILE, EMFILE, NULL },
	{ WSAENOTSOCK, ENOTSOCK, "it is no socket" },
	{ WSAEMSGSIZE, EMSGSIZE, "the message is too long" },
	{ WSAEADDRNOTAVAIL, EADDRNOTAVAIL, "the address cannot be used here" },
	{ WSAEAFNOSUPPORT, EAFNOSUPPORT, "this system has no such addresses" },
	{ WSAENETDOWN, ENETDOWN, "the network is down" },
	{ WSAENETUNREACH, ENETUNREACH, "there is no route to this network" },
	{ WSAEHOSTUNREACH, EHOSTUNREACH, "there is no route to this host" },
	{ WSAECONNREFUSED, ECONNREFUSED, "the other side refused the connection" },
	{ WSAECONNRESET, ECONNRESET, "the other side broke the connection off" },
	{ WSAECONNABORTED, ECONNABORTED, "the connection was broken off" },
	{ WSAETIMEDOUT, ETIMEDOUT, "there was no answer in time" },
	{ WSAENOBUFS, ENOBUFS, "there is no room for it" },
};

static int failed(void)
{
	const int code = WSAGetLastError();

	errno = EIO;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (rows[i].winsock == code)
			errno = rows[i].number;
	return -1;
}

const char *windows_strerror(int number)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (rows[i].number == number && rows[i].text)
			return rows[i].text;
	return strerror(number);
}

static SOCKET of(int fd)
{
	return (SOCKET)_get_osfhandle(fd);
}

/* Without overlapped I/O, so that read() and write() of the C library could do with it, too. */
int windows_socket(int family, int type, int protocol)
{
	SOCKET s = WSASocketW(family, type, protocol, NULL, 0, WSA_FLAG_NO_HANDLE_INHERIT);
	int fd;

	if (s == INVALID_SOCKET)
		return failed();
	fd = _open_osfhandle((intptr_t)s, O_RDWR | O_BINARY);
	if (fd < 0)
		closesocket(s);
	return fd;
}

int windows_connect(int fd, const struct sockaddr *to, socklen_t len)
{
	if (!connect(of(fd), to, len))
		return 0;
	failed();
	if (errno == EAGAIN)
		errno = EINPROGRESS;
	return -1;
}

int windows_getsockname(int fd, struct sockaddr *name, socklen_t *len)
{
	return getsockname(of(fd), name, len) ? failed() : 0;
}

int windows_getsockopt(int fd, int level, int option, void *value, socklen_t *len)
{
	return getsockopt(of(fd), level, option, value, len) ? failed() : 0;
}

int windows_setsockopt(int fd, int level, int option, const void *value, socklen_t len)
{
	return setsockopt(of(fd), level, option, value, len) ? failed() : 0;
}

ssize_t windows_sendto(int fd, const void *bytes, size_t len, int flags, const struct sockaddr *to, socklen_t to_len)
{
	int n = sendto(of(fd), bytes, (int)len, flags, to, to_len);

	return n < 0 ? failed() : n;
}

ssize_t windows_recv(int fd, void *bytes, size_t len, int flags)
{
	int n = recv(of(fd), bytes, (int)len, flags);

	return n < 0 ? failed() : n;
}

int windows_poll(struct pollfd *fds, nfds_t n, int ms)
{
	struct pollfd theirs[POLL_MAX];
	int ready;

	if (!n) {
		Sleep((DWORD)ms);
		return 0;
	}
	if (n > POLL_MAX) {
		errno = EINVAL;
		return -1;
	}
	for (nfds_t i = 0; i < n; i++)
		theirs[i] = (struct pollfd){ .fd = of((int)fds[i].fd), .events = fds[i].events };
	ready = WSAPoll(theirs, n, ms);
	if (ready < 0)
		return failed();
	for (nfds_t i = 0; i < n; i++)
		fds[i].revents = theirs[i].revents;
	return ready;
}
