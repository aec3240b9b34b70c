/* SPDX-License-Identifier: MIT */
/*
 * Checks of unix sockets with a path: control sockets that more than their owner may
 * use, and paths that lead nowhere or to another socket.
 */
#include <string.h>

#include "audit/check.h"

#define GROUP_MAY 0020
#define WORLD_MAY 0002

/* The path of a listening row; false: it has none, or is none. */
static bool path_of(const struct judge *j, uint32_t row, const char **ret, size_t *ret_len)
{
	const struct lssock_sock *k = snap_row(j->s, row);

	if (k->proto != LSSOCK_UNIX || !k->name)
		return false;
	*ret = strings_get(&j->s->strings, k->name, ret_len);
	return *ret && *ret_len && **ret;
}

static const struct lssock_file *file_of(const struct judge *j, uint32_t row)
{
	uint32_t i = snap_row(j->s, row)->local.w[2];

	return i && i < j->s->files.n ? &j->s->files.v[i] : NULL;
}

/* ---- control-socket -------------------------------------------------------------------- */

/* A group that is only there for the user of the same name, or root's, opens nothing. */
static bool is_group_of_owner(const struct judge *j, const struct lssock_file *f)
{
	size_t ulen = 0, glen = 0;
	const char *user = lssock_user(j->s, f->uid, &ulen);
	const char *group = snap_group(j->s, f->gid, &glen);

	return !f->gid || (user && group && ulen == glen && !memcmp(user, group, ulen));
}

static void tell_may(struct judge *j, uint32_t row, const struct lssock_file *f,
		    const struct known_socket *known, const char *whom)
{
	tell(j, whom);
	if (whom[0] == 'g') {
		tell(j, " ");
		tell_field(j, row, 0, "file_group");
	}
	tell(j, " may use the socket of ");
	tell(j, known->name);
	tell(j, " (mode ");
	buf_printf(&j->r->text, "%04o", f->mode & 07777);
	tell(j, ")");
}

static void judge_control(struct judge *j, uint32_t service, uint32_t row)
{
	const struct known_socket *known = NULL;
	const struct lssock_file *f = file_of(j, row);
	const char *path;
	size_t len = 0;

	if (path_of(j, row, &path, &len))
		known = known_socket(path, len);
	if (!known)
		return;
	if (!f || f->state == LSSOCK_FILE_UNKNOWN) {
		not_judged(j);
		tell_service(j, service);
		tell(j, ": who may use ");
		buf_put(&j->r->text, path, len);
		tell(j, " could not be seen");
		return;
	}
	if (f->state != LSSOCK_FILE_LIVE && f->state != LSSOCK_FILE_OTHER_MOUNT)
		return;
	if (f->mode & WORLD_MAY) {
		found(j, known->world, service, row);
		tell_may(j, row, f, known, "every user");
	} else if (f->mode & GROUP_MAY && !is_group_of_owner(j, f)) {
		found(j, known->group, service, row);
		tell_may(j, row, f, known, "group");
	}
}

/* ---- socket-file ----------------------------------------------------------------------- */

static void judge_file(struct judge *j, uint32_t service, uint32_t row)
{
	const struct lssock_file *f = file_of(j, row);
	const char *path;
	size_t len = 0;

	if (!f || !path_of(j, row, &path, &len))
		return;
	if (f->state == LSSOCK_FILE_DELETED) {
		found(j, LSSOCK_LOW, service, row);
		buf_put(&j->r->text, path, len);
		tell(j, " has been deleted, so nobody new can connect");
	} else if (f->state == LSSOCK_FILE_REPLACED) {
		found(j, LSSOCK_HIGH, service, row);
		buf_put(&j->r->text, path, len);
		tell(j, " is another file now, so whoever connects reaches somebody else");
	}
}

/* Names and states from /proc/net/unix are what any user likes them to be. */
static bool is_forgeable(const struct judge *j, uint32_t row)
{
	const struct lssock_sock *k = snap_row(j->s, row);

	return k->proto == LSSOCK_UNIX && (k->flags & LSSOCK_F_SOURCE) == LSSOCK_SRC_PROCFS;
}

static void for_each_row(struct judge *j, void (*judge)(struct judge *, uint32_t, uint32_t))
{
	for (uint32_t i = 0; i < j->r->services.n; i++) {
		const struct lssock_service *v = service_at(j, i);

		for (uint32_t k = 0; v->proto == LSSOCK_UNIX && k < v->n; k++)
			if (!is_forgeable(j, service_row(j, v, k)))
				judge(j, i, service_row(j, v, k));
	}
}

void check_control_socket(struct judge *j)
{
	for_each_row(j, judge_control);
}

void check_socket_file(struct judge *j)
{
	for_each_row(j, judge_file);
}

void unjudged_unix(struct judge *j)
{
	uint64_t n = 0;

	for (uint32_t i = 0; i < j->r->rows.n; i++)
		n += is_forgeable(j, j->r->rows.v[i]);
	if (!n)
		return;
	not_judged(j);
	tell_count(j, n, "unix socket");
	tell(j, n == 1 ? " was" : " were");
	tell(j, " read from /proc/net/unix, where any local user can forge names and states");
}
