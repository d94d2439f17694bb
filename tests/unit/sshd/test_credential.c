/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_credential.c - keys of an account in another root, by release; the real sshd is asked in tests/net/test_credential.py. */
#include "sshd/credential.h"

#include "key/public.h"

#include "sshd.h"

#include <unistd.h>

#include "base/banned.h"

#define KEY "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAINGDKhDhTuG42aPMdBCPRbIQFhg8rClL7lf49wgxQx2W"
#define OTHER "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOoF6uM5dJOS9V8vk/69sgYXXoTvqoZbu4Gq2/NdCtD7"
#define CA "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGUJNwZ1K/Tty4YNRcAjx/EuoN/nWF+J+zIZCgKUnlGE"
#define RSA \
	"ssh-rsa " \
	"AAAAB3NzaC1yc2EAAAADAQABAAABAQCocqLFoWdsEJP2heAHFu5/m6vNV7CwB69Ck51lR/i8oUenhDIw73GT+nlC2Q" \
	"gyXOklzpoRRDgI/H8hAjl9kJxRuuYKDgOqwdDUd9MHkq8eGcufN+EBWtD4XNXCF0Vt+3FzZSlRPvAl+MckOjKai4ET" \
	"owd9ntvElGhI9eLZcfJMsbhFlrkKwAVXR9b+9gWzRUfJ83LYvSBaPF6sbnbpLudBw8t0b9ea14f+ofu6H5zoFV1m72" \
	"znCIbfpwhfB4bhVfQKSnOGfE6MnTe76t0neXkkl4IUep3sWsZa6DVTE4gwxKHZbrvBX50BPYZdU6cHTzX2CjvIXXJ0" \
	"cCf7hHVxBvQ1"
/* KEY signed by CA: id anna-id, serial 7, for anna and ops, 2020 to 2030 (UTC), force-command true, source-address 10.0.0.0/8 */
#define CERTIFICATE \
	"ssh-ed25519-cert-v01@openssh.com " \
	"AAAAIHNzaC1lZDI1NTE5LWNlcnQtdjAxQG9wZW5zc2guY29tAAAAIGgaIGDyerHKhX5foaM4MLu4J3MSGfoDC1hHbX" \
	"p86CVhAAAAINGDKhDhTuG42aPMdBCPRbIQFhg8rClL7lf49wgxQx2WAAAAAAAAAAcAAAABAAAAB2FubmEtaWQAAAAP" \
	"AAAABGFubmEAAAADb3BzAAAAAF4L4QAAAAAAcNvYgAAAAEEAAAANZm9yY2UtY29tbWFuZAAAAAgAAAAEdHJ1ZQAAAA" \
	"5zb3VyY2UtYWRkcmVzcwAAAA4AAAAKMTAuMC4wLjAvOAAAAIIAAAAVcGVybWl0LVgxMS1mb3J3YXJkaW5nAAAAAAAA" \
	"ABdwZXJtaXQtYWdlbnQtZm9yd2FyZGluZwAAAAAAAAAWcGVybWl0LXBvcnQtZm9yd2FyZGluZwAAAAAAAAAKcGVybW" \
	"l0LXB0eQAAAAAAAAAOcGVybWl0LXVzZXItcmMAAAAAAAAAAAAAADMAAAALc3NoLWVkMjU1MTkAAAAgZQk3BnUr9O3L" \
	"hg1FwCPH8S6g3+dYX4n7MhkKApSeUYQAAABTAAAAC3NzaC1lZDI1NTE5AAAAQBAGVTuawc2U6cZgl143oPSu/btEwa" \
	"rkrDuthklZnFhPGXcYp0EDzyoLVnLBTekT0qWUih9b9vp0155E7n1SEwg="
#define SK \
	"sk-ssh-ed25519@openssh.com " \
	"AAAAGnNrLXNzaC1lZDI1NTE5QG9wZW5zc2guY29tAAAAICGWztcNOdD6Zu5kPh/R+0aM5MHDKIRI89n3neEABhXmAAAABHNzaDo="
#define KEY_PRINT "SHA256:i/1FhGwaXWqfbfnjtyCzNxWgni+XoyI4gV2kMudQti4"
#define OTHER_PRINT "SHA256:KxZ9LnefNZjUlDjwRzFs01U4cRfKaGYf1HYpWrMq/Zg"
#define CA_PRINT "SHA256:chFhK9Lz+gifoA9/LLP3p5Ssbf3IxySwL/OQQX3wUZI"
#define NOW 1700000000 /* November 2023 */
#define KEYS "home/anna/.ssh/authorized_keys"

