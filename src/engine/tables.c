/* SPDX-License-Identifier: MIT */
/* The sockets of one namespace: which dumps, in which order, and what to read
 * where the kernel has no dump for a protocol. Decoding is wire's. */
#include <errno.h>
#include <linux/inet_diag.h>
#include <string.h>
#include <sys/socket.h>

#include "engine/engine.h"
#include "model/names.h"
#include "wire/procnet.h"
#include "wire/route.h"

/* A dump of several parts loses sockets that never moved while their neighbours
 * come and go: the kernel goes on at (bucket, offset), and never says so
 * (NLM_F_DUMP_INTR stays clear). Listeners are cheap to ask again: until they
 * come in one part or nothing new comes, at most this often. */
#define LISTEN_ROUNDS 4
#define WITH_LISTENERS (1u << LSSOCK_TCP | 1u << LSSOCK_MPTCP | 1u << LSSOCK_SCTP | \
			1u << LSSOCK_DCCP)

static const uint8_t auto_code[] = { INET_DIAG_BC_AUTO, 4, 8, 0 };

struct dumping {
	struct collect *c;
	struct diag_dump dump;
	uint64_t bytes;
	uint32_t parts;			/* chunks with rows in them, of the last dump */
};

static int dump_chunk(void *ctx, const void *bytes, size_t len)
{
	struct dumping *d = ctx;
	uint32_t rows = d->dump.rows;
	int r = diag_decode(&d->dump, bytes, len);

	d->bytes += len;
	d->parts += d->dump.rows > rows;
	return r;
}

static bool handler_missing(int err)
{
	return err == -ENOENT || err == -EOPNOTSUPP || err == -EINVAL;
}

/* By a policy (seccomp, a security module) or for want of netlink itself. */
static bool diag_refused(int err)
{
	return err == -EACCES || err == -EPERM || err == -EPROTONOSUPPORT ||
	       err == -EAFNOSUPPORT || err == -ESOCKTNOSUPPORT || err == -ENOSYS;
}

/* One dump into d->dump. 0, or the error of the transport or the kernel. */
static int dump_once(struct collect *c, struct dumping *d, const struct diag_request *req,
		     unsigned variant)
{
	struct buf msg = { 0 };
	struct ask a = { .kind = ASK_DIAG, .ns = d->dump.ns };
	struct behind behind = { .decode = dump_chunk, .ctx = d };
	int r = diag_request(&msg, req), err;

	if (r == 0 && msg.failed)
		r = -ENOMEM;
	if (r == 0) {
		a.id = ask_diag_id(req->proto, req->family, variant);
		a.arg = msg.data;
		a.arg_len = (uint32_t)msg.len;
		d->parts = 0;
		c->s->meta.dumps++;
		/* Beside the owner scan nobody is idle; and of a series nobody waits for
		 * the round, which is cheaper in one thread. */
		if (c->ctx->share && !c->prev && !(c->plan->needs & NEED_OWNERS))
			behind.pool = c->ctx->pool;
		r = ahead_ask(c, &a, behind_chunk, &behind);
		err = behind_end(&behind);
		r = r < 0 ? r : err;
		c->s->meta.messages += d->dump.messages;
		c->s->meta.bytes += d->bytes;
		d->dump.messages = 0;
		d->bytes = 0;
	}
	buf_release(&msg);
	return r < 0 ? r : d->dump.err;
}

/* Names of devices and cgroups, for the bytecode. */
struct resolver {
	struct collect *c;
	uint16_t ns;
	bool links;
};

static void load_links(struct resolver *r)
{
	struct buf b = { 0 };
	struct route_dump d = { .snap = r->c->s, .ns = r->ns };

	r->links = true;
	if (ask_bytes(r->c, ASK_ROUTE, r->ns, ASK_ROUTE_LINKS, NULL, 0, &b) == 0)
		route_decode(&d, b.data, b.len);
	buf_release(&b);
}

static uint32_t resolve_ifindex(void *ctx, const char *name, size_t len)
{
	struct resolver *r = ctx;
	uint32_t i;

	if (!r->links)
		load_links(r);
	for (i = 1; i < r->c->s->ifaces.n; i++) {
		const struct lssock_iface *f = &r->c->s->ifaces.v[i];
		size_t n;
		const char *s = strings_get(&r->c->s->strings, f->name, &n);

		if (f->ns == r->ns && s && n == len && !memcmp(s, name, len))
			return f->ifindex;
	}
	return 0;
}

