/* SPDX-License-Identifier: GPL-3.0-or-later */
/* key_look.c - open files without trusting them, find out what they are, and say what is in them. */
#include "audit/key_look.h"

#include "audit/key_weakness.h"
#include "base/clock.h"
#include "base/file.h"
#include "key/authorized.h"
#include "key/known_hosts.h"
#include "key/private.h"
#include "sshd/access.h"
#include "sshd/identity.h"
#include "sshd/key_policy.h"
#include "sshd/key_trouble.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/banned.h"

#define HEAD_BYTES 4096		 /* that a private key is one shows in its first line, behind whatever openssl wrote */
#define PRIVATE_BYTES (1u << 20) /* as ssh has it */
#define LIST_BYTES (16u << 20)	 /* of keys or hosts */
#define ODD_BYTES (32u << 10)	 /* what is larger in a home is no key */
#define SSH_ENTRIES 2000	 /* in one ~/.ssh */
#define HOME_ENTRIES 10000	 /* of one home, outside of it */
#define HOME_DEPTH 4
#define HOMES_MS 60000 /* for all homes of one process together */
#define PATH_ENTRIES 500000
#define PATH_DEPTH 40

struct key_look {
	const struct root *root;
	const struct sshd_config *config;
	struct access *access;
	struct sshd_effective *rules; /* for everybody */
	struct key_policy *policy;    /* of them: revoked keys, CAs */
	bool odd;
	uint64_t odd_until; /* clock_boot_ms(); 0: not begun */
	key_sink sink;
	void *context;
	const struct identity *as; /* whose rights we have just now; NULL: our own */
};

/* Where one file belongs. */
struct spot {
	const struct account *account; /* NULL: nobody's */
	uint64_t flags;
};

/* A folder and what lies below, one after another. */
struct walk {
	struct key_look *look;
	struct spot spot;
	struct strings folders; /* still to do; grows */
	size_t root_len;	/* of the first one's name */
	size_t entries, most;
	unsigned depth;
	uint64_t until; /* 0: for ever */
	dev_t device;
	bool keys_only; /* private keys, nothing else */
	bool cut;	/* by a bound */
};

enum err key_look_new(const struct root *r, const struct sshd_config *c, time_t now, bool odd, key_sink sink,
		      void *context, struct key_look **out)
{
	struct key_look *l = calloc(1, sizeof *l);
	enum err e;

	if (!l)
		return ERR_MEMORY;
	*l = (struct key_look){ .root = r, .config = c, .odd = odd, .sink = sink, .context = context };
	if ((e = access_new(r, c, now, &l->access)) || (e = sshd_effective(c, NULL, &l->rules)) ||
	    (e = key_policy_new(r, l->rules, &l->policy))) {
		key_look_free(l);
		return e;
	}
	access_alone(l->access);
	*out = l;
	return ERR_NONE;
}

void key_look_free(struct key_look *l)
{
	if (!l)
		return;
	access_free(l->access);
	key_policy_free(l->policy);
	sshd_effective_free(l->rules);
	free(l);
}

/* ---- what was seen ---- */

/* Names it after the spot, and asks whether its key is revoked. */
static enum err see(struct key_look *l, const struct spot *spot, struct sighting *s)
{
	struct trouble t = { 0 };
	enum err e = ERR_NONE;

	s->flags |= spot->flags;
	s->account = spot->account ? spot->account->name : NULL;
	if (s->blob)
		s->weak = key_weakness_of(s->blob, s->blob_len);
	if (s->blob)
		e = trouble_of_revoked(l->policy, l->rules, s->blob, s->blob_len, &t);
	if (t.obstacle == OBSTACLE_REVOKED)
		s->flags |= SIGHT_REVOKED;
	trouble_clear(&t);
	return e ? e : l->sink(l->context, s);
}

static enum err unread(struct key_look *l, const struct spot *spot, const char *path, const char *why)
{
	struct sighting s = { .kind = SIGHT_UNREAD, .file = (char *)path, .text = (char *)why };

