/* SPDX-License-Identifier: GPL-3.0-or-later */
/* key_algorithm.c - a key type's algorithms against a list that may be relative to the default. */
#include "sshd/key_algorithm.h"

#include "sshd/pattern.h"
#include "sshd/version.h"

#include <string.h>

#include "base/banned.h"

#define CERT "-cert-v01@openssh.com"
#define PLAIN_OLD "ecdsa-sha2-nistp256,ecdsa-sha2-nistp384,ecdsa-sha2-nistp521,ssh-ed25519,rsa-sha2-512,rsa-sha2-256"
#define SECURITY_KEYS "sk-ecdsa-sha2-nistp256@openssh.com,sk-ssh-ed25519@openssh.com"
#define CERTS_OLD \
	"ecdsa-sha2-nistp256" CERT ",ecdsa-sha2-nistp384" CERT ",ecdsa-sha2-nistp521" CERT ",ssh-ed25519" CERT \
	",rsa-sha2-512" CERT ",rsa-sha2-256" CERT
#define SECURITY_CERTS "sk-ecdsa-sha2-nistp256" CERT ",sk-ssh-ed25519" CERT
#define SHA1 "ssh-rsa,ssh-rsa" CERT

/* Upstream's lists (myproposal.h) as sets, the newest first of each keyword. */
static const struct {
	enum sshd_keyword_id keyword;
	unsigned since;
	const char *list;
} defaults[] = {
	{ KW_PUBKEYACCEPTEDALGORITHMS, SSHD_RELEASE(8, 8),
	  PLAIN_OLD "," SECURITY_KEYS "," CERTS_OLD "," SECURITY_CERTS },
	{ KW_PUBKEYACCEPTEDALGORITHMS, SSHD_RELEASE(8, 2),
	  PLAIN_OLD "," SECURITY_KEYS "," CERTS_OLD "," SECURITY_CERTS "," SHA1 },
	{ KW_PUBKEYACCEPTEDALGORITHMS, 0, PLAIN_OLD "," CERTS_OLD "," SHA1 },
	{ KW_CASIGNATUREALGORITHMS, SSHD_RELEASE(8, 2), PLAIN_OLD "," SECURITY_KEYS },
	{ KW_CASIGNATUREALGORITHMS, SSHD_RELEASE(7, 9), PLAIN_OLD ",ssh-rsa" },
	{ KW_CASIGNATUREALGORITHMS, 0, "*" }, /* nobody looked at it */
};

/* RSA keys sign with any of three; all others with the one that is called like their type. */
static const struct {
	const char *type;
	const char *algorithms[4];
} several[] = {
	{ "ssh-rsa", { "rsa-sha2-512", "rsa-sha2-256", "ssh-rsa" } },
	{ "ssh-rsa" CERT, { "rsa-sha2-512" CERT, "rsa-sha2-256" CERT, "ssh-rsa" CERT } },
};

static const char *default_list(enum sshd_keyword_id id, unsigned release)
{
	for (size_t i = 0; i < ARRAY_SIZE(defaults); i++)
		if (defaults[i].keyword == id && release >= defaults[i].since)
			return defaults[i].list;
	return "";
}

/* What is written as +, - or ^ LIST changes the default. */
static bool list_takes(const struct sshd_effective *rules, enum sshd_keyword_id id, const char *name)
{
	const char *value = sshd_value(rules, id);
	const char *usual = default_list(id, rules->config->release);
	bool by_default = pattern_list_match(name, usual, false) == 1;

	if (!*value)
		return by_default;
	if (!strchr("+-^", *value))
		return pattern_list_match(name, value, false) == 1;
	if (*value == '-')
		return by_default && pattern_list_match(name, value + 1, false) != 1;
	return by_default || pattern_list_match(name, value + 1, false) == 1;
}

static bool type_takes(const struct sshd_effective *rules, enum sshd_keyword_id id, const char *type)
{
	/* until 7.7 the name of the type was looked up, whatever it signed with */
	if (id == KW_PUBKEYACCEPTEDALGORITHMS && rules->config->release < SSHD_RELEASE(7, 8))
		return list_takes(rules, id, type);
	for (size_t i = 0; i < ARRAY_SIZE(several); i++) {
		if (strcmp(several[i].type, type))
			continue;
		for (size_t j = 0; several[i].algorithms[j]; j++)
			if (list_takes(rules, id, several[i].algorithms[j]))
				return true;
		return false;
	}
	return list_takes(rules, id, type);
}

bool key_algorithm_accepted(const struct sshd_effective *rules, const char *type)
{
	return type_takes(rules, KW_PUBKEYACCEPTEDALGORITHMS, type);
}

bool key_algorithm_ca(const struct sshd_effective *rules, const char *algorithm)
{
	return list_takes(rules, KW_CASIGNATUREALGORITHMS, algorithm);
}

bool key_algorithm_ca_type(const struct sshd_effective *rules, const char *type)
{
	return type_takes(rules, KW_CASIGNATUREALGORITHMS, type);
}
