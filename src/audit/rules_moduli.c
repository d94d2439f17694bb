/* SPDX-License-Identifier: GPL-3.0-or-later */
/* rules_moduli.c - step 1: the file of Diffie-Hellman groups. */
#include "audit/algorithm.h"
#include "audit/judge.h"

#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

#define LINES_SHOWN 5

/* Whether any group exchange is offered; ERR_NOT_FOUND where the lists are not known. */
static enum err uses_moduli(const struct facts *f, bool *out)
{
	struct strings kex = { 0 };
	enum err e = algorithm_list(f, KW_KEXALGORITHMS, &kex);

	if (e)
		return e;
	*out = false;
	for (size_t i = 0; i < kex.n; i++)
		if (strncmp(kex.v[i], "diffie-hellman-group-exchange-", 30) == 0)
			*out = true;
	strings_free(&kex);
	return ERR_NONE;
}

static enum err moduli_unreadable(const struct facts *f, struct finding *out)
{
	out->status = STATUS_UNKNOWN;
	return finding_detail(out, "%s could not be read%s.", f->moduli_path, f->privileged ? "" : "; root may");
}

/* What remains once all good groups below 'bits' are gone. */
static size_t count_kept(const struct facts *f, unsigned bits)
{
	size_t kept = 0;

	for (size_t i = 0; i < f->moduli.n; i++)
		kept += f->moduli.v[i].problem == MODULI_OK && f->moduli.v[i].bits >= bits;
	return kept;
}

static enum err small_found(const struct facts *f, unsigned bits, size_t small, unsigned least,
			    const struct moduli_entry *first, struct finding *out)
{
	enum err e;

	out->status = STATUS_FAIL;
	if ((e = finding_evidence(out, f->moduli_path, first->line, "a group of %u bits, the first of %zu below %u",
				  first->bits, small, bits)) ||
	    (e = finding_reason(out, "%s has %zu groups below %u bits", judge_path(f, f->moduli_path), small, bits)) ||
	    (e = finding_detail(out, "%zu of %zu groups have fewer than %u bits, the smallest %u.", small, f->moduli.n,
				bits, least)))
		return e;
	/* A file without a usable line would bring back fixed groups, or no group exchange at all. */
	if (count_kept(f, bits) == 0)
		return finding_fix(
			out, NULL,
			"all groups are small: put a moduli file with groups of %u bits or more in place of %s", bits,
			f->moduli_path);
	if ((e = finding_moduli(out, f->moduli_path, bits)))
		return e;
	return judge_fix(out, "comment out the groups below %u bits", bits);
}

static enum err judge_moduli_small(const struct facts *f, const struct policy *p, struct finding *out)
{
	unsigned bits = (unsigned)policy_number(p, "moduli-bits", 2048), least = 0;
	const struct moduli_entry *first = NULL;
	bool used = true;
	size_t small = 0;
	enum err e = uses_moduli(f, &used);

	if (e == ERR_MEMORY)
		return e;
	if (!e && !used)
		return finding_detail(out, "No group exchange is offered, so the groups in %s are not used.",
				      f->moduli_path);
	if (f->moduli_err == ERR_NOT_FOUND) {
		out->status = STATUS_WARN;
		if ((e = finding_evidence(out, f->moduli_path, 0, "missing")) ||
		    (e = finding_fix(
			     out, NULL,
			     "install the moduli file of the openssh-server package, or take the group exchange out of KexAlgorithms")))
			return e;
		return finding_detail(out,
				      "Without this file sshd falls back to fixed groups, of 2048 bits at the least.");
	}
	if (f->moduli_err)
		return moduli_unreadable(f, out);
	for (size_t i = 0; i < f->moduli.n; i++) {
		const struct moduli_entry *m = &f->moduli.v[i];

		if (m->problem != MODULI_OK || m->bits >= bits)
			continue;
		small++;
		first = first ? first : m;
		least = !least || m->bits < least ? m->bits : least;
	}
	return small ? small_found(f, bits, small, least, first, out) : ERR_NONE;
}

static enum err judge_moduli_malformed(const struct facts *f, const struct policy *p, struct finding *out)
{
	size_t bad = 0;
	enum err e = ERR_NONE;

	if (f->moduli_err == ERR_NOT_FOUND)
		return finding_detail(out, "There is no %s.", f->moduli_path);
	if (f->moduli_err)
		return moduli_unreadable(f, out);
	for (size_t i = 0; i < f->moduli.n && !e; i++) {
		const struct moduli_entry *m = &f->moduli.v[i];

		if (m->problem != MODULI_OK && bad++ < LINES_SHOWN)
			e = finding_evidence(out, f->moduli_path, m->line, "%s", moduli_problem_text(m->problem));
	}
	if (e || !bad)
		return e;
	/* Lines that are dropped leave the others in force; a file of which nothing is left does not. */
	out->status = count_kept(f, 0) ? STATUS_WARN : STATUS_FAIL;
	if ((e = finding_detail(out,
				"sshd drops %zu of %zu lines without a word, because they are not as it wants them.",
				bad, f->moduli.n)))
		return e;
	return finding_fix(out, NULL, "correct or delete these lines of %s", f->moduli_path);
}

static enum err judge_moduli_unused(const struct facts *f, const struct policy *p, struct finding *out)
{
	bool used;
	enum err e = uses_moduli(f, &used);

	if (e == ERR_NOT_FOUND)
		return judge_unknown(f, out);
	if (e || used || f->moduli_err == ERR_NOT_FOUND)
		return e;
	out->status = STATUS_WARN;
	if ((e = judge_cite(f, KW_KEXALGORITHMS, out)) ||
	    (e = finding_detail(
		     out,
		     "Since OpenSSH 10.0 a server offers no group exchange unless KexAlgorithms names it, so %s is not "
		     "used. New groups would change nothing.",
		     f->moduli_path)))
		return e;
	return finding_fix(out, NULL, "nothing needs to be done");
}

static const char *const moduli_refs[] = { "moduli(5)", "RFC 4419", "RFC 8270", NULL };
static const char *const unused_refs[] = { "OpenSSH 10.0 release notes", "moduli(5)", NULL };

const struct rule rules_moduli[] = {
	{ "moduli-small", 1, SEVERITY_MEDIUM, 0, 0, "the Diffie-Hellman groups are large enough", judge_moduli_small,
	  NULL, moduli_refs },
	{ "moduli-malformed", 1, SEVERITY_LOW, 0, 0, "sshd can use every line of the moduli file",
	  judge_moduli_malformed, NULL, moduli_refs },
	{ "moduli-unused", 1, SEVERITY_INFO, SSHD_RELEASE(10, 0), 0, "the moduli file is in use", judge_moduli_unused,
	  NULL, unused_refs },
};
const size_t rules_moduli_n = ARRAY_SIZE(rules_moduli);
