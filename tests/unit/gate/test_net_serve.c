/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_net_serve.c - what strangers send ends at the right step, and net ends when a peer says what it may not. */
#include "gate/role_played.h"

#include "base/macros.h"
#include "gate/capture.h"
#include "gate/net_serve.h"

#include <sodium.h>

#include "base/banned.h"

/* --- packets: from, to and the payload as one message of a pair --- */

struct packet_head {
	struct message_address from, to;
};

enum err capture_next(int fd, uint8_t buffer[CAPTURE_BUFFER], struct capture_packet *out)
{
	struct packet_head head;
	struct iovec parts[] = { { &head, sizeof head }, { buffer, CAPTURE_BUFFER } };
	struct msghdr m = { .msg_iov = parts, .msg_iovlen = 2 };
	ssize_t n = recvmsg(fd, &m, MSG_DONTWAIT);

	if (n < 0)
		return errno == EAGAIN ? ERR_NOT_FOUND : ERR_SYSTEM;
	if (n < (ssize_t)sizeof head)
		return ERR_SYNTAX;
	*out = (struct capture_packet){
		.from = head.from, .to = head.to, .payload = buffer, .len = (size_t)n - sizeof head
	};
	return ERR_NONE;
}

/* --- net, in a process of its own --- */

struct ends {
	pid_t pid;
	int parent, keeper, index, grant, packets;
	uint64_t counted[STAGE_COUNT];
	uint8_t host[NATIVE_HOST_KEY], gate[2][NATIVE_GATE_KEY];
	uint8_t pk[32], sk[64], blob[51];
	unsigned sent; /* knocks that were made: each has another enc */
};

static const struct message_address anna = { .family = 4, .bytes = { 198, 51, 100, 7 } };
static const struct message_address other = { .family = 4, .bytes = { 198, 51, 100, 8 } };
static const struct message_address here = { .family = 4, .bytes = { 192, 0, 2, 1 } };

static struct message_slots slots_of(const struct ends *e)
{
	struct message_slots s = { .n = 2, .hosts = 1 };

	memcpy(s.host[0], e->host, sizeof e->host);
	for (int i = 0; i < 2; i++) {
		memcpy(s.slot[i].key, e->gate[i], sizeof e->gate[i]);
		s.slot[i].secret = (uint8_t)i;
	}
	return s;
}

static void keys_make(struct ends *e)
{
	static const uint8_t head[] = {
		0, 0, 0, 11, 's', 's', 'h', '-', 'e', 'd', '2', '5', '5', '1', '9', 0, 0, 0, 32
	};

	randombytes_buf(e->host, sizeof e->host);
	randombytes_buf(e->gate, sizeof e->gate);
	crypto_sign_keypair(e->pk, e->sk);
	memcpy(e->blob, head, sizeof head);
	memcpy(e->blob + sizeof head, e->pk, sizeof e->pk);
}

static void net_begin(struct ends *e, const char *settings)
{
	struct settings *parsed = settings_make(settings);
	struct net_setup s = { .settings = parsed };
	const struct message_slots slots = slots_of(e);
	struct heard h = { 0 };

	pair_make(SOCK_STREAM, &e->parent, &s.parent);
	pair_make(SOCK_SEQPACKET, &e->keeper, &s.keeper);
	pair_make(SOCK_SEQPACKET, &e->index, &s.index);
	pair_make(SOCK_SEQPACKET, &e->grant, &s.grant);
	pair_make(SOCK_SEQPACKET, &e->packets, &s.packets);
	e->pid = fork();
	assert_true(e->pid >= 0);
	if (!e->pid) {
		int status;

		close(e->parent), close(e->keeper), close(e->index), close(e->grant), close(e->packets);
		status = net_serve(&s);
		settings_free(parsed);
		_exit(status);
	}
	close(s.parent), close(s.keeper), close(s.index), close(s.grant), close(s.packets);
	settings_free(parsed);
	assert_true(hear(e->keeper, PLAYED_WAIT_MS, &h));
	assert_int_equal(h.head.kind, MESSAGE_SLOTS_WANTED);
	say(e->keeper, MESSAGE_SLOTS, h.head.id, &slots, sizeof slots);
}

static void net_end(struct ends *e)
{
	close(e->parent), close(e->keeper), close(e->index), close(e->grant), close(e->packets);
	role_kill(e->pid);
}

static int start(void **state)
{
	struct ends *e = calloc(1, sizeof *e);

	assert_non_null(e);
	assert_true(sodium_init() >= 0);
	played_make();
	keys_make(e);
	net_begin(e, "Port 22 2222\nCpuShare 100\n");
	*state = e;
	return 0;
}

