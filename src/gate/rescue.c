/* SPDX-License-Identifier: GPL-3.0-or-later */
/* rescue.c - listeners on loopback, the detour to them, an sshd for each connection, and a look at the real one each second. */
#include "gate/rescue.h"

#include "base/clock.h"
#include "base/file.h"
#include "gate/firewall_detour.h"
#include "gate/health.h"
#include "gate/log.h"
#include "gate/message.h"
#include "gate/rescue_sshd.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/banned.h"

#define ASKED_MS 5000
#define LOOK_EVERY_MS 1000
#define LOGINS 64 /* at once */
#define BACKLOG 16
#define TRIES 8			   /* to find a port that is free for both families */
#define BRIEF_MS 2000		   /* who ends so soon in disorder may have been replaced by one that fails */
#define IPV6_TRANSPARENT_OPTION 75 /* of linux/in6.h, which does not go together with netinet/in.h */

struct rescue {
	struct root *root;
	struct message_rescue ask;
	bool asked;
	struct rescue_sshd sshd;
	struct firewall_detour *detour;
	int listener[2]; /* IPv4, IPv6; -1: none */
	int signals;
	struct login {
		pid_t pid; /* 0: none */
		uint64_t began_ms;
	} login[LOGINS];
	unsigned nlogins; /* in all */
	struct spare_rescue when;
	pid_t looker;	  /* at the real sshd; 0: none */
	uint64_t look_ms; /* when the next one is due */
	bool doubt;	  /* whether sshd still works */
	const char *end;  /* why it ends; NULL: not yet */
};

/* --- listeners --- */

static int listener_open(int family, uint16_t port)
{
	const struct sockaddr_in a4 = { .sin_family = AF_INET,
					.sin_port = htons(port),
					.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	const struct sockaddr_in6 a6 = { .sin6_family = AF_INET6,
					 .sin6_port = htons(port),
					 .sin6_addr = in6addr_loopback };
	const bool is4 = family == AF_INET;
	const int one = 1;
	int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return -1;
	/* Each connection has the port that was asked for, and only with this the real sshd can listen there meanwhile. */
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) ||
	    setsockopt(fd, is4 ? IPPROTO_IP : IPPROTO_IPV6, is4 ? IP_TRANSPARENT : IPV6_TRANSPARENT_OPTION, &one,
		       sizeof one) ||
	    bind(fd, is4 ? (const struct sockaddr *)&a4 : (const struct sockaddr *)&a6, is4 ? sizeof a4 : sizeof a6) ||
	    listen(fd, BACKLOG)) {
		file_close(fd);
		return -1;
	}
	return fd;
}

static uint16_t port_of(int fd)
{
	struct sockaddr_in6 a = { 0 }; /* IPv4 has the port in the same place */
	socklen_t len = sizeof a;

	return getsockname(fd, (struct sockaddr *)&a, &len) ? 0 : ntohs(a.sin6_port);
}

/* The same port for both families; a host without IPv6 has only the first. */
static enum err listeners_open(struct rescue *r, uint16_t *port)
{
	for (int i = 0; i < TRIES; i++) {
		r->listener[0] = listener_open(AF_INET, 0);
		if (r->listener[0] < 0)
			return ERR_SYSTEM;
		*port = port_of(r->listener[0]);
		r->listener[1] = listener_open(AF_INET6, *port);
		if (r->listener[1] >= 0 || errno != EADDRINUSE)
			return ERR_NONE;
		file_close(r->listener[0]);
		r->listener[0] = -1;
	}
	return ERR_SYSTEM;
}

/* --- logins --- */

static struct login *login_free(struct rescue *r)
{
	for (size_t i = 0; i < LOGINS; i++)
		if (!r->login[i].pid)
			return &r->login[i];
	return NULL;
}

static void login_say(const struct rescue *r, int fd)
{
	char addr[INET6_ADDRSTRLEN] = "";
	struct sockaddr_storage a = { 0 };
	socklen_t len = sizeof a;

	if (!getpeername(fd, (struct sockaddr *)&a, &len))
		inet_ntop(a.ss_family,
			  a.ss_family == AF_INET6 ? (const void *)&((struct sockaddr_in6 *)&a)->sin6_addr
						  : (const void *)&((struct sockaddr_in *)&a)->sin_addr,
			  addr, sizeof addr);
	log_event(LOG_LEVEL_WARNING, "rescue-connection", "addr", addr, "sshd", r->sshd.argv[0], NULL);
}

