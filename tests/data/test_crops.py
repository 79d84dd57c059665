"""Crops, flips and scaling against pillow and against slow references."""

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from tinygrad_cnn.data import (
    CenterCrop,
    FiveCrop,
    RandomResizedCrop,
    RandomVerticalFlip,
    Resize,
    TenCrop,
    resize,
)

BATCH = np.random.default_rng(0).random((5, 3, 9, 12), np.float32)
ALL = [CenterCrop(5), FiveCrop(4), TenCrop((3, 5)), RandomVerticalFlip(), Resize(6), Resize((20, 5), "nearest"),
       RandomResizedCrop(7), RandomResizedCrop((7, 30), interpolation="nearest")]
NAMES = [type(transform).__name__ for transform in ALL]


def generator(seed=0):
    return np.random.Generator(np.random.Philox(seed))


def bilinear(plane, size, box):
    """Pillow's, of a float32 picture: the part is cut out before it is scaled."""
    top, left, height, width = box
    part = Image.fromarray(plane[top:top + height, left:left + width])
    return np.asarray(part.resize((size[1], size[0]), Image.Resampling.BILINEAR))


def nearest(plane, size, box):
    """The pixel under the middle of each new one; exact where pillow rounds."""
    places = [[math.floor(first + Fraction(2 * i + 1, 2 * new) * length) for i in range(new)]
              for first, length, new in zip(box[:2], box[2:], size, strict=True)]
    return plane[np.ix_(*places)]


@pytest.mark.parametrize("transform", ALL, ids=NAMES)
@pytest.mark.parametrize("samples", [0, 5])
def test_reproducible_and_the_input_is_not_touched(transform, samples):
    batch = BATCH[:samples].copy()
    out = transform(batch, generator(3))
    np.testing.assert_array_equal(out, transform(np.asfortranarray(batch), generator(3)))
    np.testing.assert_array_equal(batch, BATCH[:samples])
    assert (len(out), out.dtype, out.flags.c_contiguous) == (samples, np.float32, True)
    assert not np.shares_memory(out, batch)
    if samples and type(transform).__name__.startswith("Random"):
        assert (out != transform(batch, generator(4))).any()


@pytest.mark.parametrize("transform", ALL, ids=NAMES)
def test_bytes_stay_bytes(transform):
    pixels = np.random.default_rng(0).integers(0, 256, (5, 3, 9, 12), np.uint8)
    out, exact = transform(pixels, generator()), transform(pixels.astype(np.float32), generator())
    assert out.dtype == np.uint8 and out.shape == exact.shape
    assert abs(out - exact).max() <= 0.5 + 1e-3


def test_center_crop():
    np.testing.assert_array_equal(CenterCrop(5)(BATCH, generator()), BATCH[:, :, 2:7, 4:9])
    np.testing.assert_array_equal(CenterCrop((9, 12))(BATCH, generator()), BATCH)


def test_five_and_ten_crops():
    five, ten = FiveCrop((4, 6))(BATCH, generator()), TenCrop((4, 6))(BATCH, generator())
    assert (five.shape, ten.shape) == ((5, 5, 3, 4, 6), (5, 10, 3, 4, 6))
    corners = BATCH[..., :4, :6], BATCH[..., :4, 6:], BATCH[..., 5:, :6], BATCH[..., 5:, 6:]
    for view, expected in enumerate((*corners, BATCH[..., 2:6, 3:9])):
        np.testing.assert_array_equal(five[:, view], expected)
    np.testing.assert_array_equal(ten[:, :5], five)
    np.testing.assert_array_equal(ten[:, 5:], FiveCrop((4, 6))(BATCH[..., ::-1], generator()))


def test_vertical_flip():
    batch = np.repeat(BATCH[:1], 200, axis=0)
    np.testing.assert_array_equal(RandomVerticalFlip(1)(batch, generator()), batch[:, :, ::-1])
    np.testing.assert_array_equal(RandomVerticalFlip(0)(batch, generator()), batch)
    mirrored = [np.array_equal(x, BATCH[0, :, ::-1]) for x in RandomVerticalFlip(0.3)(batch, generator())]
    assert 40 <= sum(mirrored) <= 80


@given(old=st.tuples(*[st.integers(1, 40)] * 2), new=st.tuples(*[st.integers(1, 40)] * 2))
def test_scaling(old, new):
    batch = generator().random((1, 2, *old), np.float32)
    for reference in bilinear, nearest:
        out = Resize(new, reference.__name__)(batch, generator())
        for plane, scaled in zip(batch[0], out[0], strict=True):
            np.testing.assert_allclose(scaled, reference(plane, new, (0, 0, *old)), atol=2e-6)


def test_one_number_is_the_shorter_side():
    assert Resize(6)(BATCH, generator()).shape[2:] == (6, 8)
    assert Resize(6)(BATCH.transpose(0, 1, 3, 2), generator()).shape[2:] == (8, 6)
    assert Resize([6])(BATCH, generator()).shape[2:] == (6, 8) and Resize([6, 7])(BATCH, generator()).shape[2:] == (6, 7)


