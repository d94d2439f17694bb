/* SPDX-License-Identifier: GPL-3.0-or-later */
/* key.h - the sub-commands of key, and what they share: passphrases drawn by chance. */
#ifndef CMD_KEY_H
#define CMD_KEY_H

#include "cmd/command.h"

extern const struct command cmd_key_audit, cmd_key_passphrase, cmd_key_protect;

/* What a passphrase is drawn from: one of the two, the other is 0. */
struct passphrase_draw {
	unsigned words, bytes;
};

double passphrase_draw_bits(const struct passphrase_draw *d);
/* "77.55 bits: 6 of 7,776 words" */
void passphrase_draw_describe(const struct passphrase_draw *d, struct text *out);
/* Draws one into out, which has PASSPHRASE_SIZE bytes of sodium_malloc(). 0, or EXIT_TROUBLE after a complaint. */
int passphrase_draw(const struct passphrase_draw *d, char *out);

#endif
