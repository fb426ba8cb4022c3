# `make demo` and `make test` each do all their own set-up in .venv.
PYTHON ?= python3
BIN := .venv/bin
# One thread each: the arrays are small, and a busy machine stays usable.
export OMP_NUM_THREADS ?= 1

.PHONY: demo test fuzz test-clients check-format check-lint check-types check-layers check-docs check-tests docs clean

demo: .venv/plain
	$(BIN)/wearsynth demo

test: check-format check-lint check-types check-layers check-docs check-tests

check-format: .venv/dev
	$(BIN)/ruff format --check .

check-lint: .venv/dev
	$(BIN)/ruff check .

check-types: .venv/dev
	$(BIN)/mypy

check-layers: .venv/dev
	$(BIN)/lint-imports

check-docs: .venv/dev
	$(BIN)/mkdocs build --strict --quiet

# A process a core; the tests of one file stay together, as they share what they set up.
check-tests: .venv/dev
	$(BIN)/python -m pytest --numprocesses auto --dist loadfile

# Two thousand broken files a reader; some minutes. One reader: make fuzz READER=lsm6dsl
fuzz: .venv/dev
	PYTHONPATH=tests $(BIN)/python -m fuzz $(if $(READER),--reader $(READER))

# E4 sessions that are written here, read by devicely and flirt in an environment of their own: they
# need older libraries and Python 3.11.
CLIENTS_PYTHON ?= python3.11
test-clients: .venv/dev .venv-clients/installed .venv-clients-formats/installed
	$(BIN)/python -m pytest -m clients tests/clients

.venv-clients/installed: tests/clients/constraints.txt
	test -x .venv-clients/bin/python || $(CLIENTS_PYTHON) -m venv .venv-clients
	.venv-clients/bin/pip install --quiet --constraint tests/clients/constraints.txt devicely flirt
	touch $@

# Hugging Face datasets and Edge Impulse's package read what render wrote. C headers are compiled by gcc
# and arm-none-eabi-gcc where these are installed, and run in QEMU.
.venv-clients-formats/installed: tests/clients/constraints-formats.txt
	test -x .venv-clients-formats/bin/python || $(CLIENTS_PYTHON) -m venv .venv-clients-formats
	.venv-clients-formats/bin/pip install --quiet --requirement tests/clients/constraints-formats.txt
	touch $@

docs: .venv/dev
	$(BIN)/mkdocs serve

.venv/plain: pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --constraint constraints.txt --editable .
	touch $@

.venv/dev: .venv/plain
	$(BIN)/pip install --quiet --constraint constraints.txt --editable '.[dev,docs]'
	touch $@

clean:
	rm -rf .venv .venv-clients .venv-clients-formats site dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
