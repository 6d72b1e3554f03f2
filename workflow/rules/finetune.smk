"""Rows, models -> runs/: the mix of each run, predictions of the test split, training log, lm-eval."""


rule finetune:
    input:
        data="<results>/data/<task>.parquet",
        splits=PLAN.sets.paths.splits,
        generated=PLAN.finetune.generated,
        shifted=PLAN.sets.paths.shifted(),
        model=PLAN.finetune.model,
    output:
        directory("<results>/runs/{arm}/{model}/r{replicate}/part-{part}"),
    log:
        "<results>/logs/finetune/{arm}/{model}/r{replicate}/part-{part}.log",
    benchmark:
        "<results>/benchmarks/finetune/{arm}/{model}/r{replicate}/part-{part}.jsonl"
    wildcard_constraints:
        model=PLAN.finetune.models("encoder"),
    conda:
        "../../envs/finetune.yaml"
    threads: PLAN.resources.threads("finetune")
    resources:
        **PLAN.resources.of("finetune", "gpu", "gpu_share", "checkpoint_minutes"),
    params:
        settings=PLAN.finetune.settings,
        seeds=PLAN.finetune.seeds,
        store=PLAN.sets.paths.path(".runs"),
        resume=PLAN.finetune.resume,
        tuned_models=PLAN.finetune.checkpoints,
        report_to=PLAN.finetune.report_to,
        events=PLAN.finetune.events,
        code=code("finetune.py", "mixtura.train.encoder"),
    message:
        "Fine-tune {wildcards.model} on arm {wildcards.arm}, replicate {wildcards.replicate}, seeds {params.seeds}"
    script:
        "../scripts/finetune.py"


use rule finetune as finetune_causal with:
    log:
        "<results>/logs/finetune_causal/{arm}/{model}/r{replicate}/part-{part}.log",
    benchmark:
        "<results>/benchmarks/finetune_causal/{arm}/{model}/r{replicate}/part-{part}.jsonl"
    wildcard_constraints:
        model=PLAN.finetune.models("causal-lm"),
    params:
        code=code("finetune.py", "mixtura.train.causal"),


use rule finetune as finetune_module with:
    log:
        "<results>/logs/finetune_module/{arm}/{model}/r{replicate}/part-{part}.log",
    benchmark:
        "<results>/benchmarks/finetune_module/{arm}/{model}/r{replicate}/part-{part}.jsonl"
    wildcard_constraints:
        model=PLAN.finetune.models("module"),
    params:
        tuned_models=None,
        file=PLAN.finetune.own_model,
        code=code("finetune.py", "mixtura.train.module"),
    message:
        "Fit {wildcards.model} on arm {wildcards.arm}, replicate {wildcards.replicate}, seeds {params.seeds}"


use rule finetune_module as finetune_setfit with:
    log:
        "<results>/logs/finetune_setfit/{arm}/{model}/r{replicate}/part-{part}.log",
    benchmark:
        "<results>/benchmarks/finetune_setfit/{arm}/{model}/r{replicate}/part-{part}.jsonl"
    wildcard_constraints:
        model=PLAN.finetune.models("setfit"),
    params:
        file=None,
        code=code("finetune.py", "mixtura.train.setfit"),


rule evaluate_lm:
    input:
        runs=PLAN.finetune.runs,
        model=PLAN.finetune.model,
    output:
        results="<results>/runs/{arm}/{model}/r{replicate}/seed-{seed}/lm_eval.parquet",
        scores="<results>/runs/{arm}/{model}/r{replicate}/seed-{seed}/lm_eval_items.parquet",
    log:
        "<results>/logs/evaluate_lm/{arm}/{model}/r{replicate}/seed-{seed}.log",
    benchmark:
        "<results>/benchmarks/evaluate_lm/{arm}/{model}/r{replicate}/seed-{seed}.jsonl"
    wildcard_constraints:
        model=PLAN.finetune.models("causal-lm"),
    conda:
        "../../envs/core.yaml"
    threads: PLAN.resources.threads("finetune")
    resources:
        **PLAN.resources.of("finetune", "gpu", "gpu_share"),
    params:
        settings=PLAN.finetune.lm_eval_settings,
        content=PLAN.finetune.own_tasks,
        tuned_model=PLAN.finetune.checkpoint,
        store=PLAN.sets.paths.path(".lm_eval"),
        code=code("evaluate_lm.py"),
    message:
        "Evaluate {wildcards.model} of arm {wildcards.arm}, replicate {wildcards.replicate}, seed {wildcards.seed}, with lm-eval"
    script:
        "../scripts/evaluate_lm.py"


rule probe:
    input:
        splits=PLAN.sets.paths.splits,
        real=PLAN.probe.real,
        generated=PLAN.probe.generated,
        shifted=PLAN.probe.shifted,
    output:
        predictions="<results>/runs/{model}/r{replicate}/seed-{seed}/predictions.parquet",
        mixes="<results>/runs/{model}/r{replicate}/seed-{seed}/mixes.parquet",
    log:
        "<results>/logs/probe/{model}/r{replicate}/seed-{seed}.log",
    benchmark:
        "<results>/benchmarks/probe/{model}/r{replicate}/seed-{seed}.jsonl"
    wildcard_constraints:
        model=PLAN.finetune.models("probe"),
    conda:
        "../../envs/core.yaml"
    threads: PLAN.resources.threads("probe")
    resources:
        **PLAN.resources.of("probe"),
    params:
        settings=PLAN.probe.settings,
        code=code("probe.py"),
    message:
        "Fit {wildcards.model} on every arm, replicate {wildcards.replicate}, seed {wildcards.seed}"
    script:
        "../scripts/probe.py"
