/* SPDX-License-Identifier: GPL-3.0-or-later */
/* jail_settings.h - what sshd is told of an account that lives in a jail of ours, and whether it holds. */
#ifndef AUDIT_JAIL_SETTINGS_H
#define AUDIT_JAIL_SETTINGS_H

#include "base/diag.h"
#include "base/err.h"
#include "base/macros.h"
#include "base/root.h"
#include "jail/jail.h"
#include "sshd/config.h"
#include "sshd/keyword.h"

#define JAIL_SETTINGS_MAX 8

struct jail_setting {
	enum sshd_keyword_id id;
	char *value;
};

/* In the order in which they stand in the block; ChrootDirectory first. Start with { 0 }. */
struct jail_settings {
	struct jail_setting v[JAIL_SETTINGS_MAX];
	size_t n;
};

/* Beside the main file: "/etc/ssh/authorized_keys.d/anna". Yours. ERR_MEMORY. */
MUST_USE enum err jail_settings_keys(const char *config_path, const char *user, char **out);
/* keys: the file for AuthorizedKeysFile. ERR_MEMORY. */
MUST_USE enum err jail_settings_make(const struct jail *j, const char *keys, struct jail_settings *out);
void jail_settings_clear(struct jail_settings *s);
/*
 * An error for each that does not hold for a login of the account's from this host, with what holds instead, and the line that decides (none: the
 * default). Nothing where ChrootDirectory itself does not: it is not in the jail at all. ERR_MEMORY.
 */
MUST_USE enum err jail_settings_judge(const struct root *r, const struct sshd_config *c, const struct jail *j,
				      struct diags *out);

#endif
