/* SPDX-License-Identifier: GPL-3.0-or-later */
/* probe.h - look at one SSH server from the outside: its identification and what it offers. */
#ifndef WIRE_PROBE_H
#define WIRE_PROBE_H

#include "base/err.h"
#include "base/macros.h"
#include "base/text.h"

#include <stdbool.h>
#include <stdint.h>

/* RFC 4253 section 7.1: the name-lists of SSH_MSG_KEXINIT, server's side. */
struct kexinit {
	struct strings kex, host_key, cipher_c2s, cipher_s2c, mac_c2s, mac_s2c, compression_c2s, compression_s2c;
	bool strict; /* kex-strict-s-v00@openssh.com is in kex (CVE-2023-48795) */
};

struct probe_target {
	const char *addr; /* numeric IPv4 or IPv6 */
	unsigned port;
	const char *
		source; /* numeric address to come from, or NULL: 127.83.x.y of our own for a loopback target, else the system's choice */
	int timeout_ms; /* for the whole probe */
};

struct probe_result {
	char *identification; /* "SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u10", escaped */
	struct kexinit kexinit;
};

/*
 * Connects, exchanges identification lines, reads KEXINIT, hangs up. Ends in bounded time
 * and reads at most 64 KiB. ERR_NONE; ERR_CLOSED: nobody listens, or it hung up without a
 * reason (so do TCP wrappers); ERR_PENALTY: sshd said that it refuses this source or all for
 * now (PerSourcePenalties, MaxStartups), so that nothing is known about it; ERR_TIMEOUT;
 * ERR_SYNTAX: what answers does not speak SSH-2; ERR_TOO_BIG: lines or a packet beyond the
 * limits; ERR_RANGE: addr, port or source is none; ERR_SYSTEM.
 */
MUST_USE enum err probe_server(const struct probe_target *t, struct probe_result *out);
/* The same over a connected stream socket; the descriptor stays the caller's. */
MUST_USE enum err probe_socket(int fd, int timeout_ms, struct probe_result *out);
void probe_result_free(struct probe_result *r);

/* Pure parsers, for the prober and for fuzzing. */
/* A line without CR LF. ERR_SYNTAX unless "SSH-2.0-..." or "SSH-1.99-...", at most 253 bytes, no NUL. The comment in it may be anything. */
MUST_USE enum err identification_check(const uint8_t *line, size_t len);
/* The payload of a packet that begins with SSH_MSG_KEXINIT (20). ERR_SHORT, ERR_TRAILING, ERR_SYNTAX, ERR_TOO_BIG beyond 1024 names in a list. */
MUST_USE enum err kexinit_parse(const uint8_t *payload, size_t len, struct kexinit *out);
void kexinit_free(struct kexinit *k);
/*
 * Appends the names of a list that an administrator configures there: without the signals
 * of RFC 8308 (ext-info-) and strict key exchange (kex-strict-), and without gss-, which has a keyword of its own.
 */
MUST_USE enum err kexinit_configured(const struct strings *list, struct strings *out);

#endif
