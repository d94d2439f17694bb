/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_replay.c - each knock once, none in closed times, and how long a wrong clock, a full record or a lost one shuts out. */
#include "base/scratch.h"

#include "base/macros.h"
#include "base/mounts.h"
#include "gate/replay.h"
#include "gate/replay_file.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "base/banned.h"

#define SECOND UINT64_C(1000)
#define HOUR (3600 * SECOND)
#define DAY (24 * HOUR)
#define WINDOW (NATIVE_WINDOW_SECONDS * SECOND)
#define NOW UINT64_C(1790000000000)
#define USER_MAX 4096

struct place {
	char dir[SCRATCH_DIR];
	int fd;
	struct replay *r;
};

static void start(struct place *p, uint64_t now)
{
	replay_free(p->r);
	p->r = NULL;
	assert_int_equal(replay_open(p->fd, "knocks", now, &p->r), ERR_NONE);
}

static void place_open(struct place *p)
{
	p->fd = open(p->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(p->fd >= 0);
	p->r = NULL;
}

/* As installed: an empty file. */
static void place_make(struct place *p, uint64_t now)
{
	scratch_make(p->dir);
	scratch_write(scratch_path(p->dir, "knocks"), "");
	place_open(p);
	start(p, now);
	assert_false(replay_lost(p->r, NULL));
}

static void place_end(struct place *p)
{
	replay_free(p->r);
	close(p->fd);
	scratch_remove(p->dir);
}

static const uint8_t *id_of(uint64_t n)
{
	static uint8_t id[NATIVE_ID];

	memcpy(id, &n, sizeof n);
	return id;
}

static enum knock_stage add(struct place *p, uint64_t ts, uint64_t n, uint64_t now)
{
	return replay_add(p->r, ts, id_of(n), "alice", true, now);
}

static enum knock_stage check(const struct place *p, uint64_t ts, uint64_t n, uint64_t now)
{
	return replay_check(p->r, ts, id_of(n), now);
}

static void commit(struct place *p, uint64_t now)
{
	bool lost_type0 = true;

	assert_int_equal(replay_commit(p->r, now, &lost_type0), ERR_NONE);
	assert_false(lost_type0);
}

/* One knock at the time of its making, granted. */
static void knock(struct place *p, uint64_t now, uint64_t n)
{
	assert_int_equal(add(p, now, n, now), STAGE_ACCEPTED);
	commit(p, now);
}

static struct replay_status status(const struct place *p)
{
	struct replay_status s;

	replay_status(p->r, &s);
	return s;
}

/* ---- the rules ---- */

static void takes_each_knock_once(void **state)
{
	struct place p;

	place_make(&p, NOW);
	assert_int_equal(add(&p, NOW, 1, NOW), STAGE_ACCEPTED);
	assert_int_equal(add(&p, NOW, 1, NOW), STAGE_DUPLICATE);
	assert_int_equal(add(&p, NOW, 2, NOW), STAGE_ACCEPTED);
	assert_int_equal(add(&p, NOW + 1, 1, NOW), STAGE_ACCEPTED);
	commit(&p, NOW);
	assert_int_equal(add(&p, NOW, 1, NOW), STAGE_DUPLICATE);
	start(&p, NOW);
	assert_int_equal(status(&p).entries, 3);
	for (uint64_t i = 0; i < 3; i++)
		assert_int_equal(add(&p, NOW + (i == 2), i == 1 ? 2 : 1, NOW), STAGE_DUPLICATE);
	place_end(&p);
}

static void takes_none_outside_of_the_window(void **state)
{
	const struct {
		uint64_t ts, now;
		enum knock_stage stage;
	} cases[] = {
		{ NOW, NOW, STAGE_ACCEPTED },	       { NOW - WINDOW, NOW, STAGE_ACCEPTED },
		{ NOW - WINDOW - 1, NOW, STAGE_TIME }, { NOW + WINDOW, NOW, STAGE_ACCEPTED },
		{ NOW + WINDOW + 1, NOW, STAGE_TIME }, { 0, NOW, STAGE_TIME },
		{ UINT64_MAX, NOW, STAGE_TIME },       { UINT64_MAX, 0, STAGE_TIME },
		{ 0, UINT64_MAX, STAGE_TIME },	       { UINT64_MAX, UINT64_MAX, STAGE_ACCEPTED },
		{ 0, WINDOW, STAGE_ACCEPTED },
	};
	struct place p;

	place_make(&p, NOW);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		assert_int_equal(check(&p, cases[i].ts, i, cases[i].now), cases[i].stage);
		assert_int_equal(add(&p, cases[i].ts, i, cases[i].now), cases[i].stage);
	}
	place_end(&p);
}

