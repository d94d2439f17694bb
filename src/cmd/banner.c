/* SPDX-License-Identifier: GPL-3.0-or-later */
/* banner.c - the notice that is sent before login: what it says, what it gives away, and a new one. */
#include "audit/audit.h"
#include "audit/notice.h"
#include "base/json.h"
#include "base/message.h"
#include "cmd/assess.h"
#include "cmd/change.h"
#include "cmd/command.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/banned.h"

#define BANNER_MAX (1u << 20) /* sshd sends nothing above it */

struct banner_args {
	struct strings keep, overrides;
	const char *confirm_within, *policy;
};

static const struct option_row set_options[] = {
	{ "policy", 'p', OPTION_TEXT, OPTION_AT(struct banner_args, policy), "<name>",
	  "the notice of this policy (modern)" },
	{ "keep", 'k', OPTION_LIST, OPTION_AT(struct banner_args, keep), "<user>[@<addr>]",
	  "this account must still get in" },
	{ "confirm-within", 0, OPTION_TEXT, OPTION_AT(struct banner_args, confirm_within), "<time>",
	  "go back unless confirmed in this time (5m; 0: no timer)" },
	{ "override", 0, OPTION_LIST, OPTION_AT(struct banner_args, overrides), "<guard>",
	  "go on although this guard refuses" },
	{ 0 },
};

static void banner_clear(void *args)
{
	struct banner_args *a = args;

	strings_free(&a->keep);
	strings_free(&a->overrides);
}

/* ---- show ---- */

static enum err read_banner(const struct facts *f, const char *path, char **text, size_t *len)
{
	return root_read(f->root, path, BANNER_MAX, text, len);
}

static void show_judgement(const struct finding *f, struct text *out)
{
	if (f && f->status != STATUS_PASS && f->status != STATUS_SKIP && f->detail)
		text_add(out, "%s: %s\n", severity_text(f->severity), f->detail);
}

static json_t *show_json(const char *path, const char *text, const struct audit *a, const struct strings *leaks)
{
	const struct finding *f = audit_find(a, "banner-none");

	return json_pack("{s:s,s:s?,s:o?,s:o,s:s}", "schema", "sallyport.banner.v1", "file", path, "text",
			 text ? json_safe_string(text) : NULL, "gives_away", json_safe_strings(leaks), "status",
			 f ? status_text(f->status) : "unknown");
}

static int banner_show(const struct common_args *common, const struct facts *f, const struct assessment *j)
{
	const char *path = sshd_value(f->effective, KW_BANNER);
	bool set = path[0] && strcasecmp(path, "none") != 0;
	struct strings leaks = { 0 };
	struct text out = { 0 };
	char *content = NULL;
	size_t len = 0;
	enum err e = set ? read_banner(f, path, &content, &len) : ERR_NONE;
	int status = set && e == ERR_NONE && len ? EXIT_YES : EXIT_NO;

	if (content && (notice_leaks(f, content, len, &leaks))) {
		status = fail(ERR_MEMORY, "cannot show the banner");
	} else if (common->format == FORMAT_JSON) {
		json_t *answer = show_json(set ? path : NULL, content, j->audit, &leaks);

		status = command_print_json(common, answer, status);
		json_decref(answer);
	} else {
		if (!set)
			text_add_string(&out, "No banner is sent.\n");
		else if (e)
			text_add(&out, "'%s' cannot be read (%s): sshd sends no banner\n", path, err_text(e));
		for (char *line = content; line && *line;) {
			size_t n = strcspn(line, "\n");

			text_add_escaped(&out, line, n);
			text_add_string(&out, "\n");
			line += n + (line[n] == '\n');
		}
		for (size_t i = 0; i < leaks.n; i++)
			text_add(&out, "Gives away: %s\n", leaks.v[i]);
		show_judgement(audit_find(j->audit, "banner-none"), &out);
		show_judgement(audit_find(j->audit, "banner-missing-file"), &out);
		status = command_print(common, &out, status);
	}
	text_free(&out);
	strings_free(&leaks);
	free(content);
	return status;
}

/* ---- set ---- */

static enum err read_given(const char *path, char **text, size_t *len)
{
	struct text full = { 0 };
	struct root *live = NULL;
	char folder[4096];
	enum err e;

	if (path[0] != '/' && !getcwd(folder, sizeof folder))
		return ERR_SYSTEM;
	text_add(&full, "%s%s%s", path[0] == '/' ? "" : folder, path[0] == '/' ? "" : "/", path);
	if ((e = text_check(&full)) == ERR_NONE && (e = root_open("/", &live)) == ERR_NONE)
		e = root_read(live, full.s, BANNER_MAX, text, len);
	root_close(live);
	text_free(&full);
	return e;
}

/* 0, or an exit status with the error said. */
static int check_text(const char *name, const char *text, size_t len)
{
	unsigned line = 1;

	if (len == 0)
		return complain("'%s' is empty: sshd would send no banner", name);
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];

		line += c == '\n';
		if ((c < 0x20 && c != '\n' && c != '\t') || c == 0x7f)
			return complain("%s:%u: control character \\x%02x: a banner wants plain text", name, line, c);
	}
	return 0;
}

