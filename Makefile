# The two commands a newcomer needs are `make run` and `make test`; `make help` lists the rest.
VENV ?= .venv
ARGS ?=
# The first Python that is new enough, by running it: a name on PATH may be a shim that leads nowhere.
PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
BIN := $(VENV)/bin
# Two test processes where there are two cores: each has its own database.
JOBS ?= $(shell n=$$(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 1); [ "$$n" -ge 2 ] && echo 2 || echo 0)

.PHONY: help run test lint format bench fuzz faults tools openapi lock image clean python $(VENV) $(VENV)-dev
.DEFAULT_GOAL := help

help: ## what can be made
	@sed -nE 's/^([a-z]+):.*## (.*)/  make \1|\2/p' Makefile | column -ts '|'

run: $(VENV) ## serve on this machine: database, sample desk and all
	@exec $(BIN)/tickets quickstart $(ARGS)

test: $(VENV)-dev ## every test (ARGS="-k sla" for some)
	@$(BIN)/python -m pytest -n $(JOBS) $(ARGS)

lint: $(VENV)-dev ## style, types and the import contracts
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo

format: $(VENV)-dev ## let ruff lay out the code
	@$(BIN)/ruff format
	@$(BIN)/ruff check --fix

bench: $(VENV)-dev ## measure, beside the bare database
	@$(BIN)/python tests/bench $(ARGS)

fuzz: $(VENV)-dev ## throw mutated mails, forms and calls at intake (ARGS="--seconds 600")
	@$(BIN)/python tests/fuzz $(ARGS)

faults: $(VENV)-dev ## inject every fault there is, and count what was lost and doubled (half an hour)
	@$(BIN)/python tests/faults $(ARGS)

tools: python ## fetch helm, for the tests of the chart
	@$(PYTHON) .ci/get_helm.py .tools

# Universal: one lock for every platform and Python >= 3.11; no address: whose index it is, is your affair.
LOCKING = uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-header --no-annotate pyproject.toml
lock: ## write the lock files anew (needs uv)
	$(LOCKING) --extra redis --extra rabbitmq --extra s3 --extra ses --extra build -o requirements.lock
	$(LOCKING) --extra dev -o requirements-dev.lock

image: ## the container image (needs podman or docker)
	@$$(command -v podman || command -v docker) build -f helm/Containerfile -t tickets:dev .

clean: ## remove what was made, but never .data
	@rm -rf $(VENV) .tools dist build .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

python:
	@[ -n "$(PYTHON)" ] || { echo "Python 3.11 or newer is needed and none is on PATH" >&2; exit 1; }

$(VENV): python
	@$(PYTHON) .ci/install.py $(VENV) requirements.lock

$(VENV)-dev: python
	@$(PYTHON) .ci/install.py $(VENV) requirements-dev.lock
