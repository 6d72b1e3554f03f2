"""Mixes, models -> runs/{arm}/{model}/seed-{seed}/: predictions of the test split, training log."""


rule finetune:
    input:
        data=PLAN.data,
        splits=PLAN.path("data/splits.parquet"),
        generated=PLAN.generated_set,
        mix=PLAN.path("mixes/{arm}/seed-{seed}.parquet"),
        model=PLAN.downstream_model,
    output:
        predictions=PLAN.path("runs/{arm}/{model}/seed-{seed}/predictions.parquet"),
        steps=PLAN.path("runs/{arm}/{model}/seed-{seed}/steps.parquet"),
    log:
        PLAN.log("finetune", "{arm}/{model}/seed-{seed}"),
    benchmark:
        PLAN.benchmark("finetune", "{arm}/{model}/seed-{seed}")
    conda:
        "../../envs/finetune.yaml"
    threads: PLAN.threads("finetune")
    resources:
        mem_mb=PLAN.mem_mb("finetune"),
        runtime=PLAN.runtime("finetune"),
        gpu=PLAN.gpu("finetune"),
    params:
        settings=PLAN.finetune_settings,
        code=code("finetune.py"),
    message:
        "Fine-tune {wildcards.model} on arm {wildcards.arm}, seed {wildcards.seed}"
    script:
        "../scripts/finetune.py"
