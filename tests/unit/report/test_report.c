/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_report.c - what people and programs read, word by word. */
#include "../audit/made.h"

#include "base/json.h"
#include "report/report.h"

#include "base/banned.h"

#define DROP_IN "/etc/ssh/sshd_config.d/50-cloud-init.conf"

/* An audit made by hand, so that the words do not depend on the rules. */
struct page {
	struct facts *facts;
	struct policy *policy;
	struct finding findings[8];
	struct audit audit;
};

static struct finding *add(struct page *p, const char *rule, enum status status, enum severity severity)
{
	struct finding *f = &p->findings[p->audit.n++];

	*f = (struct finding){ .rule = rule_find(rule), .status = status, .severity = severity };
	assert_non_null(f->rule);
	p->audit.count[status]++;
	return f;
}

static void open_page(struct page *p, const char *policy, const char *grade, unsigned score)
{
	*p = (struct page){ .facts = made_facts("", 902, NULL), .policy = made_policy(policy) };
	p->audit = (struct audit){
		.facts = p->facts, .policy = p->policy, .findings = p->findings, .grade = grade, .score = score
	};
	p->facts->live = true;
	memset(p->audit.rules_digest, 'd', 64);
}

static void close_page(struct page *p)
{
	for (size_t i = 0; i < p->audit.n; i++)
		finding_clear(&p->findings[i]);
	facts_free(p->facts);
	policy_free(p->policy);
}

static void check_text(const struct page *p, bool all, bool color, const char *wanted)
{
	struct text out = { 0 };

	assert_int_equal(report_text(&p->audit, all, color, &out), ERR_NONE);
	assert_string_equal(text_string(&out), wanted);
	text_free(&out);
}

static void bad_host(struct page *p)
{
	struct finding *f;

	open_page(p, "modern", "F", 41);
	f = add(p, "max-auth-tries", STATUS_FAIL, SEVERITY_LOW);
	assert_int_equal(finding_evidence(f, NULL, 0, "default of OpenSSH 9.2: MaxAuthTries 6"), ERR_NONE);
	f = add(p, "access-open", STATUS_WARN, SEVERITY_HIGH);
	f = add(p, "password-login", STATUS_FAIL, SEVERITY_CRITICAL);
	assert_int_equal(finding_evidence(f, DROP_IN, 1, "PasswordAuthentication yes"), ERR_NONE);
	assert_int_equal(finding_reason(f, "sshd_config.d/50-cloud-init.conf:1 overrides sshd_config:57"), ERR_NONE);
	assert_int_equal(finding_set(f, KW_PASSWORDAUTHENTICATION, "no"), ERR_NONE);
	assert_int_equal(finding_fix(f, "sudo sallyport harden --step access", "let keys in only"), ERR_NONE);
	f = add(p, "root-login", STATUS_FAIL, SEVERITY_HIGH);
	assert_int_equal(finding_evidence(f, "/etc/ssh/sshd_config", 33, "PermitRootLogin yes"), ERR_NONE);
	f = add(p, "mac-weak", STATUS_FAIL, SEVERITY_MEDIUM);
	assert_int_equal(finding_detail(f, "Offered, but weak: hmac-sha1."), ERR_NONE);
	add(p, "cipher-weak", STATUS_PASS, SEVERITY_HIGH);
}

static void the_worst_three_and_the_next_step(void **state)
{
	struct page p;

	bad_host(&p);
	check_text(&p, false, false,
		   "F 41/100   4 fail  1 warn  1 pass  0 unknown\n"
		   "critical  password-login  sshd_config.d/50-cloud-init.conf:1 overrides sshd_config:57\n"
		   "high      root-login      sshd_config:33 PermitRootLogin yes\n"
		   "medium    mac-weak        Offered, but weak: hmac-sha1.\n"
		   "          1 more fail, 1 warn: sallyport audit --all\n"
		   "Next: sudo sallyport harden --dry-run\n");
	close_page(&p);
}

