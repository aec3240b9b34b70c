/* SPDX-License-Identifier: MIT */
/* Identity of rows, kept attributes, chains of owners, notes, users. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "model/snap.h"

static struct lssock_sock tcp(uint64_t cookie, uint16_t lport, uint16_t rport)
{
	struct lssock_sock k = {
		.cookie = cookie, .lport = lport, .rport = rport, .family = AF_INET,
		.proto = LSSOCK_TCP, .state = LSSOCK_ESTABLISHED, .flags = LSSOCK_F_STATE,
	};

	k.local.ip[0] = 10;
	k.remote.ip[0] = 11;
	return k;
}

static uint32_t add(struct lssock_snap *s, const struct lssock_sock *k, bool *ret_new)
{
	uint32_t row = snap_add(s, k, NULL, 0, ret_new);

	assert_int_not_equal(row, LSSOCK_NONE);
	assert_int_equal(snap_find(s, k), row);
	return row;
}

static void test_identity_by_cookie(void **state)
{
	struct lssock_snap *s = snap_new();
	struct lssock_sock a = tcp(7, 1, 2), b = a;
	bool fresh;

	(void)state;
	assert_int_equal(snap_find(s, &a), LSSOCK_NONE);
	assert_int_equal(add(s, &a, &fresh), 0);
	assert_true(fresh);
	a.rport = 99;			/* the same socket, connected elsewhere since */
	a.state = LSSOCK_CLOSE_WAIT;
	assert_int_equal(add(s, &a, &fresh), 0);
	assert_false(fresh);
	assert_int_equal(s->socks.v[0].rport, 99);
	b.proto = LSSOCK_MPTCP;		/* shares the inode only */
	assert_int_equal(add(s, &b, &fresh), 1);
	b = a;
	b.ns = 3;			/* counted per namespace by old kernels */
	assert_int_equal(add(s, &b, &fresh), 2);
	lssock_snap_free(s);
}

/* The index keeps 32 bits of a key: cookies that are alike in these, as only a
 * tape has them, are still many sockets, and found quickly. */
static void test_cookies_far_apart(void **state)
{
	struct lssock_snap *s = snap_new();

	(void)state;
	for (uint32_t i = 0; i < 100000; i++) {
		struct lssock_sock k = tcp((uint64_t)i << 32 | (i ^ 77), 1, 2);

		assert_int_equal(add(s, &k, NULL), i);
	}
	lssock_snap_free(s);
}

/* Namespace and protocol are folded into the key: these two share it. */
static void test_identity_survives_equal_keys(void **state)
{
	struct lssock_snap *s = snap_new();
	struct lssock_sock a = tcp(5, 1, 2), b = tcp(5 ^ 1ull << 44, 3, 4);

	(void)state;
	a.ns = 1;
	assert_int_equal(add(s, &a, NULL), 0);
	assert_int_equal(add(s, &b, NULL), 1);
	assert_int_equal(add(s, &a, NULL), 0);
	assert_int_equal(add(s, &b, NULL), 1);
	assert_int_equal(s->socks.n, 2);
	lssock_snap_free(s);
}

static void test_sctp_shares_a_cookie(void **state)
{
	struct lssock_snap *s = snap_new();
	struct lssock_sock endpoint = tcp(7, 1, 2), assoc, other;

	(void)state;
	endpoint.proto = LSSOCK_SCTP;
	endpoint.state = LSSOCK_LISTEN;
	assoc = endpoint;
	assoc.state = LSSOCK_ESTABLISHED;	/* even with the same ends */
	other = assoc;
	other.rport = 3;
	assert_int_equal(add(s, &endpoint, NULL), 0);
	assert_int_equal(add(s, &assoc, NULL), 1);
	assert_int_equal(add(s, &other, NULL), 2);
	assoc.state = LSSOCK_FIN_WAIT1;
	assert_int_equal(add(s, &assoc, NULL), 1);
	lssock_snap_free(s);
}

