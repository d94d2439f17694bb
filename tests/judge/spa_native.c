/* SPDX-License-Identifier: GPL-3.0-or-later */
/* spa_native.c - our verdict on recorded knocks, check by check in the order of the daemon and through its code. */
#include "judge.h"

#include "base/file.h"
#include "gate/address.h"
#include "gate/lookup.h"
#include "gate/replay.h"
#include "knock/native.h"
#include "sshd/version.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/banned.h"

#define SERVER "203.0.113.1"
#define SERVER6 "2001:db8:ffff::1"
#define CONFIG \
	"StrictModes no\nPasswordAuthentication no\nKbdInteractiveAuthentication no\n" \
	"TrustedUserCAKeys /etc/ssh/ca.pub\nRevokedKeys /etc/ssh/revoked\n"

/* The files of sshd that keys.json describes, below a root of their own. */
struct host {
	json_t *keys;
	char dir[32];
	struct root *root;
	struct lookup *lookup;
	int state; /* folder of the record */
	struct score *score;
};

/* The server that a case speaks of. */
struct server {
	uint8_t public[NATIVE_HOST_KEY], scalar[32], psk[NATIVE_SECRET];
	const uint8_t *secret;
	struct replay *replay;
};

struct verdict {
	enum knock_stage stage;
	struct native_knock knock; /* where it was accepted */
	struct message_address address;
	uint8_t plain[NATIVE_PLAIN];
};

static int trouble(const char *what, const char *why)
{
	fprintf(stderr, "judge: %s: %s\n", what, why);
	return 2;
}

static const char *text_of(const json_t *j, const char *name)
{
	return json_string_value(json_object_get(j, name));
}

static bool hex_of(const json_t *j, const char *name, uint8_t *out, size_t size, size_t *len)
{
	const char *hex = text_of(j, name);

	return hex && !sodium_hex2bin(out, size, hex, strlen(hex), NULL, len, NULL);
}

/* ---- the files ---- */

static enum err put(const struct host *h, const char *path, const void *bytes, size_t len)
{
	return file_replace(h->root, path, bytes, len, NULL, "judge");
}

static enum err put_lines(const struct host *h, const char *path, const json_t *lines)
{
	struct text t = { 0 };
	json_t *line;
	size_t i;
	enum err e;

	json_array_foreach(lines, i, line) text_add(&t, "%s\n", json_string_value(line));
	if (!(e = text_check(&t)))
		e = put(h, path, text_string(&t), t.len);
	text_free(&t);
	return e;
}

/* Each account of the "authorized" list once, with its lines. */
static enum err put_accounts(const struct host *h, const struct strings *users)
{
	struct text passwd = { 0 }, shadow = { 0 };
	enum err e = ERR_NONE;

	for (size_t i = 0; i < users->n && !e; i++) {
		struct text lines = { 0 };
		char path[64];
		json_t *pair;
		size_t j;

		text_add(&passwd, "%s:x:%zu:%zu::/home/%zu:/bin/sh\n", users->v[i], 1000 + i, 1000 + i, i);
		text_add(&shadow, "%s:*:19000:0:99999:7:::\n", users->v[i]);
		json_array_foreach(json_object_get(h->keys, "authorized"), j,
				   pair) if (!strcmp(text_of(pair, "user"), users->v[i]))
			text_add(&lines, "%s\n", text_of(pair, "line"));
		snprintf(path, sizeof path, "/home/%zu/.ssh", i);
		e = file_make_dirs(h->root, path, 0755);
		snprintf(path, sizeof path, "/home/%zu/.ssh/authorized_keys", i);
		if (!e)
			e = put(h, path, text_string(&lines), lines.len);
		text_free(&lines);
	}
	if (!e)
		e = put(h, "/etc/passwd", text_string(&passwd), passwd.len);
	if (!e)
		e = put(h, "/etc/shadow", text_string(&shadow), shadow.len);
	text_free(&passwd);
	text_free(&shadow);
	return e;
}

static enum err put_rest(const struct host *h)
{
	const char *krl = text_of(h->keys, "revoked_keys_krl_base64");
	uint8_t bytes[4096];
	size_t len = 0;
	enum err e;
	int fd;

