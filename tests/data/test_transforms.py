"""Augmentation against slow references and invariants."""

import math

import numpy as np
import pytest

from tinygrad_cnn.data import (
    Compose,
    ConvertImageDtype,
    ElasticTransform,
    GridTransform,
    Normalize,
    RandomAffine,
    RandomCrop,
    RandomHorizontalFlip,
    RandomRotation,
    RandomScale,
    RandomShift,
    Resample,
)

ALL = [
    Compose([RandomShift(1), RandomHorizontalFlip()]),
    ElasticTransform(5, 2),
    Normalize(0.1, 0.3),
    RandomAffine(20, 0.1, (0.8, 1.2), 10),
    RandomCrop(7, padding=2),
    RandomHorizontalFlip(),
    RandomRotation(20),
    RandomScale((0.8, 1.2)),
    RandomShift(2),
    Resample([RandomRotation(10), ElasticTransform(5, 2)]),
]
BYTES = np.random.default_rng(1).integers(0, 256, (6, 3, 9, 16), np.uint8)
NAMES = [type(transform).__name__ for transform in ALL]


def generator(seed=0):
    return np.random.Generator(np.random.Philox(seed))


def images(samples=6, channels=2, height=9, width=8, seed=1):
    return generator(seed).random((samples, channels, height, width), np.float32)


def ramp(height, width, up, right):
    """An image that is linear in its coordinates: interpolation between its pixels is exact."""
    rows, columns = np.mgrid[:height, :width].astype(np.float32)
    return (up * rows + right * columns)[None, None]


def pixel(image, row, column, fill):
    inside = 0 <= row < image.shape[0] and 0 <= column < image.shape[1]
    return float(image[row, column]) if inside else fill


def bilinear(image, row, column, fill):
    top, left = math.floor(row), math.floor(column)
    down, right = row - top, column - left
    return ((1 - down) * ((1 - right) * pixel(image, top, left, fill) + right * pixel(image, top, left + 1, fill))
            + down * ((1 - right) * pixel(image, top + 1, left, fill) + right * pixel(image, top + 1, left + 1, fill)))


@pytest.mark.parametrize("transform", ALL, ids=NAMES)
def test_the_same_numbers_give_the_same_batch(transform):
    batch = images()
    np.testing.assert_array_equal(transform(batch, generator(3)), transform(batch, generator(3)))
    if not isinstance(transform, Normalize):
        assert (transform(batch, generator(3)) != transform(batch, generator(4))).any()


@pytest.mark.parametrize("transform", ALL, ids=NAMES)
@pytest.mark.parametrize("samples", [0, 1, 6])
def test_shape_and_type_stay_and_the_input_is_not_touched(transform, samples):
    batch = images(samples)
    before = batch.copy()
    out = transform(batch, generator())
    assert out.dtype == np.float32
    assert out.shape == ((samples, 2, 7, 7) if isinstance(transform, RandomCrop) else batch.shape)
    assert not np.shares_memory(out, batch)
    np.testing.assert_array_equal(batch, before)


@pytest.mark.parametrize("transform", ALL, ids=NAMES)
def test_any_strides(transform):
    batch = images()
    strided = np.asfortranarray(batch)
    np.testing.assert_array_equal(transform(strided, generator()), transform(batch, generator()))


@pytest.mark.parametrize("transform", [t for t in ALL if not isinstance(t, Normalize)],
                         ids=[n for n in NAMES if n != "Normalize"])
def test_samples_draw_for_themselves_and_channels_go_together(transform):
    batch = np.repeat(images(1, 1), 16, axis=0).repeat(2, axis=1)
    out = transform(batch, generator())
    assert len({sample.tobytes() for sample in out}) > 1
    np.testing.assert_array_equal(out[:, 0], out[:, 1])


@pytest.mark.parametrize("transform", ALL[:1] + ALL[2:], ids=NAMES[:1] + NAMES[2:])
@pytest.mark.parametrize(("shape", "dtype"), [((6, 9, 8), np.float32), ((6, 2, 9, 8), np.float64)])
def test_other_batches_are_refused(transform, shape, dtype):
    with pytest.raises(ValueError, match=rf"the batch has shape \({shape[0]}, .*dtype {np.dtype(dtype)}, but must be "
                                         "float32 or uint8 of shape .samples, channels, height, width.*convert it"):
        transform(np.zeros(shape, dtype), generator())


