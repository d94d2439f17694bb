/* SPDX-License-Identifier: GPL-3.0-or-later */
/* policy.c - read policy files: what they may set, where they are found, what they start from. */
#include "audit/policy.h"

#include "audit/rule.h"
#include "base/data.h"
#include "base/nearest.h"
#include "base/number.h"
#include "base/root.h"
#include "sshd/pattern.h"

#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/banned.h"

#define POLICY_MAX_SIZE (256 * 1024)
#define POLICY_MAX_DEPTH 8
#define POLICY_MAX_WORDS 200
#define NOTICE_MAX_SIZE (64 * 1024)
#define RULES_MAX 256

enum value_kind { VALUE_WORDS, VALUE_WORD, VALUE_NUMBER, VALUE_DURATION };

static const struct value_row {
	const char *name;
	enum value_kind kind;
	uint64_t min, max;
} values[] = {
	{ "moduli-bits", VALUE_NUMBER, 1024, 16384 },
	{ "rsa-bits", VALUE_NUMBER, 1024, 16384 },
	{ "kex", VALUE_WORDS },
	{ "kex-refuse", VALUE_WORDS },
	{ "kex-avoid", VALUE_WORDS },
	{ "ciphers", VALUE_WORDS },
	{ "ciphers-refuse", VALUE_WORDS },
	{ "ciphers-avoid", VALUE_WORDS },
	{ "macs", VALUE_WORDS },
	{ "macs-refuse", VALUE_WORDS },
	{ "macs-avoid", VALUE_WORDS },
	{ "host-keys-refuse", VALUE_WORDS },
	{ "bcrypt-rounds", VALUE_NUMBER, 1, 10000 },
	{ "pbkdf2-rounds", VALUE_NUMBER, 1, 100000000 },
	{ "from-required", VALUE_WORDS },
	{ "hardware-keys", VALUE_WORD },
	{ "root-login", VALUE_WORDS },
	{ "max-auth-tries", VALUE_NUMBER, 1, 100 },
	{ "login-grace", VALUE_DURATION, 1, 3600 },
	{ "login-grace-max", VALUE_DURATION, 1, 3600 },
	{ "client-alive-interval", VALUE_DURATION, 1, 86400 },
	{ "client-alive-interval-max", VALUE_DURATION, 1, 86400 },
	{ "client-alive-count", VALUE_NUMBER, 1, 100 },
	{ "idle-timeout", VALUE_DURATION, 1, 604800 },
	{ "unused-timeout", VALUE_DURATION, 1, 604800 },
	{ "max-startups", VALUE_WORD },
	{ "per-source-max-startups", VALUE_NUMBER, 1, 10000 },
	{ "per-source-net-block-size", VALUE_WORD },
	{ "banner", VALUE_WORD },
};

static const char *const severities[] = { "critical", "high", "medium", "low", "info", "off", NULL };
#define SEVERITY_OFF 5

struct policy {
	char *name, *given, *title, *notice;
	struct strings v[ARRAY_SIZE(values)];
	signed char severity[RULES_MAX]; /* by the rule's number; -1: as the rule has it */
};

/* One file while it is read. */
struct reading {
	struct policy *p;
	struct diags *problems;
	const char *file; /* as the user would name it; NULL: from memory */
	unsigned depth;
	bool from_memory;
	bool began; /* a Set or Severity was seen, so a Base comes too late */
	bool based;
	unsigned set_line[ARRAY_SIZE(values)];
	unsigned severity_line[RULES_MAX];
};

static enum err load_into(const char *name, const char *beside, struct policy *p, unsigned depth,
			  struct diags *problems);

static struct policy *policy_new(void)
{
	struct policy *p = calloc(1, sizeof *p);

	if (p)
		memset(p->severity, -1, sizeof p->severity);
	return p;
}

void policy_free(struct policy *p)
{
	if (!p)
		return;
	for (size_t i = 0; i < ARRAY_SIZE(values); i++)
		strings_free(&p->v[i]);
	free(p->name);
	free(p->given);
	free(p->title);
	free(p->notice);
	free(p);
}

