/* SPDX-License-Identifier: MIT */
/* The detail pane of every kind of socket, as it stands on the screen; that nothing is
 * lost where it is narrow or low; and that no byte of others gets through. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include <time.h>

#include "live/pane.h"
#include "watched.h"

#define NONE UINT32_MAX

/* ---- drawing --------------------------------------------------------------------- */

static char *drawn(const struct pane *p, unsigned height, unsigned width, unsigned *ret_lines)
{
	struct grid g = { 0 };
	struct buf b = { 0 };
	unsigned lines;

	assert_int_equal(grid_resize(&g, width, height), 0);
	lines = pane_draw(p, &g, 0, 0, height, width);
	if (ret_lines)
		*ret_lines = lines;
	grid_dump(&g, false, &b);
	grid_release(&g);
	return (char *)(uintptr_t)buf_cstr(&b);
}

static void looks(const struct pane *p, unsigned height, unsigned width, const char *want)
{
	char *got = drawn(p, height, width, NULL);

	assert_string_equal(got, want);
	mem_free(got);
}

/* ---- a machine ------------------------------------------------------------------------ */

static uint32_t add_proc(struct lssock_snap *s, int pid, int ppid, const char *comm)
{
	struct lssock_proc p = { .pid = pid, .ppid = ppid, .uid = 33, .nfds = 9,
				 .start_ns = (uint64_t)pid, .flags = LSSOCK_P_DETAILS };

	p.comm = snap_string(s, comm, strlen(comm));
	p.exe = snap_string(s, "/usr/sbin/nginx", 15);
	p.cmd = snap_string(s, "nginx: worker process", 21);
	p.unit = snap_string(s, "nginx.service", 13);
	return snap_proc(s, &p);
}

static void own(struct lssock_snap *s, uint32_t row, uint32_t proc, int fd)
{
	struct lssock_owner o = { .fd = fd, .proc = proc };

	assert_int_equal(snap_owner(s, s->socks.v[row].inode, &o), 0);
}

static struct lssock_snap *machine(void)
{
	static const char passwd[] = "www-data:x:33:33::/:/bin/sh\nalice:x:1000:1000::/:/bin/sh\n";
	struct lssock_snap *s = watched_new();

	snap_users(s, passwd, sizeof(passwd) - 1);
	s->meta.boot_ns = NOW - 3 * 86400 * SEC;
	s->ns.v[0].flags = LSSOCK_NS_HOST | LSSOCK_NS_OWN;
	return s;
}

static struct lssock_track track(uint64_t seconds)
{
	return (struct lssock_track){ .first_ns = NOW - seconds * SEC, .in = 412000000,
				      .out = 18200000,
				      .flags = LSSOCK_T_COUNTED | LSSOCK_T_RATES };
}

static struct tcp busy(void)
{
	struct tcp t = tcp_well();

	tcp_set(&t, 68, 4, 34100);
	tcp_set(&t, 72, 4, 2000);
	tcp_set(&t, 148, 4, 31000);
	tcp_set(&t, 80, 4, 48);
	tcp_set(&t, 76, 4, 31);
	tcp_set(&t, 16, 4, 1448);
	tcp_set(&t, 100, 4, 3);
	tcp_set(&t, 136, 4, 18211);
	tcp_set(&t, 88, 4, 4);
	tcp_set(&t, 24, 4, 12);
	tcp_set(&t, 8, 4, 236000);
	tcp_set(&t, 160, 8, 5150000);
	tcp_set(&t, 60, 4, 1500);
	tcp_set(&t, 104, 8, 8250000);
	tcp_set(&t, INFO_BUSY, 8, 29000000);
	tcp_set(&t, INFO_RWND_LIMITED, 8, 22000000);
	tcp_set(&t, INFO_SNDBUF_LIMITED, 8, 7000000);
	return t;
}

/* A listener, a connection it took, and one more with the same host. */
static struct lssock_snap *web(uint32_t *ret_listener, uint32_t *ret_conn)
{
	struct lssock_snap *s = machine();
	struct lssock_sock k = watched_sock(LSSOCK_TCP, LSSOCK_LISTEN);
	struct lssock_track t = track(100);
	struct tcp info = busy();
	uint32_t init, master, worker, other;