static void test_mptcp_shares_a_cookie(void **state)
{
	struct lssock_snap *s = snap_new();
	struct lssock_sock listener = tcp(7, 1, 0), queued, accepted;

	(void)state;
	listener.proto = LSSOCK_MPTCP;
	listener.state = LSSOCK_LISTEN;
	listener.inode = 20;
	queued = listener;
	queued.state = LSSOCK_ESTABLISHED;
	queued.inode = 0;
	accepted = queued;
	accepted.rport = 3;
	accepted.inode = 21;
	assert_int_equal(add(s, &listener, NULL), 0);
	assert_int_equal(add(s, &queued, NULL), 1);
	assert_int_equal(add(s, &accepted, NULL), 2);
	queued.inode = 22;	/* accepted between two dumps */
	assert_int_equal(add(s, &queued, NULL), 1);
	accepted.state = LSSOCK_CLOSE;
	assert_int_equal(add(s, &accepted, NULL), 2);
	accepted.inode = 23;
	assert_int_equal(snap_find(s, &accepted), LSSOCK_NONE);
	assert_int_equal(add(s, &listener, NULL), 0);
	lssock_snap_free(s);
}

static void test_identity_without_cookie(void **state)
{
	struct lssock_snap *s = snap_new();
	struct lssock_sock a = tcp(0, 1, 2), b = a, u = { .proto = LSSOCK_UNIX,
							  .family = AF_UNIX, .inode = 5 };

	(void)state;
	b.inode = 9;
	assert_int_equal(add(s, &a, NULL), 0);
	assert_int_equal(add(s, &b, NULL), 1);
	b = a;
	b.remote.ip[3] = 1;
	assert_int_equal(add(s, &b, NULL), 2);
	assert_int_equal(add(s, &u, NULL), 3);
	u.local.w[2] = 4;		/* a file row is not identity */
	assert_int_equal(add(s, &u, NULL), 3);
	u.inode = 6;
	assert_int_equal(add(s, &u, NULL), 4);
	assert_int_equal(add(s, &a, NULL), 0);
	lssock_snap_free(s);
}

static void test_later_record_wins_but_forgets_nothing(void **state)
{
	struct lssock_snap *s = snap_new();
	struct lssock_sock a = tcp(7, 1, 2), b = tcp(7, 5, 6);
	const struct lssock_sock *k;

	(void)state;
	a.flags |= LSSOCK_F_SHUT_RD | LSSOCK_F_SHUT_KNOWN | LSSOCK_F_UID | LSSOCK_F_QUEUES |
		   LSSOCK_F_LIMIT | LSSOCK_F_AUTOBOUND | LSSOCK_F_AUTOBOUND_KNOWN | 2;
	a.uid = 1000;
	a.rqueue = 3;
	a.wqueue = 4;
	a.name = snap_string(s, "x", 1);
	add(s, &a, NULL);
	s->socks.v[0].owner = 0;
	s->socks.v[0].via = 0;
	b.flags = LSSOCK_F_V6ONLY_KNOWN | 1;	/* without F_STATE: ends are not known */
	b.peer = 0;
	add(s, &b, NULL);
	k = snap_row(s, 0);
	assert_int_equal(k->flags, (a.flags & ~LSSOCK_F_TIMER) | LSSOCK_F_V6ONLY_KNOWN | 1);
	assert_int_equal(k->uid, 1000);
	assert_int_equal(k->rqueue, 3);
	assert_int_equal(k->wqueue, 4);
	assert_int_equal(k->lport, 1);
	assert_int_equal(k->name, a.name);
	assert_int_equal(k->via, 0);
	assert_int_equal(k->peer, LSSOCK_NONE);
	b.flags = LSSOCK_F_SHUT_WR | LSSOCK_F_SHUT_KNOWN | LSSOCK_F_STATE | LSSOCK_F_QUEUES;
	add(s, &b, NULL);
	assert_int_equal(k->flags & (LSSOCK_F_SHUT_RD | LSSOCK_F_SHUT_WR), LSSOCK_F_SHUT_WR);
	assert_int_equal(k->flags & LSSOCK_F_LIMIT, 0);
	assert_int_equal(k->lport, 5);
	assert_int_equal(k->rqueue, 0);
	lssock_snap_free(s);
}

static size_t attr(char *at, uint16_t type, const void *bytes, uint16_t len)
{
	uint16_t head[2] = { (uint16_t)(len + 4), type };

	memset(at, 0, 4u + ((len + 3u) & ~3u));
	memcpy(at, head, 4);
	memcpy(at + 4, bytes, len);
	return 4u + ((len + 3u) & ~3u);
}

