"""IDX files: what was written is read, and what is damaged is refused in a sentence."""

import gzip
import hashlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.data_files import TYPES, idx
from tinygrad_cnn.data import MNIST, DataFileError, DataLoader, FashionMNIST, read_idx
from tinygrad_cnn.data.files import read_file

DEBIAN = Path("/usr/share/datasets/fashion-mnist")
PIXELS = {True: "2e487a6c89124f78f2d7521542223cafe96f7123c3ca13d447772ac6ecbb3012",
          False: "c867c93ff95360594e8ec3287995350b824dd110b11595c0e13d5423f621867a"}


def write(folder, images, labels, part="t10k", pack=gzip.compress, ending=".gz"):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{part}-images-idx3-ubyte{ending}").write_bytes(pack(idx(images)))
    (folder / f"{part}-labels-idx1-ubyte{ending}").write_bytes(pack(idx(labels)))


IMAGES = np.random.default_rng(0).integers(0, 256, (7, 5, 4), np.uint8)
LABELS = np.arange(7, dtype=np.uint8)


@given(dtype=st.sampled_from(sorted(TYPES)), shape=st.lists(st.integers(0, 4), min_size=1, max_size=4))
def test_every_type_and_shape(tmp_path_factory, dtype, shape):
    array = np.random.default_rng(0).integers(0, 100, shape).astype(np.dtype(dtype).newbyteorder("="))
    path = tmp_path_factory.mktemp("idx") / "array"
    path.write_bytes(idx(array))
    found = read_idx(path)
    np.testing.assert_array_equal(found, array)
    assert (found.dtype, found.dtype.isnative) == (array.dtype, True)


@pytest.mark.parametrize(("change", "message"), [
    (lambda b: b[:-1], r"announces shape \(7, 5, 4\), 140 bytes, but 139 follow; the file is cut short"),
    (lambda b: b + b"x", "but 141 follow; the file is too long"),
    (lambda b: b"", r"begins with 0, 0, a type of .* this one with \[\]"),
    (lambda b: b"\x89PNG" + b[4:], r"this one with \[137, 80, 78, 71\]; it is of another format"),
    (lambda b: b[:2] + b"\x0a" + b[3:], r"this one with \[0, 0, 10, 3\]"),
    (lambda b: b[:9], "announces 3 axes, but has room for 1"),
    (lambda b: b[:3] + b"\0", "announces 0 axes"),
    (lambda b: b[:4] + b"\xff" * 12, r"announces shape \(4294967295, 4294967295, 4294967295\).* but 0 follow"),
    (lambda b: gzip.compress(b)[:-20], "the compressed file is cut short or damaged"),
    (lambda b: gzip.compress(b)[:20] + b"\0" * 20, "the compressed file is cut short or damaged"),
])
def test_damaged_files(tmp_path, change, message):
    path = tmp_path / "images"
    path.write_bytes(change(idx(IMAGES)))
    with pytest.raises(DataFileError, match=rf"^{path}: .*{message}.*\.$"):
        read_idx(path)


def test_files_that_cannot_be_read(tmp_path):
    with pytest.raises(DataFileError, match="there is no such file"):
        read_idx(tmp_path / "none")
    with pytest.raises(DataFileError, match="the file cannot be read"):
        read_idx(tmp_path)


@pytest.mark.parametrize("pack", [gzip.compress, bytes])
def test_files_that_are_too_long(tmp_path, pack):
    (tmp_path / "zeros").write_bytes(pack(bytes(1001)))
    assert len(read_file(tmp_path / "zeros", largest=1001)) == 1001
    with pytest.raises(DataFileError, match="zeros: the file has more than 1000 bytes when unpacked"):
        read_file(tmp_path / "zeros", largest=1000)


@pytest.mark.parametrize(("pack", "ending"), [(gzip.compress, ".gz"), (bytes, "")])
@pytest.mark.parametrize("inside", ["", "MNIST/raw"])
def test_mnist_folder(tmp_path, pack, ending, inside):
    write(tmp_path / inside, IMAGES, LABELS, "train", pack, ending)
    digits = MNIST(tmp_path)
    image, label = digits[3]
    np.testing.assert_array_equal(image, IMAGES[3, None] / np.float32(255))
    assert (image.dtype, label.dtype, int(label), len(digits)) == (np.float32, np.int64, 3, 7)
    images, labels = digits.batch(np.array([3, 1]))
    np.testing.assert_array_equal(images[0], image)
    assert (images.shape, images.dtype, labels.tolist()) == ((2, 1, 5, 4), np.float32, [3, 1])
    with pytest.raises(DataFileError, match=r"t10k-images-idx3-ubyte: there is no such file, nor .*download=True"):
        MNIST(tmp_path, train=False)


@pytest.mark.parametrize(("images", "labels", "message"), [
    (IMAGES, LABELS[:6], "7 images, but .* has 6 labels"),
    (LABELS, LABELS, r"needs 3 axes of uint8 here, but the file has shape \(7,\)"),
    (IMAGES, LABELS.astype(np.int32), "needs 1 axes of uint8 here, but .* type int32"),
    (IMAGES, LABELS + np.uint8(4), "label 10 stands for none of the 10 classes"),
])
def test_files_that_do_not_belong_together(tmp_path, images, labels, message):
    write(tmp_path, images, labels)
    with pytest.raises(DataFileError, match=message):
        MNIST(tmp_path, train=False)


@pytest.mark.skipif(not DEBIAN.exists(), reason="needs Debian's package dataset-fashion-mnist")
@pytest.mark.parametrize(("train", "samples"), [(True, 60_000), (False, 10_000)])
def test_all_of_fashion_mnist(train, samples):
    clothes = FashionMNIST(DEBIAN, train)
    assert clothes.pixels.shape == (samples, 1, 28, 28)
    assert np.bincount(clothes.labels).tolist() == [samples // 10] * 10
    assert hashlib.sha256(clothes.pixels).hexdigest() == PIXELS[train]
    images, labels = next(iter(DataLoader(clothes, 4, prefetch=0)))
    assert [clothes.classes[k] for k in labels.tolist()] == (
        ["Ankle boot", "T-shirt/top", "T-shirt/top", "Dress"] if train else ["Ankle boot", "Pullover", "Trouser", "Trouser"])
    assert (images.shape, images.numpy().max()) == ((4, 1, 28, 28), 1)
