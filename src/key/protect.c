/* SPDX-License-Identifier: GPL-3.0-or-later */
/* protect.c - the new file is made in memory, proven, and takes the old one's name; a copy stays until it was read back. */
#include "key/protect.h"

#include "base/file.h"
#include "key/keygen.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/banned.h"

static enum err beside(const struct protect *p, const char *suffix, char out[NAME_MAX + 1])
{
	int n = snprintf(out, NAME_MAX + 1, ".%s%s", p->name, suffix);

	if (n < 0 || n > NAME_MAX) {
		errno = ENAMETOOLONG;
		return ERR_SYSTEM;
	}
	return ERR_NONE;
}

static enum err sync_folder(const struct protect *p)
{
	/* EINVAL: this file system has nothing to sync in a folder */
	return fsync(p->dir) && errno != EINVAL ? ERR_SYSTEM : ERR_NONE;
}

/* ---- opening ---- */

static enum err open_place(const char *path, struct protect *p)
{
	char *slash;

	p->path = realpath(path, NULL);
	if (!p->path)
		return ERR_SYSTEM;
	slash = strrchr(p->path, '/');
	p->name = slash + 1;
	if (slash == p->path) {
		p->dir = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	} else {
		*slash = '\0';
		p->dir = open(p->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		*slash = '/';
	}
	return p->dir < 0 ? ERR_SYSTEM : ERR_NONE;
}

static enum err open_file(const struct protect *p, int *fd, struct stat *st)
{
	int got = openat(p->dir, p->name, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_NOFOLLOW | O_CLOEXEC);

	if (got < 0)
		return ERR_SYSTEM;
	if (fstat(got, st)) {
		file_close(got);
		return ERR_SYSTEM;
	}
	*fd = got;
	return ERR_NONE;
}

/* The whole of it, into memory that is wiped. */
static enum err read_content(int fd, size_t size, uint8_t **out)
{
	uint8_t *bytes = sodium_malloc(size + 1);
	size_t len = 0;

	if (!bytes)
		return ERR_MEMORY;
	while (len <= size) {
		ssize_t n = pread(fd, bytes + len, size + 1 - len, (off_t)len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			sodium_free(bytes);
			return ERR_SYSTEM;
		}
		if (n == 0)
			break;
		len += (size_t)n;
	}
	if (len != size) {
		sodium_free(bytes);
		return ERR_CHANGED;
	}
	*out = bytes;
	return ERR_NONE;
}

static enum err remove_beside(const struct protect *p, const char *name)
{
	return unlinkat(p->dir, name, 0) ? ERR_SYSTEM : sync_folder(p);
}

/*
 * Whether the copy is another key than the file. One that is not whole was about to be removed, the new file having been read back, or was not
 * yet all written; one that is the same was made where there are no hard links, before the new file was in place.
 */
static enum err copy_differs(const struct protect *p, const char *old, off_t size, bool *differs)
{
	struct private_key k = { 0 };
	uint8_t *content = NULL;
	const char *why;
	enum err e;
	int fd = openat(p->dir, old, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return ERR_SYSTEM;
	e = size > PRIVATE_KEY_MAX ? ERR_TOO_BIG : read_content(fd, (size_t)size, &content);
	file_close(fd);
	if (e)
		return e;
	*differs = private_key_read(content, (size_t)size, &k, &why) == ERR_NONE &&
		   ((size_t)size != p->len || sodium_memcmp(content, p->content, p->len) != 0);
	private_key_clear(&k);
	sodium_free(content);
	return ERR_NONE;
}

/* What an earlier run left that did not come to its end. */
static enum err look_for_left(struct protect *p)
{
	char old[NAME_MAX + 1], new[NAME_MAX + 1];
	struct text path = { 0 };
	bool differs = false;
	struct stat st;
	enum err e;

