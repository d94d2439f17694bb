/* SPDX-License-Identifier: GPL-3.0-or-later */
/* value.c - the forms of values: one checks and one prints for each kind, and for each keyword that has a form of its own. */
#include "sshd/value.h"

#include "sshd/pattern.h"
#include "sshd/version.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/banned.h"

/* Before, a list could be empty behind its keyword. */
#define LISTS_WHOLE SSHD_RELEASE(9, 7)

/* The words of a line while they are checked, and what was wrong with them. */
struct words {
	const struct sshd_line *line;
	unsigned release;
	size_t next;
	const char *bad;   /* the word that does not do; NULL: one is missing */
	const char *wants; /* what would do */
	struct text *list; /* room for a 'wants' that has to be put together */
};

static const char *word_next(struct words *w)
{
	return w->next < w->line->args.n ? w->line->args.v[w->next++] : NULL;
}

static bool words_left(const struct words *w)
{
	return w->next < w->line->args.n;
}

static bool refuse(struct words *w, const char *bad, const char *wants)
{
	w->bad = bad && *bad ? bad : NULL;
	w->wants = wants;
	return false;
}

bool value_number(const char *s, long long min, long long max, long long *out)
{
	char *end;
	long long n;

	errno = 0;
	n = strtoll(s, &end, 10);
	if (end == s || *end || errno || n < min || n > max)
		return false;
	*out = n;
	return true;
}

static long long unit_seconds(char c)
{
	switch (c) {
	case '\0':
	case 's':
	case 'S': return 1;
	case 'm':
	case 'M': return 60;
	case 'h':
	case 'H': return 3600;
	case 'd':
	case 'D': return 86400;
	case 'w':
	case 'W': return 604800;
	default: return 0;
	}
}

/* strtol() as sshd does, so blanks and signs in front of each number are fine. */
bool value_time(const char *s, long long *seconds)
{
	long long total = 0;

	if (!*s)
		return false;
	while (*s) {
		char *end;
		long n;
		errno = 0;
		n = strtol(s, &end, 10);
		if (end == s || errno || n < 0 || n > INT_MAX || !unit_seconds(*end))
			return false;
		total += n * unit_seconds(*end);
		if (total > INT_MAX)
			return false;
		s = *end ? end + 1 : end;
	}
	*seconds = total;
	return true;
}

#define SCALED_DIGITS 20 /* more do not fit */

/* The fraction, as far as it has an effect: digits d of 10 to the power of n. */
static long long fraction_scale(long long digits, unsigned n, long long scale)
{
	while (digits && digits >= LLONG_MAX / scale) {
		digits /= 10;
		n--;
	}
	digits *= scale;
	while (n--)
		digits /= 10;
	return digits;
}

/* The number in front of a unit: whole part and fraction. */
static bool scaled_digits(const char **s, long long *whole, long long *fraction, unsigned *places)
{
	unsigned digits = 0;
	bool point = false;

	for (; isdigit((unsigned char)**s) || **s == '.'; ++*s) {
		long long *part = point ? fraction : whole;
		if (**s == '.') {
			if (point)
				return false;
			point = true;
			continue;
		}
		if (point && *places + 1 >= SCALED_DIGITS)
			continue;
		if (!point && ++digits > SCALED_DIGITS)
			return false;
		if (__builtin_mul_overflow(*part, 10, part) || __builtin_add_overflow(*part, **s - '0', part))
			return false;
		*places += point;
	}
	return true;
}

bool value_scaled(const char *s, long long *out)
{
	static const char units[] = "BKMGTPE";
	long long whole = 0, fraction = 0, scale = 1;
	const char *unit;
	unsigned places = 0;
	int sign = 1;

	s += strspn(s, " \t\n\v\f\r");
	if (*s == '-' || *s == '+')
		sign = *s++ == '-' ? -1 : 1;
	if (!scaled_digits(&s, &whole, &fraction, &places))
		return false;
	if (!*s) {
		*out = sign * whole;
		return true;
	}
	unit = strchr(units, toupper((unsigned char)*s));
	if (!unit || isalnum((unsigned char)s[1]))
		return false;
	scale <<= 10 * (unit - units);
	if (whole > LLONG_MAX / scale)
		return false;
	*out = sign * (whole * scale + fraction_scale(fraction, places, scale));
	return true;
}

bool value_port(const char *s, unsigned *port)
{
	const struct servent *service;
	long long n;

	if (value_number(s, 0, 65535, &n)) {
		*port = (unsigned)n;
		return true;
	}
	service = getservbyname(s, "tcp");
	if (!service)
		return false;
	*port = ntohs((uint16_t)service->s_port);
	return true;
}

/* Up to max numbers between colons, as scanf() takes them: what follows the last one does not matter. */
static int colons_scan(const char *s, int max, int out[])
{
	int n = 0;

	while (n < max) {
		char *end;
		long value;
		errno = 0;
		value = strtol(s, &end, 10);
		if (end == s || errno || value < INT_MIN || value > INT_MAX)
			break;
		out[n++] = (int)value;
		if (*end != ':')
			break;
		s = end + 1;
	}
	return n;
}

bool value_startups(const char *s, struct value_startups *out)
{
	int v[3], n = colons_scan(s, 3, v);

	if (n == 1) {
		v[1] = -1;
		v[2] = v[0];
	} else if (n != 3 || v[0] > v[2] || v[1] < 1 || v[1] > 100) {
		return false;
	}
	*out = (struct value_startups){ v[0], v[1], v[2] };
	return true;
}

bool value_blocks(const char *s, struct value_blocks *out)
{
	int v[2], n = colons_scan(s, 2, v);

	if (n < 1 || v[0] < 0 || v[0] > 32 || (n == 2 && (v[1] < 0 || v[1] > 128)))
		return false;
	*out = (struct value_blocks){ v[0], n == 2 ? v[1] : -1 };
	return true;
}

