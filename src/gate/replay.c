/* SPDX-License-Identifier: GPL-3.0-or-later */
/* replay.c - the set of knocks that were granted, and the intervals of time in which none is granted any more. */
#include "gate/replay.h"

#include "gate/replay_file.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

#define WINDOW_MS (NATIVE_WINDOW_SECONDS * UINT64_C(1000))
#define APART_MS (2 * WINDOW_MS) /* intervals that are closer become one */
#define SLOTS (2 * REPLAY_ENTRIES)
#define USERS 16384
#define NOBODY USERS /* who knocked before the start is not known */
#define USER_MAX 4096
#define PRUNE_EVERY 4096 /* records, then the file is written anew */
#define RETRY_MS 1000	 /* between attempts to write a file where that failed */

struct replay {
	struct replay_file file;
	struct replay_content c; /* intervals and entries; those from 'durable' on are not on disk yet */
	size_t durable;
	uint32_t slots[SLOTS];		  /* number of the entry plus 1, 0: free */
	uint16_t user_of[REPLAY_ENTRIES]; /* which counter */
	uint32_t users[USERS + 1];	  /* live entries of all accounts that fall on the same counter */
	unsigned char key[crypto_shorthash_KEYBYTES];
	size_t appended; /* records since the file was written anew */
	const char *why_lost;
	bool lost, memory_only, unclaimed;
	uint64_t tried_ms;
};

/* ---- the set ---- */

static uint64_t keyed(const struct replay *r, const void *bytes, size_t len)
{
	uint64_t h;

	/* Whoever holds a key chooses the ids, and must not choose where they come to lie. */
	crypto_shorthash((unsigned char *)&h, bytes, len, r->key);
	return h;
}

static uint32_t *slot_of(const struct replay *r, const struct replay_entry *e)
{
	size_t i = keyed(r, e, sizeof *e) % SLOTS;
	const uint32_t *slots = r->slots;

	while (slots[i] && memcmp(&r->c.entry[slots[i] - 1], e, sizeof *e) != 0)
		i = (i + 1) % SLOTS;
	return (uint32_t *)&slots[i];
}

static void set_rebuild(struct replay *r)
{
	memset(r->slots, 0, sizeof r->slots);
	memset(r->users, 0, sizeof r->users);
	for (size_t i = 0; i < r->c.n; i++) {
		*slot_of(r, &r->c.entry[i]) = (uint32_t)i + 1;
		r->users[r->user_of[i]]++;
	}
}

/* ---- closed intervals ---- */

static void interval_remove(struct replay_content *c, unsigned i)
{
	c->nclosed--;
	memmove(&c->closed[i], &c->closed[i + 1], (c->nclosed - i) * sizeof c->closed[0]);
}

static bool near(const struct replay_interval *a, const struct replay_interval *b)
{
	const struct replay_interval *low = a->from <= b->from ? a : b, *high = low == a ? b : a;

	return high->from <= low->to || high->from - low->to < APART_MS;
}

static unsigned lowest(const struct replay_content *c)
{
	unsigned at = 0;

	for (unsigned i = 1; i < c->nclosed; i++)
		if (c->closed[i].from < c->closed[at].from)
			at = i;
	return at;
}

/* Where there is no room, the two lowest become one from the beginning of time. */
static void interval_close(struct replay_content *c, struct replay_interval more)
{
	/* On disk, two zeros are no interval. */
	if (!more.to)
		more.to = 1;
	for (unsigned i = 0; i < c->nclosed;)
		if (near(&c->closed[i], &more)) {
			more.from = c->closed[i].from < more.from ? c->closed[i].from : more.from;
			more.to = c->closed[i].to > more.to ? c->closed[i].to : more.to;
			interval_remove(c, i);
			i = 0;
		} else {
			i++;
		}
	if (c->nclosed == REPLAY_INTERVALS) {
		const struct replay_interval first = c->closed[lowest(c)];
		struct replay_interval *second;

		interval_remove(c, lowest(c));
		second = &c->closed[lowest(c)];
		if (more.from < second->from)
			more = (struct replay_interval){ 0, first.to > more.to ? first.to : more.to };
		else
			*second = (struct replay_interval){ 0, second->to > first.to ? second->to : first.to };
	}
	c->closed[c->nclosed++] = more;
}

static bool is_closed(const struct replay_content *c, uint64_t ts)
{
	for (unsigned i = 0; i < c->nclosed; i++)
		if (c->closed[i].from <= ts && ts <= c->closed[i].to)
			return true;
	return false;
}

/*
 * What is too old to be asked for again goes, once its time is closed. Entries that are not on disk yet stay: the interval in
 * their place would not be there, either. With memory alone that makes no difference.
 */
static void prune(struct replay *r, uint64_t now_ms)
{
	const uint64_t oldest = now_ms > WINDOW_MS ? now_ms - WINDOW_MS : 0;
	size_t kept = 0, durable = 0;

	for (size_t i = 0; i < r->c.n; i++) {
		const struct replay_entry e = r->c.entry[i];

		if ((i < r->durable || r->memory_only) && e.ts < oldest) {
			interval_close(&r->c, (struct replay_interval){ e.ts, e.ts });
			continue;
		}
		durable += i < r->durable;
		r->user_of[kept] = r->user_of[i];
		r->c.entry[kept++] = e;
	}
	r->c.n = kept;
	r->durable = durable;
	set_rebuild(r);
}

/* ---- the file ---- */

/* All that is known, in a new file. */
static enum err write_anew(struct replay *r, uint64_t now_ms)
{
	enum err e;

