/* SPDX-License-Identifier: GPL-3.0-or-later */
/* key_audit.c - key audit: every key of this host, or of some files, and what is wrong with it. */
#include "audit/facts.h"
#include "audit/key_hunt.h"
#include "audit/key_judge.h"
#include "audit/key_names.h"
#include "audit/key_weakness.h"
#include "base/file.h"
#include "base/message.h"
#include "client/agent.h"
#include "cmd/assess.h"
#include "cmd/key.h"
#include "report/keys.h"
#include "sshd/version.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/banned.h"

struct audit_args {
	const char *policy, *agent;
	struct strings lists;
	bool all;
};

static const struct option_row options[] = {
	{ "policy", 'p', OPTION_TEXT, OPTION_AT(struct audit_args, policy), "<name>|<file>",
	  "judge by this policy (modern)" },
	{ "all", 'a', OPTION_FLAG, OPTION_AT(struct audit_args, all), NULL,
	  "show every place, and keys that hardware holds" },
	{ "agent", 0, OPTION_TEXT, OPTION_AT(struct audit_args, agent), "<socket>",
	  "also the keys of this agent (without PATH: of SSH_AUTH_SOCK)" },
	{ "weak-list", 0, OPTION_LIST, OPTION_AT(struct audit_args, lists), "<file>",
	  "a list of keys that are known to be weak, or known to the public" },
	{ 0 },
};

/* All that one run has in its hands. Start with { 0 }. */
struct run {
	const struct common_args *common;
	const struct audit_args *args;
	struct facts *facts;	  /* only the configuration of it */
	struct sshd_config *none; /* where there is no sshd: its defaults */
	struct policy *policy;
	struct accounts accounts;
	struct strings paths, names;
	struct sightings seen;
	struct key_report report;
};

static void run_clear(struct run *r)
{
	key_report_free(&r->report);
	sightings_free(&r->seen);
	strings_free(&r->paths);
	strings_free(&r->names);
	accounts_free(&r->accounts);
	policy_free(r->policy);
	sshd_config_free(r->none);
	facts_free(r->facts);
}

static void audit_clear(void *args)
{
	struct audit_args *a = args;

	strings_free(&a->lists);
}

/* ---- what to look at ---- */

static int open_config(struct run *r)
{
	const struct common_args *c = r->common;
	const struct facts_options o = { .root = c->root, .config = c->config, .sshd = c->sshd, .only_config = true };
	struct diags problems = { 0 };
	enum err e = facts_gather(&o, &r->facts);

	if (e)
		return fail(e, "cannot look at '%s'", c->root ? c->root : "/");
	if (r->facts->config)
		return 0;
	if (c->config || r->facts->config_err != ERR_NOT_FOUND)
		return command_unreadable(r->facts->root, r->facts->config_path, r->facts->config_err);
	/* a machine from which people only log in elsewhere has keys, too */
	e = sshd_config_parse("", 0, SSHD_NEWEST, &r->none, &problems);
	diags_free(&problems);
	return e ? fail(e, "cannot look at '%s'", c->root ? c->root : "/") : 0;
}

/* Another root has no current folder. */
static enum err absolute(const char *path, bool live, struct strings *out)
{
	char here[PATH_MAX];

	if (path[0] == '/' || !live)
		return strings_add_format(out, "%s%s", path[0] == '/' ? "" : "/", path);
	if (!getcwd(here, sizeof here))
		return ERR_SYSTEM;
	return strings_add_format(out, "%s/%s", strcmp(here, "/") ? here : "", path);
}

static int add_path(struct run *r, const char *path)
{
	struct stat st;
	enum err e = absolute(path, root_is_live(r->facts->root), &r->paths);

	if (!e) {
		path = r->paths.v[r->paths.n - 1];
		e = root_stat(r->facts->root, path, &st);
	}
	return e ? command_unreadable(r->facts->root, path, e) : 0;
}

static int find_places(struct run *r, const struct strings *paths)
{
	int status = 0;
	enum err e;

	for (size_t i = 0; i < paths->n && !status; i++)
		status = add_path(r, paths->v[i]);
	if (status || paths->n)
		return status;
	e = accounts_read(r->facts->root, &r->accounts);
	if (e == ERR_SYSTEM && errno == ENOENT)
		return 0; /* files that are not a whole system */
	return e ? fail(e, "cannot list the accounts") : 0;
}

/* ---- looking ---- */

static int hunt(struct run *r)
{
	const struct key_hunt h = {
		.root = r->facts->root,
		.config = r->facts->config ? r->facts->config : r->none,
		.now = r->facts->now,
		.accounts = r->accounts.v,
		.naccounts = r->accounts.n,
		.paths = &r->paths,
		.odd = true,
	};
	enum err e = key_hunt_run(&h, &r->seen);

	return e ? fail(e, "cannot look for keys") : 0;
}

