/* SPDX-License-Identifier: MIT */
/*
 * The parts of the detail pane. Values come by the names of fields, so every text is safe;
 * what does not apply or was not asked for is left out, what may not be known is a `?`.
 */
#include "live/details.h"

#include <math.h>
#include <sys/socket.h>
#include <time.h>

#include "base/num.h"
#include "base/text.h"

#define ANCESTORS 8
#define FEW_OWNERS 3

/* ---- text in the making ------------------------------------------------------------ */

void details_say(struct details *d, const char *text)
{
	buf_puts(&d->b, text);
}

bool details_value(const struct details *d, uint32_t row, uint32_t owner, const char *field,
		   struct lssock_value *ret)
{
	int f = lssock_field_find(field);

	ret->kind = LSSOCK_V_NA;
	if (f >= 0)
		lssock_get(d->p->snap, row, owner, (uint32_t)f, ret);
	return ret->kind > LSSOCK_V_LATER;
}

/* An escaped byte takes four; what is no text is short. */
static void put_value(struct details *d, const struct lssock_value *v)
{
	bool bytes = v->kind == LSSOCK_V_TEXT || v->kind == LSSOCK_V_NAME ||
		     v->kind == LSSOCK_V_END;
	size_t most = (bytes ? v->len * 4 : 0) + 512;

	if (buf_reserve(&d->b, most))
		d->b.len += lssock_value_text(v, d->b.data + d->b.len, most);
}

static bool put_of(struct details *d, uint32_t row, uint32_t owner, const char *field)
{
	struct lssock_value v;

	details_value(d, row, owner, field, &v);
	if (v.kind == LSSOCK_V_NA || v.kind == LSSOCK_V_LATER)
		return false;
	put_value(d, &v);
	return true;
}

bool details_put(struct details *d, const char *field)
{
	return put_of(d, d->p->row, d->owner, field);
}

void details_item(struct details *d)
{
	d->f->failed |= d->b.failed;
	flow_item(d->f, d->b.data, d->b.len);
	buf_reset(&d->b);
}

void details_words(struct details *d)
{
	d->f->failed |= d->b.failed;
	flow_words(d->f, d->b.data, d->b.len);
	buf_reset(&d->b);
}

/* "cwnd 48": an item, if the field has a value. */
static void item(struct details *d, const char *before, const char *field, const char *after)
{
	details_say(d, before);
	if (!details_put(d, field)) {
		buf_reset(&d->b);
		return;
	}
	details_say(d, after);
	details_item(d);
}

/* The same to the last digit: a size of which every byte counts. */
static void exact(struct details *d, const char *before, const char *field)
{
	struct lssock_value v;

	if (!details_value(d, d->p->row, 0, field, &v))
		return;
	details_say(d, before);
	buf_u64(&d->b, v.u);
	details_item(d);
}

static void words(struct details *d, const char *text)
{
	details_say(d, text);
	details_words(d);
}

void details_clock(struct details *d, uint64_t ns)
{
	time_t s = (time_t)(ns / 1000000000);
	char text[16] = "";
	struct tm tm;

	if (localtime_r(&s, &tm) && strftime(text, sizeof(text), "%H:%M:%S", &tm))
		details_say(d, text);
}

static void line(struct details *d, const char *label)
{
	flow_line(d->f, label, ROLE_PLAIN);
}

bool details_is_tcp(const struct details *d)
{
	return d->k->proto == LSSOCK_TCP && d->k->state != LSSOCK_LISTEN &&
	       d->k->state != LSSOCK_BOUND && d->k->state != LSSOCK_STATE_NONE;
}

bool details_listens(const struct details *d)
{
	return d->k->state == LSSOCK_LISTEN ||
	       (d->k->state == LSSOCK_UNCONNECTED && d->k->proto != LSSOCK_UNIX);
}

/* ---- who has it ------------------------------------------------------------------------ */

