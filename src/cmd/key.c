/* SPDX-License-Identifier: GPL-3.0-or-later */
/* key.c - keys and what protects them: the table of sub-commands, and what they share. */
#include "cmd/key.h"

#include "base/data.h"
#include "base/message.h"
#include "base/text.h"
#include "key/passphrase.h"

#include <stdlib.h>

#include "base/banned.h"

#define LIST "eff-large.txt"
#define LIST_MAX (256u << 10)

static const struct command *const subs[] = { &cmd_key_audit, &cmd_key_passphrase, &cmd_key_protect, NULL };

const struct command cmd_key = {
	.name = "key",
	.summary = "keys: what is wrong with them, and passphrases",
	.examples = "  sudo sallyport key audit            # every key of this host: weak, open, revoked?\n"
		    "  sallyport key passphrase --words 6  # one to remember\n"
		    "  sallyport key protect ~/.ssh/id_rsa # give it a passphrase\n",
	.subs = subs,
};

double passphrase_draw_bits(const struct passphrase_draw *d)
{
	return d->words ? passphrase_words_bits(d->words) : passphrase_bytes_bits(d->bytes);
}

void passphrase_draw_describe(const struct passphrase_draw *d, struct text *out)
{
	if (d->words)
		text_add(out, "%.2f bits: %u of 7,776 words", passphrase_words_bits(d->words), d->words);
	else
		text_add(out, "%u bits: %u random bytes", d->bytes * 8, d->bytes);
}

static int draw_words(unsigned words, char *out)
{
	struct strings dirs = { 0 };
	struct word_list *list = NULL;
	char *path = NULL, *content = NULL;
	size_t len = 0;
	int status = 0;
	enum err e;

	if ((e = data_dirs("words", &dirs)) || (e = data_read(&dirs, LIST, LIST_MAX, &path, &content, &len)))
		status = fail(e, "cannot read the list of words '" LIST "'");
	else if ((e = word_list_parse(content, len, &list)))
		status = e == ERR_SYNTAX ? complain("'%s' is not the whole list of 7,776 different words", path)
					 : fail(e, "cannot read '%s'", path);
	else
		passphrase_from_words(list, words, out);
	word_list_free(list);
	free(content);
	free(path);
	strings_free(&dirs);
	return status;
}

int passphrase_draw(const struct passphrase_draw *d, char *out)
{
	if (d->words)
		return draw_words(d->words, out);
	passphrase_from_bytes(d->bytes, out);
	return 0;
}
