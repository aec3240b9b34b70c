/* SPDX-License-Identifier: MIT */
/* rtnetlink answers into interfaces, addresses and veth peers. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "messages.h"
#include "wire/records.h"
#include "wire/route.h"

static int make(void **state)
{
	struct route_dump *d = calloc(1, sizeof(*d));

	d->snap = snap_new();
	d->ns = 0;
	*state = d;
	return d->snap ? 0 : -1;
}

static int drop(void **state)
{
	struct route_dump *d = *state;

	lssock_snap_free(d->snap);
	free(d);
	return 0;
}

/* nsid -2: no such attribute. kind NULL: none. */
static void put_link(struct buf *b, int index, const char *name, const char *kind,
		     uint32_t link, int nsid)
{
	struct ifinfomsg m = { .ifi_index = index, .ifi_flags = IFF_UP };
	size_t at = msg_begin(b, RTM_NEWLINK, NLM_F_MULTI), nest;

	buf_put(b, &m, sizeof(m));
	msg_attr(b, IFLA_IFNAME, name, strlen(name) + 1);
	if (kind) {
		nest = nest_begin(b, IFLA_LINKINFO);
		msg_attr(b, IFLA_INFO_KIND, kind, strlen(kind));	/* sent without NUL */
		nest_end(b, nest);
	}
	if (link)
		msg_u32(b, IFLA_LINK, link);
	if (nsid != -2)
		msg_u32(b, IFLA_LINK_NETNSID, nsid);
	msg_end(b, at);
}

static void put_addr(struct buf *b, uint8_t family, uint8_t prefix, int index,
		     const char *address, const char *local)
{
	struct ifaddrmsg m = { .ifa_family = family, .ifa_prefixlen = prefix,
			       .ifa_index = index };
	size_t at = msg_begin(b, RTM_NEWADDR, NLM_F_MULTI), len = family == AF_INET ? 4 : 16;
	unsigned char ip[16];

	buf_put(b, &m, sizeof(m));
	inet_pton(family, address, ip);
	msg_attr(b, IFA_ADDRESS, ip, len);
	if (local) {
		inet_pton(family, local, ip);
		msg_attr(b, IFA_LOCAL, ip, len);
	}
	msg_end(b, at);
}

static void requests(void **state)
{
	struct buf b = { 0 };
	struct nlmsghdr h;

	(void)state;
	assert_int_equal(route_request(&b, ASK_ROUTE_LINKS), 0);
	memcpy(&h, b.data, sizeof(h));
	assert_int_equal(h.nlmsg_type, RTM_GETLINK);
	assert_int_equal(h.nlmsg_len, b.len);
	assert_int_equal(b.len, 16 + 16 + 8);
	buf_reset(&b);
	assert_int_equal(route_request(&b, ASK_ROUTE_ADDRS), 0);
	memcpy(&h, b.data, sizeof(h));
	assert_int_equal(h.nlmsg_type, RTM_GETADDR);
	assert_int_equal(h.nlmsg_len, b.len);
	assert_int_equal(route_request(&b, ASK_ROUTE_NSID), -EOPNOTSUPP);
	buf_release(&b);
}

static const struct lssock_iface *iface(struct route_dump *d, uint32_t index)
{
	return &d->snap->ifaces.v[snap_iface(d->snap, d->ns, index)];
}

static void expect_text(struct route_dump *d, uint32_t id, const char *want)
{
	size_t len;
	const char *s = strings_get(&d->snap->strings, id, &len);

	assert_non_null(s);
	assert_int_equal(len, strlen(want));
	assert_memory_equal(s, want, len);
}

static void links(void **state)
{
	struct route_dump *d = *state;
	struct buf b = { 0 };

	put_link(&b, 1, "lo", NULL, 0, -2);
	put_link(&b, 2, "veth0", "veth", 9, -2);
	put_link(&b, 3, "veth1", "veth", 2, 5);
	put_link(&b, 4, "eth0.7", "vlan", 1, -2);	/* the link is the one below */
	put_link(&b, 5, "veth2", "veth", 3, -1);	/* no id was given to it */
	put_link(&b, 6, "vethx", "vethx", 3, -2);
	msg_done(&b, 0);
	assert_int_equal(route_decode(d, b.data, b.len), 0);
	assert_true(d->done);
	assert_int_equal(d->bad, 0);
	expect_text(d, iface(d, 1)->name, "lo");
	assert_int_equal(iface(d, 1)->kind, 0);
	assert_int_equal(iface(d, 1)->flags, IFF_UP);
	assert_int_equal(iface(d, 1)->peer_ifindex, 0);
	expect_text(d, iface(d, 2)->kind, "veth");
	assert_int_equal(iface(d, 2)->peer_ifindex, 9);
	assert_int_equal(iface(d, 2)->peer_ns, 0);
	assert_int_equal(iface(d, 3)->peer_ifindex, 2);
	assert_int_equal(iface(d, 3)->peer_ns, 0x8005);
	assert_int_equal(iface(d, 4)->peer_ifindex, 0);
	assert_int_equal(iface(d, 4)->peer_ns, 0xffff);
	assert_int_equal(iface(d, 5)->peer_ns, 0xffff);
	assert_int_equal(iface(d, 6)->peer_ifindex, 0);
	assert_int_equal(d->snap->ifaces.n, 7);
	buf_release(&b);
}

