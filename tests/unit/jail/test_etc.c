/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_etc.c - /etc of a jail holds root, the user and nothing about anybody else. */
#include "jail/etc.h"

#include "base/scratch.h"
#include "jail/ld_cache.h"
#include "jail/ld_cache_write.h"

#include <elf.h>

#include "base/banned.h"

static char dir[SCRATCH_DIR];
static struct root *root;

static const char *in(const char *name)
{
	return scratch_path(dir, name);
}

static int make_root(void **state)
{
	scratch_make(dir);
	assert_int_equal(mkdir(in("etc"), 0755), 0);
	return root_open(dir, &root);
}

static int remove_root(void **state)
{
	root_close(root);
	scratch_remove(dir);
	return 0;
}

static struct jail anna(void)
{
	return (struct jail){ .user = (char *)"anna",
			      .uid = 1001,
			      .gid = 1001,
			      .home = (char *)"/home/anna",
			      .shell = (char *)"/bin/bash" };
}

static enum err add(const struct jail *j, bool network, struct entries *all)
{
	struct diags problems = { 0 };
	const enum err e = etc_add(root, j, network, all, &problems);

	assert_true((e == ERR_CONFIG) == (problems.errors > 0));
	diags_free(&problems);
	return e;
}

static void content_is(const struct entries *all, const char *path, const char *content)
{
	const struct entry *e = entries_find(all, path);

	assert_non_null(e);
	assert_int_equal(e->kind, ENTRY_FILE);
	assert_int_equal(e->mode, 0644);
	assert_null(e->source);
	assert_int_equal(e->len, strlen(content));
	assert_string_equal(e->content, content);
	assert_true(etc_is_made(path));
}

static void accounts_of_others_stay_outside(void **state)
{
	struct entries all = { 0 };
	const struct jail j = anna();

	scratch_write(in("etc/passwd"), "root:x:0:0:root:/root:/bin/bash\n"
					"bert:x:1002:1002:Bert:/home/bert:/bin/bash\n"
					"annabel:x:1003:1003::/:/bin/sh\n"
					"anna:x:77:77:Anna Muster,,,:/somewhere:/bin/other\n");
	scratch_write(in("etc/group"), "root:x:0:anna\n"
				       "anna:x:1001:\n"
				       "staff:x:50:bert,anna,carl\n"
				       "annas:x:51:annabel,xanna\n"
				       "last:x:52:bert,anna\n"
				       "bert:x:1002:\n"
				       "odd:x:12x:anna\n"
				       "short:x:9\n"
				       "huge:x:99999999999:anna\n");
	assert_int_equal(add(&j, false, &all), ERR_NONE);
	content_is(&all, "/etc/passwd",
		   "root:x:0:0:root:/:/usr/sbin/nologin\nanna:x:1001:1001:Anna Muster,,,:/home/anna:/bin/bash\n");
	content_is(&all, "/etc/group", "root:x:0:\nanna:x:1001:\nstaff:x:50:anna\nlast:x:52:anna\n");
	content_is(&all, "/etc/hosts", "127.0.0.1\tlocalhost\n::1\tlocalhost\n");
	entries_clear(&all);
}

static void a_host_without_files_will_do(void **state)
{
	struct entries all = { 0 };
	const struct jail j = anna();

	assert_int_equal(add(&j, false, &all), ERR_NONE);
	content_is(&all, "/etc/passwd",
		   "root:x:0:0:root:/:/usr/sbin/nologin\nanna:x:1001:1001::/home/anna:/bin/bash\n");
	content_is(&all, "/etc/group", "root:x:0:\nanna:x:1001:\n");
	entries_clear(&all);
}

static void a_field_can_hold_no_second_one(void **state)
{
	static const char *const odd[] = { "/a:b", "/a\nroot2:x:0:0::/:/bin/sh", "/a\tb", "/a\x7f" };

	for (size_t i = 0; i < ARRAY_SIZE(odd); i++) {
		for (int field = 0; field < 3; field++) {
			struct entries all = { 0 };
			struct jail j = anna();

			*(field == 0 ? &j.user : field == 1 ? &j.home : &j.shell) = (char *)odd[i];
			assert_int_equal(add(&j, false, &all), ERR_CONFIG);
			assert_int_equal(all.n, 0);
			entries_clear(&all);
		}
	}
}

