/* SPDX-License-Identifier: MIT */
/*
 * Makes recordings for tests.
 *	maketape families FILE		answers of kernels that this one is not
 *	maketape --kernel RELEASE IN OUT	a recording under another kernel's name,
 *					hours later: nobody's services start at once
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/rtnetlink.h>
#include <linux/tipc_netlink.h>
#include <linux/vm_sockets_diag.h>
#include <linux/xdp_diag.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/io.h"
#include "source/tape.h"
#include "wire/events.h"
#include "unit/messages.h"

static _Noreturn void die(const char *what, int err)
{
	fprintf(stderr, "maketape: %s: %s\n", what, strerror(err));
	exit(1);
}

/* ---- records ------------------------------------------------------------------- */

struct tape { struct buf bytes; uint64_t records; };

static void tape_head(struct tape *t, uint32_t flags)
{
	struct tape_head h = { .version = TAPE_VERSION, .order = TAPE_ORDER, .flags = flags };

	memcpy(h.magic, TAPE_MAGIC, sizeof(h.magic));
	h.hash = tape_head_hash(&h);
	buf_put(&t->bytes, &h, sizeof(h));
}

static void tape_record(struct tape *t, struct tape_record r, const struct buf *payload)
{
	r.len = payload ? payload->len : 0;
	r.hash = tape_record_hash(&r, r.len ? payload->data : "");
	buf_put(&t->bytes, &r, sizeof(r));
	if (r.len)
		buf_put(&t->bytes, payload->data, payload->len);
	t->records++;
}

static void put_chunk(struct buf *b, const void *bytes, size_t len)
{
	uint64_t head = len;

	buf_put(b, &head, sizeof(head));
	buf_put(b, bytes, len);
	buf_fill(b, 0, tape_padded(len) - len);
}

static void tape_end(struct tape *t, const char *file)
{
	tape_record(t, (struct tape_record){ .type = RECORD_END, .id = t->records }, NULL);
	if (t->bytes.failed)
		die(file, ENOMEM);
	if (io_replace(file, t->bytes.data, t->bytes.len, 0644) < 0)
		die(file, EIO);
	buf_release(&t->bytes);
}

/* ---- another machine ------------------------------------------------------------ */

#define LATER_NS (11520ull * 1000000000)

/* The facts with another release and time. */
static void change_facts(struct buf *out, const char *text, size_t len, const char *release)
{
	const char *line = text, *end = text + len, *nl;

	for (; line < end; line = nl + 1) {
		nl = memchr(line, '\n', (size_t)(end - line));
		if (!nl)
			nl = end - 1;
		if (!strncmp(line, "kernel ", 7))
			buf_printf(out, "kernel %s\n", release);
		else if (!strncmp(line, "now ", 4))
			buf_printf(out, "now %llu\n", strtoull(line + 4, NULL, 10) + LATER_NS);
		else
			buf_put(out, line, (size_t)(nl + 1 - line));
	}
}

/* What was told happened as much later. */
static void change_event(void *ctx, const struct wire_event *e, unsigned char *body)
{
	struct wire_event *to = (struct wire_event *)(void *)(body - sizeof(*e));
	uint64_t later = e->time_ns + LATER_NS;

	(void)ctx;
	memcpy(&to->time_ns, &later, sizeof(later));
}

/* The chunks of an answer are u64 length and bytes, padded to 8. */
static void change_events(char *payload, size_t len)
{
	uint64_t n;

	for (; len >= sizeof(n); payload += tape_padded(n), len -= tape_padded(n)) {
		memcpy(&n, payload, sizeof(n));
		payload += sizeof(n);
		len -= sizeof(n);
		if (n > len)
			return;
		events_each(payload, n, change_event, NULL);
	}
}

static void copy(const char *release, const char *in, const char *file)
{
	struct buf b = { 0 }, text = { 0 }, payload = { 0 };
	struct tape t = { 0 };
	struct tape_head h;
	struct tape_record r;
	uint64_t len;
	size_t at;

	if (io_read_at(AT_FDCWD, in, &b, SIZE_MAX) < 0 || b.len < sizeof(h))
		die(in, EIO);
	memcpy(&h, b.data, sizeof(h));
	tape_head(&t, h.flags);
	for (at = sizeof(h); b.len - at >= sizeof(r); at += r.len) {
		memcpy(&r, b.data + at, sizeof(r));
		at += sizeof(r);
		if (r.type == RECORD_END)
			break;
		buf_reset(&payload);
		buf_put(&payload, b.data + at, r.len);
		if (r.type == RECORD_ANSWER && r.kind == ASK_FACTS && r.len > sizeof(len)) {
			memcpy(&len, b.data + at, sizeof(len));
			buf_reset(&text);
			buf_reset(&payload);
			change_facts(&text, b.data + at + sizeof(len), len, release);
			put_chunk(&payload, text.data, text.len);
		}
		if (r.type == RECORD_ANSWER && r.kind == ASK_EVENTS)
			change_events(payload.data, payload.len);
		tape_record(&t, r, &payload);
	}
	tape_end(&t, file);
	buf_release(&b);
	buf_release(&text);
	buf_release(&payload);
}

