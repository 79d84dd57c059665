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
    """Where compiled kernels are kept: TINYGRAD_CNN_CACHE, else the user's cache of the platform, else nowhere."""
    if "TINYGRAD_CNN_CACHE" in os.environ:
        folder = Path(os.environ["TINYGRAD_CNN_CACHE"])
    elif sys.platform == "win32":
        folder = Path(os.environ.get("LOCALAPPDATA", Path.home())) / "tinygrad_cnn"
    elif sys.platform == "darwin":
        folder = Path.home() / "Library" / "Caches" / "tinygrad_cnn"
    else:
        folder = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "tinygrad_cnn"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=folder).close()
        return folder
    except OSError as error:
        warnings.warn(f"jit: the kernel cache {folder} is not writable ({error}), so every process compiles its "
                      "kernels anew. Set TINYGRAD_CNN_CACHE to a folder that is.", stacklevel=2)
        return None


IMPORT = re.compile(r"^\s*from (\.+)([\w.]*) import (\([^)]*\)|.*)", re.MULTILINE)


def imported(source: Path) -> set[Path]:
    """The modules of this package that `source` imports: `from .tile import fma` or `from .. import formulas`."""
    found: set[Path] = set()
    for dots, module, names in IMPORT.findall(source.read_text(encoding="utf-8")):
        folder = source.parents[len(dots) - 1].joinpath(*module.split("."))
        modules = [folder, *(folder / name for name in re.findall(r"\w+", names))]
        found.update(path for m in modules for path in (m.with_suffix(".py"), m / "__init__.py"))
    return {path for path in found if path.is_file()}


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