/* Only what was recorded before the crash was granted. */
static void forgets_what_was_not_committed(void **state)
{
	struct place p;

	place_make(&p, NOW);
	knock(&p, NOW, 1);
	assert_int_equal(add(&p, NOW, 2, NOW), STAGE_ACCEPTED);
	start(&p, NOW);
	assert_int_equal(check(&p, NOW, 1, NOW), STAGE_DUPLICATE);
	assert_int_equal(check(&p, NOW, 2, NOW), STAGE_ACCEPTED);
	place_end(&p);
}

/* One knock while the clock is a day ahead: the day after only its very time is closed. */
static void a_wrong_clock_shuts_nobody_out(void **state)
{
	static const uint64_t jumps[] = { HOUR, DAY, 0 - HOUR, 0 - DAY };

	for (size_t i = 0; i < ARRAY_SIZE(jumps); i++) {
		const uint64_t wrong = NOW + jumps[i];
		struct place p;

		place_make(&p, NOW);
		knock(&p, NOW, 1);
		knock(&p, wrong, 2);
		start(&p, wrong + WINDOW + 1);
		start(&p, NOW);
		assert_int_not_equal(check(&p, NOW, 1, NOW), STAGE_ACCEPTED);
		assert_int_not_equal(check(&p, wrong, 2, wrong), STAGE_ACCEPTED);
		knock(&p, NOW + 1, 3);
		knock(&p, wrong + 1, 4);
		knock(&p, wrong - 1, 5);
		place_end(&p);
	}
}

/* A board without a clock of its own begins in 1970, each time. */
static void the_beginning_of_time_is_closed_too(void **state)
{
	struct place p;

	place_make(&p, 0);
	knock(&p, 0, 1);
	start(&p, NOW);
	assert_int_equal(status(&p).entries, 0);
	assert_int_equal(check(&p, 0, 1, 0), STAGE_FLOOR);
	start(&p, 0);
	assert_int_equal(check(&p, 0, 1, 0), STAGE_FLOOR);
	assert_int_equal(check(&p, 2, 2, 0), STAGE_ACCEPTED);
	place_end(&p);
}