static int stop(void **state)
{
	net_end(*state);
	free(*state);
	played_free();
	return 0;
}

/* --- what the peers hear --- */

/* The next message to keeper that is not about slots. */
static bool hear_keeper(const struct ends *e, int ms, struct heard *h)
{
	while (hear(e->keeper, ms, h))
		if (h->head.kind != MESSAGE_SLOTS_WANTED)
			return true;
	return false;
}

static bool hear_grant(struct ends *e, int ms, struct heard *h)
{
	while (hear(e->grant, ms, h)) {
		struct message_counts c;

		if (h->head.kind != MESSAGE_COUNTS)
			return true;
		memcpy(&c, h->body.bytes, sizeof c);
		for (int i = 0; i < STAGE_COUNT; i++)
			e->counted[i] += c.stage[i];
	}
	return false;
}

/* How many ended at this stage until now. They are told once a second. */
static uint64_t count_of(struct ends *e, enum knock_stage stage, uint64_t wanted)
{
	struct heard h = { 0 };

	for (int i = 0; i < 30 && e->counted[stage] < wanted; i++)
		assert_false(hear_grant(e, 100, &h));
	return e->counted[stage];
}

/* --- knocks --- */

struct knock {
	uint8_t datagram[NATIVE_DATAGRAM], plain[NATIVE_PLAIN];
	struct native_knock fields;
};

static uint64_t now_ms(void)
{
	return (uint64_t)time(NULL) * 1000;
}

static void string_add(struct text *t, const void *bytes, size_t len)
{
	const uint8_t size[4] = { 0, 0, (uint8_t)(len >> 8), (uint8_t)len };

	text_add_bytes(t, size, sizeof size);
	text_add_bytes(t, bytes, len);
}

/* Signs k->fields and puts the right tag before it; the seal is keeper's, so there is none. */
static void knock_make(struct ends *e, unsigned slot, struct knock *k)
{
	uint8_t *enc = k->datagram + 8, made[crypto_sign_BYTES];
	struct text message = { 0 }, tbs = { 0 }, sig = { 0 };
	size_t len;

	memset(enc, 0, 32);
	memcpy(enc, &e->sent, sizeof e->sent);
	e->sent++;
	native_gate_tag(e->gate[slot], enc, k->datagram);
	assert_int_equal(native_write(&k->fields, k->plain, &len), ERR_NONE);
	native_message(e->host, enc, k->plain, len, &message);
	native_to_be_signed(&message, &tbs);
	crypto_sign_detached(made, NULL, (const uint8_t *)tbs.s, tbs.len, e->sk);
	string_add(&sig, "ssh-ed25519", 11);
	string_add(&sig, made, sizeof made);
	assert_int_equal(native_write_signature(k->plain, len, (const uint8_t *)sig.s, sig.len), ERR_NONE);
	text_free(&message);
	text_free(&tbs);
	text_free(&sig);
}

static struct knock good_knock(struct ends *e)
{
	struct knock k = { .fields = { .kind = NATIVE_PLAIN_KEY, .addr_type = 4, .duration = 60, .ts = now_ms() } };

	memcpy(k.fields.addr, anna.bytes, 4);
	memcpy(k.fields.user, "anna", 5);
	crypto_hash_sha256(k.fields.keyid, e->blob, sizeof e->blob);
	k.fields.ports[k.fields.nports++] = 2222;
	knock_make(e, 0, &k);
	return k;
}

static void packet_send(const struct ends *e, const struct message_address *from, const void *payload, size_t len)
{
	struct packet_head head = { .from = *from, .to = here };
	struct iovec parts[] = { { &head, sizeof head }, { (void *)payload, len } };
	const struct msghdr m = { .msg_iov = parts, .msg_iovlen = 2 };

	assert_int_equal(sendmsg(e->packets, &m, 0), sizeof head + len);
}

static void knock_send(const struct ends *e, const struct message_address *from, const struct knock *k)
{
	packet_send(e, from, k->datagram, sizeof k->datagram);
}

/* Keeper opens it; what index is asked goes to *question, with the id. */
static uint32_t opened_say(const struct ends *e, const struct knock *k, bool opens)
{
	struct message_opened m = { .opened = opens };
	struct heard h = { 0 };

	assert_true(hear_keeper(e, PLAYED_WAIT_MS, &h));
	assert_int_equal(h.head.kind, MESSAGE_OPEN);
	if (opens)
		memcpy(m.plain, k->plain, sizeof m.plain);
	say(e->keeper, MESSAGE_OPENED, h.head.id, &m, sizeof m);
	return h.head.id;
}

