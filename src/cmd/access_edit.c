/* SPDX-License-Identifier: GPL-3.0-or-later */
/* access_edit.c - access allow and deny: words come into the lists and go, until the decision is what was asked for. */
#include "cmd/access.h"

#include "base/message.h"
#include "base/number.h"
#include "cmd/change.h"
#include "harden/plan.h"
#include "harden/stage.h"
#include "sshd/membership.h"
#include "sshd/pattern.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

#define ROUNDS 64 /* each adds or takes a word */
#define PLACES 64 /* ports and addresses of our own that are tried */
#define METHODS_ALL (METHOD_PUBLICKEY | METHOD_PASSWORD | METHOD_KEYBOARD | METHOD_HOSTBASED | METHOD_GSSAPI)

struct edit_args {
	struct strings keep, overrides;
	const char *confirm_within, *group;
};

static const struct option_row options[] = {
	{ "group", 'g', OPTION_TEXT, OPTION_AT(struct edit_args, group), "<group>", "everybody in this group" },
	{ "keep", 'k', OPTION_LIST, OPTION_AT(struct edit_args, keep), "<user>[@<addr>]",
	  "this account must still get in" },
	{ "confirm-within", 0, OPTION_TEXT, OPTION_AT(struct edit_args, confirm_within), "<time>",
	  "go back unless confirmed in this time (5m; 0: no timer)" },
	{ "override", 0, OPTION_LIST, OPTION_AT(struct edit_args, overrides), "<guard>",
	  "go on although this guard refuses" },
	{ 0 },
};

static void edit_clear(void *args)
{
	struct edit_args *a = args;

	strings_free(&a->keep);
	strings_free(&a->overrides);
}

/* What was asked for. */
struct wish {
	bool allow;
	const char *group; /* NULL: it is about one account */
	const char *word;  /* "anna", "anna@10.0.0.0/8", "staff" */
	char *own;	   /* word, where it had to be made */
	char *user;	   /* NULL with a group */
};

/* Address and port of ours that somebody connects to. */
struct place {
	char laddr[NETWORK_TEXT]; /* "": not said */
	unsigned lport;
};

struct edit {
	const struct common_args *common;
	const struct facts *facts;
	const struct wish *wish;
	struct accounts subjects; /* for whom the decision must come out right */
	struct networks wanted;	  /* from where */
	struct place places[PLACES];
	size_t nplaces;
	struct finding made; /* the changes so far */

	/* with them: */
	struct sshd_config *config;
	struct access *access;
};

static void edit_free(struct edit *d)
{
	access_free(d->access);
	sshd_config_free(d->config);
	finding_clear(&d->made);
	accounts_free(&d->subjects);
	networks_free(&d->wanted);
}

static void wish_clear(struct wish *w)
{
	free(w->own);
	free(w->user);
}

static enum sshd_keyword_id allow_list(const struct wish *w)
{
	return w->group ? KW_ALLOWGROUPS : KW_ALLOWUSERS;
}

static enum sshd_keyword_id deny_list(const struct wish *w)
{
	return w->group ? KW_DENYGROUPS : KW_DENYUSERS;
}

/* ---- what was asked for ---- */

static bool has_control(const char *s)
{
	for (; *s; s++)
		if ((unsigned char)*s < 0x20 || *s == 0x7f)
			return true;
	return false;
}

static int read_group(const char *group, struct wish *w)
{
	if (!group[0] || has_control(group) || strpbrk(group, "*?!\"'\\,"))
		return complain("--group is '%s': wants the name of one group", group);
	w->group = w->word = group;
	return 0;
}

/* A name with an "@" of its own, as directories have them, needs a second one in sshd's lists. */
static enum err name_with_at(const struct facts *f, const char *name, struct wish *w)
{
	struct account *account = NULL;
	struct text word = { 0 };
	enum err e = account_find(f->root, name, &account);