static void merges_what_is_less_than_600_s_apart(void **state)
{
	const struct {
		uint64_t apart;
		enum knock_stage between;
		unsigned intervals;
	} cases[] = {
		{ 1, STAGE_FLOOR, 1 },
		{ 2 * WINDOW - 1, STAGE_FLOOR, 1 },
		{ 2 * WINDOW, STAGE_ACCEPTED, 2 },
		{ HOUR, STAGE_ACCEPTED, 2 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const uint64_t later = NOW + cases[i].apart, between = NOW + cases[i].apart / 2;
		struct place p;

		place_make(&p, NOW);
		knock(&p, NOW, 1);
		knock(&p, later, 2);
		start(&p, NOW + DAY);
		assert_int_equal(status(&p).intervals, cases[i].intervals);
		assert_int_equal(check(&p, NOW, 1, NOW), STAGE_FLOOR);
		assert_int_equal(check(&p, later, 2, later), STAGE_FLOOR);
		assert_int_equal(check(&p, between, 3, between), cases[i].between);
		assert_int_equal(check(&p, NOW - 1, 4, NOW), STAGE_ACCEPTED);
		assert_int_equal(check(&p, later + 1, 5, later), STAGE_ACCEPTED);
		place_end(&p);
	}
}

/* The two lowest of nine become one from the beginning of time, in whatever order they came; the others stay as they are. */
static void closes_the_lowest_where_there_is_no_room(void **state)
{
	static const unsigned orders[][9] = {
		{ 0, 1, 2, 3, 4, 5, 6, 7, 8 }, { 8, 7, 6, 5, 4, 3, 2, 1, 0 }, { 4, 0, 8, 2, 6, 1, 7, 3, 5 },
		{ 1, 2, 3, 4, 5, 6, 7, 8, 0 }, { 0, 2, 3, 4, 5, 6, 7, 8, 1 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(orders); i++) {
		struct place p;

		place_make(&p, NOW);
		for (size_t k = 0; k < 9; k++)
			knock(&p, NOW + orders[i][k] * HOUR, orders[i][k]);
		start(&p, NOW + DAY);
		start(&p, NOW + DAY);
		assert_int_equal(status(&p).intervals, REPLAY_INTERVALS);
		for (uint64_t k = 0; k < 9; k++) {
			const uint64_t at = NOW + k * HOUR;

			assert_int_equal(check(&p, at, k, at), STAGE_FLOOR);
			assert_int_equal(check(&p, at - 1, 10, at), k < 2 ? STAGE_FLOOR : STAGE_ACCEPTED);
			assert_int_equal(check(&p, at + 1, 10, at), k < 1 ? STAGE_FLOOR : STAGE_ACCEPTED);
		}
		assert_int_equal(check(&p, 1, 10, 1), STAGE_FLOOR);
		place_end(&p);
	}
}

/* ---- what is full ---- */

static void fill(struct place *p, const char *user, uint64_t first, unsigned n, uint64_t now)
{
	for (unsigned i = 0; i < n; i++) {
		assert_int_equal(replay_add(p->r, now, id_of(first + i), user, true, now), STAGE_ACCEPTED);
		if (i % 1000 == 999)
			commit(p, now);
	}
	commit(p, now);
}

static void an_account_has_4096_entries(void **state)
{
	struct place p;
	unsigned others = 0;

	place_make(&p, NOW);
	fill(&p, "alice", 0, USER_MAX, NOW);
	assert_int_equal(add(&p, NOW, 5000, NOW), STAGE_RATE);
	assert_int_equal(check(&p, NOW, 0, NOW), STAGE_DUPLICATE);
	/* Two accounts may share a counter, by a chance of 1 in 16384; three do not. */
	others += replay_add(p.r, NOW, id_of(5001), "bob", true, NOW) == STAGE_ACCEPTED;
	others += replay_add(p.r, NOW, id_of(5002), "carol", true, NOW) == STAGE_ACCEPTED;
	assert_true(others >= 1);
	commit(&p, NOW);
	/* Still in the window, then not any more. */
	assert_int_equal(add(&p, NOW + WINDOW, 5003, NOW + WINDOW), STAGE_RATE);
	assert_int_equal(add(&p, NOW + WINDOW + 1, 5004, NOW + WINDOW + 1), STAGE_ACCEPTED);
	place_end(&p);
}

/* Those of others that go do not take from an account what it has used. */
static void what_goes_is_counted_for_its_own_account(void **state)
{
	const uint64_t later = NOW + WINDOW;
	struct place p;

	place_make(&p, NOW);
	fill(&p, "carol", 0, 100, NOW);
	fill(&p, "alice", 1000, USER_MAX, later);
	assert_int_equal(add(&p, later, 9000, later + 1), STAGE_RATE);
	assert_int_equal(status(&p).entries, USER_MAX);
	assert_int_equal(add(&p, later, 9000, later + 1), STAGE_RATE);
	place_end(&p);
}

/* Five knocks a second: what is older than 300 s goes with the next file at the latest. */
static void old_entries_go_every_4096_records(void **state)
{
	uint64_t now = NOW;
	struct place p;
	char user[16];

	place_make(&p, NOW);
	for (uint64_t i = 0; i < 10000; i++, now += 200) {
		snprintf(user, sizeof user, "u%u", (unsigned)(i % 100));
		assert_int_equal(replay_add(p.r, now, id_of(i), user, true, now), STAGE_ACCEPTED);
		if (i % 50 == 49)
			commit(&p, now);
		assert_true(status(&p).entries <= 4096 + 1500 + 100);
	}
	place_end(&p);
}

/* Room is made in the middle of a batch, and the time of its first knock is over by then: that one must get to the disk all the same. */
static void making_room_keeps_what_is_not_on_disk_yet(void **state)
{
	const uint64_t old = NOW - WINDOW, later = NOW + WINDOW + 1;
	struct place p;

	place_make(&p, NOW);
	fill(&p, "alice", 0, USER_MAX - 1, NOW);
	assert_int_equal(add(&p, old, 5000, NOW), STAGE_ACCEPTED);
	assert_int_equal(add(&p, later, 5001, later), STAGE_ACCEPTED);
	assert_int_equal(status(&p).entries, 2);
	commit(&p, later);
	start(&p, later);
	assert_int_equal(check(&p, old, 5000, old), STAGE_FLOOR);
	assert_int_equal(check(&p, later, 5001, later), STAGE_DUPLICATE);
	place_end(&p);
}

/* Whose the entries of the time before were is not known, and must be nobody's loss. */
static void entries_from_before_the_start_are_nobodys(void **state)
{
	unsigned refused = 0;
	struct place p;
	char user[16];

	place_make(&p, NOW);
	fill(&p, "alice", 0, USER_MAX, NOW);
	start(&p, NOW);
	assert_int_equal(status(&p).entries, USER_MAX);
	for (unsigned i = 0; i < 60000; i++) {
		snprintf(user, sizeof user, "u%u", i);
		refused += replay_add(p.r, NOW, id_of(10000 + i), user, true, NOW) != STAGE_ACCEPTED;
	}
	assert_int_equal(refused, 0);
	place_end(&p);
}

static void a_full_record_takes_none_until_there_is_room(void **state)
{
	uint64_t n = 0, u = 0;
	struct place p;
	char user[16];

	place_make(&p, NOW);
	while (n < REPLAY_ENTRIES) {
		snprintf(user, sizeof user, "u%u", (unsigned)u++);
		fill(&p, user, n, 1024, NOW);
		n += 1024;
	}
	assert_int_equal(add(&p, NOW, n, NOW), STAGE_STATE);
	for (uint64_t i = 0; i < n; i++)
		assert_int_equal(check(&p, NOW, i, NOW), STAGE_DUPLICATE);
	start(&p, NOW);
	assert_int_equal(status(&p).entries, REPLAY_ENTRIES);
	for (uint64_t i = 0; i < n; i++)
		assert_int_equal(check(&p, NOW, i, NOW), STAGE_DUPLICATE);
	assert_int_equal(add(&p, NOW + WINDOW, n, NOW + WINDOW), STAGE_STATE);
	knock(&p, NOW + WINDOW + 1, n);
	assert_int_equal(status(&p).entries, 1);
	assert_int_equal(check(&p, NOW, 0, NOW), STAGE_FLOOR);
	place_end(&p);
}

/* ---- a lost state ---- */

static void lost_with(struct place *p, const char *content, size_t len)
{
	FILE *f = fopen(scratch_path(p->dir, "knocks"), "w");

	assert_non_null(f);
	assert_int_equal(fwrite(content, 1, len, f), len);
	assert_int_equal(fclose(f), 0);
}

static void make_missing(struct place *p)
{
}

static void make_short(struct place *p)
{
	lost_with(p, "SPknock1", 8);
}

static void make_folder(struct place *p)
{
	assert_int_equal(mkdir(scratch_path(p->dir, "knocks"), 0700), 0);
}

static void make_fifo(struct place *p)
{
	assert_int_equal(mkfifo(scratch_path(p->dir, "knocks"), 0600), 0);
}

/* It cannot even be opened. */
static void make_socket(struct place *p)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_true((size_t)snprintf(a.sun_path, sizeof a.sun_path, "%s/knocks", p->dir) < sizeof a.sun_path);
	assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof a), 0);
	close(fd);
}

