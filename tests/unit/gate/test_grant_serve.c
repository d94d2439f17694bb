/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_grant_serve.c - what opens the door, what does not, and what ends the role that holds it; the firewall is played. */
#include "gate/role_played.h"

#include "base/scratch.h"

#include "base/macros.h"
#include "gate/control.h"
#include "gate/grant_serve.h"

#include <sodium.h>
#include <sys/resource.h>
#include <sys/timex.h>
#include <sys/un.h>

#include "base/banned.h"

/* --- the firewall, the routes and the kernel's opinion of the clock --- */

#define GRANTS 4096

static struct wall {
	atomic_uint transactions, looks, attended, synchronised;
	atomic_bool refuses, was_changed;
	unsigned n;
	struct firewall_grant v[GRANTS];
} * wall;

static int watched = -1;

void firewall_grant(struct firewall *f, const struct firewall_grant *grants, size_t n, enum err *answers)
{
	atomic_fetch_add(&wall->transactions, 1);
	for (size_t i = 0; i < n; i++) {
		answers[i] = atomic_load(&wall->refuses) || wall->n == GRANTS ? ERR_RANGE : ERR_NONE;
		if (!answers[i])
			wall->v[wall->n++] = grants[i];
	}
}

enum err firewall_revoke(struct firewall *f, const struct message_address *a, uint16_t port, unsigned *ended)
{
	unsigned kept = 0;

	for (unsigned i = 0; i < wall->n; i++)
		if (memcmp(wall->v[i].address.bytes, a->bytes, 16) != 0 || (port && port != wall->v[i].port))
			wall->v[kept++] = wall->v[i];
	*ended = wall->n - kept;
	wall->n = kept;
	return ERR_NONE;
}

enum err firewall_attend(struct firewall *f)
{
	atomic_fetch_add(&wall->attended, 1);
	return ERR_NONE;
}

enum err firewall_list(struct firewall *f, struct firewall_grant **out, size_t *n)
{
	*out = calloc(wall->n + 1, sizeof **out);
	if (!*out)
		return ERR_MEMORY;
	memcpy(*out, wall->v, wall->n * sizeof **out);
	*n = wall->n;
	return ERR_NONE;
}

int firewall_watch_fd(const struct firewall *f)
{
	return watched;
}

enum err firewall_look(struct firewall *f, char **found)
{
	char c;

	(void)!read(watched, &c, 1);
	atomic_fetch_add(&wall->looks, 1);
	if (atomic_exchange(&wall->was_changed, false))
		*found = strdup("the table was gone");
	return ERR_NONE;
}

bool firewall_owned(const struct firewall *f)
{
	return true;
}

static const struct message_address own = { .family = 4, .bytes = { 192, 0, 2, 99 } };

bool local_is(struct local *l, const struct message_address *a)
{
	return !memcmp(a, &own, sizeof own);
}

#define FORBIDDEN 2 /* of wall->synchronised: nobody may ask */

int adjtimex(struct timex *t)
{
	const bool good = atomic_load(&wall->synchronised) == 1;

	if (atomic_load(&wall->synchronised) == FORBIDDEN) {
		errno = EPERM;
		return -1;
	}
	t->status = good ? 0 : STA_UNSYNC;
	return good ? TIME_OK : TIME_ERROR;
}

/* --- grant, in a process of its own --- */

struct ends {
	pid_t pid;
	int parent, net, index, watch, listening, state_dir;
	char dir[SCRATCH_DIR];
	struct sockaddr_un control;
	unsigned made; /* knocks: each has another id */
};

static const struct message_address anna = { .family = 4, .bytes = { 198, 51, 100, 7 } };
static const struct message_address other = { .family = 4, .bytes = { 198, 51, 100, 8 } };
static const struct message_address here = { .family = 4, .bytes = { 192, 0, 2, 1 } };

static uint64_t now_ms(void)
{
	return (uint64_t)time(NULL) * 1000;
}

/* full: nothing can be written any more. */
static void serve(struct grant_setup *s, int dir_fd, bool full)
{
	const struct rlimit nothing = { 0, 0 };
	int status;

	if (replay_open(dir_fd, "replay", now_ms(), &s->replay))
		_exit(77);
	signal(SIGXFSZ, SIG_IGN);
	if (full && setrlimit(RLIMIT_FSIZE, &nothing))
		_exit(78);
	status = grant_serve(s);
	replay_free(s->replay);
	settings_free((struct settings *)s->settings);
	_exit(status);
}

static void grant_begin(struct ends *e, const char *settings, bool full)
{
	struct settings *parsed = settings_make(settings);
	struct grant_setup s = { .settings = parsed, .control = e->listening };
	int watch[2];

	pair_make(SOCK_STREAM, &e->parent, &s.parent);
	pair_make(SOCK_SEQPACKET, &e->net, &s.net);
	pair_make(SOCK_SEQPACKET, &e->index, &s.index);
	assert_int_equal(pipe2(watch, O_CLOEXEC | O_NONBLOCK), 0);
	e->watch = watch[1];
	e->pid = fork();
	assert_true(e->pid >= 0);
	if (!e->pid) {
		close(e->parent), close(e->net), close(e->index), close(e->watch);
		watched = watch[0];
		serve(&s, e->state_dir, full);
	}
	close(s.parent), close(s.net), close(s.index), close(watch[0]);
	settings_free(parsed);
}

