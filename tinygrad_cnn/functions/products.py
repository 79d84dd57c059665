"""Products of vectors and matrices."""

from __future__ import annotations

from typing import Any

from ..ops import einsum as _einsum
from ..ops import product as _product
from ..tensor import Tensor
from .method import method

matmul, mm, bmm, mv, dot, outer = map(method, ("matmul", "mm", "bmm", "mv", "dot", "outer"))
ger, inner, addr = map(method, ("ger", "inner", "addr"))
addmm, addmv, baddbmm = map(method, ("addmm", "addmv", "baddbmm"))


def einsum(equation: Any, *operands: Any) -> Tensor:
    """Einstein's summation: the letters that the output does not name are summed over, `einsum("bij,bjk->bik", a, b)`.

    A letter that one operand has twice takes the diagonal; "..." stands for axes that broadcast. Operands may also be
    followed by lists of numbers, `einsum(a, [0, 1], b, [1, 2], [0, 2])`. More than two are multiplied from the left.
    """
    if not isinstance(equation, str):
        return _einsum.einsum(*_einsum.letters((equation, *operands)))
    listed = len(operands) == 1 and isinstance(operands[0], (list, tuple))
    return _einsum.einsum(equation, operands[0] if listed else operands)


def tensordot(a: Tensor, b: Tensor, dims: Any = 2) -> Tensor:
    """The sum of products over pairs of axes: the last `dims` of `a` and the first of `b`, or ([of a], [of b])."""
    return _product.tensordot(a, b, dims)
