/* SPDX-License-Identifier: GPL-3.0-or-later */
/* rescue_sshd.h - the sshd of a rescue: the installed one if it works, else the copy that was kept; with what was confirmed. */
#ifndef GATE_RESCUE_SSHD_H
#define GATE_RESCUE_SSHD_H

#include "base/err.h"
#include "base/macros.h"
#include "base/root.h"
#include "sshd/spare.h"

#include <sys/types.h>

/* Start with { 0 }. */
struct rescue_sshd {
	struct spare *spare;
	char **argv; /* argv[0] is the program; the last is NULL */
};

/*
 * Reads what was kept anew, and has each of the two programs begin a key exchange. On failure *s stays as it was: ERR_NOT_FOUND,
 * ERR_CONFIG as spare_load(); ERR_CHILD: neither of them works.
 */
MUST_USE enum err rescue_sshd_choose(const struct root *r, struct rescue_sshd *s);
/* Runs it for one connection, which stays the caller's too. ERR_SYSTEM. */
MUST_USE enum err rescue_sshd_start(const struct rescue_sshd *s, int fd, pid_t *pid);
void rescue_sshd_clear(struct rescue_sshd *s);

#endif
