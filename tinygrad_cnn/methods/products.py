"""Products of a tensor with vectors and matrices."""

from __future__ import annotations

from typing import Any

from ..operators import Number, only_tensor
from ..ops import matmul, product


class Products:
    """`x.matmul(y)` and its like."""

    __slots__ = ()
    array: Any

    def matmul(self, other: Any) -> Any:
        """The matrix product over broadcast leading axes; a vector is a row in front and a column behind."""
        return matmul.matmul(self, only_tensor("matmul", other))

    def mm(self, mat2: Any) -> Any:
        """The product of two matrices."""
        return product.product("mm", self, only_tensor("mm", mat2), 2, 2)

    def bmm(self, mat2: Any) -> Any:
        """The products of a batch of matrices (b, m, k) with another (b, k, n)."""
        return product.product("bmm", self, only_tensor("bmm", mat2), 3, 3)

    def mv(self, vec: Any) -> Any:
        """The product of a matrix and a vector."""
        return product.product("mv", self, only_tensor("mv", vec), 2, 1)

    def dot(self, other: Any) -> Any:
        """The sum of the products of two vectors' elements."""
        return product.product("dot", self, only_tensor("dot", other), 1, 1)

    def outer(self, vec2: Any) -> Any:
        """All products of an element of one vector and an element of another."""
        return product.outer(self, only_tensor("outer", vec2))

    ger = outer

    def inner(self, other: Any) -> Any:
        """The sums of products over the last axis of both; a tensor without axes multiplies."""
        return product.inner(self, only_tensor("inner", other))

    def addr(self, vec1: Any, vec2: Any, *, beta: Number = 1, alpha: Number = 1) -> Any:
        """beta * self + alpha * vec1.outer(vec2)."""
        return product.added("addr", self, product.outer(vec1, vec2), beta, alpha)

    def addmm(self, mat1: Any, mat2: Any, *, beta: Number = 1, alpha: Number = 1) -> Any:
        """beta * self + alpha * (mat1 @ mat2)."""
        return product.added("addmm", self, product.product("addmm", mat1, mat2, 2, 2), beta, alpha)

    def addmv(self, mat: Any, vec: Any, *, beta: Number = 1, alpha: Number = 1) -> Any:
        """beta * self + alpha * (mat @ vec)."""
        return product.added("addmv", self, product.product("addmv", mat, vec, 2, 1), beta, alpha)

    def baddbmm(self, batch1: Any, batch2: Any, *, beta: Number = 1, alpha: Number = 1) -> Any:
        """beta * self + alpha * (batch1 @ batch2), batches of matrices."""
        return product.added("baddbmm", self, product.product("baddbmm", batch1, batch2, 3, 3), beta, alpha)
