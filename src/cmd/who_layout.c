/* SPDX-License-Identifier: GPL-3.0-or-later */
/* who_layout.c - a look at the gate as the lines of a screen, of whatever size. */
#include "cmd/who.h"

#include "base/number.h"
#include "cmd/gate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include "base/banned.h"

#define ENDING_SECONDS 60
#define GAP 2
#define MEASURED_MAX 5000 /* a longer list may have rows that are cut */

/* ---- as wide as it is ---- */

/* The next character, as it is shown: its bytes (at most 4) and columns. Returns how many bytes of 's' it was. */
static size_t next_character(const char *s, size_t len, bool utf8, char out[5], unsigned *width)
{
	const unsigned char *u = (const unsigned char *)s;
	size_t n = text_utf8_length(s, len);
	wchar_t c;
	int w;

	*width = 1;
	memcpy(out, "?", 2);
	if (n == 0)
		return 1;
	if (n > 1 && !utf8)
		return n;
	c = (wchar_t)(n == 1   ? u[0]
		      : n == 2 ? (u[0] & 0x1fu) << 6 | (u[1] & 0x3fu)
		      : n == 3 ? (u[0] & 0x0fu) << 12 | (u[1] & 0x3fu) << 6 | (u[2] & 0x3fu)
			       : (u[0] & 0x07u) << 18 | (u[1] & 0x3fu) << 12 | (u[2] & 0x3fu) << 6 | (u[3] & 0x3fu));
	w = wcwidth(c);
	if (w < 0)
		return n;
	*width = (unsigned)w;
	memcpy(out, s, n);
	out[n] = '\0';
	return n;
}

static unsigned width_of(const char *s, bool utf8)
{
	const size_t len = strlen(s);
	unsigned all = 0, w;
	char c[5];

	for (size_t i = 0; i < len; all += w)
		i += next_character(s + i, len - i, utf8, c, &w);
	return all;
}

/* 's' in exactly 'width' columns. What does not fit is cut, and its last column is then a '~'. */
static void add_fitted(struct text *out, const char *s, unsigned width, bool right, bool utf8)
{
	const unsigned whole = width_of(s, utf8), room = whole > width && width ? width - 1 : width;
	const size_t len = strlen(s);
	unsigned used = 0;

	if (right && whole < width)
		text_add(out, "%*s", (int)(width - whole), "");
	for (size_t i = 0; i < len;) {
		unsigned w;
		char c[5];

		i += next_character(s + i, len - i, utf8, c, &w);
		if (used + w > room)
			break;
		text_add_string(out, c);
		used += w;
	}
	if (whole > width && used < width)
		text_add(out, "~%*s", (int)(width - used - 1), "");
	else if (!right && used < width)
		text_add(out, "%*s", (int)(width - used), "");
}

/* ---- the page ---- */

struct page {
	const struct who_view *v;
	const struct who_samples *samples;
	const struct who_frame *f;
	struct who_screen *out;
	bool failed;
};

/* Frees the text, which becomes the next line; what has no room is dropped. */
static void line_add(struct page *p, struct text *t, enum who_style style)
{
	struct text cut = { 0 };
	char *s;

	if (p->out->n < p->f->rows) {
		add_fitted(&cut, text_string(t), p->f->columns, false, p->f->utf8);
		s = text_check(t) ? NULL : text_take(&cut);
		p->failed |= !s;
		if (s)
			p->out->v[p->out->n++] = (struct who_line){ s, style };
	}
	text_free(&cut);
	text_free(t);
}

static void line_string(struct page *p, const char *s, enum who_style style)
{
	struct text t = { 0 };

	text_add_string(&t, s);
	line_add(p, &t, style);
}

/* Left and right, where there is room for both. */
static void line_bar(struct page *p, struct text *left, const char *right)
{
	const unsigned l = width_of(text_string(left), p->f->utf8), r = width_of(right, p->f->utf8);

	if (l + r + GAP <= p->f->columns)
		text_add(left, "%*s%s", (int)(p->f->columns - l - r), "", right);
	line_add(p, left, WHO_BAR);
}

/* 1234567 -> "1,234,567" */
static void add_number(struct text *out, uint64_t n)
{
	char digits[24];
	const int len = snprintf(digits, sizeof digits, "%llu", (unsigned long long)n);

	for (int i = 0; i < len; i++)
		text_add(out, "%s%c", i && (len - i) % 3 == 0 ? "," : "", digits[i]);
}

