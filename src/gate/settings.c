/* SPDX-License-Identifier: GPL-3.0-or-later */
/* settings.c - read and write sallyportd.conf: one table of what may stand in it. */
#include "gate/settings.h"

#include "base/nearest.h"
#include "base/number.h"
#include "sshd/lexer.h"
#include "sshd/network.h"
#include "sshd/version.h"

#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/banned.h"

#define SETTINGS_MAX_SIZE (256 * 1024)
#define SSH_PORT 22
#define NTP_PORT 123
#define USUAL_GRANT 30
#define LONGEST_GRANT 3600
#define SOCKET_PATH_MAX (sizeof((struct sockaddr_un *)0)->sun_path)

#define AT(field) offsetof(struct settings, field)

struct row {
	const char *name;
	/*
	 * ERR_SYNTAX, ERR_RANGE: not what is wanted; ERR_EXISTS: in the list already; ERR_TOO_BIG: the list is full;
	 * ERR_MEMORY.
	 */
	enum err (*set)(struct settings *s, const struct row *row, const char *value);
	void (*print)(const struct settings *s, const struct row *row, struct text *out);
	size_t at;		  /* of the field; of a list's first entry */
	size_t count;		  /* of a list's count; 0: a single value */
	uint64_t min, max;	  /* of a number; of a list how many there may be at most */
	const char *const *words; /* of a choice */
	const char *wants;
};

/* One file while it is read. */
struct reading {
	struct settings *s;
	struct diags *problems;
	const char *file;
	unsigned line;
	const unsigned *first; /* the line of each row's first value; 0: it has none */
};

static void *field(struct settings *s, size_t at)
{
	return (char *)s + at;
}

static const void *field_of(const struct settings *s, size_t at)
{
	return (const char *)s + at;
}

static unsigned list_count(const struct settings *s, const struct row *row)
{
	return *(const unsigned *)field_of(s, row->count);
}

/* --- single values --- */

static enum err set_number(struct settings *s, const struct row *row, const char *value)
{
	uint64_t n;
	enum err e = number_parse(value, row->min, row->max, &n);

	if (!e)
		*(unsigned *)field(s, row->at) = (unsigned)n;
	return e;
}

static void print_number(const struct settings *s, const struct row *row, struct text *out)
{
	text_add(out, "%s %u\n", row->name, *(const unsigned *)field_of(s, row->at));
}

static enum err set_seconds(struct settings *s, const struct row *row, const char *value)
{
	uint64_t n;
	enum err e = duration_parse(value, &n);

	if (e)
		return e;
	if (n < row->min || n > row->max)
		return ERR_RANGE;
	*(uint32_t *)field(s, row->at) = (uint32_t)n;
	return ERR_NONE;
}

static void print_seconds(const struct settings *s, const struct row *row, struct text *out)
{
	char time[32];

	duration_format(*(const uint32_t *)field_of(s, row->at), time, sizeof time);
	text_add(out, "%s %s\n", row->name, time);
}

static const char *const yes_no[] = { "no", "yes", NULL };
static const char *const answers[] = { [FIREWALL_DROP] = "drop", [FIREWALL_RESET] = "reset", NULL };
static const char *const secret_modes[] = { [SECRET_PREFER] = "prefer", [SECRET_REQUIRE] = "require", NULL };

static const char *const shut_words[] = { [FIREWALL_SHUT] = "yes", [FIREWALL_OPEN] = "no", NULL };

_Static_assert(sizeof(enum firewall_answer) == sizeof(unsigned) && sizeof(enum settings_secret) == sizeof(unsigned) &&
		       sizeof(enum firewall_shut) == sizeof(unsigned),
	       "a choice is stored as a number");

static enum err choice_find(const struct row *row, const char *value, unsigned *out)
{
	for (unsigned i = 0; row->words[i]; i++) {
		if (strcasecmp(row->words[i], value) == 0) {
			*out = i;
			return ERR_NONE;
		}
	}
	return ERR_SYNTAX;
}

