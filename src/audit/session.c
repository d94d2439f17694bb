/* SPDX-License-Identifier: GPL-3.0-or-later */
/* session.c - logged-in SSH sessions, from the processes of sshd and the connections they hold. */
#include "audit/session.h"

#include "audit/process.h"
#include "base/number.h"
#include "base/text.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <dirent.h>
#include <limits.h>
#include <netinet/in.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/banned.h"

#define SOCKETS_MAX 64	      /* descriptors looked at in one process, lowest first */
#define TABLE_MAX (64u << 20) /* of /proc/PID/net/tcp */
#define PROCESSES_MAX 1000000
#define SETTLE_MS 50 /* between two looks */
#define LOOKS_MAX 40 /* after the first, while something is unclear */

/* All processes that run an sshd binary. */
struct processes {
	struct process *v;
	size_t n;
	bool complete;
};

static int by_pid(const void *a, const void *b)
{
	const struct process *x = a, *y = b;

	return x->pid < y->pid ? -1 : x->pid > y->pid;
}

static enum err processes_add(struct processes *all, const struct process *p)
{
	struct process *v = realloc(all->v, (all->n + 1) * sizeof *v);

	if (!v)
		return ERR_MEMORY;
	all->v = v;
	v[all->n++] = *p;
	return ERR_NONE;
}

static void processes_free(struct processes *all)
{
	for (size_t i = 0; i < all->n; i++)
		process_clear(&all->v[i]);
	free(all->v);
	*all = (struct processes){ 0 };
}

static enum err processes_read(struct processes *out)
{
	struct processes all = { .complete = geteuid() == 0 };
	DIR *d = opendir("/proc");
	enum err e = ERR_NONE;
	struct dirent *entry;

	if (!d)
		return ERR_SYSTEM;
	while (!e && (entry = readdir(d)) && all.n < PROCESSES_MAX) {
		struct process p = { 0 };
		uint64_t pid;

		if (number_parse(entry->d_name, 1, INT_MAX, &pid))
			continue;
		e = process_read((pid_t)pid, &p);
		if (!e && process_is_sshd(&p)) {
			e = processes_add(&all, &p);
			if (!e)
				continue; /* the list owns it now */
		}
		process_clear(&p);
		if (e == ERR_NOT_FOUND || e == ERR_SYSTEM ||
		    e == ERR_SYNTAX) /* it ended meanwhile, or is not ours to see */
			e = ERR_NONE;
	}
	closedir(d);
	if (e) {
		processes_free(&all);
		return e;
	}
	if (all.n)
		qsort(all.v, all.n, sizeof *all.v, by_pid);
	*out = all;
	return ERR_NONE;
}

static const struct process *child_of(const struct processes *all, pid_t parent, const struct process *after)
{
	for (size_t i = after ? (size_t)(after - all->v) + 1 : 0; i < all->n; i++)
		if (all->v[i].parent == parent)
			return &all->v[i];
	return NULL;
}

/* A child of this monitor that runs as the account itself: only then did the login succeed. */
static bool has_user_child(const struct processes *all, const struct process *monitor, const char *user, uid_t uid)
{
	const struct process *c = NULL;

	while ((c = child_of(all, monitor->pid, c))) {
		struct process_title t;

		if (c->uid == uid && process_title_parse(c->title, &t) == ERR_NONE && t.kind == TITLE_USER &&
		    strncmp(t.user, user, t.user_len) == 0 && user[t.user_len] == '\0')
			return true;
	}
	return false;
}

/* A child of root's session that has not executed its program yet still has the session's title and connection. */
static bool was_forked_by_session(const struct processes *all, const struct process *p)
{
	for (size_t i = 0; i < all->n; i++) {
		struct process_title t;

		if (all->v[i].pid == p->parent)
			return all->v[i].uid == 0 && process_title_parse(all->v[i].title, &t) == ERR_NONE &&
			       t.kind == TITLE_USER;
	}
	return false;
}

/*
 * A login shows as a monitor "NAME [priv]" of root with a child of that account; root itself
 * is served by one process, "root@pts/0". Whoever runs sshd's binary himself has no process of uid 0.
 */
static bool is_session(const struct processes *all, const struct process *p, char **user, bool *proven)
{
	struct process_title t;
	struct passwd *pw;
	char *name;

	if (p->uid != 0 || process_title_parse(p->title, &t) || (t.kind != TITLE_MONITOR && t.kind != TITLE_USER) ||
	    was_forked_by_session(all, p))
		return false;
	name = strndup(t.user, t.user_len);
	pw = name ? getpwnam(name) : NULL;
	if (!pw)
		goto no;
	if (pw->pw_uid == 0 ? (t.kind == TITLE_MONITOR && child_of(all, p->pid, NULL) != NULL)
			    : (t.kind != TITLE_MONITOR || !has_user_child(all, p, name, pw->pw_uid)))
		goto no;
	*user = name;
	*proven = pw->pw_uid != 0 || t.kind == TITLE_USER;
	return true;
no:
	free(name);
	return false;
}

