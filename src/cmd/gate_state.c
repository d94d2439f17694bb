/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gate_state.c - the settings of sallyportd, the kernel's table and the daemon's answer, put together. */
#include "cmd/gate_state.h"

#include "audit/gate_table.h"
#include "base/number.h"
#include "sshd/lexer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/banned.h"

#define SETTINGS "/etc/sallyport/sallyportd.conf"
#define SETTINGS_MAX (1u << 20)
#define RELEASE 0 /* any: what is read here has no quotes */

/* Only what is needed to ask the daemon; whether all is well with the settings says sallyportd -t. */
static enum err settings_line(const char *line, size_t len, struct gate_state *g, char **socket)
{
	struct lexer_line l = { 0 };
	enum err e = lexer_read(line, len, RELEASE, &l);

	if (e)
		return e;
	if (l.kind == LEXER_LINE && l.args.n && !strcasecmp(l.keyword, "Port"))
		e = strings_copy(&g->ports, &l.args);
	if (l.kind == LEXER_LINE && l.args.n && !strcasecmp(l.keyword, "ControlSocket") && !*socket)
		e = (*socket = strdup(l.args.v[0])) ? ERR_NONE : ERR_MEMORY;
	lexer_clear(&l);
	return e;
}

static enum err settings_read(const struct root *r, struct gate_state *g, char **socket)
{
	char *content = NULL;
	size_t len = 0, at = 0;
	enum err e = root_read(r, SETTINGS, SETTINGS_MAX, &content, &len);

	g->configured = !(e == ERR_SYSTEM && (errno == ENOENT || errno == ENOTDIR));
	if (e)
		return e == ERR_MEMORY ? e : ERR_NONE;
	while (!e && at < len) {
		const char *end = memchr(content + at, '\n', len - at);
		const size_t n = end ? (size_t)(end - content) - at : len - at;

		e = settings_line(content + at, n, g, socket);
		at += n + 1;
	}
	free(content);
	return e;
}

static void ask_kernel(struct gate_state *g)
{
	bool loaded = false;

	if (!gate_table_find(&loaded))
		g->table = loaded ? KNOWN_YES : KNOWN_NO;
}

static void ask_daemon(const char *socket, struct gate_state *g)
{
	bool reached;
	enum err e = who_look(socket, &g->said, &reached);

	if (e == ERR_SYSTEM && (errno == EACCES || errno == EPERM))
		g->running = KNOWN_NOT;
	else
		g->running = e ? KNOWN_NO : KNOWN_YES;
}

enum err gate_state_read(const struct root *r, bool live, struct gate_state *out)
{
	struct gate_state g = { .live = live };
	char *socket = NULL;
	enum err e = settings_read(r, &g, &socket);

	if (!e && live) {
		ask_kernel(&g);
		ask_daemon(socket, &g);
	}
	free(socket);
	if (e)
		gate_state_clear(&g);
	else
		*out = g;
	return e;
}

void gate_state_clear(struct gate_state *g)
{
	strings_free(&g->ports);
	who_clear(&g->said);
	*g = (struct gate_state){ 0 };
}

bool gate_state_any(const struct gate_state *g)
{
	return g->configured || g->table == KNOWN_YES || g->running == KNOWN_YES;
}

/* As while hide waits for the first knock. */
static bool held_open(const struct gate_state *g)
{
	return g->running == KNOWN_YES && g->said.status.held_open;
}

bool gate_state_hides(const struct gate_state *g, const char *port)
{
	return g->table == KNOWN_YES && !held_open(g) && strings_has(&g->ports, port);
}

/* Copies are no refusals: every client sends its knock three times. */
static uint64_t refused(const struct control_status *s)
{
	uint64_t n = 0;

	for (size_t i = 1; i < STAGE_COUNT; i++)
		n += i == STAGE_DUPLICATE ? 0 : s->ended[i];
	return n;
}

static void add_served(const struct control_status *s, size_t grants, struct text *out)
{
	const time_t started = (time_t)s->started;
	char since[32];
	struct tm tm;

	localtime_r(&started, &tm);
	strftime(since, sizeof since, "%Y-%m-%d %H:%M", &tm);
	text_add(out, ", serving since %s, %zu let in, %llu knock%s granted, %llu packet%s refused", since, grants,
		 (unsigned long long)s->granted, s->granted == 1 ? "" : "s", (unsigned long long)refused(s),
		 refused(s) == 1 ? "" : "s");
}

