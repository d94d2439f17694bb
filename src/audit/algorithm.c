/* SPDX-License-Identifier: GPL-3.0-or-later */
/* algorithm.c - which algorithms this sshd uses and could use. */
#include "audit/algorithm.h"

#include "audit/judge.h"
#include "sshd/pattern.h"
#include "sshd/version.h"

#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

#define CURVES "curve25519-sha256,curve25519-sha256@libssh.org,ecdh-sha2-nistp256,ecdh-sha2-nistp384,ecdh-sha2-nistp521"
#define GROUPS "diffie-hellman-group-exchange-sha256,diffie-hellman-group16-sha512,diffie-hellman-group18-sha512"
#define ETM \
	"umac-64-etm@openssh.com,umac-128-etm@openssh.com,hmac-sha2-256-etm@openssh.com,hmac-sha2-512-etm@openssh.com"
#define ECDSA_CERTS \
	"ecdsa-sha2-nistp256-cert-v01@openssh.com,ecdsa-sha2-nistp384-cert-v01@openssh.com," \
	"ecdsa-sha2-nistp521-cert-v01@openssh.com"
#define ECDSA_KEYS "ecdsa-sha2-nistp256,ecdsa-sha2-nistp384,ecdsa-sha2-nistp521"
#define RSA_CERTS "rsa-sha2-512-cert-v01@openssh.com,rsa-sha2-256-cert-v01@openssh.com"

/* Upstream's lists (myproposal.h), the newest first of each keyword. Before 8.8 the host keys' list had RSA with SHA-1. */
static const struct {
	enum sshd_keyword_id keyword;
	unsigned since;
	const char *list;
} defaults[] = {
	{ KW_KEXALGORITHMS, SSHD_RELEASE(10, 0),
	  "mlkem768x25519-sha256,sntrup761x25519-sha512,sntrup761x25519-sha512@openssh.com," CURVES },
	{ KW_KEXALGORITHMS, SSHD_RELEASE(9, 9),
	  "sntrup761x25519-sha512,sntrup761x25519-sha512@openssh.com,mlkem768x25519-sha256," CURVES "," GROUPS
	  ",diffie-hellman-group14-sha256" },
	{ KW_KEXALGORITHMS, SSHD_RELEASE(9, 0),
	  "sntrup761x25519-sha512@openssh.com," CURVES "," GROUPS ",diffie-hellman-group14-sha256" },
	{ KW_KEXALGORITHMS, SSHD_RELEASE(8, 9),
	  CURVES ",sntrup761x25519-sha512@openssh.com," GROUPS ",diffie-hellman-group14-sha256" },
	{ KW_KEXALGORITHMS, SSHD_RELEASE(8, 2), CURVES "," GROUPS ",diffie-hellman-group14-sha256" },
	{ KW_KEXALGORITHMS, SSHD_OLDEST,
	  CURVES "," GROUPS ",diffie-hellman-group14-sha256,diffie-hellman-group14-sha1" },
	{ KW_CIPHERS, SSHD_RELEASE(10, 0),
	  "chacha20-poly1305@openssh.com,aes128-gcm@openssh.com,aes256-gcm@openssh.com,aes128-ctr,aes192-ctr,aes256-ctr" },
	{ KW_CIPHERS, SSHD_OLDEST,
	  "chacha20-poly1305@openssh.com,aes128-ctr,aes192-ctr,aes256-ctr,aes128-gcm@openssh.com,aes256-gcm@openssh.com" },
	{ KW_MACS, SSHD_OLDEST,
	  ETM
	  ",hmac-sha1-etm@openssh.com,umac-64@openssh.com,umac-128@openssh.com,hmac-sha2-256,hmac-sha2-512,hmac-sha1" },
	{ KW_HOSTKEYALGORITHMS, SSHD_RELEASE(8, 8),
	  "ssh-ed25519-cert-v01@openssh.com," ECDSA_CERTS ",sk-ssh-ed25519-cert-v01@openssh.com,"
	  "sk-ecdsa-sha2-nistp256-cert-v01@openssh.com," RSA_CERTS ",ssh-ed25519," ECDSA_KEYS
	  ",sk-ssh-ed25519@openssh.com,sk-ecdsa-sha2-nistp256@openssh.com,rsa-sha2-512,rsa-sha2-256" },
	{ KW_HOSTKEYALGORITHMS, SSHD_RELEASE(8, 2),
	  ECDSA_CERTS
	  ",sk-ecdsa-sha2-nistp256-cert-v01@openssh.com,ssh-ed25519-cert-v01@openssh.com,"
	  "sk-ssh-ed25519-cert-v01@openssh.com," RSA_CERTS ",ssh-rsa-cert-v01@openssh.com," ECDSA_KEYS
	  ",sk-ecdsa-sha2-nistp256@openssh.com,ssh-ed25519,sk-ssh-ed25519@openssh.com,rsa-sha2-512,rsa-sha2-256,ssh-rsa" },
	{ KW_HOSTKEYALGORITHMS, SSHD_OLDEST,
	  ECDSA_CERTS ",ssh-ed25519-cert-v01@openssh.com,ssh-rsa-cert-v01@openssh.com," ECDSA_KEYS
		      ",ssh-ed25519,rsa-sha2-512,rsa-sha2-256,ssh-rsa" },
};

