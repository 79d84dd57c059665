"""Rows of views, joining and cutting."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

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


def to_pixels(d: Draw) -> Case:
    r = d.integer(1, 3)
    return case(A(d.batch(), r * r * d.integer(1, 2), *d.several(2, 1, 3)), r)


def from_pixels(d: Draw) -> Case:
    r = d.integer(1, 3)
    return case(A(d.batch(), d.integer(1, 2), *(r * n for n in d.several(2, 1, 3))), r)


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
    refuse(TypeError, "index 'a' no integer", A(2, 3), "a")), **_shapes)
row("pad", "nn.functional.pad", references.pad, framed, linear=(0,), big=(case(IMAGES, (1, 1, 1, 1)), case(MORE, (0,
    1))),
    refuses=(refuse(ValueError, "pad amounts -4 (2, 3) crop", A(2, 3), (-4, 0)),), **_shapes)
row("stack", "stack", np.stack, lambda d: (lambda n, c: case([A(n, c)] * d.integer(1, 3), d.choice(1, 2, -1)))(
    d.batch(), d.integer(1, 4)), linear=(0, 1, 2), big=(case([IMAGES, IMAGES], 1), case([A(4, 32, 56, 56)] * 5, -1)), refuses=(
    refuse(ValueError, "stack shape (3, 3) (2, 3)", [A(2, 3), A(3, 3)]),), **_shapes)
row("flip", "flip", np.flip, lambda d: case(A(d.batch(), *d.several(2, 1, 4)), d.choice((1,), (-1, 0), (0, 1, 2))),
    linear=(0,), big=(case(IMAGES, (3,)), case(MORE, (2, 3))), refuses=(
    refuse(ValueError, "flip (0, 0) twice", A(2, 3), (0, 0)),), **_shapes)
row("roll", "roll", np.roll, lambda d: case(A(d.batch(), *d.several(2, 1, 4)), *d.choice((1, None), (-2, 1), ((1, 3), (2, 1)),
    ((5,), (-1,)))), linear=(0,), big=(case(IMAGES, 3, 2), case(MORE, (5, -5), (2, 3))), refuses=(
    refuse(ValueError, "roll 2 shifts 1 dims", A(2, 3), (1, 2), 0),), **_shapes)
row("repeat", "Tensor.repeat", lambda x, *n: np.tile(x, n), lambda d: case(A(d.batch(), d.integer(1, 4)), *d.choice(
    (1, 2), (2, 1), (3, 1, 2), (1, 0))), linear=(0,), big=(case(A(8, 64, 28, 28), 1, 1, 2, 2), case(A(64, 56, 56), 4, 1, 1, 1)),
    refuses=(refuse(ValueError, "repeat (2,) (2, 3)", A(2, 3), 2),), **_shapes)
row("repeat_interleave", "repeat_interleave", np.repeat, linear=(0,), cases=lambda d: case(
    A(d.batch(), 3, 2), d.choice(0, 1, 3), d.choice(1, -1, None)),
    big=(case(A(8, 64, 28, 28), 4, 2), case(A(8, 64, 28, 28), 2, 3)), refuses=(
    refuse(ValueError, "repeat_interleave (1,) 0", A(2, 3), -1, 0),), **_shapes)
for _name in ("tril", "triu"):
    row(_name, _name, getattr(np, _name), lambda d: case(A(d.batch(), *d.several(2, 1, 4)), d.integer(-2, 2)), linear=(0,),
        big=(case(A(64, 256, 256)), case(A(2048, 2048), 5)), refuses=(refuse(ValueError, f"{_name} (3,) 2", A(3)),), **_shapes)
row("diagonal", "diagonal", lambda x, offset, a, b: np.diagonal(x, offset, a, b), lambda d: case(A(d.batch(), *d.several(
    2, 1, 4)), d.integer(-1, 1), *d.choice((1, 2), (-1, 1), (2, 0))), linear=(0,),
    big=(case(A(4096, 32, 32), 0, 1, 2), case(A(2048, 2048), 5, 0, 1)), refuses=(
    refuse(ValueError, "diagonal dim1 0 dim2 0", A(2, 3), 0, 0, 0),), **_shapes)
row("diag_embed", "diag_embed", lambda x, k: np.stack([np.diag(v, k) for v in x]) if len(x) else np.zeros((0, *np.diag(
    np.zeros(x.shape[1]), k).shape)), lambda d: case(A(d.batch(), d.integer(1, 4)), d.integer(-2, 2)), linear=(0,),
    big=(case(A(256, 64), 0), case(A(16, 512), 1)), **_shapes)
row("pixel_shuffle", "nn.functional.pixel_shuffle", references.pixel_shuffle, to_pixels, linear=(0,),
    big=(case(IMAGES, 2), case(A(8, 48, 56, 56), 4)), refuses=(
    refuse(ValueError, "pixel_shuffle 2 (1, 3, 2, 2)", A(1, 3, 2, 2), 2),), **_shapes)
row("pixel_unshuffle", "nn.functional.pixel_unshuffle", references.pixel_unshuffle, from_pixels, linear=(0,),
    big=(case(IMAGES, 2), case(MORE, 4)), refuses=(
    refuse(ValueError, "pixel_unshuffle 2 (1, 3, 3, 2)", A(1, 3, 3, 2), 2),), **_shapes)
row("unfold_axis", "Tensor.unfold", lambda x, dim, size, step: sliding_window_view(x, size, dim)[:, ::step],
    lambda d: case(A(d.batch(), d.integer(3, 5), 2), 1, d.integer(1, 3), d.integer(1, 2)), linear=(0,),
    big=(case(A(8, 64, 56, 56), 1, 3, 1), case(A(128, 4096), 1, 5, 2)), refuses=(
    refuse(ValueError, "unfold size 4 axis 1 (2, 3) 0 to 3", A(2, 3), 1, 4, 1),), **_shapes)
