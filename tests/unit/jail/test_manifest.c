/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_manifest.c - a manifest survives the way to disk and back, every byte of its names; what is damaged is refused with the reason. */
#include "jail/manifest.h"

#include "jail_scratch.h"

#include "base/banned.h"

#define SUM "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

#define SEEN "00112233445566778899aabbccddeeff"

static const char good[] =
	"{\"schema\":\"sallyport.jail.v1\",\"state\":\"ready\",\"account_made\":true,\"with_home\":false,\"user\":\"anna\","
	"\"uid\":1001,\"gid\":100,\"dir\":\"/srv/chroot/anna\",\"home\":\"/home/anna\",\"sftp_only\":false,\"shell\":\"/bin/bash\","
	"\"above\":\"/srv/chroot\",\"made\":\"2026-01-02T03:04:05Z\",\"updated\":\"2026-01-02T03:04:05Z\",\"with\":[\"basic\"],"
	"\"entries\":[{\"kind\":\"link\",\"path\":\"/bin\",\"target\":\"usr/bin\"},"
	"{\"kind\":\"folder\",\"path\":\"/dev\",\"mode\":\"0755\"},"
	"{\"kind\":\"device\",\"path\":\"/dev/null\",\"mode\":\"0666\",\"major\":1,\"minor\":3},"
	"{\"kind\":\"file\",\"path\":\"/made\",\"mode\":\"0644\",\"content\":\"aGkA/w==\"},"
	"{\"kind\":\"file\",\"path\":\"/n\\\"\\\\x0A\\\\xFF\\\\\\\\x\",\"mode\":\"0644\",\"source\":\"/s\",\"digest\":\"" SUM
	"\",\"seen\":\"" SEEN "\"},"
	"{\"kind\":\"folder\",\"path\":\"/z\",\"mode\":\"0700\",\"his\":true}]}";

static void reads_what_it_wrote(void **unused)
{
	struct manifest m = { 0 }, again = { 0 };
	struct text first = { 0 }, second = { 0 };

	(void)unused;
	if (manifest_parse(good, strlen(good), &m, &first))
		fail_msg("%s", text_string(&first));
	assert_int_equal(first.len, 0);
	assert_int_equal(m.entries.n, 6);
	assert_string_equal(m.entries.v[4].path, "/n\"\n\xff\\x");
	assert_int_equal(m.entries.v[3].len, 4);
	assert_memory_equal(m.entries.v[3].content, "hi\0\xff", 4);
	assert_true(m.entries.v[5].his);
	assert_true(m.account_made);
	assert_string_equal(m.above, "/srv/chroot");
	assert_int_equal(manifest_format(&m, &first), ERR_NONE);
	assert_int_equal(manifest_parse(first.s, first.len, &again, NULL), ERR_NONE);
	assert_int_equal(manifest_format(&again, &second), ERR_NONE);
	assert_string_equal(first.s, second.s);
	for (size_t i = 0; i < m.entries.n; i++)
		assert_true(entry_equal(&m.entries.v[i], &again.entries.v[i]));
	assert_string_equal(again.entries.v[4].digest, SUM);
	assert_string_equal(again.entries.v[4].seen, SEEN);
	text_free(&first);
	text_free(&second);
	manifest_clear(&m);
	manifest_clear(&again);
}

static void refuses_every_truncation(void **unused)
{
	struct manifest m = { 0 };

	(void)unused;
	for (size_t len = 0; len < strlen(good); len++)
		assert_int_equal(manifest_parse(good, len, &m, NULL), ERR_SYNTAX);
	assert_null(m.jail.user);
}

/* good, with one part replaced. */
static void refuses(const char *part, const char *by, const char *why)
{
	const char *at = strstr(good, part);
	struct text json = { 0 }, problem = { 0 };
	struct manifest m = { 0 };

	assert_non_null(at);
	text_add_bytes(&json, good, (size_t)(at - good));
	text_add(&json, "%s%s", by, at + strlen(part));
	assert_int_equal(text_check(&json), ERR_NONE);
	if (manifest_parse(json.s, json.len, &m, &problem) != ERR_SYNTAX || !strstr(text_string(&problem), why))
		fail_msg("%s -> %s: '%s' does not say '%s'", part, by, text_string(&problem), why);
	assert_null(m.jail.user);
	text_free(&json);
	text_free(&problem);
}

