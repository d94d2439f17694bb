/* SPDX-License-Identifier: GPL-3.0-or-later */
/* past_message.c - the messages of sshd that tell of accepted logins and what they were used for. */
#include "audit/past_log.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

#define MESSAGE_MAX 2048 /* sshd cuts its own at 1024 */
#define SHA256_LEN 50	 /* "SHA256:" and 43 characters */

static struct past_word word(const char *s, const char *end)
{
	return (struct past_word){ s, (size_t)(end - s) };
}

static bool skip(const char **at, const char *end, const char *text)
{
	size_t len = strlen(text);

	if ((size_t)(end - *at) < len || memcmp(*at, text, len) != 0)
		return false;
	*at += len;
	return true;
}

/* Up to the next blank or the end, at least one character. */
static bool take_word(const char **at, const char *end, struct past_word *out)
{
	const char *blank = memchr(*at, ' ', (size_t)(end - *at));

	*out = word(*at, blank ? blank : end);
	*at += out->len;
	return out->len > 0;
}

static bool take_number(const char **at, const char *end, unsigned long max, unsigned long *out)
{
	unsigned long n = 0;
	const char *s = *at;

	if (s == end || *s < '1' || *s > '9')
		return false;
	for (; s < end && isdigit((unsigned char)*s); s++) {
		n = n * 10 + (unsigned long)(*s - '0');
		if (n > max)
			return false;
	}
	*at = s;
	*out = n;
	return true;
}

/* "192.0.2.1 port 4711" */
static bool take_peer(const char **at, const char *end, struct past_word *addr, unsigned *port)
{
	char buf[INET6_ADDRSTRLEN + 1], *scope;
	unsigned char bytes[16];
	const char *s = *at;
	struct past_word w;
	unsigned long n;

	if (!take_word(&s, end, &w) || w.len >= sizeof buf)
		return false;
	memcpy(buf, w.s, w.len);
	buf[w.len] = '\0';
	if (inet_pton(AF_INET, buf, bytes) != 1) {
		scope = strchr(buf, '%'); /* fe80::1%eth0 */
		if (scope && scope[1])
			*scope = '\0';
		if (inet_pton(AF_INET6, buf, bytes) != 1)
			return false;
	}
	if (!skip(&s, end, " port ") || !take_number(&s, end, 65535, &n))
		return false;
	*at = s;
	*addr = w;
	*port = (unsigned)n;
	return true;
}

/* ---- Accepted ---- */

static bool known_method(struct past_word m)
{
	static const char *const names[] = { "publickey", "password",	     "keyboard-interactive",
					     "hostbased", "gssapi-with-mic", "gssapi-keyex",
					     "none" };
	const char *slash = memchr(m.s, '/', m.len);
	size_t len = slash ? (size_t)(slash - m.s) : m.len;

	for (size_t i = len; i < m.len; i++)
		if (!islower((unsigned char)m.s[i]) && !isdigit((unsigned char)m.s[i]) && !strchr("/-", m.s[i]))
			return false;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (strlen(names[i]) == len && memcmp(names[i], m.s, len) == 0)
			return true;
	return false;
}

static bool is_key_type(struct past_word w)
{
	for (size_t i = 0; i < w.len; i++)
		if (!isupper((unsigned char)w.s[i]) && !isdigit((unsigned char)w.s[i]) && w.s[i] != '-')
			return false;
	return w.len > 0;
}

static bool is_sha256(struct past_word w)
{
	const char *s = w.s, *end = w.s + w.len;

	if (w.len != SHA256_LEN || !skip(&s, end, "SHA256:"))
		return false;
	for (; s < end; s++)
		if (!isalnum((unsigned char)*s) && *s != '+' && *s != '/')
			return false;
	return true;
}

/* FingerprintHash md5: it stands there, but no key of today can be found by it. */
static bool is_md5(struct past_word w)
{
	const char *s = w.s, *end = w.s + w.len;

	if (w.len != 4 + 47 || !skip(&s, end, "MD5:"))
		return false;
	for (size_t i = 0; s < end; s++, i++)
		if (i % 3 == 2 ? *s != ':' : !isxdigit((unsigned char)*s))
			return false;
	return true;
}

static bool take_fingerprint(const char **at, const char *end, struct past_word *out)
{
	const char *s = *at;
	struct past_word w;

	if (!take_word(&s, end, &w) || (!is_sha256(w) && !is_md5(w)))
		return false;
	*at = s;
	*out = is_sha256(w) ? w : (struct past_word){ 0 };
	return true;
}

static const char *find_last(const char *s, const char *end, const char *text)
{
	const char *found = NULL;

	while ((s = memmem(s, (size_t)(end - s), text, strlen(text))))
		found = s++;
	return found;
}

