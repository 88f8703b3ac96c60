#!/bin/sh
# up.sh [down]: starts (or removes) the whole of docker-compose.yml with whichever Compose is there.
set -eu
cd "$(dirname "$0")/../../.."

compose() {
	if command -v docker-compose >/dev/null; then docker-compose "$@"
	elif docker compose version >/dev/null 2>&1; then docker compose "$@"
	else "$(examples/lab/parts/find.sh compose)" "$@"; fi
}

if ! timeout 10 docker version >/dev/null 2>&1; then
	[ "${1:-}" = down ] && exit 0
	echo "No Docker engine answers: running the demo without containers instead (Ctrl-C ends it)."
	exec bin/pointsman demo
fi
if [ "${1:-}" = down ]; then compose down -v --remove-orphans; exit 0; fi

examples/lab/images/make.sh
compose up -d
# Through the proxy, so that the first curl below finds an answer: web says 200 to every path. (No curl needed for this.)
i=0
until bin/pointsman health -status "127.0.0.1:${PROXY_PORT:-8080}" >/dev/null 2>&1; do
	i=$((i + 1))
	if [ $i -gt 60 ]; then echo "No answer through the proxy within 30 s; see: docker-compose logs" >&2; exit 1; fi
	sleep 0.5
done
cat <<END
Up. Try:
  curl localhost:${PROXY_PORT:-8080}/                  # one line from one instance
  docker-compose scale web=5             # or: docker compose up -d --no-recreate --scale web=5
  curl localhost:${PROXY_PORT:-8080}/                  # again and again: five host names in rotation
Consul: http://localhost:${CONSUL_PORT:-8500}/ui   Routes: http://localhost:${ADMIN_PORT:-8090}/api/routes   Stop: make down
END
