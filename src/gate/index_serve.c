/* SPDX-License-Identifier: GPL-3.0-or-later */
/* index_serve.c - one epoll loop that never waits for a child or a peer. */
#include "gate/index_serve.h"

#include "base/clock.h"
#include "base/file.h"
#include "gate/index_job.h"
#include "gate/index_rate.h"
#include "gate/log.h"
#include "gate/message.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/banned.h"

#define JOBS 256	/* those that run and those that cannot be killed */
#define TAKE_AT_ONCE 16 /* messages of one peer, before others have their turn */

/* What an event of epoll is about; a job's number comes behind. */
enum source { SOURCE_PARENT, SOURCE_NET, SOURCE_GRANT, SOURCE_CHILD, SOURCE_JOB };

/* In the order in which they came. */
struct queue {
	struct index_question *v;
	size_t n;
};

struct index {
	const struct index_setup *setup;
	int epoll, children;
	struct queue grant, net;
	struct index_job job[JOBS];
	struct index_rate rate;
	struct log_limit unsaid, broken, slow, full;
};

/* --- answers --- */

static void answer_send(struct index *x, const struct index_question *q, const struct message_answer *a)
{
	enum err e = message_send(q->asker, MESSAGE_ANSWER, q->id, a, sizeof *a);

	/* that it closed is seen where it is read from; one that does not read its answers has stopped waiting for them */
	if (e && e != ERR_CLOSED)
		log_event_limited(&x->unsaid, LOG_LEVEL_WARNING, "answer-lost", "why", err_text(e), NULL);
}

static void answer_unknown(struct index *x, const struct index_question *q, const char *why)
{
	struct message_answer a;

	index_unknown(&a, why);
	answer_send(x, q, &a);
}

static const char *user_of(const struct index_question *q)
{
	return (const char *)q->question.user;
}

/* --- jobs --- */

static struct index_job *job_free(struct index *x)
{
	for (size_t i = 0; i < JOBS; i++)
		if (x->job[i].state == JOB_FREE)
			return &x->job[i];
	return NULL;
}

/* What runs, and what of it. */
struct load {
	unsigned all, net, hung, user;
	unsigned stuck;	    /* of the account, killed and still there */
	uint64_t oldest_ms; /* of the account: how long it has been running */
};

static struct load load_for(const struct index *x, const struct message_question *q, uint64_t now)
{
	struct load l = { 0 };

	for (size_t i = 0; i < JOBS; i++) {
		const struct index_job *j = &x->job[i];
		const bool same = index_job_is_for(j, q);
		l.stuck += same && j->state == JOB_LINGERING && j->late;
		if (j->state != JOB_RUNNING)
			continue;
		l.all++;
		l.net += j->from.asker == x->setup->net;
		l.hung += j->probe;
		l.user += same;
		if (same && now - j->started_ms > l.oldest_ms)
			l.oldest_ms = now - j->started_ms;
	}
	return l;
}

static void job_watch(struct index *x, const struct index_job *j)
{
	struct epoll_event ev = { .events = EPOLLIN, .data.u64 = SOURCE_JOB + (uint64_t)(j - x->job) };

	if (epoll_ctl(x->epoll, EPOLL_CTL_ADD, j->fd, &ev))
		abort();
}

static void job_start(struct index *x, const struct index_question *q, bool probe, uint64_t now)
{
	const struct index_setup *s = x->setup;
	const int others[] = { s->parent, s->net, s->grant, x->epoll, x->children };
	struct index_job *j = job_free(x);
	const bool may_run = index_rate_take(&x->rate, user_of(q), now);
	enum err e = ERR_BUSY;

	s->refresh(s->context);
	command_memory_mark(s->memory);
	command_memory_allow(s->memory, may_run);
	if (j)
		e = index_job_start(j, q, s->lookup, s->memory, others, ARRAY_SIZE(others), now);
	if (e) {
		if (may_run)
			index_rate_give_back(&x->rate, user_of(q));
		log_event_limited(&x->full, LOG_LEVEL_WARNING, "index-full", "why", err_text(e), NULL);
		answer_unknown(x, q, "too many questions hang");
		return;
	}
	j->probe = probe;
	j->charged = may_run;
	job_watch(x, j);
}

/* Children that were forked since have a copy of the descriptor, so that closing it is not enough for epoll. */
static void job_end(struct index *x, struct index_job *j)
{
	(void)epoll_ctl(x->epoll, EPOLL_CTL_DEL, j->fd, NULL);
	index_job_end(j);
}

