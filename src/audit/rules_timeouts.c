/* SPDX-License-Identifier: GPL-3.0-or-later */
/* rules_timeouts.c - step 6: dead peers, idle people, slow logins and too many of them. */
#include "audit/judge.h"

#include "base/number.h"
#include "sshd/pattern.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

/* Plans a number from the policy. */
static enum err plan_number(const struct policy *p, const char *value, enum sshd_keyword_id id, struct finding *out)
{
	uint64_t n = policy_number(p, value, 0);
	char text[24];

	if (n == 0)
		return ERR_NONE;
	snprintf(text, sizeof text, "%llu", (unsigned long long)n);
	return finding_set(out, id, text);
}

/* login-grace */

static enum err judge_login_grace(const struct facts *f, const struct policy *p, struct finding *out)
{
	uint64_t limit = policy_number(p, "login-grace-max", policy_number(p, "login-grace", 60)), seconds;
	bool race = f->release >= SSHD_RELEASE(8, 5) && f->release <= SSHD_RELEASE(9, 7);
	char most[32];
	enum err e;

	if (!judge_number(f, KW_LOGINGRACETIME, &seconds))
		return judge_unknown(f, out);
	if (seconds > 0 && seconds <= limit)
		return ERR_NONE;
	duration_format(limit, most, sizeof most);
	out->status = STATUS_FAIL;
	if ((e = judge_cite(f, KW_LOGINGRACETIME, out)) ||
	    (e = finding_detail(
		     out, "%s%s",
		     seconds ? "Whoever connects and says nothing holds a place for longer than anybody needs to log in."
			     : "Without a limit, connections that say nothing hold their places for ever.",
		     seconds == 0 && race ? " As a stop-gap against CVE-2024-6387 it was right; update instead."
					  : "")) ||
	    (e = plan_number(p, "login-grace", KW_LOGINGRACETIME, out)))
		return e;
	return judge_fix(out, "set LoginGraceTime to at most %s", most);
}

/* client-alive */

/* Cites lines inside Match blocks whose number is outside of 1..most. */
static enum err cite_match_numbers(const struct facts *f, enum sshd_keyword_id id, uint64_t most, struct finding *out)
{
	const struct sshd_line **lines = NULL;
	size_t n = 0;
	enum err e = judge_match_lines(f, id, &lines, &n);

	for (size_t i = 0; i < n && !e; i++) {
		uint64_t v;

		if (!lines[i]->args.n || duration_parse(lines[i]->args.v[0], &v) || (v > 0 && v <= most))
			continue;
		out->status = STATUS_FAIL;
		e = judge_cite_line(lines[i], out);
	}
	free(lines);
	return e;
}

static enum err judge_client_alive_off(const struct facts *f, const struct policy *p, struct finding *out)
{
	uint64_t most = policy_number(p, "client-alive-interval-max", UINT64_MAX), interval;
	enum err e;

	if (!judge_number(f, KW_CLIENTALIVEINTERVAL, &interval))
		return judge_unknown(f, out);
	if (interval == 0 || interval > most) {
		out->status = STATUS_FAIL;
		if ((e = judge_cite(f, KW_CLIENTALIVEINTERVAL, out)))
			return e;
	}
	if ((e = cite_match_numbers(f, KW_CLIENTALIVEINTERVAL, most, out)) || out->status == STATUS_PASS)
		return e;
	if ((e = finding_detail(
		     out, interval ? "Connections whose other end is gone stay for long."
				   : "Connections whose other end is gone stay until the kernel gives up, if ever.")) ||
	    (e = plan_number(p, "client-alive-interval", KW_CLIENTALIVEINTERVAL, out)) ||
	    (e = plan_number(p, "client-alive-count", KW_CLIENTALIVECOUNTMAX, out)))
		return e;
	return judge_fix(out, "have sshd ask silent clients every %llu seconds",
			 (unsigned long long)policy_number(p, "client-alive-interval", 60));
}

static enum err judge_countmax_zero(const struct facts *f, const struct policy *p, struct finding *out)
{
	uint64_t count;
	enum err e;

	if (!judge_number(f, KW_CLIENTALIVECOUNTMAX, &count) || !f->release)
		return judge_unknown(f, out);
	if (count == 0) {
		out->status = f->release >= SSHD_RELEASE(8, 2) ? STATUS_FAIL : STATUS_WARN;
		if ((e = judge_cite(f, KW_CLIENTALIVECOUNTMAX, out)))
			return e;
	}
	if ((e = cite_match_numbers(f, KW_CLIENTALIVECOUNTMAX, UINT64_MAX, out)) || out->status == STATUS_PASS)
		return e;
	if (f->release < SSHD_RELEASE(8, 2))
		out->status = STATUS_WARN;
	if ((e = finding_detail(
		     out,
		     f->release < SSHD_RELEASE(8, 2)
			     ? "Here 0 ends a session at the first silent interval, living clients too; after an update to "
			       "8.2 or later it will never end one."
			     : "Since OpenSSH 8.2 a count of 0 means that a dead session is never ended: the old recipe does "
			       "the opposite.")) ||
	    (e = plan_number(p, "client-alive-count", KW_CLIENTALIVECOUNTMAX, out)))
		return e;
	return judge_fix(out, "set ClientAliveCountMax %llu",
			 (unsigned long long)policy_number(p, "client-alive-count", 3));
}

