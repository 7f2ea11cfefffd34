#!/bin/sh
# A lesson on one machine: the teacher and three seats.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
room=$(mktemp -d /tmp/room-XXXXXX)
running=
finish() {
  for pid in $running; do kill "$pid" 2>/dev/null || true; done
  wait
  rm -rf "$room"
}
trap finish EXIT

# Starts a command with a log: start NAME COMMAND...
start() {
  log=$room/$1.log
  : >"$log"
  shift
  "$@" >"$log" 2>&1 &
  running="$! $running"
}

# Waits until a log has a line, and prints it; fails after 30 s, with the log.
expect() {
  i=0
  until grep -q "$2" "$room/$1.log"; do
    i=$((i + 1))
    if [ "$i" -gt 300 ]; then echo "$1 did not say: $2" && cat "$room/$1.log" && exit 1; fi
    sleep 0.1
  done
  echo "$1: $(grep -m 1 -o "$2" "$room/$1.log")"
}

# Any free port: the line has it.
start teacher "$here/teacher.sh" 127.0.0.1:0 "$room/teacher"
expect teacher '^ready$'

# Switches a seat on, with a station as the pupil's machine: seat NUMBER NAME
seat() {
  start "$2" "$here/seat.sh" "$1" "$room/teacher/line" "$room/seat$1"
  switch=$!
  expect "$2" '^ready$'
  start "pupil-$2" "$here/../../bin/etherloom" station --sock "$room/seat$1/net" --id "$1" --ping 10.77.0.1
  pupil=$!
  expect "pupil-$2" "ready, 10.77.0.1$1"
  expect "pupil-$2" '10.77.0.1 answers in [.0-9]* ms'
}
# In any order.
seat 3 seat3
seat 1 seat1
seat 2 seat2
# Seat 2 is switched off and on again.
kill "$switch" "$pupil"
wait "$switch" "$pupil" || true
seat 2 seat2-again
