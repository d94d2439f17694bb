/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_pattern.c - patterns and lists hit what they hit in sshd. */
#include "sshd/pattern.h"

#include "base/scratch.h"

#include <arpa/inet.h>
#include <netdb.h>

#include "base/banned.h"

/* Slow and obvious. */
static bool obvious(const char *s, const char *p)
{
	if (!*p)
		return !*s;
	if (*p == '*')
		return obvious(s, p + 1) || (*s && obvious(s + 1, p));
	return *s && (*p == '?' || *p == *s) && obvious(s + 1, p + 1);
}

static void strings_make(const char *alphabet, size_t most, char out[][8], size_t *n)
{
	size_t letters = strlen(alphabet), from = 0;

	*n = 1;
	out[0][0] = '\0';
	for (size_t len = 1; len <= most; len++) {
		size_t to = *n;
		for (; from < to; from++)
			for (size_t i = 0; i < letters; i++) {
				memcpy(out[*n], out[from], len - 1);
				out[*n][len - 1] = alphabet[i];
				out[(*n)++][len] = '\0';
			}
	}
}

static void all_short_patterns_match_as_the_obvious_one(void **state)
{
	static char patterns[2000][8], texts[200][8];
	size_t npatterns, ntexts;

	strings_make("a*?b", 5, patterns, &npatterns);
	strings_make("ab", 6, texts, &ntexts);
	for (size_t p = 0; p < npatterns; p++)
		for (size_t t = 0; t < ntexts; t++)
			if (pattern_match(texts[t], patterns[p]) != obvious(texts[t], patterns[p]))
				fail_msg("'%s' against '%s'", texts[t], patterns[p]);
}

static void many_stars_do_not_take_for_ever(void **state)
{
	char text[2001], pattern[2001];

	memset(text, 'a', 2000);
	text[2000] = '\0';
	for (size_t i = 0; i < 2000; i += 2)
		memcpy(pattern + i, "*a", 2);
	memcpy(pattern + 1998, "*b", 3);
	assert_false(pattern_match(text, pattern));
}

