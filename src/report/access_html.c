/* SPDX-License-Identifier: GPL-3.0-or-later */
/* access_html.c - the matrix as one page: a picture first, the deciding rules below it. No script, nothing from elsewhere. */
#include "report/access.h"

#include <arpa/inet.h>
#include <string.h>

#include "base/banned.h"

/* More rows are no picture any more; the other forms have them all. */
#define ROWS_SHOWN 500
#define NAMES_SHOWN 4
#define NAMES_LISTED 1000

#define BY_WORD (METHOD_PASSWORD | METHOD_KEYBOARD)

/* How a cell looks: by shape and by colour, so that either is enough. */
enum look { LOOK_KEYS, LOOK_WORDS, LOOK_DENIED, LOOK_UNKNOWN, LOOKS };

static const struct {
	const char *class, *legend;
} looks[LOOKS] = {
	{ "k", "may log in with a key" },
	{ "w", "may log in, also with a password" },
	{ "d", "may not" },
	{ "u", "not known" },
};

static const struct {
	enum access_method bit;
	char letter;
} letters[] = {
	{ METHOD_PUBLICKEY, 'k' }, { METHOD_PASSWORD, 'p' }, { METHOD_KEYBOARD, 'i' },
	{ METHOD_HOSTBASED, 'h' }, { METHOD_GSSAPI, 'g' },
};

static const char head[] =
	"<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
	"<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
	"<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
	"<meta name=\"color-scheme\" content=\"light dark\">\n";

static const char style[] =
	"<style>\n"
	":root{--bg:#fff;--fg:#1b1f24;--dim:#646c76;--line:#d5dae0;--head:#f4f6f8;--k:#00755e;--w:#b34700;--on:#fff;"
	"--u:#f0c419;--onu:#222}\n"
	"@media (prefers-color-scheme:dark){:root{--bg:#14171b;--fg:#e4e7eb;--dim:#98a1ac;--line:#343b44;--head:#1d2127;"
	"--k:#35b597;--w:#ef8c4a;--on:#101214;--u:#f0c419;--onu:#222}}\n"
	"body{background:var(--bg);color:var(--fg);font:15px/1.45 system-ui,sans-serif;margin:2rem auto;max-width:100rem;"
	"padding:0 1rem}\n"
	"h1{font-size:1.5rem;margin:0}h2{font-size:1.1rem;margin-top:2.2rem}\n"
	".dim{color:var(--dim)}\n"
	".legend{display:flex;flex-wrap:wrap;gap:.4rem 1.6rem;padding:0;margin:1rem 0;list-style:none}\n"
	".legend li{display:flex;align-items:center;gap:.5rem}\n"
	".scroll{overflow:auto;max-height:85vh;border:1px solid var(--line);border-radius:6px}\n"
	"table{border-collapse:separate;border-spacing:0}\n"
	"th,td{border-bottom:1px solid var(--line);padding:.25rem .4rem;text-align:center;font-weight:400}\n"
	".m thead th{background:var(--head);position:sticky;top:0;z-index:2;vertical-align:bottom}\n"
	".m thead th span{writing-mode:vertical-rl;transform:rotate(180deg);white-space:nowrap;max-height:18rem;"
	"overflow:hidden;text-align:left;font:13px/1.2 ui-monospace,monospace}\n"
	".m th.n{background:var(--head);position:sticky;left:0;z-index:1;text-align:left;min-width:12rem;max-width:26rem;"
	"overflow-wrap:anywhere}\n"
	".m thead th.n{z-index:3}\n"
	".six{border-left:2px solid var(--dim)}\n"
	"tbody tr:hover td{background:var(--head)}\n"
	"i{display:inline-block;width:1.9em;height:1.9em;line-height:1.9em;font:600 12px/1.9em ui-monospace,monospace;"
	"text-align:center;font-style:normal;print-color-adjust:exact;-webkit-print-color-adjust:exact}\n"
	"i.k{background:var(--k);color:var(--on);border-radius:50%}\n"
	"i.w{background:var(--w);color:var(--on);border-radius:2px}\n"
	"i.d{color:var(--dim);font-weight:400;font-size:15px}\n"
	"i.u{background:var(--u);color:var(--onu);clip-path:polygon(50% 0,100% 50%,50% 100%,0 50%)}\n"
	"summary{cursor:pointer;overflow-wrap:anywhere}\n"
	"details.why{border-bottom:1px solid var(--line);padding:.35rem 0}\n"
	".why td,.why th{text-align:left;vertical-align:top;overflow-wrap:anywhere}\n"
	"code{font:13px ui-monospace,monospace;overflow-wrap:anywhere}\n"
	"@media print{.scroll{max-height:none;overflow:visible;border:0}.m thead th,.m th.n{position:static}}\n"
	"</style>\n";

