# `make help` says what there is. Nothing here needs more than Python, pip and make.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
ARGS ?=

.DEFAULT_GOAL := help
.PHONY: help demo test check bench serve docs browser lock format clean

help: ## Say what can be made
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## (.*)/\1\t\2/' | expand -t 10

demo: $(VENV)/runtime ## Tell the whole story on real patients, then stay up (ARGS=--once: do not)
	@exec $(BIN)/folkmoot demo $(ARGS)

serve: $(VENV)/runtime ## Run Folkmoot on this machine, data in var/
	@exec $(BIN)/folkmoot serve $(ARGS)

test: $(VENV)/dev ## Run all tests: SQLite, PostgreSQL, Valkey, and Chromium where there is one
	$(BIN)/python -m pytest -n 2 --dist loadgroup $(ARGS)

check: $(VENV)/dev ## Lint, types, layers
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(VENV)/dev ## Measure this machine: make bench ARGS="start --check"
	@exec $(BIN)/folkmoot bench $(ARGS)

docs: $(VENV)/runtime ## Write the reference pages that are made from the code
	$(BIN)/python scripts/write_reference.py

browser: ## Say how to get a browser for the tests
	@echo "The browser tests use a Chromium that is on the machine:"
	@echo "  Debian, Ubuntu   apt-get install chromium"
	@echo "  Fedora           dnf install chromium"
	@echo "  macOS            brew install --cask chromium"
	@echo "or any other, named by FOLKMOOT_TEST_CHROMIUM=/its/path. Without one they are skipped."

lock: ## Choose newest versions anew (needs uv)
	uv pip compile --universal --python-version 3.11 --generate-hashes --upgrade -q pyproject.toml -o requirements/runtime.txt
	uv pip compile --universal --python-version 3.11 --generate-hashes -q --extra dask -c requirements/runtime.txt pyproject.toml -o requirements/dask.txt
	uv pip compile --universal --python-version 3.11 --generate-hashes -q --extra dev -c requirements/runtime.txt -c requirements/dask.txt pyproject.toml -o requirements/dev.txt

format: $(VENV)/dev ## Format the code
	$(BIN)/ruff check --fix . && $(BIN)/ruff format .

clean: ## Remove the environment and what the tests left
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis

# An environment is made once, and again when its lock changes. Every package is checked
# against its hash; our own is linked, so that an edit takes effect at once.
$(VENV)/bin/python:
	$(PYTHON) -c 'import sys; sys.exit(0 if (3,11) <= sys.version_info[:2] <= (3,13) else "Folkmoot needs Python 3.11, 3.12 or 3.13; say which with make PYTHON=python3.12")'
	$(PYTHON) -m venv $(VENV)

define install
$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/$(1).txt
$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
@touch $@
endef

$(VENV)/runtime: requirements/runtime.txt pyproject.toml | $(VENV)/bin/python
	@echo "Installing Folkmoot into $(VENV), once; this takes a minute or two …"
	$(call install,runtime)

$(VENV)/dev: requirements/dev.txt pyproject.toml | $(VENV)/bin/python
	@echo "Installing Folkmoot and its tests into $(VENV), once; this takes a minute or two …"
	$(call install,dev)
	@touch $(VENV)/runtime