static void nsids(void **state)
{
	const struct wire_nsid ids[] = { { 4, 0, 0 }, { 5, 1, 0 }, { 6, 9, 0 } };
	const struct lssock_ns own = { .flags = LSSOCK_NS_OWN }, other = { .ino = 4711 };
	struct route_dump *d = *state;
	struct buf b = { 0 };

	assert_int_equal(snap_ns(d->snap, &own), 0);
	assert_int_equal(snap_ns(d->snap, &other), 1);
	put_link(&b, 1, "a", "veth", 2, 5);
	put_link(&b, 2, "b", "veth", 2, 6);	/* a row that is not there */
	put_link(&b, 3, "c", "veth", 2, 7);	/* an id that is not there */
	put_link(&b, 4, "d", "veth", 2, -2);
	route_decode(d, b.data, b.len);
	route_nsids(d->snap, 1, ids, sizeof(ids));	/* others' interfaces */
	assert_int_equal(iface(d, 1)->peer_ns, 0x8005);
	route_nsids(d->snap, 0, ids, sizeof(ids) - 1);	/* the last one is cut */
	assert_int_equal(iface(d, 1)->peer_ns, 1);
	assert_int_equal(iface(d, 2)->peer_ns, 0xffff);
	assert_int_equal(iface(d, 3)->peer_ns, 0xffff);
	assert_int_equal(iface(d, 4)->peer_ns, 0);
	buf_release(&b);
}

static void addresses(void **state)
{
	struct route_dump *d = *state;
	const struct lssock_ifaddr *a;
	struct buf b = { 0 };

	put_addr(&b, AF_INET, 32, 2, "10.9.9.9", "10.0.0.1");	/* point to point */
	put_addr(&b, AF_INET6, 64, 3, "fe80::1", NULL);
	put_addr(&b, AF_INET, 33, 3, "10.0.0.2", NULL);
	put_addr(&b, AF_INET6 + 1, 0, 3, "", NULL);
	assert_int_equal(route_decode(d, b.data, b.len), 0);
	assert_int_equal(d->snap->ifaddrs.n, 2);
	assert_int_equal(d->bad, 1);
	a = d->snap->ifaddrs.v;
	assert_int_equal(a[0].family, AF_INET);
	assert_int_equal(a[0].prefix, 32);
	assert_memory_equal(a[0].ip, "\12\0\0\1", 4);
	assert_int_equal(d->snap->ifaces.v[a[0].iface].ifindex, 2);
	assert_int_equal(a[1].family, AF_INET6);
	assert_int_equal(a[1].ip[15], 1);
	buf_release(&b);
}

static void an_address_of_another_size_is_none(void **state)
{
	struct ifaddrmsg m = { .ifa_family = AF_INET6, .ifa_prefixlen = 64, .ifa_index = 1 };
	struct route_dump *d = *state;
	struct buf b = { 0 };
	size_t at = msg_begin(&b, RTM_NEWADDR, 0);

	buf_put(&b, &m, sizeof(m));
	msg_attr(&b, IFA_ADDRESS, "\1\2\3\4", 4);
	msg_end(&b, at);
	route_decode(d, b.data, b.len);
	assert_int_equal(d->bad, 1);
	assert_int_equal(d->snap->ifaddrs.n, 0);
	buf_release(&b);
}

static void errors_and_cuts(void **state)
{
	struct route_dump *d = *state;
	struct buf b = { 0 };
	size_t at, first;
	int err = -EPERM;

	put_link(&b, 2, "veth0", "veth", 9, 3);
	first = b.len;
	put_addr(&b, AF_INET, 8, 2, "10.0.0.1", NULL);
	for (size_t len = 0; len < b.len; len++) {
		char *exact = malloc(len ? len : 1);

		memcpy(exact, b.data, len);
		d->bad = 0;
		assert_int_equal(route_decode(d, exact, len), 0);
		assert_int_equal(d->bad, len && len != first ? 1 : 0);
		free(exact);
	}
	buf_reset(&b);
	at = msg_begin(&b, NLMSG_ERROR, 0);
	buf_put(&b, &err, sizeof(err));
	msg_end(&b, at);
	route_decode(d, b.data, b.len);
	assert_true(d->done);
	assert_int_equal(d->err, -EPERM);
	buf_release(&b);
}

static void out_of_memory(void **state)
{
	struct buf b = { 0 };
	int r = -ENOMEM;

	(void)state;
	for (int i = 1; i < 40; i++) {
		put_link(&b, i, "x", "veth", 1, 0);
		put_addr(&b, AF_INET, 8, i, "10.0.0.1", NULL);
	}
	for (uint64_t n = 1; r == -ENOMEM && n < 200; n++) {
		struct route_dump d = { .snap = snap_new() };

		mem_fail_at(n);
		r = route_decode(&d, b.data, b.len);
		mem_fail_at(0);
		assert_true(r == 0 || r == -ENOMEM);
		lssock_snap_free(d.snap);
	}
	assert_int_equal(r, 0);
	buf_release(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(requests),
		cmocka_unit_test_setup_teardown(links, make, drop),
		cmocka_unit_test_setup_teardown(nsids, make, drop),
		cmocka_unit_test_setup_teardown(addresses, make, drop),
		cmocka_unit_test_setup_teardown(an_address_of_another_size_is_none, make, drop),
		cmocka_unit_test_setup_teardown(errors_and_cuts, make, drop),
		cmocka_unit_test(out_of_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
