/* SPDX-License-Identifier: GPL-3.0-or-later */
/* revocation.c - asks ssh-keygen, and logs in. */
#include "harden/revocation.h"

#include "base/child.h"
#include "base/file.h"
#include "base/tree.h"
#include "harden/second_sshd.h"
#include "key/krl_write.h"
#include "key/public.h"
#include "key/revoked.h"
#include "key/revoked_listed.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <time.h>
#include <unistd.h>

#include "base/banned.h"

#define LIST_MAX ((size_t)64 << 20)
#define BATCH 200 /* keys in one run of ssh-keygen */
#define KEYGEN_MS 30000
#define OUTPUT_MAX (1u << 20)
#define PLACE SECOND_PLACE
#define ACCOUNT "sallyport-proof"

/* ---- ssh-keygen -Q ---- */

static bool has_key(const struct revoked_source *s)
{
	return s->kind == SOURCE_KEY || s->kind == SOURCE_CERTIFICATE;
}

/* A key that this ssh-keygen does not take for one (ssh-dss since OpenSSH 10, RSA of 512 bits) lets nobody in, either. */
static bool is_taken(const char *name)
{
	const char *argv[] = { "ssh-keygen", "-l", "-f", name, NULL };
	struct child_result r = { 0 };
	enum err e = child_run(argv, NULL, KEYGEN_MS, OUTPUT_MAX, &r);
	bool taken = e || r.status == 0;

	child_result_free(&r);
	return taken;
}

/* ssh-keygen -Q gives up at the first that it does not take. *fewer: there were some. */
static enum err keep_taken(struct strings *names, const struct revoked_source *whose[], bool *fewer)
{
	struct strings kept = { 0 };
	enum err e = ERR_NONE;
	size_t n = 0;

	for (size_t i = 0; i < names->n && !e; i++)
		if (is_taken(names->v[i])) {
			whose[n++] = whose[i];
			e = strings_add(&kept, names->v[i]);
		}
	*fewer = n < names->n;
	strings_free(names);
	*names = kept;
	return e;
}

static enum err ask(const char *list, const struct strings *names, struct child_result *r)
{
	const char *argv[BATCH + 6] = { "ssh-keygen", "-Q", "-f", list, "--" };

	for (size_t i = 0; i < names->n; i++)
		argv[5 + i] = names->v[i];
	return child_run(argv, NULL, KEYGEN_MS, OUTPUT_MAX, r);
}

/* 'names' are files, whose[i] the entry of each. */
static enum err query(const char *list, struct strings *names, const struct revoked_source *whose[], struct text *wrong)
{
	struct child_result r = { 0 };
	bool fewer = false;
	const char *line;
	enum err e = ask(list, names, &r);

	if (!e && r.status > 1 && !(e = keep_taken(names, whose, &fewer)) && fewer) {
		child_result_free(&r);
		r = (struct child_result){ 0 };
		e = names->n ? ask(list, names, &r) : ERR_NONE;
	}
	if (e || r.status > 1) {
		text_add(wrong, "ssh-keygen -Q cannot read the list: ");
		text_add_escaped(wrong, text_string(&r.err), strcspn(text_string(&r.err), "\n"));
	}
	line = text_string(&r.out);
	for (size_t i = 0; i < names->n && whose[i] && !e && !wrong->len; i++) {
		size_t len = strcspn(line, "\n");

		if (len < 7 || strncmp(line + len - 7, "REVOKED", 7) != 0) {
			text_add(wrong, "ssh-keygen -Q does not find in the list what stands at %s:%u", whose[i]->file,
				 whose[i]->line);
		}
		line += len + (line[len] == '\n');
	}
	child_result_free(&r);
	return e == ERR_MEMORY ? e : text_check(wrong);
}

static enum err query_from(const struct revocation *v, const char *list, const char *dir, size_t *next,
			   struct text *wrong)
{
	const struct revoked_source *whose[BATCH] = { 0 };
	struct strings names = { 0 };
	enum err e = ERR_NONE;

	for (; *next < v->sources->n && names.n < BATCH && !e; ++*next) {
		const struct revoked_source *s = &v->sources->v[*next];
		struct text line = { 0 };

		if (!has_key(s) || revoked_source_expired(s, v->now))
			continue;
		whose[names.n] = s;
		text_add(&line, "%s\n", s->value);
		if (!(e = strings_add_format(&names, "%s/%zu.pub", dir, names.n)) && !(e = text_check(&line)))
			e = second_sshd_write(names.v[names.n - 1], line.s, line.len, 0600);
		text_free(&line);
	}
	if (!e && names.n)
		e = query(list, &names, whose, wrong);
	strings_free(&names);
	return e;
}

static enum err query_all(const struct revocation *v, const struct root *r, struct text *wrong)
{
	char dir[] = "/tmp/sallyport-revoke-XXXXXX";
	char *list = NULL;
	size_t next = 0;
	enum err e = mkdtemp(dir) ? root_outside(r, v->path, &list) : ERR_SYSTEM;

