/* SPDX-License-Identifier: GPL-3.0-or-later */
/* plan.c - place the wanted settings, find what defeats them, and turn the staged copy into operations. */
#include "harden/plan.h"

#include "base/child.h"
#include "base/clock.h"
#include "harden/jail_block.h"
#include "moduli/moduli.h"
#include "sshd/edit.h"
#include "sshd/version.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/banned.h"

#define DROP_IN_NAME "00-sallyport.conf"
#define DROP_IN_HEAD \
	"# Settings of sallyport. sshd reads this file first, and the first value counts.\n" \
	"# See what they do: sallyport audit --all    Undo: sudo sallyport rollback\n"
#define INCLUDE_SINCE SSHD_RELEASE(8, 2)
#define BLOCKS_NAME "00-sallyport-jails.conf"
#define BLOCKS_HEAD \
	"# Accounts that live in a jail. sshd reads this file first, and the first Match block that fits counts.\n" \
	"# Made and changed by sallyport jail.\n"
#define BLOCKS_SINCE SSHD_RELEASE(8, 4) /* before, a Match block in such a file was never on */
#define FILE_MAX (1u << 20)		/* bytes of a file that is no configuration of sshd */
#define SETTLE_ROUNDS 64		/* each round mends one line at least; more means that two settings fight */

struct planner {
	const struct facts *facts;
	struct stage *stage;
	struct plan *plan;
	struct diags *problems;
	char *drop_in;		    /* path of the file that our settings go to */
	struct sshd_config *config; /* of the staged copy, read again after each edit */
	struct sshd_effective *effective;
	struct strings modes; /* paths of CHANGE_MODE, already made ops */
	bool edited;	      /* lines were changed one by one */
};

void op_clear(struct op *op)
{
	free(op->path);
	free(op->old);
	free(op->new);
	file_meta_free(&op->old_meta);
	file_meta_free(&op->new_meta);
	strings_free(&op->why);
	*op = (struct op){ 0 };
}

void plan_free(struct plan *p)
{
	if (!p)
		return;
	for (size_t i = 0; i < p->nops; i++)
		op_clear(&p->ops[i]);
	for (size_t i = 0; i < p->nvalues; i++) {
		free(p->values[i].args);
		free(p->values[i].user);
		strings_free(&p->values[i].expected);
		strings_free(&p->values[i].why);
	}
	free(p->ops);
	free(p->values);
	free(p);
}

const char *op_kind_text(enum op_kind kind)
{
	static const char *const names[] = {
		[OP_WRITE] = "write", [OP_CHMOD] = "chmod", [OP_MKDIR] = "mkdir", [OP_REMOVE] = "remove"
	};

	return names[kind];
}

bool op_has_content(const struct op *op)
{
	return op->kind == OP_WRITE || op->kind == OP_REMOVE;
}

static enum err why_add(struct strings *why, const char *rule)
{
	if (!rule || strings_has(why, rule))
		return ERR_NONE;
	return strings_add(why, rule);
}

static enum err why_add_all(struct strings *why, const struct strings *more)
{
	for (size_t i = 0; i < more->n; i++) {
		enum err e = why_add(why, more->v[i]);

		if (e)
			return e;
	}
	return ERR_NONE;
}

static char *copy_bytes(const char *bytes, size_t len)
{
	char *copy = malloc(len + 1);

	if (!copy)
		return NULL;
	memcpy(copy, bytes, len);
	copy[len] = '\0';
	return copy;
}

enum err op_copy(const struct op *from, struct op *to)
{
	enum err e;

	to->kind = from->kind;
	to->existed = from->existed;
	to->config = from->config;
	to->straight = from->straight;
	to->path = strdup(from->path);
	if (!to->path)
		return ERR_MEMORY;
	if ((e = file_meta_copy(&to->old_meta, &from->old_meta)) ||
	    (e = file_meta_copy(&to->new_meta, &from->new_meta)) || (e = strings_copy(&to->why, &from->why)) ||
	    !op_has_content(from))
		return e;
	to->old = copy_bytes(from->old, from->old_len);
	to->old_len = from->old_len;
	to->new = copy_bytes(from->new, from->new_len);
	to->new_len = from->new_len;
	return to->old && to->new ? ERR_NONE : ERR_MEMORY;
}

/* ---- values ---- */

/* How sshd -T will print "Keyword args" when it is in force. */
static enum err expected_value(const struct planner *p, struct planned_value *v)
{
	struct text line = { 0 };
	struct sshd_config *c = NULL;
	struct sshd_effective *e = NULL;
	struct diags ignored = { 0 };
	enum err err;

