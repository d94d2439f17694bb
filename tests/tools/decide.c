/* SPDX-License-Identifier: GPL-3.0-or-later */
/* decide.c - the access decision as a program, for tests: JSON lines in, one JSON line out for each; see usage(). */
#include "base/diag.h"
#include "base/macros.h"
#include "base/number.h"
#include "sshd/access.h"
#include "sshd/version.h"

#include <jansson.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/banned.h"

#define KEY_BYTES 65536

struct decider {
	struct root *root;
	unsigned release;
	struct sshd_config *config;
	struct access *access;
};

static int usage(void)
{
	(void)fputs(
		"usage: decide RELEASE    (902 is 9.2; the running system's files)\n"
		"  {\"config\": PATH}    read it, and look at everything anew\n"
		"  {\"user\", \"addr\", \"laddr\", \"lport\"[, \"host\"][, \"key\": BASE64][, \"assume\": METHODS]}\n",
		stderr);
	return 2;
}

static void config_forget(struct decider *d)
{
	access_free(d->access);
	sshd_config_free(d->config);
	d->access = NULL;
	d->config = NULL;
}

static const char *first_error(const struct diags *problems)
{
	for (size_t i = 0; i < problems->n; i++)
		if (!problems->v[i].warning)
			return problems->v[i].text;
	return "";
}

static json_t *config_take(struct decider *d, const char *path)
{
	struct diags problems = { 0 };
	json_t *answer;
	enum err e;

	config_forget(d);
	e = sshd_config_load(d->root, path, d->release, &d->config, &problems);
	if (!e)
		e = access_new(d->root, d->config, time(NULL), &d->access);
	answer = e == ERR_CONFIG ? json_pack("{s:s, s:s}", "config", "refused", "why", first_error(&problems))
		 : e		 ? json_pack("{s:s, s:s}", "config", "error", "why", err_text(e))
				 : json_pack("{s:s}", "config", "taken");
	diags_free(&problems);
	return answer;
}

static json_t *decision_json(const struct decider *d, const struct access_login *l, const struct access_decision *made)
{
	static const char *const verdicts[] = {
		[ACCESS_ALLOWED] = "allowed", [ACCESS_DENIED] = "denied", [ACCESS_UNKNOWN] = "unknown"
	};
	struct text detail = { 0 };
	json_t *answer;

	if (access_detail(d->access, l, made, &detail))
		return NULL;
	answer = json_pack("{s:s, s:s, s:s%, s:s?, s:i, s:i}", "verdict", verdicts[made->verdict], "reason",
			   access_reason_word(made), "detail", text_string(&detail), detail.len, "by",
			   made->by ? made->by->keyword->name : NULL, "line", made->by ? (int)made->by->line : 0,
			   "methods", (int)made->methods);
	text_free(&detail);
	return answer;
}

static bool key_decode(const char *base64, uint8_t blob[KEY_BYTES], struct offered_key *out)
{
	*out = (struct offered_key){ .blob = blob };
	return !sodium_base642bin(blob, KEY_BYTES, base64, strlen(base64), NULL, &out->len, NULL,
				  sodium_base64_VARIANT_ORIGINAL);
}

static json_t *login_decide(const struct decider *d, const json_t *ask)
{
	static uint8_t blob[KEY_BYTES];
	struct access_login l = { .user = json_string_value(json_object_get(ask, "user")),
				  .host = json_string_value(json_object_get(ask, "host")),
				  .addr = json_string_value(json_object_get(ask, "addr")),
				  .laddr = json_string_value(json_object_get(ask, "laddr")),
				  .lport = (unsigned)json_integer_value(json_object_get(ask, "lport")),
				  .assume = (unsigned)json_integer_value(json_object_get(ask, "assume")) };
	const char *key = json_string_value(json_object_get(ask, "key"));
	struct access_decision made = { 0 };
	struct account *account = NULL;
	struct offered_key offered;
	json_t *answer = NULL;
	enum err e;

	if (!d->access || !l.user || !l.addr || !l.laddr || (key && !key_decode(key, blob, &offered)))
		return NULL;
	l.key = key ? &offered : NULL;
	e = account_find(d->root, l.user, &account);
	if (e && e != ERR_NOT_FOUND)
		return NULL;
	l.account = account;
	if (!access_decide(d->access, &l, &made))
		answer = decision_json(d, &l, &made);
	access_decision_clear(&made);
	account_free(account);
	return answer;
}

static bool line_answer(struct decider *d, const char *line)
{
	json_error_t error;
	json_t *ask = json_loads(line, JSON_REJECT_DUPLICATES, &error), *answer;
	const char *path = json_string_value(json_object_get(ask, "config"));

	answer = path ? config_take(d, path) : login_decide(d, ask);
	if (answer)
		(void)json_dumpf(answer, stdout, JSON_COMPACT);
	(void)putchar('\n');
	(void)fflush(stdout);
	json_decref(ask);
	json_decref(answer);
	return answer;
}

int main(int argc, char **argv)
{
	struct decider d = { 0 };
	char *line = NULL;
	uint64_t release;
	size_t size = 0;
	bool fine = true;

	if (argc != 2 || number_parse(argv[1], SSHD_OLDEST, SSHD_NEWEST, &release) || sodium_init() < 0 ||
	    root_open("/", &d.root))
		return usage();
	d.release = (unsigned)release;
	while (fine && getline(&line, &size, stdin) > 0)
		fine = line_answer(&d, line);
	if (!fine)
		(void)fprintf(stderr, "decide: cannot answer: %s", line);
	free(line);
	config_forget(&d);
	root_close(d.root);
	return fine ? 0 : 2;
}
