/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_index.c - the index goes on whatever an account's files do, and ends when a peer says what it may not; the lookup is played. */
#include "gate/index_job.h"
#include "gate/index_rate.h"
#include "gate/index_serve.h"

#include "base/clock.h"
#include "base/macros.h"

#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <sodium.h>

#include "base/banned.h"

/* --- the lookup: what an account is called says how it behaves --- */

static struct command_memory *memory;

/* Shared by all processes of the test. */
static struct seen {
	atomic_uint answers, commands, refreshed, learned;
} * seen;

static const uint8_t blob[] = "the blob of a key";

bool lookup_fits(const struct message_question *q)
{
	return q->user_len > 0;
}

enum err lookup_learn(struct lookup *l, const uint8_t keyid[NATIVE_KEY_ID])
{
	atomic_fetch_add(&seen->learned, 1);
	return ERR_NONE;
}

static void answer_accept(struct message_answer *out)
{
	*out = (struct message_answer){ .key_len = sizeof blob };
	memcpy(out->key, blob, sizeof blob);
}

/* As the one that reads AuthorizedKeysCommand: run where it is not remembered. */
static void play_command(struct message_answer *out)
{
	const char *output;
	size_t len;

	if (command_memory_find(memory, "asked", clock_boot_ms(), &output, &len)) {
		answer_accept(out);
	} else if (command_memory_start(memory)) {
		atomic_fetch_add(&seen->commands, 1);
		if (command_memory_keep(memory, "asked", "line", 4, clock_boot_ms()))
			abort();
		answer_accept(out);
	}
}

/* Counts, keeps nothing. */
static void play_run(struct message_answer *out)
{
	if (command_memory_start(memory)) {
		atomic_fetch_add(&seen->commands, 1);
		answer_accept(out);
	}
}

static bool commands_are_set;

bool lookup_has_commands(const struct lookup *l)
{
	return commands_are_set;
}

void lookup_answer_commands(struct lookup *l, const struct message_question *q, time_t now, struct message_answer *out)
{
	if (!strncmp((const char *)q->user, "run", 3))
		play_run(out);
	else
		play_command(out);
}

bool lookup_answer_files(struct lookup *l, const struct message_question *q, time_t now, struct message_answer *out)
{
	const char *user = (const char *)q->user;

	atomic_fetch_add(&seen->answers, 1);
	index_unknown(out, "played");
	if (!strncmp(user, "anna", 4)) {
		answer_accept(out);
	} else if (!strncmp(user, "slow", 4)) {
		/* SIGTERM does not help with a dead mount */
		signal(SIGTERM, SIG_IGN);
		for (;;)
			pause();
	} else if (!strcmp(user, "brief")) {
		usleep(300000);
		answer_accept(out);
	} else if (!strcmp(user, "dies")) {
		raise(SIGKILL);
	} else if (!strcmp(user, "lies")) {
		answer_accept(out);
		out->key[0] ^= 1;
	}
	return !strcmp(user, "command") || !strncmp(user, "run", 3);
}

static void refreshed(void *context)
{
	atomic_fetch_add(&seen->refreshed, 1);
}

/* --- the index, in a process of its own --- */

struct ends {
	pid_t pid;
	int parent, net, grant;
};

static void pair(int type, int *ours, int *theirs)
{
	int fds[2];

	assert_int_equal(socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, fds), 0);
	*ours = fds[0];
	*theirs = fds[1];
}

