/* SPDX-License-Identifier: GPL-3.0-or-later */
/* fuzz_elf.c - any bytes are an ELF file or refused with a reason; what is handed out lies within its bounds. */
#include "jail/elf.h"

#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct bytes {
	const uint8_t *at;
	size_t len;
};

static enum err read_bytes_at(void *arg, uint64_t at, void *out, size_t len)
{
	const struct bytes *b = arg;

	if (at > b->len || len > b->len - at)
		return ERR_SHORT;
	memcpy(out, b->at + at, len);
	return ERR_NONE;
}

static void check(const struct elf *e)
{
	char machine[32];

	if (e->nneeds > ELF_NEEDS_MAX || (e->nneeds && !e->needs) ||
	    strlen(elf_machine_text(e, machine)) >= sizeof machine)
		abort();
	for (size_t i = 0; i < e->nneeds; i++)
		if (!e->needs[i].name || strlen(e->needs[i].name) > 65536)
			abort();
	if ((e->interp && !e->interp[0]) || (!e->dynamic && (e->nneeds || e->soname || e->rpath || e->runpath)))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes bytes = { data, size };
	const struct elf_source from = { read_bytes_at, &bytes };
	struct elf e = { 0 }, again = { 0 };
	const char *why = NULL;
	const enum err first = elf_parse(&from, &e, &why);

	if (first ? (!why || e.needs || e.interp) : why != NULL)
		abort();
	if (elf_parse(&from, &again, &why) != first || again.nneeds != e.nneeds)
		abort();
	check(&e);
	elf_clear(&e);
	elf_clear(&again);
	return 0;
}
