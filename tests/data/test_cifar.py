"""CIFAR's files, in both versions, and pickles that ask for more than data."""

import pickle

import numpy as np
import pytest

from tests.data_files import BATCHES, COUNT, LABELS, NAMES, PIXELS, dumps, write_cifar10
from tinygrad_cnn.data import CIFAR10, CIFAR100, DataFileError
from tinygrad_cnn.data.pickles import read_pickle


@pytest.fixture
def folders(tmp_path):
    return write_cifar10(tmp_path / "both")


@pytest.mark.parametrize("version", [0, 1])
@pytest.mark.parametrize("train", [True, False])
def test_cifar10(folders, version, train):
    photos = CIFAR10(folders[version], train)
    part = slice(None) if train else BATCHES[0]
    np.testing.assert_array_equal(photos.pixels, PIXELS[part].reshape(-1, 3, 32, 32))
    assert photos.labels.tolist() == LABELS[part]
    assert photos.classes == tuple(NAMES)
    image, label = photos[4]
    assert (image.shape, image.dtype, label.dtype, int(label)) == ((3, 32, 32), np.float32, np.int64, LABELS[4])
    assert image[2, 31, 30] == np.float32(PIXELS[4, 3070]) / 255


def test_the_folder_above_will_do(folders):
    assert len(CIFAR10(folders[0].parent)) == 5 * COUNT
    with pytest.raises(DataFileError, match="CIFAR100 finds neither train nor train.bin here, in cifar-100-python or in"):
        CIFAR100(folders[0].parent)


@pytest.mark.parametrize("binary", [False, True])
@pytest.mark.parametrize("coarse", [False, True])
def test_cifar100(tmp_path, binary, coarse):
    fine, groups = [f"fine{k}" for k in range(100)], [f"group{k}" for k in range(20)]
    fine_labels, coarse_labels = [99, 5, 30, 31, 0, 98], [19, 1, 6, 6, 0, 19]
    if binary:
        rows = zip(coarse_labels, fine_labels, PIXELS, strict=False)
        (tmp_path / "train.bin").write_bytes(b"".join(bytes([a, b]) + row.tobytes() for a, b, row in rows))
        (tmp_path / "fine_label_names.txt").write_text("\n".join(fine))
        (tmp_path / "coarse_label_names.txt").write_text("\n".join(groups))
    else:
        (tmp_path / "train").write_bytes(dumps({"data": PIXELS[:6], "fine_labels": fine_labels,
                                                "coarse_labels": coarse_labels}))
        (tmp_path / "meta").write_bytes(dumps({"fine_label_names": fine, "coarse_label_names": groups}))
    photos = CIFAR100(tmp_path, coarse=coarse)
    assert photos.labels.tolist() == (coarse_labels if coarse else fine_labels)
    assert photos.classes == tuple(groups if coarse else fine)
    np.testing.assert_array_equal(photos.pixels, PIXELS[:6].reshape(-1, 3, 32, 32))


@pytest.mark.parametrize(("name", "content", "message"), [
    ("data_batch_2", b"", "not a pickle of a data set, or a damaged one"),
    ("data_batch_2", dumps([1, 2]), "the pickle holds a list, but a data set is a dictionary"),
    ("data_batch_2", dumps({"labels": [1]}), "the file holds labels, but data should be in it as ndarray"),
    ("data_batch_2", dumps({"labels": [1], "data": PIXELS[:2]}), r"data has shape \(2, 3072\) beside 1 labels"),
    ("data_batch_2", dumps({"labels": [1], "data": PIXELS[:1]}).replace(b"M\0\x0c", b"M\1\x0c"), "cannot reshape array"),
    ("data_batch_2", dumps({"data": PIXELS[:1]}).replace(b"\x89T", b"\x88T", 1), "not of C-contiguous uint8"),
    ("data_batch_2", dumps({"data": PIXELS[:1]}).replace(b"cnumpy\nndarray\n", b"K\x03"), "array of another class"),
    ("data_batch_2", dumps({"labels": ["a"], "data": PIXELS[:1]}), "whole numbers for labels"),
    ("data_batch_2", dumps({"labels": [10], "data": PIXELS[:1]}), "labels run from 0 to 10, but there are 10 classes"),
    ("batches.meta", dumps({"label_names": [1, 2]}), "label_names should be strings, but some are not"),
    ("batches.meta", dumps({"names": NAMES}), "the file holds names, but label_names should be in it as list"),
])
def test_damaged_pickles(folders, name, content, message):
    (folders[0] / name).write_bytes(content)
    with pytest.raises(DataFileError, match=rf"{message}.*\.$"):
        CIFAR10(folders[0])


