/* SPDX-License-Identifier: GPL-3.0-or-later */
/* knock.c - ask a server, by one silent datagram, to open its SSH port to us. */
#include "cmd/knock.h"

#include "base/file.h"
#include "base/json.h"
#include "base/message.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/banned.h"

#define AT(field) OPTION_AT(struct knock_args, field)
#define DURATION_MAX 65535
#define WAIT_MS 2000	   /* for the port to open; ssh itself would wait longer */
#define CHECK_WAIT_MS 6000 /* for a verdict */

/* As a monitoring plug-in exits. */
enum check_status { CHECK_OK = 0, CHECK_WARNING = 1, CHECK_CRITICAL = 2, CHECK_UNKNOWN = 3 };

static const struct option_row options[] = {
	KNOCK_SSH_OPTIONS(struct knock_args, "knock with this key and no other"),
	{ "ssh-config", 'F', OPTION_TEXT, AT(ssh_config), "<file>", "the ssh_config that ssh is to read" },
	{ "for", 0, OPTION_DURATION, AT(duration), "<time>", "how long the port is to be open to us" },
	{ "from", 0, OPTION_TEXT, AT(from), "<address>", "open it to this address" },
	{ .name = "knock-port",
	  .kind = OPTION_NUMBER,
	  .offset = AT(knock_port),
	  .value = "<port>",
	  .help = "the UDP port to knock at; that of SSH by default",
	  .min = 1,
	  .max = 65535 },
	{ "site-secret", 0, OPTION_TEXT, AT(secret), "<file>", "the secret of the site, if it has one" },
	{ "check", 0, OPTION_FLAG, AT(check), NULL, "connect, too; exit as a monitoring plug-in" },
	{ "print", 0, OPTION_FLAG, AT(print), NULL, "do not send: print it, for another machine to send" },
	{ "carry", 0, OPTION_TEXT, AT(carry), "<file>", "send what --print made; - is standard input" },
	{ 0 },
};

/* ---- what is wanted ---- */

static int check_together(const struct knock_args *a)
{
	if (a->four && a->six)
		return complain("-4 and -6 do not go together");
	if (a->print && (a->check || a->carry))
		return complain("--print does not go with --%s", a->check ? "check" : "carry");
	if (a->carry && (a->from || a->duration || a->secret || a->identity))
		return complain(
			"what --carry sends is finished: --from, --for, --site-secret and -i belong to --print");
	if (a->duration > DURATION_MAX)
		return complain("--for is at most 18h12m15s, and servers give far less");
	return 0;
}

static int read_arguments(struct knock *k, const struct strings *rest)
{
	int status;

	if (rest->n > 1 || (!rest->n && (!k->args->carry || k->args->check))) {
		status = complain(rest->n ? "knock takes one host at a time" : "knock wants a host");
		hint("sallyport knock HOST, as ssh would be called");
		return status;
	}
	k->host = rest->n ? rest->v[0] : NULL;
	if ((status = check_together(k->args)))
		return status;
	return knock_read_from(k->args->from, &k->from);
}

/* ---- carried ---- */

static bool load_carried(struct knock *k)
{
	const char *path = k->args->carry;
	const bool in = !strcmp(path, "-");
	int fd = in ? STDIN_FILENO : open(path, O_RDONLY | O_NOCTTY | O_CLOEXEC);
	char *content = NULL;
	size_t len = 0;
	enum err e = fd < 0 ? ERR_SYSTEM : file_read_all(fd, CARRY_TEXT_MAX, &content, &len);

	if (!in)
		file_close(fd);
	k->trouble = KNOCK_OTHER;
	if (e) {
		fail(e, "cannot read '%s'", path);
		return false;
	}
	e = carry_parse(content, len, k->carried, &k->n);
	free(content);
	if (e) {
		complain("there is no knock in '%s': wants what --print wrote", path);
		return false;
	}
	for (k->njobs = 0; k->njobs < k->n; k->njobs++)
		k->job[k->njobs] = (struct send_job){ &k->target[0], k->carried[k->njobs].datagram };
	k->trouble = KNOCK_FINE;
	return true;
}

/* To the host that was typed, else where the knock itself says. */
static bool resolve_carried(struct knock *k)
{
	if (k->host)
		return knock_prepare(k);
	k->host = k->carried[0].host;
	k->ssh.hostname = strdup(k->host);
	k->ssh.family = k->args->four ? 4 : k->args->six ? 6 : 0;
	return k->ssh.hostname && knock_resolve(k);
}

/* ---- the work ---- */

