/* SPDX-License-Identifier: GPL-3.0-or-later */
/* replay_file.c - records of 32 bytes, each with a check of its own; a new file for every change but appending. */
#include "gate/replay_file.h"

#include "base/file.h"
#include "base/macros.h"
#include "base/reader.h"
#include "base/writer.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/banned.h"

#define CHECK 8
#define PAYLOAD (REPLAY_RECORD - CHECK)
#define FREE 128   /* records that are looked over at once: most of a file is free */
#define CHUNK 1024 /* records that one write takes */

static const uint8_t magic[8] = { 'S', 'P', 'k', 'n', 'o', 'c', 'k', '1' };
static const uint8_t free_records[FREE * REPLAY_RECORD];

/* ---- one record ---- */

static void record_check(const uint8_t *record, uint8_t out[CHECK])
{
	uint8_t digest[crypto_hash_sha256_BYTES];

	crypto_hash_sha256(digest, record, PAYLOAD);
	memcpy(out, digest, CHECK);
}

static bool record_holds(const uint8_t *record)
{
	uint8_t check[CHECK];

	record_check(record, check);
	return memcmp(record + PAYLOAD, check, CHECK) == 0;
}

static void write_entry(uint8_t *record, const struct replay_entry *e)
{
	store_u64(record, e->ts);
	memcpy(record + 8, e->id, sizeof e->id);
	record_check(record, record + PAYLOAD);
}

static void write_interval(uint8_t *record, struct replay_interval i)
{
	store_u64(record, i.from);
	store_u64(record + 8, i.to);
	record_check(record, record + PAYLOAD);
}

/* ---- reading ---- */

static const char *parse_head(const uint8_t *bytes, struct replay_content *c)
{
	if (memcmp(bytes, magic, sizeof magic) != 0 || !record_holds(bytes))
		return "the file does not begin as a record of knocks";
	for (unsigned i = 1; i <= REPLAY_INTERVALS; i++) {
		const uint8_t *record = bytes + (size_t)i * REPLAY_RECORD;
		const struct replay_interval in = { load_u64(record), load_u64(record + 8) };

		if (!record_holds(record) || in.from > in.to)
			return "a closed interval of the file is damaged";
		if (in.to)
			c->closed[c->nclosed++] = in;
	}
	return NULL;
}

/*
 * The last append may have been cut anywhere, and the disk may have written its sectors in any order: what is damaged or missing
 * among its records was never granted. Above them every record must hold.
 */
static const char *parse_entries(const uint8_t *bytes, size_t records, struct replay_content *c)
{
	size_t end = records, firm;

	while (end % FREE == 0 && end &&
	       !memcmp(bytes + (end - FREE) * REPLAY_RECORD, free_records, sizeof free_records))
		end -= FREE;
	while (end && !memcmp(bytes + (end - 1) * REPLAY_RECORD, free_records, REPLAY_RECORD))
		end--;
	firm = end > REPLAY_BATCH ? end - REPLAY_BATCH : 0;
	for (size_t i = 0; i < end; i++) {
		const uint8_t *record = bytes + i * REPLAY_RECORD;

		if (!record_holds(record)) {
			if (i < firm)
				return "a knock in the file is damaged";
			continue;
		}
		c->entry[c->n].ts = load_u64(record);
		memcpy(c->entry[c->n++].id, record + 8, NATIVE_ID);
	}
	return NULL;
}

void replay_file_parse(const uint8_t *bytes, size_t len, struct replay_content *c, const char **why)
{
	*why = len && len != REPLAY_SIZE ? "the file is shorter or longer than it was made" : NULL;
	if (*why)
		return;
	memset(c->closed, 0, sizeof c->closed);
	c->nclosed = 0;
	c->n = 0;
	if (len && !(*why = parse_head(bytes, c)))
		*why = parse_entries(bytes + REPLAY_HEAD * REPLAY_RECORD, REPLAY_ENTRIES, c);
}

/* ERR_MEMORY. A disk that does not give the file back has lost it. */
static enum err file_read(int fd, struct replay_content *c, const char **why)
{
	char *bytes;
	struct stat st;
	size_t len;
	enum err e;

	if (fstat(fd, &st) || !S_ISREG(st.st_mode)) {
		*why = "it is no file";
		return ERR_NONE;
	}
	e = file_read_all(fd, REPLAY_SIZE + 1, &bytes, &len);
	if (e == ERR_TOO_BIG)
		*why = "the file is shorter or longer than it was made";
	else if (e == ERR_SYSTEM)
		*why = "the file cannot be read";
	if (e)
		return *why ? ERR_NONE : e;
	replay_file_parse((const uint8_t *)bytes, len, c, why);
	free(bytes);
	return ERR_NONE;
}

/* Nothing was learnt about the file: there is no folder, or too little of something else. */
static bool is_no_answer(int error)
{
	static const int errors[] = { EBADF, ENOTDIR, EMFILE, ENFILE, ENOMEM, EINTR };

	for (size_t i = 0; i < ARRAY_SIZE(errors); i++)
		if (errors[i] == error)
			return true;
	return false;
}

