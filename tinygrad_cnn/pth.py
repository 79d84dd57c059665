"""PyTorch's .pth files, read without executing the pickle in them.

Such a file is a zip archive: `<name>/data.pkl`, a pickle of the containers, and `<name>/data/0`, `1`, ..., the bytes of
the storages. A pickle is a program for a small stack machine that may call any function of Python; here a machine of
our own reads it, which knows lists, dicts and numbers, and of all functions only the three that PyTorch writes for
tensors.
"""

from __future__ import annotations

import pickletools
import struct
import sys
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided

from .objects import CheckpointError

Array = np.ndarray[Any, Any]

DTYPES = {"FloatStorage": "f4", "DoubleStorage": "f8", "LongStorage": "i8", "IntStorage": "i4", "ByteStorage": "u1",
          "BoolStorage": "?", "HalfStorage": "f2", "BFloat16Storage": "u2"}
"""Storages of the dtypes there are here, and of two that become float32."""
_CONSTANTS: dict[str, Any] = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False}
_EMPTY: dict[str, Callable[[], Any]] = {"EMPTY_DICT": dict, "EMPTY_LIST": list, "EMPTY_TUPLE": tuple}
_LITERALS = ("BININT", "BININT1", "BININT2", "LONG1", "BINFLOAT", "BINUNICODE", "SHORT_BINUNICODE", "BINUNICODE8")
_TUPLES = {"TUPLE1": 1, "TUPLE2": 2, "TUPLE3": 3}
_MARK = object()


@dataclass(frozen=True)
class _Name:
    """What the pickle calls by name, such as "torch.FloatStorage"; nothing is imported."""

    name: str

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True)
class _Storage:
    """The flat array behind tensors; several may look at one."""

    values: Array

    def __str__(self) -> str:
        return "a bare storage"


def read(path: str | Path) -> Any:
    """The object in a .pth file: dicts, lists, tuples, strings, numbers, and numpy arrays for its tensors.

    half and bfloat16 become float32. Tensors that share a storage in the file share memory here. Raises
    CheckpointError, one sentence, where the file is missing, damaged, of the format before PyTorch 1.6, or holds
    anything else, which it names.
    """
    path = Path(path)
    try:
        with zipfile.ZipFile(path) as archive:
            return _Machine(archive, path).run()
    except FileNotFoundError:
        raise CheckpointError(f"cannot read {path}: there is no such file.") from None
    except OSError as error:
        raise CheckpointError(f"cannot read {path}: {error.strerror or error}.") from error
    except zipfile.BadZipFile as error:
        raise CheckpointError(f"cannot read {path}: it is damaged, or no zip archive but a file of PyTorch before 1.6 "
                              f"({error}); load it in PyTorch and torch.save it again.") from error
    except (ValueError, IndexError, KeyError, TypeError, AttributeError, struct.error) as error:
        raise CheckpointError(f"cannot read {path}: its pickle is damaged ({error}).") from error


