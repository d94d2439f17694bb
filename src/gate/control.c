/* SPDX-License-Identifier: GPL-3.0-or-later */
/* control.c - the asking side of the control socket. */
#include "gate/control.h"

#include "base/clock.h"
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/banned.h"

#define PATIENCE_MS 2000
#define ENTRIES_MAX 262144
#define ID 1 /* one question at a time */

_Static_assert(sizeof(struct control_grant) == 20 + 8 + 64, "no holes");
_Static_assert(sizeof(struct control_close) == 20 + NATIVE_KEY_ID + 4, "no holes");
_Static_assert(sizeof(struct control_entry) == 32 + NATIVE_KEY_ID + 256, "no holes");
_Static_assert(sizeof(struct control_done) == 16, "no holes");

enum err control_open(const char *path, int *fd)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int s;

	if (strlen(path) >= sizeof at.sun_path)
		return ERR_NOT_FOUND;
	memcpy(at.sun_path, path, strlen(path));
	s = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (s < 0)
		return ERR_SYSTEM;
	if (connect(s, (const struct sockaddr *)&at, sizeof at)) {
		file_close(s);
		if (errno == EAGAIN)
			return ERR_TIMEOUT; /* more wait than the daemon lets wait */
		return errno == ENOENT || errno == ECONNREFUSED || errno == ENOTDIR ? ERR_NOT_FOUND : ERR_SYSTEM;
	}
	*fd = s;
	return ERR_NONE;
}

/* What was answered so far. */
struct answer {
	struct control_entry *v;
	size_t n, size;
	struct control_status status;
	struct control_done done;
	struct control_latest latest;
	bool complete;
};

static enum err entry_room(struct answer *a)
{
	struct control_entry *more;
	size_t size = a->size ? 2 * a->size : 64;

	if (a->n < a->size)
		return ERR_NONE;
	if (a->n == ENTRIES_MAX)
		return ERR_TOO_BIG;
	more = reallocarray(a->v, size, sizeof *more);
	if (!more)
		return ERR_MEMORY;
	a->v = more;
	a->size = size;
	return ERR_NONE;
}

static enum err take_entry(void *role, int fd, uint32_t id, const void *body)
{
	struct answer *a = role;
	struct control_entry one;
	enum err e;

	(void)fd;
	memcpy(&one, body, sizeof one);
	if (id != ID || !memchr(one.user, '\0', sizeof one.user) ||
	    (one.address.family != 4 && one.address.family != 6))
		return ERR_SYNTAX;
	if ((e = entry_room(a)))
		return e;
	a->v[a->n++] = one;
	return ERR_NONE;
}

static enum err take_status(void *role, int fd, uint32_t id, const void *body)
{
	struct answer *a = role;

	(void)fd;
	if (id != ID)
		return ERR_SYNTAX;
	memcpy(&a->status, body, sizeof a->status);
	a->complete = true;
	return ERR_NONE;
}

static enum err take_done(void *role, int fd, uint32_t id, const void *body)
{
	struct answer *a = role;

	(void)fd;
	memcpy(&a->done, body, sizeof a->done);
	if (id != ID || a->done.error >= ERR_COUNT)
		return ERR_SYNTAX;
	a->complete = true;
	return ERR_NONE;
}

static enum err take_latest(void *role, int fd, uint32_t id, const void *body)
{
	struct answer *a = role;

	(void)fd;
	memcpy(&a->latest, body, sizeof a->latest);
	if (id != ID || !memchr(a->latest.user, '\0', sizeof a->latest.user))
		return ERR_SYNTAX;
	a->complete = true;
	return ERR_NONE;
}

static const struct message_row who_rows[] = {
	{ CONTROL_ENTRY, sizeof(struct control_entry), take_entry },
	{ CONTROL_STATUS, sizeof(struct control_status), take_status },
	{ 0 },
};
static const struct message_row done_rows[] = {
	{ CONTROL_DONE, sizeof(struct control_done), take_done },
	{ 0 },
};

static const struct message_row latest_rows[] = {
	{ CONTROL_LATEST, sizeof(struct control_latest), take_latest },
	{ 0 },
};

static enum err wait_for(int fd, short events)
{
	const uint64_t end = clock_boot_ms() + PATIENCE_MS;
	struct pollfd p = { .fd = fd, .events = events };

	for (;;) {
		uint64_t now = clock_boot_ms();
		int n = poll(&p, 1, now < end ? (int)(end - now) : 0);

		if (n > 0)
			return ERR_NONE;
		if (n < 0 && errno != EINTR)
			return ERR_SYSTEM;
		if (n == 0)
			return ERR_TIMEOUT;
	}
}

static enum err ask(int fd, uint32_t kind, const void *body, size_t size, const struct message_row *rows,
		    struct answer *a)
{
	enum err e;

	if ((e = wait_for(fd, POLLOUT)) || (e = message_send(fd, kind, ID, body, size)))
		return e;
	while (!a->complete)
		if ((e = wait_for(fd, POLLIN)) || (e = message_receive(fd, rows, a, 1)))
			return e;
	return ERR_NONE;
}

enum err control_who(int fd, struct control_entry **entries, size_t *n, struct control_status *status)
{
	struct answer a = { 0 };
	enum err e = ask(fd, CONTROL_WHO, NULL, 0, who_rows, &a);

	if (e) {
		free(a.v);
		return e;
	}
	*entries = a.v;
	*n = a.n;
	*status = a.status;
	return ERR_NONE;
}

static enum err ask_done(int fd, uint32_t kind, const void *body, size_t size, struct control_done *done)
{
	struct answer a = { 0 };
	enum err e = ask(fd, kind, body, size, done_rows, &a);

	if (!e)
		*done = a.done;
	return e;
}

enum err control_grant(int fd, const struct control_grant *g, struct control_done *done)
{
	return ask_done(fd, CONTROL_GRANT, g, sizeof *g, done);
}

enum err control_revoke(int fd, const struct control_close *c, struct control_done *done)
{
	return ask_done(fd, CONTROL_CLOSE, c, sizeof *c, done);
}

enum err control_came(int fd, const struct message_address *from, struct control_latest *latest)
{
	struct answer a = { 0 };
	enum err e = ask(fd, CONTROL_CAME, from, sizeof *from, latest_rows, &a);

	if (!e)
		*latest = a.latest;
	return e;
}

enum err control_recover(int fd, const struct control_recover *r, struct control_done *done)
{
	return ask_done(fd, CONTROL_RECOVER, r, sizeof *r, done);
}