/* A key that was found is known from now on, so that its use for another account can be told from a stranger's. */
static void job_learn(struct index *x, const struct index_job *j, const struct message_answer *a)
{
	if (j->from.question.kind == NATIVE_PLAIN_KEY && a->key_len &&
	    lookup_learn(x->setup->lookup, j->from.question.keyid))
		log_event_limited(&x->broken, LOG_LEVEL_WARNING, "no-memory", NULL);
}

static void job_done(struct index *x, struct index_job *j, uint64_t now)
{
	struct message_answer a;
	bool ran;

	if (index_job_answer(j, x->setup->memory, now, &a, &ran))
		log_event_limited(&x->broken, LOG_LEVEL_WARNING, "lookup-broken", "user", user_of(&j->from), NULL);
	else
		index_rate_fine(&x->rate, user_of(&j->from));
	if (!ran && j->charged)
		index_rate_give_back(&x->rate, user_of(&j->from));
	job_learn(x, j, &a);
	answer_send(x, &j->from, &a);
	job_end(x, j);
}

static void job_read(struct index *x, struct index_job *j, uint64_t now)
{
	/* after any error the report is not whole, which is seen where it is taken apart */
	if (j->state == JOB_RUNNING && index_job_read(j))
		job_done(x, j, now);
}

/* Those that take too long. */
static void jobs_kill(struct index *x, uint64_t now)
{
	for (size_t i = 0; i < JOBS; i++) {
		struct index_job *j = &x->job[i];
		if (j->state != JOB_RUNNING || now - j->started_ms < INDEX_JOB_MS)
			continue;
		log_event_limited(&x->slow, LOG_LEVEL_WARNING, "lookup-slow", "user", user_of(&j->from), NULL);
		index_rate_hung(&x->rate, user_of(&j->from), now);
		answer_unknown(x, &j->from, "the files or commands of the account did not answer in time");
		j->late = true;
		job_end(x, j);
	}
}

static void jobs_reap(struct index *x)
{
	struct signalfd_siginfo seen[8];

	/* how many have ended does not matter */
	while (read(x->children, seen, sizeof seen) > 0)
		;
	for (size_t i = 0; i < JOBS; i++)
		index_job_reap(&x->job[i]);
}

/* --- the queues --- */

static void queue_remove(struct queue *q, size_t i)
{
	memmove(q->v + i, q->v + i + 1, (q->n - i - 1) * sizeof *q->v);
	q->n--;
}

enum turn { TURN_NOW, TURN_LATER, TURN_NEVER };

/* 'hangs': the account did, a while ago; then one question at a time finds out whether it still does. */
static enum turn turn_of(const struct load *l, bool hangs, bool of_net)
{
	if (hangs && (l->user || l->stuck || l->hung >= INDEX_RUNNING_OF_HUNG))
		return TURN_NEVER;
	if (l->stuck >= INDEX_RUNNING_OF_USER)
		return TURN_NEVER;
	if (l->user + l->stuck >= INDEX_RUNNING_OF_USER)
		return l->oldest_ms >= INDEX_SLOW_MS ? TURN_NEVER : TURN_LATER;
	if (l->all >= INDEX_RUNNING || (of_net && l->net >= INDEX_RUNNING_OF_NET))
		return TURN_LATER;
	return TURN_NOW;
}

static void queue_serve(struct index *x, struct queue *queue, uint64_t now)
{
	for (size_t i = 0; i < queue->n;) {
		const struct index_question q = queue->v[i];
		const bool hangs = index_rate_hangs(&x->rate, user_of(&q), now);
		const struct load l = load_for(x, &q.question, now);
		enum turn turn = turn_of(&l, hangs, queue == &x->net);

		if (turn == TURN_LATER && now - q.asked_ms < INDEX_JOB_MS) {
			i++;
			continue;
		}
		queue_remove(queue, i);
		if (turn == TURN_NOW)
			job_start(x, &q, hangs, now);
		else
			answer_unknown(x, &q, turn == TURN_NEVER ? "the account hangs" : "too many questions wait");
	}
}

static enum err take_question(void *role, int fd, uint32_t id, const void *body)
{
	struct index *x = role;
	struct queue *queue = fd == x->setup->grant ? &x->grant : &x->net;
	struct index_question q = { .asker = fd, .id = id, .asked_ms = clock_boot_ms() };

	memcpy(&q.question, body, sizeof q.question);
	if (!lookup_fits(&q.question))
		return ERR_SYNTAX;
	if (queue->n == INDEX_QUEUE)
		answer_unknown(x, &q, "too many questions wait");
	else
		queue->v[queue->n++] = q;
	return ERR_NONE;
}

