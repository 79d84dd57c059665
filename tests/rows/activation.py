"""Rows of activations along an axis, and dropout."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .. import references
from ..cases import A, Case, Draw, case, seeded
from . import refuse, row

row("dropout", "nn.functional.dropout", references.dropout, lambda d: case(A(*d.image()), d.choice(0.25, 0.5)),
    sums=False,
    torch=None, linear=(0,), big=(case(A(8, 64, 56, 56), 0.5), case(A(256, 9216), 0.25)),
    refuses=(refuse(ValueError, "dropout p 1.5 probability 0 to 1", A(2, 3), 1.5),))
for _name in ("softmax", "log_softmax"):
    row(_name, _name, getattr(references, _name), lambda d: case(A(*d.image((1, 2))), d.choice(-1, 1)),
        big=(case(A(4096, 1000), 1), case(A(8, 21, 128, 128), 1)),
        refuses=(refuse(IndexError, f"{_name} 3 2 axes", A(2, 3), 3),))
row("softmin", "nn.functional.softmin", lambda x, dim: references.softmax(-x, dim), lambda d: case(A(*d.image((1, 2))), 1),
    big=(case(A(4096, 1000), 1), case(A(8, 21, 128, 128), 1)))
row("glu", "nn.functional.glu", references.glu, lambda d: case(A(d.batch(), 2 * d.integer(1, 3), d.integer(1, 3)), 1),
    sums=False, big=(case(A(8, 64, 56, 56), 1), case(A(4, 64, 112, 112), 1)),
    refuses=(refuse(ValueError, "glu dim 1 (2, 3) halves", A(2, 3), 1),))

IMAGES, MORE = A(8, 64, 56, 56), A(4, 64, 112, 112)
_functions: dict[str, tuple[Callable[..., Any], Callable[[Any], dict[str, Any]]]] = {
    "relu6": (lambda x: np.clip(x, 0, 6), lambda d: {}),
    "hardtanh": (lambda x, min_val, max_val: np.clip(x, min_val, max_val),
                 lambda d: {"min_val": -0.9, "max_val": d.choice(0.4, 2.0)}),
    "threshold": (lambda x, threshold, value: np.where(x > threshold, x, value),
                  lambda d: {"threshold": 0.3, "value": d.choice(0.0, 7.0)}),
    "leaky_relu": (lambda x, negative_slope: references.leaky_relu(x, negative_slope),
                   lambda d: {"negative_slope": d.choice(0.01, 0.2)}),
    "elu": (references.elu, lambda d: {"alpha": d.choice(1.0, 0.7)}),
    "selu": (references.selu, lambda d: {}),
    "celu": (references.celu, lambda d: {"alpha": d.choice(1.0, 0.75)}),
    "gelu": (references.gelu, lambda d: {"approximate": d.choice("none", "tanh")}),
    "silu": (references.silu, lambda d: {}),
    "mish": (references.mish, lambda d: {}),
    "softplus": (references.softplus, lambda d: {"beta": d.choice(1.0, 2.0), "threshold": d.choice(20.0, 1.3)}),
    "hardsigmoid": (references.hardsigmoid, lambda d: {}),
    "hardswish": (lambda x: x * references.hardsigmoid(x), lambda d: {}),
    "hardshrink": (lambda x, lambd: np.where(np.abs(x) > lambd, x, 0), lambda d: {"lambd": d.choice(0.5, 1.0)}),
    "softshrink": (lambda x, lambd: np.sign(x) * np.maximum(np.abs(x) - lambd, 0), lambda d: {"lambd": d.choice(0.5, 1.0)}),
    "tanhshrink": (lambda x: x - np.tanh(x), lambda d: {}),
    "softsign": (lambda x: x / (1 + np.abs(x)), lambda d: {}),
    "logsigmoid": (lambda x: np.log(references.sigmoid(x)), lambda d: {})}
_refusals = {"gelu": refuse(RuntimeError, "gelu approximate 'fast' 'none'", A(2), approximate="fast"),
             "hardtanh": refuse(ValueError, "hardtanh min_val 1 max_val 0", A(2), min_val=1.0, max_val=0.0),
             "softshrink": refuse(RuntimeError, "softshrink lambd -1 at least 0", A(2), lambd=-1.0),
             "celu": refuse(RuntimeError, "celu alpha 0 positive", A(2), alpha=0.0)}
# The gradient of PyTorch's own has a sixth in float32 whatever the dtype.
_torch = {"hardsigmoid": lambda t, x: (x / 6 + 0.5).clamp(0, 1)}
for _name, (_reference, _options) in _functions.items():
    def drawn(d: Draw, options: Any = _options) -> Case:
        return case(A(*d.image()), **options(d))

    _more = _options(seeded(1))
    row(_name, f"nn.functional.{_name}", _reference, drawn, torch=_torch.get(_name, ""), sums=False,
        big=(case(IMAGES, **_more), case(MORE, **_more)), refuses=(
            _refusals.get(_name, refuse(RuntimeError, f"{_name} int64 float32", A(2, kind="classes", below=3), **_more)),)
        if _name not in ("relu6", "threshold", "tanhshrink", "softsign") else ())
row("prelu", "nn.functional.prelu", references.prelu,
    lambda d: case(A(d.batch(), 3, *d.several(d.integer(0, 2), 1, 4)), d.choice(A(3), A(1))),
    big=(case(IMAGES, A(64)), case(MORE, A(1))), refuses=(
    refuse(ValueError, "prelu weight (4,) (2, 3) 3 elements", A(2, 3), A(4)),))
