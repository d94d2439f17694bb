/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_ask.c - what sshd prints is read, cut anywhere or not; and the real binary is asked where there is one. */
#include "made.h"

#include "audit/ask.h"
#include "sshd/version.h"

#include <stdio.h>
#include <unistd.h>

#include "base/banned.h"

#define SSHD "/usr/sbin/sshd"

static const char printed[] =
	"port 22\naddressfamily any\nlistenaddress 0.0.0.0:22\nlistenaddress [::]:22\nPermitRootLogin no\n"
	"subsystem sftp /usr/lib/openssh/sftp-server\nversionaddendum none\nallowusers anna\nallowusers bob@10.0.0.0/8\n";

static void reads_names_and_all_their_values(void **state)
{
	struct sshd_report r = { 0 };

	assert_int_equal(report_parse(printed, strlen(printed), &r), ERR_NONE);
	assert_int_equal(r.names.n, 7);
	assert_string_equal(report_values(&r, "permitrootlogin")->v[0], "no");
	assert_string_equal(report_values(&r, "PermitRootLogin")->v[0], "no");
	assert_int_equal(report_values(&r, "listenaddress")->n, 2);
	assert_string_equal(report_values(&r, "allowusers")->v[1], "bob@10.0.0.0/8");
	assert_string_equal(report_values(&r, "subsystem")->v[0], "sftp /usr/lib/openssh/sftp-server");
	assert_null(report_values(&r, "banner"));
	report_free(&r);
}

static void takes_every_truncation_for_what_it_is(void **state)
{
	for (size_t len = 0; len <= strlen(printed); len++) {
		char *cut = malloc(len ? len : 1);
		struct sshd_report r = { 0 };

		memcpy(cut, printed, len);
		assert_int_equal(report_parse(cut, len, &r), ERR_NONE);
		for (size_t i = 0; i < r.names.n; i++)
			assert_true(r.values[i].n > 0);
		report_free(&r);
		free(cut);
	}
}

