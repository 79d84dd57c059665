"""IDX files, the format of MNIST (https://yann.lecun.com/exdb/mnist) and of the data sets made in its image.

Two zero bytes, a byte for the type, a byte for the number of axes, the sizes as 32-bit integers, then the elements;
all big-endian, the last axis fastest.
"""

from __future__ import annotations

import math
import struct
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from .downloads import download
from .files import DataFileError, LabeledImages, find_file, read_file

_TYPES = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}


def read_idx(path: str | Path) -> npt.NDArray[Any]:
    """The array in an IDX file, compressed by gzip or not, in the machine's own byte order.

    Raises `DataFileError` if the file is missing, not of this format, or shorter or longer than its header says.
    """
    content = read_file(path)
    kind = content[2] if len(content) >= 4 and content[:2] == b"\0\0" else None
    if kind not in _TYPES:
        raise DataFileError(f"{path}: an IDX file begins with 0, 0, a type of {[*_TYPES]} and a number of axes, this "
                            f"one with {[*content[:4]]}; it is of another format, or damaged.")
    start, dtype = 4 + 4 * content[3], np.dtype(_TYPES[kind])
    if not 0 < content[3] <= 8 or len(content) < start:
        raise DataFileError(f"{path}: the header of the IDX file announces {content[3]} axes, but has room for "
                            f"{min(8, len(content) // 4 - 1)}, and there is at least 1; the file is damaged.")
    shape = struct.unpack(f">{content[3]}I", content[4:start])
    announced, held = math.prod(shape) * dtype.itemsize, len(content) - start
    if announced != held:
        raise DataFileError(f"{path}: the IDX header announces shape {shape}, {announced} bytes, but {held} follow; "
                            f"the file is {'cut short' if held < announced else 'too long'}, fetch it again.")
    return np.frombuffer(content, dtype, offset=start).reshape(shape).astype(dtype.newbyteorder("="), copy=False)


class MNIST(LabeledImages):
    """The MNIST database (LeCun, Cortes, Burges 1998): 60,000 training and 10,000 test digits of 28 x 28 gray pixels.

    A sample is float32 (1, 28, 28) from 0 (black) to 1, and an int64 label from 0 to 9.

    root      folder of the four files under their published names, unpacked or .gz; those in the folder
              `MNIST/raw` below it, where torchvision puts them, are found too
    train     the training part, else the test part
    download  fetch the two files that are needed into `root` if they are not there; nothing is fetched otherwise
    as_bytes  images are uint8 from 0 to 255

    Raises `DataFileError` if a file is missing or damaged, or if images and labels do not belong together.
    """

    classes: tuple[str, ...] = tuple("0123456789")
    url = "https://ossci-datasets.s3.amazonaws.com/mnist/"
    checksums = {
        "train-images-idx3-ubyte": "md5:f68b3c2dcbeaaa9fbdd348bbdeb94873",
        "train-labels-idx1-ubyte": "md5:d53e105ee54ea40749a09fcbcd1e9432",
        "t10k-images-idx3-ubyte": "md5:9fb629c4189551a2d022fa330f9573f3",
        "t10k-labels-idx1-ubyte": "md5:ec29112dd5afa0611ce80d1b7f02629c",
    }

    def __init__(self, root: str | Path, train: bool = True, download: bool = False, as_bytes: bool = False) -> None:
        part = "train" if train else "t10k"
        images, labels = (self._find(Path(root), f"{part}-{name}-ubyte", download)
                          for name in ("images-idx3", "labels-idx1"))
        pixels, digits = read_idx(images), read_idx(labels)
        for path, array, axes in (images, pixels, 3), (labels, digits, 1):
            if array.ndim != axes or array.dtype != np.uint8:
                raise DataFileError(f"{path}: {type(self).__name__} needs {axes} axes of uint8 here, but the file has "
                                    f"shape {array.shape} and type {array.dtype}; two files may have been swapped.")
        if len(pixels) != len(digits):
            raise DataFileError(f"{images}: the file has {len(pixels)} images, but {labels} has {len(digits)} labels; "
                                f"they are of different parts or data sets.")
        if digits.size and digits.max() >= len(self.classes):
            raise DataFileError(f"{labels}: label {digits.max()} stands for none of the {len(self.classes)} classes; "
                                f"the file is damaged or of another data set.")
        super().__init__(pixels[:, None], digits, as_bytes)

    def _find(self, root: Path, name: str, fetch: bool) -> Path:
        try:
            return find_file((root, root / type(self).__name__ / "raw"), (name, f"{name}.gz"))
        except DataFileError:
            if not fetch:
                raise
        return download(f"{self.url}{name}.gz", self.checksums[name], root)


class FashionMNIST(MNIST):
    """Fashion-MNIST (Xiao, Rasul, Vollgraf 2017, arXiv:1708.07747): clothes in the format of MNIST, which see.

    On Debian the package `dataset-fashion-mnist` puts the files into `/usr/share/datasets/fashion-mnist`.
    """

    classes = ("T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot")
    url = "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/"
    checksums = {
        "train-images-idx3-ubyte": "md5:8d4fb7e6c68d591d4c3dfef9ec88bf0d",
        "train-labels-idx1-ubyte": "md5:25c81989df183df01b3e8a0aad5dffbe",
        "t10k-images-idx3-ubyte": "md5:bef4ecab320f06d8554ea6380940ec79",
        "t10k-labels-idx1-ubyte": "md5:bb300cfdad3c16e7a12a480ee83cd310",
    }
