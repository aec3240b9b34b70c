/* SPDX-License-Identifier: MIT */
/*
 * The terminal, by ncursesw; the only file that knows it. After every way out the
 * terminal is what it was: by term_close() where there is time for it, and else by the
 * handler of the signal, which writes what was prepared and restores the line discipline.
 */
#include "live/term.h"

#include <curses.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>
#include <wchar.h>

#include "base/io.h"
#include "base/text.h"

#define ESC_DELAY_MS 25
#define OSC52_MAX 74994
#define RESET_MAX 256

/* What the handlers of signals need; they can be given nothing. */
static struct {
	volatile sig_atomic_t active, ended, resized;
	int wake[2];			/* a pipe: signals are input */
	struct termios before;
	bool has_termios;
	char reset[RESET_MAX];
	size_t reset_len;
} term_global = { .wake = { -1, -1 } };

struct term {
	SCREEN *screen;
	struct term_options opt;
	attr_t attrs[ROLE_N];
	short pairs[ROLE_N];
	const struct look *theme;
	bool mouse, utf8;
	struct sigaction old[32];
};

/* ---- themes ------------------------------------------------------------------- */

/* Foreground of a role: -1 the terminal's own. 8 and above are bright where there are 16
 * colours and bold where not. */
struct look { const char *name; short color[ROLE_N]; attr_t attr[ROLE_N]; bool mono; };

#define MARKS \
	[ROLE_TITLE] = A_BOLD, [ROLE_HEAD] = A_REVERSE, [ROLE_HEAD_SORT] = A_REVERSE | A_BOLD, \
	[ROLE_NEW] = A_BOLD, [ROLE_CHANGED] = A_UNDERLINE, [ROLE_PROBLEM] = A_BOLD, \
	[ROLE_ERROR] = A_BOLD | A_UNDERLINE, [ROLE_MATCH] = A_UNDERLINE | A_BOLD, \
	[ROLE_TAB_ON] = A_REVERSE, [ROLE_KEY] = A_BOLD, [ROLE_INPUT] = A_UNDERLINE
#define NONE -1
#define PLAIN_COLORS \
	[ROLE_PLAIN] = NONE, [ROLE_TITLE] = NONE, [ROLE_HEAD] = NONE, [ROLE_HEAD_SORT] = NONE, \
	[ROLE_TAB] = NONE, [ROLE_TAB_ON] = NONE, [ROLE_KEY_TEXT] = NONE, [ROLE_INPUT] = NONE, \
	[ROLE_MATCH] = NONE

