/* SPDX-License-Identifier: GPL-3.0-or-later */
/* index.c - the role that reads sshd's files as root and never sees the network: what it needs, and what it gives up. */
#include "base/child.h"
#include "base/root.h"
#include "gate/index_calls.h"
#include "gate/index_serve.h"
#include "gate/log.h"
#include "gate/role.h"
#include "gate/sandbox.h"
#include "sshd/version.h"

#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/banned.h"

#define ASK_MS 2000 /* for sshd -V */
#define CAPABILITY(name) (1ULL << (name))

/* What the lookups go by, and what it was made of. */
struct host {
	struct root *root;
	struct lookup *lookup;
	struct stat sshd; /* of the binary whose release was asked; all zero: none was found */
	unsigned release;
	struct log_limit broken;
};

/* --- the release of sshd --- */

static bool is_same(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
	       a->st_ctim.tv_sec == b->st_ctim.tv_sec && a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

/* Where it cannot be found out, as in the middle of an upgrade, what was known before stays. */
static void release_look(struct host *h)
{
	struct stat now = { 0 };
	unsigned release;
	char *path = NULL;

	if (child_find("sshd", &path) || stat(path, &now))
		now = (struct stat){ 0 };
	if (!is_same(&now, &h->sshd)) {
		h->sshd = now;
		if (path && !sshd_version_ask(path, ASK_MS, &release, NULL, 0))
			h->release = release;
	}
	free(path);
}

/* --- the configuration --- */

static void problems_log(struct host *h, enum err e, const struct diags *problems)
{
	const struct diag *first = NULL;
	char line[16] = "";

	for (size_t i = 0; i < problems->n && !first; i++)
		if (!problems->v[i].warning)
			first = &problems->v[i];
	if (first)
		snprintf(line, sizeof line, "%u", first->line);
	log_event_limited(&h->broken, LOG_LEVEL_ERROR, "sshd-config-broken", "why",
			  first && first->text ? first->text : err_text(e), "file",
			  first && first->file ? first->file : "", "line", line, "instead",
			  lookup_by_spare(h->lookup) ? "what was confirmed last" : "", NULL);
}

static void refresh(void *context)
{
	struct host *h = context;
	struct diags problems = { 0 };
	enum err e;

	release_look(h);
	lookup_release(h->lookup, h->release);
	e = lookup_refresh(h->lookup, &problems);
	if (e)
		problems_log(h, e, &problems);
	diags_free(&problems);
}

/* One that has errors now may have none when the first knock comes. */
static enum err host_open(struct host *h, const char *sshd_config)
{
	struct diags problems = { 0 };
	enum err e = root_open(NULL, &h->root);

	if (e)
		return e;
	h->release = SSHD_NEWEST;
	release_look(h);
	e = lookup_new(h->root, sshd_config, h->release, &h->lookup, &problems);
	if (e && h->lookup) {
		problems_log(h, e, &problems);
		e = ERR_NONE;
	}
	diags_free(&problems);
	return e;
}

static void host_close(struct host *h)
{
	lookup_free(h->lookup);
	root_close(h->root);
}

/* --- the sandbox --- */

/*
 * Everything can be read and executed, little of it written: with the capabilities below the role could otherwise change whatever
 * belongs to root, and to anybody else; of /dev therefore what every program may have, and no disk. Commands that sshd_config
 * names live with the same; what they keep, they keep there.
 */
static const struct sandbox_path paths[] = {
	{ "/", .execute = true },	  { "/dev/null", .write = true },
	{ "/dev/zero", .write = true },	  { "/dev/full", .write = true },
	{ "/dev/tty", .write = true },	  { "/dev/ptmx", .write = true },
	{ "/dev/pts", .write = true },	  { "/dev/shm", .write = true },
	{ "/dev/mqueue", .write = true }, { "/tmp", .write = true },
	{ "/var/tmp", .write = true },	  { "/var/cache", .write = true, .execute = true },
	{ "/var/log", .write = true },	  { 0 },
};

/*
 * DAC_READ_SEARCH: keys and shadow. SETUID, SETGID: files are read with the rights of the account, commands run as theirs. KILL: a
 * command that hangs belongs to somebody else; Landlock, where the kernel has it, keeps signals to processes of this role.
 */
static enum err lock_in(void)
{
	const struct sandbox s = {
		.capabilities = CAPABILITY(CAP_DAC_READ_SEARCH) | CAPABILITY(CAP_SETUID) | CAPABILITY(CAP_SETGID) |
				CAPABILITY(CAP_KILL),
		.paths = paths,
		.calls = index_calls,
		.network = true,
	};

	return role_lock_in(&s);
}

/* --- of what account owners write --- */

/* Who takes it apart. */
struct reader {
	uid_t uid;
	gid_t gid;
};

static enum err reader_find(struct reader *r)
{
	const struct passwd *pw;

	errno = 0;
	if (!(pw = getpwnam(ROLE_USER_INDEX)))
		return errno && errno != ENOENT ? ERR_SYSTEM : ERR_NOT_FOUND;
	if (!pw->pw_uid)
		return ERR_RANGE; /* root under another name gives nothing up */
	*r = (struct reader){ pw->pw_uid, pw->pw_gid };
	return ERR_NONE;
}

/* All capabilities go with root. What is read from now on, the groups of the account, is open to everybody. */
static enum err confine(void *context)
{
	const struct reader *r = context;

	if (getuid() == r->uid)
		return ERR_NONE;
	if (setgroups(0, NULL) || setresgid(r->gid, r->gid, r->gid) || setresuid(r->uid, r->uid, r->uid) ||
	    prctl(PR_SET_DUMPABLE, 0L, 0L, 0L, 0L) || prctl(PR_SET_PDEATHSIG, (long)SIGKILL, 0L, 0L, 0L))
		return ERR_SYSTEM;
	return ERR_NONE;
}

/* --- the role --- */

static int serve(struct host *h, struct command_memory *m)
{
	const struct index_setup setup = {
		.parent = ROLE_PARENT,
		.net = ROLE_A,
		.grant = ROLE_B,
		.lookup = h->lookup,
		.memory = m,
		.refresh = refresh,
		.context = h,
	};

	lookup_remember(h->lookup, m, INDEX_COMMAND_MS);
	if (lock_in())
		return 1;
	role_ready();
	return index_serve(&setup);
}

int index_main(bool foreground)
{
	struct host h = { .broken = { 1, 60 } };
	struct reader reader = { 0 };
	struct command_memory *m = NULL;
	struct settings *s;
	int status = 1;
	enum err e;

	log_open("index", foreground);
	s = role_settings();
	e = sodium_init() < 0 ? ERR_SYSTEM : command_memory_new(&m);
	if (!e && (e = reader_find(&reader)))
		log_event(LOG_LEVEL_ERROR, "no-account", "name", ROLE_USER_INDEX, "why", err_text(e), NULL);
	if (!e && !(e = host_open(&h, s->sshd_config))) {
		lookup_confine(h.lookup, confine, &reader);
		if (s->rescue)
			lookup_spare(h.lookup);
	}
	if (e)
		log_event(LOG_LEVEL_ERROR, "index-cannot-start", "why", err_text(e), NULL);
	else
		status = serve(&h, m);
	host_close(&h);
	command_memory_free(m);
	settings_free(s);
	return status;
}