static void grant_end(struct ends *e)
{
	close(e->parent), close(e->net), close(e->index), close(e->watch);
	role_kill(e->pid);
}

static void again(struct ends *e, const char *settings, bool full)
{
	grant_end(e);
	grant_begin(e, settings, full);
}

#define SETTINGS "Port 22 2222\n"

static int start(void **state)
{
	struct ends *e = calloc(1, sizeof *e);

	assert_non_null(e);
	assert_true(sodium_init() >= 0);
	played_make();
	wall = mmap(NULL, sizeof *wall, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_true(wall != MAP_FAILED);
	atomic_store(&wall->synchronised, 1);
	scratch_make(e->dir);
	scratch_write(scratch_path(e->dir, "replay"), "");
	e->state_dir = open(e->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	e->control = (struct sockaddr_un){ .sun_family = AF_UNIX };
	snprintf(e->control.sun_path, sizeof e->control.sun_path, "%s", scratch_path(e->dir, "control"));
	e->listening = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	assert_int_equal(bind(e->listening, (struct sockaddr *)&e->control, sizeof e->control), 0);
	assert_int_equal(listen(e->listening, 16), 0);
	grant_begin(e, SETTINGS, false);
	*state = e;
	return 0;
}

static int stop(void **state)
{
	struct ends *e = *state;

	grant_end(e);
	close(e->listening), close(e->state_dir);
	scratch_remove(e->dir);
	munmap(wall, sizeof *wall);
	played_free();
	free(e);
	return 0;
}

/* --- knocks --- */

/* The blob of the n-th key; what is in it nobody looks at here. */
static size_t key_blob(unsigned n, uint8_t out[16])
{
	memset(out, 0, 16);
	memcpy(out, &n, sizeof n);
	return 16;
}

static struct message_knock knock_of(struct ends *e, unsigned key)
{
	struct message_knock k = { .ts = now_ms(), .addr_type = 4, .source = anna };
	uint8_t blob[16];

	crypto_hash_sha256(k.key, blob, key_blob(key, blob));
	memcpy(k.id, &e->made, sizeof e->made);
	e->made++;
	k.question = (struct message_question){ .kind = NATIVE_PLAIN_KEY, .port = 22, .user_len = 4, .user = "anna" };
	k.question.from = anna;
	k.question.to = here;
	memcpy(k.question.keyid, k.key, sizeof k.key);
	return k;
}

static void knock_say(const struct ends *e, uint32_t id, const struct message_knock *k)
{
	say(e->net, MESSAGE_KNOCK, id, k, sizeof *k);
}

static struct message_answer good_answer(unsigned key)
{
	struct message_answer a = { .key_len = 16 };

	key_blob(key, a.key);
	return a;
}

static uint32_t question_hear(const struct ends *e, struct message_question *q)
{
	struct heard h = { 0 };

	assert_true(hear(e->index, PLAYED_WAIT_MS, &h));
	assert_int_equal(h.head.kind, MESSAGE_QUESTION);
	assert_int_equal(h.len, sizeof(struct message_question));
	if (q)
		memcpy(q, h.body.bytes, sizeof *q);
	return h.head.id;
}

static void answer_say(const struct ends *e, uint32_t id, const struct message_answer *a)
{
	say(e->index, MESSAGE_ANSWER, id, a, sizeof *a);
}

/* The next answer to net: STAGE_COUNT if there is none. */
static enum knock_stage knocked_hear(const struct ends *e, uint32_t *id)
{
	struct heard h = { 0 };

	if (!hear(e->net, PLAYED_WAIT_MS, &h))
		return STAGE_COUNT;
	assert_int_equal(h.head.kind, MESSAGE_KNOCKED);
	assert_int_equal(h.len, sizeof(struct message_knocked));
	if (id)
		*id = h.head.id;
	return h.body.bytes[0];
}

/* All the way, with index saying yes. */
static enum knock_stage knock_through(const struct ends *e, const struct message_knock *k, unsigned key)
{
	const struct message_answer a = good_answer(key);
	uint32_t id = 0;
	enum knock_stage stage;

	knock_say(e, 77, k);
	answer_say(e, question_hear(e, NULL), &a);
	stage = knocked_hear(e, &id);
	assert_int_equal(id, 77);
	return stage;
}

/* --- the way of a knock --- */

static void a_knock_is_asked_about_anew_and_then_opens(void **state)
{
	struct ends *e = *state;
	struct message_knock k = knock_of(e, 1);
	const struct message_answer a = good_answer(1);
	struct message_question q;
	uint32_t id;

	k.duration = 120;
	k.nports = 1;
	k.ports[0] = 2222;
	k.source = other;
	knock_say(e, 5, &k);
	id = question_hear(e, &q);
	assert_memory_equal(&q, &k.question, sizeof q);
	assert_int_equal(wall->n, 0);
	answer_say(e, id, &a);
	assert_int_equal(knocked_hear(e, &id), STAGE_ACCEPTED);
	assert_int_equal(id, 5);
	assert_int_equal(wall->n, 1);
	assert_memory_equal(&wall->v[0].address, &anna, sizeof anna);
	assert_int_equal(wall->v[0].port, 2222);
	assert_int_equal(wall->v[0].seconds, 120);
	assert_true(log_says("granted user=anna key=SHA256:"));
	assert_true(log_says(" addr=198.51.100.7 source=198.51.100.8 port=2222 for=120s via=native type=4\n"));
}

static void what_is_not_said_has_its_default_and_what_is_too_long_is_cut(void **state)
{
	static const struct {
		uint16_t duration;
		uint32_t seconds;
	} cases[] = { { 0, 40 }, { 1, 1 }, { 600, 600 }, { 601, 600 }, { 65535, 600 } };
	struct ends *e = *state;

	again(e, SETTINGS "GrantTime 40\nMaxGrantTime 600\n", false);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct message_knock k = knock_of(e, 1);

		k.duration = cases[i].duration;
		wall->n = 0;
		assert_int_equal(knock_through(e, &k, 1), STAGE_ACCEPTED);
		assert_int_equal(wall->n, 2);
		assert_int_equal(wall->v[0].port, 22);
		assert_int_equal(wall->v[1].port, 2222);
		assert_int_equal(wall->v[0].seconds, cases[i].seconds);
	}
}

/* What net must have looked at, had it not been taken over. */
static void net_is_not_believed(void **state)
{
	const struct {
		const char *name;
		enum knock_stage stage;
		int old_s;
		uint8_t addr_type, nports;
		uint16_t duration, port;
		struct message_address from, source;
	} cases[] = {
		{ "too old", STAGE_TIME, 302, 4, 0, 0, 0, anna, anna },
		{ "from the future", STAGE_TIME, -302, 4, 0, 0, 0, anna, anna },
		{ "of another family", STAGE_POLICY, 0, 6, 0, 0, 0, anna, anna },
		{ "no family", STAGE_POLICY, 0, 4, 0, 0, 0, { 0 }, anna },
		{ "this network", STAGE_POLICY, 0, 4, 0, 0, 0, { .family = 4, .bytes = { 0, 1 } }, anna },
		{ "loopback", STAGE_POLICY, 0, 4, 0, 0, 0, { .family = 4, .bytes = { 127, 0, 0, 1 } }, anna },
		{ "link-local", STAGE_POLICY, 0, 4, 0, 0, 0, { .family = 4, .bytes = { 169, 254, 1, 1 } }, anna },
		{ "multicast", STAGE_POLICY, 0, 4, 0, 0, 0, { .family = 4, .bytes = { 239, 1, 1, 1 } }, anna },
		{ "reserved", STAGE_POLICY, 0, 4, 0, 0, 0, { .family = 4, .bytes = { 250, 1, 1, 1 } }, anna },
		{ "more than four bytes",
		  STAGE_POLICY,
		  0,
		  4,
		  0,
		  0,
		  0,
		  { .family = 4, .bytes = { 9, 9, 9, 9, 1 } },
		  anna },
		{ "IPv4 in IPv6", STAGE_POLICY, 0, 6, 0, 0, 0, { .family = 6, .bytes = { [10] = 255, 255, 9 } }, anna },
		{ "where it was sent to", STAGE_POLICY, 0, 4, 0, 0, 0, here, anna },
		{ "one of ours", STAGE_POLICY, 0, 4, 0, 0, 0, own, anna },
		{ "a port that is not protected", STAGE_POLICY, 0, 4, 1, 0, 23, anna, anna },
		{ "port 0", STAGE_POLICY, 0, 4, 1, 0, 0, anna, anna },
		{ "the source is another", STAGE_POLICY, 0, 0, 0, 0, 0, anna, other },
		{ "the source, with a port", STAGE_POLICY, 0, 0, 1, 0, 22, anna, anna },
		{ "the source, with a duration", STAGE_POLICY, 0, 0, 0, 9, 0, anna, anna },
	};
	struct ends *e = *state;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct message_knock k = knock_of(e, 1);
		struct heard h = { 0 };

		k.ts -= (uint64_t)((int64_t)cases[i].old_s * 1000);
		k.addr_type = cases[i].addr_type;
		k.nports = cases[i].nports;
		k.ports[0] = cases[i].port;
		k.duration = cases[i].duration;
		k.question.from = cases[i].from;
		k.source = cases[i].source;
		knock_say(e, 3, &k);
		if (knocked_hear(e, NULL) != cases[i].stage || hear(e->index, 0, &h))
			fail_msg("%s", cases[i].name);
	}
	assert_int_equal(wall->n, 0);
	assert_true(log_says("refused user=anna key=SHA256:"));
}

