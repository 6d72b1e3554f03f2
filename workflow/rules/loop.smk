"""Mixes of a round -> tuned/{generator}/{pipeline}/{level}/{draw}/, the model that writes the next; perplexity/..."""


rule tune:
    input:
        data="<results>/data/<task>.parquet",
        splits=PLAN.sets.paths.splits,
        generated=PLAN.loop.generated,
        model=PLAN.loop.untuned_model,
    output:
        model=temp(directory("<results>/tuned/{generator}/{pipeline}/{level}/{draw}")),
        mix="<results>/loop/{generator}/{pipeline}/{level}/{draw}/mix.parquet",
        steps="<results>/loop/{generator}/{pipeline}/{level}/{draw}/steps.parquet",
    log:
        "<results>/logs/tune/{generator}/{pipeline}/{level}/{draw}.log",
    benchmark:
        "<results>/benchmarks/tune/{generator}/{pipeline}/{level}/{draw}.jsonl"
    conda:
        "../../envs/finetune.yaml"
    threads: PLAN.resources.threads("tune")
    resources:
        **PLAN.resources.of("tune", "gpu", "gpu_share", "checkpoint_minutes"),
    params:
        settings=PLAN.loop.tune_settings,
        resume=PLAN.loop.tune_resume,
        code=code("tune.py"),
    message:
        "Tune {wildcards.generator} for {wildcards.pipeline} {wildcards.level} {wildcards.draw}"
    script:
        "../scripts/tune.py"


rule perplexity:
    input:
        data="<results>/data/<task>.parquet",
        splits=PLAN.sets.paths.splits,
        model=PLAN.loop.tuned_model,
    output:
        "<results>/perplexity/{generator}/{pipeline}/{level}/{draw}.parquet",
    log:
        "<results>/logs/perplexity/{generator}/{pipeline}/{level}/{draw}.log",
    benchmark:
        "<results>/benchmarks/perplexity/{generator}/{pipeline}/{level}/{draw}.jsonl"
    conda:
        "../../envs/finetune.yaml"
    threads: PLAN.resources.threads("tune")
    resources:
        **PLAN.resources.of("tune", "gpu", "gpu_share"),
    params:
        settings=PLAN.loop.perplexity_settings,
        code=code("perplexity.py"),
    message:
        "Give real text to {wildcards.generator} of {wildcards.pipeline} {wildcards.level} {wildcards.draw}"
    script:
        "../scripts/perplexity.py"
