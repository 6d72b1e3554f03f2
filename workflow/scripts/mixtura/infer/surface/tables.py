"""The table of fitted surfaces."""

import dataframely as dy

from mixtura.core.tables import Table


class Surface(Table, file="tables/surface.parquet"):
    """The fitted gain of a model and pipeline: what is named, of which `kind` a row is.

    Each number of real rows has a fit of its own. "mix": a tried mix; "peak": the optimum of the
    smooth part; "surface": a point of it; "real rows": a point of the curve through the gains of
    the recommended mixes; "limit": from which number of real rows on it is below the smallest gain
    of interest; "beyond": the gain of more rows than were tried, by a law
    (`mixtura.infer.surface.beyond`). Gains are positive where the mix is better, whichever way the
    metric points.
    """

    kind = dy.String(nullable=False, description="mix, peak, surface, real rows, limit or beyond")
    model = dy.String(nullable=False, description="downstream model")
    metric = dy.String(nullable=False, description="name of the metric")
    test = dy.String(nullable=False, description="name of the test set")
    generator = dy.String(nullable=False, description="generator of the text")
    pipeline = dy.String(nullable=False, description="pipeline of the text")
    form = dy.String(
        nullable=False,
        description='"added": generated rows come to the real ones of the baseline, '
        '"replaced": they take the place of real rows',
    )
    axis = dy.String(nullable=False, description="what diversity is measured by, or level")
    arm = dy.String(nullable=True, description="of a mix: its name")
    level = dy.String(nullable=True, description="of a mix: the level of its text")
    n_real = dy.Float64(
        nullable=True,
        description="real rows of the baseline; of a limit: the "
        "number, null where it is not among what was tried",
    )
    n_real_low = dy.Float64(
        nullable=True,
        description="of a limit: lower end of its interval, null where it is below what was tried",
    )
    n_real_high = dy.Float64(
        nullable=True, description="of a limit: upper end, null where it is above what was tried"
    )
    n_generated = dy.Float64(nullable=True, description="generated rows")
    n_generated_low = dy.Float64(
        nullable=True,
        description="of a peak: least generated rows of the joint 95 % region of the optimum",
    )
    n_generated_high = dy.Float64(nullable=True, description="of a peak: most of the region")
    diversity = dy.Float64(nullable=True, description="diversity, in the unit of `axis`")
    diversity_low = dy.Float64(
        nullable=True, description="of a peak: least diversity of the region"
    )
    diversity_high = dy.Float64(nullable=True, description="of a peak: most of the region")
    observed = dy.Float64(nullable=True, description="of a mix: its mean gain as it is")
    gain = dy.Float64(
        nullable=True,
        description="gain over real data alone, drawn towards the "
        "surface, so that the best of many is not overrated; of a limit: the gain that is named",
    )
    low = dy.Float64(nullable=True, description="lower end of its 95 % interval")
    high = dy.Float64(nullable=True, description="upper end of this interval")
    control_gain = dy.Float64(nullable=True, description="of a mix with a control: gain over that")
    control_low = dy.Float64(nullable=True, description="lower end of its 95 % interval")
    control_high = dy.Float64(nullable=True, description="upper end of this interval")
    stands_out = dy.Float64(
        nullable=True, description="of a mix: probability that it is a spike beside the smooth part"
    )
    best = dy.Bool(
        nullable=True,
        description="of a mix or point of the surface: whether it may be "
        "the best at its real rows; the set holds the best in 95 of 100 studies",
    )
    recommended = dy.Bool(nullable=True, description="of a mix: the largest gain at its real rows")
    loss = dy.Float64(
        nullable=True, description="of a mix: how much it gains less than the recommended one"
    )
    loss_low = dy.Float64(nullable=True, description="lower end of its 95 % interval")
    loss_high = dy.Float64(nullable=True, description="upper end of this interval")
    law = dy.String(nullable=True, description="beyond what was tried: the law that is followed")
    law_error = dy.Float64(
        nullable=True,
        description="what this law, fitted without the largest amount, predicted too much there",
    )
    verdict = dy.String(
        nullable=True,
        description='of the recommended mix: "gain shown" or "too '
        'small to tell"; of a peak: "shape shown", "no shape" or "one level" of diversity',
    )
    replicates = dy.Int64(
        description="replicates that it rests on; those that `mixtura next` gave to some mixes "
        "come on top"
    )