/* The end of the host in "HOST:PORT", "[HOST]:PORT" or "HOST"; NULL if it is none of them. */
static const char *host_end(const char *s)
{
	const char *end;

	if (*s != '[')
		return s + strcspn(s, ":/");
	end = strchr(s, ']');
	if (!end || !strchr(":/", end[1]))
		return NULL;
	return end + 1;
}

static char *host_copy(const char *s, const char *end)
{
	if (*s == '[' && end > s + 1 && end[-1] == ']') {
		s++;
		end--;
	}
	return strndup(s, (size_t)(end - s));
}

enum err value_listen(const struct strings *args, struct value_listen *out)
{
	struct value_listen l = { 0 };
	const char *s = args->n ? args->v[0] : "", *end, *colon = strchr(s, ':');

	if (!*s)
		return ERR_SYNTAX;
	/* a bare IPv6 address: two colons and no bracket */
	end = !strchr(s, '[') && colon && strchr(colon + 1, ':') ? s + strlen(s) : host_end(s);
	if (!end || (*end && (!value_port(end + 1, &l.port) || !l.port)))
		return ERR_SYNTAX;
	if (args->n > 1) {
		if (strcmp(args->v[1], "rdomain") || args->n < 3)
			return ERR_SYNTAX;
		l.rdomain = args->v[2];
	}
	l.host = host_copy(s, end);
	if (!l.host)
		return ERR_MEMORY;
	if (!*l.host) {
		free(l.host);
		return ERR_SYNTAX;
	}
	*out = l;
	return ERR_NONE;
}

/* The k-th word of a list of words; false behind the last. */
static bool choice_at(const char **list, const char **word, size_t *len)
{
	*list += strspn(*list, " ");
	if (!**list)
		return false;
	*word = *list;
	*len = strcspn(*list, " ");
	*list += *len;
	return true;
}

/* "alias=word@release" as its parts. */
struct choice {
	const char *name, *canonical;
	size_t name_len, canonical_len;
	unsigned since;
};

static bool choice_next(const char **list, struct choice *out)
{
	struct choice c = { 0 };
	const char *word, *p;
	size_t len;

	if (!choice_at(list, &word, &len))
		return false;
	p = memchr(word, '@', len);
	if (p) {
		c.since = (unsigned)strtoul(p + 1, NULL, 10);
		len = (size_t)(p - word);
	}
	c.name = c.canonical = word;
	c.name_len = c.canonical_len = len;
	p = memchr(word, '=', len);
	if (p) {
		c.name_len = (size_t)(p - word);
		c.canonical = p + 1;
		c.canonical_len = len - c.name_len - 1;
	}
	*out = c;
	return true;
}

static const char *choices_of(const struct sshd_keyword *k)
{
	return k->kind == KIND_FLAG ? "yes no" : k->choices;
}

static bool choice_find(const struct sshd_keyword *k, const char *word, unsigned release, struct choice *out)
{
	const char *list = choices_of(k);

	while (choice_next(&list, out)) {
		int differs = k->exact ? strncmp(word, out->name, out->name_len)
				       : strncasecmp(word, out->name, out->name_len);
		if (!differs && !word[out->name_len] && release >= out->since)
			return true;
	}
	return false;
}

/* "yes, no or remote" */
static const char *choices_text(struct words *w)
{
	const char *list = choices_of(w->line->keyword);
	const struct choice *before = NULL;
	struct choice c, last;

	while (choice_next(&list, &c)) {
		if (c.name != c.canonical || w->release < c.since)
			continue;
		if (before)
			text_add(w->list, "%s%.*s", w->list->len ? ", " : "", (int)last.name_len, last.name);
		last = c;
		before = &last;
	}
	if (before)
		text_add(w->list, "%s%.*s", w->list->len ? " or " : "", (int)last.name_len, last.name);
	return text_string(w->list);
}

static bool check_choice(struct words *w)
{
	const char *word = word_next(w);
	struct choice c;

	if (word && *word && choice_find(w->line->keyword, word, w->release, &c))
		return true;
	return refuse(w, word, choices_text(w));
}

static bool check_number(struct words *w)
{
	const char *word = word_next(w);
	long long n;

	return (word && value_number(word, 0, INT_MAX, &n)) || refuse(w, word, "a number from 0 to 2147483647");
}

static bool check_time(struct words *w)
{
	const char *word = word_next(w);
	long long n;

	return (word && value_time(word, &n)) || refuse(w, word, "a time such as 90, 5m or 1h30m");
}

static bool check_word(struct words *w)
{
	const char *word = word_next(w);

	return (word && *word) || refuse(w, word, "one word");
}

static bool check_file(struct words *w)
{
	const char *word = word_next(w);

	return (word && *word) || refuse(w, word, "the name of a file");
}

/* Several words, of which the release may want at least one; 'fits' NULL: any that is not empty. */
static bool check_list(struct words *w, bool (*fits)(const char *), const char *wants)
{
	const char *word;

	if (!words_left(w) && w->release >= LISTS_WHOLE)
		return refuse(w, NULL, wants);
	while ((word = word_next(w)))
		if (!*word || (fits && !fits(word)))
			return refuse(w, word, wants);
	return true;
}

static bool check_words(struct words *w)
{
	return check_list(w, NULL, "words that are not empty");
}

static bool check_users(struct words *w)
{
	const char *word, *why = NULL;

	if (!words_left(w) && w->release >= LISTS_WHOLE)
		return refuse(w, NULL, "user names or USER@HOST patterns");
	while ((word = word_next(w)))
		if (pattern_check_user(word, &why))
			return refuse(w, word, why);
	return true;
}

static bool env_name_fits(const char *word)
{
	return !strchr(word, '=');
}

static bool check_acceptenv(struct words *w)
{
	return check_list(w, env_name_fits, "names of variables, without values");
}

static bool env_setting_fits(const char *word)
{
	return strchr(word, '=');
}

static bool check_setenv(struct words *w)
{
	return check_list(w, env_setting_fits, "settings of the form NAME=VALUE");
}

