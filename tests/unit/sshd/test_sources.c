/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_sources.c - an address is in the list just when the decision lets it in, for rules made at random. */
#include "sshd/sources.h"

#include "host.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

#define KEY "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBhVBSIm5UBHpmR7JWxpAynMjgc3/M9Xmh6Ws9yNsCmt anna"
#define KEYS_FILE "home/anna/.ssh/authorized_keys"
#define FIXED "StrictModes no\nUsePAM yes\n"

/* One configuration, ready to be asked. */
struct asked {
	struct sshd_config *c;
	struct access *access;
	struct account *account;
	struct access_login who;
};

static void ask(const struct host *s, const char *config, unsigned assume, struct asked *out)
{
	*out = (struct asked){ .c = text_fine(config, R92), .account = host_account(s, "anna") };
	out->who = (struct access_login){
		.user = "anna", .account = out->account, .laddr = "192.0.2.1", .lport = 22, .assume = assume
	};
	assert_int_equal(access_new(s->root, out->c, 1700000000, &out->access), ERR_NONE);
}

static void ask_end(struct asked *q)
{
	access_free(q->access);
	account_free(q->account);
	sshd_config_free(q->c);
}

/* "10.0.0.0/8 ::/0 | unknown | mixed" */
static const char *listed(const struct access_sources *s)
{
	static char out[8192];
	const struct networks *lists[] = { &s->allowed, &s->unknown, &s->mixed };
	struct text t = { 0 };

	for (size_t i = 0; i < ARRAY_SIZE(lists); i++) {
		if (i && lists[i]->n)
			text_add(&t, "%s| ", i == 1 ? "" : "| ");
		for (size_t j = 0; j < lists[i]->n; j++) {
			char net[NETWORK_TEXT];
			network_text(&lists[i]->v[j], net);
			text_add(&t, "%s ", net);
		}
	}
	snprintf(out, sizeof out, "%s", text_string(&t));
	text_free(&t);
	return out;
}

static const struct {
	const char *config, *sources, *conditions;
} known[] = {
	{ "", "0.0.0.0/0 ::/0 ", "" },
	{ "AllowUsers bob\n", "", "" },
	{ "AllowUsers anna@10.0.0.0/8\n", "10.0.0.0/8 ", "" },
	{ "AllowUsers anna@10.0.0.0/8,!10.1.0.0/16\n",
	  "10.0.0.0/16 10.2.0.0/15 10.4.0.0/14 10.8.0.0/13 10.16.0.0/12 10.32.0.0/11 10.64.0.0/10 10.128.0.0/9 ", "" },
	{ "AllowUsers anna@10.0.0.0/9 *@10.128.0.0/9\n", "10.0.0.0/8 ", "" },
	{ "AllowUsers anna@10.*\n", "10.0.0.0/8 ", "" },
	{ "AllowUsers anna@192.168.1?.*\n", "192.168.10.0/23 192.168.12.0/22 192.168.16.0/22 ", "" },
	{ "AllowUsers anna@2001:db8:*,10.0.0.5\n", "10.0.0.5 2001:db8::/32 ", "" },
	{ "AllowUsers anna@2001:DB8:*\n", "2001:db8::/32 ", "" },
	{ "AllowUsers bob@10.* anna@::1\n", "::1 ", "" },
	{ "DenyUsers *@*:*\n", "0.0.0.0/0 ", "" },
	{ "AllowUsers anna@*.example.org\n", "", "" },
	{ "UseDNS yes\nAllowUsers anna@*.example.org anna@10.0.0.1 bob@*.example.net\n", "10.0.0.1 ",
	  "AllowUsers anna@*.example.org (sshd_config:2): a host name decides too" },
	{ "UseDNS yes\nMatch Host *.example.org\nDenyUsers anna\n", "0.0.0.0/0 ::/0 ",
	  "Match Host *.example.org (sshd_config:2): a host name decides too" },
	{ "Match Address 10.0.0.0/8\nPubkeyAuthentication no\n",
	  "0.0.0.0/5 8.0.0.0/7 11.0.0.0/8 12.0.0.0/6 16.0.0.0/4 32.0.0.0/3 64.0.0.0/2 128.0.0.0/1 ::/0 ", "" },
	{ "PubkeyAuthentication no\nMatch Address *,!10.0.0.0/8,!::/0\nPubkeyAuthentication yes\n",
	  "0.0.0.0/5 8.0.0.0/7 11.0.0.0/8 12.0.0.0/6 16.0.0.0/4 32.0.0.0/3 64.0.0.0/2 128.0.0.0/1 ",
	  "Match Address *,!10.0.0.0/8,!::/0 (sshd_config:2): a link-local address comes with its interface (fe80::1%eth0) "
	  "and is in no network without it" },
	{ "AllowUsers anna@*.5\n", "| | 0.0.0.0/0 ::/96 ",
	  "AllowUsers anna@*.5 (sshd_config:1): the text of each single address decides; it holds too many pieces to list" },
	/* they tell addresses apart, but nothing hangs on it */
	{ "AllowUsers bob\nDenyUsers anna@*.5 an*@*.5\n", "", "" },
	{ "AllowUsers bob\nDenyUsers anna@2001:db8::*\n", "", "" },
	{ "DenyUsers bob@*.5\n", "0.0.0.0/0 ::/0 ", "" },
};

