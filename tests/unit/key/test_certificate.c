/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_certificate.c - certificates of every kind say what ssh-keygen put in, and no changed bit of one stays unseen. */
#include "key/certificate.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "vectors.h"

#include "base/banned.h"

static struct vector {
	char name[64];
	struct public_key_line line;
} vectors[24];
static size_t n;

static void vector_read(char *line)
{
	struct vector *v = &vectors[n++];
	char *key = strchr(line, ' ');

	assert_true(n <= ARRAY_SIZE(vectors));
	*key++ = '\0';
	(void)snprintf(v->name, sizeof v->name, "%s", line);
	/* a line of a certificate is one only if its signature holds; a DSA key in it is read before 10.0 */
	assert_int_equal(public_key_decode_line(key, strlen(key), 902, &v->line), ERR_NONE);
}

static const struct public_key_line *vector_find(const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (!strcmp(vectors[i].name, name))
			return &vectors[i].line;
	fail_msg("no vector %s", name);
	return NULL;
}

static void parse_vector(const char *name, struct certificate *c)
{
	const struct public_key_line *l = vector_find(name);

	assert_int_equal(certificate_parse(l->blob, l->blob_len, c), ERR_NONE);
}

static void reads_every_kind(void **state)
{
	for (size_t i = 0; i < n; i++) {
		const struct public_key_line *l = &vectors[i].line;
		struct public_key plain;
		struct certificate c;

		assert_int_equal(certificate_parse(l->blob, l->blob_len, &c), ERR_NONE);
		assert_true(certificate_is_type(c.key.type));
		assert_int_equal(public_key_parse_blob(c.plain, c.plain_len, &plain), ERR_NONE);
		assert_string_equal(plain.fingerprint, c.key.fingerprint);
		assert_int_equal(plain.bits, c.key.bits);
		assert_false(certificate_is_type(plain.type));
		assert_true(c.serial == UINT64_MAX);
		assert_int_equal(c.valid_after, 1767225600);
		assert_int_equal(c.valid_before, 2082758400);
		assert_int_equal(c.principals.n, 2);
		assert_string_equal(c.principals.v[0], "anna");
		assert_string_equal(c.principals.v[1], "bob");
		assert_null(c.fault);
		assert_int_equal(certificate_verify(l->blob, l->blob_len), ERR_NONE);
		certificate_clear(&c);
	}
}

static void names_the_algorithm_of_the_ca(void **state)
{
	static const struct {
		const char *vector, *algorithm, *ca;
	} cases[] = {
		{ "key:rsa", "ssh-ed25519", "ssh-ed25519" },
		{ "ca:rsa", "rsa-sha2-512", "ssh-rsa" },
		{ "ca:ssh-rsa", "ssh-rsa", "ssh-rsa" },
		{ "ca:rsa-sha2-256", "rsa-sha2-256", "ssh-rsa" },
		{ "ca:ecdsa521", "ecdsa-sha2-nistp521", "ecdsa-sha2-nistp521" },
	};
	struct public_key ca;
	struct certificate c;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		parse_vector(cases[i].vector, &c);
		assert_string_equal(c.signature_type, cases[i].algorithm);
		assert_string_equal(c.ca_key.type, cases[i].ca);
		assert_int_equal(public_key_parse_blob(c.ca, c.ca_len, &ca), ERR_NONE);
		assert_string_equal(ca.fingerprint, c.ca_key.fingerprint);
		certificate_clear(&c);
	}
}

static void reads_the_options(void **state)
{
	struct certificate c;

	parse_vector("options", &c);
	assert_int_equal(c.kind, CERTIFICATE_USER);
	assert_string_equal(c.key_id, "ed25519 by ed25519");
	assert_string_equal(c.force_command, "/bin/id -u");
	assert_string_equal(c.source_address, "10.0.0.0/8,2001:db8::/32");
	assert_true(c.verify_required);
	assert_true(c.touch_not_required);
	assert_int_equal(c.unknown_critical.n, 1);
	assert_string_equal(c.unknown_critical.v[0], "odd@example.org");
	assert_int_equal(c.extensions.n, 3);
	assert_true(strings_has(&c.extensions, "permit-pty"));
	certificate_clear(&c);
	parse_vector("host", &c);
	assert_int_equal(c.kind, CERTIFICATE_HOST);
	assert_null(c.force_command);
	assert_null(c.source_address);
	assert_false(c.verify_required);
	assert_false(c.touch_not_required);
	assert_int_equal(c.extensions.n, 0);
	certificate_clear(&c);
}

static void refuses_every_changed_byte(void **state)
{
	for (size_t i = 0; i < n; i++) {
		struct public_key_line *l = &vectors[i].line;

		for (size_t k = 0; k < l->blob_len; k++) {
			l->blob[k] ^= 1u << k % 8;
			assert_int_not_equal(certificate_verify(l->blob, l->blob_len), ERR_NONE);
			l->blob[k] ^= 1u << k % 8;
		}
	}
}

