/* SPDX-License-Identifier: MIT */
/* Texts of /proc/net: byte 0 which one. */
#include "fuzz.h"
#include "wire/procnet.h"
#include "wire/records.h"

static bool believed(void *ctx, uint32_t inode)
{
	(void)ctx;
	return inode % 3;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int which = take_byte(&data, &size) % TEXT_N;
	struct lssock_snap *s = snap_new();
	struct procnet p = { .snap = s, .believed = believed };
	char *text = exact(data, size);
	uint16_t lo, hi;

	promise(s);
	switch (which) {
	case TEXT_NET_SOCKSTAT: case TEXT_NET_SOCKSTAT6:
		procnet_time_wait(text, size);
		procnet_sockstat(text, size, "TCP:", "inuse");
		break;
	case TEXT_NET_NETSTAT:
		procnet_netstat(text, size, "TcpExt:", "ListenDrops");
		break;
	case TEXT_UNPRIV_PORT:
		procnet_port(text, size, &lo);
		break;
	case TEXT_NET_PROTOCOLS:
		procnet_protocol_count(text, size, "TCP");
		break;
	case TEXT_PORT_RANGE:
		promise(!procnet_port_range(text, size, &lo, &hi) || lo <= hi);
		break;
	case TEXT_PASSWD:
		snap_users(s, text, size);
		break;
	case TEXT_GROUP:
		snap_groups(s, text, size);
		break;
	default:
		procnet_table(&p, which, text, size);
	}
	free(text);
	for (uint32_t i = 0; i < s->socks.n; i++)
		promise((s->socks.v[i].flags & LSSOCK_F_SOURCE) == LSSOCK_SRC_PROCFS);
	read_all(s);
	lssock_snap_free(s);
	return 0;
}
