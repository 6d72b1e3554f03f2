"""The tables of scores, comparisons and tests."""

import dataframely as dy

from mixtura.core.tables import Table
from mixtura.train.tables import LIKELIHOOD, Answers, LmEvalResults, OfRun

LABELS = {"only": "tasks of kind classification"}
ORDERED = {"only": "tasks of ordered labels"}
ANSWERS = {"only": "tasks of kind qa"}


class OfArm(Table):
    """The columns of an arm in a design, which stand first in every table about arms."""

    arm = dy.String(nullable=False, description="name of the arm: a digest of its settings")
    design = dy.String(nullable=False, description="design that it is a point of")
    generator = dy.String(nullable=True, description="generator of its rows; null: real rows alone")
    pipeline = dy.String(nullable=True, description="pipeline of its rows")
    level = dy.String(nullable=True, description="level of its rows")
    shown = dy.Int64(
        nullable=True, description="real rows that its generator saw; null: no generated rows"
    )
    n_real = dy.Int64(description="real rows")
    n_generated = dy.Int64(description="generated rows")


class Arms(OfArm, file="tables/arms.parquet"):
    """The index of the arms: one row for each arm in each design."""

    share = dy.Float64(description="generated rows of all rows")
    rows = dy.Int64(description="rows of one pass, repeated rows counted each time")
    baseline = dy.String(nullable=True, description="arm of real rows alone that it is compared to")
    control = dy.String(
        nullable=True,
        description="arm of repeated real rows that it is compared to; of a loop, round 0",
    )
    real_passes = dy.Float64(
        nullable=True,
        description="how often its trainings (of scores: the run) saw each real row; null: none, "
        "no training by steps, or not the same in all",
    )
    generated_passes = dy.Float64(nullable=True, description="the same of each generated row")


class Alternatives(Table, file="tables/alternatives.parquet"):
    """What the labels and translations of a generator took, that alternatives need."""

    arm = dy.String(primary_key=True, description="arm of the alternative")
    pipeline = dy.String(
        description="few-shot: labels of test rows; labelled: of unlabelled text; "
        "back-translation: translations of real rows"
    )
    generator = dy.String(description="generator that gives labels or translations")
    n_real = dy.Int64(description="real rows that its prompts draw from")
    replicate = dy.Int64(primary_key=True, description="number of the replicate")
    answers = dy.Int64(description="rows that it was asked about")
    unanswered = dy.Int64(description="of these, answers without a label or new text")
    prompt_tokens = dy.Int64(description="length of all prompts", metadata={"unit": "tokens"})
    cached_tokens = dy.Int64(
        description="of these, what servers had read before", metadata={"unit": "tokens"}
    )
    new_tokens = dy.Int64(description="length of all answers", metadata={"unit": "tokens"})
    reasoning_tokens = dy.Int64(
        description="of these, what was written before answers", metadata={"unit": "tokens"}
    )
    gpu_hours = dy.Float64(description="time of the job times GPUs", metadata={"unit": "hours"})
    cpu_hours = dy.Float64(description="time of the job times cores", metadata={"unit": "hours"})
    cost = dy.Float64(
        nullable=True,
        description="cost of tokens and hours in the currency of the prices, null without prices",
    )


class Scores(Arms, file="tables/scores.parquet"):
    """The scores of every run: one row for each run, design of its arm, test set and metric."""

    model = dy.String(nullable=False, description="downstream model")
    replicate = dy.Int64(description="number of the replicate")
    seed = dy.Int64(description="seed of the run")
    test = dy.String(nullable=False, description='name of the test set, "test": of the task')
    metric = dy.String(nullable=False, description="name of the metric")
    value = dy.Float64(allow_inf=True, description="the score", metadata={"unit": "of the metric"})
    low = dy.Float64(
        allow_nan=True, allow_inf=True, description="lower end of the 95 % interval over test items"
    )
    high = dy.Float64(allow_nan=True, allow_inf=True, description="upper end of this interval")
    n = dy.Int64(description="test items")


