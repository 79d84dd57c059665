"""The worked example of the slides: a 3x3 filter moves over a 5x5 image, one window at a time.

>>> import tinygrad_cnn as tg
>>> import tinygrad_cnn.nn.functional as F
>>> image = tg.tensor([[IMAGE]], dtype=tg.float32)
>>> F.conv2d(image, tg.tensor([[FILTER]], dtype=tg.float32)).numpy()[0, 0]
array([[4., 3., 4.],
       [2., 4., 3.],
       [2., 3., 4.]], dtype=float32)

A larger stride skips windows, padding adds a rim of zeros:

>>> F.conv2d(image, tg.tensor([[FILTER]], dtype=tg.float32), stride=2).numpy()[0, 0]
array([[4., 4.],
       [2., 4.]], dtype=float32)
>>> F.conv2d(image, tg.tensor([[FILTER]], dtype=tg.float32), padding=1).numpy()[0, 0]
array([[2., 2., 3., 1., 1.],
       [1., 4., 3., 4., 1.],
       [1., 2., 4., 3., 3.],
       [1., 2., 3., 4., 1.],
       [0., 2., 2., 1., 1.]], dtype=float32)

That filter looks the same upside down, so it cannot tell whether the filter is turned before it slides. An uneven one
can: it is not turned, as in every deep-learning library; mathematics calls this a cross-correlation.

>>> F.conv2d(image, tg.tensor([[UNEVEN]], dtype=tg.float32)).numpy()[0, 0]
array([[ 7., 10.,  8.,  3.],
       [ 2.,  7., 10.,  8.],
       [ 0.,  6., 10.,  6.],
       [ 4.,  9.,  6.,  1.]], dtype=float32)
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from .canvas import BLUE, FAINT, INK, LINES, ORANGE, Canvas, blend

Array = npt.NDArray[np.float32]
IMAGE = [[1, 1, 1, 0, 0], [0, 1, 1, 1, 0], [0, 0, 1, 1, 1], [0, 0, 1, 1, 0], [0, 1, 1, 0, 0]]
FILTER = [[1, 0, 1], [0, 1, 0], [1, 0, 1]]
UNEVEN = [[1, 2], [3, 4]]
WIDTH, MARGIN = 1000, 44
COLORS = {"image": INK, "filter": ORANGE, "turned": ORANGE, "features": BLUE, "mathematical": FAINT}
LARGE, SMALL = 34, 27  # side of a cell, pixels


def convolve(image: list[list[int]], weights: list[list[int]]) -> Array:
    """The feature map of one image under one filter, stride 1 and no padding, by `F.conv2d`."""
    import tinygrad_cnn as tg
    import tinygrad_cnn.nn.functional as F

    x, w = (tg.tensor([[values]], dtype=tg.float32) for values in (image, weights))
    out: Array = F.conv2d(x, w).numpy()[0, 0]
    return out


def turned(weights: list[list[int]]) -> list[list[int]]:
    """`weights` rotated by 180 degrees."""
    return [row[::-1] for row in weights[::-1]]


def sliding_window() -> Image.Image:
    """The sheet: the example as a whole, its nine windows with their sums, and what an uneven filter shows."""
    image, weights = np.array(IMAGE), np.array(FILTER)
    features = convolve(IMAGE, FILTER)
    rows, columns = features.shape
    panel = SMALL * len(IMAGE) + 66
    steps = 262
    canvas = Canvas(WIDTH, steps + rows * panel + 330)
    canvas.text(MARGIN, 48, "A convolution, one window at a time", 24, bold=True)
    canvas.text(MARGIN, 74, "The filter lies on a block of the image; the nine products are added up; "
                            "the filter moves on by one pixel. The weights stay the same everywhere.", 14, FAINT)
    _equation(canvas, 96, [("image", image), ("x", None), ("filter", weights), ("=", None), ("features", features)])
    x = MARGIN + 3 * 34 + 2 * 38 + (5 + 3 + 3) * LARGE + 16
    for line, text in enumerate(("features[p, q]  =  the sum over i and j of",
                                 "      image[p + i, q + j]  ·  filter[i, j]", "",
                                 "A 3 x 3 filter fits a 5 x 5 image in", "5 - 3 + 1 = 3 places, each way.")):
        canvas.text(x, 152 + 22 * line, text, 14, FAINT if line > 2 else INK)
    for number in range(rows * columns):
        row, column = divmod(number, columns)
        x = MARGIN + column * (WIDTH - 2 * MARGIN + 36) / columns
        _step(canvas, x, steps + 60 + row * panel, image, weights, features, row, column)
    _uneven(canvas, steps + rows * panel + 74)
    return canvas.image()


def _grid(canvas: Canvas, x: float, y: float, values: npt.NDArray[Any], cell: float, color: str) -> None:
    for (row, column), value in np.ndenumerate(values):
        fill = blend(color, 0.08 + 0.34 * float(value) / float(values.max())) if value else None
        canvas.box(x + column * cell, y + row * cell, cell + 1, cell + 1, fill, LINES)
        canvas.text(x + (column + 0.5) * cell, y + (row + 0.5) * cell, f"{value:g}", cell / 2, anchor="mm")


def _equation(canvas: Canvas, top: float, parts: list[tuple[str, npt.NDArray[Any] | None]], height: int = 5) -> None:
    """Grids and signs in one row, each grid centered in `height` cells with its name below."""
    x = float(MARGIN)
    for name, values in parts:
        if values is None:
            canvas.text(x + 4, top + height * LARGE / 2, name, 22, FAINT, "mm")
            x += 38
            continue
        rows, columns = values.shape
        y = top + (height - rows) * LARGE / 2
        _grid(canvas, x, y, values, LARGE, COLORS[name.split()[0]])
        canvas.text(x + columns * LARGE / 2, top + height * LARGE + 22, name, 13, FAINT, "ms")
        x += columns * LARGE + 34


def _step(canvas: Canvas, x: float, y: float, image: npt.NDArray[Any], weights: npt.NDArray[Any], features: Array,
          row: int, column: int) -> None:
    """One position of the window, the features known by then, and the sum that gives the new one."""
    _grid(canvas, x, y, image, SMALL, INK)
    height, width = weights.shape
    for (i, j), weight in np.ndenumerate(weights):
        left, top = x + (column + j) * SMALL, y + (row + i) * SMALL
        value = image[row + i, column + j]
        canvas.box(left, top, SMALL + 1, SMALL + 1, blend(ORANGE, 0.75 if value * weight else 0.22), blend(ORANGE, 0.6))
        canvas.text(left + SMALL * 0.42, top + SMALL * 0.42, f"{value:g}", SMALL / 2, anchor="mm")
        canvas.text(left + SMALL - 3, top + SMALL - 3, f"x{weight:g}", 9, FAINT if not weight else INK, "rs")
    canvas.box(x + column * SMALL - 1, y + row * SMALL - 1, width * SMALL + 3, height * SMALL + 3, None, ORANGE, 2.4)
    right = x + image.shape[1] * SMALL + 22
    below = y + (image.shape[0] - features.shape[0]) * SMALL / 2
    known = np.arange(features.size).reshape(features.shape) <= row * features.shape[1] + column
    for (i, j), value in np.ndenumerate(features):
        left, top = right + j * SMALL, below + i * SMALL
        new = (i, j) == (row, column)
        canvas.box(left, top, SMALL + 1, SMALL + 1, blend(BLUE, 0.85 if new else 0.22) if known[i, j] else None, LINES)
        if known[i, j]:
            canvas.text(left + SMALL / 2, top + SMALL / 2, f"{value:g}", SMALL / 2, "#ffffff" if new else INK, "mm")
    window = image[row : row + height, column : column + width]
    sums = [" + ".join(f"{product:g}" for product in line) for line in window * weights]
    canvas.text(x, y + image.shape[0] * SMALL + 22, f"({')  +  ('.join(sums)})  =  {features[row, column]:g}", 12.5)


def _uneven(canvas: Canvas, top: float) -> None:
    """What an uneven filter gives as it is, and what it would give turned by 180 degrees first."""
    canvas.line([(MARGIN, top - 22), (canvas.width - MARGIN, top - 22)], LINES)
    canvas.text(MARGIN, top + 12, "Is the filter turned before it slides? No.", 19, bold=True)
    canvas.text(MARGIN, top + 36, "The filter above looks the same upside down and cannot tell. An uneven one can: "
                                  "networks use it as it stands (a cross-correlation).", 14, FAINT)
    image, weights, upside_down = np.array(IMAGE), np.array(UNEVEN), np.array(turned(UNEVEN))
    _equation(canvas, top + 56, [("image", image), ("x", None), ("filter", weights), ("=", None),
                                 ("features of a network", convolve(IMAGE, UNEVEN)), ("", None),
                                 ("turned", upside_down), ("=", None),
                                 ("mathematical convolution", convolve(IMAGE, turned(UNEVEN)))])