static bool is_plain_name(const char *s)
{
	return s[0] != '\0' && s[0] != '.' && !strchr(s, '/') && strlen(s) < 100;
}

static const struct value_row *value_find(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(values); i++)
		if (strcmp(values[i].name, name) == 0)
			return &values[i];
	return NULL;
}

static void unknown_value(const struct reading *r, unsigned line, const char *word)
{
	const char *names[ARRAY_SIZE(values) + 1] = { 0 };
	const char *near;

	for (size_t i = 0; i < ARRAY_SIZE(values); i++)
		names[i] = values[i].name;
	near = nearest_word(word, names);
	diag_error_escaped(r->problems, r->file, line, "no value is called '%s'%s%s%s", word,
			   near ? ": did you mean '" : "", near ? near : "", near ? "'?" : "");
}

static enum err check_value(const struct reading *r, unsigned line, const struct value_row *row,
			    const struct strings *words)
{
	uint64_t n;
	enum err e;

	if (words->n == 0 || words->n > POLICY_MAX_WORDS || (row->kind != VALUE_WORDS && words->n != 1)) {
		diag_error_escaped(r->problems, r->file, line, "Set %s: wants %s", row->name,
				   row->kind == VALUE_WORDS ? "one to 200 words" : "one word");
		return ERR_CONFIG;
	}
	if (row->kind == VALUE_WORDS || row->kind == VALUE_WORD)
		return ERR_NONE;
	e = row->kind == VALUE_NUMBER ? number_parse(words->v[0], row->min, row->max, &n)
				      : duration_parse(words->v[0], &n);
	if (!e && (n < row->min || n > row->max))
		e = ERR_RANGE;
	if (e)
		diag_error_escaped(r->problems, r->file, line, "%s is '%s': wants a %s from %llu to %llu", row->name,
				   words->v[0],
				   row->kind == VALUE_NUMBER ? "number" : "time in seconds, or such as 5m,",
				   (unsigned long long)row->min, (unsigned long long)row->max);
	return e ? ERR_CONFIG : ERR_NONE;
}

/* words: the setting's name, then its value. */
static enum err line_set(struct reading *r, unsigned line, const struct strings *words)
{
	const struct value_row *row = words->n > 1 ? value_find(words->v[1]) : NULL;
	struct strings value = { .v = words->v + 2, .n = words->n > 2 ? words->n - 2 : 0 }, copy = { 0 };
	size_t i;
	enum err e;

	r->began = true;
	if (words->n < 2) {
		diag_error_escaped(r->problems, r->file, line, "Set: wants the name of a value and the value");
		return ERR_NONE;
	}
	if (!row) {
		unknown_value(r, line, words->v[1]);
		return ERR_NONE;
	}
	i = (size_t)(row - values);
	if (r->set_line[i]) {
		diag_error_escaped(r->problems, r->file, line, "%s is set already in line %u", row->name,
				   r->set_line[i]);
		return ERR_NONE;
	}
	r->set_line[i] = line;
	if (value.n == 1 && strcmp(value.v[0], "none") == 0)
		value.n = 0;
	else if (check_value(r, line, row, &value))
		return ERR_NONE;
	if ((e = strings_copy(&copy, &value))) {
		strings_free(&copy);
		return e;
	}
	strings_free(&r->p->v[i]);
	r->p->v[i] = copy;
	return ERR_NONE;
}

static bool rule_number(const char *id, size_t *out)
{
	for (size_t i = 0; i < rules_count() && i < RULES_MAX; i++) {
		if (strcmp(rule_at(i)->id, id) == 0) {
			*out = i;
			return true;
		}
	}
	return false;
}

