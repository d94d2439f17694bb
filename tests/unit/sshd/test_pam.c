/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_pam.c - what a service asks for, and the one line that changes it. */
#include "sshd/pam.h"

#include "base/scratch.h"

#include "base/banned.h"

#define OATH "auth required pam_oath.so usersfile=/etc/users.oath\n"

static enum pam_wants wants(const char *content, unsigned *line)
{
	struct pam_service s = { 0 };
	const struct pam_rule *by;
	enum pam_wants w;

	assert_int_equal(pam_service_parse(content, strlen(content), &s), ERR_NONE);
	w = pam_service_wants(&s, &by);
	*line = by ? by->first : 0;
	pam_service_clear(&s);
	return w;
}

static void what_a_service_wants(void **state)
{
	static const struct {
		const char *content;
		enum pam_wants wants;
		unsigned line;
	} rows[] = {
		{ "", PAM_WANTS_PASSWORD, 0 },
		{ "@include common-auth\n", PAM_WANTS_PASSWORD, 0 },
		{ "auth sufficient pam_rootok.so\nauth required pam_unix.so\n", PAM_WANTS_PASSWORD, 0 },
		{ "#" OATH "@include common-auth\n", PAM_WANTS_PASSWORD, 0 },
		{ "account required pam_oath.so\nauth required pam_unix.so", PAM_WANTS_PASSWORD, 0 },
		{ OATH, PAM_WANTS_CODE, 1 },
		{ "\n# x\n" OATH "account required pam_nologin.so\n@include common-account\n", PAM_WANTS_CODE, 3 },
		{ "-AUTH\tRequisite\t/lib/security/pam_oath.so # why\r\n", PAM_WANTS_CODE, 1 },
		{ "auth required \\\n  pam_oath.so \\\n usersfile=/x\nsession optional pam_motd.so\n", PAM_WANTS_CODE,
		  1 },
		{ "auth required pam_env.so\nauth include postlogin\n" OATH, PAM_WANTS_CODE, 3 },
		{ "auth required pam_google_authenticator.so", PAM_WANTS_CODE, 1 },
		{ OATH "@include common-auth\n", PAM_WANTS_BOTH, 1 },
		{ "auth substack password-auth\n" OATH, PAM_WANTS_BOTH, 2 },
		{ "auth required pam_unix.so\n" OATH, PAM_WANTS_BOTH, 2 },
		/* somebody may get past the code */
		{ "auth sufficient pam_oath.so usersfile=/x\n", PAM_WANTS_UNKNOWN, 1 },
		{ "auth [success=done default=die] pam_oath.so\n", PAM_WANTS_UNKNOWN, 1 },
		{ "auth required pam_oath.so alwaysok\n", PAM_WANTS_UNKNOWN, 1 },
		{ "auth required pam_google_authenticator.so nullok\n", PAM_WANTS_UNKNOWN, 1 },
		{ "auth sufficient pam_unix.so\n" OATH, PAM_WANTS_UNKNOWN, 1 },
		{ "auth include password-auth\n" OATH, PAM_WANTS_UNKNOWN, 1 },
		{ "auth [success=1 default=ignore] pam_access.so\n" OATH, PAM_WANTS_UNKNOWN, 1 },
		{ "auth sufficient pam_access.so\n" OATH, PAM_WANTS_UNKNOWN, 1 },
		{ OATH "auth required pam_permit.so\n", PAM_WANTS_UNKNOWN, 2 },
		{ OATH "@include mine\n", PAM_WANTS_UNKNOWN, 2 },
		{ OATH "auth\n", PAM_WANTS_UNKNOWN, 2 },
		{ OATH "nonsense here\n", PAM_WANTS_UNKNOWN, 2 },
		{ OATH "auth required pam_google_authenticator.so\n", PAM_WANTS_UNKNOWN, 2 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		unsigned line;

		if (wants(rows[i].content, &line) != rows[i].wants || line != rows[i].line)
			fail_msg("'%s': %d by line %u", rows[i].content, wants(rows[i].content, &line), line);
	}
}

static void the_code_takes_the_place_of_the_password(void **state)
{
#define SAID "# sallyport: a one-time code beside the key, in place of the password\n"
#define MADE SAID "auth required pam_oath.so usersfile=/etc/users.oath window=20 digits=6\n"
	static const struct {
		const char *before, *after; /* NULL: refused */
	} rows[] = {
		{ "# Debian\n@include common-auth\naccount required pam_nologin.so\n",
		  "# Debian\n" MADE "# @include common-auth\naccount required pam_nologin.so\n" },
		{ "#%PAM-1.0\nauth       substack     password-auth\nauth include postlogin\n",
		  "#%PAM-1.0\n" MADE "# auth       substack     password-auth\nauth include postlogin\n" },
		{ "auth requisite pam_nologin.so\nauth include common-auth",
		  "auth requisite pam_nologin.so\n" MADE "# auth include common-auth" },
		{ "auth [success=1 default=ignore] \\\n\tpam_unix.so\nauth required pam_sss.so\n",
		  MADE "# auth [success=1 default=ignore] \\\n\t# pam_unix.so\n# auth required pam_sss.so\n" },
		{ OATH, OATH },
		{ OATH "@include common-auth\n", OATH "@include common-auth\n" },
		{ "account required pam_unix.so\n", NULL },
		{ "", NULL },
		{ "auth sufficient pam_rootok.so\n@include common-auth\n", NULL },
		{ "auth sufficient pam_oath.so\n@include common-auth\n", NULL },
		{ "auth [success=1 default=ignore] pam_unix.so\nauth requisite pam_deny.so\n", NULL },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct text t = { 0 }, why = { 0 };
		enum err e;

		text_add_string(&t, rows[i].before);
		e = pam_service_ask_code(&t, &pam_modules[0], &why);
		assert_int_equal(e, rows[i].after ? ERR_NONE : ERR_CONFIG);
		assert_string_equal(text_string(&t), rows[i].after ? rows[i].after : rows[i].before);
		assert_int_equal(why.len > 0, !rows[i].after);
		text_free(&t);
		text_free(&why);
	}
}

/* Cut anywhere, and with any byte in the way, it is a file like another. */
static void every_truncation_and_every_byte_is_read(void **state)
{
	static const char all[] =
		"auth [success=1 default=ignore] \\\n pam_unix.so # x\n" OATH "@include common-auth\n";

	for (size_t len = 0; len < sizeof all; len++)
		for (unsigned byte = 0; byte < 256; byte += len % 7 ? 255 : 1) {
			struct pam_service s = { 0 };
			char *content = malloc(len + 1);

			assert_non_null(content);
			memcpy(content, all, len);
			content[len] = (char)byte;
			assert_int_equal(pam_service_parse(content, len + 1, &s), ERR_NONE);
			for (size_t i = 0; i < s.n; i++)
				assert_true(s.v[i].first && s.v[i].first <= s.v[i].last);
			pam_service_clear(&s);
			free(content);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_a_service_wants),
		cmocka_unit_test(the_code_takes_the_place_of_the_password),
		cmocka_unit_test(every_truncation_and_every_byte_is_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
