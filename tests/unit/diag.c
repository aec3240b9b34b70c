/* SPDX-License-Identifier: MIT */
/* Requests as the kernel reads them; replies with errors, gaps and lies. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <linux/netlink_diag.h>
#include <linux/packet_diag.h>
#include <linux/tipc_sockets_diag.h>
#include <linux/unix_diag.h>
#include <linux/xdp_diag.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "messages.h"

/* ---- requests ---------------------------------------------------------- */

static struct nlmsghdr request(struct buf *b, const struct diag_request *r)
{
	struct nlmsghdr h;

	buf_reset(b);
	assert_int_equal(diag_request(b, r), 0);
	memcpy(&h, b->data, sizeof(h));
	assert_int_equal(h.nlmsg_len, b->len);
	assert_int_equal(h.nlmsg_flags, NLM_F_REQUEST | NLM_F_DUMP);
	return h;
}

static void tcp_of_both_families(void **state)
{
	const unsigned char code[] = { INET_DIAG_BC_AUTO, 4, 8, 0 };
	struct diag_request r = { .proto = LSSOCK_TCP, .ext = 3, .states = 0x402, .sport = 80,
				  .bytecode = code, .bytecode_len = sizeof(code) };
	struct buf b = { 0 };
	struct inet_diag_req q;
	struct nlattr a;

	(void)state;
	assert_int_equal(request(&b, &r).nlmsg_type, 18);
	assert_int_equal(b.len, 16 + sizeof(q) + 8);
	memcpy(&q, b.data + 16, sizeof(q));
	assert_int_equal(q.idiag_ext, 3);
	assert_int_equal(q.idiag_states, 0x402);
	assert_int_equal(q.id.idiag_sport, htons(80));
	assert_int_equal(q.id.idiag_dport, 0);
	assert_int_equal(q.id.idiag_cookie[0], 0xffffffff);
	assert_int_equal(q.id.idiag_cookie[1], 0xffffffff);
	memcpy(&a, b.data + 16 + sizeof(q), sizeof(a));
	assert_int_equal(a.nla_type, INET_DIAG_REQ_BYTECODE);
	assert_int_equal(a.nla_len, 8);
	assert_memory_equal(b.data + b.len - 4, code, 4);
	buf_release(&b);
}

static void udp_of_one_family(void **state)
{
	struct diag_request r = { .proto = LSSOCK_UDP, .family = AF_INET6, .states = ~0u,
				  .dport = 53 };
	struct inet_diag_req_v2 q;
	struct buf b = { 0 };

	(void)state;
	assert_int_equal(request(&b, &r).nlmsg_type, SOCK_DIAG_BY_FAMILY);
	assert_int_equal(b.len, 16 + sizeof(q));
	memcpy(&q, b.data + 16, sizeof(q));
	assert_int_equal(q.sdiag_family, AF_INET6);
	assert_int_equal(q.sdiag_protocol, IPPROTO_UDP);
	assert_int_equal(q.id.idiag_dport, htons(53));
	buf_release(&b);
}

static void mptcp_is_no_tcp_to_old_kernels(void **state)
{
	struct diag_request r = { .proto = LSSOCK_MPTCP, .family = AF_INET };
	struct inet_diag_req_v2 q;
	struct buf b = { 0 };
	uint32_t v;

	(void)state;
	request(&b, &r);
	memcpy(&q, b.data + 16, sizeof(q));
	assert_int_equal(q.sdiag_protocol, 0);
	assert_int_equal(b.len, 16 + sizeof(q) + 8);
	memcpy(&v, b.data + b.len - 8, 4);
	assert_int_equal(v, 8 | INET_DIAG_REQ_PROTOCOL << 16);
	memcpy(&v, b.data + b.len - 4, 4);
	assert_int_equal(v, 262);
	buf_release(&b);
}

