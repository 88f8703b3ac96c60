#!/bin/sh
# find.sh consul|compose: prints the path of the program, building it once into the cache when it is not there.
# Consul: CONSUL_BIN, PATH, cache. Compose (v2): cache only; an installed one is used by whoever calls `docker compose`.
set -eu
cache="${XDG_CACHE_HOME:-$HOME/.cache}/pointsman/bin"
here=$(cd "$(dirname "$0")" && pwd)

build() { # build NAME PACKAGE FILE
	if [ ! -x "$cache/$3" ]; then
		echo "building $3 into $cache (once, a few minutes)" >&2
		mkdir -p "$cache"
		(cd "$here/$1" && CGO_ENABLED=0 go build -trimpath -ldflags='-s -w' -o "$cache/$3.$$" "$2") >&2
		mv "$cache/$3.$$" "$cache/$3"
	fi
	echo "$cache/$3"
}

case "${1:-}" in
consul)
	if [ -n "${CONSUL_BIN:-}" ]; then echo "$CONSUL_BIN"
	elif command -v consul; then :
	else build consul github.com/hashicorp/consul consul-1.22.0; fi ;;
consul-static) # for an image: always our own, since an installed one may be linked dynamically
	build consul github.com/hashicorp/consul consul-1.22.0 ;;
compose) build compose github.com/docker/compose/v2/cmd compose-2.40.3 ;;
*) echo "usage: find.sh consul|consul-static|compose" >&2; exit 2 ;;
esac
