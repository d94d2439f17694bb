/* SPDX-License-Identifier: GPL-3.0-or-later */
/* connect_behind.c - a hidden server behind other hosts: the knock is made here and sent from the last of them, which connects. */
#include "cmd/connect.h"

#include "base/clock.h"
#include "base/message.h"

#include <poll.h>
#include <string.h>

#include "base/banned.h"

#define GRANTED_WAIT_MS 5000u /* while our grant lives: the login at the host in between counts, too */
#define LAST_WAIT_MS 1000u    /* to hear why it is refused */
#define AGAIN_MS 300u

/* ERR_CLOSED: it was refused. */
static enum err channel_once(struct connect *w, unsigned ms, bool silent, int *fd)
{
	struct jump_channel c = { .fd = -1 };
	enum err e = jump_dial(&w->jump, w->k->ssh.hostname, w->k->ssh.port, silent, &c);

	if (!e)
		e = jump_wait(&c, ms);
	if (e)
		jump_end(&c);
	else
		*fd = c.fd; /* and its ssh lives as long as that */
	return e;
}

/* Again where it was refused; one that is dropped is repeated by the stack over there. */
static int channel_for(struct connect *w, unsigned ms)
{
	const uint64_t end = clock_boot_ms() + ms;
	uint64_t now;
	int fd = -1;

	while ((now = clock_boot_ms()) < end) {
		if (channel_once(w, (unsigned)(end - now), true, &fd) != ERR_CLOSED)
			break;
		poll(NULL, 0, AGAIN_MS);
	}
	return fd;
}

static int channel_anyway(struct connect *w, unsigned ms)
{
	int fd = channel_for(w, ms);

	if (fd >= 0)
		connect_remember_open(w);
	return fd;
}

static bool shell_begin(struct connect *w, struct jump_channel *shell)
{
	enum err e = jump_shell(&w->jump, shell);

	if (e == ERR_CHILD)
		complain("ssh cannot log in at '%s', on the way to '%s'", w->way, w->k->host);
	else if (e == ERR_CLOSED)
		complain("'%s' lets nobody run a shell, so no knock for '%s' can be sent from there", w->way,
			 w->k->host);
	else if (e)
		fail(e, "cannot log in at '%s', on the way to '%s'", w->way, w->k->host);
	if (e == ERR_CLOSED)
		hint("a server can be open to that host alone, without a knock: sudo sallyport hide --except ADDRESS");
	return e == ERR_NONE;
}

static bool knock_send(struct connect *w, const struct jump_channel *shell)
{
	const struct knock *k = w->k;
	struct text lines = { 0 };
	enum err e;

	for (size_t i = 0; i < k->n; i++)
		for (size_t p = 0; p < (w->nports ? w->nports : 1); p++)
			carry_print(k->ssh.hostname, w->nports ? w->port[p] : k->ssh.port, k->datagram[i], &lines);
	if (!(e = text_check(&lines)))
		e = jump_send(shell, text_string(&lines));
	text_free(&lines);
	if (e == ERR_UNSUPPORTED) {
		complain("'%s' could not send the knock for '%s'", w->way, k->host);
		hint("it wants sallyport, python3, perl, bash or nc over there, and must know that name");
	} else if (e) {
		fail(e, "'%s' has not sent the knock for '%s'", w->way, k->host);
	}
	return e == ERR_NONE;
}

/* A host may have been known by an older key: where one opens nothing, the next is tried. */
static int channel_by_knock(struct connect *w, const struct jump_channel *shell)
{
	struct knock *k = w->k;
	int fd = -1;
	enum err e;

	for (k->key = 0; k->key < k->keys.n; k->key++) {
		uint64_t sent;

		if (!knock_make(k) || !knock_send(w, shell))
			goto unsent;
		sent = clock_boot_ms();
		fd = channel_for(w, CONNECT_OPEN_WAIT_MS);
		if (fd >= 0) {
			connect_remember(w, RECENT_OPENED, (unsigned)(clock_boot_ms() - sent));
			return fd;
		}
	}
	k->key = 0;
	connect_remember(w, RECENT_SILENT, 0);
	/* the host in between may forbid it, and ssh says so */
	e = channel_once(w, LAST_WAIT_MS, false, &fd);
	if (e)
		connect_say_silent(w);
	if (e == ERR_CLOSED)
		hint("'%s' said no by itself, or was refused: AllowTcpForwarding and PermitOpen of its sshd; does it know that name?",
		     w->way);
	return fd;
unsent:
	connect_remember(w, RECENT_UNSIGNED, 0);
	return -1;
}

static int with_shell(struct connect *w, enum recent_outcome last, const struct jump_channel *shell)
{
	const bool known = knock_knows_host(w->k);
	int fd = -1;

	/* what was hidden before is so still; of others a look tells */
	if (!known || last == RECENT_NONE || last == RECENT_OPEN_ANYWAY)
		fd = channel_anyway(w, CONNECT_NO_KNOCK_WAIT_MS);
	if (fd >= 0)
		return fd;
	if (!known)
		complain("'%s' does not answer at port %u, and cannot be knocked at:", w->k->host, w->k->ssh.port);
	if (knock_ready(w->k))
		return channel_by_knock(w, shell);
	connect_remember(w, RECENT_UNSIGNED, 0);
	return -1;
}

/* Of -F, as ssh gives it on to the ssh that it runs for ProxyJump. */
static const char *config_of(const struct connect *w)
{
	const struct strings *told = &w->told.keep;

	for (size_t i = 0; i + 1 < told->n && !w->knock_args.ssh_config; i++)
		if (!strcmp(told->v[i], "-F"))
			return told->v[i + 1];
	return w->knock_args.ssh_config;
}

int connect_behind(struct connect *w)
{
	struct recent last = connect_recall(w);
	struct jump_channel shell = { .fd = -1 };
	bool in_vain = false;
	int fd = -1;
	enum err e;

	w->k->elsewhere = true;
	if ((e = jump_open(w->way, config_of(w), &w->jump))) {
		fail(e, "cannot tell the way through '%s'", w->way);
		return -1;
	}
	if (connect_is_granted(&last) && (fd = channel_for(w, GRANTED_WAIT_MS)) >= 0)
		return fd;
	if (connect_take_turn(w, &in_vain))
		fd = channel_for(w, GRANTED_WAIT_MS);
	if (fd >= 0 || in_vain)
		return fd;
	if (!shell_begin(w, &shell)) {
		connect_remember(w, RECENT_UNSIGNED, 0);
		return -1;
	}
	fd = with_shell(w, last.outcome, &shell);
	jump_leave(&shell);
	return fd;
}
