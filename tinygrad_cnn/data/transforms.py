"""Augmentation of whole batches: every transform is an object called as `transform(batch, generator)`.

`batch` is float32 of shape (samples, channels, height, width), `generator` a `numpy.random.Generator`: each sample
gets its own draws, the same generator state gives the same result, and the given batch is left as it was. Names and
meanings are torchvision's where it has them. Grid transforms (`RandomAffine`, `ElasticTransform`) say where each
output pixel looks in the input; `Resample` joins several of them so that pixels are interpolated only once.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from . import resample, resize

Batch = npt.NDArray[np.float32]
Range = tuple[float, float]
Transform = Callable[[Batch, np.random.Generator], Batch]


class Compose:
    """Apply `transforms` one after another."""

    def __init__(self, transforms: Sequence[Transform]) -> None:
        self.transforms = list(transforms)

    def __call__(self, batch: Batch, generator: np.random.Generator) -> Batch:
        for transform in self.transforms:
            batch = transform(batch, generator)
        return batch


class Normalize:
    """(x - mean) / std, with one mean and one std for each channel or for all of them."""

    def __init__(self, mean: float | Sequence[float], std: float | Sequence[float]) -> None:
        self.mean, self.std = _per_channel(mean), _per_channel(std)
        if not (self.std > 0).all():
            raise ValueError(f"Normalize: std is {std}, but must be positive; leave constant channels out or give 1.")

    def __call__(self, batch: Batch, generator: np.random.Generator) -> Batch:
        _check_batch("Normalize", batch)
        for name, values in ("mean", self.mean), ("std", self.std):
            if values.shape[0] not in (1, batch.shape[1]):
                raise ValueError(f"Normalize: {name} has {values.shape[0]} values, but the batch has {batch.shape[1]} "
                                 f"channels; give one value or one per channel.")
        return (batch - self.mean) / self.std


class RandomHorizontalFlip:
    """Mirror left and right with probability `p`. Not for digits."""

    def __init__(self, p: float = 0.5) -> None:
        if not 0 <= p <= 1:
            raise ValueError(f"RandomHorizontalFlip: p is {p}, but a probability lies between 0 and 1.")
        self.p = p

    def __call__(self, batch: Batch, generator: np.random.Generator) -> Batch:
        _check_batch("RandomHorizontalFlip", batch)
        flipped = generator.random(len(batch)) < self.p
        out = np.empty_like(batch)
        resize.flip_columns(out, batch, flipped)
        return out


class RandomCrop:
    """A window of `size` pixels, (height, width) or one number, at a random place of the image padded by `padding`.

    `RandomCrop(32, padding=4)` is the CIFAR recipe of ResNet (He et al. 2015, arXiv:1512.03385, section 4.2).
    """

    def __init__(self, size: int | tuple[int, int], padding: int = 0, fill: float = 0.0) -> None:
        self.size = (size, size) if isinstance(size, int) else size
        if min(self.size) < 1:
            raise ValueError(f"RandomCrop: size is {size}, but a crop has at least one pixel each way.")
        self.padding, self.fill = _not_negative("RandomCrop", "padding", padding), fill

    def __call__(self, batch: Batch, generator: np.random.Generator) -> Batch:
        _check_batch("RandomCrop", batch)
        places = [length + 2 * self.padding - size for length, size in zip(batch.shape[2:], self.size, strict=True)]
        if min(places) < 0:
            raise ValueError(f"RandomCrop: size is {self.size}, but the images have {batch.shape[2:]} pixels and "
                             f"padding {self.padding}; crop less or pad more.")
        top, left = (generator.integers(0, last + 1, len(batch)) - self.padding for last in places)
        return _crop(batch, self.size, top, left, self.fill)


class RandomShift:
    """Move by whole pixels, up to `pixels` each way along both axes; what enters is `fill`."""

    def __init__(self, pixels: int = 2, fill: float = 0.0) -> None:
        self.pixels, self.fill = _not_negative("RandomShift", "pixels", pixels), fill

    def __call__(self, batch: Batch, generator: np.random.Generator) -> Batch:
        _check_batch("RandomShift", batch)
        rows, columns = generator.integers(-self.pixels, self.pixels + 1, (2, len(batch)))
        return _crop(batch, batch.shape[2:], rows, columns, self.fill)


class GridTransform:
    """Base of the transforms that say where each output pixel looks: `move` changes `grid` (n, 2, h, w) in place.

    grid[n, :, i, j] is the (row, column), in pixels of the input, which output pixel (i, j) of sample n shows. Between
    pixels the value is interpolated: "bilinear", or "nearest" (for label maps); beyond the border it is `fill`.
    """

    def __init__(self, interpolation: str = "bilinear", fill: float = 0.0) -> None:
        if interpolation not in _WARPS:
            raise ValueError(f"{type(self).__name__}: interpolation is {interpolation!r}, but must be one of "
                             f"{', '.join(map(repr, _WARPS))}.")
        self.interpolation, self.fill = interpolation, fill

    def move(self, grid: Batch, generator: np.random.Generator) -> None:
        raise TypeError(f"{type(self).__name__}: a grid transform must define move(grid, generator).")

    def __call__(self, batch: Batch, generator: np.random.Generator) -> Batch:
        _check_batch(type(self).__name__, batch)
        samples, _, height, width = batch.shape
        grid = np.empty((samples, 2, height, width), np.float32)
        resample.identity(grid)
        self.move(grid, generator)
        out = np.empty(batch.shape, np.float32)
        _WARPS[self.interpolation](out, np.ascontiguousarray(batch), grid, np.float32(self.fill))
        return out


class Resample(GridTransform):
    """Several grid transforms with one interpolation: sharper than one after another, and faster.

    `Resample([RandomAffine(10), ElasticTransform()])` shows the affine map's result through the elastic distortion;
    an elastic transform belongs at the end, where its field lies on the pixels it displaces. Interpolation and `fill`
    are given here; those of the parts do not count.
    """

    def __init__(self, moves: Sequence[GridTransform], interpolation: str = "bilinear", fill: float = 0.0) -> None:
        super().__init__(interpolation, fill)
        self.moves = list(moves)

    def move(self, grid: Batch, generator: np.random.Generator) -> None:
        # The last transform touches the output's coordinates first: out = last(first(image)).
        for part in reversed(self.moves):
            part.move(grid, generator)


class RandomAffine(GridTransform):
    """Rotation, scale, shear and shift about the image's center, drawn uniformly for each sample.

    degrees    rotation, counter-clockwise; one number d means (-d, d)
    translate  largest shift as a fraction of the (height, width); one number serves both; fractions of a pixel count
    scale      range of the factor of enlargement
    shear      degrees by which vertical lines lean, their lower end to the right; one number s means (-s, s)
    """

    def __init__(self, degrees: float | Range, translate: float | Range = 0.0, scale: Range = (1.0, 1.0),
                 shear: float | Range = 0.0, interpolation: str = "bilinear", fill: float = 0.0) -> None:
        super().__init__(interpolation, fill)
        name = type(self).__name__
        self.degrees, self.shear = _range(name, "degrees", degrees), _range(name, "shear", shear)
        self.scale = _range(name, "scale", scale)
        self.translate = translate if isinstance(translate, tuple) else (translate, translate)
        if min(scale) <= 0:
            raise ValueError(f"{name}: scale is {scale}, but factors are positive; 1 keeps the size.")
        if max(map(abs, self.shear)) >= 90:
            raise ValueError(f"{name}: shear is {shear} degrees, but must stay below 90.")

    def move(self, grid: Batch, generator: np.random.Generator) -> None:
        samples, _, height, width = grid.shape
        degrees, shear = _draw(generator, self.degrees, samples), _draw(generator, self.shear, samples)
        matrix = _back(degrees, shear) / _draw(generator, self.scale, samples)[:, None, None]
        shift = generator.uniform(-1, 1, (samples, 2)) * np.multiply(self.translate, (height, width))
        center = np.array([height - 1, width - 1]) / 2
        offset = center - (matrix @ (center + shift)[:, :, None])[:, :, 0]
        resample.affine(grid, matrix.astype(np.float32), offset.astype(np.float32))


class RandomRotation(RandomAffine):
    """Rotate about the center by an angle drawn from `degrees`; one number d means (-d, d)."""

    def __init__(self, degrees: float | Range, interpolation: str = "bilinear", fill: float = 0.0) -> None:
        super().__init__(degrees, interpolation=interpolation, fill=fill)


class RandomScale(RandomAffine):
    """Enlarge about the center by a factor drawn from `scale`; the image keeps its number of pixels."""

    def __init__(self, scale: Range, interpolation: str = "bilinear", fill: float = 0.0) -> None:
        super().__init__(0.0, scale=scale, interpolation=interpolation, fill=fill)


class ElasticTransform(GridTransform):
    """Elastic distortion (Simard, Steinkraus, Platt 2003, section 2).

    Each pixel gets a displacement drawn uniformly from [-1, 1] along both axes; the field is smoothed by a Gaussian
    of `sigma` pixels and multiplied by `alpha`, so that displacements far from the border have a standard deviation
    of about alpha / (6.1 sigma) pixels. The paper's choice for MNIST is alpha 34, sigma 4 (about 1.4 pixels).
    torchvision's alpha is twice ours.
    """

    def __init__(self, alpha: float = 34.0, sigma: float = 4.0, interpolation: str = "bilinear",
                 fill: float = 0.0) -> None:
        super().__init__(interpolation, fill)
        if sigma <= 0:
            raise ValueError(f"ElasticTransform: sigma is {sigma} pixels, but must be positive.")
        self.alpha = alpha
        distance = np.arange(-math.ceil(3 * sigma), math.ceil(3 * sigma) + 1) / sigma
        weights = np.exp(-0.5 * distance**2)
        self.weights = (weights / weights.sum()).astype(np.float32)

    def move(self, grid: Batch, generator: np.random.Generator) -> None:
        height, width = grid.shape[2:]
        field = generator.random(grid.shape, np.float32)
        field *= np.float32(2 * self.alpha)
        field -= np.float32(self.alpha)
        resample.smooth(field.reshape(-1, height, width), self.weights, np.empty((height, width), np.float32))
        grid += field


_WARPS: dict[str, Any] = {"bilinear": resample.warp, "nearest": resample.warp_nearest}


def _crop(batch: Batch, size: tuple[int, ...], top: npt.NDArray[Any], left: npt.NDArray[Any], fill: float) -> Batch:
    out = np.empty((*batch.shape[:2], *size), np.float32)
    resample.crop(out, np.ascontiguousarray(batch), top, left, np.float32(fill))
    return out


def _draw(generator: np.random.Generator, limits: Range, samples: int) -> npt.NDArray[np.float64]:
    return generator.uniform(limits[0], limits[1], samples)


def _back(degrees: npt.NDArray[np.float64], shear: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Matrices (n, 2, 2) that take (row, column) from the output back to the input: unrotate, then unshear."""
    angle, slope = np.radians(degrees), np.tan(np.radians(shear))
    row = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    column = np.stack([-np.sin(angle), np.cos(angle)], axis=1)
    return np.stack([row, column - slope[:, None] * row], axis=1)


def _range(name: str, argument: str, value: float | Range) -> Range:
    low, high = value if isinstance(value, tuple) else (-value, value)
    if low > high:
        raise ValueError(f"{name}: {argument} is {value}, but a range runs from the smaller to the larger number.")
    return low, high


def _per_channel(values: float | Sequence[float]) -> Batch:
    return np.asarray(values, np.float32).reshape(-1, 1, 1)


def _not_negative(name: str, argument: str, value: int) -> int:
    if value < 0:
        raise ValueError(f"{name}: {argument} is {value}, but pixels are counted from 0 up.")
    return value


def _check_batch(name: str, batch: Batch) -> None:
    if batch.ndim != 4 or batch.dtype != np.float32:
        raise ValueError(f"{name}: the batch has shape {batch.shape} and dtype {batch.dtype}, but must be float32 of "
                         f"shape (samples, channels, height, width); convert it with .astype(numpy.float32) or add "
                         f"the missing axis.")
