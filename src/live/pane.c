/* SPDX-License-Identifier: MIT */
/*
 * See pane.h. Which parts there are follows from what the socket is, and where they stand
 * from the room there is; what they say is in details.c.
 */
#include "live/pane.h"

#include "base/text.h"
#include "live/details.h"

#define FULL_HEIGHT 20		/* from so many lines on everything is told */
#define LABEL 8
#define WIDE_LABEL 9

static struct details begin(const struct pane *p, unsigned height)
{
	const struct lssock_track *t = lssock_tracks(p->snap, NULL);
	uint32_t owners;
	const struct lssock_owner *o = lssock_owners(p->snap, &owners);
	struct details d = { .p = p, .k = &lssock_socks(p->snap, NULL)[p->row],
			     .t = t ? &t[p->row] : NULL, .full = height >= FULL_HEIGHT };

	if (d.k->owner && d.k->owner < owners && o[d.k->owner].how == LSSOCK_HOW_FD)
		d.owner = d.k->owner;
	return d;
}

/* ---- the title ------------------------------------------------------------------- */

static void put_ends(struct details *d)
{
	struct lssock_value v;
	bool in;

	if (!details_put(d, "local"))
		details_say(d, "unnamed");
	if (details_listens(d) || !details_value(d, d->p->row, 0, "remote", &v))
		return;
	in = details_value(d, d->p->row, 0, "dir", &v) && v.len == 2;
	details_say(d, v.kind <= LSSOCK_V_LATER ? " - " : in ? " < " : " > ");
	details_put(d, "remote");
}

static void put_state(struct details *d)
{
	const char *s = lssock_state_name((enum lssock_state)d->k->state);

	if (d->t && d->t->gone_ns) {
		details_say(d, "closed ");
		details_clock(d, d->t->gone_ns);
	} else if (d->p->gone) {
		details_say(d, "gone");
	} else if (d->k->state == LSSOCK_ESTABLISHED) {
		details_say(d, "ESTAB");
	} else {
		for (; d->k->state && *s; s++)
			buf_putc(&d->b, *s == '_' ? '-' : *s);
	}
}

static void title(struct details *d, struct grid *g, unsigned y, unsigned x, unsigned width)
{
	bool closed = d->p->gone || (d->t && d->t->gone_ns);
	size_t most = width > 6 ? width - 6 : 0, used;

	if (d->owner) {
		details_put(d, "proc");
		details_say(d, " ");
	}
	put_ends(d);
	details_say(d, " ");
	put_state(d);
	details_say(d, " idle ");
	if (closed || !details_put(d, "idle"))
		d->b.len -= d->b.failed ? 0 : strlen(" idle ");
	used = d->b.failed ? 0 : text_width(d->b.data, d->b.len);
	grid_fill(g, y, x, width, ROLE_FRAME, d->p->ascii ? '-' : 0x2500);
	if (most) {
		used = used < most ? used : most;
		grid_fill(g, y, x + 2, (unsigned)used + 2, ROLE_FRAME, ' ');
		grid_field(g, y, x + 3, (unsigned)used, closed ? ROLE_CLOSED : ROLE_TITLE,
			   d->b.data, d->b.failed ? 0 : d->b.len, false, GRID_CUT_END,
			   d->p->ascii ? '+' : 0x2026);
	}
	buf_reset(&d->b);
}

/* ---- one below the other --------------------------------------------------------- */

static void numbers(struct details *d)
{
	if (!details_is_tcp(d)) {
		details_queue(d);
		return;
	}
	if (d->k->state != LSSOCK_TIME_WAIT && d->k->state != LSSOCK_SYN_RECV) {
		details_health(d);
		details_limits(d);
	}
	details_bytes(d);
	if (d->p->h && d->p->h->n)
		details_graphs(d, d->full);
}

/* Where there is not room for all, the verdict must not be what is missing. */
static void narrow(struct details *d, struct flow *f, unsigned width, bool verdict_first)
{
	*f = (struct flow){ .width = width, .label_width = width > 40 ? LABEL : 0 };
	d->f = f;
	if (verdict_first)
		details_verdict(d, "Verdict");
	details_closed(d);
	details_owner(d);
	details_path(d);
	numbers(d);
	if (!verdict_first)
		details_verdict(d, "Verdict");
	details_findings(d, "Audit");
	if (!d->full)
		return;
	details_memory(d);
	details_ids(d);
	details_events(d, "Events");
}

static unsigned draw_narrow(struct details *d, struct grid *g, unsigned y, unsigned x,
			    unsigned height, unsigned width)
{
	struct flow f;
	unsigned n;

	narrow(d, &f, width, false);
	if (f.lines.n > height) {
		flow_release(&f);
		narrow(d, &f, width, true);
	}
	flow_draw(&f, g, y, x, height, d->p->top, d->p->ascii);
	n = f.lines.n;
	flow_release(&f);
	return n;
}

/* ---- side by side ---------------------------------------------------------------- */

static void left(struct details *d)
{
	details_closed(d);
	details_process(d);
	details_ids(d);
	details_remote(d);
}

static void middle(struct details *d)
{
	flow_head(d->f, details_is_tcp(d) ? "TCP HEALTH" :
		  d->k->state == LSSOCK_LISTEN ? "LISTENER" : "QUEUES");
	if (!details_is_tcp(d)) {
		details_queue(d);
	} else {
		if (d->k->state != LSSOCK_TIME_WAIT && d->k->state != LSSOCK_SYN_RECV) {
			details_health(d);
			details_limits(d);
		}
		details_bytes(d);
	}
	details_memory(d);
}

static void right(struct details *d)
{
	flow_head(d->f, "LAST 60 s");
	details_graphs(d, true);
	flow_head(d->f, "VERDICT");
	details_verdict(d, "");
	details_findings(d, NULL);
	if (!d->p->h || !d->p->h->n_events)
		return;
	flow_head(d->f, "EVENTS");
	details_events(d, "");
}

static unsigned draw_wide(struct details *d, struct grid *g, unsigned y, unsigned x,
			  unsigned height, unsigned width)
{
	static const struct column {
		void (*make)(struct details *);
		unsigned label, share;	/* columns; percent of the width */
	} columns[] = {
		{ left, WIDE_LABEL, 34 }, { middle, LABEL, 33 }, { right, 5, 33 },
	};
	unsigned i, most = 0, at = x;

	d->full = true;
	for (i = 0; i < 3; i++) {
		struct flow f = { .width = width * columns[i].share / 100 - 2,
				  .label_width = columns[i].label };

		d->f = &f;
		columns[i].make(d);
		flow_draw(&f, g, y, at, height, d->p->top, d->p->ascii);
		most = f.lines.n > most ? f.lines.n : most;
		at += width * columns[i].share / 100;
		flow_release(&f);
	}
	return most;
}

unsigned pane_draw(const struct pane *p, struct grid *g, unsigned y, unsigned x,
		   unsigned height, unsigned width)
{
	struct details d;
	uint32_t i, n;
	unsigned lines;

	lssock_socks(p->snap, &n);
	if (p->row >= n || !height || !width)
		return 0;
	for (i = 0; i < height; i++)
		grid_fill(g, y + i, x, width, ROLE_PLAIN, ' ');
	d = begin(p, height);
	title(&d, g, y, x, width);
	lines = width >= PANE_WIDE ? draw_wide(&d, g, y + 1, x, height - 1, width) :
		draw_narrow(&d, g, y + 1, x, height - 1, width);
	buf_release(&d.b);
	return lines + 1;
}