/* ---- a machine with every family ------------------------------------------------ */

static void answer(struct tape *t, struct tape_record r, const void *bytes, size_t len)
{
	struct buf payload = { 0 };

	r.type = RECORD_ANSWER;
	if (len)
		put_chunk(&payload, bytes, len);
	tape_record(t, r, &payload);
	buf_release(&payload);
}

static void answer_text(struct tape *t, uint16_t kind, uint64_t id, const char *text)
{
	answer(t, (struct tape_record){ .kind = kind, .id = id }, text, strlen(text));
}

static void answer_diag(struct tape *t, uint8_t proto, uint8_t family, struct buf *b)
{
	msg_done(b, 0);
	answer(t, (struct tape_record){ .kind = ASK_DIAG, .id = ask_diag_id(proto, family, 0) },
	       b->data, b->len);
	buf_reset(b);
}

struct inet_end { const char *addr; uint16_t port; };
struct inet_sock {
	uint8_t proto, family, state, shown;	/* shown: INET_DIAG_PROTOCOL */
	uint32_t inode, uid, rqueue, wqueue;
	struct inet_end local, remote;
};

static const struct inet_sock inets[] = {
	{ LSSOCK_SCTP, AF_INET, 10, 0, 1001, 0, 0, 128, { "0.0.0.0", 36412 }, { 0 } },
	{ LSSOCK_SCTP, AF_INET, 3, 0, 1001, 0, 0, 0, { "10.0.0.5", 36412 }, { "10.0.0.9", 40001 } },
	{ LSSOCK_SCTP, AF_INET, 3, 0, 1001, 0, 96, 0, { "10.0.0.5", 36412 }, { "10.0.0.10", 40002 } },
	{ LSSOCK_SCTP, AF_INET6, 10, 0, 1002, 0, 0, 5, { "::", 2905 }, { 0 } },
	{ LSSOCK_DCCP, AF_INET6, 10, 0, 1003, 1000, 0, 5, { "::", 5001 }, { 0 } },
	{ LSSOCK_DCCP, AF_INET, 1, 0, 1004, 1000, 0, 0, { "10.0.0.5", 40100 }, { "10.0.0.9", 5001 } },
	{ LSSOCK_UDPLITE, AF_INET, 7, 0, 1005, 1000, 2304, 0, { "10.0.0.5", 7000 }, { 0 } },
	{ LSSOCK_RAW, AF_INET, 7, 89, 1006, 0, 0, 0, { "0.0.0.0", 89 }, { 0 } },
	{ LSSOCK_RAW, AF_INET, 1, 1, 1007, 0, 0, 0, { "10.0.0.5", 1 }, { "10.0.0.9", 0 } },
	{ LSSOCK_RAW, AF_INET6, 7, 58, 1008, 0, 0, 0, { "::", 58 }, { 0 } },
	{ LSSOCK_RAW, AF_INET, 7, 255, 1009, 0, 0, 0, { "0.0.0.0", 255 }, { 0 } },
};

static void put_addr(uint8_t family, const char *addr, void *ret)
{
	if (addr && inet_pton(family, addr, ret) != 1)
		die(addr, EINVAL);
}

static void put_inet(struct buf *b, const struct inet_sock *k)
{
	size_t at = msg_begin(b, SOCK_DIAG_BY_FAMILY, NLM_F_MULTI);
	struct inet_diag_msg m = {
		.idiag_family = k->family, .idiag_state = k->state, .idiag_inode = k->inode,
		.idiag_uid = k->uid, .idiag_rqueue = k->rqueue, .idiag_wqueue = k->wqueue,
		.id = { .idiag_sport = htons(k->local.port), .idiag_dport = htons(k->remote.port),
			.idiag_cookie = { k->inode, 0 } },
	};
	struct sockaddr_storage ends = { .ss_family = k->family };

	put_addr(k->family, k->local.addr, m.id.idiag_src);
	put_addr(k->family, k->remote.addr, m.id.idiag_dst);
	buf_put(b, &m, sizeof(m));
	msg_u8(b, INET_DIAG_SHUTDOWN, 0);
	if (k->proto == LSSOCK_SCTP && k->remote.port) {	/* an association */
		msg_attr(b, INET_DIAG_LOCALS, &ends, sizeof(ends));
		msg_attr(b, INET_DIAG_PEERS, &ends, sizeof(ends));
	}
	if (k->shown)
		msg_u8(b, INET_DIAG_PROTOCOL, k->shown);
	if (k->family == AF_INET6)
		msg_u8(b, INET_DIAG_SKV6ONLY, 0);
	msg_end(b, at);
}

