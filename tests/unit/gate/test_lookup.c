/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_lookup.c - whoever sshd would let in may knock, and everybody else ends at the stage that the protocol names. */
#include "gate/lookup.h"

#include "made.h"

#include "key/keys.h"
#include "sshd/command_memory.h"

#include "base/clock.h"

#include <errno.h>
#include <utime.h>

#include "base/banned.h"

#define R92 SSHD_RELEASE(9, 2)
#define HERE "198.51.100.7"

static struct lookup *lookup_made(const struct made *m, unsigned release)
{
	struct diags problems = { 0 };
	struct lookup *l = NULL;
	enum err e = lookup_new(m->root, "/" MADE_CONFIG, release, &l, &problems);

	if (e)
		fail_msg("%s: %s", err_text(e), problems.n ? problems.v[0].text : "");
	diags_free(&problems);
	return l;
}

static enum err lookup_again(struct lookup *l)
{
	struct diags problems = { 0 };
	enum err e = lookup_refresh(l, &problems);

	diags_free(&problems);
	return e;
}

/* "stage", and behind it "touch", "verify", "slow". */
static const char *answered(struct lookup *l, const struct message_question *q)
{
	static char out[64];
	struct message_answer a;

	memset(&a, 0xff, sizeof a);
	lookup_answer(l, q, MADE_NOW, &a);
	assert_true(a.stage < STAGE_COUNT);
	assert_non_null(memchr(a.reason, '\0', sizeof a.reason));
	assert_true(!a.stage == !a.reason[0]);
	if (!a.stage)
		assert_true(a.key_len > 0);
	for (size_t i = a.key_len; i < sizeof a.key; i++)
		assert_int_equal(a.key[i], 0);
	snprintf(out, sizeof out, "%u%s%s%s", a.stage, a.wants & NATIVE_WANT_TOUCH ? " touch" : "",
		 a.wants & NATIVE_WANT_VERIFY ? " verify" : "", a.slow ? " slow" : "");
	return out;
}

static const char *stage(enum knock_stage s)
{
	static char out[2][16];
	static unsigned next;

	next ^= 1;
	snprintf(out[next], sizeof out[next], "%u", s);
	return out[next];
}

/* anna is root where root runs the test. */
static void put_config(const struct made *m, const char *config)
{
	char whole[1024];

	snprintf(whole, sizeof whole, "PermitRootLogin yes\n%s", config);
	made_put(m, MADE_CONFIG, whole);
}

/* One plain key of anna under one configuration. */
static const char *asked(const struct made *m, const char *config, const char *user, const char *from,
			 const struct made_key *k)
{
	static char out[64];
	struct message_question q = made_question(user, from, k->blob, k->len);
	struct lookup *l;

	put_config(m, config);
	l = lookup_made(m, R92);
	snprintf(out, sizeof out, "%s", answered(l, &q));
	lookup_free(l);
	return out;
}

static void put_line(const struct made *m, const char *options, const struct made_key *k)
{
	char line[1024];

	snprintf(line, sizeof line, "# keys\n%s%s anna@desk\n", options, k->line);
	made_put(m, MADE_KEYS, line);
}

/* --- plain keys --- */

static void keys_of_every_kind_are_found_by_their_hash(void **state)
{
	struct made *m = *state;
	struct text all = { 0 };
	struct lookup *l;

	for (size_t i = 0; i < ARRAY_SIZE(key_vectors); i++)
		text_add(&all, "%s\n", key_vectors[i].line);
	made_put_bytes(m, MADE_KEYS, &all);
	text_free(&all);
	l = lookup_made(m, R92);
	for (size_t i = 0; i < ARRAY_SIZE(key_vectors); i++) {
		const struct key_vector *v = &key_vectors[i];
		struct public_key_line key = { 0 };
		struct message_question q;
		struct message_answer a;
		const char *expected = "0";
		assert_int_equal(public_key_decode_line(v->line, strlen(v->line), R92, &key), ERR_NONE);
		q = made_question("anna", HERE, key.blob, key.blob_len);
		if (strstr(v->type, "-cert-"))
			expected = stage(STAGE_KEY); /* a certificate is no line of authorized_keys */
		else if (!strncmp(v->type, "sk-", 3))
			expected = "0 touch";
		else if (v->bits == 384 || v->bits == 521)
			expected = "0 slow";
		else if (v->bits == 1024)
			expected = stage(STAGE_SIGNATURE); /* RSA that is too short; DSA that sshd does not take */
		if (strcmp(answered(l, &q), expected))
			fail_msg("%s %u: %s, not %s", v->type, v->bits, answered(l, &q), expected);
		lookup_answer(l, &q, MADE_NOW, &a);
		if (!a.stage) {
			assert_int_equal(a.key_len, key.blob_len);
			assert_memory_equal(a.key, key.blob, key.blob_len);
		}
		public_key_line_clear(&key);
	}
	lookup_free(l);
}

