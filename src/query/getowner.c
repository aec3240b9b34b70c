/* SPDX-License-Identifier: MIT */
/*
 * Fields of the processes that hold a socket. Who holds it, and why nobody
 * does, was decided when the snapshot was linked.
 */
#include <string.h>

#include "query/getters.h"

static bool why_is_certain(uint8_t why)
{
	switch ((enum lssock_why)why) {
	case LSSOCK_WHY_TIME_WAIT: case LSSOCK_WHY_SYN_RECV: case LSSOCK_WHY_ACCEPT_QUEUE:
	case LSSOCK_WHY_ORPHAN: case LSSOCK_WHY_KERNEL: case LSSOCK_WHY_IN_FLIGHT:
	case LSSOCK_WHY_IO_URING: case LSSOCK_WHY_MMAP:
		return true;
	case LSSOCK_WHY_NONE: case LSSOCK_WHY_NO_PERMISSION: case LSSOCK_WHY_OTHER_PIDNS:
	case LSSOCK_WHY_VANISHED: case LSSOCK_WHY_UNKNOWN: case LSSOCK_WHY_LATER:
	case LSSOCK_N_WHY:
		break;
	}
	return false;
}

static const struct lssock_owner *owner_of(const struct lssock_snap *s, uint32_t row,
					   uint32_t owner, struct lssock_value *ret)
{
	const struct lssock_sock *k = snap_row(s, row);

	if (!owner)
		owner = field_owner(s, k);
	if (owner && owner < s->owners.n)
		return &s->owners.v[owner];
	if (!s->meta.owners_asked || k->why == LSSOCK_WHY_LATER)
		ret->kind = LSSOCK_V_LATER;
	else if (why_is_certain(k->why))
		value_na(ret);
	else
		value_unknown(ret);
	return NULL;
}

static const struct lssock_proc *proc_of(const struct lssock_snap *s, uint32_t row,
					 uint32_t owner, struct lssock_value *ret)
{
	const struct lssock_owner *o = owner_of(s, row, owner, ret);

	if (!o)
		return NULL;
	if (o->proc && o->proc < s->procs.n)
		return &s->procs.v[o->proc];
	value_unknown(ret);
	return NULL;
}

/* The same for what is read only when it is asked for. */
static const struct lssock_proc *details_of(const struct lssock_snap *s, uint32_t row,
					    uint32_t owner, struct lssock_value *ret)
{
	const struct lssock_proc *p = proc_of(s, row, owner, ret);

	if (!p || p->flags & LSSOCK_P_DETAILS)
		return p;
	ret->kind = LSSOCK_V_LATER;
	return NULL;
}

GETTER(get_pid)
{
	const struct lssock_proc *p = proc_of(s, row, owner, ret);

	if (p)
		value_uint(ret, (uint32_t)p->pid);
}

GETTER(get_tid)
{
	const struct lssock_owner *o = owner_of(s, row, owner, ret);

	if (o && o->tid)
		value_uint(ret, o->tid);
	else if (o)
		value_na(ret);
}

GETTER(get_fd)
{
	const struct lssock_owner *o = owner_of(s, row, owner, ret);

	if (o && o->fd >= 0)
		value_uint(ret, (uint32_t)o->fd);
	else if (o)
		value_na(ret);
}

static void set_name(const struct lssock_snap *s, const struct lssock_proc *p,
		     struct lssock_value *ret)
{
	if (p->comm)
		get_string(s, p->comm, ret);
	else
		value_unknown(ret);
}

GETTER(get_proc)
{
	const struct lssock_proc *p = proc_of(s, row, owner, ret);

	if (p)
		set_name(s, p, ret);
}

/* Whether an owner before `upto` on the chain is of the same process. */
static bool seen_before(const struct lssock_snap *s, uint32_t first, uint32_t upto)
{
	uint32_t o;

	for (o = first; o != upto; o = s->owners.v[o].next)
		if (s->owners.v[o].proc == s->owners.v[upto].proc)
			return true;
	return false;
}