static uint64_t resolve_cgroup(void *ctx, const char *path, size_t len)
{
	struct resolver *r = ctx;
	struct buf b = { 0 };
	uint64_t id = 0;

	if (ask_bytes(r->c, ASK_CGROUP_ID, 0, hash_bytes(path, len), path, (uint32_t)len,
		      &b) == 0 &&
	    b.len == sizeof(id))
		memcpy(&id, b.data, sizeof(id));
	buf_release(&b);
	return id;
}

static uint32_t listen_mask(void)
{
	return diag_kernel_states(1u << LSSOCK_LISTEN);
}

/* Dumps one family of a protocol; with `agree` listeners until they do. */
static int dump_family(struct collect *c, struct diag_dump *into, struct diag_request *req,
		       bool agree)
{
	struct dumping d = { .c = c, .dump = *into };
	uint32_t states = req->states;
	int round, r;

	r = dump_once(c, &d, req, 0);
	/* Mark terms need CAP_NET_ADMIN: ask again without the program. */
	if ((r == -EPERM || r == -EINVAL) && req->bytecode) {
		req->bytecode = NULL;
		req->bytecode_len = 0;
		d.dump.err = 0;
		d.dump.done = false;
		r = dump_once(c, &d, req, 0);
	}
	agree = agree && WITH_LISTENERS & 1u << req->proto && states & listen_mask();
	for (round = 1; r == 0 && agree && d.parts > 1 && round < LISTEN_ROUNDS; round++) {
		uint32_t fresh = d.dump.fresh;

		req->states = listen_mask();
		d.dump.done = false;
		r = dump_once(c, &d, req, 0);
		if (d.dump.fresh == fresh)
			break;
	}
	req->states = states;
	*into = d.dump;
	return r;
}

static void note_dump(struct collect *c, const struct diag_dump *d, int err)
{
	const char *what = names_proto(d->proto);

	if (err < 0)
		snap_note(c->s, LSSOCK_NOTE_DUMP_FAILED, d->ns, -err, 1, what);
	else if (!d->done)
		snap_note(c->s, LSSOCK_NOTE_DUMP_FAILED, d->ns, 0, 1, what);
	if (d->bad)
		snap_note(c->s, LSSOCK_NOTE_BAD_MESSAGE, d->ns, 0, d->bad, what);
}

/* Attributes to ask for. Subflows are told from other TCP connections by
 * INET_DIAG_ULP_INFO, with which all of tcp_info comes: only if there are any. */
static uint32_t wanted(const struct collect *c, uint8_t proto)
{
	uint32_t keep = c->plan->keep[diag_class(proto)];

	if (proto == LSSOCK_TCP && c->plan->subflows_only && !c->mptcp)
		keep &= ~(1u << INET_DIAG_ULP_INFO);
	return keep;
}

static bool family_asked(const struct plan *plan, int family)
{
	return (family != AF_INET || plan->families & 1) &&
	       (family != AF_INET6 || plan->families & 2);
}

static struct diag_request first_request(const struct collect *c, uint8_t proto, int family,
					 const struct buf *code)
{
	struct diag_request req = {
		.proto = proto, .family = (uint8_t)family,
		.states = diag_kernel_states(c->plan->states[proto]),
		.bytecode = code->len ? code->data : NULL,
		.bytecode_len = (uint32_t)code->len,
	};

	diag_want(&req, wanted(c, proto));
	return req;
}

/* All listeners, whatever the program leaves out. */
static void only_listeners(struct diag_request *req)
{
	req->bytecode = NULL;
	req->bytecode_len = 0;
	req->states = listen_mask();
}

static void take_result(struct collect *c, const struct diag_dump *d, int r)
{
	if (r == 0 || d->rows) {
		c->listed |= 1u << d->proto;
	} else {
		c->failed |= 1u << d->proto;
		c->failed_err = r;
	}
	note_dump(c, d, r);
}

