"""The setting to use: a mix that gains over real data alone and over its control."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from mixtura.infer.metrics import METRICS
from mixtura.infer.parts import mixes_alone, unique_comparisons
from mixtura.infer.verdicts import GAIN, LOSS, NO_GAIN

OVER_REAL = "over real data alone"


@dataclass(frozen=True)
class Recommendation:
    """The setting to use, of which `arm` is the name; None where none is shown to gain."""

    comparisons: int
    sentence: str
    arm: str | None = None
    generator: str = ""
    pipeline: str = ""
    level: str = ""
    n_real: int = 0
    n_generated: int = 0
    model: str = ""
    metric: str = ""
    difference: float = 0.0
    simultaneous_low: float = 0.0
    simultaneous_high: float = 0.0
    p_simultaneous: float = 1.0
    replicates: int = 0
    seeds: int = 0
    n: int = 0  # test items
    alternatives: int = 0  # other settings that also pass
    cost: Mapping[str, float | None] = field(default_factory=dict)

    @property
    def share(self) -> float:
        """Generated rows of all rows."""
        return self.n_generated / (self.n_real + self.n_generated)


def recommend(
    findings: pl.DataFrame,
    n_real: int | None = None,
    model: str | None = None,
    metric: str = "accuracy",
    costs: pl.DataFrame | None = None,
) -> Recommendation:
    """Setting to use for this number of real labels and this model; None means any.

    findings is the table of `mixtura.infer.findings.findings`; of several test sets the first
    counts. A mix is a candidate whose simultaneous interval shows a gain over its baseline and,
    where it has a control, over that too: longer training alone is no reason to generate text. Of
    the candidates the one with the best bound of its gain wins, at a tie the one with fewer
    generated rows. `costs` may hold any columns beside arm (tokens, hours, money); they are passed
    on. Raises ValueError if no comparison fits.
    """
    real = findings.select(
        pl.col("arm").alias("baseline"), pl.col("n_real").alias("labels")
    ).unique()
    # A loop shows a danger, and an alternative is answered for apart.
    compared = unique_comparisons(mixes_alone(findings))
    compared = compared.join(real, on="baseline", how="inner", maintain_order="left")
    compared = compared.filter(pl.col("test") == findings["test"][0], metric=metric)
    if n_real is not None:
        compared = compared.filter(labels=n_real)
    if model is not None:
        compared = compared.filter(model=model)
    if not compared.height:
        raise ValueError(f"no comparison with n_real {n_real}, model {model}, metric {metric}")
    lower = metric in METRICS and METRICS[metric].lower
    gain, over_control = (_least_gain(prefix, lower) for prefix in ("", "control_"))
    gains = compared.filter(pl.col("verdict") == GAIN, gain > 0)
    passed = gains.filter(pl.col("control").is_null() | (over_control > 0)).sort(
        gain, "n_generated", "arm", descending=[True, False, False]
    )
    if not passed.height:
        return Recommendation(compared.height, _without(compared, gains))
    best = passed.row(0, named=True)
    names = ["arm", "generator", "pipeline", "level", "n_real", "n_generated", "model", "metric"]
    names += ["difference", "simultaneous_low", "simultaneous_high", "p_simultaneous"]
    names += ["replicates", "seeds", "n"]
    cost = {"generated_rows": best["n_generated"]}
    if costs is not None:
        columns = costs.filter(arm=best["arm"]).drop("arm")
        cost |= columns.row(0, named=True) if columns.height else {}
    return Recommendation(
        comparisons=compared.height,
        alternatives=passed.height - 1,
        cost=cost,
        sentence=_sentence(best),
        **{name: best[name] for name in names},
    )


def _least_gain(prefix: str, lower: bool) -> pl.Expr:
    """The least gain that a simultaneous interval leaves."""
    end = f"{prefix}simultaneous_{'high' if lower else 'low'}"
    return -pl.col(end) if lower else pl.col(end)


def _sentence(best: dict[str, Any]) -> str:
    share = best["n_generated"] / (best["n_real"] + best["n_generated"])
    draw = " for this draw" if best["replicates"] == 1 else ""
    return (
        f"Use {best['pipeline']} at {best['level']} with {share:.0%} generated rows: "
        f"{best['metric']} {best['difference']:+.3f} {OVER_REAL}{draw} (simultaneous interval "
        f"{best['simultaneous_low']:+.3f} to {best['simultaneous_high']:+.3f}, "
        f"p = {best['p_simultaneous']:.2g})."
    )


def _without(compared: pl.DataFrame, gains: pl.DataFrame) -> str:
    """What the comparisons say where no mix is recommended, of which some may gain."""
    draw = " for this draw" if (compared["replicates"] == 1).all() else ""
    shown = compared.filter(verdict=GAIN).height
    if shown:
        lacking = (
            "none is shown to gain over its control, the same real rows repeated"
            if gains.height
            else "no simultaneous interval is above 0"
        )
        return (
            f"No mix is recommended: {shown} of {compared.height} gain {OVER_REAL}{draw}, "
            f"but {lacking}."
        )
    bounded = compared.filter(pl.col("verdict").is_in([NO_GAIN, LOSS]))
    if bounded.height == compared.height:
        most = bounded.filter(verdict=NO_GAIN)["bound"].to_list()
        if not most:
            return f"Every mix loses against real data alone{draw}."
        return f"No mix gains more than {max(most):.3f} {OVER_REAL}{draw}."
    open_ended = compared.join(bounded, on=["arm", "model", "baseline"], how="anti")
    least = open_ended["detectable"].drop_nulls().to_list()
    if not least:
        return "Too small to tell: one training of one draw cannot tell a gain from chance."
    return (
        f"Too small to tell: this study finds gains {OVER_REAL}{draw} only where they are "
        f"larger than {max(least):.3f}."
    )
