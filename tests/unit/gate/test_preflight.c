/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_preflight.c - what "sallyportd -t" finds wrong in what the settings name, and that it finds nothing else. */
#include "base/scratch.h"

#include "gate/preflight.h"

#include <sodium.h>

#include "base/banned.h"

/* Made for this test with ssh-keygen. */
static const char key_good[] = "-----BEGIN OPENSSH PRIVATE KEY-----\n"
			       "b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAABAAAAMwAAAAtzc2gtZW\n"
			       "QyNTUxOQAAACAUdxiEnCOvglBGeUPvVEHQAc+IPW+2DL1K+XeYSTP7hQAAAIjLoRfhy6EX\n"
			       "4QAAAAtzc2gtZWQyNTUxOQAAACAUdxiEnCOvglBGeUPvVEHQAc+IPW+2DL1K+XeYSTP7hQ\n"
			       "AAAEAV+25vQG+RPPhoYT2wzCwuFRtF00EA5iXCWnbOverPARR3GIScI6+CUEZ5Q+9UQdAB\n"
			       "z4g9b7YMvUr5d5hJM/uFAAAABHRlc3QB\n"
			       "-----END OPENSSH PRIVATE KEY-----\n";
static const char key_ecdsa[] = "-----BEGIN OPENSSH PRIVATE KEY-----\n"
				"b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAABAAAAaAAAABNlY2RzYS\n"
				"1zaGEyLW5pc3RwMjU2AAAACG5pc3RwMjU2AAAAQQQHABWIw8ZlneVzLT8pDnFIY3h9/IaK\n"
				"SZovtR4gNXn0acY44lZ5CjdMZGFuWCpC3SWyfM3NzLzV9QKiRBLLiyOsAAAAoIgE1jSIBN\n"
				"Y0AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBAcAFYjDxmWd5XMt\n"
				"PykOcUhjeH38hopJmi+1HiA1efRpxjjiVnkKN0xkYW5YKkLdJbJ8zc3MvNX1AqJEEsuLI6\n"
				"wAAAAhAOYGdFH6x7iGhdjHqyjqGAUrgb/R6RIs1GuJyy/ZGetrAAAABHRlc3QBAgM=\n"
				"-----END OPENSSH PRIVATE KEY-----\n";
static const char key_encrypted[] = "-----BEGIN OPENSSH PRIVATE KEY-----\n"
				    "b3BlbnNzaC1rZXktdjEAAAAACmFlczI1Ni1jdHIAAAAGYmNyeXB0AAAAGAAAABCavihJbj\n"
				    "8Py+xpQ2ZfIML2AAAAAQAAAAEAAAAzAAAAC3NzaC1lZDI1NTE5AAAAIAzgvJuFAr7VVSi2\n"
				    "7DrxKy5sE+Pj5RnUGIOH0MS8IutuAAAAkGSFnWKcgXZiEPuzgxaPavNiHbQZGQHV89muIl\n"
				    "mokI5nT9mi6YhaNSBPXciDo70rBGiIIq0CYx8iL7GfOx74VTt/kd0tDArTSknfggp/b3w3\n"
				    "A2/wJDPiUOk45HVg2o3t0fmveycuv/ZbOYOT3xzUj9SwlKr6Zb94AG6WVVTAa194WADf8q\n"
				    "0H73hrGZMZIl8wdQ==\n"
				    "-----END OPENSSH PRIVATE KEY-----\n";

#define SECRET "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define ZEROS "0000000000000000000000000000000000000000000000000000000000000000"
#define ACCOUNTS \
	"root:x:0:0::/root:/bin/sh\nsallyport-net:x:101:101::/:/bin/false\n" \
	"sallyport-keeper:x:102:102::/:/bin/false\nsallyport-index:x:104:104::/:/bin/false\nsallyport-grant:x:103:103::/:/bin/false\n"

static const char settings[] = "HostKey /key\nSiteSecret /secret\nStateDirectory /state\nSshdConfig /sshd_config\n";

/* A root with all that the settings name; where 'name' is one of the files it has this content, or is not there (NULL). */
static void made_root(const char *dir, const char *name, const char *content)
{
	static const struct {
		const char *name, *content;
	} files[] = {
		{ "key", key_good },	    { "secret", SECRET "\n" },	    { "sshd_config", "Port 22\n" },
		{ "etc/passwd", ACCOUNTS }, { "etc/group", "root:x:0:\n" },
	};

	assert_int_equal(mkdir(scratch_path(dir, "etc"), 0755), 0);
	assert_int_equal(mkdir(scratch_path(dir, "state"), 0700), 0);
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		const char *path = scratch_path(dir, files[i].name);
		const bool this = strcmp(files[i].name, name) == 0;

		if (this && !content)
			continue;
		scratch_write(path, this ? content : files[i].content);
		assert_int_equal(chmod(path, 0600), 0);
	}
}

