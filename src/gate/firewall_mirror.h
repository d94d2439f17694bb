/* SPDX-License-Identifier: GPL-3.0-or-later */
/* firewall_mirror.h - what is granted and until when, so that the kernel need not be asked. */
#ifndef GATE_FIREWALL_MIRROR_H
#define GATE_FIREWALL_MIRROR_H

#include "base/err.h"
#include "base/macros.h"
#include "gate/message.h"

#include <stddef.h>
#include <stdint.h>

struct mirror_key {
	uint8_t family; /* 4, 6 */
	uint8_t bytes[16];
	uint16_t port;
};

struct mirror_entry {
	struct mirror_key key;
	uint64_t until_ms; /* of clock_boot_ms() */
};

/* Start with { 0 }. */
struct mirror {
	void *root;
	size_t n;
	uint64_t pruned_ms;
};

/* The key of an address of which only the first bits count if it is IPv6. ERR_RANGE: no family, or no port. */
MUST_USE enum err mirror_key_make(const struct message_address *a, uint16_t port, unsigned ipv6_bits,
				  struct mirror_key *out);
/* The entry of a key, NULL if there is none. It may be changed, but for the key; borrowed until it is removed. */
struct mirror_entry *mirror_find(const struct mirror *m, const struct mirror_key *k);
/* A new entry; there must be none of that key. */
MUST_USE enum err mirror_add(struct mirror *m, const struct mirror_key *k, uint64_t until_ms);
void mirror_remove(struct mirror *m, const struct mirror_key *k); /* none is fine */
/* Forgets what ended before; once a minute at most. */
void mirror_prune(struct mirror *m, uint64_t now_ms);
/* Each entry, in the order of the keys; 'take' must not add or remove. */
void mirror_each(const struct mirror *m, void (*take)(void *arg, struct mirror_entry *e), void *arg);
void mirror_free(struct mirror *m); /* leaves { 0 } */

#endif
