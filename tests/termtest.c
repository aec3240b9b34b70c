/* SPDX-License-Identifier: MIT */
/*
 * termtest [THEME] [mono] [ascii] [nomouse]: the terminal without anything behind it,
 * for tests/live.py. Shows its input and its size; q ends it, the keys below crash it,
 * stop taking notice, copy.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <locale.h>
#include <unistd.h>

#include "live/term.h"

struct test {
	struct term *term;
	struct grid grid;
	char last[64];
	bool mouse, prompt, quit, repaint;
	unsigned n;
};

static void draw(struct test *t)
{
	char line[120];
	unsigned cols, rows;

	term_size(t->term, &cols, &rows);
	if (t->grid.cols != cols || t->grid.rows != rows)
		grid_resize(&t->grid, cols, rows);
	grid_clear(&t->grid);
	grid_frame(&t->grid, 0, 0, rows, cols, "termtest", false);
	snprintf(line, sizeof(line), "size %ux%u.", cols, rows);
	grid_puts(&t->grid, 1, 2, 30, ROLE_HEAD, line);
	snprintf(line, sizeof(line), "input %u %s.", t->n, t->last);
	grid_puts(&t->grid, 2, 2, 40, ROLE_PLAIN, line);
	grid_puts(&t->grid, 3, 2, 40, ROLE_GRAPH, "\u2581\u2582\u2583\u2584\u2585\u2586\u2587\u2588 "
		  "\u65e5\u672c e\u0301 caf\u00e9 \u2026\U0001f600|");
	for (unsigned i = 0; i < ROLE_N; i++)
		grid_puts(&t->grid, 4 + i / 10, 2 + i % 10 * 6, 5, (enum role)i, "role");
	grid_flag(&t->grid, 2, 1, cols > 2 ? cols - 2 : 0, CELL_CURSOR);
	t->grid.cursor_x = 1;
	t->grid.cursor_y = rows > 2 ? 2 : 0;
	t->grid.cursor = t->prompt;
	term_draw(t->term, &t->grid, t->repaint);
	t->repaint = false;
}

static int overflow(volatile char *above, unsigned depth)
{
	volatile char here[4096];

	here[0] = (char)(depth + (above ? (unsigned)above[0] : 1));
	return depth ? overflow(here, depth - 1) + here[0] : 0;
}

static void hang(struct test *t)
{
	draw(t);
	for (;;)
		poll(NULL, 0, 1000);
}

static void on_key(struct test *t, uint32_t key)
{
	volatile int *none = NULL;

	switch (key) {
	case 'q': t->quit = true; break;
	case 'S': *none = 1; break;
	case 'A': abort();
	case 'O': t->n += (unsigned)overflow(NULL, UINT32_MAX); break;
	case 'h': hang(t); break;
	case 'm': t->mouse = !t->mouse; term_mouse(t->term, t->mouse); break;
	case 'p': t->prompt = !t->prompt; break;
	case 'r': t->repaint = true; break;
	case 'z': term_suspend(t->term); break;
	case 'c': term_copy(t->term, "copied", 6); break;
	case 't': term_theme(t->term, "contrast"); break;
	case 'a': term_ascii(t->term, true); break;
	}
}

static void on_input(struct test *t, const struct input *in)
{
	static const char *const mice[] = { "click", "double", "wheel-up", "wheel-down" };
	char name[16];

	t->n++;
	if (in->type == INPUT_KEY)
		snprintf(t->last, sizeof(t->last), "key %s", input_key_name(in->key, name));
	else if (in->type == INPUT_MOUSE)
		snprintf(t->last, sizeof(t->last), "%s %u,%u", mice[in->mouse], in->x, in->y);
	else
		snprintf(t->last, sizeof(t->last), "resize %ux%u", in->x, in->y);
	if (in->type == INPUT_KEY)
		on_key(t, in->key);
}

static int loop(struct test *t)
{
	struct pollfd p = { .fd = term_fd(t->term), .events = POLLIN };
	struct input in;
	int r = 0;

	while (!t->quit && !term_ended(t->term) && r >= 0) {
		draw(t);
		if (poll(&p, 1, 10000) < 0 && errno != EINTR)
			return -errno;
		while (!t->quit && (r = term_input(t->term, &in)) > 0)
			on_input(t, &in);
	}
	return r;
}

int main(int argc, char **argv)
{
	struct term_options opt = { .theme = "default", .color = true, .mouse = true };
	struct test t = { .mouse = true };
	struct lssock_err err = { 0 };
	int r, sig;

	setlocale(LC_CTYPE, "");
	for (int i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "mono"))
			opt.color = false;
		else if (!strcmp(argv[i], "ascii"))
			opt.ascii = true;
		else if (!strcmp(argv[i], "nomouse"))
			opt.mouse = false;
		else
			opt.theme = argv[i];
	}
	r = term_open(&opt, &t.term, &err);
	if (r < 0) {
		fprintf(stderr, "termtest: %s (%s)\n", err.msg, strerror(-r));
		return 4;
	}
	r = loop(&t);
	sig = term_ended(t.term);
	term_close(t.term);
	grid_release(&t.grid);
	if (sig)
		term_raise(sig);
	printf("ended: %s\n", r < 0 ? strerror(-r) : "q");
	return r < 0;
}
