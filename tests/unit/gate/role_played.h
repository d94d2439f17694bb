/* SPDX-License-Identifier: GPL-3.0-or-later */
/* role_played.h - a role's loop in a process of its own, between peers, a clock and a log that the test plays. */
#ifndef TESTS_UNIT_GATE_ROLE_PLAYED_H
#define TESTS_UNIT_GATE_ROLE_PLAYED_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "gate/log.h"
#include "gate/message.h"
#include "gate/settings.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define PLAYED_LOG 65536
#define PLAYED_WAIT_MS 5000 /* for what takes a moment */
#define PLAYED_QUIET_MS 150 /* in which nothing must come */
/* The stamp of a message that no row has: bigger than any body. */
#define PLAYED_MESSAGE 4096

/* Shared by the test and the role. */
static struct played {
	atomic_ullong later_ms; /* how far the boot clock has been moved on */
	atomic_uint log_len;
	char log[PLAYED_LOG];
} * played;

/* --- the clocks: all of base/clock.h, so that its own file is not linked --- */

time_t clock_wall(void)
{
	return time(NULL);
}

uint64_t clock_boot_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_BOOTTIME, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000 + atomic_load(&played->later_ms);
}

void clock_boot_id(char out[37])
{
	out[0] = '\0';
}

/* --- the log --- */

static void played_say(const char *event, va_list fields)
{
	char line[2048];
	unsigned at = atomic_load(&played->log_len);
	const char *name, *value;
	size_t len = (size_t)snprintf(line, sizeof line, "%s", event);

	while ((name = va_arg(fields, const char *))) {
		value = va_arg(fields, const char *);
		if (value && *value && len < sizeof line)
			len += (size_t)snprintf(line + len, sizeof line - len, " %s=%s", name, value);
	}
	if (at + len + 2 < PLAYED_LOG)
		atomic_fetch_add(&played->log_len, (unsigned)snprintf(played->log + at, PLAYED_LOG - at, "%s\n", line));
}

void log_event(enum log_level level, const char *event, ...)
{
	va_list fields;

	va_start(fields, event);
	played_say(event, fields);
	va_end(fields);
}

/* That it is asked at all is what a test can see: the rate is log.c's own. */
void log_event_limited(struct log_limit *limit, enum log_level level, const char *event, ...)
{
	va_list fields;

	if (!limit->burst || !limit->every_seconds)
		abort();
	va_start(fields, event);
	played_say(event, fields);
	va_end(fields);
}

static inline bool log_says(const char *part)
{
	return strstr(played->log, part);
}

/* --- the process --- */

static inline void played_make(void)
{
	played = mmap(NULL, sizeof *played, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_true(played != MAP_FAILED);
}

static inline void played_free(void)
{
	munmap(played, sizeof *played);
}

static inline void pair_make(int type, int *ours, int *theirs)
{
	int fds[2];

	assert_int_equal(socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, fds), 0);
	*ours = fds[0];
	*theirs = fds[1];
}

/* Its exit status; it must end by itself. *pid becomes -1. */
static inline int role_status(pid_t *pid)
{
	int status = 0;

	for (unsigned i = 0; i < PLAYED_WAIT_MS / 10; i++) {
		if (waitpid(*pid, &status, WNOHANG) == *pid) {
			*pid = -1;
			assert_true(WIFEXITED(status));
			return WEXITSTATUS(status);
		}
		usleep(10000);
	}
	fail_msg("it goes on");
	return -1;
}

static inline bool role_runs(pid_t pid)
{
	return waitpid(pid, NULL, WNOHANG) == 0;
}

static inline void role_kill(pid_t pid)
{
	if (pid <= 0)
		return;
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static inline struct settings *settings_make(const char *text)
{
	struct diags problems = { 0 };
	struct settings *s = NULL;

	assert_int_equal(settings_parse(text, strlen(text), "test", &s, &problems), ERR_NONE);
	diags_free(&problems);
	return s;
}

/* --- messages --- */

struct heard {
	struct message_head head;
	size_t len; /* of the body */
	union {
		unsigned char bytes[PLAYED_MESSAGE];
		max_align_t align;
	} body;
};

/* The next packet within the time; false if there is none. */
static inline bool hear(int fd, int ms, struct heard *out)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	struct iovec parts[] = { { &out->head, sizeof out->head }, { out->body.bytes, sizeof out->body.bytes } };
	struct msghdr m = { .msg_iov = parts, .msg_iovlen = 2 };
	ssize_t n;

	if (poll(&p, 1, ms) != 1)
		return false;
	n = recvmsg(fd, &m, 0);
	if (n < (ssize_t)sizeof out->head)
		return false;
	out->len = (size_t)n - sizeof out->head;
	return true;
}

/* Of a message of that kind; of one that there is not: some. */
static inline size_t body_size(uint32_t kind)
{
	static const size_t sizes[MESSAGE_KIND_COUNT] = {
		[MESSAGE_SLOTS] = sizeof(struct message_slots),
		[MESSAGE_OPEN] = sizeof(struct message_open),
		[MESSAGE_OPENED] = sizeof(struct message_opened),
		[MESSAGE_QUESTION] = sizeof(struct message_question),
		[MESSAGE_ANSWER] = sizeof(struct message_answer),
		[MESSAGE_KNOCK] = sizeof(struct message_knock),
		[MESSAGE_KNOCKED] = sizeof(struct message_knocked),
		[MESSAGE_COUNTS] = sizeof(struct message_counts),
	};

	return kind < MESSAGE_KIND_COUNT ? sizes[kind] : 8;
}

static inline void say(int fd, uint32_t kind, uint32_t id, const void *body, size_t len)
{
	struct pollfd room = { .fd = fd, .events = POLLOUT };
	enum err e;

	while ((e = message_send(fd, kind, id, body, len)) == ERR_BUSY)
		assert_int_equal(poll(&room, 1, PLAYED_WAIT_MS), 1);
	assert_int_equal(e, ERR_NONE);
}

#endif