/* Root opens it all the same, and finds it short. */
static void make_forbidden(struct place *p)
{
	lost_with(p, "SPknock1", 8);
	assert_int_equal(chmod(scratch_path(p->dir, "knocks"), 0), 0);
}

static void make_link(struct place *p)
{
	scratch_write(scratch_path(p->dir, "other"), "");
	assert_int_equal(symlink("other", scratch_path(p->dir, "knocks")), 0);
}

static void make_large(struct place *p)
{
	lost_with(p, "", 0);
	assert_int_equal(truncate(scratch_path(p->dir, "knocks"), REPLAY_SIZE + 1), 0);
}

static void make_zeros(struct place *p)
{
	lost_with(p, "", 0);
	assert_int_equal(truncate(scratch_path(p->dir, "knocks"), REPLAY_SIZE), 0);
}

static void a_lost_state_grants_nothing_then_opens_after_300_s(void **state)
{
	static void (*const make[])(struct place *) = {
		make_missing,	make_short, make_folder, make_fifo,  make_socket,
		make_forbidden, make_link,  make_large,	 make_zeros,
	};

	for (size_t i = 0; i < ARRAY_SIZE(make); i++) {
		const char *why = NULL;
		struct place p;

		scratch_make(p.dir);
		make[i](&p);
		place_open(&p);
		start(&p, NOW);
		assert_true(replay_lost(p.r, &why) && why && why[0]);
		assert_true(status(&p).lost);
		assert_int_equal(check(&p, NOW, 1, NOW), STAGE_STATE);
		assert_int_equal(add(&p, NOW, 1, NOW), STAGE_STATE);
		commit(&p, NOW);
		/* A start without a recovery makes nothing better. */
		start(&p, NOW);
		assert_true(replay_lost(p.r, NULL));
		(void)!replay_recover(p.r, NOW);
		assert_false(replay_lost(p.r, NULL));
		assert_int_equal(replay_memory_only(p.r), make[i] == make_folder);
		assert_int_equal(check(&p, NOW, 1, NOW), STAGE_FLOOR);
		assert_int_equal(check(&p, NOW + WINDOW, 1, NOW), STAGE_FLOOR);
		assert_int_equal(check(&p, NOW + WINDOW + 1, 1, NOW + WINDOW + 1), STAGE_ACCEPTED);
		assert_int_equal(check(&p, 0, 1, 0), STAGE_FLOOR);
		start(&p, NOW);
		assert_int_equal(replay_lost(p.r, NULL), make[i] == make_folder);
		place_end(&p);
	}
}

