/* SPDX-License-Identifier: GPL-3.0-or-later */
/* enroll_login.c - one login by the real ssh, and what it proves. */
#include "cmd/enroll.h"

#include "base/file.h"
#include "base/message.h"
#include "client/hand_over.h"
#include "client/keyfile.h"
#include "client/run.h"
#include "client/temporary.h"
#include "key/public.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/banned.h"

#define LOGIN_MS 180000 /* somebody may type or touch */
#define ANSWER_MAX 65536
#define LOG_MAX (4u << 20)
#define WORDS_MAX 48
#define RELEASE 1000 /* of OpenSSH: any that reads the type */

static void words_fill(const struct enroll *e, const char *log, const char *proxy, const char *port,
		       const char *const *more, const char *words[WORDS_MAX])
{
	/* the last three came with OpenSSH 8.7 */
	static const char *const fixed[] = { "IgnoreUnknown=sessiontype,forkafterauthentication,stdinnull",
					     "ControlMaster=no",
					     "ControlPath=none",
					     "RemoteCommand=none",
					     "RequestTTY=no",
					     "ClearAllForwardings=yes",
					     "PermitLocalCommand=no",
					     "UpdateHostKeys=no",
					     "SessionType=default",
					     "ForkAfterAuthentication=no",
					     "StdinNull=no",
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
	words[n++] = "-o";
	words[n++] = hand_over_possible() ? "ProxyUseFdpass=yes" : "ProxyUseFdpass=no";
	for (size_t set = 0; set < 2; set++)
		for (const char *const *o = set ? more : fixed; o && *o; o++) {
			words[n++] = "-o";
			words[n++] = *o;
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
	words[n++] = SERVER_ANSWER_COMMAND;
	words[n] = NULL;
}

/* Runs ssh there, through connect, with more of -o. *log is yours: what it wrote, as with -v. */
static enum err ssh_run(struct enroll *e, const char *const *more, struct text *answer, int *status, char **log,
			size_t *len)
{
	const struct stanza s = { .host = e->host, .program = e->program, .options = e->option };
	const char *words[WORDS_MAX];
	struct text proxy = { 0 };
	char path[TEMPORARY_PATH], port[16];
	int fd = -1;
	enum err err;

	snprintf(port, sizeof port, "%u", (unsigned)e->args->port);
	text_add_string(&proxy, "ProxyCommand=");
	if ((err = stanza_command(&s, &proxy)) || (err = temporary_make(path, &fd)))
		goto out;
	words_fill(e, path, text_string(&proxy), e->args->port ? port : NULL, more, words);
	err = run_program(&(struct run_order){ .argv = words, .timeout_ms = LOGIN_MS, .max_output = ANSWER_MAX },
			  answer, status);
	if (!err)
		err = file_read_all(fd, LOG_MAX, log, len);
out:
	temporary_remove(path, fd);
	text_free(&proxy);
	return err;
}

bool enroll_log_in(struct enroll *e)
{
	struct text said = { 0 };
	char *log = NULL;
	size_t len = 0;
	int status = 0;
	enum err err = ssh_run(e, NULL, &e->answer, &status, &log, &len);

	if (!err)
		err = login_log_parse(log, len, &e->login);
	e->clock_ahead = time(NULL);
	if (!err)
		err = server_answer_parse(text_string(&e->answer), e->answer.len, &e->server);
	e->clock_ahead = e->server.time ? (int64_t)e->server.time - e->clock_ahead : 0;
	if (err) {
		fail(err, "cannot log in at '%s'", e->typed);
	} else {
		/* also where it came through: that a host's key has changed must be read */
		login_log_said(log, len, &said);
		if (said.len && said.s[said.len - 1] == '\n')
			said.s[--said.len] = '\0';
		if (said.len)
			inform("%s", text_string(&said));
	}
	/* the command may fail, or be another by the server's will: what counts is the login */
	if (!err && !e->login.in) {
		complain("the login at '%s' failed, so nothing was changed (ssh ended with %d)", e->typed, status);
		hint("enrolling takes one login that works, as by: ssh %s", e->typed);
	}
	text_free(&said);
	free(log);
	return !err && e->login.in;
}

/* ---- the host's key ---- */

/* "ssh-ed25519 AAAA..." */
static void add_key(const char *type, const uint8_t *blob, size_t len, struct text *out)
{
	const size_t size = sodium_base64_encoded_len(len, sodium_base64_VARIANT_ORIGINAL);
	char *base64 = malloc(size);

	if (base64)
		text_add(out, "%s %s", type,
			 sodium_bin2base64(base64, size, blob, len, sodium_base64_VARIANT_ORIGINAL));
	else
		out->failed = true;
	free(base64);
}

void enroll_add_host_key(const uint8_t key[NATIVE_HOST_KEY], struct text *out)
{
	static const uint8_t head[] = "\0\0\0\013ssh-ed25519\0\0\0\040";
	uint8_t blob[sizeof head - 1 + NATIVE_HOST_KEY];

	memcpy(blob, head, sizeof head - 1);
	memcpy(blob + sizeof head - 1, key, NATIVE_HOST_KEY);
	add_key("ssh-ed25519", blob, sizeof blob, out);
}

static bool is_bad(const struct host_keys *keys, const struct public_key_line *line)
{
	for (size_t i = 0; i < keys->nbad; i++)
		if (line->blob_len >= NATIVE_HOST_KEY &&
		    !memcmp(line->blob + line->blob_len - NATIVE_HOST_KEY, keys->bad[i], NATIVE_HOST_KEY))
			return true;
	return false;
}

bool enroll_reaches(struct enroll *e)
{
	static const char *const more[] = { "PreferredAuthentications=none", "BatchMode=yes", NULL };
	struct login_log seen = { 0 };
	struct text answer = { 0 };
	char *log = NULL;
	size_t len = 0;
	int status;
	bool reached =
		!ssh_run(e, more, &answer, &status, &log, &len) && !login_log_parse(log, len, &seen) && seen.host_known;

	login_log_clear(&seen);
	text_free(&answer);
	free(log);
	return reached;
}

/* A file on the server is no proof that sshd has this key: it shows that in another handshake, to nobody's account. */
static bool host_key_proven(struct enroll *e, const char *line)
{
	char path[TEMPORARY_PATH], known[TEMPORARY_PATH + 32];
	const char *const more[] = { known,
				     "GlobalKnownHostsFile=/dev/null",
				     "StrictHostKeyChecking=yes",
				     "HostKeyAlgorithms=ssh-ed25519",
				     "VerifyHostKeyDNS=no",
				     "PreferredAuthentications=none",
				     "BatchMode=yes",
				     NULL };
	struct login_log proof = { 0 };
	struct text answer = { 0 };
	char *log = NULL;
	size_t len = 0;
	int fd = -1, status;
	bool proven = false;

	if (temporary_make(path, &fd))
		return false;
	snprintf(known, sizeof known, "UserKnownHostsFile=%s", path);
	if (!file_write_all(fd, line, strlen(line)) && !ssh_run(e, more, &answer, &status, &log, &len) &&
	    !login_log_parse(log, len, &proof))
		proven = proof.host_known;
	temporary_remove(path, fd);
	login_log_clear(&proof);
	text_free(&answer);
	free(log);
	return proven;
}

/* "NAME ssh-ed25519 AAAA..." of the first line that the server has said, if it is to be believed. */
static bool host_key_line(struct enroll *e, const struct host_keys *keys, struct text *out)
{
	const char *said = text_string(&e->answer);
	struct public_key_line line = { 0 };
	struct strings names = { 0 };
	bool fine = e->login.host_known && !public_key_decode_line(said, strcspn(said, "\r\n"), RELEASE, &line) &&
		    !strcmp(line.key.type, "ssh-ed25519") && !is_bad(keys, &line) &&
		    !host_key_names(&e->k->ssh, &names);

	if (fine) {
		text_add(out, "%s ", names.v[0]);
		add_key(line.key.type, line.blob, line.blob_len, out);
		text_add_string(out, "\n");
		fine = !text_check(out) && host_key_proven(e, text_string(out));
	}
	public_key_line_clear(&line);
	strings_free(&names);
	return fine;
}

bool enroll_host_key(struct enroll *e, bool dry)
{
	struct host_keys keys = { 0 };
	struct text line = { 0 };
	const char *file = e->k->ssh.known_hosts.n ? e->k->ssh.known_hosts.v[0] : NULL;
	enum err err = host_key_find(&e->k->ssh, &keys);
	bool fine = !err && keys.n;

	if (err) {
		fail(err, "cannot look '%s' up in known_hosts", e->host);
	} else if (!fine && file && host_key_line(e, &keys, &line)) {
		err = dry ? ERR_NONE : user_config_append(&e->files, file, text_string(&line));
		fine = e->host_key_added = !err;
		if (err)
			fail(err, "cannot write '%s'", file);
	} else if (!fine) {
		knock_say_host_key(e->k);
	}
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
			e->identity = strdup(e->k->ssh.identity_files.v[i]);
		keyfile_clear(&f);
	}
	return e->identity;
}

static bool by_agent(struct enroll *e)
{
	for (size_t i = 0; i < e->k->choice.n; i++) {
		const struct candidate *c = &e->k->choice.v[i];
		struct text line = { 0 };

		if (strcmp(c->fingerprint, e->login.fingerprint) != 0 || !c->asked || c->certificate)
			continue;
		add_key(c->type, c->asked, c->asked_len, &line);
		text_add_string(&line, "\n");
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
