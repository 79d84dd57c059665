"""Rows of normalization."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .. import references
from ..cases import A, Case, Draw, case
from . import refuse, row


def normalized(training: bool) -> Callable[[Draw], Case]:
    def cases(d: Draw) -> Case:
        rank, c = d.integer(0, 3), d.choice(1, 2, 5, 17)
        x = A(d.batch() + training, c, *d.several(rank, 1, 3))
        return case(x, A(c), A(c), mean=A(c), var=A(c, kind="positive"), training=training, eps=d.choice(1e-5, 0.1))

    return cases


def batch_norm(t: Any, x: Any, w: Any, b: Any, mean: Any, var: Any, training: bool, **o: Any) -> Any:
    out = t.nn.functional.batch_norm(x, mean, var, w, b, training, **o)
    return [out, mean, var] if training else out


def batch_norm_relu(t: Any, *args: Any, **o: Any) -> Any:
    """Fused here, two functions in PyTorch."""
    if "torch" not in t.__name__:
        return batch_norm(t, *args, **o, relu=True)
    out = batch_norm(t, *args, **o)
    return [t.relu(out[0]), *out[1:]] if isinstance(out, list) else t.relu(out)


def relu_first(*args: Any, **o: Any) -> Any:
    out = references.batch_norm(*args, **o)
    return [references.relu(out[0]), *out[1:]] if isinstance(out, list) else references.relu(out)


def norm_big(training: bool) -> tuple[Case, Case]:
    sizes = (8, 64, 56, 56), (8, 256, 28, 28)
    first, second = (case(A(*s), A(s[1]), A(s[1]), mean=A(s[1]), var=A(s[1], kind="positive"),
        training=training) for s in sizes)
    return first, second


for _name, _function, _reference, _torch in (("batch_norm", batch_norm, references.batch_norm, ""),
                                             ("batch_norm_relu", batch_norm_relu, relu_first, "")):
    _c = {"mean": A(4), "var": A(4, kind="positive")}
    row(_name, _function, _reference, normalized(True), big=norm_big(True), empty=False, refuses=(
        refuse(ValueError, "batch_norm (1, 4) 1 element", A(1, 4), A(4), A(4), **_c, training=True),
        refuse(ValueError, "batch_norm (3,) (2, 4, 3) (4,)", A(2, 4, 3), A(3), A(4), **_c, training=True)))
    row(f"{_name}_eval", _function, _reference, normalized(False), big=norm_big(False), sums=False,
        linear=(0, 1, 2) if _name == "batch_norm" else ())