/* idle time-outs */

static bool covers(const struct strings *words, const char *channel)
{
	for (size_t i = 0; i < words->n; i++) {
		const char *equal = strchr(words->v[i], '=');
		char *type = equal ? strndup(words->v[i], (size_t)(equal - words->v[i])) : NULL;
		bool hit = type && pattern_match(channel, type) && strcmp(equal, "=0") != 0;

		free(type);
		if (hit)
			return true;
	}
	return false;
}

static enum err plan_channel_timeout(const struct policy *p, struct finding *out)
{
	uint64_t seconds = policy_number(p, "idle-timeout", 0);
	char time[32], args[64];

	if (seconds == 0)
		return ERR_NONE;
	duration_format(seconds, time, sizeof time);
	snprintf(args, sizeof args, "session:*=%s", time);
	return finding_set(out, KW_CHANNELTIMEOUT, args);
}

static enum err plan_idle(const struct policy *p, bool channel, bool unused, struct finding *out)
{
	uint64_t seconds = policy_number(p, "unused-timeout", 0);
	char time[32];
	enum err e;

	if (channel && (e = plan_channel_timeout(p, out)))
		return e;
	if (!unused || seconds == 0)
		return ERR_NONE;
	duration_format(seconds, time, sizeof time);
	return finding_set(out, KW_UNUSEDCONNECTIONTIMEOUT, time);
}

static enum err judge_idle_none(const struct facts *f, const struct policy *p, struct finding *out)
{
	const char *timeouts = judge_value(f, KW_CHANNELTIMEOUT), *unused = judge_value(f, KW_UNUSEDCONNECTIONTIMEOUT);
	struct strings words = { 0 };
	bool shells, connections;
	enum err e;

	if (!timeouts || !unused)
		return judge_unknown(f, out);
	if ((e = strings_split(&words, timeouts, " \t")))
		return e;
	/* "session=" covers nothing, which is the next rule's concern; here it only must not count as a time-out. */
	shells = covers(&words, "session:shell") && covers(&words, "session:command");
	strings_free(&words);
	connections = *unused && strcasecmp(unused, "none") != 0 && strcmp(unused, "0") != 0;
	if (shells && connections)
		return ERR_NONE;
	out->status = shells ? STATUS_WARN : STATUS_FAIL;
	if (!shells && (e = judge_cite(f, KW_CHANNELTIMEOUT, out)))
		return e;
	if (!connections && (e = judge_cite(f, KW_UNUSEDCONNECTIONTIMEOUT, out)))
		return e;
	if ((e = finding_detail(
		     out,
		     shells ? "A connection without any session is never ended."
			    : "A forgotten session stays open for ever: ClientAlive notices dead peers, not people who went away.")) ||
	    (e = plan_idle(p, !shells, !connections, out)))
		return e;
	return judge_fix(out, "end sessions that are idle: ChannelTimeout and UnusedConnectionTimeout");
}

static bool is_bare_session(const char *word)
{
	return strncasecmp(word, "session=", 8) == 0;
}

static enum err judge_idle_line(const struct facts *f, const struct sshd_line *l, bool *in_match, bool *bare,
				struct finding *out)
{
	bool here = false;

	for (size_t i = 0; i < l->args.n; i++)
		here = here || is_bare_session(l->args.v[i]);
	*bare = *bare || here;
	if (l->match && f->release && f->release < SSHD_RELEASE(10, 5) && l->args.n &&
	    strcasecmp(l->args.v[0], "none") != 0)
		*in_match = here = true;
	return here ? judge_cite_line(l, out) : ERR_NONE;
}

static enum err judge_idle_ineffective(const struct facts *f, const struct policy *p, struct finding *out)
{
	const struct sshd_line **lines = NULL;
	bool in_match = false, bare = false;
	size_t n = 0;
	enum err e;

	if (!f->config)
		return judge_unknown(f, out);
	if ((e = sshd_lines_of(f->config, KW_CHANNELTIMEOUT, &lines, &n)))
		return e;
	for (size_t i = 0; i < n && !e; i++)
		e = judge_idle_line(f, lines[i], &in_match, &bare, out);
	free(lines);
	if (e || (!in_match && !bare))
		return e;
	out->status = STATUS_FAIL;
	if ((e = finding_detail(
		     out, "%s%s%s",
		     in_match
			     ? "Before 10.5 a ChannelTimeout inside a Match block is shown by sshd -T, but never applied."
			     : "",
		     in_match && bare ? " " : "",
		     bare ? "A time-out for 'session' ends nothing, because a channel is 'session:shell' or 'session:command' as "
			    "soon as it is used."
			  : "")) ||
	    (e = plan_channel_timeout(p, out)))
		return e;
	return judge_fix(out, "set ChannelTimeout session:*=TIME globally");
}

/* startups */

