/* SPDX-License-Identifier: GPL-3.0-or-later */
/* supervisor.c - one loop over signals, the roles' sockets and the next thing that is due. */
#include "gate/supervisor.h"

#include "base/clock.h"
#include "base/file.h"
#include "gate/capability.h"
#include "gate/generation.h"
#include "gate/log.h"
#include "gate/notify.h"
#include "gate/preflight.h"
#include "gate/premises.h"
#include "gate/rescue_watch.h"

#include <errno.h>
#include <linux/capability.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/banned.h"

#define START_MS 5000	 /* a role must serve by then */
#define END_MS 1000	 /* a role must have ended by then */
#define SETTLED_MS 30000 /* who lives that long has not failed at the start */
#define PAUSE_MIN_MS 100u
#define PAUSE_MAX_MS 10000u
/* With a longer pause after a role that had served, one packet that kills it every ten seconds would shut everybody out. */
#define PAUSE_SERVED_MS 200u
#define FAILURES_SERVED 2u	      /* that many in a row lead to that pause */
#define KEYS_SECONDS 20		      /* for reading a handful of small files */
#define EVENT_SIGNAL GENERATION_ROLES /* in epoll's data, behind the numbers of the roles */
#define EVENT_RESCUE (EVENT_SIGNAL + 1)

/*
 * What the roles still need at their start: net and grant CAP_NET_ADMIN and what changes a user, index to read everybody's files,
 * to become a user and to end what it ran as one; the packet socket CAP_NET_RAW; SETPCAP to give the rest up.
 */
#define CAPABILITIES \
	(1ULL << CAP_SETUID | 1ULL << CAP_SETGID | 1ULL << CAP_SETPCAP | 1ULL << CAP_NET_ADMIN | 1ULL << CAP_NET_RAW | \
	 1ULL << CAP_DAC_READ_SEARCH | 1ULL << CAP_KILL)

enum phase {
	PHASE_STARTING, /* not all of them serve yet */
	PHASE_SERVING,
	PHASE_ENDING,  /* until the last one is gone */
	PHASE_WAITING, /* nothing runs; the next start is due at 'due' */
	PHASE_DONE,
};

struct supervisor {
	const struct supervisor_options *o;
	struct root *live;
	struct notify notify;
	struct rescue_watch rescue;
	struct premises *premises;
	struct premises *next_premises; /* of a reload, until the running generation has ended */
	struct generation *running;
	struct generation *next; /* opened for that reload */
	int epoll, signals;
	enum phase phase;
	uint64_t due;	   /* when the phase ends at the latest; no meaning while serving */
	uint64_t began;	   /* when the running generation started */
	uint64_t beat;	   /* when the service manager was told last that we live */
	unsigned failures; /* generations in a row that did not live long */
	bool served;	   /* the generation that ends or has just ended did */
	bool killed;	   /* its members got SIGKILL from us */
	bool stopping;
	bool again; /* a reload was asked for while the one before had not taken over yet */
};

/* --- the log --- */

static void log_problems(const struct diags *problems)
{
	for (size_t i = 0; i < problems->n; i++) {
		const struct diag *d = &problems->v[i];
		char line[16];

		snprintf(line, sizeof line, "%u", d->line);
		log_event(d->warning ? LOG_LEVEL_WARNING : LOG_LEVEL_ERROR, "settings", "file", d->file ? d->file : "",
			  "line", line, "problem", d->text, NULL);
	}
}

static void log_end(const struct generation_member *m, int i, int status)
{
	const bool clean = WIFEXITED(status) && WEXITSTATUS(status) == 0;
	char how[64];

	if (WIFSIGNALED(status))
		snprintf(how, sizeof how, "signal %d", WTERMSIG(status));
	else if (WEXITSTATUS(status) == 127)
		snprintf(how, sizeof how, "cannot be executed");
	else
		snprintf(how, sizeof how, "exit status %d", WEXITSTATUS(status));
	/* who leaves in good order followed a peer that did not, whose line is the one to look at */
	log_event(clean ? LOG_LEVEL_INFO : LOG_LEVEL_ERROR, "role-ended", "role", generation_role_name(i), "how", how,
		  "served", m->ready ? "yes" : "no", NULL);
}

/* --- phases --- */

