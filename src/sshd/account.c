/* SPDX-License-Identifier: GPL-3.0-or-later */
/* account.c - accounts as sshd sees them: through NSS on the running system, from its files under a root. */
#include "sshd/account.h"

#include "base/clock.h"
#include "base/number.h"
#include "sshd/patience.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <shadow.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

#define FILE_BYTES (64u << 20)
#define MAX_ENUMERATED 100000u
#define MAX_ENTRY (64u << 20) /* bytes that one entry of NSS may need: a group with very many members */
#define DAY 86400

#define PASSWD_FILE "/etc/passwd"
#define GROUP_FILE "/etc/group"
#define SHADOW_FILE "/etc/shadow"

/* What both sources yield before it becomes an account; borrowed. */
struct entry {
	const char *name, *password, *home, *shell;
	uid_t uid;
	gid_t gid;
};

static bool hash_like(const char *s)
{
	return *s == '$' || *s == '_' ||
	       (strlen(s) == 13 && !s[strspn(s, "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")]);
}

static enum password_state password_state(const char *field)
{
	if (!*field)
		return PASSWORD_EMPTY;
	if (*field == '!')
		return PASSWORD_LOCKED;
	return hash_like(field) ? PASSWORD_SET : PASSWORD_NONE;
}

/* sshd's rule: expired from the day after. */
static bool day_passed(long long day)
{
	return day >= 0 && clock_wall() / DAY > day;
}

/* Days of shadow(5); -1: not set. */
struct shadow_days {
	long long changed, longest, inactive, expire;
};

/* Linux-PAM, passverify.c, check_shadow_expiry(). */
static bool pam_expired(const struct shadow_days *d)
{
	const long long today = clock_wall() / DAY;

	if (d->expire != -1 && today >= d->expire)
		return true;
	if (d->changed <= 0 || today < d->changed || d->longest == -1 || d->inactive == -1)
		return false;
	return today - d->changed > d->longest + d->inactive;
}

static bool live_pam_expired(const struct spwd *s)
{
	return pam_expired(&(struct shadow_days){ s->sp_lstchg, s->sp_max, s->sp_inact, s->sp_expire });
}

static enum err account_new(const struct entry *from, struct account **out)
{
	struct account *a = calloc(1, sizeof *a);

	if (!a)
		return ERR_MEMORY;
	a->name = strdup(from->name);
	a->home = strdup(from->home);
	a->shell = strdup(*from->shell ? from->shell : "/bin/sh");
	a->uid = from->uid;
	a->gid = from->gid;
	if (!a->name || !a->home || !a->shell) {
		account_free(a);
		return ERR_MEMORY;
	}
	*out = a;
	return ERR_NONE;
}

void account_free(struct account *a)
{
	if (!a)
		return;
	free(a->name);
	free(a->home);
	free(a->shell);
	strings_free(&a->groups);
	free(a);
}

/* --- the running system --- */

/* A group's name into the list; one that has none is left out. */
static enum err live_group_add(gid_t gid, struct strings *out)
{
	size_t size = 4096;
	struct group g, *found = NULL;
	enum err e = ERR_NONE;

	for (;;) {
		char *buffer = malloc(size);
		int status;
		if (!buffer)
			return ERR_MEMORY;
		status = getgrgid_r(gid, &g, buffer, size, &found);
		if (!status && found && !strings_has(out, found->gr_name))
			e = strings_add(out, found->gr_name);
		free(buffer);
		if (status != ERANGE || size >= MAX_ENTRY)
			return e;
		size *= 4;
	}
}

static enum err live_groups(const char *name, gid_t gid, struct strings *out)
{
	int n = 64, room;
	gid_t *ids = NULL;
	enum err e = ERR_NONE;

	/* the call says how many there are when there is no room for them */
	do {
		room = n;
		free(ids);
		ids = calloc((size_t)room, sizeof *ids);
		if (!ids)
			return ERR_MEMORY;
	} while (getgrouplist(name, gid, ids, &n) < 0 && n > room);
	for (int i = 0; i < n && i < room && !e; i++)
		e = live_group_add(ids[i], out);
	free(ids);
	return e;
}

