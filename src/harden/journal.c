/* SPDX-License-Identifier: GPL-3.0-or-later */
/* journal.c - reading and writing of transactions. */
#include "harden/journal.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/json.h"
#include "base/number.h"
#include "base/tree.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/banned.h"

#define JOURNAL_MAX (16u << 20)
#define CONTENT_MAX (64u << 20)
#define ID_MAX 999999u
#define LOCK_DIR "/run/lock"
#define LOCK_NAME "sallyport"
#define LOCK_FILE LOCK_DIR "/" LOCK_NAME
#define LOCK_TRIES 64 /* somebody may put it there again and again; he tires first */

bool tx_in_force(const struct tx *t)
{
	return t->state == TX_WAITING || t->state == TX_CONFIRMED;
}

void keepers_free(struct keepers *k)
{
	for (size_t i = 0; i < k->n; i++) {
		free(k->v[i].user);
		free(k->v[i].addr);
		free(k->v[i].laddr);
		free(k->v[i].fingerprint);
		free(k->v[i].ca_fingerprint);
		free(k->v[i].key_type);
	}
	free(k->v);
	*k = (struct keepers){ 0 };
}

void tx_free(struct tx *t)
{
	if (!t)
		return;
	for (size_t i = 0; i < t->nops; i++)
		op_clear(&t->ops[i]);
	for (size_t i = 0; i < t->nfolders; i++)
		free(t->folders[i].path);
	keepers_free(&t->keepers);
	free(t->ops);
	free(t->folders);
	free(t->what);
	free(t->by);
	free(t->from);
	free(t->key);
	free(t->config_path);
	free(t->note);
	free(t);
}

static enum err tx_path(unsigned id, const char *name, struct text *out)
{
	text_reset(out);
	text_add(out, JOURNAL_DIR "/%04u%s%s", id, name[0] ? "/" : "", name);
	return text_check(out);
}

static enum err read_part(const struct root *r, unsigned id, const char *name, size_t max, char **out, size_t *len)
{
	struct text path = { 0 };
	enum err e = tx_path(id, name, &path);

	if (e == ERR_NONE)
		e = root_read(r, path.s, max, out, len);
	text_free(&path);
	if (e == ERR_SYSTEM && errno == ENOENT)
		e = ERR_NOT_FOUND;
	return e;
}

static enum err read_content(const struct root *r, unsigned id, const char *which, size_t n, char **out, size_t *len)
{
	char name[40];
	enum err e;

	snprintf(name, sizeof name, "%s/%zu", which, n);
	e = read_part(r, id, name, CONTENT_MAX, out, len);
	return e == ERR_NOT_FOUND ? ERR_SYNTAX : e;
}

static enum err read_contents(const struct root *r, struct tx *t)
{
	for (size_t i = 0; i < t->nops; i++) {
		struct op *op = &t->ops[i];
		enum err e;

		if (!op_has_content(op))
			continue;
		if ((e = read_content(r, t->id, "old", i, &op->old, &op->old_len)) ||
		    (op->kind == OP_WRITE && (e = read_content(r, t->id, "new", i, &op->new, &op->new_len))))
			return e;
		if (op->kind == OP_REMOVE && !(op->new = strdup("")))
			return ERR_MEMORY;
	}
	return ERR_NONE;
}

static enum err read_tx(const struct root *r, unsigned id, bool contents, struct tx **out)
{
	struct tx *t = calloc(1, sizeof *t);
	char *json = NULL, *state = NULL;
	size_t len, state_len;
	enum err e;

	if (!t)
		return ERR_MEMORY;
	if ((e = read_part(r, id, "journal.json", JOURNAL_MAX, &json, &len)) ||
	    (e = read_part(r, id, "state.json", JOURNAL_MAX, &state, &state_len)) ||
	    (e = journal_parse(json, len, t)) || (e = journal_parse_state(state, state_len, t)) ||
	    (contents && (e = read_contents(r, t))))
		goto out;
	if (t->id != id)
		e = ERR_SYNTAX;
out:
	free(json);
	free(state);
	if (e)
		tx_free(t);
	else
		*out = t;
	return e;
}

enum err journal_read(const struct root *r, unsigned id, struct tx **out)
{
	return read_tx(r, id, true, out);
}

enum err journal_read_brief(const struct root *r, unsigned id, struct tx **out)
{
	return read_tx(r, id, false, out);
}

