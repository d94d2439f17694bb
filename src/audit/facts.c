/* SPDX-License-Identifier: GPL-3.0-or-later */
/* facts.c - gather what the rules look at; what cannot be found out is noted in its place. */
#include "audit/facts.h"

#include "audit/host.h"
#include "audit/key_hunt.h"
#include "audit/key_weakness.h"
#include "base/clock.h"
#include "key/revoked.h"
#include "sshd/access.h"
#include "sshd/group.h"
#include "sshd/version.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/banned.h"

#define SSHD_CONFIG "/etc/ssh/sshd_config"
#define BINARY_MAX (64 * 1024 * 1024)
#define MODULI_MAX (64 * 1024 * 1024)
#define KEY_FILE_MAX (64 * 1024)
#define REVOKED_MAX (64 * 1024 * 1024)
#define PROBE_TIMEOUT_MS 5000

/* A call on files failed with this: missing, or only not to be seen? */
static enum err why_not(enum err e)
{
	return e == ERR_SYSTEM && (errno == ENOENT || errno == ENOTDIR) ? ERR_NOT_FOUND : e;
}

static enum err copy_to(char **to, const char *s)
{
	char *copy = strdup(s);

	if (!copy)
		return ERR_MEMORY;
	free(*to);
	*to = copy;
	return ERR_NONE;
}

/* The version of f->sshd, from its bytes: faster than running it, and allowed under --root. */
static enum err gather_version(struct facts *f)
{
	char *bytes = NULL, *text = NULL;
	unsigned release;
	size_t len;
	enum err e;

	e = root_read(f->root, f->sshd, BINARY_MAX, &bytes, &len);
	if (!e)
		e = binary_version(bytes, len, &release, &text);
	free(bytes);
	if (e && e != ERR_MEMORY && f->live)
		e = ask_version(f->sshd, &release, &text);
	if (e)
		return e == ERR_MEMORY ? e : ERR_NONE;
	f->release = release;
	free(f->openssh);
	f->openssh = text;
	return ERR_NONE;
}

static enum err gather_default_sshd(struct facts *f)
{
	static const char *const paths[] = { "/usr/sbin/sshd", "/usr/local/sbin/sshd", "/sbin/sshd" };
	struct stat st;

	for (size_t i = 0; i < ARRAY_SIZE(paths); i++)
		if (root_stat(f->root, paths[i], &st) == ERR_NONE && S_ISREG(st.st_mode))
			return copy_to(&f->sshd, paths[i]);
	return ERR_NONE;
}

static void drop_config(struct facts *f)
{
	sshd_effective_free(f->effective);
	sshd_config_free(f->config);
	diags_free(&f->problems);
	f->effective = NULL;
	f->config = NULL;
}

static enum err gather_config(struct facts *f)
{
	drop_config(f);
	f->config_err = why_not(sshd_config_load(f->root, f->config_path, f->release ? f->release : SSHD_NEWEST,
						 &f->config, &f->problems));
	if (f->config_err == ERR_MEMORY)
		return ERR_MEMORY;
	return f->config ? sshd_effective(f->config, NULL, &f->effective) : ERR_NONE;
}

/* Who manages sshd names its binary; where that is another one than the usual, version and configuration are read anew. */
static enum err gather_service(struct facts *f, bool sshd_given)
{
	unsigned release = f->release;
	enum err e;

	if (!f->live)
		return ERR_NONE;
	e = service_find(f->effective, &f->service);
	if (e == ERR_MEMORY)
		return e;
	if (sshd_given || !f->service.sshd || (f->sshd && strcmp(f->sshd, f->service.sshd) == 0))
		return ERR_NONE;
	if ((e = copy_to(&f->sshd, f->service.sshd)) || (e = gather_version(f)))
		return e;
	return f->release == release ? ERR_NONE : gather_config(f);
}

static bool is_excused(enum sshd_keyword_id id)
{
	static const enum sshd_keyword_id own_default[] = { KW_IPQOS, KW_PORT, KW_LISTENADDRESS, KW_HOSTKEY,
							    KW_XAUTHLOCATION };

	for (size_t i = 0; i < ARRAY_SIZE(own_default); i++)
		if (own_default[i] == id)
			return true;
	return false;
}

