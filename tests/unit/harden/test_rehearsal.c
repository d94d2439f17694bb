/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_rehearsal.c - whom and what a new configuration would cut off, from a few lines of a log. */
#include "harden/rehearsal.h"

#include "sshd/host.h"

#include "base/banned.h"

#define NOW 1795391910 /* 2026-11-22T23:58:30Z */
#define DAY 86400
#define KEY "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBhVBSIm5UBHpmR7JWxpAynMjgc3/M9Xmh6Ws9yNsCmt anna\n"
#define KEY_PRINT "SHA256:h0iC46FSIL/HpsdA/el1e+uqfDSmi8BRctCFGSfuC1s"
#define RSA \
	"ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABAQDL7rlb9abyOV9kbrKl1Uv2qOfc7M1OlgIusmBmYzifHLj2eDFdq9Bz/kspP9/9Yy368WyyMwhz0NqaPII" \
	"Uqcqs05r0NK6UjvS5r1Qy6CTphz9fve8eNDojm89NS4TzS1cvDpehmRDGCyTLFLhiLcAPulq63c0KK/xlpvrQdMBxofrJsQ/RIZOMu4h3O6CIxq30GUMQN5" \
	"JW0hxa+USu9qhPAjw3uo2O7eqPI5KnLf7hfcoNwmJoSe48kdAa/dYYpSxFoEbpmvE4Wdxt1Ke0lnIuyJK0s6bOl6+6l0cz472DvuV2SYGsAJkjrSLmTa6e4" \
	"ikXNyYaaNqdEPRy0HA2OMzt anna\n"
#define RSA_PRINT "SHA256:bQ3xdPc8fsnMgarht12ns/cwTKsQK4pEuKH7btsHSNg"
#define OTHER_PRINT "SHA256:L9tcjCMQrDqV6j5BxbXjBc/5nCGaSq11cfMRN54SHFU"
#define SFTP "Subsystem sftp /usr/lib/openssh/sftp-server\n"

#define BY_KEY(second, user, addr, port, key) \
	"Nov 22 10:00:" second " h sshd[1]: Accepted publickey for " user " from " addr " port " port " ssh2: " key "\n"
#define BY(second, method, user, addr, port) \
	"Nov 22 10:00:" second " h sshd[1]: Accepted " method " for " user " from " addr " port " port " ssh2\n"

/* One change of the rules, rehearsed. */
struct change {
	struct sshd_config *before, *after;
	struct past_logins past;
	struct rehearsal r;
	struct text said;
};

static void change_make(const struct host *s, const char *before, const char *after, const char *log, struct change *c)
{
	*c = (struct change){ .before = text_fine(before, R92), .after = text_fine(after, R92) };
	assert_int_equal(past_file_parse(log, strlen(log), NOW - 90 * DAY, NOW, &c->past), ERR_NONE);
	assert_int_equal(rehearsal_run(s->root, c->before, s->root, c->after, &c->past, NOW, &c->r), ERR_NONE);
	rehearsal_describe(&c->r, NOW, &c->said);
}

static void change_clear(struct change *c)
{
	text_free(&c->said);
	rehearsal_clear(&c->r);
	past_logins_free(&c->past);
	sshd_config_free(c->before);
	sshd_config_free(c->after);
}

