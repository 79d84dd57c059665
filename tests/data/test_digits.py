"""The embedded digits are the published ones, and the split never moves."""

import hashlib

import numpy as np
import pytest

from tinygrad_cnn.data.digits import MEAN, STD, MNISTSubset, position_in_class, read_digits

PIXELS = "0768d16c5adea568dee18fa5e4e1acb117e9ec2c5d6b1dffe5fc29c1e61c1eca"
CLASSES = "44e605757823cf79c6557e6d2a7f45c693b286e8cd303ea10339b002801b4916"
HELD_OUT_PER_CLASS = [200, 225, 198, 206, 196, 172, 202, 214, 188, 195]


def test_embedded_bytes():
    pixels, classes = read_digits()
    assert hashlib.sha256(pixels.tobytes()).hexdigest() == PIXELS
    assert hashlib.sha256(classes.tobytes()).hexdigest() == CLASSES


@pytest.mark.parametrize(("part", "size"), [("all", 10_000), ("train", 8_004), ("held-out", 1_996), ("fit", 6_006),
                                            ("validation", 1_998)])
def test_sizes_and_types(part, size):
    digits = MNISTSubset(part)
    assert len(digits) == size
    assert (digits.images.shape, digits.images.dtype) == ((size, 1, 28, 28), np.float32)
    assert (digits.labels.shape, digits.labels.dtype) == ((size,), np.int64)
    assert (digits.images.min(), digits.images.max()) == (0, 1)
    assert digits.images.flags.c_contiguous


def test_held_out_classes():
    assert np.bincount(MNISTSubset("held-out").labels).tolist() == HELD_OUT_PER_CLASS


def test_every_fifth_digit_of_a_class_is_held_out():
    _, classes = read_digits()
    zeros = MNISTSubset("all").images[classes == 0]
    held_out = MNISTSubset("held-out")
    np.testing.assert_array_equal(held_out.images[held_out.labels == 0], zeros[4::5])


@pytest.mark.parametrize(("whole", "parts"), [("all", ("train", "held-out")), ("train", ("fit", "validation"))])
def test_parts_are_disjoint_and_complete(whole, parts):
    def fingerprints(part):
        return {image.tobytes() for image in MNISTSubset(part).images}

    first, second = map(fingerprints, parts)
    assert not first & second
    assert first | second == fingerprints(whole)


def test_mean_and_std_are_those_of_the_training_part():
    images = MNISTSubset("train").images
    assert images.mean(dtype=np.float64) == pytest.approx(MEAN, abs=1e-4)
    assert images.std(dtype=np.float64) == pytest.approx(STD, abs=1e-4)


def test_position_in_class():
    assert position_in_class(np.array([0, 0, 3, 0, 3], np.uint8)).tolist() == [0, 1, 0, 2, 1]


def test_unknown_part():
    with pytest.raises(ValueError, match=r"MNISTSubset: part is 'test', but must be one of .*'held-out'"):
        MNISTSubset("test")
