# Rounds. `make help` lists what there is.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
export LMS_INSTANCE ?= instance
PORT ?= 8000
# The journeys that are made once more on PostgreSQL; the rest of a browser knows no database.
ON_BOTH_ENGINES := tests/journeys/test_learner.py tests/journeys/test_coordinator.py

.PHONY: help run test faults lint bench shots catalogue setup setup-dev lock clean

help: ## this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

$(VENV)/.run: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed; found $$($(PYTHON) --version). Try: make PYTHON=python3.12 run"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Installing the locked dependencies (once) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --editable .
	@touch $@

setup: $(VENV)/.run ## the virtual environment with what the product needs

$(VENV)/.dev: $(VENV)/.run requirements-dev.lock
	@echo "Installing what the tests need (once) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@touch $@

setup-dev: $(VENV)/.dev ## the same, with what the tests need

run: setup ## start Rounds on PORT (8000) with the demonstration hospital
	@exec $(BIN)/lms serve --prepare --demonstration --port $(PORT)

lint: setup-dev ## linters, types and the contracts between parts
	@$(BIN)/ruff check . && $(BIN)/mypy --no-error-summary && $(BIN)/lint-imports --no-cache --verbose | tail -n 3

test: setup-dev ## everything: linters, types, contracts, unit, PDF, browser, PostgreSQL
	@$(BIN)/python tests/tools.py
	@$(BIN)/python -m pytest -n 2 -m "not browser and not faults and not farm"
	@echo "In a real browser:"
	@$(BIN)/python -m pytest -n 2 --dist loadfile -m browser
	@echo "On PostgreSQL, everything that touches the database, and two journeys:"
	@ROUNDS_TEST_ENGINE=postgresql $(BIN)/python -m pytest -n 2 -m "database and not browser and not faults"
	@ROUNDS_TEST_ENGINE=postgresql $(BIN)/python -m pytest -n 2 --dist loadfile -m browser $(ON_BOTH_ENGINES)
	@echo "Several servers on one PostgreSQL, without a shared disk:"
	@$(BIN)/python -m pytest -n 2 --dist loadfile -m farm tests/scaling
	@echo "Real faults to a real server, a part of them (make faults: all):"
	@$(BIN)/python -m pytest -n 2 -m faults tests/faults

faults: setup-dev ## kill the real server 200 times, fill its disk, lock its database, hang up on it
	@ROUNDS_FAULT_ROUNDS=200 $(BIN)/python -m pytest -n 2 -m faults tests/faults

bench: setup-dev ## how fast it is, beside a floor (BENCH="--only home --seconds 2"); figures: docs/performance.md
	@$(BIN)/python -m tests.bench $(BENCH)

shots: setup-dev ## a picture of every page at 390, 820 and 1440 px, light and dark, in shots/
	@$(BIN)/python tests/tools.py
	@$(BIN)/python -m tests.shots

catalogue: setup ## write docs/catalogue.md: the courses in numbers, and what answers each source
	@$(BIN)/lms courses list --markdown > docs/catalogue.md.new && mv docs/catalogue.md.new docs/catalogue.md

lock: ## write the lock files anew (needs uv)
	@uv pip compile -q --upgrade --universal --generate-hashes --no-emit-index-url --no-annotate --python-version 3.11 pyproject.toml -o requirements.lock
	@uv pip compile -q --upgrade --universal --generate-hashes --no-emit-index-url --no-annotate --python-version 3.11 pyproject.toml --group dev -o requirements-dev.lock

clean: ## remove what is made, but no instance
	@rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache shots build *.egg-info