static void test_attributes(void **state)
{
	struct lssock_snap *s = snap_new();
	struct lssock_sock k = tcp(7, 1, 2), other = tcp(8, 1, 2);
	char a[64];
	size_t n, len, first, before;

	(void)state;
	first = attr(a, 2, "abcde", 5);
	n = first + attr(a + first, 0x8000 | 3, "", 0);
	snap_add(s, &k, a, (uint32_t)n, NULL);
	snap_add(s, &other, a, 3, NULL);
	assert_memory_equal(lssock_attr(s, 0, 2, &len), "abcde", 5);
	assert_int_equal(len, 5);
	assert_non_null(lssock_attr(s, 0, 3, &len));
	assert_int_equal(len, 0);
	assert_null(lssock_attr(s, 0, 4, &len));
	assert_null(lssock_attr(s, 1, 2, &len));
	assert_null(lssock_attr(s, 9, 2, &len));

	before = s->attrs.len;
	n = attr(a, 9, "ABCDEFGH", 8);
	snap_add(s, &k, a, (uint32_t)n, NULL);
	assert_int_equal(s->attrs.len, before);	/* they fit where the old ones were */
	assert_memory_equal(lssock_attr(s, 0, 9, &len), "ABCDEFGH", 8);
	assert_null(lssock_attr(s, 0, 2, &len));
	n = attr(a, 10, "0123456789ABCDEF", 16);
	snap_add(s, &k, a, (uint32_t)n, NULL);
	assert_true(s->attrs.len > before);
	assert_int_equal(s->attrs.len % 4, 0);
	snap_add(s, &k, NULL, 0, NULL);
	assert_memory_equal(lssock_attr(s, 0, 10, &len), "0123456789ABCDEF", 16);
	lssock_snap_free(s);
}

static void test_attributes_that_lie(void **state)
{
	static const uint16_t lengths[] = { 0, 3, 9, 100, 0xffff };
	struct lssock_snap *s = snap_new();
	struct lssock_sock k = tcp(0, 1, 2);
	uint16_t a[4] = { 0, 2, 1, 1 };
	size_t len;

	(void)state;
	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		k.cookie = i + 1;
		a[0] = lengths[i];
		snap_add(s, &k, a, sizeof(a), NULL);
		assert_null(lssock_attr(s, (uint32_t)i, 2, &len));
	}
	s->socks.v[0].attrs = 0xfffffff0;
	assert_null(lssock_attr(s, 0, 2, &len));
	lssock_snap_free(s);
}

static uint32_t proc(struct lssock_snap *s, int32_t pid, uint64_t start)
{
	struct lssock_proc p = { .pid = pid, .start_ns = start, .ns = 0xffff };

	return snap_proc(s, &p);
}

static void test_processes(void **state)
{
	struct lssock_snap *s = snap_new();
	struct lssock_proc p = { .pid = 5, .start_ns = 100, .ns = 0xffff, .uid = 7,
				 .flags = LSSOCK_P_ZOMBIE };
	uint32_t row = proc(s, 5, 100);

	(void)state;
	assert_int_equal(row, 1);
	assert_int_equal(proc(s, 5, 200), 2);	/* the pid was used again */
	s->procs.v[row].flags = LSSOCK_P_DETAILS;
	s->procs.v[row].ns = 4;
	assert_int_equal(snap_proc(s, &p), row);
	assert_int_equal(s->procs.v[row].flags, LSSOCK_P_DETAILS | LSSOCK_P_ZOMBIE);
	assert_int_equal(s->procs.v[row].uid, 7);
	assert_int_equal(s->procs.v[row].ns, 4);
	assert_int_equal(index_get(&s->by_pid, 5), 2);
	lssock_snap_free(s);
}

static int own(struct lssock_snap *s, uint32_t inode, uint32_t p, int32_t fd, unsigned how)
{
	struct lssock_owner o = { .proc = p, .fd = fd, .how = (uint8_t)how };

	return snap_owner(s, inode, &o);
}

static void assert_chain(const struct lssock_snap *s, uint32_t inode, uint32_t n)
{
	uint32_t seen = 0;

	for (uint32_t o = snap_owner_of(s, inode); o; o = s->owners.v[o].next)
		assert_int_equal(s->owners.v[o].fd, seen++);
	assert_int_equal(seen, n);
}