	account_free(account);
	if (e)
		return e;
	text_add(&word, "%s@*", name);
	w->own = text_take(&word);
	w->user = strdup(name);
	w->word = w->own;
	return w->own && w->user ? ERR_NONE : ERR_MEMORY;
}

static int read_user(const struct facts *f, const char *word, struct wish *w)
{
	const char *at = strrchr(word, '@'), *why = NULL;
	enum err e = at ? name_with_at(f, word, w) : ERR_NOT_FOUND;

	if (e != ERR_NOT_FOUND)
		return e ? fail(e, "cannot look up '%s'", word) : 0;
	w->word = word;
	w->user = strndup(word, at ? (size_t)(at - word) : strlen(word));
	if (!w->user)
		return fail(ERR_MEMORY, "cannot read '%s'", word);
	if (!w->user[0] || has_control(word) || strpbrk(w->user, "*?!,") || strpbrk(word, " \"'#\\="))
		return complain("'%s' names no account: wants USER or USER@ADDRESS", word);
	if ((e = pattern_check_user(word, &why)))
		return complain("'%s': %s", word, why ? why : err_text(e));
	return 0;
}

static int read_wish(const struct facts *f, const struct edit_args *a, const struct strings *rest, struct wish *w)
{
	return a->group ? read_group(a->group, w) : read_user(f, rest->v[0], w);
}

/* ---- for whom ---- */

static bool has_group(const struct account *a, const char *group)
{
	return strings_has(&a->groups, group);
}

static enum err accounts_push(struct accounts *l, struct account *a)
{
	struct account **v = realloc(l->v, (l->n + 1) * sizeof *v);

	if (!v)
		return ERR_MEMORY;
	l->v = v;
	l->size = l->n + 1;
	l->v[l->n++] = a;
	return ERR_NONE;
}

static enum err find_members(struct edit *d)
{
	struct accounts all = { 0 };
	enum err e;

	if ((e = accounts_read(d->facts->root, &all)) == ERR_NONE)
		e = membership_fill(d->facts->root, &all);
	for (size_t i = 0; e == ERR_NONE && i < all.n; i++) {
		if (!has_group(all.v[i], d->wish->group))
			continue;
		if ((e = accounts_push(&d->subjects, all.v[i])) == ERR_NONE)
			all.v[i] = NULL;
	}
	accounts_free(&all);
	return e;
}

/* 0, or an exit status. Nobody is found: only a warning, since an account may come later. */
static int find_subjects(struct edit *d)
{
	const struct wish *w = d->wish;
	struct account *account = NULL;
	enum err e;

	if (w->group) {
		if ((e = find_members(d)))
			return fail(e, "cannot look up who is in '%s'", w->group);
		if (!d->subjects.n)
			warn("nobody is in a group '%s' here", w->group);
		return 0;
	}
	e = account_find(d->facts->root, w->user, &account);
	if (e == ERR_NOT_FOUND) {
		warn("there is no account '%s' here", w->user);
		return 0;
	}
	if (e || (e = accounts_push(&d->subjects, account))) {
		account_free(e == ERR_MEMORY ? account : NULL);
		return fail(e, "cannot look up '%s'", w->user);
	}
	return 0;
}

/* ---- from where, and to where ---- */

/*
 * All addresses that the word speaks of: those from which it would let in somebody whom nothing else hinders. Asked of
 * the decision itself, so that nobody else needs to understand patterns.
 */
static enum err find_wanted(struct edit *d)
{
	const struct wish *w = d->wish;
	struct account nobody = {
		.name = (char *)(w->user ? w->user : "x"), .home = (char *)"/", .shell = (char *)"/", .uid = 1, .gid = 1
	};
	struct access_login l = { .user = nobody.name, .account = &nobody, .lport = 22, .assume = METHODS_ALL };
	struct access_sources found = { 0 };
	struct sshd_config *c = NULL;
	struct access *a = NULL;
	struct diags ignored = { 0 };
	struct text only = { 0 };
	char *why = NULL;
	enum err e;

