/* SPDX-License-Identifier: GPL-3.0-or-later */
/* stage.h - a copy of the server's configuration that can be changed, tried and thrown away. */
#ifndef HARDEN_STAGE_H
#define HARDEN_STAGE_H

#include "audit/facts.h"
#include "base/err.h"
#include "base/macros.h"
#include "base/root.h"
#include "base/text.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* A file of the copy. 'now' starts as the content on disk; change it, then stage_put(). */
struct staged_file {
	char *path; /* as the configuration names it, inside the root */
	char *real; /* what will be replaced: the end of its symbolic links */
	bool existed;
	char *old; /* content on disk when it was staged; "" for a new file */
	size_t old_len;
	struct text now;
	bool goes;	    /* it is to be removed; sshd reads the copy, which is empty then, as it would none */
	mode_t mode;	    /* for a new file */
	struct strings why; /* ids of the rules that wanted a change */
};

struct stage;

/*
 * Copies every file of the configuration (f->config) into a folder of our own, mode 0700:
 * in /run/sallyport, or at the top of another root, or in /tmp where that cannot be written. Host keys and whatever else lies
 * beside the configuration are not copied. Free with stage_close(), which removes the folder.
 */
MUST_USE enum err stage_open(const struct facts *f, struct stage **out);
void stage_close(struct stage *s); /* NULL is fine */
/* Removes folders that a killed run left. */
void stage_sweep(const struct root *r);

/* The copy as a root of its own, for sshd_config_load(). */
const struct root *stage_root(const struct stage *s);
/* Folder of the main file: new files belong below it. */
const char *stage_folder(const struct stage *s);
/* The staged file of this path; adds it (from disk, or as new with 'mode') when it is not there. Borrowed. */
MUST_USE enum err stage_file(struct stage *s, const char *path, mode_t mode, struct staged_file **out);
/* Writes f->now into the copy; where two names lead to the same file, into both. */
MUST_USE enum err stage_put(struct stage *s, struct staged_file *f);
bool staged_file_changed(const struct staged_file *f);
size_t stage_count(const struct stage *s);
struct staged_file *stage_at(const struct stage *s, size_t i);

/*
 * Runs task in a child in a private mount, network and PID namespace in which the copy lies
 * over the real folder, so that every path means what it will mean after the swap;
 * loopback is up, /run/sshd exists. What task returns comes back in *answer (a new
 * reference). Needs root. ERR_TIMEOUT after timeout_ms, ERR_INTERRUPTED also where a signal waits (base/interrupt.h), ERR_CHILD when task died or gave nothing.
 */
MUST_USE enum err stage_world(const struct stage *s, json_t *(*task)(void *arg), void *arg, int timeout_ms,
			      json_t **answer);

#endif
