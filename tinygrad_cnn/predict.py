"""From any picture of one digit to the 28x28 input of the networks, and to the ten probabilities.

MNIST's own pictures were made so (LeCun et al. 1998, "Gradient-based learning applied to document recognition",
section III-A): the digit is scaled to fit a 20x20 box, keeping its shape, and placed in a 28x28 field so that its
center of mass is the field's center. `prepare` does the same to a picture of any size, color and polarity.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps

from .creation import tensor
from .grad_mode import no_grad
from .nn import functional as F
from .nn.module import Module

Array = npt.NDArray[np.float32]
FIELD, BOX = 28, 20
LARGEST = 1024  # pixels a side: larger pictures are reduced first, a digit keeps more than the 20 it needs
FLAT = 0.04  # contrast, of 1 between black and white, below which a picture shows nothing
EDGE = 0.2  # ink that counts as stroke when the digit is looked for
SPECK = 0.04  # parts with less ink than this share of the largest part's are dirt
BATCH = 250  # pictures that go through a network at a time
MAP = 96  # cells a side of the coarse map on which parts are told apart


class PictureError(Exception):
    """A picture that cannot be read or shows no digit; the message is one sentence."""


def read_picture(path: str | Path) -> Array:
    """The file as the networks see it: float32 (28, 28), ink 1 on 0. Raises `PictureError` naming the file."""
    path = Path(path)
    if not path.exists():
        raise PictureError(f"{path}: there is no such file.")
    if path.is_dir():
        raise PictureError(f"{path}: this is a folder; name the picture files in it.")
    try:
        if path.stat().st_size == 0:
            raise PictureError(f"{path}: the file is empty.")
        with Image.open(path) as image:
            image.load()
            return prepare(image)
    except PictureError as error:
        raise PictureError(str(error) if str(path) in str(error) else f"{path}: {error}") from error
    except PermissionError as error:
        raise PictureError(f"{path}: you may not read this file.") from error
    except Exception as error:  # pillow's decoders raise anything at all when a file is damaged
        raise PictureError(f"{path}: not a picture pillow can read, or a damaged one.") from error


def prepare(image: Image.Image) -> Array:
    """Find the digit in `image`: float32 (28, 28), ink 1 on 0, in a 20x20 box, centered by mass as MNIST does it.

    Any mode and size. The background is the usual color of the rim; ink is how far a pixel is from it, so dark on
    light, light on dark and red on green are all the same. Raises `PictureError` if the picture is one flat color.
    """
    strokes = _ink(_colors(image))
    top, bottom, left, right = _bounds(strokes)
    scale = BOX / max(bottom - top, right - left)
    size = max(1, round((right - left) * scale)), max(1, round((bottom - top) * scale))
    digit = np.asarray(Image.fromarray(strokes).resize(size, Image.Resampling.BILINEAR, (left, top, right, bottom)))
    digit = np.clip(digit / digit.max(), 0, 1)
    down, across = (round(FIELD / 2 - center) for center in _center_of_mass(digit))
    down = min(max(down, 0), FIELD - digit.shape[0])
    across = min(max(across, 0), FIELD - digit.shape[1])
    field = np.zeros((FIELD, FIELD), np.float32)
    field[down : down + digit.shape[0], across : across + digit.shape[1]] = digit
    return field


def _colors(image: Image.Image) -> Array:
    """Float32 (height, width, 3) between 0 and 1, upright, transparent parts painted white or black."""
    image = ImageOps.exif_transpose(image)
    if image.mode.startswith("I") or image.mode == "F":  # 16 bits or more a pixel: convert() would cut, not scale
        gray = np.asarray(image, np.float32)
        span = float(gray.max() - gray.min())
        image = Image.fromarray(np.uint8(255 * (gray - gray.min()) / (span or 1.0)))
    image = image.convert("RGBA")
    if max(image.size) > LARGEST:
        image.thumbnail((LARGEST, LARGEST), Image.Resampling.BOX)
    pixels: Array = np.asarray(image, np.float32) / np.float32(255)
    color, alpha = pixels[..., :3], pixels[..., 3:]
    if alpha.min() < 1:
        # Paint what lies behind so that the opaque part stands out, whatever the transparent pixels contain.
        light = float((color.mean(axis=2, keepdims=True) * alpha).sum() / max(float(alpha.sum()), 1e-6))
        color = (color * alpha + (1 - alpha) * (light < 0.5)).astype(np.float32)
    return color


def _ink(color: Array) -> Array:
    """Float32 (height, width): 0 where a pixel has the color of the rim, 1 where it is farthest from it."""
    rim = _rim(color)
    distance = np.sqrt(((color - np.median(rim, axis=0)) ** 2).mean(axis=2, dtype=np.float32))
    peak = float(np.quantile(distance, 1 - min(0.001, 1 / distance.size)))
    if peak < FLAT:
        raise PictureError("the picture is one flat color; give one that shows a digit.")
    noise = min(2 * float(np.quantile(_rim(distance), 0.75)) / peak, EDGE)
    ink: Array = np.clip((distance / peak - noise) / (1 - noise), 0, 1).astype(np.float32)
    return ink


def _rim(a: Array) -> Array:
    """The outermost pixels of (height, width, ...), as rows."""
    return np.concatenate([a[0], a[-1], a[1:-1, 0], a[1:-1, -1]])


def _bounds(ink: Array) -> tuple[float, float, float, float]:
    """Top, bottom, left and right edge of the digit in pixels, specks of dirt left out (and wiped from `ink`)."""
    step = -(-max(ink.shape) // MAP)
    height, width = (-(-side // step) for side in ink.shape)
    padded = np.pad(ink, [(0, height * step - ink.shape[0]), (0, width * step - ink.shape[1])])
    coarse = padded.reshape(height, step, width, step)
    mass = coarse.sum(axis=(1, 3))
    parts = list(_parts(coarse.max(axis=(1, 3)) > EDGE))
    weights = [float(mass[part].sum()) for part in parts]
    for part, weight in zip(parts, weights, strict=True):
        if weight < SPECK * max(weights):
            for row, column in zip(*part, strict=True):
                ink[row * step : (row + 1) * step, column * step : (column + 1) * step] = 0
    rows, columns = (np.flatnonzero((ink > EDGE).any(axis=axis)) for axis in (1, 0))
    return float(rows[0]), float(rows[-1] + 1), float(columns[0]), float(columns[-1] + 1)


def _parts(mask: npt.NDArray[np.bool_]) -> Iterator[tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]]:
    """The connected parts of `mask`, diagonal neighbors included, each as (rows, columns)."""
    waiting = set(zip(*(index.tolist() for index in np.nonzero(mask)), strict=True))
    while waiting:
        part = [waiting.pop()]
        for row, column in part:
            near = {(row + i, column + j) for i in (-1, 0, 1) for j in (-1, 0, 1)} & waiting
            waiting -= near
            part += near
        rows, columns = np.array(part).T
        yield rows, columns


def _center_of_mass(digit: Array) -> tuple[float, float]:
    total = float(digit.sum())
    rows, columns = (np.arange(side) for side in digit.shape)
    return float(digit.sum(axis=1) @ rows) / total, float(digit.sum(axis=0) @ columns) / total


def probabilities(model: Module, images: npt.NDArray[Any], device: str = "cpu") -> npt.NDArray[np.float32]:
    """Float32 (n, classes): the softmax of what `model`, in evaluation mode, makes of `images` (n, 1, h, w)."""
    model.eval()
    parts = []
    with no_grad():
        for first in range(0, len(images), BATCH):
            output = model(tensor(images[first : first + BATCH]).to(device))
            parts.append(F.softmax(output, dim=1).numpy())
    return np.concatenate(parts)
