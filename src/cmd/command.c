/* SPDX-License-Identifier: GPL-3.0-or-later */
/* command.c - what all commands have in common: options, help, completion, the place where answers go. */
#include "cmd/command.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/json.h"
#include "base/message.h"
#include "base/nearest.h"
#include "cmd/program.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <openssl/crypto.h>
#include <poll.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/banned.h"

static const char *const formats[] = { "text", "json", NULL };
static const char *const table_formats[] = { "text", "json", "html", "csv", NULL };
static const char *const metrics_formats[] = { "text", "json", "prometheus", NULL };
static const char *const colors[] = { "auto", "always", "never", NULL };
static const char *const progresses[] = { "bar", "json", NULL };

#define AT(field) OPTION_AT(struct common_args, field)

static const struct option_row rows_always[] = {
	{ "help", 'h', OPTION_FLAG, AT(help), NULL, "show this help" },
	{ "version", 0, OPTION_FLAG, AT(version), NULL, "show the versions" },
	{ "quiet", 'q', OPTION_FLAG, AT(quiet), NULL, "say less" },
	{ "verbose", 'v', OPTION_FLAG, AT(verbose), NULL, "say more" },
	{ "color", 0, OPTION_CHOICE, AT(color), "<when>", "auto, always or never", colors },
	{ 0 },
};

static const struct option_row rows_report[] = {
	{ "format", 0, OPTION_CHOICE, AT(format), "<format>", "text or json", formats },
	{ "output", 'o', OPTION_TEXT, AT(output), "<file>", "write the answer there" },
	{ 0 },
};

static const struct option_row rows_table[] = {
	{ "format", 0, OPTION_CHOICE, AT(format), "<format>", "text, json, html or csv", table_formats },
	{ "output", 'o', OPTION_TEXT, AT(output), "<file>", "write the answer there" },
	{ 0 },
};

static const struct option_row rows_metrics[] = {
	{ "format", 0, OPTION_CHOICE, AT(format), "<format>", "text, json or prometheus", metrics_formats },
	{ "output", 'o', OPTION_TEXT, AT(output), "<file>", "write the answer there" },
	{ 0 },
};

static const struct option_row rows_host[] = {
	{ "root", 0, OPTION_TEXT, AT(root), "<dir>", "work on the system whose files are there" },
	{ "config", 'f', OPTION_TEXT, AT(config), "<file>", "the sshd_config to work on" },
	{ "sshd", 0, OPTION_TEXT, AT(sshd), "<path>", "the sshd to ask and to check with" },
	{ 0 },
};

static const struct option_row rows_change[] = {
	{ "dry-run", 'n', OPTION_FLAG, AT(dry_run), NULL, "show what would change, change nothing" },
	{ "yes", 'y', OPTION_FLAG, AT(yes), NULL, "do not ask" },
	{ 0 },
};

static const struct option_row rows_progress[] = {
	{ "progress", 0, OPTION_CHOICE, AT(progress), "<how>", "how far it is: bar, or json, a line for each step",
	  progresses },
	{ 0 },
};

#define SETS_MAX 7

static void collect_sets(const struct command *c, struct common_args *common, void *args,
			 struct option_set sets[SETS_MAX])
{
	size_t n = 0;

	if (c->options)
		sets[n++] = (struct option_set){ c->options, args };
	if (c->common & COMMON_CHANGE)
		sets[n++] = (struct option_set){ rows_change, common };
	if (c->common & COMMON_HOST)
		sets[n++] = (struct option_set){ rows_host, common };
	if (c->common & COMMON_REPORT)
		sets[n++] = (struct option_set){ rows_report, common };
	if (c->common & COMMON_TABLE)
		sets[n++] = (struct option_set){ rows_table, common };
	if (c->common & COMMON_METRICS)
		sets[n++] = (struct option_set){ rows_metrics, common };
	if (c->common & COMMON_PROGRESS)
		sets[n++] = (struct option_set){ rows_progress, common };
	sets[n++] = (struct option_set){ rows_always, common };
	sets[n] = (struct option_set){ 0 };
}

/* "set" of "banner set" */
static const char *last_word(const struct command *c)
{
	const char *blank = strrchr(c->name, ' ');

	return blank ? blank + 1 : c->name;
}

static int longest_sub(const struct command *c)
{
	size_t longest = 8;

	for (size_t i = 0; c->subs[i]; i++)
		if (strlen(last_word(c->subs[i])) > longest)
			longest = strlen(last_word(c->subs[i]));
	return (int)longest;
}

