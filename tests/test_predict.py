"""From any picture of a digit to the network's 28x28, and readable errors for what is no picture."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tinygrad_cnn.data.digits import position_in_class, read_digits
from tinygrad_cnn.predict import PictureError, prepare, read_picture


@pytest.fixture(scope="module")
def digits() -> np.ndarray:
    """The held-out digits, uint8 (1996, 28, 28)."""
    pixels, classes = read_digits()
    return pixels[position_in_class(classes) % 5 == 4]


def paste(digit: np.ndarray, rng: np.random.Generator) -> Image.Image:
    """The digit at a random size from 20 to 400 pixels, somewhere on a larger sheet, of either polarity."""
    side = int(rng.integers(20, 401))
    width, height = side + rng.integers(0, 200, 2)
    sheet = Image.new("L", (int(width), int(height)), 0)
    place = (int(rng.integers(0, width - side + 1)), int(rng.integers(0, height - side + 1)))
    sheet.paste(Image.fromarray(digit).resize((side, side), Image.Resampling.BICUBIC), place)
    return sheet if rng.random() < 0.5 else Image.fromarray(255 - np.asarray(sheet))


def error(a: np.ndarray, b: np.ndarray) -> float:
    """The mean difference of two pictures, as a share of the ink."""
    return float(np.abs(a - b).sum() / b.sum())


def test_digits_that_are_prepared_already_stay_as_they_are(digits: np.ndarray) -> None:
    errors = [error(prepare(Image.fromarray(digit)), digit / 255) for digit in digits[::10]]
    assert np.mean(errors) < 0.02 and max(errors) < 1


def test_size_place_and_polarity_do_not_matter(digits: np.ndarray) -> None:
    rng = np.random.default_rng(0)
    chosen = digits[::10]
    prepared = np.stack([prepare(paste(digit, rng)) for digit in chosen])
    errors = [error(a, b / 255) for a, b in zip(prepared, chosen, strict=True)]
    assert np.median(errors) < 0.3
    # The nearest of the originals is the very digit that was pasted.
    distances = ((prepared[:, None] - chosen[None] / 255) ** 2).sum(axis=(2, 3))
    assert (distances.argmin(axis=1) == np.arange(len(chosen))).mean() > 0.93


@pytest.fixture
def seven(digits: np.ndarray) -> np.ndarray:
    """A seven of 140 pixels, white on black."""
    return np.asarray(Image.fromarray(digits[1450]).resize((140, 140), Image.Resampling.BICUBIC))


def variants(seven: np.ndarray) -> dict[str, Image.Image]:
    share = seven[..., None] / 255.0
    gray = Image.fromarray(seven)
    empty = np.zeros_like(seven)
    colored = Image.fromarray(np.uint8(share * [200, 30, 40] + (1 - share) * [40, 160, 60]))
    noisy = np.clip(200 - 150 * share[..., 0] + np.random.default_rng(0).normal(0, 12, seven.shape), 0, 255)
    dirty = 255 - seven.copy()
    dirty[4:7, 4:7] = 0
    palette = colored.convert("P", palette=Image.Palette.ADAPTIVE, colors=16)
    return {
        "white on black": gray,
        "black on white": Image.fromarray(255 - seven),
        "faint": Image.fromarray(np.uint8(200 - seven // 8)),
        "red on green": colored,
        "palette": palette,
        "one bit": gray.convert("1", dither=Image.Dither.NONE),
        "16 bits": Image.fromarray(seven.astype(np.uint16) * 200),
        "float": Image.fromarray(seven.astype(np.float32) / 255),
        "cmyk": Image.fromarray(np.stack([255 - seven] * 3, axis=2)).convert("CMYK"),
        "black on transparent": Image.fromarray(np.stack([empty, empty, empty, seven], axis=2)),
        "white on transparent": Image.fromarray(np.stack([255 - empty] * 3 + [seven], axis=2)),
        "gray with alpha": gray.convert("LA"),
        "noisy": Image.fromarray(np.uint8(noisy)),
        "dirty": Image.fromarray(dirty),
        "wide": Image.fromarray(np.pad(255 - seven, [(0, 0), (0, 900)], constant_values=255)),
    }


@pytest.mark.parametrize("kind", list(variants(np.zeros((140, 140), np.uint8))))
def test_kinds_of_pictures(seven: np.ndarray, kind: str, tmp_path: Path) -> None:
    plain = prepare(Image.fromarray(seven))
    found = prepare(variants(seven)[kind])
    assert found.shape == (28, 28) and found.dtype == np.float32 and found.min() == 0 and found.max() == 1
    assert error(found, plain) < 0.3


def test_a_turned_photo_is_turned_back(seven: np.ndarray, tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was held upright: turn by 90 degrees
    Image.fromarray(seven).transpose(Image.Transpose.ROTATE_90).save(tmp_path / "photo.jpg", exif=exif, quality=95)
    assert error(read_picture(tmp_path / "photo.jpg"), prepare(Image.fromarray(seven))) < 0.2


def test_the_digit_fits_the_box_and_its_mass_is_centered(digits: np.ndarray) -> None:
    rng = np.random.default_rng(1)
    for digit in digits[::100]:
        found = prepare(paste(digit, rng))
        rows, columns = np.flatnonzero(found.any(axis=1)), np.flatnonzero(found.any(axis=0))
        assert max(np.ptp(rows), np.ptp(columns)) in (18, 19)
        center = [float((found.sum(axis=axis) @ np.arange(28)) / found.sum()) for axis in (1, 0)]
        np.testing.assert_allclose(center, 14, atol=0.51)


@pytest.mark.parametrize("shape", [(1, 40), (40, 1), (2, 2), (300, 3)])
def test_thin_pictures(shape: tuple[int, int]) -> None:
    pixels = np.full(shape, 255, np.uint8)
    pixels[0, 0] = 0
    assert prepare(Image.fromarray(pixels)).max() == 1


@pytest.mark.parametrize("pixels", [np.zeros((20, 20)), np.full((20, 20), 255), np.zeros((1, 1))])
def test_flat_pictures_are_refused(pixels: np.ndarray) -> None:
    with pytest.raises(PictureError, match="one flat color"):
        prepare(Image.fromarray(pixels.astype(np.uint8)))


def bad(path: Path, kind: str) -> Path:
    if kind == "folder":
        path.mkdir()
    elif kind == "empty":
        path.write_bytes(b"")
    elif kind == "text":
        path.write_text("this is no picture")
    elif kind == "cut short":
        Image.fromarray(np.random.default_rng(0).integers(0, 255, (64, 64), np.uint8)).save(path)
        path.write_bytes(path.read_bytes()[:-500])
    elif kind == "flat":
        Image.new("RGB", (30, 30), "white").save(path)
    return path


@pytest.mark.parametrize("kind, says", [
    ("missing", "no such file"), ("folder", "a folder"), ("empty", "is empty"), ("text", "not a picture"),
    ("cut short", "damaged"), ("flat", "one flat color"),
])
def test_what_is_no_picture_is_one_sentence(tmp_path: Path, kind: str, says: str) -> None:
    path = bad(tmp_path / "digit.png", kind)
    with pytest.raises(PictureError, match=says) as caught:
        read_picture(path)
    assert str(caught.value).startswith(f"{path}: ") and "\n" not in str(caught.value)
