/* SPDX-License-Identifier: GPL-3.0-or-later */
/* passphrase.h - passphrases drawn by chance, from words or from bytes, and how much chance is in them. */
#ifndef KEY_PASSPHRASE_H
#define KEY_PASSPHRASE_H

#include "base/err.h"
#include "base/macros.h"

#include <stddef.h>

#define WORD_LIST_WORDS 7776u /* five dice */

/* The long list of the EFF; its words are all different, so each drawn is worth log2(7776) bits. */
struct word_list;

/*
 * Reads the list in the form in which the EFF publishes it: "11111 abacus", a tabulator between, the words rising. What
 * is not the whole list is refused: with fewer words a passphrase would be worth less than is said of it. ERR_SYNTAX.
 */
MUST_USE enum err word_list_parse(const char *content, size_t len, struct word_list **out);
void word_list_free(struct word_list *list); /* NULL is fine */

#define PASSPHRASE_BITS_LEAST 64 /* below that, who has the file can guess on until it opens */
#define PASSPHRASE_WORDS_MOST 64u
#define PASSPHRASE_BYTES_MOST 512u
/* The longest one of either kind, and its NUL. ssh-keygen reads no more than 1023 characters. */
#define PASSPHRASE_SIZE 1024u

/* Words with blanks between them, each as likely as any other. out has PASSPHRASE_SIZE bytes, best of sodium_malloc(). */
void passphrase_from_words(const struct word_list *list, unsigned words, char *out);
/* Random bytes in base64, as `openssl rand -base64` writes them. */
void passphrase_from_bytes(unsigned bytes, char *out);
double passphrase_words_bits(unsigned words);
double passphrase_bytes_bits(unsigned bytes);

#endif
