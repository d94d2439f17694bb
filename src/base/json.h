/* SPDX-License-Identifier: GPL-3.0-or-later */
/* json.h - jansson with our rules: strict, bounded, written atomically. */
#ifndef BASE_JSON_H
#define BASE_JSON_H

#include "base/err.h"
#include "base/macros.h"
#include "base/root.h"
#include "base/text.h"

#include <jansson.h>

/* Duplicate keys are refused. At most max bytes. *out is a new reference. ERR_SYNTAX, ERR_TOO_BIG, as root_read(). */
MUST_USE enum err json_read_file(const struct root *r, const char *path, size_t max, json_t **out);
MUST_USE enum err json_write_file(const struct root *r, const char *path, const json_t *value, mode_t mode);
/* Appends the value, keys in their order, indented by two; a newline at the end. */
MUST_USE enum err json_format(const json_t *value, struct text *out);
/* Text that may hold invalid UTF-8 (names of files and users): each bad byte becomes U+FFFD. New reference, or NULL. */
json_t *json_safe_string(const char *s);
/* An array of those. The same. */
json_t *json_safe_strings(const struct strings *l);

#endif
