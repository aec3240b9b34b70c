/* SPDX-License-Identifier: MIT */
/* What the commands share: the parsed command line and the way out. */
#ifndef CLI_CLI_H
#define CLI_CLI_H

#include "base/buf.h"
#include "lssock.h"

/* Exit statuses; the manual's table. */
enum { EXIT_DONE = 0, EXIT_NOTHING = 1, EXIT_USAGE = 2, EXIT_INCOMPLETE = 3, EXIT_FAILED = 4 };

enum cli_color { COLOR_AUTO, COLOR_ALWAYS, COLOR_NEVER };

struct cli {
	struct lssock_options open;
	struct lssock_question ask;
	struct buf filter;		/* the operands, and what options add */
	struct buf columns;
	const char *format;		/* NULL: table */
	const char *output;		/* a file, NULL: stdout */
	enum cli_color color;
	bool no_header, wide, quiet, strict, stats, explain, pids, summary, wait;
	bool wait_forever;
	uint64_t wait_us;
	bool help, version;
	bool search;			/* after --: operands are a filter, never a story */
	int n_before;			/* so many operands stand before the -- */
	const char *generate;		/* man fragment or completion */
	uint32_t unix_types;		/* bits 1u << SOCK_*; bit 0: any */
	char **operands;
	int n_operands;
	/* record, events, watch */
	bool batch;
	/* watch */
	bool live_set, ascii, no_mouse, no_config;
	double speed;			/* of a recording, 0: as it was */
	const char *theme;
	const char *script;		/* tests: a file of commands instead of a terminal */
	uint32_t script_cols, script_lines;
	uint64_t interval_us;
	uint32_t rounds;
	/* kill, close */
	bool yes, dry_run, readonly;
	uint32_t max;			/* targets, 0: not given */
	int signal;			/* 0: not given */
	/* audit */
	struct cli_audit {
		bool set;		/* any of these was given */
		bool list_checks, policy_init, allow_partial;
		const char *policy, *baseline, *save, *disable;
		const char *fail_on;
	} audit;
	/* what selecting and printing took, for --stats */
	uint64_t sort_us, print_us;
	/* the terminal */
	bool tty, utf8;
	uint32_t width;
	bool use_color;
};

/* ---- args.c ---------------------------------------------------------------- */

struct cli_option {
	char letter;			/* 0: none */
	const char *name;		/* long name, NULL: none */
	const char *arg;		/* NULL: none; "[=SEC]": optional */
	const char *group;		/* heading */
	const char *brief;		/* words in --help, "" for none; NULL: not there */
	const char *help;		/* in the manual; NULL: a habit, not an option */
	int (*apply)(struct cli *c, const struct cli_option *o, const char *arg);
	uint32_t value;
	const char *text;
};
extern const struct cli_option cli_options[];	/* ended by a row without letter and name */

/* Parses argv[1..] after the command's name. 0, or an exit status after having
 * said why. */
int args_parse(struct cli *c, int argc, char **argv);
/* Joins the operands and what options added into c->ask.filter. */
void args_filter(struct cli *c);
void args_release(struct cli *c);

/* ---- say.c ------------------------------------------------------------------- */

/* "lssock: what: why" on stderr; untrusted parts must be made safe before. */
void say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* The same with the text at fault and a caret below it, if err->pos is in it. */
void say_filter(const char *text, const struct lssock_err *err);
/* "lssock: FILE:LINE:COLUMN: why", the line and a caret below it. */
void say_fault(const char *file, const struct lssock_fault *f);
/* Makes text of a user or the kernel safe; the buffer owns it. */
const char *safe(struct buf *b, const char *text);
/* Incompleteness as one line on stderr; whose: "OLD is ", or "". */
void say_notes(const struct lssock_snap *s);
void say_notes_of(const char *whose, const struct lssock_snap *s);
/* Standard output, or the file: 0, or EXIT_FAILED after having said so. */
int put(const void *bytes, size_t len);
int put_write(void *ctx, const void *bytes, size_t len);	/* a lssock_write_fn */
int put_buf(struct buf *b);		/* and empties it */
/* From here on what is put goes into this file, which is replaced at the end and at
 * once. 0, or EXIT_FAILED after having said why. */
int put_into(const char *path);
void put_done(bool keep);		/* or the file stays as it was */
/* A write error that was met, 0: none. */
int put_error(void);

/* ---- commands ----------------------------------------------------------------- */

int cmd_list(struct cli *c);
int cmd_story(struct cli *c);
int cmd_netns(struct cli *c);
int cmd_record(struct cli *c);
int cmd_kill(struct cli *c);
int cmd_close(struct cli *c);
int cmd_watch(struct cli *c);
int cmd_events(struct cli *c);
int cmd_audit(struct cli *c);
/* What judges, from the files of --policy and --baseline; checks: by the built-in ones as
 * well. 0 or the exit status, and it has been said why. */
int audit_make(const struct cli *c, bool checks, struct lssock_audit **ret);
int cmd_diff(struct cli *c);
int cmd_batch(struct cli *c);		/* watch --batch */

/* Opens, asks, takes: shared by all. An exit status, 0: *ret_… are set. */
struct cli_answer {
	struct lssock *ctx;
	struct lssock_query *query;
	struct lssock_snap *snap;
	struct lssock_view *view;
};
int answer_query(struct cli *c, struct cli_answer *a);
int answer_open(struct cli *c, struct cli_answer *a);
int answer_prepare(struct cli *c, struct cli_answer *a);	/* asks and opens */
int answer_take(struct cli *c, struct cli_answer *a);
int answer_view(struct cli *c, struct cli_answer *a);
/* The exit status where nothing matched: 1 if that is certain, 3 after having said
 * so if rows are missing or could not be judged. */
int answer_nothing(struct cli *c, struct cli_answer *a);
/* Whether rows may be missing, not only what is known of them. */
bool answer_lacks_rows(const struct lssock_snap *s);
void answer_release(struct cli_answer *a);
/* Renders a sheet to stdout by the options; an exit status. */
int answer_render(struct cli *c, const struct lssock_sheet *sheet);
/* The same of a sheet that was just made, and frees it. made: 0, or why there is none. */
int answer_sheet(struct cli *c, int made, struct lssock_sheet *sheet);

/* ---- paths.c ------------------------------------------------------------------- */

struct config_paths;
/* Where configuration and state are, by the environment. */
void paths_find(struct config_paths *ret);
void paths_release(struct config_paths *p);

/* ---- stats.c ------------------------------------------------------------------- */

/* What --stats prints, on stderr. */
void answer_stats(const struct cli *c, const struct lssock_snap *s);

/* ---- help.c --------------------------------------------------------------------- */

int help_print(void);
int help_version(void);
int help_columns(struct cli *c);
/* Completions and manual fragments, from the tables; unlisted options. */
int help_generate(const char *what);
const char *const *help_commands(void);

#endif
