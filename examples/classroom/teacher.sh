#!/bin/sh
# The teacher's machine: teacher.sh [HOST:PORT] [DIRECTORY]
set -eu
listen=${1:-0.0.0.0:7000}
place=${2:-$HOME/classroom}
mkdir -p "$place"
case $listen in 127.0.0.1:*) plain= ;; *) plain=--plain ;; esac
exec "$(dirname "$0")/../../bin/etherloom" master --listen "$listen" --subnet 10.77.0.0/24 $plain \
  --sock "$place/net" --state "$place/state" --mgmt "$place/mgmt"
