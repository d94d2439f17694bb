/* SPDX-License-Identifier: GPL-3.0-or-later */
/* progress.h - how far long work is: a bar on a terminal, nothing in a pipe, JSON lines on request. */
#ifndef BASE_PROGRESS_H
#define BASE_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

struct progress;

/* json: one line {"progress":what,"done":n,"total":n} a step on stderr. NULL without memory, which every call accepts. */
struct progress *progress_start(const char *what, uint64_t total, bool json);
void progress_step(struct progress *p, uint64_t done); /* draws at most ten times a second; rate and time left */
void progress_end(struct progress *p);		       /* clears the bar, frees p */

#endif
