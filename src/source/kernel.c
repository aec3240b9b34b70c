/* SPDX-License-Identifier: MIT */
/*
 * The live source: answers each kind of question from this machine, by handing
 * it to nlsock, netns, procscan, bpf, procinfo, cgroups or events. What is its own: users
 * and groups, queues of descriptors in flight, and who finds the owners. It keeps
 * nothing that an answer could depend on but the list of namespaces (netns) and
 * when processes were last walked.
 */
#include <errno.h>
#include <fcntl.h>
#include <libmnl/libmnl.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <linux/unix_diag.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/io.h"
#include "base/pool.h"
#include "base/text.h"
#include "source/parts.h"
#include "wire/nat.h"
#include "wire/route.h"

#define TEXT_MAX (16u << 20)
#define BUSY_TRIES 4

struct kernel {
	struct source source;
	struct procscan scan;
	struct netns *netns;
	_Atomic uint64_t walked_ns;	/* since boot: begin of the last whole walk */
	enum lssock_collector collector;
	struct bpf_owners *bpf;		/* loaded, NULL: not yet */
	struct pool_lock *bpf_lock;	/* one pass at a time, and the loading */
	_Atomic bool bpf_next;		/* ASK_PIDS has decided so; then it has set */
	struct numbers listed;		/* these processes, for the next ASK_OWNERS */
	_Atomic int bpf_err;		/* positive errno: it is not to be had */
	struct events *events;		/* NULL: nobody has asked yet */
	bool foreign;			/* another proc root than ours */
};

static struct kernel *of_source(struct source *s)
{
	return (struct kernel *)s;	/* its first member */
}

int source_give(struct buf *b, int r, chunk_fn fn, void *ctx)
{
	if (r == 0 && b->failed)
		r = -ENOMEM;
	if (r == 0 && b->len)
		r = fn(ctx, b->data, b->len);
	buf_release(b);
	return r < 0 ? r : 0;
}

/* ---- dumps -------------------------------------------------------------- */

static int dump(struct kernel *k, uint16_t ns, int protocol, const void *request, size_t len,
		chunk_fn fn, void *ctx)
{
	struct mnl_socket *nl;
	int tries, r = -EBUSY;
	uint32_t calls = 0;

	for (tries = 0; r == -EBUSY && tries < BUSY_TRIES; tries++) {
		r = netns_socket(k->netns, ns, protocol, &nl);
		if (r < 0)
			return r;
		r = nlsock_dump(nl, request, len, &calls, fn, ctx);
		atomic_fetch_add(&k->source.calls, calls);
		netns_socket_back(k->netns, ns, protocol, nl, r == 0);
	}
	return r;
}

static int answer_diag(struct kernel *k, const struct ask *a, chunk_fn fn, void *ctx)
{
	if (!a->arg || a->arg_len < sizeof(struct nlmsghdr))
		return -EINVAL;
	return dump(k, a->ns, NETLINK_SOCK_DIAG, a->arg, a->arg_len, fn, ctx);
}

/* Interfaces, addresses; chains and rules of nftables. */
static int answer_netlink(struct kernel *k, const struct ask *a, chunk_fn fn, void *ctx)
{
	bool nat = a->kind == ASK_NAT;
	struct buf b = { 0 };
	int r;

	if (!nat && a->id == ASK_ROUTE_NSID)
		return netns_ids(k->netns, a->ns, fn, ctx);
	r = (nat ? nat_request : route_request)(&b, (int)a->id);
	if (r == 0 && b.failed)
		r = -ENOMEM;
	if (r == 0)
		r = dump(k, a->ns, nat ? NETLINK_NETFILTER : NETLINK_ROUTE, b.data, b.len, fn,
			 ctx);
	buf_release(&b);
	return r;
}

/* ---- texts -------------------------------------------------------------- */