	k.wqueue = 511;
	k.rqueue = 3;
	memset(&k.remote, 0, sizeof(k.remote));
	k.rport = 0;
	*ret_listener = watched_add(s, &k, NULL, 0, &t);
	k = watched_sock(LSSOCK_TCP, LSSOCK_ESTABLISHED);
	k.via = *ret_listener;
	*ret_conn = watched_add(s, &k, &info, 0, &t);
	k = watched_sock(LSSOCK_TCP, LSSOCK_ESTABLISHED);
	k.via = *ret_listener;
	k.rport = 4;
	watched_add(s, &k, &info, 0, &t);
	init = add_proc(s, 1, 0, "systemd");
	master = add_proc(s, 1230, 1, "nginx");
	worker = add_proc(s, 1234, 1230, "nginx");
	other = add_proc(s, 1235, 1230, "nginx");
	assert_true(init && master && worker && other);
	own(s, *ret_conn, worker, 14);
	own(s, *ret_conn, other, 14);
	own(s, *ret_listener, master, 6);
	snap_sort_owners(s);
	assert_int_equal(link_owners(s), 0);
	return s;
}

static struct pane_history history(void)
{
	struct pane_history h = { .n = 46, .n_events = 2 };
	uint32_t i;

	for (i = 0; i < h.n; i++) {
		h.rx[i] = (float)(i % 12) * 372000;
		h.tx[i] = 96000;
		h.rtt_us[i] = i == 20 ? 91000 : 34000;
		h.cwnd[i] = i < 4 ? NAN : 48;
	}
	h.events[0] = (struct hist_event){ .time_ns = NOW - 4 * SEC, .kind = HIST_RETRANS,
					   .n = 3, .tenths = 10 };
	h.events[1] = (struct hist_event){ .time_ns = NOW - 5 * SEC, .kind = LSSOCK_EVENT_OPEN };
	return h;
}

/* ---- screens ----------------------------------------------------------------------------- */

static void test_connection(void **state)
{
	uint32_t listener, conn;
	struct lssock_snap *s = web(&listener, &conn);
	struct pane_history h = history();
	struct pane p = { .snap = s, .row = conn, .h = &h, .ascii = true };

	(void)state;
	assert_int_equal(snap_seal(s), 0);
	looks(&p, 13, 80,
	      "-- nginx 10.0.0.5:443 < 203.0.113.7:51514 ESTAB idle 0.2s ----------------------\n"
	      "Owner   nginx[1234] fd 14   www-data   nginx.service   started 2d23h ago\n"
	      "        systemd[1] > nginx[1230] > nginx[1234]   also fd 14 of nginx[1235]\n"
	      "Path    in via 10.0.0.5:443   ns host\n"
	      "Health  rtt 34ms +-2ms (min 31ms)   cwnd 48   ssthresh 31   mss 1448\n"
	      "        retrans 3 of 18211 (0.02%)   lost 0   reord 4   in flight 12   rto 0.2s\n"
	      "Limits  app 71%, receiver window 22%, our send buffer 7%\n"
	      "Bytes   in 412M   out 18M   queued in 0   out 0 of 213K   delivers 5.2M/s\n"
	      "rx/s          .._--=+**#%%.._--=+**#%%.._--=+**#%%.._--=+**# 3.3M  peak 4.1M\n"
	      "rtt           --------------------%------------------------- 34ms  peak 91ms\n"
	      "Verdict healthy; mostly waiting for the application (nginx) to send more\n"
	      "\n"
	      "\n");
	looks(&p, 20, 160,
	      "-- nginx 10.0.0.5:443 < 203.0.113.7:51514 ESTAB idle 0.2s ----------------------"
      "--------------------------------------------------------------------------------\n"
      "OWNER                                                 TCP HEALTH                "
      "                          LAST 60 s\n"
      "Process  nginx: worker process                        Health  rtt 34ms +-2ms (mi"
      "n 31ms)   cwnd 48         rx/s #%%.._--=+**#%%.._--=+**#%%.._--=+**# 3.3M\n"
      "Exe      /usr/sbin/nginx                                      ssthresh 31   mss "
      "1448                      tx/s %%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%% 96K\n"
      "Parents  systemd[1] > nginx[1230] > nginx[1234]               retrans 3 of 18211"
      " (0.02%)   lost 0         rtt  -----------%------------------------- 34ms\n"
      "User     www-data (uid 33)   fds 9                            reord 4   in fligh"
      "t 12   rto 0.2s           cwnd %%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%% 48\n"
      "         started 2d23h ago                                    pmtu 1500   sacked"
      " 0\n"
      "Unit     nginx.service                                        window here 0, the"
      "re 66K   pacing 8.3M/s    VERDICT\n"
      "Fd       14   also fd 14 of nginx[1235]                       idle 0.2s         "
      "                               healthy; mostly waiting for the application\n"
      "Socket   tcp   ns host   cookie 2   inode 2           Limits  app 71%, receiver "
      "window 22%, our send           (nginx) to send more\n"
      "         seen 1m40s                                           buffer 7%\n"
      "                                                      Bytes   in 412M   out 18M "
      "  queued in 0             EVENTS\n"
      "PEER                                                          out 0 of 213K   de"
      "livers 5.2M/s                  13:46:36  retrans 3 in 1s\n"
      "Remote   203.0.113.7:51514   in via 10.0.0.5:443      Memory  received 0 of 131K"
      "   sending 0 of 213K           13:46:35  opened (listener 10.0.0.5:443)\n"
      "More     1 socket with this host   (R: show it)               queued 0   set asi"
      "de 0   options 0\n"
      "                                                              backlog 0   drops "
      "0\n"
      "\n"
      "\n"
      "\n"
      "\n");
	lssock_snap_free(s);
}

