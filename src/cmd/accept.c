/* SPDX-License-Identifier: GPL-3.0-or-later */
/* accept.c - sallyport accept: keep a finding on purpose, until a date or until it changes. */
#include "base/json.h"
#include "base/message.h"
#include "base/nearest.h"
#include "base/number.h"
#include "cmd/assess.h"
#include "cmd/command.h"

#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/banned.h"

struct accept_args {
	const char *reason, *until, *policy, *remove;
	bool list;
};

static const struct option_row options[] = {
	{ "reason", 'r', OPTION_TEXT, OPTION_AT(struct accept_args, reason), "<text>", "why it is kept; wanted" },
	{ "until", 'u', OPTION_TEXT, OPTION_AT(struct accept_args, until), "<date>",
	  "it comes back after this day (2027-01-31)" },
	{ "policy", 'p', OPTION_TEXT, OPTION_AT(struct accept_args, policy), "<name>|<file>",
	  "the policy that finds it (modern)" },
	{ "list", 'l', OPTION_FLAG, OPTION_AT(struct accept_args, list), NULL, "show what is accepted" },
	{ "remove", 0, OPTION_TEXT, OPTION_AT(struct accept_args, remove), "<id>", "accept this finding no longer" },
	{ 0 }
};

/* Who asked: sudo's caller, else the account. */
static const char *who(void)
{
	const char *sudo = getenv("SUDO_USER");
	struct passwd *pw;

	if (sudo && *sudo && geteuid() == 0)
		return sudo;
	pw = getpwuid(getuid());
	return pw ? pw->pw_name : "unknown";
}

static int complain_rule(const char *id)
{
	const char **ids = calloc(rules_count() + 1, sizeof *ids);
	const char *near = NULL;

	for (size_t i = 0; ids && i < rules_count(); i++)
		ids[i] = rule_at(i)->id;
	if (ids)
		near = nearest_word(id, ids);
	complain("there is no finding '%s'", id);
	if (near)
		hint("did you mean '%s'?", near);
	else
		hint("list them with: sallyport audit --list-rules");
	free(ids);
	return EXIT_TROUBLE;
}

/* ---- --list ---- */

static json_t *acceptance_json(const struct acceptance *a, time_t now)
{
	char when[32], until[32];
	json_t *o;

	date_format(a->when, when, sizeof when);
	o = json_pack("{s:o,s:o,s:o,s:s,s:b}", "id", json_safe_string(a->rule), "reason", json_safe_string(a->reason),
		      "by", json_safe_string(a->by), "when", when, "expired", a->until && now > a->until);
	if (!o || !a->until)
		return o;
	date_format(a->until, until, sizeof until);
	json_object_set_new(o, "until", json_string(until));
	return o;
}

static int list_json(const struct common_args *common, const struct acceptances *a, time_t now)
{
	json_t *list = json_array(), *answer;
	int status;

	for (size_t i = 0; i < a->n; i++)
		json_array_append_new(list, acceptance_json(&a->v[i], now));
	answer = json_pack("{s:s,s:o}", "schema", "sallyport.accepted.v1", "accepted", list);
	status = answer ? command_print_json(common, answer, EXIT_YES)
			: fail(ERR_MEMORY, "cannot list what was accepted");
	json_decref(answer);
	return status;
}

static void add_acceptance(const struct acceptance *a, time_t now, struct text *out)
{
	char when[32];

	date_format(a->when, when, sizeof when);
	text_add_escaped(out, a->rule, strlen(a->rule));
	text_add(out, "  by ");
	text_add_escaped(out, a->by, strlen(a->by));
	text_add(out, ", %s", when);
	if (a->until) {
		date_format(a->until, when, sizeof when);
		text_add(out, now > a->until ? ", expired %s" : ", until %s", when);
	}
	text_add_string(out, ": ");
	text_add_escaped(out, a->reason, strlen(a->reason));
	text_add_string(out, "\n");
}

static int list_text(const struct common_args *common, const struct acceptances *a, time_t now)
{
	struct text out = { 0 };
	int status;

	for (size_t i = 0; i < a->n; i++)
		add_acceptance(&a->v[i], now, &out);
	if (a->n == 0)
		text_add_string(&out, "Nothing is accepted.\n");
	status = command_print(common, &out, EXIT_YES);
	text_free(&out);
	return status;
}

/* ---- changes ---- */

static int store(const struct facts *f, const struct acceptances *a)
{
	enum err e = acceptances_write(f->root, a);

	if (!e)
		return EXIT_YES;
	fail(e, "cannot write '%s'", ACCEPTANCES_PATH);
	if (!f->privileged)
		hint("this is kept for the whole host, so it wants root: sudo sallyport accept ...");
	return EXIT_TROUBLE;
}

/* What was changed, for programs; people have been told already. */
static int answer(const struct common_args *common, const char *id, bool accepted)
{
	json_t *j;
	int status;

	if (common->format != FORMAT_JSON)
		return EXIT_YES;
	j = json_pack("{s:s,s:b,s:s,s:b}", "schema", "sallyport.accept.v1", "changed", 1, "id", id, "accepted",
		      accepted);
	status = command_print_json(common, j, EXIT_YES);
	json_decref(j);
	return status;
}

