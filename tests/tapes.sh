#!/bin/sh
# SPDX-License-Identifier: MIT
# Makes the recordings of fixtures/tapes/ again: scenes on a machine that does
# not exist. Each runs in namespaces of its own, with a host name, users, paths
# and units of its own, so that nothing of the machine it is made on is kept.
#	[B=build] tests/tapes.sh [NAME…]	all, or these
# It needs root, strace and what tests/packages lists. The answers of kernels
# that this one is not are made by tests/maketape.c.
set -eu
self=$(readlink -f "$0")
top=${self%/tests/*}
B=$(readlink -f "${B:-$top/build}")
export PATH="$PATH:/usr/sbin:/sbin" LC_ALL=C.UTF-8 TZ=UTC

scenes='tcp udp unix local mptcp netns owners nobody procfs hostile live'
made='families'

# ---- outside: what there is of the machine ------------------------------------

# A world of tmpfs: the programs, the accounts, an empty /run.
world()
{
	hostname web1
	mount -t tmpfs -o mode=755 tmpfs /srv
	mkdir -m 777 /srv/out
	cp "$B/lssock" "$B/tests/scene" "$B/tests/maketape" "$self" "${self%/*}/live/day.py" /srv
	cat >/srv/passwd <<-'END'
		root:x:0:0:root:/root:/bin/sh
		daemon:x:1:1::/:/usr/sbin/nologin
		www-data:x:33:33::/var/www:/usr/sbin/nologin
		systemd-resolve:x:101:101::/:/usr/sbin/nologin
		postgres:x:113:113::/var/lib/postgresql:/bin/sh
		kafka:x:201:201::/:/usr/sbin/nologin
		deploy:x:1000:1000::/home:/bin/sh
		node:x:1001:1001::/home:/bin/sh
		nobody:x:65534:65534::/:/usr/sbin/nologin
	END
	printf 'root:x:0:\nwww-data:x:33:\ndocker:x:109:\npostgres:x:113:\nnogroup:x:65534:\n' >/srv/group
	mount --bind /srv/passwd /etc/passwd
	mount --bind /srv/group /etc/group
	mount -t tmpfs -o mode=755 tmpfs /run
	mkdir -p /run/netns /run/app
	cp /bin/sh /srv/systemd
	cp "$(command -v setpriv)" "$(command -v strace)" /srv
	cd /
}

# What the kernel of the machine is called is nobody's business either.
keep()
{
	/srv/maketape --kernel 6.12.0 /srv/out/tape /srv/out/kept
	cat /srv/out/kept
}

make_scene()
{
	printf '%s\n' "$1" >&2
	case $1 in tcp) outer=outer_tcp ;; *) outer="alone $1" ;; esac
	unshare --uts -n -p -m -C --mount-proc --fork --kill-child \
		sh -c ". '$self'; $outer" "$self" >"$top/fixtures/tapes/$1.new"
	mv "$top/fixtures/tapes/$1.new" "$top/fixtures/tapes/$1.tape"
}

# ---- inside -----------------------------------------------------------------------

# A process that says no more than its name is called by it.
named()
{
	awk 'said && !/^argv0=/ { print "argv0=" said }
		{ print; said = /^comm=/ ? substr($0, 6) : "" }'
}
# begin THING…: a scene in the background; until_said PATTERN: it has said so.
begin()
{
	mkfifo /srv/in /srv/said
	printf '%s\n' "$@" | named >/srv/words
	/srv/scene @/srv/words ______________________________ </srv/in >/srv/said &
	exec 8>/srv/in 9</srv/said
}
until_said()
{
	while read -r line <&9; do
		# shellcheck disable=SC2254
		case $line in unsupported*) echo "$line" >&2 ;; $1) return ;; esac
	done
	echo "the scene ended before it said $1" >&2
	exit 1
}
scene() { begin "$@"; until_said ready; }

# unit PATH COMM: every process of this name is in this cgroup.
unit()
{
	printf '0::%s\n' "$1" >"/srv/cgroup-$2"
	for stat in /proc/[0-9]*/stat; do
		if grep -q "^[0-9]* ($2)" "$stat"; then
			mount --bind "/srv/cgroup-$2" "${stat%stat}cgroup"
		fi
	done
}

record() { "$@" /srv/lssock record /srv/out/tape; }

# Its pid 1 is called systemd.
inner() { exec unshare -n -p -m --mount-proc --fork --kill-child /srv/systemd -c ". /srv/tapes.sh; $1"; }
low_ports() { echo 0 >/proc/sys/net/ipv4/ip_unprivileged_port_start; }
alone() { world; inner "ip link set lo up; low_ports; inner_$1"; }

