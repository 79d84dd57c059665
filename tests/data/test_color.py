"""Colors against pillow, the standard library and slow references; the kernels compiled and as plain Python."""

import colorsys

import numpy as np
import pytest
from PIL import Image, ImageEnhance

from tinygrad_cnn.data import ColorJitter, Grayscale, PCALighting, principal_colors, tones

BYTES = np.random.default_rng(0).integers(0, 256, (4, 9, 8, 3), np.uint8)
BATCH = BYTES.transpose(0, 3, 1, 2) / np.float32(255)
ALL = [ColorJitter(0.4, 0.4, 0.4, 0.2), Grayscale(3), PCALighting(1.0)]
NAMES = [type(transform).__name__ for transform in ALL]


def generator(seed=0):
    return np.random.Generator(np.random.Philox(seed))


def by_pillow(change):
    return np.stack([np.asarray(change(Image.fromarray(x))) for x in BYTES]).transpose(0, 3, 1, 2) / np.float32(255)


@pytest.mark.parametrize("transform", ALL, ids=NAMES)
@pytest.mark.parametrize("samples", [0, 4])
def test_reproducible_and_the_input_is_not_touched(transform, samples):
    batch = BATCH[:samples].copy()
    out = transform(batch, generator(3))
    np.testing.assert_array_equal(out, transform(np.asfortranarray(batch), generator(3)))
    np.testing.assert_array_equal(batch, BATCH[:samples])
    assert (out.shape, out.dtype) == (batch.shape, np.float32)
    assert not np.shares_memory(out, batch)
    if samples and not isinstance(transform, Grayscale):
        assert (out != transform(batch, generator(4))).any()


@pytest.mark.parametrize("transform", [ALL[0], ALL[2]], ids=[NAMES[0], NAMES[2]])
def test_samples_draw_for_themselves(transform):
    out = transform(np.repeat(BATCH[:1], 12, axis=0), generator())
    assert len({sample.tobytes() for sample in out}) == 12


@pytest.mark.parametrize("factor", [0.0, 0.4, 1.7])
@pytest.mark.parametrize(("name", "enhance"), [("brightness", ImageEnhance.Brightness), ("contrast", ImageEnhance.Contrast),
                                               ("saturation", ImageEnhance.Color)])
def test_factors_against_pillow(name, enhance, factor):
    out = ColorJitter(**{name: (factor, factor)})(BATCH, generator())
    np.testing.assert_allclose(out, by_pillow(lambda x: enhance(x).enhance(factor)), atol=2.1 / 255)
    assert out.min() >= 0 and out.max() <= 1


@pytest.mark.parametrize("transform", [*ALL[:2], Grayscale()], ids=[*NAMES[:2], "Grayscale()"])
def test_bytes_stay_bytes(transform):
    pixels = BYTES.transpose(0, 3, 1, 2)
    out, exact = transform(pixels, generator()), transform(BATCH, generator())
    assert out.dtype == np.uint8 and out.shape == exact.shape
    assert abs(out - 255 * exact).max() <= 0.5 + 1e-3
    np.testing.assert_array_equal(PCALighting()(pixels, generator()), PCALighting()(BATCH, generator()))


@pytest.mark.parametrize("turns", [-0.5, -0.2, 0.1, 0.45])
def test_hue_against_the_standard_library(turns):
    batch = BATCH.copy()
    batch[0, :, 0] = batch[0, :1, 0]  # gray pixels have no hue
    out = ColorJitter(hue=(turns, turns))(batch, generator())
    for n, i, j in np.ndindex(2, 9, 8):
        hue, saturation, value = colorsys.rgb_to_hsv(*batch[n, :, i, j].tolist())
        expected = colorsys.hsv_to_rgb((hue + turns) % 1, saturation, value)
        np.testing.assert_allclose(out[n, :, i, j], expected, atol=1e-5)


def test_the_ranges_and_their_middle():
    gray = np.full((500, 3, 2, 2), 0.25, np.float32)
    out = ColorJitter(brightness=0.5)(gray, generator())[:, 0, 0, 0] / 0.25
    assert 0.5 <= out.min() < 0.52 and 1.48 < out.max() <= 1.5
    assert ColorJitter(brightness=2).brightness == (0, 3)
    np.testing.assert_array_equal(ColorJitter()(BATCH, generator()), BATCH)


def test_the_order_is_random():
    jitter = ColorJitter(brightness=(1.9, 1.9), contrast=(0.2, 0.2))
    out = jitter(np.repeat(BATCH[:1], 40, axis=0), generator())
    assert len({sample.tobytes() for sample in out}) == 2


def test_gray_pictures():
    gray = BATCH[:, :1]
    np.testing.assert_array_equal(ColorJitter(saturation=(3, 3), hue=0.5)(gray, generator()), gray)
    np.testing.assert_array_equal(Grayscale()(gray, generator()), gray)
    mean = gray.mean(axis=(1, 2, 3), keepdims=True)
    np.testing.assert_allclose(ColorJitter(contrast=(0.5, 0.5))(gray, generator()), (gray + mean) / 2, atol=1e-6)


