/* SPDX-License-Identifier: GPL-3.0-or-later */
/* timer.h - what puts everything back when nobody confirms, and survives our own death. */
#ifndef HARDEN_TIMER_H
#define HARDEN_TIMER_H

#include "base/err.h"
#include "base/macros.h"
#include "harden/journal.h"

#include <stdbool.h>

/*
 * Starts `sallyport rollback --when-due ID` apart from us: a transient timer unit where systemd
 * runs, else a process of a session of its own. Both wait for the deadline in state.json
 * by the boot clock, so that setting the wall clock changes nothing. A mark
 * in /run says which; it goes with a reboot, and recover then rolls back.
 */
MUST_USE enum err timer_arm(const struct tx *t);
/* Whether a timer armed in this boot still lives. */
bool timer_alive(const struct tx *t);
/* Ends the timer, after confirm or rollback; from the timer itself it only removes the mark. */
void timer_disarm(const struct tx *t);
/* Sleeps until the deadline of t has come, by the boot clock. Returns at once where it has. */
void timer_sleep(const struct tx *t);
/* The deadline has passed, or the machine was started anew since. */
bool timer_due(const struct tx *t);
/* Seconds left, 0 when due. */
unsigned long timer_left(const struct tx *t);

#endif