static void start_later(struct supervisor *s)
{
	const uint64_t most = s->served ? PAUSE_SERVED_MS : PAUSE_MAX_MS;
	uint64_t pause = 0;
	char text[32];

	if (s->failures > 0)
		pause = s->failures > 7 ? most : (uint64_t)PAUSE_MIN_MS << (s->failures - 1);
	if (pause > most)
		pause = most;
	s->failures++;
	/* What they come to in the end is for those that never serve: one killed at its start may well be the first of them. */
	if (s->served && s->failures > FAILURES_SERVED)
		s->failures = FAILURES_SERVED;
	s->phase = PHASE_WAITING;
	s->due = clock_boot_ms() + pause;
	snprintf(text, sizeof text, "%u", (unsigned)pause);
	log_event(LOG_LEVEL_WARNING, "restarting", "pause-ms", text, NULL);
	notify_status(&s->notify, "the roles ended and are started anew");
}

/* Closes our ends, asks all members to end, and waits for the last. */
static void end_generation(struct supervisor *s)
{
	if (s->phase == PHASE_ENDING)
		return;
	generation_end(s->running);
	s->killed = false;
	s->phase = PHASE_ENDING;
	s->due = clock_boot_ms() + END_MS;
}

static enum err watch_members(const struct supervisor *s)
{
	for (int i = 0; i < GENERATION_ROLES; i++) {
		struct epoll_event ev = { .events = EPOLLIN, .data.u32 = (uint32_t)i };

		if (epoll_ctl(s->epoll, EPOLL_CTL_ADD, s->running->member[i].parent, &ev))
			return ERR_SYSTEM;
	}
	return ERR_NONE;
}

/* The generation that a reload opened, or one that is opened now. */
static enum err take_generation(struct supervisor *s)
{
	char *why = NULL;
	enum err e;

	if (s->next) {
		s->running = s->next; /* it is the running one now */
		s->next = NULL;
		return ERR_NONE;
	}
	e = generation_open(s->premises, &s->running, &why);
	if (e)
		log_event(LOG_LEVEL_ERROR, "cannot-start", "problem", why ? why : err_text(e), NULL);
	free(why);
	return e;
}

static void start_generation(struct supervisor *s)
{
	enum err e;

	s->began = clock_boot_ms();
	s->served = false;
	if (take_generation(s)) {
		start_later(s);
		return;
	}
	s->phase = PHASE_STARTING;
	s->due = s->began + START_MS;
	if (!(e = generation_start(s->running, s->o->libexec, s->o->foreground)) && !(e = watch_members(s)))
		return;
	log_event(LOG_LEVEL_ERROR, "cannot-start", "problem", err_text(e), NULL);
	end_generation(s); /* the loop sees to the rest, even where nobody was started */
}

/* The last member is gone. */
static void after_end(struct supervisor *s)
{
	generation_free(s->running);
	s->running = NULL;
	if (s->stopping) {
		s->phase = PHASE_DONE;
		return;
	}
	if (s->next_premises) {
		rescue_watch_settings(&s->rescue, s->premises->settings, s->next_premises->settings);
		premises_free(s->premises, s->next_premises);
		s->premises = s->next_premises; /* ours to serve with from now on */
		s->next_premises = NULL;
		s->failures = 0;
		start_generation(s);
		if (s->again)
			raise(SIGHUP); /* comes by the signalfd, when this one is done */
		s->again = false;
		return;
	}
	if (clock_boot_ms() - s->began >= SETTLED_MS)
		s->failures = 0;
	start_later(s);
}

static void serve(struct supervisor *s)
{
	s->phase = PHASE_SERVING;
	s->served = true;
	log_event(LOG_LEVEL_NOTICE, "serving", NULL);
	notify_ready(&s->notify, "serving");
}

/* --- what happens --- */

static void stop(struct supervisor *s)
{
	s->stopping = true;
	notify_stopping(&s->notify);
	log_event(LOG_LEVEL_NOTICE, "ending", NULL);
	if (s->running)
		end_generation(s);
	else
		s->phase = PHASE_DONE;
}

/*
 * In a process of its own, since whoever starts the roles is not to hold keys. What is wrong with them is logged there; found out by
 * keeper it would have cost the generation that serves.
 */
static enum err keys_check(const struct supervisor *s, const struct settings *settings)
{
	struct diags problems = { 0 };
	sigset_t none;
	int status = -1;
	pid_t pid = fork();

	if (pid < 0)
		return ERR_SYSTEM;
	if (!pid) {
		enum err e;

		sigemptyset(&none);
		sigprocmask(SIG_SETMASK, &none, NULL);
		alarm(KEYS_SECONDS);
		e = preflight_keys(s->live, settings, &problems);
		log_problems(&problems);
		_exit(e || problems.errors ? 1 : 0);
	}
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? ERR_NONE : ERR_CONFIG;
}

