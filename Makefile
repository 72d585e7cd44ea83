# The commands of this course. Each one sets up what it needs first; only the first time takes minutes.
# With NEWEST=1 they take the newest versions that pyproject.toml allows, in .venv-newest, instead of the locked ones.
PYTHON ?= python3
VENV := .venv$(if $(NEWEST),-newest)
LOCKED := $(if $(NEWEST),,--constraint requirements/all.txt)
LOCK = .venv/bin/uv pip compile --quiet --universal --python-version 3.11 --fork-strategy fewest $(if $(NEWEST),--upgrade) \
	--custom-compile-command "make lock" pyproject.toml
SITE = $(VENV)/bin/sphinx-build --quiet --fail-on-warning --keep-going --fresh-env -c docs . build/site

.PHONY: setup demo test check lab bench docs site pictures lock always

setup: $(VENV)/.ready     # make .venv and install the locked versions of everything into it

demo: setup               # grade a small class and show its marks
	$(VENV)/bin/autograder demo

test: setup               # run every test and every notebook
	$(VENV)/bin/pytest

check: setup              # look at format, style and types
	$(VENV)/bin/ruff format --check . && $(VENV)/bin/ruff check . && $(VENV)/bin/mypy

lab: setup                # open the lectures in JupyterLab
	$(VENV)/bin/jupyter lab lectures

bench: setup              # measure what the documentation claims; what cannot be installed is left out by name
	$(VENV)/bin/python -m pip install --quiet -e ".[bench]" $(LOCKED); $(VENV)/bin/python -m benchmarks

docs: setup               # write docs/results.md from fresh measurements, then the site
	$(VENV)/bin/python benchmarks/results.py && $(SITE)

site: setup               # lectures and docs as pages: build/site/index.html, which needs no network
	$(SITE)

pictures: site            # take the README's pictures from the real pages
	$(VENV)/bin/python docs/pictures/make.py

# No hashes: torch's CPU builds, PyPI's and a wheel on a teaching machine's disk are all 2.13.0, each with another one.
# One version of a package for all Pythons (fewest), so that everybody has what was tested.
lock: .venv/.ready        # write requirements/ anew from pyproject.toml, keeping the versions that still fit
	$(LOCK) --extra dev --output-file requirements/all.txt
	$(LOCK) --no-annotate --constraint requirements/all.txt --output-file requirements/students.txt

# The stamp is touched last, so the next make takes an interrupted installation up again.
%/.ready: pyproject.toml requirements/all.txt requirements/install.py
	@$(PYTHON) requirements/install.py $* $(if $(findstring newest,$*),--newest)
	@touch $@

.venv-newest/.ready: always
