/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_matrix.c - every cell is the decision, and columns are what the rules tell apart. */
#include "sshd/matrix.h"

#include "host.h"

#include "sshd/membership.h"

#include <arpa/inet.h>
#include <string.h>

#include "base/banned.h"

struct made {
	struct sshd_config *c;
	struct access *access;
	struct accounts who;
	struct access_login like;
	struct access_matrix *m;
};

static void make(const struct host *s, const char *config, unsigned assume, struct made *out)
{
	*out = (struct made){ .c = text_fine(config, R92),
			      .like = { .laddr = "192.0.2.1", .lport = 22, .assume = assume } };
	assert_int_equal(access_new(s->root, out->c, 1700000000, &out->access), ERR_NONE);
	assert_int_equal(accounts_read(s->root, &out->who), ERR_NONE);
	assert_int_equal(membership_fill(s->root, &out->who), ERR_NONE);
	assert_int_equal(access_matrix_make(out->access, out->c, &out->who, &out->like, &out->m), ERR_NONE);
}

static void unmake(struct made *m)
{
	access_matrix_free(m->m);
	access_free(m->access);
	accounts_free(&m->who);
	sshd_config_free(m->c);
}

static const char *names(const struct access_matrix *m)
{
	static char out[4096];
	struct text t = { 0 };

	for (size_t i = 0; i < m->nnetworks; i++)
		text_add(&t, "%s%s", i ? "; " : "", m->networks[i].name);
	snprintf(out, sizeof out, "%s", text_string(&t));
	text_free(&t);
	return out;
}

#define OWN4 "127.0.0.0/8"
#define ENDS "elsewhere (IPv4); ::1; elsewhere (IPv6)"

