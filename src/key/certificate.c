/* SPDX-License-Identifier: GPL-3.0-or-later */
/* certificate.c - takes a certificate apart, refusing what sshd refuses and nothing more. */
#include "key/certificate.h"

#include "base/reader.h"
#include "key/signature.h"

#include <netdb.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/banned.h"

#define PRINCIPALS_MAX 256
#define RSA_BITS_MIN 1024
#define RSA_BITS_MAX 16384

#define CERT "-cert-v01@openssh.com"

static const struct kind {
	const char *name, *plain;
	size_t fields; /* strings of the key itself */
} kinds[] = {
	{ "ssh-ed25519" CERT, "ssh-ed25519", 1 },
	{ "ssh-rsa" CERT, "ssh-rsa", 2 },
	{ "ssh-dss" CERT, "ssh-dss", 4 },
	{ "ecdsa-sha2-nistp256" CERT, "ecdsa-sha2-nistp256", 2 },
	{ "ecdsa-sha2-nistp384" CERT, "ecdsa-sha2-nistp384", 2 },
	{ "ecdsa-sha2-nistp521" CERT, "ecdsa-sha2-nistp521", 2 },
	{ "sk-ssh-ed25519" CERT, "sk-ssh-ed25519@openssh.com", 2 },
	{ "sk-ecdsa-sha2-nistp256" CERT, "sk-ecdsa-sha2-nistp256@openssh.com", 3 },
};

static const struct kind *kind_find(const char *type)
{
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		if (!strcmp(kinds[i].name, type))
			return &kinds[i];
	return NULL;
}

bool certificate_is_type(const char *type)
{
	return kind_find(type) != NULL;
}

struct bytes {
	const uint8_t *at;
	size_t len;
};

static enum err take(struct reader *in, struct bytes *out)
{
	return read_string(in, &out->at, &out->len);
}

static struct reader reader_of(struct bytes b)
{
	return (struct reader){ .at = b.at, .left = b.len };
}

/* A string for people: sshd lets one NUL stand at its end and counts it as none. */
static enum err take_text(struct reader *in, struct bytes *out)
{
	struct bytes b;
	enum err e;

	if ((e = take(in, &b)))
		return e;
	if (b.len && !b.at[b.len - 1])
		b.len--;
	if (b.len && memchr(b.at, '\0', b.len))
		return ERR_SYNTAX;
	*out = b;
	return ERR_NONE;
}

static enum err take_copy(struct reader *in, char **out)
{
	struct bytes b;
	enum err e;

	if ((e = take_text(in, &b)))
		return e;
	return (*out = strndup(b.len ? (const char *)b.at : "", b.len)) ? ERR_NONE : ERR_MEMORY;
}

static enum err list_add(struct strings *l, struct bytes b)
{
	return strings_add_bytes(l, b.len ? (const char *)b.at : "", b.len);
}

/* The parts in the order in which they stand, borrowed from the blob. */
struct parts {
	struct bytes fields; /* of the key alone */
	struct bytes principals, critical, extensions, ca, signature;
	size_t signed_len;
};

static enum err parts_take(const uint8_t *blob, size_t len, const struct kind *kind, struct certificate *c,
			   struct parts *p)
{
	struct reader in = { .at = blob, .left = len };
	struct bytes unused;
	uint32_t type;
	enum err e;

	if ((e = take(&in, &unused))) /* type */
		return e;
	if ((e = take(&in, &unused))) /* nonce */
		return e;
	p->fields.at = in.at;
	for (size_t i = 0; i < kind->fields; i++)
		if ((e = take(&in, &unused)))
			return e;
	p->fields.len = (size_t)(in.at - p->fields.at);
	if ((e = read_u64(&in, &c->serial)) || (e = read_u32(&in, &type)) || (e = take_copy(&in, &c->key_id)) ||
	    (e = take(&in, &p->principals)) || (e = read_u64(&in, &c->valid_after)) ||
	    (e = read_u64(&in, &c->valid_before)) || (e = take(&in, &p->critical)) || (e = take(&in, &p->extensions)) ||
	    (e = take(&in, &unused)) || (e = take(&in, &p->ca)))
		return e;
	p->signed_len = len - in.left;
	if ((e = take(&in, &p->signature)) || (e = read_end(&in)))
		return e;
	if (type != CERTIFICATE_USER && type != CERTIFICATE_HOST)
		return ERR_SYNTAX;
	c->kind = (enum certificate_kind)type;
	return ERR_NONE;
}

static enum err principals_parse(struct bytes list, struct certificate *c)
{
	struct reader in = reader_of(list);
	struct bytes name;
	enum err e;

