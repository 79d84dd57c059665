"""Rows of functions that are compositions of others."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import references
from ..cases import FLOATS, A, Case, Draw, case
from . import refuse, row
from .elementwise import IMAGES, MORE, floating, together

BIG = case(IMAGES), case(MORE)


def holes(t: Any, x: Any) -> Any:
    """x with NaN for what is below 0."""
    return t.where(x < 0, float("nan"), x)


def along(d: Draw) -> Case:
    return case(A(*d.image()), dim=d.choice(0, 1, -1), keepdim=d.choice(False, True))


row("diff", "diff", lambda x, n, dim: np.diff(x, n, dim), lambda d: case(A(d.batch(), *d.several(2, 3, 5)), d.choice(1, 2),
    d.choice(1, -1)), linear=(0,), exact=True, sums=False, dtypes=(*FLOATS, "int64"), big=(case(IMAGES, 1, 2),
    case(MORE, 2, -1)), refuses=(refuse(ValueError, "diff n -1 at least 0", A(2, 3), -1),))
row("nansum", lambda t, x, **o: t.nansum(holes(t, x), **o), lambda x, dim, keepdim: np.maximum(x, 0).sum(dim, keepdims=keepdim),
    along, empty=False, big=(case(IMAGES, dim=1), case(MORE, dim=3)))
row("nanmean", lambda t, x: t.nanmean(holes(t, x)), lambda x: x[x >= 0].mean(), lambda d: case(A(*d.image())),
    empty=False, big=BIG)
row("aminmax", "aminmax", lambda x, dim, keepdim: [x.min(dim, keepdims=keepdim), x.max(dim, keepdims=keepdim)], along,
    exact=True, sums=False, empty=False, dtypes=(*FLOATS, "int64"), big=(case(IMAGES, dim=1), case(MORE, dim=3)))
row("trace", "trace", np.trace, lambda d: case(A(d.batch(), d.integer(1, 4))), linear=(0,), exact=True,
    big=(case(A(2048, 2048)), case(A(1024, 2048))), refuses=(refuse(ValueError, "trace (2,) 1 axes", A(2)),))
row("logit", lambda t, x, eps: t.logit(x * 0.2 + 0.5, eps), lambda x, eps: (lambda p: np.log(p / (1 - p)))(
    np.clip(x * 0.2 + 0.5, eps or 0, 1 - (eps or 0))), lambda d: case(A(*d.image()), d.choice(None, 0.3)), sums=False,
    big=(case(IMAGES, None), case(MORE, 0.1)))
row("logaddexp", "logaddexp", np.logaddexp, together(), sums=False, big=(case(IMAGES, IMAGES), case(MORE, A(64, 1, 1))),
    refuses=(refuse(ValueError, "maximum (2, 3) (4, 3) broadcast", A(2, 3), A(4, 3)),))
row("hypot", "hypot", np.hypot, together(), sums=False, big=(case(IMAGES, IMAGES), case(MORE, A(64, 1, 1))))
for _name in ("deg2rad", "rad2deg"):
    row(_name, _name, getattr(np, _name), lambda d: case(A(*d.image())), linear=(0,), sums=False, big=BIG,
        dtypes=(*FLOATS, "int64"), result=floating)
row("positive", "positive", np.positive, lambda d: case(A(*d.image())), linear=(0,), exact=True, sums=False, big=BIG,
    dtypes=(*FLOATS, "int64"))
row("histc", "histc", lambda x, bins, low, high: np.histogram(x, bins, (low, high))[0], lambda d: case(A(*d.image()),
    d.choice(1, 4, 7), -1.5, d.choice(0.3, 2.0)), sums=False, exact=True, big=(case(IMAGES, 16, -1.0, 1.0), case(MORE, 64, -2.0,
    2.0)), refuses=(refuse(RuntimeError, "histc bins 0", A(2), 0),))
row("isin", "isin", np.isin, lambda d: case(A(*d.image(), kind="classes", below=9), A(3, kind="classes", below=9),
    invert=d.choice(False, True)), sums=False, exact=True, dtypes=("int64",), result=lambda dtype: "bool",
    big=tuple(case(A(*x.shape, kind="classes", below=9), A(n, kind="classes", below=9)) for x, n in ((IMAGES, 3), (MORE, 2))))
row("split_with_sizes", "split_with_sizes", lambda x, sizes, dim: references.split(x, sizes, dim),
    lambda d: case(A(d.batch(), 5, 2), d.choice((2, 3), (1, 0, 4)), 1), linear=(0,), exact=True, sums=False,
    big=(case(IMAGES, (24, 40), 1), case(MORE, (100, 12), 3)),
    refuses=(refuse(ValueError, "split (2, 2) 5", A(2, 5), (2, 2), 1),))
row("inner", "inner", np.inner, lambda d: case(A(d.batch(), 2, 3), A(d.integer(1, 4), 3)), linear=(0, 1), exact=True,
    big=(case(A(256, 256), A(256, 256)), case(A(512, 128), A(512, 128))),
    refuses=(refuse(ValueError, "inner 4 3 equal", A(2, 3), A(2, 4)),))
row("addr", "addr", lambda x, a, b, beta, alpha: beta * x + alpha * np.outer(a, b), lambda d: case(A(3, 2), A(3), A(2),
    beta=d.choice(1, 2), alpha=d.choice(1, 3)), linear=(0, 1, 2), exact=True, empty=False,
    big=(case(A(2048, 1024), A(2048), A(1024), beta=1, alpha=1), case(A(1024, 4096), A(1024), A(4096), beta=1, alpha=2)))
row("cdist", "cdist", lambda a, b, p: ((np.abs(a[..., None, :] - b[..., None, :, :]) ** p).sum(-1)) ** (1 / p),
    lambda d: case(A(d.batch(), 3, 2), A(d.integer(1, 4), 2), d.choice(1.0, 2.0, 3.0)),
    big=(case(A(2048, 2), A(1024, 2), 2.0), case(A(1024, 3), A(1024, 3), 1.0)),
    refuses=(refuse(ValueError, "cdist (2, 3) (2, 4) features", A(2, 3), A(2, 4)),))
row("rrelu", "nn.functional.rrelu", lambda x, lower, upper: np.where(x > 0, x, x * (lower + upper) / 2),
    lambda d: case(A(*d.image()), lower=0.1, upper=d.choice(0.1, 0.4)), sums=False,
    big=(case(IMAGES, lower=0.1, upper=0.3), case(MORE, lower=0.1, upper=0.3)),
    refuses=(refuse(RuntimeError, "rrelu lower 0.5 upper 0.1", A(2), lower=0.5, upper=0.1),))
