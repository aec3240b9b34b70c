/* SPDX-License-Identifier: MIT */
/*
 * What is known by its port, its program or its path: services that are meant for their
 * own machine, sockets by which a daemon is ruled, programs that read packets.
 */
#include "audit/check.h"

#define TCP 1
#define UDP 2
#define COMM_MAX 15			/* the kernel cuts names of processes there */

struct known_service {
	const char *name;
	const char *programs;		/* globs; a TCP port of theirs is it, whatever number */
	uint8_t protos;
	bool both;			/* neither the port nor the program says it alone */
	struct { uint16_t lo, hi; } ports[4];
};

/* Ports that many programs use have no row of their own: there the program decides. */
static const struct known_service services[] = {
	{ "Redis", "redis-server* redis-sentinel* valkey-server* keydb-server", TCP, false,
	  { { 6379, 6379 }, { 26379, 26379 } } },
	{ "PostgreSQL", "postgres pgbouncer", TCP, false, { { 5432, 5432 } } },
	{ "MySQL", "mysqld mariadbd", TCP, false, { { 3306, 3306 }, { 33060, 33060 } } },
	{ "MongoDB", "mongod mongos", TCP, false, { { 27017, 27019 } } },
	{ "memcached", "memcached", TCP | UDP, false, { { 11211, 11211 } } },
	{ "Elasticsearch", "", TCP, false, { { 9200, 9200 }, { 9300, 9300 } } },
	{ "the Docker API", "", TCP, false, { { 2375, 2376 } } },
	{ "kubelet", "", TCP, false, { { 10250, 10250 }, { 10255, 10255 } } },
	{ "the Kubernetes API without authentication", "kube-apiserver", TCP, true,
	  { { 8080, 8080 } } },
	{ "etcd", "", TCP, false, { { 2379, 2380 } } },
	{ "X11", "Xorg X Xwayland Xvfb Xephyr", TCP, false, { { 6000, 6063 } } },
	{ "VNC", "Xvnc Xtigervnc x11vnc vino-server wayvnc krfb", TCP, false,
	  { { 5900, 5909 } } },
	{ "remote desktop", "xrdp gnome-remote-desktop-daemon", TCP, false,
	  { { 3389, 3389 } } },
	{ "rpcbind", "rpcbind", TCP | UDP, false, { { 111, 111 } } },
	{ "NFS", "", TCP | UDP, false, { { 2049, 2049 } } },
	{ "SMB", "smbd", TCP, false, { { 139, 139 }, { 445, 445 } } },
	{ "CUPS", "cupsd", TCP | UDP, false, { { 631, 631 } } },
	{ "RabbitMQ", "", TCP, false, { { 5672, 5672 }, { 15672, 15672 }, { 25672, 25672 } } },
	{ "epmd", "epmd", TCP, false, { { 4369, 4369 } } },
	{ "ZooKeeper", "", TCP, false, { { 2181, 2181 } } },
	{ "Kafka", "", TCP, false, { { 9092, 9092 } } },
	{ "Cassandra", "", TCP, false, { { 9042, 9042 } } },
	{ "Cassandra", "java", TCP, true, { { 7000, 7001 } } },
	{ "CouchDB", "", TCP, false, { { 5984, 5984 } } },
	{ "InfluxDB", "influxd", TCP, false, { { 8086, 8086 } } },
	{ "ClickHouse", "clickhouse-server", TCP, false, { { 8123, 8123 } } },
	{ "Prometheus", "prometheus", TCP, false, { { 0, 0 } } },
	{ "node_exporter", "node_exporter prometheus-node-exporter", TCP, false,
	  { { 0, 0 } } },
	{ "Consul", "", TCP, false, { { 8500, 8500 } } },
	{ "Vault", "", TCP, false, { { 8200, 8200 } } },
	{ "Hadoop", "", TCP, false, { { 50070, 50070 }, { 9870, 9870 } } },
	{ "Spark", "java", TCP, true, { { 7077, 7077 } } },
	{ "Hazelcast", "", TCP, false, { { 5701, 5701 } } },
	{ "Ceph", "ceph-mon ceph-osd ceph-mds ceph-mgr", TCP, false,
	  { { 3300, 3300 }, { 6789, 6789 } } },
	{ "SQL Server", "sqlservr", TCP, false, { { 1433, 1433 } } },
	{ "Oracle", "tnslsnr", TCP, false, { { 1521, 1521 } } },
	{ "SNMP", "", UDP, false, { { 161, 161 } } },
	{ "TFTP", "", UDP, false, { { 69, 69 } } },
	{ "telnet", "telnetd in.telnetd", TCP, false, { { 23, 23 } } },
	{ "rsync", "rsync", TCP, false, { { 873, 873 } } },
	{ "Jupyter", "jupyter-*", TCP, false, { { 0, 0 } } },
	{ "Jupyter", "python*", TCP, true, { { 8888, 8888 } } },
	{ "PHP-FPM", "php-fpm*", TCP, false, { { 0, 0 } } },
	{ "adb", "adb adbd", TCP, false, { { 5555, 5555 } } },
	{ "the debugger of Node.js", "", TCP, false, { { 9229, 9229 } } },
	{ "the debugger of Java", "java", TCP, true, { { 5005, 5005 } } },
	{ "the debugger of Python", "python*", TCP, true, { { 5678, 5678 } } },
	{ "gdbserver", "gdbserver lldb-server*", TCP, false, { { 0, 0 } } },
	{ "distcc", "distccd", TCP, false, { { 3632, 3632 } } },
	{ "Ollama", "ollama", TCP, false, { { 11434, 11434 } } },
};

