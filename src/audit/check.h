/* SPDX-License-Identifier: MIT */
/* What the built-in checks share. A check goes over a report and says what it finds. */
#ifndef AUDIT_CHECK_H
#define AUDIT_CHECK_H

#include "audit/audit.h"

struct judge {
	struct lssock_report *r;
	const struct lssock_snap *s;
	const char *code;		/* of the check that judges now */
	uint32_t *looked;		/* by process: the round it was seen in last */
	uint32_t round;
};

/* ---- judge.c --------------------------------------------------------------------- */

/* Begins a finding of the check, its sentence is what tell() puts from here on. */
struct finding *found(struct judge *j, enum lssock_severity severity, uint32_t service,
		      uint32_t row);
/* The same for what could not be judged. */
void not_judged(struct judge *j);
void tell(struct judge *j, const char *words);
void tell_number(struct judge *j, uint64_t n);
/* "3 processes"; the plural is the singular and "s" or, after one in s, "es". */
void tell_count(struct judge *j, uint64_t n, const char *thing);
void tell_string(struct judge *j, uint32_t id);		/* raw; "?": 0 */
void tell_field(struct judge *j, uint32_t row, uint32_t owner, const char *field);
void tell_process(struct judge *j, uint32_t proc);	/* "nginx[12]" */
void tell_user(struct judge *j, uint32_t uid);
void tell_service(struct judge *j, uint32_t service);

static inline const struct lssock_service *service_at(const struct judge *j, uint32_t i)
{
	return &j->r->services.v[i];
}
/* Row `i` of a service, in the snapshot. */
static inline uint32_t service_row(const struct judge *j, const struct lssock_service *v,
				   uint32_t i)
{
	return j->r->rows.v[v->first + i];
}
/* Process of an owner, NULL: not known. */
const struct lssock_proc *proc_of_owner(const struct judge *j, uint32_t owner);

/* From here on once() is true for every process anew, the first time. */
void look_anew(struct judge *j);
bool once(struct judge *j, uint32_t proc);
/* Processes that hold sockets of a service by a descriptor, one after the other:
 * begin with a zeroed one. false: there are no more. A process may come twice. */
struct holder { uint32_t row, owner, proc, at, next; };
bool next_holder(const struct judge *j, const struct lssock_service *v, struct holder *h);

/* The name of the program: last part of its path, raw; false: it is not known. */
bool exe_name(const struct judge *j, const struct lssock_proc *p, const char **ret,
	      size_t *ret_len);
/* Whether one of blank-separated globs is this; a name cut to `most` bytes (0: never)
 * is the first ones of a pattern. */
bool name_in(const char *names, const char *s, size_t len, size_t most);

/* ---- known.c --------------------------------------------------------------------- */

/* Its own, or the one that the kernel passes it on to. */
uint16_t port_that_serves(const struct judge *j, const struct lssock_service *v);
/* The service that is known by a port or a program; *ret_by_program tells which. */
const char *known_service(const struct judge *j, const struct lssock_service *v,
			  bool *ret_by_program);

/* A unix socket by which others are told what to do. */
struct known_socket {
	const char *path;		/* globs */
	const char *name;
	uint8_t group, world;		/* severity if they may use it */
};
const struct known_socket *known_socket(const char *path, size_t len);
/* Programs that read packets because that is their work. */
bool known_sniffer(const char *exe, size_t len);

/* ---- the checks ------------------------------------------------------------------ */

typedef void check_fn(struct judge *j);

/* checks_reach.c: who can reach it, and who answers */
check_fn check_exposed, check_v6_exposed, check_low_port, check_shared_port;
/* checks_holder.c: who holds it */
check_fn check_exe_deleted, check_exe_replaced, check_exe_writable, check_no_process,
	check_kernel, check_hidden, check_vanished, check_sniffer;
/* checks_unix.c */
check_fn check_control_socket, check_socket_file;
/* checks_load.c: what runs out */
check_fn check_queue_full, check_queue_drops, check_fd_limit, check_ports_used;

/* What no check can judge, whichever of them are left out. */
void unjudged_holders(struct judge *j);			/* checks_holder.c */
void unjudged_unix(struct judge *j);			/* checks_unix.c */

#endif
