/* SPDX-License-Identifier: GPL-3.0-or-later */
/* finding.h - what a rule says of this host, and what it would change. */
#ifndef AUDIT_FINDING_H
#define AUDIT_FINDING_H

#include "audit/policy.h"
#include "base/err.h"
#include "base/macros.h"
#include "sshd/config.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

enum status { STATUS_PASS, STATUS_WARN, STATUS_FAIL, STATUS_ACCEPTED, STATUS_UNKNOWN, STATUS_SKIP };
#define STATUS_COUNT 6

struct evidence {
	char *file;    /* NULL: not about a file (the wire, an account) */
	unsigned line; /* 0: the whole file */
	char *text;    /* the line, or what was seen; escaped */
};

/* What harden would do about it. Which file and how is the plan's business (harden/plan.h). */
enum change_kind {
	CHANGE_SET,	 /* keyword gets args, globally and in every Match block that says otherwise */
	CHANGE_ADD,	 /* keyword and args become one more global line, whatever other lines say */
	CHANGE_WORD_ADD, /* the line of path gets args as one more word; lines count after the changes before this one */
	CHANGE_WORD_REMOVE, /* and loses that word, or is commented out with the last one */
	CHANGE_CREATE,	    /* path, which does not exist, gets content and mode */
	CHANGE_WRITE,	    /* path gets content, whether it exists or not; mode counts for a new file */
	CHANGE_REMOVE,	    /* path goes, where it is there: a file, and none of sshd's configuration */
	CHANGE_MODULI,	    /* path: comment out the groups below 'bits' */
	CHANGE_MODE,	    /* path gets mode */
	CHANGE_BLOCK, /* the account 'args' gets content as the lines of a Match block of its own, before all others; NULL: loses it */
};

/* Only the fields that its kind names are set. */
struct change {
	enum change_kind kind;
	enum sshd_keyword_id keyword;
	char *args; /* "no", "curve25519-sha256,..." */
	char *path;
	char *content;
	size_t len; /* of the content, which may have NULs then; 0: it ends at its NUL */
	mode_t mode;
	unsigned bits, line;
	bool match_keeps; /* CHANGE_SET: Match blocks that say otherwise keep their say */
	const char *rule; /* id of the rule that wants it; static */
};

struct finding {
	const struct rule *rule;
	enum status status;
	enum severity severity;
	char *detail; /* one or two sentences for people; NULL where the title says it all */
	char *reason; /* a few words for a line of the short report; NULL: the first evidence says it */
	struct evidence *evidence;
	size_t nevidence;
	struct change *changes; /* empty: nothing that harden can do by itself */
	size_t nchanges;
	char *fix;			     /* what to do, one line; NULL with pass */
	char *command;			     /* the exact command, or NULL */
	char *accepted_reason, *accepted_by; /* STATUS_ACCEPTED */
};

/* The texts are formatted, then escaped: words from files and accounts may go in as they are. */
MUST_USE enum err finding_evidence(struct finding *f, const char *file, unsigned line, const char *format, ...)
	FORMAT(4, 5);
MUST_USE enum err finding_detail(struct finding *f, const char *format, ...) FORMAT(2, 3); /* replaces an older one */
MUST_USE enum err finding_reason(struct finding *f, const char *format, ...) FORMAT(2, 3); /* the same */
MUST_USE enum err finding_fix(struct finding *f, const char *command, const char *format, ...)
	FORMAT(3, 4); /* the same; command may be NULL */
MUST_USE enum err finding_set(struct finding *f, enum sshd_keyword_id keyword, const char *args);
/* The same, but Match blocks that say otherwise keep their say. */
MUST_USE enum err finding_set_default(struct finding *f, enum sshd_keyword_id keyword, const char *args);
MUST_USE enum err finding_add(struct finding *f, enum sshd_keyword_id keyword, const char *args);
MUST_USE enum err finding_word_add(struct finding *f, const char *path, unsigned line, const char *word);
MUST_USE enum err finding_word_remove(struct finding *f, const char *path, unsigned line, const char *word);
MUST_USE enum err finding_create(struct finding *f, const char *path, const char *content, mode_t mode);
MUST_USE enum err finding_write(struct finding *f, const char *path, const char *content, mode_t mode);
MUST_USE enum err finding_moduli(struct finding *f, const char *path, unsigned bits);
MUST_USE enum err finding_mode(struct finding *f, const char *path, mode_t mode);
void finding_clear(struct finding *f);
const char *status_text(enum status s);
/* How this release spells the keyword: "ChallengeResponseAuthentication" before 8.7. Borrowed, static. */
const char *change_spelling(enum sshd_keyword_id keyword, unsigned release);

#endif
