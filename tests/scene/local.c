/* SPDX-License-Identifier: MIT */
/* Unix sockets and the families that only this machine sees. */
#include <arpa/inet.h>
#include <linux/if_alg.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/netlink.h>
#include <linux/vm_sockets.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "scene.h"

static int bind_unix(struct scene *s, const char *arg, int type, struct addr *a)
{
	int fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);
	long mode = option_number(arg, "mode", -1), gid = option_number(arg, "gid", -1);
	const struct sockaddr_un *un = (const struct sockaddr_un *)&a->ss;
	char path[sizeof(un->sun_path) + 1] = "";

	(void)s;
	if (!arg || fd < 0)
		return fd < 0 ? -errno : -EINVAL;
	parse_unix(arg, a);
	a->type = type;
	if (bind(fd, (struct sockaddr *)&a->ss, a->len))
		return -errno;
	memcpy(path, un->sun_path, a->len - offsetof(struct sockaddr_un, sun_path));
	if (path[0] && gid >= 0 && chown(path, (uid_t)-1, (gid_t)gid))
		return -errno;
	if (path[0] && mode >= 0 && chmod(path, (mode_t)mode))
		return -errno;
	return fd;
}

static int listen_unix(struct scene *s, const char *arg, int type)
{
	int fd = bind_unix(s, arg, type, &s->last->un);

	if (fd < 0)
		return fd;
	if (listen(fd, (int)option_number(arg, "backlog", 128)))
		return -errno;
	s->un = fd;
	return keep(s, "listener", fd);
}

static int unix_listen(struct scene *s, const char *arg)
{
	return listen_unix(s, arg, SOCK_STREAM);
}

static int unix_seqpacket(struct scene *s, const char *arg)
{
	return listen_unix(s, arg, SOCK_SEQPACKET);
}

static int unix_bound(struct scene *s, const char *arg)
{
	struct addr a;
	int fd = bind_unix(s, arg, SOCK_STREAM, &a);

	return fd < 0 ? fd : keep(s, "bound", fd);
}

static int unix_dgram(struct scene *s, const char *arg)
{
	int fd = bind_unix(s, arg, SOCK_DGRAM, &s->last->dgram);

	return fd < 0 ? fd : keep(s, "server", fd);
}

static int connect_unix(struct scene *s, const struct addr *a)
{
	int fd = socket(AF_UNIX, a->type | SOCK_CLOEXEC, 0);

	if (fd < 0 || connect(fd, (const struct sockaddr *)&a->ss, a->len))
		return -errno;
	s->client = fd;
	return keep(s, "client", fd);
}

static int unix_connect(struct scene *s, const char *arg)
{
	struct addr a = s->last->un;

	if (arg)
		parse_unix(arg, &a);
	return connect_unix(s, &a);
}

static int unix_accept(struct scene *s, const char *arg)
{
	(void)arg;
	return accept_one(s, s->un);
}

static int unix_conn(struct scene *s, const char *arg)
{
	int r = unix_connect(s, arg);

	return r < 0 ? r : accept_one(s, s->un);
}

static int unix_dgram_client(struct scene *s, const char *arg)
{
	(void)arg;
	return connect_unix(s, &s->last->dgram);
}

int unix_pair(struct scene *s, const char *arg)
{
	int type = !arg ? SOCK_STREAM : arg[0] == 'd' ? SOCK_DGRAM : SOCK_SEQPACKET, v[2];

	if (socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, v))
		return -errno;
	s->client = v[0];
	s->server = v[1];
	keep(s, "a", v[0]);
	return keep(s, "b", v[1]);
}

static int unlink_path(struct scene *s, const char *arg)
{
	char path[200] = "";

	if (arg)
		unescape(arg, path, sizeof(path) - 1);
	else
		memcpy(path, ((struct sockaddr_un *)&s->last->un.ss)->sun_path, 108);
	return unlink(path) ? -errno : 0;
}

static int netlink(struct scene *s, const char *arg)
{
	struct sockaddr_nl nl = { .nl_family = AF_NETLINK };
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, arg ? (int)strtol(arg, NULL, 0) : 0);

	nl.nl_groups = (uint32_t)option_number(arg, "groups", 0);
	if (fd < 0 || bind(fd, (struct sockaddr *)&nl, sizeof(nl)))
		return -errno;
	return keep(s, "bound", fd);
}

static int packet(struct scene *s, const char *arg)
{
	int type = arg ? (int)strtol(arg, NULL, 0) : ETH_P_ALL;

	return plain(s, AF_PACKET, SOCK_RAW, htons((uint16_t)type));
}

static int packet_ring(struct scene *s, const char *arg)
{
	struct tpacket_req req = { .tp_block_size = 4096, .tp_block_nr = 4,
				   .tp_frame_size = 2048, .tp_frame_nr = 8 };
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, htons(ETH_P_ALL));

	(void)arg;
	if (fd < 0 || setsockopt(fd, SOL_PACKET, PACKET_RX_RING, &req, sizeof(req)))
		return -errno;
	if (mmap(NULL, 4 * 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) == MAP_FAILED)
		return -errno;
	say(s, "ring", fd, "map");
	close(fd);
	return 0;
}

static int vsock(struct scene *s, const char *arg)
{
	struct sockaddr_vm vm = { .svm_family = AF_VSOCK, .svm_cid = VMADDR_CID_ANY,
				  .svm_port = arg ? (unsigned)strtoul(arg, NULL, 0) : 7777 };
	int fd = socket(AF_VSOCK, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)&vm, sizeof(vm)) || listen(fd, 5))
		return -errno;
	return keep(s, "listener", fd);
}

static int xdp(struct scene *s, const char *arg)
{
	(void)arg;
	return plain(s, 44 /* AF_XDP */, SOCK_RAW, 0);
}

static int alg(struct scene *s, const char *arg)
{
	struct sockaddr_alg sa = { .salg_family = AF_ALG, .salg_type = "hash",
				   .salg_name = "sha256" };
	int fd = socket(AF_ALG, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	(void)arg;
	if (fd < 0 || bind(fd, (struct sockaddr *)&sa, sizeof(sa)))
		return -errno;
	return keep(s, "bound", fd);
}

const struct thing things_local[] = {
	{ "unix-listen", unix_listen }, { "unix-seqpacket", unix_seqpacket },
	{ "unix-bound", unix_bound }, { "unix-dgram", unix_dgram },
	{ "unix-connect", unix_connect }, { "unix-accept", unix_accept },
	{ "unix-conn", unix_conn }, { "unix-dgram-client", unix_dgram_client },
	{ "unix-pair", unix_pair }, { "unlink", unlink_path }, { "netlink", netlink },
	{ "packet", packet }, { "packet-ring", packet_ring }, { "vsock", vsock },
	{ "xdp", xdp }, { "alg", alg },
	{ NULL, NULL }
};
