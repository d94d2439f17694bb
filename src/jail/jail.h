/* SPDX-License-Identifier: GPL-3.0-or-later */
/* jail.h - what was asked for when a jail was made: for whom, where, with what. */
#ifndef JAIL_JAIL_H
#define JAIL_JAIL_H

#include "base/text.h"

#include <stdbool.h>
#include <sys/types.h>

#define JAIL_FOLDER "/home/chroot" /* the guide's: a jail is JAIL_FOLDER/USER */

#define JAIL_PROOF ".sallyport-proof-" /* begins the name of a file in the home while logins are tried */
#define JAIL_ABOUT "jail"	       /* what passwd says of an account that was made for one */

/* Start with { 0 }. */
struct jail {
	char *user;
	uid_t uid;
	gid_t gid;
	char *dir; /* in the host: absolute, no link in it, no slash at the end, never "/" */
	char *home; /* in the jail: the account's home, his to write; with sftp_only the one folder that he may write in */
	char *shell; /* as the account has it, "/bin/bash"; NULL: sftp_only */
	bool sftp_only;
	bool copies; /* no file of the host is shared with the jail, now or by an update */
	const char *
		about; /* of an account that is still to be made: for passwd; not written down. NULL: as the host has it */
	struct strings with; /* programs ("/usr/bin/git", "git") and sets ("coreutils"), as they were asked for */
};

void jail_clear(struct jail *j);

#endif
