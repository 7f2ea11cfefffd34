#!/bin/sh
# A seat: seat.sh NUMBER TEACHER:PORT [DIRECTORY]
set -eu
number=$1
teacher=$2
place=${3:-$HOME/seat}
mkdir -p "$place"
case $teacher in 127.0.0.1:*) plain= ;; *) plain=--plain ;; esac
exec "$(dirname "$0")/../../bin/etherloom" slave --master "$teacher" --id "$number" $plain --sock "$place/net" --state "$place/state"
