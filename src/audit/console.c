/* SPDX-License-Identifier: GPL-3.0-or-later */
/* console.c - processes on terminals that are no pseudo terminals, and accounts with a password. */
#include "audit/console.h"

#include "audit/holders.h"
#include "audit/process.h"
#include "base/number.h"

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>

#include "base/banned.h"

/* proc(5): tty_nr of /proc/PID/stat, as the kernel's devices.txt numbers terminals. */
#define MAJOR_TTY 4u
#define MAJOR_SERIAL_ARM 204u
#define MAJOR_HVC 229u
#define FIRST_SERIAL 64u

/* The terminal that a process of this number has; false: none, or one over the network. */
static bool terminal_name(unsigned tty, char out[16])
{
	const unsigned kind = major(tty), which = minor(tty);

	if (kind == MAJOR_TTY && which < FIRST_SERIAL)
		snprintf(out, 16, "tty%u", which);
	else if (kind == MAJOR_TTY)
		snprintf(out, 16, "ttyS%u", which - FIRST_SERIAL);
	else if (kind == MAJOR_SERIAL_ARM)
		snprintf(out, 16, "ttyAMA%u", which - FIRST_SERIAL);
	else if (kind == MAJOR_HVC)
		snprintf(out, 16, "hvc%u", which);
	else
		return false;
	return true;
}

enum err console_terminal(const char *stat, char out[16])
{
	const char *end = strrchr(stat, ')');
	unsigned tty = 0;

	if (!end || sscanf(end + 1, " %*c %*d %*d %*d %u", &tty) != 1 || !terminal_name(tty, out))
		return ERR_NOT_FOUND;
	return ERR_NONE;
}

/* ERR_NOT_FOUND: it has none, or is gone. */
static enum err terminal_of(const char *pid, char out[16])
{
	char path[64], *stat = NULL;
	enum err e;

	snprintf(path, sizeof path, "/proc/%.20s/stat", pid);
	e = proc_read(path, 8192, &stat, NULL);
	if (e)
		return e == ERR_MEMORY ? e : ERR_NOT_FOUND;
	e = console_terminal(stat, out);
	free(stat);
	return e;
}

static enum err terminals_find(struct strings *out)
{
	DIR *d = opendir("/proc");
	const struct dirent *entry;
	enum err e = ERR_NONE;

	if (!d)
		return ERR_SYSTEM;
	while (!e && (entry = readdir(d))) {
		char name[16];
		uint64_t pid;

		if (number_parse(entry->d_name, 1, INT_MAX, &pid))
			continue;
		e = terminal_of(entry->d_name, name);
		if (e == ERR_NOT_FOUND)
			e = ERR_NONE;
		else if (!e && !strings_has(out, name))
			e = strings_add(out, name);
	}
	closedir(d);
	strings_sort(out);
	return e;
}

enum err console_look(struct account *const *accounts, size_t n, struct console *out)
{
	struct console c = { 0 };
	enum err e = terminals_find(&c.terminals);

	for (size_t i = 0; i < n && !e; i++) {
		const struct account *a = accounts[i];
		if (holder_has_shell(a) && !a->expired && !a->pam_expired && a->password == PASSWORD_SET)
			e = strings_add(&c.accounts, a->name);
	}
	if (e)
		console_clear(&c);
	else
		*out = c;
	return e;
}

void console_clear(struct console *c)
{
	strings_free(&c->terminals);
	strings_free(&c->accounts);
	*c = (struct console){ 0 };
}
