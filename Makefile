# make demo   installs, trains the demo translator, and says what was made
# make up     starts Prefect, MLflow and a worker on this machine with all deployments, until Ctrl-C (docs/operate.md)
# make test   installs and runs the tests, JOBS at a time (2)
# make quick  those of them that start no server and train nothing, in under two minutes: for one who changed a line
# make e2e    a person's way through both UIs, in a Chromium without a window; make screenshots keeps the pictures in docs/
# make survive  runs what kills workers, flows and servers: some minutes
# make check  formatting, lint, types, import rules
# make mutate PACKAGE=dataset  single faults put into a package, and which of them its tests let through (CONTRIBUTING.md)
# make docs   the docs as a site with search, in site/ (docs/, mkdocs.yml); fails on a warning
# make bench  Seqloom side by side with its peers: twenty minutes, prints the ratios (bench/README.md)
# make lock   the digests in locks/, anew from constraints.txt; make audit  whether a pinned version has a known advisory
# make clean  removes the environment and everything that was made
PYTHON ?= python3
JOBS ?= 2
BIN := .venv/bin
INSTALLED := .venv/.installed
INSTALLED_DOCS := .venv/.installed-docs
QUIETLY := --disable-pip-version-check --quiet

.PHONY: demo up test quick docs e2e screenshots survive check mutate bench clean

demo: $(INSTALLED)
	$(BIN)/seqloom train recipes/demo.yaml

up: $(INSTALLED)
	$(BIN)/seqloom up

test: $(INSTALLED)
	$(BIN)/python -m pytest -n $(JOBS) --no-loadscope-reorder --durations=30 --durations-min=2

# What starts no process that takes seconds: a folder that gets such tests leaves the list.
QUICK := $(addprefix tests/,artifact dataset models recipe vectors vocabulary test_url_mask.py test_packaging.py test_locks.py test_readme.py)

quick: $(INSTALLED)
	$(BIN)/python -m pytest -n $(JOBS) $(QUICK)

e2e: $(INSTALLED)
	$(BIN)/python -m pytest tests/e2e

screenshots: $(INSTALLED)
	SEQLOOM_SCREENSHOTS=$(CURDIR)/docs/screenshots $(BIN)/python -m pytest tests/e2e

survive: $(INSTALLED)
	$(BIN)/python -m pytest tests/survival -n $(JOBS) --no-loadscope-reorder

check: $(INSTALLED)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

docs: $(INSTALLED_DOCS)
	$(BIN)/python -m seqloom.recipe.recipe_reference docs/recipe.md
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet
	@echo "$(BIN)/python -m http.server --bind 127.0.0.1 --directory site    shows it at http://127.0.0.1:8000"

mutate: $(INSTALLED)
	$(BIN)/python -m tests.mutation $(PACKAGE) $(MUTATE)

lock: $(INSTALLED_DOCS)
	$(BIN)/python -m pip install $(QUIETLY) uv
	$(BIN)/python .ci/lock.py

audit:
	$(PYTHON) -m venv .audit
	.audit/bin/python -m pip install $(QUIETLY) pip-audit
	.audit/bin/python .ci/audit.py

bench: $(INSTALLED)
	$(BIN)/python -m bench.peers
	$(BIN)/python -m bench $(BENCH)

clean:
	rm -rf .venv site .audit .bench .mutation .seqloom .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis

# Made anew only when the lock or the project file changes, so that a second run needs no network.
# Every file is compared with its digest in locks/; pip cannot do so in one step with an editable install, nor for what a
# CUDA build of torch pins itself. Torch is fetched first: told digests, pip would leave a CPU build on this disk for PyPI's.
$(INSTALLED): pyproject.toml constraints.txt $(wildcard locks/*.txt)
	$(PYTHON) -c 'import sys; sys.exit("Seqloom needs Python 3.11 or newer, this is " + sys.version.split()[0] + "; run make PYTHON=python3.11") if sys.version_info < (3, 11) else None'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install $(QUIETLY) --require-hashes --no-deps --requirement locks/run.txt --requirement locks/develop.txt
	$(BIN)/python -m pip download $(QUIETLY) --no-deps --constraint constraints.txt --dest .venv/torch torch
	$(BIN)/python -m pip install $(QUIETLY) --require-hashes --no-deps --no-index --find-links .venv/torch --requirement locks/torch.txt
	rm -r .venv/torch
	$(BIN)/python -m pip install $(QUIETLY) --no-build-isolation --constraint constraints.txt --editable '.[dask,demo,dev,fast,postgres,private]'
	touch $(INSTALLED)

# What the docs site needs beside it.
$(INSTALLED_DOCS): $(INSTALLED) locks/docs.txt
	$(BIN)/python -m pip install $(QUIETLY) --require-hashes --no-deps --requirement locks/docs.txt
	touch $(INSTALLED_DOCS)