static const struct look looks[] = {
	{ .name = "default",
	  .attr = { MARKS, [ROLE_DIM] = A_DIM, [ROLE_CLOSED] = A_DIM },
	  .color = { PLAIN_COLORS, [ROLE_DIM] = NONE, [ROLE_NEW] = COLOR_CYAN,
		     [ROLE_CLOSED] = NONE, [ROLE_CHANGED] = COLOR_CYAN,
		     [ROLE_PROBLEM] = COLOR_YELLOW, [ROLE_ERROR] = COLOR_MAGENTA,
		     [ROLE_OWN] = COLOR_CYAN, [ROLE_KEY] = COLOR_CYAN,
		     [ROLE_FRAME] = COLOR_CYAN, [ROLE_GRAPH] = COLOR_CYAN } },
	{ .name = "light",
	  .attr = { MARKS, [ROLE_DIM] = 0, [ROLE_CLOSED] = 0 },
	  .color = { PLAIN_COLORS, [ROLE_DIM] = COLOR_BLUE, [ROLE_NEW] = COLOR_BLUE,
		     [ROLE_CLOSED] = COLOR_BLUE, [ROLE_CHANGED] = COLOR_BLUE,
		     [ROLE_PROBLEM] = COLOR_RED, [ROLE_ERROR] = COLOR_MAGENTA,
		     [ROLE_OWN] = COLOR_BLUE, [ROLE_KEY] = COLOR_BLUE,
		     [ROLE_FRAME] = COLOR_BLUE, [ROLE_GRAPH] = COLOR_BLUE } },
	{ .name = "mono",
	  .mono = true,
	  .attr = { MARKS, [ROLE_DIM] = A_DIM, [ROLE_CLOSED] = A_DIM } },
	{ .name = "contrast",
	  .attr = { MARKS, [ROLE_PLAIN] = A_BOLD, [ROLE_DIM] = A_BOLD, [ROLE_CLOSED] = 0,
		    [ROLE_OWN] = A_BOLD, [ROLE_FRAME] = A_BOLD, [ROLE_KEY_TEXT] = A_BOLD,
		    [ROLE_TAB] = A_BOLD, [ROLE_GRAPH] = A_BOLD },
	  .color = { PLAIN_COLORS, [ROLE_DIM] = NONE, [ROLE_NEW] = COLOR_CYAN,
		     [ROLE_CLOSED] = NONE, [ROLE_CHANGED] = COLOR_CYAN,
		     [ROLE_PROBLEM] = COLOR_YELLOW, [ROLE_ERROR] = COLOR_MAGENTA,
		     [ROLE_OWN] = COLOR_CYAN, [ROLE_KEY] = COLOR_YELLOW,
		     [ROLE_FRAME] = NONE, [ROLE_GRAPH] = NONE } },
	/* Blue and orange (yellow of 8 colours) are told apart by all. */
	{ .name = "cvd",
	  .attr = { MARKS, [ROLE_DIM] = A_DIM, [ROLE_CLOSED] = A_DIM },
	  .color = { PLAIN_COLORS, [ROLE_DIM] = NONE, [ROLE_NEW] = COLOR_BLUE,
		     [ROLE_CLOSED] = NONE, [ROLE_CHANGED] = COLOR_BLUE,
		     [ROLE_PROBLEM] = COLOR_YELLOW, [ROLE_ERROR] = COLOR_YELLOW,
		     [ROLE_OWN] = COLOR_BLUE, [ROLE_KEY] = COLOR_BLUE,
		     [ROLE_FRAME] = COLOR_BLUE, [ROLE_GRAPH] = COLOR_BLUE } },
};
#define N_LOOKS (sizeof(looks) / sizeof(*looks))

static const char *const theme_names[N_LOOKS + 1] = {
	"default", "light", "mono", "contrast", "cvd", NULL
};

const char *const *term_themes(void)
{
	return theme_names;
}

static const struct look *find_look(const char *name)
{
	size_t i;

	for (i = 0; i < N_LOOKS; i++)
		if (!strcmp(looks[i].name, name))
			return &looks[i];
	return NULL;
}

static void use_look(struct term *t, const struct look *look)
{
	bool color = !look->mono && t->opt.color && has_colors();
	unsigned role;

	t->theme = look;
	for (role = 0; role < ROLE_N; role++) {
		t->attrs[role] = look->attr[role];
		t->pairs[role] = 0;
		if (!color || look->color[role] < 0)
			continue;
		init_pair((short)(role + 1), look->color[role], -1);
		t->pairs[role] = (short)(role + 1);
	}
}

int term_theme(struct term *t, const char *theme)
{
	const struct look *look = find_look(theme);

	if (!look)
		return -EINVAL;
	use_look(t, look);
	clearok(curscr, TRUE);
	return 0;
}

void term_ascii(struct term *t, bool ascii)
{
	t->opt.ascii = ascii;
}

/* ---- the way out ------------------------------------------------------------------ */

static void write_reset(void)
{
	size_t at = 0;

	while (at < term_global.reset_len) {
		ssize_t n = write(STDOUT_FILENO, term_global.reset + at,
				  term_global.reset_len - at);

		if (n < 0 && errno != EINTR)
			break;
		at += n > 0 ? (size_t)n : 0;
	}
	if (term_global.has_termios)
		tcsetattr(STDIN_FILENO, TCSANOW, &term_global.before);
}

