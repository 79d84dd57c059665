"""A step length that fulfills the strong Wolfe conditions (Nocedal and Wright, Numerical Optimization, section 3.5)."""

from __future__ import annotations

from collections.abc import Callable
from math import sqrt
from typing import NamedTuple

from ..tensor import Tensor

DECREASE, CURVATURE = 1e-4, 0.9


class Point(NamedTuple):
    """A step length, and what the function is there: its value, its gradient, its slope along the direction."""

    t: float
    loss: float
    gradient: Tensor
    slope: float


def strong_wolfe(at: Callable[[float], Point], start: Point, t: float, longest: float, most: int,
                 tolerance: float = 1e-9) -> tuple[Point, int]:
    """(a point whose loss is lower and whose slope is flatter than those of `start`, how often `at` was asked).

    Steps grow from `t` until they bracket such a point; the bracket is then narrowed by the minima of cubic polynomials
    until the steps in it, times `longest`, the largest element of the direction, differ by less than `tolerance`. `at` is
    asked once and then `most` times at most; the best point of the bracket has to do then.
    """
    before, new, tries = start, at(t), 0
    while tries < most:
        high = _too_high(new, start) or (tries > 1 and new.loss >= before.loss)
        if not high and _flat(new, start):
            return new, tries + 1
        if high or new.slope >= 0:
            return _zoom(at, start, [before, new], tries, longest, most, tolerance)
        t = _cubic(before, new, new.t + 0.01 * (new.t - before.t), new.t * 10)
        before, new, tries = new, at(t), tries + 1
    return _zoom(at, start, [start, new], tries, longest, most, tolerance)


def _zoom(at: Callable[[float], Point], start: Point, bracket: list[Point], tries: int, longest: float, most: int,
          tolerance: float) -> tuple[Point, int]:
    """Narrow the bracket."""
    low, stuck = _lower(bracket), False
    while tries < most and abs(bracket[1].t - bracket[0].t) * longest >= tolerance:
        left, right = sorted(point.t for point in bracket)
        t, margin = _cubic(bracket[0], bracket[1], left, right), 0.1 * (right - left)
        near = min(right - t, t - left) < margin
        if near and (stuck or t >= right or t <= left):  # too near an end, for the second time or right on it
            t, stuck = right - margin if abs(t - right) < abs(t - left) else left + margin, False
        else:
            stuck = near
        new, tries = at(t), tries + 1
        if _too_high(new, start) or new.loss >= bracket[low].loss:
            bracket[1 - low] = new
            low = _lower(bracket)
        elif _flat(new, start):
            return new, tries + 1
        else:
            if new.slope * (bracket[1 - low].t - bracket[low].t) >= 0:
                bracket[1 - low] = bracket[low]
            bracket[low] = new
    return bracket[low], tries + 1


def _lower(bracket: list[Point]) -> int:
    """Which end has the lower loss."""
    return 0 if bracket[0].loss <= bracket[1].loss else 1


def _too_high(new: Point, start: Point) -> bool:
    return new.loss > start.loss + DECREASE * new.t * start.slope


def _flat(new: Point, start: Point) -> bool:
    return abs(new.slope) <= -CURVATURE * start.slope


def _cubic(a: Point, b: Point, least: float, most: float) -> float:
    """Where the cubic with the losses and slopes of two points has its minimum, within bounds; else their middle."""
    a, b = (a, b) if a.t <= b.t else (b, a)
    first = a.slope + b.slope - 3 * (a.loss - b.loss) / (a.t - b.t)
    square = first**2 - a.slope * b.slope
    if square < 0:
        return (least + most) / 2
    root = sqrt(square)
    t = b.t - (b.t - a.t) * ((b.slope + root - first) / (b.slope - a.slope + 2 * root))
    return min(max(t, least), most)
