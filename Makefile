# Two commands need nothing else on a fresh machine: `make demo` and `make test`.
PYTHON ?= python3
BIN := .venv/bin
# Where it is set, each worker and each process that a test starts compiles every module anew.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo test lint docs bench eval crash crash-push renewals plans shape conformance mutants lock clean

demo: .venv/ready
	$(BIN)/backhaul demo demo

test: .venv/ready lint
	$(BIN)/python -m pytest -n auto --dist worksteal

lint: .venv/ready
	$(BIN)/ruff check src tests benchmarks docs notebooks
	$(BIN)/ruff format --check src tests benchmarks docs notebooks
	$(BIN)/mypy
	$(BIN)/lint-imports

# docs/reference and docs/schema, from the code and the definitions
docs: .venv/ready
	$(BIN)/python -m docs.generate

bench: .venv/ready
	$(BIN)/python -m benchmarks

eval: .venv/ready
	$(BIN)/python -m benchmarks.agents

crash: .venv/ready
	$(BIN)/python -m tests.crash --kills 200

renewals: .venv/ready
	$(BIN)/python -m tests.renewals --rounds 200

crash-push: .venv/ready
	$(BIN)/python -m tests.crash.push --rows 2000 --kills 60
	for source in salesforce zendesk pipedrive quickbooks netsuite dynamics365; do \
		$(BIN)/python -m tests.crash.push --rows 100 --kills 12 --source $$source || exit 1; \
	done

# 50 generated edits of a configuration: what `plan` counts is what the next snapshot differs in.
plans: .venv/ready
	BACKHAUL_PLANS=50 $(BIN)/python -m pytest tests/pipeline/test_planning.py -n auto

# Entities and marts after 200 random mutations, transformed in steps, are what a build from nothing gives.
shape: .venv/ready
	BACKHAUL_MUTATIONS=200 $(BIN)/python -m pytest --timeout 900 tests/transform/test_incremental.py tests/transform/test_in_part.py \
		-n auto

# docs/reference/conformance.md, from a run of the kit over the whole catalog
conformance: .venv/ready
	$(BIN)/python -m docs.generate.conformance

# Ten seeded edits of each definition: each must turn a point of the kit red.
mutants: .venv/ready
	$(BIN)/python -m tests.conformance.mutants --each 10

# Pinned with hashes; ranges stand in pyproject.toml.
lock: .venv/ready
	$(BIN)/pip-compile -q --extra dev --extra agent --extra notebook --generate-hashes --no-emit-index-url \
		--no-emit-trusted-host --no-emit-find-links --allow-unsafe --strip-extras -o requirements.lock pyproject.toml

.venv/ready: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit("backhaul needs Python 3.11 or later; this is " + sys.version.split()[0] + ". Try: make PYTHON=python3.12") if sys.version_info < (3, 11) else None'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

clean:
	rm -rf .venv demo build dist
