#!/bin/sh
# create.sh N: starts the containers todo-1 to todo-N, with port 3000 of each on a port of the host: 3001, 3002 and so on. Those that are
# there already stay. Nothing has to be pasted anywhere: each is registered when it has started.
# TODO_NAME and TODO_PORT stand for "todo" and 3000.
set -eu
cd "$(dirname "$0")"
n=${1:?usage: create.sh N}
name=${TODO_NAME:-todo}
first=${TODO_PORT:-3000}

create() {
	[ -n "$(docker ps -aq --filter "name=^/?$name-$1\$")" ] && return
	docker run -d --name "$name-$1" --hostname "$name-$1" --label "pointsman.example=$name" -p "$((first + $1)):3000" \
		--link "$name-mysql:mysql" --link "$name-redis:redis" \
		--user "$(id -u):$(id -g)" -v "$PWD/config.ini:/config.ini:ro" -v "$PWD/log:/log" \
		-e SERVICE_NAME=todo pointsman-todo >/dev/null
	echo "$name-$1 on port $((first + $1))"
}

# Four at a time; one that fails ends the script.
i=1
while [ "$i" -le "$n" ]; do
	started=
	for _ in 1 2 3 4; do
		[ "$i" -le "$n" ] || break
		create "$i" &
		started="$started $!"
		i=$((i + 1))
	done
	for pid in $started; do wait "$pid"; done
done
