/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_past.c - accepted logins are found in logs, each once, and nobody forges one. */
#include "audit/past.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utime.h>

#include <cmocka.h>

#include "packed.h"

#include "base/banned.h"

#define FP_A "SHA256:L9tcjCMQrDqV6j5BxbXjBc/5nCGaSq11cfMRN54SHFU"
#define FP_B "SHA256:mLCT8T2/ZQ4j/E6E8g/Og+7/K1rNbdWQvLcygjc3EjU"
#define NOW 1795391910 /* 2026-11-22T23:58:30Z */
#define DAY 86400
#define SINCE (NOW - 90 * DAY)

static bool same(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

static void reads_what_sshd_says(void **state)
{
	static const struct {
		const char *message;
		struct wanted {
			const char *user, *addr, *method, *key_type, *fingerprint, *ca_fingerprint;
		} wanted;
	} cases[] = {
		{ "Accepted publickey for anna from 127.0.0.1 port 39512 ssh2: ED25519 " FP_A,
		  { .user = "anna",
		    .addr = "127.0.0.1",
		    .method = "publickey",
		    .key_type = "ED25519",
		    .fingerprint = FP_A } },
		{ "Accepted password for anna from 2001:db8::1 port 1 ssh2",
		  { .user = "anna", .addr = "2001:db8::1", .method = "password" } },
		{ "Accepted keyboard-interactive/pam for anna from fe80::1%eth0 port 65535 ssh2",
		  { .user = "anna", .addr = "fe80::1%eth0", .method = "keyboard-interactive/pam" } },
		{ "Accepted publickey for anna from 127.0.0.1 port 39544 ssh2: ED25519-CERT " FP_A
		  " ID anna (serial 7) CA RSA " FP_B,
		  { .user = "anna",
		    .addr = "127.0.0.1",
		    .method = "publickey",
		    .key_type = "ED25519-CERT",
		    .fingerprint = FP_A,
		    .ca_fingerprint = FP_B } },
		{ "Accepted publickey for anna from 127.0.0.1 port 39544 ssh2: RSA-CERT ID x (serial 18446744073709551615) CA RSA " FP_B,
		  { .user = "anna",
		    .addr = "127.0.0.1",
		    .method = "publickey",
		    .key_type = "RSA-CERT",
		    .ca_fingerprint = FP_B } },
		/* whatever the CA put into the id */
		{ "Accepted publickey for anna from 10.0.0.1 port 5 ssh2: ED25519-CERT " FP_A
		  " ID x from 9.9.9.9 port 1 ssh2: RSA-CERT " FP_B " ID (serial 1) CA RSA " FP_A
		  " (serial 7) CA ED25519 " FP_B,
		  { .user = "anna",
		    .addr = "10.0.0.1",
		    .method = "publickey",
		    .key_type = "ED25519-CERT",
		    .fingerprint = FP_A,
		    .ca_fingerprint = FP_B } },
		{ "Accepted publickey for anna from 1.2.3.4 port 5 ssh2: RSA MD5:01:23:45:67:89:ab:cd:ef:01:23:45:67:89:ab:cd:ef",
		  { .user = "anna", .addr = "1.2.3.4", .method = "publickey", .key_type = "RSA" } },
		{ "Accepted gssapi-with-mic for anna from 1.2.3.4 port 5 ssh2: anna@CORP.EXAMPLE",
		  { .user = "anna", .addr = "1.2.3.4", .method = "gssapi-with-mic" } },
		{ "Accepted hostbased for anna from 1.2.3.4 port 5 ssh2: RSA " FP_A
		  ", client user \"x from 6.6.6.6 port 1 ssh2\", client host \"h\"",
		  { .user = "anna", .addr = "1.2.3.4", .method = "hostbased" } },
		/* names that a directory may hand out */
		{ "Accepted password for hello from hell from 1.2.3.4 port 5 ssh2",
		  { .user = "hello from hell", .addr = "1.2.3.4", .method = "password" } },
		{ "Accepted password for CORP\\\\anna from 1.2.3.4 port 5 ssh2",
		  { .user = "CORP\\anna", .addr = "1.2.3.4", .method = "password" } },
		{ "Accepted password for j\\303\\274rg from 1.2.3.4 port 5 ssh2",
		  { .user = "j\303\274rg", .addr = "1.2.3.4", .method = "password" } },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct wanted *w = &cases[i].wanted;
		struct past_login l;

		if (past_message_parse(cases[i].message, strlen(cases[i].message), &l))
			fail_msg("not understood: %s", cases[i].message);
		if (!same(l.user, w->user) || !same(l.addr, w->addr) || !same(l.method, w->method) ||
		    !same(l.key_type, w->key_type) || !same(l.fingerprint, w->fingerprint) ||
		    !same(l.ca_fingerprint, w->ca_fingerprint))
			fail_msg("misread: %s\nas %s|%s|%s|%s|%s|%s", cases[i].message, l.user, l.addr, l.method,
				 l.key_type, l.fingerprint, l.ca_fingerprint);
		past_login_clear(&l);
	}
}

static void is_no_login(const char *message)
{
	struct past_login l = { .count = 99 };

	if (past_message_parse(message, strlen(message), &l) != ERR_SYNTAX || l.count != 99)
		fail_msg("taken for a login: '%s'", message);
}

static void other_messages_are_no_login(void **state)
{
	static const char *const others[] = {
		"",
		"Accepted",
		"Accepted key ED25519 SHA256:AAAA found at /home/anna/.ssh/authorized_keys:1",
		"Accepted certificate ID \"for a from 1.2.3.4 port 1 ssh2\" (serial 1) signed by RSA CA SHA256:AAAA",
		"Invalid user Accepted publickey for root from 1.2.3.4 port 1 ssh2 from 127.0.0.1 port 39564",
		"Failed password for root from 1.2.3.4 port 1 ssh2",
		"Postponed publickey for anna from 127.0.0.1 port 36538 ssh2 [preauth]",
		" Accepted password for root from 1.2.3.4 port 1 ssh2",
		"accepted password for root from 1.2.3.4 port 1 ssh2",
		"Accepted password for root from 1.2.3.4 port 1 ssh2 ",
		"Accepted password for root from 1.2.3.4 port 1 ssh2\n",
		"Accepted password for root from 1.2.3.4 port 1 ssh2 [preauth]",
		"Accepted password for root from 1.2.3.4 port 1 ssh1",
		"Accepted password for root from 1.2.3.4 port 0 ssh2",
		"Accepted password for root from 1.2.3.4 port 65536 ssh2",
		"Accepted password for root from 1.2.3 port 1 ssh2",
		"Accepted password for root from host.example port 1 ssh2",
		"Accepted password for root from fe80::1% port 1 ssh2",
		"Accepted password for  from 1.2.3.4 port 1 ssh2",
		"Accepted password for a\\000b from 1.2.3.4 port 1 ssh2",
		"Accepted magic for root from 1.2.3.4 port 1 ssh2",
		"Accepted publickey for root from 1.2.3.4 port 1 ssh2: RSA",
		"Accepted publickey for root from 1.2.3.4 port 1 ssh2: RSA SHA256:short",
	};

	for (size_t i = 0; i < ARRAY_SIZE(others); i++)
		is_no_login(others[i]);
	is_no_login("Accepted publickey for root from 1.2.3.4 port 1 ssh2: RSA " FP_A " and more");
	is_no_login("Accepted publickey for root from 1.2.3.4 port 1 ssh2: RSA-CERT " FP_A);
	is_no_login("Accepted publickey for root from 1.2.3.4 port 1 ssh2: RSA-CERT " FP_A
		    " ID x (serial 7) CA RSA " FP_B " more");
}

static void no_truncation_of_a_message_is_misread(void **state)
{
	static const char whole[] = "Accepted publickey for anna from 127.0.0.1 port 39544 ssh2: ED25519-CERT " FP_A
				    " ID anna (serial 7) CA RSA " FP_B;

	for (size_t len = 0; len < sizeof whole - 1; len++) {
		char *cut = malloc(len ? len : 1);
		struct past_login l;

		memcpy(cut, whole, len);
		if (past_message_parse(cut, len, &l) == ERR_NONE) {
			/* complete without its key: the one shorter form that sshd itself writes */
			assert_int_equal(len, strlen("Accepted publickey for anna from 127.0.0.1 port 39544 ssh2"));
			past_login_clear(&l);
		}
		free(cut);
	}
}

static const struct past_login *find(const struct past_logins *l, const char *user)
{
	for (size_t i = 0; i < l->n; i++)
		if (strcmp(l->v[i].user, user) == 0)
			return &l->v[i];
	fail_msg("no login of %s", user);
	return NULL;
}

static struct past_logins read_text(const char *text)
{
	struct past_logins l = { 0 };

	assert_int_equal(past_file_parse(text, strlen(text), SINCE, NOW, &l), ERR_NONE);
	return l;
}

static void lines_of_both_forms_are_read(void **state)
{
	struct past_logins l = read_text(
		"Nov  2 10:00:00 host sshd[10]: Accepted password for old from 10.0.0.7 port 5 ssh2\n"
		"Nov  2 10:00:01 host sshd[11]: Accepted password for old from 10.0.0.7 port 6 ssh2\n"
		"2026-11-22T20:17:01.123456+01:00 host sshd-session[12]: Accepted password for new from ::1 port 7 ssh2\n"
		"2026-11-22T20:17:02Z host sshd[13]: Accepted password for zulu from ::1 port 7 ssh2\n"
		"2026-11-23T01:17:02-05:30 host sshd[13]: Accepted password for tomorrow from ::1 port 7 ssh2");
	const struct past_login *old = find(&l, "old"), *new = find(&l, "new");

	assert_int_equal(l.n, 4);
	assert_int_equal(l.logins, 5);
	assert_int_equal(old->count, 2);
	assert_int_equal(old->first, 1793613600); /* TZ=UTC */
	assert_int_equal(old->last, 1793613601);
	assert_int_equal(old->pid, 11);
	assert_int_equal(new->first, 1795375021);
	assert_int_equal(find(&l, "zulu")->first, 1795378622);
	assert_int_equal(l.since, 1793613600);
	past_logins_free(&l);
}

static void only_the_tag_at_its_place_counts(void **state)
{
	struct past_logins l = read_text(
		"Nov  2 10:00:00 host su[5]: sshd[10]: Accepted password for a from 1.1.1.1 port 5 ssh2\n"
		"Nov  2 10:00:00 host app: Nov  2 10:00:00 host sshd[10]: Accepted password for b from 1.1.1.1 port 5 ssh2\n"
		"Nov  2 10:00:00 host app#012Nov  2 10:00:00 host sshd[10]: Accepted password for c from 1.1.1.1 port 5 ssh2\n"
		"Nov  2 10:00:00 host sshd: Accepted password for d from 1.1.1.1 port 5 ssh2\n"
		"Nov  2 10:00:00 host sshd[]: Accepted password for e from 1.1.1.1 port 5 ssh2\n"
		"Nov  2 10:00:00 host sshd[1x]: Accepted password for f from 1.1.1.1 port 5 ssh2\n"
		"Nov  2 10:00:00 host notsshd[1]: Accepted password for g from 1.1.1.1 port 5 ssh2\n"
		"Nov  2 10:00:00 host sshd-other[1]: Accepted password for h from 1.1.1.1 port 5 ssh2\n"
		"Nov  2 10:00:00 host sshd[1]: Invalid user Accepted password for i from 1.1.1.1 port 5 ssh2 from 2.2.2.2 port 1\n"
		"Nov  2 10:00:00 host sshd[1]: \033[2JAccepted password for j from 1.1.1.1 port 5 ssh2\n"
		"Accepted password for k from 1.1.1.1 port 5 ssh2\n"
		"Nov  2 10:00:00  host sshd[1]: Accepted password for l from 1.1.1.1 port 5 ssh2\n"
		"Nov 31 10:00:00 host sshd[1]: Accepted password for m from 1.1.1.1 port 5 ssh2\n"
		"Nov  2 25:00:00 host sshd[1]: Accepted password for n from 1.1.1.1 port 5 ssh2\n"
		"Foo  2 10:00:00 host sshd[1]: Accepted password for o from 1.1.1.1 port 5 ssh2\n"
		"2026-13-22T20:17:02Z host sshd[1]: Accepted password for p from 1.1.1.1 port 7 ssh2\n");

	assert_int_equal(l.n, 0);
	past_logins_free(&l);
}

static void only_the_last_days_count(void **state)
{
	struct past_logins l =
		read_text("Aug 24 10:00:00 host sshd[1]: Accepted password for early from 1.1.1.1 port 1 ssh2\n"
			  "Aug 25 10:00:00 host sshd[1]: Accepted password for anna from 1.1.1.1 port 1 ssh2\n"
			  "Nov 22 23:59:00 host sshd[2]: Accepted password for anna from 1.1.1.1 port 1 ssh2\n"
			  /* the nearest past one is of last year */
			  "Nov 25 10:00:00 host sshd[2]: Accepted password for future from 1.1.1.1 port 1 ssh2\n");

	assert_int_equal(l.n, 1);
	assert_int_equal(l.logins, 2);
	assert_int_equal(l.since, SINCE);
	past_logins_free(&l);
}

static void what_stands_twice_counts_once(void **state)
{
	static const char line[] = "Nov  2 10:00:00 host sshd[10]: Accepted password for a from 1.1.1.1 port 5 ssh2\n";
	struct past_logins l =
		read_text("Nov  2 10:00:00 host sshd[10]: Accepted password for a from 1.1.1.1 port 5 ssh2\n"
			  "Nov  2 10:00:00 host sshd[10]: Accepted password for a from 1.1.1.1 port 5 ssh2\n"
			  "Nov  2 10:00:00 host sshd[10]: Accepted password for a from 1.1.1.1 port 6 ssh2\n");

	assert_int_equal(l.logins, 2);
	/* a second text adds to the first */
	assert_int_equal(past_file_parse(line, strlen(line), SINCE, NOW, &l), ERR_NONE);
	assert_int_equal(l.n, 1);
	past_logins_free(&l);
}

/* Only somebody who shapes log lines does this; an entry without a login must not come of it. */
static void the_same_login_by_another_method_is_no_second_one(void **state)
{
	struct past_logins l =
		read_text("Nov  2 10:00:00 host sshd[10]: Accepted password for a from 1.1.1.1 port 5 ssh2\n"
			  "Nov  2 10:00:00 host sshd[10]: Accepted gssapi-with-mic for a from 1.1.1.1 port 5 ssh2\n");

	assert_int_equal(l.logins, 1);
	assert_int_equal(l.n, 1);
	assert_string_equal(l.v[0].method, "password");
	past_logins_free(&l);
}

static void features_belong_to_their_session(void **state)
{
	struct past_logins l = read_text(
		/* as sshd 9.2 writes it with LogLevel VERBOSE */
		"Nov  2 10:00:00 h sshd[10]: Accepted password for verbose from 1.1.1.1 port 5 ssh2\n"
		"Nov  2 10:00:00 h sshd[10]: User child is on pid 12\n"
		"Nov  2 10:00:00 h sshd[12]: Starting session: subsystem 'sftp' for verbose from 1.1.1.1 port 5 id 0\n"
		/* with INFO the end of the session tells whose process it was */
		"Nov  2 10:00:01 h sshd[20]: Accepted password for info from 1.1.1.2 port 6 ssh2\n"
		"Nov  2 10:00:01 h sshd[22]: error: connect_to 127.0.0.1 port 1: failed.\n"
		"Nov  2 10:00:01 h sshd[22]: Received disconnect from 1.1.1.2 port 6:11: disconnected by user\n"
		"Nov  2 10:00:02 h sshd[30]: Accepted password for jail from 1.1.1.3 port 7 ssh2\n"
		"Nov  2 10:00:02 h sshd[32]: Starting session: forced-command (config) 'internal-sftp -l INFO' for jail from 1.1.1.3 port 7 id 0\n"
		/* root's session is one process */
		"Nov  2 10:00:03 h sshd[40]: Accepted password for root from 1.1.1.4 port 8 ssh2\n"
		"Nov  2 10:00:03 h sshd[40]: error: channel_setup_fwd_listener_tcpip: cannot listen to port: 9998\n"
		/* a name in quotes is the client's */
		"Nov  2 10:00:05 h sshd[60]: Accepted password for none from 1.1.1.6 port 10 ssh2\n"
		"Nov  2 10:00:05 h sshd[62]: Starting session: subsystem 'x' for none from 1.1.1.6 port 10 id 0\n"
		"Nov  2 10:00:05 h sshd[62]: Starting session: command for none from 1.1.1.6 port 10 id 0\n"
		"Nov  2 10:00:05 h sshd[62]: Disconnected from user none 1.1.1.6 port 10\n"
		"Nov  2 10:00:07 h sshd[70]: Accepted password for shell from 1.1.1.8 port 12 ssh2\n"
		"Nov  2 10:00:07 h sshd[72]: Starting session: shell on pts/0 for shell from 1.1.1.8 port 12 id 0\n"
		"Nov  2 10:00:08 h sshd[80]: Accepted password for forced from 1.1.1.9 port 13 ssh2\n"
		"Nov  2 10:00:08 h sshd[82]: Starting session: forced-command (key-option) 'id' for forced from 1.1.1.9 port 13 id 0\n"
		/* as old releases do at every level */
		"Nov  2 10:00:09 h sshd[90]: Accepted password for old from 1.1.2.1 port 14 ssh2\n"
		"Nov  2 10:00:09 h sshd[90]: subsystem request for sftp by user old\n"
		"Nov  2 10:00:09 h sshd[95]: Accepted password for odd from 1.1.2.2 port 15 ssh2\n"
		"Nov  2 10:00:09 h sshd[95]: subsystem request for sftp by user odd failed, subsystem not found\n"
		/* its number comes again for another's failed connection */
		"Nov  2 10:00:06 h sshd[62]: error: connect_to 127.0.0.1 port 1: failed.\n"
		"Nov  2 10:00:06 h sshd[62]: Disconnected from user gone 1.1.1.7 port 11\n");

	assert_int_equal(find(&l, "verbose")->features, PAST_SFTP);
	assert_int_equal(find(&l, "info")->features, PAST_LOCAL_FORWARDING);
	assert_int_equal(find(&l, "jail")->features, PAST_SFTP);
	assert_int_equal(find(&l, "root")->features, PAST_REMOTE_FORWARDING);
	assert_int_equal(find(&l, "none")->features, PAST_COMMAND);
	assert_int_equal(find(&l, "shell")->features, PAST_COMMAND);
	assert_int_equal(find(&l, "forced")->features, PAST_COMMAND);
	assert_int_equal(find(&l, "old")->features, PAST_SFTP);
	assert_int_equal(find(&l, "odd")->features, 0);
	past_logins_free(&l);
}

#define ENTRY(uid, comm, exe, message) \
	"{\"__REALTIME_TIMESTAMP\":\"1795378622123456\",\"_PID\":\"77\",\"_UID\":\"" uid "\",\"_COMM\":\"" comm \
	"\"," exe "\"MESSAGE\":" message "}\n"
#define EXE(path) "\"_EXE\":\"" path "\","

static void the_journal_is_believed_for_what_it_knows_itself(void **state)
{
	static const char text[] =
		ENTRY("0", "sshd", EXE("/usr/sbin/sshd"), "\"Accepted password for a from 1.1.1.1 port 5 ssh2\"")
			ENTRY("0", "sshd-session", EXE("/usr/lib/openssh/sshd-session (deleted)"),
			      "\"Accepted password for b from 1.1.1.1 port 5 ssh2\"")
				ENTRY("0", "sshd", "", "\"Accepted password for c from 1.1.1.1 port 5 ssh2\"")
		/* "Accepted password for d from ..." with a byte that is no UTF-8 */
		ENTRY("0", "sshd", EXE("/usr/sbin/sshd"),
		      "[65,99,99,101,112,116,101,100,32,112,97,115,115,119,111,114,100,32,102,111,114,32,100,228,32,102,114,111,"
		      "109,32,49,46,49,46,49,46,49,32,112,111,114,116,32,53,32,115,115,104,50]")
		/* from here on nothing counts */
		ENTRY("1000", "sshd", EXE("/usr/sbin/sshd"), "\"Accepted password for x from 1.1.1.1 port 5 ssh2\"")
			ENTRY("0", "sshd", EXE("/tmp/other"), "\"Accepted password for x from 1.1.1.1 port 5 ssh2\"")
				ENTRY("0", "logger", EXE("/usr/bin/logger"),
				      "\"Accepted password for x from 1.1.1.1 port 5 ssh2\"")
					ENTRY("0", "sshd", EXE("/usr/sbin/sshd"), "[65,99,256]")
						ENTRY("0", "sshd", EXE("/usr/sbin/sshd"),
						      "null") "not json\n{\n[]\n{}\n\"x\"\n";
	struct past_logins l = { 0 };

	assert_int_equal(past_journal_parse(text, strlen(text), SINCE, NOW, &l), ERR_NONE);
	assert_int_equal(l.n, 4);
	assert_string_equal(l.v[0].user, "a");
	assert_string_equal(l.v[1].user, "b");
	assert_string_equal(l.v[2].user, "c");
	assert_string_equal(l.v[3].user, "d\344");
	assert_int_equal(l.v[0].pid, 77);
	assert_int_equal(l.v[0].last, 1795378622);
	past_logins_free(&l);
	for (size_t len = 0; len < sizeof text; len++) {
		assert_int_equal(past_journal_parse(text, len, SINCE, NOW, &l), ERR_NONE);
		past_logins_free(&l);
	}
}

/* ---- files ---- */

static char folder[] = "/tmp/sallyport-past-XXXXXX";

static void in_folder(char *out, size_t size, const char *name)
{
	assert_true(snprintf(out, size, "%s/var/log/%s", folder, name) < (int)size);
}

static void set_age(const char *name, time_t when)
{
	char path[256];

	in_folder(path, sizeof path, name);
	assert_int_equal(utime(path, &(struct utimbuf){ when, when }), 0);
}

static void write_file(const char *name, const char *bytes, size_t len)
{
	char path[256];
	FILE *f;

	in_folder(path, sizeof path, name);
	f = fopen(path, "w");
	assert_non_null(f);
	assert_int_equal(fwrite(bytes, 1, len, f), len);
	assert_int_equal(fclose(f), 0);
	set_age(name, NOW);
}

static void write_packed(const char *name, enum packing how, const char *text)
{
	unsigned char bytes[1024];

	write_file(name, (char *)bytes, pack(how, text, strlen(text), bytes, 0, sizeof bytes));
}

static void remove_all(void)
{
	static const char *const names[] = { "auth.log",       "auth.log.1",	 "auth.log.2.gz",   "auth.log.3.xz",
					     "auth.log.4.bz2", "auth.log.5.zst", "secure-20261101", "auth.log.6.gz" };
	char path[256];

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		in_folder(path, sizeof path, names[i]);
		unlink(path);
	}
}

