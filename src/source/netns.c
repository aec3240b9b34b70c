/* SPDX-License-Identifier: MIT */
/*
 * The list of known network namespaces, sockets inside them, and what is read
 * there. Where namespaces are found: space.c; going in: visit.c.
 */
#include <errno.h>
#include <fcntl.h>
#include <libmnl/libmnl.h>
#include <linux/net_namespace.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"
#include "base/num.h"
#include "base/pool.h"
#include "source/space.h"

#define KEPT_MAX 1024

const int nl_protocols[NL_N] = { [NL_DIAG] = NETLINK_SOCK_DIAG, [NL_ROUTE] = NETLINK_ROUTE,
				 [NL_NETFILTER] = NETLINK_NETFILTER };

struct kept { uint64_t ino; int protocol; struct mnl_socket *nl; };

struct netns {
	struct pool_lock *lock;		/* of list and kept; never held while reading */
	struct horizon h;
	struct spaces list;
	uint64_t version;		/* of the list */
	struct { struct kept *v; uint32_t n, cap; } kept;
	uint32_t keep;			/* how many sockets may be kept */
	uint32_t visits;		/* for sockets, since all were looked for */
	bool wanted[NL_N];		/* kinds of sockets that were asked for */
	_Atomic uint64_t *calls;	/* system calls are added here; NULL: nowhere */
};

static void count_calls(struct netns *n, uint32_t calls)
{
	if (n->calls)
		atomic_fetch_add(n->calls, calls);
}

/* ---- the list ----------------------------------------------------------- */

/* A copy to work with outside of the lock. */
static int space_get(struct netns *n, uint32_t ns, struct space *ret)
{
	int r = -ENOENT;

	pool_lock(n->lock);
	if (ns < n->list.n)
		r = space_copy(&n->list.v[ns], ret) ? 0 : -ENOMEM;
	pool_unlock(n->lock);
	if (r == -ENOMEM)
		space_release(ret);
	return r;
}

static int give(struct buf *b, chunk_fn fn, void *ctx)
{
	int r = b->failed ? -ENOMEM : b->len ? fn(ctx, b->data, b->len) : 0;

	buf_release(b);
	return r < 0 ? r : 0;
}

static void kept_drop(struct netns *n, uint32_t i)
{
	mnl_socket_close(n->kept.v[i].nl);
	n->kept.v[i] = n->kept.v[--n->kept.n];
}

uint32_t netns_count(struct netns *n)
{
	uint32_t count;

	pool_lock(n->lock);
	count = n->list.n;
	pool_unlock(n->lock);
	return count;
}

int netns_inodes(struct netns *n, struct inodes *ret, uint64_t *ret_version)
{
	uint32_t i;
	int r = 0;

	pool_lock(n->lock);
	if (!vec_reserve(ret, n->list.n))
		r = -ENOMEM;
	for (i = 0; r == 0 && i < n->list.n; i++)
		ret->v[i] = n->list.v[i].ino;
	ret->n = i;
	*ret_version = n->version;
	pool_unlock(n->lock);
	return r;
}

int netns_row(struct netns *n, const struct lssock_ns *where)
{
	const struct space *s;
	int r = where->flags & LSSOCK_NS_OWN ? 0 : -ENOENT;

	if (r == 0 || !where->ino)
		return r;
	pool_lock(n->lock);
	s = spaces_find(&n->list, where->ino);
	if (s && (!s->cookie || !where->cookie || s->cookie == where->cookie))
		r = (int)(s - n->list.v);
	pool_unlock(n->lock);
	return r;
}

struct netns *netns_new(int proc_fd, _Atomic uint64_t *calls)
{
	struct netns *n = mem_alloc(sizeof(*n));
	struct space *own = n ? vec_push(&n->list) : NULL;
	struct rlimit lim = { .rlim_cur = 0 };

	if (own)
		n->lock = pool_lock_new();
	if (!own || !n->lock) {
		netns_free(n);
		return NULL;
	}
	n->calls = calls;
	n->version = 1;
	horizon_init(&n->h, proc_fd);
	/* Kept sockets must leave room for the work where fds are few. */
	if (getrlimit(RLIMIT_NOFILE, &lim) == 0)
		n->keep = lim.rlim_cur / 4 < KEPT_MAX ?
			  (uint32_t)(lim.rlim_cur / 4) : KEPT_MAX;
	own->ino = n->h.own_ino;
	own->flags = LSSOCK_NS_OWN;
	return n;
}

void netns_free(struct netns *n)
{
	if (!n)
		return;
	while (n->kept.n)
		kept_drop(n, n->kept.n - 1);
	vec_release(&n->kept);
	spaces_release(&n->list);
	pool_lock_free(n->lock);
	mem_free(n);
}

