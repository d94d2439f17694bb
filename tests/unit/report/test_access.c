/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_access.c - the matrix in its four forms, with names that want to break out of them. */
#include "../sshd/host.h"

#include "base/json.h"
#include "report/access.h"
#include "sshd/membership.h"

#include <ctype.h>
#include <string.h>

#include "base/banned.h"

#define HOSTILE "<script>\"'&\\x1B"

struct page {
	struct sshd_config *c;
	struct access *access;
	struct accounts who;
	struct access_matrix *m;
};

static const char rules[] = "UsePAM yes\nAllowUsers root anna@10.0.0.0/8 free@<b>\"x\",2001:db8::/32\n"
			    "Match Address 10.0.0.0/8\nPasswordAuthentication no\nKbdInteractiveAuthentication no\n";

static void page_make(const struct host *s, struct page *p)
{
	struct access_login like = { .laddr = "192.0.2.1", .lport = 22, .assume = METHOD_PUBLICKEY | METHOD_PASSWORD };

	host_put(s, "etc/passwd",
		 "root:x:0:0:root:/root:/bin/sh\nanna:x:1001:2001:Anna,,,:/home/anna:/bin/sh\n"
		 "<script>\"'&\x1b:x:1006:2001::/:/bin/sh\neve:x:1003:9999::/home/eve:/bin/sh\n");
	*p = (struct page){ .c = text_fine(rules, R92) };
	assert_int_equal(access_new(s->root, p->c, 1700000000, &p->access), ERR_NONE);
	assert_int_equal(accounts_read(s->root, &p->who), ERR_NONE);
	assert_int_equal(membership_fill(s->root, &p->who), ERR_NONE);
	assert_int_equal(access_matrix_make(p->access, p->c, &p->who, &like, &p->m), ERR_NONE);
}

static void page_end(struct page *p)
{
	access_matrix_free(p->m);
	access_free(p->access);
	accounts_free(&p->who);
	sshd_config_free(p->c);
}

static void people_read_a_table(void **state)
{
	static const char wanted[] = "  1  10.0.0.0/8\n"
				     "  2  127.0.0.0/8\n"
				     "  3  elsewhere (IPv4)\n"
				     "  4  ::1\n"
				     "  5  2001:db8::/32\n"
				     "  6  elsewhere (IPv6)\n"
				     "\n"
				     "                          1    2    3    4    5    6\n"
				     "root                      +k   +k   +k   +k   +k   +k\n"
				     "anna                      +k   -    -    -    -    -\n"
				     "<script>\"'&\\x1B, eve      -    -    -    -    -    -\n"
				     "\n"
				     "+ may log in   - may not   ? not known\n"
				     "k publickey\n";
	struct page p;
	struct text out = { 0 };

	page_make(*state, &p);
	assert_int_equal(report_access_matrix_text(p.m, false, &out), ERR_NONE);
	assert_memory_equal(text_string(&out), wanted, strlen(wanted));
	text_free(&out);
	page_end(&p);
}

static void colour_is_only_added(void **state)
{
	struct page p;
	struct text plain = { 0 }, coloured = { 0 }, stripped = { 0 };

	page_make(*state, &p);
	assert_int_equal(report_access_matrix_text(p.m, false, &plain), ERR_NONE);
	assert_int_equal(report_access_matrix_text(p.m, true, &coloured), ERR_NONE);
	assert_true(coloured.len > plain.len);
	for (const char *s = text_string(&coloured); *s; s++)
		if (*s == '\033')
			s += strcspn(s, "m");
		else
			text_add_bytes(&stripped, s, 1);
	assert_string_equal(text_string(&stripped), text_string(&plain));
	text_free(&plain);
	text_free(&coloured);
	text_free(&stripped);
	page_end(&p);
}

/* The next field of RFC 4180, all of which are quoted here. */
static const char *csv_field(const char *at, struct text *out)
{
	text_reset(out);
	assert_int_equal(*at, '"');
	for (at++; *at != '"' || at[1] == '"'; at++) {
		assert_true(*at);
		at += *at == '"';
		text_add_bytes(out, at, 1);
	}
	return at + 1;
}

static void spreadsheets_read_csv(void **state)
{
	static const char *const first[] = { "user", "root", "anna", HOSTILE, "eve" };
	static const char *const second[] = { "10.0.0.0/8", "allowed publickey", "allowed publickey",
					      "denied AllowUsers", "denied AllowUsers" };
	struct page p;
	struct text out = { 0 }, field = { 0 };
	const char *at;

	page_make(*state, &p);
	assert_int_equal(report_access_matrix_csv(p.m, &out), ERR_NONE);
	at = text_string(&out);
	for (size_t i = 0; i < ARRAY_SIZE(first); i++) {
		at = csv_field(at, &field);
		assert_string_equal(text_string(&field), first[i]);
		for (size_t n = 0; n < p.m->nnetworks; n++) {
			assert_int_equal(*at, ',');
			at = csv_field(at + 1, &field);
			if (!n)
				assert_string_equal(text_string(&field), second[i]);
		}
		assert_int_equal(strncmp(at, "\r\n", 2), 0);
		at += 2;
	}
	assert_string_equal(at, "");
	text_free(&out);
	text_free(&field);
	page_end(&p);
}

