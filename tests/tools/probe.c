/* SPDX-License-Identifier: GPL-3.0-or-later */
/* probe.c - our prober as a program, for tests: probe ADDR PORT [SOURCE|-] [TIMEOUT_MS]; JSON, exit status by verdict. */
#include "wire/probe.h"
#include "base/json.h"
#include "base/number.h"
#include "base/text.h"

#include <stdio.h>
#include <string.h>

#include "base/banned.h"

static const struct verdict {
	enum err e;
	const char *name;
	int status;
} verdicts[] = {
	{ ERR_NONE, "none", 0 },	{ ERR_SYSTEM, "system", 3 },	{ ERR_CLOSED, "closed", 10 },
	{ ERR_PENALTY, "penalty", 11 }, { ERR_TIMEOUT, "timeout", 12 }, { ERR_SYNTAX, "syntax", 13 },
	{ ERR_TOO_BIG, "too-big", 14 }, { ERR_RANGE, "range", 15 },
};

static const struct verdict *verdict_of(enum err e)
{
	static const struct verdict other = { ERR_NONE, "other", 4 };

	for (size_t i = 0; i < ARRAY_SIZE(verdicts); i++)
		if (verdicts[i].e == e)
			return &verdicts[i];
	return &other;
}

static json_t *list_json(const struct strings *l)
{
	json_t *a = json_array();

	for (size_t i = 0; i < l->n; i++)
		json_array_append_new(a, json_string(l->v[i]));
	return a;
}

static json_t *result_json(enum err e, const struct probe_result *r)
{
	const struct kexinit *k = &r->kexinit;
	json_t *o = json_object();

	json_object_set_new(o, "verdict", json_string(verdict_of(e)->name));
	if (e)
		return o;
	json_object_set_new(o, "identification", json_safe_string(r->identification));
	json_object_set_new(o, "kex", list_json(&k->kex));
	json_object_set_new(o, "host_key", list_json(&k->host_key));
	json_object_set_new(o, "cipher_c2s", list_json(&k->cipher_c2s));
	json_object_set_new(o, "cipher_s2c", list_json(&k->cipher_s2c));
	json_object_set_new(o, "mac_c2s", list_json(&k->mac_c2s));
	json_object_set_new(o, "mac_s2c", list_json(&k->mac_s2c));
	json_object_set_new(o, "compression_c2s", list_json(&k->compression_c2s));
	json_object_set_new(o, "compression_s2c", list_json(&k->compression_s2c));
	json_object_set_new(o, "strict", json_boolean(k->strict));
	return o;
}

static bool target_read(int argc, char **argv, struct probe_target *t)
{
	uint64_t port, timeout_ms = 5000;

	if (argc < 3 || argc > 5 || number_parse(argv[2], 0, 100000, &port) ||
	    (argc == 5 && number_parse(argv[4], 0, 600000, &timeout_ms)))
		return false;
	*t = (struct probe_target){ .addr = argv[1], .port = (unsigned)port, .timeout_ms = (int)timeout_ms };
	if (argc > 3 && strcmp(argv[3], "-") != 0)
		t->source = argv[3];
	return true;
}

int main(int argc, char **argv)
{
	struct probe_target t;
	struct probe_result r = { 0 };
	struct text out = { 0 };
	json_t *o;
	enum err e;

	if (!target_read(argc, argv, &t)) {
		(void)fputs("usage: probe ADDR PORT [SOURCE|-] [TIMEOUT_MS]\n", stderr);
		return 2;
	}
	e = probe_server(&t, &r);
	o = result_json(e, &r);
	if (json_format(o, &out) || text_check(&out))
		return 2;
	(void)fputs(text_string(&out), stdout);
	json_decref(o);
	text_free(&out);
	probe_result_free(&r);
	return verdict_of(e)->status;
}