static void rules_and_lines_decide(void **state)
{
	static const struct {
		const char *config, *options, *from;
		enum knock_stage stage;
	} rows[] = {
		{ "", "", HERE, STAGE_ACCEPTED },
		{ "", "", "2001:db8::5", STAGE_ACCEPTED },
		{ "", "from=\"198.51.100.0/24\" ", HERE, STAGE_ACCEPTED },
		{ "", "from=\"198.51.100.0/24\" ", "203.0.113.5", STAGE_POLICY },
		{ "", "from=\"2001:db8::/32\" ", "2001:db8::5", STAGE_ACCEPTED },
		{ "", "from=\"!198.51.100.7,*\" ", HERE, STAGE_POLICY },
		{ "", "from=\"*.example.org\" ", HERE, STAGE_POLICY },
		{ "", "expiry-time=\"20270101\" ", HERE, STAGE_POLICY },
		{ "", "expiry-time=\"20300101\" ", HERE, STAGE_ACCEPTED },
		{ "", "command=\"id\",no-pty ", HERE, STAGE_ACCEPTED },
		{ "", "cert-authority ", HERE, STAGE_KEY },
		{ "", "no-such-option ", HERE, STAGE_KEY },
		{ "PubkeyAuthentication no\n", "", HERE, STAGE_POLICY },
		{ "AuthenticationMethods password\n", "", HERE, STAGE_POLICY },
		{ "AuthenticationMethods publickey,keyboard-interactive\nUsePAM yes\n", "", HERE, STAGE_ACCEPTED },
		{ "AuthenticationMethods publickey,keyboard-interactive\nUsePAM no\n", "", HERE, STAGE_POLICY },
		{ "AuthenticationMethods publickey,password\n", "", HERE, STAGE_POLICY }, /* she has none */
		{ "AuthenticationMethods publickey,publickey\n", "", HERE, STAGE_POLICY },
		{ "AuthorizedKeysFile .ssh/others\n", "", HERE, STAGE_KEY },
		{ "AuthorizedKeysFile .ssh/others /home/%u/.ssh/authorized_keys\n", "", HERE, STAGE_ACCEPTED },
		{ "PubkeyAcceptedAlgorithms ssh-rsa\n", "", HERE, STAGE_SIGNATURE },
		{ "AllowUsers anna\n", "", HERE, STAGE_ACCEPTED },
		{ "AllowUsers anna@198.51.100.*\n", "", HERE, STAGE_ACCEPTED },
		{ "AllowUsers anna@198.51.100.0/24\n", "", "203.0.113.5", STAGE_POLICY },
		{ "AllowUsers anna@*.example.org\n", "", HERE, STAGE_POLICY },
		{ "DenyUsers anna\n", "", HERE, STAGE_POLICY },
		{ "Match Address 198.51.100.0/24\nPubkeyAuthentication no\n", "", HERE, STAGE_POLICY },
		{ "Match Address 198.51.100.0/24\nPubkeyAuthentication no\n", "", "203.0.113.5", STAGE_ACCEPTED },
		{ "Match LocalAddress 192.0.2.1\nDenyUsers *\n", "", HERE, STAGE_POLICY },
		{ "Match LocalPort 2222\nDenyUsers *\n", "", HERE, STAGE_ACCEPTED },
		{ "Match LocalPort 22\nDenyUsers *\n", "", HERE, STAGE_POLICY },
		{ "AuthorizedKeysCommand /bin/sh %k\nAuthorizedKeysCommandUser nobody\n", "", HERE, STAGE_ACCEPTED },
		/* of another root no command is run */
		{ "AuthorizedKeysFile none\nAuthorizedKeysCommand /bin/sh\nAuthorizedKeysCommandUser nobody\n", "",
		  HERE, STAGE_UNKNOWN },
	};
	const struct made_key k = made_key(1, false);

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		put_line(*state, rows[i].options, &k);
		if (strcmp(asked(*state, rows[i].config, "anna", rows[i].from, &k), stage(rows[i].stage)))
			fail_msg("'%s' '%s' %s: %s, not %u", rows[i].config, rows[i].options, rows[i].from,
				 asked(*state, rows[i].config, "anna", rows[i].from, &k), rows[i].stage);
	}
}

static void who_is_not_listed_ends_at_key_or_user(void **state)
{
	const struct made_key hers = made_key(1, false), berta = made_key(2, false), nobody = made_key(3, false);
	struct made *m = *state;
	struct message_question q;
	struct lookup *l;

	put_line(m, "", &hers);
	made_put(m, "home/berta/.ssh/authorized_keys", berta.line);
	l = lookup_made(m, R92);
	q = made_question("anna", HERE, berta.blob, berta.len);
	assert_string_equal(answered(l, &q), stage(STAGE_KEY));
	assert_int_equal(lookup_known(l, "berta", MADE_NOW), ERR_NONE);
	assert_int_equal(lookup_known(l, "ghost", MADE_NOW), ERR_NOT_FOUND);
	assert_string_equal(answered(l, &q), stage(STAGE_USER));
	q = made_question("ghost", HERE, berta.blob, berta.len);
	assert_string_equal(answered(l, &q), stage(STAGE_USER));
	q = made_question("ghost", HERE, nobody.blob, nobody.len);
	assert_string_equal(answered(l, &q), stage(STAGE_KEY));
	assert_int_equal(lookup_learn(l, q.keyid), ERR_NONE);
	assert_string_equal(answered(l, &q), stage(STAGE_USER));
	q = made_question("shellless", HERE, hers.blob, hers.len);
	assert_string_equal(answered(l, &q), stage(STAGE_POLICY));
	lookup_free(l);
}

