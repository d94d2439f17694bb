/* SPDX-License-Identifier: GPL-3.0-or-later */
/* file_bytes.h - a small file, by whatever path the command line has for it. */
#ifndef TESTS_TOOLS_FILE_BYTES_H
#define TESTS_TOOLS_FILE_BYTES_H

#include "base/root.h"

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

/* Yours; NULL: it cannot be read, or has more than 64 KiB. */
static inline uint8_t *file_bytes(const char *path, size_t *len)
{
	struct root *live = NULL;
	char *content = NULL, *full = realpath(path, NULL);

	if (!full || root_open("/", &live) || root_read(live, full, 65536, &content, len))
		content = NULL;
	root_close(live);
	free(full);
	return (uint8_t *)content;
}

#endif
