/* SPDX-License-Identifier: GPL-3.0-or-later */
/* key_input.c - a file that a user names for its public key. */
#include "cmd/key_input.h"

#include "base/file.h"
#include "base/message.h"
#include "base/text.h"
#include "key/private.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/banned.h"

static enum err read_whole(const char *file, size_t max, char **content, size_t *len)
{
	int fd = strcmp(file, "-") != 0 ? open(file, O_RDONLY | O_CLOEXEC | O_NOCTTY) : dup(STDIN_FILENO);
	enum err e = fd < 0 ? ERR_SYSTEM : file_read_all(fd, max, content, len);

	file_close(fd);
	return e;
}

static int read_beside(const char *file, size_t max, char **content)
{
	struct text beside = { 0 };
	size_t len = 0;
	int status = 0;
	enum err e;

	text_add(&beside, "%s.pub", file);
	if ((e = text_check(&beside)) || (e = read_whole(beside.s, max, content, &len))) {
		status = fail(e, "'%s' is a private key, and its public half '%s' cannot be read", file,
			      text_string(&beside));
		hint("make it with: ssh-keygen -y -f '%s' >'%s'", file, text_string(&beside));
	}
	text_free(&beside);
	return status;
}

int key_input_read(const char *file, size_t max, char **content)
{
	char *found = NULL;
	size_t len = 0;
	enum err e = read_whole(file, max, &found, &len);

	if (e)
		return fail(e, "cannot read the key '%s'", file);
	if (!private_key_is((const uint8_t *)found, len)) {
		*content = found;
		return 0;
	}
	explicit_bzero(found, len);
	free(found);
	if (strcmp(file, "-") == 0)
		return complain("a private key came in; its public half is wanted (ssh-keygen -y)");
	return read_beside(file, max, content);
}
