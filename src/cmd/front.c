/* SPDX-License-Identifier: GPL-3.0-or-later */
/* front.c - the front door: `sallyport`, `sallyport help`, and words that are no command. */
#include "cmd/front.h"

#include "base/message.h"
#include "base/nearest.h"
#include "cmd/status.h"

#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

static const char *const host_options[] = { "--root", "--config", "-f", "--sshd", "--color", NULL };

static void list_commands(const struct command *const *commands, struct text *out)
{
	text_add_string(out, "sallyport - harden a server's SSH front door, prove it, undo it\n\n"
			     "usage: sallyport [command] [options]\n\n");
	for (size_t i = 0; commands[i]; i++)
		text_add(out, "  %-10s %s\n", commands[i]->name, commands[i]->summary);
	text_add_string(out, "\nWithout a command: the state of this host and the next step.\n"
			     "More on one: sallyport COMMAND --help, or man sallyport-COMMAND\n\n"
			     "examples:\n"
			     "  sudo sallyport audit              # where do I stand? changes nothing\n"
			     "  sudo sallyport harden --dry-run   # what would change, with every diff\n"
			     "  sudo sallyport harden             # do it, prove it, keep a way back\n");
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

static int print_help(const struct command *const *commands)
{
	struct text t = { 0 };
	int status;

	list_commands(commands, &t);
	status = command_print(&(struct common_args){ 0 }, &t, EXIT_YES);
	text_free(&t);
	return status;
}

static const struct command *find(const struct command *const *commands, const char *name)
{
	for (size_t i = 0; commands[i]; i++)
		if (strcmp(commands[i]->name, name) == 0)
			return commands[i];
	return NULL;
}

/* Asked by the shell: the commands, or what may follow one or a sub-command. */
static int complete(const struct command *const *commands, const char *name, const char *word)
{
	const struct command *c = name ? find(commands, name) : NULL;
	const struct command *sub = c && word ? command_sub(c, word) : NULL;
	struct text t = { 0 };
	int status;

	if (c)
		command_complete(sub ? sub : c, &t);
	for (size_t i = 0; !name && commands[i]; i++)
		text_add(&t, "%s\n", commands[i]->name);
	status = command_print(&(struct common_args){ 0 }, &t, EXIT_YES);
	text_free(&t);
	return status;
}

static int say_unknown(const struct command *const *commands, const char *word)
{
	const char *names[64] = { NULL };
	const char *near;
	struct text shown = { 0 };
	int status;

	for (size_t i = 0; commands[i] && i + 1 < ARRAY_SIZE(names); i++)
		names[i] = commands[i]->name;
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
static int help_on(const struct command *const *commands, int argc, char **argv)
{
	const struct command *c, *sub;
	char help[] = "--help";

	if (argc == 0)
		return print_help(commands);
	c = find(commands, argv[0]);
	if (!c)
		return say_unknown(commands, argv[0]);
	sub = argc > 1 && c->subs ? command_sub(c, argv[1]) : NULL;
	if (argc > 1 && c->subs && !sub)
		return command_sub_complain(c, argv[1]);
	return command_main(sub ? sub : c, 2, (char *[]){ argv[0], help, NULL });
}

int front_main(const struct command *const *commands, int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "-h") == 0 || strcmp(argv[i], "--help") == 0)
			return print_help(commands);
		if (strcmp(argv[i], "--version") == 0)
			return print(command_version);
	}
	for (size_t i = 0; argc > 1 && host_options[i]; i++)
		if (strncmp(argv[1], host_options[i], strlen(host_options[i])) == 0)
			return command_main(&cmd_short_status, argc, argv);
	if (argc > 1) {
		complain("'%s' comes after a command", argv[1]);
		hint("sallyport --help");
		return EXIT_TROUBLE;
	}
	return command_main(&cmd_short_status, argc, argv);
}

int front_other(const struct command *const *commands, int argc, char **argv)
{
	if (strcmp(argv[1], "help") == 0) {
		return help_on(commands, argc - 2, argv + 2);
	}
	if (strcmp(argv[1], "__complete") == 0)
		return complete(commands, argc > 2 ? argv[2] : NULL, argc > 3 ? argv[3] : NULL);
	return say_unknown(commands, argv[1]);
}