static void test_owners_in_order_and_once(void **state)
{
	struct lssock_snap *s = snap_new();
	uint32_t p = proc(s, 1, 1);

	(void)state;
	assert_int_equal(snap_owner_of(s, 9), 0);
	for (int twice = 0; twice < 2; twice++)
		for (int fd = 0; fd < 200; fd++) {
			assert_int_equal(own(s, 9, p, fd, LSSOCK_HOW_FD), 0);
			if (fd < 3)
				assert_int_equal(own(s, 10, p, fd, LSSOCK_HOW_FD), 0);
		}
	assert_chain(s, 9, 200);
	assert_chain(s, 10, 3);
	assert_int_equal(s->owners.n, 204);
	assert_int_equal(own(s, 0, p, 1, LSSOCK_HOW_FD), -EINVAL);
	assert_int_equal(own(s, 9, 77, 1, LSSOCK_HOW_FD), -EINVAL);
	assert_int_equal(snap_seal(s), 0);
	lssock_snap_free(s);
}

/* A long chain knows its end without walking; sorting must move that too. */
static void test_owners_sorted(void **state)
{
	struct lssock_snap *s = snap_new();
	uint32_t p = proc(s, 1, 1), seen = 0;

	(void)state;
	for (int i = 0; i < 40; i++)
		own(s, 9, p, i / 2, i % 2 ? LSSOCK_HOW_FD : LSSOCK_HOW_RING);
	snap_sort_owners(s);
	own(s, 9, p, 20, LSSOCK_HOW_RING);
	snap_sort_owners(s);
	for (uint32_t o = snap_owner_of(s, 9); o; o = s->owners.v[o].next, seen++) {
		assert_int_equal(s->owners.v[o].how, seen < 20 ? LSSOCK_HOW_FD : LSSOCK_HOW_RING);
		assert_int_equal(s->owners.v[o].fd, seen < 20 ? seen : seen - 20);
	}
	assert_int_equal(seen, 41);
	lssock_snap_free(s);
}

/* A parent comes before its children, in whatever order they were read. */
static void test_the_oldest_owner_is_first(void **state)
{
	struct lssock_snap *s = snap_new();
	uint64_t before = 0;
	uint32_t n = 0;

	(void)state;
	for (int i = 0; i < 100; i++)
		own(s, 9, proc(s, 500 - i, (uint64_t)(i * 37 % 100 + 1)), 3, LSSOCK_HOW_FD);
	snap_sort_owners(s);
	for (uint32_t o = snap_owner_of(s, 9); o; o = s->owners.v[o].next, n++) {
		assert_true(s->procs.v[s->owners.v[o].proc].start_ns > before);
		before = s->procs.v[s->owners.v[o].proc].start_ns;
	}
	assert_int_equal(n, 100);
	lssock_snap_free(s);
}

static void test_namespaces(void **state)
{
	struct lssock_snap *s = snap_new();
	struct lssock_ns own_ns = { .ino = 5, .flags = LSSOCK_NS_OWN }, a = { .ino = 6 };
	uint32_t p = proc(s, 1, 1), q = proc(s, 2, 1);

	(void)state;
	snap_lives_in(s, p, 6);
	assert_int_equal(snap_ns(s, &own_ns), 0);
	assert_int_equal(snap_ns(s, &a), 1);
	snap_find_homes(s);
	snap_lives_in(s, q, 5);
	assert_int_equal(s->procs.v[p].ns, 1);
	assert_int_equal(s->procs.v[q].ns, 0);
	a.cookie = 10;
	assert_int_equal(snap_ns(s, &a), 1);
	a.cookie = 11;			/* the inode number was used again */
	assert_int_equal(snap_ns(s, &a), 2);
	assert_int_equal(snap_ns(s, &own_ns), 0);
	assert_int_equal(s->ns.n, 3);
	lssock_snap_free(s);
}

