/* SPDX-License-Identifier: GPL-3.0-or-later */
/* package.c - asks the package manager's own files, of rpm its command, whose a file is. */
#include "jail/package.h"

#include "base/child.h"
#include "base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

#define LISTS "/var/lib/dpkg/info"
#define LIST_MAX (16u << 20)   /* bytes of one list */
#define LISTS_MAX (512u << 20) /* and of all of them */
#define RPM_MS 10000
#define RPM_OUTPUT (1u << 20)
#define RPM_PATHS 200 /* more than these would be a long command */

/* A path as a list may have it. On a merged /usr, dpkg knows many a file of /usr/lib as of /lib. */
struct spelling {
	const char *path;
	char **name; /* of the one asked for */
};

static int compare(const void *a, const void *b)
{
	const struct spelling *x = a, *y = b;

	return strcmp(x->path, y->path);
}

/* As strcmp() of the line, which ends without a NUL. */
static int line_compare(const char *line, size_t len, const char *path)
{
	const int order = strncmp(line, path, len);

	return order ? order : path[len] ? -1 : 0;
}

void package_list_scan(const char *content, size_t len, const char *const *paths, size_t n, bool *found)
{
	const char *at = content, *end = content + len;

	while (at < end) {
		const char *stop = memchr(at, '\n', (size_t)(end - at));
		const size_t length = (size_t)((stop ? stop : end) - at);
		size_t low = 0, high = memchr(at, '\0', length) ? 0 : n; /* a NUL would end the comparison early */

		while (low < high) {
			const size_t mid = low + (high - low) / 2;
			const int order = line_compare(at, length, paths[mid]);

			if (order == 0) {
				found[mid] = true;
				break;
			}
			if (order > 0)
				low = mid + 1;
			else
				high = mid;
		}
		at += length + 1;
	}
}

/* "libc6:amd64.list" -> "libc6" */
static char *package_name(const char *list)
{
	return strndup(list, strcspn(list, ":") < strlen(list) ? strcspn(list, ":") : strlen(list) - strlen(".list"));
}

/* What is asked for in all spellings, sorted, each once. */
struct question {
	struct spelling *v;
	const char **paths;
	bool *found;
	size_t n;
};

static void question_clear(struct question *q)
{
	free(q->v);
	free(q->paths);
	free(q->found);
}

static enum err question_make(const char *const *paths, size_t n, char **names, struct question *q)
{
	size_t kept = 0;

	q->v = calloc(2 * n, sizeof *q->v);
	q->paths = calloc(2 * n, sizeof *q->paths);
	q->found = calloc(2 * n, sizeof *q->found);
	if (!q->v || !q->paths || !q->found)
		return ERR_MEMORY;
	for (size_t i = 0; i < n; i++) {
		q->v[q->n++] = (struct spelling){ paths[i], &names[i] };
		if (strncmp(paths[i], "/usr/", 5) == 0)
			q->v[q->n++] = (struct spelling){ paths[i] + 4, &names[i] };
	}
	qsort(q->v, q->n, sizeof *q->v, compare);
	for (size_t i = 0; i < q->n; i++)
		if (!kept || strcmp(q->v[kept - 1].path, q->v[i].path) != 0)
			q->v[kept++] = q->v[i];
	q->n = kept;
	for (size_t i = 0; i < q->n; i++)
		q->paths[i] = q->v[i].path;
	return ERR_NONE;
}

static enum err take_found(struct question *q, const char *list, size_t *known)
{
	for (size_t i = 0; i < q->n; i++) {
		if (!q->found[i])
			continue;
		q->found[i] = false;
		if (*q->v[i].name)
			continue;
		if (!(*q->v[i].name = package_name(list)))
			return ERR_MEMORY;
		++*known;
	}
	return ERR_NONE;
}

static enum err ask_dpkg(const struct root *r, const struct strings *lists, const char *const *paths, size_t n,
			 char **names)
{
	struct question q = { 0 };
	size_t known = 0, total = 0;
	enum err e = question_make(paths, n, names, &q);

	for (size_t i = 0; i < lists->n && !e && known < n && total < LISTS_MAX; i++) {
		const size_t length = strlen(lists->v[i]);
		char path[512], *content = NULL;
		size_t len = 0;

		if (length < 6 || length > 400 || strcmp(lists->v[i] + length - 5, ".list") != 0)
			continue;
		(void)snprintf(path, sizeof path, LISTS "/%s", lists->v[i]);
		e = root_read(r, path, LIST_MAX, &content, &len);
		if (!e) {
			package_list_scan(content, len, q.paths, q.n, q.found);
			e = take_found(&q, lists->v[i], &known);
		}
		free(content);
		total += len;
		e = e == ERR_MEMORY ? e : ERR_NONE;
	}
	question_clear(&q);
	return e;
}

/* A line for each path; where rpm left one out, none of them is sure. */
static enum err take_lines(const char *said, size_t n, char **names)
{
	struct strings lines = { 0 };
	enum err e = strings_split(&lines, said, "\n");

	for (size_t i = 0; i < n && !e && lines.n == n; i++)
		if (!strchr(lines.v[i], ' ') &&
		    !(names[i] = strdup(lines.v[i]))) /* "file ... is not owned by any package" */
			e = ERR_MEMORY;
	strings_free(&lines);
	return e;
}

static enum err ask_rpm(const char *const *paths, size_t n, char **names)
{
	static const char *const start[] = { "rpm", "-qf", "--queryformat", "%{NAME}\\n", "--" };
	struct child_result said = { 0 };
	const char **argv;
	enum err e;

	n = n < RPM_PATHS ? n : RPM_PATHS;
	argv = calloc(ARRAY_SIZE(start) + n + 1, sizeof *argv);
	if (!argv)
		return ERR_MEMORY;
	memcpy(argv, start, sizeof start);
	memcpy(argv + ARRAY_SIZE(start), paths, n * sizeof *paths);
	e = child_run(argv, NULL, RPM_MS, RPM_OUTPUT, &said);
	if (!e)
		e = take_lines(text_string(&said.out), n, names);
	child_result_free(&said);
	free(argv);
	return e == ERR_MEMORY ? e : ERR_NONE;
}

enum err packages_find(const struct root *r, const char *const *paths, size_t n, char **names)
{
	struct strings lists = { 0 };
	struct stat st;
	enum err e;

	if (!n)
		return ERR_NONE;
	e = root_list(r, LISTS, &lists);
	if (!e)
		e = ask_dpkg(r, &lists, paths, n, names);
	else if (e != ERR_MEMORY)
		e = root_is_live(r) && !root_stat(r, "/usr/bin/rpm", &st) ? ask_rpm(paths, n, names) : ERR_NONE;
	strings_free(&lists);
	return e;
}
