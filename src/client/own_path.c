/* SPDX-License-Identifier: GPL-3.0-or-later */
/* own_path.c - by /proc where there is one. */
#include "client/own_path.h"

#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "base/banned.h"

enum err own_path(char **out)
{
	char path[PATH_MAX], *copy;
	ssize_t n = readlink("/proc/self/exe", path, sizeof path - 1);

	path[n > 0 ? n : 0] = '\0';
	copy = strdup(n > 0 ? path : "sallyport");
	if (!copy)
		return ERR_MEMORY;
	*out = copy;
	return ERR_NONE;
}
