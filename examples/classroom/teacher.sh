#!/bin/sh
# The teacher's machine: teacher.sh [HOST:PORT] [DIRECTORY]
# Seats join by the line in DIRECTORY/line, within a day.
set -eu
listen=${1:-0.0.0.0:7378}
place=${2:-$HOME/classroom}
mkdir -p "$place"
exec "$(dirname "$0")/../../bin/etherloom" master --listen "$listen" --subnet 10.77.0.0/24 --line-file "$place/line" \
  --sock "$place/net" --state "$place/state" --mgmt "$place/mgmt"
