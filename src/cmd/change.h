/* SPDX-License-Identifier: GPL-3.0-or-later */
/* change.h - the part that all commands share which change the system: plan, guards, question, transaction, answer. */
#ifndef CMD_CHANGE_H
#define CMD_CHANGE_H

#include "audit/facts.h"
#include "audit/finding.h"
#include "base/text.h"
#include "cmd/command.h"
#include "harden/guard.h"
#include "harden/transaction.h"

/* What became of a change whose caller answers for several of them. Start with { 0 }; clear with change_told_clear(). */
struct change_told {
	bool changed;	   /* or would, with --dry-run */
	struct text shown; /* the plan, with --dry-run */
	char *refused;	   /* the first guard that refuses, with its reason; NULL */
};

struct change_request {
	const char *what; /* for the history: "harden --step kex" */
	const struct change *const *changes;
	size_t n;
	const struct strings *keep;	 /* --keep, may be NULL */
	const struct strings *overrides; /* --override, may be NULL */
	uint64_t confirm_seconds;
	/*
	 * Without a timer, and also where nobody is known who must be kept: for what must not go back by itself and was proven by logins. It is
	 * refused when all the logins in the logs would be lost.
	 */
	bool at_once;
	bool one_account;    /* at_once: nobody's login can change by it but that of the account that it is about */
	const char *nothing; /* said when nothing would change */
	const struct revocation *revocation; /* a new list of revoked keys; NULL: there is none */
	/* More operations than the changes are, into the plan and its staged copy; NULL: none. What it returns is said as the plan's failure. */
	enum err (*extend)(void *arg, struct stage *s, struct plan *p);
	void *arg;
	/*
	 * What must stand before the configuration changes, and be shown to work in the staged copy: called once all is agreed, before
	 * anything is journalled. What is wrong is said in 'wrong', and that no transaction comes about, whoever calls undoes. NULL: nothing.
	 */
	enum err (*before)(void *arg, const struct stage *s, struct text *wrong);
	/* What follows once it is in force or (more_to_do) done, before it is answered. An exit status where that failed, with the error said. */
	int (*after)(void *arg);
	const char *undo;	  /* the command that undoes it; NULL: rollback */
	bool more_to_do;	  /* 'before' does something also where no file changes: no transaction then */
	const struct text *first; /* shown before the plan; NULL: nothing */
	const struct text *also;  /* lines that the text answer has besides, when it was done; NULL: none */
	struct change_told *told; /* nothing goes to standard output, the caller answers; NULL: it is answered here */
	const json_t *more;	  /* an object whose members the JSON answer has besides; NULL */
	const char *policy;	  /* by which the grade is given afterwards; NULL: the default */
};

#define CONFIRM_SECONDS_DEFAULT 300u

/* Takes the lock and gathers facts; ERR_NONE, or the error was said and *status is the exit status. Release with change_end(). */
MUST_USE enum err change_begin(const struct common_args *common, struct facts **facts, int *lock, int *status);
void change_end(struct facts *facts, int lock);
void change_told_clear(struct change_told *t);
/* Plan to answer. Returns the exit status. */
int change_run(const struct common_args *common, const struct facts *f, const struct change_request *q);
/* "--override" words must be guards. 0 or an exit status, the error said. */
int change_check_overrides(const struct strings *overrides);
/* For command_ask(): the seconds until a change that waits for its confirm goes back by itself; 0: none waits. */
unsigned long change_patience(const struct root *r);
/* "5m" -> seconds; NULL gives the default. 0 or an exit status, the error said. */
int change_confirm_within(const char *text, uint64_t *seconds);
/* Each guard that refuses or was overridden, with its reasons, on stderr. */
void change_say_guards(const struct guards *g);
/* One operation as a line, or with its whole diff where nothing is done (dry_run). */
MUST_USE enum err change_show_op(bool dry_run, const struct op *op, struct text *out);
/* {"op","path","why","diff","mode","owner"}; a new reference, NULL without memory. */
json_t *change_op_json(const struct op *op);
/* Why a transaction did not come about, and what became of it. Returns EXIT_TROUBLE. */
int change_say_failure(const struct transaction_outcome *o, enum err e);
/* [{"id","verdict","detail"}]; a new reference. */
json_t *change_guards_json(const struct guards *g);
/* "A 96/100": the grade as it is now; "" where it cannot be given. */
void change_grade(const struct common_args *common, const char *policy, char *out, size_t size);

#endif