	while (!e && !wrong->len && next < v->sources->n)
		e = query_from(v, list, dir, &next, wrong);
	if (list)
		tree_remove(dir);
	free(list);
	return e;
}

/* ---- our reader ---- */

/* Everything that was written down: what ssh-keygen -Q can only be asked with a certificate, too. */
static enum err look_all(const struct revocation *v, const struct revoked *list, struct text *wrong)
{
	for (size_t i = 0; i < v->sources->n && !wrong->len; i++) {
		const struct revoked_source *s = &v->sources->v[i];

		if (!revoked_source_expired(s, v->now) && !revoked_listed(list, s))
			text_add(wrong, "the list does not have what stands at %s:%u", s->file, s->line);
	}
	return text_check(wrong);
}

static enum err read_back(const struct revocation *v, const struct root *r, struct text *wrong)
{
	struct revoked *list = NULL;
	char *content = NULL, *why = NULL;
	unsigned line;
	size_t len;
	enum err e = root_read(r, v->path, LIST_MAX, &content, &len);

	if (e == ERR_MEMORY)
		return e;
	if (e)
		text_add(wrong, "'%s' cannot be read: %s", v->path, err_text(e));
	else if (len != v->krl->len || memcmp(content, v->krl->s, len) != 0)
		text_add(wrong, "'%s' is not the list that was made", v->path);
	else if (revoked_parse((const uint8_t *)content, len, v->release, &list, &line, &why))
		text_add(wrong, "the list cannot be read: %s", why ? why : err_text(ERR_MEMORY));
	e = list ? look_all(v, list, wrong) : text_check(wrong);
	revoked_free(list);
	free(content);
	free(why);
	return e;
}

enum err revocation_check(const struct revocation *v, const struct root *r, struct text *wrong)
{
	enum err e = read_back(v, r, wrong);

	if (e || wrong->len || !root_is_live(r))
		return e;
	return query_all(v, r, wrong);
}

/* ---- a place for the logins ---- */

/* The file as it is, with one line more, laid over itself: only this world sees it. What is not there is not needed. */
static enum err lay_over(const char *path, const char *copy, const char *more, bool instead)
{
	char *content = NULL;
	struct text t = { 0 };
	size_t len;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	enum err e = ERR_NONE;

	if (fd < 0)
		return errno == ENOENT ? ERR_NONE : ERR_SYSTEM;
	if (!(e = file_read_all(fd, LIST_MAX, &content, &len))) {
		text_add_bytes(&t, content, instead ? 0 : len);
		if (!instead && len && content[len - 1] != '\n')
			text_add_string(&t, "\n");
		text_add_string(&t, more);
		e = text_check(&t);
	}
	file_close(fd);
	if (!e && !(e = second_sshd_write(copy, t.s, t.len, 0644)) && mount(copy, path, NULL, MS_BIND, NULL))
		e = ERR_SYSTEM;
	free(content);
	text_free(&t);
	return e;
}

static enum err make_account(void)
{
	enum err e;

	/* a cache of names would not know of it */
	if (access("/run/nscd", F_OK) == 0 && mount("tmpfs", "/run/nscd", "tmpfs", 0, "mode=0755"))
		return ERR_SYSTEM;
	if ((e = lay_over("/etc/nsswitch.conf", PLACE "/nsswitch", "passwd: files\ngroup: files\nshadow: files\n",
			  true)) ||
	    (e = lay_over("/etc/shadow", PLACE "/shadow", ACCOUNT ":*:1:0:99999:7:::\n", false)))
		return e;
	return lay_over("/etc/passwd", PLACE "/passwd", ACCOUNT ":x:65534:65534::/:/bin/sh\n", false);
}

static enum err read_public(const char *path, char **line, struct public_key_line *key)
{
	size_t len;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	enum err e = fd < 0 ? ERR_SYSTEM : file_read_all(fd, 1u << 16, line, &len);

	file_close(fd);
	return e ? e : public_key_decode_line(*line, strcspn(*line, "\n"), 902, key);
}

/* Both keys may log in; one of them is in the second list. */
static enum err make_lists(const struct revocation *v)
{
	struct public_key_line good = { 0 }, bad = { 0 };
	char *good_line = NULL, *bad_line = NULL;
	struct text both = { 0 }, krl = { 0 };
	enum err e;

	if ((e = read_public(PLACE "/good.pub", &good_line, &good)) ||
	    (e = read_public(PLACE "/bad.pub", &bad_line, &bad)) ||
	    (e = krl_with_key((const uint8_t *)v->krl->s, v->krl->len, bad.blob, bad.blob_len, &krl)))
		goto out;
	text_add(&both, "%s%s", good_line, bad_line);
	if (!(e = text_check(&both)) && !(e = second_sshd_write(PLACE "/authorized_keys", both.s, both.len, 0644)))
		e = second_sshd_write(PLACE "/list", krl.s, krl.len, 0644);
out:
	public_key_line_clear(&good);
	public_key_line_clear(&bad);
	text_free(&both);
	text_free(&krl);
	free(good_line);
	free(bad_line);
	return e;
}