static void live_shadow(const char *password, struct account *a)
{
	size_t size = 4096;
	struct spwd s, *found = NULL;
	int status;

	do {
		char *buffer = malloc(size);
		if (!buffer)
			return;
		status = getspnam_r(a->name, &s, buffer, size, &found);
		if (!status && found) {
			a->password = password_state(found->sp_pwdp);
			a->expired = day_passed(found->sp_expire);
			a->pam_expired = live_pam_expired(found);
		}
		free(buffer);
		size *= 4;
	} while (status == ERANGE && size <= MAX_ENTRY);
	/*
	 * Without a shadow entry sshd looks at the password field itself. "x" or "*" there means that the password is
	 * kept where only PAM can ask for it (a directory), or that we may not read shadow.
	 */
	if (!found && strcmp(password, "x") && strcmp(password, "*"))
		a->password = password_state(password);
}

static enum err live_account(const struct passwd *p, struct account **out)
{
	const struct entry from = { p->pw_name, p->pw_passwd, p->pw_dir, p->pw_shell, p->pw_uid, p->pw_gid };
	struct account *a;
	enum err e = account_new(&from, &a);

	if (e)
		return e;
	live_shadow(p->pw_passwd, a);
	if ((e = live_groups(a->name, a->gid, &a->groups))) {
		account_free(a);
		return e;
	}
	*out = a;
	return ERR_NONE;
}

/* "There is none" has many numbers (getpwnam(3)); these say that it could not be found out. */
static bool is_trouble(int status)
{
	return status == EAGAIN || status == EINTR || status == EIO || status == EMFILE || status == ENFILE ||
	       status == ENOMEM || status == ETIMEDOUT || status == ECONNREFUSED;
}

/* One question to NSS, and its answer. */
struct live_job {
	char *name; /* NULL: by uid */
	uid_t uid;
	struct account *found;
	struct accounts all;
	struct strings names;
	enum err (*list)(struct live_job *job);
};

static void live_job_free(void *job)
{
	struct live_job *j = job;

	free(j->name);
	account_free(j->found);
	accounts_free(&j->all);
	strings_free(&j->names);
	free(j);
}

static enum err live_find_now(void *job)
{
	struct live_job *j = job;
	struct passwd p, *found = NULL;
	enum err e = ERR_NOT_FOUND;

	for (size_t size = 4096; size <= MAX_ENTRY; size *= 4) {
		char *buffer = malloc(size);
		int status;
		if (!buffer)
			return ERR_MEMORY;
		status = j->name ? getpwnam_r(j->name, &p, buffer, size, &found)
				 : getpwuid_r(j->uid, &p, buffer, size, &found);
		if (!status && found)
			e = live_account(&p, &j->found);
		free(buffer);
		if (is_trouble(status)) {
			errno = status;
			return ERR_SYSTEM;
		}
		if (status != ERANGE)
			return e;
	}
	return e;
}

/* By name, or by uid where name is NULL. */
static enum err live_find(const char *name, uid_t uid, struct account **out)
{
	struct live_job *j = calloc(1, sizeof *j);
	enum err e;

	if (!j || (name && !(j->name = strdup(name)))) {
		free(j);
		return ERR_MEMORY;
	}
	j->uid = uid;
	if ((e = patience_run(live_find_now, j, live_job_free)) == ERR_TIMEOUT)
		return e;
	if (!e) {
		*out = j->found;
		j->found = NULL;
	}
	live_job_free(j);
	return e;
}

static enum err live_list_now(void *job)
{
	struct live_job *j = job;

	return j->list(j);
}

/* All of something: *out is what 'list' filled, and yours. */
static enum err live_list(enum err (*list)(struct live_job *job), struct live_job **out)
{
	struct live_job *j = calloc(1, sizeof *j);
	enum err e;

	if (!j)
		return ERR_MEMORY;
	j->list = list;
	if ((e = patience_run(live_list_now, j, live_job_free)) == ERR_TIMEOUT)
		return e;
	if (e)
		live_job_free(j);
	else
		*out = j;
	return e;
}

/* --- files under a root --- */

struct table {
	char *content;
	char *at;
};

static enum err table_open(const struct root *r, const char *path, struct table *t)
{
	size_t len;
	enum err e = root_read(r, path, FILE_BYTES, &t->content, &len);

	t->at = e ? NULL : t->content;
	return e;
}

