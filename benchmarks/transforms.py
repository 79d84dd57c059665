"""Augmentation of batches against pillow, which works on one picture after another: processor time, in turns.

`python -m benchmarks.transforms [--batch 128] [--rounds 7] [--sides 32 224]` prints, for each transform, the
milliseconds that a batch takes, and pillow's over ours (above 1 ours is faster), three times:

    bytes    pictures of bytes in and out: the batch as uint8, beside pillow's operation alone on its pictures
    made     from bytes to the float32 batch that a network needs: the transform and `ConvertImageDtype`, beside pillow's
             operation and the making of the batch
    float32  a float32 batch in and out, beside the same of pillow

`floor` is the part of the time for bytes that a plain copy of as many bytes as come out takes: what no transform can
be faster than.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable, Mapping
from typing import Any

os.environ.setdefault("NUMBA_NUM_THREADS", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
from PIL import Image, ImageEnhance

from tinygrad_cnn import data
from tinygrad_cnn.cpu.memory import empty

TURN = 0.1  # of the circle of hues
ANGLE = 20  # degrees
PART = (0.1, 0.8)  # first pixel and length of the part that is scaled, of the side

Array = np.ndarray[Any, Any]
Picture = Image.Image


def ours(side: int) -> dict[str, Callable[[Any, np.random.Generator], Any]]:
    """Every transform with its strongest random draw, so that both sides do all of the work."""
    return {
        "vertical flip": data.RandomVerticalFlip(1),
        "horizontal flip": data.RandomHorizontalFlip(1),
        "crop, padded": data.RandomCrop(side, 4),
        "center crop": data.CenterCrop(side * 7 // 8),
        "five crop": data.FiveCrop(side * 7 // 8),
        "ten crop": data.TenCrop(side * 7 // 8),
        "grayscale": data.Grayscale(3),
        "brightness": data.ColorJitter(brightness=(1.2, 1.2)),
        "contrast": data.ColorJitter(contrast=(1.2, 1.2)),
        "saturation": data.ColorJitter(saturation=(1.2, 1.2)),
        "hue": data.ColorJitter(hue=(TURN, TURN)),
        "all four": data.ColorJitter((1.2, 1.2), (1.2, 1.2), (1.2, 1.2), (TURN, TURN)),
        "half the size": data.Resize(side // 2),
        "a part, enlarged": data.RandomResizedCrop(side, (PART[1]**2, PART[1]**2), (1, 1)),
        "a part, nearest": data.RandomResizedCrop(side, (PART[1]**2, PART[1]**2), (1, 1), "nearest"),
        "rotation": data.RandomRotation((ANGLE, ANGLE)),
        "rotation, nearest": data.RandomRotation((ANGLE, ANGLE), "nearest"),
    }


def pillow(side: int) -> dict[str, Callable[[Picture], Any]]:
    """The same of one picture."""
    small, first, last = side * 7 // 8, PART[0] * side, (PART[0] + PART[1]) * side
    room = side - small
    places = (0, 0), (room, 0), (0, room), (room, room), (room // 2, room // 2)
    mirror, enhance = Image.Transpose.FLIP_LEFT_RIGHT, ImageEnhance

    def crops(x: Picture) -> list[Picture]:
        return [x.crop((left, top, left + small, top + small)) for left, top in places]

    def jitter(x: Picture) -> Picture:
        for kind in enhance.Brightness, enhance.Contrast, enhance.Color:
            x = kind(x).enhance(1.2)
        return turn(x)

    return {
        "vertical flip": lambda x: x.transpose(Image.Transpose.FLIP_TOP_BOTTOM),
        "horizontal flip": lambda x: x.transpose(mirror),
        "crop, padded": lambda x: x.crop((-3, 2, side - 3, side + 2)),
        "center crop": lambda x: x.crop((room // 2,) * 2 + (room // 2 + small,) * 2),
        "five crop": crops,
        "ten crop": lambda x: crops(x) + crops(x.transpose(mirror)),
        "grayscale": lambda x: x.convert("L").convert("RGB"),
        "brightness": lambda x: enhance.Brightness(x).enhance(1.2),
        "contrast": lambda x: enhance.Contrast(x).enhance(1.2),
        "saturation": lambda x: enhance.Color(x).enhance(1.2),
        "hue": turn,
        "all four": jitter,
        "half the size": lambda x: x.resize((side // 2,) * 2, Image.Resampling.BILINEAR),
        "a part, enlarged": lambda x: x.resize((side,) * 2, Image.Resampling.BILINEAR, (first, first, last, last)),
        "a part, nearest": lambda x: x.resize((side,) * 2, Image.Resampling.NEAREST, (first, first, last, last)),
        "rotation": lambda x: x.rotate(ANGLE, Image.Resampling.BILINEAR),
        "rotation, nearest": lambda x: x.rotate(ANGLE, Image.Resampling.NEAREST),
    }


def turn(x: Picture) -> Picture:
    """Add to the hue, whose bytes wrap around."""
    hue, saturation, value = x.convert("HSV").split()
    turned = hue.point([(h + round(256 * TURN)) % 256 for h in range(256)])
    return Image.merge("HSV", (turned, saturation, value)).convert("RGB")


def batch_of(pictures: list[Any]) -> Array:
    """Pictures, or lists of them, as float32 (n, 3, height, width) from 0 to 1."""
    flat = [x for entry in pictures for x in (entry if isinstance(entry, list) else [entry])]
    out = np.empty((len(flat), 3, *flat[0].size[::-1]), np.float32)
    for picture, x in zip(out, flat, strict=True):
        np.divide(np.asarray(x).transpose(2, 0, 1), np.float32(255), out=picture)
    return out


def runs(transform: Callable[[Any, np.random.Generator], Any], operation: Callable[[Picture], Any],
         batch: Array, pictures: list[Picture]) -> dict[str, Callable[[], object]]:
    """What is measured: our transform in its three ways, pillow's two, and the copy of a result."""
    floats, rng, convert = batch / np.float32(255), np.random.default_rng, data.ConvertImageDtype()
    result = transform(batch, rng(1))
    copy, flat = empty(result.shape, np.uint8), result.reshape(-1, *result.shape[-3:]).shape
    return {
        "bytes": lambda: transform(batch, rng(1)),
        "alone": lambda: [operation(x) for x in pictures],
        "made": lambda: convert(transform(batch, rng(1)).reshape(flat), rng(1)),
        "whole": lambda: batch_of([operation(x) for x in pictures]),
        "float32": lambda: transform(floats, rng(1)),
        "copy": lambda: np.copyto(copy, result),
    }


