"""Recommended mixes on fresh replicates -> tables/confirmation.parquet, confirmation.md. Not part of `all`."""


rule confirm:
    input:
        surface="<results>/tables/surface.parquet",
        predictions=PLAN.confirm.predictions,
        grouped=PLAN.findings.grouped_rows(),
    output:
        table="<results>/tables/confirmation.parquet",
        text="<results>/confirmation.md",
    log:
        "<results>/logs/confirm/confirm.log",
    benchmark:
        "<results>/benchmarks/confirm/confirm.jsonl"
    conda:
        "../../envs/core.yaml"
    threads: PLAN.resources.threads("findings")
    resources:
        **PLAN.resources.of("findings"),
    params:
        settings=PLAN.confirm.settings,
        code=code("confirm.py"),
    message:
        "Compare the recommended mixes on fresh replicates"
    script:
        "../scripts/confirm.py"