static void the_source_opens_where_that_is_allowed(void **state)
{
	static const struct message_address mapped = { .family = 6, .bytes = { [10] = 0xff, 0xff, 198, 51, 100, 7 } };
	struct ends *e = *state;
	struct message_knock k = knock_of(e, 1);

	k.addr_type = 0;
	k.source = mapped;
	assert_int_equal(knock_through(e, &k, 1), STAGE_ACCEPTED);
	again(e, SETTINGS "PacketSource no\n", false);
	k = knock_of(e, 1);
	k.addr_type = 0;
	knock_say(e, 3, &k);
	assert_int_equal(knocked_hear(e, NULL), STAGE_POLICY);
}

static void index_has_the_last_word(void **state)
{
	struct ends *e = *state;

	for (enum knock_stage stage = STAGE_KEY; stage < STAGE_COUNT; stage++) {
		/* each with a key of its own, for the rates */
		const struct message_knock k = knock_of(e, stage);
		struct message_answer a = good_answer(stage);

		a.stage = (uint8_t)stage;
		memset(a.reason, 'x', sizeof a.reason); /* without an end */
		knock_say(e, 3, &k);
		answer_say(e, question_hear(e, NULL), &a);
		assert_int_equal(knocked_hear(e, NULL), stage);
	}
	assert_int_equal(wall->n, 0);
	assert_true(log_says("stage=revoked why=xxx"));
	assert_true(role_runs(e->pid));
}

