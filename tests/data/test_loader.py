"""The loader's batches depend on seed, epoch and batch number, and on nothing else."""

import itertools
import threading

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tinygrad_cnn as tg
from tinygrad_cnn.data import DataLoader, Dataset, RandomAffine, RandomShift, TensorDataset
from tinygrad_cnn.utils.data import IterableDataset

SAMPLES = 23
IMAGES = np.random.default_rng(0).random((SAMPLES, 1, 6, 5), np.float32)
DATASET = TensorDataset(IMAGES, np.arange(SAMPLES))


def arrays(batches):
    return [tuple(tensor.numpy() for tensor in batch) for batch in batches]


def labels(loader):
    return [batch[1].tolist() for batch in arrays(loader)]


def assert_same(batches, others):
    assert len(batches) == len(others)
    for batch, other in zip(batches, others, strict=True):
        for array, expected in zip(batch, other, strict=True):
            np.testing.assert_array_equal(array, expected)


def augmented(prefetch=2, seed=7):
    return DataLoader(DATASET, 5, shuffle=True, transform=RandomAffine(30, 0.2), prefetch=prefetch, seed=seed)


def test_without_shuffle_the_order_is_the_datasets():
    assert labels(DataLoader(DATASET, 10)) == [[*range(10)], [*range(10, 20)], [20, 21, 22]]


def test_rows_stay_together():
    for images, indices in arrays(DataLoader(DATASET, 4, shuffle=True)):
        np.testing.assert_array_equal(images, IMAGES[indices])


@pytest.mark.parametrize(("drop_last", "sizes"), [(False, [10, 10, 3]), (True, [10, 10])])
def test_drop_last(drop_last, sizes):
    loader = DataLoader(DATASET, 10, drop_last=drop_last)
    assert [len(batch) for batch in labels(loader)] == sizes
    assert len(loader) == len(sizes)


def test_every_epoch_has_every_sample_once_in_a_new_order():
    loader = DataLoader(DATASET, 5, shuffle=True)
    epochs = [list(itertools.chain(*labels(loader))) for _ in range(3)]
    assert all(sorted(epoch) == list(range(SAMPLES)) for epoch in epochs)
    assert len({tuple(epoch) for epoch in epochs}) == 3
    assert loader.epoch == 3


def test_seeds():
    assert labels(augmented(seed=1)) == labels(augmented(seed=1))
    assert labels(augmented(seed=1)) != labels(augmented(seed=2))


@pytest.mark.parametrize("threads", [{"prefetch": 3}, {"num_workers": 1}, {"num_workers": 4},
                                     {"num_workers": 2, "prefetch_factor": 5}])
def test_threads_change_nothing(threads):
    options = {"shuffle": True, "transform": RandomAffine(30, 0.2), "seed": 7}
    assert_same(arrays(DataLoader(DATASET, 5, prefetch=0, **options)), arrays(DataLoader(DATASET, 5, **options, **threads)))


def test_augmentation_differs_between_epochs_and_batches():
    same = TensorDataset(np.repeat(IMAGES[:1], 4, axis=0))
    loader = DataLoader(same, 2, transform=RandomAffine(30))
    images = [batch[0].tobytes() for _ in range(2) for batch in arrays(loader)]
    assert len(set(images)) == 4


@given(epoch=st.integers(0, 2), batch=st.integers(0, 5), prefetch=st.integers(0, 3))
@settings(deadline=None, max_examples=15)
def test_a_resumed_run_goes_on_with_the_same_batches(epoch, batch, prefetch):
    whole = augmented()
    expected = list(itertools.chain(*(arrays(whole) for _ in range(3))))

    first = augmented(prefetch)
    done = [arrays(first) for _ in range(epoch)]
    iterator = iter(first)
    done.append(arrays(itertools.islice(iterator, batch)))
    state = first.state_dict()  # before an epoch's first batch this is the epoch's beginning
    iterator.close()

    second = augmented(prefetch)
    second.load_state_dict(state)
    assert (second.epoch, second.batch) == (state["epoch"], state["batch"])
    rest = [arrays(second) for _ in range(second.epoch, 3)]
    assert_same(list(itertools.chain(*done, *rest)), expected)


