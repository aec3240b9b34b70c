/* SPDX-License-Identifier: MIT */
/* Holds the place of what is being written. */
#include <errno.h>
#include "audit/audit.h"
#define WEAK __attribute__((weak))
WEAK int baseline_new(const char *text, size_t len, fault_fn fault, void *ctx, struct baseline **ret) { (void)text; (void)len; (void)fault; (void)ctx; (void)ret; return -EBADMSG; }
WEAK void baseline_free(struct baseline *b) { (void)b; }
WEAK void baseline_judge(const struct baseline *b, struct lssock_report *r) { (void)b; (void)r; }
WEAK int lssock_baseline_write(const struct lssock_report *r, lssock_write_fn w, void *wctx) { (void)r; (void)w; (void)wctx; return -ENOTSUP; }