def test_compose_goes_from_left_to_right():
    batch = images()
    out = Compose([Normalize(1, 1), Normalize(0, 2)])(batch, generator())
    np.testing.assert_allclose(out, (batch - 1) / 2)


def test_normalize_per_channel():
    batch = images()
    out = Normalize([0.5, 1], [2, 4])(batch, generator())
    np.testing.assert_allclose(out[:, 0], (batch[:, 0] - 0.5) / 2, rtol=1e-6)
    np.testing.assert_allclose(out[:, 1], (batch[:, 1] - 1) / 4, rtol=1e-6)


def test_flip():
    batch = images(200)
    flipped = RandomHorizontalFlip(1)(batch, generator())
    np.testing.assert_array_equal(flipped, batch[..., ::-1])
    np.testing.assert_array_equal(RandomHorizontalFlip(1)(flipped, generator()), batch)
    np.testing.assert_array_equal(RandomHorizontalFlip(0)(batch, generator()), batch)
    out = RandomHorizontalFlip(0.3)(batch, generator())
    mirrored = sum(np.array_equal(a, b[..., ::-1]) for a, b in zip(out, batch, strict=True))
    kept = sum(np.array_equal(a, b) for a, b in zip(out, batch, strict=True))
    assert mirrored + kept == 200
    assert 40 <= mirrored <= 80


def test_crop_takes_every_window_of_the_padded_image():
    batch = np.repeat(images(1, 1, 5, 4), 400, axis=0)
    padded = np.pad(batch[0], ((0, 0), (1, 1), (1, 1)), constant_values=-2)
    windows = {padded[:, i:i + 4, j:j + 3].tobytes() for i in range(4) for j in range(4)}
    out = RandomCrop((4, 3), padding=1, fill=-2)(batch, generator())
    assert {sample.tobytes() for sample in out} == windows


@pytest.mark.parametrize("mode", ["edge", "reflect", "symmetric"])
def test_crop_continues_the_picture_beyond_its_border(mode):
    batch = np.repeat(images(1, 1, 5, 4), 400, axis=0)
    padded = np.pad(batch[0], ((0, 0), (1, 1), (2, 2)), mode)
    windows = {padded[:, i:i + 5, j:j + 4].tobytes() for i in range(3) for j in range(5)}
    out = RandomCrop([5, 4], padding=(2, 1), padding_mode=mode)(batch, generator())
    assert {sample.tobytes() for sample in out} == windows


def test_crop_pads_if_needed():
    out = RandomCrop((11, 4), pad_if_needed=True, fill=-1)(images(50), generator())
    assert out.shape == (50, 2, 11, 4)
    rows = (out[:, 0, :, 0] == -1).sum(axis=1)
    assert set(rows.tolist()) == {2} and {int((sample[0, :, 0] == -1).argmin()) for sample in out} == {0, 1, 2}


@pytest.mark.parametrize("transform", [t for t in ALL if not isinstance(t, Normalize)],
                         ids=[n for n in NAMES if n != "Normalize"])
def test_bytes_stay_bytes(transform):
    """What comes of bytes is that of the same numbers in float32, rounded."""
    out, exact = transform(BYTES, generator()), transform(BYTES.astype(np.float32), generator())
    assert out.dtype == np.uint8 and out.shape == exact.shape
    assert abs(out - exact).max() <= 0.5 + 1e-3
    assert (out != 0).mean() > 0.5


def test_from_bytes_to_floats_and_back():
    floats = ConvertImageDtype()(BYTES, generator())
    np.testing.assert_array_equal(floats, BYTES / np.float32(255))
    assert floats.dtype == np.float32
    np.testing.assert_array_equal(ConvertImageDtype(np.uint8)(floats, generator()), BYTES)
    np.testing.assert_array_equal(ConvertImageDtype(np.uint8)(2 * floats - np.float32(0.5), generator())[floats > 0.75], 255)
    for batch in BYTES, floats:
        same = ConvertImageDtype(batch.dtype)(batch, generator())
        np.testing.assert_array_equal(same, batch)
        assert not np.shares_memory(same, batch)
    normalize = Normalize([0.1, 0.2, 0.3], [2, 4, 5])
    np.testing.assert_array_equal(normalize(BYTES, generator()), normalize(floats, generator()))


