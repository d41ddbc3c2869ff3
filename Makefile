# Everything a developer or a machine does here, one verb each.
# Needs Python 3.11 or newer and make; `make check` also needs Node.

# The first of these that runs and is new enough; or say `make PYTHON=/path/to/python3.13 …`.
PYTHON ?= $(shell for python in python3 python3.14 python3.13 python3.12 python3.11; do \
  $$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo $$python; break; }; done)

UV = uv==0.13.9
VENV = .venv/.installed

.DEFAULT_GOAL := help
.PHONY: help serve test check lint generate bench lock clean

help: ## say what can be done (this)
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

serve: $(VENV) ## set everything up and serve the seeded toolkit on SQLite
	@echo "Migrating, loading what is missing, and serving ..." >&2
	@.venv/bin/pmhc serve --setup

test: $(VENV) ## every test, on SQLite and on a real PostgreSQL (ARGS="-k name" for some)
	.venv/bin/pytest -n 2 $(ARGS)

check: lint ## lint, and what needs Node, a browser or an outside linter
	.ci/dockerfile-lint
	.ci/with-server sh -ec '.ci/openapi-lint; .ci/receipts; .ci/first-calls; .ci/client-typescript; .ci/client-python; .ci/browser'

lint: $(VENV) ## style, types, and the floors of the house
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy --strict app
	.venv/bin/lint-imports

# In this order: each may show what the one before wrote.
generate: $(VENV) ## write again what is generated from the program: examples, openapi.json, tables of the README
	.venv/bin/python -m tests.webhooks.examples
	.venv/bin/python -m tests.docs.examples
	.venv/bin/python -m tests.docs.description
	.venv/bin/python -m tests.docs.readme

bench: $(VENV) ## measure, and print the numbers
	.venv/bin/python -m bench $(ARGS)

# Universal (every platform, Python 3.11 up), with hashes and without addresses.
# Keeps the versions that still fit; `make lock ARGS=--upgrade` takes the newest.
lock: COMPILE = var/lock/bin/uv pip compile --quiet --universal --python-version 3.11 \
	--generate-hashes --no-emit-index-url --no-header $(ARGS)
lock: ## resolve the dependencies again and write the lock files (needs npm)
	$(if $(PYTHON),,$(error Python 3.11 or newer is needed))
	test -x var/lock/bin/uv || { $(PYTHON) -m venv var/lock && var/lock/bin/pip install --quiet $(UV); }
	$(COMPILE) pyproject.toml --output-file requirements.lock
	$(COMPILE) pyproject.toml --group dev --constraint requirements.lock --output-file requirements-dev.lock
	$(COMPILE) --group build --constraint requirements-dev.lock --output-file requirements-build.lock
	cd .ci/python && ../../$(COMPILE) requirements.in --output-file requirements.lock
	cd .ci/node && npm install --package-lock-only --loglevel=error && node unlink-lock.js
	! grep -n '://' requirements*.lock .ci/python/requirements.lock .ci/node/package-lock.json

clean: ## remove what can be made again (your data in var/ stays)
	rm -rf .venv .ci/python/.venv .ci/python/out .ci/node/node_modules .ci/node/out dist htmlcov var/lock \
	  .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis .schemathesis .coverage
	find app tests migrations bench -name __pycache__ -type d -prune -exec rm -rf {} + 2>/dev/null || true

# The environment: made anew when the locked versions change, linked anew when the project file does.
# Its stamp is a copy of the lock, so that a newer date alone does not throw it away.
.venv/.locked: requirements-dev.lock
	$(if $(PYTHON),,$(error Python 3.11 or newer is needed and none was found; install it, or say make PYTHON=/path/to/python))
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "$(PYTHON) is too old: $$($(PYTHON) --version 2>&1); Python 3.11 or newer is needed." >&2; exit 1; }
	@cmp -s $< $@ || { set -e; echo "Installing the locked packages into .venv; this takes a minute or two ..." >&2; \
	  rm -rf .venv; $(PYTHON) -m venv .venv; \
	  .venv/bin/pip install --quiet --disable-pip-version-check --require-hashes -r $<; }
	@cp $< $@

$(VENV): .venv/.locked pyproject.toml
	@echo "Linking this folder into .venv ..." >&2
	@.venv/bin/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@
