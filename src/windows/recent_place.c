/* SPDX-License-Identifier: GPL-3.0-or-later */
/* recent_place.c - a file below %LOCALAPPDATA%, which is this user's alone. */
#include "client/recent.h"

#include <sodium.h>
#include <stdio.h>

#include "base/banned.h"

#define NAME_BYTES 16u
#define PATH_MOST 1024

enum err recent_open(const char *subject, int *fd)
{
	const char *mine = getenv("LOCALAPPDATA");
	uint8_t digest[NAME_BYTES];
	char name[2 * NAME_BYTES + 1], path[PATH_MOST];
	int n;

	if (!mine || !mine[0])
		return ERR_NOT_FOUND;
	n = snprintf(path, sizeof path, "%s/sallyport", mine);
	if (n < 0 || (size_t)n >= sizeof path ||
	    (!CreateDirectoryA(path, NULL) && GetLastError() != ERROR_ALREADY_EXISTS))
		return ERR_NOT_FOUND;
	crypto_generichash(digest, sizeof digest, (const uint8_t *)subject, strlen(subject), NULL, 0);
	sodium_bin2hex(name, sizeof name, digest, sizeof digest);
	n = snprintf(path, sizeof path, "%s/sallyport/%s", mine, name);
	if (n < 0 || (size_t)n >= sizeof path)
		return ERR_NOT_FOUND;
	*fd = open(path, O_RDWR | O_CREAT, 0600);
	return *fd < 0 ? ERR_SYSTEM : ERR_NONE;
}
