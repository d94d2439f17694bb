/* SPDX-License-Identifier: GPL-3.0-or-later */
/* report.h - an audit for people and for programs. */
#ifndef REPORT_REPORT_H
#define REPORT_REPORT_H

#include "audit/audit.h"
#include "base/text.h"

#include <jansson.h>
#include <stdbool.h>

/* Grade and counts, the worst few and the one command that helps most; all: every finding with detail, evidence and fix. */
MUST_USE enum err report_text(const struct audit *a, bool all, bool color, struct text *out);
/* Schema sallyport.audit.v1. *out is a new reference. */
MUST_USE enum err report_json(const struct audit *a, json_t **out);

#endif