static bool has(const char *name)
{
	const char *text = tigetstr(name);

	return text && text != (char *)-1;
}

static void add_reset(const char *text)
{
	size_t len = text && text != (char *)-1 ? strlen(text) : 0;

	if (!len || term_global.reset_len + len > RESET_MAX)
		return;
	memcpy(term_global.reset + term_global.reset_len, text, len);
	term_global.reset_len += len;
}

/* From terminfo, as long as there is time to ask it. */
static void prepare_reset(void)
{
	term_global.reset_len = 0;
	if (has("XM") || has("kmous"))
		add_reset("\033[?1006l\033[?1002l\033[?1000l");
	add_reset(tigetstr("sgr0"));
	add_reset(tigetstr("cnorm"));
	add_reset(tigetstr("rmkx"));
	add_reset(tigetstr("rmcup"));
}

static void on_crash(int sig)
{
	if (term_global.active)
		write_reset();
	signal(sig, SIG_DFL);
	raise(sig);
}

static void wake(void)
{
	int e = errno;
	const char c = 0;

	if (write(term_global.wake[1], &c, 1) < 0)
		errno = e;	/* full: it is awake anyway */
	errno = e;
}

static void on_end(int sig)
{
	term_global.ended = sig;
	wake();
}

static void on_resize(int sig)
{
	(void)sig;
	term_global.resized = 1;
	wake();
}

static const int end_signals[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT };
static const int crash_signals[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT };
#define N_ENDS (sizeof(end_signals) / sizeof(*end_signals))
#define N_CRASHES (sizeof(crash_signals) / sizeof(*crash_signals))

static void handle_signals(struct term *t)
{
	struct sigaction end = { .sa_handler = on_end }, crash = { .sa_handler = on_crash };
	struct sigaction resize = { .sa_handler = on_resize, .sa_flags = SA_RESTART };
	struct sigaction ignore = { .sa_handler = SIG_IGN };
	size_t i;

	for (i = 0; i < N_ENDS; i++)
		sigaction(end_signals[i], &end, &t->old[end_signals[i]]);
	for (i = 0; i < N_CRASHES; i++)
		sigaction(crash_signals[i], &crash, &t->old[crash_signals[i]]);
	sigaction(SIGWINCH, &resize, &t->old[SIGWINCH]);
	sigaction(SIGPIPE, &ignore, &t->old[SIGPIPE]);
}

static void leave_signals(struct term *t)
{
	size_t i;

	for (i = 0; i < N_ENDS; i++)
		sigaction(end_signals[i], &t->old[end_signals[i]], NULL);
	for (i = 0; i < N_CRASHES; i++)
		sigaction(crash_signals[i], &t->old[crash_signals[i]], NULL);
	sigaction(SIGWINCH, &t->old[SIGWINCH], NULL);
	sigaction(SIGPIPE, &t->old[SIGPIPE], NULL);
}

int term_ended(const struct term *t)
{
	(void)t;
	return term_global.ended;
}

void term_raise(int sig)
{
	signal(sig, SIG_DFL);
	raise(sig);
}

/* ---- opening ------------------------------------------------------------------------ */

static int refuse(struct lssock_err *err, int code, const char *why)
{
	if (err)
		*err = (struct lssock_err){ .code = code, .pos = -1 };
	if (err)
		snprintf(err->msg, sizeof(err->msg), "%s", why);
	return code;
}

/* newterm() and not initscr(), which would print and exit. */
static int open_screen(struct term *t, struct lssock_err *err)
{
	/* The terminal knows how large it is; LINES of a script does not. */
	use_env(FALSE);
	use_tioctl(TRUE);
	t->screen = newterm(NULL, stdout, stdin);
	if (!t->screen)
		return refuse(err, -ENOENT, "TERM is unset or not known");
	if (tigetflag("gn") <= 0 && has("cup") && has("clear"))
		return 0;
	endwin();
	delscreen(t->screen);
	return refuse(err, -ENOENT, "this terminal cannot place its cursor");
}

