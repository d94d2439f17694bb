/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_keeper.c - the keeper gives gate keys and opens what was sealed now, for its own keys only; and so does its process. */
#include "base/scratch.h"

#include "base/macros.h"
#include "base/mounts.h"
#include "gate/host_key_made.h"
#include "gate/keeper.h"
#include "gate/role.h"

#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

#include "base/banned.h"

#define NOW 1790000000000ULL /* milliseconds */

static const uint8_t secrets[KEEPER_SECRETS][NATIVE_SECRET] = { { 1, 2, 3 }, { 4, 5, 6 } };

static struct keeper *keeper_of(unsigned hosts, unsigned nsecrets)
{
	struct keeper *k = NULL;
	struct key_made key;

	assert_int_equal(keeper_new(&k), ERR_NONE);
	for (unsigned i = 0; i < hosts; i++) {
		key_made_start(&key, (uint8_t)(i + 1));
		assert_int_equal(keeper_add_host(k, key.public, key.seed), ERR_NONE);
	}
	for (unsigned i = 0; i < nsecrets; i++)
		assert_int_equal(keeper_add_secret(k, secrets[i]), ERR_NONE);
	return k;
}

static void no_more_are_kept_than_there_is_room_for(void **state)
{
	struct keeper *k = keeper_of(MESSAGE_HOSTS, KEEPER_SECRETS);
	struct key_made key;

	key_made_start(&key, 9);
	assert_int_equal(keeper_add_host(k, key.public, key.seed), ERR_TOO_BIG);
	assert_int_equal(keeper_add_secret(k, secrets[0]), ERR_TOO_BIG);
	keeper_free(k);
}

static void slots_are_for_each_key_secret_and_epoch(void **state)
{
	static const struct {
		unsigned hosts, secrets;
		bool prefer;
		const char *slots; /* host and secret of each pair of epochs */
	} cases[] = {
		{ 1, 0, true, "00" },
		{ 1, 0, false, "00" },
		{ 2, 0, true, "00 10" },
		{ 1, 1, true, "01 00" },
		{ 1, 1, false, "01" },
		{ 1, 2, true, "01 02 00" },
		{ 2, 1, true, "01 11 00 10" },
		{ 2, 1, false, "01 11" },
		{ 2, 2, false, "01 11 02 12" },
		/* twelve would be too many: those of the secrets stay */
		{ 2, 2, true, "01 11 02 12" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct keeper *k = keeper_of(cases[i].hosts, cases[i].secrets);
		const uint64_t epoch = NOW / 1000 / 600;
		struct message_slots got;
		char text[64] = "";

		memset(&got, 0xee, sizeof got);
		keeper_slots(k, cases[i].prefer, epoch * 600, &got);
		assert_int_equal(got.hosts, cases[i].hosts);
		for (unsigned s = 0; s < got.n; s++) {
			const struct message_slot *slot = &got.slot[s];
			uint8_t key[NATIVE_GATE_KEY];

			native_gate_key(slot->secret ? secrets[slot->secret - 1] : NULL, got.host[slot->host],
					slot->epoch, key);
			assert_memory_equal(slot->key, key, sizeof key);
			assert_int_equal(slot->epoch, epoch - 1 + s % 2);
			assert_memory_equal(slot->reserved, "\0\0\0\0\0\0", 6);
			if (s % 2)
				continue;
			snprintf(text + strlen(text), sizeof text - strlen(text), "%s%u%u", s ? " " : "", slot->host,
				 slot->secret);
		}
		assert_string_equal(text, cases[i].slots);
		for (unsigned s = got.n; s < MESSAGE_SLOTS_MAX; s++)
			assert_true(sodium_is_zero((const uint8_t *)&got.slot[s], sizeof got.slot[s]));
		keeper_free(k);
	}
}

static void epochs_change_in_the_middle_of_ten_minutes(void **state)
{
	static const struct {
		unsigned second;
		int first;
	} cases[] = { { 0, -1 }, { 299, -1 }, { 300, 0 }, { 599, 0 } };
	struct keeper *k = keeper_of(1, 0);
	const uint64_t epoch = NOW / 1000 / 600;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct message_slots got;

		keeper_slots(k, true, epoch * 600 + cases[i].second, &got);
		assert_int_equal(got.slot[0].epoch, epoch + (uint64_t)(int64_t)cases[i].first);
		assert_int_equal(got.slot[1].epoch, got.slot[0].epoch + 1);
	}
	keeper_free(k);
}

