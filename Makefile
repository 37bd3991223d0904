# Developer commands, implemented in dev/; `make` alone lists the targets.
.POSIX:
.PHONY: help serve dev demo cluster user import flask test test-mysql test-nightly test-cluster matrix soak attack fuzz bench bench-scale bench-checkout bench-commit-tokens lint format setup migrate seed doctor docs schema-picture resource rename lock clean

BIN = .venv/bin
SETUP = @"$${PYTHON:-python3}" dev/setup.py
PY = @exec $(BIN)/python
# If Python may not write bytecode, every worker rewrites the assertions of all tests.
PYTEST = PYTHONDONTWRITEBYTECODE= exec $(BIN)/python -m pytest
LOCK = @$(BIN)/uv pip compile --quiet --universal --generate-hashes --python-version 3.11 \
  --custom-compile-command 'make lock' $${UPGRADE:+--upgrade} --output-file requirements

help: ## list the targets
	@awk -F ' *## *' '/^[a-z-]+:.*## /{sub(/:.*/, "", $$1); printf "  make %-14s %s\n", $$1, $$2}' Makefile
	@echo
	@echo "  Settings: 'make serve PORT=8001 DB_STRATEGY=pooled', the environment, or .env"
	@echo "  (docs/configuration.md). If DATABASE_URL is not set, a private server is created in var/."
	@echo "  PYTHON=python3.12 selects the Python; ARGS='-k night -x' is passed to pytest."

serve: ## run the service on http://127.0.0.1:8000, with a private MariaDB and sample data (SERVER=granian)
	$(SETUP) "$$(test "$$SERVER" = granian && echo granian || echo serve)"
	$(PY) -m dev.serve

dev: ## the same with Flask's development server, which restarts when a module changes
	$(SETUP) serve
	$(PY) -m dev.serve --reload

demo: ## compare strategies on this machine while faults strike (SECONDS=60 STRATEGIES=single,adaptive ARGS=--help)
	$(SETUP) demo
	$(PY) -m dev.demo $(ARGS)

cluster: ## run two replicas on three database nodes behind HAProxy (requires root; ENGINE=mysql for Group Replication)
	$(SETUP) serve
	$(PY) -m dev.cluster $${ENGINE:-galera}

test: ## run all tests on a temporary MariaDB (ARGS=...)
	$(SETUP) test
	@$(PYTEST) $(ARGS)

test-mysql: ## run the tests that depend on the server on MySQL 9 (requires root; creates and keeps a Debian unstable system)
	$(SETUP) test
	@$(BIN)/python -m dev.mysql_root
	@TEST_SERVER=mysql MYSQL_ROOT="$$($(BIN)/python -c 'from dev.mysql_root import root_folder; print(root_folder())')" \
	  $(PYTEST) -m "not server_independent and not nightly" $(ARGS)

test-nightly: ## run the fault tests that make test leaves out (requires root; ARGS=...)
	$(SETUP) test
	@$(PYTEST) -m nightly $(ARGS)

test-cluster: ## fail the nodes of clusters under load; writes docs/cluster.md (requires root; ARGS='--topology galera')
	$(SETUP) test
	@$(PYTEST) -n0 -m nightly tests/cluster
	$(PY) -m tests.cluster $(ARGS)

matrix: ## run every fault against every strategy; writes docs/fault-matrix.* (requires root; ARGS='--server mariadb')
	$(SETUP) test
	$(PY) -m tests.faults.matrix $(ARGS)

soak: ## run mixed traffic with random fault injection (requires root; MINUTES=10 SEED=1)
	$(SETUP) test
	$(PY) -m tests.faults.soak --minutes "$${MINUTES:-10}" --seed "$${SEED:-1}"

attack: ## send hostile requests to a private service (REQUESTS=50000 SECONDS=10 SEED=1 PROXY=1)
	$(SETUP) test
	$(PY) -m tests.attack --requests "$${REQUESTS:-50000}" --seconds "$${SECONDS:-10}" --seed "$${SEED:-1}" $${PROXY:+--proxy}

bench: ## compare strategies, operations and other services; writes docs/benchmarks.md (QUICK=1 ARGS=--help)
	$(SETUP) bench
	$(PY) -m bench $${QUICK:+--quick} $(ARGS)

bench-scale: ## measure every read at 1,000 to 1,000,000 students (SIZES='1000 10000')
	$(SETUP) bench
	$(PY) -m bench.scale $$SIZES $(ARGS)

bench-checkout: ## measure the cost of a checkout for each strategy
	$(SETUP) bench
	$(PY) -m bench.checkout