static int make_pipe(void)
{
	if (pipe2(term_global.wake, O_CLOEXEC | O_NONBLOCK) < 0) {
		term_global.wake[0] = term_global.wake[1] = -1;
		return -errno;
	}
	return 0;
}

static void drop_pipe(void)
{
	if (term_global.wake[0] >= 0) {
		close(term_global.wake[0]);
		close(term_global.wake[1]);
	}
	term_global.wake[0] = term_global.wake[1] = -1;
}

static void begin(struct term *t)
{
	set_escdelay(ESC_DELAY_MS);
	raw();
	noecho();
	nonl();
	keypad(stdscr, TRUE);
	nodelay(stdscr, TRUE);
	intrflush(stdscr, FALSE);
	leaveok(stdscr, FALSE);
	curs_set(0);
	if (t->opt.color && has_colors()) {
		start_color();
		use_default_colors();
	}
	define_key("\033[1;2A", KEY_SR);
	define_key("\033[1;2B", KEY_SF);
	define_key("\033[1~", KEY_HOME);
	define_key("\033[4~", KEY_END);
	define_key("\033[7~", KEY_HOME);
	define_key("\033[8~", KEY_END);
}

int term_open(const struct term_options *opt, struct term **ret, struct lssock_err *err)
{
	const struct look *look = find_look(opt->theme ? opt->theme : "default");
	struct term *t;
	int r;

	if (!look)
		return refuse(err, -EINVAL, "unknown theme");
	if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO))
		return refuse(err, -ENOTTY, "not a terminal");
	t = mem_alloc(sizeof(*t));
	if (!t)
		return -ENOMEM;
	t->opt = *opt;
	t->utf8 = MB_CUR_MAX > 1;
	term_global.ended = term_global.resized = 0;
	term_global.has_termios = tcgetattr(STDIN_FILENO, &term_global.before) == 0;
	r = make_pipe();
	if (r == 0)
		r = open_screen(t, err);
	if (r < 0) {
		drop_pipe();
		mem_free(t);
		return r;
	}
	prepare_reset();
	term_global.active = 1;
	handle_signals(t);
	begin(t);
	use_look(t, opt->color ? look : find_look("mono"));
	term_mouse(t, opt->mouse);
	*ret = t;
	return 0;
}

void term_close(struct term *t)
{
	if (!t)
		return;
	term_mouse(t, false);
	curs_set(1);
	endwin();
	term_global.active = 0;
	if (term_global.has_termios)
		tcsetattr(STDIN_FILENO, TCSADRAIN, &term_global.before);
	delscreen(t->screen);
	leave_signals(t);
	drop_pipe();
	mem_free(t);
}

void term_suspend(struct term *t)
{
	bool mouse = t->mouse;

	term_mouse(t, false);
	curs_set(1);
	endwin();
	raise(SIGSTOP);
	refresh();
	curs_set(0);
	term_mouse(t, mouse);
	term_global.resized = 1;
	clearok(curscr, TRUE);
}

void term_mouse(struct term *t, bool on)
{
	mouseinterval(0);
	mousemask(on ? BUTTON1_PRESSED | BUTTON4_PRESSED | BUTTON5_PRESSED |
		  BUTTON1_DOUBLE_CLICKED : 0, NULL);
	t->mouse = on;
	fflush(stdout);
}

void term_size(const struct term *t, unsigned *ret_cols, unsigned *ret_rows)
{
	(void)t;
	*ret_cols = COLS > 0 ? (unsigned)COLS : 1;
	*ret_rows = LINES > 0 ? (unsigned)LINES : 1;
}

/* ---- drawing --------------------------------------------------------------------------- */