static void put_string(struct details *d, uint32_t id)
{
	size_t len = 0;
	const char *s = lssock_string(d->p->snap, id, &len);

	if (s)
		text_safe(&d->b, s, len, 0);
	else
		details_say(d, "?");
}

static void put_proc(struct details *d, uint32_t proc)
{
	const struct lssock_proc *p = &lssock_procs(d->p->snap, NULL)[proc];

	put_string(d, p->comm);
	details_say(d, "[");
	buf_i64(&d->b, p->pid);
	details_say(d, "]");
}

static void put_fd(struct details *d, const struct lssock_owner *o)
{
	if (o->fd < 0)
		return;
	details_say(d, "fd ");
	buf_i64(&d->b, o->fd);
}

static uint32_t find_pid(const struct details *d, int32_t pid)
{
	uint32_t n, i;
	const struct lssock_proc *p = lssock_procs(d->p->snap, &n);

	for (i = n; pid > 0 && i-- > 1;)
		if (p[i].pid == pid)
			return i;
	return 0;
}

/* "systemd[1] > nginx[1230] > nginx[1234]", as far as they are known. */
static void parents(struct details *d, uint32_t proc)
{
	const struct lssock_proc *p = lssock_procs(d->p->snap, NULL);
	uint32_t chain[ANCESTORS], n = 0, row;

	for (row = proc; row && n < ANCESTORS; row = find_pid(d, p[row].ppid)) {
		chain[n++] = row;
		if (p[row].ppid == p[row].pid)
			break;
	}
	row = chain[n - 1];
	if (n < 2 && p[row].ppid > 0) {
		details_say(d, "parent ");
		buf_i64(&d->b, p[row].ppid);
	} else if (n > 1) {
		while (n--) {
			put_proc(d, chain[n]);
			details_say(d, n ? " > " : "");
		}
	}
	details_item(d);
}

static void others(struct details *d)
{
	const struct lssock_owner *o = lssock_owners(d->p->snap, NULL);
	uint32_t at = o[d->owner].next, most = d->full ? 200 : FEW_OWNERS, n = 0;

	for (; at && o[at].how == LSSOCK_HOW_FD; at = o[at].next) {
		if (n++ >= most)
			continue;
		details_say(d, "also ");
		put_fd(d, &o[at]);
		details_say(d, o[at].fd < 0 ? "" : " of ");
		put_proc(d, o[at].proc);
		details_item(d);
	}
	if (n <= most)
		return;
	details_say(d, "and ");
	buf_u64(&d->b, n - most);
	details_say(d, " more");
	details_item(d);
}

static void started(struct details *d)
{
	const struct lssock_meta *m = lssock_snap_meta(d->p->snap);
	struct lssock_value v;

	if (!details_value(d, d->p->row, d->owner, "start", &v) || v.u > m->now_ns)
		return;
	details_say(d, "started ");
	num_put_duration(&d->b, (m->now_ns - v.u) / 1000);
	details_say(d, " ago");
	details_item(d);
}

static const char *why_words(enum lssock_why why)
{
	switch (why) {
	case LSSOCK_WHY_TIME_WAIT:
		return "no process: the kernel only remembers the connection";
	case LSSOCK_WHY_SYN_RECV:
		return "no process yet: the handshake has not ended";
	case LSSOCK_WHY_ACCEPT_QUEUE:
		return "no process yet: it waits to be accepted";
	case LSSOCK_WHY_ORPHAN:
		return "no process any more: it was closed, the kernel ends it";
	case LSSOCK_WHY_KERNEL:
		return "the kernel itself";
	case LSSOCK_WHY_IN_FLIGHT:
		return "no process: it is on its way through a unix socket";
	case LSSOCK_WHY_IO_URING:
		return "no descriptor: it is registered in an io_uring";
	case LSSOCK_WHY_MMAP:
		return "no descriptor: its ring is mapped";
	case LSSOCK_WHY_NO_PERMISSION:
		return "not to be seen: open files of other users may not be read";
	case LSSOCK_WHY_OTHER_PIDNS:
		return "a process in a pid namespace that is not seen from here";
	case LSSOCK_WHY_VANISHED:
		return "its process has ended in the meantime";
	case LSSOCK_WHY_LATER:
		return "nobody has looked yet";
	case LSSOCK_WHY_UNKNOWN: case LSSOCK_WHY_NONE: case LSSOCK_N_WHY:
		break;
	}
	return "not known";
}

