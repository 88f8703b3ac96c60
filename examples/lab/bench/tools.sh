#!/bin/sh
# Installs what the benchmark compares with and measures by, from Debian's packages, where it is missing. Nothing is started: the
# benchmark runs its own copies on its own ports.
set -eu
PATH="$PATH:/usr/sbin"
missing=""
need() { command -v "$1" >/dev/null || missing="$missing $2"; }
need nginx nginx-light
need haproxy haproxy
need caddy caddy
need wrk wrk
need h2load nghttp2-client
need taskset util-linux
[ -n "$missing" ] || exit 0
if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
	echo "bench-proxy needs$missing; install them, or run it once as root on Debian" >&2
	exit 1
fi
echo "installing$missing" >&2
if [ ! -e /usr/sbin/policy-rc.d ]; then
	trap 'rm -f /usr/sbin/policy-rc.d' EXIT
	printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d
	chmod 755 /usr/sbin/policy-rc.d
fi
export DEBIAN_FRONTEND=noninteractive
apt-get update -q >/dev/null
# shellcheck disable=SC2086
apt-get install -y -q --no-install-recommends $missing >/dev/null