static void security_keys_must_be_touched_unless_the_line_waives_it(void **state)
{
	static const struct {
		const char *config, *options, *answer;
	} rows[] = {
		{ "", "", "0 touch" },
		{ "", "no-touch-required ", "0" },
		{ "", "verify-required ", "0 touch verify" },
		{ "PubkeyAuthOptions touch-required\n", "no-touch-required ", "0 touch" },
		{ "Match Address 198.51.100.0/24\nPubkeyAuthOptions verify-required\n", "", "0 touch verify" },
		{ "Match Address 203.0.113.0/24\nPubkeyAuthOptions verify-required\n", "", "0 touch" },
	};
	const struct made_key k = made_key(1, true);

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		put_line(*state, rows[i].options, &k);
		assert_string_equal(asked(*state, rows[i].config, "anna", HERE, &k), rows[i].answer);
	}
}

static void short_rsa_ends_at_the_signature_before_any_rule(void **state)
{
	struct made *m = *state;
	const struct key_vector *weak = &key_vectors[0], *good = &key_vectors[1];
	static const struct {
		const char *config;
		unsigned release;
		enum knock_stage weak, good;
	} rows[] = {
		{ "", SSHD_RELEASE(9, 0), STAGE_SIGNATURE, STAGE_ACCEPTED },
		{ "RequiredRSASize 1024\n", R92, STAGE_SIGNATURE, STAGE_ACCEPTED },
		{ "RequiredRSASize 3072\n", R92, STAGE_SIGNATURE, STAGE_SIGNATURE },
		{ "DenyUsers anna\n", R92, STAGE_SIGNATURE, STAGE_POLICY },
	};

	made_put(m, MADE_KEYS, "");
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		for (size_t k = 0; k < 2; k++) {
			const struct key_vector *v = k ? good : weak;
			struct public_key_line key = { 0 };
			struct message_question q;
			struct lookup *l;
			made_put(m, MADE_CONFIG, rows[i].config);
			made_put(m, MADE_KEYS, v->line);
			assert_int_equal(public_key_decode_line(v->line, strlen(v->line), R92, &key), ERR_NONE);
			q = made_question("anna", HERE, key.blob, key.blob_len);
			l = lookup_made(m, rows[i].release);
			assert_string_equal(answered(l, &q), stage(k ? rows[i].good : rows[i].weak));
			lookup_free(l);
			public_key_line_clear(&key);
		}
	}
}

/* --- certificates --- */

static const char *certified(const struct made *m, const char *config, const char *user,
			     const struct made_certificate *c, bool sk)
{
	static char out[64];
	const struct made_key ca = made_key(9, false), k = made_key(1, sk);
	struct text body = { 0 }, casig = { 0 };
	struct message_question q;
	struct message_answer a;
	struct lookup *l;

	put_config(m, config);
	made_certify(c, &k, sk, &ca, &body, &casig);
	q = made_question_of(user, HERE, &ca, &body, &casig);
	l = lookup_made(m, R92);
	snprintf(out, sizeof out, "%s", answered(l, &q));
	lookup_answer(l, &q, MADE_NOW, &a);
	if (!a.stage) {
		assert_int_equal(a.key_len, k.len);
		assert_memory_equal(a.key, k.blob, k.len);
	}
	lookup_free(l);
	text_free(&body);
	text_free(&casig);
	return out;
}

#define TRUSTED "TrustedUserCAKeys /etc/ssh/ca\n"

