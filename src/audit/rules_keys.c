/* SPDX-License-Identifier: GPL-3.0-or-later */
/* rules_keys.c - step 3: private keys and what protects them, and the keys by which people log in. What key audit finds, as rules. */
#include "audit/judge.h"
#include "audit/key_judge.h"

#include <string.h>

#include "base/banned.h"

#define EVIDENCE_MOST 20

/* Which findings of key audit a rule is about. */
struct concern {
	const char *const *ids; /* NULL-terminated */
	enum sighting_kind kind;
	const char *detail, *fix;
};

static bool is_concern(const struct concern *c, const struct key_finding *k)
{
	if (k->at->kind != c->kind)
		return false;
	for (size_t i = 0; c->ids[i]; i++)
		if (!strcmp(c->ids[i], k->check->id))
			return true;
	return false;
}

static enum err cite(const struct key_finding *k, struct finding *out)
{
	const struct sighting *s = k->at;

	return finding_evidence(out, s->file, (unsigned)s->line, "%s%s%s%s%s", s->account ? s->account : "",
				s->account ? ": " : "", k->check->title, k->detail ? ", " : "",
				k->detail ? k->detail : "");
}

static enum err cite_all(const struct concern *c, const struct key_report *r, struct finding *out,
			 const struct sighting **unread)
{
	size_t n = 0;
	enum err e = ERR_NONE;

	for (size_t i = 0; i < r->n && !e; i++) {
		if (r->v[i].at->kind == SIGHT_UNREAD)
			*unread = *unread ? *unread : r->v[i].at;
		else if (is_concern(c, &r->v[i]) && n++ < EVIDENCE_MOST)
			e = cite(&r->v[i], out);
	}
	if (!e && n > EVIDENCE_MOST)
		e = finding_evidence(out, NULL, 0, "and %zu more: sallyport key audit", n - EVIDENCE_MOST);
	return e;
}

static enum err judge_concern(const struct facts *f, const struct policy *p, const struct concern *c,
			      struct finding *out)
{
	static const struct strings nobody;
	const struct key_context context = { .policy = p, .now = f->now, .names = &nobody };
	const struct sighting *unread = NULL;
	struct key_report r = { 0 };
	enum err e;

	if (!f->keys_read)
		return judge_skip(out, "The keys of accounts were not looked at.");
	if (!(e = key_judge(&f->keys, &context, &r)))
		e = cite_all(c, &r, out, &unread);
	if (!e && out->nevidence) {
		out->status = STATUS_FAIL;
		if (!(e = finding_detail(out, "%s", c->detail)))
			e = finding_fix(out, "sudo sallyport key audit", "%s", c->fix);
	} else if (!e && unread) {
		out->status = STATUS_UNKNOWN;
		e = finding_detail(out, "%s could not be looked at%s.", unread->file,
				   f->privileged ? "" : "; root can");
	}
	key_report_free(&r);
	return e;
}

static enum err judge_unprotected(const struct facts *f, const struct policy *p, struct finding *out)
{
	static const char *const ids[] = { "private-unencrypted", NULL };
	static const struct concern c = { ids, SIGHT_PRIVATE, "Whoever gets hold of such a file can log in with it.",
					  "give these keys a passphrase" };

	return judge_concern(f, p, &c, out);
}

static enum err judge_kdf(const struct facts *f, const struct policy *p, struct finding *out)
{
	static const char *const ids[] = { "private-old-pem", "private-weak-kdf", NULL };
	static const struct concern c = { ids, SIGHT_PRIVATE,
					  "Passphrases can be tried out by the million on a copy of such a file.",
					  "write these keys anew in OpenSSH's own form" };

	return judge_concern(f, p, &c, out);
}

static enum err judge_open(const struct facts *f, const struct policy *p, struct finding *out)
{
	static const char *const ids[] = { "private-mode", "private-owner", "host-key-mode", NULL };
	static const struct concern c = { ids, SIGHT_PRIVATE, "Who can read a private key can be its owner.",
					  "let nobody but the owner read them (chmod 600)" };

	return judge_concern(f, p, &c, out);
}

static enum err judge_weak(const struct facts *f, const struct policy *p, struct finding *out)
{
	static const char *const ids[] = { "key-listed",
					   "key-debian-2008",
					   "key-bad-numbers",
					   "key-small-factor",
					   "key-close-primes",
					   "key-shared-prime",
					   "key-roca",
					   "key-dsa",
					   "key-rsa-small",
					   "key-exponent",
					   NULL };
	static const struct concern c = { ids, SIGHT_AUTHORIZED,
					  "Such keys can be worked out from what everybody can see of them.",
					  "have their owners make new ones, and take these out" };

	return judge_concern(f, p, &c, out);
}

static enum err judge_revoked(const struct facts *f, const struct policy *p, struct finding *out)
{
	static const char *const ids[] = { "key-revoked", NULL };
	static const struct concern c = { ids, SIGHT_AUTHORIZED,
					  "It comes back to life when the list of revoked keys is lost.",
					  "take the lines out" };

	return judge_concern(f, p, &c, out);
}

static enum err judge_hardware(const struct facts *f, const struct policy *p, struct finding *out)
{
	static const char *const ids[] = { "authorized-not-hardware", NULL };
	static const struct concern c = {
		ids, SIGHT_AUTHORIZED, "The policy wants every key to be held by a security key.",
		"list security keys in their place, then set PubkeyAcceptedAlgorithms to the sk types and "
		"PubkeyAuthOptions verify-required"
	};

	if (!policy_word(p, "hardware-keys"))
		return judge_skip(out, "The policy does not ask for it.");
	return judge_concern(f, p, &c, out);
}

static const char *const key_refs[] = { "NIST IR 7966 section 4", "ssh-keygen(1)", NULL };
static const char *const hardware_refs[] = { "sshd_config(5) PubkeyAuthOptions", NULL };

const struct rule rules_keys[] = {
	{ "private-key-open", 3, SEVERITY_HIGH, 0, 0, "nobody else can read private keys", judge_open, NULL, key_refs },
	{ "private-key-unprotected", 3, SEVERITY_MEDIUM, 0, 0, "private keys of accounts have a passphrase",
	  judge_unprotected, NULL, key_refs },
	{ "private-key-kdf", 3, SEVERITY_MEDIUM, 0, 0, "passphrases of private keys cannot be tried out fast",
	  judge_kdf, NULL, key_refs },
	{ "authorized-key-weak", 3, SEVERITY_HIGH, 0, 0, "no weak key lets anybody in", judge_weak, NULL, key_refs },
	{ "authorized-key-revoked", 3, SEVERITY_MEDIUM, 0, 0, "no revoked key is still listed", judge_revoked, NULL,
	  key_refs },
	{ "authorized-key-hardware", 3, SEVERITY_MEDIUM, 0, 0, "keys are held by hardware", judge_hardware, NULL,
	  hardware_refs },
};
const size_t rules_keys_n = ARRAY_SIZE(rules_keys);
