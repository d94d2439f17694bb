/* SPDX-License-Identifier: GPL-3.0-or-later */
/* version.c - finds OpenSSH's release number in whatever names it. */
#include "sshd/version.h"

#include "base/child.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/banned.h"

#define PREFIX "OpenSSH_"
#define MAX_OUTPUT (1024 * 1024)

/* At most three digits: no release will need more, and nothing overflows. */
static bool digits_read(const char **at, const char *end, unsigned *out)
{
	const char *p = *at;
	unsigned n = 0;

	while (p < end && p - *at < 3 && isdigit((unsigned char)*p))
		n = n * 10 + (unsigned)(*p++ - '0');
	if (p == *at || (p < end && isdigit((unsigned char)*p)))
		return false;
	*at = p;
	*out = n;
	return true;
}

/* "9.2", "9.2p1" at p. */
static bool release_read(const char *p, const char *end, unsigned *release, char *name, size_t size)
{
	const char *start = p;
	unsigned major, minor, patch;

	if (!digits_read(&p, end, &major) || p == end || *p++ != '.' || !digits_read(&p, end, &minor) || minor > 99)
		return false;
	if (p < end && *p == 'p') {
		const char *after = p + 1;
		if (digits_read(&after, end, &patch))
			p = after;
	}
	/* a pattern of sshd's own table of old peers: "OpenSSH_3.0*", "OpenSSH_6.6.1*" */
	if (p < end && (*p == '*' || *p == '.'))
		return false;
	*release = SSHD_RELEASE(major, minor);
	if (name)
		snprintf(name, size, "%.*s", (int)(p - start), start);
	return true;
}

enum err sshd_version_find(const char *text, size_t len, unsigned *release, char *name, size_t size)
{
	const char *end = text + len, *p = text;

	while ((p = memmem(p, (size_t)(end - p), PREFIX, strlen(PREFIX)))) {
		p += strlen(PREFIX);
		if (release_read(p, end, release, name, size))
			return ERR_NONE;
	}
	return ERR_NOT_FOUND;
}

enum err sshd_version_ask(const char *sshd, int timeout_ms, unsigned *release, char *name, size_t size)
{
	const char *argv[] = { sshd, "-V", NULL };
	struct child_result r = { 0 };
	struct text both = { 0 };
	enum err e = child_run(argv, NULL, timeout_ms, MAX_OUTPUT, &r);

	if (e)
		return e;
	text_add_string(&both, text_string(&r.err));
	text_add_string(&both, text_string(&r.out));
	e = text_check(&both);
	if (!e)
		e = sshd_version_find(text_string(&both), both.len, release, name, size);
	text_free(&both);
	child_result_free(&r);
	return e;
}
