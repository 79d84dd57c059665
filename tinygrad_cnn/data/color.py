"""Augmentation of colors: transforms as in `transforms`, of pictures from 0 to 1 or of bytes, so before `Normalize`."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from ..cpu.memory import empty
from . import tones
from .transforms import Batch, Floats, Range, _checked, _draw, _half

# The eigenvalues and eigenvectors (columns) of the covariance of ImageNet's colors in fb.resnet.torch.
_IMAGENET_VALUES = (0.2175, 0.0188, 0.0045)
_IMAGENET_VECTORS = ((-0.5675, 0.7192, 0.4009), (-0.5808, -0.0045, -0.8140), (-0.5836, -0.6948, 0.4203))

_NEUTRAL = (1, 1), (1, 1), (1, 1), (0, 0)  # what changes nothing, in the order of `tones`


class ColorJitter:
    """Change brightness, contrast, saturation and hue by random amounts, in random order, each sample for itself.

    brightness  factor, drawn from (1 - b, 1 + b) but not below 0, or from a range; 0 is black
    contrast    the same; 0 is the sample's average gray
    saturation  the same; 0 is the pixel's gray
    hue         turn of the circle of colors, drawn from (-h, h) with h up to 0.5, or from a range

    0, the default, leaves a property as it is. Grey pictures, of one channel, have no saturation and no hue.
    """

    def __init__(self, brightness: float | Range = 0.0, contrast: float | Range = 0.0, saturation: float | Range = 0.0,
                 hue: float | Range = 0.0) -> None:
        self.brightness, self.contrast = _around("brightness", brightness, 1.0), _around("contrast", contrast, 1.0)
        self.saturation, self.hue = _around("saturation", saturation, 1.0), _around("hue", hue, 0.0)
        factors = {"brightness": self.brightness, "contrast": self.contrast, "saturation": self.saturation}
        for name, (low, high) in factors.items():
            if low < 0:
                raise ValueError(f"ColorJitter: {name} is drawn from {low} to {high}, but factors are not negative; 1 "
                                 f"changes nothing.")
        if max(map(abs, self.hue)) > 0.5:
            raise ValueError(f"ColorJitter: hue is {hue}, but must lie between -0.5 and 0.5, half a turn each way.")

    def __call__(self, batch: Batch, generator: np.random.Generator) -> Batch:
        batch = _colors("ColorJitter", batch)
        ranges = self.brightness, self.contrast, self.saturation, self.hue
        steps = np.array([step for step, limits in enumerate(ranges) if limits != _NEUTRAL[step]], np.int64)
        orders = generator.permuted(np.tile(steps, (len(batch), 1)), axis=1)
        factors = np.stack([_draw(generator, limits, len(batch)) for limits in ranges], axis=1)
        out, half = empty(batch.shape, batch.dtype), _half(batch)
        picture, plane = empty(batch.shape[1:], np.float32), empty(batch.shape[2:], np.float32)
        tones.jitter(out, batch, orders, factors.astype(np.float32), np.float32(255 if half else 1), half, picture, plane)
        return out


class Grayscale:
    """The lightness 0.299 red + 0.587 green + 0.114 blue in one channel, or three times in three."""

    def __init__(self, num_output_channels: int = 1) -> None:
        if num_output_channels not in (1, 3):
            raise ValueError(f"Grayscale: num_output_channels is {num_output_channels}, but must be 1 or 3.")
        self.num_output_channels = num_output_channels

    def __call__(self, batch: Batch, generator: np.random.Generator) -> Batch:
        batch = _colors("Grayscale", batch)
        out = empty((len(batch), self.num_output_channels, *batch.shape[2:]), batch.dtype)
        for picture, result in zip(batch, out, strict=True):
            tones.gray(result[0], picture, _half(batch))
            result[1:] = result[0]
        return out


class PCALighting:
    """Move the colors of each sample along their principal axes (Krizhevsky, Sutskever, Hinton 2012, section 4.1).

    Adds the sum over the three axes of draw * eigenvalue * eigenvector to every pixel, with one draw for each sample
    and axis from a normal distribution of standard deviation `std`. `values` (3,) and `vectors` (3, 3), in columns,
    are those of the covariance of the colors of the training pictures: `principal_colors` finds them, ImageNet's are
    the default. The result is float32, of bytes too, and may lie below 0 or above 1.
    """

    def __init__(self, std: float = 0.1, values: Sequence[float] | Batch = _IMAGENET_VALUES,
                 vectors: Sequence[Sequence[float]] | Batch = _IMAGENET_VECTORS) -> None:
        self.values, self.vectors = np.asarray(values, np.float32), np.asarray(vectors, np.float32)
        if std < 0:
            raise ValueError(f"PCALighting: std is {std}, but a standard deviation is not negative.")
        if self.values.shape != (3,) or self.vectors.shape != (3, 3):
            raise ValueError(f"PCALighting: values and vectors have shapes {self.values.shape} and "
                             f"{self.vectors.shape}, but must have (3,) and (3, 3); take them from principal_colors.")
        self.std = std

    def __call__(self, batch: Batch, generator: np.random.Generator) -> Batch:
        batch = _colors("PCALighting", batch, (3,))
        draws = generator.normal(0.0, self.std, (len(batch), 3)).astype(np.float32)
        shifts = (draws * self.values) @ self.vectors.T
        out = empty(batch.shape, np.float32)
        return np.add(_levels(batch), shifts[:, :, None, None], out=out)


def principal_colors(batch: Batch) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """The eigenvalues (3,), falling, and eigenvectors (3, 3), in columns, of the covariance of a batch's colors."""
    levels = _levels(_colors("principal_colors", batch, (3,)))
    values, vectors = np.linalg.eigh(np.cov(levels.transpose(1, 0, 2, 3).reshape(3, -1)))
    return values[::-1].astype(np.float32), vectors[:, ::-1].astype(np.float32)


def _levels(batch: Batch) -> Floats:
    """The batch in float32 from 0 to 1."""
    return batch if batch.dtype == np.float32 else np.divide(batch, 255, out=empty(batch.shape, np.float32), dtype=np.float32)


def _around(name: str, value: float | Range, middle: float) -> Range:
    """The range that a number or a range stands for."""
    if not isinstance(value, (int, float)):
        low, high = value
    elif value < 0:
        raise ValueError(f"ColorJitter: {name} is {value}, but must not be negative; 0 changes nothing.")
    else:
        low, high = max(middle - value, 0.0) if middle else -value, middle + value
    if low > high:
        raise ValueError(f"ColorJitter: {name} is {value}, but a range runs from the smaller to the larger number.")
    return low, high


def _colors(name: str, batch: Batch, channels: tuple[int, ...] = (1, 3)) -> Batch:
    batch = _checked(name, batch)
    if batch.shape[1] not in channels:
        raise ValueError(f"{name}: the batch has {batch.shape[1]} channels, but must have 3, red, green and blue"
                         f"{', or 1, gray' if 1 in channels else ''}; leave the others out.")
    return batch
