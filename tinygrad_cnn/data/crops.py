"""Transforms as in `transforms` that cut, scale and mirror: those usual for ImageNet, in training and in scoring."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from ..cpu.memory import empty
from . import copies, resize
from .transforms import Batch, Range, _both, _checked, _half

_TRIALS = 10  # boxes drawn for a sample before the middle of the picture is taken

Size = tuple[int, int]
Boxes = npt.NDArray[np.int64]


class CenterCrop:
    """The middle `size` pixels, (height, width) or one number for both."""

    def __init__(self, size: int | Sequence[int]) -> None:
        self.size = _size("CenterCrop", size)

    def __call__(self, batch: Batch, generator: np.random.Generator) -> Batch:
        batch, top, left = _room("CenterCrop", batch, self.size)
        return _views(batch, 1, [(round(top / 2), round(left / 2))], self.size)[:, 0]


class FiveCrop:
    """The four corners and the middle, `size` pixels each, (height, width) or one number: (n, 5, channels, *size).

    For scoring a network on several views of a sample: it sees `crops.flatten(0, 1)`, and its outputs are averaged by
    `.reshape(n, 5, -1).mean(1)`. The order is top left, top right, bottom left, bottom right, middle. The result is no
    batch that other transforms take, so this comes last.
    """

    views = 5

    def __init__(self, size: int | Sequence[int]) -> None:
        self.size = _size(type(self).__name__, size)

    def __call__(self, batch: Batch, generator: np.random.Generator) -> Batch:
        batch, top, left = _room(type(self).__name__, batch, self.size)
        places = [(0, 0), (0, left), (top, 0), (top, left), (round(top / 2), round(left / 2))]
        return _views(batch, self.views, places, self.size)


class TenCrop(FiveCrop):
    """The views of `FiveCrop`, then those of the mirrored samples (AlexNet, 2012, section 4.1): (n, 10, ...)."""

    views = 10


class RandomVerticalFlip:
    """Mirror top and bottom with probability `p`. For pictures without an upper side: of cells, from satellites."""

    def __init__(self, p: float = 0.5) -> None:
        if not 0 <= p <= 1:
            raise ValueError(f"RandomVerticalFlip: p is {p}, but a probability lies between 0 and 1.")
        self.p = p

    def __call__(self, batch: Batch, generator: np.random.Generator) -> Batch:
        batch = _checked("RandomVerticalFlip", batch)
        out = empty(batch.shape, batch.dtype)
        copies.flip_rows(out, batch, generator.random(len(batch)) < self.p)
        return out


class Resize:
    """Scale to `size`: (height, width), or one number for the shorter side, keeping the shape.

    interpolation  "bilinear", where a pixel of a reduced picture is a weighted mean of all those it covers, as pillow
                   does it, or "nearest" (for label maps)
    """

    def __init__(self, size: int | Sequence[int], interpolation: str = "bilinear") -> None:
        both = _size("Resize", size)
        self.size = size if isinstance(size, int) else both if len(size) == 2 else both[0]
        self.interpolation = _method("Resize", interpolation)

    def __call__(self, batch: Batch, generator: np.random.Generator) -> Batch:
        batch = _checked("Resize", batch)
        height, width = batch.shape[2:]
        size = self.size
        if isinstance(size, int):
            size = (size, size * width // height) if height <= width else (size * height // width, size)
        return _scale(batch, np.tile([0, 0, height, width], (len(batch), 1)), size, self.interpolation)


class RandomResizedCrop:
    """A random part of the picture, scaled to `size`: the augmentation of Inception (Szegedy et al. 2015, section 6).

    size           (height, width) of the result, or one number for both
    scale          range of the part's area, of the picture's
    ratio          range of the part's width by its height, drawn uniformly from their logarithms
    interpolation  as in `Resize`

    A part that does not fit is drawn again, up to ten times; then it is the largest one in the middle whose ratio lies
    in the range.
    """

    def __init__(self, size: int | Sequence[int], scale: Range = (0.08, 1.0), ratio: Range = (3 / 4, 4 / 3),
                 interpolation: str = "bilinear") -> None:
        name = "RandomResizedCrop"
        self.size, self.interpolation = _size(name, size), _method(name, interpolation)
        for argument, (low, high) in ("scale", scale), ("ratio", ratio):
            if not 0 < low <= high:
                raise ValueError(f"{name}: {argument} is {(low, high)}, but a range runs from a positive number to the "
                                 f"same or a larger one.")
        if scale[1] > 1:
            raise ValueError(f"{name}: scale is {scale}, but a part has at most the area 1 of the picture.")
        self.scale, self.ratio = scale, ratio

    def __call__(self, batch: Batch, generator: np.random.Generator) -> Batch:
        batch = _checked("RandomResizedCrop", batch)
        boxes = self.boxes(len(batch), batch.shape[2], batch.shape[3], generator)
        return _scale(batch, boxes, self.size, self.interpolation)

    def boxes(self, samples: int, height: int, width: int, generator: np.random.Generator) -> Boxes:
        """Draw (top, left, height, width) for each sample: int64 (samples, 4)."""
        area = height * width * generator.uniform(*self.scale, (samples, _TRIALS))
        low, high = map(math.log, self.ratio)
        ratio = np.exp(generator.uniform(low, high, (samples, _TRIALS)))
        sides = np.rint(np.sqrt([area / ratio, area * ratio])).astype(np.int64)  # (2, samples, trials)
        fits = (sides >= 1).all(axis=0) & (sides[0] <= height) & (sides[1] <= width)
        chosen = sides[:, np.arange(samples), fits.argmax(axis=1)].T
        places = generator.random((samples, 2))
        found = fits.any(axis=1, keepdims=True)
        largest = self._largest(height, width)
        extents = np.where(found, chosen, largest)
        room = np.array([height, width]) - extents
        return np.hstack([np.where(found, places * (room + 1), room / 2).astype(np.int64), extents])

    def _largest(self, height: int, width: int) -> Size:
        """The largest (height, width) in the picture whose ratio lies in the range."""
        ratio = min(max(width / height, self.ratio[0]), self.ratio[1])
        return min(height, max(1, round(width / ratio))), min(width, max(1, round(height * ratio)))


def _scale(batch: Batch, boxes: Boxes, size: Size, interpolation: str) -> Batch:
    """The part boxes[n] of each sample n at `size`."""
    out = empty((*batch.shape[:2], *size), batch.dtype)
    if interpolation == "nearest":
        resize.nearest(out, batch, boxes, np.empty((2, max(size)), np.uint32))
    else:
        rows, columns = (np.empty((new, 2 * math.ceil(max(1.0, old / new)) + 4), np.float32)
                         for new, old in zip(size, batch.shape[2:], strict=True))
        places, scratch = np.empty((4, max(size)), np.int64), np.empty((batch.shape[2] + 1, size[1]), np.float32)
        resize.bilinear(out, batch, boxes, _half(batch), rows, columns, places, scratch)
    return out


def _views(batch: Batch, count: int, places: list[Size], size: Size) -> Batch:
    """(n, count, channels, *size): the parts whose (top, left) are `places`, then those of the mirrored pictures."""
    out = empty((len(batch), count, batch.shape[1], *size), batch.dtype)
    copies.views(out, batch, *np.array(places, np.int64).T.copy())
    return out


def _room(name: str, batch: Batch, size: Size) -> tuple[Batch, int, int]:
    """The batch, and by how many rows and columns the pictures are larger than `size`."""
    batch = _checked(name, batch)
    height, width = batch.shape[2:]
    if height < size[0] or width < size[1]:
        raise ValueError(f"{name}: size is {size}, but the pictures have {(height, width)} pixels; crop less, or scale "
                         f"them by Resize first.")
    return batch, height - size[0], width - size[1]


def _size(name: str, size: int | Sequence[int]) -> Size:
    both = _both(size)
    if min(both) < 1:
        raise ValueError(f"{name}: size is {size}, but a picture has at least one pixel each way.")
    return both


def _method(name: str, interpolation: str) -> str:
    if interpolation not in ("bilinear", "nearest"):
        raise ValueError(f"{name}: interpolation is {interpolation!r}, but must be 'bilinear' or 'nearest'.")
    return interpolation