static enum err set_choice(struct settings *s, const struct row *row, const char *value)
{
	unsigned i;
	enum err e = choice_find(row, value, &i);

	if (!e)
		memcpy(field(s, row->at), &i, sizeof i);
	return e;
}

static void print_choice(const struct settings *s, const struct row *row, struct text *out)
{
	unsigned i;

	memcpy(&i, field_of(s, row->at), sizeof i);
	text_add(out, "%s %s\n", row->name, row->words[i]);
}

static enum err set_flag(struct settings *s, const struct row *row, const char *value)
{
	unsigned i;
	enum err e = choice_find(row, value, &i);

	if (!e)
		*(bool *)field(s, row->at) = i;
	return e;
}

static void print_flag(const struct settings *s, const struct row *row, struct text *out)
{
	text_add(out, "%s %s\n", row->name, row->words[*(const bool *)field_of(s, row->at)]);
}

#define OPEN_AFTER "open-after="
#define UNATTENDED_MIN 60
#define UNATTENDED_MAX (30 * 86400)

static enum err set_if_broken(struct settings *s, const struct row *row, const char *value)
{
	const size_t len = strlen(OPEN_AFTER);
	uint32_t *seconds = field(s, row->at);

	if (strncasecmp(value, OPEN_AFTER, len) == 0)
		return set_seconds(s, row, value + len);
	if (strcasecmp(value, "closed") != 0)
		return ERR_SYNTAX;
	*seconds = 0;
	return ERR_NONE;
}

static void print_if_broken(const struct settings *s, const struct row *row, struct text *out)
{
	const uint32_t seconds = *(const uint32_t *)field_of(s, row->at);
	char time[32];

	duration_format(seconds, time, sizeof time);
	text_add(out, "%s %s%s\n", row->name, seconds ? OPEN_AFTER : "closed", seconds ? time : "");
}

/* Control characters would end the line that settings_print() writes, or disturb a log. */
static bool path_fits(const char *value)
{
	for (const char *p = value; *p; p++)
		if ((unsigned char)*p < ' ' || *p == '\177')
			return false;
	return *value == '/' && strlen(value) < PATH_MAX;
}

static enum err set_path(struct settings *s, const struct row *row, const char *value)
{
	char **path = field(s, row->at), *copy;

	if (!path_fits(value) || (row->max && strlen(value) >= row->max))
		return ERR_SYNTAX;
	if (!(copy = strdup(value)))
		return ERR_MEMORY;
	free(*path);
	*path = copy;
	return ERR_NONE;
}

/* In double quotes where the lexer would see more in it than a word. */
static void path_add(struct text *out, const char *name, const char *path)
{
	bool plain = !path[strcspn(path, " \"'\\#=")];

	text_add(out, "%s %s", name, plain ? "" : "\"");
	for (const char *p = path; *p; p++) {
		if (*p == '"' || *p == '\\')
			text_add_string(out, "\\");
		text_add_bytes(out, p, 1);
	}
	text_add_string(out, plain ? "\n" : "\"\n");
}

static void print_path(const struct settings *s, const struct row *row, struct text *out)
{
	path_add(out, row->name, *(char *const *)field_of(s, row->at));
}

/* --- lists --- */

static enum err list_room(const struct settings *s, const struct row *row)
{
	return list_count(s, row) < row->max ? ERR_NONE : ERR_TOO_BIG;
}

static enum err add_port(struct settings *s, const struct row *row, const char *value)
{
	uint16_t *ports = field(s, row->at);
	unsigned *count = field(s, row->count);
	uint64_t n;
	enum err e;

	if ((e = number_parse(value, 1, UINT16_MAX, &n)))
		return e;
	for (unsigned i = 0; i < *count; i++)
		if (ports[i] == n)
			return ERR_EXISTS;
	if ((e = list_room(s, row)))
		return e;
	ports[(*count)++] = (uint16_t)n;
	return ERR_NONE;
}

static enum err add_knock_port(struct settings *s, const struct row *row, const char *value)
{
	uint64_t n;

	if (number_parse(value, NTP_PORT, NTP_PORT, &n) == ERR_NONE)
		return ERR_RANGE;
	return add_port(s, row, value);
}

