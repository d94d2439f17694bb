/* SPDX-License-Identifier: GPL-3.0-or-later */
/* key_judge.c - the table of what can be wrong with keys, and the functions that find it. */
#include "audit/key_judge.h"

#include "audit/key_names.h"
#include "base/number.h"
#include "key/certificate.h"
#include "key/private.h"
#include "key/weak.h"
#include "sshd/credential.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

#define RSA_LEAST 2048 /* below it a key is weak by any policy */
#define ACCOUNTS_SHOWN 4
#define SCRYPT_LEAST 16384
#define ARGON_LEAST (4u << 20) /* bytes */

#define REPLACE "make a new key (ssh-keygen -t ed25519), list it in place of this one, and take this one out everywhere"
#define REPLACE_HOST "make a new host key (ssh-keygen -t ed25519 -f FILE) and name it by HostKey"
#define SWEEP "take the line out"

enum check_id {
	CHECK_LISTED,
	CHECK_DEBIAN,
	CHECK_BAD_NUMBERS,
	CHECK_SMALL_FACTOR,
	CHECK_CLOSE_PRIMES,
	CHECK_SHARED_PRIME,
	CHECK_ROCA,
	CHECK_DSA,
	CHECK_RSA_SMALL,
	CHECK_EXPONENT,
	CHECK_RSA_BELOW,
	CHECK_REVOKED,
	CHECK_PRIVATE_MODE,
	CHECK_PRIVATE_OWNER,
	CHECK_UNENCRYPTED,
	CHECK_OLD_PEM,
	CHECK_WEAK_KDF,
	CHECK_ODD_PLACE,
	CHECK_DAMAGED,
	CHECK_HOST_MODE,
	CHECK_HOST_SHARED,
	CHECK_HOST_MISSING,
	CHECK_NOT_HARDWARE,
	CHECK_NO_TOUCH,
	CHECK_NO_FROM,
	CHECK_CA_AS_KEY,
	CHECK_SHARED,
	CHECK_EXPIRED,
	CHECK_REFUSED,
	CHECK_UNUSABLE,
	CHECK_NOT_FILE,
	CHECK_KNOWN_WEAK,
	CHECK_KNOWN_SHARED,
	CHECK_HARDWARE,
	CHECK_AGENT_HELD,
	CHECK_UNREAD,
	CHECK_COUNT,
};