static void says_where_there_is_no_folder(void **state)
{
	struct replay *r = NULL;

	assert_int_equal(replay_open(-1, "knocks", NOW, &r), ERR_SYSTEM);
	assert_null(r);
}

/* ---- disks that take nothing ---- */

/* A new file does not fit any more, or nothing can be written at all. */
static void file_limit(rlim_t bytes)
{
	struct rlimit limit;

	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
	limit.rlim_cur = bytes;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void remembers_in_memory_what_the_disk_does_not_take(void **state)
{
	bool lost_type0 = false;
	struct place p;

	place_make(&p, NOW);
	knock(&p, NOW, 1);
	file_limit(0);
	assert_int_equal(add(&p, NOW, 2, NOW), STAGE_ACCEPTED);
	assert_int_equal(replay_add(p.r, NOW, id_of(3), "alice", false, NOW), STAGE_ACCEPTED);
	assert_int_equal(replay_commit(p.r, NOW, &lost_type0), ERR_SYSTEM);
	assert_true(lost_type0 && replay_memory_only(p.r) && status(&p).memory_only);
	/* From now on it is known beforehand. */
	assert_int_equal(replay_add(p.r, NOW, id_of(4), "alice", false, NOW), STAGE_STATE);
	knock(&p, NOW, 5);
	for (uint64_t i = 1; i <= 3; i++)
		assert_int_equal(check(&p, NOW, i, NOW), STAGE_DUPLICATE);
	/* What was granted from memory is in no file: the next start must know. */
	start(&p, NOW);
	assert_true(replay_lost(p.r, NULL));
	assert_int_equal(replay_recover(p.r, NOW), ERR_SYSTEM);
	assert_true(!replay_lost(p.r, NULL) && replay_memory_only(p.r));
	file_limit(RLIM_INFINITY);
	/* A second later it is written, and nothing is lost any more. */
	commit(&p, NOW + 1001);
	assert_false(replay_memory_only(p.r));
	start(&p, NOW + 1001);
	assert_false(replay_lost(p.r, NULL));
	assert_int_equal(check(&p, NOW, 5, NOW), STAGE_FLOOR);
	place_end(&p);
}

/* However long that lasts, old entries make room for new ones. */
static void memory_alone_does_not_fill_up(void **state)
{
	uint64_t now = NOW;
	struct place p;

	place_make(&p, NOW);
	file_limit(0);
	knock(&p, NOW, 0);
	assert_true(replay_memory_only(p.r));
	for (uint64_t i = 1; i < 3 * USER_MAX; i++) {
		now += 200;
		knock(&p, now, i);
	}
	file_limit(RLIM_INFINITY);
	assert_true(replay_memory_only(p.r));
	commit(&p, now + 1001);
	assert_false(replay_memory_only(p.r));
	start(&p, now + 1001);
	for (uint64_t i = 1; i < 3 * USER_MAX; i++)
		assert_int_not_equal(check(&p, NOW + i * 200, i, NOW + i * 200), STAGE_ACCEPTED);
	place_end(&p);
}

/* ---- real disks: tmpfs in a mount namespace ---- */

/* In a child, since nothing of that may stay; 77: not possible here. */
static int in_a_mount(const char *options, int (*run)(struct place *))
{
	struct place p;
	pid_t child;
	int status = 0;

	scratch_make(p.dir);
	if (!(child = fork())) {
		if (unshare(CLONE_NEWNS) || mounts_make_private() || mount("tmpfs", p.dir, "tmpfs", 0, options))
			_exit(77);
		scratch_write(scratch_path(p.dir, "knocks"), "");
		place_open(&p);
		_exit(run(&p));
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	scratch_remove(p.dir);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

/* Each says by its number where it went wrong. */
static int remount_read_only(struct place *p)
{
	bool lost_type0;

	start(p, NOW);
	knock(p, NOW, 1);
	/* What is open for writing keeps a mount from becoming read-only. */
	replay_free(p->r);
	p->r = NULL;
	if (mount(NULL, p->dir, NULL, MS_REMOUNT | MS_RDONLY, NULL))
		return 77;
	/* Nobody can tell what was granted from memory before. */
	start(p, NOW);
	if (!replay_lost(p->r, NULL) || replay_recover(p->r, NOW) != ERR_SYSTEM || replay_lost(p->r, NULL))
		return 1;
	if (check(p, NOW, 1, NOW) != STAGE_FLOOR)
		return 2;
	if (add(p, NOW + WINDOW + 1, 2, NOW + WINDOW + 1) || replay_commit(p->r, NOW + WINDOW + 1, &lost_type0))
		return 3;
	if (replay_add(p->r, NOW + WINDOW + 1, id_of(3), "alice", false, NOW + WINDOW + 1) != STAGE_STATE)
		return 4;
	start(p, NOW + WINDOW + 1);
	if (!replay_lost(p->r, NULL) || replay_recover(p->r, NOW + WINDOW + 1) != ERR_SYSTEM)
		return 5;
	if (check(p, NOW + WINDOW + 1, 2, NOW + WINDOW + 1) != STAGE_FLOOR)
		return 6;
	if (mount(NULL, p->dir, NULL, MS_REMOUNT, NULL))
		return 77;
	if (replay_commit(p->r, NOW + WINDOW + 1002, &lost_type0) || replay_memory_only(p->r))
		return 7;
	start(p, NOW + WINDOW + 1002);
	return replay_lost(p->r, NULL) ? 8 : 0;
}

/* Somebody else fills the disk to the last byte. */
static int fill_up(struct place *p)
{
	static const char page[4096];
	int fd = open(scratch_path(p->dir, "other"), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	if (fd < 0)
		return 1;
	while (write(fd, page, sizeof page) > 0)
		;
	return errno == ENOSPC ? 0 : 1;
}

/* Room for two files: neither the daemon's start nor the new files of a long day need more. */
static int full_disk(struct place *p)
{
	start(p, NOW);
	knock(p, NOW, 1);
	start(p, NOW);
	if (fill_up(p))
		return 1;
	for (uint64_t i = 2; i < 10000; i++) {
		knock(p, NOW + i * 200, i);
		if (replay_memory_only(p->r))
			return 2;
	}
	start(p, NOW + 10000 * 200);
	if (replay_lost(p->r, NULL) || replay_memory_only(p->r))
		return 3;
	return check(p, NOW + 9999 * 200, 9999, NOW + 9999 * 200) == STAGE_ACCEPTED ? 4 : 0;
}

/* From the first moment there is no room for a file. */
static int tiny_disk(struct place *p)
{
	bool lost_type0;

	start(p, NOW);
	if (replay_lost(p->r, NULL) || !replay_memory_only(p->r))
		return 1;
	if (add(p, NOW, 1, NOW) || replay_commit(p->r, NOW, &lost_type0) || lost_type0)
		return 2;
	start(p, NOW);
	return replay_lost(p->r, NULL) ? 0 : 3;
}

static void knows_what_a_real_disk_does_not_take(void **state)
{
	const struct {
		const char *options;
		int (*run)(struct place *);
	} cases[] = {
		{ "size=16m", remount_read_only },
		{ "size=5m", full_disk },
		{ "size=1m", tiny_disk },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const int status = in_a_mount(cases[i].options, cases[i].run);

		if (status == 77) {
			print_message("# skipped: only root can mount a disk of its own (%s)\n", cases[i].options);
			skip();
		}
		assert_int_equal(status, 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_each_knock_once),
		cmocka_unit_test(takes_none_outside_of_the_window),
		cmocka_unit_test(forgets_what_was_not_committed),
		cmocka_unit_test(a_wrong_clock_shuts_nobody_out),
		cmocka_unit_test(the_beginning_of_time_is_closed_too),
		cmocka_unit_test(merges_what_is_less_than_600_s_apart),
		cmocka_unit_test(closes_the_lowest_where_there_is_no_room),
		cmocka_unit_test(an_account_has_4096_entries),
		cmocka_unit_test(what_goes_is_counted_for_its_own_account),
		cmocka_unit_test(old_entries_go_every_4096_records),
		cmocka_unit_test(making_room_keeps_what_is_not_on_disk_yet),
		cmocka_unit_test(entries_from_before_the_start_are_nobodys),
		cmocka_unit_test(a_full_record_takes_none_until_there_is_room),
		cmocka_unit_test(a_lost_state_grants_nothing_then_opens_after_300_s),
		cmocka_unit_test(says_where_there_is_no_folder),
		cmocka_unit_test(remembers_in_memory_what_the_disk_does_not_take),
		cmocka_unit_test(memory_alone_does_not_fill_up),
		cmocka_unit_test(knows_what_a_real_disk_does_not_take),
	};

	return cmocka_run_group_tests_name("gate/replay", tests, NULL, NULL);
}