/* Where accounts come from elsewhere, whatever can stand in their lines: a terminal shows it. */
static void what_the_host_says_of_an_account_is_looked_at(void **state)
{
	static const char *const odd[] = { "Anna\rroot2", "An\x1b[2Jna", "Anna\x7f", "a\tb" };
	const struct jail j = anna();

	for (size_t i = 0; i < ARRAY_SIZE(odd); i++) {
		struct entries all = { 0 };
		struct text t = { 0 };

		text_add(&t, "anna:x:1001:1001:%s:/home/anna:/bin/bash\n", odd[i]);
		scratch_write(in("etc/passwd"), t.s);
		text_reset(&t);
		text_add(&t, "%s:x:50:anna\nanna:x:1001:\n", odd[i]);
		scratch_write(in("etc/group"), t.s);
		assert_int_equal(add(&j, false, &all), ERR_NONE);
		content_is(&all, "/etc/passwd",
			   "root:x:0:0:root:/:/usr/sbin/nologin\nanna:x:1001:1001::/home/anna:/bin/bash\n");
		content_is(&all, "/etc/group", "root:x:0:\nanna:x:1001:\n");
		text_free(&t);
		entries_clear(&all);
	}
}

#define BASES \
	"passwd: files\ngroup: files\nshadow: files\nnetworks: files\nprotocols: files\nservices: files\nethers: files\n" \
	"rpc: files\n"

static void hosts_are_looked_up_as_the_host_does(void **state)
{
	static const struct {
		const char *content;
		bool network, dns;
	} cases[] = {
		{ "hosts: files dns\n", true, true },
		{ "hosts: files dns\n", false, false },
		{ "hosts:files mdns4_minimal [NOTFOUND=return] resolve [!UNAVAIL=return]\n", true, true },
		{ "hosts: files myhostname # dns\n", true, false },
		{ "  hosts:\tfiles\n", true, false },
		{ "# hosts: files\n", true, true },
		{ "passwd: files dns\nhosts: db\n", true, false },
		{ NULL, true, true },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct jail j = anna();
		struct entries all = { 0 };

		if (cases[i].content)
			scratch_write(in("etc/nsswitch.conf"), cases[i].content);
		else
			assert_int_equal(unlink(in("etc/nsswitch.conf")), 0);
		assert_int_equal(add(&j, cases[i].network, &all), ERR_NONE);
		content_is(&all, "/etc/nsswitch.conf",
			   cases[i].dns ? BASES "hosts: files dns\n" : BASES "hosts: files\n");
		entries_clear(&all);
	}
}

static void a_fifo_for_passwd_does_not_hang(void **state)
{
	const struct jail j = anna();
	struct entries all = { 0 };

	assert_int_equal(mkfifo(in("etc/passwd"), 0600), 0);
	assert_int_equal(add(&j, false, &all), ERR_NOT_FILE);
	entries_clear(&all);
}

static void write_cache(const struct ld_cache_library *v, size_t n)
{
	struct text t = { 0 };
	FILE *f = fopen(in("etc/ld.so.cache"), "w");

	assert_non_null(f);
	assert_int_equal(ld_cache_write(v, n, &t), ERR_NONE);
	assert_int_equal(fwrite(t.s, 1, t.len, f), t.len);
	assert_int_equal(fclose(f), 0);
	text_free(&t);
}

/* What the jail has under /usr/lib is named as /lib by the host, which is a link. */
static void the_cache_names_what_is_in_the_jail(void **state)
{
	static const struct ld_cache_library host[] = {
		{ "libc.so.6", "/lib/libc.so.6", 0x0303 },	  { "libz.so.1", "/lib/libz.so.1", 0x0303 },
		{ "libout.so.1", "/lib/libout.so.1", 0x0303 },	  { "libodd.so.1", "/libodd.so.1", 0x0303 },
		{ "libgone.so.1", "/none/libgone.so.1", 0x0303 }, { "libdir.so.1", "/lib/libdir.so.1", 0x0303 },
	};
	static const struct ld_cache_library jail[] = {
		{ "libc.so.6", "/usr/lib/libc.so.6", 0x0303 },
		{ "libz.so.1", "/usr/lib/libz.so.1", 0x0303 },
	};
	struct diags problems = { 0 };
	struct entries all = { 0 };
	struct text wanted = { 0 };
	const struct entry *e;

	assert_int_equal(mkdir(in("usr"), 0755), 0);
	assert_int_equal(mkdir(in("usr/lib"), 0755), 0);
	assert_int_equal(symlink("usr/lib", in("lib")), 0);
	write_cache(host, ARRAY_SIZE(host));
	assert_int_equal(entries_add_file(&all, "/usr/lib/libc.so.6", "/usr/lib/libc.so.6", 0644), ERR_NONE);
	assert_int_equal(entries_add_link(&all, "/usr/lib/libz.so.1", "libz.so.1.2"), ERR_NONE);
	assert_int_equal(entries_add_folder(&all, "/usr/lib/libdir.so.1", 0755), ERR_NONE);
	assert_int_equal(etc_add_ld_cache(root, NULL, 0, &all, &problems), ERR_NONE);
	assert_int_equal(ld_cache_write(jail, ARRAY_SIZE(jail), &wanted), ERR_NONE);
	e = entries_find(&all, "/etc/ld.so.cache");
	assert_non_null(e);
	assert_int_equal(e->len, wanted.len);
	assert_memory_equal(e->content, wanted.s, wanted.len);
	text_free(&wanted);
	entries_clear(&all);
	diags_free(&problems);
}

