/* SPDX-License-Identifier: GPL-3.0-or-later */
/* preflight.h - whether the daemon would do well with these settings: "sallyportd -t". */
#ifndef GATE_PREFLIGHT_H
#define GATE_PREFLIGHT_H

#include "base/diag.h"
#include "base/err.h"
#include "base/macros.h"
#include "base/root.h"
#include "gate/settings.h"

/* The host keys and site secrets alone; as below. */
MUST_USE enum err preflight_keys(const struct root *r, const struct settings *s, struct diags *problems);
/*
 * Looks at all that the settings name: host keys (private, Ed25519, without a passphrase), site secrets, the state folder,
 * sshd_config, and at the accounts of the roles. What is wrong is noted in 'problems'. ERR_MEMORY. Nothing is changed.
 */
MUST_USE enum err preflight_check(const struct root *r, const struct settings *s, struct diags *problems);

#endif