static bool same_places(const struct spaces *a, const struct spaces *b)
{
	uint32_t i;

	for (i = 0; i < a->n && i < b->n && a->v[i].ino == b->v[i].ino;)
		i++;
	return i == a->n && i == b->n;
}

/* Those known before keep their order. A cookie holds as long as a socket of
 * ours keeps the namespace; else the inode may be another one's by now. */
static bool list_merge(struct netns *n, struct spaces *fresh)
{
	struct spaces merged = { 0 };
	uint32_t i, k;

	if (!vec_reserve(&merged, fresh->n))
		return false;
	for (i = 0; i < n->list.n + fresh->n; i++) {
		struct space *s = i >= n->list.n ? &fresh->v[i - n->list.n] :
			i == 0 ? &fresh->v[0] : spaces_find(fresh, n->list.v[i].ino);

		if (!s || s->taken)
			continue;
		s->taken = true;
		for (k = 0; k < n->kept.n && i < n->list.n; k++)
			if (n->kept.v[k].ino == s->ino)
				s->cookie = n->list.v[i].cookie;
		merged.v[merged.n++] = *s;
	}
	for (k = n->kept.n; k-- > 0;)
		if (n->kept.v[k].ino != n->h.own_ino && !spaces_find(&merged, n->kept.v[k].ino))
			kept_drop(n, k);
	n->version += !same_places(&n->list, &merged);
	spaces_release(&n->list);
	n->list = merged;
	vec_release(fresh);	/* what they hold has moved */
	for (i = 0; i < n->list.n; i++)
		n->list.v[i].taken = false;
	return true;
}

/* Ours is asked by a socket of ours, which is then there for the dumps. */
static void learn_own_cookie(struct netns *n)
{
	struct mnl_socket *nl;

	if (netns_socket(n, 0, NETLINK_SOCK_DIAG, &nl) == 0)
		netns_socket_back(n, 0, NETLINK_SOCK_DIAG, nl, true);
}

int netns_find(struct netns *n, bool deep, const struct bpf_look *held, chunk_fn fn, void *ctx)
{
	struct spaces fresh = { 0 };
	struct buf b = { 0 };
	uint32_t i, calls = 0;
	int r = spaces_look(&n->h, deep, held, &fresh, &calls), given;

	count_calls(n, calls);
	if (fresh.n) {
		pool_lock(n->lock);
		n->visits = 0;
		if (!list_merge(n, &fresh))
			r = -ENOMEM;
		pool_unlock(n->lock);
		learn_own_cookie(n);
	}
	spaces_release(&fresh);
	pool_lock(n->lock);
	for (i = 0; i < n->list.n; i++)
		space_put(&b, &n->list.v[i]);
	pool_unlock(n->lock);
	given = give(&b, fn, ctx);
	return r < 0 ? r : given;
}

/* Adds it behind, or finds the one that is it. *ret: its row. */
static int list_add(struct netns *n, const struct space *like, uint32_t *ret, bool *ret_new)
{
	struct space *s = spaces_find(&n->list, like->ino);

	*ret_new = !s;
	if (!s) {
		s = n->list.n < SPACES_MAX ? vec_push(&n->list) : NULL;
		if (!s)
			return -ENOMEM;
		if (!space_copy(like, s)) {
			space_release(s);
			n->list.n--;
			return -ENOMEM;
		}
		n->version++;
	}
	*ret = (uint32_t)(s - n->list.v);
	return 0;
}

static int list_give(struct netns *n, const struct space *like, bool new_only, chunk_fn fn,
		     void *ctx)
{
	struct buf b = { 0 };
	uint32_t row;
	bool fresh;
	int r;

	pool_lock(n->lock);
	r = list_add(n, like, &row, &fresh);
	if (r == 0 && (fresh || !new_only))
		space_put(&b, &n->list.v[row]);
	pool_unlock(n->lock);
	if (r < 0) {
		buf_release(&b);
		return r;
	}
	return give(&b, fn, ctx);
}

int netns_find_one(struct netns *n, const char *spec, size_t len, chunk_fn fn, void *ctx)
{
	struct space one = { 0 };
	struct buf b = { 0 };
	uint64_t pid;
	int r;

	buf_put(&b, spec, len);
	if (num_u64(spec, len, INT32_MAX, &pid))
		r = pid ? space_of_pid(&n->h, (int32_t)pid, &one) : -ESRCH;
	else if (!len || memchr(spec, '\0', len))
		r = -EINVAL;
	else
		r = space_of_path(&n->h, buf_cstr(&b), &one);
	if (r == 0)
		r = list_give(n, &one, false, fn, ctx);
	space_release(&one);
	buf_release(&b);
	return r;
}

