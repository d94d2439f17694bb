/* SPDX-License-Identifier: GPL-3.0-or-later */
/* sandbox.c - one lock after the other; the first that cannot be closed ends it. */
#include "gate/sandbox.h"

#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/landlock.h>
#include <pwd.h>
#include <seccomp.h>
#include <signal.h>
#include <sys/capability.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/banned.h"

/* What the headers of Debian 12 do not have yet; the kernel is asked which of it there is. */
#ifndef LANDLOCK_ACCESS_FS_REFER
#define LANDLOCK_ACCESS_FS_REFER (1ULL << 13)
#endif
#ifndef LANDLOCK_ACCESS_FS_TRUNCATE
#define LANDLOCK_ACCESS_FS_TRUNCATE (1ULL << 14)
#endif
#define ACCESS_FS_IOCTL_DEV (1ULL << 15)
#define ACCESS_NET_BIND_TCP (1ULL << 0)
#define ACCESS_NET_CONNECT_TCP (1ULL << 1)
#define SCOPE_ABSTRACT_UNIX_SOCKET (1ULL << 0)
#define SCOPE_SIGNAL (1ULL << 1)

#define FS_READ (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
#define FS_ALL_1 ((LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1) /* version 1 */

struct ruleset {
	uint64_t fs, net, scoped;
};

/* On the way in. */
struct entry {
	const struct sandbox *s;
	uid_t uid;
	gid_t gid;
	bool missing; /* the kernel has no Landlock */
};

/* ---- the user ---- */

/* While the account database can still be reached. */
static enum err user_find(struct entry *in)
{
	const struct passwd *pw;

	if (!in->s->user)
		return ERR_NONE;
	errno = 0;
	if (!(pw = getpwnam(in->s->user)))
		return errno && errno != ENOENT ? ERR_SYSTEM : ERR_NOT_FOUND;
	in->uid = pw->pw_uid;
	in->gid = pw->pw_gid;
	return ERR_NONE;
}

static enum err user_become(struct entry *in)
{
	if (!in->s->user)
		return ERR_NONE;
	/* The capabilities that are to stay come through the change of the user; the rest goes right after it. */
	if (prctl(PR_SET_KEEPCAPS, 1L, 0L, 0L, 0L) || setgroups(0, NULL) || setresgid(in->gid, in->gid, in->gid) ||
	    setresuid(in->uid, in->uid, in->uid) || prctl(PR_SET_KEEPCAPS, 0L, 0L, 0L, 0L))
		return ERR_SYSTEM;
	/* The change of user undoes what the parent asked for; that it died meanwhile shows at its socket. */
	if (prctl(PR_SET_PDEATHSIG, (long)SIGKILL, 0L, 0L, 0L))
		return ERR_SYSTEM;
	return ERR_NONE;
}

/* ---- capabilities ---- */

/* Can be done only while CAP_SETPCAP is there. */
static enum err bounding_drop(struct entry *in)
{
	const uint64_t keep = in->s->capabilities;

	for (cap_value_t c = 0; prctl(PR_CAPBSET_READ, (long)c, 0L, 0L, 0L) >= 0; c++)
		if (!(keep >> c & 1) && prctl(PR_CAPBSET_DROP, (long)c, 0L, 0L, 0L))
			return ERR_SYSTEM;
	return ERR_NONE;
}

static enum err capabilities_set(struct entry *in)
{
	const uint64_t keep = in->s->capabilities;
	cap_t caps = cap_init();
	enum err e = caps ? ERR_NONE : ERR_MEMORY;

	for (cap_value_t c = 0; c < 64 && !e; c++)
		if (keep >> c & 1 && (cap_set_flag(caps, CAP_PERMITTED, 1, &c, CAP_SET) ||
				      cap_set_flag(caps, CAP_EFFECTIVE, 1, &c, CAP_SET)))
			e = ERR_SYSTEM;
	if (!e && (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0L, 0L, 0L) || cap_set_proc(caps)))
		e = ERR_SYSTEM;
	cap_free(caps);
	return e;
}

/* ---- Landlock ---- */

static enum err path_allow(int ruleset, const struct sandbox_path *p, uint64_t handled)
{
	struct landlock_path_beneath_attr rule = { .allowed_access = FS_READ };
	struct stat st;
	enum err e = ERR_NONE;

	if (p->write)
		rule.allowed_access |= FS_ALL_1 & ~LANDLOCK_ACCESS_FS_EXECUTE;
	if (p->write)
		rule.allowed_access |= LANDLOCK_ACCESS_FS_REFER | LANDLOCK_ACCESS_FS_TRUNCATE | ACCESS_FS_IOCTL_DEV;
	if (p->execute)
		rule.allowed_access |= LANDLOCK_ACCESS_FS_EXECUTE;
	rule.parent_fd = open(p->path, O_PATH | O_CLOEXEC);
	if (rule.parent_fd < 0)
		return errno == ENOENT || errno == ENOTDIR ? ERR_NONE : ERR_SYSTEM;
	if (fstat(rule.parent_fd, &st))
		e = ERR_SYSTEM;
	if (!S_ISDIR(st.st_mode)) /* the rights of folders are refused for anything else */
		rule.allowed_access &= LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE |
				       LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_TRUNCATE | ACCESS_FS_IOCTL_DEV;
	rule.allowed_access &= handled;
	if (!e && syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0))
		e = ERR_SYSTEM;
	file_close(rule.parent_fd);
	return e;
}