static void test_interfaces(void **state)
{
	struct lssock_snap *s = snap_new();

	(void)state;
	assert_int_equal(snap_iface(s, 0, 0), 0);
	assert_int_equal(snap_iface(s, 0, 2), 1);
	assert_int_equal(snap_iface(s, 1, 2), 2);
	assert_int_equal(snap_iface(s, 0, 2), 1);
	assert_int_equal(s->ifaces.v[2].ns, 1);
	for (uint32_t i = 3; i < 0x10002; i++)
		snap_iface(s, 0, i);
	assert_int_equal(s->ifaces.n, 0x10000);
	assert_int_equal(s->notes.v[0].kind, LSSOCK_NOTE_LIMIT);
	lssock_snap_free(s);
}

static void assert_note(const struct lssock_snap *s, uint32_t i, const char *want)
{
	char text[300];

	assert_int_equal(lssock_note_text(s, &s->notes.v[i], text, sizeof(text)), strlen(want));
	assert_string_equal(text, want);
}

static void test_notes(void **state)
{
	struct lssock_snap *s = snap_new();
	char text[8];

	(void)state;
	snap_note(s, LSSOCK_NOTE_UNREADABLE_PROC, 0, EACCES, 1, NULL);
	assert_note(s, 0, "open files of 1 process may not be read (EACCES): try as root or "
		    "with CAP_SYS_PTRACE and CAP_DAC_READ_SEARCH");
	snap_note(s, LSSOCK_NOTE_UNREADABLE_PROC, 0, -EACCES, 11, NULL);
	snap_note(s, LSSOCK_NOTE_UNREADABLE_PROC, 0, EPERM, 1, NULL);
	snap_note(s, LSSOCK_NOTE_UNLISTABLE, 0, 0, 1, "vsock");
	snap_note(s, LSSOCK_NOTE_NETNS_REFUSED, 1, 12345, 1, "a\n\033b");
	snap_note(s, LSSOCK_NOTE_FALLBACK, 0, ENOENT, 1, "udp");
	snap_note(s, 99, 0, 0, 1, NULL);
	assert_int_equal(s->notes.n, 6);
	assert_note(s, 0, "open files of 12 processes may not be read (EACCES): try as root or "
		    "with CAP_SYS_PTRACE and CAP_DAC_READ_SEARCH");
	assert_note(s, 2, "this kernel cannot list vsock sockets");
	assert_note(s, 3, "network namespace a\\x0a\\x1bb may not be entered (errno 12345)");
	assert_note(s, 4, "udp sockets were read from /proc/net (ENOENT)");
	assert_true(lssock_note_incomplete(&s->notes.v[0]));
	assert_false(lssock_note_incomplete(&s->notes.v[4]));
	s->notes.v[4].err = EPROTONOSUPPORT;
	assert_true(lssock_note_incomplete(&s->notes.v[4]));
	assert_int_equal(lssock_note_text(s, &s->notes.v[2], text, sizeof(text)), 7);
	assert_string_equal(text, "this ke");
	assert_int_equal(lssock_note_text(s, &s->notes.v[5], text, 1), 0);
	assert_int_equal(lssock_note_text(s, &s->notes.v[5], NULL, 0), 0);
	lssock_snap_free(s);
}

/* What is cut off must not end inside a character. */
static void test_note_cut(void **state)
{
	struct lssock_snap *s = snap_new();
	char text[64];

	(void)state;
	snap_note(s, LSSOCK_NOTE_NOT_RECORDED, 0, 0, 1, "a\xc3\xa4\xe2\x82\xac");
	assert_note(s, 0, "the recording does not hold a\xc3\xa4\xe2\x82\xac");
	assert_int_equal(lssock_note_text(s, &s->notes.v[0], text, 34), 31);
	assert_int_equal(lssock_note_text(s, &s->notes.v[0], text, 35), 34);
	lssock_snap_free(s);
}

static void test_users(void **state)
{
	static const char passwd[] = "root:x:0:0:root:/root:/bin/sh\nnouid\n:x:3:3::\n"
		"toor:x:0:0::/:\nbad:x:-1:0::\nlast:x:4294967295:1::\nbob:x:1000:1000::\nend:x:7";
	struct lssock_snap *s = snap_new();
	size_t len;

	(void)state;
	snap_users(s, passwd, sizeof(passwd) - 1);
	snap_groups(s, "wheel:x:10:a,b\n", 15);
	assert_int_equal(s->users.n, 3);
	assert_memory_equal(lssock_user(s, 0, &len), "root", 4);
	assert_memory_equal(lssock_user(s, 1000, &len), "bob", 3);
	assert_int_equal(len, 3);
	assert_null(lssock_user(s, 7, &len));
	assert_null(lssock_user(s, 3, &len));
	assert_memory_equal(snap_group(s, 10, &len), "wheel", 5);
	assert_null(snap_group(s, 11, &len));
	lssock_snap_free(s);
}