static struct past_logins read_folder(void)
{
	struct past_logins l = { 0 };
	struct root *r = NULL;

	assert_int_equal(root_open(folder, &r), ERR_NONE);
	assert_int_equal(past_logins_read(r, NOW, &l), ERR_NONE);
	root_close(r);
	return l;
}

#define LINE(day, user) "Nov " day " 10:00:00 h sshd[10]: Accepted password for " user " from 1.1.1.1 port 5 ssh2\n"

static void rotated_and_compressed_files_are_read(void **state)
{
	struct past_logins l;

	remove_all();
	write_file("auth.log", LINE("22", "plain"), strlen(LINE("22", "plain")));
	write_file("auth.log.1", LINE("21", "plain"), strlen(LINE("21", "plain")));
	write_packed("auth.log.2.gz", PACKING_GZIP, LINE("20", "gz"));
	write_packed("auth.log.3.xz", PACKING_XZ, LINE("19", "xz"));
	write_packed("auth.log.4.bz2", PACKING_BZIP2, LINE("18", "bz2"));
	write_packed("auth.log.5.zst", PACKING_ZSTD, LINE("17", "zst"));
	write_file("secure-20261101", LINE("16", "secure"), strlen(LINE("16", "secure")));
	write_packed("auth.log.6.gz", PACKING_GZIP, LINE("15", "aged"));
	set_age("auth.log.6.gz", SINCE - 1); /* nothing in it can be of the last days */
	l = read_folder();
	if (l.n != 6 || l.logins != 7)
		fail_msg("%zu entries, %lu logins, %s", l.n, l.logins, l.incomplete ? l.incomplete : "complete");
	assert_int_equal(find(&l, "plain")->count, 2);
	assert_int_equal(l.sources.n, 7);
	assert_true(strings_has(&l.sources, "/var/log/auth.log.2.gz"));
	assert_null(l.incomplete);
	past_logins_free(&l);
}

