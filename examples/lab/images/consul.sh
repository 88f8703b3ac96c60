#!/bin/sh
# consul.sh: exit code 0 when Consul's image is there, can be pulled, or can be made from a binary in the cache, which takes seconds. It
# leaves no image made; that is make.sh's. POINTSMAN_PULL=0 tries no registry.
set -eu
cd "$(dirname "$0")/../../.."
consul_image=${CONSUL_IMAGE:-hashicorp/consul:1.22.0}
if docker image inspect "$consul_image" >/dev/null 2>&1; then exit 0; fi
if examples/lab/parts/find.sh consul-cached >/dev/null; then exit 0; fi
# 20 s: enough to begin a pull on any line that will finish it in a useful time; a refused registry answers at once.
[ "${POINTSMAN_PULL:-1}" = 1 ] && timeout 20 docker pull -q "$consul_image" >/dev/null 2>&1