static const struct {
	const char *why, *before, *after, *log, *said;
} cases[] = {
	{ "passwords end", "", "PasswordAuthentication no\n",
	  BY_KEY("00", "anna", "10.0.0.5", "1", "ED25519 " KEY_PRINT) BY("01", "password", "bob", "10.0.0.7", "2")
		  BY("02", "password", "bob", "10.0.0.7", "3"),
	  "Of 3 logins in the last day 1 would still work:\n"
	  "  lost: bob from 10.0.0.7 (2 times, by password)\n"
	  "  ends: password, used by bob\n" },
	{ "nothing is lost", "", "MaxAuthTries 3\n", BY_KEY("00", "anna", "10.0.0.5", "1", "ED25519 " KEY_PRINT),
	  "Of 1 login in the last day 1 would still work\n" },
	{ "an account that is gone, a key that was removed", "", "MaxAuthTries 3\n",
	  BY("00", "password", "gone", "10.0.0.5", "1") BY_KEY("01", "anna", "10.0.0.5", "1", "ED25519 " OTHER_PRINT),
	  "Of 2 logins in the last day 0 would still work, 2 do not work today either\n" },
	{ "they are no loss when the rules change", "", "PasswordAuthentication no\nDenyUsers gone anna\n",
	  BY("00", "password", "gone", "10.0.0.5", "1") BY_KEY("01", "anna", "10.0.0.5", "1", "ED25519 " OTHER_PRINT),
	  "Of 2 logins in the last day 0 would still work, 2 do not work today either\n" },
	{ "the line says why", "", "AllowUsers *@10.0.0.0/24\n",
	  BY("00", "password", "bob", "10.0.0.7", "1") BY("01", "password", "bob", "10.0.1.7", "1"),
	  "Of 2 logins in the last day 1 would still work:\n"
	  "  lost: bob from 10.0.1.7 (1 time, by password): AllowUsers is set and lists neither bob nor a pattern for it\n" },
	{ "a key that is too short, beside one that is not", "", "RequiredRSASize 3072\n",
	  BY_KEY("00", "anna", "10.0.0.5", "1", "RSA " RSA_PRINT)
		  BY_KEY("01", "anna", "10.0.0.5", "2", "ED25519 " KEY_PRINT),
	  "Of 2 logins in the last day 1 would still work:\n"
	  "  lost: anna from 10.0.0.5 (1 time, by RSA key " RSA_PRINT
	  "): the RSA key has 2048 bits, and at least 3072 are required\n" },
	{ "a list of revoked keys that is not there", "", "RevokedKeys /etc/ssh/gone\n",
	  BY_KEY("01", "anna", "10.0.0.5", "2", "ED25519 " KEY_PRINT),
	  "Of 1 login in the last day 0 would still work:\n"
	  "  lost: anna from 10.0.0.5 (1 time, by ED25519 key " KEY_PRINT
	  "): RevokedKeys /etc/ssh/gone is not there; sshd refuses every key\n" },
	{ "keyboard-interactive", "KbdInteractiveAuthentication yes\nUsePAM yes\n",
	  "KbdInteractiveAuthentication no\nUsePAM yes\n", BY("00", "keyboard-interactive/pam", "bob", "10.0.0.7", "1"),
	  "Of 1 login in the last day 0 would still work:\n"
	  "  lost: bob from 10.0.0.7 (1 time, by keyboard-interactive/pam)\n"
	  "  ends: keyboard-interactive, used by bob\n" },
	{ "a second factor that they have", "", "AuthenticationMethods publickey,password\n",
	  BY_KEY("00", "anna", "10.0.0.5", "1", "ED25519 " KEY_PRINT),
	  "Of 1 login in the last day 1 would still work\n" },
	{ "of a login that took two methods the log names the last", "AuthenticationMethods publickey,password\n",
	  "AuthenticationMethods publickey,password\nMaxAuthTries 3\n", BY("00", "password", "anna", "10.0.0.5", "1"),
	  "Of 1 login in the last day 1 would still work\n" },
	{ "sftp is gone", SFTP, "MaxAuthTries 3\n",
	  BY("00", "password", "bob", "10.0.0.7",
	     "1") "Nov 22 10:00:01 h sshd[2]: Starting session: subsystem 'sftp' for bob from 10.0.0.7 port 1 id 0\n",
	  "Of 1 login in the last day 1 would still work:\n"
	  "  ends: sftp, used by bob\n" },
	{ "a forced command leaves no sftp", SFTP, SFTP "ForceCommand /bin/sh\n",
	  BY("00", "password", "bob", "10.0.0.7",
	     "1") "Nov 22 10:00:01 h sshd[2]: Starting session: subsystem 'sftp' for bob from 10.0.0.7 port 1 id 0\n",
	  "Of 1 login in the last day 1 would still work:\n"
	  "  ends: sftp, used by bob\n" },
	{ "this one is sftp", SFTP, "ForceCommand internal-sftp\n",
	  BY("00", "password", "bob", "10.0.0.7",
	     "1") "Nov 22 10:00:01 h sshd[2]: Starting session: subsystem 'sftp' for bob from 10.0.0.7 port 1 id 0\n",
	  "Of 1 login in the last day 1 would still work\n" },
	{ "a Match block for one of two", "", "Match User bob\nAllowTcpForwarding remote\n",
	  BY("00", "password", "bob", "10.0.0.7",
	     "1") "Nov 22 10:00:01 h sshd[1]: error: connect_to 127.0.0.1 port 1: failed.\n"
		  "Nov 22 10:00:02 h sshd[3]: Accepted password for anna from 10.0.0.5 port 2 ssh2\n"
		  "Nov 22 10:00:02 h sshd[3]: error: connect_to 127.0.0.1 port 1: failed.\n",
	  "Of 2 logins in the last day 2 would still work:\n"
	  "  ends: local TCP forwarding, used by bob\n" },
	{ "no forwarding", "", "DisableForwarding yes\n",
	  BY("00", "password", "bob", "10.0.0.7",
	     "1") "Nov 22 10:00:01 h sshd[1]: error: channel_setup_fwd_listener_tcpip: cannot listen to port: 99\n",
	  "Of 1 login in the last day 1 would still work:\n"
	  "  ends: remote TCP forwarding, used by bob\n" },
	{ "escapes in a name stay escapes", "", "AllowUsers anna\n",
	  BY("00", "password", "\\033[31mx", "10.0.0.7", "1"),
	  "Of 1 login in the last day 0 would still work:\n"
	  "  lost: \\x1B[31mx from 10.0.0.7 (1 time, by password): AllowUsers is set and lists neither \\x1B[31mx nor a "
	  "pattern for it\n" },
	{ "no log", "", "MaxAuthTries 3\n", "", "No past logins to rehearse: no log of sshd was found\n" },
	{ "no login", "", "MaxAuthTries 3\n", "Nov 12 10:00:00 h cron[1]: x\n",
	  "No login in the last 11 days is in the logs\n" },
};