/* Whether a namespace that may not be opened is one that is known anyway. */
static bool is_known(struct netns *n, uint64_t cookie)
{
	bool known = false;
	uint32_t i;

	pool_lock(n->lock);
	for (i = 0; i < n->list.n && cookie && !known; i++)
		known = n->list.v[i].cookie == cookie;
	pool_unlock(n->lock);
	return known;
}

int netns_of_sockets(struct netns *n, const struct ask_fd *fds, size_t n_fds, chunk_fn fn,
		     void *ctx)
{
	int r = 0, refused = 0, e;
	size_t i;

	for (i = 0; i < n_fds && r == 0; i++) {
		struct space one = { 0 };
		struct ask_fd fd;

		memcpy(&fd, (const char *)fds + i * sizeof(fd), sizeof(fd));
		e = space_of_socket(&n->h, &fd, &one);
		if (e == 0)
			r = list_give(n, &one, true, fn, ctx);
		else if (e == -EPERM && !is_known(n, one.cookie))
			refused = e;
		space_release(&one);
	}
	return r ? r : refused;
}

/* ---- inside ------------------------------------------------------------- */

/* Not worth another try until the namespaces are looked for again. */
static void remember_refusal(struct netns *n, uint64_t ino, int err)
{
	struct space *s;

	if (err != -EPERM && err != -EACCES && err != -ENOENT && err != -ESRCH &&
	    err != -EINVAL && err != -ETIMEDOUT)
		return;
	pool_lock(n->lock);
	s = spaces_find(&n->list, ino);
	if (s && !(s->flags & LSSOCK_NS_OWN)) {
		s->err = -err;
		if (err == -EPERM || err == -EACCES)
			s->flags |= LSSOCK_NS_REFUSED;
	}
	pool_unlock(n->lock);
}

static bool has_kept(const struct netns *n, uint64_t ino, int protocol)
{
	uint32_t i;

	for (i = 0; i < n->kept.n; i++)
		if (n->kept.v[i].ino == ino && n->kept.v[i].protocol == protocol)
			return true;
	return false;
}

/* Going in costs far more than a socket: what will be wanted next is brought. */
static void also_bring(struct netns *n, struct stop *s, const struct errand *e)
{
	int i;

	for (i = 0; i < NL_N && n->keep > 1; i++)
		s->also[i] = (n->wanted[i] || i == e->socket) &&
			     !has_kept(n, s->space.ino, nl_protocols[i]);
}

/* The namespace, and where several are being asked for sockets those that will be
 * next: the rest of its block. How many; 0: no memory. Rows go into ns. */
static uint32_t plan_stops(struct netns *n, uint16_t *ns, const struct errand *e,
			   struct stop *stops)
{
	uint32_t row = ns[0], end = row + 1, count = 0;

	pool_lock(n->lock);
	n->wanted[NL_DIAG] = true;
	if (e->socket >= 0)
		n->wanted[e->socket] = true;
	if (e->socket >= 0 && n->visits++ && n->kept.n + NL_N * STOPS <= n->keep)
		end = row - row % STOPS + STOPS;
	for (; row < end && row < n->list.n; row++) {
		const struct space *s = &n->list.v[row];

		if (count && (s->err || has_kept(n, s->ino, nl_protocols[e->socket])))
			continue;
		if (!space_copy(s, &stops[count].space)) {
			space_release(&stops[count].space);
			break;
		}
		also_bring(n, &stops[count], e);
		ns[count++] = (uint16_t)row;
	}
	pool_unlock(n->lock);
	return count;
}

static void keep_brought(struct netns *n, uint16_t ns, struct brought *b, int but)
{
	int i;

	for (i = 0; i < NL_N; i++)
		count_calls(n, b->nl[i] ? NLSOCK_CALLS : 0);
	for (i = 0; i < NL_N; i++)
		if (b->nl[i] && i != but) {
			netns_socket_back(n, ns, nl_protocols[i], b->nl[i], true);
			b->nl[i] = NULL;
		}
	pool_lock(n->lock);
	if (b->cookie && ns < n->list.n)
		n->list.v[ns].cookie = b->cookie;
	pool_unlock(n->lock);
}

/* What the first stop brought is the caller's, of the others it is kept. */
static void take_stop(struct netns *n, uint16_t ns, struct stop *s, bool first, int socket)
{
	count_calls(n, s->err == -EAGAIN ? 0 : STOP_CALLS);
	if (s->err == 0)
		keep_brought(n, ns, &s->brought, first ? socket : -1);
	else if (!s->entered && s->err != -EAGAIN)
		remember_refusal(n, s->space.ino, s->err);
}

