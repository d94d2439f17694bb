/* SPDX-License-Identifier: GPL-3.0-or-later */
/* access.c - the decision: sshd's own checks in sshd's order, the first that refuses wins. */
#include "sshd/access.h"

#include "key/public.h"
#include "sshd/pattern.h"
#include "sshd/version.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/banned.h"

#define KEYS_BYTES (16u << 20)

static const char *const reasons[] = {
	[REASON_ACCEPTED] = "accepted",
	[REASON_UNKNOWN_USER] = "unknown-user",
	[REASON_LOCKED] = "locked",
	[REASON_SHELL] = "shell",
	[REASON_DENY_USERS] = "DenyUsers",
	[REASON_ALLOW_USERS] = "AllowUsers",
	[REASON_NO_GROUP] = "no-group",
	[REASON_DENY_GROUPS] = "DenyGroups",
	[REASON_ALLOW_GROUPS] = "AllowGroups",
	[REASON_ROOT_LOGIN] = "PermitRootLogin",
	[REASON_METHOD_DISABLED] = "method-disabled",
	[REASON_UNREADABLE] = "unreadable",
};

/* Each method: sshd's name for it, the keyword that switches it, and whether prohibit-password leaves it to root. */
static const struct method {
	enum access_method bit;
	const char *name;
	enum sshd_keyword_id keyword;
	bool for_root;
} methods[] = {
	{ METHOD_PUBLICKEY, "publickey", KW_PUBKEYAUTHENTICATION, true },
	{ METHOD_PASSWORD, "password", KW_PASSWORDAUTHENTICATION, false },
	{ METHOD_KEYBOARD, "keyboard-interactive", KW_KBDINTERACTIVEAUTHENTICATION, false },
	{ METHOD_HOSTBASED, "hostbased", KW_HOSTBASEDAUTHENTICATION, true },
	{ METHOD_GSSAPI, "gssapi-with-mic", KW_GSSAPIAUTHENTICATION, true },
	{ METHOD_GSSAPI, "gssapi-keyex", KW_GSSAPIAUTHENTICATION, true },
};

const char *access_reason_text(enum access_reason reason)
{
	return reasons[reason];
}

const char *access_method_text(enum access_method method)
{
	for (size_t i = 0; i < ARRAY_SIZE(methods); i++)
		if (methods[i].bit == method)
			return methods[i].name;
	return "none";
}

void access_decision_clear(struct access_decision *d)
{
	free(d->pattern);
	free(d->detail);
	*d = (struct access_decision){ 0 };
}

/* What the checks share. */
struct login {
	const struct root *root;
	const struct access_login *who;
	const struct account *account;
	const char *host; /* the name sshd would use, the address where it has none */
	struct sshd_effective *rules;
	bool unsure; /* something could not be read: if nothing else refuses, the verdict is unknown */
};

static bool is_on(const struct login *l, enum sshd_keyword_id id)
{
	return !strcmp(sshd_value(l->rules, id), "yes");
}

static enum err verdict(struct access_decision *d, enum access_verdict v, enum access_reason reason,
			const struct sshd_line *by, const char *pattern, const char *format, ...) FORMAT(6, 7);

static enum err verdict(struct access_decision *d, enum access_verdict v, enum access_reason reason,
			const struct sshd_line *by, const char *pattern, const char *format, ...)
{
	struct text t = { 0 };
	va_list ap;

	va_start(ap, format);
	text_addv(&t, format, ap);
	va_end(ap);
	d->verdict = v;
	d->reason = reason;
	d->by = by;
	d->pattern = pattern ? strdup(pattern) : NULL;
	d->detail = text_take(&t);
	return d->detail && (!pattern || d->pattern) ? ERR_NONE : ERR_MEMORY;
}

/* Each check returns ERR_NONE and sets *done when it has decided. */
typedef enum err (*access_check)(struct login *l, struct access_decision *d, bool *done);