	return see(l, spot, &s);
}

static enum err fault(struct key_look *l, const struct spot *spot, const char *path, unsigned line, const char *why)
{
	struct sighting s = { .kind = SIGHT_FAULT, .file = (char *)path, .line = line, .text = (char *)why };

	return see(l, spot, &s);
}

static bool is_absent(int number)
{
	return number == ENOENT || number == ENOTDIR || number == ELOOP;
}

static enum err not_file(struct key_look *l, const struct spot *spot, const char *path)
{
	const struct spot here = { spot->account, spot->flags | SIGHT_NOT_FILE };

	return fault(l, &here, path, 0, "is no regular file and was not opened");
}

/* ---- reading ---- */

/*
 * A regular file; anything else is ERR_NOT_FILE and was not opened. errno is kept for ERR_SYSTEM. The file may have become
 * something else since it was looked at, so that it is opened without waiting and looked at again.
 */
static enum err content_read(const struct root *r, const char *path, size_t max, struct stat *st, char **out,
			     size_t *len)
{
	int fd = -1;
	enum err e;

	if (root_stat(r, path, st))
		return ERR_SYSTEM;
	if (!S_ISREG(st->st_mode))
		return ERR_NOT_FILE;
	if ((uint64_t)st->st_size > max)
		return ERR_TOO_BIG;
	if ((e = root_open_file(r, path, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0, &fd)))
		return e;
	if (fstat(fd, st))
		e = ERR_SYSTEM;
	else
		e = S_ISREG(st->st_mode) ? file_read_all(fd, max, out, len) : ERR_NOT_FILE;
	file_close(fd);
	return e;
}

static enum err head_read(const struct root *r, const char *path, char head[HEAD_BYTES], size_t *len)
{
	int fd = -1;
	ssize_t n;
	enum err e = root_open_file(r, path, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0, &fd);

	if (e)
		return e;
	n = read(fd, head, HEAD_BYTES);
	file_close(fd);
	*len = n > 0 ? (size_t)n : 0;
	return n < 0 ? ERR_SYSTEM : ERR_NONE;
}

/* What to say of a file that content_read() failed on; ERR_NONE with nothing said where it is merely not there. */
static enum err content_complain(struct key_look *l, const struct spot *spot, const char *path, enum err e)
{
	const int number = errno;

	if (e == ERR_MEMORY || (e == ERR_SYSTEM && is_absent(number)))
		return e == ERR_MEMORY ? e : ERR_NONE;
	if (e == ERR_NOT_FILE)
		return not_file(l, spot, path);
	if (e == ERR_TOO_BIG)
		return unread(l, spot, path, "is too large and was not read");
	errno = number;
	return unread(l, spot, path, err_text(e));
}

/* ---- private keys ---- */

/* The public half beside it, where the private one does not show it. */
static enum err half_read(struct key_look *l, const char *path, struct public_key_line *out)
{
	struct text name = { 0 };
	char *content = NULL;
	struct stat st;
	size_t len;
	enum err e;

	text_add(&name, "%s.pub", path);
	e = text_check(&name);
	if (!e)
		e = content_read(l->root, name.s, PRIVATE_BYTES, &st, &content, &len);
	if (!e)
		e = public_key_decode_line(content, strcspn(content, "\r\n"), l->config->release, out);
	free(content);
	text_free(&name);
	return e == ERR_MEMORY ? e : ERR_NONE;
}

