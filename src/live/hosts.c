/* SPDX-License-Identifier: MIT */
/*
 * See hosts.h. The cache is the screen's alone; threads have a job of their own each,
 * and a bell they share, so that one that hangs can be left behind with both.
 */
#include "live/hosts.h"

#include <errno.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/io.h"
#include "base/pool.h"

#define KEPT_MAX 4096u
#define TOGETHER 8		/* lookups at once */
#define PATIENCE_NS 3000000000ull
#define FOUND_NS (600 * 1000000000ull)
#define MISSED_NS (60 * 1000000000ull)	/* then it is asked again */
#define NAME_SIZE 254

struct bell {
	struct pool_lock *lock;
	int fd;
	unsigned holds;
};

struct lookup {
	struct pool_job job;
	host_fn look;
	struct bell *bell;
	struct lssock_addr addr;
	char name[NAME_SIZE];
	int result;
	_Atomic bool done;
};

struct host {
	struct lssock_addr addr;
	char *name;			/* NULL: none */
	uint64_t until_ns;		/* then it is asked again */
	bool asked;			/* it is on its way */
};

struct hosts {
	struct pool *pool;
	struct bell *bell;
	host_fn look;
	struct { struct lookup *job; uint64_t since_ns; } ways[TOGETHER];
	VEC(struct host) list;
	struct index places;
	uint64_t seed;
};

/* ---- the bell ------------------------------------------------------------------ */

static struct bell *bell_new(void)
{
	struct bell *b = mem_alloc(sizeof(*b));

	if (!b)
		return NULL;
	b->holds = 1;
	b->lock = pool_lock_new();
	b->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (b->lock && b->fd >= 0)
		return b;
	pool_lock_free(b->lock);
	if (b->fd >= 0)
		close(b->fd);
	mem_free(b);
	return NULL;
}

static void bell_hold(struct bell *b, int more)
{
	bool last;

	pool_lock(b->lock);
	b->holds += (unsigned)more;
	last = !b->holds;
	pool_unlock(b->lock);
	if (!last)
		return;
	pool_lock_free(b->lock);
	close(b->fd);
	mem_free(b);
}

static void ring(const struct bell *b)
{
	const uint64_t one = 1;

	while (write(b->fd, &one, sizeof(one)) < 0 && errno == EINTR)
		;
}

static void hush(const struct bell *b)
{
	uint64_t n;

	while (read(b->fd, &n, sizeof(n)) < 0 && errno == EINTR)
		;
}

/* ---- lookups ------------------------------------------------------------------- */

static void lookup_run(struct pool_job *job)
{
	struct lookup *l = (struct lookup *)job;

	l->result = l->look(&l->addr, l->name, sizeof(l->name));
	atomic_store(&l->done, true);
	ring(l->bell);
}

static void lookup_drop(struct pool_job *job)
{
	bell_hold(((struct lookup *)job)->bell, -1);
	mem_free(job);
}

static struct lookup *lookup_new(struct hosts *h, const struct lssock_addr *a)
{
	struct lookup *l = mem_alloc(sizeof(*l));

	if (!l)
		return NULL;
	l->job.run = lookup_run;
	l->job.drop = lookup_drop;
	l->job.may_block = true;
	l->look = h->look;
	l->addr = *a;
	l->bell = h->bell;
	bell_hold(h->bell, 1);
	return l;
}

/* ---- the cache ------------------------------------------------------------------ */

static uint64_t key_of(const struct hosts *h, const struct lssock_addr *a)
{
	uint64_t w[2];

	memcpy(w, a->ip, sizeof(w));
	return hash_u64(w[0] ^ hash_u64(w[1] ^ hash_u64(a->family ^ h->seed)));
}

static struct host *find(const struct hosts *h, const struct lssock_addr *a)
{
	uint32_t at = index_get(&h->places, key_of(h, a));
	struct host *one = at < h->list.n ? &h->list.v[at] : NULL;

	return one && one->addr.family == a->family &&
	       !memcmp(one->addr.ip, a->ip, sizeof(a->ip)) ? one : NULL;
}

