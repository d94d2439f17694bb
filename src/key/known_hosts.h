/* SPDX-License-Identifier: GPL-3.0-or-later */
/* known_hosts.h - the host keys that a client knows (sshd(8), SSH_KNOWN_HOSTS FILE FORMAT). */
#ifndef KEY_KNOWN_HOSTS_H
#define KEY_KNOWN_HOSTS_H

#include "base/err.h"
#include "base/macros.h"
#include "key/public.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum known_host_kind {
	KNOWN_HOST_KEY,
	KNOWN_HOST_CA,	    /* @cert-authority: signs the keys of these hosts */
	KNOWN_HOST_REVOKED, /* @revoked: never to be trusted for these hosts */
};

struct known_host {
	unsigned line; /* from 1 */
	enum known_host_kind kind;
	char *names; /* "a,b*,!c", "[host]:2222", "|1|SALT|HASH" */
	struct public_key_line key;
};

/* A line that ssh cannot use: it goes on with the next one. */
struct known_hosts_fault {
	unsigned line;
	const char *why; /* static: "no key" */
};

struct known_hosts {
	struct known_host *v;
	size_t n;
	struct known_hosts_fault *faults;
	size_t nfaults;
};

/* As ssh of the release (902 is 9.2) reads it, nothing in it is an error. ERR_MEMORY. Free with known_hosts_clear(). */
MUST_USE enum err known_hosts_parse(const char *content, size_t len, unsigned release, struct known_hosts *out);
void known_hosts_clear(struct known_hosts *k); /* leaves { 0 } */

/* What ssh looks a host up by: the name in lower case, "[name]:port" unless the port is 22. *out is yours. ERR_MEMORY. */
MUST_USE enum err known_hosts_name(const char *host, unsigned port, char **out);
/* Whether the line is about the host of this name. */
bool known_host_is(const struct known_host *h, const char *name);
/* The first line behind 'after' (NULL: from the top) about this host; NULL when there is none. Borrowed. */
const struct known_host *known_hosts_next(const struct known_hosts *k, const char *name,
					  const struct known_host *after);

#endif
