/* SPDX-License-Identifier: GPL-3.0-or-later */
/* site_secret.c - a small file, read once. */
#include "client/site_secret.h"

#include "base/file.h"
#include "client/stanza.h"

#include <fcntl.h>
#include <pwd.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/banned.h"

#define FILE_MAX 4096

enum err site_secret_find(const char *host, struct text *out)
{
	const struct passwd *p = getpwuid(getuid());
	const char *at = strrchr(host, '@');
	struct text path = { 0 };
	enum err e;

	if (at)
		host = at + 1;
	if (!p || !p->pw_dir || !stanza_host_fits(host))
		return ERR_NOT_FOUND;
	text_add(&path, "%s/.ssh/" STANZA_FOLDER "/%s" STANZA_SECRET, p->pw_dir, host);
	e = text_check(&path);
	if (!e && access(text_string(&path), F_OK))
		e = ERR_NOT_FOUND;
	if (!e)
		text_add_string(out, text_string(&path));
	text_free(&path);
	return e ? e : text_check(out);
}

enum err site_secret_read(const char *path, uint8_t secret[NATIVE_SECRET])
{
	uint8_t made[NATIVE_SECRET];
	char *content = NULL;
	const char *end;
	size_t len = 0, n = 0;
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	enum err e = fd < 0 ? ERR_SYSTEM : file_read_all(fd, FILE_MAX, &content, &len);

	file_close(fd);
	if (e)
		return e;
	len = strcspn(content, "\r\n");
	if (sodium_hex2bin(made, sizeof made, content, len, NULL, &n, &end) || end != content + len ||
	    n != sizeof made || sodium_is_zero(made, sizeof made))
		e = ERR_SYNTAX;
	else
		memcpy(secret, made, sizeof made);
	sodium_memzero(made, sizeof made);
	sodium_memzero(content, len);
	free(content);
	return e;
}