/* The next line of at least n fields; more are cut off. Comments and NIS markers are left out. */
static bool table_next(struct table *t, char *fields[], size_t n)
{
	char *line;

	while (t->at && (line = strsep(&t->at, "\n"))) {
		size_t i = 0;
		if (!*line || *line == '#' || *line == '+' || *line == '-')
			continue;
		while (i < n && line)
			fields[i++] = strsep(&line, ":");
		if (i == n)
			return true;
	}
	return false;
}

static bool id_read(const char *s, uint32_t *out)
{
	uint64_t n;

	if (number_parse(s, 0, UINT32_MAX, &n))
		return false;
	*out = (uint32_t)n;
	return true;
}

static long long day_of(const char *field)
{
	uint32_t day;

	return id_read(field, &day) ? (long long)day : -1;
}

/* name:password:changed:min:max:warn:inactive:expire */
static bool file_pam_expired(char *const f[8])
{
	return pam_expired(&(struct shadow_days){ day_of(f[2]), day_of(f[4]), day_of(f[6]), day_of(f[7]) });
}

static bool member_of(const char *members, const char *name)
{
	size_t len = strlen(name);

	for (const char *p = members; *p;) {
		size_t n = strcspn(p, ",");
		if (n == len && !memcmp(p, name, n))
			return true;
		p += n + (p[n] == ',');
	}
	return false;
}

static enum err group_name_add(const char *name, struct strings *out)
{
	return strings_has(out, name) ? ERR_NONE : strings_add(out, name);
}

/* getgrgid(3) answers with the first line of an id, whichever line lists the member. */
static enum err group_of_id_add(const struct root *r, uint32_t gid, struct strings *out)
{
	struct table t = { 0 };
	char *f[4];
	uint32_t id;
	enum err e = table_open(r, GROUP_FILE, &t);

	while (!e && table_next(&t, f, 4)) {
		if (!id_read(f[2], &id) || id != gid)
			continue;
		e = group_name_add(f[0], out);
		break;
	}
	free(t.content);
	return e;
}

/* The primary group first, then those that name the account, as getgrouplist(3) has it. */
static enum err file_groups(const struct root *r, struct account *a)
{
	struct table t = { 0 };
	char *f[4];
	uint32_t gid;
	enum err e = ERR_NONE;

	for (int pass = 0; pass < 2 && !e; pass++) {
		e = table_open(r, GROUP_FILE, &t);
		while (!e && table_next(&t, f, 4)) {
			bool primary;
			if (!id_read(f[2], &gid))
				continue;
			primary = gid == a->gid;
			if (pass ? !primary && member_of(f[3], a->name) : primary)
				e = group_of_id_add(r, gid, &a->groups);
			if (!pass && primary)
				break;
		}
		free(t.content);
		t = (struct table){ 0 };
	}
	/* without the file there are no groups with a name */
	return e == ERR_MEMORY ? e : ERR_NONE;
}

static enum err file_shadow(const struct root *r, const char *password, struct account *a)
{
	struct table t = { 0 };
	char *f[8];
	uint32_t day;
	enum err e = table_open(r, SHADOW_FILE, &t);

	if (e == ERR_MEMORY)
		return e;
	if (e && strcmp(password, "x") == 0)
		return ERR_NONE;
	a->password = password_state(password);
	while (!e && table_next(&t, f, 8)) {
		if (strcmp(f[0], a->name))
			continue;
		a->password = password_state(f[1]);
		a->expired = id_read(f[7], &day) && day_passed(day);
		a->pam_expired = file_pam_expired(f);
		break;
	}
	free(t.content);
	return ERR_NONE;
}

static enum err file_account(const struct root *r, const struct entry *from, struct account **out)
{
	struct account *a;
	enum err e = account_new(from, &a);

	if (e)
		return e;
	if ((e = file_shadow(r, from->password, a)) || (e = file_groups(r, a))) {
		account_free(a);
		return e;
	}
	*out = a;
	return ERR_NONE;
}

static enum err file_find(const struct root *r, const char *name, uid_t uid, struct account **out)
{
	struct table t = { 0 };
	struct entry from;
	char *f[7];
	enum err e = table_open(r, PASSWD_FILE, &t), found = ERR_NOT_FOUND;