static enum err check_exists(struct login *l, struct access_decision *d, bool *done)
{
	if (l->account)
		return ERR_NONE;
	*done = true;
	return verdict(d, ACCESS_DENIED, REASON_UNKNOWN_USER, NULL, NULL, "there is no account %s", l->who->user);
}

/* With PAM this is left to PAM's account modules. */
static enum err check_locked(struct login *l, struct access_decision *d, bool *done)
{
	const struct sshd_line *by = sshd_decider(l->rules, KW_USEPAM);

	if (is_on(l, KW_USEPAM))
		return ERR_NONE;
	l->unsure |= l->account->password == PASSWORD_UNKNOWN;
	if (l->account->expired) {
		*done = true;
		return verdict(d, ACCESS_DENIED, REASON_LOCKED, by, NULL, "the account has expired, and UsePAM is no");
	}
	if (l->account->password != PASSWORD_LOCKED)
		return ERR_NONE;
	*done = true;
	return verdict(d, ACCESS_DENIED, REASON_LOCKED, by, NULL, "the password is locked with '!', and UsePAM is no");
}

static enum err check_shell(struct login *l, struct access_decision *d, bool *done)
{
	struct stat st;

	if (strcmp(sshd_value(l->rules, KW_CHROOTDIRECTORY), "none"))
		return ERR_NONE;
	if (root_stat(l->root, l->account->shell, &st)) {
		if (errno != ENOENT && errno != ENOTDIR) {
			l->unsure = true;
			return ERR_NONE;
		}
		*done = true;
		return verdict(d, ACCESS_DENIED, REASON_SHELL, NULL, NULL, "the shell %s does not exist",
			       l->account->shell);
	}
	if (S_ISREG(st.st_mode) && st.st_mode & 0111)
		return ERR_NONE;
	*done = true;
	return verdict(d, ACCESS_DENIED, REASON_SHELL, NULL, NULL, "the shell %s is no program", l->account->shell);
}

/* A word of a list that hits, and its line. */
struct hit {
	const struct sshd_line *line;
	const char *word;
};

static bool user_hits(const struct login *l, const char *word)
{
	return pattern_match_user(l->account->name, l->host, l->who->addr, word) == 1;
}

static bool group_hits(const struct login *l, const char *word)
{
	for (size_t i = 0; i < l->account->groups.n; i++)
		if (pattern_match(l->account->groups.v[i], word))
			return true;
	return false;
}

static struct hit list_find(const struct login *l, enum sshd_keyword_id id,
			    bool (*hits)(const struct login *l, const char *word))
{
	const struct sshd_value *v = &l->rules->v[id];

	for (size_t i = 0; i < v->nby; i++)
		for (size_t j = 0; j < v->by[i]->args.n; j++)
			if (hits(l, v->by[i]->args.v[j]))
				return (struct hit){ v->by[i], v->by[i]->args.v[j] };
	return (struct hit){ 0 };
}

static bool list_set(const struct login *l, enum sshd_keyword_id id)
{
	return l->rules->v[id].values.n > 0;
}

static enum err check_deny_users(struct login *l, struct access_decision *d, bool *done)
{
	struct hit h = list_find(l, KW_DENYUSERS, user_hits);

	if (!h.line)
		return ERR_NONE;
	*done = true;
	return verdict(d, ACCESS_DENIED, REASON_DENY_USERS, h.line, h.word, "DenyUsers lists %s", h.word);
}

static enum err check_allow_users(struct login *l, struct access_decision *d, bool *done)
{
	if (!list_set(l, KW_ALLOWUSERS) || list_find(l, KW_ALLOWUSERS, user_hits).line)
		return ERR_NONE;
	*done = true;
	return verdict(d, ACCESS_DENIED, REASON_ALLOW_USERS, sshd_decider(l->rules, KW_ALLOWUSERS), NULL,
		       "AllowUsers is set and lists neither %s nor a pattern for it", l->account->name);
}

