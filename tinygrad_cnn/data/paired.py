"""The same augmentation for pictures and for the label maps that belong to them."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from .color import ColorJitter, Grayscale, PCALighting
from .crops import CenterCrop, RandomResizedCrop, RandomVerticalFlip, Resize
from .transforms import (
    Batch,
    ConvertImageDtype,
    GridTransform,
    Normalize,
    RandomCrop,
    RandomHorizontalFlip,
    RandomShift,
    Transform,
)

Masks = npt.NDArray[Any]

_COLORS = (ColorJitter, ConvertImageDtype, Grayscale, Normalize, PCALighting)  # leave every pixel where it is
_PLACES = (CenterCrop, GridTransform, RandomCrop, RandomHorizontalFlip, RandomResizedCrop, RandomShift,
           RandomVerticalFlip, Resize)
_EXACT = 1 << 24  # whole numbers up to this are exact in float32


class Paired:
    """Transforms one after another, of pictures and label maps alike: `paired(images, masks, generator)` gives both.

    Every label goes where its pixel goes, as it is (interpolation "nearest", beyond the border `fill`); what changes
    colors alone does not touch labels. For a `DataLoader`, whose two transforms get the same random numbers:

        paired = Paired([RandomResizedCrop(128), RandomHorizontalFlip(), ColorJitter(0.2), Normalize(0.5, 0.25)])
        DataLoader(dataset, 16, shuffle=True, transform=paired.images, target_transform=paired.masks)

    transforms  those of this package for batches, but for crops with several views; a transform of your own must
                derive from `GridTransform`
    fill        the label beyond the border, for example the `ignore_index` of the loss
    """

    def __init__(self, transforms: Sequence[Transform], fill: int = 0) -> None:
        for transform in transforms:
            if not isinstance(transform, _COLORS + _PLACES):
                raise TypeError(f"Paired: {type(transform).__name__} is not known to move labels or to leave them; use "
                                f"transforms of this package, or derive yours from GridTransform.")
        self.transforms, self.fill = list(transforms), fill
        self._twins = [None if isinstance(transform, _COLORS) else _for_masks(transform, fill)
                       for transform in transforms]

    def __call__(self, images: Batch, masks: Masks, generator: np.random.Generator) -> tuple[Batch, Masks]:
        if images.shape[0] != masks.shape[0] or images.shape[2:] != masks.shape[1:]:
            raise ValueError(f"Paired: images have shape {images.shape} and masks {masks.shape}, but must have "
                             f"(samples, channels, height, width) and (samples, height, width) alike.")
        same = copy.deepcopy(generator)
        return self.images(images, generator), self.masks(masks, same)

    def images(self, batch: Batch, generator: np.random.Generator) -> Batch:
        """The pictures (samples, channels, height, width)."""
        for transform, own in zip(self.transforms, self._generators(generator), strict=True):
            batch = transform(batch, own)
        return batch

    def masks(self, masks: Masks, generator: np.random.Generator) -> Masks:
        """The label maps, whole numbers (samples, height, width), of the pictures that `images` makes of the same
        random numbers."""
        if masks.ndim != 3 or masks.dtype.kind not in "iu":
            raise ValueError(f"Paired: masks have shape {masks.shape} and dtype {masks.dtype}, but must be whole "
                             f"numbers of shape (samples, height, width).")
        lowest, highest = min(masks.min(initial=0), self.fill), max(masks.max(initial=0), self.fill)
        least, most = max(np.iinfo(masks.dtype).min, -_EXACT), min(np.iinfo(masks.dtype).max, _EXACT)
        if lowest < least or highest > most:
            raise ValueError(f"Paired: labels and fill run from {lowest} to {highest}, but must lie between {least} "
                             f"and {most} in masks of dtype {masks.dtype}.")
        batch = masks[:, None].astype(np.float32)
        for twin, own in zip(self._twins, self._generators(generator), strict=True):
            if twin is not None:
                batch = twin(batch, own)
        return batch[:, 0].astype(masks.dtype)

    def _generators(self, generator: np.random.Generator) -> list[np.random.Generator]:
        """Random numbers for each transform that do not depend on how many the others draw."""
        keys = generator.integers(0, 1 << 63, len(self.transforms))
        return [np.random.Generator(np.random.Philox(key=int(key))) for key in keys]


def _for_masks(transform: Transform, fill: int) -> Transform:
    """The same transform, interpolating by the nearest pixel."""
    twin: Any = copy.copy(transform)
    if hasattr(twin, "interpolation"):
        twin.interpolation = "nearest"
    if hasattr(twin, "fill"):
        twin.fill = float(fill)
    return twin
