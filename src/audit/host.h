/* SPDX-License-Identifier: GPL-3.0-or-later */
/* host.h - the name of a host, its distribution, the version of its OpenSSH package. */
#ifndef AUDIT_HOST_H
#define AUDIT_HOST_H

#include "base/err.h"
#include "base/macros.h"
#include "base/root.h"

/* Each result is yours; what cannot be found out is "unknown". ERR_MEMORY only. */
MUST_USE enum err host_name(const struct root *r, char **out);
MUST_USE enum err host_os(const struct root *r, char **out); /* PRETTY_NAME of os-release */
/* The version of Debian's openssh-server; NULL where dpkg does not have it. */
MUST_USE enum err host_package(const struct root *r, char **out);
/* Whose cloud this host is in ("Amazon EC2"), by what the firmware says; NULL: none that is known. Static. */
const char *host_cloud(const struct root *r);
/* The value of PRETTY_NAME in the text of an os-release file, without its quotes. ERR_NOT_FOUND. */
MUST_USE enum err os_release_parse(const char *content, char **out);
/* The version of an installed package in the text of dpkg's status file. ERR_NOT_FOUND. */
MUST_USE enum err dpkg_status_find(const char *content, size_t len, const char *package, char **out);

#endif
