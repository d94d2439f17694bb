/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_option.c - options of every kind and every mistake with them, and what the table says about itself. */
#include "base/option.h"

#include "base/scratch.h"

#include "base/banned.h"

struct args {
	bool dry_run, yes;
	const char *reason;
	struct strings keep, steps;
	unsigned format;
	uint64_t count, within;
};

struct common {
	unsigned verbose;
	bool help;
};

static const char *const formats[] = { "text", "json", "sarif", NULL };

static const struct option_row rows[] = {
	{ "dry-run", 'n', OPTION_FLAG, OPTION_AT(struct args, dry_run), NULL, "change nothing" },
	{ "yes", 'y', OPTION_FLAG, OPTION_AT(struct args, yes), NULL, "do not ask" },
	{ "reason", 'r', OPTION_TEXT, OPTION_AT(struct args, reason), "<text>", "kept in the log" },
	{ "keep", 0, OPTION_LIST, OPTION_AT(struct args, keep), "<user>", "who must keep access" },
	{ "step", 's', OPTION_COMMAS, OPTION_AT(struct args, steps), "<n,n>", "only these" },
	{ "format", 0, OPTION_CHOICE, OPTION_AT(struct args, format), "<form>", "of the answer", formats },
	{ "count", 'c', OPTION_NUMBER, OPTION_AT(struct args, count), "<n>", "how many", NULL, 1, 100 },
	{ "confirm-within", 0, OPTION_DURATION, OPTION_AT(struct args, within), "<time>", "else back" },
	{ 0 },
};

static const struct option_row common_rows[] = {
	{ "verbose", 'v', OPTION_COUNT, OPTION_AT(struct common, verbose), NULL, "say more" },
	{ "help", 'h', OPTION_FLAG, OPTION_AT(struct common, help), NULL, "this text" },
	{ 0 },
};

static struct args args;
static struct common common;
static const struct option_set sets[] = { { rows, &args }, { common_rows, &common }, { 0 } };

/* Parses a command line that is split at '|'. */
static enum err parse(const char *line, struct strings *rest, char **complaint)
{
	struct strings argv = { 0 };
	enum err e;

	strings_free(&args.keep);
	strings_free(&args.steps);
	args = (struct args){ 0 };
	common = (struct common){ 0 };
	assert_int_equal(strings_add(&argv, "command"), ERR_NONE);
	for (const char *at = line; *line; at += strcspn(at, "|"), at += *at == '|') {
		assert_int_equal(strings_add_bytes(&argv, at, strcspn(at, "|")), ERR_NONE);
		if (!at[strcspn(at, "|")])
			break;
	}
	e = options_parse(sets, (int)argv.n, argv.v, rest, complaint);
	/* the value is borrowed from argv, which ends here */
	if (args.reason)
		args.reason = strcmp(args.reason, "why") == 0 ? "why" : strcmp(args.reason, "") == 0 ? "" : "other";
	strings_free(&argv);
	return e;
}

static void accepts(const char *line, const char *rest_wanted)
{
	struct strings rest = { 0 };
	struct text joined = { 0 };
	char *complaint = (char *)"untouched";

	if (parse(line, &rest, &complaint))
		fail_msg("%s: %s", line, complaint);
	assert_null(complaint);
	strings_join(&rest, "|", &joined);
	assert_string_equal(text_string(&joined), rest_wanted);
	text_free(&joined);
	strings_free(&rest);
}

static void reads_options_of_every_kind(void **state)
{
	accepts("--dry-run|--reason|why|--keep=alice|--keep|bob|--step=1,2|--step=,6,|--format=sarif|--count=100|"
		"--confirm-within=5m|--verbose|--verbose",
		"");
	assert_true(args.dry_run);
	assert_false(args.yes);
	assert_string_equal(args.reason, "why");
	assert_int_equal(args.keep.n, 2);
	assert_string_equal(args.keep.v[1], "bob");
	assert_int_equal(args.steps.n, 3);
	assert_string_equal(args.steps.v[2], "6");
	assert_int_equal(args.format, 2);
	assert_int_equal(args.count, 100);
	assert_int_equal(args.within, 300);
	assert_int_equal(common.verbose, 2);
	assert_false(common.help);
}

static void letters_can_stand_together(void **state)
{
	accepts("-nyvvv", "");
	assert_true(args.dry_run && args.yes);
	assert_int_equal(common.verbose, 3);
	accepts("-nrwhy", "");
	assert_true(args.dry_run);
	assert_string_equal(args.reason, "why");
	accepts("-nr|why|-c7", "");
	assert_string_equal(args.reason, "why");
	assert_int_equal(args.count, 7);
	accepts("-r|", "");
	assert_string_equal(args.reason, "");
}

static void long_names_can_be_shortened(void **state)
{
	accepts("--dry|--con=1h|--verb|--rea=why", "");
	assert_true(args.dry_run);
	assert_int_equal(args.within, 3600);
	assert_int_equal(common.verbose, 1);
	assert_string_equal(args.reason, "why");
}

