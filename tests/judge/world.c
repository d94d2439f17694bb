/* SPDX-License-Identifier: GPL-3.0-or-later */
/* world.c - the accounts and fixed lines that were in force when the vectors were recorded. */
#include "judge.h"

#include "base/file.h"
#include "base/json.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/banned.h"

#define ROW_BYTES (1u << 20)
#define CONFIG_DIR "/etc/ssh"

static int trouble(const char *what, const char *name, const char *why)
{
	fprintf(stderr, "judge: %s '%s': %s\n", what, name, why);
	return 2;
}

static int row_give(const char *file, const char *line, int (*each)(const json_t *row, void *context), void *context)
{
	json_error_t error;
	json_t *row = json_loads(line, JSON_REJECT_DUPLICATES, &error);
	int status;

	if (!row)
		return trouble("cannot read a row of", file, error.text);
	status = each(row, context);
	json_decref(row);
	return status;
}

int rows_each(const char *file, int (*each)(const json_t *row, void *context), void *context)
{
	FILE *f = fopen(file, "re");
	char *line = NULL;
	size_t size = 0;
	int status = 0;

	if (!f)
		return trouble("cannot open", file, "no such file, or not readable");
	while (!status && getline(&line, &size, f) > 0)
		status = *line == '\n' ? 0 : row_give(file, line, each, context);
	free(line);
	fclose(f);
	return status;
}

/* The one shell that exists. */
static int shell_make(const struct world *w)
{
	int fd;

	if (file_make_dirs(w->root, "/bin", 0755) || root_open_file(w->root, "/bin/sh", O_WRONLY | O_CREAT, 0755, &fd))
		return 2;
	file_close(fd);
	return 0;
}

int world_open(const char *file, struct world *w)
{
	const char *slash = strrchr(file, '/');
	int dir_len = slash ? (int)(slash - file) : 1;
	char path[4096], dir[] = "/tmp/judge.XXXXXX";
	struct world new = { 0 };
	json_error_t error;

	snprintf(path, sizeof path, "%.*s/accounts.json", dir_len, slash ? file : ".");
	new.json = json_load_file(path, JSON_REJECT_DUPLICATES, &error);
	if (!new.json)
		return trouble("cannot read", path, error.text);
	if (!mkdtemp(dir) || !(new.dir = strdup(dir)) || root_open(dir, &new.root)) {
		world_close(&new);
		return trouble("cannot make", dir, "no root to lay configurations in");
	}
	if (shell_make(&new)) {
		world_close(&new);
		return trouble("cannot make", dir, "no shell");
	}
	*w = new;
	return 0;
}

void judge_tree_remove(const struct root *r, const char *dir)
{
	struct strings names = { 0 };
	char path[4096], *outside = NULL;

	if (root_list(r, dir, &names))
		return;
	for (size_t i = 0; i < names.n; i++) {
		struct stat st;
		snprintf(path, sizeof path, "%s/%s", strcmp(dir, "/") ? dir : "", names.v[i]);
		if (!root_lstat(r, path, &st) && S_ISDIR(st.st_mode))
			judge_tree_remove(r, path);
		if (!root_outside(r, path, &outside)) {
			remove(outside);
			free(outside);
		}
	}
	strings_free(&names);
}

void world_close(struct world *w)
{
	if (w->root)
		judge_tree_remove(w->root, "/");
	if (w->dir)
		rmdir(w->dir);
	root_close(w->root);
	json_decref(w->json);
	free(w->dir);
	*w = (struct world){ 0 };
}

/* Without file_replace(): no syncing, these files live for a moment. */
static int file_write(const struct world *w, const char *name, const char *first, const char *second)
{
	char path[4096], *outside;
	enum err e;
	FILE *f;

	if (!first)
		return trouble("a row has no text for", name, "not of the form that is wanted");
	snprintf(path, sizeof path, CONFIG_DIR "/%s", name);
	*strrchr(path, '/') = '\0';
	if ((e = file_make_dirs(w->root, path, 0755)))
		return trouble("cannot make", path, err_text(e));
	snprintf(path, sizeof path, CONFIG_DIR "/%s", name);
	if ((e = root_outside(w->root, path, &outside)))
		return trouble("cannot name", path, err_text(e));
	f = fopen(outside, "we");
	free(outside);
	if (!f)
		return trouble("cannot write", path, "open failed");
	fputs(first, f);
	fputs(second, f);
	return fclose(f) ? trouble("cannot write", path, "write failed") : 0;
}

int world_lay(const struct world *w, const json_t *row)
{
	const char *base = json_string_value(json_object_get(w->json, "base_config"));
	const char *config = json_string_value(json_object_get(row, "config")), *name;
	json_t *includes = json_object_get(row, "includes"), *text;
	int status;

	if (!base || !config)
		return trouble("a row or accounts.json lacks", "config", "not of the form that is wanted");
	judge_tree_remove(w->root, CONFIG_DIR);
	status = file_write(w, "sshd_config", base, config);
	json_object_foreach(includes, name, text)
	{
		if (!status)
			status = file_write(w, name, json_string_value(text), "");
	}
	return status;
}

static struct account *account_make(const json_t *from)
{
	struct account *a = calloc(1, sizeof *a);
	const char *primary = json_string_value(json_object_get(from, "primary_group"));
	const char *password = json_string_value(json_object_get(from, "shadow_password"));
	const json_t *group;
	size_t i;
	bool fine;

	if (!a)
		return NULL;
	a->name = strdup(json_string_value(json_object_get(from, "user")));
	a->home = strdup("/home");
	a->shell = strdup(json_string_value(json_object_get(from, "shell")));
	a->uid = (uid_t)json_integer_value(json_object_get(from, "uid"));
	a->gid = (gid_t)json_integer_value(json_object_get(from, "gid"));
	a->password = *password == '!' ? PASSWORD_LOCKED : PASSWORD_NONE;
	a->expired = json_is_integer(json_object_get(from, "shadow_expire_day"));
	fine = a->name && a->home && a->shell && (!primary || !strings_add(&a->groups, primary));
	json_array_foreach(json_object_get(from, "supplementary"), i, group) fine =
		fine && !strings_add(&a->groups, json_string_value(group));
	if (fine)
		return a;
	account_free(a);
	return NULL;
}

struct account *world_account(const struct world *w, const char *name)
{
	const json_t *account;
	size_t i;

	json_array_foreach(json_object_get(w->json, "accounts"), i,
			   account) if (!strcmp(json_string_value(json_object_get(account, "user")),
						name)) return account_make(account);
	return NULL;
}