static void make_inet(struct tape *t, struct buf *b)
{
	static const uint8_t protos[] = { LSSOCK_MPTCP, LSSOCK_SCTP, LSSOCK_DCCP, LSSOCK_UDP,
					  LSSOCK_UDPLITE, LSSOCK_RAW };
	static const uint8_t families[] = { AF_INET, AF_INET6 };

	for (size_t p = 0; p < sizeof(protos); p++)
		for (size_t f = 0; f < sizeof(families); f++) {
			for (size_t i = 0; i < sizeof(inets) / sizeof(inets[0]); i++)
				if (inets[i].proto == protos[p] && inets[i].family == families[f])
					put_inet(b, &inets[i]);
			answer_diag(t, protos[p], families[f], b);
		}
	answer_diag(t, LSSOCK_TCP, 0, b);
}

static void make_vsock(struct tape *t, struct buf *b)
{
	static const struct vsock_diag_msg list[] = {
		{ AF_VSOCK, SOCK_STREAM, 10, 0, UINT32_MAX, 1024, 0, 0, 1101, { 1101, 0 } },
		{ AF_VSOCK, SOCK_STREAM, 1, 0, 3, 1024, 2, 2201, 1102, { 1102, 0 } },
		{ AF_VSOCK, SOCK_STREAM, 1, 2, 3, 5300, 2, 9999, 1103, { 1103, 0 } },
		{ AF_VSOCK, SOCK_DGRAM, 7, 0, 3, 77, 0, 0, 1104, { 1104, 0 } },
	};
	size_t at, i;

	for (i = 0; i < sizeof(list) / sizeof(list[0]); i++) {
		at = msg_begin(b, SOCK_DIAG_BY_FAMILY, NLM_F_MULTI);
		buf_put(b, &list[i], sizeof(list[i]));
		msg_end(b, at);
	}
	answer_diag(t, LSSOCK_VSOCK, 0, b);
}

static void make_xdp(struct tape *t, struct buf *b)
{
	static const struct xdp_diag_msg m = { AF_XDP, SOCK_RAW, 0, 1201, { 1201, 0 } };
	static const struct xdp_diag_info info = { 2, 3 };
	static const struct xdp_diag_ring ring = { 2048 };
	static const struct xdp_diag_umem umem = {
		.size = 4194304, .num_pages = 1024, .chunk_size = 4096, .ifindex = 2,
		.queue_id = 3, .refs = 1,
	};
	size_t at = msg_begin(b, SOCK_DIAG_BY_FAMILY, NLM_F_MULTI);

	buf_put(b, &m, sizeof(m));
	msg_attr(b, XDP_DIAG_INFO, &info, sizeof(info));
	msg_u32(b, XDP_DIAG_UID, 0);
	msg_attr(b, XDP_DIAG_RX_RING, &ring, sizeof(ring));
	msg_attr(b, XDP_DIAG_UMEM, &umem, sizeof(umem));
	msg_end(b, at);
	answer_diag(t, LSSOCK_XDP, 0, b);
}

static void put_tipc(struct buf *b, uint32_t type, uint32_t state, uint32_t inode, uint32_t ref,
		     uint32_t peer)
{
	size_t at = msg_begin(b, SOCK_DIAG_BY_FAMILY, NLM_F_MULTI);
	size_t nest = nest_begin(b, TIPC_NLA_SOCK | NLA_F_NESTED), con;
	uint64_t cookie = inode;

	msg_u32(b, TIPC_NLA_SOCK_TYPE, type);
	msg_u32(b, TIPC_NLA_SOCK_TIPC_STATE, state);
	msg_u32(b, TIPC_NLA_SOCK_INO, inode);
	msg_u32(b, TIPC_NLA_SOCK_UID, 1000);
	msg_u32(b, TIPC_NLA_SOCK_ADDR, 0x1001);
	msg_u32(b, TIPC_NLA_SOCK_REF, ref);
	msg_attr(b, TIPC_NLA_SOCK_COOKIE, &cookie, sizeof(cookie));
	if (peer) {
		con = nest_begin(b, TIPC_NLA_SOCK_CON);
		msg_u32(b, TIPC_NLA_CON_NODE, 0x1002);
		msg_u32(b, TIPC_NLA_CON_SOCK, peer);
		nest_end(b, con);
	}
	nest_end(b, nest);
	msg_end(b, at);
}

