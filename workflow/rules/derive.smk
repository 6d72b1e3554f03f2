"""Curated sets, paraphrases -> curated/{generator}/{pipeline}/{level}.parquet of derived pipelines."""


rule replace:
    input:
        base=PLAN.base_set,
        sources=PLAN.shown,
        shards=PLAN.paraphrase_shards,
    output:
        rows=PLAN.path("curated/{generator}/{pipeline}/{level}.parquet"),
        removed=PLAN.path("removed/{generator}/{pipeline}/{level}.parquet"),
        counts=PLAN.path("removed/counts/{generator}/{pipeline}/{level}.parquet"),
    log:
        PLAN.log("replace", "{generator}/{pipeline}/{level}"),
    benchmark:
        PLAN.benchmark("replace", "{generator}/{pipeline}/{level}")
    wildcard_constraints:
        pipeline=PLAN.pipelines_of("replace"),
    conda:
        "../../envs/core.yaml"
    threads: PLAN.threads("curate")
    resources:
        mem_mb=PLAN.mem_mb("curate"),
        runtime=PLAN.runtime("curate"),
    params:
        settings=PLAN.replace_settings,
        code=code("replace.py"),
    message:
        "Replace rows by paraphrases for {wildcards.generator} {wildcards.pipeline} {wildcards.level}"
    script:
        "../scripts/replace.py"


rule select:
    input:
        sets=PLAN.pool_sets,
        embeddings=PLAN.pool_set_embeddings,
    output:
        rows=PLAN.path("curated/{generator}/{pipeline}/{level}.parquet"),
        removed=PLAN.path("removed/{generator}/{pipeline}/{level}.parquet"),
        counts=PLAN.path("removed/counts/{generator}/{pipeline}/{level}.parquet"),
    log:
        PLAN.log("select", "{generator}/{pipeline}/{level}"),
    benchmark:
        PLAN.benchmark("select", "{generator}/{pipeline}/{level}")
    wildcard_constraints:
        pipeline=PLAN.pipelines_of("select"),
    conda:
        "../../envs/core.yaml"
    threads: PLAN.threads("curate")
    resources:
        mem_mb=PLAN.mem_mb("curate"),
        runtime=PLAN.runtime("curate"),
    params:
        settings=PLAN.select_settings,
        code=code("select_rows.py"),
    message:
        "Select {wildcards.generator} {wildcards.pipeline} {wildcards.level} by measured diversity"
    script:
        "../scripts/select_rows.py"


rule combine:
    input:
        sets=PLAN.combined_sets,
    output:
        rows=PLAN.path("curated/{generator}/{pipeline}/{level}.parquet"),
        removed=PLAN.path("removed/{generator}/{pipeline}/{level}.parquet"),
        counts=PLAN.path("removed/counts/{generator}/{pipeline}/{level}.parquet"),
    log:
        PLAN.log("combine", "{generator}/{pipeline}/{level}"),
    benchmark:
        PLAN.benchmark("combine", "{generator}/{pipeline}/{level}")
    wildcard_constraints:
        pipeline=PLAN.pipelines_of("combine"),
    conda:
        "../../envs/core.yaml"
    threads: PLAN.threads("curate")
    resources:
        mem_mb=PLAN.mem_mb("curate"),
        runtime=PLAN.runtime("curate"),
    params:
        settings=PLAN.combine_settings,
        code=code("combine.py"),
    message:
        "Combine generators for {wildcards.pipeline} {wildcards.level}"
    script:
        "../scripts/combine.py"