static void refuses_every_truncation(void **state)
{
	for (size_t i = 0; i < n; i++)
		for (size_t len = 0; len < vectors[i].line.blob_len; len++) {
			uint8_t *cut = malloc(len ? len : 1);
			struct certificate c = { .serial = 4711 };

			assert_non_null(cut);
			memcpy(cut, vectors[i].line.blob, len);
			assert_int_equal(certificate_parse(cut, len, &c), ERR_SHORT);
			assert_int_equal(c.serial, 4711);
			free(cut);
		}
}

/* Certificates that ssh-keygen would not make: a key and a CA of zeros are as good as any until the signature is looked at. */
static uint8_t blob[70000];
static size_t blob_len;

static void put_bytes(const void *bytes, size_t len)
{
	if (len)
		memcpy(blob + blob_len, bytes, len);
	blob_len += len;
}

static void put(const void *bytes, size_t len)
{
	const uint8_t be[4] = { (uint8_t)(len >> 24), (uint8_t)(len >> 16), (uint8_t)(len >> 8), (uint8_t)len };

	put_bytes(be, sizeof be);
	put_bytes(bytes, len);
}

#define TEXT(s) s, sizeof(s) - 1
#define CA \
	"\0\0\0\x0bssh-ed25519\0\0\0\x20" \
	"0123456789abcdef0123456789abcdef"
#define TEXT_FIELD(f, s) .f = s, .f##_len = sizeof(s) - 1
#define STRING(len, s) "\0\0\0" len s

struct odd {
	uint8_t kind;
	const char *key_id;
	size_t key_id_len;
	const char *principals;
	size_t principals_len;
	const char *critical;
	size_t critical_len;
	const char *extensions;
	size_t extensions_len;
	const char *ca;
	size_t ca_len;
	enum err e;
	const char *fault;
};

static enum err parse_odd(const struct odd *o, struct certificate *c)
{
	const uint8_t kind[4] = { 0, 0, 0, o->kind ? o->kind : CERTIFICATE_USER };
	static const uint8_t zeros[32];

	blob_len = 0;
	put(TEXT("ssh-ed25519-cert-v01@openssh.com"));
	put(zeros, 32);
	put(zeros, 32);
	put_bytes(zeros, 8);
	put_bytes(kind, 4);
	put(o->key_id, o->key_id_len);
	put(o->principals, o->principals_len);
	put_bytes(zeros, 16);
	put(o->critical, o->critical_len);
	put(o->extensions, o->extensions_len);
	put("", 0);
	if (o->ca)
		put(o->ca, o->ca_len);
	else
		put(TEXT(CA));
	put(TEXT(STRING("\x0b", "ssh-ed25519")));
	return certificate_parse(blob, blob_len, c);
}

#define COMMAND(data_len, data) STRING("\x0d", "force-command") STRING(data_len, data)
#define SOURCE(data_len, data) STRING("\x0e", "source-address") STRING(data_len, data)

static void refuses_what_sshd_refuses(void **state)
{
	static const struct odd cases[] = {
		{ .e = ERR_NONE },
		{ .kind = 3, .e = ERR_SYNTAX },
		{ TEXT_FIELD(key_id, "a\0"), .e = ERR_NONE },
		{ TEXT_FIELD(key_id, "a\0b"), .e = ERR_SYNTAX },
		{ TEXT_FIELD(principals, STRING("\0", "")), .e = ERR_NONE },
		{ TEXT_FIELD(principals, STRING("\2", "a\0")), .e = ERR_NONE },
		{ TEXT_FIELD(principals, STRING("\3", "a\0b")), .e = ERR_SYNTAX },
		{ TEXT_FIELD(principals, STRING("\3", "a")), .e = ERR_SHORT },
		{ TEXT_FIELD(critical, STRING("\1", "x")), .e = ERR_SHORT },
		{ TEXT_FIELD(extensions, STRING("\1", "x") "\0"), .e = ERR_SHORT },
		{ TEXT_FIELD(ca, CA "x"), .e = ERR_TRAILING },
		{ TEXT_FIELD(ca, "\0\0\0\x01x"), .e = ERR_SYNTAX },
		{ TEXT_FIELD(ca, ""), .e = ERR_SHORT },
		{ TEXT_FIELD(critical, COMMAND("\6", STRING("\2", "id"))), .e = ERR_NONE },
		{ TEXT_FIELD(critical, COMMAND("\6", STRING("\2", "id")) COMMAND("\6", STRING("\2", "id"))),
		  .fault = "force-command is given twice" },
		{ TEXT_FIELD(critical, COMMAND("\7", STRING("\2", "idx"))), .fault = "an option is damaged" },
		{ TEXT_FIELD(critical, COMMAND("\2", "id")), .fault = "an option is damaged" },
		{ TEXT_FIELD(critical, COMMAND("\7", STRING("\3", "i\0d"))), .fault = "an option is damaged" },
		{ TEXT_FIELD(critical, STRING("\x0f", "verify-required") STRING("\1", "x")),
		  .fault = "an option is damaged" },
		{ TEXT_FIELD(critical,
			     STRING("\x0f", "verify-required") STRING("\0", "") COMMAND("\6", STRING("\2", "id"))) },
		{ TEXT_FIELD(critical, STRING("\3", "a\0b") STRING("\0", "")),
		  .fault = "the name of an option holds a NUL" },
		{ TEXT_FIELD(extensions, STRING("\x0a", "permit-pty") STRING("\1", "x")),
		  .fault = "an extension is damaged" },
		{ TEXT_FIELD(extensions, STRING("\x0a", "permit-odd") STRING("\1", "x")) },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct certificate c = { 0 };

		assert_int_equal(parse_odd(&cases[i], &c), cases[i].e);
		if (cases[i].fault)
			assert_string_equal(c.fault, cases[i].fault);
		else
			assert_null(c.fault);
		certificate_clear(&c);
	}
}