static const struct key_check checks[CHECK_COUNT] = {
	[CHECK_LISTED] = { "key-listed", KEY_FAIL, SEVERITY_CRITICAL,
			   "the key is in a list of weak keys, or of keys that the public knows", REPLACE },
	[CHECK_DEBIAN] = { "key-debian-2008", KEY_FAIL, SEVERITY_CRITICAL,
			   "the key is one of the few that Debian made between 2006 and 2008", REPLACE },
	[CHECK_BAD_NUMBERS] = { "key-bad-numbers", KEY_FAIL, SEVERITY_CRITICAL, "no good program makes such a key",
				REPLACE },
	[CHECK_SMALL_FACTOR] = { "key-small-factor", KEY_FAIL, SEVERITY_CRITICAL, "the modulus has a small factor",
				 REPLACE },
	[CHECK_CLOSE_PRIMES] = { "key-close-primes", KEY_FAIL, SEVERITY_CRITICAL,
				 "the primes are so close that Fermat's method finds them", REPLACE },
	[CHECK_SHARED_PRIME] = { "key-shared-prime", KEY_FAIL, SEVERITY_CRITICAL,
				 "another key shares a prime with it, so that both are broken", REPLACE },
	[CHECK_ROCA] = { "key-roca", KEY_FAIL, SEVERITY_CRITICAL,
			 "the key was made by a chip with the fault ROCA (CVE-2017-15361)", REPLACE },
	[CHECK_DSA] = { "key-dsa", KEY_FAIL, SEVERITY_HIGH, "DSA keys are too small, and OpenSSH no longer takes them",
			REPLACE },
	[CHECK_RSA_SMALL] = { "key-rsa-small", KEY_FAIL, SEVERITY_HIGH, "the RSA key is too small", REPLACE },
	[CHECK_EXPONENT] = { "key-exponent", KEY_FAIL, SEVERITY_MEDIUM, "the public exponent is below 65537", REPLACE },
	[CHECK_RSA_BELOW] = { "key-rsa-below-policy", KEY_WARN, SEVERITY_LOW,
			      "the RSA key is smaller than the policy wants", REPLACE },
	[CHECK_REVOKED] = { "key-revoked", KEY_FAIL, SEVERITY_HIGH, "a revoked key is still there",
			    "take it out: nobody may use it any more, and it comes back when the list is lost" },
	[CHECK_PRIVATE_MODE] = { "private-mode", KEY_FAIL, SEVERITY_HIGH, "others can read or change a private key",
				 "let nobody but the owner read it, and replace it if others had the time",
				 "chmod 600 %s" },
	[CHECK_PRIVATE_OWNER] = { "private-owner", KEY_FAIL, SEVERITY_MEDIUM,
				  "a private key belongs to another account than its place says",
				  "give it to the account (chown), or take it away" },
	[CHECK_UNENCRYPTED] = { "private-unencrypted", KEY_FAIL, SEVERITY_HIGH, "a private key has no passphrase",
				"give it one", "sallyport key protect %s" },
	[CHECK_OLD_PEM] = { "private-old-pem", KEY_FAIL, SEVERITY_MEDIUM,
			    "one round of MD5 stands between the passphrase and the key",
			    "write it anew in OpenSSH's own form", "sallyport key protect %s" },
	[CHECK_WEAK_KDF] = { "private-weak-kdf", KEY_FAIL, SEVERITY_MEDIUM,
			     "the passphrase of a private key can be tried out fast", "write it anew with more rounds",
			     "sallyport key protect %s" },
	[CHECK_ODD_PLACE] = { "private-odd-place", KEY_WARN, SEVERITY_MEDIUM,
			      "a private key lies where nobody looks after it",
			      "move it to ~/.ssh, or remove it if it is a copy" },
	[CHECK_DAMAGED] = { "private-damaged", KEY_WARN, SEVERITY_LOW,
			    "a file begins like a private key and cannot be read as one",
			    "remove it, or put back a good copy" },
	[CHECK_HOST_MODE] = { "host-key-mode", KEY_FAIL, SEVERITY_HIGH,
			      "others can read or change a host key, so that sshd does not use it",
			      "let root alone read it", "sudo chmod 600 %s" },
	[CHECK_HOST_SHARED] = { "host-key-shared", KEY_WARN, SEVERITY_MEDIUM,
				"the key of this host is known under names that are not its own",
				"if that is another machine, make new host keys on both (ssh-keygen -A)" },
	[CHECK_HOST_MISSING] = { "host-key-missing", KEY_WARN, SEVERITY_LOW,
				 "a host key that HostKey names cannot be used",
				 "make it (ssh-keygen -A), or take the line out" },
	[CHECK_NOT_HARDWARE] = { "authorized-not-hardware", KEY_FAIL, SEVERITY_MEDIUM,
				 "the key is not held by hardware, as the policy requires",
				 "enroll a FIDO key (ssh-keygen -t ed25519-sk), then set PubkeyAcceptedAlgorithms "
				 "sk-ssh-ed25519@openssh.com,sk-ecdsa-sha2-nistp256@openssh.com and PubkeyAuthOptions "
				 "verify-required" },
	[CHECK_NO_TOUCH] = { "authorized-no-touch", KEY_WARN, SEVERITY_MEDIUM,
			     "a hardware key may be used without anybody touching it",
			     "take no-touch-required out of the line" },
	[CHECK_NO_FROM] = { "authorized-no-from", KEY_FAIL, SEVERITY_MEDIUM,
			    "the policy wants from= in front of this key", "write from=\"NETWORKS\" in front of it" },
	[CHECK_CA_AS_KEY] = { "authorized-ca-as-key", KEY_FAIL, SEVERITY_HIGH,
			      "the key of a CA is listed as the key of a person",
			      "take the line out, or write cert-authority in front of it" },
	[CHECK_SHARED] = { "authorized-shared", KEY_WARN, SEVERITY_MEDIUM, "one key lets into several accounts",
			   "give each account a key of its own" },
	[CHECK_EXPIRED] = { "authorized-expired", KEY_WARN, SEVERITY_LOW, "the key has expired", SWEEP },
	[CHECK_REFUSED] = { "authorized-refused", KEY_WARN, SEVERITY_LOW, "sshd does not take this key", SWEEP },
	[CHECK_UNUSABLE] = { "authorized-unusable", KEY_WARN, SEVERITY_LOW, "sshd cannot use what stands there",
			     "mend the line, or take it out" },
	[CHECK_NOT_FILE] = { "ssh-not-a-file", KEY_WARN, SEVERITY_LOW,
			     "where files of keys belong stands something else",
			     "find out who made it, and remove it" },
	[CHECK_KNOWN_WEAK] = { "known-host-weak", KEY_WARN, SEVERITY_MEDIUM, "a host that is known has a weak key",
			       "tell whoever runs it; connections to it can be taken over" },
	[CHECK_KNOWN_SHARED] = { "known-hosts-shared", KEY_WARN, SEVERITY_LOW,
				 "hosts of different names have the same key",
				 "if these are different machines, each wants host keys of its own (ssh-keygen -A)" },
	[CHECK_HARDWARE] = { "key-hardware", KEY_NOTE, SEVERITY_INFO, "the key is held by hardware", NULL },
	[CHECK_AGENT_HELD] = { "agent-token", KEY_NOTE, SEVERITY_INFO,
			       "the agent offers a key that it does not have from a file", NULL },
	[CHECK_UNREAD] = { "unread", KEY_UNKNOWN, SEVERITY_INFO, "could not be looked at", "as root more can be read",
			   "sudo sallyport key audit" },
};

