/* SPDX-License-Identifier: MIT */
/*
 * Every list of names the program has, as tables; looking up is a walk, since
 * no list is long. Names of things outside (users, services, hosts) are not
 * here.
 */
#include <errno.h>
#include "model/names.h"

#include <linux/if_ether.h>
#include <netinet/in.h>
#include <signal.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#include "base/num.h"
#include "base/text.h"

#define N(table) (sizeof(table) / sizeof(*(table)))
#define NAME(table, i) ((i) < N(table) ? (table)[i] : NULL)
#define SIGNAL_MAX 64		/* real-time ones have a number alone */
#define WORD_MAX 32		/* no name of ours is longer */

#ifndef AF_XDP
#define AF_XDP 44
#endif

static char lower(char c)
{
	return (char)(c >= 'A' && c <= 'Z' ? c + 32 : c);
}

/* A word in lower case without what stands in `skip`; false: too long, or not
 * a word. */
static bool fold_word(const char *s, size_t len, const char *skip, char word[WORD_MAX])
{
	size_t n = 0;

	for (size_t i = 0; i < len; i++) {
		if (!s[i] || n == WORD_MAX - 1)
			return false;
		if (!strchr(skip, s[i]))
			word[n++] = lower(s[i]);
	}
	word[n] = '\0';
	return n > 0;
}

static int find(const char *const *table, size_t n, const char *s, size_t len)
{
	char word[WORD_MAX];

	if (!fold_word(s, len, "", word))
		return -1;
	for (size_t i = 0; i < n; i++) {
		if (table[i] && !strcmp(table[i], word))
			return (int)i;
	}
	return -1;
}

static const char *const protos[LSSOCK_N_PROTO] = {
	[LSSOCK_TCP] = "tcp", [LSSOCK_MPTCP] = "mptcp", [LSSOCK_SCTP] = "sctp",
	[LSSOCK_DCCP] = "dccp", [LSSOCK_UDP] = "udp", [LSSOCK_UDPLITE] = "udplite",
	[LSSOCK_RAW] = "raw", [LSSOCK_ICMP] = "icmp", [LSSOCK_UNIX] = "unix",
	[LSSOCK_NETLINK] = "netlink", [LSSOCK_PACKET] = "packet",
	[LSSOCK_VSOCK] = "vsock", [LSSOCK_XDP] = "xdp", [LSSOCK_TIPC] = "tipc",
	[LSSOCK_OTHER] = "other",
};

const char *names_proto(unsigned proto)
{
	const char *name = NAME(protos, proto);

	return name ? name : "?";
}

int names_proto_find(const char *s, size_t len)
{
	return find(protos, N(protos), s, len);
}

/* ---- states ---- */

static const struct {
	const char *name, *brief;
} states[LSSOCK_N_STATE] = {
	[LSSOCK_ESTABLISHED] = { "ESTABLISHED", "estab" },
	[LSSOCK_SYN_SENT] = { "SYN_SENT", "syn-snt" },
	[LSSOCK_SYN_RECV] = { "SYN_RECV", "syn-rcv" },
	[LSSOCK_FIN_WAIT1] = { "FIN_WAIT1", "fin-w1" },
	[LSSOCK_FIN_WAIT2] = { "FIN_WAIT2", "fin-w2" },
	[LSSOCK_TIME_WAIT] = { "TIME_WAIT", "time-wt" },
	[LSSOCK_CLOSE] = { "CLOSE", "close" },
	[LSSOCK_CLOSE_WAIT] = { "CLOSE_WAIT", "clo-wt" },
	[LSSOCK_LAST_ACK] = { "LAST_ACK", "lst-ack" },
	[LSSOCK_LISTEN] = { "LISTEN", "listen" },
	[LSSOCK_CLOSING] = { "CLOSING", "closing" },
	[LSSOCK_BOUND] = { "BOUND", "bound" },
	[LSSOCK_UNCONNECTED] = { "UNCONNECTED", "unconn" },
};

#define BIT(state) (1u << LSSOCK_##state)
#define ALL ((1u << LSSOCK_N_STATE) - 2)
#define CONNECTED (ALL & ~(BIT(LISTEN) | BIT(CLOSE) | BIT(BOUND) | BIT(UNCONNECTED)))
#define BUCKET (BIT(SYN_RECV) | BIT(TIME_WAIT))

