#!/bin/sh
# SPDX-License-Identifier: MIT
# Nothing changes behind a caller's back: no object has writable data of its
# own but what is allowed here by name.
. "$(dirname "$0")/../lib.sh"

# mem_countdown: the allocation that a test makes fail. out (cli/say.c): where output goes,
# and whether it went nowhere, asked once at the end of the program. restore (live/restore.c): what
# handlers of signals reach.
allowed='out|restore|mem_countdown|mem_failed|mem_fail|fail_at|__asan_.*|__ubsan_.*|__odr_asan.*|\.?L?\.?ubsan.*'
objects=$(find "$B" -name '*.o' -path '*/*/*' ! -path '*/tests/*' ! -name '*.bpf.o' | sort)
if [ -z "$objects" ]; then
	skip "writable data" "no objects in $B"
	t_done
fi
if sanitized; then
	skip "writable data" "instrumented objects have their own"
	t_done
fi
for o in $objects; do
	# const tables of pointers are in .data.rel.ro
	found=$(objdump -t "$o" |
		awk '/ O \.(data|bss|tdata|tbss)/ && !/\.data\.rel\.ro/ { print $NF }' |
		grep -vxE "$allowed")
	t_is "$found" "" "${o#"$B"/}"
done
t_done