static char dir[SCRATCH_DIR];
static struct root *root;

static void put(const char *path, const char *text)
{
	scratch_write(scratch_path(dir, path), text);
	assert_int_equal(chmod(scratch_path(dir, path), 0644), 0);
}

static int world_make(void **state)
{
	static const char *const dirs[] = { "etc", "etc/ssh", "home", "home/anna", "home/anna/.ssh" };
	char passwd[256];

	scratch_make(dir);
	for (size_t i = 0; i < ARRAY_SIZE(dirs); i++)
		assert_int_equal(mkdir(scratch_path(dir, dirs[i]), 0755), 0);
	/* the account is ours, so that StrictModes holds for whoever runs the test; with root there is a second one */
	snprintf(passwd, sizeof passwd, "anna:x:%u:%u::/home/anna:/bin/sh\nroot:x:0:0::/home/anna:/bin/sh\n", geteuid(),
		 getegid());
	put("etc/passwd", passwd);
	put("etc/group", "");
	return root_open(dir, &root) ? -1 : 0;
}

static int world_end(void **state)
{
	root_close(root);
	scratch_remove(dir);
	return 0;
}

/* One configuration and one account, asked. */
struct asked {
	struct sshd_config *config;
	struct sshd_effective *rules;
	struct credential_store *store;
	struct account *anna;
};

static struct asked ask(const char *config, unsigned release)
{
	struct asked a = { .config = text_fine(config, release) };

	assert_int_equal(sshd_effective(a.config, NULL, &a.rules), ERR_NONE);
	assert_int_equal(credential_store_new(root, a.config, NOW, &a.store), ERR_NONE);
	assert_int_equal(account_find(root, "anna", &a.anna), ERR_NONE);
	return a;
}

static void ask_end(struct asked *a)
{
	credential_store_free(a->store);
	sshd_effective_free(a->rules);
	sshd_config_free(a->config);
	account_free(a->anna);
}

static const char *said(struct asked *a, const char *addr, const struct offered_key *key)
{
	static char out[64];
	struct credential_answer answer;

	assert_int_equal(credential_try(a->store, a->rules, a->anna, addr, addr, key, &answer), ERR_NONE);
	assert_int_equal(!answer.obstacle, !answer.detail);
	snprintf(out, sizeof out, "%s%s%s", credential_obstacle_text(answer.obstacle),
		 answer.has_command ? "forced" : "", answer.line ? " " : "");
	if (answer.line)
		snprintf(out + strlen(out), sizeof out - strlen(out), "%u", answer.line);
	credential_answer_clear(&answer);
	return out;
}

/* "word line" for one key line, "" without a word. */
static const char *tried(const char *config, unsigned release, const char *addr, const char *line)
{
	static char out[64];
	struct asked a = ask(config, release);
	struct public_key_line key = { 0 };
	struct offered_key offered;

	assert_int_equal(public_key_decode_line(line, strlen(line), release, &key), ERR_NONE);
	offered = (struct offered_key){ .blob = key.blob, .len = key.blob_len };
	snprintf(out, sizeof out, "%s", said(&a, addr, &offered));
	public_key_line_clear(&key);
	ask_end(&a);
	return out;
}

static const char *tried_print(const char *config, const char *print, const char *ca, const char *type)
{
	static char out[64];
	struct asked a = ask(config, R92);
	const struct offered_key offered = { .fingerprint = print, .ca_fingerprint = ca, .type = type };

	snprintf(out, sizeof out, "%s", said(&a, "10.0.0.5", &offered));
	ask_end(&a);
	return out;
}

/* "word unsure:word,word..." */
static const char *found(const char *config, unsigned release)
{
	static char out[256];
	struct asked a = ask(config, release);
	const struct credentials *all;
	struct text t = { 0 };

	assert_int_equal(credentials_find(a.store, a.rules, a.anna, &all), ERR_NONE);
	assert_int_equal(!all->obstacle, !all->detail);
	text_add(&t, "%s%s", credential_obstacle_text(all->obstacle), all->unsure ? " unsure" : "");
	for (size_t i = 0; i < all->n; i++) {
		assert_int_equal(!all->v[i].obstacle, !all->v[i].detail);
		text_add(&t, "%s%s", i ? "," : ":", credential_obstacle_text(all->v[i].obstacle));
	}
	snprintf(out, sizeof out, "%s", text_string(&t));
	text_free(&t);
	ask_end(&a);
	return out;
}

