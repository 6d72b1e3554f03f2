"""Filters on single rows of generated text, all of one shape.

A filter takes a frame and its own settings and returns a frame of (passes, score, reason), one row
per row of the input; `reason` says what is wrong with a row that does not pass. `FILTERS` names
them, `apply_filters` runs those that a study switches on.
"""

import inspect
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from mixtura.text import all_receipts, receipts, sets, split_broken, tokens, windows

Settings = Mapping[str, Any]

REFUSALS = (
    r"\bas an? (?:ai|artificial intelligence|(?:large )?language model)\b",
    r"\bi(?:'m| am) (?:just |only )?an? (?:ai|artificial intelligence|(?:large )?language model)\b",
    r"^\W*(?:i'm |i am )?(?:sorry|i apologi[sz]e)\b.{0,40}\b(?:can(?:'t|not)|unable|not able)\b",
    r"^\W*i (?:can(?:'t|not)|won't|am unable to|am not able to) "
    r"(?:assist|help|fulfil?l|comply|provide|generate|create|produce|"
    r"write (?:an?|the|this|that))\b",
    r"\bagainst my (?:programming|guidelines)\b",
)
BOILERPLATE = (
    r"^\W*(?:sure|certainly|of course|absolutely)\b[,!.]+ (?:here|i(?:'d be|'ll| can| will))\b",
    r"^\W*here(?:'s| is| are) (?:a|an|some|the|your|my|\w+ more)\b[^.!?]{0,80}:",
    r"\b(?:i hope (?:this|that) helps|let me know if you|feel free to (?:ask|let me))\b",
    r"^\W*(?:note|disclaimer|explanation|example|output|response|answer|text|label)\W*\d*\W*:",
    r"<\|[\w ]+\|>|\[/?INST\]|</?s>",
    r"\[(?:insert|your|name|company|product|title)\b[^\]]*\]",
)
PII = {
    "e-mail address": r"[\w.+-]+@[\w-]+(?:\.[\w-]+)*\.[A-Za-z]{2,}",
    "IP address": r"\b(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d)\b",
    "card number": r"\b(?:\d[ -]?){12,18}\d\b",
    "social security number": r"\b\d{3}-\d{2}-\d{4}\b",
    "phone number": r"\+\d{1,3}[ .-]?\(?\d{1,4}\)?(?:[ .-]?\d{2,4}){2,4}\b"
    r"|(?:\(\d{3}\) ?|\b\d{3}[.-])\d{3}[ .-]\d{4}\b",
    "bank account": r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){3,7}(?: ?[A-Z0-9]{1,3})?\b",
}


def length(
    frame: pl.DataFrame,
    min_words: int = 1,
    max_words: int | None = None,
    min_chars: int = 1,
    max_chars: int | None = None,
) -> pl.DataFrame:
    """Pass texts within the limits; the score is the number of words (see `tokens`)."""
    words = tokens(frame["text"]).list.len()
    chars = frame["text"].str.strip_chars().str.len_chars()
    return _result(
        {
            f"fewer than {min_words} words": words < min_words,
            f"fewer than {min_chars} characters": chars < min_chars,
            **({f"more than {max_words} words": words > max_words} if max_words else {}),
            **({f"more than {max_chars} characters": chars > max_chars} if max_chars else {}),
        },
        words,
    )


def repetition(
    frame: pl.DataFrame, max_share: float = 0.3, n: int = 3, max_run: int = 3
) -> pl.DataFrame:
    """Pass texts of which at most `max_share` of the word n-grams occurred before in the text.

    That share is the score. A word (or a sign, from 8 in a row: "soooooooon") repeated more than
    `max_run` times running fails as well.
    """
    words = tokens(frame["text"])
    lengths = words.list.len().to_numpy().astype(np.int64)
    codes = words.explode(empty_as_null=False).hash(0).to_numpy()
    grams, counts = windows(codes, lengths, n)
    share = 1 - sets(grams, counts).sum(axis=1) / np.maximum(counts, 1)
    score = np.where(counts > 0, share, 0.0)
    row = np.repeat(np.arange(len(frame)), lengths)
    run = np.zeros(len(frame), bool)
    if len(codes) > max_run:
        same = np.ones(len(codes) - max_run, bool)
        for k in range(1, max_run + 1):
            last = len(codes) - max_run + k
            same &= (codes[k:last] == codes[: -max_run or None]) & (
                row[k:last] == row[: -max_run or None]
            )
        run[row[: len(same)][same]] = True
    signs = [bool(re.search(r"([^\s\d])\1{7}", text)) for text in frame["text"]]
    return _result(
        {
            f"more than {max_share:g} of the {n}-grams repeated": pl.Series(score > max_share),
            "word repeated in a row": pl.Series(run),
            "character repeated in a row": pl.Series(signs, dtype=pl.Boolean),
        },
        score,
    )


