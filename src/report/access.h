/* SPDX-License-Identifier: GPL-3.0-or-later */
/* access.h - the matrix of accounts and networks for people and for programs. */
#ifndef REPORT_ACCESS_H
#define REPORT_ACCESS_H

#include "base/text.h"
#include "sshd/matrix.h"

#include <jansson.h>
#include <stdbool.h>

/* A table with a legend; accounts with the same cells on one line. */
MUST_USE enum err report_access_matrix_text(const struct access_matrix *m, bool color, struct text *out);
/* RFC 4180 with a header; one line an account, a cell as "allowed publickey+password" or "denied DenyUsers". */
MUST_USE enum err report_access_matrix_csv(const struct access_matrix *m, struct text *out);
/* Schema sallyport.access-matrix.v1. *out is a new reference. */
MUST_USE enum err report_access_matrix_json(const struct access_matrix *m, json_t **out);
/* One page that needs nothing else and runs no script. host and config name what was looked at; when: RFC 3339. */
MUST_USE enum err report_access_matrix_html(const struct access_matrix *m, const char *host, const char *config,
					    const char *when, struct text *out);

#endif
