#!/bin/sh
# old.sh COMMIT FILE: builds the benchmark's served as it was at a commit of this repository.
set -eu
tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
git archive "$1" | tar x -C "$tree"
out=$(cd "$(dirname "$2")" && pwd)/$(basename "$2")
cd "$tree" && go build -trimpath -o "$out" ./examples/lab/bench/served