/* Glyphs of ours that a terminal without them gets otherwise. */
static wchar_t plain_glyph(uint32_t ch)
{
	static const char bars[] = "._-=+*#%";

	if (ch >= 0x2581 && ch <= 0x2588)
		return (wchar_t)bars[ch - 0x2581];
	switch (ch) {
	case 0x2500: return '-';
	case 0x2502: case 0x251c: return '|';
	case 0x250c: case 0x2510: return '.';
	case 0x2514: return '`';
	case 0x2518: return '\'';
	case 0x2026: return '+';
	}
	return '?';
}

static void put_cell(struct term *t, unsigned y, unsigned x, const struct cell *c)
{
	attr_t attrs = t->attrs[c->role < ROLE_N ? c->role : 0];
	short pair = t->pairs[c->role < ROLE_N ? c->role : 0];
	wchar_t text[3] = { (wchar_t)c->ch, (wchar_t)c->mark, 0 };
	cchar_t cell;

	if ((t->opt.ascii || !t->utf8) && c->ch > 0x7e) {
		text[0] = plain_glyph(c->ch);
		text[1] = 0;
	}
	if (c->flags & CELL_CURSOR)
		attrs = (attrs & ~(attr_t)A_DIM) ^ A_REVERSE;
	if (c->flags & CELL_TAGGED)
		attrs |= A_BOLD;
	if (setcchar(&cell, text, attrs, pair, NULL) == OK)
		mvadd_wch((int)y, (int)x, &cell);
}

void term_draw(struct term *t, const struct grid *g, bool repaint)
{
	unsigned x, y;

	if (repaint)
		clearok(curscr, TRUE);
	for (y = 0; y < g->rows; y++)
		for (x = 0; x < g->cols; x++) {
			const struct cell *c = &g->cells[(size_t)y * g->cols + x];
			struct cell half = { .ch = '?', .role = c->role, .flags = c->flags };

			if (!c->ch)
				continue;
			put_cell(t, y, x, c);
			/* A wide one has become a single `?`. */
			if (c->flags & CELL_WIDE && (t->opt.ascii || !t->utf8) &&
			    x + 1 < g->cols)
				put_cell(t, y, x + 1, &half);
		}
	curs_set(g->cursor ? 1 : 0);
	move(g->cursor_y < g->rows ? g->cursor_y : 0, g->cursor_x < g->cols ? g->cursor_x : 0);
	refresh();
}

/* ---- input ------------------------------------------------------------------------ */

static uint32_t special(wint_t key)
{
	if (key >= KEY_F(1) && key <= KEY_F(12))
		return IN_F1 + (key - KEY_F(1));
	switch (key) {
	case KEY_UP: return IN_UP;
	case KEY_DOWN: return IN_DOWN;
	case KEY_LEFT: return IN_LEFT;
	case KEY_RIGHT: return IN_RIGHT;
	case KEY_PPAGE: return IN_PAGE_UP;
	case KEY_NPAGE: return IN_PAGE_DOWN;
	case KEY_HOME: return IN_HOME;
	case KEY_END: return IN_END;
	case KEY_IC: return IN_INSERT;
	case KEY_DC: return IN_DELETE;
	case KEY_BACKSPACE: return IN_BACKSPACE;
	case KEY_BTAB: return IN_BACKTAB;
	case KEY_SR: return IN_SHIFT_UP;
	case KEY_SF: return IN_SHIFT_DOWN;
	case KEY_ENTER: return IN_ENTER;
	}
	return IN_NONE;
}

static bool mouse_input(struct input *ret)
{
	MEVENT e;

	if (getmouse(&e) != OK || e.x < 0 || e.y < 0)
		return false;
	*ret = (struct input){ .type = INPUT_MOUSE, .x = (uint16_t)e.x, .y = (uint16_t)e.y };
	if (e.bstate & BUTTON4_PRESSED)
		ret->mouse = MOUSE_WHEEL_UP;
	else if (e.bstate & BUTTON5_PRESSED)
		ret->mouse = MOUSE_WHEEL_DOWN;
	else if (e.bstate & BUTTON1_DOUBLE_CLICKED)
		ret->mouse = MOUSE_DOUBLE;
	else if (e.bstate & BUTTON1_PRESSED)
		ret->mouse = MOUSE_CLICK;
	else
		return false;
	return true;
}

