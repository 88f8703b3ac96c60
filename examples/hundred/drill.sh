#!/bin/sh
# drill.sh N|all KIND [TIME]: has the container todo-N, or each of them, fail for a time (5s).
# KIND: close, reset (the connection, without a response), garbage (what is no response), hang (no response), deaf (no connection is
# accepted), 500, 502, 503, 504 (the status), none (repaired).
set -eu
name=${TODO_NAME:-todo}
first=${TODO_PORT:-3000}
usage="usage: drill.sh N|all KIND [TIME]"
which=${1:?$usage}
kind=${2:?$usage}
if [ "$which" = all ]; then
	which=$(docker ps --filter "label=pointsman.example=$name" --format '{{.Names}}' | sed 's/.*-//' | sort -n)
fi
for i in $which; do
	printf '%s-%s: ' "$name" "$i"
	curl -fsS -X POST "http://localhost:$((first + i))/api/v1/fault?kind=$kind&for=${3:-5s}"
done
