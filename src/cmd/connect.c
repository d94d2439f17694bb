/* SPDX-License-Identifier: GPL-3.0-or-later */
/* connect.c - the way of ssh to a server that is hidden: knocks where it must, and gives ssh the connection. */
#include "cmd/connect.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/message.h"
#include "base/number.h"
#include "client/hand_over.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "base/banned.h"

#define AT(field) OPTION_AT(struct connect_args, field)
#define GRANT_MS 30000u	     /* what servers give by default: so long our own grant lives for sure */
#define AT_ONCE_MAX_MS 1000u /* for TCP alone */
#define OPENED_WAIT_MS 2000u /* after the knock of another connection */
#define GRANTED_MIN_MS 500u  /* while our grant lives it will come, also on a busy machine */
#define UNKNOWN_WAIT_MS 300u /* of a host of which nothing is known yet */
#define TURN_WAIT_MS 130000u /* for another connection, whose user may be typing or touching */
#define AGAIN_MS 100u
#define CLOCK_SET_S 120 /* what a server allows, less what both may have been off before */

static const struct option_row options[] = {
	{ "alias", 0, OPTION_TEXT, AT(alias), "<name>", "the host as it was typed: %n" },
	{ "user", 'l', OPTION_TEXT, AT(user), "<account>", "the account to log in to: %r" },
	{ "identity", 'i', OPTION_TEXT, AT(identity), "<file>", "knock with this key and no other" },
	{ "pin", 0, OPTION_LIST, AT(pins), "<account>=<file>", "for this account knock with this key and no other" },
	{ "ipv4", '4', OPTION_FLAG, AT(four), NULL, "over IPv4 only" },
	{ "ipv6", '6', OPTION_FLAG, AT(six), NULL, "over IPv6 only" },
	{ "ssh-config", 'F', OPTION_TEXT, AT(ssh_config), "<file>", "the ssh_config that ssh is to read" },
	{ "from", 0, OPTION_TEXT, AT(from), "<address>", "open it to this address" },
	{ "knock-port", 0, OPTION_COMMAS, AT(ports), "<port>[,<port>]",
	  "the UDP ports to knock at; that of SSH by default" },
	{ "site-secret", 0, OPTION_TEXT, AT(secret), "<file>", "the secret of the site, if it has one" },
	{ "jump", 0, OPTION_TEXT, AT(jump), "<host>[,<host>]", "through these hosts, as with ssh -J" },
	{ "relay", 0, OPTION_FLAG, AT(relay), NULL, "never hand the connection over: carry its bytes" },
	{ 0 },
};

/* ---- what is wanted ---- */

/* The file that is pinned for the account to log in to; NULL: none. */
static const char *pinned(const struct connect_args *a)
{
	const size_t len = a->user ? strlen(a->user) : 0;

	for (size_t i = 0; i < a->pins.n && len; i++)
		if (!strncmp(a->pins.v[i], a->user, len) && a->pins.v[i][len] == '=')
			return a->pins.v[i] + len + 1;
	return NULL;
}

static int read_arguments(struct connect *w, const struct connect_args *a, const struct strings *rest)
{
	uint64_t port;
	int status;

	if (rest->n != 2) {
		status = complain("connect wants a host and a port");
		hint("it is for ssh_config: ProxyCommand sallyport connect --alias %%n --user %%r %%h %%p");
		return status;
	}
	if (a->four && a->six)
		return complain("-4 and -6 do not go together");
	if (a->jump && !jump_fits(a->jump))
		return complain("--jump is '%s': wants hosts as ssh -J takes them", a->jump);
	if (number_parse(rest->v[1], 1, 65535, &port))
		return complain("the port is '%s': wants a number between 1 and 65535", rest->v[1]);
	w->knock_args = (struct knock_args){ .user = a->user,
					     .identity = a->identity	    ? a->identity
							 : w->told.identity ? w->told.identity
									    : pinned(a),
					     .ssh_config = a->ssh_config,
					     .from = a->from,
					     .secret = a->secret,
					     .port = port,
					     .four = a->four,
					     .six = a->six };
	w->k->host = a->alias ? a->alias : rest->v[0];
	w->k->hostname = rest->v[0];
	w->way = a->jump;
	if ((status = knock_read_ports(&a->ports, w->port, &w->nports)))
		return status;
	return knock_read_from(a->from, &w->k->from);
}

/* ---- what was before ---- */

static uint64_t wall_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

struct recent connect_recall(const struct connect *w)
{
	return w->memory < 0 ? (struct recent){ 0 } : recent_read(w->memory, clock_boot_ms());
}

void connect_remember(const struct connect *w, enum recent_outcome outcome, unsigned waited)
{
	struct recent r = connect_recall(w);

	r.when = clock_boot_ms();
	r.outcome = outcome;
	r.waited = waited;
	if (outcome == RECENT_OPENED) {
		r.opened = r.when;
		r.opened_wall = wall_ms();
	}
	if (w->memory >= 0)
		recent_write(w->memory, &r);
}

