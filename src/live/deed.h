/* SPDX-License-Identifier: MIT */
/* What the screen wants done outside: copies, exports, kill and close. */
#ifndef LIVE_DEED_H
#define LIVE_DEED_H

#include "live/ui.h"

/* Into ui->copied: the remote end (a listener's own), or the whole row. */
void deed_copy(struct ui *ui, bool whole);
/* The name an export has unless another is typed. */
void deed_export_name(const struct ui *ui, char *buf, size_t size);
/* Writes the rows of the list; says how many, or why not. */
void deed_export(struct ui *ui);
/* Fills box.act with the chosen rows. *ctx: of its own, opened when it is first needed. */
void deed_prepare(struct ui *ui, struct lssock **ctx, const char *ssh_connection);
void deed_do(struct ui *ui);
/* Whether an outcome is still to be seen. */
bool deed_pending(const struct ui *ui);

#endif
