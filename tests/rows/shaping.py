"""Rows of views, joining and cutting."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from .. import references
from ..cases import DTYPES, A, Case, Draw, case
from . import refuse, row

IMAGES, MORE = A(8, 64, 56, 56), A(4, 64, 112, 112)


def beside(d: Draw) -> Case:
    n, c, h = d.batch(), *d.several(2, 1, 4)
    dim = d.choice(1, 2, -1)
    parts = [(n, m, h) if dim == 1 else (n, c, m) for m in d.several(d.integer(1, 3), 1, 4)]
    return case([A(*part) for part in parts], dim)


def joined(xs: Any, dim: int) -> Any:
    return np.concatenate(xs, dim)


def permutation(d: Draw) -> Case:
    return case(A(d.batch(), *d.several(3, 1, 4)), d.choice((0, 2, 3, 1), (3, 1, 0, 2), (1, 0, 2, 3), (0, -1, 1, 2)))


def cut(d: Draw) -> Case:
    key = d.choice((slice(None), 1), (..., slice(None, None, 2)), (None, slice(None), slice(1, 3)), (..., -1, 2),
        slice(0, 2), (...,))
    return case(A(d.batch(), d.integer(2, 4), 3), key)


def stretched(d: Draw) -> Case:
    n = d.batch()
    return case(A(n, 1, 3), d.choice((n, 4, 3), (2, n, 4, 3), (n, 1, 3)))


def framed(d: Draw) -> Case:
    amounts = d.choice(d.several(2, 0, 2), d.several(4, 0, 2), (-1, 1), (1, 0, -1, -1))
    return case(A(d.batch(), *d.several(3, 2, 4)), amounts, value=d.choice(0.0, 1.5))


_shapes = {"sums": False, "exact": True, "dtypes": DTYPES}
row("cat", "cat", joined, beside, linear=(0, 1, 2), big=(case([IMAGES, IMAGES], 1), case([A(4, 32, 56, 56)] * 5, 1)),
    refuses=(
    refuse(ValueError, "cat (2, 4) (3, 3) axis 1", [A(3, 3), A(2, 4)], 1),
    refuse(ValueError, "cat 0 tensors at least 1", [], 0)), **_shapes)
row("split", "split", references.split, lambda d: case(A(d.batch(), 5, 3), d.choice(2, 5, (1, 4), (2, 2, 1)), 1),
    linear=(0,),
    big=(case(IMAGES, 32, 1), case(MORE, (16, 48), 1)),
    refuses=(refuse(ValueError, "split sizes (1, 2) 3 5", A(2, 5), (1, 2), 1),), **_shapes)
row("reshape", "reshape", np.reshape, lambda d: case(A(d.batch(), 4, 3), d.choice((-1, 12), (-1, 2, 6), (-1, 3, 2, 2))),
    linear=(0,), big=(case(IMAGES, (8, -1)), case(MORE, (4, 8, 8, -1))), refuses=(
    refuse(ValueError, "reshape (2, 3) 6 (4, 2) 8", A(2, 3), (4, 2)),
    refuse(ValueError, "reshape (2, 3) (-1, -1) one -1", A(2, 3), (-1, -1))), **_shapes)
row("flatten", "flatten", lambda x, start: x.reshape(*x.shape[:start], prod(x.shape[start:])),
    lambda d: case(A(d.batch(), 3, 4), d.choice(0, 1, 2)), linear=(0,), big=(case(IMAGES, 1), case(MORE, 2)),
    refuses=(refuse(IndexError, "flatten axis 5 2 axes", A(2, 3), 5),), **_shapes)
row("permute", "permute", np.transpose, permutation, linear=(0,), big=(case(IMAGES, (0, 2, 3, 1)), case(MORE, (1, 0,
    2, 3))),
    refuses=(refuse(ValueError, "permute order (0, 0) 2 axes once", A(2, 3), (0, 0)),), **_shapes)
row("transpose", "transpose", np.swapaxes, lambda d: case(A(d.batch(), *d.several(2, 1, 4)), *d.choice((0, 1), (-1,
    1), (2, 2))),
    linear=(0,), big=(case(IMAGES, 1, 3), case(MORE, 2, 3)), refuses=(
    refuse(IndexError, "transpose axis 2 2 axes", A(2, 3), 0, 2),), **_shapes)
row("expand", "broadcast_to", np.broadcast_to, stretched,
    linear=(0,), big=(case(A(64, 1, 1), (4, 64, 112, 112)), case(A(8, 64, 1, 1), (8, 64, 56, 56))), refuses=(
    refuse(ValueError, "expand shape (2, 3) (2, 4)", A(2, 3), (2, 4)),), **_shapes)
row("index", "Tensor.__getitem__", lambda x, key: x[key], cut, linear=(0,), big=(
    case(IMAGES, (slice(None), slice(None, None, 2))), case(MORE, (..., slice(1, None), slice(1, None)))), refuses=(
    refuse(IndexError, "index 3 axis 1 (2, 3) -3 to 2", A(2, 3), (0, 3)),
    refuse(IndexError, "index 3 indices (2, 3) at most 2", A(2, 3), (0, 0, 0)),
    refuse(TypeError, "index 'a' axis 0 (2, 3)", A(2, 3), "a")), **_shapes)
row("pad", "nn.functional.pad", references.pad, framed, linear=(0,), big=(case(IMAGES, (1, 1, 1, 1)), case(MORE, (0,
    1))),
    refuses=(refuse(ValueError, "pad amounts -4 (2, 3) crop", A(2, 3), (-4, 0)),), **_shapes)