static enum look look_of(const struct matrix_cell *c)
{
	if (c->verdict == ACCESS_UNKNOWN)
		return LOOK_UNKNOWN;
	if (c->verdict == ACCESS_DENIED)
		return LOOK_DENIED;
	return c->methods & BY_WORD ? LOOK_WORDS : LOOK_KEYS;
}

/* Text from outside: first what disturbs any reader, then what HTML reads. */
static void add_html(struct text *out, const char *s)
{
	struct text safe = { 0 };

	text_add_escaped(&safe, s, strlen(s));
	for (const char *p = text_string(&safe); *p; p++)
		switch (*p) {
		case '&': text_add_string(out, "&amp;"); break;
		case '<': text_add_string(out, "&lt;"); break;
		case '>': text_add_string(out, "&gt;"); break;
		case '"': text_add_string(out, "&quot;"); break;
		case '\'': text_add_string(out, "&#39;"); break;
		default: text_add_bytes(out, p, 1);
		}
	out->failed |= safe.failed;
	text_free(&safe);
}

static void add_methods(struct text *out, unsigned methods)
{
	const char *between = "";

	for (size_t i = 0; i < ARRAY_SIZE(letters); i++) {
		if (!(methods & letters[i].bit))
			continue;
		text_add(out, "%s%s", between, access_method_text(letters[i].bit));
		between = ", ";
	}
}

static const char *reason_word(const struct matrix_cell *c)
{
	return c->reason == REASON_KEY ? credential_obstacle_text(c->obstacle) : access_reason_text(c->reason);
}

/* "DenyUsers bob@10.* (/etc/ssh/sshd_config:12)" */
static void add_rule(struct text *out, const struct matrix_cell *c)
{
	if (!c->by)
		return;
	add_html(out, c->by->keyword->name);
	if (c->pattern) {
		text_add_string(out, " ");
		add_html(out, c->pattern);
	}
	text_add_string(out, " (");
	add_html(out, c->by->file);
	text_add(out, ":%u)", c->by->line);
}

/* "may log in: publickey, password" or "may not: DenyUsers, by DenyUsers bob (FILE:LINE)" */
static void add_sentence(struct text *out, const struct matrix_cell *c)
{
	if (c->verdict == ACCESS_ALLOWED) {
		text_add_string(out, "may log in: ");
		add_methods(out, c->methods);
		return;
	}
	text_add(out, "%s: %s", c->verdict == ACCESS_DENIED ? "may not" : "not known", reason_word(c));
	if (!c->by)
		return;
	text_add_string(out, ", by ");
	add_rule(out, c);
}

static void add_mark(struct text *out, enum look look, unsigned methods)
{
	text_add(out, "<i class=\"%s\">", looks[look].class);
	if (look == LOOK_DENIED)
		text_add_string(out, "&times;");
	else if (look == LOOK_UNKNOWN)
		text_add_string(out, "?");
	for (size_t i = 0; i < ARRAY_SIZE(letters) && look < LOOK_DENIED; i++)
		if (methods & letters[i].bit)
			text_add_bytes(out, &letters[i].letter, 1);
	text_add_string(out, "</i>");
}

/* --- the head of the page --- */

static void add_legend(const struct access_matrix *m, struct text *out)
{
	static const unsigned examples[LOOKS] = { METHOD_PUBLICKEY, METHOD_PASSWORD };

	text_add_string(out, "<ul class=\"legend\">\n");
	for (unsigned i = 0; i < LOOKS; i++) {
		text_add_string(out, "<li>");
		add_mark(out, i, examples[i]);
		text_add(out, " %s</li>\n", looks[i].legend);
	}
	text_add_string(out, "<li class=\"dim\">");
	for (size_t i = 0; i < ARRAY_SIZE(letters); i++)
		text_add(out, "%s<code>%c</code>&nbsp;%s", i ? " &middot; " : "", letters[i].letter,
			 access_method_text(letters[i].bit));
	text_add_string(out, "</li>\n</ul>\n");
	for (size_t i = 0; i < m->notes.n; i++) {
		text_add_string(out, "<p class=\"dim\">");
		add_html(out, m->notes.v[i]);
		text_add_string(out, "</p>\n");
	}
}

