/* SPDX-License-Identifier: GPL-3.0-or-later */
/* elf.c - headers, the dynamic section and its strings, each read by itself and bounded. */
#include "jail/elf.h"

#include "base/array.h"
#include "base/reader.h"

#include <elf.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

#define SEGMENTS_MAX 128
#define DYNAMIC_MAX 65536 /* rows; the largest real ones have some hundred */
#define STRING_MAX 16384  /* a run path of many folders; names are at most PATH_MAX */

/* Numbers in the byte order and width of the file; one that is not there sets 'failed' and is 0. */
struct numbers {
	struct reader in;
	bool big, wide, failed;
};

static uint64_t number(struct numbers *n, size_t len)
{
	uint8_t bytes[8] = { 0 };
	uint64_t value = 0;

	if (read_bytes(&n->in, bytes, len))
		n->failed = true;
	for (size_t i = 0; i < len; i++)
		value = value << 8 | bytes[n->big ? i : len - 1 - i];
	return value;
}

static uint16_t number_half(struct numbers *n)
{
	return (uint16_t)number(n, 2);
}

static uint32_t number_word(struct numbers *n)
{
	return (uint32_t)number(n, 4);
}

/* An address, an offset or a size. */
static uint64_t number_wide(struct numbers *n)
{
	return number(n, n->wide ? 8 : 4);
}

static void number_skip(struct numbers *n, size_t len)
{
	if (read_skip(&n->in, len))
		n->failed = true;
}

struct segment {
	uint32_t type;
	uint64_t offset, address, in_file;
};

/* The strings that the dynamic section points at: offsets into the string table. */
struct wanted {
	uint64_t table, size; /* DT_STRTAB, an address; DT_STRSZ */
	bool has_table, has_size;
	uint64_t soname, rpath, runpath;
	bool has_soname, has_rpath, has_runpath;
};

struct parse {
	const struct elf_source *from;
	struct elf elf;
	uint64_t table_at; /* of the program headers */
	size_t nsegments;
	struct segment segments[SEGMENTS_MAX];
	const char *why;
};

static enum err wrong(struct parse *p, enum err e, const char *why)
{
	p->why = why;
	return e;
}

static enum err fetch(struct parse *p, uint64_t at, void *out, size_t len, const char *why)
{
	enum err e = at > UINT64_MAX - len ? ERR_SHORT : p->from->read(p->from->arg, at, out, len);

	return e == ERR_SHORT ? wrong(p, e, why) : e;
}

bool elf_begins(const void *bytes, size_t len)
{
	return len >= SELFMAG && memcmp(bytes, ELFMAG, SELFMAG) == 0;
}

static enum err parse_ident(struct parse *p)
{
	uint8_t ident[EI_NIDENT];
	enum err e;

	if ((e = fetch(p, 0, ident, sizeof ident, "it ends within the ELF header")))
		return e;
	if (!elf_begins(ident, sizeof ident))
		return wrong(p, ERR_SYNTAX, "it is no ELF file");
	if (ident[EI_CLASS] != ELFCLASS32 && ident[EI_CLASS] != ELFCLASS64)
		return wrong(p, ERR_SYNTAX, "it is neither of 32 nor of 64 bit");
	if (ident[EI_DATA] != ELFDATA2LSB && ident[EI_DATA] != ELFDATA2MSB)
		return wrong(p, ERR_SYNTAX, "its byte order is unknown");
	if (ident[EI_VERSION] != EV_CURRENT)
		return wrong(p, ERR_SYNTAX, "its ELF version is unknown");
	p->elf.wide = ident[EI_CLASS] == ELFCLASS64;
	p->elf.big = ident[EI_DATA] == ELFDATA2MSB;
	return ERR_NONE;
}

static struct numbers numbers_of(const struct parse *p, const void *bytes, size_t len)
{
	return (struct numbers){ .in = { bytes, len }, .big = p->elf.big, .wide = p->elf.wide };
}

