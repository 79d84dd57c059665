"""Folders of pictures and of label maps: order, sizes, and files that are damaged or too large."""

import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from tinygrad_cnn.data import DataFileError, DataLoader, ImageFolder, SegmentationFolder, read_image, read_mask


def pixels(height=6, width=5, channels=3, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (height, width, channels), np.uint8)


def save(path, array, mode=None):
    path.parent.mkdir(parents=True, exist_ok=True)
    picture = Image.fromarray(array)
    (picture if mode is None else picture.convert(mode)).save(path)


def bomb(path, side=20_000):
    """A PNG of a few bytes that announces side x side pixels."""
    header = b"IHDR" + struct.pack(">2I5B", side, side, 8, 2, 0, 0, 0)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + header + struct.pack(">I", zlib.crc32(header))
                     + struct.pack(">I", 9) + b"IDAT")


@pytest.fixture
def folder(tmp_path):
    save(tmp_path / "dog" / "b.png", pixels(seed=1))
    save(tmp_path / "dog" / "a.PNG", pixels(seed=2))
    save(tmp_path / "cat" / "z" / "old.bmp", pixels(seed=3))
    save(tmp_path / "cat" / "x.png", pixels(seed=4))
    (tmp_path / "cat" / "notes.txt").write_text("no picture")
    save(tmp_path / "cat" / ".hidden.png", pixels())
    save(tmp_path / ".trash" / "c.png", pixels())
    save(tmp_path / "loose.png", pixels())
    return tmp_path


def test_classes_and_order(folder):
    photos = ImageFolder(folder)
    assert photos.classes == ["cat", "dog"]
    names = [(path.relative_to(folder).as_posix(), label) for path, label in photos.samples]
    assert names == [("cat/x.png", 0), ("cat/z/old.bmp", 0), ("dog/a.PNG", 1), ("dog/b.png", 1)]
    images, labels = photos.batch(np.array([3, 1]))
    np.testing.assert_array_equal(images[0], pixels(seed=1).transpose(2, 0, 1) / np.float32(255))
    np.testing.assert_array_equal(images[1], pixels(seed=3).transpose(2, 0, 1) / np.float32(255))
    assert (images.dtype, labels.dtype, labels.tolist()) == (np.float32, np.int64, [1, 0])
    batch, _ = next(iter(DataLoader(photos, 4, prefetch=0)))
    assert batch.shape == (4, 3, 6, 5)


def test_torchvisions_names(folder):
    photos = ImageFolder(folder)
    assert photos.class_to_idx == {"cat": 0, "dog": 1} and photos.targets == [0, 0, 1, 1]


def test_bytes(folder):
    photos = ImageFolder(folder, as_bytes=True)
    np.testing.assert_array_equal(photos[3][0], pixels(seed=1).transpose(2, 0, 1))
    assert photos.batch(np.arange(2))[0].dtype == np.uint8


def test_links_are_followed(folder):
    try:
        (folder / "bird").symlink_to(folder / "cat")
        (folder / "dog" / "more").symlink_to(folder / "cat" / "z")
        (folder / "dog" / "round").symlink_to(folder / "dog")
        (folder / "dog" / "z.png").symlink_to("nowhere.png")
    except OSError:
        pytest.skip("no links here")
    photos = ImageFolder(folder)
    assert photos.classes == ["bird", "cat", "dog"] and photos.targets == [0, 0, 1, 1, 2, 2, 2, 2]
    assert [path.name for path, label in photos.samples if label == 2] == ["a.PNG", "b.png", "old.bmp", "z.png"]
    with pytest.raises(DataFileError, match=r"z.png: there is no such file\.$"):
        photos[7]
    assert len(ImageFolder(folder, damaged="skip")) == 7


