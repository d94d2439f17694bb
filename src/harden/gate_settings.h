/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gate_settings.h - sallyportd.conf as a change sees it: lines to be set, and what the daemon makes of them. */
#ifndef HARDEN_GATE_SETTINGS_H
#define HARDEN_GATE_SETTINGS_H

#include "base/err.h"
#include "base/macros.h"
#include "base/text.h"

#include <stdbool.h>

#define GATE_SETTINGS "/etc/sallyport/sallyportd.conf"

/* Every setting with all its values, defaults filled in: lines "Keyword value" as sallyportd -T prints them. */
struct gate_settings {
	struct strings lines;
};

/*
 * Asks sallyportd. ERR_CONFIG: there are mistakes, *complaint (yours) has them, a line each; ERR_NOT_FOUND: no sallyportd is
 * installed. Free with gate_settings_clear().
 */
MUST_USE enum err gate_settings_ask(const char *file, struct gate_settings *out, char **complaint);
/*
 * Would a daemon do well with these settings (sallyportd -t)? ERR_CONFIG: no. *said (yours, may be NULL) has mistakes and warnings, a line each.
 */
MUST_USE enum err gate_settings_check(const char *file, char **said);
/* The values of a keyword, as they are printed, appended. ERR_MEMORY. */
MUST_USE enum err gate_settings_values(const struct gate_settings *s, const char *keyword, struct strings *out);
void gate_settings_clear(struct gate_settings *s);

/* Whether a line of the text sets this keyword (in upper or lower case). */
bool gate_text_has(const char *text, const char *keyword);
/* The text with one line of the keyword and these values at its end in place of all lines that set it; all else stays. */
MUST_USE enum err gate_text_set(const char *text, const char *keyword, const struct strings *values, struct text *out);

#endif
