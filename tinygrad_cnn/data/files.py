"""Files of data sets, read whole or refused in a sentence; and the images and labels that were in them."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from .dataset import Arrays, Dataset, Indices

LARGEST = 1 << 31  # bytes of a file, unpacked: more than any file of these data sets, and still fits into memory


class DataFileError(Exception):
    """A file of a data set that is missing, damaged or of another kind; the message is one sentence."""


class LabeledImages(Dataset):
    """Images that are kept as bytes, a quarter of the memory of float32, and become float32 when they are read.

    pixels    uint8 (n, channels, height, width), 0 to 255; a sample has them as float32 from 0 to 1
    labels    int64 (n,)
    as_bytes  samples have the pixels as they are: fastest where transforms follow, of which `Normalize` or
              `ConvertImageDtype` makes float32
    """

    def __init__(self, pixels: npt.NDArray[np.uint8], labels: npt.NDArray[Any], as_bytes: bool = False) -> None:
        self.pixels, self.labels, self.as_bytes = pixels, labels.astype(np.int64), as_bytes

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, index: int) -> Arrays:
        return self._levels(self.pixels[index]), self.labels[index]

    def batch(self, indices: Indices) -> Arrays:
        return self._levels(self.pixels.take(indices, axis=0)), self.labels.take(indices)

    def _levels(self, pixels: npt.NDArray[np.uint8]) -> npt.NDArray[Any]:
        return pixels if self.as_bytes else np.divide(pixels, 255, dtype=np.float32)


def read_file(path: str | Path, largest: int = LARGEST) -> bytes:
    """All bytes of a file, unpacked if it is compressed by gzip, whatever its name.

    Raises `DataFileError` if it is missing, unreadable, damaged, or longer than `largest` bytes when unpacked.
    """
    try:
        with open(path, "rb") as file:
            packed = file.peek(2)[:2] == b"\x1f\x8b"
            content = (gzip.GzipFile(fileobj=file) if packed else file).read(largest + 1)
    except FileNotFoundError as error:
        raise DataFileError(f"{path}: there is no such file.") from error
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise DataFileError(f"{path}: the compressed file is cut short or damaged; fetch it again.") from error
    except OSError as error:
        raise DataFileError(f"{path}: the file cannot be read ({error.strerror}).") from error
    if len(content) > largest:
        raise DataFileError(f"{path}: the file has more than {largest} bytes when unpacked, the most that is read; it "
                            f"is not what it should be, or `largest` must be raised.")
    return content


def find_file(folders: Iterable[Path], names: Iterable[str]) -> Path:
    """The first of these files that exists, looking for every name in every folder; else `DataFileError`."""
    candidates = [folder / name for folder in folders for name in names]
    for path in candidates:
        if path.is_file():
            return path
    raise DataFileError(f"{candidates[0]}: there is no such file, nor {', '.join(map(str, candidates[1:]))}; give the "
                        f"folder that holds it, or download=True.")
