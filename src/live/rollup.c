/* SPDX-License-Identifier: MIT */
/*
 * Rows put together: groups by process, unit, remote and so on; services, which are the
 * listening sockets of one program on one port. What belongs to which is decided here,
 * in which order they stand in rows.c.
 */
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "live/ui.h"

struct pile {
	struct ui *ui;
	const struct lssock_sock *socks;
	const struct lssock_owner *owners;
	const struct lssock_proc *procs;
	const struct lssock_track *tracks;
	uint32_t there;
	struct index by_key;		/* group's key -> place */
	struct index seen;		/* of pairs: group and pid, group and remote */
	VEC(uint32_t) group_of;		/* by place in rows: group */
};

static const char *const names[N_GROUPS] = {
	"process", "unit", "remote", "port", "user", "netns"
};

const char *group_name(enum group g)
{
	return names[g];
}

static uint32_t plain_owner(const struct pile *p, uint32_t row)
{
	uint32_t o = p->socks[row].owner;

	return o && p->owners[o].how == LSSOCK_HOW_FD ? o : 0;
}

static size_t value(const struct pile *p, uint32_t row, const char *field, char *buf,
		    size_t size)
{
	struct lssock_value v;

	buf[0] = '\0';
	if (!row_value(p->ui->snap, row, plain_owner(p, row), field, &v))
		return 0;
	v.more = 0;
	return lssock_value_text(&v, buf, size);
}

static void by_process(const struct pile *p, uint32_t row, char *buf, size_t size)
{
	uint32_t o = plain_owner(p, row);
	char user[40];

	if (o) {
		value(p, row, "proc", buf, size);
		return;
	}
	if (!lssock_snap_meta(p->ui->snap)->owners_asked) {
		snprintf(buf, size, "(owners not asked)");
		return;
	}
	switch ((enum lssock_why)p->socks[row].why) {
	case LSSOCK_WHY_NO_PERMISSION: case LSSOCK_WHY_UNKNOWN: case LSSOCK_WHY_OTHER_PIDNS:
		value(p, row, "user", user, sizeof(user));
		snprintf(buf, size, "? user %s (no access)", user[0] ? user : "?");
		break;
	case LSSOCK_WHY_LATER:
		snprintf(buf, size, "? not looked for yet");
		break;
	default:
		snprintf(buf, size, "- kernel / no owner");
		break;
	}
}

static void name_of(const struct pile *p, uint32_t row, char *buf, size_t size)
{
	char port[16];

	switch (p->ui->group) {
	case GROUP_UNIT:
		if (!value(p, row, "container", buf, size) && !value(p, row, "unit", buf, size))
			snprintf(buf, size, "(no unit)");
		return;
	case GROUP_REMOTE:
		if (p->socks[row].state == LSSOCK_LISTEN || !value(p, row, "raddr", buf, size))
			snprintf(buf, size, "(not connected)");
		return;
	case GROUP_PORT:
		value(p, row, "proto", buf, size);
		if (value(p, row, "lport", port, sizeof(port)))
			snprintf(buf + strlen(buf), size - strlen(buf), " %s", port);
		return;
	case GROUP_USER:
		if (!value(p, row, "user", buf, size))
			snprintf(buf, size, "?");
		return;
	case GROUP_NETNS:
		if (!value(p, row, "nsname", buf, size))
			value(p, row, "netns", buf, size);
		return;
	case GROUP_PROCESS: case N_GROUPS:
		by_process(p, row, buf, size);
		return;
	}
}

/* ---- counting ------------------------------------------------------------------------ */

static bool first_time(struct pile *p, uint64_t a, uint64_t b)
{
	uint32_t *slot = index_put(&p->seen, hash_u64(a ^ hash_u64(b)));
	bool first = slot && *slot == INDEX_NONE;

	if (slot)
		*slot = 0;
	return first;
}

