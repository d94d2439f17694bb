/* SPDX-License-Identifier: GPL-3.0-or-later */
/* https.c - libcurl in a process without rights; what it got comes back through a pipe, and only as a whole. */
#include "fetch/https.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/text.h"

#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/banned.h"

#define NOBODY 65534
#define REDIRECTS 3L
#define CONNECT_SECONDS 15L
#define GRACE_MS 2000 /* for the process to say itself that its time is over */
#define HTTP_OK 200L
#define HTTP_NOT_FOUND 404L
#define HTTP_GONE 410L

/* ---- in the child ---- */

struct transfer {
	const struct https_request *q;
	struct text body, why;
	bool too_big;
};

static size_t body_take(char *bytes, size_t size, size_t n, void *arg)
{
	struct transfer *t = arg;

	if (size * n > t->q->max - t->body.len) {
		t->too_big = true;
		return 0;
	}
	text_add_bytes(&t->body, bytes, size * n);
	return t->body.failed ? 0 : size * n;
}

/* The first that fails counts; an option that this libcurl lacks must not pass in silence. */
static CURLcode options_set(CURL *c, struct transfer *t, char *said)
{
	const struct https_request *q = t->q;
	CURLcode e;

	if ((e = curl_easy_setopt(c, CURLOPT_URL, q->url)) ||
	    (e = curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "https")) ||
	    (e = curl_easy_setopt(c, CURLOPT_REDIR_PROTOCOLS_STR, "https")) ||
	    (e = curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 1L)) ||
	    (e = curl_easy_setopt(c, CURLOPT_MAXREDIRS, REDIRECTS)) ||
	    (e = curl_easy_setopt(c, CURLOPT_SSL_VERIFYPEER, 1L)) ||
	    (e = curl_easy_setopt(c, CURLOPT_SSL_VERIFYHOST, 2L)) ||
	    (e = curl_easy_setopt(c, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2)) ||
	    (e = curl_easy_setopt(c, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED)) ||
	    (e = curl_easy_setopt(c, CURLOPT_TIMEOUT, (long)q->seconds)) ||
	    (e = curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT, CONNECT_SECONDS)) ||
	    (e = curl_easy_setopt(c, CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)q->max)) ||
	    (e = curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L)) ||
	    (e = curl_easy_setopt(c, CURLOPT_USERAGENT, "sallyport")) ||
	    (e = curl_easy_setopt(c, CURLOPT_ERRORBUFFER, said)) ||
	    (e = curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, body_take)) ||
	    (e = curl_easy_setopt(c, CURLOPT_WRITEDATA, t)))
		return e;
	return q->ca_file ? curl_easy_setopt(c, CURLOPT_CAINFO, q->ca_file) : CURLE_OK;
}

static enum err answer_judge(CURL *c, CURLcode got, const char *said, struct transfer *t)
{
	long status = 0;

	if (t->too_big || got == CURLE_FILESIZE_EXCEEDED) {
		text_add(&t->why, "it is larger than %zu bytes", t->q->max);
		return ERR_TOO_BIG;
	}
	if (got == CURLE_OPERATION_TIMEDOUT) {
		text_add(&t->why, "the server did not answer in time: %s", said);
		return ERR_TIMEOUT;
	}
	if (got) {
		text_add_string(&t->why, said[0] ? said : curl_easy_strerror(got));
		return got == CURLE_OUT_OF_MEMORY ? ERR_MEMORY : ERR_CLOSED;
	}
	curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, &status);
	if (status == HTTP_OK)
		return ERR_NONE;
	text_add(&t->why, "the server answers with status %ld", status);
	return status == HTTP_NOT_FOUND || status == HTTP_GONE ? ERR_NOT_FOUND : ERR_CLOSED;
}

static enum err transfer_run(struct transfer *t)
{
	char said[CURL_ERROR_SIZE] = "";
	CURL *c = NULL;
	CURLcode got = curl_global_init(CURL_GLOBAL_DEFAULT);
	enum err e;

	if (!got && !(c = curl_easy_init()))
		got = CURLE_OUT_OF_MEMORY;
	if (!got)
		got = options_set(c, t, said);
	if (!got)
		got = curl_easy_perform(c);
	e = c ? answer_judge(c, got, said, t) : ERR_MEMORY;
	curl_easy_cleanup(c);
	return e;
}

