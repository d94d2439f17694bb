/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_audit.c - score, grade and digest, at their edges. */
#include "made.h"

#include "base/banned.h"

static void grades_change_at_their_edges(void **state)
{
	static const struct {
		unsigned score;
		bool critical;
		const char *grade;
	} cases[] = {
		{ 100, false, "A+" }, { 97, false, "A+" }, { 96, false, "A" }, { 90, false, "A" },
		{ 89, false, "B" },   { 80, false, "B" },  { 79, false, "C" }, { 70, false, "C" },
		{ 69, false, "D" },   { 60, false, "D" },  { 59, false, "F" }, { 0, false, "F" },
		{ 75, true, "D" },    { 100, true, "D" },  { 60, true, "D" },  { 59, true, "F" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_string_equal(audit_grade(cases[i].score, cases[i].critical), cases[i].grade);
}

static void failures_cost_by_severity_and_warnings_half(void **state)
{
	static const struct {
		enum severity severity;
		enum status status;
		unsigned cost; /* doubled */
	} cases[] = {
		{ SEVERITY_CRITICAL, STATUS_FAIL, 50 },	   { SEVERITY_HIGH, STATUS_FAIL, 20 },
		{ SEVERITY_MEDIUM, STATUS_FAIL, 8 },	   { SEVERITY_LOW, STATUS_FAIL, 2 },
		{ SEVERITY_INFO, STATUS_FAIL, 0 },	   { SEVERITY_CRITICAL, STATUS_WARN, 25 },
		{ SEVERITY_LOW, STATUS_WARN, 1 },	   { SEVERITY_CRITICAL, STATUS_UNKNOWN, 0 },
		{ SEVERITY_CRITICAL, STATUS_SKIP, 0 },	   { SEVERITY_CRITICAL, STATUS_PASS, 0 },
		{ SEVERITY_CRITICAL, STATUS_ACCEPTED, 0 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct finding f[2] = { { .severity = cases[i].severity, .status = cases[i].status },
					      { .status = STATUS_PASS } };

		assert_int_equal(audit_cost(f, 2), cases[i].cost);
	}
}

static void stock_debian_is_bad_and_what_we_plan_is_good(void **state)
{
	/* What harden would leave, written out: the values of 'modern' for 9.2. */
	static const char hardened[] =
		"KexAlgorithms sntrup761x25519-sha512@openssh.com,curve25519-sha256\nMACs hmac-sha2-512-etm@openssh.com\n"
		"PermitRootLogin no\nPasswordAuthentication no\nKbdInteractiveAuthentication no\nMaxAuthTries 4\nUsePAM yes\n"
		"RevokedKeys /etc/ssh/revoked\nLoginGraceTime 30\nClientAliveInterval 60\nChannelTimeout session:*=15m\n"
		"UnusedConnectionTimeout 5m\nMaxStartups 10:30:60\nPerSourceMaxStartups 10\nBanner /etc/ssh/notice\n";
	struct policy *p = made_policy("modern");
	struct facts *f = made_facts("UsePAM yes\nKbdInteractiveAuthentication no\n", 902, NULL);
	struct audit *a = NULL;

	assert_int_equal(audit_run(f, p, AUDIT_ALL_STEPS, NULL, &a), ERR_NONE);
	assert_string_equal(a->grade, "F");
	audit_free(a);
	facts_free(f);
	f = made_facts(hardened, 902, NULL);
	made_file(f, "/etc/ssh/revoked", ERR_NONE, 0, 0);
	made_file(f, "/etc/ssh/notice", ERR_NONE, 100, 0);
	assert_int_equal(audit_run(f, p, AUDIT_ALL_STEPS, NULL, &a), ERR_NONE);
	assert_int_equal(a->count[STATUS_FAIL], 0);
	assert_string_equal(a->grade, "A");
	audit_free(a);
	facts_free(f);
	policy_free(p);
}

static void only_the_steps_asked_for_are_judged(void **state)
{
	struct policy *p = made_policy("modern");
	struct facts *f = made_facts("", 902, NULL);
	struct audit *a = NULL;

	assert_int_equal(audit_run(f, p, 1u << 7, NULL, &a), ERR_NONE);
	assert_int_equal(a->n, 2);
	assert_int_equal(a->findings[0].rule->step, 7);
	audit_free(a);
	assert_int_equal(audit_run(f, p, 0, NULL, &a), ERR_NONE);
	assert_int_equal(a->n, 0);
	assert_int_equal(a->score, 100);
	audit_free(a);
	facts_free(f);
	policy_free(p);
}

static void the_counts_add_up(void **state)
{
	struct policy *p = made_policy("modern");
	struct facts *f = made_facts("", 902, NULL);
	struct audit *a = NULL;
	unsigned sum = 0;

	assert_int_equal(audit_run(f, p, AUDIT_ALL_STEPS, NULL, &a), ERR_NONE);
	for (int s = 0; s < STATUS_COUNT; s++)
		sum += a->count[s];
	assert_int_equal(sum, a->n);
	assert_int_equal(a->n, rules_count());
	audit_free(a);
	facts_free(f);
	policy_free(p);
}

static void the_digest_tells_policies_apart(void **state)
{
	static const char *const policies[] = { "Set rsa-bits 2048\n", "Set rsa-bits 3072\n", "Severity kex-weak low\n",
						"Severity kex-weak off\n" };
	struct facts *f = made_facts("", 902, NULL);
	char digests[ARRAY_SIZE(policies)][DIGEST_HEX];

	for (size_t i = 0; i < ARRAY_SIZE(policies); i++) {
		struct diags problems = { 0 };
		struct policy *p = NULL;
		struct audit *a = NULL;

		assert_int_equal(policy_parse(policies[i], strlen(policies[i]), &p, &problems), ERR_NONE);
		assert_int_equal(audit_run(f, p, AUDIT_ALL_STEPS, NULL, &a), ERR_NONE);
		memcpy(digests[i], a->rules_digest, DIGEST_HEX);
		for (size_t j = 0; j < i; j++)
			assert_string_not_equal(digests[i], digests[j]);
		audit_free(a);
		policy_free(p);
	}
	facts_free(f);
}

static void rules_have_ids_that_scripts_can_keep(void **state)
{
	for (size_t i = 0; i < rules_count(); i++) {
		const struct rule *r = rule_at(i);

		assert_int_equal(strspn(r->id, "abcdefghijklmnopqrstuvwxyz-"), strlen(r->id));
		assert_ptr_equal(rule_find(r->id), r);
		assert_non_null(step_at(r->step));
		assert_non_null(r->title);
		assert_non_null(r->references);
		assert_true(i == 0 || rule_at(i - 1)->step <= r->step);
	}
	assert_null(rule_at(rules_count()));
	assert_null(rule_find("no-such-rule"));
}

static void steps_are_found_by_name_and_number(void **state)
{
	assert_int_equal(step_find("kex")->number, 1);
	assert_int_equal(step_find("6")->number, 6);
	assert_string_equal(step_find("0")->name, "before");
	assert_null(step_find("9"));
	assert_null(step_find(""));
	assert_null(step_find("kexx"));
	assert_null(step_at(9));
	assert_string_equal(step_names()[8], "knock");
	assert_null(step_names()[9]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(grades_change_at_their_edges),
		cmocka_unit_test(failures_cost_by_severity_and_warnings_half),
		cmocka_unit_test(stock_debian_is_bad_and_what_we_plan_is_good),
		cmocka_unit_test(only_the_steps_asked_for_are_judged),
		cmocka_unit_test(the_counts_add_up),
		cmocka_unit_test(the_digest_tells_policies_apart),
		cmocka_unit_test(rules_have_ids_that_scripts_can_keep),
		cmocka_unit_test(steps_are_found_by_name_and_number),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