def language(
    frame: pl.DataFrame,
    languages: str | list[str] = "en",
    min_probability: float = 0.1,
    min_words: int = 5,
) -> pl.DataFrame:
    """Pass texts that py3langid takes for one of the languages (ISO 639-1) often enough.

    The score is the probability of the wanted languages together. Short texts are told apart
    badly: hence the low default, and texts below `min_words` pass. With the defaults 0.1 % of
    19,500 real English reviews and newspaper sentences fail (2 % of tweets).
    """
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    wanted = {languages} if isinstance(languages, str) else set(languages)
    identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    if unknown := wanted - set(identifier.labels):
        raise ValueError(f"language {sorted(unknown)[0]!r} is not one of py3langid's")
    score = np.array(
        [sum(p for code, p in identifier.rank(t) if code in wanted) for t in frame["text"]], float
    )
    return _result(
        {
            f"not in {' or '.join(sorted(wanted))}": pl.Series(score < min_probability)
            & (tokens(frame["text"]).list.len() >= min_words)
        },
        score,
    )


def echo(frame: pl.DataFrame, max_overlap: float = 0.5, n: int = 5) -> pl.DataFrame:
    """Pass texts that repeat little of what the model was shown: its prompt, with the examples.

    The score is the share of the text's word n-grams that the column prompt_text has; a text
    shorter than that counts whole.
    """
    if "prompt_text" not in frame.columns:
        raise ValueError("filter echo needs a column prompt_text: what the model was shown")
    score = np.zeros(len(frame))
    both = (tokens(frame[name].fill_null("")).to_list() for name in ("text", "prompt_text"))
    for row, (text, shown) in enumerate(zip(*both, strict=True)):
        size = min(n, len(text))
        own = _ngrams(text, size)
        score[row] = len(own & _ngrams(shown, size)) / max(len(own), 1)
    return _result({"echo of the prompt": pl.Series(score > max_overlap)}, score)


def refusal(frame: pl.DataFrame, patterns: Iterable[str] = ()) -> pl.DataFrame:
    """Pass texts without refusals, assistant phrases, template rests and the extra `patterns`.

    Patterns are regular expressions, case ignored; the score is how many of them match.
    """
    text = frame["text"].str.replace_all("[’‘`]", "'")
    kinds = {"refusal": REFUSALS, "assistant boilerplate": (*BOILERPLATE, *patterns)}
    hits = {
        kind: sum(
            (text.str.contains(f"(?i){p}").cast(pl.Int64) for p in many),
            pl.zeros(len(text), pl.Int64, eager=True),
        )
        for kind, many in kinds.items()
    }
    return _result({k: h > 0 for k, h in hits.items()}, hits["refusal"] + hits[[*kinds][1]])


def label_leak(
    frame: pl.DataFrame, words: Iterable[str] | None = None, label_column: str = "label"
) -> pl.DataFrame:
    """Pass texts that name no label: of any row, as whole words; the score counts them.

    `words` replaces the label names, where these are numbers or ordinary words of the domain.
    """
    if words is None:
        _need(frame, "label_leak", label_column)
        if frame.schema[label_column] not in (pl.String, pl.Categorical, pl.Enum):
            raise ValueError("filter label_leak needs 'words' where labels are no names")
        words = frame[label_column].cast(pl.String).drop_nulls().unique().to_list()
    names = {" ".join(w) for w in tokens(pl.Series(sorted(words), dtype=pl.String)) if len(w)}
    text = pl.DataFrame({"text": tokens(frame["text"])}).select(
        pl.format(" {} ", pl.col("text").list.join(" "))
    ).to_series()  # fmt: skip
    score = sum(
        (text.str.contains(f" {name} ", literal=True).cast(pl.Int64) for name in sorted(names)),
        pl.zeros(len(text), pl.Int64, eager=True),
    )
    return _result({"names a label": score > 0}, score)


