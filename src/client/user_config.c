/* SPDX-License-Identifier: GPL-3.0-or-later */
/* user_config.c - each file is replaced as a whole, or not at all. */
#include "client/user_config.h"

#include "base/file.h"
#include "client/stanza.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "base/banned.h"

#define CONFIG_MAX (4u << 20)
#define TAG "sallyport"

enum err user_config_open(const char *theirs, struct user_config *out)
{
	const struct passwd *p = getpwuid(getuid());
	struct user_config u = { 0 };
	struct text folder = { 0 }, ours = { 0 }, config = { 0 };
	char *typed = theirs ? realpath(theirs, NULL) : NULL;
	enum err e;

	if (!p || !p->pw_dir || !file_is_absolute(p->pw_dir) || (theirs && !typed)) {
		free(typed);
		return ERR_NOT_FOUND;
	}
	text_add(&folder, "%s/.ssh/sallyport", p->pw_dir);
	text_add(&ours, "%s/.ssh/" STANZA_FILE, p->pw_dir);
	text_add(&config, "%s/.ssh/config", p->pw_dir);
	u.folder = text_take(&folder);
	u.ours = text_take(&ours);
	u.theirs = typed ? typed : text_take(&config);
	text_free(&config);
	e = u.folder && u.ours && u.theirs ? root_open("/", &u.root) : ERR_MEMORY;
	if (e)
		user_config_clear(&u);
	else
		*out = u;
	return e;
}

static bool is_missing(enum err e)
{
	return e == ERR_NOT_FOUND || (e == ERR_SYSTEM && errno == ENOENT);
}

/* What is not there is empty. *was: it is there. */
static enum err read_file(const struct user_config *u, const char *path, char **content, size_t *len, bool *was)
{
	enum err e = root_read(u->root, path, CONFIG_MAX, content, len);

	*was = e == ERR_NONE;
	if (!is_missing(e))
		return e;
	*content = strdup("");
	*len = 0;
	return *content ? ERR_NONE : ERR_MEMORY;
}

static enum err write_file(const struct user_config *u, const char *path, const struct text *content, bool was)
{
	struct file_meta mine = { .mode = 0600, .uid = geteuid(), .gid = getegid() };
	enum err e;

	clock_gettime(CLOCK_REALTIME, &mine.mtime);
	mine.atime = mine.mtime;
	if ((e = text_check(content)) || (e = file_make_dirs(u->root, u->folder, 0700)))
		return e;
	return file_replace(u->root, path, text_string(content), content->len, was ? NULL : &mine, TAG);
}

/* Of two at once the second one reads what the first one wrote. *fd: unlocked when it is closed. */
static enum err lock(const struct user_config *u, int *fd)
{
	enum err e = file_make_dirs(u->root, u->folder, 0700);

	if (e == ERR_NONE)
		e = root_open_file(u->root, u->folder, O_RDONLY | O_DIRECTORY, 0, fd);
	while (e == ERR_NONE && flock(*fd, LOCK_EX))
		if (errno != EINTR)
			e = ERR_SYSTEM;
	return e;
}

/* Ours first: an include of a file that is not there is none. */
enum err user_config_put(const struct user_config *u, const char *host, const char *lines, bool dry, bool *changed,
			 const char **at)
{
	char *ours = NULL, *theirs = NULL;
	struct text new_ours = { 0 }, new_theirs = { 0 };
	size_t ours_len = 0, theirs_len = 0;
	bool ours_was = false, theirs_was = false, found, include = false, differ;
	int fd = -1;
	enum err e;

	*at = u->folder;
	if (!dry && (e = lock(u, &fd)))
		goto out;
	*at = u->ours;
	if ((e = read_file(u, u->ours, &ours, &ours_len, &ours_was)) ||
	    (e = stanza_put(ours, ours_len, host, lines, &new_ours, &found)))
		goto out;
	differ = new_ours.len != ours_len || memcmp(text_string(&new_ours), ours, ours_len) != 0;
	*at = u->theirs;
	if (lines && ((e = read_file(u, u->theirs, &theirs, &theirs_len, &theirs_was)) ||
		      (e = stanza_include(theirs, theirs_len, &new_theirs, &include))))
		goto out;
	*changed = differ || include;
	*at = u->ours;
	if (!dry && differ && (e = write_file(u, u->ours, &new_ours, ours_was)))
		goto out;
	*at = u->theirs;
	if (!dry && include)
		e = write_file(u, u->theirs, &new_theirs, theirs_was);
out:
	file_close(fd);
	free(ours);
	free(theirs);
	text_free(&new_ours);
	text_free(&new_theirs);
	return e;
}

enum err user_config_hosts(const struct user_config *u, struct strings *out)
{
	char *ours = NULL;
	size_t len = 0;
	bool was;
	enum err e = read_file(u, u->ours, &ours, &len, &was);

	if (!e)
		e = stanza_hosts(ours, len, out);
	free(ours);
	return e;
}

enum err user_config_append(const struct user_config *u, const char *path, const char *content)
{
	struct text all = { 0 };
	char *old = NULL;
	size_t len = 0;
	bool was;
	enum err e = read_file(u, path, &old, &len, &was);

	if (!e) {
		text_add_bytes(&all, old, len);
		if (len && old[len - 1] != '\n')
			text_add_string(&all, "\n");
		text_add_string(&all, content);
		e = write_file(u, path, &all, was);
	}
	free(old);
	text_free(&all);
	return e;
}

enum err user_config_keep(const struct user_config *u, const char *name, const char *content, char **path)
{
	struct text place = { 0 }, all = { 0 };
	struct stat st;
	enum err e;

	text_add(&place, "%s/%s", u->folder, name);
	text_add_string(&all, content);
	if ((e = text_check(&place)) == ERR_NONE)
		e = write_file(u, text_string(&place), &all, root_stat(u->root, text_string(&place), &st) == ERR_NONE);
	if (e == ERR_NONE && !(*path = text_take(&place)))
		e = ERR_MEMORY;
	text_free(&place);
	text_free(&all);
	return e;
}

void user_config_clear(struct user_config *u)
{
	root_close(u->root);
	free(u->folder);
	free(u->ours);
	free(u->theirs);
	*u = (struct user_config){ 0 };
}