def test_shift_moves_by_whole_pixels_up_to_the_limit():
    batch = np.zeros((500, 1, 9, 9), np.float32)
    batch[:, :, 4, 4] = 1
    _, _, rows, columns = np.nonzero(RandomShift(2)(batch, generator()))
    assert set(zip(rows.tolist(), columns.tolist(), strict=True)) == {(i, j) for i in range(2, 7) for j in range(2, 7)}


def test_shift_fills_the_border():
    out = RandomShift(2, fill=7)(np.zeros((20, 1, 5, 5), np.float32), generator())
    assert set(np.unique(out)) == {0, 7}


def test_rotation_by_90_degrees_is_rot90():
    batch = images(height=8, width=8)
    turn = RandomRotation((90, 90))
    out = turn(batch, generator())
    np.testing.assert_allclose(out, np.rot90(batch, axes=(2, 3)), atol=1e-5)
    np.testing.assert_allclose(RandomAffine((-90, -90))(batch, generator()), out, atol=1e-5)  # clockwise, as torchvision's
    for _ in range(3):
        out = turn(out, generator())
    np.testing.assert_allclose(out, batch, atol=1e-5)


@pytest.mark.parametrize("fill", [0.0, 0.5])
def test_affine_against_the_definition(fill):
    batch, angle, factor, lean = images(3), np.radians(-25), 1.3, np.radians(-12)
    rotate = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])  # of (row, column)
    back = np.linalg.inv(factor * rotate @ [[1, 0], [np.tan(lean), 1]])
    out = RandomAffine((25, 25), 0, (1.3, 1.3), (12, 12), fill=fill)(batch, generator())
    for i, j in np.ndindex(9, 8):
        row, column = back @ [i - 4, j - 3.5] + [4, 3.5]
        expected = [[bilinear(channel, row, column, fill) for channel in sample] for sample in batch]
        np.testing.assert_allclose(out[:, :, i, j], expected, atol=1e-5)


def test_scale_enlarges_about_the_centre():
    batch = np.zeros((1, 1, 16, 16), np.float32)
    batch[:, :, 6:10, 6:10] = 1
    out = RandomScale((2, 2))(batch, generator())
    assert out.sum() == pytest.approx(4 * batch.sum(), rel=0.01)
    np.testing.assert_allclose(out, out[:, :, ::-1, ::-1], atol=1e-6)


def test_translation_is_a_fraction_of_the_size():
    batch = np.zeros((400, 1, 21, 31), np.float32)
    batch[:, :, 10, 15] = 1
    out = RandomAffine(0, translate=(0.2, 0.1))(batch, generator())
    rows = (out * np.arange(21)[:, None]).sum((1, 2, 3)) - 10
    columns = (out * np.arange(31)).sum((1, 2, 3)) - 15
    assert 1.9 < abs(rows).max() <= 2.1 + 1e-4
    assert 5.9 < abs(columns).max() <= 6.2 + 1e-4
    assert rows.min() < -1.9 < 1.9 < rows.max()
    assert columns.min() < -5.9 < 5.9 < columns.max()
    assert abs(np.corrcoef(rows, columns)[0, 1]) < 0.2


def test_elastic_of_strength_0_changes_nothing():
    batch = images()
    np.testing.assert_array_equal(ElasticTransform(0, 3)(batch, generator()), batch)


def test_elastic_displacements_have_the_promised_size():
    field = np.zeros((50, 2, 48, 48), np.float32)
    ElasticTransform(34, 4).move(field, generator())
    inner = field[:, :, 14:-14, 14:-14]
    assert inner.std() == pytest.approx(34 / (6.14 * 4), rel=0.05)
    assert abs(inner.mean()) < 0.2


