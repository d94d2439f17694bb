/* SPDX-License-Identifier: GPL-3.0-or-later */
/* ahead.c - a short queue of open files, and a thread that reads them. */
#include "jail/ahead.h"

#include "base/file.h"
#include "jail/entry_digest.h"
#include "jail/known.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/banned.h"

#define MAX_WAITING 64		    /* each is an open file */
#define MAX_BYTES (4 * 1024 * 1024) /* of one, as ahead_stop() waits for it */

/* A file, waiting or read. */
struct job {
	char *path;
	int fd;
	struct stat st;
	char digest[ENTRY_DIGEST];
};

struct ahead {
	bool runs;
	pthread_t thread;
	struct known read;     /* jobs; the thread's own until it has ended */
	pthread_mutex_t mutex; /* of all that follows */
	pthread_cond_t changed;
	struct job *waiting[MAX_WAITING];
	size_t first, n;
	bool stop;
};

static void job_free(void *job)
{
	struct job *j = job;

	if (!j)
		return;
	file_close(j->fd);
	free(j->path);
	free(j);
}

/* NULL: that is all. */
static struct job *job_take(struct ahead *a)
{
	struct job *j = NULL;

	pthread_mutex_lock(&a->mutex);
	while (!a->stop && !a->n)
		pthread_cond_wait(&a->changed, &a->mutex);
	if (!a->stop) {
		j = a->waiting[a->first];
		a->first = (a->first + 1) % MAX_WAITING;
		a->n--;
	}
	pthread_mutex_unlock(&a->mutex);
	return j;
}

static bool job_read(struct job *j)
{
	struct stat after;
	const bool good = entry_digest_settles(&j->st) && !entry_digest_fd(j->fd, j->st.st_size, j->digest) &&
			  !fstat(j->fd, &after) && entry_digest_holds(&j->st, &after);

	file_close(j->fd);
	j->fd = -1;
	return good;
}

static void *ahead_work(void *arg)
{
	struct ahead *a = arg;
	struct job *j;

	while ((j = job_take(a)))
		if (!job_read(j) || known_find(&a->read, j->path) || known_add(&a->read, j))
			job_free(j);
	return NULL;
}

enum err ahead_new(struct ahead **out)
{
	struct ahead *a = calloc(1, sizeof *a);

	if (!a)
		return ERR_MEMORY;
	pthread_mutex_init(&a->mutex, NULL);
	pthread_cond_init(&a->changed, NULL);
	a->runs = sysconf(_SC_NPROCESSORS_ONLN) > 1 && !pthread_create(&a->thread, NULL, ahead_work, a);
	if (!a->runs)
		a->stop = true; /* from the start */
	*out = a;
	return ERR_NONE;
}

void ahead_free(struct ahead *a)
{
	if (!a)
		return;
	ahead_stop(a);
	known_clear(&a->read, job_free);
	pthread_cond_destroy(&a->changed);
	pthread_mutex_destroy(&a->mutex);
	free(a);
}

/* False: there is no room, or no thread any more. */
static bool job_put(struct ahead *a, struct job *j)
{
	bool room;

	pthread_mutex_lock(&a->mutex);
	room = !a->stop && a->n < MAX_WAITING;
	if (room)
		a->waiting[(a->first + a->n++) % MAX_WAITING] = j;
	pthread_cond_signal(&a->changed);
	pthread_mutex_unlock(&a->mutex);
	return room;
}

void ahead_give(struct ahead *a, const char *path, int fd, const struct stat *st)
{
	struct job *j = a && st->st_size <= MAX_BYTES ? calloc(1, sizeof *j) : NULL;

	if (!j) {
		file_close(fd);
		return;
	}
	j->fd = fd;
	j->st = *st;
	if (!(j->path = strdup(path)) || !job_put(a, j))
		job_free(j);
}

void ahead_stop(struct ahead *a)
{
	if (!a->runs)
		return;
	pthread_mutex_lock(&a->mutex);
	a->stop = true;
	pthread_cond_signal(&a->changed);
	pthread_mutex_unlock(&a->mutex);
	pthread_join(a->thread, NULL);
	a->runs = false;
	for (; a->n; a->n--)
		job_free(a->waiting[(a->first + a->n - 1) % MAX_WAITING]);
}

const char *ahead_digest(const struct ahead *a, const char *path, const struct stat *now)
{
	const struct job *j = a ? known_find(&a->read, path) : NULL;

	return j && entry_digest_holds(&j->st, now) ? j->digest : NULL;
}
