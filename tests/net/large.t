#!/bin/sh
# SPDX-License-Identifier: MIT
# 100,000 TCP sockets in 50 processes, and 5,000 processes: ss and we say the
# same of each socket. The loads are those of the benchmark.
. "$(dirname "$0")/../lib.sh"
in_ns
command -v ss >/dev/null || skip_all "no ss"

# same_as_ss LOAD TEXT
same_as_ss()
{
	mkfifo "$T/hold" "$T/says"
	"$B/tests/load" "$1" <"$T/hold" >"$T/says" 2>&1 &
	load=$!
	exec 9>"$T/hold" 8<"$T/says"
	said=
	while read -r t_line <&8; do
		said=$t_line
		case $t_line in *ready*) break ;; esac
	done
	case $said in
	*ready*) t_ok "$2" $python "$top/tests/ss.py" "$LSSOCK" ;;
	*) skip "$2" "${said:-the load did not start}" ;;
	esac
	exec 9>&- 8<&-
	wait $load
	rm -f "$T/hold" "$T/says"
}

same_as_ss W2 "100,000 sockets in 50 processes"
same_as_ss W4 "5,000 processes"
t_done