class _Machine:
    """The pickle machine: a stack, a memo, and a table of what may be called."""

    def __init__(self, archive: zipfile.ZipFile, path: Path) -> None:
        self.archive, self.path = archive, path
        names = [name for name in archive.namelist() if name == "data.pkl" or name.endswith("/data.pkl")]
        if len(names) != 1:
            raise CheckpointError(f"cannot read {path}: the archive holds {len(names)} files data.pkl but a .pth file "
                                  "has one; was it written by torch.save?")
        self.prefix = names[0].removesuffix("data.pkl")
        members = set(archive.namelist())
        order = archive.read(f"{self.prefix}byteorder") if f"{self.prefix}byteorder" in members else b"little"
        self.swapped = order.decode("ascii", "replace") != sys.byteorder
        self.stack: list[Any] = []
        self.memo: dict[int, Any] = {}
        self.storages: dict[str, _Storage] = {}
        self.functions: dict[str, Callable[..., Any]] = {
            "collections.OrderedDict": dict,
            "torch._utils._rebuild_tensor_v2": self.tensor,
            "torch._utils._rebuild_parameter": lambda data, requires_grad, hooks: data,
        }

    def run(self) -> Any:
        """The object that the program leaves on the stack."""
        for opcode, argument, _ in pickletools.genops(self.archive.read(f"{self.prefix}data.pkl")):
            if opcode.name == "STOP":
                result = self.stack.pop()
                if isinstance(result, (_Name, _Storage)):
                    raise self.refusal(str(result))
                return result
            self.step(opcode.name, argument)
        raise ValueError("it has no end")

    def step(self, name: str, argument: Any) -> None:
        """One instruction."""
        stack, memo = self.stack, self.memo
        if name in ("PROTO", "FRAME"):
            pass
        elif name in _CONSTANTS:
            stack.append(_CONSTANTS[name])
        elif name in _EMPTY:
            stack.append(_EMPTY[name]())
        elif name in _LITERALS:
            stack.append(argument)
        elif name == "MARK":
            stack.append(_MARK)
        elif name in ("BINPUT", "LONG_BINPUT"):
            memo[argument] = stack[-1]
        elif name == "MEMOIZE":
            memo[len(memo)] = stack[-1]
        elif name in ("BINGET", "LONG_BINGET"):
            stack.append(memo[argument])
        elif name in _TUPLES:
            count = _TUPLES[name]
            stack[-count:] = [tuple(stack[-count:])]
        elif name == "TUPLE":
            stack.append(tuple(self.marked()))
        elif name == "APPEND":
            item = stack.pop()
            self.top(list).append(item)
        elif name == "APPENDS":
            items = self.marked()
            self.top(list).extend(items)
        elif name == "SETITEM":
            value, key = stack.pop(), stack.pop()
            self.top(dict)[key] = value
        elif name == "SETITEMS":
            items = self.marked()
            self.top(dict).update(zip(items[::2], items[1::2], strict=True))
        elif name == "GLOBAL":
            stack.append(self.allowed(argument.replace(" ", ".")))
        elif name == "STACK_GLOBAL":
            attribute, module = stack.pop(), stack.pop()
            stack.append(self.allowed(f"{module}.{attribute}"))
        elif name == "BINPERSID":
            stack.append(self.storage(stack.pop()))
        elif name == "REDUCE":
            arguments, function = stack.pop(), stack.pop()
            if not isinstance(function, _Name) or function.name not in self.functions:
                raise self.refusal(f"a call of {function if isinstance(function, _Name) else type(function).__name__}")
            stack.append(self.functions[function.name](*arguments))
        elif name == "BUILD":
            stack.pop()  # attributes, such as the _metadata of a state_dict: not needed
            self.top(dict)
        else:
            raise self.refusal(f"the pickle instruction {name}")

    def top(self, kind: type) -> Any:
        """What is on top of the stack, which must be a container of that kind."""
        if type(self.stack[-1]) is not kind:
            raise ValueError(f"a {type(self.stack[-1]).__name__} stands where a {kind.__name__} should")
        return self.stack[-1]

    def marked(self) -> list[Any]:
        """Everything above the last mark, taken off with it."""
        at = len(self.stack) - 1 - next(k for k, item in enumerate(reversed(self.stack)) if item is _MARK)
        items = self.stack[at + 1:]
        del self.stack[at:]
        return items

    def refusal(self, what: str) -> CheckpointError:
        return CheckpointError(f"{self.path} holds {what}, and a .pth file may hold only tensors, numbers, strings and "
                               "plain containers here; if you trust the file, load it in PyTorch and save the "
                               "state_dict() alone.")

    def allowed(self, name: str) -> _Name:
        """A name that may be called, or that says the dtype of a storage."""
        if name not in self.functions and (not name.startswith("torch.") or name[6:] not in DTYPES):
            raise self.refusal(name)
        return _Name(name)

    def storage(self, described: Any) -> _Storage:
        """The storage of ("storage", its class, its file, the device it was on, its number of elements)."""
        _, kind, key, _, count = described
        if key not in self.storages:
            dtype = np.dtype(DTYPES[kind.name[6:]])
            data = self.archive.read(f"{self.prefix}data/{key}")
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
            self.storages[key] = _Storage(values)
        return self.storages[key]

    def tensor(self, storage: _Storage, offset: int, shape: tuple[int, ...], strides: tuple[int, ...],
               *more: Any) -> Array:
        """The elements of a storage from `offset` on, `strides` elements apart. `more`: requires_grad, hooks."""
        last = offset + sum((n - 1) * s for n, s in zip(shape, strides, strict=True))
        inside = 0 in shape or (last < storage.values.size and offset >= 0 and all(s >= 0 for s in strides))
        if not inside or any(n < 0 for n in shape):
            raise CheckpointError(f"cannot read {self.path}: a tensor of shape {shape}, strides {strides} and offset "
                                  f"{offset} leaves its storage of {storage.values.size} elements; it is damaged.")
        if 0 in shape:
            return np.empty(shape, storage.values.dtype)
        size = storage.values.itemsize
        return as_strided(storage.values[offset:], shape, tuple(s * size for s in strides))