static void make_tipc(struct tape *t, struct buf *b)
{
	put_tipc(b, SOCK_SEQPACKET, 10, 1301, 600, 0);
	put_tipc(b, SOCK_SEQPACKET, 1, 1302, 601, 700);
	answer_diag(t, LSSOCK_TIPC, 0, b);
	answer_diag(t, LSSOCK_UNIX, 0, b);
	answer_diag(t, LSSOCK_NETLINK, 0, b);
	answer_diag(t, LSSOCK_PACKET, 0, b);
}

static void make_owners(struct tape *t, struct buf *b)
{
	static const struct { int32_t pid; uint32_t uid; const char *comm; uint32_t inodes[6]; }
	list[] = {
		{ 1, 0, "systemd", { 0 } }, { 210, 0, "mme", { 1001, 1002 } },
		{ 220, 1000, "dccp-app", { 1003, 1004, 1005 } },
		{ 230, 0, "ospfd", { 1006, 1009 } }, { 231, 0, "ping", { 1007, 1008 } },
		{ 240, 0, "qemu-agent", { 1101, 1102, 1103, 1104 } },
		{ 250, 0, "xdp-router", { 1201 } }, { 260, 1000, "tipc-app", { 1301, 1302 } },
	};
	size_t i, f;

	for (i = 0; i < sizeof(list) / sizeof(list[0]); i++) {
		struct own_task task = { .type = OWN_TASK, .pid = list[i].pid,
					 .ppid = list[i].pid > 1, .uid = list[i].uid,
					 .start_ns = (uint64_t)list[i].pid * 1000000000u };

		memcpy(task.comm, list[i].comm, strlen(list[i].comm));
		buf_put(b, &task, sizeof(task));
		for (f = 0; f < 6 && list[i].inodes[f]; f++) {
			struct own_fd fd = { .inode = list[i].inodes[f], .pid = (uint32_t)list[i].pid,
					     .fd = 3 + (int32_t)f };

			buf_put(b, &fd, sizeof(fd));
		}
	}
	answer(t, (struct tape_record){ .kind = ASK_OWNERS }, b->data, b->len);
	buf_reset(b);
	answer(t, (struct tape_record){ .kind = ASK_HOLDERS }, NULL, 0);
}

/* The interface that the xdp socket is bound to. */
static void make_links(struct tape *t, struct buf *b)
{
	const struct ifinfomsg m = { .ifi_index = 2, .ifi_flags = IFF_UP };
	size_t at = msg_begin(b, RTM_NEWLINK, NLM_F_MULTI);

	buf_put(b, &m, sizeof(m));
	msg_attr(b, IFLA_IFNAME, "eth0", 5);
	msg_end(b, at);
	msg_done(b, 0);
	answer(t, (struct tape_record){ .kind = ASK_ROUTE, .id = ASK_ROUTE_LINKS }, b->data, b->len);
	buf_reset(b);
}

static void make_families(const char *file)
{
	const struct wire_ns own = { .len = sizeof(own), .flags = LSSOCK_NS_OWN | LSSOCK_NS_HOST,
				     .ino = 4026531840u, .cookie = 1, .pid = 1, .nprocs = 8 };
	struct tape t = { 0 };
	struct buf b = { 0 };

	tape_head(&t, 0);
	answer_text(&t, ASK_FACTS, 0,
		    "now 1763690400000000000\nboot 1763600400000000000\nhost core7\n"
		    "kernel 6.12.0\npid 900\nuid 0\nnetns 4026531840\nnetns_cookie 1\n"
		    "pidns_root 1\nhidepid 0\nproc 1\nfd_sizes 1\n");
	answer(&t, (struct tape_record){ .kind = ASK_NETNS }, &own, sizeof(own));
	answer(&t, (struct tape_record){ .kind = ASK_NETNS, .id = 1 }, &own, sizeof(own));
	answer_text(&t, ASK_TEXT, TEXT_PASSWD, "root:x:0:0::/:/bin/sh\nradio:x:1000:1000::/:/bin/sh\n");
	answer_text(&t, ASK_TEXT, TEXT_GROUP, "root:x:0:\n");
	answer_text(&t, ASK_TEXT, TEXT_PORT_RANGE, "32768\t60999\n");
	answer_text(&t, ASK_TEXT, TEXT_NET_SOCKSTAT, "sockets: used 22\nTCP: inuse 0 orphan 0 tw 0 alloc 0 mem 0\n");
	make_inet(&t, &b);
	make_vsock(&t, &b);
	make_xdp(&t, &b);
	make_tipc(&t, &b);
	make_owners(&t, &b);
	make_links(&t, &b);
	tape_end(&t, file);
	buf_release(&b);
}

int main(int argc, char **argv)
{
	if (argc == 5 && !strcmp(argv[1], "--kernel"))
		copy(argv[2], argv[3], argv[4]);
	else if (argc == 3 && !strcmp(argv[1], "families"))
		make_families(argv[2]);
	else
		die("families FILE, or --kernel RELEASE IN OUT", EINVAL);
	return 0;
}
