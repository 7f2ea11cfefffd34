# The line of bench/lab/main.ts in kernel namespaces: $1 bridges in a row, $2 hosts dealt out to them, each of which pings its opposite once.
# Prints how many were answered. Everything is made in the namespaces of the caller, and goes with them.
set -eu
mount -t tmpfs none /run
for n in $(seq 0 $(($1 - 1))); do
  ip link add "s$n" type bridge
  ip link set "s$n" up
  [ "$n" = 0 ] && continue
  ip link add "l$n" type veth peer name "r$n"
  ip link set "l$n" master "s$((n - 1))" up
  ip link set "r$n" master "s$n" up
done
for n in $(seq 0 $(($2 - 1))); do
  ip netns add "h$n"
  ip link add "p$n" type veth peer name eth0 netns "h$n"
  ip link set "p$n" master "s$((n % $1))" up
  ip -n "h$n" address add "10.0.$((n / 250)).$((n % 250 + 1))/8" dev eth0
  ip -n "h$n" link set eth0 up
done
pids=
for n in $(seq 0 $(($2 - 1))); do
  peer=$(($2 - 1 - n))
  ip netns exec "h$n" ping -q -c 1 -W 5 "10.0.$((peer / 250)).$((peer % 250 + 1))" >/dev/null &
  pids="$pids $!"
done
answers=0
for pid in $pids; do wait "$pid" && answers=$((answers + 1)); done
echo "answers $answers"