static enum err parse_header(struct parse *p)
{
	uint8_t bytes[sizeof(Elf64_Ehdr)];
	const size_t len = p->elf.wide ? sizeof(Elf64_Ehdr) : sizeof(Elf32_Ehdr);
	const size_t row = p->elf.wide ? sizeof(Elf64_Phdr) : sizeof(Elf32_Phdr);
	struct numbers n = numbers_of(p, bytes, len);
	uint16_t each;
	enum err e;

	if ((e = fetch(p, 0, bytes, len, "it ends within the ELF header")))
		return e;
	number_skip(&n, EI_NIDENT);
	p->elf.type = number_half(&n);
	p->elf.machine = number_half(&n);
	if (number_word(&n) != EV_CURRENT)
		return wrong(p, ERR_SYNTAX, "its ELF version is unknown");
	(void)number_wide(&n); /* where it starts */
	p->table_at = number_wide(&n);
	(void)number_wide(&n); /* sections */
	p->elf.flags = number_word(&n);
	(void)number_half(&n); /* size of this header */
	each = number_half(&n);
	p->nsegments = number_half(&n);
	if (n.failed)
		return wrong(p, ERR_SHORT, "it ends within the ELF header");
	if (p->nsegments && each != row)
		return wrong(p, ERR_SYNTAX, "its program headers have a size that is not that of its class");
	if (p->nsegments > SEGMENTS_MAX)
		return wrong(p, ERR_TOO_BIG, "it has more than 128 program headers");
	return ERR_NONE;
}

/* The fields stand in another order in each class. */
static struct segment segment_of(struct numbers *n)
{
	struct segment s = { .type = number_word(n) };

	if (n->wide)
		number_skip(n, 4); /* flags */
	s.offset = number_wide(n);
	s.address = number_wide(n);
	(void)number_wide(n); /* the physical address */
	s.in_file = number_wide(n);
	(void)number_wide(n); /* size in memory */
	if (n->wide) {
		(void)number_wide(n); /* alignment */
	} else {
		number_skip(n, 8); /* flags, alignment */
	}
	return s;
}

static enum err parse_segments(struct parse *p)
{
	static const char ends[] = "it ends within the program headers";
	const size_t len = p->nsegments * (p->elf.wide ? sizeof(Elf64_Phdr) : sizeof(Elf32_Phdr));
	uint8_t bytes[SEGMENTS_MAX * sizeof(Elf64_Phdr)];
	struct numbers n = numbers_of(p, bytes, len);
	enum err e;

	if ((e = fetch(p, p->table_at, bytes, len, ends)))
		return e;
	for (size_t i = 0; i < p->nsegments; i++)
		p->segments[i] = segment_of(&n);
	return n.failed ? wrong(p, ERR_SHORT, ends) : ERR_NONE;
}

static const struct segment *segment_find(const struct parse *p, uint32_t type)
{
	for (size_t i = 0; i < p->nsegments; i++)
		if (p->segments[i].type == type)
			return &p->segments[i];
	return NULL;
}

/* Where in the file the bytes of an address are, and how many there are from there on. */
static bool address_find(const struct parse *p, uint64_t address, uint64_t *at, uint64_t *left)
{
	for (size_t i = 0; i < p->nsegments; i++) {
		const struct segment *s = &p->segments[i];
		const uint64_t into = address - s->address;

		if (s->type != PT_LOAD || address < s->address || into >= s->in_file || s->offset > UINT64_MAX - into)
			continue;
		*at = s->offset + into;
		*left = s->in_file - into;
		return true;
	}
	return false;
}

static enum err parse_interp(struct parse *p)
{
	const struct segment *s = segment_find(p, PT_INTERP);
	char *text;
	enum err e;

