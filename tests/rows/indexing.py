"""Rows of picking elements by their places, and of putting them back."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import references
from ..cases import DTYPES, FLOATS, INTEGERS, A, Array, Case, Draw, case
from . import refuse, row

IMAGES, LONG, TABLE = A(8, 64, 56, 56), A(4096, 512), A(50000, 64)
MASK = np.array([[True, False, True], [False, False, False], [False, True, True], [True, True, True]])
ONCE = np.array([[3, 1, 0], [0, 2, 1], [2, 3, 3], [1, 0, 2]])  # each place of an axis of 4 once, for each of 3 columns
BACKWARDS, SHUFFLED = np.arange(4096)[::-1, None].repeat(512, 1), np.arange(512)[None].repeat(4096, 0) ^ 5


def whole(*shape: int, below: int) -> Array:
    return A(*shape, kind="classes", below=below)


def picked(d: Draw) -> Case:
    several, few, table = [0, 2, 1, 2, 0], [1, 0, 0, 1, 1], [[0, 2], [1, 1]]
    key = d.choice((slice(None), several), (..., few), (slice(None), several, few), (None, ..., [0, -1, 1]),
                   (slice(None), table, None, slice(1, 3)), (slice(None), 1, ..., [-3, 2]), (slice(None), table, [1]),
                   (slice(None), slice(None, None, 2), few), (slice(None), several, None, few), (slice(None), []))
    return case(A(d.batch(), 4, 3), key)


def masked(d: Draw) -> Case:
    key = d.choice((slice(None), MASK), (slice(None), MASK[:, 0]), (..., MASK[0]), (slice(None), MASK[:, 1], 1),
                   (True, slice(None), MASK), (slice(None), MASK[:, 0], [0, 1, 2][:2]))
    return case(A(d.batch(), 4, 3), key)


def along(d: Draw) -> Case:
    """(x, axis, index) that names each place at most once, so that no order matters."""
    n = d.batch()
    index = ONCE[:d.integer(1, 4), :d.integer(1, 3)]
    return case(A(n, 4, 3), 1, np.broadcast_to(index, (n, *index.shape)))


def with_source(d: Draw) -> Case:
    x, dim, index = along(d).args
    return case(x, dim, index, A(x.shape[0], index.shape[1] + d.integer(0, 1), 3))


def crowded(d: Draw) -> Case:
    """(x, axis, index, source) that may name a place more than once."""
    n, m, c = d.batch(), d.integer(1, 5), d.integer(1, 3)
    return case(A(n, 4, 3), 1, whole(n, m, c, below=4), A(n, m, c))


def combined(d: Draw) -> Case:
    """As `crowded`, with an index that no device has to be asked for, and whether what is there counts."""
    n, places = d.batch(), np.array([[3, 1], [3, 0], [1, 1], [3, 2]])[:d.integer(1, 4), :d.integer(1, 2)]
    return case(A(n, 4, 3), 1, np.broadcast_to(places, (n, *places.shape)), A(n, *places.shape), d.choice(True, False))


def vector(d: Draw) -> Case:
    n, m = d.batch(), d.integer(0, 5)
    return case(A(n, 4, 3), d.choice(1, -2), whole(m, below=4), A(n, m, 3))


def placed(d: Draw) -> Case:
    n = d.batch()
    key, size = d.choice((([0, 2],), (2, 3, n)), (([3, 1], [0, 0]), (2, n)), (([1], [[2], [0]]), (2, 1, 1)))
    return case(A(4, 3, n), key, A(*size))


def tensors(t: Any, x: Any, key: Any) -> Any:
    """The arrays in a key as tensors of the library beside x."""
    return tuple(t.tensor(k, device=x.device) if isinstance(k, (np.ndarray, list)) else k for k in key)


def scattered(t: Any, x: Any, dim: int, index: Any, source: Any) -> Any:
    return x.scatter(dim, t.tensor(index, device=x.device), source)


def scattered_within(t: Any, x: Any, dim: int, index: Any, source: Any) -> Any:
    """PyTorch has no gradient where the source is longer than the index."""
    return scattered(t, x, dim, index, source[tuple(map(slice, index.shape))])


def selected(t: Any, x: Any, mask: Any) -> Any:
    """On meta a mask has no values: there a key of the host stands for it."""
    if str(x.device) == "meta":
        return x[np.broadcast_to(mask, x.shape)]
    return x.masked_select(t.tensor(mask, device=x.device))


def put(t: Any, x: Any, key: Any, values: Any, accumulate: bool) -> Any:
    return t.index_put(x, tensors(t, x, key), values, accumulate)


_any = {"sums": False, "exact": True, "dtypes": DTYPES}
_added = {"exact": True, "dtypes": (*FLOATS, *INTEGERS)}
row("index_arrays", lambda t, x, key: x[key], lambda x, key: x[key], picked, linear=(0,), refuses=(
    refuse(IndexError, "index 3 out of bounds axis 1 extent 3 -3 to 2", A(2, 3), (slice(None), [1, 3])),
    refuse(IndexError, "index (2,) (3,) broadcast", A(2, 3), ([0, 1], [0, 1, 2])),
    refuse(IndexError, "index 1.0 no integer", A(2, 3), 1.0),
    refuse(ValueError, "index step -1 at least 1 flip", A(2, 3), slice(None, None, -1))),
    big=(case(LONG, list(range(0, 4096, 3))), case(IMAGES, (slice(None), list(range(63, -1, -1))))), **_any)
row("index_mask", lambda t, x, key: x[tensors(t, x, key)] if str(x.device) != "meta" else x[key], lambda x, key: x[key], masked,
    linear=(0,), big=(case(LONG, (np.arange(4096) % 2 == 0,)), case(IMAGES, (slice(None), np.arange(64) % 2 == 0))), refuses=(
    refuse(IndexError, "index mask (4,) (2,) axis 0 (2, 3)", A(2, 3), (MASK[:, 0],)),), **_any)
row("index_select", "index_select", lambda x, dim, index: np.take(x, index, dim), lambda d: case(*vector(d).args[:3]),
    linear=(0,), refuses=(
    refuse(IndexError, "index_select index out of bounds axis 0 extent 3", A(3, 2), 0, whole(9, below=99)),
    refuse(IndexError, "index_select index (2, 2) one axis", A(3, 2), 0, whole(2, 2, below=3)),
    refuse(TypeError, "index_select index float32 int64", A(3, 2), 0, A(2))),
    big=(case(TABLE, 0, whole(50000, below=50000)), case(IMAGES, 1, whole(64, below=64))), **_any)
row("gather", "gather", lambda x, dim, index: np.take_along_axis(x[..., :index.shape[2]], index, dim),
    lambda d: case(*crowded(d).args[:3]), linear=(0,), refuses=(
    refuse(IndexError, "gather index out of bounds axis 1 extent 3", A(2, 3), 1, whole(2, 3, below=999)),
    refuse(ValueError, "gather index 1 axes (2, 3) 2", A(2, 3), 1, whole(2, below=2)),
    refuse(ValueError, "gather index (4, 3) (2, 3) axis 1", A(2, 3), 1, whole(4, 3, below=2))),
    big=(case(LONG, 0, whole(4096, 512, below=4096)), case(LONG, 1, whole(4096, 512, below=512))), **_any)
row("take_along_dim", "take_along_dim", np.take_along_axis, linear=(0,), cases=lambda d: case(
    A(d.batch(), 4, 3), whole(1, d.integer(1, 5), d.choice(1, 3), below=4), 1),
    big=(case(LONG, whole(4096, 1, below=512), 1), case(LONG, whole(4096, 512, below=4096), 0)), **_any)
row("scatter", scattered, references.scatter, with_source, torch=scattered_within, linear=(0, 1), refuses=(
    refuse(IndexError, "scatter index 7 out of bounds axis 0 extent 2", A(2, 3), 0, np.array([[7]]), A(1, 1)),
    refuse(ValueError, "scatter index (1, 2) source (1, 1)", A(2, 3), 0, np.array([[0, 1]]), A(1, 1))),
    big=(case(LONG, 0, BACKWARDS, LONG), case(LONG, 1, SHUFFLED, LONG)), **_any)
row("scatter_number", scattered, references.scatter, lambda d: case(*along(d).args, d.choice(2, 0)), linear=(0,), sums=False,
    exact=True, dtypes=(*FLOATS, *INTEGERS), big=(case(LONG, 0, BACKWARDS, 1), case(LONG, 1, SHUFFLED, 2)))
row("scatter_add", "scatter_add", lambda *a: references.scatter(*a, add=True), crowded, linear=(0, 2), **_added,
    big=(case(LONG, 0, whole(4096, 512, below=4096), LONG), case(LONG, 1, whole(4096, 512, below=512), LONG)))
for _name in ("sum", "prod", "mean", "amax", "amin"):
    row(f"scatter_reduce_{_name}", lambda t, x, dim, index, source, include_self, name=_name: x.scatter_reduce(
        dim, t.tensor(index, device=x.device), source, name, include_self=include_self),
        lambda *a, name=_name: references.scatter_reduce(*a, name), combined, sums=_name in ("sum", "mean"),
        exact=_name != "mean", linear=(0, 3) if _name in ("sum", "mean") else (), big=(
        case(LONG, 0, BACKWARDS, LONG, True), case(LONG, 1, SHUFFLED, LONG, False)), refuses=() if _name != "sum" else (
        refuse(RuntimeError, "scatter_reduce source (1, 1) index (1, 2)", A(2, 3), 0, np.array([[0, 1]]), A(1, 1), True),))
row("index_add", "index_add", references.index_add, vector, linear=(0, 2), **_added, refuses=(
    refuse(IndexError, "index_add index out of bounds axis 0 extent 3", A(3, 2), 0, whole(9, below=99), A(9, 2)),
    refuse(IndexError, "index_add source (1, 2) (2, 2)", A(3, 2), 0, whole(2, below=3), A(1, 2))),
    big=(case(TABLE, 0, whole(50000, below=50000), TABLE), case(IMAGES, 1, whole(64, below=64), IMAGES)))
row("index_copy", lambda t, x, dim, index, source: x.index_copy(dim, t.tensor(index, device=x.device), source),
    lambda x, dim, index, source: references.index_put(x, (slice(None), index), source), linear=(0, 1),
    cases=lambda d: (lambda m, n: case(A(n, 4, 3), 1, np.array([2, 0, 3])[:m], A(n, m, 3)))(d.integer(0, 3), d.batch()),
    big=(case(LONG, 1, np.arange(512) ^ 3, LONG), case(IMAGES, 1, np.arange(64) ^ 1, IMAGES)), **_any)
row("index_fill", "index_fill", lambda x, dim, index, value: references.index_put(x, (slice(None), index), value),
    lambda d: case(*vector(d).args[:3], d.choice(0, 2)), linear=(0,), sums=False, exact=True, dtypes=(*FLOATS, *INTEGERS),
    big=(case(LONG, 1, whole(99, below=512), 0), case(IMAGES, 1, whole(9, below=64), 1)))
for _name, _accumulate in (("index_put", False), ("index_put_added", True)):
    row(_name, lambda t, x, key, values, add=_accumulate: put(t, x, key, values, add), cases=placed, linear=(0, 1),
        reference=lambda x, key, values, add=_accumulate: references.index_put(x, key, values, add), sums=_accumulate,
        exact=True, dtypes=(*FLOATS, *INTEGERS),
        big=(case(IMAGES, ([0, 3],), A(2, 64, 56, 56)), case(LONG, ([*range(4095, -1, -1)],), LONG)))
row("masked_fill", "masked_fill", lambda x, mask, value: np.where(mask, np.asarray(value).astype(x.dtype), x),
    lambda d: case(A(d.batch(), 4, 3), A(*d.choice((4, 3), (3,), (4, 1)), kind="flags"), d.choice(0, 2)), linear=(0,),
    refuses=(refuse(TypeError, "masked_fill mask float32 bool", A(2, 3), A(2, 3), 0),),
    big=(case(IMAGES, A(8, 64, 56, 56, kind="flags"), 0.5), case(LONG, A(4096, 1, kind="flags"), 0)), **_any)
row("masked_select", selected,
    lambda x, mask: x[np.broadcast_to(mask, x.shape)], lambda d: case(A(d.batch(), 4, 3), d.choice(MASK, MASK[1], MASK[:, :1])),
    linear=(0,), big=(case(LONG, np.arange(512) % 3 == 0), case(IMAGES, np.arange(56) % 3 == 0)), **_any)
row("one_hot", "nn.functional.one_hot", references.one_hot, lambda d: case(whole(d.batch(), d.integer(1, 3), below=4), d.choice(
    4, 6)), sums=False, exact=True, result=lambda dtype: "int64", refuses=(
    refuse(RuntimeError, "one_hot float32 int64", A(2, 3)),
    refuse(RuntimeError, "one_hot index out of bounds extent 2", whole(9, below=99), 2)),
    big=(case(whole(1024, below=1000), 1000), case(whole(8, 64, 64, below=21), 21)))
row("embedding", "nn.functional.embedding", lambda index, weight: weight[index], lambda d: case(
    whole(d.batch(), 3, below=4), A(4, d.integer(1, 3))), linear=(1,), exact=True,
    big=(case(whole(50000, below=50000), TABLE), case(whole(64, 512, below=1000), A(1000, 128))), dtypes=(*FLOATS, *INTEGERS),
    refuses=(refuse(IndexError, "embedding index out of bounds extent 4", whole(9, below=99), A(4, 2)),))
