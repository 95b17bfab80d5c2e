# The first Python that is recent enough and works (a version manager's shims may exist and fail).
PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3; do \
	$$p -c 'import sys, venv, ssl; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
VENV := .venv
BIN := $(VENV)/bin
SENSORS ?= 50
FIRMWARE ?= 0
# Processes that tests are shared out among, each with servers of its own. A third one uses what these leave of two
# cores, and leaves nothing to tests that have deadlines.
WORKERS ?= 2
.DEFAULT_GOAL := help
.PHONY: help setup servers toolchain browser prometheus demo test unit check format proto firmware firmware-test firmware-lint bench lock docs schema site dashboards chart pictures env-example release-check clean

help:  ## This list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## */\t/' | expand -t 12

setup:  ## Virtual environment in .venv; everything else calls it
	@test -n "$(PYTHON)" || { echo "setup: no Python 3.11 or later found: install one, or name it: make PYTHON=/path/to/python3" >&2; exit 1; }
	@$(PYTHON) -m stack.bootstrap

servers: setup  ## Mosquitto, RabbitMQ and TimescaleDB, fetched once for a user
	@$(BIN)/python -m stack fetch

toolchain: setup  ## The firmware's compilers and checkers, fetched once for a user
	@$(BIN)/python -m stack toolchain > /dev/null

browser: setup  ## The browser that the page's tests look at it with, fetched once for a user
	@$(BIN)/python -m stack browser > /dev/null

prometheus: setup  ## Prometheus for the tests of the dashboards, fetched once for a user
	@$(BIN)/python -m stack prometheus --fetch

check: setup  ## Format, lint, types
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/mypy firmware/tools/offline.py

format: setup  ## Format and fix what can be fixed
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

proto: setup  ## Generate wire/*_pb2.py and firmware/lib/proto anew
	$(BIN)/python -m grpc_tools.protoc -I proto --python_out=wire --pyi_out=wire alarm.proto sensor.proto relay.proto view.proto
	$(BIN)/python -m grpc_tools.protoc -I proto --grpc_python_out=wire alarm.proto
	sed -i 's/^import alarm_pb2 /from wire import alarm_pb2 /' wire/alarm_pb2_grpc.py  # protoc knows no packages
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/nanopb_generator -q -I proto -D firmware/lib/proto --error-on-unmatched proto/sensor.proto

# the tools first on PATH, and PlatformIO without its registry
IN_FIRMWARE = set -e; PATH="$$($(BIN)/python -m stack toolchain):$(CURDIR)/$(BIN):$$PATH"; export PATH; \
	settings=$$($(BIN)/python firmware/tools/offline.py); eval "$$settings"; cd firmware;

firmware: toolchain  ## The firmware as a program of this machine: firmware/.pio/build/native/program
	@$(IN_FIRMWARE) pio run -e native

firmware-test: toolchain  ## The firmware's own tests, also with address and undefined behaviour sanitisers
	@$(IN_FIRMWARE) pio test -e native -e native_sanitize

firmware-lint: toolchain  ## cppcheck and clang-tidy
	@$(IN_FIRMWARE) $(MAKE) --no-print-directory lint

unit: setup  ## The tests that need no server
	$(BIN)/pytest -n $(WORKERS) --no-loadscope-reorder tests/unit

test: check servers toolchain browser prometheus  ## Everything that CI runs
	$(BIN)/pytest -n $(WORKERS) --no-loadscope-reorder

demo: servers  ## Everything on this machine, with a live view: make demo [SENSORS=1000] [FIRMWARE=20]
	@$(BIN)/python -m stack demo --sensors $(SENSORS) --firmware $(FIRMWARE)

bench: servers  ## What the whole chain sustains here, and what a message costs
	@$(BIN)/python -m bench

LOCKED := --generate-hashes --no-emit-index-url --no-header --python-version 3.11 --universal --quiet
lock: setup  ## Write requirements.lock anew, and from it what goes into the image (needs uv)
	uv pip compile pyproject.toml --extra ctl --extra dev --extra firmware $(LOCKED) --output-file requirements.lock
	uv pip compile pyproject.toml --extra ctl --constraints requirements.lock --no-annotate $(LOCKED) --output-file requirements-image.lock
	echo hatchling | uv pip compile - --constraints requirements.lock --no-annotate $(LOCKED) --output-file requirements-build.lock

clean:  ## Forget the virtual environment and the data of this checkout's stack
	@if [ -x $(BIN)/python ]; then $(BIN)/python -m stack down; fi
	rm -rf $(VENV) .stack firmware/.pio firmware/.pio-core firmware/build

docs: setup  ## Write docs/iotctl.md, settings.md and metrics.md anew, from commands, settings and metrics
	@$(BIN)/python -m ctl.reference > docs/iotctl.md
	@$(BIN)/python -m stack.settings_page > docs/settings.md
	@$(BIN)/python -m stack.metrics_page > docs/metrics.md

schema: servers  ## Write docs/schema.md anew, from a database that is migrated for it
	@$(BIN)/python -m stack.schema_page > docs/schema.md

site: setup  ## The documentation as a site, in site/; a link that leads nowhere is an error
	@$(BIN)/python -m stack.site site

dashboards: setup  ## Write grafana/dashboards anew, from the modules in grafana/
	$(BIN)/python -m grafana

pictures: setup  ## Draw the documentation's pictures anew
	@$(BIN)/python -m docs.pictures

chart:  ## Copy what the Helm chart needs of other folders into helm/sensor-streaming/files
	@$(BIN)/python -m helm.copied

env-example: setup  ## Write .env.example anew, from the settings
	$(BIN)/python -m stack.env_example > .env.example

release-check: setup  ## Whether this checkout may be released as pyproject's version; RELEASE=tagged: once the tag is made
	@$(BIN)/python -m stack.release $(if $(RELEASE),--$(RELEASE))