static void the_key_that_signed_must_be_the_one_that_is_listed(void **state)
{
	struct ends *e = *state;
	const struct message_knock k = knock_of(e, 1);

	assert_int_equal(knock_through(e, &k, 2), STAGE_KEY);
	assert_int_equal(wall->n, 0);
}

static void a_knock_opens_once_whatever_becomes_of_the_role(void **state)
{
	struct ends *e = *state;
	const struct message_knock k = knock_of(e, 1);

	assert_int_equal(knock_through(e, &k, 1), STAGE_ACCEPTED);
	for (int i = 0; i < 3; i++) {
		knock_say(e, 4, &k);
		assert_int_equal(knocked_hear(e, NULL), STAGE_DUPLICATE);
		again(e, SETTINGS, false);
	}
	assert_int_equal(wall->n, 2);
	assert_false(log_says("duplicate"));
}

static void two_of_one_knock_at_once_open_once(void **state)
{
	struct ends *e = *state;
	const struct message_knock k = knock_of(e, 1);
	const struct message_answer a = good_answer(1);
	unsigned accepted = 0, duplicate = 0;
	uint32_t first, second;

	knock_say(e, 1, &k);
	knock_say(e, 2, &k);
	first = question_hear(e, NULL);
	second = question_hear(e, NULL);
	kill(e->pid, SIGSTOP);
	answer_say(e, second, &a);
	answer_say(e, first, &a);
	kill(e->pid, SIGCONT);
	for (int i = 0; i < 2; i++) {
		const enum knock_stage stage = knocked_hear(e, NULL);

		accepted += stage == STAGE_ACCEPTED;
		duplicate += stage == STAGE_DUPLICATE;
	}
	assert_int_equal(accepted, 1);
	assert_int_equal(duplicate, 1);
}

static void many_share_one_change_of_the_firewall(void **state)
{
	enum { N = 40 };
	struct ends *e = *state;
	uint32_t ids[N];

	for (unsigned i = 0; i < N; i++) {
		struct message_knock k = knock_of(e, i);

		k.question.from.bytes[3] = (uint8_t)(i + 1);
		knock_say(e, i, &k);
		ids[i] = question_hear(e, NULL);
	}
	kill(e->pid, SIGSTOP);
	for (unsigned i = N; i-- > 0;) {
		const struct message_answer a = good_answer(i);

		answer_say(e, ids[i], &a);
	}
	kill(e->pid, SIGCONT);
	for (unsigned i = 0; i < N; i++)
		assert_int_equal(knocked_hear(e, NULL), STAGE_ACCEPTED);
	assert_int_equal(wall->n, 2 * N);
	assert_int_equal(atomic_load(&wall->transactions), 1);
}

static void a_key_may_knock_so_often(void **state)
{
	struct ends *e = *state;

	for (int i = 0; i < RATES_BURST; i++) {
		const struct message_knock k = knock_of(e, 1);

		assert_int_equal(knock_through(e, &k, 1), STAGE_ACCEPTED);
	}
	for (int i = 0; i < 2; i++) {
		const struct message_knock k = knock_of(e, 1), l = knock_of(e, 2), m = knock_of(e, 1);

		knock_say(e, 3, &k);
		assert_int_equal(knocked_hear(e, NULL), STAGE_RATE);
		assert_int_equal(knock_through(e, &l, 2), STAGE_ACCEPTED);
		atomic_fetch_add(&played->later_ms, RATES_EVERY_MS);
		assert_int_equal(knock_through(e, &m, 1), STAGE_ACCEPTED);
	}
}

static void what_the_firewall_refuses_is_not_granted(void **state)
{
	struct ends *e = *state;
	const struct message_knock k = knock_of(e, 1);

	atomic_store(&wall->refuses, true);
	assert_int_equal(knock_through(e, &k, 1), STAGE_FIREWALL);
	assert_true(log_says("stage=firewall"));
	assert_false(log_says("granted"));
	/* it is in the record: the client knocks anew */
	atomic_store(&wall->refuses, false);
	knock_say(e, 3, &k);
	assert_int_equal(knocked_hear(e, NULL), STAGE_DUPLICATE);
}

/* --- the record --- */

