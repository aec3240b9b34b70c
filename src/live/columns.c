/* SPDX-License-Identifier: MIT */
/* See columns.h. Which columns give way when it gets narrow is the table's third number;
 * what a cell says is a field's text, shortened where the field's own is long. */
#include "live/columns.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

struct spec {
	const char *field, *head;
	uint16_t from;			/* columns of the screen it needs */
	uint16_t min, wide;		/* width; at 160 columns */
	uint8_t grow;			/* share of what is left */
	bool right, middle;
};

static const struct spec sockets[] = {
	{ "proc", "PROCESS", 0, 8, 16, 1, false, false },
	{ "pid", "PID", 0, 7, 7, 0, true, false },
	{ "user", "USER", 120, 10, 10, 0, false, false },
	{ "unit", "UNIT / CONTAINER", 140, 20, 20, 1, false, false },
	{ "proto", "PROT", 100, 4, 4, 0, false, false },
	{ "local", "LOCAL", 50, 10, 22, 8, false, true },
	{ "dir", "", 60, 1, 1, 0, false, false },
	{ "remote", "REMOTE", 0, 12, 24, 9, false, true },
	{ "state", "STATE", 0, 6, 10, 0, false, false },
	{ "idle", "IDLE", 110, 6, 6, 0, true, false },
	{ "rx", "RX/s", 70, 5, 6, 0, true, false },
	{ "tx", "TX/s", 80, 5, 6, 0, true, false },
	{ "rtt", "RTT", 120, 6, 6, 0, true, false },
	{ "cmd", "COMMAND", 180, 16, 20, 6, false, false },
};
static const struct spec listening[] = {
	{ "lport", "PORT", 0, 5, 5, 0, true, false },
	{ "proto", "PROT", 0, 4, 4, 0, false, false },
	{ "address", "ADDRESS", 0, 10, 30, 3, false, false },
	{ "scope", "SCOPE", 50, 6, 8, 0, false, false },
	{ "queue", "QUEUE", 60, 10, 10, 0, true, false },
	{ "clients", "CONN", 66, 5, 5, 0, true, false },
	{ "user", "USER", 74, 9, 12, 0, false, false },
	{ "pid", "PID", 0, 7, 7, 0, true, false },
	{ "proc", "PROCESS", 0, 8, 16, 1, false, false },
	{ "unit", "UNIT / CONTAINER", 110, 20, 20, 2, false, false },
	{ "cmd", "COMMAND", 140, 16, 20, 4, false, false },
};
static const struct spec groups[] = {
	{ "group", "GROUP", 0, 28, 44, 4, false, false },
	{ "listen", "LIS", 0, 4, 4, 0, true, false },
	{ "estab", "ESTAB", 0, 6, 6, 0, true, false },
	{ "other", "OTHER", 50, 5, 6, 0, true, false },
	{ "rx", "RX/s", 56, 6, 6, 0, true, false },
	{ "tx", "TX/s", 64, 6, 6, 0, true, false },
	{ "remotes", "REMOTES", 72, 7, 7, 0, true, false },
	{ "graph", "RX 60s", 80, 10, 40, 2, false, false },
};
static const struct spec closed[] = {
	{ "closed", "CLOSED", 0, 8, 8, 0, false, false },
	{ "lasted", "LASTED", 50, 6, 7, 0, true, false },
	{ "proc", "PROCESS", 0, 8, 16, 1, false, false },
	{ "pid", "PID", 0, 7, 7, 0, true, false },
	{ "user", "USER", 120, 10, 10, 0, false, false },
	{ "proto", "PROT", 100, 4, 4, 0, false, false },
	{ "local", "LOCAL", 70, 6, 22, 0, false, true },
	{ "dir", "", 70, 1, 1, 0, false, false },
	{ "remote", "REMOTE", 0, 9, 24, 4, false, true },
	{ "in", "IN", 60, 5, 6, 0, true, false },
	{ "out", "OUT", 60, 5, 6, 0, true, false },
	{ "note", "NOTE", 80, 6, 16, 0, false, false },
};
static const struct spec unix_sockets[] = {
	{ "proc", "PROCESS", 0, 8, 16, 1, false, false },
	{ "pid", "PID", 0, 7, 7, 0, true, false },
	{ "user", "USER", 90, 10, 10, 0, false, false },
	{ "type", "TYPE", 60, 6, 9, 0, false, false },
	{ "state", "STATE", 0, 6, 10, 0, false, false },
	{ "path", "PATH", 0, 9, 40, 5, false, true },
	{ "peer", "PEER", 70, 14, 24, 2, false, false },
	{ "recvq", "RECV-Q", 80, 6, 6, 0, true, false },
	{ "sendq", "SEND-Q", 80, 6, 6, 0, true, false },
	{ "unit", "UNIT / CONTAINER", 130, 20, 20, 2, false, false },
};
static const struct { const struct spec *v; unsigned n; } tabs[N_TABS] = {
	[TAB_SOCKETS] = { sockets, sizeof(sockets) / sizeof(*sockets) },
	[TAB_LISTEN] = { listening, sizeof(listening) / sizeof(*listening) },
	[TAB_GROUPS] = { groups, sizeof(groups) / sizeof(*groups) },
	[TAB_CLOSED] = { closed, sizeof(closed) / sizeof(*closed) },
	[TAB_UNIX] = { unix_sockets, sizeof(unix_sockets) / sizeof(*unix_sockets) },
};

