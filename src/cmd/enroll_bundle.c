/* SPDX-License-Identifier: GPL-3.0-or-later */
/* enroll_bundle.c - what this user knows of hidden servers, as plain files for the machines of others. */
#include "cmd/enroll.h"

#include "base/json.h"
#include "base/message.h"
#include "client/site_secret.h"
#include "key/public.h"

#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

#define CLAIMS_MAX 4

/* A host, as others will need it: nothing of this user's own, neither account nor keys nor the secret of the site. */
struct entry {
	const char *host;
	struct text config;	/* lines of ssh_config */
	struct strings known;	/* lines of known_hosts */
	const char *error;	/* a word for scripts; NULL: it is whole */
	char *way, *ports;	/* of connect; NULL: none */
	char *hostname, *alias; /* alias NULL: none */
	unsigned port;
	bool secret; /* its site has one */
};

static void entry_clear(struct entry *e)
{
	text_free(&e->config);
	strings_free(&e->known);
	free(e->way);
	free(e->ports);
	free(e->hostname);
	free(e->alias);
}

static enum err config_make(struct entry *e)
{
	const char *options[2 * CLAIMS_MAX + 1] = { NULL };
	size_t n = 0;
	enum err err;

	if (e->way) {
		options[n++] = "--jump";
		options[n++] = e->way;
	}
	if (e->ports) {
		options[n++] = "--knock-port";
		options[n++] = e->ports;
	}
	if (!stanza_host_fits(e->hostname) || (e->alias && !stanza_host_fits(e->alias)))
		return ERR_SYNTAX;
	text_add(&e->config, "Host %s\n\tHostName %s\n", e->host, e->hostname);
	if (e->port != 22)
		text_add(&e->config, "\tPort %u\n", e->port);
	if (e->alias)
		text_add(&e->config, "\tHostKeyAlias %s\n", e->alias);
	text_add_string(&e->config, "\tProxyCommand ");
	if ((err = stanza_command(&(struct stanza){ e->host, "sallyport", options }, &e->config)))
		return err;
	text_add_string(&e->config, "\n\tProxyUseFdpass yes\n");
	return text_check(&e->config);
}

static enum err known_make(const struct knock *k, struct entry *e)
{
	struct strings names = { 0 };
	enum err err = host_key_names(&k->ssh, &names);

	for (size_t i = 0; i < k->keys.n && !err; i++) {
		struct text line = { 0 };

		text_add(&line, "%s ", names.v[0]);
		enroll_add_host_key(k->keys.v[i], &line);
		if (!(err = text_check(&line)))
			err = strings_add(&e->known, text_string(&line));
		text_free(&line);
	}
	strings_free(&names);
	return err;
}

static enum err copy(const char *from, char **to)
{
	*to = from ? strdup(from) : NULL;
	return from && !*to ? ERR_MEMORY : ERR_NONE;
}

static enum err option_of(const struct knock *k, const char *option, char **out)
{
	return k->ssh.proxy ? stanza_option(k->ssh.proxy, option, out) : ERR_NONE;
}

/* What is wrong with one host stands in its entry, and is said; the others are exported all the same. */
static enum err entry_fill(const struct enroll_args *a, struct entry *e)
{
	const struct knock_args args = { .ssh_config = a->ssh_config };
	struct knock *k = knock_new(&args);
	struct text secret = { 0 };
	enum err err = ERR_NONE;

	if (!k)
		return ERR_MEMORY;
	k->host = e->host;
	if (!stanza_host_fits(e->host) || strchr(e->host, '@')) {
		complain(
			"the host is '%s': wants one name as ssh takes it, without account, blanks, patterns or quotes",
			e->host);
		e->error = "trouble";
	} else if (!knock_ask(k) || (err = host_key_find(&k->ssh, &k->keys))) {
		e->error = "trouble";
	} else if (!k->keys.n) {
		knock_say_host_key(k);
		e->error = "no-host-key";
	} else if (!(err = copy(k->ssh.hostname, &e->hostname)) && !(err = copy(k->ssh.alias, &e->alias)) &&
		   !(err = k->ssh.jump ? copy(k->ssh.jump, &e->way) : option_of(k, "--jump", &e->way)) &&
		   !(err = option_of(k, "--knock-port", &e->ports)) && !(err = known_make(k, e))) {
		e->port = k->ssh.port;
		e->secret = !site_secret_find(e->host, &secret);
		if ((err = config_make(e)) == ERR_SYNTAX)
			e->error = "trouble";
	}
	if (err && err != ERR_MEMORY)
		fail(err, "cannot export '%s'", e->host);
	text_free(&secret);
	knock_free(k);
	return err == ERR_MEMORY ? err : ERR_NONE;
}

/* ---- the answer ---- */

static json_t *ports_json(const struct entry *e)
{
	struct strings ports = { 0 };
	json_t *list = json_array();

	if (e->ports && !strings_split(&ports, e->ports, ","))
		for (size_t i = 0; i < ports.n; i++)
			json_array_append_new(list, json_integer(strtol(ports.v[i], NULL, 10)));
	strings_free(&ports);
	return list;
}

