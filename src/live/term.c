/* SPDX-License-Identifier: MIT */
/*
 * The terminal, by ncursesw, and the only file that knows it: cells to what has
 * changed on the screen, bytes and signals to input. Whatever ends the program, the
 * terminal is what it was before: term_close() where there is time for it, the
 * handlers here where there is none. What cells mean and what keys do is not known.
 */
#include "live/term.h"

#define NCURSES_NOMACROS 1
#define NCURSES_WIDECHAR 1
#include <curses.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <wchar.h>

#include "base/io.h"
#include "base/text.h"
#include "live/clip.h"
#include "live/restore.h"
#include "live/theme.h"

#define ESC_DELAY_MS 25		/* an ESC without more for so long is the key */
#define DOUBLE_CLICK_NS 400000000u
#define GARBAGE_MAX 4096	/* a flood of it must not keep the screen from being drawn */

struct term {
	SCREEN *screen;
	WINDOW *keys;			/* a pad: reading from a window would draw it */
	struct grid shown;		/* what the terminal got last */
	unsigned cols, rows;
	int theme;			/* -1: without colours */
	bool color, ascii;
	bool all, clear;		/* nothing of `shown` holds; nor of the screen */
	bool mouse, takes_copy;
	int cursor;			/* visibility as it is, -1: not known */
	char sync[2][32];		/* end and begin an update, "" if not offered */
	int poll;			/* an epoll of stdin and what signals wake */
	uint64_t click_ns;		/* the last click, 0: none to be doubled */
	uint16_t click_x, click_y;
	char utf8[4];			/* a character that is not complete */
	unsigned utf8_len;
};

/* ---- what terminfo knows ------------------------------------------------------------ */

/* A capability, "" if it is not there. */
static const char *capability(const char *name)
{
	const char *s = tigetstr(name);

	return s && s != (char *)-1 ? s : "";
}

/* What a crash writes. */
static void prepare_restore(void)
{
	const char *mouse = capability("XM"), *leave = capability("rmcup");

	if (*mouse)
		restore_add(tiparm(mouse, 0));
	else if (*capability("kmous"))
		restore_add("\033[?1000l");
	restore_add(capability("rmkx"));
	restore_add(capability("sgr0"));
	restore_add(capability("op"));
	restore_add(capability("cnorm"));
	restore_add(*leave ? leave : "\r\n");
}

static void look_up(struct term *t)
{
	const char *sync = capability("Sync");

	for (int i = 0; *sync && i < 2; i++)
		snprintf(t->sync[i], sizeof(t->sync[i]), "%s", tiparm(sync, 2 - i));
	t->takes_copy = *capability("Ms") != '\0';
	prepare_restore();
}

static int fail(struct lssock_err *err, int code, const char *what, const char *name)
{
	struct buf b = { 0 };

	if (!err)
		return code;
	text_safe(&b, name, strlen(name), 0);
	*err = (struct lssock_err){ .code = code, .pos = -1 };
	snprintf(err->msg, sizeof(err->msg), "%s%s", what, buf_cstr(&b));
	buf_release(&b);
	return code;
}

/* ---- opening and closing -------------------------------------------------------------- */

const char *const *term_themes(void)
{
	return theme_names();
}

int term_theme(struct term *t, const char *theme)
{
	int r = theme_find(theme);

	if (r < 0)
		return r;
	t->theme = t->color ? r : -1;
	t->all = true;
	return 0;
}

void term_ascii(struct term *t, bool ascii)
{
	/* Without a locale of several bytes there is nothing else to send. */
	ascii = ascii || MB_CUR_MAX == 1;
	t->all |= ascii != t->ascii;
	t->ascii = ascii;
}

void term_mouse(struct term *t, bool on)
{
	/* No waiting for what may become a click: a press is one. */
	mouseinterval(0);
	mousemask(on ? BUTTON1_PRESSED | BUTTON4_PRESSED | BUTTON5_PRESSED : 0, NULL);
	t->mouse = on;
}

static void read_size(struct term *t)
{
	struct winsize ws;

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &ws) < 0 || !ws.ws_col || !ws.ws_row) {
		ws.ws_col = (unsigned short)(COLS > 0 ? COLS : 80);
		ws.ws_row = (unsigned short)(LINES > 0 ? LINES : 24);
	}
	t->cols = ws.ws_col < GRID_COLS_MAX ? ws.ws_col : GRID_COLS_MAX;
	t->rows = ws.ws_row < GRID_ROWS_MAX ? ws.ws_row : GRID_ROWS_MAX;
	resizeterm((int)t->rows, (int)t->cols);
	/* Terminals move about what they show. */
	t->all = t->clear = true;
}