/* ---- widths ----------------------------------------------------------------------- */

static const struct spec *spec_of(enum tab tab, const char *field)
{
	unsigned i;

	for (i = 0; i < tabs[tab].n; i++)
		if (!strcmp(tabs[tab].v[i].field, field))
			return &tabs[tab].v[i];
	return NULL;
}

static void add(struct column *c, const struct spec *s, unsigned cols, uint8_t *grow)
{
	unsigned wide = cols <= 80 ? 0 : cols >= 160 ? 80 : cols - 80;

	*c = (struct column){
		.field = s->field, .head = s->head, .index = lssock_field_find(s->field),
		.right = s->right, .middle = s->middle,
		.width = (uint16_t)(s->min + (s->wide - s->min) * wide / 80),
	};
	*grow = s->grow;
}

static unsigned usual(const struct ui *ui, unsigned cols, struct column *out, uint8_t *grow)
{
	unsigned i, n = 0;

	for (i = 0; i < tabs[ui->tab].n && n < COLUMNS_MAX; i++)
		if (cols >= tabs[ui->tab].v[i].from) {
			add(&out[n], &tabs[ui->tab].v[i], cols, &grow[n]);
			n++;
		}
	return n;
}

/* Columns that were chosen are all there, in their order; what does not fit is reached
 * sideways. */
static unsigned chosen(const struct ui *ui, unsigned cols, struct column *out, uint8_t *grow)
{
	const struct tab_state *t = &ui->tabs[ui->tab];
	struct lssock_field_info info;
	unsigned i, n = 0;

	for (i = 0; i < t->columns.n && n < COLUMNS_MAX; i++) {
		const struct spec *s;

		if (t->columns.v[i] < 0 ||
		    lssock_field_info((uint32_t)t->columns.v[i], &info) < 0)
			continue;
		s = spec_of(ui->tab, info.name);
		if (s) {
			add(&out[n], s, cols, &grow[n]);
		} else {
			bool text = !strcmp(info.type, "text") || !strcmp(info.type, "address");
			size_t head = strlen(info.head);

			out[n] = (struct column){
				.field = info.name, .head = info.head, .index = t->columns.v[i],
				.width = (uint16_t)(text ? 14 : head > 7 ? head : 7),
				.right = !text,
			};
			grow[n] = text;
		}
		n++;
	}
	return n;
}