static void nothing_opens_while_the_record_is_lost_and_the_clock_not_right(void **state)
{
	struct ends *e = *state;
	struct message_knock k = knock_of(e, 1);

	assert_int_equal(unlinkat(e->state_dir, "replay", 0), 0);
	atomic_store(&wall->synchronised, 0);
	again(e, SETTINGS, false);
	knock_say(e, 3, &k);
	assert_int_equal(knocked_hear(e, NULL), STAGE_STATE);
	assert_true(log_says("record-lost"));
	atomic_store(&wall->synchronised, FORBIDDEN);
	usleep(1500000); /* it looks once a second */
	assert_false(log_says("five minutes"));
	atomic_store(&wall->synchronised, 1);
	for (int i = 0; i < 300 && !log_says("five minutes"); i++)
		usleep(100000);
	assert_true(log_says("five minutes"));
	/* all that may have been granted before is closed */
	knock_say(e, 3, &k);
	assert_int_equal(knocked_hear(e, NULL), STAGE_FLOOR);
	k = knock_of(e, 1);
	k.ts += 299 * 1000;
	knock_say(e, 3, &k);
	assert_int_equal(knocked_hear(e, NULL), STAGE_FLOOR);
	assert_int_equal(wall->n, 0);
}

/* Whoever cannot grant does not look after the door, which the kernel then opens. */
static void the_door_is_attended_by_who_can_grant(void **state)
{
	struct ends *e = *state;

	atomic_store(&wall->synchronised, 0);
	again(e, SETTINGS "IfBroken open-after=1m\n", true);
	for (int i = 0; i < 600 && !log_says("unattended"); i++)
		usleep(100000);
	assert_true(log_says("the clock is not synchronised"));
	assert_int_equal(atomic_load(&wall->attended), 0);
	atomic_store(&wall->synchronised, 1);
	again(e, SETTINGS "IfBroken open-after=1m\n", true);
	for (int i = 0; i < 600 && !atomic_load(&wall->attended); i++)
		usleep(100000);
	assert_int_equal(atomic_load(&wall->attended), 1);
}

static void a_full_disk_takes_only_what_claims_its_address(void **state)
{
	struct ends *e = *state;
	struct message_knock k;

	again(e, SETTINGS, true);
	for (int i = 0; i < 2; i++) {
		k = knock_of(e, 1);
		k.addr_type = 0;
		assert_int_equal(knock_through(e, &k, 1), STAGE_STATE);
		k = knock_of(e, 1);
		assert_int_equal(knock_through(e, &k, 1), STAGE_ACCEPTED);
		knock_say(e, 3, &k);
		assert_int_equal(knocked_hear(e, NULL), STAGE_DUPLICATE);
	}
	assert_int_equal(wall->n, 4);
	assert_true(log_says("record-not-written"));
	/* what was in memory only is unknown to the next */
	again(e, SETTINGS, false);
	k = knock_of(e, 1);
	knock_say(e, 3, &k);
	assert_int_not_equal(knocked_hear(e, NULL), STAGE_ACCEPTED);
}

/* --- the table --- */

static void a_table_that_was_changed_is_restored_and_that_is_said(void **state)
{
	struct ends *e = *state;

	for (int i = 0; i < 1500 && !atomic_load(&wall->looks); i++)
		usleep(20000);
	atomic_store(&wall->was_changed, true);
	assert_int_equal(write(e->watch, "x", 1), 1);
	for (int i = 0; i < 1500 && !log_says("restored"); i++)
		usleep(20000);
	assert_true(log_says("table-restored found=the table was gone"));
	/* and now and then without being told */
	atomic_store(&wall->looks, 0);
	atomic_fetch_add(&played->later_ms, 10000);
	for (int i = 0; i < 1500 && !atomic_load(&wall->looks); i++)
		usleep(20000);
	assert_true(atomic_load(&wall->looks) > 0);
}

/* --- peers that never answer, or say what they may not --- */

static void a_thousand_knocks_at_once_are_bounded_and_time_out(void **state)
{
	struct ends *e = *state;
	unsigned asked = 0, unknown = 0;
	struct heard h = { 0 };

	for (unsigned i = 0; i < 1000; i++) {
		const struct message_knock k = knock_of(e, i);

		knock_say(e, i, &k);
		while (hear(e->index, i % 8 ? 0 : 5, &h))
			asked++;
		while (hear(e->net, 0, &h))
			unknown += h.body.bytes[0] == STAGE_UNKNOWN;
	}
	while (hear(e->index, PLAYED_QUIET_MS, &h))
		asked++;
	while (hear(e->net, PLAYED_QUIET_MS, &h))
		unknown += h.body.bytes[0] == STAGE_UNKNOWN;
	assert_int_equal(asked, GRANT_PENDING);
	assert_int_equal(unknown, 1000 - GRANT_PENDING);
	atomic_fetch_add(&played->later_ms, GRANT_WAIT_MS);
	while (unknown < 1000 && hear(e->net, PLAYED_WAIT_MS, &h))
		unknown += h.body.bytes[0] == STAGE_UNKNOWN;
	assert_int_equal(unknown, 1000);
	{
		const struct message_knock k = knock_of(e, 2000);

		assert_int_equal(knock_through(e, &k, 2000), STAGE_ACCEPTED);
	}
}

