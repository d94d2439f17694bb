/* SPDX-License-Identifier: GPL-3.0-or-later */
/* ask.c - run the sshd binary with -V, -T or a list of algorithms, and read what it prints. */
#include "audit/ask.h"

#include "audit/finding.h"
#include "base/child.h"
#include "sshd/version.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

#define ASK_TIMEOUT_MS 10000
#define ASK_MAX_OUTPUT (1024 * 1024)
#define REPORT_MAX_LINES 20000 /* AllowUsers has a line for each word */
#define REPORT_MAX_NAME 64

/* What sshd says when it never came to read the configuration, or could read it but not load keys. */
/*
 * sshd -T without -C refuses a configuration that asks for the local port (7.8 and 7.9: for the user), though it is right. No rule
 * names port 1 by chance: what comes out then is what holds where none of them does.
 */
#define LACKS_CONNECTION "not in connection test specification"
#define NO_CONNECTION "lport=1"

static const char *const cannot_try[] = {
	"no hostkeys available",
	"Missing privilege separation directory",
	"Privilege separation user",
	"must be owned by root and not",
	"sshd re-exec requires",
	": Permission denied",
	"unknown option",
	LACKS_CONNECTION,
};

static bool contains_any(const char *s, const char *const *words, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (strstr(s, words[i]))
			return true;
	return false;
}

static char *first_line(const struct text *t)
{
	const char *s = text_string(t);
	struct text out = { 0 };

	s += strspn(s, "\r\n");
	text_add_escaped(&out, s, strcspn(s, "\r\n"));
	if (!out.s)
		text_add_string(&out, "it said nothing");
	return text_take(&out);
}

/* The list of this name, made where there is none yet. */
static enum err values_of(struct sshd_report *r, const char *name, struct strings **out)
{
	struct strings *v;
	enum err e;

	/* sshd prints the lines of one keyword one after the other, so the newest name is the likely one. */
	for (size_t i = r->names.n; i-- > 0;) {
		if (strcmp(r->names.v[i], name) == 0) {
			*out = &r->values[i];
			return ERR_NONE;
		}
	}
	v = realloc(r->values, (r->names.n + 1) * sizeof *v);
	if (!v)
		return ERR_MEMORY;
	r->values = v;
	v[r->names.n] = (struct strings){ 0 };
	if ((e = strings_add(&r->names, name)))
		return e;
	*out = &r->values[r->names.n - 1];
	return ERR_NONE;
}

static enum err parse_line(struct sshd_report *r, const char *line, size_t len)
{
	char name[REPORT_MAX_NAME];
	struct strings *values;
	size_t n = 0;
	enum err e;

	for (; n < len && line[n] != ' '; n++) {
		if (n + 1 >= sizeof name || !isalnum((unsigned char)line[n]))
			return ERR_SYNTAX;
		name[n] = (char)tolower((unsigned char)line[n]);
	}
	if (n == 0)
		return ERR_SYNTAX;
	name[n] = '\0';
	if (memchr(line, '\0', len))
		return ERR_SYNTAX;
	if ((e = values_of(r, name, &values)))
		return e;
	if (n < len)
		n++;
	return strings_add_bytes(values, line + n, len - n);
}

enum err report_parse(const char *printed, size_t len, struct sshd_report *out)
{
	struct sshd_report r = { 0 };
	size_t lines = 0;
	enum err e = ERR_NONE;

	while (len > 0) {
		const char *end = memchr(printed, '\n', len);
		size_t n = end ? (size_t)(end - printed) : len;

		if (++lines > REPORT_MAX_LINES)
			e = ERR_TOO_BIG;
		else if (n > 0)
			e = parse_line(&r, printed, n);
		if (e) {
			report_free(&r);
			return e;
		}
		n += end != NULL;
		printed += n;
		len -= n;
	}
	*out = r;
	return ERR_NONE;
}

