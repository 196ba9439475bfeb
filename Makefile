# The commands of the house. `make demo` and `make test` need Python 3.11 and make, no more.

PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.PHONY: help install demo test lint dbt docs clean

help:
	@echo "make demo    install, simulate a survey, build its catalogues, export them"
	@echo "make test    install, run the whole test suite"
	@echo "make lint    ruff, mypy and sqlfluff"
	@echo "make dbt     rebuild the catalogues of HOTSTARS_HOME (default ./data)"
	@echo "make docs    the documentation as a site, in site/"
	@echo "make clean   remove the virtual environment and caches; data stay"

install: $(STAMP)

$(STAMP): requirements.lock pyproject.toml
	@echo "== virtual environment in $(VENV), pinned by requirements.lock (a few minutes the first time)"
	@command -v $(PYTHON) >/dev/null || { echo "$(PYTHON) not found: install Python 3.11 or run make PYTHON=/path/to/python3.11"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

demo: $(STAMP)
	@$(BIN)/hotstars demo

test: $(STAMP)
	@echo "== test suite"
	@$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/sqlfluff lint --disable-progress-bar dbt_project

dbt: $(STAMP)
	@$(BIN)/hotstars build

docs: $(STAMP)
	@$(BIN)/python -m mkdocs build --strict --quiet && echo "site/index.html"

clean:
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis build *.egg-info