size_t key_checks_count(void)
{
	return CHECK_COUNT;
}

const struct key_check *key_check_at(size_t i)
{
	return &checks[i];
}

const char *key_status_text(enum key_status s)
{
	static const char *const words[KEY_STATUS_COUNT] = { "fail", "warn", "note", "unknown" };

	return words[s];
}

bool key_is_hardware(const char *type)
{
	return !strncmp(type, "sk-", 3);
}

/* What is being judged. */
struct judging {
	const struct key_context *context;
	struct key_report *report;
	const struct sighting **by_key; /* those whose key is known, the same keys side by side */
	size_t n;
};

static enum err find(struct judging *j, enum check_id id, const struct sighting *s, const char *format, ...)
	FORMAT(4, 5);

/* format NULL: the title says it all. */
static enum err find(struct judging *j, enum check_id id, const struct sighting *s, const char *format, ...)
{
	struct key_report *r = j->report;
	struct text raw = { 0 }, safe = { 0 };
	char *detail = NULL;
	va_list ap;

	if (r->n == r->size) {
		size_t size = r->size ? r->size * 2 : 64;
		struct key_finding *v = reallocarray(r->v, size, sizeof *v);
		if (!v)
			return ERR_MEMORY;
		r->v = v;
		r->size = size;
	}
	if (format) {
		va_start(ap, format);
		text_addv(&raw, format, ap);
		va_end(ap);
		text_add_escaped(&safe, text_string(&raw), raw.len);
		detail = text_check(&raw) ? NULL : text_take(&safe);
		text_free(&raw);
		text_free(&safe);
		if (!detail)
			return ERR_MEMORY;
	}
	r->v[r->n++] = (struct key_finding){ &checks[id], s, detail };
	r->count[checks[id].status]++;
	return ERR_NONE;
}

/* ---- the key itself ---- */

static bool is_of(const struct sighting *s, enum sighting_kind kind)
{
	return s->kind == kind;
}

static bool is_dsa(const struct sighting *s)
{
	return !strncmp(s->key.type, "ssh-dss", 7);
}

static bool is_rsa(const struct sighting *s)
{
	return !strncmp(s->key.type, "ssh-rsa", 7) && s->key.bits;
}