/* Distributions change defaults; then only the binary itself can say that a value of its report is one. */
static bool has_strange_default(const struct facts *f)
{
	for (unsigned id = 0; id < KW_COUNT; id++) {
		const struct sshd_keyword *k = sshd_keyword(id);
		const struct strings *v = report_values(&f->report, k->name);
		const char *usual = sshd_keyword_default(k, f->release);

		if (!v || v->n == 0 || is_excused(id) || k->kind == KIND_ALGS || sshd_decider(f->effective, id))
			continue;
		if (!usual || strcasecmp(usual, v->v[0]) != 0)
			return true;
	}
	return false;
}

static enum err gather_report(struct facts *f)
{
	char *complaint = NULL;

	f->report_err = ERR_UNSUPPORTED;
	if (!f->live || !f->sshd)
		return ERR_NONE;
	f->report_err = ask_report(f->sshd, f->config_path, NULL, &f->report, &f->report_complaint);
	if (f->report_err == ERR_MEMORY)
		return ERR_MEMORY;
	if (f->report_err == ERR_NONE && f->effective && has_strange_default(f)) {
		if (ask_report(f->sshd, "/dev/null", NULL, &f->defaults, &complaint) == ERR_MEMORY)
			return ERR_MEMORY;
		free(complaint);
	}
	return ERR_NONE;
}

static enum err read_public(const struct facts *f, const char *path, struct public_key *out)
{
	struct text pub = { 0 };
	char *content = NULL;
	size_t len;
	enum err e;

	text_add(&pub, "%s.pub", path);
	if (!(e = text_check(&pub)))
		e = why_not(root_read(f->root, pub.s, KEY_FILE_MAX, &content, &len));
	if (!e)
		e = public_key_parse_line(content, strcspn(content, "\r\n"), out);
	free(content);
	text_free(&pub);
	return e;
}

static enum err add_host_key(struct facts *f, const char *path, const struct sshd_line *by)
{
	struct host_key_fact k = { .by = by }, *v;

	k.stat_err = why_not(root_stat(f->root, path, &k.st));
	/* Of sshd's default list those that are missing are no matter. */
	if (!by && k.stat_err == ERR_NOT_FOUND)
		return ERR_NONE;
	k.key_err = read_public(f, path, &k.key);
	if (k.key_err == ERR_MEMORY)
		return ERR_MEMORY;
	k.path = strdup(path);
	v = k.path ? realloc(f->host_keys, (f->nhost_keys + 1) * sizeof *v) : NULL;
	if (!v) {
		free(k.path);
		return ERR_MEMORY;
	}
	f->host_keys = v;
	v[f->nhost_keys++] = k;
	return ERR_NONE;
}

static enum err gather_host_keys(struct facts *f)
{
	static const char *const usual[] = { "/etc/ssh/ssh_host_rsa_key", "/etc/ssh/ssh_host_ecdsa_key",
					     "/etc/ssh/ssh_host_ed25519_key" };
	const struct sshd_line **lines = NULL;
	size_t n = 0;
	enum err e = ERR_NONE;

	if (f->config && (e = sshd_lines_of(f->config, KW_HOSTKEY, &lines, &n)))
		return e;
	for (size_t i = 0; i < n && !e; i++)
		if (lines[i]->args.n && strcasecmp(lines[i]->args.v[0], "none") != 0)
			e = add_host_key(f, lines[i]->args.v[0], lines[i]);
	for (size_t i = 0; n == 0 && i < ARRAY_SIZE(usual) && !e; i++)
		e = add_host_key(f, usual[i], NULL);
	free(lines);
	return e;
}

static enum err gather_moduli(struct facts *f)
{
	const char *path = f->effective ? sshd_value(f->effective, KW_MODULIFILE) : "";
	enum err e;

