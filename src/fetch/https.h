/* SPDX-License-Identifier: GPL-3.0-or-later */
/* https.h - fetch one small file by https, bounded in size and time, from a server that may be anybody's. */
#ifndef FETCH_HTTPS_H
#define FETCH_HTTPS_H

#include "base/err.h"
#include "base/macros.h"

#include <stddef.h>
#include <stdint.h>

struct https_request {
	const char *url;     /* "https://..." */
	const char *ca_file; /* NULL: the CAs of the system */
	size_t max;	     /* bytes */
	uint64_t seconds;    /* for all of it */
};

/*
 * By libcurl: the certificate is always checked, for the name, too; at most 3 redirects, to https only; proxies are those of the
 * environment; .netrc is not read; nothing is unpacked. As root it runs in a process of its own as nobody, which is killed when
 * the time is over. ERR_NOT_FOUND, ERR_TOO_BIG, ERR_TIMEOUT; ERR_CLOSED is everything else that the other side did or did not
 * do; then *why (yours) is a sentence about it. ERR_SYSTEM, ERR_MEMORY. *content is yours, and ends in a NUL that *len does not count.
 */
MUST_USE enum err https_get(const struct https_request *q, char **content, size_t *len, char **why);
const char *https_version(void); /* "libcurl N"; static */

#endif
