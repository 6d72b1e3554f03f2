"""Predictions, tables -> tables/scores.parquet, tables/findings.parquet, tables/hypotheses.parquet, findings.md."""


rule evaluate:
    input:
        PLAN.predictions(),
    output:
        **PLAN.searched(),
        predictions=PLAN.path("tables/predictions.parquet"),
        scores=PLAN.path("tables/scores.parquet"),
        arms=PLAN.path("tables/arms.parquet"),
    log:
        PLAN.log("evaluate", "evaluate"),
    benchmark:
        PLAN.benchmark("evaluate", "evaluate")
    conda:
        "../../envs/core.yaml"
    threads: PLAN.threads("findings")
    resources:
        mem_mb=PLAN.mem_mb("findings"),
        runtime=PLAN.runtime("findings"),
    params:
        settings=PLAN.evaluate_settings(),
        code=code("evaluate.py"),
    message:
        "Score all runs"
    script:
        "../scripts/evaluate.py"


rule findings:
    input:
        predictions=PLAN.path("tables/predictions.parquet"),
        arms=PLAN.path("tables/arms.parquet"),
        scores=PLAN.path("tables/scores.parquet"),
        diversity=PLAN.path("tables/diversity.parquet"),
        shift=PLAN.path("tables/shift.parquet"),
        generation=PLAN.path("tables/generation.parquet"),
        models=PLAN.sized_folders(),
        perplexity=PLAN.loop_perplexities(),
        lm_eval=PLAN.lm_evaluated(),
    output:
        **PLAN.collapse(),
        **PLAN.lm_eval_table(),
        table=PLAN.path("tables/findings.parquet"),
        hypotheses=PLAN.path("tables/hypotheses.parquet"),
        text=PLAN.path("findings.md"),
    log:
        PLAN.log("findings", "findings"),
    benchmark:
        PLAN.benchmark("findings", "findings")
    conda:
        "../../envs/core.yaml"
    threads: PLAN.threads("findings")
    resources:
        mem_mb=PLAN.mem_mb("findings"),
        runtime=PLAN.runtime("findings"),
    params:
        settings=PLAN.findings_settings(),
        code=code("findings.py", *PLAN.looping()),
    message:
        "Compare every arm with real data alone"
    script:
        "../scripts/findings.py"
