/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_jail_settings.c - which of a jail's settings do not hold by a configuration, and what decides instead. */
#include "audit/jail_settings.h"
#include "base/file.h"
#include "base/macros.h"
#include "base/tree.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "base/banned.h"

#define FRONT "Match User anna\nChrootDirectory /srv/a\nAuthorizedKeysFile /etc/ssh/authorized_keys.d/anna\n"
#define TUNNEL "PermitTunnel no\nX11Forwarding no\n"

static char folder[] = "/tmp/test_jail_settings.XXXXXX";
static struct root *root;

static void put(const char *path, const char *content)
{
	assert_int_equal(file_replace(root, path, content, strlen(content), NULL, "test"), ERR_NONE);
}

static int make(void **state)
{
	if (!mkdtemp(folder) || chmod(folder, 0755) || root_open(folder, &root) ||
	    file_make_dirs(root, "/etc/ssh", 0755))
		return -1;
	put("/etc/passwd", "anna:x:1001:1001::/home/anna:/bin/sh\n");
	put("/etc/group", "anna:x:1001:\nstaff:x:50:anna\n");
	return 0;
}

static int unmake(void **state)
{
	root_close(root);
	tree_remove(folder);
	return 0;
}

/* "LINE: TEXT" for each, LINE 0: the default. */
static void judge(const char *config, bool sftp_only, struct text *out)
{
	const struct jail j = {
		.user = (char *)"anna", .dir = (char *)"/srv/a", .home = (char *)"/home/anna", .sftp_only = sftp_only
	};
	struct diags problems = { 0 }, found = { 0 };
	struct sshd_config *c = NULL;

	put("/etc/ssh/sshd_config", config);
	assert_int_equal(sshd_config_load(root, "/etc/ssh/sshd_config", 902, &c, &problems), ERR_NONE);
	assert_int_equal(jail_settings_judge(root, c, &j, &found), ERR_NONE);
	for (size_t i = 0; i < found.n; i++) {
		assert_int_equal(found.v[i].file != NULL, found.v[i].line != 0);
		text_add(out, "%u: %s\n", found.v[i].line, found.v[i].text);
	}
	diags_free(&problems);
	diags_free(&found);
	sshd_config_free(c);
}

static void says_what_holds_instead_and_by_which_line(void **state)
{
	static const struct {
		const char *config, *said;
		bool sftp_only;
	} cases[] = {
		{ FRONT "DisableForwarding yes\n" TUNNEL "PermitUserRC no\n", "", false },
		{ FRONT "DisableForwarding yes\nPermitUserRC no\n", "", false }, /* by sshd's defaults */
		{ FRONT TUNNEL,
		  "0: DisableForwarding is 'no', which is sshd's default: wants 'yes'\n"
		  "0: PermitUserRC is 'yes', which is sshd's default: wants 'no'\n",
		  false },
		{ "X11Forwarding yes\n" FRONT "DisableForwarding yes\nPermitUserRC no\n",
		  "1: X11Forwarding is 'yes': wants 'no'\n", false },
		{ "Match Group staff\nDisableForwarding no\n" FRONT "DisableForwarding yes\nPermitUserRC no\n",
		  "2: DisableForwarding is 'no': wants 'yes'\n", false },
		{ "Match User anna\nChrootDirectory /srv/a\nDisableForwarding yes\nPermitUserRC no\n",
		  "0: AuthorizedKeysFile is '.ssh/authorized_keys .ssh/authorized_keys2', which is sshd's default: wants "
		  "'/etc/ssh/authorized_keys.d/anna'\n",
		  false },
		{ FRONT "DisableForwarding yes\nPermitUserRC no\nForceCommand internal-sftp\n",
		  "0: PermitTTY is 'yes', which is sshd's default: wants 'no'\n"
		  "6: ForceCommand is 'internal-sftp': wants 'internal-sftp -f AUTHPRIV -l INFO -d /home/anna'\n",
		  true },
		/* not in this jail at all, which is another thing to say */
		{ "Match User anna\nChrootDirectory /srv/b\n", "", false },
		{ "", "", false },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct text said = { 0 };

		judge(cases[i].config, cases[i].sftp_only, &said);
		assert_string_equal(text_string(&said), cases[i].said);
		text_free(&said);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(says_what_holds_instead_and_by_which_line),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, make, unmake);
}
