/* SPDX-License-Identifier: GPL-3.0-or-later */
/* terminal.c - questions on /dev/tty, the echo switched off and always on again. */
#include "base/terminal.h"

#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "base/banned.h"

/* All that may end or stop us while the echo is off. */
static const int ending[] = { SIGALRM, SIGHUP, SIGINT, SIGPIPE, SIGQUIT, SIGTERM, SIGTSTP, SIGTTIN, SIGTTOU };

static volatile sig_atomic_t came;

static void note(int number)
{
	came = number;
}

static void signals_hold(struct sigaction before[ARRAY_SIZE(ending)])
{
	const struct sigaction noting = { .sa_handler = note };

	came = 0;
	for (size_t i = 0; i < ARRAY_SIZE(ending); i++)
		sigaction(ending[i], &noting, &before[i]);
}

static void signals_release(const struct sigaction before[ARRAY_SIZE(ending)])
{
	for (size_t i = 0; i < ARRAY_SIZE(ending); i++)
		sigaction(ending[i], &before[i], NULL);
}

enum err terminal_open(int *fd)
{
	int tty = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);

	if (tty < 0)
		return ERR_NOT_FOUND;
	*fd = tty;
	return ERR_NONE;
}

/* One line, or the first 'size' bytes of it. A terminal gives whole lines, yet no more at once than was asked for. */
static enum err read_line(int fd, char *out, size_t size)
{
	size_t len = 0;
	char c;

	for (;;) {
		ssize_t n = read(fd, &c, 1);

		if (n < 0)
			return ERR_SYSTEM; /* EINTR, too: the signal wants to be heard */
		if (n == 0)
			return ERR_INTERRUPTED;
		if (c == '\n' || c == '\r')
			break;
		if (len < size)
			out[len] = c;
		len++;
	}
	sodium_memzero(&c, sizeof c);
	if (len >= size)
		return ERR_TOO_BIG;
	out[len] = '\0';
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)out[i] < ' ' || out[i] == 0x7f)
			return ERR_SYNTAX;
	return ERR_NONE;
}

/* Once; ERR_SYSTEM with 'came' set where a signal ended it. */
static enum err ask_once(int fd, const char *prompt, char *out, size_t size)
{
	struct sigaction before[ARRAY_SIZE(ending)];
	struct termios shown, hidden;
	int kept;
	enum err e;

	if (tcgetattr(fd, &shown))
		return ERR_SYSTEM;
	hidden = shown;
	hidden.c_lflag &= ~(tcflag_t)(ECHO | ECHOE | ECHOK | ECHONL);
	signals_hold(before);
	/* what was typed ahead was not meant for this question */
	e = tcsetattr(fd, TCSAFLUSH, &hidden) ? ERR_SYSTEM : file_write_all(fd, prompt, strlen(prompt));
	if (!e)
		e = read_line(fd, out, size);
	kept = errno;
	while (tcsetattr(fd, TCSAFLUSH, &shown) && errno == EINTR && !came)
		;
	(void)!write(fd, "\n", 1);
	signals_release(before);
	errno = kept;
	return e;
}

enum err terminal_ask_secret(int fd, const char *prompt, char *out, size_t size)
{
	enum err e;

	for (;;) {
		e = ask_once(fd, prompt, out, size);
		if (e)
			sodium_memzero(out, size);
		if (!came)
			return e;
		raise(came);
		/* still here: it stopped us and somebody made us go on, or it is ignored */
		if (came != SIGTSTP && came != SIGTTIN && came != SIGTTOU)
			return ERR_INTERRUPTED;
	}
}

bool terminal_ask(int fd, const char *prompt)
{
	char line[16];

	if (file_write_all(fd, prompt, strlen(prompt)) || file_write_all(fd, " [y/N] ", 7) ||
	    read_line(fd, line, sizeof line))
		return false;
	return line[0] == 'y' || line[0] == 'Y';
}