/* Notes what is wrong in that root; its first text in 'says', which ends with the file. */
static size_t problems_of(const char *dir, char *says, size_t size)
{
	struct diags problems = { 0 };
	struct settings *s = NULL;
	struct root *r = NULL;
	size_t n;

	assert_int_equal(root_open(dir, &r), ERR_NONE);
	assert_int_equal(settings_parse(settings, strlen(settings), "test", &s, &problems), ERR_NONE);
	assert_int_equal(preflight_check(r, s, &problems), ERR_NONE);
	n = problems.errors;
	snprintf(says, size, "%s: %s", n && problems.v[0].file ? problems.v[0].file : "", n ? problems.v[0].text : "");
	diags_free(&problems);
	settings_free(s);
	root_close(r);
	return n;
}

static void finds_nothing_where_all_is_well(void **state)
{
	char dir[SCRATCH_DIR], says[512];

	scratch_make(dir);
	made_root(dir, "", NULL);
	if (problems_of(dir, says, sizeof says))
		fail_msg("%s", says);
	scratch_remove(dir);
}

static void finds_what_is_wrong_and_says_where(void **state)
{
	static const struct {
		const char *name, *content, *says;
		size_t n;
	} cases[] = {
		{ "key", NULL, "/key: the host key cannot be read: No such file", 1 },
		{ "key", "", "/key: the host key does not serve", 1 },
		{ "key", key_ecdsa, "/key: the host key does not serve: it is no Ed25519 key", 1 },
		{ "key", key_encrypted, "/key: the host key does not serve: it has a passphrase", 1 },
		{ "secret", NULL, "/secret: the site secret cannot be read", 1 },
		{ "secret", "", "/secret: wants 64 hexadecimal digits", 1 },
		{ "secret", SECRET "0\n", "/secret: wants 64 hexadecimal digits", 1 },
		{ "secret", ZEROS "\n", "/secret: wants 64 hexadecimal digits, not all of them zero", 1 },
		{ "sshd_config", NULL, "sshd_config", 1 },
		{ "sshd_config", "Prot 22\n", "/sshd_config: ", 1 },
		{ "etc/passwd", "root:x:0:0::/root:/bin/sh\n", ": there is no account 'sallyport-net'", 4 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char dir[SCRATCH_DIR], says[512];
		size_t n;

		scratch_make(dir);
		made_root(dir, cases[i].name, cases[i].content);
		n = problems_of(dir, says, sizeof says);
		if (n != cases[i].n || !strstr(says, cases[i].says))
			fail_msg("%zu: %zu: '%s' does not say '%s'", i, n, says, cases[i].says);
		scratch_remove(dir);
	}
}

static void secrets_that_others_can_read_are_none(void **state)
{
	static const struct {
		const char *name;
		mode_t mode;
		const char *says; /* NULL: nothing */
	} cases[] = {
		{ "key", 0640, "others than its owner may use it (mode 0640): wants 0600" },
		{ "secret", 0640, NULL }, /* a group of those who may knock */
		{ "secret", 0644, "others than its owner and a group of readers may use it (mode 0644): wants 0640" },
		{ "secret", 0620, "others than its owner and a group of readers may use it (mode 0620): wants 0640" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char dir[SCRATCH_DIR], says[512];

		scratch_make(dir);
		made_root(dir, "", NULL);
		assert_int_equal(chmod(scratch_path(dir, cases[i].name), cases[i].mode), 0);
		assert_int_equal(problems_of(dir, says, sizeof says), cases[i].says ? 1 : 0);
		if (cases[i].says) {
			assert_non_null(strstr(says, cases[i].says));
			assert_int_equal(says[1], cases[i].name[0]);
		}
		scratch_remove(dir);
	}
}

static void a_state_folder_must_be_one(void **state)
{
	char dir[SCRATCH_DIR], says[512];

	scratch_make(dir);
	made_root(dir, "", NULL);
	assert_int_equal(rmdir(scratch_path(dir, "state")), 0);
	assert_int_equal(problems_of(dir, says, sizeof says), 1);
	assert_non_null(strstr(says, "/state: the state folder is not there"));
	scratch_write(scratch_path(dir, "state"), "");
	assert_int_equal(problems_of(dir, says, sizeof says), 1);
	assert_non_null(strstr(says, "/state: the state folder is no folder"));
	scratch_remove(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_nothing_where_all_is_well),
		cmocka_unit_test(finds_what_is_wrong_and_says_where),
		cmocka_unit_test(secrets_that_others_can_read_are_none),
		cmocka_unit_test(a_state_folder_must_be_one),
	};

	if (sodium_init() < 0)
		return 1;
	return cmocka_run_group_tests_name("gate/preflight", tests, NULL, NULL);
}