def test_the_state_is_the_place_in_the_epoch():
    loader = augmented()
    places = [(loader.state_dict()["epoch"], loader.state_dict()["batch"]) for _ in loader]
    assert places == [(0, 1), (0, 2), (0, 3), (0, 4), (0, 5)]
    assert (loader.epoch, loader.batch) == (1, 0)


def test_an_epoch_left_early_starts_again():
    loader = augmented()
    first = arrays([next(iter(loader))])
    assert_same(arrays(loader)[:1], first)


def test_a_resumed_epoch_left_early_starts_again_too():
    loader = augmented()
    loader.load_state_dict({**loader.state_dict(), "batch": 3})
    assert_same(arrays([next(iter(loader))]), arrays(augmented())[3:4])
    assert_same(arrays(loader), arrays(augmented()))


def test_order_and_augmentation_share_no_random_numbers():
    def draw(batch, generator):
        drawn.append(generator.permutation(SAMPLES).tolist())
        return batch

    drawn = []
    (order,) = labels(DataLoader(DATASET, SAMPLES, shuffle=True, transform=draw))
    assert drawn != [order]


def test_set_epoch():
    loader = augmented()
    list(loader)
    second = arrays(loader)
    loader.set_epoch(1)
    assert_same(arrays(loader), second)


@pytest.mark.parametrize("change", [{"seed": 8}, {"batch_size": 4}, {"shuffle": False}, {"drop_last": True}])
def test_a_state_of_another_run_is_refused(change):
    options = {"batch_size": 5, "shuffle": True, "drop_last": False, "seed": 7}
    [(name, value)] = change.items()
    loader = DataLoader(DATASET, **{**options, **change})
    with pytest.raises(ValueError, match=f"saved run had {name} {int(options[name])}, this loader has {int(value)}"):
        loader.load_state_dict(DataLoader(DATASET, **options).state_dict())


def test_only_the_images_are_transformed():
    def negate(batch, generator):
        return -batch

    images, indices = arrays(DataLoader(DATASET, SAMPLES, transform=negate))[0]
    np.testing.assert_array_equal(images, -IMAGES)
    assert indices.tolist() == list(range(SAMPLES))


def test_a_label_map_moves_with_its_image():
    masks = (IMAGES > 0.5).astype(np.float32)
    loader = DataLoader(TensorDataset(IMAGES, masks, np.arange(SAMPLES)), 8, shuffle=True, transform=RandomShift(2),
                        target_transform=RandomShift(2))
    for images, moved, indices in arrays(loader):
        np.testing.assert_array_equal(moved, images > 0.5)
        assert (images != IMAGES[indices]).any()


def test_an_error_in_the_dataset_reaches_the_loop():
    class Broken(Dataset):
        def __len__(self):
            return 4

        def __getitem__(self, index):
            if index == 2:
                raise OSError("sample 2 is unreadable")
            return (np.zeros(3),)

    batches = iter(DataLoader(Broken()))
    next(batches), next(batches)
    with pytest.raises(OSError, match="sample 2 is unreadable"):
        next(batches)


@pytest.mark.parametrize("workers", [0, 1, 3])
def test_an_abandoned_loop_leaves_no_thread(workers):
    before = threading.active_count()
    loader = DataLoader(DATASET, 2, num_workers=workers)
    for _ in loader:
        assert threading.active_count() == before + max(workers, 1)
        break
    assert threading.active_count() == before
    left = iter(loader)
    next(left)
    del left
    assert threading.active_count() == before


