"""Pictures: the right size, the right things in the right places."""

from __future__ import annotations

import math

import numpy as np
import pytest
from PIL import Image

from tinygrad_cnn import viz
from tinygrad_cnn.viz import Curve, Panel, canvas
from tinygrad_cnn.viz.chart import smooth, ticks


def near(image: Image.Image, color: str, tolerance: int = 40) -> np.ndarray:
    """Where the picture has about this color."""
    wanted = np.array([int(color[i : i + 2], 16) for i in (1, 3, 5)])
    return np.abs(np.asarray(image, int) - wanted).max(axis=2) < tolerance


@pytest.mark.parametrize("low, high", [(0, 1), (0, 12), (0.8, 0.95), (-3, 3), (0, 1e-6), (97.2, 99.1), (0, 12345)])
def test_ticks_are_few_round_and_inside(low: float, high: float) -> None:
    found = ticks(low, high)
    assert 2 <= len(found) <= 8
    assert all(low - 1e-9 <= tick <= high + 1e-9 for tick in found)
    steps = np.diff(found)
    np.testing.assert_allclose(steps, steps[0])
    mantissa = steps[0] / 10 ** math.floor(math.log10(steps[0]) + 1e-9)
    assert min(abs(mantissa - good) for good in (1, 2, 5, 10)) < 1e-6


def test_smoothing_keeps_constants_and_length() -> None:
    assert smooth([], 5) == []
    assert smooth([2.0] * 7, 4) == [2.0] * 7
    np.testing.assert_allclose(smooth([0, 3, 0, 3, 0], 3), [1.5, 1, 2, 1, 1.5])


def test_a_rising_curve_rises() -> None:
    line = Curve("up", [0, 1], [0.0, 1.0])
    image = viz.chart("title", "subtitle", "epoch", [Panel("value", [line])], width=400, height=200)
    assert image.size == (400, 92 + 200 + 52)
    rows, columns = np.nonzero(near(image, canvas.BLUE)[100:])
    assert np.corrcoef(rows, columns)[0, 1] < -0.9


def test_charts_survive_what_training_may_give() -> None:
    nothing, one = Curve("nothing", [], []), Curve("one", [1], [5.0], dots=True)
    broken = Curve("broken", [0, 1, 2, 3], [1.0, math.nan, math.inf, 2.0], faint=True)
    viz.chart("t", "s", "x", [Panel("a", [nothing]), Panel("b", [one]), Panel("c", [broken, one], (0, 3), " %")])


def test_digits_are_dark_on_light_and_in_order() -> None:
    digits = np.zeros((10, 1, 28, 28), np.float32)
    digits[9] = 1
    sheet = viz.image_sheet("title", "subtitle", digits, [str(i) for i in range(10)], columns=8)
    below = np.asarray(sheet.convert("L"))[196:]  # the second row: an empty cell and then the full one
    assert (below[:80, 28:110] > 200).all() and (below[2:80, 142:222] < 10).all()


def test_every_digit_needs_a_caption() -> None:
    with pytest.raises(ValueError, match="3 images have 2 captions"):
        viz.image_sheet("t", "s", np.zeros((3, 1, 28, 28)), ["a", "b"])


def test_the_sliding_window_shows_nine_steps() -> None:
    image = viz.sliding_window()
    assert image.width == 1000
    # The new value of each of the nine steps stands on a full blue cell: count the separate ones.
    mask = near(image, canvas.blend(canvas.BLUE, 0.85), 12)
    starts = 0
    for top in range(0, image.height - 27, 27):
        strip = mask[top : top + 27].sum(axis=0) > 8
        starts += int((np.diff(strip.astype(int)) == 1).sum())
    assert starts >= 9
