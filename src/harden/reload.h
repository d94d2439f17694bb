/* SPDX-License-Identifier: GPL-3.0-or-later */
/* reload.h - have the running sshd read its configuration again. */
#ifndef HARDEN_RELOAD_H
#define HARDEN_RELOAD_H

#include "audit/service.h"
#include "base/err.h"
#include "base/macros.h"

/*
 * Through the service manager where the unit runs, else SIGHUP to the listening sshd; waits at
 * most 5 s until it has read its configuration, where its PidFile shows that. None
 * runs: ERR_NOT_FOUND, nothing to do. ERR_CHILD: the service manager refused, *complaint
 * (yours, may be NULL) says why. Established sessions live on in every case.
 */
MUST_USE enum err sshd_reload(const struct service *s, char **complaint);
/* How sshd_reload() would do it: "systemctl reload ssh.service", "kill -HUP 123"; NULL: nothing runs. *out is yours. */
MUST_USE enum err sshd_reload_describe(const struct service *s, char **out);

/* Has the manager start it, which had ended. ERR_NOT_FOUND: no manager that could; as child_run(). *complaint is yours. */
MUST_USE enum err sshd_start(const struct service *s, char **complaint);

#endif
