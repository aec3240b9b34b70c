/* SPDX-License-Identifier: MIT */
/* What could not be looked at, and its sentences; names of users and groups. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "base/text.h"
#include "model/names.h"
#include "model/snap.h"

void snap_note(struct lssock_snap *s, enum lssock_note_kind kind, uint16_t ns,
	       int err, uint32_t count, const char *what)
{
	struct lssock_note n = {
		.kind = kind, .ns = ns, .err = err < 0 ? -err : err, .count = count,
		.what = what ? snap_string(s, what, strlen(what)) : 0,
	}, *o;

	for (uint32_t i = 0; i < s->notes.n; i++) {
		o = &s->notes.v[i];
		if (o->kind == n.kind && o->ns == n.ns && o->err == n.err &&
		    o->what == n.what) {
			o->count = o->count + count < count ? UINT32_MAX : o->count + count;
			return;
		}
	}
	o = vec_push(&s->notes);
	if (o)
		*o = n;
	else
		s->failed = true;
}

bool lssock_note_incomplete(const struct lssock_note *n)
{
	/* Where there is no handler /proc/net is the best there is; a refusal keeps
	 * something back that others see. */
	if (n->kind == LSSOCK_NOTE_FALLBACK)
		return n->err && n->err != ENOENT && n->err != EOPNOTSUPP && n->err != EINVAL;
	if (n->kind == LSSOCK_NOTE_NAT_REFUSED)	/* older recordings do not have them */
		return n->err != ENODATA;
	return n->kind != LSSOCK_NOTE_VANISHED_PROC && n->kind != LSSOCK_NOTE_DETAILS &&
	       n->kind != LSSOCK_NOTE_NAMES_LATE;
}

/* # the count, $ the thing, ! " (ERRNO)", {one|many} by the count. */
static const char *const note_forms[LSSOCK_N_NOTE] = {
	[LSSOCK_NOTE_UNREADABLE_PROC] =
		"open files of # {process|processes} may not be read!: try as root or "
		"with CAP_SYS_PTRACE and CAP_DAC_READ_SEARCH",
	[LSSOCK_NOTE_VANISHED_PROC] = "# {process|processes} ended while being read",
	[LSSOCK_NOTE_NO_PROC] = "/proc is not usable!: owners are not known",
	[LSSOCK_NOTE_HIDDEN_PROCS] = "/proc hides processes of other users (hidepid): "
		"their sockets show no owner",
	[LSSOCK_NOTE_UNLISTABLE] = "this kernel cannot list $ sockets!",
	[LSSOCK_NOTE_FALLBACK] = "$ sockets were read from /proc/net!",
	[LSSOCK_NOTE_FORGEABLE] = "unix sockets were read from /proc/net/unix, "
		"where any local user can forge names and states",
	[LSSOCK_NOTE_DUMP_FAILED] = "the list of $ sockets ended early!: some may be missing",
	[LSSOCK_NOTE_BAD_MESSAGE] = "# {reply|replies} of the kernel could not be decoded",
	[LSSOCK_NOTE_OTHER_PIDNS] = "# {socket has|sockets have} no owner among "
		"the processes that this pid namespace shows",
	[LSSOCK_NOTE_NETNS_REFUSED] = "network namespace $ may not be entered!",
	[LSSOCK_NOTE_RING_BUSY] = "# {io_uring|io_urings} did not show the files in use",
	[LSSOCK_NOTE_LATE] = "# {read|reads} did not end in time and {was|were} left",
	[LSSOCK_NOTE_LIMIT] = "a limit was reached!: $",
	[LSSOCK_NOTE_NOT_RECORDED] = "the recording does not hold $",
	[LSSOCK_NOTE_DETAILS] =
		"command line or program of # {process|processes} may not be read!",
	[LSSOCK_NOTE_OWN_NETNS] = "which network namespace is ours cannot be told!",
	[LSSOCK_NOTE_NAT_REFUSED] = "ports that $ passes on could not be read!",
	[LSSOCK_NOTE_NAT_UNKNOWN] =
		"# {rule|rules} of $ that {passes|pass} ports on could not be understood",
	[LSSOCK_NOTE_NAMES_LATE] = "# {name was|names were} not found in time and "
		"{stays a number|stay numbers}",
};

static void put_errno(struct buf *b, int err)
{
	if (!err)
		return;
	buf_puts(b, " (");
	names_put_errno(b, err);
	buf_putc(b, ')');
}

static void put_string(struct buf *b, const struct lssock_snap *s, uint32_t id)
{
	size_t len;
	const char *p = lssock_string(s, id, &len);

	if (p)
		text_safe(b, p, len, 0);
	else
		buf_putc(b, '?');
}

static void put_where(struct buf *b, const struct lssock_snap *s, const struct lssock_note *n)
{
	const struct lssock_ns *ns = n->ns < s->ns.n ? &s->ns.v[n->ns] : NULL;

	if (!ns || !n->ns || n->kind == LSSOCK_NOTE_NETNS_REFUSED)
		return;
	buf_puts(b, ns->name || ns->ino ? ", in network namespace " : ", in another namespace");
	if (ns->name)
		put_string(b, s, ns->name);
	else if (ns->ino)
		buf_u64(b, ns->ino);
}

