"""PyTorch's datasets, samplers and loader."""

from collections import namedtuple

import numpy as np
import pytest

import tinygrad_cnn as tg
from tinygrad_cnn.utils.data import (
    BatchSampler,
    ChainDataset,
    ConcatDataset,
    DataLoader,
    Dataset,
    IterableDataset,
    RandomSampler,
    Sampler,
    SequentialSampler,
    StackDataset,
    Subset,
    SubsetRandomSampler,
    TensorDataset,
    WeightedRandomSampler,
    default_collate,
    default_convert,
    get_worker_info,
)

X, Y = tg.arange(20).reshape(10, 2).float(), tg.arange(10)
Point = namedtuple("Point", "x y")


class Stream(IterableDataset):
    """0, 1, 2, ... below n."""

    def __init__(self, n):
        self.n = n

    def __iter__(self):
        return iter(range(self.n))


def test_batches_of_tensors():
    loader = DataLoader(TensorDataset(X, Y), batch_size=4)
    batches = list(loader)
    assert len(loader) == len(batches) == 3 and [len(y) for _, y in batches] == [4, 4, 2]
    assert tg.equal(tg.cat([x for x, _ in batches]), X) and type(batches[0]) is list
    assert len(DataLoader(TensorDataset(X, Y), 4, drop_last=True)) == 2 == len(list(DataLoader(Y, 4, drop_last=True)))


def test_what_becomes_a_batch():
    samples = [{"image": np.full(2, k, np.float32), "label": k, "name": f"n{k}", "at": Point(k, float(k)), "ok": k > 0,
                "pair": (np.int32(k), [k])} for k in range(3)]
    batch = next(iter(DataLoader(samples, batch_size=3)))
    assert batch["image"].shape == (3, 2) and batch["image"].dtype == tg.float32 and batch["name"] == ["n0", "n1", "n2"]
    assert batch["label"].dtype == tg.int64 and batch["at"].y.dtype == tg.float64 and type(batch["at"]) is Point
    assert batch["ok"].tolist() == [False, True, True] and batch["pair"][0].dtype == tg.int32
    assert batch["pair"][1][0].tolist() == [0, 1, 2]
    with pytest.raises(RuntimeError, match="default_collate: samples have"):
        default_collate([[1], [1, 2]])
    with pytest.raises(TypeError, match="default_collate: a sample holds a object"):
        default_collate([object()])


def test_one_sample_at_a_time():
    converted = list(DataLoader([(np.ones(2), "a"), (np.ones(2), "b")], batch_size=None))
    assert converted[1][0].shape == (2,) and converted[1][1] == "b" and len(DataLoader(Y, batch_size=None)) == 10
    made = default_convert({"p": Point(np.zeros(1), 3), "q": [np.float32(2)]})
    assert isinstance(made["p"].x, tg.Tensor) and made["p"].y == 3 and isinstance(made["q"][0], tg.Tensor)


def test_orders():
    assert [b.tolist() for b in DataLoader(Y, batch_sampler=BatchSampler(SequentialSampler(Y), 7, False))] == [
        [0, 1, 2, 3, 4, 5, 6], [7, 8, 9]]

    class Even(Sampler):
        def __iter__(self):
            return iter(range(0, 10, 2))

        def __len__(self):
            return 5

    loader = DataLoader(Y, batch_size=2, sampler=Even())
    assert [b.tolist() for b in loader] == [[0, 2], [4, 6], [8]] and len(loader) == 3
    with pytest.raises(NotImplementedError, match="Sampler: __iter__ is not defined"):
        iter(Sampler())


def test_shuffling_is_repeated_by_the_seed_or_the_generator():
    def order(**options):
        return tg.cat(list(DataLoader(Y, 3, shuffle=True, **options))).tolist()

    tg.manual_seed(1)
    first, second = order(), order()
    tg.manual_seed(1)
    assert order() == first != second and sorted(first) == list(range(10))
    g = tg.Generator()
    assert order(generator=g.manual_seed(3)) == order(generator=g.manual_seed(3)) != order(generator=g.manual_seed(4))


def test_random_samplers():
    assert sorted(RandomSampler(Y)) == list(range(10)) and len(RandomSampler(Y, num_samples=4)) == 4
    assert len(list(RandomSampler(Y, num_samples=25))) == 25 and set(RandomSampler(Y, True, 30)) <= set(range(10))
    assert sorted(SubsetRandomSampler([3, 5, 9])) == [3, 5, 9]
    drawn = list(WeightedRandomSampler([0, 1, 0, 3], 4000))
    assert set(drawn) == {1, 3} and 2700 < drawn.count(3) < 3300
    assert sorted(WeightedRandomSampler([1, 0, 2.0], 2, replacement=False)) == [0, 2]
    assert list(BatchSampler(range(7), 3, True)) == [[0, 1, 2], [3, 4, 5]] and len(BatchSampler(range(7), 3, False)) == 3


