#!/bin/sh
# make.sh pointsman|apps NAMES|consul: makes images that the compose files name, without a registry, from the binaries in bin/.
# pointsman: both of docker-compose.yml (`make build`). apps: one for each application of the examples (`make apps`). consul: Consul's,
# from its Go module, unless it is there.
set -eu
cd "$(dirname "$0")/../../.."
consul_image=${CONSUL_IMAGE:-hashicorp/consul:1.22.0}

context=$(mktemp -d)
trap 'rm -rf "$context"' EXIT
image() {
	if ! log=$(docker build -q -t "$1" -f "examples/lab/images/$2.Dockerfile" "$context" 2>&1); then echo "$log" >&2; return 1; fi
	echo "image $1"
}

case "${1:-}" in
pointsman)
	mkdir -p "$context/pointsman/bin" "$context/pointsman/etc/ssl/certs" "$context/web/bin"
	cp bin/pointsman "$context/pointsman/bin/"
	ln -s pointsman "$context/pointsman/bin/registrator"
	for bundle in /etc/ssl/certs/ca-certificates.crt /etc/pki/tls/certs/ca-bundle.crt /etc/ssl/cert.pem; do
		if [ -r "$bundle" ]; then cp -L "$bundle" "$context/pointsman/etc/ssl/certs/ca-certificates.crt"; break; fi
	done
	cp bin/web "$context/web/bin/"
	image pointsman pointsman
	image pointsman-web web ;;
apps)
	shift
	mkdir -p "$context/app/bin"
	for app in "$@"; do
		cp "bin/$app" "$context/app/bin/app"
		image "pointsman-$app" app
	done ;;
consul)
	if docker image inspect "$consul_image" >/dev/null 2>&1; then exit 0; fi
	consul=$(examples/lab/parts/find.sh consul-static)
	mkdir -p "$context/consul/bin"
	cp "$consul" "$context/consul/bin/consul"
	image "$consul_image" consul ;;
*) echo "usage: make.sh pointsman|apps NAMES|consul" >&2; exit 2 ;;
esac