static void takes_256_principals(void **state)
{
	static char list[257 * 5];
	struct odd o = { .principals = list };
	struct certificate c = { 0 };

	for (size_t i = 0; i < 257; i++)
		memcpy(list + i * 5, "\0\0\0\1a", 5);
	o.principals_len = 256 * 5;
	assert_int_equal(parse_odd(&o, &c), ERR_NONE);
	assert_int_equal(c.principals.n, 256);
	certificate_clear(&c);
	o.principals_len = 257 * 5;
	assert_int_equal(parse_odd(&o, &c), ERR_SYNTAX);
}

static void knows_networks_as_sshd_does(void **state)
{
	static const struct {
		const char *text;
		bool valid;
	} cases[] = {
		{ "10.0.0.0/8", true },
		{ "10.0.0.1", true },
		{ "10.0.0.1/32", true },
		{ "0.0.0.0/0", true },
		{ "::/0", true },
		{ "2001:db8::/32,10.0.0.0/8", true },
		{ "10.1", true },
		{ "10.0.0.1/8", false },
		{ "2001:db8::1/32", false },
		{ "10.0.0.0/33", false },
		{ "::/129", false },
		{ "10.0.0.0/", false },
		{ "10.0.0.0/+8", false },
		{ "10.0.0.0/8x", false },
		{ "10.0.0.0/8/8", false },
		{ "", false },
		{ ",10.0.0.0/8", false },
		{ "10.0.0.0/8,", false },
		{ "10.0.0.0/8, 10.0.0.1", false },
		{ "10.0.0.256", false },
		{ "!10.0.0.1", false },
		{ "*", false },
		{ "localhost", false },
		{ "fe80::1%lo", false },
		{ "::ffff:10.0.0.0/104", true },
		{ "10.0.0.0/0000000000000000000000000000000000000000000000008", false },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		uint8_t option[256] = "\0\0\0\x0esource-address\0\0\0";
		struct odd o = { .critical = (const char *)option };
		size_t len = strlen(cases[i].text);
		struct certificate c;

		option[21] = (uint8_t)(len + 4);
		option[25] = (uint8_t)len;
		memcpy(option + 26, cases[i].text, len);
		o.critical_len = 26 + len;
		assert_int_equal(parse_odd(&o, &c), ERR_NONE);
		assert_string_equal(c.source_address, cases[i].text);
		if (cases[i].valid != !c.fault)
			fail_msg("%s", cases[i].text);
		certificate_clear(&c);
	}
}

static void is_no_certificate(void **state)
{
	static const uint8_t plain[] = CA;
	struct certificate c;

	assert_int_equal(certificate_parse(plain, sizeof plain - 1, &c), ERR_SYNTAX);
	assert_int_equal(certificate_verify(plain, sizeof plain - 1), ERR_SYNTAX);
	assert_false(certificate_is_type("ssh-ed25519"));
	assert_false(certificate_is_type("ssh-ed25519-cert-v01@openssh.co"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_every_kind),	    cmocka_unit_test(names_the_algorithm_of_the_ca),
		cmocka_unit_test(reads_the_options),	    cmocka_unit_test(refuses_every_changed_byte),
		cmocka_unit_test(refuses_every_truncation), cmocka_unit_test(refuses_what_sshd_refuses),
		cmocka_unit_test(takes_256_principals),	    cmocka_unit_test(knows_networks_as_sshd_does),
		cmocka_unit_test(is_no_certificate),
	};
	int failed;

	if (vectors_each("certificates", vector_read) != 16)
		return 1;
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	for (size_t i = 0; i < n; i++)
		public_key_line_clear(&vectors[i].line);
	return failed;
}