	if ((e = copy_to(&f->moduli_path, path[0] == '/' ? path : "/etc/ssh/moduli")))
		return e;
	f->moduli_err = why_not(root_read(f->root, f->moduli_path, MODULI_MAX, &f->moduli_content, &f->moduli_len));
	if (!f->moduli_err)
		f->moduli_err = moduli_parse(f->moduli_content, f->moduli_len, &f->moduli);
	return f->moduli_err == ERR_MEMORY ? ERR_MEMORY : ERR_NONE;
}

/* Takes the account over, or frees it. */
static enum err add_account(struct facts *f, struct account *a)
{
	struct account **v = realloc(f->accounts, (f->naccounts + 1) * sizeof *v);

	if (!v) {
		account_free(a);
		return ERR_MEMORY;
	}
	f->accounts = v;
	v[f->naccounts++] = a;
	return ERR_NONE;
}

static const struct account *known_account(const struct facts *f, const char *name)
{
	for (size_t i = 0; i < f->naccounts; i++)
		if (strcmp(f->accounts[i]->name, name) == 0)
			return f->accounts[i];
	return NULL;
}

static enum err look_up_account(struct facts *f, const char *name)
{
	struct account *a = NULL;
	enum err e = why_not(account_find(f->root, name, &a));

	if (!e)
		return add_account(f, a);
	if (e == ERR_MEMORY || e == ERR_NOT_FOUND)
		return e == ERR_MEMORY ? e : ERR_NONE;
	return strings_add(&f->unsure, name);
}

static enum err look_up_group(struct facts *f, const char *name)
{
	enum err e;

	if (!f->live || strings_has(&f->groups, name))
		return ERR_NONE;
	e = group_find(name);
	if (e == ERR_MEMORY || e == ERR_NOT_FOUND)
		return e == ERR_MEMORY ? e : ERR_NONE;
	return strings_add(e ? &f->unsure : &f->groups, name);
}

static enum err look_up_name(struct facts *f, const char *name, bool user)
{
	if (name[strcspn(name, "*?")])
		return ERR_NONE;
	if (!user)
		return look_up_group(f, name);
	return known_account(f, name) ? ERR_NONE : look_up_account(f, name);
}

/* A directory service need not list all that it knows, so the names that the rules speak of are asked for one by one. */
static enum err look_up_named(struct facts *f, enum sshd_keyword_id id)
{
	bool users = id == KW_ALLOWUSERS || id == KW_DENYUSERS;
	const struct sshd_line **lines = NULL;
	size_t n = 0;
	enum err e;

	if ((e = sshd_lines_of(f->config, id, &lines, &n)))
		return e;
	for (size_t i = 0; i < n && !e; i++) {
		for (size_t j = 0; j < lines[i]->args.n && !e; j++) {
			const char *word = lines[i]->args.v[j], *at = strrchr(word, '@');
			char *name = users && at ? strndup(word, (size_t)(at - word)) : strdup(word);

			e = name ? look_up_name(f, name, users) : ERR_MEMORY;
			free(name);
		}
	}
	free(lines);
	return e;
}

/* The names in Match User and Match Group. */
static enum err look_up_matched(struct facts *f, const struct sshd_match *m)
{
	enum err e = ERR_NONE;

	for (size_t i = 0; i < m->ncriteria && !e; i++) {
		bool users = m->criteria[i].kind == CRITERION_USER;
		struct strings names = { 0 };

		if (!users && m->criteria[i].kind != CRITERION_GROUP)
			continue;
		e = strings_split(&names, m->criteria[i].pattern, ",");
		for (size_t j = 0; j < names.n && !e; j++)
			e = look_up_name(f, names.v[j] + (names.v[j][0] == '!'), users);
		strings_free(&names);
	}
	return e;
}

static enum err gather_accounts(struct facts *f)
{
	static const enum sshd_keyword_id lists[] = { KW_ALLOWUSERS, KW_DENYUSERS, KW_ALLOWGROUPS, KW_DENYGROUPS };
	struct accounts all = { 0 };
	enum err e = why_not(accounts_read(f->root, &all));