static enum err private_see(struct key_look *l, const struct spot *spot, const char *path, const struct stat *st,
			    const char *content, size_t len)
{
	struct sighting s = {
		.kind = SIGHT_PRIVATE,
		.file = (char *)path,
		.mode = st->st_mode & 07777,
		.uid = st->st_uid,
		.owner = spot->account ? spot->account->uid : 0,
	};
	struct public_key_line half = { 0 };
	struct private_key k = { 0 };
	const char *why = NULL;
	enum err e = private_key_read((const uint8_t *)content, len, &k, &why);

	if (e == ERR_MEMORY)
		return e;
	if (e) {
		s.flags = SIGHT_DAMAGED;
		s.text = (char *)(why ? why : err_text(e));
	} else {
		s.flags = k.encrypted ? SIGHT_ENCRYPTED : 0;
		s.format = k.format;
		s.kdf = k.kdf;
		s.rounds = k.rounds;
		s.memory = k.memory;
		s.sk_flags = k.sk_flags_known ? k.sk_flags : 0;
		s.key = k.key;
		s.blob = k.blob;
		s.blob_len = k.blob_len;
		s.comment = k.comment;
		s.text = k.cipher;
	}
	e = s.blob ? ERR_NONE : half_read(l, path, &half);
	if (half.blob) {
		s.key = half.key;
		s.blob = half.blob;
		s.blob_len = half.blob_len;
		s.comment = half.comment;
	}
	if (!e)
		e = see(l, spot, &s);
	public_key_line_clear(&half);
	private_key_clear(&k);
	return e;
}

/* ---- lists of keys ---- */

static uint64_t option_flags(const struct authorized_options *o)
{
	return (o->cert_authority ? SIGHT_CA : 0) | (o->from ? SIGHT_FROM : 0) |
	       (o->no_touch_required ? SIGHT_NO_TOUCH : 0) | (o->verify_required ? SIGHT_VERIFY : 0);
}

static enum err authorized_see(struct key_look *l, const struct spot *spot, const char *path,
			       const struct authorized_key *k, enum credential_obstacle obstacle, const char *detail)
{
	struct sighting s = {
		.kind = SIGHT_AUTHORIZED,
		.flags = option_flags(&k->options),
		.file = (char *)path,
		.line = k->line,
		.text = (char *)detail,
		.comment = k->comment,
		.key = k->key,
		.blob = k->blob,
		.blob_len = k->blob_len,
		.obstacle = obstacle,
		.expires = k->options.expires,
	};

	return see(l, spot, &s);
}

static enum err list_see(struct key_look *l, const struct spot *spot, const char *path, const char *content, size_t len)
{
	struct authorized_keys keys = { 0 };
	enum err e = authorized_keys_parse(content, len, l->config->release, &keys);

	for (size_t i = 0; i < keys.n && !e; i++)
		e = authorized_see(l, spot, path, &keys.v[i], OBSTACLE_NONE, NULL);
	for (size_t i = 0; i < keys.nfaults && !e; i++)
		e = fault(l, spot, path, keys.faults[i].line, keys.faults[i].why);
	authorized_keys_clear(&keys);
	return e;
}

static enum err public_see(struct key_look *l, const struct spot *spot, const char *path, const char *content)
{
	struct public_key_line k = { 0 };
	struct sighting s = { .kind = SIGHT_PUBLIC, .file = (char *)path, .line = 1 };
	enum err e = public_key_decode_line(content, strcspn(content, "\r\n"), l->config->release, &k);

	if (e)
		return e == ERR_MEMORY ? e : fault(l, spot, path, 1, "holds no public key that this release can use");
	s.key = k.key;
	s.blob = k.blob;
	s.blob_len = k.blob_len;
	s.comment = k.comment;
	e = see(l, spot, &s);
	public_key_line_clear(&k);
	return e;
}

static enum err known_hosts_see(struct key_look *l, const struct spot *spot, const char *path, const char *content,
				size_t len)
{
	static const uint64_t flags[] = { 0, SIGHT_CA, SIGHT_HOST_REVOKED };
	struct known_hosts k = { 0 };
	enum err e = known_hosts_parse(content, len, l->config->release, &k);

	for (size_t i = 0; i < k.n && !e; i++) {
		struct sighting s = {
			.kind = SIGHT_KNOWN_HOST,
			.flags = flags[k.v[i].kind],
			.file = (char *)path,
			.line = k.v[i].line,
			.text = k.v[i].names,
			.comment = k.v[i].key.comment,
			.key = k.v[i].key.key,
			.blob = k.v[i].key.blob,
			.blob_len = k.v[i].key.blob_len,
		};
		e = see(l, spot, &s);
	}
	known_hosts_clear(&k);
	return e;
}