/* One side of {one|many}; returns where the } is. */
static const char *put_number(struct buf *b, const char *form, bool one)
{
	const char *bar = strchr(form, '|'), *end = strchr(bar, '}');

	if (one)
		buf_put(b, form + 1, (size_t)(bar - form) - 1);
	else
		buf_put(b, bar + 1, (size_t)(end - bar) - 1);
	return end;
}

static void put_note(struct buf *b, const struct lssock_snap *s, const struct lssock_note *n)
{
	const char *form = n->kind < LSSOCK_N_NOTE ? note_forms[n->kind] : NULL;

	for (form = form ? form : "something could not be read!"; *form; form++) {
		if (*form == '#')
			buf_u64(b, n->count);
		else if (*form == '{')
			form = put_number(b, form, n->count == 1);
		else if (*form == '$')
			put_string(b, s, n->what);
		else if (*form == '!')
			put_errno(b, n->err);
		else
			buf_putc(b, *form);
	}
	put_where(b, s, n);
}

size_t lssock_note_text(const struct lssock_snap *s, const struct lssock_note *n,
			char *buf, size_t size)
{
	struct buf b = { 0 };
	size_t len;

	if (!size)
		return 0;
	put_note(&b, s, n);
	len = b.failed ? 0 : b.len;
	/* No half character and no half escape at the end of what is cut. */
	if (len >= size)
		for (len = size - 1; len && (b.data[len] & 0xc0) == 0x80; len--)
			;
	memcpy(buf, buf_cstr(&b), len);
	buf[len] = '\0';
	buf_release(&b);
	return len;
}

/* ---- strings and users --------------------------------------------------- */

static int compare_users(const void *a, const void *b)
{
	const struct snap_user *x = a, *y = b;

	return (x->uid > y->uid) - (x->uid < y->uid);
}

/* "name:password:id:…"; the first name of an id counts, as for getpwuid. */
static bool parse_user(const char *p, size_t len, struct index *seen, uint64_t *ret_id,
		       size_t *ret_name)
{
	const char *name_end = memchr(p, ':', len), *id, *end;
	uint32_t *slot;

	if (!name_end || name_end == p)
		return false;
	id = memchr(name_end + 1, ':', (size_t)(p + len - name_end) - 1);
	if (!id++)
		return false;
	end = memchr(id, ':', (size_t)(p + len - id));
	if (!end || !num_u64(id, (size_t)(end - id), UINT32_MAX, ret_id))
		return false;
	slot = index_put(seen, *ret_id);
	if (!slot || *slot != INDEX_NONE)
		return false;
	*slot = 0;
	*ret_name = (size_t)(name_end - p);
	return true;
}


static void read_users(struct lssock_snap *s, bool groups, const char *text, size_t len)
{
	__typeof__(s->users) *list = groups ? &s->groups : &s->users;
	struct index seen = { 0 };

	list->n = 0;
	for (size_t at = 0, line; at < len; at += line + 1) {
		const char *p = text + at, *nl = memchr(p, '\n', len - at);
		struct snap_user *u;
		uint64_t id;
		size_t name;

		line = nl ? (size_t)(nl - p) : len - at;
		if (!parse_user(p, line, &seen, &id, &name))
			continue;
		u = vec_push(list);
		if (u)
			*u = (struct snap_user){ (uint32_t)id, snap_string(s, p, name) };
		else
			s->failed = true;
	}
	index_release(&seen);
	if (list->n)
		qsort(list->v, list->n, sizeof(*list->v), compare_users);
}

void snap_users(struct lssock_snap *s, const char *text, size_t len)
{
	read_users(s, false, text, len);
}

void snap_user(struct lssock_snap *s, uint32_t uid, const char *name, size_t len)
{
	struct snap_user *u = len ? vec_push(&s->users) : NULL;

	s->failed |= len && !u;
	if (!u)
		return;
	for (; u > s->users.v && u[-1].uid > uid; u--)
		*u = u[-1];
	*u = (struct snap_user){ uid, snap_string(s, name, len) };
}

void snap_groups(struct lssock_snap *s, const char *text, size_t len)
{
	read_users(s, true, text, len);
}

static const char *find_user(const struct lssock_snap *s, const struct snap_user *v,
			     uint32_t n, uint32_t id, size_t *ret_len)
{
	struct snap_user key = { .uid = id }, *u;

	u = n ? bsearch(&key, v, n, sizeof(*v), compare_users) : NULL;
	return u ? strings_get(&s->strings, u->name, ret_len) : NULL;
}

const char *snap_group(const struct lssock_snap *s, uint32_t gid, size_t *ret_len)
{
	return find_user(s, s->groups.v, s->groups.n, gid, ret_len);
}

const char *lssock_user(const struct lssock_snap *s, uint32_t uid, size_t *ret_len)
{
	return find_user(s, s->users.v, s->users.n, uid, ret_len);
}
