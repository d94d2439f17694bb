/* SPDX-License-Identifier: GPL-3.0-or-later */
/* native_packet.c - what a knock says: the plaintext inside of the seal, read and written. */
#include "knock/native.h"

#include "base/reader.h"

#include <string.h>

#include "base/banned.h"

static bool all_zero(const uint8_t *at, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (at[i])
			return false;
	return true;
}

static enum err read_u16(struct reader *in, uint16_t *out)
{
	uint8_t b[2];
	enum err e;

	if ((e = read_bytes(in, b, sizeof b)))
		return e;
	*out = (uint16_t)(b[0] << 8 | b[1]);
	return ERR_NONE;
}

static bool address_holds(uint8_t type, const uint8_t addr[16])
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };

	switch (type) {
	case 0: return all_zero(addr, 16);
	case 4: return !all_zero(addr, 4) && all_zero(addr + 4, 12);
	case 6: return !all_zero(addr, 16) && memcmp(addr, mapped, sizeof mapped) != 0;
	}
	return false;
}

/* Used ones first. */
static bool ports_hold(const uint16_t ports[NATIVE_PORTS], unsigned *n)
{
	unsigned used = 0;

	while (used < NATIVE_PORTS && ports[used])
		used++;
	for (unsigned i = used; i < NATIVE_PORTS; i++)
		if (ports[i])
			return false;
	*n = used;
	return true;
}

static bool user_holds(const uint8_t *user, size_t len)
{
	if (len == 0 || len > NATIVE_USER || user[0] == '-')
		return false;
	for (size_t i = 0; i < len; i++)
		if (user[i] <= 0x20 || user[i] == 0x7f || user[i] == '/' || user[i] == ':')
			return false;
	return true;
}

static bool lengths_hold(const struct native_knock *k)
{
	if (k->kind == NATIVE_PLAIN_KEY)
		return k->cert_len == 0 && k->casig_len == 0;
	return k->kind == NATIVE_CERTIFICATE && k->cert_len && k->casig_len;
}

struct lengths {
	uint16_t user, cert, casig, sig;
};

/* The part whose places are fixed. */
static enum err read_head(struct reader *in, struct native_knock *k, struct lengths *l)
{
	uint8_t kind;
	enum err e;

	if ((e = read_u8(in, &kind)) || (e = read_u8(in, &k->addr_type)) || (e = read_u16(in, &k->duration)) ||
	    (e = read_u64(in, &k->ts)) || (e = read_bytes(in, k->addr, sizeof k->addr)))
		return e;
	for (unsigned i = 0; i < NATIVE_PORTS; i++)
		if ((e = read_u16(in, &k->ports[i])))
			return e;
	if ((e = read_bytes(in, k->keyid, sizeof k->keyid)) || (e = read_u16(in, &l->user)) ||
	    (e = read_u16(in, &l->cert)) || (e = read_u16(in, &l->casig)))
		return e;
	k->kind = (enum native_kind)kind;
	k->cert_len = l->cert;
	k->casig_len = l->casig;
	return ERR_NONE;
}

static enum err read_part(struct reader *in, size_t len, const uint8_t **out)
{
	*out = in->at;
	return read_skip(in, len);
}

enum err native_parse(const uint8_t plain[NATIVE_PLAIN], struct native_knock *out)
{
	struct reader in = { .at = plain, .left = NATIVE_PLAIN };
	struct native_knock k = { 0 };
	struct lengths l;
	const uint8_t *user;

	if (read_head(&in, &k, &l) || !address_holds(k.addr_type, k.addr) || !ports_hold(k.ports, &k.nports) ||
	    !lengths_hold(&k))
		return ERR_SYNTAX;
	if (read_part(&in, l.user, &user) || read_part(&in, l.cert, &k.cert) || read_part(&in, l.casig, &k.casig))
		return ERR_SYNTAX;
	k.signed_len = NATIVE_PLAIN - in.left;
	if (!user_holds(user, l.user) || read_u16(&in, &l.sig) || l.sig == 0 || read_part(&in, l.sig, &k.sig) ||
	    !all_zero(in.at, in.left))
		return ERR_SYNTAX;
	k.sig_len = l.sig;
	memcpy(k.user, user, l.user);
	*out = k;
	return ERR_NONE;
}

bool native_in_time(uint64_t ts, uint64_t now_ms)
{
	uint64_t apart = ts > now_ms ? ts - now_ms : now_ms - ts;

	return apart <= NATIVE_WINDOW_SECONDS * UINT64_C(1000);
}

/* Bytes one after the other; what does not fit is noticed, not written. */
struct writer {
	uint8_t *at;
	size_t left;
	bool full;
};

static void write_bytes(struct writer *w, const void *bytes, size_t len)
{
	if (w->full || len > w->left) {
		w->full = true;
		return;
	}
	if (len)
		memcpy(w->at, bytes, len);
	w->at += len;
	w->left -= len;
}

static void write_number(struct writer *w, uint64_t value, unsigned size)
{
	uint8_t b[8];

	for (unsigned i = 0; i < size; i++)
		b[i] = (uint8_t)(value >> (8 * (size - 1 - i)));
	write_bytes(w, b, size);
}

static bool knock_holds(const struct native_knock *k)
{
	unsigned n;

	return (k->kind == NATIVE_PLAIN_KEY || k->kind == NATIVE_CERTIFICATE) && address_holds(k->addr_type, k->addr) &&
	       ports_hold(k->ports, &n) && n == k->nports && lengths_hold(k) &&
	       user_holds((const uint8_t *)k->user, strlen(k->user));
}

enum err native_write(const struct native_knock *k, uint8_t plain[NATIVE_PLAIN], size_t *signed_len)
{
	uint8_t made[NATIVE_PLAIN] = { 0 };
	/* A length of two bytes and one byte of signature are the least that must follow. */
	struct writer w = { .at = made, .left = sizeof made - 3 };

	if (!knock_holds(k))
		return ERR_SYNTAX;
	if (k->cert_len > NATIVE_PLAIN || k->casig_len > NATIVE_PLAIN)
		return ERR_TOO_BIG;
	write_number(&w, k->kind, 1);
	write_number(&w, k->addr_type, 1);
	write_number(&w, k->duration, 2);
	write_number(&w, k->ts, 8);
	write_bytes(&w, k->addr, sizeof k->addr);
	for (unsigned i = 0; i < NATIVE_PORTS; i++)
		write_number(&w, k->ports[i], 2);
	write_bytes(&w, k->keyid, sizeof k->keyid);
	write_number(&w, strlen(k->user), 2);
	write_number(&w, k->cert_len, 2);
	write_number(&w, k->casig_len, 2);
	write_bytes(&w, k->user, strlen(k->user));
	write_bytes(&w, k->cert, k->cert_len);
	write_bytes(&w, k->casig, k->casig_len);
	if (w.full)
		return ERR_TOO_BIG;
	memcpy(plain, made, sizeof made);
	*signed_len = (size_t)(w.at - made);
	return ERR_NONE;
}

enum err native_write_signature(uint8_t plain[NATIVE_PLAIN], size_t signed_len, const uint8_t *sig, size_t sig_len)
{
	struct writer w = { .at = plain + signed_len };

	if (signed_len > NATIVE_PLAIN - 2 || sig_len == 0 || sig_len > NATIVE_PLAIN - 2 - signed_len)
		return ERR_TOO_BIG;
	w.left = NATIVE_PLAIN - signed_len;
	write_number(&w, sig_len, 2);
	write_bytes(&w, sig, sig_len);
	memset(w.at, 0, w.left);
	return ERR_NONE;
}
