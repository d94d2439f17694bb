/* SPDX-License-Identifier: GPL-3.0-or-later */
/* enroll.c - teach this user's ssh the way to a hidden server, with the key that logs in there. */
#include "cmd/enroll.h"

#include "base/json.h"
#include "base/message.h"
#include "client/hand_over.h"
#include "client/jump.h"
#include "client/own_path.h"
#include "client/send.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/banned.h"

#define AT(field) OPTION_AT(struct enroll_args, field)
#define CHECK_WAIT_MS 6000

static const struct option_row options[] = {
	KNOCK_SSH_OPTIONS(struct enroll_args, "log in and knock with this key"),
	{ "ssh-config", 'F', OPTION_TEXT, AT(ssh_config), "<file>", "the ssh_config to read and to add to" },
	{ "knock-port", 0, OPTION_COMMAS, AT(ports), "<port>[,<port>]",
	  "the UDP ports to knock at; that of SSH by default" },
	{ "site-secret", 0, OPTION_TEXT, AT(secret), "<file>", "the secret of the site, if it has one" },
	{ "jump", 'J', OPTION_TEXT, AT(jump), "<host>[,<host>]", "through these hosts; those of ProxyJump by default" },
	{ "bundle", 0, OPTION_FLAG, AT(bundle), NULL, "export host keys and lines, for other machines" },
	{ "into", 0, OPTION_TEXT, AT(into), "<folder>",
	  "with --bundle: ssh_config, known_hosts and bundle.json go there" },
	{ "undo", 0, OPTION_FLAG, AT(undo), NULL, "take it out again" },
	{ 0 },
};

/* ---- what is wanted ---- */

static bool absolute(const char *path, char **out)
{
	*out = path ? realpath(path, NULL) : NULL;
	if (!path || *out)
		return true;
	fail(ERR_SYSTEM, "cannot find '%s'", path);
	return false;
}

static void options_fill(struct enroll *e)
{
	size_t n = 0;

	if (e->nports) {
		strings_join(&e->args->ports, ",", &e->ports);
		e->option[n++] = "--knock-port";
		e->option[n++] = text_string(&e->ports);
	}
	if (e->secret) {
		e->option[n++] = "--site-secret";
		e->option[n++] = e->secret;
	}
	e->option[n] = NULL;
}

/* 0, or what to exit with. */
static int read_arguments(struct enroll *e, const struct strings *rest)
{
	const char *at = rest->n == 1 ? strrchr(rest->v[0], '@') : NULL;
	enum err err;
	int status;

	if (rest->n != 1) {
		complain(rest->n ? "enroll takes one host at a time" : "enroll wants a host");
		hint("sallyport enroll HOST, as ssh would be called");
		return EXIT_TROUBLE;
	}
	if (e->args->four && e->args->six)
		return complain("-4 and -6 do not go together");
	if ((status = knock_read_ports(&e->args->ports, e->port, &e->nports)))
		return status;
	e->typed = rest->v[0];
	e->host = at ? at + 1 : rest->v[0];
	if (!stanza_host_fits(e->host) || strstr(e->typed, "://"))
		return complain("the host is '%s': wants one name as ssh takes it, without blanks, patterns or quotes",
				e->host);
	if (e->args->jump && !jump_fits(e->args->jump))
		return complain("--jump is '%s': wants hosts as ssh -J takes them", e->args->jump);
	if ((err = user_config_open(e->args->ssh_config, &e->files)))
		return fail(err, "cannot tell where your ssh_config is");
	if (!absolute(e->args->secret, &e->secret))
		return EXIT_TROUBLE;
	if (own_path(&e->program))
		return fail(ERR_MEMORY, "cannot start");
	options_fill(e);
	return 0;
}

static void option_add(struct enroll *e, const char *option, const char *value)
{
	size_t n = 0;

	while (e->option[n])
		n++;
	e->option[n++] = option;
	e->option[n++] = value;
	e->option[n] = NULL;
}

/* As ssh goes there now, or went when our lines were written. */
static bool way_find(struct enroll *e)
{
	const struct ask_ssh *a = &e->k->ssh;
	const char *way = e->args->jump ? e->args->jump : a->jump;

	if (!way && a->proxy && stanza_option(a->proxy, "--jump", &e->way)) {
		fail(ERR_MEMORY, "cannot start");
		return false;
	}
	if (!way)
		way = e->way;
	if (way && !jump_fits(way)) {
		complain("ssh goes to '%s' through '%s': wants hosts as ssh -J takes them, without tokens", e->host,
			 way);
		return false;
	}
	if (way)
		option_add(e, "--jump", way);
	e->through = way;
	return true;
}

/* Somebody else's way there is not ours to replace. */
static bool way_is_free(const struct enroll *e)
{
	const struct ask_ssh *a = &e->k->ssh;

	if (!a->proxy || stanza_is_ours(a->proxy))
		return true;
	complain("ssh goes to '%s' by a ProxyCommand already: %s", e->host, a->proxy);
	return false;
}