/* ---- one file, whatever it is ---- */

static bool name_ends(const char *path, const char *end)
{
	return strlen(path) >= strlen(end) && !strcmp(path + strlen(path) - strlen(end), end);
}

static const char *name_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* Whether the first line that says anything is a key, with options or without. */
static bool begins_with_key(const char *content, size_t len, unsigned release)
{
	struct authorized_keys keys = { 0 };
	size_t end = 0;
	bool is;

	while (end < len && (content[end] == '#' || content[end] == '\n'))
		end += strcspn(content + end, "\n") + 1;
	if (end >= len || authorized_keys_parse(content + end, strcspn(content + end, "\n"), release, &keys))
		return false;
	is = keys.n == 1;
	authorized_keys_clear(&keys);
	return is;
}

static enum err text_see(struct key_look *l, const struct spot *spot, const char *path, const char *content, size_t len)
{
	if (strstr(name_of(path), "known_hosts"))
		return known_hosts_see(l, spot, path, content, len);
	if (name_ends(path, ".pub"))
		return public_see(l, spot, path, content);
	/* in a home only what sshd reads is a list by which people log in, and was looked at as such */
	if (spot->account)
		return ERR_NONE;
	if (strstr(name_of(path), "authorized_keys") || begins_with_key(content, len, l->config->release))
		return list_see(l, spot, path, content, len);
	return ERR_NONE;
}

static bool is_list_by_name(const char *path)
{
	return strstr(name_of(path), "known_hosts") || strstr(name_of(path), "authorized_keys");
}

static enum err file_take(struct key_look *l, const struct spot *spot, const char *path, bool keys_only)
{
	char head[HEAD_BYTES], *content = NULL;
	struct stat now;
	size_t len = 0;
	bool is_private;
	enum err e = head_read(l->root, path, head, &len);

	if (e)
		return content_complain(l, spot, path, e);
	is_private = private_key_is((const uint8_t *)head, len);
	if (!is_private && (keys_only || !len || (memchr(head, '\0', len) && !is_list_by_name(path))))
		return ERR_NONE;
	e = content_read(l->root, path, is_private ? PRIVATE_BYTES : LIST_BYTES, &now, &content, &len);
	if (e == ERR_TOO_BIG && !is_private && !is_list_by_name(path))
		return ERR_NONE;
	if (e)
		return content_complain(l, spot, path, e);
	e = is_private ? private_see(l, spot, path, &now, content, len) : text_see(l, spot, path, content, len);
	if (is_private)
		explicit_bzero(content, len);
	free(content);
	explicit_bzero(head, sizeof head);
	return e;
}

/* A file in ~/.ssh that its account may not read is another's, which is worth knowing: it is read by us, unless it is a link. */
static enum err file_look(struct key_look *l, const struct spot *spot, const char *path, bool keys_only)
{
	const struct identity *as = l->as;
	int fd = -1;
	enum err e = root_open_file(l->root, path, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0, &fd);

	file_close(fd);
	if (e != ERR_SYSTEM || errno != EACCES || !as || spot->flags & SIGHT_LINK)
		return file_take(l, spot, path, keys_only);
	identity_leave();
	l->as = NULL;
	e = file_take(l, spot, path, keys_only);
	if (identity_enter(l->root, as))
		l->as = as;
	return e;
}

/* ---- folders ---- */

static bool walk_is_over(struct walk *w)
{
	if (w->entries < w->most && (!w->until || clock_boot_ms() < w->until))
		return false;
	w->cut = true;
	return true;
}

