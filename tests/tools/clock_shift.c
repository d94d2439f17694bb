/* SPDX-License-Identifier: GPL-3.0-or-later */
/* clock_shift.c - another wall clock for all programs of a private world, by /etc/ld.so.preload; the real one is not touched. */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timex.h>
#include <time.h>
#include <unistd.h>

#include "base/banned.h"

/*
 * /run/lab-clock: 16 bytes, how many seconds the clock is ahead (may be negative) and whether it is synchronised, as native 64-bit
 * integers. It is mapped at the start, so that a program that has locked itself in since then still sees what is written there.
 */
static const volatile struct shift {
	int64_t ahead, synchronised;
} none = { 0, 1 }, *shift = &none;

__attribute__((constructor)) static void begin(void)
{
	const int fd = open("/run/lab-clock", O_RDONLY | O_CLOEXEC), saved = errno;
	void *at = fd < 0 ? MAP_FAILED : mmap(NULL, sizeof none, PROT_READ, MAP_SHARED, fd, 0);

	if (at != MAP_FAILED)
		shift = at;
	if (fd >= 0)
		close(fd);
	errno = saved;
}

int clock_gettime(clockid_t clock, struct timespec *t)
{
	const long got = syscall(SYS_clock_gettime, clock, t);

	if (!got && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE))
		t->tv_sec += shift->ahead;
	return (int)got;
}

time_t time(time_t *out)
{
	struct timespec t = { 0 };

	clock_gettime(CLOCK_REALTIME, &t);
	if (out)
		*out = t.tv_sec;
	return t.tv_sec;
}

int gettimeofday(struct timeval *restrict out, void *restrict zone)
{
	struct timespec t = { 0 };

	(void)zone;
	clock_gettime(CLOCK_REALTIME, &t);
	*out = (struct timeval){ t.tv_sec, t.tv_nsec / 1000 };
	return 0;
}

/* What it says of a clock that nobody has set, or that somebody has. */
int adjtimex(struct timex *t)
{
	t->status = shift->synchronised ? STA_PLL : STA_UNSYNC;
	return shift->synchronised ? TIME_OK : TIME_ERROR;
}
