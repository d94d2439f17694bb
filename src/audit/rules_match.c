/* SPDX-License-Identifier: GPL-3.0-or-later */
/* rules_match.c - step 2: Match blocks that are never on, words that contradict each other, settings without effect. */
#include "audit/judge.h"
#include "sshd/network.h"
#include "sshd/pattern.h"

#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

/* match-never */

static const char *const criterion_names[] = {
	[CRITERION_ALL] = "All",
	[CRITERION_USER] = "User",
	[CRITERION_GROUP] = "Group",
	[CRITERION_HOST] = "Host",
	[CRITERION_ADDRESS] = "Address",
	[CRITERION_LOCAL_ADDRESS] = "LocalAddress",
	[CRITERION_LOCAL_PORT] = "LocalPort",
	[CRITERION_RDOMAIN] = "RDomain",
	[CRITERION_INVALID_USER] = "Invalid-User",
	[CRITERION_VERSION] = "Version",
};

/* The items of a list that are not behind a '!'. */
static enum err wanted_items(const char *list, struct strings *out)
{
	struct strings all = { 0 };
	enum err e = strings_split(&all, list, ",");

	for (size_t i = 0; i < all.n && !e; i++)
		if (all.v[i][0] != '!')
			e = strings_add(out, all.v[i]);
	strings_free(&all);
	return e;
}

static bool is_list(enum sshd_criterion_kind kind)
{
	return kind == CRITERION_USER || kind == CRITERION_GROUP || kind == CRITERION_HOST ||
	       kind == CRITERION_ADDRESS || kind == CRITERION_LOCAL_ADDRESS || kind == CRITERION_RDOMAIN;
}

static bool is_address(enum sshd_criterion_kind kind)
{
	return kind == CRITERION_ADDRESS || kind == CRITERION_LOCAL_ADDRESS;
}

/*
 * What is wrong with one criterion for itself; NULL: nothing. *never: it cannot hold, else it only may be a leftover. *unsure: what it
 * names could not be looked up.
 */
static const char *list_fault(const struct facts *f, const struct sshd_criterion *c, const struct strings *wanted,
			      bool *never, bool *unsure)
{
	size_t names = 0, strangers = 0, unseen = 0;

	*never = true;
	if (!wanted->n)
		return "a list of nothing but '!' items never holds: put '*,' in front";
	for (size_t i = 0; i < wanted->n; i++) {
		const char *item = wanted->v[i];
		size_t len = strlen(item);

		names += judge_is_host_name(item, len);
		if (item[strcspn(item, "*?")])
			continue;
		if ((c->kind == CRITERION_USER || c->kind == CRITERION_GROUP) && judge_is_unsure(f, item, len)) {
			unseen++;
			continue;
		}
		strangers += c->kind == CRITERION_USER && f->naccounts && !judge_has_account(f, item, len);
		strangers += c->kind == CRITERION_GROUP && f->groups.n && !strings_has(&f->groups, item);
	}
	if (c->kind == CRITERION_HOST && names == wanted->n && !judge_is(f, KW_USEDNS, "yes"))
		return "host names are never seen without UseDNS yes";
	*never = false;
	*unsure = unseen && strangers + unseen == wanted->n;
	if (strangers == wanted->n)
		return c->kind == CRITERION_USER ? "there is no such account" : "there is no such group";
	return NULL;
}

static bool is_plain(const struct strings *items)
{
	for (size_t i = 0; i < items->n; i++)
		if (items->v[i][strcspn(items->v[i], "*?")])
			return false;
	return true;
}

/* Whether one of these names or addresses could satisfy the other list; true where it cannot be said. */
static bool could_be(const struct sshd_criterion *c, const struct strings *items, const struct sshd_criterion *other)
{
	if (!is_plain(items))
		return true;
	for (size_t i = 0; i < items->n; i++) {
		bool network = strchr(items->v[i], '/');

		if (is_address(c->kind)
			    ? network || pattern_list_match_addr(items->v[i], other->pattern) == 1
			    : pattern_list_match(items->v[i], other->pattern, c->kind == CRITERION_HOST) == 1)
			return true;
	}
	return false;
}

static bool networks_meet(const struct network *a, const struct network *b)
{
	return network_contains(a, b->family, b->addr) || network_contains(b, a->family, a->addr);
}

/* Whether two lists of networks have none in common; false where it cannot be said. */
static bool networks_apart(const struct strings *one, const struct strings *two)
{
	struct network a, b;

	for (size_t i = 0; i < one->n; i++)
		for (size_t j = 0; j < two->n; j++)
			if (network_parse(one->v[i], &a) || network_parse(two->v[j], &b) || networks_meet(&a, &b))
				return false;
	return true;
}