static void the_first_line_that_fits_decides(void **state)
{
	assert_string_equal(tried("", R92, "10.0.0.5", KEY), "key-not-listed");
	put(KEYS, OTHER "\n"
			"from=\"192.168.*\" " KEY "\nexpiry-time=\"20200101\" " KEY "\n");
	assert_string_equal(tried("", R92, "10.0.0.5", KEY), "key-from 2");
	assert_string_equal(tried("", R92, "192.168.1.1", KEY), " 2");
	put(KEYS, "expiry-time=\"20200101\" " KEY "\n" KEY "\ncommand=\"x\" " KEY "\n");
	assert_string_equal(tried("", R92, "10.0.0.5", KEY), " 2");
	put(KEYS, "command=\"x\" " KEY "\n" KEY "\n");
	assert_string_equal(tried("", R92, "10.0.0.5", KEY), "forced 1");
	put(KEYS, "cert-authority " KEY "\n");
	assert_string_equal(tried("", R92, "10.0.0.5", KEY), "certificate-type 1");
}

static void rules_come_before_files(void **state)
{
	put(KEYS, RSA "\n" KEY "\n");
	assert_string_equal(tried("RequiredRSASize 3072", R92, "10.0.0.5", RSA), "key-size");
	assert_string_equal(tried("RequiredRSASize 2048", R92, "10.0.0.5", RSA), " 1");
	assert_string_equal(tried("PubkeyAcceptedAlgorithms rsa-*", R92, "10.0.0.5", KEY), "key-algorithm");
	assert_string_equal(tried("RevokedKeys /etc/ssh/none", R92, "10.0.0.5", KEY), "revoked-keys-broken");
	put("etc/ssh/revoked", OTHER "\n" KEY "\nnonsense\n");
	assert_string_equal(tried("RevokedKeys /etc/ssh/revoked", R92, "10.0.0.5", KEY), "key-revoked");
	assert_string_equal(tried("RevokedKeys /etc/ssh/revoked", R92, "10.0.0.5", RSA), "revoked-keys-broken");
	assert_string_equal(found("RevokedKeys /etc/ssh/revoked", R92),
			    "revoked-keys-broken:revoked-keys-broken,key-revoked");
}

static void several_lists_of_revoked_keys_since_10_3(void **state)
{
	put(KEYS, KEY "\n");
	put("etc/ssh/a", OTHER "\n");
	put("etc/ssh/b", KEY "\n");
	assert_string_equal(tried("RevokedKeys /etc/ssh/a /etc/ssh/b", SSHD_RELEASE(10, 3), "10.0.0.5", KEY),
			    "key-revoked");
	assert_string_equal(tried("RevokedKeys /etc/ssh/a", SSHD_RELEASE(10, 3), "10.0.0.5", KEY), " 1");
}

static void names_of_files_are_patterns_since_10_0(void **state)
{
	static const char config[] = "AuthorizedKeysFile .ssh/keys.*";

	put("home/anna/.ssh/keys.b", KEY "\n");
	put("home/anna/.ssh/keys.a", OTHER "\n");
	assert_string_equal(tried(config, SSHD_RELEASE(10, 0), "10.0.0.5", KEY), " 1");
	assert_string_equal(tried(config, SSHD_RELEASE(9, 9), "10.0.0.5", KEY), "key-not-listed");
	assert_string_equal(found(config, SSHD_RELEASE(10, 0)), ":,");
	assert_string_equal(found(config, SSHD_RELEASE(9, 9)), "no-keys");
}

static void an_unknown_token_ends_the_search(void **state)
{
	put(KEYS, KEY "\n");
	assert_string_equal(tried("AuthorizedKeysFile /x%y .ssh/authorized_keys", R92, "10.0.0.5", KEY),
			    "key-not-listed");
	assert_string_equal(tried("AuthorizedKeysFile .ssh/authorized_keys /x%y", R92, "10.0.0.5", KEY), " 1");
	assert_string_equal(found("AuthorizedKeysFile /x%y .ssh/authorized_keys", R92), "no-keys");
}

