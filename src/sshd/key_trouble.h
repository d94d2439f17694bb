/* SPDX-License-Identifier: GPL-3.0-or-later */
/* key_trouble.h - an obstacle with the sentence on it, and the checks that hold for a key wherever it stands. */
#ifndef SSHD_KEY_TROUBLE_H
#define SSHD_KEY_TROUBLE_H

#include "sshd/credential.h"
#include "sshd/key_policy.h"

/* Start with { 0 }. */
struct trouble {
	enum credential_obstacle obstacle;
	const struct sshd_line *by;
	char *detail;
};
void trouble_clear(struct trouble *t);
/* Nothing if there is an obstacle already. */
MUST_USE enum err trouble_set(struct trouble *t, enum credential_obstacle o, const struct sshd_line *by,
			      const char *format, ...) FORMAT(4, 5);

/* What sshd checks before it looks for a key anywhere. */
MUST_USE enum err trouble_of_type(const struct sshd_effective *rules, const char *type, struct trouble *t);
MUST_USE enum err trouble_of_size(const struct key_policy *p, const struct sshd_effective *rules,
				  const struct public_key *key, struct trouble *t);
MUST_USE enum err trouble_of_revoked(const struct key_policy *p, const struct sshd_effective *rules,
				     const uint8_t *blob, size_t len, struct trouble *t);
/* expiry-time= in front of a key or name. 'where': FILE:LINE. */
MUST_USE enum err trouble_of_expiry(time_t now, const struct authorized_options *o, const char *where,
				    struct trouble *t);

#endif
