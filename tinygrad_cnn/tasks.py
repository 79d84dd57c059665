"""What a network can be trained on from the command line: images with one label each, and how networks fit them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from . import models, nn
from .data import CIFAR10, CIFAR100, Dataset, FashionMNIST, ImageFolder, MNISTSubset, Subset
from .data.files import DataFileError
from .devices import shapes_only
from .text import extents

DEBIAN = Path("/usr/share/datasets/fashion-mnist")
HELD_OUT = ("val", "valid", "test")  # folders with the pictures to score on, beside "train"
EVERY = 5  # without such folders every fifth picture of a class is held out


@dataclass(frozen=True)
class Task:
    """Images to train on and images to score on.

    name, noun  what the images are called: "mnist", "digits"
    classes     what the labels 0, 1, ... stand for
    kind        of recipe, see `recipes.GENERAL`
    shape       (channels, height, width) of an image; None for color pictures, which are read in any size
    """

    name: str
    noun: str
    kind: str
    train: Dataset
    held_out: Dataset
    classes: tuple[str, ...]
    shape: tuple[int, int, int] | None


@dataclass(frozen=True)
class Fit:
    """How a network meets a task: the arguments it is built with, the (height, width) of its images, and what was changed
    for that, in sentences."""

    arguments: dict[str, Any]
    size: tuple[int, int]
    channels: int
    notes: tuple[str, ...]


def task(name: str, root: str | Path | None = None, download: bool = False) -> Task:
    """The task called `name`, one of TASKS, or the pictures in the folder of that name.

    root      where the files of a data set lie, by default data/NAME (or where Debian's package puts them)
    download  fetch them if they are not there

    Raises DataFileError if they are missing, ValueError for a name that is neither.
    """
    if name in TASKS:
        return TASKS[name](root, download)
    folder = Path(name)
    if folder.is_dir():
        return _folder(folder)
    raise ValueError(f"there are no data called {name!r}; use one of {', '.join(TASKS)}, or a folder with a folder of "
                     "pictures for each class")


def _mnist(root: str | Path | None, download: bool) -> Task:
    return Task("mnist", "digits", "digits", MNISTSubset("train"), MNISTSubset("held-out"), tuple("0123456789"),
                (1, 28, 28))


def _fashion(root: str | Path | None, download: bool) -> Task:
    place = Path(root) if root else DEBIAN if DEBIAN.is_dir() else Path("data/fashion-mnist")
    train, test = (_read(FashionMNIST, place, part, download) for part in (True, False))
    return Task("fashion-mnist", "pictures of clothes", "clothes", train, test, FashionMNIST.classes, (1, 28, 28))


def _cifar10(root: str | Path | None, download: bool) -> Task:
    train, test = (_read(CIFAR10, Path(root or "data/cifar10"), part, download) for part in (True, False))
    return Task("cifar10", "photographs", "small photographs", train, test, tuple(train.classes), (3, 32, 32))


def _cifar100(root: str | Path | None, download: bool) -> Task:
    train, test = (_read(CIFAR100, Path(root or "data/cifar100"), part, download) for part in (True, False))
    return Task("cifar100", "photographs", "small photographs", train, test, tuple(train.classes), (3, 32, 32))


def _read(kind: Any, root: Path, train: bool, download: bool) -> Any:
    try:
        return kind(root, train, download=download)
    except DataFileError as error:
        missing, hint, _ = str(error).rstrip(".").partition("; give the folder")  # the remedy in Python
        if download or not (hint or isinstance(error.__cause__, FileNotFoundError)):
            raise
        raise DataFileError(f"{missing}; name the folder of the files with --root, or fetch them with "
                            "--download.") from error


def _folder(folder: Path) -> Task:
    parts = [folder / part for part in HELD_OUT if (folder / part).is_dir()]
    if (folder / "train").is_dir() and parts:
        train, held_out = ImageFolder(folder / "train"), ImageFolder(parts[0])
        if train.classes != held_out.classes:
            raise DataFileError(f"{folder}: train has the classes {', '.join(train.classes)}, but {parts[0].name} has "
                                f"{', '.join(held_out.classes)}; they must be the same.")
    else:
        train = held_out = ImageFolder(folder)
    return Task(folder.resolve().name, "pictures", "photographs", train, held_out, tuple(train.classes), None)


TASKS: dict[str, Callable[[str | Path | None, bool], Task]] = {
    "mnist": _mnist, "fashion-mnist": _fashion, "cifar10": _cifar10, "cifar100": _cifar100}


def fit(model: str, given: Task) -> Fit:
    """How the network called `model` can be trained on a task; it is tried out on shapes alone.

    Raises ValueError, in one sentence, if it cannot: networks for other things than images with one label each.
    """
    entry = models.entry(model)
    if len(entry.input) != 3:
        raise ValueError(f"{model} reads inputs of shape {extents(entry.input)} but {given.name} has images; train it from "
                         "Python with tinygrad_cnn.train.Trainer")
    own = entry.input[1:]
    channels = given.shape[0] if given.shape else 3
    arguments: dict[str, Any] = {}
    if len(given.classes) != _classes(model):
        arguments["num_classes"] = len(given.classes)
    if channels != entry.input[0]:
        arguments["in_channels"] = channels
    with shapes_only():
        network = entry.build(**arguments)
    if len(nn.summary(network, (channels, *own)).outputs[0]) != 1:
        raise ValueError(f"{model} labels every pixel but {given.name} has one label for each image; train it from Python "
                         "with tinygrad_cnn.train.Trainer")
    notes = []
    if "in_channels" in arguments:
        notes.append(f"{model} reads {channels} channel{'s' * (channels > 1)} here, not {entry.input[0]}")
    size = given.shape[1:] if given.shape else own
    if not _takes(network, (channels, *size)):
        notes.append(f"images are scaled from {extents(size)} to {extents(own)}, the size that {model} needs")
        size = own
    return Fit(arguments, (size[0], size[1]), channels, tuple(notes))


def _takes(network: nn.Module, shape: tuple[int, ...]) -> bool:
    try:
        nn.summary(network, shape)
    except ValueError:
        return False
    return True


def _classes(model: str) -> int:
    """How many classes the network has unless told otherwise."""
    with shapes_only():
        network = models.create(model)
    return int(nn.summary(network, models.entry(model).input).outputs[0][0])


def parts(given: Task, size: tuple[int, int]) -> tuple[Dataset, Dataset]:
    """(training images, images to score on) for a network of that size: pictures of a folder are read in it."""
    train, held_out = given.train, given.held_out
    for folder in (train, held_out):
        if isinstance(folder, ImageFolder):
            folder.size = size
    if not isinstance(train, ImageFolder) or train is not held_out:
        return train, held_out
    labels = np.array([label for _, label in train.samples])
    position = np.concatenate([np.arange((labels == label).sum()) for label in range(len(given.classes))])
    held = position % EVERY == EVERY - 1
    return Subset(train, np.flatnonzero(~held)), Subset(train, np.flatnonzero(held))
