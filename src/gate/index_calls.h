/* SPDX-License-Identifier: GPL-3.0-or-later */
/* index_calls.h - the system calls that the index, and the commands it runs for sshd, are left with. */
#ifndef GATE_INDEX_CALLS_H
#define GATE_INDEX_CALLS_H

/* For struct sandbox; ends with -1. */
extern const int index_calls[];

#endif