static void colours_only_when_asked(void **state)
{
	struct page p;

	open_page(&p, "modern", "A", 95);
	add(&p, "access-open", STATUS_WARN, SEVERITY_HIGH);
	assert_int_equal(finding_fix(&p.findings[0], NULL, "say who may log in"), ERR_NONE);
	check_text(&p, false, true,
		   "\033[32mA\033[0m 95/100   0 fail  1 warn  0 pass  0 unknown\n"
		   "\033[33mhigh    \033[0m  access-open  it is said who may log in\n"
		   "Next: say who may log in\n");
	check_text(&p, false, false,
		   "A 95/100   0 fail  1 warn  0 pass  0 unknown\n"
		   "high      access-open  it is said who may log in\n"
		   "Next: say who may log in\n");
	close_page(&p);
}

static void many_unknown_are_told_beside_the_grade(void **state)
{
	struct page p;

	open_page(&p, "modern", "A+", 100);
	add(&p, "mac-weak", STATUS_UNKNOWN, SEVERITY_HIGH);
	add(&p, "cipher-weak", STATUS_PASS, SEVERITY_HIGH);
	p.facts->privileged = false;
	check_text(&p, false, false,
		   "A+ 100/100   0 fail  0 warn  1 pass  1 unknown  (many unknown: run it as root)\n"
		   "Next: sudo sallyport audit\n");
	p.facts->privileged = true;
	check_text(&p, false, false,
		   "A+ 100/100   0 fail  0 warn  1 pass  1 unknown  (many unknown)\n"
		   "Next: sallyport audit --all tells what is not known\n");
	close_page(&p);
}

static void another_policy_is_named_in_the_next_step(void **state)
{
	struct page p;

	open_page(&p, "guide", "F", 10);
	add(&p, "login-grace", STATUS_FAIL, SEVERITY_MEDIUM);
	assert_int_equal(finding_set(&p.findings[0], KW_LOGINGRACETIME, "30"), ERR_NONE);
	assert_int_equal(finding_reason(&p.findings[0], "too long"), ERR_NONE);
	{
		struct text out = { 0 };

		assert_int_equal(report_text(&p.audit, false, false, &out), ERR_NONE);
		assert_non_null(strstr(out.s, "Next: sudo sallyport harden --dry-run --policy "));
		text_free(&out);
	}
	close_page(&p);
}

static void a_refused_configuration_comes_first(void **state)
{
	struct page p;

	open_page(&p, "modern", "D", 60);
	add(&p, "config-refused", STATUS_FAIL, SEVERITY_CRITICAL);
	assert_int_equal(finding_reason(&p.findings[0], "sshd refuses /etc/ssh/sshd_config"), ERR_NONE);
	assert_int_equal(finding_fix(&p.findings[0], "sudo sshd -t", "correct it"), ERR_NONE);
	add(&p, "root-login", STATUS_FAIL, SEVERITY_HIGH);
	assert_int_equal(finding_set(&p.findings[1], KW_PERMITROOTLOGIN, "no"), ERR_NONE);
	check_text(&p, false, false,
		   "D 60/100   2 fail  0 warn  0 pass  0 unknown\n"
		   "critical  config-refused  sshd refuses /etc/ssh/sshd_config\n"
		   "high      root-login      root does not log in over SSH\n"
		   "Next: sudo sshd -t\n");
	close_page(&p);
}