/* The rights and the size of the struct that this version of the kernel has. */
static size_t ruleset_for(long version, bool network, struct ruleset *r)
{
	*r = (struct ruleset){ .fs = FS_ALL_1 };
	if (version >= 2)
		r->fs |= LANDLOCK_ACCESS_FS_REFER;
	if (version >= 3)
		r->fs |= LANDLOCK_ACCESS_FS_TRUNCATE;
	if (version >= 4 && !network)
		r->net = ACCESS_NET_BIND_TCP | ACCESS_NET_CONNECT_TCP;
	if (version >= 5)
		r->fs |= ACCESS_FS_IOCTL_DEV;
	if (version >= 6)
		r->scoped = SCOPE_ABSTRACT_UNIX_SOCKET | SCOPE_SIGNAL;
	return version < 4 ? 8 : version < 6 ? 16 : 24;
}

static enum err landlock_enter(struct entry *in)
{
	const struct sandbox *s = in->s;
	long version = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
	struct ruleset r;
	enum err e = ERR_NONE;
	size_t size;
	int fd;

	in->missing = version < 1 && !s->landlock_off;
	if (version < 1 || s->landlock_off)
		return ERR_NONE;
	size = ruleset_for(version, s->network, &r);
	if ((fd = (int)syscall(SYS_landlock_create_ruleset, &r, size, 0)) < 0)
		return ERR_SYSTEM;
	for (const struct sandbox_path *p = s->paths; p && p->path && !e; p++)
		e = path_allow(fd, p, r.fs);
	if (!e && syscall(SYS_landlock_restrict_self, fd, 0))
		e = ERR_SYSTEM;
	file_close(fd);
	return e;
}

/* ---- seccomp ---- */

/* Landlock has no right for modes: whom it lets write nothing may make the files of his user writable to others, or run as it. */
#define MODE_FOR_OTHERS (S_ISUID | S_ISGID | S_IWGRP | S_IWOTH)

/*
 * Who may open nothing maps no file either, the ring of a packet socket among them (capture.c), and memory becomes code only for who
 * may run programs.
 */
static int call_allow(scmp_filter_ctx ctx, int call, bool files, bool programs)
{
	const struct scmp_arg_cmp no_code = SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0);
	const struct scmp_arg_cmp no_file = SCMP_A3(SCMP_CMP_MASKED_EQ, MAP_ANONYMOUS, MAP_ANONYMOUS);

	if (!programs && (call == SCMP_SYS(mmap) || call == SCMP_SYS(mmap2)))
		return seccomp_rule_add(ctx, SCMP_ACT_ALLOW, call, files ? 1 : 2, no_code, no_file);
	if (!programs && call == SCMP_SYS(mprotect))
		return seccomp_rule_add(ctx, SCMP_ACT_ALLOW, call, 1, no_code);
	if (call == SCMP_SYS(chmod) || call == SCMP_SYS(fchmod))
		return seccomp_rule_add(ctx, SCMP_ACT_ALLOW, call, 1, SCMP_A1(SCMP_CMP_MASKED_EQ, MODE_FOR_OTHERS, 0));
	if (call == SCMP_SYS(fchmodat))
		return seccomp_rule_add(ctx, SCMP_ACT_ALLOW, call, 1, SCMP_A2(SCMP_CMP_MASKED_EQ, MODE_FOR_OTHERS, 0));
	return seccomp_rule_add(ctx, SCMP_ACT_ALLOW, call, 0);
}

static bool runs_programs(const struct sandbox *s)
{
	for (const struct sandbox_path *p = s->paths; p && p->path; p++)
		if (p->execute)
			return true;
	return s->landlock_off;
}

static enum err seccomp_enter(struct entry *in)
{
	const bool files = in->s->paths || in->s->landlock_off;
	const bool programs = runs_programs(in->s);
	scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_ERRNO(EPERM));
	int failed = 0;

	if (!ctx)
		return ERR_MEMORY;
	if (!(failed = seccomp_attr_set(ctx, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS)))
		failed = seccomp_attr_set(ctx, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	for (const int *call = in->s->calls; !failed && *call != -1; call++)
		failed = call_allow(ctx, *call, files, programs);
	if (!failed)
		failed = seccomp_load(ctx);
	seccomp_release(ctx);
	if (!failed)
		return ERR_NONE;
	errno = -failed; /* it tells by its result alone */
	return ERR_SYSTEM;
}

/* ---- all of it ---- */

/* Done once more after the change of the user, which takes back the first and the last. */
static enum err traces_stop(struct entry *in)
{
	const struct rlimit none = { 0, 0 };

	if (prctl(PR_SET_DUMPABLE, 0L, 0L, 0L, 0L) || setrlimit(RLIMIT_CORE, &none) ||
	    prctl(PR_SET_NO_NEW_PRIVS, 1L, 0L, 0L, 0L) || prctl(PR_SET_PDEATHSIG, (long)SIGKILL, 0L, 0L, 0L))
		return ERR_SYSTEM;
	return ERR_NONE;
}

static const struct step {
	const char *name;
	enum err (*take)(struct entry *in);
} steps[] = {
	{ "traces", traces_stop },
	{ "account", user_find },
	{ "bounding set", bounding_drop },
	{ "user", user_become },
	{ "capabilities", capabilities_set },
	{ "traces", traces_stop },
	{ "Landlock", landlock_enter },
	{ "seccomp", seccomp_enter },
};

enum err sandbox_enter(const struct sandbox *s, const char **what, bool *missing)
{
	struct entry in = { .s = s };
	enum err e = ERR_NONE;

	for (size_t i = 0; i < ARRAY_SIZE(steps) && !e; i++) {
		if (what)
			*what = steps[i].name;
		e = steps[i].take(&in);
	}
	if (missing)
		*missing = in.missing;
	return e;
}