static void unknown_rule(const struct reading *r, unsigned line, const char *word)
{
	const char *ids[RULES_MAX + 1] = { 0 };
	const char *near;

	for (size_t i = 0; i < rules_count() && i < RULES_MAX; i++)
		ids[i] = rule_at(i)->id;
	near = nearest_word(word, ids);
	diag_error_escaped(r->problems, r->file, line, "there is no rule '%s'%s%s%s", word,
			   near ? ": did you mean '" : "", near ? near : "", near ? "'?" : "");
}

static enum err line_severity(struct reading *r, unsigned line, const struct strings *words)
{
	size_t rule;

	r->began = true;
	if (words->n != 3) {
		diag_error_escaped(r->problems, r->file, line,
				   "Severity: wants a rule and critical, high, medium, low, info or off");
		return ERR_NONE;
	}
	if (!rule_number(words->v[1], &rule)) {
		unknown_rule(r, line, words->v[1]);
		return ERR_NONE;
	}
	if (r->severity_line[rule]) {
		diag_error_escaped(r->problems, r->file, line, "the severity of %s is set already in line %u",
				   words->v[1], r->severity_line[rule]);
		return ERR_NONE;
	}
	r->severity_line[rule] = line;
	for (int i = 0; severities[i]; i++) {
		if (strcmp(severities[i], words->v[2]) != 0)
			continue;
		r->p->severity[rule] = (signed char)i;
		return ERR_NONE;
	}
	diag_error_escaped(r->problems, r->file, line,
			   "the severity of %s is '%s': wants critical, high, medium, low, info or off", words->v[1],
			   words->v[2]);
	return ERR_NONE;
}

static enum err line_title(struct reading *r, unsigned line, const struct strings *words)
{
	const struct strings rest = { .v = words->v + 1, .n = words->n - 1 };
	struct text t = { 0 };

	if (words->n < 2) {
		diag_error_escaped(r->problems, r->file, line, "Title: wants a text");
		return ERR_NONE;
	}
	strings_join(&rest, " ", &t);
	free(r->p->title);
	r->p->title = text_take(&t);
	return r->p->title ? ERR_NONE : ERR_MEMORY;
}

static enum err line_base(struct reading *r, unsigned line, const struct strings *words)
{
	enum err e;

	if (words->n != 2)
		diag_error_escaped(r->problems, r->file, line, "Base: wants the name of one policy");
	else if (r->from_memory)
		diag_error_escaped(r->problems, r->file, line, "Base: no other policy can be read here");
	else if (r->began || r->based)
		diag_error_escaped(r->problems, r->file, line,
				   "Base: must stand once, before the first Set and Severity");
	else if (r->depth >= POLICY_MAX_DEPTH)
		diag_error_escaped(r->problems, r->file, line, "Base: more than %d policies deep", POLICY_MAX_DEPTH);
	else {
		r->based = true;
		e = load_into(words->v[1], r->file, r->p, r->depth + 1, r->problems);
		if (e == ERR_MEMORY)
			return e;
		if (e && e != ERR_CONFIG)
			diag_error_escaped(r->problems, r->file, line, "Base: policy '%s' cannot be read: %s",
					   words->v[1], err_text(e));
	}
	return ERR_NONE;
}

static const struct setting {
	const char *name;
	enum err (*read)(struct reading *r, unsigned line, const struct strings *words);
} settings[] = {
	{ "Title", line_title },
	{ "Base", line_base },
	{ "Set", line_set },
	{ "Severity", line_severity },
};

static enum err read_line(void *arg, unsigned line, const char *s)
{
	struct reading *r = arg;
	struct strings words = { 0 };
	enum err e;

	s += strspn(s, " \t\r");
	if (*s == '\0' || *s == '#')
		return ERR_NONE;
	if ((e = strings_split(&words, s, " \t\r")))
		goto out;
	for (size_t i = 0; i < ARRAY_SIZE(settings); i++) {
		if (strcasecmp(words.v[0], settings[i].name) != 0)
			continue;
		e = settings[i].read(r, line, &words);
		goto out;
	}
	diag_error_escaped(r->problems, r->file, line, "'%s' is no setting: wants Title, Base, Set or Severity",
			   words.v[0]);
out:
	strings_free(&words);
	return e;
}

