"""Sheets of small gray pictures with a caption under each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from .canvas import FAINT, LINES, Canvas

SIDE, CELL, MARGIN, TOP = 84, 112, 28, 76


def digit_sheet(title: str, subtitle: str, images: npt.NDArray[Any], captions: Sequence[str], columns: int = 8,
                ) -> Image.Image:
    """`images` (count, height, width), values 0 to 1 or uint8, with one caption each, `columns` in a row."""
    if len(images) != len(captions):
        raise ValueError(f"digit_sheet: {len(images)} images have {len(captions)} captions; give one for each.")
    rows = max(1, -(-len(images) // columns))
    canvas = Canvas(2 * MARGIN + columns * CELL - (CELL - SIDE), TOP + rows * (CELL + 8) + MARGIN // 2)
    canvas.text(MARGIN, 34, title, 19, bold=True)
    canvas.text(MARGIN, 56, subtitle, 13, FAINT)
    for number, (image, caption) in enumerate(zip(images, captions, strict=True)):
        x, y = MARGIN + number % columns * CELL, TOP + number // columns * (CELL + 8)
        gray = image if image.dtype == np.uint8 else np.uint8(np.clip(image, 0, 1) * 255 + 0.5)
        canvas.paste(Image.fromarray(255 - gray), x, y, SIDE, SIDE)
        canvas.box(x - 1, y - 1, SIDE + 2, SIDE + 2, outline=LINES)
        canvas.text(x + SIDE / 2, y + SIDE + 17, caption, 12.5, anchor="ms")
    return canvas.image()