/* A knock of that time, sealed to the first host key or to the second. */
static void seal(struct message_open *m, unsigned host, unsigned secret, uint64_t ts, uint8_t plain[NATIVE_PLAIN])
{
	const uint8_t ephemeral[32] = { 42, 1, 7 };
	struct key_made key;

	key_made_start(&key, (uint8_t)(host + 1));
	*m = (struct message_open){ .host = (uint8_t)host, .secret = (uint8_t)secret };
	memset(plain, 0x77, NATIVE_PLAIN);
	for (int i = 0; i < 8; i++)
		plain[4 + i] = (uint8_t)(ts >> (8 * (7 - i)));
	assert_int_equal(native_seal(key.public, secret ? secrets[secret - 1] : NULL, ephemeral, plain, m->datagram),
			 ERR_NONE);
}

static void is_no(const struct message_opened *out)
{
	assert_true(sodium_is_zero((const uint8_t *)out, sizeof *out));
}

static void what_was_sealed_now_is_opened(void **state)
{
	struct keeper *k = keeper_of(2, 2);

	for (unsigned host = 0; host < 2; host++)
		for (unsigned secret = 0; secret <= 2; secret++) {
			uint8_t plain[NATIVE_PLAIN];
			struct message_opened out;
			struct message_open m;

			seal(&m, host, secret, NOW, plain);
			memset(&out, 0xee, sizeof out);
			keeper_open(k, true, NOW, &m, &out);
			assert_int_equal(out.opened, 1);
			assert_memory_equal(out.reserved, "\0\0\0\0\0\0\0", 7);
			assert_memory_equal(out.plain, plain, sizeof plain);
			keeper_open(k, false, NOW, &m, &out);
			assert_int_equal(out.opened, secret != 0);
			if (!secret)
				is_no(&out);
			m.datagram[100] ^= 1;
			keeper_open(k, true, NOW, &m, &out);
			is_no(&out);
			m.datagram[100] ^= 1;
			m.host ^= 1;
			keeper_open(k, true, NOW, &m, &out);
			is_no(&out);
			m.host ^= 1;
			m.secret = (uint8_t)((m.secret + 1) % 3);
			keeper_open(k, true, NOW, &m, &out);
			is_no(&out);
		}
	keeper_free(k);
}

static void keys_that_are_not_there_open_nothing(void **state)
{
	uint8_t plain[NATIVE_PLAIN];
	struct message_opened out;
	struct message_open m;
	struct keeper *k = keeper_of(1, 1);

	seal(&m, 0, 1, NOW, plain);
	for (unsigned host = 0; host < 256; host++)
		for (unsigned secret = 0; secret < 256; secret += host < 2 ? 1 : 51) {
			m.host = (uint8_t)host;
			m.secret = (uint8_t)secret;
			keeper_open(k, true, NOW, &m, &out);
			assert_int_equal(out.opened, host == 0 && secret == 1);
			if (!out.opened)
				is_no(&out);
		}
	keeper_free(k);
}

static void what_was_sealed_at_another_time_stays_shut(void **state)
{
	static const struct {
		uint64_t ts;
		bool opened;
	} cases[] = {
		{ NOW, true },		 { NOW - 300000, true }, { NOW - 300001, false }, { NOW + 300000, true },
		{ NOW + 300001, false }, { 0, false },		 { UINT64_MAX, false },
	};
	struct keeper *k = keeper_of(1, 0);

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		uint8_t plain[NATIVE_PLAIN];
		struct message_opened out;
		struct message_open m;

		seal(&m, 0, 0, cases[i].ts, plain);
		keeper_open(k, true, NOW, &m, &out);
		assert_int_equal(out.opened, cases[i].opened);
		if (!cases[i].opened)
			is_no(&out);
	}
	keeper_free(k);
}

/* ---- the process ---- */

struct running {
	pid_t pid;
	int parent, peer;
};

static void put_file(int at, const char *content, size_t len)
{
	int fd = memfd_create("test", MFD_CLOEXEC);

	if (fd < 0 || write(fd, content, len) != (ssize_t)len || lseek(fd, 0, SEEK_SET) || dup2(fd, at) != at)
		_exit(99);
	if (fd != at)
		close(fd);
}

/* An account database with the keeper's user in it, for this process only. */
static void put_accounts(void)
{
	static const char passwd[] = "root:x:0:0::/:/bin/sh\n" ROLE_USER_KEEPER ":x:64001:64001::/:/bin/false\n";
	int fd;

	if (unshare(CLONE_NEWNS) || mounts_make_private() || mount("none", "/mnt", "tmpfs", 0, NULL) ||
	    (fd = open("/mnt/passwd", O_CREAT | O_WRONLY | O_CLOEXEC, 0644)) < 0 ||
	    write(fd, passwd, sizeof passwd - 1) != sizeof passwd - 1 ||
	    mount("/mnt/passwd", "/etc/passwd", NULL, MS_BIND, NULL))
		_exit(99);
}

