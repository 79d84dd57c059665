"""Datasets hand out samples one by one and in batches."""

import numpy as np
import pytest

from tinygrad_cnn.data import Dataset, Subset, TensorDataset


class Squares(Dataset):
    """Defines one sample at a time and nothing else."""

    def __len__(self):
        return 10

    def __getitem__(self, index):
        return np.float32(index), np.array([index, index**2])


def test_batch_stacks_samples():
    roots, pairs = Squares().batch(np.array([3, 1]))
    assert roots.tolist() == [3, 1]
    assert pairs.tolist() == [[3, 9], [1, 1]]


def test_tensor_dataset_keeps_rows_together():
    rows = np.arange(12.0).reshape(4, 3)
    dataset = TensorDataset(rows, np.arange(4))
    assert len(dataset) == 4
    images, labels = dataset.batch(np.array([2, 0, 2]))
    np.testing.assert_array_equal(images, rows[[2, 0, 2]])
    assert labels.tolist() == [2, 0, 2]
    image, label = dataset[1]
    assert (image.tolist(), int(label)) == ([3, 4, 5], 1)


def test_subset_of_a_subset():
    inner = Subset(Squares(), [8, 6, 4, 2])
    outer = Subset(inner, np.array([3, 0]))
    assert len(outer) == 2
    assert outer.batch(np.array([0, 1]))[0].tolist() == [2, 8]
    assert float(outer[1][0]) == 8


@pytest.mark.parametrize("index", [-1, 10])
def test_subset_refuses_indices_outside(index):
    with pytest.raises(IndexError, match=f"Subset: index {index} does not exist in a dataset of 10 samples"):
        Subset(Squares(), [0, index])


@pytest.mark.parametrize("lengths", [(2, 3), ()])
def test_tensor_dataset_refuses_unequal_lengths(lengths):
    with pytest.raises(ValueError, match=r"TensorDataset: arrays have lengths \[.*equal length"):
        TensorDataset(*(np.zeros(length) for length in lengths))


def test_the_base_class_asks_for_what_is_missing():
    with pytest.raises(TypeError, match="Dataset: a dataset must define __len__"):
        len(Dataset())
    with pytest.raises(TypeError, match="Dataset: a dataset must define __getitem__"):
        Dataset()[0]