/* Further spellings, without hyphens and underscores. */
static const struct {
	const char *word;
	uint32_t set;
} state_words[] = {
	{ "all", ALL },
	{ "connected", CONNECTED },
	{ "synchronized", CONNECTED & ~BIT(SYN_SENT) },
	{ "bucket", BUCKET },
	{ "big", ALL & ~BUCKET },
	{ "est", BIT(ESTABLISHED) },
	{ "synrcvd", BIT(SYN_RECV) },
	{ "synrcd", BIT(SYN_RECV) },
	{ "newsynrecv", BIT(SYN_RECV) },
	{ "timew", BIT(TIME_WAIT) },
	{ "closed", BIT(CLOSE) },
	{ "listening", BIT(LISTEN) },
	{ "boundinactive", BIT(BOUND) },
	{ "unconnect", BIT(UNCONNECTED) },
};

const char *names_state(unsigned state)
{
	return state < N(states) && states[state].name ? states[state].name : "?";
}

const char *names_state_short(unsigned state)
{
	return state < N(states) && states[state].brief ? states[state].brief : "?";
}

static bool is_word(const char *name, const char *word)
{
	char folded[WORD_MAX];

	return name && fold_word(name, strlen(name), "-_", folded) && !strcmp(folded, word);
}

uint32_t names_states(const char *s, size_t len)
{
	char word[WORD_MAX];

	if (!fold_word(s, len, "-_", word))
		return 0;
	for (size_t i = 0; i < N(states); i++) {
		if (is_word(states[i].name, word) || is_word(states[i].brief, word))
			return 1u << i;
	}
	for (size_t i = 0; i < N(state_words); i++) {
		if (!strcmp(state_words[i].word, word))
			return state_words[i].set;
	}
	return 0;
}

/* ---- short lists ---- */

static const char *const whys[LSSOCK_N_WHY] = {
	[LSSOCK_WHY_TIME_WAIT] = "time-wait", [LSSOCK_WHY_SYN_RECV] = "syn-recv",
	[LSSOCK_WHY_ACCEPT_QUEUE] = "accept-queue", [LSSOCK_WHY_ORPHAN] = "orphan",
	[LSSOCK_WHY_KERNEL] = "kernel", [LSSOCK_WHY_IN_FLIGHT] = "in-flight",
	[LSSOCK_WHY_IO_URING] = "io_uring", [LSSOCK_WHY_MMAP] = "mmap",
	[LSSOCK_WHY_NO_PERMISSION] = "no-permission",
	[LSSOCK_WHY_OTHER_PIDNS] = "other-pidns", [LSSOCK_WHY_VANISHED] = "vanished",
	[LSSOCK_WHY_LATER] = "later",
	[LSSOCK_WHY_UNKNOWN] = "unknown",
};

const char *names_why(unsigned why)
{
	return NAME(whys, why);
}

int names_why_find(const char *s, size_t len)
{
	return find(whys, N(whys), s, len);
}

const char *names_family(unsigned af)
{
	static const char *const names[] = {
		[AF_UNIX] = "unix", [AF_INET] = "inet", [AF_AX25] = "ax25", [AF_IPX] = "ipx",
		[AF_APPLETALK] = "appletalk", [AF_NETROM] = "netrom", [AF_BRIDGE] = "bridge",
		[AF_ATMPVC] = "atmpvc", [AF_X25] = "x25", [AF_INET6] = "inet6",
		[AF_ROSE] = "rose", [AF_KEY] = "key", [AF_NETLINK] = "netlink",
		[AF_PACKET] = "packet", [AF_ATMSVC] = "atmsvc", [AF_RDS] = "rds",
		[AF_LLC] = "llc", [AF_IB] = "ib", [AF_CAN] = "can", [AF_TIPC] = "tipc",
		[AF_BLUETOOTH] = "bluetooth", [AF_IUCV] = "iucv", [AF_RXRPC] = "rxrpc",
		[AF_ISDN] = "isdn", [AF_PHONET] = "phonet", [AF_IEEE802154] = "ieee802154",
		[AF_CAIF] = "caif", [AF_ALG] = "alg", [AF_NFC] = "nfc", [AF_VSOCK] = "vsock",
		[AF_KCM] = "kcm", [AF_QIPCRTR] = "qipcrtr", [AF_SMC] = "smc", [AF_XDP] = "xdp",
		[45] = "mctp",
	};
	const char *name = NAME(names, af);

	return name ? name : "?";
}