	text_add_string(&only, "UsePAM yes\nChrootDirectory /\nPermitRootLogin yes\n");
	if (!w->group)
		text_add(&only, "AllowUsers %s\n", w->word);
	if ((e = text_check(&only)) ||
	    (e = sshd_config_parse(only.s, only.len, d->facts->config->release, &c, &ignored)) ||
	    (e = access_new(d->facts->root, c, d->facts->now, &a)) || (e = access_sources_find(a, c, &l, &found, &why)))
		goto out;
	d->wanted = found.allowed;
	found.allowed = (struct networks){ 0 };
out:
	access_sources_clear(&found);
	access_free(a);
	sshd_config_free(c);
	diags_free(&ignored);
	text_free(&only);
	free(why);
	return e;
}

static void add_place(struct edit *d, const char *laddr, unsigned lport)
{
	struct place p = { .lport = lport };

	snprintf(p.laddr, sizeof p.laddr, "%s", laddr);
	for (size_t i = 0; i < d->nplaces; i++)
		if (d->places[i].lport == lport && strcmp(d->places[i].laddr, p.laddr) == 0)
			return;
	if (d->nplaces < PLACES)
		d->places[d->nplaces++] = p;
}

/* The items of one criterion on our own side. */
static enum err add_places_of(struct edit *d, const struct sshd_criterion *c)
{
	bool port = c->kind == CRITERION_LOCAL_PORT;
	struct strings items = { 0 };
	enum err e = strings_split(&items, c->pattern, ",");

	for (size_t i = 0; e == ERR_NONE && i < items.n; i++) {
		const char *item = items.v[i] + (items.v[i][0] == '!');
		char laddr[NETWORK_TEXT];
		struct network n;
		uint64_t number;

		if (port && number_parse(item, 1, 65535, &number) == ERR_NONE)
			add_place(d, "", (unsigned)number);
		if (port || network_parse(item, &n))
			continue;
		address_text(n.family, address_of(n.family, n.addr), laddr);
		for (size_t k = d->nplaces; k-- > 0;)
			add_place(d, laddr, d->places[k].lport);
	}
	strings_free(&items);
	return e;
}

/* Ports first, then the addresses with each of them. */
static enum err find_places(struct edit *d)
{
	static const enum sshd_criterion_kind kinds[] = { CRITERION_LOCAL_PORT, CRITERION_LOCAL_ADDRESS };
	const struct sshd_config *c = d->facts->config;
	const struct strings *ports = sshd_values(d->facts->effective, KW_PORT);
	enum err e = ERR_NONE;
	uint64_t port;

	for (size_t i = 0; i < ports->n; i++)
		if (number_parse(ports->v[i], 1, 65535, &port) == ERR_NONE)
			add_place(d, "", (unsigned)port);
	if (!d->nplaces)
		add_place(d, "", 22);
	for (size_t k = 0; k < ARRAY_SIZE(kinds); k++)
		for (size_t i = 0; i < c->nmatches; i++)
			for (size_t j = 0; e == ERR_NONE && j < c->matches[i]->ncriteria; j++)
				if (c->matches[i]->criteria[j].kind == kinds[k])
					e = add_places_of(d, &c->matches[i]->criteria[j]);
	return e;
}

/* ---- the configuration with the changes so far ---- */

static enum err changes_list(const struct finding *f, const struct change ***out)
{
	const struct change **list = calloc(f->nchanges + 1, sizeof *list);

	if (!list)
		return ERR_MEMORY;
	for (size_t i = 0; i < f->nchanges; i++)
		list[i] = &f->changes[i];
	*out = list;
	return ERR_NONE;
}

