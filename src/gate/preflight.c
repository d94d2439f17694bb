/* SPDX-License-Identifier: GPL-3.0-or-later */
/* preflight.c - look at what the settings name, without doing anything with it. */
#include "gate/preflight.h"

#include "base/reader.h"
#include "gate/role.h"
#include "key/public.h"
#include "sshd/account.h"
#include "sshd/config.h"
#include "sshd/version.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

#define KEY_FILE_MAX (64 * 1024)
#define SECRET_FILE_MAX 4096
#define SECRET_DIGITS (2 * NATIVE_SECRET)
#define SSHD_PROGRAM "/usr/sbin/sshd"
#define SSHD_PROGRAM_MAX (64 * 1024 * 1024)
#define MAGIC "openssh-key-v1"

static void wipe(char *secret, size_t len)
{
	if (secret)
		sodium_memzero(secret, len);
	free(secret);
}

/* Whether others than its owner may read it is what sshd asks too. */
static void check_mode(const struct root *r, const char *path, struct diags *problems)
{
	struct stat st;

	if (root_stat(r, path, &st) == ERR_NONE && st.st_mode & 077)
		diag_error(problems, path, 0, "others than its owner may use it (mode %04o): wants 0600",
			   (unsigned)st.st_mode & 07777);
}

/* PROTOCOL.key of OpenSSH, as far as it is not encrypted. */
static const char *key_complaint(const uint8_t *bytes, size_t len)
{
	struct reader in = { .at = bytes, .left = len };
	const uint8_t *cipher, *skipped, *blob;
	size_t cipher_len, skipped_len, blob_len;
	char magic[sizeof MAGIC];
	struct public_key key;
	uint32_t n;

	if (read_bytes(&in, magic, sizeof magic) || memcmp(magic, MAGIC, sizeof MAGIC) != 0 ||
	    read_string(&in, &cipher, &cipher_len) || read_string(&in, &skipped, &skipped_len) ||
	    read_string(&in, &skipped, &skipped_len) || read_u32(&in, &n) || n != 1 ||
	    read_string(&in, &blob, &blob_len) || public_key_parse_blob(blob, blob_len, &key))
		return "wants a private key in OpenSSH's format";
	if (strcmp(key.type, "ssh-ed25519") != 0)
		return "is no Ed25519 key: knocks are sealed to one of that kind";
	if (cipher_len != strlen("none") || memcmp(cipher, "none", cipher_len) != 0)
		return "has a passphrase, which nobody is there to type";
	return NULL;
}

static const char *key_file_complaint(const char *content, size_t len)
{
	static const char begin[] = "-----BEGIN OPENSSH PRIVATE KEY-----", end[] = "-----END OPENSSH PRIVATE KEY-----";
	const char *from = strstr(content, begin), *to = from ? strstr(from, end) : NULL;
	const char *complaint = "wants a private key in OpenSSH's format";
	uint8_t *bytes;
	size_t n;

	if (!to)
		return complaint;
	from += strlen(begin);
	if (!(bytes = malloc(len)))
		return "no memory";
	if (sodium_base642bin(bytes, len, from, (size_t)(to - from), " \r\n\t", &n, NULL,
			      sodium_base64_VARIANT_ORIGINAL) == 0)
		complaint = key_complaint(bytes, n);
	wipe((char *)bytes, len);
	return complaint;
}

static enum err check_host_key(const struct root *r, const char *path, struct diags *problems)
{
	const char *complaint;
	char *content = NULL;
	size_t len;
	enum err e = root_read(r, path, KEY_FILE_MAX, &content, &len);

	if (e == ERR_MEMORY)
		return e;
	if (e) {
		diag_error(problems, path, 0, "the host key cannot be read: %s", err_text(e));
		return ERR_NONE;
	}
	if ((complaint = key_file_complaint(content, len)))
		diag_error(problems, path, 0, "the host key %s", complaint);
	check_mode(r, path, problems);
	wipe(content, len);
	return ERR_NONE;
}

static enum err check_secret(const struct root *r, const char *path, struct diags *problems)
{
	char *content = NULL;
	size_t len, digits;
	enum err e = root_read(r, path, SECRET_FILE_MAX, &content, &len);

	if (e == ERR_MEMORY)
		return e;
	if (e) {
		diag_error(problems, path, 0, "the site secret cannot be read: %s", err_text(e));
		return ERR_NONE;
	}
	digits = strspn(content, "0123456789abcdefABCDEF");
	if (digits != SECRET_DIGITS || content[digits + strspn(content + digits, " \t\r\n")] != '\0')
		diag_error(problems, path, 0, "wants %d hexadecimal digits and nothing else", SECRET_DIGITS);
	else if (strspn(content, "0") == SECRET_DIGITS)
		diag_error(problems, path, 0, "a site secret of zeros is none");
	check_mode(r, path, problems);
	wipe(content, len);
	return ERR_NONE;
}

static enum err check_accounts(const struct root *r, struct diags *problems)
{
	static const char *const names[] = { ROLE_USER_NET, ROLE_USER_KEEPER, ROLE_USER_GRANT };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		struct account *a = NULL;
		enum err e = account_find(r, names[i], &a);

		if (e == ERR_MEMORY)
			return e;
		if (e == ERR_NOT_FOUND)
			diag_error(problems, NULL, 0, "there is no account '%s': make it with systemd-sysusers",
				   names[i]);
		else if (e)
			diag_error(problems, NULL, 0, "the account '%s' cannot be looked up: %s", names[i],
				   err_text(e));
		account_free(a);
	}
	return ERR_NONE;
}

static void check_state(const struct root *r, const char *path, struct diags *problems)
{
	struct stat st;
	enum err e = root_stat(r, path, &st);

	if (e)
		diag_error(problems, path, 0,
			   "the state folder is not there (%s): make it with systemd-tmpfiles --create", err_text(e));
	else if (!S_ISDIR(st.st_mode))
		diag_error(problems, path, 0, "the state folder is no folder");
}

/* What is installed here decides how sshd_config is read; where that cannot be told, the newest that we know. */
static unsigned sshd_release(const struct root *r)
{
	unsigned release = SSHD_NEWEST;
	char *bytes = NULL;
	size_t len;

	if (root_read(r, SSHD_PROGRAM, SSHD_PROGRAM_MAX, &bytes, &len))
		return release;
	if (sshd_version_find(bytes, len, &release, NULL, 0))
		release = SSHD_NEWEST;
	free(bytes);
	return release;
}

static enum err check_sshd_config(const struct root *r, const char *path, struct diags *problems)
{
	struct sshd_config *c = NULL;
	enum err e = sshd_config_load(r, path, sshd_release(r), &c, problems);

	sshd_config_free(c);
	return e == ERR_MEMORY ? e : ERR_NONE;
}

enum err preflight_check(const struct root *r, const struct settings *s, struct diags *problems)
{
	enum err e;

	for (unsigned i = 0; i < s->nhost_keys; i++)
		if ((e = check_host_key(r, s->host_keys[i], problems)))
			return e;
	for (unsigned i = 0; i < s->nsecrets; i++)
		if ((e = check_secret(r, s->secrets[i], problems)))
			return e;
	check_state(r, s->state_dir, problems);
	if ((e = check_accounts(r, problems)))
		return e;
	return check_sshd_config(r, s->sshd_config, problems);
}
