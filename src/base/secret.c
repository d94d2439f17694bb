/* SPDX-License-Identifier: GPL-3.0-or-later */
/* secret.c - no core, no debugger. */
#include "base/secret.h"

#include <sodium.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "base/banned.h"

enum err secret_begin(void)
{
	/* 0 stops files only; a limit of 1 also stops the kernel from feeding a program named in core_pattern: core(5) */
	const struct rlimit none = { .rlim_cur = 1, .rlim_max = 1 };

	if (sodium_init() < 0 || setrlimit(RLIMIT_CORE, &none) || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0))
		return ERR_SYSTEM;
	return ERR_NONE;
}