static enum err check_no_group(struct login *l, struct access_decision *d, bool *done)
{
	const struct sshd_line *by = sshd_decider(l->rules, KW_DENYGROUPS);

	if (l->account->groups.n || (!list_set(l, KW_DENYGROUPS) && !list_set(l, KW_ALLOWGROUPS)))
		return ERR_NONE;
	*done = true;
	return verdict(d, ACCESS_DENIED, REASON_NO_GROUP, by ? by : sshd_decider(l->rules, KW_ALLOWGROUPS), NULL,
		       "%s is in no group that has a name", l->account->name);
}

static enum err check_deny_groups(struct login *l, struct access_decision *d, bool *done)
{
	struct hit h = list_find(l, KW_DENYGROUPS, group_hits);

	if (!h.line)
		return ERR_NONE;
	*done = true;
	return verdict(d, ACCESS_DENIED, REASON_DENY_GROUPS, h.line, h.word, "DenyGroups lists %s", h.word);
}

static enum err check_allow_groups(struct login *l, struct access_decision *d, bool *done)
{
	if (!list_set(l, KW_ALLOWGROUPS) || list_find(l, KW_ALLOWGROUPS, group_hits).line)
		return ERR_NONE;
	*done = true;
	return verdict(d, ACCESS_DENIED, REASON_ALLOW_GROUPS, sshd_decider(l->rules, KW_ALLOWGROUPS), NULL,
		       "AllowGroups is set and lists no group of %s", l->account->name);
}

/* The methods that the rules switch on. Without PAM there is nobody to ask for keyboard-interactive. */
static unsigned methods_enabled(const struct login *l)
{
	unsigned bits = 0;

	for (size_t i = 0; i < ARRAY_SIZE(methods); i++)
		if (is_on(l, methods[i].keyword))
			bits |= methods[i].bit;
	return is_on(l, KW_USEPAM) ? bits : bits & ~(unsigned)METHOD_KEYBOARD;
}

static unsigned methods_for_root(void)
{
	unsigned bits = 0;

	for (size_t i = 0; i < ARRAY_SIZE(methods); i++)
		if (methods[i].for_root)
			bits |= methods[i].bit;
	return bits;
}

static unsigned method_bit(const char *name, size_t len)
{
	const char *colon = memchr(name, ':', len);

	if (colon)
		len = (size_t)(colon - name);
	for (size_t i = 0; i < ARRAY_SIZE(methods); i++)
		if (strlen(methods[i].name) == len && !memcmp(methods[i].name, name, len))
			return methods[i].bit;
	return 0;
}

/* The methods of "a,b" if all of them are among 'usable', else 0. */
static unsigned methods_of_list(const char *list, unsigned usable)
{
	unsigned bits = 0;

	for (;;) {
		size_t len = strcspn(list, ",");
		unsigned bit = method_bit(list, len);
		if (!(bit & usable))
			return 0;
		bits |= bit;
		if (!list[len])
			return bits;
		list += len + 1;
	}
}

/* What is left of 'usable' by AuthenticationMethods: the methods of all lists that can be completed. */
static unsigned methods_required(const struct login *l, unsigned usable)
{
	const struct sshd_line *by = sshd_decider(l->rules, KW_AUTHENTICATIONMETHODS);
	unsigned bits = 0;

	if (!by || !strcmp(by->args.v[0], "any"))
		return usable;
	for (size_t i = 0; i < by->args.n; i++)
		bits |= methods_of_list(by->args.v[i], usable);
	return bits;
}

/* The line that took the last method away: what switched one off that the person has, else AuthenticationMethods. */
static const struct sshd_line *method_decider(const struct login *l, unsigned enabled)
{
	for (size_t i = 0; i < ARRAY_SIZE(methods); i++)
		if (l->who->can_use & methods[i].bit & ~enabled && sshd_decider(l->rules, methods[i].keyword))
			return sshd_decider(l->rules, methods[i].keyword);
	return sshd_decider(l->rules, KW_AUTHENTICATIONMETHODS);
}