void term_size(const struct term *t, unsigned *ret_cols, unsigned *ret_rows)
{
	*ret_cols = t->cols;
	*ret_rows = t->rows;
}

/* What terminals send beside what terminfo says of them: another cursor mode, another
 * family. */
static void define_keys(void)
{
	static const struct { const char *bytes; int code; } more[] = {
		{ "\033[A", KEY_UP }, { "\033OA", KEY_UP },
		{ "\033[B", KEY_DOWN }, { "\033OB", KEY_DOWN },
		{ "\033[C", KEY_RIGHT }, { "\033OC", KEY_RIGHT },
		{ "\033[D", KEY_LEFT }, { "\033OD", KEY_LEFT },
		{ "\033[H", KEY_HOME }, { "\033OH", KEY_HOME },
		{ "\033[1~", KEY_HOME }, { "\033[7~", KEY_HOME },
		{ "\033[F", KEY_END }, { "\033OF", KEY_END },
		{ "\033[4~", KEY_END }, { "\033[8~", KEY_END },
		{ "\033[2~", KEY_IC }, { "\033[3~", KEY_DC },
		{ "\033[5~", KEY_PPAGE }, { "\033[6~", KEY_NPAGE },
		{ "\033[Z", KEY_BTAB }, { "\033OM", KEY_ENTER },
		{ "\033[1;2A", KEY_SR }, { "\033[a", KEY_SR },
		{ "\033[1;2B", KEY_SF }, { "\033[b", KEY_SF },
		{ "\033OP", KEY_F(1) }, { "\033[11~", KEY_F(1) }, { "\033[[A", KEY_F(1) },
		{ "\033OQ", KEY_F(2) }, { "\033[12~", KEY_F(2) }, { "\033[[B", KEY_F(2) },
		{ "\033OR", KEY_F(3) }, { "\033[13~", KEY_F(3) }, { "\033[[C", KEY_F(3) },
		{ "\033OS", KEY_F(4) }, { "\033[14~", KEY_F(4) }, { "\033[[D", KEY_F(4) },
		{ "\033[15~", KEY_F(5) }, { "\033[[E", KEY_F(5) },
		{ "\033[17~", KEY_F(6) }, { "\033[18~", KEY_F(7) }, { "\033[19~", KEY_F(8) },
		{ "\033[20~", KEY_F(9) }, { "\033[21~", KEY_F(10) },
		{ "\033[23~", KEY_F(11) }, { "\033[24~", KEY_F(12) },
	};

	for (size_t i = 0; i < sizeof(more) / sizeof(more[0]); i++)
		define_key(more[i].bytes, more[i].code);
}

static void set_modes(struct term *t, const struct term_options *opt)
{
	set_escdelay(ESC_DELAY_MS);
	cbreak();
	noecho();
	nonl();				/* Enter and ^J are two keys */
	intrflush(stdscr, FALSE);
	typeahead(-1);			/* a key must not leave half a picture */
	keypad(t->keys, TRUE);
	nodelay(t->keys, TRUE);
	define_keys();
	if (opt->color && has_colors() && start_color() == OK &&
	    use_default_colors() == OK) {
		t->color = true;
		for (short c = 0; c < 16 && c < COLORS; c++)
			init_pair((short)(c + 1), c, -1);
	}
	term_theme(t, opt->theme);
	term_ascii(t, opt->ascii);
	term_mouse(t, opt->mouse);
	read_size(t);
}

static int open_poll(struct term *t)
{
	struct epoll_event in = { .events = EPOLLIN };

	t->poll = epoll_create1(EPOLL_CLOEXEC);
	if (t->poll < 0 || epoll_ctl(t->poll, EPOLL_CTL_ADD, STDIN_FILENO, &in) < 0 ||
	    epoll_ctl(t->poll, EPOLL_CTL_ADD, restore_fd(), &in) < 0)
		return -errno;
	return 0;
}

/* With handlers of ours: curses leaves a signal alone that has one. */
static int open_screen(struct term *t, struct lssock_err *err)
{
	use_env(FALSE);			/* COLUMNS is what a shell knew once */
	use_tioctl(TRUE);
	t->screen = newterm(NULL, stdout, stdin);
	if (!t->screen)
		return fail(err, -ENOENT, "the terminal (TERM) is not known", "");
	if (!*capability("cup") || (!*capability("clear") && !*capability("ed")))
		return fail(err, -ENOENT, "this terminal (TERM) cannot place its cursor", "");
	look_up(t);
	restore_arm(true);
	t->keys = newpad(1, 1);
	return t->keys ? 0 : fail(err, -ENOMEM, "out of memory", "");
}

