/* SPDX-License-Identifier: GPL-3.0-or-later */
/* grant.c - the role that changes the firewall: it makes the table and opens the record, and then can do little else. */
#include "gate/grant_serve.h"

#include "gate/firewall_others.h"
#include "gate/log.h"
#include "gate/role.h"
#include "gate/sandbox.h"

#include <linux/capability.h>
#include <seccomp.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/banned.h"

#define RECORD "replay"

static const int calls[] = {
	SCMP_SYS(recvfrom),
	SCMP_SYS(recvmsg),
	SCMP_SYS(sendmsg),
	SCMP_SYS(sendto),
	SCMP_SYS(poll),
	SCMP_SYS(ppoll),
	SCMP_SYS(accept4),
	SCMP_SYS(getsockopt),
	SCMP_SYS(setsockopt),
	SCMP_SYS(getsockname),
	SCMP_SYS(close),
	SCMP_SYS(read),
	SCMP_SYS(write),
	SCMP_SYS(pwrite64),
	SCMP_SYS(openat),
	SCMP_SYS(fstat),
	SCMP_SYS(newfstatat),
	SCMP_SYS(fsync),
	SCMP_SYS(fdatasync),
	SCMP_SYS(renameat),
	SCMP_SYS(renameat2),
	SCMP_SYS(unlinkat),
	SCMP_SYS(adjtimex),
	SCMP_SYS(clock_adjtime),
	SCMP_SYS(clock_gettime),
	SCMP_SYS(getpid),
	SCMP_SYS(exit),
	SCMP_SYS(exit_group),
	SCMP_SYS(brk),
	SCMP_SYS(mmap),
	SCMP_SYS(munmap),
	SCMP_SYS(mremap),
	SCMP_SYS(madvise),
	SCMP_SYS(mprotect),
	SCMP_SYS(futex),
	SCMP_SYS(getrandom),
	SCMP_SYS(rt_sigreturn),
	SCMP_SYS(restart_syscall),
	SCMP_SYS(fcntl),
	SCMP_SYS(lseek),
	-1,
};

/* The state folder by its descriptor: whatever its path is called by now. */
static enum err lock_in(void)
{
	char state[32];
	const struct sandbox_path paths[] = { { state, .write = true }, { 0 } };
	const struct sandbox box = {
		.user = ROLE_USER_GRANT, .capabilities = 1ULL << CAP_NET_ADMIN, .paths = paths, .calls = calls
	};

	snprintf(state, sizeof state, "/proc/self/fd/%d", ROLE_D);
	return role_lock_in(&box);
}

/* For people: without it all works as well. */
static void others_say(struct text *out)
{
	struct strings others = { 0 };

	if (!firewall_others(&others))
		strings_join(&others, ", ", out);
	strings_free(&others);
}

static enum err table_open(const struct settings *s, struct firewall **out)
{
	unsigned entered = 0;
	char *why = NULL, n[16];
	struct text beside = { 0 };
	enum err e = firewall_open(&s->firewall, ROLE_E, out, &entered, &why);

	snprintf(n, sizeof n, "%u", entered);
	others_say(&beside);
	if (e)
		log_event(LOG_LEVEL_ERROR, "table-not-loaded", "why", why ? why : err_text(e), NULL);
	else
		log_event(LOG_LEVEL_INFO, "table-loaded", "owned", firewall_owned(*out) ? "yes" : "no", "sessions", n,
			  "beside", beside.len ? text_string(&beside) : "none", "but", why, NULL);
	text_free(&beside);
	free(why);
	return e;
}

static enum err routes_open(struct local **out)
{
	enum err e = local_open(out);

	if (e)
		log_event(LOG_LEVEL_ERROR, "routes-not-opened", "why", err_text(e), NULL);
	return e;
}

static enum err record_open(struct replay **out)
{
	struct timespec t;
	enum err e;

	clock_gettime(CLOCK_REALTIME, &t);
	e = replay_open(ROLE_D, RECORD, (uint64_t)t.tv_sec * 1000, out);
	if (e)
		log_event(LOG_LEVEL_ERROR, "record-not-opened", "why", err_text(e), NULL);
	return e;
}

int grant_main(bool foreground)
{
	struct grant_setup setup = { .parent = ROLE_PARENT, .net = ROLE_A, .index = ROLE_B, .control = ROLE_C };
	struct settings *s;
	int status = 1;

	log_open("grant", foreground);
	setup.settings = s = role_settings();
	/* The record is opened by the user that will write it. */
	if (sodium_init() >= 0 && !table_open(s, &setup.firewall) && !routes_open(&setup.local) && !lock_in() &&
	    !record_open(&setup.replay)) {
		role_ready();
		status = grant_serve(&setup);
	}
	replay_free(setup.replay);
	local_close(setup.local);
	firewall_close(setup.firewall);
	settings_free(s);
	return status;
}
