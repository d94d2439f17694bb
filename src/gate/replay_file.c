/* SPDX-License-Identifier: GPL-3.0-or-later */
/* replay_file.c - records of 32 bytes, each with a check of its own; a new file for every change but appending. */
#include "gate/replay_file.h"

#include "base/file.h"
#include "base/reader.h"

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

static const uint8_t magic[8] = { 'S', 'P', 'k', 'n', 'o', 'c', 'k', '1' };
static const uint8_t free_record[REPLAY_RECORD];

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

static void put_u64(uint8_t *out, uint64_t value)
{
	for (int i = 7; i >= 0; i--, value >>= 8)
		out[i] = (uint8_t)value;
}

static uint64_t get_u64(const uint8_t *at)
{
	uint64_t value = 0;

	for (int i = 0; i < 8; i++)
		value = value << 8 | at[i];
	return value;
}

static void write_entry(uint8_t *record, const struct replay_entry *e)
{
	put_u64(record, e->ts);
	memcpy(record + 8, e->id, sizeof e->id);
	record_check(record, record + PAYLOAD);
}

static void write_interval(uint8_t *record, struct replay_interval i)
{
	put_u64(record, i.from);
	put_u64(record + 8, i.to);
	record_check(record, record + PAYLOAD);
}

/* ---- reading ---- */

static const char *parse_head(const uint8_t *bytes, struct replay_content *c)
{
	if (memcmp(bytes, magic, sizeof magic) != 0 || !record_holds(bytes))
		return "the file does not begin as a record of knocks";
	for (unsigned i = 1; i <= REPLAY_INTERVALS; i++) {
		const uint8_t *record = bytes + (size_t)i * REPLAY_RECORD;
		const struct replay_interval in = { get_u64(record), get_u64(record + 8) };

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

	while (end && !memcmp(bytes + (end - 1) * REPLAY_RECORD, free_record, REPLAY_RECORD))
		end--;
	firm = end > REPLAY_BATCH ? end - REPLAY_BATCH : 0;
	for (size_t i = 0; i < end; i++) {
		const uint8_t *record = bytes + i * REPLAY_RECORD;

		if (!record_holds(record)) {
			if (i < firm)
				return "a knock in the file is damaged";
			continue;
		}
		c->entry[c->n].ts = get_u64(record);
		memcpy(c->entry[c->n++].id, record + 8, NATIVE_ID);
	}
	return NULL;
}

void replay_file_parse(const uint8_t *bytes, size_t len, struct replay_content *c, const char **why)
{
	memset(c, 0, sizeof *c);
	*why = NULL;
	if (len == 0)
		return;
	if (len != REPLAY_SIZE)
		*why = "the file is shorter or longer than it was made";
	else if (!(*why = parse_head(bytes, c)))
		*why = parse_entries(bytes + REPLAY_HEAD * REPLAY_RECORD, REPLAY_ENTRIES, c);
}

static enum err file_read(int fd, struct replay_content *c, const char **why)
{
	char *bytes;
	struct stat st;
	size_t len;
	enum err e;

	if (fstat(fd, &st))
		return ERR_SYSTEM;
	if (!S_ISREG(st.st_mode)) {
		*why = "it is no file";
		return ERR_NONE;
	}
	e = file_read_all(fd, REPLAY_SIZE + 1, &bytes, &len);
	if (e == ERR_TOO_BIG) {
		*why = "the file is shorter or longer than it was made";
		return ERR_NONE;
	}
	if (e)
		return e;
	replay_file_parse((const uint8_t *)bytes, len, c, why);
	free(bytes);
	return ERR_NONE;
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
		if (errno != ENOENT && errno != ELOOP)
			return ERR_SYSTEM;
		*why = errno == ENOENT ? "there is no file" : "it is a link";
		return ERR_NONE;
	}
	e = file_read(fd, c, why);
	file_close(fd);
	return e;
}

/* ---- writing ---- */

static void fill(const struct replay_content *c, uint8_t *bytes)
{
	memcpy(bytes, magic, sizeof magic);
	record_check(bytes, bytes + PAYLOAD);
	for (unsigned i = 0; i < REPLAY_INTERVALS; i++)
		write_interval(bytes + (size_t)(1 + i) * REPLAY_RECORD,
			       i < c->nclosed ? c->closed[i] : (struct replay_interval){ 0 });
	for (size_t i = 0; i < c->n; i++)
		write_entry(bytes + (REPLAY_HEAD + i) * REPLAY_RECORD, &c->entry[i]);
}

/* All blocks are written, zeros too: what is appended later needs no space and moves no end of the file. */
static enum err write_whole(int dir_fd, const char *name, const struct replay_content *c, int *out)
{
	uint8_t *bytes = calloc(1, REPLAY_SIZE);
	int fd = bytes ? openat(dir_fd, name, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600) : -1;
	enum err e = !bytes ? ERR_MEMORY : fd < 0 ? ERR_SYSTEM : ERR_NONE;

	if (!e) {
		fill(c, bytes);
		e = file_write_all(fd, bytes, REPLAY_SIZE);
	}
	if (!e && fsync(fd))
		e = ERR_SYSTEM;
	free(bytes);
	if (e) {
		file_close(fd);
		return e;
	}
	*out = fd;
	return ERR_NONE;
}

enum err replay_file_write(struct replay_file *f, const struct replay_content *c)
{
	char fresh[sizeof f->name + 4];
	enum err e;
	int fd = -1;

	replay_file_close(f);
	snprintf(fresh, sizeof fresh, "%s.new", f->name);
	if (!(e = write_whole(f->dir_fd, fresh, c, &fd)) &&
	    (renameat(f->dir_fd, fresh, f->dir_fd, f->name) || fsync(f->dir_fd)))
		e = ERR_SYSTEM;
	if (e) {
		const int kept = errno;

		/* What is granted from now on is in no file: the next start must not take the old one for the truth. */
		(void)unlinkat(f->dir_fd, fresh, 0);
		(void)unlinkat(f->dir_fd, f->name, 0);
		(void)fsync(f->dir_fd);
		file_close(fd);
		errno = kept;
		return e;
	}
	f->fd = fd;
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
