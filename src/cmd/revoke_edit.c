/* SPDX-License-Identifier: GPL-3.0-or-later */
/* revoke_edit.c - revoke add and remove: one entry more or less in what is written down, and the list made anew from it. */
#include "cmd/revoke.h"

#include "base/file.h"
#include "base/message.h"
#include "base/number.h"
#include "cmd/change.h"
#include "fetch/pull.h"
#include "key/certificate.h"
#include "key/krl_write.h"
#include "key/revoked_listed.h"
#include "sshd/version.h"

#include <pwd.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/banned.h"

#define LOCAL REVOKED_FOLDER "/local" REVOKED_SUFFIX
#define LOCAL_HEAD "# Keys and certificates that this server refuses: sallyport-revoked.d(5).\n"
#define HERE "what was given"

struct edit_args {
	struct strings keep, overrides, serials, ids;
	const char *ca, *reason, *until;
	bool no_build;
};

#define SELECTORS \
	{ "serial",    0, \
	  OPTION_LIST, OPTION_AT(struct edit_args, serials), \
	  "<n>[-<m>]", "certificates of that CA with this serial, or these" }, \
		{ "id", 0, OPTION_LIST, OPTION_AT(struct edit_args, ids), "<key id>", "certificates with this key id" }, \
	{ \
		"ca", 0, OPTION_TEXT, OPTION_AT(struct edit_args, ca), "<file>", "public key of the CA, or any" \
	}

#define BUILDING \
	{ "no-build",  0, \
	  OPTION_FLAG, OPTION_AT(struct edit_args, no_build), \
	  NULL,	       "only write it down; revoke build puts it in force" }, \
		{ "keep", \
		  'k', \
		  OPTION_LIST, \
		  OPTION_AT(struct edit_args, keep), \
		  "<user>[@<addr>]", \
		  "this account must still get in" }, \
	{ \
		"override", 0, OPTION_LIST, OPTION_AT(struct edit_args, overrides), "<guard>", \
			"go on although this guard refuses" \
	}

static const struct option_row add_options[] = {
	SELECTORS,
	{ "reason", 'r', OPTION_TEXT, OPTION_AT(struct edit_args, reason), "<text>", "why" },
	{ "until", 0, OPTION_TEXT, OPTION_AT(struct edit_args, until), "<date>",
	  "shut out up to then, such as 2027-01-31" },
	BUILDING,
	{ 0 },
};

static const struct option_row remove_options[] = { SELECTORS, BUILDING, { 0 } };

static void clear(void *args)
{
	struct edit_args *a = args;

	strings_free(&a->keep);
	strings_free(&a->overrides);
	strings_free(&a->serials);
	strings_free(&a->ids);
}

/* ---- what was given, as lines of a file ---- */

static const char *who(void)
{
	const char *sudo = getenv("SUDO_USER");
	const struct passwd *pw = getpwuid(getuid());

	return sudo && sudo[0] ? sudo : pw ? pw->pw_name : "root";
}

static bool is_plain(const char *s)
{
	for (; *s; s++)
		if ((unsigned char)*s < 0x20 || *s == 0x7f)
			return false;
	return true;
}

/* The comment only where it is fit for a line. */
static void add_key_line(struct text *out, const char *word, const struct public_key_line *k)
{
	size_t size = sodium_base64_ENCODED_LEN(k->blob_len, sodium_base64_VARIANT_ORIGINAL);
	char *base64 = malloc(size);

	out->failed = out->failed || !base64;
	if (base64)
		text_add(out, "%s: %s %s %s\n", word, k->key.type,
			 sodium_bin2base64(base64, size, k->blob, k->blob_len, sodium_base64_VARIANT_ORIGINAL),
			 is_plain(k->comment) ? k->comment : "");
	free(base64);
}

static int given_word(const char *word, const char *tail, bool hashes, struct text *out)
{
	struct given_keys keys = { 0 };
	int status = 0;

	if (strncmp(word, "SHA256:", 7) == 0 || strncmp(word, "SHA1:", 5) == 0) {
		text_add(out, "hash: %s\n%s", word, tail);
		return 0;
	}
	if ((status = given_keys_read(word, &keys)))
		return status;
	for (size_t i = 0; i < keys.n; i++) {
		const struct public_key_line *k = &keys.v[i].line;
		bool certificate = certificate_is_type(k->key.type);

		add_key_line(out, certificate ? "certificate" : "key", k);
		text_add_string(out, tail);
		if (hashes && !certificate) {
			add_key_line(out, "sha256", k);
			add_key_line(out, "sha1", k);
		}
	}
	given_keys_clear(&keys);
	return status;
}