/* Why there is none, and whom that concerns: the listener's owner, a ring's holder. */
static void unowned(struct details *d)
{
	uint32_t n, at = d->k->owner, via;
	const struct lssock_owner *o = lssock_owners(d->p->snap, &n);
	const struct lssock_sock *socks = lssock_socks(d->p->snap, &via);
	struct lssock_value v;

	if (!lssock_snap_meta(d->p->snap)->owners_asked)
		words(d, "was not asked for");
	else
		words(d, why_words((enum lssock_why)d->k->why));
	if (d->k->via < via && !at)
		at = socks[d->k->via].owner;
	if (at && at < n) {
		details_say(d, "by ");
		put_proc(d, o[at].proc);
		details_item(d);
	}
	if (details_value(d, d->p->row, 0, "user", &v))
		item(d, "created by user ", "user", "");
}

static void belongs_to(struct details *d)
{
	struct lssock_value v;

	if (details_value(d, d->p->row, d->owner, "container", &v))
		item(d, "container ", "container", "");
	else
		item(d, "", "unit", "");
	item(d, "pod ", "pod", "");
}

void details_owner(struct details *d)
{
	const struct lssock_owner *o = lssock_owners(d->p->snap, NULL);

	line(d, "Owner");
	if (!d->owner) {
		unowned(d);
		return;
	}
	put_proc(d, o[d->owner].proc);
	details_say(d, " ");
	put_fd(d, &o[d->owner]);
	details_item(d);
	item(d, "", "puser", "");
	belongs_to(d);
	started(d);
	line(d, "");
	parents(d, o[d->owner].proc);
	others(d);
	if (!d->full)
		return;
	line(d, "Program");
	item(d, "", "exe", "");
	line(d, "Command");
	details_put(d, "cmd");
	details_words(d);
}

void details_process(struct details *d)
{
	const struct lssock_owner *o = lssock_owners(d->p->snap, NULL);

	flow_head(d->f, "OWNER");
	line(d, "Process");
	if (!d->owner) {
		unowned(d);
		return;
	}
	if (details_put(d, "cmd"))
		details_words(d);
	else
		item(d, "", "proc", "");
	line(d, "Exe");
	item(d, "", "exe", "");
	line(d, "Parents");
	parents(d, o[d->owner].proc);
	line(d, "User");
	details_put(d, "puser");
	details_say(d, " (uid ");
	details_put(d, "puid");
	details_say(d, ")");
	details_item(d);
	item(d, "fds ", "nfds", "");
	started(d);
	line(d, "Unit");
	belongs_to(d);
	line(d, "Fd");
	if (o[d->owner].fd >= 0)
		buf_i64(&d->b, o[d->owner].fd);
	details_item(d);
	others(d);
}

/* ---- where it leads ------------------------------------------------------------------------ */

static void direction(struct details *d)
{
	struct lssock_value v;
	uint32_t n;

	lssock_socks(d->p->snap, &n);
	if (!details_value(d, d->p->row, 0, "dir", &v))
		return;
	details_say(d, v.len == 2 ? "in" : "out");
	if (v.len == 2 && d->k->via < n) {
		details_say(d, " via ");
		put_of(d, d->k->via, 0, "local");
	}
	details_item(d);
}