/* Somebody may want it so; 0 unless memory ran out. */
static int warn_leaks(const struct facts *f, const char *text, size_t len)
{
	struct strings leaks = { 0 };
	int status = notice_leaks(f, text, len, &leaks) ? fail(ERR_MEMORY, "cannot read the notice") : 0;

	for (size_t i = 0; i < leaks.n; i++)
		warn("this notice gives away: %s", leaks.v[i]);
	strings_free(&leaks);
	return status;
}

static int banner_set_text(const struct common_args *common, const struct facts *f, const struct banner_args *a,
			   const char *text, uint64_t confirm_seconds)
{
	const char *old = sshd_value(f->effective, KW_BANNER);
	struct text path = { 0 };
	struct finding made = { 0 };
	const struct change *changes[2];
	struct change_request q = { .what = "banner set",
				    .changes = changes,
				    .n = 2,
				    .keep = &a->keep,
				    .overrides = &a->overrides,
				    .confirm_seconds = confirm_seconds,
				    .policy = a->policy,
				    .nothing = "Nothing to change: this banner is in place." };
	int status;
	enum err e;

	if (old[0] == '/' && strcasecmp(old, "none") != 0)
		text_add_string(&path, old);
	else
		text_add_string(&path, f->banner_path);
	if ((e = text_check(&path)) || (e = finding_create(&made, path.s, text, 0644)) ||
	    (e = finding_set(&made, KW_BANNER, path.s))) {
		status = fail(e, "cannot plan the change");
	} else {
		made.changes[0].kind = CHANGE_WRITE;
		changes[0] = &made.changes[0];
		changes[1] = &made.changes[1];
		status = change_run(common, f, &q);
	}
	finding_clear(&made);
	text_free(&path);
	return status;
}

static int banner_set(const struct common_args *common, const struct facts *f, const struct assessment *j,
		      const struct banner_args *a, const char *file, uint64_t confirm_seconds)
{
	char *text = NULL;
	size_t len = 0;
	int status;
	enum err e;

	if (!file && !policy_notice(j->policy))
		return complain("the policy '%s' has no notice: name a file", policy_name(j->policy));
	if (file && (e = read_given(file, &text, &len)))
		return fail(e, "cannot read the notice '%s'", file);
	if (!file && !(text = strdup(policy_notice(j->policy))))
		return fail(ERR_MEMORY, "cannot read the notice");
	len = file ? len : strlen(text);
	status = check_text(file ? file : "the policy's notice", text, len);
	if (status == 0)
		status = warn_leaks(f, text, len);
	if (status == 0)
		status = banner_set_text(common, f, a, text, confirm_seconds);
	free(text);
	return status;
}

static int show_run(const struct common_args *common, void *args, const struct strings *rest)
{
	static const struct strings all_steps;
	struct common_args how = *common;
	struct assessment j = { 0 };
	struct facts *f = NULL;
	int lock = -1, status;

	(void)args;
	(void)rest;
	how.dry_run = true; /* to look needs no lock and no root */
	if (change_begin(&how, &f, &lock, &status))
		return status;
	if ((status = assess_facts(f, NULL, &all_steps, &j)) == 0)
		status = banner_show(common, f, &j);
	assessment_clear(&j);
	change_end(f, lock);
	return status;
}

static int set_run(const struct common_args *common, void *args, const struct strings *rest)
{
	static const struct strings all_steps;
	const struct banner_args *a = args;
	struct assessment j = { 0 };
	struct facts *f = NULL;
	uint64_t confirm_seconds;
	int lock = -1, status;

	if (rest->n > 1)
		return complain("banner set: there is one word too many, '%s'", rest->v[1]);
	if ((status = change_check_overrides(&a->overrides)) ||
	    (status = change_confirm_within(a->confirm_within, &confirm_seconds)))
		return status;
	if (change_begin(common, &f, &lock, &status))
		return status;
	if ((status = assess_facts(f, a->policy, &all_steps, &j)) == 0)
		status = banner_set(common, f, &j, a, rest->n ? rest->v[0] : NULL, confirm_seconds);
	assessment_clear(&j);
	change_end(f, lock);
	return status;
}

static const struct command show = {
	.name = "banner show",
	.summary = "the text that is sent before login, and what it gives away",
	.arguments = "",
	.common = COMMON_REPORT | COMMON_HOST,
	.examples = "  sallyport banner show\n"
		    "  sallyport banner show --format json   # for programs\n",
	.run = show_run,
};

static const struct command set = {
	.name = "banner set",
	.summary = "a new one: the policy's notice, or one of your own",
	.arguments = "[FILE]",
	.common = COMMON_REPORT | COMMON_HOST | COMMON_CHANGE,
	.options = set_options,
	.args_size = sizeof(struct banner_args),
	.examples = "  sudo sallyport banner set             # the policy's notice\n"
		    "  sudo sallyport banner set notice.txt  # one of your own\n",
	.run = set_run,
	.clear = banner_clear,
};

static const struct command *const subs[] = { &show, &set, NULL };

const struct command cmd_banner = {
	.name = "banner",
	.summary = "the notice before login: show it, set it",
	.examples = "  sallyport banner show                 # the text, and what it gives away\n"
		    "  sudo sallyport banner set             # the policy's notice\n"
		    "  sudo sallyport banner set notice.txt  # one of your own\n",
	.subs = subs,
	.usual = &show,
};
