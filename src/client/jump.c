/* SPDX-License-Identifier: GPL-3.0-or-later */
/* jump.c - the ssh of the user does it all: logs in at the host in between, runs a shell there, and opens the channel. */
#include "client/jump.h"

#include "base/clock.h"
#include "base/file.h"
#include "client/ask_ssh.h"
#include "client/recent.h"
#include "client/run.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/banned.h"

#define WORDS_MAX 64
#define LOGIN_MS 120000 /* somebody may type or touch */
#define SENT_MS 15000
#define SAID_MAX 65536 /* of what a shell says by itself before ours speaks */
#define CONTROL_MAX 50 /* of the folder's name: the whole must fit into the address of a socket */
#define READY "sallyport-jump ready"
#define SENT "sallyport-jump sent"
#define CANNOT "sallyport-jump cannot"

/*
 * Read by the shell as a whole before it runs. What comes then are lines "sallyport-knock HOST PORT BASE64" and one with a dot, after
 * which it answers. One datagram must be one write: dd makes it one again where a pipe was between. The first address is the one that
 * sshd over there tries first for the channel.
 */
static const char script[] =
	"{\n"
	"unpack() { printf '%s\\n' \"$data\" | { base64 -d 2>/dev/null || openssl base64 -d -A 2>/dev/null; } |"
	" dd obs=1232 2>/dev/null; }\n"
	"has() { command -v \"$1\" >/dev/null 2>&1; }\n"
	"one() {\n"
	"has python3 && python3 -c 'import base64,socket,sys\n"
	"for a in socket.getaddrinfo(sys.argv[1],int(sys.argv[2]),0,socket.SOCK_DGRAM):\n"
	" try:\n"
	"  s=socket.socket(a[0],a[1]);s.connect(a[4]);s.send(base64.b64decode(sys.argv[3]));sys.exit(0)\n"
	" except OSError: pass\n"
	"sys.exit(1)' \"$host\" \"$port\" \"$data\" </dev/null && return\n"
	"has perl && unpack | perl -MSocket=:DEFAULT,getaddrinfo -e '$/=undef;$d=<STDIN>;exit 1 if length $d!=1232;"
	"($e,@a)=getaddrinfo($ARGV[0],$ARGV[1],{socktype=>SOCK_DGRAM});"
	"for(@a){socket($s,$_->{family},SOCK_DGRAM,0)&&connect($s,$_->{addr})&&send($s,$d,0)&&exit 0}exit 1'"
	" -- \"$host\" \"$port\" && return\n"
	"has bash && unpack | bash -c 'dd obs=1232 >\"/dev/udp/$0/$1\"' \"$host\" \"$port\" && return\n"
	"has nc && unpack | nc -u -w 1 \"$host\" \"$port\"\n"
	"}\n"
	"echo; echo '" READY "'\n" /* what a shell has said before may have no end */
	"answer='" CANNOT "'\n"
	"while read -r word host port data; do\n"
	"if [ \"$word\" = . ]; then echo \"$answer\"; answer='" CANNOT "'; continue; fi\n"
	"if has sallyport; then printf '%s\\n' \"$word $host $port $data\" |"
	" sallyport knock -q --carry - >/dev/null 2>&1 & answer='" SENT "'\n"
	"elif one 2>/dev/null >/dev/null; then answer='" SENT "'\n"
	"{ sleep 1; one; sleep 1; one; } >/dev/null 2>&1 </dev/null &\n"
	"fi\n"
	"done\n"
	"exit\n"
	"}\n";

bool jump_fits(const char *way)
{
	bool begins = true;

	for (const char *c = way; *c; c++) {
		if (!isalnum((unsigned char)*c) && !strchr("._-@:[],/", *c))
			return false;
		if (begins && strchr("-,", *c))
			return false;
		begins = *c == ',';
	}
	return way[0] && !begins;
}

/* ---- words ---- */

static enum err add_pair(struct strings *words, const char *option, const char *value)
{
	enum err e = strings_add(words, option);

	return e ? e : strings_add(words, value);
}

/* "[USER@]HOST[:PORT]", as ssh reads it behind -J. */
static enum err add_last(struct jump *j, char *way)
{
	char *at = strrchr(way, '@'), *host = at ? at + 1 : way, *colon;
	enum err e = ERR_NONE;

