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


def einsums(d: Draw) -> Case:
    b, m, k, n = d.batch(), *d.several(3, 1, 4)
    return d.choice(case("bij,bjk->bik", A(b, m, k), A(b, k, n)), case("bij,jk->kib", A(b, m, k), A(k, n)), case("bi,bj->bij",
        A(b, m), A(b, n)), case("bii->bi", A(b, m, m)), case("bij->ji", A(b, m, k)), case("...ij,kj->...ki", A(b, 2, m, k), A(n,
        k)), case("bij,ij", A(b, m, k), A(m, k)), case("bi,bi->", A(b, m), A(b, m)), case("bi,bj,bk->ijk", A(b, m), A(b, n),
        A(b, k)))


_pair = case(A(16, 64, 128), A(16, 128, 64)), case(A(8, 128, 128), A(8, 128, 64))
row("einsum", "einsum", np.einsum, einsums, exact=True, refuses=(
    refuse(ValueError, "einsum 'ij' 'ij->i' 2 axes (2, 3, 4)", "ij->i", A(2, 3, 4)),
    refuse(ValueError, "einsum 'j' extents 3 4", "ij,jk->ik", A(2, 3), A(4, 5)),
    refuse(ValueError, "einsum operands 1 2", "ij,jk->ik", A(2, 3))),
    big=(case("bij,bjk->bik", A(16, 64, 128), A(16, 128, 64)), case("bchw,oc->bohw", A(8, 64, 28, 28), A(64, 64))))
row("bmm", "bmm", np.matmul, lambda d: (lambda b: case(A(b, 2, 3), A(b, 3, d.integer(1, 4))))(d.batch()), linear=(0, 1),
    exact=True, big=_pair, refuses=(
    refuse(ValueError, "bmm (2, 3) 3 axes", A(2, 3), A(3, 4)),
    refuse(ValueError, "bmm 2 5 batches", A(2, 3, 4), A(5, 4, 1))))
row("mm", "mm", np.matmul, lambda d: case(A(d.batch(), 3), A(3, d.integer(1, 5))), linear=(0, 1), exact=True,
    big=(case(A(256, 256), A(256, 256)), case(A(512, 128), A(128, 512))),
    refuses=(refuse(ValueError, "mm (3,) 2 axes", A(2, 3), A(3)),))
row("mv", "mv", np.matmul, lambda d: case(A(d.batch(), 3), A(3)), linear=(0, 1), exact=True,
    big=(case(A(2048, 2048), A(2048)), case(A(4096, 1024), A(1024))))
row("dot", "dot", np.dot, lambda d: (lambda n: case(A(n), A(n)))(d.batch()), linear=(0, 1), exact=True,
    big=(case(A(1 << 21), A(1 << 21)), case(A(1 << 20), A(1 << 20))))
row("outer", "outer", np.outer, lambda d: case(A(d.batch()), A(d.integer(1, 4))), linear=(0, 1), exact=True, sums=False,
    big=(case(A(2048), A(2048)), case(A(1024), A(4096))), refuses=(refuse(ValueError, "outer (2, 3) 1 axes", A(2, 3), A(3)),))
row("tensordot", "tensordot", lambda a, b, dims: np.tensordot(a, b, dims), lambda d: d.choice(
    case(A(d.batch(), 3, 4), A(3, 4, 2), dims=2), case(A(d.batch(), 3, 4), A(4, 5, 3), dims=([1, 2], [2, 0]))),
    linear=(0, 1), exact=True,
    big=(case(A(32, 64, 64), A(64, 64, 64), dims=2), case(A(256, 256), A(256, 256), dims=1)))
for _name, _shapes, _big in (
        ("addmm", ((2,), (3, 4), (4, 2)), (case(A(256), A(256, 256), A(256, 256)),
                                           case(A(512, 128), A(512, 512), A(512, 128)))),
        ("baddbmm", ((1, 2), (2, 3, 4), (2, 4, 2)), tuple(case(A(p.args[0].shape[0], 1, 64), *p.args) for p in _pair)),
        ("addmv", ((3,), (3, 4), (4,)), (case(A(2048), A(2048, 2048), A(2048)), case(A(4096), A(4096, 1024), A(1024))))):
    row(_name, _name, lambda x, a, b, beta=1, alpha=1: beta * x + alpha * (a @ b),
        lambda d, shapes=_shapes: case(*[A(*s) for s in shapes], beta=d.choice(1, 2), alpha=d.choice(1, 3)),
        exact=True, linear=(0, 1, 2), empty=False, big=_big)