enum err replay_file_open(struct replay_file *f, int dir_fd, const char *name, struct replay_content *c,
			  const char **why)
{
	enum err e;
	int fd;

	*f = (struct replay_file){ .dir_fd = dir_fd, .fd = -1 };
	*why = NULL;
	if ((size_t)snprintf(f->name, sizeof f->name, "%s", name) >= sizeof f->name)
		return ERR_TOO_BIG;
	fd = openat(dir_fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0) {
		if (is_no_answer(errno))
			return ERR_SYSTEM;
		*why = errno == ENOENT ? "there is no file" : "it is a link, or cannot be opened";
		return ERR_NONE;
	}
	e = file_read(fd, c, why);
	file_close(fd);
	f->sound = !e && !*why;
	return e;
}

/* ---- writing ---- */

static void write_record(const struct replay_content *c, size_t number, uint8_t *record)
{
	memset(record, 0, REPLAY_RECORD);
	if (number == 0) {
		memcpy(record, magic, sizeof magic);
		record_check(record, record + PAYLOAD);
	} else if (number < REPLAY_HEAD) {
		write_interval(record, number <= c->nclosed ? c->closed[number - 1] : (struct replay_interval){ 0 });
	} else if (number - REPLAY_HEAD < c->n) {
		write_entry(record, &c->entry[number - REPLAY_HEAD]);
	}
}

/* All blocks, zeros too: what is appended later needs no space and moves no end of the file. */
static enum err write_content(int fd, const struct replay_content *c)
{
	uint8_t bytes[CHUNK * REPLAY_RECORD];

	for (size_t first = 0; first < REPLAY_HEAD + REPLAY_ENTRIES;) {
		size_t n = 0;
		enum err e;

		for (; n < CHUNK && first + n < REPLAY_HEAD + REPLAY_ENTRIES; n++)
			write_record(c, first + n, bytes + n * REPLAY_RECORD);
		if ((e = file_write_all(fd, bytes, n * REPLAY_RECORD)))
			return e;
		first += n;
	}
	return fsync(fd) ? ERR_SYSTEM : ERR_NONE;
}

/* The file that was in use before the last one, if it is there: its blocks are ours already, however full the disk is. */
static enum err open_spare(int dir_fd, const char *name, int *out)
{
	const int flags = O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK;
	int fd = openat(dir_fd, name, flags, 0600);
	struct stat st;

	/* Or whatever else has that name: a link, the file of another owner. */
	if (fd < 0 || fstat(fd, &st) || !S_ISREG(st.st_mode) || st.st_nlink != 1 || st.st_size > REPLAY_SIZE) {
		file_close(fd);
		(void)unlinkat(dir_fd, name, 0);
		fd = openat(dir_fd, name, flags | O_EXCL, 0600);
	}
	if (fd < 0)
		return ERR_SYSTEM;
	*out = fd;
	return ERR_NONE;
}

/* A sound file stays as the next spare; one that failed goes, so that nothing is ever written to it again. */
static enum err put_in_place(const struct replay_file *f, const char *fresh)
{
	if (!f->sound || renameat2(f->dir_fd, fresh, f->dir_fd, f->name, RENAME_EXCHANGE))
		if (renameat(f->dir_fd, fresh, f->dir_fd, f->name))
			return ERR_SYSTEM;
	return fsync(f->dir_fd) ? ERR_SYSTEM : ERR_NONE;
}

/* What is granted from now on is in no file: the next start must not take the old one for the truth. */
static void give_up(struct replay_file *f, const char *fresh)
{
	const int kept = errno;

	(void)unlinkat(f->dir_fd, fresh, 0);
	f->stays = unlinkat(f->dir_fd, f->name, 0) && errno != ENOENT;
	f->sound = false;
	(void)fsync(f->dir_fd);
	errno = kept;
}

enum err replay_file_write(struct replay_file *f, const struct replay_content *c)
{
	char fresh[sizeof f->name + 4];
	enum err e;
	int fd = -1;

	replay_file_close(f);
	snprintf(fresh, sizeof fresh, "%s.new", f->name);
	if ((e = open_spare(f->dir_fd, fresh, &fd)) || (e = write_content(fd, c)) || (e = put_in_place(f, fresh))) {
		give_up(f, fresh);
		file_close(fd);
		return e;
	}
	f->fd = fd;
	f->sound = true;
	f->stays = false;
	f->next = REPLAY_HEAD + c->n;
	return ERR_NONE;
}

enum err replay_file_append(struct replay_file *f, const struct replay_entry *e, size_t n)
{
	uint8_t bytes[REPLAY_BATCH * REPLAY_RECORD];
	const size_t len = n * REPLAY_RECORD;

	if (n > REPLAY_BATCH || f->fd < 0 || f->next + n > REPLAY_HEAD + REPLAY_ENTRIES)
		return ERR_TOO_BIG;
	for (size_t i = 0; i < n; i++)
		write_entry(bytes + i * REPLAY_RECORD, &e[i]);
	if (pwrite(f->fd, bytes, len, (off_t)(f->next * REPLAY_RECORD)) != (ssize_t)len || fdatasync(f->fd)) {
		replay_file_close(f);
		f->sound = false;
		return ERR_SYSTEM;
	}
	f->next += n;
	return ERR_NONE;
}

void replay_file_close(struct replay_file *f)
{
	file_close(f->fd);
	f->fd = -1;
}