static void print_ports(const struct settings *s, const struct row *row, struct text *out)
{
	const uint16_t *ports = field_of(s, row->at);

	for (unsigned i = 0; i < list_count(s, row); i++)
		text_add(out, "%s %u\n", row->name, ports[i]);
}

/* What the kernel takes as a name and what needs no quoting anywhere; lo is never shut, so neither shut nor excepted. */
static bool interface_fits(const char *value)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-+@";
	size_t len = strspn(value, letters);

	return len > 0 && len < 16 && !value[len] && strcmp(value, ".") != 0 && strcmp(value, "..") != 0 &&
	       strcmp(value, "lo") != 0;
}

static enum err add_interface(struct settings *s, const struct row *row, const char *value)
{
	char(*names)[16] = field(s, row->at);
	unsigned *count = field(s, row->count);
	enum err e;

	if (!interface_fits(value))
		return ERR_SYNTAX;
	for (unsigned i = 0; i < *count; i++)
		if (strcmp(names[i], value) == 0)
			return ERR_EXISTS;
	if ((e = list_room(s, row)))
		return e;
	memcpy(names[(*count)++], value, strlen(value) + 1);
	return ERR_NONE;
}

static void print_interfaces(const struct settings *s, const struct row *row, struct text *out)
{
	const char(*names)[16] = field_of(s, row->at);

	for (unsigned i = 0; i < list_count(s, row); i++)
		text_add(out, "%s %s\n", row->name, names[i]);
}

static struct network network_of(const struct firewall_network *n)
{
	struct network out = { .family = n->address.family == 6 ? AF_INET6 : AF_INET, .len = n->bits };

	memcpy(out.addr, n->address.bytes, sizeof out.addr);
	return out;
}

static enum err add_network(struct settings *s, const struct row *row, const char *value)
{
	struct firewall_network *v = s->firewall.networks, new = { 0 };
	struct network n;
	enum err e;

	if ((e = network_parse(value, &n)))
		return e;
	new.address.family = n.family == AF_INET6 ? 6 : 4;
	new.bits = (uint8_t)n.len;
	memcpy(new.address.bytes, n.addr, sizeof n.addr);
	for (unsigned i = 0; i < s->firewall.nnetworks; i++)
		if (memcmp(&v[i], &new, sizeof new) == 0)
			return ERR_EXISTS;
	if ((e = list_room(s, row)))
		return e;
	v[s->firewall.nnetworks++] = new;
	return ERR_NONE;
}

static void print_networks(const struct settings *s, const struct row *row, struct text *out)
{
	for (unsigned i = 0; i < s->firewall.nnetworks; i++) {
		struct network n = network_of(&s->firewall.networks[i]);
		char text[NETWORK_TEXT];

		network_text(&n, text);
		text_add(out, "%s %s\n", row->name, text);
	}
}

static enum err add_path(struct settings *s, const struct row *row, const char *value)
{
	char **paths = field(s, row->at);
	unsigned *count = field(s, row->count);
	enum err e;

	if (!path_fits(value))
		return ERR_SYNTAX;
	for (unsigned i = 0; i < *count; i++)
		if (strcmp(paths[i], value) == 0)
			return ERR_EXISTS;
	if ((e = list_room(s, row)))
		return e;
	if (!(paths[*count] = strdup(value)))
		return ERR_MEMORY;
	++*count;
	return ERR_NONE;
}

static void print_paths(const struct settings *s, const struct row *row, struct text *out)
{
	char *const *paths = field_of(s, row->at);

	for (unsigned i = 0; i < list_count(s, row); i++)
		path_add(out, row->name, paths[i]);
}

/* --- the table --- */

enum row_index { ROW_PORT, ROW_KNOCK_PORT, ROW_SECRET_MODE, ROW_GRANT_TIME, ROW_MAX_GRANT_TIME };

