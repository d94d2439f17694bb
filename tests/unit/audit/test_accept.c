/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_accept.c - what was accepted is kept, comes back when it changes or expires, and a damaged file is told. */
#include "made.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/banned.h"

static struct policy *modern;
static char dir[] = "/tmp/sallyport-accept-XXXXXX";
static struct root *root;

static int start(void **state)
{
	modern = made_policy("modern");
	return mkdtemp(dir) && root_open(dir, &root) == ERR_NONE ? 0 : -1;
}

static int end(void **state)
{
	static const char *const paths[] = { ACCEPTANCES_PATH, "/var/lib/sallyport", "/var/lib", "/var", "" };
	char path[512];

	policy_free(modern);
	root_close(root);
	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		snprintf(path, sizeof path, "%s%s", dir, paths[i]);
		remove(path);
	}
	return 0;
}

static struct audit *judge(struct facts *f, const struct acceptances *accepted)
{
	struct audit *a = NULL;

	assert_int_equal(audit_run(f, modern, AUDIT_ALL_STEPS, accepted, &a), ERR_NONE);
	return a;
}

static void accept_rule(struct acceptances *all, const struct audit *a, const char *rule, time_t until)
{
	assert_int_equal(acceptances_put(all, audit_find(a, rule), "because", "anna", 1700000000, until), ERR_NONE);
}

static enum status status_with(const char *config, const struct acceptances *all, const char *rule)
{
	struct facts *f = made_facts(config, 902, NULL);
	struct audit *a = judge(f, all);
	enum status s = audit_find(a, rule)->status;

	audit_free(a);
	facts_free(f);
	return s;
}

static void an_accepted_finding_costs_nothing_until_it_changes(void **state)
{
	struct facts *f = made_facts("MaxAuthTries 10\n", 902, NULL);
	struct audit *a = judge(f, NULL), *b;
	struct acceptances all = { 0 };

	accept_rule(&all, a, "max-auth-tries", 0);
	b = judge(f, &all);
	assert_int_equal(audit_find(b, "max-auth-tries")->status, STATUS_ACCEPTED);
	assert_string_equal(audit_find(b, "max-auth-tries")->accepted_by, "anna");
	assert_int_equal(b->count[STATUS_ACCEPTED], 1);
	assert_int_equal(b->score, a->score + 1);
	/* the same line elsewhere in the file is the same finding, another value is not */
	assert_int_equal(status_with("#\n#\nMaxAuthTries 10\n", &all, "max-auth-tries"), STATUS_ACCEPTED);
	assert_int_equal(status_with("MaxAuthTries 11\n", &all, "max-auth-tries"), STATUS_FAIL);
	assert_int_equal(status_with("MaxAuthTries 3\n", &all, "max-auth-tries"), STATUS_PASS);
	acceptances_free(&all);
	audit_free(a);
	audit_free(b);
	facts_free(f);
}

static void it_comes_back_when_its_date_has_passed(void **state)
{
	struct facts *f = made_facts("MaxAuthTries 10\n", 902, NULL);
	struct audit *a = judge(f, NULL);
	struct acceptances all = { 0 };

	accept_rule(&all, a, "max-auth-tries", f->now);
	assert_int_equal(status_with("MaxAuthTries 10\n", &all, "max-auth-tries"), STATUS_ACCEPTED);
	accept_rule(&all, a, "max-auth-tries", f->now - 1);
	assert_int_equal(all.n, 1);
	assert_int_equal(status_with("MaxAuthTries 10\n", &all, "max-auth-tries"), STATUS_FAIL);
	acceptances_free(&all);
	audit_free(a);
	facts_free(f);
}

static void a_critical_finding_that_is_accepted_does_not_cap_the_grade(void **state)
{
	struct facts *f = made_facts("", 902, NULL);
	struct audit *a = judge(f, NULL), *b;
	struct acceptances all = { 0 };

	accept_rule(&all, a, "password-login", 0);
	b = judge(f, &all);
	assert_int_equal(b->score, a->score + 25);
	acceptances_free(&all);
	audit_free(a);
	audit_free(b);
	facts_free(f);
}

