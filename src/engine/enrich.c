/* SPDX-License-Identifier: MIT */
/*
 * Details asked only for rows the filter has not excluded: what a process is
 * (command line, executable, unit …), what a unix path is now, where a cgroup
 * id lives, what an interface is called. What others can block is asked by
 * questions.c.
 */
#include <errno.h>
#include <linux/inet_diag.h>
#include <string.h>

#include "engine/engine.h"
#include "wire/procfs.h"
#include "wire/route.h"
#include "wire/units.h"

#define PATH_MOST 256		/* sun_path has 108 */

/* ---- processes ---------------------------------------------------------- */

static void take_proc(struct collect *c, uint32_t row, int result, const struct buf *answer)
{
	if (result == 0)
		procfs_details(c->s, row, answer->data, answer->len);
}

static void post_proc(struct questions *q, uint32_t proc, uint32_t sections)
{
	const struct lssock_proc *p = &q->c->s->procs.v[proc];
	struct ask_proc arg = { .pid = p->pid, .sections = sections, .start_ns = p->start_ns };
	struct ask ask = { .kind = ASK_PROC, .id = ask_proc_id(p->pid, p->start_ns),
			   .arg = &arg, .arg_len = sizeof(arg) };

	questions_add(q, &ask, proc, proc);
}

/* Marks the processes that hold row `row`. */
static void mark_owners(const struct lssock_snap *s, uint32_t row, uint8_t *marks)
{
	uint32_t o;

	if (row == LSSOCK_NONE)
		return;
	for (o = s->socks.v[row].owner; o; o = s->owners.v[o].next)
		marks[s->owners.v[o].proc] = 1;
}

/* Nothing is read that is not shown, and nothing can hang that is not read. */
static uint32_t sections_needed(uint32_t needs)
{
	uint32_t sections = 0;

	if (needs & NEED_CMD)
		sections |= 1u << PROC_CMDLINE;
	if (needs & NEED_EXE)
		sections |= 1u << PROC_EXE;
	if (needs & NEED_UNIT)
		sections |= 1u << PROC_CGROUP;
	if (needs & NEED_FDS)
		sections |= 1u << PROC_LIMITS | 1u << PROC_NFDS;
	return sections;
}

static void take_exe(struct collect *c, uint32_t row, int result, const struct buf *answer)
{
	if (result == 0)
		procfs_exe(c->s, row, answer->data, answer->len);
}

/* Files of the same name hang alike. */
static void post_exe(struct questions *q, uint32_t proc)
{
	const struct lssock_proc *p = &q->c->s->procs.v[proc];
	struct ask_proc arg = { .pid = p->pid, .start_ns = p->start_ns };
	struct ask ask = { .kind = ASK_EXE, .id = ask_proc_id(p->pid, p->start_ns),
			   .arg = &arg, .arg_len = sizeof(arg) };

	if (p->exe)
		questions_add(q, &ask, proc, p->exe);
}

static void enrich_procs(struct collect *c, const uint8_t *in_play)
{
	struct questions q = { .c = c, .take = take_proc, .what = "process details" };
	struct questions exes = { .c = c, .take = take_exe, .what = "programs" };
	struct lssock_snap *s = c->s;
	uint32_t sections = sections_needed(c->plan->needs);
	uint8_t *marks = mem_alloc(s->procs.n + 1);
	uint32_t i;

	if (!marks)
		return;
	for (i = 0; i < s->socks.n; i++)
		if (in_play[i])
			mark_owners(s, i, marks);
	for (i = 1; i < s->procs.n; i++)
		if (marks[i] && !(s->procs.v[i].flags & LSSOCK_P_DETAILS))
			post_proc(&q, i, sections);
	questions_ask(&q);
	for (i = 1; i < s->procs.n && c->plan->needs & NEED_EXE_FILE; i++)
		if (marks[i] && !(s->procs.v[i].flags & LSSOCK_P_EXE_FILE))
			post_exe(&exes, i);
	questions_ask(&exes);
	mem_free(marks);
}