static bool rights_drop(void)
{
	const struct rlimit none = { 0, 0 };

	if (setrlimit(RLIMIT_CORE, &none) || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return false;
	if (geteuid() == 0 &&
	    (setgroups(0, NULL) || setresgid(NOBODY, NOBODY, NOBODY) || setresuid(NOBODY, NOBODY, NOBODY)))
		return false;
	return prctl(PR_SET_PDEATHSIG, SIGKILL) == 0; /* last: whoever changes the user loses it */
}

/* One byte says how it went; behind it comes what was fetched, or why not. */
NORETURN static void child_serve(const struct https_request *q, int fd)
{
	struct transfer t = { .q = q };
	uint8_t verdict;
	const struct text *rest;
	enum err e = ERR_CLOSED;

	if (!rights_drop())
		text_add(&t.why, "the rights of root could not be given up: %s", strerror(errno));
	else
		e = transfer_run(&t);
	if (!e)
		e = text_check(&t.body);
	verdict = (uint8_t)e;
	rest = e ? &t.why : &t.body;
	if (file_write_all(fd, &verdict, 1) || file_write_all(fd, text_string(rest), rest->len))
		_exit(1);
	_exit(0);
}

/* ---- in the parent ---- */

/* Everything until the other end is closed, at most max bytes. */
static enum err answer_read(int fd, uint64_t end_ms, size_t max, struct text *out)
{
	char block[16 * 1024];

	for (;;) {
		struct pollfd p = { .fd = fd, .events = POLLIN };
		uint64_t now = clock_boot_ms();
		int ready = now < end_ms ? poll(&p, 1, (int)(end_ms - now)) : 0;
		ssize_t n;

		if (ready < 0 && errno == EINTR)
			continue;
		if (ready <= 0)
			return ready ? ERR_SYSTEM : ERR_TIMEOUT;
		n = read(fd, block, sizeof block);
		if (n < 0)
			return ERR_SYSTEM;
		if (!n)
			return text_check(out);
		text_add_bytes(out, block, (size_t)n);
		if (out->len > max)
			return ERR_TOO_BIG;
	}
}

/* What the child wrote, taken apart. It may have been taken over: its verdict is one of those that it can come to. */
static enum err answer_take(const struct text *answer, char **content, size_t *len, char **why)
{
	const char *rest = text_string(answer) + 1;
	uint8_t verdict = answer->len ? (uint8_t)answer->s[0] : 0;
	char *copy;

	if (!answer->len || verdict >= ERR_COUNT || verdict == ERR_SYSTEM) {
		*why = strdup("the process that fetches ended early");
		return *why ? ERR_CLOSED : ERR_MEMORY;
	}
	copy = malloc(answer->len);
	if (!copy)
		return ERR_MEMORY;
	memcpy(copy, rest, answer->len);
	if (verdict) {
		*why = copy;
		return (enum err)verdict;
	}
	*content = copy;
	*len = answer->len - 1;
	return ERR_NONE;
}

static void child_end(pid_t pid)
{
	int status;

	kill(pid, SIGKILL);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
}

enum err https_get(const struct https_request *q, char **content, size_t *len, char **why)
{
	const uint64_t end_ms = clock_boot_ms() + q->seconds * 1000 + GRACE_MS;
	struct text answer = { 0 };
	int ends[2];
	pid_t pid;
	enum err e;

	*why = NULL;
	if (pipe2(ends, O_CLOEXEC))
		return ERR_SYSTEM;
	pid = fork();
	if (pid == 0) {
		close(ends[0]);
		child_serve(q, ends[1]);
	}
	file_close(ends[1]);
	if (pid < 0) {
		file_close(ends[0]);
		return ERR_SYSTEM;
	}
	e = answer_read(ends[0], end_ms, q->max + 1, &answer);
	file_close(ends[0]);
	child_end(pid);
	if (!e)
		e = answer_take(&answer, content, len, why);
	else if (e == ERR_TIMEOUT && !(*why = strdup("the server did not answer in time")))
		e = ERR_MEMORY;
	text_free(&answer);
	return e;
}

const char *https_version(void)
{
	static char said[32];

	snprintf(said, sizeof said, "libcurl %s", curl_version_info(CURLVERSION_NOW)->version);
	return said;
}
