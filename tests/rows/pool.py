"""Rows of pooling."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .. import references
from ..cases import A, Case, Draw, case
from . import refuse, row


def pooling(rank: int, average: bool) -> Callable[[Draw], Case]:
    def cases(d: Draw) -> Case:
        kernel, stride = d.several(rank, 1, 3), d.several(rank, 1, 3)
        options: dict[str, Any] = {"padding": tuple(d.integer(0, k // 2) for k in kernel),
            "ceil_mode": d.choice(False, True)}
        dilation = (1,) * rank if average else d.several(rank, 1, 2)
        if not average:
            options["dilation"] = dilation
        else:
            options["count_include_pad"] = d.choice(True, False)
            if rank > 1:
                options["divisor_override"] = d.choice(None, 5)
        size = (di * (k - 1) + d.integer(1, 5 - rank) for k, di in zip(kernel, dilation))
        return case(A(d.batch(), d.choice(1, 2, 5, 17), *size), kernel, d.choice(stride, kernel), **options)

    return cases


for _rank, _sizes in ((1, ((8, 32, 8192), (8, 64, 4096))), (2, ((8, 64, 56, 56), (4, 64, 112, 112))),
                      (3, ((2, 32, 16, 56, 56), (2, 16, 16, 64, 64)))):
    for _kind, _name in ((references.max_pool, "max_pool"), (references.avg_pool, "avg_pool")):
        _mean, _x, _k = _name == "avg_pool", A(1, 2, *[6] * _rank), f"{_name}{_rank}d"
        row(_k, f"nn.functional.{_k}", _kind, pooling(_rank, _mean), linear=(0,) if _mean else (), exact=not _mean,
            sums=_mean,
            big=(case(A(*_sizes[0]), 2), case(A(*_sizes[1]), 3, 2, 1)), refuses=(
            refuse(ValueError, "pool padding 2 kernel 3 half", _x, 3, 1, 2),
            refuse(ValueError, "pool window 7 6 kernel", _x, 7),
            refuse(ValueError, f"{_k} kernel_size 0 at least 1", _x, 0),
            refuse(ValueError, f"{_k} input axes {_rank + 2} single", A(*[6] * _rank), 2),
            refuse(ValueError, "pool (1, 2, 0, 6) batch 0" if _rank == 2 else f"{_k} stride 0 at least 1",
                   A(1, 2, 0, 6) if _rank == 2 else _x, 2, 1 if _rank == 2 else 0)))


def adaptive(rank: int) -> Callable[[Draw], Case]:
    def cases(d: Draw) -> Case:
        size, wanted = d.several(rank, 1, 7 - rank), d.several(rank, 1, 4)
        return case(A(d.batch(), d.choice(1, 2, 5, 17), *size), d.choice(wanted, wanted[0], 1, wanted[:-1] + size[-1:]))

    return cases


def adaptive_max(rank: int) -> Callable[..., Any]:
    """Values and places."""
    return lambda t, x, size: getattr(t.nn.functional, f"adaptive_max_pool{rank}d")(x, size, return_indices=True)


for _rank, _sizes in ((1, ((8, 32, 8192), (8, 64, 4096))), (2, ((8, 64, 56, 56), (4, 64, 112, 112))),
                      (3, ((2, 32, 16, 56, 56), (2, 16, 16, 64, 64)))):
    _x = A(1, 2, *[6] * _rank)
    _big = (case(A(*_sizes[0]), 1), case(A(*_sizes[1]), 7))
    _k = f"adaptive_avg_pool{_rank}d"
    row(_k, f"nn.functional.{_k}", references.adaptive_avg_pool, adaptive(_rank), linear=(0,), big=_big, refuses=(
        refuse(ValueError, f"{_k} output_size -1 at least 0", _x, -1),
        refuse(ValueError, f"{_k} output_size (1, 2, 3, 4) {_rank} spatial", _x, (1, 2, 3, 4)),
        refuse(TypeError, "adaptive_avg_pool int64 float32", A(1, 2, *[6] * _rank, kind="classes", below=3), 1)))
    _k = f"adaptive_max_pool{_rank}d"
    row(_k, adaptive_max(_rank), references.adaptive_max_pool, adaptive(_rank), sums=False, exact=True, big=_big, refuses=(
        refuse(ValueError, f"{_k} input axes {_rank + 2} single", A(*[6] * _rank), 2),
        refuse(ValueError, "adaptive_max_pool extents at least 1", A(1, 2, *[0] * _rank), 2)))


def powers(d: Draw) -> Case:
    x = A(d.batch(), d.choice(1, 2, 5), *d.several(2, 3, 5), kind="positive")
    return case(x, d.choice(1.0, 2, 3.0), d.choice(2, (1, 3)), d.choice(None, 1), d.choice(False, True))


row("lp_pool2d", "nn.functional.lp_pool2d", references.lp_pool, powers,
    big=(case(A(8, 64, 56, 56, kind="positive"), 2, 2), case(A(4, 64, 112, 112, kind="positive"), 2, 2)), refuses=(
    refuse(ValueError, "lp_pool2d kernel_size 0 at least 1", A(1, 2, 6, 6), 2, 0),))


def unpooled(d: Draw) -> Case:
    kernel, size = d.choice(2, (2, 3)), d.several(2, 3, 6)
    return case(A(d.batch(), d.choice(1, 2, 5), *size), kernel)


def pooled_and_back(t: Any, x: Any, kernel: Any) -> Any:
    """All but the greatest elements of the windows become 0."""
    f = t.nn.functional
    values, places = f.max_pool2d(x, kernel, return_indices=True)
    return f.max_unpool2d(values, places, kernel, output_size=x.shape[2:])


row("max_unpool2d", pooled_and_back, references.max_unpool, unpooled, sums=False, exact=True,
    big=(case(A(8, 64, 56, 56), 2), case(A(4, 64, 112, 112), 2)))