/* " ID any text (serial 7) CA ED25519 SHA256:...": the id is the CA's to choose, so it is read from the end. */
static bool parse_certificate(const char *s, const char *end, struct past_accepted *out)
{
	const char *ca;
	struct past_word type;

	if (!skip(&s, end, " ID ") || !(ca = find_last(s, end, " (serial ")) || !skip(&ca, end, " (serial "))
		return false;
	while (ca < end && isdigit((unsigned char)*ca))
		ca++;
	return skip(&ca, end, ") CA ") && take_word(&ca, end, &type) && is_key_type(type) && skip(&ca, end, " ") &&
	       take_fingerprint(&ca, end, &out->ca_fingerprint) && ca == end;
}

/* "ED25519 SHA256:...", with "-CERT" what a certificate adds; old releases leave its fingerprint out. */
static bool parse_key(const char *s, const char *end, struct past_accepted *out)
{
	static const char cert[] = "-CERT";
	bool certificate;
	const char *after;

	if (!take_word(&s, end, &out->key_type) || !is_key_type(out->key_type))
		return false;
	certificate = out->key_type.len > sizeof cert - 1 && memcmp(s - (sizeof cert - 1), cert, sizeof cert - 1) == 0;
	after = s;
	if (!skip(&after, end, " ") || !take_fingerprint(&after, end, &out->fingerprint)) {
		if (!certificate)
			return false;
		after = s;
	}
	return certificate ? parse_certificate(after, end, out) : after == end;
}

/* What follows the user's name: " from ADDR port N ssh2[: ...]" and nothing else. */
static bool parse_from(const char *s, const char *end, struct past_accepted *out)
{
	bool publickey = out->method.len == 9 && memcmp(out->method.s, "publickey", 9) == 0;

	out->key_type = out->fingerprint = out->ca_fingerprint = (struct past_word){ 0 };
	if (!skip(&s, end, " from ") || !take_peer(&s, end, &out->addr, &out->port) || !skip(&s, end, " ssh2"))
		return false;
	if (s == end)
		return true;
	if (!skip(&s, end, ": "))
		return false;
	return !publickey || parse_key(s, end, out); /* other methods add names that do not matter here */
}

/* sshd writes control characters, bytes above 127 and the backslash in vis(3)'s way. */
static bool decode_user(struct past_word raw, struct past_accepted *out)
{
	static const char letters[] = "\\abfnrstv", meant[] = "\\\a\b\f\n\r \t\v";
	size_t n = 0;

	for (size_t i = 0; i < raw.len; i++) {
		unsigned char c = (unsigned char)raw.s[i];

		if (n == sizeof out->user - 1)
			return false;
		if (c == '\\' && raw.len - i > 3 && raw.s[i + 1] >= '0' && raw.s[i + 1] <= '3' && raw.s[i + 2] >= '0' &&
		    raw.s[i + 2] <= '7' && raw.s[i + 3] >= '0' && raw.s[i + 3] <= '7') {
			c = (unsigned char)((raw.s[i + 1] - '0') << 6 | (raw.s[i + 2] - '0') << 3 |
					    (raw.s[i + 3] - '0'));
			i += 3;
		} else if (c == '\\' && raw.len - i > 1 && raw.s[i + 1] && strchr(letters, raw.s[i + 1])) {
			c = (unsigned char)meant[strchr(letters, raw.s[i + 1]) - letters];
			i++;
		}
		if (!c)
			return false;
		out->user[n++] = (char)c;
	}
	out->user[n] = '\0';
	out->user_len = n;
	return n > 0;
}

/*
 * The name of an account may hold blanks, so its end is the first place from which all the rest is in the form that
 * sshd gives it. What a stranger can choose (a key id, a client's user name) stands behind that place.
 */
static bool parse_accepted(const char *s, const char *end, struct past_accepted *out)
{
	const char *user, *from;

	if (!take_word(&s, end, &out->method) || !known_method(out->method) || !skip(&s, end, " for "))
		return false;
	user = from = s;
	while ((from = memmem(from, (size_t)(end - from), " from ", 6))) {
		if (from > user && parse_from(from, end, out))
			return decode_user(word(user, from), out);
		from++;
	}
	return false;
}

/* ---- the others ---- */

/* "subsystem 'sftp'", "shell on pts/0", "command", "forced-command (key-option) '...'": up to here. */
static bool take_session_kind(const char **at, const char *end, unsigned *feature)
{
	static const struct {
		const char *start;
		unsigned feature;
	} kinds[] = {
		{ "subsystem 'sftp' for ", PAST_SFTP },
		{ "forced-command (config) 'internal-sftp", PAST_SFTP },
		{ "forced-command (key-option) 'internal-sftp", PAST_SFTP },
		{ "shell ", PAST_COMMAND },
		{ "command ", PAST_COMMAND },
		{ "forced-command ", PAST_COMMAND },
		{ "subsystem '", PAST_COMMAND },
	};

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		*feature = kinds[i].feature;
		if (skip(at, end, kinds[i].start))
			return true;
	}
	return false;
}