/* How many accounts may log in from somewhere, and from where nobody rules. */
static void add_summary(const struct access_matrix *m, struct text *out)
{
	size_t somewhere = 0, elsewhere = 0;

	for (size_t r = 0; r < m->nrows; r++) {
		bool some = false, else_too = false;
		for (size_t n = 0; n < m->nnetworks; n++) {
			bool may = m->rows[r].cells[n].verdict == ACCESS_ALLOWED;
			some |= may;
			else_too |= may && m->networks[n].elsewhere;
		}
		somewhere += some ? m->rows[r].naccounts : 0;
		elsewhere += else_too ? m->rows[r].naccounts : 0;
	}
	text_add(
		out,
		"<p>%zu account%s: <strong>%zu</strong> may log in from somewhere, <strong>%zu</strong> also from where no "
		"rule names the network.</p>\n",
		m->naccounts, m->naccounts == 1 ? "" : "s", somewhere, elsewhere);
}

static void add_head(const struct access_matrix *m, const char *host, const char *config, const char *when,
		     struct text *out)
{
	text_add_string(out, head);
	text_add_string(out, "<title>Who may log in: ");
	add_html(out, host);
	text_add_string(out, "</title>\n");
	text_add_string(out, style);
	text_add_string(out, "</head>\n<body>\n<h1>Who may log in to ");
	add_html(out, host);
	text_add_string(out, "</h1>\n<p class=\"dim\">By <code>");
	add_html(out, config);
	text_add_string(out, "</code>, ");
	add_html(out, when);
	text_add_string(out, "</p>\n");
	add_summary(m, out);
	add_legend(m, out);
}

/* --- the picture --- */

/* The first column of IPv6 has a line before it. */
static const char *column_class(const struct access_matrix *m, size_t n)
{
	return n && m->networks[n].family == AF_INET6 && m->networks[n - 1].family == AF_INET ? " class=\"six\"" : "";
}

static void add_network(const struct access_matrix *m, size_t n, struct text *out)
{
	const struct matrix_network *net = &m->networks[n];

	text_add(out, "<th scope=\"col\"%s title=\"", column_class(m, n));
	for (size_t i = 0; i < net->rules.n; i++) {
		text_add_string(out, i ? "; " : "");
		add_html(out, net->rules.v[i]);
	}
	if (!net->rules.n)
		text_add_string(out, "no rule names these addresses");
	text_add_string(out, "\"><span>");
	add_html(out, net->name);
	text_add_string(out, "</span></th>");
}

static void add_names(const struct access_matrix *m, size_t row, size_t most, struct text *out)
{
	size_t shown = 0, total = m->rows[row].naccounts;

	for (size_t i = 0; i < m->naccounts && shown < most; i++) {
		if (m->accounts[i].row != row)
			continue;
		text_add_string(out, shown++ ? ", " : "");
		add_html(out, m->accounts[i].user);
		if (m->accounts[i].partly)
			text_add_string(out,
					"<abbr title=\"some keys hold from a part of these addresses only: sallyport "
					"access sources\">*</abbr>");
	}
	if (total > shown)
		text_add(out, " and %zu more", total - shown);
}

static void add_row(const struct access_matrix *m, size_t r, struct text *out)
{
	const struct matrix_row *row = &m->rows[r];

	text_add_string(out, "<tr><th scope=\"row\" class=\"n\">");
	if (row->naccounts > NAMES_SHOWN)
		text_add_string(out, "<details><summary>");
	add_names(m, r, NAMES_SHOWN, out);
	if (row->naccounts > NAMES_SHOWN) {
		text_add_string(out, "</summary>");
		add_names(m, r, NAMES_LISTED, out);
		text_add_string(out, "</details>");
	}
	text_add_string(out, "</th>");
	for (size_t n = 0; n < m->nnetworks; n++) {
		text_add(out, "<td%s title=\"", column_class(m, n));
		add_html(out, m->networks[n].name);
		text_add_string(out, " ");
		add_sentence(out, &row->cells[n]);
		text_add_string(out, "\">");
		add_mark(out, look_of(&row->cells[n]), row->cells[n].methods);
		text_add_string(out, "</td>");
	}
	text_add_string(out, "</tr>\n");
}