static uint32_t question_hear(const struct ends *e, struct message_question *q)
{
	struct heard h = { 0 };

	assert_true(hear(e->index, PLAYED_WAIT_MS, &h));
	assert_int_equal(h.head.kind, MESSAGE_QUESTION);
	assert_int_equal(h.len, sizeof *q);
	if (q)
		memcpy(q, h.body.bytes, sizeof *q);
	return h.head.id;
}

static struct message_answer good_answer(const struct ends *e)
{
	struct message_answer a = { .key_len = sizeof e->blob };

	memcpy(a.key, e->blob, sizeof e->blob);
	return a;
}

static void answer_say(const struct ends *e, uint32_t id, const struct message_answer *a)
{
	say(e->index, MESSAGE_ANSWER, id, a, sizeof *a);
}

static uint32_t knock_hear(struct ends *e, struct message_knock *out)
{
	struct heard h = { 0 };

	assert_true(hear_grant(e, PLAYED_WAIT_MS, &h));
	assert_int_equal(h.head.kind, MESSAGE_KNOCK);
	assert_int_equal(h.len, sizeof *out);
	if (out)
		memcpy(out, h.body.bytes, sizeof *out);
	return h.head.id;
}

static void knocked_say(const struct ends *e, uint32_t id, enum knock_stage stage)
{
	const struct message_knocked m = { .stage = (uint8_t)stage };

	say(e->grant, MESSAGE_KNOCKED, id, &m, sizeof m);
}

/* From the packet to grant's answer. */
static void knock_through(struct ends *e, const struct message_address *from, const struct knock *k,
			  enum knock_stage stage)
{
	const struct message_answer a = good_answer(e);

	knock_send(e, from, k);
	opened_say(e, k, true);
	answer_say(e, question_hear(e, NULL), &a);
	knocked_say(e, knock_hear(e, NULL), stage);
}

/* --- the way of a knock --- */

static void a_knock_goes_from_step_to_step(void **state)
{
	struct ends *e = *state;
	struct knock k = good_knock(e);
	struct message_question q;
	struct message_knock m;
	struct message_answer a = good_answer(e);
	struct message_opened opened = { .opened = 1 };
	struct message_open open;
	uint8_t hash[32];
	struct heard h = { 0 };

	knock_make(e, 1, &k);
	knock_send(e, &other, &k);
	assert_true(hear_keeper(e, PLAYED_WAIT_MS, &h));
	assert_int_equal(h.len, sizeof open);
	memcpy(&open, h.body.bytes, sizeof open);
	assert_int_equal(open.host, 0);
	assert_int_equal(open.secret, 1);
	assert_memory_equal(open.datagram, k.datagram, sizeof k.datagram);
	memcpy(opened.plain, k.plain, sizeof k.plain);
	say(e->keeper, MESSAGE_OPENED, h.head.id, &opened, sizeof opened);

	answer_say(e, question_hear(e, &q), &a);
	assert_int_equal(q.kind, NATIVE_PLAIN_KEY);
	assert_int_equal(q.port, 2222);
	assert_string_equal((const char *)q.user, "anna");
	assert_int_equal(q.user_len, 4);
	assert_memory_equal(&q.from, &anna, sizeof anna);
	assert_memory_equal(&q.to, &here, sizeof here);
	assert_memory_equal(q.keyid, k.fields.keyid, sizeof q.keyid);

	knocked_say(e, knock_hear(e, &m), STAGE_ACCEPTED);
	crypto_hash_sha256(hash, e->blob, sizeof e->blob);
	assert_memory_equal(m.key, hash, sizeof hash);
	assert_memory_equal(m.id, k.datagram + 8, NATIVE_ID);
	assert_true(m.ts == k.fields.ts);
	assert_int_equal(m.addr_type, 4);
	assert_int_equal(m.nports, 1);
	assert_int_equal(m.ports[0], 2222);
	assert_int_equal(m.duration, 60);
	assert_memory_equal(&m.source, &other, sizeof other);
	assert_memory_equal(&m.question, &q, sizeof q);
	assert_true(role_runs(e->pid));
}

static void a_knock_without_an_address_is_about_where_it_came_from(void **state)
{
	static const struct message_address mapped = { .family = 6, .bytes = { [10] = 0xff, 0xff, 198, 51, 100, 7 } };
	struct ends *e = *state;
	struct knock k = { .fields = { .kind = NATIVE_PLAIN_KEY, .ts = now_ms(), .user = "anna" } };
	struct message_question q;

	knock_make(e, 0, &k);
	knock_send(e, &mapped, &k);
	opened_say(e, &k, true);
	question_hear(e, &q);
	assert_memory_equal(&q.from, &anna, sizeof anna);
	assert_int_equal(q.port, 22); /* the first that is protected */
}

