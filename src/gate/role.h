/* SPDX-License-Identifier: GPL-3.0-or-later */
/* role.h - the four processes of the daemon: what each is given, and its main loop. */
#ifndef GATE_ROLE_H
#define GATE_ROLE_H

#include "gate/sandbox.h"
#include "gate/settings.h"

/*
 * The parent (supervisor.c) executes each role anew, as libexec/sallyport/sallyport-NAME, with these descriptors in place and no
 * others, nothing in its environment, and "-D" as its only argument in the foreground (only then is standard error open). A role
 * reads its settings from ROLE_SETTINGS (the text of settings_print(), a sealed memory file), takes what it needs, locks itself in
 * (sandbox.h), says so by one byte 'R' on ROLE_PARENT, and serves; grant goes on with a 'G' each time it
 * has let somebody in. When ROLE_PARENT or one of its peers closes, it ends with status
 * 0. The parent has asked the kernel to kill it should the parent die, but a change of user takes that back: sandbox_enter() asks
 * again.
 */
enum role_fd {
	ROLE_PARENT = 3,   /* stream to the parent */
	ROLE_SETTINGS = 4, /* read only */
	ROLE_A = 5,	   /* net, keeper: net-keeper. index: net-index. grant: net-grant */
	ROLE_B = 6,	   /* net: net-index. index: grant-index. grant: grant-index */
	ROLE_C = 7,	   /* net: net-grant. grant: the listening control socket. keeper: first host key */
	ROLE_D = 8,	   /* grant: the state folder. net: the packet socket. keeper: second host key */
	ROLE_E = 9,	   /* keeper: first site secret. grant: the netfilter socket, which owns the table */
	ROLE_F = 10,	   /* keeper: second site secret */
	ROLE_FD_END
};

#define ROLE_USER_NET "sallyport-net"
#define ROLE_USER_KEEPER "sallyport-keeper"
#define ROLE_USER_GRANT "sallyport-grant"
#define ROLE_USER_INDEX "sallyport-index" /* of the processes in which index takes files of accounts apart */

/* Each returns an exit status. 'foreground' goes on to log_open(). */
int net_main(bool foreground);
int keeper_main(bool foreground);
int grant_main(bool foreground);
int index_main(bool foreground);

/* The settings of ROLE_SETTINGS; ends the process with a line in the log where they cannot be had. */
struct settings *role_settings(void);
/* sandbox_enter(), with a line in the log where it fails or the kernel has no Landlock. */
MUST_USE enum err role_lock_in(const struct sandbox *box);
/* Tells the parent that the role serves. */
void role_ready(void);

#endif