static void refuses_what_no_sshd_prints(void **state)
{
	static const struct {
		const char *text;
		size_t len;
	} bad[] = {
		{ " port 22\n", 9 },
		{ "port\t22\n", 8 },
		{ "port 2\0"
		  "2\n",
		  9 },
		{ "\033[31m x\n", 8 },
		{ "averyveryveryveryveryveryveryveryveryveryveryveryverylongnameindeed 1\n", 70 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct sshd_report r = { 0 };

		assert_int_equal(report_parse(bad[i].text, bad[i].len, &r), ERR_SYNTAX);
		assert_null(r.values);
	}
}

static void a_report_has_a_limit(void **state)
{
	struct sshd_report r = { 0 };
	struct text t = { 0 };

	for (int i = 0; i <= 20000; i++)
		text_add_string(&t, "allowusers a\n");
	assert_int_equal(report_parse(t.s, t.len, &r), ERR_TOO_BIG);
	text_free(&t);
}

static void finds_the_version_among_the_patterns_of_old_peers(void **state)
{
	static const char bytes[] =
		"OpenSSH_2.*\0OpenSSH_9.2\0OpenSSH_6.6.1*\0OpenSSH_\0OpenSSH_9.2p\0OpenSSH_9.2p1 Debian-2\0OpenSSH_1.0p1";
	unsigned release = 0;
	char *text = NULL;

	assert_int_equal(binary_version(bytes, sizeof bytes, &release, &text), ERR_NONE);
	assert_int_equal(release, SSHD_RELEASE(9, 2));
	assert_string_equal(text, "9.2p1");
	free(text);
	text = NULL;
	for (size_t len = 0; len < 62; len++)
		assert_int_equal(binary_version(bytes, len, &release, &text), ERR_NOT_FOUND);
	assert_null(text);
}

static void need_sshd(void)
{
	if (access(SSHD, X_OK) != 0)
		skip();
}

static void the_binary_and_its_bytes_tell_the_same_version(void **state)
{
	unsigned asked = 0, read = 0;
	char *a = NULL, *b = NULL, *bytes = NULL;
	struct root *live = NULL;
	size_t len;

	need_sshd();
	assert_int_equal(ask_version(SSHD, &asked, &a), ERR_NONE);
	assert_int_equal(root_open("/", &live), ERR_NONE);
	assert_int_equal(root_read(live, SSHD, 64 << 20, &bytes, &len), ERR_NONE);
	assert_int_equal(binary_version(bytes, len, &read, &b), ERR_NONE);
	assert_int_equal(asked, read);
	root_close(live);
	free(bytes);
	free(a);
	free(b);
}

static void the_binary_says_which_algorithms_it_knows(void **state)
{
	struct strings wanted = { 0 }, supported = { 0 };

	need_sshd();
	assert_int_equal(strings_split(&wanted, "no-such-kex,curve25519-sha256,@@,diffie-hellman-group16-sha512", ","),
			 ERR_NONE);
	assert_int_equal(ask_supported(SSHD, KW_KEXALGORITHMS, &wanted, &supported), ERR_NONE);
	assert_int_equal(supported.n, 2);
	assert_string_equal(supported.v[0], "curve25519-sha256");
	assert_string_equal(supported.v[1], "diffie-hellman-group16-sha512");
	strings_free(&wanted);
	strings_free(&supported);
	assert_int_equal(strings_split(&wanted, "aes256-ctr,aes128-ctr", ","), ERR_NONE);
	assert_int_equal(ask_supported(SSHD, KW_CIPHERS, &wanted, &supported), ERR_NONE);
	assert_true(strings_equal(&wanted, &supported));
	strings_free(&wanted);
	strings_free(&supported);
	assert_int_equal(strings_split(&wanted, "nonsense", ","), ERR_NONE);
	assert_int_equal(ask_supported(SSHD, KW_MACS, &wanted, &supported), ERR_NONE);
	assert_int_equal(supported.n, 0);
	strings_free(&wanted);
}

static void a_configuration_that_sshd_refuses_is_told_in_its_words(void **state)
{
	char path[] = "/tmp/sallyport-ask-XXXXXX", *complaint = NULL;
	struct sshd_report r = { 0 };
	int fd = mkstemp(path);

	need_sshd();
	assert_true(fd >= 0);
	assert_int_equal(write(fd, "NoSuchThing yes\n", 16), 16);
	close(fd);
	assert_int_equal(ask_report(SSHD, path, NULL, &r, &complaint), ERR_CHILD);
	assert_non_null(strstr(complaint, "NoSuchThing"));
	unlink(path);
	free(complaint);
}

static void a_program_that_is_no_sshd_answers_nothing(void **state)
{
	struct strings wanted = { 0 }, supported = { 0 };
	struct sshd_report r = { 0 };
	char *complaint = NULL, *text = NULL;
	unsigned release;

	assert_int_equal(strings_add(&wanted, "x"), ERR_NONE);
	assert_int_equal(ask_report("/nonexistent/sshd", "/dev/null", NULL, &r, &complaint), ERR_NOT_FOUND);
	assert_int_equal(ask_report("/bin/false", "/dev/null", NULL, &r, &complaint), ERR_CHILD);
	assert_string_equal(complaint, "it said nothing");
	assert_int_equal(ask_version("/bin/true", &release, &text), ERR_NOT_FOUND);
	assert_int_equal(ask_supported("/bin/false", KW_MACS, &wanted, &supported), ERR_CHILD);
	assert_int_equal(supported.n, 0);
	strings_free(&wanted);
	free(complaint);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_names_and_all_their_values),
		cmocka_unit_test(takes_every_truncation_for_what_it_is),
		cmocka_unit_test(refuses_what_no_sshd_prints),
		cmocka_unit_test(a_report_has_a_limit),
		cmocka_unit_test(finds_the_version_among_the_patterns_of_old_peers),
		cmocka_unit_test(the_binary_and_its_bytes_tell_the_same_version),
		cmocka_unit_test(the_binary_says_which_algorithms_it_knows),
		cmocka_unit_test(a_configuration_that_sshd_refuses_is_told_in_its_words),
		cmocka_unit_test(a_program_that_is_no_sshd_answers_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
