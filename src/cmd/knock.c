/* SPDX-License-Identifier: GPL-3.0-or-later */
/* knock.c - sallyport knock: ask a server that hides its SSH port to open it for us. */
#include "base/clock.h"
#include "base/file.h"
#include "base/json.h"
#include "base/message.h"
#include "base/number.h"
#include "client/agent.h"
#include "client/host_keys.h"
#include "client/knocker.h"
#include "cmd/command.h"

#include <fcntl.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/banned.h"

#define SECRET_FILE_MAX 256
#define CARRY_MAX (1u << 20)
#define CARRY_WORD "sallyport-knock"

struct knock_args {
	const char *user, *key, *port, *config, *from, *carry, *secret;
	uint64_t knock_port, seconds;
	bool four, six, check, print;
};

static const struct option_row options[] = {
	{ "user", 'l', OPTION_TEXT, OPTION_AT(struct knock_args, user), "<name>", "the account to log in to" },
	{ "identity", 'i', OPTION_TEXT, OPTION_AT(struct knock_args, key), "<file>", "sign with this key" },
	{ "port", 'p', OPTION_TEXT, OPTION_AT(struct knock_args, port), "<port>", "the SSH port" },
	{ "knock-port", 0, OPTION_NUMBER, OPTION_AT(struct knock_args, knock_port), "<port>",
	  "the UDP port (the number of the SSH port)", NULL, 1, 65535 },
	{ "ipv4", '4', OPTION_FLAG, OPTION_AT(struct knock_args, four), NULL, "IPv4 only" },
	{ "ipv6", '6', OPTION_FLAG, OPTION_AT(struct knock_args, six), NULL, "IPv6 only" },
	{ "ssh-config", 'F', OPTION_TEXT, OPTION_AT(struct knock_args, config), "<file>",
	  "the configuration that ssh reads" },
	{ "for", 0, OPTION_DURATION, OPTION_AT(struct knock_args, seconds), "<time>",
	  "how long the port is to be open" },
	{ "from", 0, OPTION_TEXT, OPTION_AT(struct knock_args, from), "<address>", "open it for this address" },
	{ "site-secret", 0, OPTION_TEXT, OPTION_AT(struct knock_args, secret), "<file>",
	  "the secret of the site: 64 hexadecimal digits" },
	{ "check", 0, OPTION_FLAG, OPTION_AT(struct knock_args, check), NULL,
	  "connect too, and exit as a monitoring plug-in does" },
	{ "print", 0, OPTION_FLAG, OPTION_AT(struct knock_args, print), NULL,
	  "print the knock for --carry instead of sending it" },
	{ "carry", 0, OPTION_TEXT, OPTION_AT(struct knock_args, carry), "<file>",
	  "send what --print has printed (- for standard input)" },
	{ 0 }
};

enum plugin { PLUGIN_OK = 0, PLUGIN_CRITICAL = 2, PLUGIN_UNKNOWN = 3 };

/* One run of the command. */
struct run {
	const struct common_args *common;
	const struct knock_args *a;
	struct ssh_answer ssh;
	struct host_keys hosts;
	struct candidates keys;
	struct knocker_place place[KNOCKER_PLACES];
	size_t nplaces;
	unsigned knock_port;
	uint8_t secret[NATIVE_SECRET];
	bool has_secret, opened, claimed;
	int agent;
	unsigned sent;
	const char *error; /* the word of the JSON form, NULL: none */
	const char *key;   /* fingerprint of the one that was used last */
	const char *addr;
};

/* ---- answers ---- */

static int give_up(struct run *r, const char *word)
{
	r->error = word;
	return EXIT_TROUBLE;
}

static int no_host_key(struct run *r)
{
	complain("no Ed25519 host key of '%s' is known, and a knock is sealed to it", r->hosts.name);
	if (r->hosts.ca_only)
		hint("a @cert-authority line says whom to trust, not which key the host has");
	hint("while the port is open: ssh-keyscan -t ed25519 -p %u %s, compare with the console, add it to known_hosts",
	     r->ssh.port, r->ssh.host);
	return give_up(r, "no-host-key");
}

