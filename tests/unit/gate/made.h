/* SPDX-License-Identifier: GPL-3.0-or-later */
/* made.h - a root with sshd's files in it, certificates and lists of revoked keys as a test wants them, and questions about them. */
#ifndef TESTS_UNIT_GATE_MADE_H
#define TESTS_UNIT_GATE_MADE_H

#include "base/scratch.h"

#include "gate/lookup.h"
#include "key/public.h"
#include "sshd/version.h"

#include <arpa/inet.h>
#include <sodium.h>

#define MADE_NOW 1800000000
#define MADE_KEYS "home/anna/.ssh/authorized_keys"
#define MADE_CONFIG "etc/ssh/sshd_config"

struct made {
	char dir[SCRATCH_DIR];
	struct root *root;
};

static inline void made_put(const struct made *m, const char *path, const char *text)
{
	scratch_write(scratch_path(m->dir, path), text);
	assert_int_equal(chmod(scratch_path(m->dir, path), 0644), 0);
}

static inline void made_put_bytes(const struct made *m, const char *path, const struct text *bytes)
{
	FILE *f = fopen(scratch_path(m->dir, path), "w");

	assert_non_null(f);
	assert_int_equal(text_check(bytes), ERR_NONE);
	assert_int_equal(fwrite(text_string(bytes), 1, bytes->len, f), bytes->len);
	assert_int_equal(fclose(f), 0);
}

/* anna and berta are whoever runs the test, so that StrictModes holds. */
static inline int made_make(void **state)
{
	static const char *const dirs[] = {
		"etc",	      "etc/ssh",	"etc/ssh/sshd_config.d", "bin", "home", "home/anna", "home/anna/.ssh",
		"home/berta", "home/berta/.ssh"
	};
	struct made *m = calloc(1, sizeof *m);
	char passwd[512];

	assert_non_null(m);
	scratch_make(m->dir);
	assert_int_equal(chmod(m->dir, 0755), 0);
	for (size_t i = 0; i < ARRAY_SIZE(dirs); i++)
		assert_int_equal(mkdir(scratch_path(m->dir, dirs[i]), 0755), 0);
	snprintf(
		passwd, sizeof passwd,
		"anna:x:%u:%u::/home/anna:/bin/sh\nberta:x:%u:%u::/home/berta:/bin/sh\nshellless:x:%u:%u::/home/anna:/bin/none\n",
		geteuid(), getegid(), geteuid(), getegid(), geteuid(), getegid());
	made_put(m, "etc/passwd", passwd);
	made_put(m, "etc/group", "");
	made_put(m, "etc/shadow", "anna:*:19000::::::\nberta:*:19000::::::\n");
	made_put(m, "bin/sh", "#!");
	made_put(m, MADE_CONFIG, "PermitRootLogin yes\n");
	assert_int_equal(chmod(scratch_path(m->dir, "bin/sh"), 0755), 0);
	assert_int_equal(root_open(m->dir, &m->root), ERR_NONE);
	*state = m;
	return 0;
}

static inline int made_remove(void **state)
{
	struct made *m = *state;

	root_close(m->root);
	scratch_remove(m->dir);
	free(m);
	return 0;
}

/* --- bytes --- */

static inline void made_u32(struct text *t, uint32_t n)
{
	const uint8_t be[4] = { (uint8_t)(n >> 24), (uint8_t)(n >> 16), (uint8_t)(n >> 8), (uint8_t)n };

	text_add_bytes(t, be, sizeof be);
}

static inline void made_u64(struct text *t, uint64_t n)
{
	made_u32(t, (uint32_t)(n >> 32));
	made_u32(t, (uint32_t)n);
}

static inline void made_string(struct text *t, const void *bytes, size_t len)
{
	made_u32(t, (uint32_t)len);
	if (len)
		text_add_bytes(t, bytes, len);
}

static inline void made_word(struct text *t, const char *s)
{
	made_string(t, s, strlen(s));
}

/* --- keys --- */

struct made_key {
	uint8_t public[crypto_sign_PUBLICKEYBYTES], secret[crypto_sign_SECRETKEYBYTES];
	uint8_t blob[128];
	size_t len;
	char line[256]; /* as it stands in a file */
};

/* An Ed25519 key, of a security key where 'sk'; the number makes it. */
static inline struct made_key made_key(uint8_t number, bool sk)
{
	uint8_t seed[crypto_sign_SEEDBYTES] = { number };
	const char *type = sk ? "sk-ssh-ed25519@openssh.com" : "ssh-ed25519";
	struct made_key k = { 0 };
	struct text t = { 0 };
	char base64[200];

	assert_int_equal(crypto_sign_seed_keypair(k.public, k.secret, seed), 0);
	made_word(&t, type);
	made_string(&t, k.public, sizeof k.public);
	if (sk)
		made_word(&t, "ssh:");
	assert_int_equal(text_check(&t), ERR_NONE);
	assert_true(t.len <= sizeof k.blob);
	memcpy(k.blob, t.s, t.len);
	k.len = t.len;
	sodium_bin2base64(base64, sizeof base64, k.blob, k.len, sodium_base64_VARIANT_ORIGINAL);
	snprintf(k.line, sizeof k.line, "%s %s", type, base64);
	text_free(&t);
	return k;
}

/* --- certificates --- */