/* Folders to look in: that of the file which names this one, then the usual ones. */
static enum err policy_dirs(const char *beside, const char *kind, struct strings *out)
{
	const char *slash = beside ? strrchr(beside, '/') : NULL;
	enum err e = ERR_NONE;

	if (slash && strcmp(kind, "policies") == 0)
		e = strings_add_format(out, "%.*s", (int)(slash - beside), beside);
	else if (slash)
		e = strings_add_format(out, "%.*s/../%s", (int)(slash - beside), beside, kind);
	return e ? e : data_dirs(kind, out);
}

static enum err find_policy(const char *name, const char *beside, char **path, char **content, size_t *len)
{
	struct strings dirs = { 0 };
	struct text file = { 0 };
	enum err e;

	if (strchr(name, '/')) {
		char *real = realpath(name, NULL);

		if (!real)
			return ERR_SYSTEM;
		if (!(e = strings_add(&dirs, "")))
			e = data_read(&dirs, real + 1, POLICY_MAX_SIZE, path, content, len);
		free(real);
		goto out;
	}
	if (!is_plain_name(name))
		return ERR_NOT_FOUND;
	text_add(&file, "%s.policy", name);
	if (!(e = text_check(&file)) && !(e = policy_dirs(beside, "policies", &dirs)))
		e = data_read(&dirs, file.s, POLICY_MAX_SIZE, path, content, len);
out:
	text_free(&file);
	strings_free(&dirs);
	return e;
}

static enum err load_into(const char *name, const char *beside, struct policy *p, unsigned depth,
			  struct diags *problems)
{
	struct reading r = { .p = p, .problems = problems, .depth = depth };
	char *path = NULL, *content = NULL;
	size_t errors = problems->errors, len;
	enum err e;

	if ((e = find_policy(name, beside, &path, &content, &len)))
		return e;
	r.file = path;
	e = data_lines(content, len, r.file, read_line, &r, r.problems);
	if (!e && problems->errors > errors)
		e = ERR_CONFIG;
	free(path);
	free(content);
	return e;
}

/* A missing notice is no mistake of the policy: the rule then says that there is nothing to install. */
static enum err load_notice(struct policy *p, const char *name)
{
	const char *notice = policy_word(p, "banner");
	struct strings dirs = { 0 };
	struct text file = { 0 };
	char *path = NULL;
	size_t len;
	enum err e;

	if (!notice || !is_plain_name(notice))
		return ERR_NONE;
	text_add(&file, "%s.txt", notice);
	if (!(e = text_check(&file)) && !(e = policy_dirs(strchr(name, '/') ? name : NULL, "banners", &dirs)))
		e = data_read(&dirs, file.s, NOTICE_MAX_SIZE, &path, &p->notice, &len);
	free(path);
	text_free(&file);
	strings_free(&dirs);
	return e == ERR_MEMORY ? e : ERR_NONE;
}

/* "/home/anna/strict.policy" -> "strict" */
static char *name_of(const char *name)
{
	const char *slash = strrchr(name, '/'), *base = slash ? slash + 1 : name;
	size_t len = strlen(base), end = strlen(".policy");

	if (len > end && strcmp(base + len - end, ".policy") == 0)
		len -= end;
	return strndup(base, len);
}

enum err policy_load(const char *name, struct policy **out, struct diags *problems)
{
	struct policy *p = policy_new();
	enum err e = ERR_MEMORY;

	if (!p)
		return e;
	p->name = name_of(name);
	p->given = strdup(name);
	if (!p->name || !p->given || (e = load_into(name, NULL, p, 0, problems)) || (e = load_notice(p, name))) {
		policy_free(p);
		return e;
	}
	*out = p;
	return ERR_NONE;
}