static unsigned depth_of(const struct walk *w, const char *path)
{
	unsigned depth = 0;

	for (const char *p = path + w->root_len; *p; p++)
		depth += *p == '/';
	return depth;
}

static enum err folder_add(struct walk *w, const char *path, const struct stat *st)
{
	if (st->st_dev != w->device)
		return ERR_NONE;
	if (depth_of(w, path) >= w->depth) {
		w->cut = true;
		return ERR_NONE;
	}
	return strings_add(&w->folders, path);
}

static enum err entry_look(struct walk *w, const char *path)
{
	struct key_look *l = w->look;
	struct spot spot = w->spot;
	struct stat st;

	if (root_lstat(l->root, path, &st))
		return is_absent(errno) ? ERR_NONE : unread(l, &spot, path, strerror(errno));
	/* in ~/.ssh a link is as good as a file to ssh and sshd; elsewhere it leads away from what was asked for */
	if (S_ISLNK(st.st_mode)) {
		if (!spot.account || w->keys_only || root_stat(l->root, path, &st))
			return ERR_NONE;
		spot.flags |= SIGHT_LINK;
	}
	if (S_ISDIR(st.st_mode))
		return spot.flags & SIGHT_LINK ? ERR_NONE : folder_add(w, path, &st);
	if (!S_ISREG(st.st_mode))
		return w->keys_only || S_ISSOCK(st.st_mode) ? ERR_NONE : not_file(l, &spot, path);
	if (w->keys_only && st.st_size > ODD_BYTES)
		return ERR_NONE;
	return file_look(l, &spot, path, w->keys_only);
}

/* The ~/.ssh of an account is looked at by itself. */
static bool is_passed_over(const struct walk *w, const char *name)
{
	return !strcmp(name, ".") || !strcmp(name, "..") || (w->keys_only && !strcmp(name, ".ssh"));
}

static enum err folder_look(struct walk *w, const char *path)
{
	struct key_look *l = w->look;
	int fd = -1;
	DIR *d = NULL;
	enum err e = root_open_file(l->root, path, O_RDONLY | O_DIRECTORY | O_NONBLOCK, 0, &fd);

	if (e || !(d = fdopendir(fd))) {
		const int number = errno;
		file_close(fd);
		if (is_absent(number))
			return ERR_NONE;
		return w->keys_only && w->folders.n > 1 ? ERR_NONE : unread(l, &w->spot, path, strerror(number));
	}
	e = l->sink(l->context, NULL);
	for (struct dirent *entry; !e && !walk_is_over(w) && (entry = readdir(d));) {
		struct text name = { 0 };
		if (is_passed_over(w, entry->d_name))
			continue;
		w->entries++;
		text_add(&name, "%s/%s", strcmp(path, "/") ? path : "", entry->d_name);
		e = text_check(&name);
		if (!e)
			e = entry_look(w, name.s);
		text_free(&name);
	}
	closedir(d);
	return e;
}

/* 'top' is a folder. */
static enum err walk_run(struct walk *w, const char *top, const struct stat *st)
{
	enum err e = strings_add(&w->folders, top);

	w->root_len = strlen(top);
	w->device = st->st_dev;
	for (size_t i = 0; i < w->folders.n && !e && !walk_is_over(w); i++)
		e = folder_look(w, w->folders.v[i]);
	if (!e && w->cut)
		e = unread(w->look, &w->spot, top,
			   w->keys_only ? "holds more than is searched for private keys in odd places"
					: "holds more than is looked at in one go; the rest was not looked at");
	strings_free(&w->folders);
	return e;
}

/* ---- accounts ---- */

static enum err authorized_look(struct key_look *l, const struct spot *spot)
{
	const struct account *a = spot->account;
	const struct credentials *keys;
	enum err e = access_credentials(l->access, &(struct access_login){ .user = a->name, .account = a }, &keys);

