/* SPDX-License-Identifier: GPL-3.0-or-later */
/* generation.c - open what the roles need, execute them with exactly that, and see them end. */
#include "gate/generation.h"

#include "base/file.h"
#include "base/text.h"
#include "gate/capture.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/banned.h"

#define STATUS_CANNOT_EXECUTE 127

/* The names of the programs, and of the processes. */
static const char *const programs[GENERATION_ROLES] = {
	[GENERATION_NET] = "sallyport-net",
	[GENERATION_KEEPER] = "sallyport-keeper",
	[GENERATION_INDEX] = "sallyport-index",
	[GENERATION_GRANT] = "sallyport-grant",
};

/* Who talks to whom: role.h. */
static const struct pair {
	enum generation_role a;
	enum role_fd a_at;
	enum generation_role b;
	enum role_fd b_at;
} pairs[] = {
	{ GENERATION_NET, ROLE_A, GENERATION_KEEPER, ROLE_A },
	{ GENERATION_NET, ROLE_B, GENERATION_INDEX, ROLE_A },
	{ GENERATION_NET, ROLE_C, GENERATION_GRANT, ROLE_A },
	{ GENERATION_INDEX, ROLE_B, GENERATION_GRANT, ROLE_B },
};

const char *generation_role_name(enum generation_role role)
{
	return programs[role] + strlen("sallyport-");
}

/* --- what they are given --- */

static enum err open_pairs(struct generation *g)
{
	int ends[2];

	for (size_t i = 0; i < ARRAY_SIZE(pairs); i++) {
		const struct pair *p = &pairs[i];

		if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends))
			return ERR_SYSTEM;
		g->member[p->a].given[p->a_at] = ends[0];
		g->member[p->b].given[p->b_at] = ends[1];
	}
	for (size_t i = 0; i < GENERATION_ROLES; i++) {
		if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends))
			return ERR_SYSTEM;
		g->member[i].parent = ends[0];
		g->member[i].given[ROLE_PARENT] = ends[1];
	}
	return ERR_NONE;
}

/* A memory file that nobody can change any more. */
static enum err settings_seal(const struct settings *s, int *out)
{
	struct text t = { 0 };
	int fd = memfd_create("sallyportd.conf", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	enum err e;

	settings_print(s, &t);
	e = fd < 0 ? ERR_SYSTEM : text_check(&t);
	if (!e)
		e = file_write_all(fd, t.s, t.len);
	if (!e && fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL))
		e = ERR_SYSTEM;
	text_free(&t);
	if (e)
		file_close(fd);
	else
		*out = fd;
	return e;
}

/* Each role opens it anew, so that they do not share the place where they read. */
static enum err open_settings(struct generation *g, const struct settings *s)
{
	char path[32];
	int sealed;
	enum err e = settings_seal(s, &sealed);

	if (e)
		return e;
	snprintf(path, sizeof path, "/proc/self/fd/%d", sealed);
	for (size_t i = 0; i < GENERATION_ROLES && !e; i++) {
		g->member[i].given[ROLE_SETTINGS] = open(path, O_RDONLY | O_CLOEXEC);
		if (g->member[i].given[ROLE_SETTINGS] < 0)
			e = ERR_SYSTEM;
	}
	file_close(sealed);
	return e;
}

static enum err open_secret(const char *path, int *fd)
{
	struct stat st;

	*fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (*fd < 0 || fstat(*fd, &st))
		return ERR_SYSTEM;
	return S_ISREG(st.st_mode) ? ERR_NONE : ERR_NOT_FILE;
}

static enum err open_secrets(struct generation *g, const struct settings *s, const char **what)
{
	static const enum role_fd keys[] = { ROLE_C, ROLE_D }, secrets[] = { ROLE_E, ROLE_F };
	int *given = g->member[GENERATION_KEEPER].given;
	enum err e = ERR_NONE;

	_Static_assert(ARRAY_SIZE(keys) == MESSAGE_HOSTS && ARRAY_SIZE(secrets) == SETTINGS_SECRETS,
		       "a place for each");
	for (size_t i = 0; i < ARRAY_SIZE(keys) && i < s->nhost_keys && !e; i++)
		e = open_secret(*what = s->host_keys[i], &given[keys[i]]);
	for (size_t i = 0; i < ARRAY_SIZE(secrets) && i < s->nsecrets && !e; i++)
		e = open_secret(*what = s->secrets[i], &given[secrets[i]]);
	return e;
}

static enum err copy_fd(int fd, int *out)
{
	*out = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	return *out < 0 ? ERR_SYSTEM : ERR_NONE;
}

static enum err open_all(struct generation *g, const struct premises *p, const char **what)
{
	const struct settings *s = p->settings;
	int *grant = g->member[GENERATION_GRANT].given;
	enum err e;

	*what = "socket pairs";
	if ((e = open_pairs(g)))
		return e;
	*what = "memory for the settings";
	if ((e = open_settings(g, s)))
		return e;
	if ((e = open_secrets(g, s, what)))
		return e;
	*what = "copies of descriptors";
	if ((e = copy_fd(p->control, &grant[ROLE_C])) || (e = copy_fd(p->state, &grant[ROLE_D])) ||
	    (e = copy_fd(p->netfilter, &grant[ROLE_E])))
		return e;
	*what = "packet socket";
	return capture_open(s->firewall.knocks, s->firewall.nknocks, &g->member[GENERATION_NET].given[ROLE_D]);
}

static struct generation *generation_new(void)
{
	struct generation *g = calloc(1, sizeof *g);

	for (size_t i = 0; g && i < GENERATION_ROLES; i++) {
		g->member[i].parent = -1;
		for (size_t at = 0; at < ROLE_FD_END; at++)
			g->member[i].given[at] = -1;
	}
	return g;
}

