"""Sources -> models/{source}/ (safetensors), data/{task}.parquet, data/splits.parquet."""


rule model:
    output:
        directory(PLAN.path("models/{source}")),
    log:
        PLAN.log("model", "{source}"),
    benchmark:
        PLAN.benchmark("model", "{source}")
    conda:
        "../../envs/core.yaml"
    threads: PLAN.threads("prepare")
    resources:
        mem_mb=PLAN.mem_mb("prepare"),
        runtime=PLAN.runtime("prepare"),
    params:
        settings=PLAN.model_settings,
        code=code("model.py"),
    message:
        "Fetch model {wildcards.source}"
    script:
        "../scripts/model.py"


rule task:
    output:
        PLAN.data,
    log:
        PLAN.log("task", "task"),
    benchmark:
        PLAN.benchmark("task", "task")
    conda:
        "../../envs/core.yaml"
    threads: PLAN.threads("prepare")
    resources:
        mem_mb=PLAN.mem_mb("prepare"),
        runtime=PLAN.runtime("prepare"),
    params:
        settings=PLAN.data_settings(),
        code=code("task.py"),
    message:
        "Read the labelled text"
    script:
        "../scripts/task.py"


rule shifted:
    output:
        PLAN.path("data/shifted/{shifted}.parquet"),
    log:
        PLAN.log("shifted", "{shifted}"),
    benchmark:
        PLAN.benchmark("shifted", "{shifted}")
    conda:
        "../../envs/core.yaml"
    threads: PLAN.threads("prepare")
    resources:
        mem_mb=PLAN.mem_mb("prepare"),
        runtime=PLAN.runtime("prepare"),
    params:
        settings=PLAN.shifted_settings,
        code=code("task.py"),
    message:
        "Read the test set {wildcards.shifted}"
    script:
        "../scripts/task.py"


rule split:
    input:
        PLAN.data,
    output:
        splits=PLAN.path("data/splits.parquet"),
        examples=PLAN.path("data/examples.parquet"),
    log:
        PLAN.log("split", "split"),
    benchmark:
        PLAN.benchmark("split", "split")
    conda:
        "../../envs/core.yaml"
    threads: PLAN.threads("prepare")
    resources:
        mem_mb=PLAN.mem_mb("prepare"),
        runtime=PLAN.runtime("prepare"),
    params:
        settings=PLAN.split_settings(),
        code=code("split.py"),
    message:
        "Split the real rows"
    script:
        "../scripts/split.py"