static void answers_find_their_knocks_in_any_order(void **state)
{
	enum { N = 30 };
	struct ends *e = *state;
	uint32_t ids[N], id;

	for (unsigned i = 0; i < N; i++) {
		const struct message_knock k = knock_of(e, i);

		knock_say(e, 100 + i, &k);
		ids[i] = question_hear(e, NULL);
	}
	for (unsigned i = 0; i < N; i++) {
		const unsigned at = i * 7 % N;
		const struct message_answer a = good_answer(at);

		answer_say(e, ids[at] + 256 * 3, &a); /* of another time */
		answer_say(e, ids[at], &a);
		answer_say(e, ids[at], &a);
		assert_int_equal(knocked_hear(e, &id), STAGE_ACCEPTED);
		assert_int_equal(id, 100 + at);
	}
	assert_true(role_runs(e->pid));
}

static void ends_for(struct ends *e, bool from_net, uint32_t kind, const void *body, size_t len)
{
	again(e, SETTINGS, false);
	say(from_net ? e->net : e->index, kind, 0, body, len);
	if (role_status(&e->pid) != 1)
		fail_msg("from %s, kind %u, %zu bytes", from_net ? "net" : "index", kind, len);
}

static void a_message_of_another_kind_or_size_ends_it(void **state)
{
	static const uint8_t zeros[PLAYED_MESSAGE];
	struct ends *e = *state;

	for (int from_net = 0; from_net < 2; from_net++)
		for (uint32_t kind = 0; kind <= MESSAGE_KIND_COUNT; kind++) {
			const size_t size = body_size(kind);
			const bool known =
				from_net ? kind == MESSAGE_KNOCK || kind == MESSAGE_COUNTS : kind == MESSAGE_ANSWER;

			if (!known)
				ends_for(e, from_net, kind, zeros, size);
			ends_for(e, from_net, kind, zeros, size + 1);
			if (size)
				ends_for(e, from_net, kind, zeros, size - 1);
		}
}

static void a_value_that_cannot_be_ends_it(void **state)
{
	struct ends *e = *state;
	struct message_answer a = { .stage = STAGE_COUNT };
	struct message_knock k;

	ends_for(e, false, MESSAGE_ANSWER, &a, sizeof a);
	a = (struct message_answer){ .key_len = MESSAGE_KEY_MAX + 1 };
	ends_for(e, false, MESSAGE_ANSWER, &a, sizeof a);
#define ENDS_WITH(change) (k = knock_of(e, 1), change, ends_for(e, true, MESSAGE_KNOCK, &k, sizeof k))
	ENDS_WITH(k.addr_type = 5);
	ENDS_WITH(k.nports = NATIVE_PORTS + 1);
	ENDS_WITH(k.question.user_len = 0);
	ENDS_WITH(k.question.user_len = 256);
	ENDS_WITH(k.question.user_len = 3);
	ENDS_WITH(k.question.user_len = 5);
	ENDS_WITH(memset(k.question.user, 'a', sizeof k.question.user));
	ENDS_WITH(k.question.cert_len = sizeof k.question.cert + 1);
	ENDS_WITH((k.question.cert_len = 65535, k.question.casig_len = 65535));
	assert_int_equal(wall->n, 0);
}

static void it_ends_in_good_order_when_a_peer_is_gone(void **state)
{
	struct ends *e = *state;

	for (int i = 0; i < 3; i++) {
		int *fds[] = { &e->parent, &e->net, &e->index };

		again(e, SETTINGS, false);
		close(*fds[i]);
		*fds[i] = -1;
		assert_int_equal(role_status(&e->pid), 0);
	}
}

/* --- the control socket --- */

/* Its use is root's; whoever runs the tests otherwise is shut out, which is a test too. */
static int control_of(const struct ends *e)
{
	struct control_entry *v = NULL;
	struct control_status s;
	int fd = -1;
	size_t n;

	assert_int_equal(control_open(e->control.sun_path, &fd), ERR_NONE);
	if (geteuid() == 0)
		return fd;
	assert_int_equal(control_who(fd, &v, &n, &s), ERR_CLOSED);
	close(fd);
	return -1;
}

static void who_tells_what_is_open_and_what_was_refused(void **state)
{
	struct ends *e = *state;
	struct message_counts counts = { .stage = { [STAGE_GATE] = 1000, [STAGE_OPEN] = 7 } };
	struct control_entry *v = NULL;
	struct control_status s;
	size_t n = 0;
	struct message_knock k = knock_of(e, 1);
	int fd = control_of(e);

	if (fd < 0)
		return;
	say(e->net, MESSAGE_COUNTS, 0, &counts, sizeof counts);
	say(e->net, MESSAGE_COUNTS, 0, &counts, sizeof counts);
	k.nports = 1;
	k.ports[0] = 22;
	assert_int_equal(knock_through(e, &k, 1), STAGE_ACCEPTED);
	knock_say(e, 3, &k);
	assert_int_equal(knocked_hear(e, NULL), STAGE_DUPLICATE);
	assert_int_equal(control_who(fd, &v, &n, &s), ERR_NONE);
	assert_int_equal(n, 1);
	assert_memory_equal(&v[0].address, &anna, sizeof anna);
	assert_int_equal(v[0].port, 22);
	assert_true(v[0].known && !v[0].by_hand);
	assert_in_range(v[0].seconds_left, 25, 30);
	assert_string_equal(v[0].user, "anna");
	assert_memory_equal(v[0].key, k.key, sizeof k.key);
	assert_true(s.granted == 1 && s.ended[STAGE_GATE] == 2000 && s.ended[STAGE_OPEN] == 14 &&
		    s.ended[STAGE_DUPLICATE] == 1);
	assert_true(s.replay_entries == 1 && !s.replay_lost && !s.memory_only && s.table_owned);
	free(v);
	atomic_fetch_add(&played->later_ms, 31000);
	v = NULL;
	assert_int_equal(control_who(fd, &v, &n, &s), ERR_NONE);
	assert_int_equal(n, 0);
	free(v);
	close(fd);
}