static const struct row rows[] = {
	/* those of enum row_index */
	[ROW_PORT] = { "Port", add_port, print_ports, AT(firewall.ports), AT(firewall.nports), 0, FIREWALL_PORTS, NULL,
		       "TCP ports from 1 to 65535" },
	[ROW_KNOCK_PORT] = { "KnockPort", add_knock_port, print_ports, AT(firewall.knocks), AT(firewall.nknocks), 0,
			     FIREWALL_PORTS, NULL, "UDP ports from 1 to 65535, but never 123, which is the time's" },
	[ROW_SECRET_MODE] = { "SiteSecretMode", set_choice, print_choice, AT(secret_mode), 0, 0, 0, secret_modes,
			      "prefer or require" },
	[ROW_GRANT_TIME] = { "GrantTime", set_seconds, print_seconds, AT(grant_seconds), 0, 1, LONGEST_GRANT, NULL,
			     "a time from 1s to 1h" },
	[ROW_MAX_GRANT_TIME] = { "MaxGrantTime", set_seconds, print_seconds, AT(max_grant_seconds), 0, 1, LONGEST_GRANT,
				 NULL, "a time from 1s to 1h" },

	{ "Interface", add_interface, print_interfaces, AT(firewall.interfaces), AT(firewall.ninterfaces), 0,
	  FIREWALL_INTERFACES, NULL, "names of network interfaces other than lo" },
	{ "ExceptInterface", add_interface, print_interfaces, AT(firewall.except), AT(firewall.nexcept), 0,
	  FIREWALL_INTERFACES, NULL, "names of network interfaces other than lo" },
	{ "Except", add_network, print_networks, AT(firewall.networks), AT(firewall.nnetworks), 0, FIREWALL_NETWORKS,
	  NULL, "addresses or networks such as 192.0.2.0/24, with no bit set behind the length" },
	{ "IPv6Prefix", set_number, print_number, AT(firewall.ipv6_bits), 0, 64, 128, NULL, "a number from 64 to 128" },
	{ "Shut", set_choice, print_choice, AT(firewall.shut), 0, 0, 0, shut_words, "yes or no" },
	{ "IfBroken", set_if_broken, print_if_broken, AT(firewall.unattended_seconds), 0, UNATTENDED_MIN,
	  UNATTENDED_MAX, NULL, "closed, or open-after= and a time from 1m to 30d" },
	{ "Answer", set_choice, print_choice, AT(firewall.answer), 0, 0, 0, answers, "drop or reset" },
	{ "SshdConfig", set_path, print_path, AT(sshd_config), 0, 0, 0, NULL, "an absolute path" },
	{ "HostKey", add_path, print_paths, AT(host_keys), AT(nhost_keys), 0, MESSAGE_HOSTS, NULL,
	  "absolute paths of private host keys" },
	{ "SiteSecret", add_path, print_paths, AT(secrets), AT(nsecrets), 0, SETTINGS_SECRETS, NULL,
	  "absolute paths of files that hold a secret" },
	{ "PacketSource", set_flag, print_flag, AT(packet_source), 0, 0, 0, yes_no, "yes or no" },
	{ "SlowKeys", set_flag, print_flag, AT(slow_keys), 0, 0, 0, yes_no, "yes or no" },
	{ "CpuShare", set_number, print_number, AT(cpu_share), 0, 1, 100, NULL, "a number from 1 to 100" },
	{ "Rescue", set_flag, print_flag, AT(rescue), 0, 0, 0, yes_no, "yes or no" },
	{ "StateDirectory", set_path, print_path, AT(state_dir), 0, 0, 0, NULL, "an absolute path" },
	{ "ControlSocket", set_path, print_path, AT(control), 0, 0, SOCKET_PATH_MAX, NULL,
	  "an absolute path of at most 107 bytes" },
};

/* --- reading --- */

static void unknown_keyword(const struct reading *r, const char *word)
{
	const char *names[ARRAY_SIZE(rows) + 1] = { 0 };
	const char *near;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		names[i] = rows[i].name;
	near = nearest_word(word, names);
	diag_error_escaped(r->problems, r->file, r->line, "there is no setting '%s'%s%s%s", word,
			   near ? ": did you mean '" : "", near ? near : "", near ? "'?" : "");
}