void gate_state_line(const struct gate_state *g, struct text *out)
{
	static const char *const words[] = {
		[KNOWN_NOT] = "hidden or not", [KNOWN_NO] = "not hidden", [KNOWN_YES] = "hidden"
	};
	struct text ports = { 0 };

	strings_join(&g->ports, ", ", &ports);
	text_add_string(out, g->ports.n == 1 ? "port " : g->ports.n ? "ports " : "no port");
	text_add_escaped(out, text_string(&ports), ports.len);
	text_free(&ports);
	if (g->table == KNOWN_NOT)
		text_add_string(out, !g->live		       ? ", not looked at"
				     : g->running == KNOWN_NOT ? ", more is told to root"
							       : "");
	else
		text_add(out, " %s", held_open(g) ? "held open" : words[g->table]);
	if (g->running == KNOWN_YES)
		add_served(&g->said.status, g->said.n, out);
	else if (g->running == KNOWN_NO)
		text_add(out, ", %s", g->said.why);
}

void gate_state_troubles(const struct gate_state *g, struct text *out)
{
	const bool up = g->running == KNOWN_YES;

	if (g->table == KNOWN_YES && g->running == KNOWN_NO)
		text_add_string(out, "the port is shut and nobody hears a knock: only who is let in already gets in\n");
	if (held_open(g))
		text_add_string(out, "knocks are heard, and the port is open to all: Shut no\n");
	else if (g->table == KNOWN_NO && up)
		text_add_string(out, "the firewall table is gone: the port is open to all\n");
	if (g->table == KNOWN_NO && !up && g->configured && g->running == KNOWN_NO)
		text_add_string(out, "it is set up, but nobody serves: the port is not shut\n");
	if (up && g->said.status.replay_lost)
		text_add_string(
			out,
			"the record of past knocks is lost: nothing is granted until the clock is known to be right\n");
	if (up && g->said.status.memory_only)
		text_add_string(out, "the record of knocks cannot be written: they are remembered in memory alone\n");
}

const char *gate_state_next(const struct gate_state *g)
{
	if (g->table == KNOWN_YES && g->running == KNOWN_NO)
		return "Next: sudo systemctl start sallyportd";
	if (g->table == KNOWN_NO && g->running == KNOWN_YES)
		return "Next: sudo systemctl restart sallyport-firewall";
	if (g->running == KNOWN_YES && g->said.status.replay_lost)
		return "Next: sudo sallyport grant --clock-is-right, where the clock is right";
	return NULL;
}

static json_t *known_json(enum known k)
{
	return k == KNOWN_NOT ? json_null() : json_boolean(k == KNOWN_YES);
}

static void add_answer(const struct gate_state *g, json_t *j)
{
	const struct control_status *s = &g->said.status;
	json_t *ended = json_object();
	char since[32];

	date_format((time_t)s->started, since, sizeof since);
	for (size_t i = 1; i < STAGE_COUNT; i++)
		if (s->ended[i])
			json_object_set_new(ended, knock_stage_text((enum knock_stage)i),
					    json_integer((json_int_t)s->ended[i]));
	json_object_set_new(j, "started", json_string(since));
	json_object_set_new(j, "grants", json_integer((json_int_t)g->said.n));
	json_object_set_new(j, "granted", json_integer((json_int_t)s->granted));
	json_object_set_new(j, "refused", ended);
	json_object_set_new(j, "replay",
			    json_pack("{s:I,s:b,s:b}", "entries", (json_int_t)s->replay_entries, "lost",
				      s->replay_lost != 0, "memory_only", s->memory_only != 0));
	json_object_set_new(j, "table_owned", json_boolean(s->table_owned));
}

json_t *gate_state_json(const struct gate_state *g)
{
	json_t *j, *ports;
	uint64_t port;

	if (!gate_state_any(g))
		return json_null();
	ports = json_array();
	for (size_t i = 0; i < g->ports.n; i++)
		if (!number_parse(g->ports.v[i], 1, UINT16_MAX, &port))
			json_array_append_new(ports, json_integer((json_int_t)port));
	j = json_pack("{s:b,s:o,s:o,s:o,s:s?}", "configured", g->configured, "ports", ports, "hidden",
		      known_json(held_open(g) ? KNOWN_NO : g->table), "running", known_json(g->running), "error",
		      g->running == KNOWN_YES ? NULL : g->said.why);
	if (j && g->running == KNOWN_YES)
		add_answer(g, j);
	return j;
}
