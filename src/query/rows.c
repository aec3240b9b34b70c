/* SPDX-License-Identifier: MIT */
/*
 * Selecting rows and putting them in order. What matches is decided by filter
 * and plan. A row is sorted by 8 bytes that begin like its key; the key itself
 * is made only where these are not enough.
 */
#include "query/rows.h"

#include <endian.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

/* With more bits for processes an IPv4 address is not whole in a head. */
#define HEAD_RANK_BITS (64 - 1 - 4 - 16 - 2 - 32)

#define EXPECT 8		/* rows ahead, whose owners lie anywhere */

/* ---- selecting -------------------------------------------------------------- */

int rows_select(struct rows *r, const struct lssock_snap *s, const struct lssock_query *q)
{
	uint32_t row;

	if (!vec_reserve(&r->list, s->socks.n))
		return -ENOMEM;
	for (row = 0; row < s->socks.n; row++) {
		uint8_t state = snap_row(s, row)->state;

		switch (query_row(q, s, row)) {
		case TRI_YES:
			r->list.v[r->list.n++] = row;
			break;
		case TRI_UNKNOWN:
			r->unknown++;
			break;
		case TRI_NO:
			if (state < LSSOCK_N_STATE && query_hides(q, s, row) &&
			    filter_row(q->filter, s, row) == TRI_YES)
				r->hidden[state]++;
			break;
		}
	}
	return 0;
}

/* ---- the order of processes --------------------------------------------------- */

struct sorting {
	const struct lssock_snap *snap;
	const struct lssock_query *query;
	uint32_t *ranks;		/* by process; without one it is the last */
	unsigned rank_bits;
};

static void order_name(struct order *o, const struct lssock_snap *s, uint32_t id)
{
	size_t len = 0;
	const char *name = id ? strings_get(&s->strings, id, &len) : NULL;

	order_u8(o, !name);
	order_bytes(o, name, name ? len : 0);
}

/* The place of each process by name and pid: a few bits in a row's key, where
 * the names would make nearly every comparison go to memory. */
static int rank_procs(struct sorting *by)
{
	const struct lssock_snap *s = by->snap;
	struct order o = { 0 };
	uint32_t i;
	int err;

	by->ranks = mem_realloc(NULL, (s->procs.n + 1ull) * sizeof(*by->ranks));
	for (i = 0; i < s->procs.n; i++) {
		order_item(&o, i);
		order_name(&o, s, s->procs.v[i].comm);
		order_u32(&o, (uint32_t)s->procs.v[i].pid);
	}
	err = by->ranks ? order_sort(&o) : -ENOMEM;
	for (i = 0; !err && i < s->procs.n; i++)
		by->ranks[o.items.v[i].item] = i;
	order_release(&o);
	for (by->rank_bits = 1; s->procs.n >> by->rank_bits; by->rank_bits++)
		;
	return err;
}

static uint32_t rank_of(const struct sorting *by, const struct lssock_sock *k)
{
	const struct lssock_snap *s = by->snap;
	uint32_t owner = field_owner(s, k);
	uint32_t proc = owner ? s->owners.v[owner].proc : 0;

	return proc && proc < s->procs.n ? by->ranks[proc] : s->procs.n;
}

/* ---- the order of rows --------------------------------------------------------- */

static bool has_name(const struct lssock_sock *k)
{
	return k->proto == LSSOCK_UNIX || k->proto == LSSOCK_OTHER;
}

/* Listeners by port, then the others by process. */
static void default_key(struct order *o, const void *ctx, uint32_t row)
{
	const struct sorting *by = ctx;
	const struct lssock_sock *k = snap_row(by->snap, row);
	bool listens = field_listens(k);

	order_u8(o, !listens);
	if (!listens)
		order_u32(o, rank_of(by, k));
	order_u8(o, k->proto);
	if (has_name(k)) {
		order_name(o, by->snap, k->name);
	} else {
		order_u16(o, k->lport);
		order_u8(o, k->family);
		buf_put(&o->keys, k->local.ip, sizeof(k->local.ip));
		buf_put(&o->keys, k->remote.ip, sizeof(k->remote.ip));
		order_u16(o, k->rport);
	}
	if (listens)
		order_u32(o, rank_of(by, k));
	order_u32(o, k->inode);
	order_u16(o, k->ns);
}

/* The highest `bits` that are left of a head, as far as there are so many. */
static void pack(uint64_t *head, unsigned *left, uint64_t v, unsigned bits)
{
	if (bits > *left) {
		v >>= bits - *left;
		bits = *left;
	}
	if (!bits)
		return;
	*left -= bits;
	*head |= v << *left;
}

static uint32_t ip_head(const union lssock_end *e)
{
	uint32_t ip;

	memcpy(&ip, e->ip, sizeof(ip));
	return be32toh(ip);
}

