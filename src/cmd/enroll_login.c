/* SPDX-License-Identifier: GPL-3.0-or-later */
/* enroll_login.c - one login by the real ssh, and what it proves. */
#include "cmd/enroll.h"

#include "base/file.h"
#include "base/message.h"
#include "client/keyfile.h"
#include "client/run.h"
#include "key/public.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/banned.h"

#define LOGIN_MS 180000 /* somebody may type or touch */
#define ANSWER_MAX 65536
#define LOG_MAX (4u << 20)
#define WORDS_MAX 48
#define RELEASE 1000 /* of OpenSSH: any that reads the type */

/* A file of ours alone, since ssh writes its log to a file of that name. */
static enum err log_make(char path[64], int *fd)
{
	snprintf(path, 64, "/tmp/sallyport-enroll-XXXXXX");
	*fd = mkstemp(path);
	return *fd < 0 ? ERR_SYSTEM : ERR_NONE;
}

static void words_fill(const struct enroll *e, const char *log, const char *proxy, const char *port,
		       const char *words[WORDS_MAX])
{
	static const char *const fixed[] = { "ProxyUseFdpass=yes",
					     "ControlMaster=no",
					     "ControlPath=none",
					     "RemoteCommand=none",
					     "RequestTTY=no",
					     "ClearAllForwardings=yes",
					     "PermitLocalCommand=no",
					     "ForkAfterAuthentication=no",
					     NULL };
	const struct enroll_args *a = e->args;
	const char *const pairs[][2] = {
		{ "-l", a->user }, { "-i", a->identity }, { "-p", port }, { "-F", a->ssh_config }
	};
	size_t n = 0;

	words[n++] = "ssh";
	words[n++] = "-v";
	words[n++] = "-E";
	words[n++] = log;
	words[n++] = "-o";
	words[n++] = proxy;
	for (size_t i = 0; fixed[i]; i++) {
		words[n++] = "-o";
		words[n++] = fixed[i];
	}
	for (size_t i = 0; i < ARRAY_SIZE(pairs); i++) {
		if (!pairs[i][1])
			continue;
		words[n++] = pairs[i][0];
		words[n++] = pairs[i][1];
	}
	if (a->four || a->six)
		words[n++] = a->four ? "-4" : "-6";
	words[n++] = "--";
	words[n++] = e->typed;
	words[n++] = "cat /etc/ssh/ssh_host_ed25519_key.pub";
	words[n] = NULL;
}

static bool log_read(struct enroll *e, int fd, int status)
{
	struct text said = { 0 };
	char *log = NULL;
	size_t len = 0;
	enum err err = file_read_all(fd, LOG_MAX, &log, &len);

	if (!err)
		err = login_log_parse(log, len, &e->login);
	if (err) {
		fail(err, "cannot read what ssh wrote");
	} else if (!e->login.in) {
		login_log_said(log, len, &said);
		inform("%s", text_string(&said));
		complain("the login at '%s' failed, so nothing was changed (ssh ended with %d)", e->typed, status);
	}
	text_free(&said);
	free(log);
	return !err && e->login.in;
}

bool enroll_log_in(struct enroll *e)
{
	const struct stanza s = { .host = e->host, .program = e->program, .options = e->option };
	const char *words[WORDS_MAX];
	struct text proxy = { 0 };
	char log[64], port[16];
	int fd = -1, status = 0;
	bool in = false;
	enum err err;

	snprintf(port, sizeof port, "%u", (unsigned)e->args->port);
	text_add_string(&proxy, "ProxyCommand=");
	if ((err = stanza_command(&s, &proxy)) || (err = log_make(log, &fd))) {
		fail(err, "cannot log in at '%s'", e->typed);
		text_free(&proxy);
		return false;
	}
	words_fill(e, log, text_string(&proxy), e->args->port ? port : NULL, words);
	err = run_program(&(struct run_order){ .argv = words, .timeout_ms = LOGIN_MS, .max_output = ANSWER_MAX },
			  &e->answer, &status);
	/* the command may fail, or be another by the server's will: what counts is the login */
	if (err)
		fail(err, "cannot log in at '%s'", e->typed);
	else
		in = log_read(e, fd, status);
	unlink(log);
	file_close(fd);
	text_free(&proxy);
	return in;
}

