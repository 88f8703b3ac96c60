#!/bin/sh
# up.sh [down]: starts (or removes) the whole of docker-compose.yml with whichever Compose is there. Where no Consul is at hand, its
# place is taken by the embedded catalogue; CONSUL=yes builds one instead.
set -eu
cd "$(dirname "$0")/../../.."

compose() {
	if command -v docker-compose >/dev/null; then docker-compose "$@"
	elif docker compose version >/dev/null 2>&1; then docker compose "$@"
	else "$(examples/lab/parts/find.sh compose)" "$@"; fi
}

if ! timeout 10 docker version >/dev/null 2>&1; then
	[ "${1:-}" = down ] && exit 0
	make --no-print-directory build
	echo "No Docker engine answers: running the demo without containers instead (Ctrl-C ends it)."
	exec bin/pointsman demo
fi
if [ "${1:-}" = down ]; then compose down -v --remove-orphans; exit 0; fi

# A registry that does not answer takes its time, and so does the compiler.
examples/lab/images/consul.sh & pulling=$!
make --no-print-directory build
examples/lab/images/make.sh pointsman
consul=yes
if ! wait $pulling && [ "${CONSUL:-}" != yes ]; then consul=; fi

if [ -n "$consul" ]; then
	examples/lab/images/make.sh consul
	compose up -d
	see="Consul: http://localhost:${CONSUL_PORT:-8500}/ui   "
else
	echo "No Consul image is here and none can be pulled: starting on the embedded catalogue. \`make up CONSUL=yes\` builds a real Consul" \
		"from its source first, since no registry can be reached: once, 10 to 13 minutes on 2 cores."
	compose -f docker-compose.yml -f examples/lab/images/embedded.yml up -d --no-deps pointsman web
	see=
fi
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
  docker-compose scale web=5             # or: docker compose up -d --no-recreate --scale web=5 web
  curl localhost:${PROXY_PORT:-8080}/                  # again and again: five host names in rotation
${see}Routes: http://localhost:${ADMIN_PORT:-8090}/api/routes   Stop: make down
END
