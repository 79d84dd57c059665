"""`detect_anomaly`: which operation made the first NaN or infinity, and which line of your code called it."""

from __future__ import annotations

import contextlib
import linecache
import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np

from . import grad_mode, shapes
from .autograd import Function
from .devices import device_of, kernels

_OURS = (str(Path(__file__).parent) + os.sep, contextlib.__file__)  # contextlib: our decorators run in it


class detect_anomaly(contextlib.ContextDecorator):
    """`with detect_anomaly():` around forward and backward stops at the first result or gradient that is not finite.

    The RuntimeError names the operation, the element, what went in, and the line that called it. Every value is looked
    at, which on CUDA waits for each kernel: for looking for a fault, not for training. `check_nan` False looks at nothing.

    >>> import tinygrad_cnn as tg
    >>> with tg.detect_anomaly():
    ...     tg.tensor([1.0, 0.0]).log()  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    RuntimeError: detect_anomaly: log made -inf at (1,) of its result of shape (2,), ...; called in ..., line 2: ...
    """

    def __init__(self, check_nan: bool = True) -> None:
        self.check_nan = check_nan
        self.watching = contextlib.ExitStack()

    def __enter__(self) -> None:
        if self.check_nan:
            self.watching.enter_context(grad_mode.watch(_Detector()))

    def __exit__(self, *error: object) -> None:
        self.watching.close()


_everywhere = contextlib.ExitStack()


def set_detect_anomaly(mode: bool, check_nan: bool = True) -> None:
    """`detect_anomaly` from now on, or no more."""
    _everywhere.close()
    if mode and check_nan:
        _everywhere.enter_context(grad_mode.watch(_Detector()))


class _Detector:
    """Looks at what operations return, and at what each step of a walk back returns; not at the steps inside of one."""

    def __init__(self) -> None:
        self.lines: WeakKeyDictionary[Function, str] = WeakKeyDictionary()

    def called(self, node: Function, inputs: Sequence[Any], outs: Sequence[Any]) -> None:
        """Refuse a result that is not finite."""
        if _differentiating():
            return
        self.lines[node] = line = _line()
        for out in outs:
            if (found := _first(out)) is not None:
                operands = [(name, x) for name, x in zip(node._parameters, inputs)]
                raise RuntimeError(f"detect_anomaly: {node} made {found} of its result of shape {out.array.shape}, "
                                   f"{_count(out)}; {_account(operands, out)}; called in {line}")

    def differentiated(self, node: Function, grads: Sequence[Any], gradients: Sequence[Any]) -> None:
        """Refuse a gradient that is not finite."""
        if _differentiating():
            return
        for name, g in zip(node._parameters, gradients):
            if g is not None and (found := _first(g)) is not None:
                arrived = [("the gradient that arrived", x) for x in grads if x is not None]
                line = self.lines.get(node, "a line outside of detect_anomaly; put the forward pass inside it too")
                raise RuntimeError(f"detect_anomaly: the backward of {node} made {found} of the gradient of {name} of "
                                   f"shape {g.array.shape}, {_count(g)}; {_account(arrived, g)}; {node} was called in "
                                   f"{line}")


def _values(t: Any) -> Any:
    """The values as a numpy array; None where no element can be infinite."""
    looked_at = t.array.dtype in shapes.FLOATS and device_of(t.array) != "meta"
    return kernels(t.array).download(t.array) if looked_at else None


def _first(t: Any) -> str | None:
    """The first element that is not finite and its place, as "nan at (0, 2)"; None if there is none."""
    values = _values(t)
    if values is None or np.isfinite(values).all():
        return None
    place = tuple(int(i) for i in np.argwhere(~np.isfinite(values))[0])
    return f"{values[place]} at {place}"


def _count(t: Any) -> str:
    return f"the first of {(~np.isfinite(_values(t))).sum()} that are not finite"


def _account(operands: Sequence[tuple[str, Any]], out: Any) -> str:
    """What went in: the operand that was not finite already, or each one's value where the fault lies, or its range."""
    for name, x in operands:
        if (found := _first(x)) is not None:
            return f"{name} of shape {x.array.shape} already held {found}, so look at where that comes from"
    place = tuple(np.argwhere(~np.isfinite(_values(out)))[0])
    words = []
    for name, x in operands:
        if (values := _values(x)) is not None and values.size:
            same = values.shape == out.array.shape
            words.append(f"{name} is {values[place]} there" if same else f"{name} is {values.min()} to {values.max()}")
    return f"its inputs are finite ({', '.join(words)})" if words else "it has no floating inputs"


def _frames() -> Iterator[Any]:
    frame = sys._getframe(1)
    while frame is not None:
        yield frame
        frame = frame.f_back  # type: ignore[assignment]


def _differentiating() -> bool:
    """Whether this happens inside the backward of some operation, which will be looked at as a whole."""
    return any(frame.f_code is Function.differentiate.__code__ for frame in _frames())


def _line() -> str:
    """The innermost line of code that is not the package's: "train.py, line 12: y = x.log()"."""
    for frame in _frames():
        name = frame.f_code.co_filename
        if not name.startswith(_OURS):
            text = linecache.getline(name, frame.f_lineno, frame.f_globals).strip()
            return f"{name}, line {frame.f_lineno}" + (f": {text}" if text else "")
    return "a thread of the package"
