/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_authorized.c - options, lines and principals are read as sshd of each release reads them. */
#include "key/authorized.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "base/banned.h"

#define KEY "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f"
#define NEWEST 1005

static enum err options_parse(const char *s, unsigned release, struct authorized_options *o, const char **why)
{
	size_t len = strlen(s);
	char *copy = malloc(len ? len : 1); /* of just that size, so that a sanitizer sees a byte too many */
	enum err e;

	assert_non_null(copy);
	memcpy(copy, s, len);
	e = authorized_options_parse(copy, len, release, o, why);
	free(copy);
	return e;
}

static enum err keys_parse(const char *s, size_t len, unsigned release, struct authorized_keys *k)
{
	char *copy = malloc(len ? len : 1);
	enum err e;

	assert_non_null(copy);
	memcpy(copy, s, len);
	e = authorized_keys_parse(copy, len, release, k);
	free(copy);
	return e;
}

static void allows_everything_without_options(void **state)
{
	struct authorized_options o;
	const char *why = NULL;

	assert_int_equal(options_parse("", NEWEST, &o, &why), ERR_NONE);
	assert_true(o.port_forwarding && o.agent_forwarding && o.x11_forwarding && o.pty && o.user_rc);
	assert_false(o.restricted || o.cert_authority || o.has_principals || o.verify_required || o.no_touch_required);
	assert_null(o.from);
	assert_null(o.command);
	assert_null(o.tunnel);
	assert_int_equal(o.expires, 0);
	authorized_options_clear(&o);
}

static void gives_back_what_restrict_takes(void **state)
{
	struct authorized_options o;
	const char *why;

	assert_int_equal(options_parse("RESTRICT,pty,Agent-Forwarding,no-agent-forwarding", NEWEST, &o, &why),
			 ERR_NONE);
	assert_true(o.restricted && o.pty);
	assert_false(o.port_forwarding || o.agent_forwarding || o.x11_forwarding || o.user_rc);
	authorized_options_clear(&o);
	assert_int_equal(options_parse("pty,restrict", NEWEST, &o, &why), ERR_NONE);
	assert_false(o.pty);
	authorized_options_clear(&o);
}

static void reads_every_option(void **state)
{
	struct authorized_options o;
	const char *why;

	assert_int_equal(
		options_parse(
			"cert-authority,principals=\"a,b c,,d\",from=\"10.*,!10.1.*\",command=\"say \\\"hi\\\" \\x\","
			"no-touch-required,verify-required,environment=\"A=b\",permitopen=\"h:22\","
			"permitlisten=\"8080\",permitlisten=\"[::1]:*\",tunnel=\"3\",expiry-time=\"20270131Z\","
			"expiry-time=\"202701300001Z\",no-user-rc left=\"alone\"",
			NEWEST, &o, &why),
		ERR_NONE);
	assert_true(o.cert_authority && o.has_principals && o.no_touch_required && o.verify_required);
	assert_int_equal(o.principals.n, 2);
	assert_string_equal(o.principals.v[0], "a");
	assert_string_equal(o.principals.v[1], "b c");
	assert_string_equal(o.from, "10.*,!10.1.*");
	assert_string_equal(o.command, "say \"hi\" \\x");
	assert_string_equal(o.environment.v[0], "A=b");
	assert_string_equal(o.permit_open.v[0], "h:22");
	assert_string_equal(o.permit_listen.v[0], "*:8080");
	assert_string_equal(o.permit_listen.v[1], "[::1]:*");
	assert_string_equal(o.tunnel, "3");
	assert_int_equal(o.expires, 1801267260);
	assert_false(o.user_rc);
	authorized_options_clear(&o);
}

