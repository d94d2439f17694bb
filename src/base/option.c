/* SPDX-License-Identifier: GPL-3.0-or-later */
/* option.c - read a command line by tables of options. */
#include "base/option.h"
#include "base/nearest.h"
#include "base/number.h"

#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

/* One option as it was found: its row, where its value goes, and the value or NULL. */
struct found {
	const struct option_row *row;
	void *field;
	const char *value;
};

/* The arguments that are still to be read. */
struct arguments {
	char **next, **end;
};

static bool takes_value(const struct option_row *row)
{
	return row->kind != OPTION_FLAG && row->kind != OPTION_COUNT;
}

static void add_outside(struct text *t, const char *s)
{
	text_add_escaped(t, s, strlen(s));
}

static void add_hint(struct text *t, const char *typed, const char *const *words, const char *dashes)
{
	const char *word = nearest_word(typed, words);

	if (word)
		text_add(t, "\nhint: did you mean '%s%s'?", dashes, word);
}

/* Values, a setter per kind. Each says what it wants when it does not get it. */

static enum err set_flag(const struct found *f, struct text *wants)
{
	*(bool *)f->field = true;
	return ERR_NONE;
}

static enum err set_count(const struct found *f, struct text *wants)
{
	++*(unsigned *)f->field;
	return ERR_NONE;
}

static enum err set_text(const struct found *f, struct text *wants)
{
	*(const char **)f->field = f->value;
	return ERR_NONE;
}

static enum err set_list(const struct found *f, struct text *wants)
{
	return strings_add(f->field, f->value);
}

static enum err set_commas(const struct found *f, struct text *wants)
{
	struct strings *list = f->field;
	const size_t had = list->n;
	enum err e = strings_split(list, f->value, ",");

	if (e || list->n > had)
		return e;
	text_add_string(wants, f->row->value);
	return ERR_SYNTAX;
}

static enum err set_choice(const struct found *f, struct text *wants)
{
	const char *const *choices = f->row->choices;

	for (unsigned i = 0; choices[i]; i++) {
		if (!strcmp(choices[i], f->value)) {
			*(unsigned *)f->field = i;
			return ERR_NONE;
		}
	}
	for (unsigned i = 0; choices[i]; i++)
		text_add(wants, "%s%s", i == 0 ? "" : choices[i + 1] ? ", " : " or ", choices[i]);
	add_hint(wants, f->value, choices, "");
	return ERR_SYNTAX;
}

static uint64_t largest(const struct option_row *row)
{
	return row->max ? row->max : UINT64_MAX;
}

static enum err set_number(const struct found *f, struct text *wants)
{
	const struct option_row *row = f->row;

	if (!number_parse(f->value, row->min, largest(row), f->field))
		return ERR_NONE;
	text_add(wants, "a number from %llu", (unsigned long long)row->min);
	if (row->max)
		text_add(wants, " to %llu", (unsigned long long)row->max);
	return ERR_SYNTAX;
}

static enum err set_duration(const struct found *f, struct text *wants)
{
	if (!duration_parse(f->value, f->field))
		return ERR_NONE;
	text_add_string(wants, "a time such as 5m");
	return ERR_SYNTAX;
}

static enum err (*const setters[])(const struct found *f, struct text *wants) = {
	[OPTION_FLAG] = set_flag,     [OPTION_COUNT] = set_count,	[OPTION_TEXT] = set_text,
	[OPTION_LIST] = set_list,     [OPTION_COMMAS] = set_commas,	[OPTION_CHOICE] = set_choice,
	[OPTION_NUMBER] = set_number, [OPTION_DURATION] = set_duration,
};

static enum err store(const struct found *f, struct text *complaint)
{
	struct text wants = { 0 };
	enum err e = setters[f->row->kind](f, &wants);

