/* SPDX-License-Identifier: MIT */
/*
 * How many ports of the range for automatic use connections take up. A port can be used
 * for every remote anew, so each remote of each local address has a count of its own.
 */
#include "query/ports.h"

#include <errno.h>
#include <string.h>

#include "model/addr.h"
#include "model/mix.h"
#include "query/field.h"

/* What a local port must differ in: all that is not the port itself. */
struct remote {
	struct lssock_addr local, addr;
	uint16_t port, ns;
	uint32_t ports, row;		/* row: the first one */
};

struct remotes {
	VEC(struct remote) list;
	struct index by_key;
	uint64_t seed;
	uint32_t *of_row;		/* row -> place in the list + 1, 0: none */
};

static uint32_t rows_there(const struct lssock_snap *s)
{
	return s->tracks.n ? s->there : s->socks.n;
}

uint32_t ports_range(const struct lssock_snap *s, uint16_t ns)
{
	const struct lssock_ns *n = ns < s->ns.n ? &s->ns.v[ns] : NULL;

	return n && n->port_hi && n->port_lo <= n->port_hi ?
	       n->port_hi - n->port_lo + 1u : 0;
}

bool ports_takes_one(const struct lssock_snap *s, const struct lssock_sock *k)
{
	const uint32_t none = 1u << LSSOCK_LISTEN | 1u << LSSOCK_BOUND | 1u << LSSOCK_CLOSE |
			      1u << LSSOCK_STATE_NONE | 1u << LSSOCK_UNCONNECTED;

	return k->proto == LSSOCK_TCP && !(none & 1u << k->state) && ports_range(s, k->ns) &&
	       k->lport >= s->ns.v[k->ns].port_lo && k->lport <= s->ns.v[k->ns].port_hi;
}

static uint64_t addr_key(uint64_t key, const struct lssock_addr *a)
{
	uint64_t half[2];

	memcpy(half, a->ip, sizeof(half));
	return mix2(mix2(mix2(key, a->family), half[0]), half[1]);
}

static bool same_addr(const struct lssock_addr *a, const struct lssock_addr *b)
{
	return a->family == b->family && !memcmp(a->ip, b->ip, sizeof(a->ip));
}

/* Others choose the addresses: equal keys are looked at, and lead on to the next. */
static bool count_port(struct remotes *r, const struct lssock_sock *k, uint32_t row)
{
	struct remote want = { .local = addr_of_end(k->family, &k->local, NULL),
			       .addr = addr_of_end(k->family, &k->remote, NULL),
			       .port = k->rport, .ns = k->ns }, *at;
	uint64_t key = mix2(r->seed, pair(k->rport, k->ns));
	uint32_t *slot;

	for (key = addr_key(addr_key(key, &want.local), &want.addr);; key = mix(key)) {
		slot = index_put(&r->by_key, key);
		if (!slot)
			return false;
		if (*slot == INDEX_NONE) {
			*slot = r->list.n;
			at = vec_push(&r->list);
			if (!at)
				return false;
			*at = want;
			at->row = row;
		}
		at = &r->list.v[*slot];
		if (at->port == want.port && at->ns == want.ns &&
		    same_addr(&at->local, &want.local) && same_addr(&at->addr, &want.addr))
			break;
	}
	at->ports++;
	r->of_row[row] = *slot + 1;
	return true;
}

static void remotes_release(struct remotes *r)
{
	mem_free(r->of_row);
	vec_release(&r->list);
	index_release(&r->by_key);
}

/* -ENOMEM; then there is nothing to release. */
static int remotes_count(const struct lssock_snap *s, struct remotes *r)
{
	uint32_t i, n = rows_there(s);
	bool ok;

	*r = (struct remotes){ .seed = hash_seed(r) };
	r->of_row = mem_alloc((s->socks.n + 1ull) * sizeof(*r->of_row));
	ok = r->of_row;
	for (i = 0; ok && i < n; i++)
		if (ports_takes_one(s, snap_row(s, i)))
			ok = count_port(r, snap_row(s, i), i);
	if (!ok)
		remotes_release(r);
	return ok ? 0 : -ENOMEM;
}

uint32_t *ports_by_row(const struct lssock_snap *s)
{
	struct remotes r;
	uint32_t *ret, i;

	if (remotes_count(s, &r) < 0)
		return NULL;
	ret = r.of_row;
	for (i = 0; i < s->socks.n; i++)
		if (ret[i])
			ret[i] = r.list.v[ret[i] - 1].ports;
	r.of_row = NULL;
	remotes_release(&r);
	return ret;
}

int ports_each_remote(const struct lssock_snap *s,
		      void (*fn)(void *ctx, uint32_t row, uint32_t ports), void *ctx)
{
	struct remotes r;
	uint32_t i;

	if (remotes_count(s, &r) < 0)
		return -ENOMEM;
	for (i = 0; i < r.list.n; i++)
		fn(ctx, r.list.v[i].row, r.list.v[i].ports);
	remotes_release(&r);
	return 0;
}
