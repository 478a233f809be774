# Two commands do everything on a fresh machine: make pilot, make test.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
FLEETCTL := $(BIN)/fleetctl --workspace .pilot
step = printf '\n\033[1m$$ %s\033[0m\n' '$(1)'

.PHONY: setup pilot pilot-at pilot-down check test test-lab test-roles test-command hosts tools docs catalogues lock clean

setup: $(VENV)/.installed

$(VENV)/.installed: requirements.lock pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-build-isolation --no-deps -e .
	touch $@

HOSTS ?= auto
pilot: setup pilot-down  ## five pilot communes on this machine, from factory-fresh to in step (as root: Linux hosts too; HOSTS=no without)
	@rm -rf .pilot
	@$(call step,fleetctl init .pilot) && $(BIN)/fleetctl init .pilot --from inventory/pilot
	@$(call step,fleetctl lab up) && $(FLEETCTL) lab up
	@$(BIN)/python -m tests.hosts.pilot up .pilot $(HOSTS)
	@$(call step,fleetctl adopt --yes) && $(FLEETCTL) adopt --yes
	@$(call step,fleetctl plan -o pilot.plan) && { $(FLEETCTL) plan -o .pilot/pilot.plan || [ $$? -eq 3 ]; }
	@$(call step,fleetctl apply pilot.plan --yes) && $(FLEETCTL) apply .pilot/pilot.plan --yes
	@$(call step,fleetctl audit --report html:report.html) && $(FLEETCTL) audit --report html:.pilot/report.html
	@$(call step,fleetctl site check viet_hung) && $(FLEETCTL) site check viet_hung
	@$(call step,fleetctl status) && $(FLEETCTL) status
	@printf '\n%s\n' \
	  'The report: .pilot/report.html. The lab goes on; try in .pilot:' \
	  '  fleetctl lab break viet-hung-cam-01 reset     somebody pressed the button: factory settings' \
	  '  fleetctl audit -l viet-hung-cam-01            unreachable while it starts (exit 4), then its login is refused (exit 1)' \
	  '  fleetctl adopt --again -l viet-hung-cam-01 && fleetctl apply -l viet-hung-cam-01   takes it back in' \
	  '  fleetctl lab break viet-hung-cam-03 hang      it hangs; its switch takes its power and gives it back:' \
	  '  fleetctl device reboot viet-hung-cam-03 --via-switch' \
	  '  fleetctl lab break viet-hung-sw swap-cables one=viet-hung-cam-01 other=viet-hung-cam-02   the audit names it' \
	  '  fleetctl device show viet-hung-cam-02         what one camera is and has' \
	  '  fleetctl device show viet-hung-nvr            a recorder: channels, recording, disks' \
	  '  fleetctl inventory explain viet-hung-cam-01   which line set which value'
	@$(BIN)/python -m tests.hosts.pilot hints .pilot
	@echo 'End it with: make pilot-down'

pilot-at:  ## what a hand at a machine's console does: make pilot-at NAME=viet-hung-rec RUN='systemctl stop chrony'
	@$(BIN)/python -m tests.hosts.pilot at .pilot $(NAME) sh -c '$(subst ','\'',$(RUN))'

pilot-down:  ## end the lab and the machines that `make pilot` left running
	@if [ -d .pilot/.fleetctl ]; then $(BIN)/python -m tests.hosts.pilot down .pilot && $(FLEETCTL) lab down; fi

check: setup  ## style, types, layers, unit tests: needs no root and no other program
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	@# mypy has one processor; beside it pytest compiles the tests' assertions, which else each of its workers does below
	$(BIN)/python -m pytest tests/unit --collect-only -qq >/dev/null & $(BIN)/mypy; typed=$$?; wait; exit $$typed
	$(BIN)/lint-imports
	$(BIN)/python -m pytest tests/unit -n 2 $(PYTEST_ARGS)

test: tools check  ## everything: also the lab, real clients, real SSH, real Linux hosts
	@$(MAKE) --no-print-directory -j3 --output-sync=target test-lab test-roles test-command

test-lab: setup
	$(BIN)/python -m pytest tests --ignore=tests/unit --ignore=tests/hosts -n 3 --dist worksteal $(PYTEST_ARGS)

test-roles: setup
	$(BIN)/python -m pytest tests/hosts --ignore=tests/hosts/test_command.py $(PYTEST_ARGS)

test-command: setup
	$(BIN)/python -m pytest tests/hosts/test_command.py $(PYTEST_ARGS)

hosts: tools  ## of `make test`, the Linux hosts only: real machines (systemd-nspawn), as root
	@$(MAKE) --no-print-directory -j2 --output-sync=target test-roles test-command

tools: setup  ## programs that judge: ffprobe, onvif-util, sshd, npm's onvif client
	$(BIN)/python -m tests.tools

docs: setup  ## the pages that the code writes
	$(BIN)/python docs/generate.py
	$(BIN)/python docs/roles.py

catalogues: setup  ## what people read, in their language: sorted, each text once, new ones to be filled in
	$(BIN)/python -m tests.unit.reports.catalogues

lock:  ## resolve the exact versions anew (needs uv)
	uv pip compile pyproject.toml --group dev --generate-hashes --universal --python-version 3.11 --no-emit-index-url --custom-compile-command "make lock" --quiet --output-file requirements.lock

clean:
	rm -rf $(VENV) .pilot .cache
