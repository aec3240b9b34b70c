#!/bin/sh
# SPDX-License-Identifier: MIT
# The stories of ports and of socket files.
. "$(dirname "$0")/../lib.sh"

for port in 22 443 3000 5432 631 6379 6380 9100 25 9092 8081; do
	shows --from tcp.tape $port
done
shows --from tcp.tape 443/tcp
shows --from tcp.tape 443/udp
for port in 53 123 5353 5355 7000 443; do
	shows --from udp.tape $port
done
for port in 7000 7001 7002 7003 7006 7007; do
	shows --from owners.tape $port
done
for port in 22 80 5432 8080; do
	shows --from netns.tape $port
done
for file in docker.sock mysqld.sock .s.PGSQL.5432 bus log gone replaced bound nothing; do
	shows --from unix.tape /run/app/$file
done
for port in 22 8000 9000; do
	shows --from nobody.tape $port
done
shows --from nobody.tape /run/app/docker.sock
shows --from procfs.tape 22
shows --from procfs.tape /run/app/docker.sock
shows --from families.tape 36412
shows --from families.tape 5001
shows --from hostile.tape 1001
ON=80
shows --from tcp.tape 443
shows --from tcp.tape 3000
shows --from owners.tape 7002
shown
