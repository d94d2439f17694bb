/* SPDX-License-Identifier: GPL-3.0-or-later */
/* proven.c - the record of the last proof that held. */
#include "harden/proven.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/json.h"
#include "harden/gate_service.h"

#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/banned.h"

#define PROVEN_MAX 65536

static json_t *program(const char *path)
{
	struct stat st;

	/* the inode and the time of its change: a package may well set the other time back to that of its build */
	if (stat(path, &st))
		return json_null();
	return json_pack("{s:o,s:I,s:I,s:I,s:I}", "path", json_safe_string(path), "size", (json_int_t)st.st_size,
			 "inode", (json_int_t)st.st_ino, "mtime", (json_int_t)st.st_mtime, "ctime",
			 (json_int_t)st.st_ctime);
}

/* Our own: that of this process may be the old one still. */
static json_t *own_program(void)
{
	static const char gone[] = " (deleted)";
	char path[PATH_MAX];
	const ssize_t n = readlink("/proc/self/exe", path, sizeof path - 1);

	if (n < 0)
		return json_null();
	path[n] = '\0';
	if ((size_t)n > strlen(gone) && strcmp(path + n - strlen(gone), gone) == 0)
		path[(size_t)n - strlen(gone)] = '\0';
	return program(path);
}

static json_t *programs(const struct facts *f)
{
	return json_pack("[o,o,o]", f->sshd ? program(f->sshd) : json_null(), own_program(), program(gate_program));
}

enum err proven_still(const struct facts *f, bool *still)
{
	json_t *then = NULL, *now;
	enum err e = json_read_file(f->root, PROVEN_FILE, PROVEN_MAX, &then);

	if (e == ERR_MEMORY)
		return e;
	now = programs(f);
	*still = e == ERR_NONE && now &&
		 json_equal(json_object_get(then, "programs"), now); /* unreadable: prove again */
	json_decref(then);
	json_decref(now);
	return now ? ERR_NONE : ERR_MEMORY;
}

enum err proven_write(const struct facts *f)
{
	json_t *j =
		json_pack("{s:s,s:I,s:s?,s:s?,s:o}", "schema", "sallyport.proven.v1", "time", (json_int_t)clock_wall(),
			  "openssh", f->openssh, "package", f->package, "programs", programs(f));
	enum err e = j ? file_make_dirs(f->root, "/var/lib/sallyport", 0755) : ERR_MEMORY;

	if (!e)
		e = json_write_file(f->root, PROVEN_FILE, j, 0644);
	json_decref(j);
	return e;
}
