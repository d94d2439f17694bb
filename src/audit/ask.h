/* SPDX-License-Identifier: GPL-3.0-or-later */
/* ask.h - ask the sshd binary itself: its version, what it supports, what a configuration comes to. */
#ifndef AUDIT_ASK_H
#define AUDIT_ASK_H

#include "base/err.h"
#include "base/macros.h"
#include "base/text.h"
#include "sshd/effective.h"

/* What `sshd -T` printed: names in lower case, values in order of printing. */
struct sshd_report {
	struct strings names;
	struct strings *values; /* one list for each name */
};

/*
 * Runs `sshd -T -f config [-C spec]`, at most 10 s. ERR_CHILD: sshd refuses the
 * configuration. ERR_UNSUPPORTED: it could not even try (host keys unreadable without root,
 * no /run/sshd); where the binary has -G (9.3) that is asked instead. With both *complaint
 * (yours) is its first line of complaint. connection NULL: no -C.
 */
MUST_USE enum err ask_report(const char *sshd, const char *config, const struct sshd_connection *connection,
			     struct sshd_report *out, char **complaint);
const struct strings *report_values(const struct sshd_report *r, const char *name); /* NULL: not printed */
/* Lines of "name value", bounded; names come out in lower case. ERR_SYNTAX for what no sshd prints, ERR_TOO_BIG. */
MUST_USE enum err report_parse(const char *printed, size_t len, struct sshd_report *out);
void report_free(struct sshd_report *r);

/* `sshd -V`; on old releases the line in its usage text. Release as in sshd/version.h; text "9.2p1" is yours. */
MUST_USE enum err ask_version(const char *sshd, unsigned *release, char **text);

/* The version that is written in the bytes of a binary, without running it. ERR_NOT_FOUND. */
MUST_USE enum err binary_version(const char *bytes, size_t len, unsigned *release, char **text);

/*
 * Of the wanted algorithms (in order) those that this binary accepts for the keyword
 * (KexAlgorithms, Ciphers, MACs, HostKeyAlgorithms, PubkeyAcceptedAlgorithms, ...). It is run
 * with them on an empty configuration, all at once and, where it refuses that, one by one. No
 * root, no host key and no temporary file are needed. ERR_CHILD: it said something unexpected.
 */
MUST_USE enum err ask_supported(const char *sshd, enum sshd_keyword_id keyword, const struct strings *wanted,
				struct strings *supported);

#endif