static bool resize_input(struct input *ret)
{
	struct winsize ws;

	if (!term_global.resized)
		return false;
	term_global.resized = 0;
	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &ws) < 0 || !ws.ws_col || !ws.ws_row)
		return false;
	if (ws.ws_col > 1000)
		ws.ws_col = 1000;
	if (ws.ws_row > 1000)
		ws.ws_row = 1000;
	resizeterm(ws.ws_row, ws.ws_col);
	*ret = (struct input){ .type = INPUT_RESIZE, .x = ws.ws_col, .y = ws.ws_row };
	return true;
}

static void drain(void)
{
	char bytes[64];

	while (read(term_global.wake[0], bytes, sizeof(bytes)) > 0)
		;
}

/* ESC and a character at once is Alt with it. */
static uint32_t escape(void)
{
	wint_t next;
	int r = get_wch(&next);

	if (r == ERR)
		return IN_ESC;
	if (r == OK && next > ' ' && next < 0x7f)
		return IN_ALT | next;
	return IN_NONE;
}

int term_input(struct term *t, struct input *ret)
{
	wint_t c;
	int r;

	(void)t;
	drain();
	if (resize_input(ret))
		return 1;
	for (;;) {
		r = get_wch(&c);
		if (r == ERR) {
			/* Nothing to read; or the terminal is gone, which poll() says. */
			return feof(stdin) || !isatty(STDIN_FILENO) ? -EIO : 0;
		}
		*ret = (struct input){ .type = INPUT_KEY };
		if (r == KEY_CODE_YES && c == KEY_MOUSE) {
			if (mouse_input(ret))
				return 1;
			continue;
		}
		if (r == KEY_CODE_YES)
			ret->key = special(c);
		else if (c == IN_ESC)
			ret->key = escape();
		else
			ret->key = c == 0x7f ? (uint32_t)IN_BACKSPACE : c;
		if (ret->key)
			return 1;
	}
}

int term_fd(const struct term *t)
{
	(void)t;
	return STDIN_FILENO;
}

int term_signal_fd(const struct term *t)
{
	(void)t;
	return term_global.wake[0];
}

/* ---- the clipboard ---------------------------------------------------------------- */

static void put_osc52(struct buf *b, const char *before, const char *text, size_t len,
		      const char *after)
{
	buf_puts(b, before);
	buf_puts(b, "\033]52;c;");
	text_base64(b, text, len);
	buf_puts(b, "\a");
	buf_puts(b, after);
}

bool term_copy(struct term *t, const char *text, size_t len)
{
	const char *name = termname();
	bool tmux = !strncmp(name, "tmux", 4), screen = !strncmp(name, "screen", 6);
	bool known = tmux || screen || !strncmp(name, "xterm", 5) ||
		     !strncmp(name, "foot", 4) || !strncmp(name, "alacritty", 9) ||
		     !strncmp(name, "kitty", 5);
	struct buf b = { 0 };

	(void)t;
	if (!strcmp(name, "linux") || !strncmp(name, "vt", 2))
		return false;		/* these would show it */
	/* tmux takes it by itself or hands it on, as it is configured: it gets both. */
	put_osc52(&b, "", text, len, "");
	if (screen || tmux)
		put_osc52(&b, tmux ? "\033Ptmux;\033" : "\033P", text, len, "\033\\");
	if (b.len > 2 * OSC52_MAX) {
		buf_release(&b);
		return false;
	}
	fflush(stdout);
	if (!b.failed)
		io_write_all(STDOUT_FILENO, b.data, b.len);
	buf_release(&b);
	return known;
}