const struct strings *report_values(const struct sshd_report *r, const char *name)
{
	for (size_t i = 0; i < r->names.n; i++)
		if (strcasecmp(r->names.v[i], name) == 0)
			return &r->values[i];
	return NULL;
}

void report_free(struct sshd_report *r)
{
	for (size_t i = 0; i < r->names.n; i++)
		strings_free(&r->values[i]);
	free(r->values);
	strings_free(&r->names);
	*r = (struct sshd_report){ 0 };
}

static void add_field(struct text *t, const char *name, const char *value)
{
	if (value)
		text_add(t, "%s%s=%s", t->len ? "," : "", name, value);
}

/* A comma would begin another field; no address and hardly any name has one. */
static bool fits_spec(const struct sshd_connection *c)
{
	const char *const fields[] = { c->user, c->host, c->addr, c->laddr, c->rdomain };

	for (size_t i = 0; i < ARRAY_SIZE(fields); i++)
		if (fields[i] && strchr(fields[i], ','))
			return false;
	return true;
}

static enum err connection_spec(const struct sshd_connection *c, struct text *out)
{
	if (!fits_spec(c))
		return ERR_UNSUPPORTED;
	add_field(out, "user", c->user);
	add_field(out, "host", c->host);
	add_field(out, "addr", c->addr);
	add_field(out, "laddr", c->laddr);
	if (c->lport)
		text_add(out, "%slport=%u", out->len ? "," : "", c->lport);
	add_field(out, "rdomain", c->rdomain);
	return text_check(out);
}

static enum err run_report(const char *sshd, const char *mode, const char *config, const char *spec,
			   struct sshd_report *out, char **complaint)
{
	const char *argv[] = { sshd, mode, "-f", config, spec ? "-C" : NULL, spec, NULL };
	struct child_result r = { 0 };
	struct text both = { 0 };
	enum err e;

	if ((e = child_run(argv, NULL, ASK_TIMEOUT_MS, ASK_MAX_OUTPUT, &r)))
		return e;
	if (r.status == 0) {
		e = report_parse(text_string(&r.out), r.out.len, out);
		goto out;
	}
	e = contains_any(text_string(&r.err), cannot_try, ARRAY_SIZE(cannot_try)) ? ERR_UNSUPPORTED : ERR_CHILD;
	text_add_string(&both, text_string(&r.err));
	text_add_string(&both, text_string(&r.out));
	free(*complaint);
	*complaint = first_line(&both);
	if (!*complaint)
		e = ERR_MEMORY;
out:
	text_free(&both);
	child_result_free(&r);
	return e;
}

enum err ask_report(const char *sshd, const char *config, const struct sshd_connection *connection,
		    struct sshd_report *out, char **complaint)
{
	struct text spec = { 0 };
	char *first = NULL, *second = NULL;
	enum err e = ERR_NONE;

	if (connection)
		e = connection_spec(connection, &spec);
	if (!e)
		e = run_report(sshd, "-T", config, spec.s, out, &first);
	if (e == ERR_UNSUPPORTED && first && !connection && strstr(first, LACKS_CONNECTION)) {
		free(first);
		first = NULL;
		e = run_report(sshd, "-T", config, NO_CONNECTION, out, &first);
	}
	if (e == ERR_UNSUPPORTED && first) {
		enum err second_e = run_report(sshd, "-G", config, spec.s, out, &second);

		/* A sshd that does not know -G complains of that, which helps nobody. */
		if (second_e == ERR_NONE || second_e == ERR_CHILD) {
			e = second_e;
			free(first);
			first = second;
			second = NULL;
		}
	}
	if (e) {
		*complaint = first;
		first = NULL;
	}
	free(first);
	free(second);
	text_free(&spec);
	return e;
}

static enum err version_from(const char *s, size_t len, unsigned *release, char **text)
{
	char name[32];
	enum err e;

	if ((e = sshd_version_find(s, len, release, name, sizeof name)))
		return e;
	*text = strdup(name);
	return *text ? ERR_NONE : ERR_MEMORY;
}