	while (in.left) {
		if (c->principals.n == PRINCIPALS_MAX)
			return ERR_SYNTAX;
		if ((e = take_text(&in, &name)) || (e = list_add(&c->principals, name)))
			return e;
	}
	return ERR_NONE;
}

static void fault(struct certificate *c, const char *why)
{
	if (!c->fault)
		c->fault = why;
}

/* The length of the prefix behind a slash, or the whole address; sshd wants a digit first. */
static bool prefix_parse(const char *slash, unsigned bits, unsigned *out)
{
	unsigned long n;
	char *end;

	*out = bits;
	if (!slash)
		return true;
	if (slash[1] < '0' || slash[1] > '9')
		return false;
	n = strtoul(slash + 1, &end, 10);
	if (*end || n > bits)
		return false;
	*out = (unsigned)n;
	return true;
}

static bool host_bits_clear(const uint8_t *addr, unsigned bits, unsigned prefix)
{
	for (unsigned i = prefix; i < bits; i++)
		if (addr[i / 8] & 0x80 >> i % 8)
			return false;
	return true;
}

/* As sshd: what getaddrinfo() takes for a number is an address, so that "10.1" is one too. */
static bool network_valid(char *item)
{
	const struct addrinfo hints = { .ai_flags = AI_NUMERICHOST, .ai_socktype = SOCK_DGRAM };
	char *slash = strchr(item, '/');
	struct addrinfo *ai;
	unsigned prefix;
	bool valid;

	if (!*item || strlen(item) > INET6_ADDRSTRLEN + 3 || item[strspn(item, "0123456789abcdefABCDEF.:/")])
		return false;
	if (slash)
		*slash = '\0';
	if (getaddrinfo(item, NULL, &hints, &ai))
		return false;
	if (ai->ai_family == AF_INET) {
		const struct sockaddr_in *a = (const void *)ai->ai_addr;

		valid = prefix_parse(slash, 32, &prefix) && host_bits_clear((const void *)&a->sin_addr, 32, prefix);
	} else {
		const struct sockaddr_in6 *a = (const void *)ai->ai_addr;

		valid = prefix_parse(slash, 128, &prefix) && host_bits_clear(a->sin6_addr.s6_addr, 128, prefix);
	}
	freeaddrinfo(ai);
	return valid;
}

static enum err networks_check(struct certificate *c)
{
	char *list = strdup(c->source_address), *rest = list, *item;

	if (!list)
		return ERR_MEMORY;
	while ((item = strsep(&rest, ",")))
		if (!network_valid(item)) {
			fault(c, "source-address holds what is no network");
			break;
		}
	free(list);
	return ERR_NONE;
}

/* The one string that the data of an option holds; a damaged or second one is a fault. */
static enum err value_take(struct certificate *c, struct bytes data, char **field, const char *twice)
{
	struct reader in = reader_of(data);
	char *value = NULL;
	enum err e;

	if (*field) {
		fault(c, twice);
		return ERR_NONE;
	}
	if ((e = take_copy(&in, &value)) == ERR_MEMORY)
		return e;
	if (e || in.left)
		fault(c, "an option is damaged");
	*field = value;
	return ERR_NONE;
}

static bool is(struct bytes b, const char *s)
{
	return b.len == strlen(s) && !memcmp(b.at, s, b.len);
}

static enum err critical_option(struct certificate *c, struct bytes name, struct bytes data)
{
	enum err e;

	if (is(name, "force-command"))
		return value_take(c, data, &c->force_command, "force-command is given twice");
	if (is(name, "source-address")) {
		bool first = !c->source_address;

		if ((e = value_take(c, data, &c->source_address, "source-address is given twice")))
			return e;
		return first && c->source_address ? networks_check(c) : ERR_NONE;
	}
	if (!is(name, "verify-required"))
		return list_add(&c->unknown_critical, name);
	c->verify_required = true;
	if (data.len)
		fault(c, "an option is damaged");
	return ERR_NONE;
}

static enum err extension(struct certificate *c, struct bytes name, struct bytes data)
{
	static const char *const known[] = { "permit-X11-forwarding",  "permit-agent-forwarding",
					     "permit-port-forwarding", "permit-pty",
					     "permit-user-rc",	       "no-touch-required" };

	if (is(name, "no-touch-required"))
		c->touch_not_required = true;
	/* what sshd does not know it does not look into */
	for (size_t i = 0; i < ARRAY_SIZE(known); i++)
		if (data.len && is(name, known[i]))
			fault(c, "an extension is damaged");
	return list_add(&c->extensions, name);
}

/* sshd asks for no order here, though PROTOCOL.certkeys does. */
static enum err options_parse(struct bytes list, struct certificate *c,
			      enum err (*option)(struct certificate *c, struct bytes name, struct bytes data))
{
	struct reader in = reader_of(list), before;
	struct bytes name, data;
	enum err e;

