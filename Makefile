# Everything a fresh machine with Python 3.11 or newer needs is installed by these targets, into .venv only.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check -qq
# a third faster than pip, which follows where it does not know the machine's own settings
UV := $(BIN)/uv pip install --quiet --compile-bytecode --python $(VENV)
JOBS ?= 2
PYTEST = $(BIN)/pytest --quiet --numprocesses $(JOBS) --dist worksteal

.DEFAULT_GOAL := help
.PHONY: help setup demo test matrix all lowest costs new format schemas interop judges corpus foreign right fleet plugins atk browser docs bench peers compare zoo strangers clean

help: ## this list
	@sed -n 's/^\([a-z]*\):.*## /  make \1\t/p' $(MAKEFILE_LIST) | expand -t 18

setup: $(VENV)/.installed ## install everything into .venv (the others do it too)

$(VENV)/.installed: pyproject.toml
	@echo "installing pgagents and what it needs into $(VENV)"
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "pgagents needs Python 3.11 or newer; say which: make PYTHON=python3.12 …")'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(PIP) install 'uv>=0.9'
	@$(UV) --editable '.[dev]' || $(PIP) install --editable '.[dev]'
	@touch $@

demo: $(VENV)/.installed ## build, start a sandbox, verify it, print the report, stop it
	@$(BIN)/pgagents demo

test: JOBS = 3 # runs wait for servers now and then, and those of the matrix in all for minutes
matrix: JOBS = 4

GREEN := $(VENV)/.green
SINCE ?= $(shell cat $(GREEN) 2>/dev/null)
test: $(VENV)/.installed ## the gate before each push: style, types, build --check, tests; SINCE=REV says since when
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy --num-workers 2
	$(BIN)/pgagents build --check
	$(PYTEST) --gate --since "$(SINCE)"
	@test -n "$$(git status --porcelain 2>&1)" || git rev-parse HEAD > $(GREEN) # a commit alone can be green

MATRIX ?= all
matrix: $(VENV)/.installed ## what the gate may leave out: whole runs and costly tests; MATRIX=1/4 takes a part, turn/2 what it did leave out
	$(PYTEST) --matrix $(MATRIX)

all: test matrix ## every test but interop's

lowest: ## the quick tests with the lowest version of each library that pyproject.toml allows
	@$(PYTHON) -m venv $(VENV)-lowest
	@$(VENV)-lowest/bin/python -m pip --disable-pip-version-check -qq install 'uv>=0.9'
	@$(VENV)-lowest/bin/uv pip install --quiet --python $(VENV)-lowest --resolution lowest-direct --editable '.[dev]'
	$(VENV)-lowest/bin/pgagents doctor
	@# tests/oracle holds digests of values that Hypothesis draws; an older one draws others
	$(VENV)-lowest/bin/pytest --quiet -p no:cacheprovider --numprocesses $(JOBS) --gate --since HEAD --ignore tests/oracle

costs: $(VENV)/.installed ## measure which tests are costly, in ten minutes; the gate chooses by tests/costs.json
	$(PYTEST) -m "not matrix and not interop" --record-costs tests/costs.json

new: $(VENV)/.installed ## files with TODOs for KIND=rule|check|target|fault, such as NAME=rest/etag_changes
	@$(BIN)/python docs/make_new.py "$(KIND)" "$(NAME)"

format: $(VENV)/.installed ## write the code in its one form
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

schemas: $(VENV)/.installed ## write schemas/catalogue.schema.json from the classes
	$(BIN)/python -c 'import sys; from pgagents.catalogue.language.catalogue import render; sys.stdout.buffer.write(render())' > schemas/catalogue.schema.json.new
	mv schemas/catalogue.schema.json.new schemas/catalogue.schema.json

interop: $(VENV)/.interop ## the vendors' own packages (PyPI, npm) judge the generated files
	$(PYTEST) --dist loadfile -m interop tests/interop

$(VENV)/.interop: $(VENV)/.installed
	@echo "installing the vendors' packages into $(VENV)"
	@$(UV) --editable '.[dev,interop]' || $(PIP) install --editable '.[dev,interop]'
	@touch $@

FASTMCP := tests/interop/fastmcp_judge

judges: $(VENV)/.interop $(FASTMCP)/.venv/.installed ## a table of what appliers of overlays, mcpscore and MCP clients say of our files; JUDGES=all
	@$(BIN)/python -m evaluation.judges $(JUDGES)

