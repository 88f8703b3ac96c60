#!/bin/sh
# make.sh: makes the images that docker-compose.yml names, without a registry. Binaries come from bin/ (`make build`).
set -eu
cd "$(dirname "$0")/../../.."
consul_image=hashicorp/consul:1.22.0

context=$(mktemp -d)
trap 'rm -rf "$context"' EXIT
image() {
	if ! log=$(docker build -q -t "$1" -f "examples/lab/images/$2.Dockerfile" "$context" 2>&1); then echo "$log" >&2; return 1; fi
	echo "image $1"
}

mkdir -p "$context/pointsman/bin" "$context/pointsman/etc/ssl/certs" "$context/web/bin"
cp bin/pointsman "$context/pointsman/bin/"
ln -s pointsman "$context/pointsman/bin/registrator"
for bundle in /etc/ssl/certs/ca-certificates.crt /etc/pki/tls/certs/ca-bundle.crt /etc/ssl/cert.pem; do
	if [ -r "$bundle" ]; then cp -L "$bundle" "$context/pointsman/etc/ssl/certs/ca-certificates.crt"; break; fi
done
cp bin/web "$context/web/bin/"
image pointsman pointsman
image pointsman-web web

if docker image inspect "$consul_image" >/dev/null 2>&1; then exit 0; fi
# 20 s: enough to begin a pull on any line that will finish it in a useful time; a refused registry answers at once.
if [ "${POINTSMAN_PULL:-1}" = 1 ] && timeout 20 docker pull -q "$consul_image" >/dev/null 2>&1; then exit 0; fi
echo "$consul_image cannot be pulled: making it from Consul's Go module"
consul=$(examples/lab/parts/find.sh consul-static)
mkdir -p "$context/consul/bin" "$context/consul/tmp"
cp "$consul" "$context/consul/bin/consul"
image "$consul_image" consul