static void subs_help(const struct command *c, struct text *out)
{
	assert(c->subs[0]);
	text_add(out, "sallyport %s - %s\n\nusage: sallyport %s %s [options] ...\n\n", c->name, c->summary, c->name,
		 c->usual ? "[COMMAND]" : "COMMAND");
	for (size_t i = 0; c->subs[i]; i++)
		text_add(out, "  %-*s %s%s\n", longest_sub(c), last_word(c->subs[i]), c->subs[i]->summary,
			 c->subs[i] == c->usual ? " (the usual one)" : "");
	text_add(out, "\nMore on one: sallyport %s %s --help\n\nexamples:\n%s", c->name, last_word(c->subs[0]),
		 c->examples);
}

void command_help(const struct command *c, struct text *out)
{
	struct common_args common = { 0 };
	struct option_set sets[SETS_MAX];

	if (c->subs) {
		subs_help(c, out);
		return;
	}
	collect_sets(c, &common, NULL, sets);
	text_add(out, "sallyport %s - %s\n\nusage: sallyport %s [options]%s%s\n\n", c->name, c->summary, c->name,
		 c->arguments[0] ? " " : "", c->arguments);
	options_help(sets, out);
	text_add(out, "\nexamples:\n%s", c->examples);
}

void command_complete(const struct command *c, struct text *out)
{
	struct common_args common = { 0 };
	struct option_set sets[SETS_MAX];

	for (size_t i = 0; c->subs && c->subs[i]; i++)
		text_add(out, "%s\n", last_word(c->subs[i]));
	if (c->subs && !(c = c->usual))
		return;
	collect_sets(c, &common, NULL, sets);
	options_complete(sets, out);
}

void command_version(struct text *out)
{
	text_add(out, "sallyport %s\njansson %s, libsodium %s, OpenSSL %s", SALLYPORT_VERSION, jansson_version_str(),
		 sodium_version_string(), OpenSSL_version(OPENSSL_VERSION_STRING));
	for (size_t i = 0; program.versions[i]; i++)
		text_add(out, ", %s", program.versions[i]());
	text_add_string(out, "\n");
}

static int print_only(const struct common_args *common, struct text *t)
{
	int status = command_print(&(struct common_args){ .quiet = common->quiet }, t, EXIT_YES);

	text_free(t);
	return status;
}

static int print_help(const struct common_args *common, const struct command *c)
{
	struct text t = { 0 };

	command_help(c, &t);
	return print_only(common, &t);
}

static int print_version(const struct common_args *common)
{
	struct text t = { 0 };

	command_version(&t);
	return print_only(common, &t);
}

static int run_parsed(const struct command *c, const struct common_args *common, void *args, const struct strings *rest)
{
	message_set_level(common->quiet ? -1 : common->verbose ? 1 : 0);
	message_set_color((int)common->color);
	if (common->help)
		return print_help(common, c);
	if (common->version)
		return print_version(common);
	if (!c->arguments[0] && rest->n) {
		int status = complain("%s takes no argument, but there is '%s'", c->name, rest->v[0]);

		hint("sallyport %s --help", c->name);
		return status;
	}
	if (program.begin && !(c->common & COMMON_NO_RECOVERY))
		program.begin(common->root);
	return c->run(common, args, rest);
}

/* ---- sub-commands ---- */

#define SUBS_MAX 16

const struct command *command_sub(const struct command *c, const char *word)
{
	for (size_t i = 0; c->subs && c->subs[i]; i++)
		if (strcmp(last_word(c->subs[i]), word) == 0)
			return c->subs[i];
	return NULL;
}

static void sub_names(const struct command *c, const char *names[SUBS_MAX + 1])
{
	size_t n = 0;

	for (; c->subs[n] && n < SUBS_MAX; n++)
		names[n] = last_word(c->subs[n]);
	names[n] = NULL;
}

int command_sub_complain(const struct command *c, const char *typed)
{
	const char *names[SUBS_MAX + 1];

	sub_names(c, names);
	return command_choice_complain(c->name, typed, names);
}

static const struct option_row *row_find(const struct option_set *sets, const char *name, char letter)
{
	for (; sets->rows; sets++)
		for (const struct option_row *row = sets->rows; row->name; row++)
			if (name ? strncmp(row->name, name, strlen(name)) == 0 : row->letter == letter)
				return row;
	return NULL;
}

