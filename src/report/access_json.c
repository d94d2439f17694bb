/* SPDX-License-Identifier: GPL-3.0-or-later */
/* access_json.c - the matrix in the form sallyport.access-matrix.v1. */
#include "report/access.h"

#include "base/json.h"

#include "base/banned.h"

static const char *const verdict_words[] = { "allowed", "denied", "unknown" };

static json_t *members_json(const struct networks *l)
{
	json_t *list = json_array();

	for (size_t i = 0; i < l->n; i++) {
		char text[NETWORK_TEXT];
		network_text(&l->v[i], text);
		json_array_append_new(list, json_string(text));
	}
	return list;
}

static json_t *network_json(const struct matrix_network *n)
{
	return json_pack("{s:o,s:s,s:o,s:b,s:o}", "name", json_safe_string(n->name), "addr", n->addr, "networks",
			 members_json(&n->members), "more", n->more, "rules", json_safe_strings(&n->rules));
}

static json_t *methods_json(unsigned methods)
{
	json_t *list = json_array();

	for (unsigned bit = METHOD_PUBLICKEY; bit <= METHOD_GSSAPI; bit <<= 1)
		if (methods & bit)
			json_array_append_new(list, json_string(access_method_text((enum access_method)bit)));
	return list;
}

static json_t *decided_json(const struct matrix_cell *c)
{
	json_t *pattern;

	if (!c->by)
		return json_null();
	pattern = c->pattern ? json_safe_string(c->pattern) : json_null();
	return json_pack("{s:s,s:o,s:o,s:i}", "directive", c->by->keyword->name, "pattern", pattern, "file",
			 json_safe_string(c->by->file), "line", (int)c->by->line);
}

static json_t *cell_json(const struct matrix_cell *c)
{
	const char *reason =
		c->reason == REASON_KEY ? credential_obstacle_text(c->obstacle) : access_reason_text(c->reason);

	return json_pack("{s:s,s:s,s:o,s:o}", "verdict", verdict_words[c->verdict], "reason", reason, "methods",
			 methods_json(c->methods), "decided_by", decided_json(c));
}

static json_t *row_json(const struct access_matrix *m, const struct matrix_row *row)
{
	json_t *list = json_array();

	for (size_t i = 0; i < m->nnetworks; i++)
		json_array_append_new(list, cell_json(&row->cells[i]));
	return list;
}

/* Accounts with the same cells share them in memory too; what is written has them for each. */
static json_t *accounts_json(const struct access_matrix *m)
{
	json_t *list = json_array(), *rows = json_array();

	for (size_t i = 0; i < m->nrows; i++)
		json_array_append_new(rows, row_json(m, &m->rows[i]));
	for (size_t i = 0; i < m->naccounts; i++) {
		const struct matrix_account *a = &m->accounts[i];
		json_array_append_new(list, json_pack("{s:o,s:b,s:O}", "user", json_safe_string(a->user), "partly",
						      a->partly, "cells", json_array_get(rows, a->row)));
	}
	json_decref(rows);
	return list;
}

enum err report_access_matrix_json(const struct access_matrix *m, json_t **out)
{
	json_t *networks = json_array(), *page;

	for (size_t i = 0; i < m->nnetworks; i++)
		json_array_append_new(networks, network_json(&m->networks[i]));
	page = json_pack("{s:s,s:o,s:o,s:o}", "schema", "sallyport.access-matrix.v1", "networks", networks, "accounts",
			 accounts_json(m), "notes", json_safe_strings(&m->notes));
	if (!page)
		return ERR_MEMORY;
	*out = page;
	return ERR_NONE;
}