static int given_ca(const char *file, struct text *out)
{
	struct given_keys keys = { 0 };
	int status = 0;

	if (!file || strcmp(file, "any") == 0) {
		text_add_string(out, "ca: any\n");
		return 0;
	}
	if ((status = given_keys_read(file, &keys)))
		return status;
	if (keys.n != 1)
		status = complain("--ca '%s' has %zu keys: wants the file of one CA's public key", file, keys.n);
	else
		add_key_line(out, "ca", &keys.v[0].line);
	given_keys_clear(&keys);
	return status;
}

/* Of those that a list could never match, or that would match too much. */
static int check_given(const struct edit_args *a, const struct strings *rest, const char *what)
{
	if (!rest->n && !a->serials.n && !a->ids.n) {
		complain("%s wants a key, a certificate or a fingerprint, or --serial or --id", what);
		hint("sallyport %s --help", what);
		return EXIT_TROUBLE;
	}
	if (a->serials.n && !a->ca)
		return complain("--serial wants --ca: the public key of the CA that counts them, or any");
	if (a->ca && !a->serials.n && !a->ids.n)
		return complain(
			"--ca alone says nothing: wants --serial or --id; the key of the CA itself is named like any other key");
	if (a->reason && (!is_plain(a->reason) || !a->reason[strspn(a->reason, " ")]))
		return complain("--reason wants one line of plain text");
	for (size_t i = 0; i < a->serials.n; i++)
		if (!is_plain(a->serials.v[i]) || !a->serials.v[i][0])
			return complain("--serial wants a number, or two with a '-' between them");
	for (size_t i = 0; i < a->ids.n; i++)
		if (!a->ids.v[i][0])
			return complain("--id wants a key id");
	for (size_t i = 0; i < rest->n; i++)
		if (!is_plain(rest->v[i]))
			return complain("'%s' is no name of a file", rest->v[i]);
	return 0;
}

/* hashes: also entries for the hashes of a key, to look for them. */
static int given_sources(const struct edit_args *a, const struct strings *rest, const char *tail, bool hashes,
			 struct revoked_sources *out)
{
	struct diags problems = { 0 };
	struct text t = { 0 };
	int status = 0;
	enum err e;

	for (size_t i = 0; i < rest->n && !status; i++)
		status = given_word(rest->v[i], tail, hashes, &t);
	if (!status && (a->serials.n || a->ids.n))
		status = given_ca(a->ca, &t);
	for (size_t i = 0; i < a->serials.n; i++)
		text_add(&t, "serial: %s\n%s", a->serials.v[i], tail);
	for (size_t i = 0; i < a->ids.n; i++) {
		text_add_string(&t, "id: ");
		revoked_source_id_add(&t, a->ids.v[i], strlen(a->ids.v[i]));
		text_add(&t, "\n%s", tail);
	}
	e = text_check(&t);
	if (!status && !e)
		e = revoked_sources_parse(t.s, t.len, HERE, out, &problems);
	if (!status && e == ERR_CONFIG && problems.n)
		status = complain("%s", problems.v[0].text);
	else if (!status && e)
		status = fail(e, "cannot read what was given");
	diags_free(&problems);
	text_free(&t);
	return status;
}

/* "\treason: ...\n" and so on. 0, or an exit status. */
static int make_tail(const struct edit_args *a, time_t now, struct text *out)
{
	char date[32];
	time_t until;

	if (a->until && (date_parse(a->until, &until) || until <= now))
		return complain("--until is '%s': wants a date in the future such as 2027-01-31", a->until);
	if (a->reason)
		text_add(out, "\treason: %s\n", a->reason);
	date_format(now, date, sizeof date);
	text_add(out, "\tby: %s\n\tadded: %s\n", who(), date);
	if (a->until) {
		date_format(until, date, sizeof date);
		text_add(out, "\tuntil: %s\n", date);
	}
	return text_check(out) ? fail(ERR_MEMORY, "cannot write it down") : 0;
}

/* ---- files ---- */

