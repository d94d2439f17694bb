/* SPDX-License-Identifier: GPL-3.0-or-later */
/* door.h - what the commands that talk to the daemon share: who, grant, close. */
#ifndef CMD_DOOR_H
#define CMD_DOOR_H

#include "gate/control.h"

#define DOOR_ADDRESS 46
#define DOOR_KEY 64

/* 0, or an exit status after a message: no daemon runs, we are not root. */
int door_open(int *fd);
void door_close(int fd);

void door_address_print(const struct message_address *a, char out[DOOR_ADDRESS]);
/* ERR_SYNTAX: it is none. */
MUST_USE enum err door_address_parse(const char *text, struct message_address *out);
void door_key_print(const uint8_t key[NATIVE_KEY_ID], char out[DOOR_KEY]); /* "SHA256:..." */
/* A fingerprint, or a file with a public key. ERR_SYNTAX. */
MUST_USE enum err door_key_parse(const char *text, uint8_t key[NATIVE_KEY_ID]);

#endif
