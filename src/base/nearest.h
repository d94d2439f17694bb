/* SPDX-License-Identifier: GPL-3.0-or-later */
/* nearest.h - the word in a list that is closest to what somebody typed. */
#ifndef BASE_NEAREST_H
#define BASE_NEAREST_H

#include <stddef.h>

/*
 * Optimal string alignment distance (insert, delete, replace, swap of neighbours;
 * case ignored), at most a third of the word's length rounded up. words ends with
 * NULL. NULL when nothing is near; of several the first. Borrowed.
 */
const char *nearest_word(const char *typed, const char *const *words);

#endif
