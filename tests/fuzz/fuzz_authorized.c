/* SPDX-License-Identifier: GPL-3.0-or-later */
/* fuzz_authorized.c - any bytes are lines of keys and of principals, each usable or a fault, in rising order. */
#include "key/authorized.h"

#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool holds)
{
	if (!holds)
		abort();
}

static void check_faults(const struct authorized_fault *v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		check(v[i].line && v[i].why && v[i].why[0] && (!i || v[i - 1].line < v[i].line));
}

static void try_keys(const char *s, size_t len, unsigned release)
{
	struct authorized_keys k;

	if (authorized_keys_parse(s, len, release, &k))
		return;
	for (size_t i = 0; i < k.n; i++) {
		check(k.v[i].line && k.v[i].blob_len && k.v[i].comment && (!i || k.v[i - 1].line < k.v[i].line));
		check(!k.v[i].options.has_principals || k.v[i].options.cert_authority);
	}
	check_faults(k.faults, k.nfaults);
	authorized_keys_clear(&k);
}

static void try_principals(const char *s, size_t len, unsigned release)
{
	struct authorized_principals p;

	if (authorized_principals_parse(s, len, release, &p))
		return;
	for (size_t i = 0; i < p.n; i++)
		check(p.v[i].name[0] && !strpbrk(p.v[i].name, "\n#") && (!i || p.v[i - 1].line < p.v[i].line));
	check_faults(p.faults, p.nfaults);
	authorized_principals_clear(&p);
}

/* The first byte chooses the release. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const unsigned releases[] = { 704, 707, 801, 902, 1005 };
	unsigned release;

	if (!size)
		return 0;
	release = releases[data[0] % ARRAY_SIZE(releases)];
	try_keys((const char *)data + 1, size - 1, release);
	try_principals((const char *)data + 1, size - 1, release);
	return 0;
}
