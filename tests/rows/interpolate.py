"""Rows of interpolation, of padding with what lies inside, and of windows as columns."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .. import references
from ..cases import A, Case, Draw, case
from . import refuse, row

MODES = {1: ("nearest", "nearest-exact", "area", "linear"), 2: ("nearest", "nearest-exact", "area", "bilinear", "bicubic"),
         3: ("nearest", "nearest-exact", "area", "trilinear")}


def resized(rank: int) -> Callable[[Draw], Case]:
    def cases(d: Draw) -> Case:
        mode = d.choice(*MODES[rank])
        options: dict[str, Any] = {"mode": mode}
        if "linear" in mode or mode == "bicubic":
            options["align_corners"] = d.choice(False, True)
        if d.choice(True, False):
            options["size"] = d.choice(d.several(rank, 1, 6), d.integer(1, 6))
        else:
            options["scale_factor"] = d.choice(2, 1.7, tuple(d.choice(2.0, 3.2, 0.6) for _ in range(rank)))
            options["recompute_scale_factor"] = d.choice(None, True)
        return case(A(d.batch(), d.choice(1, 2, 5, 17), *d.several(rank, 2, 6 - rank)), **options)

    return cases


def smoothed(d: Draw) -> Case:
    x = A(d.batch(), d.choice(1, 2, 5), *d.several(2, 2, 7))
    return case(x, d.choice(d.several(2, 1, 4), 9), mode=d.choice("bilinear", "bicubic"), antialias=True)


for _rank, _sizes in ((1, ((8, 64, 4096), (8, 256, 1024))), (2, ((8, 64, 56, 56), (8, 256, 28, 28))),
                      (3, ((2, 32, 8, 28, 28), (2, 16, 8, 56, 56)))):
    _x, _smooth = A(1, 2, *[4] * _rank), MODES[_rank][3]
    row(f"interpolate{_rank}d", "nn.functional.interpolate", references.interpolate, resized(_rank), linear=(0,),
        big=(case(A(*_sizes[0]), scale_factor=2), case(A(*_sizes[1]), scale_factor=2, mode=_smooth)), refuses=(
        refuse(ValueError, "interpolate size None scale_factor None", _x),
        refuse(ValueError, "interpolate size 3 scale_factor 2.0", _x, 3, 2.0),
        refuse(ValueError, f"interpolate size (1, 2, 3, 4) {_rank} spatial", _x, (1, 2, 3, 4)),
        refuse(ValueError, "interpolate size extent below 1", _x, 0),
        refuse(ValueError, "interpolate align_corners True 'nearest'", _x, 3, align_corners=True),
        refuse(ValueError, "interpolate antialias 'nearest'", _x, 3, antialias=True),
        refuse(ValueError, "interpolate recompute_scale_factor size 3", _x, 3, recompute_scale_factor=True),
        refuse(NotImplementedError, "interpolate mode 'some'", _x, 3, mode="some")))
row("interpolate_antialias", "nn.functional.interpolate", references.interpolate, smoothed, linear=(0,),
    big=tuple(case(A(*s), 28, mode="bilinear", antialias=True) for s in ((8, 64, 56, 56), (4, 64, 112, 112))))


def in_bytes(t: Any, x: Any, size: Any, **options: Any) -> Any:
    return t.nn.functional.interpolate(x.byte(), size, **options)


def photographed(d: Draw) -> Case:
    x = A(d.batch(), d.choice(1, 2, 4), *d.several(2, 1, 6), kind="classes", below=256)
    return case(x, d.several(2, 1, 7), mode=d.choice("bilinear", "bicubic"), align_corners=d.choice(False, True),
                antialias=d.choice(False, True))


row("interpolate_bytes", in_bytes, references.interpolate_bytes, photographed, exact=True, sums=False,
    result=lambda dtype: "uint8", big=tuple(case(A(8, 64, n, n, kind="classes", below=256), (56, 56), mode="bilinear")
                                            for n in (112, 28)))


def around(rank: int) -> Callable[[Draw], Case]:
    def cases(d: Draw) -> Case:
        size = d.several(rank, 3, 4)
        amounts = d.choice(d.several(2 * rank, 0, 2), (2, -1) * rank, (0, 1) * rank)
        return case(A(d.batch(), d.choice(1, 2, 5), *size), amounts, mode=d.choice("reflect", "replicate", "circular"))

    return cases


for _rank, _sizes in ((1, ((8, 64, 4096), (8, 256, 1024))), (2, ((8, 64, 56, 56), (8, 256, 28, 28))),
                      (3, ((2, 64, 8, 28, 28), (2, 16, 8, 56, 56)))):
    _x = A(1, 2, *[3] * _rank)
    row(f"pad{_rank}d", "nn.functional.pad", references.pad_inside, around(_rank), linear=(0,), exact=True,
        big=tuple(case(A(*s), (1, 1) * _rank, mode=mode) for s, mode in zip(_sizes, ("reflect", "circular"))), refuses=(
        refuse(ValueError, "pad (3, 0) extent 3 'reflect'", _x, (3, 0) * _rank, mode="reflect"),
        refuse(ValueError, "pad (4, 0) extent 3 'circular'", _x, (4, 0) * _rank, mode="circular"),
        refuse(ValueError, "pad (-2, -1) nothing extent 3", _x, (-2, -1) * _rank, mode="replicate"),
        refuse(ValueError, "pad value 2.0 'reflect'", _x, (1, 0) * _rank, mode="reflect", value=2.0),
        refuse(ValueError, "pad 1 amounts", _x, (1,)),
        refuse(NotImplementedError, "pad mode 'some'", _x, (1, 0), mode="some"),
        refuse(NotImplementedError, "pad 8 amounts 'reflect'", A(1, 2, 3, 3, 3), (1, 0) * 4, mode="reflect")))


def taken(d: Draw) -> tuple[Any, ...]:
    """Kernel, dilation, padding, stride."""
    return d.several(2, 1, 3), d.several(2, 1, 2), d.several(2, 0, 2), d.choice(d.several(2, 1, 3), 1)


def unfolded(d: Draw) -> Case:
    return case(A(d.batch(), d.choice(1, 2, 5), *d.several(2, 5, 6)), *taken(d))


def folded(d: Draw) -> Case:
    (i, j), (a, b), (p, q), stride = taken(d)
    s, t = (stride, stride) if isinstance(stride, int) else stride
    size = d.several(2, 5, 6)
    count = ((size[0] + 2 * p - a * (i - 1) - 1) // s + 1) * ((size[1] + 2 * q - b * (j - 1) - 1) // t + 1)
    return case(A(d.batch(), d.choice(1, 3) * i * j, count), size, (i, j), (a, b), (p, q), stride)


row("unfold", "nn.functional.unfold", references.unfold, unfolded, linear=(0,), exact=True,
    big=(case(A(8, 16, 56, 56), 3, 1, 1), case(A(8, 64, 28, 28), 3, 1, 1, 2)), refuses=(
    refuse(ValueError, "unfold window 3 2 kernel", A(1, 2, 2, 2), 3),
    refuse(ValueError, "unfold input (4, 4) 4 axes", A(4, 4), 3)))
row("fold", "nn.functional.fold", references.fold, folded, linear=(0,), exact=True,
    big=(case(A(8, 144, 3136), (56, 56), 3, 1, 1), case(A(8, 576, 196), (28, 28), 3, 1, 1, 2)), refuses=(
    refuse(ValueError, "fold (1, 8, 4) multiple 9 4 columns", A(1, 8, 4), (4, 4), 3),
    refuse(ValueError, "fold input (8,) reshape", A(8), (4, 4), 3)))
