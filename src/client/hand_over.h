/* SPDX-License-Identifier: GPL-3.0-or-later */
/* hand_over.h - give a connection to the ssh that runs us as its ProxyCommand. */
#ifndef CLIENT_HAND_OVER_H
#define CLIENT_HAND_OVER_H

#include "base/err.h"
#include "base/macros.h"

#include <stdbool.h>

/* Whether systems like this one can: where not, ssh wants "ProxyUseFdpass no". */
bool hand_over_possible(void);
/* With "ProxyUseFdpass yes" ssh(1) makes one socket of our standard input and output, and waits for a descriptor there. */
bool hand_over_wanted(void);
/* Sends it there as ssh reads it (OpenSSH monitor_fdpass.c: one byte, SCM_RIGHTS). It stays open here. ERR_SYSTEM. */
MUST_USE enum err hand_over(int connection);
/*
 * Carries bytes from standard input to the connection and from there to standard output, until that ends; the end of standard
 * input is passed on. ERR_SYSTEM.
 */
MUST_USE enum err hand_over_bytes(int connection);

#endif