static int no_key(struct run *r)
{
	complain("there is no key to sign with for %s@%s", r->ssh.user, r->ssh.host);
	if (r->keys.touch)
		hint("a security key is used only if it is named: sallyport knock -i FILE %s", r->ssh.host);
	else if (r->keys.no_agent)
		hint("no ssh-agent can be asked; a key file is used where FILE.pub lies beside it: sallyport knock -i FILE %s",
		     r->ssh.host);
	else
		hint("the agent has none that would be used: ssh-add -l");
	return give_up(r, "cannot-sign");
}

static int cannot_sign(struct run *r, const struct candidate *c, enum err e)
{
	if (e == ERR_TOO_BIG) {
		complain("a knock with the key %s does not fit", c->fingerprint);
		return give_up(r, "does-not-fit");
	}
	if (e == ERR_CHILD && c->in_agent) {
		complain("the agent does not sign with the key %s", c->fingerprint);
		hint("it may be locked (ssh-add -X), or the key bound to destinations (ssh-add -h): such a key cannot knock");
	} else {
		fail(e, "cannot sign with the key %s", c->fingerprint);
	}
	return give_up(r, "cannot-sign");
}

static void silence_hints(const struct run *r)
{
	hint("the server never answers a knock; what can be looked at from here:");
	hint("- is the clock right? more than five minutes off is not taken (timedatectl)");
	if (r->hosts.n > 1)
		hint("- %zu host keys are known for '%s': is the first one still in use?", r->hosts.n, r->hosts.name);
	if (!r->claimed)
		hint("- this host has no public address, so the server has to take the packet's source; where it does not: --from ADDRESS");
	if (r->keys.n > 1)
		hint("- several keys were tried; say which one with -i");
}

/* ---- what is needed ---- */

static int read_secret(struct run *r)
{
	char *content = NULL;
	size_t len = 0, got = 0;
	enum err e = ERR_NONE;
	int fd;

	if (!r->a->secret)
		return 0;
	if ((fd = open(r->a->secret, O_RDONLY | O_CLOEXEC)) < 0)
		return fail(ERR_SYSTEM, "cannot read '%s'", r->a->secret);
	if (!(e = file_read_all(fd, SECRET_FILE_MAX, &content, &len)))
		len -= len && content[len - 1] == '\n';
	if (!e && (len != 2 * sizeof r->secret ||
		   sodium_hex2bin(r->secret, sizeof r->secret, content, len, NULL, &got, NULL) ||
		   sodium_is_zero(r->secret, sizeof r->secret)))
		e = ERR_SYNTAX;
	file_close(fd);
	if (content)
		sodium_memzero(content, len);
	free(content);
	r->has_secret = !e;
	return e == ERR_SYNTAX
		       ? complain("'%s' is no site secret: wants 64 hexadecimal digits, not all zero", r->a->secret)
	       : e ? fail(e, "cannot read '%s'", r->a->secret)
		   : 0;
}

static int ask_ssh(struct run *r, const char *host)
{
	char *at = strrchr(host, '@'), *user = NULL;
	struct ssh_flags f = { .host = host,
			       .user = r->a->user,
			       .port = r->a->port,
			       .key = r->a->key,
			       .config = r->a->config,
			       .family = r->a->four  ? 4
					 : r->a->six ? 6
						     : 0 };
	enum err e;

	if (at && !f.user) {
		user = strndup(host, (size_t)(at - host));
		f.user = user;
	}
	if (at)
		f.host = at + 1;
	e = ssh_ask(&f, &r->ssh);
	free(user);
	if (e == ERR_CHILD)
		return EXIT_TROUBLE; /* ssh has said why */
	return e ? fail(e, "cannot ask ssh about '%s'", host) : 0;
}

static int gather(struct run *r)
{
	enum err e;

	if ((e = host_keys_find(&r->ssh, &r->hosts)))
		return fail(e, "cannot look into known_hosts");
	if (!r->hosts.n)
		return no_host_key(r);
	if ((e = knocker_resolve(r->ssh.host, r->ssh.port, r->ssh.family, r->place, &r->nplaces))) {
		complain("'%s' has no address that can be used", r->ssh.host);
		return give_up(r, "no-address");
	}
	if (r->ssh.agent && agent_open(r->ssh.agent, &r->agent))
		r->agent = -1;
	if ((e = candidates_find(&r->ssh, r->a->key, r->agent, &r->keys)))
		return fail(e, "cannot find keys to sign with");
	if (!r->keys.n)
		return no_key(r);
	r->knock_port = r->a->knock_port ? (unsigned)r->a->knock_port : r->ssh.port;
	return 0;
}