static bool check_rest(struct words *w)
{
	w->next = w->line->args.n;
	return *w->line->rest || refuse(w, NULL, "a text");
}

static bool check_addendum(struct words *w)
{
	if (!check_rest(w))
		return false;
	return !strchr(w->line->rest, '\r') || refuse(w, w->line->rest, "a text without a carriage return");
}

static bool check_command(struct words *w)
{
	const char *rest = w->line->rest;

	w->next = w->line->args.n;
	return *rest == '/' || !strcasecmp(rest, "none") ||
	       refuse(w, rest, "a command with an absolute path and no quotes in front, or none");
}

static bool keys_list(const struct sshd_keyword *k)
{
	return k->id != KW_CIPHERS && k->id != KW_MACS && k->id != KW_KEXALGORITHMS && k->id != KW_GSSAPIKEXALGORITHMS;
}

/* Only the form: which algorithms there are, only the binary knows. */
static bool check_algorithms(struct words *w)
{
	const char *word = word_next(w), *list = word;
	const char *wants = "a list of algorithms with commas, which may begin with '+', '-' or '^'";

	if (!word || !*word)
		return refuse(w, word, wants);
	if (*word == '-' && w->release >= SSHD_RELEASE(7, 5) && w->line->keyword->id != KW_GSSAPIKEXALGORITHMS)
		return true;
	if ((*word == '+' || (*word == '^' && w->release >= SSHD_RELEASE(8, 1))) &&
	    w->line->keyword->id != KW_GSSAPIKEXALGORITHMS)
		list++;
	if (!*list || *list == ',' || strchr("+^-", *list))
		return refuse(w, word, wants);
	if (strchr(list, '!'))
		return refuse(w, word, "a list of algorithms, where '!' is not known");
	if (!keys_list(w->line->keyword) && strpbrk(list, "*?"))
		return refuse(w, word, "whole names of algorithms: wildcards work only behind a '-'");
	return true;
}

static bool method_fits(const char *name, size_t len)
{
	static const char *const methods[] = { "none",	    "publickey",       "password",    "keyboard-interactive",
					       "hostbased", "gssapi-with-mic", "gssapi-keyex" };
	const char *colon = memchr(name, ':', len);

	if (colon)
		len = (size_t)(colon - name);
	for (size_t i = 0; i < ARRAY_SIZE(methods); i++)
		if (strlen(methods[i]) == len && !memcmp(methods[i], name, len))
			return true;
	return false;
}

static bool methods_fit(const char *list)
{
	for (;;) {
		size_t len = strcspn(list, ",");
		if (!method_fits(list, len))
			return false;
		if (!list[len])
			return true;
		list += len + 1;
	}
}

static bool check_methods(struct words *w)
{
	const char *wants = "any, or lists of publickey, password, keyboard-interactive, hostbased and gssapi-with-mic "
			    "with commas";
	bool any = false;
	size_t n = 0;
	const char *word;

	for (; (word = word_next(w)); n++) {
		bool is_any = !strcmp(word, "any");
		if (any || (is_any && n))
			return refuse(w, word, "any to stand alone");
		if (!is_any && !methods_fit(word))
			return refuse(w, word, wants);
		any = is_any;
	}
	return n || refuse(w, NULL, wants);
}

static bool check_keys_files(struct words *w)
{
	const char *wants = "names of files, or none alone", *word;
	size_t n = 0;

	for (; (word = word_next(w)); n++) {
		if (!*word)
			return refuse(w, word, wants);
		if (w->release >= LISTS_WHOLE && !strcasecmp(word, "none") && (n || words_left(w)))
			return refuse(w, word, "none to stand alone");
	}
	return n || w->release < LISTS_WHOLE || refuse(w, NULL, wants);
}

/* One file up to 10.2, several since. */
static bool check_revoked(struct words *w)
{
	return w->release >= SSHD_RELEASE(10, 3) ? check_keys_files(w) : check_file(w);
}

static bool check_log_verbose(struct words *w)
{
	const char *wants = "patterns of the form FILE:FUNCTION:LINE, or none alone", *word;
	size_t n = 0;

	for (; (word = word_next(w)); n++) {
		if (!*word)
			return refuse(w, word, wants);
		if (!strcasecmp(word, "none") && (n || words_left(w)))
			return refuse(w, word, "none to stand alone");
	}
	return n || w->release < LISTS_WHOLE || refuse(w, NULL, wants);
}

static bool timeout_fits(const char *word)
{
	const char *equals = strchr(word, '=');
	long long seconds;

	return equals && equals != word && value_time(equals + 1, &seconds);
}

static bool check_channel_timeout(struct words *w)
{
	const char *wants = "items of the form TYPE=TIME such as session:*=15m, or none alone", *word;
	size_t n = 0;

	for (; (word = word_next(w)); n++) {
		bool none = !strcasecmp(word, "none");
		if (!none && !timeout_fits(word))
			return refuse(w, word, wants);
		if (none && (words_left(w) || (n && w->release >= LISTS_WHOLE)))
			return refuse(w, word, "none to stand alone");
	}
	return n || w->release < LISTS_WHOLE || refuse(w, NULL, wants);
}

static bool check_unused_timeout(struct words *w)
{
	const char *word = word_next(w);
	long long seconds;

	return (word && (!strcasecmp(word, "none") || value_time(word, &seconds))) ||
	       refuse(w, word, "a time such as 5m, or none");
}

/* "*" or a port above 0 */
static bool permit_port_fits(const char *s)
{
	unsigned port;

	return !strcmp(s, "*") || (value_port(s, &port) && port);
}

static bool permit_fits(enum sshd_keyword_id id, const char *word)
{
	const char *end;

	if (id == KW_PERMITLISTEN && !strchr(word, ':'))
		return permit_port_fits(word);
	end = host_end(word);
	return end && *end == ':' && permit_port_fits(end + 1);
}