def unfinished(frame: pl.DataFrame, finish_reason: bool = True, end: bool = False) -> pl.DataFrame:
    """Pass texts that came to an end; the score is 1 for those, else 0.

    A text fails that the model was stopped in (column finish_reason is "length"; off with
    `finish_reason=False`), that breaks off after a comma, a dash or an opening bracket, or, with
    `end`, that has no final mark (many real short texts have none either).
    """
    if finish_reason:
        _need(frame, "unfinished", "finish_reason")
    text = frame["text"].str.strip_chars_end()
    none = pl.Series([False] * len(frame), dtype=pl.Boolean)
    cut = (frame["finish_reason"] == "length").fill_null(False) if finish_reason else none
    dangling = text.str.contains(r"[,;:&/–—‘“«¿¡]$|\s-$|(?:^|[^:;='])[(\[{]$")
    open_end = ~text.str.contains(r"[.!?…。！？।؟][\p{P}\p{S}\s]*$|[\p{So}]$") if end else none
    return _result(
        {"stopped at the token limit": cut, "breaks off": dangling, "no final mark": open_end},
        ~(cut | dangling | open_end),
    )


def label_consistency(
    frame: pl.DataFrame,
    real: pl.DataFrame | None = None,
    embeddings: npt.NDArray[np.floating] | None = None,
    real_embeddings: npt.NDArray[np.floating] | None = None,
    judge: str | None = None,
    min_probability: float = 0.2,
    label_column: str = "label",
    folds: int = 5,
    seed: int = 0,
) -> pl.DataFrame:
    """Pass texts whose own label is likely enough to a classifier of the few real texts.

    Logistic regression on the embeddings, its strength chosen by cross-validation on the real
    labels; the score is the probability of the row's label. With a `judge` (the name of a language
    model) the column judged of both frames decides, the label that it gave: "" for no answer, which
    passes, null for a real row that it was shown. Raises ValueError where the cross-validated
    accuracy, or the judge's on real rows that it was not shown, is no better than always guessing
    the commonest label, for then the filter would remove at random, and where a label has fewer
    than two real rows.
    """
    if judge is not None:
        return _judged(frame, real, judge, label_column)
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import GridSearchCV, StratifiedKFold
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    if real is None or embeddings is None or real_embeddings is None:
        raise ValueError("filter label_consistency needs real, embeddings and real_embeddings")
    _need(frame, "label_consistency", label_column)
    _need(real, "label_consistency", label_column)
    if len(embeddings) != len(frame) or len(real_embeddings) != len(real):
        raise ValueError("embeddings and frames differ in length")
    labels = real[label_column].cast(pl.String).to_numpy()
    names, counts = np.unique(labels, return_counts=True)
    if len(names) < 2 or counts.min() < 2:
        raise ValueError("filter label_consistency needs two labels with two real rows each")
    if unknown := set(frame[label_column].cast(pl.String).to_list()) - set(names):
        raise ValueError(f"label {sorted(map(str, unknown))[0]!r} has no real row")
    search = GridSearchCV(
        make_pipeline(StandardScaler(), LogisticRegression(max_iter=2000)),
        {"logisticregression__C": [1e-4, 1e-3, 1e-2, 1e-1, 1.0]},
        scoring=["neg_log_loss", "accuracy"],
        refit="neg_log_loss",
        cv=StratifiedKFold(min(folds, int(counts.min())), shuffle=True, random_state=seed),
    )
    # the folds must not depend on the order of the real rows
    order = real.select(pl.arg_sort_by(pl.col("id").cast(pl.String))).to_series().to_numpy()
    search.fit(real_embeddings[order], labels[order])
    accuracy = search.cv_results_["mean_test_accuracy"][search.best_index_]
    if accuracy <= counts.max() / counts.sum():
        raise ValueError(
            f"filter label_consistency: cross-validated accuracy {accuracy:.2f} on {len(labels)} "
            "real rows is no better than the commonest label; give more real rows or switch it off"
        )
    if not len(frame):
        return _result({}, np.empty(0))
    column = np.searchsorted(names, frame[label_column].cast(pl.String).to_numpy())
    score = search.predict_proba(embeddings)[np.arange(len(frame)), column]
    return _result({"label is unlikely": pl.Series(score < min_probability)}, score)