static bool is_asked_port(const struct rescue *r, uint16_t port)
{
	for (unsigned i = 0; i < r->ask.nports; i++)
		if (r->ask.ports[i] == port)
			return true;
	return false;
}

/* Who comes to the listener itself, as only this host can, did not come by the detour. */
static void login_take(struct rescue *r, int listener)
{
	struct login *l = login_free(r);
	int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);

	if (fd < 0)
		return;
	if (l && is_asked_port(r, port_of(fd))) {
		if (r->doubt)
			r->doubt = rescue_sshd_choose(r->root, &r->sshd) != ERR_NONE;
		login_say(r, fd);
		if (rescue_sshd_start(&r->sshd, fd, &l->pid))
			l->pid = 0;
		l->began_ms = clock_boot_ms();
		r->nlogins++;
	}
	file_close(fd);
}

/* --- the real sshd --- */

static void look_begin(struct rescue *r)
{
	pid_t pid = fork();

	if (!pid)
		_exit(health_look(r->sshd.spare, r->ask.ports, r->ask.nports) == ERR_NONE ? 0 : 1);
	r->looker = pid > 0 ? pid : 0;
	r->look_ms = clock_boot_ms() + LOOK_EVERY_MS;
}

static void reap(struct rescue *r)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		const bool clean = WIFEXITED(status) && WEXITSTATUS(status) == 0;

		if (pid == r->looker) {
			r->looker = 0;
			if (clean)
				r->end = "sshd answers again";
		}
		for (size_t i = 0; i < LOGINS; i++)
			if (r->login[i].pid == pid) {
				r->login[i].pid = 0;
				r->doubt |= !clean && clock_boot_ms() - r->login[i].began_ms < BRIEF_MS;
			}
	}
}

/* --- the loop --- */

static void signals_read(struct rescue *r)
{
	struct signalfd_siginfo info;

	while (read(r->signals, &info, sizeof info) == (ssize_t)sizeof info)
		if (info.ssi_signo != SIGCHLD)
			r->end = "it was told to";
	reap(r);
}

static void turn(struct rescue *r)
{
	const bool room = login_free(r);
	struct pollfd wait[] = {
		{ RESCUE_PARENT, POLLIN, 0 },
		{ r->signals, POLLIN, 0 },
		{ room ? r->listener[0] : -1, POLLIN, 0 },
		{ room ? r->listener[1] : -1, POLLIN, 0 },
	};
	uint64_t now = clock_boot_ms();

	(void)!poll(wait, ARRAY_SIZE(wait), r->look_ms > now ? (int)(r->look_ms - now) : LOOK_EVERY_MS);
	if (wait[0].revents)
		r->end = "sallyportd ended it";
	if (wait[1].revents)
		signals_read(r);
	for (int i = 0; i < 2; i++)
		if (wait[2 + i].revents)
			login_take(r, r->listener[i]);
	now = clock_boot_ms();
	if (!r->looker && now >= r->look_ms)
		look_begin(r);
}

/* --- the beginning --- */

static enum err take_ask(void *role, int fd, uint32_t id, const void *body)
{
	struct rescue *r = role;

	(void)fd, (void)id;
	memcpy(&r->ask, body, sizeof r->ask);
	if (!r->ask.nports || r->ask.nports > MESSAGE_PORTS)
		return ERR_SYNTAX;
	r->asked = true;
	return ERR_NONE;
}

static const struct message_row from_parent[] = {
	{ MESSAGE_RESCUE, sizeof(struct message_rescue), take_ask },
	{ 0 },
};

static enum err ask_wait(struct rescue *r)
{
	struct pollfd p = { .fd = RESCUE_PARENT, .events = POLLIN };
	enum err e;

	if (poll(&p, 1, ASKED_MS) <= 0)
		return ERR_TIMEOUT;
	e = message_receive(RESCUE_PARENT, from_parent, r, 1);
	return e || r->asked ? e : ERR_TIMEOUT;
}

static enum err signals_open(struct rescue *r)
{
	sigset_t set;