static void spread(struct column *c, const uint8_t *grow, unsigned n, unsigned cols)
{
	unsigned i, used = 0, shares = 0, left, x = 1;

	for (i = 0; i < n; i++) {
		used += c[i].width + (i > 0);
		shares += grow[i];
	}
	left = cols > used + 1 ? cols - used - 1 : 0;
	for (i = 0; i < n; i++) {
		unsigned more = shares ? left * grow[i] / shares : 0;

		left -= more;
		shares -= grow[i];
		c[i].x = (uint16_t)x;
		c[i].width = (uint16_t)(c[i].width + more);
		x += c[i].width + 1u;
	}
}

unsigned columns_of(const struct ui *ui, unsigned cols, struct column out[COLUMNS_MAX])
{
	uint8_t grow[COLUMNS_MAX];
	bool own = ui->tabs[ui->tab].columns.n && ui->tab != TAB_GROUPS;
	unsigned n = own ? chosen(ui, cols, out, grow) : usual(ui, cols, out, grow);

	spread(out, grow, n, cols);
	return n;
}

/* ---- numbers -------------------------------------------------------------------------- */

void short_rate(double v, char buf[16])
{
	static const char units[] = "KMGTPE";
	int i = -1;

	while (v >= 999.5 && i < 5) {
		v /= 1000;
		i++;
	}
	if (i < 0)
		snprintf(buf, 16, "%.0f", v);
	else
		snprintf(buf, 16, v < 9.95 ? "%.1f%c" : "%.0f%c", v, units[i]);
}

void short_time(uint64_t us, char buf[16])
{
	uint64_t s = us / 1000000;

	if (us < 1000)
		snprintf(buf, 16, "%uus", (unsigned)us);
	else if (us < 10000)
		snprintf(buf, 16, "%.1fms", (double)us / 1000);
	else if (us < 1000000)
		snprintf(buf, 16, "%ums", (unsigned)(us / 1000));
	else if (s < 10)
		snprintf(buf, 16, "%.1fs", (double)us / 1e6);
	else if (s < 100)
		snprintf(buf, 16, "%us", (unsigned)s);
	else if (s < 3600)
		snprintf(buf, 16, "%um", (unsigned)(s / 60));
	else if (s < 86400)
		snprintf(buf, 16, "%uh%02um", (unsigned)(s / 3600), (unsigned)(s / 60 % 60));
	else
		snprintf(buf, 16, "%ud", (unsigned)(s / 86400 > 99999 ? 99999 : s / 86400));
}

/* ---- cells ------------------------------------------------------------------------------- */

struct cell_of {
	const struct ui *ui;
	const struct item *item;
	const struct lssock_sock *k;
	const struct lssock_track *t;	/* NULL: no watch */
	uint32_t owner;
	bool wide;
};

static bool get(const struct cell_of *c, const char *field, struct lssock_value *v)
{
	return row_value(c->ui->snap, c->item->row, c->owner, field, v);
}

static void text(const struct cell_of *c, const char *field, char *buf, size_t size)
{
	struct lssock_value v;

	if (get(c, field, &v)) {
		lssock_value_text(&v, buf, size);
		return;
	}
	snprintf(buf, size, "%s", v.kind == LSSOCK_V_UNKNOWN ? "?" :
		 v.kind == LSSOCK_V_LATER ? "." : "-");
}

/* `?user` for what may not be known, `-` where nothing is to know, `.` if not asked. */
static void process(const struct cell_of *c, char *buf, size_t size, enum role *role)
{
	static const char *const fields[] = { "proc", "exe", "cmd" };
	bool asked = lssock_snap_meta(c->ui->snap)->owners_asked;
	char user[48];

	if (c->owner) {
		text(c, fields[c->ui->proc_as], buf, size);
		return;
	}
	switch (asked ? (enum lssock_why)c->k->why : LSSOCK_WHY_LATER) {
	case LSSOCK_WHY_NO_PERMISSION: case LSSOCK_WHY_OTHER_PIDNS: case LSSOCK_WHY_UNKNOWN:
		*role = ROLE_DIM;
		text(c, "user", user, sizeof(user));
		snprintf(buf, size, "?%s", user);
		return;
	case LSSOCK_WHY_VANISHED:
		snprintf(buf, size, "?");
		return;
	case LSSOCK_WHY_LATER:
		snprintf(buf, size, "%s", !c->ui->owners ? "." : c->ui->ascii ? "..." : "…");
		return;
	default:
		snprintf(buf, size, "-");
	}
}