static void certificates_end_where_the_protocol_says(void **state)
{
	static const struct {
		const char *config;
		struct made_certificate c;
		enum knock_stage stage;
	} rows[] = {
		{ "", { 0 }, STAGE_ACCEPTED },
		{ "", { .principals = "ops anna" }, STAGE_ACCEPTED },
		{ "", { .principals = "berta" }, STAGE_PRINCIPAL },
		{ "", { .principals = "" }, STAGE_PRINCIPAL },
		{ "", { .kind = 2 }, STAGE_CERT },
		{ "", { .damaged = true }, STAGE_CERT },
		{ "", { .trailing = true }, STAGE_CERT },
		{ "", { .after = MADE_NOW }, STAGE_ACCEPTED },
		{ "", { .after = MADE_NOW + 1 }, STAGE_CERT },
		{ "", { .before = MADE_NOW }, STAGE_CERT },
		{ "", { .before = MADE_NOW + 1 }, STAGE_ACCEPTED },
		{ "", { .before = MADE_NOW, .principals = "" }, STAGE_CERT },
		{ "", { .option = "force-command", .value = "id" }, STAGE_ACCEPTED },
		{ "", { .option = "force-command", .value = "id", .fault = true }, STAGE_CRITICAL },
		{ "", { .option = "moon-phase", .value = "full" }, STAGE_CRITICAL },
		{ "", { .option = "source-address", .value = "198.51.100.0/24,10.0.0.0/8" }, STAGE_ACCEPTED },
		{ "", { .option = "source-address", .value = "10.0.0.0/8" }, STAGE_CRITICAL },
		{ "", { .extension = "permit-pty" }, STAGE_ACCEPTED },
		{ "DenyUsers anna\n", { 0 }, STAGE_POLICY },
		{ "Match Address 198.51.100.7\nPubkeyAuthentication no\n", { 0 }, STAGE_POLICY },
		{ "PubkeyAcceptedAlgorithms ssh-ed25519\n", { 0 }, STAGE_SIGNATURE },
		{ "CASignatureAlgorithms rsa-sha2-512\n", { 0 }, STAGE_CA },
		{ "AuthorizedPrincipalsFile /etc/ssh/principals\n", { .principals = "ops" }, STAGE_ACCEPTED },
		{ "AuthorizedPrincipalsFile /etc/ssh/principals\n", { 0 }, STAGE_PRINCIPAL },
		{ "AuthorizedPrincipalsFile /etc/ssh/principals\n", { .principals = "far" }, STAGE_POLICY },
		{ "AuthorizedPrincipalsFile /etc/ssh/none\n", { .principals = "ops" }, STAGE_PRINCIPAL },
	};
	const struct made_key ca = made_key(9, false);
	struct made *m = *state;
	char config[512];

	made_put(m, "etc/ssh/ca", ca.line);
	made_put(m, "etc/ssh/principals", "ops\nfrom=\"10.0.0.0/8\" far\n");
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		snprintf(config, sizeof config, TRUSTED "%s", rows[i].config);
		if (strcmp(certified(m, config, "anna", &rows[i].c, false), stage(rows[i].stage)))
			fail_msg("row %zu: %s, not %u", i, certified(m, config, "anna", &rows[i].c, false),
				 rows[i].stage);
	}
	assert_string_equal(certified(m, TRUSTED, "ghost", &(struct made_certificate){ .principals = "ghost" }, false),
			    stage(STAGE_CA));
	assert_string_equal(certified(m, "", "anna", &(struct made_certificate){ 0 }, false), stage(STAGE_CA));
	assert_string_equal(
		certified(m, "TrustedUserCAKeys /etc/ssh/no\n", "anna", &(struct made_certificate){ 0 }, false),
		stage(STAGE_CA));
}

static void a_line_of_the_account_can_trust_a_ca(void **state)
{
	static const struct {
		const char *options;
		struct made_certificate c;
		enum knock_stage stage;
	} rows[] = {
		{ "cert-authority ", { 0 }, STAGE_ACCEPTED },
		{ "", { 0 }, STAGE_CA }, /* a plain key is no CA */
		{ "cert-authority,principals=\"ops,web\" ", { .principals = "web" }, STAGE_ACCEPTED },
		{ "cert-authority,principals=\"ops,web\" ", { 0 }, STAGE_PRINCIPAL },
		/* sshd before 10.3 takes it, the protocol does not */
		{ "cert-authority ", { .principals = "" }, STAGE_PRINCIPAL },
		{ "cert-authority,from=\"10.0.0.0/8\" ", { 0 }, STAGE_POLICY },
		{ "cert-authority,expiry-time=\"20200101\" ", { 0 }, STAGE_POLICY },
		{ "cert-authority,command=\"id\" ", { .option = "force-command", .value = "uptime" }, STAGE_POLICY },
	};
	const struct made_key ca = made_key(9, false);

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		put_line(*state, rows[i].options, &ca);
		if (strcmp(certified(*state, "", "anna", &rows[i].c, false), stage(rows[i].stage)))
			fail_msg("row %zu: %s, not %u", i, certified(*state, "", "anna", &rows[i].c, false),
				 rows[i].stage);
	}
}

static void a_touch_is_waived_only_by_line_and_certificate_together(void **state)
{
	static const struct {
		const char *line; /* NULL: by TrustedUserCAKeys alone */
		const char *principal;
		struct made_certificate c;
		const char *answer;
	} rows[] = {
		{ "cert-authority ", NULL, { 0 }, "0 touch" },
		{ "cert-authority,no-touch-required ", NULL, { 0 }, "0 touch" },
		{ "cert-authority ", NULL, { .extension = "no-touch-required" }, "0 touch" },
		{ "cert-authority,no-touch-required ", NULL, { .extension = "no-touch-required" }, "0" },
		{ "cert-authority,verify-required ", NULL, { 0 }, "0 touch verify" },
		{ "cert-authority ", NULL, { .option = "verify-required" }, "0 touch verify" },
		{ NULL, NULL, { 0 }, "0 touch" },
		{ NULL, NULL, { .extension = "no-touch-required" }, "0" },
		{ NULL, "anna\n", { .extension = "no-touch-required" }, "0 touch" },
		{ NULL, "no-touch-required anna\n", { .extension = "no-touch-required" }, "0" },
		{ NULL, "verify-required anna\n", { 0 }, "0 touch verify" },
	};
	const struct made_key ca = made_key(9, false);
	struct made *m = *state;

	made_put(m, "etc/ssh/ca", ca.line);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const char *config = rows[i].principal ? TRUSTED "AuthorizedPrincipalsFile /etc/ssh/names\n" : TRUSTED;
		made_put(m, MADE_KEYS, "");
		if (rows[i].line) {
			put_line(m, rows[i].line, &ca);
			config = "";
		}
		made_put(m, "etc/ssh/names", rows[i].principal ? rows[i].principal : "");
		if (strcmp(certified(m, config, "anna", &rows[i].c, true), rows[i].answer))
			fail_msg("row %zu: %s, not %s", i, certified(m, config, "anna", &rows[i].c, true),
				 rows[i].answer);
	}
}