	for (size_t i = 0; !e && i < keys->n; i++)
		if (!keys->v[i].trusted_ca)
			e = authorized_see(l, spot, keys->v[i].file, keys->v[i].key, keys->v[i].obstacle,
					   keys->v[i].detail);
	for (size_t i = 0; !e && i < keys->nfiles; i++) {
		const struct credential_file *f = &keys->files[i];
		for (size_t j = 0; j < f->nfaults && !e; j++)
			e = fault(l, spot, f->path, f->faults[j].line, f->faults[j].why);
		if (!e && f->obstacle == OBSTACLE_UNKNOWN)
			e = unread(l, spot, f->path, f->detail);
		else if (!e && f->obstacle && !f->missing)
			e = fault(l, spot, f->path, 0, f->detail);
	}
	if (!e && keys->unsure && !keys->nfiles && keys->detail)
		e = unread(l, spot, "AuthorizedKeysCommand", keys->detail);
	return e;
}

static enum err ssh_folder_look(struct key_look *l, const struct spot *spot)
{
	struct walk w = { .look = l, .spot = *spot, .most = SSH_ENTRIES, .depth = 2 };
	struct text path = { 0 };
	struct stat st;
	enum err e;

	text_add(&path, "%s/.ssh", strcmp(spot->account->home, "/") ? spot->account->home : "");
	e = text_check(&path);
	if (!e && root_stat(l->root, path.s, &st))
		e = is_absent(errno) ? ERR_NONE : unread(l, spot, path.s, strerror(errno));
	else if (!e && S_ISDIR(st.st_mode))
		e = walk_run(&w, path.s, &st);
	else if (!e)
		e = fault(l, spot, path.s, 0, "is no folder");
	text_free(&path);
	return e;
}

/* A home of a person, or of root: not "/", nor a folder that programs share. */
static bool has_own_home(const struct account *a)
{
	return (a->uid == 0 || a->uid >= 1000) && a->uid != 65534 && a->home[0] == '/' &&
	       strchr(a->home + 1, '/') != NULL;
}

static bool is_root_home(const struct account *a)
{
	return a->uid == 0 && strcmp(a->home, "/") != 0;
}

static enum err odd_look(struct key_look *l, const struct spot *spot)
{
	struct walk w = { .look = l, .spot = *spot, .most = HOME_ENTRIES, .depth = HOME_DEPTH, .keys_only = true };
	struct stat st;

	if (!l->odd || (!has_own_home(spot->account) && !is_root_home(spot->account)) ||
	    root_stat(l->root, spot->account->home, &st) || !S_ISDIR(st.st_mode))
		return ERR_NONE;
	if (!l->odd_until)
		l->odd_until = clock_boot_ms() + HOMES_MS;
	w.until = l->odd_until;
	w.spot.flags |= SIGHT_ODD;
	return walk_run(&w, spot->account->home, &st);
}

/*
 * As the account where the kernel lets us: its network home may not trust root, and it cannot lead us to files of others. What
 * it may not read itself is then of no use to its ssh either.
 */
static enum err home_look(struct key_look *l, const struct spot *spot)
{
	struct identity id = { .uid = spot->account->uid, .gid = spot->account->gid };
	bool entered;
	enum err e = identity_find(l->root, spot->account, &id);

	if (e)
		return e == ERR_MEMORY
			       ? e
			       : unread(l, spot, spot->account->home, "the groups of the account are not known");
	entered = identity_enter(l->root, &id);
	l->as = entered ? &id : NULL;
	e = ssh_folder_look(l, spot);
	if (!e)
		e = odd_look(l, spot);
	if (entered)
		identity_leave();
	l->as = NULL;
	identity_clear(&id);
	return e;
}

enum err key_look_account(struct key_look *l, const struct account *a)
{
	const struct spot spot = { .account = a };
	enum err e = authorized_look(l, &spot);

	return e || a->home[0] != '/' ? e : home_look(l, &spot);
}

/* ---- the host ---- */

