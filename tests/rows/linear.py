"""Rows of products of matrices."""

from __future__ import annotations

import numpy as np

from tinygrad_cnn.ops import matmul

from .. import references
from ..cases import A, Case, Draw, case
from . import refuse, row


def dense(d: Draw) -> Case:
    lead, k, n = d.several(d.integer(0, 2), 1, 3), d.choice(1, 3, 18), d.choice(1, 5, 19)
    return case(A(d.batch(), *lead, k), A(n, k), d.choice(A(n), None))


def products(d: Draw) -> Case:
    m, k, n, b = *d.several(3, 1, 5), d.batch()
    a, c = d.choice(((b, m, k), (b, k, n)), ((b, m, k), (k, n)), ((2, b, m, k), (1, k, n)), ((b, m, k), (k,)), ((k,),
        (b, k, n)))
    return case(A(*a), A(*c))


row("linear", "nn.functional.linear", references.linear, dense, linear=(0, 1, 2), exact=True, refuses=(
    refuse(ValueError, "linear input (2, 3) weight (5, 4)", A(2, 3), A(5, 4)),
    refuse(ValueError, "linear bias (4,) weight (5, 3) (5,)", A(2, 3), A(5, 3), A(4))),
    big=(case(A(64, 4608), A(128, 4608), A(128)), case(A(128, 512), A(1000, 512), None)))
row("linear_relu", lambda t, *a: matmul.linear(*a, relu=True), lambda *a: references.relu(references.linear(*a)), dense,
    torch=lambda t, *a: t.relu(t.nn.functional.linear(*a)), exact=True,
    big=(case(A(64, 4608), A(128, 4608), A(128)), case(A(128, 512), A(1000, 512), None)))
row("matmul", "matmul", np.matmul, products, linear=(0, 1), exact=True, refuses=(
    refuse(ValueError, "matmul (2, 3) (4, 5) 3 4 equal", A(2, 3), A(4, 5)),
    refuse(ValueError, "matmul (2,) (3,) broadcast", A(2, 3, 4), A(3, 4, 5))),
    big=(case(A(256, 256), A(256, 256)), case(A(16, 64, 128), A(16, 128, 64))))