/* Whatever was changed, its CA did not sign it. */
static void no_changed_bit_of_a_certificate_passes(void **state)
{
	const struct made_key ca = made_key(9, false), k = made_key(1, false), other = made_key(8, false);
	struct text body = { 0 }, casig = { 0 };
	struct made *m = *state;
	struct message_question q;
	struct lookup *l;

	made_put(m, MADE_CONFIG, TRUSTED);
	made_put(m, "etc/ssh/ca", ca.line);
	made_certify(&(struct made_certificate){ 0 }, &k, false, &ca, &body, &casig);
	q = made_question_of("anna", HERE, &ca, &body, &casig);
	l = lookup_made(m, R92);
	assert_string_equal(answered(l, &q), "0");
	for (size_t i = 0; i < body.len + casig.len; i++) {
		q.cert[i] ^= 1;
		assert_string_equal(answered(l, &q), stage(STAGE_CASIG));
		q.cert[i] ^= 1;
	}
	for (size_t cut = 1; cut < body.len; cut++) {
		q.cert_len = (uint16_t)(body.len - cut);
		assert_string_equal(answered(l, &q), stage(STAGE_CASIG));
	}
	text_free(&body);
	text_free(&casig);
	made_certify(&(struct made_certificate){ 0 }, &k, false, &other, &body, &casig);
	q = made_question_of("anna", HERE, &ca, &body, &casig);
	assert_string_equal(answered(l, &q), stage(STAGE_CASIG));
	lookup_free(l);
	text_free(&body);
	text_free(&casig);
}

/* --- revoked --- */

static void what_is_revoked_cannot_knock(void **state)
{
	const struct made_key ca = made_key(9, false), k = made_key(1, false), other = made_key(2, false);
	const struct made_certificate fine = { .serial = 7, .key_id = "desk" };
	struct made *m = *state;
	struct text krls[5] = { { 0 } };
	static const struct {
		enum knock_stage plain, certificate;
	} expected[] = {
		{ STAGE_ACCEPTED, STAGE_ACCEPTED }, /* another key */
		{ STAGE_REVOKED, STAGE_REVOKED },   /* the key */
		{ STAGE_ACCEPTED, STAGE_REVOKED },  /* the serial */
		{ STAGE_ACCEPTED, STAGE_REVOKED },  /* the key id */
		{ STAGE_ACCEPTED, STAGE_REVOKED },  /* the CA */
	};

	made_put(m, "etc/ssh/ca", ca.line);
	put_line(m, "", &k);
	for (size_t i = 0; i < ARRAY_SIZE(krls); i++)
		made_krl(&krls[i]);
	made_krl_key(&krls[0], &other);
	made_krl_key(&krls[1], &k);
	made_krl_certificate(&krls[2], &ca, 7, NULL);
	made_krl_certificate(&krls[3], &ca, 0, "desk");
	made_krl_key(&krls[4], &ca);
	for (size_t i = 0; i < ARRAY_SIZE(krls); i++) {
		made_put_bytes(m, "etc/ssh/revoked", &krls[i]);
		assert_string_equal(asked(m, TRUSTED "RevokedKeys /etc/ssh/revoked\n", "anna", HERE, &k),
				    stage(expected[i].plain));
		assert_string_equal(certified(m, TRUSTED "RevokedKeys /etc/ssh/revoked\n", "anna", &fine, false),
				    stage(expected[i].certificate));
	}
	/* a list that is cut, garbage or missing revokes everything */
	for (size_t cut = 1; cut < krls[0].len; cut++) {
		krls[0].len--;
		made_put_bytes(m, "etc/ssh/revoked", &krls[0]);
		if (krls[0].len >= 8) /* what has no magic is a text */
			assert_string_equal(asked(m, "RevokedKeys /etc/ssh/revoked\n", "anna", HERE, &k),
					    stage(krls[0].len == 48 ? STAGE_ACCEPTED : STAGE_REVOKED));
	}
	made_put(m, "etc/ssh/revoked", "nonsense\n");
	assert_string_equal(asked(m, "RevokedKeys /etc/ssh/revoked\n", "anna", HERE, &k), stage(STAGE_REVOKED));
	assert_string_equal(asked(m, "RevokedKeys /etc/ssh/missing\n", "anna", HERE, &k), stage(STAGE_REVOKED));
	assert_string_equal(certified(m, TRUSTED "RevokedKeys /etc/ssh/missing\n", "anna", &fine, false),
			    stage(STAGE_REVOKED));
	made_put(m, "etc/ssh/revoked", k.line);
	assert_string_equal(asked(m, "RevokedKeys /etc/ssh/revoked\n", "anna", HERE, &k), stage(STAGE_REVOKED));
	/* before any rule */
	assert_string_equal(asked(m, "RevokedKeys /etc/ssh/revoked\nDenyUsers *\n", "anna", HERE, &k),
			    stage(STAGE_REVOKED));
	for (size_t i = 0; i < ARRAY_SIZE(krls); i++)
		text_free(&krls[i]);
}

