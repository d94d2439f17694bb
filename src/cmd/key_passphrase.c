/* SPDX-License-Identifier: GPL-3.0-or-later */
/* key_passphrase.c - key passphrase: one drawn by chance, and how much chance is in it. */
#include "base/file.h"
#include "base/message.h"
#include "base/secret.h"
#include "cmd/key.h"
#include "key/passphrase.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/banned.h"

#define ANSWER_SIZE (PASSPHRASE_SIZE + 256u)
#define BYTES_USUAL 32 /* as the guide has it */

struct passphrase_args {
	uint64_t words, bytes;
};

static const struct option_row options[] = {
	{ "words", 'w', OPTION_NUMBER, OPTION_AT(struct passphrase_args, words), "<n>",
	  "words of the EFF's long list: easy to type, to say and to remember", NULL, 1, PASSPHRASE_WORDS_MOST },
	{ "bytes", 'b', OPTION_NUMBER, OPTION_AT(struct passphrase_args, bytes), "<n>",
	  "random bytes in base64 (32): for a password manager", NULL, 1, PASSPHRASE_BYTES_MOST },
	{ 0 },
};

/* No text from outside is in it, and nothing that JSON would escape. */
static int format_answer(const struct common_args *common, const struct passphrase_draw *d, const char *passphrase,
			 char *out)
{
	if (common->format != FORMAT_JSON)
		return snprintf(out, ANSWER_SIZE, "%s\n", passphrase);
	return snprintf(out, ANSWER_SIZE,
			"{\n  \"schema\": \"sallyport.key-passphrase.v1\",\n  \"passphrase\": \"%s\",\n"
			"  \"%s\": %u,\n  \"bits\": %.12g\n}\n",
			passphrase, d->words ? "words" : "bytes", d->words ? d->words : d->bytes,
			passphrase_draw_bits(d));
}

/* Neither through stdio nor through a text, which would leave copies behind. */
static int write_answer(const struct common_args *common, const char *answer, size_t len)
{
	const struct file_meta only_ours = {
		.mode = 0600, .uid = geteuid(), .gid = getegid(), .atime.tv_nsec = UTIME_NOW, .mtime.tv_nsec = UTIME_NOW
	};

	if (common->output)
		return command_write(common->output, answer, len, &only_ours);
	if (file_write_all(STDOUT_FILENO, answer, len) && errno != EPIPE)
		return fail(ERR_SYSTEM, "cannot print the passphrase");
	return 0;
}

static int print_passphrase(const struct common_args *common, const struct passphrase_draw *d)
{
	char *passphrase = sodium_malloc(PASSPHRASE_SIZE), *answer = sodium_malloc(ANSWER_SIZE);
	struct text bits = { 0 };
	int status;

	if (!passphrase || !answer)
		status = fail(ERR_MEMORY, "cannot draw a passphrase");
	else if ((status = passphrase_draw(d, passphrase)) == 0)
		status = write_answer(common, answer, (size_t)format_answer(common, d, passphrase, answer));
	sodium_free(passphrase);
	sodium_free(answer);
	if (status == 0) {
		passphrase_draw_describe(d, &bits);
		inform("%s", text_string(&bits));
	}
	text_free(&bits);
	return status;
}

/* A passphrase is for a file that others may have got hold of: they guess as fast as they can buy machines. */
static int complain_weak(const struct passphrase_draw *d)
{
	struct passphrase_draw enough = *d;

	while (passphrase_draw_bits(&enough) < PASSPHRASE_BITS_LEAST)
		*(d->words ? &enough.words : &enough.bytes) += 1;
	complain("%u %s have %.4g bits, and who has the file tries all of them: wants %u or more",
		 d->words ? d->words : d->bytes, d->words ? "words" : "bytes", passphrase_draw_bits(d),
		 d->words ? enough.words : enough.bytes);
	return EXIT_TROUBLE;
}

static int run(const struct common_args *common, void *args, const struct strings *rest)
{
	const struct passphrase_args *a = args;
	struct passphrase_draw d = { .words = (unsigned)a->words, .bytes = (unsigned)a->bytes };
	enum err e;

	if (d.words && d.bytes)
		return complain("key passphrase: words or bytes, not both");
	if (!d.words && !d.bytes)
		d.bytes = BYTES_USUAL;
	if (passphrase_draw_bits(&d) < PASSPHRASE_BITS_LEAST)
		return complain_weak(&d);
	if ((e = secret_begin()))
		return fail(e, "cannot keep a secret here");
	return print_passphrase(common, &d);
}

const struct command cmd_key_passphrase = {
	.name = "key passphrase",
	.summary = "a new passphrase, drawn by chance, and its entropy",
	.arguments = "",
	.common = COMMON_REPORT,
	.options = options,
	.args_size = sizeof(struct passphrase_args),
	.examples = "  sallyport key passphrase              # 32 random bytes in base64: 256 bits\n"
		    "  sallyport key passphrase --words 6    # 77 bits to remember\n"
		    "  sallyport key passphrase -o new.txt   # into a file that only you can read\n",
	.run = run,
};