static const char *const short_states[LSSOCK_N_STATE] = {
	"?", "ESTAB", "SYN-S", "SYN-R", "FIN-W1", "FIN-W2", "T-WAIT", "CLOSE", "C-WAIT",
	"L-ACK", "LISTEN", "CLSING", "BOUND", "UNCONN"
};
static const char *const long_states[LSSOCK_N_STATE] = {
	"?", "ESTAB", "SYN-SENT", "SYN-RECV", "FIN-WAIT-1", "FIN-WAIT-2", "TIME-WAIT", "CLOSE",
	"CLOSE-WAIT", "LAST-ACK", "LISTEN", "CLOSING", "BOUND", "UNCONN"
};

/* Protocols without connections of their own say what they are. */
static const char *unlike_tcp(const struct lssock_sock *k)
{
	switch (k->proto) {
	case LSSOCK_UDP: return k->state == LSSOCK_ESTABLISHED ? "UDP-C" : "UDP";
	case LSSOCK_UDPLITE: return "UDPL";
	case LSSOCK_RAW: return "RAW";
	case LSSOCK_ICMP: return "ICMP";
	case LSSOCK_PACKET: return "PKT";
	}
	return NULL;
}

static void state(const struct cell_of *c, char *buf, size_t size, enum role *role)
{
	const char *word = unlike_tcp(c->k);
	unsigned since;

	if (c->t && c->t->gone_ns && c->ui->tab != TAB_CLOSED) {
		since = c->ui->now_ns > c->t->gone_ns ?
			(unsigned)((c->ui->now_ns - c->t->gone_ns) / NS_PER_S) : 0;
		snprintf(buf, size, c->wide && since < 1000 ? "closed %us" : "closed", since);
		return;
	}
	if (c->t && c->t->changed_ns + MARK_NS > c->ui->now_ns && c->t->changed_ns)
		*role = ROLE_CHANGED;
	else if (c->k->state == LSSOCK_CLOSE_WAIT || c->k->state == LSSOCK_SYN_SENT)
		*role = ROLE_PROBLEM;
	if (!word)
		word = (c->wide ? long_states : short_states)
			[c->k->state < LSSOCK_N_STATE ? c->k->state : 0];
	snprintf(buf, size, "%s", word);
}

/* Where there is little room the local end is its port. */
/* Where hardly an address has room the port alone tells more than two ends of it. */
static void local(const struct cell_of *c, unsigned width, char *buf, size_t size)
{
	if (width < 15)
		snprintf(buf, size, ":%u", c->k->lport);
	else
		ui_end(c->ui, c->item->row, "local", width, buf, size);
}

/* Where others have the other end, a listener has its queue. */
static void remote(const struct cell_of *c, unsigned width, char *buf, size_t size,
		   enum role *role)
{
	const struct lssock_sock *k = c->k;
	bool full = k->flags & LSSOCK_F_LIMIT && k->rqueue > k->wqueue;

	if (k->state == LSSOCK_LISTEN && k->flags & LSSOCK_F_QUEUES && k->proto == LSSOCK_TCP) {
		snprintf(buf, size, "%s %u/%u%s", c->wide ? "queue" : "q", k->rqueue, k->wqueue,
			 full ? " OVERFLOW" : "");
		if (full)
			*role = ROLE_PROBLEM;
		return;
	}
	if (k->state == LSSOCK_LISTEN || !k->rport)
		snprintf(buf, size, "*");
	else
		ui_end(c->ui, c->item->row, "remote", width, buf, size);
}

static void direction(const struct cell_of *c, char *buf, size_t size)
{
	struct lssock_value v;

	buf[0] = '\0';
	if (c->k->state != LSSOCK_LISTEN && get(c, "dir", &v) && v.kind == LSSOCK_V_WORD)
		snprintf(buf, size, "%s", v.len == 2 ? "<" : ">");
}

