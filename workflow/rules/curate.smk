"""Shards -> curated/{generator}/{pipeline}/{level}/{draw}.parquet with exactly n rows, removed/..."""


rule judge:
    input:
        shards=PLAN.curate.shards,
        more=PLAN.curate.more_shards,
        examples="<results>/data/examples/{draw}.parquet",
        model=PLAN.curate.judge_model,
    output:
        "<results>/judged/{judge}/{generator}/{pipeline}/{level}/{draw}.parquet",
    log:
        "<results>/logs/judge/{judge}/{generator}/{pipeline}/{level}/{draw}.log",
    benchmark:
        "<results>/benchmarks/judge/{judge}/{generator}/{pipeline}/{level}/{draw}.jsonl"
    conda:
        "../../envs/generate.yaml"
    threads: PLAN.resources.threads("generate")
    resources:
        **PLAN.resources.of("generate", "gpu", "gpu_share"),
    params:
        settings=PLAN.curate.judge_settings,
        content=PLAN.curate.judge_content,
        running=PLAN.engines.running,
        resume=PLAN.curate.judge_resume,
        code=lambda wildcards: code("judge.py", PLAN.engines.backend(wildcards)),
    message:
        "Judge labels of {wildcards.generator} {wildcards.pipeline} {wildcards.level} {wildcards.draw} with {wildcards.judge}"
    script:
        "../scripts/judge.py"


rule curate:
    input:
        unpack(PLAN.curate.embeddings),
        judged=PLAN.curate.judged,
        shards=PLAN.curate.shards,
        more=PLAN.curate.more_shards,
        data="<results>/data/<task>.parquet",
        splits=PLAN.sets.paths.splits,
        shifted=PLAN.sets.paths.shifted(),
        examples="<results>/data/examples/{draw}.parquet",
    output:
        rows="<results>/curated/{generator}/{pipeline}/{level}/{draw}.parquet",
        removed="<results>/removed/{generator}/{pipeline}/{level}/{draw}.parquet",
        counts="<results>/removed/counts/{generator}/{pipeline}/{level}/{draw}.parquet",
    log:
        "<results>/logs/curate/{generator}/{pipeline}/{level}/{draw}.log",
    benchmark:
        "<results>/benchmarks/curate/{generator}/{pipeline}/{level}/{draw}.jsonl"
    wildcard_constraints:
        pipeline=PLAN.derive.pipelines("curate"),
    conda:
        "../../envs/core.yaml"
    threads: PLAN.resources.threads("curate")
    resources:
        **PLAN.resources.of("curate"),
    params:
        settings=PLAN.curate.settings,
        code=code("curate.py"),
    message:
        "Curate {wildcards.generator} {wildcards.pipeline} {wildcards.level} {wildcards.draw}"
    script:
        "../scripts/curate.py"
