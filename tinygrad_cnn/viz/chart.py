"""Line charts, one panel above another with one horizontal axis."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from PIL import Image

from .canvas import BLUE, FAINT, GREEN, LINES, ORANGE, Canvas, blend

COLORS = (BLUE, ORANGE, GREEN)
LEFT, RIGHT, TOP, BOTTOM, GAP = 78, 28, 92, 52, 44


@dataclass(frozen=True)
class Curve:
    """A line through (x, y); `faint` ones are the raw data behind a smoothed one, `dots` marks each point."""

    name: str
    x: Sequence[float]
    y: Sequence[float]
    color: int = 0
    faint: bool = False
    dots: bool = False


@dataclass(frozen=True)
class Panel:
    """One field of a chart: what the vertical axis measures, and its curves. `limits` is (lowest, highest) or None."""

    label: str
    curves: Sequence[Curve] = field(default_factory=tuple)
    limits: tuple[float, float] | None = None
    unit: str = ""


def chart(title: str, subtitle: str, across: str, panels: Sequence[Panel], width: int = 860, height: int = 300,
          ) -> Image.Image:
    """A picture of `panels`, each `height` pixels high, over the horizontal axis `across`, which begins at 0.

    Points that are not finite are left out. A curve with one point is a dot.
    """
    canvas = Canvas(width, TOP + len(panels) * height + (len(panels) - 1) * GAP + BOTTOM)
    canvas.text(LEFT, 30, title, 19, bold=True)
    canvas.text(LEFT, 50, subtitle, 13, FAINT)
    span = _span([0.0, *(x for panel in panels for curve in panel.curves for x in curve.x)], None)
    for number, panel in enumerate(panels):
        top = TOP + number * (height + GAP)
        _panel(canvas, panel, top, height, span)
    base = canvas.height - BOTTOM
    for x in ticks(*span):
        canvas.text(_across(canvas, x, span), base + 20, _number(x), 12, FAINT, "ms")
    canvas.text((LEFT + width - RIGHT) / 2, base + 40, across, 13, FAINT, "ms")
    return canvas.image()


def smooth(values: Sequence[float], window: int) -> list[float]:
    """The mean of the `window` values around each one (of as many as there are, at the ends)."""
    sums = np.concatenate([[0.0], np.cumsum(np.asarray(values, np.float64))])
    center = np.arange(len(values))
    first, last = np.maximum(center - window // 2, 0), np.minimum(center + window // 2 + 1, len(values))
    means: list[float] = ((sums[last] - sums[first]) / (last - first)).tolist()
    return means


def ticks(low: float, high: float, about: int = 6) -> list[float]:
    """Round numbers from `low` to `high`, about so many: steps of 1, 2 or 5 times a power of ten."""
    rough = (high - low) / about
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= rough * 0.999)
    return [round(step * i, 12) for i in range(math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9) + 1)]


def _panel(canvas: Canvas, panel: Panel, top: float, height: float, span: tuple[float, float]) -> None:
    low, high = _span([y for curve in panel.curves for y in curve.y], panel.limits)

    def place(x: float, y: float) -> tuple[float, float]:
        clipped = min(max(y, low), high)
        return _across(canvas, x, span), top + height * (1 - (clipped - low) / (high - low))

    for y in ticks(low, high, 5):
        level = place(span[0], y)[1]
        canvas.line([(LEFT, level), (canvas.width - RIGHT, level)], LINES)
        canvas.text(LEFT - 10, level, _number(y) + panel.unit, 12, FAINT, "rm")
    canvas.line([(LEFT, top + height), (canvas.width - RIGHT, top + height)], FAINT)
    for curve in panel.curves:
        points = [place(x, y) for x, y in zip(curve.x, curve.y, strict=True) if math.isfinite(y)]
        color = blend(COLORS[curve.color], 0.3) if curve.faint else COLORS[curve.color]
        if len(points) > 1:
            canvas.line(points, color, 1 if curve.faint else 2.2)
        if curve.dots or len(points) == 1:
            for x, y in points:
                canvas.dot(x, y, 3.6, color)
    canvas.text(LEFT, top - 10, panel.label, 13, bold=True)
    right = float(canvas.width - RIGHT)
    for curve in reversed([curve for curve in panel.curves if curve.name]):
        right -= canvas.text_width(curve.name, 13)
        canvas.text(right, top - 10, curve.name, 13)
        canvas.line([(right - 26, top - 14.5), (right - 8, top - 14.5)], COLORS[curve.color], 2.2)
        right -= 44


def _span(values: Sequence[float], limits: tuple[float, float] | None) -> tuple[float, float]:
    if limits is not None:
        return limits
    finite = [value for value in values if math.isfinite(value)] or [0.0]
    low, high = min(finite), max(finite)
    return (low, high) if high > low else (low, low + 1)


def _across(canvas: Canvas, x: float, span: tuple[float, float]) -> float:
    return LEFT + (canvas.width - LEFT - RIGHT) * (x - span[0]) / (span[1] - span[0])


def _number(value: float) -> str:
    return f"{value:g}"
