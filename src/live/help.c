/* SPDX-License-Identifier: MIT */
/* The box with all keys, in two columns where there is room; what does not fit scrolls. */
#include <stdio.h>
#include <string.h>

#include "live/ui.h"

#define WIDTH 78
#define TWO_COLUMNS 76			/* of the screen */
#define BORDERS 2
#define MARKS "> cursor  + new  x closed  ~ changed  ! problem  Y your ssh  * tag  ^ pin"

struct shape {
	uint32_t n;			/* keys */
	unsigned columns, rows;		/* of the table */
	unsigned y, x, height, width;	/* of the box */
};

static struct shape shape_of(const struct ui *ui)
{
	struct shape s = { .columns = ui->cols >= TWO_COLUMNS ? 2 : 1 };
	const char *keys, *help;
	unsigned whole;
	uint32_t i;

	for (i = 0; i < ui_help_rows(); i++)
		s.n += ui_help_row(i, &keys, &help);
	/* below the table the marks */
	whole = (s.n + s.columns - 1) / s.columns + 1 + BORDERS;
	s.height = whole < ui->lines ? whole : ui->lines;
	s.width = WIDTH < ui->cols ? WIDTH : ui->cols;
	s.rows = s.height > 1 + BORDERS ? s.height - 1 - BORDERS : 0;
	s.y = (ui->lines - s.height) / 2;
	s.x = (ui->cols - s.width) / 2;
	return s;
}

uint32_t help_most(const struct ui *ui)
{
	const struct shape s = shape_of(ui);

	return s.n > s.rows * s.columns ? s.n - s.rows * s.columns : 0;
}

/* The rows of one column from y on: keys as wide as the longest of them. */
static uint32_t draw_column(struct grid *g, unsigned y, unsigned x, unsigned width,
			    uint32_t row, unsigned rows, bool ascii)
{
	const char *keys, *help;
	unsigned shown = 0, wide = 0;
	uint32_t i;

	for (i = row; i < ui_help_rows() && shown < rows; i++)
		if (ui_help_row(i, &keys, &help)) {
			shown++;
			wide = strlen(keys) > wide ? (unsigned)strlen(keys) : wide;
		}
	if (width < wide + 2)
		return i;
	for (shown = 0; row < i; row++) {
		if (!ui_help_row(row, &keys, &help))
			continue;
		grid_puts(g, y + shown, x, wide, ROLE_TITLE, keys);
		grid_field(g, y + shown++, x + wide + 1, width - wide - 2, ROLE_PLAIN, help,
			   strlen(help), false, GRID_CUT_END, ascii ? '+' : 0x2026);
	}
	return i;
}

void help_draw(const struct ui *ui, struct grid *g)
{
	const struct shape s = shape_of(ui);
	uint32_t row = 0, skip = ui->box.at, seen = s.rows * s.columns;
	unsigned column, width = s.width > 4 ? (s.width - 4) / s.columns : 0;
	const char *keys, *help;
	char title[80] = "Keys";

	if (seen < s.n)
		snprintf(title, sizeof(title), "Keys %u-%u of %u, Up/Down",
			 skip + 1, skip + seen, s.n);
	grid_frame(g, s.y, s.x, s.height, s.width, title, ui->ascii);
	while (row < ui_help_rows() && (!ui_help_row(row, &keys, &help) || skip--))
		row++;
	for (column = 0; column < s.columns; column++)
		row = draw_column(g, s.y + 1, s.x + 2 + column * width, width, row, s.rows,
				  ui->ascii);
	if (s.rows && s.width > 4)
		grid_puts(g, s.y + s.height - 2, s.x + 2, s.width - 4, ROLE_DIM, MARKS);
}
