/* SPDX-License-Identifier: GPL-3.0-or-later */
/* who_watch.c - the gate on a whole screen: who_layout.c says what stands where, ncurses paints it. */
#include "cmd/who.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/message.h"

#include <curses.h>
#include <errno.h>
#include <langinfo.h>
#include <locale.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/banned.h"

/* What is on the screen, and how it got there. */
struct watch {
	const char *path;
	struct who_view *view;
	struct who_samples samples;
	struct who_frame frame;
	struct who_screen screen;
	attr_t attributes[WHO_STYLES];
	int signals; /* signalfd */
	int died_of; /* the signal that is to end us; 0: none */
	bool quit, hung_up;
};

/* ---- the look of it ---- */

/* Without colour it is told apart all the same. */
static const struct {
	attr_t plain;
	short color;
} looks[WHO_STYLES] = {
	[WHO_PLAIN] = { A_NORMAL, -1 },
	[WHO_BAR] = { A_REVERSE, -1 },
	[WHO_HEADING] = { A_BOLD, -1 },
	[WHO_HAND] = { A_NORMAL, COLOR_CYAN },
	[WHO_ENDING] = { A_NORMAL, COLOR_YELLOW },
	[WHO_WARNING] = { A_NORMAL, COLOR_YELLOW },
	[WHO_ALARM] = { A_BOLD, COLOR_RED },
};

static void looks_set(struct watch *w)
{
	const bool color =
		message_color_on(STDOUT_FILENO) && has_colors() && start_color() == OK && use_default_colors() == OK;

	for (int i = 0; i < WHO_STYLES; i++) {
		w->attributes[i] = looks[i].plain;
		if (color && looks[i].color >= 0 && init_pair((short)(i + 1), looks[i].color, -1) == OK)
			w->attributes[i] |= (attr_t)COLOR_PAIR(i + 1);
	}
}

static enum err paint(struct watch *w)
{
	struct who_screen screen;
	enum err e;

	w->frame.columns = (unsigned)COLS;
	w->frame.rows = (unsigned)LINES;
	if ((e = who_layout(w->view, &w->samples, &w->frame, &screen)))
		return e;
	who_screen_clear(&w->screen);
	w->screen = screen;
	w->frame.top = screen.top;
	erase();
	for (size_t i = 0; i < screen.n; i++) {
		attrset((int)w->attributes[screen.v[i].style]);
		mvaddstr((int)i, 0, screen.v[i].text);
	}
	attrset(A_NORMAL);
	refresh();
	return ERR_NONE;
}

/* ---- keys ---- */

static void key_quit(struct watch *w)
{
	w->quit = true;
}

static void scroll_by(struct watch *w, size_t lines, bool down)
{
	/* too far is no matter: the layout knows where the end is */
	w->frame.top = down ? w->frame.top + lines : w->frame.top > lines ? w->frame.top - lines : 0;
}

static void key_up(struct watch *w)
{
	scroll_by(w, 1, false);
}

static void key_down(struct watch *w)
{
	scroll_by(w, 1, true);
}

static void key_page_up(struct watch *w)
{
	scroll_by(w, w->screen.page, false);
}

static void key_page_down(struct watch *w)
{
	scroll_by(w, w->screen.page, true);
}

static void key_home(struct watch *w)
{
	w->frame.top = 0;
}

static void key_end(struct watch *w)
{
	w->frame.top = w->screen.grants;
}

static void key_redraw(struct watch *w)
{
	(void)w;
	clearok(stdscr, TRUE);
}

static const struct {
	int key;
	void (*pressed)(struct watch *w);
} keys[] = {
	{ 'q', key_quit },
	{ 'Q', key_quit },
	{ KEY_UP, key_up },
	{ 'k', key_up },
	{ KEY_DOWN, key_down },
	{ 'j', key_down },
	{ KEY_PPAGE, key_page_up },
	{ 'b', key_page_up },
	{ KEY_NPAGE, key_page_down },
	{ ' ', key_page_down },
	{ KEY_HOME, key_home },
	{ 'g', key_home },
	{ KEY_END, key_end },
	{ 'G', key_end },
	{ 'L' & 0x1f, key_redraw },
};