static enum err method_refuse(const struct login *l, unsigned enabled, struct access_decision *d)
{
	bool lists = l->who->can_use & enabled;

	return verdict(d, ACCESS_DENIED, REASON_METHOD_DISABLED,
		       lists ? sshd_decider(l->rules, KW_AUTHENTICATIONMETHODS) : method_decider(l, enabled), NULL,
		       "%s",
		       lists ? "AuthenticationMethods has no list that can be completed"
			     : "no enabled method is one that this account can use");
}

/* PermitRootLogin and the methods that are left. */
static enum err check_methods(struct login *l, struct access_decision *d, bool *done)
{
	const struct sshd_line *by = sshd_decider(l->rules, KW_PERMITROOTLOGIN);
	const char *root = l->account->uid ? "yes" : sshd_value(l->rules, KW_PERMITROOTLOGIN);
	unsigned enabled = methods_enabled(l), before, allowed = ~0u;
	bool forced = !strcmp(root, "forced-commands-only");

	if (!strcmp(root, "no")) {
		*done = true;
		return verdict(d, ACCESS_DENIED, REASON_ROOT_LOGIN, by, NULL, "PermitRootLogin is no");
	}
	if (forced)
		allowed = METHOD_PUBLICKEY;
	else if (strcmp(root, "yes"))
		allowed = methods_for_root();
	before = methods_required(l, enabled & l->who->can_use);
	d->methods = methods_required(l, enabled & l->who->can_use & allowed);
	if (!before) {
		*done = true;
		return method_refuse(l, enabled, d);
	}
	if (!d->methods) {
		*done = true;
		return verdict(d, ACCESS_DENIED, REASON_ROOT_LOGIN, by, NULL,
			       "PermitRootLogin %s leaves no method to use", root);
	}
	if (!forced)
		return ERR_NONE;
	*done = true;
	return verdict(d, ACCESS_UNKNOWN, REASON_ROOT_LOGIN, by, NULL,
		       "PermitRootLogin forced-commands-only admits only keys that carry a command");
}

static const access_check checks[] = {
	check_exists,	check_locked,	   check_shell,	       check_deny_users, check_allow_users,
	check_no_group, check_deny_groups, check_allow_groups, check_methods,
};

static enum err checks_run(struct login *l, struct access_decision *d)
{
	bool done = false;
	enum err e = ERR_NONE;

	for (size_t i = 0; i < ARRAY_SIZE(checks) && !done && !e; i++)
		e = checks[i](l, d, &done);
	if (done || e)
		return e;
	if (l->unsure)
		return verdict(d, ACCESS_UNKNOWN, REASON_UNREADABLE, NULL, NULL,
			       "whether the account is locked or its shell exists could not be read");
	return verdict(d, ACCESS_ALLOWED, REASON_ACCEPTED, NULL, NULL, "no rule refuses it");
}

/* UseDNS is global, so what it says does not depend on the name it gives. */
static enum err host_choose(const struct sshd_config *c, const struct access_login *who, const char **host)
{
	struct sshd_effective *global = NULL;
	enum err e = sshd_effective(c, NULL, &global);

	if (e)
		return e;
	*host = who->host && !strcmp(sshd_value(global, KW_USEDNS), "yes") ? who->host : who->addr;
	sshd_effective_free(global);
	return ERR_NONE;
}

static enum err rules_find(const struct sshd_config *c, const struct access_login *who, const char **host,
			   struct sshd_effective **out)
{
	struct sshd_connection to = { .user = who->user,
				      .groups = who->account ? &who->account->groups : NULL,
				      .addr = who->addr,
				      .laddr = who->laddr,
				      .lport = who->lport,
				      .invalid_user = !who->account };
	enum err e = host_choose(c, who, host);