static void protocol_numbers(void **state)
{
	static const struct { uint8_t proto, number; } list[] = {
		{ LSSOCK_TCP, 6 }, { LSSOCK_UDP, 17 }, { LSSOCK_UDPLITE, 136 },
		{ LSSOCK_SCTP, 132 }, { LSSOCK_DCCP, 33 }, { LSSOCK_RAW, 255 },
	};
	struct buf b = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(list) / sizeof(list[0]); i++) {
		struct diag_request r = { .proto = list[i].proto, .family = AF_INET };

		request(&b, &r);
		assert_int_equal((uint8_t)b.data[17], list[i].number);
	}
	buf_release(&b);
}

static void what_has_no_request(void **state)
{
	struct diag_request r = { .proto = LSSOCK_ICMP, .family = AF_INET };
	struct buf b = { 0 };

	(void)state;
	assert_int_equal(diag_request(&b, &r), -EOPNOTSUPP);
	r.proto = LSSOCK_OTHER;
	assert_int_equal(diag_request(&b, &r), -EOPNOTSUPP);
	r.proto = 200;
	assert_int_equal(diag_request(&b, &r), -EOPNOTSUPP);
	/* before 5.9 this would list TCP */
	r = (struct diag_request){ .proto = LSSOCK_UDP };
	assert_int_equal(diag_request(&b, &r), -EOPNOTSUPP);
	r.proto = LSSOCK_MPTCP;
	assert_int_equal(diag_request(&b, &r), -EOPNOTSUPP);
	r = (struct diag_request){ .proto = LSSOCK_TCP, .bytecode = "", .bytecode_len = 65532 };
	assert_int_equal(diag_request(&b, &r), -EMSGSIZE);
	assert_int_equal(b.len, 0);
	assert_int_equal(diag_families(LSSOCK_ICMP)[0], -1);
	assert_int_equal(diag_families(LSSOCK_OTHER)[0], -1);
	assert_int_equal(diag_families(99)[0], -1);
}

/* Every family that is told to be asked has a request. */
static void families_can_be_asked(void **state)
{
	struct buf b = { 0 };

	(void)state;
	for (unsigned proto = 0; proto < LSSOCK_N_PROTO; proto++) {
		for (const int *f = diag_families(proto); *f >= 0; f++) {
			struct diag_request r = { .proto = proto, .family = *f };

			request(&b, &r);
		}
	}
	assert_int_equal(diag_families(LSSOCK_TCP)[0], 0);
	assert_int_equal(diag_families(LSSOCK_TCP)[1], -1);
	assert_int_equal(diag_families(LSSOCK_UDP)[0], AF_INET);
	assert_int_equal(diag_families(LSSOCK_UDP)[1], AF_INET6);
	assert_int_equal(diag_families(LSSOCK_UDP)[2], -1);
	buf_release(&b);
}

static void other_requests(void **state)
{
	struct diag_request r = { .proto = LSSOCK_UNIX, .states = 0x400 };
	struct buf b = { 0 };
	struct unix_diag_req u;
	struct netlink_diag_req n;
	struct tipc_sock_diag_req t;

	(void)state;
	diag_want(&r, 0xffffffff);
	request(&b, &r);
	assert_int_equal(b.len, 16 + sizeof(u));
	memcpy(&u, b.data + 16, sizeof(u));
	assert_int_equal(u.sdiag_family, AF_UNIX);
	assert_int_equal(u.udiag_states, 0x400);
	/* ICONS would end the dump at a listener with a long list */
	assert_int_equal(u.udiag_show, 0x7f & ~UDIAG_SHOW_ICONS);
	r = (struct diag_request){ .proto = LSSOCK_NETLINK };
	request(&b, &r);
	memcpy(&n, b.data + 16, sizeof(n));
	assert_int_equal(n.sdiag_family, AF_NETLINK);
	assert_int_equal(n.sdiag_protocol, 255);
	assert_int_equal(n.ndiag_show,
			 NDIAG_SHOW_MEMINFO | NDIAG_SHOW_GROUPS | NDIAG_SHOW_FLAGS);
	r = (struct diag_request){ .proto = LSSOCK_PACKET };
	request(&b, &r);
	memcpy(&n, b.data + 16, sizeof(n));
	assert_int_equal(n.sdiag_protocol, 0);
	assert_int_equal(n.ndiag_show & (PACKET_SHOW_MCLIST | PACKET_SHOW_FILTER), 0);
	assert_true(n.ndiag_show & PACKET_SHOW_INFO);
	r = (struct diag_request){ .proto = LSSOCK_TIPC, .states = 0x80 };
	request(&b, &r);
	memcpy(&t, b.data + 16, sizeof(t));
	assert_int_equal(t.sdiag_family, AF_TIPC);
	assert_int_equal(t.tidiag_states, 0x80);
	buf_release(&b);
}

