"""Augmentation of whole batches: every transform is an object called as `transform(batch, generator)`.

`batch` has the shape (samples, channels, height, width) and holds pictures, float32 from 0 to 1 or uint8 from 0 to 255;
what comes out is of the same type, but for transforms that say otherwise (bytes are a quarter of the memory, so crops and
flips are best done before `ConvertImageDtype` or `Normalize`, which end them). `generator` is a `numpy.random.Generator`:
each sample gets its own draws, the same generator state gives the same result, and the given batch is left as it was.
Names and meanings are torchvision's where it has them. Grid transforms (`RandomAffine`, `ElasticTransform`) say where
each output pixel looks in the input; `Resample` joins several of them so that pixels are interpolated only once.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from ..cpu.memory import empty
from . import copies, resample, tones

Floats = npt.NDArray[np.float32]
Batch = npt.NDArray[Any]  # float32 or uint8
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


class ConvertImageDtype:
    """float32 from 0 to 1 of bytes from 0 to 255, or with `dtype` uint8 the other way round, to the nearest."""

    def __init__(self, dtype: Any = np.float32) -> None:
        self.dtype = np.dtype(dtype)
        if self.dtype not in (np.float32, np.uint8):
            raise ValueError(f"ConvertImageDtype: dtype is {dtype}, but must be float32 or uint8.")

    def __call__(self, batch: Batch, generator: np.random.Generator) -> Batch:
        batch = _checked("ConvertImageDtype", batch)
        out = empty(batch.shape, self.dtype)
        if self.dtype == batch.dtype:
            np.copyto(out, batch)
        elif self.dtype == np.float32:
            tones.lookup(out, batch, _LEVELS)
        else:
            np.copyto(out, np.rint(batch.clip(0, 1) * 255), casting="unsafe")
        return out


class Normalize:
    """(x - mean) / std, with one mean and one std for each channel or for all of them; float32, of bytes x / 255 too."""

    def __init__(self, mean: float | Sequence[float], std: float | Sequence[float]) -> None:
        self.mean, self.std = _per_channel(mean), _per_channel(std)
        if not (self.std > 0).all():
            raise ValueError(f"Normalize: std is {std}, but must be positive; leave constant channels out or give 1.")

    def __call__(self, batch: Batch, generator: np.random.Generator) -> Floats:
        batch = _checked("Normalize", batch)
        for name, values in ("mean", self.mean), ("std", self.std):
            if values.size not in (1, batch.shape[1]):
                raise ValueError(f"Normalize: {name} has {values.size} values, but the batch has {batch.shape[1]} "
                                 f"channels; give one value or one per channel.")
        out = empty(batch.shape, np.float32)
        if batch.dtype == np.uint8:
            tones.lookup(out, batch, (_LEVELS - self.mean[:, None]) / self.std[:, None])
        else:
            tones.normalized(out, batch, self.mean, self.std)
        return out


class RandomHorizontalFlip:
    """Mirror left and right with probability `p`. Not for digits."""

    def __init__(self, p: float = 0.5) -> None:
        if not 0 <= p <= 1:
            raise ValueError(f"RandomHorizontalFlip: p is {p}, but a probability lies between 0 and 1.")
        self.p = p

    def __call__(self, batch: Batch, generator: np.random.Generator) -> Batch:
        batch = _checked("RandomHorizontalFlip", batch)
        out = empty(batch.shape, batch.dtype)
        flipped = generator.random(len(batch)) < self.p
        samples, channels, height, width = batch.shape
        to, of = (x.reshape(samples, channels * height, width) for x in (out, batch))
        if batch.itemsize == 1 and width % 8 == 0:
            copies.flip_words(to.view(np.uint64), of.view(np.uint64), flipped)
        else:
            copies.flip_columns(to, of, flipped)
        return out


class RandomCrop:
    """A window of `size` pixels, (height, width) or one number, at a random place of the image padded by `padding`.

    `RandomCrop(32, padding=4)` is the CIFAR recipe of ResNet (He et al. 2015, arXiv:1512.03385, section 4.2).

    padding        pixels on each side, or (left and right, above and below)
    pad_if_needed  more where images are smaller than the window, instead of an error
    fill           what the padding is, if `padding_mode` is "constant"
    padding_mode   or "edge", the pixel at the border, "reflect", those inside of it, "symmetric", those and itself
    """

    def __init__(self, size: int | Sequence[int], padding: int | Sequence[int] | None = None, pad_if_needed: bool = False,
                 fill: float = 0.0, padding_mode: str = "constant") -> None:
        self.size = _both(size)
        if min(self.size) < 1:
            raise ValueError(f"RandomCrop: size is {size}, but a crop has at least one pixel each way.")
        if padding_mode not in ("constant", "edge", "reflect", "symmetric"):
            raise ValueError(f"RandomCrop: padding_mode is {padding_mode!r}, but must be 'constant', 'edge', 'reflect' or "
                             f"'symmetric'.")
        self.padding = _both(padding or 0)[::-1]  # of height and width
        _not_negative("RandomCrop", "padding", min(self.padding))
        self.pad_if_needed, self.fill, self.padding_mode = pad_if_needed, fill, padding_mode

    def __call__(self, batch: Batch, generator: np.random.Generator) -> Batch:
        batch = _checked("RandomCrop", batch)
        lack = [size - length - 2 * pad for length, size, pad in zip(batch.shape[2:], self.size, self.padding, strict=True)]
        if max(lack) > 0 and not self.pad_if_needed:
            raise ValueError(f"RandomCrop: size is {self.size}, but the images have {batch.shape[2:]} pixels and "
                             f"padding {self.padding}; crop less, pad more, or give pad_if_needed=True.")
        pads = [pad + max(0, more) for pad, more in zip(self.padding, lack, strict=True)]
        last = [max(0, -more) + max(0, more) for more in lack]
        top, left = (generator.integers(0, most + 1, len(batch)) - pad for most, pad in zip(last, pads, strict=True))
        if self.padding_mode != "constant":
            mode: Any = self.padding_mode
            batch = np.pad(batch, [(0, 0), (0, 0), *((pad, pad) for pad in pads)], mode)
            top, left = top + pads[0], left + pads[1]
        return _crop(batch, self.size, top, left, self.fill)


class RandomShift:
    """Move by whole pixels, up to `pixels` each way along both axes; what enters is `fill`."""

    def __init__(self, pixels: int = 2, fill: float = 0.0) -> None:
        self.pixels, self.fill = _not_negative("RandomShift", "pixels", pixels), fill

    def __call__(self, batch: Batch, generator: np.random.Generator) -> Batch:
        batch = _checked("RandomShift", batch)
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

    def move(self, grid: Floats, generator: np.random.Generator) -> None:
        raise TypeError(f"{type(self).__name__}: a grid transform must define move(grid, generator).")

    def __call__(self, batch: Batch, generator: np.random.Generator) -> Batch:
        batch = _checked(type(self).__name__, batch)
        samples, _, height, width = batch.shape
        grid = empty((samples, 2, height, width), np.float32)
        resample.identity(grid)
        self.move(grid, generator)
        return self._sampled(batch, _WARPS[self.interpolation], grid)

    def _sampled(self, batch: Batch, kernel: Any, *places: Floats) -> Batch:
        """What `kernel` makes of the pixels that lie at `places`."""
        out, pixels = empty(batch.shape, batch.dtype), batch.shape[2] * batch.shape[3]
        index, parts = empty(pixels, np.uint32), empty((2, pixels), np.float32)
        kernel(out, batch, *places, np.float32(_fill(self.fill, batch)), _half(batch), index, parts)
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

    def move(self, grid: Floats, generator: np.random.Generator) -> None:
        # The last transform touches the output's coordinates first: out = last(first(image)).
        for part in reversed(self.moves):
            part.move(grid, generator)


class RandomAffine(GridTransform):
    """Rotation, scale, shear and shift about the image's center, drawn uniformly for each sample.

    degrees    rotation, clockwise; one number d means (-d, d)
    translate  largest shift as a fraction of the (width, height); one number serves both; fractions of a pixel count
    scale      range of the factor of enlargement
    shear      degrees by which vertical lines lean, their upper end to the right; one number s means (-s, s)

    None in place of one of the last three leaves it out. torchvision's interpolation is "nearest" by default, and its
    shifts are of whole pixels.
    """

    def __init__(self, degrees: float | Range, translate: float | Range | None = None, scale: Range | None = None,
                 shear: float | Range | None = None, interpolation: str = "bilinear", fill: float = 0.0) -> None:
        super().__init__(interpolation, fill)
        name = type(self).__name__
        self.degrees, self.shear = _range(name, "degrees", degrees), _range(name, "shear", shear or 0.0)
        self.scale = _range(name, "scale", scale or (1.0, 1.0))
        self.translate = _range(name, "translate", (0.0, 0.0) if translate is None else
                                (translate, translate) if isinstance(translate, (int, float)) else translate, ordered=False)
        if self.scale[0] <= 0:
            raise ValueError(f"{name}: scale is {scale}, but factors are positive; 1 keeps the size.")
        if max(map(abs, self.shear)) >= 90:
            raise ValueError(f"{name}: shear is {shear} degrees, but must stay below 90.")

    def __call__(self, batch: Batch, generator: np.random.Generator) -> Batch:
        batch = _checked(type(self).__name__, batch)
        samples, _, height, width = batch.shape
        matrix, offset = self.draw(samples, height, width, generator)
        return self._sampled(batch, _AFFINE[self.interpolation], matrix, offset, empty((2, height, width), np.float32))

    def move(self, grid: Floats, generator: np.random.Generator) -> None:
        samples, _, height, width = grid.shape
        resample.affine(grid, *self.draw(samples, height, width, generator))

    def draw(self, samples: int, height: int, width: int, generator: np.random.Generator) -> tuple[Floats, Floats]:
        """For each sample the matrix (2, 2) and the offset (2,) that take (row, column) of the output to the input."""
        degrees, shear = self._counter_clockwise(generator, samples), -_draw(generator, self.shear[::-1], samples)
        matrix = _back(degrees, shear) / _draw(generator, self.scale, samples)[:, None, None]
        shift = generator.uniform(-1, 1, (samples, 2)) * np.multiply(self.translate[::-1], (height, width))
        center = np.array([height - 1, width - 1]) / 2
        offset = center - (matrix @ (center + shift)[:, :, None])[:, :, 0]
        return matrix.astype(np.float32), offset.astype(np.float32)

    def _counter_clockwise(self, generator: np.random.Generator, samples: int) -> npt.NDArray[np.float64]:
        """How far each sample is turned, in degrees."""
        return -_draw(generator, self.degrees[::-1], samples)


class RandomRotation(RandomAffine):
    """Rotate about the center, counter-clockwise, by an angle drawn from `degrees`; one number d means (-d, d)."""

    def __init__(self, degrees: float | Range, interpolation: str = "bilinear", fill: float = 0.0) -> None:
        super().__init__(degrees, interpolation=interpolation, fill=fill)

    def _counter_clockwise(self, generator: np.random.Generator, samples: int) -> npt.NDArray[np.float64]:
        return _draw(generator, self.degrees, samples)


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

    def move(self, grid: Floats, generator: np.random.Generator) -> None:
        height, width = grid.shape[2:]
        field = generator.random(grid.shape, np.float32)
        field *= np.float32(2 * self.alpha)
        field -= np.float32(self.alpha)
        resample.smooth(field.reshape(-1, height, width), self.weights, np.empty((height, width), np.float32))
        grid += field


_WARPS: dict[str, Any] = {"bilinear": resample.warp, "nearest": resample.warp_nearest}
_AFFINE: dict[str, Any] = {"bilinear": resample.warp_affine, "nearest": resample.warp_affine_nearest}
_LEVELS = np.arange(256, dtype=np.float32)[None] / np.float32(255)  # of a byte, from 0 to 1


def _crop(batch: Batch, size: tuple[int, ...], top: npt.NDArray[Any], left: npt.NDArray[Any], fill: float) -> Batch:
    out = empty((*batch.shape[:2], *size), batch.dtype)
    copies.crop(out, batch, top, left, _fill(fill, batch))
    return out


def _fill(value: float, batch: Batch) -> Any:
    """`value` as a pixel of the batch."""
    if batch.dtype == np.uint8 and not 0 <= value <= 255:
        raise ValueError(f"fill is {value}, but pixels of a batch of bytes lie between 0 and 255.")
    return batch.dtype.type(value)


def _half(batch: Batch) -> np.float32:
    """What is added before a result is cut off to a whole number of the batch's type, if it has such."""
    return np.float32(0.5 if batch.dtype == np.uint8 else 0.0)