/* ---- events -------------------------------------------------------------------------------- */

static void says(const struct pane *p, const char *text)
{
	char *got = drawn(p, 40, 160, NULL);

	if (!strstr(got, text))
		fail_msg("no \"%s\" in\n%s", text, got);
	mem_free(got);
}

static void test_events(void **state)
{
	static const struct { struct hist_event e; const char *text; } all[] = {
		{ { .kind = LSSOCK_EVENT_OPEN }, "  opened (listener 10.0.0.5:443)\n" },
		{ { .kind = LSSOCK_EVENT_CLOSE }, "  closed\n" },
		{ { .kind = LSSOCK_EVENT_STATE, .was = LSSOCK_SYN_RECV,
		    .state = LSSOCK_ESTABLISHED }, "  SYN-RECV to ESTABLISHED\n" },
		{ { .kind = HIST_RETRANS, .n = 3, .tenths = 10 }, "  retrans 3 in 1s\n" },
		{ { .kind = HIST_RETRANS, .n = 1, .tenths = 2 }, "  retrans 1 in 0.2s\n" },
		{ { .kind = HIST_RETRANS, .n = 700, .tenths = 3000 }, "  retrans 700 in 5m\n" },
		{ { .kind = HIST_DROPS, .n = 5 }, "  drops 5\n" },
		{ { .kind = HIST_DROPS, .n = 65535, .tenths = 10 },
		  "  drops 65535 or more in 1s\n" },
		{ { .kind = HIST_RATE_UP, .n = 3 }, "  rate up 3x\n" },
		{ { .kind = HIST_RATE_DOWN, .n = 12 }, "  rate down 12x\n" },
		{ { .kind = HIST_RATE_DOWN }, "  rate down to 0\n" },
		{ { .kind = HIST_FULL }, "  queue full\n" },
		{ { .kind = HIST_NOT_FULL }, "  queue no longer full\n" },
		{ { .kind = HIST_BEGINS, .problem = LSSOCK_PROBLEM_STUCK },
		  "  send queue stuck\n" },
		{ { .kind = HIST_BEGINS, .problem = LSSOCK_PROBLEM_STUCK, .n = 1 },
		  "  zero window, send queue stuck\n" },
		{ { .kind = HIST_ENDS, .problem = LSSOCK_PROBLEM_STUCK }, "  send queue drains\n" },
		{ { .kind = HIST_ENDS, .problem = LSSOCK_PROBLEM_RETRANS },
		  "  no retransmits for 10s\n" },
		{ { .kind = HIST_BEGINS, .problem = LSSOCK_PROBLEM_CLOSE_WAIT },
		  "  not closed for a minute\n" },
		{ { .kind = HIST_BEGINS, .problem = LSSOCK_PROBLEM_SYN_SENT }, "  no answer\n" },
	};
	uint32_t listener, conn;
	struct lssock_snap *s = web(&listener, &conn);
	struct pane_history h = history();
	struct pane p = { .snap = s, .row = conn, .h = &h, .ascii = true };
	size_t i;

	(void)state;
	assert_int_equal(snap_seal(s), 0);
	for (i = 0; i < sizeof(all) / sizeof(*all); i++) {
		h.n_events = 1;
		h.events[0] = all[i].e;
		h.events[0].time_ns = NOW;
		says(&p, all[i].text);
	}
	lssock_snap_free(s);
}

