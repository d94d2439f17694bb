/* SPDX-License-Identifier: GPL-3.0-or-later */
/* krl_write.c - the sections of a KRL, each as short as it can be. */
#include "key/krl_write.h"

#include "base/writer.h"
#include "key/revoked_list.h"
#include "key/serials.h"

#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

#define FORMAT_VERSION 1
#define BITMAP_BITS 8192u /* sshd takes twice as many */

enum { CERTIFICATES = 1, EXPLICIT_KEYS = 2, SHA1_HASHES = 3, SHA256_HASHES = 5 };
enum { SERIAL_LIST = 0x20, SERIAL_RANGE = 0x21, SERIAL_BITMAP = 0x22, KEY_IDS = 0x23 };

/* What a range or a bitmap costs besides its serials: type, length, and two serials, or an offset, a length and a sign. */
enum { SERIAL_COST = 8, RANGE_COST = 1 + 4 + 16, BITMAP_COST = 1 + 4 + 8 + 4 + 1 };

static void put_u8(struct text *out, unsigned n)
{
	text_add_bytes(out, &(uint8_t){ (uint8_t)n }, 1);
}

/* A section of sections; nothing where it is empty. Takes the data. */
static enum err put_section(struct text *out, unsigned type, struct text *data)
{
	enum err e = text_check(data);

	if (!e && data->len > UINT32_MAX)
		e = ERR_TOO_BIG;
	if (!e && data->len) {
		put_u8(out, type);
		write_string(out, data->s, data->len);
	}
	text_free(data);
	return e;
}

/* ---- serials ---- */

static uint64_t plain_cost(const struct revoked_range *r)
{
	return r->last - r->first < 2 ? SERIAL_COST * (r->last - r->first + 1) : RANGE_COST;
}

/* The last of the ranges from i on that a bitmap takes in without costing more for each than it does alone. */
static size_t bitmap_reach(const struct serials *s, size_t i)
{
	size_t j = i;

	while (j + 1 < s->n && s->v[j + 1].last - s->v[i].first < BITMAP_BITS &&
	       s->v[j + 1].last - s->v[j].last <= 8 * plain_cost(&s->v[j + 1]))
		j++;
	return j;
}

static bool bitmap_pays(const struct serials *s, size_t i, size_t j)
{
	uint64_t span = s->v[j].last - s->v[i].first, cost = 0;

	for (size_t k = i; k <= j; k++)
		cost += plain_cost(&s->v[k]);
	return j > i && span < BITMAP_BITS && BITMAP_COST + span / 8 + 1 < cost;
}

/* A number: its last byte has the first serials, and a zero in front keeps it from being negative. */
static enum err put_bitmap(struct text *out, const struct serials *s, size_t i, size_t j)
{
	uint64_t first = s->v[i].first, span = s->v[j].last - first;
	uint8_t bits[BITMAP_BITS / 8 + 1] = { 0 }, *top = bits + sizeof bits - 1 - span / 8;
	struct text data = { 0 };

	for (size_t k = i; k <= j; k++)
		for (uint64_t n = s->v[k].first - first; n <= s->v[k].last - first; n++)
			bits[sizeof bits - 1 - n / 8] |= (uint8_t)(1u << n % 8);
	if (*top & 0x80)
		top--;
	write_u64(&data, first);
	write_string(&data, top, (size_t)(bits + sizeof bits - top));
	return put_section(out, SERIAL_BITMAP, &data);
}

static enum err put_ranges(struct text *out, struct text *list, const struct serials *s, size_t i, size_t j)
{
	enum err e = ERR_NONE;

	for (size_t k = i; k <= j && !e; k++) {
		const struct revoked_range *r = &s->v[k];
		struct text data = { 0 };

		if (plain_cost(r) < RANGE_COST) {
			write_u64(list, r->first);
			if (r->last != r->first)
				write_u64(list, r->last);
			continue;
		}
		write_u64(&data, r->first);
		write_u64(&data, r->last);
		e = put_section(out, SERIAL_RANGE, &data);
	}
	return e;
}

static enum err put_serials(struct text *out, const struct serials *s)
{
	struct text list = { 0 };
	enum err e = ERR_NONE;

	for (size_t i = 0, j; i < s->n && !e; i = j + 1) {
		j = bitmap_reach(s, i);
		e = bitmap_pays(s, i, j) ? put_bitmap(out, s, i, j) : put_ranges(out, &list, s, i, j);
	}
	if (!e)
		return put_section(out, SERIAL_LIST, &list);
	text_free(&list);
	return e;
}

/* ---- sections ---- */

static enum err put_blobs(struct text *out, unsigned type, const struct revoked_blobs *l)
{
	struct text data = { 0 };

	for (size_t i = 0; i < l->n; i++)
		write_string(&data, l->v[i].at, l->v[i].len);
	return put_section(out, type, &data);
}

static enum err put_certificates(struct text *out, const struct revoked_certificates *c)
{
	struct text data = { 0 };
	struct serials s = { 0 };
	size_t head;
	enum err e;

	write_string(&data, c->ca.at, c->ca.len);
	write_string(&data, "", 0);
	head = data.len;
	if ((e = serials_of(c, &s)) == ERR_NONE && s.n && !s.v[0].first)
		e = ERR_RANGE;
	if (!e && !(e = put_serials(&data, &s)))
		e = put_blobs(&data, KEY_IDS, &c->ids);
	serials_free(&s);
	if (!e && data.len > head)
		return put_section(out, CERTIFICATES, &data);
	text_free(&data);
	return e;
}

enum err krl_write(const struct revoked *r, const struct krl_head *head, struct text *out)
{
	struct text t = { 0 };
	enum err e = ERR_NONE;

	text_add_bytes(&t, "SSHKRL\n", 8);
	write_u32(&t, FORMAT_VERSION);
	write_u64(&t, head->version);
	write_u64(&t, head->generated);
	write_u64(&t, 0); /* flags */
	write_string(&t, "", 0);
	write_string(&t, head->comment, strlen(head->comment));
	for (size_t i = 0; i < r->ncas && !e; i++)
		e = put_certificates(&t, &r->cas[i]);
	if (e || (e = put_blobs(&t, EXPLICIT_KEYS, &r->keys)) || (e = put_blobs(&t, SHA1_HASHES, &r->sha1)) ||
	    (e = put_blobs(&t, SHA256_HASHES, &r->sha256)) || (e = text_check(&t))) {
		text_free(&t);
		return e;
	}
	text_add_bytes(out, t.s, t.len);
	text_free(&t);
	return text_check(out);
}