/* 0, or an exit status with the error said. */
static int stage_changes(struct edit *d)
{
	const struct change **changes = NULL;
	struct sshd_config *c = NULL;
	struct diags problems = { 0 };
	struct stage *s = NULL;
	struct plan *p = NULL;
	enum err e;
	int status = 0;

	access_free(d->access);
	d->access = NULL;
	sshd_config_free(d->config);
	d->config = NULL;
	if ((e = changes_list(&d->made, &changes)) || (e = stage_open(d->facts, &s)) ||
	    (e = plan_build(d->facts, changes, d->made.nchanges, s, &p, &problems)) ||
	    (e = sshd_config_load(stage_root(s), d->facts->config_path, d->facts->config->release, &c, &problems)) ||
	    (e = access_new(d->facts->root, c, d->facts->now, &d->access))) {
		diags_print(&problems, "sallyport: ", stderr);
		if (e == ERR_CONFIG)
			complain("no plan holds on this configuration; nothing was changed");
		status = e == ERR_CONFIG ? EXIT_NO : fail(e, "cannot plan the change");
		sshd_config_free(c);
	} else {
		d->config = c;
	}
	diags_free(&problems);
	plan_free(p);
	stage_close(s);
	free(changes);
	return status;
}

/* ---- the next step ---- */

/* A login that does not come out as was asked for. */
struct gap {
	const struct account *who;
	const struct place *where;
	char addr[NETWORK_TEXT];
};

static struct access_login gap_login(const struct gap *g)
{
	return (struct access_login){ .user = g->who->name,
				      .account = g->who,
				      .addr = g->addr,
				      .laddr = g->where->laddr[0] ? g->where->laddr : NULL,
				      .lport = g->where->lport,
				      .assume = METHODS_ALL };
}

static bool holds(const struct network *n, int family, struct address a)
{
	uint8_t bytes[16] = { 0 };

	address_bytes(family, a, bytes);
	return network_contains(n, family, bytes);
}

static bool hold(const struct networks *l, int family, struct address a)
{
	uint8_t bytes[16] = { 0 };

	address_bytes(family, a, bytes);
	return networks_contain(l, family, bytes);
}

/* The first address of w that is not in 'allowed', whose networks rise and do not overlap. */
static bool first_missing(const struct network *w, const struct networks *allowed, struct address *out)
{
	struct address at = network_range(w).first;

	while (hold(allowed, w->family, at)) {
		for (size_t i = 0; i < allowed->n; i++) {
			const struct network *n = &allowed->v[i];

			if (!holds(n, w->family, at))
				continue;
			at = network_range(n).last;
			if (address_compare(at, network_range(w).last) >= 0)
				return false;
			at = address_next(at);
			break;
		}
	}
	*out = at;
	return true;
}

/* The first address that is in w and in one of 'allowed'. */
static bool first_common(const struct network *w, const struct networks *allowed, struct address *out)
{
	for (size_t i = 0; i < allowed->n; i++) {
		const struct network *n = &allowed->v[i];
		struct address first = network_range(n->len > w->len ? n : w).first;

		if (n->family != w->family || !holds(n, w->family, first) || !holds(w, w->family, first))
			continue;
		*out = first;
		return true;
	}
	return false;
}

/* An address that is wanted and not as it should be; an ordinary one where there is a choice. */
static bool find_gap(const struct edit *d, const struct access_sources *s, char addr[NETWORK_TEXT])
{
	struct network usual;
	struct address at;

	if (network_parse(ADDRESS_ORDINARY, &usual) == ERR_NONE &&
	    networks_contain(&d->wanted, usual.family, usual.addr) &&
	    networks_contain(&s->allowed, usual.family, usual.addr) != d->wish->allow) {
		network_text(&usual, addr);
		return true;
	}
	for (size_t i = 0; i < d->wanted.n; i++) {
		const struct network *w = &d->wanted.v[i];

		if (d->wish->allow ? !first_missing(w, &s->allowed, &at)
				   : !first_common(w, &s->allowed, &at) && !first_common(w, &s->mixed, &at))
			continue;
		address_text(w->family, at, addr);
		return true;
	}
	return false;
}

