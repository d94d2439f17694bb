/* SPDX-License-Identifier: GPL-3.0-or-later */
/* keys.h - what key audit found, for people and for programs. */
#ifndef REPORT_KEYS_H
#define REPORT_KEYS_H

#include "audit/key_judge.h"
#include "base/text.h"

#include <jansson.h>
#include <stdbool.h>

struct keys_page {
	const struct key_report *report;
	const struct sightings *seen;
	const struct policy *policy;
	const char *root; /* NULL: the running system */
	time_t now;
	bool privileged, all, color;
};

/* What was seen, then the findings grouped by what is wrong, the worst first, a few of each; all: every one, and what was merely noted. */
MUST_USE enum err keys_text(const struct keys_page *p, struct text *out);
/* Schema sallyport.keys.v1. *out is a new reference. */
MUST_USE enum err keys_json(const struct keys_page *p, json_t **out);

#endif