static void what_was_open_before_is_shown_without_a_name(void **state)
{
	struct ends *e = *state;
	struct control_entry *v = NULL;
	struct control_status s;
	size_t n = 0;
	int fd = control_of(e);

	if (fd < 0)
		return;
	close(fd);
	wall->v[wall->n++] = (struct firewall_grant){ .address = anna, .port = 22, .seconds = 50 };
	again(e, SETTINGS, false);
	fd = control_of(e);
	assert_int_equal(control_who(fd, &v, &n, &s), ERR_NONE);
	assert_int_equal(n, 1);
	assert_false(v[0].known);
	assert_in_range(v[0].seconds_left, 45, 50);
	free(v);
	close(fd);
}

static void more_than_fits_at_once_is_told_in_the_end(void **state)
{
	enum { N = 2000 };
	struct ends *e = *state;
	struct control_entry *v = NULL;
	struct control_status s;
	size_t n = 0;
	int fd = control_of(e);

	if (fd < 0)
		return;
	close(fd);
	for (unsigned i = 0; i < N; i++) {
		wall->v[wall->n] = (struct firewall_grant){ .address = anna, .port = 22, .seconds = 50 };
		memcpy(wall->v[wall->n++].address.bytes + 1, &i, 2);
	}
	again(e, SETTINGS, false);
	fd = control_of(e);
	assert_int_equal(control_who(fd, &v, &n, &s), ERR_NONE);
	assert_int_equal(n, N);
	free(v);
	close(fd);
}

static void by_hand_it_is_opened_and_shut(void **state)
{
	struct ends *e = *state;
	struct control_grant g = { .address = other, .seconds = 600, .comment = "the plumber" };
	struct control_close c = { .address = other };
	struct control_done d;
	struct message_knock k = knock_of(e, 1);
	int fd = control_of(e);

	if (fd < 0)
		return;
	assert_int_equal(control_grant(fd, &g, &d), ERR_NONE);
	assert_int_equal(d.error, ERR_NONE);
	assert_int_equal(d.changed, 2);
	assert_int_equal(wall->n, 2);
	assert_true(log_says("granted addr=198.51.100.8 for=600s via=hand by=the plumber"));
	assert_int_equal(knock_through(e, &k, 1), STAGE_ACCEPTED);
	assert_int_equal(control_revoke(fd, &c, &d), ERR_NONE);
	assert_int_equal(d.changed, 2);
	assert_int_equal(wall->n, 2);
	c = (struct control_close){ .by_key = 1 };
	memcpy(c.key, k.key, sizeof c.key);
	c.key[0] ^= 1;
	assert_int_equal(control_revoke(fd, &c, &d), ERR_NONE);
	assert_int_equal(d.changed, 0);
	c.key[0] ^= 1;
	assert_int_equal(control_revoke(fd, &c, &d), ERR_NONE);
	assert_int_equal(d.changed, 2);
	assert_int_equal(wall->n, 0);
	close(fd);
}

static void a_lost_record_is_begun_anew_when_somebody_says_so(void **state)
{
	struct ends *e = *state;
	struct message_knock k = knock_of(e, 1);
	const struct control_recover who = { .comment = "anna" };
	struct control_recover unended;
	struct control_done d;
	int fd;

	assert_int_equal(unlinkat(e->state_dir, "replay", 0), 0);
	atomic_store(&wall->synchronised, 0);
	again(e, SETTINGS, false);
	if ((fd = control_of(e)) < 0)
		return;
	memset(unended.comment, 'x', sizeof unended.comment);
	assert_int_equal(control_recover(fd, &unended, &d), ERR_NONE);
	assert_int_equal(d.error, ERR_RANGE);
	assert_int_equal(control_recover(fd, &who, &d), ERR_NONE);
	assert_int_equal(d.error, ERR_NONE);
	assert_int_equal(d.changed, 1);
	assert_true(log_says("five minutes from now are not taken by=anna"));
	knock_say(e, 3, &k);
	assert_int_equal(knocked_hear(e, NULL), STAGE_FLOOR);
	assert_int_equal(control_recover(fd, &who, &d), ERR_NONE);
	assert_int_equal(d.changed, 0);
	close(fd);
}