	text_add(&line, "%s %s\n", change_spelling(v->keyword, p->facts->release), v->args);
	if ((err = text_check(&line)) == ERR_NONE)
		err = sshd_config_parse(line.s, line.len, p->facts->release, &c, &ignored);
	if (err == ERR_CONFIG && ignored.n)
		diag_error(p->problems, NULL, 0, "the policy's '%s %s': %s",
			   change_spelling(v->keyword, p->facts->release), v->args, ignored.v[0].text);
	if (err == ERR_NONE && (err = sshd_effective(c, NULL, &e)) == ERR_NONE)
		err = strings_copy(&v->expected, sshd_values(e, v->keyword));
	sshd_effective_free(e);
	sshd_config_free(c);
	diags_free(&ignored);
	text_free(&line);
	return err;
}

static struct planned_value *value_find(const struct plan *p, enum sshd_keyword_id keyword)
{
	for (size_t i = 0; i < p->nvalues; i++)
		if (p->values[i].keyword == keyword && !p->values[i].user)
			return &p->values[i];
	return NULL;
}

/* user: NULL for everybody. */
static enum err value_new(struct planner *p, const struct change *c, const char *user)
{
	struct planned_value *values, *v;

	values = realloc(p->plan->values, (p->plan->nvalues + 1) * sizeof *values);
	if (!values)
		return ERR_MEMORY;
	p->plan->values = values;
	v = &values[p->plan->nvalues++];
	*v = (struct planned_value){ .keyword = c->keyword, .args = strdup(c->args), .match_keeps = c->match_keeps };
	v->user = user ? strdup(user) : NULL;
	if (!v->args || (user && !v->user) || why_add(&v->why, c->rule))
		return ERR_MEMORY;
	return expected_value(p, v);
}

static enum err value_add(struct planner *p, const struct change *c)
{
	struct planned_value *v = value_find(p->plan, c->keyword);

	return v ? why_add(&v->why, c->rule) : value_new(p, c, NULL);
}

/* ---- whole files ---- */

static struct op *op_new(struct plan *p)
{
	struct op *ops = realloc(p->ops, (p->nops + 1) * sizeof *ops);

	if (!ops)
		return NULL;
	p->ops = ops;
	ops[p->nops] = (struct op){ 0 };
	return &ops[p->nops++];
}

static enum err change_mode(struct planner *p, const struct change *c)
{
	struct op *op;
	int fd = -1;
	enum err e;

	if (strings_has(&p->modes, c->path))
		return ERR_NONE;
	if ((e = strings_add(&p->modes, c->path)))
		return e;
	op = op_new(p->plan);
	if (!op)
		return ERR_MEMORY;
	op->kind = OP_CHMOD;
	op->existed = true;
	if ((e = why_add(&op->why, c->rule)) || (e = root_resolve(p->facts->root, c->path, &op->path)) ||
	    (e = root_open_file(p->facts->root, op->path, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0, &fd)) ||
	    (e = file_meta_read(fd, &op->old_meta)) || (e = file_meta_copy(&op->new_meta, &op->old_meta)))
		goto out;
	op->new_meta.mode = c->mode;
out:
	file_close(fd);
	return e;
}

static enum err change_content(struct planner *p, const struct change *c)
{
	struct staged_file *f;
	enum err e = stage_file(p->stage, c->path, c->mode, &f);

	if (e || (c->kind == CHANGE_CREATE && f->existed))
		return e; /* somebody was faster: what is there stays */
	text_reset(&f->now);
	text_add_bytes(&f->now, c->content, c->len ? c->len : strlen(c->content));
	if ((e = why_add(&f->why, c->rule)))
		return e;
	return stage_put(p->stage, f);
}

static enum err change_remove(struct planner *p, const struct change *c)
{
	struct staged_file *f;
	struct stat st;
	enum err e;

	if (root_stat(p->facts->root, c->path, &st))
		return errno == ENOENT || errno == ENOTDIR ? ERR_NONE : ERR_SYSTEM;
	if ((e = stage_file(p->stage, c->path, 0, &f)) || (e = why_add(&f->why, c->rule)))
		return e;
	text_reset(&f->now);
	f->goes = true;
	return stage_put(p->stage, f);
}

static enum err change_moduli(struct planner *p, const struct change *c)
{
	struct staged_file *f;
	struct text out = { 0 };
	size_t changed;
	enum err e;

	if ((e = stage_file(p->stage, c->path, 0644, &f)))
		return e;
	e = moduli_comment_below(text_string(&f->now), f->now.len, c->bits, &out, &changed);
	if (e == ERR_RANGE) {
		diag_error(p->problems, c->path, 0,
			   "no group of %u bits or more would remain: make some first with ssh-keygen -M", c->bits);
		e = ERR_CONFIG;
	}
	if (e || !changed) {
		text_free(&out);
		return e;
	}
	text_free(&f->now);
	f->now = out;
	if ((e = why_add(&f->why, c->rule)))
		return e;
	return stage_put(p->stage, f);
}

