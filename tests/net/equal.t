#!/bin/sh
# SPDX-License-Identifier: MIT
# BPF, /proc alone and on two threads, and what lssock takes by itself give the
# same rows and owners, and so does ss, on the loads of the benchmark.
. "$(dirname "$0")/../lib.sh"
in_ns

# same TEXT LOAD DIVISOR [NAMESPACE…]
same()
{
	t_what=$1
	if ! load_start "$2" "$3"; then
		skip "$t_what" "${said:-the load did not start}"
		return
	fi
	shift 3
	t_collectors "$t_what: every collector" $python "$top/tests/equal.py" "$LSSOCK" ${1:+-N all}
	if command -v ss >/dev/null; then
		t_ok "$t_what: as ss" $python "$top/tests/ss.py" "$LSSOCK" "$@"
	else
		skip "$t_what: as ss" "no ss"
	fi
	load_stop
}

same "an idle machine" W0 1
same "1,000 connections" W1 1
same "100,000 sockets in 50 processes" W2 1
same "20,000 sockets in 100 processes" W3 50
same "5,000 processes" W4 1
same "10,000 unix sockets" W5 10
same "10 namespaces" W6 20 n0 n4 n9
t_done