static void test_holds(void **state)
{
	struct lssock_snap *s = snap_new();

	(void)state;
	assert_ptr_equal(lssock_snap_hold(s), s);
	lssock_snap_free(s);
	assert_non_null(lssock_snap_meta(s));
	lssock_snap_free(s);
	lssock_snap_free(NULL);
}

/* A snapshot of a series is made in the memory of the last one that nobody holds any
 * more: nothing of that shows, and one that is held is left alone. */
static void test_series(void **state)
{
	struct lssock_snap *a = snap_new(), *b, *c;
	char bytes[16];
	uint32_t i, value;
	size_t len;

	(void)state;
	for (i = 1; i <= 1000; i++) {
		struct lssock_sock k = tcp(i, 1, 2);

		snap_add(a, &k, bytes, (uint32_t)attr(bytes, 1, &i, 4), NULL);
		own(a, i, proc(a, (int32_t)i, 1), 3, 0);
		assert_non_null(vec_push(&a->tracks));
	}
	assert_int_equal(snap_seal(a), 0);
	b = snap_after(a);
	assert_int_equal(b->socks.n, 0);
	assert_true(b->socks.cap >= 1000 && b->attrs.cap >= a->attrs.len);
	for (i = 1; i <= 1000; i++) {
		struct lssock_sock k = tcp(i + 5000, 1, 2);

		snap_add(b, &k, bytes, (uint32_t)attr(bytes, 1, &i, 4), NULL);
	}
	assert_int_equal(snap_seal(b), 0);
	lssock_snap_free(a);
	c = snap_after(b);
	lssock_snap_free(b);		/* its memory is the next one's */
	assert_int_equal(snap_seal(c), 0);
	for (a = c, i = 0; i < 3; i++) {
		struct lssock_sock k = tcp(7, 1, 2);

		b = snap_after(a);
		assert_int_equal(b->socks.n + b->tracks.n + b->procs.n + b->notes.n, 1);
		assert_int_equal(b->owners.n, 1);
		assert_int_equal(b->attrs.len, 4);
		assert_int_equal(snap_find(b, &k), LSSOCK_NONE);
		assert_int_equal(snap_owner_of(b, 7), 0);
		value = 40 + i;
		assert_int_equal(snap_add(b, &k, bytes, (uint32_t)attr(bytes, 1, &value, 4),
					  NULL), 0);
		assert_int_equal(snap_add(b, &k, bytes, (uint32_t)attr(bytes, 1, &value, 4),
					  NULL), 0);
		assert_memory_equal(snap_attr(b, &b->socks.v[0], 1, &len), &value, 4);
		assert_int_equal(len, 4);
		assert_int_equal(snap_seal(b), 0);
		lssock_snap_free(a);
		a = b;
	}
	assert_true(a->socks.cap < 1000);	/* there were more once */
	lssock_snap_free(a);
}

/* A guess is only that. */
static void test_find_near(void **state)
{
	struct lssock_snap *s = snap_new();
	struct lssock_sock a = tcp(5, 1, 2), b = tcp(6, 1, 2), c = tcp(7, 1, 2);

	(void)state;
	add(s, &a, NULL);
	add(s, &b, NULL);
	assert_int_equal(snap_find_near(s, &b, 1), 1);
	assert_int_equal(snap_find_near(s, &b, 0), 1);
	assert_int_equal(snap_find_near(s, &b, 2), 1);
	assert_int_equal(snap_find_near(s, &b, LSSOCK_NONE), 1);
	assert_int_equal(snap_find_near(s, &c, 1), LSSOCK_NONE);
	lssock_snap_free(s);
}

