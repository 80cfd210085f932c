# One environment per purpose, built from the lock files; nothing is installed outside this folder.
PY      ?= python3
VENV    := .venv
BIN     := $(VENV)/bin
PYTEST  := $(BIN)/python -m pytest

.PHONY: setup setup-crosscheck run test test-slow lint bench clean

$(VENV)/.run: requirements.lock pyproject.toml
	@test -x $(BIN)/python || $(PY) -m venv $(VENV)
	@echo "Installing the locked run-time packages into $(VENV) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps -e .
	@touch $@

$(VENV)/.dev: requirements-dev.lock $(VENV)/.run
	@echo "Installing the locked test tools into $(VENV) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.lock
	@touch $@

$(VENV)/.crosscheck: requirements-crosscheck.lock $(VENV)/.dev
	@echo "Installing smelli, flavio, wilson and the other independent programs into $(VENV) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-crosscheck.lock
	@touch $@

setup: $(VENV)/.run

setup-crosscheck: $(VENV)/.crosscheck

run: $(VENV)/.run
	@$(BIN)/muobayes run runs/fig1.yaml --output runs/output/fig1 --show-if-finished

lint: $(VENV)/.dev
	$(BIN)/ruff check src tests benchmarks
	$(BIN)/mypy

test: $(VENV)/.dev lint
	$(PYTEST) -n 2 -m "not slow"

test-slow: $(VENV)/.crosscheck
	$(PYTEST) -m "slow or export or crosscheck"

$(VENV)-jelli/.done: requirements-jelli.lock
	@test -x $(VENV)-jelli/bin/python || $(PY) -m venv $(VENV)-jelli
	@echo "Installing jelli and rgevolve into $(VENV)-jelli ..."
	@$(VENV)-jelli/bin/python -m pip install --quiet --disable-pip-version-check -r requirements-jelli.lock
	@touch $@

crosscheck-jelli: $(VENV)/.run $(VENV)-jelli/.done
	$(BIN)/muobayes popxf build/popxf --points 4
	$(VENV)-jelli/bin/python tests/crosscheck/jelli_check.py build/popxf

bench: $(VENV)/.dev
	$(BIN)/python benchmarks/run.py

clean:
	rm -rf $(VENV) build dist src/*.egg-info