static void known_rules_have_known_sources(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(known); i++) {
		struct access_sources found = { 0 };
		struct text conditions = { 0 };
		struct asked q;
		char *why = NULL;

		ask(*state, known[i].config, METHOD_PUBLICKEY, &q);
		assert_int_equal(access_sources_find(q.access, q.c, &q.who, &found, &why), ERR_NONE);
		strings_join(&found.conditions, "; ", &conditions);
		assert_string_equal(listed(&found), known[i].sources);
		assert_string_equal(text_string(&conditions), known[i].conditions);
		text_free(&conditions);
		access_sources_clear(&found);
		ask_end(&q);
	}
}

/* --- rules at random --- */

static const char *pick(const char *const *from, size_t n)
{
	return from[(size_t)random() % n];
}
#define PICK(array) pick(array, ARRAY_SIZE(array))

static bool once_in(unsigned n)
{
	return random() % n == 0;
}

static const char *const bases4[] = { "10.0.0.0",    "10.1.0.0", "10.1.2.0",	    "192.168.1.0",
				      "192.168.0.0", "0.0.0.0",	 "255.255.255.255", "127.0.0.1" };
static const char *const bases6[] = { "2001:db8::", "2001:db8:1::", "2001:db8:1:2:3:4:5:6",
				      "fd00::",	    "::",	    "::1",
				      "::10.1.2.3", "fe80::1",	    "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff" };
static const unsigned lengths4[] = { 0, 1, 8, 9, 15, 16, 20, 24, 25, 30, 31, 32 };
static const unsigned lengths6[] = { 0, 1, 3, 16, 32, 33, 48, 64, 96, 100, 127, 128 };
static const char *const wild[] = { "10.*",
				    "10.1.*",
				    "192.168.1*",
				    "192.168.1?.*",
				    "*",
				    "*.*",
				    "*:*",
				    "1?.0.0.?",
				    "2001:db8:*",
				    "2001:*:*",
				    "fd*",
				    "::1*",
				    "2001:db8:1:2:3:4:5:?",
				    "*.example.org",
				    "ws5",
				    "10.1.2.3",
				    "::?",
				    "2*",
				    "10.1.2.*5" };
static const char *const blurry[] = { "*.5", "*:1", "2001:db8::*", "*db8*" };

static struct address near(int family)
{
	struct network n;
	struct address a;
	unsigned keep;

	assert_int_equal(network_parse(family == AF_INET ? PICK(bases4) : PICK(bases6), &n), ERR_NONE);
	a = address_of(family, n.addr);
	keep = (unsigned)random() % (family == AF_INET ? 33 : 129);
	if (family == AF_INET6 && keep < 64) {
		a.hi ^= keep ? ((uint64_t)random() << 33 ^ (uint64_t)random() << 8) >> keep : 0;
		a.lo = once_in(2) ? 0 : (uint64_t)random() << 33 ^ (uint64_t)random();
	} else {
		unsigned bits = family == AF_INET ? 32 - keep : 128 - keep;
		a.lo ^= bits ? ((uint64_t)random() << 33 ^ (uint64_t)random() << 8) >> (64 - bits) : 0;
	}
	return a;
}

static void add_network(struct text *out)
{
	int family = once_in(2) ? AF_INET : AF_INET6;
	struct network n = { .family = family };
	struct address a = near(family);
	char text[NETWORK_TEXT];

	n.len = family == AF_INET ? lengths4[random() % 12] : lengths6[random() % 12];
	address_bytes(family, a, n.addr);
	for (unsigned i = n.len; i < (family == AF_INET ? 32u : 128u); i++)
		n.addr[i / 8] &= (uint8_t) ~(0x80u >> i % 8);
	network_text(&n, text);
	text_add_string(out, text);
}