/* ---- knocking ---- */

static uint64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static void pause_ms(long ms)
{
	const struct timespec t = { ms / 1000, ms % 1000 * 1000000 };

	nanosleep(&t, NULL);
}

static int print_knock(const struct run *r, const struct knocker_place *p, const uint8_t *datagram, struct text *out)
{
	char base64[sodium_base64_ENCODED_LEN(NATIVE_DATAGRAM, sodium_base64_VARIANT_ORIGINAL)];

	sodium_bin2base64(base64, sizeof base64, datagram, NATIVE_DATAGRAM, sodium_base64_VARIANT_ORIGINAL);
	text_add(out, CARRY_WORD " %s %u %s\n", p->text, r->knock_port, base64);
	return 0;
}

/* The same bytes again after half a second and a second more, unless the port opens first: a datagram may get lost, copies cost nothing. */
static enum err knock_until_open(struct run *r, const struct knocker_place *p, const uint8_t *datagram)
{
	static const int waits[] = { 500, 1000, 1500 };
	enum err e;

	for (size_t i = 0; i < ARRAY_SIZE(waits) && !r->opened; i++) {
		const uint64_t until = clock_boot_ms() + (uint64_t)waits[i];

		if ((e = knocker_send(p, r->knock_port, datagram)))
			return e;
		r->sent++;
		while (!r->opened && clock_boot_ms() < until) {
			r->opened = knocker_try(p, 200) == ERR_NONE;
			if (!r->opened)
				pause_ms(50);
		}
	}
	return ERR_NONE;
}

static int knock_with(struct run *r, const struct knocker_place *p, const struct candidate *c, struct text *printed)
{
	const struct knocker_wish w = {
		.user = r->ssh.user,
		.host = r->hosts.key[0],
		.site_secret = r->has_secret ? r->secret : NULL,
		.seconds = (uint32_t)r->a->seconds,
		.port = r->ssh.port,
		.from = r->a->from,
	};
	struct native_knock claim = { 0 };
	uint8_t datagram[NATIVE_DATAGRAM];
	bool plain_instead = false;
	enum err e = knocker_claim(p, r->a->from, &claim);

	if (e == ERR_SYNTAX)
		return complain("--from is '%s': wants an address", r->a->from);
	if (e) {
		complain("there is no way to %s from here", p->text);
		return give_up(r, "no-address");
	}
	r->claimed = claim.addr_type != 0;
	r->key = c->fingerprint;
	r->addr = p->text;
	if ((e = knocker_make(&w, &claim, c, r->agent, now_ms(), datagram, &plain_instead)))
		return cannot_sign(r, c, e);
	if (plain_instead)
		warn("the certificate of %s does not fit into a knock; the plain key is used", c->fingerprint);
	if (r->a->print)
		return print_knock(r, p, datagram, printed);
	if ((e = knock_until_open(r, p, datagram))) {
		fail(e, "cannot send to %s", p->text);
		return give_up(r, "no-address");
	}
	return 0;
}

/* One key after the other at each address, until the port is open. */
static int knock_all(struct run *r, struct text *printed)
{
	int status = 0, last = 0;
	bool any = false;

	for (size_t p = 0; p < r->nplaces && !r->opened; p++)
		for (size_t c = 0; c < r->keys.n && !r->opened; c++) {
			if ((status = knock_with(r, &r->place[p], &r->keys.v[c], printed)))
				last = status;
			else
				any = true;
		}
	if (any)
		r->error = NULL;
	return any ? 0 : last;
}

/* ---- a knock that another machine has made ---- */

static int carry_line(char *line, unsigned *sent)
{
	char *word = strsep(&line, " "), *address = strsep(&line, " "), *port = strsep(&line, " ");
	struct knocker_place place[KNOCKER_PLACES];
	uint8_t datagram[NATIVE_DATAGRAM];
	size_t n = 0, len = 0;
	uint64_t number;
	enum err e;

	if (!line || strcmp(word, CARRY_WORD) != 0 || number_parse(port, 1, 65535, &number) ||
	    sodium_base642bin(datagram, sizeof datagram, line, strlen(line), "\r", &len, NULL,
			      sodium_base64_VARIANT_ORIGINAL) ||
	    len != sizeof datagram)
		return complain("this is no knock: wants what 'sallyport knock --print' prints");
	if ((e = knocker_resolve(address, (unsigned)number, 0, place, &n)) ||
	    (e = knocker_send(&place[0], (unsigned)number, datagram)))
		return fail(e, "cannot send to %s", address);
	(*sent)++;
	return 0;
}