static void damaged_files_are_said_and_the_rest_is_read(void **state)
{
	static const char gz[] = "\037\213\010\000\000\000\000\000\000\003garbage that is no deflate stream at all";
	struct past_logins l;

	remove_all();
	write_file("auth.log", LINE("22", "plain"), strlen(LINE("22", "plain")));
	write_file("auth.log.2.gz", gz, sizeof gz - 1);
	l = read_folder();
	assert_int_equal(l.n, 1);
	assert_non_null(l.incomplete);
	assert_non_null(strstr(l.incomplete, "auth.log.2.gz: damaged"));
	past_logins_free(&l);
}

static void a_line_without_end_costs_no_memory(void **state)
{
	size_t len = 1 << 20;
	char *line = malloc(len);
	struct past_logins l = { 0 };

	memset(line, 'x', len);
	memcpy(line + len - 100, "\n" LINE("22", "anna"), strlen("\n" LINE("22", "anna")));
	assert_int_equal(past_file_parse(line, len, SINCE, NOW, &l), ERR_NONE);
	assert_int_equal(l.n, 1);
	past_logins_free(&l);
	free(line);
}

static void no_truncation_of_a_file_is_trouble(void **state)
{
	static const char text[] = LINE(
		"20", "a") "2026-11-22T20:17:02.5+00:00 h sshd[13]: Accepted password for b from ::1 port 7 ssh2\n";

	for (size_t len = 0; len < sizeof text; len++) {
		char *cut = malloc(len ? len : 1);
		struct past_logins l = { 0 };

		memcpy(cut, text, len);
		assert_int_equal(past_file_parse(cut, len, SINCE, NOW, &l), ERR_NONE);
		assert_int_equal(l.n, (len >= strlen(LINE("20", "a")) - 1) + (len >= sizeof text - 2));
		past_logins_free(&l);
		free(cut);
	}
}