static const char *const net_texts[TEXT_N] = {
	[TEXT_NET_TCP] = "net/tcp", [TEXT_NET_TCP6] = "net/tcp6",
	[TEXT_NET_UDP] = "net/udp", [TEXT_NET_UDP6] = "net/udp6",
	[TEXT_NET_UDPLITE] = "net/udplite", [TEXT_NET_UDPLITE6] = "net/udplite6",
	[TEXT_NET_RAW] = "net/raw", [TEXT_NET_RAW6] = "net/raw6",
	[TEXT_NET_ICMP] = "net/icmp", [TEXT_NET_ICMP6] = "net/icmp6",
	[TEXT_NET_UNIX] = "net/unix", [TEXT_NET_NETLINK] = "net/netlink",
	[TEXT_NET_PACKET] = "net/packet", [TEXT_NET_SOCKSTAT] = "net/sockstat",
	[TEXT_NET_SOCKSTAT6] = "net/sockstat6", [TEXT_NET_PROTOCOLS] = "net/protocols",
	[TEXT_PORT_RANGE] = "sys/net/ipv4/ip_local_port_range",
	[TEXT_NET_NETSTAT] = "net/netstat",
	[TEXT_IPTABLES] = "net/ip_tables_names", [TEXT_IP6TABLES] = "net/ip6_tables_names",
	[TEXT_UNPRIV_PORT] = "sys/net/ipv4/ip_unprivileged_port_start",
};

/* A regular file only: opening anything else of a foreign root could hang. */
static int read_inside(int root, const char *path, struct buf *b)
{
	int fd = proc_open_inside(root, path, 0), self, r;
	char own[PROC_PATH];
	struct stat st;

	if (fd < 0)
		return fd;
	if (proc_stat_fd(fd, &st) < 0 || !S_ISREG(st.st_mode)) {
		close(fd);
		return -EINVAL;
	}
	self = procscan_self(-1);
	r = self < 0 ? self : io_read_at(self, proc_path(own, 0, 0, "fd/", fd), b, TEXT_MAX);
	if (self >= 0)
		close(self);
	close(fd);
	return r;
}

/* Whose users: those of the machine whose processes are shown. */
static int read_accounts(struct kernel *k, const char *path, struct buf *b)
{
	int root, r = -ENOENT;

	if (k->foreign) {
		root = proc_open_at(k->scan.proc_fd, "1/root", O_PATH | O_DIRECTORY);
		r = root < 0 ? root : read_inside(root, path, b);
		if (root >= 0)
			close(root);
	}
	return r < 0 ? io_read_at(AT_FDCWD, path, b, TEXT_MAX) : r;
}

static int answer_text(struct kernel *k, const struct ask *a, chunk_fn fn, void *ctx)
{
	struct buf b = { 0 };
	int r = -EINVAL;

	if (a->id == TEXT_PASSWD || a->id == TEXT_GROUP)
		r = read_accounts(k, a->id == TEXT_PASSWD ? "/etc/passwd" : "/etc/group", &b);
	else if (a->id == TEXT_FILE_NR)
		r = netns_read(k->netns, 0, "sys/fs/file-nr", &b);
	else if (a->id < TEXT_N && net_texts[a->id])
		r = netns_read(k->netns, a->ns, net_texts[a->id], &b);
	return source_give(&b, r, fn, ctx);
}

/* ---- processes ---------------------------------------------------------- */

