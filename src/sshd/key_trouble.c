/* SPDX-License-Identifier: GPL-3.0-or-later */
/* key_trouble.c - what is wrong with a key, in words. */
#include "sshd/key_trouble.h"

#include "base/number.h"
#include "sshd/key_algorithm.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

static const char *const obstacles[] = {
	[OBSTACLE_NONE] = "",
	[OBSTACLE_NOT_LISTED] = "key-not-listed",
	[OBSTACLE_NO_KEYS] = "no-keys",
	[OBSTACLE_ALGORITHM] = "key-algorithm",
	[OBSTACLE_SIZE] = "key-size",
	[OBSTACLE_REVOKED] = "key-revoked",
	[OBSTACLE_REVOKED_BROKEN] = "revoked-keys-broken",
	[OBSTACLE_STRICT_MODES] = "strict-modes",
	[OBSTACLE_FROM] = "key-from",
	[OBSTACLE_EXPIRED] = "key-expired",
	[OBSTACLE_COMMAND] = "key-command",
	[OBSTACLE_HARDWARE] = "key-hardware",
	[OBSTACLE_CERT_TYPE] = "certificate-type",
	[OBSTACLE_CERT_CA] = "certificate-ca",
	[OBSTACLE_CERT_TIME] = "certificate-time",
	[OBSTACLE_CERT_PRINCIPAL] = "certificate-principal",
	[OBSTACLE_CERT_OPTION] = "certificate-option",
	[OBSTACLE_UNKNOWN] = "unreadable",
};

const char *credential_obstacle_text(enum credential_obstacle o)
{
	return obstacles[o];
}

void trouble_clear(struct trouble *f)
{
	free(f->detail);
	*f = (struct trouble){ 0 };
}

enum err trouble_set(struct trouble *f, enum credential_obstacle o, const struct sshd_line *by, const char *format, ...)
{
	struct text t = { 0 };
	char *detail;
	va_list ap;

	if (f->obstacle)
		return ERR_NONE;
	va_start(ap, format);
	text_addv(&t, format, ap);
	va_end(ap);
	detail = text_take(&t);
	if (!detail)
		return ERR_MEMORY;
	*f = (struct trouble){ o, by, detail };
	return ERR_NONE;
}

enum err trouble_of_type(const struct sshd_effective *rules, const char *type, struct trouble *f)
{
	if (key_algorithm_accepted(rules, type))
		return ERR_NONE;
	return trouble_set(f, OBSTACLE_ALGORITHM, sshd_decider(rules, KW_PUBKEYACCEPTEDALGORITHMS),
			   "PubkeyAcceptedAlgorithms takes no keys of type %s", type);
}

static bool is_rsa(const char *type)
{
	return !strncmp(type, "ssh-rsa", strlen("ssh-rsa"));
}

enum err trouble_of_size(const struct key_policy *p, const struct sshd_effective *rules, const struct public_key *key,
			 struct trouble *f)
{
	if (!is_rsa(key->type) || key->bits >= p->rsa_bits)
		return ERR_NONE;
	return trouble_set(f, OBSTACLE_SIZE, sshd_decider(rules, KW_REQUIREDRSASIZE),
			   "the RSA key has %u bits, and at least %llu are required", key->bits,
			   (unsigned long long)p->rsa_bits);
}

enum err trouble_of_revoked(const struct key_policy *p, const struct sshd_effective *rules, const uint8_t *blob,
			    size_t len, struct trouble *f)
{
	const struct sshd_line *by = sshd_decider(rules, KW_REVOKEDKEYS);
	enum revoked_verdict verdict = REVOKED_BROKEN;
	const char *how = "";
	enum err e = ERR_NONE;

	for (size_t i = 0; i < p->nrevocations && !e && !f->obstacle; i++) {
		const struct revoked_file *r = &p->revocations[i];
		if (!r->list) {
			e = trouble_set(f, r->obstacle, by, "RevokedKeys %s %s", r->path, r->why);
			continue;
		}
		if (revoked_look(r->list, blob, len, &verdict, &how) || verdict == REVOKED_BROKEN)
			e = trouble_set(f, OBSTACLE_REVOKED_BROKEN, by, "RevokedKeys %s %s", r->path,
					r->why ? r->why : "cannot be read as such");
		else if (verdict == REVOKED_YES)
			e = trouble_set(f, OBSTACLE_REVOKED, by, "RevokedKeys %s lists it (%s)", r->path, how);
	}
	return e;
}

enum err trouble_of_expiry(time_t now, const struct authorized_options *o, const char *where, struct trouble *f)
{
	char date[32];

	if (!o->expires || now <= 0 || o->expires >= (uint64_t)now)
		return ERR_NONE;
	date_format((time_t)o->expires, date, sizeof date);
	return trouble_set(f, OBSTACLE_EXPIRED, NULL, "%s expired on %s", where, date);
}
