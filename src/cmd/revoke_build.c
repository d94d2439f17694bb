/* SPDX-License-Identifier: GPL-3.0-or-later */
/* revoke_build.c - revoke build: one list out of all that is written down, put where sshd looks. */
#include "cmd/revoke.h"

#include "base/message.h"
#include "cmd/change.h"
#include "harden/revocation.h"
#include "key/krl_write.h"
#include "sshd/version.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

#define IMPORTED REVOKED_FOLDER "/imported" REVOKED_SUFFIX
#define IMPORTED_HEAD "# What was in the list of revoked keys before sallyport made it from the files in this folder.\n"

struct build {
	const struct common_args *common;
	const struct facts *f;
	const struct revoke_request *q;
	struct revoke_list list;
	struct revoked_sources sources;
	struct text imported, krl; /* imported: the new content of that file; empty: nothing is taken over */
	time_t now;
};

static void build_clear(struct build *b)
{
	revoke_list_clear(&b->list);
	revoked_sources_clear(&b->sources);
	text_free(&b->imported);
	text_free(&b->krl);
}

/* ---- what was there before ---- */

static enum err read_imported(const struct build *b, struct text *out)
{
	char *content = NULL;
	size_t len = 0;
	struct stat st;
	enum err e = ERR_NONE;

	if (root_stat(b->f->root, IMPORTED, &st) == ERR_NONE)
		e = root_read(b->f->root, IMPORTED, REVOKED_SOURCE_MAX, &content, &len);
	if (!e)
		text_add_string(out, content ? content : IMPORTED_HEAD);
	free(content);
	return e ? e : text_check(out);
}

/* The sources once more, with those that were taken over. */
static int load_with(struct build *b, const struct text *imported)
{
	struct revoke_edit *all = calloc(b->q->n + 1, sizeof *all);
	int status;

	if (!all)
		return fail(ERR_MEMORY, "cannot take over '%s'", b->list.path);
	for (size_t i = 0; i < b->q->n; i++)
		all[i] = b->q->edits[i];
	all[b->q->n] = (struct revoke_edit){ .path = IMPORTED, .content = *imported };
	revoked_sources_clear(&b->sources);
	status = revoke_sources_load(b->f->root, all, b->q->n + 1, &b->sources);
	free(all);
	return status;
}

/* A list that was not made from sources alone: whom it shuts out must stay out, so they become sources. */
static int take_over(struct build *b)
{
	struct text content = { 0 }, reason = { 0 };
	size_t n = 0;
	int status = 0;
	enum err e;

	text_add(&reason, "it was in %s", b->list.path);
	if ((e = text_check(&reason)) || (e = read_imported(b, &content)) ||
	    (e = revoked_to_sources(b->list.r, &b->sources, reason.s, b->now, &content, &n))) {
		status = e == ERR_UNSUPPORTED
				 ? complain("%s: it revokes an empty key id, which no file in " REVOKED_FOLDER
					    " can say",
					    b->list.path)
				 : fail(e, "cannot take over '%s'", b->list.path);
	} else if (n && !(status = load_with(b, &content))) {
		inform("%s was not made from " REVOKED_FOLDER ": what it has is kept in %s (%zu).", b->list.path,
		       IMPORTED, n);
		b->imported = content;
		content = (struct text){ 0 };
	}
	text_free(&content);
	text_free(&reason);
	return status;
}

/* ---- the new list ---- */

/* Rising, also where the clock was set back. */
static uint64_t next_version(const struct build *b)
{
	uint64_t now = b->now > 0 ? (uint64_t)b->now : 1, old = b->list.summary.version;

	return now > old ? now : old < UINT64_MAX ? old + 1 : old;
}

static int make_list(struct build *b)
{
	const struct krl_head head = { next_version(b), (uint64_t)b->now, NULL };
	bool same;
	enum err e = revoke_list_is(&b->list, &b->sources, b->now, &same);

	if (!e && same)
		text_add_bytes(&b->krl, b->list.bytes, b->list.len);
	else if (!e)
		e = krl_compile(&b->sources, b->now, &head, &b->krl);
	if (!e)
		e = text_check(&b->krl);
	return e ? fail(e, "cannot make the list") : 0;
}

