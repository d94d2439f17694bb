/* SPDX-License-Identifier: GPL-3.0-or-later */
/* access_sources.c - access sources: from which networks may this account log in? Computed from the rules, not tried. */
#include "cmd/access.h"

#include "base/json.h"
#include "base/message.h"

#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

struct sources_args {
	const char *key;
};

static const struct option_row options[] = {
	{ "key", 'i', OPTION_TEXT, OPTION_AT(struct sources_args, key), "<file>",
	  "with just this key or certificate; - for stdin, or SHA256:..." },
	{ 0 },
};

/* What keeps the account out wherever it comes from. */
static enum err add_nowhere(const struct scene *s, const struct person *p, const struct access_login *l,
			    struct text *out)
{
	struct access_login there = *l;
	struct access_decision d = { 0 };
	struct text why = { 0 };
	enum err e;

	there.addr = ADDRESS_ORDINARY;
	if ((e = person_decide(s, p, &there, &d)) == ERR_NONE &&
	    (e = person_detail(s, p, &there, &d, &why)) == ERR_NONE) {
		text_add_string(out, d.verdict == ACCESS_UNKNOWN ? "unknown: " : "from nowhere: ");
		text_add_escaped(out, text_string(&why), why.len);
		if (d.by) {
			text_add_string(out, " (");
			line_place(s, d.by, out);
			text_add_string(out, ")");
		}
		text_add_string(out, "\n");
	}
	access_decision_clear(&d);
	text_free(&why);
	return e;
}

static void add_networks(const struct networks *l, const char *before, struct text *out)
{
	for (size_t i = 0; i < l->n; i++) {
		char network[NETWORK_TEXT];

		network_text(&l->v[i], network);
		text_add(out, "%s%s\n", before, network);
	}
}

static enum err sources_text(const struct scene *s, const struct person *p, const struct access_login *l,
			     const struct access_sources *found, struct text *out)
{
	enum err e = ERR_NONE;

	if (networks_everywhere(&found->allowed))
		text_add_string(out, "from anywhere\n");
	else if (!found->allowed.n && !found->mixed.n && (!found->unknown.n || networks_everywhere(&found->unknown)))
		e = add_nowhere(s, p, l, out);
	else
		add_networks(&found->allowed, "", out);
	if (found->unknown.n && !networks_everywhere(&found->unknown))
		add_networks(&found->unknown, "unknown: ", out);
	add_networks(&found->mixed, "partly: ", out);
	for (size_t i = 0; i < found->conditions.n; i++) {
		text_add_string(out, "but: ");
		text_add_escaped(out, found->conditions.v[i], strlen(found->conditions.v[i]));
		text_add_string(out, "\n");
	}
	return e ? e : text_check(out);
}

static json_t *sources_json(const struct person *p, const struct access_sources *found)
{
	return json_pack("{s:s,s:o,s:o,s:o,s:o,s:o}", "schema", "sallyport.access-sources.v1", "user",
			 json_safe_string(p->name), "networks", networks_json(&found->allowed), "unknown",
			 networks_json(&found->unknown), "mixed", networks_json(&found->mixed), "conditions",
			 json_safe_strings(&found->conditions));
}

static int print_sources(const struct common_args *common, const struct scene *s, const struct person *p,
			 const struct access_login *l, const struct access_sources *found)
{
	int status = found->allowed.n || found->mixed.n ? EXIT_YES : EXIT_NO;
	struct text out = { 0 };
	json_t *o;
	enum err e;

	if (common->format == FORMAT_JSON) {
		o = sources_json(p, found);
		status = command_print_json(common, o, status);
		json_decref(o);
		return status;
	}
	e = sources_text(s, p, l, found, &out);
	status = e ? fail(e, "cannot say the answer") : command_print(common, &out, status);
	text_free(&out);
	return status;
}

static int sources(const struct common_args *common, const struct scene *s, const struct offered_key *key,
		   const char *user)
{
	struct access_login l = { .user = user, .lport = s->lport, .key = key };
	struct access_sources found = { 0 };
	struct person p = { 0 };
	char *why = NULL;
	int status;
	enum err e = person_find(s, user, &p);

	if (e)
		return fail(e, "cannot look up '%s'", user);
	l.account = p.account;
	if (p.err)
		status = fail(p.err, "cannot look up '%s'", user);
	else if ((e = access_sources_find(s->access, s->facts->config, &l, &found, &why)))
		status = sources_complain(user, e, why);
	else
		status = print_sources(common, s, &p, &l, &found);
	access_sources_clear(&found);
	person_clear(&p);
	free(why);
	return status;
}

static int sources_run(const struct common_args *common, void *opaque, const struct strings *rest)
{
	const struct sources_args *args = opaque;
	struct held_key key = { 0 };
	struct scene s = { 0 };
	const char *user;
	int status;

	if ((status = access_one_user("access sources", rest, &user)))
		return status;
	if ((status = scene_open(common, &s)) == 0 &&
	    (!args->key || (status = held_key_read(&s, args->key, &key)) == 0))
		status = sources(common, &s, args->key ? &key.offer : NULL, user);
	held_key_clear(&key);
	scene_close(&s);
	return status;
}

const struct command cmd_access_sources = {
	.name = "access sources",
	.summary = "from which networks an account may log in, the fewest that say it",
	.arguments = "USER",
	.common = COMMON_REPORT | COMMON_HOST,
	.options = options,
	.args_size = sizeof(struct sources_args),
	.examples = "  sudo sallyport access sources backup\n"
		    "  sudo sallyport access sources backup --key backup-cert.pub --format json\n",
	.run = sources_run,
};
