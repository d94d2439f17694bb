/* SPDX-License-Identifier: GPL-3.0-or-later */
/* own_path.c - where the .exe is, with slashes. */
#include "client/own_path.h"

#include "base/banned.h"

enum err own_path(char **out)
{
	char path[MAX_PATH], *copy;
	DWORD n = GetModuleFileNameA(NULL, path, sizeof path);

	copy = strdup(n && n < sizeof path ? path : "sallyport");
	if (!copy)
		return ERR_MEMORY;
	for (char *c = copy; *c; c++)
		if (*c == '\\')
			*c = '/';
	*out = copy;
	return ERR_NONE;
}
