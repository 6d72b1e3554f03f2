"""Speed and memory of the measures against the plain formula or the published package.

Both sides run on the same arrays in the same run, so a busy machine slows both.
"""

import contextlib
import io
from collections.abc import Iterator
from importlib.util import find_spec

import numpy as np
import torch
from measuring import Row, compare, unit

from mixtura.measure import diversity, shift
from mixtura.measure.blocks import Scratch, tile_pairs
from mixtura.measure.blocks import run as run_tiles

TITLE = "Measures against the plain formula or the published package"


def dense_dcscore(x: np.ndarray) -> float:
    """The formula as written: the whole kernel, its row softmax, the trace."""
    e = torch.from_numpy(x)
    return float(torch.trace(torch.softmax(e @ e.T / 1.0, dim=1)))


def half_product(x: np.ndarray) -> None:
    """The tiles on and above the diagonal of X X', on all cores and nothing else: a lower bound."""
    scratch = Scratch()

    def of_tile(tile_at: tuple[slice, slice]) -> None:
        scratch.product(x[tile_at[0]], x[tile_at[1]])

    list(run_tiles(of_tile, tile_pairs(len(x)), np))


def run(quick: bool = False) -> Iterator[Row]:
    """Yield the comparisons one by one; quick: a fifth of the texts."""
    x = unit(4_000 if quick else 20_000)
    yield compare(
        f"dcscore cosine n={len(x)} d=384", lambda: diversity.dcscore(x), "dense torch float32",
        lambda: dense_dcscore(x), "8 faster, < 300 MB", 5, 1e-5,
    )  # fmt: skip
    yield compare(
        f"dcscore cosine n={len(x)} d=384", lambda: diversity.dcscore(x),
        "its products alone, half of the matrix", lambda: half_product(x), "at most 1.25 times",
        9,
    )  # fmt: skip
    yield compare(
        f"dcscore two tau n={len(x)}", lambda: diversity.dcscore(x, tau=[1.0, 0.05]),
        "ours, one after the other",
        lambda: [diversity.dcscore(x, tau=t) for t in (1.0, 0.05)], "1 faster", 1, 1e-6,
    )  # fmt: skip
    big = unit(20_000 if quick else 100_000)
    yield compare(
        f"vendi n={len(big)} d=384", lambda: diversity.vendi_score(big), "one product E'E",
        lambda: big.T @ big, "3 times at most", 3,
    )  # fmt: skip
    if not find_spec("prdc"):
        yield {"measure": "beside package prdc", "note": "skipped: no prdc"}
    else:
        from prdc import compute_prdc

        real, generated = unit(5_000, seed=1), unit(5_000, seed=2)

        def package() -> list[float]:
            with contextlib.redirect_stdout(io.StringIO()):
                return list(compute_prdc(real, generated, 5).values())

        yield compare(
            "prdc n=5000 d=384", lambda: list(shift.prdc(real, generated).values()), "package prdc",
            package, "3 faster", 3, 1e-3,
        )  # fmt: skip

        def neighbours() -> None:
            with contextlib.redirect_stdout(io.StringIO()):
                from prdc.prdc import compute_nearest_neighbour_distances

                compute_nearest_neighbour_distances(real, 5)

        yield compare(
            "knn_distance n=5000 d=384", lambda: diversity.knn_distance(real),
            "package prdc, its k-NN alone", neighbours, "3 faster", 3,
        )  # fmt: skip
        for name, ours in (
            ("chamfer_distance", lambda: diversity.chamfer_distance(real)),
            ("nearest_real_distance", lambda: shift.nearest_real_distance(real, generated)),
            ("novelsum", lambda: diversity.novelsum(real, generated)),
        ):
            yield compare(
                f"{name} n=5000 d=384", ours, "package prdc, compute_prdc of both sets", package,
                "3 faster", 3,
            )  # fmt: skip
        yield compare(
            "novelsum n=5000 d=384", lambda: diversity.novelsum(real, generated), "dense numpy",
            lambda: dense_novelsum(real, generated), "1 faster", 1, 1e-4,
        )  # fmt: skip
    yield from gpu_rows(x)


def dense_novelsum(x: np.ndarray, y: np.ndarray) -> float:
    """NovelSum as written, in float32 and whole matrices."""
    near = np.partition(2 - 2 * x @ y.T, 10, axis=1)[:, :10].mean(1)
    values = np.sort((1 - x @ x.T) * (near + 1e-9) ** -0.5, axis=1)
    weights = 1 / np.arange(1, len(x) + 1)
    return float((values @ weights / weights.sum()).mean())


def gpu_rows(x: np.ndarray) -> Iterator[Row]:
    """Yield the comparisons on a GPU: the same results as on the CPU to 1e-5."""
    if not torch.cuda.is_available():
        yield {"measure": "dcscore, vendi, knn_distance on a GPU", "note": "skipped: no GPU"}
        return
    on_gpu = torch.from_numpy(x).cuda()
    for name, function in (
        ("dcscore", lambda e: diversity.dcscore(e, block=4096)),
        ("vendi", diversity.vendi_score),
        ("knn_distance", lambda e: diversity.knn_distance(e, block=4096)),
    ):
        function(on_gpu[:100])
        yield compare(
            f"{name} on {torch.cuda.get_device_name()} n={len(x)}", lambda f=function: f(on_gpu),
            "ours on the CPU", lambda f=function: f(x), "same to 1e-5", 1, 1e-5,
        )  # fmt: skip