static json_t *entry_json(const struct entry *e)
{
	if (e->error)
		return json_pack("{s:o,s:s}", "host", json_safe_string(e->host), "error", e->error);
	return json_pack("{s:o,s:n,s:s,s:i,s:s?,s:s?,s:o,s:b,s:o,s:s}", "host", json_safe_string(e->host), "error",
			 "hostName", e->hostname, "port", (int)e->port, "hostKeyAlias", e->alias, "jump", e->way,
			 "knockPorts", ports_json(e), "siteSecret", e->secret, "knownHosts",
			 json_safe_strings(&e->known), "sshConfig", text_string(&e->config));
}

static json_t *bundle_json(const struct entry *v, size_t n)
{
	json_t *hosts = json_array();

	for (size_t i = 0; i < n; i++)
		json_array_append_new(hosts, entry_json(&v[i]));
	return json_pack("{s:s,s:o}", "schema", "sallyport.bundle.v1", "hosts", hosts);
}

static void add_configs(const struct entry *v, size_t n, struct text *out)
{
	text_add_string(out, "# by sallyport enroll --bundle\n");
	for (size_t i = 0; i < n; i++)
		text_add_string(out, v[i].error ? "" : text_string(&v[i].config));
}

/* mark: what each line begins with. */
static void add_known(const struct entry *v, size_t n, const char *mark, struct text *out)
{
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < v[i].known.n && !v[i].error; k++)
			text_add(out, "%s%s\n", mark, v[i].known.v[k]);
}

static int write_one(const struct common_args *common, const char *folder, const char *name, const struct text *content)
{
	struct common_args there = *common;
	struct text path = { 0 };
	int status = EXIT_TROUBLE;

	text_add(&path, "%s/%s", folder, name);
	there.output = text_string(&path);
	if (!text_check(&path))
		status = command_print(&there, content, EXIT_YES);
	text_free(&path);
	return status;
}

/* Three files, to be put where ssh looks for them. */
static int write_files(const struct common_args *common, const char *folder, const struct entry *v, size_t n)
{
	struct text configs = { 0 }, known = { 0 }, json = { 0 };
	json_t *all = bundle_json(v, n);
	char *printed = json_dumps(all, JSON_INDENT(2) | JSON_SORT_KEYS);
	int status;

	add_configs(v, n, &configs);
	add_known(v, n, "", &known);
	text_add(&json, "%s\n", printed ? printed : "");
	status = write_one(common, folder, "ssh_config", &configs);
	status = status ? status : write_one(common, folder, "known_hosts", &known);
	status = status ? status : write_one(common, folder, "bundle.json", &json);
	free(printed);
	json_decref(all);
	text_free(&configs);
	text_free(&known);
	text_free(&json);
	return status;
}

static int answer(const struct common_args *common, const struct enroll_args *a, const struct entry *v, size_t n)
{
	struct text out = { 0 };
	int status = EXIT_YES, written;
	size_t whole = 0;
	json_t *j;

	for (size_t i = 0; i < n; i++)
		whole += !v[i].error;
	if (whole < n)
		status = EXIT_NO;
	if (a->into && (written = write_files(common, a->into, v, n)))
		return written;
	if (common->format == FORMAT_JSON) {
		j = bundle_json(v, n);
		status = command_print_json(common, j, status);
		json_decref(j);
		return status;
	}
	if (a->into) {
		text_add(&out, "%zu of %zu hosts: %s/ssh_config, known_hosts, bundle.json.\n", whole, n, a->into);
	} else {
		add_configs(v, n, &out);
		add_known(v, n, "#known_hosts ", &out);
	}
	status = command_print(common, &out, status);
	text_free(&out);
	return status;
}

int enroll_bundle(const struct common_args *common, const struct enroll_args *a, const struct strings *rest)
{
	struct user_config files = { 0 };
	struct strings hosts = { 0 };
	struct entry *v = NULL;
	enum err err = user_config_open(a->ssh_config, &files);
	int status = EXIT_TROUBLE;

	if (!err)
		err = rest->n ? strings_copy(&hosts, rest) : user_config_hosts(&files, &hosts);
	if (!err && !hosts.n) {
		status = complain("nothing is enrolled here yet, and no host was named");
		goto out;
	}
	if (!err && !(v = calloc(hosts.n, sizeof *v)))
		err = ERR_MEMORY;
	for (size_t i = 0; i < hosts.n && !err; i++) {
		v[i].host = hosts.v[i];
		err = entry_fill(a, &v[i]);
	}
	status = err ? fail(err, "cannot export hosts") : answer(common, a, v, hosts.n);
	for (size_t i = 0; i < hosts.n && v; i++)
		entry_clear(&v[i]);
out:
	free(v);
	strings_free(&hosts);
	user_config_clear(&files);
	return status;
}