static enum err criteria_apart(const struct sshd_criterion *a, const struct sshd_criterion *b, bool *apart)
{
	struct strings one = { 0 }, two = { 0 };
	enum err e;

	*apart = false;
	if (a->kind != b->kind || (!is_list(a->kind) && a->kind != CRITERION_LOCAL_PORT) || a->kind == CRITERION_GROUP)
		return ERR_NONE;
	if (!(e = wanted_items(a->pattern, &one)) && !(e = wanted_items(b->pattern, &two)))
		*apart = !could_be(a, &one, b) || !could_be(b, &two, a) ||
			 (is_address(a->kind) && networks_apart(&one, &two));
	strings_free(&one);
	strings_free(&two);
	return e;
}

static enum err never_cite(const struct facts *f, const struct sshd_match *m, const struct sshd_criterion *c,
			   const char *fault, bool never, struct finding *out)
{
	const char *name = c ? criterion_names[c->kind] : "", *pattern = c ? c->pattern : "";
	enum err e;

	if (out->status == STATUS_PASS || out->status == STATUS_UNKNOWN || never)
		out->status = never ? STATUS_FAIL : STATUS_WARN;
	if ((e = finding_evidence(out, m->file, m->line, "Match %s%s%s: %s", name, c ? " " : "", pattern, fault)) ||
	    out->reason)
		return e;
	return finding_reason(out, "%s:%u %s: %s", judge_path(f, m->file), m->line, c ? pattern : "Match", fault);
}

/* One criterion beside those of its own block that follow it, and those of the blocks around. */
static enum err judge_apart(const struct facts *f, const struct sshd_match *m, size_t i, struct finding *out)
{
	bool apart = false;
	enum err e = ERR_NONE;

	for (const struct sshd_match *by = m; by && !apart && !e; by = by->parent)
		for (size_t j = by == m ? i + 1 : 0; j < by->ncriteria && !apart && !e; j++)
			e = criteria_apart(&m->criteria[i], &by->criteria[j], &apart);
	if (e || !apart)
		return e;
	return never_cite(f, m, &m->criteria[i], "it excludes another criterion that must hold too", true, out);
}

static enum err judge_block(const struct facts *f, const struct sshd_match *m, struct finding *out)
{
	enum err e = ERR_NONE;

	if (m->never)
		return never_cite(f, m, NULL, "in an included file it is never on in OpenSSH 8.2 and 8.3", true, out);
	for (size_t i = 0; i < m->ncriteria && !e; i++) {
		const struct sshd_criterion *c = &m->criteria[i];
		struct strings wanted = { 0 };
		const char *fault = NULL;
		bool never = false, unsure = false;

		if (is_list(c->kind) && !(e = wanted_items(c->pattern, &wanted)))
			fault = list_fault(f, c, &wanted, &never, &unsure);
		strings_free(&wanted);
		if (unsure && out->status == STATUS_PASS)
			out->status = STATUS_UNKNOWN;
		if (!e)
			e = fault ? never_cite(f, m, c, fault, never, out) : judge_apart(f, m, i, out);
	}
	return e;
}

static enum err judge_match_never(const struct facts *f, const struct policy *p, struct finding *out)
{
	enum err e;

	if (!f->config)
		return judge_unknown(f, out);
	for (size_t i = 0; i < f->config->nmatches; i++)
		if ((e = judge_block(f, f->config->matches[i], out)))
			return e;
	if (out->status == STATUS_PASS)
		return ERR_NONE;
	if (out->status == STATUS_UNKNOWN)
		return judge_accounts(f, out);
	if ((e = finding_detail(out, "What such a block sets never counts, for nobody.")))
		return e;
	return finding_fix(out, NULL, "correct the criteria, or remove the block");
}

/* access-contradiction */

static const struct {
	enum sshd_keyword_id allow, deny;
} pairs[] = { { KW_ALLOWUSERS, KW_DENYUSERS }, { KW_ALLOWGROUPS, KW_DENYGROUPS } };

static bool block_has(const struct sshd_line *const *lines, size_t n, const struct sshd_match *block)
{
	for (size_t i = 0; i < n; i++)
		if (lines[i]->match == block)
			return true;
	return false;
}

/* Whether the ban holds wherever the permission does. A ban in a block that narrows a global permission is no contradiction. */
static bool bans(const struct sshd_line *deny, const struct sshd_line *allow, const struct sshd_line *const *denies,
		 size_t n)
{
	if (deny->match)
		return deny->match == allow->match;
	return !allow->match || !block_has(denies, n, allow->match);
}

static enum err contradiction_cite(const struct facts *f, const struct sshd_line *allow, const struct sshd_line *deny,
				   const char *word, struct finding *out)
{
	enum err e;

	out->status = STATUS_WARN;
	if ((e = finding_evidence(out, allow->file, allow->line, "%s %s", allow->spelling, word)) ||
	    (e = finding_evidence(out, deny->file, deny->line, "%s %s", deny->spelling, word)) || out->reason)
		return e;
	return finding_reason(out, "%s:%u denies %s, whom %s:%u allows", judge_path(f, deny->file), deny->line, word,
			      judge_path(f, allow->file), allow->line);
}

