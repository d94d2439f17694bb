/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_replay_disk.c - no knock is granted twice and nobody is shut out for long, whatever becomes of disk, power and clock. */
#include "gate/disk.h"

#include "base/macros.h"
#include "gate/replay.h"

#include "base/banned.h"

#define SECOND UINT64_C(1000)
#define HOUR (3600 * SECOND)
#define DAY (24 * HOUR)
#define WINDOW (NATIVE_WINDOW_SECONDS * SECOND)
#define APART (2 * WINDOW)
#define BEGIN UINT64_C(1790000000000)
#define KNOWN 200000
#define CLUSTERS 8192

/* The slow and obvious version: it forgets nothing. */
struct known {
	uint64_t ts;
	uint8_t id[NATIVE_ID];
	bool granted, written;
};

/* Times of knocks that lie closer than 600 s to each other. */
struct cluster {
	uint64_t from, to;
};

struct judge {
	struct known *known;
	size_t n, granted, replays, floors, restarts, losses;
	struct cluster cluster[CLUSTERS]; /* by time */
	size_t nclusters;
	uint64_t floor; /* up to there the rules may have closed everything */
};

struct world {
	char dir[SCRATCH_DIR];
	int dir_fd;
	struct replay *r;
	uint64_t now; /* of the server's clock, right or wrong */
	uint64_t sum; /* of all jumps */
	struct judge *judge;
};

static uint64_t below(uint64_t n)
{
	return disk_random() % n;
}

/* ---- what may be refused ---- */

static void cluster_merge(struct judge *j, size_t i)
{
	if (j->cluster[i].to < j->cluster[i + 1].to)
		j->cluster[i].to = j->cluster[i + 1].to;
	j->nclusters--;
	memmove(&j->cluster[i + 1], &j->cluster[i + 2], (j->nclusters - i - 1) * sizeof j->cluster[0]);
}

static void judge_time(struct judge *j, uint64_t ts)
{
	size_t i = 0;

	while (i < j->nclusters && j->cluster[i].from <= ts)
		i++;
	assert_true(j->nclusters < CLUSTERS);
	memmove(&j->cluster[i + 1], &j->cluster[i], (j->nclusters - i) * sizeof j->cluster[0]);
	j->cluster[i] = (struct cluster){ ts, ts };
	j->nclusters++;
	if (i + 1 < j->nclusters && j->cluster[i + 1].from - ts < APART)
		cluster_merge(j, i);
	if (i > 0 && (ts <= j->cluster[i - 1].to || ts - j->cluster[i - 1].to < APART))
		cluster_merge(j, i - 1);
	/* Of more than eight the lowest are one. */
	if (j->nclusters > REPLAY_INTERVALS && j->floor < j->cluster[j->nclusters - REPLAY_INTERVALS].to)
		j->floor = j->cluster[j->nclusters - REPLAY_INTERVALS].to;
}

static bool may_be_closed(const struct judge *j, uint64_t ts)
{
	for (size_t i = 0; i < j->nclusters; i++)
		if (j->cluster[i].from <= ts && ts <= j->cluster[i].to)
			return true;
	return ts <= j->floor;
}

static void judge_add(struct judge *j, uint64_t ts, const uint8_t id[NATIVE_ID])
{
	struct known *k = &j->known[j->n++];

	assert_true(j->n < KNOWN);
	*k = (struct known){ .ts = ts };
	memcpy(k->id, id, NATIVE_ID);
	judge_time(j, ts);
}

/* ---- the invariant ---- */

/* Whatever time it is: what was granted is not granted again. */
static void invariant_of(const struct world *w, const struct known *k)
{
	if (k->granted)
		assert_int_not_equal(replay_check(w->r, k->ts, k->id, k->ts), STAGE_ACCEPTED);
}

static void invariant_sample(const struct world *w)
{
	const struct judge *j = w->judge;

	for (size_t i = 0; i < 300 && j->n; i++)
		invariant_of(w, &j->known[below(j->n)]);
	for (size_t i = 0; i < 200 && i < j->n; i++)
		invariant_of(w, &j->known[j->n - 1 - i]);
}

static void invariant_all(const struct world *w)
{
	for (size_t i = 0; i < w->judge->n; i++)
		invariant_of(w, &w->judge->known[i]);
}

/* ---- the world ---- */

