/* SPDX-License-Identifier: GPL-3.0-or-later */
/* agent_socket.c - by a named pipe, with time limits. */
#include "client/agent_socket.h"

#include "base/clock.h"

#include <stdbool.h>

#include "base/banned.h"

#define PIPES "\\\\.\\pipe\\"

enum err agent_open(const char *path, int *fd)
{
	HANDLE pipe;

	if (_strnicmp(path, PIPES, strlen(PIPES)) != 0)
		return ERR_NOT_FOUND;
	/* whoever serves it may know who we are, and must not act as us */
	pipe = CreateFileA(path, GENERIC_READ | GENERIC_WRITE, 0, NULL, OPEN_EXISTING,
			   FILE_FLAG_OVERLAPPED | SECURITY_SQOS_PRESENT | SECURITY_IDENTIFICATION, NULL);
	if (pipe == INVALID_HANDLE_VALUE) {
		errno = EACCES;
		return GetLastError() == ERROR_FILE_NOT_FOUND ? ERR_NOT_FOUND : ERR_SYSTEM;
	}
	*fd = _open_osfhandle((intptr_t)pipe, O_RDWR | O_BINARY);
	if (*fd >= 0)
		return ERR_NONE;
	CloseHandle(pipe);
	return ERR_SYSTEM;
}

/* One call that moves some bytes, begun already: waits for it. */
static enum err finish(HANDLE pipe, OVERLAPPED *o, bool begun, uint64_t end, DWORD *moved)
{
	const uint64_t now = clock_boot_ms();

	if (!begun && GetLastError() != ERROR_IO_PENDING)
		return ERR_CLOSED;
	if (!begun && WaitForSingleObject(o->hEvent, end > now ? (DWORD)(end - now) : 0) != WAIT_OBJECT_0) {
		CancelIo(pipe);
		(void)GetOverlappedResult(pipe, o, moved, TRUE); /* until then the bytes are not ours again */
		return ERR_TIMEOUT;
	}
	return GetOverlappedResult(pipe, o, moved, TRUE) && *moved ? ERR_NONE : ERR_CLOSED;
}

static enum err move(int fd, uint8_t *in, const char *out, size_t len, uint64_t end)
{
	HANDLE pipe = (HANDLE)_get_osfhandle(fd);
	OVERLAPPED o = { .hEvent = CreateEventA(NULL, TRUE, FALSE, NULL) };
	enum err e = o.hEvent ? ERR_NONE : ERR_MEMORY;

	for (size_t at = 0; !e && at < len;) {
		DWORD moved = 0;
		bool begun = in ? ReadFile(pipe, in + at, (DWORD)(len - at), NULL, &o)
				: WriteFile(pipe, out + at, (DWORD)(len - at), NULL, &o);

		e = finish(pipe, &o, begun, end, &moved);
		at += moved;
	}
	if (o.hEvent)
		CloseHandle(o.hEvent);
	return e;
}

enum err agent_send(int fd, const char *bytes, size_t len, uint64_t end)
{
	return move(fd, NULL, bytes, len, end);
}

enum err agent_receive(int fd, uint8_t *bytes, size_t len, uint64_t end)
{
	return move(fd, bytes, NULL, len, end);
}
