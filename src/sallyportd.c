/* SPDX-License-Identifier: GPL-3.0-or-later */
/* sallyportd.c - start-up of the daemon, nothing else. */
#include "base/message.h"
#include "base/option.h"
#include "gate/firewall.h"
#include "gate/firewall_others.h"
#include "gate/preflight.h"
#include "gate/premises.h"
#include "gate/settings.h"
#include "gate/supervisor.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/banned.h"

enum { EXIT_FINE, EXIT_PROBLEMS, EXIT_TROUBLE };

struct daemon_args {
	const char *file, *libexec;
	bool check, print, load, remove, foreground, help, version;
};

#define AT(field) OPTION_AT(struct daemon_args, field)

static const struct option_row options[] = {
	{ "file", 'f', OPTION_TEXT, AT(file), "<file>", "read the settings there, not in " SETTINGS_PATH },
	{ "check", 't', OPTION_FLAG, AT(check), NULL, "check the settings and what they name, and exit" },
	{ "print", 'T', OPTION_FLAG, AT(print), NULL, "print the settings and the firewall table, and exit" },
	{ "load", 'L', OPTION_FLAG, AT(load), NULL, "load the firewall table, and exit: the ports are shut" },
	{ "remove", 'R', OPTION_FLAG, AT(remove), NULL, "take the firewall table away, and exit: the ports are open" },
	{ "foreground", 'D', OPTION_FLAG, AT(foreground), NULL, "log to standard error" },
	{ "libexec", 0, OPTION_TEXT, AT(libexec), "<dir>", "execute the roles' programs there" },
	{ "help", 'h', OPTION_FLAG, AT(help), NULL, "show this help" },
	{ "version", 0, OPTION_FLAG, AT(version), NULL, "show the version" },
	{ 0 },
};

static int print_text(struct text *t)
{
	enum err e = text_check(t);

	if (!e && (fputs(text_string(t), stdout) == EOF || fflush(stdout) == EOF))
		e = ERR_SYSTEM;
	text_free(t);
	return e ? fail(e, "cannot write the answer") : EXIT_FINE;
}

static int print_help(const struct option_set *sets)
{
	struct text t = { 0 };

	text_add_string(&t, "sallyportd - open the SSH port for who can show a key, and for nobody else\n\n"
			    "usage: sallyportd [options]\n\n");
	options_help(sets, &t);
	text_add_string(&t,
			"\nIt does not go into the background. SIGHUP: read the settings anew. More: man sallyportd\n");
	return print_text(&t);
}

static int print_version(void)
{
	struct text t = { 0 };

	text_add_string(&t, "sallyportd " SALLYPORT_VERSION "\n");
	return print_text(&t);
}

static int print_settings(const struct settings *s)
{
	struct text t = { 0 };

	settings_print(s, &t);
	text_add_string(&t, "\n# the table in the kernel, as nft(8) would write it:\n");
	firewall_print(&s->firewall, &t);
	return print_text(&t);
}

/* A daemon that runs keeps the table in place by itself, and may be the only one that the kernel lets. */
static int load_table(const struct settings *s)
{
	struct firewall *f = NULL;
	char *why = NULL;
	int status = EXIT_FINE;
	enum err e;

	if (premises_taken(s))
		return status;
	if ((e = firewall_open(&s->firewall, -1, &f, NULL, &why)))
		status = why ? complain("cannot load the firewall table: %s", why)
			     : fail(e, "cannot load the firewall table");
	firewall_close(f); /* the table stays */
	free(why);
	return status;
}

/* Also where the settings are gone or wrong: it is the last way in. A daemon that runs would put it back. */
static int remove_table(void)
{
	char *why = NULL;
	int status = EXIT_FINE;
	enum err e = firewall_take_away(&why);

	if (e)
		status = why ? complain("cannot take the firewall table away: %s", why)
			     : fail(e, "cannot take the firewall table away");
	free(why);
	return status;
}

/* What a port is open to only where they let it through, too. */
static void check_others(struct diags *problems)
{
	struct strings others = { 0 };
	enum err e = firewall_others(&others);

	if (e)
		diag_warning(problems, NULL, 0, "other firewalls of this host cannot be looked for: %s", err_text(e));
	for (size_t i = 0; i < others.n; i++)
		diag_warning(problems, NULL, 0,
			     "%s is at work here, too: a port that it shuts stays shut, also for who has knocked",
			     others.v[i]);
	strings_free(&others);
}

static int check_all(const struct root *r, const struct settings *s)
{
	struct diags problems = { 0 };
	size_t errors;
	enum err e = preflight_check(r, s, &problems);

	if (!e && geteuid() == 0)
		check_others(&problems);
	diags_print(&problems, "sallyport: ", stderr);
	errors = problems.errors;
	diags_free(&problems);
	if (e)
		return fail(e, "cannot check the settings");
	return errors ? EXIT_PROBLEMS : EXIT_FINE;
}

/* Paths must hold when the roles are started, from "/". */
static int serve(const struct daemon_args *args, struct settings *s)
{
	char *file = realpath(args->file, NULL), *libexec = realpath(args->libexec, NULL);
	struct supervisor_options o = { .file = file, .libexec = libexec, .foreground = args->foreground };
	int status = EXIT_FINE;
	char *why = NULL;

	if (!file || !libexec) {
		status = fail(ERR_SYSTEM, "cannot find '%s'", file ? args->libexec : args->file);
		settings_free(s);
	} else if (supervisor_run(&o, s, &why)) {
		status = complain("cannot serve: %s", why ? why : err_text(ERR_MEMORY));
	}
	free(why);
	free(file);
	free(libexec);
	return status;
}

static int daemon_main(const struct daemon_args *args)
{
	struct diags problems = { 0 };
	struct settings *s = NULL;
	struct root *live = NULL;
	int status;
	enum err e;

	if (args->remove)
		return geteuid() == 0 ? remove_table() : complain("only root can shut and open ports");
	if ((e = root_open("/", &live)) || (e = settings_load(live, args->file, &s, &problems))) {
		diags_print(&problems, "sallyport: ", stderr);
		status = e == ERR_CONFIG && args->check ? EXIT_PROBLEMS : EXIT_TROUBLE;
		if (e != ERR_CONFIG)
			status = fail(e, "cannot read '%s'", args->file);
	} else if (args->print) {
		status = print_settings(s);
	} else if (args->check) {
		status = check_all(live, s);
	} else if (geteuid() != 0) {
		status = complain("only root can shut and open ports");
	} else if (args->load) {
		status = load_table(s);
	} else {
		status = serve(args, s);
		s = NULL; /* it was taken over */
	}
	settings_free(s);
	diags_free(&problems);
	root_close(live);
	return status;
}

int main(int argc, char **argv)
{
	struct daemon_args args = { .file = SETTINGS_PATH, .libexec = SALLYPORT_LIBEXECDIR };
	const struct option_set sets[] = { { options, &args }, { 0 } };
	struct strings rest = { 0 };
	char *complaint = NULL;
	enum err e = options_parse(sets, argc, argv, &rest, &complaint);
	int status;

	if (sodium_init() < 0)
		status = complain("libsodium cannot be used");
	else if (e == ERR_SYNTAX)
		status = complain("%s", complaint);
	else if (e)
		status = fail(e, "cannot read the options");
	else if (rest.n)
		status = complain("'%s' is no option; all settings are in %s", rest.v[0], args.file);
	else if (args.help)
		status = print_help(sets);
	else if (args.version)
		status = print_version();
	else
		status = daemon_main(&args);
	free(complaint);
	strings_free(&rest);
	return status;
}