/* Whether the argument is an option of this command whose value is the next argument. */
static bool wants_next(const struct command *c, const char *arg)
{
	struct common_args common;
	struct option_set sets[SETS_MAX];
	const struct option_row *row;

	collect_sets(c, &common, NULL, sets);
	if (arg[1] == '-') {
		row = strchr(arg, '=') ? NULL : row_find(sets, arg + 2, 0);
		return row && row->value;
	}
	for (const char *at = arg + 1; *at; at++) {
		row = row_find(sets, NULL, *at);
		if (row && row->value)
			return at[1] == '\0';
	}
	return false;
}

/* Where the first word stands that is no option and no value of one; 0: nowhere. */
static int first_word(const struct command *c, int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		bool next = false;

		if (argv[i][0] != '-' || !argv[i][1])
			return i;
		if (strcmp(argv[i], "--") == 0)
			return 0;
		for (size_t k = 0; c->subs[k] && !next; k++)
			next = wants_next(c->subs[k], argv[i]);
		i += next;
	}
	return 0;
}

static int subs_alone(const struct command *c, int argc, char **argv)
{
	struct common_args common = { 0 };
	const char *names[SUBS_MAX + 1];
	struct text list = { 0 };
	int status;

	for (int i = 1; i < argc; i++)
		if (strcmp(argv[i], "-h") == 0 || strcmp(argv[i], "--help") == 0)
			return print_help(&common, c);
	if (c->usual)
		return command_main(c->usual, argc, argv);
	for (int i = 1; i < argc; i++)
		if (strcmp(argv[i], "--version") == 0)
			return print_version(&common);
	sub_names(c, names);
	for (size_t i = 0; names[i]; i++)
		text_add(&list, "%s%s", i ? ", " : "", names[i]);
	status = complain("%s wants one of %s", c->name, text_string(&list));
	hint("sallyport %s --help", c->name);
	text_free(&list);
	return status;
}

static int subs_main(const struct command *c, int argc, char **argv)
{
	int at = first_word(c, argc, argv);
	const struct command *sub;

	if (!at)
		return subs_alone(c, argc, argv);
	sub = command_sub(c, argv[at]);
	if (!sub)
		return command_sub_complain(c, argv[at]);
	/* options may stand in front of the word, as they may anywhere else */
	for (int i = at; i > 0; i--)
		argv[i] = argv[i - 1];
	return command_main(sub, argc - 1, argv + 1);
}

static int parsed_main(const struct command *c, int argc, char **argv)
{
	struct common_args common = { 0 };
	struct option_set sets[SETS_MAX];
	struct strings rest = { 0 };
	char *complaint = NULL;
	void *args = calloc(1, c->args_size ? c->args_size : 1);
	int status;
	enum err e;

	if (!args)
		return fail(ERR_MEMORY, "cannot start");
	collect_sets(c, &common, args, sets);
	e = options_parse(sets, argc, argv, &rest, &complaint);
	if (complaint) {
		fprintf(stderr, "sallyport: %s\n", complaint);
		if (strncmp(complaint, "unknown option", 14) == 0 && !strstr(complaint, "\nhint: "))
			hint("sallyport %s --help", c->name);
		status = EXIT_TROUBLE;
	} else {
		status = e ? fail(e, "cannot read the options") : run_parsed(c, &common, args, &rest);
	}
	if (c->clear)
		c->clear(args);
	strings_free(&rest);
	free(complaint);
	free(args);
	return status;
}

int command_main(const struct command *c, int argc, char **argv)
{
	return c->subs ? subs_main(c, argc, argv) : parsed_main(c, argc, argv);
}

/* As fs.protected_symlinks has it for who opens a file, which we do by hand: in a folder like /tmp only root's links and our own. */
static bool link_is_foreign(const char *path)
{
	const char *slash = strrchr(path, '/');
	char folder[4096];
	struct stat link, in;

	snprintf(folder, sizeof folder, "%.*s", slash && slash != path ? (int)(slash - path) : 1, slash ? path : ".");
	return !lstat(path, &link) && S_ISLNK(link.st_mode) && !stat(folder, &in) && (in.st_mode & S_ISVTX) &&
	       (in.st_mode & S_IWOTH) && link.st_uid != 0 && link.st_uid != geteuid();
}

