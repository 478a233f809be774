# Two commands do everything on a fresh machine: make pilot, make test.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: setup pilot pilot-down check test tools lock clean

setup: $(VENV)/.installed

$(VENV)/.installed: requirements.lock pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-build-isolation --no-deps -e .
	touch $@

pilot: setup  ## the lab with five pilot communes, from factory-fresh to in step
	$(BIN)/python -m benchmarks.pilot

pilot-down: setup  ## end the lab that `make pilot` left running
	cd .pilot && ../$(BIN)/fleetctl lab down

check: setup  ## style, types, layers, unit tests: needs no root and no other program
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest tests/unit $(PYTEST_ARGS)

test: check tools  ## everything: also the lab, real clients, real SSH (needs root for some)
	$(BIN)/python -m pytest tests --ignore=tests/unit $(PYTEST_ARGS)

tools: setup  ## programs that judge: ffprobe, onvif-util, sshd, npm's onvif client
	$(BIN)/python -m tests.tools

lock:  ## resolve the exact versions anew (needs uv)
	uv pip compile pyproject.toml --group dev --generate-hashes --universal --python-version 3.11 --no-emit-index-url --custom-compile-command "make lock" --quiet --output-file requirements.lock

clean:
	rm -rf $(VENV) .pilot .cache
