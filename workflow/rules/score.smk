"""Curated text -> embeddings/..., scores/..., tables/diversity.parquet, tables/shift.parquet."""


rule embed_real:
    input:
        rows=PLAN.data,
        splits=PLAN.path("data/splits.parquet"),
        model=PLAN.path("models/{embedder}"),
    output:
        PLAN.path("embeddings/{embedder}/{real}.parquet"),
    log:
        PLAN.log("embed_real", "{embedder}/{real}"),
    benchmark:
        PLAN.benchmark("embed_real", "{embedder}/{real}")
    wildcard_constraints:
        real="reference|task",
    conda:
        "../../envs/core.yaml"
    threads: PLAN.threads("embed")
    resources:
        mem_mb=PLAN.mem_mb("embed"),
        runtime=PLAN.runtime("embed"),
        gpu=PLAN.gpu("embed"),
    params:
        settings=PLAN.embed_settings(),
        store=PLAN.path(".embeddings"),
        splits=PLAN.real_splits,
        code=code("embed.py"),
    message:
        "Embed real rows ({wildcards.real}) with {wildcards.embedder}"
    script:
        "../scripts/embed.py"


rule embed_shifted:
    input:
        rows=PLAN.path("data/shifted/{shifted}.parquet"),
        model=PLAN.path("models/{embedder}"),
    output:
        PLAN.path("embeddings/{embedder}/shifted/{shifted}.parquet"),
    log:
        PLAN.log("embed_shifted", "{embedder}/{shifted}"),
    benchmark:
        PLAN.benchmark("embed_shifted", "{embedder}/{shifted}")
    conda:
        "../../envs/core.yaml"
    threads: PLAN.threads("embed")
    resources:
        mem_mb=PLAN.mem_mb("embed"),
        runtime=PLAN.runtime("embed"),
        gpu=PLAN.gpu("embed"),
    params:
        settings=PLAN.embed_settings(),
        store=PLAN.path(".embeddings"),
        code=code("embed.py"),
    message:
        "Embed the test set {wildcards.shifted} with {wildcards.embedder}"
    script:
        "../scripts/embed.py"


rule embed:
    input:
        rows=PLAN.path("curated/{generator}/{pipeline}/{level}.parquet"),
        model=PLAN.path("models/{embedder}"),
    output:
        PLAN.path("embeddings/{embedder}/{generator}/{pipeline}/{level}.parquet"),
    log:
        PLAN.log("embed", "{embedder}/{generator}/{pipeline}/{level}"),
    benchmark:
        PLAN.benchmark("embed", "{embedder}/{generator}/{pipeline}/{level}")
    conda:
        "../../envs/core.yaml"
    threads: PLAN.threads("embed")
    resources:
        mem_mb=PLAN.mem_mb("embed"),
        runtime=PLAN.runtime("embed"),
        gpu=PLAN.gpu("embed"),
    params:
        settings=PLAN.embed_settings(),
        store=PLAN.path(".embeddings"),
        code=code("embed.py"),
    message:
        "Embed {wildcards.generator} {wildcards.pipeline} {wildcards.level} with {wildcards.embedder}"
    script:
        "../scripts/embed.py"


rule diversity:
    input:
        generated=PLAN.path(
            "embeddings/{embedder}/{generator}/{pipeline}/{level}.parquet"
        ),
        reference=PLAN.path("embeddings/{embedder}/reference.parquet"),
        judge=PLAN.judge_model(),
    output:
        PLAN.path("scores/diversity/{embedder}/{generator}/{pipeline}/{level}.parquet"),
    log:
        PLAN.log("diversity", "{embedder}/{generator}/{pipeline}/{level}"),
    benchmark:
        PLAN.benchmark("diversity", "{embedder}/{generator}/{pipeline}/{level}")
    conda:
        "../../envs/core.yaml"
    threads: PLAN.threads("score")
    resources:
        mem_mb=PLAN.mem_mb("score"),
        runtime=PLAN.runtime("score"),
        gpu=PLAN.gpu("score"),
    params:
        settings=PLAN.measure_settings("diversity"),
        own=PLAN.own_measures("diversity"),
        running=PLAN.judge_running,
        code=code("diversity.py", *PLAN.measuring("diversity")),
    message:
        "Measure diversity of {wildcards.generator} {wildcards.pipeline} {wildcards.level}"
    script:
        "../scripts/diversity.py"


rule shift:
    input:
        generated=PLAN.path(
            "embeddings/{embedder}/{generator}/{pipeline}/{level}.parquet"
        ),
        reference=PLAN.path("embeddings/{embedder}/reference.parquet"),
    output:
        PLAN.path("scores/shift/{embedder}/{generator}/{pipeline}/{level}.parquet"),
    log:
        PLAN.log("shift", "{embedder}/{generator}/{pipeline}/{level}"),
    benchmark:
        PLAN.benchmark("shift", "{embedder}/{generator}/{pipeline}/{level}")
    conda:
        "../../envs/core.yaml"
    threads: PLAN.threads("score")
    resources:
        mem_mb=PLAN.mem_mb("score"),
        runtime=PLAN.runtime("score"),
        gpu=PLAN.gpu("score"),
    params:
        settings=PLAN.measure_settings("shift"),
        own=PLAN.own_measures("shift"),
        code=code("shift.py", *PLAN.measuring("shift")),
    message:
        "Measure distribution shift of {wildcards.generator} {wildcards.pipeline} {wildcards.level}"
    script:
        "../scripts/shift.py"


rule collect_scores:
    input:
        diversity=PLAN.scores_of("diversity"),
        shift=PLAN.scores_of("shift"),
        counts=PLAN.of_sets("removed/counts/{generator}/{pipeline}/{level}.parquet"),
    output:
        diversity=PLAN.path("tables/diversity.parquet"),
        shift=PLAN.path("tables/shift.parquet"),
        curation=PLAN.path("tables/curation.parquet"),
    log:
        PLAN.log("collect_scores", "collect"),
    benchmark:
        PLAN.benchmark("collect_scores", "collect")
    conda:
        "../../envs/core.yaml"
    threads: PLAN.threads("score")
    resources:
        mem_mb=PLAN.mem_mb("score"),
        runtime=PLAN.runtime("score"),
    params:
        settings=PLAN.collect_settings(),
        code=code("collect_scores.py"),
    message:
        "Collect diversity, shift and curation"
    script:
        "../scripts/collect_scores.py"
