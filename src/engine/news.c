/* SPDX-License-Identifier: MIT */
/*
 * What events told since the last round: ends of sockets with their last counters,
 * and state changes of sockets that no round has seen yet. It keeps them until a
 * round has made use of them; what they mean to rows is watch.c's business.
 */
#include <errno.h>
#include <string.h>

#include "engine/engine.h"
#include "wire/events.h"

#define CHANGES_MAX 65536	/* a flood of connections must not fill the memory */

struct drain {
	struct news *n;
	const struct lssock_snap *s;
};

static uint64_t ino_of(const struct drain *d, uint16_t ns)
{
	return ns < d->s->ns.n ? d->s->ns.v[ns].ino : UINT64_MAX;
}

static void closed(void *ctx, uint16_t ns, uint64_t time_ns, const struct lssock_sock *k,
		   const void *attrs, size_t len)
{
	struct drain *d = ctx;
	struct news *n = d->n;
	uint32_t *slot = k->cookie ? index_put(&n->by_cookie, k->cookie) : NULL;
	struct closing *c;

	if (!slot || *slot != INDEX_NONE)
		return;
	*slot = n->closings.n;
	c = vec_push(&n->closings);
	if (!c)
		return;
	*c = (struct closing){ .k = *k, .ns_ino = ino_of(d, ns), .time_ns = time_ns,
			       .attrs = n->attrs.len, .attrs_len = (uint32_t)len };
	buf_put(&n->attrs, attrs, len);
}

/* Only the first: who connected, or who closed what he had accepted. */
static void held(struct news *n, const struct change *c)
{
	uint32_t *slot;

	if (!c->st.pid || n->holders.n >= CHANGES_MAX)
		return;
	slot = index_put(&n->by_holder, c->st.cookie);
	if (!slot || *slot != INDEX_NONE || !vec_push(&n->holders))
		return;
	*slot = n->holders.n - 1;
	n->holders.v[*slot] = *c;
}

static void state(void *ctx, uint16_t ns, uint64_t time_ns, const struct wire_state *st)
{
	struct drain *d = ctx;
	struct news *n = d->n;
	const struct change new = { .st = *st, .ns_ino = ino_of(d, ns), .time_ns = time_ns };
	uint32_t *first, *last;
	struct change *c;

	if (!st->cookie)
		return;
	held(n, &new);
	if (n->changes.n >= CHANGES_MAX)
		return;
	first = index_put(&n->by_birth, st->cookie);
	if (first && *first == INDEX_NONE)
		*first = n->changes.n;
	last = index_put(&n->by_change, st->cookie);
	if (last)
		*last = n->changes.n;
	c = vec_push(&n->changes);
	if (c)
		*c = new;
}

static void lost(void *ctx, uint16_t ns, uint32_t count)
{
	struct drain *d = ctx;

	(void)ns;
	d->n->lost += count;
	d->n->lost_times++;
}

static void tells(void *ctx, uint16_t ns, unsigned bits, int err)
{
	struct drain *d = ctx;

	(void)ns;
	d->n->tells = bits;
	d->n->bpf_err = err;
}

static void untold(void *ctx, uint16_t ns, int err)
{
	struct drain *d = ctx;

	(void)ns;
	(void)err;
	d->n->tells &= ~(unsigned)EVENT_TELLS_DESTROY;
}

static int take_chunk(void *ctx, const void *bytes, size_t len)
{
	static const struct events_sink sink = {
		.closed = closed, .state = state, .lost = lost, .tells = tells,
		.untold = untold,
	};

	events_decode(bytes, len, &sink, ctx);
	return 0;
}

void news_release(struct news *n)
{
	vec_release(&n->closings);
	vec_release(&n->changes);
	vec_release(&n->holders);
	index_release(&n->by_cookie);
	index_release(&n->by_birth);
	index_release(&n->by_change);
	index_release(&n->by_holder);
	buf_release(&n->attrs);
}

void news_drain(struct news *n, struct lssock *ctx, const struct lssock_snap *s,
		const struct ask_events *arg)
{
	const struct ask ask = { .kind = ASK_EVENTS, .arg = arg, .arg_len = sizeof(*arg) };
	struct drain d = { .n = n, .s = s };

	(void)ctx->source->ask(ctx->source, &ask, take_chunk, &d);
}

struct closing *news_closing(struct news *n, uint64_t cookie)
{
	uint32_t at = index_get(&n->by_cookie, cookie);

	return at < n->closings.n ? &n->closings.v[at] : NULL;
}

const struct change *news_birth(const struct news *n, uint64_t cookie)
{
	uint32_t at = index_get(&n->by_birth, cookie);

	return at < n->changes.n ? &n->changes.v[at] : NULL;
}

const struct change *news_change(const struct news *n, uint64_t cookie)
{
	uint32_t at = index_get(&n->by_change, cookie);

	return at < n->changes.n ? &n->changes.v[at] : NULL;
}

const struct change *news_holder(const struct news *n, uint64_t cookie)
{
	uint32_t at = index_get(&n->by_holder, cookie);

	return at < n->holders.n ? &n->holders.v[at] : NULL;
}

const void *news_attrs(const struct news *n, const struct closing *c)
{
	return c->attrs <= n->attrs.len && c->attrs_len <= n->attrs.len - c->attrs ?
		n->attrs.data + c->attrs : NULL;
}

static int add_again(struct news *to, const struct news *from, const struct closing *c)
{
	uint32_t *slot = index_put(&to->by_cookie, c->k.cookie);
	const void *attrs = news_attrs(from, c);
	struct closing *new = slot ? vec_push(&to->closings) : NULL;

	if (!new)
		return -ENOMEM;
	*slot = to->closings.n - 1;
	*new = *c;
	new->attrs = to->attrs.len;
	new->attrs_len = attrs ? c->attrs_len : 0;
	buf_put(&to->attrs, attrs, new->attrs_len);
	return 0;
}

static int change_again(struct news *to, const struct change *c)
{
	uint32_t *first = index_put(&to->by_birth, c->st.cookie);
	uint32_t *last;

	if (first && *first == INDEX_NONE)
		*first = to->changes.n;
	last = index_put(&to->by_change, c->st.cookie);
	if (!first || !last || !vec_push(&to->changes))
		return -ENOMEM;
	*last = to->changes.n - 1;
	to->changes.v[*last] = *c;
	return 0;
}

int news_forget(struct news *n, bool (*keep)(void *ctx, const struct change *c, bool holds),
		void *ctx)
{
	struct news left = { .tells = n->tells, .bpf_err = n->bpf_err };
	uint32_t i;
	int r = 0;

	for (i = 0; r == 0 && i < n->closings.n; i++)
		if (!n->closings.v[i].used)
			r = add_again(&left, n, &n->closings.v[i]);
	for (i = 0; r == 0 && i < n->changes.n; i++)
		if (keep(ctx, news_birth(n, n->changes.v[i].st.cookie), false))
			r = change_again(&left, &n->changes.v[i]);
	for (i = 0; i < n->holders.n; i++)
		if (keep(ctx, &n->holders.v[i], true))
			held(&left, &n->holders.v[i]);
	news_release(n);
	*n = left;
	return r;
}
