"""Rows, models -> runs/: the mix of each run, predictions of the test split, training log, lm-eval."""


rule finetune:
    input:
        data=PLAN.data,
        splits=PLAN.path("data/splits.parquet"),
        generated=PLAN.generated_set,
        shifted=PLAN.shifted(),
        model=PLAN.downstream_model,
    output:
        predictions=PLAN.path("runs/{arm}/{model}/seed-{seed}/predictions.parquet"),
        steps=PLAN.path("runs/{arm}/{model}/seed-{seed}/steps.parquet"),
        mix=PLAN.path("runs/{arm}/{model}/seed-{seed}/mix.parquet"),
    log:
        PLAN.log("finetune", "{arm}/{model}/seed-{seed}"),
    benchmark:
        PLAN.benchmark("finetune", "{arm}/{model}/seed-{seed}")
    wildcard_constraints:
        model=PLAN.models_of("encoder"),
    conda:
        "../../envs/finetune.yaml"
    threads: PLAN.threads("finetune")
    resources:
        mem_mb=PLAN.mem_mb("finetune"),
        runtime=PLAN.runtime("finetune"),
        gpu=PLAN.gpu("finetune"),
        checkpoint_minutes=PLAN.checkpoint_minutes("finetune"),
    params:
        settings=PLAN.finetune_settings,
        resume=PLAN.finetune_resume,
        kept=PLAN.kept_model,
        code=code("finetune.py"),
    message:
        "Fine-tune {wildcards.model} on arm {wildcards.arm}, seed {wildcards.seed}"
    script:
        "../scripts/finetune.py"


rule finetune_causal:
    input:
        data=PLAN.data,
        splits=PLAN.path("data/splits.parquet"),
        generated=PLAN.generated_set,
        shifted=PLAN.shifted(),
        model=PLAN.downstream_model,
    output:
        predictions=PLAN.path("runs/{arm}/{model}/seed-{seed}/predictions.parquet"),
        steps=PLAN.path("runs/{arm}/{model}/seed-{seed}/steps.parquet"),
        mix=PLAN.path("runs/{arm}/{model}/seed-{seed}/mix.parquet"),
    log:
        PLAN.log("finetune_causal", "{arm}/{model}/seed-{seed}"),
    benchmark:
        PLAN.benchmark("finetune_causal", "{arm}/{model}/seed-{seed}")
    wildcard_constraints:
        model=PLAN.models_of("causal-lm"),
    conda:
        "../../envs/finetune.yaml"
    threads: PLAN.threads("finetune")
    resources:
        mem_mb=PLAN.mem_mb("finetune"),
        runtime=PLAN.runtime("finetune"),
        gpu=PLAN.gpu("finetune"),
        checkpoint_minutes=PLAN.checkpoint_minutes("finetune"),
    params:
        settings=PLAN.finetune_settings,
        resume=PLAN.finetune_resume,
        kept=PLAN.kept_model,
        code=code("finetune_causal.py"),
    message:
        "Fine-tune {wildcards.model} on arm {wildcards.arm}, seed {wildcards.seed}"
    script:
        "../scripts/finetune_causal.py"


rule finetune_module:
    input:
        data=PLAN.data,
        splits=PLAN.path("data/splits.parquet"),
        generated=PLAN.generated_set,
        shifted=PLAN.shifted(),
        model=PLAN.downstream_model,
    output:
        predictions=PLAN.path("runs/{arm}/{model}/seed-{seed}/predictions.parquet"),
        mix=PLAN.path("runs/{arm}/{model}/seed-{seed}/mix.parquet"),
    log:
        PLAN.log("finetune_module", "{arm}/{model}/seed-{seed}"),
    benchmark:
        PLAN.benchmark("finetune_module", "{arm}/{model}/seed-{seed}")
    wildcard_constraints:
        model=PLAN.models_of("module"),
    conda:
        "../../envs/finetune.yaml"
    threads: PLAN.threads("finetune")
    resources:
        mem_mb=PLAN.mem_mb("finetune"),
        runtime=PLAN.runtime("finetune"),
        gpu=PLAN.gpu("finetune"),
    params:
        settings=PLAN.finetune_settings,
        file=PLAN.own_model,
        code=code("finetune_module.py"),
    message:
        "Fit {wildcards.model} on arm {wildcards.arm}, seed {wildcards.seed}"
    script:
        "../scripts/finetune_module.py"


rule evaluate_lm:
    input:
        predictions=PLAN.path("runs/{arm}/{model}/seed-{seed}/predictions.parquet"),
        model=PLAN.downstream_model,
        tasks=PLAN.own_tasks,
    output:
        PLAN.path("runs/{arm}/{model}/seed-{seed}/lm_eval.parquet"),
    log:
        PLAN.log("evaluate_lm", "{arm}/{model}/seed-{seed}"),
    benchmark:
        PLAN.benchmark("evaluate_lm", "{arm}/{model}/seed-{seed}")
    wildcard_constraints:
        model=PLAN.models_of("causal-lm"),
    conda:
        "../../envs/core.yaml"
    threads: PLAN.threads("finetune")
    resources:
        mem_mb=PLAN.mem_mb("finetune"),
        runtime=PLAN.runtime("finetune"),
        gpu=PLAN.gpu("finetune"),
    params:
        settings=PLAN.lm_eval_settings,
        kept=PLAN.kept_model,
        store=PLAN.path(".lm_eval"),
        code=code("evaluate_lm.py"),
    message:
        "Evaluate {wildcards.model} of arm {wildcards.arm}, seed {wildcards.seed}, with lm-eval"
    script:
        "../scripts/evaluate_lm.py"


rule probe:
    input:
        splits=PLAN.path("data/splits.parquet"),
        real=PLAN.probe_embeddings,
        generated=PLAN.probe_sets,
        shifted=PLAN.shifted_embeddings,
    output:
        predictions=PLAN.path("runs/{model}/seed-{seed}/predictions.parquet"),
        mixes=PLAN.path("runs/{model}/seed-{seed}/mixes.parquet"),
    log:
        PLAN.log("probe", "{model}/seed-{seed}"),
    benchmark:
        PLAN.benchmark("probe", "{model}/seed-{seed}")
    wildcard_constraints:
        model=PLAN.models_of("probe"),
    conda:
        "../../envs/core.yaml"
    threads: PLAN.threads("probe")
    resources:
        mem_mb=PLAN.mem_mb("probe"),
        runtime=PLAN.runtime("probe"),
    params:
        settings=PLAN.probe_settings,
        code=code("probe.py"),
    message:
        "Fit {wildcards.model} on every arm, seed {wildcards.seed}"
    script:
        "../scripts/probe.py"
