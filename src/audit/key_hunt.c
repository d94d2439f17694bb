/* SPDX-License-Identifier: GPL-3.0-or-later */
/* key_hunt.c - children that take one place after another, and a parent that loses patience with them. */
#include "audit/key_hunt.h"

#include "audit/key_look.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/writer.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/banned.h"

#define PROCESSES_MOST 4
#define HANGS_FOLDER 2	      /* then its other homes are not waited for */
#define HANGS_MOST 6	      /* then nothing is */
#define FRAME_MOST (4u << 20) /* one sighting; the lines of a file of keys are shorter */
#define FLUSH_BYTES (64u << 10)
#define SIGHTINGS_MOST 1000000
#define ROUND_MS 250
#define NO_TASK UINT32_MAX

enum task_state { TASK_OPEN, TASK_DONE, TASK_SKIP, TASK_HUNG };

/* In memory that parent and children share: nothing in it needs a lock. */
struct board {
	atomic_uint next;
	atomic_uint current[PROCESSES_MOST], ticks[PROCESSES_MOST];
	atomic_uchar state[]; /* of each task: enum task_state */
};

struct worker {
	pid_t pid; /* 0: none */
	int fd;
	struct text got;
	unsigned ticks;
	uint64_t heard; /* clock_boot_ms() */
};

struct hunt {
	const struct key_hunt *plan;
	size_t ntasks;
	struct board *board;
	size_t board_size;
	struct worker workers[PROCESSES_MOST];
	unsigned nworkers, hangs;
	struct sightings *found; /* one list for each task */
	size_t total;
	bool too_many;
};

/* ---- tasks: the paths, or the host and then the accounts ---- */

static bool has_paths(const struct key_hunt *p)
{
	return p->paths && p->paths->n;
}

static const struct account *task_account(const struct key_hunt *p, size_t task)
{
	return has_paths(p) || task == 0 ? NULL : p->accounts[task - 1];
}

/* What to name where it could not be looked at. */
static const char *task_place(const struct key_hunt *p, size_t task)
{
	const struct account *a = task_account(p, task);

	if (has_paths(p))
		return p->paths->v[task];
	return a ? a->home : "/etc/ssh";
}

/* ---- in a child ---- */

struct child {
	const struct hunt *hunt;
	unsigned number;
	int fd;
	uint32_t task;
	struct text out;
};

static enum err child_flush(struct child *c)
{
	enum err e = text_check(&c->out);

	if (!e && c->out.len)
		e = file_write_all(c->fd, c->out.s, c->out.len);
	text_reset(&c->out);
	return e;
}

static enum err child_see(void *context, const struct sighting *s)
{
	struct child *c = context;
	const char space[8] = { 0 };
	size_t at = c->out.len;

	atomic_fetch_add(&c->hunt->board->ticks[c->number], 1);
	if (!s)
		return ERR_NONE;
	text_add_bytes(&c->out, space, sizeof space);
	sighting_write(s, &c->out);
	if (text_check(&c->out))
		return ERR_MEMORY;
	store_u32((uint8_t *)c->out.s + at, (uint32_t)(c->out.len - at - sizeof space));
	store_u32((uint8_t *)c->out.s + at + 4, c->task);
	return c->out.len < FLUSH_BYTES ? ERR_NONE : child_flush(c);
}

/* With the groups, which Match may ask for. */
static enum err account_look(const struct key_hunt *p, struct key_look *l, struct child *c,
			     const struct account *listed)
{
	struct account *a = NULL;
	enum err e;

	if (!p->config->nmatches)
		return key_look_account(l, listed);
	e = account_find(p->root, listed->name, &a);
	if (e == ERR_MEMORY)
		return e;
	if (e)
		return child_see(c, &(struct sighting){ .kind = SIGHT_UNREAD,
							.file = listed->home,
							.account = listed->name,
							.text = (char *)"the account could not be looked up" });
	e = key_look_account(l, a);
	account_free(a);
	return e;
}

static enum err task_run(const struct key_hunt *p, struct key_look *l, struct child *c)
{
	const struct account *a = task_account(p, c->task);

	if (has_paths(p))
		return key_look_path(l, p->paths->v[c->task]);
	return a ? account_look(p, l, c, a) : key_look_host(l);
}

static void child_run(struct child *c)
{
	const struct key_hunt *p = c->hunt->plan;
	struct board *b = c->hunt->board;
	struct key_look *l = NULL;
	enum err e = key_look_new(p->root, p->config, p->now, p->odd, child_see, c, &l);

	while (!e && (c->task = atomic_fetch_add(&b->next, 1)) < c->hunt->ntasks) {
		atomic_fetch_add(&b->ticks[c->number], 1);
		atomic_store(&b->current[c->number], c->task);
		if (atomic_load(&b->state[c->task]) == TASK_SKIP)
			continue;
		if (!(e = task_run(p, l, c)) && !(e = child_flush(c)))
			atomic_store(&b->state[c->task], TASK_DONE);
	}
	atomic_store(&b->current[c->number], NO_TASK);
	_exit(e ? 1 : 0);
}

