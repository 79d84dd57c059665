"""Python pickles as data: the few operations that the files of CIFAR are made of, and no way to run anything else.

A pickle is a program for a small stack machine, and Python's own reader lets it import and call any function, so that
a file from a stranger can run code. The machine below knows lists, dictionaries, numbers, byte strings, and arrays of
bytes; whatever else a file asks for is refused by name. What each operation does is written in the standard library's
`pickletools`, which also takes the file apart.
"""

from __future__ import annotations

import pickletools
from typing import Any

import numpy as np

from .files import DataFileError

_NUMBERS = {"BININT", "BININT1", "BININT2"}
_STRINGS = {"BINSTRING", "SHORT_BINSTRING"}  # of Python 2, which pickletools gives as latin-1
_TUPLES = {"EMPTY_TUPLE": 0, "TUPLE1": 1, "TUPLE2": 2, "TUPLE3": 3}
_NAMES = {"numpy.core.multiarray _reconstruct", "numpy ndarray", "numpy dtype"}
_CONSTANTS = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False}


class _Name(str):
    """A function or class that the pickle names; nothing is imported."""


class _Array:
    """An array whose contents come later."""

    values: np.ndarray[Any, Any] | None = None

    def fill(self, version: int, shape: tuple[int, ...], dtype: _ByteType, fortran: bool, content: bytes) -> None:
        """The state that NumPy writes into a pickle, for a C-contiguous array of uint8."""
        if not isinstance(dtype, _ByteType) or fortran:
            raise ValueError("an array that is no C-contiguous uint8")
        self.values = np.frombuffer(content, np.uint8).reshape(shape)


class _ByteType:
    """NumPy's uint8."""

    def fill(self, *state: Any) -> None:
        """Byte order and the like, which bytes do not have."""


def read_pickle(content: bytes, source: str) -> dict[str, Any]:
    """The dictionary in a pickle as Python 2 wrote it: bytes, integers, lists, and uint8 arrays by their keys.

    `source` names the file in errors. Raises `DataFileError` for a damaged pickle and for one that asks for anything
    else, naming what it asks for.
    """
    try:
        result = _run(content, source)
        if not isinstance(result, dict):
            raise ValueError("no dictionary")
        return {key.decode("ascii"): value.values if isinstance(value, _Array) else value
                for key, value in result.items()}
    except (ValueError, IndexError, KeyError, TypeError, AttributeError) as error:
        raise DataFileError(f"{source}: not a pickle of a data set, or a damaged one ({error}); fetch the file "
                            f"again.") from error


def _run(content: bytes, source: str) -> Any:
    stack: list[Any] = []
    marks: list[int] = []
    memo: dict[int, Any] = {}
    arg: Any

    def since_mark() -> list[Any]:
        mark = marks.pop()
        items = stack[mark:]
        del stack[mark:]
        return items

    for opcode, arg, _ in pickletools.genops(content):
        name = opcode.name
        if name in _STRINGS:
            stack.append(arg.encode("latin-1"))
        elif name in _NUMBERS:
            stack.append(arg)
        elif name in _CONSTANTS:
            stack.append(_CONSTANTS[name])
        elif name in ("EMPTY_DICT", "EMPTY_LIST"):
            stack.append({} if name == "EMPTY_DICT" else [])
        elif name == "MARK":
            marks.append(len(stack))
        elif name in ("BINPUT", "LONG_BINPUT"):
            memo[arg] = stack[-1]
        elif name in ("BINGET", "LONG_BINGET"):
            stack.append(memo[arg])
        elif name == "APPENDS":
            items = since_mark()
            stack[-1].extend(items)
        elif name == "APPEND":
            item = stack.pop()
            stack[-1].append(item)
        elif name in ("SETITEMS", "SETITEM"):
            items = since_mark() if name == "SETITEMS" else [stack.pop(-2), stack.pop()]
            if not all(isinstance(key, bytes) for key in items[::2]):
                raise ValueError("a key that is no string")
            stack[-1].update(zip(items[::2], items[1::2], strict=True))
        elif name == "TUPLE":
            stack.append(tuple(since_mark()))
        elif name in _TUPLES:
            first = len(stack) - _TUPLES[name]
            stack[first:] = [tuple(stack[first:])]
        elif name == "GLOBAL":
            if arg not in _NAMES:
                raise DataFileError(f"{source}: the pickle asks for {arg.replace(' ', '.')}, which no file of a data "
                                    f"set needs; do not trust it.")
            stack.append(_Name(arg))
        elif name == "REDUCE":
            arguments, function = stack.pop(), stack.pop()
            stack.append(_made(function, arguments, source))
        elif name == "BUILD":
            state = stack.pop()
            stack[-1].fill(*state)
        elif name == "STOP":
            return stack.pop()
        elif name != "PROTO":
            raise DataFileError(f"{source}: the pickle uses {name}, which the published files do not; take one of "
                                f"those, or the binary version of the data set.")


def _made(function: Any, arguments: tuple[Any, ...], source: str) -> _Array | _ByteType:
    """What the two calls that are allowed would make."""
    if function == "numpy.core.multiarray _reconstruct" and arguments[0] == "numpy ndarray":
        return _Array()
    if function == "numpy dtype" and arguments[0] == b"u1":
        return _ByteType()
    raise DataFileError(f"{source}: the pickle makes something that is no array of uint8, which no file of a data set "
                        f"needs; do not trust it.")