/* 0, or the error that says that sock_diag does not serve this protocol. */
static int dump_protocol(struct collect *c, struct lssock_snap *into, uint16_t ns,
			 uint8_t proto, uint32_t *ret_fresh)
{
	const struct plan *plan = c->plan;
	bool listeners = plan->extra_listen & 1u << proto;
	struct resolver names = { .c = c, .ns = ns };
	struct push_env env = { .mark = true, .ifindex = resolve_ifindex,
				.cgroup_id = resolve_cgroup, .ctx = &names };
	struct buf code = { 0 };
	const int *family = diag_families(proto);
	int r = 0, last = -EOPNOTSUPP;

	if (plan->push[proto] && push_filter(c->q->filter, proto, &env, &code) < 0)
		buf_reset(&code);
	for (; *family >= 0; family++) {
		struct diag_dump d = { .snap = into, .ns = ns, .proto = proto,
				       .keep = plan->keep };
		struct diag_request req = first_request(c, proto, *family, &code);

		if (!family_asked(plan, *family))
			continue;
		r = dump_family(c, &d, &req, !listeners);
		if (r == 0 && listeners) {
			only_listeners(&req);
			d.done = false;
			r = dump_family(c, &d, &req, true);
		}
		if (proto == LSSOCK_MPTCP)
			c->mptcp |= d.rows > 0 || (r < 0 && !handler_missing(r));
		*ret_fresh += d.fresh;
		if (d.rows == 0 && (handler_missing(r) || diag_refused(r))) {
			last = r;
			continue;
		}
		last = 0;
		take_result(c, &d, r);
	}
	buf_release(&code);
	return last;
}

/* ---- what will be asked ---------------------------------------------------------- */

static uint32_t note_ifindex(void *ctx, const char *name, size_t len)
{
	(void)name, (void)len;
	*(bool *)ctx = true;
	return 0;
}

static uint64_t note_cgroup(void *ctx, const char *path, size_t len)
{
	(void)path, (void)len;
	*(bool *)ctx = true;
	return 0;
}

/* The program for a protocol; false: it is another in each namespace. */
static bool same_program(const struct collect *c, uint8_t proto, struct buf *ret)
{
	bool named = false;
	struct push_env env = { .mark = true, .ifindex = note_ifindex,
				.cgroup_id = note_cgroup, .ctx = &named };

	return !c->plan->push[proto] ||
	       (push_filter(c->q->filter, proto, &env, ret) >= 0 && !named && !ret->failed);
}

static void expect_dump(struct collect *c, uint16_t ns, const struct diag_request *req)
{
	struct ask a = { .kind = ASK_DIAG, .ns = ns,
			 .id = ask_diag_id(req->proto, req->family, 0) };
	struct buf msg = { 0 };

	if (diag_request(&msg, req) == 0 && !msg.failed) {
		a.arg = msg.data;
		a.arg_len = (uint32_t)msg.len;
		ahead_expect(c, &a);
	}
	buf_release(&msg);
}

static void expect_protocol(struct collect *c, uint16_t ns, uint8_t proto)
{
	const int *family = diag_families(proto);
	struct buf code = { 0 };
	bool same = same_program(c, proto, &code);

	for (; same && *family >= 0; family++) {
		struct diag_request req = first_request(c, proto, *family, &code);

		if (!family_asked(c->plan, *family))
			continue;
		expect_dump(c, ns, &req);
		if (c->plan->extra_listen & 1u << proto) {
			only_listeners(&req);
			expect_dump(c, ns, &req);
		}
	}
	buf_release(&code);
}

void tables_expect(struct collect *c, uint16_t ns)
{
	uint8_t proto;

	for (proto = 1; proto < LSSOCK_OTHER; proto++)
		if (c->plan->protos & 1u << proto && c->plan->states[proto])
			expect_protocol(c, ns, proto);
}

/* Rows of UDP and TCP that were bound by connect() or sendto(), not by bind(). */
static void mark_autobound(struct collect *c, uint16_t ns, uint8_t proto)
{
	const int *family = diag_families(proto);
	bool all = true;
	uint32_t i;

	for (; *family >= 0; family++) {
		struct dumping d = { .c = c, .dump = {
			.snap = c->s, .ns = ns, .proto = proto, .keep = c->plan->keep,
			.mark_autobound = true } };
		struct diag_request req = {
			.proto = proto, .family = (uint8_t)*family,
			.states = diag_kernel_states(c->plan->states[proto]),
			.bytecode = auto_code, .bytecode_len = sizeof(auto_code),
		};

		if (dump_once(c, &d, &req, 1) < 0 || !d.dump.done)
			all = false;
	}
	for (i = 0; all && i < c->s->socks.n; i++) {
		struct lssock_sock *k = &c->s->socks.v[i];

		if (k->ns == ns && k->proto == proto &&
		    (k->flags & LSSOCK_F_SOURCE) == LSSOCK_SRC_DIAG)
			k->flags |= LSSOCK_F_AUTOBOUND_KNOWN;
	}
}

