/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_log.c - an event is one line whoever wrote what is in it, and gets to whoever listens, without waiting. */
#include "base/scratch.h"

#include "base/clock.h"
#include "base/macros.h"
#include "base/mounts.h"
#include "gate/log.h"

#include <errno.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/banned.h"

#define JOURNAL "/run/systemd/journal/socket"
#define SYSLOG "/dev/log"

static void format_into(char *out, size_t size, const char *event, ...) __attribute__((sentinel));
static void format_into(char *out, size_t size, const char *event, ...)
{
	va_list fields;

	va_start(fields, event);
	log_format(out, size, event, fields);
	va_end(fields);
}

static void values_cannot_leave_their_place(void **state)
{
	static const struct {
		const char *value, *line;
	} cases[] = {
		{ "anna", "granted user=anna port=22" },
		{ "", "granted port=22" },
		{ NULL, "granted" },
		{ "an na", "granted user=\"an na\" port=22" },
		{ "an\tna", "granted user=\"an\\x09na\" port=22" },
		{ "a b=c", "granted user=\"a b=c\" port=22" },
		{ "x=y", "granted user=\"x=y\" port=22" },
		{ "a\" port=\"1", "granted user=\"a\\\" port=\\\"1\" port=22" },
		{ "a\\", "granted user=a\\\\ port=22" },
		{ "a \\", "granted user=\"a \\\\\" port=22" },
		{ "a\ngranted user=root", "granted user=\"a\\x0Agranted user=root\" port=22" },
		{ "\x1b[31m", "granted user=\\x1B[31m port=22" },
		{ "\xff\xfe", "granted user=\\xFF\\xFE port=22" },
		{ "\xc3\xa4", "granted user=\xc3\xa4 port=22" },
		{ "\xe2\x80\xae", "granted user=\\xE2\\x80\\xAE port=22" }, /* right to left from here */
	};
	char line[512];

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		if (cases[i].value)
			format_into(line, sizeof line, "granted", "user", cases[i].value, "port", "22", NULL);
		else
			format_into(line, sizeof line, "granted", "user", NULL, NULL);
		assert_string_equal(line, cases[i].line);
	}
}

/* What does not fit is left out whole, with bytes that get longer when they are escaped. */
static void a_line_is_cut_between_fields(void **state)
{
	static const char *const fields[] = { "refused", " key=k", " why=\"so it is\"", " user=\\x01\\x01\\x01" };
	char line[128], guard[128];

	for (size_t size = 1; size < sizeof line; size++) {
		char expected[128] = "";

		for (size_t i = 0; i < ARRAY_SIZE(fields); i++)
			if (strlen(expected) + strlen(fields[i]) < size)
				memcpy(expected + strlen(expected), fields[i], strlen(fields[i]) + 1);
		memset(line, 'X', sizeof line);
		memset(guard, 'X', sizeof guard);
		format_into(line, size, "refused", "key", "k", "why", "so it is", "user", "\1\1\1", NULL);
		assert_string_equal(line, expected);
		assert_memory_equal(line + size, guard + size, sizeof line - size);
	}
}

static void a_long_value_is_shortened_and_the_others_stay(void **state)
{
	char value[2000], line[1024];
	const char *begin, *end;

	memset(value, '\1', sizeof value);
	value[sizeof value - 1] = '\0';
	format_into(line, sizeof line, "refused", "user", value, "addr", "192.0.2.1", NULL);
	begin = strstr(line, "user=");
	end = strstr(line, "...");
	assert_true(begin && end);
	assert_string_equal(end, "... addr=192.0.2.1");
	assert_int_equal((end - begin - 5) % 4, 0);
	for (const char *p = begin + 5; p < end; p += 4)
		assert_memory_equal(p, "\\x01", 4);
}

/* ---- who listens; in a /run and a /dev of our own ---- */

static bool in_own_folders(void)
{
	static bool made;

	if (made)
		return true;
	if (geteuid() != 0 || unshare(CLONE_NEWNS) || mounts_make_private() ||
	    mount("none", "/run", "tmpfs", 0, NULL) || mount("none", "/dev", "tmpfs", 0, NULL))
		return false;
	assert_int_equal(mkdir("/run/systemd", 0755), 0);
	assert_int_equal(mkdir("/run/systemd/journal", 0755), 0);
	return made = true;
}

static void need_folders(void)
{
	if (!in_own_folders()) {
		print_message("# skipped: only root mounts a /run of its own\n");
		skip();
	}
	unlink(JOURNAL);
	unlink(SYSLOG);
}

