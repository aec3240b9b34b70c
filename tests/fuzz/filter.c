/* SPDX-License-Identifier: MIT */
/* Filter text: whatever parses prints to text that parses to the same, and is
 * compiled for the kernel; what does not points into itself. */
#include "fuzz.h"
#include "query/filter.h"
#include "query/plan.h"

static void compile(const struct filter *f)
{
	struct buf code = { 0 }, text = { 0 };

	for (uint8_t proto = 1; proto < LSSOCK_N_PROTO; proto++) {
		buf_reset(&code);
		push_filter(f, proto, NULL, &code);
		push_states(f, proto);
		push_disassemble(code.data, code.len, &text);
	}
	buf_release(&code);
	buf_release(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);
	struct lssock_err err = { .pos = -1 };
	struct filter *f = NULL, *again = NULL;
	struct buf printed = { 0 }, twice = { 0 };

	promise(text);
	memcpy(text, data, size);
	text[size] = 0;
	if (filter_new(text, 0, &f, &err)) {
		promise(err.pos >= -1 && err.pos <= (int)strlen(text));
		promise(err.msg[0] && is_shown(err.msg, strlen(err.msg)));
	} else {
		filter_print(f, &printed);
		promise(!filter_new(buf_cstr(&printed), 0, &again, &err));
		filter_print(again, &twice);
		promise(!strcmp(buf_cstr(&printed), buf_cstr(&twice)));
		compile(f);
	}
	filter_free(f);
	filter_free(again);
	buf_release(&printed);
	buf_release(&twice);
	free(text);
	return 0;
}
