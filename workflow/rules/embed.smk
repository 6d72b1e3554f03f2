"""Texts of one table, an embedder -> embeddings/{embedder}/...: one rule, for each kind of table."""


rule embed:
    input:
        rows="<results>/curated/{generator}/{pipeline}/{level}/{draw}.parquet",
        model="<results>/models/{embedder}",
    output:
        "<results>/embeddings/{embedder}/{generator}/{pipeline}/{level}/{draw}.parquet",
    log:
        "<results>/logs/embed/{embedder}/{generator}/{pipeline}/{level}/{draw}.log",
    benchmark:
        "<results>/benchmarks/embed/{embedder}/{generator}/{pipeline}/{level}/{draw}.jsonl"
    conda:
        "../../envs/core.yaml"
    threads: PLAN.resources.threads("embed")
    resources:
        **PLAN.resources.of("embed", "gpu", "gpu_share"),
    params:
        settings=PLAN.embed.settings,
        store=PLAN.sets.paths.path(".embeddings"),
        code=code("embed.py"),
    message:
        "Embed {wildcards.generator} {wildcards.pipeline} {wildcards.level} {wildcards.draw} with {wildcards.embedder}"
    script:
        "../scripts/embed.py"


use rule embed as embed_pool with:
    input:
        shards=PLAN.curate.shards,
        more=PLAN.curate.more_shards,
        model="<results>/models/{embedder}",
    output:
        "<results>/embeddings/{embedder}/pool/{generator}/{pipeline}/{level}/{draw}.parquet",
    log:
        "<results>/logs/embed_pool/{embedder}/{generator}/{pipeline}/{level}/{draw}.log",
    benchmark:
        "<results>/benchmarks/embed_pool/{embedder}/{generator}/{pipeline}/{level}/{draw}.jsonl"
    message:
        "Embed the pool of {wildcards.generator} {wildcards.pipeline} {wildcards.level} {wildcards.draw} with {wildcards.embedder}"


use rule embed as embed_real with:
    input:
        rows="<results>/data/<task>.parquet",
        splits="<results>/data/splits.parquet",
        model="<results>/models/{embedder}",
    output:
        "<results>/embeddings/{embedder}/{real}.parquet",
    log:
        "<results>/logs/embed_real/{embedder}/{real}.log",
    benchmark:
        "<results>/benchmarks/embed_real/{embedder}/{real}.jsonl"
    wildcard_constraints:
        real="reference|test|development",
    params:
        splits=lambda wildcards: [wildcards.real],
    message:
        "Embed real rows ({wildcards.real}) with {wildcards.embedder}"


use rule embed_real as embed_fold with:
    input:
        rows="<results>/data/<task>.parquet",
        splits="<results>/data/splits/r{replicate}.parquet",
        model="<results>/models/{embedder}",
    output:
        "<results>/embeddings/{embedder}/r{replicate}/{real}.parquet",
    log:
        "<results>/logs/embed_fold/{embedder}/r{replicate}/{real}.log",
    benchmark:
        "<results>/benchmarks/embed_fold/{embedder}/r{replicate}/{real}.jsonl"
    message:
        "Embed real rows ({wildcards.real}) of replicate {wildcards.replicate} with {wildcards.embedder}"


use rule embed as embed_examples with:
    input:
        rows="<results>/data/examples/{draw}.parquet",
        model="<results>/models/{embedder}",
    output:
        "<results>/embeddings/{embedder}/examples/{draw}.parquet",
    log:
        "<results>/logs/embed_examples/{embedder}/{draw}.log",
    benchmark:
        "<results>/benchmarks/embed_examples/{embedder}/{draw}.jsonl"
    message:
        "Embed the examples {wildcards.draw} with {wildcards.embedder}"


use rule embed as embed_shifted with:
    input:
        rows="<results>/data/shifted/{shifted}.parquet",
        model="<results>/models/{embedder}",
    output:
        "<results>/embeddings/{embedder}/shifted/{shifted}.parquet",
    log:
        "<results>/logs/embed_shifted/{embedder}/{shifted}.log",
    benchmark:
        "<results>/benchmarks/embed_shifted/{embedder}/{shifted}.jsonl"
    message:
        "Embed the test set {wildcards.shifted} with {wildcards.embedder}"
