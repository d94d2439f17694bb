/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_host.c - os-release and dpkg's status, whole or cut. */
#include "audit/host.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/banned.h"

static void the_pretty_name_is_found(void **state)
{
	static const struct {
		const char *text, *name;
	} cases[] = {
		{ "PRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\nNAME=x\n", "Debian GNU/Linux 12 (bookworm)" },
		{ "NAME=x\nPRETTY_NAME=Alpine\n", "Alpine" },
		{ "PRETTY_NAME='Fedora 40'", "Fedora 40" },
		{ "NOT_PRETTY_NAME=a\nPRETTY_NAME=\"b\"\r\n", "b" },
		{ "PRETTY_NAME=\"open\n", "\"open" },
	};
	static const char *const none[] = { "", "PRETTY_NAME=", "PRETTY_NAME=\n", "PRETTY_NAME=\"\"\n",
					    "X PRETTY_NAME=a" };

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char *name = NULL;

		assert_int_equal(os_release_parse(cases[i].text, &name), ERR_NONE);
		assert_string_equal(name, cases[i].name);
		free(name);
	}
	for (size_t i = 0; i < ARRAY_SIZE(none); i++) {
		char *name = NULL;

		assert_int_equal(os_release_parse(none[i], &name), ERR_NOT_FOUND);
		assert_null(name);
	}
}

static const char status[] =
	"Package: openssh-client\nStatus: install ok installed\nVersion: 1:1.0\n\n"
	"Package: old\nStatus: deinstall ok config-files\nVersion: 2.0\n\n"
	"Package: openssh-server\nStatus: install ok installed\nDescription: x\n Package: trap\nVersion: 1:9.2p1-2+deb12u10\n";

static void the_version_of_an_installed_package_is_found(void **state)
{
	char *version = NULL;

	assert_int_equal(dpkg_status_find(status, sizeof status - 1, "openssh-server", &version), ERR_NONE);
	assert_string_equal(version, "1:9.2p1-2+deb12u10");
	free(version);
	version = NULL;
	assert_int_equal(dpkg_status_find(status, sizeof status - 1, "openssh-client", &version), ERR_NONE);
	assert_string_equal(version, "1:1.0");
	free(version);
	version = NULL;
	assert_int_equal(dpkg_status_find(status, sizeof status - 1, "old", &version), ERR_NOT_FOUND);
	assert_int_equal(dpkg_status_find(status, sizeof status - 1, "trap", &version), ERR_NOT_FOUND);
	assert_int_equal(dpkg_status_find(status, sizeof status - 1, "openssh", &version), ERR_NOT_FOUND);
	assert_null(version);
}

static void survives_every_truncation(void **state)
{
	for (size_t len = 0; len < sizeof status; len++) {
		char *cut = malloc(len ? len : 1), *version = NULL;

		memcpy(cut, status, len);
		if (dpkg_status_find(cut, len, "openssh-server", &version) == ERR_NONE)
			assert_int_equal(strncmp(version, "1:9.2p1-2+deb12u10", strlen(version)), 0);
		free(version);
		free(cut);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_pretty_name_is_found),
		cmocka_unit_test(the_version_of_an_installed_package_is_found),
		cmocka_unit_test(survives_every_truncation),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
