"""Real rows, a generator -> answers/{generator}/{draw}/..., curated/... of no dial, tables/alternatives.parquet."""


rule classify:
    input:
        data="<results>/data/<task>.parquet",
        splits=PLAN.sets.paths.splits,
        shifted=PLAN.sets.paths.shifted(),
        examples="<results>/data/examples/{draw}.parquet",
        model=PLAN.alternatives.model,
    output:
        answers="<results>/answers/{generator}/{draw}/{rows}.parquet",
        stats="<results>/logs/classify/{generator}/{draw}/{rows}.json",
    log:
        "<results>/logs/classify/{generator}/{draw}/{rows}.log",
    benchmark:
        "<results>/benchmarks/classify/{generator}/{draw}/{rows}.jsonl"
    wildcard_constraints:
        rows="test|unlabelled",
    conda:
        "../../envs/generate.yaml"
    threads: PLAN.resources.threads("generate")
    resources:
        **PLAN.resources.of("generate", "gpu", "gpu_share"),
    params:
        settings=PLAN.alternatives.settings,
        content=PLAN.alternatives.content,
        running=PLAN.engines.running,
        resume=PLAN.alternatives.resume,
        code=lambda wildcards: code("classify.py", PLAN.engines.backend(wildcards)),
    message:
        "Label {wildcards.rows} rows with {wildcards.generator}, after real rows of {wildcards.draw}"
    script:
        "../scripts/classify.py"


rule label:
    input:
        data="<results>/data/<task>.parquet",
        answers="<results>/answers/{generator}/{draw}/unlabelled.parquet",
    output:
        "<results>/curated/{generator}/labelled/alternative/{draw}.parquet",
    log:
        "<results>/logs/label/{generator}/{draw}.log",
    benchmark:
        "<results>/benchmarks/label/{generator}/{draw}.jsonl"
    conda:
        "../../envs/core.yaml"
    threads: PLAN.resources.threads("curate")
    resources:
        **PLAN.resources.of("curate"),
    params:
        settings=PLAN.alternatives.labelled_settings,
        code=code("label.py"),
    message:
        "Take text that {wildcards.generator} labelled as a set, {wildcards.draw}"
    script:
        "../scripts/label.py"


rule translate:
    input:
        examples="<results>/data/examples/{draw}.parquet",
        model=PLAN.alternatives.translating_models,
    output:
        rows="<results>/curated/{generator}/back-translation/alternative/{draw}.parquet",
        answers="<results>/answers/{generator}/{draw}/real.parquet",
        stats="<results>/logs/translate/{generator}/{draw}/real.json",
    log:
        "<results>/logs/translate/{generator}/{draw}/real.log",
    benchmark:
        "<results>/benchmarks/translate/{generator}/{draw}/real.jsonl"
    conda:
        "../../envs/generate.yaml"
    threads: PLAN.resources.threads("generate")
    resources:
        **PLAN.resources.of("generate", "gpu", "gpu_share"),
    params:
        settings=PLAN.alternatives.translate_settings,
        content=PLAN.alternatives.content,
        running=PLAN.engines.running,
        resume=PLAN.alternatives.translate_resume,
        code=lambda wildcards: code("translate.py", PLAN.engines.backend(wildcards)),
    message:
        "Translate real rows of {wildcards.draw} there and back with {wildcards.generator}"
    script:
        "../scripts/translate.py"


rule augment:
    input:
        examples="<results>/data/examples/{draw}.parquet",
    output:
        "<results>/curated/words/eda/alternative/{draw}.parquet",
    log:
        "<results>/logs/augment/{draw}.log",
    benchmark:
        "<results>/benchmarks/augment/{draw}.jsonl"
    conda:
        "../../envs/core.yaml"
    threads: PLAN.resources.threads("curate")
    resources:
        **PLAN.resources.of("curate"),
    params:
        settings=PLAN.alternatives.eda_settings,
        code=code("augment.py"),
    message:
        "Change words of the real rows of {wildcards.draw}"
    script:
        "../scripts/augment.py"


rule collect_alternatives:
    input:
        answers=PLAN.alternatives.answers("few-shot", "labelled", "back-translation"),
        stats=PLAN.alternatives.stats(),
    output:
        "<results>/tables/alternatives.parquet",
    log:
        "<results>/logs/collect_alternatives/collect.log",
    benchmark:
        "<results>/benchmarks/collect_alternatives/collect.jsonl"
    conda:
        "../../envs/core.yaml"
    threads: PLAN.resources.threads("findings")
    resources:
        **PLAN.resources.of("findings"),
    params:
        settings=PLAN.alternatives.collect_settings(),
        code=code("collect_alternatives.py"),
    message:
        "Sum up what labels and translations of a generator took"
    script:
        "../scripts/collect_alternatives.py"
