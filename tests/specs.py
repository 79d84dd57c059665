"""One row per operation: here what works element by element, reductions and views; layers are in layer_rows.py.

Every generic test, and the benchmarks, run over ROWS. A row names a function by its path, which is the same in
tinygrad_cnn and in PyTorch ("nn.functional.conv2d"), or gives one that takes the library first. Beside it stand the
NumPy reference, the cases it is tried on, what it must refuse, and two shapes of real networks to measure it on.
"""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import Any

import numpy as np

from . import layer_rows, references
from .cases import DTYPES, FLOATS, A, Case, Draw, case
from .rows import ROWS, refuse, row

__all__ = ["ROWS", "layer_rows"]

INTEGERS = ("int64", "int32", "uint8")
NAMES = {"long": "int64", "double": "float64"}


# ---- element-wise ----------------------------------------------------------------------------------------------------


IMAGES, MORE = A(8, 64, 56, 56), A(4, 64, 112, 112)


def alone(kind: str = "distinct") -> Callable[[Draw], Case]:
    return lambda d: case(A(*d.image(), kind=kind))


def together(left: str = "distinct", right: str = "distinct") -> Callable[[Draw], Case]:
    def cases(d: Draw) -> Case:
        n, c, h = d.batch(), *d.several(2, 1, 4)
        a, b = d.choice(((n, c, h), (n, c, h)), ((n, c, h), (c, 1)), ((n, 1, h), (c, h)), ((), (n, c)))
        return case(A(*a, kind=left), A(*b, kind=right))

    return cases


def floating(dtype: str) -> str:
    return dtype if dtype in FLOATS else "float32"


for _name, _reference, _more in (
        ("relu", references.relu, {"exact": True, "dtypes": (*FLOATS, *INTEGERS)}),
        ("neg", np.negative, {"exact": True, "linear": (0,), "dtypes": (*FLOATS, *INTEGERS)}),
        ("exp", np.exp, {"dtypes": DTYPES, "result": floating}),
        ("tanh", np.tanh, {"dtypes": DTYPES, "result": floating}),
        ("sigmoid", lambda x: 1 / (1 + np.exp(-x)), {"dtypes": DTYPES, "result": floating})):
    row(_name, _name, _reference, alone(), big=(case(IMAGES), case(MORE)), sums=False, **_more)
for _name in ("log", "sqrt"):
    row(_name, _name, getattr(np, _name), alone("positive"), big=(case(A(8, 64, 56, 56, kind="positive")), case(
        A(4, 64, 112, 112, kind="positive"))), sums=False, dtypes=(*FLOATS, *INTEGERS), result=floating)

_apart = A(2, 3), A(4, 3)
for _name, _reference, _more in (
        ("add", np.add, {"linear": (0, 1), "exact": True, "dtypes": DTYPES}),
        ("sub", np.subtract, {"linear": (0, 1), "exact": True, "dtypes": (*FLOATS, *INTEGERS)}),
        ("mul", np.multiply, {"linear": (0, 1), "exact": True, "dtypes": DTYPES})):
    row(_name, _name, _reference, together(), big=(case(IMAGES, IMAGES), case(MORE, A(64, 1, 1))), sums=False,
        refuses=(refuse(ValueError, f"{_name} (2, 3) (4, 3) broadcast", *_apart),), **_more)
row("div", "div", np.divide, together("distinct", "positive"), linear=(0,), sums=False, dtypes=(*FLOATS, *INTEGERS),
    big=(case(IMAGES, A(8, 64, 56, 56, kind="positive")), case(MORE, A(64, 1, 1, kind="positive"))), result=floating,
    refuses=(refuse(ValueError, "div (2, 3) (4, 3) broadcast", *_apart),))
row("pow", "pow", np.power, together("positive"), sums=False,
    big=(case(A(8, 64, 56, 56, kind="positive"), IMAGES), case(A(8, 64, 56, 56, kind="positive"), A(64, 1, 1))),
    refuses=(refuse(ValueError, "pow (2, 3) (4, 3) broadcast", *_apart),))
