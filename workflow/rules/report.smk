"""Tables -> figures/, report.html."""

from pathlib import Path

# Its text, not its path: a checkout elsewhere reruns nothing.
TEMPLATE = Path(workflow.source_path("../report/report.html.j2")).read_text(
    encoding="utf-8"
)


rule figures:
    input:
        **PLAN.mapped(),
        **PLAN.collapse(),
        findings=PLAN.path("tables/findings.parquet"),
        diversity=PLAN.path("tables/diversity.parquet"),
        shift=PLAN.path("tables/shift.parquet"),
        curation=PLAN.path("tables/curation.parquet"),
        generation=PLAN.path("tables/generation.parquet"),
    output:
        [
            report(
                PLAN.path(f"figures/{name}.svg"),
                caption=f"../report/captions/{name}.rst",
                category="Figures",
                labels={"figure": name},
            )
            for name in PLAN.figures
        ],
    log:
        PLAN.log("figures", "figures"),
    benchmark:
        PLAN.benchmark("figures", "figures")
    conda:
        "../../envs/core.yaml"
    threads: PLAN.threads("report")
    resources:
        mem_mb=PLAN.mem_mb("report"),
        runtime=PLAN.runtime("report"),
    params:
        settings=PLAN.figure_settings(),
        code=code("figures.py"),
    message:
        "Draw the figures"
    script:
        "../scripts/figures.py"


rule report:
    input:
        **PLAN.searched(),
        figures=rules.figures.output,
        findings=PLAN.path("tables/findings.parquet"),
        hypotheses=PLAN.path("tables/hypotheses.parquet"),
        diversity=PLAN.path("tables/diversity.parquet"),
        shift=PLAN.path("tables/shift.parquet"),
        curation=PLAN.path("tables/curation.parquet"),
        generation=PLAN.path("tables/generation.parquet"),
        curated=PLAN.of_sets("curated/{generator}/{pipeline}/{level}.parquet"),
        removed=PLAN.of_sets("removed/{generator}/{pipeline}/{level}.parquet"),
        models=PLAN.model_folders(),
        examples=PLAN.path("data/examples.parquet"),
    output:
        page=PLAN.path("report.html"),
        study=PLAN.path("study.json"),
    log:
        PLAN.log("report", "report"),
    benchmark:
        PLAN.benchmark("report", "report")
    conda:
        "../../envs/core.yaml"
    threads: PLAN.threads("report")
    resources:
        mem_mb=PLAN.mem_mb("report"),
        runtime=PLAN.runtime("report"),
    params:
        settings=PLAN.report_settings(),
        template=lambda wildcards: TEMPLATE,
        benchmarks=PLAN.path("benchmarks"),
        code=code("report.py"),
    message:
        "Write the report"
    script:
        "../scripts/report.py"
