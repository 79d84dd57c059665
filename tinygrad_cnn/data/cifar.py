"""CIFAR-10 and CIFAR-100 (Krizhevsky 2009), of the files in https://www.cs.toronto.edu/~kriz/cifar.html."""

from __future__ import annotations

import tarfile
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from .downloads import download
from .files import DataFileError, LabeledImages, read_file
from .pickles import read_pickle

_SHAPE = (3, 32, 32)
_PIXELS = 3 * 32 * 32

Part = tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64]]


class CIFAR10(LabeledImages):
    """60,000 color photographs of 32 x 32 pixels in ten classes, 50,000 of them for training.

    A sample is float32 (3, 32, 32) from 0 to 1, and an int64 label from 0 to 9.

    root      the folder of the unpacked files, of the version for Python or the binary one, or the folder above it
    train     the training part, else the test part
    download  fetch the version for Python (163 MiB) into `root` if neither is there; nothing is fetched otherwise
    as_bytes  images are uint8 from 0 to 255

    `classes` has the names of the labels. No code in a file is ever run: the pickles of the version for Python are
    read by `read_pickle`. Raises `DataFileError` if a file is missing, damaged, or holds anything else.
    """

    classes: tuple[str, ...]
    pickles, binary = "cifar-10-batches-py", "cifar-10-batches-bin"
    parts = {True: tuple(f"data_batch_{number}" for number in range(1, 6)), False: ("test_batch",)}
    names = ("batches.meta", "batches.meta.txt")  # of the files that name the classes, in either version
    keys = {"labels": "label_names"}
    url = "https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz"
    checksum = "md5:c58f30108f718f92721af3b95e74349a"

    def __init__(self, root: str | Path, train: bool = True, download: bool = False, as_bytes: bool = False) -> None:
        self._load(Path(root), train, download, "labels", as_bytes)

    def _load(self, root: Path, train: bool, fetch: bool, key: str, as_bytes: bool) -> None:
        folder, binary = self._folder(root, fetch)
        self.classes = self._read_names(folder, binary, key)
        read = self._read_binary if binary else self._read_pickle
        images, labels = zip(*(read(folder / name, key) for name in self.parts[train]), strict=True)
        super().__init__(np.concatenate(images), np.concatenate(labels), as_bytes)
        if len(self) and not 0 <= self.labels.min() <= self.labels.max() < len(self.classes):
            raise DataFileError(f"{folder}: labels run from {self.labels.min()} to {self.labels.max()}, but there are "
                                f"{len(self.classes)} classes; the files are damaged, fetch them again.")

    def _folder(self, root: Path, fetch: bool) -> tuple[Path, bool]:
        """The folder of the files, and whether they are those of the binary version."""
        first = self.parts[True][0]
        for folder in root / self.pickles, root / self.binary, root:
            for binary in False, True:
                if (folder / (f"{first}.bin" if binary else first)).is_file():
                    return folder, binary
        if not fetch:
            raise DataFileError(f"{root}: {type(self).__name__} finds neither {first} nor {first}.bin here, in "
                                f"{self.pickles} or in {self.binary}; give the folder of the unpacked files, or "
                                f"download=True.")
        self._unpack(download(self.url, self.checksum, root), root)
        return root / self.pickles, False

    def _unpack(self, archive: Path, root: Path) -> None:
        """Unpack the files that are read, and no others; that by which the folder is known comes last."""
        folder = root / self.pickles
        folder.mkdir(exist_ok=True)
        with tarfile.open(archive) as files:
            for name in (*self.parts[False], self.names[0], *reversed(self.parts[True])):
                packed = files.extractfile(f"{self.pickles}/{name}")
                assert packed is not None  # the checksum says which archive this is
                (folder / f".{name}").write_bytes(packed.read())
                (folder / f".{name}").replace(folder / name)

    def _read_names(self, folder: Path, binary: bool, key: str) -> tuple[str, ...]:
        """The names of the classes, in the order of their labels."""
        if binary:
            text = read_file(folder / (self.names[1] or f"{self.keys[key]}.txt"))
            return tuple(line.decode("latin-1").strip() for line in text.splitlines() if line.strip())
        path = folder / self.names[0]
        names = _entry(read_pickle(read_file(path), str(path)), self.keys[key], list, path)
        if not all(isinstance(name, (bytes, str)) for name in names):
            raise DataFileError(f"{path}: {self.keys[key]} should be strings, but some are not; the file is damaged, "
                                f"fetch it again.")
        return tuple(name.decode("latin-1") if isinstance(name, bytes) else name for name in names)

    def _read_pickle(self, path: Path, key: str) -> Part:
        batch = read_pickle(read_file(path), str(path))
        pixels, labels = _entry(batch, "data", np.ndarray, path), _entry(batch, key, list, path)
        if pixels.shape != (len(labels), _PIXELS) or not all(type(label) is int for label in labels):
            raise DataFileError(f"{path}: data has shape {pixels.shape} beside {len(labels)} labels, but should have "
                                f"({len(labels)}, {_PIXELS}), and whole numbers for labels; the file is damaged, fetch "
                                f"it again.")
        return pixels.reshape(-1, *_SHAPE), np.array(labels, np.int64)

    def _read_binary(self, path: Path, key: str) -> Part:
        """Records of one byte for each kind of label, and the pixels."""
        path = path.with_name(f"{path.name}.bin")
        content, record = read_file(path), len(self.keys) + _PIXELS
        if len(content) % record:
            raise DataFileError(f"{path}: the file has {len(content)} bytes, no multiple of the {record} of an image; "
                                f"it is cut short, fetch it again.")
        records = np.frombuffer(content, np.uint8).reshape(-1, record)
        return records[:, -_PIXELS:].reshape(-1, *_SHAPE), records[:, [*self.keys].index(key)].astype(np.int64)


class CIFAR100(CIFAR10):
    """60,000 photographs like those of `CIFAR10`, which see, in 100 fine classes that make up 20 coarse ones.

    `coarse` asks for the coarse labels and their names.
    """

    pickles, binary = "cifar-100-python", "cifar-100-binary"
    parts = {True: ("train",), False: ("test",)}
    names = ("meta", "")  # the binary version has one for each kind of label
    keys = {"coarse_labels": "coarse_label_names", "fine_labels": "fine_label_names"}
    url = "https://www.cs.toronto.edu/~kriz/cifar-100-python.tar.gz"
    checksum = "md5:eb9058c3a382ffc7106e4002c42a8d85"

    def __init__(self, root: str | Path, train: bool = True, download: bool = False, coarse: bool = False,
                 as_bytes: bool = False) -> None:
        self._load(Path(root), train, download, "coarse_labels" if coarse else "fine_labels", as_bytes)


def _entry(batch: dict[str, Any], key: str, kind: type, path: Path) -> Any:
    value = batch.get(key)
    if not isinstance(value, kind):
        raise DataFileError(f"{path}: the file holds {', '.join(sorted(batch))}, but {key} should be in it as "
                            f"{kind.__name__}; it is damaged or of another data set.")
    return value
