"""Checked matrices and tiled loops: what every measure over pairs of embeddings shares.

An n x n matrix is never held: a measure looks at one tile, keeps what it needs and goes on.
Arrays are computed with NumPy on all cores, torch tensors with torch on their own device.
Products run in the precision of the input (float16 becomes float32), sums over tiles in float64.
"""

import contextlib
import math
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from itertools import chain
from typing import Any, TypeVar

import numpy as np
from joblib import cpu_count
from threadpoolctl import ThreadpoolController

Matrix = Any
"""An (n, d) array of NumPy, whatever `numpy.asarray` takes, or a torch tensor on any device."""

BLOCK = 512

Item = TypeVar("Item")
Result = TypeVar("Result")


def namespace(x: Matrix) -> Any:
    """Return the torch module if `x` is a torch tensor, else the numpy module."""
    torch = sys.modules.get("torch")
    return torch if torch is not None and isinstance(x, torch.Tensor) else np


def numpy_array(x: Matrix) -> np.ndarray:
    """Return `x` as a NumPy array in main memory."""
    return np.asarray(x) if namespace(x) is np else x.detach().cpu().numpy()


def on_gpu(x: Matrix) -> Matrix:
    """Return `x` as a torch tensor on the GPU where torch sees one, else as it is."""
    with contextlib.suppress(ImportError):
        import torch

        if torch.cuda.is_available():
            return torch.as_tensor(x, device="cuda")
    return x


def matrix(x: Matrix, name: str = "embeddings", rows: int = 1) -> Matrix:
    """Check an (n, d) matrix and return it as float32 or float64, a torch tensor as such.

    Raises ValueError if it is not two-dimensional and numeric, has fewer than `rows` rows or no
    column, or holds NaN or infinity.
    """
    xp = namespace(x)
    if xp is np:
        x = np.asarray(x)
        if x.dtype.kind not in "fiub":
            raise ValueError(f"{name} must be numbers, not {x.dtype}")
    elif x.is_complex():
        raise ValueError(f"{name} must be real numbers, not {x.dtype}")
    else:
        x = x.detach()
    if x.ndim != 2 or x.shape[1] == 0:
        raise ValueError(f"{name} must have the shape (n, d), not {tuple(x.shape)}")
    if len(x) < rows:
        raise ValueError(f"{name} must have at least {rows} rows, not {len(x)}")
    integer = x.dtype.kind in "iub" if xp is np else not x.is_floating_point()
    if x.dtype not in (xp.float32, xp.float64):
        x = (
            x.astype("f8" if integer else "f4")
            if xp is np
            else x.to(xp.float64 if integer else xp.float32)
        )
    if not all(bool(xp.isfinite(x[rows_]).all()) for rows_ in row_slices(len(x), 8192)):
        raise ValueError(f"{name} must be finite: it holds NaN or infinity")
    return x


def double(x: Matrix) -> Matrix:
    """Return `x` in float64."""
    return x.astype("f8") if namespace(x) is np else x.double()


def in_precision_of(like: Matrix, x: Matrix) -> Matrix:
    """Return `x` in the precision of `like`."""
    return x.astype(like.dtype) if namespace(x) is np else x.to(like.dtype)


