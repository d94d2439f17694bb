/* SPDX-License-Identifier: GPL-3.0-or-later */
/* place.h - the networks and patterns of addresses that rules and keys name, each with where it stands. */
#ifndef SSHD_PLACE_H
#define SSHD_PLACE_H

#include "sshd/credential.h"
#include "sshd/wildcard.h"

struct place {
	char *item;	   /* "10.0.0.0/8", "192.168.*", "*.example.org": without "!" */
	char *rule;	   /* what it is part of, for people: "AllowUsers anna@10.0.0.0/8 (FILE:LINE)"; escaped */
	bool by_name;	   /* a host name can match it */
	bool on_interface; /* "fe80::1%eth0" */
};

/* A list that owns its places. Start with { 0 }. */
struct places {
	struct place *v;
	size_t n, size;
};

/* AllowUsers and DenyUsers words whose user part fits (user NULL: all), Match Address and Match Host. ERR_MEMORY. */
MUST_USE enum err places_of_config(const struct sshd_config *c, const char *user, struct places *out);
/* from= of all keys and CAs. ERR_MEMORY. */
MUST_USE enum err places_of_credentials(const struct credentials *from, struct places *out);
/* The items of a comma list. rule: as above. ERR_MEMORY. */
MUST_USE enum err places_of_list(const char *list, const char *rule, struct places *out);
void places_free(struct places *l);

/* The addresses that it is about, a host without a name taken. limit: as wildcard_find(). ERR_MEMORY. Clear with wildcard_clear(). */
MUST_USE enum err place_find(const struct place *p, size_t limit, struct wildcard *out);

#endif
