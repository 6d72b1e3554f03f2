"""Shards -> curated/{generator}/{pipeline}/{level}.parquet with exactly n rows, removed/..."""


rule embed_pool:
    input:
        shards=PLAN.generated_shards,
        more=PLAN.more_shards,
        model=PLAN.path("models/{embedder}"),
    output:
        PLAN.path("embeddings/{embedder}/pool/{generator}/{pipeline}/{level}.parquet"),
    log:
        PLAN.log("embed_pool", "{embedder}/{generator}/{pipeline}/{level}"),
    benchmark:
        PLAN.benchmark("embed_pool", "{embedder}/{generator}/{pipeline}/{level}")
    conda:
        "../../envs/core.yaml"
    threads: PLAN.threads("embed")
    resources:
        mem_mb=PLAN.mem_mb("embed"),
        runtime=PLAN.runtime("embed"),
        gpu=PLAN.gpu("embed"),
    params:
        settings=PLAN.embed_settings(),
        store=PLAN.path(".embeddings"),
        code=code("embed.py"),
    message:
        "Embed the pool of {wildcards.generator} {wildcards.pipeline} {wildcards.level} with {wildcards.embedder}"
    script:
        "../scripts/embed.py"


rule embed_protected:
    input:
        rows=PLAN.data,
        splits=PLAN.path("data/splits.parquet"),
        model=PLAN.path("models/{embedder}"),
    output:
        PLAN.path("embeddings/{embedder}/protected.parquet"),
    log:
        PLAN.log("embed_protected", "{embedder}"),
    benchmark:
        PLAN.benchmark("embed_protected", "{embedder}")
    conda:
        "../../envs/core.yaml"
    threads: PLAN.threads("embed")
    resources:
        mem_mb=PLAN.mem_mb("embed"),
        runtime=PLAN.runtime("embed"),
        gpu=PLAN.gpu("embed"),
    params:
        settings=PLAN.embed_settings(),
        store=PLAN.path(".embeddings"),
        splits=["test", "examples"],
        code=code("embed.py"),
    message:
        "Embed test rows and examples with {wildcards.embedder}"
    script:
        "../scripts/embed.py"


rule judge:
    input:
        shards=PLAN.generated_shards,
        more=PLAN.more_shards,
        examples=PLAN.path("data/examples.parquet"),
        model=PLAN.judge_folder,
    output:
        PLAN.path("judged/{judge}/{generator}/{pipeline}/{level}.parquet"),
    log:
        PLAN.log("judge", "{judge}/{generator}/{pipeline}/{level}"),
    benchmark:
        PLAN.benchmark("judge", "{judge}/{generator}/{pipeline}/{level}")
    conda:
        "../../envs/generate.yaml"
    threads: PLAN.threads("generate")
    resources:
        mem_mb=PLAN.mem_mb("generate"),
        runtime=PLAN.runtime("generate"),
        gpu=PLAN.gpu("generate"),
    params:
        settings=PLAN.judge_settings,
        running=PLAN.running,
        resume=PLAN.judge_resume,
        code=lambda wildcards: code("judge.py", PLAN.backend(wildcards)),
    message:
        "Judge labels of {wildcards.generator} {wildcards.pipeline} {wildcards.level} with {wildcards.judge}"
    script:
        "../scripts/judge.py"


rule curate:
    input:
        unpack(PLAN.pool_embeddings),
        judged=PLAN.judged,
        shards=PLAN.generated_shards,
        more=PLAN.more_shards,
        data=PLAN.data,
        splits=PLAN.path("data/splits.parquet"),
        shifted=PLAN.shifted(),
        examples=PLAN.path("data/examples.parquet"),
    output:
        rows=PLAN.path("curated/{generator}/{pipeline}/{level}.parquet"),
        removed=PLAN.path("removed/{generator}/{pipeline}/{level}.parquet"),
        counts=PLAN.path("removed/counts/{generator}/{pipeline}/{level}.parquet"),
    log:
        PLAN.log("curate", "{generator}/{pipeline}/{level}"),
    benchmark:
        PLAN.benchmark("curate", "{generator}/{pipeline}/{level}")
    wildcard_constraints:
        pipeline=PLAN.pipelines_of("curate"),
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
