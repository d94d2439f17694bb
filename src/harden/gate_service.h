/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gate_service.h - the daemon of the gate as a change starts, reloads and ends it: by the service manager, or as a process. */
#ifndef HARDEN_GATE_SERVICE_H
#define HARDEN_GATE_SERVICE_H

#include "base/err.h"
#include "base/macros.h"
#include "harden/journal.h"

#include <stdbool.h>
#include <sys/types.h>

extern const char gate_program[]; /* path of sallyportd, where it is installed */

struct gate_service {
	bool runs;    /* somebody listens on the control socket */
	pid_t pid;    /* of the daemon; 0 where it does not run */
	bool managed; /* systemd runs it, or would: its unit is installed */
	bool enabled; /* and starts it at boot */
};

/* Root only. ERR_SYSTEM: the socket is there and cannot be asked; then the rest is filled in all the same. */
MUST_USE enum err gate_service_find(struct gate_service *out);
/* Whether its table is in the kernel, as far as nft(8) tells; also where there is no nft. */
bool gate_service_has_table(void);
/*
 * Has it serve by the settings as they are on disk now, started where it does not run; returns when it does, with the ports
 * held open (Shut no) or not. ERR_CHILD, ERR_TIMEOUT, ERR_NOT_FOUND: *complaint (yours) says why.
 */
MUST_USE enum err gate_service_serve(bool open, char **complaint);
/* The daemon runs the program that is installed now; after an upgrade it does not before it is started anew. */
bool gate_service_current(const struct gate_service *s);
/*
 * What an upgrade needs: a daemon of an older program is started anew, and so is one that has ended with the ports shut. Grants and
 * sessions are the kernel's and live on. *renewed: it was. As gate_service_serve().
 */
MUST_USE enum err gate_service_renew(bool *renewed, char **complaint);
/* From now on at each boot; nothing to do without a service manager. ERR_CHILD: *complaint (yours) says why. */
MUST_USE enum err gate_service_enable(char **complaint);
/* Ends it, also for the next boots, and takes its table away: the ports are open to everybody. Repeatable. As above. */
MUST_USE enum err gate_service_end(char **complaint);
/* As it was before a change, by the settings as they are on disk now. As above. */
MUST_USE enum err gate_service_return(const struct tx_gate *was, char **complaint);

#endif
