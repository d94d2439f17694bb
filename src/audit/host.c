/* SPDX-License-Identifier: GPL-3.0-or-later */
/* host.c - what the host is called and what it runs, from its files. */
#include "audit/host.h"

#include "base/file.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/banned.h"

#define SMALL_FILE (64 * 1024)
#define DPKG_STATUS_MAX (64 * 1024 * 1024)

static enum err give(const char *s, size_t len, char **out)
{
	char *copy = strndup(s, len);

	if (!copy)
		return ERR_MEMORY;
	*out = copy;
	return ERR_NONE;
}

enum err host_name(const struct root *r, char **out)
{
	char name[256] = "", *content = NULL;
	size_t len, n;
	enum err e;

	if (root_is_live(r)) {
		if (gethostname(name, sizeof name - 1) == 0 && name[0])
			return give(name, strlen(name), out);
		return give("unknown", 7, out);
	}
	e = root_read(r, "/etc/hostname", SMALL_FILE, &content, &len);
	if (e == ERR_MEMORY)
		return e;
	n = content ? strcspn(content, " \t\r\n") : 0;
	e = n ? give(content, n, out) : give("unknown", 7, out);
	free(content);
	return e;
}

enum err os_release_parse(const char *content, char **out)
{
	static const char key[] = "PRETTY_NAME=";
	const char *line = content;

	for (; line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL) {
		size_t n;

		if (strncmp(line, key, sizeof key - 1) != 0)
			continue;
		line += sizeof key - 1;
		n = strcspn(line, "\r\n");
		if (n >= 2 && (line[0] == '"' || line[0] == '\'') && line[n - 1] == line[0]) {
			line++;
			n -= 2;
		}
		return n ? give(line, n, out) : ERR_NOT_FOUND;
	}
	return ERR_NOT_FOUND;
}

enum err host_os(const struct root *r, char **out)
{
	static const char *const paths[] = { "/etc/os-release", "/usr/lib/os-release" };

	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		char *content = NULL;
		size_t len;
		enum err e = root_read(r, paths[i], SMALL_FILE, &content, &len);

		if (!e)
			e = os_release_parse(content, out);
		free(content);
		if (e == ERR_NONE || e == ERR_MEMORY)
			return e;
	}
	return give("unknown", 7, out);
}

/* "Key: value" of the paragraph that begins at 's' and has n bytes; the length of the value, 0 if there is none. */
static size_t field(const char *s, size_t n, const char *key, const char **value)
{
	const char *at = memmem(s, n, key, strlen(key)), *end;

	if (!at)
		return 0;
	*value = at + strlen(key);
	end = memchr(*value, '\n', n - (size_t)(*value - s));
	return end ? (size_t)(end - *value) : n - (size_t)(*value - s);
}

enum err dpkg_status_find(const char *content, size_t len, const char *package, char **out)
{
	char head[128];
	const char *at, *end, *status, *version;
	size_t n, status_len, version_len;

	snprintf(head, sizeof head, "Package: %s\n", package);
	at = memmem(content, len, head, strlen(head));
	while (at && at != content && at[-1] != '\n')
		at = memmem(at + 1, len - (size_t)(at + 1 - content), head, strlen(head));
	if (!at)
		return ERR_NOT_FOUND;
	n = len - (size_t)(at - content);
	end = memmem(at, n, "\n\n", 2);
	if (end)
		n = (size_t)(end - at);
	status_len = field(at, n, "\nStatus: ", &status);
	version_len = field(at, n, "\nVersion: ", &version);
	if (!version_len || !status_len || !memmem(status, status_len, " installed", 10))
		return ERR_NOT_FOUND;
	return give(version, version_len, out);
}

enum err host_package(const struct root *r, char **out)
{
	char *content = NULL;
	size_t len;
	enum err e = root_read(r, "/var/lib/dpkg/status", DPKG_STATUS_MAX, &content, &len);

	if (!e)
		e = dpkg_status_find(content, len, "openssh-server", out);
	free(content);
	return e == ERR_MEMORY ? e : ERR_NONE;
}

/* Some say it in the vendor of the system, some in the name of the product. */
const char *host_cloud(const struct root *r)
{
	static const struct {
		const char *says, *name;
	} clouds[] = {
		{ "Amazon EC2", "Amazon EC2" },
		{ "Google", "Google Cloud" },
		{ "OracleCloud", "Oracle Cloud" },
		{ "Alibaba Cloud", "Alibaba Cloud" },
		{ "Hetzner", "Hetzner" },
		{ "DigitalOcean", "DigitalOcean" },
		{ "Scaleway", "Scaleway" },
		{ "OVH", "OVHcloud" },
		{ "Vultr", "Vultr" },
		{ "Linode", "Linode" },
		{ "Akamai", "Akamai" },
		{ "Tencent Cloud", "Tencent Cloud" },
		{ "UpCloud", "UpCloud" },
		{ "Exoscale", "Exoscale" },
	};
	static const char *const files[] = { "/sys/class/dmi/id/sys_vendor", "/sys/class/dmi/id/chassis_asset_tag" };

	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		char says[64] = "";
		int fd = -1;

		/* files of /sys say size 4096, whatever is in them */
		if (root_open_file(r, files[i], O_RDONLY, 0, &fd) || read(fd, says, sizeof says - 1) < 0)
			says[0] = '\0';
		file_close(fd);
		for (size_t k = 0; k < ARRAY_SIZE(clouds); k++)
			if (strncmp(says, clouds[k].says, strlen(clouds[k].says)) == 0)
				return clouds[k].name;
	}
	return NULL;
}
