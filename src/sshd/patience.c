/* SPDX-License-Identifier: GPL-3.0-or-later */
/* patience.c - a thread for each call; one that hangs is left alone, since nothing can be taken from it safely. */
#include "sshd/patience.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <time.h>

#include "base/banned.h"

struct wait {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	bool done, left_alone;
	atomic_uint ticks;
	pthread_t thread;
	enum err (*call)(void *job);
	void (*dispose)(void *job);
	void *job;
	enum err result;
	int error; /* errno of it */
};

static _Thread_local struct wait *ours;
static atomic_uint wasted; /* seconds */

void patience_tick(void)
{
	if (ours)
		atomic_fetch_add(&ours->ticks, 1);
}

static void wait_free(struct wait *w)
{
	pthread_cond_destroy(&w->changed);
	pthread_mutex_destroy(&w->lock);
	free(w);
}

static struct wait *wait_new(enum err (*call)(void *job), void *job, void (*dispose)(void *job))
{
	struct wait *w = calloc(1, sizeof *w);
	pthread_condattr_t attr;

	if (!w)
		return NULL;
	w->call = call;
	w->job = job;
	w->dispose = dispose;
	pthread_mutex_init(&w->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&w->changed, &attr);
	pthread_condattr_destroy(&attr);
	return w;
}

static void *run(void *arg)
{
	struct wait *w = arg;
	bool left_alone;

	ours = w;
	w->result = w->call(w->job);
	w->error = errno;
	pthread_mutex_lock(&w->lock);
	w->done = true;
	left_alone = w->left_alone;
	pthread_cond_signal(&w->changed);
	pthread_mutex_unlock(&w->lock);
	if (left_alone) {
		w->dispose(w->job);
		wait_free(w);
	}
	return NULL;
}

/* Signals stay with the thread that knows what to do about them. */
static bool start(struct wait *w)
{
	sigset_t all, before;
	bool started;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	started = !pthread_create(&w->thread, NULL, run, w);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return started;
}

/* Whether it came back, with the lock held. Every sign of life gives it time anew. */
static bool wait_long(struct wait *w)
{
	unsigned ticks;
	struct timespec until;

	do {
		int status = 0;
		ticks = atomic_load(&w->ticks);
		(void)clock_gettime(CLOCK_MONOTONIC, &until);
		until.tv_sec += PATIENCE_SECONDS;
		while (!w->done && !status)
			status = pthread_cond_timedwait(&w->changed, &w->lock, &until);
	} while (!w->done && atomic_load(&w->ticks) != ticks);
	return w->done;
}

enum err patience_run(enum err (*call)(void *job), void *job, void (*dispose)(void *job))
{
	struct wait *w;
	bool done;
	enum err e;

	if (atomic_load(&wasted) >= PATIENCE_TOTAL_SECONDS) {
		dispose(job);
		return ERR_TIMEOUT;
	}
	if (!(w = wait_new(call, job, dispose)))
		return ERR_MEMORY;
	/* no thread can begin behind unshare(CLONE_NEWPID): better to wait than not to know */
	if (!start(w)) {
		wait_free(w);
		return call(job);
	}
	pthread_mutex_lock(&w->lock);
	done = wait_long(w);
	w->left_alone = !done;
	if (!done)
		pthread_detach(w->thread); /* it disposes of itself */
	pthread_mutex_unlock(&w->lock);
	if (!done) {
		atomic_fetch_add(&wasted, PATIENCE_SECONDS);
		return ERR_TIMEOUT;
	}
	/* gone before anybody forks: what it holds on its way out would be held for ever in a child */
	pthread_join(w->thread, NULL);
	e = w->result;
	errno = w->error;
	wait_free(w);
	return e;
}
