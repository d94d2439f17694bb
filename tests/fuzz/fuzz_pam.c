/* SPDX-License-Identifier: GPL-3.0-or-later */
/* fuzz_pam.c - a service of PAM and a file of secrets, whatever is in them. */
#include "sshd/pam.h"
#include "sshd/secret.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void names_look(const char *content, size_t size)
{
	struct strings names = { 0 };

	if (secret_users(content, size, &names) == ERR_NONE)
		for (size_t i = 0; i < names.n; i++)
			if (!names.v[i][0] || strpbrk(names.v[i], " \t\r\n"))
				abort();
	strings_free(&names);
}

/* What was made asks for a code and nothing else, and making it again changes nothing. */
static void change_look(const char *content, size_t size)
{
	struct text made = { 0 }, again = { 0 }, why = { 0 };
	struct pam_service s = { 0 };
	enum err e;

	text_add_bytes(&made, content, size);
	if (text_check(&made) == ERR_NONE && (e = pam_service_ask_code(&made, &pam_modules[0], &why)) == ERR_NONE) {
		if (pam_service_parse(text_string(&made), made.len, &s) ||
		    pam_service_wants(&s, NULL) == PAM_WANTS_PASSWORD ||
		    pam_service_wants(&s, NULL) == PAM_WANTS_UNKNOWN)
			abort();
		text_add_bytes(&again, text_string(&made), made.len);
		if (pam_service_ask_code(&again, &pam_modules[0], &why) || again.len != made.len ||
		    memcmp(text_string(&again), text_string(&made), made.len) != 0)
			abort();
	} else if (made.len != size || (size && memcmp(made.s, content, size) != 0)) {
		abort();
	}
	pam_service_clear(&s);
	text_free(&made);
	text_free(&again);
	text_free(&why);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *content = (const char *)data;
	struct pam_service s = { 0 };

	names_look(content, size);
	if (pam_service_parse(content, size, &s))
		return 0;
	for (size_t i = 0; i < s.n; i++)
		if (!s.v[i].first || s.v[i].first > s.v[i].last ||
		    (s.v[i].asks == PAM_ASKS_CODE) != (s.v[i].module != NULL) || (i && s.v[i - 1].last >= s.v[i].first))
			abort();
	pam_service_clear(&s);
	change_look(content, size);
	return 0;
}