static void wants(void **state)
{
	struct diag_request r = { .proto = LSSOCK_TCP };

	(void)state;
	diag_want(&r, 0);
	assert_int_equal(r.ext, 0);
	diag_want(&r, 1u << INET_DIAG_BBRINFO | 1u << INET_DIAG_SHUTDOWN |
			      1u << INET_DIAG_MARK);
	assert_int_equal(r.ext, 4);
	diag_want(&r, 1u << INET_DIAG_ULP_INFO | 1u << INET_DIAG_CLASS_ID);
	assert_int_equal(r.ext, 4 | 2 | 32);
	assert_int_equal(r.show, 0);
	r = (struct diag_request){ .proto = LSSOCK_UDP };
	diag_want(&r, 1u << INET_DIAG_SKMEMINFO);
	assert_int_equal(r.ext, 64);
	r = (struct diag_request){ .proto = LSSOCK_PACKET };
	diag_want(&r, 1u << PACKET_DIAG_FANOUT | 1u << PACKET_DIAG_TX_RING);
	assert_int_equal(r.show, PACKET_SHOW_FANOUT | PACKET_SHOW_RING_CFG);
}

static void kernel_states(void **state)
{
	(void)state;
	assert_int_equal(diag_kernel_states(0), 0);
	assert_int_equal(diag_kernel_states(1u << LSSOCK_LISTEN), 1u << 10);
	assert_int_equal(diag_kernel_states(1u << LSSOCK_SYN_RECV), 1u << 3 | 1u << 12);
	assert_int_equal(diag_kernel_states(1u << LSSOCK_BOUND), 1u << 13);
	assert_int_equal(diag_kernel_states(1u << LSSOCK_UNCONNECTED), 1u << 7 | 1u << 1);
	assert_int_equal(diag_kernel_states(1u << LSSOCK_STATE_NONE), 0);
	assert_int_equal(diag_kernel_states((1u << LSSOCK_N_STATE) - 1), DIAG_STATES_ALL);
}

/* ---- replies ----------------------------------------------------------- */

static int make(void **state)
{
	struct diag_dump *d = calloc(1, sizeof(*d));

	d->snap = snap_new();
	d->proto = LSSOCK_TCP;
	*state = d;
	return d->snap ? 0 : -1;
}

static int drop(void **state)
{
	struct diag_dump *d = *state;

	lssock_snap_free(d->snap);
	free(d);
	return 0;
}

static void put_row(struct buf *b, uint16_t type, uint16_t flags, uint32_t cookie)
{
	struct inet_diag_msg m = inet_msg(AF_INET, 1, cookie);
	size_t at = msg_begin(b, type, flags);

	buf_put(b, &m, sizeof(m));
	msg_end(b, at);
}

/* Decodes bytes that end where their memory does. */
static int decode(struct diag_dump *d, const struct buf *b, size_t len)
{
	unsigned char *exact = malloc(len ? len : 1);
	int r;

	memcpy(exact, b->data, len);
	r = diag_decode(d, exact, len);
	free(exact);
	return r;
}

