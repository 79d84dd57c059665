"""The pickles that the files of CIFAR are: dictionaries of byte strings, whole numbers, and NumPy's arrays of bytes."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import pickles
from .files import DataFileError

_LEAVES = (*pickles.PLAIN, bytes)


class _Array(pickles.Built):
    """An array whose contents come later."""

    values: np.ndarray[Any, Any] | None = None

    def build(self, *state: Any) -> None:
        """The state that NumPy writes into a pickle, for a C-contiguous array of uint8."""
        _, shape, dtype, fortran, content = state
        if not isinstance(dtype, _ByteType) or fortran:
            raise ValueError("an array that is not of C-contiguous uint8")
        self.values = np.frombuffer(content, np.uint8).reshape(shape)


class _ByteType(pickles.Built):
    """NumPy's uint8."""

    def build(self, *state: Any) -> None:
        """Byte order and the like, which bytes do not have."""


def read_pickle(content: bytes, source: str) -> dict[str, Any]:
    """The dictionary in a pickle, of Python 2 or 3: byte strings, numbers, lists, and uint8 arrays by their keys.

    `source` names the file in errors. No code in it is run. Raises `DataFileError` for a damaged pickle and for one
    that asks for anything else, naming what it asks for.
    """
    def array(kind: Any, *more: Any) -> _Array:
        if kind != pickles.Name("numpy.ndarray"):
            raise TypeError("an array of another class than NumPy's")
        return _Array()

    def dtype(name: Any, *more: Any) -> _ByteType:
        if name not in ("u1", b"u1"):
            raise pickles.Refused(f"an array of dtype {name!r:.20}")
        return _ByteType()

    calls = {"numpy.core.multiarray._reconstruct": array, "numpy._core.multiarray._reconstruct": array, "numpy.dtype": dtype}
    try:
        result = pickles.read(content, calls, ("numpy.ndarray",), leaves=(*_LEAVES, _Array))
    except pickles.Refused as error:
        raise DataFileError(f"{source}: the pickle asks for {error}, which no file of a data set needs; do not trust "
                            f"it.") from error
    except pickles.Damaged as error:
        raise DataFileError(f"{source}: not a pickle of a data set, or a damaged one ({error}); fetch the file "
                            f"again.") from error
    if not isinstance(result, dict) or not all(isinstance(key, (bytes, str)) for key in result):
        raise DataFileError(f"{source}: the pickle holds a {type(result).__name__}, but a data set is a dictionary with "
                            f"names for keys; fetch the file again.")
    return {key.decode("latin-1") if isinstance(key, bytes) else key: value.values if isinstance(value, _Array) else value
            for key, value in result.items()}