def _draw(generator: np.random.Generator, limits: Range, samples: int) -> npt.NDArray[np.float64]:
    """Evenly between the first limit and the second, which may be the smaller one."""
    return limits[0] + (limits[1] - limits[0]) * generator.random(samples)


def _back(degrees: npt.NDArray[np.float64], shear: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Matrices (n, 2, 2) that take (row, column) from the output back to the input: unrotate, then unshear."""
    angle, slope = np.radians(degrees), np.tan(np.radians(shear))
    row = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    column = np.stack([-np.sin(angle), np.cos(angle)], axis=1)
    return np.stack([row, column - slope[:, None] * row], axis=1)


def _range(name: str, argument: str, value: float | Range, ordered: bool = True) -> Range:
    """The range that a number or a pair of numbers stands for; a pair may not be `ordered` if it is none."""
    if not isinstance(value, (int, float)) and len(value) != 2:
        raise ValueError(f"{name}: {argument} is {value}, but must be one number or two.")
    low, high = (-value, value) if isinstance(value, (int, float)) else value
    if ordered and low > high:
        raise ValueError(f"{name}: {argument} is {value}, but a range runs from the smaller to the larger number.")
    return low, high


def _per_channel(values: float | Sequence[float]) -> Floats:
    return np.asarray(values, np.float32).reshape(-1)


def _both(value: int | Sequence[int]) -> tuple[int, int]:
    """Two numbers, of one or of two."""
    numbers = [value] if isinstance(value, int) else value
    if not 1 <= len(numbers) <= 2:
        raise ValueError(f"{value} has {len(numbers)} numbers, but one or two are needed.")
    return numbers[0], numbers[-1]


def _not_negative(name: str, argument: str, value: int) -> int:
    if value < 0:
        raise ValueError(f"{name}: {argument} is {value}, but pixels are counted from 0 up.")
    return value


def _checked(name: str, batch: Batch) -> Batch:
    """The batch with its elements side by side in memory, if it is one."""
    if batch.ndim != 4 or batch.dtype not in (np.float32, np.uint8):
        raise ValueError(f"{name}: the batch has shape {batch.shape} and dtype {batch.dtype}, but must be float32 or "
                         f"uint8 of shape (samples, channels, height, width); convert it with .astype(numpy.float32) or "
                         f"add the missing axis.")
    return np.ascontiguousarray(batch)