$(FASTMCP)/.venv/.installed: $(FASTMCP)/requirements.txt
	@$(PYTHON) -m venv $(FASTMCP)/.venv
	@$(FASTMCP)/.venv/bin/pip install --quiet --requirement $(FASTMCP)/requirements.txt
	@touch $@

corpus: $(VENV)/.installed ## documents that others wrote (npm) go through import, lint and build; CORPUS=all for the large ones too
	@$(BIN)/python -m evaluation.corpus.measure $(CORPUS)

foreign: $(VENV)/.installed ## what verify finds on servers that others wrote (FastAPI, Flask, Express), right and with planted bugs
	@$(BIN)/python -m evaluation.foreign.measure $(FOREIGN)

right: $(VENV)/.installed ## servers that are right by their documents, with twenty seeds: a table; RIGHT="albums words" chooses
	@$(BIN)/python -m evaluation.right.measure $(RIGHT)

FLEET ?= 500
fleet: $(VENV)/.installed ## fleet run on 500 mocks that differ: one worker and eight, workers killed, shards: a table (an hour); FLEET="24 killed" chooses
	@$(BIN)/python -m evaluation.fleet.measure $(FLEET)

plugins: $(VENV)/.interop ## Claude Code, Codex and AWS CDK (950 MB) judge the plugin packages and the gateway's document
	cd tests/interop/plugins && npm install --no-audit --no-fund --no-package-lock --loglevel=error
	$(BIN)/pytest -m interop tests/interop/test_plugins_large.py tests/interop/test_lint_packages.py

atk: $(VENV)/.interop ## Microsoft 365 Agents Toolkit (440 MB) judges the app package
	cd tests/interop/atk && npm install --no-audit --no-fund --no-package-lock --ignore-scripts --loglevel=error
	$(BIN)/pytest -m interop tests/interop/test_atk.py

browser: $(VENV)/.browser ## a real Chromium opens the generated page
	$(BIN)/pytest tests/browser

$(VENV)/.browser: $(VENV)/.installed
	@command -v chromium >/dev/null || command -v chromium-browser >/dev/null || command -v google-chrome >/dev/null \
	  || { echo "installing chromium"; apt-get update -qq && apt-get install -y -qq chromium >/dev/null; } \
	  || { echo "no chromium here: install one by your system's package manager, or run this as root"; exit 1; }
	@echo "installing playwright into $(VENV)"
	@$(PIP) install --editable '.[dev,browser]'
	@touch $@

docs: $(VENV)/.docs ## the documentation as a site, in site/; REPO_URL links another repository than git's origin
	$(BIN)/python docs/make_reference.py
	$(BIN)/python docs/make_site.py

$(VENV)/.docs: $(VENV)/.installed
	@echo "installing zensical into $(VENV)"
	@$(PIP) install --editable '.[dev,docs]'
	@touch $@

bench: $(VENV)/.installed ## what it costs: start, build, 1,000 and 2,000 actions, verify
	@$(BIN)/python -m evaluation.bench

compare: $(VENV)/.installed ## pgagents and schemathesis on one small app, right and with planted bugs: a table
	@$(BIN)/python -m evaluation.compare.measure

zoo: $(VENV)/.installed ## verify, and schemathesis beside it, on real servers in .zoo (PyPI, npm); ZOO="kinto items" chooses
	@$(BIN)/python -m evaluation.bench zoo $(ZOO)

strangers: $(VENV)/.installed ## what verify finds on the zoo's small servers, beside evaluation/strangers.json; STRANGERS="tasks todo"
	@$(BIN)/python -m evaluation.strangers $(STRANGERS)

peers: $(VENV)/.installed ## other MCP servers made from OpenAPI, measured beside ours (PyPI, npm); writes docs/peers.md
	$(BIN)/python -m evaluation.bench.peers .peers docs/peers.md

clean: ## remove what these targets installed
	rm -rf $(VENV) $(VENV)-lowest .peers .zoo tests/interop/node_modules tests/browser/node_modules evaluation/foreign/documents/node_modules evaluation/right/node/node_modules tests/interop/atk/node_modules tests/interop/plugins/node_modules tests/interop/discovery_judges/node_modules tests/interop/format_judges/node_modules tests/interop/mcp_judges/node_modules tests/interop/client_judges/node_modules $(FASTMCP)/.venv evaluation/corpus/node_modules evaluation/corpus/large/node_modules