row("pow_number", "pow", np.power, lambda d: case(A(*d.image(), kind="positive"), d.choice(2, 3, 0.5, -1.0)),
    sums=False, big=(case(IMAGES, 2), case(A(8, 64, 56, 56, kind="positive"), -0.5)))
for _name, _reference in (("eq", np.equal), ("ne", np.not_equal), ("lt", np.less), ("le", np.less_equal),
                          ("gt", np.greater), ("ge", np.greater_equal)):
    row(_name, _name, _reference, together("whole", "whole"), big=(case(IMAGES, IMAGES), case(MORE, A(64, 1, 1))),
        exact=True, sums=False, dtypes=DTYPES, result=lambda dtype: "bool",
        refuses=(refuse(ValueError, f"{_name} (2, 3) (4, 3) broadcast", *_apart),))
row("where", "where", np.where, lambda d: case(A(*d.several(2, 1, 4), kind="flags"), A(d.batch(), 1, 1), A(1, 1)),
    big=(case(A(8, 64, 56, 56, kind="flags"), IMAGES, IMAGES), case(A(64, 1, 1, kind="flags"), MORE, A(1))),
    linear=(1, 2), exact=True, sums=False, dtypes=DTYPES,
    refuses=(refuse(ValueError, "where (4, 3) (2, 3) broadcast", A(4, 3, kind="flags"), A(2, 3), A(2, 3)),))
row("cast", lambda t, x, name: getattr(x, name)(), lambda x, name: x.astype(NAMES.get(name, name)),
    lambda d: case(A(*d.image(), kind="whole"), d.choice("double", "long", "int", "bool")), sums=False, exact=True,
    dtypes=DTYPES, big=(case(IMAGES, "double"), case(MORE, "int")), result=None)


# ---- reductions ------------------------------------------------------------------------------------------------------


def reduced(d: Draw) -> Case:
    x = d.image((1, 3))
    axes = [k for k in range(len(x)) if d.integer(0, 1)]
    return case(A(*x), d.choice(tuple(axes or [-1]), d.integer(-len(x), len(x) - 1)), d.choice(True, False))


def along(d: Draw) -> Case:
    x = d.image((1, 3))
    return case(A(*x), d.integer(1, len(x) - 1) - d.choice(0, len(x)), d.choice(True, False))


_axis = refuse(IndexError, "axis 2 with 2 axes -2 to 1", A(2, 3), 2)
row("sum", "sum", lambda x, dim, keep: x.sum(dim, keepdims=keep), reduced, linear=(0,), exact=True, dtypes=DTYPES,
    big=(case(IMAGES, (0, 2, 3), False), case(MORE, (2, 3), True)),
    result=lambda dtype: dtype if dtype in FLOATS else "int64",
    refuses=(_axis, refuse(ValueError, "sum axis twice (0, 0) once", A(2, 3), (0, 0))))
row("mean", "mean", lambda x, dim, keep: x.mean(dim, keepdims=keep), reduced, linear=(0,),
    big=(case(IMAGES, (2, 3), False), case(MORE, 1, True)),
    refuses=(_axis, refuse(RuntimeError, "mean dtype int64 floating", A(2, 3, kind="classes", below=3), 0)))
row("max", "max", references.maximum, along, exact=True, sums=False, dtypes=(*FLOATS, *INTEGERS),
    big=(case(IMAGES, 1, False), case(MORE, -1, True)),
    refuses=(_axis, refuse(IndexError, "max axis 1 (2, 0) extent 0", A(2, 0), 1)))
row("max_all", "max", np.max, lambda d: case(A(*d.image())), exact=True, sums=False, empty=False,
    big=(case(IMAGES), case(MORE)), refuses=(refuse(ValueError, "max (2, 0) no elements", A(2, 0)),))
row("argmax", "argmax", lambda x, dim, keep: x.argmax(dim, keepdims=keep), along, exact=True, sums=False,
    big=(case(IMAGES, 1, False), case(MORE, -1, True)), dtypes=(*FLOATS, *INTEGERS), result=lambda dtype: "int64",
    refuses=(_axis,))


# ---- shapes ----------------------------------------------------------------------------------------------------------


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