	if ((e = beside(p, PROTECT_OLD, old)) || (e = beside(p, PROTECT_NEW, new)))
		return e;
	if (!fstatat(p->dir, new, &st, AT_SYMLINK_NOFOLLOW))
		p->left = PROTECT_LEFT_NEW;
	if (fstatat(p->dir, old, &st, AT_SYMLINK_NOFOLLOW))
		return errno == ENOENT ? ERR_NONE : ERR_SYSTEM;
	if (st.st_dev == p->st.st_dev && st.st_ino == p->st.st_ino) {
		p->left = PROTECT_LEFT_SAME;
		p->st.st_nlink--;
		return ERR_NONE;
	}
	if ((e = copy_differs(p, old, st.st_size, &differs)))
		return e;
	if (!differs) {
		p->left = PROTECT_LEFT_SAME;
		return ERR_NONE;
	}
	p->left = PROTECT_LEFT_OLD;
	text_add(&path, "%.*s%s", (int)(p->name - p->path), p->path, old);
	p->old = text_take(&path);
	return p->old ? ERR_NONE : ERR_MEMORY;
}

static enum err check_file(struct protect *p)
{
	if (!S_ISREG(p->st.st_mode))
		return ERR_NOT_FILE;
	if (p->st.st_size > PRIVATE_KEY_MAX)
		return ERR_TOO_BIG;
	if (flock(p->fd, LOCK_EX | LOCK_NB))
		return errno == EWOULDBLOCK ? ERR_BUSY : ERR_SYSTEM;
	return ERR_NONE;
}

enum err protect_open(const char *path, struct protect *out, const char **why)
{
	struct protect p = { .dir = -1, .fd = -1 };
	enum err e;

	*why = NULL;
	if ((e = open_place(path, &p)) || (e = open_file(&p, &p.fd, &p.st)) || (e = check_file(&p)) ||
	    (e = read_content(p.fd, (size_t)p.st.st_size, &p.content)))
		goto out;
	p.len = (size_t)p.st.st_size;
	if ((e = private_key_read(p.content, p.len, &p.key, why)))
		goto out;
	if (p.st.st_uid != geteuid())
		e = ERR_SIGNATURE;
	else if ((e = look_for_left(&p)) == ERR_NONE && p.st.st_nlink > 1)
		e = ERR_EXISTS;
out:
	if (e)
		protect_close(&p);
	else
		*out = p;
	return e;
}

void protect_close(struct protect *p)
{
	int kept = errno;

	private_key_clear(&p->key);
	sodium_free(p->content);
	file_close(p->fd);
	file_close(p->dir);
	free(p->path);
	free(p->old);
	free(p->why);
	*p = (struct protect){ .dir = -1, .fd = -1 };
	errno = kept;
}

enum err protect_try(struct protect *p, const char *passphrase)
{
	struct text public = { 0 };
	enum err e = keygen_public(p->content, p->len, passphrase, &public, &p->why);

	text_free(&public);
	return e;
}

/* ---- making the new file ---- */

/* "TYPE BASE64 comment" without the comment, which ssh-keygen may make up anew. */
static size_t key_part(const struct text *line)
{
	const char *s = text_string(line);
	size_t type = strcspn(s, " ");

	return type + (s[type] ? 1 + strcspn(s + type + 1, " \r\n") : 0);
}

static bool same_public(const struct text *a, const struct text *b)
{
	size_t len = key_part(a);

	return len && len == key_part(b) && memcmp(text_string(a), text_string(b), len) == 0;
}

static enum err disagree(struct protect *p, const char *what)
{
	free(p->why);
	p->why = strdup(what);
	return p->why ? ERR_CHILD : ERR_MEMORY;
}

/* The header says what was asked for. */
static enum err check_header(struct protect *p, const uint8_t *content, size_t len, unsigned rounds)
{
	struct private_key k = { 0 };
	const char *why;
	bool good;

	if (private_key_read(content, len, &k, &why))
		return disagree(p, "it wrote a file that is no private key");
	good = k.encrypted && k.format == PRIVATE_OPENSSH && k.kdf == PRIVATE_KDF_BCRYPT && k.rounds == rounds;
	if (good && p->key.blob &&
	    (!k.blob || k.blob_len != p->key.blob_len || memcmp(k.blob, p->key.blob, k.blob_len)))
		good = false;
	private_key_clear(&k);
	return good ? ERR_NONE : disagree(p, "it wrote a file that is not what was asked for");
}

/* The old file by the old passphrase and the new one by the new are one key. */
static enum err check_opens(struct protect *p, const char *old, const uint8_t *content, size_t len, const char *new)
{
	struct text before = { 0 }, after = { 0 };
	enum err e;

	if ((e = keygen_public(p->content, p->len, old, &before, &p->why)) == ERR_NONE) {
		e = keygen_public(content, len, new, &after, &p->why);
		if (e == ERR_SIGNATURE)
			e = disagree(p, "what it wrote does not open with the new passphrase");
	}
	if (!e && !same_public(&before, &after))
		e = disagree(p, "what it wrote holds another key");
	text_free(&before);
	text_free(&after);
	return e;
}

/* ---- putting it in place ---- */

/* Nobody has touched the file, nor put another one in its place. */
static enum err check_unchanged(const struct protect *p)
{
	uint8_t *now = NULL;
	struct stat st;
	int fd = -1;
	enum err e;