/* Looks at one account in one place; *found: g->addr is where it does not come out right. 0 or an exit status. */
static int look_for_gap(const struct edit *d, struct gap *g, bool *found)
{
	struct access_login l = gap_login(g);
	struct access_sources sources = { 0 };
	char *why = NULL;
	int status = 0;
	enum err e = access_sources_find(d->access, d->config, &l, &sources, &why);

	*found = false;
	if (e)
		status = sources_complain(g->who->name, e, why);
	else
		*found = find_gap(d, &sources, g->addr);
	access_sources_clear(&sources);
	free(why);
	return status;
}

/* The list as these rules have it: its last line (NULL: it is not set), and the line that has the word (or NULL). */
struct list {
	const struct sshd_line *last, *with;
};

static struct list list_look(const struct sshd_effective *rules, enum sshd_keyword_id id, const char *word)
{
	const struct sshd_value *v = &rules->v[id];
	struct list l = { 0 };

	for (size_t i = 0; i < v->nby; i++) {
		l.last = v->by[i];
		if (strings_has(&l.last->args, word))
			l.with = l.last;
	}
	return l;
}

/* The word comes to the end of the list, or makes one. */
static enum err add_word(struct edit *d, enum sshd_keyword_id id, const struct sshd_line *last)
{
	struct text args = { 0 };
	enum err e;

	if (last)
		return finding_word_add(&d->made, last->file, last->line, d->wish->word);
	text_add(&args, strchr(d->wish->word, ' ') ? "\"%s\"" : "%s", d->wish->word);
	if ((e = text_check(&args)) == ERR_NONE)
		e = finding_add(&d->made, id, args.s);
	text_free(&args);
	return e;
}

static enum err take_word(struct edit *d, const struct sshd_line *from)
{
	return finding_word_remove(&d->made, from->file, from->line, d->wish->word);
}

/* The lists outside of Match blocks, for accounts that may come. */
static enum err mend_lists(struct edit *d)
{
	const struct wish *w = d->wish;
	struct sshd_effective *rules = NULL;
	struct list deny, allow;
	enum err e = sshd_effective(d->config, NULL, &rules);

	if (e)
		return e;
	deny = list_look(rules, deny_list(w), w->word);
	allow = list_look(rules, allow_list(w), w->word);
	if (!w->allow && !deny.with)
		e = add_word(d, deny_list(w), deny.last);
	else if (w->allow && deny.with)
		e = take_word(d, deny.with);
	else if (w->allow && allow.last && !allow.with)
		e = add_word(d, allow_list(w), allow.last);
	sshd_effective_free(rules);
	return e;
}

/* "anna from 10.0.0.7: DenyUsers lists ann* (sshd_config:12)" */
static enum err say_decision(const struct edit *d, const struct gap *g, const struct access_decision *decision,
			     struct text *out)
{
	struct access_login l = gap_login(g);
	struct text why = { 0 };
	enum err e = access_detail(d->access, &l, decision, &why);

	text_add_escaped(out, g->who->name, strlen(g->who->name));
	text_add(out, " from %s: ", g->addr);
	text_add_escaped(out, text_string(&why), why.len);
	if (decision->by) {
		const char *file = facts_short_path(d->facts, decision->by->file);

		text_add_string(out, " (");
		text_add_escaped(out, file, strlen(file));
		text_add(out, ":%u)", decision->by->line);
	}
	text_free(&why);
	return e ? e : text_check(out);
}

static void hint_other_way(const struct edit *d, const struct access_decision *decision)
{
	const char *user = d->wish->user;
	size_t n = strlen(user);

	switch (decision->reason) {
	case REASON_NO_GROUP:
	case REASON_ALLOW_GROUPS:
	case REASON_DENY_GROUPS:
		hint("the groups of '%s' decide here: usermod, gpasswd, or sallyport access allow --group GROUP", user);
		break;
	case REASON_DENY_USERS:
		if (decision->pattern && strncmp(decision->pattern, user, n) == 0 &&
		    (!decision->pattern[n] || decision->pattern[n] == '@'))
			hint("to lift that: sudo sallyport access allow '%s'", decision->pattern);
		else
			hint("that word is for others too: change the line by hand");
		break;
	default: break;
	}
}

