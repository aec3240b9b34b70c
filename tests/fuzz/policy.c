/* SPDX-License-Identifier: MIT */
/* The text of a policy: faults lie within their line and can be printed; one without
 * faults judges. And its first two lines as conditions: where one is said to lie within
 * the other, or to fit nothing, the sockets here agree. */
#include "audit/policy.h"
#include "fuzz.h"

struct heard { uint32_t n, line; };

static void hear(void *ctx, const struct lssock_fault *f)
{
	struct heard *h = ctx;

	promise(f->line >= h->line && f->column && f->column <= f->len + 1);
	promise(f->msg[0] && is_shown(f->msg, strlen(f->msg)));
	h->line = f->line;
	h->n++;
}

static uint32_t listener(struct lssock_snap *s, uint8_t proto, uint32_t inode)
{
	struct lssock_sock k = {
		.proto = proto, .state = LSSOCK_LISTEN, .cookie = inode, .inode = inode,
		.family = proto == LSSOCK_UNIX ? 1 : 2, .lport = 22, .peer = LSSOCK_NONE,
		.via = LSSOCK_NONE, .flags = LSSOCK_F_STATE | LSSOCK_F_UID,
	};

	if (proto == LSSOCK_UNIX)
		k.name = snap_string(s, "/run/x", 6);
	return snap_add(s, &k, NULL, 0, NULL);
}

/* One held by two processes, one of which nobody knows. */
static struct lssock_report *scene(void)
{
	struct lssock_report *r = mem_alloc(sizeof(*r));
	struct lssock_proc proc = { .pid = 7, .start_ns = 7, .flags = LSSOCK_P_DETAILS };
	struct lssock_owner o = { .fd = 3 };
	uint32_t rows[2];

	promise(r);
	r->snap = snap_new();
	promise(r->snap);
	if (!r->snap->ns.n)
		vec_push(&r->snap->ns);
	r->snap->meta.owners_asked = true;
	rows[0] = listener(r->snap, LSSOCK_TCP, 11);
	rows[1] = listener(r->snap, LSSOCK_UNIX, 12);
	proc.comm = snap_string(r->snap, "sshd", 4);
	proc.exe = proc.unit = proc.comm;
	o.proc = snap_proc(r->snap, &proc);
	snap_owner(r->snap, 11, &o);
	proc = (struct lssock_proc){ .pid = 8, .start_ns = 8, .uid = 1000,
				     .flags = LSSOCK_P_DETAILS | LSSOCK_P_NO_EXE };
	o.proc = snap_proc(r->snap, &proc);
	snap_owner(r->snap, 11, &o);
	r->snap->socks.v[rows[0]].owner = snap_owner_of(r->snap, 11);
	r->snap->socks.v[rows[1]].why = LSSOCK_WHY_NO_PERMISSION;
	/* Sanitizers look for a NUL behind what regexec() is given by its length. */
	snap_string(r->snap, "\0\0\0", 4);
	promise(!snap_seal(r->snap));
	services_make(r, rows, 2);
	return r;
}

static void judge(const struct policy *p)
{
	struct lssock_report *r = scene();
	char text[2048];
	uint32_t i;

	policy_judge(p, r);
	promise(!report_end(r));
	promise(r->findings.n <= 2 && r->unjudged.n <= 2);
	for (i = 0; i < r->findings.n; i++) {
		lssock_finding_text(r, i, text, sizeof(text));
		promise(is_shown(text, strlen(text)));
	}
	for (i = 0; i < r->unjudged.n; i++) {
		lssock_unjudged_text(r, i, text, sizeof(text));
		promise(is_shown(text, strlen(text)));
	}
	lssock_report_free(r);
}

static void agree(const struct filter *a, const struct filter *b)
{
	struct lssock_report *r = scene();
	uint32_t steps = 10000, pos, owner, row;
	bool within = condition_within(a, b, &steps), never = condition_never(a, &pos);
	struct ports ports = condition_ports(a);

	promise(condition_within(a, a, &(uint32_t){ 10000 }) || steps < 10000);
	for (row = 0; row < 2; row++) {
		owner = snap_row(r->snap, row)->owner;
		do {
			enum tri t = filter_pair(a, r->snap, row, owner);

			promise(t == TRI_NO || (row ? ports.hi == UINT32_MAX :
						ports.lo <= 22 && ports.hi >= 22));
			if (t != TRI_YES)
				continue;
			promise(!never);
			promise(!within || filter_pair(b, r->snap, row, owner) == TRI_YES);
		} while (owner && (owner = r->snap->owners.v[owner].next));
	}
	lssock_report_free(r);
}

/* With a NUL behind it. */
static char *copy(const char *text, size_t len)
{
	char *s = malloc(len + 1);

	promise(s);
	memcpy(s, text, len);
	s[len] = 0;
	return s;
}

static void compare(const char *text, size_t size)
{
	const char *end = size ? memchr(text, '\n', size) : NULL;
	size_t len = end ? (size_t)(end - text) : 0;
	struct filter *a = NULL, *b = NULL;
	char *one, *other;

	if (!end)
		return;
	one = copy(text, len);
	other = copy(end + 1, size - len - 1);
	if (!filter_new(one, 0, &a, NULL) && !filter_new(other, 0, &b, NULL)) {
		agree(a, b);
		agree(b, a);
	}
	filter_free(a);
	filter_free(b);
	free(one);
	free(other);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = exact(data, size);
	struct heard h = { 0 };
	struct policy *p = NULL;
	int e = policy_new(text, size, hear, &h, &p);

	promise(e == (h.n ? -22 : 0));
	compare(text, size);
	free(text);
	if (p)
		judge(p);
	policy_free(p);
	return 0;
}
