/* SPDX-License-Identifier: GPL-3.0-or-later */
/* elf.h - what an ELF file says about how it wants to be started and what it needs; nothing in it is trusted. */
#ifndef JAIL_ELF_H
#define JAIL_ELF_H

#include "base/err.h"
#include "base/macros.h"
#include "base/text.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes that are fetched as they are wanted: files may have hundreds of megabytes. */
struct elf_source {
	/* Exactly len bytes from 'at' on; ERR_SHORT when there are fewer. */
	enum err (*read)(void *arg, uint64_t at, void *out, size_t len);
	void *arg;
};

/* A library that the file wants loaded with it. */
struct elf_need {
	char *name;    /* as it stands there: "libc.so.6", "$ORIGIN/libx.so", "/lib/libx.so" */
	bool optional; /* DT_AUXILIARY: used when it is there */
};

/* Start with { 0 }. */
struct elf {
	bool wide;	  /* 64 bit */
	bool big;	  /* most significant byte first */
	uint16_t type;	  /* ET_EXEC, ET_DYN, ... of <elf.h> */
	uint16_t machine; /* EM_X86_64, ... */
	uint32_t flags;	  /* e_flags: the kind of ARM or RISC-V */
	bool dynamic;	  /* there is a PT_DYNAMIC: not static, or static-pie when interp is NULL */
	char *interp;	  /* PT_INTERP; NULL: none */
	struct elf_need *needs;
	size_t nneeds, size;
	char *soname, *rpath, *runpath; /* NULL: none */
	bool nodeflib;			/* DF_1_NODEFLIB */
};

#define ELF_NEEDS_MAX 1024 /* libraries that one file may want */

/*
 * ERR_SYNTAX, ERR_SHORT, ERR_TOO_BIG: *why is one sentence (static) that says what is wrong. ERR_SYSTEM from the source, ERR_MEMORY:
 * *why is NULL. After an error *out is as it was.
 */
MUST_USE enum err elf_parse(const struct elf_source *from, struct elf *out, const char **why);
void elf_clear(struct elf *e);
bool elf_begins(const void *bytes, size_t len); /* with the four bytes of every ELF file */
/* "x86-64", "ARM, 32 bit"; text is at least 32 bytes. Returns text. */
const char *elf_machine_text(const struct elf *e, char text[32]);

#endif
