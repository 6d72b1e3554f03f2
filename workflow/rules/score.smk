"""Embeddings -> scores/..., tables/diversity.parquet, tables/shift.parquet."""


rule diversity:
    input:
        generated="<results>/embeddings/{embedder}/{generator}/{pipeline}/{level}/{draw}.parquet",
        reference=PLAN.sets.paths.reference,
        judge=PLAN.score.judge_model(),
    output:
        "<results>/scores/diversity/{embedder}/{generator}/{pipeline}/{level}/{draw}.parquet",
    log:
        "<results>/logs/diversity/{embedder}/{generator}/{pipeline}/{level}/{draw}.log",
    benchmark:
        "<results>/benchmarks/diversity/{embedder}/{generator}/{pipeline}/{level}/{draw}.jsonl"
    conda:
        "../../envs/core.yaml"
    threads: PLAN.resources.threads("score")
    resources:
        **PLAN.resources.of("score", "gpu", "gpu_share"),
    params:
        settings=PLAN.score.diversity_settings,
        content=PLAN.score.judge_content(),
        own=PLAN.score.own_measures("diversity"),
        running=PLAN.score.judge_running,
        code=code("diversity.py", *PLAN.score.code("diversity")),
    message:
        "Measure diversity of {wildcards.generator} {wildcards.pipeline} {wildcards.level} {wildcards.draw}"
    script:
        "../scripts/diversity.py"


rule shift:
    input:
        generated="<results>/embeddings/{embedder}/{generator}/{pipeline}/{level}/{draw}.parquet",
        reference=PLAN.sets.paths.reference,
    output:
        "<results>/scores/shift/{embedder}/{generator}/{pipeline}/{level}/{draw}.parquet",
    log:
        "<results>/logs/shift/{embedder}/{generator}/{pipeline}/{level}/{draw}.log",
    benchmark:
        "<results>/benchmarks/shift/{embedder}/{generator}/{pipeline}/{level}/{draw}.jsonl"
    conda:
        "../../envs/core.yaml"
    threads: PLAN.resources.threads("score")
    resources:
        **PLAN.resources.of("score", "gpu", "gpu_share"),
    params:
        settings=PLAN.score.shift_settings,
        store=PLAN.sets.paths.path(".floors"),
        own=PLAN.score.own_measures("shift"),
        code=code("shift.py", *PLAN.score.code("shift")),
    message:
        "Measure distribution shift of {wildcards.generator} {wildcards.pipeline} {wildcards.level} {wildcards.draw}"
    script:
        "../scripts/shift.py"


rule collect_scores:
    input:
        diversity=PLAN.score.parts("diversity"),
        shift=PLAN.score.parts("shift"),
        counts=PLAN.sets.of_sets(
            "removed/counts/{generator}/{pipeline}/{level}/{draw}.parquet"
        ),
    output:
        diversity="<results>/tables/diversity.parquet",
        shift="<results>/tables/shift.parquet",
        curation="<results>/tables/curation.parquet",
    log:
        "<results>/logs/collect_scores/collect.log",
    benchmark:
        "<results>/benchmarks/collect_scores/collect.jsonl"
    conda:
        "../../envs/core.yaml"
    threads: PLAN.resources.threads("score")
    resources:
        **PLAN.resources.of("score"),
    params:
        settings=PLAN.score.collect_settings(),
        code=code("collect_scores.py"),
    message:
        "Collect diversity, shift and curation"
    script:
        "../scripts/collect_scores.py"


rule similarity:
    input:
        PLAN.score.compared(),
    output:
        "<results>/tables/similarity.parquet",
    log:
        "<results>/logs/similarity/similarity.log",
    benchmark:
        "<results>/benchmarks/similarity/similarity.jsonl"
    conda:
        "../../envs/core.yaml"
    threads: PLAN.resources.threads("score")
    resources:
        **PLAN.resources.of("score"),
    params:
        settings=PLAN.score.collect_settings(),
        code=code("similarity.py"),
    message:
        "Compare the sets of several generators"
    script:
        "../scripts/similarity.py"
