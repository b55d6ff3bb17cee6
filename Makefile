# `make demo` shows what this is; `make test` proves it. Both need Python 3.11, make and a package
# index, nothing else.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
DEMO := .demo
STATIC := src/tonotopy/server/static
NPM := $(shell command -v npm 2>/dev/null)

.PHONY: help demo test check format bench web web-check docs clean

help: ## say what can be made
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

demo: $(VENV)/installed ## index a small collection (or AUDIO=folder), search it, serve its map (SERVE=0: not)
	@$(BIN)/tonotopy demo --folder $(DEMO) $(if $(AUDIO),"$(AUDIO)") \
	  $(if $(filter 0,$(SERVE)),--no-serve) $(if $(PORT),--port $(PORT))

test: $(VENV)/installed-dev ## run every test that this machine can run
	$(BIN)/pytest $(ARGS)

check: $(VENV)/installed-dev web-check ## format, lint, types, imports, docstrings, generated files
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/numpydoc lint $$(git ls-files 'src/*.py' | grep -v migrations)
	$(BIN)/python docs/make_cli.py --check

format: $(VENV)/installed-dev ## format the Python sources
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: $(VENV)/installed-dev ## measure search on synthetic vectors, and adding if AUDIO=folder
	$(BIN)/python benchmarks/search.py
	$(if $(AUDIO),$(BIN)/python benchmarks/add_speed.py "$(AUDIO)")

web: ## build the page into the package (needs Node.js)
	cd web && npm ci --no-audit --no-fund && npm run build

web-check: ## types and tests of the page, and that the built page is that of its sources
ifeq ($(NPM),)
	@echo "Node.js is not there: the page's own checks are skipped"
else
	cd web && npm ci --no-audit --no-fund && npm run check && npm test && npm run verify
endif

docs: $(VENV)/installed-dev ## write the command line's reference
	$(BIN)/python docs/make_cli.py

clean: ## forget the environment and the demo
	rm -rf $(VENV) $(DEMO) web/node_modules

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "tonotopy needs Python 3.11 or newer; name it: make PYTHON=python3.11"; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/installed: $(VENV)/bin/python pyproject.toml constraints.txt
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e .
	@touch $@

$(VENV)/installed-dev: $(VENV)/installed
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $@