	if (!krl ||
	    sodium_base642bin(bytes, sizeof bytes, krl, strlen(krl), NULL, &len, NULL, sodium_base64_VARIANT_ORIGINAL))
		return ERR_SYNTAX;
	if ((e = put(h, "/etc/ssh/revoked", bytes, len)) ||
	    (e = put_lines(h, "/etc/ssh/ca.pub", json_object_get(h->keys, "trusted_user_ca"))) ||
	    (e = put(h, "/etc/ssh/sshd_config", CONFIG, strlen(CONFIG))) || (e = put(h, "/etc/group", "", 0)) ||
	    (e = root_open_file(h->root, "/bin/sh", O_WRONLY | O_CREAT, 0755, &fd)))
		return e;
	file_close(fd);
	return ERR_NONE;
}

static enum err users_collect(const struct host *h, struct strings *out)
{
	json_t *pair;
	size_t i;
	enum err e = ERR_NONE;

	json_array_foreach(json_object_get(h->keys, "authorized"), i,
			   pair) if (!e && !strings_has(out, text_of(pair, "user"))) e =
		strings_add(out, text_of(pair, "user"));
	return e;
}

static enum err host_fill(struct host *h)
{
	struct diags problems = { 0 };
	struct strings users = { 0 };
	enum err e;

	if (!(e = file_make_dirs(h->root, "/etc/ssh", 0755)) && !(e = file_make_dirs(h->root, "/bin", 0755)) &&
	    !(e = file_make_dirs(h->root, "/state", 0700)) && !(e = users_collect(h, &users)) &&
	    !(e = put_accounts(h, &users)) && !(e = put_rest(h)) &&
	    !(e = root_open_file(h->root, "/state", O_RDONLY | O_DIRECTORY, 0, &h->state)))
		e = lookup_new(h->root, "/etc/ssh/sshd_config", JUDGE_RELEASE, &h->lookup, &problems);
	/* whose a key is, as an index that has met everybody once */
	for (size_t i = 0; i < users.n && !e; i++)
		e = lookup_known(h->lookup, users.v[i], time(NULL));
	diags_print(&problems, "judge: ", stderr);
	diags_free(&problems);
	strings_free(&users);
	return e;
}

static json_t *load(const char *folder, const char *name)
{
	char path[4096];
	json_error_t error;
	json_t *j;

	snprintf(path, sizeof path, "%s/%s", folder, name);
	j = json_load_file(path, JSON_REJECT_DUPLICATES, &error);
	if (!j)
		trouble(path, error.text);
	return j;
}

static void host_close(struct host *h)
{
	lookup_free(h->lookup);
	file_close(h->state);
	if (h->root) {
		judge_tree_remove(h->root, "/");
		rmdir(h->dir);
	}
	root_close(h->root);
	json_decref(h->keys);
}

static int host_open(const char *folder, struct host *h)
{
	enum err e;

	snprintf(h->dir, sizeof h->dir, "/tmp/judge.XXXXXX");
	if (!(h->keys = load(folder, "keys.json")))
		return 2;
	if (!mkdtemp(h->dir))
		return trouble("cannot make a root", h->dir);
	if ((e = root_open(h->dir, &h->root)) || (e = host_fill(h)))
		return trouble("cannot lay the files of sshd", err_text(e));
	return 0;
}

/* ---- one datagram ---- */

static bool gate_holds(const struct server *s, uint64_t now_ms, const uint8_t *datagram)
{
	uint8_t key[NATIVE_GATE_KEY];
	uint64_t epochs[2];

	native_epochs(now_ms / 1000, epochs);
	for (int i = 0; i < 2; i++) {
		native_gate_key(s->secret, s->public, epochs[i], key);
		if (native_gate_holds(key, datagram))
			return true;
	}
	return false;
}

static bool address_read(const char *text, struct message_address *out)
{
	*out = (struct message_address){ .family = strchr(text, ':') ? 6 : 4 };
	if (inet_pton(out->family == 6 ? AF_INET6 : AF_INET, text, out->bytes) != 1)
		return false;
	address_unmap(out);
	return true;
}