/* Libraries beside a program: named where the host names no other one so, and with the flags of those like them. */
static void libraries_of_the_programs_own_are_named(void **state)
{
	static const struct ld_cache_library host[] = {
		{ "liba.so.6", "/usr/lib32/liba.so.6", 0x0003 },
		{ "libc.so.6", "/usr/lib/libc.so.6", 0x0303 },
		{ "libz.so.6", "/usr/lib32/libz.so.6", 0x0003 },
	};
	static const struct ld_cache_library jail[] = {
		{ "libc.so.6", "/usr/lib/libc.so.6", 0x0303 },
		{ "libown.so.1", "/opt/lib/libown.so.1", 0x0303 },
		{ "libold.so.1", "/opt/lib/libold.so.1", 0x0003 },
	};
	struct elf wide = { .wide = true, .machine = EM_X86_64 }, narrow = { .machine = EM_386 };
	const struct resolver_library own[] = {
		{ (char *)"libown.so.1", "/opt/lib/libown.so.1", &wide, "/opt/bin/own", true },
		{ (char *)"libc.so.6", "/opt/lib/libc.so.6", &wide, "/opt/bin/own", true },
		{ (char *)"libold.so.1", "/opt/lib/libold.so.1", &narrow, "/opt/bin/own", true },
		{ (char *)"libout.so.1", "/opt/lib/libout.so.1", &wide, "/opt/bin/own", true },
	};
	struct diags problems = { 0 };
	struct entries all = { 0 };
	struct text wanted = { 0 };
	const struct entry *e;

	write_cache(host, ARRAY_SIZE(host));
	assert_int_equal(entries_add_file(&all, "/usr/lib/libc.so.6", "/usr/lib/libc.so.6", 0644), ERR_NONE);
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(entries_add_file(&all, own[i].path, own[i].path, 0644), ERR_NONE);
	assert_int_equal(mkdir(in("usr"), 0755), 0);
	assert_int_equal(mkdir(in("usr/lib"), 0755), 0);
	assert_int_equal(etc_add_ld_cache(root, own, ARRAY_SIZE(own), &all, &problems), ERR_NONE);
	assert_int_equal(ld_cache_write(jail, ARRAY_SIZE(jail), &wanted), ERR_NONE);
	e = entries_find(&all, "/etc/ld.so.cache");
	assert_non_null(e);
	assert_int_equal(e->len, wanted.len);
	assert_memory_equal(e->content, wanted.s, wanted.len);
	/* all are found, but for the one whose name is another's */
	assert_int_equal(problems.n, 1);
	assert_true(problems.v[0].warning);
	assert_string_equal(problems.v[0].file, "/opt/bin/own");
	assert_string_equal(
		problems.v[0].text,
		"finds /opt/lib/libc.so.6 by its own folder ($ORIGIN), which the loader knows by /proc alone: "
		"in the jail it finds another one of that name, by ld.so.cache");
	text_free(&wanted);
	entries_clear(&all);
	diags_free(&problems);
}

static void no_cache_gives_none_and_a_bad_one_is_told(void **state)
{
	struct diags problems = { 0 };
	struct entries all = { 0 };

	assert_int_equal(etc_add_ld_cache(root, NULL, 0, &all, &problems), ERR_NONE);
	assert_int_equal(all.n, 0);
	write_cache(NULL, 0);
	assert_int_equal(etc_add_ld_cache(root, NULL, 0, &all, &problems), ERR_NONE);
	assert_int_equal(all.n, 0);
	scratch_write(in("etc/ld.so.cache"), "glibc-ld.so.cache1.1");
	assert_int_equal(etc_add_ld_cache(root, NULL, 0, &all, &problems), ERR_CONFIG);
	assert_int_equal(problems.errors, 1);
	assert_string_equal(problems.v[0].file, "/etc/ld.so.cache");
	diags_free(&problems);
	entries_clear(&all);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(accounts_of_others_stay_outside, make_root, remove_root),
		cmocka_unit_test_setup_teardown(a_host_without_files_will_do, make_root, remove_root),
		cmocka_unit_test_setup_teardown(what_the_host_says_of_an_account_is_looked_at, make_root, remove_root),
		cmocka_unit_test_setup_teardown(a_field_can_hold_no_second_one, make_root, remove_root),
		cmocka_unit_test_setup_teardown(hosts_are_looked_up_as_the_host_does, make_root, remove_root),
		cmocka_unit_test_setup_teardown(a_fifo_for_passwd_does_not_hang, make_root, remove_root),
		cmocka_unit_test_setup_teardown(the_cache_names_what_is_in_the_jail, make_root, remove_root),
		cmocka_unit_test_setup_teardown(libraries_of_the_programs_own_are_named, make_root, remove_root),
		cmocka_unit_test_setup_teardown(no_cache_gives_none_and_a_bad_one_is_told, make_root, remove_root),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
