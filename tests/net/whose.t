#!/bin/sh
# SPDX-License-Identifier: MIT
# While sockets and processes come and go, sockets are passed on, processes fork
# and become other programs, no row comes twice, nobody is shown with a socket that
# was never his, and whatever has no owner says why.
. "$(dirname "$0")/../lib.sh"
in_ns
load_start churn "$T" || bail "no churn: $said"
t_collectors "each owner is one it may have" $python "$top/tests/whose.py" "$LSSOCK" 8
load_stop
t_done