struct made_certificate {
	uint32_t kind; /* 0: of a user */
	uint64_t serial;
	const char *key_id;	       /* NULL: "id" */
	const char *principals;	       /* with blanks between them; NULL: "anna"; "": none */
	uint64_t after, before;	       /* before 0: for ever */
	const char *option, *value;    /* a critical one; the value is a string in a string, NULL: no bytes at all */
	const char *extension;	       /* without a value */
	bool damaged, trailing, fault; /* its key id is cut; a byte too many; the data of the option is damaged */
};

static inline void made_options(struct text *t, const char *name, const char *value, bool fault)
{
	struct text options = { 0 }, data = { 0 };

	if (value)
		made_word(&data, value);
	if (fault)
		text_add_bytes(&data, "x", 1);
	if (name) {
		made_word(&options, name);
		made_string(&options, text_string(&data), data.len);
	}
	made_string(t, text_string(&options), options.len);
	text_free(&options);
	text_free(&data);
}

/* What goes into a knock: the body and the CA's signature. */
static inline void made_certify(const struct made_certificate *c, const struct made_key *key, bool sk,
				const struct made_key *ca, struct text *body, struct text *casig)
{
	static const uint8_t nonce[32];
	struct text principals = { 0 }, data = { 0 };
	struct strings names = { 0 };
	uint8_t signature[crypto_sign_BYTES];

	made_word(body, sk ? "sk-ssh-ed25519-cert-v01@openssh.com" : "ssh-ed25519-cert-v01@openssh.com");
	made_string(body, nonce, sizeof nonce);
	made_string(body, key->public, sizeof key->public);
	if (sk)
		made_word(body, "ssh:");
	made_u64(body, c->serial);
	made_u32(body, c->kind ? c->kind : 1);
	made_word(body, c->key_id ? c->key_id : "id");
	assert_int_equal(strings_split(&names, c->principals ? c->principals : "anna", " "), ERR_NONE);
	for (size_t i = 0; i < names.n; i++)
		made_word(&principals, names.v[i]);
	if (c->damaged)
		text_add_bytes(&principals, "\0\0\0\x09x", 5);
	made_string(body, text_string(&principals), principals.len);
	made_u64(body, c->after);
	made_u64(body, c->before ? c->before : UINT64_MAX);
	made_options(body, c->option, c->value, c->fault);
	made_options(body, c->extension, NULL, false);
	made_string(body, "", 0);
	if (c->trailing)
		text_add_bytes(body, "", 1);
	text_add_bytes(&data, body->s, body->len);
	made_string(&data, ca->blob, ca->len);
	assert_int_equal(text_check(&data), ERR_NONE);
	assert_int_equal(crypto_sign_detached(signature, NULL, (const uint8_t *)data.s, data.len, ca->secret), 0);
	made_word(casig, "ssh-ed25519");
	made_string(casig, signature, sizeof signature);
	assert_int_equal(text_check(casig), ERR_NONE);
	strings_free(&names);
	text_free(&principals);
	text_free(&data);
}

/* --- lists of revoked keys (OpenSSH PROTOCOL.krl) --- */

static inline void made_krl(struct text *t)
{
	text_add_bytes(t, "SSHKRL\n\0", 8);
	made_u32(t, 1);
	made_u64(t, 1);
	made_u64(t, 0);
	made_u64(t, 0);
	made_string(t, "", 0);
	made_word(t, "made");
}

static inline void made_krl_key(struct text *t, const struct made_key *k)
{
	struct text section = { 0 };

	made_string(&section, k->blob, k->len);
	text_add_bytes(t, "\2", 1);
	made_string(t, section.s, section.len);
	text_free(&section);
}

/* By serial, or by key id where that is not NULL. */
static inline void made_krl_certificate(struct text *t, const struct made_key *ca, uint64_t serial, const char *key_id)
{
	struct text section = { 0 }, data = { 0 };

	made_string(&section, ca->blob, ca->len);
	made_string(&section, "", 0);
	text_add_bytes(&section, key_id ? "\x23" : "\x20", 1);
	if (key_id)
		made_word(&data, key_id);
	else
		made_u64(&data, serial);
	made_string(&section, data.s, data.len);
	text_add_bytes(t, "\1", 1);
	made_string(t, section.s, section.len);
	text_free(&section);
	text_free(&data);
}

/* --- questions --- */

static inline void made_address(const char *text, struct message_address *out)
{
	*out = (struct message_address){ .family = strchr(text, ':') ? 6 : 4 };
	assert_int_equal(inet_pton(out->family == 6 ? AF_INET6 : AF_INET, text, out->bytes), 1);
}

static inline struct message_question made_question(const char *user, const char *from, const void *blob, size_t len)
{
	struct message_question q = { .kind = NATIVE_PLAIN_KEY, .port = 22, .user_len = (uint16_t)strlen(user) };

	memcpy(q.user, user, strlen(user));
	made_address(from, &q.from);
	made_address("192.0.2.1", &q.to);
	crypto_hash_sha256(q.keyid, blob, len);
	return q;
}

static inline struct message_question made_question_of(const char *user, const char *from, const struct made_key *ca,
						       const struct text *body, const struct text *casig)
{
	struct message_question q = made_question(user, from, ca->blob, ca->len);

	q.kind = NATIVE_CERTIFICATE;
	q.cert_len = (uint16_t)body->len;
	q.casig_len = (uint16_t)casig->len;
	assert_true(body->len + casig->len <= sizeof q.cert);
	memcpy(q.cert, body->s, body->len);
	memcpy(q.cert + body->len, casig->s, casig->len);
	return q;
}

#endif