int term_open(const struct term_options *opt, struct term **ret, struct lssock_err *err)
{
	struct term *t;
	int r;

	if (theme_find(opt->theme) < 0)
		return fail(err, -EINVAL, "there is no theme ", opt->theme);
	if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO))
		return fail(err, -ENOTTY, "standard input and output are not a terminal", "");
	t = mem_alloc(sizeof(*t));
	if (!t)
		return fail(err, -ENOMEM, "out of memory", "");
	t->poll = t->cursor = -1;
	r = restore_begin();
	if (r == 0)
		r = open_poll(t);
	if (r < 0)
		fail(err, r, strerror(-r), "");
	else
		r = open_screen(t, err);
	if (r < 0) {
		term_close(t);
		return r;
	}
	set_modes(t, opt);
	*ret = t;
	return 0;
}

/* Not from the background, where it would stop us instead. */
static void leave_screen(void)
{
	if (!isendwin() && restore_foreground())
		endwin();
	restore_arm(false);
}

void term_close(struct term *t)
{
	if (!t)
		return;
	if (t->screen)
		leave_screen();
	if (t->keys)
		delwin(t->keys);
	if (t->screen)
		delscreen(t->screen);
	restore_modes();
	restore_end();
	if (t->poll >= 0)
		close(t->poll);
	grid_release(&t->shown);
	mem_free(t);
}

int term_ended(const struct term *t)
{
	(void)t;
	return restore_ended();
}

void term_raise(int signal)
{
	restore_raise(signal);
}

/* ---- stopping and going on --------------------------------------------------------------- */

static void come_back(struct term *t)
{
	restore_arm(true);
	doupdate();			/* enters the screen again, with nothing new on it */
	read_size(t);
	t->cursor = -1;
}

void term_suspend(struct term *t)
{
	leave_screen();
	restore_stop();
	restore_noted();
	/* Ended while it was stopped: the terminal is another's now. */
	if (!restore_ended())
		come_back(t);
}

/* True: the size is to be told, and all to be drawn. */
static bool take_notes(struct term *t)
{
	unsigned noted = restore_noted();

	if (noted & NOTED_STOP) {
		term_suspend(t);
	} else if (noted & NOTED_CONTINUE && !restore_ended()) {
		/* After a SIGSTOP: a shell has had the terminal as we left it. */
		leave_screen();
		come_back(t);
	} else if (noted & NOTED_RESIZE) {
		read_size(t);
	}
	return noted && !isendwin();
}

/* ---- drawing -------------------------------------------------------------------------- */

static attr_t attributes(const struct look *look)
{
	return (look->style & LOOK_BOLD ? A_BOLD : 0) | (look->style & LOOK_DIM ? A_DIM : 0) |
	       (look->style & LOOK_UNDERLINE ? A_UNDERLINE : 0) |
	       (look->style & LOOK_REVERSE ? A_REVERSE : 0);
}

/* The character and its mark as this terminal may have them. Curses lays lines out by
 * the C library's widths, so what it holds for otherwise wide is not sent. */
static void glyph(const struct term *t, const struct cell *c, wchar_t ret[3])
{
	int columns = c->flags & CELL_WIDE ? 2 : 1;

	memset(ret, 0, 3 * sizeof(*ret));
	ret[0] = (wchar_t)c->ch;
	if (t->ascii || c->ch < 0x80)
		ret[0] = (wchar_t)theme_ascii(c->ch);
	else if (wcwidth((wchar_t)c->ch) != columns)
		ret[0] = L'?';
	if (c->mark && !t->ascii && wcwidth((wchar_t)c->mark) == 0)
		ret[1] = (wchar_t)c->mark;
}

static void put_cell(const struct term *t, unsigned y, unsigned x, const struct cell *c)
{
	struct look look = theme_look(t->theme, c->role, c->flags);
	attr_t attrs = attributes(&look);
	short pair = 0;
	wchar_t text[3];
	cchar_t out;

	if (t->color && look.color >= 0) {
		pair = (short)(look.color + 1);
		if (pair > COLORS) {		/* 8 colours: bright ones are bold */
			pair = (short)(pair - 8);
			attrs |= A_BOLD;
		}
	}
	glyph(t, c, text);
	if (setcchar(&out, text, attrs, pair, NULL) == OK)
		mvwadd_wch(stdscr, (int)y, (int)x, &out);
	if (c->flags & CELL_WIDE && (wchar_t)c->ch != text[0]) {
		text[0] = L' ';
		if (setcchar(&out, text, attrs, pair, NULL) == OK)
			mvwadd_wch(stdscr, (int)y, (int)x + 1, &out);
	}
}