def test_a_camera_may_note_an_orientation_which_is_not_applied(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(pixels()).save(tmp_path / "a.png", exif=exif)
    np.testing.assert_array_equal(read_image(tmp_path / "a.png"), pixels().transpose(2, 0, 1))


def test_only_formats_of_pictures_are_opened(tmp_path):
    """Pillow hands PostScript to another program."""
    (tmp_path / "a.png").write_bytes(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 4 4\n%%EndComments\nshowpage\n%%EOF\n")
    with pytest.raises(DataFileError, match="not a picture that pillow can read"):
        read_image(tmp_path / "a.png")


def test_nothing_but_damage(tmp_path):
    (tmp_path / "dog").mkdir()
    (tmp_path / "dog" / "a.png").write_bytes(b"no picture")
    with pytest.raises(DataFileError, match=r"none of 1 pictures can be read, the first because: .*a\.png"):
        ImageFolder(tmp_path, damaged="skip")


def test_two_pictures_of_one_name(tmp_path):
    for name in "a.png", "a.bmp":
        save(tmp_path / "images" / name, pixels())
    save(tmp_path / "masks" / "a.png", pixels(channels=1)[..., 0])
    with pytest.raises(DataFileError, match=r"a\.png: a\.bmp has the same name but for its ending"):
        SegmentationFolder(tmp_path / "images", tmp_path / "masks")


def test_pictures_are_read_when_they_are_asked_for(folder):
    photos = ImageFolder(folder)
    save(folder / "dog" / "b.png", pixels(seed=9))
    np.testing.assert_array_equal(photos[3][0], pixels(seed=9).transpose(2, 0, 1) / np.float32(255))


@pytest.mark.parametrize(("mode", "given", "channels"), [
    ("RGB", "L", 3), ("L", "RGB", 1), ("RGB", "P", 3), ("RGB", "1", 3), ("RGB", "RGBA", 3), ("L", "L", 1)])
def test_modes(tmp_path, mode, given, channels):
    save(tmp_path / "a.png", pixels(), given)
    found = read_image(tmp_path / "a.png", mode=mode)
    assert (found.shape, found.dtype) == ((channels, 6, 5), np.uint8)
    expected = np.asarray(Image.fromarray(pixels()).convert(given).convert(mode)).reshape(6, 5, channels)
    np.testing.assert_array_equal(found, expected.transpose(2, 0, 1))


def test_size_covers_and_keeps_the_middle(tmp_path):
    stripes = np.zeros((4, 12, 3), np.uint8)
    stripes[:, 4:8] = 255
    save(tmp_path / "a.png", stripes)
    assert (read_image(tmp_path / "a.png", (4, 4)) == 255).all()
    assert read_image(tmp_path / "a.png", (8, 6)).shape == (3, 8, 6)


def test_sizes_that_differ_need_a_size(folder):
    save(folder / "cat" / "x.png", pixels(9, 9))
    with pytest.raises(ValueError, match=r"ImageFolder: .*old.bmp has shape \(3, 6, 5\) and .*x.png \(3, 9, 9\).*give size="):
        ImageFolder(folder).batch(np.array([0, 1]))
    assert ImageFolder(folder, size=(4, 7)).batch(np.arange(4))[0].shape == (4, 3, 4, 7)


@pytest.mark.parametrize("damage", [lambda path: path.write_bytes(path.read_bytes()[:60]), lambda path: path.write_bytes(b""),
                                    lambda path: path.write_bytes(b"GIF89a and nothing"), bomb])
def test_damaged_pictures_are_named_or_skipped(folder, damage):
    path = folder / "dog" / "a.PNG"
    damage(path)
    photos = ImageFolder(folder)
    assert len(photos) == 4
    with pytest.raises(DataFileError, match=rf"^{path}: .*\.$"):
        photos.batch(np.arange(4))
    photos = ImageFolder(folder, damaged="skip")
    assert [path.name for path, _ in photos.samples] == ["x.png", "old.bmp", "b.png"]
    assert len(photos.skipped) == 1 and photos.skipped[0].startswith(f"{path}: ")
    assert photos.batch(np.arange(3))[1].tolist() == [0, 0, 1]


def test_the_limit_of_pixels(tmp_path):
    save(tmp_path / "a.png", pixels())
    assert read_image(tmp_path / "a.png", largest=30).shape == (3, 6, 5)
    with pytest.raises(DataFileError, match="a.png: the picture has 5 x 6 pixels, more than 29; raise `largest`"):
        read_image(tmp_path / "a.png", largest=29)
    bomb(tmp_path / "b.png", 9000)
    with pytest.raises(DataFileError, match="b.png: the picture has 9000 x 9000 pixels, more than 50000000"):
        read_image(tmp_path / "b.png")


def test_pictures_of_more_than_8_bits(tmp_path):
    save(tmp_path / "a.png", np.full((3, 3), 40_000, np.uint16))
    with pytest.raises(DataFileError, match="a.png: the picture has mode I;16, more than 8 bits"):
        read_image(tmp_path / "a.png")
    assert (read_mask(tmp_path / "a.png") == 40_000).all()


def test_masks_keep_their_numbers(tmp_path):
    labels = np.random.default_rng(0).integers(0, 4, (8, 6)).astype(np.uint8)
    save(tmp_path / "gray.png", labels)
    indexed = Image.fromarray(labels)
    indexed.putpalette([200, 10, 10, 10, 200, 10, 10, 10, 200, 0, 0, 0])
    indexed.save(tmp_path / "palette.png")
    save(tmp_path / "bits.png", np.uint8(255 * (labels > 1)), "1")
    for name in "gray.png", "palette.png":
        np.testing.assert_array_equal(read_mask(tmp_path / name), labels)
    assert read_mask(tmp_path / "gray.png").dtype == np.int64
    save(tmp_path / "far.png", np.uint8(250 * (labels > 1)))
    assert set(np.unique(read_mask(tmp_path / "far.png", (5, 9)))) == {0, 250}
    np.testing.assert_array_equal(read_mask(tmp_path / "bits.png"), labels > 1)
    save(tmp_path / "color.png", pixels())
    with pytest.raises(DataFileError, match="one whole number for each pixel, but the picture has mode RGB"):
        read_mask(tmp_path / "color.png")


def test_segmentation_folder(tmp_path):
    for name in "b", "a", "c/a":
        save(tmp_path / "images" / f"{name}.bmp", pixels(seed=len(name)))
        save(tmp_path / "masks" / f"{name}.png", pixels(channels=1, seed=ord(name[0]))[..., 0] // 64)
    cells = SegmentationFolder(tmp_path / "images", tmp_path / "masks")
    assert [path.relative_to(tmp_path / "images").as_posix() for path, _ in cells.samples] == ["a.bmp", "b.bmp", "c/a.bmp"]
    images, masks = cells.batch(np.array([2, 0]))
    assert (images.shape, images.dtype, masks.shape, masks.dtype) == ((2, 3, 6, 5), np.float32, (2, 6, 5), np.int64)
    np.testing.assert_array_equal(masks[1], pixels(channels=1, seed=ord("a"))[..., 0] // 64)
    assert SegmentationFolder(tmp_path / "images", tmp_path / "masks", size=(4, 4))[0][1].shape == (4, 4)

    save(tmp_path / "masks" / "b.png", pixels(7, 5, 1)[..., 0])
    with pytest.raises(DataFileError, match=r"b.png: the label map has shape \(7, 5\), but the picture .*b.bmp \(6, 5\)"):
        cells[1]
    assert len(SegmentationFolder(tmp_path / "images", tmp_path / "masks", damaged="skip")) == 2
    (tmp_path / "masks" / "b.png").unlink()
    with pytest.raises(DataFileError, match="b.bmp: there is no file of this name in .*masks; pictures and label maps"):
        SegmentationFolder(tmp_path / "images", tmp_path / "masks")


def test_folders_without_pictures(tmp_path):
    with pytest.raises(DataFileError, match="none: the folder cannot be read"):
        ImageFolder(tmp_path / "none")
    with pytest.raises(DataFileError, match="there are no folders here; ImageFolder needs one for each class"):
        ImageFolder(tmp_path)
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataFileError, match="empty: there are no pictures here"):
        ImageFolder(tmp_path)


@pytest.mark.parametrize(("options", "message"), [
    ({"mode": "CMYK"}, "ImageFolder: mode is 'CMYK', but must be one of 'RGB', 'L'"),
    ({"damaged": "ignore"}, "ImageFolder: damaged is 'ignore', but must be 'raise' or 'skip'"),
    ({"size": (0, 4)}, r"ImageFolder: size is \(0, 4\), but a picture has at least one pixel"),
])
def test_impossible_options(folder, options, message):
    with pytest.raises(ValueError, match=message):
        ImageFolder(folder, **options)
