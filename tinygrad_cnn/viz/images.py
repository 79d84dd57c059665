"""Sheets of small pictures with a caption under each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from .canvas import FAINT, LINES, Canvas

SIDE, CELL, MARGIN, TOP = 84, 112, 28, 76


def image_sheet(title: str, subtitle: str, images: Sequence[npt.NDArray[Any]], captions: Sequence[str], columns: int = 8,
                ) -> Image.Image:
    """`images` (channels, height, width), values 0 to 1, with one caption each, `columns` in a row.

    One channel is drawn as ink, dark on light; three are colors.
    """
    if len(images) != len(captions):
        raise ValueError(f"image_sheet: {len(images)} images have {len(captions)} captions; give one for each.")
    rows = max(1, -(-len(images) // columns))
    canvas = Canvas(2 * MARGIN + columns * CELL - (CELL - SIDE), TOP + rows * (CELL + 8) + MARGIN // 2)
    canvas.text(MARGIN, 34, title, 19, bold=True)
    canvas.text(MARGIN, 56, subtitle, 13, FAINT)
    for number, (image, caption) in enumerate(zip(images, captions, strict=True)):
        x, y = MARGIN + number % columns * CELL, TOP + number // columns * (CELL + 8)
        pixels = (np.clip(image, 0, 1) * 255 + 0.5).astype(np.uint8)
        picture = Image.fromarray(255 - pixels[0]) if len(pixels) == 1 else Image.fromarray(np.moveaxis(pixels, 0, -1))
        canvas.paste(picture, x, y, SIDE, SIDE)
        canvas.box(x - 1, y - 1, SIDE + 2, SIDE + 2, outline=LINES)
        canvas.text(x + SIDE / 2, y + SIDE + 17, caption, 12.5, anchor="ms")
    return canvas.image()
