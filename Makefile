# make demo: the default study; make test: all checks; make bench: the measured claims.
PYTHON ?= python3
BIN := .venv/bin
STUDY := $(shell sed -n 's/^study: *//p' config/config.yaml)

.PHONY: demo test test-slow vllm lm-eval bench docs clean

demo: .venv/installed
	@$(BIN)/snakemake --profile profiles/local
	@sed '/^## Diversity/,$$d' results/$(STUDY)/findings.md
	@echo "Report: $(CURDIR)/results/$(STUDY)/report.html"

test: .venv/installed-dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/snakefmt --check Snakefile workflow/rules
	$(BIN)/mypy
	$(BIN)/snakemake --lint --quiet
	$(BIN)/pytest -m "not slow" -n 2 --dist loadfile

test-slow: .venv/installed-dev
	$(BIN)/pytest -m slow

.venv/installed: requirements.txt constraints.txt pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet torch==2.13.0
	$(BIN)/pip install --quiet --requirement requirements.txt --constraint constraints.txt
	$(BIN)/pip install --quiet --no-deps --editable .
	touch $@

.venv/installed-dev: .venv/installed requirements-dev.txt
	$(BIN)/pip install --quiet --requirement requirements-dev.txt --constraint constraints.txt
	touch $@

# An environment for backend vllm; torchvision and its like are built for another torch.
vllm: .venv-vllm/installed

.venv-vllm/installed: requirements-vllm.txt
	$(PYTHON) -m venv .venv-vllm
	.venv-vllm/bin/pip install --quiet --requirement requirements-vllm.txt
	.venv-vllm/bin/pip uninstall --quiet --yes torchvision torchcodec torchaudio
	touch $@

# An environment for `downstream.NAME.lm_eval`.
lm-eval: .venv-lm-eval/installed

.venv-lm-eval/installed: requirements-lm-eval.txt
	$(PYTHON) -m venv .venv-lm-eval
	.venv-lm-eval/bin/pip install --quiet --requirement requirements-lm-eval.txt
	touch $@

bench: .venv/installed-dev
	$(BIN)/snakemake --profile profiles/local --until model split # what some parts read
	$(BIN)/python benchmarks/run.py

clean:
	rm -rf results .snakemake

# Docs that are made from the code.
docs: .venv/installed
	$(BIN)/python -m mixtura.reference > config/README.md
	$(BIN)/python -m mixtura.reference --schema > workflow/schemas/config.schema.json
	$(BIN)/python tests/rerun_table.py > docs/reruns.md