	if (!s)
		return ERR_NONE;
	/* as the kernel wants it, which runs nothing else */
	if (s->in_file < 2 || s->in_file > PATH_MAX)
		return wrong(p, ERR_SYNTAX, "the name of its interpreter is empty or too long");
	if (!(text = malloc((size_t)s->in_file)))
		return ERR_MEMORY;
	p->elf.interp = text;
	if ((e = fetch(p, s->offset, text, (size_t)s->in_file, "it ends within the name of its interpreter")))
		return e;
	if (text[s->in_file - 1] || !text[0])
		return wrong(p, ERR_SYNTAX, "the name of its interpreter is empty or has no end");
	return ERR_NONE;
}

/* A string of the table; as much of the file is read as it is long, and then some. */
static enum err string_read(struct parse *p, const struct wanted *w, uint64_t offset, char **out)
{
	uint64_t at, left;
	struct text t = { 0 };
	char block[256];
	enum err e = ERR_NONE;
	char *copy;

	if (!w->has_table || (w->has_size && offset >= w->size) || offset > UINT64_MAX - w->table ||
	    !address_find(p, w->table + offset, &at, &left))
		return wrong(p, ERR_SYNTAX, "a name in it lies outside of its strings");
	if (w->has_size && left > w->size - offset)
		left = w->size - offset;
	while (!e && left && t.len < STRING_MAX) {
		size_t n = left < sizeof block ? (size_t)left : sizeof block, used;

		/* the last block of the file may be a short one */
		while ((e = p->from->read(p->from->arg, at, block, n)) == ERR_SHORT && n > 1)
			n /= 2;
		if (e)
			break;
		used = strnlen(block, n);
		text_add_bytes(&t, block, used);
		if (used < n) {
			if (!(copy = text_check(&t) ? NULL : strdup(text_string(&t))))
				e = ERR_MEMORY;
			else
				*out = copy;
			text_free(&t);
			return e;
		}
		at += n;
		left -= n;
	}
	text_free(&t);
	if (e && e != ERR_SHORT)
		return e;
	return e ? wrong(p, ERR_SHORT, "it ends within its strings")
		 : wrong(p, ERR_SYNTAX, "a name in it has no end or is too long");
}

static enum err need_add(struct parse *p, const struct wanted *w, uint64_t offset, bool optional)
{
	struct elf_need *v, need = { .optional = optional };
	enum err e;

	if (p->elf.nneeds >= ELF_NEEDS_MAX)
		return wrong(p, ERR_TOO_BIG, "it wants more than 1024 libraries");
	if (!(v = array_room(p->elf.needs, p->elf.nneeds, &p->elf.size, sizeof *v)))
		return ERR_MEMORY;
	p->elf.needs = v;
	if ((e = string_read(p, w, offset, &need.name)))
		return e;
	v[p->elf.nneeds++] = need;
	return ERR_NONE;
}

/* The rows stand in any order: the table of strings first, then what is in it. */
static void dynamic_look(struct parse *p, struct wanted *w, uint64_t tag, uint64_t value)
{
	switch (tag) {
	case DT_STRTAB:
		w->table = value;
		w->has_table = true;
		break;
	case DT_STRSZ:
		w->size = value;
		w->has_size = true;
		break;
	case DT_SONAME:
		w->soname = value;
		w->has_soname = true;
		break;
	case DT_RPATH:
		w->rpath = value;
		w->has_rpath = true;
		break;
	case DT_RUNPATH:
		w->runpath = value;
		w->has_runpath = true;
		break;
	case DT_FLAGS_1: p->elf.nodeflib = value & DF_1_NODEFLIB; break;
	default: break;
	}
}

static enum err dynamic_needs(struct parse *p, const struct wanted *w, struct numbers n, size_t rows)
{
	enum err e = ERR_NONE;

	for (size_t i = 0; i < rows && !e; i++) {
		const uint64_t tag = number_wide(&n), value = number_wide(&n);

		if (tag == DT_NULL)
			break;
		if (tag == DT_NEEDED || tag == DT_AUXILIARY || tag == DT_FILTER)
			e = need_add(p, w, value, tag == DT_AUXILIARY);
	}
	return e;
}