static enum err write_content(const struct root *r, const char *dir, const char *which, size_t n, const char *content,
			      size_t len)
{
	struct file_meta meta = { .mode = 0600, .uid = geteuid(), .gid = getegid() };
	struct text path = { 0 };
	enum err e;

	clock_gettime(CLOCK_REALTIME, &meta.mtime);
	meta.atime = meta.mtime;
	text_add(&path, "%s/%s", dir, which);
	if ((e = text_check(&path)) == ERR_NONE && (e = file_make_dirs(r, path.s, 0700)) == ERR_NONE) {
		text_add(&path, "/%zu", n);
		if ((e = text_check(&path)) == ERR_NONE)
			e = file_replace(r, path.s, content, len, &meta, "tx");
	}
	text_free(&path);
	return e;
}

static enum err write_json(const struct root *r, const char *dir, const char *name, json_t *value)
{
	struct text path = { 0 };
	enum err e = value ? ERR_NONE : ERR_MEMORY;

	text_add(&path, "%s/%s", dir, name);
	if (e == ERR_NONE && (e = text_check(&path)) == ERR_NONE)
		e = json_write_file(r, path.s, value, 0600);
	text_free(&path);
	json_decref(value);
	return e;
}

static enum err write_all(const struct root *r, const struct tx *t, const char *dir)
{
	enum err e;

	if ((e = file_make_dirs(r, dir, 0700)))
		return e;
	for (size_t i = 0; i < t->nops; i++) {
		const struct op *op = &t->ops[i];

		if ((op_has_content(op) && (e = write_content(r, dir, "old", i, op->old, op->old_len))) ||
		    (op->kind == OP_WRITE && (e = write_content(r, dir, "new", i, op->new, op->new_len))))
			return e;
	}
	if ((e = write_json(r, dir, "state.json", journal_format_state(t))))
		return e;
	return write_json(r, dir, "journal.json", journal_format(t));
}

/* As the host names it, with all links resolved inside the root: none in another system's files leads into ours. */
static enum err outside_of(const struct root *r, const char *path, char **out)
{
	char *resolved = NULL;
	enum err e = root_resolve(r, path, &resolved);

	if (e == ERR_NONE)
		e = root_outside(r, resolved, out);
	free(resolved);
	return e;
}

static enum err rename_inside(const struct root *r, const char *from, const char *to)
{
	char *a = NULL, *b = NULL;
	enum err e;

	if ((e = outside_of(r, from, &a)) == ERR_NONE && (e = outside_of(r, to, &b)) == ERR_NONE && rename(a, b))
		e = ERR_SYSTEM;
	free(a);
	free(b);
	return e ? e : file_sync_dir(r, JOURNAL_DIR);
}

enum err journal_create(const struct root *r, struct tx *t)
{
	struct text dir = { 0 };
	unsigned *ids = NULL;
	char fresh[64];
	size_t n;
	enum err e;

	if ((e = file_make_dirs(r, "/var/lib/sallyport", 0755)) || (e = file_make_dirs(r, JOURNAL_DIR, 0700)) ||
	    (e = journal_list(r, true, &ids, &n)))
		goto out;
	t->id = n ? ids[n - 1] + 1 : 1;
	t->state = TX_APPLYING;
	t->changed = clock_wall();
	clock_boot_id(t->boot_id);
	snprintf(fresh, sizeof fresh, JOURNAL_DIR "/.new-%04u", t->id);
	/* it counts from the moment it has its name */
	if ((e = write_all(r, t, fresh)) || (e = tx_path(t->id, "", &dir)))
		goto out;
	e = rename_inside(r, fresh, dir.s);
out:
	if (e)
		t->id = 0;
	text_free(&dir);
	free(ids);
	return e;
}

enum err journal_set_state(const struct root *r, struct tx *t, enum tx_state state, const char *note)
{
	struct text dir = { 0 };
	enum err e;

	if (note) {
		char *copy = strdup(note);

		if (!copy)
			return ERR_MEMORY;
		free(t->note);
		t->note = copy;
	}
	t->state = state;
	t->changed = clock_wall();
	if ((e = tx_path(t->id, "", &dir)) == ERR_NONE)
		e = write_json(r, dir.s, "state.json", journal_format_state(t));
	text_free(&dir);
	return e;
}

