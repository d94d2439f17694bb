/* SPDX-License-Identifier: GPL-3.0-or-later */
/* unfinished.h - what a crash left of a change: finished by root, told to everybody else. */
#ifndef CMD_UNFINISHED_H
#define CMD_UNFINISHED_H

/* root: as given by --root, or NULL. Says what it did or what it saw; never fails. */
void unfinished_handle(const char *root);

#endif
