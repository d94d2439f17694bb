/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_choose.c - keys are tried in ssh's order, at most four, and none that wants a touch unless it was named. */
#include "client/choose.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/banned.h"
/* A key of 51 bytes that differs in its last one. */
static struct agent_identity identity(char last, const char *type)
{
	uint8_t blob[51];
	struct agent_identity a = { .blob_len = sizeof blob };

	memcpy(blob,
	       "\0\0\0\x0bssh-ed25519\0\0\0\x20"
	       "0123456789abcdef0123456789abcdef",
	       sizeof blob);
	blob[50] = (uint8_t)last;
	assert_int_equal(public_key_parse_blob(blob, sizeof blob, &a.key), ERR_NONE);
	if (type)
		snprintf(a.key.type, sizeof a.key.type, "%s", type);
	a.blob = malloc(sizeof blob);
	if (a.blob)
		memcpy(a.blob, blob, sizeof blob);
	return a;
}

static void choose(const char *lasts, const char *type, bool only, struct choice *out)
{
	struct agent_identity v[16];
	struct agent_identities agent = { .v = v };
	struct ask_ssh ssh = { .identities_only = only };

	for (; lasts[agent.n]; agent.n++)
		v[agent.n] = identity(lasts[agent.n], type);
	assert_int_equal(choose_keys(&(struct choose_wish){ .ssh = &ssh, .agent = &agent }, out), ERR_NONE);
	for (size_t i = 0; i < agent.n; i++)
		free(v[i].blob);
}

static void at_most_four_of_the_agent_in_its_order(void **state)
{
	struct choice c;

	choose("abcdef", NULL, false, &c);
	assert_int_equal(c.n, CHOOSE_MAX);
	assert_int_equal(c.more, 2);
	for (size_t i = 0; i < c.n; i++) {
		assert_int_equal(c.v[i].asked[50], 'a' + (int)i);
		assert_null(c.v[i].file);
	}
	choice_clear(&c);
	choice_clear(&c);
}

static void a_key_counts_once(void **state)
{
	struct choice c;

	choose("aabab", NULL, false, &c);
	assert_int_equal(c.n, 2);
	assert_int_equal(c.more, 0);
	choice_clear(&c);
}

static void what_was_not_named_is_not_touched(void **state)
{
	struct choice c;

	choose("ab", "sk-ssh-ed25519@openssh.com", false, &c);
	assert_int_equal(c.n, 0);
	assert_int_equal(c.touch, 2);
	choice_clear(&c);
	choose("ab", "ssh-dss", false, &c);
	assert_int_equal(c.n, 0);
	assert_int_equal(c.unfit, 2);
	choice_clear(&c);
	/* IdentitiesOnly and no file: nothing at all */
	choose("ab", NULL, true, &c);
	assert_int_equal(c.n, 0);
	choice_clear(&c);
}

/* Public halves in files, as an agent's owner may have them. */
static void files_go_first_and_alone_where_they_are_pinned(void **state)
{
	char folder[] = "/tmp/sallyport-choose-XXXXXX", path[64], pub[80];
	struct agent_identity v[] = { identity('a', NULL), identity('m', NULL) };
	struct agent_identities agent = { .v = v, .n = 2 };
	struct ask_ssh ssh = { 0 };
	struct choice c;
	FILE *f;

	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof path, "%s/key", folder);
	snprintf(pub, sizeof pub, "%s.pub", path);
	f = fopen(pub, "w");
	assert_non_null(f);
	/* the one that ends in 'm' */
	fputs("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIDAxMjM0NTY3ODlhYmNkZWYwMTIzNDU2Nzg5YWJjZGVt\n", f);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(strings_add(&ssh.identity_files, path), ERR_NONE);
	assert_int_equal(choose_keys(&(struct choose_wish){ .ssh = &ssh, .agent = &agent }, &c), ERR_NONE);
	assert_int_equal(c.n, 2);
	assert_int_equal(c.v[0].asked[50], 'm');
	choice_clear(&c);
	assert_int_equal(choose_keys(&(struct choose_wish){ .pinned = pub, .ssh = &ssh, .agent = &agent }, &c),
			 ERR_NONE);
	assert_int_equal(c.n, 1);
	assert_int_equal(c.v[0].asked[50], 'm');
	choice_clear(&c);
	/* without an agent there is nobody to sign */
	assert_int_equal(choose_keys(&(struct choose_wish){ .pinned = path, .ssh = &ssh }, &c), ERR_NONE);
	assert_int_equal(c.n, 0);
	assert_int_equal(c.unsignable, 1);
	choice_clear(&c);
	strings_free(&ssh.identity_files);
	unlink(pub);
	rmdir(folder);
	free(v[0].blob);
	free(v[1].blob);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(at_most_four_of_the_agent_in_its_order),
		cmocka_unit_test(a_key_counts_once),
		cmocka_unit_test(what_was_not_named_is_not_touched),
		cmocka_unit_test(files_go_first_and_alone_where_they_are_pinned),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