uint32_t enrich_proc(struct collect *c, int32_t pid)
{
	struct lssock_snap *s = c->s;
	struct ask_proc ask = { .pid = pid, .sections = 1u << PROC_STAT | 1u << PROC_COMM };
	struct lssock_proc p = { .pid = pid, .nofile = LSSOCK_NONE, .nfds = LSSOCK_NONE,
				 .ns = 0xffff };
	uint32_t row = pid > 0 ? index_get(&s->by_pid, (uint64_t)pid) : 0;
	struct procfs_stat st;
	struct buf b = { 0 };

	if (row != INDEX_NONE)
		return row;
	row = 0;
	if (ask_bytes(c, ASK_PROC, 0, ask_proc_id(pid, 0), &ask, sizeof(ask), &b) == 0 &&
	    procfs_section_stat(b.data, b.len, &st) == 0) {
		p.ppid = st.ppid;
		p.comm = snap_string(s, st.comm, st.comm_len);
		row = snap_proc(s, &p);
	}
	buf_release(&b);
	return row;
}

#define ANCESTORS (LSSOCK_Q_STORY | LSSOCK_Q_FULLEST | LSSOCK_Q_ANCESTORS)

/* The ancestors of the owners, for "systemd > dockerd > docker-proxy". */
static void enrich_ancestors(struct collect *c, const uint8_t *in_play)
{
	struct lssock_snap *s = c->s;
	uint32_t depth, i, row, known = s->procs.n;
	uint8_t *marks = mem_alloc(known + 1);

	if (!marks)
		return;
	for (i = 0; i < s->socks.n; i++)
		if (in_play[i])
			mark_owners(s, i, marks);
	for (i = 1; i < known; i++)
		for (depth = 0, row = marks[i] ? i : 0; row && depth < 32; depth++)
			row = enrich_proc(c, s->procs.v[row].ppid);
	mem_free(marks);
}

/* ---- unix socket files ---------------------------------------------------- */

static void take_file(struct collect *c, uint32_t row, int result, const struct buf *answer)
{
	if (result == 0)
		procfs_file(c->s, row, answer->data, answer->len);
}

static bool has_path(const struct lssock_snap *s, const struct lssock_sock *k, size_t *len)
{
	const char *name = NULL;

	if (k->proto == LSSOCK_UNIX)
		name = strings_get(&s->strings, k->name, len);
	return name && *len && name[0] && k->local.w[0];
}

/* The process in whose root and directory the path was bound: the listener's
 * for sockets that were accepted, since they carry its name. */
static const struct lssock_proc *path_owner(const struct lssock_snap *s,
					    const struct lssock_sock *k)
{
	uint32_t o = k->owner;

	if (k->via != LSSOCK_NONE && s->socks.v[k->via].owner)
		o = s->socks.v[k->via].owner;
	return o ? &s->procs.v[s->owners.v[o].proc] : NULL;
}

/* What hangs is the way to a file: its directory, of this device. */
static uint32_t place_of(const struct lssock_sock *k, const char *path, size_t len)
{
	while (len && path[len - 1] != '/')
		len--;
	return (uint32_t)(hash_bytes(path, len) ^ hash_u64(k->local.w[1]));
}

static void post_file(struct questions *q, uint32_t row)
{
	const struct lssock_snap *s = q->c->s;
	const struct lssock_sock *k = &s->socks.v[row];
	const struct lssock_proc *p = path_owner(s, k);
	struct { struct ask_file head; char path[PATH_MOST]; } arg = { 0 };
	struct ask ask = { .kind = ASK_FILE, .arg = &arg };
	size_t len;
	const char *name = strings_get(&s->strings, k->name, &len);

	if (len > sizeof(arg.path))
		return;
	arg.head.pid = p ? p->pid : 0;
	arg.head.path_len = (uint32_t)len;
	arg.head.start_ns = p ? p->start_ns : 0;
	memcpy(arg.path, name, len);
	ask.arg_len = (uint32_t)(sizeof(arg.head) + len);
	ask.id = hash_bytes(&arg, ask.arg_len);
	questions_add(q, &ask, row, place_of(k, name, len));
}

