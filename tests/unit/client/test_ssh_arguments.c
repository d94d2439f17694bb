/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_ssh_arguments.c - a command line of ssh is read as ssh reads it. */
#include "client/ssh_arguments.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/banned.h"

/* Words with blanks between them, for the eye; an underscore is a blank. */
static size_t line(const char *text, char *out)
{
	size_t len = strlen(text);

	for (size_t i = 0; i < len; i++)
		out[i] = (char)(text[i] == ' ' ? '\0' : text[i] == '_' ? ' ' : text[i]);
	out[len] = '\0';
	return len + 1;
}

static void reads_what_ssh_reads(void **state)
{
	static const struct {
		const char *typed, *kept, *identity;
		enum err e;
	} cases[] = {
		{ "ssh host", "", NULL, ERR_NONE },
		{ "/usr/bin/ssh host", "", NULL, ERR_NONE },
		{ "ssh -i key host", "-i|key", "key", ERR_NONE },
		{ "ssh -ikey host", "-i|key", "key", ERR_NONE },
		{ "ssh -vvi key -4 host uptime", "-i|key|-4", "key", ERR_NONE },
		{ "ssh -i a -i b host", "-i|a|-i|b", NULL, ERR_NONE },
		{ "ssh -F file -oUser=anna -o Port_22 -6 host", "-F|file|-o|User=anna|-o|Port 22|-6", NULL, ERR_NONE },
		{ "ssh -p 22 -l anna -W [h]:22 -J j host", "", NULL, ERR_NONE },
		{ "ssh -p -i host", "", NULL, ERR_NONE },
		{ "ssh host -i key uptime -4", "-i|key", "key",
		  ERR_NONE }, /* also behind the host, not behind the command */
		{ "ssh host uptime -i key", "", NULL, ERR_NONE },
		{ "ssh -- host -i key", "", NULL, ERR_NONE }, /* a command: so ssh -G shows */
		{ "ssh -P work host", "-P|work", NULL, ERR_NONE },
		{ "ssh -4 -- host -- -i key", "-4", NULL, ERR_NONE },
		{ "ssh host -- -i key", "", NULL, ERR_NONE },
		{ "ssh -oForwardAgent_no -x -- host sftp", "-o|ForwardAgent no", NULL, ERR_NONE },
		{ "ssh -s host sftp", "", NULL, ERR_NONE },
		{ "ssh - -i key", "-i|key", "key", ERR_NONE },
		{ "ssh --", "", NULL, ERR_NONE },
		{ "ssh", "", NULL, ERR_NONE },
		{ "ssh -i", NULL, NULL, ERR_SYNTAX },
		{ "ssh host -o", NULL, NULL, ERR_SYNTAX },
		{ "sshd host", NULL, NULL, ERR_NOT_FOUND },
		{ "/ssh/bash -i", NULL, NULL, ERR_NOT_FOUND },
		{ "", NULL, NULL, ERR_NOT_FOUND },
	};
	char words[200];

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct ssh_arguments a = { 0 };
		struct text kept = { 0 };
		size_t len = line(cases[i].typed, words);

		if (ssh_arguments_parse(words, len, &a) != cases[i].e)
			fail_msg("'%s'", cases[i].typed);
		strings_join(&a.keep, "|", &kept);
		if (strcmp(text_string(&kept), cases[i].kept ? cases[i].kept : "") != 0)
			fail_msg("'%s' gives '%s'", cases[i].typed, text_string(&kept));
		assert_int_equal(a.identity != NULL, cases[i].identity != NULL);
		if (a.identity)
			assert_string_equal(a.identity, cases[i].identity);
		text_free(&kept);
		ssh_arguments_clear(&a);
	}
}

static void a_truncation_is_a_shorter_line(void **state)
{
	char words[200];
	const size_t len = line("ssh -F file -4 -i key host", words);

	for (size_t cut = 0; cut <= len; cut++) {
		char *copy = malloc(cut ? cut : 1);
		struct ssh_arguments a = { 0 };

		memcpy(copy, words, cut);
		if (ssh_arguments_parse(copy, cut, &a) == ERR_NONE) /* what is not ended was not said */
			assert_true(cut >= 4 && a.keep.n <= 5);
		ssh_arguments_clear(&a);
		free(copy);
	}
}

static void our_parent_is_no_ssh(void **state)
{
	struct ssh_arguments a = { 0 };

	assert_int_equal(ssh_arguments_of_parent(&a), ERR_NOT_FOUND);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_what_ssh_reads),
		cmocka_unit_test(a_truncation_is_a_shorter_line),
		cmocka_unit_test(our_parent_is_no_ssh),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
