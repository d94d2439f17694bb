/* SPDX-License-Identifier: GPL-3.0-or-later */
/* interrupt.h - signals that would end us wait until nothing is half done. */
#ifndef BASE_INTERRUPT_H
#define BASE_INTERRUPT_H

#include <signal.h>
#include <stdbool.h>

/* Until interrupt_release() with what it puts into *before. May be nested. */
void interrupt_hold(sigset_t *before);
/* What came meanwhile has been answered by going back, or came too late to matter: it is forgotten. Keeps errno. */
void interrupt_release(const sigset_t *before);
/* Somebody wants it to end: SIGINT, SIGTERM or SIGQUIT waits. */
bool interrupt_pending(void);

#endif
