/* SPDX-License-Identifier: GPL-3.0-or-later */
/* moduli.c - read the file of Diffie-Hellman groups line by line, with sshd's own tolerances. */
#include "moduli/moduli.h"

#include "base/digest.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

#define ENTRIES_MAX 1000000
#define TYPE_SAFE 2
#define TESTS_COMPOSITE 1
#define TESTS_MAX 0x1f
#define TRIALS_MAX (1 << 30)
#define SIZE_MAX_BITS (64 * 1024)

/* Borrowed bytes, shortened from the front as they are used. */
struct span {
	const char *at;
	size_t len;
};

struct group {
	struct moduli_entry entry;
	bool usable; /* sshd would take it, even where we see a problem */
};

static const char *const problem_texts[] = {
	[MODULI_OK] = "good",
	[MODULI_FIELDS] = "not seven fields with one blank between them",
	[MODULI_TYPE] = "type is not 2, a safe prime",
	[MODULI_TESTS] = "no primality test was made, or it found a composite number",
	[MODULI_TRIALS] = "no trials of the primality test",
	[MODULI_SIZE] = "the size is not the length of the modulus in bits less one",
	[MODULI_GENERATOR] = "the generator is not a number above 1",
	[MODULI_MODULUS] = "the modulus is not an odd hexadecimal number",
};

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

static void skip_blanks(struct span *s)
{
	while (s->len && is_blank(*s->at)) {
		s->at++;
		s->len--;
	}
}

static struct span cut(struct span *s, size_t len)
{
	struct span front = { s->at, len };

	s->at += len;
	s->len -= len;
	return front;
}

/* The time, which ends in any run of blanks and may, as in sshd_config, be followed by one '='. */
static struct span first_field(struct span *s)
{
	struct span field;
	size_t n = 0;

	while (n < s->len && !is_blank(s->at[n]) && s->at[n] != '=')
		n++;
	field = cut(s, n);
	skip_blanks(s);
	if (s->len && *s->at == '=') {
		cut(s, 1);
		skip_blanks(s);
	}
	return field;
}

/* Up to the next blank; false if there is none or nothing stands before it. */
static bool next_field(struct span *s, struct span *field)
{
	const char *blank = memchr(s->at, ' ', s->len);

	if (!blank || blank == s->at)
		return false;
	*field = cut(s, (size_t)(blank - s->at));
	cut(s, 1);
	return true;
}

/* As strtonum(3), which sshd uses: space before it and a plus sign are fine. False if not between 0 and max. */
static bool decimal(struct span s, unsigned max, unsigned *out)
{
	unsigned n = 0;

	while (s.len && (is_blank(*s.at) || *s.at == '\v' || *s.at == '\f'))
		cut(&s, 1);
	if (s.len && *s.at == '+')
		cut(&s, 1);
	if (!s.len)
		return false;
	for (size_t i = 0; i < s.len; i++) {
		if (s.at[i] < '0' || s.at[i] > '9')
			return false;
		n = n * 10 + (unsigned)(s.at[i] - '0');
		if (n > max)
			return false;
	}
	*out = n;
	return true;
}

/* -1: not a hexadecimal digit. */
static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* sshd reads as many digits as there are and does not look at what follows. */
static struct span hex_digits(struct span s)
{
	size_t n = 0;

	while (n < s.len && hex_value(s.at[n]) >= 0)
		n++;
	return (struct span){ s.at, n };
}

static size_t hex_bits(struct span digits)
{
	int top;

	while (digits.len && *digits.at == '0')
		cut(&digits, 1);
	if (!digits.len)
		return 0;
	top = hex_value(*digits.at);
	return 4 * (digits.len - 1) + (top >= 8 ? 4 : top >= 4 ? 3 : top >= 2 ? 2 : 1);
}

static unsigned hex_small(struct span digits)
{
	unsigned n = 0;

	if (hex_bits(digits) > 32)
		return 0;
	for (size_t i = 0; i < digits.len; i++)
		n = n << 4 | (unsigned)hex_value(digits.at[i]);
	return n;
}

static void digest_lower(struct span digits, struct moduli_entry *e)
{
	char *lower = malloc(digits.len);

	/* without memory there is no digest, and the line is no duplicate of any other */
	if (!lower)
		return;
	for (size_t i = 0; i < digits.len; i++)
		lower[i] = (char)(digits.at[i] | 0x20); /* digits have the bit already */
	digest_hex(lower, digits.len, e->modulus_digest);
	free(lower);
}

static enum moduli_problem judge_generator(struct span field, struct group *g)
{
	struct span digits = hex_digits(field);

	g->entry.generator = hex_small(digits);
	if (hex_bits(digits) < 2)
		g->usable = false;
	return !g->usable || digits.len != field.len ? MODULI_GENERATOR : MODULI_OK;
}

static enum moduli_problem judge_modulus(struct span field, struct group *g)
{
	struct span digits = hex_digits(field);
	bool odd;

