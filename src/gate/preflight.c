/* SPDX-License-Identifier: GPL-3.0-or-later */
/* preflight.c - look at what the settings name, without doing anything with it. */
#include "gate/preflight.h"

#include "gate/host_key.h"
#include "gate/role.h"
#include "sshd/account.h"
#include "sshd/config.h"
#include "sshd/version.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

#define SSHD_PROGRAM "/usr/sbin/sshd"
#define SSHD_PROGRAM_MAX (64 * 1024 * 1024)

static void wipe(char *secret, size_t len)
{
	if (secret)
		sodium_memzero(secret, len);
	free(secret);
}

/* Whether others than its owner may read it is what sshd asks too. A site's secret is a group's, too: those who may knock. */
static void check_mode(const struct root *r, const char *path, mode_t most, struct diags *problems)
{
	struct stat st;

	if (root_stat(r, path, &st) == ERR_NONE && st.st_mode & 0777 & ~most)
		diag_error(problems, path, 0, "others than its owner%s may use it (mode %04o): wants %04o",
			   most & 070 ? " and a group of readers" : "", (unsigned)st.st_mode & 07777, (unsigned)most);
}

/* Reads a file of the keeper's; ERR_NOT_FILE, ERR_SYSTEM and the like are noted, and *content is then NULL. */
static enum err secret_read(const struct root *r, const char *path, const char *what, char **content, size_t *len,
			    struct diags *problems)
{
	enum err e = root_read(r, path, HOST_KEY_FILE_MAX, content, len);

	if (e && e != ERR_MEMORY) {
		*content = NULL;
		diag_error(problems, path, 0, "the %s cannot be read: %s", what, err_text(e));
		return ERR_NONE;
	}
	return e;
}

static enum err check_host_key(const struct root *r, const char *path, struct diags *problems)
{
	uint8_t public[NATIVE_HOST_KEY], seed[32];
	const char *why = NULL;
	char *content = NULL;
	size_t len = 0;
	enum err e = secret_read(r, path, "host key", &content, &len, problems);

	if (e || !content)
		return e;
	if ((e = host_key_parse((const uint8_t *)content, len, public, seed, &why)) && e != ERR_MEMORY)
		diag_error(problems, path, 0, "the host key does not serve: %s", why ? why : err_text(e));
	check_mode(r, path, 0600, problems);
	sodium_memzero(seed, sizeof seed);
	wipe(content, len);
	return e == ERR_MEMORY ? e : ERR_NONE;
}

static enum err check_secret(const struct root *r, const char *path, struct diags *problems)
{
	uint8_t secret[NATIVE_SECRET];
	char *content = NULL;
	size_t len = 0;
	enum err e = secret_read(r, path, "site secret", &content, &len, problems);

	if (e || !content)
		return e;
	if (site_secret_parse((const uint8_t *)content, len, secret))
		diag_error(problems, path, 0, "wants %d hexadecimal digits, not all of them zero", 2 * NATIVE_SECRET);
	check_mode(r, path, 0640, problems);
	sodium_memzero(secret, sizeof secret);
	wipe(content, len);
	return ERR_NONE;
}

static enum err check_accounts(const struct root *r, struct diags *problems)
{
	static const char *const names[] = { ROLE_USER_NET, ROLE_USER_KEEPER, ROLE_USER_INDEX, ROLE_USER_GRANT };

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

enum err preflight_keys(const struct root *r, const struct settings *s, struct diags *problems)
{
	enum err e;

	for (unsigned i = 0; i < s->nhost_keys; i++)
		if ((e = check_host_key(r, s->host_keys[i], problems)))
			return e;
	for (unsigned i = 0; i < s->nsecrets; i++)
		if ((e = check_secret(r, s->secrets[i], problems)))
			return e;
	return ERR_NONE;
}

enum err preflight_check(const struct root *r, const struct settings *s, struct diags *problems)
{
	enum err e = preflight_keys(r, s, problems);

	if (e)
		return e;
	check_state(r, s->state_dir, problems);
	if ((e = check_accounts(r, problems)))
		return e;
	return check_sshd_config(r, s->sshd_config, problems);
}