static enum err judge_pair(const struct facts *f, const struct sshd_line *const *allows, size_t nallows,
			   const struct sshd_line *const *denies, size_t ndenies, struct finding *out)
{
	enum err e = ERR_NONE;

	for (size_t i = 0; i < nallows && !e; i++)
		for (size_t j = 0; j < ndenies && !e; j++) {
			if (!bans(denies[j], allows[i], denies, ndenies))
				continue;
			for (size_t w = 0; w < allows[i]->args.n && !e; w++)
				if (strings_has(&denies[j]->args, allows[i]->args.v[w]))
					e = contradiction_cite(f, allows[i], denies[j], allows[i]->args.v[w], out);
		}
	return e;
}

static enum err judge_access_contradiction(const struct facts *f, const struct policy *p, struct finding *out)
{
	enum err e = ERR_NONE;

	if (!f->config)
		return judge_unknown(f, out);
	for (size_t i = 0; i < ARRAY_SIZE(pairs) && !e; i++) {
		const struct sshd_line **allows = NULL, **denies = NULL;
		size_t nallows = 0, ndenies = 0;

		if (!(e = sshd_lines_of(f->config, pairs[i].allow, &allows, &nallows)) &&
		    !(e = sshd_lines_of(f->config, pairs[i].deny, &denies, &ndenies)))
			e = judge_pair(f, allows, nallows, denies, ndenies, out);
		free(allows);
		free(denies);
	}
	if (e || out->status == STATUS_PASS)
		return e;
	if ((e = finding_detail(out, "Where a word is allowed and denied, it is denied.")))
		return e;
	return finding_fix(out, NULL, "remove the word from the list where it is not meant");
}

/* keyword-ignored */

#define MATCH_COUNTS_SINCE SSHD_RELEASE(10, 5)

static bool counts_late_in_match(enum sshd_keyword_id id)
{
	return id == KW_REKEYLIMIT; /* ChannelTimeout has a rule of its own */
}

static enum err judge_ignored_line(const struct facts *f, const struct sshd_line *l, struct finding *out)
{
	const struct sshd_keyword *k = l->keyword;
	bool gone = k->gone && f->release >= k->gone;
	enum err e;

	if (!gone && !(l->match && counts_late_in_match(k->id) && f->release < MATCH_COUNTS_SINCE))
		return ERR_NONE;
	out->status = STATUS_WARN;
	if (gone && k->gone > SSHD_OLDEST)
		e = finding_evidence(out, l->file, l->line, "%s: not used any more since OpenSSH %u.%u", l->spelling,
				     k->gone / 100, k->gone % 100);
	else if (gone)
		e = finding_evidence(out, l->file, l->line, "%s: not used any more", l->spelling);
	else
		e = finding_evidence(out, l->file, l->line,
				     "%s: inside a Match block it has no effect before OpenSSH 10.5", l->spelling);
	if (e || out->reason)
		return e;
	return finding_reason(out, "%s:%u %s is ignored", judge_path(f, l->file), l->line, l->spelling);
}

static enum err judge_keyword_ignored(const struct facts *f, const struct policy *p, struct finding *out)
{
	enum err e;

	if (!f->config || !f->release)
		return judge_unknown(f, out);
	for (size_t i = 0; i < f->config->nlines; i++)
		if ((e = judge_ignored_line(f, &f->config->lines[i], out)))
			return e;
	if (out->status == STATUS_PASS)
		return ERR_NONE;
	if ((e = finding_detail(out, "sshd reads these lines and does nothing about them.")))
		return e;
	return finding_fix(out, NULL, "remove these lines, or set them where they count");
}

static const char *const match_refs[] = { "sshd_config(5) Match", "ssh_config(5) PATTERNS", NULL };
static const char *const list_refs[] = { "sshd_config(5) DenyUsers", NULL };
static const char *const keyword_refs[] = { "OpenSSH release notes", NULL };

const struct rule rules_match[] = {
	{ "access-contradiction", 2, SEVERITY_LOW, 0, 0, "nobody is both allowed and denied",
	  judge_access_contradiction, NULL, list_refs },
	{ "match-never", 2, SEVERITY_MEDIUM, 0, 0, "every Match block can be on", judge_match_never, NULL, match_refs },
	{ "keyword-ignored", 2, SEVERITY_LOW, 0, 0, "every setting has an effect in this version",
	  judge_keyword_ignored, NULL, keyword_refs },
};
const size_t rules_match_n = ARRAY_SIZE(rules_match);