enum err policy_parse(const char *content, size_t len, struct policy **out, struct diags *problems)
{
	struct policy *p = policy_new();
	struct reading r = { .p = p, .problems = problems, .from_memory = true };
	size_t errors = problems->errors;
	enum err e;

	if (!p)
		return ERR_MEMORY;
	if (len > POLICY_MAX_SIZE)
		e = ERR_TOO_BIG;
	else if (!(p->name = strdup("(memory)")))
		e = ERR_MEMORY;
	else
		e = data_lines(content, len, r.file, read_line, &r, r.problems);
	if (!e && problems->errors > errors)
		e = ERR_CONFIG;
	if (e) {
		policy_free(p);
		return e;
	}
	*out = p;
	return ERR_NONE;
}

const char *policy_name(const struct policy *p)
{
	return p->name;
}

const char *policy_given(const struct policy *p)
{
	return p->given ? p->given : p->name;
}

const char *policy_title(const struct policy *p)
{
	return p->title ? p->title : p->name;
}

const struct strings *policy_words(const struct policy *p, const char *value)
{
	static const struct strings none;
	const struct value_row *row = value_find(value);

	return row ? &p->v[row - values] : &none;
}

const char *policy_word(const struct policy *p, const char *value)
{
	const struct strings *words = policy_words(p, value);

	return words->n ? words->v[0] : NULL;
}

uint64_t policy_number(const struct policy *p, const char *value, uint64_t otherwise)
{
	const char *word = policy_word(p, value);
	uint64_t n;

	return word && duration_parse(word, &n) == ERR_NONE ? n : otherwise;
}

bool policy_matches(const struct policy *p, const char *value, const char *word)
{
	const struct strings *patterns = policy_words(p, value);

	for (size_t i = 0; i < patterns->n; i++)
		if (pattern_match(word, patterns->v[i]))
			return true;
	return false;
}

const char *policy_notice(const struct policy *p)
{
	return p->notice;
}

bool policy_severity(const struct policy *p, const char *rule, enum severity usual, enum severity *out)
{
	size_t i;

	if (!rule_number(rule, &i) || p->severity[i] < 0) {
		*out = usual;
		return true;
	}
	if (p->severity[i] == SEVERITY_OFF)
		return false;
	*out = (enum severity)p->severity[i];
	return true;
}

void policy_format(const struct policy *p, struct text *out)
{
	text_add(out, "Title %s\n", policy_title(p));
	for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
		if (p->v[i].n == 0)
			continue;
		text_add(out, "Set %s ", values[i].name);
		strings_join(&p->v[i], " ", out);
		text_add_string(out, "\n");
	}
	for (size_t i = 0; i < rules_count() && i < RULES_MAX; i++)
		if (p->severity[i] >= 0)
			text_add(out, "Severity %s %s\n", rule_at(i)->id, severities[p->severity[i]]);
	if (p->notice)
		text_add(out, "Notice %s\n", p->notice);
}

enum err policy_list(struct strings *out)
{
	struct strings dirs = { 0 }, found = { 0 }, names;
	struct root *live = NULL;
	enum err e;

	if ((e = root_open("/", &live)) || (e = data_dirs("policies", &dirs)))
		goto out;
	for (size_t i = 0; i < dirs.n && !e; i++) {
		names = (struct strings){ 0 };
		if (root_list(live, dirs.v[i], &names)) /* a folder that is not there has none */
			continue;
		for (size_t j = 0; j < names.n && !e; j++) {
			size_t len = strlen(names.v[j]), end = strlen(".policy");

			if (len <= end || strcmp(names.v[j] + len - end, ".policy") != 0)
				continue;
			names.v[j][len - end] = '\0';
			if (!strings_has(&found, names.v[j]))
				e = strings_add(&found, names.v[j]);
		}
		strings_free(&names);
	}
	strings_sort(&found);
	if (!e)
		e = strings_copy(out, &found);
out:
	strings_free(&found);
	strings_free(&dirs);
	root_close(live);
	return e;
}

const char *severity_text(enum severity s)
{
	return severities[s];
}