const char *names_type(unsigned type)
{
	static const char *const names[] = {
		[SOCK_STREAM] = "stream", [SOCK_DGRAM] = "dgram", [SOCK_RAW] = "raw",
		[SOCK_RDM] = "rdm", [SOCK_SEQPACKET] = "seqpacket", [SOCK_DCCP] = "dccp",
		[SOCK_PACKET] = "packet",
	};

	return NAME(names, type);
}

const char *names_timer(unsigned timer)
{
	static const char *const names[] = { NULL, "on", "keepalive", "timewait", "persist" };

	return NAME(names, timer);
}

const char *names_source(unsigned flags)
{
	switch (flags & LSSOCK_F_SOURCE) {
	case LSSOCK_SRC_DIAG:
		return "diag";
	case LSSOCK_SRC_PROCFS:
		return "procfs";
	case LSSOCK_SRC_FD:
		return "fd";
	default:
		return "?";
	}
}

const char *names_file_state(unsigned state)
{
	static const char *const names[] = {
		[LSSOCK_FILE_LIVE] = "live", [LSSOCK_FILE_DELETED] = "deleted",
		[LSSOCK_FILE_REPLACED] = "replaced", [LSSOCK_FILE_OTHER_MOUNT] = "other-mount",
	};

	return NAME(names, state);
}

const char *names_ca_state(unsigned ca)
{
	static const char *const names[] = { "open", "disorder", "cwr", "recovery", "loss" };
	const char *name = NAME(names, ca);

	return name ? name : "?";
}

const char *names_note(unsigned kind)
{
	static const char *const names[LSSOCK_N_NOTE] = {
		[LSSOCK_NOTE_UNREADABLE_PROC] = "unreadable-process",
		[LSSOCK_NOTE_VANISHED_PROC] = "vanished-process",
		[LSSOCK_NOTE_NO_PROC] = "no-proc",
		[LSSOCK_NOTE_HIDDEN_PROCS] = "hidden-processes",
		[LSSOCK_NOTE_UNLISTABLE] = "unlistable",
		[LSSOCK_NOTE_FALLBACK] = "fallback",
		[LSSOCK_NOTE_FORGEABLE] = "forgeable",
		[LSSOCK_NOTE_DUMP_FAILED] = "dump-failed",
		[LSSOCK_NOTE_BAD_MESSAGE] = "bad-message",
		[LSSOCK_NOTE_OTHER_PIDNS] = "other-pidns",
		[LSSOCK_NOTE_NETNS_REFUSED] = "netns-refused",
		[LSSOCK_NOTE_RING_BUSY] = "ring-busy",
		[LSSOCK_NOTE_LATE] = "late",
		[LSSOCK_NOTE_LIMIT] = "limit",
		[LSSOCK_NOTE_NOT_RECORDED] = "not-recorded",
		[LSSOCK_NOTE_DETAILS] = "details",
		[LSSOCK_NOTE_OWN_NETNS] = "own-netns",
		[LSSOCK_NOTE_NAT_REFUSED] = "nat-refused",
		[LSSOCK_NOTE_NAT_UNKNOWN] = "nat-unknown",
		[LSSOCK_NOTE_NAMES_LATE] = "names-late",
	};
	const char *name = NAME(names, kind);

	return name ? name : "?";
}

void names_put_errno(struct buf *b, int err)
{
	const char *name = strerrorname_np(err);

	if (name) {
		buf_puts(b, name);
	} else {
		buf_puts(b, "errno ");
		buf_i64(b, err);
	}
}

const char *names_how(unsigned how)
{
	static const char *const names[] = {
		[LSSOCK_HOW_FD] = "fd", [LSSOCK_HOW_RING] = "io_uring",
		[LSSOCK_HOW_IN_FLIGHT] = "in-flight", [LSSOCK_HOW_MAPPED] = "mmap",
	};
	const char *name = NAME(names, how);

	return name ? name : "?";
}

/* ---- numbers of the kernel ---- */

const char *names_netlink(unsigned protocol)
{
	static const char *const names[] = {
		"route", "unused", "usersock", "firewall", "sock_diag", "nflog", "xfrm",
		"selinux", "iscsi", "audit", "fib_lookup", "connector", "netfilter",
		"ip6_fw", "dnrtmsg", "kobject_uevent", "generic", NULL, "scsitransport",
		"ecryptfs", "rdma", "crypto", "smc",
	};

	return NAME(names, protocol);
}

struct number_name { unsigned number; const char *name; };

