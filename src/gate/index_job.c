/* SPDX-License-Identifier: GPL-3.0-or-later */
/* index_job.c - fork for a question, and believe nothing of what the child says that can be checked. */
#include "gate/index_job.h"

#include "base/clock.h"
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/banned.h"

#define CPU_SECONDS 5
#define REPORT_BYTES (sizeof(struct index_report) + COMMAND_MEMORY_NEWS)

/* --- the child --- */

static void report_write(int fd, const struct message_answer *answer, const struct command_memory *m)
{
	struct index_report head = { .answer = *answer, .ran = command_memory_started(m) };
	struct text news = { 0 };

	if (!command_memory_write(m, &news))
		head.news = (uint32_t)news.len;
	if (file_write_all(fd, &head, sizeof head) || file_write_all(fd, text_string(&news), head.news))
		_exit(1);
}

/* What the process that looks into files tells the one that may run commands. */
struct files_said {
	struct message_answer answer;
	bool more; /* a command could know more */
};

/* Ended with whoever started it. */
static void begin(pid_t parent)
{
	const struct rlimit cpu = { CPU_SECONDS, CPU_SECONDS };
	sigset_t none;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	(void)setrlimit(RLIMIT_CPU, &cpu);
}

/* Has seen none of the account's files, and so may keep its rights. */
static NORETURN void run_commands(const struct index_question *q, struct lookup *l, struct command_memory *m, int fd,
				  int from, pid_t parent)
{
	struct files_said said;
	char *got = NULL;
	size_t len = 0;

	begin(parent);
	if (file_read_all(from, sizeof said, &got, &len) || len != sizeof said)
		_exit(1);
	memcpy(&said, got, sizeof said);
	free(got);
	if (said.more)
		lookup_answer_commands(l, &q->question, clock_wall(), &said.answer);
	report_write(fd, &said.answer, m);
	_exit(0);
}

/*
 * The lookup gives its rights up before it takes a file apart, so commands need another process. That one waits for it, and not the other
 * way round, because a file may hang where nothing can be killed: it is this one that index watches.
 */
static void work_with_commands(const struct index_question *q, struct lookup *l, struct command_memory *m, int fd)
{
	struct files_said said = { 0 };
	const pid_t self = getpid();
	int ends[2];
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) || (pid = fork()) < 0)
		_exit(1);
	if (!pid) {
		close(ends[1]);
		run_commands(q, l, m, fd, ends[0], self);
	}
	close(fd);
	close(ends[0]);
	said.more = lookup_answer_files(l, &q->question, clock_wall(), &said.answer);
	if (file_write_all(ends[1], &said, sizeof said))
		_exit(1);
	close(ends[1]);
	waitpid(pid, NULL, 0);
}

/* The sockets are the index's alone: a child that cannot be killed must not keep them open after its death. */
static NORETURN void work(const struct index_question *q, struct lookup *l, struct command_memory *m, int fd,
			  pid_t parent)
{
	struct message_answer answer;

	begin(parent);
	if (lookup_has_commands(l)) {
		work_with_commands(q, l, m, fd);
	} else {
		(void)!lookup_answer_files(l, &q->question, clock_wall(), &answer);
		report_write(fd, &answer, m);
	}
	_exit(0);
}

enum err index_job_start(struct index_job *j, const struct index_question *q, struct lookup *l,
			 struct command_memory *m, const int *others, size_t nothers, uint64_t now_ms)
{
	const pid_t parent = getpid();
	int ends[2];
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC))
		return ERR_SYSTEM;
	pid = fork();
	if (!pid) {
		for (size_t i = 0; i < nothers; i++)
			file_close(others[i]);
		close(ends[0]);
		work(q, l, m, ends[1], parent);
	}
	file_close(ends[1]);
	if (pid < 0 || fcntl(ends[0], F_SETFL, O_NONBLOCK)) {
		file_close(ends[0]);
		return ERR_SYSTEM;
	}
	*j = (struct index_job){ .state = JOB_RUNNING, .pid = pid, .fd = ends[0], .started_ms = now_ms, .from = *q };
	return ERR_NONE;
}

