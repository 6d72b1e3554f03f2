"""Examples, model -> generated/{generator}/{pipeline}/{level}/{draw}/{shard}.parquet, rejected/..., tables/generation.parquet"""


rule topics:
    input:
        examples="<results>/data/examples/{draw}.parquet",
        model=PLAN.generate.model,
    output:
        "<results>/data/topics/{generator}/{pipeline}/{draw}.txt",
    log:
        "<results>/logs/topics/{generator}/{pipeline}/{draw}.log",
    benchmark:
        "<results>/benchmarks/topics/{generator}/{pipeline}/{draw}.jsonl"
    conda:
        "../../envs/generate.yaml"
    threads: PLAN.resources.threads("generate")
    resources:
        **PLAN.resources.of("generate", "gpu", "gpu_share"),
    params:
        settings=PLAN.generate.topics_settings,
        content=PLAN.generate.content,
        running=PLAN.engines.running,
        resume=PLAN.generate.topics_resume,
        code=lambda wildcards: code("topics.py", PLAN.engines.backend(wildcards)),
    message:
        "Write topics of {wildcards.pipeline} with {wildcards.generator}"
    script:
        "../scripts/topics.py"


rule generate:
    input:
        examples=PLAN.generate.examples,
        model=PLAN.generate.model,
        lines=PLAN.generate.lines,
    output:
        rows="<results>/generated/{generator}/{pipeline}/{level}/{draw}/{shard}.parquet",
        rejected="<results>/rejected/{generator}/{pipeline}/{level}/{draw}/{shard}.parquet",
        stats="<results>/logs/generate/{generator}/{pipeline}/{level}/{draw}/{shard}.json",
    log:
        "<results>/logs/generate/{generator}/{pipeline}/{level}/{draw}/{shard}.log",
    benchmark:
        "<results>/benchmarks/generate/{generator}/{pipeline}/{level}/{draw}/{shard}.jsonl"
    conda:
        "../../envs/generate.yaml"
    threads: PLAN.resources.threads("generate")
    resources:
        **PLAN.resources.of("generate", "gpu", "gpu_share"),
    params:
        settings=PLAN.generate.settings,
        content=PLAN.generate.content,
        running=PLAN.generate.running,
        resume=PLAN.generate.resume,
        store=PLAN.sets.paths.path(".shards"),
        code=lambda wildcards: code(
            "generate.py",
            PLAN.generate.dial(wildcards),
            PLAN.engines.backend(wildcards),
        ),
    message:
        "Generate {wildcards.pipeline} {wildcards.level} {wildcards.draw} shard {wildcards.shard} with {wildcards.generator}"
    script:
        "../scripts/generate.py"


rule top_up:
    input:
        shards=PLAN.curate.shards,
        data="<results>/data/<task>.parquet",
        splits=PLAN.sets.paths.splits,
        shifted=PLAN.sets.paths.shifted(),
        examples="<results>/data/examples/{draw}.parquet",
        model=PLAN.generate.model,
        lines=PLAN.generate.lines,
    output:
        rows=directory("<results>/generated/{generator}/{pipeline}/{level}/{draw}/more"),
        rejected=directory(
            "<results>/rejected/{generator}/{pipeline}/{level}/{draw}/more"
        ),
        stats="<results>/logs/top_up/{generator}/{pipeline}/{level}/{draw}.json",
    log:
        "<results>/logs/top_up/{generator}/{pipeline}/{level}/{draw}.log",
    benchmark:
        "<results>/benchmarks/top_up/{generator}/{pipeline}/{level}/{draw}.jsonl"
    conda:
        "../../envs/generate.yaml"
    threads: PLAN.resources.threads("generate")
    resources:
        **PLAN.resources.of("generate", "gpu", "gpu_share"),
    params:
        settings=PLAN.generate.top_up_settings,
        content=PLAN.generate.content,
        running=PLAN.generate.running,
        resume=PLAN.generate.top_up_resume,
        store=PLAN.sets.paths.path(".shards"),
        code=lambda wildcards: code(
            "top_up.py",
            PLAN.generate.dial(wildcards),
            PLAN.engines.backend(wildcards),
        ),
    message:
        "Top up {wildcards.generator} {wildcards.pipeline} {wildcards.level} {wildcards.draw} where rows are short"
    script:
        "../scripts/top_up.py"


rule collect_generation:
    input:
        **PLAN.generate.stats(),
    output:
        "<results>/tables/generation.parquet",
    log:
        "<results>/logs/collect_generation/collect.log",
    benchmark:
        "<results>/benchmarks/collect_generation/collect.jsonl"
    conda:
        "../../envs/core.yaml"
    threads: PLAN.resources.threads("findings")
    resources:
        **PLAN.resources.of("findings"),
    params:
        settings=PLAN.generate.collect_settings(),
        code=code("collect_generation.py"),
    message:
        "Sum up what generation took"
    script:
        "../scripts/collect_generation.py"