static int carry(const struct knock_args *a)
{
	int fd = strcmp(a->carry, "-") ? open(a->carry, O_RDONLY | O_CLOEXEC) : STDIN_FILENO, status = 0;
	char *content = NULL, *rest, *line;
	unsigned sent = 0;
	size_t len;
	enum err e;

	if (fd < 0 || (e = file_read_all(fd, CARRY_MAX, &content, &len)))
		return fail(ERR_SYSTEM, "cannot read '%s'", a->carry);
	for (rest = content; !status && (line = strsep(&rest, "\n"));)
		if (*line)
			status = carry_line(line, &sent);
	if (!status && !sent)
		status = complain("'%s' holds no knock", a->carry);
	free(content);
	if (fd != STDIN_FILENO)
		file_close(fd);
	return status;
}

/* ---- the answer ---- */

static int answer_json(const struct run *r, int status)
{
	json_t *j = json_pack("{s:s,s:s?,s:i,s:s?,s:i,s:s?,s:b,s:s?}", "schema", "sallyport.knock.v1", "host",
			      r->ssh.host, "port", (int)r->ssh.port, "address", r->addr, "sent", (int)r->sent, "key",
			      r->key, "open", r->opened, "error", r->error);

	status = command_print_json(r->common, j, status);
	json_decref(j);
	return status;
}

static int answer_check(const struct run *r, int status)
{
	struct text t = { 0 };

	if (status)
		text_add(&t, "KNOCK UNKNOWN - no knock was sent\n");
	else if (r->opened)
		text_add(&t, "KNOCK OK - port %u of %s opened\n", r->ssh.port, r->ssh.host);
	else
		text_add(&t, "KNOCK CRITICAL - port %u of %s stays shut\n", r->ssh.port, r->ssh.host);
	status = command_print(r->common, &t, status ? PLUGIN_UNKNOWN : r->opened ? PLUGIN_OK : PLUGIN_CRITICAL);
	text_free(&t);
	return status;
}

static int answer_text(const struct run *r, int status)
{
	if (status)
		return status;
	if (r->opened)
		inform("port %u of %s is open", r->ssh.port, r->ssh.host);
	else {
		warn("sent, but port %u of %s stays shut", r->ssh.port, r->ssh.host);
		silence_hints(r);
	}
	return EXIT_YES;
}

static int knock_run(const struct common_args *common, void *args, const struct strings *rest)
{
	struct run r = { .common = common, .a = args, .agent = -1 };
	struct text printed = { 0 };
	int status;

	if (sodium_init() < 0)
		return complain("libsodium cannot be used");
	if (r.a->carry)
		return rest->n ? complain("--carry takes no host: the knock says where it goes") : carry(r.a);
	if (rest->n != 1)
		return complain("wants one host: sallyport knock [USER@]HOST");
	if (!(status = read_secret(&r)) && !(status = ask_ssh(&r, rest->v[0])) && !(status = gather(&r)))
		status = knock_all(&r, &printed);
	if (r.a->print)
		status = status ? status : command_print(common, &printed, EXIT_YES);
	else if (common->format == FORMAT_JSON && r.ssh.host)
		status = answer_json(&r, status);
	else
		status = r.a->check ? answer_check(&r, status) : answer_text(&r, status);
	sodium_memzero(r.secret, sizeof r.secret);
	text_free(&printed);
	candidates_clear(&r.keys);
	host_keys_clear(&r.hosts);
	ssh_answer_clear(&r.ssh);
	file_close(r.agent);
	return status;
}

const struct command cmd_knock = {
	.name = "knock",
	.summary = "have a hidden SSH port opened for us",
	.arguments = "[USER@]HOST | --carry FILE",
	.common = COMMON_REPORT,
	.options = options,
	.args_size = sizeof(struct knock_args),
	.examples = "  sallyport knock anna@server && ssh anna@server\n"
		    "  sallyport knock --check server                  # for monitoring: does the door open?\n"
		    "  sallyport knock --print server >knock.txt       # carried to another machine, and there:\n"
		    "  sallyport knock --carry knock.txt\n",
	.run = knock_run,
};