def strips(tile: Matrix, most: int = 2**30) -> list[slice]:
    """Cut the rows of an array so that they stay in the cache, and torch takes no second thread."""
    if namespace(tile) is not np:
        return [slice(0, len(tile))]
    return row_slices(len(tile), min(most, max(1, 32_000 // tile.shape[1])))


def zeros(n: int, like: Matrix) -> Matrix:
    """Return n zeros in float64, beside `like`: an array, or a tensor on its device."""
    if namespace(like) is np:
        return np.zeros(n)
    return like.new_zeros(n, dtype=namespace(like).float64)


def same_space(x: Matrix, y: Matrix, names: tuple[str, str] = ("x", "y")) -> None:
    """Raise ValueError unless two matrices have the same number of columns and the same home."""
    if x.shape[1] != y.shape[1]:
        raise ValueError(f"{names[0]} has {x.shape[1]} columns, {names[1]} has {y.shape[1]}")
    if namespace(x) is not namespace(y):
        raise ValueError(f"{names[0]} and {names[1]} must both be arrays or both torch tensors")


def unit_rows(x: Matrix, name: str = "embeddings", rows: int = 1) -> Matrix:
    """Check an (n, d) matrix and divide each row by its Euclidean norm.

    Raises ValueError as `matrix` does, and for a row of zeros.
    """
    x = matrix(x, name, rows)
    xp = namespace(x)
    norms = xp.linalg.norm(x, axis=1, keepdims=True)
    if not bool((norms > 0).all()):
        row = int(numpy_array(norms).ravel().argmin())
        raise ValueError(f"{name} must not have rows of zeros: row {row} has no direction")
    return x / norms


def row_slices(n: int, block: int = BLOCK) -> list[slice]:
    """Cut n rows into slices of at most `block` rows."""
    return [slice(i, min(i + block, n)) for i in range(0, n, block)]


@cache
def _controller(loaded: frozenset[str]) -> ThreadpoolController:
    return ThreadpoolController()


def one_thread() -> Any:
    """Keep native libraries to one thread: they spin for each other where work is small."""
    # Finding the libraries takes longer than much of the work: once, and again after a new one.
    threaded = {"numpy", "scipy.linalg", "sklearn", "torch"}
    return _controller(frozenset(threaded & sys.modules.keys())).limit(limits=1)


def run(work: Callable[[Item], Result], items: Iterable[Item], xp: Any) -> Iterator[Result]:
    """Yield `work(item)` in order: on all cores with NumPy, one after the other with torch.

    Whole tiles run side by side, each on one core: threads inside a product of this size spend
    more time waiting for each other than multiplying.
    """
    if xp is not np:
        yield from map(work, items)
        return
    with one_thread(), ThreadPoolExecutor(cpu_count()) as pool:
        yield from pool.map(work, items)


def exponential(x: Matrix) -> tuple[Callable[[Matrix], Any], float]:
    """Return an in-place function and a factor so that function(factor * v) is exp(v).

    For float32 arrays 2^v of torch is over twice as fast as exp() of NumPy; where there is no torch
    or its import would take longer than it saves, NumPy does.
    """
    xp = namespace(x)
    if xp is np and x.dtype == np.float32 and ("torch" in sys.modules or len(x) >= 20_000):
        with contextlib.suppress(ImportError):
            import torch

            return lambda tile: torch.from_numpy(tile).exp2_(), math.log2(math.e)
    return lambda tile: xp.exp(tile, out=tile), 1.0


class Scratch(threading.local):
    """Memory that each thread uses again: fresh pages cost as much as the product put into them."""

    memory = np.empty(0)

    def tile(self, rows: int, columns: int, dtype: Any) -> np.ndarray:
        """Return rows x columns numbers of any value, valid until the same thread asks again."""
        size = rows * columns
        if self.memory.size < size or self.memory.dtype != dtype:
            self.memory = np.empty(size, dtype)
        return self.memory[:size].reshape(rows, columns)

    def like(self, tile: Matrix) -> Matrix:
        """Return a tile of this memory in the shape of another one."""
        if namespace(tile) is not np:
            return namespace(tile).empty_like(tile)
        return self.tile(len(tile), tile.shape[1], tile.dtype)

    def product(self, a: Matrix, b: Matrix) -> Matrix:
        """Return a @ b.T, in this memory if they are arrays."""
        if namespace(a) is not np:
            return a @ b.T
        return np.matmul(a, b.T, out=self.tile(len(a), len(b), a.dtype))

    def squared_distances(self, a: Matrix, b: Matrix) -> Matrix:
        """Return the squared Euclidean distances of the rows of a to those of b, 0 or more."""
        tile = self.product(a * -2, b)
        # The order of `nearest`, so that a ball's own k-th neighbour rounds to the ball's radius.
        tile += (b * b).sum(1)
        tile += (a * a).sum(1)[:, None]
        namespace(a).clip(tile, 0, None, out=tile)
        return tile


def tile_pairs(n: int, block: int = BLOCK) -> Iterator[tuple[slice, slice]]:
    """Yield the tiles on and above the diagonal of an n x n matrix as (rows, columns)."""
    slices = row_slices(n, block)
    return chain.from_iterable(((a, b) for b in slices[i:]) for i, a in enumerate(slices))


def tile_grid(n: int, m: int, block: int = BLOCK) -> list[tuple[slice, slice]]:
    """Cut an n x m matrix into its tiles as (rows, columns)."""
    return [(a, b) for a in row_slices(n, block) for b in row_slices(m, block)]
