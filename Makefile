# make help is the map. Every target works on a machine with only Go, make, git and gcc.
SHELL       := bash
.SHELLFLAGS := -euo pipefail -c
MODULES     := schemas shared services/ingest services/ingest/source/kafka services/ingest/source/outbox services/ingest/source/xlsx services/enrichment services/screening services/audit services/audit/auditverify deploy
BINARIES    := deploy/cmd/tidegate services/ingest/cmd/ingest services/enrichment/cmd/enrichment services/screening/cmd/screening services/audit/cmd/audit services/audit/auditverify/cmd/auditverify
DATA        ?= data
REPORTS     ?= reports
BENCH       ?= 60s
SOAK        ?= 1h
FUZZ        ?= 1m
export GOTOOLCHAIN := local

.DEFAULT_GOAL := help
.PHONY: help build run serve test lint verify bench soak clean

help: ## show this map
	@awk -F':.*## ' '/^[a-z]+:.*## /{printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

build: ## build tidegate, the four services and auditverify into bin/
	@mkdir -p bin
	go build -trimpath -o bin/ $(addprefix ./,$(BINARIES))

run: build ## screen the sample orders end to end in a fresh directory, replay them twice (pages in REPORTS, default: reports), verify the log, decide all again
	@dir=$$(mktemp -d); trap 'rm -rf "$$dir"' EXIT; bin/tidegate demo --data "$$dir/data" --guard-dir "$$dir/guard" --reports $(REPORTS)

serve: build ## keep the pipeline running on 127.0.0.1; data is kept in DATA (default: data)
	bin/tidegate serve --data $(DATA)

test: ## run every test, with -race where goroutines meet
	go test -race -timeout 20m work

lint: .bin/golangci-lint ## run the linters over every module
	.bin/golangci-lint run $$(go list -f '{{.Dir}}/...' -m)

verify: lint ## what must hold before a push: lint, each module alone, tidy, no foreign traces
	scripts/verify $(MODULES)

bench: ## measure: raw publish limit, skeleton, pipeline, ratios, masters (BENCH=60s, BENCH_JSON=FILE); then the auditor's page (of TIDEGATE_BENCH_AUDIT), judging, rules alone
	go run ./deploy/bench -duration $(BENCH)
	GOMAXPROCS=1 go test -run '^$$' -bench . ./services/ingest/internal/format
	go test ./services/enrichment -run - -bench Masters -benchmem
	go test ./services/audit/page -run - -bench Page
	go test ./services/audit -run - -bench Evidence -benchmem
	go test -run '^$$' -cpu 1 -bench Judge ./services/screening ./deploy/standalone/samples

soak: build ## the long failure tests: processes killed, streams cut off, system calls that fail (SOAK=1h; parsers fuzzed for FUZZ=1m each)
	TIDEGATE_SOAK=$(SOAK) go test -count=1 -timeout 6h -run 'Killed|FaultOf' -v ./services/audit
	TIDEGATE_SOAK=$(SOAK) go test -count=1 -timeout 6h -run 'Killed|CutOff|Limits|Audit|LargeFile' -v ./deploy/e2e/...
	TIDEGATE_SOAK=$(SOAK) go test -count=1 -timeout 1h -run KilledAtRandom -v ./deploy/standalone
	TIDEGATE_SOAK=$(SOAK) go test -count=1 -timeout 1h -run Mutations -v ./services/ingest/internal/format
	scripts/fuzz $(FUZZ) ./schemas/event ./services/audit/auditverify ./services/audit/auditverify/evidence ./services/ingest/internal/xmldoc ./services/ingest/internal/format ./services/ingest/internal/mapping ./services/audit/witness ./services/audit/search ./shared/spelling

clean: ## remove what was built
	rm -rf bin .bin

.bin/golangci-lint: scripts/tools/go.mod
	GOBIN=$(CURDIR)/.bin GOWORK=off go -C scripts/tools install tool
