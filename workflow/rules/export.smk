"""Curated sets, tables -> export/: data sets to hand on, each with a card. Not part of `all`."""

SET = "{generator}/{pipeline}/{level}"


rule export_set:
    input:
        rows=PLAN.path(f"curated/{SET}.parquet"),
        data=PLAN.data,
        models=PLAN.writer_models,
        diversity=PLAN.path("tables/diversity.parquet"),
        shift=PLAN.path("tables/shift.parquet"),
        curation=PLAN.path("tables/curation.parquet"),
    output:
        rows=PLAN.path(f"export/sets/{SET}/data/train.parquet"),
        card=PLAN.path(f"export/sets/{SET}/README.md"),
    log:
        PLAN.log("export_set", SET),
    benchmark:
        PLAN.benchmark("export_set", SET)
    conda:
        "../../envs/core.yaml"
    threads: PLAN.threads("report")
    resources:
        mem_mb=PLAN.mem_mb("report"),
        runtime=PLAN.runtime("report"),
    params:
        settings=PLAN.export_settings,
        code=code("export_set.py"),
    message:
        "Export {wildcards.generator} {wildcards.pipeline} {wildcards.level}"
    script:
        "../scripts/export_set.py"


rule export_best:
    input:
        generated=PLAN.of_sets(f"curated/{SET}.parquet", loop=False),
        data=PLAN.data,
        splits=PLAN.path("data/splits.parquet"),
        models=PLAN.model_folders(),
        findings=PLAN.path("tables/findings.parquet"),
        diversity=PLAN.path("tables/diversity.parquet"),
        shift=PLAN.path("tables/shift.parquet"),
        curation=PLAN.path("tables/curation.parquet"),
    output:
        rows=PLAN.path("export/best/data/train.parquet"),
        card=PLAN.path("export/best/README.md"),
    log:
        PLAN.log("export_best", "best"),
    benchmark:
        PLAN.benchmark("export_best", "best")
    conda:
        "../../envs/core.yaml"
    threads: PLAN.threads("report")
    resources:
        mem_mb=PLAN.mem_mb("report"),
        runtime=PLAN.runtime("report"),
    params:
        settings=PLAN.export_best_settings,
        code=code("export_best.py"),
    message:
        "Export the recommended mix"
    script:
        "../scripts/export_best.py"


rule export:
    input:
        PLAN.of_sets(f"export/sets/{SET}/README.md", loop=False),
        rules.export_best.output,