# ---- a web server: its clients are outside -----------------------------------

outer_tcp()
{
	world
	ip link set lo up
	ip addr add 203.0.113.7/32 dev lo
	ip addr add 2001:db8:77::9/128 dev lo
	ip netns add web
	ip link add wan type veth peer name eth0 netns web
	ip addr add 10.0.0.44/24 dev wan
	ip addr add 10.0.0.99/24 dev wan
	ip addr add 2001:db8::1/64 dev wan nodad
	ip link set wan up
	ip -n web link set lo up
	ip -n web addr add 10.0.0.5/24 dev eth0
	ip -n web addr add 2001:db8::5/64 dev eth0 nodad
	ip -n web link set eth0 up
	ip -n web route add default via 10.0.0.44
	ip -n web -6 route add default via 2001:db8::1
	mkfifo /srv/clients
	begin tcp-listen=10.0.0.44:9092
	until_said ready
	nsenter --net=/run/netns/web unshare -m -p --mount-proc --fork --kill-child \
		/srv/systemd -c '. /srv/tapes.sh; inner_tcp' 8>&- 9>&- &
	inner=$!
	exec 7</srv/clients
	while read -r thing <&7; do
		echo "$thing" >&8
		until_said ready
	done
	wait $inner
}

inner_tcp()
{
	umount /run/netns/web
	rm /srv/in /srv/said /srv/words
	exec 5>/srv/clients
	begin '[' comm=cupsd tcp-listen=127.0.0.1:631 'tcp-listen=[::1]:631' ']' \
	'[' comm=postgres 'argv0=postgres -D /var/lib/postgresql/16/main' uid=113 \
		'tcp-listen=[::1]:5432,backlog=244' tcp-listen=127.0.0.1:5432,backlog=244 \
		forked=4 accept ']' \
	'[' comm=redis uid=1000 tcp-listen=0.0.0.0:6379 tcp-bound=127.0.0.1:6380 ']' \
	'[' comm=metrics 'tcp-listen=[::]:9100,v6only' 'tcp-conn=[::1]' 'time-wait=[::1]' ']' \
	'[' comm=exim syn-recv=127.0.0.1:25,defer=60 ']' \
	'[' comm=node 'argv0=node server.js' uid=1001 'tcp-listen=[::]:3000,backlog=1' \
		tcp-connect=127.0.0.1:3000 ']' \
	'[' comm=java 'argv0=java -Xmx1G -jar consumer.jar' uid=201 tcp-connect=10.0.0.44:9092 ']' \
	'[' comm=curl uid=1000 tcp-connect=10.0.0.44:9092 ']' \
	'[' comm=sshd 'argv0=sshd: /usr/sbin/sshd -D [listener]' 'tcp-listen=[::]:22' accept ']' \
	'[' comm=nginx 'argv0=nginx: master process' 'tcp-listen=[::]:443,backlog=511' forked=3 \
		accept accept accept ']'
	until_said '*listener* lport=5432'
	mkfifo /srv/in-app
	exec 6<>/srv/in-app
	/srv/scene '[' comm=app 'argv0=/opt/app/bin/app --serve' uid=1000 \
		tcp-connect=127.0.0.1:5432 ']' <&6 >/srv/said-app &
	until_said '*listener* lport=3000'
	echo tcp-connect=10.0.0.5:3000,from=10.0.0.99 >&5
	until_said '*client*rport=9092'
	printf 'accept\nclose\naccept\n' >&5
	until_said '*listener* lport=22'
	echo tcp-connect=10.0.0.5:22,from=10.0.0.99 >&5
	until_said '*listener* lport=443'
	echo tcp-connect=10.0.0.5:443,from=203.0.113.7 >&5
	echo tcp-connect=10.0.0.5:443,from=203.0.113.7 >&5
	echo 'tcp-connect=[2001:db8::5]:443,from=[2001:db8:77::9]' >&5
	until_said ready
	exec 5>&-
	unit /system.slice/ssh.service sshd
	unit /system.slice/nginx.service nginx
	unit /system.slice/system-postgresql.slice/postgresql@16-main.service postgres
	unit /system.slice/docker-4f2c6b1de0a94b7f8e21d3c5a6978b0c1d2e3f4a5b6c7d8e9f0a1b2c3d4e5f60.scope node
	unit /user.slice/user-1000.slice/session-12.scope curl
	record
	keep
}

# ---- one namespace, one scene -------------------------------------------------

