# Both images of docker-compose.yml, from source. It needs a registry (for golang) and the Go module proxy; `make up` makes
# the same images without a registry.
FROM golang:1.26.8@sha256:3c3e25a4da13fd0478eed2df1eb35a0e667094a7124d3993a6a1d30f71c17e79 AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
RUN CGO_ENABLED=0 go build -trimpath -ldflags="-s -w" -o /out/pointsman/bin/pointsman ./cmd/pointsman \
 && ln -s pointsman /out/pointsman/bin/registrator \
 && mkdir -p /out/pointsman/etc/ssl/certs \
 && cp /etc/ssl/certs/ca-certificates.crt /out/pointsman/etc/ssl/certs/ \
 && CGO_ENABLED=0 go build -trimpath -ldflags="-s -w" -o /out/web/bin/web ./examples/web

FROM scratch AS web
COPY --from=build /out/web /
USER 65534:65534
EXPOSE 80
ENTRYPOINT ["/bin/web"]

FROM scratch AS pointsman
COPY --from=build /out/pointsman /
# The registrator alone needs more: who may open the Docker socket differs from host to host, see docker-compose.yml.
USER 65534:65534
ENTRYPOINT ["/bin/pointsman"]
CMD ["help"]
