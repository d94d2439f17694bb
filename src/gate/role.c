/* SPDX-License-Identifier: GPL-3.0-or-later */
/* role.c - what every role does at its start. */
#include "gate/role.h"

#include "base/file.h"
#include "gate/log.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/banned.h"

#define SETTINGS_BYTES (1u << 20)

struct settings *role_settings(void)
{
	struct diags problems = { 0 };
	struct settings *s = NULL;
	char *content = NULL;
	size_t len = 0;
	enum err e = lseek(ROLE_SETTINGS, 0, SEEK_SET) ? ERR_SYSTEM
						       : file_read_all(ROLE_SETTINGS, SETTINGS_BYTES, &content, &len);

	if (!e)
		e = settings_parse(content, len, "settings", &s, &problems);
	free(content);
	if (e) {
		log_event(LOG_LEVEL_ERROR, "no-settings", "why", problems.n ? problems.v[0].text : err_text(e), NULL);
		exit(1);
	}
	diags_free(&problems);
	file_close(ROLE_SETTINGS);
	return s;
}

enum err role_lock_in(const struct sandbox *box)
{
	const char *step = "";
	bool missing = false;
	enum err e = sandbox_enter(box, &step, &missing);

	if (e)
		log_event(LOG_LEVEL_ERROR, "sandbox-failed", "step", step, "why", err_text(e), NULL);
	else if (missing)
		log_event(LOG_LEVEL_NOTICE, "landlock-missing", NULL);
	return e;
}

void role_ready(void)
{
	if (write(ROLE_PARENT, "R", 1) != 1)
		log_event(LOG_LEVEL_ERROR, "parent-gone", NULL);
}
