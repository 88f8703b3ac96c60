#!/bin/sh
# find.sh consul|consul-static|consul-cached|compose|pebble|pebble-challtestsrv|staticcheck|deadcode: prints the path of the program, building it once into the cache when it is not
# there (consul-cached does not build, and fails). Consul: CONSUL_BIN, PATH, cache. Compose (v2): cache only; an installed one is used
# by whoever calls `docker compose`.
set -eu
cache="${XDG_CACHE_HOME:-$HOME/.cache}/pointsman/bin"
here=$(cd "$(dirname "$0")" && pwd)

build() { # build NAME PACKAGE FILE MINUTES
	if [ ! -x "$cache/$3" ]; then
		echo "building $3 from its Go module into $cache: once, $4 minutes on 2 cores" >&2
		mkdir -p "$cache"
		(cd "$here/$1" && CGO_ENABLED=0 "$here/progress.sh" -trimpath -ldflags='-s -w' -o "$cache/$3.$$" "$2") >&2
		mv "$cache/$3.$$" "$cache/$3"
	fi
	echo "$cache/$3"
}

case "${1:-}" in
consul)
	if [ -n "${CONSUL_BIN:-}" ]; then echo "$CONSUL_BIN"
	elif command -v consul; then :
	else build consul github.com/hashicorp/consul consul-1.22.0 "10 to 13"; fi ;;
consul-static) # for an image: always our own, since an installed one may be linked dynamically
	build consul github.com/hashicorp/consul consul-1.22.0 "10 to 13" ;;
consul-cached) [ -x "$cache/consul-1.22.0" ] && echo "$cache/consul-1.22.0" ;;
staticcheck) build lint honnef.co/go/tools/cmd/staticcheck staticcheck-0.8.2 "1 to 2" ;;
deadcode) build lint golang.org/x/tools/cmd/deadcode deadcode-0.52.0 "1 to 2" ;;
pebble) build pebble github.com/letsencrypt/pebble/v2/cmd/pebble pebble-2.10.3 "1 to 2" ;;
pebble-challtestsrv) build pebble github.com/letsencrypt/pebble/v2/cmd/pebble-challtestsrv pebble-challtestsrv-2.10.3 "1 to 2" ;;
compose) build compose github.com/docker/compose/v2/cmd compose-2.40.3 "3 to 5" ;;
*) echo "usage: find.sh consul|consul-static|consul-cached|compose|pebble|pebble-challtestsrv|staticcheck|deadcode" >&2; exit 2 ;;
esac
