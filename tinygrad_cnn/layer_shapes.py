"""The shape rules of layers: how many windows fit, which channels and rows belong together."""

from __future__ import annotations

from collections.abc import Iterable
from math import prod
from typing import Any

import numpy as np

from .shapes import FLOATS, INT64, UINT8, KindError, Shape, ShapeError, remembered

# ---- windows ---------------------------------------------------------------------------------------------------------


@remembered
def window(operation: str, size: Shape, kernel: Shape, stride: Shape, padding: Shape, dilation: Shape,
           ceil: bool = False) -> Shape:
    """How many windows fit: floor((size + 2 padding - dilation (kernel - 1) - 1) / stride) + 1 along each axis.
    With `ceil` a last window may hang over the end, if it starts inside the image or its leading padding."""
    result = []
    for n, k, s, p, d in zip(size, kernel, stride, padding, dilation):
        room = n + 2 * p - d * (k - 1) - 1
        count = (-(-room // s) if ceil else room // s) + 1
        if ceil and (count - 1) * s >= n + p:
            count -= 1
        if count < 1 or (room < 0 and not ceil):
            raise ShapeError(f"{operation}: the window spans {d * (k - 1) + 1} but the padded input only {n + 2 * p} "
                             f"(kernel {kernel}, dilation {dilation}, padding {padding}, input {size}); "
                             "use a smaller kernel or more padding")
        result.append(count)
    return tuple(result)


@remembered
def transposed(operation: str, size: Shape, kernel: Shape, stride: Shape, padding: Shape, dilation: Shape,
               output_padding: Shape) -> Shape:
    """The size `window` maps to `size`: (size - 1) stride - 2 padding + dilation (kernel - 1) + output_padding + 1."""
    if any(o >= max(s, d) for o, s, d in zip(output_padding, stride, dilation)):
        raise ShapeError(f"{operation}: output_padding {output_padding} is not smaller than stride {stride} or "
                         f"dilation {dilation}; use less output_padding")
    result = tuple((n - 1) * s - 2 * p + d * (k - 1) + o + 1
                   for n, k, s, p, d, o in zip(size, kernel, stride, padding, dilation, output_padding))
    if any(n < 1 for n in result):
        raise ShapeError(f"{operation}: input {size} with padding {padding} would give {result}; use less padding")
    return result


def pooling(operation: str, x: Shape, kernel: Shape, padding: Shape) -> None:
    """x (n, c, ...); a window must not lie in the padding alone."""
    if len(x) != len(kernel) + 2:
        raise ShapeError(f"{operation}: input has shape {x} but kernel {kernel} needs {len(kernel) + 2} axes "
                         "(batch, channels, and one per entry of kernel); reshape the input")
    if 0 in x[1:]:
        raise ShapeError(f"{operation}: input has shape {x} but only the batch may have extent 0; give it channels and cells")
    if any(2 * p > k for p, k in zip(padding, kernel)):
        raise ShapeError(f"{operation}: padding {padding} is more than half of kernel {kernel}; use at most half of it")


def _floating(operation: str, dtype: np.dtype[Any]) -> None:
    """Refuse integers and bools."""
    if dtype not in FLOATS:
        raise KindError(f"{operation}: input has dtype {dtype.name} but float32 or float64 is needed; use x.float()")


def adaptive(operation: str, x: Shape, dtype: np.dtype[Any], wanted: Shape) -> None:
    """A floating x (n, c, ...) with cells along each axis but the first two."""
    _floating(operation, dtype)
    if 0 in x[2:]:
        raise ShapeError(f"{operation}: input has shape {x} without a cell to pool into {wanted}; give it spatial extents "
                         "of at least 1")


def padding(operation: str, x: Shape, amounts: tuple[tuple[int, int], ...], mode: str) -> None:
    """What x (n, c, ...) has enough elements for: to mirror less than all of them, to wrap around once."""
    most = {"reflect": -1, "circular": 0}.get(mode)
    least = 0 if mode == "circular" else 1
    if least and 0 in x[1:]:
        raise ShapeError(f"{operation}: input {x} has an extent of 0 besides the batch, which mode {mode!r} cannot pad; "
                         "give it elements")
    for n, pair in zip(x[2:], amounts):
        if most is not None and max(pair) > n + most:
            raise ShapeError(f"{operation}: amounts {pair} at an extent of {n} in input {x} are more than mode {mode!r} has "
                             f"elements for; use at most {n + most}")
        if n + sum(pair) < least:
            raise ShapeError(f"{operation}: amounts {pair} leave nothing of an extent of {n} in input {x}; crop less")


def divisor(operation: str, value: int | None) -> None:
    """What a pooling divides its sums by."""
    if value == 0:
        raise ShapeError(f"{operation}: divisor is 0 but a number other than 0 is needed; use None to divide by the cells")


def folded(operation: str, x: Shape, taps: int, count: Shape) -> None:
    """Columns x (n, c * taps, windows)."""
    if x[1] % taps or x[2] != prod(count):
        raise ShapeError(f"{operation}: input has shape {x} but a multiple of {taps} rows and {prod(count)} columns are "
                         "needed; change the output_size or the window")


@remembered
def convolution(operation: str, x: Shape, w: Shape, bias: Shape | None, groups: int) -> None:
    """x (n, c, ...), w (o, c / groups, ...), bias (o,)."""
    if len(x) != len(w):
        raise ShapeError(f"{operation}: input has shape {x} and weight {w}; give both {len(w)} axes")
    if groups < 1 or w[0] % groups:
        raise ShapeError(f"{operation}: groups {groups} does not divide the {w[0]} output channels; use a divisor")
    if x[1] != w[1] * groups:
        raise ShapeError(f"{operation}: input {x} has {x[1]} channels but weight {w} with groups {groups} needs "
                         f"{w[1] * groups}; make them equal")
    if bias is not None and bias != (w[0],):
        raise ShapeError(f"{operation}: bias has shape {bias} but weight {w} needs ({w[0]},); give one per output channel")


@remembered
def transposed_convolution(operation: str, x: Shape, w: Shape, bias: Shape | None, groups: int) -> None:
    """x (n, c, ...), w (c, o / groups, ...), bias (o,)."""
    if len(x) != len(w):
        raise ShapeError(f"{operation}: input has shape {x} and weight {w}; give both {len(w)} axes")
    if groups < 1 or x[1] % groups:
        raise ShapeError(f"{operation}: groups {groups} does not divide the {x[1]} input channels; use a divisor")
    if x[1] != w[0]:
        raise ShapeError(f"{operation}: input {x} has {x[1]} channels but weight {w} takes {w[0]}; make them equal")
    if bias is not None and bias != (w[1] * groups,):
        raise ShapeError(f"{operation}: bias has shape {bias} but weight {w} with groups {groups} needs "
                         f"({w[1] * groups},); give one bias per output channel")


# ---- rows and channels -----------------------------------------------------------------------------------------------


def softmax(operation: str, dtype: np.dtype[Any]) -> None:
    """A floating x."""
    _floating(operation, dtype)


def cross_entropy(operation: str, x: Shape, dtype: np.dtype[Any], target: Shape, target_dtype: np.dtype[Any],
                  reduction: str) -> None:
    """Scores x (n, classes, ...), classes target (n, ...)."""
    _floating(operation, dtype)
    if target_dtype not in (INT64, UINT8):
        raise KindError(f"{operation}: target has dtype {target_dtype.name} but int64 class numbers are needed; "
                        "use target.long()")
    if len(x) < 2 or target != x[:1] + x[2:]:
        remedy = "of one-hot rows use target.argmax(1)" if target == x else "reshape them"
        raise ShapeError(f"{operation}: input has shape {x} and target {target} but (n, classes, ...) and (n, ...) are needed; "
                         f"{remedy}")
    reductions(operation, reduction)


def class_weights(operation: str, weight: Shape, dtype: np.dtype[Any], classes: int, expected: np.dtype[Any]) -> None:
    """One weight for each class, in the dtype of the input."""
    if weight != (classes,):
        raise ShapeError(f"{operation}: weight has shape {weight} but the input has {classes} classes; "
                         f"give ({classes},), one number per class")
    if dtype != expected:
        raise KindError(f"{operation}: weight has dtype {dtype.name} but the input {expected.name}; convert one of them")


def reductions(operation: str, reduction: str) -> None:
    """How the losses of a batch become one."""
    if reduction not in ("mean", "sum", "none"):
        raise ValueError(f"{operation}: reduction is {reduction!r} but 'mean', 'sum' or 'none' is needed; use one of them")


def batch_norm(operation: str, x: Shape, dtype: np.dtype[Any], channels: Iterable[tuple[Shape, np.dtype[Any]]]) -> None:
    """x (n, c, ...) and vectors (c,), all of one floating dtype."""
    _floating(operation, dtype)
    if len(x) < 2:
        raise ShapeError(f"{operation}: input has shape {x} but (n, channels, ...) is needed; reshape it")
    for shape, found in channels:
        if shape != (x[1],):
            raise ShapeError(f"{operation}: a vector of the channels has shape {shape} but input {x} needs ({x[1]},); "
                             "give one number per channel")
        if found != dtype:
            raise TypeError(f"{operation}: a vector of the channels has dtype {found.name} but the input {dtype.name}; "
                            "convert one of them")


def layer_norm(operation: str, x: Shape, dtype: np.dtype[Any], shape: Shape,
               affine: Iterable[tuple[Shape, np.dtype[Any]]]) -> None:
    """A floating x whose last axes are `shape`, and weights of that shape."""
    _floating(operation, dtype)
    if not shape or x[-len(shape):] != shape:
        raise ShapeError(f"{operation}: normalized_shape is {shape} but input has shape {x}; give the extents of its last axes")
    for found, kind in affine:
        if found != shape:
            raise ShapeError(f"{operation}: weight or bias has shape {found} but normalized_shape is {shape}; make them equal")
        if kind != dtype:
            raise TypeError(f"{operation}: weight or bias has dtype {kind.name} but the input {dtype.name}; convert one of "
                            "them")


def batch_statistics(operation: str, x: Shape) -> None:
    """Enough elements of x (n, c, ...) for a variance."""
    if prod(x[:1] + x[2:]) == 1:
        raise ShapeError(f"{operation}: input {x} has 1 element per channel but a variance needs more; "
                         "use a larger batch or eval()")