/* A public half is said once, where the private one or the line is. */
static bool counts_for_strength(const struct sighting *s)
{
	return is_of(s, SIGHT_AUTHORIZED) || is_of(s, SIGHT_PRIVATE) || is_of(s, SIGHT_AGENT) ||
	       (is_of(s, SIGHT_PUBLIC) && s->flags & (SIGHT_NAMED | SIGHT_OF_HOST));
}

/* The bits that are findings of their own; each other one is a number that no good program makes. */
static const struct {
	uint64_t bit;
	enum check_id id;
} weaknesses[] = {
	{ SIGHT_LISTED, CHECK_LISTED },
	{ SIGHT_DEBIAN, CHECK_DEBIAN },
	{ SIGHT_SHARED_PRIME, CHECK_SHARED_PRIME },
	{ WEAK_ROCA, CHECK_ROCA },
	{ WEAK_CLOSE_PRIMES, CHECK_CLOSE_PRIMES },
	{ WEAK_SMALL_FACTOR, CHECK_SMALL_FACTOR },
	{ WEAK_EXPONENT_SMALL, CHECK_EXPONENT },
};

/* A key of another host is not ours to replace. */
static enum err weakness_say(struct judging *j, const struct sighting *s, enum check_id id, const char *detail)
{
	if (is_of(s, SIGHT_KNOWN_HOST))
		return find(j, CHECK_KNOWN_WEAK, s, "%s", detail ? detail : checks[id].title);
	return detail ? find(j, id, s, "%s", detail) : find(j, id, s, NULL);
}

static enum err weakness_judge(struct judging *j, const struct sighting *s)
{
	const struct weak_name *name;
	uint64_t left = s->weak;
	enum err e = ERR_NONE;

	for (size_t i = 0; i < ARRAY_SIZE(weaknesses) && !e; i++) {
		if (s->weak & weaknesses[i].bit)
			e = weakness_say(j, s, weaknesses[i].id,
					 weaknesses[i].bit & (SIGHT_LISTED | SIGHT_SHARED_PRIME) ? s->known : NULL);
		left &= ~weaknesses[i].bit;
	}
	for (size_t i = 0; !e && (name = weak_name(i)); i++)
		if (left & (uint64_t)name->bit)
			e = weakness_say(j, s, CHECK_BAD_NUMBERS, name->text);
	return e;
}

/* What the file of a security key, or the line, asks of it. */
static enum err hardware_note(struct judging *j, const struct sighting *s)
{
	const bool pin = s->sk_flags & PRIVATE_SK_PIN || s->flags & SIGHT_VERIFY;
	const bool touch = is_of(s, SIGHT_PRIVATE) ? s->sk_flags & PRIVATE_SK_TOUCH : !(s->flags & SIGHT_NO_TOUCH);

	return find(j, CHECK_HARDWARE, s, "%s%s%s", touch ? "asks for a touch" : "asks for no touch",
		    pin ? ", for a PIN" : "",
		    s->sk_flags & PRIVATE_SK_RESIDENT ? ", can be read back from the device" : "");
}

static enum err strength_judge(struct judging *j, const struct sighting *s)
{
	const uint64_t least = policy_number(j->context->policy, "rsa-bits", RSA_LEAST);
	enum err e = ERR_NONE;

	if (counts_for_strength(s) || is_of(s, SIGHT_KNOWN_HOST))
		e = weakness_judge(j, s);
	if (e || !counts_for_strength(s))
		return e;
	if (s->flags & SIGHT_REVOKED && (e = find(j, CHECK_REVOKED, s, NULL)))
		return e;
	if (is_dsa(s))
		return find(j, CHECK_DSA, s, NULL);
	if (is_rsa(s) && s->key.bits < RSA_LEAST)
		return find(j, CHECK_RSA_SMALL, s, "%u bits", s->key.bits);
	if (is_rsa(s) && s->key.bits < least)
		return find(j, CHECK_RSA_BELOW, s, "%u bits, wanted are %" PRIu64, s->key.bits, least);
	return key_is_hardware(s->key.type) ? hardware_note(j, s) : ERR_NONE;
}

/* ---- private keys ---- */

