/* SPDX-License-Identifier: MIT */
/* Texts and records about processes: byte 0 which. */
#include "fuzz.h"
#include "wire/procfs.h"

static void inode(void *ctx, uint32_t ino)
{
	*(uint64_t *)ctx += ino;
}

static void mount_point(void *ctx, const char *path, size_t len, uint64_t ino)
{
	for (size_t i = 0; i < len; i++)
		*(uint64_t *)ctx += (uint8_t)path[i];
	*(uint64_t *)ctx += ino;
}

static void owners(struct lssock_snap *s, const char *text, size_t size)
{
	struct procfs_owners o = { .snap = s };

	promise(!procfs_owner_stream(&o, text, size));
	for (uint32_t i = 1; i < s->procs.n && i < 3; i++)
		procfs_details(s, i, text, size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t which = take_byte(&data, &size);
	struct lssock_snap *s = snap_new();
	struct lssock_sock unix_row = { .proto = LSSOCK_UNIX, .family = 1, .inode = 7,
					.state = LSSOCK_LISTEN, .cookie = 1 };
	struct lssock_proc proc = { .pid = 1, .start_ns = 1 };
	struct procfs_cgroup cgroup;
	struct procfs_facts facts;
	struct procfs_stat stat;
	char *text = exact(data, size);
	uint64_t sum = 0;
	uint32_t uid;

	promise(s && snap_add(s, &unix_row, NULL, 0, NULL) == 0);
	switch (which % 13) {
	case 0:
		if (!procfs_stat(text, size, &stat))
			promise(stat.comm_len <= sizeof(stat.comm));
		break;
	case 1: procfs_status_uid(text, size, &uid); break;
	case 2: procfs_ring_files(text, size, inode, &sum); break;
	case 3: procfs_map_sockets(text, size, inode, &sum); break;
	case 4: procfs_mount_netns(text, size, mount_point, &sum); break;
	case 5: procfs_cgroup(text, size, &cgroup); break;
	case 6: owners(s, text, size); break;
	case 7: procfs_netns(s, text, size); break;
	case 8: procfs_file(s, 0, text, size); break;
	case 9: procfs_facts(s, text, size, &facts); break;
	case 10: procfs_scm_fds(text, size); break;
	case 11:
		procfs_socket_link(text, size);
		procfs_net_link(text, size);
		break;
	case 12: procfs_details(s, snap_proc(s, &proc), text, size); break;
	}
	free(text);
	read_all(s);
	lssock_snap_free(s);
	return 0;
}