static bool check_permit(struct words *w)
{
	enum sshd_keyword_id id = w->line->keyword->id;
	const char *wants = id == KW_PERMITLISTEN ? "any, none, or items of the form [HOST:]PORT where PORT may be *"
						  : "any, none, or items of the form HOST:PORT where PORT may be *";
	const char *word = word_next(w);

	if (!word || !*word)
		return refuse(w, word, wants);
	if (!strcmp(word, "any") || !strcmp(word, "none"))
		return true;
	for (; word && *word; word = word_next(w))
		if (!permit_fits(id, word))
			return refuse(w, word, wants);
	return true;
}

static bool check_startups(struct words *w)
{
	const char *word = word_next(w);
	struct value_startups s;

	if (!word || !value_startups(word, &s))
		return refuse(w, word,
			      "a number, or START:RATE:FULL with a rate from 1 to 100 and START not above FULL");
	if (w->release >= SSHD_RELEASE(9, 2) && (s.begin <= 0 || s.full <= 0))
		return refuse(w, word, "at least 1 connection");
	return true;
}

static bool check_blocks(struct words *w)
{
	const char *word = word_next(w);
	struct value_blocks b;

	return (word && value_blocks(word, &b)) || refuse(w, word, "32:128, that is 0 to 32 and 0 to 128 bits");
}

static bool check_source_startups(struct words *w)
{
	const char *word = word_next(w);
	long long n;

	return (word && (!strcmp(word, "none") || value_number(word, 0, INT_MAX, &n))) ||
	       refuse(w, word, "a number, or none");
}

/* What PerSourcePenalties knows, in the order in which sshd -T prints it. */
static const struct penalty {
	const char *name;
	enum { PENALTY_TIME, PENALTY_COUNT, PENALTY_MODE } form;
	unsigned since;
} penalties[VALUE_PENALTIES] = {
	{ "crash:", PENALTY_TIME, 0 },
	{ "authfail:", PENALTY_TIME, 0 },
	{ "noauth:", PENALTY_TIME, 0 },
	{ "invaliduser:", PENALTY_TIME, SSHD_RELEASE(10, 3) },
	{ "grace-exceeded:", PENALTY_TIME, 0 },
	{ "refuseconnection:", PENALTY_TIME, SSHD_RELEASE(9, 9) },
	{ "max:", PENALTY_TIME, 0 },
	{ "min:", PENALTY_TIME, 0 },
	{ "max-sources4:", PENALTY_COUNT, 0 },
	{ "max-sources6:", PENALTY_COUNT, 0 },
	{ "overflow:", PENALTY_MODE, 0 },
	{ "overflow6:", PENALTY_MODE, 0 },
};

#define PENALTY_FRACTIONS SSHD_RELEASE(10, 3) /* times may have a fraction since */

/* "0.5", "1m": a time whose numbers may have a fraction. */
static bool time_fraction(const char *s, double *out)
{
	double total = 0;

	if (!*s)
		return false;
	while (*s) {
		size_t len = strspn(s, "0123456789.");
		char *end;
		double n = strtod(s, &end);
		if (!len || end != s + len || !unit_seconds(*end))
			return false;
		total += n * (double)unit_seconds(*end);
		s = *end ? end + 1 : end;
	}
	if (total > INT_MAX)
		return false;
	*out = total;
	return true;
}

static bool penalty_value(const struct penalty *p, const char *s, unsigned release, double *out)
{
	long long n;

	if (p->form == PENALTY_TIME && release >= PENALTY_FRACTIONS)
		return time_fraction(s, out);
	if (p->form == PENALTY_TIME && value_time(s, &n)) {
		*out = (double)n;
		return true;
	}
	if (p->form == PENALTY_COUNT && value_number(s, 0, INT_MAX, &n)) {
		*out = (double)n;
		return true;
	}
	if (p->form == PENALTY_MODE && (!strcmp(s, "permissive") || !strcmp(s, "deny-all"))) {
		*out = *s == 'd';
		return true;
	}
	return false;
}

int value_penalty(const char *word, unsigned release, double *value)
{
	for (int i = 0; i < VALUE_PENALTIES; i++) {
		const struct penalty *p = &penalties[i];
		size_t len = strlen(p->name);
		if (!strncmp(word, p->name, len) && release >= p->since)
			return penalty_value(p, word + len, release, value) ? i : -1;
	}
	return -1;
}

void value_penalties_print(const double values[VALUE_PENALTIES], unsigned release, struct text *out)
{
	for (size_t i = 0; i < VALUE_PENALTIES; i++) {
		const struct penalty *p = &penalties[i];
		if (release < p->since)
			continue;
		text_add(out, "%s%s", out->len ? " " : "", p->name);
		if (p->form == PENALTY_MODE)
			text_add_string(out, values[i] > 0 ? "deny-all" : "permissive");
		else if (p->form == PENALTY_TIME && release >= PENALTY_FRACTIONS)
			text_add(out, "%f", values[i]);
		else
			text_add(out, "%.0f", values[i]);
	}
}

static bool check_penalties(struct words *w)
{
	const char *wants = "no, yes, or items such as authfail:5, max:600, max-sources4:65536, overflow:permissive";
	const char *word;
	double value;
	size_t n = 0;

	for (; (word = word_next(w)); n++) {
		if ((!strcasecmp(word, "no") || !strcasecmp(word, "yes")) && words_left(w))
			return refuse(w, word, "yes and no to stand alone");
		if (strcasecmp(word, "no") && strcasecmp(word, "yes") && value_penalty(word, w->release, &value) < 0)
			return refuse(w, word, wants);
	}
	return n || refuse(w, NULL, wants);
}

static bool check_exempt(struct words *w)
{
	const char *word = word_next(w);

	return (word && *word && !pattern_list_match_addr(NULL, word)) ||
	       refuse(w, word, "a list of addresses and networks with commas, where host bits are zero");
}