/* By how the passphrase becomes a key; NULL: nothing against it. */
static enum err kdf_judge(struct judging *j, const struct sighting *s)
{
	const struct policy *p = j->context->policy;
	const uint64_t bcrypt = policy_number(p, "bcrypt-rounds", 16),
		       pbkdf2 = policy_number(p, "pbkdf2-rounds", 100000);

	switch ((enum private_kdf)s->kdf) {
	case PRIVATE_KDF_MD5: return find(j, CHECK_OLD_PEM, s, NULL);
	case PRIVATE_KDF_PBKDF1:
	case PRIVATE_KDF_PKCS12: return find(j, CHECK_WEAK_KDF, s, "%s, of the time before PBKDF2", s->text);
	case PRIVATE_KDF_SHA1: return find(j, CHECK_WEAK_KDF, s, "PuTTY's second form: one round of SHA-1");
	case PRIVATE_KDF_BCRYPT:
		if (s->rounds < bcrypt)
			return find(j, CHECK_WEAK_KDF, s, "bcrypt with %" PRIu64 " rounds, wanted are %" PRIu64,
				    s->rounds, bcrypt);
		return ERR_NONE;
	case PRIVATE_KDF_PBKDF2:
		if (s->rounds < pbkdf2)
			return find(j, CHECK_WEAK_KDF, s, "PBKDF2 with %" PRIu64 " iterations, wanted are %" PRIu64,
				    s->rounds, pbkdf2);
		return ERR_NONE;
	case PRIVATE_KDF_SCRYPT:
		if (s->rounds < SCRYPT_LEAST)
			return find(j, CHECK_WEAK_KDF, s, "scrypt with a cost of %" PRIu64 ", wanted are %d", s->rounds,
				    SCRYPT_LEAST);
		return ERR_NONE;
	case PRIVATE_KDF_ARGON2:
		if (s->memory < ARGON_LEAST)
			return find(j, CHECK_WEAK_KDF, s, "Argon2 with %" PRIu64 " KiB, wanted are %u", s->memory >> 10,
				    ARGON_LEAST >> 10);
		return ERR_NONE;
	case PRIVATE_KDF_NONE:
	case PRIVATE_KDF_OTHER: return ERR_NONE;
	}
	return ERR_NONE;
}

/* What anybody but the owner may do with a private key: nothing. Red Hat gives the host's to a group of its own. */
static enum err mode_judge(struct judging *j, const struct sighting *s)
{
	const bool host = s->flags & SIGHT_OF_HOST;
	enum err e = ERR_NONE;

	if (s->mode & 077)
		e = find(j, host ? CHECK_HOST_MODE : CHECK_PRIVATE_MODE, s, "mode %04" PRIo64, s->mode);
	if (!e && !(s->flags & SIGHT_NAMED) && s->uid && s->uid != s->owner)
		e = find(j, CHECK_PRIVATE_OWNER, s, "it belongs to the account with the id %" PRIu64, s->uid);
	return e;
}

static enum err private_judge(struct judging *j, const struct sighting *s)
{
	enum err e = mode_judge(j, s);

	j->report->privates++;
	if (!e && s->flags & SIGHT_DAMAGED)
		return find(j, s->flags & SIGHT_OF_HOST ? CHECK_HOST_MISSING : CHECK_DAMAGED, s, "%s", s->text);
	/* sshd could not ask for a passphrase; of a key in hardware the file is only a handle */
	if (e || s->flags & SIGHT_OF_HOST || key_is_hardware(s->key.type))
		return e;
	if (s->flags & SIGHT_ODD && (e = find(j, CHECK_ODD_PLACE, s, NULL)))
		return e;
	return s->flags & SIGHT_ENCRYPTED ? kdf_judge(j, s) : find(j, CHECK_UNENCRYPTED, s, NULL);
}

/* ---- authorized keys ---- */

/* What sshd says of it, where no other check has said more. */
static enum err obstacle_judge(struct judging *j, const struct sighting *s)
{
	switch (s->obstacle) {
	case OBSTACLE_NONE:
	case OBSTACLE_UNKNOWN:
	case OBSTACLE_REVOKED: return ERR_NONE;
	case OBSTACLE_EXPIRED: return find(j, CHECK_EXPIRED, s, "%s", s->text ? s->text : "");
	default: return is_dsa(s) ? ERR_NONE : find(j, CHECK_REFUSED, s, "%s", s->text ? s->text : "");
	}
}