/* Attributes that were made in the room for them are kept as if they were copied. */
static void test_attributes_in_place(void **state)
{
	struct lssock_snap *s = snap_new();
	struct lssock_sock a = tcp(5, 1, 2), b = tcp(6, 1, 2);
	const uint32_t one = 1, two = 2, three = 3;
	struct snap_attr both[] = { { .type = 8 }, { .type = 7 }, { .type = 9 } };
	char *room;
	size_t n;

	(void)state;
	room = snap_attrs_room(s, 16);
	n = attr(room, 7, &one, 4);
	n += attr(room + n, 8, &two, 4);
	assert_int_equal(snap_add(s, &a, room, (uint32_t)n, NULL), 0);
	room = snap_attrs_room(s, 8);
	attr(room, 7, &three, 4);
	assert_int_equal(snap_add(s, &b, room, 8, NULL), 1);
	snap_attrs(s, &s->socks.v[0], both, 3);
	assert_memory_equal(both[0].p, &two, 4);
	assert_memory_equal(both[1].p, &one, 4);
	assert_null(both[2].p);
	assert_memory_equal(snap_attr(s, &s->socks.v[1], 7, &n), &three, 4);
	/* met again: over the old ones */
	room = snap_attrs_room(s, 8);
	attr(room, 7, &two, 4);
	assert_int_equal(snap_add(s, &b, room, 8, NULL), 1);
	assert_memory_equal(snap_attr(s, &s->socks.v[1], 7, &n), &two, 4);
	assert_memory_equal(snap_attr(s, &s->socks.v[0], 7, &n), &one, 4);
	lssock_snap_free(s);
}

/* Everything once, with the n-th allocation failing: no crash, no leak, and
 * the end says that something is missing. */
static bool build(void)
{
	struct lssock_snap *before = snap_new(), *s = before ? snap_after(before) : NULL;
	struct lssock_ns n = { .ino = 5 };
	struct snap_in_flight f = { .inode = 3, .count = 1 };
	char a[16];
	int r;

	lssock_snap_free(before);
	if (!s)
		return false;
	for (uint32_t i = 1; i < 40; i++) {
		struct lssock_sock k = tcp(i, 1, 2);

		snap_add(s, &k, a, (uint32_t)attr(a, 1, &i, 4), NULL);
		own(s, 7, proc(s, (int32_t)i, 1), (int32_t)i, i % 2);
		own(s, i, 1, (int32_t)i, 0);
	}
	snap_sort_owners(s);
	snap_ns(s, &n);
	snap_lives_in(s, 1, 6);
	snap_in_flight(s, &f);
	snap_iface(s, 0, 1);
	snap_note(s, LSSOCK_NOTE_LATE, 0, 0, 1, "x");
	snap_users(s, "a:x:1:\n", 7);
	r = snap_seal(s);
	if (r == 0) {
		assert_int_equal(s->socks.n, 39);
		assert_int_equal(s->owners.n, 1 + 78);
	}
	lssock_snap_free(s);
	return r == 0;
}

static void test_out_of_memory(void **state)
{
	unsigned failures = 0;

	(void)state;
	for (uint64_t n = 1; n < 100; n++) {
		mem_fail_at(n);
		failures += !build();
	}
	mem_fail_at(0);
	assert_in_range(failures, 15, 98);
	assert_true(build());
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_identity_by_cookie),
		cmocka_unit_test(test_cookies_far_apart),
		cmocka_unit_test(test_identity_survives_equal_keys),
		cmocka_unit_test(test_sctp_shares_a_cookie),
		cmocka_unit_test(test_mptcp_shares_a_cookie),
		cmocka_unit_test(test_identity_without_cookie),
		cmocka_unit_test(test_later_record_wins_but_forgets_nothing),
		cmocka_unit_test(test_attributes),
		cmocka_unit_test(test_attributes_that_lie),
		cmocka_unit_test(test_processes),
		cmocka_unit_test(test_owners_in_order_and_once),
		cmocka_unit_test(test_owners_sorted),
		cmocka_unit_test(test_the_oldest_owner_is_first),
		cmocka_unit_test(test_namespaces),
		cmocka_unit_test(test_interfaces),
		cmocka_unit_test(test_notes),
		cmocka_unit_test(test_note_cut),
		cmocka_unit_test(test_users),
		cmocka_unit_test(test_holds),
		cmocka_unit_test(test_series),
		cmocka_unit_test(test_find_near),
		cmocka_unit_test(test_attributes_in_place),
		cmocka_unit_test(test_out_of_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