	if (!digits.len) {
		g->usable = false;
		return MODULI_MODULUS;
	}
	digest_lower(digits, &g->entry);
	if (hex_bits(digits) != g->entry.bits) {
		g->usable = false;
		return MODULI_SIZE;
	}
	odd = hex_value(digits.at[digits.len - 1]) & 1;
	return odd && digits.len == field.len ? MODULI_OK : MODULI_MODULUS;
}

/* The fields after the time, in sshd's order: the first thing wrong is what it would log. */
static enum moduli_problem judge_fields(struct span s, struct group *g)
{
	struct span field, generator;
	enum moduli_problem generator_problem, modulus_problem;
	unsigned n;

	if (!next_field(&s, &field))
		return MODULI_FIELDS;
	if (!decimal(field, 5, &n) || n != TYPE_SAFE)
		return MODULI_TYPE;
	if (!next_field(&s, &field))
		return MODULI_FIELDS;
	if (!decimal(field, TESTS_MAX, &n) || n & TESTS_COMPOSITE || !n)
		return MODULI_TESTS;
	if (!next_field(&s, &field))
		return MODULI_FIELDS;
	if (!decimal(field, TRIALS_MAX, &n) || !n)
		return MODULI_TRIALS;
	if (!next_field(&s, &field))
		return MODULI_FIELDS;
	if (!decimal(field, SIZE_MAX_BITS, &n) || !n)
		return MODULI_SIZE;
	g->entry.bits = n + 1;
	if (!next_field(&s, &generator) || !s.len || memchr(s.at, ' ', s.len))
		return MODULI_FIELDS;
	g->usable = true;
	generator_problem = judge_generator(generator, g);
	modulus_problem = judge_modulus(s, g);
	return modulus_problem ? modulus_problem : generator_problem;
}

/* False for an empty line or a comment. The line comes without its line feed. */
static bool line_read(struct span line, struct group *g)
{
	const char *nul = memchr(line.at, '\0', line.len);
	struct span time;

	if (nul) /* the rest does not exist for sshd */
		line.len = (size_t)(nul - line.at);
	if (line.len && line.at[line.len - 1] == '\r')
		line.len--;
	skip_blanks(&line);
	if (!line.len || *line.at == '#')
		return false;
	time = first_field(&line);
	g->entry.problem = time.len ? judge_fields(line, g) : MODULI_FIELDS;
	return true;
}

/* Takes one line with its line feed off the front. */
static struct span next_line(struct span *rest)
{
	const char *feed = memchr(rest->at, '\n', rest->len);

	return cut(rest, feed ? (size_t)(feed + 1 - rest->at) : rest->len);
}

static bool line_group(struct span whole, struct group *g)
{
	*g = (struct group){ 0 };
	if (whole.len && whole.at[whole.len - 1] == '\n')
		whole.len--;
	return line_read(whole, g);
}

static enum err entry_add(struct moduli *m, size_t *size, const struct moduli_entry *e)
{
	if (m->n == ENTRIES_MAX)
		return ERR_TOO_BIG;
	if (m->n == *size) {
		size_t want = *size ? *size * 2 : 512;
		struct moduli_entry *v = reallocarray(m->v, want, sizeof *v);

		if (!v)
			return ERR_MEMORY;
		m->v = v;
		*size = want;
	}
	m->v[m->n++] = *e;
	return ERR_NONE;
}

enum err moduli_parse(const char *content, size_t len, struct moduli *out)
{
	struct span rest = { content, len };
	struct moduli m = { 0 };
	size_t size = 0;
	struct group g;
	enum err e;

	for (unsigned line = 1; rest.len; line++) {
		if (!line_group(next_line(&rest), &g))
			continue;
		g.entry.line = line;
		if ((e = entry_add(&m, &size, &g.entry))) {
			moduli_free(&m);
			return e;
		}
	}
	*out = m; /* the caller owns it now */
	return ERR_NONE;
}

void moduli_free(struct moduli *m)
{
	free(m->v);
	*m = (struct moduli){ 0 };
}

const char *moduli_problem_text(enum moduli_problem p)
{
	return problem_texts[p];
}

/* sshd uses such a line: that we see a problem in it is no reason to leave it. */
static bool is_small(const struct group *g, unsigned min_bits)
{
	return g->usable && g->entry.bits < min_bits;
}

static bool any_left(struct span rest, unsigned min_bits)
{
	struct group g;

	while (rest.len)
		if (line_group(next_line(&rest), &g) && !g.entry.problem && !is_small(&g, min_bits))
			return true;
	return false;
}

enum err moduli_comment_below(const char *content, size_t len, unsigned min_bits, struct text *out, size_t *changed)
{
	struct span rest = { content, len };
	struct text t = { 0 };
	size_t n = 0;
	struct group g;
	enum err e;

	if (!any_left(rest, min_bits))
		return ERR_RANGE;
	while (rest.len) {
		struct span line = next_line(&rest);

		if (line_group(line, &g) && is_small(&g, min_bits)) {
			text_add_bytes(&t, "#", 1);
			n++;
		}
		text_add_bytes(&t, line.at, line.len);
	}
	if ((e = text_check(&t)))
		goto out;
	text_add_bytes(out, t.s, t.len);
	if (!(e = text_check(out)))
		*changed = n;
out:
	text_free(&t);
	return e;
}