static const char with_secret[] = "HostKey /key\nSiteSecret /secret\n";
static const char secret_text[] = "0102030000000000000000000000000000000000000000000000000000000000\n";

/* With standard error to nowhere, for what is logged about wrong files. */
static void start(struct running *r, const char *settings, const char *key, const char *secret)
{
	int parent[2], peer[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, parent), 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, peer), 0);
	assert_true((r->pid = fork()) >= 0);
	if (!r->pid) {
		const int mine[] = { fcntl(parent[1], F_DUPFD_CLOEXEC, 100), fcntl(peer[1], F_DUPFD_CLOEXEC, 100) };

		(void)dup2(open("/dev/null", O_RDWR | O_CLOEXEC), STDERR_FILENO);
		put_accounts();
		if (close_range(3, 99, 0) || dup2(mine[0], ROLE_PARENT) != ROLE_PARENT ||
		    dup2(mine[1], ROLE_A) != ROLE_A)
			_exit(99);
		close(mine[0]);
		close(mine[1]);
		put_file(ROLE_SETTINGS, settings, strlen(settings));
		put_file(ROLE_C, key, strlen(key));
		put_file(ROLE_E, secret, strlen(secret));
		syscall(SYS_exit_group, keeper_main(false)); /* _exit(2) of sanitizers does more than it may here */
	}
	close(parent[1]);
	close(peer[1]);
	r->parent = parent[0];
	r->peer = peer[0];
}

/* The status that it ends with, within ten seconds. */
static int ended(struct running *r)
{
	int status = -1;

	for (int i = 0; i < 1000; i++) {
		if (waitpid(r->pid, &status, WNOHANG) == r->pid) {
			close(r->parent);
			close(r->peer);
			return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
		}
		usleep(10000);
	}
	kill(r->pid, SIGKILL);
	(void)waitpid(r->pid, &status, 0);
	fail_msg("it goes on");
	return -1;
}

static void key_text(struct text *t)
{
	struct key_made key;

	key_made_start(&key, 1);
	key_made_file(&key, t);
}

static void start_serving(struct running *r)
{
	struct pollfd p;
	struct text key = { 0 };
	char byte = 0;

	if (geteuid() != 0) {
		print_message("# skipped: only root changes users\n");
		skip();
	}
	key_text(&key);
	start(r, with_secret, key.s, secret_text);
	text_free(&key);
	p = (struct pollfd){ .fd = r->parent, .events = POLLIN };
	assert_int_equal(poll(&p, 1, 10000), 1);
	assert_int_equal(read(r->parent, &byte, 1), 1);
	assert_int_equal(byte, 'R');
}

static enum err take_slots(void *role, int fd, uint32_t id, const void *body)
{
	assert_int_equal(id, 77);
	memcpy(role, body, sizeof(struct message_slots));
	return ERR_NONE;
}

static enum err take_opened(void *role, int fd, uint32_t id, const void *body)
{
	assert_int_equal(id, 78);
	memcpy(role, body, sizeof(struct message_opened));
	return ERR_NONE;
}

static void ask(struct running *r, uint32_t kind, uint32_t id, const void *body, size_t size, void *answer)
{
	static const struct message_row rows[] = {
		{ MESSAGE_SLOTS, sizeof(struct message_slots), take_slots },
		{ MESSAGE_OPENED, sizeof(struct message_opened), take_opened },
		{ 0 },
	};
	struct pollfd p = { .fd = r->peer, .events = POLLIN };

	assert_int_equal(message_send(r->peer, kind, id, body, size), ERR_NONE);
	assert_int_equal(poll(&p, 1, 10000), 1);
	assert_int_equal(message_receive(r->peer, rows, answer, 1), ERR_NONE);
}

static void the_process_answers_and_is_locked_in(void **state)
{
	static const char *const lines[] = { "\nUid:\t64001\t64001\t64001\t64001\n", "\nCapPrm:\t0000000000000000\n",
					     "\nCapBnd:\t0000000000000000\n", "\nNoNewPrivs:\t1\n", "\nSeccomp:\t2\n" };
	const uint64_t now = (uint64_t)time(NULL);
	uint8_t plain[NATIVE_PLAIN];
	struct message_opened opened;
	struct message_slots slots = { 0 };
	struct message_open m;
	struct key_made key;
	char path[64], got[4096];
	struct running r;

	start_serving(&r);
	ask(&r, MESSAGE_SLOTS_WANTED, 77, NULL, 0, &slots);
	key_made_start(&key, 1);
	assert_int_equal(slots.hosts, 1);
	assert_int_equal(slots.n, 4);
	assert_memory_equal(slots.host[0], key.public, 32);
	assert_in_range(slots.slot[0].epoch, now / 600 - 1, now / 600 + 1);
	seal(&m, 0, 1, now * 1000, plain);
	ask(&r, MESSAGE_OPEN, 78, &m, sizeof m, &opened);
	assert_int_equal(opened.opened, 1);
	assert_memory_equal(opened.plain, plain, sizeof plain);
	seal(&m, 0, 1, now * 1000 - 600000, plain);
	ask(&r, MESSAGE_OPEN, 78, &m, sizeof m, &opened);
	is_no(&opened);
	snprintf(path, sizeof path, "/proc/%d/status", (int)r.pid);
	assert_true(scratch_read(path, got, sizeof got));
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++)
		if (!strstr(got, lines[i]))
			fail_msg("not %s in %s", lines[i], got);
	shutdown(r.parent, SHUT_RDWR);
	assert_int_equal(ended(&r), 0);
}

