/* SPDX-License-Identifier: GPL-3.0-or-later */
/* knock_say.c - the server never says why a knock did not open: here is all that the client can know. */
#include "cmd/knock.h"

#include "base/message.h"
#include "key/public.h"

#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

const char *knock_trouble_text(enum knock_trouble t)
{
	static const char *const words[] = {
		[KNOCK_FINE] = NULL,
		[KNOCK_NO_HOST_KEY] = "no-host-key",
		[KNOCK_CANNOT_SIGN] = "cannot-sign",
		[KNOCK_DOES_NOT_FIT] = "does-not-fit",
		[KNOCK_NO_ADDRESS] = "no-address",
		[KNOCK_OTHER] = "trouble",
	};

	return words[t];
}

void knock_say_host_key(const struct knock *k)
{
	struct strings names = { 0 };
	struct text known = { 0 }, files = { 0 };

	strings_join(&k->ssh.known_hosts, ", ", &files);
	if (!host_key_names(&k->ssh, &names))
		strings_join(&names, " or ", &known);
	complain("no Ed25519 host key of '%s' is known, to which a knock could be sealed", k->host);
	hint("looked for %s in %s", text_string(&known), files.len ? text_string(&files) : "no file at all");
	if (k->keys.revoked)
		hint("there is one, but it is marked as @revoked");
	if (k->keys.authority)
		hint("a line @cert-authority does not help: it does not tell which key the host has");
	if (k->keys.other)
		hint("keys of other types are known, and a knock is sealed to no other than Ed25519");
	hint("read it on the server, on its console: cat /etc/ssh/ssh_host_ed25519_key.pub");
	hint("and add it here to ~/.ssh/known_hosts: %s ssh-ed25519 AAAA...", names.n ? names.v[0] : k->host);
	strings_free(&names);
	text_free(&known);
	text_free(&files);
}

void knock_say_no_key(const struct knock *k)
{
	const struct choice *c = &k->choice;

	if (k->args->identity)
		complain("there is no key to knock with in '%s'", k->args->identity);
	else
		complain("there is no key to knock with");
	if (k->agent_empty)
		hint("the agent at '%s' has no keys; one that is locked shows none either: ssh-add -X", k->agent_path);
	else if (k->agent < 0 && k->agent_path)
		hint("no agent answers at '%s'", k->agent_path);
	else if (k->agent < 0)
		hint("there is no agent: SSH_AUTH_SOCK is not set, or IdentityAgent is none");
	if (c->touch)
		hint("security keys are asked for a touch only where they are named: -i FILE");
	if (c->unfit)
		hint("keys that no server takes were left out: DSA, RSA below 2048 or above 8192 bits");
	if (c->unsignable)
		hint("of some there is the public half alone: the agent does not have them");
	hint("add one to the agent: ssh-add; or name a file: -i FILE, with FILE.pub beside it");
}

static void say(bool others, const char *what, const char *whom)
{
	if (others)
		warn("%s %s", what, whom);
	else
		complain("%s %s", what, whom);
}

void knock_say_unsigned(const struct candidate *c, enum err e, bool others)
{
	const char *what = "no signature could be had by";
	const char *help = NULL;

	if (e == ERR_NOT_FOUND) {
		what = "the agent does not sign with";
		help = "it does not while it is locked (ssh-add -X), when -c asks and nobody confirms, nor ever with a key "
		       "that was added with a destination (ssh-add -h): that can sign logins alone";
	} else if (e == ERR_TIMEOUT) {
		what = "nobody confirmed or touched in time:";
	} else if (e == ERR_CHILD) {
		what = "ssh-keygen does not sign with";
		help = "a passphrase is asked for on the terminal only; or put the key into an agent: ssh-add";
	} else if (e == ERR_TOO_BIG) {
		what = c->certificate ? "this certificate is too big for a knock:" : "this key is too big for a knock:";
		help = "what fits: plain keys up to RSA 8192; certificates of Ed25519 and ECDSA keys by any usual CA, of RSA "
		       "2048 by a CA that is not RSA";
	} else if (e == ERR_SIGNATURE) {
		what = "no server would take what signs with";
		help = "is the agent too old for SHA-2 signatures by RSA keys?";
	} else if (e == ERR_SYNTAX) {
		help = "the account name may hold no blanks, slashes, colons or control characters";
	}
	say(others, what, c->fingerprint);
	if (help && !others)
		hint("%s", help);
}

static bool any_source_claimed(const struct knock *k)
{
	for (size_t i = 0; i < k->n; i++)
		if (!k->claim[i].type)
			return true;
	return false;
}

/* Whoever reads this may be at its console, or ask somebody who is. */
static void say_sealed_to(const struct knock *k)
{
	static const uint8_t head[] = "\0\0\0\013ssh-ed25519\0\0\0\040";
	uint8_t blob[sizeof head - 1 + NATIVE_HOST_KEY];
	struct public_key key;

	memcpy(blob, head, sizeof head - 1);
	memcpy(blob + sizeof head - 1, k->keys.v[0], NATIVE_HOST_KEY);
	if (!public_key_parse_blob(blob, sizeof blob, &key))
		hint("the knock was sealed to %s of known_hosts: is its Ed25519 key still that one? a host that was installed anew has another",
		     key.fingerprint);
}

void knock_say_silence(const struct knock *k)
{
	hint("a server that refuses says nothing; on it, 'sudo sallyport who' and its log tell why, if the key is listed there");
	hint("is the clock here right? more than five minutes off is too much");
	if (k->keys.n > 1)
		hint("known_hosts has %zu Ed25519 keys of this host, and none of them helped: are they old?",
		     k->keys.n);
	else if (k->keys.n)
		say_sealed_to(k);
	if (k->choice.more)
		hint("%u more keys were not tried: name the right one by -i, or once and for all: sallyport enroll %s",
		     k->choice.more, k->host);
	if (k->choice.touch)
		hint("security keys were left out, since nobody named one by -i");
	if (!k->args->carry && !k->has_secret)
		hint("has its site a secret? where it has, nobody gets in without it: sallyport enroll takes it over, within a login that works");
	if (!k->args->carry && any_source_claimed(k))
		hint("the knock asked for whatever address it came from, which a server may refuse: --from ADDRESS");
	if (!k->args->carry)
		hint("is this account let in with this key? P-384 and P-521 keys and certificates may be refused, too");
	hint("does the knock arrive? UDP of 1232 bytes, to the port that the server listens for: --knock-port PORT");
}
