"""A sheet to draw on in pixels, smooth: everything is drawn `SCALE` times larger and reduced at the end."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from math import hypot

from PIL import Image, ImageDraw, ImageFont

SCALE = 3
INK = "#1f2933"
FAINT = "#7b8794"
LINES = "#d5dbe1"
PAPER = "#ffffff"
BLUE, ORANGE, GREEN = "#2563c9", "#e0761a", "#2f9e62"
ROSE, LILAC, SAND = "#c9375f", "#7d4fc4", "#a08a12"
Point = tuple[float, float]


@cache
def _font(size: float) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size=size * SCALE)


class Canvas:
    """A white sheet of `width` x `height` pixels. Coordinates are pixels from the upper left corner."""

    def __init__(self, width: int, height: int) -> None:
        self.width, self.height = width, height
        self._sheet = Image.new("RGB", (width * SCALE, height * SCALE), PAPER)
        self._draw = ImageDraw.Draw(self._sheet)

    def text(self, x: float, y: float, text: str, size: float = 14, color: str = INK, anchor: str = "ls",
             bold: bool = False) -> None:
        """Write one line; `anchor` is pillow's: l, m, r then (top) a, (middle) m, (baseline) s."""
        self._draw.text((x * SCALE, y * SCALE), text, color, _font(size), anchor,
                        stroke_width=size * SCALE / 50 if bold else 0, stroke_fill=color)

    def text_width(self, text: str, size: float = 14) -> float:
        """Pixels that `text` takes from left to right."""
        return float(self._draw.textlength(text, _font(size)) / SCALE)

    def line(self, points: Sequence[Point], color: str = INK, width: float = 1) -> None:
        """A polyline with round corners."""
        self._draw.line([(x * SCALE, y * SCALE) for x, y in points], color, round(width * SCALE), "curve")

    def dot(self, x: float, y: float, radius: float, color: str = INK) -> None:
        """A filled circle."""
        self._draw.ellipse([(x - radius) * SCALE, (y - radius) * SCALE, (x + radius) * SCALE, (y + radius) * SCALE],
                           color)

    def box(self, x: float, y: float, width: float, height: float, fill: str | None = None,
            outline: str | None = None, line: float = 1, radius: float = 0) -> None:
        """A rectangle with its upper left corner at (x, y)."""
        corners = [x * SCALE, y * SCALE, (x + width) * SCALE - 1, (y + height) * SCALE - 1]
        self._draw.rounded_rectangle(corners, radius * SCALE, fill, outline, round(line * SCALE))

    def paste(self, image: Image.Image, x: float, y: float, width: int, height: int) -> None:
        """Put `image` there, enlarged without smoothing, so that its pixels stay visible."""
        large = image.resize((width * SCALE, height * SCALE), Image.Resampling.NEAREST)
        self._sheet.paste(large, (round(x * SCALE), round(y * SCALE)))

    def image(self) -> Image.Image:
        """What was drawn, at the size asked for."""
        return self._sheet.resize((self.width, self.height), Image.Resampling.BOX)


def rounded(points: Sequence[Point], radius: float) -> list[Point]:
    """A polyline whose corners are arcs of `radius`, less where a side is short."""
    found = [points[0]]
    for before, corner, after in zip(points, points[1:], points[2:]):
        ends = []
        for end in (before, after):
            length = hypot(end[0] - corner[0], end[1] - corner[1])
            share = min(radius / length, 0.5) if length else 0.0
            ends.append((corner[0] + share * (end[0] - corner[0]), corner[1] + share * (end[1] - corner[1])))
        (ax, ay), (bx, by) = ends
        for t in (0.0, 0.25, 0.5, 0.75, 1.0):
            found.append(((1 - t) ** 2 * ax + 2 * t * (1 - t) * corner[0] + t**2 * bx,
                          (1 - t) ** 2 * ay + 2 * t * (1 - t) * corner[1] + t**2 * by))
    return [*found, points[-1]]


def blend(color: str, share: float) -> str:
    """`color` mixed with white: share 1 is the color itself, 0 is white."""
    channels = (int(color[i : i + 2], 16) for i in (1, 3, 5))
    return "#" + "".join(f"{round(255 + (c - 255) * share):02x}" for c in channels)
