# Everything is installed into .venv. A stamp there is younger than pyproject.toml and constraints.txt once that is
# done, so a second run starts at once and needs no network.

PYTHON ?= python3
BIN := .venv/bin
INSTALL = $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt
# A notebook's cells share a kernel, so they must stay with one worker.
PYTEST = $(BIN)/python -m pytest --dist loadscope --nbval-lax --nbval-cell-timeout=300
NOTEBOOKS = $(wildcard notebooks/*.ipynb)
STRIP = $(BIN)/nbstripout --keep-count --keep-output-type execute_result stream \
	--extra-keys "metadata.language_info cell.metadata.execution"
CHROMIUM = $(shell for name in chromium chromium-browser google-chrome google-chrome-stable; do \
	command -v $$name && break; done)

.PHONY: report test check browser office lab explorer bench clean
# Two pips must not write to one environment at once.
.NOTPARALLEL:

report: .venv/installed
	@$(BIN)/python -m toolkit report surveys/demo

test: .venv/installed-test
	@$(PYTEST) -n 2 tests $(NOTEBOOKS)

# Coverage names its package: given a bare --cov, nbval's kernels hang.
check: .venv/installed-test .venv/installed-examples
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(if $(NOTEBOOKS),$(STRIP) --verify -- $(NOTEBOOKS))
	$(PYTEST) -n auto -m "not browser and not office" --cov=toolkit tests $(NOTEBOOKS)

browser: .venv/installed-test .venv/installed-browser
	$(if $(CHROMIUM),,$(error no Chromium on PATH))
	@CHROMIUM="$(CHROMIUM)" $(BIN)/python -m pytest -n 2 --dist loadfile -m browser $(wildcard tests/test_*browser.py)

# LibreOffice's soffice and Poppler's pdftoppm on PATH; a test that lacks one of them fails.
office: .venv/installed-test
	@$(BIN)/python -m pytest -m office tests/documents

lab: .venv/installed-lab
	cd notebooks && ../$(BIN)/python -m jupyterlab

explorer: .venv/installed-lab
	@$(BIN)/python -m voila notebooks/explorer.ipynb

bench: .venv/installed-test
	@$(BIN)/python benchmarks/scale.py

# Reports stay: they may be the only copy.
clean:
	rm -rf .venv .coverage .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache build dist
	find . -name __pycache__ -prune -exec rm -rf {} +

.venv/installed: pyproject.toml constraints.txt | $(BIN)/pip
	$(INSTALL) -e .
	@touch $@

# An extra brings the package with it.
.venv/installed-%: pyproject.toml constraints.txt | $(BIN)/pip
	$(INSTALL) -e ".[$*]"
	@touch .venv/installed $@

NEW_ENOUGH = $(shell $(PYTHON) -c "import sys; print(sys.version_info >= (3, 11))" 2>/dev/null)
$(BIN)/pip:
	$(if $(filter True,$(NEW_ENOUGH)),,$(error $(PYTHON) is not Python 3.11 or newer; name one: make PYTHON=python3.12))
	$(PYTHON) -m venv .venv
