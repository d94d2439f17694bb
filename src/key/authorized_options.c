/* SPDX-License-Identifier: GPL-3.0-or-later */
/* authorized_options.c - the options in front of a key, by the rules of sshd's own parser rather than the manual's. */
#include "key/authorized.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "base/banned.h"

/* When sshd learned what; the number is major * 100 + minor. */
#define SINCE_EXPIRY 707
#define SINCE_STRICT 707 /* the parser of today: a value may stand only once */
#define SINCE_PERMITLISTEN 708
#define SINCE_TOUCH 802
#define SINCE_VERIFY 804
#define SINCE_ENV_NAME 807
#define SINCE_UTC 901

#define PERMITS_MAX 4097 /* sshd counts before it adds, so one more than its limits */
#define ENVIRONMENT_MAX 1025
#define HOST_MAX 1024	      /* NI_MAXHOST without the NUL */
#define TUNNEL_MAX 0x7ffffffd /* SSH_TUNID_MAX */

static const char why_memory[] = "no memory";

/* What is left of the text; nothing in it is a NUL. */
struct cursor {
	const char *at, *end;
};

struct parse {
	struct authorized_options o;
	unsigned release;
	const char *why;
};

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static enum err refuse(struct parse *p, const char *why)
{
	p->why = why;
	return ERR_SYNTAX;
}

/* The names are compared without regard to case, and only as far as they go: what follows is looked at later. */
static bool name_take(struct cursor *c, const char *name)
{
	size_t len = strlen(name);

	if ((size_t)(c->end - c->at) < len || strncasecmp(c->at, name, len) != 0)
		return false;
	c->at += len;
	return true;
}

/* "\"...\"": a backslash means something in front of a quote only. *out is the caller's. */
static enum err value_take(struct parse *p, struct cursor *c, char **out)
{
	const char *s = c->at;
	char *value;
	size_t n = 0;

	if (s == c->end || *s != '"')
		return refuse(p, "a value must begin with a quote");
	s++;
	if (!(value = malloc((size_t)(c->end - s) + 1)))
		return ERR_MEMORY;
	for (; s < c->end && *s != '"'; s++) {
		if (*s == '\\' && s + 1 < c->end && s[1] == '"')
			s++;
		value[n++] = *s;
	}
	if (s == c->end) {
		free(value);
		return refuse(p, "a closing quote is missing");
	}
	value[n] = '\0';
	c->at = s + 1;
	*out = value;
	return ERR_NONE;
}

/* The words that stand alone. */
static const struct flag {
	const char *name;
	size_t field;
	bool negatable, inverted;
	unsigned since;
} flags[] = {
#define FIELD(f) offsetof(struct authorized_options, f)
	{ "restrict", FIELD(restricted) },
	{ "cert-authority", FIELD(cert_authority) },
	{ "port-forwarding", FIELD(port_forwarding), .negatable = true },
	{ "agent-forwarding", FIELD(agent_forwarding), .negatable = true },
	{ "x11-forwarding", FIELD(x11_forwarding), .negatable = true },
	{ "touch-required", FIELD(no_touch_required), .negatable = true, .inverted = true, .since = SINCE_TOUCH },
	{ "verify-required", FIELD(verify_required), .negatable = true, .since = SINCE_VERIFY },
	{ "pty", FIELD(pty), .negatable = true },
	{ "user-rc", FIELD(user_rc), .negatable = true },
};

static void permissions_set(struct authorized_options *o, bool on)
{
	o->port_forwarding = o->agent_forwarding = o->x11_forwarding = o->pty = o->user_rc = on;
}

static bool flag_take(struct parse *p, struct cursor *c)
{
	for (const struct flag *f = flags; f < flags + ARRAY_SIZE(flags); f++) {
		struct cursor at = *c;
		bool on = !(f->negatable && name_take(&at, "no-"));

		if (p->release < f->since || !name_take(&at, f->name))
			continue;
		*(bool *)((char *)&p->o + f->field) = on != f->inverted;
		if (f->field == FIELD(restricted))
			permissions_set(&p->o, false);
		*c = at;
		return true;
	}
	return false;
}

/* One value; from 7.7 on a second one is an error, before the last one counted. */
static enum err single(struct parse *p, char **field, char *value, const char *twice)
{
	if (*field && p->release >= SINCE_STRICT)
		return refuse(p, twice);
	free(*field);
	if (!(*field = strdup(value)))
		return ERR_MEMORY;
	return ERR_NONE;
}