static void question_make(const struct verdict *v, struct message_question *q)
{
	const struct native_knock *k = &v->knock;

	*q = (struct message_question){ .kind = (uint8_t)k->kind,
					.port = k->nports ? k->ports[0] : 22,
					.user_len = (uint16_t)strlen(k->user),
					.from = v->address,
					.cert_len = (uint16_t)k->cert_len,
					.casig_len = (uint16_t)k->casig_len };
	(void)!address_read(v->address.family == 6 ? SERVER6 : SERVER, &q->to);
	memcpy(q->keyid, k->keyid, sizeof q->keyid);
	memcpy(q->user, k->user, strlen(k->user));
	if (k->cert_len)
		memcpy(q->cert, k->cert, k->cert_len);
	if (k->casig_len)
		memcpy(q->cert + k->cert_len, k->casig, k->casig_len);
}

/* From the seal on. */
static enum knock_stage inside(const struct host *h, const struct server *s, const uint8_t *enc, const char *source,
			       uint64_t now_ms, struct verdict *v)
{
	struct message_question q;
	struct message_answer a;
	enum knock_stage stage;
	bool lost = false;

	if (native_parse(v->plain, &v->knock))
		return STAGE_PARSE;
	if (v->knock.addr_type) {
		v->address = (struct message_address){ .family = v->knock.addr_type };
		memcpy(v->address.bytes, v->knock.addr, sizeof v->address.bytes);
	} else if (!address_read(source, &v->address)) {
		return STAGE_POLICY;
	}
	if ((stage = replay_check(s->replay, v->knock.ts, enc, now_ms)))
		return stage;
	question_make(v, &q);
	lookup_answer(h->lookup, &q, (time_t)(now_ms / 1000), &a);
	if (a.stage)
		return a.stage;
	if ((stage = native_verify(&v->knock, s->public, enc, v->plain, a.key, a.key_len, a.wants, NULL)) ||
	    (stage = replay_add(s->replay, v->knock.ts, enc, v->knock.user, v->knock.addr_type != 0, now_ms)))
		return stage;
	return replay_commit(s->replay, now_ms, &lost) ? STAGE_STATE : STAGE_ACCEPTED;
}

static enum knock_stage datagram_judge(const struct host *h, const struct server *s, const json_t *row,
				       struct verdict *v)
{
	const uint64_t now_ms = (uint64_t)json_integer_value(json_object_get(row, "now_ms"));
	const char *source = text_of(row, "source");
	uint8_t datagram[4 * NATIVE_DATAGRAM];
	size_t len = 0;

	if (!hex_of(row, "datagram", datagram, sizeof datagram, &len) || len != NATIVE_DATAGRAM)
		return STAGE_LENGTH;
	if (!gate_holds(s, now_ms, datagram))
		return STAGE_GATE;
	if (native_open(s->public, s->scalar, s->secret, datagram, v->plain))
		return STAGE_OPEN;
	return inside(h, s, datagram + 8, source ? source : "203.0.113.5", now_ms, v);
}

/* ---- cases ---- */

static json_t *grant_json(const struct verdict *v)
{
	json_t *ports = json_array();
	char addr[ADDRESS_TEXT];

	for (unsigned i = 0; i < v->knock.nports; i++)
		json_array_append_new(ports, json_integer(v->knock.ports[i]));
	address_print(&v->address, addr);
	return json_pack("{s:s,s:s,s:o,s:i}", "user", v->knock.user, "address", addr, "ports", ports, "duration",
			 (int)v->knock.duration);
}

static void row_print(struct host *h, const char *name, const json_t *row, const struct verdict *v)
{
	const char *theirs = text_of(row, "stage"), *ours = v->stage ? knock_stage_text(v->stage) : NULL;
	json_t *grant = v->stage ? json_null() : grant_json(v), *wanted = json_object_get(row, "grant"), *line;
	bool same = theirs && ours ? !strcmp(theirs, ours) : !theirs && !ours;
	char *text;

	if (!v->stage && wanted)
		same = same && json_equal(grant, wanted);
	line = json_pack("{s:s,s:s,s:s?,s:o,s:b}", "name", name, "verdict", v->stage ? "drop" : "accept", "stage", ours,
			 "grant", grant, "same", same);
	text = json_dumps(line, JSON_COMPACT);
	puts(text ? text : "{}");
	free(text);
	json_decref(line);
	if (same)
		h->score->passed++;
	else
		h->score->failed++;
}