static void a_dump(void **state)
{
	struct diag_dump *d = *state;
	struct buf b = { 0 };

	put_row(&b, 18, NLM_F_MULTI, 1);
	put_row(&b, 20, 0, 2);		/* SCTP forgets NLM_F_MULTI */
	put_row(&b, 20, NLM_F_MULTI, 1);	/* again */
	assert_int_equal(decode(d, &b, b.len), 0);
	assert_false(d->done);
	buf_reset(&b);
	msg_done(&b, 0);
	assert_int_equal(decode(d, &b, b.len), 0);
	assert_true(d->done);
	assert_int_equal(d->err, 0);
	assert_int_equal(d->rows, 3);
	assert_int_equal(d->fresh, 2);
	assert_int_equal(d->messages, 4);
	assert_int_equal(d->bad, 0);
	assert_false(d->interrupted);
	assert_int_equal(d->snap->socks.n, 2);
	buf_release(&b);
}

static void an_error_inside_done(void **state)
{
	struct diag_dump *d = *state;
	struct buf b = { 0 };

	msg_done(&b, -ENOENT);
	decode(d, &b, b.len);
	assert_true(d->done);
	assert_int_equal(d->err, -ENOENT);
	buf_release(&b);
}

static void an_error_message(void **state)
{
	struct diag_dump *d = *state;
	struct buf b = { 0 };
	int err = -EINVAL;
	size_t at = msg_begin(&b, NLMSG_ERROR, 0);

	buf_put(&b, &err, sizeof(err));
	buf_fill(&b, 0, 16);
	msg_end(&b, at);
	decode(d, &b, b.len);
	assert_true(d->done);
	assert_int_equal(d->err, -EINVAL);
	buf_release(&b);
}

static void an_error_without_a_number_is_none_the_less(void **state)
{
	struct diag_dump *d = *state;
	struct buf b = { 0 };

	msg_end(&b, msg_begin(&b, NLMSG_ERROR, 0));
	decode(d, &b, b.len);
	assert_true(d->done);
	assert_true(d->err < 0);
	buf_release(&b);
}

static void an_interrupted_dump(void **state)
{
	struct diag_dump *d = *state;
	struct buf b = { 0 };

	put_row(&b, 20, NLM_F_MULTI | NLM_F_DUMP_INTR, 1);
	decode(d, &b, b.len);
	assert_true(d->interrupted);
	buf_release(&b);
}

static void bad_messages_are_counted_and_passed_over(void **state)
{
	struct diag_dump *d = *state;
	struct inet_diag_msg wrong = inet_msg(AF_INET, 1, 9);
	struct buf b = { 0 };
	size_t at;

	wrong.idiag_family = AF_UNIX;
	at = msg_begin(&b, 20, NLM_F_MULTI);
	buf_put(&b, &wrong, sizeof(wrong));
	msg_end(&b, at);
	at = msg_begin(&b, 20, NLM_F_MULTI);
	buf_put(&b, &wrong, 71);
	msg_end(&b, at);
	msg_end(&b, msg_begin(&b, 4711, 0));
	msg_end(&b, msg_begin(&b, NLMSG_NOOP, 0));
	put_row(&b, 20, NLM_F_MULTI, 1);
	assert_int_equal(decode(d, &b, b.len), 0);
	assert_int_equal(d->bad, 3);
	assert_int_equal(d->rows, 1);
	buf_release(&b);
}

static void every_cut_is_counted(void **state)
{
	struct diag_dump *d = *state;
	struct buf b = { 0 };
	size_t first;

	put_row(&b, 20, NLM_F_MULTI, 1);
	first = b.len;
	put_row(&b, 20, NLM_F_MULTI, 2);
	for (size_t len = 0; len <= b.len; len++) {
		d->bad = 0;
		assert_int_equal(decode(d, &b, len), 0);
		assert_int_equal(d->bad, len % first ? 1 : 0);
	}
	buf_release(&b);
}