static bool is_expired(const struct judging *j, const struct sighting *s)
{
	return s->expires && (uint64_t)j->context->now >= s->expires;
}

static enum err authorized_judge(struct judging *j, const struct sighting *s)
{
	const struct policy *p = j->context->policy;
	const bool required = policy_word(p, "hardware-keys") && !strcmp(policy_word(p, "hardware-keys"), "required");
	enum err e = obstacle_judge(j, s);

	j->report->authorized++;
	if (!e && !s->obstacle && is_expired(j, s))
		e = find(j, CHECK_EXPIRED, s, NULL);
	if (!e && s->account && !(s->flags & (SIGHT_FROM | SIGHT_CA)) && policy_matches(p, "from-required", s->account))
		e = find(j, CHECK_NO_FROM, s, NULL);
	if (!e && s->flags & SIGHT_NO_TOUCH && key_is_hardware(s->key.type))
		e = find(j, CHECK_NO_TOUCH, s, NULL);
	if (!e && required && !(s->flags & SIGHT_CA) && !key_is_hardware(s->key.type))
		e = find(j, CHECK_NOT_HARDWARE, s, NULL);
	return e;
}

static enum err fault_judge(struct judging *j, const struct sighting *s)
{
	enum check_id id = s->flags & SIGHT_OF_HOST ? CHECK_HOST_MISSING : CHECK_UNUSABLE;

	return find(j, s->flags & SIGHT_NOT_FILE ? CHECK_NOT_FILE : id, s, "%s", s->text);
}

static enum err unread_judge(struct judging *j, const struct sighting *s)
{
	return find(j, CHECK_UNREAD, s, "%s", s->text);
}

static enum err known_host_judge(struct judging *j, const struct sighting *s)
{
	j->report->known_hosts++;
	return ERR_NONE;
}

/* ---- agents ---- */

static bool begins(const char *s, const char *start)
{
	return !strncmp(s, start, strlen(start));
}

const char *key_holder_text(const struct sighting *s)
{
	const char *c = s->comment ? s->comment : "";

	if (key_is_hardware(s->key.type))
		return "FIDO token";
	/* gpg-agent names the card by its serial number; of a key that it has itself it knows no comment */
	if (begins(c, "cardno:"))
		return "OpenPGP card";
	if (!strcmp(c, "(none)"))
		return "GPG agent";
	/* ssh-agent calls a key of a token by its label, which may be any text, else by the library that it was loaded with */
	if (strstr(c, ".so") || begins(c, "pkcs11:") || begins(c, "PIV AUTH") || strstr(c, " PIV "))
		return "PKCS#11 token";
	return NULL;
}

static enum err agent_judge(struct judging *j, const struct sighting *s)
{
	const char *holder = key_holder_text(s);

	j->report->agent++;
	return holder ? find(j, CHECK_AGENT_HELD, s, "%s: %s", holder, s->comment ? s->comment : "") : ERR_NONE;
}

static enum err public_judge(struct judging *j, const struct sighting *s)
{
	return ERR_NONE;
}

static enum err each_judge(struct judging *j, const struct sightings *l)
{
	static enum err (*const judges[SIGHT_KINDS])(struct judging * j, const struct sighting *s) = {
		[SIGHT_AUTHORIZED] = authorized_judge, [SIGHT_FAULT] = fault_judge,
		[SIGHT_PRIVATE] = private_judge,       [SIGHT_PUBLIC] = public_judge,
		[SIGHT_KNOWN_HOST] = known_host_judge, [SIGHT_AGENT] = agent_judge,
		[SIGHT_UNREAD] = unread_judge,
	};
	enum err e = ERR_NONE;

	for (size_t i = 0; i < l->n && !e; i++) {
		const struct sighting *s = &l->v[i];
		j->report->host += is_of(s, SIGHT_PRIVATE) && s->flags & SIGHT_OF_HOST;
		e = judges[s->kind](j, s);
		if (!e)
			e = strength_judge(j, s);
	}
	return e;
}