enum err ask_version(const char *sshd, unsigned *release, char **text)
{
	char name[32];
	enum err e;

	if ((e = sshd_version_ask(sshd, ASK_TIMEOUT_MS, release, name, sizeof name)))
		return e;
	*text = strdup(name);
	return *text ? ERR_NONE : ERR_MEMORY;
}

/* "OpenSSH_9.2p1": the patterns of old peers that the binary also holds ("OpenSSH_6.6.1*") have no patch level. */
static size_t full_version(const char *s, size_t len)
{
	static const char prefix[] = "OpenSSH_";
	size_t i = sizeof prefix - 1, dot, p;

	while (i < len && isdigit((unsigned char)s[i]))
		i++;
	if (i == sizeof prefix - 1 || i >= len || s[i] != '.')
		return 0;
	dot = i++;
	while (i < len && isdigit((unsigned char)s[i]))
		i++;
	if (i == dot + 1 || i >= len || s[i] != 'p')
		return 0;
	p = i++;
	while (i < len && isdigit((unsigned char)s[i]))
		i++;
	return i > p + 1 ? i : 0;
}

enum err binary_version(const char *bytes, size_t len, unsigned *release, char **text)
{
	const char *at;

	while ((at = memmem(bytes, len, "OpenSSH_", 8))) {
		size_t left = len - (size_t)(at - bytes), n = full_version(at, left);

		if (n > 0)
			return version_from(at, n, release, text);
		bytes = at + 8;
		len = left - 8;
	}
	return ERR_NOT_FOUND;
}

/*
 * sshd reads -o before it looks for host keys or its directory in /run, so whatever it
 * says, unless it speaks of the command line, it took the list.
 */
static enum err try_list(const char *sshd, const char *keyword, const struct strings *names, bool *accepted)
{
	const char *argv[] = { sshd, "-t", "-f", "/dev/null", "-h", "/dev/null", "-o", NULL, NULL };
	static const char *const later[] = { "hostkey", "host key", "privilege separation", "Privilege separation" };
	struct child_result r = { 0 };
	struct text option = { 0 };
	enum err e;

	text_add(&option, "%s=", keyword);
	strings_join(names, ",", &option);
	if ((e = text_check(&option)))
		goto out;
	argv[7] = option.s;
	if ((e = child_run(argv, NULL, ASK_TIMEOUT_MS, ASK_MAX_OUTPUT, &r)))
		goto out;
	if (strstr(text_string(&r.err), "command-line"))
		*accepted = false;
	else if (r.status == 0 || contains_any(text_string(&r.err), later, ARRAY_SIZE(later)))
		*accepted = true;
	else
		e = ERR_CHILD;
out:
	child_result_free(&r);
	text_free(&option);
	return e;
}

static enum err try_each(const char *sshd, const char *keyword, const struct strings *wanted, struct strings *out)
{
	enum err e;

	for (size_t i = 0; i < wanted->n; i++) {
		const struct strings one = { .v = wanted->v + i, .n = 1 };
		bool accepted = false;

		if ((e = try_list(sshd, keyword, &one, &accepted)) ||
		    (accepted && (e = strings_add(out, wanted->v[i]))))
			return e;
	}
	return ERR_NONE;
}

enum err ask_supported(const char *sshd, enum sshd_keyword_id keyword, const struct strings *wanted,
		       struct strings *supported)
{
	const char *name = sshd_keyword(keyword)->name;
	struct strings out = { 0 };
	bool accepted = false;
	enum err e;

	if (wanted->n == 0)
		return ERR_NONE;
	if ((e = try_list(sshd, name, wanted, &accepted)))
		return e;
	e = accepted ? strings_copy(&out, wanted) : try_each(sshd, name, wanted, &out);
	if (!e)
		e = strings_copy(supported, &out);
	strings_free(&out);
	return e;
}
