/* SPDX-License-Identifier: GPL-3.0-or-later */
/* interrupt.c - holds back the signals that would end us, and asks for them. */
#include "base/interrupt.h"

#include "base/macros.h"

#include <errno.h>
#include <time.h>

#include "base/banned.h"

static void ending_signals(sigset_t *set)
{
	static const int list[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE };

	sigemptyset(set);
	for (size_t i = 0; i < ARRAY_SIZE(list); i++)
		sigaddset(set, list[i]);
}

void interrupt_hold(sigset_t *before)
{
	sigset_t set;

	ending_signals(&set);
	sigprocmask(SIG_BLOCK, &set, before);
}

void interrupt_release(const sigset_t *before)
{
	struct timespec none = { 0 };
	int kept = errno;
	sigset_t set;

	ending_signals(&set);
	while (sigtimedwait(&set, NULL, &none) > 0)
		;
	sigprocmask(SIG_SETMASK, before, NULL);
	errno = kept;
}

bool interrupt_pending(void)
{
	sigset_t pending;

	sigpending(&pending);
	return sigismember(&pending, SIGINT) == 1 || sigismember(&pending, SIGTERM) == 1 ||
	       sigismember(&pending, SIGQUIT) == 1;
}