bool connect_is_granted(const struct recent *r)
{
	return r->outcome == RECENT_OPENED && clock_boot_ms() - r->when < GRANT_MS;
}

/*
 * How long TCP alone is tried: while our grant lives, and where no knock was needed the last time. By how long it took then: a
 * server that was closed by hand, or gives less time, is to cost no more than a moment.
 */
static unsigned patience(const struct recent *r)
{
	unsigned ms = 4 * r->waited + AGAIN_MS;

	if (r->outcome == RECENT_NONE)
		return UNKNOWN_WAIT_MS;
	if (connect_is_granted(r))
		ms = ms > GRANTED_MIN_MS ? ms : GRANTED_MIN_MS;
	else if (r->outcome != RECENT_OPEN_ANYWAY)
		return 0;
	return ms < AT_ONCE_MAX_MS ? ms : AT_ONCE_MAX_MS;
}

/* ---- TCP ---- */

static void dial_all(struct connect *w)
{
	dial_begin(&w->dial, w->k->target, w->k->ntargets, w->k->ssh.port);
}

/* For those that are under way. -1: they were refused, or the time is over. */
static int dial_for(struct connect *w, unsigned ms)
{
	const uint64_t end = clock_boot_ms() + ms;
	int fd;

	if (dial_idle(&w->dial))
		return -1;
	do {
		const uint64_t now = clock_boot_ms();

		fd = dial_wait(&w->dial, end > now ? (unsigned)(end - now) : 0);
	} while (fd < 0 && !dial_idle(&w->dial) && clock_boot_ms() < end);
	return fd;
}

/* Again and again: one that was dropped would not be repeated for a second. */
static int dial_again_for(struct connect *w, unsigned ms)
{
	const uint64_t end = clock_boot_ms() + ms;
	int fd;

	do {
		const uint64_t next = clock_boot_ms() + AGAIN_MS;

		dial_all(w);
		fd = dial_for(w, AGAIN_MS);
		if (fd < 0 && clock_boot_ms() < next)
			poll(NULL, 0, (int)(next - clock_boot_ms()));
	} while (fd < 0 && clock_boot_ms() < end);
	return fd;
}

/* ---- the connection ---- */

void connect_remember_open(const struct connect *w)
{
	const struct recent now = connect_recall(w);

	if (!connect_is_granted(&now))
		connect_remember(w, RECENT_OPEN_ANYWAY, (unsigned)(clock_boot_ms() - w->began));
}

/* By TCP alone; without waiting where nothing speaks for it. */
static int reach_at_once(struct connect *w)
{
	const struct recent last = connect_recall(w);
	int fd;

	dial_all(w);
	fd = dial_for(w, patience(&last));
	if (fd >= 0)
		connect_remember_open(w);
	return fd;
}

/* Where no knock can be made: the port may be open all the same. */
static int reach_anyway(struct connect *w)
{
	int fd = dial_again_for(w, CONNECT_NO_KNOCK_WAIT_MS);

	if (fd >= 0)
		connect_remember_open(w);
	return fd;
}

bool connect_take_turn(struct connect *w, bool *in_vain)
{
	struct recent last;
	bool meanwhile;

	/* who does not get a turn knocks all the same */
	if (w->memory < 0 || recent_lock(w->memory, TURN_WAIT_MS))
		return false;
	last = connect_recall(w);
	meanwhile = last.when >= w->began;
	*in_vain = meanwhile && (last.outcome == RECENT_SILENT || last.outcome == RECENT_UNSIGNED);
	if (*in_vain && last.outcome == RECENT_SILENT)
		complain("'%s' has not opened to the knock of another connection, just now", w->k->host);
	else if (*in_vain)
		complain("another connection could not knock at '%s', just now", w->k->host);
	return connect_is_granted(&last) && meanwhile;
}

void connect_say_silent(const struct connect *w)
{
	const struct recent r = connect_recall(w);
	const int64_t passed = (int64_t)(clock_boot_ms() - r.opened), by_wall = (int64_t)(wall_ms() - r.opened_wall);
	const int64_t set = (by_wall - passed) / 1000;

	complain("'%s' has not opened to our knock", w->k->host);
	/* its clock and ours agreed then */
	if (r.opened && (set > CLOCK_SET_S || set < -CLOCK_SET_S))
		hint("the clock here was set %s by %lld minutes since it last opened to us: a server takes no knock that is five minutes off",
		     set > 0 ? "forward" : "back", (long long)((set > 0 ? set : -set) + 30) / 60);
	knock_say_silence(w->k);
}