static void lying_lengths(void **state)
{
	static const uint32_t lies[] = { 0, 1, 15, 200, 0x7fffffff, 0xfffffff0, 0xffffffff };
	struct diag_dump *d = *state;
	struct buf b = { 0 };

	for (size_t i = 0; i < sizeof(lies) / sizeof(lies[0]); i++) {
		buf_reset(&b);
		put_row(&b, 20, NLM_F_MULTI, 1);
		memcpy(b.data, &lies[i], 4);
		d->bad = 0;
		assert_int_equal(decode(d, &b, b.len), 0);
		assert_int_equal(d->bad, 1);
	}
	assert_int_equal(d->rows, 0);
	buf_release(&b);
}

static void a_lying_attribute_leaves_the_row(void **state)
{
	static const uint16_t lies[] = { 0, 3, 9, 0xffff };
	const uint32_t keep[DIAG_N_CLASS] = { ~0u };
	struct diag_dump *d = *state;
	struct buf b = { 0 };

	d->keep = keep;
	for (size_t i = 0; i < sizeof(lies) / sizeof(lies[0]); i++) {
		struct inet_diag_msg m = inet_msg(AF_INET, 1, 100 + i);
		size_t at, len;

		buf_reset(&b);
		at = msg_begin(&b, 20, NLM_F_MULTI);
		buf_put(&b, &m, sizeof(m));
		msg_u8(&b, INET_DIAG_SHUTDOWN, 1);
		msg_u32(&b, INET_DIAG_MARK, 6);
		memcpy(b.data + b.len - 8, &lies[i], 2);
		msg_end(&b, at);
		d->bad = d->rows = 0;
		decode(d, &b, b.len);
		assert_int_equal(d->bad, 1);
		assert_int_equal(d->rows, 1);
		assert_non_null(snap_attr(d->snap, snap_row(d->snap, i), INET_DIAG_SHUTDOWN,
					  &len));
		assert_null(snap_attr(d->snap, snap_row(d->snap, i), INET_DIAG_MARK, &len));
	}
	buf_release(&b);
}

static size_t put_md5(struct buf *b, uint32_t cookie)
{
	struct inet_diag_msg m = inet_msg(AF_INET, 10, cookie);
	char sig[200];
	size_t at = msg_begin(b, 20, NLM_F_MULTI), keys;

	memset(sig, 'K', sizeof(sig));
	buf_put(b, &m, sizeof(m));
	msg_attr(b, INET_DIAG_CONG, "bbr", 4);
	keys = b->len;
	msg_attr(b, INET_DIAG_MD5SIG, sig, sizeof(sig));
	msg_u32(b, INET_DIAG_MARK, 0x12345678);
	msg_end(b, at);
	return keys;
}

static void only_what_is_wanted_is_kept_and_never_keys(void **state)
{
	uint32_t keep[DIAG_N_CLASS] = { ~0u };
	struct diag_dump *d = *state;
	struct buf b = { 0 };
	const uint32_t *mark;
	size_t len;

	d->keep = keep;
	put_md5(&b, 1);
	decode(d, &b, b.len);
	mark = snap_attr(d->snap, snap_row(d->snap, 0), INET_DIAG_MARK, &len);
	assert_non_null(mark);
	assert_int_equal(len, 4);
	assert_memory_equal(mark, "\x78\x56\x34\x12", 4);
	assert_memory_equal(snap_attr(d->snap, snap_row(d->snap, 0), INET_DIAG_CONG, &len),
			    "bbr", 4);
	assert_null(snap_attr(d->snap, snap_row(d->snap, 0), INET_DIAG_MD5SIG, &len));
	assert_null(memmem(d->snap->attrs.data, d->snap->attrs.len, "KKKK", 4));
	keep[DIAG_INET] = 1u << INET_DIAG_CONG;
	buf_reset(&b);
	put_md5(&b, 2);
	decode(d, &b, b.len);
	assert_null(snap_attr(d->snap, snap_row(d->snap, 1), INET_DIAG_MARK, &len));
	assert_non_null(snap_attr(d->snap, snap_row(d->snap, 1), INET_DIAG_CONG, &len));
	d->keep = NULL;
	buf_reset(&b);
	put_md5(&b, 3);
	decode(d, &b, b.len);
	assert_int_equal(snap_row(d->snap, 2)->attrs, 0);
	buf_release(&b);
}