static void certificates_of_trusted_authorities(void **state)
{
	static const char trust[] = "TrustedUserCAKeys /etc/ssh/ca";

	put("etc/ssh/ca", "# ours\n" OTHER "\n" CA "\n");
	assert_string_equal(tried(trust, R92, "10.0.0.5", CERTIFICATE), "forced 3");
	assert_string_equal(tried(trust, R92, "192.168.1.1", CERTIFICATE), "key-from 3");
	assert_string_equal(tried("", R92, "10.0.0.5", CERTIFICATE), "certificate-ca");
	assert_string_equal(found(trust, R92), ":,");
	assert_string_equal(found("TrustedUserCAKeys /etc/ssh/ca\nAuthorizedPrincipalsFile /etc/ssh/p", R92),
			    "certificate-principal:certificate-principal,certificate-principal");
	put("etc/ssh/p", "web\nops\n");
	assert_string_equal(tried("TrustedUserCAKeys /etc/ssh/ca\nAuthorizedPrincipalsFile /etc/ssh/p", R92, "10.0.0.5",
				  CERTIFICATE),
			    "forced 2");
	put("etc/ssh/p", "command=\"false\" ops\nops\n");
	assert_string_equal(tried("TrustedUserCAKeys /etc/ssh/ca\nAuthorizedPrincipalsFile /etc/ssh/p", R92, "10.0.0.5",
				  CERTIFICATE),
			    "key-command 1");
	/* sshd stops at a line that is no key */
	put("etc/ssh/ca", OTHER "\nnonsense\n" CA "\n");
	assert_string_equal(tried(trust, R92, "10.0.0.5", CERTIFICATE), "certificate-ca");
}

static void certificates_by_a_line_of_the_account(void **state)
{
	put(KEYS, "cert-authority " CA "\n");
	assert_string_equal(tried("", R92, "10.0.0.5", CERTIFICATE), "forced 1");
	assert_string_equal(tried("", R92, "10.0.0.5", KEY), "key-not-listed");
	put(KEYS, "cert-authority,principals=\"web\" " CA "\ncert-authority,principals=\"a,ops\" " CA "\n");
	assert_string_equal(tried("", R92, "10.0.0.5", CERTIFICATE), "forced 2");
	put(KEYS, "cert-authority,principals=\"web\" " CA "\n");
	assert_string_equal(tried("", R92, "10.0.0.5", CERTIFICATE), "certificate-principal 1");
	put(KEYS, CA "\n");
	assert_string_equal(tried("", R92, "10.0.0.5", CERTIFICATE), "certificate-type 1");
}

static void a_fingerprint_of_a_log_is_enough_for_listed_keys(void **state)
{
	put(KEYS, "from=\"10.*\" " KEY "\nexpiry-time=\"20200101\" " OTHER "\n");
	assert_string_equal(tried_print("", KEY_PRINT, NULL, "ED25519"), " 1");
	assert_string_equal(tried_print("", OTHER_PRINT, NULL, "ED25519"), "key-expired 2");
	assert_string_equal(tried_print("", CA_PRINT, NULL, NULL), "key-not-listed");
	assert_string_equal(tried_print("PubkeyAcceptedAlgorithms rsa-*", KEY_PRINT, NULL, "ED25519"),
			    "key-algorithm 1");
	put("etc/ssh/revoked", KEY "\n");
	assert_string_equal(tried_print("RevokedKeys /etc/ssh/revoked", KEY_PRINT, NULL, "ED25519"), "key-revoked 1");
}

static void a_certificate_of_a_log_is_refused_or_unknown(void **state)
{
	static const char trust[] = "TrustedUserCAKeys /etc/ssh/ca";

	put("etc/ssh/ca", CA "\n");
	assert_string_equal(tried_print(trust, KEY_PRINT, CA_PRINT, "ED25519-CERT"), "unreadable");
	assert_string_equal(tried_print(trust, KEY_PRINT, OTHER_PRINT, "ED25519-CERT"), "certificate-ca");
	assert_string_equal(tried_print("", KEY_PRINT, CA_PRINT, "ED25519-CERT"), "certificate-ca");
	put("etc/ssh/revoked", CA "\n");
	assert_string_equal(tried_print("TrustedUserCAKeys /etc/ssh/ca\nRevokedKeys /etc/ssh/revoked", KEY_PRINT,
					CA_PRINT, "ED25519-CERT"),
			    "key-revoked 1");
}