static const struct row *row_find(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (strcasecmp(rows[i].name, name) == 0)
			return &rows[i];
	return NULL;
}

static enum err read_value(const struct reading *r, const struct row *row, const char *value)
{
	enum err e = row->set(r->s, row, value);

	switch (e) {
	case ERR_NONE:
	case ERR_MEMORY: return e;
	case ERR_EXISTS:
		diag_error_escaped(r->problems, r->file, r->line, "%s is '%s', which is in the list already", row->name,
				   value);
		break;
	case ERR_TOO_BIG:
		diag_error_escaped(r->problems, r->file, r->line, "%s is '%s': wants at most %u in all", row->name,
				   value, (unsigned)row->max);
		break;
	default:
		diag_error_escaped(r->problems, r->file, r->line, "%s is '%s': wants %s", row->name, value, row->wants);
		break;
	}
	return ERR_NONE;
}

static enum err read_setting(const struct reading *r, const struct row *row, const struct lexer_line *l,
			     unsigned *first)
{
	enum err e = ERR_NONE;

	if (l->kind == LEXER_OPEN_QUOTE) {
		diag_error_escaped(r->problems, r->file, r->line, "%s has a quote without an end", row->name);
	} else if (l->args.n == 0 || (!row->count && l->args.n > 1)) {
		diag_error_escaped(r->problems, r->file, r->line, "%s has %zu values: wants %s", row->name, l->args.n,
				   row->wants);
	} else if (!row->count && *first) {
		diag_error_escaped(r->problems, r->file, r->line, "%s is set already in line %u", row->name, *first);
	} else {
		for (size_t i = 0; i < l->args.n && !e; i++)
			e = read_value(r, row, l->args.v[i]);
		if (!*first)
			*first = r->line;
	}
	return e;
}

/* The lexer passes over what sshd passes over; here a line that is neither empty nor a comment is a mistake. */
static bool is_blank(const char *line, size_t len)
{
	size_t i = 0;

	while (i < len && memchr(" \t\r\f", line[i], 4))
		i++;
	return i == len || line[i] == '#';
}

static enum err read_line(const struct reading *r, const char *line, size_t len, unsigned *first)
{
	struct lexer_line l = { 0 };
	const struct row *row;
	enum err e;

	if (is_blank(line, len))
		return ERR_NONE;
	if (memchr(line, '\0', len)) {
		diag_error_escaped(r->problems, r->file, r->line, "there is a NUL byte in this line");
		return ERR_NONE;
	}
	if ((e = lexer_read(line, len, SSHD_NEWEST, &l)))
		return e;
	row = l.keyword ? row_find(l.keyword) : NULL;
	if (!l.keyword)
		diag_error_escaped(r->problems, r->file, r->line, "a setting's name was expected here");
	else if (!row)
		unknown_keyword(r, l.keyword);
	else
		e = read_setting(r, row, &l, &first[row - rows]);
	lexer_clear(&l);
	return e;
}

/* Lines that do not fit are noted and passed over, so that all mistakes are seen at once. */
static enum err read_lines(struct reading *r, const char *content, size_t len, unsigned *first)
{
	enum err e = ERR_NONE;

	while (len > 0 && !e) {
		const char *end = memchr(content, '\n', len);
		size_t n = end ? (size_t)(end - content) : len;

		r->line++;
		e = read_line(r, content, n, first);
		n += end != NULL;
		content += n;
		len -= n;
	}
	return e;
}

/* --- as a whole --- */

static enum err default_path(char **path, const char *otherwise)
{
	if (!*path)
		*path = strdup(otherwise);
	return *path ? ERR_NONE : ERR_MEMORY;
}

/* Of lists, of paths, and of what depends on another value; the rest began with theirs. */
static enum err fill_defaults(struct settings *s)
{
	struct firewall_rules *f = &s->firewall;
	enum err e;