/* A host may have been known by an older key: where one opens nothing, the next is tried. *made: a knock was sent. */
static int reach_by_knock(struct connect *w, bool *made)
{
	struct knock *k = w->k;
	int fd = -1;

	for (k->key = 0; k->key < k->keys.n; k->key++) {
		struct send_order o = { .nports = w->nports, .ssh_port = k->ssh.port, .wait_ms = CONNECT_OPEN_WAIT_MS };

		if (!knock_make(k))
			return -1;
		o.jobs = k->job;
		o.n = k->njobs;
		o.target = k->target;
		o.ntargets = k->ntargets;
		memcpy(o.port, w->port, sizeof o.port);
		if (send_jobs(&o, &k->result, &fd)) {
			complain("cannot send to '%s': %s", k->ssh.hostname, strerror(errno));
			return -1;
		}
		*made = true;
		if (fd >= 0) {
			connect_remember(w, RECENT_OPENED, k->result.waited);
			return fd;
		}
	}
	k->key = 0;
	connect_remember(w, RECENT_SILENT, 0);
	connect_say_silent(w);
	return -1;
}

/* All that makes this knock another than the next one: who may share its outcome. */
static void memory_open(struct connect *w)
{
	const struct knock_args *a = &w->knock_args;
	struct text subject = { 0 };

	text_add(&subject, "%s\n%u\n%s\n%s\n%s\n%s\n%s\n%u", w->k->ssh.hostname, w->k->ssh.port, w->k->ssh.user,
		 a->identity ? a->identity : "", a->from ? a->from : "", a->secret ? a->secret : "",
		 w->way ? w->way : "", w->k->ssh.family);
	for (size_t i = 0; i < w->nports; i++)
		text_add(&subject, " %u", w->port[i]);
	if (text_check(&subject) || recent_open(text_string(&subject), &w->memory))
		w->memory = -1;
	text_free(&subject);
}

static int reach_directly(struct connect *w)
{
	bool in_vain = false, made = false;
	int fd;

	if ((fd = reach_at_once(w)) >= 0)
		return fd;
	if (connect_take_turn(w, &in_vain))
		fd = dial_again_for(w, OPENED_WAIT_MS);
	if (fd >= 0 || in_vain)
		return fd;
	/* a host that nobody knows cannot be knocked at, which need not be said where it is open */
	if (!knock_knows_host(w->k)) {
		if ((fd = reach_anyway(w)) >= 0)
			return fd;
		complain("'%s' does not answer at port %u, and cannot be knocked at:", w->k->host, w->k->ssh.port);
	}
	if (knock_ready(w->k) && ((fd = dial_for(w, 0)) >= 0 || (fd = reach_by_knock(w, &made)) >= 0))
		return fd;
	if (!made && (fd = reach_anyway(w)) < 0)
		connect_remember(w, RECENT_UNSIGNED, 0);
	return fd;
}

/* -1: there is none, and why was said. */
static int reach(struct connect *w)
{
	/* names behind another host are that one's to resolve */
	if (!knock_ask(w->k) || (!w->way && !knock_resolve(w->k)))
		return -1;
	memory_open(w);
	return w->way ? connect_behind(w) : reach_directly(w);
}

static int give(struct connect *w, int fd, bool relay)
{
	enum err e;

	/*
	 * Others have their turn while ours is used; and of tries that were dropped the stack repeats one in a second, which would
	 * come through then.
	 */
	file_close(w->memory);
	w->memory = -1;
	dial_clear(&w->dial);
	knock_free(w->k);
	w->k = NULL;
	/* as ssh does by itself (TCPKeepAlive) for connections that it makes */
	(void)setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &(int){ 1 }, sizeof(int));
	e = !relay && hand_over_wanted() ? hand_over(fd) : hand_over_bytes(fd);
	return e ? fail(e, "the connection is broken") : EXIT_YES;
}

static int connect_run(const struct common_args *common, void *args, const struct strings *rest)
{
	const struct connect_args *a = args;
	struct connect w = { .memory = -1, .began = clock_boot_ms() };
	int status, fd;

	if (ssh_arguments_of_parent(&w.told))
		w.told = (struct ssh_arguments){ 0 }; /* a caller that is no ssh tells what it wants */
	w.k = knock_new(&w.knock_args);
	status = w.k ? read_arguments(&w, a, rest) : EXIT_TROUBLE;
	if (!status) {
		w.k->more = &w.told.keep;
		fd = reach(&w);
		status = fd < 0 ? EXIT_NO : give(&w, fd, a->relay);
		file_close(fd);
	}
	file_close(w.memory);
	dial_clear(&w.dial);
	jump_clear(&w.jump);
	knock_free(w.k);
	ssh_arguments_clear(&w.told);
	return status;
}

static void connect_clear(void *args)
{
	struct connect_args *a = args;

	strings_free(&a->ports);
	strings_free(&a->pins);
}

const struct command cmd_connect = {
	.name = "connect",
	.summary = "the way of ssh to a hidden server: for ProxyCommand",
	.arguments = "HOST PORT",
	.common = COMMON_NO_RECOVERY,
	.options = options,
	.args_size = sizeof(struct connect_args),
	.examples =
		"  ssh -o ProxyUseFdpass=yes -o 'ProxyCommand=sallyport connect --alias %n --user %r %h %p' server\n",
	.run = connect_run,
	.clear = connect_clear,
};
