"""Fetch a file once, whole and checked; nothing in the package does so unless it is asked to."""

from __future__ import annotations

import hashlib
import os
import re
import secrets
from contextlib import suppress
from http.client import HTTPException
from pathlib import Path
from typing import BinaryIO
from urllib.error import HTTPError, URLError
from urllib.parse import unquote, urlsplit
from urllib.request import urlopen

from ..cache import cache_folder
from .files import LARGEST, DataFileError

_DIGITS = {"md5": 32, "sha256": 64}
_PIECE = 1 << 16  # bytes read at a time


def download(url: str, checksum: str, folder: str | Path | None = None, timeout: float = 30.0,
             largest: int = LARGEST) -> Path:
    """Fetch `url` into `folder` unless the file is there already; returns the file's path.

    checksum  "sha256:" or "md5:" and the hexadecimal digits; a file with another one is never kept
    folder    made if it is missing; default `downloads` in the cache folder, TINYGRAD_CNN_CACHE or the platform's
    timeout   seconds without a byte after which the server is given up
    largest   bytes after which the server is given up

    The file gets its name when all of it has arrived and agrees with the checksum: what lies there under that name is
    whole, even if several processes fetch it at once or one is killed. Raises `DataFileError` if that cannot be done,
    and `ValueError` for a checksum or address that makes no sense.
    """
    kind, _, digits = checksum.lower().partition(":")
    if not re.fullmatch(rf"[0-9a-f]{{{_DIGITS.get(kind, 0)}}}", digits) or not digits:
        raise ValueError(f"download: checksum is {checksum!r}, but must be 'sha256:' and 64 hexadecimal digits, or "
                         f"'md5:' and 32.")
    address = urlsplit(url)
    name = unquote(address.path).rpartition("/")[2]
    if address.scheme not in ("http", "https") or name in ("", ".", "..") or not re.fullmatch(r"[\w.+ -]+", name):
        raise ValueError(f"download: url is {url!r}, but must begin with http or https and end in the name of a file.")
    place = _folder(folder)
    made = [place, *place.parents][:_missing(place)]
    try:
        place.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DataFileError(f"{place}: the folder for downloads cannot be made ({error.strerror}).") from error
    path = place / name
    partial = path.with_name(f".{name}.{secrets.token_hex(8)}")
    try:
        if path.exists():
            _compare(str(path), checksum, _digest(path, kind), "remove it to fetch it again")
            return path
        with open(partial, "xb") as file:
            _fetch(url, file, timeout, largest)
        _compare(url, checksum, _digest(partial, kind), "the server sent another file, which was not kept")
        os.replace(partial, path)
    except OSError as error:
        raise DataFileError(f"{path}: the file cannot be read or written ({error.strerror or error}).") from error
    finally:
        partial.unlink(missing_ok=True)
        with suppress(OSError):  # those that hold something stay
            for empty in made:
                empty.rmdir()
    return path


def _folder(folder: str | Path | None) -> Path:
    if folder is None:
        cache = cache_folder()
        if cache is None:
            raise DataFileError("download: there is no cache folder to write to; give a folder, or set "
                                "TINYGRAD_CNN_CACHE to one.")
        folder = cache / "downloads"
    return Path(folder)


def _missing(folder: Path) -> int:
    """How many folders must be made for `folder` to be there."""
    return sum(not path.exists() for path in (folder, *folder.parents))


def _fetch(url: str, file: BinaryIO, timeout: float, largest: int) -> None:
    received = 0
    try:
        with urlopen(url, timeout=timeout) as response:
            announced = response.length  # None where the server does not say
            _bound(url, announced or 0, largest)
            while piece := response.read(_PIECE):
                received += file.write(piece)
                _bound(url, received, largest)
    except HTTPError as error:
        raise DataFileError(f"{url}: the server answers {error.code} {_one_line(error.reason)}; check the "
                            f"address.") from error
    except TimeoutError as error:
        raise DataFileError(f"{url}: nothing came for {timeout:g} seconds, after {received} bytes; try "
                            f"again.") from error
    except (HTTPException, URLError, OSError) as error:
        reason = _one_line(getattr(error, "reason", error))
        raise DataFileError(f"{url}: the download failed after {received} bytes ({reason}); try again.") from error
    if announced is not None and received != announced:
        raise DataFileError(f"{url}: the server announced {announced} bytes and sent {received}; try again.")


def _bound(url: str, count: int, largest: int) -> None:
    if count > largest:
        raise DataFileError(f"{url}: the server sends more than {largest} bytes, the most that is taken; raise `largest` if "
                            f"that is right.")


def _one_line(text: object) -> str:
    return " ".join(str(text).split())


def _digest(path: Path, kind: str) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.new(kind, usedforsecurity=False)).hexdigest()


def _compare(source: str, checksum: str, found: str, remedy: str) -> None:
    kind, _, expected = checksum.lower().partition(":")
    if found != expected:
        raise DataFileError(f"{source}: the {kind} checksum is {found}, but should be {expected}; {remedy}.")