/* By the second where there is one in a second, else by the minute. */
static void add_rate(struct text *out, double rate)
{
	if (rate < 0)
		text_add_string(out, "-");
	else if (rate >= 1)
		text_add(out, rate < 9.95 ? "%.1f/s" : "%.0f/s", rate);
	else
		text_add(out, "%.0f/min", rate * 60);
}

/* 1536 -> "1.5K" */
static void add_bytes(struct text *out, uint64_t n)
{
	static const char units[] = "BKMGTPE";
	double value = (double)n;
	size_t u = 0;

	while (value >= 999.5 && units[u + 1]) {
		value /= 1024;
		u++;
	}
	text_add(out, u && value < 9.95 ? "%.1f%c" : "%.0f%c", value, units[u]);
}

static void print_time(time_t when, const char *format, char *out, size_t size)
{
	struct tm tm;

	localtime_r(&when, &tm);
	strftime(out, size, format, &tm);
}

/* ---- the head ---- */

static void head(struct page *p)
{
	const struct who_view *v = p->v;
	struct text t = { 0 };
	char at[32];

	text_add_string(&t, "sallyport who");
	if (v->seen) {
		print_time((time_t)v->status.started, "%Y-%m-%d %H:%M", at, sizeof at);
		text_add(&t, "  serving since %s", at);
	}
	print_time(v->now, "%H:%M:%S", at, sizeof at);
	line_bar(p, &t, at);
	if (!v->seen)
		return;
	add_number(&t, v->status.granted);
	text_add_string(&t, " granted (");
	add_rate(&t, who_rate(p->samples, STAGE_ACCEPTED));
	text_add(&t, ")  %zu let in  ", v->n);
	add_number(&t, v->status.replay_entries);
	text_add(&t, " in the record  table %s", v->status.table_owned ? "owned" : "not owned");
	line_add(p, &t, WHO_PLAIN);
}

static void alarms(struct page *p)
{
	const struct who_view *v = p->v;
	struct text t = { 0 };
	char age[32];

	if (v->why) {
		duration_format((v->now_boot_ms - v->answered_boot_ms) / 1000, age, sizeof age);
		text_add_string(&t, v->why);
		if (v->seen)
			text_add(&t, ", for %s: grants go on in the kernel, the rest is old", age);
		line_add(p, &t, WHO_ALARM);
	}
	if (v->seen && v->status.replay_lost)
		line_string(p, "record lost: nothing is granted until the clock is known to be right", WHO_ALARM);
	if (v->seen && v->status.memory_only)
		line_string(p, "record in memory only: it cannot be written", WHO_WARNING);
}

/* ---- the grants ---- */

enum column {
	COLUMN_USER,
	COLUMN_KEY,
	COLUMN_ADDRESS,
	COLUMN_PORT,
	COLUMN_LEFT,
	COLUMN_SESSIONS,
	COLUMN_IN,
	COLUMN_OUT,
	COLUMNS
};

static void cell_user(const struct who_view *v, const struct control_entry *e, struct text *out)
{
	(void)v;
	if (e->known)
		text_add_escaped(out, e->user, strlen(e->user));
	else
		text_add_string(out, "?");
}

static void cell_key(const struct who_view *v, const struct control_entry *e, struct text *out)
{
	char key[WHO_FINGERPRINT];

	(void)v;
	who_fingerprint(e->key, key);
	text_add_string(out, !e->known ? "from before the start" : e->by_hand ? "by hand" : key);
}

static void cell_address(const struct who_view *v, const struct control_entry *e, struct text *out)
{
	char address[CLAIM_TEXT];

	(void)v;
	gate_address_print(&e->address, address);
	text_add_string(out, address);
}

static void cell_port(const struct who_view *v, const struct control_entry *e, struct text *out)
{
	(void)v;
	text_add(out, "%u", e->port);
}

static void cell_left(const struct who_view *v, const struct control_entry *e, struct text *out)
{
	char left[32];

	duration_format(who_left(v, e), left, sizeof left);
	text_add_string(out, left);
}

static void cell_sessions(const struct who_view *v, const struct control_entry *e, struct text *out)
{
	const struct traffic_peer *t = who_traffic(v, e);

	text_add(out, v->has_traffic ? "%u" : "-", t ? t->sessions : 0);
}

static void cell_in(const struct who_view *v, const struct control_entry *e, struct text *out)
{
	const struct traffic_peer *t = who_traffic(v, e);

	if (t)
		add_bytes(out, t->received);
}