/* /proc/net/unix lists what any user wrote into it: only inodes that a process
 * holds are believed (interface ruling 20). */
static bool inode_is_held(void *ctx, uint32_t inode)
{
	return snap_owner_of(ctx, inode) != 0;
}

/* 0: no table of it exists either. */
static int read_procnet(struct collect *c, uint16_t ns, uint8_t proto)
{
	const int *which = procnet_tables(proto);
	struct procnet p = { .snap = c->s, .ns = ns, .believed = inode_is_held, .ctx = c->s };
	int read = 0;

	for (; which && *which; which++) {
		struct buf b = { 0 };
		int r = ask_bytes(c, ASK_TEXT, ns, (uint64_t)*which, NULL, 0, &b);

		if (r == 0) {
			procnet_table(&p, *which, b.data, b.len);
			read++;
		} else if (r != -ENOENT && r != -ENODATA) {
			snap_note(c->s, LSSOCK_NOTE_DUMP_FAILED, ns, -r, 1, names_proto(proto));
		}
		buf_release(&b);
	}
	if (p.bad)
		snap_note(c->s, LSSOCK_NOTE_BAD_MESSAGE, ns, 0, p.bad, names_proto(proto));
	return read;
}

/* Protocols of which sockets may exist though they cannot be listed, by what
 * /proc/net/protocols counts; one that this kernel lacks is not even in it. */
static uint32_t held_by_count(struct collect *c, uint16_t ns)
{
	static const struct { uint8_t proto; const char *names[2]; } table[] = {
		{ LSSOCK_SCTP, { "SCTP", "SCTPv6" } }, { LSSOCK_DCCP, { "DCCP", "DCCPv6" } },
		{ LSSOCK_MPTCP, { "MPTCP", "MPTCPv6" } },
		{ LSSOCK_UDPLITE, { "UDP-Lite", "UDPLITEv6" } },
		{ LSSOCK_VSOCK, { "AF_VSOCK", NULL } }, { LSSOCK_XDP, { "XDP", NULL } },
		{ LSSOCK_TIPC, { "TIPC", NULL } },
	};
	struct buf b = { 0 };
	uint32_t held = LSSOCK_PROTOS_ALL;
	size_t i;
	int k;

	if (ask_bytes(c, ASK_TEXT, ns, TEXT_NET_PROTOCOLS, NULL, 0, &b) < 0)
		goto out;
	for (i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		held &= ~(1u << table[i].proto);
		for (k = 0; k < 2 && table[i].names[k]; k++)
			if (procnet_protocol_held(b.data, b.len, table[i].names[k]))
				held |= 1u << table[i].proto;
	}
out:
	buf_release(&b);
	return held;
}

static bool may_be_held(struct collect *c, uint16_t ns, uint8_t proto)
{
	if (!c->held_known || c->held_ns != ns) {
		c->held = held_by_count(c, ns);
		c->held_ns = ns;
		c->held_known = true;
	}
	return c->held & 1u << proto;
}

static void fall_back(struct collect *c, uint16_t ns, uint8_t proto, int err)
{
	if (proto == LSSOCK_UNIX)
		return;		/* after the owners */
	if (read_procnet(c, ns, proto)) {
		/* icmp has no dump at all, its table is the regular way. */
		if (proto != LSSOCK_ICMP)
			snap_note(c->s, LSSOCK_NOTE_FALLBACK, ns, -err, 1, names_proto(proto));
		return;
	}
	c->unlisted |= 1u << proto;
	if (may_be_held(c, ns, proto))
		c->unlisted_held |= 1u << proto;
}

/* A namespace that may not be entered is one refusal, not one per protocol.
 * True: there is nothing more to ask in it. */