static int listen_at(const char *path)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	snprintf(a.sun_path, sizeof a.sun_path, "%s", path);
	assert_true(fd >= 0);
	unlink(path);
	assert_int_equal(bind(fd, (const struct sockaddr *)&a, sizeof a), 0);
	return fd;
}

static size_t hear(int fd, char *out, size_t size)
{
	ssize_t n;

	while ((n = recv(fd, out, size - 1, 0)) == 0)
		; /* it was asked whether it is there */
	if (n < 0)
		n = 0;
	out[n] = '\0';
	return (size_t)n;
}

/* The value of a field as journald would take it; the whole message must be well formed. */
static bool journal_value(const char *message, size_t len, const char *name, char *out, size_t size)
{
	bool found = false;

	for (size_t at = 0; at < len;) {
		const char *end = memchr(message + at, '\n', len - at);
		uint64_t n = 0;
		size_t begin;

		assert_non_null(end);
		assert_null(memchr(message + at, '=', (size_t)(end - message) - at));
		begin = (size_t)(end - message) + 9;
		assert_true(begin <= len);
		for (int i = 7; i >= 0; i--)
			n = n << 8 | (uint8_t)end[1 + i];
		assert_true(n < len - begin);
		assert_int_equal(message[begin + n], '\n');
		if ((size_t)(end - message) - at == strlen(name) && !memcmp(message + at, name, strlen(name))) {
			assert_false(found);
			assert_true(n < size);
			memcpy(out, message + begin, n);
			out[n] = '\0';
			found = true;
		}
		at = begin + n + 1;
	}
	return found;
}

static void the_journal_gets_fields(void **state)
{
	static const struct {
		const char *name, *value;
	} fields[] = {
		{ "MESSAGE", "granted user=\"a\\x0AMESSAGE=b\" source-port=40000" },
		{ "PRIORITY", "5" },
		{ "SYSLOG_FACILITY", "10" },
		{ "SYSLOG_IDENTIFIER", "sallyportd" },
		{ "SALLYPORT_ROLE", "grant" },
		{ "SALLYPORT_EVENT", "granted" },
		{ "SALLYPORT_USER", "a\nMESSAGE=b" },
		{ "SALLYPORT_SOURCE_PORT", "40000" },
	};
	char got[8192], value[1024];
	int journal, syslog;
	size_t n;

	need_folders();
	journal = listen_at(JOURNAL);
	syslog = listen_at(SYSLOG);
	log_open("grant", false);
	log_event(LOG_LEVEL_NOTICE, "granted", "user", "a\nMESSAGE=b", "empty", "", "source-port", "40000", NULL);
	n = hear(journal, got, sizeof got);
	assert_true(n > 0);
	for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
		if (!journal_value(got, n, fields[i].name, value, sizeof value))
			fail_msg("no %s", fields[i].name);
		assert_string_equal(value, fields[i].value);
	}
	assert_false(journal_value(got, n, "SALLYPORT_EMPTY", value, sizeof value));
	assert_int_equal(hear(syslog, got, sizeof got), 0);
	close(journal);
	close(syslog);
}

static void syslog_gets_a_line_where_there_is_no_journal(void **state)
{
	char got[2048], end[256];
	int syslog;

	need_folders();
	syslog = listen_at(SYSLOG);
	log_open("net", false);
	log_event(LOG_LEVEL_WARNING, "flood", "port", "22", NULL);
	assert_true(hear(syslog, got, sizeof got) > 0);
	snprintf(end, sizeof end, " sallyportd[%ld]: flood port=22", (long)getpid());
	assert_memory_equal(got, "<84>", 4); /* authpriv.warning */
	assert_int_equal(strlen(got), 4 + 15 + strlen(end));
	assert_string_equal(got + 19, end);
	close(syslog);
}

static void standard_error_is_the_last_resort(void **state)
{
	char got[256];
	int ends[2], was = dup(STDERR_FILENO);
	ssize_t n;

	need_folders();
	assert_int_equal(pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
	assert_int_equal(dup2(ends[1], STDERR_FILENO), STDERR_FILENO);
	log_open("net", false);
	log_event(LOG_LEVEL_INFO, "begun", NULL);
	n = read(ends[0], got, sizeof got - 1);
	for (int i = 0; i < 5000; i++) /* more than a pipe holds */
		log_event(LOG_LEVEL_INFO, "begun", NULL);
	close(ends[0]);
	log_event(LOG_LEVEL_INFO, "nobody reads this", NULL);
	assert_int_equal(dup2(was, STDERR_FILENO), STDERR_FILENO);
	close(was);
	close(ends[1]);
	got[n > 0 ? n : 0] = '\0';
	assert_string_equal(got, "sallyportd[net]: begun\n");
}

static void a_log_that_was_restarted_is_found_again(void **state)
{
	static const char *const paths[] = { JOURNAL, SYSLOG };
	char got[8192];

	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		int fd;

		need_folders();
		fd = listen_at(paths[i]);
		log_open("net", false);
		log_event(LOG_LEVEL_INFO, "one", NULL);
		assert_true(hear(fd, got, sizeof got) > 0);
		close(fd);
		log_event(LOG_LEVEL_INFO, "lost", NULL);
		fd = listen_at(paths[i]);
		log_event(LOG_LEVEL_INFO, "three", NULL);
		assert_true(hear(fd, got, sizeof got) > 0);
		assert_non_null(memmem(got, sizeof got, "lost lines=1", 12));
		assert_true(hear(fd, got, sizeof got) > 0);
		assert_non_null(memmem(got, sizeof got, "three", 5));
		close(fd);
	}
}

