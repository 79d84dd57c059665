"""Writes ops.npz: for every row of specs.py inputs, results and gradients that PyTorch computed. Needs torch:

python -m tests.golden.make_ops
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch

from .. import runs
from ..cases import Case, seeded
from ..rows import Row
from ..specs import ROWS
from .packing import packed

SEEDS = 2


def torch_arrays(row: Row, case: Case, values: list[np.ndarray]) -> tuple[list[Any], list[Any]]:
    """(results, gradients) of PyTorch in the values' dtype."""
    leaves = [torch.tensor(v) for v in values]
    wanted = [leaves[k].requires_grad_() for k in case.differentiable() if leaves[k].is_floating_point()]
    args, options = case.given(leaves)
    outs = runs.listed(row.counterpart(torch, args, options))
    no = "torch::autograd::NotImplemented"  # of the gradient of floor_divide
    recorded = [out for out in outs if out.requires_grad and (out.is_leaf or out.grad_fn.name() != no)]
    results = [out.detach().numpy() for out in outs]
    if not recorded:
        return results, []
    weights = [torch.tensor(w) for w in runs.weights([out.detach().numpy() for out in recorded])]
    found = torch.autograd.grad(recorded, wanted, weights, allow_unused=True)
    return results, [
        np.zeros(x.shape, x.detach().numpy().dtype) if g is None else g.numpy() for g, x in zip(found, wanted)
    ]


def main() -> None:
    stored: dict[str, np.ndarray] = {}
    for row in ROWS.values():
        for seed in range(SEEDS if row.torch is not None else 0):
            case = row.cases(seeded(seed))
            values = case.fill(seed, "float32")
            name = f"{row.name}.{seed}"
            stored[f"{name}.case"] = np.frombuffer(repr(case).encode(), np.uint8)
            results, gradients = torch_arrays(row, case, [v.copy() for v in values])
            for kind, arrays in (("in", values), ("out", results), ("grad", gradients)):
                stored |= {f"{name}.{kind}{k}": a for k, a in enumerate(arrays)}
    np.savez_compressed(Path(__file__).with_name("ops.npz"), **packed(stored))


if __name__ == "__main__":
    main()