static bool send_made(struct knock *k)
{
	const bool check = k->args->check;
	const struct send_order o = { .jobs = k->job,
				      .n = k->njobs,
				      .target = k->target,
				      .ntargets = k->ntargets,
				      .ssh_port = k->ssh.port,
				      .wait_ms = check ? CHECK_WAIT_MS : WAIT_MS,
				      .greeting = check };
	enum err e = send_jobs(&o, &k->result, NULL);

	if (!e)
		return true;
	complain("cannot send to '%s': %s", k->ssh.hostname, strerror(errno));
	k->trouble = KNOCK_NO_ADDRESS;
	return false;
}

/* A host may have been known by an older key: where one opens nothing, the next is tried. */
static bool knock_until_open(struct knock *k)
{
	for (k->key = 0; k->key < k->keys.n; k->key++) {
		if (!knock_make(k) || !send_made(k))
			return false;
		if (k->result.open)
			return true;
	}
	k->key = 0;
	return true;
}

static bool work(struct knock *k)
{
	if (k->args->carry)
		return load_carried(k) && resolve_carried(k) && send_made(k);
	if (!knock_prepare(k))
		return false;
	return k->args->print ? knock_make(k) : knock_until_open(k);
}

/* ---- the answer ---- */

static enum check_status check_status(const struct knock *k)
{
	if (k->trouble)
		return CHECK_UNKNOWN;
	if (!k->result.open)
		return CHECK_CRITICAL;
	return k->result.greeted && !k->key ? CHECK_OK : CHECK_WARNING;
}

static const char *const check_words[] = {
	[CHECK_OK] = "OK",
	[CHECK_WARNING] = "WARNING",
	[CHECK_CRITICAL] = "CRITICAL",
	[CHECK_UNKNOWN] = "UNKNOWN",
};

static int exit_status(const struct knock *k)
{
	if (k->args->check)
		return (int)check_status(k);
	return k->trouble ? EXIT_TROUBLE : EXIT_YES;
}

static json_t *keys_json(const struct knock *k)
{
	json_t *keys = json_array();

	for (size_t i = 0; i < k->n && !k->args->carry; i++)
		if (!i || strcmp(k->fingerprint[i], k->fingerprint[i - 1]) != 0)
			json_array_append_new(keys, json_string(k->fingerprint[i]));
	return keys;
}

static void print_one(const struct knock *k, size_t i, struct text *out)
{
	carry_print(k->ssh.hostname, k->args->knock_port ? (unsigned)k->args->knock_port : k->ssh.port, k->datagram[i],
		    out);
}

static json_t *printed_json(const struct knock *k)
{
	json_t *knocks = json_array();
	struct text line = { 0 };

	for (size_t i = 0; i < k->n; i++) {
		text_reset(&line);
		print_one(k, i, &line);
		json_array_append_new(knocks, json_stringn(text_string(&line), line.len ? line.len - 1 : 0));
	}
	text_free(&line);
	return knocks;
}

static int answer_json(const struct common_args *common, const struct knock *k)
{
	const bool ours = k->n && !k->args->carry;
	char address[CLAIM_TEXT] = "";
	int status;
	json_t *j;

	if (ours)
		address_claim_print(&k->claim[0], address);
	j = json_pack("{s:s,s:o,s:i,s:i,s:s?,s:o,s:s?,s:s?}", "schema", "sallyport.knock.v1", "host",
		      json_safe_string(k->ssh.hostname ? k->ssh.hostname
				       : k->host       ? k->host
						       : ""),
		      "port", (int)k->ssh.port, "sent", (int)k->result.sent, "key", ours ? k->fingerprint[0] : NULL,
		      "keys", keys_json(k), "address", address[0] ? address : NULL, "error",
		      knock_trouble_text(k->trouble));
	if (!k->args->print)
		json_object_set_new(j, "open", json_boolean(k->result.open));
	if (k->result.open)
		json_object_set_new(j, "milliseconds", json_integer(k->result.waited));
	if (k->args->check)
		json_object_set_new(j, "check", json_string(check_words[check_status(k)]));
	if (k->args->print)
		json_object_set_new(j, "knocks", printed_json(k));
	status = command_print_json(common, j, exit_status(k));
	json_decref(j);
	return status;
}

static void add_host(const struct knock *k, struct text *out)
{
	text_add_escaped(out, k->host, strlen(k->host));
}

/* What stands behind a "|" are figures for whoever runs plug-ins, so a name must have none. */
static void add_host_of_check(const struct knock *k, struct text *out)
{
	const size_t at = out->len;

	if (k->host)
		add_host(k, out);
	else
		text_add_string(out, "the host");
	for (size_t i = at; out->s && i < out->len; i++)
		if (out->s[i] == '|')
			out->s[i] = '?';
}

