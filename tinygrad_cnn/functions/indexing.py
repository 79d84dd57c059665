"""Functions of a tensor's parts, of places in it, and of its order."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .. import shapes
from ..tensor import Tensor
from .method import method, of_tensors


def can_cast(from_: Any, to: Any) -> bool:
    """Whether a result of dtype `from_` may be written in place into a tensor of dtype `to`."""
    return shapes.can_cast(shapes.dtype_of("can_cast", from_), shapes.dtype_of("can_cast", to))


def promote_types(type1: Any, type2: Any) -> Any:
    """The dtype of what is computed of tensors of two dtypes."""
    return shapes.promote(*[(shapes.dtype_of("promote_types", t), 1) for t in (type1, type2)])


def result_type(tensor1: Any, tensor2: Any) -> Any:
    """The dtype of what is computed of two operands, tensors or numbers."""
    return shapes.promote(*[(t.dtype, t.ndim) if hasattr(t, "ndim") else t for t in (tensor1, tensor2)])


@of_tensors
def split(tensor: Tensor, split_size_or_sections: int | Sequence[int], dim: int = 0) -> tuple[Tensor, ...]:
    """Views of so many elements (the last may have fewer), or of the given sizes, along `dim`."""
    return tensor.split(split_size_or_sections, dim)


chunk, tensor_split, unbind = map(method, ("chunk", "tensor_split", "unbind"))
split_with_sizes = method("split_with_sizes")
hsplit, vsplit, dsplit, select, narrow = map(method, ("hsplit", "vsplit", "dsplit", "select", "narrow"))
select_scatter, slice_scatter, bincount = map(method, ("select_scatter", "slice_scatter", "bincount"))
index_select, gather, take, take_along_dim = map(method, ("index_select", "gather", "take", "take_along_dim"))
scatter, scatter_add, index_add, index_copy = map(method, ("scatter", "scatter_add", "index_add", "index_copy"))
index_fill, index_put, scatter_reduce = map(method, ("index_fill", "index_put", "scatter_reduce"))
masked_fill, masked_select, masked_scatter = map(method, ("masked_fill", "masked_select", "masked_scatter"))
nonzero, argwhere, unique, multinomial = map(method, ("nonzero", "argwhere", "unique", "multinomial"))
sort, argsort, msort, topk, kthvalue, median = map(method, ("sort", "argsort", "msort", "topk", "kthvalue", "median"))