/* Something that no word in a list can mend: one account is refused, a member of a group noted. 0, or an exit status. */
static int leave_gap(const struct edit *d, const struct gap *g, const struct access_decision *decision,
		     struct strings *notes)
{
	struct text what = { 0 };
	int status = 0;
	enum err e = say_decision(d, g, decision, &what);

	if (e == ERR_NONE && d->wish->group) {
		if (!strings_has(notes, what.s))
			e = strings_add(notes, what.s);
	} else if (e == ERR_NONE) {
		complain("this cannot be had by words in the lists, nothing was changed: %s", what.s);
		hint_other_way(d, decision);
		status = EXIT_NO;
	}
	text_free(&what);
	return e ? fail(e, "cannot plan the change") : status;
}

static bool is_own_reason(const struct wish *w, enum access_reason r, bool deny)
{
	if (deny)
		return r == (w->group ? REASON_DENY_GROUPS : REASON_DENY_USERS);
	return r == (w->group ? REASON_ALLOW_GROUPS : REASON_ALLOW_USERS);
}

static int let_in(struct edit *d, const struct gap *g, struct strings *notes)
{
	const struct wish *w = d->wish;
	struct access_login l = gap_login(g);
	struct access_decision decision = { 0 };
	const struct sshd_effective *rules;
	struct list deny, allow;
	int status = 0;
	enum err e;

	if ((e = access_decide(d->access, &l, &decision)) || (e = access_rules(d->access, &l, &rules)))
		return fail(e, "cannot decide about '%s'", g->who->name);
	deny = list_look(rules, deny_list(w), w->word);
	allow = list_look(rules, allow_list(w), w->word);
	if (is_own_reason(w, decision.reason, true) && deny.with)
		e = take_word(d, deny.with);
	else if (is_own_reason(w, decision.reason, false) && allow.last && !allow.with)
		e = add_word(d, allow_list(w), allow.last);
	else
		status = leave_gap(d, g, &decision, notes);
	access_decision_clear(&decision);
	return e ? fail(e, "cannot plan the change") : status;
}

static int keep_out(struct edit *d, const struct gap *g)
{
	const struct wish *w = d->wish;
	struct access_login l = gap_login(g);
	const struct sshd_effective *rules;
	struct list deny;
	enum err e;

	if ((e = access_rules(d->access, &l, &rules)))
		return fail(e, "cannot decide about '%s'", g->who->name);
	deny = list_look(rules, deny_list(w), w->word);
	if (deny.with) {
		complain("'%s' stands in %s:%u already, and %s still gets in from %s; nothing was changed", w->word,
			 deny.with->file, deny.with->line, g->who->name, g->addr);
		return EXIT_NO;
	}
	return (e = add_word(d, deny_list(w), deny.last)) ? fail(e, "cannot plan the change") : 0;
}

/* One change at most for all accounts and places; 0, or an exit status. */
static int mend_subjects(struct edit *d, struct strings *notes)
{
	size_t before = d->made.nchanges;
	int status = 0;

	for (size_t i = 0; status == 0 && d->made.nchanges == before && i < d->subjects.n; i++)
		for (size_t k = 0; status == 0 && d->made.nchanges == before && k < d->nplaces; k++) {
			struct gap g = { .who = d->subjects.v[i], .where = &d->places[k] };
			bool found;

			if ((status = look_for_gap(d, &g, &found)) == 0 && found)
				status = d->wish->allow ? let_in(d, &g, notes) : keep_out(d, &g);
		}
	return status;
}

