"""Weights and checkpoints in safetensors files: no pickle, so a file from a stranger cannot run code.

`save` and `load` keep one dictionary of tensors in one file. A checkpoint of a training run is a folder of its own:

    runs/mnist/
        latest                    one line, "step-3000": replacing this file is what commits a checkpoint
        step-3000/
            model.safetensors     the plain keys of `state_dict()`, loadable by anything that reads safetensors
            training.safetensors  everything else the run needs to go on

Both files bear one id, written anew at every save, so that files of two saves are never mixed. Whatever moment the
process dies at, `latest` names a whole checkpoint: the old one until the new one lies complete on the disk.
"""

from __future__ import annotations

import json
import os
import shutil
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, BinaryIO
from zipfile import is_zipfile

import numpy as np
import numpy.typing as npt

from . import pth
from .creation import tensor
from .objects import CheckpointError, each_array, is_flat, put_together, taken_apart
from .shapes import DTYPE_NAMES
from .tensor import Tensor

Array = npt.NDArray[Any]
FORMAT = 1
SKELETON = "object"  # the key of the metadata that describes what is no dictionary of tensors


@dataclass(frozen=True)
class Checkpoint:
    """What `load_checkpoint` found: tensors by key, and the metadata as the values that were saved."""

    folder: Path
    step: int
    model: dict[str, Array]
    training: dict[str, Array]
    metadata: dict[str, Any]


def save(obj: Any, path: str | Path | BinaryIO, metadata: Mapping[str, Any] | None = None) -> None:
    """Write `obj` to one safetensors file, whole or not at all, or into a file that is open for bytes.

    A dictionary of tensors by name (a `state_dict()`, say) is written under these names. Anything else made of tensors,
    numbers, strings, None, dictionaries, lists and tuples is written with a description of it in the file's metadata.
    `metadata` may hold anything JSON can express. Raises `CheckpointError` if the file cannot be written or a dtype
    is not one of float32, float64, int64, int32, uint8, bool; TypeError if `obj` holds anything else.
    """
    if not isinstance(path, (str, Path)):  # a file that is open
        with TemporaryDirectory() as folder:
            save(obj, whole := Path(folder) / "object", metadata)
            path.write(whole.read_bytes())
        return
    path, tensors = Path(path), obj
    if not is_flat(obj):
        tensors = {}
        metadata = {**(metadata or {}), SKELETON: taken_apart(obj, tensors)}
    partial = path.with_name(path.name + ".partial")
    with _one_sentence("write", path):
        _write(partial, tensors, metadata or {})
        os.replace(partial, path)
        _flush(path.parent)


def load(path: str | Path | BinaryIO, map_location: Any = None, *, weights_only: bool = True) -> Any:
    """What `save` wrote: the tensors by name, what `Module.load_state_dict` takes, or the object made of them.

    Reads PyTorch's `.pth` files too. Tensors go to the device `map_location`, by default the CPU. No file can run code,
    whatever `weights_only` says. Raises `CheckpointError` if the file is missing, damaged or of neither kind.
    """
    del weights_only
    if not isinstance(path, (str, Path)):  # a file that is open
        with TemporaryDirectory() as folder:
            (whole := Path(folder) / "object").write_bytes(path.read())
            return load(whole, map_location)

    def loaded(array: Array) -> Tensor:
        return tensor(array, device=map_location or "cpu")

    if Path(path).is_file() and is_zipfile(path):
        return each_array(pth.read(path), loaded)
    arrays, metadata = read(path)
    tensors = {key: loaded(array) for key, array in arrays.items()}
    try:
        return put_together(metadata[SKELETON], tensors) if SKELETON in metadata else tensors
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise CheckpointError(f"cannot read {path}: its metadata describe no object of its tensors ({error}); the file is "
                              "damaged, save it again.") from error


def read(path: str | Path) -> tuple[dict[str, Array], dict[str, Any]]:
    """The arrays of one safetensors file by key and its metadata, decoded where a value is JSON."""
    path = Path(path)
    if path.is_dir():
        raise CheckpointError(f"{path} is a folder; name the .safetensors file inside it.")
    from safetensors import safe_open  # here, so that `--help` need not wait for it

    with _one_sentence("read", path), safe_open(path, framework="numpy") as file:
        keys: list[str] = file.keys()
        for key in keys:
            if (dtype := file.get_slice(key).get_dtype()) not in ("F32", "F64", "I64", "I32", "U8", "BOOL"):
                raise CheckpointError(f"{path}: tensor {key!r} has dtype {dtype}; "
                                      f"convert the file to one of {', '.join(DTYPE_NAMES)}.")
        arrays: dict[str, Array] = {key: file.get_tensor(key) for key in keys}
        metadata = {key: _decoded(value) for key, value in (file.metadata() or {}).items()}
    return arrays, metadata


