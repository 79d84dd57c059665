"""Rows of what works element by element."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from .. import references
from ..cases import DTYPES, FLOATS, INTEGERS, A, Case, Draw, case
from . import refuse, row

NAMES = {"long": "int64", "double": "float64"}
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
