/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_digest.c - the digests of FIPS 180-4 and the NIST examples. */
#include "base/digest.h"

#include "base/scratch.h"

#include "base/banned.h"

static void equals_the_published_examples(void **state)
{
	char out[DIGEST_HEX];

	digest_hex("", 0, out);
	assert_string_equal(out, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
	digest_hex("abc", 3, out);
	assert_string_equal(out, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(equals_the_published_examples),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
