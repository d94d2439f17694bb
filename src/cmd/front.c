/* SPDX-License-Identifier: GPL-3.0-or-later */
/* front.c - the front door: `sallyport`, `sallyport help`, and words that are no command. */
#include "cmd/front.h"

#include "base/message.h"
#include "base/nearest.h"
#include "cmd/program.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

static const char *const host_options[] = { "--root", "--config", "-f", "--sshd", "--color", NULL };

static void list_commands(struct text *out)
{
	text_add(out, "sallyport - %s\n\nusage: sallyport [command] [options]\n\n", program.claim);
	for (size_t i = 0; program.commands[i]; i++)
		text_add(out, "  %-10s %s\n", program.commands[i]->name, program.commands[i]->summary);
	text_add(out,
		 "\n%sMore on one: sallyport COMMAND --help, or man sallyport-COMMAND\n\n"
		 "examples:\n%s",
		 program.alone ? "Without a command: the state of this host and the next step.\n" : "",
		 program.examples);
}

static int print(void (*render)(struct text *))
{
	struct text t = { 0 };
	int status;

	render(&t);
	status = command_print(&(struct common_args){ 0 }, &t, EXIT_YES);
	text_free(&t);
	return status;
}

static const struct command *find(const char *name)
{
	for (size_t i = 0; program.commands[i]; i++)
		if (strcmp(program.commands[i]->name, name) == 0)
			return program.commands[i];
	return NULL;
}

/* Asked by the shell: the commands, or what may follow one or a sub-command. */
static int complete(const char *name, const char *word)
{
	const struct command *c = name ? find(name) : NULL;
	const struct command *sub = c && word ? command_sub(c, word) : NULL;
	struct text t = { 0 };
	int status;

	if (c)
		command_complete(sub ? sub : c, &t);
	for (size_t i = 0; !name && program.commands[i]; i++)
		text_add(&t, "%s\n", program.commands[i]->name);
	status = command_print(&(struct common_args){ 0 }, &t, EXIT_YES);
	text_free(&t);
	return status;
}

static int say_unknown(const char *word)
{
	const char *names[64] = { NULL };
	const char *near;
	struct text shown = { 0 };
	int status;

	for (size_t i = 0; program.commands[i] && i + 1 < ARRAY_SIZE(names); i++)
		names[i] = program.commands[i]->name;
	near = nearest_word(word, names);
	text_add_escaped(&shown, word, strlen(word));
	status = complain("there is no command '%s'", text_string(&shown));
	if (near)
		hint("did you mean '%s'?", near);
	else
		hint("all commands: sallyport --help");
	text_free(&shown);
	return status;
}

/* `sallyport help [COMMAND [SUB-COMMAND]]` */
static int help_on(int argc, char **argv)
{
	const struct command *c, *sub;
	char help[] = "--help";

	if (argc == 0)
		return print(list_commands);
	c = find(argv[0]);
	if (!c)
		return say_unknown(argv[0]);
	sub = argc > 1 && c->subs ? command_sub(c, argv[1]) : NULL;
	if (argc > 1 && c->subs && !sub)
		return command_sub_complain(c, argv[1]);
	return command_main(sub ? sub : c, 2, (char *[]){ argv[0], help, NULL });
}

static int no_command(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "-h") == 0 || strcmp(argv[i], "--help") == 0)
			return print(list_commands);
		if (strcmp(argv[i], "--version") == 0)
			return print(command_version);
	}
	if (argc < 2 && !program.alone)
		return print(list_commands);
	for (size_t i = 0; argc > 1 && program.alone && host_options[i]; i++)
		if (strncmp(argv[1], host_options[i], strlen(host_options[i])) == 0)
			return command_main(program.alone, argc, argv);
	if (argc > 1) {
		complain("'%s' comes after a command", argv[1]);
		hint("sallyport --help");
		return EXIT_TROUBLE;
	}
	return command_main(program.alone, argc, argv);
}

int front_main(int argc, char **argv)
{
	const struct command *c;

#ifdef SIGCHLD
	signal(SIGCHLD, SIG_DFL); /* ignored by whoever started us, no exit status would be seen */
#endif
#ifdef SIGPIPE
	signal(SIGPIPE, SIG_IGN); /* a closed pipe must not cut a change in two */
#endif
	if (argc < 2 || argv[1][0] == '-')
		return no_command(argc, argv);
	if ((c = find(argv[1])))
		return command_main(c, argc - 1, argv + 1);
	if (strcmp(argv[1], "help") == 0)
		return help_on(argc - 2, argv + 2);
	if (strcmp(argv[1], "__complete") == 0)
		return complete(argc > 2 ? argv[2] : NULL, argc > 3 ? argv[3] : NULL);
	return say_unknown(argv[1]);
}