/* All that a new generation needs, opened while the old one still serves. */
static enum err prepare(const struct supervisor *s, struct premises **premises, struct generation **next)
{
	struct diags problems = { 0 };
	struct settings *settings = NULL;
	struct premises *p = NULL;
	char *why = NULL;
	enum err e;

	e = settings_load(s->live, s->o->file, &settings, &problems);

	log_problems(&problems);
	diags_free(&problems);
	if (e)
		return e;
	if ((e = premises_open(settings, s->premises, -1, &p, &why)) == ERR_NONE) {
		e = generation_open(p, next, &why);
		if (!e && (e = keys_check(s, p->settings)))
			generation_free(*next);
		if (e)
			premises_free(p, s->premises);
	}
	if (e)
		log_event(LOG_LEVEL_ERROR, "settings", "file", s->o->file, "problem", why ? why : err_text(e), NULL);
	else
		*premises = p;
	free(why);
	return e;
}

static void reload(struct supervisor *s)
{
	struct premises *premises = NULL;
	struct generation *next = NULL;

	if (s->next_premises) {
		s->again = true;
		return;
	}
	notify_reloading(&s->notify);
	if (prepare(s, &premises, &next)) {
		log_event(LOG_LEVEL_ERROR, "reload-refused", "file", s->o->file, NULL);
		notify_ready(&s->notify, "serving; the settings of the last reload are wrong and not in use");
		return;
	}
	log_event(LOG_LEVEL_NOTICE, "reloading", "file", s->o->file, NULL);
	s->next = next;
	s->next_premises = premises;
	if (s->running)
		end_generation(s);
	else
		after_end(s);
}

/* Whether it ended in a way that is not of our asking: who was killed may be reaped after peers that its death made leave. */
static bool ended_by_itself(const struct supervisor *s, int status)
{
	if (WIFSIGNALED(status))
		return WTERMSIG(status) != SIGTERM && !(s->killed && WTERMSIG(status) == SIGKILL);
	return WEXITSTATUS(status) != 0;
}

static void reap(struct supervisor *s)
{
	int status, i;

	rescue_watch_reap(&s->rescue, s->premises->settings);
	while (s->running && (i = generation_reap(s->running, &status)) >= 0) {
		const struct generation_member *m = &s->running->member[i];

		if (s->phase != PHASE_ENDING || m->closed || ended_by_itself(s, status))
			log_end(m, i, status);
		end_generation(s);
	}
	if (s->running && !generation_alive(s->running))
		after_end(s);
}

/* 'R': it serves. 'G', of grant: somebody was let in. Its end, or anything else: it is of no use any more. */
static void member_read(struct supervisor *s, int i)
{
	struct generation_member *m = &s->running->member[i];
	char byte;
	ssize_t n = recv(m->parent, &byte, 1, MSG_DONTWAIT);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n == 1 && byte == 'R' && !m->ready) {
		m->ready = true;
		if (generation_ready(s->running))
			serve(s);
		return;
	}
	if (n == 1 && byte == 'G' && i == GENERATION_GRANT && m->ready) {
		rescue_watch_knock(&s->rescue);
		return;
	}
	m->closed = true;
	end_generation(s);
}

static void signals_read(struct supervisor *s)
{
	struct signalfd_siginfo info;

	while (s->phase != PHASE_DONE && read(s->signals, &info, sizeof info) == (ssize_t)sizeof info) {
		if (info.ssi_signo == SIGCHLD)
			reap(s);
		else if (s->stopping)
			continue;
		else if (info.ssi_signo == SIGHUP)
			reload(s);
		else
			stop(s);
	}
}

/* What the phase waited for did not come in time. */
static void overdue(struct supervisor *s)
{
	switch (s->phase) {
	case PHASE_STARTING:
		for (int i = 0; i < GENERATION_ROLES; i++)
			if (!s->running->member[i].ready)
				log_event(LOG_LEVEL_ERROR, "role-not-ready", "role", generation_role_name(i), NULL);
		end_generation(s);
		break;
	case PHASE_ENDING:
		s->killed = true;
		generation_kill(s->running);
		s->due += END_MS;
		reap(s);
		break;
	case PHASE_WAITING: start_generation(s); break;
	case PHASE_SERVING:
	case PHASE_DONE: break;
	}
}

