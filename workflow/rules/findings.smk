"""Predictions, tables -> judged/{judge}/..., tables/scores.parquet, tables/findings.parquet, tables/hypotheses.parquet, tables/surface.parquet, tables/label_gains.parquet, findings.md."""


rule check_judge:
    input:
        data="<results>/data/<task>.parquet",
        splits=PLAN.sets.paths.splits_of(0),
        model=PLAN.curate.judge_model,
    output:
        "<results>/judged/{judge}/test.parquet",
    log:
        "<results>/logs/check_judge/{judge}.log",
    benchmark:
        "<results>/benchmarks/check_judge/{judge}.jsonl"
    conda:
        "../../envs/generate.yaml"
    threads: PLAN.resources.threads("generate")
    resources:
        **PLAN.resources.of("generate", "gpu", "gpu_share"),
    params:
        settings=PLAN.curate.judge_settings,
        content=PLAN.curate.judge_content,
        running=PLAN.engines.running,
        store=PLAN.sets.paths.path(".judged"),
        resume=PLAN.curate.judge_resume,
        code=lambda wildcards: code("check_judge.py", PLAN.engines.backend(wildcards)),
    message:
        "Ask {wildcards.judge} about right and wrong answers to test rows"
    script:
        "../scripts/check_judge.py"


rule judge_answers:
    input:
        runs=PLAN.finetune.runs,
        data="<results>/data/<task>.parquet",
        shifted=PLAN.sets.paths.shifted(),
        check="<results>/judged/{judge}/test.parquet",
        model=PLAN.curate.judge_model,
    output:
        "<results>/judged/{judge}/{arm}/{model}/r{replicate}/part-{part}.parquet",
    log:
        "<results>/logs/judge_answers/{judge}/{arm}/{model}/r{replicate}/part-{part}.log",
    benchmark:
        "<results>/benchmarks/judge_answers/{judge}/{arm}/{model}/r{replicate}/part-{part}.jsonl"
    conda:
        "../../envs/generate.yaml"
    threads: PLAN.resources.threads("generate")
    resources:
        **PLAN.resources.of("generate", "gpu", "gpu_share"),
    params:
        settings=PLAN.curate.judge_settings,
        content=PLAN.curate.judge_content,
        running=PLAN.engines.running,
        store=PLAN.sets.paths.path(".judged"),
        resume=PLAN.curate.judge_resume,
        code=lambda wildcards: code("judge_answers.py", PLAN.engines.backend(wildcards)),
    message:
        "Judge answers of {wildcards.model} on arm {wildcards.arm}, replicate {wildcards.replicate}, with {wildcards.judge}"
    script:
        "../scripts/judge_answers.py"


rule evaluate:
    input:
        **PLAN.findings.judged(),
        predictions=PLAN.findings.predictions(),
        grouped=PLAN.findings.grouped_rows(),
        answers=PLAN.alternatives.answers("few-shot"),
    output:
        **PLAN.findings.searched(),
        predictions="<results>/tables/predictions.parquet",
        scores="<results>/tables/scores.parquet",
        arms="<results>/tables/arms.parquet",
    log:
        "<results>/logs/evaluate/evaluate.log",
    benchmark:
        "<results>/benchmarks/evaluate/evaluate.jsonl"
    conda:
        "../../envs/core.yaml"
    threads: PLAN.resources.threads("findings")
    resources:
        **PLAN.resources.of("findings"),
    params:
        settings=PLAN.findings.evaluate_settings(),
        code=code("evaluate.py"),
    message:
        "Score all runs"
    script:
        "../scripts/evaluate.py"


rule findings:
    input:
        **PLAN.alternatives.table(),
        **PLAN.score.similarity(),
        predictions="<results>/tables/predictions.parquet",
        arms="<results>/tables/arms.parquet",
        diversity="<results>/tables/diversity.parquet",
        shift="<results>/tables/shift.parquet",
        generation="<results>/tables/generation.parquet",
        data="<results>/data/<task>.parquet",
        shifted=PLAN.sets.paths.shifted(),
        models=PLAN.findings.sized_folders(),
        perplexity=PLAN.loop.perplexities(),
        lm_eval=PLAN.findings.lm_evaluated(),
        lm_eval_items=PLAN.findings.lm_evaluated("lm_eval_items"),
    output:
        **PLAN.findings.collapse(),
        **PLAN.findings.lm_eval_tables(),
        findings="<results>/tables/findings.parquet",
        hypotheses="<results>/tables/hypotheses.parquet",
        surface="<results>/tables/surface.parquet",
        labels="<results>/tables/label_gains.parquet",
        text="<results>/findings.md",
    log:
        "<results>/logs/findings/findings.log",
    benchmark:
        "<results>/benchmarks/findings/findings.jsonl"
    conda:
        "../../envs/core.yaml"
    threads: PLAN.resources.threads("findings")
    resources:
        **PLAN.resources.of("findings"),
    params:
        settings=PLAN.findings.settings(),
        code=code("findings.py", *PLAN.findings.code()),
    message:
        "Compare every arm with real data alone"
    script:
        "../scripts/findings.py"