def test_nearest_is_pillows_where_no_middle_lies_between_two_pixels():
    batch = BATCH[:1, :1, :, :11]
    scaled = Image.fromarray(batch[0, 0]).resize((8, 14), Image.Resampling.NEAREST)
    np.testing.assert_array_equal(Resize((14, 8), "nearest")(batch, generator())[0, 0], scaled)


@pytest.mark.parametrize("reference", [bilinear, nearest])
def test_random_parts_are_cut_and_scaled(reference):
    batch = generator().random((20, 1, 30, 40), np.float32)
    crop = RandomResizedCrop((16, 21), (0.2, 0.9), interpolation=reference.__name__)
    boxes = crop.boxes(20, 30, 40, generator(5))
    out = crop(batch, generator(5))
    for n, box in enumerate(boxes.tolist()):
        np.testing.assert_allclose(out[n, 0], reference(batch[n, 0], (16, 21), box), atol=2e-6)
    assert len({tuple(box) for box in boxes.tolist()}) == 20


def test_boxes_have_the_area_the_ratio_and_every_place():
    top, left, height, width = RandomResizedCrop(8, (0.25, 0.5), (0.8, 1.25)).boxes(4000, 100, 100, generator()).T
    area, ratio = height * width / 10_000, width / height
    assert 0.24 < area.min() < 0.26 and 0.49 < area.max() < 0.51
    assert abs(area.mean() - 0.375) < 0.005
    assert 0.78 < ratio.min() < 0.82 and 1.2 < ratio.max() < 1.29
    assert abs(np.log(ratio).mean()) < 0.01
    assert top.min() == left.min() == 0 and (top + height).max() == (left + width).max() == 100
    assert abs((top / (100 - height)).mean() - 0.5) < 0.02


@pytest.mark.parametrize(("height", "width", "box"), [(10, 100, [0, 43, 10, 13]), (100, 10, [43, 0, 13, 10])])
def test_the_middle_where_no_part_fits(height, width, box):
    boxes = RandomResizedCrop(8, (1, 1)).boxes(3, height, width, generator())
    assert boxes.tolist() == [box] * 3


def test_the_kernels_as_plain_python():
    boxes = np.array([[1, 2, 7, 9]] * 2)
    size, places = (5, 13), np.empty((4, 13), np.int64)
    compiled, python = np.empty((2, 2, 3, *size), np.float32)
    rows, columns, scratch = np.empty((5, 8), np.float32), np.empty((13, 8), np.float32), np.empty((10, 13), np.float32)
    half = np.float32(0)
    resize.bilinear(compiled, BATCH[:2], boxes, half, rows, columns, places, scratch)
    for n, c in np.ndindex(2, 3):
        resize.triangle.py_func(rows, places[0], places[1], 1, 7)
        resize.triangle.py_func(columns, places[2], places[3], 2, 9)
        resize.scale_columns.py_func(scratch[:9], BATCH[n, c], columns, places[2], places[3])
        resize.scale_rows.py_func(python[n, c], scratch, rows, places[0], places[1], half, scratch[-1])
    np.testing.assert_allclose(compiled, python, atol=1e-6)
    resize.bilinear.py_func(python, BATCH[:2], boxes, half, rows, columns, places, scratch)
    np.testing.assert_allclose(compiled, python, atol=1e-6)
    places = np.empty((2, 13), np.uint32)
    resize.nearest(compiled, BATCH[:2], boxes, places)
    resize.nearest.py_func(python, BATCH[:2], boxes, places)
    np.testing.assert_array_equal(compiled, python)


@pytest.mark.parametrize(("make", "message"), [
    (lambda: CenterCrop(0), "CenterCrop: size is 0, but a picture has at least one pixel"),
    (lambda: CenterCrop(10)(BATCH, generator()), r"CenterCrop: size is \(10, 10\), but the pictures have \(9, 12\) pixels"),
    (lambda: TenCrop((4, 13))(BATCH, generator()), r"TenCrop: size is \(4, 13\), but the pictures have \(9, 12\)"),
    (lambda: FiveCrop(4)(BATCH[0], generator()), "FiveCrop: the batch has shape"),
    (lambda: RandomVerticalFlip(-0.1), "RandomVerticalFlip: p is -0.1, but a probability"),
    (lambda: Resize(5, "cubic"), "Resize: interpolation is 'cubic', but must be 'bilinear' or 'nearest'"),
    (lambda: RandomResizedCrop(5, (0, 1)), r"RandomResizedCrop: scale is \(0, 1\), but a range runs from a positive"),
    (lambda: RandomResizedCrop(5, (0.5, 2)), r"RandomResizedCrop: scale is \(0.5, 2\), but a part has at most the area 1"),
    (lambda: RandomResizedCrop(5, ratio=(2, 1)), r"RandomResizedCrop: ratio is \(2, 1\), but a range runs"),
])
def test_impossible_arguments(make, message):
    with pytest.raises(ValueError, match=message):
        make()