int command_write(const char *path, const void *content, size_t len, const struct file_meta *meta)
{
	struct root *live = NULL;
	char folder[4096];
	struct text joined = { 0 };
	enum err e;

	if (link_is_foreign(path))
		return complain("'%s' is a link that somebody else made in a folder of everybody's", path);
	if (!file_is_absolute(path)) {
		if (!getcwd(folder, sizeof folder))
			return fail(ERR_SYSTEM, "cannot write '%s'", path);
		text_add(&joined, "%s/%s", folder, path);
	} else {
		text_add_string(&joined, path);
	}
	if ((e = text_check(&joined)) == ERR_NONE && (e = root_open("/", &live)) == ERR_NONE)
		e = file_replace(live, joined.s, content, len, meta, "sallyport");
	root_close(live);
	text_free(&joined);
	return e ? fail(e, "cannot write '%s'", path) : 0;
}

int command_print(const struct common_args *common, const struct text *t, int status)
{
	if (text_check(t))
		return fail(ERR_MEMORY, "cannot print the answer");
	if (common->output)
		return command_write(common->output, text_string(t), t->len, NULL) ? EXIT_TROUBLE : status;
	if (fwrite(text_string(t), 1, t->len, stdout) != t->len || fflush(stdout))
		return errno == EPIPE ? status : fail(ERR_SYSTEM, "cannot print the answer");
	return status;
}

int command_print_json(const struct common_args *common, const json_t *value, int status)
{
	struct text t = { 0 };

	if (!value || json_format(value, &t)) {
		text_free(&t);
		return fail(ERR_MEMORY, "cannot print the answer");
	}
	status = command_print(common, &t, status);
	text_free(&t);
	return status;
}

void command_add_root(const struct common_args *common, struct text *out)
{
	if (!common->root)
		return;
	text_add_string(out, " --root ");
	text_add_escaped(out, common->root, strlen(common->root));
}

void command_hint(const struct common_args *common, const char *format, ...)
{
	struct text t = { 0 };
	va_list ap;

	va_start(ap, format);
	text_addv(&t, format, ap);
	va_end(ap);
	command_add_root(common, &t);
	hint("%s", text_string(&t));
	text_free(&t);
}

void command_add_path(const struct root *r, const char *path, struct text *out)
{
	if (!root_is_live(r))
		text_add(out, "%s%s", root_dir(r), path[0] == '/' ? "" : "/");
	text_add_string(out, path);
}

int command_unreadable(const struct root *r, const char *path, enum err e)
{
	int fd = -1;
	enum err now = root_open_file(r, path, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0, &fd);
	struct text shown = { 0 };
	int status;

	file_close(fd);
	command_add_path(r, path, &shown);
	status = fail(now ? now : e, "cannot read '%s'", text_string(&shown));
	text_free(&shown);
	return status;
}

int command_no_server(const struct root *r, const char *config)
{
	struct text shown = { 0 };

	command_add_path(r, config, &shown);
	complain("there is no OpenSSH server here: neither a sshd nor '%s'", text_string(&shown));
	text_free(&shown);
	return EXIT_TROUBLE;
}

bool command_answer_comes(unsigned long seconds)
{
	struct pollfd p = { .fd = STDIN_FILENO, .events = POLLIN };
	const uint64_t end = clock_boot_ms() + seconds * 1000;

	while (seconds) {
		const uint64_t now = clock_boot_ms();
		int n = poll(&p, 1, end > now ? (int)(end - now < INT_MAX ? end - now : INT_MAX) : 0);

		if (n > 0)
			break;
		if (n == 0 && clock_boot_ms() >= end) {
			fputs("\n", stderr);
			complain("no answer came before the change that waits for its confirm goes back by itself");
			return false;
		}
		if (n < 0 && errno != EINTR)
			return false;
	}
	return true;
}

bool command_ask(const char *question, unsigned long seconds)
{
	char answer[16] = "";

	if (!isatty(STDIN_FILENO))
		return false;
	fprintf(stderr, "%s [y/N] ", question);
	fflush(stderr);
	return command_answer_comes(seconds) && fgets(answer, sizeof answer, stdin) &&
	       (answer[0] == 'y' || answer[0] == 'Y');
}

int command_choice_complain(const char *what, const char *typed, const char *const *words)
{
	const char *near = nearest_word(typed, words);
	struct text list = { 0 }, shown = { 0 };
	int status;

	for (size_t i = 0; words[i]; i++)
		text_add(&list, "%s%s", i ? ", " : "", words[i]);
	text_add_escaped(&shown, typed, strlen(typed));
	status = complain("%s is '%s': wants one of %s", what, text_string(&shown), text_string(&list));
	if (near)
		hint("did you mean '%s'?", near);
	text_free(&list);
	text_free(&shown);
	return status;
}
