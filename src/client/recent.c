/* SPDX-License-Identifier: GPL-3.0-or-later */
/* recent.c - a small file for each host, locked by who is about to knock. */
#include "client/recent.h"

#include "base/clock.h"
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/banned.h"

#define LOOK_EVERY_MS 10
#define WAITED_MAX 600000u
#define NAME_BYTES 16u
#define FOLDER_MAX 4096

/* In a file of this machine, which no other reads. */
struct entry {
	char magic[8];
	uint64_t when, opened, opened_wall;
	uint32_t outcome, waited;
};
static const char magic[8] = "recent 2";

static bool is_ours(int fd, mode_t type)
{
	struct stat st;

	return !fstat(fd, &st) && (st.st_mode & S_IFMT) == type && st.st_uid == geteuid() && !(st.st_mode & 022);
}

/* Below folder/more, which is made where it is missing; 'folder' itself is not. -1: it cannot be had. */
static int folder_open(const char *folder, const char *more, char path[FOLDER_MAX])
{
	int fd, n = snprintf(path, FOLDER_MAX, "%s%s/sallyport", folder, more);

	if (folder[0] != '/' || n < 0 || n >= FOLDER_MAX)
		return -1;
	mkdir(path, 0700);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd >= 0 && is_ours(fd, S_IFDIR))
		return fd;
	file_close(fd);
	return -1;
}

static int any_folder_open(char path[FOLDER_MAX])
{
	const struct {
		const char *folder, *more;
	} places[] = { { getenv("XDG_RUNTIME_DIR"), "" },
		       { getenv("XDG_CACHE_HOME"), "" },
		       { getenv("HOME"), "/.cache" } };
	int fd = -1;

	for (size_t i = 0; i < ARRAY_SIZE(places) && fd < 0; i++) {
		if (!places[i].folder || !places[i].folder[0])
			continue;
		if (places[i].more[0] &&
		    snprintf(path, FOLDER_MAX, "%s%s", places[i].folder, places[i].more) < FOLDER_MAX)
			mkdir(path, 0700);
		fd = folder_open(places[i].folder, places[i].more, path);
	}
	return fd;
}

enum err recent_open(const char *subject, int *fd)
{
	uint8_t digest[NAME_BYTES];
	char name[2 * NAME_BYTES + 1], path[FOLDER_MAX];
	int folder = any_folder_open(path), file;

	if (folder < 0)
		return ERR_NOT_FOUND;
	crypto_generichash(digest, sizeof digest, (const uint8_t *)subject, strlen(subject), NULL, 0);
	sodium_bin2hex(name, sizeof name, digest, sizeof digest);
	file = openat(folder, name, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);
	file_close(folder);
	if (file < 0)
		return ERR_SYSTEM;
	if (!is_ours(file, S_IFREG)) {
		file_close(file);
		return ERR_NOT_FOUND;
	}
	*fd = file;
	return ERR_NONE;
}

enum err recent_folder(struct text *out)
{
	char path[FOLDER_MAX];
	int folder = any_folder_open(path);

	if (folder < 0)
		return ERR_NOT_FOUND;
	file_close(folder);
	text_add_string(out, path);
	return text_check(out);
}

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