static enum err make_place(const struct revocation *v)
{
	enum err e;

	if (mount("tmpfs", PLACE, "tmpfs", MS_NOSUID | MS_NODEV, "mode=0755"))
		return ERR_SYSTEM;
	if ((e = make_account()) || (e = second_sshd_key(PLACE "/host")) || (e = second_sshd_key(PLACE "/good")) ||
	    (e = second_sshd_key(PLACE "/bad")))
		return e;
	return make_lists(v);
}

/* ---- logins ---- */

/* An sshd with nothing of the host's configuration but the list: whoever may log in there does not matter to what it revokes. */
static enum err start_sshd(const char *sshd, const char *list, unsigned port, pid_t *pid)
{
	struct text config = { 0 };
	char path[64];
	const char *argv[] = { sshd, "-D", "-e", "-f", path, NULL };
	enum err e;

	text_add(&config,
		 "ListenAddress 127.0.0.1:%u\nHostKey " PLACE "/host\nAuthorizedKeysFile " PLACE "/authorized_keys\n"
		 "RevokedKeys \"%s\"\nPidFile none\nUsePAM no\nStrictModes no\nUseDNS no\nPasswordAuthentication no\n"
		 "AuthenticationMethods publickey\nForceCommand true\n",
		 port, list);
	snprintf(path, sizeof path, PLACE "/config-%u", port);
	if (!(e = text_check(&config)))
		e = second_sshd_write(path, config.s, config.len, 0600);
	text_free(&config);
	if (e)
		return e;
	return second_sshd_start(argv, -1, pid);
}

/* *in: whether the key got in. A refusal must be one by sshd, not a login that failed for another reason. */
static enum err log_in(const char *key, unsigned port, bool *in, struct text *said)
{
	const struct second_login l = { .program = "ssh", .user = ACCOUNT, .key = key, .port = port };
	struct child_result r = { 0 };
	enum err e = second_sshd_login(&l, &r);

	if (!e && r.status == SECOND_REFUSED && !second_sshd_denied(&r))
		e = ERR_CHILD;
	if (e)
		text_add_escaped(said, text_string(&r.err), strcspn(text_string(&r.err), "\n"));
	else
		*in = r.status != SECOND_REFUSED;
	child_result_free(&r);
	return e;
}

static const struct trial {
	const char *key;
	unsigned port;
	bool in;
	const char *else_wrong;
} trials[] = {
	{ PLACE "/good", 22024, true, "with this list a second sshd refuses a key that is not in it" },
	{ PLACE "/bad", 22024, true, "with this list a second sshd refuses a key that is not in it" },
	{ PLACE "/good", 22025, true, "with one key more a second sshd refuses a key that is not in the list" },
	{ PLACE "/bad", 22025, false, "with one key more in this list a second sshd still lets that key in" },
};

static enum err try_logins(struct text *wrong)
{
	enum err e = ERR_NONE;

	for (size_t i = 0; i < ARRAY_SIZE(trials) && !e && !wrong->len; i++) {
		const struct trial *t = &trials[i];
		struct text said = { 0 };
		bool in;

		if ((e = log_in(t->key, t->port, &in, &said)))
			text_add(wrong, "a login at a second sshd with this list could not be tried: %s",
				 said.len ? text_string(&said) : err_text(e));
		else if (in != t->in)
			text_add_string(wrong, t->else_wrong);
		text_free(&said);
	}
	return e == ERR_MEMORY ? e : text_check(wrong);
}

static enum err try_both(const struct revocation *v, const char *sshd, struct text *wrong)
{
	const char *const lists[] = { v->path, PLACE "/list" };
	pid_t pids[ARRAY_SIZE(lists)] = { 0 };
	enum err e = ERR_NONE;

	for (size_t i = 0; i < ARRAY_SIZE(lists) && !e; i++)
		e = start_sshd(sshd, lists[i], trials[2 * i].port, &pids[i]);
	for (size_t i = 0; i < ARRAY_SIZE(lists) && !e; i++)
		e = second_sshd_wait(pids[i], trials[2 * i].port);
	if (e)
		text_add(wrong, "a second sshd with this list does not start: %s", err_text(e));
	else
		e = try_logins(wrong);
	for (size_t i = 0; i < ARRAY_SIZE(lists); i++)
		second_sshd_stop(pids[i]);
	return e == ERR_MEMORY ? e : text_check(wrong);
}

enum err revocation_try(const struct revocation *v, const char *sshd, struct text *wrong)
{
	struct root *here = NULL;
	enum err e;

	/* opened anew: a descriptor from outside sees what lies below the copy */
	if ((e = root_open(NULL, &here)) || (e = revocation_check(v, here, wrong)) || wrong->len)
		goto out;
	if (!(e = make_place(v)))
		e = try_both(v, sshd, wrong);
out:
	root_close(here);
	return e;
}
