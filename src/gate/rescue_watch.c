/* SPDX-License-Identifier: GPL-3.0-or-later */
/* rescue_watch.c - looks are taken by a child, one at a time; the rescue is another process, started by who still can. */
#include "gate/rescue_watch.h"

#include "base/clock.h"
#include "base/file.h"
#include "gate/health.h"
#include "gate/message.h"
#include "gate/rescue.h"

#include <netinet/in.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/banned.h"

#define BEGIN_MS 10000 /* a rescue must answer by then; it takes two seconds at the most where no disk hangs */
#define PAUSE_MS 1000  /* sshd counts against an address what comes and goes without logging in (PerSourcePenalties) */

_Static_assert(MESSAGE_PORTS == FIREWALL_PORTS, "a place for each protected port");

/* What a look ends with, as the exit status of its process; any other means that there was none. */
enum seen { SEEN_WELL, SEEN_DEAD, SEEN_BROKEN, SEEN_UNKEPT, SEEN_DAMAGED };

void rescue_watch_open(struct rescue_watch *w, const char *libexec, bool foreground)
{
	*w = (struct rescue_watch){ .epoll = -1, .rescue = -1, .said = { .burst = 3, .every_seconds = 60 } };
	launcher_open(&w->launcher, libexec, foreground);
}

void rescue_watch_listen(struct rescue_watch *w, int epoll, uint32_t event)
{
	w->epoll = epoll;
	w->event = event;
}

static void rescue_end(struct rescue_watch *w)
{
	if (w->rescue >= 0)
		(void)epoll_ctl(w->epoll, EPOLL_CTL_DEL, w->rescue, NULL);
	file_close(w->rescue);
	w->rescue = -1;
	w->began = false;
}

void rescue_watch_close(struct rescue_watch *w)
{
	rescue_end(w);
	launcher_close(&w->launcher);
}

/* --- the look --- */

/* Without a list of where sshd listens: loopback, on every protected port. */
static void listens_guess(struct spare *s, const struct settings *settings)
{
	const struct network every[] = { { .family = AF_INET, .len = 32 }, { .family = AF_INET6, .len = 128 } };

	for (unsigned i = 0; i < settings->firewall.nports; i++)
		for (size_t k = 0; k < ARRAY_SIZE(every); k++)
			s->listen[s->nlistens++] =
				(struct spare_listen){ .address = every[k], .port = settings->firewall.ports[i] };
}

static enum seen look(const struct settings *s)
{
	struct spare guess = { 0 }, *kept = NULL;
	struct root *r = NULL;
	enum err e = root_open(NULL, &r), health;

	if (!e)
		e = spare_load(r, &kept);
	if (e)
		listens_guess(&guess, s);
	health = health_look(e ? &guess : kept, s->firewall.ports, s->firewall.nports);
	/* ports that sshd never listened on are somebody else's to look after */
	if (health == ERR_NONE || health == ERR_NOT_FOUND)
		return SEEN_WELL;
	if (e)
		return e == ERR_NOT_FOUND ? SEEN_UNKEPT : SEEN_DAMAGED;
	return health == ERR_CLOSED ? SEEN_DEAD : SEEN_BROKEN;
}

static void look_begin(struct rescue_watch *w, const struct settings *s)
{
	sigset_t none;
	pid_t pid;

	w->wanted = false;
	w->look_ms = clock_boot_ms() + PAUSE_MS;
	if ((pid = fork()) < 0)
		return;
	if (!pid) {
		sigemptyset(&none);
		sigprocmask(SIG_SETMASK, &none, NULL);
		alarm(5); /* a disk that hangs */
		_exit(look(s));
	}
	w->looker = pid;
}

void rescue_watch_knock(struct rescue_watch *w)
{
	w->wanted = true;
}

uint64_t rescue_watch_due(const struct rescue_watch *w)
{
	if (w->rescue >= 0)
		return w->began ? UINT64_MAX : w->give_up_ms;
	return w->wanted && !w->looker ? w->look_ms : UINT64_MAX;
}