/* ---- settings ---- */

static enum err reload_copy(struct planner *p)
{
	struct sshd_config *c = NULL;
	struct sshd_effective *eff = NULL;
	struct diags found = { 0 };
	enum err e;

	e = sshd_config_load(stage_root(p->stage), p->facts->config_path, p->facts->release, &c, &found);
	if (e == ERR_CONFIG)
		for (size_t i = 0; i < found.n; i++)
			if (!found.v[i].warning)
				diag_error(p->problems, found.v[i].file, found.v[i].line, "%s", found.v[i].text);
	diags_free(&found);
	if (e || (e = sshd_effective(c, NULL, &eff))) {
		sshd_config_free(c);
		return e;
	}
	sshd_effective_free(p->effective);
	sshd_config_free(p->config);
	p->config = c;
	p->effective = eff;
	return ERR_NONE;
}

/* Changes the line where it stands. */
static enum err edit_line(struct planner *p, const struct sshd_line *line, const struct planned_value *v)
{
	struct staged_file *f;
	enum err e;

	if ((e = stage_file(p->stage, line->file, 0, &f)) || (e = edit_set_args(&f->now, line->line, v->args)) ||
	    (e = why_add_all(&f->why, &v->why)))
		return e;
	return stage_put(p->stage, f);
}

/* The last global line of our own file that sets the keyword. */
static const struct sshd_line *own_line(const struct planner *p, enum sshd_keyword_id keyword)
{
	for (size_t i = p->config->nlines; i-- > 0;) {
		const struct sshd_line *l = &p->config->lines[i];

		if (l->keyword->id == keyword && !l->match && strcmp(l->file, p->drop_in) == 0)
			return l;
	}
	return NULL;
}

static enum err own_line_add(struct planner *p, enum sshd_keyword_id keyword, const char *args,
			     const struct strings *why)
{
	struct staged_file *f;
	struct text text = { 0 };
	enum err e;

	if ((e = stage_file(p->stage, p->drop_in, 0644, &f)))
		return e;
	text_add(&text, "%s %s", change_spelling(keyword, p->facts->release), args);
	if ((e = text_check(&text)) == ERR_NONE)
		e = edit_insert(&f->now, edit_global_end(&f->now), text.s);
	text_free(&text);
	if (e || (e = why_add_all(&f->why, why)))
		return e;
	return stage_put(p->stage, f);
}

static enum err own_file_set(struct planner *p, const struct planned_value *v)
{
	const struct sshd_line *line = p->config ? own_line(p, v->keyword) : NULL;

	return line ? edit_line(p, line, v) : own_line_add(p, v->keyword, v->args, &v->why);
}

static enum err own_file_name(struct planner *p)
{
	struct text path = { 0 };

	if (p->drop_in)
		return ERR_NONE;
	if (p->facts->release < INCLUDE_SINCE)
		text_add_string(&path, p->facts->config_path);
	else
		text_add(&path, "%s/sshd_config.d/" DROP_IN_NAME, stage_folder(p->stage));
	p->drop_in = text_take(&path);
	return p->drop_in ? ERR_NONE : ERR_MEMORY;
}

static enum err start_own_file(struct planner *p)
{
	struct staged_file *f;
	enum err e;

	if ((e = own_file_name(p)) || (e = stage_file(p->stage, p->drop_in, 0644, &f)) || f->existed || f->now.len)
		return e;
	text_add_string(&f->now, DROP_IN_HEAD);
	return stage_put(p->stage, f);
}

/* Its first line, or the block that this begins, stands in no other block. */
static bool is_read(const struct planner *p, const char *path)
{
	for (size_t i = 0; i < p->config->nlines; i++) {
		const struct sshd_line *l = &p->config->lines[i];

		if (strcmp(l->file, path) == 0)
			return !l->match || (strcmp(l->match->file, path) == 0 && !l->match->parent);
	}
	return false;
}

static bool own_file_is_read(const struct planner *p)
{
	return is_read(p, p->drop_in);
}

static enum err include_file(struct planner *p, const char *path)
{
	struct staged_file *main_file;
	struct text line = { 0 };
	enum err e;

	if ((e = stage_file(p->stage, p->facts->config_path, 0644, &main_file)))
		return e;
	text_add(&line, "Include %s", path);
	if ((e = text_check(&line)) == ERR_NONE)
		e = edit_insert(&main_file->now, 1, line.s);
	text_free(&line);
	for (size_t i = 0; e == ERR_NONE && i < p->plan->nvalues; i++)
		e = why_add_all(&main_file->why, &p->plan->values[i].why);
	if (e)
		return e;
	return stage_put(p->stage, main_file);
}

