/* SPDX-License-Identifier: GPL-3.0-or-later */
/* clock.c - read the clocks. */
#include "base/clock.h"
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/banned.h"

#ifndef CLOCK_BOOTTIME /* elsewhere than on Linux */
#define CLOCK_BOOTTIME CLOCK_MONOTONIC
#endif

time_t clock_wall(void)
{
	return time(NULL);
}

uint64_t clock_boot_ms(void)
{
	struct timespec t = { 0 };

	clock_gettime(CLOCK_BOOTTIME, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

void clock_boot_id(char out[37])
{
	int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? 0 : read(fd, out, 36);

	out[n == 36 ? 36 : 0] = '\0';
	file_close(fd);
}
