"""Curated sets, paraphrases -> curated/{generator}/{pipeline}/{level}/{draw}.parquet of derived pipelines."""


rule replace:
    input:
        base=PLAN.derive.base_set,
        sources=PLAN.generate.examples,
        shards=PLAN.derive.paraphrase_shards,
    output:
        rows="<results>/curated/{generator}/{pipeline}/{level}/{draw}.parquet",
        removed="<results>/removed/{generator}/{pipeline}/{level}/{draw}.parquet",
        counts="<results>/removed/counts/{generator}/{pipeline}/{level}/{draw}.parquet",
    log:
        "<results>/logs/replace/{generator}/{pipeline}/{level}/{draw}.log",
    benchmark:
        "<results>/benchmarks/replace/{generator}/{pipeline}/{level}/{draw}.jsonl"
    wildcard_constraints:
        pipeline=PLAN.derive.pipelines("replace"),
    conda:
        "../../envs/core.yaml"
    threads: PLAN.resources.threads("curate")
    resources:
        **PLAN.resources.of("curate"),
    params:
        settings=PLAN.derive.replace_settings,
        code=code("replace.py"),
    message:
        "Replace rows by paraphrases for {wildcards.generator} {wildcards.pipeline} {wildcards.level} {wildcards.draw}"
    script:
        "../scripts/replace.py"


rule select_rows:
    input:
        sets=PLAN.derive.pool_sets,
        embeddings=PLAN.derive.pool_embeddings,
    output:
        rows="<results>/curated/{generator}/{pipeline}/{level}/{draw}.parquet",
        removed="<results>/removed/{generator}/{pipeline}/{level}/{draw}.parquet",
        counts="<results>/removed/counts/{generator}/{pipeline}/{level}/{draw}.parquet",
    log:
        "<results>/logs/select_rows/{generator}/{pipeline}/{level}/{draw}.log",
    benchmark:
        "<results>/benchmarks/select_rows/{generator}/{pipeline}/{level}/{draw}.jsonl"
    wildcard_constraints:
        pipeline=PLAN.derive.pipelines("select_rows"),
    conda:
        "../../envs/core.yaml"
    threads: PLAN.resources.threads("curate")
    resources:
        **PLAN.resources.of("curate"),
    params:
        settings=PLAN.derive.select_settings,
        code=code("select_rows.py"),
    message:
        "Select {wildcards.generator} {wildcards.pipeline} {wildcards.level} {wildcards.draw} by measured diversity"
    script:
        "../scripts/select_rows.py"


rule combine:
    input:
        sets=PLAN.derive.combined_sets,
    output:
        rows="<results>/curated/{generator}/{pipeline}/{level}/{draw}.parquet",
        removed="<results>/removed/{generator}/{pipeline}/{level}/{draw}.parquet",
        counts="<results>/removed/counts/{generator}/{pipeline}/{level}/{draw}.parquet",
    log:
        "<results>/logs/combine/{generator}/{pipeline}/{level}/{draw}.log",
    benchmark:
        "<results>/benchmarks/combine/{generator}/{pipeline}/{level}/{draw}.jsonl"
    wildcard_constraints:
        pipeline=PLAN.derive.pipelines("combine"),
    conda:
        "../../envs/core.yaml"
    threads: PLAN.resources.threads("curate")
    resources:
        **PLAN.resources.of("curate"),
    params:
        settings=PLAN.derive.combine_settings,
        code=code("combine.py"),
    message:
        "Combine generators for {wildcards.pipeline} {wildcards.level} {wildcards.draw}"
    script:
        "../scripts/combine.py"