/* With the queue of the other side full. */
static void who_does_not_listen_is_not_waited_for(void **state)
{
	char got[8192], value[64] = "";
	unsigned heard = 0, lost = 0;
	size_t n;
	int fd;

	need_folders();
	fd = listen_at(JOURNAL);
	log_open("net", false);
	for (int i = 0; i < 3000; i++)
		log_event(LOG_LEVEL_INFO, "again", NULL);
	while (hear(fd, got, sizeof got) > 0)
		heard++;
	assert_in_range(heard, 1, 2999);
	log_event(LOG_LEVEL_INFO, "again", NULL);
	n = hear(fd, got, sizeof got);
	assert_true(journal_value(got, n, "SALLYPORT_LINES", value, sizeof value));
	lost = (unsigned)strtoul(value, NULL, 10);
	assert_int_equal(lost + heard, 3000);
	close(fd);
}

static void a_journal_without_time_is_still_the_journal(void **state)
{
	char got[8192];
	int fd;

	need_folders();
	fd = listen_at(JOURNAL);
	log_open("net", false);
	for (int i = 0; i < 3000; i++)
		log_event(LOG_LEVEL_INFO, "again", NULL);
	log_open("net", false);
	while (hear(fd, got, sizeof got) > 0)
		;
	log_event(LOG_LEVEL_INFO, "after", NULL);
	(void)hear(fd, got, sizeof got); /* what was lost */
	assert_true(hear(fd, got, sizeof got) > 0);
	assert_non_null(memmem(got, sizeof got, "after", 5));
	close(fd);
}

static void what_strangers_cause_is_limited_and_counted(void **state)
{
	struct log_limit limit = { .burst = 3, .every_seconds = 1 };
	char got[8192], value[64];
	unsigned heard = 0;
	uint64_t begin;
	size_t n;
	int fd;

	need_folders();
	fd = listen_at(JOURNAL);
	log_open("net", false);
	begin = clock_boot_ms();
	for (int i = 0; i < 100; i++)
		log_event_limited(&limit, LOG_LEVEL_INFO, "refused", NULL);
	while ((n = hear(fd, got, sizeof got)) > 0) {
		assert_false(journal_value(got, n, "SALLYPORT_SUPPRESSED", value, sizeof value));
		heard++;
	}
	if (clock_boot_ms() - begin < 900) /* else the machine was slow, and more is right */
		assert_int_equal(heard, 3);
	while (clock_boot_ms() - begin < 1100 + (uint64_t)(heard - 3) * 1000)
		usleep(20000);
	log_event_limited(&limit, LOG_LEVEL_INFO, "refused", "why", "stage", NULL);
	n = hear(fd, got, sizeof got);
	assert_true(journal_value(got, n, "SALLYPORT_SUPPRESSED", value, sizeof value));
	assert_int_equal(strtoul(value, NULL, 10) + heard, 100);
	assert_true(journal_value(got, n, "MESSAGE", value, sizeof value));
	assert_memory_equal(value, "refused why=stage suppressed=", 29);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_cannot_leave_their_place),
		cmocka_unit_test(a_line_is_cut_between_fields),
		cmocka_unit_test(a_long_value_is_shortened_and_the_others_stay),
		cmocka_unit_test(the_journal_gets_fields),
		cmocka_unit_test(syslog_gets_a_line_where_there_is_no_journal),
		cmocka_unit_test(standard_error_is_the_last_resort),
		cmocka_unit_test(a_log_that_was_restarted_is_found_again),
		cmocka_unit_test(who_does_not_listen_is_not_waited_for),
		cmocka_unit_test(a_journal_without_time_is_still_the_journal),
		cmocka_unit_test(what_strangers_cause_is_limited_and_counted),
	};

	return cmocka_run_group_tests_name("gate/log", tests, NULL, NULL);
}
