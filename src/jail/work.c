/* SPDX-License-Identifier: GPL-3.0-or-later */
/* work.c - many small jobs of one build, by a few threads. */
#include "jail/work.h"

#include "base/interrupt.h"
#include "base/text.h"

#include <errno.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/banned.h"

#define MAX_THREADS 4
#define JOBS_PER_THREAD 32 /* fewer are done before a thread has started */

void work_init(struct work *w, const struct root *r, const struct jail *j, enum build_how how, struct diags *problems)
{
	*w = (struct work){ .r = r,
			    .how = how,
			    .uid = j->uid,
			    .gid = j->gid,
			    .own_uid = geteuid(),
			    .own_gid = getegid(),
			    .problems = problems };
	pthread_mutex_init(&w->mutex, NULL);
}

void build_told_clear(struct build_told *t)
{
	strings_free(&t->added);
	strings_free(&t->replaced);
	strings_free(&t->removed);
	*t = (struct build_told){ 0 };
}

void work_tell(struct work *w, struct build_told *told)
{
	build_told_clear(told);
	*told = w->told;
	w->told = (struct build_told){ 0 };
}

void work_clear(struct work *w)
{
	build_told_clear(&w->told);
	pthread_mutex_destroy(&w->mutex);
}

enum err work_fail(struct work *w, const char *path, const char *what)
{
	return work_refuse(w, path, "%s: %s", what, strerror(errno));
}

enum err work_refuse(struct work *w, const char *path, const char *format, ...)
{
	struct text t = { 0 };
	va_list ap;

	va_start(ap, format);
	text_addv(&t, format, ap);
	va_end(ap);
	pthread_mutex_lock(&w->mutex);
	diag_error_escaped(w->problems, path, 0, "%s", text_string(&t));
	pthread_mutex_unlock(&w->mutex);
	text_free(&t);
	return ERR_CONFIG;
}

struct crew {
	struct work *w;
	work_job *job;
	void *arg;
	size_t n;
	atomic_size_t next;
	atomic_int err; /* the first one */
};

static void *crew_work(void *arg)
{
	struct crew *c = arg;
	unsigned char *buffer = malloc(WORK_BUFFER);
	int none = ERR_NONE;
	size_t i;

	if (!buffer)
		atomic_compare_exchange_strong(&c->err, &none, ERR_MEMORY);
	while (buffer && !atomic_load(&c->err) && (i = atomic_fetch_add(&c->next, 1)) < c->n) {
		const enum err e = interrupt_pending() ? ERR_INTERRUPTED : c->job(c->w, i, c->arg, buffer);

		none = ERR_NONE;
		if (e)
			atomic_compare_exchange_strong(&c->err, &none, (int)e);
	}
	free(buffer);
	return NULL;
}

enum err work_each(struct work *w, size_t n, work_job *job, void *arg)
{
	struct crew c = { .w = w, .job = job, .arg = arg, .n = n };
	pthread_t threads[MAX_THREADS];
	const long cores = sysconf(_SC_NPROCESSORS_ONLN);
	size_t wanted = n / JOBS_PER_THREAD, started = 0;

	wanted = wanted > MAX_THREADS ? MAX_THREADS : wanted;
	wanted = cores > 0 && wanted > (size_t)cores ? (size_t)cores : wanted;
	/* this one works, too; where no other can be had, alone */
	while (started + 1 < wanted && !pthread_create(&threads[started], NULL, crew_work, &c))
		started++;
	crew_work(&c);
	for (size_t i = 0; i < started; i++)
		pthread_join(threads[i], NULL);
	return (enum err)atomic_load(&c.err);
}
