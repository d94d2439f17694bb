/* SPDX-License-Identifier: GPL-3.0-or-later */
/* made.h - facts of a host that does not exist, for tests of the rules. */
#ifndef UNIT_AUDIT_MADE_H
#define UNIT_AUDIT_MADE_H

#include "audit/audit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* The files that every made host lacks: those that harden would make. */
static inline void made_file(struct facts *f, const char *path, enum err err, off_t size, unsigned bad_line)
{
	f->files = realloc(f->files, (f->nfiles + 1) * sizeof *f->files);
	assert_non_null(f->files);
	f->files[f->nfiles++] = (struct file_fact){
		.path = strdup(path), .err = err, .size = size, .unreadable = bad_line, .bad_line = bad_line
	};
}

/* Not live, no binary to ask, no wire; moduli text may be NULL for none. */
static inline struct facts *made_facts(const char *config, unsigned release, const char *moduli)
{
	struct facts *f = calloc(1, sizeof *f);

	assert_non_null(f);
	f->release = release;
	f->privileged = true;
	f->now = 1800000000;
	f->hostname = strdup("made");
	f->os = strdup("Made 1");
	f->openssh = strdup("9.2p1");
	f->sshd = strdup("/usr/sbin/sshd");
	f->config_path = strdup("/etc/ssh/sshd_config");
	f->revoked_path = strdup("/etc/ssh/revoked_keys");
	f->banner_path = strdup("/etc/ssh/sallyport-banner");
	f->moduli_path = strdup("/etc/ssh/moduli");
	f->report_err = ERR_UNSUPPORTED;
	f->wire_err = ERR_UNSUPPORTED;
	f->locked_known = true;
	made_file(f, f->revoked_path, ERR_NOT_FOUND, 0, 0);
	made_file(f, f->banner_path, ERR_NOT_FOUND, 0, 0);
	f->config_err = ERR_NOT_FOUND;
	if (config) {
		f->config_err =
			sshd_config_parse(config, strlen(config), release ? release : 1005, &f->config, &f->problems);
		assert_true(f->config_err == ERR_NONE || f->config_err == ERR_CONFIG);
		assert_int_equal(sshd_effective(f->config, NULL, &f->effective), ERR_NONE);
	}
	f->moduli_err = ERR_NOT_FOUND;
	if (moduli) {
		f->moduli_content = strdup(moduli);
		f->moduli_len = strlen(moduli);
		f->moduli_err = moduli_parse(moduli, strlen(moduli), &f->moduli);
	}
	return f;
}

static inline void made_account(struct facts *f, const char *name, enum password_state password)
{
	struct account *a = calloc(1, sizeof *a);

	f->accounts = realloc(f->accounts, (f->naccounts + 1) * sizeof(struct account *));
	assert_non_null(f->accounts);
	a->name = strdup(name);
	a->home = strdup("/");
	a->shell = strdup("/bin/sh");
	a->password = password;
	f->accounts[f->naccounts++] = a;
}

/* What the binary would print. */
static inline void made_report(struct facts *f, const char *printed)
{
	report_free(&f->report);
	assert_int_equal(report_parse(printed, strlen(printed), &f->report), ERR_NONE);
	f->report_err = ERR_NONE;
	f->live = true;
}

static inline struct policy *made_policy(const char *name)
{
	struct diags problems = { 0 };
	struct policy *p = NULL;
	char path[4096];

	assert_non_null(getenv("SALLYPORT_SOURCE"));
	snprintf(path, sizeof path, "%s/conf/policies/%s.policy", getenv("SALLYPORT_SOURCE"), name);
	assert_int_equal(policy_load(path, &p, &problems), ERR_NONE);
	assert_int_equal(problems.n, 0);
	diags_free(&problems);
	return p;
}

#endif