static int server_open(struct host *h, const json_t *row, uint64_t now_ms, struct server *s)
{
	const json_t *host = json_object_get(json_object_get(h->keys, "hosts"), text_of(row, "host"));
	const uint64_t floor = (uint64_t)json_integer_value(json_object_get(row, "state_floor_ms"));
	uint8_t seed[32];
	size_t len;
	enum err e;
	int fd;

	if (!hex_of(host, "ed25519_public", s->public, sizeof s->public, &len) ||
	    !hex_of(host, "ed25519_seed", seed, sizeof seed, &len))
		return trouble("keys.json", "lacks the host of a case");
	native_host_secret(seed, s->scalar);
	s->secret = hex_of(row, "psk", s->psk, sizeof s->psk, &len) ? s->psk : NULL;
	/* an empty file: nothing was ever granted */
	if ((e = root_open_file(h->root, "/state/replay", O_WRONLY | O_CREAT | O_TRUNC, 0600, &fd)))
		return trouble("cannot make the record", err_text(e));
	file_close(fd);
	if ((e = replay_open(h->state, "replay", now_ms, &s->replay)))
		return trouble("cannot open the record", err_text(e));
	if (floor && replay_recover(s->replay, floor - NATIVE_WINDOW_SECONDS * 1000)) /* closes from 0 to 300 s later */
		return trouble("cannot write the record", "no space?");
	return 0;
}

static int case_judge(struct host *h, const json_t *row)
{
	struct server s = { 0 };
	struct verdict v = { 0 };
	int status = server_open(h, row, (uint64_t)json_integer_value(json_object_get(row, "now_ms")), &s);

	if (!status) {
		v.stage = datagram_judge(h, &s, row, &v);
		row_print(h, text_of(row, "name"), row, &v);
	}
	replay_free(s.replay);
	return status;
}

/* A start without a record is one with the clock synchronised: the README of the vectors. */
static int start_without_state(struct host *h, struct server *s, uint64_t now_ms)
{
	enum err e;

	replay_free(s->replay);
	s->replay = NULL;
	if ((e = file_remove(h->root, "/state/replay")) || (e = replay_open(h->state, "replay", now_ms, &s->replay)))
		return trouble("cannot open the record", err_text(e));
	if (!replay_lost(s->replay, NULL) || replay_recover(s->replay, now_ms))
		return trouble("the record", "a missing one does not count as lost");
	return 0;
}

static int sequence_judge(struct host *h, const json_t *row)
{
	struct server s = { 0 };
	json_t *step;
	size_t i;
	int status = server_open(h, row, 0, &s);

	json_array_foreach(json_object_get(row, "steps"), i, step)
	{
		const uint64_t now_ms = (uint64_t)json_integer_value(json_object_get(step, "now_ms"));
		struct verdict v = { 0 };
		char name[256];

		if (status)
			break;
		if (text_of(step, "event")) {
			status = start_without_state(h, &s, now_ms);
			continue;
		}
		v.stage = datagram_judge(h, &s, step, &v);
		snprintf(name, sizeof name, "%s/%zu", text_of(row, "name"), i + 1);
		row_print(h, name, step, &v);
	}
	replay_free(s.replay);
	return status;
}

static int file_judge(struct host *h, const char *folder, const char *name,
		      int (*judge)(struct host *h, const json_t *row))
{
	json_t *rows = load(folder, name), *row;
	int status = rows ? 0 : 2;
	size_t i;

	json_array_foreach(rows, i, row) if (!status) status = judge(h, row);
	json_decref(rows);
	return status;
}

int judge_spa_native(const char *folder, struct score *s)
{
	struct host h = { .score = s, .state = -1 };
	int status = sodium_init() < 0 ? 2 : host_open(folder, &h);

	if (!status)
		status = file_judge(&h, folder, "accept.json", case_judge);
	if (!status)
		status = file_judge(&h, folder, "reject.json", case_judge);
	if (!status)
		status = file_judge(&h, folder, "sequences.json", sequence_judge);
	host_close(&h);
	return status;
}
