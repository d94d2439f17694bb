/* SPDX-License-Identifier: GPL-3.0-or-later */
/* secret.c - secrets for one-time codes: found by the line of PAM that wants the code. */
#include "sshd/secret.h"

#include "sshd/hash.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

#define BLANKS " \t\r"
#define FILE_MAX (4u << 20)

/* ---- the file of pam_oath ---- */

/* The types that liboath 2.6 takes; a line with another is passed over. */
static bool is_type(const char *type)
{
	static const char *const types[] = { "HOTP",	   "HOTP/E",	 "HOTP/E/6",   "HOTP/E/7",   "HOTP/E/8",
					     "HOTP/T30",   "HOTP/T30/6", "HOTP/T30/7", "HOTP/T30/8", "HOTP/T60",
					     "HOTP/T60/6", "HOTP/T60/7", "HOTP/T60/8" };

	for (size_t i = 0; i < ARRAY_SIZE(types); i++)
		if (strcmp(types[i], type) == 0)
			return true;
	return false;
}

static bool is_hex(const char *s)
{
	size_t len = strlen(s);

	return len && len % 2 == 0 && strspn(s, "0123456789abcdefABCDEF") == len;
}

/* "TYPE NAME PASSWORD SECRET ..."; in a comment no word is a type. */
static enum err user_read(const char *line, size_t len, struct strings *names)
{
	struct strings words = { 0 };
	char *copy = strndup(line, len);
	enum err e = copy ? strings_split(&words, copy, BLANKS) : ERR_MEMORY;

	if (!e && words.n >= 4 && is_type(words.v[0]) && is_hex(words.v[3]))
		e = strings_add(names, words.v[1]);
	strings_free(&words);
	free(copy);
	return e;
}

enum err secret_users(const char *content, size_t len, struct strings *names)
{
	struct strings found = { 0 };
	enum err e = ERR_NONE;

	while (len && !e) {
		const char *end = memchr(content, '\n', len);
		size_t used = end ? (size_t)(end - content) : len;

		e = user_read(content, used, &found);
		used += end != NULL;
		content += used;
		len -= used;
	}
	if (!e)
		e = strings_copy(names, &found);
	strings_free(&found);
	return e;
}

/* ---- where they are ---- */

static const char *place_of(const struct pam_rule *rule)
{
	size_t len = strlen(rule->module->option);

	for (size_t i = rule->args.n; i-- > 0;)
		if (strncmp(rule->args.v[i], rule->module->option, len) == 0)
			return rule->args.v[i] + len;
	return rule->module->secrets;
}

enum err secret_path(const struct pam_rule *rule, const struct account *a, char **out)
{
	const struct {
		const char *word, *means;
	} names[] = { { "${HOME}", a ? a->home : NULL },
		      { "${USER}", a ? a->name : NULL },
		      { "%h", a ? a->home : NULL },
		      { "%u", a ? a->name : NULL },
		      { "~", a ? a->home : NULL } };
	const char *at = place_of(rule);
	struct text t = { 0 };

	while (at && *at) {
		size_t i = 0;

		while (i < ARRAY_SIZE(names) && strncmp(at, names[i].word, strlen(names[i].word)) != 0)
			i++;
		if (i == ARRAY_SIZE(names)) {
			text_add_bytes(&t, at++, 1);
		} else if (a) {
			text_add_string(&t, names[i].means);
			at += strlen(names[i].word);
		} else {
			text_free(&t);
			return ERR_NOT_FOUND;
		}
	}
	if (text_check(&t) || text_string(&t)[0] != '/') {
		enum err e = text_check(&t);

		text_free(&t);
		return e ? e : ERR_NOT_FOUND;
	}
	*out = text_take(&t);
	return ERR_NONE;
}

static bool has_option(const struct pam_rule *rule, const char *name)
{
	for (size_t i = 0; i < rule->args.n; i++)
		if (strncmp(rule->args.v[i], name, strlen(name)) == 0)
			return true;
	return false;
}

enum secret_state secret_own(const struct root *r, const struct pam_rule *rule, const char *path,
			     const struct account *a)
{
	/* with one of these the module reads it in another way, which is not for us to follow */
	bool free_form =
		has_option(rule, "user=") || has_option(rule, "no_strict_owner") || has_option(rule, "allowed_perm=");
	struct stat st;

	if (root_stat(r, path, &st))
		return errno == ENOENT || errno == ENOTDIR ? SECRET_NONE : SECRET_UNKNOWN;
	if (!S_ISREG(st.st_mode) || !st.st_size)
		return SECRET_NONE;
	return free_form || (st.st_uid == a->uid && !(st.st_mode & 03177)) ? SECRET_SET : SECRET_NONE;
}

/* ---- remembered ---- */

struct service {
	char *name;
	struct pam_service lines;
	enum pam_wants wants;
	const struct pam_rule *code;
	/* of a file for all accounts, which is read with the service */
	char *shared;
	enum secret_state shared_state; /* NONE: it is not there; UNKNOWN: it could not be read; SET: it was */
	struct strings users;		/* sorted */
	struct hash accounts;		/* struct held: those that have been asked for */
};

struct held {
	char *name, *path; /* path: of a file of its own, or NULL */
	enum secret_state state;
};

struct keyboards {
	const struct root *root;
	struct hash services;
};

static void held_free(struct held *h)
{
	if (!h)
		return;
	free(h->name);
	free(h->path);
	free(h);
}

