"""Kernels that change the colors of pictures: serial, and free of the GIL, as those of `resample`.

Pictures are float32 (channels, height, width) from 0 to 1. What grows beyond is cut off there, by each change.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from ..cpu.jit import jit
from .copies import copy

Floats = npt.NDArray[np.float32]
Integers = npt.NDArray[np.int64]

RED, GREEN, BLUE = np.float32(0.299), np.float32(0.587), np.float32(0.114)  # in gray, by ITU-R BT.601
BRIGHTNESS, CONTRAST, SATURATION, HUE = range(4)


@jit
def jitter(out: Any, x: Any, orders: Integers, factors: Floats, unit: np.float32, half: np.float32, picture: Floats,
           plane: Floats) -> None:
    """out[n] = x[n] after the changes orders[n, :], numbered as above, with strength factors[n, number].

    x is float32 with `unit` 1 and `half` 0, or uint8 with 255 and 0.5. Scratch: `picture` and `plane`, of the size of a
    picture and of one of its channels.
    """
    for n in range(x.shape[0]):
        scaled(picture, x[n], 1 / unit, np.float32(0))
        for step in orders[n]:
            factor = factors[n, step]
            if step == BRIGHTNESS:
                blend(picture, np.float32(0), factor)
            elif step == CONTRAST:
                gray(plane, picture, np.float32(0))
                blend(picture, average(plane), factor)
            elif step == SATURATION and picture.shape[0] == 3:
                gray(plane, picture, np.float32(0))
                blend_gray(picture, plane, factor)
            elif step == HUE and picture.shape[0] == 3:
                turn(picture, factor)
        scaled(out[n], picture, unit, half)


@jit
def scaled(out: Any, x: Any, factor: np.float32, half: np.float32) -> None:
    """out = factor * x + half, one picture"""
    for c in range(out.shape[0]):
        for i in range(out.shape[1]):
            to, of = out[c, i], x[c, i]
            for j in range(np.uintp(to.size)):
                to[j] = factor * of[j] + half


@jit
def lookup(out: Floats, x: Any, table: Floats) -> None:
    """out[n, c] = table[c, x[n, c]], x being bytes; a table of one row serves every channel."""
    for n in range(x.shape[0]):
        for c in range(x.shape[1]):
            values = table[c % table.shape[0]]
            for i in range(x.shape[2]):
                to, of = out[n, c, i], x[n, c, i]
                for j in range(np.uintp(to.size)):
                    to[j] = values[of[j]]


def _normalized(out: Floats, x: Floats, mean: Floats, std: Floats) -> None:
    """out[n, c] = (x[n, c] - mean[c]) / std[c]; a mean and std of one serve every channel."""
    for n in range(x.shape[0]):
        for c in range(x.shape[1]):
            middle, spread = mean[c % mean.size], std[c % std.size]
            for i in range(x.shape[2]):
                to, of = out[n, c, i], x[n, c, i]
                for j in range(np.uintp(to.size)):
                    to[j] = (of[j] - middle) / spread


normalized = jit(_normalized, precise=True)  # a division is a division, as PyTorch's


@jit
def gray(out: Any, picture: Any, half: np.float32) -> None:
    """out[i, j] = how light picture[:, i, j] is, of three channels or one, plus `half`, which rounds bytes"""
    for i in range(out.shape[0]):
        to = out[i]
        if picture.shape[0] == 1:
            copy(to, picture[0, i])
        else:
            red, green, blue = picture[0, i], picture[1, i], picture[2, i]
            for j in range(np.uintp(to.size)):
                to[j] = RED * red[j] + GREEN * green[j] + BLUE * blue[j] + half


@jit
def average(plane: Floats) -> np.float32:
    """The mean of all elements, row by row in float32, of the rows in float64."""
    total = 0.0
    for i in range(plane.shape[0]):
        row = np.float32(0)
        for j in range(plane.shape[1]):
            row += plane[i, j]
        total += float(row)
    return np.float32(total / plane.size)


@jit
def blend(picture: Floats, value: np.float32, factor: np.float32) -> None:
    """picture = factor * picture + (1 - factor) * value, between 0 and 1; in place"""
    rest = (1 - factor) * value
    for c in range(picture.shape[0]):
        for i in range(picture.shape[1]):
            for j in range(picture.shape[2]):
                picture[c, i, j] = min(max(factor * picture[c, i, j] + rest, np.float32(0)), np.float32(1))


@jit
def blend_gray(picture: Floats, plane: Floats, factor: np.float32) -> None:
    """picture[c] = factor * picture[c] + (1 - factor) * plane, between 0 and 1; in place"""
    rest = 1 - factor
    for c in range(picture.shape[0]):
        for i in range(picture.shape[1]):
            for j in range(picture.shape[2]):
                value = factor * picture[c, i, j] + rest * plane[i, j]
                picture[c, i, j] = min(max(value, np.float32(0)), np.float32(1))


@jit
def turn(picture: Floats, turns: np.float32) -> None:
    """Add `turns`, of a whole circle, to the hue of every pixel, its largest and smallest channel staying; in place."""
    red, green, blue = picture
    for i in range(red.shape[0]):
        for j in range(red.shape[1]):
            r, g, b = red[i, j], green[i, j], blue[i, j]
            top = max(r, g, b)
            spread = top - min(r, g, b)
            if spread > 0:
                if top == r:
                    hue = (g - b) / spread
                elif top == g:
                    hue = 2 + (b - r) / spread
                else:
                    hue = 4 + (r - g) / spread
                hue += 6 * turns
                red[i, j] = top - spread * lack(5 + hue)
                green[i, j] = top - spread * lack(3 + hue)
                blue[i, j] = top - spread * lack(1 + hue)


@jit
def lack(hue: np.float32) -> np.float32:
    """How far, from 0 to 1, a channel is below the largest, by the hue in sixths of a circle from where it has none."""
    place = hue - 6 * np.floor(hue / 6)
    return max(np.float32(0), min(place, 4 - place, np.float32(1)))
