/* SPDX-License-Identifier: GPL-3.0-or-later */
/* rescue_watch.h - the parent's part in a rescue: after a knock was granted it looks whether sshd answers, and has somebody answer who can. */
#ifndef GATE_RESCUE_WATCH_H
#define GATE_RESCUE_WATCH_H

#include "gate/launcher.h"
#include "gate/log.h"
#include "gate/settings.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct rescue_watch {
	struct launcher launcher;
	int epoll;	     /* where the connection to the rescue is heard; borrowed */
	uint32_t event;	     /* and what epoll's data says then */
	bool wanted;	     /* somebody was let in since the last look began */
	uint64_t look_ms;    /* before that no new look begins */
	pid_t looker;	     /* 0: none */
	int rescue;	     /* the connection; -1: there is no rescue */
	uint64_t give_up_ms; /* when it must answer */
	bool began;	     /* it answers */
	struct log_limit said;
};

/* Before any right is given up. */
void rescue_watch_open(struct rescue_watch *w, const char *libexec, bool foreground);
void rescue_watch_listen(struct rescue_watch *w, int epoll, uint32_t event);
void rescue_watch_close(struct rescue_watch *w);

/* Somebody was let in. */
void rescue_watch_knock(struct rescue_watch *w);
/* When rescue_watch_turn() has something to do; UINT64_MAX: not before something else happens. */
uint64_t rescue_watch_due(const struct rescue_watch *w);
void rescue_watch_turn(struct rescue_watch *w, const struct settings *s);
/* A child of ours ended, maybe the look. */
void rescue_watch_reap(struct rescue_watch *w, const struct settings *s);
/* The rescue says something, or has ended; what there is to tell the service manager, or NULL. */
const char *rescue_watch_read(struct rescue_watch *w);
/* New settings: one that answers for others is ended. */
void rescue_watch_settings(struct rescue_watch *w, const struct settings *old, const struct settings *new);

#endif