static bool check_port(struct words *w)
{
	const char *word = word_next(w);
	unsigned port;

	return (word && value_port(word, &port) && port) || refuse(w, word, "a port from 1 to 65535");
}

static bool check_listen(struct words *w)
{
	struct value_listen l = { 0 };
	const char *word = w->line->args.n ? w->line->args.v[0] : NULL;
	/* a mistake is reported with the first word; no memory shows up again when the line is used */
	if (value_listen(&w->line->args, &l) == ERR_SYNTAX)
		return refuse(w, word, "HOST, HOST:PORT or [IPv6]:PORT, and then perhaps rdomain and a name");
	w->next = l.rdomain ? 3 : 1;
	free(l.host);
	return true;
}

static bool check_env_permit(struct words *w)
{
	const char *word = word_next(w);

	if (word && *word && (w->release >= SSHD_RELEASE(7, 8) || !strcasecmp(word, "yes") || !strcasecmp(word, "no")))
		return true;
	return refuse(w, word, w->release >= SSHD_RELEASE(7, 8) ? "yes, no or a list of patterns" : "yes or no");
}

static bool pubkey_option_fits(const char *word)
{
	return !strcasecmp(word, "none") || !strcasecmp(word, "touch-required") || !strcasecmp(word, "verify-required");
}

static bool check_pubkey_options(struct words *w)
{
	const char *word;

	while ((word = word_next(w)))
		if (!pubkey_option_fits(word))
			return refuse(w, word, "none, touch-required or verify-required");
	return true;
}

/* Linux has no routing domains that sshd could set. */
static bool check_rdomain(struct words *w)
{
	return refuse(w, w->line->rest, "another system: sshd for Linux refuses this keyword");
}

static bool check_rekey(struct words *w)
{
	const char *word = word_next(w);
	long long n;

	if (!word || !*word || (strcmp(word, "default") && (!value_scaled(word, &n) || (n && n < 16))))
		return refuse(w, word, "default or a number of bytes of at least 16 such as 1G, then perhaps a time");
	word = word_next(w);
	return !word || !strcmp(word, "none") || value_time(word, &n) ||
	       refuse(w, word, "none or a time such as 1h behind the number of bytes");
}

static bool check_mask(struct words *w)
{
	const char *word = word_next(w);
	char *end;
	long n;

	if (!word)
		return refuse(w, NULL, "an octal number up to 0777");
	n = strtol(word, &end, 8);
	return (end != word && n >= 0 && n <= 0777) || refuse(w, word, "an octal number up to 0777");
}

static bool check_subsystem(struct words *w)
{
	const char *name = word_next(w), *command = word_next(w);

	w->next = w->line->args.n;
	return (name && *name && command && *command) || refuse(w, NULL, "a name and a command");
}

/* The names of types of service, and their numbers. */
static const struct qos {
	const char *name;
	int value;
	unsigned since;
} qos_names[] = {
	{ "af11", 0x28, 0 },
	{ "af12", 0x30, 0 },
	{ "af13", 0x38, 0 },
	{ "af21", 0x48, 0 },
	{ "af22", 0x50, 0 },
	{ "af23", 0x58, 0 },
	{ "af31", 0x68, 0 },
	{ "af32", 0x70, 0 },
	{ "af33", 0x78, 0 },
	{ "af41", 0x88, 0 },
	{ "af42", 0x90, 0 },
	{ "af43", 0x98, 0 },
	{ "cs0", 0x00, 0 },
	{ "cs1", 0x20, 0 },
	{ "cs2", 0x40, 0 },
	{ "cs3", 0x60, 0 },
	{ "cs4", 0x80, 0 },
	{ "cs5", 0xa0, 0 },
	{ "cs6", 0xc0, 0 },
	{ "cs7", 0xe0, 0 },
	{ "ef", 0xb8, 0 },
	{ "le", 0x04, SSHD_RELEASE(8, 2) },
	{ "va", 0xb0, SSHD_RELEASE(10, 1) },
	{ "lowdelay", 0x10, 0 },
	{ "throughput", 0x08, 0 },
	{ "reliability", 0x04, 0 },
};

#define QOS_NONE 256			 /* leave it to the system */
#define QOS_OLD_GONE SSHD_RELEASE(10, 1) /* since, the three old words mean that too */

static bool qos_old(const struct qos *q, unsigned release)
{
	return release >= QOS_OLD_GONE &&
	       (!strcmp(q->name, "lowdelay") || !strcmp(q->name, "throughput") || !strcmp(q->name, "reliability"));
}

static bool qos_parse(const char *word, unsigned release, int *out)
{
	char *end;
	long n;

	if (!strcasecmp(word, "none")) {
		*out = QOS_NONE;
		return true;
	}
	for (size_t i = 0; i < ARRAY_SIZE(qos_names); i++)
		if (!strcasecmp(word, qos_names[i].name) && release >= qos_names[i].since) {
			*out = qos_old(&qos_names[i], release) ? QOS_NONE : qos_names[i].value;
			return true;
		}
	n = strtol(word, &end, 0);
	if (!*word || *end || n < 0 || n > 255)
		return false;
	*out = (int)n;
	return true;
}

static bool check_qos(struct words *w)
{
	const char *wants = "one or two of af11 to af43, cs0 to cs7, ef, le, none or a number up to 255";
	const char *first = word_next(w), *second = word_next(w);
	int value;

	if (!first || !qos_parse(first, w->release, &value))
		return refuse(w, first, wants);
	return !second || qos_parse(second, w->release, &value) || refuse(w, second, wants);
}

/* --- printing --- */

static enum err print_first(const struct sshd_line *l, unsigned release, struct strings *out)
{
	return l->args.n ? strings_add(out, l->args.v[0]) : ERR_NONE;
}

static enum err print_choice(const struct sshd_line *l, unsigned release, struct strings *out)
{
	struct choice c;

