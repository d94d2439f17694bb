/* SPDX-License-Identifier: GPL-3.0-or-later */
/* private_armor.c - lines, headers and base64 between BEGIN and END; what was decoded lies in memory that is wiped. */
#include "key/private_read.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

#define END "-----END "
#define DASHES "-----"
#define WHITE " \t\r\n\v\f"

bool private_line_take(struct reader *in, struct reader *line)
{
	const uint8_t *end;
	size_t len;

	if (!in->left)
		return false;
	end = memchr(in->at, '\n', in->left);
	len = end ? (size_t)(end - in->at) : in->left;
	*line = (struct reader){ .at = in->at, .left = len };
	len += end ? 1 : 0;
	*in = (struct reader){ .at = in->at + len, .left = in->left - len };
	while (line->left && line->at[line->left - 1] == '\r')
		line->left--;
	return true;
}

enum err private_name_copy(struct reader name, char *out, size_t size)
{
	if (!name.left || name.left >= size)
		return ERR_SYNTAX;
	for (size_t i = 0; i < name.left; i++)
		if (name.at[i] <= ' ' || name.at[i] >= 0x7f)
			return ERR_SYNTAX;
	memcpy(out, name.at, name.left);
	out[name.left] = '\0';
	return ERR_NONE;
}

enum err private_text_copy(struct reader text, char **out)
{
	char *s;

	if (text.left && memchr(text.at, '\0', text.left))
		return ERR_SYNTAX;
	if (!(s = strndup(text.left ? (const char *)text.at : "", text.left)))
		return ERR_MEMORY;
	*out = s;
	return ERR_NONE;
}

static bool is_white(struct reader line)
{
	for (size_t i = 0; i < line.left; i++)
		if (!strchr(WHITE, line.at[i]) || !line.at[i])
			return false;
	return true;
}

/* RFC 1421: where the first line has a colon, headers up to an empty line. */
static enum err headers_take(struct reader *text, struct reader *headers)
{
	struct reader rest = *text, line;
	const uint8_t *start = text->at;

	*headers = (struct reader){ .at = start };
	if (!private_line_take(&rest, &line) || !memchr(line.at, ':', line.left))
		return ERR_NONE;
	while (private_line_take(&rest, &line))
		if (is_white(line)) {
			headers->left = (size_t)(line.at - start);
			*text = rest;
			return ERR_NONE;
		}
	return ERR_SYNTAX;
}

/* Cuts the text off where END is; base64 has no dash, so that nothing else may stand there. */
static enum err end_cut(struct reader *text, const char *label, const char **why)
{
	size_t label_len = strlen(label);
	const uint8_t *end = text->left ? memmem(text->at, text->left, END, strlen(END)) : NULL;
	struct reader after;

	if (!end) {
		*why = "its last line is missing";
		return ERR_SHORT;
	}
	after.at = end + strlen(END);
	after.left = text->left - (size_t)(after.at - text->at);
	if (after.left < label_len + strlen(DASHES) || memcmp(after.at, label, label_len) != 0 ||
	    memcmp(after.at + label_len, DASHES, strlen(DASHES)) != 0)
		return ERR_SYNTAX;
	text->left = (size_t)(end - text->at);
	return ERR_NONE;
}

enum err private_armor_read(struct reader text, const char *label, struct private_armor *out, const char **why)
{
	struct private_armor a = { 0 };
	enum err e;

	if ((e = end_cut(&text, label, why)) || (e = headers_take(&text, &a.headers)))
		return e;
	if (is_white(text))
		return ERR_SHORT;
	if (sodium_init() < 0 || !(a.bytes = sodium_malloc(text.left)))
		return ERR_MEMORY;
	if (sodium_base642bin(a.bytes, text.left, (const char *)text.at, text.left, WHITE, &a.len, NULL,
			      sodium_base64_VARIANT_ORIGINAL)) {
		private_armor_clear(&a);
		return ERR_SYNTAX;
	}
	*out = a;
	return ERR_NONE;
}

void private_armor_clear(struct private_armor *a)
{
	sodium_free(a->bytes);
	*a = (struct private_armor){ 0 };
}