static void world_make(struct world *w, uint64_t seed)
{
	memset(w, 0, sizeof *w);
	memset(&disk, 0, sizeof disk);
	disk.state = seed;
	scratch_make(w->dir);
	scratch_write(scratch_path(w->dir, "knocks"), "");
	w->dir_fd = open(w->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(w->dir_fd >= 0);
	w->now = BEGIN;
	w->judge = calloc(1, sizeof *w->judge);
	assert_non_null(w->judge);
	w->judge->known = calloc(KNOWN, sizeof *w->judge->known);
	assert_non_null(w->judge->known);
	assert_int_equal(replay_open(w->dir_fd, "knocks", w->now, &w->r), ERR_NONE);
	assert_false(replay_lost(w->r, NULL));
}

static void world_end(struct world *w)
{
	disk_spoiled_forget();
	memset(&disk, 0, sizeof disk);
	replay_free(w->r);
	close(w->dir_fd);
	scratch_remove(w->dir);
	free(w->judge->known);
	free(w->judge);
}

/* The file is gone, and with it what was closed for later than now. */
static void world_recover(struct world *w)
{
	struct judge *j = w->judge;

	w->now -= w->sum;
	w->sum = 0;
	(void)!replay_recover(w->r, w->now);
	assert_false(replay_lost(w->r, NULL));
	j->losses++;
	if (j->floor < w->now + WINDOW)
		j->floor = w->now + WINDOW;
	for (size_t i = 0; i < j->n; i++)
		if (j->known[i].ts > w->now + WINDOW)
			j->known[i].granted = false;
	w->now += WINDOW + 1;
}

/* Starts anew, while the power may go again and again; 'losable': the disk failed before that. */
static void world_restart(struct world *w, bool losable)
{
	const unsigned one_in = disk.one_in;
	enum err e;

	do {
		replay_free(w->r);
		w->r = NULL;
		disk_spoiled_forget();
		disk.off = false;
		disk.len = 0;
		disk.until_off = below(3) ? 0 : (unsigned)below(140) + 1;
		disk.one_in = below(4) ? 0 : one_in;
		e = replay_open(w->dir_fd, "knocks", w->now, &w->r);
		assert_int_equal(e, ERR_NONE);
	} while (disk.off);
	disk.until_off = 0;
	disk.one_in = 0;
	w->judge->restarts++;
	if (replay_lost(w->r, NULL)) {
		assert_true(losable);
		world_recover(w);
	}
	invariant_sample(w);
	disk.one_in = one_in;
}

static void clock_goes_on(struct world *w)
{
	static const uint64_t jumps[] = { HOUR, DAY, 0 - HOUR, 0 - DAY };

	w->now += below(700);
	if (below(6000) == 0) {
		uint64_t jump = jumps[below(ARRAY_SIZE(jumps))];

		/* Never more than two days off. */
		if ((int64_t)(w->sum + jump) > (int64_t)(2 * DAY) || (int64_t)(w->sum + jump) < -(int64_t)(2 * DAY))
			jump = 0 - w->sum;
		w->now += jump;
		w->sum += jump;
	}
	if (below(400) == 0)
		w->now += below(20 * 60 * SECOND);
}

/* ---- knocks ---- */

struct batch {
	size_t known[128];
	bool claimed[128];
	size_t n;
};

static void batch_put(struct batch *b, size_t known, bool claimed)
{
	b->known[b->n] = known;
	b->claimed[b->n++] = claimed;
}

static void knock_anew(struct world *w, struct batch *b)
{
	const bool claimed = below(4) != 0, slow = below(10) == 0;
	const uint64_t skew = slow ? below(310 * SECOND) : below(2 * SECOND);
	const uint64_t ts = below(2) ? w->now + skew : w->now - skew;
	struct judge *j = w->judge;
	enum knock_stage stage;
	uint8_t id[NATIVE_ID];
	char user[8];

	for (size_t i = 0; i < sizeof id; i++)
		id[i] = (uint8_t)disk_random();
	snprintf(user, sizeof user, "u%u", (unsigned)below(50));
	stage = replay_add(w->r, ts, id, user, claimed, w->now);
	if (skew > WINDOW) {
		assert_int_equal(stage, STAGE_TIME);
	} else if (stage == STAGE_FLOOR) {
		assert_true(may_be_closed(j, ts));
		j->floors++;
	} else if (stage == STAGE_STATE) {
		assert_true(replay_memory_only(w->r) && !claimed);
	} else {
		assert_int_equal(stage, STAGE_ACCEPTED);
		judge_add(j, ts, id);
		batch_put(b, j->n - 1, claimed);
	}
}

static void knock_again(struct world *w, struct batch *b)
{
	struct judge *j = w->judge;
	const size_t back = below(4) ? below(2000) : below(j->n), i = j->n - 1 - back % j->n;
	const bool claimed = below(4) != 0;
	struct known *k = &j->known[i];
	enum knock_stage stage = replay_add(w->r, k->ts, k->id, "again", claimed, w->now);

	if (k->granted)
		assert_int_not_equal(stage, STAGE_ACCEPTED);
	if (stage == STAGE_DUPLICATE || stage == STAGE_FLOOR)
		j->replays++;
	if (stage == STAGE_ACCEPTED)
		batch_put(b, i, claimed);
}

static void batch_commit(struct world *w, const struct batch *b)
{
	bool lost_type0 = false;
	const enum err e = replay_commit(w->r, w->now, &lost_type0);

	assert_int_equal(e != ERR_NONE, lost_type0);
	if (disk.off)
		return;
	for (size_t i = 0; i < b->n; i++) {
		struct known *k = &w->judge->known[b->known[i]];

		if ((lost_type0 && !b->claimed[i]) || k->granted)
			continue;
		k->granted = true;
		w->judge->granted++;
	}
}

static void step(struct world *w)
{
	const size_t n = below(40) ? below(4) + 1 : below(100) + 1;
	struct batch b = { .n = 0 };

	clock_goes_on(w);
	for (size_t i = 0; i < n; i++)
		if (w->judge->n == 0 || below(3))
			knock_anew(w, &b);
		else
			knock_again(w, &b);
	batch_commit(w, &b);
}

static void survives_every_cut(void **state)
{
	/* Of each ten thousand knocks these meet cuts. */
	const size_t unquiet = getenv("SALLYPORT_LONG") ? 5000 : 1500;
	struct world w;

	world_make(&w, 1);
	while (w.judge->granted < 76000) {
		/* Else the power stays for thousands of knocks, so that the file is written anew in between. */
		const bool calm = w.judge->granted % 10000 >= unquiet;

		if (!below(calm ? 8000 : 16))
			disk.until_off = below(6) ? (unsigned)below(4) + 1 : (unsigned)below(140) + 1;
		step(&w);
		assert_false(replay_memory_only(w.r) && !disk.off);
		if (disk.off || !below(calm ? 4000 : 100)) {
			disk.until_off = 0;
			world_restart(&w, false);
		}
	}
	world_restart(&w, false);
	invariant_all(&w);
	print_message("# granted %zu, replays refused %zu, refused for a closed time %zu, cuts %u, starts %zu\n",
		      w.judge->granted, w.judge->replays, w.judge->floors, disk.cut, w.judge->restarts);
	assert_true(disk.cut > unquiet / 10 && w.judge->replays > 10000 && w.judge->floors > 100);
	world_end(&w);
}

/*
 * A full disk takes no file, but lets one go; a broken one refuses now this, now that; a read-only one refuses everything. When
 * that is over the daemon has a file again within a second.
 */
static void disk_changes(struct world *w)
{
	static const unsigned kinds[] = { 0, 0, DISK_FAILS(DISK_WRITE), DISK_FAILS(DISK_DATASYNC), DISK_ALL };
	const unsigned was = disk.fail, kind = kinds[below(ARRAY_SIZE(kinds))];
	const struct batch none = { .n = 0 };

	disk.one_in = below(3) ? 0 : (unsigned)below(60) + 2;
	disk.fail = below(4) ? kind : (unsigned)below(256) & ~DISK_FAILS(DISK_UNLINK);
	if (was != DISK_ALL || disk.fail == DISK_ALL)
		return;
	disk.fail = disk.one_in = disk.until_off = 0;
	w->now += 1001;
	batch_commit(w, &none);
	assert_false(replay_memory_only(w->r));
}

/* What was granted from memory alone must be known after the next start, or all counts as lost. */
static void survives_a_failing_disk(void **state)
{
	struct world w;

	world_make(&w, 2);
	while (w.judge->granted < 20000) {
		if (!below(60))
			disk_changes(&w);
		if (!below(40))
			disk.until_off = (unsigned)below(140) + 1;
		step(&w);
		if (disk.off || !below(60)) {
			disk.until_off = 0;
			world_restart(&w, true);
		}
	}
	disk.fail = disk.one_in = 0;
	invariant_all(&w);
	print_message("# granted %zu, replays refused %zu, calls failed %u, starts %zu, states lost %zu\n",
		      w.judge->granted, w.judge->replays, disk.failed, w.judge->restarts, w.judge->losses);
	assert_true(disk.failed > 1000 && w.judge->losses > 50 && w.judge->replays > 1000);
	world_end(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(survives_every_cut),
		cmocka_unit_test(survives_a_failing_disk),
	};

	return cmocka_run_group_tests_name("gate/replay_disk", tests, NULL, NULL);
}