/* Change after change, each looked at by the decision, until all is as was asked for. 0, or an exit status. */
static int settle(struct edit *d)
{
	bool lists = d->wish->group || !d->subjects.n;
	struct strings notes = { 0 };
	int status = 0;

	for (unsigned round = 0; status == 0; round++) {
		size_t before = d->made.nchanges;
		enum err e = ERR_NONE;

		strings_free(&notes);
		if ((status = stage_changes(d)))
			break;
		if (lists && (e = mend_lists(d)))
			status = fail(e, "cannot plan the change");
		else if (d->made.nchanges == before)
			status = mend_subjects(d, &notes);
		if (d->made.nchanges == before)
			break;
		if (round == ROUNDS) {
			complain("more than %u lines stand in the way; nothing was changed", ROUNDS);
			status = EXIT_NO;
		}
	}
	for (size_t i = 0; status == 0 && i < notes.n; i++)
		warn("still kept out: %s", notes.v[i]);
	strings_free(&notes);
	return status;
}

/* ---- the answer ---- */

static void wanted_example(const struct edit *d, char addr[NETWORK_TEXT])
{
	if (d->wanted.v[0].len == 0)
		snprintf(addr, NETWORK_TEXT, ADDRESS_ORDINARY);
	else
		address_text(d->wanted.v[0].family, network_range(&d->wanted.v[0]).first, addr);
}

static enum err say_nothing(const struct edit *d, struct text *out)
{
	const struct wish *w = d->wish;
	const struct sshd_effective *rules = d->facts->effective;
	struct list allow = list_look(rules, allow_list(w), w->word);
	struct gap g = { .where = &d->places[0] };
	struct access_decision decision = { 0 };
	enum err e = ERR_NONE;

	text_add_string(out, "Nothing to change: ");
	if (w->allow || w->group || !d->subjects.n) {
		text_add(out, "%s%s %s already", w->group ? "group " : "", w->word,
			 w->allow ? "is let in" : "is kept out");
		if (w->allow && !allow.last)
			text_add(out, ", since no %s is set", w->group ? "AllowGroups" : "AllowUsers");
	} else {
		struct access_login l;

		g.who = d->subjects.v[0];
		wanted_example(d, g.addr);
		l = gap_login(&g);
		text_add_string(out, "kept out already is ");
		if ((e = access_decide(d->access, &l, &decision)) == ERR_NONE)
			e = say_decision(d, &g, &decision, out);
		access_decision_clear(&decision);
	}
	return e ? e : text_check(out);
}

/* The lists let in; whether the account has anything to log in with is another matter, and worth a word. */
static void warn_still_out(const struct edit *d)
{
	struct gap g = { .where = &d->places[0] };
	struct access_decision decision = { 0 };
	struct text what = { 0 };
	struct access_login l;

	if (!d->wish->allow || d->wish->group || !d->subjects.n || !d->wanted.n)
		return;
	g.who = d->subjects.v[0];
	wanted_example(d, g.addr);
	l = gap_login(&g);
	l.assume = 0;
	if (access_decide(d->access, &l, &decision) == ERR_NONE && decision.verdict == ACCESS_DENIED &&
	    say_decision(d, &g, &decision, &what) == ERR_NONE)
		warn("the lists let in, but there is more: %s", what.s);
	access_decision_clear(&decision);
	text_free(&what);
}

static int run_change(const struct edit *d, const struct edit_args *a, uint64_t confirm_seconds)
{
	const struct change **changes = NULL;
	struct text what = { 0 }, nothing = { 0 };
	int status;
	enum err e;

	text_add(&what, "access %s %s%s", d->wish->allow ? "allow" : "deny", d->wish->group ? "--group " : "",
		 d->wish->word);
	if (!d->made.nchanges)
		e = say_nothing(d, &nothing);
	else
		e = text_check(&what);
	if (e || (e = changes_list(&d->made, &changes))) {
		status = fail(e, "cannot plan the change");
	} else {
		const struct change_request q = { .what = what.s,
						  .changes = changes,
						  .n = d->made.nchanges,
						  .keep = &a->keep,
						  .overrides = &a->overrides,
						  .confirm_seconds = confirm_seconds,
						  .nothing = text_string(&nothing) };

		warn_still_out(d);
		status = change_run(d->common, d->facts, &q);
	}
	free(changes);
	text_free(&what);
	text_free(&nothing);
	return status;
}