static void add_picture(const struct access_matrix *m, size_t nrows, struct text *out)
{
	text_add_string(out,
			"<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"accounts by networks\">\n"
			"<table class=\"m\">\n<thead><tr><th class=\"n\" scope=\"col\">account</th>");
	for (size_t n = 0; n < m->nnetworks; n++)
		add_network(m, n, out);
	text_add_string(out, "</tr></thead>\n<tbody>\n");
	for (size_t r = 0; r < nrows; r++)
		add_row(m, r, out);
	text_add_string(out, "</tbody>\n</table>\n</div>\n");
	if (nrows < m->nrows)
		text_add(out, "<p class=\"dim\">%zu more rows are not drawn: the CSV and JSON forms have them.</p>\n",
			 m->nrows - nrows);
}

/* --- the rules in words --- */

static bool says_the_same(const struct matrix_cell *a, const struct matrix_cell *b)
{
	return a->verdict == b->verdict && a->reason == b->reason && a->obstacle == b->obstacle &&
	       a->methods == b->methods && a->by == b->by && a->pattern == b->pattern;
}

/* One line for all networks of which the same is said, at the first of them. */
static void add_why_line(const struct access_matrix *m, const struct matrix_row *row, size_t first, struct text *out)
{
	const struct matrix_cell *c = &row->cells[first];

	for (size_t n = 0; n < first; n++)
		if (says_the_same(&row->cells[n], c))
			return;
	text_add_string(out, "<tr><td>");
	add_mark(out, look_of(c), c->methods);
	text_add_string(out, "</td><td>");
	add_sentence(out, c);
	if (c->detail && c->verdict != ACCESS_ALLOWED) {
		text_add_string(out, "<br><span class=\"dim\">");
		add_html(out, c->detail);
		text_add_string(out, "</span>");
	}
	text_add_string(out, "</td><td><code>");
	for (size_t n = first; n < m->nnetworks; n++) {
		if (!says_the_same(&row->cells[n], c))
			continue;
		text_add_string(out, n == first ? "" : ", ");
		add_html(out, m->networks[n].name);
	}
	text_add_string(out, "</code></td></tr>\n");
}

static void add_why(const struct access_matrix *m, size_t nrows, struct text *out)
{
	text_add_string(out, "<h2>Why</h2>\n");
	for (size_t r = 0; r < nrows; r++) {
		text_add_string(out, "<details class=\"why\"><summary>");
		add_names(m, r, NAMES_SHOWN, out);
		text_add_string(out, "</summary>\n<table>\n");
		for (size_t n = 0; n < m->nnetworks; n++)
			add_why_line(m, &m->rows[r], n, out);
		text_add_string(out, "</table>\n</details>\n");
	}
}

static void add_networks(const struct access_matrix *m, struct text *out)
{
	text_add_string(out, "<h2>Networks</h2>\n<table class=\"why\">\n"
			     "<tr><th>name</th><th>decided at</th><th>holds</th><th>named by</th></tr>\n");
	for (size_t n = 0; n < m->nnetworks; n++) {
		const struct matrix_network *net = &m->networks[n];
		text_add_string(out, "<tr><td><code>");
		add_html(out, net->name);
		text_add(out, "</code></td><td><code>%s</code></td><td><code>", net->addr);
		for (size_t i = 0; i < net->members.n; i++) {
			char text[NETWORK_TEXT];
			network_text(&net->members.v[i], text);
			text_add(out, "%s%s", i ? ", " : "", text);
		}
		text_add(out, "%s</code></td><td>", net->more ? " &hellip;" : "");
		for (size_t i = 0; i < net->rules.n; i++) {
			text_add_string(out, i ? "<br>" : "");
			add_html(out, net->rules.v[i]);
		}
		text_add_string(out, "</td></tr>\n");
	}
	text_add_string(out, "</table>\n");
}

enum err report_access_matrix_html(const struct access_matrix *m, const char *host, const char *config,
				   const char *when, struct text *out)
{
	size_t nrows = m->nrows < ROWS_SHOWN ? m->nrows : ROWS_SHOWN;

	add_head(m, host, config, when, out);
	add_picture(m, nrows, out);
	add_why(m, nrows, out);
	add_networks(m, out);
	text_add_string(out, "</body>\n</html>\n");
	return text_check(out);
}