static enum err dynamic_parse(struct parse *p, const uint8_t *bytes, size_t len)
{
	const size_t rows = len / (p->elf.wide ? sizeof(Elf64_Dyn) : sizeof(Elf32_Dyn));
	const struct numbers all = numbers_of(p, bytes, len);
	struct numbers n = all;
	struct wanted w = { 0 };
	enum err e;

	for (size_t i = 0; i < rows; i++) {
		const uint64_t tag = number_wide(&n), value = number_wide(&n);

		if (tag == DT_NULL)
			break;
		dynamic_look(p, &w, tag, value);
	}
	if ((w.has_soname && (e = string_read(p, &w, w.soname, &p->elf.soname))) ||
	    (w.has_rpath && (e = string_read(p, &w, w.rpath, &p->elf.rpath))) ||
	    (w.has_runpath && (e = string_read(p, &w, w.runpath, &p->elf.runpath))))
		return e;
	return dynamic_needs(p, &w, all, rows);
}

static enum err parse_dynamic(struct parse *p)
{
	const struct segment *s = segment_find(p, PT_DYNAMIC);
	const size_t row = p->elf.wide ? sizeof(Elf64_Dyn) : sizeof(Elf32_Dyn);
	uint64_t at, left;
	uint8_t *bytes;
	enum err e;

	if (!s)
		return ERR_NONE;
	p->elf.dynamic = true;
	/* the loader looks in memory, where the offset of the segment says nothing */
	if (!address_find(p, s->address, &at, &left) || left < s->in_file)
		return wrong(p, ERR_SYNTAX, "its dynamic section is not loaded");
	if (s->in_file > DYNAMIC_MAX * row)
		return wrong(p, ERR_TOO_BIG, "its dynamic section has more than 65536 rows");
	if (!(bytes = malloc((size_t)s->in_file + 1)))
		return ERR_MEMORY;
	e = fetch(p, at, bytes, (size_t)s->in_file, "it ends within its dynamic section");
	if (!e)
		e = dynamic_parse(p, bytes, (size_t)s->in_file);
	free(bytes);
	return e;
}

enum err elf_parse(const struct elf_source *from, struct elf *out, const char **why)
{
	struct parse *p = calloc(1, sizeof *p);
	enum err e;

	if (!p) {
		*why = NULL;
		return ERR_MEMORY;
	}
	p->from = from;
	if ((e = parse_ident(p)) || (e = parse_header(p)) || (e = parse_segments(p)) || (e = parse_interp(p)) ||
	    (e = parse_dynamic(p))) {
		elf_clear(&p->elf);
		*why = p->why;
	} else {
		*out = p->elf; /* out owns it now */
		*why = NULL;
	}
	free(p);
	return e;
}

void elf_clear(struct elf *e)
{
	for (size_t i = 0; i < e->nneeds; i++)
		free(e->needs[i].name);
	free(e->needs);
	free(e->interp);
	free(e->soname);
	free(e->rpath);
	free(e->runpath);
	*e = (struct elf){ 0 };
}

const char *elf_machine_text(const struct elf *e, char text[32])
{
	static const struct {
		uint16_t machine;
		const char *name;
	} known[] = {
		{ EM_386, "x86" },	{ EM_X86_64, "x86-64" }, { EM_ARM, "ARM" },	  { EM_AARCH64, "ARM" },
		{ EM_MIPS, "MIPS" },	{ EM_PPC, "POWER" },	 { EM_PPC64, "POWER" },	  { EM_S390, "S/390" },
		{ EM_RISCV, "RISC-V" }, { EM_SPARC, "SPARC" },	 { EM_SPARCV9, "SPARC" }, { EM_IA_64, "Itanium" },
	};
	const int bits = e->wide ? 64 : 32;

	for (size_t i = 0; i < ARRAY_SIZE(known); i++)
		if (known[i].machine == e->machine) {
			(void)snprintf(text, 32, "%s, %d bit%s", known[i].name, bits, e->big ? ", big-endian" : "");
			return text;
		}
	(void)snprintf(text, 32, "machine %u, %d bit", e->machine, bits);
	return text;
}