/* Host names cannot be proven for addresses; where they do not count at all, they are refused. 0, or an exit status. */
static int check_names(struct edit *d)
{
	if (d->wish->group || d->wanted.n)
		return 0;
	if (strcmp(sshd_value(d->facts->effective, KW_USEDNS), "yes") != 0) {
		complain("'%s' would never match: no address does, and host names count only with UseDNS yes",
			 d->wish->word);
		return EXIT_NO;
	}
	warn("'%s' goes by host names: it comes into the lists outside of Match blocks, and is not proven",
	     d->wish->word);
	accounts_free(&d->subjects);
	return 0;
}

static int edit_lists(struct edit *d, const struct edit_args *a, uint64_t confirm_seconds)
{
	int status;
	enum err e;

	if ((status = find_subjects(d)))
		return status;
	if ((e = find_wanted(d)) || (e = find_places(d)))
		return fail(e, "cannot plan the change");
	if ((status = check_names(d)) || (status = settle(d)))
		return status;
	return run_change(d, a, confirm_seconds);
}

/* ---- the commands ---- */

static int check_usage(const char *command, const struct edit_args *a, const struct strings *rest)
{
	if (a->group && rest->n) {
		complain("%s: either --group or a user, not both", command);
		return EXIT_TROUBLE;
	}
	if (!a->group && rest->n != 1) {
		if (rest->n)
			complain("%s: there is one word too many, '%s'", command, rest->v[1]);
		else
			complain("%s wants USER, USER@ADDRESS or --group GROUP", command);
		hint("sallyport %s --help", command);
		return EXIT_TROUBLE;
	}
	return 0;
}

static int edit_run(const struct common_args *common, const struct edit_args *a, const struct strings *rest, bool allow)
{
	struct wish w = { .allow = allow };
	struct edit d = { .common = common, .wish = &w };
	struct facts *f = NULL;
	uint64_t confirm_seconds;
	int lock = -1, status;

	if ((status = check_usage(allow ? "access allow" : "access deny", a, rest)) ||
	    (status = change_check_overrides(&a->overrides)) ||
	    (status = change_confirm_within(a->confirm_within, &confirm_seconds)))
		return status;
	if (change_begin(common, &f, &lock, &status))
		return status;
	d.facts = f;
	if ((status = read_wish(f, a, rest, &w)) == 0)
		status = edit_lists(&d, a, confirm_seconds);
	edit_free(&d);
	wish_clear(&w);
	change_end(f, lock);
	return status;
}

static int allow_run(const struct common_args *common, void *args, const struct strings *rest)
{
	return edit_run(common, args, rest, true);
}

static int deny_run(const struct common_args *common, void *args, const struct strings *rest)
{
	return edit_run(common, args, rest, false);
}

const struct command cmd_access_allow = {
	.name = "access allow",
	.summary = "let an account or a group in: planned, proven, undone at will",
	.arguments = "USER[@ADDRESS] | --group GROUP",
	.common = COMMON_REPORT | COMMON_HOST | COMMON_CHANGE,
	.options = options,
	.args_size = sizeof(struct edit_args),
	.examples = "  sallyport access allow anna --dry-run          # which line would change\n"
		    "  sudo sallyport access allow anna@192.0.2.0/24  # from there only\n"
		    "  sudo sallyport access allow --group staff\n",
	.run = allow_run,
	.clear = edit_clear,
};

const struct command cmd_access_deny = {
	.name = "access deny",
	.summary = "keep an account or a group out, wherever Match blocks say otherwise too",
	.arguments = "USER[@ADDRESS] | --group GROUP",
	.common = COMMON_REPORT | COMMON_HOST | COMMON_CHANGE,
	.options = options,
	.args_size = sizeof(struct edit_args),
	.examples = "  sallyport access deny mallory --dry-run        # which line would change\n"
		    "  sudo sallyport access deny mallory             # goes back by itself unless confirmed\n"
		    "  sudo sallyport access deny --group interns\n",
	.run = deny_run,
	.clear = edit_clear,
};