@pytest.mark.parametrize(("name", "value", "least"), [("prefetch", -1, 0), ("seed", -3, 0)])
def test_impossible_options(name, value, least):
    with pytest.raises(ValueError, match=f"DataLoader: {name} is {value}, but must be at least {least}"):
        DataLoader(DATASET, **{name: value})


def test_the_default_seed_is_that_of_manual_seed():
    def order(seed):
        tg.manual_seed(seed)
        return labels(DataLoader(DATASET, 5, shuffle=True))

    assert order(1) == order(1) != order(2)
    tg.manual_seed(9)
    assert labels(DataLoader(DATASET, 5, shuffle=True, seed=1)) == order(1)
    assert len(labels(DataLoader(DATASET, 5, shuffle=True, seed=2**64 - 1))) == 5


def test_two_loops_at_once():
    loader = DataLoader(DATASET, 10)
    assert [(a.tolist(), b.tolist()) for (_, a), (_, b) in zip(loader, loader, strict=True)] == [
        (batch, batch) for batch in labels(loader)]


def test_orders_from_elsewhere():
    numbers = list(range(100, 110))
    assert [x.tolist() for x in DataLoader(numbers, 2, sampler=[3, 3, 1])] == [[103, 103], [101]]
    loader = DataLoader(numbers, batch_sampler=[[1], [2, 3]], num_workers=2)
    assert [x.tolist() for x in loader] == [[101], [102, 103]]
    assert len(loader) == 2
    assert list(DataLoader(numbers, batch_size=None)) == numbers
    first, second = ([x.tolist() for x in loader] for loader in [DataLoader(numbers, 5, True, generator=tg.Generator())] * 2)
    again = [x.tolist() for x in DataLoader(numbers, 5, True, generator=tg.Generator())]
    assert first == again != second


def test_samples_of_any_form():
    class Named(Dataset):
        def __len__(self):
            return 5

        def __getitem__(self, index):
            return {"image": tg.tensor([float(index)]), "name": str(index), "pair": (index, index / 2)}

    first, *_, last = DataLoader(Named(), 2)
    assert first["image"].tolist() == [[0.0], [1.0]] and first["name"] == ["0", "1"]
    assert [x.tolist() for x in last["pair"]] == [[4], [2.0]]


def test_a_transform_of_samples_that_are_no_arrays():
    samples = [(tg.ones(1, 2, 2) * k, k) for k in range(4)]

    def negate(batch, generator):
        assert isinstance(batch, np.ndarray)
        return -batch

    images, numbers = next(iter(DataLoader(samples, 4, transform=negate)))
    assert images[:, 0, 0, 0].tolist() == [0, -1, -2, -3] and numbers.tolist() == [0, 1, 2, 3]


def test_data_that_comes_one_after_another():
    class Stream(IterableDataset):
        def __iter__(self):
            return iter(range(7))

    assert [x.tolist() for x in DataLoader(Stream(), 3, num_workers=2)] == [[0, 1, 2], [3, 4, 5], [6]]
    assert [x.tolist() for x in DataLoader(Stream(), 3, drop_last=True)] == [[0, 1, 2], [3, 4, 5]]


def test_workers_begin_with_their_number_and_have_their_time():
    begun = []
    list(DataLoader(list(range(9)), worker_init_fn=begun.append, num_workers=2))
    assert begun and set(begun) <= {0, 1}

    class Slow:
        go_on = threading.Event()

        def __len__(self):
            return 1

        def __getitem__(self, index):
            return self.go_on.wait(5)

    with pytest.raises(RuntimeError, match=r"a batch was not ready after 0.05 seconds"):
        list(DataLoader(Slow(), timeout=0.05))
    Slow.go_on.set()


@pytest.mark.parametrize("options", [{"batch_size": None}, {"collate_fn": len}])
def test_a_transform_needs_batches_of_arrays(options):
    with pytest.raises(ValueError, match="a transform works on batches of arrays"):
        DataLoader(DATASET, **options, transform=RandomShift(1))