static void columns_are_what_the_rules_tell_apart(void **state)
{
	static const struct {
		const char *config, *names;
	} cases[] = {
		{ "", OWN4 "; " ENDS },
		{ "AllowUsers anna bob\n", OWN4 "; " ENDS },
		{ "AllowUsers anna@10.0.0.0/8 bob@10.0.0.0/8\n", "10.0.0.0/8; " OWN4 "; " ENDS },
		{ "AllowUsers anna@10.0.0.0/8\nMatch Address 10.1.0.0/16\nPermitTTY no\n",
		  "10.0.0.0/8; 10.1.0.0/16; " OWN4 "; " ENDS },
		{ "AllowUsers anna@10.1*,10.0.0.0/8\n", "10.0.0.0/8; 10.1*; " OWN4 "; " ENDS },
		/* a pattern on both sides of the edge of a network */
		{ "AllowUsers anna@10.1*,10.100.0.0/14,10.0.0.0/9\n",
		  "10.0.0.0/9; 10.1*; 10.100.0.0/14; 10.1* (rest); " OWN4 "; " ENDS },
		{ "AllowUsers *@*\n", "* (IPv4); " OWN4 "; * (IPv6); ::1" },
		{ "AllowUsers anna@*.example.org\n", OWN4 "; " ENDS },
		{ "AllowUsers anna@*.5\n", OWN4 "; " ENDS },
		{ "AllowUsers anna@2001:db8::/32,!10.0.0.5\n",
		  "10.0.0.5; " OWN4 "; elsewhere (IPv4); ::1; 2001:db8::/32; elsewhere (IPv6)" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct made m;

		make(*state, cases[i].config, METHOD_PUBLICKEY, &m);
		assert_string_equal(names(m.m), cases[i].names);
		unmake(&m);
	}
}

static void what_has_no_column_is_noted(void **state)
{
	struct made m;

	make(*state, "AllowUsers anna@*.5 bob@*.example.org\n", METHOD_PUBLICKEY, &m);
	assert_int_equal(m.m->notes.n, 2);
	assert_string_equal(m.m->notes.v[0],
			    "AllowUsers anna@*.5 (sshd_config:1) tells single addresses apart: it has no column");
	assert_string_equal(
		m.m->notes.v[1],
		"AllowUsers bob@*.example.org (sshd_config:1) names hosts and no addresses: it has no column");
	unmake(&m);
}

static const char rules[] =
	"UsePAM yes\nAllowUsers anna@10.0.0.0/8,!10.1.0.0/16 root bob@2001:db8::/32\nDenyUsers *@192.168.*\n"
	"Match Address 10.2.0.0/16\nPubkeyAuthentication no\n";

static void every_cell_is_the_decision(void **state)
{
	struct made m;

	make(*state, rules, METHOD_PUBLICKEY | METHOD_PASSWORD, &m);
	assert_int_equal(m.m->naccounts, m.who.n);
	for (size_t i = 0; i < m.who.n; i++)
		for (size_t n = 0; n < m.m->nnetworks; n++) {
			const struct matrix_cell *cell = access_matrix_cell(m.m, i, n);
			struct access_login l = m.like;
			struct access_decision d = { 0 };

			l.user = m.who.v[i]->name;
			l.account = m.who.v[i];
			l.addr = m.m->networks[n].addr;
			assert_int_equal(access_decide(m.access, &l, &d), ERR_NONE);
			assert_int_equal(cell->verdict, d.verdict);
			assert_int_equal(cell->reason, d.reason);
			assert_int_equal(cell->methods, d.methods);
			assert_ptr_equal(cell->by, d.by);
			access_decision_clear(&d);
		}
	unmake(&m);
}

static void a_column_is_decided_inside_of_it(void **state)
{
	struct made m;

	make(*state, rules, METHOD_PUBLICKEY, &m);
	for (size_t n = 0; n < m.m->nnetworks; n++) {
		struct network host;

		assert_int_equal(network_parse(m.m->networks[n].addr, &host), ERR_NONE);
		for (size_t k = 0; k < m.m->nnetworks; k++)
			if (!m.m->networks[k].more)
				assert_int_equal(networks_contain(&m.m->networks[k].members, host.family, host.addr),
						 k == n);
	}
	unmake(&m);
}

static void equal_accounts_share_a_row_and_root_is_first(void **state)
{
	struct made m;
	size_t in_rows = 0;

	make(*state, "UsePAM yes\nDenyUsers root\n", METHOD_PUBLICKEY, &m);
	assert_true(m.m->rows[0].root);
	assert_string_equal(m.m->accounts[0].user, "root");
	assert_int_equal(m.m->accounts[0].row, 0);
	for (size_t r = 0; r < m.m->nrows; r++)
		in_rows += m.m->rows[r].naccounts;
	assert_int_equal(in_rows, m.m->naccounts);
	/* those with a shell, those without, who has expired, root */
	assert_int_equal(m.m->nrows, 4);
	unmake(&m);
}

static void from_of_a_key_makes_a_column(void **state)
{
	const struct host *s = *state;
	struct made m;

	host_put(
		s, "home/anna/.ssh/authorized_keys",
		"from=\"172.16.0.0/12\" ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBhVBSIm5UBHpmR7JWxpAynMjgc3/M9Xmh6Ws9yNsCmt a\n");
	make(s, "UsePAM yes\nStrictModes no\nPasswordAuthentication no\nKbdInteractiveAuthentication no\n", 0, &m);
	assert_string_equal(names(m.m), OWN4 "; 172.16.0.0/12; " ENDS);
	for (size_t i = 0; i < m.m->naccounts; i++)
		for (size_t n = 0; n < m.m->nnetworks && !strcmp(m.m->accounts[i].user, "anna"); n++)
			assert_int_equal(access_matrix_cell(m.m, i, n)->verdict == ACCESS_ALLOWED, n == 1);
	unmake(&m);
}

static void groups_come_in_one_pass_as_for_each(void **state)
{
	const struct host *s = *state;
	struct accounts l = { 0 };

	/* the primary group may stand behind others, twice, and lines may be broken */
	host_put(
		s, "etc/group",
		"admins:x:2002:bob,anna\n#x:x:1:anna\nstaff:x:2001:anna\nagain:x:2001:bob\nadmins:x:2009:anna,\nx:x:y:anna\n"
		"dev:x:2004:,,anna,anna\nshort:x:5\nroot:x:0:\nother:x:2010:annabel");
	assert_int_equal(accounts_read(s->root, &l), ERR_NONE);
	assert_int_equal(membership_fill(s->root, &l), ERR_NONE);
	for (size_t i = 0; i < l.n; i++) {
		struct account *a = host_account(s, l.v[i]->name);

		assert_true(strings_equal(&a->groups, &l.v[i]->groups));
		account_free(a);
	}
	accounts_free(&l);
}

static void without_a_group_file_there_are_no_groups(void **state)
{
	const struct host *s = *state;
	struct accounts l = { 0 };

	unlink(scratch_path(s->dir, "etc/group"));
	assert_int_equal(accounts_read(s->root, &l), ERR_NONE);
	assert_true(l.n > 0);
	assert_int_equal(membership_fill(s->root, &l), ERR_NONE);
	for (size_t i = 0; i < l.n; i++)
		assert_int_equal(l.v[i]->groups.n, 0);
	accounts_free(&l);
}

#define ON_A_HOST(test) cmocka_unit_test_setup_teardown(test, host_make, host_remove)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_A_HOST(columns_are_what_the_rules_tell_apart),
		ON_A_HOST(what_has_no_column_is_noted),
		ON_A_HOST(every_cell_is_the_decision),
		ON_A_HOST(a_column_is_decided_inside_of_it),
		ON_A_HOST(equal_accounts_share_a_row_and_root_is_first),
		ON_A_HOST(from_of_a_key_makes_a_column),
		ON_A_HOST(groups_come_in_one_pass_as_for_each),
		ON_A_HOST(without_a_group_file_there_are_no_groups),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
