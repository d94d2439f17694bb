/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_resolve.c - programs and libraries of made-up systems; how the real loader judges is in tests/net/test_resolver.py. */
#include "jail/resolve.h"

#include "base/scratch.h"
#include "jail/elf_make.h"

#include <cmocka.h>

#define LOADER "/lib64/ld-linux-x86-64.so.2"
#define MUSL "/lib/ld-musl-x86_64.so.1"

struct place {
	char dir[SCRATCH_DIR];
	struct root *root;
	struct resolver *resolver;
	struct entries found;
	struct diags problems;
};

/* A file of the root, with the folders above it. */
static char *at(const struct place *p, const char *path)
{
	static char full[PATH_MAX];

	assert_true(snprintf(full, sizeof full, "%s%s", p->dir, path) < PATH_MAX);
	for (char *slash = strchr(full + strlen(p->dir) + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		(void)mkdir(full, 0755);
		*slash = '/';
	}
	return full;
}

static void put(const struct place *p, const char *path, const void *bytes, size_t len, mode_t mode)
{
	const char *full = at(p, path);
	FILE *f = fopen(full, "wb");

	assert_non_null(f);
	assert_int_equal(fwrite(bytes, 1, len, f), len);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(chmod(full, mode), 0);
}

static void put_text(const struct place *p, const char *path, const char *text)
{
	put(p, path, text, strlen(text), 0755);
}

static void put_elf(const struct place *p, const char *path, struct elf_making from)
{
	static struct elf_made m;

	from.wide = true;
	from.type = from.type ? from.type : ET_DYN;
	from.machine = from.machine ? from.machine : EM_X86_64;
	elf_make(&m, &from);
	put(p, path, m.bytes, m.len, 0755);
}

static int set_up(void **state)
{
	struct place *p = calloc(1, sizeof *p);

	assert_non_null(p);
	scratch_make(p->dir);
	put_elf(p, LOADER, (struct elf_making){ .soname = "ld-linux-x86-64.so.2" });
	put_elf(p, "/lib/libc.so.6", (struct elf_making){ .soname = "libc.so.6", .needs = { "ld-linux-x86-64.so.2" } });
	put_elf(p, "/bin/sh", (struct elf_making){ .interp = LOADER, .needs = { "libc.so.6" } });
	assert_int_equal(root_open(p->dir, &p->root), ERR_NONE);
	*state = p;
	return 0;
}

static void forget(struct place *p)
{
	entries_clear(&p->found);
	diags_free(&p->problems);
	p->problems = (struct diags){ 0 };
	resolver_free(p->resolver);
	p->resolver = NULL;
}

static int tear_down(void **state)
{
	struct place *p = *state;

	forget(p);
	root_close(p->root);
	scratch_remove(p->dir);
	free(p);
	return 0;
}

/* From the beginning each time: files changed since the last one. */
static enum err add(struct place *p, const char *path)
{
	forget(p);
	assert_int_equal(resolver_new(p->root, &p->resolver), ERR_NONE);
	return resolver_add_program(p->resolver, path, &p->found, &p->problems);
}

static bool has(const struct place *p, const char *path)
{
	return entries_find(&p->found, path) != NULL;
}

static void told(const struct place *p, const char *words)
{
	for (size_t i = 0; i < p->problems.n; i++)
		if (strstr(p->problems.v[i].text, words))
			return;
	fail_msg("nobody says '%s' but '%s'", words, p->problems.n ? p->problems.v[0].text : "");
}

/* Wrong, said with these words, and nothing was added. */
static void refused(struct place *p, const char *path, const char *words)
{
	assert_int_equal(add(p, path), ERR_CONFIG);
	assert_true(p->problems.errors > 0);
	told(p, words);
	assert_int_equal(p->found.n, 0);
}

static void a_program_comes_with_its_loader_and_libraries(void **state)
{
	struct place *p = *state;

	assert_int_equal(add(p, "/bin/sh"), ERR_NONE);
	assert_true(has(p, "/bin/sh") && has(p, LOADER) && has(p, "/lib/libc.so.6"));
	assert_int_equal(p->found.n, 6); /* and three folders */
	assert_int_equal(p->problems.n, 0);
	assert_int_equal(resolver_add_program(p->resolver, "/bin/sh", &p->found, &p->problems), ERR_NONE);
	assert_int_equal(p->found.n, 6);
}

static void who_wants_what_is_said_of_all_that_is_missing(void **state)
{
	struct place *p = *state;

	put_elf(p, "/lib/libone.so", (struct elf_making){ .needs = { "libtwo.so" } });
	put_elf(p, "/bin/x", (struct elf_making){ .interp = LOADER, .needs = { "libone.so", "libthree.so" } });
	refused(p, "/bin/x", "wants the library 'libtwo.so' (for '/lib/libone.so')");
	told(p, "wants the library 'libthree.so' (for '/bin/x')");
	assert_string_equal(p->problems.v[0].file, "/bin/x");
	put_elf(p, "/bin/y", (struct elf_making){ .interp = "/lib64/other.so", .needs = { "libc.so.6" } });
	refused(p, "/bin/y", "the loader '/lib64/other.so': No such file");
	put_elf(p, "/bin/y", (struct elf_making){ .interp = "other.so" });
	refused(p, "/bin/y", "not an absolute path");
	put_text(p, "/lib/libthree.so", "no library");
	refused(p, "/bin/x", "'libthree.so' (for '/bin/x'), but that is '/lib/libthree.so', and it is no ELF file");
}

static void what_is_no_program_is_refused(void **state)
{
	struct place *p = *state;

	refused(p, "/bin/nothing", "there is no such file");
	refused(p, "/bin", "it is a folder");
	put_text(p, "/bin/x", "echo\n");
	refused(p, "/bin/x", "neither an ELF file nor a script");
	put_text(p, "/bin/x", "#!\n");
	refused(p, "/bin/x", "names no interpreter");
	put_text(p, "/bin/x", "#!sh\n");
	refused(p, "/bin/x", "no absolute path");
	put_elf(p, "/bin/x", (struct elf_making){ .interp = LOADER, .machine = EM_AARCH64 });
	refused(p, "/bin/x", "another architecture (ARM, 64 bit)");
	put_elf(p, "/bin/x", (struct elf_making){ .interp = LOADER, .type = ET_REL });
	refused(p, "/bin/x", "but no program");
	put_elf(p, "/bin/x", (struct elf_making){ .needs = { "libc.so.6" } });
	refused(p, "/bin/x", "it is a library");
	assert_int_equal(mkfifo(at(p, "/bin/pipe"), 0755), 0);
	refused(p, "/bin/pipe", "no regular file");
	put(p, "/bin/x", "\177ELF\2\1\1", 7, 0755);
	refused(p, "/bin/x", "it ends within the ELF header");
	put_text(p, "/bin/x", "#!/bin/x2\n");
	put_text(p, "/bin/x2", "#!/bin/x\n");
	refused(p, "/bin/x", "run by more scripts");
}

static void what_env_runs_is_told_where_it_is_unclear(void **state)
{
	struct place *p = *state;

	put_elf(p, "/usr/bin/env", (struct elf_making){ .interp = LOADER, .needs = { "libc.so.6" } });
	put_text(p, "/bin/x", "#!/usr/bin/env -i sh\n");
	assert_int_equal(add(p, "/bin/x"), ERR_NONE);
	assert_true(has(p, "/usr/bin/env"));
	assert_false(has(p, "/bin/sh"));
	assert_int_equal(p->problems.n, 1);
	assert_int_equal(p->problems.errors, 0);
	assert_string_equal(p->problems.v[0].file, "/bin/x");
	told(p, "what env runs for it cannot be told from its first line");
	put_text(p, "/bin/x", "#!/usr/bin/env -iS sh\n");
	assert_int_equal(add(p, "/bin/x"), ERR_NONE);
	assert_true(has(p, "/bin/sh"));
	assert_int_equal(p->problems.n, 0);
}

static void a_library_by_a_relative_path_is_told_as_such(void **state)
{
	struct place *p = *state;

	put_elf(p, "/lib/libx.so", (struct elf_making){ .soname = "libx.so" });
	put_elf(p, "/bin/x", (struct elf_making){ .interp = LOADER, .needs = { "libc.so.6", "./libx.so" } });
	refused(p, "/bin/x",
		"wants the library './libx.so' (for '/bin/x'), which the loader looks for in the folder that the user is in: "
		"wants a name without '/', or an absolute path");
	put_elf(p, "/bin/x", (struct elf_making){ .interp = LOADER, .needs = { "libc.so.6", "/lib/libgone.so" } });
	refused(p, "/bin/x", "which is not there for its architecture");
}

/* The system may be moved to a lesser processor. */
static void a_library_for_this_processor_has_one_for_all_besides(void **state)
{
	struct place *p = *state;

#ifdef __x86_64__
	if (!__builtin_cpu_supports("popcnt") || !__builtin_cpu_supports("sse4.2"))
#endif
		skip();
	put_elf(p, "/lib/glibc-hwcaps/x86-64-v2/libx.so",
		(struct elf_making){ .soname = "libx.so", .needs = { "libs.so" } });
	put_elf(p, "/lib/libx.so", (struct elf_making){ .soname = "libx.so", .needs = { "libs.so", "libb.so" } });
	put_elf(p, "/lib/libb.so", (struct elf_making){ .soname = "libb.so" });
	put_elf(p, "/lib/glibc-hwcaps/x86-64-v2/libs.so", (struct elf_making){ .soname = "libs.so" });
	put_elf(p, "/bin/x", (struct elf_making){ .interp = LOADER, .needs = { "libc.so.6", "libx.so" } });
	assert_int_equal(add(p, "/bin/x"), ERR_NONE);
	assert_true(has(p, "/lib/glibc-hwcaps/x86-64-v2/libx.so"));
	assert_true(has(p, "/lib/libx.so"));
	assert_true(has(p, "/lib/libb.so")); /* what that one wants of its own */
	assert_true(has(p, "/lib/glibc-hwcaps/x86-64-v2/libs.so"));
	assert_int_equal(p->problems.n, 0); /* nobody has to have one for all */
}

static void lost_rights_are_warned_of(void **state)
{
	struct place *p = *state;

	assert_int_equal(chmod(at(p, "/bin/sh"), 04750), 0);
	assert_int_equal(add(p, "/bin/sh"), ERR_NONE);
	assert_int_equal(p->problems.errors, 0);
	told(p, "loses its setuid bit");
	told(p, "may not be run by everybody (mode 4750)");
	assert_int_equal(entries_find(&p->found, "/bin/sh")->mode, 0750);
}

static void files_are_data_or_libraries(void **state)
{
	struct place *p = *state;
	struct diags *d = &p->problems;

	put_text(p, "/etc/data", "data");
	put_elf(p, "/opt/libx.so", (struct elf_making){ .needs = { "libc.so.6" } });
	put_elf(p, "/opt/liby.so", (struct elf_making){ .needs = { "libnone.so" } });
	put_elf(p, "/opt/foreign.so", (struct elf_making){ .needs = { "libnone.so" }, .machine = EM_AARCH64 });
	assert_int_equal(resolver_new(p->root, &p->resolver), ERR_NONE);
	assert_int_equal(resolver_add_file(p->resolver, "/etc/data", &p->found, d), ERR_NONE);
	assert_true(has(p, "/etc/data") && !has(p, "/lib"));
	assert_int_equal(resolver_add_file(p->resolver, "/opt/libx.so", &p->found, d), ERR_NONE);
	assert_true(has(p, "/opt/libx.so") && has(p, "/lib/libc.so.6"));
	assert_int_equal(resolver_add_file(p->resolver, "/opt/foreign.so", &p->found, d), ERR_NONE);
	assert_int_equal(d->n, 0);
	assert_int_equal(resolver_add_file(p->resolver, "/opt/nothing", &p->found, d), ERR_NOT_FOUND);
	assert_int_equal(d->n, 0);
	assert_int_equal(resolver_add_file(p->resolver, "/opt/liby.so", &p->found, d), ERR_CONFIG);
	told(p, "libnone.so");
	assert_false(has(p, "/opt/liby.so"));
	assert_int_equal(resolver_add_file(p->resolver, "/opt", &p->found, d), ERR_CONFIG);
	told(p, "it is a folder");
}

static void libraries_are_found_as_the_program_would(void **state)
{
	struct place *p = *state;
	struct diags *d = &p->problems;

	put_elf(p, "/opt/p/libplug.so", (struct elf_making){ .needs = { "libmore.so" } });
	put_elf(p, "/lib/libmore.so", (struct elf_making){ 0 });
	put_elf(p, "/bin/x", (struct elf_making){ .interp = LOADER, .needs = { "libc.so.6" }, .runpath = "/opt/p" });
	put_text(p, "/bin/script", "#!/bin/x\n");
	assert_int_equal(resolver_new(p->root, &p->resolver), ERR_NONE);
	assert_int_equal(resolver_add_library(p->resolver, "libplug.so", "/bin/script", &p->found, d), ERR_NONE);
	assert_true(has(p, "/opt/p/libplug.so") && has(p, "/lib/libmore.so"));
	assert_false(has(p, "/bin/x"));
	assert_int_equal(resolver_add_library(p->resolver, "libplug.so", "/bin/sh", &p->found, d), ERR_NOT_FOUND);
	assert_int_equal(resolver_add_library(p->resolver, "libc.so.6", "/bin/sh", &p->found, d), ERR_NONE);
	assert_int_equal(d->n, 0);
}

static void without_a_cache_its_configuration_is_searched(void **state)
{
	struct place *p = *state;

	put_elf(p, "/opt/a/libone.so", (struct elf_making){ 0 });
	put_elf(p, "/bin/x", (struct elf_making){ .interp = LOADER, .needs = { "libone.so" } });
	refused(p, "/bin/x", "libone.so");
	put_text(p, "/etc/ld.so.conf", "include more.conf\n");
	put_text(p, "/etc/more.conf", "/opt/a\n");
	assert_int_equal(add(p, "/bin/x"), ERR_NONE);
	assert_true(has(p, "/opt/a/libone.so"));
	put_text(p, "/etc/ld.so.cache", "damaged");
	assert_int_equal(add(p, "/bin/x"), ERR_NONE);
}

static void musl_has_its_own_ways(void **state)
{
	struct place *p = *state;

	put_elf(p, "/lib/libc.so", (struct elf_making){ 0 });
	assert_int_equal(symlink("libc.so", at(p, MUSL)), 0);
	put_elf(p, "/usr/lib/libone.so", (struct elf_making){ .needs = { "libtwo.so", "libc.so" } });
	put_elf(p, "/opt/a/libtwo.so", (struct elf_making){ .needs = { "libpthread.so.0" } });
	put_elf(p, "/bin/x",
		(struct elf_making){ .interp = MUSL, .needs = { "libone.so", "libc.so" }, .runpath = "/opt/a" });
	/* a DT_RUNPATH counts for the libraries' own needs, and libc is the loader */
	assert_int_equal(add(p, "/bin/x"), ERR_NONE);
	assert_true(has(p, MUSL) && has(p, "/lib/libc.so") && has(p, "/usr/lib/libone.so") &&
		    has(p, "/opt/a/libtwo.so"));
	assert_false(has(p, LOADER));
	put_text(p, "/etc/ld-musl-x86_64.path", "/opt/b\n/opt/c:/opt/d");
	refused(p, "/bin/x", "libone.so");
	put_elf(p, "/opt/d/libone.so", (struct elf_making){ 0 });
	assert_int_equal(add(p, "/bin/x"), ERR_NONE);
	assert_true(has(p, "/opt/d/libone.so"));
}

static void what_stands_in_the_jail_otherwise_is_told(void **state)
{
	struct place *p = *state;

	assert_int_equal(symlink("sh", at(p, "/bin/x")), 0);
	assert_int_equal(resolver_new(p->root, &p->resolver), ERR_NONE);
	assert_int_equal(entries_add_link(&p->found, "/bin/x", "other"), ERR_NONE);
	assert_int_equal(resolver_add_program(p->resolver, "/bin/x", &p->found, &p->problems), ERR_CONFIG);
	told(p, "'/bin/x' is something else in the jail already");
}

static void many_libraries_are_bounded(void **state)
{
	struct place *p = *state;
	char name[64], more[64];

	/* a chain, longer than a process may be */
	for (int i = 0; i < 1100; i++) {
		(void)snprintf(name, sizeof name, "/lib/lib%d.so", i);
		(void)snprintf(more, sizeof more, "lib%d.so", i + 1);
		put_elf(p, name, (struct elf_making){ .needs = { more } });
	}
	put_elf(p, "/bin/x", (struct elf_making){ .interp = LOADER, .needs = { "lib0.so" } });
	refused(p, "/bin/x", "more than 1024 libraries");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_program_comes_with_its_loader_and_libraries, set_up, tear_down),
		cmocka_unit_test_setup_teardown(who_wants_what_is_said_of_all_that_is_missing, set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_is_no_program_is_refused, set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_env_runs_is_told_where_it_is_unclear, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_library_by_a_relative_path_is_told_as_such, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_library_for_this_processor_has_one_for_all_besides, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(lost_rights_are_warned_of, set_up, tear_down),
		cmocka_unit_test_setup_teardown(files_are_data_or_libraries, set_up, tear_down),
		cmocka_unit_test_setup_teardown(libraries_are_found_as_the_program_would, set_up, tear_down),
		cmocka_unit_test_setup_teardown(without_a_cache_its_configuration_is_searched, set_up, tear_down),
		cmocka_unit_test_setup_teardown(musl_has_its_own_ways, set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_stands_in_the_jail_otherwise_is_told, set_up, tear_down),
		cmocka_unit_test_setup_teardown(many_libraries_are_bounded, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
