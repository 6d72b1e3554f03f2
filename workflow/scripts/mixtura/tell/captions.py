"""Title and caption of every figure, in the order of the report; the plan asks which there are."""

from mixtura.tell.matrix import LEGEND

FLOOR = "The dashed line is the noise floor: real against held-out real."
CAPTIONS = {
    "surface": (
        "The fitted gain: how diverse, and how much",
        "The smooth part of the gain over real data alone, at the number of real rows that gains "
        "most, with the 95 % region of its optimum and the tried mixes.",
    ),
    "gain-by-real": (
        "The fitted gain by number of real rows",
        "Along the recommended mixes; bands and bars are 95 % intervals.",
    ),
    "best-mixes": (
        "Which mixes may be the best",
        "Fitted gains of the tried mixes at the number of real rows that gains most, with 95 % "
        "intervals. The best mix is among those in colour in 95 of 100 studies.",
    ),
    "power-curve": (
        "What more replicates would see",
        "The smallest true gain of a mix that 80 of 100 studies show, with the spreads, mixes, "
        "seeds and test rows of this study.",
    ),
    "collapse": (
        "Model collapse, round by round",
        "Rounds of training a generator on its own text: score of a model trained on the mix of a "
        "round, perplexity of real text under the tuned generator, and diversity, shift and lost "
        "tail of the text that it wrote; in round 0 it is untuned. Bars are 95 % intervals over "
        f"seeds and texts; each scheme ran once. {FLOOR}",
    ),
    "score-by-level": (
        "Score against the designed level",
        "Every mix beside real data alone (grey line and band), a panel for each number of real "
        "rows. Bars are 95 % intervals.",
    ),
    "score-by-share": (
        "Score against the share of generated rows",
        "A line a level, a panel for each number of real rows. Grey is as many real rows alone.",
    ),
    "score-by-diversity": (
        "Score against measured diversity",
        "Scores of one mix of every level where its text really lies: one panel a measure, at "
        "equal n.",
    ),
    "gain-map": (
        "Gain by number of real and of generated rows",
        f"Blue gains over the same real rows alone, red loses. {LEGEND}",
    ),
    "size-interaction": (
        "Gain by level and model",
        "Mean gain over real data alone of the mixes of a level that all models have, one line a "
        "model. Bars are the mean bounds of single comparisons.",
    ),
    "cost-by-gain": (
        "What a gain costs",
        "Gain over real data alone against what writing the generated rows took, discarded rows "
        "included.",
    ),
    "shift-by-score": (
        "Score against shift",
        f"Does text far from real text score worse? One mix of every level. {FLOOR}",
    ),
    "diversity-by-level": (
        "Measured diversity by level",
        "Whether the levels really differ, at equal n.",
    ),
    "shift-by-level": (
        "Shift from real text by level",
        f"How far generated text is from real text, at equal n. {FLOOR}",
    ),
    "rank-agreement": (
        "Do measures order the levels as designed?",
        "+1: just so, -1: the other way round. Lines are 95 % intervals, from 4 levels up.",
    ),
    "measure-correlation": (
        "Do the measures say the same?",
        "Rank correlation of every two measures over all generated sets.",
    ),
    "embedding-map": (
        "Where the texts lie",
        "Real text (grey) and generated text on the two main directions of the real reference, "
        "which are the same for every level.",
    ),
    "curation-funnel": (
        "What became of the generated rows",
        "Rows of every set: kept, or removed at which step.",
    ),
}