/* unix_diag's NAME is attribute 0; a packet filter is longer than most. */
static void attribute_zero_and_long_ones_are_kept(void **state)
{
	const uint32_t keep[DIAG_N_CLASS] = { [DIAG_PACKET] = ~0u };
	struct packet_diag_msg m = { AF_PACKET, 3, 3, 12, { 3, 0 } };
	struct packet_diag_info info = { .pdi_index = 4, .pdi_flags = 9 };
	struct diag_dump *d = *state;
	struct buf b = { 0 };
	char filter[4096];
	const void *p;
	size_t at, len;

	d->keep = keep;
	d->proto = LSSOCK_PACKET;
	memset(filter, 'f', sizeof(filter));
	at = msg_begin(&b, 20, NLM_F_MULTI);
	buf_put(&b, &m, sizeof(m));
	msg_attr(&b, PACKET_DIAG_INFO, &info, sizeof(info));
	msg_attr(&b, PACKET_DIAG_FILTER, filter, sizeof(filter));
	msg_end(&b, at);
	assert_int_equal(decode(d, &b, b.len), 0);
	p = snap_attr(d->snap, snap_row(d->snap, 0), PACKET_DIAG_INFO, &len);
	assert_memory_equal(p, &info, sizeof(info));
	p = snap_attr(d->snap, snap_row(d->snap, 0), PACKET_DIAG_FILTER, &len);
	assert_int_equal(len, sizeof(filter));
	assert_memory_equal(p, filter, sizeof(filter));
	buf_release(&b);
}

static void auto_bound_rows_are_marked(void **state)
{
	const uint16_t both = LSSOCK_F_AUTOBOUND | LSSOCK_F_AUTOBOUND_KNOWN;
	struct diag_dump *d = *state;
	struct diag_dump second = { .snap = d->snap, .proto = LSSOCK_TCP,
				    .mark_autobound = true };
	struct buf b = { 0 };

	put_row(&b, 20, NLM_F_MULTI, 1);
	put_row(&b, 20, NLM_F_MULTI, 2);
	decode(d, &b, b.len);
	buf_reset(&b);
	put_row(&b, 20, NLM_F_MULTI, 2);
	decode(&second, &b, b.len);
	assert_int_equal(snap_row(d->snap, 0)->flags & both, 0);
	assert_int_equal(snap_row(d->snap, 1)->flags & both, both);
	assert_int_equal(second.fresh, 0);
	buf_release(&b);
}

/* The dump of auto-bound sockets asks for no extensions: its shorter rows must
 * not replace what the whole dump brought. */
static void marking_keeps_attributes(void **state)
{
	const uint32_t keep[DIAG_N_CLASS] = { ~0u };
	struct diag_dump *d = *state;
	struct diag_dump second = { .snap = d->snap, .proto = LSSOCK_TCP, .keep = keep,
				    .mark_autobound = true };
	struct inet_diag_msg m = inet_msg(AF_INET, 10, 7);
	struct buf b = { 0 };
	size_t at, len;

	d->keep = keep;
	put_md5(&b, 7);
	decode(d, &b, b.len);
	buf_reset(&b);
	at = msg_begin(&b, 20, NLM_F_MULTI);
	buf_put(&b, &m, sizeof(m));
	msg_u32(&b, INET_DIAG_MARK, 1);
	msg_end(&b, at);
	decode(&second, &b, b.len);
	assert_int_equal(d->snap->socks.n, 1);
	assert_true(snap_row(d->snap, 0)->flags & LSSOCK_F_AUTOBOUND);
	assert_non_null(snap_attr(d->snap, snap_row(d->snap, 0), INET_DIAG_CONG, &len));
	buf_release(&b);
}