	if (e == ERR_SYNTAX) {
		text_add(complaint, "--%s is '", f->row->name);
		add_outside(complaint, f->value);
		text_add_string(complaint, "': wants ");
		text_add_string(complaint, text_string(&wants));
	}
	text_free(&wants);
	return e;
}

/* Finding the row */

static void *field_of(const struct option_set *set, const struct option_row *row)
{
	return (char *)set->into + row->offset;
}

/* The row of that name, or the only one that begins so; n says how many do. */
static void find_long(const struct option_set *sets, const char *name, size_t len, struct found *out, size_t *n)
{
	*n = 0;
	for (const struct option_set *set = sets; set->rows; set++) {
		for (const struct option_row *row = set->rows; row->name; row++) {
			if (strncmp(row->name, name, len) != 0)
				continue;
			*out = (struct found){ .row = row, .field = field_of(set, row) };
			++*n;
			if (!row->name[len]) {
				*n = 1;
				return;
			}
		}
	}
}

static bool find_letter(const struct option_set *sets, char letter, struct found *out)
{
	for (const struct option_set *set = sets; letter && set->rows; set++) {
		for (const struct option_row *row = set->rows; row->name; row++) {
			if (row->letter == letter) {
				*out = (struct found){ .row = row, .field = field_of(set, row) };
				return true;
			}
		}
	}
	return false;
}

static enum err refuse_unknown(const struct option_set *sets, const char *name, size_t len, struct text *complaint)
{
	struct strings names = { 0 };
	char *typed = strndup(name, len);
	enum err e = typed ? ERR_SYNTAX : ERR_MEMORY;

	for (const struct option_set *set = sets; set->rows; set++)
		for (const struct option_row *row = set->rows; e == ERR_SYNTAX && row->name; row++)
			if (strings_add(&names, row->name))
				e = ERR_MEMORY;
	if (e == ERR_SYNTAX) {
		text_add_string(complaint, "unknown option '--");
		add_outside(complaint, typed);
		text_add_string(complaint, "'");
		if (names.n)
			add_hint(complaint, typed, (const char *const *)names.v, "--");
	}
	free(typed);
	strings_free(&names);
	return e;
}

static enum err refuse_ambiguous(const struct option_set *sets, const char *name, size_t len, struct text *complaint)
{
	const char *between = ": ";

	text_add_string(complaint, "option '--");
	text_add_escaped(complaint, name, len);
	text_add_string(complaint, "' is ambiguous");
	for (const struct option_set *set = sets; set->rows; set++) {
		for (const struct option_row *row = set->rows; row->name; row++) {
			if (strncmp(row->name, name, len) != 0)
				continue;
			text_add(complaint, "%s'--%s'", between, row->name);
			between = ", ";
		}
	}
	return ERR_SYNTAX;
}

/* Reading the arguments */

/* The value where it is not in the same argument: the next one. */
static enum err take_value(struct arguments *args, struct found *f, struct text *complaint)
{
	if (args->next == args->end) {
		text_add(complaint, "--%s wants a value: %s", f->row->name, f->row->value ? f->row->value : "<value>");
		return ERR_SYNTAX;
	}
	f->value = *args->next++;
	return ERR_NONE;
}

/* "--name", "--name=value", "--name value" */
static enum err read_long(const struct option_set *sets, const char *name, struct arguments *args,
			  struct text *complaint)
{
	size_t len = strcspn(name, "="), n;
	struct found f = { 0 };
	enum err e;

	find_long(sets, name, len, &f, &n);
	if (!n || !len)
		return refuse_unknown(sets, name, len, complaint);
	if (n > 1)
		return refuse_ambiguous(sets, name, len, complaint);
	if (name[len])
		f.value = name + len + 1;
	if (f.value && !takes_value(f.row)) {
		text_add(complaint, "--%s takes no value", f.row->name);
		return ERR_SYNTAX;
	}
	if (!f.value && takes_value(f.row)) {
		e = take_value(args, &f, complaint);
		if (e)
			return e;
	}
	return store(&f, complaint);
}

