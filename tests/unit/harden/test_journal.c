/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_journal.c - transactions survive the way to disk and back; what is damaged is refused. */
#include "harden/journal.h"

#include "base/json.h"
#include "base/scratch.h"

#include "base/banned.h"

static const char journal[] =
	"{\"schema\":\"sallyport.journal.v1\",\"id\":7,\"what\":\"harden\",\"by\":\"anna by sudo\",\"from\":\"203.0.113.9\","
	"\"key\":\"SHA256:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8\","
	"\"config\":\"/etc/ssh/sshd_config\",\"started\":1700000000,\"confirm_seconds\":300,\"ops\":[{\"op\":\"write\","
	"\"path\":\"/etc/ssh/sshd_config\",\"existed\":true,\"config\":true,\"straight\":true,\"old\":{\"mode\":420,\"uid\":0,\"gid\":4,"
	"\"atime\":[1,2],\"mtime\":[3,4],\"xattrs\":[{\"name\":\"security.selinux\",\"value\":\"YWI=\"}]},\"new\":{\"mode\":420,"
	"\"uid\":0,\"gid\":4,\"atime\":[5,6],\"mtime\":[7,8],\"xattrs\":[]},\"why\":[\"kex-weak\"]}],\"folders\":[{\"path\":"
	"\"/etc/ssh\",\"atime\":[1,2],\"mtime\":[3,4]}],\"keep\":[{\"user\":\"anna\",\"addr\":\"203.0.113.9\",\"laddr\":null,"
	"\"lport\":22,\"why\":\"session\"}]}";

static const char state[] = "{\"state\":\"waiting\",\"note\":null,\"changed\":1700000001,\"swapped_boot_ms\":5,"
			    "\"deadline_boot_ms\":6,\"deadline\":1700000301,\"boot_id\":\"0123\"}";

static struct tx *tx_new(void)
{
	struct tx *t = calloc(1, sizeof *t);

	assert_non_null(t);
	return t;
}

static void reads_what_it_wrote(void **unused)
{
	struct tx *t = tx_new(), *again = tx_new();
	struct text first = { 0 }, second = { 0 };
	json_t *j;

	(void)unused;
	assert_int_equal(journal_parse(journal, strlen(journal), t), ERR_NONE);
	j = journal_format(t);
	assert_non_null(j);
	assert_int_equal(json_format(j, &first), ERR_NONE);
	json_decref(j);
	assert_int_equal(journal_parse(first.s, first.len, again), ERR_NONE);
	j = journal_format(again);
	assert_int_equal(json_format(j, &second), ERR_NONE);
	json_decref(j);
	assert_string_equal(first.s, second.s);
	assert_int_equal(again->id, 7);
	assert_int_equal(again->nops, 1);
	assert_true(again->ops[0].straight);
	assert_false(again->folders[0].straight);
	assert_int_equal(again->ops[0].old_meta.nxattrs, 1);
	assert_int_equal(again->ops[0].old_meta.xattrs[0].len, 2);
	assert_memory_equal(again->ops[0].old_meta.xattrs[0].value, "ab", 2);
	assert_int_equal(again->ops[0].new_meta.mtime.tv_nsec, 8);
	assert_string_equal(again->keepers.v[0].addr, "203.0.113.9");
	assert_null(again->keepers.v[0].laddr);
	text_free(&first);
	text_free(&second);
	tx_free(t);
	tx_free(again);
}

static void reads_the_state(void **unused)
{
	struct tx *t = tx_new();

	(void)unused;
	assert_int_equal(journal_parse_state(state, strlen(state), t), ERR_NONE);
	assert_int_equal(t->state, TX_WAITING);
	assert_true(tx_in_force(t));
	assert_int_equal(t->deadline_boot_ms, 6);
	assert_string_equal(t->boot_id, "0123");
	tx_free(t);
}

static void refuses_every_truncation(void **unused)
{
	(void)unused;
	for (size_t len = 0; len < strlen(journal); len++) {
		struct tx *t = tx_new();

		assert_int_equal(journal_parse(journal, len, t), ERR_SYNTAX);
		tx_free(t);
	}
	for (size_t len = 0; len < strlen(state); len++) {
		struct tx *t = tx_new();

		assert_int_equal(journal_parse_state(state, len, t), ERR_SYNTAX);
		tx_free(t);
	}
}