def in_turns(candidates: Mapping[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    """The least milliseconds of processor time, of one run each a round: other processes do not count."""
    least = dict.fromkeys(candidates, float("inf"))
    for run in candidates.values():
        run()
    for _ in range(rounds):
        for name, run in candidates.items():
            start = time.process_time()
            run()
            least[name] = min(least[name], 1000 * (time.process_time() - start))
    return least


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--sides", type=int, nargs="+", default=[32, 224])
    options = parser.parse_args()
    for side in options.sides:
        bytes_ = np.random.default_rng(0).integers(0, 256, (options.batch, side, side, 3), np.uint8)
        pictures, batch = [Image.fromarray(x) for x in bytes_], np.ascontiguousarray(bytes_.transpose(0, 3, 1, 2))
        theirs = pillow(side)
        print(f"\n{options.batch} x 3 x {side} x {side}".ljust(20), "bytes, ms   pillow   floor    made, ms   pillow",
              "  float32, ms   pillow")
        for name, transform in ours(side).items():
            least = in_turns(runs(transform, theirs[name], batch, pictures), options.rounds)
            print(f"{name:18} {least['bytes']:10.2f} {least['alone'] / least['bytes']:8.2f} "
                  f"{least['copy'] / least['bytes']:7.0%} {least['made']:11.2f} {least['whole'] / least['made']:8.2f} "
                  f"{least['float32']:13.2f} {least['whole'] / least['float32']:8.2f}", flush=True)


if __name__ == "__main__":
    main()