	if (!l->args.n || !choice_find(l->keyword, l->args.v[0], release, &c))
		return ERR_NONE;
	/* what is an alias to us was what this release printed */
	if (l->keyword->id == KW_PERMITROOTLOGIN && release < SSHD_RELEASE(10, 1) && *c.canonical == 'p')
		return strings_add(out, "without-password");
	return strings_add_bytes(out, c.canonical, c.canonical_len);
}

static enum err print_number(const struct sshd_line *l, unsigned release, struct strings *out)
{
	long long n = 0;

	if (!l->args.n || !value_number(l->args.v[0], 0, INT_MAX, &n))
		return ERR_NONE;
	return strings_add_format(out, "%lld", n);
}

static enum err print_time(const struct sshd_line *l, unsigned release, struct strings *out)
{
	long long n = 0;

	if (!l->args.n || !value_time(l->args.v[0], &n))
		return ERR_NONE;
	return strings_add_format(out, "%lld", n);
}

static enum err print_unused_timeout(const struct sshd_line *l, unsigned release, struct strings *out)
{
	long long n = 0;

	if (l->args.n && value_time(l->args.v[0], &n) && n)
		return print_time(l, release, out);
	return strings_add(out, "none");
}

static enum err print_words(const struct sshd_line *l, unsigned release, struct strings *out)
{
	return strings_copy(out, &l->args);
}

static enum err print_joined(const struct sshd_line *l, unsigned release, struct strings *out)
{
	struct text t = { 0 };
	enum err e;

	if (!l->args.n)
		return ERR_NONE;
	strings_join(&l->args, " ", &t);
	if (!(e = text_check(&t)))
		e = strings_add(out, text_string(&t));
	text_free(&t);
	return e;
}

static bool is_none(const char *s)
{
	return !strcasecmp(s, "none");
}

static enum err print_rest(const struct sshd_line *l, unsigned release, struct strings *out)
{
	return strings_add(out, is_none(l->rest) ? "none" : l->rest);
}

static enum err print_command(const struct sshd_line *l, unsigned release, struct strings *out)
{
	return strings_add(out, l->rest);
}

/* sshd runs as root: "~" is root's home. Another user's home is left as it stands. */
static enum err home_expand(const char *path, struct strings *out)
{
	if (path[0] == '~' && (!path[1] || path[1] == '/'))
		return strings_add_format(out, "/root%s", path + 1);
	return strings_add(out, path);
}

/* A relative name is taken from the directory in which sshd was started, "/", and printed with both slashes. */
static enum err file_print(const char *path, struct strings *out)
{
	if (is_none(path))
		return strings_add(out, "none");
	if (*path == '/' || *path == '~')
		return home_expand(path, out);
	return strings_add_format(out, "//%s", path);
}

static enum err print_file(const struct sshd_line *l, unsigned release, struct strings *out)
{
	return l->args.n ? file_print(l->args.v[0], out) : ERR_NONE;
}

static enum err print_host_key(const struct sshd_line *l, unsigned release, struct strings *out)
{
	if (!l->args.n)
		return ERR_NONE;
	return is_none(l->args.v[0]) ? strings_add(out, "(null)") : file_print(l->args.v[0], out);
}

static enum err print_agent(const struct sshd_line *l, unsigned release, struct strings *out)
{
	if (l->args.n && !strcmp(l->args.v[0], "SSH_AUTH_SOCK"))
		return print_first(l, release, out);
	return print_file(l, release, out);
}

static enum err print_provider(const struct sshd_line *l, unsigned release, struct strings *out)
{
	if (l->args.n && !strcasecmp(l->args.v[0], "internal"))
		return print_first(l, release, out);
	return print_file(l, release, out);
}

static enum err print_home(const struct sshd_line *l, unsigned release, struct strings *out)
{
	if (!l->args.n)
		return ERR_NONE;
	if (is_none(l->args.v[0]) && !l->match)
		return strings_add(out, "none");
	return home_expand(l->args.v[0], out);
}

static enum err print_chroot(const struct sshd_line *l, unsigned release, struct strings *out)
{
	if (!l->args.n)
		return ERR_NONE;
	return strings_add(out, is_none(l->args.v[0]) ? "none" : l->args.v[0]);
}

static enum err print_homes(const struct sshd_line *l, unsigned release, struct strings *out)
{
	struct strings files = { 0 };
	struct text t = { 0 };
	enum err e = ERR_NONE;

	for (size_t i = 0; i < l->args.n && !e; i++)
		e = home_expand(l->args.v[i], &files);
	strings_join(&files, " ", &t);
	if (!e && !(e = text_check(&t)) && files.n)
		e = strings_add(out, text_string(&t));
	text_free(&t);
	strings_free(&files);
	return e;
}

static enum err print_revoked(const struct sshd_line *l, unsigned release, struct strings *out)
{
	if (release < SSHD_RELEASE(10, 3))
		return print_file(l, release, out);
	if (l->args.n == 1 && is_none(l->args.v[0]))
		return ERR_NONE;
	return print_homes(l, release, out);
}

static enum err print_channel_timeout(const struct sshd_line *l, unsigned release, struct strings *out)
{
	if (l->args.n != 1 || !is_none(l->args.v[0]))
		return print_joined(l, release, out);
	/* 9.2 forgets a global none and prints nothing */
	if (!l->match && release < SSHD_RELEASE(9, 3))
		return ERR_NONE;
	return strings_add(out, l->match ? l->args.v[0] : "none");
}

/* A word and its place, to find the first of equal ones without comparing all with all. */
struct ranked {
	const char *word;
	size_t len, at;
};

static int ranked_compare(const void *a, const void *b)
{
	const struct ranked *x = a, *y = b;
	int by_word = memcmp(x->word, y->word, x->len < y->len ? x->len : y->len);

	if (by_word)
		return by_word;
	if (x->len != y->len)
		return x->len < y->len ? -1 : 1;
	return x->at < y->at ? -1 : x->at > y->at;
}