/* --- files --- */

static void modes_that_sshd_refuses_make_a_key_unlisted(void **state)
{
	const struct made_key k = made_key(1, false);
	struct made *m = *state;

	put_line(m, "", &k);
	assert_int_equal(chmod(scratch_path(m->dir, MADE_KEYS), 0666), 0);
	assert_string_equal(asked(m, "", "anna", HERE, &k), stage(STAGE_KEY));
	assert_string_equal(asked(m, "StrictModes no\n", "anna", HERE, &k), "0");
	assert_int_equal(chmod(scratch_path(m->dir, MADE_KEYS), 0644), 0);
	assert_int_equal(chmod(scratch_path(m->dir, "home/anna"), 0777), 0);
	assert_string_equal(asked(m, "", "anna", HERE, &k), stage(STAGE_KEY));
}

/* One lookup, asked again after each change on disk. */
static void every_question_sees_the_files_as_they_are(void **state)
{
	const struct made_key k = made_key(1, false);
	struct made *m = *state;
	struct message_question q = made_question("anna", HERE, k.blob, k.len);
	struct lookup *l;

	put_line(m, "", &k);
	l = lookup_made(m, R92);
	assert_string_equal(answered(l, &q), "0");
	made_put(m, MADE_KEYS, "");
	assert_string_equal(answered(l, &q), stage(STAGE_KEY));
	put_line(m, "", &k);
	assert_string_equal(answered(l, &q), "0");
	made_put(m, "etc/passwd", "");
	assert_string_equal(answered(l, &q), stage(STAGE_KEY));
	assert_int_equal(unlink(scratch_path(m->dir, "etc/passwd")), 0);
	assert_string_equal(answered(l, &q), stage(STAGE_UNKNOWN));
	lookup_free(l);
}

/* Settled: as old as the files of most systems are. */
static void age(const struct made *m, const char *path, time_t by)
{
	const struct utimbuf then = { clock_wall() - by, clock_wall() - by };

	assert_int_equal(utime(scratch_path(m->dir, path), &then), 0);
}

static void the_configuration_is_read_again_when_it_changed(void **state)
{
	const struct made_key k = made_key(1, false);
	struct made *m = *state;
	struct message_question q = made_question("anna", HERE, k.blob, k.len);
	struct lookup *l;

	put_line(m, "", &k);
	made_put(m, MADE_CONFIG, "Include /etc/ssh/sshd_config.d/*.conf\n");
	l = lookup_made(m, R92);
	for (unsigned old = 0; old < 2; old++) {
		assert_string_equal(answered(l, &q), "0");
		made_put(m, "etc/ssh/sshd_config.d/a.conf", "DenyUsers anna\n");
		assert_string_equal(answered(l, &q), "0");
		assert_int_equal(lookup_again(l), ERR_NONE);
		assert_string_equal(answered(l, &q), stage(STAGE_POLICY));
		/* with its times put back */
		made_put(m, "etc/ssh/sshd_config.d/a.conf", "DenyUsers bert\n");
		age(m, "etc/ssh/sshd_config.d/a.conf", 100);
		assert_int_equal(lookup_again(l), ERR_NONE);
		assert_string_equal(answered(l, &q), "0");
		made_put(m, "etc/ssh/sshd_config.d/a.conf", "DenyUsers\n");
		assert_int_equal(lookup_again(l), ERR_CONFIG);
		assert_string_equal(answered(l, &q), stage(STAGE_UNKNOWN));
		assert_int_equal(lookup_again(l), ERR_CONFIG);
		assert_int_equal(unlink(scratch_path(m->dir, "etc/ssh/sshd_config.d/a.conf")), 0);
		assert_int_equal(lookup_again(l), ERR_NONE);
		assert_string_equal(answered(l, &q), "0");
		/* the second round begins with files that have been still for a while */
		if (!old)
			sleep(4);
		assert_int_equal(lookup_again(l), ERR_NONE);
	}
	assert_int_equal(unlink(scratch_path(m->dir, MADE_CONFIG)), 0);
	assert_true(lookup_again(l) != ERR_NONE);
	assert_string_equal(answered(l, &q), stage(STAGE_UNKNOWN));
	made_put(m, MADE_CONFIG, "");
	assert_int_equal(lookup_again(l), ERR_NONE);
	assert_string_equal(answered(l, &q), "0");
	lookup_free(l);
}

