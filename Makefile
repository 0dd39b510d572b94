# Everything a fresh machine with Python 3.11 or later and make needs: `make run`, `make test`.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
# Files go to several workers, in the order of tests/conftest.py: most of the time of a test is waiting.
pytest = tests/in_own_namespaces.sh $(1)/bin/python -m pytest -n auto --dist loadfile --no-loadscope-reorder $(PYTEST_OPTIONS)
PYTEST = $(call pytest,$(VENV))
UNITS := tests/exporter tests/reports tests/bench
define TEST_UNLOCKED
$(BIN)/uv venv --quiet --clear --python $(BIN)/python .venv-$(RESOLUTION)
$(BIN)/uv pip install --quiet --python .venv-$(RESOLUTION) --resolution $(RESOLUTION) --editable '.[png,mirror,test,grafana]'
$(call pytest,.venv-$(RESOLUTION)) $(UNITS)
endef
# Each file of requirements/ leaves out what the ones before it hold: together they are what one wants.
LOCKS := run build png mirror test grafana lint lock
UPLOT := exporter/web/page/assets/vendor/uplot
SYSTEM_PACKAGES := iproute2 curl iperf3 nethogs openssl prometheus prometheus-alertmanager prometheus-node-exporter victoria-metrics vnstat chromium fonts-inter clang-14 linux-libc-dev bpftool nginx apache2 goaccess caddy systemd-container debootstrap groff-base postgresql pgbouncer
BPF := exporter/meters/applications/ebpf/applications.bpf
GRAFANA_TYPES := grafana/checks/node_modules/.package-lock.json
NODE_FRAMEWORKS := clients/node/node_modules/.package-lock.json
NODE_TELEMETRY := tests/opentelemetry/node/node_modules/.package-lock.json

.PHONY: run test test-units test-client test-newest test-lowest lint format lock check check-grafana check-boot check-installs shell-files accuracy bench grafana pictures vendor bpf system-packages clean help

help:  ## List these targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 18

run: $(VENV)/installed  ## Install into .venv, and count, keep and serve on http://127.0.0.1:7373
	@echo "netledger starts: open the address that it listens on in a browser. Ctrl-C stops it and loses nothing."
	@$(BIN)/netledger run

test: $(VENV)/installed-for-tests system-packages $(GRAFANA_TYPES) $(NODE_FRAMEWORKS) $(NODE_TELEMETRY)  ## Install what the tests need, and pass them
	$(PYTEST)

test-units: $(VENV)/installed-for-tests  ## The tests that need no other programs, with PYTHON and VENV of your choice
	$(PYTEST) $(UNITS)

test-client:  ## The tests of the middleware for Python, with PYTHON and VENV of your choice: Python 3.9 and later
	$(PYTHON) -m venv $(VENV)
	$(PIP) install --quiet --require-hashes --requirement clients/python/tests.txt
	PYTHONPATH=.:clients/python $(BIN)/python -m pytest -c /dev/null --rootdir=. --confcutdir=tests/clients/python \
	  -n auto --dist loadfile --import-mode=importlib -p no:cacheprovider tests/clients/python

test-newest: RESOLUTION := highest
test-newest: $(VENV)/installed-for-lock  ## The same with the newest that pyproject.toml allows, in a venv of its own
	$(TEST_UNLOCKED)

test-lowest: RESOLUTION := lowest-direct
test-lowest: $(VENV)/installed-for-lock  ## The same with the oldest that pyproject.toml allows
	$(TEST_UNLOCKED)

lint: $(VENV)/installed-for-lint  ## ruff, mypy and the floors
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(VENV)/installed-for-lint  ## Format the code
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

lock: $(VENV)/installed-for-lock  ## Lock what pyproject.toml wants in requirements/, again; LOCK_OPTIONS=--upgrade takes the newest
	VENV=$(VENV) requirements/lock.sh "$(LOCKS)" $(LOCK_OPTIONS)

check: lint test  ## What CI runs

check-grafana: $(VENV)/installed-for-tests system-packages $(GRAFANA_TYPES)  ## Check the dashboards: types, rules, every query
	$(PYTEST) tests/grafana

check-boot: $(VENV)/installed-for-tests system-packages  ## The service in a Debian that boots, and a fresh one by the README (root; needs Debian's mirror and PyPI)
	$(BIN)/python -m pytest --boot --no-skips tests/end_to_end/test_a_real_boot.py tests/end_to_end/test_a_fresh_debian.py tests/end_to_end/test_an_update_in_a_real_boot.py

check-installs: $(VENV)/installed-for-tests $(VENV)/installed-for-lock  ## The wheel by pip, pipx and uv, beside packages of the same names (needs PyPI)
	packaging/try_installs.sh $(BIN)/python

shell-files: $(VENV)/installed  ## Write the manual page and the completions again, after a change of commands or their help
	$(BIN)/python packaging/shell/generate.py

accuracy: $(VENV)/installed-for-tests system-packages  ## Known bytes, four who count them: the table of docs/accuracy.md
	tests/in_own_namespaces.sh $(BIN)/python -m tests.accuracy.run $(ACCURACY_OPTIONS)

bench: $(VENV)/installed-for-tests  ## Measure every figure of docs/performance.md
	$(BIN)/python tests/bench/run.py $(BENCH_OPTIONS)

grafana: $(VENV)/installed-for-tests  ## Write the dashboards' JSON again
	$(BIN)/python -m grafana.generate