static void commands_of_another_root_leave_it_open(void **state)
{
	static const char config[] = "AuthorizedKeysCommand /bin/keys %u\nAuthorizedKeysCommandUser root\n";

	assert_string_equal(found(config, R92), "unreadable unsure");
	assert_string_equal(tried(config, R92, "10.0.0.5", KEY), "unreadable");
	put(KEYS, KEY "\nfrom=\"192.168.*\" " OTHER "\n");
	assert_string_equal(found(config, R92), " unsure:,");
	assert_string_equal(tried(config, R92, "10.0.0.5", KEY), " 1");
	assert_string_equal(tried(config, R92, "10.0.0.5", OTHER), "unreadable");
	/* what is refused everywhere needs no answer */
	assert_string_equal(tried("PubkeyAcceptedAlgorithms rsa-*\nAuthorizedKeysCommand /bin/keys %u\n"
				  "AuthorizedKeysCommandUser root\n",
				  R92, "10.0.0.5", KEY),
			    "key-algorithm");
}

static void odd_files_are_no_keys(void **state)
{
	assert_int_equal(mkfifo(scratch_path(dir, KEYS), 0644), 0);
	assert_string_equal(found("", R92), "no-keys");
	assert_int_equal(unlink(scratch_path(dir, KEYS)), 0);
	assert_int_equal(mkdir(scratch_path(dir, KEYS), 0755), 0);
	assert_string_equal(found("", R92), "no-keys");
	assert_int_equal(rmdir(scratch_path(dir, KEYS)), 0);
	put(KEYS, KEY "\n");
	assert_int_equal(truncate(scratch_path(dir, KEYS), (off_t)10 << 30), 0);
	assert_string_equal(found("", R92), "unreadable unsure");
	assert_int_equal(unlink(scratch_path(dir, KEYS)), 0);
	assert_int_equal(symlink("authorized_keys", scratch_path(dir, KEYS)), 0);
	assert_string_equal(found("", R92), "no-keys");
}

static void files_over_the_limit_are_unreadable(void **state)
{
	static const struct {
		size_t bytes, lines;
		const char *said;
	} limits[] = {
		{ 1000, 3, " 3" },
		{ 1000, 2, "unreadable" },
		{ sizeof(KEY) + 1, 3, "unreadable" },
		{ sizeof(KEY) + 2, 3, " 3" },
		{ 1000, 1000, " 3" },
	};
	const struct offered_key hers = { .fingerprint = KEY_PRINT };

	/* with and without a newline at the end it has three lines */
	for (size_t end = 0; end < 2; end++)
		for (size_t i = 0; i < ARRAY_SIZE(limits); i++) {
			struct asked a;
			put(KEYS, end ? "\n\n" KEY "\n" : "#\n\n" KEY);
			a = ask("", R92);
			credential_store_limit(a.store, limits[i].bytes, limits[i].lines);
			assert_string_equal(said(&a, "10.0.0.5", &hers), limits[i].said);
			ask_end(&a);
		}
}

/* The touch that a security key must show, by the line and by the rules. */
static void security_keys_must_show_what_line_or_rules_want(void **state)
{
	static const struct {
		const char *config, *options, *key;
		bool touch, verify;
	} rows[] = {
		{ "", "", SK, true, false },
		{ "", "no-touch-required ", SK, false, false },
		{ "", "verify-required ", SK, true, true },
		{ "", "no-touch-required,verify-required ", SK, false, true },
		{ "PubkeyAuthOptions none\n", "no-touch-required ", SK, false, false },
		{ "PubkeyAuthOptions touch-required\n", "no-touch-required ", SK, true, false },
		{ "PubkeyAuthOptions verify-required\n", "no-touch-required ", SK, false, true },
		{ "PubkeyAuthOptions touch-required verify-required\n", "", SK, true, true },
		{ "Match User anna\nPubkeyAuthOptions touch-required\n", "no-touch-required ", SK, false, false },
		{ "PubkeyAuthOptions touch-required verify-required\n", "verify-required ", KEY, false, false },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct asked a = ask(rows[i].config, R92);
		struct credential_answer answer;
		struct public_key_line key = { 0 };
		char line[1024];
		snprintf(line, sizeof line, "%s%s\n", rows[i].options, rows[i].key);
		put(KEYS, line);
		assert_int_equal(public_key_decode_line(rows[i].key, strlen(rows[i].key), R92, &key), ERR_NONE);
		assert_int_equal(credential_try(a.store, a.rules, a.anna, NULL, "10.0.0.5",
						&(struct offered_key){ .blob = key.blob, .len = key.blob_len },
						&answer),
				 ERR_NONE);
		assert_int_equal(answer.obstacle, OBSTACLE_NONE);
		if (answer.wants_touch != rows[i].touch || answer.wants_verify != rows[i].verify)
			fail_msg("'%s' '%s': touch %d, verify %d", rows[i].config, rows[i].options, answer.wants_touch,
				 answer.wants_verify);
		credential_answer_clear(&answer);
		public_key_line_clear(&key);
		ask_end(&a);
	}
}

