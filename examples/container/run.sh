#!/bin/sh
# Packs, builds and runs: run.sh [PODMAN-OR-DOCKER]
set -eu
cd "$(dirname "$0")"
engine=${1:-$(command -v podman || command -v docker)}
context=$(mktemp -d)
trap 'rm -rf "$context"' EXIT
cp Containerfile "$context/"
(cd ../.. && npm pack --silent --pack-destination "$context" >/dev/null)
mv "$context"/etherloom-*.tgz "$context/etherloom.tgz"
"$engine" build --tag etherloom --file "$context/Containerfile" "$context"
"$engine" run --rm --init --user 12345 etherloom
