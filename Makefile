# The commands of this course. Each one sets up what it needs first; only the first time takes minutes.
PYTHON ?= python3
TORCH := $(shell sed -n 's/.*"\(torch==[^"]*\)".*/\1/p' pyproject.toml)
NEWER_PYTHON := Python 3.11 or newer is needed, and $(PYTHON) is older: install one, then run make PYTHON=python3.12

.PHONY: setup demo test lab bench docs

setup: .venv/.ready       # make .venv and install everything into it

demo: setup               # grade a small class and show its marks
	.venv/bin/autograder demo

test: setup               # run every test and every notebook
	.venv/bin/pytest

lab: setup                # open the lectures in JupyterLab
	.venv/bin/jupyter lab lectures

bench: setup              # measure what the documentation claims; what cannot be installed is left out by name
	.venv/bin/python -m pip install --quiet -e ".[bench]"; .venv/bin/python -m benchmarks

docs: setup               # write docs/results.md from fresh measurements
	.venv/bin/python benchmarks/results.py

# The stamp is touched last, so the next make takes an interrupted installation up again. Torch goes first:
# what depends on it then finds the pinned version instead of choosing one.
.venv/.ready: pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "$(NEWER_PYTHON)")'
	$(PYTHON) -m venv .venv
	.venv/bin/python -m pip install "$(TORCH)"
	.venv/bin/python -m pip install -e ".[instructor,test]"
	@touch $@