static void service_free(struct service *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < s->accounts.size; i++)
		held_free(s->accounts.v[i].value);
	hash_free(&s->accounts);
	pam_service_clear(&s->lines);
	strings_free(&s->users);
	free(s->shared);
	free(s->name);
	free(s);
}

enum err keyboards_new(const struct root *r, struct keyboards **out)
{
	struct keyboards *k = calloc(1, sizeof *k);

	if (!k)
		return ERR_MEMORY;
	k->root = r;
	*out = k;
	return ERR_NONE;
}

void keyboards_free(struct keyboards *k)
{
	if (!k)
		return;
	for (size_t i = 0; i < k->services.size; i++)
		service_free(k->services.v[i].value);
	hash_free(&k->services);
	free(k);
}

static bool is_missing(enum err e)
{
	return e == ERR_NOT_FOUND || (e == ERR_SYSTEM && (errno == ENOENT || errno == ENOTDIR));
}

static enum err users_load(const struct root *r, struct service *s)
{
	char *content = NULL;
	size_t len;
	enum err e = secret_path(s->code, NULL, &s->shared);

	if (e)
		return e == ERR_NOT_FOUND ? ERR_NONE : e;
	e = root_read(r, s->shared, FILE_MAX, &content, &len);
	s->shared_state = !e ? SECRET_SET : is_missing(e) ? SECRET_NONE : SECRET_UNKNOWN;
	if (e)
		return e == ERR_MEMORY ? e : ERR_NONE;
	e = secret_users(content, len, &s->users);
	strings_sort(&s->users);
	free(content);
	return e;
}

static enum err lines_load(const struct root *r, struct service *s)
{
	struct text path = { 0 };
	char *content = NULL;
	size_t len = 0;
	enum err e;

	text_add(&path, PAM_DIR "/%s", s->name);
	if ((e = text_check(&path)))
		return e;
	e = root_read(r, path.s, FILE_MAX, &content, &len);
	text_free(&path);
	s->wants = !e || is_missing(e) ? PAM_WANTS_PASSWORD : PAM_WANTS_UNKNOWN;
	if (e)
		return e == ERR_MEMORY ? e : ERR_NONE;
	e = pam_service_parse(content, len, &s->lines);
	free(content);
	if (e)
		return e;
	s->wants = pam_service_wants(&s->lines, &s->code);
	if ((s->wants == PAM_WANTS_CODE || s->wants == PAM_WANTS_BOTH) && s->code->module->shared)
		return users_load(r, s);
	return ERR_NONE;
}

static enum err service_find(struct keyboards *k, const char *name, struct service **out)
{
	const uint64_t key = hash_text(HASH_START, name);
	struct service *s;
	enum err e = ERR_NONE;

	for (size_t at = 0; (s = hash_next(&k->services, key, &at));)
		if (!strcmp(s->name, name)) {
			*out = s;
			return ERR_NONE;
		}
	if (!(s = calloc(1, sizeof *s)) || !(s->name = strdup(name)))
		e = ERR_MEMORY;
	if (!e && !(e = lines_load(k->root, s)))
		e = hash_add(&k->services, key, s);
	if (e)
		service_free(s);
	else
		*out = s;
	return e;
}

static int compare_names(const void *name, const void *item)
{
	return strcmp(name, *(char *const *)item);
}

static enum err held_look(const struct root *r, const struct service *s, const struct account *a, struct held *h)
{
	enum err e;

	if (s->shared) {
		h->state = s->shared_state != SECRET_SET ? s->shared_state
			   : s->users.n && bsearch(a->name, s->users.v, s->users.n, sizeof *s->users.v, compare_names)
				   ? SECRET_SET
				   : SECRET_NONE;
		return ERR_NONE;
	}
	if ((e = secret_path(s->code, a, &h->path)))
		return e == ERR_NOT_FOUND ? ERR_NONE : e;
	/* a shared kind of file that each account has one of says nothing by being there */
	h->state = s->code->module->shared ? SECRET_UNKNOWN : secret_own(r, s->code, h->path, a);
	return ERR_NONE;
}

static enum err held_find(const struct root *r, struct service *s, const struct account *a, uint64_t key,
			  const struct held **out)
{
	struct held *h;
	enum err e = ERR_NONE;

	for (size_t at = 0; (h = hash_next(&s->accounts, key, &at));)
		if (!strcmp(h->name, a->name)) {
			*out = h;
			return ERR_NONE;
		}
	if (!(h = calloc(1, sizeof *h)) || !(h->name = strdup(a->name)))
		e = ERR_MEMORY;
	if (!e && !(e = held_look(r, s, a, h)))
		e = hash_add(&s->accounts, key, h);
	if (e)
		held_free(h);
	else
		*out = h;
	return e;
}

enum err keyboards_find(struct keyboards *k, const char *service, const struct account *a, uint64_t key,
			struct keyboard *out)
{
	const struct held *h;
	struct service *s;
	enum err e = service_find(k, service, &s);

	if (e)
		return e;
	*out = (struct keyboard){ .wants = s->wants };
	if (s->wants != PAM_WANTS_CODE && s->wants != PAM_WANTS_BOTH)
		return ERR_NONE;
	if ((e = held_find(k->root, s, a, key, &h)))
		return e;
	out->secret = h->state;
	out->module = s->code->module;
	out->where = s->shared ? s->shared : h->path;
	return ERR_NONE;
}
