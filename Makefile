# The verbs. Each is a line or two: the work is in scripts/ and xtask/.
export CARGO_TARGET_DIR ?= $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/tessera/target
export PATH := $(PATH):$(or $(CARGO_HOME),$(HOME)/.cargo)/bin
CARGO ?= cargo

.DEFAULT_GOAL := help
.PHONY: help setup run test torture build release lint fmt tidy proto helm smoke bench bench-numbers bench-work openapi errors status ci

help: ## Show the verbs
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: ## Install what is missing on this machine (asks for sudo where needed)
	@scripts/install --checks

run: ## Start the platform on embedded storage, with a sample ontology in it
	@scripts/install
	@scripts/run

test: ## Run every test, on SQLite and on PostgreSQL, and the console's in a browser
	@scripts/install --tests
	@scripts/with-servers $(CARGO) nextest run --workspace $(ARGS)
	@scripts/console-test

build: ## Build every crate and the tests
	$(CARGO) build --workspace --all-targets

console: ## Build the web console, and the binary with it in
	@scripts/install
	@scripts/console-build
	$(CARGO) build --package tessera-server --bin tessera

console-test: ## Unit and browser tests of the web console
	@scripts/install --tests
	@scripts/console-test

release: ## Build the optimised binary
	$(CARGO) build --release --package tessera-server --bin tessera

lint: ## Formatting, clippy, the house rules, the contracts, the scripts
	@scripts/lint

fmt: ## Format the Rust sources
	$(CARGO) fmt --all

tidy: ## Only the house rules
	$(CARGO) xtask tidy

proto: ## Lint the contracts
	@scripts/tools/buf lint

helm: ## Lint and render the chart, and check it against the Kubernetes schemas
	@scripts/helm-check

smoke: ## The same calls by grpcurl, curl, a stock Python client and `tessera call`
	@scripts/with-servers scripts/smoke

torture: ## Play random seeds to the end: SEEDS=n of them (from FROM=n on), or one again by SEED=n
	@TORTURE_SEED=$(SEED) TORTURE_FROM=$(FROM) TORTURE_SEEDS=$(or $(SEEDS),200) scripts/with-servers $(CARGO) nextest run --package tessera-tests torture --no-capture

bench-numbers: ## Metrics and inserts beside hand-written SQL and the bare driver: ROWS=n
	@ROWS=$(or $(ROWS),200000) scripts/with-servers $(CARGO) bench --package tessera-tests --bench numbers

bench-work: ## Messages beside NATS JetStream, outbox to inbox, and steps of jobs: ROUNDS=n SECONDS_PER_CASE=n STEPS=n
	@DURABLE=1 scripts/with-servers scripts/bench-work

bench: ## Run the benches
	@scripts/with-servers $(CARGO) bench --workspace $(ARGS)

openapi: ## Write the OpenAPI description of all contracts below the target folder
	$(CARGO) xtask openapi

errors: ## Write docs/errors.md from the reasons that the crates declare
	$(CARGO) xtask errors

status: ## Write docs/status.md from the ledger and the tests that prove it
	$(CARGO) xtask status

ci: ## Everything the pipeline runs
	@bash .ci/run