def save_checkpoint(run: str | Path, step: int, model: Mapping[str, Tensor | Array],
                    training: Mapping[str, Tensor | Array], metadata: Mapping[str, Any]) -> Path:
    """Write the folder `run/step-N` and commit it; the checkpoint before it goes only after that.

    `metadata` goes into both files. Returns the folder. A step that is committed already is not written again: raises
    `CheckpointError`, as it does when the disk refuses.
    """
    run, name = Path(run), f"step-{step}"
    if _committed(run) == name:
        raise CheckpointError(f"{run / name} is saved already; take one more step before saving again.")
    metadata = {**metadata, "format": FORMAT, "step": step, "step_id": uuid.uuid4().hex}
    with _one_sentence("write", run / name):
        run.mkdir(parents=True, exist_ok=True)
        partial, folder = run / f"{name}.partial", run / name
        for leftover in (partial, folder):
            shutil.rmtree(leftover, ignore_errors=True)
        partial.mkdir()
        _write(partial / "model.safetensors", model, metadata)
        _write(partial / "training.safetensors", training, metadata)
        _flush(partial)
        os.replace(partial, folder)
        _flush(run)
        pointer = run / "latest.partial"
        with open(pointer, "w", encoding="utf-8") as file:
            file.write(name + "\n")
            file.flush()
            os.fsync(file.fileno())
        os.replace(pointer, run / "latest")
        _flush(run)
    for old in run.glob("step-*"):
        if old.name != name:
            shutil.rmtree(old, ignore_errors=True)
    return folder


def latest(run: str | Path) -> Path | None:
    """The folder of the last committed checkpoint of a run, None if there is none."""
    name = _committed(Path(run))
    return Path(run) / name if name else None


def load_checkpoint(run: str | Path) -> Checkpoint:
    """The last committed checkpoint of a run. Raises `CheckpointError` if there is none or it is damaged."""
    folder = latest(run)
    if folder is None:
        raise CheckpointError(f"{run} holds no checkpoint; train one with `tinygrad-cnn train mnist --out {run}`.")
    model, model_metadata = read(folder / "model.safetensors")
    training, metadata = read(folder / "training.safetensors")
    if "step_id" not in metadata or metadata["step_id"] != model_metadata.get("step_id"):
        raise CheckpointError(f"{folder} mixes the files of two saves (their step ids differ); "
                              f"restore both files from one backup or train again.")
    if metadata.get("format") != FORMAT:
        raise CheckpointError(f"{folder} has checkpoint format {metadata.get('format')}, this version reads {FORMAT}; "
                              f"use tinygrad_cnn {metadata.get('package', 'of that time')}.")
    if f"step-{metadata.get('step')}" != folder.name:
        raise CheckpointError(f"{folder} holds step {metadata.get('step')}; restore the folder from a backup.")
    return Checkpoint(folder, metadata["step"], model, training, metadata)


def newest_run(runs: str | Path) -> Path | None:
    """The run below the folder `runs` whose checkpoint was committed last, None if there is none."""
    pointers = [pointer for pointer in Path(runs).glob("*/latest") if pointer.is_file()]
    return max(pointers, key=lambda pointer: (pointer.stat().st_mtime_ns, pointer)).parent if pointers else None


def _committed(run: Path) -> str | None:
    pointer = run / "latest"
    if not pointer.exists():
        return None
    with _one_sentence("read", pointer):
        name = pointer.read_text(encoding="utf-8").strip()
    if not (name.startswith("step-") and name[5:].isdigit()):
        raise CheckpointError(f"{pointer} should hold one line like step-120, but holds {name[:40]!r}; "
                              f"write the name of a step folder of {run} into it.")
    if not (run / name).is_dir():
        raise CheckpointError(f"{pointer} names {name}, but {run / name} does not exist; restore that folder.")
    return name


def _write(path: Path, tensors: Mapping[str, Tensor | Array], metadata: Mapping[str, Any]) -> None:
    arrays = {}
    for key, value in tensors.items():
        array = value if isinstance(value, np.ndarray) else value.detach().numpy()
        if array.dtype.name not in DTYPE_NAMES:
            raise CheckpointError(f"{path}: tensor {key!r} has dtype {array.dtype}; "
                                  f"cast it to one of {', '.join(DTYPE_NAMES)}.")
        arrays[key] = np.ascontiguousarray(array).reshape(array.shape)  # channels-last weights are strided views
    from safetensors.numpy import save_file

    save_file(arrays, path, {key: json.dumps(value) for key, value in metadata.items()})
    _flush(path)


def _decoded(value: str) -> Any:
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        return value


def _flush(path: Path) -> None:
    """Wait until a file, or the list of names of a folder, is on the disk. Windows cannot open folders: skipped."""
    if path.is_dir() and os.name == "nt":
        return
    descriptor = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def _one_sentence(verb: str, path: Path) -> Iterator[None]:
    """Turn what the system or safetensors says into one `CheckpointError` that names the file."""
    from safetensors import SafetensorError

    try:
        yield
    except FileNotFoundError as error:
        raise CheckpointError(f"cannot {verb} {path}: there is no such file or folder.") from error
    except OSError as error:
        raise CheckpointError(f"cannot {verb} {path}: {error.strerror or error}.") from error
    except SafetensorError as error:
        kind = "it is damaged or not a safetensors file" if verb == "read" else "safetensors refused"
        raise CheckpointError(f"cannot {verb} {path}: {kind} ({error}).") from error
    except UnicodeDecodeError as error:
        raise CheckpointError(f"cannot {verb} {path}: it is not a text file.") from error
