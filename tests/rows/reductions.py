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
    refuses=(_axis, refuse(RuntimeError, "mean dtype int64 float32", A(2, 3, kind="classes", below=3), 0)))
_least = {"exact": True, "sums": False, "dtypes": (*FLOATS, *INTEGERS)}
for _name in ("max", "min"):
    row(_name, _name, references.maximum if _name == "max" else references.minimum, along,
        big=(case(IMAGES, 1, False), case(MORE, -1, True)),
        refuses=(_axis, refuse(IndexError, f"{_name} axis 1 (2, 0) extent 0", A(2, 0), 1)), **_least)
    row(f"{_name}_all", _name, getattr(np, _name), lambda d: case(A(*d.image())), exact=True, sums=False, empty=False,
        big=(case(IMAGES), case(MORE)), refuses=(refuse(ValueError, f"{_name} (2, 0) no elements", A(2, 0)),))
    row(f"a{_name}", f"a{_name}", lambda x, dim, keep, name=_name: getattr(x, name)(dim, keepdims=keep),
        lambda d: case(A(*d.image((1, 3))), d.choice(1, (-1, 1), -1), d.choice(True, False)),
        big=(case(IMAGES, (2, 3), False), case(MORE, 1, True)),
        refuses=(_axis, refuse(IndexError, f"a{_name} axis 1 (2, 0) extent 0", A(2, 0), 1)), **_least)
    row(f"arg{_name}", f"arg{_name}", lambda x, dim, keep, name=_name: getattr(x, f"arg{name}")(dim, keepdims=keep), along,
        big=(case(IMAGES, 1, False), case(MORE, -1, True)), result=lambda dtype: "int64", refuses=(_axis,), **_least)

for _name in ("var", "std"):
    row(_name, _name,
        lambda x, dim, correction, keepdim, name=_name: getattr(x, name)(dim, ddof=correction, keepdims=keepdim),
        lambda d: case(A(d.batch(), d.integer(3, 5), d.integer(2, 4)), dim=d.choice(1, (1, 2), -2),
                       correction=d.choice(0, 1, 2), keepdim=d.choice(True, False)), big=(
        case(IMAGES, dim=(0, 2, 3), correction=1, keepdim=False), case(MORE, dim=1, correction=0, keepdim=True)),
        refuses=(refuse(RuntimeError, f"{_name} int64 float32", A(2, 3, kind="classes", below=3)),))
row("var_mean", "var_mean", lambda x, dim: [x.var(dim, ddof=1), x.mean(dim)], lambda d: case(A(d.batch(), 4, 3), (1, 2)),
    big=(case(IMAGES, (2, 3)), case(MORE, (2, 3))))
row("norm", "norm", references.norm, lambda d: case(A(d.batch(), *d.several(2, 1, 4)), d.choice(2, 1, 3, 0.5, 0,
    float("inf"), -float("inf"), "fro"), d.choice(1, (1, 2), -1), d.choice(True, False)),
    big=(case(IMAGES, 2, 1, False), case(MORE, 1, (2, 3), False)),
    refuses=(refuse(IndexError, "norm axis 2 2 axes", A(2, 3), 2, 2),))
row("logsumexp", "logsumexp", lambda x, dim, keep: np.log(np.exp(x).sum(dim, keepdims=keep)),
    lambda d: case(A(*d.image((1, 2))), d.choice(1, -1, (1, 2)), d.choice(True, False)),
    big=(case(IMAGES, 1, False), case(MORE, (2, 3), True)))
row("prod", "prod", lambda x, dim, keep: x.prod(dim, keepdims=keep), along, exact=True,
    dtypes=(*FLOATS, *INTEGERS), big=(case(IMAGES, 1, False), case(MORE, -1, True)),
    result=lambda dtype: dtype if dtype in FLOATS else "int64", refuses=(_axis,))
row("prod_with_zeros", lambda t, x: t.prod(x, 1), lambda x: x.prod(1), lambda d: case(A(d.batch(), d.integer(1, 3),
    kind="whole"),), big=(case(IMAGES), case(MORE)), exact=True)
for _name in ("cumsum", "cumprod"):
    row(_name, _name, lambda x, dim, name=_name: getattr(np, name)(x, dim),
        lambda d: case(A(*d.image((1, 2))), d.choice(0, 1, -1)),
        big=(case(IMAGES, 1), case(MORE, 3)), exact=_name == "cumsum", dtypes=(*FLOATS, *INTEGERS),
        linear=(0,) if _name == "cumsum" else (), result=lambda dtype: dtype if dtype in FLOATS else "int64",
        refuses=(refuse(IndexError, f"{_name} axis 2 2 axes", A(2, 3), 2),))
for _name in ("any", "all"):
    row(_name, _name, lambda x, dim, keep, name=_name: getattr(x, name)(dim, keepdims=keep), lambda d: case(A(d.batch(), 3, 2,
        kind="whole"), d.choice(1, (1, 2)), d.choice(True, False)), exact=True, sums=False, dtypes=("float32", "int64", "bool"),
        big=(case(IMAGES, 1, False), case(MORE, (2, 3), True)), result=lambda dtype: "bool", refuses=(_axis,))
row("count_nonzero", "count_nonzero", np.count_nonzero, lambda d: case(A(d.batch(), 3, 2, kind="whole"), d.choice(1, (1, 2))),
    exact=True, dtypes=("float32", "int64", "bool"), big=(case(IMAGES, 1), case(MORE, (2, 3))), result=lambda dtype: "int64")
