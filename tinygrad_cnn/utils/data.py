"""PyTorch's place for datasets and the loader; augmentation and files are in `tinygrad_cnn.data`."""

from ..data.dataset import ConcatDataset, Dataset, Subset, TensorDataset, random_split
from ..data.loader import DataLoader

__all__ = ["ConcatDataset", "DataLoader", "Dataset", "Subset", "TensorDataset", "random_split"]