static enum err include_own_file(struct planner *p)
{
	return include_file(p, p->drop_in);
}

static bool value_holds(const struct strings *found, const struct planned_value *v)
{
	return strings_equal(found, &v->expected);
}

/* What a line in a Match block would come to, as sshd -T prints it, compared with the plan. */
static enum err line_agrees(const struct planner *p, const struct sshd_line *line, const struct planned_value *v,
			    bool *agrees)
{
	struct planned_value here = { .keyword = v->keyword };
	enum err e;

	here.args = strdup(line->rest);
	if (!here.args)
		return ERR_MEMORY;
	e = expected_value(p, &here);
	*agrees = e == ERR_NONE && strings_equal(&here.expected, &v->expected);
	free(here.args);
	strings_free(&here.expected);
	return e == ERR_MEMORY ? e : ERR_NONE;
}

/* Edits one line that stands in the way of v. *edited: whether there was one. */
static enum err mend_one(struct planner *p, const struct planned_value *v, bool *edited)
{
	const struct sshd_line *by;

	*edited = false;
	if (v->user) /* of an account's own block, which stands before all that could say otherwise */
		return ERR_NONE;
	for (size_t i = 0; i < p->config->nlines; i++) {
		const struct sshd_line *l = &p->config->lines[i];
		bool agrees;
		enum err e;

		if (!l->match || l->keyword->id != v->keyword || v->match_keeps)
			continue;
		if ((e = line_agrees(p, l, v, &agrees)))
			return e;
		if (!agrees) {
			*edited = true;
			return edit_line(p, l, v);
		}
	}
	if (value_holds(sshd_values(p->effective, v->keyword), v))
		return ERR_NONE;
	by = sshd_decider(p->effective, v->keyword);
	if (!by)
		return ERR_NONE;
	*edited = true;
	return edit_line(p, by, v);
}

/* Until nothing stands in the way of v. */
static enum err mend(struct planner *p, const struct planned_value *v)
{
	bool edited = true;

	for (unsigned round = 0; edited && round < SETTLE_ROUNDS; round++) {
		enum err e = mend_one(p, v, &edited);

		if (e || (edited && (e = reload_copy(p))))
			return e;
	}
	return ERR_NONE;
}

static enum err settle(struct planner *p)
{
	for (unsigned round = 0; round < SETTLE_ROUNDS; round++) {
		bool any = false;

		for (size_t i = 0; i < p->plan->nvalues; i++) {
			bool edited;
			enum err e = mend_one(p, &p->plan->values[i], &edited);

			if (e || (edited && (e = reload_copy(p))))
				return e;
			any = any || edited;
		}
		if (!any)
			return ERR_NONE;
	}
	return ERR_NONE; /* check_values() says what does not hold */
}

static enum err check_values(struct planner *p)
{
	bool good = true;

	for (size_t i = 0; i < p->plan->nvalues; i++) {
		const struct planned_value *v = &p->plan->values[i];
		const struct sshd_line *by = sshd_decider(p->effective, v->keyword);

		if (v->user || value_holds(sshd_values(p->effective, v->keyword), v))
			continue;
		good = false;
		diag_error(p->problems, by ? by->file : NULL, by ? by->line : 0, "%s %s cannot be made to hold here",
			   change_spelling(v->keyword, p->facts->release), v->args);
	}
	return good ? ERR_NONE : ERR_CONFIG;
}

static bool has_global_values(const struct plan *p)
{
	for (size_t i = 0; i < p->nvalues; i++)
		if (!p->values[i].user)
			return true;
	return false;
}

static enum err place_values(struct planner *p)
{
	enum err e;

	if (!has_global_values(p->plan))
		return ERR_NONE;
	if ((e = start_own_file(p)) || (e = reload_copy(p)))
		return e;
	/* each is in force before the next is set: AuthenticationMethods is refused while what it wants is still off */
	for (size_t i = 0; i < p->plan->nvalues; i++) {
		if (p->plan->values[i].user)
			continue;
		if ((e = own_file_set(p, &p->plan->values[i])) || (e = reload_copy(p)))
			return e;
		if (!own_file_is_read(p) && ((e = include_own_file(p)) || (e = reload_copy(p))))
			return e;
		if ((e = mend(p, &p->plan->values[i])))
			return e;
	}
	if ((e = settle(p)))
		return e;
	return check_values(p);
}

/* ---- lists, whose lines add up ---- */

static bool is_own(const struct planner *p, const char *path)
{
	return strcmp(path, p->drop_in) == 0 && strcmp(path, p->facts->config_path) != 0;
}

