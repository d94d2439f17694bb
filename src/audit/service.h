/* SPDX-License-Identifier: GPL-3.0-or-later */
/* service.h - the running sshd and who manages it. */
#ifndef AUDIT_SERVICE_H
#define AUDIT_SERVICE_H

#include "base/err.h"
#include "base/macros.h"
#include "sshd/effective.h"

#include <stdbool.h>
#include <sys/types.h>

enum service_manager {
	SERVICE_NONE,	 /* nobody we know: signals by PidFile */
	SERVICE_SYSTEMD, /* /run/systemd/system is there */
};

struct service {
	enum service_manager manager;
	char *unit;	/* "ssh.service" or "sshd.service"; NULL where systemd has neither */
	bool socket;	/* systemd's ssh.socket listens instead of sshd */
	pid_t pid;	/* the listening sshd, 0 if none runs; verified to be an sshd by /proc/PID/exe */
	char *pid_file; /* of the running one; NULL where it has none */
	char *sshd;	/* path of the binary it runs or would run; NULL if none was found */
};

/*
 * Asks systemd where it runs, else PidFile of the effective configuration (e may be NULL:
 * /run/sshd.pid), else looks for the one sshd of this mount namespace that no sshd started: while it reads its
 * configuration anew it has no PidFile.
 */
MUST_USE enum err service_find(const struct sshd_effective *e, struct service *out);
void service_clear(struct service *s);

#endif
