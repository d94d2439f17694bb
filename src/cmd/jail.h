/* SPDX-License-Identifier: GPL-3.0-or-later */
/* jail.h - what the sub-commands of jail share. */
#ifndef CMD_JAIL_H
#define CMD_JAIL_H

#include "audit/facts.h"
#include "base/diag.h"
#include "cmd/command.h"
#include "jail/build.h"
#include "jail/manifest.h"

#include <jansson.h>
#include <stdbool.h>

extern const struct command cmd_jail_create, cmd_jail_update, cmd_jail_check, cmd_jail_list, cmd_jail_remove;

/* 0, or an exit status after it was said what is odd about the name. */
int jail_check_name(const char *user);
/* Only the configuration. 0, or an exit status with the error said. Free with facts_free(). */
int jail_facts(const struct common_args *common, struct facts **out);
/* 0; EXIT_NO: there is none; EXIT_TROUBLE. The error was said. Clear in every case. */
int jail_read(const struct common_args *common, const struct root *r, const char *user, struct manifest *out);
#define JAIL_LOCK_SECONDS 60
/* build_lock(), waiting so long for whoever has it, which is said. */
MUST_USE enum err jail_lock(const struct root *r, unsigned seconds, int *lock);
/* Says why the jails cannot be listed; returns EXIT_TROUBLE. */
int jail_list_failed(enum err e);
/*
 * The users that are meant: those named, or all 'there', who have a jail; each named one is checked. Nobody named and not all: an error. 0, or
 * an exit status with the error said.
 */
int jail_users(const struct common_args *common, const struct strings *there, const struct strings *named, bool all,
	       struct strings *out);
/* Warnings as such, errors with "sallyport: " in front. */
void jail_say_problems(const struct diags *problems);
/* {"user","dir","home","shell","sftp_only","with"}; a new reference. */
json_t *jail_json(const struct jail *j);
/* Indented, a line each with the mark in front ('+', '-', '~'); of many the first, and how many more there are. */
void jail_add_paths(const struct strings *paths, char mark, struct text *out);
/* "14.2 MB" */
void jail_add_size(unsigned long long bytes, struct text *out);
/* "anna's shell /bin/bash with coreutils, git", "sftp only" */
void jail_add_kind(const struct jail *j, struct text *out);

/* ---- a manifest that is damaged or gone ---- */

struct jail_lost {
	struct text file, problem; /* the manifest, and what is wrong with it */
	struct jail
		jail; /* as its Match block, its tree and the account tell; dir NULL: nothing does. Without 'with' */
	struct text unknown; /* why that cannot be told to be our jail, half a sentence; "": it is ours */
};

/* ERR_NOT_FOUND: no jail of that user's is lost: it has a sound manifest, or there is none. *out is to be cleared. */
MUST_USE enum err jail_lost_find(const struct facts *f, const char *user, struct jail_lost *out);
void jail_lost_clear(struct jail_lost *l);
/*
 * A line on what of a jail's tree would be kept, where anything would. ours: the rows that are not; NULL: not known. stays: the tree is made
 * sound, else it goes. ERR_CONFIG: it was said what is in the way.
 */
MUST_USE enum err jail_count_kept(const struct facts *f, const struct jail *j, const struct entries *ours, bool stays,
				  struct text *out);
/* Says that nothing can be done with it, and why. EXIT_NO. */
int jail_lost_unknown(const struct jail_lost *l, const char *user);
/* why, half a sentence, where that folder is the jail of another user, lies in it or has it in it. A block that was changed by hand may, too. */
MUST_USE enum err jail_check_place(const struct facts *f, const char *user, const char *dir, struct text *why);
/* The users that have a manifest or a Match block of ours, sorted. */
MUST_USE enum err jail_all_users(const struct facts *f, struct strings *out);

/* ---- accounts ---- */

struct account;

/* Neither root nor one that administers; which one that is, is said in why. false: let in only by --override lockout. */
bool jail_account_is_plain(const struct facts *f, const struct account *a, struct text *why);
/* Warns where the account is let in from nowhere as things are (no second factor, an expired account, AllowUsers). */
void jail_account_warn(const struct common_args *common, const char *user);
/* Ids for a new account that nobody has, into j. ERR_RANGE: there are none left. */
MUST_USE enum err jail_account_choose(const struct root *r, struct jail *j);
/*
 * The account with the ids, the home and the shell of j, without a password. wrong: why not; *made: it is there, or a part of it may be.
 * ERR_MEMORY.
 */
MUST_USE enum err jail_account_make(const struct root *r, const struct jail *j, bool *made, struct text *wrong);
/*
 * 0 where the account of that name is the one that jail_account_make() made, or there is none; else an exit status with the error said, as
 * in another system's files.
 */
int jail_account_check(const struct root *r, const struct manifest *m);
/*
 * The one of jail_account_check(), with what a useradd or userdel that was cut off has left of it. None there: ERR_NONE. Somebody else's of that
 * name stays, with a warning: ERR_NONE. ERR_CHILD: userdel did not. On the running system only.
 */
MUST_USE enum err jail_account_remove(const struct root *r, const struct manifest *m);
/* The same of a jail that was being made or taken away: what somebody may have made since by hand stays, too. */
MUST_USE enum err jail_account_undo(const struct root *r, const struct manifest *m);

/* ---- the place ---- */

/* Whether a jail may be there, by the path alone. 0, or an exit status with the error said. */
int jail_check_dir(const char *dir);
/* Whether the file system of m's place, where nothing is yet, can take what is to be copied to it. The same. */
int jail_check_room(const struct root *r, const struct manifest *m);

/* ---- keys ---- */

/* Beside the configuration: "/etc/ssh/authorized_keys.d/anna". Yours. */
MUST_USE enum err jail_keys_path(const struct facts *f, const char *user, char **out);
/* What goes there. Start with { 0 }. */
struct jail_keys {
	struct text content;
	bool stood;  /* there were keys in the file */
	bool unsure; /* only root can tell which of them let the account in now; all are kept here */
	struct strings
		left_out; /* of those: what lets nobody in now, "SHA256:... comment", a comment in the file from now on */
};
/*
 * While the jail is in force: what stands there already. Else the keys by which the account (NULL: it is new) gets in until now, whether they
 * stand there or not; others that stand there would let somebody in again who was shut out since, and become comments. In any case those of
 * the files that are given. 0, or an exit status with the error said.
 */
int jail_keys_gather(const struct facts *f, const struct account *a, const char *path, const struct strings *files,
		     bool in_force, struct jail_keys *out);
void jail_keys_clear(struct jail_keys *k);

/* Whether a file that is there has a key in it. */
bool jail_keys_are_there(const struct root *r, const char *path);
/* Whether it is a file that has nothing but the comment that we write into it, so that nobody misses it. */
bool jail_keys_are_gone(const struct root *r, const char *path, const char *user);

/* ---- recovery ---- */

/*
 * Finishes what a crash left of jails, when the transactions are recovered. The caller holds journal_lock(). 'config' (NULL: nobody said), the
 * configuration that was changed last and sshd's own decide, and where one of them cannot be read nothing is done: why may get what is wrong.
 */
MUST_USE enum err jail_recover(const struct root *r, const char *config, struct build_recovery **done, size_t *n,
			       struct text *why);

#endif
