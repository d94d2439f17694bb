/* SPDX-License-Identifier: GPL-3.0-or-later */
/* method.c - the table of authentication methods, and the lists that want several of them. */
#include "sshd/method.h"

#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

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

const char *access_method_text(enum access_method method)
{
	for (size_t i = 0; i < ARRAY_SIZE(methods); i++)
		if (methods[i].bit == method)
			return methods[i].name;
	return "none";
}

/* "NAME" or "NAME:DEVICE". */
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

static struct method_list list_compile(const char *list)
{
	struct method_list l = { 0 };

	for (;;) {
		size_t len = strcspn(list, ",");
		unsigned bit = method_bit(list, len);
		if (!bit)
			return (struct method_list){ 0 };
		l.bits |= bit;
		l.keys += bit == METHOD_PUBLICKEY;
		if (!list[len])
			return l;
		list += len + 1;
	}
}

/* Without PAM there is nobody to ask for keyboard-interactive. */
static unsigned switched_on(const struct sshd_effective *rules)
{
	unsigned bits = 0;

	for (size_t i = 0; i < ARRAY_SIZE(methods); i++)
		if (!strcmp(sshd_value(rules, methods[i].keyword), "yes"))
			bits |= methods[i].bit;
	return strcmp(sshd_value(rules, KW_USEPAM), "yes") ? bits & ~(unsigned)METHOD_KEYBOARD : bits;
}

enum err methods_compile(const struct sshd_effective *rules, struct methods *out)
{
	const struct sshd_line *by = sshd_decider(rules, KW_AUTHENTICATIONMETHODS);
	struct methods m = { .enabled = switched_on(rules) };

	if (by && strcmp(by->args.v[0], "any")) {
		m.lists = calloc(by->args.n, sizeof *m.lists);
		if (!m.lists)
			return ERR_MEMORY;
		for (; m.n < by->args.n; m.n++)
			m.lists[m.n] = list_compile(by->args.v[m.n]);
	}
	*out = m;
	return ERR_NONE;
}

void methods_clear(struct methods *m)
{
	free(m->lists);
	*m = (struct methods){ 0 };
}

static bool list_completed(const struct method_list *l, const struct method_means *with)
{
	return l->bits && !(l->bits & ~with->bits) && l->keys <= with->keys && !(with->must & ~l->bits);
}

unsigned methods_complete(const struct methods *m, const struct method_means *with)
{
	unsigned bits = 0;

	if (!m->n)
		return with->must ? with->bits & with->must : with->bits;
	for (size_t i = 0; i < m->n; i++)
		if (list_completed(&m->lists[i], with))
			bits |= m->lists[i].bits;
	return bits;
}

unsigned methods_for_root(void)
{
	unsigned bits = 0;

	for (size_t i = 0; i < ARRAY_SIZE(methods); i++)
		if (methods[i].for_root)
			bits |= methods[i].bit;
	return bits;
}

const struct sshd_line *methods_switched_off(const struct methods *m, const struct sshd_effective *rules,
					     unsigned which)
{
	for (size_t i = 0; i < ARRAY_SIZE(methods); i++)
		if (which & methods[i].bit & ~m->enabled && sshd_decider(rules, methods[i].keyword))
			return sshd_decider(rules, methods[i].keyword);
	return NULL;
}
