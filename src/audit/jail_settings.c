/* SPDX-License-Identifier: GPL-3.0-or-later */
/* jail_settings.c - the settings of sshd's that make a jail of a folder, and whether they hold. */
#include "audit/jail_settings.h"

#include "base/text.h"
#include "sshd/account.h"
#include "sshd/effective.h"

#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

enum err jail_settings_keys(const char *config_path, const char *user, char **out)
{
	const char *slash = strrchr(config_path, '/');
	struct text path = { 0 };

	text_add(&path, "%.*s/authorized_keys.d/%s", slash ? (int)(slash - config_path) : 0, config_path, user);
	*out = text_take(&path);
	return *out ? ERR_NONE : ERR_MEMORY;
}

static enum err add(struct jail_settings *s, enum sshd_keyword_id id, const char *value)
{
	char *copy = strdup(value);

	if (!copy)
		return ERR_MEMORY;
	s->v[s->n++] = (struct jail_setting){ id, copy };
	return ERR_NONE;
}

static enum err add_command(struct jail_settings *s, const char *home)
{
	struct text command = { 0 };
	enum err e;

	text_add(&command, "internal-sftp -f AUTHPRIV -l INFO -d %s", home);
	if (!(e = text_check(&command)))
		e = add(s, KW_FORCECOMMAND, command.s);
	text_free(&command);
	return e;
}

enum err jail_settings_make(const struct jail *j, const char *keys, struct jail_settings *out)
{
	struct jail_settings s = { 0 };
	enum err e;

	if ((e = add(&s, KW_CHROOTDIRECTORY, j->dir)) || (e = add(&s, KW_AUTHORIZEDKEYSFILE, keys)) ||
	    (e = add(&s, KW_DISABLEFORWARDING, "yes")) ||
	    /* stood against DisableForwarding before OpenSSH 10.4 */
	    (e = add(&s, KW_PERMITTUNNEL, "no")) || (e = add(&s, KW_X11FORWARDING, "no")) ||
	    (e = add(&s, KW_PERMITUSERRC, "no")))
		goto out;
	if (j->sftp_only && !(e = add(&s, KW_PERMITTTY, "no")))
		e = add_command(&s, j->home);
out:
	if (e)
		jail_settings_clear(&s);
	else
		*out = s;
	return e;
}

void jail_settings_clear(struct jail_settings *s)
{
	for (size_t i = 0; i < s->n; i++)
		free(s->v[i].value);
	*s = (struct jail_settings){ 0 };
}

static void judge_one(const struct sshd_effective *found, const struct jail_setting *s, struct diags *out)
{
	const char *value = sshd_value(found, s->id);
	const struct sshd_line *by = sshd_decider(found, s->id);

	if (strcmp(value, s->value) == 0)
		return;
	diag_error_escaped(out, by ? by->file : NULL, by ? by->line : 0, "%s is '%s'%s: wants '%s'",
			   sshd_keyword(s->id)->name, value, by ? "" : ", which is sshd's default", s->value);
}

static enum err judge_all(const struct sshd_effective *found, const struct jail_settings *all, struct diags *out)
{
	if (strcmp(sshd_value(found, KW_CHROOTDIRECTORY), all->v[0].value) != 0)
		return ERR_NONE;
	for (size_t i = 1; i < all->n; i++)
		judge_one(found, &all->v[i], out);
	return out->n == out->errors ? ERR_NONE : ERR_MEMORY;
}

enum err jail_settings_judge(const struct root *r, const struct sshd_config *c, const struct jail *j, struct diags *out)
{
	struct sshd_connection who = {
		.user = j->user, .host = "127.0.0.1", .addr = "127.0.0.1", .laddr = "127.0.0.1", .lport = 22
	};
	struct jail_settings all = { 0 };
	struct sshd_effective *found = NULL;
	struct account *a = NULL;
	char *keys = NULL;
	enum err e = account_find(r, j->user, &a);

	if (e == ERR_MEMORY)
		return e;
	if (!e)
		who.groups = &a->groups;
	if (!(e = jail_settings_keys(c->path, j->user, &keys)) && !(e = jail_settings_make(j, keys, &all)) &&
	    !(e = sshd_effective(c, &who, &found)))
		e = judge_all(found, &all, out);
	sshd_effective_free(found);
	jail_settings_clear(&all);
	account_free(a);
	free(keys);
	return e;
}