static int go_in(struct netns *n, uint16_t ns, const struct errand *e, struct brought *ret)
{
	struct stop stops[STOPS] = { 0 };
	uint16_t rows[STOPS] = { ns };
	uint32_t count, i;
	int r = ns < netns_count(n) ? 0 : -ENOENT;

	if (r < 0)
		return r;
	count = plan_stops(n, rows, e, stops);
	if (!count)
		return -ENOMEM;
	if (stops[0].space.err)
		r = stops[0].err = -stops[0].space.err;
	else
		r = visit(&n->h, e, stops, count);
	for (i = 0; i < count; i++) {
		if (r == 0)
			take_stop(n, rows[i], &stops[i], i == 0, e->socket);
		space_release(&stops[i].space);
	}
	*ret = stops[0].brought;
	return r < 0 ? r : stops[0].err;
}

/* ---- sockets ------------------------------------------------------------ */

static struct mnl_socket *kept_take(struct netns *n, uint16_t ns, int protocol)
{
	struct mnl_socket *nl = NULL;
	uint32_t i;

	pool_lock(n->lock);
	for (i = 0; i < n->kept.n && ns < n->list.n; i++)
		if (n->kept.v[i].ino == n->list.v[ns].ino &&
		    n->kept.v[i].protocol == protocol) {
			nl = n->kept.v[i].nl;
			n->kept.v[i] = n->kept.v[--n->kept.n];
			break;
		}
	pool_unlock(n->lock);
	return nl;
}

static bool kept_drop_all(struct netns *n)
{
	bool any;

	pool_lock(n->lock);
	any = n->kept.n > 0;
	while (n->kept.n)
		kept_drop(n, n->kept.n - 1);
	n->keep = 0;
	pool_unlock(n->lock);
	return any;
}

static int open_here(struct netns *n, int protocol, struct mnl_socket **ret)
{
	int r = nlsock_open(protocol, ret);

	count_calls(n, NLSOCK_CALLS);
	if (r < 0)
		return r;
	pool_lock(n->lock);
	n->list.v[0].cookie = nlsock_cookie(mnl_socket_get_fd(*ret));
	pool_unlock(n->lock);
	return 0;
}

static int open_inside(struct netns *n, uint16_t ns, int protocol, struct mnl_socket **ret)
{
	struct errand e = { .socket = NL_DIAG };
	struct brought b = { 0 };
	int r;

	while (e.socket + 1 < NL_N && nl_protocols[e.socket] != protocol)
		e.socket++;
	r = go_in(n, ns, &e, &b);

	if (r == 0)
		*ret = b.nl[e.socket];
	return r;
}

static int open_socket(struct netns *n, uint16_t ns, int protocol, struct mnl_socket **ret)
{
	return ns ? open_inside(n, ns, protocol, ret) : open_here(n, protocol, ret);
}

int netns_socket(struct netns *n, uint16_t ns, int protocol, struct mnl_socket **ret)
{
	struct mnl_socket *nl = kept_take(n, ns, protocol);
	int r = 0;

	if (!nl)
		r = open_socket(n, ns, protocol, &nl);
	if ((r == -EMFILE || r == -ENFILE) && kept_drop_all(n))
		r = open_socket(n, ns, protocol, &nl);
	if (r == 0)
		*ret = nl;
	return r;
}

/* Makes room at the cost of the namespace that was left last: those that were
 * first are first in the next round, too. */
static bool kept_room(struct netns *n, uint64_t ino)
{
	uint32_t i = n->kept.n;

	if (i < n->keep)
		return true;
	while (i > 0 && n->kept.v[i - 1].ino == ino)
		i--;
	if (i)
		kept_drop(n, i - 1);
	return i && n->kept.n < n->keep;
}

void netns_socket_back(struct netns *n, uint16_t ns, int protocol, struct mnl_socket *nl,
		       bool usable)
{
	struct kept *k = NULL;

	pool_lock(n->lock);
	if (usable && ns < n->list.n && kept_room(n, n->list.v[ns].ino))
		k = vec_push(&n->kept);
	if (k)
		*k = (struct kept){ n->list.v[ns].ino, protocol, nl };
	pool_unlock(n->lock);
	if (!k)
		mnl_socket_close(nl);
}

/* ---- files and ids ------------------------------------------------------ */

