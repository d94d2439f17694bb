/* SPDX-License-Identifier: GPL-3.0-or-later */
/* spare.h - the last confirmed configuration of sshd with its programs, kept for the day when the installed ones fail. */
#ifndef SSHD_SPARE_H
#define SSHD_SPARE_H

#include "base/err.h"
#include "base/macros.h"
#include "base/root.h"
#include "base/text.h"
#include "sshd/network.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

/*
 * A link to the folder, which has a name of its own: a new one is put in its place by one rename. In it lie sshd_config, the files
 * it includes, the programs, and a list of what was true when it was kept:
 *
 *	spare 1
 *	kept 1764425370
 *	sshd /usr/sbin/sshd
 *	listen 22 0.0.0.0
 *	program sshd
 *	program sshd-session
 *	argument -o
 *	argument Compression=no
 */
#define SPARE_LINK "/var/lib/sallyport/confirmed"
#define SPARE_RESCUED "/run/sallyport/rescued"
#define SPARE_LIST "list"
#define SPARE_CONFIG "sshd_config"
#define SPARE_LISTENS 64
#define SPARE_ARGUMENTS 64

/* Copies of sshd's programs; of those behind sshd itself since 9.8 and 10.0, whose places it is told. */
enum spare_program { SPARE_SSHD, SPARE_SESSION, SPARE_AUTH, SPARE_PROGRAMS };
extern const char *const spare_program_names[SPARE_PROGRAMS];
/* "SshdSessionPath": what tells sshd of another place; NULL for sshd itself. */
extern const char *const spare_program_keywords[SPARE_PROGRAMS];

struct spare {
	char *folder; /* where the link leads; NULL where only the list was read */
	time_t kept;
	char *sshd; /* the installed one, absolute */
	struct spare_listen {
		struct network address; /* all zero: every address of the family */
		uint16_t port;
	} listen[SPARE_LISTENS];
	unsigned nlistens;
	bool program[SPARE_PROGRAMS]; /* of which there is a copy */
	struct strings arguments;     /* settings that sshd was started with besides the file */
};

/*
 * ERR_NOT_FOUND: nothing was ever kept. ERR_CONFIG: it is not to be relied on, since the list is wrong, or since others than root
 * could have written any of it. ERR_SYSTEM.
 */
MUST_USE enum err spare_load(const struct root *r, struct spare **out);
/* The list alone. ERR_SYNTAX, ERR_RANGE, ERR_TOO_BIG. */
MUST_USE enum err spare_parse(const char *content, size_t len, struct spare **out);
void spare_print(const struct spare *s, struct text *out); /* can be read back */
void spare_free(struct spare *s);			   /* NULL is fine */
/* "FOLDER/NAME"; *out is yours. */
MUST_USE enum err spare_path(const struct spare *s, const char *name, char **out);
/* When a rescue answered last, by clock_boot_ms(): who came in then has shown nothing of the configuration in force. */
struct spare_rescue {
	uint64_t from_ms, until_ms; /* until UINT64_MAX: it may still */
};
/* ERR_NOT_FOUND: not since the boot. */
MUST_USE enum err spare_rescue_load(const struct root *r, struct spare_rescue *out);
MUST_USE enum err spare_rescue_save(const struct root *r, const struct spare_rescue *v);
/* Whether sshd listened on that port. */
bool spare_listens(const struct spare *s, uint16_t port);

#endif