/* "Starting session: subsystem 'sftp' for anna from 192.0.2.1 port 4711 id 0": what is in quotes is the client's. */
static bool parse_starting(const char *s, const char *end, struct past_saying *out)
{
	const char *from;
	unsigned long id;

	if (!take_session_kind(&s, end, &out->feature))
		return false;
	from = find_last(s, end, " from ");
	if (!from || !skip(&from, end, " from ") || !take_peer(&from, end, &out->addr, &out->port) ||
	    !skip(&from, end, " id ") || (!skip(&from, end, "0") && !take_number(&from, end, 100000, &id)))
		return false;
	out->kind = SAYS_SESSION;
	return from == end;
}

static bool parse_accept(const char *s, const char *end, struct past_saying *out)
{
	out->kind = SAYS_ACCEPTED;
	return parse_accepted(s, end, &out->accepted);
}

static bool parse_child(const char *s, const char *end, struct past_saying *out)
{
	out->kind = SAYS_CHILD;
	return take_number(&s, end, INT32_MAX, &out->child) && s == end;
}

/* "subsystem request for sftp by user anna": old releases say it at every level; another ending says that there is none. */
static bool parse_request(const char *s, const char *end, struct past_saying *out)
{
	out->kind = SAYS_HERE;
	out->feature = PAST_SFTP;
	return skip(&s, end, "sftp by user ") && s < end && !find_last(s, end, " failed, subsystem not found");
}

static bool parse_local(const char *s, const char *end, struct past_saying *out)
{
	out->kind = SAYS_HERE;
	out->feature = PAST_LOCAL_FORWARDING;
	return s < end;
}

static bool parse_remote(const char *s, const char *end, struct past_saying *out)
{
	out->kind = SAYS_HERE;
	out->feature = PAST_REMOTE_FORWARDING;
	return s < end;
}

/* "Received disconnect from 192.0.2.1 port 4711:11: text of the client" */
static bool parse_received(const char *s, const char *end, struct past_saying *out)
{
	out->kind = SAYS_END;
	return take_peer(&s, end, &out->addr, &out->port) && (s == end || *s == ':');
}

/* "Disconnected from user anna 192.0.2.1 port 4711" */
static bool parse_disconnected(const char *s, const char *end, struct past_saying *out)
{
	const char *port = find_last(s, end, " port "), *addr;

	out->kind = SAYS_END;
	if (!port)
		return false;
	addr = memrchr(s, ' ', (size_t)(port - s));
	return addr && addr++ && take_peer(&addr, end, &out->addr, &out->port) && addr == end;
}

static const struct saying {
	const char *start;
	bool (*parse)(const char *s, const char *end, struct past_saying *out);
} sayings[] = {
	{ "Accepted ", parse_accept },
	{ "User child is on pid ", parse_child },
	{ "Starting session: ", parse_starting },
	{ "subsystem request for ", parse_request },
	{ "error: connect_to ", parse_local },
	{ "error: channel_setup_fwd_listener_tcpip: cannot listen to port: ", parse_remote },
	{ "Received disconnect from ", parse_received },
	{ "Disconnected from user ", parse_disconnected },
};

static const struct saying *saying_find(const char *message, size_t len)
{
	for (size_t i = 0; i < ARRAY_SIZE(sayings); i++) {
		const char *s = message;

		if (len && *s == sayings[i].start[0] && skip(&s, message + len, sayings[i].start))
			return &sayings[i];
	}
	return NULL;
}

bool past_saying_likely(const char *message, size_t len)
{
	return saying_find(message, len) != NULL;
}

enum err past_saying_parse(const char *message, size_t len, struct past_saying *out)
{
	const struct saying *row = len <= MESSAGE_MAX ? saying_find(message, len) : NULL;

	if (!row || !row->parse(message + strlen(row->start), message + len, out))
		return ERR_SYNTAX;
	return ERR_NONE;
}

void past_login_clear(struct past_login *l)
{
	free(l->user);
	free(l->addr);
	free(l->method);
	free(l->key_type);
	free(l->fingerprint);
	free(l->ca_fingerprint);
	*l = (struct past_login){ 0 };
}

static bool copy_word(struct past_word w, char **out)
{
	*out = w.len ? strndup(w.s, w.len) : NULL;
	return *out || !w.len;
}

enum err past_login_from(const struct past_accepted *a, struct past_login *out)
{
	struct past_login l = { .user = strndup(a->user, a->user_len) };

	if (!l.user || !copy_word(a->addr, &l.addr) || !copy_word(a->method, &l.method) ||
	    !copy_word(a->key_type, &l.key_type) || !copy_word(a->fingerprint, &l.fingerprint) ||
	    !copy_word(a->ca_fingerprint, &l.ca_fingerprint)) {
		past_login_clear(&l);
		return ERR_MEMORY;
	}
	*out = l;
	return ERR_NONE;
}

enum err past_message_parse(const char *message, size_t len, struct past_login *out)
{
	struct past_saying s;

	if (past_saying_parse(message, len, &s) || s.kind != SAYS_ACCEPTED)
		return ERR_SYNTAX;
	return past_login_from(&s.accepted, out);
}
