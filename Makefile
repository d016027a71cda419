# The whole of Tickfold's development on one machine: `make help` lists the targets.
PYTHON ?= python3
BIN := .venv/bin
INSTALL := $(BIN)/uv pip install --quiet
READY := .venv/ready
WSCAT := build/wscat/node_modules/.bin/wscat
BENCH_READY := .venv-bench/ready

.PHONY: help setup demo test athena issuers privileges thorough arm64 pulumi newest soak mutants chromium pgbouncer wscat lint bench package docs calendar clean
.DEFAULT_GOAL := help
# Without bytecode every process compiles what it imports: a test of a stack starts dozens.
unexport PYTHONDONTWRITEBYTECODE

help: ## what can be made
	@grep -hE '^[a-z0-9]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z0-9]+):.*## (.*)/  make \1\t\2/' | expand -t 16

setup: $(READY) ## prepare .venv with the `tickfold` command in it

$(READY): requirements/uv.txt requirements/dev.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "Tickfold needs Python 3.11 or later; $(PYTHON) is older. Name another: make setup PYTHON=python3.12" >&2; exit 1; }
	$(PYTHON) -m venv --clear .venv
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements/uv.txt
	$(INSTALL) --python $(BIN)/python --require-hashes -r requirements/dev.txt
	$(INSTALL) --python $(BIN)/python --no-deps --no-build-isolation --editable .
	@touch $@

# Three on two cores: for much of its time, a test of a stack waits.
WORKERS ?= 3
test: $(READY) chromium pgbouncer wscat ## run the tests
	$(BIN)/pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder

athena: $(READY) ## compare SQL on the embedded stack with Trino, Athena's engine: in minutes; needs a JDK and Maven
	$(BIN)/pytest tests/athena --athena

issuers: $(READY) ## try tokens of a real Keycloak on the embedded stack: in two minutes; needs a JDK and Maven
	$(BIN)/pytest tests/issuers --issuers

privileges: $(READY) ## remove each permission of each function in turn: does the system fail, and the log name it? in minutes
	$(BIN)/pytest tests/e2e/test_least_privilege.py --removals

arm64: $(READY) ## run the engine on Lambda's processor, emulated, and compare every bit: in minutes; needs QEMU
	@command -v qemu-aarch64-static debootstrap >/dev/null \
	  || { apt-get update -qq && apt-get install -qq -y --no-install-recommends qemu-user-static debootstrap; } \
	  || echo "QEMU could not be installed here" >&2
	$(BIN)/pytest tests/arm64 --arm64

pulumi: $(READY) ## run the program on the real Pulumi engine: in minutes; needs `pulumi`, or Go to build it
	$(BIN)/pytest tests/pulumi --pulumi

newest: ## lint, and run the tests that need no stack, on the newest Python (as root, with Debian's packages)
	@.ci/newest-python

soak: $(READY) ## load and faults in their full size, with figures, and properties on many examples: in half an hour
	$(BIN)/pytest tests/soak --soak -s
	$(BIN)/pytest tests/engine tests/strategies tests/portfolios --hypothesis-profile "in full" -n 2 --dist loadfile

thorough: $(READY) ## what CI has no time for, before a release: in about two hours
	$(MAKE) -j2 --output-sync=target pulumi athena # each is one process, which leaves a core idle
	$(MAKE) privileges issuers arm64 newest soak

mutants: $(READY) chromium pgbouncer ## random mutants of a FOLDER (or all): do its own tests kill nine of ten? SAMPLE=30 of each
	$(BIN)/python -m tools.mutants $(FOLDER) $(if $(SAMPLE),--sample $(SAMPLE))

chromium: ## install the browser that the report is tested in, where there is none
	@command -v chromium >/dev/null || { apt-get update -qq && apt-get install -qq -y --no-install-recommends chromium; } \
	  || { echo "The tests open the report in Chromium, which could not be installed here: put a \`chromium\` on the PATH" \
	       "(as root on Debian: apt-get install chromium), then try again." >&2; exit 1; }

pgbouncer: ## install the connection pooler that PostgreSQL is tested through, where there is none
	@PATH="$$PATH:/usr/sbin"; command -v pgbouncer >/dev/null \
	  || { apt-get update -qq && apt-get install -qq -y --no-install-recommends pgbouncer; } \
	  || { echo "The tests write to PostgreSQL through PgBouncer, which could not be installed here: put \`pgbouncer\` on the" \
	       "PATH (as root on Debian: apt-get install pgbouncer), then try again." >&2; exit 1; }

wscat: $(WSCAT) ## install the WebSocket client that the protocol is tested with by hand

# npm gives files the times that they have in their packages, hence the touch.
$(WSCAT): tests/e2e/wscat/package.json tests/e2e/wscat/package-lock.json
	@{ command -v node && command -v npm; } >/dev/null \
	  || { apt-get update -qq && apt-get install -qq -y --no-install-recommends nodejs npm; } \
	  || { echo "The tests talk to the stack with wscat, which needs Node.js, which could not be installed here:" \
	       "put \`node\` and \`npm\` on the PATH (as root on Debian: apt-get install nodejs npm), then try again." >&2; exit 1; }
	@mkdir -p build/wscat && cp $^ build/wscat
	@npm ci --prefix build/wscat --ignore-scripts --no-audit --no-fund --silent \
	  || { echo "npm could not install wscat: see \`npm ci --prefix build/wscat\`" >&2; exit 1; }
	@touch $@

lint: $(READY) ## ruff, mypy (strict, for the oldest and the newest Python), and which folder may import which
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	@$(MAKE) --no-print-directory -j2 types-3.11 types-3.13
	$(BIN)/lint-imports --no-logo

types-%: $(READY)
	$(BIN)/mypy --python-version $*

demo: $(READY) ## the main job, end to end on this machine
	$(BIN)/python -m embedded.demo

bench: $(BENCH_READY) ## the engine beside vectorbt and backtesting.py: a table of ratios, in some minutes
	@.venv-bench/bin/python -m benchmarks
	@$(BIN)/python -m benchmarks.feed

$(BENCH_READY): requirements/bench.txt | $(READY)
	$(PYTHON) -m venv --clear .venv-bench
	$(INSTALL) --python .venv-bench/bin/python --require-hashes -r requirements/bench.txt
	@touch $@

package: $(READY) ## build what is uploaded to Lambda, and print its sizes
	$(BIN)/python -m components.aws.package

docs: $(READY) ## write the pages that are derived from code
	$(BIN)/python -m docs.generate

calendar: $(READY) ## write the table of exchange days up to the end of the year after the next
	$(BIN)/python -m tools.exchange_days

clean: ## remove what setup and the packaging made
	rm -rf .venv .venv-bench build dist *.egg-info
