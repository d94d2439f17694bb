/* SPDX-License-Identifier: GPL-3.0-or-later */
/* hand_over.c - byte by byte: the ssh of Windows takes no descriptor. */
#include "client/hand_over.h"

#include "base/banned.h"

#define BLOCK 65536

bool hand_over_possible(void)
{
	return false;
}

bool hand_over_wanted(void)
{
	return false;
}

enum err hand_over(int connection)
{
	return ERR_UNSUPPORTED;
}

/* A thread of its own: what comes from ssh. */
static DWORD WINAPI up(void *argument)
{
	static char block[BLOCK];
	const SOCKET to = *(const SOCKET *)argument;
	HANDLE in = GetStdHandle(STD_INPUT_HANDLE);
	DWORD n;

	while (ReadFile(in, block, sizeof block, &n, NULL) && n) {
		for (DWORD at = 0; at < n;) {
			int sent = send(to, block + at, (int)(n - at), 0);

			if (sent <= 0)
				return 0;
			at += (DWORD)sent;
		}
	}
	shutdown(to, SD_SEND);
	return 0;
}

static enum err write_out(const char *bytes, DWORD len)
{
	HANDLE out = GetStdHandle(STD_OUTPUT_HANDLE);
	DWORD n;

	for (; len; bytes += n, len -= n)
		if (!WriteFile(out, bytes, len, &n, NULL))
			return ERR_CLOSED;
	return ERR_NONE;
}

enum err hand_over_bytes(int connection)
{
	static char block[BLOCK];
	static SOCKET s; /* the other thread may outlive this call */
	HANDLE thread;
	ssize_t n;
	enum err e = ERR_NONE;

	s = (SOCKET)_get_osfhandle(connection);
	if (fcntl(connection, F_SETFL, 0))
		return ERR_SYSTEM;
	(void)setsockopt(connection, IPPROTO_TCP, TCP_NODELAY, &(int){ 1 }, sizeof(int));
	thread = CreateThread(NULL, 0, up, &s, 0, NULL);
	if (!thread) {
		errno = EAGAIN;
		return ERR_SYSTEM;
	}
	CloseHandle(thread);
	while (!e && (n = recv(connection, block, sizeof block, 0)) > 0)
		e = write_out(block, (DWORD)n);
	return e ? e : n < 0 ? ERR_SYSTEM : ERR_NONE;
}