inner_udp()
{
	ip link add eth0 type veth peer name wire
	ip addr add 10.0.0.5/24 dev eth0
	ip addr add 192.0.2.5/32 dev lo
	ip link set wire up
	ip link set eth0 up
	scene '[' comm=systemd-resolve uid=101 udp=127.0.0.53:53,dev=lo tcp-listen=127.0.0.53:53 ']' \
	'[' comm=ntpd 'udp=0.0.0.0:123' 'udp=[::]:123,v6only' ']' \
	'[' comm=avahi-daemon udp=0.0.0.0:5353,reuseport forked=2 ']' \
	'[' comm=chrome udp=0.0.0.0:5353,reuseport uid=1000 udp-auto=10.0.0.5:443 ']' \
	'[' comm=dnsmasq 'udp=[::]:5355' udp=192.0.2.5:5300 ']' \
	'[' comm=rtp udp-pair=127.0.0.1:0 udp-unbound ']' \
	'[' comm=lite udplite=127.0.0.1:7000 ']' \
	'[' comm=ping raw=1 raw6=58 ping=127.0.0.1:77 ']' '[' comm=ospfd raw=89 ']'
	unit /system.slice/systemd-resolved.service systemd-resolve
	record
	keep
}

inner_unix()
{
	scene '[' comm=dockerd unix-listen=/run/app/docker.sock,mode=0660,gid=109 \
		unix-conn unix-connect ']' \
	'[' comm=mysqld unix-listen=/run/app/mysqld.sock,mode=0777 ']' \
	'[' comm=postgres unix-listen=/run/app/.s.PGSQL.5432,mode=0700 '[' comm=psql unix-connect ']' \
		unix-accept ']' \
	'[' comm=dbus-daemon unix-seqpacket=/run/app/bus,mode=0777 unix-conn ']' \
	'[' comm=journald unix-dgram=/run/app/log,mode=0666 '[' comm=cron unix-dgram-client ']' \
		'[' comm=sshd unix-dgram-client ']' ']' \
	'[' comm=Xorg unix-listen=@/tmp/.X11-unix/X0 unix-conn ']' \
	'[' comm=pairs unix-pair unix-pair=d unix-pair=s ']' \
	'[' comm=bound unix-bound=/run/app/bound ']' \
	'[' comm=gone unix-listen=/run/app/gone unlink ']' \
	'[' comm=old unix-listen=/run/app/replaced unlink ']' \
	'[' comm=new unix-listen=/run/app/replaced ']' \
	'[' comm=courier unix-listen=/run/app/courier to-flight ']'
	record
	keep
}

inner_hostile()
{
	scene '[' 'comm=\x1b[2J\x0aroot' 'argv0=\x1b]0;owned\x07sshd\x0a0.0.0.0:22' \
		tcp-listen=127.0.0.1:1001 'unix-listen=@\x1b[31m\x0a\x00\xff' ']' \
	'[' 'comm=ssh\xe2\x80\xaed' tcp-listen=127.0.0.1:1002 \
		'unix-listen=/run/app/line\x0afeed' ']' \
	'[' 'comm=a) S 1 (b' tcp-listen=127.0.0.1:1003 'unix-listen=/run/app/two words' ']' \
	'[' 'comm=x +2' tcp-listen=127.0.0.1:1004 'unix-listen=/run/app/@at' ']' \
	'[' 'comm=-' tcp-listen=127.0.0.1:1005 'unix-listen=@' ']' \
	'[' 'comm==1+1\x3b\x2c\x22' tcp-listen=127.0.0.1:1006 'unix-listen=/run/app/\xc3\xa9\x2c\x3b' ']' \
	'[' 'comm=\\x1b[31m' tcp-listen=127.0.0.1:1007 'unix-listen=/run/app/\\x0a' ']'
	record
	keep
}

inner_local()
{
	scene '[' comm=systemd-udevd netlink=15,groups=2 ']' \
	'[' comm=NetworkManager netlink=0,groups=1 netlink=16 ']' '[' comm=auditd netlink=9 ']' \
	'[' comm=tcpdump packet=3 ']' '[' comm=lldpd packet=0x88cc ']' '[' comm=arping packet=0x806 ']' \
	'[' comm=suricata packet-ring ']' '[' comm=kcapi alg ']'
	record
	keep
}

inner_mptcp()
{
	scene '[' comm=server mptcp-pair=127.0.0.1:4430 ']' '[' comm=plain 'tcp-pair=[::1]:80' ']'
	record
	keep
}

