/* SPDX-License-Identifier: GPL-3.0-or-later */
/* matrix.h - accounts by networks: who may come in from where, and with what is left to each. */
#ifndef SSHD_MATRIX_H
#define SSHD_MATRIX_H

#include "sshd/access.h"
#include "sshd/network.h"

#define MATRIX_NETWORKS 200 /* columns */
#define MATRIX_MEMBERS 16   /* networks that are listed for one column */

/*
 * A column: all addresses that the same networks and patterns of rules hold, and no others. Named for the narrowest of them;
 * what no rule names is "elsewhere".
 */
struct matrix_network {
	char *name; /* "10.0.0.0/8", "192.168.1?.*", "elsewhere (IPv4)"; text from the rules, not escaped */
	int family; /* AF_INET or AF_INET6 */
	char addr[NETWORK_TEXT]; /* the address that stands for it */
	bool elsewhere;
	struct networks members; /* the first MATRIX_MEMBERS of its networks, rising */
	bool more;		 /* there are others */
	struct strings rules;	 /* what names it: "AllowUsers anna@10.0.0.0/8 (FILE:LINE)" */
};

/* As access_decision; 'by' and 'pattern' belong to the config. */
struct matrix_cell {
	enum access_verdict verdict;
	enum access_reason reason;
	enum credential_obstacle obstacle;
	unsigned methods, unknown;
	const struct sshd_line *by;
	const char *pattern;
	char *detail; /* a sentence where the row is that of one account, else NULL */
};

/* Accounts with the same cells share a row. */
struct matrix_row {
	struct matrix_cell *cells; /* one for each network */
	size_t naccounts;
	bool root; /* the superuser is among them */
};

struct matrix_account {
	char *user;
	size_t row;
	bool partly; /* its keys or certificates tell more networks apart than there are columns: access_sources_find() has them */
};

struct access_matrix {
	struct matrix_network *networks;
	size_t nnetworks;
	struct matrix_row *rows; /* root's first, then in the order of accounts */
	size_t nrows;
	struct matrix_account *accounts; /* in the order given */
	size_t naccounts;
	struct strings notes; /* what the picture leaves out, in sentences */
};

/*
 * 'like' gives laddr, lport and assume (which see) for all; its other fields are not looked at. The accounts need their groups:
 * membership.h. ERR_MEMORY. Free with access_matrix_free().
 */
MUST_USE enum err access_matrix_make(struct access *a, const struct sshd_config *c, const struct accounts *who,
				     const struct access_login *like, struct access_matrix **out);
void access_matrix_free(struct access_matrix *m); /* NULL is fine */
const struct matrix_cell *access_matrix_cell(const struct access_matrix *m, size_t account, size_t network);

#endif
