/* SPDX-License-Identifier: GPL-3.0-or-later */
/* firewall_watch.h - the beginning of the watch over our table: inside of firewall.h. */
#ifndef GATE_FIREWALL_WATCH_H
#define GATE_FIREWALL_WATCH_H

#include "base/err.h"
#include "base/macros.h"

struct firewall;

/* Hears of changes from now on, but for our own. */
MUST_USE enum err firewall_watch_open(struct firewall *f);
/* The table as it is now is the one that must stay. */
MUST_USE enum err firewall_watch_begin(struct firewall *f);
/* After the machine slept: the table is made anew, since the kernel's time-outs stood still meanwhile. */
MUST_USE enum err firewall_watch_woken(struct firewall *f);

#endif