static enum err set_command(struct parse *p, char *value)
{
	return single(p, &p->o.command, value, "'command' is given twice");
}

/* Before 7.7 each from= had to match, which no list can say: such a line counts as none. */
static enum err set_from(struct parse *p, char *value)
{
	if (p->o.from)
		return refuse(p, "'from' is given twice");
	return single(p, &p->o.from, value, NULL);
}

static enum err set_tunnel(struct parse *p, char *value)
{
	char *end;
	long long n;

	if (strcasecmp(value, "any") != 0) {
		errno = 0;
		n = strtoll(value, &end, 10);
		if (end == value || *end || errno || n < 0 || n > TUNNEL_MAX)
			return refuse(p, "'tunnel' wants a device number or 'any'");
	}
	free(p->o.tunnel);
	return (p->o.tunnel = strdup(value)) ? ERR_NONE : ERR_MEMORY;
}

/* sshd reads this list up to its first empty item, and blanks belong to the names. */
static enum err set_principals(struct parse *p, char *value)
{
	enum err e;

	if (p->o.has_principals && p->release >= SINCE_STRICT)
		return refuse(p, "'principals' is given twice");
	strings_free(&p->o.principals);
	p->o.has_principals = true;
	for (size_t n; (n = strcspn(value, ",")); value += n + 1) {
		if ((e = strings_add_bytes(&p->o.principals, value, n)))
			return e;
		if (!value[n])
			break;
	}
	return ERR_NONE;
}

/* "YYYYMMDD[HHMM[SS]]" with separators, as strptime() wants them. False where it has another length. */
static bool time_spread(const char *s, size_t len, char out[static 32], const char **format)
{
	static const struct {
		size_t len;
		const char *format;
	} forms[] = { { 8, "%Y-%m-%d" }, { 12, "%Y-%m-%dT%H:%M" }, { 14, "%Y-%m-%dT%H:%M:%S" } };
	static const char between[] = "\0\0\0-\0-\0T\0:\0:\0\0";

	for (size_t i = 0; i < ARRAY_SIZE(forms); i++)
		if (forms[i].len == len) {
			for (size_t k = 0, n = 0; k < len; k++) {
				out[n++] = s[k];
				if (k + 1 < len && between[k])
					out[n++] = between[k];
				out[n] = '\0';
			}
			*format = forms[i].format;
			return true;
		}
	return false;
}

/*
 * With the same calls that sshd makes, so that 30 February, a blank for a digit and an hour of summer time come out as
 * there: tm_isdst is 0, which shifts a summer's time by an hour.
 */
static bool time_parse(const char *s, unsigned release, uint64_t *out)
{
	size_t len = strlen(s);
	struct tm tm = { 0 };
	const char *format, *end;
	bool utc = false;
	char spread[32];
	time_t t;

	if (release >= SINCE_UTC && len > 1 && !strcasecmp(s + len - 1, "Z")) {
		utc = true;
		len--;
	} else if (release >= SINCE_UTC && len > 3 && !strcasecmp(s + len - 3, "UTC")) {
		utc = true;
		len -= 3;
	}
	if (!time_spread(s, len, spread, &format) || !(end = strptime(spread, format, &tm)) ||
	    (*end && release >= SINCE_UTC))
		return false;
	t = utc ? timegm(&tm) : mktime(&tm);
	if (t <= 0)
		return false;
	*out = (uint64_t)t;
	return true;
}

static enum err set_expiry(struct parse *p, char *value)
{
	uint64_t t;

	if (!time_parse(value, p->release, &t))
		return refuse(p, "'expiry-time' wants a time as YYYYMMDD[HHMM[SS]][Z]");
	if (!p->o.expires || t < p->o.expires)
		p->o.expires = t;
	return ERR_NONE;
}

static enum err set_environment(struct parse *p, char *value)
{
	const char *equals = strchr(value, '=');

	if (p->release < SINCE_STRICT)
		return strings_add(&p->o.environment, value);
	if (p->o.environment.n >= ENVIRONMENT_MAX)
		return refuse(p, "too many 'environment'");
	if (!equals || (equals == value && p->release >= SINCE_ENV_NAME))
		return refuse(p, "'environment' wants NAME=VALUE");
	for (const char *c = value; c < equals; c++)
		if (!isalnum((unsigned char)*c) && *c != '_')
			return refuse(p, "'environment' wants a name of letters, digits and '_'");
	return strings_add(&p->o.environment, value);
}