pictures: $(VENV)/installed-for-tests system-packages  ## Draw docs/images again
	PYTHONPATH=. $(BIN)/python docs/images/draw.py
	PYTHONPATH=. $(BIN)/python docs/images/screenshots.py
	PYTHONPATH=. $(BIN)/python docs/images/wrapups.py

vendor:  ## Fetch the page's chart library again, of the release that its VERSION names (needs npm)
	folder=$$(mktemp -d) && npm pack --silent --pack-destination $$folder uplot@$$(cat $(UPLOT)/VERSION) \
	  && tar -xzf $$folder/*.tgz -C $$folder && cd $(UPLOT) \
	  && install -m 644 $$folder/package/LICENSE LICENSE \
	  && install -m 644 $$folder/package/dist/uPlot.iife.min.js uPlot.js \
	  && install -m 644 $$folder/package/dist/uPlot.min.css uPlot.css \
	  && sha256sum LICENSE VERSION uPlot.css uPlot.js > SHA256SUMS && rm -r $$folder

bpf: system-packages  ## Compile the programs for the kernel again (clang 14: others write other instructions)
	clang-14 -target bpf -mcpu=v2 -O2 -Wall -Werror -I/usr/include/$$(uname -m)-linux-gnu -c $(BPF).c -o $(BPF).o

# As root on Debian the missing ones are installed; else the tests name what they skip for want of them.
system-packages:
	@if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	  for package in $(SYSTEM_PACKAGES); do \
	    dpkg -s $$package >/dev/null 2>&1 || missing="$$missing $$package"; \
	  done; \
	  command -v npm >/dev/null || missing="$$missing nodejs npm"; \
	  if [ -n "$$missing" ]; then \
	    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $$missing \
	      || echo "could not install:$$missing"; \
	  fi; \
	fi

# Grafana's own types and the TypeScript compiler, 26 MB in two packages, for the check of the dashboards alone: without
# npm, or where it cannot fetch them, the other tests run and that one is skipped.
$(GRAFANA_TYPES): grafana/checks/package-lock.json | system-packages
	@if ! command -v npm >/dev/null; then echo "npm is not installed: the dashboards' types are not checked"; \
	elif (cd grafana/checks && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error); then touch $@; \
	else rm -rf grafana/checks/node_modules; echo "npm could not fetch Grafana's types: the dashboards' types are not checked"; fi

# Express, Fastify and Koa, 26 MB with their types, for the tests of the middleware for Node.js; the same holds for them.
$(NODE_FRAMEWORKS): clients/node/package-lock.json | system-packages
	@if ! command -v npm >/dev/null; then echo "npm is not installed: the middleware for Node.js is not tested"; \
	elif (cd clients/node && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error); then touch $@; \
	else rm -rf clients/node/node_modules; echo "npm could not fetch the frameworks: the middleware for Node.js is not tested"; fi

# The OpenTelemetry SDK for Node.js, 121 MB, for the tests of what it sends.
$(NODE_TELEMETRY): tests/opentelemetry/node/package-lock.json | system-packages
	@if ! command -v npm >/dev/null; then echo "npm is not installed: the SDK for Node.js is not tested"; \
	elif (cd tests/opentelemetry/node && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error); then touch $@; \
	else rm -rf tests/opentelemetry/node/node_modules; echo "npm could not fetch the SDK for Node.js: it is not tested"; fi

# Debian's python3 cannot make a venv that has pip: python3-venv holds that part.
$(VENV)/python-made:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "netledger needs Python 3.11 or later")'
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
	  if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	    echo "Installing python3-venv"; \
	    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends python3-venv; \
	  else \
	    echo "$(PYTHON) cannot make a virtual environment: install python3-venv as root (apt-get install python3-venv)"; false; \
	  fi; }
	@echo "Making $(VENV)"
	@$(PYTHON) -m venv $(VENV)
	@touch $@

# `pip install --require-hashes` takes no folder: what netledger needs comes first, netledger itself then needs nothing more.
$(VENV)/installed: $(VENV)/python-made pyproject.toml requirements/run.txt requirements/build.txt
	@echo "Installing what netledger needs into $(VENV): up to a minute, once"
	@$(PIP) install --require-hashes --requirement requirements/run.txt --requirement requirements/build.txt
	@$(PIP) install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/installed-for-tests: $(VENV)/installed requirements/png.txt requirements/mirror.txt requirements/test.txt requirements/grafana.txt
	@echo "Installing what the tests need into $(VENV)"
	@$(PIP) install --quiet --no-deps --require-hashes --requirement requirements/png.txt --requirement requirements/mirror.txt --requirement requirements/test.txt --requirement requirements/grafana.txt
	@touch $@

$(VENV)/installed-for-lint: $(VENV)/installed-for-tests requirements/lint.txt
	@echo "Installing the linters into $(VENV)"
	@$(PIP) install --quiet --no-deps --require-hashes --requirement requirements/lint.txt
	@touch $@

$(VENV)/installed-for-lock: $(VENV)/python-made requirements/lock.txt
	@$(PIP) install --quiet --no-deps --require-hashes --requirement requirements/lock.txt
	@touch $@

clean:  ## Remove what was built; the ledger is elsewhere, and stays
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache build dist grafana/checks/node_modules clients/node/node_modules tests/opentelemetry/node/node_modules
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
