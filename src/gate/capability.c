/* SPDX-License-Identifier: GPL-3.0-or-later */
/* capability.c - give capabilities up. */
#include "gate/capability.h"

#include <errno.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/banned.h"

static enum err bounding_drop(uint64_t keep)
{
	for (unsigned cap = 0; cap < 64; cap++) {
		int in = prctl(PR_CAPBSET_READ, cap, 0, 0, 0);

		if (in < 0)
			break; /* behind the last one of this kernel */
		if (in && !(keep >> cap & 1) && prctl(PR_CAPBSET_DROP, cap, 0, 0, 0))
			return ERR_SYSTEM;
	}
	return ERR_NONE;
}

enum err capability_keep(uint64_t keep)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];
	enum err e;

	if (syscall(SYS_capget, &head, data))
		return ERR_SYSTEM;
	if ((e = bounding_drop(keep)))
		return e;
	for (unsigned i = 0; i < _LINUX_CAPABILITY_U32S_3; i++) {
		const uint32_t part = (uint32_t)(keep >> (32 * i));

		data[i].permitted &= part;
		data[i].effective = data[i].permitted;
		data[i].inheritable = 0;
	}
	if (syscall(SYS_capset, &head, data))
		return ERR_SYSTEM;
	/* since Linux 4.3; where it is unknown there is nothing to clear */
	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) && errno != EINVAL)
		return ERR_SYSTEM;
	return ERR_NONE;
}