static void says_whom_and_what_a_change_cuts_off(void **state)
{
	const struct host *s = *state;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct change c;

		change_make(s, cases[i].before, cases[i].after, cases[i].log, &c);
		if (strcmp(text_string(&c.said), cases[i].said) != 0)
			fail_msg("%s:\n%s\nwanted:\n%s", cases[i].why, text_string(&c.said), cases[i].said);
		change_clear(&c);
	}
}

static void the_most_frequent_loss_comes_first_and_few_are_shown(void **state)
{
	struct text log = { 0 };
	struct change c;

	for (unsigned i = 0; i < 30; i++)
		for (unsigned k = 0; k <= i; k++)
			text_add(&log,
				 "Nov 22 10:00:%02u h sshd[1]: Accepted password for bob from 10.0.0.%u port %u ssh2\n",
				 i, i, k + 1);
	change_make(*state, "", "PasswordAuthentication no\n", text_string(&log), &c);
	assert_int_equal(c.r.nlost, 30);
	assert_string_equal(c.r.lost[0].login->addr, "10.0.0.29");
	assert_int_equal(c.r.lost[0].login->count, 30);
	assert_int_equal(c.r.lost_logins, 465);
	assert_int_equal(c.r.kept, 0);
	assert_non_null(strstr(text_string(&c.said), "  lost: 210 more: --format json names them\n"));
	assert_null(strstr(text_string(&c.said), "10.0.0.19 "));
	change_clear(&c);
	text_free(&log);
}

static void large_numbers_can_be_read(void **state)
{
	struct text log = { 0 };
	struct change c;

	for (unsigned i = 1; i <= 1211; i++)
		text_add(&log, "Nov 22 10:00:00 h sshd[%u]: Accepted password for bob from 10.0.0.1 port %u ssh2\n", i,
			 i);
	change_make(*state, "", "MaxAuthTries 3\n", text_string(&log), &c);
	assert_string_equal(text_string(&c.said), "Of 1,211 logins in the last day 1,211 would still work\n");
	change_clear(&c);
	text_free(&log);
}

static void scripts_get_all_of_it(void **state)
{
	struct change c;
	json_t *j, *lost;
	const char *user, *addr, *method, *reason, *since, *feature, *by;
	json_int_t logins, kept, count, used;

	change_make(*state, "", "PasswordAuthentication no\n", BY("01", "password", "bob", "10.0.0.7", "2"), &c);
	assert_int_equal(strings_add(&c.past.sources, "/var/log/auth.log"), ERR_NONE);
	j = rehearsal_json(&c.r);
	assert_int_equal(json_unpack(j, "{s:I,s:I,s:o,s:s,s:[{s:s,s:s,s:I}]}", "logins", &logins, "kept", &kept, "lost",
				     &lost, "since", &since, "ended", "feature", &feature, "by", &by, "count", &used),
			 0);
	assert_int_equal(json_unpack(json_array_get(lost, 0), "{s:s,s:s,s:s,s:I,s:s}", "user", &user, "addr", &addr,
				     "method", &method, "count", &count, "reason", &reason),
			 0);
	assert_int_equal(logins, 1);
	assert_int_equal(kept, 0);
	assert_string_equal(user, "bob");
	assert_string_equal(addr, "10.0.0.7");
	assert_string_equal(method, "password");
	assert_int_equal(count, 1);
	assert_string_equal(reason, "method-disabled");
	assert_string_equal(since, "2026-11-22T10:00:01Z");
	assert_string_equal(feature, "password");
	assert_string_equal(by, "bob");
	assert_int_equal(used, 1);
	assert_string_equal(json_string_value(json_array_get(json_object_get(j, "sources"), 0)), "/var/log/auth.log");
	json_decref(j);
	change_clear(&c);
}

/* Accounts of whoever runs the test, so that StrictModes has nothing against their files; but not of root. */
static int make(void **state)
{
	unsigned uid = getuid() ? getuid() : 1001;
	struct text passwd = { 0 };
	struct host *s;

	setenv("TZ", "UTC", 1);
	tzset();
	host_make(state);
	s = *state;
	text_add(
		&passwd,
		"anna:x:%u:2001::/home/anna:/bin/sh\nbob:x:%u:2001::/home/bob:/bin/sh\n\033[31mx:x:%u:2001::/:/bin/sh\n",
		uid, uid, uid);
	host_put(s, "etc/passwd", text_string(&passwd));
	host_put(s, "etc/shadow", "anna:$6$salt$hash:19000:0:99999:7:::\nbob:$6$salt$hash:19000:0:99999:7:::\n");
	host_put(s, "home/anna/.ssh/authorized_keys", KEY RSA);
	text_free(&passwd);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(says_whom_and_what_a_change_cuts_off),
		cmocka_unit_test(the_most_frequent_loss_comes_first_and_few_are_shown),
		cmocka_unit_test(large_numbers_can_be_read),
		cmocka_unit_test(scripts_get_all_of_it),
	};

	return cmocka_run_group_tests(tests, make, host_remove);
}