static void forget_all(struct hosts *h)
{
	uint32_t i;

	for (i = 0; i < h->list.n; i++)
		mem_free(h->list.v[i].name);
	h->list.n = 0;
	index_clear(&h->places);
}

/* An address whose key another one has goes without a name. */
static struct host *add(struct hosts *h, const struct lssock_addr *a)
{
	struct host *one;
	uint32_t *slot;

	if (h->list.n >= KEPT_MAX)
		forget_all(h);
	slot = index_put(&h->places, key_of(h, a));
	one = slot && *slot == INDEX_NONE ? vec_push(&h->list) : NULL;
	if (!one)
		return NULL;
	*slot = h->list.n - 1;
	one->addr = *a;
	return one;
}

/* What is not found any more has no name. */
static void settle(struct hosts *h, const struct lssock_addr *a, const char *name,
		   uint64_t now_ns)
{
	struct host *one = find(h, a);
	size_t len = name ? strlen(name) : 0;

	if (!one)
		return;			/* it was forgotten meanwhile */
	mem_free(one->name);
	one->name = len ? mem_alloc(len + 1) : NULL;
	if (one->name)
		memcpy(one->name, name, len);
	one->until_ns = now_ns + (one->name ? FOUND_NS : MISSED_NS);
	one->asked = false;
}

/* ---- the whole ------------------------------------------------------------------ */

struct hosts *hosts_new(host_fn look)
{
	struct hosts *h = mem_alloc(sizeof(*h));

	if (!h)
		return NULL;
	h->look = look;
	h->seed = hash_seed(h);
	h->pool = pool_new(TOGETHER);
	h->bell = bell_new();
	if (h->pool && h->bell)
		return h;
	hosts_free(h);
	return NULL;
}

/* Late ones drop themselves, when they come back. */
static void give_up(struct hosts *h, unsigned way)
{
	struct lookup *l = h->ways[way].job;

	h->ways[way].job = NULL;
	if (pool_wait_until(h->pool, &l->job, 0) != -ETIMEDOUT)
		lookup_drop(&l->job);
}

void hosts_free(struct hosts *h)
{
	unsigned i;

	if (!h)
		return;
	for (i = 0; i < TOGETHER; i++)
		if (h->ways[i].job)
			give_up(h, i);
	pool_free(h->pool);
	forget_all(h);
	vec_release(&h->list);
	index_release(&h->places);
	if (h->bell)
		bell_hold(h->bell, -1);
	mem_free(h);
}

int hosts_fd(const struct hosts *h)
{
	return h->bell->fd;
}

void hosts_take(struct hosts *h, uint64_t now_ns)
{
	unsigned i;

	hush(h->bell);
	for (i = 0; i < TOGETHER; i++) {
		struct lookup *l = h->ways[i].job;
		struct lssock_addr addr;

		if (l && atomic_load(&l->done)) {
			pool_wait(h->pool, &l->job);	/* the last steps of its thread */
			settle(h, &l->addr, l->result > 0 ? l->name : NULL, now_ns);
			lookup_drop(&l->job);
			h->ways[i].job = NULL;
		} else if (l && now_ns >= h->ways[i].since_ns + PATIENCE_NS) {
			addr = l->addr;
			give_up(h, i);
			settle(h, &addr, NULL, now_ns);
		}
	}
}

const char *hosts_name(const struct hosts *h, const struct lssock_addr *a)
{
	const struct host *one = find(h, a);

	return one ? one->name : NULL;
}

void hosts_want(struct hosts *h, const struct lssock_addr *a, uint64_t now_ns)
{
	static const uint8_t any[16];
	struct host *one = find(h, a);
	unsigned i;

	if (!a->family || !memcmp(a->ip, any, sizeof(any)))
		return;
	if (one && (one->asked || now_ns < one->until_ns))
		return;
	for (i = 0; i < TOGETHER && h->ways[i].job; i++)
		;
	if (i == TOGETHER)
		return;
	one = one ? one : add(h, a);
	h->ways[i].job = one ? lookup_new(h, a) : NULL;
	if (!h->ways[i].job)
		return;
	h->ways[i].since_ns = now_ns;
	one->asked = true;
	pool_post(h->pool, &h->ways[i].job->job);
}
