/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_replay_file.c - the record on disk byte by byte: every prefix, every tear of a last batch, a flip in every byte. */
#include "base/scratch.h"

#include "base/macros.h"
#include "gate/replay_file.h"

#include "base/banned.h"

#define FIRST ((size_t)REPLAY_HEAD * REPLAY_RECORD)
#define ENTRIES 200

/* Big enough to be no guest on the stack. */
struct room {
	struct replay_content made, read;
	uint8_t bytes[REPLAY_SIZE + 1];
};

static int room_make(void **state)
{
	*state = calloc(1, sizeof(struct room));
	return *state ? 0 : -1;
}

static int room_free(void **state)
{
	free(*state);
	return 0;
}

static const char *parse(struct room *r, size_t len)
{
	const char *why = "untouched";

	replay_file_parse(r->bytes, len, &r->read, &why);
	return why;
}

static void some_content(struct replay_content *c, size_t n)
{
	memset(c, 0, sizeof *c);
	c->closed[c->nclosed++] =
		(struct replay_interval){ UINT64_C(0x0102030405060708), UINT64_C(0x1112131415161718) };
	c->closed[c->nclosed++] = (struct replay_interval){ 0, 1 };
	for (; c->n < n; c->n++) {
		c->entry[c->n].ts = UINT64_C(0x19f12345678) + c->n;
		for (size_t i = 0; i < NATIVE_ID; i++)
			c->entry[c->n].id[i] = (uint8_t)(0xa0 + i + c->n);
	}
}

/* As the writer makes it, in r->bytes. */
static void write_and_read(struct room *r)
{
	struct replay_file f = { .dir_fd = -1, .fd = -1, .name = "knocks" };
	char dir[SCRATCH_DIR];
	FILE *in;

	scratch_make(dir);
	f.dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(replay_file_write(&f, &r->made), ERR_NONE);
	replay_file_close(&f);
	in = fopen(scratch_path(dir, "knocks"), "r");
	assert_non_null(in);
	assert_int_equal(fread(r->bytes, 1, sizeof r->bytes, in), REPLAY_SIZE);
	fclose(in);
	close(f.dir_fd);
	scratch_remove(dir);
}

static void same_content(const struct replay_content *a, const struct replay_content *b)
{
	assert_int_equal(a->nclosed, b->nclosed);
	assert_int_equal(a->n, b->n);
	assert_memory_equal(a->closed, b->closed, sizeof a->closed);
	assert_memory_equal(a->entry, b->entry, a->n * sizeof a->entry[0]);
}

/* Computed by hand from section 5.3. */
static void writes_what_the_protocol_says(void **state)
{
	static const struct {
		size_t number;
		uint8_t bytes[REPLAY_RECORD];
	} records[] = {
		{ 0,
		  { 0x53, 0x50, 0x6b, 0x6e, 0x6f, 0x63, 0x6b, 0x31, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
		    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0xb4, 0x39, 0x5a, 0x03, 0x54, 0xac, 0xa5, 0xc3 } },
		{ 1,
		  { 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08, 0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17, 0x18,
		    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x45, 0xb3, 0xa7, 0x40, 0x57, 0x75, 0x06, 0x79 } },
		{ 2,
		  { 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x01,
		    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x71, 0xfa, 0xa7, 0x0e, 0x1d, 0xa0, 0x0b, 0xe5 } },
		{ 3,
		  { 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
		    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x9d, 0x90, 0x8e, 0xcf, 0xb6, 0xb2, 0x56, 0xde } },
		{ 8,
		  { 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
		    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x9d, 0x90, 0x8e, 0xcf, 0xb6, 0xb2, 0x56, 0xde } },
		{ 9,
		  { 0x00, 0x00, 0x01, 0x9f, 0x12, 0x34, 0x56, 0x78, 0xa0, 0xa1, 0xa2, 0xa3, 0xa4, 0xa5, 0xa6, 0xa7,
		    0xa8, 0xa9, 0xaa, 0xab, 0xac, 0xad, 0xae, 0xaf, 0x80, 0xc9, 0x43, 0xee, 0x39, 0xc9, 0x02, 0x80 } },
	};
	struct room *r = *state;

	some_content(&r->made, 1);
	write_and_read(r);
	for (size_t i = 0; i < ARRAY_SIZE(records); i++)
		assert_memory_equal(r->bytes + records[i].number * REPLAY_RECORD, records[i].bytes, REPLAY_RECORD);
	for (size_t i = FIRST + REPLAY_RECORD; i < REPLAY_SIZE; i++)
		assert_int_equal(r->bytes[i], 0);
}

