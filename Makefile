# make lab    set up and open JupyterLab          make test   set up and run every test
# make build  sources → notebooks, problem sets   make bench  compare with peers, in an environment of its own
# make label  set up and open the labeling studio   make studio-bench  how quick and how safe the studio is
# make gallery  the README's pictures             make clean  remove environments and caches (never workspace/ or gradebook/)
#
# LAB_ARGS="--no-browser --port 9999"  arguments for jupyter lab;  LABEL_ARGS="--alias ada"  for course label
# PIP_ARGS="--extra-index-url URL"     arguments for pip, e.g. to get the CPU build of torch (see README)
# PYTHON=python3.12                    the Python to make .venv from;  TEST_ARGS="-k store"  arguments for pytest

SHELL := /bin/sh
VENV := .venv
BIN := $(VENV)/bin
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
  $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo $$p; break; }; done)
PIP = $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt $(PIP_ARGS)
export PYTHONUTF8 := 1

.PHONY: lab label test build bench studio-bench gallery clean
lab: $(VENV)/.lab
	@$(BIN)/course lab $(LAB_ARGS)

label: $(VENV)/.lab
	@$(BIN)/course label $(LABEL_ARGS)

test: $(VENV)/.test
	@$(BIN)/python tests/get_chromium.py
	@$(BIN)/ruff check course_lib tests benchmarks source/results
	$(BIN)/python -m pytest -n 2 --dist loadgroup $(TEST_ARGS)

build: $(VENV)/.lab
	@$(BIN)/course build

gallery: $(VENV)/.test
	@$(BIN)/python tests/get_chromium.py
	$(BIN)/python -m course_lib.authoring.gallery

bench:
	@$(MAKE) --no-print-directory VENV=benchmarks/.venv benchmarks/.venv/.bench
	@benchmarks/.venv/bin/python tests/get_chromium.py
	benchmarks/.venv/bin/python -m pytest tests/peers -p no:cacheprovider
	benchmarks/.venv/bin/python benchmarks/run.py

studio-bench: $(VENV)/.test
	@$(BIN)/python tests/get_chromium.py
	$(BIN)/python -m benchmarks.studio

$(VENV)/bin/python:
	@test -n "$(PYTHON)" || { echo "The course needs Python 3.11 or newer, and found none. Install it (python.org, your system's packages, or conda with environment.yml), or name it: make lab PYTHON=/path/to/python3.12"; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "$(PYTHON) is too old or does not run ($$($(PYTHON) --version 2>&1)): the course needs Python 3.11 or newer."; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { echo "$(PYTHON) has no venv module. On Debian or Ubuntu: sudo apt install python3-venv"; exit 1; }
	@free=$$(df -Pk . | awk 'NR==2 {print int($$4/1048576)}'); test "$$free" -ge 3 || { echo "Only $$free GB are free here; the course's environment needs about 3 GB (9 with CUDA)."; exit 1; }
	@echo "Making $(VENV) with $$($(PYTHON) --version) ..."
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); exit 1; }

$(VENV)/.lab: $(VENV)/bin/python pyproject.toml constraints.txt
	@echo "Installing the course (a few minutes the first time) ..."
	@$(PIP) --editable '.[lab]'
	@$(BIN)/python -m ipykernel install --sys-prefix --name python3 --display-name "Python 3 (ipykernel)" >/dev/null
	@touch $@

$(VENV)/.test: $(VENV)/.lab
	@echo "Installing what the tests need ..."
	@$(PIP) --editable '.[test]'
	@touch $@

$(VENV)/.bench: $(VENV)/.lab
	@echo "Installing the peers ..."
	@$(PIP) --editable '.[bench]'
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps imitation==1.0.1
	@touch $@

clean:
	rm -rf .venv benchmarks/.venv build *.egg-info .pytest_cache .ruff_cache
	find . -name __pycache__ -not -path './workspace/*' -prune -exec rm -rf {} +