def test_elastic_field_is_smooth_noise():
    """The field is alpha * (Gaussian * uniform noise): compare with the sum written out."""
    height, width, alpha, sigma = 10, 7, 6.0, 1.0
    noise = 2 * generator().random((2, 2, height, width), np.float32).astype(np.float64) - 1
    field = np.zeros((2, 2, height, width), np.float32)
    ElasticTransform(alpha, sigma).move(field, generator())

    def blur(size):
        distance = np.subtract.outer(np.arange(size), np.arange(size))
        whole = np.exp(-0.5 * (np.arange(-3, 4) / sigma) ** 2).sum()
        return np.where(abs(distance) <= 3 * sigma, np.exp(-0.5 * (distance / sigma) ** 2), 0) / whole

    np.testing.assert_allclose(field, alpha * blur(height) @ noise @ blur(width), atol=1e-5)


def test_resample_is_one_transform_after_another():
    """On a linear image interpolation is exact, so the only difference left is at the border."""
    image = ramp(40, 40, 0.3, -0.7)
    affine, elastic = RandomAffine((8, 8), 0, (0.95, 0.95)), ElasticTransform(8, 4)
    once = Resample([affine, elastic])(image, generator())
    twice = elastic(affine(image, generator()), generator())
    np.testing.assert_allclose(once[:, :, 10:-10, 10:-10], twice[:, :, 10:-10, 10:-10], atol=1e-3)
    assert abs(once - image)[:, :, 10:-10, 10:-10].max() > 0.5


def test_nearest_keeps_labels_and_follows_the_image():
    masks = (images(channels=1, height=20, width=20) > 0.5).astype(np.float32)
    out = RandomAffine(20, 0.1, interpolation="nearest")(masks, generator())
    assert set(np.unique(out)) == {0, 1}
    image = ramp(20, 20, 1, 20)
    nearest = RandomAffine((10, 10), interpolation="nearest")(image, generator())
    exact = RandomAffine((10, 10))(image, generator())
    assert abs(nearest - exact)[:, :, 5:-5, 5:-5].max() <= 0.5 * 1 + 0.5 * 20 + 1e-3


def test_the_base_class_asks_for_move():
    with pytest.raises(TypeError, match="GridTransform: a grid transform must define move"):
        GridTransform()(images(), generator())


@pytest.mark.parametrize(("make", "message"), [
    (lambda: Normalize(0, 0), "Normalize: std is .*but must be positive"),
    (lambda: Normalize([0, 0, 0], 1)(images(), generator()), "mean has 3 values, but the batch has 2 channels"),
    (lambda: RandomHorizontalFlip(1.5), "RandomHorizontalFlip: p is 1.5, but a probability"),
    (lambda: RandomCrop((1, 2, 3)), r"\(1, 2, 3\) has 3 numbers, but one or two are needed"),
    (lambda: RandomCrop(3, padding_mode="wrap"), "RandomCrop: padding_mode is 'wrap', but must be 'constant', 'edge'"),
    (lambda: RandomShift(1, fill=-1)(BYTES, generator()), "fill is -1, but pixels of a batch of bytes lie between 0 and 255"),
    (lambda: RandomAffine((1, 2, 3)), r"RandomAffine: degrees is \(1, 2, 3\), but must be one number or two"),
    (lambda: ConvertImageDtype(np.int64), "ConvertImageDtype: dtype is .*int64.*, but must be float32 or uint8"),
    (lambda: RandomCrop(0), r"RandomCrop: size is 0, but a crop has at least one pixel"),
    (lambda: RandomCrop(3, padding=-1), "RandomCrop: padding is -1, but pixels are counted from 0"),
    (lambda: RandomCrop(12)(images(), generator()), r"size is \(12, 12\), but the images have \(9, 8\) pixels"),
    (lambda: RandomShift(-2), "RandomShift: pixels is -2, but pixels are counted from 0"),
    (lambda: RandomAffine(10, interpolation="cubic"), "interpolation is 'cubic', but must be one of 'bilinear'"),
    (lambda: RandomRotation((20, 10)), r"RandomRotation: degrees is \(20, 10\), but a range runs from the smaller"),
    (lambda: RandomScale((0, 1)), r"RandomScale: scale is \(0, 1\), but factors are positive"),
    (lambda: RandomAffine(0, shear=90), "RandomAffine: shear is 90 degrees, but must stay below 90"),
    (lambda: ElasticTransform(1, 0), "ElasticTransform: sigma is 0 pixels, but must be positive"),
])
def test_impossible_arguments(make, message):
    with pytest.raises(ValueError, match=message):
        make()