static uint64_t file_key(const struct lssock_sock *k)
{
	return hash_u64(k->name) ^ ((uint64_t)k->local.w[1] << 32 | k->local.w[0]);
}

/* One look per bound file; sockets of the same name and file share its row. */
static void enrich_files(struct collect *c, const uint8_t *in_play)
{
	struct questions q = { .c = c, .take = take_file, .what = "socket files" };
	struct lssock_snap *s = c->s;
	struct index seen = { 0 };
	uint32_t i, first, *slot;
	size_t len;

	for (i = 0; i < s->socks.n; i++) {
		if (!in_play[i] || !has_path(s, &s->socks.v[i], &len))
			continue;
		slot = index_put(&seen, file_key(&s->socks.v[i]));
		if (!slot)
			break;
		if (*slot != INDEX_NONE)
			continue;
		*slot = i;
		post_file(&q, i);
	}
	questions_ask(&q);
	for (i = 0; i < s->socks.n; i++) {
		struct lssock_sock *k = &s->socks.v[i];

		if (!in_play[i] || !has_path(s, k, &len))
			continue;
		first = index_get(&seen, file_key(k));
		if (first < i)
			k->local.w[2] = s->socks.v[first].local.w[2];
	}
	index_release(&seen);
}

/* ---- the rest ----------------------------------------------------------------- */

/* What a service manager listens on for others. */
static bool is_of_init(const struct lssock_snap *s, uint32_t row)
{
	uint32_t o;

	if (!field_listens(&s->socks.v[row]) && s->socks.v[row].proto != LSSOCK_NETLINK)
		return false;
	for (o = s->socks.v[row].owner; o; o = s->owners.v[o].next)
		if (s->owners.v[o].how == LSSOCK_HOW_FD &&
		    s->procs.v[s->owners.v[o].proc].pid == 1)
			return true;
	return false;
}

static void take_units(struct collect *c, uint32_t unused, int result, const struct buf *answer)
{
	struct lssock_snap *s = c->s;
	struct units u = { { 0 } };
	struct snap_sock_unit *slot;
	uint32_t i, unit;

	(void)unused;
	s->sock_units_known = result == 0 && units_read(&u, s, answer->data, answer->len) == 0;
	for (i = 0; s->sock_units_known && i < s->socks.n; i++) {
		unit = is_of_init(s, i) ? units_find(&u, s, i) : 0;
		slot = unit ? vec_push(&s->sock_units) : NULL;
		if (slot)
			*slot = (struct snap_sock_unit){ i, unit };
		s->failed |= unit && !slot;
	}
	units_release(&u);
}

static void enrich_units(struct collect *c, const uint8_t *in_play)
{
	struct questions q = { .c = c, .take = take_units, .what = "socket units" };
	const struct ask ask = { .kind = ASK_UNITS };
	uint32_t i;

	for (i = 0; i < c->s->socks.n && !(in_play[i] && is_of_init(c->s, i)); i++)
		;
	if (i == c->s->socks.n)
		return;
	questions_add(&q, &ask, 0, 0);
	questions_ask(&q);
}

static bool cgroup_wanted(const struct collect *c, uint32_t row)
{
	return c->plan->needs & NEED_CGROUP || is_of_init(c->s, row);
}

static void enrich_cgroups(struct collect *c, const uint8_t *in_play)
{
	struct lssock_snap *s = c->s;
	struct index seen = { 0 };
	uint32_t i;

	for (i = 0; i < s->socks.n; i++) {
		size_t len;
		const void *p = in_play[i] && snap_is_inet(&s->socks.v[i]) &&
				cgroup_wanted(c, i) ?
			snap_attr(s, &s->socks.v[i], INET_DIAG_CGROUP_ID, &len) : NULL;
		struct snap_cgroup *g;
		struct buf b = { 0 };
		uint32_t *slot;
		uint64_t id;

		if (!p || len < sizeof(id))
			continue;
		memcpy(&id, p, sizeof(id));
		slot = index_put(&seen, id);
		if (!slot || *slot != INDEX_NONE)
			continue;
		*slot = i;
		if (ask_bytes(c, ASK_CGROUP, 0, id, NULL, 0, &b) == 0) {
			g = vec_push(&s->cgroups);
			if (g)
				*g = (struct snap_cgroup){ id, snap_string(s, b.data, b.len) };
		}
		buf_release(&b);
	}
	index_release(&seen);
}