def test_every_cut_is_noticed(folders):
    path = folders[0] / "test_batch"
    content = path.read_bytes()
    for end in [*range(0, 60), *range(100, len(content), 997), len(content) - 1]:
        path.write_bytes(content[:end])
        with pytest.raises(DataFileError, match="test_batch"):
            CIFAR10(folders[0], train=False)
    binary = folders[1] / "test_batch.bin"
    binary.write_bytes(binary.read_bytes()[:-1])
    with pytest.raises(DataFileError, match="18437 bytes, no multiple of the 3073 of an image"):
        CIFAR10(folders[1], train=False)


@pytest.mark.parametrize("version", [0, 1])
def test_bytes(folders, version):
    floats, pixels = CIFAR10(folders[version]), CIFAR10(folders[version], as_bytes=True)
    images, labels = pixels.batch(np.arange(3))
    assert images.dtype == pixels[0][0].dtype == np.uint8 and labels.tolist() == LABELS[:3]
    np.testing.assert_array_equal(images / np.float32(255), floats.batch(np.arange(3))[0])


def test_pickles_of_python_3(folders):
    """As they are when a file was loaded and saved again."""
    path = folders[0] / "test_batch"
    path.write_bytes(pickle.dumps({"labels": LABELS[:6], "data": PIXELS[:6]}, 4))
    (folders[0] / "batches.meta").write_bytes(pickle.dumps({"label_names": NAMES}, 4))
    photos = CIFAR10(folders[0], train=False)
    np.testing.assert_array_equal(photos.pixels, PIXELS[:6].reshape(-1, 3, 32, 32))
    assert photos.labels.tolist() == LABELS[:6] and photos.classes == tuple(NAMES)


class Harmful:
    """What a pickle from a stranger may hold: `pickle.load` would call this function."""

    def __reduce__(self):
        return print, ("the pickle ran code",)


@pytest.mark.parametrize(("content", "message"), [
    (pickle.dumps(Harmful(), 2), r"asks for __builtin__\.print"),
    (pickle.dumps({"labels": Harmful()}, 4), r"asks for builtins\.print"),
    (pickle.dumps({"labels": {3}}, 4), "asks for the pickle instruction EMPTY_SET"),
    (b"\x80\x02cos\nsystem\n(U\x02lstR.", r"asks for os\.system"),
    (b"(ios\nsystem\n.", "asks for the pickle instruction INST"),
    (b"\x80\x02}U\x01acnumpy\ndtype\nU\x02f8\x85Rs.", "asks for an array of dtype b'f8'"),
    (b"\x80\x02}cnumpy\nndarray\n)Rs.", "asks for a call of numpy.ndarray"),
    (b"\x80\x02}U\x01a]bs.", "not a pickle of a data set"),
    (b"\x80\x02}" + b"(" * 5 + b"t" * 5 + b"K\x01s.", "a tuple as a key"),
    (b"\x80\x02h\x05.", "not a pickle of a data set"),
    (b"\x80\x02}U\x01a" + b"\x85" * 100_000 + b"s.", "not a pickle of a data set"),
])
def test_pickles_that_are_no_data(content, message, capsys):
    with pytest.raises(DataFileError, match=message):
        read_pickle(content, "batch")
    assert capsys.readouterr().out == ""


def test_the_harmful_pickle_is_harmful(capsys):
    pickle.loads(pickle.dumps(Harmful(), 2))
    assert "ran code" in capsys.readouterr().out


def test_the_writer_above_writes_what_python_reads():
    found = pickle.loads(dumps({"data": PIXELS[:2], "labels": [3, 300]}).replace(b"numpy.core", b"numpy._core"),
                         encoding="bytes")
    np.testing.assert_array_equal(found[b"data"], PIXELS[:2])
    assert found[b"labels"] == [3, 300]
