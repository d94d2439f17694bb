/* SPDX-License-Identifier: GPL-3.0-or-later */
/* net.c - the role that reads what strangers send: what it gives up before it reads the first byte. */
#include "gate/log.h"
#include "gate/net_serve.h"
#include "gate/role.h"
#include "gate/sandbox.h"

#include <openssl/crypto.h>
#include <seccomp.h>
#include <sodium.h>

#include "base/banned.h"

static const int calls[] = {
	SCMP_SYS(recvfrom),	 SCMP_SYS(recvmsg),
	SCMP_SYS(sendmsg),	 SCMP_SYS(sendto),
	SCMP_SYS(poll),		 SCMP_SYS(ppoll),
	SCMP_SYS(close),	 SCMP_SYS(write),
	SCMP_SYS(clock_gettime), SCMP_SYS(getpid),
	SCMP_SYS(exit),		 SCMP_SYS(exit_group),
	SCMP_SYS(brk),		 SCMP_SYS(mmap),
	SCMP_SYS(munmap),	 SCMP_SYS(mremap),
	SCMP_SYS(madvise),	 SCMP_SYS(mprotect),
	SCMP_SYS(futex),	 SCMP_SYS(getrandom),
	SCMP_SYS(rt_sigreturn),	 SCMP_SYS(restart_syscall),
	SCMP_SYS(gettid),	 -1,
};

static const struct sandbox box = { .user = ROLE_USER_NET, .calls = calls };

int net_main(bool foreground)
{
	struct net_setup setup = {
		.parent = ROLE_PARENT, .keeper = ROLE_A, .index = ROLE_B, .grant = ROLE_C, .packets = ROLE_D
	};
	struct settings *s;
	int status = 1;

	log_open("net", foreground);
	setup.settings = s = role_settings();
	/* OpenSSL looks for its configuration when it is first used: never, here. */
	if (sodium_init() >= 0 && OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, NULL) && !role_lock_in(&box)) {
		role_ready();
		status = net_serve(&setup);
	}
	settings_free(s);
	return status;
}