/* ---- the other end ------------------------------------------------------------------------- */

static void more_of(struct lssock_snap *s, uint8_t state, uint16_t ns, const char *ip)
{
	struct lssock_track t = track(100);
	struct lssock_sock k = watched_sock(LSSOCK_TCP, state);

	k.ns = ns;
	k.family = strchr(ip, ':') ? AF_INET6 : AF_INET;
	assert_int_equal(inet_pton(k.family, ip, k.remote.ip), 1);
	watched_add(s, &k, NULL, 0, &t);
}

static void test_peer(void **state)
{
	struct lssock_ns other = { .ino = 5 };
	struct lssock_ifaddr a = { .family = AF_INET, .prefix = 24, .ip = { 10, 0, 0, 5 } };
	uint32_t listener, conn;
	struct lssock_snap *s = web(&listener, &conn);
	struct pane p = { .snap = s, .row = conn, .ascii = true };
	uint16_t ns = snap_ns(s, &other);

	(void)state;
	a.iface = snap_iface(s, ns, 1);	/* the same address in another namespace */
	s->ifaces.v[a.iface].name = snap_string(s, "lo", 2);
	*vec_push(&s->ifaddrs) = a;
	a.iface = snap_iface(s, 0, 2);
	s->ifaces.v[a.iface].name = snap_string(s, "eth0\x1b", 5);
	*vec_push(&s->ifaddrs) = a;
	more_of(s, LSSOCK_ESTABLISHED, 0, "::ffff:203.0.113.7");
	more_of(s, LSSOCK_SYN_SENT, 0, "203.0.113.7");
	more_of(s, LSSOCK_TIME_WAIT, 0, "203.0.113.7");
	more_of(s, LSSOCK_ESTABLISHED, 0, "203.0.113.8");
	more_of(s, LSSOCK_ESTABLISHED, 0, "2001:db8::7");
	more_of(s, LSSOCK_ESTABLISHED, ns, "203.0.113.7");
	assert_int_equal(snap_seal(s), 0);
	says(&p, "More     3 sockets with this host   (R: show them)");
	says(&p, " address on eth0\\x1b ");
	p.row = listener;
	says(&p, "bound to 10.0.0.5:443");
	lssock_snap_free(s);
}

static void test_listener(void **state)
{
	uint32_t listener, conn;
	struct lssock_snap *s = web(&listener, &conn);
	struct pane p = { .snap = s, .row = listener, .ascii = true };

	(void)state;
	assert_int_equal(snap_seal(s), 0);
	looks(&p, 8, 80,
	      "-- nginx 10.0.0.5:443 LISTEN ---------------------------------------------------\n"
	      "Owner   nginx[1230] fd 6   www-data   nginx.service   started 2d23h ago\n"
	      "        systemd[1] > nginx[1230]\n"
	      "Reach   bound to 10.0.0.5:443   a private address   ns host\n"
	      "Queue   3 to be accepted   limit 511   drops 0\n"
	      "Verdict listening; 3 of 511 wait to be accepted\n"
	      "\n"
	      "\n");
	lssock_snap_free(s);
}

