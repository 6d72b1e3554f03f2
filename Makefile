# make demo: the default study; make check: quick checks; make test: all of them; make soak: what is
# slow; make bench: the measured claims.
PYTHON ?= python3
BIN := .venv/bin
STUDY := $(shell sed -n 's/^study: *//p' config/config.yaml)

.PHONY: demo demo-docs check test soak vllm lm-eval bench docs docs-site clean

demo: .venv/installed
	@$(BIN)/snakemake --profile profiles/local
	@sed -n 's/\*\*//g; /^- /p; /^## /q' results/$(STUDY)/findings.md
	@echo "Report: $(CURDIR)/results/$(STUDY)/report.html"

# After `make demo`: its findings and its picture become those of the documents.
demo-docs:
	cp results/$(STUDY)/findings.md docs/demo-findings.md
	cp results/$(STUDY)/figures/gain-map.svg docs/demo-gain-map.svg

# Three minutes, before every commit: everything but tests that take seconds or run the workflow.
check: .venv/installed-dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/snakefmt --check Snakefile workflow/Snakefile workflow/rules
	$(BIN)/mypy
	PYTHONPATH=workflow/scripts $(BIN)/lint-imports
	$(BIN)/snakemake --lint --quiet
	$(BIN)/pytest -m "not slow and not workflow" -n 2 --dist loadfile $(COVER)

# Coverage is that of the tests' own processes: what runs in jobs of a workflow is not counted.
test: COVER = --cov --cov-report=
test: check
	$(BIN)/pytest -m "workflow and not slow" -n 2 --dist loadfile --no-loadscope-reorder $(COVER) --cov-append
	$(BIN)/coverage report

# Simulations, large inputs, many kills, faults of SLURM, and broken files and values by the thousand.
soak: .venv/installed-dev
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
	$(BIN)/snakemake --profile profiles/local --until model examples # what some parts read
	$(BIN)/python benchmarks/run.py

clean:
	rm -rf results .snakemake

# The documentation as a site that is read from the disk: site/index.html.
docs-site: .venv-docs/installed
	.venv-docs/bin/mkdocs build --strict --quiet

.venv-docs/installed: requirements-docs.txt
	$(PYTHON) -m venv .venv-docs
	.venv-docs/bin/pip install --quiet --requirement requirements-docs.txt
	touch $@

# Docs that are made from the code.
docs: .venv/installed
	$(BIN)/python -m mixtura.study.reference > config/README.md
	$(BIN)/python -m mixtura.study.reference --schema > workflow/schemas/config.schema.json
	$(BIN)/python -m mixtura.study.table_reference > docs/tables.md
	$(BIN)/python tests/rerun_table.py > docs/reruns.md
