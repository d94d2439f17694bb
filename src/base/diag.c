/* SPDX-License-Identifier: GPL-3.0-or-later */
/* diag.c - collect what is wrong in a configuration, up to a bound, and print it. */
#include "base/diag.h"
#include "base/text.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

#define MAX_DIAGS 1000

static bool has_room(struct diags *d)
{
	struct diag *v;

	if (d->n >= MAX_DIAGS)
		return false;
	/* a power of two, or none at all: full, so twice as many */
	if (d->n & (d->n - 1))
		return true;
	v = reallocarray(d->v, d->n ? d->n * 2 : 1, sizeof *v);
	if (!v)
		return false;
	d->v = v;
	return true;
}

static void note(struct diags *d, const struct diag *what, const char *file, const char *format, va_list ap)
{
	struct diag new = *what;
	struct text t = { 0 };

	if (!has_room(d))
		return;
	text_addv(&t, format, ap);
	new.text = text_take(&t);
	new.file = file ? strdup(file) : NULL;
	if (!new.text || (file && !new.file)) {
		free(new.text);
		free(new.file);
		return;
	}
	d->v[d->n++] = new;
}

void diag_error(struct diags *d, const char *file, unsigned line, const char *format, ...)
{
	va_list ap;

	d->errors++;
	va_start(ap, format);
	note(d, &(struct diag){ .line = line }, file, format, ap);
	va_end(ap);
}

void diag_error_escaped(struct diags *d, const char *file, unsigned line, const char *format, ...)
{
	struct text raw = { 0 }, safe = { 0 };
	va_list ap;

	va_start(ap, format);
	text_addv(&raw, format, ap);
	va_end(ap);
	text_add_escaped(&safe, text_string(&raw), raw.len);
	diag_error(d, file, line, "%s", text_string(&safe));
	text_free(&raw);
	text_free(&safe);
}

void diag_warning(struct diags *d, const char *file, unsigned line, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	note(d, &(struct diag){ .line = line, .warning = true }, file, format, ap);
	va_end(ap);
}

void diags_print(const struct diags *d, const char *prefix, FILE *to)
{
	for (size_t i = 0; i < d->n; i++) {
		const struct diag *g = &d->v[i];
		struct text t = { 0 };

		text_add_string(&t, prefix);
		if (g->file) {
			text_add_escaped(&t, g->file, strlen(g->file));
			text_add_string(&t, ":");
		}
		if (g->file && g->line)
			text_add(&t, "%u:", g->line);
		text_add(&t, "%s%s%s\n", g->file ? " " : "", g->warning ? "warning: " : "", g->text);
		fputs(text_string(&t), to);
		text_free(&t);
	}
}

void diags_free(struct diags *d)
{
	for (size_t i = 0; i < d->n; i++) {
		free(d->v[i].file);
		free(d->v[i].text);
	}
	free(d->v);
	*d = (struct diags){ 0 };
}