static void it_ends_with_its_peers(void **state)
{
	struct running r;

	start_serving(&r);
	shutdown(r.peer, SHUT_RDWR);
	assert_int_equal(ended(&r), 0);
}

static void it_ends_where_the_peer_says_what_it_may_not(void **state)
{
	static const uint8_t body[sizeof(struct message_open) + 1] = { 0 };
	static const struct {
		uint32_t kind;
		size_t size;
	} cases[] = {
		{ MESSAGE_OPEN, sizeof(struct message_open) - 1 },
		{ MESSAGE_OPEN, sizeof(struct message_open) + 1 },
		{ MESSAGE_SLOTS_WANTED, 1 },
		{ MESSAGE_KNOCKED, sizeof(struct message_knocked) },
		{ 0, 0 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct running r;

		start_serving(&r);
		assert_int_equal(message_send(r.peer, cases[i].kind, 1, body, cases[i].size), ERR_NONE);
		assert_int_equal(ended(&r), 1);
	}
}

/* Whoever has taken over net may ask without ever listening. */
static void a_peer_that_does_not_read_ends_nothing(void **state)
{
	struct message_slots slots = { 0 };
	struct pollfd p;
	struct running r;
	unsigned sent = 0;

	start_serving(&r);
	p = (struct pollfd){ .fd = r.peer, .events = POLLOUT };
	while (sent < 3000 && poll(&p, 1, 2000) == 1)
		if (!message_send(r.peer, MESSAGE_SLOTS_WANTED, 77, NULL, 0))
			sent++;
	assert_int_equal(sent, 3000);
	usleep(100000);
	while (recv(r.peer, &slots, 1, MSG_DONTWAIT) > 0)
		;
	ask(&r, MESSAGE_SLOTS_WANTED, 77, NULL, 0, &slots);
	assert_int_equal(slots.n, 4);
	shutdown(r.parent, SHUT_RDWR);
	assert_int_equal(ended(&r), 0);
}

static void files_that_do_not_serve_end_it_before_it_is_ready(void **state)
{
	static const char zeros[] = "0000000000000000000000000000000000000000000000000000000000000000\n";
	static char large[20000];
	struct text key = { 0 };

	if (geteuid() != 0) {
		print_message("# skipped: only root mounts\n");
		skip();
	}
	key_text(&key);
	memset(large, '\n', sizeof large - 1);
	memcpy(large, key.s, key.len);
	{
		const struct {
			const char *settings, *key, *secret;
		} cases[] = {
			{ with_secret, "", secret_text },	 { with_secret, key.s, "" },
			{ with_secret, key.s, zeros },		 { with_secret, large, secret_text },
			{ "HostKey key\n", key.s, secret_text }, { "nonsense\n", key.s, secret_text },
		};

		for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
			struct running r;
			char byte;

			start(&r, cases[i].settings, cases[i].key, cases[i].secret);
			assert_int_equal(read(r.parent, &byte, 1), 0);
			assert_int_equal(ended(&r), 1);
		}
	}
	text_free(&key);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_more_are_kept_than_there_is_room_for),
		cmocka_unit_test(slots_are_for_each_key_secret_and_epoch),
		cmocka_unit_test(epochs_change_in_the_middle_of_ten_minutes),
		cmocka_unit_test(what_was_sealed_now_is_opened),
		cmocka_unit_test(keys_that_are_not_there_open_nothing),
		cmocka_unit_test(what_was_sealed_at_another_time_stays_shut),
		cmocka_unit_test(the_process_answers_and_is_locked_in),
		cmocka_unit_test(it_ends_with_its_peers),
		cmocka_unit_test(it_ends_where_the_peer_says_what_it_may_not),
		cmocka_unit_test(a_peer_that_does_not_read_ends_nothing),
		cmocka_unit_test(files_that_do_not_serve_end_it_before_it_is_ready),
	};

	if (sodium_init() < 0)
		return 1;
	return cmocka_run_group_tests_name("gate/keeper", tests, NULL, NULL);
}