static void everything_else_is_left_over_in_its_order(void **state)
{
	accepts("one|--yes|two|-|--keep|--|three|--|--dry-run|-n|--", "one|two|-|three|--dry-run|-n|--");
	assert_true(args.yes);
	assert_false(args.dry_run);
	assert_string_equal(args.keep.v[0], "--");
	accepts("", "");
}

static const struct {
	const char *line, *complaint;
} mistakes[] = {
	{ "--dryrun", "unknown option '--dryrun'\nhint: did you mean '--dry-run'?" },
	{ "--raeson=x", "unknown option '--raeson'\nhint: did you mean '--reason'?" },
	{ "--hlep", "unknown option '--hlep'\nhint: did you mean '--help'?" },
	{ "--zzzzzzzz", "unknown option '--zzzzzzzz'" },
	{ "--=x", "unknown option '--'" },
	{ "--esc\x1b[0m", "unknown option '--esc\\x1B[0m'" },
	{ "-x", "unknown option '-x'" },
	{ "-nxy", "unknown option '-x'" },
	{ "-\xc3\xa9", "unknown option '-\xc3\xa9'" },
	{ "--c=1", "option '--c' is ambiguous: '--count', '--confirm-within'" },
	{ "--yes=no", "--yes takes no value" },
	{ "--reason", "--reason wants a value: <text>" },
	{ "-nr", "--reason wants a value: <text>" },
	{ "--confirm-within=soon", "--confirm-within is 'soon': wants a time such as 5m" },
	{ "--confirm-within=", "--confirm-within is '': wants a time such as 5m" },
	{ "--format=jsno", "--format is 'jsno': wants text, json or sarif\nhint: did you mean 'json'?" },
	{ "--format=html5page", "--format is 'html5page': wants text, json or sarif" },
	{ "--step=", "--step is '': wants <n,n>" },
	{ "--step=1|--step=,,", "--step is ',,': wants <n,n>" },
	{ "--count=0", "--count is '0': wants a number from 1 to 100" },
	{ "--count=101", "--count is '101': wants a number from 1 to 100" },
	{ "-cx", "--count is 'x': wants a number from 1 to 100" },
};

static void every_mistake_is_named(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(mistakes); i++) {
		struct strings rest = { 0 };
		char *complaint = NULL, line[256];

		snprintf(line, sizeof line, "first|%s", mistakes[i].line);
		assert_int_equal(parse(line, &rest, &complaint), ERR_SYNTAX);
		assert_string_equal(complaint, mistakes[i].complaint);
		assert_int_equal(rest.n, 0);
		free(complaint);
	}
}

static void a_number_without_a_limit_has_none(void **state)
{
	static const struct option_row free_rows[] = {
		{ "seed", 0, OPTION_NUMBER, 0, "<n>", "any" },
		{ 0 },
	};
	uint64_t seed = 0;
	const struct option_set set[] = { { free_rows, &seed }, { 0 } };
	char name[] = "command", most[] = "--seed=18446744073709551615", bad[] = "--seed=-1";
	char *good_argv[] = { name, most }, *bad_argv[] = { name, bad }, *complaint;
	struct strings rest = { 0 };

	assert_int_equal(options_parse(set, 2, good_argv, &rest, &complaint), ERR_NONE);
	assert_true(seed == UINT64_MAX);
	assert_int_equal(options_parse(set, 2, bad_argv, &rest, &complaint), ERR_SYNTAX);
	assert_string_equal(complaint, "--seed is '-1': wants a number from 0");
	free(complaint);
	assert_int_equal(options_parse(set, 0, good_argv, &rest, &complaint), ERR_NONE);
}

static void help_is_one_aligned_line_each(void **state)
{
	struct text t = { 0 };

	options_help(sets, &t);
	assert_string_equal(text_string(&t), "  -n, --dry-run                 change nothing\n"
					     "  -y, --yes                     do not ask\n"
					     "  -r, --reason <text>           kept in the log\n"
					     "      --keep <user>             who must keep access\n"
					     "  -s, --step <n,n>              only these\n"
					     "      --format <form>           of the answer\n"
					     "  -c, --count <n>               how many\n"
					     "      --confirm-within <time>   else back\n"
					     "  -v, --verbose                 say more\n"
					     "  -h, --help                    this text\n");
	text_free(&t);
}

static void completions_name_every_choice(void **state)
{
	struct text t = { 0 };

	options_complete(sets, &t);
	assert_string_equal(text_string(&t),
			    "--dry-run\n--yes\n--reason=\n--keep=\n--step=\n--format=\n--format=text\n"
			    "--format=json\n--format=sarif\n--count=\n--confirm-within=\n--verbose\n--help\n");
	text_free(&t);
}

static int forget(void **state)
{
	strings_free(&args.keep);
	strings_free(&args.steps);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_options_of_every_kind),
		cmocka_unit_test(letters_can_stand_together),
		cmocka_unit_test(long_names_can_be_shortened),
		cmocka_unit_test(everything_else_is_left_over_in_its_order),
		cmocka_unit_test(every_mistake_is_named),
		cmocka_unit_test(a_number_without_a_limit_has_none),
		cmocka_unit_test(help_is_one_aligned_line_each),
		cmocka_unit_test(completions_name_every_choice),
	};

	return cmocka_run_group_tests(tests, NULL, forget);
}
