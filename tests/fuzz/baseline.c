/* SPDX-License-Identifier: MIT */
/* Baselines: every fault lies in the text and its sentence is safe; what is read is
 * written again as the same lines. */
#include "audit/entry.h"
#include "fuzz.h"

struct heard { const char *text; size_t len; uint32_t n; };

static void hear(void *ctx, const struct lssock_fault *f)
{
	struct heard *h = ctx;

	h->n++;
	promise(f->line && f->column && f->column <= f->len + 1);
	promise(f->text >= h->text && f->text + f->len <= h->text + h->len);
	promise(strlen(f->msg) > 0 && memchr(f->msg, 0, sizeof(f->msg)));
}

/* A line that was read gives itself. */
static void read_again(const struct entries *e, const struct entry *x)
{
	const char *line = e->text.data + x->line.at;
	struct lines l = { .text = line, .end = line + x->line.len };
	struct entries again = { 0 };

	promise(lines_next(&l));
	if (l.faults) {			/* longer than a line may be, in the order of ours */
		entries_release(&again);
		return;
	}
	promise(entries_of_line(&again, &l) && !l.faults);
	promise(again.list.v[0].line.len == x->line.len);
	promise(!memcmp(again.text.data + again.list.v[0].line.at, line, x->line.len));
	entries_release(&again);
}

static void read_lines(const char *text, size_t size, struct heard *h)
{
	struct lines l = { .text = text, .end = text + size, .fault = hear, .ctx = h };
	struct entries e = { 0 };
	struct buf raw = { 0 };
	unsigned part;

	while (lines_next(&l))
		if (entries_of_line(&e, &l)) {
			read_again(&e, &e.list.v[e.list.n - 1]);
			for (part = 0; part < N_PART; part++)
				entry_put_raw(&e, &e.list.v[e.list.n - 1], (enum part)part, &raw);
		}
	promise(entries_sort(&e) == 0);
	buf_release(&raw);
	entries_release(&e);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = exact(data, size);
	struct heard h = { .text = text, .len = size };
	struct baseline *b = NULL;
	int r = baseline_new(text, size, hear, &h, &b);

	promise(!r == !h.n && !r == !!b);
	baseline_free(b);
	read_lines(text, size, &h);
	free(text);
	return 0;
}
