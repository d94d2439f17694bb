/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_sighting.c - what was seen comes out of the pipe as it went in, and nothing else does. */
#include "audit/sighting.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const uint8_t blob[] = { 0, 1, 2, 0 };

static struct sighting made(void)
{
	return (struct sighting){
		.kind = SIGHT_AUTHORIZED,
		.flags = SIGHT_FROM | SIGHT_REVOKED,
		.file = (char *)"/home/anna/.ssh/authorized_keys",
		.line = 7,
		.text = (char *)"",
		.comment = (char *)"anna\nx",
		.key = { .type = "ssh-ed25519", .bits = 256, .fingerprint = "SHA256:x" },
		.blob = (uint8_t *)blob,
		.blob_len = sizeof blob,
		.expires = UINT64_MAX,
		.weak = 5,
		.owner = 1001,
	};
}

static void comes_back_as_it_was(void **state)
{
	struct sighting in = made(), out = { 0 };
	struct text bytes = { 0 };
	struct reader r;

	sighting_write(&in, &bytes);
	assert_int_equal(text_check(&bytes), ERR_NONE);
	r = (struct reader){ (const uint8_t *)bytes.s, bytes.len };
	assert_int_equal(sighting_read(&r, &out), ERR_NONE);
	assert_int_equal(r.left, 0);
	assert_int_equal(out.kind, in.kind);
	assert_int_equal(out.flags, in.flags);
	assert_int_equal(out.line, 7);
	assert_true(out.expires == UINT64_MAX);
	assert_int_equal(out.weak, 5);
	assert_int_equal(out.owner, 1001);
	assert_string_equal(out.file, in.file);
	assert_string_equal(out.text, "");
	assert_string_equal(out.comment, in.comment);
	assert_null(out.account);
	assert_null(out.known);
	assert_string_equal(out.key.type, in.key.type);
	assert_string_equal(out.key.fingerprint, in.key.fingerprint);
	assert_int_equal(out.key.bits, 256);
	assert_int_equal(out.blob_len, sizeof blob);
	assert_memory_equal(out.blob, blob, sizeof blob);
	sighting_clear(&out);
	text_free(&bytes);
}

static void refuses_every_truncation(void **state)
{
	struct sighting in = made(), out = { 0 };
	struct text bytes = { 0 };

	sighting_write(&in, &bytes);
	for (size_t len = 0; len < bytes.len; len++) {
		struct reader r = { (const uint8_t *)bytes.s, len };

		assert_int_equal(sighting_read(&r, &out), ERR_SHORT);
		assert_null(out.file);
	}
	text_free(&bytes);
}

static void refuses_a_kind_that_there_is_not(void **state)
{
	struct sighting in = made(), out = { 0 };
	struct text bytes = { 0 };
	struct reader r;

	in.kind = SIGHT_KINDS;
	sighting_write(&in, &bytes);
	r = (struct reader){ (const uint8_t *)bytes.s, bytes.len };
	assert_int_equal(sighting_read(&r, &out), ERR_SYNTAX);
	text_free(&bytes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(comes_back_as_it_was),
		cmocka_unit_test(refuses_every_truncation),
		cmocka_unit_test(refuses_a_kind_that_there_is_not),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