/* Curses finds out what to send; not to ask it of every cell saves most of the time. */
static bool put_cells(struct term *t, const struct grid *g)
{
	unsigned rows = g->rows < t->rows ? g->rows : t->rows;
	unsigned cols = g->cols < t->cols ? g->cols : t->cols;
	bool changed = false;

	for (unsigned y = 0; y < rows; y++) {
		const struct cell *row = &g->cells[(size_t)y * g->cols];
		const struct cell *old = t->all ? NULL : &t->shown.cells[(size_t)y * g->cols];

		if (old && !memcmp(old, row, cols * sizeof(*row)))
			continue;
		for (unsigned x = 0; x < cols; x++) {
			if (!row[x].ch || (old && !memcmp(&old[x], &row[x], sizeof(*row))))
				continue;
			put_cell(t, y, x, &row[x]);
			changed = true;
		}
	}
	return changed;
}

/* Without memory to remember it by, all of the next one is put. */
static void remember(struct term *t, const struct grid *g)
{
	t->all = false;
	if (t->shown.cols != g->cols || t->shown.rows != g->rows)
		t->all = grid_resize(&t->shown, g->cols, g->rows) < 0;
	if (!t->all)
		memcpy(t->shown.cells, g->cells, sizeof(*g->cells) * g->cols * g->rows);
	t->shown.cursor_x = g->cursor_x;
	t->shown.cursor_y = g->cursor_y;
}

static void send(const struct term *t)
{
	if (*t->sync[1])
		io_write_all(STDOUT_FILENO, t->sync[1], strlen(t->sync[1]));
	doupdate();
	if (*t->sync[0])
		io_write_all(STDOUT_FILENO, t->sync[0], strlen(t->sync[0]));
}

void term_draw(struct term *t, const struct grid *g, bool repaint)
{
	bool changed;

	if (isendwin() || !g->cells)
		return;
	t->clear |= repaint;
	t->all |= t->clear || t->shown.cols != g->cols || t->shown.rows != g->rows;
	if (t->all)
		werase(stdscr);
	if (t->clear)
		clearok(curscr, TRUE);
	t->clear = false;
	changed = put_cells(t, g) || t->all || g->cursor_x != t->shown.cursor_x ||
		  g->cursor_y != t->shown.cursor_y;
	if (t->cursor != g->cursor) {
		curs_set(g->cursor);
		t->cursor = g->cursor;
	}
	remember(t, g);
	if (!changed)
		return;
	wmove(stdscr, g->cursor_y < t->rows ? g->cursor_y : (int)t->rows - 1,
	      g->cursor_x < t->cols ? g->cursor_x : (int)t->cols - 1);
	wnoutrefresh(stdscr);
	send(t);
}

/* ---- input ------------------------------------------------------------------------------ */

int term_fd(const struct term *t)
{
	return t->poll;
}

static uint32_t special_key(int code)
{
	static const struct { int code; uint32_t key; } keys[] = {
		{ KEY_UP, IN_UP }, { KEY_DOWN, IN_DOWN }, { KEY_LEFT, IN_LEFT },
		{ KEY_RIGHT, IN_RIGHT }, { KEY_PPAGE, IN_PAGE_UP },
		{ KEY_NPAGE, IN_PAGE_DOWN }, { KEY_HOME, IN_HOME }, { KEY_FIND, IN_HOME },
		{ KEY_END, IN_END }, { KEY_LL, IN_END }, { KEY_SELECT, IN_END },
		{ KEY_A1, IN_HOME }, { KEY_C1, IN_END }, { KEY_A3, IN_PAGE_UP },
		{ KEY_C3, IN_PAGE_DOWN }, { KEY_IC, IN_INSERT }, { KEY_DC, IN_DELETE },
		{ KEY_BACKSPACE, IN_BACKSPACE }, { KEY_BTAB, IN_BACKTAB },
		{ KEY_SR, IN_SHIFT_UP }, { KEY_SF, IN_SHIFT_DOWN }, { KEY_ENTER, IN_ENTER },
	};

	if (code >= KEY_F(1) && code <= KEY_F(12))
		return IN_F1 + (uint32_t)(code - KEY_F(1));
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (keys[i].code == code)
			return keys[i].key;
	return IN_NONE;
}