static int remove_one(const struct common_args *common, const struct facts *f, struct acceptances *a, const char *id)
{
	int status;

	if (!acceptances_drop(a, id)) {
		complain("'%s' is not accepted", id);
		hint("show what is: sallyport accept --list");
		return EXIT_NO;
	}
	status = store(f, a);
	if (status != EXIT_YES)
		return status;
	inform("%s counts again", id);
	return answer(common, id, false);
}

static int check_finding(const struct finding *f, const char *id, const char *policy)
{
	if (!f)
		return complain("the policy '%s' leaves %s out", policy, id);
	if (f->status == STATUS_FAIL || f->status == STATUS_WARN)
		return 0;
	complain("%s is '%s' here: only a finding that fails or warns can be accepted", id, status_text(f->status));
	return EXIT_NO;
}

static int parse_until(const char *text, time_t now, time_t *out)
{
	*out = 0;
	if (!text)
		return 0;
	if (date_parse(text, out))
		return complain("--until is '%s': wants a date such as 2027-01-31", text);
	if (*out <= now)
		return complain("--until is '%s': wants a day that is not over", text);
	return 0;
}

static int accept_one(const struct common_args *common, const struct facts *f, const struct accept_args *args,
		      const char *id)
{
	const struct strings all = { 0 };
	struct assessment j = { 0 };
	const struct finding *finding;
	time_t until;
	int status;
	enum err e;

	if ((status = parse_until(args->until, f->now, &until)) || (status = assess_facts(f, args->policy, &all, &j)))
		goto out;
	/* Judged anew, so that what is accepted already shows as what it is and can be accepted for longer. */
	(void)acceptances_drop(&j.accepted, id);
	audit_free(j.audit);
	j.audit = NULL;
	if ((e = audit_run(f, j.policy, AUDIT_ALL_STEPS, &j.accepted, &j.audit))) {
		status = fail(e, "cannot judge the system");
		goto out;
	}
	finding = audit_find(j.audit, id);
	if ((status = check_finding(finding, id, policy_name(j.policy))))
		goto out;
	if ((e = acceptances_put(&j.accepted, finding, args->reason, who(), f->now, until)))
		status = fail(e, "cannot accept %s", id);
	else if ((status = store(f, &j.accepted)) == EXIT_YES) {
		inform("%s is accepted%s%s. Undo: sudo sallyport accept --remove %s", id, args->until ? " until " : "",
		       args->until ? args->until : "", id);
		status = answer(common, id, true);
	}
out:
	assessment_clear(&j);
	return status;
}

static int read_accepted(const struct facts *f, struct acceptances *out)
{
	struct diags problems = { 0 };
	enum err e = acceptances_read(f->root, out, &problems);

	diags_print(&problems, "sallyport: ", stderr);
	diags_free(&problems);
	return e ? fail(e, "cannot read '%s'", ACCEPTANCES_PATH) : 0;
}

static int check_usage(const struct accept_args *args, const struct strings *rest)
{
	if (args->list || args->remove) {
		if (rest->n || (args->list && args->remove) || args->reason)
			return complain("--list and --remove stand alone");
		return args->remove && !rule_find(args->remove) ? complain_rule(args->remove) : 0;
	}
	if (rest->n != 1)
		return complain("accept wants the id of one finding, such as max-auth-tries");
	if (!rule_find(rest->v[0]))
		return complain_rule(rest->v[0]);
	if (!args->reason || !args->reason[strspn(args->reason, " \t")])
		return complain("accept wants a --reason: who reads it next year must understand");
	return 0;
}

static int accept_main(const struct common_args *common, void *opaque, const struct strings *rest)
{
	const struct facts_options o = {
		.root = common->root, .config = common->config, .sshd = common->sshd, .keys = true
	};
	struct accept_args *args = opaque;
	struct acceptances accepted = { 0 };
	struct facts *f = NULL;
	int status;
	enum err e;

	if ((status = check_usage(args, rest)))
		return status;
	if ((e = facts_gather(&o, &f)))
		return fail(e, "cannot look at '%s'", common->root ? common->root : "/");
	if (!args->list && !args->remove)
		status = accept_one(common, f, args, rest->v[0]);
	else if ((status = read_accepted(f, &accepted)) == 0 && args->remove)
		status = remove_one(common, f, &accepted, args->remove);
	else if (status == 0)
		status = common->format == FORMAT_JSON ? list_json(common, &accepted, f->now)
						       : list_text(common, &accepted, f->now);
	acceptances_free(&accepted);
	facts_free(f);
	return status;
}

const struct command cmd_accept = {
	.name = "accept",
	.summary = "keep a finding on purpose, with a reason",
	.arguments = "ID --reason TEXT [--until DATE]",
	.common = COMMON_REPORT | COMMON_HOST,
	.options = options,
	.args_size = sizeof(struct accept_args),
	.examples = "  sudo sallyport accept max-auth-tries --reason 'agents with many keys'\n"
		    "  sudo sallyport accept access-open --until 2027-01-31 --reason 'until the move is over'\n"
		    "  sudo sallyport accept --list     # and --remove ID\n",
	.run = accept_main,
};
