"""Predictions, tables -> tables/scores.parquet, tables/findings.parquet, tables/hypotheses.parquet, tables/surface.parquet, tables/label_gains.parquet, findings.md."""


rule evaluate:
    input:
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
