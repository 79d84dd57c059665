"""PyTorch's datasets, samplers and loader. Augmentation, files and a loader for whole runs are in `tinygrad_cnn.data`."""

from typing import TYPE_CHECKING

from ...data.dataset import ConcatDataset, Dataset, Subset, random_split
from ...left_out import guard
from .collate import default_collate, default_convert
from .dataset import ChainDataset, IterableDataset, StackDataset, TensorDataset
from .loader import DataLoader, get_worker_info
from .sampler import BatchSampler, RandomSampler, Sampler, SequentialSampler, SubsetRandomSampler, WeightedRandomSampler

__all__ = ["BatchSampler", "ChainDataset", "ConcatDataset", "DataLoader", "Dataset", "IterableDataset", "RandomSampler",
           "Sampler", "SequentialSampler", "StackDataset", "Subset", "SubsetRandomSampler", "TensorDataset",
           "WeightedRandomSampler", "default_collate", "default_convert", "get_worker_info", "random_split"]

if not TYPE_CHECKING:  # the type checker is to know every name
    __getattr__ = guard("utils.data", globals())
