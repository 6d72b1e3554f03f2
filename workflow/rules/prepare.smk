"""Sources -> models/{source}/ (safetensors), data/{task}.parquet, data/splits.parquet (of folds: data/splits/), data/examples/."""


rule model:
    output:
        directory("<results>/models/{source}"),
    log:
        "<results>/logs/model/{source}.log",
    benchmark:
        "<results>/benchmarks/model/{source}.jsonl"
    conda:
        "../../envs/core.yaml"
    threads: PLAN.resources.threads("prepare")
    resources:
        **PLAN.resources.of("prepare"),
    params:
        settings=PLAN.prepare.model_settings,
        content=PLAN.prepare.model_content,
        code=code("model.py"),
    message:
        "Fetch model {wildcards.source}"
    script:
        "../scripts/model.py"


# `task` is made from `shifted` and not the reverse: a workflow that imports this one and leaves `task`
# out still has the parent.
rule shifted:
    output:
        "<results>/data/shifted/{shifted}.parquet",
    log:
        "<results>/logs/shifted/{shifted}.log",
    benchmark:
        "<results>/benchmarks/shifted/{shifted}.jsonl"
    conda:
        "../../envs/core.yaml"
    threads: PLAN.resources.threads("prepare")
    resources:
        **PLAN.resources.of("prepare"),
    params:
        settings=PLAN.prepare.shifted_settings,
        content=PLAN.prepare.shifted_content,
        code=code("task.py"),
    message:
        "Read the test set {wildcards.shifted}"
    script:
        "../scripts/task.py"


use rule shifted as task with:
    output:
        "<results>/data/<task>.parquet",
    log:
        "<results>/logs/task/task.log",
    benchmark:
        "<results>/benchmarks/task/task.jsonl"
    params:
        settings=PLAN.prepare.task_settings(),
        content=PLAN.prepare.task_content(),
    message:
        "Read the labelled text"


rule split:
    input:
        "<results>/data/<task>.parquet",
    output:
        "<results>/data/splits.parquet",
    log:
        "<results>/logs/split/split.log",
    benchmark:
        "<results>/benchmarks/split/split.jsonl"
    conda:
        "../../envs/core.yaml"
    threads: PLAN.resources.threads("prepare")
    resources:
        **PLAN.resources.of("prepare"),
    params:
        settings=PLAN.prepare.split_settings,
        code=code("split.py"),
    message:
        "Split the real rows"
    script:
        "../scripts/split.py"


use rule split as split_fold with:
    output:
        "<results>/data/splits/r{replicate}.parquet",
    log:
        "<results>/logs/split_fold/r{replicate}.log",
    benchmark:
        "<results>/benchmarks/split_fold/r{replicate}.jsonl"
    message:
        "Split the real rows of replicate {wildcards.replicate}"


rule examples:
    input:
        data="<results>/data/<task>.parquet",
        splits=PLAN.sets.paths.splits,
    output:
        "<results>/data/examples/{draw}.parquet",
    log:
        "<results>/logs/examples/{draw}.log",
    benchmark:
        "<results>/benchmarks/examples/{draw}.jsonl"
    conda:
        "../../envs/core.yaml"
    threads: PLAN.resources.threads("prepare")
    resources:
        **PLAN.resources.of("prepare"),
    params:
        settings=PLAN.prepare.examples_settings,
        code=code("examples.py"),
    message:
        "Set aside the real rows that generators see ({wildcards.draw})"
    script:
        "../scripts/examples.py"
