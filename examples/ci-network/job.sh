#!/bin/sh
# A network for a CI job: two switches, a bad link between them, a DHCP server and two stations.
set -eu
PATH=$(cd "$(dirname "$0")/../../bin" && pwd):$PATH
net=$(mktemp -d /tmp/ci-net-XXXXXX)

# Switches end by their consoles, stations by their pids; then the directory goes.
stations=
finish() {
  for pid in $stations; do kill "$pid" 2>/dev/null || true; done
  for console in "$net"/*.mgmt; do vdecmd -s "$console" shutdown >/dev/null 2>&1 || true; done
  wait
  rm -rf "$net"
}
trap finish EXIT

# In the background once it serves: the next line finds it.
etherloom switch --daemon --sock "$net/a" --mgmt "$net/a.mgmt" --dhcp 10.77.0.0/24
etherloom switch --daemon --sock "$net/b" --mgmt "$net/b.mgmt" --port "vde://$net/a" --impair 'loss 20, delay 5'

etherloom station --sock "$net/a" --id 1 >"$net/one.log" 2>&1 &
stations="$stations $!"
etherloom station --sock "$net/b" --id 2 --ping 10.77.0.1 >"$net/two.log" 2>&1 &
stations="$stations $!"

# Waits until a station's log has a line; fails after 30 s, with the log.
expect() {
  i=0
  until grep -q "$2" "$net/$1.log"; do
    i=$((i + 1))
    if [ "$i" -gt 300 ]; then echo "station $1 did not say: $2" && cat "$net/$1.log" && exit 1; fi
    sleep 0.1
  done
  echo "station $1: $(grep -m 1 -o "$2" "$net/$1.log")"
}
expect one 'ready, 10[.0-9]*'
expect two 'ready, 10[.0-9]*'
expect two '10.77.0.1 answers in [.0-9]* ms'
# What the bad link has lost.
vdecmd -s "$net/b.mgmt" port/drops
