#!/bin/sh
# SPDX-License-Identifier: MIT
# 2,000 sockets in 20 processes: ss and we say the same of each, its addresses,
# state, queues and owners.
. "$(dirname "$0")/../lib.sh"
in_ns
command -v ss >/dev/null || skip_all "no ss"
scene_start many=900:18 'tcp-listen=[::]:0' 'tcp-conn=[::1]' tcp-conn=127.0.0.1 send=100 close-wait \
	orphan tcp-connect=127.0.0.1 udp udp-pair udp-auto 'udp=[::1]:0' "unix-listen=$T/s" unix-conn \
	unix-connect unix-pair send=9 unix-pair=d unix-dgram=@d unix-dgram-client unix-seqpacket=@q \
	unix-conn forked=3
t_ok "the same as ss" $python "$top/tests/ss.py" "$LSSOCK"
scene_stop
t_done