static enum err identity_see(struct run *r, const char *socket, const struct agent_identity *k)
{
	struct sighting s = { .kind = SIGHT_AGENT, .key = k->key, .weak = key_weakness_of(k->blob, k->blob_len) };

	s.file = strdup(socket);
	s.comment = strdup(k->comment ? k->comment : "");
	s.blob = malloc(k->blob_len + 1);
	if (!s.file || !s.comment || !s.blob) {
		sighting_clear(&s);
		return ERR_MEMORY;
	}
	memcpy(s.blob, k->blob, k->blob_len);
	s.blob_len = k->blob_len;
	return sightings_add(&r->seen, &s);
}

static int ask_agent(struct run *r, const char *socket, bool must)
{
	struct agent_identities keys = { 0 };
	int fd = -1;
	enum err e = agent_open(socket, &fd);

	if (!e)
		e = agent_list(fd, &keys);
	file_close(fd);
	if (e && e != ERR_MEMORY && !must) {
		verbose("the agent of SSH_AUTH_SOCK says nothing: %s", err_text(e));
		return 0;
	}
	if (e)
		return fail(e, "cannot ask the agent '%s'", socket);
	for (size_t i = 0; i < keys.n && !e; i++)
		e = identity_see(r, socket, &keys.v[i]);
	agent_identities_clear(&keys);
	return e ? fail(e, "cannot keep what the agent said") : 0;
}

/* The agent of whoever runs this is no part of another root, nor of files that were named. */
static int look_at_agent(struct run *r)
{
	const char *socket = getenv("SSH_AUTH_SOCK");

	if (r->args->agent)
		return ask_agent(r, r->args->agent, true);
	if (!socket || !socket[0] || r->paths.n || !root_is_live(r->facts->root))
		return 0;
	return ask_agent(r, socket, false);
}

static int find_weak(struct run *r)
{
	struct strings files = { 0 };
	const struct key_weakness_lists l = { .root = r->facts->root, .files = &files };
	struct diags problems = { 0 };
	const char *bad = NULL;
	int status = 0;
	enum err e = ERR_NONE;

	for (size_t i = 0; i < r->args->lists.n && !e; i++)
		e = absolute(r->args->lists.v[i], true, &files);
	if (!e)
		e = key_weakness_find(&r->seen, &l, &problems, &bad);
	if (!message_quiet())
		diags_print(&problems, "sallyport: ", stderr);
	if (e && bad)
		status = fail(e, "cannot use the list '%s'", bad);
	else if (e)
		status = fail(e, "cannot compare the keys");
	diags_free(&problems);
	strings_free(&files);
	return status;
}

static int judge(struct run *r)
{
	const struct key_context c = { .policy = r->policy, .now = r->facts->now, .names = &r->names };
	enum err e = key_names_own(r->facts->root, r->facts->hostname, &r->names);

	if (!e)
		e = key_judge(&r->seen, &c, &r->report);
	return e ? fail(e, "cannot judge the keys") : 0;
}

/* ---- the answer ---- */

static int print(const struct run *r)
{
	const struct keys_page page = {
		.report = &r->report,
		.seen = &r->seen,
		.policy = r->policy,
		.root = r->common->root,
		.now = r->facts->now,
		.privileged = r->facts->privileged,
		.all = r->args->all,
		.color = !r->common->output && message_color_on(STDOUT_FILENO),
	};
	int status = r->report.count[KEY_FAIL] ? EXIT_NO : EXIT_YES;
	struct text out = { 0 };
	json_t *answer = NULL;
	enum err e = r->common->format == FORMAT_JSON ? keys_json(&page, &answer) : keys_text(&page, &out);

	if (e)
		status = fail(e, "cannot write the report");
	else if (answer)
		status = command_print_json(r->common, answer, status);
	else
		status = command_print(r->common, &out, status);
	json_decref(answer);
	text_free(&out);
	return status;
}

static int key_audit_main(const struct common_args *common, void *opaque, const struct strings *rest)
{
	struct run r = { .common = common, .args = opaque };
	int status;

	if ((status = assess_policy(r.args->policy, &r.policy)) == 0 && (status = open_config(&r)) == 0 &&
	    (status = find_places(&r, rest)) == 0 && (status = hunt(&r)) == 0 && (status = look_at_agent(&r)) == 0 &&
	    (status = find_weak(&r)) == 0 && (status = judge(&r)) == 0)
		status = print(&r);
	run_clear(&r);
	return status;
}

const struct command cmd_key_audit = {
	.name = "key audit",
	.summary = "find keys that are weak, unprotected, revoked, shared or open to others",
	.arguments = "[PATH]...",
	.common = COMMON_REPORT | COMMON_HOST,
	.options = options,
	.args_size = sizeof(struct audit_args),
	.examples = "  sudo sallyport key audit                     # host keys, every account, known_hosts\n"
		    "  sallyport key audit ~/.ssh /srv/www          # these files and folders alone\n"
		    "  sudo sallyport key audit --format json -o k  # for programs\n",
	.run = key_audit_main,
	.clear = audit_clear,
};
