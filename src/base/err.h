/* SPDX-License-Identifier: GPL-3.0-or-later */
/* err.h - every way in which a call can fail, as one enum. */
#ifndef BASE_ERR_H
#define BASE_ERR_H

/*
 * A value exists where some caller acts differently on it. ERR_SYSTEM: errno
 * holds the reason and must be kept until it was reported.
 */
enum err {
	ERR_NONE = 0,
	ERR_SYSTEM,	 /* a system call failed, errno says why */
	ERR_MEMORY,	 /* no memory */
	ERR_SHORT,	 /* the input ends too early */
	ERR_TRAILING,	 /* something is left over after the input */
	ERR_SYNTAX,	 /* not in the form that is wanted */
	ERR_RANGE,	 /* a number that is too small or too large */
	ERR_TOO_BIG,	 /* more bytes, entries or levels than allowed */
	ERR_NOT_FOUND,	 /* there is no such thing */
	ERR_EXISTS,	 /* it is there already */
	ERR_NOT_FILE,	 /* not a regular file */
	ERR_TIMEOUT,	 /* it did not answer in time */
	ERR_CLOSED,	 /* the peer closed or refused the connection */
	ERR_PENALTY,	 /* the peer refuses us for a while, whatever we ask */
	ERR_CHANGED,	 /* somebody else changed it meanwhile */
	ERR_BUSY,	 /* another run of us holds it */
	ERR_CHILD,	 /* a program that we ran failed */
	ERR_CONFIG,	 /* the configuration is wrong; diags have file and line */
	ERR_UNSUPPORTED, /* this system or version cannot do that */
	ERR_INTERRUPTED, /* the user stopped it */
	ERR_SIGNATURE,	 /* the signature does not hold */
	ERR_COUNT
};

/* One short sentence without a full stop; for ERR_SYSTEM strerror(errno). Never NULL. Borrowed. */
const char *err_text(enum err e);

#endif
