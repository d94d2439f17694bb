/* SPDX-License-Identifier: GPL-3.0-or-later */
/* sshd.h - short ways for tests to read a configuration and to ask it. */
#ifndef TESTS_UNIT_SSHD_SSHD_H
#define TESTS_UNIT_SSHD_SSHD_H

#include "base/scratch.h"

#include "sshd/effective.h"
#include "sshd/version.h"

#define R92 SSHD_RELEASE(9, 2)

/* Reads a text; the first problem's text goes into 'problem' ("" if there is none). */
static inline enum err text_parse(const char *text, unsigned release, struct sshd_config **out, char *problem,
				  size_t size)
{
	struct diags problems = { 0 };
	enum err e = sshd_config_parse(text, strlen(text), release, out, &problems);

	if (problem)
		snprintf(problem, size, "%s", problems.n ? problems.v[0].text : "");
	diags_free(&problems);
	return e;
}

static inline struct sshd_config *text_fine(const char *text, unsigned release)
{
	struct sshd_config *c = NULL;
	char problem[512];

	if (text_parse(text, release, &c, problem, sizeof problem))
		fail_msg("'%s' (%u): %s", text, release, problem);
	return c;
}

static inline bool text_refused(const char *text, unsigned release)
{
	struct sshd_config *c = NULL;
	enum err e = text_parse(text, release, &c, NULL, 0);

	sshd_config_free(c);
	assert_true(e == ERR_NONE || e == ERR_CONFIG);
	return e == ERR_CONFIG;
}

/* All printed lines of a keyword, joined by " | ", into a static buffer. */
static inline const char *text_value(const char *text, unsigned release, enum sshd_keyword_id id,
				     const struct sshd_connection *to)
{
	static char out[4096];
	struct sshd_config *c = text_fine(text, release);
	struct sshd_effective *now = NULL;
	struct text joined = { 0 };

	assert_int_equal(sshd_effective(c, to, &now), ERR_NONE);
	strings_join(sshd_values(now, id), " | ", &joined);
	snprintf(out, sizeof out, "%s", text_string(&joined));
	text_free(&joined);
	sshd_effective_free(now);
	sshd_config_free(c);
	return out;
}

#endif
