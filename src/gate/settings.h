/* SPDX-License-Identifier: GPL-3.0-or-later */
/* settings.h - /etc/sallyport/sallyportd.conf, in the style of sshd_config: sallyportd.conf(5). */
#ifndef GATE_SETTINGS_H
#define GATE_SETTINGS_H

#include "base/diag.h"
#include "base/err.h"
#include "base/macros.h"
#include "base/root.h"
#include "base/text.h"
#include "gate/firewall.h"

#include <stdbool.h>
#include <stdint.h>

#define SETTINGS_PATH "/etc/sallyport/sallyportd.conf"
#define SETTINGS_SECRETS 2

/* All values are checked; what the file leaves out has its default. */
struct settings {
	struct firewall_rules
		firewall;  /* Port, KnockPort, Interface, ExceptInterface, Except, IPv6Prefix, Shut, IfBroken, Answer */
	char *sshd_config; /* SshdConfig; "/etc/ssh/sshd_config" */
	char *host_keys[MESSAGE_HOSTS]; /* HostKey: private Ed25519 keys; "/etc/ssh/ssh_host_ed25519_key" */
	unsigned nhost_keys;
	char *secrets[SETTINGS_SECRETS]; /* SiteSecret: files of 64 hexadecimal digits */
	unsigned nsecrets;
	enum settings_secret {
		SECRET_PREFER,
		SECRET_REQUIRE
	} secret_mode;		    /* SiteSecretMode: knocks without one too, or not */
	uint32_t grant_seconds;	    /* GrantTime; 30 */
	uint32_t max_grant_seconds; /* MaxGrantTime; 300 */
	bool packet_source;	    /* PacketSource: address type 0; yes */
	bool slow_keys;		    /* SlowKeys: P-384 and P-521; yes */
	unsigned cpu_share;	    /* CpuShare: percent of one core for opening and verifying; 25 */
	bool rescue;		    /* Rescue: a rescue sshd where the real one does not answer; yes */
	char *state_dir;	    /* StateDirectory; "/var/lib/sallyport/gate" */
	char *control;		    /* ControlSocket; "/run/sallyport/control" */
};

/*
 * Errors name file, line, value and what is wanted; ERR_CONFIG: there are some, *out stays as it was. A file that is missing is an
 * error too. Free with settings_free().
 */
MUST_USE enum err settings_load(const struct root *r, const char *path, struct settings **out, struct diags *problems);
MUST_USE enum err settings_parse(const char *content, size_t len, const char *name, struct settings **out,
				 struct diags *problems);
void settings_free(struct settings *s);
/* Every setting with its value, one a line, as "sallyportd -T" prints it; can be read back. */
void settings_print(const struct settings *s, struct text *out);

#endif