	(void)signal(SIGCHLD, SIG_DFL);
	(void)signal(SIGPIPE, SIG_IGN);
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	if (sigprocmask(SIG_SETMASK, &set, NULL))
		return ERR_SYSTEM;
	r->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return r->signals < 0 ? ERR_SYSTEM : ERR_NONE;
}

/* Those that sshd listened on: what lies behind the others is not its business. */
static void ports_narrow(struct rescue *r)
{
	unsigned n = 0;

	for (unsigned i = 0; i < r->ask.nports; i++)
		if (spare_listens(r->sshd.spare, r->ask.ports[i]))
			r->ask.ports[n++] = r->ask.ports[i];
	r->ask.nports = n;
}

/* For who confirms. Without it a login may seem to show more than it does, which is better than no login. */
static void time_note(const struct rescue *r)
{
	const enum err e = spare_rescue_save(r->root, &r->when);

	if (e)
		log_event(LOG_LEVEL_WARNING, "rescue-not-noted", "why", err_text(e), NULL);
}

static enum err begin(struct rescue *r, const char **what)
{
	const struct message_rescued done = { 0 };
	uint16_t port = 0;
	enum err e;

	*what = "what was confirmed";
	if ((e = signals_open(r)) || (e = root_open(NULL, &r->root)))
		return e;
	/* Made by sshd's unit, it goes with it. Where sshd wants another folder, an empty one more does no harm. */
	(void)!mkdir("/run/sshd", 0755);
	if ((e = rescue_sshd_choose(r->root, &r->sshd)))
		return e;
	ports_narrow(r);
	*what = "a listener";
	if ((e = listeners_open(r, &port)))
		return e;
	r->when = (struct spare_rescue){ clock_boot_ms(), UINT64_MAX };
	time_note(r);
	*what = "the firewall";
	if ((e = firewall_detour_open(r->ask.ports, r->ask.nports, port, &r->detour)))
		return e;
	*what = "sallyportd";
	return message_send(RESCUE_PARENT, MESSAGE_RESCUED, 0, &done, sizeof done);
}

static void began_say(const struct rescue *r)
{
	struct text ports = { 0 };
	char kept[32] = "";
	struct tm tm;

	for (unsigned i = 0; i < r->ask.nports; i++)
		text_add(&ports, i ? ",%u" : "%u", r->ask.ports[i]);
	if (localtime_r(&r->sshd.spare->kept, &tm))
		strftime(kept, sizeof kept, "%Y-%m-%dT%H:%M:%S", &tm);
	log_event(LOG_LEVEL_ERROR, "rescue-started", "reason",
		  r->ask.reason == ERR_CLOSED ? "no sshd listens" : "what listens is no working sshd", "port",
		  text_string(&ports), "sshd", r->sshd.argv[0], "confirmed", kept, "for", "who is let in alone", NULL);
	text_free(&ports);
}

static void failed_say(const char *what, enum err e)
{
	log_event(LOG_LEVEL_ERROR, "rescue-failed", "step", what, "why",
		  e == ERR_CHILD       ? "neither the installed sshd nor the copy of it works"
		  : e == ERR_NOT_FOUND ? "no configuration was confirmed on this host"
		  : e == ERR_CONFIG    ? "it is damaged, or others than root could have written it"
				       : err_text(e),
		  NULL);
}

static void finish(struct rescue *r)
{
	firewall_detour_close(r->detour);
	r->when.until_ms = clock_boot_ms();
	if (r->detour)
		time_note(r);
	for (int i = 0; i < 2; i++)
		file_close(r->listener[i]);
	rescue_sshd_clear(&r->sshd);
	root_close(r->root);
	file_close(r->signals);
}

int rescue_main(bool foreground)
{
	struct rescue r = { .listener = { -1, -1 }, .signals = -1 };
	const char *what = "the question";
	char n[16];
	enum err e;

	log_open("rescue", foreground);
	if (!(e = ask_wait(&r)))
		e = begin(&r, &what);
	if (e) {
		failed_say(what, e);
	} else {
		began_say(&r);
		r.look_ms = clock_boot_ms() + LOOK_EVERY_MS;
		while (!r.end)
			turn(&r);
		snprintf(n, sizeof n, "%u", r.nlogins);
		log_event(LOG_LEVEL_WARNING, "rescue-ended", "why", r.end, "connections", n, NULL);
	}
	finish(&r);
	return e ? 1 : 0;
}
