/* SPDX-License-Identifier: GPL-3.0-or-later */
/* run.c - start a program, feed it, take what it says, end it when it takes too long. */
#include "client/run.h"

#include "base/clock.h"

#include "base/banned.h"

#define LOOK_EVERY_MS 10

/* As the C library of the program takes it apart again: quotes around, backslashes doubled only in front of a quote. */
static void add_word(const char *word, struct text *line)
{
	size_t slashes = 0;

	if (line->len)
		text_add_string(line, " ");
	text_add_string(line, "\"");
	for (; *word; word++) {
		slashes = *word == '\\' ? slashes + 1 : 0;
		if (*word == '"')
			text_add_string(line, "\\");
		text_add_bytes(line, word, 1);
		if (word[1] == '"' || !word[1])
			for (; slashes; slashes--)
				text_add_string(line, "\\");
	}
	text_add_string(line, "\"");
}

/* In the folders of PATH and nowhere else: where we happen to be may be anybody's. */
static enum err find(const char *name, char path[MAX_PATH])
{
	const char *folders = getenv("PATH");
	DWORD n = folders ? SearchPathA(folders, name, ".exe", MAX_PATH, path, NULL) : 0;

	return n && n < MAX_PATH ? ERR_NONE : ERR_NOT_FOUND;
}

static HANDLE nowhere(SECURITY_ATTRIBUTES *inherited)
{
	return CreateFileA("NUL", GENERIC_WRITE, FILE_SHARE_READ | FILE_SHARE_WRITE, inherited, OPEN_EXISTING, 0, NULL);
}

static enum err start(const struct run_order *o, HANDLE in, HANDLE out, HANDLE *process)
{
	SECURITY_ATTRIBUTES inherited = { .nLength = sizeof inherited, .bInheritHandle = TRUE };
	STARTUPINFOA how = { .cb = sizeof how, .dwFlags = STARTF_USESTDHANDLES, .hStdInput = in, .hStdOutput = out };
	PROCESS_INFORMATION made;
	struct text line = { 0 };
	char path[MAX_PATH];
	HANDLE silence = o->silent ? nowhere(&inherited) : INVALID_HANDLE_VALUE;
	enum err e = find(o->argv[0], path);

	how.hStdError = o->silent ? silence : GetStdHandle(STD_ERROR_HANDLE);
	for (const char *const *word = o->argv; *word; word++)
		add_word(*word, &line);
	if (!e)
		e = text_check(&line);
	if (!e && !CreateProcessA(path, line.s, NULL, NULL, TRUE, 0, NULL, NULL, &how, &made)) {
		errno = ENOEXEC;
		e = ERR_SYSTEM;
	}
	if (silence != INVALID_HANDLE_VALUE)
		CloseHandle(silence);
	text_free(&line);
	if (e)
		return e;
	CloseHandle(made.hThread);
	*process = made.hProcess;
	return ERR_NONE;
}

/* What is in the pipe now. */
static enum err take(HANDLE pipe, size_t max, size_t *taken, struct text *out)
{
	char block[4096];
	DWORD there = 0, n = 0;

	while (PeekNamedPipe(pipe, NULL, 0, NULL, &there, NULL) && there) {
		if (!ReadFile(pipe, block, sizeof block, &n, NULL))
			break;
		if (n > max - *taken)
			return ERR_TOO_BIG;
		*taken += n;
		text_add_bytes(out, block, n);
	}
	return text_check(out);
}

static enum err attend(const struct run_order *o, HANDLE process, HANDLE pipe, struct text *out, int *status)
{
	const uint64_t end = clock_boot_ms() + (uint64_t)o->timeout_ms;
	size_t taken = 0;
	DWORD code;
	enum err e;

	for (;;) {
		const bool ended = WaitForSingleObject(process, LOOK_EVERY_MS) == WAIT_OBJECT_0;

		if ((e = take(pipe, o->max_output, &taken, out)))
			return e;
		if (ended) {
			*status = GetExitCodeProcess(process, &code) ? (int)code : 255;
			return ERR_NONE;
		}
		if (clock_boot_ms() >= end)
			return ERR_TIMEOUT;
	}
}

/* Our end of each is not inherited, or its own end would never come. */
static bool pipes_make(HANDLE in[2], HANDLE from[2])
{
	SECURITY_ATTRIBUTES inherited = { .nLength = sizeof inherited, .bInheritHandle = TRUE };

	return CreatePipe(&in[0], &in[1], &inherited, RUN_INPUT_MAX) && CreatePipe(&from[0], &from[1], &inherited, 0) &&
	       SetHandleInformation(in[1], HANDLE_FLAG_INHERIT, 0) &&
	       SetHandleInformation(from[0], HANDLE_FLAG_INHERIT, 0);
}

static void end_close(HANDLE *end)
{
	if (*end)
		CloseHandle(*end);
	*end = NULL;
}

enum err run_program(const struct run_order *o, struct text *out, int *status)
{
	HANDLE in[2] = { NULL, NULL }, from[2] = { NULL, NULL }, process = NULL;
	DWORD n;
	enum err e;

	if (o->input_len > RUN_INPUT_MAX)
		return ERR_TOO_BIG;
	errno = EIO;
	e = pipes_make(in, from) && (!o->input_len || WriteFile(in[1], o->input, (DWORD)o->input_len, &n, NULL))
		    ? ERR_NONE
		    : ERR_SYSTEM;
	end_close(&in[1]);
	if (!e)
		e = start(o, in[0], from[1], &process);
	end_close(&from[1]);
	if (!e)
		e = attend(o, process, from[0], out, status);
	if (e && process)
		TerminateProcess(process, 1);
	end_close(&process);
	end_close(&in[0]);
	end_close(&from[0]);
	return e;
}
