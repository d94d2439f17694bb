/* SPDX-License-Identifier: GPL-3.0-or-later */
/* nss_hang.c - a source of accounts for NSS that has a bad day: it hangs, or says that it cannot answer now. */
#include <errno.h>
#include <grp.h>
#include <nss.h>
#include <pwd.h>
#include <string.h>
#include <unistd.h>

#include "base/banned.h"

enum nss_status _nss_hang_getpwnam_r(const char *name, struct passwd *out, char *buffer, size_t size, int *error);
enum nss_status _nss_hang_getgrnam_r(const char *name, struct group *out, char *buffer, size_t size, int *error);
enum nss_status _nss_hang_initgroups_dyn(const char *name, gid_t gid, long *start, long *size, gid_t **groups,
					 long limit, int *error);
enum nss_status _nss_hang_setpwent(void);
enum nss_status _nss_hang_getpwent_r(struct passwd *out, char *buffer, size_t size, int *error);

enum nss_status _nss_hang_getpwnam_r(const char *name, struct passwd *out, char *buffer, size_t size, int *error)
{
	if (!strcmp(name, "trouble")) {
		*error = errno = ECONNREFUSED;
		return NSS_STATUS_UNAVAIL;
	}
	while (!strcmp(name, "stuck"))
		pause();
	*error = ENOENT;
	return NSS_STATUS_NOTFOUND;
}

/* The names mean the same of groups. */
enum nss_status _nss_hang_getgrnam_r(const char *name, struct group *out, char *buffer, size_t size, int *error)
{
	struct passwd unused;

	return _nss_hang_getpwnam_r(name, &unused, buffer, size, error);
}

enum nss_status _nss_hang_initgroups_dyn(const char *name, gid_t gid, long *start, long *size, gid_t **groups,
					 long limit, int *error)
{
	while (!strcmp(name, "stuckingroups"))
		pause();
	*error = ENOENT;
	return NSS_STATUS_NOTFOUND;
}

enum nss_status _nss_hang_setpwent(void)
{
	return NSS_STATUS_SUCCESS;
}

enum nss_status _nss_hang_getpwent_r(struct passwd *out, char *buffer, size_t size, int *error)
{
	for (;;)
		pause();
}
