# `make demo` and `make test` each set up ./.venv by themselves: all they need is Python 3.11 or newer, and make.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check
LOCKED := $(INSTALL) --require-hashes --only-binary :all: --requirement
PROJECT := $(INSTALL) --no-deps --no-build-isolation --editable .
COMPILE := $(BIN)/uv pip compile pyproject.toml --quiet --group build --python-version 3.11 --generate-hashes \
	--no-header --no-annotate --no-emit-index-url --no-emit-find-links

.PHONY: help demo test lint docs lock clean

help: ## this list
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' Makefile

demo: .venv/core.stamp ## the whole way on a synthetic company: check, train, score, explain, publish
	$(BIN)/abm-ml demo

test: .venv/dev.stamp ## all tests
	$(BIN)/python -m pytest --numprocesses auto --dist loadfile

lint: .venv/dev.stamp ## style, types and floors
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy --strict abm_ml
	$(BIN)/lint-imports --no-logo

docs: .venv/core.stamp ## writes the references that are generated from the records
	mkdir -p docs
	for kind in features kpis labels tables; do $(BIN)/abm-ml catalogue $$kind --markdown > docs/$$kind.md; done

lock: .venv/dev.stamp ## pins what pyproject.toml asks for, with hashes and without addresses
	$(COMPILE) --extra report --extra excel --extra web --output-file requirements.lock
	$(COMPILE) --constraint requirements.lock --extra dev --extra report --extra excel --extra web --extra oidc --extra spark \
		--extra tune --output-file requirements-dev.lock

clean: ## removes the environment and all caches; keeps ./workspace
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache build dist
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

.venv/bin/pip:
	$(PYTHON) -m venv .venv

.venv/core.stamp: requirements.lock pyproject.toml | .venv/bin/pip
	@echo "Installing abm_ml into .venv (about a minute) ..."
	$(LOCKED) requirements.lock
	$(PROJECT)
	touch $@

.venv/dev.stamp: requirements-dev.lock pyproject.toml | .venv/bin/pip
	@echo "Installing abm_ml and its test tools into .venv (about a minute) ..."
	$(LOCKED) requirements.lock
	$(LOCKED) requirements-dev.lock --no-binary pyspark --no-build-isolation  # it is published as source only
	$(PROJECT)
	touch $@
