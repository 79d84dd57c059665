"""Where compiled kernels are kept, and what names them: the sources and all that decides their machine code."""

import functools
import hashlib
import os
import re
import sys
import tempfile
import types
import warnings
from pathlib import Path
from typing import Any

PACKAGE = Path(__file__).resolve().parent


@functools.lru_cache(None)
def cache_folder() -> Path | None:
    """Where compiled kernels are kept: TINYGRAD_CNN_CACHE, else the user's cache of the platform, else nowhere, with a
    warning."""
    try:
        folder = Path(os.environ["TINYGRAD_CNN_CACHE"]) if "TINYGRAD_CNN_CACHE" in os.environ else _users_folder()
        folder.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=folder).close()
        return folder
    except (OSError, RuntimeError) as error:  # RuntimeError: the user has no home
        warnings.warn(f"jit: there is no kernel cache ({error}), so every process compiles its kernels anew. Set "
                      "TINYGRAD_CNN_CACHE to a folder that you may write.", stacklevel=2)
        return None


def _users_folder() -> Path:
    """The platform's place for caches. Raises RuntimeError for a user without a home."""
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home()) / "tinygrad_cnn"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "tinygrad_cnn"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "tinygrad_cnn"


IMPORT = re.compile(r"^\s*from (\.+)([\w.]*) import (\([^)]*\)|.*)", re.MULTILINE)


def imported(source: Path) -> set[Path]:
    """The modules of this package that `source` takes something from: `from .tile import fma` or `from .. import formulas`.
    A package whose modules alone are named gives nothing itself, as the root of this one, which imports all there is."""
    found: set[Path] = set()
    for dots, module, names in IMPORT.findall(source.read_text(encoding="utf-8")):
        folder = source.parents[len(dots) - 1].joinpath(*module.split("."))
        within = [_file(folder / name) for name in re.findall(r"\w+", re.sub(r" as \w+", "", names))]
        found.update(path for path in (*within, None if within and all(within) else _file(folder)) if path)
    return found


def _file(module: Path) -> Path | None:
    return next((path for path in (module.with_suffix(".py"), module / "__init__.py") if path.is_file()), None)


@functools.lru_cache(None)
def sources_hash(source: Path) -> str:
    """A hash of `source` and of every module of this package it needs, near or far."""
    needed, queue = set(), [source]
    while queue:
        path = queue.pop()
        if path not in needed and path.is_file():
            needed.add(path)
            queue += imported(path) if PACKAGE in path.parents else []
    return digest(*(path.read_bytes() for path in sorted(needed)))


def describe(value: Any) -> Any:
    """What decides the machine code of a function beside the sources: its bytecode and what it closes over."""
    value = getattr(value, "py_func", value)
    if not isinstance(value, types.FunctionType):
        return repr(value)
    constants = [constant for constant in value.__code__.co_consts if not isinstance(constant, types.CodeType)]
    cells = [describe(cell.cell_contents) for cell in value.__closure__ or ()]
    return value.__module__, value.__name__, value.__code__.co_code, repr(constants), cells


def digest(*parts: Any) -> str:
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:20]
