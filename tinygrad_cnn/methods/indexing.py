"""A tensor in parts, by places, and in order."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from .. import shapes
from ..arrays import is_tensor
from ..operators import only_tensor
from ..ops import concat, index, sampling, scatter, select, sort
from ..random import stream
from .names import each_by_numpy_names


class SortResult(NamedTuple):
    """What `x.sort()`, `x.topk(k)` and their like return."""

    values: Any
    indices: Any


@each_by_numpy_names
class Indexing:
    """`x[key]`, `x.gather(dim, index)`, `x.sort()` and their like."""

    __slots__ = ()
    array: Any
    ndim: Any
    shape: Any
    reshape: Any
    result: Any
    detach: Any

    def __getitem__(self, key: Any) -> Any:
        return index.get(self, key)

    # ---- parts along an axis: views ------------------------------------------------------------------------------------

    def split(self, split_size: int | Sequence[int], dim: int = 0) -> tuple[Any, ...]:
        """Views of `split_size` elements (the last may have fewer), or of the given sizes, along `dim`."""
        self._at_least_one_axis("split")
        at = shapes.axis("split", dim, self.ndim)
        n = self.shape[at]
        if not isinstance(split_size, int):
            return concat.split(self, tuple(split_size), at)
        if split_size < 0 or (split_size == 0 and n):
            raise shapes.ShapeError(f"split: split_size is {split_size} for {n} elements along axis {at}; use at least 1")
        return concat.split(self, tuple(min(split_size, n - k) for k in range(0, n, split_size or 1)) or (0,), at)

    def split_with_sizes(self, split_sizes: Sequence[int], dim: int = 0) -> tuple[Any, ...]:
        """`split` by a list of sizes."""
        return self.split(tuple(split_sizes), dim)

    def _at_least_one_axis(self, operation: str) -> None:
        if not self.ndim:
            raise shapes.ShapeError(f"{operation}: the tensor has no axes but at least one is needed; use reshape(1)")

    def chunk(self, chunks: int, dim: int = 0) -> tuple[Any, ...]:
        """At most `chunks` views of one length (the last may be shorter) along `dim`."""
        self._at_least_one_axis("chunk")
        at = shapes.axis("chunk", dim, self.ndim)
        if chunks < 1:
            raise shapes.ShapeError(f"chunk: chunks is {chunks} for shape {self.shape}; use at least 1")
        if not self.shape[at]:
            return concat.split(self, (0,) * chunks, at)
        return self.split(-(-self.shape[at] // chunks), at)

    def tensor_split(self, indices_or_sections: Any = None, dim: int = 0, *, indices: Any = None,
                     sections: Any = None) -> tuple[Any, ...]:
        """Views along `dim`: so many, of lengths that differ by at most one, or cut before the given places."""
        self._at_least_one_axis("tensor_split")
        at = shapes.axis("tensor_split", dim, self.ndim)
        n = self.shape[at]
        cuts: Any = next((v for v in (indices_or_sections, indices, sections) if v is not None), None)
        if is_tensor(cuts):
            cuts = cuts.tolist()
        if isinstance(cuts, int):
            if cuts < 1:
                raise shapes.ShapeError(f"tensor_split: sections is {cuts} for shape {self.shape}; use at least 1")
            sizes = tuple(n // cuts + (k < n % cuts) for k in range(cuts))
            return concat.split(self, sizes, at)
        places = [0, *(int(k) for k in cuts), n]
        return tuple(self[(*(slice(None),) * at, slice(a if k else 0, b if k < len(cuts) else None))]
                     for k, (a, b) in enumerate(zip(places, places[1:])))

    def unbind(self, dim: int = 0) -> tuple[Any, ...]:
        """Views of all places along `dim`, without the axis."""
        at = shapes.axis("unbind", dim, self.ndim)
        if not self.ndim:
            raise IndexError("unbind: the tensor has no axes but at least one is needed; use reshape(1)")
        return tuple(self.select(at, k) for k in range(self.shape[at]))

    def select(self, dim: int, index: int) -> Any:
        """A view of one place along `dim`, without the axis."""
        at = shapes.axis("select", dim, self.ndim)
        if not self.ndim:
            raise IndexError("select: the tensor has no axes but at least one is needed; use reshape(1)")
        return self[(*(slice(None),) * at, int(index))]

    def narrow(self, dim: int, start: Any, length: int) -> Any:
        """A view of `length` places along `dim` from `start` on, which is counted from the end if negative."""
        self._at_least_one_axis("narrow")
        at = shapes.axis("narrow", dim, self.ndim)
        if is_tensor(start) and (start.ndim or start.dtype.kind not in "iu"):
            raise shapes.KindError(f"narrow: start has shape {start.shape} and dtype {start.dtype.name} but an integer without "
                                   "axes is needed; use start.item()")
        n, start = self.shape[at], int(start)
        if not -n <= start <= n:
            raise IndexError(f"narrow: start {start} lies outside of axis {at} of extent {n}; use {-n} to {n}")
        first = start + n if start < 0 else start
        if length < 0 or first + length > n:
            raise shapes.ShapeError(f"narrow: start {start} and length {length} leave axis {at} of extent {n}; use a length "
                                    f"of 0 to {n - first}")
        return self[(*(slice(None),) * at, slice(first, first + length))]

    def hsplit(self, indices_or_sections: Any) -> tuple[Any, ...]:
        """`tensor_split` along axis 1, of a vector along axis 0."""
        return self._even_split("hsplit", indices_or_sections, 1 if self.ndim > 1 else 0, 1)

    def vsplit(self, indices_or_sections: Any) -> tuple[Any, ...]:
        """`tensor_split` along axis 0 of at least a matrix."""
        return self._even_split("vsplit", indices_or_sections, 0, 2)

    def dsplit(self, indices_or_sections: Any) -> tuple[Any, ...]:
        """`tensor_split` along axis 2."""
        return self._even_split("dsplit", indices_or_sections, 2, 3)

    def _even_split(self, operation: str, cuts: Any, dim: int, rank: int) -> tuple[Any, ...]:
        if isinstance(cuts, str):
            raise TypeError(f"{operation}: sections are {cuts!r} but a number, or the places to cut at, are needed; give them")
        if self.ndim < rank or (isinstance(cuts, int) and (cuts < 1 or self.shape[dim] % cuts)):
            raise shapes.ShapeError(f"{operation}: sections {cuts} for shape {self.shape}; give at least {rank} axes and a "
                                    f"divisor of axis {dim}")
        return self.tensor_split(cuts, dim)

    def select_scatter(self, src: Any, dim: int, index: int) -> Any:
        """A copy with `src` at one place along `dim`."""
        at = shapes.axis("select_scatter", dim, self.ndim)
        return select.overwritten("select_scatter", self, src, (*(slice(None),) * at, int(index)))

    def slice_scatter(self, src: Any, dim: int = 0, start: int | None = None, end: int | None = None, step: int = 1) -> Any:
        """A copy with `src` in a slice along `dim`."""
        at = shapes.axis("slice_scatter", dim, self.ndim)
        return select.overwritten("slice_scatter", self, src, (*(slice(None),) * at, slice(start, end, step)))

    def bincount(self, weights: Any = None, minlength: int = 0) -> Any:
        """How often each integer from 0 on occurs in a vector, or the sums of their `weights`."""
        return select.bincount(self, weights, minlength)

    # ---- by places: copies ---------------------------------------------------------------------------------------------

    def index_select(self, dim: int, index: Any) -> Any:
        """The places along `dim` that a vector of integers, from 0 on, names. Raises IndexError outside."""
        return select.index_select(self, dim, index)

    def gather(self, dim: int, index: Any, *, sparse_grad: bool = False) -> Any:
        """out[i][j] = x[index[i][j]][j] for `dim` 0, x[i][index[i][j]] for 1, and so on."""
        return select.gather(self, dim, index)

    def take(self, index: Any) -> Any:
        """The elements of the flattened tensor that `index` names, in its shape."""
        return select.take(self, index)

    def take_along_dim(self, indices: Any, dim: int | None = None) -> Any:
        """`gather` that broadcasts the other axes; without `dim` of the flattened tensors."""
        return select.take_along(self, indices, dim)

    def scatter(self, dim: int, index: Any, src: Any = None, *, value: Any = None, reduce: str | None = None) -> Any:
        """A copy with `src`, a tensor or a number, written where `gather` would read; with `reduce` "add" or "multiply" added
        to, or multiplied with, what is there."""
        src = value if src is None else src
        if reduce is None:
            return select.scatter(self, dim, index, src)
        if reduce not in ("add", "multiply"):
            raise RuntimeError(f"scatter: reduce is {reduce!r} but 'add' or 'multiply' is needed; use scatter_reduce")
        return scatter.scatter_reduce(self, dim, index, src, "sum" if reduce == "add" else "prod", True, "scatter")

    def scatter_add(self, dim: int, index: Any, src: Any) -> Any:
        """A copy with `src` added where `gather` would read, in an order that does not change from run to run."""
        return select.scatter_add(self, dim, index, only_tensor("scatter_add", src))

    def scatter_reduce(self, dim: int, index: Any, src: Any, reduce: str, *, include_self: bool = True) -> Any:
        """A copy in which all of `src` that goes where `gather` would read is combined: to its "sum", "prod", "mean", "amax" or
        "amin", together with what is there if `include_self`."""
        return scatter.scatter_reduce(self, dim, index, only_tensor("scatter_reduce", src), reduce, include_self)

    def index_add(self, dim: int, index: Any, source: Any, *, alpha: Any = 1) -> Any:
        """A copy with alpha * source added at the places along `dim` that a vector names."""
        return select.index_add(self, dim, index, source, alpha)

    def index_copy(self, dim: int, index: Any, source: Any) -> Any:
        """A copy with `source` at the places along `dim` that a vector names."""
        return select.index_copy(self, dim, index, source)

    def index_fill(self, dim: int, index: Any, value: Any) -> Any:
        """A copy with a number at the places along `dim` that a vector names."""
        return select.index_fill(self, dim, index, value)

    def index_put(self, indices: Sequence[Any], values: Any, accumulate: bool = False) -> Any:
        """A copy with `values` written, or added, at x[indices]."""
        return select.index_put(self, tuple(indices), values, accumulate)

    def masked_fill(self, mask: Any, value: Any) -> Any:
        """`value`, a number or a tensor without axes, where the mask holds."""
        return select.masked_fill(self, mask, value)

    def masked_select(self, mask: Any) -> Any:
        """The elements where the mask holds, as a vector."""
        return select.masked_select(self, mask)

    def masked_scatter(self, mask: Any, source: Any) -> Any:
        """A copy with the first elements of `source`, one after the other, where the mask holds."""
        return select.masked_scatter(self, mask, source)

    def nonzero(self, *, as_tuple: bool = False) -> Any:
        """The coordinates of the elements that are not 0: a row for each, or a vector for each axis."""
        if not as_tuple:
            return select.nonzero(self)
        return select.nonzero(self if self.ndim else self.reshape(1)).unbind(1)

    def argwhere(self) -> Any:
        """`nonzero`, numpy's name."""
        return select.nonzero(self)

    # ---- in order ------------------------------------------------------------------------------------------------------

    def sort(self, dim: int = -1, descending: bool = False, stable: bool = False) -> SortResult:
        """(values, indices) in rising or falling order along `dim`; NaN is above all numbers. Always stable."""
        return SortResult(*sort.sort(self, dim, bool(descending)))

    def argsort(self, dim: int = -1, descending: bool = False, stable: bool = False) -> Any:
        """The indices of `sort`."""
        return sort.sort(self.detach(), dim, bool(descending))[1]

    def topk(self, k: int, dim: int = -1, largest: bool = True, sorted: bool = True) -> SortResult:
        """(values, indices) of the `k` largest, or smallest, elements along `dim`, in order."""
        return SortResult(*sort.topk(self, k, dim, bool(largest)))

    def msort(self) -> Any:
        """`sort` along axis 0, the values."""
        return sort.sort(self, 0, False)[0]

    def kthvalue(self, k: int, dim: int = -1, keepdim: bool = False) -> SortResult:
        """(value, index) of the `k`-th smallest element along `dim`, from 1 on."""
        return SortResult(*sort.kth("kthvalue", self, k, dim, keepdim))

    def median(self, dim: int | None = None, keepdim: bool = False) -> Any:
        """The middle element, of two the lesser; along `dim` (values, indices). NaN if one is among them."""
        if dim is None:
            return sort.median_all(self)
        return SortResult(*sort.median(self, dim, keepdim))

    def unique(self, sorted: bool = True, return_inverse: bool = False, return_counts: bool = False,
               dim: int | None = None) -> Any:
        """The different elements, or the different parts along `dim`, in rising order; if asked, with the place of each in
        them and how often each occurs."""
        found = select.unique(self, dim)
        wanted = tuple(v for v, asked in zip(found, (True, return_inverse, return_counts)) if asked)
        return wanted if len(wanted) > 1 else found[0]

    def multinomial(self, num_samples: int, replacement: bool = False, *, generator: Any = None) -> Any:
        """int64: along the last axis `num_samples` numbers of elements, each as likely as its element, a weight, says; each
        number once unless with `replacement`."""
        with stream(generator):
            return sampling.multinomial(self, num_samples, replacement)
