/* SPDX-License-Identifier: GPL-3.0-or-later */
/* progress.c - a bar for people, JSON lines for programs. */
#include "base/progress.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/message.h"
#include "base/number.h"
#include "base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/banned.h"

#define DRAW_EVERY_MS 100
#define BAR 24

struct progress {
	char *what;
	uint64_t total, started_ms, drawn_ms;
	bool json, terminal, drawn;
};

static bool is_terminal(int fd)
{
	const char *term = getenv("TERM");

	return isatty(fd) && term && strcmp(term, "dumb") != 0;
}

struct progress *progress_start(const char *what, uint64_t total, bool json)
{
	struct progress *p = calloc(1, sizeof *p);

	if (!p)
		return NULL;
	p->what = strdup(what);
	if (!p->what) {
		free(p);
		return NULL;
	}
	p->total = total;
	p->json = json;
	p->terminal = !json && !message_quiet() && is_terminal(STDERR_FILENO);
	p->started_ms = clock_boot_ms();
	return p;
}

static void print_json(const struct progress *p, uint64_t done)
{
	json_t *line = json_pack("{s:o, s:I, s:I}", "progress", json_safe_string(p->what), "done", (json_int_t)done,
				 "total", (json_int_t)p->total);
	char *text = line ? json_dumps(line, JSON_COMPACT) : NULL;

	if (text)
		fprintf(stderr, "%s\n", text);
	free(text);
	json_decref(line);
}

static size_t columns(void)
{
	struct winsize size;

	return !ioctl(STDERR_FILENO, TIOCGWINSZ, &size) && size.ws_col ? size.ws_col : 80;
}

/* "  12.3/s, 1m30s left", as far as anything can be said yet. */
static void add_rate(struct text *t, const struct progress *p, uint64_t done, uint64_t elapsed_ms)
{
	double rate, left;
	char time_left[32];

	if (!done || elapsed_ms < 1000)
		return;
	rate = (double)done * 1000 / (double)elapsed_ms;
	text_add(t, "  %.*f/s", rate < 10 ? 1 : 0, rate);
	if (done >= p->total)
		return;
	left = (double)(p->total - done) / rate;
	if (left >= 1e9)
		return;
	duration_format((uint64_t)left + 1, time_left, sizeof time_left);
	text_add(t, ", %s left", time_left);
}

static void draw(struct progress *p, uint64_t done, uint64_t now_ms)
{
	double part = p->total && done < p->total ? (double)done / (double)p->total : 1;
	size_t filled = (size_t)(part * BAR), width = columns();
	struct text t = { 0 };

	text_add_escaped(&t, p->what, strlen(p->what));
	text_add(&t, "  [%.*s%.*s] %3d%%", (int)filled, "########################", (int)(BAR - filled),
		 "........................", (int)(part * 100));
	add_rate(&t, p, done, now_ms - p->started_ms);
	/* a line that wraps could not be cleared */
	fprintf(stderr, "\r%.*s\033[K", (int)(width - 1), text_string(&t));
	text_free(&t);
	p->drawn = true;
	message_set_bar(true);
	p->drawn_ms = now_ms;
}

void progress_step(struct progress *p, uint64_t done)
{
	uint64_t now_ms;

	if (!p)
		return;
	if (p->json) {
		print_json(p, done);
		return;
	}
	if (!p->terminal)
		return;
	now_ms = clock_boot_ms();
	if (!p->drawn || now_ms - p->drawn_ms >= DRAW_EVERY_MS)
		draw(p, done, now_ms);
}

void progress_end(struct progress *p)
{
	if (!p)
		return;
	if (p->drawn)
		fputs("\r\033[K", stderr);
	message_set_bar(false);
	free(p->what);
	free(p);
}
