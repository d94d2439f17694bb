/* SPDX-License-Identifier: GPL-3.0-or-later */
/* fuzz_key_command.c - the words and tokens of the commands that sshd asks for keys. */
#include "sshd/key_command.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct account anna = { .name = (char *)"anna", .home = (char *)"/home/anna", .uid = 1001 };
	const struct key_command_facts facts = { .account = &anna, .type = "ssh-ed25519", .fingerprint = "SHA256:x" };
	struct strings words = { 0 };
	struct text t = { 0 };
	char *command = strndup((const char *)data, size);

	if (!command)
		return 0;
	if (!key_command_split(command, &words))
		for (size_t i = 0; i < words.n; i++)
			if (strlen(words.v[i]) > strlen(command))
				abort();
	if (!key_command_expand(command, &facts, &t) && key_command_wants_key(command) && !strstr(command, "%t") &&
	    !strstr(command, "%f"))
		abort();
	text_free(&t);
	strings_free(&words);
	free(command);
	return 0;
}