static void cell_out(const struct who_view *v, const struct control_entry *e, struct text *out)
{
	const struct traffic_peer *t = who_traffic(v, e);

	if (t)
		add_bytes(out, t->sent);
}

static const struct {
	const char *title;
	bool right;
	void (*cell)(const struct who_view *v, const struct control_entry *e, struct text *out);
} columns[COLUMNS] = {
	[COLUMN_USER] = { "ACCOUNT", false, cell_user },
	[COLUMN_KEY] = { "KEY", false, cell_key },
	[COLUMN_ADDRESS] = { "FROM", false, cell_address },
	[COLUMN_PORT] = { "PORT", true, cell_port },
	[COLUMN_LEFT] = { "LEFT", true, cell_left },
	[COLUMN_SESSIONS] = { "SESSIONS", true, cell_sessions },
	[COLUMN_IN] = { "IN", true, cell_in },
	[COLUMN_OUT] = { "OUT", true, cell_out },
};

/* What gives way where the screen is narrow, one after the other: the column becomes so wide, or with 0 goes. */
static const struct {
	enum column column;
	unsigned width;
} savings[] = {
	{ COLUMN_KEY, 24 },  { COLUMN_USER, 24 },    { COLUMN_KEY, 16 }, { COLUMN_USER, 16 }, { COLUMN_OUT, 0 },
	{ COLUMN_IN, 0 },    { COLUMN_SESSIONS, 0 }, { COLUMN_PORT, 0 }, { COLUMN_KEY, 12 },  { COLUMN_KEY, 0 },
	{ COLUMN_USER, 10 }, { COLUMN_ADDRESS, 16 }, { COLUMN_USER, 6 }, { COLUMN_USER, 0 },
};

static unsigned sum_of(const unsigned width[COLUMNS])
{
	unsigned sum = 0;

	for (size_t i = 0; i < COLUMNS; i++)
		sum += width[i] ? width[i] + (sum ? GAP : 0) : 0;
	return sum;
}

/* Of all grants, not of those on the screen: nothing jumps while somebody scrolls. */
static void measure(const struct page *p, unsigned width[COLUMNS])
{
	struct text t = { 0 };

	for (size_t i = 0; i < COLUMNS; i++) {
		width[i] = width_of(columns[i].title, false);
		for (size_t k = 0; k < p->out->grants && k < MEASURED_MAX; k++) {
			unsigned w;

			text_reset(&t);
			columns[i].cell(p->v, &p->v->entries[k], &t);
			w = width_of(text_string(&t), p->f->utf8);
			width[i] = w > width[i] ? w : width[i];
		}
	}
	text_free(&t);
	for (size_t i = 0; i < ARRAY_SIZE(savings) && sum_of(width) > p->f->columns; i++)
		if (width[savings[i].column] > savings[i].width)
			width[savings[i].column] = savings[i].width;
}

/* e NULL: the titles. */
static void add_row(const struct page *p, const unsigned width[COLUMNS], const struct control_entry *e,
		    struct text *out)
{
	struct text cell = { 0 };

	for (size_t i = 0; i < COLUMNS; i++) {
		if (!width[i])
			continue;
		text_reset(&cell);
		if (e)
			columns[i].cell(p->v, e, &cell);
		else
			text_add_string(&cell, columns[i].title);
		text_add(out, "%*s", out->len ? GAP : 0, "");
		add_fitted(out, text_string(&cell), width[i], columns[i].right, p->f->utf8);
	}
	text_free(&cell);
}

static enum who_style style_of(const struct who_view *v, const struct control_entry *e)
{
	return who_left(v, e) < ENDING_SECONDS ? WHO_ENDING : e->by_hand ? WHO_HAND : WHO_PLAIN;
}

/* In 'rows' lines, the titles among them. */
static void grants(struct page *p, size_t rows)
{
	struct who_screen *s = p->out;
	unsigned width[COLUMNS];
	struct text t = { 0 };

	if (!rows)
		return;
	if (!s->grants) {
		line_string(p, "Nobody is let in now.", WHO_PLAIN);
		return;
	}
	s->page = rows - 1;
	s->top = p->f->top;
	if (s->top + s->page > s->grants)
		s->top = s->grants > s->page ? s->grants - s->page : 0;
	measure(p, width);
	add_row(p, width, NULL, &t);
	line_add(p, &t, WHO_HEADING);
	for (size_t i = s->top; i < s->grants && i < s->top + s->page; i++) {
		add_row(p, width, &p->v->entries[i], &t);
		line_add(p, &t, style_of(p->v, &p->v->entries[i]));
	}
}