class ItemPredictions(OfRun, file="tables/predictions.parquet"):
    """The predictions of all runs, with the numbers that metrics read."""

    test = dy.String(primary_key=True, description="name of the test set")
    id = dy.String(primary_key=True, description="id of the row")
    group = dy.String(
        metadata=ANSWERS, description="first row of its passage: rows of a group count as one"
    )
    gold = Answers(
        description="right label or answer; of kind qa, the first right answer, empty where "
        "there is none; of kind multilabel, the labels"
    )
    predicted = Answers(
        nullable=True, description="predicted label or answer; of kind multilabel, the labels"
    )
    log_loss = dy.Float64(
        metadata={**LABELS, "unit": "nats"},
        description="negative log-probability of the right label",
    )
    confidence = dy.Float64(metadata=LABELS, description="probability of the predicted label")
    right = dy.Float64(metadata=LABELS, description="1 where the prediction is right, else 0")
    gold_rank = dy.Float64(metadata=ORDERED, description="rank of the right label")
    predicted_rank = dy.Float64(metadata=ORDERED, description="rank of the predicted label")
    nll = dy.Float64(
        metadata={**LIKELIHOOD, "unit": "nats"},
        description="negative log-likelihood of the real response or text",
    )
    tokens = dy.Int64(metadata=LIKELIHOOD, description="tokens of the real response or text")
    rouge_l = dy.Float64(
        metadata={"only": "tasks of kind instruction"},
        description="ROUGE-L of the response, F1 of words",
    )
    judge_score = dy.Float64(
        metadata={"only": "tasks with `evaluation.judge`"},
        description="score of the judge, 1 to 5 brought to 0 to 1; 0 where it gives none",
    )
    token_f1 = dy.Float64(metadata=ANSWERS, description="F1 of the words of the answer")
    exact_match = dy.Float64(metadata=ANSWERS, description="1 where the answer is right, else 0")
    has_answer = dy.Float64(
        metadata={"only": "tasks with `unanswerable`"},
        description="1 where the question has an answer, else 0",
    )


class JudgedAnswers(OfRun, file="judged/JUDGE/ARM/MODEL/rREPLICATE/part-PART.parquet"):
    """What the judge of `evaluation` says of the answers of the runs of a job."""

    test = dy.String(primary_key=True, description="name of the test set")
    id = dy.String(primary_key=True, description="id of the row")
    judged = dy.String(description="score from 1 to 5, empty where the judge names none")
    reason = dy.String(nullable=True, description="why there is none, null where there is one")
    prompt_tokens = dy.Int64(description="length of the prompt", metadata={"unit": "tokens"})
    new_tokens = dy.Int64(
        description="length of what the judge writes", metadata={"unit": "tokens"}
    )


class Searches(Table, file="tables/search.parquet"):
    """The settings that runs tried on the development split, one row a run and setting."""

    arm = dy.String(nullable=False, description="arm of the run")
    model = dy.String(nullable=False, description="downstream model of the run")
    replicate = dy.Int64(description="number of the replicate")
    seed = dy.Int64(description="seed of the run")
    learning_rate = dy.Float64(
        nullable=True, metadata={"only": "searches of it"}, description="learning rate"
    )
    steps = dy.Int64(
        nullable=True, metadata={"only": "searches of it"}, description="optimiser steps"
    )
    epochs = dy.Int64(
        nullable=True, metadata={"only": "searches of it"}, description="passes over the mix"
    )
    c = dy.Float64(
        nullable=True, metadata={"only": "searches of it"}, description="inverse penalty of a probe"
    )
    loss = dy.Float64(
        nullable=True,
        metadata={"unit": "nats"},
        description="mean loss on the development split; null where the training diverged",
    )
    chosen = dy.Bool(description="whether the run has this setting")


class LmEval(LmEvalResults, file="tables/lm_eval.parquet"):
    """The results of lm-eval for the tuned models of all runs."""