	if (!strncmp(way, "ssh://", 6)) {
		j->host = strdup(way);
		return j->host ? ERR_NONE : ERR_MEMORY;
	}
	if (at) {
		*at = '\0';
		e = add_pair(&j->words, "-l", way);
	}
	if (host[0] == '[' && strchr(host, ']')) {
		colon = strchr(host, ']');
		*colon++ = '\0';
		host++;
		colon = *colon == ':' ? colon : NULL;
	} else {
		/* several colons and no bracket: an address */
		colon = strchr(host, ':') == strrchr(host, ':') ? strchr(host, ':') : NULL;
	}
	if (colon) {
		*colon = '\0';
		e = e ? e : add_pair(&j->words, "-p", colon + 1);
	}
	if (!host[0])
		return ERR_SYNTAX;
	j->host = strdup(host);
	return e ? e : j->host ? ERR_NONE : ERR_MEMORY;
}

/* One connection for all who go this way, as long as it is in use and a while longer. */
static enum err add_sharing(struct jump *j)
{
	struct text path = { 0 };
	enum err e = recent_folder(&path);

	if (!e && path.len <= CONTROL_MAX) {
		if (!(e = add_pair(&j->words, "-o", "ControlMaster=auto")) &&
		    !(e = add_pair(&j->words, "-o", "ControlPersist=30")) && !(e = strings_add(&j->words, "-o")))
			e = strings_add_format(&j->words, "ControlPath=%s/%%C", text_string(&path));
	}
	text_free(&path);
	return e == ERR_NOT_FOUND ? ERR_NONE : e;
}

static enum err ask(struct jump *j, const char *config, bool *shares)
{
	struct strings more = { 0 };
	struct ask_ssh a = { 0 };
	enum err e = ERR_NONE;

	for (size_t i = 1; i < j->words.n && !e; i++)
		e = strings_add(&more, j->words.v[i]);
	if (!e)
		e = ask_ssh(&(struct ask_ssh_wish){ .host = j->host, .config = config, .more = &more }, &a);
	if (!e)
		*shares = a.shares;
	ask_ssh_clear(&a);
	strings_free(&more);
	return e;
}

enum err jump_open(const char *way, const char *config, struct jump *out)
{
	/* what the user has set for that host, and what would be in the way of a command or a channel; the last three came with OpenSSH 8.7 */
	static const char *const fixed[] = { "IgnoreUnknown=sessiontype,forkafterauthentication,stdinnull",
					     "RemoteCommand=none",
					     "RequestTTY=no",
					     "ClearAllForwardings=yes",
					     "ForwardAgent=no",
					     "ForwardX11=no",
					     "PermitLocalCommand=no",
					     "SessionType=default",
					     "ForkAfterAuthentication=no",
					     "StdinNull=no" };
	struct jump j = { 0 };
	char *copy = strdup(way), *comma = copy ? strrchr(copy, ',') : NULL;
	bool shares = false;
	enum err e = !copy ? ERR_MEMORY : jump_fits(way) ? strings_add(&j.words, "ssh") : ERR_SYNTAX;

	if (!e && comma) {
		*comma = '\0';
		e = add_pair(&j.words, "-J", copy);
	}
	if (!e)
		e = add_last(&j, comma ? comma + 1 : copy);
	if (!e)
		e = ask(&j, config, &shares);
	if (!e && config)
		e = add_pair(&j.words, "-F", config);
	for (size_t i = 0; i < ARRAY_SIZE(fixed) && !e; i++)
		e = add_pair(&j.words, "-o", fixed[i]);
	if (!e && !shares)
		e = add_sharing(&j);
	free(copy);
	if (e)
		jump_clear(&j);
	else
		*out = j;
	return e;
}

void jump_clear(struct jump *j)
{
	strings_free(&j->words);
	free(j->host);
	*j = (struct jump){ 0 };
}

/* ---- programs ---- */

/* more: options, which end with NULL, before the host; command: behind it, or NULL. */
static enum err begin(const struct jump *j, const char *const *more, const char *command, bool silent,
		      struct jump_channel *out)
{
	const char *argv[WORDS_MAX];
	int ends[2];
	size_t n = 0;
	enum err e;

	if (j->words.n > WORDS_MAX - 8)
		return ERR_TOO_BIG;
	for (size_t i = 0; i < j->words.n; i++)
		argv[n++] = j->words.v[i];
	for (; more && *more; more++)
		argv[n++] = *more;
	argv[n++] = "--";
	argv[n++] = j->host;
	if (command)
		argv[n++] = command;
	argv[n] = NULL;
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends))
		return ERR_SYSTEM;
	if (fcntl(ends[0], F_SETFD, FD_CLOEXEC) || fcntl(ends[1], F_SETFD, FD_CLOEXEC) ||
	    fcntl(ends[0], F_SETFL, O_NONBLOCK))
		e = ERR_SYSTEM;
	else
		e = run_begin(argv, ends[1], ends[1], silent, &out->pid);
	file_close(ends[1]);
	if (e)
		file_close(ends[0]);
	else
		out->fd = ends[0];
	return e;
}