def _judged(
    frame: pl.DataFrame, real: pl.DataFrame | None, judge: str, label_column: str
) -> pl.DataFrame:
    if real is None:
        raise ValueError("filter label_consistency needs real rows to know how good the judge is")
    for rows in (frame, real):
        _need(rows, "label_consistency", label_column)
        _need(rows, "label_consistency", "judged")
    known = real.filter(pl.col("judged").is_not_null())
    labels = known[label_column].cast(pl.String).to_numpy()
    right = int((known["judged"].to_numpy() == labels).sum())
    if right <= max(np.unique(labels, return_counts=True)[1], default=0):
        raise ValueError(
            f"filter label_consistency: the judge {judge!r} names the label of {right} of "
            f"{len(known)} real rows, no better than the commonest label; take a better model, "
            "leave `judge` out for a classifier, or switch the filter off"
        )
    agrees = frame["judged"] == frame[label_column].cast(pl.String)
    answered = frame["judged"].fill_null("") != ""
    score = pl.select(pl.when(answered).then(agrees.cast(pl.Float64))).to_series()
    return _result({"judged to be of another label": answered & ~agrees}, score)


def perplexity(
    frame: pl.DataFrame, max_deviation: float = 3.5, logprob_column: str = "mean_logprob"
) -> pl.DataFrame:
    """Pass texts whose mean log-probability per token is no outlier among the rows.

    The score is the distance from the median in robust standard deviations (1.4826 times the
    median absolute deviation), signed: negative is less likely than usual. Iglewicz and Hoaglin
    (1993) advise 3.5. Both ends go: gibberish and recitation. Without spread all pass. Raises
    ValueError where no row has a value: the backend does not give any.
    """
    _need(frame, "perplexity", logprob_column)
    value = frame[logprob_column].cast(pl.Float64)
    known = value.is_not_null() & value.is_finite().fill_null(False)
    if len(frame) and not known.any():
        raise ValueError(
            f"filter perplexity is on but column {logprob_column!r} is empty: the backend of the "
            "generator tells no log-probabilities; take another backend or switch the filter off"
        )
    usual = value.filter(known).to_numpy()
    centre = np.median(usual) if len(usual) else 0.0
    spread = 1.4826 * np.median(np.abs(usual - centre)) if len(usual) else 0.0
    score = (value - centre) / spread if spread else value * 0.0
    return _result(
        {
            "no log-probability": ~known,
            "less likely than usual": (score < -max_deviation).fill_null(False),
            "more likely than usual": (score > max_deviation).fill_null(False),
        },
        score,
    )


def pii(frame: pl.DataFrame, kinds: Iterable[str] = tuple(PII)) -> pl.DataFrame:
    """Pass texts without patterns of personal data; the score counts them.

    `kinds` are keys of `PII`. Card numbers must have a right check digit (ISO/IEC 7812).
    """
    kinds = list(kinds)
    if unknown := set(kinds) - set(PII):
        raise ValueError(f"kind {sorted(unknown)[0]!r} is not one of {list(PII)}")
    hits = {}
    for kind in kinds:
        found = (re.findall(PII[kind], text) for text in frame["text"])
        check = _luhn if kind == "card number" else bool
        hits[kind] = pl.Series([sum(map(check, f)) for f in found], dtype=pl.Int64)
    total = sum(hits.values(), pl.zeros(len(frame), pl.Int64, eager=True))
    return _result({kind: count > 0 for kind, count in hits.items()}, total)


