"""Datasets, the loader and augmentation."""

from .dataset import Dataset, Subset, TensorDataset
from .digits import MNISTSubset
from .loader import DataLoader
from .transforms import (
    Compose,
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
    "Compose",
    "DataLoader",
    "Dataset",
    "ElasticTransform",
    "GridTransform",
    "MNISTSubset",
    "Normalize",
    "RandomAffine",
    "RandomCrop",
    "RandomHorizontalFlip",
    "RandomRotation",
    "RandomScale",
    "RandomShift",
    "Resample",
    "Subset",
    "TensorDataset",
]