	if (f->nports == 0)
		f->ports[f->nports++] = SSH_PORT;
	if (f->nknocks == 0) {
		memcpy(f->knocks, f->ports, sizeof f->knocks);
		f->nknocks = f->nports;
	}
	if (s->grant_seconds == 0)
		s->grant_seconds = s->max_grant_seconds < USUAL_GRANT ? s->max_grant_seconds : USUAL_GRANT;
	if (s->nhost_keys == 0) {
		if ((e = default_path(&s->host_keys[0], "/etc/ssh/ssh_host_ed25519_key")))
			return e;
		s->nhost_keys = 1;
	}
	if ((e = default_path(&s->sshd_config, "/etc/ssh/sshd_config")) ||
	    (e = default_path(&s->state_dir, "/var/lib/sallyport/gate")))
		return e;
	return default_path(&s->control, "/run/sallyport/control");
}

/* What only several settings together can get wrong. */
static void check_together(const struct reading *r)
{
	const struct settings *s = r->s;
	const unsigned *first = r->first;

	for (unsigned i = 0; i < s->firewall.nknocks && !first[ROW_KNOCK_PORT]; i++)
		if (s->firewall.knocks[i] == NTP_PORT)
			diag_error_escaped(r->problems, r->file, first[ROW_PORT],
					   "Port is '123', where nobody can knock: wants a KnockPort besides");
	if (s->grant_seconds > s->max_grant_seconds)
		diag_error_escaped(r->problems, r->file, first[ROW_GRANT_TIME],
				   "GrantTime is %us, MaxGrantTime %us: wants a GrantTime that is not longer",
				   s->grant_seconds, s->max_grant_seconds);
	if (s->secret_mode == SECRET_REQUIRE && s->nsecrets == 0)
		diag_error_escaped(r->problems, r->file, first[ROW_SECRET_MODE],
				   "SiteSecretMode is 'require': wants a SiteSecret besides");
}

static enum err parse_into(struct settings *s, const char *content, size_t len, const char *name,
			   struct diags *problems)
{
	unsigned first[ARRAY_SIZE(rows)] = { 0 };
	struct reading r = { .s = s, .problems = problems, .file = name, .first = first };
	size_t errors = problems->errors;
	enum err e;

	if (len > SETTINGS_MAX_SIZE)
		diag_error_escaped(r.problems, r.file, 0, "is longer than %d KiB", SETTINGS_MAX_SIZE / 1024);
	else if ((e = read_lines(&r, content, len, first)) || (e = fill_defaults(s)))
		return e;
	else
		check_together(&r);
	return problems->errors > errors ? ERR_CONFIG : ERR_NONE;
}

enum err settings_parse(const char *content, size_t len, const char *name, struct settings **out,
			struct diags *problems)
{
	struct settings *s = calloc(1, sizeof *s);
	enum err e;

	if (!s)
		return ERR_MEMORY;
	s->firewall.ipv6_bits = 128;
	s->max_grant_seconds = 300;
	s->packet_source = true;
	s->slow_keys = true;
	s->rescue = true;
	s->cpu_share = 25;
	if ((e = parse_into(s, content, len, name, problems))) {
		settings_free(s);
		return e;
	}
	*out = s;
	return ERR_NONE;
}

enum err settings_load(const struct root *r, const char *path, struct settings **out, struct diags *problems)
{
	char *content;
	size_t len;
	enum err e = root_read(r, path, SETTINGS_MAX_SIZE, &content, &len);

	if (e == ERR_MEMORY)
		return e;
	if (e) {
		diag_error(problems, path, 0, "cannot be read: %s", err_text(e));
		return ERR_CONFIG;
	}
	e = settings_parse(content, len, path, out, problems);
	free(content);
	return e;
}

void settings_free(struct settings *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < ARRAY_SIZE(s->host_keys); i++)
		free(s->host_keys[i]);
	for (size_t i = 0; i < ARRAY_SIZE(s->secrets); i++)
		free(s->secrets[i]);
	free(s->sshd_config);
	free(s->state_dir);
	free(s->control);
	free(s);
}

void settings_print(const struct settings *s, struct text *out)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		rows[i].print(s, &rows[i], out);
}
