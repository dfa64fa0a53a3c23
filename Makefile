# `make` lists what there is to make. A window in one command: `make run`. Every check: `make test`.

PYTHON ?= python3
BIN := .venv/bin
INSTALLED := .venv/.installed
FIRST_RUN := out/first-run

# A candidate must run, not just exist: a pyenv shim may be there and fail.
SUITABLE := import sys, ensurepip, venv; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 14))
CANDIDATES := $(PYTHON) python3 python3.14 python3.13 python3.12 python3.11

.PHONY: help venv run test bench lessons lint format types wheel bundle bundle-check bundle-bench clean

VARIANT ?= full

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 14

venv: $(INSTALLED) ## make .venv from the lock, or bring it up to date

$(INSTALLED): packaging/requirements.lock packaging/requirements-dev.lock pyproject.toml
	@$(BIN)/python -c 'import pip; $(SUITABLE)' 2>/dev/null || { \
		for python in $(CANDIDATES); do \
			$$python -c '$(SUITABLE)' 2>/dev/null && exec $$python -m venv --clear .venv; \
		done; \
		echo 'MLP Studio needs Python 3.11 to 3.14 with its venv module (Debian, Ubuntu: apt-get install' \
			'python3 python3-venv); where it is not on the PATH, name it: make PYTHON=/path/to/python3' >&2; \
		exit 1; }
	@echo 'Installing the libraries into .venv: a few minutes the first time.'
	@$(BIN)/python -m pip install -qq --disable-pip-version-check -r packaging/requirements-dev.lock
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --no-build-isolation --no-deps -e .
	@touch $@

run: $(INSTALLED) ## open the window (ARGS="…" are handed on); without a display, train the first lesson
	@packaging/system-libraries.sh
	@if $(if $(ARGS),true,$(BIN)/python -m mlp_studio.display); then \
		exec $(BIN)/python -m mlp_studio $(ARGS); \
	fi; \
	echo 'Training the first lesson without a window.'; \
	mkdir -p $(dir $(FIRST_RUN)) && \
	$(BIN)/mlp-studio train --lesson numpy-mlp --report $(FIRST_RUN).json --picture $(FIRST_RUN).png && \
	echo 'The report is $(FIRST_RUN).json, the picture of the window $(FIRST_RUN).png.'

test: $(INSTALLED) lint types ## every check: lint, format, types, tests
	@packaging/system-libraries.sh --tests
	$(BIN)/python -m pytest

bench: $(INSTALLED) ## measure the speed against what people would use instead (JSON=FILE: write the rows there, too)
	@packaging/system-libraries.sh --tests
	@$(BIN)/python -m tests.benchmarks $(if $(JSON),--json "$(JSON)") $(ARGS)

lessons: $(INSTALLED) ## do all lessons come out as they should, over five seeds?
	$(BIN)/python tests/benchmarks/lesson_ranges.py

lint: $(INSTALLED) ## ruff: rules and format
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

format: $(INSTALLED) ## put the code into ruff's format
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

types: $(INSTALLED) ## mypy, strict on core
	$(BIN)/mypy

wheel: $(INSTALLED) ## build sdist and wheel into dist/, and try the wheel out in an environment of its own
	packaging/check_wheel.sh $(BIN)/python

bundle: $(INSTALLED) ## build the program as people get it into dist/ (VARIANT=lite: without PyTorch)
	@packaging/system-libraries.sh
	$(BIN)/python packaging/build.py --variant $(VARIANT) $(ARGS)

bundle-check: ## try the bundle out: from an odd path, without environment, home or Python (VARIANT=lite)
	@packaging/system-libraries.sh --tests
	packaging/check_bundle.sh dist/$(VARIANT)/MLPStudio $(VARIANT)

bundle-bench: $(INSTALLED) ## how fast the bundle's window is up, against the least bundle (VARIANT=lite)
	@packaging/system-libraries.sh --tests
	@[ -d dist/$(VARIANT)/MLPStudio ] || $(BIN)/python packaging/build.py --variant $(VARIANT) --no-archive
	@[ -d dist/bare/MLPStudio ] || $(BIN)/python packaging/build.py --variant bare
	@$(BIN)/python packaging/bench.py dist/$(VARIANT)/MLPStudio dist/bare/MLPStudio

clean: ## remove .venv, caches and builds; out/ stays
	rm -rf .venv build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
