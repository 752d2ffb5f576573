# `make up` starts a cluster on this machine, `make test` runs everything that CI runs.
VENV := .venv
PY := $(VENV)/bin/python
DATA := .edgeorch
# More than two cores: tests that run containers mostly wait for them.
WORKERS := 3
SUDO := $(shell [ "$$(id -u)" = 0 ] || echo sudo)

.PHONY: help up down test lint format unit kubectls bench docs clean deps lab

help:
	@echo "make up      install what is missing, start a cluster here, run the hello example"
	@echo "make down    stop what 'make up' started"
	@echo "make test    lint, types, and all five kinds of tests"
	@echo "make unit    the tests that need nothing installed"
	@echo "make kubectls every command with every kubectl of this machine"
	@echo "make lint    ruff, mypy, import-linter"
	@echo "make format  let ruff lay out the code"
	@echo "make bench   measure against the baselines"
	@echo "make docs    write docs/compatibility.md anew"
	@echo "make clean   remove caches and builds"

deps:
	@scripts/install-deps

lab:
	@scripts/install-deps --lab
	@scripts/debian-kubectl build/debian

$(VENV)/.installed: pyproject.toml scripts/make-venv
	@scripts/make-venv $(VENV)
	@touch $@

up: deps $(VENV)/.installed
	@$(SUDO) $(abspath $(VENV))/bin/edgeorch up --data-dir $(DATA)

down:
	@if [ -x $(VENV)/bin/edgeorch ]; then $(SUDO) $(abspath $(VENV))/bin/edgeorch down --data-dir $(DATA); fi

# Tests start hundreds of processes: where Python keeps no byte code, each would compile everything anew.
test: lab lint
	@$(PY) -m compileall -q edgeorch agent server
	@$(SUDO) $(abspath $(VENV))/bin/pytest --numprocesses=$(WORKERS) --dist=loadscope --no-loadscope-reorder

unit: $(VENV)/.installed
	@$(VENV)/bin/pytest tests/unit tests/scenarios

kubectls: lab $(VENV)/.installed
	@$(SUDO) env EVERY_KUBECTL=1 $(abspath $(VENV))/bin/pytest tests/e2e/test_every_command.py

lint: $(VENV)/.installed
	@$(VENV)/bin/ruff format --check .
	@$(VENV)/bin/ruff check .
	@$(VENV)/bin/mypy
	@$(VENV)/bin/lint-imports --no-logo 2>/dev/null || $(VENV)/bin/lint-imports

format: $(VENV)/.installed
	@$(VENV)/bin/ruff check --fix-only .
	@$(VENV)/bin/ruff format .

bench: lab $(VENV)/.installed
	@$(SUDO) $(abspath $(PY)) -m bench

docs: $(VENV)/.installed
	@$(PY) -m edgeorch.api.compatibility docs/compatibility.md

clean:
	@rm -rf build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
