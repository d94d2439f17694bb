/* SPDX-License-Identifier: GPL-3.0-or-later */
/* index_job.h - one question in a process of its own, which may hang, die or lie without harm to the rest. */
#ifndef GATE_INDEX_JOB_H
#define GATE_INDEX_JOB_H

#include "base/err.h"
#include "base/macros.h"
#include "base/text.h"
#include "gate/lookup.h"
#include "sshd/command_memory.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* Who asked what; a copy. */
struct index_question {
	int asker; /* the socket to answer on */
	uint32_t id;
	uint64_t asked_ms;
	struct message_question question;
};

struct index_job {
	enum { JOB_FREE, JOB_RUNNING, JOB_LINGERING } state; /* lingering: killed, or done, and not yet gone */
	bool late;					     /* it was killed for the time it took */
	bool probe;					     /* of an account that hung before */
	bool charged;					     /* a command of it is taken from the rate */
	pid_t pid;
	int fd; /* where its report comes from */
	uint64_t started_ms;
	struct index_question from;
	struct text report;
};

/* Forks. 'others' are descriptors that the child must not keep. The memory must be marked and say what is allowed. ERR_SYSTEM. */
MUST_USE enum err index_job_start(struct index_job *j, const struct index_question *q, struct lookup *l,
				  struct command_memory *m, const int *others, size_t nothers, uint64_t now_ms);
/* Takes what has come. ERR_NONE: there will be more; ERR_CLOSED: that was all; ERR_TOO_BIG, ERR_SYSTEM: of no use. */
MUST_USE enum err index_job_read(struct index_job *j);
/*
 * The answer in a whole report, checked, and its news taken into the memory; 'ran': it has run commands. Otherwise ERR_SYNTAX, and
 * *out says STAGE_UNKNOWN.
 */
MUST_USE enum err index_job_answer(const struct index_job *j, struct command_memory *m, uint64_t now_ms,
				   struct message_answer *out, bool *ran);
/* Kills it, whether or not it is done. It lingers until index_job_reap(), which never waits. */
void index_job_end(struct index_job *j);
void index_job_reap(struct index_job *j);
bool index_job_is_for(const struct index_job *j, const struct message_question *q);

/* What goes before the news. */
struct index_report {
	struct message_answer answer;
	uint32_t ran, news;
};
/* From memory, for tests and fuzzing; as index_job_answer(). */
MUST_USE enum err index_report_parse(const void *bytes, size_t len, const struct message_question *q,
				     struct command_memory *m, uint64_t now_ms, struct message_answer *out, bool *ran);
/* An answer without one. */
void index_unknown(struct message_answer *out, const char *why);

#endif