static uint32_t count_procs(const struct lssock_snap *s, const struct lssock_sock *k)
{
	uint32_t first = field_owner(s, k), o, n = 0, last = 0;

	for (o = first; o && s->owners.v[o].how == LSSOCK_HOW_FD; o = s->owners.v[o].next) {
		if (s->owners.v[o].proc != last && !seen_before(s, first, o))
			n++;
		last = s->owners.v[o].proc;
	}
	return n;
}

GETTER(get_process)
{
	const struct lssock_proc *p = proc_of(s, row, owner, ret);
	uint32_t n;

	if (!p)
		return;
	set_name(s, p, ret);
	n = count_procs(s, snap_row(s, row));
	ret->more = n ? n - 1 : 0;
}

GETTER(get_nowners)
{
	if (owner_of(s, row, owner, ret))
		value_uint(ret, count_procs(s, snap_row(s, row)));
	else if (ret->kind == LSSOCK_V_NA)
		value_uint(ret, 0);
}

/* A last resort where the decoder left no text to show: what is too long for
 * our storage is then given as it is. */
static void blanked(const struct lssock_snap *s, uint32_t id, struct lssock_value *ret)
{
	size_t i;

	get_string(s, id, ret);
	while (ret->len && !ret->s[ret->len - 1])
		ret->len--;
	if (ret->len > sizeof(ret->tmp))
		return;
	for (i = 0; i < ret->len; i++)
		ret->tmp[i] = ret->s[i] ? ret->s[i] : ' ';
	ret->s = ret->tmp;
}

GETTER(get_cmd)
{
	const struct lssock_proc *p = details_of(s, row, owner, ret);

	if (!p)
		return;
	if (p->flags & LSSOCK_P_NO_CMD)
		value_unknown(ret);
	else if (p->cmd)
		get_string(s, p->cmd, ret);
	else if (p->cmdline)
		blanked(s, p->cmdline, ret);
	else
		value_na(ret);		/* a kernel thread or a zombie */
}

GETTER(get_exe)
{
	const struct lssock_proc *p = details_of(s, row, owner, ret);

	if (p && p->flags & LSSOCK_P_NO_EXE)
		value_unknown(ret);
	else if (p)
		get_string(s, p->exe, ret);
}

GETTER(get_exe_deleted)
{
	const struct lssock_proc *p = details_of(s, row, owner, ret);

	if (p && p->flags & LSSOCK_P_NO_EXE)
		value_unknown(ret);
	else if (p && !p->exe)
		value_na(ret);
	else if (p)
		value_bool(ret, p->flags & LSSOCK_P_EXE_DELETED);
}

static void exe_file(const struct lssock_proc *p, uint16_t flag, struct lssock_value *ret)
{
	if (p && !p->exe && !(p->flags & LSSOCK_P_NO_EXE))
		value_na(ret);
	else if (p && !(p->flags & LSSOCK_P_EXE_FILE))
		value_unknown(ret);
	else if (p)
		value_bool(ret, p->flags & flag);
}

GETTER(get_exe_replaced)
{
	exe_file(details_of(s, row, owner, ret), LSSOCK_P_EXE_REPLACED, ret);
}

GETTER(get_exe_writable)
{
	exe_file(details_of(s, row, owner, ret), LSSOCK_P_EXE_WRITABLE, ret);
}

GETTER(get_ppid)
{
	const struct lssock_proc *p = proc_of(s, row, owner, ret);

	if (p)
		value_uint(ret, (uint32_t)p->ppid);
}

GETTER(get_puid)
{
	const struct lssock_proc *p = proc_of(s, row, owner, ret);

	if (p)
		value_uint(ret, p->uid);
}

GETTER(get_puser)
{
	const struct lssock_proc *p = proc_of(s, row, owner, ret);
	const char *name;
	size_t len;

	if (!p)
		return;
	name = lssock_user(s, p->uid, &len);
	if (name) {
		value_text(ret, name, len);
	} else {
		value_tmp(ret);
		value_tmp_u64(ret, p->uid);
	}
}

GETTER(get_start)
{
	const struct lssock_proc *p = proc_of(s, row, owner, ret);

	if (!p)
		return;
	ret->kind = s->meta.boot_ns ? LSSOCK_V_TIME : LSSOCK_V_UNKNOWN;
	ret->u = s->meta.boot_ns + p->start_ns;
}