static void programs_read_json(void **state)
{
	struct page p;
	json_t *j = NULL, *cell, *by;

	page_make(*state, &p);
	assert_int_equal(report_access_matrix_json(p.m, &j), ERR_NONE);
	assert_string_equal(json_string_value(json_object_get(j, "schema")), "sallyport.access-matrix.v1");
	assert_int_equal(json_array_size(json_object_get(j, "networks")), p.m->nnetworks);
	assert_int_equal(json_array_size(json_object_get(j, "accounts")), p.m->naccounts);
	for (size_t i = 0; i < p.m->naccounts; i++) {
		json_t *account = json_array_get(json_object_get(j, "accounts"), i);
		assert_string_equal(json_string_value(json_object_get(account, "user")), p.who.v[i]->name);
		assert_int_equal(json_array_size(json_object_get(account, "cells")), p.m->nnetworks);
	}
	/* anna from 127.0.0.0/8 */
	cell = json_array_get(json_object_get(json_array_get(json_object_get(j, "accounts"), 1), "cells"), 1);
	by = json_object_get(cell, "decided_by");
	assert_string_equal(json_string_value(json_object_get(cell, "verdict")), "denied");
	assert_string_equal(json_string_value(json_object_get(cell, "reason")), "AllowUsers");
	assert_int_equal(json_array_size(json_object_get(cell, "methods")), 0);
	assert_string_equal(json_string_value(json_object_get(by, "directive")), "AllowUsers");
	assert_int_equal(json_integer_value(json_object_get(by, "line")), 2);
	json_decref(j);
	page_end(&p);
}

/* --- HTML --- */

#define DEPTH 32

static bool is_void(const char *name)
{
	static const char *const names[] = { "meta", "br", "!doctype" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (!strcmp(names[i], name))
			return true;
	return false;
}

/* Every tag is closed in its turn, attributes are quoted, and every '&' begins an entity. */
static void check_html(const char *at)
{
	char open[DEPTH][16], name[16];
	size_t depth = 0;

	while (*at) {
		bool closing = at[1] == '/';
		size_t n = 0;

		if (*at == '&')
			assert_true(strchr(at, ';') && strcspn(at, ";") < 9);
		assert_int_not_equal(*at, '>');
		if (*at++ != '<')
			continue;
		at += closing;
		while (isalnum((unsigned char)*at) || *at == '!') {
			assert_true(n < sizeof name - 1);
			name[n++] = (char)tolower((unsigned char)*at++);
		}
		name[n] = '\0';
		assert_true(n > 0);
		for (; *at != '>'; at++) {
			assert_true(*at && *at != '<');
			if (*at == '"')
				for (at++; *at != '"'; at++)
					assert_true(*at && *at != '<');
		}
		at++;
		if (closing) {
			assert_true(depth > 0);
			assert_string_equal(open[--depth], name);
		} else if (!is_void(name)) {
			assert_true(depth < DEPTH);
			memcpy(open[depth++], name, sizeof name);
		}
		/* what stands in a style is no text */
		if (!closing && !strcmp(name, "style"))
			at = strstr(at, "</style>");
	}
	assert_int_equal(depth, 0);
}

static void the_page_is_whole_and_nothing_breaks_out(void **state)
{
	static const char *const never[] = { "<script",	 "<b>",	 "\033",    "http://",
					     "https://", "src=", "onclick", "@import" };
	struct page p;
	struct text out = { 0 };

	page_make(*state, &p);
	assert_int_equal(report_access_matrix_html(p.m, HOSTILE, "</code><script>", "2026-11-22T00:00:00Z", &out),
			 ERR_NONE);
	check_html(text_string(&out));
	for (size_t i = 0; i < ARRAY_SIZE(never); i++)
		assert_null(strstr(text_string(&out), never[i]));
	assert_non_null(strstr(text_string(&out), "&lt;script&gt;&quot;&#39;&amp;\\x1B"));
	text_free(&out);
	page_end(&p);
}

static void every_cell_says_its_rule(void **state)
{
	struct page p;
	struct text out = { 0 };

	page_make(*state, &p);
	assert_int_equal(report_access_matrix_html(p.m, "host", "/etc/ssh/sshd_config", "now", &out), ERR_NONE);
	assert_non_null(strstr(text_string(&out),
			       "<td title=\"127.0.0.0/8 may not: AllowUsers, by AllowUsers (sshd_config:2)\">"
			       "<i class=\"d\">&times;</i></td>"));
	assert_non_null(
		strstr(text_string(&out), "<td title=\"10.0.0.0/8 may log in: publickey\"><i class=\"k\">k</i></td>"));
	assert_non_null(strstr(text_string(&out), "4 accounts: <strong>2</strong> may log in from somewhere, "
						  "<strong>1</strong> also"));
	text_free(&out);
	page_end(&p);
}

#define ON_A_HOST(test) cmocka_unit_test_setup_teardown(test, host_make, host_remove)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_A_HOST(people_read_a_table),
		ON_A_HOST(colour_is_only_added),
		ON_A_HOST(spreadsheets_read_csv),
		ON_A_HOST(programs_read_json),
		ON_A_HOST(the_page_is_whole_and_nothing_breaks_out),
		ON_A_HOST(every_cell_says_its_rule),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
