/* SPDX-License-Identifier: MIT */
/* See hist.h. Rings are found by a hash of what they are about. */
#include "live/hist.h"

#define IDLE_NS (60ull * 1000000000ull)

void hist_release(struct hist *h)
{
	index_release(&h->by_key);
	mem_free(h->rings);
	*h = (struct hist){ 0 };
}

const struct ring *hist_get(const struct hist *h, uint64_t key)
{
	uint32_t at = index_get(&h->by_key, key);

	return at < h->n && h->rings[at].key == key ? &h->rings[at] : NULL;
}

/* One that may go: the clock hand passes over those that were busy of late. */
static struct ring *free_ring(struct hist *h, uint64_t now_ns)
{
	uint32_t tries;

	if (h->n < HIST_RINGS)
		return &h->rings[h->n++];
	for (tries = 0; tries < 64; tries++) {
		struct ring *r = &h->rings[h->clock];

		h->clock = (h->clock + 1) % HIST_RINGS;
		if (r->busy_ns + IDLE_NS < now_ns)
			return r;
	}
	return NULL;
}

/* The index cannot forget one key. */
static void index_again(struct hist *h)
{
	uint32_t i, *slot;

	index_clear(&h->by_key);
	for (i = 0; i < h->n; i++) {
		slot = h->rings[i].key ? index_put(&h->by_key, h->rings[i].key) : NULL;
		if (slot)
			*slot = i;
	}
}

struct ring *hist_make(struct hist *h, uint64_t key, uint64_t now_ns)
{
	uint32_t at = index_get(&h->by_key, key), *slot;
	struct ring *r;

	if (at < h->n && h->rings[at].key == key)
		return &h->rings[at];
	if (!h->rings)
		h->rings = mem_alloc(HIST_RINGS * sizeof(*h->rings));
	r = h->rings ? free_ring(h, now_ns) : NULL;
	if (!r)
		return NULL;
	if (h->by_key.n > 2 * HIST_RINGS)
		index_again(h);
	*r = (struct ring){ .key = key, .busy_ns = now_ns };
	slot = index_put(&h->by_key, key);
	if (!slot) {
		r->key = 0;
		return NULL;
	}
	*slot = (uint32_t)(r - h->rings);
	return r;
}

static void add(struct ring *r, const struct sample *s)
{
	r->samples[r->next] = *s;
	r->next = (r->next + 1) % HIST_LEN;
	if (r->n < HIST_LEN)
		r->n++;
}

void ring_add(struct ring *r, const struct sample *s, uint64_t now_ns, uint64_t interval_ns)
{
	struct sample none = r->n ? *ring_at(r, 0, 1) : (struct sample){ 0 };
	uint64_t gap = 0;

	none.rx = none.tx = 0;
	if (r->n && interval_ns && now_ns > r->last_ns)
		gap = (now_ns - r->last_ns + interval_ns / 2) / interval_ns;
	for (gap = gap > HIST_LEN ? HIST_LEN : gap; gap > 1; gap--)
		add(r, &none);
	add(r, s);
	r->last_ns = now_ns;
	if (s->rx > 0 || s->tx > 0)
		r->busy_ns = now_ns;
}

void ring_event(struct ring *r, const struct hist_event *e)
{
	r->events[r->n_events++ % HIST_EVENTS] = *e;
}

uint32_t ring_len(const struct ring *r)
{
	return r ? r->n : 0;
}

const struct sample *ring_at(const struct ring *r, uint32_t i, uint32_t n)
{
	return &r->samples[(r->next + HIST_LEN - n + i) % HIST_LEN];
}