def test_grayscale():
    out = Grayscale(3)(BATCH, generator())
    np.testing.assert_allclose(out, by_pillow(lambda x: x.convert("L").convert("RGB")), atol=0.51 / 255)
    np.testing.assert_array_equal(Grayscale()(BATCH, generator()), out[:, :1])


def test_lighting_moves_along_the_principal_axes():
    values, vectors = principal_colors(BATCH)
    colors = BATCH.transpose(0, 2, 3, 1).reshape(-1, 3)
    along = (colors - colors.mean(axis=0)) @ vectors
    np.testing.assert_allclose(np.cov(along.T), np.diag(values), atol=1e-6)
    assert values[0] >= values[1] >= values[2]
    shifts = PCALighting(0.5, values, vectors)(np.zeros((4000, 3, 1, 1), np.float32), generator())[:, :, 0, 0]
    np.testing.assert_allclose((shifts @ vectors).std(axis=0), 0.5 * values, rtol=0.05)
    out = PCALighting()(BATCH, generator())
    np.testing.assert_allclose((out - BATCH).std(axis=(2, 3)), 0, atol=1e-6)


def test_the_kernels_as_plain_python():
    orders = np.array([[0, 1, 2, 3], [3, 2, 1, 0], [2, 0, 3, 1], [1, 3, 0, 2]])
    factors = np.float32([[1.3, 0.6, 1.8, 0.3]] * 4)
    one, half = np.float32(1), np.float32(0)
    (compiled, python), picture, plane = np.empty((2, *BATCH.shape), np.float32), BATCH[0].copy(), BATCH[0, 0].copy()
    tones.jitter(compiled, BATCH, orders, factors, one, half, picture, plane)
    tones.jitter.py_func(python, BATCH, orders, factors, one, half, picture, plane)
    np.testing.assert_allclose(compiled, python, atol=1e-6)
    tones.scaled.py_func(picture, BATCH[0], np.float32(3), np.float32(0.5))
    np.testing.assert_allclose(picture, 3 * BATCH[0] + np.float32(0.5), atol=1e-6)
    tones.lookup.py_func(python, BYTES.transpose(0, 3, 1, 2), np.arange(256, dtype=np.float32)[None] / np.float32(255))
    np.testing.assert_array_equal(python, BATCH)
    tones.normalized.py_func(python, BATCH, np.float32([0.1, 0.2, 0.3]), np.float32([2]))
    np.testing.assert_allclose(python, (BATCH - np.float32([0.1, 0.2, 0.3])[:, None, None]) / 2, atol=1e-6)
    tones.gray.py_func(plane, BATCH[0], half)
    np.testing.assert_allclose(plane, np.tensordot([0.299, 0.587, 0.114], BATCH[0], 1), atol=1e-6)
    assert tones.average.py_func(plane) == pytest.approx(plane.mean(), abs=1e-6)
    for hue, below in (0, 0), (1, 1), (3, 1), (3.5, 0.5), (5, 0), (-1.5, 0), (8.75, 1):
        assert tones.lack.py_func(np.float32(hue)) == below
    turned, blended, mixed = BATCH[0].copy(), BATCH[0].copy(), BATCH[0].copy()
    tones.turn.py_func(turned, np.float32(1 / 3))
    np.testing.assert_allclose(turned, BATCH[0][[2, 0, 1]], atol=1e-5)
    tones.blend.py_func(blended, np.float32(0.5), np.float32(2))
    np.testing.assert_allclose(blended, np.clip(2 * BATCH[0] - 0.5, 0, 1), atol=1e-6)
    tones.blend_gray.py_func(mixed, plane, np.float32(0))
    np.testing.assert_allclose(mixed, np.stack([plane] * 3), atol=1e-6)


@pytest.mark.parametrize(("make", "message"), [
    (lambda: ColorJitter(brightness=-0.1), "ColorJitter: brightness is -0.1, but must not be negative"),
    (lambda: ColorJitter(contrast=(-0.5, 1)), "ColorJitter: contrast is drawn from -0.5 to 1, but factors are not"),
    (lambda: ColorJitter(saturation=(2, 1)), r"ColorJitter: saturation is \(2, 1\), but a range runs from"),
    (lambda: ColorJitter(hue=0.6), "ColorJitter: hue is 0.6, but must lie between -0.5 and 0.5"),
    (lambda: Grayscale(2), "Grayscale: num_output_channels is 2, but must be 1 or 3"),
    (lambda: PCALighting(-1), "PCALighting: std is -1, but a standard deviation is not negative"),
    (lambda: PCALighting(values=(1, 2)), r"values and vectors have shapes \(2,\) and \(3, 3\), but must have"),
    (lambda: ColorJitter(1)(BATCH[:, :2], generator()), "ColorJitter: the batch has 2 channels, but must have 3, red, green "
                                                        "and blue, or 1, gray"),
    (lambda: PCALighting()(BATCH[:, :1], generator()), "PCALighting: the batch has 1 channels, but must have 3"),
    (lambda: Grayscale()(BATCH[0], generator()), "Grayscale: the batch has shape .*but must be float32 or"),
])
def test_impossible_arguments(make, message):
    with pytest.raises(ValueError, match=message):
        make()
