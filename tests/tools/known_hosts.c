/* SPDX-License-Identifier: GPL-3.0-or-later */
/* known_hosts.c - our reader of known_hosts as a program, for tests: known_hosts FILE NAME...; "NAME LINE KIND FINGERPRINT". */
#include "key/known_hosts.h"
#include "base/root.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/banned.h"

#define CONTENT_MAX (64 << 20)
#define RELEASE 902

static const char *const kinds[] = { [KNOWN_HOST_KEY] = "-", [KNOWN_HOST_CA] = "CA", [KNOWN_HOST_REVOKED] = "REVOKED" };

int main(int argc, char **argv)
{
	struct known_hosts k = { 0 };
	struct root *root = NULL;
	char *content = NULL;
	size_t len;
	enum err e;

	if (argc < 2) {
		(void)fputs("usage: known_hosts FILE NAME...\n", stderr);
		return 2;
	}
	if (!(e = root_open(NULL, &root)) && !(e = root_read(root, argv[1], CONTENT_MAX, &content, &len)))
		e = known_hosts_parse(content, len, RELEASE, &k);
	for (int i = 2; i < argc && !e; i++)
		for (const struct known_host *h = NULL; (h = known_hosts_next(&k, argv[i], h));)
			(void)printf("%s %u %s %s\n", argv[i], h->line, kinds[h->kind], h->key.key.fingerprint);
	if (e)
		(void)fprintf(stderr, "known_hosts: %s\n", err_text(e));
	known_hosts_clear(&k);
	free(content);
	root_close(root);
	return e ? 2 : 0;
}