class Findings(OfArm, file="tables/findings.parquet"):
    """Every arm beside its baseline: one row for each row of the arms, model, metric, test set."""

    share = dy.Float64(nullable=True, description="generated rows of all rows")
    rows = dy.Int64(nullable=True, description="rows of one pass, repeated rows counted each time")
    model = dy.String(nullable=False, description="downstream model")
    metric = dy.String(nullable=False, description="name of the metric")
    test = dy.String(nullable=False, description='name of the test set, "test": of the task')
    value = dy.Float64(
        nullable=True,
        allow_inf=True,
        description="mean score over replicates, in the metric's unit",
    )
    low = dy.Float64(
        nullable=True,
        allow_inf=True,
        description="lower end of the 95 % interval over replicates and test rows; with one "
        "replicate, for this draw, over its trainings and test rows",
    )
    high = dy.Float64(nullable=True, allow_inf=True, description="upper end of this interval")
    baseline = dy.String(nullable=True, description="arm of real rows alone that it is compared to")
    difference = dy.Float64(
        nullable=True, allow_inf=True, description="score minus that of the baseline, paired"
    )
    difference_low = dy.Float64(
        nullable=True, allow_inf=True, description="lower end of its interval, of itself alone"
    )
    difference_high = dy.Float64(
        nullable=True, allow_inf=True, description="upper end of its interval, of itself alone"
    )
    simultaneous_low = dy.Float64(
        nullable=True,
        allow_inf=True,
        description="lower end of its simultaneous interval: those of all comparisons of the "
        "metric and test set hold together",
    )
    simultaneous_high = dy.Float64(
        nullable=True, allow_inf=True, description="upper end of its simultaneous interval"
    )
    p_value = dy.Float64(
        nullable=True,
        description="two-sided, of this comparison alone; null where no two trainings differ",
    )
    p_simultaneous = dy.Float64(
        nullable=True, description="of all comparisons; agrees with the simultaneous interval"
    )
    p_step_down = dy.Float64(
        nullable=True, description="of all comparisons, step-down; the verdict rests on it"
    )
    verdict = dy.String(
        nullable=True,
        description='"gain shown", "loss shown", "no gain above" or "no loss above" its bound, or '
        '"too small to tell"; null for a baseline',
    )
    bound = dy.Float64(
        nullable=True,
        description="of the verdict, in the metric's unit: the least gain or loss that is shown, "
        "the largest that is left open, or the smallest that the study finds",
    )
    detectable = dy.Float64(
        nullable=True,
        description="smallest true difference that its simultaneous interval shows in 80 of 100 "
        "studies like this",
    )
    n = dy.Int64(description="test items")
    groups = dy.Int64(
        nullable=True, description="groups of test items that are hard or easy together"
    )
    replicates = dy.Int64(
        nullable=True, description="replicates of the arm that its baseline has too"
    )
    seeds = dy.Int64(
        description="trainings in a replicate that its baseline has too, identical ones once"
    )
    identical = dy.Int64(
        nullable=True, description="runs of the arm that repeat another in every prediction"
    )
    control = dy.String(nullable=True, description="arm that it is compared to beside the baseline")
    control_difference = dy.Float64(
        nullable=True, allow_inf=True, description="score minus that of the control, paired"
    )
    control_low = dy.Float64(
        nullable=True, allow_inf=True, description="lower end of its interval, of itself alone"
    )
    control_high = dy.Float64(
        nullable=True, allow_inf=True, description="upper end of its interval, of itself alone"
    )
    control_simultaneous_low = dy.Float64(
        nullable=True, allow_inf=True, description="as simultaneous_low, for the control"
    )
    control_simultaneous_high = dy.Float64(
        nullable=True, allow_inf=True, description="as simultaneous_high, for the control"
    )
    control_p_value = dy.Float64(nullable=True, description="as p_value, for the control")
    control_p_simultaneous = dy.Float64(
        nullable=True, description="as p_simultaneous, for the control"
    )
    control_p_step_down = dy.Float64(nullable=True, description="as p_step_down, for the control")
    control_verdict = dy.String(nullable=True, description="as verdict, for the control")
    control_bound = dy.Float64(nullable=True, description="as bound, for the control")


class LmEvalFindings(Findings, file="tables/lm_eval_findings.parquet"):
    """The same of tasks of lm-eval, each a test set, by the metrics that score every item."""


class Confirmation(Findings, file="tables/confirmation.parquet"):
    """The recommended mixes on fresh replicates, which had no part in their choice.

    Not part of `all`: the target `confirm` makes it.
    """


