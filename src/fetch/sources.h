/* SPDX-License-Identifier: GPL-3.0-or-later */
/* sources.h - /etc/sallyport/revoked-sources.conf: where lists of revoked keys come from, sallyport-revoked-sources.conf(5). */
#ifndef FETCH_SOURCES_H
#define FETCH_SOURCES_H

#include "base/diag.h"
#include "base/err.h"
#include "base/macros.h"
#include "base/root.h"
#include "base/text.h"

#include <stddef.h>
#include <stdint.h>

#define SOURCES_PATH "/etc/sallyport/revoked-sources.conf"
#define SOURCES_MAX 64		    /* of them */
#define SOURCE_NAME_MAX 64	    /* bytes of a name */
#define SOURCE_BYTES_MAX (8u << 20) /* of a list; what is made of it must still be a file of sources */
#define SOURCE_NAMESPACE "revoked@sallyport"

/* One "Source NAME" with the lines below it. All values are checked; what is left out has its default. */
struct source {
	unsigned line;	     /* of its Source */
	char *name;	     /* letters, digits, "-", "_", "." inside: it becomes the name of a file */
	char *from;	     /* From: "https://..." or an absolute path */
	struct strings keys; /* SignedBy TYPE BASE64: "ssh-ed25519 AAAA..."; any of them will do */
	char *signers,
		*signer;  /* or SignedBy FILE WHO: an allowed signers file of ssh-keygen(1), and who in it; else NULL */
	char *name_space; /* Namespace; SOURCE_NAMESPACE */
	char *ca_file;	  /* CAFile; NULL: the CAs of the system */
	uint64_t max_age; /* MaxAge, seconds; 0: any */
	uint64_t max_bytes; /* MaxSize; 1 MiB */
	uint64_t seconds;   /* Timeout; 30 */
};

struct sources {
	struct source *v;
	size_t n;
	struct strings keep; /* Keep: accounts that must still get in, as --keep has them */
};

/*
 * Mistakes name file, line, value and what is wanted; ERR_CONFIG: there are some, *out stays as it was. As root_read() where the file
 * cannot be read. Free with sources_clear().
 */
MUST_USE enum err sources_load(const struct root *r, const char *path, struct sources *out, struct diags *problems);
MUST_USE enum err sources_parse(const char *content, size_t len, const char *name, struct sources *out,
				struct diags *problems);
void sources_clear(struct sources *s); /* leaves { 0 } */

#endif
