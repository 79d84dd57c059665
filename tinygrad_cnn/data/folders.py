"""Folders of pictures: one folder for each class, or pictures beside their label maps; read when they are asked for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps

from .dataset import Arrays, Dataset, Indices
from .files import DataFileError

ENDINGS = (".bmp", ".jpeg", ".jpg", ".pgm", ".png", ".ppm", ".tif", ".tiff", ".webp")
LARGEST = 50_000_000  # pixels of a picture: a small file can unpack to far more than the memory holds
MODES = {"RGB": 3, "L": 1}  # pillow's name -> channels

Size = tuple[int, int]
FORMATS = ("BMP", "GIF", "JPEG", "PNG", "PPM", "TIFF", "WEBP")  # by contents; others may start programs, as EPS does
_EIGHT_BITS = ("1", "CMYK", "L", "LA", "P", "PA", "RGB", "RGBA", "RGBX", "YCbCr", "HSV", "LAB", "La", "RGBa")
_LABELS = ("1", "I", "I;16", "I;16B", "I;16L", "L", "P")  # modes with one whole number for each pixel

Entry = TypeVar("Entry")


def read_image(path: str | Path, size: Size | None = None, mode: str = "RGB",
               largest: int = LARGEST) -> npt.NDArray[np.uint8]:
    """A picture as uint8 (channels, height, width).

    size     (height, width): the picture is scaled until it covers that, its middle is kept; default as it is
    mode     "RGB" for 3 channels, "L" for 1
    largest  pixels beyond which a picture is refused before it is unpacked; pillow's own limit, of 178 million, stays

    The picture lies as its file has it: an orientation that a camera noted beside it is not applied. Raises
    `DataFileError` naming the file if it is missing, damaged, too large, or has more than 8 bits for each channel.
    """
    picture = _open(path, largest)
    if picture.mode not in _EIGHT_BITS:
        raise DataFileError(f"{path}: the picture has mode {picture.mode}, more than 8 bits for each channel; convert "
                            f"it to 8 bits first.")
    picture = picture.convert("RGBA").convert(mode) if "transparency" in picture.info else picture.convert(mode)
    pixels = np.asarray(_fit(picture, size, Image.Resampling.BILINEAR))
    return np.ascontiguousarray(pixels.reshape(*pixels.shape[:2], -1).transpose(2, 0, 1))


def read_mask(path: str | Path, size: Size | None = None, largest: int = LARGEST) -> npt.NDArray[np.int64]:
    """A label map as int64 (height, width): the numbers as stored, of a palette its indices.

    `size` and `largest` as in `read_image`, but each pixel keeps the label of one pixel of the file. Raises
    `DataFileError` as `read_image` does, and for a picture with several channels.
    """
    picture = _open(path, largest)
    if picture.mode not in _LABELS:
        raise DataFileError(f"{path}: a label map has one whole number for each pixel, but the picture has mode "
                            f"{picture.mode}; convert colors to labels first.")
    if picture.mode == "1":
        picture = picture.point(lambda value: value and 1, "L")
    return np.asarray(_fit(picture, size, Image.Resampling.NEAREST)).astype(np.int64)


class _Pictures(Dataset):
    """Samples that begin with a picture; `samples` has what each is read from."""

    samples: list[Any]

    def __init__(self, size: Size | None, mode: str, damaged: str, largest: int, as_bytes: bool) -> None:
        name = type(self).__name__
        if mode not in MODES:
            raise ValueError(f"{name}: mode is {mode!r}, but must be one of {', '.join(map(repr, MODES))}.")
        if damaged not in ("raise", "skip"):
            raise ValueError(f"{name}: damaged is {damaged!r}, but must be 'raise' or 'skip'.")
        if size is not None and min(size) < 1:
            raise ValueError(f"{name}: size is {size}, but a picture has at least one pixel each way.")
        self.size, self.mode, self.largest, self.as_bytes = size, mode, largest, as_bytes
        self.skipped: list[str] = []

    def __len__(self) -> int:
        return len(self.samples)

    def batch(self, indices: Indices) -> Arrays:
        samples = [self[int(index)] for index in indices]
        for index, sample in zip(indices, samples, strict=True):
            if sample[0].shape != samples[0][0].shape:
                raise ValueError(f"{type(self).__name__}: {self.samples[index][0]} has shape {sample[0].shape} and "
                                 f"{self.samples[indices[0]][0]} {samples[0][0].shape}, which do not make a batch; "
                                 f"give size=(height, width).")
        return tuple(np.stack(column) for column in zip(*samples, strict=True))

    def _picture(self, path: Path) -> npt.NDArray[Any]:
        pixels = read_image(path, self.size, self.mode, self.largest)
        return pixels if self.as_bytes else np.divide(pixels, 255, dtype=np.float32)

    def _skip_damaged(self) -> None:
        """Keep the samples that can be read; each of the others leaves its sentence in `skipped`."""
        readable = []
        for index, sample in enumerate(self.samples):
            try:
                self[index]
                readable.append(sample)
            except DataFileError as error:
                self.skipped.append(str(error))
        if not readable:
            raise DataFileError(f"none of {len(self.samples)} pictures can be read, the first because: {self.skipped[0]}")
        self.samples = readable


class ImageFolder(_Pictures):
    """Pictures in one folder for each class: `root/cat/1.jpg`, `root/cat/more/2.png`, `root/dog/1.jpg`.

    A sample is float32 (channels, height, width) from 0 to 1, and the int64 number of its class in `classes`, the
    folders' names in alphabetical order. `samples` has (path, class), class by class in the order of the paths. Files
    are told by their endings (`ENDINGS`); those that begin with a dot do not count.

    size      (height, width) that every picture is brought to, as by `read_image`; default as they are
    mode      "RGB" for 3 channels, "L" for 1
    damaged   "raise" when such a picture is asked for, or "skip": read everything once at the start, leave out what
              cannot be read, and say why in `skipped`
    largest   pixels beyond which a picture counts as damaged
    as_bytes  samples are uint8 from 0 to 255: fastest where transforms follow, of which `Normalize` or
              `ConvertImageDtype` makes float32

    Links to files and folders are followed. Raises `DataFileError` naming the file or folder, also for a class without
    pictures.
    """

    def __init__(self, root: str | Path, size: Size | None = None, mode: str = "RGB", damaged: str = "raise",
                 largest: int = LARGEST, as_bytes: bool = False) -> None:
        super().__init__(size, mode, damaged, largest, as_bytes)
        folders = [path for path in _listed(Path(root)) if path.is_dir() and not path.name.startswith(".")]
        if not folders:
            raise DataFileError(f"{root}: there are no folders here; ImageFolder needs one for each class.")
        self.classes = [folder.name for folder in folders]
        self.class_to_idx = {name: label for label, name in enumerate(self.classes)}
        self.samples = [(path, label) for label, folder in enumerate(folders) for path in _images(folder)]
        if damaged == "skip":
            self._skip_damaged()

    @property
    def targets(self) -> list[int]:
        """The class of every sample."""
        return [label for _, label in self.samples]

    def __getitem__(self, index: int) -> Arrays:
        path, label = self.samples[index]
        return self._picture(path), np.array(label, np.int64)


class SegmentationFolder(_Pictures):
    """Pictures in one folder, their label maps in another under the same names, whatever the endings.

    A sample is float32 (channels, height, width) from 0 to 1, and int64 (height, width) labels as `read_mask` reads
    them. `samples` has (path of the picture, path of the label map) in the order of the pictures' paths. The other
    arguments are those of `ImageFolder`. Raises `DataFileError` naming the file, also for one without its twin.
    """

    def __init__(self, images: str | Path, masks: str | Path, size: Size | None = None, mode: str = "RGB",
                 damaged: str = "raise", largest: int = LARGEST, as_bytes: bool = False) -> None:
        super().__init__(size, mode, damaged, largest, as_bytes)
        pictures, labels = _by_name(Path(images)), _by_name(Path(masks))
        for here, there, folder in (pictures, labels, masks), (labels, pictures, images):
            for name in here:
                if name not in there:
                    raise DataFileError(f"{here[name]}: there is no file of this name in {folder}; pictures and label "
                                        f"maps go in pairs.")
        self.samples = [(path, labels[name]) for name, path in pictures.items()]
        if damaged == "skip":
            self._skip_damaged()

    def __getitem__(self, index: int) -> Arrays:
        path, labels = self.samples[index]
        picture, mask = self._picture(path), read_mask(labels, self.size, self.largest)
        if picture.shape[1:] != mask.shape:
            raise DataFileError(f"{labels}: the label map has shape {mask.shape}, but the picture {path} "
                                f"{picture.shape[1:]}; they do not belong together.")
        return picture, mask


def _open(path: str | Path, largest: int) -> Image.Image:
    """The picture with its pixels unpacked."""
    try:
        with Image.open(path, formats=FORMATS) as picture:
            if picture.width * picture.height > largest:
                raise DataFileError(f"{path}: the picture has {picture.width} x {picture.height} pixels, more than "
                                    f"{largest}; raise `largest` if that is right.")
            picture.load()
            return picture
    except DataFileError:
        raise
    except FileNotFoundError as error:
        raise DataFileError(f"{path}: there is no such file.") from error
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise DataFileError(f"{path}: the picture has more pixels than pillow unpacks, or than {largest}.") from error
    except Exception as error:  # pillow's decoders raise anything at all when a file is damaged
        raise DataFileError(f"{path}: not a picture that pillow can read, or a damaged one ({error}).") from error


def _fit(picture: Image.Image, size: Size | None, method: Image.Resampling) -> Image.Image:
    """The middle of the picture, scaled to (height, width)."""
    return picture if size is None else ImageOps.fit(picture, (size[1], size[0]), method)


def _listed(folder: Path) -> Sequence[Path]:
    try:
        return sorted(folder.iterdir())
    except OSError as error:
        raise DataFileError(f"{folder}: the folder cannot be read ({error.strerror}).") from error


def _images(folder: Path) -> list[Path]:
    """All pictures below `folder`, in the same order on every system."""
    found = [path for path in _files(folder, set()) if path.suffix.lower() in ENDINGS]
    if not found:
        raise DataFileError(f"{folder}: there are no pictures here ({', '.join(ENDINGS)}).")
    return sorted(found, key=lambda path: path.relative_to(folder).as_posix())


def _files(folder: Path, above: set[Path]) -> Iterator[Path]:
    """What lies in `folder` and the folders below it, but for names that begin with a dot. A link to a folder `above` is
    left out, one to nowhere is not: a picture that cannot be read."""
    above = above | {folder.resolve()}
    for path in _listed(folder):
        if path.name.startswith("."):
            continue
        if not path.is_dir():
            yield path
        elif path.resolve() not in above:
            yield from _files(path, above)


def _by_name(folder: Path) -> dict[Path, Path]:
    """The pictures below `folder` by their places in it without endings."""
    found: dict[Path, Path] = {}
    for path in _images(folder):
        other = found.setdefault(path.relative_to(folder).with_suffix(""), path)
        if other != path:
            raise DataFileError(f"{path}: {other.name} has the same name but for its ending; pictures and label maps go in "
                                f"pairs, so rename or remove one.")
    return found
