/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lookup_config.h - the configuration of sshd as it is on disk now, read again only when something has changed. */
#ifndef GATE_LOOKUP_CONFIG_H
#define GATE_LOOKUP_CONFIG_H

#include "base/diag.h"
#include "base/err.h"
#include "base/macros.h"
#include "base/root.h"
#include "sshd/config.h"

/* Start with { .root, .path, .release, .spare }; all borrowed. */
struct lookup_config {
	const struct root *root;
	const char *path;
	unsigned release;
	bool spare;			  /* where it has errors the last confirmed one decides: sshd/spare.h */
	const struct sshd_config *config; /* NULL: it has errors, or was not read yet */
	/* private */
	struct sshd_config *read;      /* the one on disk, errors or not */
	struct sshd_config *confirmed; /* in place of it; NULL: it is not needed, or there is none */
	char *stamp;		       /* what the files looked like when they were read; NULL: read again */
};

/*
 * ERR_CONFIG: it has errors, 'problems' has them; other errors: it cannot be read. After both config is the last confirmed one, or NULL.
 */
MUST_USE enum err lookup_config_refresh(struct lookup_config *c, struct diags *problems);
void lookup_config_clear(struct lookup_config *c);

#endif