/* ---- in the parent ---- */

static void worker_drop(struct worker *w)
{
	file_close(w->fd);
	text_free(&w->got);
	*w = (struct worker){ .fd = -1 };
}

static enum err worker_start(struct hunt *h, unsigned number)
{
	struct worker *w = &h->workers[number];
	const pid_t parent = getpid();
	int pipe_fds[2];

	if (pipe2(pipe_fds, O_CLOEXEC))
		return ERR_SYSTEM;
	atomic_store(&h->board->current[number], NO_TASK);
	w->pid = fork();
	if (w->pid == 0) {
		struct child c = { .hunt = h, .number = number, .fd = pipe_fds[1] };
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() != parent)
			_exit(1);
		prctl(PR_SET_DUMPABLE, 0); /* private keys pass through */
		file_close(pipe_fds[0]);
		child_run(&c);
	}
	file_close(pipe_fds[1]);
	if (w->pid < 0) {
		file_close(pipe_fds[0]);
		*w = (struct worker){ .fd = -1 };
		return ERR_SYSTEM;
	}
	w->fd = pipe_fds[0];
	w->ticks = atomic_load(&h->board->ticks[number]);
	w->heard = clock_boot_ms();
	return ERR_NONE;
}

static enum err task_note(struct hunt *h, size_t task, const char *why)
{
	const struct account *a = task_account(h->plan, task);
	struct sighting s = { .kind = SIGHT_UNREAD };

	s.file = strdup(task_place(h->plan, task));
	s.account = a ? strdup(a->name) : NULL;
	s.text = strdup(why);
	if (!s.file || !s.text || (a && !s.account)) {
		sighting_clear(&s);
		return ERR_MEMORY;
	}
	return sightings_add(&h->found[task], &s);
}

/* Whole frames of what came; what is not one ends the worker. */
static enum err frames_take(struct hunt *h, struct worker *w)
{
	struct reader r = { .at = (const uint8_t *)w->got.s, .left = w->got.len };
	enum err e = ERR_NONE;

	while (!e && r.left >= 8) {
		struct reader head = r, body;
		struct sighting s = { 0 };
		uint32_t len, task;
		if (read_u32(&head, &len) || read_u32(&head, &task) || len > FRAME_MOST || task >= h->ntasks)
			return ERR_SYNTAX;
		if (head.left < len)
			break;
		body = (struct reader){ .at = head.at, .left = len };
		if ((e = sighting_read(&body, &s)))
			break;
		h->too_many |= h->total >= SIGHTINGS_MOST;
		if (h->too_many)
			sighting_clear(&s);
		else
			e = sightings_add(&h->found[task], &s);
		h->total++;
		if (!e)
			e = read_skip(&head, len);
		r = head;
	}
	if (r.left)
		memmove(w->got.s, r.at, r.left);
	w->got.len = r.left;
	return e;
}

/* ERR_CLOSED: it has ended. */
static enum err worker_hear(struct hunt *h, struct worker *w)
{
	char buffer[64 << 10];
	ssize_t n = read(w->fd, buffer, sizeof buffer);

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return ERR_NONE;
	if (n <= 0)
		return ERR_CLOSED;
	w->heard = clock_boot_ms();
	text_add_bytes(&w->got, buffer, (size_t)n);
	return text_check(&w->got) ? ERR_MEMORY : frames_take(h, w);
}

static size_t folder_length(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? (size_t)(slash - path) : 0;
}

static bool is_same_folder(const char *a, const char *b)
{
	size_t len = folder_length(a);

	return len == folder_length(b) && !strncmp(a, b, len);
}

/* What hangs in one home most likely hangs in its neighbours. */
static void neighbours_skip(struct hunt *h, size_t task)
{
	const char *place = task_place(h->plan, task);
	unsigned hung = 0;

	for (size_t i = 0; i < h->ntasks; i++)
		hung += atomic_load(&h->board->state[i]) == TASK_HUNG && is_same_folder(task_place(h->plan, i), place);
	for (size_t i = 0; i < h->ntasks; i++)
		if (atomic_load(&h->board->state[i]) == TASK_OPEN &&
		    (h->hangs >= HANGS_MOST || (hung >= HANGS_FOLDER && is_same_folder(task_place(h->plan, i), place))))
			atomic_store(&h->board->state[i], TASK_SKIP);
}

/* It may sit in the kernel and not even die. */
static void worker_kill(struct worker *w)
{
	kill(w->pid, SIGKILL);
	for (unsigned i = 0; i < 20 && waitpid(w->pid, NULL, WNOHANG) == 0; i++)
		poll(NULL, 0, 5);
}

/* The worker is gone, or is given up; another one goes on with what is left. */
static enum err worker_replace(struct hunt *h, unsigned number, const char *why)
{
	const uint32_t task = atomic_load(&h->board->current[number]);
	enum err e = ERR_NONE;