FILTERS: dict[str, Callable[..., pl.DataFrame]] = {
    f.__name__: f
    for f in (
        length,
        repetition,
        language,
        echo,
        refusal,
        label_leak,
        unfinished,
        pii,
        perplexity,
        label_consistency,
    )
}


def apply_filters(
    frame: pl.DataFrame,
    settings: Mapping[str, Settings | bool],
    *,
    real: pl.DataFrame | None = None,
    embeddings: npt.NDArray[np.floating] | None = None,
    real_embeddings: npt.NDArray[np.floating] | None = None,
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Run the filters named in `settings`, in the order of `FILTERS`, each on what the last left.

    `settings` maps a name to the filter's settings; False, or "on": False among them, is off.
    Broken rows go first. Returns (kept, removed with id, text, stage, reason, score, kept_id), the
    stage being the filter's name, both sorted by id. Raises ValueError on an unknown filter or
    setting, and where a filter that is on lacks its column.
    """
    on: dict[str, dict[str, Any]] = {}
    for name, given in settings.items():
        if name not in FILTERS:
            raise ValueError(f"filter {name!r} is not one of {list(FILTERS)}")
        chosen = {} if isinstance(given, bool) else dict(given)
        allowed = set(inspect.signature(FILTERS[name]).parameters)
        allowed -= {"frame", "real", "embeddings", "real_embeddings"}
        if unknown := set(chosen) - allowed - {"on"}:
            raise ValueError(
                f"filter {name} has no setting {sorted(unknown)[0]!r}, only {sorted(allowed)}"
            )
        chosen.pop("on", None)
        if is_on(given):
            on[name] = chosen
    if embeddings is not None and len(embeddings) != len(frame):
        raise ValueError(f"{len(embeddings)} embeddings for {len(frame)} rows")
    kept, broken = split_broken(frame.with_row_index("__at"))
    # perplexity's median and the classifier's sums must not feel the order of the rows
    kept = kept.sort("id")
    removed = [broken]
    for name, chosen in ((n, on[n]) for n in FILTERS if n in on):
        if name == "label_consistency":
            chosen["real"] = real
            chosen["real_embeddings"] = real_embeddings
            if embeddings is not None:
                chosen["embeddings"] = embeddings[kept["__at"].to_numpy()]
        result = FILTERS[name](kept, **chosen)
        rows = kept.with_columns(result.select("score", "reason"))
        removed.append(
            receipts(rows.filter(~result["passes"]), name, pl.col("reason"), pl.col("score"))
        )
        kept = kept.filter(result["passes"])
    return kept.drop("__at"), all_receipts(removed).sort("id")


def is_on(given: Settings | bool) -> bool:
    """Tell whether a filter with these settings runs."""
    return given if isinstance(given, bool) else bool(given.get("on", True))


def _result(faults: Mapping[str, pl.Series], score: Any) -> pl.DataFrame:
    """Return (passes, score, reason); of several faults the first named is the reason."""
    frame = pl.DataFrame({"score": pl.Series(score).cast(pl.Float64)})
    frame = frame.with_columns(fault.alias(f"_{i}") for i, fault in enumerate(faults.values()))
    cases = [pl.when(f"_{i}").then(pl.lit(reason, pl.String)) for i, reason in enumerate(faults)]
    reason = pl.coalesce(cases) if cases else pl.lit(None, pl.String)
    return frame.select(reason.is_null().alias("passes"), "score", reason.alias("reason"))


def _need(frame: pl.DataFrame, name: str, column: str) -> None:
    if column not in frame.columns:
        raise ValueError(f"filter {name} is on but column {column!r} is missing")


def _ngrams(words: list[str], n: int) -> set[tuple[str, ...]]:
    return {tuple(words[i : i + n]) for i in range(len(words) - n + 1)} if n else set()


def _luhn(number: str) -> bool:
    digits = [int(d) for d in number if d.isdigit()][::-1]
    return sum(digits[::2]) % 10 == -sum(sum(divmod(2 * d, 10)) for d in digits[1::2]) % 10