static void reads_what_it_wrote(void **state)
{
	static const size_t sizes[] = { 0, 1, 63, 64, 65, ENTRIES, REPLAY_ENTRIES - 1, REPLAY_ENTRIES };
	struct room *r = *state;

	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		some_content(&r->made, sizes[i]);
		write_and_read(r);
		assert_null(parse(r, REPLAY_SIZE));
		same_content(&r->read, &r->made);
	}
}

static void no_prefix_but_the_empty_one_is_a_record(void **state)
{
	struct room *r = *state;

	some_content(&r->made, ENTRIES);
	write_and_read(r);
	for (size_t len = 1; len <= REPLAY_SIZE + 1; len++)
		if (len != REPLAY_SIZE)
			assert_non_null(parse(r, len));
	assert_null(parse(r, 0));
	assert_int_equal(r->read.n + r->read.nclosed, 0);
}

/* The blocks are there, but what was to be written to them is only up to a byte: those before are whole. */
static void a_write_cut_at_every_byte_loses_the_last_entry_only(void **state)
{
	struct room *r = *state;
	uint8_t last[(REPLAY_HEAD + ENTRIES) * REPLAY_RECORD];

	some_content(&r->made, ENTRIES);
	write_and_read(r);
	memcpy(last, r->bytes, sizeof last);
	for (size_t len = sizeof last; len-- > 0;) {
		const size_t whole = len < FIRST ? 0 : (len - FIRST) / REPLAY_RECORD;

		r->bytes[len] = 0;
		/* A byte that was zero is no cut. */
		if (len % REPLAY_RECORD && !memcmp(r->bytes + len / REPLAY_RECORD * REPLAY_RECORD,
						   last + len / REPLAY_RECORD * REPLAY_RECORD, REPLAY_RECORD))
			continue;
		if (len < FIRST) {
			assert_non_null(parse(r, REPLAY_SIZE));
			continue;
		}
		assert_null(parse(r, REPLAY_SIZE));
		assert_int_equal(r->read.n, whole);
		assert_memory_equal(r->read.entry, r->made.entry, whole * sizeof r->made.entry[0]);
	}
}

/* In a batch the sectors arrive in any order: what is whole was perhaps granted, what is not was never. */
static void a_torn_batch_keeps_what_is_whole(void **state)
{
	struct room *r = *state;
	uint8_t *batch = r->bytes + FIRST + (ENTRIES - REPLAY_BATCH) * (size_t)REPLAY_RECORD;
	uint8_t whole[REPLAY_BATCH * REPLAY_RECORD];

	some_content(&r->made, ENTRIES);
	write_and_read(r);
	memcpy(whole, batch, sizeof whole);
	for (size_t torn = 0; torn < REPLAY_BATCH; torn++)
		for (size_t kept = 0; kept < REPLAY_RECORD; kept++) {
			memset(batch + torn * REPLAY_RECORD + kept, 0, REPLAY_RECORD - kept);
			if (!memcmp(batch, whole, sizeof whole))
				continue; /* they were zeros */
			assert_null(parse(r, REPLAY_SIZE));
			assert_int_equal(r->read.n, ENTRIES - 1);
			for (size_t i = 0, k = 0; i < ENTRIES; i++)
				if (i != ENTRIES - REPLAY_BATCH + torn)
					assert_memory_equal(&r->read.entry[k++], &r->made.entry[i],
							    sizeof r->made.entry[0]);
			memcpy(batch, whole, sizeof whole);
		}
}

