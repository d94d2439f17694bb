/* SPDX-License-Identifier: GPL-3.0-or-later */
/* recent.c - a small file for each host, locked by who is about to knock. */
#include "client/recent.h"

#include "base/clock.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/banned.h"

#define LOOK_EVERY_MS 10
#define WAITED_MAX 600000u

/* In a file of this machine, which no other reads. */
struct entry {
	char magic[8];
	uint64_t when, opened, opened_wall;
	uint32_t outcome, waited;
};
static const char magic[8] = "recent 2";

enum err recent_lock(int fd, unsigned ms)
{
	const uint64_t end = clock_boot_ms() + ms;

	while (flock(fd, LOCK_EX | LOCK_NB)) {
		if (errno != EWOULDBLOCK && errno != EINTR)
			return ERR_SYSTEM;
		if (clock_boot_ms() >= end)
			return ERR_TIMEOUT;
		poll(NULL, 0, LOOK_EVERY_MS);
	}
	return ERR_NONE;
}

void recent_unlock(int fd)
{
	flock(fd, LOCK_UN);
}

struct recent recent_read(int fd, uint64_t now)
{
	struct entry e;

	/* after a boot the time may be one that has not come yet */
	if (pread(fd, &e, sizeof e, 0) != sizeof e || memcmp(e.magic, magic, sizeof magic) != 0 || e.when > now ||
	    e.opened > now || e.outcome > RECENT_OPEN_ANYWAY || e.waited > WAITED_MAX)
		return (struct recent){ 0 };
	return (struct recent){ .when = e.when,
				.outcome = (enum recent_outcome)e.outcome,
				.waited = e.waited,
				.opened = e.opened,
				.opened_wall = e.opened_wall };
}

void recent_write(int fd, const struct recent *r)
{
	struct entry e = { .when = r->when,
			   .opened = r->opened,
			   .opened_wall = r->opened_wall,
			   .outcome = (uint32_t)r->outcome,
			   .waited = r->waited > WAITED_MAX ? WAITED_MAX : (uint32_t)r->waited };

	memcpy(e.magic, magic, sizeof magic);
	if (pwrite(fd, &e, sizeof e, 0) != sizeof e && ftruncate(fd, 0))
		return;
}
