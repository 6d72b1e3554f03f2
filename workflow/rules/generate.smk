"""Examples, model -> generated/{generator}/{pipeline}/{level}/{shard}.parquet, rejected/..."""


rule generate:
    input:
        examples=PLAN.path("data/examples.parquet"),
        model=PLAN.generator_model,
        lines=PLAN.lines,
    output:
        rows=PLAN.path("generated/{generator}/{pipeline}/{level}/{shard}.parquet"),
        rejected=PLAN.path("rejected/{generator}/{pipeline}/{level}/{shard}.parquet"),
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
        resume=PLAN.generate_resume,
        code=code("generate.py"),
    message:
        "Generate {wildcards.pipeline} {wildcards.level} shard {wildcards.shard} with {wildcards.generator}"
    script:
        "../scripts/generate.py"
