/* SPDX-License-Identifier: GPL-3.0-or-later */
/* startup.h - what sshd refuses once it has read everything, though each line was fine. */
#ifndef SSHD_STARTUP_H
#define SSHD_STARTUP_H

#include "sshd/config.h"

/* Notes errors in 'problems'. ERR_MEMORY. */
MUST_USE enum err startup_check(const struct sshd_config *c, struct diags *problems);

#endif
