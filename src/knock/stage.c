/* SPDX-License-Identifier: GPL-3.0-or-later */
/* stage.c - the words for the checks of a knock. */
#include "knock/stage.h"

#include "base/macros.h"

#include <stddef.h>

#include "base/banned.h"

static const char *const words[STAGE_COUNT] = {
	[STAGE_ACCEPTED] = "accepted",	 [STAGE_LENGTH] = "length",
	[STAGE_GATE] = "gate",		 [STAGE_BUDGET] = "budget",
	[STAGE_OPEN] = "open",		 [STAGE_PARSE] = "parse",
	[STAGE_TIME] = "time",		 [STAGE_FLOOR] = "floor",
	[STAGE_DUPLICATE] = "duplicate", [STAGE_KEY] = "key",
	[STAGE_USER] = "user",		 [STAGE_CA] = "ca",
	[STAGE_REVOKED] = "revoked",	 [STAGE_CASIG] = "casig",
	[STAGE_CERT] = "cert",		 [STAGE_PRINCIPAL] = "principal",
	[STAGE_CRITICAL] = "critical",	 [STAGE_SIGNATURE] = "signature",
	[STAGE_TOUCH] = "touch",	 [STAGE_RATE] = "rate",
	[STAGE_POLICY] = "policy",	 [STAGE_UNKNOWN] = "unknown",
	[STAGE_STATE] = "state",	 [STAGE_FIREWALL] = "firewall",
};

const char *knock_stage_text(enum knock_stage s)
{
	const char *word = (size_t)s < ARRAY_SIZE(words) ? words[s] : NULL;

	return word ? word : "invalid";
}