static bool refused_space(struct collect *c, uint16_t ns, int err)
{
	struct lssock_ns *n = &c->s->ns.v[ns];
	const char *name;
	struct buf b = { 0 };
	size_t len;

	if (n->flags & LSSOCK_NS_OWN || (err != -EPERM && err != -EACCES && err != -ETIMEDOUT))
		return false;
	if (!(n->flags & LSSOCK_NS_REFUSED)) {
		n->flags |= LSSOCK_NS_REFUSED;
		n->err = -err;
		name = strings_get(&c->s->strings, n->name, &len);
		if (name)
			buf_put(&b, name, len);
		else if (n->ino)
			buf_u64(&b, n->ino);
		else
			buf_puts(&b, c->plan->ns_one ? c->plan->ns_one : "?");
		snap_note(c->s, LSSOCK_NOTE_NETNS_REFUSED, ns, -err, 1, buf_cstr(&b));
		buf_release(&b);
	}
	/* One that was named is read as text through a process that lives in it. */
	return c->plan->ns_which != NS_ONE;
}

void tables_collect(struct collect *c, uint16_t ns)
{
	uint8_t i, proto;

	c->mptcp |= !tables_whole(c, LSSOCK_MPTCP);
	for (i = 1; i < LSSOCK_OTHER; i++) {
		uint32_t fresh = 0;
		int r;

		/* MPTCP first: what to ask for with TCP depends on it */
		proto = i == LSSOCK_TCP ? LSSOCK_MPTCP : i == LSSOCK_MPTCP ? LSSOCK_TCP : i;
		if (!(c->plan->protos & 1u << proto) || !c->plan->states[proto])
			continue;
		r = dump_protocol(c, c->s, ns, proto, &fresh);
		if (r == -ENODATA) {
			snap_note(c->s, LSSOCK_NOTE_NOT_RECORDED, ns, 0, 1, names_proto(proto));
			continue;
		}
		if (r < 0) {
			if (refused_space(c, ns, r))
				return;
			if (!handler_missing(r)) {
				c->refused |= 1u << proto;
				c->refused_err = r;
			}
			if (proto == LSSOCK_UNIX)
				c->unlisted |= 1u << proto;
			fall_back(c, ns, proto, r);
			continue;
		}
		if ((c->plan->needs & NEED_AUTOBOUND) &&
		    (proto == LSSOCK_UDP || proto == LSSOCK_UDPLITE || proto == LSSOCK_TCP))
			mark_autobound(c, ns, proto);
	}
}

void tables_after_owners(struct collect *c, uint16_t ns)
{
	if (!(c->unlisted & 1u << LSSOCK_UNIX) || !(c->plan->protos & 1u << LSSOCK_UNIX))
		return;
	if (read_procnet(c, ns, LSSOCK_UNIX)) {
		c->unlisted &= ~(1u << LSSOCK_UNIX);
		snap_note(c->s, LSSOCK_NOTE_FORGEABLE, ns, 0, 1, NULL);
	}
}

int tables_again(struct collect *c, struct lssock_snap *into, uint16_t ns, uint8_t proto)
{
	uint32_t fresh = 0;
	int r;

	if (!diag_families(proto) || *diag_families(proto) < 0)
		return -EOPNOTSUPP;
	r = dump_protocol(c, into, ns, proto, &fresh);
	return r < 0 ? r : (int)fresh;
}

void tables_sieve(struct collect *c, struct lssock_snap *into, uint8_t proto)
{
	const int *family;
	uint16_t ns;

	for (ns = 0; ns < c->s->ns.n; ns++)
		for (family = diag_families(proto); *family >= 0; family++) {
			struct dumping d = {
				.c = c, .dump = { .snap = into, .ns = ns, .proto = proto } };
			struct diag_request req = { .proto = proto, .family = (uint8_t)*family,
						    .states = DIAG_STATES_ALL };

			if (c->s->ns.v[ns].flags & LSSOCK_NS_ASKED)
				dump_once(c, &d, &req, 0);
		}
}

bool tables_whole(const struct collect *c, uint8_t proto)
{
	uint32_t minisockets = 1u << LSSOCK_TIME_WAIT | 1u << LSSOCK_SYN_RECV;
	uint32_t closed = 1u << LSSOCK_CLOSE | 1u << LSSOCK_STATE_NONE;
	uint32_t all = (1u << LSSOCK_N_STATE) - 1;

	return (c->plan->protos & 1u << proto) && !c->plan->push[proto] &&
	       (c->plan->states[proto] | minisockets | closed) >= all && c->plan->families == 3;
}
