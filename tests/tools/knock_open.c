/* SPDX-License-Identifier: GPL-3.0-or-later */
/* knock_open.c - opens one knock as a server would, and says what is in it and whether its signature holds. */
#include "file_bytes.h"
#include "gate/host_key.h"
#include "knock/native.h"

#include "base/root.h"
#include "key/public.h"

#include <jansson.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

/*
 * usage: knock_open HOST-KEY DATAGRAM USER-KEY.pub [ca=CA.pub] [secret=FILE]
 * Exit status 0: it opens and the signature holds (stage "accepted"), 1: it does not, 2: trouble.
 */

static int trouble(const char *what)
{
	fprintf(stderr, "knock_open: %s\n", what);
	return 2;
}

struct opening {
	uint8_t public[32], seed[32], secret[NATIVE_SECRET], plain[NATIVE_PLAIN];
	uint8_t *datagram;
	struct public_key_line key, ca;
	bool has_secret;
};

static int key_load(const char *path, struct public_key_line *out)
{
	size_t len;
	char *content = (char *)file_bytes(path, &len);
	enum err e = content ? public_key_decode_line(content, strcspn(content, "\n"), 1000, out) : ERR_NOT_FOUND;

	free(content);
	return e ? trouble(path) : 0;
}

static int load(int argc, char **argv, struct opening *o)
{
	const char *why = "cannot be read";
	size_t len = 0;
	uint8_t *content = file_bytes(argv[1], &len);
	enum err e = content ? host_key_parse(content, len, o->public, o->seed, &why) : ERR_NOT_FOUND;

	free(content);
	if (e)
		return trouble(why);
	o->datagram = file_bytes(argv[2], &len);
	if (!o->datagram || len != NATIVE_DATAGRAM || key_load(argv[3], &o->key))
		return trouble("no datagram, or no key");
	for (int i = 4; i < argc; i++) {
		if (!strncmp(argv[i], "ca=", 3) && !key_load(argv[i] + 3, &o->ca))
			continue;
		if (strncmp(argv[i], "secret=", 7) != 0 || !(content = file_bytes(argv[i] + 7, &len)))
			return trouble(argv[i]);
		o->has_secret = !site_secret_parse(content, len, o->secret);
		free(content);
	}
	return 0;
}

/* Whether the tag is one of the two epochs of the time that the knock itself says. */
static bool gate_fits(const struct opening *o, uint64_t ts)
{
	uint8_t key[NATIVE_GATE_KEY];

	native_gate_key(o->has_secret ? o->secret : NULL, o->public, native_epoch(ts / 1000), key);
	return native_gate_holds(key, o->datagram);
}

static const char *authority_of(const struct opening *o, const struct native_knock *k)
{
	struct native_certificate c = { .body = k->cert,
					.body_len = k->cert_len,
					.ca = o->ca.blob,
					.ca_len = o->ca.blob_len,
					.casig = k->casig,
					.casig_len = k->casig_len };

	if (k->kind != NATIVE_CERTIFICATE)
		return NULL;
	return o->ca.blob && !native_certificate_verify(&c) ? "signed" : "not signed";
}

static void fingerprint(const uint8_t id[NATIVE_KEY_ID], char out[64])
{
	char base64[64];

	sodium_bin2base64(base64, sizeof base64, id, NATIVE_KEY_ID, sodium_base64_VARIANT_ORIGINAL_NO_PADDING);
	snprintf(out, 64, "SHA256:%.43s", base64);
}

static int report(const struct opening *o, const struct native_knock *k)
{
	char algorithm[64] = "", keyid[64], addr[33];
	enum knock_stage stage =
		native_verify(k, o->public, o->datagram + 8, o->plain, o->key.blob, o->key.blob_len, 0, algorithm);
	json_t *ports = json_array(), *j;

	for (unsigned i = 0; i < k->nports; i++)
		json_array_append_new(ports, json_integer(k->ports[i]));
	fingerprint(k->keyid, keyid);
	sodium_bin2hex(addr, sizeof addr, k->addr, sizeof k->addr);
	j = json_pack("{s:i,s:i,s:s,s:i,s:I,s:o,s:s,s:s,s:s?,s:i,s:b,s:s,s:s}", "kind", (int)k->kind, "addr_type",
		      (int)k->addr_type, "addr", addr, "duration", (int)k->duration, "ts", (json_int_t)k->ts, "ports",
		      ports, "keyid", keyid, "user", k->user, "authority", authority_of(o, k), "used",
		      (int)(k->signed_len + 2 + k->sig_len), "gate", gate_fits(o, k->ts), "algorithm", algorithm,
		      "stage", knock_stage_text(stage));
	if (!j || json_dumpf(j, stdout, JSON_COMPACT))
		return trouble("cannot print");
	puts("");
	json_decref(j);
	return stage == STAGE_ACCEPTED ? 0 : 1;
}

int main(int argc, char **argv)
{
	struct opening o = { .has_secret = false };
	struct native_knock k;
	uint8_t scalar[32];
	int status;

	if (sodium_init() < 0 || argc < 4)
		return trouble("see the source for its usage");
	status = load(argc, argv, &o);
	if (!status) {
		native_host_secret(o.seed, scalar);
		if (native_open(o.public, scalar, o.has_secret ? o.secret : NULL, o.datagram, o.plain) ||
		    native_parse(o.plain, &k)) {
			puts("{\"stage\":\"open\"}");
			status = 1;
		} else {
			status = report(&o, &k);
		}
	}
	free(o.datagram);
	public_key_line_clear(&o.key);
	public_key_line_clear(&o.ca);
	return status;
}
