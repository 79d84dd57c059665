"""Rows of activations along an axis, and dropout."""

from __future__ import annotations

from .. import references
from ..cases import A, case
from . import refuse, row

row("dropout", "nn.functional.dropout", references.dropout, lambda d: case(A(*d.image()), d.choice(0.25, 0.5)),
    sums=False,
    torch=None, linear=(0,), big=(case(A(8, 64, 56, 56), 0.5), case(A(256, 9216), 0.25)),
    refuses=(refuse(ValueError, "dropout p 1.5 probability 0 to 1", A(2, 3), 1.5),))
for _name in ("softmax", "log_softmax"):
    row(_name, _name, getattr(references, _name), lambda d: case(A(*d.image((1, 2))), d.choice(-1, 1)),
        big=(case(A(4096, 1000), 1), case(A(8, 21, 128, 128), 1)),
        refuses=(refuse(IndexError, f"{_name} 3 2 axes", A(2, 3), 3),))
