"""Rows of losses."""

from __future__ import annotations

from .. import references
from ..cases import A, Case, Draw, case
from . import refuse, row


def scores(d: Draw) -> Case:
    classes, ignored = d.integer(1, 5), d.choice(-100, 0)
    more = d.several(d.integer(0, 2), 1, 3)
    n = d.batch()
    reduction = d.choice("mean", "sum", "none") if ignored < 0 else d.choice("sum", "none")
    return case(A(n, classes, *more), A(n, *more, kind="classes", below=classes), ignore_index=ignored,
        reduction=reduction)


row("cross_entropy", "nn.functional.cross_entropy", references.cross_entropy, scores, refuses=(
    refuse(ValueError, "cross_entropy input (2, 3) target (4,)", A(2, 3), A(4, kind="classes", below=3)),
    refuse(ValueError, "cross_entropy reduction 'most' 'mean'", A(2, 3), A(2, kind="classes", below=3),
    reduction="most"),
    refuse(IndexError, "cross_entropy target 3 classes ignore_index", A(9, 3), A(9, kind="classes", below=4))),
    big=(case(A(4096, 1000), A(4096, kind="classes", below=1000)), case(A(8, 21, 128, 128), A(8, 128, 128,
    kind="classes", below=21))))