/* The first sample is a dot and not a 0: nobody knows yet. */
static void rate(const struct cell_of *c, bool rx, char *buf, size_t size)
{
	char number[16];

	if (!c->t || !(c->t->flags & LSSOCK_T_RATES)) {
		snprintf(buf, size, ".");
		return;
	}
	short_rate((double)(rx ? c->t->rx : c->t->tx), number);
	snprintf(buf, size, "%s", number);
}

static void bytes(const struct cell_of *c, bool in, char *buf, size_t size)
{
	char number[16];

	if (!c->t || !(c->t->flags & LSSOCK_T_COUNTED)) {
		snprintf(buf, size, ".");
		return;
	}
	short_rate((double)(in ? c->t->in : c->t->out), number);
	snprintf(buf, size, "%s", number);
}

static void duration(const struct cell_of *c, const char *field, char *buf, size_t size)
{
	struct lssock_value v;
	char number[16];

	if (!get(c, field, &v)) {
		snprintf(buf, size, ".");
		return;
	}
	short_time(v.u, number);
	snprintf(buf, size, "%s", number);
}

static void clock_time(uint64_t ns, char *buf, size_t size)
{
	time_t s = (time_t)(ns / NS_PER_S);
	struct tm tm;

	buf[0] = '\0';
	if (localtime_r(&s, &tm))
		strftime(buf, size, "%H:%M:%S", &tm);
}

/* `<1s` where only its end was seen, `>` where it was there before us. */
static void lasted(const struct cell_of *c, char *buf, size_t size)
{
	const struct lssock_track *t = c->t;
	char number[16];

	if (!t || !t->gone_ns) {
		snprintf(buf, size, "-");
		return;
	}
	if (!t->first_ns) {
		short_time(c->ui->interval_us, number);
		snprintf(buf, size, "<%s", c->ui->interval_us == 1000000 ? "1s" : number);
		return;
	}
	short_time(t->gone_ns > t->first_ns ? (t->gone_ns - t->first_ns) / 1000 : 0, number);
	snprintf(buf, size, "%s%s", t->flags & LSSOCK_T_OLDER ? ">" : "", number);
}

static void note(const struct cell_of *c, char *buf, size_t size)
{
	buf[0] = '\0';
	if (!c->t)
		return;
	if (c->t->retrans)
		snprintf(buf, size, "rtx %u", c->t->retrans);
	else if (c->t->flags & LSSOCK_T_FINAL)
		buf[0] = '\0';
	else if (c->k->proto == LSSOCK_TCP)
		snprintf(buf, size, "not exact");
}

static void unit(const struct cell_of *c, char *buf, size_t size)
{
	struct lssock_value v;

	if (get(c, "container", &v))
		lssock_value_text(&v, buf, size);
	else
		text(c, "unit", buf, size);
}

static void queue(const struct cell_of *c, char *buf, size_t size, enum role *role)
{
	const struct lssock_sock *k = c->k;

	if (!(k->flags & LSSOCK_F_QUEUES))
		snprintf(buf, size, "-");
	else if (k->flags & LSSOCK_F_LIMIT)
		snprintf(buf, size, "%u/%u", k->rqueue, k->wqueue);
	else
		snprintf(buf, size, "%u", k->rqueue);
	if (k->flags & LSSOCK_F_LIMIT && k->rqueue > k->wqueue)
		*role = ROLE_PROBLEM;
}

static void scope(const struct cell_of *c, char *buf, size_t size, enum role *role)
{
	text(c, "scope", buf, size);
	if (!strcmp(buf, "all") || !strcmp(buf, "public")) {
		snprintf(buf, size, "%s", buf[0] == 'a' ? "ALL" : "PUBLIC");
		*role = ROLE_TITLE;
	}
}