	r->tried_ms = now_ms;
	if ((e = replay_file_write(&r->file, &r->c))) {
		r->memory_only = true;
		return e;
	}
	r->durable = r->c.n;
	r->appended = 0;
	r->memory_only = false;
	return ERR_NONE;
}

static void lose(struct replay *r, const char *why)
{
	memset(&r->c, 0, sizeof r->c);
	r->durable = 0;
	r->lost = true;
	r->why_lost = why;
}

enum err replay_open(int dir_fd, const char *name, uint64_t now_ms, struct replay **out)
{
	struct replay *r;
	const char *why = NULL;
	enum err e;

	if (sodium_init() < 0 || !(r = calloc(1, sizeof *r)))
		return ERR_MEMORY;
	randombytes_buf(r->key, sizeof r->key);
	if ((e = replay_file_open(&r->file, dir_fd, name, &r->c, &why))) {
		free(r);
		return e;
	}
	*out = r;
	if (why) {
		lose(r, why);
		return ERR_NONE;
	}
	r->durable = r->c.n;
	for (size_t i = 0; i < r->c.n; i++)
		r->user_of[i] = NOBODY;
	prune(r, now_ms);
	/* From memory only where that fails; the caller sees it in the status. */
	if (write_anew(r, now_ms) && r->file.stays)
		lose(r,
		     "the file can be neither written nor removed: what was granted from memory may be missing in it");
	return ERR_NONE;
}

void replay_free(struct replay *r)
{
	if (!r)
		return;
	replay_file_close(&r->file);
	free(r);
}

bool replay_lost(const struct replay *r, const char **why)
{
	if (why)
		*why = r->lost ? r->why_lost : "";
	return r->lost;
}

enum err replay_recover(struct replay *r, uint64_t now_ms)
{
	memset(&r->c, 0, sizeof r->c);
	interval_close(&r->c, (struct replay_interval){ 0, now_ms + WINDOW_MS });
	r->lost = false;
	r->durable = 0;
	r->unclaimed = false;
	set_rebuild(r);
	return write_anew(r, now_ms);
}

/* ---- knocks ---- */

static struct replay_entry entry_of(uint64_t ts, const uint8_t id[NATIVE_ID])
{
	struct replay_entry e = { .ts = ts };

	memcpy(e.id, id, sizeof e.id);
	return e;
}

enum knock_stage replay_check(const struct replay *r, uint64_t ts, const uint8_t id[NATIVE_ID], uint64_t now_ms)
{
	const struct replay_entry e = entry_of(ts, id);

	if (r->lost)
		return STAGE_STATE;
	if (!native_in_time(ts, now_ms))
		return STAGE_TIME;
	if (is_closed(&r->c, ts))
		return STAGE_FLOOR;
	return *slot_of(r, &e) ? STAGE_DUPLICATE : STAGE_ACCEPTED;
}

enum knock_stage replay_add(struct replay *r, uint64_t ts, const uint8_t id[NATIVE_ID], const char *user, bool claimed,
			    uint64_t now_ms)
{
	const struct replay_entry e = entry_of(ts, id);
	const uint16_t counter = (uint16_t)(keyed(r, user, strlen(user)) % USERS);
	enum knock_stage stage = replay_check(r, ts, id, now_ms);

	if (stage)
		return stage;
	if (r->memory_only && !claimed)
		return STAGE_STATE;
	if (r->c.n == REPLAY_ENTRIES || r->users[counter] >= USER_MAX) {
		prune(r, now_ms);
		if (is_closed(&r->c, ts))
			return STAGE_FLOOR;
	}
	if (r->users[counter] >= USER_MAX)
		return STAGE_RATE;
	if (r->c.n == REPLAY_ENTRIES)
		return STAGE_STATE;
	*slot_of(r, &e) = (uint32_t)r->c.n + 1;
	r->user_of[r->c.n] = counter;
	r->users[counter]++;
	r->c.entry[r->c.n++] = e;
	r->unclaimed |= !claimed;
	return STAGE_ACCEPTED;
}

/* A batch that is too long for the rules of a torn write, or does not fit any more, goes into a new file. */
static enum err make_durable(struct replay *r, uint64_t now_ms)
{
	const size_t batch = r->c.n - r->durable;

	if (r->memory_only && now_ms - r->tried_ms < RETRY_MS)
		return ERR_SYSTEM;
	if (r->appended + batch > PRUNE_EVERY || batch > REPLAY_BATCH || r->memory_only) {
		prune(r, now_ms);
		return write_anew(r, now_ms);
	}
	if (replay_file_append(&r->file, &r->c.entry[r->durable], batch))
		return write_anew(r, now_ms);
	r->durable = r->c.n;
	r->appended += batch;
	return ERR_NONE;
}

enum err replay_commit(struct replay *r, uint64_t now_ms, bool *lost_type0)
{
	const bool unclaimed = r->unclaimed;
	enum err e = ERR_NONE;

	*lost_type0 = false;
	r->unclaimed = false;
	if (r->lost || (r->durable == r->c.n && !r->memory_only))
		return ERR_NONE;
	e = make_durable(r, now_ms);
	*lost_type0 = e && unclaimed;
	return *lost_type0 ? e : ERR_NONE;
}

bool replay_memory_only(const struct replay *r)
{
	return r->memory_only;
}

void replay_status(const struct replay *r, struct replay_status *out)
{
	*out = (struct replay_status){
		.entries = r->c.n,
		.intervals = r->c.nclosed,
		.lost = r->lost,
		.memory_only = r->memory_only,
	};
}
