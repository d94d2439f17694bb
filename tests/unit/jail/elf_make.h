/* SPDX-License-Identifier: GPL-3.0-or-later */
/* elf_make.h - ELF files made by hand: of any class, byte order and machine, with what they need. */
#ifndef TESTS_UNIT_JAIL_ELF_MAKE_H
#define TESTS_UNIT_JAIL_ELF_MAKE_H

#include <elf.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define ELF_MAKE_MAX 65536
#define ELF_MAKE_BASE 0x10000u /* where the file is loaded */

struct elf_making {
	bool wide, big;
	uint16_t type, machine;
	const char *interp, *soname, *rpath, *runpath;
	const char *needs[4];
	uint64_t flags_1;
	uint64_t name_at; /* not 0: where a further DT_NEEDED points, instead of a name */
	unsigned many;	  /* further DT_NEEDED, all of the first name */
};

struct elf_made {
	uint8_t bytes[ELF_MAKE_MAX];
	size_t len;
	bool wide, big;
	size_t dynamic_at, strings_at; /* in the file */
};

static inline void make_number(struct elf_made *m, size_t at, size_t len, uint64_t value)
{
	for (size_t i = 0; i < len; i++)
		m->bytes[at + i] = (uint8_t)(value >> 8 * (m->big ? len - 1 - i : i));
}

static inline void make_add(struct elf_made *m, size_t len, uint64_t value)
{
	make_number(m, m->len, len, value);
	m->len += len;
}

static inline void make_text(struct elf_made *m, const char *text)
{
	memcpy(m->bytes + m->len, text, strlen(text) + 1);
	m->len += strlen(text) + 1;
}

static inline void make_row(struct elf_made *m, uint64_t tag, uint64_t value)
{
	make_add(m, m->wide ? 8 : 4, tag);
	make_add(m, m->wide ? 8 : 4, value);
}

static inline void make_segment(struct elf_made *m, size_t place, uint32_t type, uint64_t at, uint64_t len)
{
	const size_t kept = m->len;

	m->len = (m->wide ? 64 : 52) + place * (m->wide ? 56 : 32);
	make_add(m, 4, type);
	if (m->wide)
		make_add(m, 4, 5);
	make_add(m, m->wide ? 8 : 4, at);
	make_add(m, m->wide ? 8 : 4, ELF_MAKE_BASE + at);
	make_add(m, m->wide ? 8 : 4, ELF_MAKE_BASE + at);
	make_add(m, m->wide ? 8 : 4, len);
	make_add(m, m->wide ? 8 : 4, len);
	if (m->wide) {
		make_add(m, 8, 4096);
	} else {
		make_add(m, 4, 5);
		make_add(m, 4, 4096);
	}
	m->len = kept;
}

static inline void make_header(struct elf_made *m, const struct elf_making *from)
{
	const uint8_t ident[16] = { 0x7f, 'E', 'L', 'F', m->wide ? 2 : 1, m->big ? 2 : 1, 1 };

	memcpy(m->bytes, ident, sizeof ident);
	m->len = sizeof ident;
	make_add(m, 2, from->type);
	make_add(m, 2, from->machine);
	make_add(m, 4, 1);
	make_add(m, m->wide ? 8 : 4, ELF_MAKE_BASE);
	make_add(m, m->wide ? 8 : 4, m->wide ? 64 : 52);
	make_add(m, m->wide ? 8 : 4, 0);
	make_add(m, 4, 0);
	make_add(m, 2, m->wide ? 64 : 52);
	make_add(m, 2, m->wide ? 56 : 32);
	make_add(m, 2, 3);
	make_add(m, 2, 0);
	make_add(m, 2, 0);
	make_add(m, 2, 0);
	m->len = (m->wide ? 64 : 52) + (size_t)3 * (m->wide ? 56 : 32);
}

/* A text and the row that names it, when there is one. */
static inline void make_named(struct elf_made *m, uint64_t rows[][2], size_t *n, uint64_t tag, const char *text)
{
	if (!text)
		return;
	rows[*n][0] = tag;
	rows[*n][1] = m->len - m->strings_at;
	(*n)++;
	make_text(m, text);
}

static inline void elf_make(struct elf_made *m, const struct elf_making *from)
{
	uint64_t rows[16][2];
	size_t n = 0, interp_at, interp_len = 0;

	*m = (struct elf_made){ .wide = from->wide, .big = from->big };
	make_header(m, from);
	interp_at = m->len;
	if (from->interp) {
		make_text(m, from->interp);
		interp_len = m->len - interp_at;
	}
	m->strings_at = m->len;
	make_text(m, "");
	for (size_t i = 0; i < 4; i++)
		make_named(m, rows, &n, DT_NEEDED, from->needs[i]);
	make_named(m, rows, &n, DT_SONAME, from->soname);
	make_named(m, rows, &n, DT_RPATH, from->rpath);
	make_named(m, rows, &n, DT_RUNPATH, from->runpath);
	m->dynamic_at = (m->len + 7) & ~(size_t)7;
	const size_t strings_len = m->len - m->strings_at;

	m->len = m->dynamic_at;
	for (size_t i = 0; i < n; i++)
		make_row(m, rows[i][0], rows[i][1]);
	for (unsigned i = 0; i < from->many; i++)
		make_row(m, DT_NEEDED, 1);
	if (from->name_at)
		make_row(m, DT_NEEDED, from->name_at);
	make_row(m, DT_STRTAB, ELF_MAKE_BASE + m->strings_at);
	make_row(m, DT_STRSZ, strings_len);
	make_row(m, DT_FLAGS_1, from->flags_1);
	make_row(m, DT_NULL, 0);
	make_segment(m, 0, from->interp ? PT_INTERP : PT_NULL, interp_at, interp_len);
	make_segment(m, 1, PT_LOAD, 0, m->len);
	make_segment(m, 2, PT_DYNAMIC, m->dynamic_at, m->len - m->dynamic_at);
}

#endif
