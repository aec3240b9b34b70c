/* SPDX-License-Identifier: MIT */
/*
 * The built-in checks as a table: what each is called, how bad it gets, why it matters
 * and what to do, what it needs to be collected. The checks themselves are in
 * checks_*.c.
 */
#include <errno.h>
#include <string.h>
#include <strings.h>

#include "audit/check.h"
#include "query/made.h"

#define NEED_HOLDERS (NEED_OWNERS | NEED_WHY | NEED_PROC)

struct check {
	struct lssock_check_info info;
	uint32_t needs;
	check_fn *judge;
	bool connections;		/* it looks at more than what listens */
};

/* Codes are for ever: people disable checks and count findings by them. */
static const struct check checks[] = {
	{ { "exposed-service", LSSOCK_HIGH,
	    "Services meant for their own machine or cluster often ask nobody for a password.",
	    "Bind it to 127.0.0.1 and ::1 or to a private network, or let a firewall keep "
	    "others out." },
	  NEED_HOLDERS | NEED_EXE | NEED_ADDRS | NEED_IFACE | NEED_NAT, check_exposed, false },
	{ { "v6-exposed", LSSOCK_HIGH,
	    "Who made IPv4 local most likely forgot that the program listens on IPv6 too.",
	    "Bind the IPv6 side to ::1, or switch it off in the program." },
	  NEED_ADDRS | NEED_IFACE, check_v6_exposed, false },
	{ { "exe-deleted", LSSOCK_MEDIUM,
	    "The running program is not the one on disk: mostly an update without a restart, "
	    "at times something that hides.",
	    "Restart the service; if nothing was updated, find out where the program came "
	    "from." },
	  NEED_HOLDERS | NEED_EXE | NEED_EXE_FILE, check_exe_deleted, false },
	{ { "exe-replaced", LSSOCK_HIGH,
	    "The file that has the program's name now is not what runs, so looking at the "
	    "file says nothing about the service.",
	    "Restart the service to run the new file, if you know who put it there." },
	  NEED_HOLDERS | NEED_EXE | NEED_EXE_FILE, check_exe_replaced, false },
	{ { "exe-writable", LSSOCK_HIGH,
	    "Any local user can make the service run another program at its next start.",
	    "Move the program to a folder that only root may write, and take the right to "
	    "write from others." },
	  NEED_HOLDERS | NEED_EXE | NEED_EXE_FILE, check_exe_writable, false },
	{ { "low-port", LSSOCK_MEDIUM,
	    "Others take a low port as a promise that the administrator runs what answers "
	    "there.",
	    "Stop it, or run it as a system service if it is wanted; see "
	    "net.ipv4.ip_unprivileged_port_start and CAP_NET_BIND_SERVICE." },
	  NEED_HOLDERS | NEED_LISTEN_COUNTERS | NEED_USERS, check_low_port, false },
	{ { "shared-port", LSSOCK_HIGH,
	    "A second program on a port gets part of what is meant for the first, or all of "
	    "it.",
	    "Stop the one that does not belong there, and set the addresses so that they do "
	    "not overlap." },
	  NEED_HOLDERS | NEED_EXE | NEED_UNIT | NEED_IFACE | NEED_USERS,
	  check_shared_port, false },
	{ { "no-process", LSSOCK_MEDIUM,
	    "A port that no process holds is open nevertheless, and nobody can be asked "
	    "about it.",
	    "Look again as root in the first pid namespace; if it stays, something in the "
	    "kernel or hidden from /proc holds it." },
	  NEED_HOLDERS | NEED_USERS, check_no_process, false },
	{ { "kernel-socket", LSSOCK_INFO,
	    "What the kernel itself listens for has no process to be judged by.",
	    "Know which service of the kernel it is (NFS, WireGuard, VXLAN), and stop that "
	    "if it is not wanted." },
	  NEED_HOLDERS, check_kernel, false },
	{ { "hidden-listener", LSSOCK_HIGH,
	    "A listener without a descriptor is overlooked by every tool that reads "
	    "/proc/PID/fd.",
	    "Find out what the process named does with it; few programs have a reason to "
	    "listen like that." },
	  NEED_HOLDERS, check_hidden, false },
	{ { "vanished", LSSOCK_INFO,
	    "Something listened only while the audit ran; nobody can tell any more who.",
	    "Run the audit again, or follow such ports with lssock events." },
	  NEED_HOLDERS, check_vanished, false },
	{ { "sniffer", LSSOCK_MEDIUM,
	    "Packet and raw sockets get what is meant for others, passwords too.",
	    "Stop it, unless you know what it watches the network for." },
	  NEED_HOLDERS | NEED_EXE | NEED_UNIT | NEED_IFACE, check_sniffer, false },
	{ { "control-socket", LSSOCK_HIGH,
	    "Who may talk to the control socket of a daemon can do what the daemon can, with "
	    "a container runtime that is to become root.",
	    "Give the socket to one user or a group with few members, and let nobody else "
	    "write to it." },
	  NEED_OWNERS | NEED_WHY | NEED_FILE | NEED_USERS,
	  check_control_socket, false },
	{ { "socket-file", LSSOCK_HIGH,
	    "Clients find a service by the path: if that is gone nobody reaches it, if it is "
	    "another file they reach somebody else.",
	    "Restart the service; if the path was replaced, find out by whom." },
	  NEED_OWNERS | NEED_WHY | NEED_FILE, check_socket_file, false },
	{ { "queue-full", LSSOCK_MEDIUM,
	    "The program does not accept connections as fast as they come, so new ones fail "
	    "or wait.",
	    "Find out what the program waits for; a larger backlog (net.core.somaxconn) only "
	    "helps with bursts." },
	  0, check_queue_full, false },
	{ { "queue-drops", LSSOCK_LOW,
	    "Connections that met a full accept queue were lost or came late.",
	    "Watch the queues (lssock -l) and raise the backlog of the service that fills "
	    "its own." },
	  NEED_LISTEN_COUNTERS | NEED_NETNS, check_queue_drops, false },
	{ { "fd-limit", LSSOCK_HIGH,
	    "At the limit the program can accept nobody any more and open no file.",
	    "Raise the limit (LimitNOFILE= of the unit), or find the leak if the number only "
	    "ever grows." },
	  NEED_HOLDERS | NEED_FDS, check_fd_limit, false },
	{ { "ports-used", LSSOCK_MEDIUM,
	    "Without a free local port no more connections to that remote can be opened.",
	    "Keep connections open and use them again, or widen "
	    "net.ipv4.ip_local_port_range." },
	  NEED_PORTRANGE | NEED_NETNS, check_ports_used, true },
};

