/* SPDX-License-Identifier: GPL-3.0-or-later */
/* second_sshd.h - an sshd beside the real one, and logins at it, to show that something works. Only inside of a stage_world(). */
#ifndef HARDEN_SECOND_SSHD_H
#define HARDEN_SECOND_SSHD_H

#include "base/child.h"
#include "base/err.h"
#include "base/macros.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* Exists in the staged world by itself, is empty there, and no configuration names a file in it. */
#define SECOND_PLACE "/run/sshd"
#define SECOND_REFUSED 255 /* exit status of ssh, for whatever reason it did not get in */

/* A new file, or one of ours. */
MUST_USE enum err second_sshd_write(const char *path, const void *bytes, size_t len, mode_t mode);
/* A fresh key, and its public half beside it. */
MUST_USE enum err second_sshd_key(const char *path);
/*
 * With these arguments, NULL at their end, in the foreground; it dies with us. log: where it says what it does, -1: nowhere. Nothing of it
 * belongs into the host's log, where it would count as a login of the past.
 */
MUST_USE enum err second_sshd_start(const char *const argv[], int log, pid_t *pid);
/* Until it listens on this port of the loopback. ERR_CHILD: it ended. */
MUST_USE enum err second_sshd_wait(pid_t pid, unsigned port);
void second_sshd_stop(pid_t pid);

/* All strings are borrowed. */
struct second_login {
	const char *program; /* "ssh" or "sftp" */
	const char *user, *key;
	unsigned port;
	const char *options[6]; /* more of them, before the host */
	const char *command;	/* NULL: none */
	const char *input;	/* NULL: none */
};
/* As child_run(), which is asked for a result also where the login is refused. ERR_NOT_FOUND: there is no such client here. */
MUST_USE enum err second_sshd_login(const struct second_login *l, struct child_result *out);
/* Whether sshd said no to the key, and not something else went wrong. */
bool second_sshd_denied(const struct child_result *r);

#endif