static void a_certificate_goes_to_index_whole(void **state)
{
	struct ends *e = *state;
	struct knock k = good_knock(e);
	struct message_question q;

	k.fields.kind = NATIVE_CERTIFICATE;
	k.fields.cert = (const uint8_t *)"the body";
	k.fields.cert_len = 8;
	k.fields.casig = (const uint8_t *)"sig";
	k.fields.casig_len = 3;
	knock_make(e, 0, &k);
	knock_send(e, &anna, &k);
	opened_say(e, &k, true);
	question_hear(e, &q);
	assert_int_equal(q.kind, NATIVE_CERTIFICATE);
	assert_int_equal(q.cert_len, 8);
	assert_int_equal(q.casig_len, 3);
	assert_memory_equal(q.cert, "the bodysig", 12);
}

static void no_other_length_and_no_other_tag_reaches_keeper(void **state)
{
	struct ends *e = *state;
	struct knock k = good_knock(e);
	uint8_t longer[NATIVE_DATAGRAM + 200] = { 0 };
	unsigned sent = 0;
	struct heard h = { 0 };

	memcpy(longer, k.datagram, sizeof k.datagram);
	for (size_t len = 0; len <= sizeof longer; len++)
		if (len != NATIVE_DATAGRAM)
			packet_send(e, &anna, longer, len), sent++;
	for (int bit = 0; bit < 64; bit++) {
		k.datagram[bit / 8] ^= (uint8_t)(1 << bit % 8);
		knock_send(e, &anna, &k);
		k.datagram[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	assert_false(hear_keeper(e, PLAYED_QUIET_MS, &h));
	assert_true(count_of(e, STAGE_LENGTH, sent) == sent);
	assert_true(count_of(e, STAGE_GATE, 64) == 64);
	assert_int_equal(played->log_len, 0);
}

static void what_keeper_does_not_open_ends(void **state)
{
	struct ends *e = *state;
	const struct knock k = good_knock(e);
	struct heard h = { 0 };

	knock_send(e, &anna, &k);
	opened_say(e, &k, false);
	assert_true(count_of(e, STAGE_OPEN, 1) == 1);
	assert_false(hear(e->index, 0, &h));
	assert_int_equal(played->log_len, 0);
}

/* Each is changed before it is signed; index must not hear of it. */
static void refused_before_the_question(void **state)
{
	static const struct {
		enum knock_stage stage;
		uint8_t addr_type, addr[16];
		int late_s;
		const char *name;
	} cases[] = {
		{ STAGE_TIME, 4, { 198, 51, 100, 7 }, 302, "too old" },
		{ STAGE_TIME, 4, { 198, 51, 100, 7 }, -302, "from the future" },
		{ STAGE_POLICY, 4, { 0, 1, 2, 3 }, 0, "this network" },
		{ STAGE_POLICY, 4, { 127, 0, 0, 1 }, 0, "loopback" },
		{ STAGE_POLICY, 4, { 169, 254, 3, 3 }, 0, "link-local" },
		{ STAGE_POLICY, 4, { 224, 0, 0, 1 }, 0, "multicast" },
		{ STAGE_POLICY, 4, { 240, 0, 0, 1 }, 0, "reserved" },
		{ STAGE_POLICY, 4, { 255, 255, 255, 255 }, 0, "broadcast" },
		{ STAGE_POLICY, 4, { 192, 0, 2, 1 }, 0, "where it was sent to" },
		{ STAGE_POLICY, 6, { [15] = 1 }, 0, "IPv6 loopback" },
		{ STAGE_POLICY, 6, { 0xfe, 0x80, [15] = 1 }, 0, "IPv6 link-local" },
		{ STAGE_POLICY, 6, { 0xff, 0x02, [15] = 1 }, 0, "IPv6 multicast" },
	};
	struct ends *e = *state;
	unsigned wanted[STAGE_COUNT] = { 0 };

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct knock k = good_knock(e);
		struct heard h = { 0 };

		wanted[cases[i].stage]++;
		k.fields.addr_type = cases[i].addr_type;
		memcpy(k.fields.addr, cases[i].addr, sizeof cases[i].addr);
		k.fields.ts -= (uint64_t)((int64_t)cases[i].late_s * 1000);
		knock_make(e, 0, &k);
		knock_send(e, &other, &k);
		opened_say(e, &k, true);
		if (hear(e->index, 20, &h))
			fail_msg("%s", cases[i].name);
	}
	for (enum knock_stage stage = STAGE_ACCEPTED; stage < STAGE_COUNT; stage++)
		assert_true(count_of(e, stage, wanted[stage]) == wanted[stage]);
	assert_int_equal(played->log_len, 0);
}

/* Every byte of the plaintext that is changed breaks the form or the signature. */
static void no_changed_plaintext_reaches_grant(void **state)
{
	struct ends *e = *state;
	const struct message_answer a = good_answer(e);
	struct heard h = { 0 };

	for (size_t at = 0; at < NATIVE_PLAIN; at += at < 200 ? 1 : 97) {
		struct knock k = good_knock(e);

		k.plain[at] ^= 1;
		knock_send(e, &anna, &k);
		opened_say(e, &k, true);
		if (hear(e->index, 20, &h))
			answer_say(e, h.head.id, &a);
	}
	assert_false(hear_grant(e, 1500, &h));
	assert_true(e->counted[STAGE_PARSE] > 0 && e->counted[STAGE_SIGNATURE] > 0);
	assert_true(role_runs(e->pid));
}

static void what_index_refuses_ends_there(void **state)
{
	struct ends *e = *state;

	for (enum knock_stage stage = STAGE_KEY; stage < STAGE_COUNT; stage++) {
		const struct knock k = good_knock(e);
		struct message_answer a = good_answer(e);

		a.stage = (uint8_t)stage;
		a.key_len = 0; /* it is not listed: a stranger can cause any of it */
		memset(a.key, 0, sizeof a.key);
		knock_send(e, &anna, &k);
		opened_say(e, &k, true);
		answer_say(e, question_hear(e, NULL), &a);
	}
	for (enum knock_stage stage = STAGE_KEY; stage < STAGE_COUNT; stage++)
		assert_true(count_of(e, stage, 1) == 1);
	assert_int_equal(played->log_len, 0);
}

static void why_a_listed_key_is_refused_is_said_where_its_signature_holds(void **state)
{
	struct ends *e = *state;
	struct knock k = good_knock(e);
	struct message_answer a = good_answer(e);

	a.stage = STAGE_REVOKED;
	memset(a.reason, 'r', sizeof a.reason); /* unended: index may be somebody else's by now */
	a.key[a.key_len - 1] ^= 1;
	knock_send(e, &anna, &k);
	opened_say(e, &k, true);
	answer_say(e, question_hear(e, NULL), &a);
	assert_true(count_of(e, STAGE_REVOKED, 1) == 1);
	assert_int_equal(played->log_len, 0);
	a.key[a.key_len - 1] ^= 1;
	k = good_knock(e);
	knock_send(e, &anna, &k);
	opened_say(e, &k, true);
	answer_say(e, question_hear(e, NULL), &a);
	assert_true(count_of(e, STAGE_REVOKED, 2) == 2);
	assert_true(log_says("refused stage=revoked user=anna"));
	assert_true(log_says("why=rrrr"));
}

static void a_signature_of_another_key_does_not_hold(void **state)
{
	struct ends *e = *state;
	const struct knock k = good_knock(e);
	struct message_answer a = good_answer(e);
	struct heard h = { 0 };

	a.key[a.key_len - 1] ^= 1;
	knock_send(e, &anna, &k);
	opened_say(e, &k, true);
	answer_say(e, question_hear(e, NULL), &a);
	assert_true(count_of(e, STAGE_SIGNATURE, 1) == 1);
	assert_false(hear_grant(e, 0, &h));
	assert_true(log_says("refused stage=signature user=anna addr=198.51.100.7"));
}

static void settings_forbid(void **state)
{
	struct ends *e = *state;
	struct knock k = { .fields = { .kind = NATIVE_PLAIN_KEY, .ts = now_ms(), .user = "anna" } };
	struct message_answer a;
	struct heard h = { 0 };

	net_end(e);
	net_begin(e, "Port 22 2222\nPacketSource no\nSlowKeys no\n");
	knock_make(e, 0, &k);
	knock_send(e, &anna, &k);
	opened_say(e, &k, true);
	assert_true(count_of(e, STAGE_POLICY, 1) == 1);
	assert_false(hear(e->index, 0, &h));

	k = good_knock(e);
	a = good_answer(e);
	a.slow = 1;
	knock_send(e, &anna, &k);
	opened_say(e, &k, true);
	answer_say(e, question_hear(e, NULL), &a);
	assert_true(count_of(e, STAGE_POLICY, 2) == 2);
}

/* --- copies --- */

static void a_copy_of_what_grant_has_taken_is_not_asked_about(void **state)
{
	static const enum knock_stage answers[] = { STAGE_ACCEPTED, STAGE_DUPLICATE };
	struct ends *e = *state;
	struct heard h = { 0 };

	for (size_t i = 0; i < ARRAY_SIZE(answers); i++) {
		const struct knock k = good_knock(e);

		knock_through(e, &anna, &k, answers[i]);
		knock_send(e, &anna, &k);
		opened_say(e, &k, true);
		assert_true(count_of(e, STAGE_DUPLICATE, i + 1) == i + 1);
		assert_false(hear(e->index, 0, &h));
	}
	assert_false(log_says("copied"));
}

static void a_copy_of_what_grant_refused_has_another_chance(void **state)
{
	struct ends *e = *state;
	const struct knock k = good_knock(e);

	knock_through(e, &anna, &k, STAGE_UNKNOWN);
	knock_through(e, &anna, &k, STAGE_ACCEPTED);
}

static void a_copy_of_one_that_is_on_its_way_is_dropped(void **state)
{
	struct ends *e = *state;
	const struct message_answer a = good_answer(e);
	const struct knock k = good_knock(e);
	uint32_t first;

	knock_send(e, &anna, &k);
	opened_say(e, &k, true);
	first = question_hear(e, NULL);
	knock_send(e, &anna, &k);
	opened_say(e, &k, true);
	assert_true(count_of(e, STAGE_DUPLICATE, 1) == 1);
	answer_say(e, first, &a);
	first = knock_hear(e, NULL);
	knock_send(e, &anna, &k);
	opened_say(e, &k, true);
	assert_true(count_of(e, STAGE_DUPLICATE, 2) == 2);
	knocked_say(e, first, STAGE_ACCEPTED);
}

static void a_copy_from_elsewhere_is_said_where_no_address_was_signed(void **state)
{
	struct ends *e = *state;
	struct knock k = good_knock(e);

	knock_through(e, &anna, &k, STAGE_ACCEPTED);
	knock_send(e, &other, &k);
	opened_say(e, &k, true);
	assert_true(count_of(e, STAGE_DUPLICATE, 1) == 1);
	assert_false(log_says("copied"));

	k = (struct knock){ .fields = { .kind = NATIVE_PLAIN_KEY, .ts = now_ms(), .user = "anna" } };
	knock_make(e, 0, &k);
	knock_through(e, &anna, &k, STAGE_ACCEPTED);
	knock_send(e, &other, &k);
	opened_say(e, &k, true);
	assert_true(count_of(e, STAGE_DUPLICATE, 2) == 2);
	assert_true(log_says("copied user=anna source=198.51.100.8 first=198.51.100.7"));
}

/* A race that only whoever holds no key can run: what he sends under the same enc opens to nothing, and is no copy. */
static void junk_under_the_same_enc_shuts_nobody_out(void **state)
{
	struct ends *e = *state;
	const struct knock k = good_knock(e);
	struct knock junk = k;

	memset(junk.datagram + 40, 7, sizeof junk.datagram - 40);
	knock_send(e, &other, &junk);
	knock_send(e, &anna, &k);
	opened_say(e, &junk, false);
	opened_say(e, &k, true);
	question_hear(e, NULL);
}

static void one_enc_is_opened_eight_times(void **state)
{
	struct ends *e = *state;
	const struct knock k = good_knock(e);
	struct heard h = { 0 };

	for (int i = 0; i < 20; i++)
		knock_send(e, &anna, &k);
	for (int i = 0; i < 8; i++)
		opened_say(e, &k, false);
	assert_false(hear_keeper(e, PLAYED_QUIET_MS, &h));
	assert_true(count_of(e, STAGE_BUDGET, 12) == 12);
}

/* --- answers out of order, late, twice, never --- */

static void answers_find_their_knocks_in_any_order(void **state)
{
	enum { N = 50 };
	struct ends *e = *state;
	const struct message_answer a = good_answer(e);
	struct knock k[N];
	uint32_t opens[N], asked[N];
	struct message_question q[N];
	struct heard h = { 0 };

	for (int i = 0; i < N; i++) {
		k[i] = good_knock(e);
		k[i].fields.duration = (uint16_t)(i + 1);
		knock_make(e, 0, &k[i]);
		knock_send(e, &anna, &k[i]);
		assert_true(hear_keeper(e, PLAYED_WAIT_MS, &h));
		opens[i] = h.head.id;
	}
	for (int i = N - 1; i >= 0; i--) {
		struct message_opened m = { .opened = 1 };

		memcpy(m.plain, k[i].plain, sizeof m.plain);
		say(e->keeper, MESSAGE_OPENED, opens[i], &m, sizeof m);
		asked[i] = question_hear(e, &q[i]);
		assert_int_equal(asked[i], opens[i]);
	}
	for (int i = 0; i < N; i++) {
		const int at = (i * 7) % N;
		struct message_knock m;

		answer_say(e, asked[at], &a);
		assert_int_equal(knock_hear(e, &m), asked[at]);
		assert_int_equal(m.duration, at + 1);
	}
}

static void answers_to_what_nobody_waits_for_change_nothing(void **state)
{
	struct ends *e = *state;
	const struct message_answer a = good_answer(e);
	const struct knock k = good_knock(e);
	const struct message_opened no = { 0 };
	uint32_t id;
	struct heard h = { 0 };

	knock_send(e, &anna, &k);
	assert_true(hear_keeper(e, PLAYED_WAIT_MS, &h));
	id = h.head.id;
	answer_say(e, id, &a); /* index, before it was asked */
	knocked_say(e, id, STAGE_ACCEPTED);
	for (uint32_t i = 1; i < 600; i += 7) {
		say(e->keeper, MESSAGE_OPENED, id + i, &no, sizeof no);
		answer_say(e, id + i, &a);
		knocked_say(e, id + i, STAGE_ACCEPTED);
		assert_false(hear(e->index, 1, &h));
	}
	{
		struct message_opened m = { .opened = 1 };

		memcpy(m.plain, k.plain, sizeof m.plain);
		say(e->keeper, MESSAGE_OPENED, id, &m, sizeof m);
		assert_int_equal(question_hear(e, NULL), id);
		say(e->keeper, MESSAGE_OPENED, id, &no, sizeof no); /* twice, and otherwise */
	}
	usleep(20000);
	answer_say(e, id, &a);
	assert_int_equal(knock_hear(e, NULL), id);
	answer_say(e, id, &a);
	knocked_say(e, id, STAGE_ACCEPTED);
	knocked_say(e, id, STAGE_ACCEPTED);
	assert_false(hear_grant(e, PLAYED_QUIET_MS, &h));
	assert_true(role_runs(e->pid));
}

static void a_thousand_knocks_at_once_are_bounded_and_time_out(void **state)
{
	struct ends *e = *state;
	unsigned opens = 0;
	struct heard h = { 0 };

	for (int i = 0; i < 1000; i++) {
		const struct knock k = good_knock(e);

		knock_send(e, &anna, &k);
		while (hear_keeper(e, i % 10 ? 0 : 5, &h))
			opens++;
	}
	while (hear_keeper(e, PLAYED_QUIET_MS, &h))
		opens++;
	assert_int_equal(opens, NET_FLIGHTS);
	assert_true(count_of(e, STAGE_BUDGET, 1000 - NET_FLIGHTS) == 1000 - NET_FLIGHTS);
	atomic_fetch_add(&played->later_ms, NET_WAIT_MS);
	assert_true(count_of(e, STAGE_UNKNOWN, NET_FLIGHTS) == NET_FLIGHTS);
	{
		const struct knock k = good_knock(e);

		knock_through(e, &anna, &k, STAGE_ACCEPTED);
	}
}

static void a_peer_that_never_answers_costs_that_knock(void **state)
{
	struct ends *e = *state;
	const struct message_answer a = good_answer(e);
	const struct knock k = good_knock(e), l = good_knock(e);

	knock_send(e, &anna, &k);
	opened_say(e, &k, true);
	question_hear(e, NULL);
	knock_send(e, &anna, &l);
	opened_say(e, &l, true);
	answer_say(e, question_hear(e, NULL), &a);
	knock_hear(e, NULL);
	assert_true(count_of(e, STAGE_UNKNOWN, 0) == 0);
	atomic_fetch_add(&played->later_ms, NET_WAIT_MS);
	assert_true(count_of(e, STAGE_UNKNOWN, 2) == 2);
}

static void counters_are_told_when_there_is_something_to_tell(void **state)
{
	struct ends *e = *state;
	struct heard h = { 0 };

	packet_send(e, &anna, "x", 1);
	assert_true(count_of(e, STAGE_LENGTH, 1) == 1);
	assert_false(hear(e->grant, 1500, &h));
}

/* --- peers that were taken over --- */

enum peer { KEEPER, INDEX, GRANT };

static int fd_of(const struct ends *e, enum peer p)
{
	return p == KEEPER ? e->keeper : p == INDEX ? e->index : e->grant;
}

/* Says it to a net of its own, which must end for it. */
static void ends_for(struct ends *e, enum peer p, uint32_t kind, const void *body, size_t len)
{
	net_end(e);
	net_begin(e, "Port 22\n");
	say(fd_of(e, p), kind, 0, body, len);
	if (role_status(&e->pid) != 1)
		fail_msg("peer %d, kind %u, %zu bytes", p, kind, len);
}

static void a_message_of_another_kind_or_size_ends_it(void **state)
{
	static const uint8_t zeros[PLAYED_MESSAGE];
	struct ends *e = *state;

	for (enum peer p = KEEPER; p <= GRANT; p++)
		for (uint32_t kind = 0; kind <= MESSAGE_KIND_COUNT; kind++) {
			const size_t size = body_size(kind);
			const bool known = (p == KEEPER && (kind == MESSAGE_SLOTS || kind == MESSAGE_OPENED)) ||
					   (p == INDEX && kind == MESSAGE_ANSWER) ||
					   (p == GRANT && kind == MESSAGE_KNOCKED);

			if (!known)
				ends_for(e, p, kind, zeros, size);
			ends_for(e, p, kind, zeros, size + 1);
			if (size)
				ends_for(e, p, kind, zeros, size - 1);
			if (known)
				ends_for(e, p, kind, zeros, 0);
		}
}

static void a_value_that_cannot_be_ends_it(void **state)
{
	struct ends *e = *state;
	const struct message_slots good = slots_of(e);
	struct message_slots s = good;
	struct message_answer a = good_answer(e);
	const struct message_knocked k = { .stage = STAGE_COUNT };

	s.n = MESSAGE_SLOTS_MAX + 1;
	ends_for(e, KEEPER, MESSAGE_SLOTS, &s, sizeof s);
	s = good;
	s.hosts = MESSAGE_HOSTS + 1;
	ends_for(e, KEEPER, MESSAGE_SLOTS, &s, sizeof s);
	s = good;
	s.slot[1].host = 1;
	ends_for(e, KEEPER, MESSAGE_SLOTS, &s, sizeof s);
	a.stage = STAGE_COUNT;
	ends_for(e, INDEX, MESSAGE_ANSWER, &a, sizeof a);
	a = good_answer(e);
	a.key_len = MESSAGE_KEY_MAX + 1;
	ends_for(e, INDEX, MESSAGE_ANSWER, &a, sizeof a);
	ends_for(e, GRANT, MESSAGE_KNOCKED, &k, sizeof k);
}

static void it_ends_in_good_order_when_a_peer_is_gone(void **state)
{
	struct ends *e = *state;

	for (int i = 0; i < 4; i++) {
		int *fds[] = { &e->parent, &e->keeper, &e->index, &e->grant };

		net_end(e);
		net_begin(e, "Port 22\n");
		close(*fds[i]);
		*fds[i] = -1;
		assert_int_equal(role_status(&e->pid), 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define ROW(f) cmocka_unit_test_setup_teardown(f, start, stop)
		ROW(a_knock_goes_from_step_to_step),
		ROW(a_knock_without_an_address_is_about_where_it_came_from),
		ROW(a_certificate_goes_to_index_whole),
		ROW(no_other_length_and_no_other_tag_reaches_keeper),
		ROW(what_keeper_does_not_open_ends),
		ROW(refused_before_the_question),
		ROW(no_changed_plaintext_reaches_grant),
		ROW(what_index_refuses_ends_there),
		ROW(why_a_listed_key_is_refused_is_said_where_its_signature_holds),
		ROW(a_signature_of_another_key_does_not_hold),
		ROW(settings_forbid),
		ROW(a_copy_of_what_grant_has_taken_is_not_asked_about),
		ROW(a_copy_of_what_grant_refused_has_another_chance),
		ROW(a_copy_of_one_that_is_on_its_way_is_dropped),
		ROW(a_copy_from_elsewhere_is_said_where_no_address_was_signed),
		ROW(junk_under_the_same_enc_shuts_nobody_out),
		ROW(one_enc_is_opened_eight_times),
		ROW(answers_find_their_knocks_in_any_order),
		ROW(answers_to_what_nobody_waits_for_change_nothing),
		ROW(a_thousand_knocks_at_once_are_bounded_and_time_out),
		ROW(a_peer_that_never_answers_costs_that_knock),
		ROW(counters_are_told_when_there_is_something_to_tell),
		ROW(a_message_of_another_kind_or_size_ends_it),
		ROW(a_value_that_cannot_be_ends_it),
		ROW(it_ends_in_good_order_when_a_peer_is_gone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