static void refuses_what_is_not_a_manifest(void **unused)
{
	static const struct {
		const char *part, *by, *why;
	} cases[] = {
		{ "jail.v1", "jail.v2", "this is by another version" },
		{ "\"uid\":1001", "\"uid\":1001,\"new\":1", "new" },
		{ "\"uid\":1001", "\"uid\":1001,\"uid\":1001", "uplicate" },
		{ "\"uid\":1001", "\"uid\":\"1001\"", "xpected integer" },
		{ "\"uid\":1001", "\"uid\":4294967295", "uid: wants a number" },
		{ "\"gid\":100", "\"gid\":-1", "gid: wants a number" },
		{ "\"ready\"", "\"done\"", "state: wants ready" },
		{ "\"anna\"", "\"../anna\"", "user: wants a name" },
		{ "\"anna\"", "\".anna\"", "user: wants a name" },
		{ "\"/srv/chroot/anna\"", "\"home/chroot/anna\"", "dir: wants an absolute path" },
		{ "\"/home/anna\"", "\"/home/../anna\"", "home: wants an absolute path" },
		{ "\"shell\":\"/bin/bash\",", "", "shell: wants" },
		{ "\"/srv/chroot\"", "\"/srv/chr\"", "above: wants a folder" },
		{ "2026-01-02T", "2026-01-02 ", "want a time" },
		{ "[\"basic\"]", "[1]", "with: wants a list of words" },
		{ "[\"basic\"]", "{}", "want lists" },
		{ "\"link\"", "\"socket\"", "entry 1: the kind wants" },
		{ "\"/dev\"", "\"/bin\"", "entry 2, '/bin': it is there twice" },
		{ "\"/dev/null\"", "\"/dev/../null\"", "entry 3, '/dev/../null': wants an absolute path" },
		{ "\"0755\"", "\"755\"", "entry 2: the mode wants four octal digits" },
		{ "\"0755\"", "\"0855\"", "entry 2: the mode wants four octal digits" },
		{ "\"mode\":\"0755\"", "\"his\":true", "entry 2: all but a link have a mode" },
		{ ",\"minor\":3", "", "entry 3: a device, and nothing else" },
		{ "aGkA/w==", "aGkA/w=", "entry 4: the content is not base64" },
		{ "\\\\xFF", "\\\\xFG", "entry 5: a backslash wants" },
		{ "\\\\xFF", "\\\\x00", "entry 5: a backslash wants" },
		{ SUM, "0123", "entry 5: the digest wants 64" },
		{ SEEN, "0123", "entry 5: 'seen' wants 32" },
		{ "\"content\":\"aGkA/w==\"", "\"content\":\"aGkA/w==\",\"seen\":\"" SEEN "\"",
		  "of files of the host only" },
		{ "\"his\":true", "\"his\":1", "entry 6: " },
		{ "\"his\":true", "\"colour\":\"red\"", "colour" },
	};

	(void)unused;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		refuses(cases[i].part, cases[i].by, cases[i].why);
}