static uint8_t proto_bit(uint8_t proto)
{
	switch (proto) {
	case LSSOCK_TCP: case LSSOCK_MPTCP:
		return TCP;
	case LSSOCK_UDP: case LSSOCK_UDPLITE:
		return UDP;
	default:
		return 0;
	}
}

static bool port_in(const struct known_service *k, uint16_t port)
{
	const size_t n = sizeof(k->ports) / sizeof(k->ports[0]);

	for (size_t i = 0; i < n && k->ports[i].hi; i++)
		if (port >= k->ports[i].lo && port <= k->ports[i].hi)
			return true;
	return false;
}

static bool is_program(const struct judge *j, const struct known_service *k,
		       const struct lssock_proc *p)
{
	const char *name;
	size_t len;

	if (!p || !*k->programs)
		return false;
	if (exe_name(j, p, &name, &len) && name_in(k->programs, name, len, 0))
		return true;
	name = p->comm ? strings_get(&j->s->strings, p->comm, &len) : NULL;
	return name && name_in(k->programs, name, len, COMM_MAX);
}

uint16_t port_that_serves(const struct judge *j, const struct lssock_service *v)
{
	uint32_t n;
	const struct lssock_nat *nats = lssock_nats(j->s, &n);

	return v->nat < n && nats[v->nat].to_lo ? nats[v->nat].to_lo : v->port;
}

const char *known_service(const struct judge *j, const struct lssock_service *v,
			  bool *ret_by_program)
{
	const struct lssock_proc *p = proc_of_owner(j, v->owner);
	uint16_t serves = port_that_serves(j, v);
	uint8_t bit = proto_bit(v->proto);
	const char *by_port = NULL;

	*ret_by_program = false;
	for (size_t i = 0; bit && i < sizeof(services) / sizeof(services[0]); i++) {
		const struct known_service *k = &services[i];
		bool port = port_in(k, serves), program = is_program(j, k, p);

		if (!(k->protos & bit) || (k->both && !(port && program)))
			continue;
		/* UDP: programs have ports there for their own questions as well. */
		if (program && (port || bit == TCP)) {
			*ret_by_program = true;
			return k->name;
		}
		if (port && !by_port)
			by_port = k->name;
	}
	return by_port;
}

/* ---- sockets by which others are ruled ------------------------------------------------- */

/* The first that fits. Who may talk to a container runtime is root there. Databases and
 * libvirt ask for a password or look at the peer themselves. */
static const struct known_socket sockets[] = {
	{ "*/docker.sock */dockerd.sock */cri-dockerd.sock */dockershim.sock", "Docker",
	  LSSOCK_MEDIUM, LSSOCK_HIGH },
	{ "*/containerd.sock */buildkitd.sock */k3s/containerd/*.sock", "containerd",
	  LSSOCK_MEDIUM, LSSOCK_HIGH },
	{ "*/podman.sock */crio.sock", "the container runtime", LSSOCK_MEDIUM, LSSOCK_HIGH },
	{ "*/lxd/unix.socket */incus/unix.socket", "the container manager",
	  LSSOCK_MEDIUM, LSSOCK_HIGH },
	{ "*/kubelet.sock */device-plugins/*.sock", "kubelet", LSSOCK_MEDIUM, LSSOCK_HIGH },
	{ "*/libvirt-sock */libvirt-admin-sock */virtqemud-sock */virtlxcd-sock", "libvirt",
	  LSSOCK_LOW, LSSOCK_MEDIUM },
	{ "*/mysqld.sock */mysqlx.sock */mysql.sock", "MySQL", LSSOCK_LOW, LSSOCK_MEDIUM },
	{ "*/.s.PGSQL.*", "PostgreSQL", LSSOCK_LOW, LSSOCK_MEDIUM },
	{ "*/redis*.sock */valkey*.sock", "Redis", LSSOCK_LOW, LSSOCK_HIGH },
	{ "*/memcached*.sock", "memcached", LSSOCK_LOW, LSSOCK_HIGH },
	{ "*/mongodb-*.sock", "MongoDB", LSSOCK_LOW, LSSOCK_HIGH },
	{ "*/php*fpm*.sock", "PHP-FPM", LSSOCK_LOW, LSSOCK_HIGH },
	{ "*/haproxy/admin.sock */haproxy.sock", "HAProxy", LSSOCK_LOW, LSSOCK_HIGH },
	{ "*/supervisor.sock */supervisord.sock", "supervisord", LSSOCK_LOW, LSSOCK_HIGH },
	{ "*/S.gpg-agent* */ssh-*/agent.* */ssh-agent* */keyring/ssh", "the agent of keys",
	  LSSOCK_LOW, LSSOCK_HIGH },
};

const struct known_socket *known_socket(const char *path, size_t len)
{
	for (size_t i = 0; i < sizeof(sockets) / sizeof(sockets[0]); i++)
		if (name_in(sockets[i].path, path, len, 0))
			return &sockets[i];
	return NULL;
}

/* ---- programs that read packets -------------------------------------------------------- */

/* A name costs nothing: only where root alone installs programs it means something. */
bool known_sniffer(const char *exe, size_t len)
{
	static const char dirs[] = "/usr/sbin/* /usr/bin/* /sbin/* /bin/* /usr/lib/* "
				   "/usr/libexec/* /lib/systemd/*";
	static const char names[] =
		"*/dhclient */dhcpcd */dhcpd */kea-dhcp4 */dnsmasq */systemd-networkd "
		"*/NetworkManager */wpa_supplicant */hostapd */iwd */connmand */lldpd "
		"*/keepalived */radvd */pppd */ping */tailscaled";

	return name_in(dirs, exe, len, 0) && name_in(names, exe, len, 0);
}