static void the_key_in_use_is_that_of_the_process(void **state)
{
	struct past_logins l = read_text(
		"Nov  2 10:00:00 h sshd[10]: Accepted publickey for anna from 1.1.1.1 port 5 ssh2: RSA " FP_A "\n"
		"Nov  2 10:00:01 h sshd[11]: Accepted publickey for anna from 1.1.1.1 port 6 ssh2: ED25519 " FP_B "\n"
		"Nov  2 10:00:02 h sshd[12]: Accepted password for anna from 1.1.1.2 port 6 ssh2\n");

	assert_string_equal(past_login_find(&l, "anna", "1.1.1.1", 10)->fingerprint, FP_A);
	assert_string_equal(past_login_find(&l, "anna", "1.1.1.1", 99)->fingerprint, FP_B);
	assert_string_equal(past_login_find(&l, "anna", "1.1.1.1", 0)->fingerprint, FP_B);
	assert_null(past_login_find(&l, "anna", "1.1.1.2", 0)->fingerprint);
	assert_null(past_login_find(&l, "anna", "1.1.1.3", 0));
	assert_null(past_login_find(&l, "bob", "1.1.1.1", 0));
	past_logins_free(&l);
}

/* What is written down for good is not guessed. */
static void the_key_of_a_session_is_told_only_where_it_is_certain(void **state)
{
	struct past_logins l = read_text(
		"Nov  2 10:00:00 h sshd[10]: Accepted publickey for anna from 1.1.1.1 port 5 ssh2: RSA " FP_A "\n"
		"Nov  2 10:00:01 h sshd[11]: Accepted publickey for anna from 1.1.1.1 port 6 ssh2: ED25519 " FP_B "\n"
		"Nov  2 10:00:02 h sshd[12]: Accepted password for anna from 1.1.1.2 port 6 ssh2\n"
		"Nov  2 10:00:03 h sshd[13]: Accepted publickey for anna from 1.1.1.2 port 7 ssh2: RSA " FP_A "\n"
		"Nov  2 10:00:04 h sshd[14]: Accepted publickey for bob from 1.1.1.1 port 8 ssh2: RSA " FP_A "\n"
		"Nov  2 10:00:05 h sshd[15]: Accepted publickey for bob from 1.1.1.1 port 9 ssh2: RSA " FP_A "\n");

	assert_string_equal(past_login_of_session(&l, "anna", "1.1.1.1", 10)->fingerprint, FP_A);
	assert_string_equal(past_login_of_session(&l, "anna", "1.1.1.1", 11)->fingerprint, FP_B);
	assert_null(past_login_of_session(&l, "anna", "1.1.1.1", 99));
	assert_null(past_login_of_session(&l, "anna", "1.1.1.1", 0));
	assert_null(past_login_of_session(&l, "anna", "1.1.1.2", 99));
	assert_string_equal(past_login_of_session(&l, "bob", "1.1.1.1", 14)->fingerprint, FP_A);
	assert_null(past_login_of_session(&l, "bob", "1.1.1.9", 14));
	past_logins_free(&l);
}