	worker_drop(&h->workers[number]);
	if (task < h->ntasks && atomic_load(&h->board->state[task]) == TASK_OPEN) {
		atomic_store(&h->board->state[task], TASK_HUNG);
		h->hangs++;
		e = task_note(h, task, why);
		neighbours_skip(h, task);
	} else if (task == NO_TASK) {
		return ERR_NONE; /* it got to nothing, or to the end */
	}
	if (!e && atomic_load(&h->board->next) < h->ntasks)
		e = worker_start(h, number);
	return e;
}

static enum err worker_attend(struct hunt *h, unsigned number, bool heard)
{
	struct worker *w = &h->workers[number];
	const unsigned seconds = h->plan->seconds ? h->plan->seconds : KEY_HUNT_SECONDS;
	const unsigned ticks = atomic_load(&h->board->ticks[number]);
	enum err e = heard ? worker_hear(h, w) : ERR_NONE;

	if (e == ERR_MEMORY)
		return e;
	if (e == ERR_CLOSED) {
		waitpid(w->pid, NULL, 0);
		return worker_replace(h, number, "the process that looked at it ended");
	}
	if (ticks != w->ticks)
		w->heard = clock_boot_ms();
	w->ticks = ticks;
	if (!e && clock_boot_ms() - w->heard < seconds * 1000ull)
		return ERR_NONE;
	worker_kill(w);
	return worker_replace(h, number,
			      e ? "the process that looked at it made no sense"
				: "did not answer in time: a file system that hangs?");
}

static enum err workers_attend(struct hunt *h)
{
	struct pollfd fds[PROCESSES_MOST];
	unsigned alive = 0;
	enum err e = ERR_NONE;

	do {
		alive = 0;
		for (unsigned i = 0; i < h->nworkers; i++) {
			fds[i] = (struct pollfd){ .fd = h->workers[i].fd, .events = POLLIN };
			alive += h->workers[i].fd >= 0;
		}
		if (alive && poll(fds, h->nworkers, ROUND_MS) < 0 && errno != EINTR)
			return ERR_SYSTEM;
		for (unsigned i = 0; i < h->nworkers && !e; i++)
			if (h->workers[i].fd >= 0)
				e = worker_attend(h, i, fds[i].revents != 0);
	} while (!e && alive);
	return e;
}

/* Whatever nobody got to. */
static enum err rest_note(struct hunt *h)
{
	enum err e = ERR_NONE;

	for (size_t i = 0; i < h->ntasks && !e; i++) {
		unsigned state = atomic_load(&h->board->state[i]);
		if (state == TASK_SKIP)
			e = task_note(h, i, "was not looked at, since others beside it did not answer");
		else if (state == TASK_OPEN)
			e = task_note(h, i, "could not be looked at");
	}
	if (!e && h->too_many)
		e = task_note(h, 0, "there is more than a million of keys; the rest was not looked at");
	return e;
}

static enum err hunt_begin(struct hunt *h)
{
	long processors = sysconf(_SC_NPROCESSORS_ONLN);
	unsigned wanted = h->plan->processes ? h->plan->processes : (unsigned)(processors > 0 ? processors : 1);

	h->ntasks = has_paths(h->plan) ? h->plan->paths->n : h->plan->naccounts + 1;
	h->nworkers = wanted > PROCESSES_MOST ? PROCESSES_MOST : wanted;
	for (unsigned i = 0; i < PROCESSES_MOST; i++)
		h->workers[i].fd = -1;
	h->board_size = sizeof *h->board + h->ntasks;
	h->board = mmap(NULL, h->board_size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (h->board == MAP_FAILED) {
		h->board = NULL;
		return ERR_MEMORY;
	}
	h->found = calloc(h->ntasks, sizeof *h->found);
	return h->found ? ERR_NONE : ERR_MEMORY;
}

static enum err sightings_join(struct hunt *h, struct sightings *out)
{
	enum err e = ERR_NONE;

	for (size_t i = 0; i < h->ntasks; i++)
		for (size_t j = 0; j < h->found[i].n && !e; j++)
			e = sightings_add(out, &h->found[i].v[j]);
	return e;
}

enum err key_hunt_run(const struct key_hunt *plan, struct sightings *out)
{
	struct hunt h = { .plan = plan };
	struct sightings all = { 0 };
	enum err e = hunt_begin(&h);

	for (unsigned i = 0; i < h.nworkers && !e; i++)
		e = worker_start(&h, i);
	if (!e && !(e = workers_attend(&h)) && !(e = rest_note(&h)))
		e = sightings_join(&h, &all);
	for (unsigned i = 0; i < h.nworkers; i++)
		if (h.workers[i].fd >= 0) {
			worker_kill(&h.workers[i]);
			worker_drop(&h.workers[i]);
		}
	for (size_t i = 0; h.found && i < h.ntasks; i++)
		sightings_free(&h.found[i]);
	free(h.found);
	if (h.board)
		munmap(h.board, h.board_size);
	if (e)
		sightings_free(&all);
	else
		*out = all;
	return e;
}
