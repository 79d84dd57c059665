"""Datasets, the loader and augmentation."""

from typing import TYPE_CHECKING

from ..left_out import guard
from .cifar import CIFAR10, CIFAR100
from .color import ColorJitter, Grayscale, PCALighting, principal_colors
from .crops import CenterCrop, FiveCrop, RandomResizedCrop, RandomVerticalFlip, Resize, TenCrop
from .dataset import ConcatDataset, Dataset, Subset, TensorDataset, random_split
from .digits import MNISTSubset
from .downloads import download
from .files import DataFileError, LabeledImages
from .folders import ImageFolder, SegmentationFolder, read_image, read_mask
from .idx import MNIST, FashionMNIST, read_idx
from .loader import DataLoader
from .paired import Paired
from .transforms import (
    Compose,
    ConvertImageDtype,
    ElasticTransform,
    GridTransform,
    Normalize,
    RandomAffine,
    RandomCrop,
    RandomHorizontalFlip,
    RandomRotation,
    RandomScale,
    RandomShift,
    Resample,
)

__all__ = [
    "CIFAR10",
    "CIFAR100",
    "MNIST",
    "CenterCrop",
    "ColorJitter",
    "Compose",
    "ConcatDataset",
    "ConvertImageDtype",
    "DataFileError",
    "DataLoader",
    "Dataset",
    "ElasticTransform",
    "FashionMNIST",
    "FiveCrop",
    "Grayscale",
    "GridTransform",
    "ImageFolder",
    "LabeledImages",
    "MNISTSubset",
    "Normalize",
    "PCALighting",
    "Paired",
    "RandomAffine",
    "RandomCrop",
    "RandomHorizontalFlip",
    "RandomResizedCrop",
    "RandomRotation",
    "RandomScale",
    "RandomShift",
    "RandomVerticalFlip",
    "Resample",
    "Resize",
    "SegmentationFolder",
    "Subset",
    "TenCrop",
    "TensorDataset",
    "download",
    "principal_colors",
    "random_split",
    "read_idx",
    "read_image",
    "read_mask",
]


def __dir__() -> list[str]:
    return __all__


if not TYPE_CHECKING:  # the type checker is to know every name
    __getattr__ = guard("data", globals())