/* "10:30:100", or "10" for "10:100:10". */
static bool startups_parse(const char *s, unsigned v[3])
{
	int n = sscanf(s, "%9u:%9u:%9u", &v[0], &v[1], &v[2]);

	if (n == 1) {
		v[1] = 100;
		v[2] = v[0];
	}
	return n == 1 || n == 3;
}

static enum err judge_max_startups(const struct facts *f, const struct policy *p, struct finding *out)
{
	const char *value = judge_value(f, KW_MAXSTARTUPS), *wanted = policy_word(p, "max-startups");
	unsigned is[3], most[3];
	enum err e;

	if (!wanted || !value || !startups_parse(wanted, most) || !startups_parse(value, is))
		return ERR_NONE;
	if (is[0] <= most[0] && is[2] <= most[2])
		return ERR_NONE;
	out->status = STATUS_FAIL;
	if ((e = judge_cite(f, KW_MAXSTARTUPS, out)))
		return e;
	return finding_set(out, KW_MAXSTARTUPS, wanted);
}

static enum err judge_per_source(const struct facts *f, const struct policy *p, struct finding *out)
{
	const char *value = judge_value(f, KW_PERSOURCEMAXSTARTUPS),
		   *block = policy_word(p, "per-source-net-block-size");
	uint64_t most = policy_number(p, "per-source-max-startups", 0), is;
	enum err e;

	if (f->release < SSHD_RELEASE(8, 5) || !most || !value)
		return ERR_NONE;
	if (strcasecmp(value, "none") != 0 && duration_parse(value, &is) == ERR_NONE && is <= most)
		return ERR_NONE;
	out->status = STATUS_FAIL;
	if ((e = judge_cite(f, KW_PERSOURCEMAXSTARTUPS, out)) ||
	    (e = plan_number(p, "per-source-max-startups", KW_PERSOURCEMAXSTARTUPS, out)))
		return e;
	/* Whoever has one IPv6 address mostly has a /64 of them. */
	return block ? finding_set(out, KW_PERSOURCENETBLOCKSIZE, block) : ERR_NONE;
}

static enum err judge_penalties(const struct facts *f, struct finding *out)
{
	if (f->release < SSHD_RELEASE(9, 8) || !judge_is(f, KW_PERSOURCEPENALTIES, "no"))
		return ERR_NONE;
	out->status = STATUS_FAIL;
	return judge_cite(f, KW_PERSOURCEPENALTIES, out);
}

static enum err judge_startups(const struct facts *f, const struct policy *p, struct finding *out)
{
	enum err e;

	if (!judge_value(f, KW_MAXSTARTUPS))
		return judge_unknown(f, out);
	if ((e = judge_max_startups(f, p, out)) || (e = judge_per_source(f, p, out)) || (e = judge_penalties(f, out)) ||
	    out->status == STATUS_PASS)
		return e;
	if ((e = finding_detail(out, "One attacker can take all the places that sshd keeps for logins in progress.")))
		return e;
	return out->nchanges ? judge_fix(out, "limit logins in progress, also for each source")
			     : finding_fix(out, NULL, "remove PerSourcePenalties no");
}

static const char *const grace_refs[] = { "sshd_config(5) LoginGraceTime", "CVE-2024-6387", NULL };
static const char *const alive_refs[] = { "sshd_config(5) ClientAliveInterval", NULL };
static const char *const count_refs[] = { "OpenSSH 8.2 release notes", "sshd_config(5) ClientAliveCountMax", NULL };
static const char *const idle_refs[] = { "OpenSSH 9.2 release notes", "sshd_config(5) ChannelTimeout", NULL };
static const char *const ineffective_refs[] = { "OpenSSH 10.5 release notes", "sshd_config(5) ChannelTimeout", NULL };
static const char *const startups_refs[] = { "sshd_config(5) MaxStartups", "CVE-2002-20001", NULL };

const struct rule rules_timeouts[] = {
	{ "login-grace", 6, SEVERITY_MEDIUM, 0, 0, "slow logins are cut off in time", judge_login_grace, NULL,
	  grace_refs },
	{ "client-alive-off", 6, SEVERITY_MEDIUM, 0, 0, "dead peers are noticed", judge_client_alive_off, NULL,
	  alive_refs },
	{ "client-alive-countmax-zero", 6, SEVERITY_MEDIUM, 0, 0, "sessions of dead peers are ended",
	  judge_countmax_zero, NULL, count_refs },
	{ "idle-timeout-none", 6, SEVERITY_MEDIUM, SSHD_RELEASE(9, 2), 0, "idle sessions are ended", judge_idle_none,
	  NULL, idle_refs },
	{ "idle-timeout-ineffective", 6, SEVERITY_MEDIUM, SSHD_RELEASE(9, 2), 0,
	  "the idle time-outs that are set have an effect", judge_idle_ineffective, NULL, ineffective_refs },
	{ "startups", 6, SEVERITY_LOW, 0, 0, "logins in progress are limited", judge_startups, NULL, startups_refs },
};
const size_t rules_timeouts_n = ARRAY_SIZE(rules_timeouts);