	if (e)
		return e;
	while (found == ERR_NOT_FOUND && table_next(&t, f, 7)) {
		from = (struct entry){ .name = f[0], .password = f[1], .home = f[5], .shell = f[6] };
		if (!id_read(f[2], &from.uid) || !id_read(f[3], &from.gid))
			continue;
		if (name ? !strcmp(name, f[0]) : uid == from.uid)
			found = file_account(r, &from, out);
	}
	free(t.content);
	return found;
}

enum err account_find(const struct root *r, const char *name, struct account **out)
{
	return root_is_live(r) ? live_find(name, 0, out) : file_find(r, name, 0, out);
}

enum err account_find_uid(const struct root *r, uid_t uid, struct account **out)
{
	return root_is_live(r) ? live_find(NULL, uid, out) : file_find(r, NULL, uid, out);
}

/* --- all accounts at once --- */

struct shadow_row {
	char *name;
	enum password_state password;
	bool expired, pam_expired;
};

struct shadow_table {
	struct shadow_row *v;
	size_t n, size;
};

static void shadow_table_free(struct shadow_table *t)
{
	for (size_t i = 0; i < t->n; i++)
		free(t->v[i].name);
	free(t->v);
}

static enum err shadow_table_add(struct shadow_table *t, const char *name, const char *password, bool expired,
				 bool by_pam)
{
	if (t->n == t->size) {
		size_t size = t->size ? t->size * 2 : 64;
		struct shadow_row *v = reallocarray(t->v, size, sizeof *v);

		if (!v)
			return ERR_MEMORY;
		t->v = v;
		t->size = size;
	}
	t->v[t->n] = (struct shadow_row){ strdup(name), password_state(password), expired, by_pam };
	return t->v[t->n++].name ? ERR_NONE : ERR_MEMORY;
}

static int shadow_row_compare(const void *a, const void *b)
{
	return strcmp(((const struct shadow_row *)a)->name, ((const struct shadow_row *)b)->name);
}

static enum err live_shadow_table(struct shadow_table *t)
{
	const struct spwd *s;
	enum err e = ERR_NONE;

	setspent();
	for (; !e && t->n < MAX_ENUMERATED && (s = getspent()); patience_tick())
		e = shadow_table_add(t, s->sp_namp, s->sp_pwdp, day_passed(s->sp_expire), live_pam_expired(s));
	endspent();
	return e;
}

static enum err file_shadow_table(const struct root *r, struct shadow_table *t)
{
	struct table file = { 0 };
	char *f[8];
	uint32_t day;
	enum err e = table_open(r, SHADOW_FILE, &file);

	if (e && e != ERR_MEMORY)
		return ERR_NONE; /* unreadable: the states stay unknown */
	while (!e && table_next(&file, f, 8))
		e = shadow_table_add(t, f[0], f[1], id_read(f[7], &day) && day_passed(day), file_pam_expired(f));
	free(file.content);
	return e;
}

/* As live_shadow() and file_shadow(), from a table that was read once. */
static void take_shadow(const struct shadow_table *t, const char *password, struct account *a)
{
	const struct shadow_row key = { .name = a->name };
	const struct shadow_row *row = t->n ? bsearch(&key, t->v, t->n, sizeof *t->v, shadow_row_compare) : NULL;

	if (row) {
		a->password = row->password;
		a->expired = row->expired;
		a->pam_expired = row->pam_expired;
	} else if (strcmp(password, "x") && strcmp(password, "*")) {
		a->password = password_state(password);
	}
}

static enum err list_add(struct accounts *l, const struct entry *from, const struct shadow_table *shadow)
{
	struct account *a;
	enum err e;

	if (l->n == l->size) {
		size_t size = l->size ? l->size * 2 : 64;
		struct account **v = reallocarray(l->v, size, sizeof *v);

		if (!v)
			return ERR_MEMORY;
		l->v = v;
		l->size = size;
	}
	if ((e = account_new(from, &a)))
		return e;
	take_shadow(shadow, from->password, a);
	l->v[l->n++] = a;
	return ERR_NONE;
}

static enum err live_accounts(const struct shadow_table *shadow, struct accounts *l)
{
	const struct passwd *p;
	enum err e = ERR_NONE;

	setpwent();
	for (; !e && l->n < MAX_ENUMERATED && (p = getpwent()); patience_tick()) {
		const struct entry from = { p->pw_name, p->pw_passwd, p->pw_dir, p->pw_shell, p->pw_uid, p->pw_gid };

		e = list_add(l, &from, shadow);
	}
	endpwent();
	return e;
}