static int index_begin(void **state)
{
	struct ends *e = calloc(1, sizeof *e);
	struct index_setup s = { .refresh = refreshed };

	assert_non_null(e);
	seen = mmap(NULL, sizeof *seen, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_true(seen != MAP_FAILED);
	assert_int_equal(command_memory_new(&memory), ERR_NONE);
	s.memory = memory;
	pair(SOCK_STREAM, &e->parent, &s.parent);
	pair(SOCK_SEQPACKET, &e->net, &s.net);
	pair(SOCK_SEQPACKET, &e->grant, &s.grant);
	e->pid = fork();
	assert_true(e->pid >= 0);
	if (!e->pid) {
		close(e->parent);
		close(e->net);
		close(e->grant);
		_exit(index_serve(&s));
	}
	close(s.parent);
	close(s.net);
	close(s.grant);
	*state = e;
	return 0;
}

/* Files and commands are asked in two processes then. */
static int index_begin_with_commands(void **state)
{
	commands_are_set = true;
	return index_begin(state);
}

static int index_end(void **state)
{
	struct ends *e = *state;

	close(e->parent);
	close(e->net);
	close(e->grant);
	if (e->pid > 0) {
		kill(e->pid, SIGKILL);
		waitpid(e->pid, NULL, 0);
	}
	command_memory_free(memory);
	munmap(seen, sizeof *seen);
	free(e);
	commands_are_set = false;
	return 0;
}

/* Its exit status; it must end by itself within a second. */
static int index_status(struct ends *e)
{
	int status = 0;

	for (unsigned i = 0; i < 100; i++) {
		if (waitpid(e->pid, &status, WNOHANG) == e->pid) {
			e->pid = -1;
			assert_true(WIFEXITED(status));
			return WEXITSTATUS(status);
		}
		usleep(10000);
	}
	fail_msg("it goes on");
	return -1;
}

static struct message_question question(const char *user)
{
	struct message_question q = { .kind = NATIVE_PLAIN_KEY, .port = 22, .user_len = (uint16_t)strlen(user) };

	snprintf((char *)q.user, sizeof q.user, "%s", user);
	crypto_hash_sha256(q.keyid, blob, sizeof blob);
	return q;
}

static void ask(int fd, uint32_t id, const char *user)
{
	const struct message_question q = question(user);

	assert_int_equal(message_send(fd, MESSAGE_QUESTION, id, &q, sizeof q), ERR_NONE);
}

static struct {
	bool there;
	uint32_t id;
	struct message_answer answer;
} heard;

static enum err hear(void *role, int fd, uint32_t id, const void *body)
{
	heard.there = true;
	heard.id = id;
	memcpy(&heard.answer, body, sizeof heard.answer);
	return ERR_NONE;
}

/* The next answer within the time: its id; 0 if there is none. */
/* ms: on a machine that does nothing else; others have more time. */
static uint32_t answer(int fd, int ms, enum knock_stage *stage)
{
	static const struct message_row rows[] = { { MESSAGE_ANSWER, sizeof(struct message_answer), hear }, { 0 } };
	struct pollfd p = { .fd = fd, .events = POLLIN };

	heard.there = false;
	if (poll(&p, 1, 5 * ms) == 1)
		assert_int_equal(message_receive(fd, rows, NULL, 1), ERR_NONE);
	if (!heard.there)
		return 0;
	if (stage)
		*stage = heard.answer.stage;
	return heard.id;
}

static void answer_is(int fd, int ms, uint32_t id, enum knock_stage stage)
{
	enum knock_stage got = STAGE_COUNT;

	assert_int_equal(answer(fd, ms, &got), id);
	assert_int_equal(got, stage);
}

static void wait_for_answers(unsigned n)
{
	for (unsigned i = 0; i < 2000 && atomic_load(&seen->answers) < n; i++)
		usleep(10000);
	assert_int_equal(atomic_load(&seen->answers), n);
}

/* --- questions --- */

static void questions_of_both_are_answered_where_they_came_from(void **state)
{
	const struct ends *e = *state;

	ask(e->net, 7, "anna");
	answer_is(e->net, 2000, 7, STAGE_ACCEPTED);
	assert_int_equal(heard.answer.key_len, sizeof blob);
	assert_memory_equal(heard.answer.key, blob, sizeof blob);
	ask(e->grant, 8, "anna");
	answer_is(e->grant, 2000, 8, STAGE_ACCEPTED);
	ask(e->net, 9, "nobody");
	answer_is(e->net, 2000, 9, STAGE_UNKNOWN);
	assert_int_equal(answer(e->net, 50, NULL), 0);
	assert_int_equal(answer(e->grant, 50, NULL), 0);
	assert_int_equal(atomic_load(&seen->refreshed), 3);
	assert_int_equal(atomic_load(&seen->learned), 2);
}

static void a_child_that_dies_or_lies_is_not_believed(void **state)
{
	const struct ends *e = *state;

	ask(e->net, 1, "dies");
	answer_is(e->net, 2000, 1, STAGE_UNKNOWN);
	assert_int_equal(heard.answer.key_len, 0);
	ask(e->net, 2, "lies");
	answer_is(e->net, 2000, 2, STAGE_UNKNOWN);
	assert_int_equal(heard.answer.key_len, 0);
	assert_int_equal(atomic_load(&seen->learned), 0);
	ask(e->net, 3, "anna");
	answer_is(e->net, 2000, 3, STAGE_ACCEPTED);
}

/* Some seconds: the time that a home may take. */
static void who_hangs_keeps_nobody_else_waiting(void **state)
{
	const struct ends *e = *state;
	const uint64_t start = clock_boot_ms();

	ask(e->net, 1, "slow");
	ask(e->net, 2, "slow");
	wait_for_answers(2);
	/* others have their turn at once */
	ask(e->net, 3, "anna");
	answer_is(e->net, 2000, 3, STAGE_ACCEPTED);
	/* a third question about it waits, and is sent away once it is clear that the account is slow */
	ask(e->grant, 4, "slow");
	answer_is(e->grant, 2500, 4, STAGE_UNKNOWN);
	ask(e->grant, 5, "slow");
	answer_is(e->grant, 500, 5, STAGE_UNKNOWN);
	answer_is(e->net, 6000, 1, STAGE_UNKNOWN);
	answer_is(e->net, 1000, 2, STAGE_UNKNOWN);
	assert_true(clock_boot_ms() - start >= INDEX_JOB_MS - 100);
	/* from now on one question at a time finds out whether it still hangs */
	usleep(200000);
	ask(e->net, 6, "slow");
	wait_for_answers(4);
	ask(e->net, 7, "slow");
	answer_is(e->net, 500, 7, STAGE_UNKNOWN);
	ask(e->net, 8, "anna");
	answer_is(e->net, 2000, 8, STAGE_ACCEPTED);
	assert_int_equal(atomic_load(&seen->answers), 5);
}

/* 12 of net's may run: with all of them hanging grant is still served, and then everybody again. */
static void hanging_accounts_leave_room_for_grant(void **state)
{
	const struct ends *e = *state;
	enum knock_stage stage;
	char user[16];

	for (unsigned i = 0; i < INDEX_RUNNING_OF_NET; i++) {
		snprintf(user, sizeof user, "slow%u", i);
		ask(e->net, 100 + i, user);
	}
	wait_for_answers(INDEX_RUNNING_OF_NET);
	ask(e->net, 1, "anna");
	ask(e->grant, 2, "anna");
	answer_is(e->grant, 2000, 2, STAGE_ACCEPTED);
	for (unsigned i = 0; i < INDEX_RUNNING_OF_NET; i++) {
		assert_in_range(answer(e->net, 7000, &stage), 100, 100 + INDEX_RUNNING_OF_NET - 1);
		assert_int_equal(stage, STAGE_UNKNOWN);
	}
	/* it waited for as long as a question may: answered or not, it is not forgotten */
	assert_int_equal(answer(e->net, 2000, &stage), 1);
	ask(e->net, 3, "anna");
	answer_is(e->net, 2000, 3, STAGE_ACCEPTED);
}

/* Brief ones of one account take turns of two. */
static void an_account_has_two_at_a_time(void **state)
{
	const struct ends *e = *state;
	const uint64_t start = clock_boot_ms();

	for (uint32_t id = 1; id <= 6; id++)
		ask(e->net, id, "brief");
	for (uint32_t id = 1; id <= 6; id++) {
		enum knock_stage stage;
		assert_int_not_equal(answer(e->net, 3000, &stage), 0);
		assert_int_equal(stage, STAGE_ACCEPTED);
	}
	assert_true(clock_boot_ms() - start >= 900);
}

static void a_queue_that_is_full_refuses_at_once(void **state)
{
	const struct ends *e = *state;
	enum { MANY = INDEX_QUEUE + 20 };
	unsigned refused = 0, accepted = 0;
	enum knock_stage stage;

	for (uint32_t id = 1; id <= MANY; id++)
		ask(e->net, id, "brief");
	for (uint32_t id = 1; id <= MANY; id++) {
		assert_int_not_equal(answer(e->net, 8000, &stage), 0);
		refused += stage == STAGE_UNKNOWN;
		accepted += stage == STAGE_ACCEPTED;
	}
	/* 300 ms each, two at a time, for as long as a question may wait */
	assert_int_equal(refused + accepted, MANY);
	assert_true(accepted >= 2);
	assert_true(refused >= 10);
	ask(e->net, 1000, "anna");
	answer_is(e->net, 2000, 1000, STAGE_ACCEPTED);
}

/* --- commands --- */

static void what_a_command_said_is_known_to_the_next_question(void **state)
{
	const struct ends *e = *state;

	for (uint32_t id = 1; id <= 5; id++) {
		ask(id % 2 ? e->net : e->grant, id, "command");
		answer_is(id % 2 ? e->net : e->grant, 2000, id, STAGE_ACCEPTED);
	}
	assert_int_equal(atomic_load(&seen->commands), 1);
}

static void commands_are_run_only_so_often(void **state)
{
	const struct ends *e = *state;
	const uint64_t began = clock_boot_ms();
	unsigned accepted = 0;
	enum knock_stage stage = STAGE_COUNT;
	char user[16];

	for (uint32_t id = 1; id <= 10; id++) {
		ask(e->net, id, "run");
		assert_int_equal(answer(e->net, 2000, &stage), id);
		accepted += stage == STAGE_ACCEPTED;
	}
	assert_in_range(accepted, 3, 4 + (clock_boot_ms() - began) / 1000);
	/* somebody else has a share of their own, until that of all is used up */
	for (uint32_t id = 1; id <= 40; id++) {
		snprintf(user, sizeof user, "run%u", id);
		ask(e->net, id, user);
		assert_int_equal(answer(e->net, 2000, &stage), id);
		accepted += stage == STAGE_ACCEPTED;
	}
	assert_in_range(accepted, 20, 21 + 20 * (clock_boot_ms() - began) / 1000);
	/* who runs none is not concerned */
	ask(e->net, 99, "anna");
	answer_is(e->net, 2000, 99, STAGE_ACCEPTED);
}

/* --- the end --- */

static void the_index_ends_with_any_of_its_peers(void **state)
{
	struct ends *e = *state;

	ask(e->net, 1, "slow");
	wait_for_answers(1);
	close(e->grant);
	e->grant = -1;
	assert_int_equal(index_status(e), 0);
}

static void the_index_ends_with_its_parent(void **state)
{
	struct ends *e = *state;

	close(e->parent);
	e->parent = -1;
	assert_int_equal(index_status(e), 0);
}

/* A child that hung is gone with it, too. */
static void children_do_not_outlive_the_index(void **state)
{
	struct ends *e = *state;
	char byte;

	ask(e->net, 1, "slow");
	wait_for_answers(1);
	kill(e->pid, SIGKILL);
	waitpid(e->pid, NULL, 0);
	e->pid = -1;
	/* nobody has the other end any more */
	assert_int_equal(recv(e->grant, &byte, 1, 0), 0);
	assert_int_equal(recv(e->parent, &byte, 1, 0), 0);
}

static void what_may_not_be_said_ends_it(void **state)
{
	static const struct {
		uint32_t kind;
		size_t size;
		uint16_t user_len;
	} rows[] = {
		{ MESSAGE_ANSWER, sizeof(struct message_answer), 4 },
		{ MESSAGE_QUESTION, sizeof(struct message_question) - 1, 4 },
		{ MESSAGE_QUESTION, sizeof(struct message_question) + 1, 4 },
		{ MESSAGE_QUESTION, 0, 4 },
		{ 0, sizeof(struct message_question), 4 },
		{ MESSAGE_KIND_COUNT, sizeof(struct message_question), 4 },
		{ MESSAGE_QUESTION, sizeof(struct message_question), 0 }, /* one that does not fit */
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		for (unsigned grant = 0; grant < 2; grant++) {
			struct ends *e;
			void *own = NULL;
			uint8_t body[sizeof(struct message_question) + 1] = { 0 };
			struct message_question q = question("anna");
			q.user_len = rows[i].user_len;
			memcpy(body, &q, sizeof q);
			index_begin(&own);
			e = own;
			assert_int_equal(message_send(grant ? e->grant : e->net, rows[i].kind, 1, body, rows[i].size),
					 ERR_NONE);
			assert_int_equal(index_status(e), 1);
			assert_int_equal(atomic_load(&seen->answers), 0);
			index_end(&own);
		}
}

/* --- reports and rates --- */

static void only_whole_and_true_reports_are_taken(void **state)
{
	const struct message_question q = question("anna");
	struct message_question of_certificate = q;
	struct index_report good = { .ran = 1 };
	struct message_answer out;
	uint8_t bytes[sizeof good + 13];
	bool ran = false;

	of_certificate.kind = NATIVE_CERTIFICATE;
	assert_int_equal(command_memory_new(&memory), ERR_NONE);
	answer_accept(&good.answer);
	good.news = 13;
	memcpy(bytes, &good, sizeof good);
	memcpy(bytes + sizeof good, "\0\0\0\1a\0\0\0\4line", 13);
	assert_int_equal(index_report_parse(bytes, sizeof bytes, &q, memory, 1, &out, &ran), ERR_NONE);
	assert_true(ran);
	assert_int_equal(out.stage, STAGE_ACCEPTED);
	for (size_t len = 0; len < sizeof bytes; len++) {
		assert_int_equal(index_report_parse(bytes, len, &q, memory, 1, &out, &ran), ERR_SYNTAX);
		assert_int_equal(out.stage, STAGE_UNKNOWN);
		assert_int_equal(out.key_len, 0);
	}
	for (unsigned row = 0; row < 11; row++) {
		struct index_report bad = good;
		bad.news = 0;
		switch (row) {
		case 0: bad.answer.stage = STAGE_COUNT; break;
		case 1: bad.answer.wants = 4; break;
		case 2: bad.answer.slow = 2; break;
		case 3: bad.answer.reserved = 1; break;
		case 4: bad.answer.reserved2 = 1; break;
		case 5: bad.answer.key_len = MESSAGE_KEY_MAX + 1; break;
		case 6: bad.answer.key_len--; break;
		case 7: bad.answer.key[MESSAGE_KEY_MAX - 1] = 1; break;
		case 8: memset(bad.answer.reason, 'x', sizeof bad.answer.reason); break;
		case 9: bad.answer.reason[0] = '\n'; break;
		default: bad.answer.key_len = 0; break;
		}
		if (index_report_parse(&bad, sizeof bad, &q, memory, 1, &out, &ran) != ERR_SYNTAX)
			fail_msg("row %u", row);
		assert_int_equal(out.stage, STAGE_UNKNOWN);
	}
	/* which CA a certificate's key is of cannot be seen in the answer */
	good.news = 0;
	good.answer.key[0] ^= 1;
	assert_int_equal(index_report_parse(&good, sizeof good, &q, memory, 1, &out, &ran), ERR_SYNTAX);
	assert_int_equal(index_report_parse(&good, sizeof good, &of_certificate, memory, 1, &out, &ran), ERR_NONE);
	command_memory_free(memory);
	memory = NULL;
}

static void names_of_strangers_wash_nothing_away(void **state)
{
	struct index_rate *r = calloc(1, sizeof *r);
	char name[16];

	assert_non_null(r);
	index_rate_hung(r, "slow", 1000);
	for (unsigned i = 0; i < 3; i++)
		assert_true(index_rate_take(r, "busy", 1000));
	assert_false(index_rate_take(r, "busy", 1000));
	for (unsigned i = 0; i < 3 * INDEX_RATE_ACCOUNTS; i++) {
		snprintf(name, sizeof name, "x%u", i);
		if (index_rate_take(r, name, 1000))
			index_rate_give_back(r, name);
	}
	assert_true(index_rate_hangs(r, "slow", 1000));
	assert_false(index_rate_take(r, "busy", 1999));
	assert_true(index_rate_take(r, "busy", 2000));
	assert_false(index_rate_hangs(r, "slow", 1000 + INDEX_HANG_MS));
	index_rate_hung(r, "slow", 3000);
	index_rate_fine(r, "slow");
	assert_false(index_rate_hangs(r, "slow", 3000));
	/* a clock that goes back gives nothing */
	assert_false(index_rate_take(r, "busy", 0));
	free(r);
}

#define SERVED(test) cmocka_unit_test_setup_teardown(test, index_begin, index_end)
#define SERVED_IN_TWO(test) \
	{ \
#test "_in_two", test, index_begin_with_commands, index_end, NULL \
	}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SERVED(questions_of_both_are_answered_where_they_came_from),
		SERVED(a_child_that_dies_or_lies_is_not_believed),
		SERVED(who_hangs_keeps_nobody_else_waiting),
		SERVED(hanging_accounts_leave_room_for_grant),
		SERVED(an_account_has_two_at_a_time),
		SERVED(a_queue_that_is_full_refuses_at_once),
		SERVED_IN_TWO(questions_of_both_are_answered_where_they_came_from),
		SERVED_IN_TWO(a_child_that_dies_or_lies_is_not_believed),
		SERVED_IN_TWO(who_hangs_keeps_nobody_else_waiting),
		SERVED_IN_TWO(what_a_command_said_is_known_to_the_next_question),
		SERVED_IN_TWO(commands_are_run_only_so_often),
		SERVED(the_index_ends_with_any_of_its_peers),
		SERVED(the_index_ends_with_its_parent),
		SERVED(children_do_not_outlive_the_index),
		SERVED_IN_TWO(children_do_not_outlive_the_index),
		cmocka_unit_test(what_may_not_be_said_ends_it),
		cmocka_unit_test(only_whole_and_true_reports_are_taken),
		cmocka_unit_test(names_of_strangers_wash_nothing_away),
	};

	if (sodium_init() < 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
