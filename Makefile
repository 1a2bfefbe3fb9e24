# Everything a developer does with Sealog. `make` alone lists it.

.DEFAULT_GOAL := help
.PHONY: help run build generate test test-deps check bench clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: ## Build and start Sealog on its embedded database (data in ./sealog-data)
	go run ./cmd/sealog serve

# Without cgo: a static binary, whose SQLite is pure Go.
build: ## Build ./bin/sealog and ./bin/sealog-verify
	CGO_ENABLED=0 go build -trimpath -o bin/ ./cmd/sealog ./cmd/sealog-verify

generate: ## Regenerate the code made from templates and the GraphQL schema
	scripts/generate

# RACE=0, POSTGRES=0, SQLITE=0, E2E=0, CHECKS=0 and PKGS=... run a part of it.
test: ## Run all tests on both databases, installing what they need if it can
	scripts/test

test-deps: ## Only find or install what the tests need
	scripts/test deps

check: ## Formatting, generated code, vendored assets, vet and staticcheck
	scripts/check

# One package at a time, and a PostgreSQL that syncs its writes: the numbers are
# to mean something.
BENCH ?= .
BENCHFLAGS := -run '^$$' -bench '$(BENCH)' -benchmem -p 1
bench: ## Run the benchmarks on SQLite and PostgreSQL (BENCH=regexp)
	CGO_ENABLED=0 go test $(BENCHFLAGS) ./...
	SEALOG_PG_DURABLE=1 CGO_ENABLED=0 scripts/postgres run -- go test $(BENCHFLAGS) ./...

clean: ## Remove what was built (never sealog-data)
	rm -rf bin e2e/output