static int file_open(const struct root *r, const char *path, const char *head, struct revoke_edit *out)
{
	char *content = NULL;
	size_t len = 0;
	struct stat st;
	enum err e = ERR_NONE;

	*out = (struct revoke_edit){ .path = path };
	if (root_stat(r, path, &st) == ERR_NONE && (e = root_read(r, path, REVOKED_SOURCE_MAX, &content, &len)))
		return command_unreadable(r, path, e);
	if (content)
		text_add_bytes(&out->content, content, len);
	else
		text_add_string(&out->content, head);
	free(content);
	return text_check(&out->content) ? fail(ERR_MEMORY, "cannot read '%s'", path) : 0;
}

static const struct revoked_source *find(const struct revoked_sources *l, const struct revoked_source *s)
{
	for (size_t i = 0; i < l->n; i++)
		if (revoked_source_equal(&l->v[i], s))
			return &l->v[i];
	return NULL;
}

/* Whether it is shut out already for at least as long: what ends earlier would let it in again without a word. */
static bool lasts(const struct revoked_sources *l, const struct revoked_source *s)
{
	for (size_t i = 0; i < l->n; i++)
		if (revoked_source_equal(&l->v[i], s) && (!l->v[i].until || (s->until && l->v[i].until >= s->until)))
			return true;
	return false;
}

static void say_entry(const char *before, const struct revoked_source *s)
{
	struct text shown = { 0 };

	if (revoked_source_describe(s, &shown) == ERR_NONE)
		inform("%s%s", before, shown.s);
	text_free(&shown);
}

/* Written down only: not in force, so nothing has to be proven. */
static int write_down(const struct common_args *common, const struct facts *f, const struct revoke_edit *edits,
		      size_t n)
{
	enum err e = ERR_NONE;

	for (size_t i = 0; i < n; i++) {
		if (common->dry_run)
			inform("%s would change.", edits[i].path);
		else if ((e = file_make_dirs(f->root, REVOKED_FOLDER, 0755)) ||
			 (e = file_replace(f->root, edits[i].path, text_string(&edits[i].content), edits[i].content.len,
					   NULL, "sallyport")))
			return fail(e, "cannot write '%s'", edits[i].path);
	}
	if (!n)
		inform("Nothing to change.");
	else if (!common->dry_run)
		inform("Written down. It is in force after: sudo sallyport revoke build");
	return common->dry_run && n ? EXIT_NO : EXIT_YES;
}

static int finish(const struct common_args *common, const struct facts *f, const struct edit_args *a, const char *what,
		  struct revoke_edit *edits, size_t n)
{
	const struct revoke_request q = { .what = what,
					  .edits = edits,
					  .n = n,
					  .keep = &a->keep,
					  .overrides = &a->overrides,
					  .nothing = "Nothing to change: it is written down and in force." };

	return a->no_build ? write_down(common, f, edits, n) : revoke_build(common, f, &q);
}

/* ---- add ---- */

