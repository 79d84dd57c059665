"""Rows of what runs along axes: sums, maxima."""

from __future__ import annotations

import numpy as np

from .. import references
from ..cases import DTYPES, FLOATS, INTEGERS, A, Case, Draw, case
from . import refuse, row

IMAGES, MORE = A(8, 64, 56, 56), A(4, 64, 112, 112)


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