	if ((e = open_file(p, &fd, &st)))
		return e;
	if (st.st_dev != p->st.st_dev || st.st_ino != p->st.st_ino || st.st_size != p->st.st_size ||
	    st.st_mtim.tv_sec != p->st.st_mtim.tv_sec || st.st_mtim.tv_nsec != p->st.st_mtim.tv_nsec)
		e = ERR_CHANGED;
	if (!e && (e = read_content(fd, p->len, &now)) == ERR_NONE && sodium_memcmp(now, p->content, p->len) != 0)
		e = ERR_CHANGED;
	sodium_free(now);
	file_close(fd);
	return e;
}

static enum err write_file(const struct protect *p, const char *name, const void *content, size_t len, bool like_old)
{
	int fd = openat(p->dir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	struct file_meta meta = { 0 };
	enum err e;

	if (fd < 0)
		return ERR_SYSTEM;
	e = file_write_all(fd, content, len);
	if (!e && like_old && (e = file_meta_read(p->fd, &meta)) == ERR_NONE) {
		meta.atime.tv_nsec = UTIME_OMIT;
		meta.mtime.tv_nsec = UTIME_OMIT;
		e = file_meta_apply(fd, &meta);
	}
	if (!e && fsync(fd))
		e = ERR_SYSTEM;
	if (e)
		file_close(fd);
	else if (close(fd))
		e = ERR_SYSTEM;
	file_meta_free(&meta);
	return e;
}

/* A second name for the old file, so that no second copy of a bare key comes to the disk; a copy where there are no such names. */
static enum err keep_old(const struct protect *p, const char *old)
{
	if (!linkat(p->dir, p->name, p->dir, old, 0))
		return ERR_NONE;
	if (errno != EPERM && errno != EOPNOTSUPP && errno != ENOSYS && errno != EMLINK)
		return ERR_SYSTEM;
	return write_file(p, old, p->content, p->len, false);
}

/* For writing; ERR_NOT_FILE where it is no file, or one with more names. A key may be read-only for its owner, too. */
static enum err open_to_wipe(const struct protect *p, const char *name, int *fd, struct stat *st)
{
	int reading = openat(p->dir, name, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_NOFOLLOW | O_CLOEXEC);

	if (reading < 0)
		return ERR_SYSTEM;
	if (fstat(reading, st) || !S_ISREG(st->st_mode) || st->st_nlink != 1) {
		file_close(reading);
		return ERR_NOT_FILE;
	}
	*fd = fchmod(reading, 0600) ? -1
				    : openat(p->dir, name, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_NOFOLLOW | O_CLOEXEC);
	file_close(reading);
	return *fd < 0 ? ERR_SYSTEM : ERR_NONE;
}

/* Nothing of it stays in its blocks, as far as the file system writes where it wrote before. */
static enum err wipe(const struct protect *p, const char *name)
{
	static const char nothing[4096];
	struct stat st;
	int fd = -1;
	enum err e = open_to_wipe(p, name, &fd, &st);

	if (e == ERR_NOT_FILE)
		return remove_beside(p, name);
	if (e)
		return e;
	for (off_t at = 0; !e && at < st.st_size; at += (off_t)sizeof nothing) {
		off_t left = st.st_size - at;

		e = file_write_all(fd, nothing, left < (off_t)sizeof nothing ? (size_t)left : sizeof nothing);
	}
	if (!e && fsync(fd))
		e = ERR_SYSTEM;
	file_close(fd);
	return e ? e : remove_beside(p, name);
}

enum err protect_tidy(struct protect *p)
{
	char old[NAME_MAX + 1], new[NAME_MAX + 1];
	enum err e;

	if (p->left == PROTECT_LEFT_NONE)
		return ERR_NONE;
	if ((e = beside(p, PROTECT_OLD, old)) || (e = beside(p, PROTECT_NEW, new)))
		return e;
	if (unlinkat(p->dir, new, 0) && errno != ENOENT)
		return ERR_SYSTEM;
	if (p->left == PROTECT_LEFT_SAME && unlinkat(p->dir, old, 0))
		return ERR_SYSTEM;
	return sync_folder(p);
}

enum err protect_forget_old(struct protect *p)
{
	char old[NAME_MAX + 1];
	enum err e;

