"""Shards -> curated/{generator}/{pipeline}/{level}.parquet with exactly n rows, removed/..."""


rule curate:
    input:
        shards=PLAN.generated_shards,
        data=PLAN.data,
        splits=PLAN.path("data/splits.parquet"),
        examples=PLAN.path("data/examples.parquet"),
    output:
        rows=PLAN.path("curated/{generator}/{pipeline}/{level}.parquet"),
        removed=PLAN.path("removed/{generator}/{pipeline}/{level}.parquet"),
        counts=PLAN.path("removed/counts/{generator}/{pipeline}/{level}.parquet"),
    log:
        PLAN.log("curate", "{generator}/{pipeline}/{level}"),
    benchmark:
        PLAN.benchmark("curate", "{generator}/{pipeline}/{level}")
    conda:
        "../../envs/core.yaml"
    threads: PLAN.threads("curate")
    resources:
        mem_mb=PLAN.mem_mb("curate"),
        runtime=PLAN.runtime("curate"),
    params:
        settings=PLAN.curate_settings,
        code=code("curate.py"),
    message:
        "Curate {wildcards.generator} {wildcards.pipeline} {wildcards.level}"
    script:
        "../scripts/curate.py"