/* Appends those words whose part up to 'end' no word before had. */
static enum err firsts_add(const struct strings *words, const char *end, struct strings *out)
{
	struct ranked *r = calloc(words->n + 1, sizeof *r);
	bool *first = calloc(words->n + 1, sizeof *first);
	enum err e = r && first ? ERR_NONE : ERR_MEMORY;

	for (size_t i = 0; i < words->n && !e; i++)
		r[i] = (struct ranked){ words->v[i], strcspn(words->v[i], end), i };
	if (!e)
		qsort(r, words->n, sizeof *r, ranked_compare);
	for (size_t i = 0; i < words->n && !e; i++)
		first[r[i].at] = !i || r[i].len != r[i - 1].len || memcmp(r[i].word, r[i - 1].word, r[i].len) != 0;
	for (size_t i = 0; i < words->n && !e; i++)
		if (first[i])
			e = strings_add(out, words->v[i]);
	free(r);
	free(first);
	return e;
}

/* An explicit list without its doubles; what is relative to the default stays as it was written. */
static enum err print_algorithms(const struct sshd_line *l, unsigned release, struct strings *out)
{
	struct strings parts = { 0 }, once = { 0 };
	struct text t = { 0 };
	enum err e;

	if (!l->args.n)
		return ERR_NONE;
	if (strchr("+-^", l->args.v[0][0]))
		return strings_add(out, l->args.v[0]);
	e = strings_split(&parts, l->args.v[0], ",");
	if (!e)
		e = firsts_add(&parts, "", &once);
	strings_join(&once, ",", &t);
	if (!e && !(e = text_check(&t)))
		e = strings_add(out, text_string(&t));
	text_free(&t);
	strings_free(&once);
	strings_free(&parts);
	return e;
}

static void qos_add(int value, unsigned release, struct text *t)
{
	if (value == QOS_NONE) {
		text_add_string(t, "none");
		return;
	}
	for (size_t i = 0; i < ARRAY_SIZE(qos_names); i++)
		if (qos_names[i].value == value && release >= qos_names[i].since && !qos_old(&qos_names[i], release)) {
			text_add_string(t, qos_names[i].name);
			return;
		}
	text_add(t, "0x%02x", (unsigned)value);
}

static enum err print_qos(const struct sshd_line *l, unsigned release, struct strings *out)
{
	struct text t = { 0 };
	int first = 0, second;
	enum err e;

	if (!l->args.n || !qos_parse(l->args.v[0], release, &first))
		return ERR_NONE;
	second = first;
	if (l->args.n > 1 && !qos_parse(l->args.v[1], release, &second))
		return ERR_NONE;
	qos_add(first, release, &t);
	text_add_string(&t, " ");
	qos_add(second, release, &t);
	if (!(e = text_check(&t)))
		e = strings_add(out, text_string(&t));
	text_free(&t);
	return e;
}

static enum err print_mask(const struct sshd_line *l, unsigned release, struct strings *out)
{
	return l->args.n ? strings_add_format(out, "0%lo", (unsigned long)strtol(l->args.v[0], NULL, 8)) : ERR_NONE;
}

static enum err print_port(const struct sshd_line *l, unsigned release, struct strings *out)
{
	unsigned port;

	return l->args.n && value_port(l->args.v[0], &port) ? strings_add_format(out, "%u", port) : ERR_NONE;
}

static enum err print_source_startups(const struct sshd_line *l, unsigned release, struct strings *out)
{
	return l->args.n && is_none(l->args.v[0]) ? strings_add(out, "none") : print_number(l, release, out);
}

static enum err print_pubkey_options(const struct sshd_line *l, unsigned release, struct strings *out)
{
	bool touch = false, verify = false;

	for (size_t i = 0; i < l->args.n; i++) {
		touch |= !strcasecmp(l->args.v[i], "touch-required");
		verify |= !strcasecmp(l->args.v[i], "verify-required");
	}
	if (!touch && !verify)
		return strings_add(out, "none");
	return strings_add_format(out, "%s%s%s", touch ? "touch-required" : "", touch && verify ? " " : "",
				  verify ? "verify-required" : "");
}

static enum err print_permit(const struct sshd_line *l, unsigned release, struct strings *out)
{
	struct text t = { 0 };
	enum err e;

	for (size_t i = 0; i < l->args.n; i++) {
		const char *word = l->args.v[i];
		bool port = l->keyword->id == KW_PERMITLISTEN && !strchr(word, ':') && strcmp(word, "any") &&
			    strcmp(word, "none");
		if (!*word)
			break;
		text_add(&t, "%s%s%s", i ? " " : "", port ? "*:" : "", word);
	}
	if (!(e = text_check(&t)))
		e = strings_add(out, text_string(&t));
	text_free(&t);
	return e;
}

/* Since 9.1 the first setting of each name. */
static enum err print_setenv(const struct sshd_line *l, unsigned release, struct strings *out)
{
	return release < SSHD_RELEASE(9, 1) ? strings_copy(out, &l->args) : firsts_add(&l->args, "=", out);
}

/* A subsystem's command, quoted again where it needs it: since 9.5. */
static void argument_quote(const char *s, struct text *t)
{
	bool blanks = strpbrk(s, " \t");

	if (blanks)
		text_add_string(t, "\"");
	for (; *s; s++)
		text_add(t, "%s%c", *s == '"' || *s == '\'' || (blanks && *s == '\\') ? "\\" : "", *s);
	if (blanks)
		text_add_string(t, "\"");
}

static enum err print_subsystem(const struct sshd_line *l, unsigned release, struct strings *out)
{
	struct text t = { 0 };
	enum err e;

	if (release < SSHD_RELEASE(9, 5))
		return print_joined(l, release, out);
	for (size_t i = 0; i < l->args.n; i++) {
		if (i)
			text_add_string(&t, " ");
		if (i)
			argument_quote(l->args.v[i], &t);
		else
			text_add_string(&t, l->args.v[i]);
	}
	if (!(e = text_check(&t)) && l->args.n)
		e = strings_add(out, text_string(&t));
	text_free(&t);
	return e;
}

