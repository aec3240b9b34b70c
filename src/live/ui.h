/* SPDX-License-Identifier: MIT */
/*
 * The whole state of the screen, as plain data. update.c changes it by input, rows.c
 * by a new frame, draw.c shows it; none of them does I/O, so that a script, a recording
 * and a clock of its own give the same screens every time. What must be done outside
 * is left in `due` for live.c.
 */
#ifndef LIVE_UI_H
#define LIVE_UI_H

#include "base/buf.h"
#include "base/hash.h"
#include "live/config.h"
#include "live/grid.h"
#include "live/hist.h"
#include "live/input.h"
#include "lssock.h"

enum tab { TAB_SOCKETS, TAB_LISTEN, TAB_GROUPS, TAB_CLOSED, TAB_UNIX, N_TABS };
enum group { GROUP_PROCESS, GROUP_UNIT, GROUP_REMOTE, GROUP_PORT, GROUP_USER, GROUP_NETNS,
	     N_GROUPS };

#define NS_PER_S 1000000000ull
#define HOLD_NS (5 * NS_PER_S)		/* the order, after a key */
#define MARK_NS (3 * NS_PER_S)		/* new and changed rows */
#define CLOSED_NS (10 * NS_PER_S)	/* closed rows, in place */

/* A row is what it is, never where: of a socket namespace and cookie, of a group or a
 * service a hash of what makes it one. */
struct row_id { uint64_t ns, id; };
static inline bool same_id(struct row_id a, struct row_id b)
{
	return a.ns == b.ns && a.id == b.id;
}
static inline uint64_t row_key(struct row_id id)	/* for an index */
{
	return hash_u64(id.ns ^ hash_u64(id.id));
}

enum item_kind { ITEM_SOCKET, ITEM_SERVICE, ITEM_GROUP };
/* A line of the list. */
struct item {
	struct row_id id;
	uint32_t row;			/* of the snapshot; of several: the first */
	uint32_t group;			/* GROUP, SERVICE: place in groups; else NONE */
	uint8_t kind;			/* enum item_kind */
	bool child;			/* below the group or service before it */
	bool last;			/* the last child */
};

struct item_list { struct item *v; uint32_t n, cap; };	/* as VEC() makes them */
struct number_list { uint64_t *v; uint32_t n, cap; };

struct rollup {				/* a group, or the sockets of a service */
	uint64_t key;
	uint32_t first, n;		/* its rows in `members` */
	uint32_t listen, estab, other, pids, remotes;
	int32_t pid;			/* one of them; last counted */
	float rx, tx, rx_avg, tx_avg;
	bool open, fresh, problem, counted;
	char name[120];			/* safe to print */
};

struct sort { int field; bool descending; };	/* of lssock_field_info; -1: none */

struct tab_state {
	struct sort sort;
	VEC(int) columns;		/* fields; empty: the usual ones */
	struct row_id cursor;
	bool anchored;			/* there is a cursor */
	uint32_t at;			/* its place in the list */
	uint32_t top;			/* first line that is seen */
	uint16_t sideways;
};

enum prompt_kind { PROMPT_NONE, PROMPT_FIND, PROMPT_FILTER, PROMPT_INTERVAL, PROMPT_EXPORT };
struct prompt {
	enum prompt_kind kind;
	struct buf text;		/* UTF-8 */
	size_t at;			/* the cursor, bytes */
	struct buf before;		/* what Esc gives back */
	uint32_t past;			/* place in the history, from its end */
	char error[240];		/* of a filter; safe */
	int error_at;			/* bytes; -1: nowhere */
};

enum box_kind { BOX_NONE, BOX_HELP, BOX_KILL, BOX_CLOSE, BOX_SORT, BOX_COLUMNS, BOX_USER,
		BOX_SETUP };
struct box {
	enum box_kind kind;
	uint32_t at, top;		/* the line that is chosen, the first that is seen */
	VEC(int) list;			/* SORT, COLUMNS: fields; USER: uids; KILL: signals */
	VEC(uint32_t) counts;		/* USER: sockets of each */
	struct lssock_act *act;		/* KILL, CLOSE */
	bool asked;			/* a protected one: `yes` was typed */
	bool done;			/* outcomes are shown */
	uint64_t until_ns;		/* looks for outcomes until then */
	struct buf typed;
};

/* What an audit said of what listens. */
struct judged {
	struct lssock_report *report;	/* NULL: none yet */
	struct index worst;		/* by row: the worst severity found */
	uint32_t counts[LSSOCK_N_SEVERITY];	/* findings of checks */
	uint32_t added, removed, changed;	/* since the baseline */
};

