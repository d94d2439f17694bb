/* SPDX-License-Identifier: GPL-3.0-or-later */
/* hide.h - hide's waiting for a knock from outside; for hide*.c alone. */
#ifndef CMD_HIDE_H
#define CMD_HIDE_H

#include "base/err.h"
#include "base/macros.h"
#include "base/text.h"
#include "harden/hide.h"

#include <stdbool.h>
#include <stdint.h>

/* What hide says while it waits, and what it learns. */
struct hide_wait {
	const struct hide *hide;
	uint64_t seconds; /* at most */
	bool quiet;
	char user[256], address[64]; /* whose knock it was */
	char jailed[256];	     /* whose knock did not count; "": nobody's */
};

/* Says what to do on the other side and waits, with the ports still open. 'wrong' says why no knock arrived. */
MUST_USE enum err hide_wait_for_knock(struct hide_wait *w, struct text *wrong);

#endif