void jump_leave(struct jump_channel *c)
{
	file_close(c->fd);
	*c = (struct jump_channel){ .fd = -1 };
}

void jump_end(struct jump_channel *c)
{
	file_close(c->fd);
	run_end(c->pid);
	*c = (struct jump_channel){ .fd = -1 };
}

static enum err poll_until(int fd, short events, uint64_t end)
{
	struct pollfd p = { .fd = fd, .events = events };
	uint64_t now;
	int n;

	while ((now = clock_boot_ms()) < end) {
		n = poll(&p, 1, (int)(end - now));
		if (n > 0)
			return ERR_NONE;
		if (n < 0 && errno != EINTR)
			return ERR_SYSTEM;
	}
	return ERR_TIMEOUT;
}

static enum err say(int fd, const char *text, uint64_t end)
{
	size_t left = strlen(text);
	enum err e;

	while (left) {
		ssize_t n = send(fd, text, left, 0);

		if (n < 0 && errno != EAGAIN && errno != EINTR)
			return ERR_CLOSED;
		if (n > 0) {
			text += n;
			left -= (size_t)n;
		} else if ((e = poll_until(fd, POLLOUT, end))) {
			return e;
		}
	}
	return ERR_NONE;
}

/* The next of its lines that is one of ours; others are what shells say by themselves. */
static enum err hear(int fd, uint64_t end, char *line, size_t size)
{
	size_t len = 0, total = 0;
	enum err e;

	for (;;) {
		char byte;
		ssize_t n = recv(fd, &byte, 1, 0);

		if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR) || total > SAID_MAX)
			return ERR_CLOSED;
		if (n < 0) {
			if ((e = poll_until(fd, POLLIN, end)))
				return e;
			continue;
		}
		total++;
		if (byte == '\n') {
			line[len] = '\0';
			if (!strncmp(line, "sallyport-jump ", 15))
				return ERR_NONE;
			len = 0;
		} else if (byte != '\r' && len < size - 1) {
			line[len++] = byte;
		}
	}
}

/* ---- what it is for ---- */

enum err jump_shell(const struct jump *j, struct jump_channel *out)
{
	static const char *const plain[] = { "-T", NULL };
	const uint64_t end = clock_boot_ms() + LOGIN_MS;
	struct jump_channel c = { .fd = -1 };
	char line[64];
	int status = 0;
	enum err e = begin(j, plain, "exec sh", false, &c);

	if (!e)
		e = say(c.fd, script, end);
	if (!e)
		e = hear(c.fd, end, line, sizeof line);
	if (!e && strcmp(line, READY) != 0)
		e = ERR_CLOSED;
	if (!e) {
		*out = c;
		return ERR_NONE;
	}
	if (e == ERR_CLOSED) {
		file_close(c.fd);
		c.fd = -1;
		run_ended(&c.pid, &status);
		e = status == 255 ? ERR_CHILD : ERR_CLOSED;
	}
	jump_end(&c);
	return e;
}

enum err jump_send(const struct jump_channel *shell, const char *lines)
{
	const uint64_t end = clock_boot_ms() + SENT_MS;
	char line[64];
	enum err e;

	if ((e = say(shell->fd, lines, end)) || (e = say(shell->fd, ".\n", end)) ||
	    (e = hear(shell->fd, end, line, sizeof line)))
		return e;
	return strcmp(line, SENT) ? ERR_UNSUPPORTED : ERR_NONE;
}

enum err jump_dial(const struct jump *j, const char *host, unsigned port, bool silent, struct jump_channel *out)
{
	struct text to = { 0 };
	enum err e;

	text_add(&to, "[%s]:%u", host, port);
	if (!(e = text_check(&to)))
		e = begin(j, (const char *const[]){ "-W", text_string(&to), NULL }, NULL, silent, out);
	text_free(&to);
	return e;
}

enum err jump_wait(const struct jump_channel *c, unsigned ms)
{
	enum err e = poll_until(c->fd, POLLIN, clock_boot_ms() + ms);
	char byte;

	if (e)
		return e;
	return recv(c->fd, &byte, 1, MSG_PEEK) == 1 ? ERR_NONE : ERR_CLOSED;
}
