/* SPDX-License-Identifier: GPL-3.0-or-later */
/* audit.c - let every rule judge, count, score, grade. */
#include "audit/audit.h"

#include "base/text.h"
#include "sshd/version.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

/* Points for a failure; a warning costs half. */
static const unsigned severity_points[] = {
	[SEVERITY_CRITICAL] = 25, [SEVERITY_HIGH] = 10, [SEVERITY_MEDIUM] = 4, [SEVERITY_LOW] = 1, [SEVERITY_INFO] = 0,
};

static const struct {
	unsigned from;
	const char *grade;
} grades[] = {
	{ 97, "A+" }, { 90, "A" }, { 80, "B" }, { 70, "C" }, { 60, "D" }, { 0, "F" },
};

#define GRADE_CAP 69 /* the best score that is still a D */

enum err audit_evidence_digest(const struct finding *f, char out[DIGEST_HEX])
{
	struct text t = { 0 };
	enum err e;

	text_add(&t, "%s\n%s\n%s\n", f->rule->id, status_text(f->status), f->detail ? f->detail : "");
	for (size_t i = 0; i < f->nevidence; i++)
		text_add(&t, "%s\n%s\n", f->evidence[i].file ? f->evidence[i].file : "", f->evidence[i].text);
	e = text_check(&t);
	if (!e)
		digest_hex(text_string(&t), t.len, out);
	text_free(&t);
	return e;
}

/* Whether the rule is about this sshd at all; outside its releases it is skipped. */
static enum err check_release(const struct rule *r, const struct facts *f, struct finding *out)
{
	if (!r->since && !r->until)
		return ERR_NONE;
	if (!f->release) {
		out->status = STATUS_UNKNOWN;
		return finding_detail(out, "The version of sshd is not known.");
	}
	if (r->since && f->release < r->since) {
		out->status = STATUS_SKIP;
		return finding_detail(out, "Only OpenSSH %u.%u and later have this.", r->since / 100, r->since % 100);
	}
	if (r->until && f->release > r->until) {
		out->status = STATUS_SKIP;
		return finding_detail(out, "Only OpenSSH up to %u.%u has this.", r->until / 100, r->until % 100);
	}
	return ERR_NONE;
}

static enum err judge(const struct rule *r, enum severity severity, const struct facts *f, const struct policy *p,
		      const struct acceptances *accepted, struct finding *out)
{
	const struct acceptance *a;
	enum err e;

	*out = (struct finding){ .rule = r, .severity = severity, .status = STATUS_PASS };
	if ((e = check_release(r, f, out)))
		return e;
	if (out->status == STATUS_PASS && (e = r->judge(f, p, out)))
		return e;
	a = accepted ? acceptances_find(accepted, out, f->now) : NULL;
	if (!a)
		return ERR_NONE;
	out->accepted_reason = strdup(a->reason);
	out->accepted_by = strdup(a->by);
	if (!out->accepted_reason || !out->accepted_by)
		return ERR_MEMORY;
	out->status = STATUS_ACCEPTED;
	return ERR_NONE;
}

unsigned audit_cost(const struct finding *findings, size_t n)
{
	unsigned cost = 0;

	for (size_t i = 0; i < n; i++) {
		if (findings[i].status == STATUS_FAIL)
			cost += 2 * severity_points[findings[i].severity];
		else if (findings[i].status == STATUS_WARN)
			cost += severity_points[findings[i].severity];
	}
	return cost;
}

const char *audit_grade(unsigned score, bool critical_failed)
{
	if (critical_failed && score > GRADE_CAP)
		score = GRADE_CAP;
	for (size_t i = 0; i < ARRAY_SIZE(grades); i++)
		if (score >= grades[i].from)
			return grades[i].grade;
	return "F";
}

static void score(struct audit *a)
{
	unsigned cost = audit_cost(a->findings, a->n);
	bool critical = false;

	for (size_t i = 0; i < a->n; i++) {
		a->count[a->findings[i].status]++;
		critical = critical ||
			   (a->findings[i].status == STATUS_FAIL && a->findings[i].severity == SEVERITY_CRITICAL);
	}
	a->score = cost >= 200 ? 0 : (200 - cost) / 2; /* half a point less is a point less */
	a->grade = audit_grade(a->score, critical);
}

/* Says whether two audits judged by the same rules: their rows, the policy and our version. */
static enum err digest_rules(const struct policy *p, char out[DIGEST_HEX])
{
	struct text t = { 0 };
	enum err e;

	text_add(&t, "%s\n", SALLYPORT_VERSION);
	for (size_t i = 0; i < rules_count(); i++) {
		const struct rule *r = rule_at(i);
		enum severity s;

		if (policy_severity(p, r->id, r->severity, &s))
			text_add(&t, "%s %u %s %u %u\n", r->id, r->step, severity_text(s), r->since, r->until);
	}
	policy_format(p, &t);
	e = text_check(&t);
	if (!e)
		digest_hex(text_string(&t), t.len, out);
	text_free(&t);
	return e;
}

enum err audit_run(const struct facts *f, const struct policy *p, unsigned wanted_steps,
		   const struct acceptances *accepted, struct audit **out)
{
	struct audit *a = calloc(1, sizeof *a);
	enum err e = ERR_MEMORY;

	if (!a)
		return e;
	a->facts = f;
	a->policy = p;
	a->findings = calloc(rules_count(), sizeof *a->findings);
	if (!a->findings || (e = digest_rules(p, a->rules_digest)))
		goto out;
	for (size_t i = 0; i < rules_count() && !e; i++) {
		const struct rule *r = rule_at(i);
		enum severity severity;

		if ((wanted_steps & 1u << r->step) && policy_severity(p, r->id, r->severity, &severity))
			e = judge(r, severity, f, p, accepted, &a->findings[a->n++]);
	}
	score(a);
out:
	if (e) {
		audit_free(a);
		return e;
	}
	*out = a;
	return ERR_NONE;
}

void audit_free(struct audit *a)
{
	if (!a)
		return;
	for (size_t i = 0; i < a->n; i++)
		finding_clear(&a->findings[i]);
	free(a->findings);
	free(a);
}

const struct finding *audit_find(const struct audit *a, const char *rule)
{
	for (size_t i = 0; i < a->n; i++)
		if (strcmp(a->findings[i].rule->id, rule) == 0)
			return &a->findings[i];
	return NULL;
}