	if (e == ERR_MEMORY)
		return e;
	f->accounts_err = e == ERR_NOT_FOUND ? ERR_NONE : e;
	f->accounts = all.v; /* the facts own them now */
	f->naccounts = all.n;
	if (group_names(f->root, &f->groups) == ERR_MEMORY)
		return ERR_MEMORY;
	e = ERR_NONE;
	for (size_t i = 0; f->config && i < ARRAY_SIZE(lists) && !e; i++)
		e = look_up_named(f, lists[i]);
	for (size_t i = 0; f->config && i < f->config->nmatches && !e; i++)
		e = look_up_matched(f, f->config->matches[i]);
	return e;
}

/* Whether the account has a key of use; with the groups, which Match may ask for. */
static enum err has_keys(struct access *access, const struct root *r, const char *name, bool *found, bool *unsure)
{
	const struct credentials *keys;
	struct account *a = NULL;
	enum err e = account_find(r, name, &a);

	if (e)
		return e;
	e = access_credentials(access, &(struct access_login){ .user = name, .account = a }, &keys);
	for (size_t i = 0; !e && i < keys->n; i++) {
		*found |= keys->v[i].obstacle == OBSTACLE_NONE;
		*unsure |= keys->v[i].obstacle == OBSTACLE_UNKNOWN;
	}
	if (!e)
		*unsure |= keys->unsure;
	account_free(a);
	return e;
}

static enum err note_locked(struct facts *f, struct access *access, const struct account *a)
{
	bool found = false, unsure = false;
	enum err e = has_keys(access, f->root, a->name, &found, &unsure);

	if (e == ERR_MEMORY)
		return e;
	if (e || (unsure && !found))
		f->locked_known = false;
	return !e && found ? strings_add(&f->locked_with_keys, a->name) : ERR_NONE;
}

/* Only UsePAM no makes sshd look at the lock, so only then is it worth reading everybody's keys. */
static enum err gather_locked(struct facts *f)
{
	struct access *access = NULL;
	enum err e = ERR_NONE;

	f->locked_known = !f->accounts_err;
	if (!f->effective || strcasecmp(sshd_value(f->effective, KW_USEPAM), "no") != 0)
		return ERR_NONE;
	e = access_new(f->root, f->config, clock_wall(), &access);
	for (size_t i = 0; i < f->naccounts && !e; i++) {
		const struct account *a = f->accounts[i];

		if (!holder_has_shell(a))
			continue;
		if (a->password == PASSWORD_UNKNOWN)
			f->locked_known = false;
		if (a->password == PASSWORD_LOCKED)
			e = note_locked(f, access, a);
	}
	access_free(access);
	return e;
}

/* Whether sshd can use the file of revoked keys: a fault in it refuses every key. */
static enum err judge_revocations(const struct facts *f, const char *content, size_t len, struct file_fact *fact)
{
	struct revoked *r = NULL;
	unsigned line = 0;
	enum err e =
		revoked_parse((const uint8_t *)content, len, f->release ? f->release : SSHD_NEWEST, &r, &line, NULL);

	revoked_free(r);
	if (e == ERR_MEMORY)
		return e;
	fact->unreadable = e;
	fact->bad_line = line;
	return ERR_NONE;
}

static enum err add_file(struct facts *f, const char *path, bool revoked)
{
	struct file_fact fact = { 0 }, *v;
	char *content = NULL;
	struct stat st;
	size_t len;

	if (facts_file(f, path))
		return ERR_NONE;
	fact.err = why_not(root_stat(f->root, path, &st));
	if (!fact.err) {
		fact.size = st.st_size;
		fact.mode = st.st_mode & 07777;
		fact.err = S_ISREG(st.st_mode) ? ERR_NONE : ERR_NOT_FILE;
	}
	if (!fact.err && revoked) {
		fact.err = root_read(f->root, path, REVOKED_MAX, &content, &len);
		if (!fact.err)
			fact.err = judge_revocations(f, content, len, &fact);
		free(content);
	}
	fact.path = strdup(path);
	v = fact.path && fact.err != ERR_MEMORY ? realloc(f->files, (f->nfiles + 1) * sizeof *v) : NULL;
	if (!v) {
		free(fact.path);
		return ERR_MEMORY;
	}
	f->files = v;
	v[f->nfiles++] = fact;
	return ERR_NONE;
}