static void add_hosts(struct text *out, bool blurred)
{
	for (long i = 1 + random() % 3; i >= 0; i--) {
		if (once_in(4))
			text_add_string(out, "!");
		if (blurred && once_in(3))
			text_add_string(out, PICK(blurry));
		else if (once_in(3))
			text_add_string(out, PICK(wild));
		else
			add_network(out);
		if (i)
			text_add_string(out, ",");
	}
}

static void add_words(struct text *out, const char *keyword, bool blurred)
{
	static const char *const users[] = { "anna", "an*", "*", "bob", "????" };

	text_add(out, "%s", keyword);
	for (long i = random() % 3; i >= 0; i--) {
		text_add(out, " %s", PICK(users));
		if (!once_in(6)) {
			text_add_string(out, "@");
			add_hosts(out, blurred);
		}
	}
	text_add_string(out, "\n");
}

static void add_match(struct text *out, bool blurred)
{
	static const char *const also[] = {
		"", "User anna ", "User bob ", "Group staff ", "Group nobody ", "LocalPort 22 "
	};
	static const char *const settings[] = { "PubkeyAuthentication no",
						"PubkeyAuthentication yes",
						"AuthenticationMethods password",
						"AuthorizedKeysFile .ssh/other",
						"AllowGroups staff",
						"DenyGroups dev",
						"PermitTTY no" };

	text_add(out, "Match %s%s ", PICK(also), once_in(4) ? "Host" : "Address");
	add_hosts(out, blurred);
	text_add_string(out, "\n");
	for (long i = random() % 3; i >= 0; i--) {
		if (once_in(2))
			text_add(out, "%s\n", PICK(settings));
		else
			add_words(out, once_in(3) ? "DenyUsers" : "AllowUsers", blurred);
	}
}

static void add_rules(struct text *out, bool blurred)
{
	text_add_string(out, FIXED);
	if (once_in(8))
		text_add_string(out, "UseDNS yes\n");
	if (once_in(4))
		text_add_string(out, "PubkeyAuthentication no\n");
	if (once_in(2))
		add_words(out, "AllowUsers", blurred);
	if (once_in(3))
		add_words(out, "DenyUsers", blurred);
	for (long i = random() % 4; i > 0; i--)
		add_match(out, blurred);
}

static void put_keys(const struct host *s, const char *path, bool blurred)
{
	struct text t = { 0 };

	for (long i = random() % 3; i >= 0; i--) {
		if (!once_in(5)) {
			text_add_string(&t, "from=\"");
			add_hosts(&t, blurred);
			text_add_string(&t, "\" ");
		}
		text_add_string(&t, KEY "\n");
	}
	host_put(s, path, text_string(&t));
	text_free(&t);
}

/* --- the comparison --- */

static const char *const verdict_words[] = { "allowed", "denied", "unknown" };

/* A set as the list has it, for quick questions. */
static struct ranges as_ranges(const struct networks *l, int family)
{
	struct ranges out = { .family = family };

	for (size_t i = 0; i < l->n; i++) {
		struct range r = network_range(&l->v[i]);
		if (l->v[i].family == family)
			assert_int_equal(ranges_add(&out, r.first, r.last), ERR_NONE);
	}
	ranges_tidy(&out);
	return out;
}

static struct address last_of(const struct network *n)
{
	return network_range(n).last;
}

/* Rising, apart, and no two of a length that are the halves of one. */
static void check_minimal(const struct networks *l)
{
	for (size_t i = 1; i < l->n; i++) {
		const struct network *a = &l->v[i - 1], *b = &l->v[i];
		struct network both = *a;

		if (a->family != b->family) {
			assert_int_equal(b->family, AF_INET6);
			continue;
		}
		assert_true(address_compare(last_of(a), address_of(b->family, b->addr)) < 0);
		if (a->len != b->len || !a->len)
			continue;
		both.len--;
		if (!(both.addr[both.len / 8] & 0x80 >> both.len % 8))
			assert_true(address_compare(last_of(&both), last_of(b)));
	}
}

struct judged {
	struct asked *q;
	const char *config;
	struct ranges allowed, unknown, mixed;
	unsigned counts[4];
};

