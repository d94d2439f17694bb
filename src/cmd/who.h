/* SPDX-License-Identifier: GPL-3.0-or-later */
/* who.h - what the gate says of itself, and the forms in which it is shown: text, JSON, metrics, a screen. */
#ifndef CMD_WHO_H
#define CMD_WHO_H

#include "audit/traffic.h"
#include "base/err.h"
#include "base/macros.h"
#include "base/text.h"
#include "cmd/command.h"
#include "gate/control.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#define WHO_SECONDS 2  /* between two looks */
#define WHO_SAMPLES 31 /* rates are those of the last minute */
#define WHO_FINGERPRINT 52

/* One look. Start with { 0 }. */
struct who_view {
	const char *why; /* the daemon gave no answer: why; what is below is then what it said last. NULL: it did */
	bool seen;	 /* it has answered at least once */
	struct control_entry *entries;
	size_t n;
	struct control_status status;
	uint64_t answered_boot_ms; /* when it did, and */
	uint64_t now_boot_ms;	   /* when it was looked at, by clock_boot_ms() */
	time_t now;
	struct traffic traffic;
	bool has_traffic; /* the kernel tells of the sessions */
};

/* Counters of the last looks, newest last: all of one run of the daemon. Start with { 0 }. */
struct who_samples {
	struct who_sample {
		uint64_t boot_ms;
		uint64_t started;
		uint64_t granted;
		uint64_t ended[STAGE_COUNT];
	} v[WHO_SAMPLES];
	size_t n;
};

/*
 * Asks the daemon at 'path' (NULL: the usual place) and the kernel. Where it gives no answer the error comes back, 'why' is set, and what
 * was known before stays. *reached: it was there, and yet gave none.
 */
enum err who_look(const char *path, struct who_view *v, bool *reached);
void who_clear(struct who_view *v);
/* What is left of a grant: the kernel counts on while the daemon is silent. */
uint64_t who_left(const struct who_view *v, const struct control_entry *e);
/* NULL: no session, or the kernel does not tell. */
const struct traffic_peer *who_traffic(const struct who_view *v, const struct control_entry *e);

/* Another run of the daemon begins anew. */
void who_samples_add(struct who_samples *s, const struct who_view *v);
/* Events a second over the samples, of knocks that ended there (STAGE_ACCEPTED: that were granted). Below 0: not known yet. */
double who_rate(const struct who_samples *s, enum knock_stage stage);

/* In a line for people what ended there. */
const char *who_meaning(enum knock_stage stage);
void who_fingerprint(const uint8_t key[NATIVE_KEY_ID], char out[WHO_FINGERPRINT]);

void who_text(const struct who_view *v, struct text *out);
json_t *who_json(const struct who_view *v); /* new reference; NULL without memory */
/* The text format of Prometheus. table: 1 loaded, 0 not, below 0: not known. */
void who_prometheus(const struct who_view *v, int table, struct text *out);

/* ---- the screen ---- */

enum who_style { WHO_PLAIN, WHO_BAR, WHO_HEADING, WHO_HAND, WHO_ENDING, WHO_WARNING, WHO_ALARM, WHO_STYLES };

/* What it is laid out for. */
struct who_frame {
	unsigned columns, rows;
	size_t top; /* the first grant that is shown */
	bool utf8;  /* the terminal takes it; else '?' stands for what is not ASCII */
};

struct who_line {
	char *text;
	enum who_style style;
};

struct who_screen {
	struct who_line *v; /* at most 'rows', each at most 'columns' wide */
	size_t n;
	size_t top, page, grants; /* the first grant shown, how many have room, how many there are */
};

/* Pure: a view as lines. LC_CTYPE says how wide a character is. ERR_MEMORY. Free with who_screen_clear(). */
MUST_USE enum err who_layout(const struct who_view *v, const struct who_samples *s, const struct who_frame *f,
			     struct who_screen *out);
void who_screen_clear(struct who_screen *s);

/* Of the library that paints: "ncurses 6.4.20221231". */
const char *who_screen_version(void);
/*
 * Shows it until q is pressed or a signal ends us. 'v' holds the first look. ERR_UNSUPPORTED: the terminal cannot, and nothing was
 * shown; else *status is what to exit with.
 */
MUST_USE enum err who_watch(const char *path, struct who_view *v, int *status);

#endif
