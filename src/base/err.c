/* SPDX-License-Identifier: GPL-3.0-or-later */
/* err.c - one sentence for every way to fail. */
#include "base/err.h"
#include "base/macros.h"

#include <errno.h>
#include <string.h>

#include "base/banned.h"

static const char *const texts[ERR_COUNT] = {
	[ERR_NONE] = "no error",
	[ERR_MEMORY] = "out of memory",
	[ERR_SHORT] = "it ends too early",
	[ERR_TRAILING] = "something is left over at its end",
	[ERR_SYNTAX] = "it is not in the expected form",
	[ERR_RANGE] = "the number is too small or too large",
	[ERR_TOO_BIG] = "it is larger than allowed",
	[ERR_NOT_FOUND] = "there is no such thing",
	[ERR_EXISTS] = "it is there already",
	[ERR_NOT_FILE] = "it is not a regular file",
	[ERR_TIMEOUT] = "there was no answer in time",
	[ERR_CLOSED] = "the other side closed or refused the connection",
	[ERR_PENALTY] = "the other side refuses every connection from this address for a while",
	[ERR_CHANGED] = "somebody else changed it meanwhile",
	[ERR_BUSY] = "another run of sallyport is at work",
	[ERR_CHILD] = "a program that was run failed",
	[ERR_CONFIG] = "the configuration is wrong",
	[ERR_UNSUPPORTED] = "this system or version cannot do that",
	[ERR_INTERRUPTED] = "interrupted",
	[ERR_SIGNATURE] = "the signature does not hold",
};

const char *err_text(enum err e)
{
	if (e == ERR_SYSTEM)
		return strerror(errno);
	if ((unsigned)e >= ARRAY_SIZE(texts) || !texts[e])
		return "unknown error";
	return texts[e];
}