static struct knock *knock_begin(struct enroll *e)
{
	const struct enroll_args *a = e->args;
	struct knock *k;

	e->knock_args = (struct knock_args){ .user = a->user,
					     .identity = e->identity ? e->identity : a->identity,
					     .ssh_config = a->ssh_config,
					     .secret = e->secret,
					     .port = a->port,
					     .four = a->four,
					     .six = a->six };
	k = knock_new(&e->knock_args);
	if (k)
		k->host = e->typed;
	return k;
}

/* ---- the work ---- */

/* Only the knock is pinned, and only this account's: how ssh logs in, there or as somebody else, is not ours to change. */
static void pin_add(struct enroll *e)
{
	text_add(&e->pin, "%s=%s", e->k->ssh.user, e->identity);
	option_add(e, "--pin", text_string(&e->pin));
}

static bool lines_make(struct enroll *e, bool dry)
{
	struct text name = { 0 };
	enum err err = ERR_NONE;

	if (e->public) {
		text_add(&name, dry ? "%s/%s.pub" : "%.0s%s.pub", e->files.folder, e->host);
		if (dry)
			e->identity = text_take(&name);
		else
			err = user_config_keep(&e->files, text_string(&name), e->public, &e->identity);
		text_free(&name);
	}
	if (!err && e->identity)
		pin_add(e);
	if (!err)
		err = stanza_print(&(struct stanza){ e->host, e->program, e->option, hand_over_possible() }, &e->lines);
	if (err)
		fail(err, "cannot write to '%s'", e->files.folder);
	return !err;
}

static bool put(struct enroll *e, const char *lines, bool dry)
{
	const char *at = "";
	enum err err = user_config_put(&e->files, e->host, lines, dry, &e->changed, &at);

	if (err == ERR_SYNTAX)
		complain("%s: the lines for '%s' begin and do not end: wants the line that ends them, or none of them",
			 at, e->host);
	else if (err)
		fail(err, "cannot change '%s'", at);
	return !err;
}

static bool enroll(struct enroll *e, bool dry)
{
	/* what would fail at the end had better fail before somebody types a passphrase */
	if (!knock_ask(e->k) || !way_is_free(e) || !way_find(e) || !put(e, "", true) || !enroll_log_in(e))
		return false;
	return knock_choose(e->k) && enroll_identity(e) && enroll_host_key(e, dry) && enroll_take_answer(e, dry) &&
	       lines_make(e, dry) && put(e, text_string(&e->lines), dry);
}

/* From here a knock opens nothing to the host in between. */
static bool try_behind(struct enroll *e)
{
	e->k->result.open = enroll_reaches(e);
	return true;
}

/* As the new lines have it. */
static bool try_knock(struct enroll *e)
{
	struct send_order o = { .nports = e->nports, .wait_ms = CHECK_WAIT_MS, .greeting = true };
	struct knock *k;

	memcpy(o.port, e->port, sizeof o.port);
	knock_free(e->k);
	k = e->k = knock_begin(e);
	if (!k || !knock_ask(k) || !knock_resolve(k) || !knock_ready(k))
		return false;
	for (k->key = 0; k->key < k->keys.n && !k->result.open; k->key++) {
		if (!knock_make(k))
			return false;
		o.jobs = k->job;
		o.n = k->njobs;
		o.target = k->target;
		o.ntargets = k->ntargets;
		o.ssh_port = k->ssh.port;
		if (send_jobs(&o, &k->result, NULL)) {
			complain("cannot send to '%s': %s", k->ssh.hostname, strerror(errno));
			return false;
		}
	}
	k->key = 0;
	return true;
}

/* ---- the answer ---- */

static bool is_changed(const struct enroll *e)
{
	return e->changed || e->host_key_added || e->secret_taken || e->secret_dropped;
}

static json_t *answer_json(const struct enroll *e, bool tried)
{
	static const char *const secrets[] = {
		[SERVER_SECRET_UNTOLD] = "unknown",
		[SERVER_SECRET_NONE] = "none",
		[SERVER_SECRET_UNREADABLE] = "unreadable",
		[SERVER_SECRET_TOLD] = "taken",
	};

	return json_pack("{s:s,s:o,s:b,s:s?,s:s?,s:s,s:s,s:b,s:s,s:s?,s:o,s:o}", "schema", "sallyport.enroll.v1",
			 "host", json_safe_string(e->host), "changed", is_changed(e), "key",
			 e->login.fingerprint[0] ? e->login.fingerprint : NULL, "identity", e->identity, "file",
			 e->files.ours, "includedBy", e->files.theirs, "hostKeyAdded", e->host_key_added, "siteSecret",
			 secrets[e->server.secret], "jump", e->through, "clockAhead",
			 e->server.time ? json_integer(e->clock_ahead) : json_null(), "open",
			 tried ? json_boolean(e->k->result.open) : json_null());
}

