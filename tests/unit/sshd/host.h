/* SPDX-License-Identifier: GPL-3.0-or-later */
/* host.h - a root with accounts, for tests. */
#ifndef TESTS_UNIT_SSHD_HOST_H
#define TESTS_UNIT_SSHD_HOST_H

#include "sshd.h"

#include "sshd/account.h"

struct host {
	char dir[SCRATCH_DIR];
	struct root *root;
};

static inline void host_put(const struct host *s, const char *path, const char *text)
{
	scratch_write(scratch_path(s->dir, path), text);
}

static inline int host_make(void **state)
{
	static const char *const dirs[] = { "etc", "etc/ssh", "bin", "home", "home/anna", "home/anna/.ssh" };
	struct host *s = calloc(1, sizeof *s);

	assert_non_null(s);
	scratch_make(s->dir);
	for (size_t i = 0; i < ARRAY_SIZE(dirs); i++)
		assert_int_equal(mkdir(scratch_path(s->dir, dirs[i]), 0755), 0);
	host_put(s, "etc/passwd",
		 "root:x:0:0:root:/root:/bin/sh\n"
		 "# a comment\n"
		 "+nis\n"
		 "short:x:7\n"
		 "anna:x:1001:2001:Anna,,,:/home/anna:/bin/sh\n"
		 "bob:x:1002:2001::/home/bob:\n"
		 "eve:$6$eve:1003:9999::/home/eve:/bin/nothing\n"
		 "old:x:1004:2001::/home/old:/bin/sh\n"
		 "bad:x:one:2001::/:/bin/sh\n"
		 "free::1005:2001::/:/bin/data\n");
	host_put(
		s, "etc/group",
		"root:x:0:\nadmins:x:2002:bob,anna\nstaff:x:2001:anna\nanna2:x:2003:annabel\ndev:x:2004:anna\nx:x:y:anna\n");
	host_put(s, "etc/shadow",
		 "root:*:19000:0:99999:7:::\nanna:$6$salt$hash:19000:0:99999:7:::\nbob:!$6$x:19000:0:99999:7:::\n"
		 "old:*:19000:0:99999:7::100:\nfree::19000:0:99999:7::99999:\n");
	host_put(s, "bin/sh", "#!");
	host_put(s, "bin/data", "data");
	assert_int_equal(chmod(scratch_path(s->dir, "bin/sh"), 0755), 0);
	assert_int_equal(root_open(s->dir, &s->root), ERR_NONE);
	*state = s;
	return 0;
}

static inline int host_remove(void **state)
{
	struct host *s = *state;

	root_close(s->root);
	scratch_remove(s->dir);
	free(s);
	return 0;
}

static inline struct account *host_account(const struct host *s, const char *name)
{
	struct account *a = NULL;

	assert_int_equal(account_find(s->root, name, &a), ERR_NONE);
	return a;
}

#endif
