"""Examples, model -> generated/{generator}/{pipeline}/{level}/{shard}.parquet, rejected/..., tables/generation.parquet"""


rule topics:
    input:
        examples=PLAN.path("data/examples.parquet"),
        model=PLAN.generator_model,
    output:
        PLAN.path("data/topics/{generator}/{pipeline}.txt"),
    log:
        PLAN.log("topics", "{generator}/{pipeline}"),
    benchmark:
        PLAN.benchmark("topics", "{generator}/{pipeline}")
    conda:
        "../../envs/generate.yaml"
    threads: PLAN.threads("generate")
    resources:
        mem_mb=PLAN.mem_mb("generate"),
        runtime=PLAN.runtime("generate"),
        gpu=PLAN.gpu("generate"),
    params:
        settings=PLAN.topics_settings,
        running=PLAN.running,
        resume=PLAN.topics_resume,
        code=lambda wildcards: code("write_topics.py", PLAN.backend(wildcards)),
    message:
        "Write topics of {wildcards.pipeline} with {wildcards.generator}"
    script:
        "../scripts/write_topics.py"


rule generate:
    input:
        examples=PLAN.shown,
        model=PLAN.generator_model,
        lines=PLAN.lines,
    output:
        rows=PLAN.path("generated/{generator}/{pipeline}/{level}/{shard}.parquet"),
        rejected=PLAN.path("rejected/{generator}/{pipeline}/{level}/{shard}.parquet"),
        stats=PLAN.stats("generate", "{generator}/{pipeline}/{level}/{shard}"),
    log:
        PLAN.log("generate", "{generator}/{pipeline}/{level}/{shard}"),
    benchmark:
        PLAN.benchmark("generate", "{generator}/{pipeline}/{level}/{shard}")
    conda:
        "../../envs/generate.yaml"
    threads: PLAN.threads("generate")
    resources:
        mem_mb=PLAN.mem_mb("generate"),
        runtime=PLAN.runtime("generate"),
        gpu=PLAN.gpu("generate"),
    params:
        settings=PLAN.generate_settings,
        running=PLAN.running,
        resume=PLAN.generate_resume,
        code=lambda wildcards: code(
            "generate.py", PLAN.dial(wildcards), PLAN.backend(wildcards)
        ),
    message:
        "Generate {wildcards.pipeline} {wildcards.level} shard {wildcards.shard} with {wildcards.generator}"
    script:
        "../scripts/generate.py"


rule top_up:
    input:
        shards=PLAN.generated_shards,
        data=PLAN.data,
        splits=PLAN.path("data/splits.parquet"),
        shifted=PLAN.shifted(),
        examples=PLAN.path("data/examples.parquet"),
        model=PLAN.generator_model,
        lines=PLAN.lines,
    output:
        rows=directory(PLAN.path("generated/{generator}/{pipeline}/{level}/more")),
        rejected=directory(PLAN.path("rejected/{generator}/{pipeline}/{level}/more")),
        stats=PLAN.stats("top_up", "{generator}/{pipeline}/{level}"),
    log:
        PLAN.log("top_up", "{generator}/{pipeline}/{level}"),
    benchmark:
        PLAN.benchmark("top_up", "{generator}/{pipeline}/{level}")
    conda:
        "../../envs/generate.yaml"
    threads: PLAN.threads("generate")
    resources:
        mem_mb=PLAN.mem_mb("generate"),
        runtime=PLAN.runtime("generate"),
        gpu=PLAN.gpu("generate"),
    params:
        settings=PLAN.top_up_settings,
        running=PLAN.running,
        resume=PLAN.top_up_resume,
        code=lambda wildcards: code(
            "top_up.py", PLAN.dial(wildcards), PLAN.backend(wildcards)
        ),
    message:
        "Top up {wildcards.generator} {wildcards.pipeline} {wildcards.level} where rows are short"
    script:
        "../scripts/top_up.py"


rule collect_generation:
    input:
        **PLAN.generation_stats(),
    output:
        PLAN.path("tables/generation.parquet"),
    log:
        PLAN.log("collect_generation", "collect"),
    benchmark:
        PLAN.benchmark("collect_generation", "collect")
    conda:
        "../../envs/core.yaml"
    threads: PLAN.threads("findings")
    resources:
        mem_mb=PLAN.mem_mb("findings"),
        runtime=PLAN.runtime("findings"),
    params:
        settings=PLAN.generation_settings(),
        code=code("collect_generation.py"),
    message:
        "Sum up what generation took"
    script:
        "../scripts/collect_generation.py"
