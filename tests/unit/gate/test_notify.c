/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_notify.c - the service manager is told what sd_notify(3) would tell it, and who is not asked says nothing. */
#include "base/scratch.h"

#include "base/macros.h"
#include "gate/notify.h"

#include <sys/socket.h>
#include <sys/un.h>

#include "base/banned.h"

/* A socket to be told on, named by NOTIFY_SOCKET. */
static int listen_at(const char *name)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	const size_t len = strlen(name);
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	assert_true(fd >= 0 && len < sizeof a.sun_path);
	memcpy(a.sun_path, name, len);
	if (name[0] == '@')
		a.sun_path[0] = '\0';
	assert_int_equal(bind(fd, (struct sockaddr *)&a, (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len)), 0);
	setenv("NOTIFY_SOCKET", name, 1);
	return fd;
}

static void heard_is(int fd, const char *what)
{
	char got[512];
	ssize_t n = recv(fd, got, sizeof got - 1, 0);

	got[n > 0 ? n : 0] = '\0';
	assert_string_equal(got, what);
}

static void tells_each_state(void **state)
{
	char dir[SCRATCH_DIR], abstract[64], got[512];
	const char *names[2];

	scratch_make(dir);
	snprintf(abstract, sizeof abstract, "@sallyport-test-%d", (int)getpid());
	names[0] = scratch_path(dir, "notify");
	names[1] = abstract;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		int fd = listen_at(names[i]);
		struct notify n;

		notify_open(&n);
		assert_true(n.fd >= 0);
		assert_null(getenv("NOTIFY_SOCKET"));
		notify_ready(&n, "fine");
		heard_is(fd, "READY=1\nSTATUS=fine");
		notify_status(&n, "so so");
		heard_is(fd, "STATUS=so so");
		notify_beat(&n);
		heard_is(fd, "WATCHDOG=1\n");
		notify_stopping(&n);
		heard_is(fd, "STOPPING=1\nSTATUS=ending; the table stays");
		notify_reloading(&n);
		got[recv(fd, got, sizeof got - 1, 0)] = '\0';
		assert_memory_equal(got, "RELOADING=1\nMONOTONIC_USEC=", 27);
		notify_close(&n);
		assert_int_equal(n.fd, -1);
		close(fd);
	}
	scratch_remove(dir);
}

static void beats_in_half_of_the_time(void **state)
{
	char self[32];
	const struct {
		const char *usec, *pid;
		unsigned long beat_ms;
	} cases[] = {
		{ "30000000", NULL, 15000 },
		{ "30000000", self, 15000 },
		{ "30000000", "1", 0 },
		{ "30000000", "x", 0 },
		{ NULL, self, 0 },
		{ "soon", self, 0 },
		{ "0", self, 0 },
		{ "-5", self, 0 },
		{ "2000", self, 1 },
	};
	int fd;

	snprintf(self, sizeof self, "%d", (int)getpid());
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char name[64];
		struct notify n;

		snprintf(name, sizeof name, "@sallyport-beat-%d-%zu", (int)getpid(), i);
		fd = listen_at(name);
		if (cases[i].usec)
			setenv("WATCHDOG_USEC", cases[i].usec, 1);
		if (cases[i].pid)
			setenv("WATCHDOG_PID", cases[i].pid, 1);
		notify_open(&n);
		assert_int_equal(n.beat_ms, cases[i].beat_ms);
		assert_null(getenv("WATCHDOG_USEC"));
		assert_null(getenv("WATCHDOG_PID"));
		notify_close(&n);
		close(fd);
	}
}

static void says_nothing_where_nobody_listens(void **state)
{
	static const char *const names[] = { NULL, "", "/", "@", "relative", "/nonexistent/notify", "vsock:2:1" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		struct notify n;

		if (names[i])
			setenv("NOTIFY_SOCKET", names[i], 1);
		setenv("WATCHDOG_USEC", "30000000", 1);
		notify_open(&n);
		assert_int_equal(n.fd, -1);
		assert_int_equal(n.beat_ms, 0);
		notify_ready(&n, "fine");
		notify_close(&n);
	}
}

static void who_does_not_listen_is_not_waited_for(void **state)
{
	char name[64];
	struct notify n;
	int fd;

	snprintf(name, sizeof name, "@sallyport-full-%d", (int)getpid());
	fd = listen_at(name);
	notify_open(&n);
	for (int i = 0; i < 10000; i++)
		notify_status(&n, "again");
	close(fd);
	notify_status(&n, "and gone");
	notify_close(&n);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tells_each_state),
		cmocka_unit_test(beats_in_half_of_the_time),
		cmocka_unit_test(says_nothing_where_nobody_listens),
		cmocka_unit_test(who_does_not_listen_is_not_waited_for),
	};

	return cmocka_run_group_tests_name("gate/notify", tests, NULL, NULL);
}