static void judge(struct judged *j, struct address a)
{
	int family = j->allowed.family;
	struct access_decision d = { 0 };
	char text[NETWORK_TEXT];
	enum access_verdict listed;

	if (family == AF_INET6 && !a.hi && a.lo >> 32 == 0xffff)
		return;
	if (ranges_contain(&j->mixed, a)) {
		j->counts[3]++;
		return;
	}
	address_text(family, a, text);
	j->q->who.addr = text;
	assert_int_equal(access_decide(j->q->access, &j->q->who, &d), ERR_NONE);
	listed = ranges_contain(&j->allowed, a)	  ? ACCESS_ALLOWED
		 : ranges_contain(&j->unknown, a) ? ACCESS_UNKNOWN
						  : ACCESS_DENIED;
	if (listed != d.verdict)
		fail_msg("%s is %s and listed as %s by\n%s", text, verdict_words[d.verdict], verdict_words[listed],
			 j->config);
	j->counts[d.verdict]++;
	access_decision_clear(&d);
}

static void judge_edges(struct judged *j, const struct ranges *l)
{
	for (size_t i = 0; i < l->n; i++) {
		judge(j, l->v[i].first);
		judge(j, l->v[i].last);
		if (l->v[i].first.hi || l->v[i].first.lo)
			judge(j, address_before(l->v[i].first));
		if (address_compare(l->v[i].last, address_last(l->family)))
			judge(j, address_next(l->v[i].last));
	}
}

static void judge_family(struct judged *j, const struct access_sources *found, int family, unsigned rounds)
{
	j->allowed = as_ranges(&found->allowed, family);
	j->unknown = as_ranges(&found->unknown, family);
	j->mixed = as_ranges(&found->mixed, family);
	judge_edges(j, &j->allowed);
	judge_edges(j, &j->unknown);
	judge_edges(j, &j->mixed);
	for (unsigned i = 0; i < rounds; i++)
		judge(j, near(family));
	ranges_free(&j->allowed);
	ranges_free(&j->unknown);
	ranges_free(&j->mixed);
}

static void judge_config(const struct host *s, const char *config, unsigned assume, unsigned rounds, unsigned counts[4])
{
	struct access_sources found = { 0 };
	struct judged j = { .config = config };
	struct asked q;
	char *why = NULL;

	ask(s, config, assume, &q);
	j.q = &q;
	assert_int_equal(access_sources_find(q.access, q.c, &q.who, &found, &why), ERR_NONE);
	check_minimal(&found.allowed);
	check_minimal(&found.unknown);
	check_minimal(&found.mixed);
	judge_family(&j, &found, AF_INET, rounds);
	judge_family(&j, &found, AF_INET6, rounds);
	for (size_t i = 0; i < 4; i++)
		counts[i] += j.counts[i];
	access_sources_clear(&found);
	ask_end(&q);
}

static void judge_random(const struct host *s, unsigned sets, bool keys, bool blurred)
{
	unsigned counts[4] = { 0 };

	for (unsigned i = 0; i < sets; i++) {
		struct text config = { 0 };
		add_rules(&config, blurred);
		if (keys) {
			put_keys(s, KEYS_FILE, blurred);
			put_keys(s, "home/anna/.ssh/other", blurred);
		}
		judge_config(s, text_string(&config), keys ? 0 : METHOD_PUBLICKEY, 5000, counts);
		text_free(&config);
	}
	printf("# %u sets: %u allowed, %u denied, %u unknown, %u mixed\n", sets, counts[0], counts[1], counts[2],
	       counts[3]);
	assert_true(counts[0] > 1000 && counts[1] > 1000);
	/* also without the patterns that are made for it some, such as "::1*", are too much */
	assert_true(blurred ? counts[3] > 1000 : counts[3] < counts[0] / 10);
}

static unsigned times(void)
{
	return getenv("SALLYPORT_LONG") ? 40 : 1;
}

static void random_rules_are_listed_as_they_decide(void **state)
{
	judge_random(*state, 60 * times(), false, false);
}

static void keys_with_from_are_listed_as_they_decide(void **state)
{
	judge_random(*state, 40 * times(), true, false);
}

static void what_no_list_can_hold_is_set_apart(void **state)
{
	judge_random(*state, 6 * times(), true, true);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(known_rules_have_known_sources, host_make, host_remove),
		cmocka_unit_test_setup_teardown(random_rules_are_listed_as_they_decide, host_make, host_remove),
		cmocka_unit_test_setup_teardown(keys_with_from_are_listed_as_they_decide, host_make, host_remove),
		cmocka_unit_test_setup_teardown(what_no_list_can_hold_is_set_apart, host_make, host_remove),
	};

	srandom(3);
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