enum err journal_keep_found(const struct root *r, const struct tx *t, size_t op, const char *content, size_t len)
{
	struct text dir = { 0 };
	enum err e = tx_path(t->id, "", &dir);

	if (e == ERR_NONE)
		e = write_content(r, dir.s, "found", op, content, len);
	text_free(&dir);
	return e;
}

static void remove_unborn(const struct root *r, const char *name)
{
	struct text path = { 0 };
	char *outside = NULL;

	text_add(&path, JOURNAL_DIR "/%s", name);
	if (text_check(&path) == ERR_NONE && outside_of(r, path.s, &outside) == ERR_NONE)
		tree_remove(outside);
	free(outside);
	text_free(&path);
}

static int by_number(const void *a, const void *b)
{
	unsigned x = *(const unsigned *)a, y = *(const unsigned *)b;

	return x < y ? -1 : x > y;
}

enum err journal_list(const struct root *r, bool sweep, unsigned **out, size_t *n)
{
	struct strings names = { 0 };
	unsigned *ids;
	size_t count = 0;
	enum err e = root_list(r, JOURNAL_DIR, &names);

	if (e == ERR_NOT_FOUND || (e == ERR_SYSTEM && errno == ENOENT))
		e = ERR_NONE;
	if (e)
		return e;
	ids = calloc(names.n + 1, sizeof *ids);
	if (!ids) {
		strings_free(&names);
		return ERR_MEMORY;
	}
	for (size_t i = 0; i < names.n; i++) {
		uint64_t id;

		if (strncmp(names.v[i], ".new-", 5) == 0 && sweep)
			remove_unborn(r, names.v[i]);
		else if (number_parse(names.v[i], 1, ID_MAX, &id) == ERR_NONE)
			ids[count++] = (unsigned)id;
	}
	strings_free(&names);
	qsort(ids, count, sizeof *ids, by_number);
	*out = ids;
	*n = count;
	return ERR_NONE;
}

static bool is_ours(const struct stat *st)
{
	return S_ISREG(st->st_mode) && st->st_uid == geteuid() && st->st_nlink == 1;
}

/* Takes away what somebody else put in the place of the lock. A folder is only moved: what is in it is his. */
static enum err clear_foreign(const struct root *r)
{
	char away[64];
	struct stat st;
	int dir = -1;
	enum err e = root_lstat(r, LOCK_FILE, &st);

	if (e)
		return errno == ENOENT ? ERR_NONE : e;
	if (is_ours(&st))
		return ERR_NONE;
	if ((e = root_open_file(r, LOCK_DIR, O_RDONLY | O_DIRECTORY, 0, &dir)))
		return e;
	snprintf(away, sizeof away, LOCK_NAME ".%ld.%llu", (long)getpid(), (unsigned long long)clock_boot_ms());
	if (renameat(dir, LOCK_NAME, dir, away))
		e = errno == ENOENT ? ERR_NONE : ERR_SYSTEM;
	else
		unlinkat(dir, away, 0);
	file_close(dir);
	return e;
}

/* LOCK_DIR is everybody's: a file of somebody else could be held by him for ever, and no timer would come through. */
static enum err open_lock(const struct root *r, int *fd)
{
	for (int tries = 0; tries < LOCK_TRIES; tries++) {
		struct stat st;
		int lock = -1;
		enum err e = clear_foreign(r);

		if (e)
			return e;
		e = root_open_file(r, LOCK_FILE, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK, 0600, &lock);
		if (e == ERR_NONE && fstat(lock, &st) == 0 && is_ours(&st)) {
			*fd = lock;
			return ERR_NONE;
		}
		/* what the kernel says of somebody else's file (protected_regular), link or folder */
		if (e && errno != EACCES && errno != ELOOP && errno != EISDIR)
			return e;
		file_close(lock);
	}
	return ERR_BUSY;
}

enum err journal_lock(const struct root *r, int *fd)
{
	int lock = -1;
	enum err e;

	if ((e = file_make_dirs(r, LOCK_DIR, 0755)) || (e = open_lock(r, &lock)))
		return e;
	if (flock(lock, LOCK_EX | LOCK_NB)) {
		e = errno == EWOULDBLOCK ? ERR_BUSY : ERR_SYSTEM;
		file_close(lock);
		return e;
	}
	*fd = lock;
	return ERR_NONE;
}