static void port(const struct cell_of *c, char *buf, size_t size)
{
	uint32_t i;
	const struct config *cf = c->ui->config;

	for (i = 0; cf && c->ui->service_names && i < cf->aliases.n; i++)
		if (cf->aliases.v[i].port == c->k->lport) {
			snprintf(buf, size, "%s", cf->aliases.v[i].name);
			return;
		}
	if (c->k->lport)
		snprintf(buf, size, "%u", c->k->lport);
	else
		snprintf(buf, size, "-");
}

/* A socket in a group or of a service stands below it. */
static void child(const struct cell_of *c, char *buf, size_t size)
{
	const char *branch = c->ui->ascii ? (c->item->last ? "`- " : "|- ") :
			     c->item->last ? "└ " : "├ ";
	char near[96], far[96], arrow[4];
	enum role none;

	local(c, sizeof(near) - 4, near, sizeof(near));
	remote(c, sizeof(far) - 4, far, sizeof(far), &none);
	direction(c, arrow, sizeof(arrow));
	if (c->ui->tab == TAB_LISTEN || c->k->state == LSSOCK_LISTEN)
		snprintf(buf, size, "  %s%s", branch, near);
	else
		snprintf(buf, size, "  %s%s %s %s", branch, near, arrow[0] ? arrow : "-", far);
}

static void sparkline(const struct ui *ui, uint64_t key, unsigned width, char *buf, size_t size)
{
	static const char *const glyphs[] = { "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█" };
	static const char plain[] = "._-=+*#%";
	const struct ring *r = hist_get(&ui->hist, key);
	uint32_t n = ring_len(r), i;
	float most = 1;
	size_t at = 0;

	buf[0] = '\0';
	if (n > width)
		n = width;
	for (i = 0; i < n; i++)
		if (ring_at(r, i, n)->rx > most)
			most = ring_at(r, i, n)->rx;
	for (i = 0; i < n && at + 4 < size; i++) {
		int level = (int)(ring_at(r, i, n)->rx * 7.99f / most);

		if (ui->ascii)
			buf[at++] = plain[level];
		else
			at += (size_t)snprintf(buf + at, size - at, "%s", glyphs[level]);
	}
	buf[at] = '\0';
}

static void graph(const struct cell_of *c, unsigned width, char *buf, size_t size,
		  enum role *role)
{
	*role = ROLE_GRAPH;
	sparkline(c->ui, hist_key(c->item->id), width, buf, size);
}

static void group_cell(const struct cell_of *c, const struct column *col, char *buf,
		       size_t size, enum role *role)
{
	const struct rollup *g = &c->ui->groups.v[c->item->group];
	char number[16];

	if (!strcmp(col->field, "group")) {
		if (g->pids > 1)
			snprintf(buf, size, "[%c] %s (%u pids)", g->open ? '-' : '+',
				 g->name, g->pids);
		else if (g->pids == 1 && c->ui->group == GROUP_PROCESS)
			snprintf(buf, size, "[%c] %s %d", g->open ? '-' : '+', g->name, g->pid);
		else
			snprintf(buf, size, "[%c] %s", g->open ? '-' : '+', g->name);
	} else if (!strcmp(col->field, "listen")) {
		snprintf(buf, size, "%u", g->listen);
	} else if (!strcmp(col->field, "estab")) {
		snprintf(buf, size, "%u", g->estab);
	} else if (!strcmp(col->field, "other")) {
		snprintf(buf, size, "%u", g->other);
	} else if (!strcmp(col->field, "remotes")) {
		snprintf(buf, size, "%u", g->remotes);
	} else if (!strcmp(col->field, "graph")) {
		*role = ROLE_GRAPH;
		sparkline(c->ui, g->key | 2, col->width, buf, size);
	} else if (!g->counted) {
		snprintf(buf, size, ".");
	} else {
		short_rate((double)(col->field[0] == 'r' ? g->rx : g->tx), number);
		snprintf(buf, size, "%s", number);
	}
}

static void client_count(uint64_t n, bool known, char *buf, size_t size)
{
	char number[16] = "-";

	if (known && n < 100000)
		snprintf(number, sizeof(number), "%u", (unsigned)n);
	else if (known)
		short_rate((double)n, number);
	snprintf(buf, size, "%s", number);
}