static void test_others(void **state)
{
	struct lssock_snap *s = machine();
	struct lssock_track t = track(100);
	struct lssock_sock k = watched_sock(LSSOCK_UDP, LSSOCK_UNCONNECTED);
	struct pane p = { .snap = s, .ascii = true };
	uint32_t r;

	(void)state;
	t.flags = 0;
	k.why = LSSOCK_WHY_NO_PERMISSION;
	k.flags |= LSSOCK_F_UID;
	k.uid = 33;
	p.row = watched_add(s, &k, NULL, 3, &t);
	k = watched_sock(LSSOCK_UNIX, LSSOCK_ESTABLISHED);
	k.name = snap_string(s, "/run/a\x1b[2Jb.sock", 16);
	k.family = AF_UNIX;
	r = watched_add(s, &k, NULL, NONE, &t);
	own(s, r, add_proc(s, 7, 1, "c\x9b" "at"), 5);
	assert_int_equal(link_owners(s), 0);
	assert_int_equal(snap_seal(s), 0);
	looks(&p, 8, 80,
	      "-- 10.0.0.5:443 UNCONNECTED ----------------------------------------------------\n"
	      "Owner   not to be seen: open files of other users may not be read\n"
	      "        created by user www-data\n"
	      "Reach   bound to 10.0.0.5:443   a private address   ns host\n"
	      "Queue   unread 0 of 131K   to be sent 0 of 213K   drops 3\n"
	      "Verdict takes packets of anybody (the kernel counts no bytes); has dropped 3\n"
	      "        packets\n"
	      "\n");
	p.row = r;
	looks(&p, 9, 80,
	      "-- c\\x9bat /run/a\\x1b[2Jb.sock ESTAB ----------------------------------------"
	      "---\n"
	      "Owner   c\\x9bat[7] fd 5   www-data   nginx.service   started 2d23h ago\n"
	      "        parent 1\n"
	      "Name    /run/a\\x1b[2Jb.sock\n"
	      "Peer    none\n"
	      "Queue   unread 0   to be sent 0\n"
	      "Verdict connected; nothing waits to be read or sent\n"
	      "\n"
	      "\n");
	lssock_snap_free(s);
}

static void test_ended(void **state)
{
	struct lssock_snap *s = machine();
	struct lssock_track t = track(31);
	struct lssock_sock k = watched_sock(LSSOCK_TCP, LSSOCK_TIME_WAIT);
	struct pane p = { .snap = s, .ascii = true };
	uint32_t r;

	(void)state;
	k.inode = 0;
	k.why = LSSOCK_WHY_TIME_WAIT;
	k.flags = LSSOCK_F_STATE | LSSOCK_F_QUEUES | 3;
	k.expires_ms = 19000;
	p.row = watched_add(s, &k, NULL, NONE, &t);
	k = watched_sock(LSSOCK_TCP, LSSOCK_ESTABLISHED);
	t.gone_ns = NOW - 4 * SEC;
	t.flags = LSSOCK_T_COUNTED;
	r = watched_add(s, &k, NULL, NONE, &t);
	assert_int_equal(snap_seal(s), 0);
	looks(&p, 7, 80,
	      "-- 10.0.0.5:443 - 203.0.113.7:51514 TIME-WAIT ----------------------------------\n"
	      "Owner   no process: the kernel only remembers the connection\n"
	      "Path    ns host\n"
	      "Bytes   in 412M   out 18M   queued in 0   out 0\n"
	      "Verdict closed; the kernel remembers it for another 19s\n"
	      "\n"
	      "\n");
	p.gone = true;
	looks(&p, 1, 80,
	      "-- 10.0.0.5:443 - 203.0.113.7:51514 gone ---------------------------------------\n");
	p.row = r;
	looks(&p, 9, 80,
	      "-- 10.0.0.5:443 - 203.0.113.7:51514 closed 13:46:36 ----------------------------\n"
	      "Closed  13:46:36   after 27s   in 412M   out 18M   (as of the round before)\n"
	      "Owner   not known\n"
	      "Path    ns host\n"
	      "Bytes   in 412M   out 18M   queued in 0   out 0\n"
	      "Verdict closed after 27s\n"
	      "\n"
	      "\n"
	      "\n");
	lssock_snap_free(s);
}

/* ---- room ----------------------------------------------------------------------------------- */