static uint64_t boot_clock_ns(void)
{
	struct timespec t = { 0 };

	clock_gettime(CLOCK_BOOTTIME, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* ---- who finds the owners ------------------------------------------------ */

/* Whether BPF is to be tried at all; what speaks against it does so for good. */
static bool bpf_wanted(struct kernel *k)
{
	return !k->foreign && k->collector != LSSOCK_COLLECTOR_PROC &&
	       (k->collector == LSSOCK_COLLECTOR_BPF || k->scan.real) &&
	       !atomic_load(&k->bpf_err);
}

/* Whether that depends on the number of open fds, not known before Linux 6.2. */
static bool bpf_counts(const struct kernel *k)
{
	return k->collector == LSSOCK_COLLECTOR_AUTO && k->scan.fd_sizes;
}

/* A kernel that may not take the program is asked now: later it would be too late
 * to share the walk. */
static bool bpf_allowed(struct kernel *k)
{
	int r = bpf_owners_may();

	if (r == 0 && !bpf_owners_likely()) {
		pool_lock(k->bpf_lock);
		if (!k->bpf)
			r = bpf_owners_new(k->scan.ns_per_tick, &k->bpf);
		pool_unlock(k->bpf_lock);
	}
	if (r < 0)
		atomic_store(&k->bpf_err, -r);
	return !atomic_load(&k->bpf_err);
}

/* Whether BPF will find the owners. */
static bool by_bpf(struct kernel *k)
{
	return bpf_wanted(k) && (!bpf_counts(k) ||
	       procscan_fd_count(&k->scan, FDS_MANY) >= FDS_MANY) && bpf_allowed(k);
}

static int tell_by(const struct kernel *k, enum lssock_collector collector, chunk_fn fn,
		   void *ctx)
{
	struct own_rec by = { .type = OWN_BY, .a = collector };

	if (collector == LSSOCK_COLLECTOR_PROC)
		by.b = (uint32_t)atomic_load(&k->bpf_err);
	return fn(ctx, &by, sizeof(by));
}

/* Loads the program, if it is not there yet, and reads one pass. */
static int read_bpf(struct kernel *k, struct bpf_look *look, chunk_fn fn, void *ctx)
{
	uint64_t calls = 0;
	int r = 0;

	pool_lock(k->bpf_lock);
	if (!k->bpf)
		r = bpf_owners_new(k->scan.ns_per_tick, &k->bpf);
	if (r < 0)
		atomic_store(&k->bpf_err, -r);
	if (r == 0)
		r = tell_by(k, LSSOCK_COLLECTOR_BPF, fn, ctx);
	if (r == 0)
		r = bpf_owners_read(k->bpf, look, &calls, fn, ctx);
	atomic_fetch_add(&k->source.calls, calls);
	pool_unlock(k->bpf_lock);
	return r;
}

static int index_pids(struct index *x, const struct numbers *pids)
{
	uint32_t i, *slot;
	int r = index_reserve(x, pids->n);

	for (i = 0; r == 0 && i < pids->n; i++) {
		slot = index_put(x, (uint32_t)pids->v[i]);
		if (slot)
			*slot = i;
		r = slot ? 0 : -ENOMEM;
	}
	return r;
}

/* Of all processes those that were not seen, and may hold something. */
static int keep_unseen(const struct procscan *scan, const struct numbers *seen,
		       struct numbers *all)
{
	struct index known = { 0 };
	uint32_t i, kept = 0;
	int r = index_pids(&known, seen);

	for (i = 0; r == 0 && i < all->n; i++)
		if (index_get(&known, (uint32_t)all->v[i]) == INDEX_NONE)
			all->v[kept++] = all->v[i];
	all->n = kept;
	index_release(&known);
	procscan_drop_idle(scan, UINT64_MAX, all, NULL);
	return r;
}

/* A kernel may keep a process from BPF that /proc speaks of, if only to refuse:
 * those are walked. deep: as ASK_HOLDERS. */
static int walk_unseen(struct kernel *k, struct numbers *all, const struct numbers *seen,
		       bool deep, chunk_fn fn, void *ctx)
{
	struct ask_owners head = { 0 };
	struct buf arg = { 0 };
	int r = all->n ? 0 : procscan_list(&k->scan, all);

	if (r == 0)
		r = keep_unseen(&k->scan, seen, all);
	if (r < 0 || !all->n)
		return r;
	head.n_pids = all->n;
	buf_put(&arg, &head, sizeof(head));
	buf_put(&arg, all->v, all->n * sizeof(*all->v));
	if (arg.failed)
		r = -ENOMEM;
	else
		r = (deep ? procscan_holders : procscan_owners)
			(&k->scan, (const void *)arg.data, arg.len, fn, ctx);
	buf_release(&arg);
	return r;
}

/* all: the processes there were before, empty: not known. */
static int owners_by_bpf(struct kernel *k, struct numbers *all, chunk_fn fn, void *ctx)
{
	struct bpf_look look = { .queued = NULL };
	int r = read_bpf(k, &look, fn, ctx);

	if (r == 0)
		r = walk_unseen(k, all, &look.seen, false, fn, ctx);
	vec_release(&look.seen);
	return r;
}

static int answer_owners(struct kernel *k, const struct ask *a, chunk_fn fn, void *ctx)
{
	const struct ask_owners *arg = a->arg;
	struct numbers all = { 0 };
	int r = -EAGAIN;

	if (!(a->arg_len >= sizeof(*arg) && arg->n_pids)) {
		bool decided = atomic_load(&k->bpf_next);

		atomic_store(&k->walked_ns, boot_clock_ns());
		if (decided) {
			all = k->listed;
			k->listed = (struct numbers){ 0 };
			atomic_store(&k->bpf_next, false);
		}
		if (decided || by_bpf(k))
			r = owners_by_bpf(k, &all, fn, ctx);
		vec_release(&all);
		if (r == 0)
			return 0;
	}
	/* a pass that broke off is repeated by the walk: both say the same */
	r = tell_by(k, LSSOCK_COLLECTOR_PROC, fn, ctx);
	return r < 0 ? r : procscan_owners(&k->scan, arg, a->arg_len, fn, ctx);
}

static void put_pids(struct buf *b, const struct numbers *pids, const uint32_t *fds)
{
	uint32_t i;

	for (i = 0; i < pids->n; i++) {
		struct wire_pid one = { pids->v[i], fds[i] };

		buf_put(b, &one, sizeof(one));
	}
}

/* One list of /proc serves both: who finds the owners, and the walk itself. */
static int answer_pids(struct kernel *k, chunk_fn fn, void *ctx)
{
	struct numbers pids = { 0 };
	struct buf b = { 0 };
	uint32_t *fds;
	uint64_t sum;
	int r;

	atomic_store(&k->walked_ns, boot_clock_ns());
	r = procscan_list(&k->scan, &pids);
	fds = mem_alloc((pids.n + 1) * sizeof(*fds));
	sum = fds ? procscan_drop_idle(&k->scan, FDS_MANY, &pids, fds) : 0;
	if (!fds) {
		r = -ENOMEM;
	} else if (bpf_wanted(k) && (!bpf_counts(k) || sum >= FDS_MANY) && bpf_allowed(k)) {
		vec_release(&k->listed);
		k->listed = pids;
		pids = (struct numbers){ 0 };
		atomic_store(&k->bpf_next, true);
		r = -EALREADY;
	} else if (r == 0) {
		put_pids(&b, &pids, fds);
	}
	mem_free(fds);
	vec_release(&pids);
	return source_give(&b, r, fn, ctx);
}

/* ---- descriptors in flight ------------------------------------------------ */

struct queues { struct index inodes; int err; };

/* A stream's descriptors travel with at least one byte; an empty datagram can
 * carry them too, and RQLEN does not show it. */
static int take_queue(struct queues *q, const struct nlmsghdr *h)
{
	const struct unix_diag_msg *m = mnl_nlmsg_get_payload(h);
	const struct unix_diag_rqlen *len;
	const struct nlattr *a;
	bool may = m->udiag_type != SOCK_STREAM;
	uint32_t *slot;

	mnl_attr_for_each(a, h, sizeof(*m))
		if (mnl_attr_get_type(a) == UNIX_DIAG_RQLEN &&
		    mnl_attr_get_payload_len(a) >= sizeof(*len)) {
			len = mnl_attr_get_payload(a);
			may |= len->udiag_rqueue > 0;
		}
	slot = may && m->udiag_ino ? index_put(&q->inodes, m->udiag_ino) : NULL;
	if (slot)
		*slot = 0;
	return may && m->udiag_ino && !slot ? -ENOMEM : 0;
}

static int take_queues(void *ctx, const void *bytes, size_t len)
{
	struct queues *q = ctx;
	const struct nlmsghdr *h = bytes;
	int left = (int)len, r = 0;

	for (; r == 0 && mnl_nlmsg_ok(h, left); h = mnl_nlmsg_next(h, &left)) {
		size_t body = mnl_nlmsg_get_payload_len(h);

		if (h->nlmsg_type == SOCK_DIAG_BY_FAMILY &&
		    body >= sizeof(struct unix_diag_msg))
			r = take_queue(q, h);
		else if ((h->nlmsg_type == NLMSG_DONE || h->nlmsg_type == NLMSG_ERROR) &&
			 body >= sizeof(q->err))	/* both begin with an int */
			memcpy(&q->err, mnl_nlmsg_get_payload(h), sizeof(q->err));
	}
	return r;
}

/* Which unix sockets can have descriptors in flight, in the namespaces known.
 * -errno: cannot be told. */
static int find_queues(struct kernel *k, struct queues *q)
{
	const struct {
		struct nlmsghdr h;
		struct unix_diag_req body;
	} request = {
		.h = { .nlmsg_len = sizeof(request), .nlmsg_type = SOCK_DIAG_BY_FAMILY,
		       .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP },
		.body = { .sdiag_family = AF_UNIX, .udiag_states = ~0u,
			  .udiag_show = UDIAG_SHOW_RQLEN },
	};
	uint32_t ns, n = netns_count(k->netns);
	int r = index_reserve(&q->inodes, 64);

	for (ns = 0; ns < n && r == 0; ns++) {
		r = dump(k, (uint16_t)ns, NETLINK_SOCK_DIAG, &request, sizeof(request),
			 take_queues, q);
		if (ns && (r == -ENOENT || r == -ESRCH))
			r = 0;	/* the namespace is gone */
		if (r == 0)
			r = q->err;
	}
	return r;
}

/* One more pass that finds new processes and threads' tables by itself; /proc is
 * asked about those descriptors alone that can hold others. */
static int holders_by_bpf(struct kernel *k, const struct index *queued, chunk_fn fn, void *ctx)
{
	struct bpf_look look = { .queued = queued, .rings = true };
	struct numbers all = { 0 };
	int r = read_bpf(k, &look, fn, ctx);

	if (r == 0)
		r = procscan_places(&k->scan, &look.found, fn, ctx);
	if (r == 0)
		r = walk_unseen(k, &all, &look.seen, true, fn, ctx);
	vec_release(&all);
	vec_release(&look.found);
	vec_release(&look.seen);
	return r;
}

static int answer_holders(struct kernel *k, const struct ask *a, chunk_fn fn, void *ctx)
{
	struct procscan scan = k->scan;
	const struct ask_owners *arg = a->arg;
	struct queues q = { 0 };
	bool maps = a->arg_len >= sizeof(*arg) && arg->maps;
	int r = -EAGAIN;

	scan.since_ns = atomic_load(&k->walked_ns);
	if (!k->foreign && find_queues(k, &q) == 0)
		scan.queued = &q.inodes;
	if (k->bpf && scan.queued && !maps && !atomic_load(&k->bpf_err))
		r = holders_by_bpf(k, scan.queued, fn, ctx);
	if (r < 0)
		r = procscan_holders(&scan, a->arg, a->arg_len, fn, ctx);
	index_release(&q.inodes);
	return r;
}

static int answer_proc(struct kernel *k, const struct ask *a, chunk_fn fn, void *ctx)
{
	struct ask_proc arg;

	if (a->arg_len < sizeof(arg))
		return -EINVAL;
	memcpy(&arg, a->arg, sizeof(arg));
	if (a->kind == ASK_EXE)
		return procscan_exe(&k->scan, &arg, fn, ctx);
	return procscan_details(&k->scan, &arg, fn, ctx);
}

static int answer_protoname(struct kernel *k, const struct ask *a, chunk_fn fn, void *ctx)
{
	struct ask_fd arg;

	if (a->arg_len < sizeof(arg))
		return -EINVAL;
	memcpy(&arg, a->arg, sizeof(arg));
	return procscan_protoname(&k->scan, &arg, fn, ctx);
}

/* ---- namespaces and events ---------------------------------------------- */

static int take_nothing(void *ctx, const void *bytes, size_t len)
{
	(void)ctx;
	(void)bytes;
	(void)len;
	return 0;
}

static int answer_netns(struct kernel *k, const struct ask *a, chunk_fn fn, void *ctx)
{
	struct bpf_look held = { .spaces = true };
	bool deep = a->id != 0;
	bool seen = deep && by_bpf(k) && read_bpf(k, &held, take_nothing, NULL) == 0;
	int r = netns_find(k->netns, deep, seen ? &held : NULL, fn, ctx);

	vec_release(&held.found);
	vec_release(&held.seen);
	if (k->events)
		events_prune(k->events);
	return r;
}

static int answer_events(struct kernel *k, const struct ask *a, chunk_fn fn, void *ctx)
{
	struct ask_events arg = { 0 };
	uint32_t calls = 0;
	int r = 0;

	if (a->arg_len >= sizeof(arg))
		memcpy(&arg, a->arg, sizeof(arg));
	if (!k->events)
		r = events_new(k->netns, k->scan.ns_per_tick, &k->events);
	if (r < 0)
		return r;
	arg.no_bpf |= k->foreign;
	r = events_ask(k->events, &arg, &calls, fn, ctx);
	atomic_fetch_add(&k->source.calls, calls);
	k->source.events_fd = events_fd(k->events);
	return r;
}

/* ---- the source --------------------------------------------------------- */

static int kernel_ask(struct source *s, const struct ask *a, chunk_fn fn, void *ctx)
{
	struct kernel *k = of_source(s);

	switch (a->kind) {
	case ASK_FACTS:
		return procscan_facts(&k->scan, fn, ctx);
	case ASK_DIAG:
		return answer_diag(k, a, fn, ctx);
	case ASK_TEXT:
		return answer_text(k, a, fn, ctx);
	case ASK_OWNERS:
		return answer_owners(k, a, fn, ctx);
	case ASK_HOLDERS:
		return answer_holders(k, a, fn, ctx);
	case ASK_PROC:
	case ASK_EXE:
		return answer_proc(k, a, fn, ctx);
	case ASK_FILE:
		return procscan_file(&k->scan, a->arg, a->arg_len, fn, ctx);
	case ASK_PROTONAME:
		return answer_protoname(k, a, fn, ctx);
	case ASK_NETNS:
		return answer_netns(k, a, fn, ctx);
	case ASK_SOCKET_NETNS:
		return netns_of_sockets(k->netns, a->arg, a->arg_len / sizeof(struct ask_fd),
					fn, ctx);
	case ASK_NETNS_FIND:
		return netns_find_one(k->netns, a->arg, a->arg_len, fn, ctx);
	case ASK_NAT:
	case ASK_ROUTE:
		return answer_netlink(k, a, fn, ctx);
	case ASK_CGROUP:
		return cgroup_path(a->id, fn, ctx);
	case ASK_CGROUP_ID:
		return cgroup_id(a->arg, a->arg_len, fn, ctx);
	case ASK_PIDS:
		return answer_pids(k, fn, ctx);
	case ASK_ALIVE:
		return procscan_alive(&k->scan, a->arg, a->arg_len, fn, ctx);
	case ASK_EVENTS:
		return answer_events(k, a, fn, ctx);
	case ASK_UNITS:
		return k->foreign ? -EOPNOTSUPP : unitfiles_read(&s->calls, fn, ctx);
	case ASK_HOST:
	case ASK_SERVICE:
	case ASK_USER:
		return k->foreign && a->kind == ASK_USER ? -EOPNOTSUPP : nss_ask(a, fn, ctx);
	}
	return -EOPNOTSUPP;
}

static int kernel_act(struct source *s, const struct lssock_ns *where, const void *request,
		      size_t len)
{
	uint32_t calls = 0;
	int r = order_send(of_source(s)->netns, where, request, len, &calls);

	atomic_fetch_add(&s->calls, calls);
	return r;
}

static int kernel_next(struct source *s)
{
	(void)s;
	return 1;	/* the world goes on */
}

static int kernel_close(struct source *s)
{
	struct kernel *k = of_source(s);

	events_free(k->events);
	netns_free(k->netns);
	bpf_owners_free(k->bpf);
	pool_lock_free(k->bpf_lock);
	vec_release(&k->listed);
	if (k->scan.proc_fd >= 0)
		close(k->scan.proc_fd);
	mem_free(k);
	return 0;
}

static int no_root(const char *path, int code, struct lssock_err *err)
{
	struct buf shown = { 0 };

	text_safe(&shown, path, strlen(path), 0);
	if (err) {
		err->code = code;
		err->pos = -1;
		snprintf(err->msg, sizeof(err->msg), "cannot open `%.150s': %s",
			 buf_cstr(&shown), strerror(-code));
	}
	buf_release(&shown);
	return code;
}

/* Without /proc there are still rows, without owners; a root that was asked for
 * by name must be there. */
int kernel_open(const char *proc_root, enum lssock_collector collector, struct source **ret,
		struct lssock_err *err)
{
	const char *path = proc_root ? proc_root : "/proc";
	bool foreign = strcmp(path, "/proc") != 0;
	int proc_fd = proc_open_at(AT_FDCWD, path, O_RDONLY | O_DIRECTORY);
	struct kernel *k;

	if (proc_fd < 0 && foreign)
		return no_root(path, proc_fd, err);
	k = mem_alloc(sizeof(*k));
	if (k) {
		k->foreign = foreign;
		k->collector = collector;
		procscan_init(&k->scan, proc_fd < 0 ? -1 : proc_fd);
		k->scan.calls = &k->source.calls;
		k->netns = netns_new(k->scan.proc_fd, &k->source.calls);
		k->bpf_lock = pool_lock_new();
	}
	if (!k || !k->netns || !k->bpf_lock) {
		if (proc_fd >= 0)
			close(proc_fd);
		if (k) {
			netns_free(k->netns);
			pool_lock_free(k->bpf_lock);
		}
		mem_free(k);
		return -ENOMEM;
	}
	k->source = (struct source){
		.events_fd = -1, .ask = kernel_ask, .next = kernel_next, .act = kernel_act,
		.close = kernel_close, .live = true, .own_pids = k->scan.own_pids,
	};
	*ret = &k->source;
	return 0;
}
