# Everything a developer runs. `make up` and `make test` set up .venv themselves.

PYTHON ?= $(shell tools/python)
BIN := .venv/bin
ARGS ?=

# Where this is set, every process that a test starts would compile again what has changed.
export PYTHONDONTWRITEBYTECODE :=

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help up test check lint fast fmt chaos bench docs site proto lock wheel clean

help: ## show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-7s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

up: .venv/.runtime ## server and workers on one SQLite file; ARGS="--port 9000" passes options on
	@exec $(BIN)/taskmill up $(ARGS)

test: .venv/.dev ## every test, with coverage
	@tools/test $(ARGS)

check: .venv/.dev ## format, lint, types, import layers and the fast tests: before every commit
	@$(MAKE) --no-print-directory lint >.venv/lint.log 2>&1 & lint=$$!; \
	$(MAKE) --no-print-directory fast; fast=$$?; \
	wait $$lint; lint=$$?; cat .venv/lint.log; [ $$lint -eq 0 ] && [ $$fast -eq 0 ]

lint: .venv/.dev ## the parts of check that run no code
	@$(BIN)/ruff format --check --quiet . || { echo "run 'make fmt'"; exit 1; }
	@$(BIN)/ruff check --quiet .
	@$(BIN)/mypy --no-error-summary
	@$(BIN)/lint-imports --no-logo >.venv/imports.log || { cat .venv/imports.log; exit 1; }

fast: .venv/.dev ## the tests that take no seconds
	@$(BIN)/python -m pytest -q -n auto -m "not slow and not alone" $(ARGS)

fmt: .venv/.dev ## format, and mend what ruff can mend
	@$(BIN)/ruff check --quiet --fix-only .
	@$(BIN)/ruff format --quiet .

chaos: .venv/.dev ## twenty random courses of kills, freezes and broken servers: minutes
	@CHAOS_SEEDS=20 $(BIN)/python -m pytest tests/chaos -s $(ARGS)

bench: .venv/.dev ## measure; see benchmarks/README.md
	@$(BIN)/python -m benchmarks $(ARGS)

docs: .venv/.dev ## remake the generated parts of docs/
	@$(BIN)/python docs/generate.py

site: .venv/.dev ## build the documentation into site/: a broken link fails; then python3 -m http.server -d site
	@$(BIN)/python docs/build_site.py

proto: .venv/.dev ## remake src/taskmill/rpc from proto/
	@tools/proto

lock: .venv/.dev ## pin the newest versions that pyproject.toml allows
	@tools/lock

wheel: .venv/.dev ## build the wheel and the source archive into dist/
	@$(BIN)/python -m hatchling build --clean

clean: ## remove what was made: .venv, dist, caches (never a database)
	@rm -rf .venv dist site .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .coverage .coverage.*
	@find src tests docs -name __pycache__ -prune -exec rm -rf {} +

.venv/.runtime: pyproject.toml requirements/build.txt requirements/runtime.txt
	@tools/venv "$(PYTHON)" runtime

.venv/.dev: pyproject.toml requirements/build.txt requirements/dev.txt
	@tools/venv "$(PYTHON)" dev
	@touch .venv/.runtime
