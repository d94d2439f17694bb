/* SPDX-License-Identifier: GPL-3.0-or-later */
/* stage.h - the checks that a knock passes, in their order: where one fails, its stage is the reason. */
#ifndef KNOCK_STAGE_H
#define KNOCK_STAGE_H

/* docs/protocol.md, section 5.2. The words of knock_stage_text() are a promise to scripts, those of the shared vectors among them. */
enum knock_stage {
	STAGE_ACCEPTED = 0,
	STAGE_LENGTH,	 /* "length" */
	STAGE_GATE,	 /* "gate": no active slot has this tag */
	STAGE_BUDGET,	 /* "budget": over the share of processor time; dropped at random */
	STAGE_OPEN,	 /* "open": the seal does not hold */
	STAGE_PARSE,	 /* "parse" */
	STAGE_TIME,	 /* "time": more than 300 s off */
	STAGE_FLOOR,	 /* "floor": in a closed interval */
	STAGE_DUPLICATE, /* "duplicate": seen before */
	STAGE_KEY,	 /* "key": nobody has such a key */
	STAGE_USER,	 /* "user": this account does not list it */
	STAGE_CA,	 /* "ca": not trusted for this account */
	STAGE_REVOKED,	 /* "revoked": key, CA or certificate; also where the list cannot be read */
	STAGE_CASIG,	 /* "casig": the CA did not sign the certificate */
	STAGE_CERT,	 /* "cert": damaged, of the wrong type, not valid now */
	STAGE_PRINCIPAL, /* "principal" */
	STAGE_CRITICAL,	 /* "critical": an unknown critical option, or source-address */
	STAGE_SIGNATURE, /* "signature": does not hold, or by an algorithm or a size that is not accepted */
	STAGE_TOUCH,	 /* "touch": the security key was not touched, or saw no PIN */
	STAGE_RATE,	 /* "rate": too many from this key or account */
	STAGE_POLICY,	 /* "policy": sshd would refuse this login, or the gate this request */
	STAGE_UNKNOWN,	 /* "unknown": what would decide could not be read in time */
	STAGE_STATE,	 /* "state": the record of past knocks is lost or full, or cannot be written */
	STAGE_FIREWALL,	 /* "firewall": the kernel did not take the grant */
	STAGE_COUNT
};

/* Never NULL; "accepted" for STAGE_ACCEPTED. */
const char *knock_stage_text(enum knock_stage s);

#endif
