/* SPDX-License-Identifier: GPL-3.0-or-later */
/* check.h - does a jail still hold what it should, and nothing that would let somebody out? */
#ifndef JAIL_CHECK_H
#define JAIL_CHECK_H

#include "base/err.h"
#include "base/macros.h"
#include "base/root.h"
#include "jail/entry.h"
#include "jail/manifest.h"

#include <stdbool.h>

enum jail_trouble_kind {
	JAIL_STALE,	 /* the host has it otherwise by now; mended by jail update */
	JAIL_CHANGED,	 /* ours, not as in the manifest: content, mode, owner, kind */
	JAIL_MISSING,	 /* ours, not there */
	JAIL_FOREIGN,	 /* not ours, outside of his home */
	JAIL_SETUID,	 /* setuid, setgid or a file capability; not of his own uid and gid in his home */
	JAIL_DEVICE,	 /* a device that is not ours */
	JAIL_WRITABLE,	 /* outside of his home, and somebody else than root may write there; also an ACL */
	JAIL_PATH,	 /* sshd will refuse: a folder from / to the jail is not root's, or others may write */
	JAIL_SOCKET,	 /* a socket or FIFO outside of his home that is not our log socket */
	JAIL_MOUNT,	 /* something is mounted inside: /proc, the host's folders */
	JAIL_LINKED,	 /* a hard link to a file of the host that the user may change */
	JAIL_OUTSIDE,	 /* a process of the user's runs outside, and he may take it over by ptrace(2): outside.h */
	JAIL_STARTS_NOT, /* a program in it does not start */
	JAIL_UNKNOWN,	 /* could not be looked at */
};

struct jail_trouble {
	enum jail_trouble_kind kind;
	char *path;   /* in the jail, "/" is its top; in the host with JAIL_PATH; escaped */
	char *detail; /* a sentence without a full stop, outside text escaped */
	size_t more;  /* so many others have the same cause: below it (JAIL_MISSING), or for the same reason */
	char *cause;  /* by which those are told, or NULL */
};

/* Of a kind at most 100, of which the last says that there may be more. Start with { 0 }. */
struct jail_troubles {
	struct jail_trouble *v;
	size_t n, size;
	bool cut; /* of a kind there may be more */
};

const char *jail_trouble_id(enum jail_trouble_kind kind); /* "stale", "starts-not" */
/* Whether it is a way out of the jail, not only out of date. */
bool jail_trouble_is_escape(enum jail_trouble_kind kind);
/* Whether build_update() puts it right: what the host has otherwise, and what is ours, but for what is the user's or in something of his. */
bool jail_trouble_is_mended(const struct manifest *m, const struct jail_trouble *t);

/*
 * Looks at the jail as it lies there; follows no link out of it, changes nothing. wanted: what contents_find() gives now, NULL: the host is
 * not compared. A file that is one with the host's (a hard link) is not read. What is his is looked at for 20 seconds and 500,000 files,
 * the rest is JAIL_UNKNOWN; the paths of his files with several names are kept up to 32 MiB, of the others only their number is told. A folder that
 * is gone stands for all below it, and a file of the host's that was changed for those of its package. Sorted by path. ERR_MEMORY.
 */
MUST_USE enum err jail_check(const struct root *r, const struct manifest *m, const struct entries *wanted,
			     struct jail_troubles *out);
/*
 * The same for any folder that sshd changes the root to, whoever made it: only the ways out (jail_trouble_is_escape()), JAIL_PATH and
 * JAIL_UNKNOWN. What root lets others write to is theirs, except where programs look for their own: bin, sbin, lib*, usr, etc, dev.
 * dir: absolute, as the configuration has it. What is theirs is looked at for so many milliseconds. ERR_NOT_FOUND: there is no such folder, or
 * something else than a folder. ERR_MEMORY.
 */
MUST_USE enum err jail_check_escapes(const struct root *r, const char *dir, unsigned milliseconds,
				     struct jail_troubles *out);
/*
 * Whether every program in it starts: each ELF file and script with an x bit. In mount, PID, network, IPC and UTS namespaces of its own,
 * without capabilities or a way to get any, as the user, in the jail read-only, bounded in time, memory and processor:
 *  1. The kernel is asked to execute the file, and the process is held (ptrace(2)) before its first instruction and killed: the
 *     file may be executed, is for this machine, and its interpreter (of ELF, of "#!") is there and may be executed, too. No
 *     instruction of the program runs.
 *  2. A dynamically linked one is given to the very loader that it names, as "LOADER --list FILE": it maps all libraries, compares the
 *     versions of symbols, and ends. Only loaders of glibc and musl by their names are asked; of another it is JAIL_UNKNOWN.
 * For "#!/usr/bin/env NAME", NAME is looked up in the jail. Adds JAIL_STARTS_NOT with the loader's or the kernel's words, JAIL_UNKNOWN
 * where no such namespaces can be had; programs that do not start for one reason are one row, and all of them stand behind what may be their cause. Only as root on the live system; else ERR_UNSUPPORTED.
 */
MUST_USE enum err jail_check_starts(const struct root *r, const struct manifest *m, struct jail_troubles *out);
void jail_troubles_clear(struct jail_troubles *t);

#endif
