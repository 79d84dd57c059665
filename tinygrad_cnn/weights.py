"""Weights of a network from and to files: safetensors, numpy's .npz, and (reading only) PyTorch's .pth."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from . import pth, saving
from .objects import CheckpointError
from .shapes import DTYPE_NAMES

if TYPE_CHECKING:
    from .nn.module import Module
    from .nn.state import LoadResult

Array = np.ndarray[Any, Any]
WRAPPINGS = ("state_dict", "model")
"""Keys under which training scripts put the state_dict."""


def load_weights(model: Module, file: str | Path, strict: bool = True) -> LoadResult:
    """Copy the weights in a .safetensors, .npz, .pth or .pt file into `model`, by key; PyTorch's keys are ours.

    A .pth file may wrap them: {"state_dict": ...} or {"model": ...}. Nothing in any file is executed. Raises
    ValueError, which lists all keys and shapes that do not fit (see `Module.load_state_dict`, also for
    `strict`), before anything is copied; CheckpointError where the file cannot be read.
    """
    return model.load_state_dict(read_weights(file), strict)


def save_weights(tensors: Module | Mapping[str, Any], file: str | Path) -> None:
    """Write a network's state_dict, or any tensors or arrays by key, to a .safetensors or .npz file.

    The file is written whole or not at all. Raises CheckpointError for other endings, dtypes there are not, and a disk
    that refuses.
    """
    path = Path(file)
    state: Mapping[str, Any] = tensors if isinstance(tensors, Mapping) else tensors.state_dict()
    if path.suffix == ".safetensors":
        saving.save(state, path)
    elif path.suffix == ".npz":
        _write_npz(path, state)
    else:
        raise CheckpointError(f"cannot write {path}: its ending is {path.suffix!r} but .safetensors or .npz is needed.")


def read_weights(file: str | Path) -> dict[str, Array]:
    """The arrays in a .safetensors, .npz, .pth or .pt file by key."""
    path = Path(file)
    if path.suffix == ".safetensors":
        return saving.read(path)[0]
    if path.suffix == ".npz":
        return _read_npz(path)
    if path.suffix in (".pth", ".pt"):
        return _state(pth.read(path), path)
    raise CheckpointError(f"cannot read {path}: its ending is {path.suffix!r} but .safetensors, .npz, .pth or .pt is "
                          "needed.")


def _state(found: Any, path: Path) -> dict[str, Array]:
    """The state_dict in what a .pth file holds; numbers become arrays, so that loading can report them."""
    for key in WRAPPINGS:
        if isinstance(found, dict) and isinstance(found.get(key), dict):
            found = found[key]
    if not isinstance(found, dict) or not all(isinstance(key, str) for key in found):
        raise CheckpointError(f"{path} holds a {type(found).__name__} but a dict of tensors by name is needed; "
                              "save the network's state_dict().")
    others = [f"{key!r} ({type(value).__name__})" for key, value in found.items()
              if not isinstance(value, (np.ndarray, bool, int, float))]
    if others:
        raise CheckpointError(f"{path} holds {len(others)} entries that are no tensors: {', '.join(others[:12])}; "
                              f"save the network's state_dict(), or put it under {' or '.join(map(repr, WRAPPINGS))}.")
    return {key: np.asarray(value) for key, value in found.items()}


def _read_npz(path: Path) -> dict[str, Array]:
    try:
        with open(path, "rb") as file, np.load(file, allow_pickle=False) as archive:
            arrays = dict(archive)
    except FileNotFoundError:
        raise CheckpointError(f"cannot read {path}: there is no such file.") from None
    except (OSError, EOFError, ValueError, TypeError, zipfile.BadZipFile) as error:
        raise CheckpointError(f"cannot read {path}: it is damaged or not an .npz file of plain arrays ({error})."
                              ) from error
    _known(arrays, path)
    return arrays


def _write_npz(path: Path, tensors: Mapping[str, Any]) -> None:
    arrays = {key: value if isinstance(value, np.ndarray) else value.detach().cpu().numpy()
              for key, value in tensors.items()}
    _known(arrays, path)
    partial = path.with_name(path.name + ".partial")
    try:
        with open(partial, "wb") as file:
            with zipfile.ZipFile(file, "w") as archive:
                for key, array in arrays.items():
                    with archive.open(f"{key}.npy", "w", force_zip64=True) as member:
                        np.lib.format.write_array(member, array, allow_pickle=False)
            file.flush()
            os.fsync(file.fileno())
        os.replace(partial, path)
    except OSError as error:
        raise CheckpointError(f"cannot write {path}: {error.strerror or error}.") from error


def _known(arrays: Mapping[str, Array], path: Path) -> None:
    for key, array in arrays.items():
        if array.dtype.name not in DTYPE_NAMES:
            raise CheckpointError(f"{path}: tensor {key!r} has dtype {array.dtype}; "
                                  f"cast it to one of {', '.join(DTYPE_NAMES)}.")
