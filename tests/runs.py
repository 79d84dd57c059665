"""Calling a row of specs.py: values in, NumPy arrays and gradients out."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np

import tinygrad_cnn as tg

from .cases import Case
from .rows import Row

Tensors = list[tg.Tensor]


def tensors(values: Sequence[np.ndarray], device: str = "cpu") -> Tensors:
    """The arrays as they lie in memory, on the CPU without a copy."""
    return [tg.from_numpy(v).to(device) for v in values]


def call(row: Row, case: Case, leaves: Tensors) -> Tensors:
    """All results of the operation. Random numbers start anew."""
    tg.manual_seed(0)
    args, options = case.given(leaves)
    return listed(row.call(tg, args, options))


def listed(found: Any) -> list[Any]:
    return list(found) if isinstance(found, (list, tuple)) else [found]


def expected(row: Row, case: Case, values: Sequence[np.ndarray]) -> list[np.ndarray]:
    """What the NumPy reference says, in float64."""
    args, options = case.given([v.astype(np.float64) if v.dtype.kind == "f" else v for v in values])
    with np.errstate(all="ignore"):
        return [np.asarray(out) for out in listed(row.reference(*args, **options))]


def arrays(outs: Tensors) -> list[np.ndarray]:
    return [out.detach().cpu().numpy() for out in outs]


def record(row: Row, case: Case, values: Sequence[np.ndarray], device: str = "cpu") -> tuple[Tensors, Tensors]:
    """(the leaves that gradients are asked of, the results that have a gradient)."""
    wanted, outs = record_all(row, case, values, device)
    return wanted, [out for out in outs if out.requires_grad]


def record_all(row: Row, case: Case, values: Sequence[np.ndarray], device: str = "cpu") -> tuple[Tensors, Tensors]:
    """(the leaves that gradients are asked of, all results)."""
    leaves = tensors(values, device)
    wanted = [leaves[k].detach().requires_grad_() for k in case.differentiable()]
    for k, leaf in zip(case.differentiable(), wanted):
        leaves[k] = leaf
    return wanted, call(row, case, leaves)


def weights(outs: Sequence[Any], whole: bool = False, seed: int = 7) -> list[np.ndarray]:
    """Gradients to send back from the results."""
    return list(_weights(tuple((tuple(out.shape), np.dtype(out.dtype)) for out in outs), whole, seed))


@lru_cache(maxsize=8)
def _weights(outs: tuple[tuple[tuple[int, ...], np.dtype], ...], whole: bool, seed: int) -> list[np.ndarray]:
    rng = np.random.default_rng(seed)
    draw = (lambda shape: rng.integers(-2, 3, shape)) if whole else rng.standard_normal
    return [np.asarray(draw(shape)).astype(dtype) for shape, dtype in outs]


def gradients(
    row: Row,
    case: Case,
    values: Sequence[np.ndarray],
    device: str = "cpu",
    whole: bool = False,
    create_graph: bool = False,
) -> list[np.ndarray]:
    """The gradient of every differentiable leaf for `weights` of the results; zeros where none arrives."""
    return pulled_back(*record(row, case, values, device), whole, create_graph)


def pulled_back(wanted: Tensors, outs: Tensors, whole: bool = False, create_graph: bool = False) -> list[np.ndarray]:
    """`gradients` of what `record` gave."""
    sent = tensors(weights(outs, whole), str(outs[0].device)) if outs else []
    found = tg.grad(outs, wanted, sent, create_graph=create_graph, allow_unused=True)
    return [np.zeros(leaf.shape, leaf.dtype) if g is None else arrays([g])[0] for g, leaf in zip(found, wanted)]


def tolerance(length: int, largest: float, dtype: Any) -> float:
    """Rounding of a sum of `length` terms none of which is above `largest`."""
    return (
        {"float32": 1e-5, "float64": 1e-13}.get(np.dtype(dtype).name, 0.0) * max(length, 1) ** 0.5 * max(largest, 1.0)
    )


def assert_close(
    found: Sequence[np.ndarray], wanted: Sequence[np.ndarray], length: int, inputs: Any, exact: bool = False
) -> None:
    """Equal shapes, and values equal within rounding, or to the bit; a failure shows the inputs and both numbers."""
    assert len(found) == len(wanted)
    for k, (a, b) in enumerate(zip(found, wanted)):
        assert a.shape == b.shape, f"result {k}: shape {a.shape}, expected {b.shape}, for {inputs}"
        a, b = np.asarray(a), np.asarray(b)
        x, y = a.astype(np.float64), b.astype(np.float64)
        room = 0.0 if exact else tolerance(length, np.abs(y[np.isfinite(y)]).max(initial=1.0), a.dtype)
        with np.errstate(invalid="ignore"):
            wrong = ~((x == y) | (np.abs(x - y) <= room) | (np.isnan(x) & np.isnan(y)))
        if wrong.any():
            place = tuple(int(i) for i in np.argwhere(wrong)[0])
            raise AssertionError(
                f"result {k} at {place}: {a[place]!r}, expected {b[place]!r}, tolerance {room:.3g}; "
                f"{wrong.sum()} of {a.size} wrong, for {inputs}"
            )


def longest(values: Sequence[np.ndarray]) -> int:
    """A bound on the length of the sums in an operation and its derivatives."""
    return max(v.size for v in values)
