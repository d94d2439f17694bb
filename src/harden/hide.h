/* SPDX-License-Identifier: GPL-3.0-or-later */
/* hide.h - shutting the port to who has not knocked, as a change: what must hold before, and its steps. */
#ifndef HARDEN_HIDE_H
#define HARDEN_HIDE_H

#include "audit/facts.h"
#include "base/err.h"
#include "base/macros.h"
#include "gate/control.h"
#include "harden/gate_settings.h"
#include "harden/guard.h"
#include "harden/journal.h"
#include "harden/plan.h"

struct hide {
	const struct facts *facts;
	const struct keepers *keepers;
	const struct strings *overrides;
	const char *content;		      /* what sallyportd.conf is to be */
	const struct gate_settings *settings; /* and what sallyportd makes of it */
	const char *mistakes;		      /* that sallyportd finds in it, a line each; NULL: none */
};

/*
 * pending, space, configuration, knock (somebody can), lockout (everybody logged in can), second-way (a console, or a network that is never
 * shut), clock. As guards_run(). Root only.
 */
MUST_USE enum err hide_guards(const struct hide *h, struct guards *out);

/* The folder and the file of the settings, and the site secret where 'secret' (its text) is not NULL. Free with plan_free(). */
MUST_USE enum err hide_plan(const struct root *r, const char *content, const char *secret, struct plan **out);
#define HIDE_SECRET "/etc/sallyport/site-secret"

/* ---- the steps, while the transaction is applied; *complaint (yours) says why one fails ---- */

/* The daemon hears knocks and the ports stay open. */
MUST_USE enum err hide_listen(const struct hide *h, char **complaint);
struct hide_heard {
	bool knocked;
	struct control_entry by; /* whose; address.family 0: it is over already, or it was nobody but 'jailed' */
	struct control_entry
		jailed; /* one of an account in a jail, which proves nothing for those who administer; family 0: none */
	struct control_status status;
};
/* What the daemon says of itself. ERR_NOT_FOUND, ERR_CLOSED, ERR_TIMEOUT: there is none that answers. */
MUST_USE enum err hide_status(struct control_status *out);
/* Has somebody come by a knock since hide_listen()? By f it is told who lives in a jail. Errors as hide_status(). */
MUST_USE enum err hide_look(const struct facts *f, struct hide_heard *out);
/*
 * The ports are shut. first: they were open before; whoever has knocked then has to knock again, and the daemon must still be the one
 * that listened: ERR_NOT_FOUND, ERR_CLOSED.
 */
MUST_USE enum err hide_shut(const struct hide *h, bool first, char **complaint);
/*
 * Asks the ports as a stranger would. ERR_CHILD: one is open to him. ERR_UNSUPPORTED, ERR_SYSTEM, ERR_NOT_FOUND: it could not be tried.
 * *complaint (yours) says what; with ERR_NONE, that a port answers in another way than unused ones do, as somebody may have wanted.
 */
MUST_USE enum err hide_prove(const struct hide *h, char **complaint);

/* Came this session in by a knock alone, since the change? 'why' (may be NULL) says what speaks against it. */
MUST_USE enum err hide_proof(const struct tx *t, const struct session *s, bool *proof, struct text *why);

#endif