static void a_flip_in_any_byte_is_noticed(void **state)
{
	struct room *r = *state;
	const size_t used = FIRST + ENTRIES * (size_t)REPLAY_RECORD, firm = used - REPLAY_BATCH * REPLAY_RECORD;

	some_content(&r->made, ENTRIES);
	write_and_read(r);
	for (size_t i = 0; i < used; i++) {
		const char *why;

		r->bytes[i] ^= (uint8_t)(1U << i % 8);
		why = parse(r, REPLAY_SIZE);
		if (i < firm)
			assert_non_null(why);
		else
			assert_null(why);
		if (!why)
			assert_int_equal(r->read.n, ENTRIES - 1);
		r->bytes[i] ^= (uint8_t)(1U << i % 8);
	}
	/* Beyond what was written: not the last batch any more. */
	for (size_t i = used + 2 * REPLAY_BATCH * REPLAY_RECORD; i < REPLAY_SIZE; i += 9973) {
		r->bytes[i] ^= 0x10;
		assert_non_null(parse(r, REPLAY_SIZE));
		r->bytes[i] ^= 0x10;
	}
	assert_null(parse(r, REPLAY_SIZE));
	same_content(&r->read, &r->made);
}

static void an_interval_that_ends_before_it_begins_is_damage(void **state)
{
	struct room *r = *state;

	some_content(&r->made, 1);
	r->made.closed[0] = (struct replay_interval){ 2, 1 };
	write_and_read(r);
	assert_non_null(parse(r, REPLAY_SIZE));
	r->made.closed[0] = (struct replay_interval){ 2, 2 };
	write_and_read(r);
	assert_null(parse(r, REPLAY_SIZE));
}

enum other { OTHER_NONE, OTHER_EMPTY, OTHER_SHORT, OTHER_LONG, OTHER_FIFO, OTHER_LINK, OTHER_SYMLINK, OTHERS };

static void put_in_the_way(const char *dir, enum other o)
{
	const char *path = scratch_path(dir, "knocks.new");

	if (o == OTHER_FIFO)
		assert_int_equal(mkfifo(path, 0600), 0);
	else if (o == OTHER_LINK)
		assert_int_equal(link(scratch_path(dir, "knocks"), path), 0);
	else if (o == OTHER_SYMLINK)
		assert_int_equal(symlink("knocks", path), 0);
	else if (o != OTHER_NONE)
		scratch_write(path, o == OTHER_EMPTY ? "" : "SPknock1");
	if (o == OTHER_LONG)
		assert_int_equal(truncate(path, REPLAY_SIZE + 9), 0);
}

/* What lies at NAME.new is nobody's, or the file before the last one; either way the next one is whole. */
static void what_was_in_the_way_does_not_matter(void **state)
{
	struct room *r = *state;

	for (int i = 0; i < OTHERS; i++) {
		struct replay_file f;
		char dir[SCRATCH_DIR];
		const char *why;
		struct stat st;

		scratch_make(dir);
		scratch_write(scratch_path(dir, "knocks"), "");
		put_in_the_way(dir, i);
		some_content(&r->made, 5);
		assert_int_equal(
			replay_file_open(&f, open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC), "knocks", &r->read, &why),
			ERR_NONE);
		for (int times = 0; times < 3; times++) {
			assert_int_equal(replay_file_write(&f, &r->made), ERR_NONE);
			assert_int_equal(replay_file_append(&f, &r->made.entry[0], 1), ERR_NONE);
		}
		replay_file_close(&f);
		assert_int_equal(stat(scratch_path(dir, "knocks"), &st), 0);
		assert_int_equal(st.st_size, REPLAY_SIZE);
		assert_int_equal(replay_file_open(&f, f.dir_fd, "knocks", &r->read, &why), ERR_NONE);
		assert_null(why);
		assert_int_equal(r->read.n, 6);
		close(f.dir_fd);
		scratch_remove(dir);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(writes_what_the_protocol_says, room_make, room_free),
		cmocka_unit_test_setup_teardown(reads_what_it_wrote, room_make, room_free),
		cmocka_unit_test_setup_teardown(no_prefix_but_the_empty_one_is_a_record, room_make, room_free),
		cmocka_unit_test_setup_teardown(a_write_cut_at_every_byte_loses_the_last_entry_only, room_make,
						room_free),
		cmocka_unit_test_setup_teardown(a_torn_batch_keeps_what_is_whole, room_make, room_free),
		cmocka_unit_test_setup_teardown(a_flip_in_any_byte_is_noticed, room_make, room_free),
		cmocka_unit_test_setup_teardown(an_interval_that_ends_before_it_begins_is_damage, room_make, room_free),
		cmocka_unit_test_setup_teardown(what_was_in_the_way_does_not_matter, room_make, room_free),
	};

	return cmocka_run_group_tests_name("gate/replay_file", tests, NULL, NULL);
}