	to.host = *host;
	return e ? e : sshd_effective(c, &to, out);
}

enum err access_decide(const struct root *r, const struct sshd_config *c, const struct access_login *l,
		       struct access_decision *out)
{
	struct login login = { .root = r, .who = l, .account = l->account };
	struct access_decision d = { 0 };
	enum err e = rules_find(c, l, &login.host, &login.rules);

	if (!e)
		e = checks_run(&login, &d);
	sshd_effective_free(login.rules);
	if (e) {
		access_decision_clear(&d);
		return e;
	}
	*out = d;
	return ERR_NONE;
}

/* --- what an account has --- */

/* Tokens of AuthorizedKeysFile: %% %h %u %U; a relative name is below the home. */
static enum err keys_path(const char *pattern, const struct account *a, struct text *out)
{
	if (*pattern != '/' && strncmp(pattern, "%h", 2))
		text_add(out, "%s/", a->home);
	for (const char *p = pattern; *p; p++) {
		if (*p != '%') {
			text_add_bytes(out, p, 1);
			continue;
		}
		switch (*++p) {
		case 'h': text_add_string(out, a->home); break;
		case 'u': text_add_string(out, a->name); break;
		case 'U': text_add(out, "%lu", (unsigned long)a->uid); break;
		case '%': text_add_string(out, "%"); break;
		default: return ERR_SYNTAX; /* sshd gives up on an unknown token */
		}
	}
	return text_check(out);
}

/* Behind the options in front of a key: blanks inside double quotes do not end them. */
static const char *options_skip(const char *s, const char *end)
{
	bool quoted = false;

	for (; s < end && (quoted || (*s != ' ' && *s != '\t')); s++) {
		if (*s == '\\' && s + 1 < end && s[1] == '"')
			s++;
		else if (*s == '"')
			quoted = !quoted;
	}
	while (s < end && (*s == ' ' || *s == '\t'))
		s++;
	return s;
}

static bool key_line(const char *s, const char *end)
{
	struct public_key key;
	const char *behind;

	while (s < end && (*s == ' ' || *s == '\t'))
		s++;
	if (s == end || *s == '#')
		return false;
	if (!public_key_parse_line(s, (size_t)(end - s), &key))
		return true;
	behind = options_skip(s, end);
	return behind < end && !public_key_parse_line(behind, (size_t)(end - behind), &key);
}

static bool has_key(const char *content, size_t len)
{
	const char *end = content + len;

	for (const char *s = content; s < end;) {
		const char *newline = memchr(s, '\n', (size_t)(end - s)), *stop = newline ? newline : end;
		const char *trimmed = stop > s && stop[-1] == '\r' ? stop - 1 : stop;
		if (key_line(s, trimmed))
			return true;
		s = stop + 1;
	}
	return false;
}

/* A file of keys: *found where it holds one, *unsure where that could not be found out. */
static enum err keys_file(const struct root *r, const char *path, bool *found, bool *unsure)
{
	char *content = NULL;
	size_t len = 0;
	enum err e = root_read(r, path, KEYS_BYTES, &content, &len);

	if (e == ERR_MEMORY)
		return e;
	if (e == ERR_SYSTEM && errno != ENOENT && errno != ENOTDIR)
		*unsure = true;
	if (!e)
		*found |= has_key(content, len);
	free(content);
	return ERR_NONE;
}

static enum err keys_pattern(const struct root *r, unsigned release, const char *path, bool *found, bool *unsure)
{
	struct strings paths = { 0 };
	enum err e;

	if (release < SSHD_RELEASE(10, 0) || !path[strcspn(path, "*?[")])
		return keys_file(r, path, found, unsure);
	e = root_glob(r, path, &paths);
	if (e && e != ERR_MEMORY) {
		*unsure = true;
		e = ERR_NONE;
	}
	for (size_t i = 0; i < paths.n && !e; i++)
		e = keys_file(r, paths.v[i], found, unsure);
	strings_free(&paths);
	return e;
}

