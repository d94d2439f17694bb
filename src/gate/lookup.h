/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lookup.h - the answer to a knock's question, by sshd's own files and sshd's own decision (sshd/access.h). */
#ifndef GATE_LOOKUP_H
#define GATE_LOOKUP_H

#include "base/diag.h"
#include "base/err.h"
#include "base/macros.h"
#include "base/root.h"
#include "gate/message.h"

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

struct lookup;

/*
 * One configuration of sshd on one system. sshd_config is read here and again whenever it, one of its Includes or a file beside
 * them has changed; everything else (accounts, keys, lists of revoked keys) is read anew for each question, so that nothing that
 * was revoked on disk a moment ago is taken. 'release' as in sshd_config_load(). ERR_CONFIG with problems: the configuration
 * has errors; lookup_answer() then says STAGE_UNKNOWN until it has none. r is borrowed.
 */
MUST_USE enum err lookup_new(const struct root *r, const char *sshd_config, unsigned release, struct lookup **out,
			     struct diags *problems);
void lookup_free(struct lookup *l);
/* Reads the configuration again if it changed. ERR_CONFIG as above. */
MUST_USE enum err lookup_refresh(struct lookup *l, struct diags *problems);
/* From the next lookup_refresh() on: while the configuration has errors, the last confirmed one (sshd/spare.h) decides. */
void lookup_spare(struct lookup *l);
bool lookup_by_spare(const struct lookup *l); /* it does now */
/* sshd was replaced: with the next lookup_refresh() the configuration is read as this release does. */
void lookup_release(struct lookup *l, unsigned release);

/*
 * Commands are run only where the memory (sshd/command_memory.h, borrowed) has no answer and allows it, and not longer than that.
 * Without it each question runs them, for up to five seconds.
 */
struct command_memory;
void lookup_remember(struct lookup *l, struct command_memory *m, int command_ms);

/*
 * Called once all files of an account have been read and before any of them is taken apart, in lookup_answer_files(): what account
 * owners write is no business of a process with rights.
 */
void lookup_confine(struct lookup *l, enum err (*confine)(void *context), void *context);

/*
 * Always fills *out, a refusal where something goes wrong. Reads files as sshd would, runs AuthorizedKeysCommand: may hang where
 * a home does, so the daemon asks in a child of its own. For a plain key the stages are KEY, USER, REVOKED, SIGNATURE
 * (a size or algorithm that sshd does not accept), POLICY, UNKNOWN; for a certificate also CA, CASIG, CERT, PRINCIPAL, CRITICAL.
 * Stages USER and KEY differ by whether lookup_known() was told of the key.
 */
void lookup_answer(struct lookup *l, const struct message_question *q, time_t now, struct message_answer *out);
/*
 * The same in its two parts, with a memory. First by files alone, and by what the memory has; true: a command that was not run could
 * know more. Then by commands and TrustedUserCAKeys, without the account's files.
 */
MUST_USE bool lookup_answer_files(struct lookup *l, const struct message_question *q, time_t now,
				  struct message_answer *out);
void lookup_answer_commands(struct lookup *l, const struct message_question *q, time_t now, struct message_answer *out);
/* Whether the configuration names a command at all: otherwise the first part is all. */
bool lookup_has_commands(const struct lookup *l);

/* Whether it is one that lookup_answer() may be asked: lengths, kinds, families, a name without odd characters. */
bool lookup_fits(const struct message_question *q);

/* Learns the ids of all keys of an account, so that a refusal can say that the key is somebody else's. */
MUST_USE enum err lookup_known(struct lookup *l, const char *user, time_t now);
/* One such id, of a key that an answer has named. At most 65,536 are kept. */
MUST_USE enum err lookup_learn(struct lookup *l, const uint8_t keyid[NATIVE_KEY_ID]);

#endif
