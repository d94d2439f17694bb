/* SPDX-License-Identifier: GPL-3.0-or-later */
/* access_text.c - the matrix for a terminal and for a spreadsheet. */
#include "report/access.h"

#include <string.h>

#include "base/banned.h"

#define NAMES_SHOWN 3
#define NAME_WIDTH 24

/* One letter a method, in the order of the bits. */
static const struct {
	enum access_method bit;
	char letter;
} method_letters[] = {
	{ METHOD_PUBLICKEY, 'k' }, { METHOD_PASSWORD, 'p' }, { METHOD_KEYBOARD, 'i' },
	{ METHOD_HOSTBASED, 'h' }, { METHOD_GSSAPI, 'g' },
};

static const char *const tints[] = { "\033[32m", "\033[31m", "\033[33m" };
static const char signs[] = { '+', '-', '?' };
static const char *const verdict_words[] = { "allowed", "denied", "unknown" };

/* Columns that a string takes on a terminal, near enough: characters. */
static int width_of(const char *s)
{
	int n = 0;

	for (; *s; s++)
		n += ((unsigned char)*s & 0xc0) != 0x80;
	return n;
}

static void pad(struct text *out, int from, int to)
{
	for (; from < to; from++)
		text_add_string(out, " ");
}

/* "anna, bob, carol and 7 others" */
static void row_names(const struct access_matrix *m, size_t row, struct text *out)
{
	size_t shown = 0, total = m->rows[row].naccounts;

	for (size_t i = 0; i < m->naccounts && shown < NAMES_SHOWN; i++) {
		if (m->accounts[i].row != row)
			continue;
		text_add_string(out, shown++ ? ", " : "");
		text_add_escaped(out, m->accounts[i].user, strlen(m->accounts[i].user));
		text_add_string(out, m->accounts[i].partly ? "*" : "");
	}
	if (total > shown)
		text_add(out, " and %zu more", total - shown);
}

static void add_cell(const struct matrix_cell *c, bool color, int width, struct text *out)
{
	char word[ARRAY_SIZE(method_letters) + 2];
	size_t n = 0;

	word[n++] = signs[c->verdict];
	for (size_t i = 0; i < ARRAY_SIZE(method_letters) && c->verdict != ACCESS_DENIED; i++)
		if (c->methods & method_letters[i].bit)
			word[n++] = method_letters[i].letter;
	word[n] = '\0';
	text_add(out, "%s%s%s", color ? tints[c->verdict] : "", word, color ? "\033[0m" : "");
	pad(out, (int)n, width);
}

static bool has_methods(const struct access_matrix *m, unsigned bit)
{
	for (size_t r = 0; r < m->nrows; r++)
		for (size_t n = 0; n < m->nnetworks; n++)
			if (m->rows[r].cells[n].verdict != ACCESS_DENIED && m->rows[r].cells[n].methods & bit)
				return true;
	return false;
}

static bool any_partly(const struct access_matrix *m)
{
	for (size_t i = 0; i < m->naccounts; i++)
		if (m->accounts[i].partly)
			return true;
	return false;
}

static void add_legend(const struct access_matrix *m, struct text *out)
{
	text_add_string(out, "\n+ may log in   - may not   ? not known\n");
	for (size_t i = 0; i < ARRAY_SIZE(method_letters); i++)
		if (has_methods(m, method_letters[i].bit))
			text_add(out, "%c %s\n", method_letters[i].letter, access_method_text(method_letters[i].bit));
	if (any_partly(m))
		text_add_string(out,
				"* keys that hold from some of these addresses only: sallyport access sources USER\n");
	for (size_t i = 0; i < m->notes.n; i++)
		text_add(out, "%s\n", m->notes.v[i]);
}

/* Networks are numbered: their names are too long to stand above narrow columns. */
static void add_networks(const struct access_matrix *m, struct text *out)
{
	for (size_t i = 0; i < m->nnetworks; i++) {
		text_add(out, "%3zu  ", i + 1);
		text_add_escaped(out, m->networks[i].name, strlen(m->networks[i].name));
		text_add_string(out, "\n");
	}
	text_add_string(out, "\n");
}

enum err report_access_matrix_text(const struct access_matrix *m, bool color, struct text *out)
{
	const int width = 5;
	int names = NAME_WIDTH;
	struct text name = { 0 };

	add_networks(m, out);
	for (size_t r = 0; r < m->nrows; r++) {
		text_reset(&name);
		row_names(m, r, &name);
		names = width_of(text_string(&name)) > names ? width_of(text_string(&name)) : names;
	}
	pad(out, 0, names + 2);
	for (size_t n = 0; n < m->nnetworks; n++)
		text_add(out, "%-*zu", n + 1 < m->nnetworks ? width : 0, n + 1);
	text_add_string(out, "\n");
	for (size_t r = 0; r < m->nrows; r++) {
		text_reset(&name);
		row_names(m, r, &name);
		text_add_string(out, text_string(&name));
		pad(out, width_of(text_string(&name)), names + 2);
		for (size_t n = 0; n < m->nnetworks; n++)
			add_cell(&m->rows[r].cells[n], color, n + 1 < m->nnetworks ? width : 0, out);
		text_add_string(out, "\n");
	}
	add_legend(m, out);
	text_free(&name);
	return text_check(out);
}

/* --- CSV --- */

/* Always quoted; a formula of a spreadsheet does not start in it. */
static void add_field(struct text *out, const char *s)
{
	struct text safe = { 0 };

	text_add_escaped(&safe, s, strlen(s));
	text_add_string(out, "\"");
	if (strchr("=+-@", *text_string(&safe)) && *text_string(&safe))
		text_add_string(out, "'");
	for (const char *p = text_string(&safe); *p; p++)
		text_add_bytes(out, *p == '"' ? "\"\"" : p, *p == '"' ? 2 : 1);
	text_add_string(out, "\"");
	out->failed |= safe.failed;
	text_free(&safe);
}

static const char *reason_word(const struct matrix_cell *c)
{
	return c->reason == REASON_KEY ? credential_obstacle_text(c->obstacle) : access_reason_text(c->reason);
}

static void add_csv_cell(struct text *out, const struct matrix_cell *c)
{
	const char *between = " ";

	text_add(out, ",\"%s", verdict_words[c->verdict]);
	if (c->verdict != ACCESS_ALLOWED)
		text_add(out, " %s", reason_word(c));
	for (size_t i = 0; i < ARRAY_SIZE(method_letters) && c->verdict == ACCESS_ALLOWED; i++) {
		if (!(c->methods & method_letters[i].bit))
			continue;
		text_add(out, "%s%s", between, access_method_text(method_letters[i].bit));
		between = "+";
	}
	text_add_string(out, "\"");
}

enum err report_access_matrix_csv(const struct access_matrix *m, struct text *out)
{
	text_add_string(out, "\"user\"");
	for (size_t n = 0; n < m->nnetworks; n++) {
		text_add_string(out, ",");
		add_field(out, m->networks[n].name);
	}
	text_add_string(out, "\r\n");
	for (size_t i = 0; i < m->naccounts; i++) {
		add_field(out, m->accounts[i].user);
		for (size_t n = 0; n < m->nnetworks; n++)
			add_csv_cell(out, access_matrix_cell(m, i, n));
		text_add_string(out, "\r\n");
	}
	return text_check(out);
}