static enum err keys_files(const struct login *l, bool *found, bool *unsure)
{
	struct strings patterns = { 0 };
	unsigned release = l->rules->config->release;
	enum err e = strings_split(&patterns, sshd_value(l->rules, KW_AUTHORIZEDKEYSFILE), " ");

	for (size_t i = 0; i < patterns.n && !e && !*found; i++) {
		struct text path = { 0 };
		if (!strcasecmp(patterns.v[i], "none"))
			continue;
		e = keys_path(patterns.v[i], l->account, &path);
		if (!e)
			e = keys_pattern(l->root, release, text_string(&path), found, unsure);
		else if (e == ERR_SYNTAX)
			e = ERR_NONE;
		text_free(&path);
	}
	strings_free(&patterns);
	return e;
}

static bool is_set(const struct login *l, enum sshd_keyword_id id)
{
	const char *value = sshd_value(l->rules, id);

	return *value && strcasecmp(value, "none");
}

/* A RevokedKeys file that is not there refuses every key. */
static enum err revoked_readable(const struct login *l, bool *readable, bool *unsure)
{
	struct strings files = { 0 };
	enum err e = strings_split(&files, sshd_value(l->rules, KW_REVOKEDKEYS), " ");

	*readable = true;
	for (size_t i = 0; i < files.n && !e; i++) {
		struct stat st;
		if (!strcasecmp(files.v[i], "none"))
			continue;
		if (!root_stat(l->root, files.v[i], &st))
			*readable &= S_ISREG(st.st_mode) != 0;
		else if (errno == ENOENT || errno == ENOTDIR)
			*readable = false;
		else
			*unsure = true;
	}
	strings_free(&files);
	return e;
}

static enum err key_methods(const struct login *l, unsigned *bits, unsigned *unknown)
{
	bool found = is_set(l, KW_AUTHORIZEDKEYSCOMMAND) || is_set(l, KW_TRUSTEDUSERCAKEYS);
	bool unsure = false, readable = false, revoked_unsure = false;
	enum err e;

	if ((!found && (e = keys_files(l, &found, &unsure))) || (e = revoked_readable(l, &readable, &revoked_unsure)))
		return e;
	if (!readable)
		return ERR_NONE;
	if (found && !revoked_unsure)
		*bits |= METHOD_PUBLICKEY;
	else if (found || unsure)
		*unknown |= METHOD_PUBLICKEY;
	return ERR_NONE;
}

static void password_methods(const struct login *l, unsigned *bits, unsigned *unknown)
{
	switch (l->account->password) {
	case PASSWORD_UNKNOWN: *unknown |= METHOD_PASSWORD | METHOD_KEYBOARD; break;
	case PASSWORD_SET: *bits |= METHOD_PASSWORD | METHOD_KEYBOARD; break;
	case PASSWORD_EMPTY:
		if (is_on(l, KW_PERMITEMPTYPASSWORDS))
			*bits |= METHOD_PASSWORD | METHOD_KEYBOARD;
		break;
	default: break;
	}
}

enum err access_account_methods(const struct root *r, const struct sshd_config *c, const struct access_login *l,
				unsigned *out, unsigned *out_unknown)
{
	struct login login = { .root = r, .who = l, .account = l->account };
	unsigned bits = 0, unknown = METHOD_HOSTBASED | METHOD_GSSAPI;
	enum err e = ERR_NONE;

	if (!l->account)
		unknown = 0;
	else if (!(e = rules_find(c, l, &login.host, &login.rules)))
		e = key_methods(&login, &bits, &unknown);
	if (!e && l->account)
		password_methods(&login, &bits, &unknown);
	sshd_effective_free(login.rules);
	if (e)
		return e;
	*out = bits;
	*out_unknown = unknown;
	return ERR_NONE;
}
