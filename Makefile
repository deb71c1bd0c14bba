# Everything a person or CI does with this project; any POSIX make will do.
#   make demo PYTHON=/usr/bin/python3.12     another interpreter (3.11 or newer) for .venv
#   make demo TORCH=torch==2.12.0            another torch
.POSIX:

PYTHON =
TORCH =
ARGS =
SETUP = PYTHON='$(PYTHON)' TORCH='$(TORCH)' sh tools/setup.sh

help:
	@echo 'make demo    set up .venv and run examples/01_first_job.ipynb on real data'
	@echo 'make lab     open the same notebook in JupyterLab'
	@echo 'make test    lint, type check and run every test (pytest options: ARGS="-k nursery")'
	@echo 'make test-transformers  test every version of transformers that docs/compat.md names'
	@echo 'make front   check the TypeScript, and build labextension/ from it; needs node'
	@echo 'make bench   measure the launch against its peers (ARGS=--quick for a short run)'
	@echo 'make screenshots  take the pictures of JupyterLab in docs/images; needs chromium'
	@echo 'make lint    ruff and mypy alone'
	@echo 'make clean   remove .venv, build/ and every cache'

demo:
	@$(SETUP) demo
	@.venv/bin/python tools/demo.py $(ARGS)

lab:
	@$(SETUP) demo
	@sh tools/lab.sh $(ARGS)

test: lint front
	@sh tools/chromium.sh
	.venv/bin/python -m pytest $(ARGS)

test-transformers:
	@$(SETUP) test
	.venv/bin/python -m pytest tests/compat -k hugging_face --all-transformers $(ARGS)

front:
	@$(SETUP) test
	@sh tools/front_end.sh

bench:
	@$(SETUP) test
	.venv/bin/python benchmarks/launch/main.py $(ARGS)

screenshots:
	@$(SETUP) test
	.venv/bin/python tools/screenshots.py $(ARGS)

lint:
	@$(SETUP) test
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy

clean:
	rm -rf .venv build dist .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

.PHONY: help demo lab test test-transformers front bench screenshots lint clean
