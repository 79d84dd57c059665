"""How much work an operation is at least: the bytes it must move and the operations it must do; and what a machine can do."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from math import prod
from typing import Any, NamedTuple

import numpy as np

from tests.cases import Case
from tests.rows import Row
from tinygrad_cnn.devices import kernels, package

from . import calls


class Ceilings(NamedTuple):
    """What a machine was measured to reach."""

    bandwidth: float  # bytes per second, read and written
    arithmetic: float  # float32 operations per second


class Work(NamedTuple):
    """What an operation cannot do without."""

    bytes: int
    operations: int

    def floor(self, ceilings: Ceilings) -> float:
        """The seconds below which no kernel can come: the larger of the two times."""
        return max(self.bytes / ceilings.bandwidth, self.operations / ceilings.arithmetic)


OPERATIONS: dict[tuple[str, str], Callable[..., int]] = {
    ("conv", "forward"): lambda out, x, w, *rest: 2 * out.size * prod(w.shape[1:]),
    ("conv", "transpose"): lambda out, g, w, *rest: 2 * g.size * prod(w.shape[1:]),
    ("conv", "weight"): lambda out, x, g, *rest: 2 * g.size * prod(out.shape[1:]),
    ("matmul", "matmul"): lambda out, a, b, *rest: 2 * out.size * a.shape[-1],
}
"""The kernels that compute more than a few operations for each element they move: multiplications and additions."""


class _Counting:
    """A kernel module of the meta device that counts the operations its kernels would do."""

    def __init__(self, module: str, found: list[int]) -> None:
        self.module, self.found = module, found

    def __getattr__(self, entry: str) -> Any:
        count = OPERATIONS.get((self.module, entry), lambda *rest: 0)
        return lambda *arguments, **options: self.found.append(count(*arguments))


@contextmanager
def counted() -> Iterator[list[int]]:
    """A list to which, within the block, every counted kernel of the meta device adds its operations."""
    found: list[int] = []
    meta, modules = package("meta").__dict__, {module for module, _ in OPERATIONS}
    meta |= {module: _Counting(module, found) for module in modules}
    try:
        yield found
    finally:
        for module in modules:
            del meta[module]


class _Empty(Case):
    """A case whose arrays hold zeros, as only their shapes count."""

    def fill(self, *_: Any, **__: Any) -> list[np.ndarray]:
        dtypes = {"classes": np.int64, "flags": np.bool_}
        return [np.zeros(leaf.shape, dtypes.get(leaf.kind, np.float32)) for leaf in self.leaves()]


def of(row: Row, case: Case) -> tuple[Work, Work]:
    """The work of forward (inputs read, results written) and of backward (both read, gradients written), from shapes."""
    case = _Empty(case.args, case.options)
    call, leaves = calls.ours(row, case, "meta"), case.fill()
    with counted() as forward:
        outs = call.forward()
    with counted() as backward:
        if call.backward:
            call.backward()
    moved = sum(v.nbytes for v in leaves) + sum(out.array.nbytes for out in outs)
    gradients = sum(leaves[k].nbytes for k in case.differentiable())
    return Work(moved, sum(forward)), Work(moved + gradients, sum(backward))


def ceilings(device: str, size: int = 2048, megabytes: int = 64) -> Ceilings:
    """What the kernels of a device reach at what is easiest: a large copy, and a large matrix product (on the CPU also
    NumPy's, whichever is faster)."""
    k = package(device)
    big = k.upload(np.ones(megabytes << 18, np.float32))
    other = k.empty(big.shape, big.dtype)
    copying = _best(lambda: kernels(big).copy.copy(other, big), k)
    a = k.upload(np.ones((1, size, size), np.float32))
    out = k.empty(a.shape, a.dtype)
    multiplying = _best(lambda: kernels(a).matmul.matmul(out, a, a, None, False), k)
    if device == "cpu":
        multiplying = min(multiplying, _best(lambda: a[0] @ a[0], k))
    return Ceilings(2 * big.nbytes / copying, 2 * size**3 / multiplying)


def _best(run: Callable[[], object], k: Any, times: int = 7) -> float:
    best = float("inf")
    for _ in range(times):
        start = time.perf_counter()
        run()
        k.synchronize()
        best = min(best, time.perf_counter() - start)
    return best