static void keys_take(struct watch *w)
{
	int c;

	while ((c = getch()) != ERR)
		for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
			if (keys[i].key == c)
				keys[i].pressed(w);
}

/* ---- signals ---- */

static void resize(void)
{
	struct winsize size;

	if (!ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) && size.ws_row && size.ws_col)
		resizeterm(size.ws_row, size.ws_col);
}

static void signals_take(struct watch *w)
{
	struct signalfd_siginfo s;

	while (read(w->signals, &s, sizeof s) == (ssize_t)sizeof s)
		if (s.ssi_signo == SIGWINCH)
			resize();
		else
			w->died_of = (int)s.ssi_signo;
}

/* They are taken where nothing is half done, so that the terminal is put back whatever ends us. */
static enum err signals_open(struct watch *w, sigset_t *before)
{
	static const int ours[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGWINCH };
	sigset_t set;

	sigemptyset(&set);
	for (size_t i = 0; i < ARRAY_SIZE(ours); i++)
		sigaddset(&set, ours[i]);
	if (sigprocmask(SIG_BLOCK, &set, before))
		return ERR_SYSTEM;
	w->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (w->signals >= 0)
		return ERR_NONE;
	sigprocmask(SIG_SETMASK, before, NULL);
	return ERR_SYSTEM;
}

/* ---- the loop ---- */

static void wait_for_something(struct watch *w, uint64_t until)
{
	struct pollfd p[] = { { .fd = STDIN_FILENO, .events = POLLIN }, { .fd = w->signals, .events = POLLIN } };
	const uint64_t now = clock_boot_ms();

	if (poll(p, ARRAY_SIZE(p), until > now ? (int)(until - now) : 0) <= 0)
		return;
	if (p[1].revents)
		signals_take(w);
	if (p[0].revents & POLLIN)
		keys_take(w);
	else if (p[0].revents)
		w->hung_up = true;
}

static enum err go_on(struct watch *w)
{
	uint64_t due = clock_boot_ms() + WHO_SECONDS * 1000;
	bool reached;
	enum err e;

	while (!w->quit && !w->died_of && !w->hung_up) {
		if (clock_boot_ms() >= due) {
			if (!who_look(w->path, w->view, &reached))
				who_samples_add(&w->samples, w->view);
			due = clock_boot_ms() + WHO_SECONDS * 1000;
		}
		if ((e = paint(w)))
			return e;
		wait_for_something(w, due);
	}
	return ERR_NONE;
}

static bool terminal_does(void)
{
	const char *term = getenv("TERM");

	return isatty(STDIN_FILENO) && isatty(STDOUT_FILENO) && term && term[0] && strcmp(term, "dumb") != 0;
}

/* As who was not watching would have died. */
static void die_of(int signal_number)
{
	signal(signal_number, SIG_DFL);
	raise(signal_number);
}

const char *who_screen_version(void)
{
	return curses_version();
}

enum err who_watch(const char *path, struct who_view *v, int *status)
{
	struct watch w = { .path = path, .view = v, .signals = -1 };
	sigset_t before;
	SCREEN *screen;
	enum err e;

	if (!terminal_does())
		return ERR_UNSUPPORTED;
	setlocale(LC_CTYPE, "");
	w.frame.utf8 = strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
	if ((e = signals_open(&w, &before)))
		return e;
	screen = newterm(NULL, stdout, stdin);
	if (!screen) {
		e = ERR_UNSUPPORTED;
		goto out;
	}
	cbreak();
	noecho();
	nonl();
	nodelay(stdscr, TRUE);
	keypad(stdscr, TRUE);
	curs_set(0);
	set_escdelay(50);
	looks_set(&w);
	who_samples_add(&w.samples, v);
	e = go_on(&w);
	endwin();
	delscreen(screen);
	*status = w.hung_up ? EXIT_TROUBLE : EXIT_YES;
out:
	who_screen_clear(&w.screen);
	file_close(w.signals);
	sigprocmask(SIG_SETMASK, &before, NULL);
	if (w.died_of)
		die_of(w.died_of);
	return e;
}