static enum err add_named_files(struct facts *f, enum sshd_keyword_id id)
{
	const struct sshd_line **lines = NULL;
	size_t n = 0;
	enum err e;

	if ((e = sshd_lines_of(f->config, id, &lines, &n)))
		return e;
	for (size_t i = 0; i < n && !e; i++)
		for (size_t j = 0; j < lines[i]->args.n && !e; j++)
			if (lines[i]->args.v[j][0] == '/') /* "none", and what sshd would resolve from "/" */
				e = add_file(f, lines[i]->args.v[j], id == KW_REVOKEDKEYS);
	free(lines);
	return e;
}

static enum err gather_files(struct facts *f)
{
	enum err e;

	if (f->config && ((e = add_named_files(f, KW_REVOKEDKEYS)) || (e = add_named_files(f, KW_BANNER))))
		return e;
	if ((e = add_file(f, f->revoked_path, true)))
		return e;
	return add_file(f, f->banner_path, false);
}

static enum err gather_revocations(struct facts *f)
{
	const char *list = f->effective ? sshd_value(f->effective, KW_REVOKEDKEYS) : "";
	const struct sshd_line **lines = NULL;
	struct strings named = { 0 };
	size_t n = 0;
	enum err e;

	if (!f->config)
		return ERR_NONE;
	e = sshd_lines_of(f->config, KW_REVOKEDKEYS, &lines, &n);
	for (size_t i = 0; i < n && !e; i++)
		for (size_t j = 0; j < lines[i]->args.n && !e; j++)
			if (lines[i]->args.v[j][0] == '/' && !strings_has(&named, lines[i]->args.v[j]))
				e = strings_add(&named, lines[i]->args.v[j]);
	free(lines);
	if (!e)
		e = revocations_read(f->root, list[0] == '/' ? list : NULL, &named,
				     f->release ? f->release : SSHD_NEWEST, f->now, &f->revocations);
	strings_free(&named);
	return e;
}

/* "0.0.0.0:22", "[::]:22", "192.0.2.1", "::1": the address to probe, and the port where one stands there. */
static bool listen_address(const char *s, char addr[INET6_ADDRSTRLEN], unsigned *port)
{
	const char *end, *colon = strrchr(s, ':');
	struct in6_addr a;
	size_t len;

	if (s[0] == '[') {
		end = strchr(s, ']');
		s++;
	} else if (colon && strchr(s, ':') == colon) {
		end = colon;
	} else {
		end = s + strlen(s);
		colon = NULL;
	}
	len = end ? (size_t)(end - s) : 0;
	if (len == 0 || len >= INET6_ADDRSTRLEN)
		return false;
	memcpy(addr, s, len);
	addr[len] = '\0';
	if (inet_pton(AF_INET, addr, &a) != 1 && inet_pton(AF_INET6, addr, &a) != 1)
		return false;
	if (colon && colon >= end && (sscanf(colon + 1, "%u", port) != 1 || *port == 0 || *port > 65535))
		return false;
	if (strcmp(addr, "0.0.0.0") == 0)
		snprintf(addr, INET6_ADDRSTRLEN, "127.0.0.1");
	else if (strcmp(addr, "::") == 0)
		snprintf(addr, INET6_ADDRSTRLEN, "::1");
	return true;
}

static const struct strings *all_values(const struct facts *f, enum sshd_keyword_id id)
{
	const struct strings *v = f->report_err == ERR_NONE ? report_values(&f->report, sshd_keyword(id)->name) : NULL;
	static const struct strings none;

	if (v)
		return v;
	return f->effective ? sshd_values(f->effective, id) : &none;
}

static bool is_ipv4(const char *addr)
{
	return strchr(addr, ':') == NULL;
}