static void all_shows_evidence_and_fix_by_step(void **state)
{
	struct page p;
	struct finding *f;

	open_page(&p, "modern", "D", 65);
	add(&p, "cipher-weak", STATUS_PASS, SEVERITY_HIGH);
	f = add(&p, "password-login", STATUS_FAIL, SEVERITY_CRITICAL);
	assert_int_equal(finding_detail(f, "A password can be guessed."), ERR_NONE);
	assert_int_equal(finding_evidence(f, "/etc/ssh/a\033b", 7, "PasswordAuthentication yes"), ERR_NONE);
	assert_int_equal(finding_evidence(f, NULL, 0, "seen on the wire"), ERR_NONE);
	assert_int_equal(finding_fix(f, "sudo sallyport harden --step access", "let keys in only"), ERR_NONE);
	f = add(&p, "max-auth-tries", STATUS_ACCEPTED, SEVERITY_LOW);
	f->accepted_by = strdup("an\033na");
	f->accepted_reason = strdup("agents");
	check_text(&p, true, false,
		   "D 65/100   1 fail  0 warn  1 pass  0 unknown  1 accepted\n"
		   "\n1 kex: stronger Diffie-Hellman, modern key exchange\n"
		   "  pass     high      cipher-weak: no weak cipher is offered\n"
		   "\n2 access: who may log in, and how\n"
		   "  fail     critical  password-login: a password alone is not enough\n"
		   "           A password can be guessed.\n"
		   "           /etc/ssh/a\\x1Bb:7: PasswordAuthentication yes\n"
		   "           seen on the wire\n"
		   "           fix: let keys in only\n"
		   "                sudo sallyport harden --step access\n"
		   "  accepted low       max-auth-tries: few tries for each connection\n"
		   "           accepted by an\\x1Bna: agents\n"
		   "\nNext: sudo sallyport harden --step access\n");
	close_page(&p);
}

static const char *string_at(const json_t *o, const char *key)
{
	const json_t *v = json_object_get(o, key);

	assert_non_null(v);
	return json_string_value(v);
}

static void json_has_the_promised_fields(void **state)
{
	static const char *const keys[] = { "schema", "time",  "version", "rules_digest", "privileged", "host",
					    "policy", "score", "grade",	  "summary",	  "findings" };
	static const char *const finding_keys[] = { "id",     "step",	  "status", "severity", "title",
						    "detail", "evidence", "fix",    "controls", "references" };
	const json_t *f, *e;
	json_t *o = NULL;
	struct page p;

	bad_host(&p);
	assert_int_equal(finding_evidence(&p.findings[2], "/etc/\xff", 0, "x"), ERR_NONE);
	assert_int_equal(report_json(&p.audit, &o), ERR_NONE);
	assert_int_equal(json_object_size(o), ARRAY_SIZE(keys));
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		assert_non_null(json_object_get(o, keys[i]));
	assert_string_equal(string_at(o, "schema"), "sallyport.audit.v1");
	assert_string_equal(string_at(o, "time"), "2027-01-15T08:00:00Z");
	assert_int_equal(json_integer_value(json_object_get(o, "score")), 41);
	assert_int_equal(json_integer_value(json_object_get(json_object_get(o, "summary"), "fail")), 4);
	assert_int_equal(json_object_size(json_object_get(o, "summary")), STATUS_COUNT);
	assert_string_equal(string_at(json_object_get(o, "host"), "openssh"), "9.2p1");
	assert_true(json_is_null(json_object_get(json_object_get(o, "host"), "package")));
	f = json_array_get(json_object_get(o, "findings"), 2);
	assert_int_equal(json_object_size(f), ARRAY_SIZE(finding_keys));
	for (size_t i = 0; i < ARRAY_SIZE(finding_keys); i++)
		assert_non_null(json_object_get(f, finding_keys[i]));
	assert_string_equal(string_at(f, "id"), "password-login");
	assert_string_equal(string_at(json_object_get(f, "fix"), "command"), "sudo sallyport harden --step access");
	e = json_array_get(json_object_get(f, "evidence"), 0);
	assert_string_equal(string_at(e, "file"), DROP_IN);
	assert_int_equal(json_integer_value(json_object_get(e, "line")), 1);
	e = json_array_get(json_object_get(f, "evidence"), 1);
	assert_string_equal(string_at(e, "file"), "/etc/\xef\xbf\xbd");
	assert_true(json_is_null(json_object_get(e, "line")));
	assert_true(json_is_null(json_object_get(json_array_get(json_object_get(o, "findings"), 5), "fix")));
	json_decref(o);
	close_page(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_worst_three_and_the_next_step),
		cmocka_unit_test(colours_only_when_asked),
		cmocka_unit_test(many_unknown_are_told_beside_the_grade),
		cmocka_unit_test(another_policy_is_named_in_the_next_step),
		cmocka_unit_test(a_refused_configuration_comes_first),
		cmocka_unit_test(all_shows_evidence_and_fix_by_step),
		cmocka_unit_test(json_has_the_promised_fields),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