/* ---- the host's key ---- */

/* One line with such a key, and nothing else. */
static bool host_key_take(const struct text *answer, struct text *out)
{
	const char *s = text_string(answer);
	size_t len = strcspn(s, "\r\n");
	struct public_key_line line = { 0 };
	bool fine = !public_key_decode_line(s, len, RELEASE, &line) && !strcmp(line.key.type, "ssh-ed25519");
	char *base64 = fine ? malloc(sodium_base64_encoded_len(line.blob_len, sodium_base64_VARIANT_ORIGINAL)) : NULL;

	if (base64) {
		sodium_bin2base64(base64, sodium_base64_encoded_len(line.blob_len, sodium_base64_VARIANT_ORIGINAL),
				  line.blob, line.blob_len, sodium_base64_VARIANT_ORIGINAL);
		text_add(out, "ssh-ed25519 %s", base64);
	}
	free(base64);
	public_key_line_clear(&line);
	return base64 && !text_check(out);
}

bool enroll_host_key(struct enroll *e, bool dry)
{
	struct host_keys keys = { 0 };
	struct strings names = { 0 };
	struct text key = { 0 }, line = { 0 };
	const char *file = e->k->ssh.known_hosts.n ? e->k->ssh.known_hosts.v[0] : NULL;
	enum err err = host_key_find(&e->k->ssh, &keys);
	bool fine = !err && keys.n;

	if (err) {
		fail(err, "cannot look '%s' up in known_hosts", e->host);
	} else if (!fine && !keys.revoked && file && host_key_take(&e->answer, &key) &&
		   !host_key_names(&e->k->ssh, &names)) {
		text_add(&line, "%s %s\n", names.v[0], text_string(&key));
		err = dry ? ERR_NONE : user_config_append(&e->files, file, text_string(&line));
		fine = e->host_key_added = !err;
		if (err)
			fail(err, "cannot write '%s'", file);
	} else if (!fine) {
		knock_say_host_key(e->k);
	}
	strings_free(&names);
	text_free(&key);
	text_free(&line);
	return fine;
}

/* ---- the key that logged in ---- */

static bool by_file(struct enroll *e)
{
	struct keyfile f = { 0 };
	bool same;

	if (!e->login.name || keyfile_read(e->login.name, &f))
		return false;
	same = f.private && !strcmp(f.key.fingerprint, e->login.fingerprint);
	if (same)
		e->identity = realpath(f.path, NULL);
	keyfile_clear(&f);
	return e->identity;
}

/* The public half will do where the agent has the other. */
static bool by_public_file(struct enroll *e)
{
	struct keyfile f = { 0 };

	for (size_t i = 0; i < e->k->ssh.identity_files.n && !e->identity; i++) {
		if (keyfile_read(e->k->ssh.identity_files.v[i], &f))
			continue;
		if (!strcmp(f.key.fingerprint, e->login.fingerprint))
			e->identity = strdup(f.path);
		keyfile_clear(&f);
	}
	return e->identity;
}

static bool by_agent(struct enroll *e)
{
	for (size_t i = 0; i < e->k->choice.n; i++) {
		const struct candidate *c = &e->k->choice.v[i];
		const size_t size = sodium_base64_encoded_len(c->asked_len, sodium_base64_VARIANT_ORIGINAL);
		char *base64;
		struct text line = { 0 };

		if (strcmp(c->fingerprint, e->login.fingerprint) != 0 || !c->asked || c->certificate ||
		    !(base64 = malloc(size)))
			continue;
		sodium_bin2base64(base64, size, c->asked, c->asked_len, sodium_base64_VARIANT_ORIGINAL);
		text_add(&line, "%s %s\n", c->type, base64);
		free(base64);
		e->public = text_take(&line);
		return e->public;
	}
	return false;
}

bool enroll_identity(struct enroll *e)
{
	if (!e->login.by_key) {
		complain("the login at '%s' was not by a key, and a knock is signed by one", e->typed);
		return false;
	}
	if (!e->login.fingerprint[0] || !(by_file(e) || by_public_file(e) || by_agent(e)))
		warn("which key logged in cannot be told, so none is pinned: each knock tries those that ssh would");
	return true;
}