/* --- the loop --- */

static bool watch(struct index *x, int fd, enum source s)
{
	struct epoll_event ev = { .events = EPOLLIN, .data.u64 = s };

	return !epoll_ctl(x->epoll, EPOLL_CTL_ADD, fd, &ev);
}

static enum err index_open(struct index *x)
{
	const struct index_setup *s = x->setup;
	sigset_t child;

	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	x->grant.v = calloc(INDEX_QUEUE, sizeof *x->grant.v);
	x->net.v = calloc(INDEX_QUEUE, sizeof *x->net.v);
	if (!x->grant.v || !x->net.v)
		return ERR_MEMORY;
	if (sigprocmask(SIG_BLOCK, &child, NULL) ||
	    (x->children = signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK)) < 0 ||
	    (x->epoll = epoll_create1(EPOLL_CLOEXEC)) < 0 || !watch(x, s->parent, SOURCE_PARENT) ||
	    !watch(x, s->net, SOURCE_NET) || !watch(x, s->grant, SOURCE_GRANT) || !watch(x, x->children, SOURCE_CHILD))
		return ERR_SYSTEM;
	return ERR_NONE;
}

static void index_close(struct index *x)
{
	for (size_t i = 0; i < JOBS; i++)
		if (x->job[i].state == JOB_RUNNING)
			index_job_end(&x->job[i]);
	free(x->grant.v);
	free(x->net.v);
	file_close(x->epoll);
	file_close(x->children);
	free(x);
}

static enum err peer_read(struct index *x, int fd)
{
	static const struct message_row rows[] = {
		{ MESSAGE_QUESTION, sizeof(struct message_question), take_question },
		{ 0 },
	};

	return message_receive(fd, rows, x, TAKE_AT_ONCE);
}

/* The parent has nothing to say: that it can be read from means that it is gone. */
static enum err event_handle(struct index *x, uint64_t source, uint64_t now)
{
	switch (source) {
	case SOURCE_PARENT: return ERR_CLOSED;
	case SOURCE_NET: return peer_read(x, x->setup->net);
	case SOURCE_GRANT: return peer_read(x, x->setup->grant);
	case SOURCE_CHILD: jobs_reap(x); return ERR_NONE;
	default: job_read(x, &x->job[source - SOURCE_JOB], now); return ERR_NONE;
	}
}

/* Until the next one must be killed, or may be slow enough to send others of its account away. -1: for ever. */
static int patience(const struct index *x, uint64_t now)
{
	uint64_t wait = UINT64_MAX;

	for (size_t i = 0; i < JOBS; i++)
		if (x->job[i].state == JOB_RUNNING) {
			uint64_t age = now - x->job[i].started_ms, left = age < INDEX_JOB_MS ? INDEX_JOB_MS - age : 0;
			if (left < wait)
				wait = left;
		}
	if ((x->grant.n || x->net.n) && wait > 100)
		wait = 100;
	return wait == UINT64_MAX ? -1 : (int)wait + 1;
}

static enum err index_turn(struct index *x)
{
	struct epoll_event events[32];
	uint64_t now = clock_boot_ms();
	int n = epoll_wait(x->epoll, events, ARRAY_SIZE(events), patience(x, now));
	enum err e = ERR_NONE;

	if (n < 0)
		return errno == EINTR ? ERR_NONE : ERR_SYSTEM;
	now = clock_boot_ms();
	for (int i = 0; i < n && !e; i++)
		e = event_handle(x, events[i].data.u64, now);
	/* not before the questions that have just come */
	now = clock_boot_ms();
	jobs_kill(x, now);
	queue_serve(x, &x->grant, now);
	queue_serve(x, &x->net, now);
	return e;
}

int index_serve(const struct index_setup *s)
{
	struct index *x = calloc(1, sizeof *x);
	enum err e;

	if (!x)
		return 1;
	x->setup = s;
	x->epoll = -1;
	x->children = -1;
	x->unsaid = (struct log_limit){ 1, 10 };
	x->broken = (struct log_limit){ 3, 10 };
	x->slow = (struct log_limit){ 3, 10 };
	x->full = (struct log_limit){ 1, 10 };
	e = index_open(x);
	while (!e)
		e = index_turn(x);
	if (e != ERR_CLOSED)
		log_event(LOG_LEVEL_ERROR, "index-ends", "why", err_text(e), NULL);
	index_close(x);
	return e == ERR_CLOSED ? 0 : 1;
}
