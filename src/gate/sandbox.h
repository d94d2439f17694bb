/* SPDX-License-Identifier: GPL-3.0-or-later */
/* sandbox.h - how a role locks itself in: its user, its capabilities, Landlock, seccomp. */
#ifndef GATE_SANDBOX_H
#define GATE_SANDBOX_H

#include "base/err.h"
#include "base/macros.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* A path that stays open to the role: all below it. */
struct sandbox_path {
	const char *path; /* NULL ends the list; one that is not there is passed over */
	bool write, execute;
};

struct sandbox {
	const char *user;		  /* NULL: stays root */
	uint64_t capabilities;		  /* bits 1 << CAP_...: those that stay, all others go for ever */
	const struct sandbox_path *paths; /* what Landlock leaves; NULL: nothing at all */
	const int *calls;		  /* system calls that seccomp leaves, ends with -1 */
	bool landlock_off;		  /* a role that runs the programs of others */
	bool network;			  /* Landlock leaves TCP alone: those programs may ask a directory */
};

/*
 * In this order: not dumpable, no core, no new privileges, killed when the parent dies, the root, groups and user, capabilities
 * (bounding and ambient sets too), Landlock (with what this kernel's version has, also no TCP and no abstract sockets or signals to
 * others where it can), seccomp: any other call fails with EPERM, and those of another architecture kill. A role without paths maps
 * no files either, and one that may execute nothing makes no memory executable. Nobody makes a file writable to others or one that
 * runs as its owner. ERR_NOT_FOUND: there is no such user; ERR_SYSTEM. *what (static, may be NULL) names the step that failed.
 * Landlock that the kernel lacks is no error; *missing tells.
 */
MUST_USE enum err sandbox_enter(const struct sandbox *s, const char **what, bool *missing);

#endif
