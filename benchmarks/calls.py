"""A row of tests/specs.py as functions to time: forward, and backward over a recorded graph; ours and PyTorch's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

import tinygrad_cnn as tg
from tests import runs
from tests.cases import Case
from tests.rows import Row


class Call(NamedTuple):
    """`forward()` gives the results; `backward()`, where there is one, the gradients of the leaves."""

    forward: Callable[[], list[Any]]
    backward: Callable[[], Any] | None


def ours(row: Row, case: Case, device: str = "cpu") -> Call:
    """The operation on float32 arrays of one device. Images lie channels-last, as our kernels leave them in a network."""
    values = case.fill(dtype=np.float32)
    values = [_channels_last(v) if v.shape == values[0].shape else v for v in values]
    leaves = runs.tensors(values, device)

    def forward() -> list[Any]:
        with tg.no_grad():
            return runs.call(row, case, leaves)

    wanted, outs = runs.record(row, case, values, device)
    if not outs:
        return Call(forward, None)
    seeds = [out.detach().clone().fill_(1) for out in outs]
    return Call(forward, lambda: tg.grad(outs, wanted, seeds, retain_graph=True, allow_unused=True))


def _channels_last(x: np.ndarray) -> np.ndarray:
    return np.moveaxis(np.ascontiguousarray(np.moveaxis(x, 1, -1)), -1, 1) if x.ndim > 2 else x


def theirs(row: Row, case: Case, device: str = "cpu") -> Call | None:
    """The same operation of PyTorch on the same values, where both are there."""
    try:
        import torch
    except ImportError:
        return None
    if row.torch is None:
        return None
    leaves = [torch.from_numpy(np.ascontiguousarray(v)).to(device) for v in case.fill(dtype=np.float32)]

    def forward() -> list[Any]:
        args, options = case.given(leaves)
        return runs.listed(row.counterpart(torch, args, options))

    def without() -> list[Any]:
        with torch.no_grad():
            return forward()

    wanted = [leaves[k].requires_grad_() for k in case.differentiable()]
    outs = [out for out in forward() if out.requires_grad]
    if not outs:
        return Call(without, None)
    seeds = [torch.ones_like(out) for out in outs]

    def backward() -> Any:
        return torch.autograd.grad(outs, wanted, seeds, retain_graph=True, allow_unused=True)

    try:
        backward()
    except RuntimeError:  # an operation without a derivative, as floor_divide
        return Call(without, None)
    return Call(without, backward)