/* IPv4 where there is a choice: hosts without a working ::1 are more common than the other way round. */
static void wire_target(const struct facts *f, char addr[INET6_ADDRSTRLEN], unsigned *port)
{
	const struct strings *ports = all_values(f, KW_PORT), *addresses = all_values(f, KW_LISTENADDRESS);
	unsigned chosen = 0;
	bool found = false;

	*port = 22;
	if (ports->n && sscanf(ports->v[0], "%u", port) != 1)
		*port = 22;
	snprintf(addr, INET6_ADDRSTRLEN, "127.0.0.1");
	for (size_t i = 0; i < addresses->n; i++) {
		char one[INET6_ADDRSTRLEN];
		unsigned its_port = *port;

		if (!listen_address(addresses->v[i], one, &its_port) || (found && !is_ipv4(one)))
			continue;
		snprintf(addr, INET6_ADDRSTRLEN, "%s", one);
		chosen = its_port;
		found = true;
		if (is_ipv4(one))
			break;
	}
	*port = chosen ? chosen : *port;
}

static enum err gather_wire(struct facts *f, bool config_given)
{
	char addr[INET6_ADDRSTRLEN];
	struct probe_target target = { .addr = addr, .timeout_ms = PROBE_TIMEOUT_MS };
	struct text where = { 0 };

	f->wire_err = ERR_UNSUPPORTED;
	if (!f->live || config_given || !f->config)
		return ERR_NONE;
	wire_target(f, addr, &target.port);
	text_add(&where, "%s port %u", addr, target.port);
	f->wire_where = text_take(&where);
	if (!f->wire_where)
		return ERR_MEMORY;
	f->wire_tried = true;
	f->wire_err = probe_server(&target, &f->wire);
	return f->wire_err == ERR_MEMORY ? ERR_MEMORY : ERR_NONE;
}

static enum err path_beside(const char *config, const char *name, char **out)
{
	struct text t = { 0 };
	const char *slash = strrchr(config, '/');

	text_add(&t, "%.*s/%s", slash ? (int)(slash - config) : 0, config, name);
	*out = text_take(&t);
	return *out ? ERR_NONE : ERR_MEMORY;
}

static enum err gather_paths(struct facts *f, const struct facts_options *o)
{
	enum err e = copy_to(&f->config_path, o->config ? o->config : SSHD_CONFIG);

	if (e || (e = path_beside(f->config_path, "revoked_keys", &f->revoked_path)) ||
	    (e = path_beside(f->config_path, "sallyport-banner", &f->banner_path)))
		return e;
	return o->sshd ? copy_to(&f->sshd, o->sshd) : gather_default_sshd(f);
}

static enum err gather_sessions(struct facts *f)
{
	if (!f->live)
		return ERR_NONE;
	return sessions_read(&f->sessions) == ERR_MEMORY ? ERR_MEMORY : ERR_NONE;
}

static enum err gather_loose(struct facts *f)
{
	return f->config ? loose_files_find(f->root, f->config, f->accounts, f->naccounts, &f->loose) : ERR_NONE;
}

static enum err gather_jails(struct facts *f)
{
	return jails_find(
		&(struct jails_wanted){ f->root, f->config, f->accounts, f->naccounts, f->accounts_err != ERR_NONE },
		&f->jails);
}

static enum err gather_past(struct facts *f, bool wanted)
{
	const struct jails_wanted w = { f->root, f->config, f->accounts, f->naccounts, false };
	enum err e;

	if (!wanted || !f->config)
		return ERR_NONE;
	if ((e = past_logins_read(f->root, f->now, &f->past)))
		return e;
	f->past_read = true;
	if ((e = jails_candidates(&w, &f->past, &f->sftp_only, &f->sessions_told)))
		return e;
	return holders_may_log_in(f->root, f->config, f->now, f->accounts, f->naccounts, &f->may_log_in,
				  &f->may_log_in_unsure);
}

/* A place that cannot be looked at is noted among the keys. */
static enum err gather_keys(struct facts *f, bool wanted)
{
	static const struct strings none;
	const struct key_hunt h = {
		.root = f->root, .config = f->config, .now = f->now, .accounts = f->accounts, .naccounts = f->naccounts
	};
	const struct key_weakness_lists lists = { .root = f->root, .files = &none };
	struct diags problems = { 0 };
	const char *bad;
	enum err e;

	if (!wanted || !f->config)
		return ERR_NONE;
	e = key_hunt_run(&h, &f->keys);
	if (!e)
		e = key_weakness_find(&f->keys, &lists, &problems, &bad);
	diags_free(&problems);
	f->keys_read = !e;
	return e == ERR_MEMORY ? e : ERR_NONE;
}