static void out_of_memory(void **state)
{
	const uint32_t keep[DIAG_N_CLASS] = { ~0u };
	struct buf b = { 0 };
	int r = -ENOMEM;

	(void)state;
	for (unsigned i = 1; i < 30; i++)
		put_md5(&b, i);
	for (uint64_t n = 1; r == -ENOMEM && n < 200; n++) {
		struct diag_dump d = { .snap = snap_new(), .proto = LSSOCK_TCP, .keep = keep };

		mem_fail_at(n);
		r = diag_decode(&d, b.data, b.len);
		mem_fail_at(0);
		assert_true(r == 0 || r == -ENOMEM);
		assert_int_equal(r == -ENOMEM, snap_seal(d.snap) == -ENOMEM);
		lssock_snap_free(d.snap);
	}
	assert_int_equal(r, 0);
	buf_release(&b);
}

static void keys_are_scrubbed(void **state)
{
	struct buf b = { 0 }, was = { 0 };
	size_t keys;

	(void)state;
	keys = put_md5(&b, 1);
	put_row(&b, 20, NLM_F_MULTI, 2);
	buf_put(&was, b.data, b.len);
	diag_scrub(b.data, b.len);
	assert_memory_equal(b.data, was.data, keys + 4 + 20);
	for (size_t i = 0; i < 200; i++)
		assert_int_equal(b.data[keys + 4 + i], i % 100 < 20 ? 'K' : 0);
	assert_memory_equal(b.data + keys + 204, was.data + keys + 204, b.len - keys - 204);
	buf_release(&b);
	buf_release(&was);
}

/* Whatever is cut or lies: no eight bytes of a key are left. */
static void keys_are_scrubbed_from_what_is_broken(void **state)
{
	struct buf b = { 0 }, c = { 0 };
	size_t keys;

	(void)state;
	keys = put_md5(&b, 1);
	for (size_t len = 0; len <= b.len; len++) {
		char *exact = malloc(len ? len : 1);

		memcpy(exact, b.data, len);
		diag_scrub(exact, len);
		assert_null(memmem(exact, len, "KKKKKKKKKKKKKKKKKKKKK", 21));
		free(exact);
	}
	for (unsigned lie = 0; lie < 300; lie++) {
		uint16_t v = lie;

		buf_reset(&c);
		buf_put(&c, b.data, b.len);
		memcpy(c.data + keys, &v, 2);
		diag_scrub(c.data, c.len);
		assert_null(memmem(c.data, c.len, "KKKKKKKKKKKKKKKKKKKKK", 21));
	}
	buf_release(&b);
	buf_release(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tcp_of_both_families),
		cmocka_unit_test(udp_of_one_family),
		cmocka_unit_test(mptcp_is_no_tcp_to_old_kernels),
		cmocka_unit_test(protocol_numbers),
		cmocka_unit_test(what_has_no_request),
		cmocka_unit_test(families_can_be_asked),
		cmocka_unit_test(other_requests),
		cmocka_unit_test(wants),
		cmocka_unit_test(kernel_states),
#define REPLY(f) cmocka_unit_test_setup_teardown(f, make, drop)
		REPLY(a_dump),
		REPLY(an_error_inside_done),
		REPLY(an_error_message),
		REPLY(an_error_without_a_number_is_none_the_less),
		REPLY(an_interrupted_dump),
		REPLY(bad_messages_are_counted_and_passed_over),
		REPLY(every_cut_is_counted),
		REPLY(lying_lengths),
		REPLY(a_lying_attribute_leaves_the_row),
		REPLY(only_what_is_wanted_is_kept_and_never_keys),
		REPLY(attribute_zero_and_long_ones_are_kept),
		REPLY(auto_bound_rows_are_marked),
		REPLY(marking_keeps_attributes),
		cmocka_unit_test(out_of_memory),
		cmocka_unit_test(keys_are_scrubbed),
		cmocka_unit_test(keys_are_scrubbed_from_what_is_broken),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
