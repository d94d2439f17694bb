/* SPDX-License-Identifier: GPL-3.0-or-later */
/* rule.c - the steps, and the tables of their rules as one. */
#include "audit/rule.h"

#include "audit/judge.h"

#include <string.h>

#include "base/banned.h"

static const struct step steps[] = {
	{ 0, "before", "updates, a backup, a configuration that can be trusted" },
	{ 1, "kex", "stronger Diffie-Hellman, modern key exchange" },
	{ 2, "access", "who may log in, and how" },
	{ 3, "keys", "passphrases and hardware keys" },
	{ 4, "chroot", "jails for accounts that need little" },
	{ 5, "revoked", "keys that are no longer good" },
	{ 6, "timeouts", "time-outs and the grace time of a login" },
	{ 7, "banner", "a notice before the login" },
	{ 8, "knock", "a port that strangers do not see" },
};

static const struct {
	const struct rule *rows;
	const size_t *n;
} tables[] = {
	{ rules_before, &rules_before_n },   { rules_moduli, &rules_moduli_n },	    { rules_kex, &rules_kex_n },
	{ rules_access, &rules_access_n },   { rules_match, &rules_match_n },	    { rules_holders, &rules_holders_n },
	{ rules_login, &rules_login_n },     { rules_keys, &rules_keys_n },	    { rules_chroot, &rules_chroot_n },
	{ rules_revoked, &rules_revoked_n }, { rules_timeouts, &rules_timeouts_n }, { rules_banner, &rules_banner_n },
};

size_t rules_count(void)
{
	size_t n = 0;

	for (size_t i = 0; i < ARRAY_SIZE(tables); i++)
		n += *tables[i].n;
	return n;
}

const struct rule *rule_at(size_t i)
{
	for (size_t t = 0; t < ARRAY_SIZE(tables); t++) {
		if (i < *tables[t].n)
			return &tables[t].rows[i];
		i -= *tables[t].n;
	}
	return NULL;
}

const struct rule *rule_find(const char *id)
{
	for (size_t i = 0; i < rules_count(); i++)
		if (strcmp(rule_at(i)->id, id) == 0)
			return rule_at(i);
	return NULL;
}

const struct step *step_find(const char *name_or_number)
{
	for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
		const char number[] = { (char)('0' + steps[i].number), '\0' };

		if (strcmp(steps[i].name, name_or_number) == 0 || strcmp(number, name_or_number) == 0)
			return &steps[i];
	}
	return NULL;
}

const struct step *step_at(unsigned number)
{
	return number < ARRAY_SIZE(steps) ? &steps[number] : NULL;
}

const char *const *step_names(void)
{
	static const char *names[ARRAY_SIZE(steps) + 1];

	for (size_t i = 0; i < ARRAY_SIZE(steps); i++)
		names[i] = steps[i].name;
	return names;
}
