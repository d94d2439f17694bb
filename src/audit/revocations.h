/* SPDX-License-Identifier: GPL-3.0-or-later */
/* revocations.h - what is to be revoked, against the list that sshd goes by; and who else could change either. */
#ifndef AUDIT_REVOCATIONS_H
#define AUDIT_REVOCATIONS_H

#include "base/err.h"
#include "base/macros.h"
#include "base/root.h"
#include "base/text.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>
#include <time.h>

/* An entry of /etc/sallyport/revoked.d that the list does not go by. */
struct stale_entry {
	char *file, *text; /* "ssh-ed25519 SHA256:... anna@laptop" */
	unsigned line;
	bool ended; /* it is over, and still in the list; else it is missing there */
};

/* A file that others than root could change, by itself or by a folder above it. */
struct loose_list {
	char *path;
	char *why;   /* "the folder /etc/ssh can be written by its group (mode 0775)" */
	mode_t mode; /* with which the file is root's alone; 0: that would not help */
};

struct revocations {
	enum err err;	/* why they could not be compared: ERR_CONFIG where a file of sources has a mistake */
	char *unread;	/* the file or folder because of which; NULL: none */
	size_t entries; /* that have not ended */
	struct stale_entry *stale;
	size_t nstale;
	struct loose_list *loose;
	size_t nloose;
	struct strings unseen; /* files that could not be looked at */
};

/*
 * 'list' is what RevokedKeys names for everybody (NULL: nothing), 'named' all files that it names anywhere. ERR_MEMORY; what could not be
 * found out is noted. Free with revocations_free().
 */
MUST_USE enum err revocations_read(const struct root *r, const char *list, const struct strings *named,
				   unsigned release, time_t now, struct revocations *out);
void revocations_free(struct revocations *l);

#endif