static void reach(struct details *d)
{
	static const struct { const char *scope, *words; } all[] = {
		{ "all", "every interface" }, { "public", "a public address" },
		{ "lan", "a private address" }, { "link", "a link-local address" },
		{ "local", "this machine alone" }, { "owner", "its owner may connect" },
		{ "group", "its group may connect" }, { "world", "everybody may connect" },
		{ "abstract", "everybody in the namespace may connect" },
	};
	struct lssock_value v;
	size_t i;

	if (!details_value(d, d->p->row, 0, "scope", &v))
		return;
	for (i = 0; i < sizeof(all) / sizeof(*all); i++)
		if (v.len == strlen(all[i].scope) && !memcmp(v.s, all[i].scope, v.len))
			details_say(d, all[i].words);
	details_item(d);
}

static void name(struct details *d)
{
	line(d, "Name");
	if (!details_put(d, "path"))
		details_say(d, "none");
	details_words(d);
	item(d, "file of ", "file_user", "");
	item(d, "mode ", "file_mode", "");
	item(d, "file ", "file_state", "");
	reach(d);
	line(d, "Peer");
	if (!details_put(d, "peer"))
		details_say(d, "none");
	details_item(d);
	item(d, "bound to ", "remote", "");
	item(d, "clients ", "clients", "");
}

void details_path(struct details *d)
{
	if (d->k->proto == LSSOCK_UNIX) {
		name(d);
		return;
	}
	line(d, details_listens(d) ? "Reach" : "Path");
	if (details_listens(d)) {
		item(d, "bound to ", "local", "");
		reach(d);
	} else {
		direction(d);
	}
	item(d, "on ", "iface", "");
	item(d, "clients ", "clients", "");
	item(d, "peer ", "peer", "");
	item(d, "ns ", "space", "");
}

static uint32_t from_same_host(const struct details *d)
{
	uint32_t there, i, n = 0;
	const struct lssock_sock *k = lssock_socks(d->p->snap, NULL);

	lssock_tracks(d->p->snap, &there);
	for (i = 0; i < there; i++)
		n += k[i].family == d->k->family && k[i].ns == d->k->ns && k[i].rport &&
		     !memcmp(&k[i].remote, &d->k->remote, sizeof(k[i].remote));
	return d->p->row < there && n ? n - 1 : n;
}

void details_remote(struct details *d)
{
	struct lssock_value v;
	bool inet = d->k->family == AF_INET || d->k->family == AF_INET6;
	uint32_t n;

	if (details_listens(d) || d->k->proto == LSSOCK_UNIX) {
		details_path(d);
		return;
	}
	flow_head(d->f, "PEER");
	line(d, "Remote");
	item(d, "", "remote", "");
	item(d, "here: ", "peer", "");
	line(d, "Path");
	direction(d);
	item(d, "on ", "iface", "");
	n = inet && details_value(d, d->p->row, 0, "raddr", &v) ? from_same_host(d) : 0;
	if (!n)
		return;
	line(d, "");
	buf_u64(&d->b, n);
	details_say(d, n == 1 ? " more socket with this host" : " more sockets with this host");
	details_item(d);
}

void details_ids(struct details *d)
{
	line(d, "Socket");
	item(d, "", "proto", "");
	item(d, "ns ", "space", "");
	item(d, "cookie ", "cookie", "");
	item(d, "inode ", "inode", "");
	item(d, "mark ", "mark", "");
	details_say(d, "seen ");
	if (details_put(d, "seen")) {
		details_say(d, d->t->flags & LSSOCK_T_OLDER ? ", at least" : "");
		details_item(d);
	}
	buf_reset(&d->b);
}

/* ---- how it is ---------------------------------------------------------------------------- */