/* Algorithms that came after the oldest release that we know; all others are older. */
static const struct {
	const char *name;
	unsigned since;
} newcomers[] = {
	{ "sntrup761x25519-sha512@openssh.com", SSHD_RELEASE(8, 5) },
	{ "sntrup761x25519-sha512", SSHD_RELEASE(9, 9) },
	{ "mlkem768x25519-sha256", SSHD_RELEASE(9, 9) },
	{ "mlkem768nistp256-sha256", SSHD_RELEASE(10, 5) },
};

const char *algorithm_default(enum sshd_keyword_id keyword, unsigned release)
{
	for (size_t i = 0; release && i < ARRAY_SIZE(defaults); i++)
		if (defaults[i].keyword == keyword && release >= defaults[i].since)
			return defaults[i].list;
	return NULL;
}

static bool matches_any(const char *name, const struct strings *patterns)
{
	for (size_t i = 0; i < patterns->n; i++)
		if (pattern_match(name, patterns->v[i]))
			return true;
	return false;
}

/* All of 'from' that is not in the list yet and hits none of the patterns (may be NULL). */
static enum err add_new(struct strings *to, const struct strings *from, const struct strings *except)
{
	enum err e = ERR_NONE;

	for (size_t i = 0; i < from->n && !e; i++)
		if (!strings_has(to, from->v[i]) && !(except && matches_any(from->v[i], except)))
			e = strings_add(to, from->v[i]);
	return e;
}

enum err algorithm_apply(const char *value, const char *base, struct strings *out)
{
	char prefix = strchr("+-^", value[0]) ? value[0] : '\0';
	struct strings given = { 0 }, usual = { 0 }, all = { 0 };
	enum err e;

	if ((e = strings_split(&given, value + (prefix != '\0'), ", \t")) || (e = strings_split(&usual, base, ",")))
		goto out;
	if (prefix == '+')
		e = add_new(&all, &usual, NULL);
	if (!e && prefix == '-')
		e = add_new(&all, &usual, &given);
	else if (!e)
		e = add_new(&all, &given, NULL);
	if (!e && prefix == '^')
		e = add_new(&all, &usual, NULL);
	if (!e)
		e = strings_copy(out, &all);
out:
	strings_free(&given);
	strings_free(&usual);
	strings_free(&all);
	return e;
}

enum err algorithm_list(const struct facts *f, enum sshd_keyword_id keyword, struct strings *out)
{
	const struct sshd_line *by;
	const char *base = algorithm_default(keyword, f->release), *value = judge_reported(f, keyword);

	if (value)
		return strings_split(out, value, ",");
	if (!f->effective)
		return ERR_NOT_FOUND;
	by = sshd_decider(f->effective, keyword);
	value = by && by->args.n ? by->args.v[0] : base;
	if (!value || (strchr("+-^", value[0]) && !base))
		return ERR_NOT_FOUND;
	return algorithm_apply(value, base ? base : "", out);
}

static bool guess(const struct facts *f, const struct strings *own, const char *name)
{
	if (strings_has(own, name))
		return true;
	for (size_t i = 0; i < ARRAY_SIZE(newcomers); i++)
		if (strcmp(newcomers[i].name, name) == 0)
			return f->release >= newcomers[i].since;
	return true;
}

static enum err check_guess(const struct facts *f, enum sshd_keyword_id keyword, const struct strings *guessed,
			    struct strings *out)
{
	struct asked *a;
	enum err e;

	for (a = f->memory ? f->memory->first : NULL; a; a = a->next)
		if (a->keyword == keyword && strings_equal(&a->wanted, guessed))
			return strings_copy(out, &a->supported);
	a = calloc(1, sizeof *a);
	if (!a)
		return ERR_MEMORY;
	a->keyword = keyword;
	if ((e = strings_copy(&a->wanted, guessed)))
		goto no;
	/* Where the binary gives no clear answer the guess stands; the staged check of harden has the last word. */
	e = ask_supported(f->sshd, keyword, guessed, &a->supported);
	if (e == ERR_MEMORY || (e && (e = strings_copy(&a->supported, guessed))))
		goto no;
	if ((e = strings_copy(out, &a->supported)))
		goto no;
	a->next = f->memory->first;
	f->memory->first = a;
	return ERR_NONE;
no:
	asked_free(a);
	return e;
}

enum err algorithm_supported(const struct facts *f, enum sshd_keyword_id keyword, const struct strings *wanted,
			     struct strings *out)
{
	struct strings own = { 0 }, guessed = { 0 };
	bool proven = judge_reported(f, keyword) != NULL;
	enum err e = algorithm_list(f, keyword, &own);

	if (e == ERR_NOT_FOUND)
		e = ERR_NONE;
	for (size_t i = 0; i < wanted->n && !e; i++) {
		if (!guess(f, &own, wanted->v[i]))
			continue;
		proven = proven && strings_has(&own, wanted->v[i]); /* what the binary reports it can do */
		e = strings_add(&guessed, wanted->v[i]);
	}
	if (!e)
		e = !proven && f->live && f->sshd && f->memory ? check_guess(f, keyword, &guessed, out)
							       : strings_copy(out, &guessed);
	strings_free(&own);
	strings_free(&guessed);
	return e;
}

bool algorithm_is_post_quantum(const char *name)
{
	return strncmp(name, "mlkem", 5) == 0 || strncmp(name, "sntrup", 6) == 0;
}

bool algorithm_is_aead(const char *cipher)
{
	return strstr(cipher, "-gcm@") || strstr(cipher, "poly1305");
}