/* One word of the good journal replaced by a bad one. */
static void refuses_what_is_not_a_journal(void **unused)
{
	static const struct {
		const char *from, *to;
		enum err e;
	} cases[] = {
		{ "journal.v1", "journal.v2", ERR_SYNTAX },
		/* of a file that was not there, or where others may change the folder, nothing is removed */
		{ "\"write\"", "\"remove\"", ERR_SYNTAX },
		{ "\"id\":7", "\"id\":0", ERR_RANGE },
		{ "\"id\":7", "\"id\":1000000", ERR_RANGE },
		{ "\"op\":\"write\"", "\"op\":\"run\"", ERR_SYNTAX },
		{ "\"path\":\"/etc/ssh/sshd_config\"", "\"path\":\"etc/ssh\"", ERR_SYNTAX },
		{ "\"path\":\"/etc/ssh/sshd_config\"", "\"path\":\"/etc/../root\"", ERR_SYNTAX },
		{ "\"path\":\"/etc/ssh/sshd_config\"", "\"path\":\"/etc/ssh/..\"", ERR_SYNTAX },
		{ "\"mode\":420", "\"mode\":4096", ERR_SYNTAX },
		{ "\"uid\":0", "\"uid\":-1", ERR_SYNTAX },
		{ "[3,4]", "[3,1000000000]", ERR_SYNTAX },
		{ "YWI=", "YW*=", ERR_SYNTAX },
		{ "\"lport\":22", "\"lport\":65536", ERR_SYNTAX },
		{ "\"why\":\"session\"", "\"why\":\"friend\"", ERR_SYNTAX },
		{ "\"by\":", "\"id\":7,\"by\":", ERR_SYNTAX },
	};

	(void)unused;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		const char *at = strstr(journal, cases[i].from);
		struct tx *t = tx_new();
		struct text bad = { 0 };

		assert_non_null(at);
		text_add_bytes(&bad, journal, (size_t)(at - journal));
		text_add_string(&bad, cases[i].to);
		text_add_string(&bad, at + strlen(cases[i].from));
		assert_int_equal(journal_parse(bad.s, bad.len, t), cases[i].e);
		text_free(&bad);
		tx_free(t);
	}
}

/* Journals of versions that did not note the key. */
static void reads_a_journal_without_a_key(void **unused)
{
	const char *at = strstr(journal, "\"key\":"), *behind = strstr(journal, "\"config\":");
	struct tx *t = tx_new();
	struct text old = { 0 };

	(void)unused;
	text_add_bytes(&old, journal, (size_t)(at - journal));
	text_add_string(&old, behind);
	assert_int_equal(journal_parse(old.s, old.len, t), ERR_NONE);
	assert_null(t->key);
	assert_string_equal(t->from, "203.0.113.9");
	text_free(&old);
	tx_free(t);
}

static void lists_and_reads_what_it_created(void **unused)
{
	char dir[SCRATCH_DIR];
	struct root *r = NULL;
	struct tx *t = tx_new(), *read = NULL;
	unsigned *ids = NULL;
	size_t n;

	(void)unused;
	scratch_make(dir);
	assert_int_equal(root_open(dir, &r), ERR_NONE);
	assert_int_equal(journal_list(r, true, &ids, &n), ERR_NONE);
	assert_int_equal(n, 0);
	free(ids);
	assert_int_equal(journal_parse(journal, strlen(journal), t), ERR_NONE);
	t->ops[0].old = strdup("old");
	t->ops[0].old_len = 3;
	t->ops[0].new = strdup("newer");
	t->ops[0].new_len = 5;
	for (unsigned id = 1; id <= 3; id++) {
		t->id = 0;
		assert_int_equal(journal_create(r, t), ERR_NONE);
		assert_int_equal(t->id, id);
	}
	assert_int_equal(journal_set_state(r, t, TX_CONFIRMED, "seen"), ERR_NONE);
	assert_int_equal(journal_list(r, true, &ids, &n), ERR_NONE);
	assert_int_equal(n, 3);
	assert_int_equal(ids[2], 3);
	assert_int_equal(journal_read(r, 3, &read), ERR_NONE);
	assert_int_equal(read->state, TX_CONFIRMED);
	assert_string_equal(read->note, "seen");
	assert_int_equal(read->ops[0].new_len, 5);
	assert_string_equal(read->ops[0].new, "newer");
	tx_free(read);
	assert_int_equal(journal_read(r, 4, &read), ERR_NOT_FOUND);
	free(ids);
	tx_free(t);
	root_close(r);
	scratch_remove(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_what_it_wrote),		 cmocka_unit_test(reads_the_state),
		cmocka_unit_test(refuses_every_truncation),	 cmocka_unit_test(refuses_what_is_not_a_journal),
		cmocka_unit_test(reads_a_journal_without_a_key), cmocka_unit_test(lists_and_reads_what_it_created),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