class Hypotheses(Table, file="tables/hypotheses.parquet"):
    """Tests of the hypotheses, and what a study lacks to ask them."""

    hypothesis = dy.String(
        nullable=False, description="trend, H1 to H5, measures, regimes, or power"
    )
    family = dy.String(
        nullable=False, description="p_holm corrects over the rows of a family, metric and test set"
    )
    model = dy.String(nullable=True, description="downstream model; null where models are compared")
    metric = dy.String(nullable=False, description="name of the metric")
    test = dy.String(nullable=False, description="name of the test set")
    design = dy.String(nullable=True, description="design of the mixes")
    rows = dy.String(nullable=True, description='which mixes, such as "64 real"')
    source = dy.String(nullable=True, description="generator and pipeline, or all")
    x = dy.String(nullable=True, description="what the score is set against")
    method = dy.String(nullable=True, description="name of the test")
    quantity = dy.String(nullable=True, description="what `estimate` is")
    n = dy.Int64(
        nullable=True, description="sets or cells of a replicate in the test; power: items"
    )
    replicates = dy.Int64(nullable=True, description="replicates that the test is over")
    seeds = dy.Int64(nullable=True, description="seeds of a run, which are averaged")
    estimate = dy.Float64(
        nullable=True, allow_nan=True, allow_inf=True, description="the quantity, in its unit"
    )
    low = dy.Float64(
        nullable=True,
        allow_nan=True,
        allow_inf=True,
        description="lower end of its 95 % interval; infinite where the data leave it open",
    )
    high = dy.Float64(
        nullable=True, allow_nan=True, allow_inf=True, description="upper end of this interval"
    )
    p_value = dy.Float64(nullable=True, allow_nan=True, description="of no effect")
    p_holm = dy.Float64(nullable=True, description="corrected over the family")
    verdict = dy.String(
        nullable=True,
        description='"supported", "opposite", "no evidence", "not testable" or "one replicate"; '
        "null for what is shown beside a test",
    )
    detail = dy.String(nullable=True, description="what else there is to say, or what is lacking")


class Collapse(Table, file="tables/collapse.parquet"):
    """Every round of a loop: one row for each scheme, round and measure."""

    generator = dy.String(nullable=False, description="generator that starts the loop")
    scheme = dy.String(nullable=False, description="what a round is trained on")
    round = dy.Int64(description="number of the round, 0: the untuned generator")
    kind = dy.String(nullable=False, description="score, perplexity, diversity or shift")
    measure = dy.String(nullable=False, description="name of the metric or measure")
    settings = dy.String(nullable=True, description="settings of a measure, JSON")
    model = dy.String(
        nullable=True, description="downstream model of a score, embedder of a measure"
    )
    test = dy.String(nullable=True, description="test set of a score or perplexity")
    value = dy.Float64(nullable=True, allow_inf=True, description="the score or measure")
    low = dy.Float64(
        nullable=True, allow_nan=True, allow_inf=True, description="lower end of the 95 % interval"
    )
    high = dy.Float64(
        nullable=True, allow_nan=True, allow_inf=True, description="upper end of this interval"
    )
    n = dy.Int64(description="test items of a score, else texts")
    n_real = dy.Int64(description="real rows of the mix")
    n_generated = dy.Int64(description="generated rows of the mix")
    floor = dy.Float64(nullable=True, description="of a shift: real against held-out real text")
    difference = dy.Float64(nullable=True, allow_inf=True, description="from round 0")
    difference_low = dy.Float64(
        nullable=True, allow_inf=True, description="lower end, of a score: simultaneous"
    )
    difference_high = dy.Float64(
        nullable=True, allow_inf=True, description="upper end, of a score: simultaneous"
    )
    p_simultaneous = dy.Float64(nullable=True, description="as of the findings, of a score")
    verdict = dy.String(nullable=True, description="as of the findings, of a score")
    bound = dy.Float64(nullable=True, description="of the verdict, in the metric's unit")


class LabelGains(OfArm, file="tables/label_gains.parquet"):
    """How well each label is found on the task's own test rows, and gains over real data alone.

    Of tasks of kinds classification and multilabel with up to 40 labels; empty otherwise.
    """

    label = dy.String(nullable=False, description="label word")
    rows = dy.Int64(nullable=True, description="rows of one pass, repeated rows counted each time")
    model = dy.String(nullable=False, description="downstream model")
    n = dy.Int64(nullable=True, description="test rows of the label")
    value = dy.Float64(nullable=True, description="recall: share of these that get the label")
    low = dy.Float64(nullable=True, description="lower end of its 95 % interval")
    high = dy.Float64(nullable=True, description="upper end of it")
    baseline = dy.String(nullable=True, description="arm of as many real rows alone")
    difference = dy.Float64(nullable=True, description="recall minus that of the baseline, paired")
    difference_low = dy.Float64(
        nullable=True, description="lower end of its 95 % interval, of this comparison alone"
    )
    difference_high = dy.Float64(nullable=True, description="upper end of it")