bench-commit-tokens: ## measure what commit tokens add to a transaction
	$(SETUP) bench
	$(PY) -m bench.commit_tokens

fuzz: ## send requests generated from the OpenAPI document, as each role (CASES=10000)
	$(SETUP) test
	@CASES="$${CASES:-10000}" $(PYTEST) -n0 -s tests/openapi/test_fuzzing.py $(ARGS)

lint: ## run ruff, mypy and hadolint; validate the workflow and Compose files
	$(SETUP) test
	@$(BIN)/ruff check --quiet .
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/mypy --no-error-summary
	@$(BIN)/hadolint Dockerfile
	@$(BIN)/check-jsonschema --quiet --builtin-schema vendor.github-workflows .github/workflows/*.yml
	@$(BIN)/check-jsonschema --quiet --builtin-schema vendor.compose-spec docker-compose.yml docker-compose.cluster.yml

format: ## sort imports and format the code
	$(SETUP) test
	@$(BIN)/ruff check --quiet --fix --select I .
	@$(BIN)/ruff format --quiet .

setup: ## create .venv only, to use an existing database server
	$(SETUP) serve

migrate: ## migrate DATABASE_URL, or the private server, to the newest schema
	$(SETUP) serve
	$(PY) -m dev.with_database $(BIN)/python -m alembic upgrade head

seed: ## create sample data (STUDENTS=600 SEED=1; REPLACE=1 deletes existing data first, YES=1 unasked)
	$(SETUP) serve
	$(PY) -m dev.seed $${STUDENTS:+--students "$$STUDENTS"} $${SEED:+--seed "$$SEED"} $${REPLACE:+--replace} $${YES:+--yes}

doctor: ## check the database and the settings, and suggest corrections
	$(SETUP) serve
	$(PY) -m dev.with_database --migrated $(BIN)/flask --app wsgi doctor

user: ## create a user of the API; asks for a password (NAME=ada ARGS='--role staff --staff-id 1')
	$(SETUP) serve
	$(PY) -m dev.with_database --migrated $(BIN)/flask --app wsgi create-user "$${NAME:?use make user NAME=ada}" $(ARGS)

import: ## import students (FILE=students.csv ARGS=--again)
	$(SETUP) serve
	$(PY) -m dev.with_database --migrated $(BIN)/flask --app wsgi import-students "$${FILE:?use make import FILE=students.csv}" $(ARGS)

flask: ## run a command of the service (ARGS='set-password ada')
	$(SETUP) serve
	$(PY) -m dev.with_database --migrated $(BIN)/flask --app wsgi $(ARGS)

docs: ## generate .env.example and docs/configuration.md from the settings
	$(SETUP) serve
	$(PY) -m dev.settings_page

schema-picture: ## generate docs/schema.svg and docs/schema.md from the migrated database
	$(SETUP) serve
	$(PY) -m dev.with_database --migrated $(BIN)/python -m dev.schema_picture

resource: ## generate a resource (NAME=book COLUMNS='title:str(45) campus:ref' ARGS=--dry-run)
	$(SETUP) test
	$(PY) -m dev.new_resource "$${NAME:?use make resource NAME=book COLUMNS=...}" "$$COLUMNS" $(ARGS)

rename: ## give the project your own name (NAME=clinic-api TITLE='Clinic API' DATABASE=clinic HOLDER='Clinic Ltd')
	@exec "$${PYTHON:-python3}" -m dev.rename "$$NAME" "$$TITLE" "$$DATABASE" "$$HOLDER"

# Each list is constrained by the list it contains or accompanies, so that the image, the sample
# data and the tests never use two versions of one package.
lock: ## resolve requirements/ from pyproject.toml (UPGRADE=1 selects the newest versions)
	$(SETUP) test
	$(LOCK)/runtime.txt pyproject.toml
	$(LOCK)/sample.txt pyproject.toml --extra sample --constraints requirements/runtime.txt
	$(LOCK)/demo.txt pyproject.toml --extra sample --extra demo --constraints requirements/sample.txt
	$(LOCK)/dev.txt pyproject.toml --extra sample --extra demo --extra granian --extra opentelemetry --group dev --constraints requirements/demo.txt
	$(LOCK)/granian.txt pyproject.toml --extra granian --constraints requirements/dev.txt
	$(LOCK)/bench.txt pyproject.toml --extra sample --extra demo --group bench --constraints requirements/dev.txt
	$(LOCK)/clients.txt --group clients
	$(LOCK)/mysqlclient.txt --group mysqlclient

clean: ## remove .venv, var and the caches
	@"$${PYTHON:-python3}" -m dev.clean
