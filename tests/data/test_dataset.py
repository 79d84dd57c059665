"""Datasets hand out samples one by one and in batches."""

import numpy as np
import pytest

import tinygrad_cnn as tg
from tinygrad_cnn import data
from tinygrad_cnn.utils.data import ConcatDataset, DataLoader, Dataset, Subset, TensorDataset, random_split


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
    pairs = Subset([(0, 1), (5, 6), (7, 8)], [2, 1])  # a list will do
    assert [column.tolist() for column in pairs.batch(np.array([1, 0]))] == [[5, 7], [6, 8]]


@pytest.mark.parametrize("index", [-11, 10])
def test_subset_refuses_indices_outside(index):
    with pytest.raises(IndexError, match=f"Subset: index {index} does not exist in a dataset of 10 samples"):
        Subset(Squares(), [0, index])


@pytest.mark.parametrize(("kind", "error"), [(TensorDataset, AssertionError), (data.TensorDataset, ValueError)])
@pytest.mark.parametrize("lengths", [(2, 3), ()])
def test_tensor_dataset_refuses_unequal_lengths(lengths, kind, error):
    with pytest.raises(error, match=r"TensorDataset: .* have lengths \[.*equal length"):
        kind(*(np.zeros(length) for length in lengths))


def test_the_base_class_asks_for_what_is_missing():
    with pytest.raises(TypeError, match="Dataset: a dataset must define __len__"):
        len(Dataset())
    with pytest.raises(NotImplementedError, match="Dataset: a dataset must define __getitem__"):
        Dataset()[0]


def test_datasets_one_after_the_other():
    both = TensorDataset(np.arange(3)) + TensorDataset(np.arange(10, 14))
    assert isinstance(both, ConcatDataset) and len(both) == 7 and both.cumulative_sizes == [3, 7]
    assert [int(both[k][0]) for k in (0, 2, 3, 6, -1, -7)] == [0, 2, 10, 13, 13, 0]
    assert both.batch(np.array([3, 0]))[0].tolist() == [10, 0]
    with pytest.raises(IndexError, match="ConcatDataset: index 7 does not exist in a dataset of 7"):
        both[7]
    with pytest.raises(ValueError, match="ConcatDataset: index -8 does not exist"):
        both[-8]
    with pytest.raises(AssertionError, match="ConcatDataset: datasets is empty"):
        ConcatDataset([])


@pytest.mark.parametrize("lengths, sizes", [([7, 3], [7, 3]), ([0.5, 0.25, 0.25], [6, 2, 2]), ([10, 0], [10, 0])])
def test_random_split_deals_out_every_sample_once(lengths, sizes):
    parts = random_split(TensorDataset(np.arange(10)), lengths, generator=tg.Generator().manual_seed(42))
    assert [len(part) for part in parts] == sizes
    assert sorted(int(part[k][0]) for part in parts for k in range(len(part))) == list(range(10))


def test_random_split_repeats_with_its_generator_or_the_common_seed():
    def order(generator=None):
        return random_split(TensorDataset(np.arange(20)), [20], generator)[0].indices

    generator = tg.Generator().manual_seed(1)
    assert generator.initial_seed() == 1
    first, second = order(generator), order(generator)
    assert first != second and first == order(tg.Generator().manual_seed(1))
    tg.manual_seed(3)
    common = order()
    tg.manual_seed(3)
    assert order() == common != first
    with pytest.raises(ValueError, match=r"random_split: lengths \[4, 4\] add up to 8 but the dataset has 20 samples"):
        random_split(TensorDataset(np.arange(20)), [4, 4])
    with pytest.raises(ValueError, match=r"random_split: fractions are \[1.5, -0.5\] but each must lie between 0 and 1"):
        random_split(TensorDataset(np.arange(20)), [1.5, -0.5])
    with pytest.warns(UserWarning, match="leave a subset empty"):
        assert [len(part) for part in random_split(TensorDataset(np.arange(1)), [0.5, 0.5])] == [1, 0]


def test_a_loader_with_a_function_that_makes_the_batch():
    loader = DataLoader(Squares(), 4, collate_fn=lambda samples: (len(samples), samples[0]), num_workers=2, pin_memory=True)
    assert [count for count, _ in loader] == [4, 4, 2]