/* Without its last word a line would be refused: then it goes, or stays as a comment with the word. */
static enum err remove_word(const struct planner *p, const struct change *c, struct text *content)
{
	struct text shorter = { 0 };
	size_t left = 0;
	enum err e;

	text_add_bytes(&shorter, text_string(content), content->len);
	if ((e = text_check(&shorter)) == ERR_NONE)
		e = edit_remove_word(&shorter, c->line, c->args, &left);
	if (e == ERR_NONE && left) {
		text_free(content);
		*content = shorter;
		return ERR_NONE;
	}
	text_free(&shorter);
	if (e)
		return e;
	return is_own(p, c->path) ? edit_remove(content, c->line) : edit_comment_out(content, c->line, NULL);
}

static enum err change_word(struct planner *p, const struct change *c)
{
	struct staged_file *f;
	enum err e;

	p->edited = true;
	if ((e = own_file_name(p)) || (e = stage_file(p->stage, c->path, 0644, &f)))
		return e;
	if (c->kind == CHANGE_WORD_ADD)
		e = edit_add_word(&f->now, c->line, c->args);
	else
		e = remove_word(p, c, &f->now);
	if (e || (e = why_add(&f->why, c->rule)))
		return e;
	return stage_put(p->stage, f);
}

static enum err change_add(struct planner *p, const struct change *c)
{
	struct strings why = { 0 };
	enum err e;

	p->edited = true;
	if ((e = why_add(&why, c->rule)) || (e = start_own_file(p)) ||
	    (e = own_line_add(p, c->keyword, c->args, &why)) || (e = reload_copy(p)) || own_file_is_read(p))
		goto out;
	if ((e = include_own_file(p)) == ERR_NONE)
		e = reload_copy(p);
out:
	strings_free(&why);
	return e;
}

/* ---- Match blocks of accounts ---- */

static enum err blocks_path(const struct planner *p, char **path)
{
	struct text name = { 0 };

	if (p->facts->release < BLOCKS_SINCE)
		text_add_string(&name, p->facts->config_path);
	else
		text_add(&name, "%s/sshd_config.d/" BLOCKS_NAME, stage_folder(p->stage));
	*path = text_take(&name);
	return *path ? ERR_NONE : ERR_MEMORY;
}

static enum err blocks_file(struct planner *p, const char *path, struct staged_file **out)
{
	enum err e = stage_file(p->stage, path, 0644, out);

	if (!e && !(*out)->existed && !(*out)->now.len)
		text_add_string(&(*out)->now, BLOCKS_HEAD);
	return e;
}

/* Each line must be in force for the account. */
static enum err block_values(struct planner *p, const struct change *c)
{
	struct sshd_config *lines = NULL;
	struct diags problems = { 0 };
	enum err e = sshd_config_parse(c->content, strlen(c->content), p->facts->release, &lines, &problems);

	if (e == ERR_CONFIG && problems.n)
		diag_error(p->problems, NULL, 0, "the block of %s: %s", c->args, problems.v[0].text);
	for (size_t i = 0; !e && i < lines->nlines; i++) {
		const struct sshd_line *l = &lines->lines[i];
		const struct change one = { .keyword = l->keyword->id, .args = l->rest, .rule = c->rule };

		e = value_new(p, &one, c->args);
	}
	sshd_config_free(lines);
	diags_free(&problems);
	return e;
}

static enum err change_block(struct planner *p, const struct change *c)
{
	struct staged_file *f;
	char *path = NULL;
	struct stat st;
	enum err e = blocks_path(p, &path);

	if (e || (!c->content && root_stat(p->facts->root, path, &st)))
		goto out; /* where there is no file there is nothing to take out */
	p->edited = true;
	if ((e = blocks_file(p, path, &f)) || (e = jail_block_put(&f->now, c->args, c->content)) ||
	    (e = why_add(&f->why, c->rule)) || (e = stage_put(p->stage, f)) || !c->content ||
	    (e = block_values(p, c)) || (e = reload_copy(p)) || is_read(p, path))
		goto out;
	if (!(e = include_file(p, path)))
		e = reload_copy(p);
out:
	free(path);
	return e;
}

/* The first value counts among Match blocks: one in a file that is read before ours would win. */
static enum err check_block(struct planner *p, const struct planned_value *v, bool *good)
{
	struct account *a = NULL;
	struct sshd_connection who = {
		.user = v->user, .host = "127.0.0.1", .addr = "127.0.0.1", .laddr = "127.0.0.1", .lport = 22
	};
	struct sshd_effective *found = NULL;
	const struct sshd_line *by;
	enum err e = account_find(p->facts->root, v->user, &a);