/* The same words, by release: 1 if they can be used. */
static void knows_when_sshd_learned_what(void **state)
{
	static const struct {
		const char *options;
		unsigned since;
	} cases[] = {
		{ "restrict,pty", 704 },
		{ "expiry-time=\"20270131\"", 707 },
		{ "permitlisten=\"22\"", 708 },
		{ "no-touch-required", 802 },
		{ "verify-required", 804 },
		{ "expiry-time=\"20270131Z\"", 901 },
		{ "expiry-time=\"20270131UTC\"", 901 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		for (unsigned release = 704; release <= NEWEST; release++) {
			struct authorized_options o = { .expires = 4711 };
			const char *why = NULL;
			enum err e = options_parse(cases[i].options, release, &o, &why);

			assert_int_equal(e, release < cases[i].since ? ERR_SYNTAX : ERR_NONE);
			if (!e) {
				authorized_options_clear(&o);
				continue;
			}
			assert_int_equal(o.expires, 4711);
			assert_non_null(why);
		}
}

static void counted_the_last_value_before_7_7(void **state)
{
	struct authorized_options o;
	const char *why;

	assert_int_equal(options_parse("command=\"a\",command=\"b\",principals=\"x\",principals=\"y\"", 706, &o, &why),
			 ERR_NONE);
	assert_string_equal(o.command, "b");
	assert_int_equal(o.principals.n, 1);
	assert_string_equal(o.principals.v[0], "y");
	authorized_options_clear(&o);
	assert_int_equal(options_parse("from=\"a\",from=\"b\"", 706, &o, &why), ERR_SYNTAX);
	assert_int_equal(options_parse("command=\"a\",command=\"b\"", 707, &o, &why), ERR_SYNTAX);
	assert_string_equal(why, "'command' is given twice");
}

/* What tests/net/test_authorized_keys.py shows of sshd 9.2, in part. */
static void says_why_not(void **state)
{
	static const struct {
		const char *options, *why;
	} cases[] = {
		{ "form=\"x\"", "there is no such option" },
		{ "no-ptyx", "there is no such option" },
		{ "no-restrict", "there is no such option" },
		{ "no-pty,", "an option must follow the comma" },
		{ "command=x", "a value must begin with a quote" },
		{ "command=", "a value must begin with a quote" },
		{ "command=\"x", "a closing quote is missing" },
		{ "command=\"x\\\"", "a closing quote is missing" },
		{ "expiry-time=\"never\"", "'expiry-time' wants a time as YYYYMMDD[HHMM[SS]][Z]" },
		{ "tunnel=\"-1\"", "'tunnel' wants a device number or 'any'" },
		{ "environment=\"A B=c\"", "'environment' wants a name of letters, digits and '_'" },
		{ "permitopen=\"h\"", "'permitopen' and 'permitlisten' want HOST:PORT" },
		{ "permitopen=\"h:0\"", "'permitopen' and 'permitlisten' want HOST:PORT" },
		{ "permitopen=\"[h:1\"", "']' is missing behind an address" },
	};
	struct authorized_options o;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const char *why = NULL;

		assert_int_equal(options_parse(cases[i].options, NEWEST, &o, &why), ERR_SYNTAX);
		assert_string_equal(why, cases[i].why);
	}
}

static void reads_times_in_local_time_without_z(void **state)
{
	struct authorized_options o;
	const char *why;

	assert_int_equal(setenv("TZ", "AAA-2BBB", 1), 0);
	tzset();
	assert_int_equal(options_parse("expiry-time=\"20270115\"", NEWEST, &o, &why), ERR_NONE);
	assert_int_equal(o.expires, 1799971200 - 2 * 3600);
	authorized_options_clear(&o);
	/* in summer sshd is an hour late, since it says that summer time is not on */
	assert_int_equal(options_parse("expiry-time=\"20270715\"", NEWEST, &o, &why), ERR_NONE);
	assert_int_equal(o.expires, 1815609600 - 2 * 3600);
	authorized_options_clear(&o);
	assert_int_equal(options_parse("expiry-time=\"20270230Z\"", NEWEST, &o, &why), ERR_NONE);
	assert_int_equal(o.expires, 1803945600); /* 2 March */
	authorized_options_clear(&o);
	assert_int_equal(unsetenv("TZ"), 0);
	tzset();
}

static void finds_keys_and_faults_by_their_lines(void **state)
{
	static const char content[] = "# comment\n\n \t" KEY " first one \r\n"
				      "garbage\n"
				      "restrict,command=\"a b\"\t" KEY "\n"
				      "\0" KEY "\n" KEY "\0hidden\n"
				      "\r\n"
				      "principals=\"x\" " KEY "\n"
				      "command=\"a " KEY "\n"
				      "ssh-rsa AAAAB3NzaC1yc2EAAAABAwAAAAEP\n"
				      "cert-authority,principals=\"x\" " KEY;
	static const struct {
		unsigned line;
		const char *why;
	} faults[] = {
		{ 4, "there is no key of a type that this sshd knows" },
		{ 9, "'principals' needs 'cert-authority'" },
		{ 10, "a closing quote is missing" },
		{ 11, "an RSA key must have 1024 to 16384 bits" },
	};
	static const unsigned lines[] = { 3, 5, 7, 12 };
	struct authorized_keys k;

	assert_int_equal(keys_parse(content, sizeof content - 1, 902, &k), ERR_NONE);
	assert_int_equal(k.n, ARRAY_SIZE(lines));
	for (size_t i = 0; i < k.n; i++) {
		assert_int_equal(k.v[i].line, lines[i]);
		assert_string_equal(k.v[i].key.type, "ssh-ed25519");
		assert_int_equal(k.v[i].blob_len, 51);
		assert_string_equal(k.v[i].comment, i ? "" : "first one");
	}
	assert_string_equal(k.v[1].options.command, "a b");
	assert_true(k.v[1].options.restricted);
	assert_int_equal(k.nfaults, ARRAY_SIZE(faults));
	for (size_t i = 0; i < k.nfaults; i++) {
		assert_int_equal(k.faults[i].line, faults[i].line);
		assert_string_equal(k.faults[i].why, faults[i].why);
	}
	authorized_keys_clear(&k);
}

/* Nothing that is cut off turns into an error or into another key. */
static void takes_every_truncation(void **state)
{
	static const char content[] =
		"no-pty,from=\"a\",command=\"b c\",expiry-time=\"20270131Z\",tunnel=\"1\" " KEY " comment\n" KEY;
	struct authorized_keys k;

	for (size_t len = 0; len < sizeof content; len++) {
		assert_int_equal(keys_parse(content, len, NEWEST, &k), ERR_NONE);
		assert_in_range(k.n + k.nfaults, len ? 1 : 0, 2);
		authorized_keys_clear(&k);
	}
}

static void skipped_long_lines_before_7_8(void **state)
{
	static char line[9000];
	struct authorized_keys k;

	for (size_t len = 8190; len <= 8192; len++) {
		memset(line, 'c', sizeof line);
		memcpy(line, KEY " ", sizeof KEY);
		line[len - 1] = '\n';
		assert_int_equal(keys_parse(line, len, 707, &k), ERR_NONE);
		assert_int_equal(k.n, len <= 8191);
		assert_int_equal(k.nfaults, len > 8191);
		authorized_keys_clear(&k);
		assert_int_equal(keys_parse(line, len, 708, &k), ERR_NONE);
		assert_int_equal(k.n, 1);
		authorized_keys_clear(&k);
	}
}

static void holds_as_many_lines_as_there_are(void **state)
{
	struct text t = { 0 };
	struct authorized_keys k;

	for (unsigned i = 0; i < 1000; i++)
		text_add(&t, "%s\nbad\n", KEY);
	assert_int_equal(text_check(&t), ERR_NONE);
	assert_int_equal(keys_parse(t.s, t.len, NEWEST, &k), ERR_NONE);
	assert_int_equal(k.n, 1000);
	assert_int_equal(k.nfaults, 1000);
	assert_int_equal(k.v[999].line, 1999);
	authorized_keys_clear(&k);
	text_free(&t);
}

static void reads_principals(void **state)
{
	static const char content[] =
		" anna \t\n# x\nno-pty,from=\"a b\"\tbob\nfrom=\"a\" carl # why\ncert-authority dora\n"
		"emil\r\nform=\"x\" frida\n\n\nfrom=\"10.*\" \tgustav";
	static const struct {
		unsigned line;
		const char *name;
	} names[] = { { 1, "anna" }, { 3, "b\"\tbob" }, { 4, "carl" }, { 5, "dora" }, { 10, "gustav" } };
	static const unsigned faults[] = { 6, 7 };
	struct authorized_principals p;

	assert_int_equal(authorized_principals_parse(content, sizeof content - 1, 902, &p), ERR_NONE);
	assert_int_equal(p.n, ARRAY_SIZE(names));
	for (size_t i = 0; i < p.n; i++) {
		assert_int_equal(p.v[i].line, names[i].line);
		assert_string_equal(p.v[i].name, names[i].name);
	}
	assert_string_equal(p.v[1].options.from, "a b");
	assert_true(p.v[3].options.cert_authority); /* not a fault: sshd stops at it */
	assert_string_equal(p.v[4].options.from, "10.*");
	assert_int_equal(p.nfaults, ARRAY_SIZE(faults));
	for (size_t i = 0; i < ARRAY_SIZE(faults); i++)
		assert_int_equal(p.faults[i].line, faults[i]);
	authorized_principals_clear(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(allows_everything_without_options),
		cmocka_unit_test(gives_back_what_restrict_takes),
		cmocka_unit_test(reads_every_option),
		cmocka_unit_test(knows_when_sshd_learned_what),
		cmocka_unit_test(counted_the_last_value_before_7_7),
		cmocka_unit_test(says_why_not),
		cmocka_unit_test(reads_times_in_local_time_without_z),
		cmocka_unit_test(finds_keys_and_faults_by_their_lines),
		cmocka_unit_test(takes_every_truncation),
		cmocka_unit_test(skipped_long_lines_before_7_8),
		cmocka_unit_test(holds_as_many_lines_as_there_are),
		cmocka_unit_test(reads_principals),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
