/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_version.c - the release is found wherever OpenSSH names itself, and nowhere else. */
#include "sshd/version.h"

#include "base/scratch.h"

#include "base/banned.h"

static const struct {
	const char *text;
	unsigned release; /* 0: none */
	const char *name;
} cases[] = {
	{ "OpenSSH_9.2p1 Debian-2+deb12u10, OpenSSL 3.0.19", 902, "9.2p1" },
	{ "SSH-2.0-OpenSSH_10.0", 1000, "10.0" },
	{ "SSH-2.0-OpenSSH_7.4", 704, "7.4" },
	{ "OpenSSH_for_Windows_9.5", 0, "" },
	{ "OpenSSH_9.p1 OpenSSH_ OpenSSH_8.4p1", 804, "8.4p1" },
	{ "OpenSSH_2.*,OpenSSH_3.0*,OpenSSH_6.6.1* then OpenSSH_9.6p1", 906, "9.6p1" },
	{ "OpenSSH_9.2pX", 902, "9.2" },
	{ "OpenSSH_9999999999.1", 0, "" },
	{ "openssh_9.2", 0, "" },
	{ "", 0, "" },
};

static void finds_the_release(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		unsigned release = 0;
		char name[16] = "";
		enum err e = sshd_version_find(cases[i].text, strlen(cases[i].text), &release, name, sizeof name);
		assert_int_equal(e, cases[i].release ? ERR_NONE : ERR_NOT_FOUND);
		assert_int_equal(release, cases[i].release);
		assert_string_equal(name, cases[i].name);
	}
}

static void finds_nothing_in_every_truncation_before_the_number(void **state)
{
	static const char text[] = "SSH-2.0-OpenSSH_9.2p1";
	unsigned release;

	for (size_t len = 0; len < sizeof text; len++) {
		enum err e = sshd_version_find(text, len, &release, NULL, 0);
		assert_int_equal(e, len < strlen("SSH-2.0-OpenSSH_9.2") ? ERR_NOT_FOUND : ERR_NONE);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_the_release),
		cmocka_unit_test(finds_nothing_in_every_truncation_before_the_number),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