/* ---- what opened nothing ---- */

struct refusal {
	enum knock_stage stage;
	uint64_t count;
	double rate;
};

/* What happens now comes first. */
static int by_rate(const void *a, const void *b)
{
	const struct refusal *x = a, *y = b;

	if (x->rate < y->rate || x->rate > y->rate)
		return x->rate > y->rate ? -1 : 1;
	if (x->count != y->count)
		return x->count > y->count ? -1 : 1;
	return (int)x->stage - (int)y->stage;
}

static size_t collect(const struct page *p, struct refusal list[STAGE_COUNT])
{
	size_t n = 0;

	for (size_t i = 1; i < STAGE_COUNT; i++)
		if (p->v->status.ended[i])
			list[n++] = (struct refusal){ (enum knock_stage)i, p->v->status.ended[i],
						      who_rate(p->samples, (enum knock_stage)i) };
	qsort(list, n, sizeof *list, by_rate);
	return n;
}

static void refusal_line(struct page *p, const struct refusal *r)
{
	struct text t = { 0 }, count = { 0 }, rate = { 0 };

	add_number(&count, r->count);
	add_rate(&rate, r->rate);
	text_add(&t, "%-10s %11s %8s  %s", knock_stage_text(r->stage), text_string(&count), text_string(&rate),
		 who_meaning(r->stage));
	text_free(&count);
	text_free(&rate);
	line_add(p, &t, r->rate > 0 ? WHO_WARNING : WHO_PLAIN);
}

/* In 'rows' lines: an empty one, a heading, and as many as fit. */
static void refusals(struct page *p, const struct refusal *list, size_t n, size_t rows)
{
	struct text t = { 0 };

	if (rows < 3)
		return;
	line_string(p, "", WHO_PLAIN);
	text_add(&t, "%-10s %11s %8s  %s", "REFUSED", "PACKETS", "RATE", "WHY");
	line_add(p, &t, WHO_HEADING);
	for (size_t i = 0; i < n && i + 2 < rows; i++)
		refusal_line(p, &list[i]);
}

static void foot(struct page *p)
{
	struct who_screen *s = p->out;
	struct text t = { 0 };
	char where[64] = "";

	text_add_string(&t, s->grants > s->page ? "q quits, arrows and pages scroll" : "q quits");
	if (s->grants > s->page && s->page)
		snprintf(where, sizeof where, "%zu-%zu of %zu", s->top + 1, s->top + s->page, s->grants);
	while (s->n + 1 < p->f->rows && !p->failed)
		line_string(p, "", WHO_PLAIN);
	line_bar(p, &t, where);
}

/* Those first that have ended meanwhile: the daemon is silent, and the kernel counts on. They are the last of the list. */
static size_t still_open(const struct who_view *v)
{
	size_t n = v->n;

	while (v->why && n && !who_left(v, &v->entries[n - 1]))
		n--;
	return n;
}

enum err who_layout(const struct who_view *v, const struct who_samples *s, const struct who_frame *f,
		    struct who_screen *out)
{
	struct refusal list[STAGE_COUNT];
	struct who_screen screen = { 0 };
	struct page p = { .v = v, .samples = s, .f = f, .out = &screen };
	size_t n, room, wanted, lower;

	screen.v = calloc(f->rows ? f->rows : 1, sizeof *screen.v);
	if (!screen.v)
		return ERR_MEMORY;
	screen.grants = still_open(v);
	n = v->seen ? collect(&p, list) : 0;
	head(&p);
	alarms(&p);
	/* The foot has a line of its own. Of what is left, the lower half is for refusals, unless the grants need less. */
	room = f->rows > screen.n + 1 ? f->rows - screen.n - 1 : 0;
	wanted = n ? n + 2 : 0;
	lower = room / 2;
	if (room > screen.grants + 1 && room - screen.grants - 1 > lower)
		lower = room - screen.grants - 1;
	lower = wanted < lower ? wanted : lower;
	if (lower < 3)
		lower = 0;
	if (v->seen) {
		grants(&p, room - lower);
		refusals(&p, list, n, lower);
	}
	if (f->rows > 1)
		foot(&p);
	if (p.failed) {
		who_screen_clear(&screen);
		return ERR_MEMORY;
	}
	*out = screen;
	return ERR_NONE;
}

void who_screen_clear(struct who_screen *s)
{
	for (size_t i = 0; i < s->n; i++)
		free(s->v[i].text);
	free(s->v);
	*s = (struct who_screen){ 0 };
}