static int put_in_place(struct build *b)
{
	const struct revocation proof = { .path = b->list.path,
					  .krl = &b->krl,
					  .sources = &b->sources,
					  .now = b->now,
					  .release = b->f->release ? b->f->release : SSHD_NEWEST };
	const size_t most = b->q->n + 3;
	struct change *made = calloc(most, sizeof *made);
	const struct change **changes = calloc(most, sizeof *changes);
	struct change_request q = { .what = b->q->what,
				    .changes = changes,
				    .keep = b->q->keep,
				    .overrides = b->q->overrides,
				    .at_once = true,
				    .told = b->q->told,
				    .nothing = b->q->nothing,
				    .revocation = &proof };
	int status;

	if (!made || !changes) {
		status = fail(ERR_MEMORY, "cannot plan the change");
		goto out;
	}
	for (size_t i = 0; i < b->q->n; i++)
		made[q.n++] = (struct change){ .kind = CHANGE_WRITE,
					       .path = (char *)b->q->edits[i].path,
					       .content = (char *)text_string(&b->q->edits[i].content),
					       .mode = 0644 };
	if (b->imported.len)
		made[q.n++] = (struct change){
			.kind = CHANGE_WRITE, .path = (char *)IMPORTED, .content = b->imported.s, .mode = 0644
		};
	made[q.n++] = (struct change){
		.kind = CHANGE_WRITE, .path = b->list.path, .content = b->krl.s, .len = b->krl.len, .mode = 0644
	};
	if (!b->list.named)
		made[q.n++] = (struct change){ .kind = CHANGE_SET, .keyword = KW_REVOKEDKEYS, .args = b->list.path };
	for (size_t i = 0; i < q.n; i++)
		changes[i] = &made[i];
	status = change_run(b->common, b->f, &q);
out:
	free(changes);
	free(made);
	return status;
}

/* Match blocks may name other lists, which are their writer's business. */
static void warn_of_others(const struct build *b)
{
	const struct sshd_line **lines = NULL;
	size_t n = 0;

	if (sshd_lines_of(b->f->config, KW_REVOKEDKEYS, &lines, &n))
		return;
	for (size_t i = 0; i < n; i++)
		if (lines[i]->match && lines[i]->args.n && strcmp(lines[i]->args.v[0], b->list.path) != 0)
			warn("%s:%u names another list, which this one does not change: %s", lines[i]->file,
			     lines[i]->line, lines[i]->args.v[0]);
	free(lines);
}

int revoke_build(const struct common_args *common, const struct facts *f, const struct revoke_request *q)
{
	struct build b = { .common = common, .f = f, .q = q, .now = f->now };
	int status = revoke_list_read(f, &b.list);

	if (!status)
		status = revoke_sources_load(f->root, q->edits, q->n, &b.sources);
	if (!status && b.list.there && !b.list.ours)
		status = take_over(&b);
	if (!status && !(status = make_list(&b))) {
		warn_of_others(&b);
		status = put_in_place(&b);
	}
	build_clear(&b);
	return status;
}

/* ---- the command ---- */

struct build_args {
	struct strings keep, overrides;
};

static const struct option_row options[] = {
	{ "keep", 'k', OPTION_LIST, OPTION_AT(struct build_args, keep), "<user>[@<addr>]",
	  "this account must still get in" },
	{ "override", 0, OPTION_LIST, OPTION_AT(struct build_args, overrides), "<guard>",
	  "go on although this guard refuses" },
	{ 0 },
};

static void clear(void *args)
{
	struct build_args *a = args;

	strings_free(&a->keep);
	strings_free(&a->overrides);
}

static int run(const struct common_args *common, void *args, const struct strings *rest)
{
	const struct build_args *a = args;
	struct revoke_request q = { .what = "revoke build",
				    .keep = &a->keep,
				    .overrides = &a->overrides,
				    .nothing = "Nothing to change: the list is what is written down." };
	struct facts *f = NULL;
	int lock = -1, status;

	if ((status = change_check_overrides(&a->overrides)) || change_begin(common, &f, &lock, &status))
		return status;
	status = revoke_build(common, f, &q);
	change_end(f, lock);
	return status;
}

const struct command cmd_revoke_build = {
	.name = "revoke build",
	.summary = "make the list from what is written down, and put it in place",
	.arguments = "",
	.common = COMMON_REPORT | COMMON_HOST | COMMON_CHANGE,
	.options = options,
	.args_size = sizeof(struct build_args),
	.examples = "  sudo sallyport revoke build --dry-run   # is there anything to do?\n"
		    "  sudo sallyport revoke build             # tried by logins before it is in place\n",
	.run = run,
	.clear = clear,
};