/* What live.c is to do. */
enum {
	DUE_QUIT = 1, DUE_SUSPEND = 2, DUE_REPAINT = 4, DUE_REFRESH = 8, DUE_COPY = 16,
	DUE_EXPORT = 32, DUE_MOUSE = 64, DUE_THEME = 128, DUE_ASK = 256 /* the feed */,
	DUE_ACT = 512 /* prepare box.act */, DUE_DO = 1024 /* and do it */, DUE_SAVE = 2048
};

struct ui {
	unsigned cols, lines;
	bool ascii, readonly, htop_keys, mouse, replay;
	bool judges, has_baseline;	/* what listens is audited; compared with one saved */
	bool owners;			/* they are looked for, if not in the first frame */
	const char *theme;
	const char *no_columns;
	uint64_t now_ns;		/* epoch */
	uint64_t interval_us, auto_us;	/* wanted; stretched, 0: not */
	uint64_t scan_us;		/* what the last round took */
	char ssh[4][64];		/* SSH_CONNECTION: raddr rport laddr lport */

	struct lssock_snap *snap;	/* what is shown */
	struct lssock_snap *fresh;	/* the newest, while paused; else NULL */
	bool paused, locked;
	uint64_t hold_until_ns;
	bool all, no_loopback, problems_only;
	bool service_names, host_names;
	struct hosts *hosts;		/* names that are known; NULL: nobody has asked */
	uint8_t proc_as;		/* 0 name, 1 path, 2 command line */
	uint8_t header;			/* 2 all, 1 one line, 0 none */
	uint8_t pane;			/* 0 none, 1 half, 2 the screen */
	uint16_t pane_top;
	enum tab tab;
	enum group group;
	struct tab_state tabs[N_TABS];

	/* the list of the tab */
	struct item_list items;
	VEC(uint32_t) members;
	VEC(struct rollup) groups;
	uint32_t matched, total;	/* rows: that the filter lets through, of all */
	struct index places;		/* of the list: id -> place */
	uint32_t placed;		/* lines that have one; 0: they were forgotten */
	struct number_list sticky;	/* by place: what it was sorted by */
	VEC(struct row_id) tagged, pinned;
	VEC(uint64_t) open;		/* keys of groups that are unfolded */
	bool all_open;
	bool list_due;			/* it does not show the state any more */
	bool asked_anew;		/* the question is another than that of the list */

	struct buf base;		/* of the command line: nothing else is collected */
	struct buf filter;		/* valid, or empty */
	struct lssock_query *query;	/* of the tab, the filter and the switches */
	struct buf find;
	struct config *config;
	struct prompt prompt;
	struct box box;
	uint32_t number;		/* digits typed so far */
	uint64_t number_ns;
	char status[240];		/* safe */
	uint64_t status_until_ns;
	bool status_bad;

	/* what frames have told */
	struct judged judged;
	struct hist hist;
	uint32_t counts[LSSOCK_N_STATE], n_sockets, n_unix, n_listen, n_problems;
	uint32_t problems[LSSOCK_N_PROBLEM];
	uint32_t owned, ownable;	/* rows with an owner, of those that could have one */
	float rx, tx;
	float opened, closed;		/* a second, in the last interval … */
	bool more_changed;		/* … and more, of which events were missed */
	uint32_t missed;		/* events that were lost */
	bool missed_unknown;
	uint32_t n_closed, listen_added, listen_removed;
	unsigned tells;
	char feed_error[240];
	bool rates;			/* they are known: not in the first round */

	unsigned due;
	struct buf copied;		/* DUE_COPY */
	int signal;			/* DUE_DO */
};

