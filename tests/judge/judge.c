/* SPDX-License-Identifier: GPL-3.0-or-later */
/* judge.c - the words of the command line, and the score that all of them end with. */
#include "judge.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

static const struct word {
	const char *name;
	int (*judge)(const char *file, struct score *s);
} words[] = {
	{ "effective", judge_effective },
	{ "access", judge_access },
	{ "spa-native", judge_spa_native },
};

void score_row(struct score *s, const json_t *row, json_t *differences)
{
	json_t *line = json_pack("{s:O, s:b}", "case", json_object_get(row, "case"), "same", !differences);
	char *text;

	if (differences)
		json_object_update(line, differences);
	text = json_dumps(line, JSON_COMPACT);
	puts(text ? text : "{}");
	free(text);
	json_decref(line);
	json_decref(differences);
	if (differences)
		s->failed++;
	else
		s->passed++;
}

static int usage(void)
{
	fputs("usage: judge effective FILE...\n"
	      "       judge access FILE...\n"
	      "       judge spa-native FOLDER...\n"
	      "       judge dump RELEASE ROOT FILE [USER HOST ADDRESS LOCAL-ADDRESS LOCAL-PORT GROUPS]\n",
	      stderr);
	return 2;
}

int main(int argc, char **argv)
{
	struct score s = { 0 };
	int trouble = 0;

	if (argc < 3)
		return usage();
	if (!strcmp(argv[1], "dump"))
		return judge_dump(argc - 2, argv + 2);
	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		if (strcmp(argv[1], words[i].name))
			continue;
		for (int f = 2; f < argc && !trouble; f++)
			trouble = words[i].judge(argv[f], &s);
		printf("%zu passed, %zu failed\n", s.passed, s.failed);
		if (trouble)
			return 2;
		return s.failed ? 1 : 0;
	}
	return usage();
}
