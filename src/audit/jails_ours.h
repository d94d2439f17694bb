/* SPDX-License-Identifier: GPL-3.0-or-later */
/* jails_ours.h - the jails that we made, compared with their manifests and with this system; for jails.c only. */
#ifndef AUDIT_JAILS_OURS_H
#define AUDIT_JAILS_OURS_H

#include "audit/jails.h"

/* Fills j->ours; config may be NULL. Notes in j->unsure that not all are known. ERR_MEMORY. */
MUST_USE enum err jails_ours_find(const struct root *r, const struct sshd_config *config, struct jails *j);

#endif
