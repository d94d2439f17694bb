/* SPDX-License-Identifier: GPL-3.0-or-later */
/* door.c - the way to the daemon, and addresses and keys as people write them. */
#include "cmd/door.h"

#include "base/file.h"
#include "base/message.h"
#include "cmd/command.h"
#include "key/public.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/banned.h"

#define KEY_FILE_MAX 65536

int door_open(int *fd)
{
	enum err e = control_open(CONTROL_PATH, fd);

	if (e == ERR_NOT_FOUND) {
		complain("sallyportd does not run here");
		hint("systemctl status sallyportd");
		return EXIT_TROUBLE;
	}
	if (e == ERR_SYSTEM && errno == EACCES)
		return complain("only root can ask the daemon: sudo sallyport ...");
	return e ? fail(e, "cannot reach the daemon at '%s'", CONTROL_PATH) : 0;
}

void door_close(int fd)
{
	file_close(fd);
}

void door_address_print(const struct message_address *a, char out[DOOR_ADDRESS])
{
	if (!inet_ntop(a->family == 4 ? AF_INET : AF_INET6, a->bytes, out, DOOR_ADDRESS))
		snprintf(out, DOOR_ADDRESS, "?");
}

enum err door_address_parse(const char *text, struct message_address *out)
{
	struct message_address a = { 0 };

	if (inet_pton(AF_INET, text, a.bytes) == 1)
		a.family = 4;
	else if (inet_pton(AF_INET6, text, a.bytes) == 1)
		a.family = 6;
	else
		return ERR_SYNTAX;
	*out = a;
	return ERR_NONE;
}

void door_key_print(const uint8_t key[NATIVE_KEY_ID], char out[DOOR_KEY])
{
	snprintf(out, DOOR_KEY, "SHA256:");
	sodium_bin2base64(out + 7, DOOR_KEY - 7, key, NATIVE_KEY_ID, sodium_base64_VARIANT_ORIGINAL_NO_PADDING);
}

static enum err fingerprint_parse(const char *text, uint8_t key[NATIVE_KEY_ID])
{
	size_t len = 0;

	if (strncmp(text, "SHA256:", 7) != 0 ||
	    sodium_base642bin(key, NATIVE_KEY_ID, text + 7, strlen(text + 7), NULL, &len, NULL,
			      sodium_base64_VARIANT_ORIGINAL_NO_PADDING) ||
	    len != NATIVE_KEY_ID)
		return ERR_SYNTAX;
	return ERR_NONE;
}

enum err door_key_parse(const char *text, uint8_t key[NATIVE_KEY_ID])
{
	struct public_key facts;
	char *content = NULL;
	size_t len = 0;
	enum err e;
	int fd;

	if (!fingerprint_parse(text, key))
		return ERR_NONE;
	if ((fd = open(text, O_RDONLY | O_CLOEXEC | O_NONBLOCK)) < 0)
		return ERR_SYNTAX;
	e = file_read_all(fd, KEY_FILE_MAX, &content, &len);
	file_close(fd);
	if (!e)
		e = public_key_parse_line(content, strcspn(content, "\n"), &facts);
	free(content);
	return e ? ERR_SYNTAX : fingerprint_parse(facts.fingerprint, key);
}
