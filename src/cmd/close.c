/* SPDX-License-Identifier: GPL-3.0-or-later */
/* close.c - end what lets an address or a key in, before its time. */
#include "base/file.h"
#include "base/message.h"
#include "client/keyfile.h"
#include "cmd/command.h"
#include "cmd/gate.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "base/banned.h"

#define PREFIX "SHA256:"

struct close_args {
	const char *socket;
};

static const struct option_row options[] = {
	{ "socket", 0, OPTION_TEXT, OPTION_AT(struct close_args, socket), "<path>", "where sallyportd listens" },
	{ 0 },
};

/* Whom it is about, as asked and as shown. */
struct whom {
	struct control_close wanted;
	char shown[64];
};

static bool fingerprint_read(const char *word, struct whom *w)
{
	uint8_t key[NATIVE_KEY_ID];
	const char *end;
	size_t n;

	if (strncmp(word, PREFIX, strlen(PREFIX)) != 0)
		return false;
	word += strlen(PREFIX);
	if (sodium_base642bin(key, sizeof key, word, strlen(word), NULL, &n, &end,
			      sodium_base64_VARIANT_ORIGINAL_NO_PADDING) ||
	    *end || n != sizeof key)
		return false;
	memcpy(w->wanted.key, key, sizeof key);
	w->wanted.by_key = 1;
	snprintf(w->shown, sizeof w->shown, PREFIX "%.43s", word);
	return true;
}

static int file_read(const char *path, struct whom *w)
{
	struct public_key_line line = { 0 };
	struct text shown = { 0 };
	enum err e = keyfile_read_public(path, &line);
	int status = 0;

	text_add_escaped(&shown, path, strlen(path));
	if (e == ERR_NOT_FOUND)
		status = complain("'%s' is no address, no fingerprint and no file", text_string(&shown));
	else if (e || !fingerprint_read(line.key.fingerprint, w))
		status = complain("there is no public key in '%s'", text_string(&shown));
	if (e == ERR_NOT_FOUND)
		hint("who is let in, by address and fingerprint: sudo sallyport who");
	text_free(&shown);
	public_key_line_clear(&line);
	return status;
}

static int whom_read(const char *word, struct whom *w)
{
	struct address_claim c;

	*w = (struct whom){ 0 };
	if (address_claim_parse(word, &c) == ERR_SYNTAX)
		return fingerprint_read(word, w) ? 0 : file_read(word, w);
	if (gate_address(word, &w->wanted.address))
		return EXIT_TROUBLE;
	gate_address_print(&w->wanted.address, w->shown);
	return 0;
}

static int answer(const struct common_args *common, const struct whom *w, const struct control_done *done)
{
	const uint32_t ended = done->changed;
	const int status = common->dry_run || !ended ? EXIT_NO : EXIT_YES;
	struct text out = { 0 };
	int printed;

	if (common->format == FORMAT_JSON) {
		json_t *j = json_pack("{s:s,s:b,s:b,s:s?,s:s?,s:i,s:i}", "schema", "sallyport.close.v1", "changed",
				      common->dry_run || ended, "dry_run", common->dry_run, "address",
				      w->wanted.by_key ? NULL : w->shown, "key", w->wanted.by_key ? w->shown : NULL,
				      "grants", (int)ended, "unknown", (int)done->unknown);

		printed = command_print_json(common, j, status);
		json_decref(j);
		return printed;
	}
	if (common->dry_run)
		text_add(&out, "Would end what lets %s in.\n", w->shown);
	else if (ended)
		text_add(&out, "%s is let in no more (%u grant%s ended). Sessions that are open go on.\n", w->shown,
			 ended, ended == 1 ? "" : "s");
	else
		text_add(&out, "Nothing%s lets %s in now.\n", done->unknown ? " that is known to be of it" : "",
			 w->shown);
	if (done->unknown)
		text_add(&out,
			 "%u grant%s from before the daemon was started anew may be of this key. By address: sudo "
			 "sallyport who; sudo sallyport close ADDRESS\n",
			 done->unknown, done->unknown == 1 ? "" : "s");
	printed = command_print(common, &out, status);
	text_free(&out);
	return printed;
}

static int close_run(const struct common_args *common, void *args, const struct strings *rest)
{
	const struct close_args *a = args;
	struct control_done done = { 0 };
	struct whom w;
	int fd = -1, status;
	enum err e;

	if (rest->n != 1) {
		status = complain(rest->n ? "close takes one address or key at a time"
					  : "close wants an address or a key");
		hint("who is let in: sudo sallyport who");
		return status;
	}
	if ((status = whom_read(rest->v[0], &w)))
		return status;
	if (common->dry_run)
		return answer(common, &w, &done);
	if ((status = gate_connect(a->socket, &fd)))
		return status;
	e = control_revoke(fd, &w.wanted, &done);
	file_close(fd);
	if (e)
		return gate_fail(e);
	return done.error ? fail((enum err)done.error, "sallyportd cannot end what lets %s in", w.shown)
			  : answer(common, &w, &done);
}

const struct command cmd_close = {
	.name = "close",
	.summary = "end what lets an address or a key in",
	.arguments = "ADDRESS|FINGERPRINT|FILE",
	.common = COMMON_REPORT | COMMON_CHANGE,
	.options = options,
	.args_size = sizeof(struct close_args),
	.examples =
		"  sudo sallyport close 192.0.2.7\n"
		"  sudo sallyport close SHA256:679cpb1Taxi4CZu4j0bUxa/+DtTJXlygZFV93vilfTM  # all that this key opened\n"
		"  sudo sallyport close ~anna/.ssh/id_ed25519.pub\n",
	.run = close_run,
};