static void service_cell(const struct cell_of *c, const struct column *col, char *buf,
			 size_t size, enum role *role)
{
	const struct rollup *g = &c->ui->groups.v[c->item->group];
	const struct lssock_sock *socks = lssock_socks(c->ui->snap, NULL);
	struct cell_of fullest = *c, one = *c;
	struct item item = *c->item;
	struct lssock_value v;
	uint64_t clients = 0;
	bool known = false;
	uint32_t i;

	if (!strcmp(col->field, "address")) {
		snprintf(buf, size, "%s", g->name);
		return;
	}
	one.item = &item;
	for (i = 0; i < g->n; i++) {
		item.row = c->ui->members.v[g->first + i];
		one.k = &socks[item.row];
		if (one.k->rqueue > fullest.k->rqueue)
			fullest.k = one.k;
		if (get(&one, "clients", &v)) {
			clients += v.u;
			known = true;
		}
	}
	if (!strcmp(col->field, "clients"))
		client_count(clients, known, buf, size);
	else
		queue(&fullest, buf, size, role);
}

static void socket_cell(const struct cell_of *c, const struct column *col, char *buf,
			size_t size, enum role *role)
{
	const char *f = col->field;

	if (!strcmp(f, "proc"))
		process(c, buf, size, role);
	else if (!strcmp(f, "state"))
		state(c, buf, size, role);
	else if (!strcmp(f, "local"))
		local(c, col->width, buf, size);
	else if (!strcmp(f, "remote"))
		remote(c, col->width, buf, size, role);
	else if (!strcmp(f, "dir"))
		direction(c, buf, size);
	else if (!strcmp(f, "rx") || !strcmp(f, "tx"))
		rate(c, f[0] == 'r', buf, size);
	else if (!strcmp(f, "in") || !strcmp(f, "out"))
		bytes(c, f[0] == 'i', buf, size);
	else if (!strcmp(f, "idle") || !strcmp(f, "rtt"))
		duration(c, f, buf, size);
	else if (!strcmp(f, "closed"))
		clock_time(c->t ? c->t->gone_ns : 0, buf, size);
	else if (!strcmp(f, "lasted"))
		lasted(c, buf, size);
	else if (!strcmp(f, "note"))
		note(c, buf, size);
	else if (!strcmp(f, "unit"))
		unit(c, buf, size);
	else if (!strcmp(f, "queue"))
		queue(c, buf, size, role);
	else if (!strcmp(f, "scope"))
		scope(c, buf, size, role);
	else if (!strcmp(f, "lport"))
		port(c, buf, size);
	else if (!strcmp(f, "group") || !strcmp(f, "address"))
		child(c, buf, size);
	else if (!strcmp(f, "estab"))
		state(c, buf, size, role);
	else if (!strcmp(f, "graph"))
		graph(c, col->width, buf, size, role);
	else if (col->index >= 0)
		text(c, f, buf, size);
	else
		snprintf(buf, size, "%s", "");
}

void column_text(const struct ui *ui, const struct item *i, const struct column *col, char *buf,
		 size_t size, enum role *role)
{
	const struct lssock_sock *k = &lssock_socks(ui->snap, NULL)[i->row];
	const struct lssock_track *t = lssock_tracks(ui->snap, NULL);
	bool own = k->owner && lssock_owners(ui->snap, NULL)[k->owner].how == LSSOCK_HOW_FD;
	struct cell_of c = { .ui = ui, .item = i, .k = k, .t = t ? t + i->row : NULL,
			     .owner = own ? k->owner : 0, .wide = ui->cols >= 150 };

	if (i->kind == ITEM_GROUP)
		group_cell(&c, col, buf, size, role);
	else if (i->kind == ITEM_SERVICE &&
		 (!strcmp(col->field, "address") || !strcmp(col->field, "clients") ||
		  !strcmp(col->field, "queue")))
		service_cell(&c, col, buf, size, role);
	else
		socket_cell(&c, col, buf, size, role);
}