static void add_answer(const struct enroll *e, bool dry, bool tried, struct text *out)
{
	if (dry)
		text_add(out, "%s\n%s",
			 e->changed ? "This would be added:" : "This is there already:", text_string(&e->lines));
	else
		text_add(out, "ssh %s knocks by itself%s%s%s.\n", e->host, e->login.fingerprint[0] ? ", with " : "",
			 e->login.fingerprint, e->changed ? "" : " (as before)");
	if (e->host_key_added)
		text_add(out, "Its Ed25519 key came through the login, and %s to known_hosts.\n",
			 dry ? "would be added" : "was added");
	if (e->secret_taken)
		text_add(out, "The secret of its site came through the login, and %s kept beside the lines.\n",
			 dry ? "would be" : "is");
	if (e->secret_dropped)
		text_add(out, "Its site has no secret any more: the one from before %s.\n",
			 dry ? "would be removed" : "was removed");
	if (tried && e->through)
		text_add(out,
			 e->k->result.open ? "It was reached through %s.\n"
					   : "It was not reached through %s: ssh -v says more.\n",
			 e->through);
	else if (tried)
		text_add(out, "A knock was sent: the port %s.\n",
			 e->k->result.open
				 ? "is open to us"
				 : "has not opened, and 'sallyport knock --check' tells what may be the reason");
	if (!dry)
		text_add(out, "Undo: sallyport enroll --undo %s\n", e->host);
}

static int answer(const struct common_args *common, const struct enroll *e, bool tried)
{
	const int status = common->dry_run		 ? (is_changed(e) ? EXIT_NO : EXIT_YES)
			   : tried && !e->k->result.open ? EXIT_NO
							 : EXIT_YES;
	struct text out = { 0 };
	json_t *j;
	int end;

	if (common->format == FORMAT_JSON) {
		j = answer_json(e, tried);
		end = command_print_json(common, j, status);
		json_decref(j);
		return end;
	}
	if (e->args->undo)
		text_add(&out,
			 !e->changed	   ? "%s is not in %s.\n"
			 : common->dry_run ? "%s would be taken out of %s.\n"
					   : "%s is taken out of %s.\n",
			 e->host, e->files.ours);
	else
		add_answer(e, common->dry_run, tried, &out);
	end = command_print(common, &out, status);
	text_free(&out);
	return end;
}

static int run(const struct common_args *common, struct enroll *e)
{
	bool tried;

	if (e->args->undo)
		return put(e, NULL, common->dry_run) ? answer(common, e, false) : EXIT_TROUBLE;
	if (!enroll(e, common->dry_run))
		return EXIT_TROUBLE;
	if (common->dry_run)
		return answer(common, e, false);
	tried = e->through ? try_behind(e) : try_knock(e);
	return tried ? answer(common, e, true) : answer(common, e, false) == EXIT_TROUBLE ? EXIT_TROUBLE : EXIT_NO;
}

static int enroll_run(const struct common_args *common, void *args, const struct strings *rest)
{
	struct enroll e = { .args = args };
	int status;

	if (e.args->into && !e.args->bundle)
		return complain("--into goes with --bundle");
	if (e.args->bundle)
		return e.args->undo ? complain("--bundle does not go with --undo") : enroll_bundle(common, args, rest);
	status = read_arguments(&e, rest);
	if (!status) {
		e.k = knock_begin(&e);
		status = e.k ? run(common, &e) : EXIT_TROUBLE;
	}
	knock_free(e.k);
	user_config_clear(&e.files);
	login_log_clear(&e.login);
	server_answer_clear(&e.server);
	sodium_memzero(e.answer.s, e.answer.s ? e.answer.len : 0);
	text_free(&e.answer);
	text_free(&e.lines);
	text_free(&e.ports);
	text_free(&e.pin);
	free(e.program);
	free(e.secret);
	free(e.way);
	free(e.identity);
	free(e.public);
	return status;
}

static void enroll_clear(void *args)
{
	strings_free(&((struct enroll_args *)args)->ports);
}

const struct command cmd_enroll = {
	.name = "enroll",
	.summary = "teach this user's ssh the way to a hidden server",
	.arguments = "[USER@]HOST | --bundle [HOST...]",
	.common = COMMON_REPORT | COMMON_CHANGE | COMMON_NO_RECOVERY,
	.options = options,
	.args_size = sizeof(struct enroll_args),
	.examples =
		"  sallyport enroll anna@server          # logs in once; from then on 'ssh server' knocks by itself\n"
		"  sallyport enroll server --dry-run     # shows the lines, changes nothing\n"
		"  sallyport enroll --bundle --into roll-out web1 web2   # for machines that have never seen them\n"
		"  sallyport enroll --undo server\n",
	.run = enroll_run,
	.clear = enroll_clear,
};