static void a_lookup_without_a_configuration_refuses_until_there_is_one(void **state)
{
	const struct made_key k = made_key(1, false);
	struct made *m = *state;
	struct message_question q = made_question("anna", HERE, k.blob, k.len);
	struct diags problems = { 0 };
	struct lookup *l = NULL;

	put_line(m, "", &k);
	made_put(m, MADE_CONFIG, "Nonsense yes\n");
	assert_int_equal(lookup_new(m->root, "/" MADE_CONFIG, R92, &l, &problems), ERR_CONFIG);
	assert_int_equal(problems.errors, 1);
	assert_string_equal(answered(l, &q), stage(STAGE_UNKNOWN));
	assert_int_equal(lookup_known(l, "anna", MADE_NOW), ERR_CONFIG);
	made_put(m, MADE_CONFIG, "");
	assert_int_equal(lookup_again(l), ERR_NONE);
	assert_string_equal(answered(l, &q), "0");
	lookup_free(l);
	diags_free(&problems);
}

static void odd_files_neither_hang_nor_fill_the_memory(void **state)
{
	const struct made_key k = made_key(1, false);
	struct made *m = *state;
	struct text lines = { 0 };
	int fd;

	assert_int_equal(mkfifo(scratch_path(m->dir, MADE_KEYS), 0644), 0);
	assert_string_equal(asked(m, "", "anna", HERE, &k), stage(STAGE_KEY));
	assert_int_equal(unlink(scratch_path(m->dir, MADE_KEYS)), 0);
	put_line(m, "", &k);
	fd = open(scratch_path(m->dir, MADE_KEYS), O_WRONLY);
	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, 10LL << 30), 0);
	close(fd);
	assert_string_equal(asked(m, "", "anna", HERE, &k), stage(STAGE_UNKNOWN));
	/* somebody else is not concerned */
	made_put(m, "home/berta/.ssh/authorized_keys", k.line);
	assert_string_equal(asked(m, "", "berta", HERE, &k), "0");
	/* 4096 lines are read, not one more */
	for (unsigned i = 0; i < 4095; i++)
		text_add_string(&lines, "#\n");
	text_add(&lines, "%s\n", k.line);
	made_put_bytes(m, MADE_KEYS, &lines);
	assert_string_equal(asked(m, "", "anna", HERE, &k), "0");
	text_add_string(&lines, "\n");
	made_put_bytes(m, MADE_KEYS, &lines);
	assert_string_equal(asked(m, "", "anna", HERE, &k), stage(STAGE_UNKNOWN));
	text_free(&lines);
	assert_int_equal(unlink(scratch_path(m->dir, MADE_KEYS)), 0);
	assert_int_equal(mkdir(scratch_path(m->dir, MADE_KEYS), 0755), 0);
	assert_string_equal(asked(m, "", "anna", HERE, &k), stage(STAGE_KEY));
}

static void a_hundred_thousand_accounts_do_not_slow_it_down(void **state)
{
	const struct made_key k = made_key(1, false);
	struct made *m = *state;
	struct message_question q = made_question("u99999", HERE, k.blob, k.len);
	struct text passwd = { 0 };
	struct lookup *l;
	uint64_t start;

	for (unsigned i = 0; i < 100000; i++)
		text_add(&passwd, "u%u:x:%u:%u::/home/anna:/bin/sh\n", i, geteuid(), getegid());
	made_put_bytes(m, "etc/passwd", &passwd);
	text_free(&passwd);
	put_line(m, "", &k);
	l = lookup_made(m, R92);
	start = clock_boot_ms();
	for (unsigned i = 0; i < 4; i++)
		assert_string_equal(answered(l, &q), "0");
	/* some 10 ms each on a machine without other work */
	print_message("# 4 answers among 100,000 accounts: %llu ms\n", (unsigned long long)(clock_boot_ms() - start));
	lookup_free(l);
}

/* --- questions --- */

static void damaged_questions_are_no_questions(void **state)
{
	const struct made_key k = made_key(1, false);
	const struct message_question good = made_question("anna", HERE, k.blob, k.len);
	struct made *m = *state;
	struct message_question bad[20];
	struct lookup *l;
	size_t n = 0;

	assert_true(lookup_fits(&good));
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		bad[i] = good;
	bad[n++].kind = 0;
	bad[n++].kind = 3;
	bad[n++].kind = NATIVE_CERTIFICATE;
	bad[n++].port = 0;
	bad[n++].user_len = 0;
	bad[n++].user_len = 3;
	bad[n++].user_len = 5;
	bad[n++].user_len = 256;
	bad[n++].user_len = 65535;
	bad[n++].user[0] = '-';
	bad[n++].user[1] = '/';
	bad[n++].user[1] = ':';
	bad[n++].user[1] = '\n';
	bad[n++].user[1] = 0x7f;
	bad[n++].from.family = 0;
	bad[n++].from.family = 5;
	bad[n++].from.bytes[4] = 1;
	bad[n++].to.family = 9;
	bad[n++].cert_len = 1;
	bad[n].kind = NATIVE_CERTIFICATE;
	bad[n].cert_len = 1000;
	bad[n++].casig_len = 101;
	assert_int_equal(n, ARRAY_SIZE(bad));
	l = lookup_made(m, R92);
	for (size_t i = 0; i < n; i++) {
		if (lookup_fits(&bad[i]))
			fail_msg("%zu fits", i);
		assert_string_equal(answered(l, &bad[i]), stage(STAGE_UNKNOWN));
	}
	lookup_free(l);
}