static void count(struct pile *p, struct rollup *g, uint32_t row)
{
	const struct lssock_sock *k = &p->socks[row];
	uint32_t o = plain_owner(p, row);

	g->n++;
	if (row < p->there) {
		g->listen += k->state == LSSOCK_LISTEN;
		g->estab += k->state == LSSOCK_ESTABLISHED;
		g->other += k->state != LSSOCK_LISTEN && k->state != LSSOCK_ESTABLISHED;
	}
	if (o) {
		g->pid = p->procs[p->owners[o].proc].pid;
		g->pids += first_time(p, g->key, (uint64_t)(uint32_t)g->pid << 1 | 1);
	}
	if (k->rport || k->state == LSSOCK_ESTABLISHED)
		g->remotes += first_time(p, g->key,
					 hash_bytes(&k->remote, sizeof(k->remote)) << 1);
	if (!p->tracks)
		return;
	g->rx += p->tracks[row].rx;
	g->tx += p->tracks[row].tx;
	g->rx_avg += p->tracks[row].rx_avg;
	g->tx_avg += p->tracks[row].tx_avg;
	g->counted |= p->tracks[row].flags & LSSOCK_T_RATES;
	g->problem |= p->tracks[row].problems != 0;
	g->fresh |= row < p->there && !(p->tracks[row].flags & LSSOCK_T_OLDER) &&
		    p->tracks[row].first_ns + MARK_NS > p->ui->now_ns;
}

static bool is_open(const struct ui *ui, uint64_t key)
{
	uint32_t i;

	for (i = 0; i < ui->open.n; i++)
		if (ui->open.v[i] == key)
			return !ui->all_open;
	return ui->all_open;
}

/* The group of a key, made if need be; its place. */
static uint32_t place(struct pile *p, uint64_t key, const char *name)
{
	uint32_t *slot = index_put(&p->by_key, key);
	struct rollup *g;

	if (!slot)
		return LSSOCK_NONE;
	if (*slot != INDEX_NONE)
		return *slot;
	*slot = p->ui->groups.n;
	g = vec_push(&p->ui->groups);
	if (!g)
		return LSSOCK_NONE;
	*g = (struct rollup){ .key = key, .open = is_open(p->ui, key) };
	snprintf(g->name, sizeof(g->name), "%s", name);
	return p->ui->groups.n - 1;
}

/* Members of a group stand together. */
static int gather(struct pile *p, const uint32_t *rows, uint32_t n)
{
	struct ui *ui = p->ui;
	uint32_t i, at = 0, *next;

	for (i = 0; i < ui->groups.n; i++) {
		ui->groups.v[i].first = at;
		at += ui->groups.v[i].n;
		ui->groups.v[i].n = 0;
	}
	if (!vec_reserve(&ui->members, at ? at : 1))
		return -1;
	ui->members.n = at;
	for (i = 0; i < n; i++) {
		struct rollup *g;

		if (p->group_of.v[i] == LSSOCK_NONE)
			continue;
		g = &ui->groups.v[p->group_of.v[i]];
		next = &ui->members.v[g->first + g->n++];
		*next = rows[i];
	}
	return 0;
}

static void begin(struct pile *p, struct ui *ui)
{
	*p = (struct pile){ .ui = ui };
	p->socks = lssock_socks(ui->snap, NULL);
	p->owners = lssock_owners(ui->snap, NULL);
	p->procs = lssock_procs(ui->snap, NULL);
	p->tracks = lssock_tracks(ui->snap, &p->there);
	ui->groups.n = 0;
	ui->members.n = 0;
}

static int end(struct pile *p, const uint32_t *rows, uint32_t n)
{
	int r = gather(p, rows, n);

	index_release(&p->by_key);
	index_release(&p->seen);
	vec_release(&p->group_of);
	return r;
}

static bool put_into(struct pile *p, uint32_t row, uint64_t key, const char *name)
{
	uint32_t *group = vec_push(&p->group_of);

	if (!group)
		return false;
	*group = place(p, key, name);
	if (*group != LSSOCK_NONE)
		count(p, &p->ui->groups.v[*group], row);
	return true;
}

int rollup_groups(struct ui *ui, const uint32_t *rows, uint32_t n)
{
	struct pile p;
	char name[120];
	uint32_t i;

	begin(&p, ui);
	for (i = 0; i < n; i++) {
		name_of(&p, rows[i], name, sizeof(name));
		if (!put_into(&p, rows[i], hash_bytes(name, strlen(name)) + ui->group, name))
			break;
	}
	return end(&p, rows, p.group_of.n);
}

/* ---- services ------------------------------------------------------------------------- */

