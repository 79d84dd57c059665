"""The generated pages are those that the package would write now."""

import pytest
from PIL import Image

from docs import architectures
from tinygrad_cnn import models


def test_the_page_is_fresh():
    written = (architectures.HERE / "architectures.md").read_text(encoding="utf-8")
    assert written == architectures.page(), "run `python -m docs.architectures`"


@pytest.mark.parametrize("name", architectures.PICTURED)
def test_pictures_are_fresh(name):
    with Image.open(architectures.HERE / "pictures" / f"{name}.png") as picture:
        assert picture.text["digest"] == architectures.digest(name), "run `python -m docs.architectures`"


def test_every_figure_belongs_to_a_network():
    assert set(architectures.PUBLISHED) | set(architectures.PICTURED) <= set(models.list_models())