/* Whoever names the key of a CA may not know how far that goes. */
static void warn_of_ca(const struct facts *f, const struct revoked_source *s)
{
	const char *path = sshd_value(f->effective, KW_TRUSTEDUSERCAKEYS);
	struct revoked_sources cas = { 0 };
	struct diags ignored = { 0 };
	struct text lines = { 0 };
	char *content = NULL, *line, *rest;
	size_t len;

	if (s->kind != SOURCE_KEY || path[0] != '/' || root_read(f->root, path, REVOKED_SOURCE_MAX, &content, &len))
		return;
	for (line = strtok_r(content, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
		text_reset(&lines);
		text_add(&lines, "key: %s\n", line);
		if (text_check(&lines) == ERR_NONE && line[0] != '#')
			(void)!revoked_sources_parse(lines.s, lines.len, path, &cas, &ignored);
	}
	if (find(&cas, s))
		warn("this is the key of a CA that %s trusts: every certificate that it has signed will be refused",
		     path);
	revoked_sources_clear(&cas);
	diags_free(&ignored);
	text_free(&lines);
	free(content);
}

static int add_all(const struct common_args *common, const struct facts *f, const struct edit_args *a,
		   const struct revoked_sources *given, const struct revoked_sources *there)
{
	struct revoke_edit edit = { 0 };
	size_t added = 0;
	int status = file_open(f->root, LOCAL, LOCAL_HEAD, &edit);

	for (size_t i = 0; i < given->n && !status; i++) {
		enum err e;

		warn_of_ca(f, &given->v[i]);
		if (lasts(there, &given->v[i])) {
			say_entry("Written down already: ", &given->v[i]);
			continue;
		}
		if ((e = revoked_source_insert(&edit.content, &given->v[i])))
			status = fail(e, "cannot write it down in '%s'", LOCAL);
		say_entry("Shut out: ", &given->v[i]);
		added++;
	}
	if (!status)
		status = finish(common, f, a, "revoke add", &edit, added > 0);
	text_free(&edit.content);
	return status;
}

static int add_run(const struct common_args *common, void *args, const struct strings *rest)
{
	const struct edit_args *a = args;
	struct revoked_sources given = { 0 }, there = { 0 };
	struct text tail = { 0 };
	struct facts *f = NULL;
	int lock = -1, status;

	if ((status = check_given(a, rest, "revoke add")) || (status = change_check_overrides(&a->overrides)) ||
	    change_begin(common, &f, &lock, &status))
		return status;
	if (!(status = make_tail(a, f->now, &tail)) && !(status = given_sources(a, rest, tail.s, false, &given)) &&
	    !(status = revoke_sources_load(f->root, NULL, 0, &there)))
		status = add_all(common, f, a, &given, &there);
	revoked_sources_clear(&given);
	revoked_sources_clear(&there);
	text_free(&tail);
	change_end(f, lock);
	return status;
}

/* ---- remove ---- */

/* A fingerprint, as a list shows it, also stands for the key itself. */
static bool is_meant(const struct revoked_sources *given, const struct revoked_source *s)
{
	struct public_key k;
	struct text shown = { 0 };
	bool meant = find(given, s) != NULL;

	for (size_t i = 0; i < given->n && given->v && !meant && s->kind == SOURCE_KEY; i++) {
		if (given->v[i].kind != SOURCE_SHA256 || revoked_source_describe(&given->v[i], &shown) ||
		    public_key_parse_blob(s->blob.at, s->blob.len, &k))
			continue;
		meant = strcmp(text_string(&shown), k.fingerprint) == 0;
		text_reset(&shown);
	}
	text_free(&shown);
	return meant;
}

/* From the last entry of a file to the first, so that line numbers stay true. */
static int remove_from(const struct facts *f, const struct revoked_sources *given, const struct revoked_sources *there,
		       size_t last, struct revoke_edit *edit, size_t *removed)
{
	const char *path = there->v[last].file;
	int status = file_open(f->root, path, "", edit);
	size_t ignored;
	bool pulled = !status && pull_signed_part(text_string(&edit->content), edit->content.len, &ignored);

	for (size_t i = last + 1; i-- > 0 && !status && strcmp(there->v[i].file, path) == 0;) {
		enum err e;

		if (!is_meant(given, &there->v[i]))
			continue;
		if (pulled) {
			status = complain(
				"'%s' is signed and fetched by 'revoke update', so its line %u is not for us to take out",
				path, there->v[i].line);
			hint("nothing was changed; whoever signs that list takes the entry out, in a list of a higher version");
			break;
		}
		if ((e = revoked_source_delete(&edit->content, &there->v[i])))
			status = fail(e, "cannot change '%s'", path);
		say_entry("No longer shut out: ", &there->v[i]);
		++*removed;
	}
	return status;
}

static void say_kept_by(const struct revoked_source *given, const struct revoked_source *by)
{
	struct text what = { 0 }, shown = { 0 };

	if (revoked_source_describe(given, &what) == ERR_NONE && revoked_source_describe(by, &shown) == ERR_NONE)
		warn("%s stays shut out, by %s:%u: %s", what.s, by->file, by->line, shown.s);
	text_free(&what);
	text_free(&shown);
}

/* What is left, as a list of its own: from 'first' on, of n. */
static enum err list_of(const struct revoked_sources *l, size_t first, size_t n, time_t now, struct revoked **out)
{
	const struct revoked_sources some = { .v = l->v + first, .n = n };

	return revoked_compile(&some, now, out);
}

static enum err say_by_which(const struct revoked_source *given, const struct revoked_sources *left, time_t now)
{
	enum err e = ERR_NONE;

	for (size_t i = 0; i < left->n && !e; i++) {
		struct revoked *one;

		if ((e = list_of(left, i, 1, now, &one)))
			break;
		if (revoked_listed(one, given))
			say_kept_by(given, &left->v[i]);
		revoked_free(one);
	}
	return e;
}

/* A key may be in by several entries: its hash, its CA, a range of serials. *kept: whether one of the given ones is. */
static int say_kept(const struct facts *f, const struct revoked_sources *given, const struct revoked_sources *there,
		    bool *kept)
{
	struct revoked_sources left = { .v = calloc(there->n + 1, sizeof *left.v) };
	struct revoked *list = NULL;
	enum err e = left.v ? ERR_NONE : ERR_MEMORY;

	*kept = false;
	for (size_t i = 0; i < there->n && !e; i++)
		if (!is_meant(given, &there->v[i]))
			left.v[left.n++] = there->v[i];
	if (!e)
		e = list_of(&left, 0, left.n, f->now, &list);
	for (size_t i = 0; i < given->n && !e; i++) {
		if (!revoked_listed(list, &given->v[i]))
			continue;
		*kept = true;
		e = say_by_which(&given->v[i], &left, f->now);
	}
	revoked_free(list);
	free(left.v); /* what it has is borrowed */
	return e ? fail(e, "cannot tell what else shuts it out") : 0;
}

static int remove_all(const struct common_args *common, const struct facts *f, const struct edit_args *a,
		      const struct revoked_sources *given, const struct revoked_sources *there)
{
	struct revoke_edit *edits = calloc(there->n + 1, sizeof *edits);
	size_t n = 0, all = 0;
	bool kept = false;
	int status = edits ? say_kept(f, given, there, &kept) : fail(ERR_MEMORY, "cannot change it");

	for (size_t i = 0; i < there->n && edits && !status; i++) {
		size_t removed = 0;

		if (i + 1 < there->n && strcmp(there->v[i].file, there->v[i + 1].file) == 0)
			continue;
		status = remove_from(f, given, there, i, &edits[n], &removed);
		if (removed)
			n++;
		else
			text_free(&edits[n].content);
		all += removed;
	}
	if (!status && !all) {
		complain(kept ? "it is not written down by itself in " REVOKED_FOLDER ", so it cannot be taken out"
			      : "nothing like that is written down in " REVOKED_FOLDER);
		hint("sallyport revoke list");
		status = EXIT_NO;
	} else if (!status) {
		status = finish(common, f, a, "revoke remove", edits, n);
	}
	for (size_t i = 0; edits && i < n; i++)
		text_free(&edits[i].content);
	free(edits);
	return status;
}

static int remove_run(const struct common_args *common, void *args, const struct strings *rest)
{
	const struct edit_args *a = args;
	struct revoked_sources given = { 0 }, there = { 0 };
	struct facts *f = NULL;
	int lock = -1, status;

	if ((status = check_given(a, rest, "revoke remove")) || (status = change_check_overrides(&a->overrides)) ||
	    change_begin(common, &f, &lock, &status))
		return status;
	if (!(status = given_sources(a, rest, "", true, &given)) &&
	    !(status = revoke_sources_load(f->root, NULL, 0, &there)))
		status = remove_all(common, f, a, &given, &there);
	revoked_sources_clear(&given);
	revoked_sources_clear(&there);
	change_end(f, lock);
	return status;
}

const struct command cmd_revoke_add = {
	.name = "revoke add",
	.summary = "shut out a key or a certificate, at once",
	.arguments = "[KEY|FINGERPRINT|CERTIFICATE...]",
	.common = COMMON_REPORT | COMMON_HOST | COMMON_CHANGE,
	.options = add_options,
	.args_size = sizeof(struct edit_args),
	.examples = "  sudo sallyport revoke add anna.pub --reason 'laptop stolen'\n"
		    "  sudo sallyport revoke add SHA256:flOoSazPBUeqPdBNDB2RbbOZU/IuuIw4zJ5wd04Gz9c\n"
		    "  sudo sallyport revoke add --serial 1200-1299 --ca ca.pub --until 2027-01-31\n",
	.run = add_run,
	.clear = clear,
};

const struct command cmd_revoke_remove = {
	.name = "revoke remove",
	.summary = "let in again what was shut out",
	.arguments = "[KEY|FINGERPRINT|CERTIFICATE...]",
	.common = COMMON_REPORT | COMMON_HOST | COMMON_CHANGE,
	.options = remove_options,
	.args_size = sizeof(struct edit_args),
	.examples = "  sudo sallyport revoke remove anna.pub\n"
		    "  sudo sallyport revoke remove --id deploy@old-ci --ca ca.pub\n",
	.run = remove_run,
	.clear = clear,
};
