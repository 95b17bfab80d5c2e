PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SENSORS ?= 50
.DEFAULT_GOAL := help
.PHONY: help setup demo test unit check format proto bench clean

help:  ## This list
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## */\t/' | expand -t 12

setup:  ## Virtual environment and servers; everything else calls it
	@$(PYTHON) -m stack.bootstrap

check: setup  ## Format, lint, types
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

format: setup  ## Format and fix what can be fixed
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

proto: setup  ## Generate wire/*_pb2.py anew
	$(BIN)/python -m grpc_tools.protoc -I proto --python_out=wire --pyi_out=wire sensor.proto relay.proto view.proto

unit: setup  ## The tests that need no server
	$(BIN)/pytest tests/unit

test: check  ## Everything that CI runs
	$(BIN)/pytest