static bool port_valid(const char *s)
{
	char *end;
	long long n;

	if (!strcmp(s, "*"))
		return true;
	errno = 0;
	n = strtoll(s, &end, 10);
	if (end != s && !*end && !errno && n >= 0 && n <= UINT16_MAX)
		return n > 0;
	return getservbyname(s, "tcp") != NULL;
}

/* "HOST:PORT", "HOST/PORT", "[ADDRESS]:PORT". */
static enum err permit_check(struct parse *p, const char *value)
{
	size_t host;

	if (*value == '[') {
		const char *close = strchr(value, ']');

		if (!close)
			return refuse(p, "']' is missing behind an address");
		host = (size_t)(close - value) + 1;
	} else {
		host = strcspn(value, ":/");
	}
	if (host > HOST_MAX)
		return refuse(p, "the name of a host is too long");
	if ((value[host] != ':' && value[host] != '/') || !port_valid(value + host + 1))
		return refuse(p, "'permitopen' and 'permitlisten' want HOST:PORT");
	return ERR_NONE;
}

static enum err permit_add(struct parse *p, struct strings *list, const char *value)
{
	enum err e;

	if (list->n >= PERMITS_MAX)
		return refuse(p, "too many 'permitopen' or 'permitlisten'");
	if ((e = permit_check(p, value)))
		return e;
	return strings_add(list, value);
}

static enum err set_permitopen(struct parse *p, char *value)
{
	return permit_add(p, &p->o.permit_open, value);
}

/* A port alone stands for any address. */
static enum err set_permitlisten(struct parse *p, char *value)
{
	struct text t = { 0 };
	enum err e;

	if (strchr(value, ':'))
		return permit_add(p, &p->o.permit_listen, value);
	text_add(&t, "*:%s", value);
	if (!(e = text_check(&t)))
		e = permit_add(p, &p->o.permit_listen, t.s);
	text_free(&t);
	return e;
}

static const struct value {
	const char *name; /* with the '=' that must follow at once */
	enum err (*set)(struct parse *p, char *value);
	unsigned since;
} values[] = {
	{ "command=", set_command },
	{ "principals=", set_principals },
	{ "from=", set_from },
	{ "expiry-time=", set_expiry, .since = SINCE_EXPIRY },
	{ "environment=", set_environment },
	{ "permitopen=", set_permitopen },
	{ "permitlisten=", set_permitlisten, .since = SINCE_PERMITLISTEN },
	{ "tunnel=", set_tunnel },
};

static enum err value_option(struct parse *p, struct cursor *c)
{
	for (const struct value *v = values; v < values + ARRAY_SIZE(values); v++) {
		struct cursor at = *c;
		char *text;
		enum err e;

		if (p->release < v->since || !name_take(&at, v->name))
			continue;
		if ((e = value_take(p, &at, &text)))
			return e;
		e = v->set(p, text);
		free(text);
		*c = at;
		return e;
	}
	return ERR_NONE;
}

/* Nothing at all between two commas is fine, as is a comma in front of the blank. */
static enum err options_take(struct parse *p, struct cursor *c)
{
	enum err e;

	while (c->at < c->end && !is_blank(*c->at)) {
		if (!flag_take(p, c) && (e = value_option(p, c)))
			return e;
		if (c->at == c->end || is_blank(*c->at))
			break;
		if (*c->at != ',')
			return refuse(p, "there is no such option");
		if (++c->at == c->end)
			return refuse(p, "an option must follow the comma");
	}
	return ERR_NONE;
}

enum err authorized_options_parse(const char *s, size_t len, unsigned release, struct authorized_options *out,
				  const char **why)
{
	struct parse p = { .release = release };
	struct cursor c = { .at = s, .end = s + strnlen(s, len) };
	enum err e;

	permissions_set(&p.o, true);
	if ((e = options_take(&p, &c))) {
		*why = e == ERR_MEMORY ? why_memory : p.why;
		authorized_options_clear(&p.o);
		return e;
	}
	*out = p.o;
	return ERR_NONE;
}

void authorized_options_clear(struct authorized_options *o)
{
	free(o->from);
	free(o->command);
	free(o->tunnel);
	strings_free(&o->principals);
	strings_free(&o->permit_open);
	strings_free(&o->permit_listen);
	strings_free(&o->environment);
	*o = (struct authorized_options){ 0 };
}
