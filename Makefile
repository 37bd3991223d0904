# What a developer types. The work is done by dev/; `make` alone lists the targets.
.POSIX:
.PHONY: help serve test test-mysql matrix soak fuzz bench bench-scale bench-checkout lint format setup migrate seed doctor docs schema-picture lock clean

BIN = .venv/bin
SETUP = @"$${PYTHON:-python3}" dev/setup.py
PY = @exec $(BIN)/python
# Every worker would rewrite the assertions of all tests where Python must not keep bytecode.
PYTEST = PYTHONDONTWRITEBYTECODE= exec $(BIN)/python -m pytest

help: ## this list
	@awk -F ' *## *' '/^[a-z-]+:.*## /{sub(/:.*/, "", $$1); printf "  make %-12s %s\n", $$1, $$2}' Makefile
	@echo
	@echo "  Settings are given as 'make serve PORT=8001 DB_STRATEGY=pooled', in the environment or in .env"
	@echo "  (docs/configuration.md). DATABASE_URL names a server of your own; without it one is made in var/."
	@echo "  PYTHON=python3.12 chooses the Python; ARGS='-k night -x' goes to pytest."

serve: ## the service on http://127.0.0.1:8000, with a private MariaDB and sample data
	$(SETUP) serve
	$(PY) -m dev.serve

test: ## all tests, on a throwaway MariaDB (ARGS=...)
	$(SETUP) test
	@$(PYTEST) $(ARGS)

test-mysql: ## the tests that depend on the server, on MySQL 9 (root only; keeps a Debian unstable system)
	$(SETUP) test
	@$(BIN)/python -m dev.mysql_root
	@TEST_SERVER=mysql MYSQL_ROOT="$$($(BIN)/python -c 'from dev.mysql_root import place; print(place())')" \
	  $(PYTEST) -m "not server_independent" $(ARGS)

.PHONY: test-nightly
test-nightly: ## the fault tests that make test leaves out (root; ARGS=...)
	$(SETUP) test
	@$(PYTEST) -m nightly $(ARGS)

matrix: ## every fault against every strategy; writes docs/fault-matrix.* (root; ARGS='--server mariadb')
	$(SETUP) test
	$(PY) -m tests.faults.matrix $(ARGS)

soak: ## mixed traffic while faults strike at random (root; MINUTES=10 SEED=1)
	$(SETUP) test
	$(PY) -m tests.faults.soak --minutes "$${MINUTES:-10}" --seed "$${SEED:-1}"

bench: ## the strategies, the operations and the peers side by side; docs/benchmarks.md (QUICK=1)
	$(SETUP) bench
	$(PY) -m bench $${QUICK:+--quick}

bench-scale: ## every read at 1,000 to 1,000,000 students (SIZES='1000 10000')
	$(SETUP) bench
	$(PY) -m bench.scale $$SIZES

bench-checkout: ## what a checkout costs, by strategy
	$(SETUP) bench
	$(PY) -m bench.checkout

fuzz: ## requests generated from the OpenAPI document, as each role (CASES=10000)
	$(SETUP) test
	@CASES="$${CASES:-10000}" $(PYTEST) -n0 tests/openapi/test_fuzzing.py $(ARGS)

lint: ## ruff, mypy, hadolint, and the workflow and compose files against their schemas
	$(SETUP) test
	@$(BIN)/ruff check --quiet .
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/mypy --no-error-summary
	@$(BIN)/hadolint Dockerfile
	@$(BIN)/check-jsonschema --quiet --builtin-schema vendor.github-workflows .github/workflows/*.yml
	@$(BIN)/check-jsonschema --quiet --builtin-schema vendor.compose-spec docker-compose.yml

format: ## sort imports and format
	$(SETUP) test
	@$(BIN)/ruff check --quiet --fix --select I .
	@$(BIN)/ruff format --quiet .

setup: ## .venv alone, for those who bring their own server
	$(SETUP) serve

migrate: ## bring the schema of DATABASE_URL, or of the private server, up to date
	$(SETUP) serve
	$(PY) -m dev.with_database $(BIN)/python -m alembic upgrade head

seed: ## sample data (STUDENTS=600 SEED=1; REPLACE=1 removes what is there)
	$(SETUP) serve
	$(PY) -m dev.seed $${STUDENTS:+--students "$$STUDENTS"} $${SEED:+--seed "$$SEED"} $${REPLACE:+--replace}

doctor: ## look at the database and the settings, and say what is wrong and how it is cured
	$(SETUP) serve
	$(PY) -m dev.with_database --migrated $(BIN)/flask --app wsgi doctor

docs: ## write .env.example and docs/configuration.md anew from the settings
	$(SETUP) serve
	$(PY) -m dev.settings_page

schema-picture: ## generate docs/schema.svg and docs/schema.md from the migrated database
	$(SETUP) serve
	$(PY) -m dev.with_database --migrated $(BIN)/python -m dev.schema_picture

lock: ## resolve requirements/ anew from pyproject.toml (UPGRADE=1 takes the newest)
	$(SETUP) runtime
	$(PY) -m dev.lock

clean: ## remove .venv, var and the caches
	@"$${PYTHON:-python3}" dev/clean.py
