# One command per intention. Every target sets itself up; `make` alone lists them.

PYTHON ?= python3
VENV   := .venv
PY     := $(VENV)/bin/python
PIP    := $(PY) -m pip --quiet --disable-pip-version-check
READY  := $(VENV)/.ready
UV     := uv==0.13.9
LOCK   := $(VENV)/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
          --no-emit-index-url --no-header --no-annotate pyproject.toml

# Tests that start a control plane or an Elasticsearch; the others need nothing but Python.
SLOW      := tests/integration tests/contract tests/e2e tests/faults tests/crash tests/bench tests/install tests/soak tests/histories
CHART     := deploy/helm/elasticsearch-inference-operator
GENERATED := crds $(CHART)/files/crds deploy/install.yaml docs/reference.md docs/reasons.md docs/services.md README.md

export PYTHONPATH := $(CURDIR)/tests

.DEFAULT_GOAL := help
.PHONY: help setup fmt lint types contracts unit coverage prepare integration test soak bench demo \
        generate catalogue verify requirements control-plane elasticsearch provider standin clean

help: ## list the targets
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# Setting up

setup: $(READY) ## make .venv with the pinned tools and the project in it

$(READY): requirements/dev.txt pyproject.toml | $(PY)
	$(PIP) install --require-hashes --requirement requirements/dev.txt
	$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

$(PY):
	$(PYTHON) -m venv $(VENV)

clean: ## remove what the other targets made here; the cache of the test bed stays
	rm -rf $(VENV) build dist .coverage* .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	find operator tests -name __pycache__ -prune -exec rm -rf {} +

# Checking

fmt: $(READY) ## format the code and mend what can be mended by itself
	$(PY) -m ruff check --fix-only --exit-zero operator tests
	$(PY) -m ruff format operator tests

lint: $(READY) ## check style and format
	$(PY) -m ruff check operator tests
	$(PY) -m ruff format --check operator tests
	$(VENV)/bin/hadolint Dockerfile

types: $(READY) ## check the types
	$(PY) -m mypy

contracts: $(READY) ## check who imports whom
	$(VENV)/bin/lint-imports

unit: $(READY) ## run the tests that need no test bed, seconds
	$(PY) -m coverage run -m pytest $(SLOW:%=--ignore=%) --junit-xml=build/reports/unit.xml

coverage: $(READY) ## show what the last `make unit` reached of the modules that decide; fails below 95 %
	$(PY) -m coverage report

prepare: $(READY) ## build the control plane and fetch Elasticsearch, once; minutes
	$(PY) -m testbed prepare

integration: prepare ## run the tests against the control plane and Elasticsearch, minutes
	$(PY) -m pytest $(SLOW) -m "not soak" -n 2 --dist loadgroup --junit-xml=build/reports/integration.xml

test: $(READY) ## run all of the above; this is what CI does
	@$(PY) tests/run.py

soak: prepare ## run the tests that need real time; SOAK_MINUTES=15 is how long the random history goes on
	$(PY) -m pytest $(SLOW) -m soak -s --junit-xml=build/reports/soak.xml

bench: $(READY) ## count and time what 1 to 5,000 endpoints cost, 20 minutes; N=1,100 chooses other numbers
	$(PY) -m bench $(if $(N),--sizes=$(N))

# Trying

demo: $(READY) ## show the whole story on this machine; ES=real|standin ES_VERSION=9.4.3|8.19.8 KEEP=1, or ES_URL= and ES_API_KEY=
	$(PY) -m demo

control-plane: $(READY) ## run a Kubernetes control plane until Ctrl-C
	$(PY) -m testbed control-plane

elasticsearch: $(READY) ## run an Elasticsearch until Ctrl-C
	$(PY) -m testbed elasticsearch

provider: $(READY) ## run a stub of a model provider until Ctrl-C
	$(PY) -m testbed provider

standin: $(READY) ## run the stand-in for Elasticsearch until Ctrl-C
	$(PY) -m testbed standin

# Deriving

generate: $(READY) ## write the files that are derived from the code
	$(PY) -m inference_operator.crd crds $(CHART)/files/crds
	$(PY) -m inference_operator.reference docs/reference.md README.md
	$(PY) -m inference_operator.reasons docs/reasons.md
	$(PY) -m catalogue.page docs/services.md
	$(PY) -m testbed.helm deploy/install.yaml

catalogue: $(READY) ## derive the service catalogue anew; SPECIFICATION= a clone of elastic/elasticsearch-specification
	$(PY) -m catalogue.derive $(SPECIFICATION) operator/inference_operator/catalogue.json

verify: generate ## fail if the committed derived files are not current
	@git status --porcelain -- $(GENERATED) | (! grep .)

requirements: $(READY) ## pin the dependencies anew
	$(PIP) install $(UV)
	$(LOCK) --output-file requirements/runtime.txt
	$(LOCK) --group dev --output-file requirements/dev.txt