static void what_is_written_is_read_again(void **state)
{
	struct facts *f = made_facts("", 902, NULL);
	struct audit *a = judge(f, NULL);
	struct acceptances all = { 0 }, again = { 0 };
	struct diags problems = { 0 };

	assert_int_equal(acceptances_read(root, &again, &problems), ERR_NONE);
	assert_int_equal(again.n, 0);
	accept_rule(&all, a, "max-auth-tries", 0);
	accept_rule(&all, a, "root-login", 1900000000);
	assert_int_equal(acceptances_put(&all, audit_find(a, "access-open"), "\"quotes\" and \xff bytes", "b", 1, 0),
			 ERR_NONE);
	assert_int_equal(acceptances_write(root, &all), ERR_NONE);
	assert_int_equal(acceptances_read(root, &again, &problems), ERR_NONE);
	assert_int_equal(again.n, 3);
	for (size_t i = 0; i < 2; i++) {
		assert_string_equal(again.v[i].rule, all.v[i].rule);
		assert_string_equal(again.v[i].reason, all.v[i].reason);
		assert_string_equal(again.v[i].by, all.v[i].by);
		assert_string_equal(again.v[i].evidence_digest, all.v[i].evidence_digest);
		assert_int_equal(again.v[i].when, all.v[i].when);
		assert_int_equal(again.v[i].until, all.v[i].until);
	}
	assert_true(acceptances_drop(&again, "root-login"));
	assert_false(acceptances_drop(&again, "root-login"));
	assert_int_equal(again.n, 2);
	assert_string_equal(again.v[1].rule, "access-open");
	assert_int_equal(problems.n, 0);
	acceptances_free(&all);
	acceptances_free(&again);
	audit_free(a);
	facts_free(f);
}

#define DIGEST "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define ONE \
	"{\"rule\":\"x\",\"reason\":\"r\",\"by\":\"b\",\"when\":\"2026-01-01T00:00:00Z\",\"evidence_digest\":\"" DIGEST \
	"\"}"
#define WHOLE "{\"schema\":\"sallyport.accepted.v1\",\"accepted\":[" ONE "]}"

static void a_damaged_file_is_told_and_never_half_read(void **state)
{
	static const char *const damaged[] = {
		"",
		"{}",
		"[]",
		"{\"schema\":\"sallyport.accepted.v1\"}",
		"{\"schema\":\"sallyport.accepted.v2\",\"accepted\":[]}",
		"{\"schema\":\"sallyport.accepted.v1\",\"accepted\":{}}",
		"{\"schema\":\"sallyport.accepted.v1\",\"accepted\":[1]}",
		"{\"schema\":\"sallyport.accepted.v1\",\"accepted\":[" ONE ",{}]}",
		"{\"schema\":\"sallyport.accepted.v1\",\"accepted\":[{\"rule\":\"x\",\"reason\":\"r\",\"by\":\"b\",\"when\":\"yesterday\","
		"\"evidence_digest\":\"" DIGEST "\"}]}",
		"{\"schema\":\"sallyport.accepted.v1\",\"accepted\":[{\"rule\":\"x\",\"reason\":\"r\",\"by\":\"b\",\"when\":"
		"\"2026-01-01T00:00:00Z\",\"evidence_digest\":\"abc\"}]}",
	};
	struct acceptances all = { 0 };

	for (size_t i = 0; i < ARRAY_SIZE(damaged); i++) {
		struct diags problems = { 0 };

		assert_int_equal(acceptances_parse(damaged[i], strlen(damaged[i]), &all, &problems), ERR_CONFIG);
		assert_int_equal(problems.n, 1);
		assert_string_equal(problems.v[0].file, ACCEPTANCES_PATH);
		assert_int_equal(all.n, 0);
		diags_free(&problems);
	}
}

static void refuses_every_truncation(void **state)
{
	struct diags problems = { 0 };
	struct acceptances all = { 0 };

	for (size_t len = 0; len < sizeof WHOLE - 1; len++)
		assert_int_equal(acceptances_parse(WHOLE, len, &all, &problems), ERR_CONFIG);
	assert_int_equal(acceptances_parse(WHOLE, sizeof WHOLE - 1, &all, &problems), ERR_NONE);
	assert_int_equal(all.n, 1);
	acceptances_free(&all);
	diags_free(&problems);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_accepted_finding_costs_nothing_until_it_changes),
		cmocka_unit_test(it_comes_back_when_its_date_has_passed),
		cmocka_unit_test(a_critical_finding_that_is_accepted_does_not_cap_the_grade),
		cmocka_unit_test(what_is_written_is_read_again),
		cmocka_unit_test(a_damaged_file_is_told_and_never_half_read),
		cmocka_unit_test(refuses_every_truncation),
	};

	return cmocka_run_group_tests(tests, start, end);
}
