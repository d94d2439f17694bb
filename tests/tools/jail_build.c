/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * jail_build.c - jails by a list of what stands in them, for tests:
 *
 *   jail_build create USER UID DIR HOME LIST [copy]   create, then the "configuration" FORCE/USER, then ready
 *   jail_build update USER LIST [copy]
 *   jail_build remove USER [home]                     without the configuration from then on
 *   jail_build again USER UID DIR HOME LIST           of a jail without a sound manifest: made sound
 *   jail_build remove-lost USER UID DIR HOME [home]   of such a one: taken away
 *   jail_build recover                                the configuration is what FORCE has
 *   jail_build unfinished                             exit 0 when recover would have something to do
 *
 * A line of LIST: folder PATH MODE, his PATH MODE, file PATH SOURCE MODE, content PATH MODE TEXT, link PATH TARGET, or
 * device PATH MODE MAJOR MINOR. --root DIR comes first.
 */
#include "base/file.h"
#include "base/root.h"
#include "jail/build.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/banned.h"

#define FORCE "/var/lib/jail_build"

static int fail(enum err e, const char *what)
{
	fprintf(stderr, "jail_build: %s: %s\n", what, err_text(e));
	return 2;
}

static mode_t mode_of(const char *s)
{
	return (mode_t)strtoul(s, NULL, 8);
}

static enum err add_line(struct entries *all, char *line)
{
	struct strings w = { 0 };
	enum err e = strings_split(&w, line, " \n");

	if (e || !w.n) {
		e = e ? e : ERR_NONE;
	} else if (!strcmp(w.v[0], "folder") && w.n == 3) {
		e = entries_add_folder(all, w.v[1], mode_of(w.v[2]));
	} else if (!strcmp(w.v[0], "his") && w.n == 3) {
		const struct entry his = {
			.kind = ENTRY_FOLDER,
			.path = w.v[1],
			.mode = mode_of(w.v[2]),
			.his = true,
		};

		e = entries_add(all, &his);
	} else if (!strcmp(w.v[0], "file") && w.n == 4) {
		e = entries_add_file(all, w.v[1], w.v[2], mode_of(w.v[3]));
	} else if (!strcmp(w.v[0], "content") && w.n == 4) {
		e = entries_add_content(all, w.v[1], w.v[3], strlen(w.v[3]), mode_of(w.v[2]));
	} else if (!strcmp(w.v[0], "link") && w.n == 3) {
		e = entries_add_link(all, w.v[1], w.v[2]);
	} else if (!strcmp(w.v[0], "device") && w.n == 5) {
		e = entries_add_device(all, w.v[1], mode_of(w.v[2]), (unsigned)strtoul(w.v[3], NULL, 10),
				       (unsigned)strtoul(w.v[4], NULL, 10));
	} else {
		e = ERR_SYNTAX;
	}
	strings_free(&w);
	return e;
}

static enum err read_list(const char *path, struct entries *all)
{
	FILE *f = fopen(path, "re");
	char *line = NULL;
	size_t size = 0;
	enum err e = f ? ERR_NONE : ERR_SYSTEM;

	while (!e && getline(&line, &size, f) > 0)
		e = add_line(all, line);
	free(line);
	if (f)
		fclose(f);
	return e;
}

static void print_told(struct build_told *t)
{
	printf("added %zu, replaced %zu, removed %zu, same %zu; %llu bytes shared, %llu copied\n", t->added.n,
	       t->replaced.n, t->removed.n, t->same, t->bytes_linked, t->bytes_copied);
	build_told_clear(t);
}

static void print_kept(struct build_kept *kept)
{
	if (kept->home)
		printf("kept %s\n", kept->home);
	if (kept->other)
		printf("kept %s\n", kept->other);
	build_kept_clear(kept);
}

static enum err force_path(const char *user, struct text *path)
{
	text_add(path, FORCE "/%s", user);
	return text_check(path);
}

static enum err set_force(const struct root *r, const char *user, bool on)
{
	struct text path = { 0 };
	int fd = -1;
	enum err e = force_path(user, &path);

	if (!e && !(e = file_make_dirs(r, FORCE, 0755)))
		e = on ? root_open_file(r, path.s, O_WRONLY | O_CREAT, 0600, &fd) : file_remove(r, path.s);
	file_close(fd);
	text_free(&path);
	return e;
}

static bool has_block(void *arg, const char *user)
{
	struct text path = { 0 };
	struct stat st;
	bool there = !force_path(user, &path) && !root_lstat(arg, path.s, &st);

	text_free(&path);
	return there;
}

static enum err in_force(void *arg, const struct manifest *m, bool *yes)
{
	*yes = has_block(arg, m->jail.user);
	return ERR_NONE;
}

static int create(const struct root *r, char **v, int n)
{
	struct manifest m = { 0 };
	struct diags problems = { 0 };
	struct build_told told = { 0 };
	enum err e;

	if (n < 5)
		return fail(ERR_SYNTAX, "create");
	m.jail.user = strdup(v[0]);
	m.jail.uid = m.jail.gid = (uid_t)strtoul(v[1], NULL, 10);
	m.jail.dir = strdup(v[2]);
	m.jail.home = strdup(v[3]);
	m.jail.sftp_only = true;
	if (!(e = read_list(v[4], &m.entries)) &&
	    !(e = build_create(r, &m, n > 5 ? BUILD_COPY : BUILD_SHARE, NULL, &told, &problems)) &&
	    !(e = set_force(r, v[0], true))) {
		m.state = MANIFEST_READY;
		e = manifest_write(r, &m);
	}
	diags_print(&problems, "jail_build: ", stderr);
	diags_free(&problems);
	manifest_clear(&m);
	if (!e)
		print_told(&told);
	return e ? fail(e, "create") : 0;
}

