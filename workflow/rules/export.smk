"""Curated sets, tables -> export/: data sets to hand on, each with a card. Not part of `all`."""

SET = "{generator}/{pipeline}/{level}/{draw}"


rule export_set:
    input:
        rows=f"<results>/curated/{SET}.parquet",
        data="<results>/data/<task>.parquet",
        models=PLAN.export.models,
        diversity="<results>/tables/diversity.parquet",
        shift="<results>/tables/shift.parquet",
        curation="<results>/tables/curation.parquet",
    output:
        rows=f"<results>/export/sets/{SET}/data/train.parquet",
        card=f"<results>/export/sets/{SET}/README.md",
    log:
        f"<results>/logs/export_set/{SET}.log",
    benchmark:
        f"<results>/benchmarks/export_set/{SET}.jsonl"
    conda:
        "../../envs/core.yaml"
    threads: PLAN.resources.threads("report")
    resources:
        **PLAN.resources.of("report"),
    params:
        settings=PLAN.export.settings,
        code=code("export_set.py"),
    message:
        "Export {wildcards.generator} {wildcards.pipeline} {wildcards.level} {wildcards.draw}"
    script:
        "../scripts/export_set.py"


rule export_best:
    input:
        generated=PLAN.sets.of_sets(
            f"curated/{SET}.parquet", PLAN.export.first_replicate
        ),
        data="<results>/data/<task>.parquet",
        splits=PLAN.sets.paths.splits_of(0),
        models=PLAN.report.model_folders(),
        findings="<results>/tables/findings.parquet",
        diversity="<results>/tables/diversity.parquet",
        shift="<results>/tables/shift.parquet",
        curation="<results>/tables/curation.parquet",
    output:
        rows="<results>/export/best/data/train.parquet",
        card="<results>/export/best/README.md",
    log:
        "<results>/logs/export_best/best.log",
    benchmark:
        "<results>/benchmarks/export_best/best.jsonl"
    conda:
        "../../envs/core.yaml"
    threads: PLAN.resources.threads("report")
    resources:
        **PLAN.resources.of("report"),
    params:
        settings=PLAN.export.best_settings,
        code=code("export_best.py"),
    message:
        "Export the recommended mix"
    script:
        "../scripts/export_best.py"


rule export:
    input:
        PLAN.sets.of_sets(f"export/sets/{SET}/README.md", PLAN.sets.designed),
        rules.export_best.output,