/* Inodes of the sockets that the process holds, in the order of their descriptors. */
static size_t socket_inodes(pid_t pid, uint64_t inodes[SOCKETS_MAX])
{
	char path[64], target[64];
	size_t found = 0;

	for (int fd = 0; fd < SOCKETS_MAX; fd++) {
		uint64_t inode;
		ssize_t n;

		snprintf(path, sizeof path, "/proc/%d/fd/%d", (int)pid, fd);
		n = readlink(path, target, sizeof target - 1);
		if (n < 10 || strncmp(target, "socket:[", 8) != 0 || target[n - 1] != ']')
			continue;
		target[n - 1] = '\0';
		if (number_parse(target + 8, 1, UINT64_MAX, &inode) == ERR_NONE)
			inodes[found++] = inode;
	}
	return found;
}

/* "0100007F" or 32 digits: words of the host's byte order, as the kernel prints them. */
static bool address_of(const char *hex, size_t len, char out[INET6_ADDRSTRLEN])
{
	uint32_t words[4];
	struct in6_addr a6;
	struct in_addr a4;

	if (len != 8 && len != 32)
		return false;
	for (size_t i = 0; i < len / 8; i++)
		if (sscanf(hex + 8 * i, "%8x", &words[i]) != 1)
			return false;
	if (len == 8) {
		a4.s_addr = words[0];
		return inet_ntop(AF_INET, &a4, out, INET6_ADDRSTRLEN) != NULL;
	}
	memcpy(&a6, words, sizeof a6);
	if (IN6_IS_ADDR_V4MAPPED(&a6)) {
		memcpy(&a4, a6.s6_addr + 12, sizeof a4);
		return inet_ntop(AF_INET, &a4, out, INET6_ADDRSTRLEN) != NULL;
	}
	return inet_ntop(AF_INET6, &a6, out, INET6_ADDRSTRLEN) != NULL;
}

static enum err connection_take(const char *local, const char *remote, struct session *s)
{
	char laddr[INET6_ADDRSTRLEN], addr[INET6_ADDRSTRLEN];
	const char *lcolon = strchr(local, ':'), *rcolon = strchr(remote, ':');
	unsigned port;

	if (!lcolon || !rcolon || sscanf(lcolon + 1, "%4x", &port) != 1 ||
	    !address_of(local, (size_t)(lcolon - local), laddr) || !address_of(remote, (size_t)(rcolon - remote), addr))
		return ERR_SYNTAX;
	s->addr = strdup(addr);
	s->laddr = strdup(laddr);
	s->lport = port;
	return s->addr && s->laddr ? ERR_NONE : ERR_MEMORY;
}

/* The first of the inodes that is an established connection in this table of /proc/PID/net. */
static enum err table_search(const char *table, const uint64_t *inodes, size_t n, size_t *best, struct session *s)
{
	enum err e = ERR_NONE;

	for (const char *line = strchr(table, '\n'); line && !e; line = strchr(line + 1, '\n')) {
		char local[64], remote[64];
		unsigned long long inode;
		unsigned state;

		if (sscanf(line, " %*d: %63s %63s %x %*s %*s %*s %*u %*d %llu", local, remote, &state, &inode) != 4 ||
		    state != 1)
			continue;
		for (size_t i = 0; i < n && i < *best; i++) {
			if (inodes[i] != inode)
				continue;
			free(s->addr);
			free(s->laddr);
			s->addr = s->laddr = NULL;
			e = connection_take(local, remote, s);
			*best = i;
		}
	}
	return e == ERR_SYNTAX ? ERR_NONE : e;
}

/* The tables of one network namespace, kept while the next process is in the same one. */
struct tables {
	char *tcp, *tcp6;
	ino_t ns;
};

static void tables_clear(struct tables *t)
{
	free(t->tcp);
	free(t->tcp6);
	*t = (struct tables){ 0 };
}

static enum err tables_read(pid_t pid, struct tables *t)
{
	char path[64];
	struct stat st;
	enum err e;

	snprintf(path, sizeof path, "/proc/%d/ns/net", (int)pid);
	if (stat(path, &st) != 0)
		return ERR_SYSTEM;
	if (t->tcp && st.st_ino == t->ns)
		return ERR_NONE;
	tables_clear(t);
	snprintf(path, sizeof path, "/proc/%d/net/tcp", (int)pid);
	if ((e = proc_read(path, TABLE_MAX, &t->tcp, NULL)))
		return e;
	snprintf(path, sizeof path, "/proc/%d/net/tcp6", (int)pid);
	if (proc_read(path, TABLE_MAX, &t->tcp6, NULL)) /* a kernel without IPv6 has none */
		t->tcp6 = NULL;
	t->ns = st.st_ino;
	return ERR_NONE;
}

