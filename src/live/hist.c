/* SPDX-License-Identifier: MIT */
/* See hist.h. Rings are found by a hash of what they are about. */
#include "live/hist.h"

#define IDLE_NS (60ull * 1000000000ull)
#define TRIES 64
#define TENTH_NS 100000000ull

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

/* One that may go: the clock hand passes over those that were busy of late, once a frame
 * at most. */
static struct ring *free_ring(struct hist *h, uint64_t now_ns)
{
	uint32_t tries;

	if (h->n < HIST_RINGS)
		return &h->rings[h->n++];
	if (h->failed_ns != now_ns)
		h->failed = 0;
	if (h->failed >= HIST_RINGS / TRIES)
		return NULL;
	for (tries = 0; tries < TRIES; tries++) {
		struct ring *r = &h->rings[h->clock];

		h->clock = (h->clock + 1) % HIST_RINGS;
		if (r->busy_ns + IDLE_NS < now_ns)
			return r;
	}
	h->failed_ns = now_ns;
	h->failed++;
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

static uint16_t at_most_u16(uint64_t v)
{
	return v < UINT16_MAX ? (uint16_t)v : UINT16_MAX;
}

void ring_count(struct ring *r, const struct hist_event *e)
{
	struct hist_event *last = &r->events[(r->n_events + HIST_EVENTS - 1) % HIST_EVENTS];
	uint64_t more = (e->time_ns - last->time_ns + TENTH_NS / 2) / TENTH_NS;

	if (!r->n_events || last->kind != e->kind || e->time_ns < last->time_ns ||
	    e->time_ns - last->time_ns > HIST_AGAIN_NS) {
		ring_event(r, e);
		return;
	}
	last->tenths = at_most_u16(last->tenths + more);
	last->n = at_most_u16((uint64_t)last->n + e->n);
	last->time_ns = e->time_ns;
}

uint32_t ring_len(const struct ring *r)
{
	return r ? r->n : 0;
}

const struct sample *ring_at(const struct ring *r, uint32_t i, uint32_t n)
{
	return &r->samples[(r->next + HIST_LEN - n + i) % HIST_LEN];
}