/* Names of the interfaces that rows are bound to. */
static void enrich_ifaces(struct collect *c)
{
	struct lssock_snap *s = c->s;
	uint32_t i, n = s->ifaces.n;
	uint16_t done = 0xffff;

	for (i = 1; i < n; i++) {
		struct route_dump d = { .snap = s, .ns = s->ifaces.v[i].ns };
		struct buf b = { 0 };

		if (s->ifaces.v[i].name || s->ifaces.v[i].ns == done)
			continue;
		done = s->ifaces.v[i].ns;
		if (ask_bytes(c, ASK_ROUTE, done, ASK_ROUTE_LINKS, NULL, 0, &b) == 0)
			route_decode(&d, b.data, b.len);
		buf_release(&b);
	}
}

static void enrich_users(struct collect *c)
{
	struct buf b = { 0 };

	if (ask_bytes(c, ASK_TEXT, 0, TEXT_PASSWD, NULL, 0, &b) == 0)
		snap_users(c->s, b.data, b.len);
	buf_reset(&b);
	if ((c->plan->needs & NEED_FILE) &&
	    ask_bytes(c, ASK_TEXT, 0, TEXT_GROUP, NULL, 0, &b) == 0)
		snap_groups(c->s, b.data, b.len);
	buf_release(&b);
	if (c->q->flags & LSSOCK_Q_RESOLVE)
		name_users(c);
}

/* Rows the filter may still match, with what it needs to judge them: their
 * listeners and other ends. */
static uint8_t *rows_in_play(struct collect *c)
{
	struct lssock_snap *s = c->s;
	uint8_t *in_play = mem_alloc(s->socks.n + 1);
	uint32_t i;

	for (i = 0; in_play && i < s->socks.n; i++) {
		const struct lssock_sock *k = &s->socks.v[i];

		if (query_row(c->q, s, i) == TRI_NO)
			continue;
		in_play[i] = 1;
		if (k->via != LSSOCK_NONE)
			in_play[k->via] = 1;
	}
	return in_play;
}

static void enrich_rows(struct collect *c)
{
	uint32_t needs = c->plan->needs;
	uint8_t *in_play = rows_in_play(c);

	if (!in_play) {
		snap_note(c->s, LSSOCK_NOTE_LIMIT, 0, ENOMEM, 1, "details");
		return;
	}
	if (needs & NEED_PROC)
		enrich_procs(c, in_play);
	if (needs & NEED_PROC && c->q->flags & ANCESTORS)
		enrich_ancestors(c, in_play);
	if (needs & NEED_FILE)
		enrich_files(c, in_play);
	if (needs & (NEED_CGROUP | NEED_UNITS))
		enrich_cgroups(c, in_play);
	if (needs & NEED_UNITS)
		enrich_units(c, in_play);
	mem_free(in_play);
}

void enrich(struct collect *c)
{
	uint32_t needs = c->plan->needs;

	if (needs & (NEED_USERS | NEED_FILE))
		enrich_users(c);
	namespaces_bound(c);
	if (needs & NEED_IFACE)
		enrich_ifaces(c);
	if (needs & (NEED_PROC | NEED_FILE | NEED_CGROUP | NEED_UNITS))
		enrich_rows(c);
	if (needs & NEED_FILE && c->q->flags & LSSOCK_Q_RESOLVE)
		name_users(c);		/* owners of files */
	if (needs & (NEED_HOSTS | NEED_SERVICES))
		name_ends(c);
}
