/* SPDX-License-Identifier: GPL-3.0-or-later */
/* access.c - who may log in: the table of sub-commands, and what they share. */
#include "cmd/access.h"

#include "base/json.h"
#include "base/message.h"
#include "base/number.h"
#include "cmd/key_input.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/banned.h"

#define KEY_MAX (256u << 10)

static const struct command *const subs[] = { &cmd_access_check,
					      &cmd_access_explain,
					      &cmd_access_sources,
					      &cmd_access_matrix,
					      &cmd_access_allow,
					      &cmd_access_deny,
					      NULL };

const struct command cmd_access = {
	.name = "access",
	.summary = "who may log in, from where, with what; let in, keep out",
	.examples = "  sallyport access check anna --from 192.0.2.7   # may she? by which line?\n"
		    "  sallyport access matrix                        # everybody at a glance\n"
		    "  sudo sallyport access deny mallory             # planned, proven, undone at will\n",
	.subs = subs,
};

/* ---- the configuration ---- */

static int say_unusable(const struct facts *f)
{
	if (f->config_err == ERR_CONFIG) {
		diags_print(&f->problems, "sallyport: ", stderr);
		return complain("sshd refuses this configuration: nobody could log in by it");
	}
	if (!f->sshd && f->config_err == ERR_NOT_FOUND)
		return command_no_server(f->root, f->config_path);
	return command_unreadable(f->root, f->config_path, f->config_err);
}

int scene_open(const struct common_args *common, struct scene *s)
{
	const struct facts_options o = {
		.root = common->root, .config = common->config, .sshd = common->sshd, .only_config = true
	};
	enum err e = facts_gather(&o, &s->facts);
	uint64_t port;

	if (e)
		return fail(e, "cannot look at '%s'", common->root ? common->root : "/");
	if (!s->facts->config || s->facts->config_err)
		return say_unusable(s->facts);
	if ((e = access_new(s->facts->root, s->facts->config, s->facts->now, &s->access)))
		return fail(e, "cannot get ready to decide");
	s->lport = number_parse(sshd_value(s->facts->effective, KW_PORT), 1, 65535, &port) ? 22 : (unsigned)port;
	return 0;
}

void scene_close(struct scene *s)
{
	access_free(s->access);
	facts_free(s->facts);
	*s = (struct scene){ 0 };
}

/* ---- accounts ---- */

enum err person_find(const struct scene *s, const char *name, struct person *out)
{
	struct person p = { .name = name };
	enum err e = account_find(s->facts->root, name, &p.account);

	if (e == ERR_MEMORY)
		return e;
	p.err = e == ERR_NOT_FOUND ? ERR_NONE : e;
	*out = p;
	return ERR_NONE;
}

void person_clear(struct person *p)
{
	account_free(p->account);
	*p = (struct person){ 0 };
}

int access_one_user(const char *command, const struct strings *rest, const char **user)
{
	if (rest->n == 1 && rest->v[0][0]) {
		*user = rest->v[0];
		return 0;
	}
	if (rest->n > 1)
		complain("%s: there is one word too many, '%s'", command, rest->v[1]);
	else
		complain("%s wants the name of one account", command);
	hint("sallyport %s --help", command);
	return EXIT_TROUBLE;
}

enum err person_decide(const struct scene *s, const struct person *p, const struct access_login *l,
		       struct access_decision *out)
{
	if (!p->err)
		return access_decide(s->access, l, out);
	*out = (struct access_decision){ .verdict = ACCESS_UNKNOWN, .reason = REASON_UNREADABLE };
	return ERR_NONE;
}

enum err person_detail(const struct scene *s, const struct person *p, const struct access_login *l,
		       const struct access_decision *d, struct text *out)
{
	if (!p->err)
		return access_detail(s->access, l, d, out);
	text_add_string(out, "the account '");
	text_add_escaped(out, p->name, strlen(p->name));
	text_add(out, "' cannot be looked up: %s", err_text(p->err));
	return text_check(out);
}

/* ---- from anywhere ---- */

/* Ordinary places, and those at the edges of the networks. */
static enum err likely_outside(const struct access_sources *found, struct strings *out)
{
	const struct networks *allowed = &found->allowed, *unknown = &found->unknown;
	char addr[NETWORK_TEXT];
	enum err e;

	if (!allowed->n && unknown->n) {
		address_text(unknown->v[0].family, network_range(&unknown->v[0]).first, addr);
		if ((e = strings_add(out, addr)))
			return e;
	}
	if ((e = strings_add(out, ADDRESS_ORDINARY)) || (e = strings_add(out, "2001:db8::9")))
		return e;
	for (size_t i = 0; i < allowed->n; i++) {
		const struct network *n = &allowed->v[i];
		struct range r = network_range(n);

		if (address_compare(r.first, (struct address){ 0 }) != 0) {
			address_text(n->family, address_before(r.first), addr);
			if ((e = strings_add(out, addr)))
				return e;
		}
		if (address_compare(r.last, address_last(n->family)) != 0) {
			address_text(n->family, address_next(r.last), addr);
			if ((e = strings_add(out, addr)))
				return e;
		}
	}
	return ERR_NONE;
}