	if (e == ERR_MEMORY)
		return e;
	if (!e)
		who.groups = &a->groups;
	if (!(e = sshd_effective(p->config, &who, &found)) && !value_holds(sshd_values(found, v->keyword), v)) {
		by = sshd_decider(found, v->keyword);
		*good = false;
		diag_error(p->problems, by ? by->file : NULL, by ? by->line : 0,
			   "%s %s cannot be made to hold for %s here: this line comes before it",
			   change_spelling(v->keyword, p->facts->release), v->args, v->user);
	}
	sshd_effective_free(found);
	account_free(a);
	return e;
}

static enum err check_blocks(struct planner *p)
{
	bool good = true;
	enum err e = ERR_NONE;

	for (size_t i = 0; !e && i < p->plan->nvalues; i++)
		if (p->plan->values[i].user)
			e = check_block(p, &p->plan->values[i], &good);
	return e ? e : good ? ERR_NONE : ERR_CONFIG;
}

/* ---- all changes ---- */

static enum err take_changes(struct planner *p, const struct change *const *changes, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const struct change *c = changes[i];
		enum err e = ERR_NONE;

		switch (c->kind) {
		case CHANGE_SET: e = value_add(p, c); break;
		case CHANGE_ADD: e = change_add(p, c); break;
		case CHANGE_WORD_ADD:
		case CHANGE_WORD_REMOVE: e = change_word(p, c); break;
		case CHANGE_CREATE:
		case CHANGE_WRITE: e = change_content(p, c); break;
		case CHANGE_REMOVE: e = change_remove(p, c); break;
		case CHANGE_MODULI: e = change_moduli(p, c); break;
		case CHANGE_MODE: e = change_mode(p, c); break;
		case CHANGE_BLOCK: e = change_block(p, c); break;
		}
		if (e)
			return e;
	}
	return ERR_NONE;
}

/* ---- operations ---- */

static enum err op_meta(const struct root *r, const char *path, struct op *op)
{
	struct timespec now;
	int fd = -1;
	enum err e;

	if ((e = root_open_file(r, path, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0, &fd)) == ERR_NONE &&
	    (e = file_meta_read(fd, &op->old_meta)) == ERR_NONE)
		e = file_meta_copy(&op->new_meta, &op->old_meta);
	file_close(fd);
	clock_gettime(CLOCK_REALTIME, &now);
	op->new_meta.mtime = op->new_meta.atime = now;
	return e;
}

static bool is_config(const struct planner *p, const char *path)
{
	const struct sshd_config *c = p->config ? p->config : p->facts->config;

	for (size_t i = 0; i < c->nfiles; i++)
		if (strcmp(c->files[i].path, path) == 0)
			return true;
	return false;
}

enum err plan_new(struct plan **out)
{
	*out = calloc(1, sizeof **out);
	return *out ? ERR_NONE : ERR_MEMORY;
}

static bool is_missing(enum err e)
{
	return e == ERR_NOT_FOUND || (e == ERR_SYSTEM && errno == ENOENT);
}

enum err plan_add_file(struct plan *p, const struct root *r, const char *path, const char *content, mode_t mode,
		       bool first)
{
	char *old = NULL, *real = NULL;
	size_t len = 0;
	struct op *op;
	enum err e = root_read(r, path, FILE_MAX, &old, &len);
	bool existed = e == ERR_NONE;

	if (e && !is_missing(e))
		return e;
	if (existed && len == strlen(content) && memcmp(old, content, len) == 0) {
		free(old);
		return ERR_NONE;
	}
	e = root_resolve(r, path, &real);
	if (is_missing(e)) /* its folder is still to be made */
		e = (real = strdup(path)) ? ERR_NONE : ERR_MEMORY;
	if (e) {
		free(old);
		return e;
	}
	if (!(op = op_new(p))) {
		free(old);
		free(real);
		return ERR_MEMORY;
	}
	op->kind = OP_WRITE;
	op->existed = existed;
	op->config = first;
	op->path = real;
	op->old = existed ? old : copy_bytes("", 0);
	op->old_len = len;
	op->new = copy_bytes(content, strlen(content));
	op->new_len = strlen(content);
	op->new_meta.mode = mode;
	if (!op->old || !op->new)
		return ERR_MEMORY;
	return existed ? op_meta(r, op->path, op) : ERR_NONE;
}