static void keeps_it_on_the_disk(void **unused)
{
	struct strings users = { 0 };
	struct manifest m, read = { 0 };
	struct text problem = { 0 };
	struct host h;
	struct stat st;

	(void)unused;
	host_start(&h);
	assert_int_equal(manifest_list(h.r, &users), ERR_NONE);
	assert_int_equal(users.n, 0);
	assert_int_equal(manifest_read(h.r, "anna", &read, NULL), ERR_NOT_FOUND);
	assert_int_equal(manifest_read(h.r, "../x", &read, NULL), ERR_SYNTAX);
	assert_int_equal(manifest_remove(h.r, "anna"), ERR_NONE);
	manifest_usual(&m);
	m.state = MANIFEST_MAKING;
	assert_int_equal(manifest_write(h.r, &m), ERR_NONE);
	assert_false(manifest_at_rest(h.r, "anna"));
	m.state = MANIFEST_READY;
	assert_int_equal(manifest_write(h.r, &m), ERR_NONE);
	assert_true(manifest_at_rest(h.r, "anna"));
	assert_int_equal(stat(scratch_path(h.dir, "var/lib/sallyport/jails/anna/manifest.json"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(stat(scratch_path(h.dir, "var/lib/sallyport/jails"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	assert_int_equal(manifest_read(h.r, "anna", &read, NULL), ERR_NONE);
	assert_string_equal(read.jail.with.v[0], "basic");
	manifest_clear(&read);
	assert_int_equal(manifest_list(h.r, &users), ERR_NONE);
	assert_int_equal(users.n, 1);
	assert_int_equal(rename(scratch_path(h.dir, "var/lib/sallyport/jails/anna"),
				scratch_path(h.dir, "var/lib/sallyport/jails/bert")),
			 0);
	assert_int_equal(manifest_read(h.r, "bert", &read, &problem), ERR_SYNTAX);
	assert_non_null(strstr(problem.s, "of another user"));
	assert_int_equal(manifest_write_update(h.r, &m), ERR_NONE);
	assert_int_equal(manifest_remove(h.r, "bert"), ERR_NONE);
	assert_int_equal(manifest_remove(h.r, "anna"), ERR_NONE);
	assert_false(has_state(&h));
	manifest_clear(&m);
	text_free(&problem);
	strings_free(&users);
	host_end(&h);
}

static void what_others_put_beside_it_neither_counts_nor_goes(void **unused)
{
	static const char *const ours[] = { "update.json", "lost.json", ".manifest.json.new", ".update.json.new",
					    ".lost.json.new" };
	struct manifest m;
	struct host h;

	(void)unused;
	host_start(&h);
	manifest_usual(&m);
	m.state = MANIFEST_READY;
	assert_int_equal(manifest_write(h.r, &m), ERR_NONE);
	scratch_write(scratch_path(h.dir, "var/lib/sallyport/jails/anna/notes"), "mine");
	assert_true(manifest_at_rest(h.r, "anna"));
	assert_false(manifest_is_foreign(h.r, "anna"));
	for (size_t i = 0; i < ARRAY_SIZE(ours); i++) {
		char path[PATH_MAX];

		snprintf(path, sizeof path, "var/lib/sallyport/jails/anna/%s", ours[i]);
		scratch_write(scratch_path(h.dir, path), "{");
		assert_false(manifest_at_rest(h.r, "anna"));
		assert_int_equal(unlink(scratch_path(h.dir, path)), 0);
		assert_true(manifest_at_rest(h.r, "anna"));
	}
	assert_int_equal(manifest_remove(h.r, "anna"), ERR_NONE);
	scratch_is(scratch_path(h.dir, "var/lib/sallyport/jails/anna/notes"), "mine");
	assert_false(manifest_at_rest(h.r, "anna"));
	assert_true(manifest_is_foreign(h.r, "anna"));
	assert_int_equal(unlink(scratch_path(h.dir, "var/lib/sallyport/jails/anna/notes")), 0);
	assert_false(manifest_is_foreign(h.r, "anna")); /* empty: it was being made, or on its way out */
	manifest_clear(&m);
	host_end(&h);
}

static void counts_only_as_a_file_that_nobody_else_may_write_to(void **unused)
{
	static const struct {
		mode_t mode;
		const char *why; /* NULL: it counts */
	} modes[] = {
		{ 0600, NULL },
		{ 0644, NULL },
		{ 0666, "everybody may write to it (mode 0666): wants a file of root's own" },
		{ 0620, "its group may write to it (mode 0620): wants a file of root's own" },
	};
	struct manifest m, read = { 0 };
	struct host h;
	char path[256], other[256];

	(void)unused;
	host_start(&h);
	manifest_usual(&m);
	m.state = MANIFEST_READY;
	assert_int_equal(manifest_write(h.r, &m), ERR_NONE);
	(void)snprintf(path, sizeof path, "%s", scratch_path(h.dir, "var/lib/sallyport/jails/anna/manifest.json"));
	(void)snprintf(other, sizeof other, "%s", scratch_path(h.dir, "var/lib/other.json"));
	for (size_t i = 0; i < ARRAY_SIZE(modes); i++) {
		struct text problem = { 0 };

		assert_int_equal(chmod(path, modes[i].mode), 0);
		assert_int_equal(manifest_read(h.r, "anna", &read, &problem), modes[i].why ? ERR_SYNTAX : ERR_NONE);
		assert_true(modes[i].why ? strstr(text_string(&problem), modes[i].why) == problem.s : !problem.len);
		manifest_clear(&read);
		text_free(&problem);
	}
	assert_int_equal(chmod(path, 0600), 0);
	if (geteuid() == 0) {
		struct text problem = { 0 };

		assert_int_equal(chown(path, 1001, 0), 0);
		assert_int_equal(manifest_read(h.r, "anna", &read, &problem), ERR_SYNTAX);
		assert_non_null(strstr(problem.s, "it belongs to uid 1001: wants"));
		text_free(&problem);
		assert_int_equal(chown(path, 0, 0), 0);
	}
	assert_int_equal(rename(path, other), 0);
	assert_int_equal(symlink("../../../other.json", path), 0);
	for (int i = 0; i < 2; i++) {
		struct text problem = { 0 };
		struct stat st;

		assert_int_equal(manifest_read(h.r, "anna", &read, &problem), ERR_SYNTAX);
		assert_non_null(strstr(problem.s, i ? "it is no file: wants" : "it is a link: wants"));
		text_free(&problem);
		assert_int_equal(manifest_write(h.r, &m), ERR_NONE);
		assert_int_equal(lstat(path, &st), 0);
		assert_true(S_ISREG(st.st_mode));
		assert_int_equal(unlink(path), 0);
		assert_int_equal(mkfifo(path, 0600), 0);
	}
	assert_int_equal(manifest_remove(h.r, "anna"), ERR_NONE);
	manifest_clear(&m);
	host_end(&h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_what_it_wrote),
		cmocka_unit_test(refuses_every_truncation),
		cmocka_unit_test(refuses_what_is_not_a_manifest),
		cmocka_unit_test(keeps_it_on_the_disk),
		cmocka_unit_test(counts_only_as_a_file_that_nobody_else_may_write_to),
		cmocka_unit_test(what_others_put_beside_it_neither_counts_nor_goes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
