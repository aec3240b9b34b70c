/* SPDX-License-Identifier: MIT */
/* Holds the place of what is being written. */
#include <errno.h>
#include "audit/audit.h"
#define WEAK __attribute__((weak))
WEAK uint32_t lssock_checks(void) { return 0; }
WEAK int lssock_check_info(uint32_t c, struct lssock_check_info *ret) { (void)c; (void)ret; return -ENOENT; }
WEAK int lssock_checks_sheet(struct lssock_sheet **ret) { (void)ret; return -ENOTSUP; }
WEAK const char *lssock_severity_name(enum lssock_severity s)
{ static const char *const n[] = { "info", "low", "medium", "high" }; return s < 4 ? n[s] : "?"; }
WEAK int lssock_severity_find(const char *name)
{ for (int i = 0; i < 4; i++) if (!strcmp(name, lssock_severity_name(i))) return i; return -EINVAL; }
WEAK int check_find(const char *code, size_t len) { (void)code; (void)len; return -1; }
WEAK void checks_judge(struct lssock_report *r, uint64_t off) { (void)r; (void)off; }
WEAK void checks_needs(uint64_t off, uint32_t *needs, uint32_t keep[DIAG_N_CLASS]) { (void)off; (void)needs; (void)keep; }
WEAK bool checks_need_connections(uint64_t off) { (void)off; return true; }
WEAK int policy_new(const char *text, size_t len, fault_fn fault, void *ctx, struct policy **ret) { (void)text; (void)len; (void)fault; (void)ctx; (void)ret; return -EINVAL; }
WEAK void policy_free(struct policy *p) { (void)p; }
WEAK void policy_needs(const struct policy *p, uint32_t *needs, uint32_t keep[DIAG_N_CLASS]) { (void)p; (void)needs; (void)keep; }
WEAK void policy_judge(const struct policy *p, struct lssock_report *r) { (void)p; (void)r; }
WEAK int baseline_new(const char *text, size_t len, fault_fn fault, void *ctx, struct baseline **ret) { (void)text; (void)len; (void)fault; (void)ctx; (void)ret; return -EBADMSG; }
WEAK void baseline_free(struct baseline *b) { (void)b; }
WEAK void baseline_judge(const struct baseline *b, struct lssock_report *r) { (void)b; (void)r; }
WEAK int lssock_policy_write(const struct lssock_report *r, lssock_write_fn w, void *wctx) { (void)r; (void)w; (void)wctx; return -ENOTSUP; }
WEAK int lssock_baseline_write(const struct lssock_report *r, lssock_write_fn w, void *wctx) { (void)r; (void)w; (void)wctx; return -ENOTSUP; }
WEAK int lssock_metrics_sheet(struct lssock_snap *s, const struct lssock_report *r, struct lssock_sheet **ret) { (void)s; (void)r; (void)ret; return -ENOTSUP; }
