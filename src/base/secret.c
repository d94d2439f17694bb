/* SPDX-License-Identifier: GPL-3.0-or-later */
/* secret.c - no core, no debugger, no file on a disk. */
#include "base/secret.h"

#include "base/file.h"

#include <fcntl.h>
#include <sodium.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/banned.h"

enum err secret_begin(void)
{
	/* 0 stops files only; a limit of 1 also stops the kernel from feeding a program named in core_pattern: core(5) */
	const struct rlimit none = { .rlim_cur = 1, .rlim_max = 1 };

	if (sodium_init() < 0 || setrlimit(RLIMIT_CORE, &none) || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0))
		return ERR_SYSTEM;
	return ERR_NONE;
}

enum err secret_file(const void *content, size_t len, int *fd)
{
	int made = memfd_create("key", MFD_CLOEXEC), high;
	enum err e;

	if (made < 0)
		return ERR_SYSTEM;
	high = fcntl(made, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	file_close(made);
	if (high < 0)
		return ERR_SYSTEM;
	/* ssh-keygen takes no key that others could read */
	e = fchmod(high, 0600) ? ERR_SYSTEM : file_write_all(high, content, len);
	if (e)
		file_close(high);
	else
		*fd = high;
	return e;
}
