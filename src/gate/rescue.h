/* SPDX-License-Identifier: GPL-3.0-or-later */
/* rescue.h - sallyport-rescue: answers on the protected ports while sshd does not (docs/protocol.md, section 5.7). */
#ifndef GATE_RESCUE_H
#define GATE_RESCUE_H

#include <stdbool.h>

/* The connection to the parent of the roles, which the service manager or launcher.h puts there. */
#define RESCUE_PARENT 3
/* Where the service manager starts one for each connection. */
#define RESCUE_SOCKET "/run/sallyport/rescue"

/*
 * Takes one struct message_rescue, and answers for sshd until that answers itself again, or the parent closes. Logins that were
 * made go on after that. Returns an exit status.
 */
int rescue_main(bool foreground);

#endif