static void rescue_read(struct supervisor *s)
{
	const char *status = rescue_watch_read(&s->rescue);

	if (status && s->phase == PHASE_SERVING)
		notify_status(&s->notify, status);
}

/* --- the loop --- */

static uint64_t next_due(const struct supervisor *s)
{
	uint64_t due = s->phase == PHASE_SERVING ? rescue_watch_due(&s->rescue) : s->due;

	if (s->notify.beat_ms && s->beat + s->notify.beat_ms < due)
		due = s->beat + s->notify.beat_ms;
	return due;
}

static int wait_ms(const struct supervisor *s)
{
	const uint64_t now = clock_boot_ms(), due = next_due(s);

	if (due == UINT64_MAX)
		return -1;
	return due <= now ? 0 : (int)(due - now < 60000 ? due - now : 60000);
}

static void due_do(struct supervisor *s)
{
	const uint64_t now = clock_boot_ms();

	if (s->notify.beat_ms && now >= s->beat + s->notify.beat_ms) {
		notify_beat(&s->notify);
		s->beat = now;
	}
	if (s->phase == PHASE_SERVING)
		rescue_watch_turn(&s->rescue, s->premises->settings);
	else if (s->phase != PHASE_DONE && now >= s->due)
		overdue(s);
}

/* One event at a time: what it leads to may close the sockets that others are about. */
static enum err loop(struct supervisor *s)
{
	while (s->phase != PHASE_DONE) {
		struct epoll_event ev;
		int n = epoll_wait(s->epoll, &ev, 1, wait_ms(s));

		if (n < 0 && errno != EINTR)
			return ERR_SYSTEM;
		if (n == 1 && ev.data.u32 == EVENT_SIGNAL)
			signals_read(s);
		else if (n == 1 && ev.data.u32 == EVENT_RESCUE)
			rescue_read(s);
		else if (n == 1 && s->running && s->running->member[ev.data.u32].parent >= 0)
			member_read(s, (int)ev.data.u32);
		due_do(s);
	}
	return ERR_NONE;
}

static enum err signals_open(struct supervisor *s)
{
	struct epoll_event ev = { .events = EPOLLIN, .data.u32 = EVENT_SIGNAL };
	sigset_t set;

	/* ignored by whoever started us, no role's end would be seen */
	(void)signal(SIGCHLD, SIG_DFL);
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	if (sigprocmask(SIG_SETMASK, &set, NULL))
		return ERR_SYSTEM;
	s->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	s->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (s->signals < 0 || s->epoll < 0 || epoll_ctl(s->epoll, EPOLL_CTL_ADD, s->signals, &ev))
		return ERR_SYSTEM;
	rescue_watch_listen(&s->rescue, s->epoll, EVENT_RESCUE);
	return ERR_NONE;
}

/* Before the first role: what fails here ends the daemon, for somebody is looking. */
static enum err begin(struct supervisor *s, struct settings *settings, char **why)
{
	enum err e;

	if ((e = premises_open(settings, NULL, s->notify.kept, &s->premises, why)) || (e = root_open("/", &s->live)) ||
	    (e = signals_open(s)) || (e = capability_keep(CAPABILITIES)))
		return e;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return ERR_SYSTEM;
	notify_keep(&s->notify, s->premises->netfilter);
	return generation_open(s->premises, &s->next, why);
}

static void finish(struct supervisor *s)
{
	rescue_watch_close(&s->rescue);
	generation_free(s->next);
	premises_free(s->next_premises, s->premises);
	premises_free(s->premises, NULL);
	file_close(s->epoll);
	file_close(s->signals);
	root_close(s->live);
	notify_close(&s->notify);
}

enum err supervisor_run(const struct supervisor_options *o, struct settings *settings, char **why)
{
	struct supervisor s = { .o = o, .epoll = -1, .signals = -1 };
	enum err e;

	*why = NULL;
	log_open("parent", o->foreground);
	notify_open(&s.notify);
	rescue_watch_open(&s.rescue, o->libexec, o->foreground);
	s.beat = clock_boot_ms();
	if (!(e = begin(&s, settings, why))) {
		start_generation(&s);
		e = loop(&s);
	}
	if (e && !*why)
		*why = strdup(err_text(e));
	if (e)
		log_event(LOG_LEVEL_ERROR, "cannot-serve", "problem", *why ? *why : "", NULL);
	finish(&s);
	return e;
}
