/* SPDX-License-Identifier: GPL-3.0-or-later */
/* key_input.h - a file that a user names for its public key. */
#ifndef CMD_KEY_INPUT_H
#define CMD_KEY_INPUT_H

#include <stddef.h>

/*
 * The content of a file, also a pipe ("-": standard input), at most 'max' bytes; of a private key that of its public half, which lies beside
 * it: nobody needs to hand us a private key. 0, or an exit status with the error said. *content is yours, with a NUL behind it.
 */
int key_input_read(const char *file, size_t max, char **content);

#endif