/* Seconds from the first datagram to the open port, with what is waited for at most; knocks that went out. */
static void add_figures(const struct knock *k, struct text *out)
{
	if (k->result.open)
		text_add(out, " | time=%u.%03us;;;0;%u knocks=%u", k->result.waited / 1000, k->result.waited % 1000,
			 CHECK_WAIT_MS / 1000, k->result.sent);
	else if (!k->trouble)
		text_add(out, " | knocks=%u", k->result.sent);
}

static void add_check(const struct knock *k, struct text *out)
{
	const enum check_status status = check_status(k);

	text_add(out, "%s - ", check_words[status]);
	if (status == CHECK_UNKNOWN)
		text_add_string(out, "no knock could be sent to ");
	add_host_of_check(k, out);
	if (status == CHECK_OK)
		text_add(out, " opened %u ms after the knock, and SSH answers", k->result.waited);
	else if (status == CHECK_CRITICAL)
		text_add_string(out, " did not open");
	else if (status == CHECK_WARNING && !k->result.greeted)
		text_add_string(out, " opened, but no SSH server speaks there");
	else if (status == CHECK_WARNING)
		text_add(out, " opened to a knock for its host key number %zu in known_hosts, not to the first",
			 k->key + 1);
	add_figures(k, out);
	text_add_string(out, "\n");
}

static void add_open(const struct knock *k, struct text *out)
{
	text_add_string(out, k->result.open ? ": it is open.\n" : ".\n");
}

/* "Knocked at server for 203.0.113.7 with SHA256:... and 1 more." */
static void add_sent(const struct knock *k, struct text *out)
{
	char address[CLAIM_TEXT] = "";

	text_add_string(out, "Knocked at ");
	add_host(k, out);
	if (k->args->carry) {
		text_add_string(out, " with what was carried");
		add_open(k, out);
		return;
	}
	address_claim_print(&k->claim[0], address);
	text_add(out, " for %s with %s", address[0] ? address : "the address that it comes from", k->fingerprint[0]);
	if (k->n > 1)
		text_add(out, " and %zu more", k->n - 1);
	add_open(k, out);
}

static int answer(const struct common_args *common, const struct knock *k)
{
	struct text out = { 0 };
	int status = exit_status(k);

	if (k->args->print && !k->trouble && common->format != FORMAT_JSON) {
		for (size_t i = 0; i < k->n; i++)
			print_one(k, i, &out);
	} else if (common->format == FORMAT_JSON) {
		return answer_json(common, k);
	} else if (k->args->check) {
		add_check(k, &out);
	} else if (!k->trouble && !message_quiet()) {
		add_sent(k, &out);
	}
	status = command_print(common, &out, status);
	text_free(&out);
	return status;
}

/* Why, stands on stderr; who runs plug-ins may look at stdout alone. */
static int say_unclear(const struct common_args *common)
{
	struct text out = { 0 };
	int status;

	text_add(&out, "%s - ", check_words[CHECK_UNKNOWN]);
	text_add_string(&out, "this is not how a knock is asked for\n");
	status = common->format == FORMAT_JSON ? (int)CHECK_UNKNOWN : command_print(common, &out, CHECK_UNKNOWN);
	text_free(&out);
	return status;
}

static int knock_run(const struct common_args *common, void *args, const struct strings *rest)
{
	const struct knock_args *a = args;
	struct knock *k = knock_new(a);
	int status;

	if (!k)
		return EXIT_TROUBLE;
	status = read_arguments(k, rest);
	if (status) {
		if (a->check)
			status = say_unclear(common);
		knock_free(k);
		return status;
	}
	if (work(k) && a->duration && !a->carry && !k->claim[0].type)
		warn("--for counts only with an address: the server gives its usual time (--from ADDRESS)");
	status = answer(common, k);
	if (!k->trouble && !k->result.open && a->check)
		knock_say_silence(k);
	else if (!k->trouble && !k->result.open && !a->print && k->ssh.port)
		warn("sent, but %s has not opened; what may be the reason: sallyport knock %s --check", k->host,
		     k->host);
	knock_free(k);
	return status;
}

const struct command cmd_knock = {
	.name = "knock",
	.summary = "ask a server to open its SSH port to us",
	.arguments = "[USER@]HOST | --carry FILE [HOST]",
	.common = COMMON_REPORT | COMMON_NO_RECOVERY,
	.options = options,
	.args_size = sizeof(struct knock_args),
	.examples = "  sallyport knock server && ssh server\n"
		    "  sallyport knock -l anna -i ~/.ssh/work server --check   # and does it open?\n"
		    "  sallyport knock server --print --from 192.0.2.7 >knock  # for another machine to send:\n"
		    "  sallyport knock --carry knock\n",
	.run = knock_run,
};
