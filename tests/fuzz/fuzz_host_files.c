/* SPDX-License-Identifier: GPL-3.0-or-later */
/* fuzz_host_files.c - titles of processes, which users choose, and small system files. */
#include "audit/host.h"
#include "audit/process.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = strndup((const char *)data, size), *name = NULL, *version = NULL;
	struct process_title t;
	uint64_t ticks;
	pid_t parent;

	if (!text)
		return 0;
	if (process_title_parse(text, &t) == ERR_NONE && (t.user < text || t.user + t.user_len > text + strlen(text)))
		abort();
	(void)!process_stat_parse(text, &parent, &ticks);
	if (os_release_parse(text, &name) == ERR_NONE && (!name || strchr(name, '\n')))
		abort();
	if (dpkg_status_find((const char *)data, size, "openssh-server", &version) == ERR_NONE &&
	    (!version || strchr(version, '\n')))
		abort();
	free(name);
	free(version);
	free(text);
	return 0;
}
