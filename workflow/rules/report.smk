"""Tables -> figures/, report.html."""

from pathlib import Path

# Their text, not their path: a checkout elsewhere reruns nothing.
TEMPLATE, METHODS = (
    Path(workflow.source_path(f"../report/{name}")).read_text(encoding="utf-8")
    for name in ("report.html.j2", "methods.bib")
)


rule figures:
    input:
        **PLAN.report.map_embeddings(),
        **PLAN.findings.collapse(),
        **PLAN.report.spread(),
        findings="<results>/tables/findings.parquet",
        surface="<results>/tables/surface.parquet",
        diversity="<results>/tables/diversity.parquet",
        shift="<results>/tables/shift.parquet",
        curation="<results>/tables/curation.parquet",
        generation="<results>/tables/generation.parquet",
    output:
        [
            report(
                f"<results>/figures/{name}.svg",
                caption=f"../report/captions/{name}.rst",
                category="Figures",
                labels={"figure": name},
            )
            for name in PLAN.report.figures
        ],
    log:
        "<results>/logs/figures/figures.log",
    benchmark:
        "<results>/benchmarks/figures/figures.jsonl"
    conda:
        "../../envs/core.yaml"
    threads: PLAN.resources.threads("report")
    resources:
        **PLAN.resources.of("report"),
    params:
        settings=PLAN.report.figure_settings(),
        code=code("figures.py"),
    message:
        "Draw the figures"
    script:
        "../scripts/figures.py"


rule report:
    input:
        **PLAN.findings.searched(),
        **PLAN.alternatives.table(),
        **PLAN.report.texts(),
        figures=rules.figures.output,
        findings="<results>/tables/findings.parquet",
        hypotheses="<results>/tables/hypotheses.parquet",
        surface="<results>/tables/surface.parquet",
        labels="<results>/tables/label_gains.parquet",
        diversity="<results>/tables/diversity.parquet",
        shift="<results>/tables/shift.parquet",
        curation="<results>/tables/curation.parquet",
        generation="<results>/tables/generation.parquet",
        models=PLAN.report.model_folders(),
        data="<results>/data/<task>.parquet",
        splits=PLAN.sets.paths.splits_of(0),
    output:
        page="<results>/report.html",
        study="<results>/study.json",
    log:
        "<results>/logs/report/report.log",
    benchmark:
        "<results>/benchmarks/report/report.jsonl"
    conda:
        "../../envs/core.yaml"
    threads: PLAN.resources.threads("report")
    resources:
        **PLAN.resources.of("report"),
    params:
        settings=PLAN.report.settings(),
        template=lambda wildcards: TEMPLATE,
        library=lambda wildcards: METHODS,
        benchmarks=PLAN.sets.paths.path("benchmarks"),
        code=code("report.py"),
    message:
        "Write the report"
    script:
        "../scripts/report.py"
