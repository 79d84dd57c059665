"""Rows of sorting and of what follows from it."""

from __future__ import annotations

from typing import Any

from .. import references
from ..cases import DTYPES, FLOATS, INTEGERS, A, Case, Draw, case
from . import refuse, row

CLASSES, LONG = A(4096, 1000), A(16, 1 << 16)


def along(d: Draw) -> Case:
    return case(A(d.batch(), d.integer(1, 9), d.integer(1, 3)), d.choice(1, -1))


def counted(d: Draw) -> Case:
    """(x, k, axis) with at most as many elements as there are."""
    n, c = d.batch(), d.integer(1, 9)
    return case(A(n, c, d.integer(1, 3)), d.integer(1, c), 1)


_order = {"sums": False, "exact": True}
row("sort", lambda t, x, dim, descending: t.sort(x, dim=dim, descending=descending, stable=True), references.sort,
    lambda d: case(*along(d).args, d.choice(False, True)), big=(case(CLASSES, 1, False), case(LONG, -1, True)), dtypes=DTYPES,
    refuses=(refuse(IndexError, "sort axis 2 2 axes", A(2, 3), 2, False),), **_order)
row("argsort", lambda t, x, dim: t.argsort(x, dim=dim, stable=True), lambda x, dim: references.sort(x, dim, False)[1], along,
    big=(case(CLASSES, 1), case(LONG, -1)), result=lambda dtype: "int64", dtypes=DTYPES, **_order)
row("topk", "topk", references.topk, lambda d: case(*counted(d).args, d.choice(True, False)), refuses=(
    refuse(ValueError, "topk k 4 axis 1 (2, 3) 0 to 3", A(2, 3), 4, 1),), **_order,
    big=(case(CLASSES, 5, 1, True), case(LONG, 10, -1, False)))
def kthvalue_of_torch(t: Any, x: Any, k: int, dim: int) -> tuple[Any, Any]:
    """PyTorch leaves open which of equal elements it names; here it is the first, as in a stable sort."""
    return t.kthvalue(x, k, dim).values, t.sort(x, dim=dim, stable=True).indices.select(dim, k - 1)


row("kthvalue", "kthvalue", references.kthvalue, counted, torch=kthvalue_of_torch, big=(
    case(CLASSES, 3, 1), case(LONG, 99, -1)), refuses=(
    refuse(RuntimeError, "kthvalue k 4 axis 1 (2, 3) 1 to 3", A(2, 3), 4, 1),), dtypes=(*FLOATS, *INTEGERS), **_order)
row("median", "median", lambda x, dim: references.kthvalue(x, (x.shape[dim] + 1) // 2, dim), along, refuses=(
    refuse(IndexError, "median axis 1 (2, 0) extent 0", A(2, 0), 1),), dtypes=FLOATS, **_order,
    big=(case(A(32, 9, 56, 56), 1), case(A(4096, 255), -1)))