static enum err file_accounts(const struct root *r, const struct shadow_table *shadow, struct accounts *l)
{
	struct table t = { 0 };
	struct entry from;
	char *f[7];
	enum err e = table_open(r, PASSWD_FILE, &t);

	while (!e && table_next(&t, f, 7)) {
		from = (struct entry){ .name = f[0], .password = f[1], .home = f[5], .shell = f[6] };
		if (id_read(f[2], &from.uid) && id_read(f[3], &from.gid))
			e = list_add(l, &from, shadow);
	}
	free(t.content);
	return e;
}

void accounts_free(struct accounts *l)
{
	for (size_t i = 0; i < l->n; i++)
		account_free(l->v[i]);
	free(l->v);
	*l = (struct accounts){ 0 };
}

static void shadow_table_sort(struct shadow_table *t)
{
	if (t->n)
		qsort(t->v, t->n, sizeof *t->v, shadow_row_compare);
}

static enum err live_accounts_read(struct live_job *j)
{
	struct shadow_table shadow = { 0 };
	enum err e = live_shadow_table(&shadow);

	shadow_table_sort(&shadow);
	e = e ? e : live_accounts(&shadow, &j->all);
	shadow_table_free(&shadow);
	return e;
}

static enum err file_accounts_read(const struct root *r, struct accounts *out)
{
	struct shadow_table shadow = { 0 };
	struct accounts l = { 0 };
	enum err e = file_shadow_table(r, &shadow);

	shadow_table_sort(&shadow);
	e = e ? e : file_accounts(r, &shadow, &l);
	shadow_table_free(&shadow);
	if (e)
		accounts_free(&l);
	else
		*out = l;
	return e;
}

enum err accounts_read(const struct root *r, struct accounts *out)
{
	struct live_job *j;
	enum err e;

	if (!root_is_live(r))
		return file_accounts_read(r, out);
	if ((e = live_list(live_accounts_read, &j)))
		return e;
	*out = j->all;
	j->all = (struct accounts){ 0 };
	live_job_free(j);
	return ERR_NONE;
}

/* --- lists of names --- */

static enum err file_names(const struct root *r, const char *path, struct strings *out)
{
	struct table t = { 0 };
	char *f[1];
	enum err e = table_open(r, path, &t);

	while (!e && table_next(&t, f, 1))
		e = strings_add(out, f[0]);
	free(t.content);
	return e;
}

static int names_compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Names of 'more' that are not among those of 'out'; sorts both, so that a directory of many costs little. */
static enum err names_merge(struct strings *more, struct strings *out)
{
	size_t before = out->n;
	enum err e = ERR_NONE;

	strings_sort(out);
	for (size_t i = 0; i < more->n && !e; i++)
		if (!before || !bsearch(&more->v[i], out->v, before, sizeof *out->v, names_compare))
			e = strings_add(out, more->v[i]);
	return e;
}

static enum err live_user_names(struct live_job *j)
{
	const struct passwd *p;
	enum err e = ERR_NONE;

	setpwent();
	for (; !e && j->names.n < MAX_ENUMERATED && (p = getpwent()); patience_tick())
		e = strings_add(&j->names, p->pw_name);
	endpwent();
	return e;
}

static enum err live_group_names(struct live_job *j)
{
	const struct group *g;
	enum err e = ERR_NONE;

	setgrent();
	for (; !e && j->names.n < MAX_ENUMERATED && (g = getgrent()); patience_tick())
		e = strings_add(&j->names, g->gr_name);
	endgrent();
	return e;
}

static enum err names(const struct root *r, const char *path, enum err (*live)(struct live_job *j), struct strings *out)
{
	struct strings all = { 0 };
	struct live_job *more = NULL;
	enum err e = file_names(r, path, &all);

	if (!e && root_is_live(r) && !(e = live_list(live, &more)))
		e = names_merge(&more->names, &all);
	if (!e)
		e = strings_copy(out, &all);
	if (more)
		live_job_free(more);
	strings_free(&all);
	return e;
}

enum err account_names(const struct root *r, struct strings *out)
{
	return names(r, PASSWD_FILE, live_user_names, out);
}

enum err group_names(const struct root *r, struct strings *out)
{
	return names(r, GROUP_FILE, live_group_names, out);
}