static const char *by_number(const struct number_name *t, size_t n, unsigned number)
{
	for (size_t i = 0; i < n; i++) {
		if (t[i].number == number)
			return t[i].name;
	}
	return NULL;
}

const char *names_ethertype(unsigned type)
{
	static const struct number_name names[] = {
		{ ETH_P_ALL, "all" }, { ETH_P_802_2, "802.2" }, { ETH_P_802_3, "802.3" },
		{ ETH_P_CAN, "can" }, { ETH_P_IP, "ip" }, { ETH_P_ARP, "arp" },
		{ ETH_P_BATMAN, "batman" }, { ETH_P_TEB, "teb" }, { ETH_P_RARP, "rarp" },
		{ ETH_P_AOE, "aoe" }, { ETH_P_8021Q, "vlan" }, { ETH_P_IPV6, "ipv6" },
		{ ETH_P_SLOW, "slow" }, { ETH_P_MPLS_UC, "mpls" }, { ETH_P_MPLS_MC, "mpls-mc" },
		{ ETH_P_PPP_DISC, "pppoe-disc" }, { ETH_P_PPP_SES, "pppoe-sess" },
		{ ETH_P_PAE, "eapol" }, { ETH_P_8021AD, "802.1ad" },
		{ ETH_P_PROFINET, "profinet" },
		{ ETH_P_ETHERCAT, "ethercat" }, { ETH_P_LLDP, "lldp" },
		{ ETH_P_MACSEC, "macsec" },
		{ ETH_P_1588, "ptp" }, { ETH_P_NCSI, "ncsi" }, { ETH_P_PRP, "prp" },
		{ ETH_P_FCOE, "fcoe" }, { ETH_P_FIP, "fip" }, { ETH_P_HSR, "hsr" },
		{ ETH_P_LOOPBACK, "loopback" }, { 0x2000, "cdp" },
	};

	return by_number(names, N(names), type);
}

const char *names_ip_protocol(unsigned protocol)
{
	static const struct number_name names[] = {
		{ 0, "ip" }, { 1, "icmp" }, { 2, "igmp" }, { 4, "ipip" }, { 6, "tcp" },
		{ 8, "egp" }, { 12, "pup" }, { 17, "udp" }, { 22, "idp" }, { 29, "tp" },
		{ 33, "dccp" }, { 41, "ipv6" }, { 46, "rsvp" }, { 47, "gre" }, { 50, "esp" },
		{ 51, "ah" }, { 58, "icmpv6" }, { 88, "eigrp" }, { 89, "ospf" },
		{ 92, "mtp" }, { 94, "beetph" }, { 98, "encap" }, { 103, "pim" },
		{ 108, "comp" }, { 112, "vrrp" }, { 115, "l2tp" }, { 132, "sctp" },
		{ 136, "udplite" }, { 137, "mpls" }, { 143, "ethernet" }, { 255, "raw" },
		{ 262, "mptcp" },
	};

	return by_number(names, N(names), protocol);
}

/* ---- words for a protocol and more ---- */

/* `proto.name` of the kernel's struct proto and of vsock and tipc. "UNIX" serves
 * dgram and seqpacket alike. */
