"""What further cells are worth, on beliefs whose answer is known."""

import numpy as np
import pytest

from mixtura.infer.surface.covariance import covariance_of, of_units, with_units
from mixtura.infer.surface.fit import fit_surface
from mixtura.infer.surface.worth import Prospect, spend, why_not_in_folds


def prospect(means, errors, alone=0.03, opening=2.0, hours=1.0):
    count = len(means)
    return Prospect(
        np.array(means),
        np.diag(np.array(errors) ** 2),
        0.02**2,
        np.full(count, alone**2),
        np.full(count, hours),
        opening,
    )


def test_cells_go_to_mixes_that_may_be_the_best():
    belief = prospect([0.05, 0.045, 0.0, -0.1], [0.02, 0.02, 0.02, 0.02])
    (later,) = spend([belief], 16)
    cells = [step.mix for step in later.steps]
    assert set(cells) <= {0, 1, 2} and cells.count(2) <= cells.count(1)
    hours = sum(step.hours for step in later.steps)
    assert hours <= 16 and len({(s.mix, s.replicate) for s in later.steps}) == len(cells)
    now, then = belief.outlook(), belief.outlook(later)
    assert then.chance > now.chance and then.regret < now.regret and then.error < now.error


def test_what_replicates_share_says_nothing_of_which_mix_is_best():
    """A dear opening is paid once: mixes that may be the best meet in one replicate."""
    (later,) = spend([prospect([0.05, 0.049, -0.2], [0.03, 0.03, 0.03], opening=5.0)], 7.0)
    assert sorted(step.mix for step in later.steps) == [0, 1]
    assert {step.replicate for step in later.steps} == {0}


def test_where_the_best_is_clear_its_gain_becomes_surer():
    belief = prospect([0.2, 0.0], [0.01, 0.01], alone=0.01)
    step = belief.best(10.0)
    assert step.mix == 0 and step.rise < 1e-5 < step.narrower


def test_hours_that_do_not_suffice_buy_nothing():
    (later,) = spend([prospect([0.1, 0.09], [0.02, 0.02])], 2.9)
    assert later.steps == ()


@pytest.mark.workflow
def test_a_replicate_of_some_mixes_does_not_favour_them():
    """Its luck, which mixes share, is told from what the mixes have alone."""
    rng = np.random.default_rng(0)
    names = np.repeat([0, 1, 2], 2), np.tile([16, 48], 3), np.full(6, 16)
    gains = []
    for _ in range(60):
        y = 0.05 + 0.05 * rng.standard_normal((5, 1)) + 0.01 * rng.standard_normal((5, 6))
        y[4] += 0.3  # a lucky replicate
        y[4, 2:] = np.nan
        surface = fit_surface(y, *names, chosen=[False] * 4 + [True])
        gains.append(surface.observed)
    favoured = np.mean(gains, axis=0)
    assert abs(favoured[:2].mean() - favoured[2:].mean()) < 0.01
    whole = rng.normal(0.05, 0.02, (5, 6))
    plain, split = (
        fit_surface(whole, *names, chosen=chosen) for chosen in (None, [False] * 4 + [True])
    )
    assert split.observed == pytest.approx(plain.observed, abs=1e-6)


def test_chosen_replicates_say_how_large_the_luck_is():
    """Two replicates leave a variance open over orders of magnitude, thirty of two mixes do not."""
    rng, sets, none = np.random.default_rng(0), np.arange(5), np.zeros(5, dtype=int)
    known = []
    for _ in range(20):
        y = 0.05 * rng.standard_normal((32, 1)) + 0.02 * rng.standard_normal((32, 5))
        y[2:, 2:] = np.nan
        first = covariance_of(y[:2], np.zeros((2, 5, 2)), none > 0, sets, none)
        common, alone = of_units(first, np.full(5, 2))
        chosen = np.arange(32) > 1
        _, covariance = with_units(y, chosen, common, alone, first)
        scales = covariance.scales(1000, rng)[:, :2]
        known.append(scales * [common[0, 0], alone.diagonal().mean()])
    low, middle, high = np.quantile(known, (0.025, 0.5, 0.975), axis=1).mean(axis=1) ** 0.5
    assert middle == pytest.approx([0.05, 0.02], rel=0.2)
    assert (low > [0.03, 0.012]).all() and (high < [0.08, 0.03]).all()


def test_in_folds_all_mixes_run_again_and_the_figures_say_why():
    reason = why_not_in_folds(5, 1 / 4)  # five folds once
    assert "some mixes narrows their intervals by about 12%" in reason
    assert "at most 25%, but one of all mixes by 28%. Set `replicates: 10`" in reason
