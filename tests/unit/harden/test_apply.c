/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_apply.c - a file that is removed comes back as it was, however far the removal got, and whatever came to its place. */
#include "harden/apply.h"

#include "base/file.h"
#include "base/scratch.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "base/banned.h"

#define KEYS "/etc/keys/anna"
#define CONTENT "ssh-ed25519 AAAA anna\n"

static char dir[SCRATCH_DIR];
static struct root *r;
static struct tx t;
static struct op op;

static const char *there(const char *path)
{
	return scratch_path(dir, path + 1);
}

static int begin(void **unused)
{
	const struct timespec old[2] = { { .tv_sec = 1600000000 }, { .tv_sec = 1600000001 } };
	int fd;

	(void)unused;
	scratch_make(dir);
	assert_int_equal(mkdir(there("/etc"), 0755), 0);
	assert_int_equal(mkdir(there("/etc/keys"), 0755), 0);
	scratch_write(there(KEYS), CONTENT);
	assert_int_equal(chmod(there(KEYS), 0640), 0);
	assert_int_equal(utimensat(AT_FDCWD, there(KEYS), old, 0), 0);
	assert_int_equal(root_open(dir, &r), ERR_NONE);
	op = (struct op){ .kind = OP_REMOVE, .existed = true };
	op.path = strdup(KEYS);
	op.old = strdup(CONTENT);
	op.old_len = strlen(CONTENT);
	op.new = strdup("");
	assert_int_equal(root_open_file(r, KEYS, O_RDONLY, 0, &fd), ERR_NONE);
	assert_int_equal(file_meta_read(fd, &op.old_meta), ERR_NONE);
	file_close(fd);
	t = (struct tx){ .what = strdup("jail remove anna"),
			 .by = strdup("root"),
			 .config_path = strdup("/etc/sshd_config"),
			 .ops = &op,
			 .nops = 1 };
	assert_int_equal(apply_note_folders(r, &t), ERR_NONE);
	assert_int_equal(journal_create(r, &t), ERR_NONE);
	return 0;
}

static int end(void **unused)
{
	(void)unused;
	op_clear(&op);
	for (size_t i = 0; i < t.nfolders; i++)
		free(t.folders[i].path);
	free(t.folders);
	free(t.what);
	free(t.by);
	free(t.config_path);
	root_close(r);
	scratch_remove(dir);
	return 0;
}

static void is_side(enum op_side want)
{
	enum op_side side;

	assert_int_equal(op_look(r, &op, &side), ERR_NONE);
	assert_int_equal(side, want);
}

static void is_back(void)
{
	struct stat st;

	is_side(SIDE_OLD);
	scratch_is(there(KEYS), CONTENT);
	assert_int_equal(stat(there(KEYS), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0640);
	assert_int_equal(st.st_uid, geteuid());
	assert_int_equal(st.st_mtim.tv_sec, 1600000001);
}

static void undo(void)
{
	assert_int_equal(apply_undo_config(r, &t), ERR_NONE);
	is_back(); /* before sshd reads the old configuration, which may name it */
	assert_int_equal(apply_undo_rest(r, &t), ERR_NONE);
	is_back();
}

static void goes_and_comes_back_as_it_was(void **unused)
{
	size_t bad = 9;

	(void)unused;
	is_back();
	assert_int_equal(apply_check(r, &op, 1, &bad), ERR_NONE);
	undo(); /* cut off before it was removed */
	assert_int_equal(apply_do(r, &t), ERR_NONE);
	assert_false(scratch_exists(there(KEYS)));
	is_side(SIDE_NEW);
	assert_int_equal(apply_check(r, &op, 1, &bad), ERR_CHANGED);
	assert_int_equal(apply_do(r, &t), ERR_NONE);
	undo();
	undo();
}

/* The journal has all that it takes, also for another process. */
static void comes_back_by_what_the_journal_has(void **unused)
{
	struct tx *read = NULL;

	(void)unused;
	assert_int_equal(apply_do(r, &t), ERR_NONE);
	assert_int_equal(journal_read(r, t.id, &read), ERR_NONE);
	assert_int_equal(read->nops, 1);
	assert_int_equal(read->ops[0].kind, OP_REMOVE);
	assert_string_equal(read->ops[0].old, CONTENT);
	assert_string_equal(read->ops[0].new, "");
	assert_int_equal(apply_undo_config(r, read), ERR_NONE);
	assert_int_equal(apply_undo_rest(r, read), ERR_NONE);
	is_back();
	tx_free(read);
	assert_false(scratch_exists(there(JOURNAL_DIR "/0001/new/0")));
}

static void what_came_to_its_place_is_kept(void **unused)
{
	size_t bad = 9;

	(void)unused;
	assert_int_equal(apply_do(r, &t), ERR_NONE);
	scratch_write(there(KEYS), "somebody's\n");
	is_side(SIDE_OTHER);
	assert_int_equal(apply_check(r, &op, 1, &bad), ERR_CHANGED);
	undo();
	scratch_is(there(JOURNAL_DIR "/0001/found/0"), "somebody's\n");
	/* an empty one is somebody's, too, and not what we left */
	scratch_write(there(KEYS), "");
	is_side(SIDE_OTHER);
}

static void reversed_it_is_written_again(void **unused)
{
	struct plan *back = NULL;
	struct text diff = { 0 };

	(void)unused;
	assert_int_equal(op_diff(&op, &diff), ERR_NONE);
	assert_non_null(strstr(diff.s, "+++ /dev/null"));
	assert_non_null(strstr(diff.s, "-ssh-ed25519 AAAA anna"));
	assert_int_equal(plan_reverse(&op, 1, NULL, &back), ERR_NONE);
	assert_int_equal(back->ops[0].kind, OP_WRITE);
	assert_false(back->ops[0].existed);
	assert_string_equal(back->ops[0].new, CONTENT);
	plan_free(back);
	text_free(&diff);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(goes_and_comes_back_as_it_was, begin, end),
		cmocka_unit_test_setup_teardown(comes_back_by_what_the_journal_has, begin, end),
		cmocka_unit_test_setup_teardown(what_came_to_its_place_is_kept, begin, end),
		cmocka_unit_test_setup_teardown(reversed_it_is_written_again, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
