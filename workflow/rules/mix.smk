"""Splits, curated rows -> mixes/{arm}/seed-{seed}.parquet: row ids and their source."""


rule mix:
    input:
        splits=PLAN.path("data/splits.parquet"),
        generated=PLAN.generated_set,
    output:
        PLAN.path("mixes/{arm}/seed-{seed}.parquet"),
    log:
        PLAN.log("mix", "{arm}/seed-{seed}"),
    benchmark:
        PLAN.benchmark("mix", "{arm}/seed-{seed}")
    conda:
        "../../envs/core.yaml"
    threads: PLAN.threads("mix")
    resources:
        mem_mb=PLAN.mem_mb("mix"),
        runtime=PLAN.runtime("mix"),
    params:
        settings=PLAN.mix_settings,
        code=code("mix.py"),
    message:
        "Mix arm {wildcards.arm}, seed {wildcards.seed}"
    script:
        "../scripts/mix.py"
