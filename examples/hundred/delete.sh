#!/bin/sh
# delete.sh [N]: stops and removes the containers that create.sh started: all of them, or those above todo-N.
set -eu
keep=${1:-0}
name=${TODO_NAME:-todo}
docker ps -a --filter "label=pointsman.example=$name" --format '{{.Names}}' | while read -r container; do
	if [ "${container##*-}" -gt "$keep" ]; then echo "$container"; fi
done | xargs -r sh -c 'docker stop -t 10 "$@" >/dev/null; docker rm -v "$@"' sh
