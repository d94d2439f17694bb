/* SPDX-License-Identifier: GPL-3.0-or-later */
/* assess.c - load what an audit needs, and say what is wrong with it. */
#include "cmd/assess.h"

#include "base/message.h"
#include "cmd/command.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

static int complain_policy(const char *name)
{
	struct strings names = { 0 };
	int status;

	if (policy_list(&names) || names.n == 0 || strchr(name, '/'))
		status = fail(ERR_NOT_FOUND, "cannot find the policy '%s'", name);
	else
		status = command_choice_complain("--policy", name, (const char *const *)names.v);
	strings_free(&names);
	return status;
}

int assess_policy(const char *name, struct policy **out)
{
	struct diags problems = { 0 };
	int status = 0;
	enum err e;

	name = name ? name : POLICY_DEFAULT;
	e = policy_load(name, out, &problems);
	diags_print(&problems, "sallyport: ", stderr);
	if (e == ERR_NOT_FOUND)
		status = complain_policy(name);
	else if (e == ERR_CONFIG)
		status = complain("the policy '%s' cannot be used", name);
	else if (e)
		status = fail(e, "cannot read the policy '%s'", name);
	diags_free(&problems);
	return status;
}

static int parse_steps(const struct strings *steps, unsigned *mask)
{
	*mask = steps->n ? 0 : AUDIT_ALL_STEPS;
	for (size_t i = 0; i < steps->n; i++) {
		const struct step *s = step_find(steps->v[i]);

		if (!s)
			return command_choice_complain("--step", steps->v[i], step_names());
		*mask |= 1u << s->number;
	}
	return 0;
}

static int load_acceptances(const struct facts *f, struct acceptances *out)
{
	struct diags problems = { 0 };
	enum err e = acceptances_read(f->root, out, &problems);
	int status = 0;

	diags_print(&problems, "sallyport: ", stderr);
	if (e && !(e == ERR_SYSTEM && errno == EACCES && !f->privileged))
		status = fail(e, "cannot read what was accepted");
	diags_free(&problems);
	return status;
}

int assess_facts(const struct facts *f, const char *policy, const struct strings *steps, struct assessment *out)
{
	unsigned mask;
	int status;
	enum err e;

	if ((status = parse_steps(steps, &mask)) || (status = assess_policy(policy, &out->policy)) ||
	    (status = load_acceptances(f, &out->accepted)))
		return status;
	e = audit_run(f, out->policy, mask, &out->accepted, &out->audit);
	return e ? fail(e, "cannot judge the system") : 0;
}

void assessment_clear(struct assessment *j)
{
	audit_free(j->audit);
	acceptances_free(&j->accepted);
	policy_free(j->policy);
	*j = (struct assessment){ 0 };
}
