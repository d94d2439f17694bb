/* SPDX-License-Identifier: GPL-3.0-or-later */
/* fuzz_knock_certificate.c - a certificate that comes apart is the same when put together, and signed as it was before. */
#include "knock/native.h"

#include "key/certificate.h"

#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool holds)
{
	if (!holds)
		abort();
}

static void check_inside(const uint8_t *data, size_t size, const uint8_t *part, size_t len)
{
	check(part >= data && len <= size && part <= data + size - len);
}

/* Taken apart again it is what certificate_parse() sees: who signed is not a matter of who reads. */
static void check_parts(const uint8_t *data, size_t size, const struct native_certificate *parts)
{
	struct certificate c = { 0 };
	struct text whole = { 0 };
	enum err verified = native_certificate_verify(parts);

	check_inside(data, size, parts->body, parts->body_len);
	check_inside(data, size, parts->ca, parts->ca_len);
	check_inside(data, size, parts->casig, parts->casig_len);
	native_certificate_join(parts, &whole);
	check(whole.len == size && !memcmp(whole.s, data, size));
	check(!certificate_parse(data, size, &c));
	check(c.ca_len == parts->ca_len && !memcmp(c.ca, parts->ca, c.ca_len));
	check(verified == certificate_verify(data, size));
	certificate_clear(&c);
	text_free(&whole);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct native_certificate before = { .body_len = 4711 };
	struct native_certificate parts = before;

	if (!native_certificate_split(data, size, &parts))
		check_parts(data, size, &parts);
	else
		check(!parts.body && parts.body_len == before.body_len); /* as it was */
	return 0;
}
