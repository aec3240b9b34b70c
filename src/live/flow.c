/* SPDX-License-Identifier: MIT */
/* See flow.h. Widths are those of the terminal's columns, so wide characters count. */
#include "live/flow.h"

#include <math.h>
#include <stdio.h>

#include "base/text.h"

#define GAP 3			/* blanks between items */

void flow_release(struct flow *f)
{
	buf_release(&f->bytes);
	vec_release(&f->lines);
}

static struct flow_line *last_line(const struct flow *f)
{
	return f->lines.n ? &f->lines.v[f->lines.n - 1] : NULL;
}

static bool is_unused(const struct flow_line *l)
{
	return l && !l->len && !l->v && !l->blank && l->role != ROLE_HEAD;
}

static struct flow_line *add_line(struct flow *f, const char *label, enum role role)
{
	struct flow_line *l = last_line(f);

	if (is_unused(l))
		label = *label ? label : l->label;
	else
		l = vec_push(&f->lines);

	if (!l) {
		f->failed = true;
		return NULL;
	}
	*l = (struct flow_line){ .label = label, .at = (uint32_t)f->bytes.len,
				 .role = (uint8_t)role };
	return l;
}

void flow_line(struct flow *f, const char *label, enum role role)
{
	add_line(f, label, role);
}

static unsigned text_room(const struct flow *f)
{
	return f->width > f->label_width ? f->width - f->label_width : 1;
}

static void append(struct flow *f, struct flow_line *l, const char *text, size_t len)
{
	buf_put(&f->bytes, text, len);
	f->failed |= f->bytes.failed;
	l->len = (uint32_t)(f->bytes.len - l->at);
}

/* What no line is wide enough for is broken where a line ends. */
static void append_broken(struct flow *f, struct flow_line *l, const char *text, size_t len)
{
	enum role role = (enum role)l->role;
	size_t n, width;

	while (l && text_width(text, len) > text_room(f)) {
		n = text_cut(text, len, text_room(f), &width);
		if (!n)			/* not even one character has room */
			return;
		append(f, l, text, n);
		text += n;
		len -= n;
		l = add_line(f, "", role);
	}
	if (l)
		append(f, l, text, len);
}

static void add_text(struct flow *f, const char *text, size_t len, unsigned gap)
{
	struct flow_line *l = last_line(f);
	size_t used;

	if (!l || !len || f->failed)
		return;
	used = l->len ? text_width(f->bytes.data + l->at, l->len) + gap : 0;
	if (used && used + text_width(text, len) > text_room(f)) {
		l = add_line(f, "", (enum role)l->role);
		used = 0;
	}
	if (!l)
		return;
	if (used)
		append(f, l, "   ", gap);
	append_broken(f, l, text, len);
}

void flow_item(struct flow *f, const char *text, size_t len)
{
	if (text_width(text, len) > text_room(f))
		flow_words(f, text, len);
	else
		add_text(f, text, len, GAP);
}

void flow_words(struct flow *f, const char *text, size_t len)
{
	size_t i, from;

	for (i = 0; i < len; i++) {
		for (from = i; i < len && text[i] != ' '; i++)
			;
		add_text(f, text + from, i - from, from ? 1 : GAP);
	}
}

void flow_head(struct flow *f, const char *title)
{
	struct flow_line *l = f->lines.n ? add_line(f, "", ROLE_PLAIN) : NULL;

	if (l) {
		l->blank = true;
		l->label = "";
	}
	add_line(f, title, ROLE_HEAD);
}

void flow_graph(struct flow *f, const char *label, const float *v, uint32_t n,
		unsigned behind, const char *text, size_t len)
{
	struct flow_line *l = add_line(f, label, ROLE_PLAIN);

	if (!l)
		return;
	append(f, l, text, len);
	l->v = v;
	l->n = n;
	l->behind = (uint8_t)behind;
}

/* ---- drawing --------------------------------------------------------------------- */

void spark(struct grid *g, unsigned y, unsigned x, unsigned width, const float *v, uint32_t n,
	   bool ascii)
{
	static const char plain[] = "._-=+*#%";
	uint32_t shown = n < width ? n : width, i;
	float most = 0;

	v += n - shown;
	for (i = 0; i < shown; i++)
		if (isfinite(v[i]) && v[i] > most)
			most = v[i];
	for (i = 0; i < shown; i++) {
		unsigned level;

		if (!isfinite(v[i]))
			continue;
		level = most > 0 && v[i] > 0 ? (unsigned)(v[i] / most * 7.99f) : 0;
		grid_fill(g, y, x + width - shown + i, 1, ROLE_GRAPH,
			  ascii ? (uint32_t)plain[level] : 0x2581 + level);
	}
}

static void draw_graph(const struct flow *f, const struct flow_line *l, struct grid *g,
		       unsigned y, unsigned x, bool ascii)
{
	unsigned room = text_room(f), behind = room / 2 < l->behind ? room / 2 : l->behind;
	unsigned graph = room - behind;

	if (l->n && graph)
		spark(g, y, x, graph, l->v, l->n, ascii);
	if (behind < 2)
		return;
	grid_field(g, y, x + graph + 1, behind - 1, ROLE_PLAIN, f->bytes.data + l->at, l->len,
		   false, GRID_CUT_END, ascii ? '+' : 0x2026);
}

static void draw_line(const struct flow *f, const struct flow_line *l, struct grid *g,
		      unsigned y, unsigned x, bool ascii)
{
	bool head = l->role == ROLE_HEAD;

	grid_puts(g, y, x, head ? f->width : f->label_width, head ? ROLE_HEAD : ROLE_DIM,
		  l->label);
	if (l->v)
		draw_graph(f, l, g, y, x + f->label_width, ascii);
	else if (l->len)
		grid_put(g, y, x + f->label_width, text_room(f), (enum role)l->role,
			 f->bytes.data + l->at, l->len);
}

void flow_draw(const struct flow *f, struct grid *g, unsigned y, unsigned x, unsigned height,
	       unsigned top, bool ascii)
{
	unsigned i, n = f->lines.n > top ? f->lines.n - top : 0, shown = n;
	char more[48];

	if (n > height)
		shown = height ? height - 1 : 0;
	for (i = 0; i < shown; i++)
		draw_line(f, &f->lines.v[top + i], g, y + i, x, ascii);
	if (n <= height || !height)
		return;
	snprintf(more, sizeof(more), "%s %u more lines", ascii ? "..." : "\xe2\x80\xa6",
		 n - shown);
	grid_puts(g, y + shown, x, f->width, ROLE_DIM, more);
}