def test_multinomial():
    tg.manual_seed(0)
    weights = tg.tensor([[1.0, 3.0, 0.0], [0.0, 0.0, 2.0]])
    drawn = weights.multinomial(5000, replacement=True)
    assert drawn.shape == (2, 5000) and drawn.dtype == tg.int64 and set(drawn[1].tolist()) == {2}
    assert 0.71 < drawn[0].float().mean() < 0.79 and set(drawn[0].tolist()) == {0, 1}
    firsts = [tg.multinomial(weights[0], 2).tolist() for _ in range(400)]
    assert all(sorted(pair) == [0, 1] for pair in firsts) and 0.65 < sum(p[0] for p in firsts) / 400 < 0.85
    for w, count, text in ((tg.ones(2), 3, "num_samples is 3 of 2 elements"), (-tg.ones(2), 1, "negative or not finite"),
                           (tg.ones(2, 2, 2), 1, "one or two axes")):
        with pytest.raises(RuntimeError, match=f"multinomial: .*{text}"):
            w.multinomial(count)


def test_iterable_datasets():
    assert [b.tolist() for b in DataLoader(Stream(5), 2)] == [[0, 1], [2, 3], [4]]
    assert [b.tolist() for b in DataLoader(Stream(5), 2, drop_last=True)] == [[0, 1], [2, 3]]
    assert list(DataLoader(Stream(2) + Stream(1), batch_size=None)) == [0, 1, 0] == list(ChainDataset([Stream(2), Stream(1)]))
    with pytest.raises(TypeError):
        len(DataLoader(Stream(5)))
    with pytest.raises(NotImplementedError, match="IterableDataset: __iter__ is not defined"):
        iter(IterableDataset())


def test_datasets_of_datasets():
    a, b = TensorDataset(X, Y), TensorDataset(-X, Y + 10)
    both = ConcatDataset([a, b])
    assert both.cumulative_sizes == [10, 20] and both[13][1] == 13 and (a + b)[19][1] == 19
    assert [int(y) for _, y in Subset(a, [7, 2])] == [7, 2]
    stacked = StackDataset(image=a, label=Y)
    assert stacked[2]["label"] == 2 and len(stacked) == 10 and StackDataset(X, Y)[3][1] == 3
    for make, error, text in ((lambda: TensorDataset(X, Y[:3]), AssertionError, "tensors have lengths"),
                              (lambda: StackDataset(X, Y[:3]), ValueError, "lengths"),
                              (StackDataset, ValueError, "0 datasets and 0 by name"),
                              (lambda: ConcatDataset([Stream(2)]), AssertionError, "use ChainDataset")):
        with pytest.raises(error, match=text):
            make()
    assert issubclass(TensorDataset, Dataset) and get_worker_info() is None


@pytest.mark.parametrize("options, text", [
    ({"num_workers": -1}, "num_workers is -1"), ({"timeout": -1}, "timeout is -1"),
    ({"prefetch_factor": 2}, "prefetch_factor is 2 but there are no workers"), ({"persistent_workers": True}, "persistent"),
    ({"shuffle": True, "sampler": range(3)}, "a sampler is given and shuffle"), ({"batch_size": 0}, "batch_size is 0"),
    ({"batch_sampler": [[0]], "batch_size": 2}, "a batch_sampler is given beside"), ({"drop_last": 3}, "drop_last is 3"),
    ({"batch_size": None, "drop_last": True}, "batch_size None makes no batches")])
def test_contradictions(options, text):
    with pytest.raises(ValueError, match=text):
        DataLoader(Y, **options)


def test_contradictions_of_streams():
    for options in ({"shuffle": True}, {"sampler": range(3)}, {"batch_sampler": [[0]]}):
        with pytest.raises(ValueError, match="an iterable dataset has its own order"):
            DataLoader(Stream(3), **options)
    for make in (lambda: WeightedRandomSampler([1], 0), lambda: RandomSampler(Y, num_samples=0),
                 lambda: WeightedRandomSampler([[1.0]], 1)):
        with pytest.raises(ValueError):
            make()


class Shelf(Dataset[int]):
    """Samples that are cheaper by the dozen."""

    def __len__(self):
        return 6

    def __getitem__(self, index):
        return index

    def __getitems__(self, indices):
        return [10 * index for index in indices]


def test_samples_are_asked_for_at_once_where_a_dataset_can():
    assert [batch.tolist() for batch in DataLoader(Shelf(), 4)] == [[0, 10, 20, 30], [40, 50]]
    assert [batch.tolist() for batch in DataLoader(Subset(Shelf(), [5, -1, 2]), 2)] == [[50, -10], [20]]
    assert StackDataset(Shelf(), "abcdef").__getitems__([1, 4]) == [(10, "b"), (40, "e")]


def test_a_subset_keeps_what_it_is_given():
    part = Subset("abcdef", range(1, 4))
    assert part.indices == range(1, 4) and list(part) == ["b", "c", "d"] and Subset("abc", [-1])[0] == "c"


def test_a_loader_stays_the_one_it_was_made():
    loader = DataLoader(range(4))
    for name in ("batch_size", "sampler", "batch_sampler", "drop_last", "dataset", "persistent_workers"):
        with pytest.raises(ValueError, match=f"DataLoader: {name} is set but the loader"):
            setattr(loader, name, 2)
    loader.num_workers = 2


@pytest.mark.parametrize("make, error", [
    (lambda: RandomSampler([]), ValueError), (lambda: RandomSampler([1], num_samples=1.5), ValueError),
    (lambda: RandomSampler([1], replacement=1), TypeError), (lambda: WeightedRandomSampler([1], 1, replacement=1), ValueError)])
def test_samplers_refuse_what_pytorchs_refuse(make, error):
    with pytest.raises(error, match="Sampler: "):
        make()