/* Through a process that lives there and still does after the reading. */
static int read_of_process(struct netns *n, uint16_t ns, const char *path, struct buf *b)
{
	struct space s = { 0 };
	struct stat st;
	char own[PROC_PATH];
	size_t before = b->len;
	int dir, r = space_get(n, ns, &s);

	if (r < 0)
		return r;
	dir = s.pid ? proc_open_at(n->h.scan.proc_fd, proc_path(own, 0, 0, "", s.pid),
				   O_PATH | O_DIRECTORY) : -ESRCH;
	r = dir < 0 ? dir : io_read_at(dir, path, b, TABLE_MAX);
	if (r == 0 && (proc_stat_at(dir, s.ino ? "ns/net" : "net/dev", 0, &st) < 0 ||
		       st.st_ino != (s.ino ? s.ino : s.key))) {
		b->len = before;
		r = -ESRCH;
	}
	if (dir >= 0)
		close(dir);
	space_release(&s);
	return r;
}

int netns_read(struct netns *n, uint16_t ns, const char *path, struct buf *b)
{
	struct errand e = { .socket = -1, .file = path };
	struct brought got = { 0 };
	int r;

	count_calls(n, READ_CALLS);
	if (ns == 0)
		return visit_read_here(n->h.scan.proc_fd, path, b);
	r = go_in(n, ns, &e, &got);
	if (r == 0) {
		buf_put(b, got.text.data, got.text.len);
		buf_release(&got.text);
		return b->failed ? -ENOMEM : 0;
	}
	if ((r == -EPERM || r == -EACCES) && !strncmp(path, "net/", 4) &&
	    read_of_process(n, ns, path, b) == 0)
		return 0;
	return r;
}

struct nsid { int32_t nsid; uint32_t n; };

static int nsid_chunk(void *ctx, const void *bytes, size_t len)
{
	struct nsid *id = ctx;
	const struct nlmsghdr *h = bytes;
	const struct nlattr *a;
	int left = (int)len;

	for (; mnl_nlmsg_ok(h, left); h = mnl_nlmsg_next(h, &left)) {
		if (h->nlmsg_type != RTM_NEWNSID)
			continue;
		mnl_attr_for_each(a, h, sizeof(struct rtgenmsg))
			if (mnl_attr_get_type(a) == NETNSA_NSID &&
			    mnl_attr_validate(a, MNL_TYPE_U32) >= 0) {
				id->nsid = (int32_t)mnl_attr_get_u32(a);
				id->n++;
			}
	}
	return 0;
}

/* fd -1: all ids that were given out; else the id of that namespace. */
static int ask_nsid(struct mnl_socket *nl, int fd, struct nsid *ret)
{
	_Alignas(8) char bytes[128] = { 0 };
	struct nlmsghdr *h = mnl_nlmsg_put_header(bytes);

	h->nlmsg_type = RTM_GETNSID;
	h->nlmsg_flags = (uint16_t)(NLM_F_REQUEST | (fd < 0 ? NLM_F_DUMP : NLM_F_ACK));
	mnl_nlmsg_put_extra_header(h, sizeof(struct rtgenmsg));
	if (fd >= 0)
		mnl_attr_put_u32(h, NETNSA_FD, (uint32_t)fd);
	*ret = (struct nsid){ .nsid = -1 };
	return nlsock_dump(nl, bytes, h->nlmsg_len, NULL, nsid_chunk, ret);
}

int netns_ids(struct netns *n, uint16_t ns, chunk_fn fn, void *ctx)
{
	struct nsid all, one;
	struct buf b = { 0 };
	struct mnl_socket *nl;
	struct space s;
	uint32_t i, left;
	int fd, r = netns_socket(n, ns, NETLINK_ROUTE, &nl);

	if (r < 0)
		return r;
	r = ask_nsid(nl, -1, &all);
	left = all.n;
	for (i = 0; r == 0 && left && space_get(n, i, &s) == 0; i++) {
		struct wire_nsid rec = { .ns = (uint16_t)i };

		fd = i ? space_open(n->h.scan.proc_fd, &s, n->h.dev, true) :
			 proc_open_at(AT_FDCWD, "/proc/thread-self/ns/net", O_RDONLY);
		space_release(&s);
		if (fd < 0)
			continue;
		r = ask_nsid(nl, fd, &one);
		close(fd);
		if (r < 0 || one.nsid < 0)
			continue;
		rec.nsid = one.nsid;
		buf_put(&b, &rec, sizeof(rec));
		left--;
	}
	netns_socket_back(n, ns, NETLINK_ROUTE, nl, r == 0);
	if (r == 0)
		return give(&b, fn, ctx);
	buf_release(&b);
	return r;
}