static enum err gather_host(struct facts *f)
{
	enum err e;

	if ((e = host_name(f->root, &f->hostname)) || (e = host_os(f->root, &f->os)))
		return e;
	return host_package(f->root, &f->package);
}

enum err facts_gather(const struct facts_options *o, struct facts **out)
{
	struct facts *f = calloc(1, sizeof *f);
	enum err e;

	if (!f)
		return ERR_MEMORY;
	f->now = clock_wall();
	f->privileged = geteuid() == 0;
	f->memory = calloc(1, sizeof *f->memory);
	if (!f->memory)
		e = ERR_MEMORY;
	else
		e = root_open(o->root, &f->root);
	if (e)
		goto out;
	f->live = root_is_live(f->root);
	if ((e = gather_host(f)) || (e = gather_paths(f, o)) || (f->sshd && (e = gather_version(f))) ||
	    (e = gather_config(f)) || (e = gather_service(f, o->sshd != NULL)) || o->only_config)
		goto out;
	if ((e = gather_report(f)) || (e = gather_host_keys(f)) || (e = gather_moduli(f)) || (e = gather_accounts(f)) ||
	    (e = gather_locked(f)) || (e = gather_files(f)) || (e = gather_revocations(f)) || (e = gather_loose(f)) ||
	    (e = gather_jails(f)) || (e = gather_past(f, o->past)) || (e = gather_keys(f, o->keys)) ||
	    (e = gather_sessions(f)))
		goto out;
	e = gather_wire(f, o->config && strcmp(o->config, SSHD_CONFIG) != 0);
out:
	if (e) {
		facts_free(f);
		return e;
	}
	*out = f;
	return ERR_NONE;
}

void asked_free(struct asked *a)
{
	if (!a)
		return;
	strings_free(&a->wanted);
	strings_free(&a->supported);
	free(a);
}

static void memory_free(struct facts_memory *m)
{
	while (m && m->first) {
		struct asked *next = m->first->next;

		asked_free(m->first);
		m->first = next;
	}
	free(m);
}

void facts_free(struct facts *f)
{
	if (!f)
		return;
	for (size_t i = 0; i < f->nhost_keys; i++)
		free(f->host_keys[i].path);
	for (size_t i = 0; i < f->naccounts; i++)
		account_free(f->accounts[i]);
	for (size_t i = 0; i < f->nfiles; i++)
		free(f->files[i].path);
	free(f->host_keys);
	free(f->accounts);
	free(f->files);
	free(f->hostname);
	free(f->os);
	free(f->openssh);
	free(f->package);
	free(f->sshd);
	service_clear(&f->service);
	free(f->config_path);
	drop_config(f);
	free(f->report_complaint);
	report_free(&f->report);
	report_free(&f->defaults);
	free(f->moduli_path);
	free(f->moduli_content);
	moduli_free(&f->moduli);
	strings_free(&f->groups);
	strings_free(&f->unsure);
	strings_free(&f->locked_with_keys);
	loose_files_free(&f->loose);
	past_logins_free(&f->past);
	strings_free(&f->may_log_in);
	strings_free(&f->sftp_only);
	jails_free(&f->jails);
	sightings_free(&f->keys);
	revocations_free(&f->revocations);
	free(f->revoked_path);
	free(f->banner_path);
	sessions_free(&f->sessions);
	free(f->wire_where);
	probe_result_free(&f->wire);
	memory_free(f->memory);
	root_close(f->root);
	free(f);
}

const struct file_fact *facts_file(const struct facts *f, const char *path)
{
	for (size_t i = 0; i < f->nfiles; i++)
		if (strcmp(f->files[i].path, path) == 0)
			return &f->files[i];
	return NULL;
}

const char *facts_short_path(const struct facts *f, const char *path)
{
	const char *slash = strrchr(f->config_path, '/');
	size_t n = slash ? (size_t)(slash - f->config_path) + 1 : 0;

	return n > 1 && strncmp(path, f->config_path, n) == 0 ? path + n : path;
}