enum err plan_add_straight(struct plan *p, const char *path, const struct file_state *was, const char *content,
			   size_t len, const char *why)
{
	struct op *op = op_new(p);
	struct timespec now;
	enum err e;

	if (!op)
		return ERR_MEMORY;
	op->kind = OP_WRITE;
	op->existed = op->straight = true;
	op->path = strdup(path);
	op->old = copy_bytes(was->content, was->len);
	op->old_len = was->len;
	op->new = copy_bytes(content, len);
	op->new_len = len;
	if (!op->path || !op->old || !op->new)
		return ERR_MEMORY;
	if ((e = file_meta_copy(&op->old_meta, was->meta)) || (e = file_meta_copy(&op->new_meta, was->meta)))
		return e;
	clock_gettime(CLOCK_REALTIME, &now);
	op->new_meta.mtime = op->new_meta.atime = now;
	return why_add(&op->why, why);
}

enum err plan_add_folder(struct plan *p, const struct root *r, const char *path)
{
	struct stat st;
	struct op *op;
	enum err e = root_stat(r, path, &st);

	if (!is_missing(e))
		return e;
	if (!(op = op_new(p)))
		return ERR_MEMORY;
	op->kind = OP_MKDIR;
	op->path = strdup(path);
	op->new_meta.mode = 0755;
	return op->path ? ERR_NONE : ERR_MEMORY;
}

static enum err op_from_file(struct planner *p, const struct staged_file *f)
{
	struct op *op = op_new(p->plan);
	enum err e;

	if (!op)
		return ERR_MEMORY;
	op->kind = f->goes ? OP_REMOVE : OP_WRITE;
	op->existed = f->existed;
	op->config = is_config(p, f->path);
	op->path = strdup(f->real);
	op->old = copy_bytes(f->old, f->old_len);
	op->old_len = f->old_len;
	op->new = copy_bytes(text_string(&f->now), f->now.len);
	op->new_len = f->now.len;
	if (!op->path || !op->old || !op->new)
		return ERR_MEMORY;
	if ((e = strings_copy(&op->why, &f->why)))
		return e;
	if (f->existed)
		return op_meta(p->facts->root, f->real, op);
	op->new_meta.mode = f->mode;
	return ERR_NONE;
}

static bool op_exists(const struct plan *p, enum op_kind kind, const char *path)
{
	for (size_t i = 0; i < p->nops; i++)
		if (p->ops[i].kind == kind && strcmp(p->ops[i].path, path) == 0)
			return true;
	return false;
}

static enum err op_for_one_folder(struct planner *p, const char *dir, const struct strings *why)
{
	struct op *op = op_new(p->plan);

	if (!op)
		return ERR_MEMORY;
	op->kind = OP_MKDIR;
	op->new_meta.mode = 0755;
	op->path = strdup(dir);
	return op->path ? strings_copy(&op->why, why) : ERR_MEMORY;
}

/* The folders of a new file that are missing, the outermost first: sshd_config.d on a host that never had one. */
static enum err op_for_folder(struct planner *p, const struct staged_file *f)
{
	char *dir = strdup(f->real);
	enum err e = dir ? ERR_NONE : ERR_MEMORY;

	for (char *slash = dir ? strchr(dir + 1, '/') : NULL; slash && !e; slash = strchr(slash + 1, '/')) {
		struct stat st;

		*slash = '\0';
		if (root_stat(p->facts->root, dir, &st) && !op_exists(p->plan, OP_MKDIR, dir))
			e = op_for_one_folder(p, dir, &f->why);
		*slash = '/';
	}
	free(dir);
	return e;
}

enum pass { NEW_FILES, FILES_THAT_CHANGE, FILES_THAT_GO };

static bool is_of_pass(const struct staged_file *f, enum pass pass)
{
	return pass == NEW_FILES ? !f->existed : f->existed && f->goes == (pass == FILES_THAT_GO);
}

static enum err make_ops(struct planner *p, enum pass pass)
{
	for (size_t i = 0; i < stage_count(p->stage); i++) {
		const struct staged_file *f = stage_at(p->stage, i);
		enum err e;

		if (!is_of_pass(f, pass) || !staged_file_changed(f) || op_exists(p->plan, OP_WRITE, f->real) ||
		    op_exists(p->plan, OP_REMOVE, f->real))
			continue;
		if ((pass == NEW_FILES && (e = op_for_folder(p, f))) || (e = op_from_file(p, f)))
			return e;
	}
	return ERR_NONE;
}

static void planner_clear(struct planner *p)
{
	sshd_effective_free(p->effective);
	sshd_config_free(p->config);
	strings_free(&p->modes);
	free(p->drop_in);
}

enum err plan_build(const struct facts *f, const struct change *const *changes, size_t n, struct stage *s,
		    struct plan **out, struct diags *problems)
{
	struct planner p = { .facts = f, .stage = s, .problems = problems };
	enum err e;