static uint64_t service_key(const struct pile *p, uint32_t row)
{
	const struct lssock_sock *k = &p->socks[row];
	uint32_t o = plain_owner(p, row);
	struct {
		uint64_t ns, start;
		uint32_t pid, uid;
		uint16_t port, proto;
		uint32_t none;
	} s = {
		.ns = lssock_namespaces(p->ui->snap, NULL)[k->ns].ino,
		.start = o ? p->procs[p->owners[o].proc].start_ns : 0,
		.pid = o ? (uint32_t)p->procs[p->owners[o].proc].pid : 0,
		.uid = k->uid,
		.port = k->lport,
		.proto = k->proto,
	};

	/* Raw and packet sockets have no port that would make them one. */
	return hash_bytes(&s, sizeof(s)) ^ (k->lport ? 0 : hash_u64(k->cookie));
}

static bool is_any(const struct lssock_sock *k)
{
	static const uint8_t none[16];

	return !memcmp(k->local.ip, none, k->family == AF_INET ? 4 : 16);
}

struct binds { bool v4, v6, both; char list[80]; uint32_t n; };

static void add_bind(struct pile *p, struct binds *b, uint32_t row)
{
	const struct lssock_sock *k = &p->socks[row];
	char text[64];
	size_t len = strlen(b->list);

	if (is_any(k) && !k->iface) {
		b->v4 |= k->family == AF_INET;
		b->v6 |= k->family == AF_INET6;
		b->both |= k->family == AF_INET6 && k->flags & LSSOCK_F_V6ONLY_KNOWN &&
			   !(k->flags & LSSOCK_F_V6ONLY);
		return;
	}
	value(p, row, "laddr", text, sizeof(text));
	if (k->iface && strlen(text) + 2 < sizeof(text)) {
		char iface[20];

		value(p, row, "iface", iface, sizeof(iface));
		snprintf(text + strlen(text), sizeof(text) - strlen(text), "%%%s", iface);
	}
	if (b->n++ < 2)
		snprintf(b->list + len, sizeof(b->list) - len, "%s%s", len ? " " : "", text);
}

static unsigned reach(const struct pile *p, uint32_t row)
{
	static const char *const words[] = { "all", "public", "lan", "link", "local" };
	char text[32];
	unsigned i;

	value(p, row, "scope", text, sizeof(text));
	for (i = 0; i < 5 && strcmp(words[i], text); i++)
		;
	return i;
}

/* The widest one stands for all. */
static void widest_first(struct pile *p, const struct rollup *g)
{
	uint32_t *rows = p->ui->members.v + g->first, i, row;

	for (i = 1; i < g->n; i++)
		if (reach(p, rows[i]) < reach(p, rows[0])) {
			row = rows[0];
			rows[0] = rows[i];
			rows[i] = row;
		}
}

/* "*  (v4+v6)", "127.0.0.1 ::1", "10.0.0.5 10.0.0.6 +3". */
static void name_service(struct pile *p, struct rollup *g)
{
	struct binds b = { 0 };
	uint32_t i;
	char more[16] = "";

	widest_first(p, g);
	for (i = 0; i < g->n; i++)
		add_bind(p, &b, p->ui->members.v[g->first + i]);
	if (b.n > 2)
		snprintf(more, sizeof(more), " +%u", b.n - 2);
	if (b.both || b.v4 || b.v6)
		snprintf(g->name, sizeof(g->name), "* (%s)%s%s%s",
			 b.both || (b.v4 && b.v6) ? "v4+v6" : b.v4 ? "v4" : "v6",
			 b.list[0] ? " " : "", b.list, more);
	else
		snprintf(g->name, sizeof(g->name), "%s%s", b.list, more);
}

int rollup_services(struct ui *ui, const uint32_t *rows, uint32_t n)
{
	struct pile p;
	uint32_t i;
	int r;

	begin(&p, ui);
	for (i = 0; i < n; i++)
		if (!put_into(&p, rows[i], service_key(&p, rows[i]), ""))
			break;
	r = gather(&p, rows, p.group_of.n);
	for (i = 0; r == 0 && i < ui->groups.n; i++)
		name_service(&p, &ui->groups.v[i]);
	index_release(&p.by_key);
	index_release(&p.seen);
	vec_release(&p.group_of);
	return r;
}
