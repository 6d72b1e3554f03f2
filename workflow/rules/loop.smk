"""Mixes of a round -> tuned/{generator}/{pipeline}/{level}/, the model that writes the next; perplexity/..."""


rule tune:
    input:
        data=PLAN.data,
        splits=PLAN.path("data/splits.parquet"),
        generated=PLAN.tuned_on,
        model=PLAN.untuned_model,
    output:
        model=temp(directory(PLAN.path("tuned/{generator}/{pipeline}/{level}"))),
        mix=PLAN.path("loop/{generator}/{pipeline}/{level}/mix.parquet"),
        steps=PLAN.path("loop/{generator}/{pipeline}/{level}/steps.parquet"),
    log:
        PLAN.log("tune", "{generator}/{pipeline}/{level}"),
    benchmark:
        PLAN.benchmark("tune", "{generator}/{pipeline}/{level}")
    conda:
        "../../envs/finetune.yaml"
    threads: PLAN.threads("tune")
    resources:
        mem_mb=PLAN.mem_mb("tune"),
        runtime=PLAN.runtime("tune"),
        gpu=PLAN.gpu("tune"),
        checkpoint_minutes=PLAN.checkpoint_minutes("tune"),
    params:
        settings=PLAN.tune_settings,
        resume=PLAN.tune_resume,
        code=code("tune.py"),
    message:
        "Tune {wildcards.generator} for {wildcards.pipeline} {wildcards.level}"
    script:
        "../scripts/tune.py"


rule perplexity:
    input:
        data=PLAN.data,
        splits=PLAN.path("data/splits.parquet"),
        model=PLAN.tuned_model,
    output:
        PLAN.path("perplexity/{generator}/{pipeline}/{level}.parquet"),
    log:
        PLAN.log("perplexity", "{generator}/{pipeline}/{level}"),
    benchmark:
        PLAN.benchmark("perplexity", "{generator}/{pipeline}/{level}")
    conda:
        "../../envs/finetune.yaml"
    threads: PLAN.threads("tune")
    resources:
        mem_mb=PLAN.mem_mb("tune"),
        runtime=PLAN.runtime("tune"),
        gpu=PLAN.gpu("tune"),
    params:
        settings=PLAN.perplexity_settings,
        code=code("perplexity.py"),
    message:
        "Give real text to {wildcards.generator} of {wildcards.pipeline} {wildcards.level}"
    script:
        "../scripts/perplexity.py"