/* Every part of the text of a large pane is somewhere in a narrow one. */
static void test_nothing_is_lost(void **state)
{
	static const char *const parts[] = { "nginx[1235]", "www-data", "nginx.service", "34ms",
					     "18211", "5.2M/s", "412M", "worker" };
	uint32_t listener, conn;
	struct lssock_snap *s = web(&listener, &conn);
	struct pane p = { .snap = s, .row = conn, .ascii = true };
	unsigned width, i;
	char *got;

	(void)state;
	assert_int_equal(snap_seal(s), 0);
	for (width = 24; width < 170; width += 7) {
		got = drawn(&p, 100, width, NULL);
		for (i = 0; i < sizeof(parts) / sizeof(*parts); i++)
			if (!strstr(got, parts[i]))
				fail_msg("%u columns: no %s in\n%s", width, parts[i], got);
		mem_free(got);
	}
	lssock_snap_free(s);
}

static void test_any_size(void **state)
{
	uint32_t listener, conn;
	struct lssock_snap *s = web(&listener, &conn);
	struct pane_history h = history();
	struct pane p = { .snap = s, .row = conn, .h = &h };
	unsigned width, height, lines;
	char *got;

	(void)state;
	assert_int_equal(snap_seal(s), 0);
	for (width = 1; width < 200; width += 3)
		for (height = 1; height < 30; height += 2) {
			p.top = (uint16_t)(width % 5);
			got = drawn(&p, height, width, &lines);
			assert_true(lines > 1);
			mem_free(got);
		}
	p.row = s->socks.n;
	assert_int_equal(pane_draw(&p, &(struct grid){ 0 }, 0, 0, 5, 5), 0);
	lssock_snap_free(s);
}

/* In too few lines the verdict is there, and how many lines are not. */
static void test_low(void **state)
{
	uint32_t listener, conn;
	struct lssock_snap *s = web(&listener, &conn);
	struct pane p = { .snap = s, .row = conn, .ascii = true };
	unsigned lines;
	char *got;

	(void)state;
	assert_int_equal(snap_seal(s), 0);
	got = drawn(&p, 4, 80, &lines);
	assert_non_null(strstr(got, "Verdict healthy"));
	assert_non_null(strstr(got, "more lines"));
	mem_free(got);
	p.top = (uint16_t)(lines - 3);
	got = drawn(&p, 4, 80, NULL);
	assert_null(strstr(got, "more lines"));
	mem_free(got);
	lssock_snap_free(s);
}

static void test_no_memory(void **state)
{
	uint32_t listener, conn;
	struct lssock_snap *s = web(&listener, &conn);
	struct pane_history h = history();
	struct pane p = { .snap = s, .row = conn, .h = &h };
	struct grid g = { 0 };
	uint64_t n, before, failed = 1;

	(void)state;
	assert_int_equal(snap_seal(s), 0);
	assert_int_equal(grid_resize(&g, 160, 30), 0);
	for (n = 1; failed; n++) {
		before = mem_failures();
		mem_fail_at(n);
		pane_draw(&p, &g, 0, 0, 30, n % 2 ? 160 : 80);
		mem_fail_at(0);
		failed = mem_failures() - before;
	}
	assert_true(n > 5);
	grid_release(&g);
	lssock_snap_free(s);
}

static void test_spark(void **state)
{
	const float v[] = { 0, 1, 2, NAN, 4, 8 }, none[] = { 0, 0 }, bad[] = { -1, INFINITY, 1 };
	struct grid g = { 0 };
	struct buf b = { 0 };

	(void)state;
	assert_int_equal(grid_resize(&g, 8, 4), 0);
	spark(&g, 0, 0, 8, v, 6, true);
	spark(&g, 1, 0, 3, v, 6, true);
	spark(&g, 2, 0, 8, none, 2, false);
	spark(&g, 3, 0, 8, bad, 3, true);
	grid_dump(&g, false, &b);
	assert_string_equal(buf_cstr(&b), "  .._ =%\n =%\n      \xe2\x96\x81\xe2\x96\x81\n"
			    "     . %\n");
	buf_release(&b);
	grid_release(&g);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_connection), cmocka_unit_test(test_events),
		cmocka_unit_test(test_peer), cmocka_unit_test(test_listener),
		cmocka_unit_test(test_others), cmocka_unit_test(test_ended),
		cmocka_unit_test(test_nothing_is_lost), cmocka_unit_test(test_any_size),
		cmocka_unit_test(test_low), cmocka_unit_test(test_no_memory),
		cmocka_unit_test(test_spark),
	};

	setenv("TZ", "UTC", 1);
	tzset();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
