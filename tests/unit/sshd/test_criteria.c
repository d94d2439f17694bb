/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_criteria.c - which Match blocks are on, of one and of many, and inside each other. */
#include "sshd/criteria.h"

#include "sshd.h"

#include "base/banned.h"

/* The blocks that are on, one digit each. */
static const char *on(const struct sshd_config *c, const struct sshd_connection *to)
{
	static char out[256];
	struct criteria *criteria = NULL;
	struct pattern_from from, local;
	uint64_t *set;

	assert_int_equal(criteria_new(c, &criteria), ERR_NONE);
	set = calloc(criteria_words(criteria) + 1, sizeof *set);
	assert_non_null(set);
	pattern_from_set(&from, to->host, to->addr);
	pattern_from_set(&local, NULL, to->laddr);
	criteria_evaluate(criteria, to, &from, &local, set);
	assert_true(c->nmatches < sizeof out);
	for (size_t i = 0; i < c->nmatches; i++)
		out[i] = criteria_on(criteria, c->matches[i], set) ? '1' : '0';
	out[c->nmatches] = '\0';
	free(set);
	criteria_free(criteria);
	return out;
}

static void each_criterion(void **state)
{
	static const struct {
		const char *criteria, *hit;
	} cases[] = {
		{ "all", "1" },
		{ "User anna", "1" },
		{ "User an*,!anna", "0" },
		{ "User ANNA", "0" },
		{ "Group x,staff", "1" },
		{ "Group *,!admins", "0" },
		{ "Host WS5.*", "1" },
		{ "Address 10.0.0.0/8", "1" },
		{ "Address 10.0.0.0/8,!10.0.0.5", "0" },
		{ "Address 10.0.*", "1" },
		{ "LocalAddress ::1", "1" },
		{ "LocalAddress 10.0.0.0/8", "0" },
		{ "LocalPort 2222", "1" },
		{ "LocalPort 22", "0" },
		{ "RDomain *", "0" },
		{ "User anna LocalPort 22", "0" },
		{ "User anna LocalPort 2222 Group admins", "1" },
	};
	char staff[] = "staff", admins[] = "admins", *names[] = { staff, admins, NULL };
	const struct strings groups = { .v = names, .n = 2 };
	const struct sshd_connection to = { .user = "anna",
					    .groups = &groups,
					    .host = "ws5.example",
					    .addr = "10.0.0.5",
					    .laddr = "::1",
					    .lport = 2222 };

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char text[256];
		struct sshd_config *c;
		(void)snprintf(text, sizeof text, "Match %s\nPermitTTY no\n", cases[i].criteria);
		c = text_fine(text, R92);
		if (strcmp(on(c, &to), cases[i].hit))
			fail_msg("Match %s: %s", cases[i].criteria, on(c, &to));
		sshd_config_free(c);
	}
}

static void what_is_not_known_never_hits(void **state)
{
	struct sshd_config *c = text_fine("Match User *\nMatch Group *\nMatch Host *\nMatch Address *\n"
					  "Match LocalAddress *\nMatch RDomain *\nMatch all\n",
					  R92);

	assert_string_equal(on(c, &(struct sshd_connection){ 0 }), "0000001");
	sshd_config_free(c);
}

static void more_blocks_than_a_word_has_bits(void **state)
{
	struct text t = { 0 };
	struct sshd_config *c;
	const char *set;

	for (unsigned i = 0; i < 200; i++)
		text_add(&t, "Match User u%u,v%u\nPermitTTY no\n", i, i % 7);
	c = text_fine(text_string(&t), R92);
	set = on(c, &(struct sshd_connection){ .user = "v3" });
	for (unsigned i = 0; i < 200; i++)
		assert_int_equal(set[i], i % 7 == 3 ? '1' : '0');
	set = on(c, &(struct sshd_connection){ .user = "u137" });
	for (unsigned i = 0; i < 200; i++)
		assert_int_equal(set[i], i == 137 ? '1' : '0');
	sshd_config_free(c);
	text_free(&t);
}

/* A block in a file that is included in a block is on only with that one. */
static int host_make(void **state)
{
	static char dir[SCRATCH_DIR];

	scratch_make(dir);
	assert_int_equal(mkdir(scratch_path(dir, "etc"), 0755), 0);
	assert_int_equal(mkdir(scratch_path(dir, "etc/ssh"), 0755), 0);
	scratch_write(scratch_path(dir, "etc/ssh/sshd_config"), "Match User anna\nInclude more\nMatch User b*\n");
	scratch_write(scratch_path(dir, "etc/ssh/more"), "Match Address 10.0.0.0/8\nPermitTTY no\n");
	*state = dir;
	return 0;
}

static int host_remove(void **state)
{
	scratch_remove(*state);
	return 0;
}

static void a_block_inside_another_wants_both(void **state)
{
	struct sshd_config *c = NULL;
	struct diags problems = { 0 };
	struct root *r = NULL;

	assert_int_equal(root_open(*state, &r), ERR_NONE);
	assert_int_equal(sshd_config_load(r, "/etc/ssh/sshd_config", R92, &c, &problems), ERR_NONE);
	assert_string_equal(on(c, &(struct sshd_connection){ .user = "anna", .addr = "10.0.0.5" }), "110");
	assert_string_equal(on(c, &(struct sshd_connection){ .user = "anna", .addr = "11.0.0.5" }), "100");
	assert_string_equal(on(c, &(struct sshd_connection){ .user = "bob", .addr = "10.0.0.5" }), "001");
	sshd_config_free(c);
	diags_free(&problems);
	root_close(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_criterion),
		cmocka_unit_test(what_is_not_known_never_hits),
		cmocka_unit_test(more_blocks_than_a_word_has_bits),
		cmocka_unit_test_setup_teardown(a_block_inside_another_wants_both, host_make, host_remove),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