/* Every place looked at is allowed, yet others are not: only a sentence can say which. */
static enum err cannot_name_one(const struct access_sources *found, struct access_decision *d)
{
	const char *why = found->conditions.n ? found->conditions.v[0] : "the rules tell too many addresses apart";

	access_decision_clear(d);
	*d = (struct access_decision){ .verdict = ACCESS_UNKNOWN, .reason = REASON_UNREADABLE, .detail = strdup(why) };
	return d->detail ? ERR_NONE : ERR_MEMORY;
}

static enum err decide_outside(const struct scene *s, const struct person *p, struct access_login *l,
			       const struct access_sources *found, char addr[NETWORK_TEXT], struct access_decision *out)
{
	bool everywhere = networks_everywhere(&found->allowed);
	struct strings places = { 0 };
	struct access_decision d = { 0 };
	enum err e = likely_outside(found, &places);

	for (size_t i = 0; e == ERR_NONE && i < places.n; i++) {
		snprintf(addr, NETWORK_TEXT, "%s", places.v[i]);
		l->addr = addr;
		access_decision_clear(&d);
		if ((e = person_decide(s, p, l, &d)) || d.verdict != ACCESS_ALLOWED || everywhere)
			break;
	}
	strings_free(&places);
	if (e == ERR_NONE && d.verdict == ACCESS_ALLOWED && !everywhere)
		e = cannot_name_one(found, &d);
	if (e == ERR_NONE)
		*out = d;
	return e;
}

enum err person_decide_anywhere(const struct scene *s, const struct person *p, struct access_login *l,
				char addr[NETWORK_TEXT], struct access_decision *out, struct networks *networks,
				char **why)
{
	struct access_sources found = { 0 };
	enum err e = ERR_NONE;

	if (!p->err)
		e = access_sources_find(s->access, s->facts->config, l, &found, why);
	if (e == ERR_NONE && (e = decide_outside(s, p, l, &found, addr, out)) == ERR_NONE) {
		*networks = found.allowed;
		found.allowed = (struct networks){ 0 };
	}
	access_sources_clear(&found);
	return e;
}

/* ---- a key ---- */

/* The first line that is neither empty nor a comment. */
static const char *key_line(const char *content, size_t *len)
{
	for (; *content; content += strcspn(content, "\n"), content += *content == '\n') {
		content += strspn(content, " \t\r");
		*len = strcspn(content, "\n");
		if (*len && *content != '#')
			return content;
	}
	return NULL;
}

/* A line of authorized_keys with options in front is as good. */
static enum err take_listed(const char *line, size_t len, unsigned release, struct held_key *out)
{
	struct authorized_keys keys = { 0 };
	enum err e = authorized_keys_parse(line, len, release, &keys);

	if (e)
		return e;
	if (!keys.n) {
		authorized_keys_clear(&keys);
		return ERR_SYNTAX;
	}
	out->line.blob = keys.v[0].blob;
	out->line.blob_len = keys.v[0].blob_len;
	keys.v[0].blob = NULL;
	authorized_keys_clear(&keys);
	return ERR_NONE;
}

static int parse_key(const char *file, const char *content, unsigned release, struct held_key *out)
{
	size_t len = 0;
	const char *line = key_line(content, &len);
	enum err e = line ? public_key_decode_line(line, len, release, &out->line) : ERR_SYNTAX;

	if (line && e && e != ERR_MEMORY && e != ERR_SIGNATURE && e != ERR_RANGE)
		e = take_listed(line, len, release, out);
	if (e == ERR_SYNTAX)
		return complain("'%s' holds no public key: wants a line such as 'ssh-ed25519 AAAA...'", file);
	if (e)
		return fail(e, "cannot use the key '%s'", file);
	out->offer = (struct offered_key){ .blob = out->line.blob, .len = out->line.blob_len };
	return 0;
}

int held_key_read(const struct scene *s, const char *file, struct held_key *out)
{
	char *content = NULL;
	int status;

	if (strncmp(file, "SHA256:", 7) == 0) {
		out->offer.fingerprint = file;
		return 0;
	}
	if ((status = key_input_read(file, KEY_MAX, &content)) == 0)
		status = parse_key(file, content, s->facts->config->release, out);
	free(content);
	return status;
}

void held_key_clear(struct held_key *k)
{
	public_key_line_clear(&k->line);
	*k = (struct held_key){ 0 };
}

/* ---- addresses ---- */

bool address_normal(const char *text, char out[NETWORK_TEXT])
{
	struct in6_addr six;
	struct in_addr four;

	if (inet_pton(AF_INET, text, &four) == 1)
		return inet_ntop(AF_INET, &four, out, NETWORK_TEXT) != NULL;
	if (inet_pton(AF_INET6, text, &six) != 1)
		return false;
	/* sshd takes an IPv4 client of an IPv6 socket for what it is */
	if (IN6_IS_ADDR_V4MAPPED(&six))
		return inet_ntop(AF_INET, &six.s6_addr[12], out, NETWORK_TEXT) != NULL;
	return inet_ntop(AF_INET6, &six, out, NETWORK_TEXT) != NULL;
}