static void round_trip(struct details *d)
{
	struct lssock_value v;

	if (!details_value(d, d->p->row, 0, "rtt", &v))
		return;
	details_say(d, "rtt ");
	details_put(d, "rtt");
	details_say(d, " +-");
	details_put(d, "rttvar");
	if (details_value(d, d->p->row, 0, "minrtt", &v)) {
		details_say(d, " (min ");
		details_put(d, "minrtt");
		details_say(d, ")");
	}
	details_item(d);
}

static void retransmits(struct details *d)
{
	struct lssock_value some, all;

	if (!details_value(d, d->p->row, 0, "retrans_total", &some))
		return;
	details_say(d, "retrans ");
	buf_u64(&d->b, some.u);
	if (details_value(d, d->p->row, 0, "segs_out", &all) && all.u) {
		details_say(d, " of ");
		buf_u64(&d->b, all.u);
		buf_printf(&d->b, " (%.2f%%)", (double)some.u * 100 / (double)all.u);
	}
	details_item(d);
}

void details_health(struct details *d)
{
	line(d, "Health");
	round_trip(d);
	item(d, "cwnd ", "cwnd", "");
	item(d, "ssthresh ", "ssthresh", "");
	exact(d, "mss ", "mss");
	item(d, "", "cong", "");
	line(d, "");
	retransmits(d);
	item(d, "lost ", "lost", "");
	item(d, "reord ", "reordering", "");
	item(d, "in flight ", "unacked", "");
	item(d, "rto ", "rto", "");
	item(d, "timer ", "timer", "");
	item(d, "in ", "expires", "");
	if (!d->full)
		return;
	line(d, "");
	exact(d, "pmtu ", "pmtu");
	item(d, "sacked ", "sacked", "");
	item(d, "options ", "options", "");
	item(d, "window here ", "rcv_wnd", "");
	item(d, "there ", "snd_wnd", "");
	item(d, "pacing ", "pacing_rate", "");
	item(d, "idle ", "idle", "");
}

void details_limits(struct details *d)
{
	struct lssock_value busy;

	line(d, "Limits");
	if (!details_put(d, "limits") && details_value(d, d->p->row, 0, "busy", &busy) && !busy.u)
		details_say(d, "nothing was ever to be sent");
	details_words(d);
}

void details_bytes(struct details *d)
{
	struct lssock_value v;

	line(d, "Bytes");
	item(d, "in ", "in", "");
	item(d, "out ", "out", "");
	item(d, "queued in ", "recvq", "");
	details_say(d, "out ");
	if (details_put(d, "sendq")) {
		if (details_value(d, d->p->row, 0, "sndbuf", &v)) {
			details_say(d, " of ");
			put_value(d, &v);
		}
		details_item(d);
	}
	buf_reset(&d->b);
	item(d, "delivers ", "delivery_rate", "");
}

static void buffer(struct details *d, const char *what, const char *queue, const char *room)
{
	struct lssock_value v;

	details_say(d, what);
	if (details_put(d, queue)) {
		if (details_value(d, d->p->row, 0, room, &v)) {
			details_say(d, " of ");
			put_value(d, &v);
		}
		details_item(d);
	}
	buf_reset(&d->b);
}

void details_queue(struct details *d)
{
	line(d, "Queue");
	if (d->k->state == LSSOCK_LISTEN) {
		item(d, "", "queue", " to be accepted");
		item(d, "limit ", "limit", "");
	} else {
		buffer(d, "unread ", "recvq", "rcvbuf");
		buffer(d, "to be sent ", "sendq", "sndbuf");
	}
	item(d, "drops ", "drops", "");
}

void details_memory(struct details *d)
{
	line(d, "Memory");
	item(d, "received ", "rmem", "");
	item(d, "of ", "rcvbuf", "");
	item(d, "sending ", "wmem", "");
	item(d, "of ", "sndbuf", "");
	item(d, "queued ", "wqueued", "");
	item(d, "set aside ", "fwd", "");
	item(d, "options ", "optmem", "");
	item(d, "backlog ", "backlog", "");
	item(d, "drops ", "drops", "");
}