	while (in.left) {
		before = in;
		if ((e = take(&in, &name)) || (e = take(&in, &data)))
			return e;
		if (take_text(&before, &name))
			fault(c, "the name of an option holds a NUL");
		else if ((e = option(c, name, data)))
			return e;
	}
	return ERR_NONE;
}

static bool rsa_size_fits(const struct public_key *k, const char *type)
{
	return strcmp(k->type, type) != 0 || (k->bits >= RSA_BITS_MIN && k->bits <= RSA_BITS_MAX);
}

/* bits is 0 for a type that nobody knows; Ed448 is one that sshd does not. */
static enum err ca_parse(struct bytes ca, struct certificate *c)
{
	enum err e;

	if ((e = public_key_parse_blob(ca.at, ca.len, &c->ca_key)))
		return e;
	if (!c->ca_key.bits || certificate_is_type(c->ca_key.type) || !strcmp(c->ca_key.type, "ssh-ed448") ||
	    !rsa_size_fits(&c->ca_key, "ssh-rsa"))
		return ERR_SYNTAX;
	if (!(c->ca = malloc(ca.len)))
		return ERR_MEMORY;
	memcpy(c->ca, ca.at, ca.len);
	c->ca_len = ca.len;
	return ERR_NONE;
}

static enum err signature_type(struct bytes signature, struct certificate *c)
{
	struct reader in = reader_of(signature);
	struct bytes name;
	enum err e;

	if ((e = take_text(&in, &name)))
		return e;
	if (!name.len || name.len >= sizeof c->signature_type)
		return ERR_SYNTAX;
	memcpy(c->signature_type, name.at, name.len);
	return ERR_NONE;
}

static enum err plain_make(const struct kind *kind, struct bytes fields, struct certificate *c)
{
	size_t name = strlen(kind->plain);

	c->plain_len = 4 + name + fields.len;
	if (!(c->plain = malloc(c->plain_len)))
		return ERR_MEMORY;
	memcpy(c->plain, (const uint8_t[4]){ 0, 0, 0, (uint8_t)name }, 4);
	memcpy(c->plain + 4, kind->plain, name);
	memcpy(c->plain + 4 + name, fields.at, fields.len);
	return ERR_NONE;
}

static enum err parse(const uint8_t *blob, size_t len, struct certificate *c, struct parts *p)
{
	const struct kind *kind;
	enum err e;

	if ((e = public_key_parse_blob(blob, len, &c->key)))
		return e;
	if (!(kind = kind_find(c->key.type)) || !rsa_size_fits(&c->key, "ssh-rsa" CERT))
		return ERR_SYNTAX;
	if ((e = parts_take(blob, len, kind, c, p)) || (e = principals_parse(p->principals, c)) ||
	    (e = options_parse(p->critical, c, critical_option)) || (e = options_parse(p->extensions, c, extension)) ||
	    (e = ca_parse(p->ca, c)) || (e = signature_type(p->signature, c)))
		return e;
	return plain_make(kind, p->fields, c);
}

enum err certificate_parse(const uint8_t *blob, size_t len, struct certificate *out)
{
	struct certificate c = { 0 };
	struct parts p = { 0 };
	enum err e;

	if ((e = parse(blob, len, &c, &p))) {
		certificate_clear(&c);
		return e;
	}
	*out = c;
	return ERR_NONE;
}

enum err certificate_verify(const uint8_t *blob, size_t len)
{
	struct certificate c = { 0 };
	struct parts p = { 0 };
	enum err e;

	if (!(e = parse(blob, len, &c, &p)))
		e = signature_verify(p.ca.at, p.ca.len, p.signature.at, p.signature.len, blob, p.signed_len, NULL);
	certificate_clear(&c);
	return e;
}

enum err certificate_split(const uint8_t *blob, size_t len, struct certificate_pieces *out)
{
	struct certificate c = { 0 };
	struct parts p = { 0 };
	enum err e;

	if (!(e = parse(blob, len, &c, &p)))
		*out = (struct certificate_pieces){
			.body = blob,
			.body_len = p.signed_len - 4 - p.ca.len,
			.ca = p.ca.at,
			.ca_len = p.ca.len,
			.signature = p.signature.at,
			.signature_len = p.signature.len,
		};
	certificate_clear(&c);
	return e;
}

void certificate_clear(struct certificate *c)
{
	free(c->plain);
	free(c->key_id);
	strings_free(&c->principals);
	free(c->force_command);
	free(c->source_address);
	strings_free(&c->unknown_critical);
	strings_free(&c->extensions);
	free(c->ca);
	*c = (struct certificate){ 0 };
}
