/* SPDX-License-Identifier: GPL-3.0-or-later */
/* json.c - JSON files as we keep them, by jansson. */
#include "base/json.h"
#include "base/file.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/banned.h"

enum err json_read_file(const struct root *r, const char *path, size_t max, json_t **out)
{
	char *bytes = NULL;
	json_error_t why;
	json_t *value;
	size_t len;
	enum err e;

	e = root_read(r, path, max, &bytes, &len);
	if (e)
		return e;
	value = json_loadb(bytes, len, JSON_REJECT_DUPLICATES, &why);
	free(bytes);
	if (!value)
		return json_error_code(&why) == json_error_out_of_memory ? ERR_MEMORY : ERR_SYNTAX;
	*out = value;
	return ERR_NONE;
}

static int add_to_text(const char *bytes, size_t len, void *text)
{
	text_add_bytes(text, bytes, len);
	return text_check(text) ? -1 : 0;
}

enum err json_format(const json_t *value, struct text *out)
{
	if (json_dump_callback(value, add_to_text, out, JSON_INDENT(2) | JSON_ENCODE_ANY))
		return ERR_MEMORY;
	text_add_string(out, "\n");
	return text_check(out);
}

enum err json_write_file(const struct root *r, const char *path, const json_t *value, mode_t mode)
{
	struct file_meta meta = {
		.mode = mode,
		.uid = geteuid(),
		.gid = getegid(),
		.atime.tv_nsec = UTIME_NOW,
		.mtime.tv_nsec = UTIME_NOW,
	};
	struct text t = { 0 };
	enum err e;

	e = json_format(value, &t);
	if (!e)
		e = file_replace(r, path, t.s, t.len, &meta, "new");
	text_free(&t);
	return e;
}

json_t *json_safe_string(const char *s)
{
	struct text t = { 0 };
	json_t *value = NULL;

	while (*s) {
		size_t len = text_utf8_length(s, strnlen(s, 4));

		if (len)
			text_add_bytes(&t, s, len);
		else
			text_add_string(&t, "\xef\xbf\xbd"); /* U+FFFD */
		s += len ? len : 1;
	}
	if (!text_check(&t))
		value = json_stringn(text_string(&t), t.len);
	text_free(&t);
	return value;
}

json_t *json_safe_strings(const struct strings *l)
{
	json_t *list = json_array();

	for (size_t i = 0; list && i < l->n; i++)
		json_array_append_new(list, json_safe_string(l->v[i]));
	return list;
}