/* In the order of the numbers; 1 and 2 stand for one each. */
static unsigned family_head(uint8_t family)
{
	_Static_assert(AF_INET < AF_INET6, "order");
	return family == AF_INET ? 1 : family == AF_INET6 ? 2 : family < AF_INET6 ? 0 : 3;
}

/* What default_key begins with, without the bits that are always 0. */
static uint64_t default_head(const struct sorting *by, const struct lssock_sock *k)
{
	bool listens = field_listens(k);
	uint64_t head = 0;
	unsigned left = 64;

	_Static_assert(LSSOCK_N_PROTO <= 16, "4 bits");
	pack(&head, &left, !listens, 1);
	if (!listens)
		pack(&head, &left, rank_of(by, k), by->rank_bits);
	pack(&head, &left, k->proto, 4);
	if (has_name(k)) {
		pack(&head, &left, !k->name, 1);
		if (!k->name && !listens)
			pack(&head, &left, k->inode, 32);
		return head;
	}
	pack(&head, &left, k->lport, 16);
	pack(&head, &left, family_head(k->family), 2);
	if (k->family == AF_INET || k->family == AF_INET6)
		pack(&head, &left, ip_head(&k->local), 32);
	return head;
}

/* Connections to one listener have the same head; IPv4 ones differ in these. */
static bool next_head(const void *ctx, uint32_t row, uint64_t *ret)
{
	const struct sorting *by = ctx;
	const struct lssock_sock *k = snap_row(by->snap, row);
	unsigned left = 64, lost = 0;

	if (!field_listens(k) && by->rank_bits > HEAD_RANK_BITS)
		lost = by->rank_bits - HEAD_RANK_BITS;
	if (k->family != AF_INET || has_name(k) || lost > 16)
		return false;
	*ret = 0;
	pack(ret, &left, ip_head(&k->local) & ((1u << lost) - 1), lost);
	pack(ret, &left, ip_head(&k->remote), 32);
	pack(ret, &left, k->rport, 16);
	return true;
}

void rows_key(struct order *o, const struct lssock_query *q, const struct lssock_snap *s,
	      uint32_t row, uint32_t owner)
{
	struct lssock_value value;
	uint32_t i;

	for (i = 0; i < q->sort.n; i++) {
		field_get(q->sort.v[i].field, s, row, owner, &value);
		order_value(o, &value, q->sort.v[i].descending);
	}
}

static void asked_key(struct order *o, const void *ctx, uint32_t row)
{
	const struct sorting *by = ctx;

	rows_key(o, by->query, by->snap, row, 0);
}

/* The flag that a value is missing takes a bit, so that a number loses one. */
static uint64_t asked_head(struct order *o, const struct sorting *by, uint32_t row)
{
	unsigned char key[9] = { 0 };
	uint64_t u;

	o->keys.len = 0;
	asked_key(o, by, row);
	if (o->keys.len)
		memcpy(key, o->keys.data, o->keys.len < 9 ? o->keys.len : 9);
	memcpy(&u, key + 1, sizeof(u));
	return (uint64_t)key[0] << 63 | be64toh(u) >> 1;
}

/* Orders the list anew, by --sort or as rows stand by default; only the first of
 * them if limit > 0, and those that are level with the last. */
static int sort_list(struct rows *r, const struct sorting *by, bool asked, uint32_t limit)
{
	struct order o = { .ctx = by, .put = asked ? asked_key : default_key,
			   .next = asked ? NULL : next_head };
	uint32_t i;
	int err = 0;

	order_reserve(&o, r->list.n);
	for (i = 0; i < r->list.n; i++) {
		uint32_t row = r->list.v[i];

		if (i + EXPECT < r->list.n)
			__builtin_prefetch(by->snap->owners.v +
					   snap_row(by->snap, r->list.v[i + EXPECT])->owner);
		order_head(&o, row, asked ? asked_head(&o, by, row) :
			   default_head(by, snap_row(by->snap, row)));
	}
	if (limit)
		err = order_first(&o, limit);
	if (!err)
		err = order_sort(&o);
	for (i = 0; !err && i < o.items.n; i++)
		r->list.v[i] = o.items.v[i].item;
	if (!err)
		r->list.n = o.items.n;
	order_release(&o);
	return err;
}

/* Rows that --sort has level stand as by default: sorting is stable. */
int rows_sort(struct rows *r, const struct lssock_snap *s, const struct lssock_query *q)
{
	struct sorting by = { .snap = s, .query = q };
	uint32_t limit = q->groups.n ? 0 : q->limit;
	int err = rank_procs(&by);

	if (!err && q->sort.n && limit)
		err = sort_list(r, &by, true, limit);
	if (!err)
		err = sort_list(r, &by, false, q->sort.n ? 0 : limit);
	if (!err && q->sort.n)
		err = sort_list(r, &by, true, 0);
	if (!err && limit && r->list.n > limit)
		r->list.n = limit;
	mem_free(by.ranks);
	return err;
}