/* sshd got the client's socket before it opened anything else, so the lowest descriptor is the one, not a forwarding. */
static enum err find_connection(const struct process *p, struct tables *t, struct session *s)
{
	uint64_t inodes[SOCKETS_MAX];
	size_t n = socket_inodes(p->pid, inodes), best = n;
	enum err e;

	if ((e = tables_read(p->pid, t)) || (e = table_search(t->tcp, inodes, n, &best, s)) ||
	    (t->tcp6 && (e = table_search(t->tcp6, inodes, n, &best, s))))
		return e;
	return s->addr ? ERR_NONE : ERR_NOT_FOUND;
}

static void session_clear(struct session *s)
{
	free(s->user);
	free(s->addr);
	free(s->laddr);
}

static bool is_ancestor(const pid_t *ancestors, size_t n, pid_t pid)
{
	for (size_t i = 0; i < n; i++)
		if (ancestors[i] == pid)
			return true;
	return false;
}

/* What looks like a session; without an address where the connection was not found. */
static enum err sessions_add(struct sessions *out, const struct processes *all, struct tables *t,
			     const pid_t *ancestors, size_t nancestors, const struct process *p)
{
	struct session s = { .pid = p->pid, .started_boot_ms = p->started_ms }, *v;
	enum err e;

	if (!is_session(all, p, &s.user, &s.proven))
		return ERR_NONE;
	e = find_connection(p, t, &s);
	v = e == ERR_MEMORY ? NULL : realloc(out->v, (out->n + 1) * sizeof *v);
	if (!v) {
		session_clear(&s);
		return ERR_MEMORY;
	}
	s.ours = is_ancestor(ancestors, nancestors, p->pid);
	out->v = v;
	v[out->n++] = s;
	return ERR_NONE;
}

static enum err sessions_look(struct sessions *out)
{
	struct processes all = { 0 };
	struct sessions s = { 0 };
	struct tables t = { 0 };
	pid_t ancestors[128];
	size_t nancestors;
	enum err e;

	if ((e = processes_read(&all)))
		return e;
	s.complete = all.complete;
	nancestors = process_ancestors(ancestors, ARRAY_SIZE(ancestors));
	for (size_t i = 0; i < all.n && !e; i++)
		e = sessions_add(&s, &all, &t, ancestors, nancestors, &all.v[i]);
	tables_clear(&t);
	processes_free(&all);
	if (e) {
		sessions_free(&s);
		return e;
	}
	*out = s;
	return ERR_NONE;
}

static bool is_among(const struct session *s, const struct sessions *others)
{
	for (size_t i = 0; i < others->n; i++)
		if (others->v[i].pid == s->pid && others->v[i].started_boot_ms == s->started_boot_ms)
			return true;
	return false;
}

static bool is_clear(const struct session *s)
{
	return s->addr && s->proven;
}

/* Keeps in now what was there before, too; false while something of that is unclear. */
static bool sessions_keep(struct sessions *now, const struct sessions *before)
{
	size_t kept = 0;
	bool clear = true;

	for (size_t i = 0; i < now->n; i++) {
		struct session *s = &now->v[i];

		if (!is_among(s, before)) {
			session_clear(s);
			continue;
		}
		clear &= is_clear(s);
		now->v[kept++] = *s;
	}
	now->n = kept;
	return clear;
}

/* Without those that still have no address: logins that we cannot describe. */
static void sessions_drop_nameless(struct sessions *all)
{
	size_t kept = 0;

	for (size_t i = 0; i < all->n; i++) {
		if (all->v[i].addr)
			all->v[kept++] = all->v[i];
		else
			session_clear(&all->v[i]);
	}
	all->complete &= kept == all->n;
	all->n = kept;
}

/*
 * A login of root that failed looks like a session between the end of its child and its own, and one that ends has no
 * connection any more. Neither is there for long, so what counts was there before, too, and what is unclear is looked
 * at again until it has gone, or for LOOKS_MAX times: a session of root without a command stays "root [priv]".
 */
enum err sessions_read(struct sessions *out)
{
	const struct timespec moment = { .tv_nsec = SETTLE_MS * 1000000L };
	struct sessions seen = { 0 };
	enum err e = sessions_look(&seen);
	bool clear = !e && !seen.n;

	for (int looks = 0; !e && !clear && looks < LOOKS_MAX; looks++) {
		struct sessions now;

		nanosleep(&moment, NULL);
		if ((e = sessions_look(&now)))
			break;
		clear = sessions_keep(&now, &seen);
		sessions_free(&seen);
		seen = now;
	}
	if (e) {
		sessions_free(&seen);
		return e;
	}
	sessions_drop_nameless(&seen);
	*out = seen;
	return ERR_NONE;
}

void sessions_free(struct sessions *s)
{
	for (size_t i = 0; i < s->n; i++)
		session_clear(&s->v[i]);
	free(s->v);
	*s = (struct sessions){ 0 };
}