	p.plan = calloc(1, sizeof *p.plan);
	if (!p.plan)
		return ERR_MEMORY;
	/* New files first, and what goes last: a configuration must never name a file that is not there yet, or any more. */
	if ((e = take_changes(&p, changes, n)) || (p.edited && (e = reload_copy(&p))) || (e = place_values(&p)) ||
	    (e = check_blocks(&p)) || (e = make_ops(&p, NEW_FILES)) || (e = make_ops(&p, FILES_THAT_CHANGE)) ||
	    (e = make_ops(&p, FILES_THAT_GO)))
		goto fail;
	p.plan->reload = p.plan->nvalues > 0 || p.edited;
	planner_clear(&p);
	*out = p.plan;
	return ERR_NONE;
fail:
	planner_clear(&p);
	plan_free(p.plan);
	return e;
}

/* Swaps the sides. */
static void op_reverse(struct op *op)
{
	char *content = op->old;
	size_t len = op->old_len;
	struct file_meta meta = op->old_meta;

	if (op->kind == OP_REMOVE) {
		op->kind = OP_WRITE;
		op->existed = false;
	}
	op->old = op->new;
	op->old_len = op->new_len;
	op->old_meta = op->new_meta;
	op->new = content;
	op->new_len = len;
	op->new_meta = meta;
}

/* Shows the old content in the copy. A file that goes away again is staged empty, which sshd reads like a missing drop-in. */
static enum err stage_old(struct stage *s, const struct op *op)
{
	struct staged_file *f = NULL;
	enum err e;

	for (size_t i = 0; i < stage_count(s) && !f; i++)
		if (strcmp(stage_at(s, i)->real, op->path) == 0)
			f = stage_at(s, i);
	if (!f && (e = stage_file(s, op->path, 0644, &f)))
		return e;
	text_reset(&f->now);
	text_add_bytes(&f->now, op->old, op->old_len);
	return stage_put(s, f);
}

enum err plan_reverse(const struct op *ops, size_t nops, struct stage *s, struct plan **out)
{
	struct plan *p = calloc(1, sizeof *p);
	enum err e = ERR_NONE;

	if (!p)
		return ERR_MEMORY;
	p->reload = true;
	for (size_t i = nops; e == ERR_NONE && i-- > 0;) {
		struct op *op = op_new(p);

		e = op ? op_copy(&ops[i], op) : ERR_MEMORY;
		if (e == ERR_NONE)
			op_reverse(op);
		if (e == ERR_NONE && op_has_content(&ops[i]) && s)
			e = stage_old(s, &ops[i]);
	}
	if (e) {
		plan_free(p);
		return e;
	}
	*out = p;
	return ERR_NONE;
}

/* ---- diff ---- */

/* diff(1) would say no more, and call it trouble. */
static bool is_binary(const char *content, size_t len)
{
	return content && memchr(content, 0, len);
}

static enum err binary_diff(const struct op *op, struct text *out)
{
	if (op->existed)
		text_add(out, "binary: %zu bytes instead of %zu\n", op->new_len, op->old_len);
	else
		text_add(out, "binary: %zu bytes\n", op->new_len);
	return text_check(out);
}

/* Bytes in memory under a name that another process can open: "/proc/PID/fd/N". */
static enum err lend(const char *content, size_t len, int *fd, char name[32])
{
	int lent = memfd_create("sallyport-diff", MFD_CLOEXEC);
	enum err e;

	if (lent < 0)
		return ERR_SYSTEM;
	if ((e = file_write_all(lent, content, len))) {
		file_close(lent);
		return e;
	}
	snprintf(name, 32, "/proc/%ld/fd/%d", (long)getpid(), lent);
	*fd = lent;
	return ERR_NONE;
}

enum err op_diff(const struct op *op, struct text *out)
{
	char old[32], new[32];
	const char *was = op->existed ? op->path : "/dev/null", *is = op->kind == OP_REMOVE ? "/dev/null" : op->path;
	const char *argv[] = { "diff", "-u", "--label", was, "--label", is, old, new, NULL };
	struct child_result r = { 0 };
	int old_fd = -1, new_fd = -1;
	enum err e;

	if (!op_has_content(op))
		return ERR_NONE;
	if (is_binary(op->old, op->old_len) || is_binary(op->new, op->new_len))
		return binary_diff(op, out);
	if ((e = lend(op->old, op->old_len, &old_fd, old)) == ERR_NONE &&
	    (e = lend(op->new, op->new_len, &new_fd, new)) == ERR_NONE)
		e = child_run(argv, NULL, 10000, 16u << 20, &r);
	if (e == ERR_NONE && r.status > 1)
		e = ERR_CHILD;
	if (e == ERR_NONE)
		text_add_bytes(out, text_string(&r.out), r.out.len);
	child_result_free(&r);
	file_close(old_fd);
	file_close(new_fd);
	return e ? e : text_check(out);
}
