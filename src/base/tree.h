/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tree.h - remove a folder of our own with everything in it. */
#ifndef BASE_TREE_H
#define BASE_TREE_H

/* dir is a path of this system. Follows no link, crosses no mount, keeps errno; what cannot be removed stays.
 * Works by path: only for folders below one that nobody else may write to. */
void tree_remove(const char *dir);

#endif