static void from_cgroup(const struct lssock_snap *s, const struct lssock_proc *p, uint32_t id,
			struct lssock_value *ret)
{
	if (!id && p->flags & LSSOCK_P_NO_CGROUP)
		value_unknown(ret);
	else
		get_string(s, id, ret);
}

GETTER(get_unit)
{
	const struct lssock_proc *p = details_of(s, row, owner, ret);

	if (p)
		from_cgroup(s, p, p->unit, ret);
}

static void drop_suffix(struct lssock_value *v, const char *suffix)
{
	size_t n = strlen(suffix);

	if (v->kind == LSSOCK_V_TEXT && v->len > n && !memcmp(v->s + v->len - n, suffix, n))
		v->len -= n;
}

GETTER(get_service)
{
	const struct lssock_proc *p = details_of(s, row, owner, ret);
	size_t len;
	const char *text;

	if (!p)
		return;
	if (!p->container) {
		from_cgroup(s, p, p->unit, ret);
		drop_suffix(ret, ".service");
		drop_suffix(ret, ".scope");
		return;
	}
	value_tmp(ret);
	text = strings_get(&s->strings, p->container, &len);
	value_tmp_put(ret, text, len);
	text = strings_get(&s->strings, p->runtime, &len);
	if (text) {
		value_tmp_puts(ret, " (");
		value_tmp_put(ret, text, len);
		value_tmp_puts(ret, ")");
	}
}

GETTER(get_container)
{
	const struct lssock_proc *p = details_of(s, row, owner, ret);

	if (p)
		from_cgroup(s, p, p->container, ret);
}

GETTER(get_runtime)
{
	const struct lssock_proc *p = details_of(s, row, owner, ret);

	if (p)
		from_cgroup(s, p, p->runtime, ret);
}

GETTER(get_pod)
{
	const struct lssock_proc *p = details_of(s, row, owner, ret);

	if (p)
		from_cgroup(s, p, p->pod, ret);
}

static void set_count(uint32_t n, struct lssock_value *ret)
{
	if (n == LSSOCK_NONE)
		value_unknown(ret);
	else
		value_uint(ret, n);
}

GETTER(get_nofile)
{
	const struct lssock_proc *p = details_of(s, row, owner, ret);

	if (p)
		set_count(p->nofile, ret);
}

GETTER(get_nfds)
{
	const struct lssock_proc *p = details_of(s, row, owner, ret);

	if (p)
		set_count(p->nfds, ret);
}

GETTER(get_fd_use)
{
	const struct lssock_proc *p = details_of(s, row, owner, ret);

	if (p && (p->nfds == LSSOCK_NONE || p->nofile == LSSOCK_NONE || !p->nofile))
		value_unknown(ret);
	else if (p)
		value_real(ret, p->nfds * 100.0 / p->nofile);
}

bool get_is_of_proc(const struct field *f)
{
	static field_getter *const getters[] = {
		get_pid, get_proc, get_cmd, get_exe, get_exe_deleted, get_exe_replaced,
		get_exe_writable, get_ppid, get_puid, get_puser, get_start, get_unit,
		get_service, get_container, get_runtime, get_pod, get_nofile, get_nfds,
		get_fd_use,
	};
	size_t i;

	if (f->nest != LSSOCK_NEST_OWNER || f->protos || f->states)
		return false;
	for (i = 0; i < sizeof(getters) / sizeof(*getters); i++)
		if (f->get == getters[i])
			return true;
	return false;
}

void put_owner(const struct lssock_snap *s, uint32_t owner, struct lssock_value *ret)
{
	const struct lssock_proc *p = &s->procs.v[s->owners.v[owner].proc];
	size_t len = 0;
	const char *name = p->comm ? strings_get(&s->strings, p->comm, &len) : NULL;

	value_tmp_put(ret, name ? name : "?", name ? len : 1);
	value_tmp_puts(ret, "[");
	value_tmp_u64(ret, (uint32_t)p->pid);
	value_tmp_puts(ret, "]");
}