/* ---- the same key in several places ---- */

static int compare_keys(const void *a, const void *b)
{
	const struct sighting *const *x = a, *const *y = b;
	int order = strcmp((*x)->key.fingerprint, (*y)->key.fingerprint);

	if (order)
		return order;
	return *x < *y ? -1 : *x > *y; /* all in one array: by the order in which they were seen */
}

static enum err sort_by_key(struct judging *j, const struct sightings *l)
{
	j->by_key = calloc(l->n + 1, sizeof(*j->by_key));
	if (!j->by_key)
		return ERR_MEMORY;
	for (size_t i = 0; i < l->n; i++)
		if (l->v[i].key.fingerprint[0])
			j->by_key[j->n++] = &l->v[i];
	qsort(j->by_key, j->n, sizeof(*j->by_key), compare_keys);
	return ERR_NONE;
}

/* The same key, from..to. */
struct group {
	const struct sighting **v;
	size_t n;
};

/* Sightings of a group come account by account, so that it is enough to compare with the one before. */
static enum err shared_judge(struct judging *j, const struct group *g)
{
	const struct sighting *first = NULL;
	const char *last = NULL;
	struct text who = { 0 };
	size_t accounts = 0;
	enum err e = ERR_NONE;

	for (size_t i = 0; i < g->n; i++) {
		const struct sighting *s = g->v[i];
		if (!is_of(s, SIGHT_AUTHORIZED) || s->flags & SIGHT_CA || !s->account ||
		    (last && !strcmp(last, s->account)))
			continue;
		first = first ? first : s;
		last = s->account;
		if (accounts++ < ACCOUNTS_SHOWN)
			text_add(&who, "%s%s", accounts > 1 ? ", " : "", s->account);
	}
	if (accounts > ACCOUNTS_SHOWN)
		text_add(&who, " and %zu more", accounts - ACCOUNTS_SHOWN);
	e = text_check(&who);
	if (!e && accounts > 1)
		e = find(j, CHECK_SHARED, first, "%zu accounts: %s", accounts, who.s);
	text_free(&who);
	return e;
}

static enum err ca_judge(struct judging *j, const struct group *g)
{
	const struct sighting *ca = NULL;
	enum err e = ERR_NONE;

	for (size_t i = 0; i < g->n && !ca; i++)
		if (is_of(g->v[i], SIGHT_AUTHORIZED) && g->v[i]->flags & SIGHT_CA)
			ca = g->v[i];
	for (size_t i = 0; ca && i < g->n && !e; i++)
		if (is_of(g->v[i], SIGHT_AUTHORIZED) && !(g->v[i]->flags & SIGHT_CA))
			e = find(j, CHECK_CA_AS_KEY, g->v[i], "%s:%" PRIu64 " has it as a CA", ca->file, ca->line);
	return e;
}

static const struct sighting *host_key_of(const struct group *g)
{
	for (size_t i = 0; i < g->n; i++)
		if (g->v[i]->flags & SIGHT_OF_HOST)
			return g->v[i];
	return NULL;
}

/* The keys of this host: is it known under a name that is not its own? */
static enum err host_shared_judge(struct judging *j, const struct group *g, const struct sighting *host)
{
	struct text stranger = { 0 };
	enum err e = ERR_NONE;

	for (size_t i = 0; i < g->n && !e; i++) {
		const struct sighting *s = g->v[i];
		if (!is_of(s, SIGHT_KNOWN_HOST) || s->flags & (SIGHT_CA | SIGHT_HOST_REVOKED))
			continue;
		text_reset(&stranger);
		e = key_names_foreign(s->text, j->context->names, &stranger);
		if (!e && stranger.len)
			e = find(j, CHECK_HOST_SHARED, s, "%s has %s under %s", s->file, host->file, stranger.s);
	}
	text_free(&stranger);
	return e;
}

static enum err known_shared_judge(struct judging *j, const struct group *g)
{
	struct key_names names = { 0 };
	const struct sighting *first = NULL;
	struct text list = { 0 };
	enum err e = ERR_NONE;

