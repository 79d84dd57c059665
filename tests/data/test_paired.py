"""Pictures and label maps go through the same augmentation."""

import numpy as np
import pytest

from tinygrad_cnn.data import (
    CenterCrop,
    ColorJitter,
    Compose,
    ConvertImageDtype,
    DataLoader,
    ElasticTransform,
    Grayscale,
    Normalize,
    Paired,
    PCALighting,
    RandomAffine,
    RandomCrop,
    RandomHorizontalFlip,
    RandomResizedCrop,
    RandomShift,
    RandomVerticalFlip,
    Resample,
    Resize,
    TensorDataset,
)

MASKS = np.random.default_rng(0).integers(0, 5, (6, 16, 12))
IMAGES = np.repeat(MASKS[:, None], 3, axis=1).astype(np.float32) / 5
COLORED = IMAGES * np.float32([1, 0.5, 0.25])[:, None, None]
PLACES = [CenterCrop(9), RandomCrop(10, padding=3), RandomHorizontalFlip(), RandomShift(3), RandomVerticalFlip(),
          RandomAffine(20, 0.1, interpolation="nearest"), RandomResizedCrop(11, interpolation="nearest"),
          Resample([RandomAffine(10), ElasticTransform(5, 2)], "nearest"), Resize((20, 7), "nearest")]
COLORS = [ColorJitter(0.5, 0.5, 0.5, 0.2), ConvertImageDtype(np.uint8), Grayscale(3), Normalize(0.5, 0.25), PCALighting()]


def generator(seed=0):
    return np.random.Generator(np.random.Philox(seed))


@pytest.mark.parametrize("place", PLACES, ids=[type(place).__name__ for place in PLACES])
@pytest.mark.parametrize("dtype", [np.int64, np.uint8])
def test_labels_go_where_their_pixels_go(place, dtype):
    images, masks = Paired([place, RandomHorizontalFlip()])(IMAGES, MASKS.astype(dtype), generator())
    assert masks.dtype == dtype
    np.testing.assert_array_equal(masks, np.rint(5 * images[:, 0]))
    assert images.shape[0] == 6 and images.shape[2:] == masks.shape[1:]


def test_colors_leave_labels_and_the_draws_of_others():
    flips = [RandomHorizontalFlip(), RandomVerticalFlip()]
    for color in COLORS:
        images, masks = Paired([flips[0], color, flips[1]])(COLORED, MASKS, generator())
        moved, same = Paired([flips[0], ColorJitter(), flips[1]])(COLORED, MASKS, generator())
        np.testing.assert_array_equal(masks, same)
        assert (images != moved).any()
        np.testing.assert_array_equal(np.rint(5 * moved[:, 0]), same)


def test_labels_are_never_mixed():
    masks = np.where(MASKS > 2, 200, 10)
    _, out = Paired([RandomResizedCrop(32), RandomAffine(30)], fill=255)(IMAGES, masks, generator())
    assert set(np.unique(out)) == {10, 200, 255}
    assert PLACES[5].fill == 0


def test_with_a_loader():
    paired = Paired([RandomResizedCrop(8, interpolation="nearest"), RandomHorizontalFlip()])
    dataset = TensorDataset(IMAGES, MASKS)
    batches = [[x.numpy() for x in batch] for batch in
               DataLoader(dataset, 2, shuffle=True, transform=paired.images, target_transform=paired.masks)]
    for images, masks in batches:
        np.testing.assert_array_equal(masks, np.rint(5 * images[:, 0]))
        assert (images.shape, masks.shape, masks.dtype) == ((2, 3, 8, 8), (2, 8, 8), np.int64)
    assert len({masks.tobytes() for _, masks in batches}) == 3


def test_the_same_numbers_give_the_same_pair():
    paired = Paired([RandomAffine(20), ColorJitter(0.3)])
    first, again, other = (paired(IMAGES, MASKS, generator(seed)) for seed in (1, 1, 2))
    for a, b, c in zip(first, again, other, strict=True):
        np.testing.assert_array_equal(a, b)
        assert (a != c).any()


def test_nothing_to_do():
    images, masks = Paired([])(IMAGES, MASKS[:, :, :], generator())
    np.testing.assert_array_equal(masks, MASKS)
    assert Paired([RandomCrop(4)])(IMAGES[:0], MASKS[:0], generator())[1].shape == (0, 4, 4)
    assert images is IMAGES


@pytest.mark.parametrize(("make", "error", "message"), [
    (lambda: Paired([Compose([])]), TypeError, "Paired: Compose is not known to move labels or to leave them"),
    (lambda: Paired([])(IMAGES, MASKS[:5], generator()), ValueError, r"images have shape .* and masks \(5, 16, 12\)"),
    (lambda: Paired([]).masks(MASKS / 2, generator()), ValueError, "masks have shape .* and dtype float64, but must be whole"),
    (lambda: Paired([]).masks(MASKS + (1 << 24), generator()), ValueError, "labels and fill run from 0 to 16777220, but"),
    (lambda: Paired([], fill=-1).masks(MASKS.astype(np.uint8), generator()), ValueError, "run from -1 to 4, .* 0 and 255"),
])
def test_what_does_not_fit(make, error, message):
    with pytest.raises(error, match=message):
        make()
