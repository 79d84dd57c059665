"""Rows of reading at computed places."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .. import references
from ..cases import A, Case, Draw, case
from . import refuse, row


def sampled(t: Any, x: Any, cells: Any, shift: Any, **options: Any) -> Any:
    """`grid_sample` at places counted in elements: a little beside whole ones, where everything is differentiable."""
    at, corners = cells - 2 + 0.2 * shift, options["align_corners"]
    grid = [2 * at[..., k] / (n - 1) - 1 if corners else (2 * at[..., k] + 1) / n - 1
            for k, n in enumerate(reversed(x.shape[2:]))]
    return t.nn.functional.grid_sample(x, t.stack(grid, -1), **options)


def reference(x: Any, cells: Any, shift: Any, **options: Any) -> Any:
    return references.grid_sample(x, cells - 2 + 0.2 * shift, **options)


def places(rank: int) -> Callable[[Draw], Case]:
    def cases(d: Draw) -> Case:
        n, wanted = d.batch(), d.several(rank, 1, 2)
        grid = (n, *wanted, rank)
        return case(A(n, d.choice(1, 2), *d.several(rank, 2, 3)), A(*grid, kind="classes", below=7), A(*grid),
                    mode=d.choice("bilinear", "nearest", *["bicubic"] * (rank == 2)),
                    padding_mode=d.choice("zeros", "border", "reflection"), align_corners=d.choice(False, True))

    return cases


OPTIONS = {"mode": "bilinear", "padding_mode": "border", "align_corners": True}


def unmoved(d: Draw) -> Case:
    n = d.batch()
    return case(A(n, 2, 3, 4), A(n, *d.several(2, 1, 3), 2), **OPTIONS)


def big(n: int, c: int, *size: int, **options: Any) -> Case:
    grid = (n, *size, len(size))
    return case(A(n, c, *size), A(*grid, kind="classes", below=size[0]), A(*grid), padding_mode="border", align_corners=False,
                **options)


row("grid_sample", sampled, reference, places(2), linear=(0,),
    big=(big(8, 64, 56, 56, mode="bilinear"), big(4, 64, 56, 56, mode="bicubic")))
row("grid_sample_plain", "nn.functional.grid_sample", lambda x, grid, **o: references.grid_sample(
    x, (grid + 1) * (np.array(x.shape[:1:-1]) - 1) / 2, **o), unmoved, linear=(0,), big=tuple(
        case(A(n, 64, 56, 56), A(n, 56, 56, 2), **OPTIONS) for n in (8, 4)), refuses=(
    refuse(ValueError, "grid_sample mode 'some' bilinear", A(1, 2, 3, 3), A(1, 3, 3, 2), "some", align_corners=True),
    refuse(ValueError, "grid_sample padding_mode 'some' border", A(1, 2, 3, 3), A(1, 3, 3, 2), padding_mode="some",
           align_corners=True),
    refuse(ValueError, "grid_sample (1, 2, 3, 3) (2, 3, 3, 2)", A(1, 2, 3, 3), A(2, 3, 3, 2), align_corners=True),
    refuse(ValueError, "grid_sample (1, 2, 0, 3) extents", A(1, 2, 0, 3), A(1, 3, 3, 2), align_corners=True),
    refuse(ValueError, "grid_sample 'bicubic' volumes", A(1, 2, 3, 3, 3), A(1, 3, 3, 3, 3), "bicubic", align_corners=True)))
row("grid_sample3d", sampled, reference, places(3), linear=(0,),
    big=(big(2, 64, 8, 28, 28, mode="bilinear"), big(2, 96, 8, 28, 28, mode="nearest")))


def turned(d: Draw) -> Case:
    n, rank, corners = d.integer(1, 3), d.choice(2, 3), d.choice(False, True)
    return case(A(n, rank, rank + 1), (n, 2, *d.several(rank, 1 + corners, 4)), corners)


row("affine_grid", "nn.functional.affine_grid", references.affine_grid, turned, linear=(0,), empty=False, refuses=(
    refuse(ValueError, "affine_grid theta (1, 2, 2) size (1, 2, 3, 3)", A(1, 2, 2), (1, 2, 3, 3), False),
    refuse(NotImplementedError, "affine_grid size (1, 2, 3)", A(1, 2, 3), (1, 2, 3), False)),
    big=(case(A(64, 2, 3), (64, 64, 112, 112), False), case(A(16, 3, 4), (16, 1, 16, 56, 56), True)))