struct form {
	bool (*check)(struct words *w);
	enum err (*print)(const struct sshd_line *l, unsigned release, struct strings *out);
};

/* Forms of whole kinds ... */
static const struct form kinds[] = {
	[KIND_FLAG] = { check_choice, print_choice },
	[KIND_CHOICE] = { check_choice, print_choice },
	[KIND_NUMBER] = { check_number, print_number },
	[KIND_TIME] = { check_time, print_time },
	[KIND_WORD] = { check_word, print_first },
	[KIND_WORDS] = { check_words, print_words },
	[KIND_REST] = { check_rest, print_rest },
	[KIND_ALGS] = { check_algorithms, print_algorithms },
	[KIND_SPECIAL] = { check_word, print_first },
	[KIND_BLOCK] = { NULL, NULL },
	[KIND_OBSOLETE] = { NULL, NULL },
};

/* ... and of single keywords. */
static const struct form forms[KW_COUNT] = {
	[KW_ACCEPTENV] = { check_acceptenv, print_words },
	[KW_ALLOWUSERS] = { check_users, print_words },
	[KW_AUTHENTICATIONMETHODS] = { check_methods, print_joined },
	[KW_AUTHORIZEDKEYSCOMMAND] = { check_command, print_command },
	[KW_AUTHORIZEDKEYSFILE] = { check_keys_files, print_homes },
	[KW_AUTHORIZEDPRINCIPALSCOMMAND] = { check_command, print_command },
	[KW_AUTHORIZEDPRINCIPALSFILE] = { check_file, print_home },
	[KW_BANNER] = { check_file, print_file },
	[KW_CHANNELTIMEOUT] = { check_channel_timeout, print_channel_timeout },
	[KW_CHROOTDIRECTORY] = { check_file, print_chroot },
	[KW_DENYUSERS] = { check_users, print_words },
	[KW_HOSTCERTIFICATE] = { check_file, print_host_key },
	[KW_HOSTKEY] = { check_file, print_host_key },
	[KW_HOSTKEYAGENT] = { check_file, print_agent },
	[KW_IPQOS] = { check_qos, print_qos },
	[KW_LISTENADDRESS] = { check_listen, print_joined },
	[KW_LOGVERBOSE] = { check_log_verbose, print_joined },
	[KW_MAXSTARTUPS] = { check_startups, print_first },
	[KW_MODULIFILE] = { check_file, print_file },
	[KW_PERMITLISTEN] = { check_permit, print_permit },
	[KW_PERMITOPEN] = { check_permit, print_permit },
	[KW_PERMITUSERENVIRONMENT] = { check_env_permit, print_first },
	[KW_PERSOURCEMAXSTARTUPS] = { check_source_startups, print_source_startups },
	[KW_PERSOURCENETBLOCKSIZE] = { check_blocks, print_first },
	[KW_PERSOURCEPENALTIES] = { check_penalties, print_joined },
	[KW_PERSOURCEPENALTYEXEMPTLIST] = { check_exempt, print_first },
	[KW_PIDFILE] = { check_file, print_file },
	[KW_PORT] = { check_port, print_port },
	[KW_PUBKEYAUTHOPTIONS] = { check_pubkey_options, print_pubkey_options },
	[KW_RDOMAIN] = { check_rdomain, print_first },
	[KW_REKEYLIMIT] = { check_rekey, print_joined },
	[KW_REVOKEDKEYS] = { check_revoked, print_revoked },
	[KW_SECURITYKEYPROVIDER] = { check_file, print_provider },
	[KW_SETENV] = { check_setenv, print_setenv },
	[KW_SSHDAUTHPATH] = { check_file, print_file },
	[KW_SSHDSESSIONPATH] = { check_file, print_file },
	[KW_STREAMLOCALBINDMASK] = { check_mask, print_mask },
	[KW_SUBSYSTEM] = { check_subsystem, print_subsystem },
	[KW_TRUSTEDUSERCAKEYS] = { check_file, print_file },
	[KW_UNUSEDCONNECTIONTIMEOUT] = { check_unused_timeout, print_unused_timeout },
	[KW_VERSIONADDENDUM] = { check_addendum, print_rest },
	[KW_XAUTHLOCATION] = { check_file, print_file },
};

static const struct form *form_of(const struct sshd_keyword *k)
{
	return forms[k->id].check ? &forms[k->id] : &kinds[k->kind];
}

#define SHOWN 200 /* bytes of a wrong value in a message */

static void word_show(struct text *why, const char *word)
{
	size_t len = strnlen(word, SHOWN + 1);

	text_add_string(why, "'");
	text_add_escaped(why, word, len > SHOWN ? SHOWN : len);
	text_add_string(why, len > SHOWN ? "...'" : "'");
}

enum err value_check(const struct sshd_line *l, unsigned release, struct text *why)
{
	const struct form *form = form_of(l->keyword);
	struct text list = { 0 };
	struct words w = { .line = l, .release = release, .list = &list };
	bool fine = !form->check || form->check(&w);

	if (fine && form->check && words_left(&w)) {
		text_add(why, "%s has more values than it takes: ", l->keyword->name);
		word_show(why, l->args.v[w.next]);
		text_add_string(why, " is left over");
	} else if (!fine && w.bad) {
		text_add(why, "%s is ", l->keyword->name);
		word_show(why, w.bad);
		text_add(why, ": wants %s", w.wants);
	} else if (!fine) {
		text_add(why, "%s has no value: wants %s", l->keyword->name, w.wants);
	}
	text_free(&list);
	if (text_check(why))
		return ERR_MEMORY;
	return why->len ? ERR_SYNTAX : ERR_NONE;
}

enum err value_print(const struct sshd_line *l, unsigned release, struct strings *out)
{
	const struct form *form = form_of(l->keyword);

	return form->print ? form->print(l, release, out) : ERR_NONE;
}