	if ((e = beside(p, PROTECT_OLD, old)) || (e = wipe(p, old)))
		return e;
	p->left = PROTECT_LEFT_NONE;
	return ERR_NONE;
}

static enum err read_back(const struct protect *p, const uint8_t *content, size_t len)
{
	uint8_t *now = NULL;
	struct stat st;
	int fd = -1;
	enum err e;

	if ((e = open_file(p, &fd, &st)) || (e = read_content(fd, len, &now)))
		goto out;
	if (memcmp(now, content, len) != 0)
		e = ERR_CHANGED;
out:
	sodium_free(now);
	file_close(fd);
	return e;
}

static enum err swap(const struct protect *p, const uint8_t *content, size_t len, bool *done)
{
	char old[NAME_MAX + 1], new[NAME_MAX + 1];
	int kept;
	enum err e;

	if ((e = beside(p, PROTECT_OLD, old)) || (e = beside(p, PROTECT_NEW, new)) || (e = check_unchanged(p)))
		return e;
	if ((e = write_file(p, new, content, len, true)) || (e = keep_old(p, old)) || (e = sync_folder(p)))
		goto undo;
	if (renameat(p->dir, new, p->dir, p->name)) {
		e = ERR_SYSTEM;
		goto undo;
	}
	if ((e = sync_folder(p)) || (e = read_back(p, content, len))) {
		kept = errno;
		(void)!renameat(p->dir, old, p->dir, p->name);
		errno = kept;
		return e;
	}
	*done = true;
	return wipe(p, old);
undo:
	kept = errno;
	unlinkat(p->dir, new, 0);
	if (p->left != PROTECT_LEFT_OLD)
		unlinkat(p->dir, old, 0);
	errno = kept;
	return e;
}

/* The few moments in which there are two files are not for Ctrl-C. */
static enum err swap_undisturbed(const struct protect *p, const uint8_t *content, size_t len, bool *done)
{
	sigset_t held, before;
	enum err e;

	sigemptyset(&held);
	sigaddset(&held, SIGINT);
	sigaddset(&held, SIGTERM);
	sigaddset(&held, SIGHUP);
	sigaddset(&held, SIGQUIT);
	sigaddset(&held, SIGTSTP);
	sigprocmask(SIG_BLOCK, &held, &before);
	e = swap(p, content, len, done);
	sigprocmask(SIG_SETMASK, &before, NULL);
	return e;
}

enum err protect_change(struct protect *p, const char *old, const char *new, unsigned rounds, bool *done)
{
	uint8_t *content = NULL;
	size_t len = 0;
	enum err e;

	*done = false;
	if ((e = keygen_change(p->content, p->len, old, new, rounds, &content, &len, &p->why)) ||
	    (e = check_header(p, content, len, rounds)) || (e = check_opens(p, old, content, len, new)))
		goto out;
	e = swap_undisturbed(p, content, len, done);
out:
	sodium_free(content);
	return e;
}

/* ---- words ---- */

/* Where a form leaves the choice, OpenSSL still writes these when asked. Whole names of PBKDF1's and PKCS#12's are weak by their KDF. */
static bool is_small_cipher(const char *name)
{
	static const char *const small[] = { "des-cbc", "des-cfb", "des-ofb", "des-ecb", "rc2", "rc4" };

	for (size_t i = 0; i < ARRAY_SIZE(small); i++)
		if (strncasecmp(name, small[i], strlen(small[i])) == 0)
			return true;
	return false;
}

bool protect_is_strong(const struct private_key *k)
{
	/* what a KDF that is not here has of rounds does not count */
	static const struct {
		enum private_kdf kdf;
		uint64_t least;
	} enough[] = {
		{ PRIVATE_KDF_BCRYPT, 16 },
		{ PRIVATE_KDF_PBKDF2, 100000 },
		{ PRIVATE_KDF_SCRYPT, 16384 },
		{ PRIVATE_KDF_ARGON2, 1 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(enough); i++)
		if (k->kdf == enough[i].kdf)
			return k->encrypted && k->rounds >= enough[i].least && !is_small_cipher(k->cipher);
	return false;
}

void protect_describe(const struct private_key *k, struct text *out)
{
	text_add_string(out, private_format_name(k->format));
	if (!k->encrypted)
		text_add_string(out, ", no passphrase");
	else if (k->kdf == PRIVATE_KDF_BCRYPT || k->kdf == PRIVATE_KDF_PBKDF2)
		text_add(out, ", %llu rounds of %s", (unsigned long long)k->rounds, private_kdf_name(k->kdf));
	else
		text_add(out, ", %s", private_kdf_name(k->kdf));
}