static int make_folder(void **state)
{
	char path[256];

	setenv("TZ", "UTC", 1);
	tzset();
	if (!mkdtemp(folder))
		return -1;
	snprintf(path, sizeof path, "%s/var", folder);
	mkdir(path, 0755);
	snprintf(path, sizeof path, "%s/var/log", folder);
	return mkdir(path, 0755);
}

static int drop_folder(void **state)
{
	char path[256];

	remove_all();
	snprintf(path, sizeof path, "%s/var/log", folder);
	rmdir(path);
	snprintf(path, sizeof path, "%s/var", folder);
	rmdir(path);
	return rmdir(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_what_sshd_says),
		cmocka_unit_test(other_messages_are_no_login),
		cmocka_unit_test(no_truncation_of_a_message_is_misread),
		cmocka_unit_test(lines_of_both_forms_are_read),
		cmocka_unit_test(only_the_tag_at_its_place_counts),
		cmocka_unit_test(only_the_last_days_count),
		cmocka_unit_test(what_stands_twice_counts_once),
		cmocka_unit_test(the_same_login_by_another_method_is_no_second_one),
		cmocka_unit_test(features_belong_to_their_session),
		cmocka_unit_test(the_journal_is_believed_for_what_it_knows_itself),
		cmocka_unit_test(rotated_and_compressed_files_are_read),
		cmocka_unit_test(damaged_files_are_said_and_the_rest_is_read),
		cmocka_unit_test(a_line_without_end_costs_no_memory),
		cmocka_unit_test(no_truncation_of_a_file_is_trouble),
		cmocka_unit_test(the_key_in_use_is_that_of_the_process),
		cmocka_unit_test(the_key_of_a_session_is_told_only_where_it_is_certain),
	};

	return cmocka_run_group_tests(tests, make_folder, drop_folder);
}