static void lists(void **state)
{
	static const struct {
		const char *s, *list;
		bool lower;
		int result;
	} cases[] = {
		{ "bob", "bob", false, 1 },	{ "bob", "alice,b*", false, 1 }, { "bob", "!bob", false, -1 },
		{ "bob", "*,!bob", false, -1 }, { "bob", "!bob,*", false, -1 },	 { "bob", "!alice", false, 0 },
		{ "Bob", "bob", false, 0 },	{ "Bob", "bOb", true, 1 },	 { "bob", "", false, 0 },
		{ "", "", false, 0 },		{ "", "a,,b", false, 1 },	 { "bob", "alice,", false, 0 },
		{ "bob", "bo", false, 0 },	{ "bob", "bob ", false, 0 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_int_equal(pattern_list_match(cases[i].s, cases[i].list, cases[i].lower), cases[i].result);
}

/* OpenSSH copies each item into a buffer of 1024 bytes and gives up on a longer one. */
static void an_item_that_is_too_long_ends_the_list(void **state)
{
	char list[1100];

	memset(list, '*', sizeof list);
	memcpy(list + 1022, ",b", 3);
	assert_int_equal(pattern_list_match("b", list, false), 1);
	list[1022] = '*';
	memcpy(list + 1023, ",b", 3);
	assert_int_equal(pattern_list_match("b", list, false), 0);
}

static void addresses(void **state)
{
	static const struct {
		const char *addr, *list;
		int result;
	} cases[] = {
		{ "10.0.0.5", "10.0.0.0/8", 1 },
		{ "11.0.0.5", "10.0.0.0/8", 0 },
		{ "10.0.0.5", "10.0.0.5", 1 },
		{ "10.0.0.5", "!10.0.0.5,10.0.0.0/8", -1 },
		{ "10.0.0.5", "10.0.0.0/8,!10.0.0.5", -1 },
		{ "10.0.0.5", "10.*", 1 },
		{ "10.1.2.3", "10.*.3", 1 },
		{ "10.0.0.5", "10.0.0.5/8", -2 },
		{ "10.0.0.5", "10.0.0.0/33", -2 },
		{ "10.0.0.5", "10.0.0.0/129", 0 },
		{ "10.0.0.5", "10.0.0.0/x", 0 },
		{ "10.0.0.5", "10.0.0.0/", 0 },
		{ "10.0.0.5", "", -2 },
		{ "10.0.0.5", "!", -2 },
		{ "10.0.0.5", "10.0.0.0/8,", -2 },
		{ "10.0.0.5", "a,,b", -2 },
		/* a negated hit ends it before the malformed item */
		{ "10.0.0.5", "!10.0.0.5,10.0.0.5/8", -1 },
		{ "10.0.0.1", "10.1", 1 },
		{ "0.0.0.10", "10", 1 },
		{ "10.0.0.5", "0.0.0.0/0", 1 },
		{ "::1", "0.0.0.0/0", 0 },
		{ "::1", "::/0", 1 },
		{ "2001:db8::1", "2001:db8::/32", 1 },
		{ "2001:db8::1", "2001:DB8:0:0::0001", 1 },
		{ "2001:db8::1", "2001:db8:*", 1 },
		{ "::ffff:10.0.0.5", "10.0.0.0/8", 0 },
		{ "fe80::1%7", "fe80::1", 0 },
		{ "fe80::1%7", "fe80::1%7", 1 },
		{ "not an address", "*", 0 },
		{ NULL, "10.0.0.0/8,*.example,!x", 0 },
		{ NULL, "10.0.0.5/8", -2 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		if (pattern_list_match_addr(cases[i].addr, cases[i].list) != cases[i].result)
			fail_msg("%s against '%s'", cases[i].addr, cases[i].list);
}

/* The quick way must read what the resolver reads, and nothing else. */
static void addresses_are_those_of_the_resolver(void **state)
{
	static const char *const texts[] = { "10.0.0.5",
					     "10.1",
					     "10",
					     "010.0.0.8",
					     "0x7f.1",
					     "1.2.3.256",
					     "1.2.3.4.5",
					     "1.2.3.",
					     "::",
					     "::1",
					     "::ffff:10.0.0.5",
					     "1::2::3",
					     "fe80::1",
					     "fe80::1%1",
					     "FE80::A",
					     "12345::",
					     "2001:db8::1:2:3",
					     "",
					     " 10.0.0.5",
					     "10.0.0.5 ",
					     "localhost",
					     "1.2.3.-4",
					     "255.255.255.255",
					     "0.0.0.0",
					     "4294967295",
					     "4294967296",
					     "::1%nosuchinterface",
					     "08.1.1.1" };
	const struct addrinfo hints = { .ai_flags = AI_NUMERICHOST, .ai_socktype = SOCK_STREAM };

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		struct addrinfo *ai = NULL;
		struct pattern_address a = { 0 };
		bool theirs = !getaddrinfo(texts[i], NULL, &hints, &ai);
		uint8_t bytes[16] = { 0 };
		if (pattern_address_parse(texts[i], &a) != (theirs && *texts[i]))
			fail_msg("'%s'", texts[i]);
		for (int k = 0; k < 16; k++)
			bytes[k] = (uint8_t)((k < 8 ? a.high : a.low) >> (56 - k % 8 * 8));
		if (theirs && ai->ai_family == AF_INET) {
			assert_int_equal(a.family, AF_INET);
			assert_memory_equal(bytes, &((struct sockaddr_in *)(void *)ai->ai_addr)->sin_addr, 4);
		} else if (theirs) {
			const struct sockaddr_in6 *in6 = (void *)ai->ai_addr;
			assert_int_equal(a.family, AF_INET6);
			assert_memory_equal(bytes, &in6->sin6_addr, 16);
			assert_int_equal(a.scope, in6->sin6_scope_id);
		}
		if (ai)
			freeaddrinfo(ai);
	}
}

/* A network holds an address that differs behind its prefix, and none that differs in the prefix's last bit. */
static void every_length_of_a_prefix_is_taken_as_it_is(void **state)
{
	static const uint8_t base[16] = { 0x20, 0x01, 0x0d, 0xb8, 0xa5, 0x5a, 0xff, 0,
					  0x0f, 0xf0, 0xc3, 0x3c, 1,	2,    3,    0xff };

	for (unsigned bits = 32; bits <= 128; bits += 96)
		for (unsigned length = 0; length <= bits; length++) {
			int family = bits == 32 ? AF_INET : AF_INET6;
			uint8_t net[16] = { 0 }, other[16];
			char text[INET6_ADDRSTRLEN], list[INET6_ADDRSTRLEN + 4];
			for (unsigned i = 0; i < length; i++)
				net[i / 8] |= base[i / 8] & (0x80 >> i % 8);
			assert_non_null(inet_ntop(family, net, text, sizeof text));
			(void)snprintf(list, sizeof list, "%s/%u", text, length);
			memcpy(other, net, sizeof other);
			if (length < bits)
				other[length / 8] ^= 0x80 >> length % 8;
			assert_non_null(inet_ntop(family, other, text, sizeof text));
			assert_int_equal(pattern_list_match_addr(text, list), 1);
			memcpy(other, net, sizeof other);
			if (length) {
				other[(length - 1) / 8] ^= 0x80 >> (length - 1) % 8;
				assert_non_null(inet_ntop(family, other, text, sizeof text));
				assert_int_equal(pattern_list_match_addr(text, list), 0);
			}
		}
}

static void hosts_and_addresses_decide_together(void **state)
{
	static const struct {
		const char *host, *addr, *list;
		int result;
	} cases[] = {
		{ "ws5.example", "10.0.0.5", "*.EXAMPLE", 1 },
		{ "WS5.Example", "10.0.0.5", "*.example", 1 },
		{ "ws5.example", "10.0.0.5", "10.0.0.0/8", 1 },
		{ "ws5.example", "10.0.0.5", "*.example,!10.0.0.0/8", 0 },
		{ "ws5.example", "10.0.0.5", "10.*,!ws5.*", 0 },
		{ "10.0.0.5", "10.0.0.5", "!11.0.0.0/8", 0 },
		{ "10.0.0.5", "10.0.0.5", "x,,y", -1 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct pattern_list l = { 0 };
		struct pattern_from from;
		pattern_from_set(&from, cases[i].host, cases[i].addr);
		assert_int_equal(pattern_list_compile(cases[i].list, &l), ERR_NONE);
		if (pattern_list_hosts(&l, &from) != cases[i].result)
			fail_msg("%s from %s against '%s'", cases[i].host, cases[i].addr, cases[i].list);
		pattern_list_clear(&l);
	}
}

static void networks_only(void **state)
{
	assert_int_equal(pattern_list_match_cidr("10.0.0.5", "192.168.0.0/16,10.0.0.0/8"), 1);
	assert_int_equal(pattern_list_match_cidr("11.0.0.5", "10.0.0.0/8"), 0);
	assert_int_equal(pattern_list_match_cidr("10.0.0.5", "10.*"), -2);
	assert_int_equal(pattern_list_match_cidr("10.0.0.5", "!10.0.0.5"), -2);
	assert_int_equal(pattern_list_match_cidr("10.0.0.5", "10.0.0.5/8"), -2);
	assert_int_equal(pattern_list_match_cidr("10.0.0.5", "10.0.0.5,"), -2);
	assert_int_equal(pattern_list_match_cidr(NULL, "10.0.0.0/8"), 0);
}

static void users(void **state)
{
	static const struct {
		const char *user, *host, *addr, *word;
		int result;
	} cases[] = {
		{ "bob", "h", "10.0.0.5", "bob", 1 },
		{ "bob", "h", "10.0.0.5", "!bob", 0 },
		{ "!bob", "h", "10.0.0.5", "!bob", 1 },
		{ "bob", "h", "10.0.0.5", "bob,alice", 0 },
		{ "bob", "h", "10.0.0.5", "b?b@10.0.0.0/8", 1 },
		{ "bob", "h", "11.0.0.5", "b?b@10.0.0.0/8", 0 },
		{ "a@b", "h", "10.0.0.5", "a@b@10.0.0.5", 1 },
		{ "bob", "ws5.corp.example", "10.0.0.5", "bob@*.CORP.example", 1 },
		{ "bob", "ws5.corp.example", "10.0.0.5", "bob@*.corp.example,!10.0.0.5", 0 },
		{ "bob", "ws5.corp.example", "10.0.0.5", "bob@10.0.0.0/8,!ws5*", 0 },
		{ "bob", "ws5.corp.example", "10.0.0.5", "bob@!other", 0 },
		{ "bob", "h", "10.0.0.5", "bob@10.0.0.5/8", -1 },
		{ "eve", "h", "10.0.0.5", "bob@10.0.0.5/8", 0 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		if (pattern_match_user(cases[i].user, cases[i].host, cases[i].addr, cases[i].word) != cases[i].result)
			fail_msg("%s from %s against '%s'", cases[i].user, cases[i].addr, cases[i].word);
}

static void words_that_sshd_refuses(void **state)
{
	static const char *const good[] = { "bob", "*@10.0.0.0/8", "a@b@c", "!bob", "a,b", "bob@!x,y" };
	static const char *const bad[] = { "",	       "bob@",		 "@",	   "bob@!",
					   "bob@x,,y", "bob@10.0.0.5/8", "bob@x,", "a@b@10.0.0.0/33" };
	const char *why = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(good); i++)
		assert_int_equal(pattern_check_user(good[i], &why), ERR_NONE);
	assert_null(why);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		why = NULL;
		assert_int_equal(pattern_check_user(bad[i], &why), ERR_SYNTAX);
		assert_non_null(why);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_short_patterns_match_as_the_obvious_one),
		cmocka_unit_test(many_stars_do_not_take_for_ever),
		cmocka_unit_test(lists),
		cmocka_unit_test(an_item_that_is_too_long_ends_the_list),
		cmocka_unit_test(addresses),
		cmocka_unit_test(addresses_are_those_of_the_resolver),
		cmocka_unit_test(every_length_of_a_prefix_is_taken_as_it_is),
		cmocka_unit_test(hosts_and_addresses_decide_together),
		cmocka_unit_test(networks_only),
		cmocka_unit_test(users),
		cmocka_unit_test(words_that_sshd_refuses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