/* What an account writes into its files comes out of the log as text, cut where a character ends. */
static void reasons_are_escaped_and_bounded(void **state)
{
	const struct made_key k = made_key(1, false);
	struct message_question q = made_question("anna", HERE, k.blob, k.len);
	struct made *m = *state;
	struct text options = { 0 };
	struct message_answer a;
	struct lookup *l;

	for (unsigned pad = 0; pad < 4; pad++) {
		text_reset(&options);
		text_add(&options, "from=\"%.*s\x1b[31m", (int)pad, "xxxx");
		for (unsigned i = 0; i < 60; i++)
			text_add_string(&options, "\xe2\x82\xac");
		text_add_string(&options, "\" ");
		put_line(m, text_string(&options), &k);
		l = lookup_made(m, R92);
		lookup_answer(l, &q, MADE_NOW, &a);
		assert_int_equal(a.stage, STAGE_POLICY);
		assert_true(strlen(a.reason) > sizeof a.reason - 4);
		assert_non_null(strstr(a.reason, "\\x1B[31m"));
		for (size_t at = 0; a.reason[at];) {
			size_t n = text_utf8_length(a.reason + at, strlen(a.reason + at));
			assert_true(n > 0);
			at += n;
		}
		lookup_free(l);
	}
	text_free(&options);
}

struct confinement {
	const struct made *made;
	unsigned calls;
	enum err gives;
};

/* Takes the account's file away. */
static enum err confine(void *context)
{
	struct confinement *c = context;

	c->calls++;
	assert_int_equal(unlink(scratch_path(c->made->dir, MADE_KEYS)), 0);
	return c->gives;
}

static void all_files_are_read_before_rights_are_given_up(void **state)
{
	struct made *m = *state;
	const struct made_key k = made_key(1, false), other = made_key(2, false);
	struct command_memory *memory = NULL;
	struct confinement c = { .made = m };
	struct message_question q = made_question("anna", HERE, k.blob, k.len);
	struct lookup *l;

	assert_int_equal(command_memory_new(&memory), ERR_NONE);
	put_config(m, "AuthorizedKeysFile .ssh/authorized_keys .ssh/none\n");
	l = lookup_made(m, R92);
	lookup_remember(l, memory, 1000);
	lookup_confine(l, confine, &c);
	put_line(m, "", &k);
	assert_string_equal(answered(l, &q), "0");
	assert_int_equal(c.calls, 1);
	/* where they cannot be given up nothing is taken apart */
	put_line(m, "", &k);
	c.gives = ERR_SYSTEM;
	assert_string_equal(answered(l, &q), stage(STAGE_UNKNOWN));
	assert_int_equal(c.calls, 2);
	/* whoever is not there has no files */
	q = made_question("nobody-of-that-name", HERE, other.blob, other.len);
	assert_string_equal(answered(l, &q), stage(STAGE_KEY));
	assert_int_equal(c.calls, 2);
	lookup_free(l);
	command_memory_free(memory);
}

#define MADE(test) cmocka_unit_test_setup_teardown(test, made_make, made_remove)

int main(void)
{
	const struct CMUnitTest tests[] = {
		MADE(keys_of_every_kind_are_found_by_their_hash),
		MADE(rules_and_lines_decide),
		MADE(who_is_not_listed_ends_at_key_or_user),
		MADE(security_keys_must_be_touched_unless_the_line_waives_it),
		MADE(short_rsa_ends_at_the_signature_before_any_rule),
		MADE(certificates_end_where_the_protocol_says),
		MADE(a_line_of_the_account_can_trust_a_ca),
		MADE(a_touch_is_waived_only_by_line_and_certificate_together),
		MADE(no_changed_bit_of_a_certificate_passes),
		MADE(what_is_revoked_cannot_knock),
		MADE(modes_that_sshd_refuses_make_a_key_unlisted),
		MADE(every_question_sees_the_files_as_they_are),
		MADE(the_configuration_is_read_again_when_it_changed),
		MADE(a_lookup_without_a_configuration_refuses_until_there_is_one),
		MADE(odd_files_neither_hang_nor_fill_the_memory),
		MADE(a_hundred_thousand_accounts_do_not_slow_it_down),
		MADE(all_files_are_read_before_rights_are_given_up),
		MADE(damaged_questions_are_no_questions),
		MADE(reasons_are_escaped_and_bounded),
	};

	if (sodium_init() < 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
