# Every command of the project. `make` alone lists them.
SHELL := /bin/sh
.DEFAULT_GOAL := help
.PHONY: $(shell sed -n 's/^\([a-z-]*\):.*/\1/p' Makefile)  # no target is a file

# The first Python that is new enough; the setup script says so in one sentence when there is none.
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
	"$$p" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done || true)
VENV ?= .venv
IN := $(VENV)/bin/
STAGE ?= dev
CDK_CLI := 2.1148.1
export PYTHONPATH := layers/parley/python:.

help: ## list what each target does
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  make %-15s %s\n", $$1, $$2}' Makefile

setup: python ## make the environment for development (done by the other targets as needed)
	@$(FOUND) local/setup_environment.py dev --venv $(VENV)

# An old Python gets as far as the setup script, which says what is wrong with it.
FOUND = $(or $(PYTHON),$(shell command -v python3 || command -v python))
python:
	@test -n "$(FOUND)" || { echo "Python 3.11 or newer is needed, and there is none: install one, or name it with PYTHON=." >&2; exit 1; }

setup-local: python
	@$(FOUND) local/setup_environment.py local --venv $(VENV)

run: setup-local ## start everything on this machine and serve it on http://localhost:8000 (PORT=)
	@exec $(IN)python -m local run

web: setup-local ## serve the web app's sources with hot reload on http://localhost:5173, against the stack of `make run`
	@exec $(IN)python -m local web

web-sdk: setup-local ## build the packages for front ends: web/sdk/dist and web/react/dist
	@cd web && PATH="$(abspath $(VENV))/bin:$$PATH" && npm ci --ignore-scripts && npm run build

web-types: setup ## make the client's types anew from the OpenAPI and AsyncAPI documents
	@$(IN)python -m tests.web.documents

demo: setup-local ## show two people on two devices each talking through the running stack
	@exec $(IN)python -m bench.demo

status: setup-local ## say whether a stack runs, where everything is, and how it does
	@exec $(IN)python -m local status

stop: setup-local ## end the stack that runs, in order; the data is kept
	@exec $(IN)python -m local stop

logs: setup-local ## print what a function prints, as it does: make logs FUNCTION=ws_send
	@exec $(IN)python -m local logs "$(FUNCTION)"

fault: setup-local ## set a fault on the running stack, or list them: make fault FAULT="kill function=ws_send"
	@exec $(IN)python -m local fault $(FAULT)

seed: setup-local ## fill the running stack with a small company of ten and four weeks of messages; safe to repeat
	@exec $(IN)python -m tools.seed

reset: setup-local ## delete the data that `make run` keeps
	@exec $(IN)python -m local reset

invoke: setup-local ## run one function on one event: make invoke FUNCTION=ws_send EVENT=events/ws_send.json
	@exec $(IN)python -m local invoke "$(FUNCTION)" "$(EVENT)"

fast-database: setup-local ## build the faster database server with cargo (about 6 minutes); `make run` then uses it
	@exec $(IN)python -m local fast-database

check: setup ## linters, types and import rules, without the tests
	$(IN)ruff check .
	$(IN)ruff format --check .
	$(IN)mypy
	$(IN)lint-imports --no-cache

test: check ## everything that CI runs: linters, types, import rules and all tests on engines of their own
	$(IN)pytest $(ARGS)

conformance: setup ## hold a stage to the contract, statement by statement, over HTTP and WebSocket: make conformance BASE=https://…
	@test -n "$(BASE)" || { echo "BASE is where the stage is, such as BASE=http://localhost:8000 for make run." >&2; exit 2; }
	@CONFORMANCE_BASE="$(BASE)" $(IN)pytest -q --no-header --tb=no -p no:warnings -n 0 tests/e2e/conformance $(ARGS)

format: setup ## put the code in its one form
	$(IN)ruff check --fix .
	$(IN)ruff format .

dead-letters: setup-local ## what a consumer gave up: CONSUMER=store_messages ACTION=list|show|replay|drop OFFSETS=3,4 STAGE= (without: the stack here)
	@$(IN)python -m tools.dead_letters "$(or $(CONSUMER),store_messages)" "$(or $(ACTION),list)" $(if $(OFFSETS),--offsets "$(OFFSETS)") $(if $(filter command environment,$(origin STAGE)),--stage "$(STAGE)") $(ARGS)

documents: setup-local ## write openapi.json and asyncapi.json to a folder (FOLDER=documents)
	@$(IN)python -m tools.documents "$(or $(FOLDER),documents)"

bench: setup-local ## measure the figures of docs/benchmarks.md on this machine
	$(IN)python -m bench $(ARGS)

faults: setup-local ## break a stack of its own on purpose, and hold what came of it to the contract: docs/faults.md
	$(IN)python -m bench.faults $(ARGS)

peers: setup-local ## install, by npm, what `make bench ARGS=peers` measures the twin beside
	cd bench/peers && PATH="$(CURDIR)/$(IN):$$PATH" npm ci --ignore-scripts --no-audit --no-fund

site: setup ## build the web app's files into web/app/dist, for a deploy
	PATH="$(CURDIR)/$(IN):$$PATH" npm --prefix web ci --ignore-scripts --no-audit --no-fund
	PATH="$(CURDIR)/$(IN):$$PATH" npm --prefix web run build:app

synth: setup ## write the CloudFormation templates of a stage to cdk.out/, without an account (STAGE=dev)
	STAGE="$(STAGE)" $(IN)python -m cdk.app

diff: setup ## show what a deploy would change (STAGE=, credentials of the account)
	PATH="$(CURDIR)/$(IN):$$PATH" $(IN)npx --yes aws-cdk@$(CDK_CLI) diff -c stage="$(STAGE)" "parley-$(STAGE)/*"

deploy: setup site ## deploy a stage into the account of your credentials (STAGE=): see docs/deploy.md
	PATH="$(CURDIR)/$(IN):$$PATH" $(IN)npx --yes aws-cdk@$(CDK_CLI) deploy -c stage="$(STAGE)" "parley-$(STAGE)/*" $(ARGS)

lock: setup ## lock the dependencies of each group anew, with hashes and no addresses
	$(IN)uv pip compile pyproject.toml --group dev $(LOCK) -o requirements/dev.txt
	$(IN)uv pip compile pyproject.toml --group local $(LOCK) -c requirements/dev.txt -o requirements/local.txt
	$(IN)uv pip compile pyproject.toml --group core $(LOCK) -c requirements/dev.txt -o layers/dependencies/core.txt
	$(IN)uv pip compile pyproject.toml --group rest $(LOCK) -c requirements/dev.txt -o layers/dependencies/rest.txt
	$(IN)uv pip compile pyproject.toml --group replica $(LOCK) -c requirements/dev.txt -o deploy/kubernetes/requirements.txt

clean: ## remove the environment and every cache (not the data: that is `make reset`)
	rm -rf $(VENV) .cache .mypy_cache .ruff_cache .pytest_cache .import_linter_cache

LOCK := --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --quiet