enum lssock_proto names_sockproto(const char *s, size_t len, uint8_t *ret_family,
				  uint8_t *ret_type)
{
	static const struct {
		const char *name;
		uint8_t proto, family, type;
	} names[] = {
		{ "TCP", LSSOCK_TCP, AF_INET, SOCK_STREAM },
		{ "TCPv6", LSSOCK_TCP, AF_INET6, SOCK_STREAM },
		{ "UDP", LSSOCK_UDP, AF_INET, SOCK_DGRAM },
		{ "UDPv6", LSSOCK_UDP, AF_INET6, SOCK_DGRAM },
		{ "UDP-Lite", LSSOCK_UDPLITE, AF_INET, SOCK_DGRAM },
		{ "UDPLITE", LSSOCK_UDPLITE, AF_INET, SOCK_DGRAM },
		{ "UDPLITEv6", LSSOCK_UDPLITE, AF_INET6, SOCK_DGRAM },
		{ "RAW", LSSOCK_RAW, AF_INET, SOCK_RAW },
		{ "RAWv6", LSSOCK_RAW, AF_INET6, SOCK_RAW },
		{ "PING", LSSOCK_ICMP, AF_INET, SOCK_DGRAM },
		{ "PINGv6", LSSOCK_ICMP, AF_INET6, SOCK_DGRAM },
		{ "MPTCP", LSSOCK_MPTCP, AF_INET, SOCK_STREAM },
		{ "MPTCPv6", LSSOCK_MPTCP, AF_INET6, SOCK_STREAM },
		{ "SCTP", LSSOCK_SCTP, AF_INET, 0 },
		{ "SCTPv6", LSSOCK_SCTP, AF_INET6, 0 },
		{ "DCCP", LSSOCK_DCCP, AF_INET, SOCK_DCCP },
		{ "DCCPv6", LSSOCK_DCCP, AF_INET6, SOCK_DCCP },
		{ "UNIX", LSSOCK_UNIX, AF_UNIX, 0 },
		{ "UNIX-STREAM", LSSOCK_UNIX, AF_UNIX, SOCK_STREAM },
		{ "NETLINK", LSSOCK_NETLINK, AF_NETLINK, SOCK_RAW },
		{ "PACKET", LSSOCK_PACKET, AF_PACKET, 0 },
		{ "AF_VSOCK", LSSOCK_VSOCK, AF_VSOCK, 0 },
		{ "XDP", LSSOCK_XDP, AF_XDP, SOCK_RAW },
		{ "TIPC", LSSOCK_TIPC, AF_TIPC, 0 },
	};

	*ret_family = *ret_type = 0;
	for (size_t i = 0; i < N(names); i++) {
		if (strlen(names[i].name) == len && !memcmp(names[i].name, s, len)) {
			*ret_family = names[i].family;
			*ret_type = names[i].type;
			return names[i].proto;
		}
	}
	return LSSOCK_OTHER;
}

static enum lssock_proto inet_socket(unsigned type, unsigned protocol)
{
	if (type == SOCK_RAW)
		return LSSOCK_RAW;
	switch (protocol) {
	case IPPROTO_TCP: return LSSOCK_TCP;
	case IPPROTO_MPTCP: return LSSOCK_MPTCP;
	case IPPROTO_SCTP: return LSSOCK_SCTP;
	case IPPROTO_DCCP: return LSSOCK_DCCP;
	case IPPROTO_UDP: return LSSOCK_UDP;
	case IPPROTO_UDPLITE: return LSSOCK_UDPLITE;
	case IPPROTO_ICMP: return LSSOCK_ICMP;
	case IPPROTO_ICMPV6: return LSSOCK_ICMP;
	}
	return LSSOCK_OTHER;
}

enum lssock_proto names_socket(unsigned family, unsigned type, unsigned protocol)
{
	switch (family) {
	case AF_INET: return inet_socket(type, protocol);
	case AF_INET6: return inet_socket(type, protocol);
	case AF_UNIX: return LSSOCK_UNIX;
	case AF_NETLINK: return LSSOCK_NETLINK;
	case AF_PACKET: return LSSOCK_PACKET;
	case AF_VSOCK: return LSSOCK_VSOCK;
	case AF_XDP: return LSSOCK_XDP;
	case AF_TIPC: return LSSOCK_TIPC;
	}
	return LSSOCK_OTHER;
}

int names_selection(const char *s, size_t len, uint32_t *ret_protos,
		    uint32_t *ret_families, uint8_t *ret_type)
{
	static const struct {
		const char *word;
		uint32_t protos;
		uint8_t families, type;
	} words[] = {
		{ "all", LSSOCK_PROTOS_ALL, 0, 0 },
		{ "inet", LSSOCK_PROTOS_INET, 1, 0 },
		{ "inet4", LSSOCK_PROTOS_INET, 1, 0 },
		{ "inet6", LSSOCK_PROTOS_INET, 2, 0 },
		{ "link", 1u << LSSOCK_PACKET, 0, 0 },
		{ "unix_stream", 1u << LSSOCK_UNIX, 0, SOCK_STREAM },
		{ "u_str", 1u << LSSOCK_UNIX, 0, SOCK_STREAM },
		{ "unix_dgram", 1u << LSSOCK_UNIX, 0, SOCK_DGRAM },
		{ "u_dgr", 1u << LSSOCK_UNIX, 0, SOCK_DGRAM },
		{ "unix_seqpacket", 1u << LSSOCK_UNIX, 0, SOCK_SEQPACKET },
		{ "u_seq", 1u << LSSOCK_UNIX, 0, SOCK_SEQPACKET },
		{ "packet_raw", 1u << LSSOCK_PACKET, 0, SOCK_RAW },
		{ "p_raw", 1u << LSSOCK_PACKET, 0, SOCK_RAW },
		{ "packet_dgram", 1u << LSSOCK_PACKET, 0, SOCK_DGRAM },
		{ "p_dgr", 1u << LSSOCK_PACKET, 0, SOCK_DGRAM },
		{ "vsock_stream", 1u << LSSOCK_VSOCK, 0, SOCK_STREAM },
		{ "v_str", 1u << LSSOCK_VSOCK, 0, SOCK_STREAM },
		{ "vsock_dgram", 1u << LSSOCK_VSOCK, 0, SOCK_DGRAM },
		{ "v_dgr", 1u << LSSOCK_VSOCK, 0, SOCK_DGRAM },
		{ "ping", 1u << LSSOCK_ICMP, 0, 0 },
	};
	int proto = names_proto_find(s, len);
	char word[WORD_MAX];

	if (proto >= 0) {
		*ret_protos = 1u << proto;
		*ret_families = *ret_type = 0;
		return 0;
	}
	if (!fold_word(s, len, "", word))
		return -1;
	for (size_t i = 0; i < N(words); i++) {
		if (!strcmp(words[i].word, word)) {
			*ret_protos = words[i].protos;
			*ret_families = words[i].families;
			*ret_type = words[i].type;
			return 0;
		}
	}
	return -1;
}

