"""The dtype of two operands together is PyTorch's, for all pairs of dtypes, ranks and Python numbers."""

import json
from pathlib import Path

import pytest

import tinygrad_cnn as tg

from .cases import DTYPES

NUMBERS = {"True": True, "3": 3, "0.5": 0.5}
OPERANDS = [*(f"{dtype}/{rank}" for dtype in DTYPES for rank in (0, 1)), *NUMBERS]
TABLE = Path(__file__).parent / "golden" / "promotion.json"


def operand(name):
    """A tensor on the meta device, where no kernel is needed, or a number."""
    if name in NUMBERS:
        return NUMBERS[name]
    dtype, rank = name.split("/")
    return tg.empty([2] * int(rank), dtype=dtype, device="meta")


def test_promotion():
    table = json.loads(TABLE.read_text())
    assert len(table) == len(OPERANDS) ** 2 - len(NUMBERS) ** 2
    found = {pair: (operand(pair.split(" + ")[0]) + operand(pair.split(" + ")[1])).dtype.name for pair in table}
    assert found == table


@pytest.mark.parametrize("dtype", [d for d in DTYPES if d not in ("float32", "float64")])
def test_functions_of_integers_are_float32(dtype):
    x = tg.ones(2, dtype=dtype)
    assert [y.dtype for y in (x / x, x / 2, x.exp(), x.sqrt(), x.sigmoid())] == [tg.float32] * 5
    assert x.sum().dtype == tg.int64 and (x == x).dtype == tg.bool


@pytest.mark.parametrize("dtype", ["float16", "complex64", "uint16", object, "text"])
def test_other_dtypes_are_refused(dtype):
    with pytest.raises(TypeError, match="dtype .* is not supported; use one of float32, float64, int64, int32, uint8, bool"):
        tg.zeros(2, dtype=dtype)
