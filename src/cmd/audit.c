/* SPDX-License-Identifier: GPL-3.0-or-later */
/* audit.c - sallyport audit: judge this host by a policy and say what to do next. */
#include "base/json.h"
#include "base/message.h"
#include "cmd/assess.h"
#include "cmd/command.h"
#include "report/report.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/banned.h"

struct audit_args {
	struct strings steps;
	const char *policy;
	bool all, list_rules;
};

static const struct option_row options[] = { { "step", 's', OPTION_COMMAS, OPTION_AT(struct audit_args, steps),
					       "<step>[,<step>]", "only these steps, by number or name" },
					     { "policy", 'p', OPTION_TEXT, OPTION_AT(struct audit_args, policy),
					       "<name>|<file>", "judge by this policy (modern)" },
					     { "all", 'a', OPTION_FLAG, OPTION_AT(struct audit_args, all), NULL,
					       "show every finding with its evidence" },
					     { "list-rules", 0, OPTION_FLAG, OPTION_AT(struct audit_args, list_rules),
					       NULL, "show what is looked at, and judge nothing" },
					     { 0 } };

static void audit_clear(void *args)
{
	struct audit_args *a = args;

	strings_free(&a->steps);
}

/* ---- --list-rules ---- */

static json_t *rule_json(const struct rule *r)
{
	return json_pack("{s:s,s:i,s:s,s:s}", "id", r->id, "step", (int)r->step, "severity", severity_text(r->severity),
			 "title", r->title);
}

static int list_rules_json(const struct common_args *common)
{
	json_t *list = json_array(), *answer;
	int status;

	for (size_t i = 0; i < rules_count(); i++)
		json_array_append_new(list, rule_json(rule_at(i)));
	answer = json_pack("{s:s,s:o}", "schema", "sallyport.rules.v1", "rules", list);
	status = answer ? command_print_json(common, answer, EXIT_YES) : fail(ERR_MEMORY, "cannot list the rules");
	json_decref(answer);
	return status;
}

static int list_rules(const struct common_args *common)
{
	struct text out = { 0 };
	int status;

	if (common->format == FORMAT_JSON)
		return list_rules_json(common);
	for (size_t i = 0; i < rules_count(); i++) {
		const struct rule *r = rule_at(i);

		text_add(&out, "%-8s  %-26s  %-8s  %s\n", step_at(r->step)->name, r->id, severity_text(r->severity),
			 r->title);
	}
	status = command_print(common, &out, EXIT_YES);
	text_free(&out);
	return status;
}

/* ---- the audit ---- */

static int print_text(const struct common_args *common, const struct audit_args *args, const struct audit *a,
		      int status)
{
	struct text out = { 0 };
	enum err e = report_text(a, args->all, !common->output && message_color_on(STDOUT_FILENO), &out);

	status = e ? fail(e, "cannot write the report") : command_print(common, &out, status);
	text_free(&out);
	return status;
}

static int print_json(const struct common_args *common, const struct audit *a, int status)
{
	json_t *answer = NULL;
	enum err e = report_json(a, &answer);

	status = e ? fail(e, "cannot write the report") : command_print_json(common, answer, status);
	json_decref(answer);
	return status;
}

static int print_audit(const struct common_args *common, const struct audit_args *args, const struct facts *f,
		       const struct audit *a)
{
	int status = a->count[STATUS_FAIL] ? EXIT_NO : EXIT_YES;

	status = common->format == FORMAT_JSON ? print_json(common, a, status) : print_text(common, args, a, status);
	if (!f->privileged && status != EXIT_TROUBLE)
		hint("root sees more: sudo sallyport audit");
	return status;
}

static int gather(const struct common_args *common, struct facts **f)
{
	const struct facts_options o = {
		.root = common->root, .config = common->config, .sshd = common->sshd, .past = true, .keys = true
	};
	enum err e = facts_gather(&o, f);

	if (e)
		return fail(e, "cannot look at '%s'", common->root ? common->root : "/");
	if (common->config && !(*f)->config)
		return command_unreadable((*f)->root, (*f)->config_path, (*f)->config_err);
	if ((*f)->sshd || (*f)->config_err != ERR_NOT_FOUND)
		return 0;
	(void)command_no_server((*f)->root, (*f)->config_path);
	hint("install it first, on Debian: sudo apt-get install openssh-server");
	return EXIT_TROUBLE;
}

static int audit_main(const struct common_args *common, void *opaque, const struct strings *rest)
{
	struct audit_args *args = opaque;
	struct assessment j = { 0 };
	struct facts *f = NULL;
	int status;

	if (rest->n)
		return complain("audit takes no arguments, but got '%s'", rest->v[0]);
	if (args->list_rules)
		return list_rules(common);
	if ((status = gather(common, &f)) == 0 && (status = assess_facts(f, args->policy, &args->steps, &j)) == 0)
		status = print_audit(common, args, f, j.audit);
	assessment_clear(&j);
	facts_free(f);
	return status;
}

const struct command cmd_audit = {
	.name = "audit",
	.summary = "judge this host: what is weak, where it says so, what to do next",
	.arguments = "",
	.common = COMMON_REPORT | COMMON_HOST,
	.options = options,
	.args_size = sizeof(struct audit_args),
	.examples = "  sudo sallyport audit                         # the grade, the worst few, the next step\n"
		    "  sudo sallyport audit --all --step kex        # one step with all its evidence\n"
		    "  sudo sallyport audit --format json -o a.json # for programs\n",
	.run = audit_main,
	.clear = audit_clear,
};