static enum err refuse_letter(const char *all, const char *at, struct text *complaint)
{
	/* one byte of a longer character would be unreadable */
	bool plain = *at > ' ' && *at <= '~';

	text_add_string(complaint, "unknown option '-");
	text_add_escaped(complaint, plain ? at : all, plain ? 1 : strlen(all));
	text_add_string(complaint, "'");
	return ERR_SYNTAX;
}

/* "-q", "-qv", "-pvalue", "-p value" */
static enum err read_letters(const struct option_set *sets, const char *letters, struct arguments *args,
			     struct text *complaint)
{
	for (const char *at = letters; *at; at++) {
		struct found f = { 0 };
		bool last = false;
		enum err e = ERR_NONE;

		if (!find_letter(sets, *at, &f))
			return refuse_letter(letters, at, complaint);
		if (takes_value(f.row)) {
			last = true;
			if (at[1])
				f.value = at + 1;
			else
				e = take_value(args, &f, complaint);
		}
		if (!e)
			e = store(&f, complaint);
		if (e || last)
			return e;
	}
	return ERR_NONE;
}

static enum err read_all(const struct option_set *sets, struct arguments *args, struct strings *rest,
			 struct text *complaint)
{
	bool over = false;
	enum err e = ERR_NONE;

	while (!e && args->next < args->end) {
		const char *arg = *args->next++;

		if (over || arg[0] != '-' || !arg[1])
			e = strings_add(rest, arg);
		else if (!strcmp(arg, "--"))
			over = true;
		else if (arg[1] == '-')
			e = read_long(sets, arg + 2, args, complaint);
		else
			e = read_letters(sets, arg + 1, args, complaint);
	}
	return e;
}

enum err options_parse(const struct option_set *sets, int argc, char **argv, struct strings *rest, char **complaint)
{
	struct arguments args = { .next = argv + (argc > 0), .end = argv + argc };
	struct strings others = { 0 };
	struct text why = { 0 };
	enum err e;

	*complaint = NULL;
	e = read_all(sets, &args, &others, &why);
	if (!e)
		e = strings_copy(rest, &others);
	if (e == ERR_SYNTAX) {
		*complaint = text_take(&why);
		if (!*complaint)
			e = ERR_MEMORY;
	}
	text_free(&why);
	strings_free(&others);
	return e;
}

/* Telling about the tables */

static void add_names(struct text *t, const struct option_row *row)
{
	if (row->letter)
		text_add(t, "  -%c, --%s", row->letter, row->name);
	else
		text_add(t, "      --%s", row->name);
	if (takes_value(row))
		text_add(t, " %s", row->value ? row->value : "<value>");
}

static size_t names_width(const struct option_set *sets)
{
	struct text names = { 0 };
	size_t width = 0;

	for (const struct option_set *set = sets; set->rows; set++) {
		for (const struct option_row *row = set->rows; row->name; row++) {
			text_reset(&names);
			add_names(&names, row);
			if (names.len > width)
				width = names.len;
		}
	}
	text_free(&names);
	return width;
}

void options_help(const struct option_set *sets, struct text *out)
{
	int width = (int)names_width(sets);

	for (const struct option_set *set = sets; set->rows; set++) {
		for (const struct option_row *row = set->rows; row->name; row++) {
			struct text names = { 0 };

			add_names(&names, row);
			text_add(out, "%-*s   %s\n", width, text_string(&names), row->help);
			text_free(&names);
		}
	}
}

void options_complete(const struct option_set *sets, struct text *out)
{
	for (const struct option_set *set = sets; set->rows; set++) {
		for (const struct option_row *row = set->rows; row->name; row++) {
			text_add(out, "--%s%s\n", row->name, takes_value(row) ? "=" : "");
			for (unsigned i = 0; row->kind == OPTION_CHOICE && row->choices[i]; i++)
				text_add(out, "--%s=%s\n", row->name, row->choices[i]);
		}
	}
}