static int update(const struct root *r, char **v, int n)
{
	struct manifest m = { 0 };
	struct entries wanted = { 0 };
	struct diags problems = { 0 };
	struct text why = { 0 };
	struct build_told told = { 0 };
	enum err e;

	if (n < 2)
		return fail(ERR_SYNTAX, "update");
	if (!(e = manifest_read(r, v[0], &m, &why)) && !(e = read_list(v[1], &wanted)))
		e = build_update(r, &m, &wanted, n > 2 ? BUILD_COPY : BUILD_SHARE, &told, &problems);
	diags_print(&problems, "jail_build: ", stderr);
	if (why.len)
		fprintf(stderr, "jail_build: %s\n", why.s);
	diags_free(&problems);
	text_free(&why);
	manifest_clear(&m);
	entries_clear(&wanted);
	if (!e)
		print_told(&told);
	return e ? fail(e, "update") : 0;
}

static int take_away(const struct root *r, char **v, int n)
{
	struct manifest m = { 0 };
	struct diags problems = { 0 };
	struct build_kept kept = { 0 };
	enum err e;

	if (n < 1)
		return fail(ERR_SYNTAX, "remove");
	if (!(e = manifest_read(r, v[0], &m, NULL))) {
		m.state = MANIFEST_REMOVING;
		m.with_home = n > 1;
		if (!(e = manifest_write(r, &m)) && !(e = set_force(r, v[0], false)))
			e = build_remove(r, &m, n > 1, &kept, &problems);
	}
	diags_print(&problems, "jail_build: ", stderr);
	diags_free(&problems);
	manifest_clear(&m);
	print_kept(&kept);
	return e ? fail(e, "remove") : 0;
}

static void fill_lost(struct manifest *m, char **v)
{
	m->lost = m->jail.sftp_only = true;
	m->jail.user = strdup(v[0]);
	m->jail.uid = m->jail.gid = (uid_t)strtoul(v[1], NULL, 10);
	m->jail.dir = strdup(v[2]);
	m->jail.home = strdup(v[3]);
}

static int make_again(const struct root *r, char **v, int n)
{
	struct manifest m = { 0 };
	struct entries wanted = { 0 };
	struct diags problems = { 0 };
	struct build_told told = { 0 };
	struct build_kept kept = { 0 };
	enum err e;

	if (n < 5)
		return fail(ERR_SYNTAX, "again");
	fill_lost(&m, v);
	if (!(e = read_list(v[4], &wanted)))
		e = build_again(r, &m, &wanted, BUILD_SHARE, &told, &kept.other, &problems);
	diags_print(&problems, "jail_build: ", stderr);
	diags_free(&problems);
	manifest_clear(&m);
	entries_clear(&wanted);
	print_kept(&kept);
	if (!e)
		print_told(&told);
	return e ? fail(e, "again") : 0;
}

static int take_away_lost(const struct root *r, char **v, int n)
{
	struct manifest m = { .state = MANIFEST_REMOVING };
	struct diags problems = { 0 };
	struct build_kept kept = { 0 };
	enum err e;

	if (n < 4)
		return fail(ERR_SYNTAX, "remove-lost");
	fill_lost(&m, v);
	m.with_home = n > 4;
	if (!(e = entries_add_folder(&m.entries, v[3], 0700)) && !(e = manifest_write(r, &m)) &&
	    !(e = set_force(r, v[0], false)))
		e = build_remove(r, &m, n > 4, &kept, &problems);
	diags_print(&problems, "jail_build: ", stderr);
	diags_free(&problems);
	manifest_clear(&m);
	print_kept(&kept);
	return e ? fail(e, "remove-lost") : 0;
}

static int recover(const struct root *r)
{
	const struct build_world w = { .in_force = in_force, .has_block = has_block, .arg = (void *)r };
	struct build_recovery *done = NULL;
	size_t n = 0;
	enum err e = build_recover(r, &w, &done, &n);

	for (size_t i = 0; i < n; i++) {
		printf("%s: %s%s%s\n", done[i].user, done[i].what, done[i].err ? ": " : "",
		       done[i].err ? done[i].why ? done[i].why : err_text(done[i].err) : "");
		e = e ? e : done[i].err;
	}
	build_recoveries_free(done, n);
	return e ? fail(e, "recover") : 0;
}

static int run(const struct root *r, int argc, char **argv)
{
	const char *what = argc ? argv[0] : "";

	if (!strcmp(what, "create"))
		return create(r, argv + 1, argc - 1);
	if (!strcmp(what, "update"))
		return update(r, argv + 1, argc - 1);
	if (!strcmp(what, "remove"))
		return take_away(r, argv + 1, argc - 1);
	if (!strcmp(what, "again"))
		return make_again(r, argv + 1, argc - 1);
	if (!strcmp(what, "remove-lost"))
		return take_away_lost(r, argv + 1, argc - 1);
	if (!strcmp(what, "recover"))
		return recover(r);
	if (!strcmp(what, "unfinished"))
		return build_unfinished(r) ? 0 : 1;
	return fail(ERR_SYNTAX, "create, update, remove, again, remove-lost, recover or unfinished");
}

int main(int argc, char **argv)
{
	const bool elsewhere = argc > 2 && !strcmp(argv[1], "--root");
	struct root *root = NULL;
	int lock = -1, status;
	enum err e;

	if ((e = root_open(elsewhere ? argv[2] : NULL, &root)) || (e = build_lock(root, &lock))) {
		root_close(root);
		return fail(e, "start");
	}
	argv += elsewhere ? 3 : 1;
	status = run(root, argc - (elsewhere ? 3 : 1), argv);
	file_close(lock);
	root_close(root);
	return status;
}