#define N_CHECKS ((uint32_t)(sizeof(checks) / sizeof(checks[0])))
_Static_assert(sizeof(checks) / sizeof(checks[0]) <= 64, "bits of those that are left out");

/* ---- judging --------------------------------------------------------------------------- */

int check_find(const char *code, size_t len)
{
	for (uint32_t i = 0; i < N_CHECKS; i++)
		if (strlen(checks[i].info.code) == len &&
		    !memcmp(checks[i].info.code, code, len))
			return (int)i;
	return -1;
}

static bool is_off(uint64_t off, uint32_t check)
{
	return off & 1ull << check;
}

void checks_judge(struct lssock_report *r, uint64_t off)
{
	const uint64_t all = UINT64_MAX >> (64 - N_CHECKS);
	struct judge j = { .r = r, .s = r->snap };

	if ((off & all) == all) {	/* others judge, but not what can be forged */
		unjudged_unix(&j);
		return;
	}
	j.looked = mem_alloc((j.s->procs.n + 1ull) * sizeof(*j.looked));
	if (!j.looked) {
		r->failed = true;
		return;
	}
	for (uint32_t i = 0; i < N_CHECKS && !r->failed; i++) {
		uint32_t before = r->findings.n;

		j.code = checks[i].info.code;
		if (!is_off(off, i))
			checks[i].judge(&j);
		for (; before < r->findings.n; before++) {
			struct lssock_finding *f = &r->findings.v[before].public;

			f->why = checks[i].info.why;
			f->fix = checks[i].info.fix;
		}
	}
	unjudged_holders(&j);
	unjudged_unix(&j);
	mem_free(j.looked);
}

void checks_needs(uint64_t off, uint32_t *needs, uint32_t keep[DIAG_N_CLASS])
{
	(void)keep;			/* no attribute of the kernel decides */
	for (uint32_t i = 0; i < N_CHECKS; i++)
		if (!is_off(off, i))
			*needs |= checks[i].needs;
}

bool checks_need_connections(uint64_t off)
{
	for (uint32_t i = 0; i < N_CHECKS; i++)
		if (checks[i].connections && !is_off(off, i))
			return true;
	return false;
}

/* ---- public ---------------------------------------------------------------------------- */

static const char *const severities[LSSOCK_N_SEVERITY] = {
	[LSSOCK_INFO] = "info", [LSSOCK_LOW] = "low", [LSSOCK_MEDIUM] = "medium",
	[LSSOCK_HIGH] = "high",
};

const char *lssock_severity_name(enum lssock_severity s)
{
	return (unsigned)s < LSSOCK_N_SEVERITY ? severities[s] : NULL;
}

int lssock_severity_find(const char *name)
{
	for (int i = 0; i < LSSOCK_N_SEVERITY; i++)
		if (!strcasecmp(name, severities[i]))
			return i;
	return -EINVAL;
}

uint32_t lssock_checks(void)
{
	return N_CHECKS;
}

int lssock_check_info(uint32_t check, struct lssock_check_info *ret)
{
	if (check >= N_CHECKS)
		return -ENOENT;
	*ret = checks[check].info;
	return 0;
}

int lssock_checks_sheet(struct lssock_sheet **ret)
{
	static const struct sheet_column columns[] = {
		{ .name = "code", .head = "CODE" },
		{ .name = "severity", .head = "SEVERITY" },
		{ .name = "why", .head = "WHY", .min = 12, .give = 2, .cut = 'e' },
		{ .name = "fix", .head = "WHAT TO DO", .min = 12, .give = 3, .cut = 'e' },
	};
	const uint32_t n = sizeof(columns) / sizeof(columns[0]);
	struct made *m = made_new(SHEET_CHECKS, columns, n, NULL);

	if (!m)
		return -ENOMEM;
	for (uint32_t i = 0; i < N_CHECKS; i++) {
		made_word(m, checks[i].info.code);
		made_word(m, severities[checks[i].info.severity]);
		made_word(m, checks[i].info.why);
		made_word(m, checks[i].info.fix);
	}
	return made_end(m, ret);
}
