/* SPDX-License-Identifier: GPL-3.0-or-later */
/* clock_sync.c - whether somebody keeps the clock right. Apart from clock.c, in whose place tests put a clock of their own. */
#include "base/clock.h"

#include <sys/timex.h>

#include "base/banned.h"

bool clock_synchronised(void)
{
	struct timex t = { .modes = 0 };
	const int state = adjtimex(&t);

	/* who may not ask does not know: a unit that forbids the call is no synchronised clock */
	return state >= 0 && state != TIME_ERROR && !(t.status & STA_UNSYNC);
}