	for (size_t i = 0; i < g->n && !e; i++) {
		const struct sighting *s = g->v[i];
		if (!is_of(s, SIGHT_KNOWN_HOST) || s->flags & (SIGHT_CA | SIGHT_HOST_REVOKED))
			continue;
		first = first ? first : s;
		e = key_names_add(&names, s->text);
	}
	if (!e && first && !(e = key_names_differ(&names, &list)) && list.len)
		e = find(j, CHECK_KNOWN_SHARED, first, "%s", list.s);
	key_names_free(&names);
	text_free(&list);
	return e;
}

static enum err group_judge(struct judging *j, const struct group *g)
{
	const struct sighting *host = host_key_of(g);
	enum err e;

	if ((e = shared_judge(j, g)) || (e = ca_judge(j, g)))
		return e;
	for (size_t i = 0; i < g->n; i++)
		if (key_is_hardware(g->v[i]->key.type)) {
			j->report->hardware++;
			break;
		}
	return host ? host_shared_judge(j, g, host) : known_shared_judge(j, g);
}

static enum err groups_judge(struct judging *j)
{
	enum err e = ERR_NONE;

	for (size_t i = 0, end; i < j->n && !e; i = end) {
		for (end = i + 1;
		     end < j->n && !strcmp(j->by_key[i]->key.fingerprint, j->by_key[end]->key.fingerprint);)
			end++;
		e = group_judge(j, &(struct group){ j->by_key + i, end - i });
	}
	return e;
}

/* ---- all together ---- */

static int compare_findings(const void *a, const void *b)
{
	const struct key_finding *x = a, *y = b;

	int order;

	if (x->check != y->check)
		return x->check < y->check ? -1 : 1;
	if ((order = strcmp(x->at->file, y->at->file)))
		return order;
	if (x->at->line != y->at->line)
		return x->at->line < y->at->line ? -1 : 1;
	return x->at < y->at ? -1 : x->at > y->at;
}

static bool same_text(const char *a, const char *b)
{
	return a == b || (a && b && !strcmp(a, b));
}

/* One file may have been met on two ways: through its account and through sshd's settings. */
static bool is_repeated(const struct key_finding *a, const struct key_finding *b)
{
	return a->check == b->check && a->at->line == b->at->line && same_text(a->at->file, b->at->file) &&
	       (a->check == &checks[CHECK_UNREAD] || same_text(a->detail, b->detail));
}

static void report_tidy(struct key_report *r)
{
	size_t kept = 0;

	if (r->n)
		qsort(r->v, r->n, sizeof *r->v, compare_findings);
	for (size_t i = 0; i < r->n; i++) {
		if (kept && is_repeated(&r->v[kept - 1], &r->v[i])) {
			r->count[r->v[i].check->status]--;
			free(r->v[i].detail);
			continue;
		}
		r->v[kept++] = r->v[i];
	}
	r->n = kept;
}

/* Those of one account were seen one after another. */
static size_t accounts_count(const struct sightings *l)
{
	const char *last = NULL;
	size_t n = 0;

	for (size_t i = 0; i < l->n; i++) {
		const struct sighting *s = &l->v[i];
		if (!s->account || !is_of(s, SIGHT_AUTHORIZED) || (last && !strcmp(last, s->account)))
			continue;
		last = s->account;
		n++;
	}
	return n;
}

enum err key_judge(const struct sightings *l, const struct key_context *c, struct key_report *out)
{
	struct key_report r = { 0 };
	struct judging j = { .context = c, .report = &r };
	enum err e = sort_by_key(&j, l);

	if (!e && !(e = each_judge(&j, l)))
		e = groups_judge(&j);
	free(j.by_key);
	if (e) {
		key_report_free(&r);
		return e;
	}
	r.accounts = accounts_count(l);
	report_tidy(&r);
	*out = r;
	return ERR_NONE;
}

void key_report_free(struct key_report *r)
{
	for (size_t i = 0; i < r->n; i++)
		free(r->v[i].detail);
	free(r->v);
	*r = (struct key_report){ 0 };
}