void ui_init(struct ui *ui, struct config *config);
void ui_release(struct ui *ui);
/* What was chosen, for the state file. */
void ui_keep(const struct ui *ui, struct config *c);
/* Says something on the status line for some seconds. */
void ui_say(struct ui *ui, bool bad, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* ---- totals.c ---------------------------------------------------------------------- */

/* Counts and histories of a frame. */
void ui_count(struct ui *ui, const struct lssock_snap *s, const struct lssock_snap *before);
uint64_t hist_key(struct row_id id);
#define HIST_TOTAL 1

/* ---- rollup.c ------------------------------------------------------------------------ */

/* The chosen rows as groups (by ui->group) or services: groups and members are set. */
int rollup_groups(struct ui *ui, const uint32_t *rows, uint32_t n);
int rollup_services(struct ui *ui, const uint32_t *rows, uint32_t n);
const char *group_name(enum group g);	/* "process" */

/* ---- rows.c, marks.c -------------------------------------------------------------- */

/* A new frame: the snapshot is held. */
void ui_frame(struct ui *ui, struct lssock_snap *s);
/* The list anew, if it is due. */
void ui_list(struct ui *ui);
/* Compiles the question of tab and filter; the filter stays as it was if this one is
 * wrong. 0, or -EINVAL with *err. */
int ui_filter(struct ui *ui, const char *text, struct lssock_err *err);
/* The question itself. export: NULL, or the format that its columns are for. */
int ui_question(const struct ui *ui, const char *text, const char *export,
		struct lssock_query **ret, struct lssock_err *err);
struct row_id row_id(const struct lssock_snap *s, uint32_t row);
/* The value of a field, false: there is none (NA, UNKNOWN or LATER says why). owner: row in
 * owners[], 0: none. */
bool row_value(const struct lssock_snap *s, uint32_t row, uint32_t owner, const char *field,
	       struct lssock_value *ret);
/* The row of an id in the snapshot that is shown, LSSOCK_NONE: it is not there. */
uint32_t ui_find_row(const struct ui *ui, struct row_id id);
const struct item *ui_current(const struct ui *ui);	/* NULL: none */
bool ui_is_tagged(const struct ui *ui, struct row_id id);
bool ui_is_pinned(const struct ui *ui, struct row_id id);
bool ui_held(const struct ui *ui);
/* Forgets the order of the list: it is sorted anew, at once. */
void ui_reorder(struct ui *ui);
/* The mark of a row: > is draw.c's. ' ' + x ~ ! Y * ^ */
char ui_mark(const struct ui *ui, const struct item *i);
bool ui_is_session(const struct ui *ui, uint32_t row);

/* ---- ends.c ------------------------------------------------------------------------ */

/* An end of a row ("local", "remote"): a name of the host if it is known and wanted. In
 * so many columns, 0: any, its port is not cut. */
void ui_end(const struct ui *ui, uint32_t row, const char *field, unsigned width, char *buf,
	    size_t size);
/* The name of an address ("raddr"), NULL: none, or not wanted. */
const char *ui_host(const struct ui *ui, uint32_t row, const char *field);
/* Has the names looked up that can be seen. */
void ui_want_hosts(const struct ui *ui);

/* ---- update.c -------------------------------------------------------------------- */

void ui_input(struct ui *ui, const struct input *in);
/* Time has passed: holds, messages and marks end. */
void ui_tick(struct ui *ui, uint64_t now_ns);
/* The table of keys, for help and manual; false: the row is not said. */
uint32_t ui_help_rows(void);
bool ui_help_row(uint32_t i, const char **ret_keys, const char **ret_help);

/* ---- move.c, find.c ---------------------------------------------------------------- */

void move_to(struct ui *ui, int64_t at);	/* the nearest line there is */
/* The first movement makes the cursor, where one looks already. */
void move_by(struct ui *ui, int64_t by);
void move_view(struct ui *ui, int by);
int64_t move_page(const struct ui *ui);		/* lines of a page */
void find_next(struct ui *ui, int step);	/* of ui->find; 1 or -1 */
void find_digit(struct ui *ui, uint32_t key);
/* Filters by the value a field has in the current row. */
void find_only(struct ui *ui, const char *field, const char *what);

/* ---- box.c ------------------------------------------------------------------------- */

void box_open(struct ui *ui, enum box_kind kind);
void box_close(struct ui *ui);
void box_key(struct ui *ui, uint32_t key);
void box_draw(const struct ui *ui, struct grid *g);

/* ---- judged.c ---------------------------------------------------------------------- */

void ui_judge(struct ui *ui, struct lssock_report *report);	/* takes it; NULL: none */
bool ui_is_judged_bad(const struct ui *ui, const struct item *i);
void judged_text(const struct ui *ui, struct buf *b);		/* for the header */

/* ---- help.c ------------------------------------------------------------------------ */

void help_draw(const struct ui *ui, struct grid *g);
uint32_t help_most(const struct ui *ui);	/* rows that it can be scrolled by */

/* ---- prompt.c ------------------------------------------------------------------------ */

void prompt_open(struct ui *ui, enum prompt_kind kind, const char *text);
void prompt_key(struct ui *ui, uint32_t key);
void prompt_draw(const struct ui *ui, struct grid *g, unsigned y);
void prompt_release(struct prompt *p);

/* ---- draw.c --------------------------------------------------------------------------- */

void ui_draw(const struct ui *ui, struct grid *g);
/* Details of a line in `lines` lines from y on. */
void ui_pane(const struct ui *ui, const struct item *i, struct grid *g, unsigned y,
	     unsigned lines);
/* Lines of the list that fit now. */
unsigned ui_list_lines(const struct ui *ui);
/* Where things are, for the mouse. */
unsigned ui_list_top(const struct ui *ui);
int ui_tab_at(const struct ui *ui, unsigned x);		/* -1 */
int ui_column_at(const struct ui *ui, unsigned x);	/* field, -1 */

/* ---- status.c ---------------------------------------------------------------------------- */

void ui_status(const struct ui *ui, struct grid *g, unsigned y);
void ui_keys(const struct ui *ui, struct grid *g, unsigned y);
uint32_t ui_key_at(const struct ui *ui, unsigned x);	/* key of the key line, 0 */

#endif
