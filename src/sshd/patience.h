/* SPDX-License-Identifier: GPL-3.0-or-later */
/* patience.h - run what may never come back (a directory behind NSS), and wait for it only so long. */
#ifndef SSHD_PATIENCE_H
#define SSHD_PATIENCE_H

#include "base/err.h"
#include "base/macros.h"

#define PATIENCE_SECONDS 5	  /* without a sign of life */
#define PATIENCE_TOTAL_SECONDS 10 /* spent in vain by one process; then nothing is asked any more */

/*
 * Calls call(job) in a thread. ERR_TIMEOUT: it hangs; the job belongs to it, and when it ever comes back, it ends with
 * dispose(job). Otherwise what the call returned, with its errno, and the job is still the caller's. The job must not point
 * to anything that the caller frees.
 */
MUST_USE enum err patience_run(enum err (*call)(void *job), void *job, void (*dispose)(void *job));
/* In a long call: it is getting on. */
void patience_tick(void);

#endif
