/* SPDX-License-Identifier: GPL-3.0-or-later */
/* plan.h - from what the rules want to the exact files that will change. */
#ifndef HARDEN_PLAN_H
#define HARDEN_PLAN_H

#include "audit/audit.h"
#include "base/file.h"
#include "harden/stage.h"

enum op_kind {
	OP_WRITE,  /* path gets content */
	OP_CHMOD,  /* path gets mode */
	OP_MKDIR,  /* path is made, 0755 */
	OP_REMOVE, /* path, which is a file, goes; undoing brings it back as it was */
};

/* One change of one path, with all that is needed to do it and to undo it. */
struct op {
	enum op_kind kind;
	char *path;   /* inside the root, symbolic links resolved */
	bool existed; /* false: undoing removes it */
	bool straight; /* others than root may change its folder: no link is followed, and what they put in the way stays */
	bool config; /* sshd reads it as configuration; others (a banner, a list of keys) go away only after the reload */
	char *old, *new; /* content; NULL for chmod and mkdir; new is "" for remove */
	size_t old_len, new_len;
	struct file_meta old_meta, new_meta; /* old_meta only where it existed */
	struct strings why;		     /* ids of rules */
};

/* A setting that must be in force when all is done: everywhere, or but for Match blocks that say otherwise. */
struct planned_value {
	enum sshd_keyword_id keyword;
	char *args;		 /* as it is written */
	struct strings expected; /* as sshd -T prints it */
	struct strings why;
	bool match_keeps;
	char *user; /* in force for this account alone: a line of its Match block; NULL: for everybody */
};

struct plan {
	struct op *ops; /* in the order in which they are done */
	size_t nops;
	struct planned_value *values;
	size_t nvalues;
	bool reload; /* sshd must read its configuration again */
};

/*
 * Our settings go into sshd_config.d/00-sallyport.conf beside the main file, which must
 * read it first: where it does not include the folder it gets that Include as its first line; before
 * OpenSSH 8.2 the main file itself is edited. Lines that would defeat a setting are edited
 * where they stand. The Match blocks of accounts go into sshd_config.d/00-sallyport-jails.conf in the same way, before
 * OpenSSH 8.4 into the main file. Changes of the same keyword are merged, the first one counts. The staged copy holds the
 * result. ERR_CONFIG: a setting cannot be made to hold, or the copy does not parse;
 * problems say which and why. Free with plan_free().
 */
MUST_USE enum err plan_build(const struct facts *f, const struct change *const *changes, size_t n, struct stage *s,
			     struct plan **out, struct diags *problems);
/* A plan that puts back the old state of another plan's ops; the stage is changed to match. */
MUST_USE enum err plan_reverse(const struct op *ops, size_t nops, struct stage *s, struct plan **out);
/* An empty plan, for changes of files that sshd does not read: plan_free(). */
MUST_USE enum err plan_new(struct plan **out);
/*
 * One more file with this content: nothing is added where it is so already. Of a file that is there owner, mode and attributes are
 * kept. first: it goes back in the first half of an undo (struct op).
 */
MUST_USE enum err plan_add_file(struct plan *p, const struct root *r, const char *path, const char *content,
				mode_t mode, bool first);
/*
 * One more file in a folder that others than root may change, as file_take_straight() gave it; its owner, mode and attributes are
 * kept. why: of struct op.
 */
MUST_USE enum err plan_add_straight(struct plan *p, const char *path, const struct file_state *was, const char *content,
				    size_t len, const char *why);
/* One more folder, 0755, where it is not there. */
MUST_USE enum err plan_add_folder(struct plan *p, const struct root *r, const char *path);
void plan_free(struct plan *p);
void op_clear(struct op *op);
MUST_USE enum err op_copy(const struct op *from, struct op *to); /* to is { 0 }; clear it also on failure */
/* A unified diff, "" where nothing differs; by diff(1). Of bytes that are no text only how many there are. */
MUST_USE enum err op_diff(const struct op *op, struct text *out);
const char *op_kind_text(enum op_kind kind);
bool op_has_content(const struct op *op);

#endif