/* ---- how it ended --------------------------------------------------------------------------- */

void details_closed(struct details *d)
{
	if (!d->t || !d->t->gone_ns)
		return;
	flow_line(d->f, "Closed", ROLE_CLOSED);
	details_clock(d, d->t->gone_ns);
	details_item(d);
	item(d, d->t->flags & LSSOCK_T_OLDER ? "after more than " : "after ", "lasted", "");
	item(d, "in ", "in", "");
	item(d, "out ", "out", "");
	if (d->k->proto == LSSOCK_TCP && !(d->t->flags & LSSOCK_T_FINAL)) {
		details_say(d, "(as of the round before)");
		details_item(d);
	}
}

/* ---- the last minute --------------------------------------------------------------------------- */

static void put_sample(struct details *d, const float *v, float sample)
{
	const struct pane_history *h = d->p->h;

	if (!(sample >= 0) || sample > 1e18f)
		details_say(d, "?");
	else if (v == h->rtt_us)
		num_put_duration(&d->b, (uint64_t)sample);
	else if (v == h->cwnd)
		buf_u64(&d->b, (uint64_t)sample);
	else
		num_put_size(&d->b, (uint64_t)sample);
}

static void graph(struct details *d, const char *label, const float *v, bool peaks)
{
	uint32_t n = d->p->h->n < PANE_SAMPLES ? d->p->h->n : PANE_SAMPLES, i;
	float peak = NAN;

	for (i = 0; i < n; i++)
		if (!(peak >= v[i]) && v[i] == v[i])
			peak = v[i];
	put_sample(d, v, n ? v[n - 1] : NAN);
	if (peaks) {
		details_say(d, "  peak ");
		put_sample(d, v, peak);
	}
	flow_graph(d->f, label, v, n, peaks ? 20 : 8, d->b.data, d->b.len);
	buf_reset(&d->b);
}

void details_graphs(struct details *d, bool all)
{
	const struct pane_history *h = d->p->h;
	bool peaks = d->f->width > 60;

	if (!h || !h->n) {
		flow_line(d->f, "", ROLE_DIM);
		words(d, !details_is_tcp(d) ? "the kernel counts no bytes of this socket" :
		      d->t && !d->t->gone_ns ? "no samples yet" : "no samples");
		return;
	}
	graph(d, "rx/s", h->rx, peaks);
	if (all)
		graph(d, "tx/s", h->tx, peaks);
	graph(d, "rtt", h->rtt_us, peaks);
	if (all)
		graph(d, "cwnd", h->cwnd, peaks);
}

static void put_state(struct details *d, uint8_t state)
{
	const char *s = state < LSSOCK_N_STATE ? lssock_state_name((enum lssock_state)state) : "";

	for (; *s; s++)
		buf_putc(&d->b, *s == '_' ? '-' : *s);
}

void details_events(struct details *d, const char *label)
{
	const struct pane_history *h = d->p->h;
	uint32_t i;

	for (i = 0; h && i < h->n_events && i < PANE_EVENTS; i++) {
		const struct pane_event *e = &h->events[i];

		line(d, i ? "" : label);
		details_clock(d, e->time_ns);
		if (e->kind == LSSOCK_EVENT_STATE) {
			details_say(d, "  ");
			put_state(d, e->was);
			details_say(d, " to ");
			put_state(d, e->state);
		} else {
			details_say(d, e->kind == LSSOCK_EVENT_OPEN ? "  opened" : "  closed");
		}
		details_item(d);
	}
}

void details_verdict(struct details *d, const char *label)
{
	enum role role = d->t && d->t->problems ? ROLE_PROBLEM : ROLE_PLAIN;

	flow_line(d->f, label, role);
	details_put(d, "verdict");
	details_words(d);
	if (role == ROLE_PLAIN)
		return;
	details_say(d, "! ");
	details_put(d, "problem");
	details_item(d);
}
