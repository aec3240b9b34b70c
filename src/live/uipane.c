/* SPDX-License-Identifier: MIT */
/* The pane of the line under the cursor: what the screen remembers of a socket goes to
 * pane.c, of a group its numbers are told. */
#include <math.h>
#include <stdio.h>

#include "live/columns.h"
#include "live/pane.h"

static float known(float v)
{
	return v > 0 ? v : NAN;
}

static void fill_history(const struct ring *r, struct pane_history *h)
{
	uint32_t i, n = ring_len(r);

	*h = (struct pane_history){ .n = n < PANE_SAMPLES ? n : PANE_SAMPLES };
	for (i = 0; i < h->n; i++) {
		const struct sample *s = ring_at(r, i, h->n);

		h->rx[i] = s->rx;
		h->tx[i] = s->tx;
		h->rtt_us[i] = known(s->rtt_us);
		h->cwnd[i] = known(s->cwnd);
	}
	for (n = r ? r->n_events : 0; n && h->n_events < HIST_EVENTS; n--)
		h->events[h->n_events++] = r->events[(n - 1) % HIST_EVENTS];
}

static void group_rates(const struct rollup *g, struct flow *f)
{
	char rx[16], tx[16], text[80];

	short_rate((double)g->rx, rx);
	short_rate((double)g->tx, tx);
	snprintf(text, sizeof(text), "rx %s/s  tx %s/s", rx, tx);
	flow_line(f, "Rates", ROLE_PLAIN);
	flow_item(f, text, strlen(text));
}

static void draw_group(const struct ui *ui, const struct rollup *g, struct grid *to, unsigned y,
		       unsigned lines)
{
	struct flow f = { .width = to->cols, .label_width = 9 };
	char text[160];

	grid_fill(to, y, 0, to->cols, ROLE_FRAME, ui->ascii ? '-' : 0x2500);
	grid_puts(to, y, 3, to->cols > 3 ? to->cols - 3u : 0, ROLE_TITLE, g->name);
	flow_line(&f, "Sockets", ROLE_PLAIN);
	snprintf(text, sizeof(text), "%u: %u listening, %u established, %u other", g->n,
		 g->listen, g->estab, g->other);
	flow_item(&f, text, strlen(text));
	snprintf(text, sizeof(text), "%u processes", g->pids);
	flow_item(&f, text, g->pids > 1 ? strlen(text) : 0);
	snprintf(text, sizeof(text), "%u remote hosts", g->remotes);
	flow_item(&f, text, g->remotes ? strlen(text) : 0);
	if (g->counted)
		group_rates(g, &f);
	flow_draw(&f, to, y + 1, 0, lines - 1, ui->pane_top, ui->ascii);
	flow_release(&f);
}

void ui_pane(const struct ui *ui, const struct item *i, struct grid *g, unsigned y,
	     unsigned lines)
{
	struct pane p = { .snap = ui->snap, .row = i->row, .top = ui->pane_top,
			  .ascii = ui->ascii, .host = ui_host(ui, i->row, "raddr"),
			  .report = ui->tab == TAB_LISTEN ? ui->judged.report : NULL };
	struct pane_history h;

	if (i->kind == ITEM_GROUP && lines) {
		draw_group(ui, &ui->groups.v[i->group], g, y, lines);
		return;
	}
	fill_history(hist_get(&ui->hist, hist_key(row_id(ui->snap, i->row))), &h);
	if (h.n || h.n_events)
		p.h = &h;
	pane_draw(&p, g, y, 0, lines, g->cols);
}