inner_owners()
{
	scene '[' comm=prefork tcp-listen=127.0.0.1:7000 forked=5 ']' \
	'[' comm=one tcp-listen=127.0.0.1:7001,reuseport ']' \
	'[' comm=two tcp-listen=127.0.0.1:7001,reuseport ']' \
	'[' comm=ringer tcp-listen=127.0.0.1:7002 to-ring ']' \
	'[' comm=courier tcp-listen=127.0.0.1:7003 to-flight ']' \
	'[' comm=threads tcp-listen=127.0.0.1:7004 to-thread ']' \
	'[' comm=zombie tcp-listen=127.0.0.1:7005 zombie-leader ']' \
	'[' comm=queue tcp-listen=127.0.0.1:7006 tcp-connect tcp-connect ']' \
	'[' comm=leaver tcp-listen=127.0.0.1:7007 time-wait orphan close-wait ']'
	record
	keep
}

inner_nobody()
{
	scene '[' comm=sshd tcp-listen=0.0.0.0:22 ']' \
	'[' comm=dockerd unix-listen=/run/app/docker.sock,mode=0660,gid=109 ']'
	# what he started himself he may look at
	mkfifo /srv/in-own /srv/said-own
	deploy="/srv/setpriv --reuid 1000 --regid 1000 --clear-groups"
	cp /srv/scene /srv/devserver
	$deploy /srv/devserver 'tcp-listen=[::]:8000' </srv/in-own >/srv/said-own &
	exec 5>/srv/in-own 6</srv/said-own
	while read -r line <&6 && [ "$line" != ready ]; do :; done
	# shellcheck disable=SC2086
	record $deploy
	keep
}

inner_procfs()
{
	scene '[' comm=sshd 'tcp-listen=[::]:22' tcp-conn=127.0.0.1 ']' '[' comm=ntpd udp=0.0.0.0:123 ']' \
	'[' comm=dockerd unix-listen=/run/app/docker.sock,mode=0660,gid=109 unix-conn ']' \
	'[' comm=capture packet raw netlink ']'
	record /srv/strace -f -o /dev/null -e inject=socket:error=EACCES
	keep
}

# ---- several rounds: what the live view is looked at with ------------------------

inner_live()
{
	for addr in 10.0.0.5/24 10.0.0.21/24 203.0.113.7/32; do
		ip addr add $addr dev lo
	done
	mkfifo /srv/in /srv/said
	/usr/bin/python3 /srv/day.py </srv/in >/srv/said &
	exec 8>/srv/in 9</srv/said
	read -r _ <&9
	unit /system.slice/nginx.service nginx
	unit /system.slice/ssh.service sshd
	unit /system.slice/postgresql@16-main.service postgres
	unit /user.slice/user-1000.slice/session-12.scope curl
	/srv/lssock record /srv/out/tape --rounds 6 --interval 1 --collector proc &
	recorder=$!
	sleep 0.4
	for _ in 1 2 3 4 5; do
		echo >&8
		sleep 1
	done
	wait $recorder
	keep
}

# ---- a machine with two network namespaces --------------------------------------

inner_netns()
{
	for ns in db web; do
		ip netns add $ns
		ip -n $ns link set lo up
	done
	ip -n web link add eth0 type veth peer name eth0 netns db
	ip -n web addr add 10.1.2.1/24 dev eth0
	ip -n db addr add 10.1.2.2/24 dev eth0
	ip -n web link set eth0 up
	ip -n db link set eth0 up
	scene '[' comm=sshd tcp-listen=0.0.0.0:22 ']' \
	'[' comm=postgres setns=/run/netns/db tcp-listen=10.1.2.2:5432 \
		'[' comm=app setns=/run/netns/web tcp-connect=10.1.2.2 tcp-listen=0.0.0.0:80 ']' accept ']' \
	'[' comm=job newnet tcp-pair=127.0.0.1:8080 ']'
	unit /system.slice/docker-9b1de0a94b7f8e21d3c5a6978b0c1d2e3f4a5b6c7d8e9f0a1b2c3d4e5f604f2c.scope job
	record
	keep
}

# ---- answers of kernels that this one is not --------------------------------------

make_made()
{
	printf '%s\n' "$1" >&2
	"$B/tests/maketape" "$1" "$top/fixtures/tapes/$1.tape"
}

if [ -z "${TAPES_INSIDE-}" ]; then
	export TAPES_INSIDE=1
	[ $# -gt 0 ] || set -- $scenes $made
	for name; do
		case " $made " in
		*" $name "*) make_made "$name" ;;
		*) make_scene "$name" ;;
		esac
	done
fi