bool networks_everywhere(const struct networks *l)
{
	return l->n == 2 && l->v[0].len == 0 && l->v[1].len == 0;
}

/* All other addresses of one family; l rises and does not overlap. */
static enum err rest_of(const struct networks *l, int family, struct networks *out)
{
	struct ranges rest = { .family = family };
	struct address from = { 0 };
	bool over = false;
	enum err e = ERR_NONE;

	for (size_t i = 0; e == ERR_NONE && i < l->n; i++) {
		struct range r = network_range(&l->v[i]);

		if (l->v[i].family != family)
			continue;
		if (address_compare(r.first, from) > 0)
			e = ranges_add(&rest, from, address_before(r.first));
		over = address_compare(r.last, address_last(family)) == 0;
		from = over ? from : address_next(r.last);
	}
	if (e == ERR_NONE && !over)
		e = ranges_add(&rest, from, address_last(family));
	if (e == ERR_NONE)
		e = ranges_networks(&rest, out);
	ranges_free(&rest);
	return e;
}

static void networks_join(const struct networks *l, size_t most, struct text *out)
{
	for (size_t i = 0; i < l->n && i < most; i++) {
		char network[NETWORK_TEXT];

		network_text(&l->v[i], network);
		text_add(out, "%s%s", i ? ", " : "", network);
	}
	if (l->n > most)
		text_add(out, " and %zu more", l->n - most);
}

enum err networks_describe(const struct networks *l, size_t most, struct text *out)
{
	struct networks rest = { 0 };
	enum err e;

	if ((e = rest_of(l, AF_INET, &rest)) == ERR_NONE && (e = rest_of(l, AF_INET6, &rest)) == ERR_NONE) {
		bool shorter = rest.n < l->n;

		text_add_string(out, shorter ? "from anywhere but " : "only from ");
		networks_join(shorter ? &rest : l, most, out);
	}
	networks_free(&rest);
	return e;
}

json_t *networks_json(const struct networks *l)
{
	json_t *list = json_array();

	for (size_t i = 0; list && i < l->n; i++) {
		char network[NETWORK_TEXT];

		network_text(&l->v[i], network);
		json_array_append_new(list, json_string(network));
	}
	return list;
}

int sources_complain(const char *user, enum err e, const char *why)
{
	if (e != ERR_TOO_BIG)
		return fail(e, "cannot tell from where '%s' may log in", user);
	complain("the rules for '%s' tell more than %u networks apart%s%s", user, (unsigned)SOURCES_PIECES,
		 why ? ", because of " : "", why ? why : "");
	hint("ask about one address: sallyport access check '%s' --from ADDRESS", user);
	return EXIT_TROUBLE;
}

/* ---- words ---- */

const char *verdict_text(enum access_verdict v)
{
	static const char *const words[] = {
		[ACCESS_ALLOWED] = "allowed", [ACCESS_DENIED] = "denied", [ACCESS_UNKNOWN] = "unknown"
	};

	return words[v];
}

void verdict_add(enum access_verdict v, const char *word, bool color, struct text *out)
{
	static const char *const colors[] = {
		[ACCESS_ALLOWED] = "\033[32m", [ACCESS_DENIED] = "\033[31m", [ACCESS_UNKNOWN] = "\033[33m"
	};

	text_add(out, "%s%-7s%s  ", color ? colors[v] : "", word, color ? "\033[0m" : "");
}

void methods_join(unsigned methods, struct text *out)
{
	const char *between = "";

	for (unsigned bit = METHOD_PUBLICKEY; bit <= METHOD_GSSAPI; bit <<= 1) {
		if (!(methods & bit))
			continue;
		text_add(out, "%s%s", between, access_method_text(bit));
		between = ", ";
	}
}

json_t *methods_json(unsigned methods)
{
	json_t *list = json_array();

	for (unsigned bit = METHOD_PUBLICKEY; list && bit <= METHOD_GSSAPI; bit <<= 1)
		if (methods & bit)
			json_array_append_new(list, json_string(access_method_text(bit)));
	return list;
}

void line_place(const struct scene *s, const struct sshd_line *by, struct text *out)
{
	const char *file = facts_short_path(s->facts, by->file);

	text_add_escaped(out, file, strlen(file));
	text_add(out, ":%u", by->line);
}

json_t *decided_by_json(const struct access_decision *d)
{
	if (!d->by)
		return json_null();
	return json_pack("{s:s,s:o,s:o,s:i}", "directive", d->by->keyword->name, "pattern",
			 d->pattern ? json_safe_string(d->pattern) : json_null(), "file", json_safe_string(d->by->file),
			 "line", (int)d->by->line);
}

json_t *text_json(const struct text *t)
{
	return text_check(t) ? NULL : json_safe_string(text_string(t));
}