const char *names_nearest(const char *s, size_t len, const char *const *list)
{
	unsigned least = len < 3 ? 1 : len < 6 ? 2 : 3;
	const char *nearest = NULL;
	char word[WORD_MAX];

	if (!fold_word(s, len, "", word))
		return NULL;
	for (; *list; list++) {
		unsigned d = text_distance(word, *list, least);

		/* as many slips as letters would be another word */
		if (d < len && d <= least && (!nearest || d < least)) {
			nearest = *list;
			least = d;
		}
	}
	return nearest;
}

/* ---- signals --------------------------------------------------------------- */

static const struct { const char *name; int number; } signals[] = {
	{ "HUP", SIGHUP }, { "INT", SIGINT }, { "QUIT", SIGQUIT }, { "ILL", SIGILL },
	{ "TRAP", SIGTRAP }, { "ABRT", SIGABRT }, { "IOT", SIGABRT }, { "BUS", SIGBUS },
	{ "FPE", SIGFPE }, { "KILL", SIGKILL }, { "USR1", SIGUSR1 }, { "SEGV", SIGSEGV },
	{ "USR2", SIGUSR2 }, { "PIPE", SIGPIPE }, { "ALRM", SIGALRM }, { "TERM", SIGTERM },
	{ "STKFLT", SIGSTKFLT }, { "CHLD", SIGCHLD }, { "CLD", SIGCHLD }, { "CONT", SIGCONT },
	{ "STOP", SIGSTOP }, { "TSTP", SIGTSTP }, { "TTIN", SIGTTIN }, { "TTOU", SIGTTOU },
	{ "URG", SIGURG }, { "XCPU", SIGXCPU }, { "XFSZ", SIGXFSZ }, { "VTALRM", SIGVTALRM },
	{ "PROF", SIGPROF }, { "WINCH", SIGWINCH }, { "IO", SIGIO }, { "POLL", SIGIO },
	{ "PWR", SIGPWR }, { "SYS", SIGSYS },
};

int lssock_signal_find(const char *text)
{
	const char *s = strncasecmp(text, "SIG", 3) ? text : text + 3;
	uint64_t number;
	size_t i;

	if (num_u64(text, strlen(text), SIGNAL_MAX, &number))
		return number ? (int)number : -EINVAL;
	for (i = 0; i < N(signals); i++)
		if (!strcasecmp(s, signals[i].name))
			return signals[i].number;
	return -EINVAL;
}

bool lssock_signal_ends(int signal)
{
	return signal == SIGTERM || signal == SIGINT || signal == SIGQUIT ||
	       signal == SIGKILL || signal == SIGABRT;
}

const char *lssock_signal_name(int signal)
{
	size_t i;

	for (i = 0; i < N(signals); i++)
		if (signals[i].number == signal)
			return signals[i].name;
	return NULL;
}

/* ---- public names --------------------------------------------------------- */

const char *lssock_state_name(enum lssock_state state)
{
	return names_state(state);
}

int lssock_selection(const char *word, size_t len, uint32_t *ret_protos,
		     uint32_t *ret_families, uint8_t *ret_type)
{
	return names_selection(word, len, ret_protos, ret_families, ret_type) < 0 ? -EINVAL : 0;
}