/* --- what it says --- */

enum err index_job_read(struct index_job *j)
{
	char block[16384];
	ssize_t n;

	while ((n = read(j->fd, block, sizeof block))) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == EAGAIN ? ERR_NONE : ERR_SYSTEM;
		if ((size_t)n > REPORT_BYTES - j->report.len)
			return ERR_TOO_BIG;
		text_add_bytes(&j->report, block, (size_t)n);
		if (text_check(&j->report))
			return ERR_MEMORY;
	}
	return ERR_CLOSED;
}

void index_unknown(struct message_answer *out, const char *why)
{
	*out = (struct message_answer){ .stage = STAGE_UNKNOWN };
	snprintf(out->reason, sizeof out->reason, "%s", why);
}

static bool reason_fits(const char *reason, size_t size)
{
	const char *end = memchr(reason, '\0', size);

	for (const char *p = reason; end && p < end; p++)
		if ((unsigned char)*p < ' ' || *p == 0x7f)
			return false;
	return end;
}

static bool is_zero(const uint8_t *bytes, size_t len)
{
	return !len || sodium_is_zero(bytes, len);
}

/* The key that a plain question is about is the one in the answer, or the child has been taken over. */
static bool key_fits(const struct message_answer *a, const struct message_question *q)
{
	uint8_t id[NATIVE_KEY_ID];

	if (a->key_len > MESSAGE_KEY_MAX || !is_zero(a->key + a->key_len, MESSAGE_KEY_MAX - a->key_len))
		return false;
	if (!a->key_len)
		return a->stage != STAGE_ACCEPTED;
	if (q->kind != NATIVE_PLAIN_KEY)
		return true;
	(void)crypto_hash_sha256(id, a->key, a->key_len);
	return !memcmp(id, q->keyid, sizeof id);
}

static bool answer_fits(const struct message_answer *a, const struct message_question *q)
{
	return a->stage < STAGE_COUNT && !(a->wants & ~(NATIVE_WANT_TOUCH | NATIVE_WANT_VERIFY)) && a->slow <= 1 &&
	       !a->reserved && !a->reserved2 && reason_fits(a->reason, sizeof a->reason) && key_fits(a, q);
}

enum err index_report_parse(const void *bytes, size_t len, const struct message_question *q, struct command_memory *m,
			    uint64_t now_ms, struct message_answer *out, bool *ran)
{
	struct index_report head;

	index_unknown(out, "the answer did not come");
	*ran = true;
	if (len < sizeof head)
		return ERR_SYNTAX;
	memcpy(&head, bytes, sizeof head);
	if (head.news != len - sizeof head || !answer_fits(&head.answer, q) ||
	    command_memory_read(m, (const uint8_t *)bytes + sizeof head, head.news, now_ms))
		return ERR_SYNTAX;
	*out = head.answer;
	*ran = head.ran;
	return ERR_NONE;
}

enum err index_job_answer(const struct index_job *j, struct command_memory *m, uint64_t now_ms,
			  struct message_answer *out, bool *ran)
{
	return index_report_parse(text_string(&j->report), j->report.len, &j->from.question, m, now_ms, out, ran);
}

/* --- its end --- */

void index_job_end(struct index_job *j)
{
	(void)kill(j->pid, SIGKILL);
	file_close(j->fd);
	j->fd = -1;
	text_free(&j->report);
	j->state = JOB_LINGERING;
	index_job_reap(j);
}

void index_job_reap(struct index_job *j)
{
	pid_t gone;

	if (j->state != JOB_LINGERING)
		return;
	gone = waitpid(j->pid, NULL, WNOHANG);
	if (gone == j->pid || (gone < 0 && errno == ECHILD))
		*j = (struct index_job){ .fd = -1 };
}

bool index_job_is_for(const struct index_job *j, const struct message_question *q)
{
	return j->state != JOB_FREE && !strcmp((const char *)j->from.question.user, (const char *)q->user);
}