enum err generation_open(const struct premises *p, struct generation **out, char **why)
{
	struct generation *g = generation_new();
	const char *what = "";
	struct text t = { 0 };
	enum err e;

	if (!g)
		return ERR_MEMORY;
	if (!(e = open_all(g, p, &what))) {
		*out = g;
		return ERR_NONE;
	}
	text_add(&t, "%s: %s", what, err_text(e));
	*why = text_take(&t);
	generation_free(g);
	return e;
}

/* --- their start --- */

/* Nothing of ours but the descriptors that it is given, each in its place. Ends the process where that cannot be had. */
static void descriptors_place(const int given[ROLE_FD_END], bool keep_stderr)
{
	int high[ROLE_FD_END], null;

	for (int at = ROLE_PARENT; at < ROLE_FD_END; at++) {
		high[at] = given[at] < 0 ? -1 : fcntl(given[at], F_DUPFD_CLOEXEC, ROLE_FD_END);
		if (given[at] >= 0 && high[at] < 0)
			_exit(STATUS_CANNOT_EXECUTE);
	}
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	null = fcntl(null, F_DUPFD_CLOEXEC, ROLE_FD_END);
	if (null < 0 || dup2(null, STDIN_FILENO) < 0 || dup2(null, STDOUT_FILENO) < 0 ||
	    (!keep_stderr && dup2(null, STDERR_FILENO) < 0))
		_exit(STATUS_CANNOT_EXECUTE);
	for (int at = ROLE_PARENT; at < ROLE_FD_END; at++) {
		if (high[at] < 0)
			close(at);
		else if (dup2(high[at], at) < 0)
			_exit(STATUS_CANNOT_EXECUTE);
	}
	if (close_range(ROLE_FD_END, ~0U, 0))
		_exit(STATUS_CANNOT_EXECUTE);
}

static void signals_reset(void)
{
	sigset_t none;

	for (int sig = 1; sig < NSIG; sig++)
		(void)signal(sig, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

static NORETURN void member_execute(const struct generation *g, size_t i, const char *path, pid_t parent,
				    bool foreground)
{
	char name[32];
	char *const argv[] = { name, foreground ? (char[]){ "-D" } : NULL, NULL };
	char *const nothing[] = { NULL };

	snprintf(name, sizeof name, "%s", programs[i]);
	/* a parent that died before this line is seen by its number */
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) || getppid() != parent)
		_exit(STATUS_CANNOT_EXECUTE);
	/* a terminal's interrupt is the parent's to handle */
	setpgid(0, 0);
	signals_reset();
	umask(077);
	if (chdir("/"))
		_exit(STATUS_CANNOT_EXECUTE);
	descriptors_place(g->member[i].given, foreground);
	execve(path, argv, nothing);
	_exit(STATUS_CANNOT_EXECUTE);
}

static void given_close(struct generation *g, size_t i)
{
	for (size_t at = 0; at < ROLE_FD_END; at++) {
		file_close(g->member[i].given[at]);
		g->member[i].given[at] = -1;
	}
}

enum err generation_start(struct generation *g, const char *libexec, bool foreground)
{
	const pid_t self = getpid();
	enum err e = ERR_NONE;

	for (size_t i = 0; i < GENERATION_ROLES && !e; i++) {
		struct text path = { 0 };

		text_add(&path, "%s/%s", libexec, programs[i]);
		if (!(e = text_check(&path))) {
			pid_t pid = fork();

			if (pid == 0)
				member_execute(g, i, path.s, self, foreground);
			if (pid < 0)
				e = ERR_SYSTEM;
			else
				g->member[i].pid = pid;
		}
		text_free(&path);
	}
	/* whoever is still there must see its peers close: no end of a pair may stay with us */
	for (size_t i = 0; i < GENERATION_ROLES; i++)
		given_close(g, i);
	return e;
}

/* --- their end --- */

static void generation_signal(const struct generation *g, int sig)
{
	for (size_t i = 0; i < GENERATION_ROLES; i++)
		if (g->member[i].pid > 0)
			kill(g->member[i].pid, sig);
}

static bool has_closed(int fd)
{
	char byte;

	return fd >= 0 && recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
}

/* One that is killed may be reaped later than a peer that left because of it: who went first is seen now or never. */
void generation_end(struct generation *g)
{
	for (size_t i = 0; i < GENERATION_ROLES; i++)
		g->member[i].closed |= has_closed(g->member[i].parent);
	generation_signal(g, SIGTERM);
	for (size_t i = 0; i < GENERATION_ROLES; i++) {
		file_close(g->member[i].parent);
		g->member[i].parent = -1;
	}
}

void generation_kill(struct generation *g)
{
	generation_signal(g, SIGKILL);
}

int generation_reap(struct generation *g, int *status)
{
	for (int i = 0; i < GENERATION_ROLES; i++) {
		struct generation_member *m = &g->member[i];

		if (m->pid > 0 && waitpid(m->pid, status, WNOHANG) == m->pid) {
			m->pid = 0;
			return i;
		}
	}
	return -1;
}

bool generation_alive(const struct generation *g)
{
	for (size_t i = 0; i < GENERATION_ROLES; i++)
		if (g->member[i].pid > 0)
			return true;
	return false;
}

bool generation_ready(const struct generation *g)
{
	for (size_t i = 0; i < GENERATION_ROLES; i++)
		if (!g->member[i].ready)
			return false;
	return true;
}

void generation_free(struct generation *g)
{
	if (!g)
		return;
	for (size_t i = 0; i < GENERATION_ROLES; i++) {
		given_close(g, i);
		file_close(g->member[i].parent);
	}
	free(g);
}