void rescue_watch_turn(struct rescue_watch *w, const struct settings *s)
{
	if (!s->rescue)
		w->wanted = false;
	if (clock_boot_ms() < rescue_watch_due(w))
		return;
	if (w->rescue >= 0)
		rescue_end(w);
	else
		look_begin(w, s);
}

/* --- the rescue --- */

/* The service manager's, which starts one for each connection, else our own. */
static int rescue_call(const struct rescue_watch *w)
{
	const struct sockaddr_un a = { .sun_family = AF_UNIX, .sun_path = RESCUE_SOCKET };
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd >= 0 && connect(fd, (const struct sockaddr *)&a, sizeof a) == 0)
		return fd;
	file_close(fd);
	return launcher_call(&w->launcher);
}

static void rescue_begin(struct rescue_watch *w, const struct settings *s, enum seen seen)
{
	struct message_rescue ask = { .reason = seen == SEEN_DEAD ? ERR_CLOSED : ERR_CHILD,
				      .nports = s->firewall.nports };
	struct epoll_event ev = { .events = EPOLLIN, .data.u32 = w->event };

	memcpy(ask.ports, s->firewall.ports, sizeof ask.ports);
	w->give_up_ms = clock_boot_ms() + BEGIN_MS;
	w->rescue = rescue_call(w);
	if (w->rescue >= 0 && !message_send(w->rescue, MESSAGE_RESCUE, 0, &ask, sizeof ask) &&
	    !epoll_ctl(w->epoll, EPOLL_CTL_ADD, w->rescue, &ev))
		return;
	rescue_end(w);
	log_event_limited(&w->said, LOG_LEVEL_ERROR, "sshd-dead", "rescue", "none", "why",
			  "nobody can start it: is sallyport-rescue.socket active?", NULL);
}

static void looked(struct rescue_watch *w, const struct settings *s, enum seen seen)
{
	if (seen == SEEN_DEAD || seen == SEEN_BROKEN)
		rescue_begin(w, s, seen);
	else if (seen == SEEN_UNKEPT)
		log_event_limited(&w->said, LOG_LEVEL_ERROR, "sshd-dead", "rescue", "none", "why",
				  "no configuration was confirmed on this host", NULL);
	else if (seen == SEEN_DAMAGED)
		log_event_limited(&w->said, LOG_LEVEL_ERROR, "sshd-dead", "rescue", "none", "why",
				  "what was confirmed is damaged, or others than root could have written it", NULL);
}

void rescue_watch_reap(struct rescue_watch *w, const struct settings *s)
{
	int status;

	if (w->launcher.pid > 0 && waitpid(w->launcher.pid, &status, WNOHANG) == w->launcher.pid) {
		w->launcher.pid = 0;
		launcher_close(&w->launcher);
	}
	if (!w->looker || waitpid(w->looker, &status, WNOHANG) != w->looker)
		return;
	w->looker = 0;
	w->look_ms = clock_boot_ms() + PAUSE_MS;
	if (WIFEXITED(status) && s->rescue)
		looked(w, s, (enum seen)WEXITSTATUS(status));
}

static enum err take_began(void *role, int fd, uint32_t id, const void *body)
{
	struct rescue_watch *w = role;

	(void)fd, (void)id, (void)body;
	w->began = true;
	return ERR_NONE;
}

static const struct message_row from_rescue[] = {
	{ MESSAGE_RESCUED, sizeof(struct message_rescued), take_began },
	{ 0 },
};

/* Why it ended it has said itself. */
const char *rescue_watch_read(struct rescue_watch *w)
{
	const bool before = w->began;

	if (!message_receive(w->rescue, from_rescue, w, 2))
		return w->began && !before ? "serving; sshd does not answer, and a rescue sshd does" : NULL;
	rescue_end(w);
	return before ? "serving" : NULL;
}

void rescue_watch_settings(struct rescue_watch *w, const struct settings *old, const struct settings *new)
{
	if (!new->rescue || old->firewall.nports != new->firewall.nports ||
	    memcmp(old->firewall.ports, new->firewall.ports, sizeof old->firewall.ports) != 0)
		rescue_end(w);
}