static enum err host_file_look(struct key_look *l, const char *path, bool must)
{
	const struct spot spot = { .flags = SIGHT_OF_HOST };
	struct text half = { 0 };
	char *content = NULL;
	struct stat st;
	size_t len;
	enum err e = content_read(l->root, path, PRIVATE_BYTES, &st, &content, &len);

	if (!e) {
		e = private_see(l, &spot, path, &st, content, len);
		explicit_bzero(content, len);
		free(content);
		return e;
	}
	if (e == ERR_SYSTEM && is_absent(errno))
		return must ? fault(l, &spot, path, 0, "is not there") : ERR_NONE;
	if ((e = content_complain(l, &spot, path, e)))
		return e;
	/* the public half says at least what key it is */
	text_add(&half, "%s.pub", path);
	if (!(e = text_check(&half)) && !content_read(l->root, half.s, PRIVATE_BYTES, &st, &content, &len)) {
		e = public_see(l, &spot, half.s, content);
		free(content);
	}
	text_free(&half);
	return e;
}

static enum err host_keys_look(struct key_look *l)
{
	static const char *const usual[] = { "/etc/ssh/ssh_host_rsa_key", "/etc/ssh/ssh_host_ecdsa_key",
					     "/etc/ssh/ssh_host_ed25519_key" };
	const struct sshd_line **lines = NULL;
	size_t n = 0;
	enum err e = sshd_lines_of(l->config, KW_HOSTKEY, &lines, &n);

	for (size_t i = 0; i < n && !e; i++)
		if (lines[i]->args.n && strcasecmp(lines[i]->args.v[0], "none") != 0)
			e = host_file_look(l, lines[i]->args.v[0], true);
	for (size_t i = 0; n == 0 && i < ARRAY_SIZE(usual) && !e; i++)
		e = host_file_look(l, usual[i], false);
	free(lines);
	return e;
}

static enum err trusted_look(struct key_look *l)
{
	const struct spot spot = { 0 };
	const struct key_policy *p = l->policy;
	enum err e = ERR_NONE;

	for (size_t i = 0; i < p->cas.n && !e; i++)
		e = authorized_see(l, &spot, p->ca_file, &p->cas.v[i], OBSTACLE_NONE, NULL);
	if (!e && p->ca_trouble)
		e = unread(l, &spot, p->ca_file, p->ca_trouble);
	for (size_t i = 0; i < p->nrevocations && !e; i++)
		if (!p->revocations[i].list)
			e = unread(l, &spot, p->revocations[i].path, p->revocations[i].why);
	return e;
}

enum err key_look_host(struct key_look *l)
{
	static const char *const known[] = { "/etc/ssh/ssh_known_hosts", "/etc/ssh/ssh_known_hosts2" };
	const struct spot spot = { 0 };
	enum err e = host_keys_look(l);

	if (!e)
		e = trusted_look(l);
	for (size_t i = 0; i < ARRAY_SIZE(known) && !e; i++) {
		struct stat st;
		char *content = NULL;
		size_t len;
		if ((e = content_read(l->root, known[i], LIST_BYTES, &st, &content, &len)))
			e = content_complain(l, &spot, known[i], e);
		else
			e = known_hosts_see(l, &spot, known[i], content, len);
		free(content);
	}
	return e;
}

/* ---- a path ---- */

enum err key_look_path(struct key_look *l, const char *path)
{
	const struct spot spot = { .flags = SIGHT_NAMED };
	struct walk w = { .look = l, .spot = spot, .most = PATH_ENTRIES, .depth = PATH_DEPTH };
	struct stat st;

	if (root_stat(l->root, path, &st))
		return unread(l, &spot, path, strerror(errno));
	if (S_ISDIR(st.st_mode))
		return walk_run(&w, path, &st);
	if (!S_ISREG(st.st_mode))
		return not_file(l, &spot, path);
	return file_look(l, &spot, path, false);
}
