/* SPDX-License-Identifier: GPL-3.0-or-later */
/* jail.c - what was asked for. */
#include "jail/jail.h"

#include <stdlib.h>

#include "base/banned.h"

void jail_clear(struct jail *j)
{
	free(j->user);
	free(j->dir);
	free(j->home);
	free(j->shell);
	strings_free(&j->with);
	*j = (struct jail){ 0 };
}
