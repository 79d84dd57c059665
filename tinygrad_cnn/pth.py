"""PyTorch's .pth files, read without executing the pickle in them.

Such a file is a zip archive: `<name>/data.pkl`, a pickle of the containers, and `<name>/data/0`, `1`, ..., the bytes of
the storages. `pickles` reads the pickle; of all functions it may call only the three that PyTorch writes for tensors.
"""

from __future__ import annotations

import struct
import sys
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided

from . import pickles
from .objects import CheckpointError

Array = np.ndarray[Any, Any]

DTYPES = {"FloatStorage": "f4", "DoubleStorage": "f8", "LongStorage": "i8", "IntStorage": "i4", "ByteStorage": "u1",
          "BoolStorage": "?", "HalfStorage": "f2", "BFloat16Storage": "u2"}
"""Storages of the dtypes there are here, and of two that become float32."""
UNPACKED = 1 << 28  # bytes that a member may have, and elements of a tensor, however small what they are made of


def read(path: str | Path) -> Any:
    """The object in a .pth file: dicts, lists, tuples, strings, numbers, and numpy arrays for its tensors.

    half and bfloat16 become float32. Tensors that share a storage in the file share memory here. Raises
    CheckpointError, one sentence, where the file is missing, damaged, of the format before PyTorch 1.6, or holds
    anything else, which it names.
    """
    path = Path(path)
    try:
        with zipfile.ZipFile(path) as archive:
            return _File(archive, path).read()
    except FileNotFoundError:
        raise CheckpointError(f"cannot read {path}: there is no such file.") from None
    except OSError as error:
        raise CheckpointError(f"cannot read {path}: {error.strerror or error}.") from error
    except zipfile.BadZipFile as error:
        raise CheckpointError(f"cannot read {path}: it is damaged, or no zip archive but a file of PyTorch before 1.6 "
                              f"({error}); load it in PyTorch and torch.save it again.") from error
    except pickles.Refused as error:
        raise CheckpointError(f"{path} holds {error}, and a .pth file may hold only tensors, numbers, strings and plain "
                              "containers here; if you trust the file, load it in PyTorch and save the state_dict() "
                              "alone.") from error
    except pickles.Damaged as error:
        raise CheckpointError(f"cannot read {path}: its pickle is damaged ({error}).") from error
    except (EOFError, RuntimeError, ValueError, LookupError, MemoryError, struct.error, zlib.error) as error:  # of zipfile
        raise CheckpointError(f"cannot read {path}: its archive is damaged ({error}).") from error


@dataclass(frozen=True)
class Storage:
    """The flat array behind tensors; several may look at one."""

    values: Array


class _File:
    """An archive and the storages read of it so far."""

    def __init__(self, archive: zipfile.ZipFile, path: Path) -> None:
        self.archive, self.path = archive, path
        members = set(archive.namelist())
        names = [name for name in members if name == "data.pkl" or name.endswith("/data.pkl")]
        if len(names) != 1:
            raise CheckpointError(f"cannot read {path}: the archive holds {len(names)} files data.pkl but a .pth file "
                                  "has one; was it written by torch.save?")
        self.prefix = names[0].removesuffix("data.pkl")
        order = self.member("byteorder") if f"{self.prefix}byteorder" in members else b"little"
        self.swapped = order.decode("ascii", "replace") != sys.byteorder
        self.storages: dict[str, Storage] = {}

    def read(self) -> Any:
        """The object that the pickle describes."""
        calls: dict[str, Callable[..., Any]] = {
            "collections.OrderedDict": pickles.dictionary,
            "torch.Size": _size,
            "torch._utils._rebuild_tensor_v2": self.tensor,
            "torch._utils._rebuild_parameter": lambda data, requires_grad, hooks: data,
        }
        return pickles.read(self.member("data.pkl"), calls, {f"torch.{kind}" for kind in DTYPES},
                            leaves=(*pickles.PLAIN, np.ndarray), persistent=self.storage)

    def member(self, name: str) -> bytes:
        """The bytes of a file in the archive. PyTorch packs nothing, so that no small file unpacks to a huge one."""
        info = self.archive.getinfo(f"{self.prefix}{name}")
        if info.file_size > max(UNPACKED, 2 * info.compress_size):
            raise CheckpointError(f"cannot read {self.path}: {name} has {info.compress_size} bytes there but {info.file_size} "
                                  "unpacked, which PyTorch does not do; unpack the archive and zip it without compression.")
        return self.archive.read(info)

    def storage(self, described: Any) -> Storage:
        """The storage of ("storage", its class, its file, the device it was on, its number of elements)."""
        _, kind, key, _, count = described
        if key not in self.storages:
            dtype = np.dtype(DTYPES[kind.name.removeprefix("torch.")])
            data = self.member(f"data/{key}")
            if len(data) != count * dtype.itemsize:
                raise CheckpointError(f"cannot read {self.path}: storage {key} has {len(data)} bytes but {count} "
                                      f"elements of {kind.name} take {count * dtype.itemsize}; the file is damaged.")
            values = np.frombuffer(bytearray(data), dtype)
            if self.swapped:
                values.byteswap(inplace=True)
            if kind.name == "torch.BFloat16Storage":  # the upper half of a float32
                values = (values.astype(np.uint32) << 16).view(np.float32)
            elif kind.name == "torch.HalfStorage":
                values = values.astype(np.float32)
            self.storages[key] = Storage(values)
        return self.storages[key]

    def tensor(self, storage: Storage, offset: int, shape: tuple[int, ...], strides: tuple[int, ...],
               *more: Any) -> Array:
        """The elements of a storage from `offset` on, `strides` elements apart. `more`: requires_grad, hooks."""
        last = offset + sum((n - 1) * s for n, s in zip(shape, strides, strict=True))
        inside = 0 in shape or (last < storage.values.size and offset >= 0 and all(s >= 0 for s in strides))
        if not inside or any(n < 0 for n in shape) or prod(shape) > max(UNPACKED, storage.values.size):
            raise CheckpointError(f"cannot read {self.path}: a tensor of shape {shape}, strides {strides} and offset "
                                  f"{offset} leaves its storage of {storage.values.size} elements; it is damaged.")
        if 0 in shape:
            return np.empty(shape, storage.values.dtype)
        size = storage.values.itemsize
        return as_strided(storage.values[offset:], shape, tuple(s * size for s in strides))


def _size(extents: Any) -> tuple[int, ...]:
    """What a shape becomes."""
    if type(extents) not in (list, tuple) or not all(type(n) is int for n in extents):
        raise TypeError("a shape of other things than whole numbers")
    return tuple(extents)
