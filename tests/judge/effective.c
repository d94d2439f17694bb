/* SPDX-License-Identifier: GPL-3.0-or-later */
/* effective.c - our effective values against those that sshd -T -C printed. */
#include "judge.h"

#include "sshd/effective.h"
#include "sshd/version.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

struct effective_judge {
	struct world world;
	struct score *score;
	json_t *keywords; /* all that any row names: where a row does not, nothing was printed */
};

static json_t *strings_json(const struct strings *l)
{
	json_t *array = json_array();

	for (size_t i = 0; i < l->n; i++)
		json_array_append_new(array, json_string(l->v[i]));
	return array;
}

static void keyword_compare(const struct sshd_effective *now, const char *name, const json_t *row, json_t **differences)
{
	const struct sshd_keyword *k = sshd_keyword_find(name);
	json_t *theirs = json_object_get(json_object_get(row, "effective"), name);
	json_t *ours = k ? strings_json(sshd_values(now, k->id)) : json_null();

	theirs = theirs ? json_incref(theirs) : json_array();
	if (!json_equal(ours, theirs)) {
		if (!*differences)
			*differences = json_object();
		json_object_set_new(*differences, name, json_pack("{s:O, s:O}", "ours", ours, "theirs", theirs));
	}
	json_decref(ours);
	json_decref(theirs);
}

static int row_judge(const json_t *row, void *context)
{
	struct effective_judge *j = context;
	struct strings groups = { 0 };
	struct sshd_connection to = {
		.user = json_string_value(json_object_get(row, "user")),
		.host = json_string_value(json_object_get(row, "host")),
		.addr = json_string_value(json_object_get(row, "addr")),
		.laddr = json_string_value(json_object_get(row, "laddr")),
		.lport = (unsigned)json_integer_value(json_object_get(row, "lport")),
		.groups = &groups,
	};
	struct sshd_effective *now = NULL;
	struct sshd_config *config = NULL;
	struct diags problems = { 0 };
	json_t *differences = NULL, *group;
	const char *name;
	json_t *unused;
	size_t i;
	enum err e;

	if (world_lay(&j->world, row))
		return 2;
	json_array_foreach(json_object_get(row, "groups"), i,
			   group) if (strings_add(&groups, json_string_value(group))) return 2;
	e = sshd_config_load(j->world.root, "/etc/ssh/sshd_config", JUDGE_RELEASE, &config, &problems);
	if (e) {
		diags_print(&problems, "judge: ", stderr);
		differences = json_pack("{s:s}", "error", err_text(e));
	} else if (!sshd_effective(config, &to, &now)) {
		json_object_foreach(j->keywords, name, unused) keyword_compare(now, name, row, &differences);
	}
	score_row(j->score, row, differences);
	sshd_effective_free(now);
	sshd_config_free(config);
	diags_free(&problems);
	strings_free(&groups);
	return 0;
}

static int keywords_collect(const json_t *row, void *context)
{
	struct effective_judge *j = context;

	return json_object_update(j->keywords, json_object_get(row, "effective")) ? 2 : 0;
}

int judge_effective(const char *file, struct score *s)
{
	struct effective_judge j = { .score = s, .keywords = json_object() };
	int status;

	status = world_open(file, &j.world);
	if (!status)
		status = rows_each(file, keywords_collect, &j);
	if (!status)
		status = rows_each(file, row_judge, &j);
	json_decref(j.keywords);
	world_close(&j.world);
	return status;
}

static void value_print_all(const struct sshd_effective *now, const struct sshd_keyword *k)
{
	const struct strings *values = sshd_values(now, k->id);

	for (size_t i = 0; i < values->n; i++) {
		for (const char *c = k->name; *c; c++)
			putchar(*c >= 'A' && *c <= 'Z' ? *c - 'A' + 'a' : *c);
		printf(" %s\n", values->v[i]);
	}
}

static int dump(const struct root *r, const char *path, unsigned release, const struct sshd_connection *to)
{
	struct sshd_effective *now = NULL;
	struct sshd_config *config = NULL;
	struct diags problems = { 0 };
	enum err e = sshd_config_load(r, path, release, &config, &problems);

	diags_print(&problems, "", stderr);
	if (!e)
		e = sshd_effective(config, to, &now);
	for (unsigned id = 0; id < KW_COUNT && !e; id++)
		value_print_all(now, sshd_keyword(id));
	sshd_effective_free(now);
	sshd_config_free(config);
	diags_free(&problems);
	return e ? 255 : 0;
}

/* RELEASE ROOT FILE [USER HOST ADDRESS LOCAL-ADDRESS LOCAL-PORT GROUPS]: as sshd -T -C, for scripts that compare. "-": none. */
int judge_dump(int argc, char **argv)
{
	struct sshd_connection to = { 0 };
	struct strings groups = { 0 };
	struct root *r = NULL;
	int status;

	if (argc != 3 && argc != 9)
		return 2;
	for (int i = 3; i < argc; i++)
		if (!strcmp(argv[i], "-"))
			argv[i] = NULL;
	if (argc == 9) {
		to.user = argv[3];
		to.host = argv[4];
		to.addr = argv[5];
		to.laddr = argv[6];
		to.lport = argv[7] ? (unsigned)strtoul(argv[7], NULL, 10) : 0;
		if (argv[8] && strings_split(&groups, argv[8], ","))
			return 2;
		to.groups = &groups;
	}
	if (root_open(argv[1], &r))
		return 2;
	status = dump(r, argv[2], (unsigned)strtoul(argv[0], NULL, 10), argc == 9 ? &to : NULL);
	root_close(r);
	strings_free(&groups);
	return status;
}