static uint32_t plain_key(int c)
{
	return c == 0x7f || c == '\b' ? (uint32_t)IN_BACKSPACE : (uint32_t)c;
}

/* The rest of a sequence that means nothing here must not be taken for typing. */
static void skip_sequence(struct term *t, int kind)
{
	int c = 0, before;

	for (int n = 0; n < GARBAGE_MAX; n++) {
		before = c;
		c = wgetch(t->keys);
		if (c == ERR || c > 0xff || kind == 'O')
			return;
		if (kind == '[' && c >= 0x40 && c <= 0x7e)
			return;
		if (kind != '[' && (c == '\a' || (before == IN_ESC && c == '\\')))
			return;
	}
}

/* What follows an ESC at once belongs to it. */
static uint32_t escaped_key(struct term *t)
{
	int c = wgetch(t->keys);

	if (c == ERR)
		return IN_ESC;
	if (c > 0xff)
		return special_key(c);
	if (c == IN_ESC) {
		ungetch(c);
		return IN_ESC;
	}
	if (strchr("[O]P_^X", c) && c) {
		skip_sequence(t, c);
		return IN_NONE;
	}
	return c && c < 0x80 ? IN_ALT | plain_key(c) : IN_NONE;
}

/* Bytes of a character may come one by one. What is none is left out. */
static uint32_t utf8_key(struct term *t, int c)
{
	unsigned need, width;
	uint32_t ch;

	if (c >= 0xc2)
		t->utf8_len = 0;
	else if (!t->utf8_len)
		return IN_NONE;
	t->utf8[t->utf8_len++] = (char)c;
	need = (unsigned char)t->utf8[0] < 0xe0 ? 2 : (unsigned char)t->utf8[0] < 0xf0 ? 3 : 4;
	if (t->utf8_len < need)
		return IN_NONE;
	t->utf8_len = 0;
	return text_char(t->utf8, need, &ch, &width) == need ? ch : IN_NONE;
}

static uint32_t key_of(struct term *t, int c)
{
	if (c > 0xff)
		return special_key(c);
	if (c >= 0x80)
		return utf8_key(t, c);
	t->utf8_len = 0;
	return c == IN_ESC ? escaped_key(t) : plain_key(c);
}

static bool take_mouse(struct term *t, struct input *ret)
{
	uint64_t now = io_now_ns();
	MEVENT e;

	if (getmouse(&e) != OK || !t->mouse || e.x < 0 || e.y < 0)
		return false;
	*ret = (struct input){ .type = INPUT_MOUSE, .x = (uint16_t)e.x, .y = (uint16_t)e.y };
	if (e.bstate & BUTTON4_PRESSED) {
		ret->mouse = MOUSE_WHEEL_UP;
	} else if (e.bstate & BUTTON5_PRESSED) {
		ret->mouse = MOUSE_WHEEL_DOWN;
	} else if (t->click_ns && now - t->click_ns < DOUBLE_CLICK_NS &&
		   t->click_x == ret->x && t->click_y == ret->y) {
		ret->mouse = MOUSE_DOUBLE;
		t->click_ns = 0;
	} else {
		ret->mouse = MOUSE_CLICK;
		t->click_ns = now;
		t->click_x = ret->x;
		t->click_y = ret->y;
	}
	return true;
}

static bool is_gone(void)
{
	struct pollfd p = { .fd = STDIN_FILENO, .events = POLLIN };

	return poll(&p, 1, 0) > 0 && p.revents & (POLLHUP | POLLERR | POLLNVAL);
}

int term_input(struct term *t, struct input *ret)
{
	if (take_notes(t)) {
		*ret = (struct input){ .type = INPUT_RESIZE, .x = (uint16_t)t->cols,
				       .y = (uint16_t)t->rows };
		return 1;
	}
	for (int n = 0; n < GARBAGE_MAX && !isendwin(); n++) {
		int c = wgetch(t->keys);

		if (c == ERR)
			break;
		*ret = (struct input){ .type = INPUT_KEY };
		if (c == KEY_MOUSE ? take_mouse(t, ret) : (ret->key = key_of(t, c)) != 0)
			return 1;
	}
	return is_gone() ? -EIO : 0;
}

/* ---- the clipboard ------------------------------------------------------------------ */

bool term_copy(struct term *t, const char *text, size_t len)
{
	struct buf b = { 0 };
	bool sent = false;

	if (!isendwin())
		clip_put(&b, termname(), t->takes_copy, text, len);
	if (b.len && !b.failed)
		sent = io_write_all(STDOUT_FILENO, b.data, b.len) == 0;
	buf_release(&b);
	return sent && t->takes_copy;
}
