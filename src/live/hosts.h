/* SPDX-License-Identifier: MIT */
/*
 * Names of hosts for the screen: asked beside it by a few threads, remembered here. The
 * screen shows the number until the name is there.
 */
#ifndef LIVE_HOSTS_H
#define LIVE_HOSTS_H

#include "lssock.h"

struct hosts;
/* lssock_host_name(), or what a test has in its place. */
typedef int (*host_fn)(const struct lssock_addr *a, char *buf, size_t size);
struct hosts *hosts_new(host_fn look);	/* NULL: no memory, or no eventfd */
void hosts_free(struct hosts *h);	/* waits for no lookup; takes NULL */
int hosts_fd(const struct hosts *h);	/* readable when one has ended */
/* Takes what has come, and gives up what takes too long. now_ns: io_now_ns(). */
void hosts_take(struct hosts *h, uint64_t now_ns);
/* The name, plain ASCII; NULL: none, or not yet. Until hosts_take() or hosts_want(). */
const char *hosts_name(const struct hosts *h, const struct lssock_addr *a);
/* Asks, if it is worth it: not known, not on its way, and a thread is free. Whoever wants
 * it still asks again with the next picture. */
void hosts_want(struct hosts *h, const struct lssock_addr *a, uint64_t now_ns);

#endif
