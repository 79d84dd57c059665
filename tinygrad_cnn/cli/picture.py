"""Writing the picture that a subcommand draws."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from .failure import Failure

if TYPE_CHECKING:
    from PIL.Image import Image


def write(picture: Image, path: Path) -> None:
    """Save `picture`, in the format that the path's ending names. Raises Failure if that cannot be."""
    try:
        picture.save(path)
    except ValueError as error:
        raise Failure(f"{path}: pillow does not know this kind of picture; end the name in .png.", 2) from error
    except OSError as error:
        raise Failure(f"cannot write {path}: {error.strerror or error}.") from error