static void modes_keep_all_keys_of_a_file_out(void **state)
{
	put(KEYS, KEY "\n" OTHER "\n");
	assert_int_equal(chmod(scratch_path(dir, "home/anna"), 0777), 0);
	assert_string_equal(found("", R92), "strict-modes:strict-modes,strict-modes");
	assert_string_equal(tried("", R92, "10.0.0.5", OTHER), "strict-modes 2");
	assert_string_equal(found("StrictModes no", R92), ":,");
}

static void from_is_looked_at_for_each_address(void **state)
{
	struct asked a;
	const struct credentials *all;

	put(KEYS, "from=\"10.0.0.0/8,!10.1.*,*.example.org\" " KEY "\n" OTHER "\n");
	a = ask("", R92);
	assert_int_equal(credentials_find(a.store, a.rules, a.anna, &all), ERR_NONE);
	assert_int_equal(all->n, 2);
	assert_true(credential_admits(&all->v[0], "10.0.0.5", "10.0.0.5"));
	assert_false(credential_admits(&all->v[0], "10.1.0.5", "10.1.0.5"));
	assert_false(credential_admits(&all->v[0], "192.168.1.1", "192.168.1.1"));
	assert_true(credential_admits(&all->v[0], "WS.example.org", "192.168.1.1"));
	assert_false(credential_admits(&all->v[0], "ws.example.org", "10.1.0.5"));
	assert_true(credential_admits(&all->v[1], "192.168.1.1", "192.168.1.1"));
	ask_end(&a);
}

static void what_was_read_once_stays(void **state)
{
	struct asked a;
	const struct credentials *first, *second;
	struct sshd_effective *again = NULL;

	put(KEYS, KEY "\n");
	a = ask("AuthorizedKeysFile .ssh/authorized_keys\n", R92);
	assert_int_equal(credentials_find(a.store, a.rules, a.anna, &first), ERR_NONE);
	put(KEYS, "");
	/* rules may go away; those with the same lines are the same */
	assert_int_equal(sshd_effective(a.config, NULL, &again), ERR_NONE);
	sshd_effective_free(a.rules);
	a.rules = again;
	assert_int_equal(credentials_find(a.store, a.rules, a.anna, &second), ERR_NONE);
	assert_ptr_equal(first, second);
	assert_int_equal(second->n, 1);
	ask_end(&a);
}

static void what_is_no_key_is_an_error(void **state)
{
	struct asked a = ask("", R92);
	struct public_key_line key = { 0 };
	struct credential_answer answer = { .line = 77 };

	assert_int_equal(public_key_decode_line(CERTIFICATE, strlen(CERTIFICATE), R92, &key), ERR_NONE);
	for (size_t len = 0; len < key.blob_len; len++) {
		const struct offered_key cut = { .blob = key.blob, .len = len };
		assert_int_equal(credential_try(a.store, a.rules, a.anna, "::1", "::1", &cut, &answer), ERR_SYNTAX);
	}
	assert_int_equal(answer.line, 77);
	public_key_line_clear(&key);
	ask_end(&a);
}

#define IN_WORLD(test) cmocka_unit_test_setup_teardown(test, world_make, world_end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_WORLD(the_first_line_that_fits_decides),
		IN_WORLD(rules_come_before_files),
		IN_WORLD(several_lists_of_revoked_keys_since_10_3),
		IN_WORLD(names_of_files_are_patterns_since_10_0),
		IN_WORLD(an_unknown_token_ends_the_search),
		IN_WORLD(certificates_of_trusted_authorities),
		IN_WORLD(certificates_by_a_line_of_the_account),
		IN_WORLD(a_fingerprint_of_a_log_is_enough_for_listed_keys),
		IN_WORLD(a_certificate_of_a_log_is_refused_or_unknown),
		IN_WORLD(commands_of_another_root_leave_it_open),
		IN_WORLD(odd_files_are_no_keys),
		IN_WORLD(files_over_the_limit_are_unreadable),
		IN_WORLD(security_keys_must_show_what_line_or_rules_want),
		IN_WORLD(modes_keep_all_keys_of_a_file_out),
		IN_WORLD(from_is_looked_at_for_each_address),
		IN_WORLD(what_was_read_once_stays),
		IN_WORLD(what_is_no_key_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