static void what_cannot_be_granted_by_hand_is_refused(void **state)
{
	const struct {
		struct control_grant g;
		enum err error;
	} cases[] = {
		{ { .address = other, .seconds = 0 }, ERR_RANGE },
		{ { .address = other, .seconds = 86401 }, ERR_RANGE },
		{ { .address = other, .seconds = 60, .port = 23 }, ERR_NOT_FOUND },
		{ { .seconds = 60 }, ERR_RANGE },
		{ { .address = { .family = 5 }, .seconds = 60 }, ERR_RANGE },
		{ { .address = { .family = 4, .bytes = { 127, 0, 0, 1 } }, .seconds = 60 }, ERR_RANGE },
	};
	struct ends *e = *state;
	struct control_grant unended = { .address = other, .seconds = 60 };
	const struct control_close nobody = { 0 };
	struct control_done d;
	int fd = control_of(e);

	if (fd < 0)
		return;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		assert_int_equal(control_grant(fd, &cases[i].g, &d), ERR_NONE);
		assert_int_equal(d.error, cases[i].error);
		assert_int_equal(d.changed, 0);
	}
	memset(unended.comment, 'x', sizeof unended.comment);
	assert_int_equal(control_grant(fd, &unended, &d), ERR_NONE);
	assert_int_equal(d.error, ERR_RANGE);
	assert_int_equal(control_revoke(fd, &nobody, &d), ERR_NONE);
	assert_int_equal(d.error, ERR_RANGE);
	assert_int_equal(wall->n, 0);
	assert_int_equal(played->log_len, 0);
	close(fd);
}

static void a_client_that_says_nonsense_costs_itself_alone(void **state)
{
	static const uint8_t zeros[PLAYED_MESSAGE];
	struct ends *e = *state;
	struct heard h = { 0 };
	int good = control_of(e);

	if (good < 0)
		return;
	for (uint32_t kind = 0; kind < 110; kind++)
		for (size_t len = 0; len < 300; len += 1 + len) {
			int bad;

			if ((kind == CONTROL_WHO && !len) ||
			    (kind == CONTROL_GRANT && len == sizeof(struct control_grant)) ||
			    (kind == CONTROL_CLOSE && len == sizeof(struct control_close)))
				continue;
			bad = control_of(e);
			say(bad, kind, 0, zeros, len);
			assert_false(hear(bad, PLAYED_WAIT_MS, &h));
			close(bad);
		}
	say(good, CONTROL_WHO, 9, NULL, 0);
	assert_true(hear(good, PLAYED_WAIT_MS, &h));
	assert_int_equal(h.head.kind, CONTROL_STATUS);
	assert_int_equal(h.head.id, 9);
	close(good);
}

static void no_more_than_so_many_clients_are_served(void **state)
{
	struct ends *e = *state;
	int fds[GRANT_CLIENTS + 3];
	struct heard h = { 0 };

	fds[0] = control_of(e);
	if (fds[0] < 0)
		return;
	for (size_t i = 1; i < ARRAY_SIZE(fds); i++)
		fds[i] = control_of(e);
	for (size_t i = 0; i < ARRAY_SIZE(fds); i++) {
		(void)!message_send(fds[i], CONTROL_WHO, 1, NULL, 0);
		assert_int_equal(hear(fds[i], PLAYED_WAIT_MS, &h), i < GRANT_CLIENTS);
	}
	for (size_t i = 0; i < ARRAY_SIZE(fds); i++)
		close(fds[i]);
	fds[0] = control_of(e);
	say(fds[0], CONTROL_WHO, 1, NULL, 0);
	assert_true(hear(fds[0], PLAYED_WAIT_MS, &h));
	close(fds[0]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define ROW(f) cmocka_unit_test_setup_teardown(f, start, stop)
		ROW(a_knock_is_asked_about_anew_and_then_opens),
		ROW(what_is_not_said_has_its_default_and_what_is_too_long_is_cut),
		ROW(net_is_not_believed),
		ROW(the_source_opens_where_that_is_allowed),
		ROW(index_has_the_last_word),
		ROW(the_key_that_signed_must_be_the_one_that_is_listed),
		ROW(a_knock_opens_once_whatever_becomes_of_the_role),
		ROW(two_of_one_knock_at_once_open_once),
		ROW(many_share_one_change_of_the_firewall),
		ROW(a_key_may_knock_so_often),
		ROW(what_the_firewall_refuses_is_not_granted),
		ROW(nothing_opens_while_the_record_is_lost_and_the_clock_not_right),
		ROW(the_door_is_attended_by_who_can_grant),
		ROW(a_full_disk_takes_only_what_claims_its_address),
		ROW(a_table_that_was_changed_is_restored_and_that_is_said),
		ROW(a_thousand_knocks_at_once_are_bounded_and_time_out),
		ROW(answers_find_their_knocks_in_any_order),
		ROW(a_message_of_another_kind_or_size_ends_it),
		ROW(a_value_that_cannot_be_ends_it),
		ROW(it_ends_in_good_order_when_a_peer_is_gone),
		ROW(who_tells_what_is_open_and_what_was_refused),
		ROW(what_was_open_before_is_shown_without_a_name),
		ROW(more_than_fits_at_once_is_told_in_the_end),
		ROW(by_hand_it_is_opened_and_shut),
		ROW(a_lost_record_is_begun_anew_when_somebody_says_so),
		ROW(what_cannot_be_granted_by_hand_is_refused),
		ROW(a_client_that_says_nonsense_costs_itself_alone),
		ROW(no_more_than_so_many_clients_are_served),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
