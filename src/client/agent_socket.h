/* SPDX-License-Identifier: GPL-3.0-or-later */
/* agent_socket.h - the way to an SSH agent: a socket, on Windows a named pipe. */
#ifndef CLIENT_AGENT_SOCKET_H
#define CLIENT_AGENT_SOCKET_H

#include "base/err.h"
#include "base/macros.h"

#include <stddef.h>
#include <stdint.h>

/* ERR_NOT_FOUND: nobody is there; ERR_TOO_BIG: no such path can be; ERR_SYSTEM. Close *fd with file_close(). */
MUST_USE enum err agent_open(const char *path, int *fd);
/* All of it, until 'end' of clock_boot_ms(). ERR_TIMEOUT, ERR_CLOSED, ERR_SYSTEM. */
MUST_USE enum err agent_send(int fd, const char *bytes, size_t len, uint64_t end);
MUST_USE enum err agent_receive(int fd, uint8_t *bytes, size_t len, uint64_t end);

#endif
