# make up is the main job; make test is everything, on real parts.
SHELL := /bin/sh
BENCH ?= .
BENCHTIME ?= 1s
FUZZTIME ?= 20s
export CGO_ENABLED ?= 0

# The whole-system tests measure loss and latency, so they run after the others, alone. Those that only wait for a fault to
# pass say so (t.Parallel) and run together at the end: they need little of a core each.
WHOLE := ./examples/lab/e2e/...
OTHERS = $(shell go list ./... | grep -v /examples/lab/e2e)

# What runs side by side; the race detector is C, so that it needs a C compiler.
RACED := ./proxy/... ./balancer/... ./discovery/... ./registrator/... ./examples/lab/conformance

.PHONY: about docs layers up down build apps images check tools test test-long race bench bench-proxy bench-failing bench-followers fuzz clean

up: ## build, make the images, start Consul, registrator, proxy and web; without a Consul at hand CONSUL=yes builds one
	@CONSUL=$(CONSUL) examples/lab/images/up.sh

down: ## stop and remove what `make up` started
	@examples/lab/images/up.sh down

build: ## static binaries into bin/
	@mkdir -p bin
	go build -trimpath -ldflags="-s -w" -o bin/ ./cmd/pointsman ./examples/web

# The applications of the examples: a folder each, examples/EXAMPLE/NAME. The image is pointsman-NAME.
APPS := $(patsubst %/main.go,%,$(filter-out examples/lab/%,$(wildcard examples/*/*/main.go)))

apps: build ## the images of Pointsman and of the examples' applications, without a registry
	go build -trimpath -ldflags="-s -w" -o bin/ $(addprefix ./,$(APPS))
	@examples/lab/images/make.sh pointsman
	@examples/lab/images/make.sh apps $(notdir $(APPS))

images: apps ## the same, and Consul's
	@examples/lab/images/consul.sh || echo "no image of Consul is here, in the cache or to be pulled: making it from its source"
	@examples/lab/images/make.sh consul

tools: ## Consul (unless installed), Compose v2 and Pebble, built once into the cache
	@examples/lab/parts/find.sh consul
	@examples/lab/parts/find.sh compose
	@examples/lab/parts/find.sh pebble
	@examples/lab/parts/find.sh pebble-challtestsrv

# What staticcheck looks for: bugs, simplifications, what nothing uses. Not for what is deprecated (SA1019): docker/docker is frozen, and
# calls so what its successor does otherwise; registrator/docker is the one place to change then.
LINT := SA*,S1*,U1000,-SA1019

check: ## format, vet, staticcheck, what nothing reaches, and who may import whom
	@test -z "$$(gofmt -l cmd registrator discovery balancer proxy examples)" || { gofmt -l cmd registrator discovery balancer proxy examples; exit 1; }
	go vet ./...
	$$(examples/lab/parts/find.sh staticcheck) -checks '$(LINT)' ./...
	@dead=$$($$(examples/lab/parts/find.sh deadcode) ./cmd/... ./examples/web $(addprefix ./,$(APPS))) && [ -z "$$dead" ] || { echo "$$dead"; exit 1; }
	go test -count=1 -run '^Test(Layers|Packages|Words)' ./examples/lab

# Limits belong to each test (examples/lab/limit.go); those of go test are only for what would hang without one.
docs: ## write the tables of options in the pages anew, from the flags
	go generate ./cmd/pointsman

layers: ## who may import whom, as the test holds it
	@go test -count=1 -run '^TestLayersTable$$' -v ./examples/lab | grep -v -e '^=' -e '^-' -e '^ok' -e '^PASS'

test: about check tools ## everything, one round each
	go test -count=1 -timeout 1h $(OTHERS)
	go test -count=1 -timeout 4h -p 1 -parallel 4 -v $(WHOLE)

about:
	@echo "make test takes about 24 minutes on 2 cores, longer on a slow or shared machine; each test has a limit of its own."
	@examples/lab/parts/find.sh consul-cached >/dev/null || [ -n "$$CONSUL_BIN" ] || command -v consul >/dev/null || \
		echo "Before that a Consul is built from its source, once: 10 to 13 minutes on 2 cores."

test-long: check tools ## ten rounds of what must hold, and the long forms of the faults
	POINTSMAN_LONG=1 go test -count=1 -timeout 4h -p 1 $(OTHERS)
	@$(MAKE) --no-print-directory race
	POINTSMAN_LONG=1 go test -count=1 -timeout 4h -p 1 -parallel 4 -v $(WHOLE)

race: tools ## what runs side by side, under the race detector, where there is a C compiler
	@if command -v gcc >/dev/null; then \
		echo "go test -race $(RACED)"; \
		POINTSMAN_LONG= CGO_ENABLED=1 go test -race -count=1 -timeout 1h -p 1 $(RACED); \
	else echo "the race detector is left out: it needs gcc"; fi

bench: ## match, pick, swap and proxy figures, with allocations
	go test -run '^$$' -bench '$(BENCH)' -benchtime $(BENCHTIME) -benchmem ./...

# The results of a whole run are kept in the repository; those of a part are not.
ROUNDS ?= 5
TIME ?= 2s
bench-proxy: ## side by side with nginx, HAProxy, Caddy and net/http; QUICK=1, CASES=, CONTENDERS=, ROUNDS=, TIME=, BEFORE=
	@examples/lab/bench/tools.sh
	@mkdir -p bin/bench
	@if git rev-parse -q --verify '$(BEFORE)^{commit}' >/dev/null 2>&1; then examples/lab/bench/old.sh '$(BEFORE)' bin/bench/served-before; fi
	go build -trimpath -o bin/bench/ ./examples/lab/bench/...
	PATH="$$PATH:/usr/sbin" bin/bench/bench -rounds $(ROUNDS) -time $(TIME) $(if $(QUICK),-quick) -cases '$(CASES)' -contenders '$(CONTENDERS)' \
		$(if $(BEFORE),-before $(if $(wildcard $(BEFORE)),$(BEFORE),bin/bench/served-before)) \
		-out $(if $(QUICK)$(CASES)$(CONTENDERS)$(BEFORE),bin/bench/results,examples/lab/bench)

bench-failing: ## what clients see while one of two instances fails, beside nginx and HAProxy with their defaults; ONLY=503 for a part
	@examples/lab/bench/tools.sh
	PATH="$$PATH:/usr/sbin" POINTSMAN_FAILING='$(or $(ONLY),all)' POINTSMAN_FAILING_OUT='$(if $(ONLY),,$(CURDIR)/examples/lab/bench/FAILING.md)' \
		go test -count=1 -timeout 1h -run '^TestFailingTable$$' -v ./examples/lab/conformance | grep -v -e '^=== ' -e '^--- '

FOLLOWERS ?= 200
RATE ?= 25000
bench-followers: ## what followers of the API cost: FOLLOWERS=, RATE= requests a second, ROUNDS=9 TIME=5s
	@examples/lab/bench/tools.sh
	@mkdir -p bin/bench
	go build -trimpath -o bin/bench/ ./examples/lab/bench/...
	PATH="$$PATH:/usr/sbin" bin/bench/bench -followers $(FOLLOWERS) -rate $(RATE) -rounds $(ROUNDS) -time $(TIME)

fuzz: ## every fuzz target for FUZZTIME each
	@for p in $$(go list ./...); do \
		for f in $$(go test -list '^Fuzz' $$p | grep '^Fuzz'); do \
			echo "== $$p $$f"; go test -run '^$$' -fuzz "^$$f$$" -fuzztime $(FUZZTIME) $$p || exit 1; \
		done; \
	done

clean:
	rm -rf bin
