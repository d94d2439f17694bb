/* SPDX-License-Identifier: GPL-3.0-or-later */
/* entry.h - what stands in a jail: one row for each folder, file, link and device that is ours. */
#ifndef JAIL_ENTRY_H
#define JAIL_ENTRY_H

#include "base/err.h"
#include "base/macros.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define ENTRY_DIGEST 65 /* BLAKE2b with 256 bits in hexadecimal (RFC 7693; b2sum -l 256 prints the same) and a NUL */
#define ENTRY_SEEN 33

enum entry_kind {
	ENTRY_FOLDER,
	ENTRY_FILE,
	ENTRY_LINK,
	ENTRY_DEVICE, /* a character device */
};

struct entry {
	enum entry_kind kind;
	char *path;    /* in the jail: absolute, no link, "." or ".." in it, no slash at the end */
	char *source;  /* file: where it comes from in the host, free of links; NULL: it has 'content' */
	char *content; /* file that is made for the jail */
	size_t len;    /* of content */
	char *target;  /* link: its text, as in the host */
	mode_t mode; /* 07777 bits of folder, file, device; a file of the host loses setuid, setgid and what others may write */
	dev_t device; /* device */
	bool fleeting; /* file with content: the host's own is rewritten at any time, and that does not make the jail's stale */
	bool his; /* belongs to the user, who changes what is in it: made once, then left alone. All else is root's */
	char seen
		[ENTRY_SEEN]; /* file that is one with the host's: how it was when it was read, for build_update(); "": not known */
	char digest[ENTRY_DIGEST]; /* file: of its content; "" until it was read */
};

/* Sorted by path (by byte value, so that a folder stands before what is in it), one entry for each. Start with { 0 }. */
struct entries {
	struct entry *v;
	size_t n, size;
};

/*
 * Copies in what the entry says. An equal one that is there already stays; its parents come along as folders of mode 0755. ERR_EXISTS: there is
 * another one of this path, which stays. ERR_MEMORY.
 */
MUST_USE enum err entries_add(struct entries *all, const struct entry *one);
MUST_USE enum err entries_add_folder(struct entries *all, const char *path, mode_t mode);
MUST_USE enum err entries_add_file(struct entries *all, const char *path, const char *source, mode_t mode);
MUST_USE enum err entries_add_content(struct entries *all, const char *path, const char *content, size_t len,
				      mode_t mode);
MUST_USE enum err entries_add_link(struct entries *all, const char *path, const char *target);
MUST_USE enum err entries_add_device(struct entries *all, const char *path, mode_t mode, unsigned major,
				     unsigned minor);
void entries_drop(struct entries *all, size_t i); /* the row of that number */
const struct entry *entries_find(const struct entries *all,
				 const char *path); /* NULL: none. Borrowed until the next change */
bool entry_equal(const struct entry *a,
		 const struct entry *b); /* as far as it says how the file looks; not the digest */
/*
 * sshd's own sftp logs through the socket /dev/log, by which what happens in a jail is logged outside: rsyslog's imuxsock, or systemd's, mounted
 * over the file that we put there.
 */
bool entry_is_log(const char *path, mode_t mode, uid_t owner);
void entry_clear(struct entry *e);
void entries_clear(struct entries *all); /* leaves { 0 } */

#endif
